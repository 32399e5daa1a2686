//! Types of single records, on both sides of every line of domain.md 6.3.

use super::auxiliary::{Typing, high_costs, severity_of};
use super::record::Record;
use crate::policy;
use crate::policy::model::{Auxiliary, GivenTypes};
use crate::settlement::cases::{Cases, flag};
use crate::units::ratio;

fn rule() -> Auxiliary {
    policy::load("tests/policy/coefficient").unwrap().policy.auxiliary.unwrap()
}

/// An adult of 40 years with these diagnoses, three days in hospital.
fn record(main: &str, others: &[&str]) -> Record {
    Record {
        main_diagnosis: main.to_owned(),
        other_diagnoses: others.iter().map(|&code| code.to_owned()).collect(),
        age_days: Some(40 * 365),
        stay_days: 3,
        dscg_way: "1".to_owned(),
        ..Record::default()
    }
}

fn check(record: &Record, wanted: &str) {
    assert_eq!(Typing::new(&rule()).types(record), wanted, "{record:?}");
}

// shows: E09
#[test]
fn severity_of_other_diseases_is_death_severe_moderate_or_mild() {
    check(&record("I21.0", &[]), "severity_mild;cci_0");
    check(&record("I21.0", &["J18.900"]), "severity_moderate;cci_0");
    check(&record("I21.0", &["J18.900", "R57.0"]), "severity_severe;cci_0");
    let dead = Record { dscg_way: "5".to_owned(), ..record("I21.0", &["R57.0"]) };
    check(&dead, "severity_death;cci_0");
    // The main diagnosis is no complication of itself.
    check(&record("J18.900", &[]), "severity_mild;cci_0");
}

// shows: E09
#[test]
fn a_malignant_disease_has_levels_of_its_own_from_three_days_of_stay() {
    let stay = |days: u32, others: &[&str]| Record { stay_days: days, ..record("C34.1", others) };
    check(&stay(3, &["C79.500"]), "malignant_metastasis;cci_0");
    check(&stay(2, &["C79.500"]), "malignant_other;cci_0");
    check(&stay(3, &["A41.9", "J18.9"]), "malignant_failure;cci_0");
    check(&stay(2, &["A41.9"]), "malignant_other;cci_0");
    check(&stay(3, &["J18.9"]), "malignant_infection;cci_0");
    check(&stay(30, &[]), "malignant_other;cci_0");
    let dead = Record { dscg_way: "5".to_owned(), ..stay(1, &["C79.5"]) };
    check(&dead, "malignant_death;cci_0");
    for (code, malignant) in [("C00.0", true), ("C97", true), ("D00.0", false), ("B99", false)] {
        let found = Typing::new(&rule()).types(&record(code, &[]));
        assert_eq!(found.starts_with("malignant"), malignant, "{code}");
    }
}

// shows: E09
#[test]
fn ages_are_newborn_infant_child_youth_and_from_65() {
    // A year of a record is 365 days: 7 years are 2555, 18 are 6570, 65 are 23 725.
    for (days, wanted) in [
        (0, ";age_0-28d"),
        (28, ";age_0-28d"),
        (29, ";age_29d-1y"),
        (364, ";age_29d-1y"),
        (365, ";age_1-6"),
        (7 * 365 - 1, ";age_1-6"),
        (7 * 365, ";age_7-17"),
        (18 * 365 - 1, ";age_7-17"),
        (18 * 365, ""),
        (65 * 365 - 1, ""),
        (65 * 365, ";age_65"),
        (100 * 365, ";age_65"),
    ] {
        let record = Record { age_days: Some(days), ..record("I21.0", &[]) };
        check(&record, &format!("severity_mild{wanted};cci_0"));
    }
    check(&Record { age_days: None, ..record("I21.0", &[]) }, "severity_mild;cci_0");
}

// shows: E09
#[test]
fn days_in_intensive_care_have_four_bands_from_two() {
    for (days, wanted) in [
        (0, ""),
        (1, ""),
        (2, ";icu_2-7"),
        (7, ";icu_2-7"),
        (8, ";icu_8-14"),
        (14, ";icu_8-14"),
        (15, ";icu_15-30"),
        (30, ";icu_15-30"),
        (31, ";icu_31"),
    ] {
        let record = Record { icu_days: days, ..record("I21.0", &[]) };
        check(&record, &format!("severity_mild{wanted};cci_0"));
    }
}

// shows: E09
#[test]
fn comorbidity_counts_other_diagnoses_alone_and_each_category_once() {
    let rule = rule();
    let typing = Typing::new(&rule);
    let score = |main: &str, others: &[&str]| typing.score(&record(main, others));
    // Not the main diagnosis.
    assert_eq!(score("I50.9", &[]), 0);
    assert_eq!(score("I21.0", &["I50.9"]), 1);
    // One category, the highest weight: E11.9 is 1, E11.2 is 2; E11.2x00 begins with E11.2.
    assert_eq!(score("I21.0", &["E11.9", "E11.2x00"]), 2);
    assert_eq!(score("I21.0", &["E11.9", "E11.9"]), 1);
    // Levels 0, 1–2, 3–4, ≥ 5.
    for (others, wanted) in [
        (&[][..], "cci_0"),
        (&["I50"], "cci_1-2"),
        (&["N18.5"], "cci_1-2"),
        (&["N18.5", "I50"], "cci_3-4"),
        (&["K72.0", "J44"], "cci_3-4"),
        (&["K72.0", "N18.5"], "cci_5"),
        (&["C78.0"], "cci_5"),
    ] {
        let found = typing.types(&record("I21.0", others));
        assert!(found.ends_with(wanted), "{others:?} {found}");
    }
}

// shows: E09
#[test]
fn a_given_typing_prevails_only_where_the_policy_says_so() {
    let given = Record { asst_type: "icu_31; own".to_owned(), ..record("I21.0", &["R57"]) };
    check(&given, "icu_31;own");
    let mut ignoring = rule();
    ignoring.given = GivenTypes::Ignore;
    assert_eq!(Typing::new(&ignoring).types(&given), "severity_severe;cci_0");
}

// shows: E09
#[test]
fn severity_grows_along_each_family_and_not_with_age() {
    let rule = rule();
    let rank = |name: &str| severity_of(&rule, name);
    assert!(rank("malignant_death") > rank("malignant_treatment"));
    assert!(rank("severity_severe") > rank("severity_moderate"));
    assert!(rank("icu_31") > rank("icu_15-30") && rank("icu_8-14") > rank("icu_2-7"));
    assert!(rank("cci_5") > rank("cci_3-4") && rank("cci_1-2") > rank("cci_0"));
    assert_eq!(rank("age_65"), None);
    assert_eq!(rank("own"), None);
}

// shows: E09
#[test]
fn a_high_cost_is_three_times_the_standard_made_by_treatment_or_drugs() {
    let rule = rule().malignant.unwrap();
    // Standard 100.00 yuan; the line is 300.00. Costs: drug, consumable, exam, treatment, service.
    let rows = [
        ("malignant_other;cci_0", 30_000, [0, 0, 0, 15_000, 0], "malignant_treatment;cci_0"),
        ("malignant_other;cci_0", 29_999, [0, 0, 0, 29_999, 0], "malignant_other;cci_0"),
        ("malignant_other", 30_000, [15_000, 0, 0, 14_999, 0], "malignant_drugs"),
        ("malignant_other", 30_000, [14_999, 0, 0, 14_999, 0], "malignant_other"),
        ("malignant_metastasis", 40_000, [0, 0, 0, 40_000, 0], "malignant_treatment"),
        ("malignant_death", 40_000, [0, 0, 0, 40_000, 0], "malignant_death"),
        ("severity_mild", 40_000, [0, 0, 0, 40_000, 0], "severity_mild"),
    ];
    let mut texts: Vec<String> = rows.iter().map(|row| row.0.to_owned()).collect();
    texts.sort();
    texts.dedup();
    let place = |text: &str| -> u32 {
        texts.iter().position(|known| known == text).unwrap().try_into().unwrap()
    };
    let cases = Cases {
        groups: vec!["C34".to_owned()],
        group: vec![0; rows.len()],
        fee_fen: rows.iter().map(|row| row.1).collect(),
        cost_fen: rows.iter().map(|row| row.2).collect(),
        auxiliary: rows.iter().map(|row| place(row.0)).collect(),
        auxiliaries: texts.clone(),
        ..Cases::default()
    };
    let (names, column) = high_costs(&rule, &cases, |_| Some(ratio(10_000)));
    assert!(names.is_sorted_by(|a, b| a < b));
    let found: Vec<&str> = column.iter().map(|at| names[*at as usize].as_str()).collect();
    assert_eq!(found, rows.map(|row| row.3));
    let (names, column) = high_costs(&rule, &cases, |_| None);
    let found: Vec<&str> = column.iter().map(|at| names[*at as usize].as_str()).collect();
    assert_eq!(found, rows.map(|row| row.0), "a group without a standard has no high costs");
}

// shows: E09
#[test]
fn a_high_cost_leaves_a_given_typing_as_it_is() {
    let given = Record { asst_type: "malignant_other".to_owned(), ..record("C34.1", &[]) };
    let mut ignoring = rule();
    ignoring.given = GivenTypes::Ignore;
    let marks = |rule: &Auxiliary| {
        let typing = Typing::new(rule);
        [typing.is_given(&given), typing.is_given(&record("C34.1", &[]))]
    };
    assert_eq!([marks(&rule()), marks(&ignoring)], [[true, false], [false, false]]);
    // Two cases of the same text, each 4 × the standard of 100.00 yuan, all of it treatment: from 3 ×
    // on, a typing found in the record becomes one of treatment, a given one stays.
    let cases = Cases {
        groups: vec!["C34".to_owned()],
        group: vec![0; 2],
        fee_fen: vec![40_000; 2],
        cost_fen: vec![[0, 0, 0, 40_000, 0]; 2],
        flags: vec![flag::TYPES_GIVEN | flag::MERGED, flag::MERGED],
        auxiliary: vec![0; 2],
        auxiliaries: vec!["malignant_other".to_owned()],
        ..Cases::default()
    };
    let malignant = rule().malignant.unwrap();
    let (names, column) = high_costs(&malignant, &cases, |_| Some(ratio(10_000)));
    let found: Vec<&str> = column.iter().map(|at| names[*at as usize].as_str()).collect();
    assert_eq!(found, ["malignant_other", "malignant_treatment"]);
}
