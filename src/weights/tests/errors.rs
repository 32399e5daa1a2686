//! What stops a catalog, and what it says.

use super::{cases, dec, policy, weights, years};
use crate::explain::{Kind, render};
use crate::policy::model::{BlendLevel, Centre, Denominator, Policy, Trim, Weights};
use crate::settlement::cases::Cases;
use crate::weights::{Error, Passed, build};

fn refused(cases: &Cases, policy: &Policy, list: &[u16]) -> Error {
    build(cases, policy, &years(list), Passed::default()).unwrap_err()
}

fn check(cases: &Cases, weights: Weights, list: &[u16], expected: &str) {
    assert_eq!(render(&refused(cases, &policy(weights), list)), expected);
}

fn some() -> Cases {
    cases(&[("A", "H1", 2021, 100), ("A", "H1", 2023, 100), ("", "H1", 2022, 100)])
}

#[test]
fn years_must_fit_the_weights() {
    check(
        &some(),
        weights(&["0.2", "0.8"]),
        &[2021, 2022, 2023],
        "error: policy `test` weights 2 years, but 3 were named: 2021,2022,2023\n\
         hint: name 2 years, oldest first, or change `weights.years` in a scenario",
    );
    check(
        &some(),
        weights(&["2", "8"]),
        &[2021, 2023],
        "error: the year weights 2, 8 of policy `test` must not be negative and must sum to 1\n\
         hint: write 2:8 as `years = [\"0.2\", \"0.8\"]`, oldest first",
    );
    let negative = refused(&some(), &policy(weights(&["-0.2", "1.2"])), &[2021, 2023]);
    assert!(matches!(negative, Error::YearWeights { .. }));
}

// shows: A03
#[test]
fn a_year_without_cases_is_an_error_that_names_those_with() {
    for level in [BlendLevel::Means, BlendLevel::Pooled, BlendLevel::Totals] {
        let rule = Weights { level, ..weights(&["0.5", "0.5"]) };
        check(
            &some(),
            rule,
            &[2020, 2023],
            "error: empty_year: 2020 has no case\nhint: years that have them: 2021, 2022, 2023",
        );
    }
    let rule = Weights { denominator: Denominator::Grouped, ..weights(&["0.1", "0.2", "0.7"]) };
    check(
        &some(),
        rule,
        &[2021, 2022, 2023],
        "error: empty_year: 2022 has no grouped case\nhint: years that have them: 2021, 2023",
    );
    let none = refused(&cases(&[]), &policy(weights(&["1"])), &[2023]);
    assert_eq!(
        render(&none),
        "error: empty_year: 2023 has no case\n\
         hint: no year has any: load settlements first, or widen the scope"
    );
}

#[test]
fn a_mean_below_zero_names_group_year_and_sum() {
    let cases = cases(&[
        ("A", "H1", 2022, 1_000),
        ("A", "H1", 2023, -50_000),
        ("A", "H1", 2023, 100),
        ("B", "H1", 2022, 100_000),
        ("B", "H1", 2023, 100_000),
    ]);
    check(
        &cases,
        weights(&["0.2", "0.8"]),
        &[2022, 2023],
        "error: negative_mean: the mean of group `A` is below 0; its 2 kept cases of 2023 sum to \
         -499.00 yuan, their mean is -249.5000 yuan\n\
         hint: look for refunds without their original among the settlements of `A` in 2023",
    );
}

// The centre of 2023 is the middle fee, −0.01 yuan, though the three sum to −0.01 − 0.02 + 1.01 = 0.98.
// 2022 counts for nothing.
#[test]
fn a_negative_median_is_refused_whatever_the_sum() {
    let cases = cases(&[
        ("A", "H1", 2022, 100),
        ("A", "H1", 2023, -2),
        ("A", "H1", 2023, -1),
        ("A", "H1", 2023, 101),
        ("B", "H1", 2022, 100_000),
        ("B", "H1", 2023, 100_000),
        ("B", "H1", 2023, 100_000),
        ("B", "H1", 2023, 100_000),
        ("B", "H1", 2023, 100_000),
    ]);
    check(
        &cases,
        Weights { centre: Centre::Median, ..weights(&["0", "1"]) },
        &[2022, 2023],
        "error: negative_mean: the mean of group `A` is below 0; its 3 kept cases of 2023 sum to \
         0.98 yuan, their mean is -0.0100 yuan\n\
         hint: look for refunds without their original among the settlements of `A` in 2023",
    );
}

#[test]
fn a_base_mean_that_cannot_divide_is_refused() {
    let nothing = cases(&[("A", "H1", 2022, 0), ("A", "H1", 2023, 0)]);
    check(
        &nothing,
        weights(&["0.2", "0.8"]),
        &[2022, 2023],
        "error: the mean of all cases is 0.0000 yuan; it must be above 0\n\
         hint: check `medfee_sumamt` of the cases, or `weights.denominator`",
    );
    let half = cases(&[("A", "H1", 2022, 0), ("A", "H1", 2023, 100)]);
    let rule = Weights { level: BlendLevel::Ratios, ..weights(&["0.2", "0.8"]) };
    let error = refused(&half, &policy(rule), &[2022, 2023]);
    assert!(error.to_string().starts_with("the mean of all cases of 2022 is 0.0000 yuan"));
    let given = Weights { denominator: Denominator::Given(dec("0")), ..weights(&["1"]) };
    let error = refused(&half, &policy(given), &[2023]);
    assert_eq!(error, Error::BaseMean { year: None, mean: dec("0.0000") });
}

#[test]
fn trim_rules_that_contradict_themselves_are_refused() {
    let wrong = [
        Trim::Percentile { low: dec("0.5"), high: dec("0.5") },
        Trim::Percentile { low: dec("-0.1"), high: dec("0.5") },
        Trim::Percentile { low: dec("0.1"), high: dec("97.5") },
        Trim::Multiple { low: dec("3"), high: dec("0.3") },
        Trim::Iqr { k: dec("-1") },
        Trim::Sd { k: dec("-3") },
    ];
    for trim in wrong {
        let rule = Weights { trim: trim.clone(), ..weights(&["1"]) };
        let error = refused(&some(), &policy(rule), &[2023]);
        assert!(matches!(error, Error::TrimRule { .. }), "{trim:?}");
    }
    let rule = Weights { trim: Trim::Sd { k: dec("-3") }, ..weights(&["1"]) };
    check(&some(), rule, &[2023], "error: trim rule of policy `test`: k = -3; needed: k ≥ 0");
}

#[test]
fn sums_beyond_the_numbers_are_refused_and_not_wrapped() {
    // Two squares of 2⁶³ fen are 2¹²⁷ fen², one more than 128 bits hold.
    let huge = cases(&[("A", "H1", 2023, i64::MIN), ("A", "H1", 2023, i64::MIN)]);
    let error = refused(&huge, &policy(weights(&["1"])), &[2023]);
    assert_eq!(
        error.to_string(),
        "the sum of squared fees of group `A` in 2023 is too large to be computed exactly"
    );
    let large = cases(&[("A", "H1", 2023, i64::MAX), ("B", "H1", 2023, i64::MAX)]);
    let error = refused(&large, &policy(weights(&["1"])), &[2023]);
    assert_eq!(error, Error::Overflow { what: "the yearly cost of institution `H1`".to_owned() });
}

#[test]
fn columns_that_do_not_fit_are_our_fault() {
    type Break = fn(&mut Cases);
    let breaks: [Break; 6] = [
        |cases| cases.year.truncate(1),
        |cases| cases.group.truncate(1),
        |cases| cases.institution.truncate(1),
        |cases| cases.group[0] = 7,
        |cases| cases.institution[0] = 7,
        |cases| cases.groups = vec!["B".to_owned(), "A".to_owned()],
    ];
    for break_it in breaks {
        let mut cases = some();
        break_it(&mut cases);
        let error = refused(&cases, &policy(weights(&["1"])), &[2023]);
        assert!(matches!(error, Error::Columns { .. }), "{error}");
        assert_eq!(crate::explain::Explain::kind(&error), Kind::Internal);
    }
}
