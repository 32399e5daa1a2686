//! Who lost cases, what stands the wrong way round, what groups explain: by hand.

use super::{cases, dec, policy, weights, years};
use crate::catalog::model::Catalog;
use crate::policy::model::{Cite, Inversions, Outliers, Trim, Weights};
use crate::settlement::cases::flag;
use crate::settlement::coefficient::InstitutionFacts;
use crate::table::Table;
use crate::weights::{Passed, build};

type Row = (&'static str, &'static str, u16, i64);

fn row(table: &Table, at: usize) -> Vec<String> {
    table.columns.iter().map(|(_, column)| column.show(at).unwrap_or_default()).collect()
}

fn catalog(rows: &[Row], rule: Weights, levels: &[(&str, &str)]) -> Catalog {
    let facts = levels.iter().map(|(code, level)| InstitutionFacts {
        code: (*code).to_owned(),
        hosp_lv: (*level).to_owned(),
        ..InstitutionFacts::default()
    });
    let passed = Passed { institutions: facts.collect(), ..Passed::default() };
    build(&cases(rows), &policy(rule), &years(&[2023]), passed).unwrap().catalog
}

// Ten cases of 100 in H1; above twice the mean (1000 + 3 · 10 000) ÷ 13 = 2384.6: three of 10 000, two of
// them in H2. Winsorised each loses 10 000 − 4769.23 = 5230.77.
// shows: E05, A39
#[test]
fn the_ledger_tells_whose_cases_were_trimmed() {
    let mut rows = vec![("A", "H1", 2023, 10_000); 10];
    rows.extend([("A", "H1", 2023, 1_000_000), ("A", "H2", 2023, 1_000_000)]);
    rows.push(("A", "H2", 2023, 1_000_000));
    let rule =
        Weights { trim: Trim::Multiple { low: dec("0"), high: dec("2") }, ..weights(&["1"]) };
    let made = catalog(&rows, rule.clone(), &[]);
    let table = made.table("trimmed_institution").unwrap();
    assert_eq!(table.rows(), 2);
    assert_eq!(row(table, 0), ["A", "H1", "1", "10000.00", "33.33", "0"]);
    assert_eq!(row(table, 1), ["A", "H2", "2", "20000.00", "66.67", "1"]);
    let made = catalog(&rows, Weights { outliers: Outliers::Winsorise, ..rule }, &[]);
    let table = made.table("trimmed_institution").unwrap();
    assert_eq!(row(table, 1), ["A", "H2", "2", "10461.54", "66.67", "1"]);
    assert!(catalog(&rows, weights(&["1"]), &[]).table("trimmed_institution").is_none());
}

fn watched() -> Weights {
    let inversions = Inversions {
        cite: Cite::default(),
        levels: vec!["1 2".to_owned(), "5".to_owned(), "8".to_owned()],
        severity: vec!["1".to_owned(), "3".to_owned(), "5".to_owned()],
    };
    Weights { inversions: Some(inversions), ..weights(&["1"]) }
}

// In A level three costs 300, level one 400 (twice): it is dearer than the next level with cases by
// 2 · 100. Level two has none. H4 is of no level.
// shows: E06
#[test]
fn a_lower_tier_that_is_dearer_is_listed_with_its_money() {
    let rows = [
        ("A", "H1", 2023, 30_000),
        ("A", "H3", 2023, 40_000),
        ("A", "H3", 2023, 40_000),
        ("A", "H4", 2023, 90_000),
        ("B", "H1", 2023, 30_000),
        ("B", "H3", 2023, 30_000),
    ];
    let levels = [("H1", "2"), ("H2", "5"), ("H3", "8"), ("H4", "99")];
    let made = catalog(&rows, watched(), &levels);
    let table = made.table("inversions").unwrap();
    assert_eq!(table.rows(), 1, "equal means are no inversion");
    let expected =
        ["lower_tier_dearer", "A", "8", "2", "400.0000", "1 2", "300.0000", "200.00", ""];
    assert_eq!(row(table, 0), expected);
    assert!(catalog(&rows, weights(&["1"]), &levels).table("inversions").is_none());
}

// FR1: severe 100, mild 150 (two severe cases: 100 too little). FR2: 300 above 200 above 100: as it should.
// shows: E06
#[test]
fn a_severe_group_that_is_cheaper_is_listed_with_its_money() {
    let rows = [
        ("FR11", "H1", 2023, 10_000),
        ("FR11", "H1", 2023, 10_000),
        ("FR13", "H1", 2023, 15_000),
        ("FR21", "H1", 2023, 30_000),
        ("FR23", "H1", 2023, 20_000),
        ("FR25", "H1", 2023, 10_000),
        ("GZ1", "H1", 2023, 10),
    ];
    let made = catalog(&rows, watched(), &[]);
    let table = made.table("inversions").unwrap();
    assert_eq!(table.rows(), 1);
    let expected =
        ["severe_cheaper", "FR11", "", "2", "100.0000", "FR13", "150.0000", "100.00", ""];
    assert_eq!(row(table, 0), expected);
}

// 1 and 3: mean 2, SD 1, CV 0.5. 1 and 6: mean 3.5, SD 2.5, CV 0.714286. 1 and, twice, 0: mean 1/3, SD √2/3,
// CV 1.414214.
// shows: E06
#[test]
fn groups_of_wide_spread_are_listed_once() {
    let rows = [
        ("A", "H1", 2023, 100),
        ("A", "H1", 2023, 300),
        ("B", "H1", 2023, 100),
        ("B", "H1", 2023, 600),
        ("C", "H1", 2023, 100),
        ("C", "H1", 2023, 0),
        ("C", "H1", 2023, 0),
    ];
    let made = catalog(&rows, weights(&["1"]), &[]);
    let table = made.table("inversions").unwrap();
    let found: Vec<_> = (0..table.rows()).map(|at| row(table, at)).collect();
    assert_eq!(found[0][..2], ["cv_above_0_7", "B"]);
    assert_eq!(found[0][8], "0.714286");
    assert_eq!(found[1][..2], ["cv_above_1", "C"]);
    assert_eq!(found.len(), 2);
    // Within: A 2·1, B 2·6.25, C 2/3; total Σx² − (Σx)² ÷ n = 48 − 144 ÷ 7... : R² of all and of the kind.
    let fit = made.table("fit").unwrap();
    let within = 2.0 + 12.5 + 2.0 / 3.0;
    let total = (1.0 + 9.0 + 1.0 + 36.0 + 1.0) - 12.0 * 12.0 / 7.0;
    let expected = format!("{:.4}", 1.0 - within / total);
    assert_eq!(row(fit, 0), ["", "3", "7", expected.as_str(), "2", "1"]);
    assert_eq!(row(fit, 1)[0], "group");
    assert_eq!(row(fit, 1)[3], expected);
}

// Of A's three cases one pays itself: M and m count all of them, (100 + 200 + 600) ÷ 3 = 300.
// shows: E32
#[test]
fn patients_who_pay_themselves_count_in_means_and_are_marked() {
    let rows = [("A", "H1", 2023, 10_000), ("A", "H1", 2023, 20_000), ("A", "H1", 2023, 60_000)];
    let mut all = cases(&rows);
    all.flags[2] = flag::SELF_PAYING;
    let made = build(&all, &policy(weights(&["1"])), &years(&[2023]), Passed::default());
    let made = made.unwrap().catalog;
    assert_eq!((made.groups[0].mean, made.base_mean), (dec("300"), dec("300")));
    let table = made.table("self_paying").unwrap();
    assert_eq!(row(table, 0), ["A", "3", "1", "600.0000", "150.0000"]);
    assert!(catalog(&rows, weights(&["1"]), &[]).table("self_paying").is_none());
}
