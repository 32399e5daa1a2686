//! Reading `[outlier]`, `[same_price]` and `[expected_standard]` (5.3, 5.4, P04, P05).

use super::error::Error;
use super::fields::Fields;
use super::model::{ExpectedStandard, HighLine, HighRule, LowLine, LowRule, Outlier, SamePrice};
use super::read::{absent, entries_below};

/// Reads and checks `[outlier]`: lines by ascending weight, the last without an end.
pub(crate) fn outlier(fields: &Fields<'_>) -> Result<Outlier, Error> {
    let low_rules =
        [("points_no_factor", LowRule::PointsNoFactor), ("by_actual", LowRule::ByActual)];
    let high_rules =
        [("linear_add", HighRule::LinearAdd), ("deduct", HighRule::Deduct), ("cap", HighRule::Cap)];
    let low = fields.share("low")?;
    let entries = entries_below(fields, "outlier.high")?;
    let count = entries.len();
    let mut high: Vec<HighLine> = Vec::with_capacity(count);
    for (at, entry) in entries.iter().enumerate() {
        let weight_below = entry.maybe_decimal("weight_below")?;
        let before = high.last().and_then(|line| line.weight_below);
        let last = at + 1 == count;
        if weight_below.is_none() != last
            || before.is_some_and(|b| weight_below.is_some_and(|w| w <= b))
        {
            let allowed = "ascending weights; the last line, and only it, without `weight_below`";
            let why = match (weight_below, before) {
                (Some(below), Some(before)) if below <= before => {
                    format!("no weight is below {below} and not below {before}")
                }
                (Some(below), _) => format!("a group of weight {below} would fall through"),
                (None, before) => {
                    let example = before.unwrap_or_default() + rust_decimal::Decimal::ONE;
                    format!("a group of weight {example} would have two lines")
                }
            };
            return Err(entry.not_allowed("weight_below", &format!("{allowed} ({why})")));
        }
        let ratio = entry.decimal("ratio")?;
        if ratio <= low {
            return Err(entry.not_allowed("ratio", "a ratio above `outlier.low`"));
        }
        high.push(HighLine { cite: entry.cite.clone(), weight_below, ratio });
    }
    if high.is_empty() {
        return Err(absent(&fields.at, "outlier.high"));
    }
    Ok(Outlier {
        cite: fields.cite.clone(),
        low,
        low_line: fields
            .maybe_word("low_line", &[("mean", LowLine::Mean), ("lower_of", LowLine::LowerOf)])?
            .unwrap_or(LowLine::Mean),
        low_rule: fields.word("low_rule", &low_rules)?,
        high,
        high_rule: fields.word("high_rule", &high_rules)?,
    })
}

pub(crate) fn same_price(fields: &Fields<'_>) -> Result<SamePrice, Error> {
    Ok(SamePrice {
        cite: fields.cite.clone(),
        groups: fields.maybe_texts("groups")?.unwrap_or_default(),
        maximum_cv: fields.positive("maximum_cv")?,
    })
}

pub(crate) fn expected_standard(fields: &Fields<'_>) -> Result<ExpectedStandard, Error> {
    Ok(ExpectedStandard {
        cite: fields.cite.clone(),
        years_ahead: fields.whole("years_ahead", 0..=5)?,
    })
}
