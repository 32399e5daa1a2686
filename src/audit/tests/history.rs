//! The audit with the cases of a year.

use std::collections::BTreeMap;

use super::{dec, of_check, shipped};
use crate::audit::beside::{Counts, Moved, beside, findings, table};
use crate::audit::{Audit, Settings, cliffs};
use crate::policy::LoadedPolicy;
use crate::settlement::cases::{Cases, flag};
use crate::settlement::{Given, ScenarioInput};
use crate::units::Fen;

const YEAR: u16 = 2024;

/// Cases of group M_N18 (947 yuan: lines at 378.80 and 1894.00) as (institution, fee in fen, flags).
fn cases(rows: &[(u32, i64, u8)]) -> Cases {
    let count = rows.len();
    Cases {
        institutions: vec!["X".to_owned(), "Y".to_owned()],
        groups: vec!["M_N18".to_owned()],
        insutypes: vec!["310".to_owned()],
        institution: rows.iter().map(|row| row.0).collect(),
        group: vec![0; count],
        insutype: vec![0; count],
        year: vec![YEAR; count],
        month: vec![1; count],
        fee_fen: rows.iter().map(|row| row.1).collect(),
        inscope_fen: rows.iter().map(|row| row.1).collect(),
        fund_fen: rows.iter().map(|row| row.1 * 85 / 100).collect(),
        flags: rows.iter().map(|row| row.2).collect(),
        case_id: (0..count).map(|row| Some(format!("{row:06}"))).collect(),
        ..Cases::default()
    }
}

fn input(policy: &LoadedPolicy) -> ScenarioInput<'_> {
    ScenarioInput {
        name: "base".to_owned(),
        policy: &policy.policy,
        catalog: None,
        year: YEAR,
        budgets: BTreeMap::new(),
        assessments: BTreeMap::new(),
        given: Given::default(),
    }
}

fn settings(policy: &LoadedPolicy) -> Settings {
    Settings { year: YEAR, ..Settings::new(dec("0.85"), &policy.policy, None) }
}

// shows: E35
#[test]
fn cases_are_counted_within_five_and_ten_percent_of_each_line() {
    let policy = shipped("yantai-apg", &[]);
    let rows = [
        (0, 34_092, 0),             // 90 % of 378.80 exactly: outside
        (0, 34_093, 0),             // outer below
        (0, 35_986, 0),             // 95 %: still outer below
        (0, 35_987, 0),             // below
        (1, 37_880, 0),             // on the line: low, below
        (1, 37_881, 0),             // above
        (1, 39_774, 0),             // 105 %: above
        (1, 39_775, 0),             // outer above
        (1, 41_668, 0),             // 110 %: outer above
        (1, 41_669, 0),             // outside
        (0, 37_880, flag::LATE),    // not tested
        (0, 37_880, flag::MERGED),  // merged cases may be low (A11)
        (0, 189_400, flag::MERGED), // but never high (Y24)
        (0, 189_400, 0),            // below the high line
    ];
    let found = beside(&input(&policy), &cases(&rows), &settings(&policy)).unwrap();
    let counts =
        |outer_below, below, above, outer_above| Counts { outer_below, below, above, outer_above };
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].all, counts(2, 3, 2, 2));
    assert_eq!(found[0].institutions["X"], counts(2, 2, 0, 0));
    assert_eq!(found[0].institutions["Y"], counts(0, 1, 2, 2));
    assert_eq!(found[1].all, counts(0, 1, 0, 0));
    assert!(!found[1].institutions.contains_key("Y"));
    // Another year is not looked at.
    let mut later = cases(&rows);
    later.year = vec![YEAR + 1; rows.len()];
    let none = beside(&input(&policy), &later, &settings(&policy)).unwrap();
    assert_eq!(none[0].all, Counts::default());
}

// shows: E35
#[test]
fn odds_follow_a_straight_line_through_the_outer_bins() {
    let counts =
        |outer_below, below, above, outer_above| Counts { outer_below, below, above, outer_above };
    // 40 and 10: 30 and 20 in the middle, so 90 : 60.
    assert_eq!(counts(40, 0, 0, 10).odds(), (90, 60));
    assert_eq!(counts(40, 30, 20, 10).excess_below(), 0);
    assert_eq!(counts(40, 20, 30, 10).excess_below(), -10);
    assert_eq!(counts(0, 5, 5, 0).odds(), (1, 1));
    // Too few to test, enough to test.
    assert_eq!(counts(9, 10, 9, 9).p_value(), None);
    assert_eq!(counts(9, 10, 10, 9).p_value(), Some(1_000_000));
    // n = 20, even odds, all on one side: 2 ÷ 2^20 = 0.0000019.
    assert_eq!(counts(0, 20, 0, 0).p_value(), Some(2));
}

// shows: E35, Y22, Y23
#[test]
fn moving_a_line_by_one_percent_moves_the_pay_of_the_cases_between() {
    let policy = shipped("yantai-apg", &[]);
    // Low line 378.80; 1 % higher 382.588, 1 % lower 375.012. High line 1894; 1912.94 and 1875.06.
    let rows = [
        (0, 38_000, 0),  // by standard 804.95; with the line raised by item, 323.00
        (0, 37_600, 0),  // by item 319.60; lowered by standard 804.95
        (1, 190_000, 0), // by item 1615.00; raised by standard 804.95
        (1, 188_000, 0), // by standard 804.95; lowered by item 1598.00
        (1, 188_000, flag::MERGED),
        (1, 100_000, 0),
    ];
    let found = beside(&input(&policy), &cases(&rows), &settings(&policy)).unwrap();
    let moved =
        |cases, more: i64, less: i64| Some(Moved { cases, more: Fen(more), less: Fen(less) });
    assert_eq!(found[0].raised, moved(1, 0, 32_300 - 80_495));
    assert_eq!(found[0].lowered, moved(1, 80_495 - 31_960, 0));
    assert_eq!(found[1].raised, moved(1, 0, 80_495 - 161_500));
    assert_eq!(found[1].lowered, moved(1, 159_800 - 80_495, 0));
    let all = table(&[("base".to_owned(), found)]);
    assert_eq!(all.cell("raised_less_yuan", 0).as_deref(), Some("-481.95"));
    assert_eq!(all.cell("fixmedins_code", 1).as_deref(), Some("X"));
    assert_eq!(all.cell("raised_cases", 1), None);
}

// shows: E35
#[test]
fn an_institution_that_bunches_on_the_side_paid_more_is_found() {
    let policy = shipped("yantai-apg", &[]);
    // Beyond the low line a case is paid by standard. X bills 379.00 forty times and nothing below; Y
    // spreads evenly, two cases a yuan from 342 to 416.
    let mut rows: Vec<(u32, i64, u8)> = (0..40).map(|_| (0, 37_900, 0)).collect();
    rows.extend((342..416).flat_map(|yuan| [(1, yuan * 100, 0), (1, yuan * 100 + 50, 0)]));
    let settings = settings(&policy);
    let found = beside(&input(&policy), &cases(&rows), &settings).unwrap();
    let cliffs = cliffs(&policy.policy, None, &settings).unwrap();
    let audit = Audit { findings: findings(&found, &cliffs), cliffs };
    let bunching = of_check(&audit, "bunching");
    // X: 2 ÷ 2^40 rounds to 0 in six places. Y: 36, 38, 38 and 36 cases, even. Together 38 below, 78 above.
    assert_eq!(bunching.len(), 2, "{bunching:?}");
    assert_eq!(bunching[1], "deviation.band[low].up_to · X: 0 | 0 ‖ 40 | 0 (p 0.000000)");
    assert!(bunching[0].starts_with("deviation.band[low].up_to: "), "{bunching:?}");
    let of_x = audit.findings.iter().find(|one| one.place.ends_with("X")).unwrap();
    assert_eq!(of_x.severity, crate::finding::Severity::Warning);
    assert!(of_x.en.contains("20 cases more"), "{}", of_x.en); // half of 40 were to be below
    let moves = of_check(&audit, "line_moves");
    assert_eq!(moves.len(), 1); // no case stands beside the high line
    assert!(moves[0].starts_with("deviation.band[low].up_to: +1 %: 0.00 / -"), "{moves:?}");
}
