//! What is refused, and in which words.

use crate::explain::{Explain, render};
use crate::policy::model::{Pools, ShareBy, Standard};
use crate::settlement::{Assessment, Error, settle};

use super::build::{
    Case, case, catalog, cite, columns, date, input, points_policy, settle_one, standard_policy,
    threads, yuan,
};

fn refused(err: &Error, expected: &str) {
    assert_eq!(render(err), expected);
    assert_eq!(err.kind().exit_code(), 2);
}

#[test]
fn group_without_a_price_in_force_is_named_with_the_day() {
    let mut policy = standard_policy();
    policy.standards.iter_mut().for_each(|standard| standard.from = date("2024-03-01"));
    let rows = [
        Case { month: 3, ..case("X", "M_N18", "947", "947") },
        Case { month: 2, ..case("X", "O_N18", "415", "415") },
    ];
    refused(
        &settle_one(&rows, input(&policy, None, "1000")).unwrap_err(),
        "error: scenario `base` has no standard of group `O_N18` in force on 2024-02-01\n\
         hint: the standard of `O_N18` is known from 2024-03-01 (415.00 yuan)",
    );
    // A case without a fee needs no price (R11).
    let rows = [Case { month: 2, ..case("X", "O_N18", "0", "0") }];
    assert!(settle_one(&rows, input(&policy, None, "1000")).is_ok());
    let rows = [case("X", "", "100", "80")];
    refused(
        &settle_one(&rows, input(&policy, None, "1000")).unwrap_err(),
        "error: scenario `base` has no standard of group `ungrouped` in force on 2024-01-01\n\
         hint: add a `[[standard]]` for `ungrouped`, or leave its cases out of scope",
    );
}

#[test]
fn price_may_not_change_within_a_month_of_the_year() {
    let mut policy = standard_policy();
    policy.standards.push(Standard {
        cite: cite("annex"),
        group_code: "M_N18".to_owned(),
        price: yuan("1000"),
        from: date("2024-03-15"),
    });
    let rows = [case("X", "M_N18", "947", "947")];
    refused(
        &settle_one(&rows, input(&policy, None, "1000")).unwrap_err(),
        "error: scenario `base`: the standard of group `M_N18` changes on 2024-03-15; within the \
         year settled a standard may change only on the first of a month",
    );
    for outside in ["2023-03-15", "2025-03-15"] {
        policy.standards.last_mut().unwrap().from = date(outside);
        assert!(settle_one(&rows, input(&policy, None, "1000")).is_ok(), "{outside}");
    }
}

// shows: A53
#[test]
fn money_without_points_is_refused() {
    let policy = points_policy();
    let catalog = catalog("100", "1000", &[("A", "100", "0")]);
    let rows = [case("X", "A", "100", "80")];
    refused(
        &settle_one(&rows, input(&policy, Some(&catalog), "50")).unwrap_err(),
        "error: zero_points: scenario `base`, pool `all`, period `Y`: 50.00 yuan are to be \
         divided, but no institution has points\n\
         hint: check scope, year and groups: no case of this pool earned points",
    );
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "0")).unwrap();
    assert_eq!(outcome.pools[0].point_value, None);
}

// shows: A19
#[test]
fn control_total_used_up_by_items_is_refused() {
    // A19: C ≤ I. 2000 > 2 × 947 is paid as booked: 1500.
    let policy = standard_policy();
    let rows = [case("X", "M_N18", "2000", "1500"), case("X", "M_N18", "900", "700")];
    refused(
        &settle_one(&rows, input(&policy, None, "1500")).unwrap_err(),
        "error: control_exhausted: scenario `base`, pool `all`, period `Y`: 1500.00 yuan are paid \
         as booked out of 1500.00; nothing is left for the other cases\n\
         hint: raise the budget, or check the lines that pay cases as booked",
    );
    // One fen more is enough to divide.
    assert!(settle_one(&rows, input(&policy, None, "1500.01")).is_ok());
    // Nothing but items within the control is no overspend.
    assert!(settle_one(&rows[..1], input(&policy, None, "1500")).is_ok());
}

#[test]
fn pools_and_budgets_must_meet() {
    let mut policy = points_policy();
    policy.budget.pools = Pools::Insutype;
    let catalog = catalog("100", "1000", &[("A", "100", "1000")]);
    let rows = [case("X", "A", "100", "80")];
    let mut given = input(&policy, Some(&catalog), "50");
    refused(
        &settle_one(&rows, given.clone()).unwrap_err(),
        "error: scenario `base`, pool `all`, period `Y`: there is a budget of 50.00 yuan, but no \
         such pool and period\nhint: settled are 310/Y",
    );
    given.budgets.clear();
    refused(
        &settle_one(&rows, given).unwrap_err(),
        "error: scenario `base`, pool `310`, period `Y`: there is no budget\n\
         hint: no budget was given at all; load the table `budget`",
    );
}

#[test]
fn points_below_zero_are_refused() {
    let policy = points_policy();
    let catalog = catalog("100", "1000", &[("A", "100", "1000")]);
    // A41: 0.7 × (−10) ÷ 100 × 1000 = −70 points.
    let rows = [case("X", "", "-10", "-8"), case("Y", "A", "100", "80")];
    refused(
        &settle_one(&rows, input(&policy, Some(&catalog), "50")).unwrap_err(),
        "error: scenario `base`, pool `all`, period `Y`: institution `X` has -70.000000 points; \
         they must not be below 0\n\
         hint: look for cases with a negative fee among its findings (`dianshu check`)",
    );
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let catalog = catalog("100", "1000", &[("A", "100", "1000")]);
    let rows = [case("X", "A", "100", "80")];
    let points = points_policy();
    let err = settle_one(&rows, input(&points, None, "50")).unwrap_err();
    assert!(matches!(err, Error::CatalogMissing { .. }), "{err}");

    let mut unscaled = catalog.clone();
    unscaled.scale = None;
    let err = settle_one(&rows, input(&points, Some(&unscaled), "50")).unwrap_err();
    assert!(matches!(err, Error::CatalogWithoutScale { .. }), "{err}");

    let mut kept = standard_policy();
    kept.sharing.by = ShareBy::KeepsBooked;
    let rows = [case("X", "M_N18", "947", "947")];
    let err = settle_one(&rows, input(&kept, None, "50")).unwrap_err();
    assert!(matches!(err, Error::SharingNeedsPoints { .. }), "{err}");

    let standard = standard_policy();
    let mut assessed = input(&standard, None, "5000");
    assessed.assessments.insert(("310".to_owned(), "X".to_owned()), Assessment::default());
    let err = settle_one(&rows, assessed).unwrap_err();
    assert!(matches!(err, Error::AssessmentWithoutPool { .. }), "{err}");

    let cases = columns(&rows);
    let twice = [input(&standard, None, "5000"), input(&standard, None, "5000")];
    let err = settle(&cases, &twice, threads(1)).unwrap_err();
    assert!(matches!(err, Error::DuplicateScenario { .. }), "{err}");
    let mut other = twice;
    other[1].name = "other".to_owned();
    other[1].year = 2025;
    let err = settle(&cases, &other, threads(1)).unwrap_err();
    assert!(matches!(err, Error::DifferentYears { .. }), "{err}");

    let mut broken = cases;
    broken.month[0] = 13;
    let err = settle(&broken, &[input(&standard, None, "5000")], threads(1)).unwrap_err();
    assert_eq!(err, Error::Columns { column: "month", row: 0 });
}
