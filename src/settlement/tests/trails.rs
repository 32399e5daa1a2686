//! Every explanation ends in exactly what was paid, and each of its steps holds.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use crate::policy::model::{DivideBy, Monthly, MonthlyMethod};
use crate::settlement::outcome::LineKind;
use crate::settlement::tariff::Tariff;
use crate::settlement::trail::{explain_case, explain_group, explain_institution};
use crate::settlement::{ScenarioInput, decide_all};
use crate::trail::{Lang, Trail, Value, labels, text};
use crate::units::Fen;

use super::build::{
    Case, case, catalog, cite, columns, input, points_policy, settle_columns, standard_policy, yuan,
};
use super::months::rate;
use super::properties::world;

/// The explanation of the first case.
fn explained(rows: &[Case], input: &ScenarioInput<'_>) -> Trail {
    let cases = columns(rows);
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    let tariff = Tariff::resolve(input, &cases).unwrap();
    let trail = explain_case(&cases, input, (&tariff, &outcome), 0).unwrap();
    trail.check().unwrap();
    trail
}

fn ends_in(trail: &Trail, fen: Fen) -> bool {
    trail.result() == Some(&Value::Money(fen))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    // shows: R27, A46
    #[test]
    fn every_explanation_ends_in_what_was_paid(world in world(), with_months in any::<bool>()) {
        let mut world = world;
        // 90 % of the smaller of quota and booked, 5 % of that kept back until clearing.
        let method = MonthlyMethod::Quota(DivideBy::Booked);
        let rates = vec![rate("2020-01-01", "0.90", "0.05")];
        let monthly = Monthly { cite: cite("monthly"), method, rates };
        world.policy.monthly = with_months.then_some(monthly);
        let (cases, input) = (columns(&world.rows), world.input());
        let Ok(outcome) = settle_columns(&cases, world.input()) else { return Ok(()) };
        let decisions = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
        let tariff = Tariff::resolve(&input, &cases).unwrap();
        for decision in &decisions {
            let trail =
                explain_case(&cases, &input, (&tariff, &outcome), decision.row).unwrap();
            prop_assert!(trail.check().is_ok(), "{:?}\n{}", trail.check(), text(&trail, Lang::En));
            prop_assert!(ends_in(&trail, decision.pay), "{}", text(&trail, Lang::En));
        }
        for code in &cases.institutions {
            let trail = explain_institution(&input, &outcome, code).unwrap();
            prop_assert!(trail.check().is_ok(), "{:?}\n{}", trail.check(), text(&trail, Lang::En));
            let own = outcome.institutions.iter().filter(|row| row.fixmedins_code == *code);
            let paid = Fen(own.clone().map(|row| row.paid.0).sum());
            prop_assert!(ends_in(&trail, paid), "{}", text(&trail, Lang::En));
            let balances: Vec<_> = trail.steps().filter(|step| step.key == "balance").collect();
            prop_assert_eq!(balances.len(), own.clone().count());
            for (step, row) in balances.into_iter().zip(own) {
                prop_assert_eq!(&step.result, &Value::Money(row.balance.balance));
            }
        }
        let entitled: i64 = outcome.institutions.iter().map(|row| row.entitlement.0).sum();
        let mut explained = 0;
        for code in cases.groups.iter().map(String::as_str).chain(["ungrouped"]) {
            let trail = explain_group(&cases, &input, (&outcome, &decisions), code).unwrap();
            prop_assert!(trail.check().is_ok(), "{:?}\n{}", trail.check(), text(&trail, Lang::En));
            let Some(Value::Money(fen)) = trail.result() else { panic!("{code} ends in no money") };
            explained += fen.0;
        }
        prop_assert_eq!(explained, entitled);
    }
}

// D-Y6: M_N18, fee 1000, fund 850: ratio 0.85, 947 × 0.85 = 804.95, with money enough.
// shows: Y20, A16
#[test]
fn the_worked_case_is_explained_to_its_fen() {
    let policy = standard_policy();
    let trail = explained(&[case("H1", "M_N18", "1000", "850")], &input(&policy, None, "5000"));
    assert!(ends_in(&trail, yuan("804.95")));
    let english = text(&trail, Lang::En);
    for part in [
        "line (0.4×): 378.80 yuan",
        "line (2×): 1894.00 yuan",
        "= 378.80 < 1000.00 ≤ 1894.00",
        "reimbursement ratio: 0.85",
        "= rounded to 2 places (947.00 × 0.85)",
        "pay of the case: 804.95 yuan",
        "parameter standard[M_N18@2022-12-01].price · clause annex",
    ] {
        assert!(english.contains(part), "`{part}` is not in\n{english}");
    }
    let chinese = text(&trail, Lang::Zh);
    assert!(chinese.contains("四舍五入到 2 位(支付标准 × 实际报销比例)"), "{chinese}");
}

// D-Y1 to D-Y5: 378.80 is low, 378.81 is normal; 1894.00 is normal, 1894.01 is high, merged it is not.
// shows: Y22, Y23, Y24, A06
#[test]
fn the_comparison_that_decided_is_shown_on_both_sides_of_a_line() {
    let policy = standard_policy();
    let check = |fee: &str, merged: bool, symbols: &str, word: &'static str| {
        let mut row = case("H1", "M_N18", fee, "100");
        row.flags = u8::from(merged);
        let trail = explained(&[row], &input(&policy, None, "5000"));
        let class = trail.steps().find(|step| step.key == "class").unwrap();
        assert_eq!(class.result, Value::Word(word), "{fee}");
        assert_eq!(class.symbols, symbols, "{fee}");
    };
    check("378.80", false, "fee ≤ up_to", "low");
    check("378.81", false, "above < fee ≤ up_to", "normal");
    check("1894.00", false, "above < fee ≤ up_to", "normal");
    check("1894.01", false, "above < fee", "high");
    check("2000.00", true, "above < fee", "normal");
}

// 1 600.00 over 466.6668 and 333.3334 points (0.2): both shares are floored, the fen left goes to Y, whose
// remainder is larger; within X over its cases.
// shows: J05, A46
#[test]
fn the_fen_left_over_is_named() {
    let policy = points_policy();
    let book = catalog("300", "100", &[("A", "200", "66.6667"), ("B", "600", "200")]);
    let rows = [
        case("X", "A", "200", "100"),
        case("X", "A", "200", "100"),
        case("X", "A", "200", "100"),
        case("X", "A", "200", "100"),
        case("X", "B", "600", "500"),
        case("Y", "A", "200", "100"),
        case("Y", "A", "200", "100"),
        case("Y", "B", "600", "520"),
    ];
    let (cases, input) = (columns(&rows), input(&policy, Some(&book), "1600.00"));
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    let left = |code: &str| {
        let trail = explain_institution(&input, &outcome, code).unwrap();
        trail.check().unwrap();
        let step = trail.steps().find(|step| step.key == "share").cloned().unwrap();
        (step.inputs[1].clone(), step.result)
    };
    let money = |text: &str| Value::Money(yuan(text));
    assert_eq!(left("X"), (("left_fen", money("0.00")), money("933.33")));
    assert_eq!(left("Y"), (("left_fen", money("0.01")), money("666.67")));
}

#[test]
fn every_line_of_the_ledger_has_its_labels() {
    let source = include_str!("../outcome.rs");
    let words = source.lines().filter_map(|line| {
        let (variant, word) = line.trim().split_once(" => \"")?;
        variant.starts_with("Self::").then(|| word.trim_end_matches("\","))
    });
    let words: Vec<&str> = words.collect();
    assert!(words.contains(&LineKind::Deduction.as_str()), "{words:?}");
    for word in words {
        assert!(labels(word).is_some(), "`{word}` has no label in trail/words.rs");
    }
}
