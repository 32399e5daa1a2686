//! Which cases leave the statistics of their group and year (A39), or count with the fee of the bound.
//!
//! Every rule ends in the smallest and the largest fee that stay, as whole fen; a case on the
//! bound stays. Bounds that cross, as between fees that never are, leave nothing, winsorised or not.
//!
//! * Percentile: t = ⌊share · n⌋ on each side, bounds x₍ₜ₊₁₎ and x₍ₙ₋ₜ₎ of the ascending fees.
//! * IQR: Q1 and Q3 are the nearest-rank order statistics, ranks ⌈n/4⌉ and ⌈3n/4⌉.
//! * SD: the population SD, compared as (n·x − Σx)² ≤ k²·(n·Σx² − (Σx)²): no root is rounded.
//! * Multiple: between low and high times the mean of the group and year.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::Decimal;

use super::Error;
use super::sums::{Sums, Window};
use crate::catalog::model::Trimmed;
use crate::policy::model::{Denominator, Outliers, Policy, Trim};
use crate::units::{Fen, Ratio, exact, fraction, ratio};

/// A39: more cases trimmed than this share of all cases is worth a warning.
pub(super) const WARN_ABOVE_PERCENT: u64 = 8;

/// What is left after trimming.
pub(super) struct Kept {
    /// Sums of the kept cases of every cell.
    pub(super) sums: Vec<Sums>,
    /// Cells that lost cases, by group code and year.
    pub(super) ledger: Vec<Trimmed>,
    /// What stays in every cell.
    pub(super) bounds: Vec<Bounds>,
}

/// Smallest and largest fee that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) from: i64,
    pub(super) to: i64,
}

const EVERYTHING: Bounds = Bounds { from: i64::MIN, to: i64::MAX };

/// Refuses a rule whose numbers contradict each other.
///
/// # Errors
/// [`Error::TrimRule`].
pub(super) fn check(policy: &Policy) -> Result<(), Error> {
    let wrong = |fact: String, allowed: &'static str| {
        Err(Error::TrimRule { policy: policy.identity.id.clone(), fact, allowed })
    };
    match &policy.weights.trim {
        Trim::Percentile { low, high }
            if low.is_sign_negative() || low >= high || *high > Decimal::ONE =>
        {
            wrong(format!("percentiles {low} and {high}"), "0 ≤ low < high ≤ 1")
        }
        Trim::Multiple { low, high } if low.is_sign_negative() || low >= high => {
            wrong(format!("multiples {low} and {high} of the mean"), "0 ≤ low < high")
        }
        Trim::Iqr { k } | Trim::Sd { k } if k.is_sign_negative() => {
            wrong(format!("k = {k}"), "k ≥ 0")
        }
        _ => Ok(()),
    }
}

/// Applies the policy's rule to every cell with enough cases.
///
/// # Errors
/// [`Error::Overflow`].
pub(super) fn keep(window: Window<'_>, all: &[Sums], policy: &Policy) -> Result<Kept, Error> {
    if policy.weights.trim == Trim::None {
        let bounds = vec![EVERYTHING; all.len()];
        return Ok(Kept { sums: all.to_vec(), ledger: Vec::new(), bounds });
    }
    apply(window, all, (bounds(window, all, policy), policy.weights.outliers))
}

/// What stays in every cell. Where M is that of all cases the ungrouped are in the statistics, as one
/// group (A04); elsewhere nothing of them leaves.
fn bounds(window: Window<'_>, all: &[Sums], policy: &Policy) -> Vec<Bounds> {
    let rule = &policy.weights.trim;
    let with_ungrouped = policy.weights.denominator == Denominator::All;
    let grouped = window.cells().saturating_sub(window.years.len());
    let tried = if with_ungrouped { window.cells() } else { grouped };
    let tried = |cell: usize| {
        let cases = all[cell].total.cases;
        cell < tried && cases > 0 && cases >= policy.weights.trim_from_cases
    };
    if matches!(rule, Trim::Percentile { .. } | Trim::Iqr { .. }) {
        let mut fees = FeesByCell::new(window, all);
        (0..all.len())
            .map(|cell| if tried(cell) { by_rank(rule, fees.of(cell)) } else { EVERYTHING })
            .collect()
    } else {
        let cells = all.iter().enumerate();
        cells
            .map(|(cell, sums)| if tried(cell) { by_sums(rule, sums) } else { EVERYTHING })
            .collect()
    }
}

impl Bounds {
    /// The fee that counts for a case of this fee, if any.
    pub(super) fn counts(self, fee: i64, outliers: Outliers) -> Option<i64> {
        if (self.from..=self.to).contains(&fee) {
            return Some(fee);
        }
        // Bounds that have crossed, as between fees that never are, leave nothing to move to.
        (outliers == Outliers::Winsorise && self.from <= self.to)
            .then(|| fee.clamp(self.from, self.to))
    }
}

/// Second pass: sums of what counts, and the ledger of what does not, or not in full.
fn apply(
    window: Window<'_>,
    all: &[Sums],
    (bounds, outliers): (Vec<Bounds>, Outliers),
) -> Result<Kept, Error> {
    let mut sums = vec![Sums::default(); all.len()];
    let mut outside = vec![0u64; all.len()];
    let mut spans: Vec<Option<(i64, i64)>> = vec![None; all.len()];
    for (cell, fee) in window.fees() {
        let counted = bounds[cell].counts(fee, outliers);
        if counted != Some(fee) {
            outside[cell] = outside[cell].saturating_add(1);
        }
        let Some(fee) = counted else { continue };
        sums[cell].add(fee).ok_or_else(|| window.overflow(cell))?;
        let span = spans[cell].get_or_insert((fee, fee));
        *span = (span.0.min(fee), span.1.max(fee));
    }
    let mut ledger = Vec::new();
    for (cell, (before, after)) in all.iter().zip(&sums).enumerate() {
        let cases = outside[cell];
        if cases == 0 {
            continue;
        }
        let (code, year) = window.name(cell);
        let amount = i64::try_from(before.total.fen.saturating_sub(after.total.fen));
        let amount = amount.map_err(|_| Error::Overflow {
            what: format!("the cost of the trimmed cases of group `{code}` in {year}"),
        })?;
        let (from, to) = spans[cell].unwrap_or((bounds[cell].from, bounds[cell].to));
        ledger.push(Trimmed {
            group_code: code.to_owned(),
            year,
            cases,
            amount: Fen(amount),
            kept_from: Fen(from),
            kept_to: Fen(to),
        });
    }
    ledger.sort_by(|a, b| (&a.group_code, a.year).cmp(&(&b.group_code, b.year)));
    Ok(Kept { sums, ledger, bounds })
}

/// All fees, those of one cell next to each other (a counting sort).
struct FeesByCell {
    fees: Vec<i64>,
    /// One past the last fee of each cell.
    ends: Vec<usize>,
}

impl FeesByCell {
    fn new(window: Window<'_>, all: &[Sums]) -> Self {
        // `next` is where the next fee of a cell goes: its first place now, its end after the pass.
        let mut next = Vec::with_capacity(all.len());
        let mut total = 0usize;
        for sums in all {
            next.push(total);
            // Every case is a row in memory, so their number fits.
            total = total.saturating_add(usize::try_from(sums.total.cases).unwrap_or(usize::MAX));
        }
        let mut fees = vec![0; total];
        for (cell, fee) in window.fees() {
            let place = &mut next[cell];
            fees[*place] = fee;
            *place = place.saturating_add(1);
        }
        Self { fees, ends: next }
    }

    fn of(&mut self, cell: usize) -> &mut [i64] {
        let from = cell.checked_sub(1).map_or(0, |before| self.ends[before]);
        &mut self.fees[from..self.ends[cell]]
    }
}

/// Bounds from order statistics; `fees` has at least one entry and is reordered.
fn by_rank(rule: &Trim, fees: &mut [i64]) -> Bounds {
    let cases = fees.len();
    match rule {
        Trim::Percentile { low, high } => {
            let below = share_of(*low, cases);
            let above = share_of(Decimal::ONE.saturating_sub(*high), cases);
            Bounds {
                from: ranked(fees, below.saturating_add(1)),
                to: ranked(fees, cases.saturating_sub(above)),
            }
        }
        Trim::Iqr { k } => {
            let first = ranked(fees, cases.div_ceil(4));
            let third = ranked(fees, cases.saturating_mul(3).div_ceil(4));
            let reach = exact(*k) * ratio(i128::from(third).saturating_sub(i128::from(first)));
            Bounds {
                from: at_least(&(ratio(first) - &reach)),
                to: at_most(&(ratio(third) + &reach)),
            }
        }
        _ => EVERYTHING,
    }
}

/// ⌊share · n⌋.
fn share_of(share: Decimal, cases: usize) -> usize {
    (exact(share) * ratio(cases)).floor().to_integer().to_usize().unwrap_or(cases)
}

/// The fee of a rank counted from 1, clamped to the ranks there are.
fn ranked(fees: &mut [i64], rank: usize) -> i64 {
    let last = fees.len().saturating_sub(1);
    *fees.select_nth_unstable(rank.saturating_sub(1).min(last)).1
}

/// Bounds from count, sum and squares of at least one case.
fn by_sums(rule: &Trim, sums: &Sums) -> Bounds {
    let cases = BigInt::from(sums.total.cases);
    let sum = BigInt::from(sums.total.fen);
    match rule {
        Trim::Sd { k } => {
            let k = exact(*k);
            let spread = &cases * BigInt::from(sums.squares) - &sum * &sum;
            // |n·x − Σx| is whole, so it is at most k·√spread exactly when at most its floor.
            let reach = (&k * &k * ratio(spread)).floor().to_integer().sqrt();
            let bound = |edge: BigInt| fraction(edge, cases.clone());
            match (bound(&sum - &reach), bound(&sum + &reach)) {
                (Some(from), Some(to)) => Bounds { from: at_least(&from), to: at_most(&to) },
                _ => EVERYTHING,
            }
        }
        Trim::Multiple { low, high } => match fraction(sum, cases) {
            Some(mean) => Bounds {
                from: at_least(&(exact(*low) * &mean)),
                to: at_most(&(exact(*high) * &mean)),
            },
            None => EVERYTHING,
        },
        _ => EVERYTHING,
    }
}

/// The smallest whole fen not below a bound.
fn at_least(bound: &Ratio) -> i64 {
    clamped(&bound.ceil().to_integer())
}

/// The largest whole fen not above a bound.
fn at_most(bound: &Ratio) -> i64 {
    clamped(&bound.floor().to_integer())
}

/// Fees are 64 bits, so a bound beyond them is as good as the last of them.
fn clamped(bound: &BigInt) -> i64 {
    let edge = if bound.is_negative() { i64::MIN } else { i64::MAX };
    bound.to_i64().unwrap_or(edge)
}
