//! What points are a multiple of: M, a base disease, a number of yuan (6.2); years left out (A34).

use rust_decimal::Decimal;

use super::{cases, catalog, dec, group, line, points, policy, weights, years};
use crate::catalog::model::Catalog;
use crate::explain::render;
use crate::policy::model::{BlendLevel, Cite, Denominator, ExcludedYear, PointBase, Weights};
use crate::weights::{Error, Passed, build};

fn by(base: PointBase) -> Weights {
    Weights { base, ..weights(&["1"]) }
}

fn disease(code: &str) -> PointBase {
    PointBase::BaseDisease { group_code: code.to_owned() }
}

/// domain.md 0.2: A 100, 200, 300, B 600; M = 300.
fn tiny() -> crate::settlement::cases::Cases {
    cases(&[
        ("A", "H1", 2023, 10_000),
        ("A", "H2", 2023, 20_000),
        ("A", "H1", 2023, 30_000),
        ("B", "H1", 2023, 60_000),
    ])
}

fn closes(made: &Catalog) {
    let parts: Decimal =
        made.identity.iter().filter(|line| line.line != "total").map(|line| line.amount).sum();
    assert_eq!(parts, line(made, "total"));
    assert_eq!(line(made, "total"), dec("1200"));
}

// A 200, B 600. ÷ M = 300: 666.6667, 2000. ÷ A: 1000, 3000. ÷ B: 333.3333, 1000. ÷ 400 yuan: 500, 1500.
// shows: Z18, J12
#[test]
fn points_are_a_multiple_of_the_base() {
    let expected = [
        (PointBase::Mean, "300", "666.666700", "2000.000000"),
        (disease("A"), "200", "1000.000000", "3000.000000"),
        (disease("B"), "600", "333.333300", "1000.000000"),
        (PointBase::Fixed(dec("400")), "400", "500.000000", "1500.000000"),
    ];
    for (base, mean, of_a, of_b) in expected {
        let made = catalog(&tiny(), &policy(by(base.clone())), &[2023]);
        assert_eq!(made.base_mean, dec(mean), "{base:?}");
        assert_eq!(made.year_base_means, [Some(dec(mean))], "{base:?}");
        assert_eq!((points(&made, "A"), points(&made, "B")), (of_a.into(), of_b.into()));
        assert_eq!(group(&made, "A").mean, dec("200"), "means stay");
        closes(&made);
    }
}

// A 100 then 300, B 300 then 500; M 200 then 400. Quotients A 0.2·0.5 + 0.8·0.75 = 0.7, B 0.2·1.5 +
// 0.8·1.25 = 1.3; B by A 1.3 ÷ 0.7 = 1.857143. The mean of A is that of `means`: 0.2·100 + 0.8·300 = 260.
// shows: R30, Z18
#[test]
fn ratios_are_divided_by_the_quotient_of_the_base_disease() {
    let cases = cases(&[
        ("A", "H1", 2022, 10_000),
        ("B", "H1", 2022, 30_000),
        ("A", "H1", 2023, 30_000),
        ("B", "H1", 2023, 50_000),
    ]);
    let rule =
        Weights { level: BlendLevel::Ratios, base: disease("A"), ..weights(&["0.2", "0.8"]) };
    let made = catalog(&cases, &policy(rule), &[2022, 2023]);
    assert_eq!(points(&made, "A"), "1000.000000");
    assert_eq!(points(&made, "B"), "1857.142900");
    assert_eq!(made.base_mean, dec("260"));
    assert_eq!(made.year_base_means, [Some(dec("100")), Some(dec("300"))]);
    closes(&made);
}

// shows: Z18
#[test]
fn a_base_disease_that_is_no_group_is_named_with_the_nearest() {
    let mut rows = vec![("K35.9", "H1", 2023, 10_000), ("I21.0", "H1", 2023, 20_000)];
    let made = |rows: &[_]| {
        let rules = policy(by(disease("K35.8")));
        build(&cases(rows), &rules, &years(&[2023]), Passed::default())
    };
    let err = made(&rows).unwrap_err();
    let text = render(&err);
    assert!(text.contains("`K35.8` of policy `test`"), "{text}");
    assert!(text.contains("did you mean `K35.9`?"), "{text}");
    rows.push(("K35.8", "H1", 2023, 0));
    let err = made(&rows).unwrap_err();
    assert!(matches!(err, Error::BaseDiseaseMean { .. }), "{err}");
}

// shows: A04
#[test]
fn a_fixed_base_prevails_over_the_population_of_the_mean() {
    let rule = Weights { denominator: Denominator::Grouped, ..by(PointBase::Fixed(dec("250"))) };
    assert_eq!(catalog(&tiny(), &policy(rule), &[2023]).base_mean, dec("250"));
}

// 1:2:7 without the middle year: weights 1/8 and 7/8, whatever that year holds: A 100/8 + 7·300/8 = 275.
// shows: A34
#[test]
fn a_year_left_out_by_name_gives_its_weight_to_the_others() {
    let rows = [
        ("A", "H1", 2021, 10_000),
        ("A", "H1", 2022, 99_900),
        ("B", "H1", 2022, 99_900),
        ("A", "H1", 2023, 30_000),
    ];
    let left_out = ExcludedYear { cite: Cite::default(), year: 2022, reason: "疫情".to_owned() };
    let rule = Weights { exclude: vec![left_out], ..weights(&["0.1", "0.2", "0.7"]) };
    let made = catalog(&cases(&rows), &policy(rule.clone()), &[2021, 2022, 2023]);
    assert_eq!(made.years, [2021, 2023]);
    assert_eq!(group(&made, "A").mean, dec("275"));
    assert_eq!((group(&made, "A").cases, made.groups.len()), (2, 1));
    assert_eq!(made.base_mean, dec("275"));
    let years = years(&[2022]);
    let rule = Weights { years: vec![dec("1")], ..rule };
    let err = build(&cases(&rows), &policy(rule), &years, Passed::default()).unwrap_err();
    assert!(matches!(err, Error::NoYearLeft { .. }), "{err}");
}
