//! Cliffs of points systems, in points and in yuan.

use std::collections::BTreeMap;

use super::{audit_rules, dec, of_check, shipped};
use crate::audit::{Cliff, Settings, cliffs};
use crate::catalog::model::{Catalog, Group};
use crate::policy::LoadedPolicy;
use crate::policy::model::{ExtremeRule, HighRule, OnOutliers};
use crate::units::{Points, exact};

/// A catalog of `(code, mean, points)`.
fn book(system: &str, base_mean: &str, scale: &str, groups: &[(&str, &str, &str)]) -> Catalog {
    let group = |(code, mean, points): &(&str, &str, &str)| Group {
        group_code: (*code).to_owned(),
        group_name: String::new(),
        kind: "core".to_owned(),
        parent: String::new(),
        mark: String::new(),
        year_cases: vec![1],
        year_means: vec![Some(dec(mean))],
        cases: 1,
        mean: dec(mean),
        cv: None,
        computed: Points::from_ratio(&exact(dec(points)), Points::PLACES),
        points: Points::from_ratio(&exact(dec(points)), Points::PLACES),
        standard: None,
        flags: Vec::new(),
    };
    Catalog {
        system: system.to_owned(),
        years: vec![2023],
        scale: Some(dec(scale)),
        base_mean: dec(base_mean),
        year_base_means: vec![Some(dec(base_mean))],
        places: 4,
        groups: groups.iter().map(group).collect(),
        institutions: Vec::new(),
        flow: Vec::new(),
        trimmed: Vec::new(),
        identity: Vec::new(),
        sources: BTreeMap::new(),
        tables: Vec::new(),
    }
}

/// Line, then fee, class, points and pay on both sides.
fn shown(policy: &LoadedPolicy, found: &[Cliff]) -> Vec<String> {
    let lines = crate::audit::lines::lines(&policy.policy);
    let points = |points: Option<Points>| {
        points.map_or("–".to_owned(), |points| points.to_decimal().normalize().to_string())
    };
    let side = |side: &cliffs::Side| {
        format!("{} {} {} {}", side.fee, side.class, points(side.points), side.pay)
    };
    let text = |one: &Cliff| {
        let (below, above) = (side(&one.below), side(&one.above));
        format!("{}: {below} | {above}", lines[one.line].path)
    };
    found.iter().map(text).collect()
}

/// The DIP policy under the practice of 1.5: low inclusive, k inside, beyond five times k alone.
fn practice() -> LoadedPolicy {
    let mut policy = shipped("zibo-dip", &[]);
    policy.policy.auxiliary = None;
    policy.policy.coefficient.as_mut().unwrap().outliers = OnOutliers::Inside;
    let score = policy.policy.score.as_mut().unwrap();
    score.auxiliary = false;
    let lines = score.abnormal.as_mut().unwrap();
    lines.low_inclusive = true;
    lines.extreme_rule = ExtremeRule::Coefficient;
    policy
}

// shows: E35, A38, R39
#[test]
fn a_case_beyond_five_times_the_mean_falls_from_4_05_to_1_05() {
    let policy = practice();
    // 1.5: mean 10000, k 1.05; 1000 points at 10 yuan, so a factor of 1 is 10000 yuan.
    let book = book("zibo-dip", "10000", "1000", &[("G", "10000", "1000")]);
    let settings = Settings {
        coefficient: dec("1.05"),
        point_value: Some(dec("10")),
        ..Settings::new(dec("0.85"), &policy.policy, Some(&book))
    };
    let found = cliffs(&policy.policy, Some(&book), &settings).unwrap();
    assert_eq!(
        shown(&policy, &found),
        [
            "score.abnormal.low: 5000.00 low 500 5000.00 | 5000.01 normal 1050 10500.00",
            "score.abnormal.high: 20000.00 normal 1050 10500.00 | 20000.01 high 1050.001 10500.01",
            "score.abnormal.extreme: 50000.00 high 4050 40500.00 | 50000.01 extreme 1050 10500.00",
        ]
    );
    // The high line is no cliff: pay goes on from where it was.
    assert_eq!(found.iter().map(Cliff::is_cliff).collect::<Vec<_>>(), [true, false, true]);
    let audit = audit_rules(&policy, Some(&book), &settings).unwrap();
    assert_eq!(
        of_check(&audit, "cliff"),
        [
            "score.abnormal.extreme: G: 50000.00 → 40500.00; 50000.01 → 10500.00",
            "score.abnormal.low: G: 5000.00 → 5000.00; 5000.01 → 10500.00",
        ]
    );
    let extreme = audit.findings.iter().find(|one| one.place == "score.abnormal.extreme").unwrap();
    assert_eq!(extreme.amount.unwrap().to_string(), "-30000.00");
    assert!(extreme.en.contains("is paid less"), "{}", extreme.en);
}

// shows: E35, A37, A38
#[test]
fn the_shipped_lines_have_one_cliff_and_the_neutral_value_pays_what_is_booked() {
    let mut policy = shipped("zibo-dip", &[]);
    policy.policy.auxiliary = None;
    policy.policy.score.as_mut().unwrap().auxiliary = false;
    let book = book("zibo-dip", "10000", "1000", &[("G", "10000", "1000")]);
    let settings = Settings::new(dec("0.85"), &policy.policy, Some(&book));
    // Neutral: 10000 ÷ 1000 × 0.85 = 8.5 yuan a point. Low r 0.499999; beyond five times the points of the
    // line, 4 · RW, so that no one falls there (A38).
    let found = cliffs(&policy.policy, Some(&book), &settings).unwrap();
    assert_eq!(
        shown(&policy, &found),
        [
            "score.abnormal.low: 4999.99 low 499.999 4249.99 | 5000.00 normal 1000 8500.00",
            "score.abnormal.high: 20000.00 normal 1000 8500.00 | 20000.01 high 1000.001 8500.01",
            "score.abnormal.extreme: 50000.00 high 4000 34000.00 | 50000.01 extreme 4000 34000.00",
        ]
    );
    assert_eq!(found.iter().map(Cliff::is_cliff).collect::<Vec<_>>(), [true, false, false]);
}

// shows: E35, A37
#[test]
fn lines_by_weight_are_drawn_for_the_groups_of_that_weight() {
    let mut policy = shipped("panzhihua-drg", &[]);
    // 5.3: C 10000, S 100. RW 1.2: K 2.5 of 12000; RW 6: K 1.3 of 60000.
    let groups = [("HEAVY", "60000", "600"), ("MILD", "12000", "120")];
    let book = book("panzhihua-drg", "10000", "100", &groups);
    let settings = Settings {
        point_value: Some(dec("95")),
        ..Settings::new(dec("0.85"), &policy.policy, Some(&book))
    };
    let found = cliffs(&policy.policy, Some(&book), &settings).unwrap();
    // Low is fee ÷ C × S: 0.35 × 60000 = 21000.00; one fen less is 209.9999 points.
    assert_eq!(
        shown(&policy, &found),
        [
            "outlier.low: 20999.99 low 209.9999 19949.99 | 21000.00 normal 600 57000.00",
            "outlier.low: 4199.99 low 41.9999 3989.99 | 4200.00 normal 120 11400.00",
            "outlier.high[2.5].ratio: 30000.00 normal 120 11400.00 | 30000.01 high 120.0001 11400.01",
            "outlier.high[1.3].ratio: 78000.00 normal 600 57000.00 | 78000.01 high 600.0001 57000.01",
        ]
    );
    let audit = audit_rules(&policy, Some(&book), &settings).unwrap();
    // No group weighs less than 1, from 2 to 3, or from 3 to 5.
    assert_eq!(
        of_check(&audit, "line_without_group"),
        ["outlier.high[1.5].ratio: ", "outlier.high[2].ratio: ", "outlier.high[3].ratio: "]
    );
    // Capped at K × mean a high case jumps: K × 120 = 300 points.
    policy.policy.outlier.as_mut().unwrap().high_rule = HighRule::Cap;
    let found = cliffs(&policy.policy, Some(&book), &settings).unwrap();
    let mild = &shown(&policy, &found)[2];
    assert!(mild.ends_with("30000.01 high 300 28500.00"), "{mild}");
}

// shows: E06, E08
#[test]
fn inversions_of_the_catalog_are_findings_with_their_money() {
    use crate::table::{Column, Table};
    let policy = shipped("panzhihua-drg", &[]);
    let mut book = book("panzhihua-drg", "10000", "100", &[("G", "12000", "120")]);
    let amounts = vec![Some(50_000i128), Some(1_200), None];
    book.tables.push(
        Table::new("inversions")
            .with("finding", Column::text(["lower_tier_dearer", "severe_cheaper", "cv_above_1"]))
            .with("group_code", Column::text(["G", "G1", "G"]))
            .with("tier", Column::text(["二级", "", ""]))
            .with("mean_yuan", Column::text(["900.0000", "10.0000", "12000.0000"]))
            .with("other", Column::text(["三级", "G3", ""]))
            .with("other_mean_yuan", Column::text(["800.0000", "22.0000", ""]))
            .with("amount_yuan", Column::Decimal { places: 2, values: amounts }),
    );
    let settings = Settings::new(dec("0.85"), &policy.policy, Some(&book));
    let audit = audit_rules(&policy, Some(&book), &settings).unwrap();
    assert_eq!(of_check(&audit, "lower_tier_dearer"), ["G · 二级: 900.0000 ↔ 三级 800.0000"]);
    assert_eq!(of_check(&audit, "severe_cheaper"), ["G1: 10.0000 ↔ G3 22.0000"]);
    let dearer = audit.findings.iter().find(|one| one.check == "lower_tier_dearer").unwrap();
    assert_eq!(dearer.amount.unwrap().to_string(), "500.00");
}

// shows: E35
#[test]
fn points_without_a_catalog_have_no_cliffs_and_say_so() {
    let policy = shipped("zibo-dip", &[]);
    let settings = Settings::new(dec("0.85"), &policy.policy, None);
    let audit = audit_rules(&policy, None, &settings).unwrap();
    assert!(audit.cliffs.is_empty());
    assert_eq!(of_check(&audit, "no_catalog"), ["score.abnormal.low: "]);
}

// shows: E35, A37, R06
#[test]
fn cases_beside_a_line_are_those_beside_the_mean_of_their_level() {
    use crate::audit::beside::beside;
    use crate::settlement::cases::Cases;
    use crate::settlement::coefficient::InstitutionFacts;
    use crate::settlement::{Given, LastMeans, ScenarioInput};
    use crate::units::Fen;
    let mut policy = practice();
    policy.policy.coefficient = None;
    let book = book("zibo-dip", "10000", "1000", &[("G", "10000", "1000")]);
    let facts = |code: &str, level: &str| InstitutionFacts {
        code: code.to_owned(),
        hosp_lv: level.to_owned(),
        inst_type: "general".to_owned(),
        ..InstitutionFacts::default()
    };
    // Last year the group cost 12000 at level three and 8000 at level two: high begins beyond 24000, 16000.
    let by_level =
        [(3, "12000"), (2, "8000")].map(|(level, mean)| (("G".to_owned(), level), (15, dec(mean))));
    let input = ScenarioInput {
        name: "base".to_owned(),
        policy: &policy.policy,
        catalog: Some(&book),
        year: 2024,
        budgets: BTreeMap::new(),
        assessments: BTreeMap::new(),
        given: Given {
            institutions: vec![facts("X", "2"), facts("Y", "5")],
            last_means: LastMeans {
                by_level: by_level.into(),
                by_group: BTreeMap::from([("G".to_owned(), (30, dec("10000")))]),
            },
            ..Given::default()
        },
    };
    // Institution and fee in yuan.
    let rows = [(0, 24_000), (0, 24_001), (0, 16_000), (1, 16_000), (1, 24_000)];
    let cases = Cases {
        institutions: vec!["X".to_owned(), "Y".to_owned()],
        groups: vec!["G".to_owned()],
        insutypes: vec!["310".to_owned()],
        institution: rows.iter().map(|row| row.0).collect(),
        group: vec![0; 5],
        insutype: vec![0; 5],
        year: vec![2024; 5],
        month: vec![1; 5],
        fee_fen: rows.iter().map(|row| row.1 * 100).collect(),
        inscope_fen: vec![0; 5],
        fund_fen: vec![100_000; 5],
        flags: vec![0; 5],
        case_id: (0..5).map(|row| Some(format!("{row}"))).collect(),
        ..Cases::default()
    };
    let settings = Settings {
        point_value: Some(dec("10")),
        year: 2024,
        ..Settings::new(dec("0.85"), &policy.policy, Some(&book))
    };
    let found = beside(&input, &cases, &settings).unwrap();
    let high = &found[1];
    assert_eq!((high.all.below, high.all.above), (2, 1));
    assert_eq!((high.institutions["X"].below, high.institutions["X"].above), (1, 1));
    assert_eq!((high.institutions["Y"].below, high.institutions["Y"].above), (1, 0));
    // Without coefficient a high case has RW × (r − line + 1). The line at 2.02: X at 24001 is normal,
    // 1000 points where it had 1000.0833; Y at 24000 (r 3) has 1980 for 2000. Less: 20.0833 points.
    let raised = high.raised.unwrap();
    assert_eq!((raised.cases, raised.more, raised.less), (2, Fen(0), Fen(-20_083)));
    // At 1.98 both high cases have 20 points more, and X at 24000 and Y at 16000 are high: 1020 each.
    let lowered = high.lowered.unwrap();
    assert_eq!((lowered.cases, lowered.more, lowered.less), (4, Fen(80_000), Fen(0)));
}
