//! Reading `[special]` (6.7, P08, R37).

use super::error::Error;
use super::fields::Fields;
use super::model::{Special, SpecialReference};

/// Reads and checks `[special]`.
pub(crate) fn special(fields: &Fields<'_>) -> Result<Special, Error> {
    let references = [("mean", SpecialReference::Mean), ("standard", SpecialReference::Standard)];
    Ok(Special {
        cite: fields.cite.clone(),
        quota: fields.share("quota")?,
        over: fields.positive("over")?,
        reference: fields.word("reference", &references)?,
    })
}
