//! Special cases: the quota, who qualifies, and the ledger (6.7, P08).

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crate::catalog::model::Catalog;
use crate::explain::{Explain as _, render};
use crate::policy::model::{Policy, Special, SpecialReference};
use crate::settlement::cases::Cases;
use crate::settlement::special::{candidate_table, case_table, ledger_table, quota};
use crate::settlement::{
    Error, Outcome, ScenarioInput, SpecialCase, SpecialKind, decide_all, settle,
};
use crate::table::Table;

use super::build::{Case, case, catalog, cite, columns, dec, input, points_policy, threads};

fn policy(quota: &str, reference: SpecialReference) -> Policy {
    let mut policy = points_policy();
    policy.special =
        Some(Special { cite: cite("special"), quota: dec(quota), over: dec("2"), reference });
    policy
}

/// Group G: mean 1000 yuan, 1000 points.
fn book() -> Catalog {
    catalog("1000", "1000", &[("G", "1000", "1000")])
}

fn listed(rows: &[(&str, SpecialKind)]) -> BTreeMap<String, SpecialCase> {
    let one = |(id, kind): &(&str, SpecialKind)| {
        let case = SpecialCase {
            kind: *kind,
            reviewer: "评审组".to_owned(),
            reason: "多脏器衰竭".to_owned(),
        };
        ((*id).to_owned(), case)
    };
    rows.iter().map(one).collect()
}

fn settled(cases: &Cases, input: &ScenarioInput<'_>) -> Result<Outcome, Error> {
    settle(cases, std::slice::from_ref(input), threads(1)).map(|mut all| all.remove(0))
}

fn rows(table: &Table, columns: &[&str]) -> Vec<String> {
    let cell = |row: usize, name: &&str| table.cell(name, row).unwrap_or_else(|| "–".to_owned());
    (0..table.rows())
        .map(|row| columns.iter().map(|name| cell(row, name)).collect::<Vec<_>>().join(" "))
        .collect()
}

fn many(count: usize) -> Vec<Case> {
    (0..count).map(|_| case("X", "G", "1000", "800")).collect()
}

// shows: E13, P08, R37
#[test]
fn the_quota_is_a_share_of_the_areas_cases_rounded_down() {
    for (share, cases, wanted) in [
        ("0.005", 1_999, 9), // 9.995
        ("0.005", 2_000, 10),
        ("0.05", 39, 1), // 1.95
        ("0.05", 40, 2),
        ("0", 1_000, 0),
    ] {
        assert_eq!(quota(dec(share), cases), wanted, "{share} of {cases}");
    }
}

// shows: E13, P08, R37
#[test]
fn a_list_over_its_quota_is_refused_with_the_first_ids_over() {
    let (policy, book) = (policy("0.05", SpecialReference::Mean), book());
    let mut input = input(&policy, Some(&book), "1000");
    let refused = SpecialKind::Refused;
    // 40 cases: two may be listed. Ids that are no case of the year do not count, nor do points added.
    input.given.special = listed(&[
        ("000003", SpecialKind::Item),
        ("000007", refused),
        ("000008", SpecialKind::Add(dec("5"))),
        ("elsewhere", refused),
    ]);
    assert!(settled(&columns(&many(40)), &input).is_ok());
    // 39 cases: one.
    let err = settled(&columns(&many(39)), &input).unwrap_err();
    assert_eq!(err.kind().exit_code(), 2);
    assert_eq!(
        render(&err),
        "error: scenario `base`: 2 special cases are listed, 1 are allowed: 0.05 of the area's 39 \
         cases, rounded down; over it 000007\n\
         hint: take 1 of them off table `special`, or change `special.quota`"
    );
    // Cases of another year are no cases of the area.
    let mut cases = columns(&many(40));
    cases.year[39] -= 1;
    assert!(matches!(settled(&cases, &input), Err(Error::SpecialOverQuota { cases: 39, .. })));
    // Without the section the list has no limit.
    let free = points_policy();
    let free = ScenarioInput { policy: &free, ..input };
    assert!(settled(&columns(&many(39)), &free).is_ok());
}

// shows: E13, P08
#[test]
fn candidates_cost_more_than_twice_the_reference_and_are_ranked_by_excess() {
    let (policy, book) = (policy("0.5", SpecialReference::Mean), book());
    let fees = ["2000", "2000.01", "5000", "900", "5000"];
    let mut cases: Vec<Case> = fees.iter().map(|fee| case("X", "G", fee, "500")).collect();
    cases.push(case("X", "", "90000", "500")); // no group, no reference
    let cases = columns(&cases);
    let mut input = input(&policy, Some(&book), "9000");
    input.given.special = listed(&[("000004", SpecialKind::Refused)]);
    let outcome = settled(&cases, &input).unwrap();
    let table = candidate_table(&cases, &input, &outcome).unwrap();
    let wanted = ["rank", "setl_id", "reference_yuan", "times", "excess_yuan", "listed"];
    assert_eq!(
        rows(&table, &wanted),
        [
            "1 000002 1000.00 5.0000 3000.00 ",
            "2 000004 1000.00 5.0000 3000.00 refused",
            "3 000001 1000.00 2.0000 0.01 ", // 2000 itself is not above twice the mean
        ]
    );
}

// shows: E13
#[test]
fn a_standard_is_points_times_the_settlement_value_in_cost_money() {
    let (policy, book) = (policy("0.5", SpecialReference::Standard), book());
    // Two cases of 1000 points, fees 1000 + 4000, fund 500 + 2000: ratio 0.5. Budget 1800: 0.9 fund
    // yuan a point, 1.8 cost yuan: the standard is 1800, and 4000 − 2 × 1800 = 400.
    let cases = columns(&[case("X", "G", "1000", "500"), case("X", "G", "4000", "2000")]);
    let input = input(&policy, Some(&book), "1800");
    let outcome = settled(&cases, &input).unwrap();
    let table = candidate_table(&cases, &input, &outcome).unwrap();
    assert_eq!(
        rows(&table, &["setl_id", "reference_yuan", "excess_yuan"]),
        ["000001 1800.00 400.00"]
    );
}

// shows: E13, P08, Z25
#[test]
fn the_ledger_says_what_was_applied_for_granted_and_paid_by_whom() {
    let (policy, book) = (policy("0.5", SpecialReference::Mean), book());
    let cases = columns(&[
        case("X", "G", "3000", "500"),
        case("X", "G", "3000", "500"),
        case("Y", "G", "1000", "500"),
        case("Y", "G", "1000", "500"),
    ]);
    let mut input = input(&policy, Some(&book), "4000");
    // Refused: settled as if it were not listed, a quarter of 4000 each.
    input.given.special = listed(&[("000000", SpecialKind::Refused)]);
    let outcome = settled(&cases, &input).unwrap();
    let decided = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    let columns = ["fixmedins_code", "cases", "quota", "applied", "approved", "fund_yuan"];
    let ledger = ledger_table(&cases, &input, &decided).unwrap();
    assert_eq!(rows(&ledger, &columns), [" 4 2 1 0 0.00", "X 2 – 1 0 0.00", "Y 2 – 0 0 0.00"]);
    let each = case_table(&cases, &input, &decided).unwrap();
    let columns = ["setl_id", "outcome", "value", "pay_yuan", "reviewer", "reason"];
    assert_eq!(rows(&each, &columns), ["000000 refused – 1000.00 评审组 多脏器衰竭"]);
    // Nothing listed, nothing to publish.
    input.given.special = BTreeMap::new();
    assert!(ledger_table(&cases, &input, &decided).is_none());
    assert!(case_table(&cases, &input, &decided).is_none());
}
