//! Cases that experts decided, lines carved out of fees, and that each case is paid by one rule.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use proptest::prelude::*;
use proptest::sample::select;

use crate::explain::render;
use crate::policy::model::{CarveOut, Cite, OnOutliers, Policy, Reference};
use crate::settlement::cases::{Cases, flag};
use crate::settlement::chain;
use crate::settlement::decide::{CaseClass, CaseView, Pay, decide};
use crate::settlement::outcome::{LedgerLine, LineKind, Outcome};
use crate::settlement::segments::Rule;
use crate::settlement::tables::case_table;
use crate::settlement::tariff::Tariff;
use crate::settlement::{Given, ScenarioInput, SpecialCase, SpecialKind, decide_all, settle};
use crate::trail::Value;
use crate::units::{Fen, Points};

use super::build::{
    Case, case, catalog, columns, dec, input, paid, points_policy, published_lines, settle_columns,
    standard_policy, threads, yuan,
};
use super::scalar;
use super::scores::scored_policy;

fn special(rows: &[(&str, SpecialKind)]) -> BTreeMap<String, SpecialCase> {
    let decided =
        |kind| SpecialCase { kind, reviewer: "专家组".to_owned(), reason: "疑难".to_owned() };
    rows.iter().map(|(id, kind)| ((*id).to_owned(), decided(*kind))).collect()
}

fn with_id(id: &str, case: Case) -> Case {
    Case { id: id.to_owned(), ..case }
}

fn lines(outcome: &Outcome, kind: LineKind) -> Vec<(&str, Fen)> {
    let of_kind = |line: &&LedgerLine| line.kind == kind;
    let lines = outcome.ledger.iter().filter(of_kind);
    lines.map(|line| (line.fixmedins_code.as_str(), line.amount)).collect()
}

// M 300, scale 100: a group case has 100 points. Z is paid its 200.00 first; 800.00 are divided by 250.5
// points of X (decided) and 100 + 50 of Y (an expert adds 50): X 800 × 250.5 ÷ 400.5 = 500.3745…,
// Y 299.6254…; the fen left goes to Y, .54 against .45.
// shows: Z25, P08, R17, R11
#[test]
fn what_experts_decided_is_paid() {
    let policy = points_policy();
    let catalog = catalog("300", "100", &[("G", "300", "100")]);
    let rows = [
        with_id("a", case("X", "G", "900", "700")),
        with_id("b", case("Y", "G", "300", "250")),
        with_id("c", case("Z", "G", "990", "200")),
        with_id("d", case("Y", "", "0", "0")),
    ];
    let decisions = [
        ("a", SpecialKind::Points(dec("250.5"))),
        ("b", SpecialKind::Add(dec("50"))),
        ("c", SpecialKind::Item),
        ("d", SpecialKind::Item),
        ("nowhere", SpecialKind::Item),
    ];
    let given = Given { special: special(&decisions), ..Given::default() };
    let input = ScenarioInput { given, ..input(&policy, Some(&catalog), "1000") };
    let cases = columns(&rows);
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    assert_eq!(paid(&outcome), ["500.37", "299.63", "200.00"]);
    assert_eq!(lines(&outcome, LineKind::ItemPaidSpecial), [("Z", yuan("200"))]);
    assert_eq!(outcome.unmatched_special, ["nowhere"]);
    let classes: Vec<_> = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN)
        .unwrap()
        .iter()
        .map(|case| (case.class, case.rule, case.points))
        .collect();
    let points = |whole: i64| Points(whole * 1_000_000 / 10);
    assert_eq!(
        classes,
        [
            (CaseClass::Special, Rule::Decided, points(2505)),
            (CaseClass::Normal, Rule::Group, points(1500)),
            (CaseClass::Special, Rule::DecidedItem, points(0)),
            // Fee 0 is tested first (R11).
            (CaseClass::ZeroFee, Rule::ZeroFee, points(0)),
        ]
    );
}

// shows: R11, R17
#[test]
fn decided_points_hold_for_a_fee_of_nothing_and_refused_ones_change_nothing() {
    let policy = points_policy();
    let catalog = catalog("300", "100", &[("G", "300", "100")]);
    let rows = [with_id("a", case("X", "G", "0", "0")), with_id("b", case("X", "G", "300", "250"))];
    let cases = columns(&rows);
    let decisions = [("a", SpecialKind::Points(dec("12"))), ("b", SpecialKind::Refused)];
    let given = Given { special: special(&decisions), ..Given::default() };
    let input = ScenarioInput { given, ..input(&policy, Some(&catalog), "1000") };
    let tariff = Tariff::resolve(&input, &cases).unwrap();
    let judged = |row| decide(&tariff, &CaseView::of(&cases, row));
    assert_eq!(judged(0).pay, Pay::Points(12_000_000));
    assert_eq!((judged(1).class, judged(1).pay), (CaseClass::Normal, Pay::Points(100_000_000)));
}

// shows: Z25, P08
#[test]
fn decisions_that_do_not_fit_are_refused_by_case() {
    let policy = standard_policy();
    let rows = columns(&[with_id("a", case("X", "M_N18", "900", "700"))]);
    let given =
        Given { special: special(&[("a", SpecialKind::Points(dec("5")))]), ..Given::default() };
    let standard = ScenarioInput { given: given.clone(), ..input(&policy, None, "1000") };
    let text = render(&settle_columns(&rows, standard).unwrap_err());
    assert!(text.contains("decides points of case `a`, but cases are paid by standard"), "{text}");
    // Two parts of one split case (A15).
    let policy = points_policy();
    let catalog = catalog("300", "100", &[("M", "300", "100"), ("O", "300", "100")]);
    let parts = ["M", "O"].map(|group| with_id("a", case("X", group, "300", "250")));
    let by_points = ScenarioInput { given, ..input(&policy, Some(&catalog), "1000") };
    let text = render(&settle_columns(&columns(&parts), by_points).unwrap_err());
    assert!(text.contains("case `a`, which is split into parts"), "{text}");
}

fn carving(mut policy: Policy) -> Policy {
    policy.carve_out = Some(CarveOut {
        cite: Cite { clause: Some("诊查费".to_owned()), reading: None },
        charge_types: vec!["02".to_owned()],
        negotiated_drugs: false,
        items: Vec::new(),
    });
    policy
}

// X booked 90.00, 30.00 of it for carved-out lines; Y booked 150.00. I = 30.00, the other 470.00 go by
// 100 and 300 points: X 30 + 117.50, Y 352.50.
// shows: H10, A47, E14
#[test]
fn carved_out_lines_are_paid_besides_and_first() {
    let policy = carving(points_policy());
    let catalog = catalog("300", "100", &[("G", "300", "100"), ("H", "900", "300")]);
    let rows = [case("X", "G", "100", "90"), case("Y", "H", "200", "150")];
    let cases = Cases { carved_fen: vec![3_000, 0], ..columns(&rows) };
    let input = input(&policy, Some(&catalog), "500");
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    assert_eq!(paid(&outcome), ["147.50", "352.50"]);
    assert_eq!(lines(&outcome, LineKind::CarvedOut), [("X", yuan("30"))]);
    let pays: Vec<_> = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN)
        .unwrap()
        .iter()
        .map(|case| case.pay)
        .collect();
    assert_eq!(pays, [yuan("147.50"), yuan("352.50")]);
    // Without the section nothing is carved out.
    let policy = points_policy();
    let whole = settle_columns(&cases, super::build::input(&policy, Some(&catalog), "500"));
    assert_eq!(paid(&whole.unwrap()), ["125.00", "375.00"]);
}

// A low case is paid what was booked: 300.00, whether or not 30.00 of it were carved out. A normal case:
// 947 × (850 − 30) ÷ 1000 = 776.54, and 30.00 besides.
// shows: A47, A53, Y20
#[test]
fn no_fen_is_paid_by_its_standard_and_carved_out_too() {
    let policy = carving(standard_policy());
    let rows = [case("X", "M_N18", "350", "300"), case("Y", "M_N18", "1000", "850")];
    let cases = Cases { carved_fen: vec![3_000, 3_000], ..columns(&rows) };
    let outcome = settle_columns(&cases, input(&policy, None, "9000")).unwrap();
    assert_eq!(paid(&outcome), ["300.00", "806.54"]);
    assert_eq!(lines(&outcome, LineKind::ItemPaidLow), [("X", yuan("270"))]);
}

// k = (1865.20 − 350.00) ÷ (2 × 947) = 0.8: the standard of 947 becomes 757.60, its lines 303.04 and
// 1515.20. 1700 was normal and would be high, 350 was low and would be normal, 900 stays normal. Each is
// paid by the class it had: 947 × 0.8 = 757.60, twice, and 350.00.
// shows: A08, A19
#[test]
fn class_stays_what_it_was_and_says_where_the_rescaled_standard_would_differ() {
    let policy = standard_policy();
    let fees = ["1700", "350", "900"];
    let cases = columns(&fees.map(|fee| case("X", "M_N18", fee, fee)));
    let input = input(&policy, None, "1865.20");
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    let decided = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    let told: Vec<_> =
        decided.iter().map(|case| (case.class, case.differs_at_clearing, case.pay)).collect();
    assert_eq!(
        told,
        [
            (CaseClass::Normal, true, yuan("757.60")),
            (CaseClass::Low, true, yuan("350")),
            (CaseClass::Normal, false, yuan("757.60")),
        ]
    );
    // Not overspent: nothing is rescaled.
    let input = super::build::input(&policy, None, "9000");
    let outcome = settle_columns(&cases, input.clone()).unwrap();
    let decided = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    assert!(decided.iter().all(|case| !case.differs_at_clearing));
}

// A14's own case, 1000.00 with 850.00 booked, split into O 580, M 320, A 100 (A15): each part is tested
// and paid by its own standard. O 415 × 0.85 = 352.75, M 320 ≤ 378.80 by item 272.00, A 100 ≤ 116.40 by
// item 85.00. As one case of OMA it would be low: 1000 ≤ 1337.60, by item 850.00.
// shows: A15
#[test]
fn parts_of_a_split_case_are_each_decided_and_told_apart() {
    let policy = standard_policy();
    let parts = [("O_N18", "580", "493"), ("M_N18", "320", "272"), ("A_N18", "100", "85")];
    let parts = parts.map(|(group, fee, fund)| with_id("a", case("X", group, fee, fund)));
    let turned: Vec<Case> = parts.iter().rev().cloned().collect();
    let mut tables = Vec::new();
    for rows in [&parts[..], &turned[..]] {
        let cases = columns(rows);
        let input = input(&policy, None, "9000");
        let outcome = settle_columns(&cases, input.clone()).unwrap();
        assert_eq!(paid(&outcome), ["709.75"]);
        let decided = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
        tables.push(case_table(&outcome, &cases, &decided));
    }
    assert_eq!(tables[0], tables[1]);
    let column = |name| (0..3).map(|row| tables[0].cell(name, row).unwrap()).collect::<Vec<_>>();
    assert_eq!(column("group_code"), ["A_N18", "M_N18", "O_N18"]);
    assert_eq!(column("pay_yuan"), ["85.00", "272.00", "352.75"]);
}

/// A random city with decisions, carved-out lines, flags and both ways of telling low from high.
fn rows() -> impl Strategy<Value = Vec<(Case, i64, Option<SpecialKind>)>> {
    let kind = select(vec![
        None,
        None,
        None,
        None,
        Some(SpecialKind::Item),
        Some(SpecialKind::Refused),
        Some(SpecialKind::Points(dec("33.3333"))),
        Some(SpecialKind::Add(dec("0.5"))),
    ]);
    let codes = (select(vec!["X", "Y", "Z"]), select(vec!["G", "H", "", "none"]));
    let amounts = (select(vec![0i64, 1, 400, 999]), 0i64..3_000_000, 0i64..=1000, 0i64..=1000);
    let flags = select(vec![0, flag::MERGED, flag::DAY_SURGERY]);
    let row = (codes, amounts, 1u8..=12, any::<bool>(), flags, kind).prop_map(
        |((institution, group), (few, many, fund, carved), month, resident, flags, kind)| {
            let fee_fen = if few == 999 { many } else { few };
            let fund_fen = fee_fen * fund / 1000;
            let insutype = if resident { "390" } else { "310" }.to_owned();
            let row = Case {
                fee_fen,
                inscope_fen: fee_fen,
                fund_fen,
                month,
                flags,
                insutype,
                ..case(institution, group, "0", "0")
            };
            (row, fund_fen * carved / 1000, kind)
        },
    );
    proptest::collection::vec(row, 1..60)
}

/// Low and high cases by `[score]` or by bands, lines carved out.
fn low_and_high(with_score: bool, outliers: OnOutliers) -> Policy {
    let mut policy = carving(if with_score {
        scored_policy(scalar::rules(), "1.05", outliers)
    } else {
        points_policy()
    });
    if !with_score {
        policy.deviation = Some(published_lines());
        policy.deviation.as_mut().unwrap().reference = Reference::Mean;
    }
    policy
}

/// What the pass summed is the sum over the cases decided one by one, each by one rule, and the chain of
/// steps of each ends in the same number.
fn check_one_by_one(cases: &Cases, input: &ScenarioInput<'_>, outcome: &Outcome) {
    let tariff = Tariff::resolve(input, cases).unwrap();
    let mut points: BTreeMap<&str, i128> = BTreeMap::new();
    let mut items = 0i64;
    for row in 0..cases.len() {
        let judged = decide(&tariff, &CaseView::of(cases, row));
        items += judged.carved;
        assert_eq!(judged.carved, cases.carved_fen[row]);
        let code = cases.institutions[cases.institution[row] as usize].as_str();
        let paid = match judged.pay {
            Pay::Points(found) => {
                *points.entry(code).or_default() += i128::from(found);
                Value::Points(Points(found))
            }
            Pay::Booked(fen) => {
                items += fen;
                assert_eq!(fen + judged.carved, cases.fund_fen[row]);
                Value::Money(Fen(fen))
            }
            _ => panic!("points policies pay by points or as booked"),
        };
        let steps = chain::steps(&tariff, input, cases, row);
        for step in &steps {
            step.check().unwrap();
        }
        assert_eq!(steps.last().unwrap().result, paid);
    }
    for row in &outcome.institutions {
        let code = row.fixmedins_code.as_str();
        assert_eq!(row.points, points.get(code).copied().unwrap_or(0));
    }
    assert_eq!(outcome.pools[0].item_paid, Fen(items));
}

proptest! {
    // Every case has one rule; what the pass sums in one go, in any number of threads and beside other
    // tariffs, is the sum over the cases decided one by one; the parts of the cases sum to the whole.
    // shows: Z17, Z24, P06, A47, R27
    #[test]
    fn no_case_is_paid_twice_or_by_no_rule(
        rows in rows(),
        outliers in select(vec![OnOutliers::Apply, OnOutliers::Inside, OnOutliers::None]),
        with_score in any::<bool>(),
        workers in 1usize..4,
    ) {
        let policy = low_and_high(with_score, outliers);
        let catalog =
            catalog("8000", "1000", &[("G", "9000.1234", "1125.0154"), ("H", "800", "100")]);
        let plain: Vec<Case> = rows.iter().map(|row| row.0.clone()).collect();
        let mut cases = columns(&plain);
        cases.carved_fen = rows.iter().map(|row| row.1).collect();
        let decided: Vec<(&str, SpecialKind)> = cases
            .case_id
            .iter()
            .zip(&rows)
            .filter_map(|(id, row)| {
                // An expert cannot add to what is paid as booked.
                let adds = matches!(row.2, Some(SpecialKind::Add(_)));
                Some((id?, row.2.filter(|_| !adds || with_score)?))
            })
            .collect();
        let given = Given { special: special(&decided), ..Given::default() };
        let booked: i64 = cases.fund_fen.iter().sum();
        let budget = Fen(booked + 100_000).to_string();
        let input = ScenarioInput { given, ..input(&policy, Some(&catalog), &budget) };
        let mut other = policy.clone();
        other.weights.ungrouped_factor = dec("1");
        let beside = ScenarioInput {
            name: "beside".to_owned(),
            policy: &other,
            ..input.clone()
        };
        let settled = settle(&cases, &[beside, input.clone()], threads(workers));
        let Ok(mut outcomes) = settled else { return Ok(()) };
        let outcome = outcomes.remove(1);
        let alone = settle(&cases, std::slice::from_ref(&input), threads(1)).unwrap().remove(0);
        prop_assert_eq!(&outcome, &alone);
        check_one_by_one(&cases, &input, &outcome);
        let parts = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
        let pays = Fen::sum(parts.iter().map(|case| case.pay)).unwrap();
        prop_assert_eq!(pays, outcome.pools[0].entitlement);
    }
}
