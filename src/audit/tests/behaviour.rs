//! When the visits of an institution stand out, both sides of every line.

use std::collections::BTreeMap;

use super::dec;
use crate::audit::behaviour::{Institution, Visit, Visits, findings, judge, table};
use crate::policy::model::{Behaviour, Cite};

fn rule(chance: &str) -> Behaviour {
    Behaviour {
        cite: Cite { clause: Some("Y35".to_owned()), reading: None },
        split_minutes: 1440,
        merged_days: 3,
        shift_times: dec("1.5"),
        chance: dec(chance),
    }
}

/// So many visits of 100.00 each, the first of them split or settled together, with `own` fen paid outside
/// the list in every one.
fn visits(count: u64, split: u64, merged: u64, own: i64) -> Visits {
    let mut all = Visits::default();
    for at in 0..count {
        let visit = Visit {
            fee_fen: 10_000,
            own_fen: own,
            is_split: at < split,
            fee_days: if at < merged { 3 } else { 2 },
        };
        all.add(&visit, &rule("0.01"));
    }
    all
}

fn judged(cities: &[(&str, Visits)], chance: &str) -> Vec<Institution> {
    let by_code: BTreeMap<String, Visits> =
        cities.iter().map(|(code, visits)| ((*code).to_owned(), *visits)).collect();
    judge(&by_code, &rule(chance))
}

/// All 10 visits of X, half of those of Y: by chance 2 × 0.5¹⁰ = 0.001953 (twice the tail). Shared among two
/// institutions, a chance of 0.004 leaves 0.002 for each, one of 0.0039 leaves 0.00195.
// shows: Y35
#[test]
fn a_rate_stands_out_when_chance_seldom_gives_it() {
    let cities = [("X", visits(10, 10, 0, 0)), ("Y", visits(100, 50, 0, 0))];
    let stands = |chance: &str| judged(&cities, chance)[0].stands_out;
    assert_eq!(stands("0.004"), [true, false, false]);
    assert_eq!(stands("0.0039"), [false, false, false]);
    // Y lies below X: never flagged, however rare its rate is beside X's.
    assert_eq!(judged(&cities, "1")[1].stands_out, [false, false, false]);
    let together = [("X", visits(10, 0, 10, 0)), ("Y", visits(100, 0, 50, 0))];
    assert_eq!(judged(&together, "0.004")[0].stands_out, [false, true, false]);
}

// shows: Y35
#[test]
fn equal_rates_and_a_single_institution_never_stand_out() {
    let cities = [("X", visits(50, 10, 5, 10)), ("Y", visits(100, 20, 10, 10))];
    assert!(judged(&cities, "1").iter().all(|one| one.stands_out == [false; 3]));
    assert_eq!(judged(&[("X", visits(50, 50, 50, 9_000))], "1")[0].stands_out, [false; 3]);
    assert!(judged(&[], "1").is_empty());
}

/// Others pay 10.00 of 100.00 outside the list: 15.00 is 1.5 times as much, 15.01 is more.
// shows: Y35
#[test]
fn cost_is_shifted_above_the_multiple_not_at_it() {
    let stands = |own: i64| {
        let cities = [("X", visits(4, 0, 0, own)), ("Y", visits(9, 0, 0, 1_000))];
        judged(&cities, "0.01")[0].stands_out
    };
    assert_eq!(stands(1_500), [false, false, false]);
    assert_eq!(stands(1_501), [false, false, true]);
}

// shows: Y35
#[test]
fn findings_and_table_say_how_many_and_how_much() {
    let cities = [("X", visits(10, 10, 10, 2_000)), ("Y", visits(100, 50, 50, 1_000))];
    let judged = judged(&cities, "0.01");
    let found = findings(&judged, &rule("0.01"));
    let shown: Vec<(&str, String, &str)> = found
        .iter()
        .map(|one| (one.check, one.amount.unwrap().to_string(), one.counter_example.as_str()))
        .collect();
    // 10 settlements on three dates each would have been 30 visits: 20 more.
    assert_eq!(
        shown,
        [
            ("split_visits", "1000.00".to_owned(), "10 ÷ 10 = 100.00 % ↔ 50.00 %"),
            ("visits_settled_together", "1000.00".to_owned(), "10 ÷ 10 = 100.00 % ↔ 50.00 %; + 20"),
            ("shifted_cost", "200.00".to_owned(), "200.00 ÷ 1000.00 = 20.00 % ↔ 10.00 %"),
        ]
    );
    assert!(found.iter().all(|one| one.place == "X" && one.clause == "Y35"));
    let table = table(&judged);
    let cell = |name: &str, row: usize| table.cell(name, row).unwrap();
    assert_eq!(cell("stands_out", 0), "split_visits;visits_settled_together;shifted_cost");
    assert_eq!(
        (cell("stands_out", 1), cell("merged_extra_visits", 1)),
        (String::new(), "100".into())
    );
    assert_eq!(
        (cell("own_paid_share", 0), cell("others_own_paid_share", 0)),
        ("0.2000".into(), "0.1000".into())
    );
}
