//! Reading `[auxiliary]` with its dictionaries, bands and triggers (E09, domain.md 6.3).

use std::collections::BTreeMap;

use super::error::Error;
use super::fields::Fields;
use super::model::{
    Auxiliary, AuxiliaryFactor, BandOf, Complication, GivenTypes, Malignant, Method, Monotone,
    Trigger, TypeBand,
};
use super::read::{absent, below, entries_below};
use super::read_grouping::rows;
use super::store::Folder;

/// Reads and checks `[auxiliary]` and what stands below it.
pub(crate) fn auxiliary(
    fields: &Fields<'_>,
    folder: &mut Folder,
    method: &Method,
) -> Result<Auxiliary, Error> {
    let given = [("prevails", GivenTypes::Prevail), ("ignored", GivenTypes::Ignore)];
    let factors =
        [("trigger", AuxiliaryFactor::Trigger), ("adjusting", AuxiliaryFactor::Adjusting)];
    let monotone = [("pool", Monotone::Pool), ("report", Monotone::Report)];
    let trigger_fields = below(fields, "auxiliary.trigger")?
        .ok_or_else(|| absent(&fields.at, "auxiliary.trigger"))?;
    let icu_trigger = below(fields, "auxiliary.icu")?.map(|below| trigger(&below)).transpose()?;
    let malignant =
        below(fields, "auxiliary.malignant")?.map(|below| malignant(&below)).transpose()?;
    let complications = match fields.maybe_text("severity")? {
        Some(name) => complications(&file(fields, "severity", &name, folder)?)?,
        None => BTreeMap::new(),
    };
    let bands = bands(fields)?;
    let scored = bands.iter().any(|band| band.by == BandOf::Comorbidity);
    // A band of the score needs the dictionary that gives it.
    let cci = if scored { Some(fields.text("cci")?) } else { fields.maybe_text("cci")? };
    let comorbidities = match cci {
        Some(name) => comorbidities(&file(fields, "cci", &name, folder)?)?,
        None => BTreeMap::new(),
    };
    expected(fields, &complications, &comorbidities)?;
    Ok(Auxiliary {
        cite: fields.cite.clone(),
        given: fields.word("given", &given)?,
        factor: fields.word("factor", &factors)?,
        monotone: fields.word("monotone", &monotone)?,
        except_kinds: except_kinds(fields, method)?,
        trigger: trigger(&trigger_fields)?,
        icu_trigger,
        malignant,
        complications,
        comorbidities,
        bands,
    })
}

/// Kinds that no group has would leave nothing out.
fn except_kinds(fields: &Fields<'_>, method: &Method) -> Result<Vec<String>, Error> {
    let kinds = fields.maybe_texts("except_kinds")?.unwrap_or_default();
    if kinds.iter().any(|kind| !method.kinds().contains(&kind.as_str())) {
        let words: Vec<String> = method.kinds().iter().map(|kind| format!("`{kind}`")).collect();
        let allowed = format!("a list of kinds that its groups have: {}", words.join(", "));
        return Err(fields.not_allowed("except_kinds", &allowed));
    }
    Ok(kinds)
}

fn file(
    fields: &Fields<'_>,
    key: &str,
    name: &str,
    folder: &mut Folder,
) -> Result<(String, Vec<u8>), Error> {
    folder.file(name, &fields.path_of(key), &fields.at_of(key))
}

fn trigger(fields: &Fields<'_>) -> Result<Trigger, Error> {
    Ok(Trigger {
        cite: fields.cite.clone(),
        disease_cases: fields.whole("disease_cases", 0..=1_000_000)?,
        type_cases: fields.whole("type_cases", 0..=1_000_000)?,
        cv_drop: fields.share("cv_drop")?,
    })
}

fn malignant(fields: &Fields<'_>) -> Result<Malignant, Error> {
    let ranges = fields.texts("codes")?;
    let range = |text: &String| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let code = |part: &str| part.len() == 3 && part.is_ascii();
        let right = code(first) && code(last) && first <= last;
        right.then(|| (first.to_owned(), last.to_owned()))
    };
    let codes: Option<Vec<(String, String)>> = ranges.iter().map(range).collect();
    let codes = codes.filter(|codes| !codes.is_empty()).ok_or_else(|| {
        fields.not_allowed("codes", "ranges of three characters, such as [\"C00-C97\", \"D45\"]")
    })?;
    let point_value = match fields.node("point_value") {
        Some(_) => Some(fields.positive("point_value")?),
        None => None,
    };
    Ok(Malignant {
        cite: fields.cite.clone(),
        codes,
        high_cost: fields.positive("high_cost")?,
        high_share: fields.share("high_share")?,
        stay_days: fields.whole("stay_days", 1..=10_000)?,
        point_value,
    })
}

/// Names of types that follow from the record without a band; a band may not take one.
const OTHER_TYPES: [&str; 2] = ["malignant_", "severity_"];

fn bands(fields: &Fields<'_>) -> Result<Vec<TypeBand>, Error> {
    let words = [
        ("age_days", BandOf::Age),
        ("icu_days", BandOf::IntensiveCare),
        ("cci", BandOf::Comorbidity),
    ];
    let mut bands: Vec<TypeBand> = Vec::new();
    for entry in entries_below(fields, "auxiliary.band")? {
        let name = entry.text("name")?;
        let taken = OTHER_TYPES.iter().any(|other| name.starts_with(other));
        let known = bands.iter().any(|band| band.name == name);
        if taken || known || name.contains(';') {
            let allowed = "a name of its own, without `;`, not beginning with `malignant_` or \
                           `severity_`";
            return Err(entry.not_allowed("name", allowed));
        }
        let by = entry.word("by", &words)?;
        let from = entry.whole("from", 0..=1_000_000)?;
        let to = entry.maybe_whole("to", 0..=1_000_000)?;
        if to.is_some_and(|to| to < from) {
            return Err(entry.not_allowed("to", &format!("a whole number from {from}, as `from`")));
        }
        let meets = |band: &&TypeBand| {
            band.by == by
                && band.to.is_none_or(|end| end >= from)
                && to.is_none_or(|to| to >= band.from)
        };
        if let Some(other) = bands.iter().find(meets) {
            let allowed = format!("a band that does not meet `{}`", other.name);
            return Err(entry.not_allowed("from", &allowed));
        }
        bands.push(TypeBand { name, by, from, to });
    }
    Ok(bands)
}

/// Columns of the dictionary of complications.
const SEVERITY_COLUMNS: [&str; 2] = ["code", "level"];

fn complications(
    (file, bytes): &(String, Vec<u8>),
) -> Result<BTreeMap<String, Complication>, Error> {
    let mut found = BTreeMap::new();
    for row in rows(file, bytes, &SEVERITY_COLUMNS)? {
        row.filled(0)?;
        let level = match row.values[1].as_str() {
            "metastasis" => Complication::Metastasis,
            "severe" => Complication::Severe,
            "moderate" => Complication::Moderate,
            _ => return Err(row.wrong(1, "`metastasis`, `severe` or `moderate`")),
        };
        if found.insert(row.values[0].clone(), level).is_some() {
            return Err(row.wrong(0, "each code once"));
        }
    }
    Ok(found)
}

/// Columns of the CCI dictionary.
const CCI_COLUMNS: [&str; 3] = ["code", "category", "weight"];

fn comorbidities(
    (file, bytes): &(String, Vec<u8>),
) -> Result<BTreeMap<String, (String, u32)>, Error> {
    let mut found = BTreeMap::new();
    for row in rows(file, bytes, &CCI_COLUMNS)? {
        row.filled(0)?;
        row.filled(1)?;
        let weight = row.values[2].parse::<u32>().ok().filter(|weight| (1..=100).contains(weight));
        let weight = weight.ok_or_else(|| row.wrong(2, "a whole number from 1 to 100"))?;
        let value = (row.values[1].clone(), weight);
        if found.insert(row.values[0].clone(), value).is_some() {
            return Err(row.wrong(0, "each code once"));
        }
    }
    Ok(found)
}

/// `[auxiliary.expect]`: how many codes the dictionaries have, so that a cut or older one is refused.
fn expected(
    fields: &Fields<'_>,
    complications: &BTreeMap<String, Complication>,
    comorbidities: &BTreeMap<String, (String, u32)>,
) -> Result<(), Error> {
    let Some(expect) = below(fields, "auxiliary.expect")? else { return Ok(()) };
    for (key, _) in expect.entries().filter(|(key, _)| !["clause", "reading"].contains(key)) {
        let level = |level: Complication| complications.values().filter(|at| **at == level).count();
        let found = match key {
            "metastasis" => level(Complication::Metastasis),
            "severe" => level(Complication::Severe),
            "moderate" => level(Complication::Moderate),
            _ => {
                let weight = key.strip_prefix("cci_").and_then(|text| text.parse::<u32>().ok());
                let weight = weight.ok_or_else(|| {
                    let allowed = "a count of `metastasis`, `severe`, `moderate` or, for the codes \
                                   of weight 1, `cci_1`";
                    expect.not_allowed(key, allowed)
                })?;
                comorbidities.values().filter(|(_, known)| *known == weight).count()
            }
        };
        let wanted = expect.whole(key, 0..=1_000_000)?;
        if wanted as usize != found {
            let allowed = format!("{found}, the codes that the dictionary has");
            return Err(expect.not_allowed(key, &allowed));
        }
    }
    Ok(())
}
