//! Budgets: how they came about, and which are refused (J01, J02, Y16, Y27, H06, P03).

use crate::explain::render;
use crate::policy::model::{BudgetSource, Clearing, Pools};
use crate::settlement::{Error, MoneyError, Outcome, ScenarioInput, tables};

use super::build::{
    Case, case, catalog, dec, input, points_policy, settle_one, standard_policy, yuan,
};

/// Two cases of X; items of table `budget` for pool `all` and a period.
fn with_items(
    mut input: ScenarioInput<'_>,
    period: &str,
    items: &[(&str, &str)],
) -> Result<Outcome, Error> {
    for (item, value) in items {
        let key = ("all".to_owned(), period.to_owned(), (*item).to_owned());
        input.given.items.insert(key, dec(value));
    }
    settle_one(&[case("X", "M_N18", "947", "800")], input)
}

/// The table of the derivation, one line a row.
fn lines(outcome: &Outcome) -> Vec<String> {
    let table = tables::budget_note_table(std::slice::from_ref(outcome));
    let cell = |column: &str, row| table.cell(column, row).unwrap_or_else(|| "–".to_owned());
    (0..table.rows())
        .map(|row| {
            ["period", "order", "item", "amount_yuan", "rate", "formula"]
                .map(|column| cell(column, row))
                .join("|")
        })
        .collect()
}

// 1000.00 × 1.03 × 1.02 = 1050.60; agreed in two rounds on 1040.00.
// shows: J01, Y27, H06, P03
#[test]
fn derivation_and_rounds_of_a_budget_are_shown() {
    let policy = standard_policy();
    let items = [
        ("last", "1000"),
        ("growth", "0.03"),
        ("price", "0.02"),
        ("round_1", "1010"),
        ("round_2", "1040"),
    ];
    let outcome = with_items(input(&policy, None, "1040"), "Y", &items).unwrap();
    assert_eq!(
        lines(&outcome),
        [
            "Y|1|growth|–|0.0300|",
            "Y|2|price|–|0.0200|",
            "Y|3|last|1000.00|–|",
            "Y|4|derived|1050.60|–|last 1000.00 × (1 + growth 0.03) × (1 + price 0.02)",
            "Y|5|round_1|1010.00|–|",
            "Y|6|round_2|1040.00|–|",
            "Y|7|budget|1040.00|–|table budget, item budget",
        ]
    );
    assert_eq!(outcome.budget_notes[0].clause, "budget");
    // Without any, the budget and its source stand there all the same.
    let outcome = with_items(input(&policy, None, "1040"), "Y", &[]).unwrap();
    assert_eq!(lines(&outcome), ["Y|1|budget|1040.00|–|table budget, item budget"]);
}

// shows: J01, H06, P03
#[test]
fn the_last_round_is_the_budget() {
    let policy = standard_policy();
    let agreed = [("round_1", "1010"), ("round_2", "1040")];
    let wrong = with_items(input(&policy, None, "1040.01"), "Y", &agreed).unwrap_err();
    assert_eq!(
        render(&wrong),
        "error: scenario `base`, pool `all`, period `Y`: `round_2`, the last round agreed, is \
         1040.00 yuan, but the budget is 1040.01\n\
         hint: correct the budget or `round_2`, or record the round that agreed on the budget"
    );
    // Ten rounds are counted, not sorted as text.
    let names: Vec<String> = (1..=10).map(|number| format!("round_{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "9")).collect();
    let mut many = many;
    many[9].1 = "1040";
    assert!(with_items(input(&policy, None, "1040"), "Y", &many).is_ok());
    let left_out = [("round_1", "1010"), ("round_3", "1040")];
    let wrong = with_items(input(&policy, None, "1040"), "Y", &left_out).unwrap_err();
    assert!(
        matches!(wrong, Error::Money(MoneyError::BudgetItemMissing { ref item, .. }) if item == "round_2")
    );
    for odd in ["round_0", "round_01", "round_x"] {
        let wrong = with_items(input(&policy, None, "1040"), "Y", &[(odd, "1040")]).unwrap_err();
        assert!(
            matches!(wrong, Error::Money(MoneyError::BudgetItemValue { ref item, .. }) if item == odd),
            "{wrong}"
        );
    }
    let wrong = with_items(input(&policy, None, "9"), "Y", &[("round_1", "9.001")]).unwrap_err();
    assert!(matches!(wrong, Error::Money(MoneyError::BudgetItemValue { .. })), "{wrong}");
    // A scenario with money of its own is not held to the rounds of the table.
    let mut other = standard_policy();
    other.budget.source = BudgetSource::Amount(vec![(2024, yuan("2000"))]);
    assert!(with_items(input(&other, None, "2000"), "Y", &agreed).is_ok());
}

// shows: Y26, Y27
#[test]
fn each_period_has_its_own_derivation() {
    let mut policy = standard_policy();
    policy.budget.period = Clearing::HalfYear;
    let mut input = input(&policy, None, "0");
    input.budgets =
        ["H1", "H2"].map(|period| (("all".to_owned(), period.to_owned()), yuan("1000"))).into();
    let outcome = with_items(input, "H2", &[("round_1", "1000")]).unwrap();
    assert_eq!(
        lines(&outcome),
        [
            "H1|1|budget|1000.00|–|table budget, item budget",
            "H2|1|round_1|1000.00|–|",
            "H2|2|budget|1000.00|–|table budget, item budget",
        ]
    );
}

// shows: J02, Y16
#[test]
fn no_institution_has_a_budget_of_its_own() {
    let policy = standard_policy();
    let mut given = input(&policy, None, "1000");
    given.budgets.insert(("X".to_owned(), "Y".to_owned()), yuan("300"));
    let rows = [case("X", "M_N18", "947", "800")];
    assert_eq!(
        render(&settle_one(&rows, given.clone()).unwrap_err()),
        "error: scenario `base`: table `budget` has 300.00 yuan for institution `X`; the money is \
         the area's, and no institution has a budget of its own (J02, Y16)\n\
         hint: remove the row, or name a pool: `all`, or an insurance type"
    );
    // Any other name is a pool that is not settled.
    given.budgets.remove(&("X".to_owned(), "Y".to_owned()));
    given.budgets.insert(("390".to_owned(), "Y".to_owned()), yuan("300"));
    let wrong = settle_one(&rows, given).unwrap_err();
    assert!(matches!(wrong, Error::BudgetWithoutPool { .. }), "{wrong}");
}

#[test]
fn a_budget_below_nothing_is_refused() {
    let policy = points_policy();
    let catalog = catalog("100", "1000", &[("A", "100", "1")]);
    let rows: [Case; 1] = [case("X", "A", "100", "80")];
    let wrong = settle_one(&rows, input(&policy, Some(&catalog), "-0.01")).unwrap_err();
    assert_eq!(
        render(&wrong),
        "error: scenario `base`, pool `all`, period `Y`: the budget is -0.01 yuan; a budget is 0 or more"
    );
    assert!(settle_one(&rows, input(&policy, Some(&catalog), "0")).is_ok());
}

// A waterfall for 390 is drawn up, but no case of 390 is settled: its money is not left out in silence, and
// neither is one for `all` where each insurance has its own (E16).
// shows: Z03, E16
#[test]
fn a_waterfall_without_a_pool_is_refused() {
    let mut policy = points_policy();
    policy.budget.source = BudgetSource::Waterfall(super::waterfall::waterfall());
    policy.budget.pools = Pools::Insutype;
    let catalog = catalog("100", "1000", &[("A", "100", "1")]);
    let settled = |pools: &[&str]| {
        let mut given = input(&policy, Some(&catalog), "0");
        given.budgets.clear();
        for pool in pools {
            for (item, value) in
                [("income", "100"), ("b1", "1"), ("b2", "1"), ("b3", "1"), ("b4", "1"), ("b5", "1")]
            {
                let key = ((*pool).to_owned(), "Y".to_owned(), item.to_owned());
                given.given.items.insert(key, dec(value));
            }
        }
        settle_one(&[case("X", "A", "100", "80")], given)
    };
    // 100 − 10 − 1 − 1 − 1 − 1 = 86, and no actual spending: no year end.
    assert_eq!(super::build::paid(&settled(&["310"]).unwrap()), ["86.00"]);
    for other in ["390", "all"] {
        let wrong = settled(&["310", other]).unwrap_err();
        let Error::BudgetWithoutPool { place, amount, .. } = &wrong else { panic!("{wrong}") };
        assert_eq!((place.pool.as_str(), *amount), (other, yuan("100")));
    }
    // A pool with cases and no waterfall is missing its income.
    let wrong = settled(&[]).unwrap_err();
    let missing = MoneyError::BudgetItemMissing {
        place: Box::new(crate::settlement::Place {
            scenario: "base".to_owned(),
            pool: "310".to_owned(),
            period: "Y".to_owned(),
        }),
        item: "income".to_owned(),
        instead: String::new(),
        known: Vec::new(),
    };
    assert_eq!(wrong, missing.into());
}

// Money for a compensation pool of a pool that is not settled is not left out in silence.
#[test]
fn a_compensation_pool_without_a_pool_is_refused() {
    let policy = standard_policy();
    let mut given = input(&policy, None, "1000");
    let key = ("390".to_owned(), "Y".to_owned(), "compensation_pool".to_owned());
    given.given.items.insert(key, dec("5"));
    let wrong = settle_one(&[case("X", "M_N18", "947", "800")], given).unwrap_err();
    assert!(matches!(wrong, Error::BudgetWithoutPool { .. }), "{wrong}");
}
