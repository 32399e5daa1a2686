//! What the policy of the DIP system says.

use super::{date, decimal, loaded};
use crate::policy::model::{
    Attribute, BudgetSource, CaseUnit, CompensationLimit, ExtremeRule, LineForm, MatchStep, Method,
    NoScore, OnOutliers, PointBase, Pools, ReserveBase, ResidualBelow, Shortfall, Tie, Trim,
    YearCount,
};
use crate::policy::unsettled;

// shows: Z02, Z04, Z05, Z06, Z07, Z08, Z12, Z16, Z17, A29, A30, A31, R05, R32, A33, A50
#[test]
fn zibo_is_what_its_document_and_readings_say() {
    let policy = loaded("zibo-dip").policy;
    assert_eq!(policy.identity.valid_from, date(2021, 9, 10)); // Z29
    assert_eq!(policy.identity.valid_to, Some(date(2024, 12, 31)));
    assert_eq!(policy.scope.med_type, ["21", "22", "23", "24", "52"]); // R05
    assert_eq!(policy.scope.insutype, ["310", "390"]);
    assert_eq!(policy.scope.carve_out_hi_paymtd, ["2", "5", "7"]);
    assert_eq!(policy.case.unit, CaseUnit::Visit); // A54
    let Method::Dip(dip) = &policy.grouping.method else { panic!("groups by DIP") };
    assert_eq!((dip.diagnosis_characters, dip.residual_characters), (4, 3)); // R32
    assert_eq!((dip.threshold, dip.count), (15, YearCount::Mean)); // Z16, A33
    assert_eq!(dip.related_gain, decimal("0.10")); // R01
    assert_eq!(dip.residual_below, ResidualBelow::Keep);
    let steps = [MatchStep::Exact, MatchStep::Subset, MatchStep::Main, MatchStep::Residual];
    assert_eq!(dip.matching, steps); // R02
    assert_eq!(dip.ties, [Tie::MostMatched, Tie::NearestMean]); // A50
    assert_eq!(dip.attributes["68.4902"], Attribute::Surgery); // W-3
    assert!(!dip.attributes.contains_key("93.3900x006"), "conservative by absence");
    assert_eq!(policy.weights.years, ["0.1", "0.2", "0.7"].map(decimal));
    assert_eq!(policy.weights.scale, Some(decimal("1000"))); // A05
    assert_eq!(policy.weights.trim, Trim::None); // A39
    let base = PointBase::BaseDisease { group_code: "K80.1+51.2300".to_owned() };
    assert_eq!(policy.weights.base, base); // Z15
    assert_eq!(policy.budget.pools, Pools::Insutype); // A49
    zibo_waterfall(&policy.budget.source);
    let limit = policy.compensation.as_ref().unwrap().limit;
    assert_eq!(limit, CompensationLimit::Entitlement { rate: decimal("0.10") }); // 3.3
    assert_eq!(policy.coefficient.as_ref().unwrap().tiers.len(), 7); // Z20
    let score = policy.score.as_ref().unwrap();
    let abnormal = score.abnormal.as_ref().unwrap();
    let lines = [abnormal.low, abnormal.high, abnormal.extreme];
    assert_eq!(lines, ["0.5", "2", "5"].map(decimal)); // A37, A38
    assert_eq!(policy.coefficient.as_ref().unwrap().outliers, OnOutliers::Apply); // A36
    assert_eq!(abnormal.extreme_rule, ExtremeRule::Review); // A38
    assert!(score.auxiliary && score.special && score.no_score == NoScore::Factor);
    assert_eq!((score.day_surgery, score.external_expert), (decimal("1"), decimal("0")));
    assert!(unsettled(&policy).is_empty());
}

fn zibo_waterfall(source: &BudgetSource) {
    let BudgetSource::Waterfall(rule) = source else { panic!("a waterfall") };
    assert_eq!((rule.reserve, rule.settle_share), (decimal("0.10"), decimal("0.70"))); // Z02, Z12
    assert_eq!((rule.base, rule.shortfall), (ReserveBase::Premium, Shortfall::Gross)); // A29, A31
    let lines: Vec<_> = rule
        .lines
        .iter()
        .map(|line| (line.item.as_str(), line.form, line.deducted, line.actual.as_deref()))
        .collect();
    let wanted = [
        ("b1", LineForm::PerHead, true, Some("actual1")), // Z04
        ("b2", LineForm::CostAndIncidence, true, Some("actual2")), // Z05
        ("b3", LineForm::Growth, true, Some("actual3")),  // Z06
        ("b4", LineForm::Growth, true, Some("actual4")),  // Z07
        ("b5", LineForm::PerHead, false, None),           // Z08, A30
    ];
    assert_eq!(lines, wanted);
}
