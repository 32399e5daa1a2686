//! Reading `[grouping.dip]`: the rules of the directory, the operation list, names (Z16, R01, R32).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::{Attribute, CodeShape, Dip, MatchStep, ResidualBelow, Tie, YearCount};
use super::read::below;
use super::read_grouping::rows;
use super::store::Folder;

/// The order in which a case may find its group; a policy may leave steps out but not turn them.
const STEPS: [(&str, MatchStep); 4] = [
    ("exact", MatchStep::Exact),
    ("subset", MatchStep::Subset),
    ("main", MatchStep::Main),
    ("residual", MatchStep::Residual),
];

const TIES: [(&str, Tie); 4] = [
    ("most_matched", Tie::MostMatched),
    ("nearest_mean", Tie::NearestMean),
    ("highest_mean", Tie::HighestMean),
    ("kind", Tie::Kind),
];

/// Reads and checks `[grouping.dip]`.
pub(crate) fn dip(fields: &Fields<'_>, folder: &mut Folder) -> Result<Dip, Error> {
    let counts = [
        ("mean", YearCount::Mean),
        ("each_year", YearCount::EachYear),
        ("latest", YearCount::Latest),
    ];
    let below_threshold = [("keep", ResidualBelow::Keep), ("drop", ResidualBelow::Drop)];
    let diagnosis_characters = characters(fields, "diagnosis_characters", 3..=12)?;
    let residual_characters = characters(fields, "residual_characters", 1..=12)?;
    if residual_characters > diagnosis_characters {
        let most = format!("at most `diagnosis_characters`, which is {diagnosis_characters}");
        return Err(fields.not_allowed("residual_characters", &most));
    }
    let related_gain = fields.decimal("related_gain")?;
    if related_gain < Decimal::ZERO {
        return Err(fields.not_allowed("related_gain", "a decimal from \"0\""));
    }
    Ok(Dip {
        cite: fields.cite.clone(),
        diagnosis_characters,
        residual_characters,
        threshold: fields.whole("threshold", 1..=1_000_000)?,
        count: fields.maybe_word("count", &counts)?.unwrap_or(YearCount::Mean),
        related_gain,
        residual_below: fields
            .maybe_word("residual_below", &below_threshold)?
            .unwrap_or(ResidualBelow::Keep),
        attributes: operations(fields, folder)?,
        grass_roots: group_codes(fields, folder, "grass_roots")?.unwrap_or_default(),
        national: group_codes(fields, folder, "national")?,
        code_names: code_names(fields, folder)?,
        matching: matching(fields)?,
        ties: ties(fields)?,
        shape: below(fields, "grouping.dip.shape")?.map(|below| shape(&below)).transpose()?,
    })
}

fn characters(
    fields: &Fields<'_>,
    key: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<usize, Error> {
    Ok(usize::try_from(fields.whole(key, range)?).unwrap_or(usize::MAX))
}

/// The operation list: a code has one attribute, however often it stands there.
fn operations(
    fields: &Fields<'_>,
    folder: &mut Folder,
) -> Result<BTreeMap<String, Attribute>, Error> {
    let name = fields.text("operations")?;
    let (file, bytes) =
        folder.file(&name, &fields.path_of("operations"), &fields.at_of("operations"))?;
    let mut attributes = BTreeMap::new();
    for row in rows(&file, &bytes, &["oprn_oprt_code", "attribute"])? {
        row.filled(0)?;
        let word = row.values[1].as_str();
        let known = Attribute::WORDS.iter().find(|(known, _)| *known == word);
        let (_, attribute) =
            known.ok_or_else(|| row.wrong(1, "`surgery`, `therapeutic` or `diagnostic`"))?;
        match attributes.insert(row.values[0].clone(), *attribute) {
            Some(before) if before != *attribute => {
                let allowed = format!(
                    "one attribute an operation; `{}` is `{}` above",
                    row.values[0],
                    before.as_str()
                );
                return Err(row.wrong(1, &allowed));
            }
            _ => {}
        }
    }
    Ok(attributes)
}

/// A list of group codes, each once.
fn group_codes(
    fields: &Fields<'_>,
    folder: &mut Folder,
    key: &str,
) -> Result<Option<BTreeSet<String>>, Error> {
    let Some(name) = fields.maybe_text(key)? else { return Ok(None) };
    let (file, bytes) = folder.file(&name, &fields.path_of(key), &fields.at_of(key))?;
    let mut codes = BTreeSet::new();
    for row in rows(&file, &bytes, &["group_code"])? {
        row.filled(0)?;
        if !codes.insert(row.values[0].clone()) {
            return Err(row.wrong(0, "each group once"));
        }
    }
    Ok(Some(codes))
}

fn code_names(fields: &Fields<'_>, folder: &mut Folder) -> Result<BTreeMap<String, String>, Error> {
    let Some(name) = fields.maybe_text("code_names")? else { return Ok(BTreeMap::new()) };
    let (file, bytes) =
        folder.file(&name, &fields.path_of("code_names"), &fields.at_of("code_names"))?;
    let mut names = BTreeMap::new();
    for row in rows(&file, &bytes, &["code", "name"])? {
        row.filled(0)?;
        row.filled(1)?;
        if names.insert(row.values[0].clone(), row.values[1].clone()).is_some() {
            return Err(row.wrong(0, "each code once"));
        }
    }
    Ok(names)
}

fn matching(fields: &Fields<'_>) -> Result<Vec<MatchStep>, Error> {
    let Some(words) = fields.maybe_texts("matching")? else {
        return Ok(STEPS.iter().map(|(_, step)| *step).collect());
    };
    let place = |word: &String| STEPS.iter().position(|(known, _)| known == word);
    let places: Option<Vec<usize>> = words.iter().map(place).collect();
    // Without the exact step a core group would not even get the cases that made it core.
    let places = places
        .filter(|places| places.first() == Some(&0) && places.is_sorted())
        .ok_or_else(|| {
            fields.not_allowed(
                "matching",
                "\"exact\", then any of \"subset\", \"main\", \"residual\", in this order",
            )
        })?;
    Ok(places.into_iter().map(|place| STEPS[place].1).collect())
}

fn ties(fields: &Fields<'_>) -> Result<Vec<Tie>, Error> {
    let Some(words) = fields.maybe_texts("ties")? else {
        return Ok(vec![Tie::MostMatched, Tie::NearestMean]);
    };
    let known = |word: &String| TIES.iter().find(|(known, _)| known == word).map(|(_, tie)| *tie);
    let ties: Option<Vec<Tie>> = words.iter().map(known).collect();
    ties.ok_or_else(|| {
        fields.not_allowed(
            "ties",
            "a list of \"most_matched\", \"nearest_mean\", \"highest_mean\", \"kind\"; \
             the group code decides last",
        )
    })
}

fn shape(fields: &Fields<'_>) -> Result<CodeShape, Error> {
    let diagnosis = fields.texts("diagnosis")?;
    if diagnosis.is_empty() {
        return Err(fields.not_allowed("diagnosis", "at least one shape, such as \"A99\""));
    }
    Ok(CodeShape {
        diagnosis,
        operation: fields.maybe_texts("operation")?.unwrap_or_default(),
        misfit_max: fields.share("misfit_max")?,
    })
}
