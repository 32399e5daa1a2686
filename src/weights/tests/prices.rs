//! Groups of one price everywhere (P05).

use super::super::{Error, Passed, build};
use super::{built, cases, dec, group, policy, weights, years};
use crate::explain::Explain as _;
use crate::policy::model::{Cite, Policy, SamePrice};

/// Policy of one year that lists `groups` for one price; candidates have at most this CV.
fn listing(groups: &[&str], maximum_cv: &str) -> Policy {
    let same_price = SamePrice {
        cite: Cite::default(),
        groups: groups.iter().map(|code| (*code).to_owned()).collect(),
        maximum_cv: dec(maximum_cv),
    };
    Policy { same_price: Some(same_price), ..policy(weights(&["1"])) }
}

// shows: P05, A36, E15
#[test]
fn a_group_listed_for_one_price_is_flagged_and_no_other() {
    let rows = [("A", "H1", 2023, 100), ("B", "H1", 2023, 300)];
    let catalog = built(&cases(&rows), &listing(&["B"], "0.5"), &[2023]).catalog;
    let one_price = |code: &str| {
        group(&catalog, code).flags.iter().filter(|flag| *flag == "same_price").count()
    };
    assert_eq!([one_price("A"), one_price("B")], [0, 1]);
    let flags = |code: &str| &group(&catalog, code).flags;
    assert!(flags("B").is_sorted());
    assert!(crate::settlement::coefficient::always_one("group", flags("B")));
    assert!(!crate::settlement::coefficient::always_one("group", flags("A")));
}

// shows: P05
#[test]
fn a_list_with_a_group_that_is_not_there_is_refused() {
    let rows = [("FR11", "H1", 2023, 100)];
    let policy = listing(&["FR11", "FR12"], "0.5");
    let err = build(&cases(&rows), &policy, &years(&[2023]), Passed::default()).unwrap_err();
    assert_eq!(
        err.to_string(),
        "`same_price.groups` of policy `test`: `FR12` is no group of the catalog"
    );
    assert_eq!(err.hints(), ["did you mean `FR11`?"]);
    assert!(matches!(err, Error::SamePrice { .. }));
}

// Two cases of M ± d cost 2M together; their SD is d, the CV d ÷ M. M is 2 000 000 fen.
// A: d = 1 000 000, CV 0.5, on the line. B: d = 1 000 001, CV 0.5000005, published 0.500001.
// D: M is 20 000 000, d = 10 000 001, CV 0.50000005, published 0.500000, and beyond the line.
// E: d = 900 000, CV 0.45. C: d = 0, CV 0, but one case: small.
// shows: P05, A51, E15
#[test]
fn candidates_for_one_price_vary_at_most_as_the_line_says_and_are_not_small() {
    let pair = |code: &'static str, mean: i64, distance: i64| {
        [(code, "H1", 2023, mean - distance), (code, "H1", 2023, mean + distance)]
    };
    let mut rows = [
        pair("A", 2_000_000, 1_000_000),
        pair("B", 2_000_000, 1_000_001),
        pair("D", 20_000_000, 10_000_001),
        pair("E", 2_000_000, 900_000),
    ]
    .concat();
    rows.push(("C", "H1", 2023, 100));
    let mut policy = listing(&["E"], "0.5");
    policy.weights.minimum_cases = 2;
    let catalog = built(&cases(&rows), &policy, &[2023]).catalog;
    assert_eq!(group(&catalog, "D").cv, Some(dec("0.5")), "as published it is on the line");
    let table = catalog.table("same_price_candidates").unwrap();
    let cell = |name: &str, row| table.cell(name, row).unwrap();
    let told: Vec<_> =
        (0..table.rows()).map(|row| (cell("group_code", row), cell("listed", row))).collect();
    // The least varying first.
    let wanted = [("E", "yes"), ("A", "no")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(told, wanted);
}
