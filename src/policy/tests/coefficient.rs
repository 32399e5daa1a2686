//! `[coefficient]` and `[auxiliary]` as the test policy of both has them.

use super::loaded;
use crate::policy::model::{
    Auxiliary, BandOf, BonusOn, CoefficientBasis, CoefficientMethod, Combine, Complication,
    OnOutliers, Passes, Rank,
};
use crate::policy::{Scenario, compose};

// shows: Z19, Z20, Z21, A35, A36, R41
#[test]
fn coefficients_left_unsaid_take_the_default_of_the_readings() {
    let policy = loaded("tests/policy/coefficient").policy;
    let rule = policy.coefficient.unwrap();
    assert_eq!(rule.method, CoefficientMethod::Tier);
    assert_eq!(rule.basis, CoefficientBasis::Mean); // R41
    assert_eq!(rule.combine, Combine::Add); // A35
    assert_eq!(rule.passes, Passes::One);
    assert_eq!(rule.outliers, OnOutliers::Apply); // A36, stated: there is no default
    let names: Vec<&str> = rule.tiers.iter().map(|tier| tier.name.as_str()).collect();
    let printed = [
        "三级综合甲等",
        "其他三级",
        "二级综合甲等",
        "其他二级",
        "一级",
        "甲等镇卫生院",
        "其他镇卫生院",
    ];
    assert_eq!(names, printed); // Z20
    assert_eq!(rule.bonuses.len(), 4); // Z21
    assert_eq!(rule.bonuses[2].on, BonusOn::Discipline(Rank::National));
    assert!(rule.tiers[1].value.is_none(), "a tier without a value is estimated");
}

// shows: A35, A36
#[test]
fn every_alternative_of_the_coefficient_is_one_change_of_the_policy() {
    let base = loaded("tests/policy/coefficient");
    let change = |path: &str, value: &str| {
        let set = format!(
            "title = \"试\"\nbase = \"coefficient\"\n[set]\n\
             \"{path}\" = {{ value = {value}, reason = \"试\", reading = \"A35\" }}\n"
        );
        let scenario = Scenario::parse("test.toml", &set).unwrap();
        compose(&base, &[scenario]).unwrap().policy.coefficient.unwrap()
    };
    let multiplied = change("coefficient.combine", "\"multiply\"");
    assert_eq!(multiplied.combine, Combine::Multiply);
    assert_eq!(change("coefficient.method", "\"own\"").method, CoefficientMethod::Own);
    let of_disease = change("coefficient.method", "\"tier_disease\"");
    assert_eq!(of_disease.method, CoefficientMethod::TierDisease);
    for (word, wanted) in [("none", OnOutliers::None), ("inside", OnOutliers::Inside)] {
        let value = format!("\"{word}\"");
        assert_eq!(change("coefficient.outliers", &value).outliers, wanted);
    }
    let basis = change("coefficient.basis", "\"case_mix\"").basis;
    assert_eq!(basis, CoefficientBasis::CaseMix);
}

// shows: E09
#[test]
fn dictionaries_come_from_files_and_are_counted() {
    let policy = loaded("tests/policy/coefficient");
    let files: Vec<&str> = policy.files().keys().map(String::as_str).collect();
    assert_eq!(files, ["cci.csv", "severity.csv"]);
    let rule: Auxiliary = policy.policy.auxiliary.unwrap();
    assert_eq!(rule.comorbidities["E11.2"], ("diabetes".to_owned(), 2));
    assert_eq!(rule.complications["C79"], Complication::Metastasis);
    let trigger = (rule.trigger.disease_cases, rule.trigger.type_cases);
    assert_eq!(trigger, (15, 5)); // 6.8: n1 = 15, n2 = 5
    assert_eq!(rule.trigger.cv_drop.to_string(), "0.20");
    let of = |by: BandOf| rule.bands.iter().filter(|band| band.by == by).count();
    // 6.3: five ages, four bands of intensive care, four levels of CCI.
    let wanted = [5, 4, 4];
    assert_eq!([of(BandOf::Age), of(BandOf::IntensiveCare), of(BandOf::Comorbidity)], wanted);
    let malignant = rule.malignant.unwrap();
    assert_eq!(malignant.codes, [("C00".to_owned(), "C97".to_owned())]);
    assert_eq!(malignant.stay_days, 3);
}
