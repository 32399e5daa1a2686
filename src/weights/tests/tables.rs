//! Tables `forecast` and `weight`, cell by cell.

use super::{cases, catalog, dec, policy, weights};
use crate::catalog::model::Catalog;
use crate::policy::model::{Cite, Standard};
use crate::table::Table;
use crate::units::Fen;
use crate::weights::{forecast, weight_table};

fn show(table: &Table) -> Vec<String> {
    (0..table.rows())
        .map(|row| {
            let cells = table.columns.iter().map(|(_, column)| column.show(row));
            cells.map(|cell| cell.unwrap_or_else(|| "–".to_owned())).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// A: 2022 {100}, 2023 {200}; B: 2022 {300}; C: 2023 {50}. Weights 0.2, 0.8. Z has a price only.
/// M 2022 = 400/2 = 200, 2023 = 250/2 = 125.
fn history() -> Catalog {
    let mut rules = policy(weights(&["0.2", "0.8"]));
    rules.standards = vec![Standard {
        cite: Cite::default(),
        group_code: "Z".to_owned(),
        price: Fen(100),
        from: chrono::NaiveDate::from_ymd_opt(2022, 1, 1).unwrap(),
    }];
    let rows = [
        ("A", "H1", 2022, 10_000),
        ("A", "H1", 2023, 20_000),
        ("B", "H1", 2022, 30_000),
        ("C", "H1", 2023, 5_000),
    ];
    catalog(&cases(&rows), &rules, &[2022, 2023])
}

#[test]
fn weights_stand_year_by_year() {
    let table = weight_table(&history()).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["group_code", "group_name", "year", "cases", "mean_yuan", "ratio"]);
    let expected = [
        "A 甲组 2022 1 100.0000 0.500000", // 100/200
        "A 甲组 2023 1 200.0000 1.600000", // 200/125
        "B  2022 1 300.0000 1.500000",
        "B  2023 0 – –",
        "C  2022 0 – –",
        "C  2023 1 50.0000 0.400000",
        "Z  2022 0 – –",
        "Z  2023 0 – –",
    ];
    assert_eq!(show(&table), expected);
    assert_eq!(table.name, "weight");
}

#[test]
fn the_forecast_is_compared_with_what_came() {
    // Catalog: A 0.2·100 + 0.8·200 = 180, B 300, C 50. Year: A 150, 250, 200 (mean 200), B 270,
    // D 10, Z 5, one ungrouped.
    let year = cases(&[
        ("A", "H1", 2024, 15_000),
        ("A", "H1", 2024, 25_000),
        ("A", "H1", 2024, 20_000),
        ("B", "H1", 2024, 27_000),
        ("D", "H1", 2024, 1_000),
        ("Z", "H1", 2024, 500),
        ("", "H1", 2024, 77),
    ]);
    let made = forecast(&history(), &year).unwrap();
    let expected = [
        "A 甲组 2 180.0000 3 200.0000 20.0000 0.1000 ",
        "B  1 300.0000 1 270.0000 -30.0000 -0.1111 ",
        "C  1 50.0000 0 – – – no_cases",
        "D  – – 1 10.0000 – – not_in_catalog",
        "Z  0 – 1 5.0000 – – no_history",
    ];
    assert_eq!(show(&made.table), expected);
    assert_eq!(made.table.name, "forecast");
    // (3·20 + 1·30) ÷ (600 + 270) = 90/870 = 0.10344…
    assert_eq!(made.error_rate, Some(dec("0.1034")));
    assert_eq!((made.cases, made.grouped_cases, made.catalog_cases), (7, 6, 5));
    assert_eq!(made.coverage, Some(dec("0.7143"))); // 5/7
}

#[test]
fn rates_without_a_divisor_are_missing() {
    let made = forecast(&history(), &cases(&[])).unwrap();
    assert_eq!((made.coverage, made.error_rate), (None, None));
    let free = forecast(&history(), &cases(&[("A", "H1", 2024, 0)])).unwrap();
    assert_eq!(show(&free.table)[0], "A 甲组 2 180.0000 1 0.0000 -180.0000 – ");
    assert_eq!(free.error_rate, None);
    assert_eq!(free.coverage, Some(dec("1")));
}
