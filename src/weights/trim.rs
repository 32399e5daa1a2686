//! Which cases leave the statistics of their group and year (A39), or count with the fee of the bound.
//!
//! Every rule ends in the smallest and the largest fee that stay, as whole fen; a case on the
//! bound stays. Bounds that cross, as between fees that never are, leave nothing, winsorised or not.
//!
//! * Percentile: t = ⌊share · n⌋ on each side, bounds x₍ₜ₊₁₎ and x₍ₙ₋ₜ₎ of the ascending fees.
//! * IQR: Q1 and Q3 are the nearest-rank order statistics, ranks ⌈n/4⌉ and ⌈3n/4⌉.
//! * SD: the population SD around the mean, compared in whole numbers: no root is rounded.
//! * Multiple: between low and high times the mean.
//!
//! `before` blending n, x, SD and mean are those of the group and year, and so are the bounds. `after`
//! it they are of all years of the group together, and the mean is the blended one (A01–A03); the same
//! bounds then hold in every year. A mean is arithmetic here whatever the centre (A40).

use std::borrow::Cow;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::Decimal;

use super::blend::Blend;
use super::centre::Measures;
use super::scan::Scan;
use super::sums::{Sums, Total};
use super::{Error, Plan};
use crate::catalog::model::Trimmed;
use crate::policy::model::{Denominator, Outliers, Policy, Trim, TrimStage, Weights};
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
    bounds: Vec<Bounds>,
    outliers: Outliers,
}

/// Smallest and largest fee that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    from: i64,
    to: i64,
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

/// Whether two methods over the same years keep the same cases.
pub(super) fn same(one: &Plan<'_>, two: &Plan<'_>) -> bool {
    let (a, b) = (&one.policy.weights, &two.policy.weights);
    let with_ungrouped =
        |weights: &Weights| weights.denominator == Denominator::All || weights.trim == Trim::None;
    let same_rule = (&a.trim, a.trim_from_cases, a.outliers, a.trim_stage)
        == (&b.trim, b.trim_from_cases, b.outliers, b.trim_stage);
    let by_year = a.trim == Trim::None || a.trim_stage == TrimStage::Before;
    let same_blend = one.blend.level == two.blend.level && one.blend.weights == two.blend.weights;
    same_rule && with_ungrouped(a) == with_ungrouped(b) && (by_year || same_blend)
}

/// Applies the policy's rule to every cell, or group, with enough cases.
///
/// # Errors
/// [`Error::Overflow`].
pub(super) fn keep(scan: &Scan<'_>, policy: &Policy, blend: &Blend) -> Result<Kept, Error> {
    if policy.weights.trim == Trim::None {
        return Ok(Kept::everything(scan));
    }
    let bounds = match policy.weights.trim_stage {
        TrimStage::Before => bounds_of_years(scan, policy),
        TrimStage::After => bounds_of_groups(scan, policy, blend),
    };
    Kept::new(scan, bounds, policy.weights.outliers)
}

/// Groups the rule is tried on. Where M is that of all cases the ungrouped are in the statistics, as
/// one group (A04); elsewhere nothing of them leaves.
fn tried(scan: &Scan<'_>, policy: &Policy) -> usize {
    let with_ungrouped = policy.weights.denominator == Denominator::All;
    if with_ungrouped { scan.slots() } else { scan.slots().saturating_sub(1) }
}

fn enough(cases: u64, policy: &Policy) -> bool {
    cases > 0 && cases >= policy.weights.trim_from_cases
}

fn by_order(rule: &Trim) -> bool {
    matches!(rule, Trim::Percentile { .. } | Trim::Iqr { .. })
}

/// Before blending: the cases of each group and year bound themselves.
fn bounds_of_years(scan: &Scan<'_>, policy: &Policy) -> Vec<Bounds> {
    let rule = &policy.weights.trim;
    let last = scan.cells(tried(scan, policy)).start;
    let cell = |(cell, sums): (usize, &Sums)| {
        if cell >= last || !enough(sums.total.cases, policy) {
            return EVERYTHING;
        }
        if by_order(rule) {
            return by_rank(rule, scan.fees(cell));
        }
        sums.total.mean().map_or(EVERYTHING, |mean| by_sums(rule, &mean, sums))
    };
    scan.all.iter().enumerate().map(cell).collect()
}

/// After blending: the cases of all years of a group bound each of its years, around its blended
/// mean where the rule has a middle.
fn bounds_of_groups(scan: &Scan<'_>, policy: &Policy, blend: &Blend) -> Vec<Bounds> {
    let rule = &policy.weights.trim;
    let group = |slot: usize| {
        let cells = scan.cells(slot);
        let sums = Sums::of(&scan.all[cells.clone()])?;
        if slot >= tried(scan, policy) || !enough(sums.total.cases, policy) {
            return None;
        }
        if by_order(rule) {
            let mut fees: Vec<i64> =
                cells.flat_map(|cell| scan.fees(cell).iter().copied()).collect();
            fees.sort_unstable();
            return Some(by_rank(rule, &fees));
        }
        let years: Vec<Total> = scan.all[cells].iter().map(|sums| sums.total).collect();
        let mean = blend.mean(&Measures::of_totals(&years))?;
        Some(by_sums(rule, &mean, &sums))
    };
    let years = scan.window.years.len();
    (0..scan.slots())
        .flat_map(|slot| std::iter::repeat_n(group(slot).unwrap_or(EVERYTHING), years))
        .collect()
}

impl Bounds {
    /// The fee that counts for a case of this fee, if any.
    fn counts(self, fee: i64, outliers: Outliers) -> Option<i64> {
        if (self.from..=self.to).contains(&fee) {
            return Some(fee);
        }
        // Bounds that have crossed, as between fees that never are, leave nothing to move to.
        (outliers == Outliers::Winsorise && self.from <= self.to)
            .then(|| fee.clamp(self.from, self.to))
    }
}

/// What counts of one cell: fees within the bounds, and those moved to a bound.
pub(super) struct Part<'a> {
    below: (u64, i64),
    inside: &'a [i64],
    above: (u64, i64),
    /// Fees beyond either bound.
    beyond: [&'a [i64]; 2],
}

impl<'a> Part<'a> {
    pub(super) fn cases(&self) -> usize {
        let moved = self.below.0.saturating_add(self.above.0);
        self.inside.len().saturating_add(usize::try_from(moved).unwrap_or(usize::MAX))
    }

    /// Every fee that counts, ascending, with how often it does.
    pub(super) fn each(&self, mut take: impl FnMut(i64, u64)) {
        if self.below.0 > 0 {
            take(self.below.1, self.below.0);
        }
        for fee in self.inside {
            take(*fee, 1);
        }
        if self.above.0 > 0 {
            take(self.above.1, self.above.0);
        }
    }

    /// All of them, one by one.
    pub(super) fn fees(self) -> Cow<'a, [i64]> {
        if self.below.0 == 0 && self.above.0 == 0 {
            return Cow::Borrowed(self.inside);
        }
        let mut fees = Vec::with_capacity(self.cases());
        self.each(|fee, times| fees.extend((0..times).map(|_| fee)));
        Cow::Owned(fees)
    }

    /// The fee at a place counted from 0.
    pub(super) fn fee(&self, at: usize) -> i64 {
        let below = usize::try_from(self.below.0).unwrap_or(usize::MAX);
        match at.checked_sub(below) {
            None => self.below.1,
            Some(at) => self.inside.get(at).copied().unwrap_or(self.above.1),
        }
    }
}

impl Kept {
    /// Nothing is trimmed.
    pub(super) fn everything(scan: &Scan<'_>) -> Self {
        let bounds = vec![EVERYTHING; scan.all.len()];
        Self { sums: scan.all.clone(), ledger: Vec::new(), bounds, outliers: Outliers::Drop }
    }

    /// Sums of what counts, and the ledger of what does not, or not in full.
    fn new(scan: &Scan<'_>, bounds: Vec<Bounds>, outliers: Outliers) -> Result<Self, Error> {
        let mut kept = Self { sums: scan.all.clone(), ledger: Vec::new(), bounds, outliers };
        for (cell, before) in scan.all.iter().enumerate() {
            if kept.bounds[cell] == EVERYTHING || before.total.cases == 0 {
                continue;
            }
            let part = kept.part(scan, cell);
            let outside = part.beyond.concat();
            if outside.is_empty() {
                continue;
            }
            let mut after = *before;
            let Bounds { from, to } = kept.bounds[cell];
            outside.iter().for_each(|fee| after.remove(*fee));
            for (times, fee) in [part.below, part.above] {
                after.add_times(fee, times).ok_or_else(|| scan.window.overflow(cell))?;
            }
            let (code, year) = scan.window.name(cell);
            let amount = i64::try_from(before.total.fen.saturating_sub(after.total.fen));
            let amount = amount.map_err(|_| Error::Overflow {
                what: format!("the cost of the trimmed cases of group `{code}` in {year}"),
            })?;
            let last = part.cases().checked_sub(1);
            let (from, to) = last.map_or((from, to), |last| (part.fee(0), part.fee(last)));
            kept.sums[cell] = after;
            kept.ledger.push(Trimmed {
                group_code: code.to_owned(),
                year,
                cases: outside.len() as u64,
                amount: Fen(amount),
                kept_from: Fen(from),
                kept_to: Fen(to),
            });
        }
        kept.ledger.sort_by(|a, b| (&a.group_code, a.year).cmp(&(&b.group_code, b.year)));
        Ok(kept)
    }

    /// What counts of a cell.
    pub(super) fn part<'s>(&self, scan: &'s Scan<'_>, cell: usize) -> Part<'s> {
        let Bounds { from, to } = self.bounds[cell];
        let fees = scan.fees(cell);
        let low = fees.partition_point(|fee| *fee < from);
        let high = fees.partition_point(|fee| *fee <= to).max(low);
        // Bounds that have crossed, as between fees that never are, leave nothing to move to.
        let moves = self.outliers == Outliers::Winsorise && from <= to;
        let moved = |count: usize| if moves { count as u64 } else { 0 };
        Part {
            below: (moved(low), from),
            inside: &fees[low..high],
            above: (moved(fees.len().saturating_sub(high)), to),
            beyond: [&fees[..low], &fees[high..]],
        }
    }

    /// The fee that counts for a case of a cell, if any.
    pub(super) fn counts(&self, cell: usize, fee: i64) -> Option<i64> {
        self.bounds[cell].counts(fee, self.outliers)
    }
}

/// Bounds from order statistics; `fees` ascend and have at least one entry.
fn by_rank(rule: &Trim, fees: &[i64]) -> Bounds {
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
fn ranked(fees: &[i64], rank: usize) -> i64 {
    let last = fees.len().saturating_sub(1);
    fees.get(rank.saturating_sub(1).min(last)).copied().unwrap_or_default()
}

/// Bounds around a mean, from count, sum and squares of at least one case.
fn by_sums(rule: &Trim, mean: &Ratio, sums: &Sums) -> Bounds {
    match rule {
        Trim::Sd { k } => {
            let cases = BigInt::from(sums.total.cases);
            let sum = BigInt::from(sums.total.fen);
            let (k, unit) = (exact(*k) * ratio(mean.denom().clone()), ratio(mean.denom().clone()));
            let spread = &cases * BigInt::from(sums.squares) - &sum * &sum;
            let Some(variance) = fraction(spread, &cases * &cases) else { return EVERYTHING };
            // With m = p ÷ q, |q·x − p| is whole, so it is at most q·k·SD exactly when at most
            // the floor of that.
            let reach = ratio((&k * &k * variance).floor().to_integer().sqrt()) / unit;
            Bounds { from: at_least(&(mean - &reach)), to: at_most(&(mean + &reach)) }
        }
        Trim::Multiple { low, high } => {
            Bounds { from: at_least(&(exact(*low) * mean)), to: at_most(&(exact(*high) * mean)) }
        }
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
