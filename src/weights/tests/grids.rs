//! The method grid on a handful of cases worked by hand.

use std::collections::BTreeMap;

use proptest::prelude::{ProptestConfig, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::{cases, dec, policy, weights, years};
use crate::explain::{Explain, render};
use crate::grouper::GroupInfo;
use crate::policy::load;
use crate::policy::model::{
    BlendLevel, Centre, Cite, Denominator, ExcludedYear, Method as Grouping, Outliers, Refine,
    SingleYear, Trim, TrimStage, Weights,
};
use crate::settlement::cases::Cases;
use crate::table::Table;
use crate::weights::grid::price;
use crate::weights::{Error, Method, Passed, build, grid};

/// A costs 100 then 200, B 300 then 200: every year all cases cost 200 on average.
fn two_groups() -> Cases {
    cases(&[
        ("A", "H1", 2022, 10_000),
        ("A", "H1", 2023, 20_000),
        ("B", "H2", 2022, 30_000),
        ("B", "H2", 2023, 20_000),
        ("", "H2", 2023, 99_900),
    ])
}

fn method(name: &str, year_weights: &[&str]) -> Method {
    // M over the grouped cases, so that the ungrouped one disturbs no number.
    let mut weights = weights(year_weights);
    weights.denominator = Denominator::Grouped;
    Method { name: name.to_owned(), policy: policy(weights) }
}

fn cells(table: &Table, row: usize) -> Vec<String> {
    table.columns.iter().map(|(_, column)| column.show(row).unwrap_or_default()).collect()
}

// 2:8  A 0.2·100 + 0.8·200 = 180 → 900, B 0.2·300 + 0.8·200 = 220 → 1100; H1 2·900 of 4000 points.
// 5:5  A 150 → 750, B 250 → 1250.  8:2  A 120 → 600, B 280 → 1400.  All fees: 800.00.
#[test]
fn points_and_pay_range_over_the_methods() {
    let methods = [
        method("baseline", &["0.2", "0.8"]),
        method("even", &["0.5", "0.5"]),
        method("old", &["0.8", "0.2"]),
    ];
    for threads in [1, 2, 8] {
        let grid =
            grid(&two_groups(), &years(&[2022, 2023]), &methods, (&BTreeMap::new(), threads))
                .unwrap();
        assert_eq!(
            cells(&grid.groups, 0),
            [
                "A",
                "甲组",
                "2",
                "900.000000",
                "600.000000",
                "old",
                "900.000000",
                "baseline",
                "33.33",
                "0"
            ]
        );
        assert_eq!(
            cells(&grid.groups, 1),
            [
                "B",
                "",
                "2",
                "1100.000000",
                "1100.000000",
                "baseline",
                "1400.000000",
                "old",
                "27.27",
                "0"
            ]
        );
        assert_eq!(
            cells(&grid.institutions, 0),
            ["H1", "2", "360.00", "240.00", "old", "360.00", "baseline", "33.33"]
        );
        assert_eq!(
            cells(&grid.institutions, 1),
            ["H2", "2", "440.00", "440.00", "baseline", "560.00", "old", "27.27"]
        );
        let moved: Vec<_> =
            (0..3).map(|row| grid.methods.cell("moved_yuan", row).unwrap()).collect();
        assert_eq!(moved, ["0.00", "60.00", "120.00"]);
        assert_eq!(grid.methods.cell("groups", 2).as_deref(), Some("2"));
        // Around 200: 100² twice in all; around 150 and 250: 50² four times. 1 − 10000 ÷ 20000.
        assert_eq!(grid.methods.cell("r_squared", 0).as_deref(), Some("0.5000"));
    }
}

// C is seen in 2023 only: a method that drops such groups does not price it, and its case of 400.00 is
// ungrouped there (A41): 0.7 · 400 ÷ 180 · 1000 = 1555.5556 points against 2 · 1000 of A, so that H1 has
// 700 · 2000 ÷ 3555.5556 = 393.75. Kept, C has 400 ÷ 260 · 1000 = 1538.4615 and A 692.3077: 331.58.
// shows: A41
#[test]
fn a_group_that_a_method_lacks_is_counted_and_paid_as_ungrouped() {
    let cases =
        cases(&[("A", "H1", 2022, 10_000), ("A", "H1", 2023, 20_000), ("C", "H2", 2023, 40_000)]);
    let keeps = method("baseline", &["0.2", "0.8"]);
    let mut drops = method("single-year-drop", &["0.2", "0.8"]);
    drops.policy.weights.single_year = SingleYear::Drop;
    let grid = grid(&cases, &years(&[2022, 2023]), &[keeps, drops], (&BTreeMap::new(), 2)).unwrap();
    let missing: Vec<_> =
        (0..2).map(|row| grid.groups.cell("missing_methods", row).unwrap()).collect();
    assert_eq!(missing, ["0", "1"]);
    let cell = |column: &str, row: usize| grid.institutions.cell(column, row).unwrap();
    assert_eq!((cell("low_yuan", 0), cell("high_yuan", 0)), ("331.58".into(), "393.75".into()));
    assert_eq!((cell("low_yuan", 1), cell("high_yuan", 1)), ("306.25".into(), "368.42".into()));
    assert!(grid.warnings.iter().any(|warning| warning.starts_with("single-year-drop: ")));
}

// 70 cases of 0.10 and one of 10.00: mean 0.2394, CV √(70·0.1²+10²−71·0.2394²) ÷ √71 ÷ 0.2394 ≈ 4.87.
#[test]
fn groups_of_wide_spread_are_counted() {
    let mut rows = vec![("A", "H1", 2023, 10); 70];
    rows.push(("A", "H1", 2023, 1_000));
    rows.extend([("B", "H1", 2023, 100), ("B", "H1", 2023, 100)]);
    let grid =
        grid(&cases(&rows), &years(&[2023]), &[method("baseline", &["1"])], (&BTreeMap::new(), 1))
            .unwrap();
    let cell = |column: &str| grid.methods.cell(column, 0).unwrap();
    assert_eq!((cell("cv_above_0_7"), cell("cv_above_1")), ("1".into(), "1".into()));
}

// Where printed prices are paid, no method moves any money.
#[test]
fn pay_is_compared_only_where_points_are_paid() {
    let mut rules = method("baseline", &["0.2", "0.8"]);
    rules.policy.payment.method = crate::policy::model::PayMethod::Standard;
    let grid = grid(&two_groups(), &years(&[2022, 2023]), &[rules], (&BTreeMap::new(), 1)).unwrap();
    assert_eq!(grid.institutions.rows(), 0);
    assert_eq!(grid.methods.cell("moved_yuan", 0), None);
}

#[test]
fn a_method_that_cannot_be_computed_is_named() {
    let wrong = method("years-three", &["0.2", "0.3", "0.5"]);
    let methods = [method("baseline", &["0.2", "0.8"]), wrong];
    let err =
        grid(&two_groups(), &years(&[2022, 2023]), &methods, (&BTreeMap::new(), 1)).unwrap_err();
    let text = render(&err);
    assert!(text.contains("`years-three`") && text.contains("weights 3 years"), "{text}");
    assert_eq!(err.kind().exit_code(), 2);
    assert!(matches!(
        grid(&two_groups(), &years(&[2022]), &[], (&BTreeMap::new(), 1)),
        Err(Error::Columns { .. })
    ));
}

fn ways() -> Vec<Method> {
    let trims = [
        Trim::None,
        Trim::Percentile { low: dec("0.1"), high: dec("0.9") },
        Trim::Iqr { k: dec("0.5") },
        Trim::Sd { k: dec("1.2") },
        Trim::Multiple { low: dec("0.3"), high: dec("2") },
    ];
    let stages = [
        (TrimStage::Before, Outliers::Drop),
        (TrimStage::After, Outliers::Drop),
        (TrimStage::Before, Outliers::Winsorise),
    ];
    let centres = [Centre::Arithmetic, Centre::Geometric, Centre::Median];
    let levels = [BlendLevel::Means, BlendLevel::Totals, BlendLevel::Ratios, BlendLevel::Pooled];
    let denominators = [Denominator::All, Denominator::Grouped, Denominator::BeforeTrim];
    let mut ways = Vec::new();
    for (at, trim) in trims.iter().enumerate() {
        for (centre, level) in centres.iter().flat_map(|c| levels.iter().map(move |l| (c, l))) {
            let turn = at + ways.len();
            let (trim_stage, outliers) = stages[turn % 3];
            let weights = Weights {
                trim: trim.clone(),
                trim_stage,
                outliers,
                trim_from_cases: 3,
                centre: *centre,
                level: *level,
                denominator: denominators[turn % 2],
                minimum_cases: [0, 2, 5][turn % 3],
                ..weights(&["0.2", "0.8"])
            };
            ways.push(Method { name: format!("way-{}", ways.len()), policy: policy(weights) });
        }
    }
    ways
}

// shows: R34, A34, R01
#[test]
fn a_method_that_would_group_the_cases_otherwise_is_refused() {
    let grouping = |path: &str| load(path).unwrap().policy.grouping.method;
    let dip = grouping("tests/policy/dip");
    let Grouping::Apg(mut apg) = grouping("tests/policy/lists") else { panic!("groups by APG") };
    apg.refine = Some(Refine {
        cite: Cite::default(),
        minimum_cases: 1,
        target_groups: None,
        maximum_cv: None,
        levels: Default::default(),
    });
    let refined = Grouping::Apg(apg);
    let refused = |grouping: &Grouping, change: &dyn Fn(&mut Weights)| {
        let mut methods = [method("baseline", &["0.2", "0.8"]), method("other", &["0.2", "0.8"])];
        for one in &mut methods {
            one.policy.grouping.method = grouping.clone();
        }
        change(&mut methods[1].policy.weights);
        match grid(&two_groups(), &years(&[2022, 2023]), &methods, (&BTreeMap::new(), 1)) {
            Err(Error::Regroups { method, key }) => {
                assert_eq!(method, "other");
                Some(key)
            }
            found => {
                found.unwrap();
                None
            }
        }
    };
    let given = policy(weights(&["0.2", "0.8"])).grouping.method;
    let exclude = |weights: &mut Weights| {
        let reason = "closed".to_owned();
        weights.exclude = vec![ExcludedYear { cite: Cite::default(), year: 2022, reason }];
    };
    assert_eq!(refused(&dip, &exclude), Some("weights.exclude"));
    assert_eq!(refused(&refined, &exclude), Some("weights.exclude"));
    assert_eq!(refused(&given, &exclude), None);
    let years = |weights: &mut Weights| weights.years = vec![dec("0.5"), dec("0.5")];
    assert_eq!(refused(&dip, &years), Some("weights.years"));
    assert_eq!(refused(&refined, &years), None, "a refinement counts cases");
    let level = |weights: &mut Weights| weights.level = BlendLevel::Totals;
    assert_eq!(refused(&dip, &level), Some("weights.level"));
    let single = |weights: &mut Weights| weights.single_year = SingleYear::Drop;
    assert_eq!(refused(&dip, &single), Some("weights.single_year"));
    let trim = |weights: &mut Weights| weights.outliers = Outliers::Winsorise;
    assert_eq!(refused(&dip, &trim), Some("weights.trim"));
    let centre = |weights: &mut Weights| weights.centre = Centre::Median;
    assert_eq!(refused(&dip, &centre), Some("weights.centre"));
    assert_eq!(refused(&given, &centre), None);
    // What only prices the groups is compared.
    assert_eq!(refused(&dip, &|weights| weights.denominator = Denominator::All), None);
    assert_eq!(refused(&dip, &|weights| weights.minimum_cases = 30), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Sixty methods from one reading of the cases are the sixty catalogs built one by one.
    #[test]
    fn a_grid_is_what_building_each_method_gives(
        rows in proptest::collection::vec(
            (
                proptest::sample::select(vec!["A", "B", "C", ""]),
                proptest::sample::select(vec!["H1", "H2"]),
                2022u16..=2023,
                1i64..100_000,
            ),
            0..60,
        ),
    ) {
        let mut rows = rows;
        rows.extend([("Z", "H1", 2022, 5_000), ("Z", "H2", 2023, 7_000)]);
        let (cases, years, ways) = (cases(&rows), years(&[2022, 2023]), ways());
        prop_assert!(ways.len() >= 60);
        let info = |parent: &str| {
            GroupInfo { parent: Some(parent.to_owned()), ..GroupInfo::default() }
        };
        let info = BTreeMap::from([("A".to_owned(), info("P")), ("B".to_owned(), info("P"))]);
        let priced = price(&cases, &years, &ways, (&info, 2)).unwrap();
        for (at, way) in ways.iter().enumerate() {
            let passed = Passed { info: info.clone(), ..Passed::default() };
            let made = build(&cases, &way.policy, &years, passed).unwrap();
            let (one, other) = (&priced.catalogs[at], &made.catalog);
            prop_assert_eq!(&one.groups, &other.groups);
            prop_assert_eq!(&one.identity, &other.identity);
            prop_assert_eq!(&one.trimmed, &other.trimmed);
            prop_assert_eq!(one.base_mean, other.base_mean);
            prop_assert_eq!(priced.fits[at], made.r_squared);
        }
    }
}
