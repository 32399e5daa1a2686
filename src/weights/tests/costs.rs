//! Weights and price indices of the cost classes by hand.

use super::{built, cases, dec, policy, weights};
use crate::policy::model::{Outliers, Trim, Weights};
use crate::settlement::cases::Cases;
use crate::table::Table;

/// Drug cost 40 then 100 in A; 60, then three times 90 in B; of 100, 200, 300, 300 yuan.
fn with_drugs() -> Cases {
    let rows = [
        ("A", "H1", 2022, 10_000),
        ("A", "H1", 2023, 20_000),
        ("B", "H1", 2022, 30_000),
        ("B", "H1", 2023, 30_000),
        ("B", "H1", 2023, 30_000),
        ("B", "H1", 2023, 30_000),
    ];
    let drugs = [4_000, 10_000, 6_000, 9_000, 9_000, 9_000];
    let mut cases = cases(&rows);
    cases.cost_fen =
        drugs.iter().zip(rows).map(|(drug, row)| [*drug, 0, 0, row.3 - drug, 0]).collect();
    cases
}

fn cell(table: &Table, group: &str, class: &str, column: &str) -> Option<String> {
    let at = |row: &usize| {
        table.cell("group_code", *row).as_deref() == Some(group)
            && table.cell("cost_class", *row).as_deref() == Some(class)
    };
    (0..table.rows()).find(at).and_then(|row| table.cell(column, row))
}

// dm: A 0.2·40 + 0.8·100 = 88, B 0.2·60 + 0.8·90 = 84. dM: 0.2·50 + 0.8·(100 + 270) ÷ 4 = 84.
// Index: A 100/40, B 90/60; together with the mix of the older year (40 + 60 → 100 + 90) 1.9, although the
// mean of all cases rose from 50 to 92.5.
// shows: W-6
#[test]
fn drugs_have_weights_and_a_price_index() {
    let made = built(&with_drugs(), &policy(weights(&["0.2", "0.8"])), &[2022, 2023]);
    let table = made.catalog.table("cost_class").unwrap();
    let cell = |group: &str, class: &str, column: &str| cell(table, group, class, column);
    let row = |group: &str, class: &str| {
        ["mean_yuan", "weight", "price_index"].map(|column| cell(group, class, column).unwrap())
    };
    assert_eq!(row("A", "drug"), ["88.0000", "1.0476", "2.5000"]);
    assert_eq!(row("B", "drug"), ["84.0000", "1.0000", "1.5000"]);
    assert_eq!(row("", "drug"), ["84.0000", "1.0000", "1.9000"]);
    // Fees: A 0.2·100 + 0.8·200, doubled; B stays; (200 + 300) ÷ (100 + 300).
    assert_eq!(row("A", "fee")[0], "180.0000");
    assert_eq!(row("", "fee")[2], "1.2500");
    assert_eq!(cell("A", "consumable", "mean_yuan").as_deref(), Some("0.0000"));
    assert_eq!(cell("A", "consumable", "weight"), None, "nothing is divided by 0");
    assert_eq!(cell("A", "consumable", "price_index"), None);
}

// shows: W-6
#[test]
fn costs_are_those_of_the_cases_that_count() {
    // Above twice the mean (1.5·100 … ): of 10 × 100 and one 10 000 yuan the last leaves.
    let mut rows = vec![("A", "H1", 2023, 10_000); 10];
    rows.push(("A", "H1", 2023, 1_000_000));
    let mut cases = cases(&rows);
    cases.cost_fen = rows.iter().map(|row| [row.3.div_euclid(2), 0, 0, 0, 0]).collect();
    let rule =
        Weights { trim: Trim::Multiple { low: dec("0"), high: dec("2") }, ..weights(&["1"]) };
    let made = built(&cases, &policy(rule.clone()), &[2023]);
    let table = made.catalog.table("cost_class").unwrap();
    assert_eq!(cell(table, "A", "drug", "mean_yuan").as_deref(), Some("50.0000"));
    assert_eq!(cell(table, "A", "drug", "cases").as_deref(), Some("10"));
    assert_eq!(cell(table, "A", "drug", "price_index"), None, "one year has no index");
    // Winsorised it stays, with its own 5 000 of drugs: (10·50 + 5000) ÷ 11.
    let rule = Weights { outliers: Outliers::Winsorise, ..rule };
    let made = built(&cases, &policy(rule), &[2023]);
    let table = made.catalog.table("cost_class").unwrap();
    assert_eq!(cell(table, "A", "drug", "mean_yuan").as_deref(), Some("500.0000"));
    cases.cost_fen.clear();
    let made = built(&cases, &policy(weights(&["1"])), &[2023]);
    assert!(made.catalog.table("cost_class").is_none());
}
