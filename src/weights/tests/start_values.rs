//! The value of a point at the start of a year, by hand (E10, 6.5).

use super::{cases, dec, policy, weights, years};
use crate::policy::model::{Cite, StartValue};
use crate::settlement::coefficient::InstitutionFacts;
use crate::table::Table;
use crate::units::Fen;
use crate::weights::{Passed, START_VALUE, build};

/// One group, so that every case is worth 1000 points. 2022: H1 100 + 100, H2 300; 2023: H1 200, H2 400 + 600.
fn table(percentiles: (&str, &str), production: &[(&str, i64)]) -> Option<Table> {
    let rows = [
        ("A", "H1", 2022, 10_000),
        ("A", "H1", 2022, 10_000),
        ("A", "H2", 2022, 30_000),
        ("A", "H1", 2023, 20_000),
        ("A", "H2", 2023, 40_000),
        ("A", "H2", 2023, 60_000),
    ];
    let mut policy = policy(weights(&["0.2", "0.8"]));
    policy.start_value = Some(StartValue {
        cite: Cite::default(),
        low: dec(percentiles.0),
        high: dec(percentiles.1),
    });
    let facts = ["H1", "H2"].map(|code| InstitutionFacts {
        code: code.to_owned(),
        production_cost: production
            .iter()
            .find(|(known, _)| *known == code)
            .map(|(_, yuan)| Fen(yuan * 100)),
        ..InstitutionFacts::default()
    });
    let passed = Passed { institutions: facts.to_vec(), ..Passed::default() };
    let built = build(&cases(&rows), &policy, &years(&[2022, 2023]), passed).unwrap();
    built.catalog.table(START_VALUE).cloned()
}

fn row(table: &Table, measure: &str) -> String {
    let cell = |column: &str, row| table.cell(column, row).unwrap_or_else(|| "–".to_owned());
    let at = (0..table.rows()).find(|row| cell("measure", *row) == measure).unwrap();
    ["pool", "cost_yuan", "points", "value", "production_per_point", "institutions"]
        .map(|column| cell(column, at))
        .join(" ")
}

// 500 ÷ 3000 and 1200 ÷ 3000; weighted (0.2·500 + 0.8·1200) ÷ 3000 = 1060 ÷ 3000. By institution H1 (40 +
// 160) ÷ (400 + 800) = 0.1667, H2 860 ÷ 1800 = 0.4778: H1 alone lies below 0.3533.
// shows: E10
#[test]
fn start_value_is_weighted_cost_over_weighted_points() {
    let table = table(("0.025", "0.975"), &[]).unwrap();
    assert_eq!(row(&table, "year_2022"), "all 500.0000 3000.0000 0.1667 – 2");
    assert_eq!(row(&table, "year_2023"), "all 1200.0000 3000.0000 0.4000 – 2");
    assert_eq!(row(&table, "year_start"), "all 1060.0000 3000.0000 0.3533 – 2");
    assert_eq!(row(&table, "merit_1d"), "all 200.0000 1200.0000 0.1667 – 1");
    // Two and a half percent of three cases are none.
    assert_eq!(row(&table, "percentile"), "all 1060.0000 3000.0000 0.3533 – 2");
}

// ⌊0.34 · 3⌋ = 1 leaves at each end: of 2022 nothing below (100 and 100 tie) and 300 above, of 2023 the 400
// stays alone. (0.2·200 + 0.8·400) ÷ (0.2·2000 + 0.8·1000) = 360 ÷ 1200 = 0.3.
// shows: E10
#[test]
fn percentile_variant_leaves_out_both_ends_of_cost_per_point() {
    let table = table(("0.34", "0.66"), &[]).unwrap();
    assert_eq!(row(&table, "percentile"), "all 360.0000 1200.0000 0.3000 – 2");
    assert_eq!(row(&table, "year_start"), "all 1060.0000 3000.0000 0.3533 – 2");
}

// Newest year: H1 0.20, H2 0.50 a point, area 0.40. Production 150 and 1200: 0.15, 0.60, area 0.45. H1 is
// low on both and covers its cost. At 250 it does not; without a cost it takes no part.
// shows: E10
#[test]
fn merit_in_two_dimensions_needs_production_costs_and_never_assumes_them() {
    let merit = |production: &[(&str, i64)]| {
        row(&table(("0.025", "0.975"), production).unwrap(), "merit_2d")
    };
    assert_eq!(merit(&[("H1", 150), ("H2", 1200)]), "all – – 0.2000 0.1500 1");
    assert_eq!(merit(&[("H1", 250), ("H2", 2400)]), "all – – – – 0");
    assert_eq!(merit(&[("H2", 1200)]), "all – – – – 0");
    assert_eq!(merit(&[]), "all – – – – 0");
}
