//! How far a group's price would move with other cases, or other hospitals, of the same kind.
//!
//! Each round draws as many cases of every year as there are, with replacement, or as many hospitals
//! with all their cases; the interval is between the 2.5 % and 97.5 % of the rounds (nearest rank).
//! The same seed draws the same, on every machine and with any number of threads. Hospitals are the
//! wider unit: where they price differently, the interval by case is too narrow to be believed.
//!
//! Only the sum of the drawn cases matters. Up to 512 cases a year they are drawn one by one; the sum
//! of more is drawn from its distribution: mean Σx, variance n·σ², and the skewness of the cases by the
//! first term of Cornish and Fisher, T = Σx + σ√n · z + (z² − 1) · σγ ÷ 6, where z is the sum of 32 even
//! numbers. What is left out is of the order 1 ÷ n.

use std::borrow::Cow;

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::sums::Total;
use crate::units::{divide_half_away, fraction, round_half_away};

/// Up to this many cases of a year are drawn one by one.
const DRAWN_EACH: usize = 512;
/// Binary places of z, and of the spread beside it.
const PLACES: u32 = 32;
/// Even numbers that are summed for z, and √(12 ÷ 32), which makes its variance 1.
const EVEN_NUMBERS: i128 = 32;
const UNIT_VARIANCE: i128 = 2_630_119_584;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Case,
    Hospital,
}

/// One interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interval<P> {
    pub(super) low: P,
    pub(super) high: P,
    /// Cases or hospitals there were to draw from.
    pub(super) units: usize,
    /// Rounds that had a price: hospitals drawn may lack a year that the policy asks for (A03).
    pub(super) rounds: u32,
}

/// Kept cases of one group: fees of every year, and totals of every hospital and year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample<'a> {
    pub(super) fees: Vec<Cow<'a, [i64]>>,
    pub(super) hospitals: Vec<Vec<Total>>,
}

/// Rounds of one unit, priced by `price`; `None` if no round has a price, or if there is but one unit:
/// it would always be drawn, and the interval would be firmest where it knows least.
pub(super) fn interval<P: Ord + Clone>(
    sample: &Sample<'_>,
    unit: Unit,
    (rounds, seed): (u32, u64),
    price: impl Fn(&[Total]) -> Option<P>,
) -> Option<Interval<P>> {
    let units = match unit {
        Unit::Case => sample.fees.iter().map(|fees| fees.len()).sum(),
        Unit::Hospital => sample.hospitals.len(),
    };
    if units < 2 {
        return None;
    }
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let sums: Vec<Sum<'_>> = sample.fees.iter().map(|fees| Sum::new(fees, DRAWN_EACH)).collect();
    let mut prices: Vec<P> = (0..rounds)
        .filter_map(|_| {
            let drawn = match unit {
                Unit::Case => sums.iter().map(|sum| sum.draw(&mut dice)).collect(),
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

/// The sum of as many cases of a year as there are.
enum Sum<'a> {
    /// Drawn case by case.
    Each(&'a [i64]),
    /// Drawn as a whole.
    Whole {
        total: Total,
        /// σ√n in units of 2⁻³² fen.
        spread: i128,
        /// σγ ÷ 6 in fen.
        skew: i128,
    },
}

impl<'a> Sum<'a> {
    fn new(fees: &'a [i64], drawn_each: usize) -> Self {
        if fees.len() <= drawn_each {
            return Self::Each(fees);
        }
        let total = Total::of_fees(fees);
        let cases = i128::from(total.cases);
        let middle = divide_half_away(total.fen, cases).unwrap_or_default();
        let deviations = || fees.iter().map(|fee| i128::from(*fee).saturating_sub(middle));
        // Deviations of at most 33 bits, so that the cubes of 2²⁴ cases and more fit 128.
        let widest = deviations().map(i128::unsigned_abs).max().unwrap_or_default();
        let shift = (128 - widest.leading_zeros()).saturating_sub(33);
        let power = |exponent| -> i128 {
            deviations().map(|deviation| (deviation >> shift).saturating_pow(exponent)).sum()
        };
        let squares = power(2);
        // √(Σd²) is σ√n, and Σd³ ÷ Σd² is σγ: the powers of n cancel out.
        let spread = (BigInt::from(squares) << (2 * (PLACES + shift))).sqrt();
        let skew = fraction(power(3), squares.saturating_mul(6))
            .and_then(|skew| round_half_away(&skew, 0).to_i128())
            .unwrap_or_default();
        Self::Whole { total, spread: spread.to_i128().unwrap_or_default(), skew: skew << shift }
    }

    fn draw(&self, dice: &mut ChaCha8Rng) -> Total {
        match self {
            Self::Each(fees) => {
                let drawn = (0..fees.len()).map(|_| i128::from(fees[below(dice, fees.len())]));
                Total { fen: drawn.fold(0, i128::saturating_add), cases: fees.len() as u64 }
            }
            Self::Whole { total, spread, skew } => {
                let z = normal(dice);
                let square = ((z * z) >> PLACES) - (1 << PLACES);
                let moved = (z * spread) >> (2 * PLACES);
                let skewed = skew.saturating_mul(square) >> PLACES;
                Total { fen: total.fen.saturating_add(moved).saturating_add(skewed), ..*total }
            }
        }
    }
}

/// A number of mean 0 and variance 1 in units of 2⁻³²: the sum of 32 even ones, at most ±10.
fn normal(dice: &mut ChaCha8Rng) -> i128 {
    let mut sum = 0i128;
    for _ in 0..EVEN_NUMBERS >> 1 {
        let two = dice.next_u64();
        sum += i128::from(two >> 32) + i128::from(two & u64::from(u32::MAX));
    }
    // Each is 0 … 2³² − 1.
    let centred = 2 * sum - EVEN_NUMBERS * i128::from(u32::MAX);
    (centred * UNIT_VARIANCE) >> (PLACES + 1)
}

fn by_hospital(sample: &Sample<'_>, dice: &mut ChaCha8Rng) -> Vec<Total> {
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

#[cfg(test)]
mod tests;
