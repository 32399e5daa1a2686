//! A catalog priced from a directory learned from history, and what its tables say.

use std::collections::BTreeSet;

use super::{Passed, cases, dec, policy, weights, years};
use crate::catalog::model::Catalog;
use crate::grouper::dip;
use crate::policy::model::{
    Attribute, Cite, Dip, MatchStep, Method, ResidualBelow, Tie, YearCount,
};
use crate::policy::model::{CoefficientMethod, Policy, SingleYear, Trim};
use crate::settlement::coefficient::InstitutionFacts;
use crate::weights::{Error, build, learn};

fn rules() -> Dip {
    Dip {
        cite: Cite::default(),
        diagnosis_characters: 4,
        residual_characters: 3,
        threshold: 2,
        count: YearCount::Mean,
        related_gain: dec("0.10"),
        residual_below: ResidualBelow::Keep,
        attributes: [("47.0100".to_owned(), Attribute::Surgery)].into(),
        grass_roots: BTreeSet::from(["J18.9".to_owned()]),
        national: Some(BTreeSet::from(["K35.9".to_owned(), "J18.9".to_owned()])),
        code_names: [
            ("K35.9", "急性阑尾炎"),
            ("K35", "急性阑尾炎类"),
            ("47.0100", "腹腔镜下阑尾切除术"),
        ]
        .map(|(code, name)| (code.to_owned(), name.to_owned()))
        .into(),
        matching: vec![MatchStep::Exact, MatchStep::Subset, MatchStep::Main, MatchStep::Residual],
        ties: vec![Tie::MostMatched, Tie::NearestMean],
        shape: None,
    }
}

#[derive(Debug)]
struct Wrong;

impl From<Error> for Wrong {
    fn from(_: Error) -> Self {
        Self
    }
}

impl From<dip::Error> for Wrong {
    fn from(_: dip::Error) -> Self {
        Self
    }
}

/// Learns from the rows and prices what was learned.
fn catalog(policy: &Policy, dip: &Dip, rows: &[(&str, &str, u16, i64)]) -> Catalog {
    let window = years(&[2021, 2022]);
    let learned = learn::<Wrong>(dip, cases(rows), policy, &window).unwrap();
    let info = dip::info(dip, &learned.groups);
    let passed = Passed { info, ..Passed::default() };
    let mut catalog = build(&learned.cases, policy, &window, passed).unwrap().catalog;
    dip::mark(dip, &mut catalog);
    catalog.tables = dip::tables(dip, (&learned.cases, &learned.dropped), &catalog, Some("K35.9"));
    catalog
}

fn cell(catalog: &Catalog, table: &str, column: &str, row: usize) -> String {
    catalog.table(table).unwrap().cell(column, row).unwrap_or_else(|| "–".to_owned())
}

/// 2 + 2 conservative, 3 + 1 by laparoscope, 2 + 2 pneumonia, 1 of another appendicitis.
const ROWS: &[(&str, &str, u16, i64)] = &[
    ("K35.9", "H1", 2021, 400_000),
    ("K35.9", "H1", 2021, 600_000),
    ("K35.9", "H1", 2022, 500_000),
    ("K35.9", "H2", 2022, 500_000),
    ("K35.9+47.0100", "H1", 2021, 1_000_000),
    ("K35.9+47.0100", "H1", 2021, 1_000_000),
    ("K35.9+47.0100", "H1", 2021, 1_000_000),
    ("K35.9+47.0100", "H2", 2022, 1_200_000),
    ("J18.9", "H2", 2021, 100_000),
    ("J18.9", "H2", 2021, 100_000),
    ("J18.9", "H2", 2022, 100_000),
    ("J18.9", "H2", 2022, 100_000),
    ("K35.1+47.0100", "H2", 2022, 2_000_000),
    ("", "H2", 2022, 300_000),
];

// shows: E31, E15, Z15
#[test]
fn the_tables_of_a_directory_say_what_its_groups_are_and_cover() {
    let mut rules_of = policy(weights(&["0.2", "0.8"]));
    rules_of.grouping.method = Method::Dip(rules());
    rules_of.weights.minimum_cases = 2;
    let catalog = catalog(&rules_of, &rules(), ROWS);
    let codes: Vec<&str> = catalog.groups.iter().map(|group| group.group_code.as_str()).collect();
    assert_eq!(codes, ["J18.9", "K35.9", "K35.9+47.0100", "K35_S"]);
    let kinds: Vec<&str> = catalog.groups.iter().map(|group| group.kind.as_str()).collect();
    assert_eq!(kinds, ["grass_roots", "core", "core", "residual"]);
    let marks: Vec<&str> = catalog.groups.iter().map(|group| group.mark.as_str()).collect();
    assert_eq!(marks, ["national", "national", "local", "local"]);
    let names: Vec<&str> = catalog.groups.iter().map(|group| group.group_name.as_str()).collect();
    assert_eq!(
        names,
        [
            "J18.9，保守治疗",
            "急性阑尾炎，保守治疗",
            "急性阑尾炎：腹腔镜下阑尾切除术",
            "急性阑尾炎类，相关手术组"
        ]
    );
    assert_eq!(catalog.groups[2].parent, "K35_S");
    assert_eq!(catalog.groups[3].parent, "");
    // Blended: 0.2 × 10000 + 0.8 × 12000 = 11600 yuan.
    assert_eq!(catalog.groups[2].mean, dec("11600"));
    let row = |column: &str| cell(&catalog, "directory", column, 2);
    assert_eq!(row("diagnosis"), "K35.9");
    assert_eq!(row("main_operation_name"), "腹腔镜下阑尾切除术");
    assert_eq!(
        (row("attribute"), row("cases_2021"), row("cases_2022")),
        three("surgery", "3", "1")
    );
    assert_eq!(row("case_share"), "0.307692"); // 4 of 13 grouped
    // Core 8 of 14 cases; cost 2.0 + 4.2 of 0.4 + 2.0 + 4.2 + 2.0 + 0.3 = 8.9 (10000 yuan).
    let wanted = [
        ("core", "2", "8", "0.571429", "62000.00"),
        ("grass_roots", "1", "4", "0.285714", "4000.00"),
        ("residual", "1", "1", "0.071429", "20000.00"),
        ("ungrouped", "0", "1", "0.071429", "3000.00"),
    ];
    for (at, (kind, groups, cases, share, cost)) in wanted.into_iter().enumerate() {
        let cell = |column: &str| cell(&catalog, "coverage", column, at);
        assert_eq!((cell("kind"), cell("groups"), cell("cases")), three(kind, groups, cases));
        assert_eq!((cell("case_share"), cell("cost_yuan")), (share.to_owned(), cost.to_owned()));
    }
    // 8 cases at CV of the conservative: 4000, 6000, 5000, 5000: SD √0.5 · 1000 ÷ 5000 = 0.141421.
    // The other: 10000 × 3, 12000: mean 10500, SD √0.75 · 1000 = 866.03, CV 0.082479: it is first.
    assert_eq!(cell(&catalog, "base_candidates", "group_code", 0), "K35.9+47.0100");
    assert_eq!(cell(&catalog, "base_candidates", "cv", 0), "0.082479");
    assert_eq!(cell(&catalog, "base_candidates", "cv", 1), "0.141421");
    assert_eq!(cell(&catalog, "base_candidates", "chosen", 1), "yes");
    assert_eq!(cell(&catalog, "base_candidates", "chosen", 0), "");
    assert_eq!(catalog.table("base_candidates").unwrap().rows(), 2);
    assert_eq!(catalog.table("dropped").unwrap().rows(), 0);
}

fn three(a: &str, b: &str, c: &str) -> (String, String, String) {
    (a.to_owned(), b.to_owned(), c.to_owned())
}

// shows: R34
#[test]
fn the_ten_percent_are_taken_between_trimmed_means_and_counts_before_trimming() {
    // Without: 1000 × 4. With: 1000, 1000, 1000, 2000: mean 1250, +25 %; without cases beyond 1.5
    // times the mean (1875): 1000, +0 %. The dear case counts for the threshold all the same.
    let mut rows: Vec<(&str, &str, u16, i64)> = Vec::new();
    for year in [2021, 2022] {
        rows.extend([("K35.9+47.0100", "H1", year, 100_000); 4]);
        rows.extend([("K35.9+47.0100+54.2100", "H1", year, 100_000); 3]);
        rows.push(("K35.9+47.0100+54.2100", "H1", year, 200_000));
    }
    let rule = Dip { threshold: 4, ..rules() };
    let mut plain = policy(weights(&["0.2", "0.8"]));
    plain.grouping.method = Method::Dip(rule.clone());
    let own = |policy: &Policy, rule: &Dip| {
        let catalog = catalog(policy, rule, &rows);
        catalog.groups.iter().map(|group| group.group_code.clone()).collect::<Vec<_>>()
    };
    assert_eq!(own(&plain, &rule), ["K35.9+47.0100", "K35.9+47.0100+54.2100"]);
    let mut trimmed = plain.clone();
    trimmed.weights.trim = Trim::Multiple { low: dec("0"), high: dec("1.5") };
    assert_eq!(own(&trimmed, &rule), ["K35.9+47.0100"]);
    // Three kept cases a year would not reach four; with no gain asked for, it is a group.
    let any = Dip { related_gain: dec("0"), ..rule };
    assert_eq!(own(&trimmed, &any), ["K35.9+47.0100", "K35.9+47.0100+54.2100"]);
}

// shows: R01, A03, Z16
#[test]
fn a_related_operation_of_one_year_is_judged_where_such_groups_leave_the_catalog() {
    // Related cases of 2022 only, 5 cases there: 12000 against 10000 is 20 % more, a group of its own;
    // 10500 is 5 % more and joins. Threshold 2 a year over 2 years: both are core.
    let learned = |fee: i64| {
        let plain = |year| ("K35.9+47.0100", "H1", year, 1_000_000);
        let mut rows = vec![plain(2021), plain(2021), plain(2022), plain(2022)];
        rows.extend([("K35.9+47.0100+54.5100", "H1", 2022, fee); 5]);
        let mut rules_of = policy(weights(&["0.2", "0.8"]));
        rules_of.weights.single_year = SingleYear::Drop;
        let window = years(&[2021, 2022]);
        let learned = learn::<Wrong>(&rules(), cases(&rows), &rules_of, &window).unwrap();
        learned.groups.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(learned(1_200_000), ["K35.9+47.0100", "K35.9+47.0100+54.5100"]);
    assert_eq!(learned(1_050_000), ["K35.9+47.0100"]);
}

/// Tier, by group, of the two hospitals below: why it has the coefficient it has.
fn reasons(dip: &Dip) -> Vec<(String, String)> {
    let mut rule =
        crate::policy::load("tests/policy/coefficient").unwrap().policy.coefficient.unwrap();
    rule.bonuses.clear();
    rule.method = CoefficientMethod::TierDisease;
    for tier in &mut rule.tiers {
        tier.value = None;
    }
    // The rules of the policy's own list, whatever the warehouse adds.
    let mut policy = Policy { coefficient: Some(rule), ..policy(weights(&["1"])) };
    policy.grouping.method = Method::Dip(rules());
    let facts = |code: &str, hosp_lv: &str, inst_type: &str| InstitutionFacts {
        code: code.to_owned(),
        hosp_lv: hosp_lv.to_owned(),
        inst_type: inst_type.to_owned(),
        ..InstitutionFacts::default()
    };
    let groups = ["K35.9", "K35.9+47.0100", "K35.9+99.1000", "K35_C", "K35_S"];
    let mut rows = Vec::new();
    for group in groups {
        // 200 and 100 against 150: 4/3 and 2/3, five cases each.
        rows.extend([(group, "H1", 2023, 200); 5]);
        rows.extend([(group, "H5", 2023, 100); 5]);
    }
    let kinds = groups.map(|code| (code.to_owned(), dip::Kind::of(dip, code)));
    let passed = Passed {
        info: dip::info(dip, &kinds.into()),
        institutions: vec![facts("H1", "2", "general"), facts("H5", "11", "community")],
        ..Passed::default()
    };
    let built = build(&cases(&rows), &policy, &years(&[2023]), passed).unwrap();
    let table = built.catalog.table("coefficient_group").unwrap();
    let cell = |column: &str, row: usize| table.cell(column, row).unwrap();
    (0..table.rows()).step_by(2).map(|row| (cell("group_code", row), cell("reason", row))).collect()
}

// shows: E08, R32
#[test]
fn a_disease_whose_operation_has_no_attribute_has_coefficients_by_class_only() {
    let reason = |list: &[(String, String)], code: &str| -> String {
        list.iter().find(|known| known.0 == code).unwrap().1.clone()
    };
    let found = reasons(&rules());
    for (code, wanted) in [
        ("K35.9", "conservative"),
        ("K35_C", "conservative"),
        ("K35.9+99.1000", "conservative"), // no attribute: 内科诊疗
        ("K35.9+47.0100", "disease"),
        ("K35_S", "disease"),
    ] {
        assert_eq!(reason(&found, code), wanted, "{code}");
    }
    // Table `op_attribute` knows the operation that the policy's list does not.
    let row = ("99.1000".to_owned(), "therapeutic".to_owned());
    let found = reasons(&dip::with_attributes(&rules(), [row]).unwrap());
    assert_eq!(reason(&found, "K35.9+99.1000"), "disease");
    assert_eq!(reason(&found, "K35.9"), "conservative");
}
