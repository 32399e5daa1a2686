//! The groups of a catalog with their means, before anything is rounded.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::Zero;

use super::blend::Base;
use super::centre::{Centres, Measures};
use super::pool::Pooled;
use super::sums::Total;
use super::{Plan, Warning, drops};
use crate::units::Ratio;

/// One group before it is published. Sums are per year, oldest first.
pub(super) struct Estimate<'a> {
    pub(super) code: &'a str,
    /// Its place among the groups of the cases; `None` for a price without history.
    pub(super) slot: Option<usize>,
    /// All cases.
    pub(super) all: Vec<Total>,
    /// Cases left after trimming.
    pub(super) kept: Vec<Total>,
    /// Σx² of the kept cases of all years.
    pub(super) squares: BigInt,
    /// Centres of its own kept cases.
    pub(super) own: Measures,
    /// Blended centre of its own cases in fen; 0 for a price without history.
    pub(super) own_mean: Ratio,
    /// m in fen, what the catalog publishes: its own, or what it took from its pool (A51).
    pub(super) mean: Ratio,
    /// What points are a multiple of: m ÷ M, or ÷ that of the base disease (6.2, R30).
    pub(super) quotient: Ratio,
    /// The same of its own cases alone.
    pub(super) own_quotient: Ratio,
    /// Where its mean came from, if it is a small group.
    pub(super) pooled: Option<Pooled>,
}

impl Estimate<'_> {
    /// Cases of all years, before trimming.
    pub(super) fn cases(&self) -> u64 {
        Total::of(self.all.iter().copied()).cases
    }

    /// Kept cases of all years.
    pub(super) fn kept_total(&self) -> Total {
        Total::of(self.kept.iter().copied())
    }

    /// Takes the quotient of its own cases.
    pub(super) fn divide(&mut self, plan: &Plan<'_>, base: &Base) {
        self.quotient = plan.blend.quotient(&self.own, base).unwrap_or_else(Ratio::zero);
        self.own_quotient = self.quotient.clone();
    }
}

/// The groups of the catalog with their own blended centres, ascending by code.
///
/// Groups of the published price list are there with or without cases and are never dropped.
pub(super) fn estimates<'a>(
    plan: &Plan<'a>,
    centres: &Centres<'a>,
    warnings: &mut Vec<Warning>,
) -> Vec<Estimate<'a>> {
    let (scan, years) = (centres.scan, plan.years.len());
    let standards = plan.policy.standards.iter();
    let priced: BTreeSet<&str> = standards.map(|standard| standard.group_code.as_str()).collect();
    let mut found = BTreeMap::new();
    let mut dropped = Total::default();
    let mut dropped_groups = 0u64;
    for (slot, code) in scan.window.cases.groups.iter().enumerate() {
        let cells = scan.cells(slot);
        let all: Vec<Total> = scan.all[cells.clone()].iter().map(|sums| sums.total).collect();
        let sum = Total::of(all.iter().copied());
        if sum.cases == 0 {
            continue;
        }
        let kept = &centres.kept.sums[cells];
        let has_price = priced.contains(code.as_str());
        let own = centres.of(&[slot]);
        let mean = match plan.blend.mean(&own) {
            Some(_) if own.lacks_a_year() && !has_price && drops(plan.policy) => {
                dropped_groups = dropped_groups.saturating_add(1);
                dropped = Total::of([dropped, sum]);
                continue;
            }
            Some(mean) => mean,
            None if has_price => Ratio::zero(),
            None => {
                let group_code = code.clone();
                warnings.push(Warning::NoMean { group_code, cases: sum.cases });
                continue;
            }
        };
        let estimate = Estimate {
            slot: Some(slot),
            all,
            kept: kept.iter().map(|sums| sums.total).collect(),
            squares: kept.iter().map(|sums| BigInt::from(sums.squares)).sum(),
            own_mean: mean.clone(),
            mean,
            ..without_cases(code, years, own)
        };
        found.insert(code.as_str(), estimate);
    }
    if dropped_groups > 0 {
        warnings.push(Warning::Dropped { groups: dropped_groups, cases: dropped.cases });
    }
    for code in priced {
        let nothing = || Measures::of_totals(&vec![Total::default(); years]);
        found.entry(code).or_insert_with(|| without_cases(code, years, nothing()));
    }
    found.into_values().collect()
}

fn without_cases(code: &str, years: usize, own: Measures) -> Estimate<'_> {
    Estimate {
        code,
        slot: None,
        all: vec![Total::default(); years],
        kept: vec![Total::default(); years],
        squares: BigInt::zero(),
        own,
        own_mean: Ratio::zero(),
        mean: Ratio::zero(),
        quotient: Ratio::zero(),
        own_quotient: Ratio::zero(),
        pooled: None,
    }
}
