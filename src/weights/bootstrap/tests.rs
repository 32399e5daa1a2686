//! Drawing a sum as a whole against drawing its cases, and against the truth.
#![expect(clippy::float_arithmetic, reason = "a test may measure in floats")]

use std::borrow::Cow;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::{Sample, Sum, Total, Unit, below, interval, normal};
use crate::units::Ratio;

/// A fee of a population with a long tail: 1000 yuan ÷ (1 + an even number below 100), in fen; its mean is
/// 1000 · (1 + 1/2 + … + 1/100) ÷ 100 = 51.8738 yuan and its CV about 2.2.
fn fee(dice: &mut ChaCha8Rng) -> i64 {
    let part = i64::try_from(1 + below(dice, 100)).unwrap();
    100_000_i64.div_euclid(part)
}

fn true_mean() -> f64 {
    (1..=100).map(|part| f64::from(100_000_i32.div_euclid(part))).sum::<f64>() / 100.0
}

fn mean(totals: &[Total]) -> Option<Ratio> {
    Total::of(totals.iter().copied()).mean()
}

fn float(value: &Ratio) -> f64 {
    use num_traits::ToPrimitive as _;
    value.to_f64().unwrap()
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "a statistic of a test")]
fn the_even_sum_has_mean_0_and_variance_1() {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let unit = 2f64.powi(32);
    let drawn: Vec<f64> = (0..20_000).map(|_| normal(&mut dice) as f64 / unit).collect();
    let mean = drawn.iter().sum::<f64>() / 20_000.0;
    let variance = drawn.iter().map(|z| z * z).sum::<f64>() / 20_000.0;
    // Their standard errors are 0.0071 and 0.01.
    assert!(mean.abs() < 0.03, "{mean}");
    assert!((variance - 1.0).abs() < 0.04, "{variance}");
}

// Quantiles of 4 000 rounds have errors of about 2 % of the width; both ways are allowed 6 %.
// shows: E05
#[test]
#[expect(clippy::cast_precision_loss, reason = "a statistic of a test")]
fn a_sum_drawn_as_a_whole_has_the_interval_of_its_cases() {
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    let fees: Vec<i64> = (0..600).map(|_| fee(&mut dice)).collect();
    let ends = |drawn_each: usize| {
        let sum = Sum::new(&fees, drawn_each);
        let mut dice = ChaCha8Rng::seed_from_u64(2);
        let mut drawn: Vec<i128> = (0..4_000).map(|_| sum.draw(&mut dice).fen).collect();
        drawn.sort_unstable();
        [drawn[100], drawn[2_000], drawn[3_900]].map(|fen| fen as f64)
    };
    let (each, whole) = (ends(600), ends(599));
    let width = each[2] - each[0];
    for (one, other) in each.iter().zip(whole) {
        assert!((one - other).abs() < 0.06 * width, "{each:?} {whole:?}");
    }
}

// 300 samples of a population whose mean is known; 95 % of the intervals should hold it. A percentile
// interval of so skewed cases falls a little short: between 91 % and 98 % (±3 standard errors of 1.3 %).
#[test]
fn intervals_hold_the_truth_as_often_as_they_claim() {
    for cases in [400, 2_000] {
        let mut dice = ChaCha8Rng::seed_from_u64(3);
        let mut held = 0;
        for seed in 0..300 {
            let fees: Vec<i64> = (0..cases).map(|_| fee(&mut dice)).collect();
            let sample = Sample { fees: vec![Cow::Owned(fees)], hospitals: Vec::new() };
            let found = interval(&sample, Unit::Case, (200, seed), mean).unwrap();
            let inside = float(&found.low) <= true_mean() && true_mean() <= float(&found.high);
            held += i32::from(inside);
        }
        assert!((273..=294).contains(&held), "{cases} cases: {held} of 300");
    }
}

// Twenty hospitals, each with a level of its own: the interval by hospital holds the truth, that by case,
// which takes their cases as drawn one by one, mostly does not.
#[test]
fn hospitals_that_price_differently_need_the_interval_by_hospital() {
    let mut dice = ChaCha8Rng::seed_from_u64(4);
    let (mut by_hospital, mut by_case) = (0, 0);
    for seed in 0..200 {
        let mut fees = Vec::new();
        let mut hospitals = Vec::new();
        for _ in 0..40 {
            // A level of 1000 … 2999 fen, mean 1999.5, around which its cases lie within ±100.
            let level = i64::try_from(1_000 + below(&mut dice, 2_000)).unwrap();
            let own: Vec<i64> = (0..10)
                .map(|_| level - 100 + i64::try_from(below(&mut dice, 201)).unwrap())
                .collect();
            hospitals.push(vec![Total::of_fees(&own)]);
            fees.extend(own);
        }
        let sample = Sample { fees: vec![Cow::Owned(fees)], hospitals };
        let holds = |unit| {
            let found = interval(&sample, unit, (200, seed), mean).unwrap();
            i32::from(float(&found.low) <= 1_999.5 && 1_999.5 <= float(&found.high))
        };
        by_hospital += holds(Unit::Hospital);
        by_case += holds(Unit::Case);
    }
    assert!((178..=198).contains(&by_hospital), "by hospital {by_hospital} of 200");
    assert!(by_case < 120, "by case {by_case} of 200");
}
