//! Points of cases under coefficients, scores and outlier rules: boundary tables by hand, each variant
//! by name, and the segments held against the plain computation of `scalar`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

use crate::catalog::model::Catalog;
use crate::explain::render;
use crate::policy::model::{
    AbnormalHigh, AbnormalReference, Cite, Coefficient, CoefficientBasis, CoefficientMethod,
    Combine, ExtremeRule, HighLine, HighRule, ListedKind, ListedScore, LowLine, LowRule, NoScore,
    OnOutliers, Outlier, Passes, Policy, SamePrice, Score, SelfPaid,
};
use crate::settlement::cases::{Cases, flag};
use crate::settlement::coefficient::InstitutionFacts;
use crate::settlement::decide::{CaseClass, CaseView, Judgement, Pay, decide};
use crate::settlement::segments::Rule;
use crate::settlement::tariff::Tariff;
use crate::settlement::{Given, ScenarioInput};
use crate::units::{Fen, Points};

use super::build::{
    Case, case, catalog, columns, dec, input, paid, points_policy, settle_one, yuan,
};
use super::scalar::{self, Facts};

pub(super) fn coefficient(k: &str, outliers: OnOutliers) -> Coefficient {
    Coefficient {
        cite: Cite::default(),
        method: CoefficientMethod::Given { default: dec(k) },
        basis: CoefficientBasis::Mean,
        combine: Combine::Add,
        outliers,
        grass_roots: Decimal::ONE,
        passes: Passes::One,
        tiers: Vec::new(),
        bonuses: Vec::new(),
        disease: None,
    }
}

/// A policy with the nine kinds of score.
pub(super) fn scored_policy(score: Score, k: &str, outliers: OnOutliers) -> Policy {
    let mut policy = points_policy();
    policy.score = Some(score);
    policy.coefficient = Some(coefficient(k, outliers));
    policy
}

fn decide_one(policy: &Policy, catalog: &Catalog, rows: &Cases, given: Given) -> Judgement {
    let input = ScenarioInput { given, ..input(policy, Some(catalog), "1000") };
    let tariff = Tariff::resolve(&input, rows).unwrap();
    decide(&tariff, &CaseView::of(rows, 0))
}

/// Class and points of one case of group G, in millionths.
fn of_fee(policy: &Policy, catalog: &Catalog, fee: &str) -> (CaseClass, Option<String>) {
    let rows = columns(&[case("X", "G", fee, "7")]);
    let judged = decide_one(policy, catalog, &rows, Given::default());
    let points = match judged.pay {
        Pay::Points(points) => Some(Points(points).to_decimal().normalize().to_string()),
        _ => None,
    };
    (judged.class, points)
}

/// 济宁 inpatients (1.5): low with its line, high without another k, extreme × k.
fn jining() -> Policy {
    let mut score = scalar::rules();
    let abnormal = score.abnormal.as_mut().unwrap();
    abnormal.low_inclusive = true;
    abnormal.extreme_rule = ExtremeRule::Coefficient;
    scored_policy(score, "1.05", OnOutliers::Inside)
}

/// Mean 10 000 yuan, one point, six places: points are the factor of 1.5.
fn factors() -> Catalog {
    Catalog { places: 6, ..catalog("10000", "1", &[("G", "10000", "1")]) }
}

// domain.md 1.5, at avg 10000, k 1.05, a 1.
// shows: A36, A37, A38, R39
#[test]
fn boundary_table_of_the_inpatient_variant_holds_to_the_fen() {
    use CaseClass::{Extreme, High, Low, Normal};
    let check = |fee: &str, class, factor: &str| {
        let found = of_fee(&jining(), &factors(), fee);
        assert_eq!(found, (class, Some(factor.to_owned())), "{fee}");
    };
    check("5000", Low, "0.5");
    check("5000.01", Normal, "1.05");
    check("20000", Normal, "1.05");
    check("20000.01", High, "1.050001");
    check("30000", High, "2.05");
    check("50000", High, "4.05");
    check("50000.01", Extreme, "1.05");
}

// "Versions of that code disagree on whether exactly 2× is high" (1.5).
// shows: A06, A37
#[test]
fn each_line_has_a_side_that_the_policy_chooses() {
    let mut policy = jining();
    let abnormal = policy.score.as_mut().unwrap().abnormal.as_mut().unwrap();
    (abnormal.low_inclusive, abnormal.high_inclusive) = (false, true);
    let class = |fee| of_fee(&policy, &factors(), fee).0;
    assert_eq!(["4999.99", "5000"].map(class), [CaseClass::Low, CaseClass::Normal]);
    assert_eq!(["19999.99", "20000"].map(class), [CaseClass::Normal, CaseClass::High]);
}

// 6.4, at avg 10000, k 1.05, cost 30000: 孝感 2.10, 济宁 2.05, DIP1 2.00.
// shows: A36, R39
#[test]
fn three_cities_give_the_same_case_three_factors() {
    for (outliers, factor) in
        [(OnOutliers::Apply, "2.1"), (OnOutliers::Inside, "2.05"), (OnOutliers::None, "2")]
    {
        let policy = scored_policy(scalar::rules(), "1.05", outliers);
        let found = of_fee(&policy, &factors(), "30000");
        assert_eq!(found, (CaseClass::High, Some(factor.to_owned())));
    }
}

// A37: r 0.4999 → 0.4999·RW; 0.5 and 2 → RW; 3 → 2·RW; A38: 5 → 4·RW, above 5 as 5, and reviewed.
// shows: A37, A38
#[test]
fn shipped_lines_are_strict_and_an_extreme_case_waits_at_the_line() {
    let policy = scored_policy(scalar::rules(), "1", OnOutliers::Apply);
    let check = |fee: &str, factor: &str| {
        assert_eq!(of_fee(&policy, &factors(), fee).1.unwrap(), factor, "{fee}");
    };
    check("4999", "0.4999");
    check("5000", "1");
    check("20000", "1");
    check("30000", "2");
    check("50000", "4");
    check("90000", "4");
    let review = |fee| {
        let rows = columns(&[case("X", "G", fee, "7")]);
        decide_one(&policy, &factors(), &rows, Given::default()).for_review
    };
    assert_eq!(["50000", "50000.01"].map(review), [false, true]);
}

// DIP3 (6.4): low points = RW × adj × cost ÷ (standard × adj), standard = RW × PV. So points × PV is the
// cost, to the fen: RW 1000 points, PV 10 yuan a point, line at 5000.00.
// shows: A37
#[test]
fn low_points_times_the_value_are_the_cost_where_the_standard_is_points_times_value() {
    let mut score = scalar::rules();
    let abnormal = score.abnormal.as_mut().unwrap();
    abnormal.reference = AbnormalReference::Value { point_value: dec("10") };
    let policy = scored_policy(score, "1.05", OnOutliers::None);
    // The published mean differs from RW × PV, and does not matter here.
    let catalog = catalog("8000", "1000", &[("G", "8123.4567", "1000")]);
    for fee in ["0.01", "17.36", "3333.33", "4999.99"] {
        let (class, points) = of_fee(&policy, &catalog, fee);
        assert_eq!(class, CaseClass::Low);
        assert_eq!(dec(&points.unwrap()) * dec("10"), dec(fee), "{fee}");
    }
    assert_eq!(of_fee(&policy, &catalog, "5000"), (CaseClass::Normal, Some("1050".to_owned())));
    // DIP1 compares with the mean: the identity fails by RW × PV ÷ mean.
    let mut score = scalar::rules();
    score.abnormal.as_mut().unwrap().reference = AbnormalReference::Catalog;
    let policy = scored_policy(score, "1.05", OnOutliers::None);
    let points = dec(&of_fee(&policy, &catalog, "3333.33").1.unwrap());
    assert_eq!(points, dec("410.3339")); // 3333.33 ÷ 8123.4567 × 1000 = 410.33394…
}

// DIP3: 2–3×, 3 included, stay by disease and go to review.
// shows: A38
#[test]
fn high_cases_may_keep_their_points_and_be_reviewed() {
    let mut score = scalar::rules();
    let abnormal = score.abnormal.as_mut().unwrap();
    (abnormal.high_rule, abnormal.extreme) = (AbnormalHigh::Review, dec("3"));
    let policy = scored_policy(score, "1.05", OnOutliers::Apply);
    for (fee, class, rule) in [
        ("20000", CaseClass::Normal, Rule::Group),
        ("20000.01", CaseClass::High, Rule::HighReview),
        ("30000", CaseClass::High, Rule::HighReview),
        ("30000.01", CaseClass::Extreme, Rule::ExtremeReview),
    ] {
        let rows = columns(&[case("X", "G", fee, "7")]);
        let judged = decide_one(&policy, &factors(), &rows, Given::default());
        assert_eq!((judged.class, judged.rule), (class, rule), "{fee}");
        assert_eq!(judged.for_review, class != CaseClass::Normal);
        assert_eq!(judged.pay, Pay::Points(1_050_000));
    }
}

// 5.3: C 10000, S 100, RW 1.2, factor 1.1, PV 95.
fn drg(low: LowRule, high: HighRule, outliers: OnOutliers, k: &str) -> Policy {
    let line = |weight_below: Option<&str>, ratio: &str| HighLine {
        cite: Cite::default(),
        weight_below: weight_below.map(dec),
        ratio: dec(ratio),
    };
    let mut policy = points_policy();
    policy.coefficient = Some(coefficient(k, outliers));
    policy.outlier = Some(Outlier {
        cite: Cite::default(),
        low: dec("0.35"),
        low_line: LowLine::Mean,
        low_rule: low,
        high: vec![
            line(Some("1"), "3"),
            line(Some("2"), "2.5"),
            line(Some("3"), "2"),
            line(Some("5"), "1.5"),
            line(None, "1.3"),
        ],
        high_rule: high,
    });
    policy
}

fn drg_catalog() -> Catalog {
    catalog("10000", "100", &[("G", "12000", "120")])
}

// shows: P04, A36, R37
#[test]
fn case_table_of_the_points_engine_comes_out_by_name() {
    let inside = OnOutliers::Inside;
    let check = |low, high, fee: &str, class, points: Option<&str>| {
        let found = of_fee(&drg(low, high, inside, "1.1"), &drg_catalog(), fee);
        assert_eq!(found, (class, points.map(str::to_owned)), "{fee}");
    };
    let (no_factor, add) = (LowRule::PointsNoFactor, HighRule::LinearAdd);
    check(no_factor, add, "12000", CaseClass::Normal, Some("132")); // × 95 = 12 540.00
    check(no_factor, add, "3000", CaseClass::Low, Some("30")); // × 95 = 2 850.00
    check(no_factor, add, "36000", CaseClass::High, Some("192")); // × 95 = 18 240.00
    check(no_factor, HighRule::Deduct, "36000", CaseClass::High, Some("162")); // 15 390.00
    check(no_factor, HighRule::Cap, "36000", CaseClass::High, Some("330")); // 31 350.00
    // ByActual takes the booked amount out of the pool.
    let rows = columns(&[case("X", "G", "3000", "2100")]);
    let policy = drg(LowRule::ByActual, add, inside, "1.1");
    let judged = decide_one(&policy, &drg_catalog(), &rows, Given::default());
    assert_eq!((judged.class, judged.pay), (CaseClass::Low, Pay::Booked(210_000)));
}

// 0.35 × 12000 = 4200 and 2.5 × 12000 = 30000, both strict.
// shows: A36, R37
#[test]
fn lines_of_the_points_engine_are_strict_and_lower_of_moves_the_low_one() {
    let mut policy = drg(LowRule::PointsNoFactor, HighRule::LinearAdd, OnOutliers::Inside, "0.9");
    let class = |policy: &Policy, fee| of_fee(policy, &drg_catalog(), fee).0;
    assert_eq!(class(&policy, "4199.99"), CaseClass::Low);
    assert_eq!(class(&policy, "4200"), CaseClass::Normal);
    assert_eq!(class(&policy, "30000"), CaseClass::Normal);
    assert_eq!(class(&policy, "30000.01"), CaseClass::High);
    // mean × low × min(1, 0.9) = 3780.
    policy.outlier.as_mut().unwrap().low_line = LowLine::LowerOf;
    assert_eq!(class(&policy, "3780"), CaseClass::Normal);
    assert_eq!(class(&policy, "3779.99"), CaseClass::Low);
    policy.coefficient = Some(coefficient("1.1", OnOutliers::Inside));
    assert_eq!(class(&policy, "4199.99"), CaseClass::Low);
    assert_eq!(class(&policy, "4200"), CaseClass::Normal);
}

// RW < 1: 3; < 2: 2.5; < 3: 2; < 5: 1.5; else 1.3; at the mean 10000 a line is K × 10000.
// shows: R37
#[test]
fn high_line_goes_by_weight() {
    for (points, line) in [
        ("99.9999", "30000"),
        ("100", "25000"),
        ("199.9999", "25000"),
        ("200", "20000"),
        ("300", "15000"),
        ("499.9999", "15000"),
        ("500", "13000"),
    ] {
        let policy = drg(LowRule::PointsNoFactor, HighRule::LinearAdd, OnOutliers::Inside, "1");
        let catalog = catalog("10000", "100", &[("G", "10000", points)]);
        let above = Fen(yuan(line).0 + 1).to_string();
        assert_eq!(of_fee(&policy, &catalog, line).0, CaseClass::Normal, "{points}");
        assert_eq!(of_fee(&policy, &catalog, &above).0, CaseClass::High, "{points}");
    }
}

// 36 000 at k 1.1: 120 × (0.5 + 1) = 180, × 1.1 = 198 where it applies to outliers too.
// shows: A36
#[test]
fn linear_add_takes_the_coefficient_where_the_policy_puts_it() {
    for (outliers, points) in
        [(OnOutliers::Inside, "192"), (OnOutliers::Apply, "198"), (OnOutliers::None, "180")]
    {
        let policy = drg(LowRule::PointsNoFactor, HighRule::LinearAdd, outliers, "1.1");
        let found = of_fee(&policy, &drg_catalog(), "36000");
        assert_eq!(found, (CaseClass::High, Some(points.to_owned())));
    }
}

// shows: A36, E15, P05
#[test]
fn groups_of_one_price_and_grass_roots_diseases_take_no_coefficient() {
    let mut policy = points_policy();
    policy.coefficient = Some(coefficient("1.1", OnOutliers::Apply));
    let points = |policy: &Policy, catalog: &Catalog| of_fee(policy, catalog, "9000").1.unwrap();
    assert_eq!(points(&policy, &drg_catalog()), "132");
    let mut grass_roots = drg_catalog();
    grass_roots.groups[0].kind = "grass_roots".to_owned();
    assert_eq!(points(&policy, &grass_roots), "120");
    // Elsewhere such a disease has a coefficient of its own (1.5): 120 × 0.95.
    policy.coefficient.as_mut().unwrap().grass_roots = dec("0.95");
    assert_eq!(points(&policy, &grass_roots), "114");
    assert_eq!(points(&policy, &drg_catalog()), "132");
    policy.same_price = Some(SamePrice {
        cite: Cite::default(),
        groups: vec!["G".to_owned()],
        maximum_cv: dec("0.5"),
    });
    assert_eq!(points(&policy, &drg_catalog()), "120");
    assert_eq!(points(&policy, &grass_roots), "120");
}

fn level_three(code: &str) -> InstitutionFacts {
    InstitutionFacts {
        code: code.to_owned(),
        hosp_lv: "2".to_owned(),
        inst_type: "general".to_owned(),
        ..InstitutionFacts::default()
    }
}

// A37, R06: same level ≥ 15, else city ≥ 15, else catalog. Means 9000 (level 3), 8000 (city), 10000.
// shows: A37, R06
#[test]
fn reference_is_last_years_mean_where_there_were_fifteen_cases() {
    let policy = scored_policy(scalar::rules(), "1", OnOutliers::Apply);
    for (level, city, mean) in [(15, 99, 9000), (14, 15, 8000), (14, 14, 10_000)] {
        let mut given = Given { institutions: vec![level_three("X")], ..Given::default() };
        let last = &mut given.last_means;
        last.by_level.insert(("G".to_owned(), 3), (level, dec("9000.0000")));
        last.by_level.insert(("G".to_owned(), 2), (99, dec("1.0000")));
        last.by_group.insert("G".to_owned(), (city, dec("8000.0000")));
        let class = |fen: i64| {
            let fee = Fen(fen).to_string();
            let rows = columns(&[case("X", "G", &fee, "7")]);
            decide_one(&policy, &factors(), &rows, given.clone()).class
        };
        let high = mean * 200;
        assert_eq!(class(high), CaseClass::Normal, "{level} {city}");
        assert_eq!(class(high + 1), CaseClass::High, "{level} {city}");
        assert_eq!(class(mean * 50 - 1), CaseClass::Low, "{level} {city}");
    }
}

// shows: Z17, A41
#[test]
fn a_case_without_score_goes_the_way_that_the_policy_names() {
    let catalog = catalog("8000", "1000", &[("G", "9000", "1125"), ("H", "800", "100")]);
    let rows = columns(&[case("X", "", "1000", "700")]);
    let pay = |no_score| {
        let score = Score { no_score, ..scalar::rules() };
        let policy = scored_policy(score, "1.05", OnOutliers::Apply);
        let judged = decide_one(&policy, &catalog, &rows, Given::default());
        assert_eq!(judged.class, CaseClass::Ungrouped);
        judged.pay
    };
    // 0.7 × 1000 ÷ 8000 × 1000 = 87.5 points, no coefficient.
    assert_eq!(pay(NoScore::Factor), Pay::Points(87_500_000));
    assert_eq!(pay(NoScore::None), Pay::Points(0));
    assert_eq!(pay(NoScore::Item), Pay::Booked(70_000));
    // H is the lowest, whether or not it has cases.
    assert_eq!(pay(NoScore::Lowest), Pay::Points(100_000_000));
}

// shows: Z19, Z20
#[test]
fn an_institution_with_cases_but_without_facts_is_refused_by_name() {
    let mut policy = points_policy();
    let path = "tests/policy/coefficient";
    policy.coefficient = crate::policy::load(path).unwrap().policy.coefficient;
    let catalog = drg_catalog();
    let rows = [case("H7", "G", "9000", "1"), case("H8", "G", "9000", "1")];
    let given = Given { institutions: vec![level_three("H8")], ..Given::default() };
    let mut input = ScenarioInput { given, ..input(&policy, Some(&catalog), "1000") };
    let wrong = Tariff::resolve(&input, &columns(&rows)).unwrap_err();
    let text = render(&wrong);
    // The other institution's tier has a value; the catalog has no table of estimates.
    assert!(text.contains("no usable table `coefficients`"), "{text}");
    let mut valued = policy.clone();
    for tier in &mut valued.coefficient.as_mut().unwrap().tiers {
        tier.value = Some(dec("1.2"));
    }
    input.policy = &valued;
    let wrong = Tariff::resolve(&input, &columns(&rows)).unwrap_err();
    let text = render(&wrong);
    assert!(
        text.contains("table `institution` does not have `H7`, which settled 1 cases"),
        "{text}"
    );
    assert!(Tariff::resolve(&input, &columns(&rows[1..])).is_ok());
    input.given.institutions[0].hosp_lv = "11".to_owned();
    let wrong = Tariff::resolve(&input, &columns(&rows[1..])).unwrap_err();
    let text = render(&wrong);
    assert!(text.contains("institution `H8` () belongs to no tier"), "{text}");
}

/// Random rules of `[score]` and where they put the coefficient.
fn rules() -> impl Strategy<Value = (Score, OnOutliers)> {
    let lines = (any::<[bool; 3]>(), select(vec!["0.5", "0.35", "0"]), select(vec!["2", "1.3"]));
    let words = (
        select(vec![AbnormalHigh::Excess, AbnormalHigh::Excess, AbnormalHigh::Review]),
        select(vec![ExtremeRule::Review, ExtremeRule::Coefficient, ExtremeRule::Item]),
        select(vec![OnOutliers::Apply, OnOutliers::None, OnOutliers::Inside]),
    );
    let more = (any::<[bool; 3]>(), select(vec!["1", "0.85"]));
    (lines, words, more).prop_map(|((sides, low, high), (high_rule, extreme_rule, on), more)| {
        let mut score = scalar::rules();
        let abnormal = score.abnormal.as_mut().unwrap();
        (abnormal.low_inclusive, abnormal.high_inclusive) = (sides[0], sides[1]);
        (abnormal.low, abnormal.high) = (dec(low), dec(high));
        (abnormal.high_rule, abnormal.extreme_rule) = (high_rule, extreme_rule);
        if sides[2] && more.0[0] && more.0[1] {
            score.abnormal = None;
        }
        let self_paid = SelfPaid { cite: Cite::default(), limit: dec("0.2"), factor: dec("0.955") };
        score.self_paid = more.0[0].then_some(self_paid);
        score.day_surgery = dec(more.1);
        if more.0[2] {
            score.listed = vec![ListedScore {
                group_code: "G".to_owned(),
                kind: ListedKind::Quota,
                points: dec("77.7777"),
            }];
        }
        (score, on)
    })
}

proptest! {
    // Means and coefficients of many digits: some products leave 128 bits, and must not be wrong there.
    // shows: Z17, Z24, R17, A36, A37, A38, A46
    #[test]
    fn segments_give_every_case_the_points_of_the_plain_computation(
        (score, outliers) in rules(),
        fee in prop_oneof![1i64..5_000_000, select(vec![0i64, 500_000, 1_000_000, 2_000_000])],
        own in 0i64..1000,
        mean in select(vec!["10000.0000", "9876.5432", "0.0000", "1.3333"]),
        points in select(vec!["1000.0000", "33.3333", "0.0000", "987654.3210"]),
        k in select(vec!["1", "1.05", "0.9876543210987654321", "1.0000000000000000000000000001"]),
        day in any::<bool>(),
    ) {
        let policy = scored_policy(score.clone(), k, outliers);
        let catalog = catalog("8000", "1000", &[("G", mean, points)]);
        let mut rows = columns(&[Case { fee_fen: fee, ..case("X", "G", "1", "7") }]);
        rows.self_paid_fen = vec![fee * own / 1000];
        rows.flags = vec![if day { flag::DAY_SURGERY } else { 0 }];
        let judged = decide_one(&policy, &catalog, &rows, Given::default());
        let facts = Facts {
            // A group whose published mean is 0 counts as ungrouped (R37).
            group_points: (dec(mean) > Decimal::ZERO).then(|| dec(points)),
            listed: score.listed.first().map(|listed| listed.points),
            fee: Fen(fee),
            compared_mean: Some(dec(mean)),
            is_day_surgery: day,
            coefficient: crate::units::exact(dec(k)),
            self_paid: Fen(rows.self_paid_fen[0]),
            ..scalar::facts(1)
        };
        let plain = scalar::score(&score, outliers, &scalar::measure(), &facts);
        let wanted = match plain.points {
            Some(_) if plain.by_item || fee == 0 => Pay::Booked(700),
            Some(points) => Pay::Points(points.0),
            None => judged.pay,
        };
        prop_assert_eq!(judged.pay, wanted);
        prop_assert_eq!(judged.for_review, plain.for_review);
    }
}

// Σ points × value × coefficient: X 100 × 1.05, Y 100 × 0.90; 1950.00 ÷ 195 points = 10.0000.
// shows: Z24, P04, J05
#[test]
fn points_with_coefficients_share_the_pool() {
    let mut policy = points_policy();
    policy.coefficient = Some(coefficient("1.05", OnOutliers::Apply));
    let catalog = catalog("300", "100", &[("G", "300", "100")]);
    let facts = InstitutionFacts {
        code: "Y".to_owned(),
        in_force: Some(dec("0.90")),
        ..InstitutionFacts::default()
    };
    let given = Given { institutions: vec![facts], ..Given::default() };
    let rows = [case("X", "G", "300", "250"), case("Y", "G", "300", "250")];
    let input = ScenarioInput { given, ..input(&policy, Some(&catalog), "1950") };
    let outcome = settle_one(&rows, input).unwrap();
    assert_eq!(paid(&outcome), ["1050.00", "900.00"]);
    assert_eq!(outcome.pools[0].point_value, Some(dec("10.0000")));
}

// shows: Z21, A35, R18
#[test]
fn bonuses_of_a_discipline_are_of_its_cases() {
    let mut policy = points_policy();
    let path = "tests/policy/coefficient";
    policy.coefficient = crate::policy::load(path).unwrap().policy.coefficient;
    for tier in &mut policy.coefficient.as_mut().unwrap().tiers {
        tier.value = Some(dec("0.90"));
    }
    let facts = InstitutionFacts {
        disciplines: BTreeMap::from([("0300".to_owned(), crate::policy::model::Rank::National)]),
        hosp_lv: "2".to_owned(),
        inst_type: "tcm".to_owned(),
        ..level_three("X")
    };
    let mut rows = columns(&[case("X", "G", "9000", "7"), case("X", "G", "9000", "7")]);
    rows.disciplines = vec!["0300".to_owned(), "0500".to_owned()];
    rows.discipline = vec![0, 1];
    let given = Given { institutions: vec![facts], ..Given::default() };
    let catalog = drg_catalog();
    let input = ScenarioInput { given, ..input(&policy, Some(&catalog), "1000") };
    let tariff = Tariff::resolve(&input, &rows).unwrap();
    let pay = |row| decide(&tariff, &CaseView::of(&rows, row)).pay;
    // 120 × (0.90 + 0.05 TCM + 0.02 national), and without the last.
    assert_eq!(pay(0), Pay::Points(116_400_000));
    assert_eq!(pay(1), Pay::Points(114_000_000));
}
