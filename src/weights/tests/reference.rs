//! The standard of reference weights and rates: the numbers worked in `docs/reference-weights.md`.

use super::{cases, catalog, dec, group, points, policy, rows, weights};
use crate::catalog::expected_standards;
use crate::units::Fen;

/// A: 1000, 1200, 1400 cases of 8,000, 9,000, 10,000 yuan. As many without group at 16,000, 15,000,
/// 14,000 yuan and all of B at 12,000 make the mean of all cases 12,000 in every year.
fn worked() -> Vec<(&'static str, &'static str, u16, i64)> {
    let years = [
        (2021, 1000, 8_000, 16_000, 10),
        (2022, 1200, 9_000, 15_000, 10),
        (2023, 1400, 10_000, 14_000, 38_880),
    ];
    let of = |(year, n, mean, other, b): (u16, i64, i64, i64, i64)| {
        [rows("A", year, n, n * mean), rows("", year, n, n * other), rows("B", year, b, b * 12_000)]
            .concat()
    };
    years.into_iter().flat_map(of).collect()
}

// shows: P04, P12, A02, A04, A05
#[test]
fn the_worked_reference_weight_rate_and_standard_are_those_of_the_document() {
    let mut weights = weights(&["0.1", "0.2", "0.7"]);
    weights.scale = Some(dec("100"));
    let made = catalog(&cases(&worked()), &policy(weights), &[2021, 2022, 2023]);
    // 0.1 · 8000 + 0.2 · 9000 + 0.7 · 10 000 = 9600; 9600 ÷ 12 000 = 0.8; · 100 = 80.
    assert_eq!((group(&made, "A").mean, made.base_mean), (dec("9600"), dec("12000")));
    assert_eq!(points(&made, "A"), "80.000000");
    assert_eq!(points(&made, "B"), "100.000000");
    // Expected points: 1400 · 80 + 38 880 · 100 = 4 000 000; 300 000 000 ÷ 4 000 000 = 75 yuan a point.
    let table = expected_standards(&made, Fen(30_000_000_000));
    let told = |at: usize| {
        let cell = |column: &str| table.cell(column, at).unwrap();
        [cell("group_code"), cell("expected_cases"), cell("standard_yuan")]
    };
    // 80 · 75 = 6000, 100 · 75 = 7500.
    assert_eq!(told(0), ["A", "1400", "6000.00"]);
    assert_eq!(told(1), ["B", "38880", "7500.00"]);
}
