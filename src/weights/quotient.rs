//! The mean of some cases ÷ the mean of all of them, with the interval it claims (6.3, R41).
//!
//! A tier among the cases of the city, a type among those of its disease: the part lies inside the
//! whole, so that both move together. With year weights w, part a = Σ w·x̄ and whole b = Σ w·X̄, a case
//! of year y moves k = a ÷ b by
//!
//! ```text
//! z = w_y ÷ b · ((x − x̄_y) ÷ n_y where it is of the part, − k · (x − X̄_y) ÷ N_y)
//! ```
//!
//! and the variance of k is Σ z² over all cases (linearisation). The interval of 95 % is k ± 1.96 · √.
//! It takes cases as drawn one by one; hospitals that price alike make it too narrow.

use num_bigint::BigInt;
use num_traits::{Signed as _, Zero as _};

use super::blend::Blend;
use super::centre::Measures;
use super::sums::{Sums, Total};
use crate::policy::model::BlendLevel;
use crate::units::{Ratio, fraction, ratio};

/// A quotient and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quotient {
    /// Mean of the part in fen.
    pub(super) mean: Ratio,
    /// Mean of the whole in fen.
    pub(super) whole: Ratio,
    /// The one ÷ the other, exact.
    pub(super) value: Ratio,
    /// 95 % of such samples have the truth between these; `None` for a part of one case a year.
    pub(super) interval: Option<(Ratio, Ratio)>,
}

impl Quotient {
    /// The same mean ÷ `mean`, above 0, in place of the mean of the whole: M where cases were trimmed
    /// (R41). The interval is as wide as that of the quotient to the whole, measured in `mean`: it takes
    /// M to move with the mean of all cases.
    pub(super) fn over(self, mean: &Ratio) -> Self {
        let value = &self.mean / mean;
        let scale = (&self.whole / mean).abs();
        let interval = self.interval.map(|(low, high)| {
            let half = (high - low) * scale / ratio(2);
            (&value - &half, &value + &half)
        });
        Self { whole: mean.clone(), value, interval, ..self }
    }
}

/// The mean of one year and the weight of one of its cases in the blended mean.
struct Year {
    centre: Ratio,
    share: Ratio,
}

/// Part ÷ whole, both blended over the years; sums are per year, oldest first. `None` where either has
/// no weight or the whole costs nothing.
pub(super) fn quotient(part: &[Sums], whole: &[Sums], blend: &Blend) -> Option<Quotient> {
    let totals = |sums: &[Sums]| sums.iter().map(|sums| sums.total).collect::<Vec<Total>>();
    let (mean, all) = (mean(&totals(part), blend)?, mean(&totals(whole), blend)?);
    if all.is_zero() {
        return None;
    }
    let value = &mean / &all;
    let interval = variance((part, &mean), (whole, &all), &value, blend).map(|variance| {
        let half = root(&variance) * ratio(196) / ratio(100);
        (&value - &half, &value + &half)
    });
    Some(Quotient { mean, whole: all, value, interval })
}

/// Blended mean of yearly totals (A01–A03).
pub(super) fn mean(years: &[Total], blend: &Blend) -> Option<Ratio> {
    blend.mean(&Measures::of_totals(years))
}

fn variance(
    (part, mean): (&[Sums], &Ratio),
    (whole, all): (&[Sums], &Ratio),
    value: &Ratio,
    blend: &Blend,
) -> Option<Ratio> {
    // One case says nothing about its spread.
    if part.iter().any(|year| year.total.cases == 1) {
        return None;
    }
    let (parts, wholes) = (years(part, mean, blend)?, years(whole, all, blend)?);
    let mut sum = Ratio::zero();
    for ((of_part, of_whole), (a, b)) in part.iter().zip(whole).zip(parts.iter().zip(&wholes)) {
        let both = value * &a.share * &b.share * products(of_part, &a.centre, &b.centre);
        sum += &a.share * &a.share * products(of_part, &a.centre, &a.centre);
        sum -= ratio(2) * both;
        sum += value * value * &b.share * &b.share * products(of_whole, &b.centre, &b.centre);
    }
    Some(sum / (all * all)).filter(|variance| !variance.is_negative())
}

/// Σ (x − a)·(x − b).
fn products(sums: &Sums, a: &Ratio, b: &Ratio) -> Ratio {
    let total = sums.total;
    ratio(sums.squares) - (a + b) * ratio(total.fen) + a * b * ratio(total.cases)
}

fn years(sums: &[Sums], mean: &Ratio, blend: &Blend) -> Option<Vec<Year>> {
    let one = ratio(1);
    let weight = |at: usize| blend.weights.get(at).cloned().unwrap_or_else(|| one.clone());
    let present = |at: &usize| sums[*at].total.cases > 0;
    let by_means = matches!(blend.level, BlendLevel::Means | BlendLevel::Ratios);
    let per_case = |at: usize| match blend.level {
        BlendLevel::Pooled => one.clone(),
        _ => weight(at),
    };
    // By means: the weights of the years present. Otherwise: the weighted number of cases.
    let whole: Ratio = (0..sums.len())
        .filter(present)
        .map(|at| if by_means { weight(at) } else { per_case(at) * ratio(sums[at].total.cases) })
        .sum();
    if whole.is_zero() {
        return None;
    }
    let year = |at: usize| {
        let own = sums[at].total.mean();
        match own {
            Some(own) if by_means => {
                let share = weight(at) / &whole / ratio(sums[at].total.cases);
                Year { centre: own, share }
            }
            Some(_) => Year { centre: mean.clone(), share: per_case(at) / &whole },
            None => Year { centre: Ratio::zero(), share: Ratio::zero() },
        }
    };
    Some((0..sums.len()).map(year).collect())
}

/// The square root to 12 places, rounded down.
fn root(value: &Ratio) -> Ratio {
    let unit = BigInt::from(10u8).pow(12);
    let scaled = (value * ratio(&unit * &unit)).floor().to_integer();
    fraction(scaled.sqrt(), unit).unwrap_or_else(Ratio::zero)
}
