//! Geometric mean and median by hand (A40).

use rust_decimal::Decimal;

use super::{built, cases, catalog, dec, group, line, points, policy, weights};
use crate::policy::model::{BlendLevel, Centre, Outliers, Trim, Weights};
use crate::weights::Warning;

type Row = (&'static str, &'static str, u16, i64);

/// A 1, 10, 100 yuan, B twice 1000.
fn decades() -> Vec<Row> {
    let fees = [("A", 100), ("A", 1_000), ("A", 10_000), ("B", 100_000), ("B", 100_000)];
    fees.iter().map(|(code, fee)| (*code, "H1", 2023, *fee)).collect()
}

// All five: geometric ⁵√(10⁹) = 10^1.8 = 63.0957, median 100, arithmetic 2111 ÷ 5 = 422.2.
// A: ∛1000 = 10, median 10, mean 37. Points 10^(1 − 1.8) = 0.158489, 10 ÷ 100, 37 ÷ 422.2 = 0.087636.
// shows: A40
#[test]
fn group_and_whole_have_the_same_centre() {
    let expected = [
        (Centre::Arithmetic, "37.0000", "422.2000", "87.636200"),
        (Centre::Geometric, "10.0000", "63.0957", "158.489300"),
        (Centre::Median, "10.0000", "100.0000", "100.000000"),
    ];
    for (centre, mean, base, price) in expected {
        let rule = Weights { centre, ..weights(&["1"]) };
        let made = catalog(&cases(&decades()), &policy(rule), &[2023]);
        assert_eq!(group(&made, "A").mean.to_string(), mean, "{centre:?}");
        assert_eq!(group(&made, "A").year_means, [Some(dec(mean))], "{centre:?}");
        assert_eq!(made.base_mean.to_string(), base, "{centre:?}");
        assert_eq!(points(&made, "A"), price, "{centre:?}");
    }
}

// What the centre leaves behind is a line: A 3 · (37 − 10) = 81.
// shows: A40, J12
#[test]
fn the_identity_has_a_line_for_the_centre() {
    for centre in [Centre::Geometric, Centre::Median] {
        let rule = Weights { centre, ..weights(&["1"]) };
        let made = catalog(&cases(&decades()), &policy(rule), &[2023]);
        assert_eq!(line(&made, "centre"), dec("81"), "{centre:?}");
        assert_eq!(line(&made, "blending"), Decimal::ZERO, "{centre:?}");
        assert_eq!(line(&made, "total"), dec("2111"), "{centre:?}");
        let parts: Decimal =
            made.identity.iter().filter(|l| l.line != "total").map(|l| l.amount).sum();
        assert_eq!(parts, dec("2111"), "{centre:?}");
    }
    let made = catalog(&cases(&decades()), &policy(weights(&["1"])), &[2023]);
    assert!(made.identity.iter().all(|line| line.line != "centre"));
}

// 1, 10, 100, 1000: (10 + 100) ÷ 2; of 0.01 and 0.02 it is 0.015.
// shows: A40
#[test]
fn an_even_median_is_the_mean_of_the_two_in_the_middle() {
    let mut rows = decades();
    rows.truncate(3);
    rows.extend([("A", "H1", 2023, 100_000), ("B", "H1", 2023, 1), ("B", "H1", 2023, 2)]);
    let rule = Weights { centre: Centre::Median, ..weights(&["1"]) };
    let made = catalog(&cases(&rows), &policy(rule), &[2023]);
    assert_eq!(group(&made, "A").mean, dec("55"));
    assert_eq!(group(&made, "B").mean, dec("0.015"));
    // Of 0.01, 0.02, 1, 10, 100, 1000.
    assert_eq!(made.base_mean, dec("5.5"));
}

// 2022: 1; 2023: 10 and 100, median 55, root √1000 = 31.6228. means 0.2·1 + 0.8·55 = 44.2; totals
// (0.2·1·1 + 0.8·2·55) ÷ (0.2 + 1.6) = 49; pooled: the middle of 1, 10, 100.
// shows: A02, A40
#[test]
fn centres_are_blended_as_means_are() {
    let rows = [("A", "H1", 2022, 100), ("A", "H1", 2023, 1_000), ("A", "H1", 2023, 10_000)];
    let expected = [
        (BlendLevel::Means, Centre::Median, "44.2000"),
        (BlendLevel::Totals, Centre::Median, "49.0000"),
        (BlendLevel::Pooled, Centre::Median, "10.0000"),
        (BlendLevel::Pooled, Centre::Geometric, "10.0000"),
        (BlendLevel::Means, Centre::Geometric, "25.4982"),
    ];
    for (level, centre, mean) in expected {
        let rule = Weights { level, centre, ..weights(&["0.2", "0.8"]) };
        let made = catalog(&cases(&rows), &policy(rule), &[2022, 2023]);
        assert_eq!(group(&made, "A").mean.to_string(), mean, "{level:?} {centre:?}");
    }
}

// √(4 · 9) = 6 without the free case; a group of free cases alone has 0.
// shows: A40, R11
#[test]
fn free_cases_have_no_part_in_a_geometric_mean() {
    let rows = [
        ("A", "H1", 2023, 0),
        ("A", "H1", 2023, 400),
        ("A", "H1", 2023, 900),
        ("B", "H1", 2023, 0),
    ];
    let rule = Weights { centre: Centre::Geometric, ..weights(&["1"]) };
    let made = built(&cases(&rows), &policy(rule), &[2023]);
    assert_eq!(group(&made.catalog, "A").mean, dec("6"));
    assert_eq!(group(&made.catalog, "A").cases, 3);
    assert_eq!(group(&made.catalog, "B").mean, dec("0"));
    assert_eq!(made.warnings, [Warning::NoLogarithm { cases: 2 }]);
}

// 1 … 9 and 100 within [1, 10]: winsorised the fees are 1 … 9 and 10, whose middle is 5.5; dropped, 5.
// shows: A39, A40
#[test]
fn medians_are_of_what_trimming_left() {
    let mut rows: Vec<Row> = (1..10).map(|at| ("A", "H1", 2023, at * 100)).collect();
    rows.push(("A", "H1", 2023, 10_000));
    for (outliers, mean) in [(Outliers::Winsorise, "5.5"), (Outliers::Drop, "5")] {
        let rule = Weights {
            centre: Centre::Median,
            trim: Trim::Iqr { k: dec("0.4") },
            outliers,
            ..weights(&["1"])
        };
        let made = catalog(&cases(&rows), &policy(rule), &[2023]);
        assert_eq!(group(&made, "A").mean, dec(mean), "{outliers:?}");
    }
}
