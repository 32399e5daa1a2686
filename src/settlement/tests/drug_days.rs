//! Clearing by drug days (Y30–Y32, A17): the printed example, chains over institutions and groups, edges.

use std::num::NonZeroUsize;

use crate::policy::model::{Clearing, ClearingDays, DaysMethod, Policy};
use crate::settlement::cases::{Cases, flag};
use crate::settlement::outcome::{DayRow, LineKind};
use crate::settlement::{Error, Outcome};
use crate::units::Fen;

use super::build::{Case, case, cite, columns, dec, input, settle_columns, standard_policy, yuan};

/// One fill: person, day, institution, group; fee 400 yuan of drugs, ratio 0.8 at X and 0.5 at Y.
type Fill<'a> = (u32, i32, &'a str, &'a str);

fn by_days(groups: &[&str], method: DaysMethod) -> Policy {
    let mut policy = standard_policy();
    let groups = groups.iter().map(|code| (*code).to_owned()).collect();
    policy.clearing_days = Some(ClearingDays { cite: cite("days"), groups, method });
    policy
}

/// Columns of fills, ids in the order given.
fn with_days(rows: &[Case], fills: &[(u32, i32, u32)]) -> Cases {
    let mut cases = columns(rows);
    cases.person = fills.iter().map(|fill| fill.0).collect();
    cases.begin_day = fills.iter().map(|fill| fill.1).collect();
    cases.prd_days = fills.iter().map(|fill| fill.2).collect();
    cases.drug_fen = rows.iter().map(|row| row.fee_fen).collect();
    cases
}

fn filled(fills: &[Fill<'_>]) -> Cases {
    let fund = |institution: &str| if institution == "X" { "320" } else { "200" };
    let rows: Vec<Case> =
        fills.iter().map(|fill| case(fill.2, fill.3, "400", fund(fill.2))).collect();
    let days: Vec<_> = fills.iter().map(|fill| (fill.0, fill.1, 0)).collect();
    with_days(&rows, &days)
}

fn settled(policy: &Policy, cases: &Cases, control: &str) -> Outcome {
    settle_columns(cases, input(policy, None, control)).unwrap()
}

/// The row of a group, all institutions together.
fn group<'a>(outcome: &'a Outcome, code: &str) -> &'a DayRow {
    let rows = outcome.days.iter();
    let mut rows = rows.filter(|row| row.group_code == code && row.fixmedins_code.is_empty());
    rows.next().unwrap()
}

fn entitlements(outcome: &Outcome) -> Vec<String> {
    outcome.institutions.iter().map(|row| row.entitlement.to_string()).collect()
}

// shows: D-Y9, Y30, Y31, Y32, A17
#[test]
fn twelve_fills_make_330_days_and_with_the_last_ones_supply_360() {
    // 12 fills of 947 at days 0, 30, …, 330: 11 gaps of 30, drug cost 11 364.
    let rows = vec![case("X", "M_N18", "947", "947"); 12];
    let fills: Vec<_> = (0..12).map(|at| (7, 30 * at, 30)).collect();
    let cases = with_days(&rows, &fills);
    for (method, days, daily) in [
        (DaysMethod::Literal, 330, "34.4364"),     // 11364 ÷ 330
        (DaysMethod::IncludeLast, 360, "31.5667"), // 11364 ÷ 360
        (DaysMethod::CapPrdDays, 330, "34.4364"),  // no gap is longer than its 30 days
    ] {
        let outcome = settled(&by_days(&["M_N18"], method), &cases, "20000");
        let row = group(&outcome, "M_N18");
        assert_eq!((row.days, row.daily), (days, Some(dec(daily))), "{method:?}");
        // Ratio 1: Σ days × daily is the drug cost again, whatever the days.
        assert_eq!((row.drug, row.day_base), (yuan("11364"), Some(yuan("11364"))));
        assert_eq!(entitlements(&outcome), ["11364.00"]);
    }
}

// shows: Y30, Y32, A17, R21
#[test]
fn a_gap_belongs_to_the_institution_of_its_first_case() {
    // P1: X day 0 (10 days), Y day 10 (30), X day 40 (last: 0). P2: Y day 5 (20), Y day 25 (last).
    // Days: X 10, Y 50. Daily 5 × 400 ÷ 60 = 33.3333…
    // X 33.3333… × 10 × 0.8 = 266.67; Y 33.3333… × 50 × 0.5 = 833.33.
    let mut fills = vec![
        (1, 0, "X", "M_N18"),
        (1, 10, "Y", "M_N18"),
        (1, 40, "X", "M_N18"),
        (2, 5, "Y", "M_N18"),
        (2, 25, "Y", "M_N18"),
    ];
    let policy = by_days(&["M_N18"], DaysMethod::Literal);
    let outcome = settled(&policy, &filled(&fills), "2000");
    assert_eq!(entitlements(&outcome), ["266.67", "833.33"]);
    assert_eq!(group(&outcome, "M_N18").daily, Some(dec("33.3333")));
    // The ledger starts from the standard: 2 × 947 × 0.8 = 1515.20; 266.67 − 1515.20 = −1248.53.
    let own = outcome.ledger.iter().filter(|line| line.fixmedins_code == "X");
    let own: Vec<_> = own.map(|line| (line.kind, line.amount)).collect();
    let wanted =
        [(LineKind::StandardPaid, yuan("1515.20")), (LineKind::DayClearing, yuan("-1248.53"))];
    assert_eq!(own, wanted);
    assert_eq!(outcome.pools[0].standard_paid, Some(yuan("1100")));
    // Overspent: k = 550 ÷ 1100; the halves 133.335 and 416.665 leave a fen, which goes to X.
    let over = settled(&policy, &filled(&fills), "550");
    assert_eq!(entitlements(&over), ["133.34", "416.66"]);
    assert_eq!(over.pools[0].floating_factor, Some(dec("0.5000")));
    // The order of the rows says nothing but for ids, which decide only on one day.
    fills.reverse();
    assert_eq!(entitlements(&settled(&policy, &filled(&fills), "2000")), ["266.67", "833.33"]);
}

// shows: A17, R16
#[test]
fn gaps_chain_over_all_groups_cleared_by_days_and_over_no_other() {
    // M day 0 → MA day 10 → M day 30: M has 10 days (and 0), MA 20.
    let fills = [
        (1, 0, "X", "M_N18"),
        (1, 10, "X", "MA_N18"),
        (1, 30, "X", "M_N18"),
        (1, 70, "X", "A_N18"),
    ];
    let both = by_days(&["MA_N18", "M_N18"], DaysMethod::Literal);
    let cases = {
        let mut cases = filled(&fills);
        // 400 is below 0.4 × 1333 = 533.20: by item. 600 is paid by standard.
        cases.fee_fen[1] = 60_000;
        cases.drug_fen[1] = 60_000;
        cases.fund_fen[1] = 48_000;
        cases
    };
    let outcome = settled(&both, &cases, "9000");
    let of = |code| (group(&outcome, code).days, group(&outcome, code).daily);
    assert_eq!(of("M_N18"), (10, Some(dec("80.0000")))); // 800 ÷ 10
    assert_eq!(of("MA_N18"), (20, Some(dec("30.0000")))); // 600 ÷ 20
    assert!(outcome.days.iter().all(|row| row.group_code != "A_N18"));
    // Without MA_N18 the chain goes from M to M.
    let one = settled(&by_days(&["M_N18"], DaysMethod::Literal), &cases, "9000");
    assert_eq!(group(&one, "M_N18").days, 30);
    // A case paid by item takes no part: MA_N18 at 400 leaves M → M.
    let low = settled(&both, &filled(&fills), "9000");
    assert_eq!(group(&low, "M_N18").days, 30);
}

// shows: A53, A17
#[test]
fn a_group_without_days_is_cleared_by_its_standard() {
    let fills = [(1, 3, "X", "M_N18"), (2, 3, "Y", "M_N18")];
    let outcome = settled(&by_days(&["M_N18"], DaysMethod::Literal), &filled(&fills), "9000");
    let row = group(&outcome, "M_N18");
    assert_eq!((row.days, row.daily, row.day_base), (0, None, None));
    assert_eq!(entitlements(&outcome), ["757.60", "473.50"]); // 947 × 0.8, 947 × 0.5
    let table = crate::settlement::tables::days_table(&[outcome]);
    assert_eq!(table.cell("flag", 0).as_deref(), Some("zero_days"));
}

// shows: A17
#[test]
fn supply_limits_a_gap_only_where_it_was_exported() {
    let rows = vec![case("X", "M_N18", "947", "947"); 3];
    let cases = with_days(&rows, &[(1, 0, 20), (1, 30, 0), (1, 90, 14)]);
    for (method, days) in [
        (DaysMethod::Literal, 30 + 60),
        (DaysMethod::IncludeLast, 30 + 60 + 14),
        (DaysMethod::CapPrdDays, 20 + 60),
    ] {
        let outcome = settled(&by_days(&["M_N18"], method), &cases, "9000");
        assert_eq!(group(&outcome, "M_N18").days, days, "{method:?}");
    }
}

// shows: R12, Y26
#[test]
fn a_gap_over_the_end_of_a_period_belongs_to_the_period_of_its_first_case() {
    let mut policy = by_days(&["M_N18"], DaysMethod::Literal);
    policy.budget.period = Clearing::HalfYear;
    let mut cases = filled(&[(1, 150, "X", "M_N18"), (1, 190, "X", "M_N18")]);
    cases.month = vec![6, 7];
    let mut input = input(&policy, None, "0");
    input.budgets =
        ["H1", "H2"].map(|period| (("all".to_owned(), period.to_owned()), yuan("5000"))).into();
    let outcome = settle_columns(&cases, input).unwrap();
    let days: Vec<_> = outcome
        .days
        .iter()
        .filter(|row| row.fixmedins_code.is_empty())
        .map(|row| (row.period.as_str(), row.days, row.day_base))
        .collect();
    // H1: 400 ÷ 40 × 40 × 0.8 = 320; H2 has no days: 757.60 by standard.
    assert_eq!(days, [("H1", 40, Some(yuan("320"))), ("H2", 0, None)]);
    assert_eq!(entitlements(&outcome), ["1077.60"]);
}

// shows: A17
#[test]
fn on_one_day_the_smaller_id_comes_first() {
    // Y (id 000000) and X (id 000001) on day 0, X on day 10: Y has 0 days, X 10.
    let fills = [(1, 0, "Y", "M_N18"), (1, 0, "X", "M_N18"), (1, 10, "X", "M_N18")];
    let policy = by_days(&["M_N18"], DaysMethod::Literal);
    let days = |cases: &Cases| {
        let outcome = settled(&policy, cases, "9000");
        let rows = outcome.days.into_iter().filter(|row| !row.fixmedins_code.is_empty());
        rows.map(|row| (row.fixmedins_code, row.days)).collect::<Vec<_>>()
    };
    let mut cases = filled(&fills);
    assert_eq!(days(&cases), [("X".to_owned(), 10), ("Y".to_owned(), 0)]);
    let mut ids: Vec<Option<&str>> = cases.case_id.iter().collect();
    ids.swap(0, 1);
    cases.case_id = ids.into_iter().collect();
    assert_eq!(days(&cases), [("X".to_owned(), 0), ("Y".to_owned(), 10)]);
}

// shows: R16
#[test]
fn late_cases_take_part_only_where_their_group_is_cleared_by_days() {
    let mut cases = filled(&[(1, 0, "X", "M_N18"), (1, 10, "X", "QY_N18"), (1, 30, "X", "M_N18")]);
    cases.flags[1] = flag::LATE;
    let days = |groups: &[&str]| {
        let outcome = settled(&by_days(groups, DaysMethod::Literal), &cases, "9000");
        outcome
            .days
            .iter()
            .filter(|row| row.fixmedins_code.is_empty())
            .map(|row| row.days)
            .collect()
    };
    let both: Vec<i64> = days(&["M_N18", "QY_N18"]);
    assert_eq!(both, [10, 20]);
    let one: Vec<i64> = days(&["M_N18"]);
    assert_eq!(one, [30]);
}

// shows: R27, A46
#[test]
fn case_pay_sums_to_the_entitlement_where_groups_are_cleared_by_days() {
    let cases = filled(&[(1, 0, "X", "M_N18"), (1, 7, "X", "M_N18"), (2, 9, "X", "A_N18")]);
    let policy = by_days(&["M_N18"], DaysMethod::Literal);
    let outcome = settled(&policy, &cases, "9000");
    let input = input(&policy, None, "9000");
    let decisions =
        crate::settlement::decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    let pays = Fen::sum(decisions.iter().map(|decision| decision.pay)).unwrap();
    assert_eq!(pays, outcome.institutions[0].entitlement);
}

// shows: A17
#[test]
fn days_without_their_columns_are_ours_to_fix() {
    let cases = columns(&[case("X", "M_N18", "400", "320")]);
    let policy = by_days(&["M_N18"], DaysMethod::Literal);
    let wrong = settle_columns(&cases, input(&policy, None, "9000")).unwrap_err();
    assert_eq!(wrong, Error::Columns { column: "person", row: 0 });
}
