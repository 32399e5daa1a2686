//! The identity Σ cases × points ÷ scale × base mean = total, and what broke it.
//!
//! Four sums over the groups of the catalog lead from what the catalog gives to what was spent:
//!
//! | | Σ over the groups | difference to the next |
//! | --- | --- | --- |
//! | S3 | cases × published points ÷ scale × published M | `rounding` |
//! | S2 | cases × unrounded quotient × M (but for `ratios`: the blended mean) | `blending` |
//! | S1 | cases × pooled mean of the kept cases | `trimming` |
//! | S0 | fee of all their cases | `ungrouped`: fee of all other cases |
//!
//! Each sum is rounded to 4 places and the lines are differences of those, so that they add up to
//! the total exactly and nothing remains. Terms are carried with 12 places; where a group was
//! neither trimmed nor weighted its term is exact. Without a scale, means take the place of points.

use num_bigint::BigInt;
use num_traits::Zero;
use rust_decimal::Decimal;

use super::blend::Base;
use super::sums::Total;
use super::{Error, Estimate, Plan, published, rounded};
use crate::catalog::model::{Group, IdentityLine};
use crate::policy::model::Weights;
use crate::units::{Ratio, fraction, ratio, round_half_away};

/// Decimal places of a line.
const PLACES: u32 = 4;
/// Decimal places of one group's term.
const TERM_PLACES: u32 = 12;

/// The lines, ending with `total`, the fee of all cases of the statistics years.
///
/// # Errors
/// [`Error::Overflow`].
pub(super) fn lines(
    plan: &Plan<'_>,
    base: &Base,
    (estimates, groups): (&[Estimate<'_>], &[Group]),
    total: Total,
) -> Result<Vec<IdentityLine>, Error> {
    let Weights { scale, places, .. } = plan.policy.weights;
    let base_mean = published(&base.all, places, "the mean of all cases")?;
    let mut points_total = BigInt::zero();
    let mut unrounded = BigInt::zero();
    let mut pooled = BigInt::zero();
    let mut fen = 0i128;
    for (estimate, group) in estimates.iter().zip(groups) {
        let cases = ratio(group.cases);
        let term = |yuan: Ratio| round_half_away(&(&cases * yuan), TERM_PLACES);
        let kept = Total::of(estimate.kept.iter().copied());
        let exact_mean = match scale {
            Some(_) => plan.blend.quotient(&estimate.kept, base).map(|of_base| of_base * &base.all),
            None => Some(estimate.mean.clone()),
        };
        points_total += term(group.given(scale, base_mean));
        unrounded += term(exact_mean.unwrap_or_else(Ratio::zero) / ratio(100));
        pooled += term(kept.mean().unwrap_or_else(Ratio::zero) / ratio(100));
        fen = fen.saturating_add(Total::of(estimate.all.iter().copied()).fen);
    }
    let unit = BigInt::from(10u8).pow(TERM_PLACES);
    let level = |value: BigInt| {
        let value = fraction(value, unit.clone()).unwrap_or_else(Ratio::zero);
        rounded(&value, PLACES, "a line of the identity")
    };
    let levels = [
        Decimal::new(0, PLACES),
        level(points_total)?,
        level(unrounded)?,
        level(pooled)?,
        published(&ratio(fen), PLACES, "the cost of the groups")?,
        published(&ratio(total.fen), PLACES, "the cost of all cases")?,
    ];
    let names = ["points_total", "rounding", "blending", "trimming", "ungrouped"];
    let mut lines = Vec::with_capacity(levels.len());
    for (name, pair) in names.into_iter().zip(levels.windows(2)) {
        let amount = pair[1]
            .checked_sub(pair[0])
            .ok_or_else(|| Error::Overflow { what: format!("line `{name}` of the identity") })?;
        lines.push(IdentityLine { line: name.to_owned(), amount });
    }
    lines.push(IdentityLine { line: "total".to_owned(), amount: levels[levels.len() - 1] });
    Ok(lines)
}
