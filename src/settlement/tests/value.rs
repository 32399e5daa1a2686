//! Values that do not simply float (E11, 6.6).

use crate::catalog::model::Catalog;
use crate::policy::model::{Basis, Policy, Value, ValueMethod};
use crate::settlement::outcome::LineKind;
use crate::settlement::{Error, MoneyError, Outcome, ScenarioInput, value_table};
use crate::table::{Column, Table};
use crate::units::Fen;

use super::build::{Case, case, catalog, cite, dec, input, paid, points_policy, settle_one, yuan};

fn policy_of(method: ValueMethod) -> Policy {
    let mut policy = points_policy();
    policy.value = Some(Value { cite: cite("value"), method });
    policy
}

/// One case each: X 60 points, Y 40, at half of the cost from the fund; Z with points of its own on demand.
fn world() -> (Vec<Case>, Catalog) {
    let groups = [("GX", "100", "60"), ("GY", "100", "40")];
    (
        vec![case("X", "GX", "100", "50"), case("Y", "GY", "100", "50")],
        catalog("100", "10", &groups),
    )
}

fn settle(policy: &Policy, budget: &str) -> Result<Outcome, Error> {
    let (rows, catalog) = world();
    settle_one(&rows, input(policy, Some(&catalog), budget))
}

fn kept(outcome: &Outcome) -> Fen {
    let lines = outcome.ledger.iter().filter(|line| line.kind == LineKind::ValueDifference);
    Fen::sum(lines.map(|line| line.amount)).unwrap()
}

// 60 × 1.50 = 90, 40 × 1.50 = 60: of 200 the fund keeps 50, of 120 it bears 30.
// shows: E11
#[test]
fn a_fixed_value_pays_points_and_the_fund_takes_the_difference() {
    let mut policy = policy_of(ValueMethod::Fixed { value: dec("1.5") });
    for (budget, difference) in [("200", "50"), ("150", "0"), ("120", "-30")] {
        let outcome = settle(&policy, budget).unwrap();
        assert_eq!(paid(&outcome), ["90.00", "60.00"]);
        assert_eq!(kept(&outcome), yuan(difference));
        assert_eq!(outcome.pools[0].point_value, Some(dec("1.5000")));
        assert_eq!(outcome.pools[0].year_end.unwrap().fund_balance, yuan(difference));
    }
    // A value of total cost is worth Σ fund ÷ Σ fee = half of it in fund money (A42, A43).
    policy.budget.basis = Basis::TotalCost;
    assert_eq!(paid(&settle(&policy, "200").unwrap()), ["45.00", "30.00"]);
}

/// Last year's points by institution, in points.
fn with_base<'a>(mut input: ScenarioInput<'a>, base: &[(&str, i128)]) -> ScenarioInput<'a> {
    for (code, points) in base {
        let key = ("all".to_owned(), (*code).to_owned());
        input.given.base_points.insert(key, points * 1_000_000);
    }
    input
}

// Money 100, 8:2. Base X 40, Y 40: 80 ÷ 80 = 1.00 a point; X 40, Y 40; X alone has 20 points more and takes
// the whole 20. 7:3: 70 ÷ 80 = 0.875: X 35 + 30, Y 35.
// shows: E11
#[test]
fn an_elastic_value_is_fixed_up_to_last_years_volume_and_floats_above() {
    let (rows, catalog) = world();
    let settle = |share: &str, base: &[(&str, i128)]| {
        let policy = policy_of(ValueMethod::Elastic { base_share: dec(share) });
        let input = with_base(input(&policy, Some(&catalog), "100"), base);
        let outcome = settle_one(&rows, input).unwrap();
        (paid(&outcome), kept(&outcome))
    };
    let even = [("X", 40), ("Y", 40)];
    let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
    assert_eq!(settle("0.8", &even), (texts(["60.00", "40.00"]), Fen::ZERO));
    assert_eq!(settle("0.7", &even), (texts(["65.00", "35.00"]), Fen::ZERO));
    // Both above: base 50 + 30 = 80, more 10 + 10.
    assert_eq!(settle("0.8", &[("X", 50), ("Y", 30)]), (texts(["60.00", "40.00"]), Fen::ZERO));
    // Y below its base of 60: 80 ÷ 100 = 0.80: X 40 × 0.8 + 20, Y 40 × 0.8; the 20 × 0.8 it left stay.
    assert_eq!(settle("0.8", &[("X", 40), ("Y", 60)]), (texts(["52.00", "32.00"]), yuan("16")));
    // Both below: nobody takes part in the increment, which stays as well.
    assert_eq!(settle("0.8", &[("X", 80), ("Y", 80)]), (texts(["30.00", "20.00"]), yuan("50")));
    // An institution that closed keeps its part of the base unused.
    let closed = [("X", 40), ("Y", 40), ("W", 20)];
    assert_eq!(settle("0.8", &closed), (texts(["52.00", "32.00"]), yuan("16")));
}

// Odd fen: 100.01 × 0.8 = 80.008 → 80.01 over 40 : 40 : 0 → 40.01, 40.00; 20.00 to X.
#[test]
fn an_elastic_value_closes_to_the_fen() {
    let (rows, catalog) = world();
    let policy = policy_of(ValueMethod::Elastic { base_share: dec("0.8") });
    let input = with_base(input(&policy, Some(&catalog), "100.01"), &[("X", 40), ("Y", 40)]);
    let outcome = settle_one(&rows, input).unwrap();
    assert_eq!(paid(&outcome), ["60.01", "40.00"]);
    // No base volume at all: there is no value to fix.
    let input = super::build::input(&policy, Some(&catalog), "100.01");
    let wrong = settle_one(&rows, input).unwrap_err();
    assert!(matches!(wrong, Error::Money(MoneyError::NoBaseVolume { .. })), "{wrong}");
}

// GX is severe: 60 × 1.20 = 72, what is left of 100 floats over Y's 40 points. By weight: scale 10 makes 6.0
// and 4.0; from 6.0 on is GX alone, from 6.1 on none, from 4.0 on both.
// shows: E11
#[test]
fn severe_groups_have_a_fixed_value_and_the_others_float() {
    let severe = |groups: &[&str], weight_from: Option<&str>| {
        policy_of(ValueMethod::SevereFixed {
            value: dec("1.2"),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            weight_from: weight_from.map(dec),
        })
    };
    let by_name = settle(&severe(&["GX"], None), "100").unwrap();
    assert_eq!(
        (paid(&by_name), kept(&by_name)),
        (vec!["72.00".to_owned(), "28.00".to_owned()], Fen(0))
    );
    let by_weight = |from: &str| {
        let outcome = settle(&severe(&[], Some(from)), "100").unwrap();
        (paid(&outcome), kept(&outcome))
    };
    let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
    assert_eq!(by_weight("6"), (texts(["72.00", "28.00"]), Fen::ZERO));
    assert_eq!(by_weight("6.1"), (texts(["60.00", "40.00"]), Fen::ZERO));
    // Nothing is left that floats: 100 − 72 − 48 = −20 is the fund's.
    assert_eq!(by_weight("4"), (texts(["72.00", "48.00"]), yuan("-20")));
    // Severe cases alone above the money: the others would be worth less than nothing.
    let wrong = settle(&severe(&["GX"], None), "71.99").unwrap_err();
    assert!(matches!(wrong, Error::Money(MoneyError::SevereExhausted { .. })), "{wrong}");
    assert_eq!(paid(&settle(&severe(&["GX"], None), "72").unwrap()), ["72.00", "0.00"]);
}

// Last year X had two cases of 60 points and Y one of 40: what the base volume is taken from.
#[test]
fn base_volume_is_the_points_of_last_years_cases() {
    let (mut rows, catalog) = world();
    rows.push(rows[0].clone());
    let policy = points_policy();
    let points = crate::settlement::points(
        &super::build::columns(&rows),
        &input(&policy, Some(&catalog), "0"),
        super::build::threads(1),
    );
    let key = |code: &str| ("all".to_owned(), code.to_owned());
    let wanted = [(key("X"), 120_000_000), (key("Y"), 40_000_000)];
    assert_eq!(points.unwrap(), wanted.into());
}

#[test]
fn a_floating_value_is_the_same_said_or_not() {
    let said = settle(&policy_of(ValueMethod::Floating), "100").unwrap();
    assert_eq!(said, settle(&points_policy(), "100").unwrap());
}

// 100.00 over 100 points is 1.0000 of fund money; booked 100 of a cost of 200, so 2.0000 of total cost. At
// the start of the year a point cost 1.6: 2 ÷ 1.6 − 1 = 0.25.
// shows: E10, A42, A43
#[test]
fn settlement_value_is_shown_on_both_bases_and_against_the_start_of_the_year() {
    let outcome = settle(&points_policy(), "100").unwrap();
    let start = Table::new("start_value")
        .with("pool", Column::text(["all", "all", "310"]))
        .with("measure", Column::text(["year_2023", "year_start", "year_start"]))
        .with("value", Column::decimals(4, ["9", "1.6", "7"].map(|value| Some(dec(value)))));
    let cells = |table: &Table| {
        ["pool", "period", "fund_value", "cost_value", "start_value", "drift"]
            .map(|column| table.cell(column, 0).unwrap_or_else(|| "–".to_owned()))
            .join(" ")
    };
    let outcomes = [outcome];
    let table = value_table(&outcomes, Some(&start));
    assert_eq!((table.rows(), cells(&table)), (1, "all Y 1.0000 2.0000 1.6000 0.2500".to_owned()));
    assert_eq!(cells(&value_table(&outcomes, None)), "all Y 1.0000 2.0000 – –");
    // Standards have no points, and no value.
    let rows = [case("X", "M_N18", "947", "800")];
    let standard = settle_one(&rows, input(&super::build::standard_policy(), None, "900")).unwrap();
    assert_eq!(value_table(&[standard], None).rows(), 0);
}
