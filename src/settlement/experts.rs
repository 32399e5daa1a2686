//! Cases that experts decided (Z25, P08): rows of table `special` joined to the case columns.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeSet, HashMap};

use crate::policy::model::PayMethod;

use super::cases::Cases;
use super::error::Error;
use super::input::{ScenarioInput, SpecialKind};

/// What was decided, by row of the year settled.
///
/// # Errors
/// [`Error::CaseIds`] when the cases came without ids, [`Error::DecidedPoints`] for points in a system
/// without, [`Error::DecidedParts`] for points of a case that was split into parts (A15).
pub(super) fn by_row(
    input: &ScenarioInput<'_>,
    cases: &Cases,
) -> Result<HashMap<u32, SpecialKind>, Error> {
    let special = &input.given.special;
    let mut rows: HashMap<u32, SpecialKind> = HashMap::new();
    if special.is_empty() {
        return Ok(rows);
    }
    if cases.case_id.len() != cases.len() {
        return Err(Error::CaseIds { cases: cases.len(), with_id: cases.case_id.len() });
    }
    let in_points =
        |kind: SpecialKind| matches!(kind, SpecialKind::Points(_) | SpecialKind::Add(_));
    if input.policy.payment.method == PayMethod::Standard
        && let Some((id, _)) = special.iter().find(|(_, decided)| in_points(decided.kind))
    {
        return Err(Error::DecidedPoints { scenario: input.name.clone(), setl_id: id.clone() });
    }
    let known: HashMap<&str, SpecialKind> =
        special.iter().map(|(id, decided)| (id.as_str(), decided.kind)).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let id = &cases.case_id[row];
        let Some(kind) = known.get(id) else { continue };
        if !seen.insert(id) && in_points(*kind) {
            return Err(Error::DecidedParts {
                scenario: input.name.clone(),
                setl_id: id.to_owned(),
            });
        }
        rows.insert(u32::try_from(row).unwrap_or(u32::MAX), *kind);
    }
    Ok(rows)
}

/// Ids of table `special` that no case of the year has, ascending.
pub(super) fn unmatched(input: &ScenarioInput<'_>, cases: &Cases) -> Vec<String> {
    if input.given.special.is_empty() {
        return Vec::new();
    }
    let mut left: BTreeSet<&str> = input.given.special.keys().map(String::as_str).collect();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        left.remove(&cases.case_id[row]);
    }
    left.into_iter().map(str::to_owned).collect()
}
