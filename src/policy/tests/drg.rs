//! The DRG points policy: its readings, and what its sections refuse.

use super::{composed, decimal, loaded};
use crate::policy::model::{BudgetSource, CaseUnit, CoefficientMethod, HighRule, LowRule, Method};
use crate::policy::{load_scenarios, unsettled};

// shows: P02, P05, P06, P09, R05, A05
#[test]
fn the_drg_policy_takes_the_readings_of_its_chapter() {
    let policy = loaded("panzhihua-drg").policy;
    assert_eq!(policy.scope.insutype, ["310", "390"]); // R05
    assert_eq!(policy.scope.med_type, ["21", "22", "23", "24"]);
    assert_eq!(policy.scope.carve_out_hi_paymtd, ["2"]);
    assert_eq!(policy.scope.carve_out_diagnoses, ["F20", "F22", "F25", "F31"]);
    assert_eq!(policy.case.unit, CaseUnit::Visit); // A54
    assert!(matches!(&policy.grouping.method, Method::Given { scheme, .. } if scheme == "drg"));
    assert_eq!(policy.weights.years, ["0.1", "0.2", "0.7"].map(decimal)); // 1:2:7
    assert_eq!(policy.weights.scale, Some(decimal("100"))); // A05
    assert_eq!(policy.weights.ungrouped_factor, decimal("0.7")); // A41
    assert_eq!(policy.budget.source, BudgetSource::Table { item: "budget".to_owned() });
    let outlier = policy.outlier.as_ref().unwrap();
    assert_eq!((outlier.low, outlier.low_rule), (decimal("0.35"), LowRule::PointsNoFactor));
    assert_eq!(outlier.high_rule, HighRule::LinearAdd);
    let lines: Vec<(Option<String>, String)> = outlier
        .high
        .iter()
        .map(|line| (line.weight_below.map(|w| w.to_string()), line.ratio.to_string()))
        .collect();
    // 5.3: RW<1: 3; <2: 2.5; <3: 2; <5: 1.5; else 1.3.
    let wanted = [("1", "3"), ("2", "2.5"), ("3", "2"), ("5", "1.5")];
    let wanted = wanted.map(|(weight, ratio)| (Some(weight.to_owned()), ratio.to_owned()));
    assert_eq!(lines[..4], wanted);
    assert_eq!(lines[4], (None, "1.3".to_owned()));
    let method = policy.coefficient.as_ref().unwrap().method;
    assert_eq!(method, CoefficientMethod::Given { default: decimal("1") });
    assert_eq!(policy.same_price.as_ref().unwrap().maximum_cv, decimal("0.5"));
    assert!(unsettled(&policy).is_empty());
}

// shows: P02
#[test]
fn the_own_grouper_is_one_scenario_away_and_its_tables_belong_to_the_policy() {
    let base = loaded("panzhihua-drg");
    let changed = composed(&base, &load_scenarios("own-grouper", &base).unwrap());
    let Method::Drg(drg) = &changed.policy.grouping.method else { panic!("grouped by tables") };
    let mdcs: Vec<&str> = drg.mdcs.iter().map(|rule| rule.mdc.as_str()).collect();
    assert_eq!(mdcs, ["MDCA", "MDCP", "MDCF", "MDCG"]);
    assert_eq!(changed.files().len(), 6, "each table counts in the digest of the policy");
    assert!(base.files().is_empty());
}
