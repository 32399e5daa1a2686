//! The exact combination of a record: what the directory counts by (R32).

use super::error::Error;
use crate::grouper::codes::beginning;
use crate::grouper::record::Record;
use crate::policy::model::{Attribute, Dip};

/// Stands between the parts of a combination and of a group code.
const BETWEEN: char = '+';

/// Diagnosis, main operation and related operations of a record as a group code (R32); `None`
/// without main diagnosis, which is ungrouped (R13).
///
/// ```
/// # use dianshu::grouper::{dip::combination, record::Record};
/// # fn shown(dip: &dianshu::policy::model::Dip) {
/// let record = Record {
///     main_diagnosis: "I21.000x001".into(),
///     main_operation: "36.0700".into(),
///     other_operations: vec!["88.5500".into(), "00.6600".into()],
///     ..Record::default()
/// };
/// assert_eq!(combination(dip, &record).as_deref(), Some("I21.0+36.0700+00.6600+88.5500"));
/// # }
/// ```
#[must_use]
pub fn combination(dip: &Dip, record: &Record) -> Option<String> {
    let mut code = beginning(&record.main_diagnosis, dip.diagnosis_characters).to_owned();
    if code.is_empty() {
        return None;
    }
    let mut related: Vec<&str> = record.other_operations.iter().map(String::as_str).collect();
    related.sort_unstable();
    related.dedup();
    let main = record.main_operation.as_str();
    for operation in std::iter::once(main).chain(related.into_iter().filter(|code| *code != main)) {
        if !operation.is_empty() {
            code.push(BETWEEN);
            code.push_str(operation);
        }
    }
    Some(code)
}

/// The rules with the operations of table `op_attribute` beside those of the policy's list.
///
/// # Errors
/// [`Error::Attribute`], [`Error::TwoAttributes`]
pub fn with_attributes(
    dip: &Dip,
    rows: impl IntoIterator<Item = (String, String)>,
) -> Result<Dip, Error> {
    let mut dip = dip.clone();
    for (code, word) in rows {
        let Some((_, attribute)) = Attribute::WORDS.iter().find(|(known, _)| *known == word) else {
            return Err(Error::Attribute { code, word });
        };
        let known = *dip.attributes.entry(code.clone()).or_insert(*attribute);
        if known != *attribute {
            let (one, other) = (known.as_str(), attribute.as_str());
            return Err(Error::TwoAttributes { code, one, other });
        }
    }
    Ok(dip)
}

/// A combination taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Diagnosis, as long as the policy's core groups have it.
    pub(super) diagnosis: &'a str,
    /// Main operation; empty: none.
    pub(super) main: &'a str,
    /// Diagnosis and main operation: the code of the group without related operations.
    pub(super) without_related: &'a str,
    /// Related operations with `+` between them; empty: none.
    related: &'a str,
}

impl<'a> Parts<'a> {
    /// The parts of a combination.
    pub(super) fn of(code: &'a str) -> Self {
        let (diagnosis, operations) = code.split_once(BETWEEN).unwrap_or((code, ""));
        let (main, related) = operations.split_once(BETWEEN).unwrap_or((operations, ""));
        let tail = if related.is_empty() { 0 } else { related.len() + BETWEEN.len_utf8() };
        Self { diagnosis, main, without_related: &code[..code.len() - tail], related }
    }

    /// Related operations, ascending.
    pub(super) fn related(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.related.split(BETWEEN).filter(|code| !code.is_empty())
    }

    /// Attribute of the main operation; without one, or without attribute, conservative (R32).
    pub(super) fn attribute(&self, dip: &Dip) -> Attribute {
        dip.attributes.get(self.main).copied().unwrap_or(Attribute::Conservative)
    }

    /// Code of the residual (综合) group: `dx3_S`, `_T`, `_D` or `_C` (R32).
    pub(super) fn residual(&self, dip: &Dip) -> String {
        let diagnosis = beginning(self.diagnosis, dip.residual_characters);
        format!("{diagnosis}_{}", self.attribute(dip).letter())
    }
}
