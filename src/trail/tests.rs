#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use super::words::WORDS;
use super::{Lang, Section, Step, Trail, Value, json, text};
use crate::policy::model::Cite;
use crate::units::{Fen, fraction, ratio};

fn cite() -> Cite {
    Cite { clause: Some("五(一)".to_owned()), reading: Some("A16".to_owned()) }
}

/// D-Y6: M_N18, fee 1000, fund 850: 947 × 0.85 = 804.95.
fn standard_pay(fen: i64) -> Step {
    let inputs = vec![
        ("standard", Value::Money(Fen(94_700))),
        ("fund", Value::Money(Fen(85_000))),
        ("fee", Value::Money(Fen(100_000))),
    ];
    Step::of("standard_pay", Value::Money(Fen(fen)))
        .by("round2(standard × fund ÷ fee)", inputs)
        .at("payment.ratio", &cite())
        .reading("A46")
        .reading("A16")
}

fn trail(step: Step) -> Trail {
    Trail {
        subject: "case",
        id: "S1".to_owned(),
        scenario: "baseline".to_owned(),
        year: 2023,
        sections: vec![Section::of("judgement", vec![step])],
    }
}

#[test]
fn every_word_has_a_name_of_its_own_and_both_labels() {
    let names: BTreeSet<&str> = WORDS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), WORDS.len(), "two words share a name");
    for (name, zh, en) in WORDS {
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert!(zh.chars().any(|c| u32::from(c) > 0x2E80), "`{name}` has no Chinese label: {zh}");
        assert!(en.is_ascii() && !en.is_empty(), "`{name}` has no English label: {en}");
    }
}

#[test]
fn a_word_without_label_is_refused() {
    let unknown = [
        Step::of("nonsense", Value::Count(1)),
        Step::of("fee", Value::Word("nonsense")),
        Step::of("fee", Value::Count(1)).by("nonsense", vec![("nonsense", Value::Count(1))]),
    ];
    for step in unknown {
        let error = trail(step).check().unwrap_err();
        assert!(crate::explain::render(&error).contains("`nonsense` has no label"), "{error}");
    }
    let mut heading = trail(standard_pay(80_495));
    heading.sections[0].key = "nonsense";
    assert!(heading.check().is_err());
}

#[track_caller]
fn check(formula: &'static str, result: Value, holds: bool) {
    let inputs = vec![
        ("fee", Value::Money(Fen(37_880))),
        ("line", Value::Money(Fen(37_880))),
        ("fees", Value::List(vec![Value::Money(Fen(15_000)), Value::Money(Fen(20_000))])),
        ("ratio", Value::Ratio(fraction(2, 3).unwrap())),
    ];
    let step = Step::of("total", result).by(formula, inputs);
    assert_eq!(step.check().is_ok(), holds, "{formula}: {:?}", step.check());
}

#[test]
fn formulas_are_evaluated_exactly() {
    let number = |a: i64, b: i64| Value::Ratio(fraction(a, b).unwrap());
    check("1 + 2 × 3", number(7, 1), true);
    check("(1 + 2) × 3", number(9, 1), true);
    check("1 − 2 − 3", number(-4, 1), true);
    check("−fee + line", number(0, 1), true);
    check("12 ÷ 3 ÷ 2", number(2, 1), true);
    check("sum(fees)", Value::Money(Fen(35_000)), true);
    check("sum(fees)", Value::Money(Fen(35_001)), false);
    // 378.80 × 2 ÷ 3 = 252.5333…
    check("round2(fee × ratio)", Value::Money(Fen(25_253)), true);
    check("fee × ratio", Value::Money(Fen(25_253)), false);
    check("floor2(−fee × ratio)", Value::Money(Fen(-25_254)), true);
    check("round0(2.5)", number(3, 1), true);
    check("round0(−2.5)", number(-3, 1), true);
    check("min(fee, 300)", Value::Money(Fen(30_000)), true);
    check("max(fee, 300)", Value::Money(Fen(37_880)), true);
    check("fee ≤ line", Value::Word("low"), true);
    check("fee < line", Value::Word("low"), false);
    check("300 < fee ≤ line", Value::Word("low"), true);
    check("300 < fee < line", Value::Word("low"), false);
    check("fee ≥ line = fee", Value::Word("low"), true);
}

#[test]
fn a_formula_that_cannot_be_evaluated_is_a_fault_and_not_a_zero() {
    for formula in
        ["fee ÷ (line − fee)", "standard", "fee ×", "fee fee", "half(fee)", "fees", "(fee"]
    {
        check(formula, Value::Money(Fen(0)), false);
    }
}

// shows: E23
#[test]
fn an_explanation_of_another_number_is_refused() {
    assert!(trail(standard_pay(80_495)).check().is_ok());
    let error = trail(standard_pay(80_496)).check().unwrap_err();
    assert_eq!(
        crate::explain::render(&error),
        format!(
            "error: the explanation does not hold at `standard_pay`\n  cause: the formula gives \
             16099/20, the step says 804.96\nhint: this is a fault of dianshu {}; please report it with \
             the command you ran",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn a_step_shows_symbols_then_numbers_then_where_it_is_written() {
    assert_eq!(
        text(&trail(standard_pay(80_495)), Lang::Zh),
        "病例 S1 · 2023 年 · 情景 baseline\n\
         \n\
         【费用偏差与支付】\n  \
           按标准支付: 804.95 元\n      \
               = 四舍五入到 2 位(支付标准 × 基金记账 ÷ 费用)\n      \
               = 四舍五入到 2 位(947.00 × 850.00 ÷ 1000.00)\n      \
               参数 payment.ratio · 条款 五(一) · 口径 A16, A46\n"
    );
    let english = text(&trail(standard_pay(80_495)), Lang::En);
    assert!(english.contains("paid by standard: 804.95 yuan"), "{english}");
    assert!(english.contains("= rounded to 2 places (standard × fund booked ÷ fee)"), "{english}");
}

#[test]
fn the_shape_of_the_json_stands() {
    let found = json(&trail(standard_pay(80_495)), Lang::En);
    let input = |key, label, value: &str| serde_json::json!({ "key": key, "label": label, "value": value, "unit": "yuan" });
    assert_eq!(
        found,
        serde_json::json!({
            "subject": "case",
            "id": "S1",
            "scenario": "baseline",
            "year": 2023,
            "sections": [{
                "key": "judgement",
                "label": "class and pay",
                "which": "",
                "steps": [{
                    "key": "standard_pay",
                    "label": "paid by standard",
                    "which": "",
                    "formula": "round2(standard × fund ÷ fee)",
                    "inputs": [
                        input("standard", "standard", "947.00"),
                        input("fund", "fund booked", "850.00"),
                        input("fee", "fee", "1000.00"),
                    ],
                    "value": "804.95",
                    "unit": "yuan",
                    "parameter": "payment.ratio",
                    "clause": "五(一)",
                    "reading": "A16, A46",
                }],
            }],
            "result": { "value": "804.95", "unit": "yuan" },
        })
    );
}

#[test]
fn numbers_are_written_with_every_place_they_have() {
    let ratio_of = |a: i64, b: i64| Value::Ratio(fraction(a, b).unwrap()).plain();
    assert_eq!(ratio_of(85, 100), "0.85");
    assert_eq!(ratio_of(1, 1), "1");
    assert_eq!(ratio_of(9, 11), "0.8181818181…");
    assert_eq!(ratio_of(-2, 3), "-0.6666666666…");
    assert_eq!(ratio_of(-1, 30_000_000_000), "-0.0000000000…");
    assert_eq!(Value::Yuan(ratio(947)).plain(), "947.00");
    assert_eq!(Value::PointSum(fraction(2_000_001, 30_000).unwrap()).plain(), "66.6667");
    assert_eq!(Value::Money(Fen(-5)).plain(), "-0.05");
}
