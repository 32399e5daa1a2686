//! The whole path of a DRG city: made, loaded, priced by the results of another grouper, then grouped
//! by the policy's own two MDCs.

use std::collections::BTreeMap;
use std::path::Path;

use super::tools::{csv, dianshu, synth};

type Row = BTreeMap<String, String>;

fn count(row: &Row, column: &str) -> i64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

/// A decimal with a fixed number of places as a whole number of its last place.
fn units(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap_or_else(|_| panic!("`{text}` is no decimal"))
}

fn build(path: &Path, scenario: &str, out: &str) -> Vec<Row> {
    let words = "catalog build --policy panzhihua-drg --years 2021,2022,2023 --warehouse wh";
    dianshu(path, &format!("{words} {scenario} --out {out} --quiet")).ok();
    dianshu(path, &format!("verify {out}")).ok();
    csv(&path.join(out).join("groups.csv"))
}

fn cases(groups: &[Row], wanted: impl Fn(&Row) -> bool) -> i64 {
    groups.iter().filter(|row| wanted(row)).map(|row| count(row, "cases")).sum()
}

/// Cases of the circulatory and digestive MDCs by ADRG.
fn by_adrg(groups: &[Row]) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for row in groups.iter().filter(|row| row["group_code"].starts_with(['F', 'G'])) {
        *found.entry(row["group_code"][..3].to_owned()).or_default() += count(row, "cases");
    }
    found
}

/// The city makes every stay of MDCs F and G so that our tables find its ADRG. The other grouper lost a
/// few of all stays (failed, empty, absent or differing results), so ours has at least its cases of F
/// and G, ADRG by ADRG, and at most those and all it lost.
fn own_tables_group_their_two_mdcs(path: &Path, given: &[Row]) {
    let own = build(path, "--scenario own-grouper", "own");
    let flow = csv(&path.join("own/flow.csv"));
    let all: i64 =
        flow.iter().filter(|row| row["step"] == "cases").map(|row| count(row, "rows")).sum();
    let grouped = cases(&own, |_| true);
    let least = cases(given, |row| row["group_code"].starts_with(['F', 'G']));
    let lost = all - cases(given, |_| true);
    println!("own tables: {grouped} of {all} cases; the other grouper: {least} in F and G");
    assert!(lost > 0 && least <= grouped && grouped <= least + lost, "{least} {grouped} {lost}");
    // Weights of the stays in cities/stays.toml that are in scope: 453 for F and 316 for G, of 1573. The
    // stays with exact numbers, about a hundred a year of some 550 cases, are nearly all in other MDCs:
    // 769 ÷ 1573 × 450 ÷ 550 = 40 %. A third leaves room for what is drawn.
    assert!(3 * grouped > all, "{grouped} of {all}");
    let (ours, theirs) = (by_adrg(&own), by_adrg(given));
    assert_eq!(ours.values().sum::<i64>(), grouped, "our tables know no other MDC");
    assert!(ours.keys().eq(theirs.keys()), "{ours:?} {theirs:?}");
    for (adrg, cases) in &ours {
        assert!(*cases >= theirs[adrg], "{adrg}: {cases} of {theirs:?}");
    }
}

/// Standard = points × control total of 2024 ÷ Σ points × cases of 2023, to the fen (P04).
fn standards_divide_the_control_total(path: &Path, groups: &[Row]) {
    let budget = csv(&path.join("export/budget.csv"));
    let control: i128 =
        budget.iter().filter(|row| row["year"] == "2024").map(|row| units(&row["amount"])).sum();
    assert!(control > 0);
    let points = |row: &Row| units(&row["points"]);
    let newest = |row: &Row| i128::from(count(row, "cases_2023"));
    let expected: i128 = groups.iter().map(|row| points(row) * newest(row)).sum();
    let table = csv(&path.join("cat/expected_standard.csv"));
    assert_eq!(table.len(), groups.len());
    for (row, group) in table.iter().zip(groups) {
        assert_eq!(row["group_code"], group["group_code"]);
        assert_eq!(row["points"], group["points"]);
        assert_eq!(count(row, "expected_cases"), count(group, "cases_2023"));
        // Half up, as whole numbers: (2·points·control + expected) ÷ 2·expected.
        let fen = (2 * points(group) * control + expected) / (2 * expected);
        assert_eq!(units(&row["standard_yuan"]), fen, "{row:?}");
    }
}

/// Groups whose CV is at most 0.5 and that are not small, those that vary least first (P05, A51).
fn candidates_are_a_filter(path: &Path, groups: &[Row]) {
    let small = |row: &Row| row["flags"].split(';').any(|flag| flag == "small");
    let mut wanted: Vec<(i128, String)> = groups
        .iter()
        .filter(|row| !small(row) && !row["cv"].is_empty() && units(&row["cv"]) <= 500_000)
        .map(|row| (units(&row["cv"]), row["group_code"].clone()))
        .collect();
    wanted.sort();
    let found: Vec<(i128, String)> = csv(&path.join("cat/same_price_candidates.csv"))
        .iter()
        .map(|row| (units(&row["cv"]), row["group_code"].clone()))
        .collect();
    assert!(!wanted.is_empty() && wanted.len() < groups.len());
    assert_eq!(found, wanted);
    // The CV alone would let small groups in; small is below 15 cases a year, 45 in three years.
    assert!(
        groups.iter().any(|row| small(row) && !row["cv"].is_empty() && units(&row["cv"]) < 500_000)
    );
    for group in groups {
        assert_eq!(small(group), count(group, "cases") < 45, "{group:?}");
    }
}

// shows: P02, P04, P05, P07, P09, P12, A51
#[test]
fn a_drg_city_is_priced_by_given_results_and_grouped_by_its_own_tables() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    synth(path, "panzhihua-drg", "--people 1500 --years 2021..2024 --seed 5 --clean", "export");
    let loaded = dianshu(path, "ingest export --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let given = build(path, "", "cat");
    standards_divide_the_control_total(path, &given);
    candidates_are_a_filter(path, &given);
    own_tables_group_their_two_mdcs(path, &given);
}
