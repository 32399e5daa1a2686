//! Reading `[grouping.apg.refine]`, `[carve_out]` and `[[unit]]` (H10, H11, H14, J03, A47, R19).

use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::{CarveOut, Feature, Grouping, Level, Method, PayMethod, Refine, Unit, UnitKind};
use super::read::{below, yuan};
use super::read_capitation::without_meaning;

/// Keys that hold the levels, in the order of [`Refine::levels`].
const CLASSES: [&str; 4] = ["O", "M", "A", "fallback"];
const LEVELS: &str = "levels from coarse to fine made of `dxN`, `item`, `itemN` and `nego`, such as \
                      [\"dx3\", \"dx3+nego\", \"dx4+nego\"]";

/// `[grouping.apg.refine]`, if the policy has it.
pub(crate) fn refine(apg: &Fields<'_>) -> Result<Option<Refine>, Error> {
    let Some(fields) = below(apg, "grouping.apg.refine")? else { return Ok(None) };
    let mut levels: [Vec<Level>; 4] = Default::default();
    for (list, class) in levels.iter_mut().zip(CLASSES) {
        for text in fields.maybe_texts(class)?.unwrap_or_default() {
            let level = level(&text).ok_or_else(|| fields.not_allowed(class, LEVELS))?;
            // Each level divides the groups of the one before it, or a later year could not climb.
            if let Some(coarse) = list.last().filter(|coarse: &&Level| !divides(&level, coarse)) {
                return Err(Error::NotAllowed {
                    at: fields.at_of(class),
                    path: fields.path_of(class),
                    value: text,
                    allowed: format!("a level that divides the groups of `{}`", show(coarse)),
                });
            }
            list.push(level);
        }
    }
    if levels.iter().all(Vec::is_empty) {
        return Err(fields.missing("O", LEVELS));
    }
    let maximum_cv = fields.maybe_decimal("maximum_cv")?;
    if maximum_cv.is_some_and(|cv| cv < Decimal::ZERO) {
        return Err(fields.not_allowed("maximum_cv", "a decimal not below \"0\""));
    }
    Ok(Some(Refine {
        cite: fields.cite.clone(),
        minimum_cases: fields.whole("minimum_cases", 1..=1_000_000)?,
        target_groups: fields.maybe_whole("target_groups", 1..=1_000_000)?,
        maximum_cv,
        levels,
    }))
}

/// `dx4+nego` and the like; `None` for anything else.
fn level(text: &str) -> Option<Level> {
    let number = |digits: &str| digits.parse().ok().filter(|number| (1..=64).contains(number));
    let feature = |word: &str| match word {
        "nego" => Some(Feature::Negotiated),
        "item" => Some(Feature::Item(None)),
        _ => match word.strip_prefix("item") {
            Some(digits) => number(digits).map(|many| Feature::Item(Some(many))),
            None => word.strip_prefix("dx").and_then(number).map(Feature::Diagnosis),
        },
    };
    text.split('+').map(feature).collect::<Option<Vec<Feature>>>().map(Level)
}

fn show(level: &Level) -> String {
    let word = |feature: &Feature| match feature {
        Feature::Diagnosis(many) => format!("dx{many}"),
        Feature::Item(Some(many)) => format!("item{many}"),
        Feature::Item(None) => "item".to_owned(),
        Feature::Negotiated => "nego".to_owned(),
    };
    level.0.iter().map(word).collect::<Vec<_>>().join("+")
}

/// Whether the groups of `fine` lie within those of `coarse`, and some may be smaller.
fn divides(fine: &Level, coarse: &Level) -> bool {
    let within = |fine: &Level, coarse: &Level| {
        coarse.0.iter().all(|known| fine.0.iter().any(|finer| known.follows_from(*finer)))
    };
    within(fine, coarse) && !within(coarse, fine)
}

/// `[carve_out]`.
pub(crate) fn carve_out(fields: &Fields<'_>, grouping: &Grouping) -> Result<CarveOut, Error> {
    // Groups that others gave were decided from the whole fee.
    if !matches!(grouping.method, Method::Apg(_)) {
        return Err(without_meaning(fields, "grouping.method = \"given\""));
    }
    let rule = CarveOut {
        cite: fields.cite.clone(),
        charge_types: fields.maybe_texts("med_chrgitm_type")?.unwrap_or_default(),
        negotiated_drugs: fields.maybe_flag("negotiated_drugs")?.unwrap_or(false),
        items: fields.maybe_texts("med_list_codg")?.unwrap_or_default(),
    };
    if rule.charge_types.is_empty() && !rule.negotiated_drugs && rule.items.is_empty() {
        let wanted =
            "lines to carve out: `med_chrgitm_type`, `negotiated_drugs` or `med_list_codg`";
        return Err(fields.missing("med_chrgitm_type", wanted));
    }
    Ok(rule)
}

#[derive(Clone, Copy)]
enum Kind {
    Item,
    BedDays,
    Quota,
}

/// The entries of `[[unit]]`.
pub(crate) fn units(entries: &[Fields<'_>], method: PayMethod) -> Result<Vec<Unit>, Error> {
    if let Some(first) = entries.first().filter(|_| method != PayMethod::Points) {
        return Err(without_meaning(first, "payment.method = \"standard\""));
    }
    let mut units: Vec<(Unit, &Fields<'_>)> = Vec::new();
    for fields in entries {
        let unit = unit(fields)?;
        if let Some((_, first)) = units.iter().find(|(known, _)| known.code == unit.code) {
            return Err(Error::EntryTwice {
                at: fields.at.clone(),
                path: fields.path.clone(),
                first_line: first.at.line(),
            });
        }
        units.push((unit, fields));
    }
    Ok(units.into_iter().map(|(unit, _)| unit).collect())
}

fn unit(fields: &Fields<'_>) -> Result<Unit, Error> {
    let code = fields.text("code")?;
    if code.contains(['|', '_']) {
        return Err(fields.not_allowed("code", "a code without `_` and `|`, unlike any group"));
    }
    let kinds = [("item", Kind::Item), ("bed_days", Kind::BedDays), ("quota", Kind::Quota)];
    let kind = match fields.word("kind", &kinds)? {
        Kind::Item => {
            fields.refuse(&["standard"], "kind = \"item\"")?;
            UnitKind::Item
        }
        Kind::BedDays => UnitKind::BedDays { standard: yuan(fields, "standard")? },
        Kind::Quota => UnitKind::Quota { standard: yuan(fields, "standard")? },
    };
    let unit = Unit {
        cite: fields.cite.clone(),
        code,
        kind,
        hi_paymtd: fields.maybe_texts("hi_paymtd")?.unwrap_or_default(),
        dise_codg: fields.maybe_texts("dise_codg")?.unwrap_or_default(),
        med_type: fields.maybe_texts("med_type")?.unwrap_or_default(),
    };
    if unit.hi_paymtd.is_empty() && unit.dise_codg.is_empty() && unit.med_type.is_empty() {
        let wanted =
            "what its cases are recognised by: `hi_paymtd`, `dise_codg` or `med_type` (R19)";
        return Err(fields.missing("hi_paymtd", wanted));
    }
    Ok(unit)
}

#[cfg(test)]
mod tests {
    use super::{divides, level, show};

    // H11: each level divides the one before; what does not follow from the finer level is refused.
    // shows: H11
    #[test]
    fn levels_are_words_and_nest() {
        for text in ["dx3", "dx3+nego", "item6", "item", "dx10+item+nego"] {
            assert_eq!(level(text).map(|level| show(&level)).as_deref(), Some(text));
        }
        for text in ["", "dx", "dx0", "dx65", "dx3+", "items", "item-1", "NEGO"] {
            assert_eq!(level(text), None, "{text}");
        }
        let nests =
            |fine: &str, coarse: &str| divides(&level(fine).unwrap(), &level(coarse).unwrap());
        assert!(nests("dx4+nego", "dx3+nego") && nests("dx3+nego", "dx3"));
        assert!(nests("item", "item6") && nests("item8", "item6"));
        assert!(!nests("dx3", "dx3") && !nests("dx3", "dx4") && !nests("item6", "item"));
        assert!(!nests("dx4", "dx3+nego") && !nests("item", "dx3"));
    }
}
