//! Reading `[behaviour]` (Y35).

use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::Behaviour;
use super::read::minutes;

/// Reads and checks `[behaviour]`.
pub(crate) fn behaviour(fields: &Fields<'_>) -> Result<Behaviour, Error> {
    let split_minutes = minutes(&fields.text("split_within")?).ok_or_else(|| {
        fields.not_allowed("split_within", "whole hours or minutes above 0, such as \"24h\"")
    })?;
    let shift_times = fields.decimal("shift_times")?;
    if shift_times <= Decimal::ONE {
        return Err(fields.not_allowed("shift_times", "a decimal above \"1\", such as \"1.5\""));
    }
    let chance = fields.share("chance")?;
    // The test is exact to a millionth.
    if chance < Decimal::new(1, 6) {
        return Err(fields.not_allowed("chance", "a share from \"0.000001\" to \"1\""));
    }
    Ok(Behaviour {
        cite: fields.cite.clone(),
        split_minutes,
        merged_days: fields.whole("merged_days", 2..=366)?.into(),
        shift_times,
        chance,
    })
}
