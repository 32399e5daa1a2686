//! Every trim rule against a slow and plain one.

use num_bigint::BigInt;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert_eq, prop_assume};

use super::{built, cases, catalog, dec, group, policy, weights};
use crate::catalog::model::Trimmed;
use crate::policy::model::{Denominator, Outliers, Policy, Trim, TrimStage, Weights};
use crate::units::{Fen, Ratio, exact, fraction, ratio, to_decimal};
use crate::weights::Warning;

fn trimming(trim: Trim, from: u64) -> Policy {
    policy(Weights { trim, trim_from_cases: from, ..weights(&["1"]) })
}

fn percentile() -> Trim {
    Trim::Percentile { low: dec("0.025"), high: dec("0.975") }
}

/// Fees 1.00, 2.00, … yuan in one group and year.
fn ladder(count: i64) -> Vec<(&'static str, &'static str, u16, i64)> {
    (1..=count).map(|at| ("A", "H1", 2023, at * 100)).collect()
}

// shows: E05, A39
#[test]
fn percentiles_take_nothing_from_39_cases_and_two_from_40() {
    // A39: t = ⌊0.025·39⌋ = 0, ⌊0.025·40⌋ = 1.
    let none = built(&cases(&ladder(39)), &trimming(percentile(), 25), &[2023]);
    assert!(none.catalog.trimmed.is_empty());
    let made = built(&cases(&ladder(40)), &trimming(percentile(), 25), &[2023]);
    let lost = Trimmed {
        group_code: "A".to_owned(),
        year: 2023,
        cases: 2,
        amount: Fen(4_100), // 1.00 + 40.00
        kept_from: Fen(200),
        kept_to: Fen(3_900),
    };
    assert_eq!(made.catalog.trimmed, [lost]);
    assert!(made.warnings.is_empty(), "2 of 40 is 5 %");
    assert_eq!(group(&made.catalog, "A").cases, 40, "counts keep them");
}

// shows: A39
#[test]
fn a_fee_tied_with_its_neighbour_stays() {
    let mut rows = ladder(40);
    rows[0].3 = 200; // lowest = second lowest
    let made = catalog(&cases(&rows), &trimming(percentile(), 25), &[2023]);
    assert_eq!(made.trimmed[0].cases, 1);
    assert_eq!(made.trimmed[0].amount, Fen(4_000));
    rows[39].3 = 3_900;
    assert!(catalog(&cases(&rows), &trimming(percentile(), 25), &[2023]).trimmed.is_empty());
}

// shows: A39
#[test]
fn small_groups_are_not_trimmed() {
    let rule = Trim::Percentile { low: dec("0.25"), high: dec("0.75") };
    let made = catalog(&cases(&ladder(24)), &trimming(rule.clone(), 25), &[2023]);
    assert!(made.trimmed.is_empty());
    let made = catalog(&cases(&ladder(25)), &trimming(rule, 25), &[2023]);
    assert_eq!(made.trimmed[0].cases, 12, "⌊0.25·25⌋ = 6 on each side");
}

// Fees 1 … 9, 100 yuan within [1, 10] as below: 100 counts as 10. (45 + 10) ÷ 10 = 5.50 instead of
// 45 ÷ 9 = 5.00; 90.00 yuan leave, no case does.
#[test]
fn winsorised_cases_count_with_the_fee_of_the_bound() {
    let mut rows = ladder(9);
    rows.push(("A", "H1", 2023, 10_000));
    let mut rules = trimming(Trim::Iqr { k: dec("0.4") }, 10);
    rules.weights.outliers = Outliers::Winsorise;
    let made = catalog(&cases(&rows), &rules, &[2023]);
    assert_eq!(group(&made, "A").mean, dec("5.5"));
    assert_eq!((made.trimmed[0].cases, made.trimmed[0].amount), (1, Fen(9_000)));
    assert_eq!((made.trimmed[0].kept_from, made.trimmed[0].kept_to), (Fen(100), Fen(1_000)));
    rules.weights.outliers = Outliers::Drop;
    assert_eq!(group(&catalog(&cases(&rows), &rules, &[2023]), "A").mean, dec("5"));
}

// shows: A39
#[test]
fn quartiles_are_order_statistics_of_the_nearest_rank() {
    // Fees 1 … 9, 100 yuan: Q1 = x_⌈2.5⌉ = 3, Q3 = x_⌈7.5⌉ = 8, IQR 5; k = 0.4 → [1, 10]; 1 is
    // on the bound and stays.
    let mut rows = ladder(9);
    rows.push(("A", "H1", 2023, 10_000));
    let made = catalog(&cases(&rows), &trimming(Trim::Iqr { k: dec("0.4") }, 0), &[2023]);
    assert_eq!(made.trimmed[0].amount, Fen(10_000));
    assert_eq!((made.trimmed[0].kept_from, made.trimmed[0].kept_to), (Fen(100), Fen(900)));
}

// shows: A39
#[test]
fn a_fee_exactly_k_deviations_away_stays() {
    // Fees 1, 1, 1, 1, 6 yuan: mean 2, SD 2; 6 is exactly 2 SD away.
    let mut rows = vec![("A", "H1", 2023, 100); 4];
    rows.push(("A", "H1", 2023, 600));
    let made = catalog(&cases(&rows), &trimming(Trim::Sd { k: dec("2") }, 0), &[2023]);
    assert!(made.trimmed.is_empty());
    let made = catalog(&cases(&rows), &trimming(Trim::Sd { k: dec("1.9999999") }, 0), &[2023]);
    assert_eq!(made.trimmed[0].amount, Fen(600));
}

// shows: A04, A39
#[test]
fn the_ungrouped_are_trimmed_as_one_group_only_where_they_count() {
    let mut rows = ladder(4);
    rows.extend([("", "H1", 2023, 100), ("", "H1", 2023, 100), ("", "H1", 2023, 100_000)]);
    let rule = Trim::Multiple { low: dec("0"), high: dec("2") };
    let made = built(&cases(&rows), &trimming(rule.clone(), 0), &[2023]);
    assert_eq!(made.catalog.trimmed.len(), 1);
    assert_eq!(made.catalog.trimmed[0].group_code, "");
    // (10 + 2) yuan ÷ 6 cases
    assert_eq!(made.catalog.base_mean, dec("2"));
    assert_eq!(made.warnings, [Warning::TrimmedShare { trimmed: 1, cases: 7 }], "1 of 7 > 8 %");
    let mut rules = trimming(rule, 0);
    rules.weights.denominator = Denominator::Grouped;
    assert!(catalog(&cases(&rows), &rules, &[2023]).trimmed.is_empty());
}

// shows: A39
// After blending the 40 fees of both years bound themselves once: t = ⌊0.05·40⌋ = 2 on each side, 1 and 2
// of the older, 119 and 120 of the newer year. Before it, t = 1 on each side of each year.
// shows: A39, E05
#[test]
fn after_blending_the_years_of_a_group_are_trimmed_together() {
    let mut rows: Vec<_> = (1..=20).map(|at| ("A", "H1", 2022, at * 100)).collect();
    rows.extend((101..=120).map(|at| ("A", "H1", 2023, at * 100)));
    let rule = Trim::Percentile { low: dec("0.05"), high: dec("0.95") };
    let mut rules = trimming(rule, 10);
    rules.weights.years = vec![dec("0.2"), dec("0.8")];
    let lost = |rules: &Policy| -> Vec<(u16, u64, i64)> {
        let made = catalog(&cases(&rows), rules, &[2022, 2023]);
        made.trimmed.iter().map(|row| (row.year, row.cases, row.amount.0)).collect()
    };
    assert_eq!(lost(&rules), [(2022, 2, 2_100), (2023, 2, 22_100)]);
    rules.weights.trim_stage = TrimStage::After;
    assert_eq!(lost(&rules), [(2022, 2, 300), (2023, 2, 23_900)]);
    rules.weights.trim_from_cases = 40;
    assert_eq!(lost(&rules).len(), 2, "40 cases of both years are enough");
    rules.weights.trim_from_cases = 41;
    assert!(lost(&rules).is_empty());
}

// 50 and 150 (mean 100), then 250 and 350 (mean 300). Half to one and a half times the mean of its year
// holds every case. Blended 5:5 the mean is 200: 100 … 300 holds the two in the middle. Blended 2:8 it is
// 260; all four have SD √12 500 ≈ 111.8, and 148.2 … 371.8 loses the 50.
// shows: A39
#[test]
fn after_blending_multiples_and_deviations_are_those_of_the_blended_mean() {
    let fees = [(2022, 5_000), (2022, 15_000), (2023, 25_000), (2023, 35_000)];
    let rows: Vec<_> = fees.iter().map(|(year, fee)| ("A", "H1", *year, *fee)).collect();
    let lost = |rule: Trim, shares: [&str; 2], stage| -> Vec<i64> {
        let mut rules = trimming(rule, 0);
        rules.weights.years = shares.iter().map(|share| dec(share)).collect();
        rules.weights.trim_stage = stage;
        let made = catalog(&cases(&rows), &rules, &[2022, 2023]);
        made.trimmed.iter().map(|row| row.amount.0).collect()
    };
    let multiple = Trim::Multiple { low: dec("0.5"), high: dec("1.5") };
    assert!(lost(multiple.clone(), ["0.5", "0.5"], TrimStage::Before).is_empty());
    assert_eq!(lost(multiple, ["0.5", "0.5"], TrimStage::After), [5_000, 35_000]);
    let deviation = Trim::Sd { k: dec("1") };
    assert!(lost(deviation.clone(), ["0.2", "0.8"], TrimStage::Before).is_empty());
    assert_eq!(lost(deviation, ["0.2", "0.8"], TrimStage::After), [5_000]);
}

#[test]
fn eight_percent_trimmed_is_no_warning_yet() {
    // 25 cases: 2 of 25 is exactly 8 %; 3 of 25 is above.
    let mut rows = vec![("A", "H1", 2023, 100); 23];
    rows.extend([("A", "H1", 2023, 10_000); 2]);
    let rule = Trim::Multiple { low: dec("0"), high: dec("5") };
    assert!(built(&cases(&rows), &trimming(rule.clone(), 0), &[2023]).warnings.is_empty());
    rows[0].3 = 10_000;
    let made = built(&cases(&rows), &trimming(rule, 0), &[2023]);
    assert_eq!(made.warnings, [Warning::TrimmedShare { trimmed: 3, cases: 25 }]);
}

#[test]
fn a_group_that_loses_every_case_leaves_with_a_warning() {
    // 1, 1, 1, 100 yuan: mean 25.75; 0.3 × mean = 7.725 > 1 and 3 × mean = 77.25 < 100.
    let mut rows = vec![("A", "H1", 2023, 100); 3];
    rows.push(("A", "H1", 2023, 10_000));
    rows.push(("B", "H1", 2023, 500));
    let rule = Trim::Multiple { low: dec("0.3"), high: dec("3") };
    let made = built(&cases(&rows), &trimming(rule, 0), &[2023]);
    let codes: Vec<&str> =
        made.catalog.groups.iter().map(|group| group.group_code.as_str()).collect();
    assert_eq!(codes, ["B"]);
    assert!(made.warnings.contains(&Warning::NoMean { group_code: "A".to_owned(), cases: 4 }));
    let lost = &made.catalog.trimmed[0];
    assert_eq!((lost.kept_from, lost.kept_to), (Fen(773), Fen(7_725)), "then the bounds stand");
}

/// The rule word for word, case by case, over sorted fees.
fn plain(rule: &Trim, fees: &[i64]) -> Vec<i64> {
    let mut sorted = fees.to_vec();
    sorted.sort_unstable();
    let n = sorted.len();
    let count = ratio(n);
    let mean = sorted.iter().map(|fee| ratio(*fee)).sum::<Ratio>() / &count;
    let variance =
        sorted.iter().map(|fee| (ratio(*fee) - &mean) * (ratio(*fee) - &mean)).sum::<Ratio>()
            / &count;
    let stays = |fee: i64| match rule {
        Trim::None => true,
        Trim::Percentile { low, high } => {
            let cut = |share: Ratio| -> usize {
                (share * &count).floor().to_integer().try_into().unwrap()
            };
            let (low, high) = (cut(exact(*low)), cut(ratio(1) - exact(*high)));
            fee >= sorted[low] && fee <= sorted[n - high - 1]
        }
        Trim::Iqr { k } => {
            // The first rank that has at least so many quarters of the cases at or below it.
            let quartile = |quarters: usize| {
                ratio(sorted[(1..=n).find(|rank| 4 * rank >= quarters * n).unwrap() - 1])
            };
            let reach = exact(*k) * (quartile(3) - quartile(1));
            let fee = ratio(fee);
            fee >= quartile(1) - &reach && fee <= quartile(3) + reach
        }
        Trim::Sd { k } => {
            let away = ratio(fee) - &mean;
            &away * &away <= exact(*k) * exact(*k) * &variance
        }
        Trim::Multiple { low, high } => {
            ratio(fee) >= exact(*low) * &mean && ratio(fee) <= exact(*high) * &mean
        }
    };
    fees.iter().copied().filter(|fee| stays(*fee)).collect()
}

fn rule() -> impl Strategy<Value = Trim> {
    let share =
        |from: i64, to: i64| (from..=to).prop_map(|value| rust_decimal::Decimal::new(value, 2));
    prop_oneof![
        Just(Trim::None),
        (share(0, 45), share(55, 100)).prop_map(|(low, high)| Trim::Percentile { low, high }),
        share(0, 300).prop_map(|k| Trim::Iqr { k }),
        share(0, 300).prop_map(|k| Trim::Sd { k }),
        (share(0, 99), share(100, 300)).prop_map(|(low, high)| Trim::Multiple { low, high }),
    ]
}

/// Few different fees, so that ties and bounds are common, and some refunds.
fn fees() -> impl Strategy<Value = Vec<i64>> {
    let fee = prop_oneof![4 => 0i64..40, 1 => -20i64..2_000, 1 => Just(100_000i64)];
    proptest::collection::vec(fee, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    // shows: E05, A39
    #[test]
    fn trims_do_what_their_words_say(rule in rule(), fees in fees(), other in any::<u32>()) {
        let kept = plain(&rule, &fees);
        let sum: i64 = kept.iter().sum();
        prop_assume!(sum >= 0);
        // A second group keeps the mean of all cases above 0; no rule touches a single fee.
        let mut rows: Vec<_> = fees.iter().map(|fee| ("A", "H1", 2023, *fee)).collect();
        rows.push(("B", "H1", 2023, 1 + i64::from(other)));
        let made = catalog(&cases(&rows), &trimming(rule, 0), &[2023]);
        let lost: u64 = made.trimmed.iter().map(|row| row.cases).sum();
        prop_assert_eq!(lost, (fees.len() - kept.len()) as u64);
        let found = made.groups.iter().find(|group| group.group_code == "A");
        let mean = fraction(BigInt::from(sum), kept.len() * 100);
        let mean = mean.map(|mean| to_decimal(&mean, 4).unwrap());
        prop_assert_eq!(found.map(|group| group.mean), mean);
        if let Some(row) = made.trimmed.first().filter(|_| !kept.is_empty()) {
            prop_assert_eq!(row.kept_from.0, *kept.iter().min().unwrap());
            prop_assert_eq!(row.kept_to.0, *kept.iter().max().unwrap());
            prop_assert_eq!(row.amount.0, fees.iter().sum::<i64>() - sum);
        }
    }
}
