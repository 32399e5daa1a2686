//! How far a group's price would move with other cases, or other hospitals, of the same kind.
//!
//! Each round draws as many cases of every year as there are, with replacement, or as many hospitals
//! with all their cases; the interval is between the 2.5 % and 97.5 % of the rounds (nearest rank).
//! The same seed draws the same, on every machine and with any number of threads. Hospitals are the
//! wider unit: where they price differently, the interval by case is too narrow to be believed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::sums::Total;
use crate::units::Ratio;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Case,
    Hospital,
}

/// One interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) low: Ratio,
    pub(super) high: Ratio,
    /// Cases or hospitals there were to draw from.
    pub(super) units: usize,
    /// Rounds that had a price: hospitals drawn may lack a year that the policy asks for (A03).
    pub(super) rounds: u32,
}

/// Kept cases of one group: fees of every year, and totals of every hospital and year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) fees: Vec<Vec<i64>>,
    pub(super) hospitals: Vec<Vec<Total>>,
}

/// Rounds of one unit, priced by `price`; `None` if no round has a price, or if there is but one unit:
/// it would always be drawn, and the interval would be firmest where it knows least.
pub(super) fn interval(
    sample: &Sample,
    unit: Unit,
    (rounds, seed): (u32, u64),
    price: impl Fn(&[Total]) -> Option<Ratio>,
) -> Option<Interval> {
    let units = match unit {
        Unit::Case => sample.fees.iter().map(Vec::len).sum(),
        Unit::Hospital => sample.hospitals.len(),
    };
    if units < 2 {
        return None;
    }
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut prices: Vec<Ratio> = (0..rounds)
        .filter_map(|_| {
            let drawn = match unit {
                Unit::Case => by_case(sample, &mut dice),
                Unit::Hospital => by_hospital(sample, &mut dice),
            };
            price(&drawn)
        })
        .collect();
    prices.sort_unstable();
    let used = prices.len();
    // ⌈used · 25 ÷ 1000⌉ and ⌈used · 975 ÷ 1000⌉, counted from 1.
    let rank = |permille: usize| used.saturating_mul(permille).div_ceil(1000).checked_sub(1);
    Some(Interval {
        low: prices.get(rank(25)?)?.clone(),
        high: prices.get(rank(975)?)?.clone(),
        units,
        rounds: u32::try_from(used).ok()?,
    })
}

fn by_case(sample: &Sample, dice: &mut ChaCha8Rng) -> Vec<Total> {
    let year = |fees: &Vec<i64>| {
        let drawn = (0..fees.len()).map(|_| i128::from(fees[below(dice, fees.len())]));
        Total { fen: drawn.fold(0, i128::saturating_add), cases: fees.len() as u64 }
    };
    sample.fees.iter().map(year).collect()
}

fn by_hospital(sample: &Sample, dice: &mut ChaCha8Rng) -> Vec<Total> {
    let mut totals = vec![Total::default(); sample.fees.len()];
    for _ in 0..sample.hospitals.len() {
        let drawn = &sample.hospitals[below(dice, sample.hospitals.len())];
        for (total, year) in totals.iter_mut().zip(drawn) {
            *total = Total::of([*total, *year]);
        }
    }
    totals
}

/// A whole number below `end`, which is above 0, each as likely as the others to 1 in 2³².
fn below(dice: &mut ChaCha8Rng, end: usize) -> usize {
    let product = u128::from(dice.next_u64()).saturating_mul(end as u128);
    usize::try_from(product >> 64).unwrap_or_default()
}
