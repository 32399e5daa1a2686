//! Small groups with parents, and how far they are believed (A51, R20), by hand.

use std::collections::BTreeMap;

use super::{cases, dec, group, line, policy, weights, years};
use crate::catalog::model::Catalog;
use crate::grouper::GroupInfo;
use crate::policy::model::{Cite, Credibility, CredibilityMethod, Weights};
use crate::weights::{Error, Passed, build};

/// `count` cases of `yuan` each for every group.
fn catalog(
    groups: &[(&'static str, usize, i64)],
    parents: &[(&str, &str)],
    rule: Weights,
) -> Result<Catalog, Error> {
    let rows: Vec<_> = groups
        .iter()
        .flat_map(|(code, count, yuan)| vec![(*code, "H1", 2023, yuan * 100); *count])
        .collect();
    let info = |(code, parent): &(&str, &str)| {
        let info = GroupInfo { parent: Some((*parent).to_owned()), ..GroupInfo::default() };
        ((*code).to_owned(), info)
    };
    let passed = Passed { info: parents.iter().map(info).collect(), ..Passed::default() };
    let cases = cases(&rows);
    Ok(build(&cases, &policy(rule), &years(&[2023]), passed)?.catalog)
}

fn fifteen() -> Weights {
    Weights { minimum_cases: 15, ..weights(&["1"]) }
}

fn mean(made: &Catalog, code: &str) -> String {
    group(made, code).mean.to_string()
}

fn pool(made: &Catalog, code: &str) -> BTreeMap<String, Option<String>> {
    let table = made.table("pooled").unwrap();
    let codes =
        (0..table.rows()).find(|row| table.cell("group_code", *row).as_deref() == Some(code));
    let row = codes.unwrap();
    table.columns.iter().map(|(name, column)| (name.clone(), column.show(row))).collect()
}

// 7 of 100 and 8 of 200: 15 cases, (700 + 1600) ÷ 15 = 153.3333. With 7 of 200 there are 14: no further
// parent, own means. M = 153.3333 as well, since nothing else is there but P's own 100 cases of 999,
// which are in M and not in the pool: (2300 + 99 900) ÷ 115.
// shows: A51, R20
#[test]
fn small_groups_of_one_parent_take_the_mean_of_their_pool_from_15_cases() {
    let parents = [("a", "P"), ("b", "P")];
    let made = catalog(&[("P", 100, 999), ("a", 7, 100), ("b", 8, 200)], &parents, fifteen());
    let made = made.unwrap();
    assert_eq!((mean(&made, "a"), mean(&made, "b")), ("153.3333".into(), "153.3333".into()));
    assert_eq!(mean(&made, "P"), "999.0000");
    assert_eq!(group(&made, "a").flags, ["small"]);
    assert_eq!(group(&made, "a").year_means, [Some(dec("100"))], "years stay its own");
    assert_eq!(group(&made, "a").points, group(&made, "b").points);
    let row = pool(&made, "a");
    let cell = |name: &str| row[name].clone().unwrap_or_default();
    assert_eq!(
        (cell("parent"), cell("pool_groups"), cell("pool_cases")),
        ("P".into(), "2".into(), "15".into())
    );
    assert_eq!(
        (cell("own_mean"), cell("mean"), cell("credibility")),
        ("100.0000".into(), "153.3333".into(), "0.000000".into())
    );
    // 7·(100 − 153.3333) + 8·(200 − 153.3333) = 0: a pool moves money between its groups alone.
    assert_eq!(line(&made, "pooling"), dec("0"));

    let made = catalog(&[("P", 100, 999), ("a", 7, 100), ("b", 7, 200)], &parents, fifteen());
    let made = made.unwrap();
    assert_eq!((mean(&made, "a"), mean(&made, "b")), ("100.0000".into(), "200.0000".into()));
    assert_eq!(pool(&made, "a")["parent"], None);
}

// A group with 15 cases is not small: it keeps its own mean and does not help the others.
// shows: A51, A33
#[test]
fn a_group_with_enough_cases_stays_out_of_the_pool() {
    let parents = [("a", "P"), ("b", "P"), ("c", "P")];
    let made = catalog(&[("a", 15, 100), ("b", 7, 200), ("c", 8, 300)], &parents, fifteen());
    let made = made.unwrap();
    assert_eq!(mean(&made, "a"), "100.0000");
    assert_eq!(mean(&made, "b"), "253.3333"); // (1400 + 2400) ÷ 15
}

// Round 1: a at P, b at Q, c at R. Round 2: a moves to Q, b to R (with c: 10). Round 3: a joins them:
// 5·100 + 4·200 + 6·300 = 3100 ÷ 15 = 206.6667. With one case of c less all three keep their own.
// shows: A51, R20
#[test]
fn pools_that_are_still_small_move_up_in_rounds() {
    let parents = [("a", "P"), ("b", "Q"), ("c", "R"), ("P", "Q"), ("Q", "R")];
    let made = catalog(&[("a", 5, 100), ("b", 4, 200), ("c", 6, 300)], &parents, fifteen());
    let made = made.unwrap();
    for code in ["a", "b", "c"] {
        assert_eq!(mean(&made, code), "206.6667", "{code}");
        assert_eq!(pool(&made, code)["parent"].as_deref(), Some("R"));
    }
    let made = catalog(&[("a", 5, 100), ("b", 4, 200), ("c", 5, 300)], &parents, fifteen());
    let made = made.unwrap();
    assert_eq!((mean(&made, "a"), mean(&made, "c")), ("100.0000".into(), "300.0000".into()));
}

// b and c are enough at Q (16); a comes from P and joins them: (500 + 1600 + 2400) ÷ 21 = 214.2857.
// shows: R20
#[test]
fn who_moves_up_joins_those_already_there() {
    let parents = [("a", "P"), ("b", "Q"), ("c", "Q"), ("P", "Q")];
    let made = catalog(&[("a", 5, 100), ("b", 8, 200), ("c", 8, 300)], &parents, fifteen());
    let made = made.unwrap();
    for code in ["a", "b", "c"] {
        assert_eq!(mean(&made, code), "214.2857", "{code}");
    }
}

// shows: A51, R20
#[test]
fn a_pool_of_one_group_has_that_groups_mean() {
    let made = catalog(&[("a", 14, 100), ("z", 50, 300)], &[("a", "P")], fifteen()).unwrap();
    assert_eq!(mean(&made, "a"), "100.0000");
    // Without parents there is no pool, no table and no line.
    let made = catalog(&[("a", 14, 100), ("z", 50, 300)], &[], fifteen()).unwrap();
    assert!(made.table("pooled").is_none());
    assert!(made.identity.iter().all(|line| line.line != "pooling"));
    assert_eq!(group(&made, "a").flags, ["small"]);
}

#[test]
fn a_parent_that_is_its_own_ancestor_is_refused() {
    let parents = [("a", "P"), ("P", "Q"), ("Q", "P")];
    let err = catalog(&[("a", 5, 100)], &parents, fifteen()).unwrap_err();
    assert_eq!(err, Error::ParentCycle { group_code: "P".to_owned() });
}

fn believed(method: CredibilityMethod, cases: u32) -> Weights {
    let credibility = Some(Credibility { cite: Cite::default(), method, cases });
    Weights { credibility, ..fifteen() }
}

// Pool (5·100 + 10·250) ÷ 15 = 200. Bühlmann, k = 15: Z = 5/20 and 10/25: 0.25·100 + 0.75·200 = 175,
// 0.4·250 + 0.6·200 = 220. Limited, k = 20: √(5/20) = 0.5: 150; √(10/20) = 0.707107: 235.35535.
// shows: A51
#[test]
fn a_small_group_is_believed_in_part() {
    let groups = [("a", 5, 100), ("b", 10, 250), ("z", 30, 100)];
    let parents = [("a", "P"), ("b", "P")];
    let made = catalog(&groups, &parents, believed(CredibilityMethod::Buhlmann, 15)).unwrap();
    assert_eq!((mean(&made, "a"), mean(&made, "b")), ("175.0000".into(), "220.0000".into()));
    assert_eq!(pool(&made, "a")["credibility"].as_deref(), Some("0.250000"));
    assert_eq!(mean(&made, "z"), "100.0000", "it is not small");
    // (5·75 − 10·30): what the pool gives more than their own means, less what it takes.
    assert_eq!(line(&made, "pooling"), dec("-75"));
    let made = catalog(&groups, &parents, believed(CredibilityMethod::Limited, 20)).unwrap();
    assert_eq!((mean(&made, "a"), mean(&made, "b")), ("150.0000".into(), "235.3554".into()));
    // From k cases on a group is believed in full.
    let made = catalog(&groups, &parents, believed(CredibilityMethod::Limited, 10)).unwrap();
    assert_eq!(mean(&made, "b"), "250.0000");
}

// M = (5·100 + 45·300) ÷ 50 = 280; Z = 5 ÷ (5 + 5): (100 + 280) ÷ 2.
// shows: A51
#[test]
fn without_a_pool_the_rest_comes_from_the_mean_of_all_cases() {
    let rule = believed(CredibilityMethod::Buhlmann, 5);
    let made = catalog(&[("a", 5, 100), ("z", 45, 300)], &[], rule).unwrap();
    assert_eq!(mean(&made, "a"), "190.0000");
    assert_eq!(group(&made, "a").points.unwrap().to_decimal(), dec("678.571400")); // 190 ÷ 280
    assert_eq!(pool(&made, "a")["beside_mean"].as_deref(), Some("280.0000"));
}
