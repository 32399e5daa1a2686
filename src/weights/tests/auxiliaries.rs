//! Auxiliary types against means worked by hand, on both sides of every trigger.

use proptest::prelude::{ProptestConfig, proptest};
use proptest::prop_assert_eq;

use super::{cases, dec, policy, weights};
use crate::grouper::GroupInfo;
use crate::policy::model::{Auxiliary, AuxiliaryFactor, ListedKind, ListedScore, Monotone, Policy};
use crate::settlement::auxiliary::Factors;
use crate::settlement::cases::Cases;
use crate::table::Table;
use crate::units::{Ratio, fraction, ratio};
use crate::weights::auxiliary::pool;
use crate::weights::{Error, Passed, build};

fn rule() -> Auxiliary {
    let mut rule =
        crate::policy::load("tests/policy/coefficient").unwrap().policy.auxiliary.unwrap();
    rule.malignant = None;
    rule
}

/// `(group, types, year, cases, fee in fen)`.
type Line = (&'static str, &'static str, u16, usize, i64);

fn typed(lines: &[Line]) -> Cases {
    let mut rows = Vec::new();
    let mut texts = Vec::new();
    for (group, types, year, count, fee) in lines {
        rows.extend(std::iter::repeat_n((*group, "H1", *year, *fee), *count));
        texts.extend(std::iter::repeat_n((*types).to_owned(), *count));
    }
    let mut names = texts.clone();
    names.sort();
    names.dedup();
    let place = |text: &String| u32::try_from(names.binary_search(text).unwrap()).unwrap();
    Cases { auxiliary: texts.iter().map(place).collect(), auxiliaries: names, ..cases(&rows) }
}

fn try_table(rule: Auxiliary, lines: &[Line], passed: Passed) -> Result<Table, Error> {
    let years: &[&str] =
        if lines.iter().any(|line| line.2 == 2022) { &["0.2", "0.8"] } else { &["1"] };
    let listed = if years.len() == 1 { "2023" } else { "2022,2023" };
    let policy = Policy { auxiliary: Some(rule), ..policy(weights(years)) };
    let built = build(&typed(lines), &policy, &listed.parse().unwrap(), passed)?;
    Ok(built.catalog.table("auxiliary").unwrap().clone())
}

fn table(rule: Auxiliary, lines: &[Line]) -> Table {
    try_table(rule, lines, Passed::default()).unwrap()
}

fn cell(table: &Table, group: &str, name: &str, column: &str) -> String {
    let is = |at: &usize| {
        table.cell("group_code", *at).unwrap() == group && table.cell("type", *at).unwrap() == name
    };
    let at = (0..table.rows()).find(is).unwrap_or_else(|| panic!("no {group} {name}"));
    table.cell(column, at).unwrap_or_default()
}

const SEVERE: &str = "severity_severe";
const MODERATE: &str = "severity_moderate";
const MILD: &str = "severity_mild";

// shows: E09
#[test]
fn coefficients_are_quotients_of_the_newest_year_and_of_the_blended_means() {
    let lines = [
        ("D", SEVERE, 2022, 2, 200),
        ("D", MILD, 2022, 2, 100),
        ("D", SEVERE, 2023, 6, 300),
        ("D", MILD, 2023, 14, 100),
    ];
    // 2023: disease 3200 ÷ 20 = 160; 300 ÷ 160 and 100 ÷ 160.
    // Blended: severe 0.2 · 200 + 0.8 · 300 = 280; disease 0.2 · 150 + 0.8 · 160 = 158.
    let found = table(rule(), &lines);
    let of = |column: &str| [SEVERE, MILD].map(|name| cell(&found, "D", name, column));
    assert_eq!(of("outcome"), ["triggered", "triggered"]);
    assert_eq!(of("trigger"), ["1.8750", "0.6250"]);
    assert_eq!(of("exact"), ["15/8", "5/8"]);
    assert_eq!(of("adjusting"), ["1.7722", "0.6329"]); // 280 ÷ 158, 100 ÷ 158
    assert_eq!(of("mean"), ["3.0000", "1.0000"]);
    assert_eq!([cell(&found, "D", SEVERE, "disease_mean")], ["1.6000"]);
    // √(6·140² + 14·60²) ÷ 20 ÷ 160 = 91.6515 ÷ 160.
    assert_eq!(cell(&found, "D", SEVERE, "disease_cv"), "0.572822");
    assert_eq!(of("cv"), ["0.000000", "0.000000"]);
    let mut adjusting = rule();
    adjusting.factor = AuxiliaryFactor::Adjusting;
    assert_eq!(cell(&table(adjusting, &lines), "D", SEVERE, "exact"), "140/79");
}

// shows: E09
#[test]
fn a_type_needs_more_than_fifteen_cases_of_the_disease_and_more_than_five_of_its_own() {
    let disease = |severe: usize, mild: usize| {
        table(rule(), &[("D", SEVERE, 2023, severe, 300), ("D", MILD, 2023, mild, 100)])
    };
    assert_eq!(disease(6, 9).rows(), 0, "15 cases of the disease");
    assert_eq!(cell(&disease(6, 10), "D", SEVERE, "outcome"), "triggered");
    assert_eq!(cell(&disease(5, 11), "D", SEVERE, "outcome"), "few_cases");
    assert_eq!(cell(&disease(5, 11), "D", SEVERE, "coefficient"), "");
    // Only the newest year counts: 20 cases of the year before do not help.
    let older = [("D", SEVERE, 2022, 20, 300), ("D", MILD, 2023, 15, 100)];
    assert_eq!(table(rule(), &older).rows(), 0);
}

// shows: E09
#[test]
fn the_cv_of_a_type_has_to_lie_a_fifth_below_that_of_the_disease() {
    // Severe: 92, 92, 92, 108, 108, 108: CV 0.08. With the others, all around 100, the squares are
    // 6 · 8² + 2 · (24² + 4² + 4²) = 1600 over 16 cases: CV 0.10. Exactly a fifth less.
    let with = |low: i64, high: i64, name: &'static str| {
        table(
            rule(),
            &[
                ("D", name, 2023, 3, low),
                ("D", name, 2023, 3, high),
                ("D", MILD, 2023, 1, 12_400),
                ("D", MILD, 2023, 1, 7_600),
                ("D", MILD, 2023, 2, 10_400),
                ("D", MILD, 2023, 2, 9_600),
                ("D", MILD, 2023, 4, 10_000),
            ],
        )
    };
    let on_the_line = with(9_200, 10_800, SEVERE);
    assert_eq!(cell(&on_the_line, "D", SEVERE, "cv"), "0.080000");
    assert_eq!(cell(&on_the_line, "D", SEVERE, "disease_cv"), "0.100000");
    assert_eq!(cell(&on_the_line, "D", SEVERE, "outcome"), "triggered");
    let above = with(9_199, 10_801, SEVERE);
    assert_eq!(cell(&above, "D", SEVERE, "outcome"), "cv");
    // Intensive care is looser in this policy: its CV must only not be wider.
    assert_eq!(cell(&with(9_199, 10_801, "icu_2-7"), "D", "icu_2-7", "outcome"), "triggered");
    assert_eq!(cell(&with(9_199, 10_801, "age_65"), "D", "age_65", "outcome"), "cv");
    assert_eq!(cell(&with(8_500, 11_500, "icu_2-7"), "D", "icu_2-7", "outcome"), "cv");
}

// shows: E06, E09
#[test]
fn a_milder_type_that_is_dearer_is_pooled_or_reported() {
    let lines =
        [("D", MILD, 2023, 10, 100), ("D", MODERATE, 2023, 6, 300), ("D", SEVERE, 2023, 6, 200)];
    // Disease 4000 ÷ 22. Moderate and severe together (1800 + 1200) ÷ 12 = 250: 250 · 22 ÷ 4000 = 1.375.
    let pooled = table(rule(), &lines);
    let of = |table: &Table, column: &str| {
        [MILD, MODERATE, SEVERE].map(|name| cell(table, "D", name, column))
    };
    assert_eq!(of(&pooled, "coefficient"), ["0.5500", "1.3750", "1.3750"]);
    assert_eq!(of(&pooled, "flag"), ["", "pooled", "pooled"]);
    assert_eq!(of(&pooled, "trigger"), ["0.5500", "1.6500", "1.1000"], "as they are");
    let mut reporting = rule();
    reporting.monotone = Monotone::Report;
    let reported = table(reporting, &lines);
    assert_eq!(of(&reported, "coefficient"), ["0.5500", "1.6500", "1.1000"]);
    assert_eq!(of(&reported, "flag"), ["", "inverted", "inverted"]);
    // Ages do not grow in severity.
    let ages = [("D", "age_1-6", 2023, 10, 300), ("D", "age_65", 2023, 10, 100)];
    assert_eq!(cell(&table(rule(), &ages), "D", "age_65", "flag"), "");
}

// shows: E09
#[test]
fn a_case_that_meets_several_types_takes_the_highest() {
    let found = table(
        rule(),
        &[
            ("D", "severity_severe;age_65", 2023, 6, 300),
            ("D", "severity_mild;age_65", 2023, 6, 150),
            ("D", "severity_mild", 2023, 12, 100),
        ],
    );
    // Disease 3900 ÷ 24 = 162.5: severe 300, mild 2100 ÷ 18, 65 years 225, whose CV of a third
    // lies below 0.8 · 0.5044.
    let factors = Factors::from_table(&found).unwrap();
    let of = |group: &str, types: &str| {
        factors.of_case(group, types).map(|(name, value)| (name.to_owned(), value.clone()))
    };
    let value = |fen: Ratio| fen * fraction(24, 3900).unwrap();
    assert_eq!(of("D", "severity_mild;severity_severe"), Some((SEVERE.into(), value(ratio(300)))));
    let mild = value(fraction(2100, 18).unwrap());
    assert_eq!(of("D", "severity_mild;cci_0"), Some((MILD.into(), mild)));
    assert_eq!(cell(&found, "D", "age_65", "outcome"), "triggered");
    let old = ("age_65".to_owned(), value(ratio(225)));
    assert_eq!(of("D", "severity_mild;age_65"), Some(old));
    assert_eq!(of("D", "icu_31"), None);
    assert_eq!(of("E", "severity_severe"), None);
}

// shows: E09, Z17
#[test]
fn diseases_of_the_tcm_list_and_of_kinds_left_out_have_no_types() {
    let lines = [("D", SEVERE, 2023, 10, 300), ("D", MILD, 2023, 10, 100)];
    let mut rule = rule();
    rule.except_kinds = vec!["residual".to_owned()];
    for (kind, rows) in [("residual", 0), ("core", 2)] {
        let info = GroupInfo { kind: kind.to_owned(), ..GroupInfo::default() };
        let passed = Passed { info: [("D".to_owned(), info)].into(), ..Passed::default() };
        assert_eq!(try_table(rule.clone(), &lines, passed).unwrap().rows(), rows, "{kind}");
    }
    for (kind, group, rows) in
        [(ListedKind::Tcm, "D", 0), (ListedKind::Tcm, "E", 2), (ListedKind::Quota, "D", 2)]
    {
        let mut score = crate::policy::load("catalogs/zibo-dip").unwrap().policy.score.unwrap();
        score.listed = vec![ListedScore { group_code: group.to_owned(), kind, points: dec("500") }];
        let policy =
            Policy { auxiliary: Some(rule.clone()), score: Some(score), ..policy(weights(&["1"])) };
        let built = build(&typed(&lines), &policy, &"2023".parse().unwrap(), Passed::default());
        let found = built.unwrap().catalog.table("auxiliary").unwrap().rows();
        assert_eq!(found, rows, "{kind:?} {group}");
    }
}

// shows: E09
#[test]
fn a_high_cost_is_measured_by_weight_and_point_value_not_by_the_mean() {
    let mut rule =
        crate::policy::load("tests/policy/coefficient").unwrap().policy.auxiliary.unwrap();
    // One disease of mean 20.00: 1000 points. At 0.01 yuan a point its standard is 10.00, the line
    // 30.00; measured by the mean it would be 60.00.
    let mut run = |point_value: Option<&str>, costs: bool| {
        rule.malignant.as_mut().unwrap().point_value = point_value.map(dec);
        let lines = [
            ("C34.1", "malignant_other", 2023, 10, 1_000),
            ("C34.1", "malignant_other", 2023, 10, 3_000),
        ];
        let mut cases = typed(&lines);
        if costs {
            cases.cost_fen = cases.fee_fen.iter().map(|fee| [0, 0, 0, *fee, 0]).collect();
        }
        let policy = Policy { auxiliary: Some(rule.clone()), ..policy(weights(&["1"])) };
        build(&cases, &policy, &"2023".parse().unwrap(), Passed::default())
    };
    let found = run(Some("0.01"), true).unwrap().catalog.table("auxiliary").unwrap().clone();
    assert_eq!(cell(&found, "C34.1", "malignant_treatment", "cases"), "10");
    // Of the year start: 400.00 yuan ÷ 20 000 points = 0.02 yuan; the line is 60.00.
    let found = run(None, true).unwrap().catalog.table("auxiliary").unwrap().clone();
    assert_eq!(cell(&found, "C34.1", "malignant_other", "cases"), "20");
    assert_eq!(run(None, false).unwrap_err(), Error::NoCostClasses);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Pooling equals the formula max over a ≤ i of min over b ≥ i of the mean of a…b.
    #[test]
    fn pooled_values_are_the_nearest_that_never_fall(
        values in proptest::collection::vec((0i64..1000, 1u64..50), 1..8),
    ) {
        let values: Vec<(Ratio, u64)> =
            values.into_iter().map(|(value, weight)| (ratio(value), weight)).collect();
        let mean = |a: usize, b: usize| -> Ratio {
            let sum: Ratio = values[a..=b].iter().map(|(value, weight)| value * ratio(*weight)).sum();
            let weight: u64 = values[a..=b].iter().map(|(_, weight)| weight).sum();
            sum / ratio(weight)
        };
        let wanted: Vec<Ratio> = (0..values.len())
            .map(|i| {
                let least = |a: usize| (i..values.len()).map(|b| mean(a, b)).min().unwrap();
                (0..=i).map(least).max().unwrap()
            })
            .collect();
        prop_assert_eq!(pool(&values), wanted);
    }
}
