//! Codes of another system: a directory of ICD-10 has no place for ICD-9, and the reverse.

use rust_decimal::Decimal;

use super::combination::Parts;
use super::error::{Error, Warning};
use crate::policy::model::CodeShape;

/// Whether the beginning of a code looks like one of the shapes (`A` a letter, `9` a digit).
fn fits(code: &str, shapes: &[String]) -> bool {
    let alike = |(letter, wanted): (char, char)| match wanted {
        'A' => letter.is_ascii_alphabetic(),
        '9' => letter.is_ascii_digit(),
        same => letter == same,
    };
    shapes.iter().any(|shape| {
        code.chars().count() >= shape.chars().count() && code.chars().zip(shape.chars()).all(alike)
    })
}

/// The first code of a combination that does not look like the policy's.
fn misfit<'a>(shape: &CodeShape, combination: &'a str) -> Option<&'a str> {
    let parts = Parts::of(combination);
    if !fits(parts.diagnosis, &shape.diagnosis) {
        return Some(parts.diagnosis);
    }
    if shape.operation.is_empty() || parts.main.is_empty() {
        return None;
    }
    std::iter::once(parts.main)
        .chain(parts.related())
        .find(|operation| !fits(operation, &shape.operation))
}

/// Which combinations have codes of another system, with the cases of each given.
///
/// # Errors
/// [`Error::OtherCodes`] if more of the cases than the policy allows have such codes.
pub(super) fn misfits(
    shape: Option<&CodeShape>,
    combinations: &[String],
    cases: &[u64],
) -> Result<(Vec<bool>, Option<Warning>), Error> {
    let none = || (vec![false; combinations.len()], None);
    let Some(shape) = shape else { return Ok(none()) };
    let found: Vec<Option<&str>> =
        combinations.iter().map(|combination| misfit(shape, combination)).collect();
    let seen = || found.iter().zip(cases).filter(|(_, cases)| **cases > 0);
    let Some(code) = seen().filter_map(|(code, _)| *code).min() else { return Ok(none()) };
    let other: u64 = seen().filter(|(code, _)| code.is_some()).map(|(_, cases)| *cases).sum();
    let of: u64 = cases.iter().sum();
    if Decimal::from(other) > shape.misfit_max * Decimal::from(of) {
        let mut shapes = shape.diagnosis.clone();
        shapes.extend(shape.operation.iter().cloned());
        let (code, max) = (code.to_owned(), shape.misfit_max);
        return Err(Error::OtherCodes { cases: other, of, code, shapes, max });
    }
    let warning = Warning::OtherCodes { cases: other, code: code.to_owned() };
    Ok((found.iter().map(Option::is_some).collect(), Some(warning)))
}
