//! The identity Σ cases × points ÷ scale × base mean = total, and what broke it.
//!
//! Four sums over the groups of the catalog lead from what the catalog gives to what was spent:
//!
//! | | Σ over the groups | difference to the next |
//! | --- | --- | --- |
//! | S3 | cases × published points ÷ scale × published M | `rounding` |
//! | S2 | cases × unrounded quotient × M (but for `ratios`: the blended mean) | `pooling` |
//! | | the same with the group's own quotient, where pools gave means (A51) | `blending` |
//! | | cases × centre of the kept cases of all years, where it is no arithmetic mean | `centre` |
//! | S1 | cases × arithmetic mean of the kept cases of all years | `trimming` |
//! | S0 | fee of all their cases | `ungrouped`: fee of all other cases |
//!
//! Each sum is rounded to 4 places and the lines are differences of those, so that they add up to
//! the total exactly and nothing remains. Terms are carried with 12 places; where a group was
//! neither trimmed nor weighted its term is exact. Without a scale, means take the place of points.
//! `pooling` and `centre` are there only where the policy or the catalog has them. With a base disease
//! M is its mean.

use num_bigint::BigInt;
use num_traits::Zero;
use rust_decimal::Decimal;

use super::blend::Base;
use super::sums::Total;
use super::{Error, Estimate, Plan, published, rounded};
use crate::catalog::model::{Group, IdentityLine};
use crate::policy::model::{Centre, Weights};
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
    let mut sums = [const { BigInt::ZERO }; 5];
    let mut fen = 0i128;
    for (estimate, group) in estimates.iter().zip(groups) {
        let cases = ratio(group.cases);
        let exact_mean = match scale {
            Some(_) => &estimate.quotient * &base.all,
            None => estimate.mean.clone(),
        };
        let own = match (&estimate.pooled, scale) {
            (None, _) => exact_mean.clone(),
            (Some(_), Some(_)) => &estimate.own_quotient * &base.all,
            (Some(_), None) => estimate.own_mean.clone(),
        };
        let centre = estimate.own.together.clone().unwrap_or_else(Ratio::zero);
        let mean = estimate.kept_total().mean().unwrap_or_else(Ratio::zero);
        let given = group.given(scale, base_mean) * ratio(100);
        for (sum, fen) in sums.iter_mut().zip([given, exact_mean, own, centre, mean]) {
            *sum += round_half_away(&(&cases * fen / ratio(100)), TERM_PLACES);
        }
        fen = fen.saturating_add(Total::of(estimate.all.iter().copied()).fen);
    }
    let unit = BigInt::from(10u8).pow(TERM_PLACES);
    let mut levels = vec![Decimal::new(0, PLACES)];
    for value in sums {
        let value = fraction(value, unit.clone()).unwrap_or_else(Ratio::zero);
        levels.push(rounded(&value, PLACES, "a line of the identity")?);
    }
    levels.push(published(&ratio(fen), PLACES, "the cost of the groups")?);
    levels.push(published(&ratio(total.fen), PLACES, "the cost of all cases")?);
    let names =
        ["points_total", "rounding", "pooling", "blending", "centre", "trimming", "ungrouped"];
    let pools = estimates.iter().any(|estimate| estimate.pooled.is_some());
    let centred = plan.policy.weights.centre != Centre::Arithmetic;
    let mut lines = Vec::with_capacity(levels.len());
    for (name, pair) in names.into_iter().zip(levels.windows(2)) {
        let amount = pair[1]
            .checked_sub(pair[0])
            .ok_or_else(|| Error::Overflow { what: format!("line `{name}` of the identity") })?;
        if (name == "pooling" && !pools) || (name == "centre" && !centred) {
            debug_assert!(amount.is_zero(), "{name} has no cause");
            continue;
        }
        lines.push(IdentityLine { line: name.to_owned(), amount });
    }
    lines.push(IdentityLine { line: "total".to_owned(), amount: levels[levels.len() - 1] });
    Ok(lines)
}
