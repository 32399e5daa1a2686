//! One factor for all points that are free to move, so that Σ points × cases is a given total.
//!
//! `total(f) = Σ cases × clip(f × computed, low, high)` never falls and is straight between the
//! factors at which a group meets one of its ends. So the factor is found exactly: the two such
//! factors around the total, and a straight line between them.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::{One as _, Signed as _, ToPrimitive as _, Zero as _};

use crate::units::{Ratio, fraction, ratio};

/// One group: points in millionths, ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) cases: u64,
    pub(super) computed: i64,
    pub(super) low: Option<i64>,
    pub(super) high: Option<i64>,
}

impl Item {
    /// Points at this factor, exact.
    pub(super) fn at(&self, factor: &Ratio) -> Ratio {
        let mut points = factor * ratio(self.computed);
        if let Some(low) = self.low {
            points = points.max(ratio(low));
        }
        if let Some(high) = self.high {
            points = points.min(ratio(high));
        }
        points
    }
}

/// Σ points × cases in millionths.
pub(super) fn total(items: &[Item], factor: &Ratio) -> Ratio {
    items.iter().map(|item| item.at(factor) * ratio(item.cases)).sum()
}

/// The factor at which the total is `target`; 1 where that is already so. `None` where no factor from 0
/// reaches it.
pub(super) fn factor(items: &[Item], target: &Ratio) -> Option<Ratio> {
    if total(items, &Ratio::one()) == *target {
        return Some(Ratio::one());
    }
    let ends = items.iter().flat_map(|item| {
        [item.low, item.high].into_iter().flatten().map(|end| fraction(end, item.computed))
    });
    let mut turns: Vec<Ratio> = ends.flatten().chain([Ratio::zero()]).collect();
    turns.sort();
    turns.dedup();
    let at = turns.partition_point(|turn| total(items, turn) < *target);
    let Some(left) = at.checked_sub(1).and_then(|at| turns.get(at)) else {
        return turns.first().filter(|turn| total(items, turn) == *target).cloned();
    };
    let right = turns.get(at).cloned().unwrap_or_else(|| left + Ratio::one());
    let (from, to) = (total(items, left), total(items, &right));
    let rise = to - &from;
    (rise.is_positive()).then(|| left + (target - from) * (&right - left) / rise)
}

/// Published points in millionths: each is rounded down to `unit`, and the units that the total still
/// lacks go one each to the largest fractions that have room for them; then one pair of groups may
/// exchange a unit, where that closes the last gap. `None` where points leave 64 bits.
pub(super) fn publish(items: &[Item], factor: &Ratio, unit: i64) -> Option<Vec<i64>> {
    let exact: Vec<Ratio> = items.iter().map(|item| item.at(factor) / ratio(unit)).collect();
    let floors: Vec<BigInt> = exact.iter().map(|points| points.floor().to_integer()).collect();
    let fractions: Vec<Ratio> =
        exact.iter().zip(&floors).map(|(exact, floor)| exact - ratio(floor.clone())).collect();
    let gap = fractions.iter().zip(items).map(|(part, item)| part * ratio(item.cases));
    let mut gap: BigInt = gap.sum::<Ratio>().floor().to_integer();
    // Ends are whole units: a fraction lies strictly between them and has room above.
    let mut order: Vec<usize> = (0..items.len()).filter(|at| !fractions[*at].is_zero()).collect();
    order.sort_by(|one, two| fractions[*two].cmp(&fractions[*one]).then(one.cmp(two)));
    let mut raised = vec![false; items.len()];
    for at in &order {
        let cases = BigInt::from(items[*at].cases);
        if cases <= gap {
            gap -= cases;
            raised[*at] = true;
        }
    }
    if gap.is_positive() {
        exchange(items, &order, &mut raised, &gap);
    }
    floors
        .into_iter()
        .zip(raised)
        .map(|(floor, raised)| {
            let units = floor + BigInt::from(u8::from(raised));
            (units * unit).to_i64()
        })
        .collect()
}

/// Raises one group and takes another back whose cases differ by the gap, if there is such a pair.
fn exchange(items: &[Item], order: &[usize], raised: &mut [bool], gap: &BigInt) {
    let mut by_cases: BTreeMap<BigInt, usize> = BTreeMap::new();
    for at in order.iter().rev().filter(|at| raised[**at]) {
        by_cases.entry(BigInt::from(items[*at].cases)).or_insert(*at);
    }
    let pair = order.iter().filter(|at| !raised[**at]).find_map(|up| {
        let down = by_cases.get(&(BigInt::from(items[*up].cases) - gap))?;
        Some((*up, *down))
    });
    if let Some((up, down)) = pair {
        raised[up] = true;
        raised[down] = false;
    }
}
