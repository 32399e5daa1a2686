//! Blending, the mean of all cases, points, flags and the identity by hand.

use super::{cases, catalog, dec, group, line, points, policy, rows, weights, years};
use crate::policy::model::{
    Apg, BlendLevel, Cite, Combined, Denominator, DiseaseOf, Letters, Method, SingleYear, Standard,
    Trim, Weights,
};
use crate::units::Fen;
use crate::weights::{Passed, Warning, build};

/// domain.md 1.3: group g with n = 100, mean 500, then n = 300, mean 400; all cases N = 1000, mean
/// 300, then N = 1200, mean 320. The others are ungrouped: 900 cases, 250 000 and 264 000 yuan.
fn five_readings() -> crate::settlement::cases::Cases {
    let mut all = rows("g", 2022, 100, 50_000);
    all.extend(rows("", 2022, 900, 250_000));
    all.extend(rows("g", 2023, 300, 120_000));
    all.extend(rows("", 2023, 900, 264_000));
    cases(&all)
}

// shows: J08, A01, A02, R30
#[test]
fn two_to_eight_has_five_readings() {
    // means:    0.2·500 + 0.8·400 = 420; 0.2·300 + 0.8·320 = 316; 420/316 = 1.329114
    // totals:   106 000/260 = 407.6923; (60 000 + 307 200)/(200 + 960) = 316.5517; 1.287917
    // pooled:   170 000/400 = 425; 684 000/2 200 = 310.9091; 1.366959
    // ratios:   0.2·500/300 + 0.8·400/320 = 4/3; mean and M as means (R30)
    // reversed: 0.8·500 + 0.2·400 = 480; 0.8·300 + 0.2·320 = 304; 1.578947
    let two_eight = ["0.2", "0.8"];
    let expected = [
        (BlendLevel::Means, two_eight, "420.0000", "316.0000", "1.329114"),
        (BlendLevel::Totals, two_eight, "407.6923", "316.5517", "1.287917"),
        (BlendLevel::Pooled, two_eight, "425.0000", "310.9091", "1.366959"),
        (BlendLevel::Ratios, two_eight, "420.0000", "316.0000", "1.333333"),
        (BlendLevel::Means, ["0.8", "0.2"], "480.0000", "304.0000", "1.578947"),
    ];
    let cases = five_readings();
    for (level, shares, mean, base, weight) in expected {
        let rule = Weights { level, scale: Some(dec("1")), ..weights(&shares) };
        let four = catalog(&cases, &policy(rule.clone()), &[2022, 2023]);
        assert_eq!(group(&four, "g").mean.to_string(), mean, "{level:?}");
        assert_eq!(four.base_mean.to_string(), base, "{level:?}");
        assert_eq!(group(&four, "g").year_cases, [100, 300]);
        assert_eq!(group(&four, "g").year_means, [Some(dec("500.0000")), Some(dec("400.0000"))]);
        assert_eq!(four.year_base_means, [Some(dec("300.0000")), Some(dec("320.0000"))]);
        let six = catalog(&cases, &policy(Weights { places: 6, ..rule }), &[2022, 2023]);
        assert_eq!(points(&six, "g"), weight, "{level:?}");
    }
}

// shows: J12, H02, H12, A05, A46
#[test]
fn the_tiny_example_gives_its_points() {
    // domain.md 0.2. CV of A: √(3·140 000 − 600²) ÷ 600 = √60 000 ÷ 600 = 0.40824829…
    let one = [("A", "H1", 2023, 10_000), ("A", "H2", 2023, 20_000), ("A", "H1", 2023, 30_000)];
    let cases = cases(&[one[0], one[1], one[2], ("B", "H1", 2023, 60_000)]);
    let rule = Weights { scale: Some(dec("100")), ..weights(&["1"]) };
    let made = catalog(&cases, &policy(rule), &[2023]);
    assert_eq!(points(&made, "A"), "66.666700");
    assert_eq!(points(&made, "B"), "200.000000");
    assert_eq!(made.base_mean, dec("300"));
    assert_eq!(group(&made, "A").cv, Some(dec("0.408248")));
    assert_eq!(group(&made, "B").cv, None, "one case has no spread");
    assert_eq!(group(&made, "A").group_name, "甲组");
    assert_eq!(made.institutions.len(), 2);
    assert_eq!(made.institutions[0].fixmedins_code, "H1");
    assert_eq!(made.institutions[0].year_cases, [3]);
    assert_eq!(made.institutions[0].year_cost, [Fen(100_000)]);
    // 3·66.6667 + 200 = 400.0001 points at 300 ÷ 100 yuan: 1200.0003 for 1200.
    assert_eq!(line(&made, "points_total"), dec("1200.0003"));
    assert_eq!(line(&made, "rounding"), dec("-0.0003"));
    assert_eq!(line(&made, "total"), dec("1200"));
}

// shows: A03
#[test]
fn a_group_in_one_year_only_counts_fully_or_leaves() {
    // A03: only the newer year, mean 500 → 500, not 400. M keeps its weights:
    // 0.2·100 + 0.8·300 = 260.
    let rows = [("A", "H1", 2022, 10_000), ("A", "H1", 2023, 10_000), ("B", "H1", 2023, 50_000)];
    let cases = cases(&rows);
    let made = catalog(&cases, &policy(weights(&["0.2", "0.8"])), &[2022, 2023]);
    assert_eq!(group(&made, "B").mean, dec("500"));
    assert_eq!(group(&made, "B").flags, ["single_year"]);
    assert_eq!(group(&made, "B").year_means, [None, Some(dec("500"))]);
    assert!(group(&made, "A").flags.is_empty());
    assert_eq!(made.base_mean, dec("260"));
    assert_eq!(points(&made, "B"), "1923.076900");

    let rule = Weights { single_year: SingleYear::Drop, ..weights(&["0.2", "0.8"]) };
    let dropped = build(&cases, &policy(rule), &years(&[2022, 2023]), Passed::default()).unwrap();
    assert_eq!(dropped.warnings, [Warning::Dropped { groups: 1, cases: 1 }]);
    assert_eq!(dropped.catalog.groups.len(), 1);
    assert_eq!(dropped.catalog.base_mean, dec("260"), "its cases stay in M");
    assert_eq!(line(&dropped.catalog, "ungrouped"), dec("500"));
}

// shows: A03, W-6
#[test]
fn weights_of_missing_years_are_rescaled() {
    // 1:2:7 without the middle year → 1/8, 7/8: 800 ÷ 8 + 1600·7 ÷ 8 = 1500; M keeps 1:2:7:
    // 0.1·800 + 0.2·100 + 0.7·1600 = 1220.
    let cases =
        cases(&[("A", "H1", 2021, 80_000), ("B", "H1", 2022, 10_000), ("A", "H1", 2023, 160_000)]);
    let rule = weights(&["0.1", "0.2", "0.7"]);
    for level in [BlendLevel::Means, BlendLevel::Totals] {
        let made = catalog(&cases, &policy(Weights { level, ..rule.clone() }), &[2021, 2022, 2023]);
        assert_eq!(group(&made, "A").mean, dec("1500"), "{level:?}");
        assert_eq!(made.base_mean, dec("1220"), "{level:?}");
    }
}

#[test]
fn a_group_whose_years_weigh_nothing_leaves_with_a_warning() {
    let cases = cases(&[("A", "H1", 2022, 100), ("B", "H1", 2023, 100)]);
    let made = super::built(&cases, &policy(weights(&["0", "1"])), &[2022, 2023]);
    assert_eq!(made.warnings, [Warning::NoMean { group_code: "A".to_owned(), cases: 1 }]);
    assert_eq!(made.catalog.groups.len(), 1);
}

// shows: J12, A04
#[test]
fn the_mean_of_all_cases_is_taken_over_the_cases_named() {
    // Grouped 100, 200, 9 900; ungrouped 400 yuan. A bound of 1.5 × the mean (A: 3 400) trims
    // 9 900; the one ungrouped case is its own mean.
    // all: 700/3; grouped: 300/2; before_trim: 10 600/4.
    let cases = cases(&[
        ("A", "H1", 2023, 10_000),
        ("A", "H1", 2023, 20_000),
        ("A", "H1", 2023, 990_000),
        ("", "H1", 2023, 40_000),
    ]);
    let trim = Trim::Multiple { low: dec("0"), high: dec("1.5") };
    for (denominator, base, points_of_a) in [
        (Denominator::All, "233.3333", "642.857100"), // 150 ÷ (700/3) × 1000
        (Denominator::Grouped, "150.0000", "1000.000000"), // 150 ÷ 150
        (Denominator::BeforeTrim, "2650.0000", "56.603800"), // 150 ÷ 2650
        (Denominator::Given(dec("600")), "600.0000", "250.000000"),
    ] {
        let rule = Weights { denominator, trim: trim.clone(), ..weights(&["1"]) };
        let made = catalog(&cases, &policy(rule), &[2023]);
        assert_eq!(made.base_mean.to_string(), base, "{denominator:?}");
        assert_eq!(points(&made, "A"), points_of_a, "{denominator:?}");
        assert_eq!(group(&made, "A").cases, 3, "counts are before trimming");
    }
}

// shows: A33
#[test]
fn fewer_than_fifteen_cases_a_year_are_flagged() {
    // A33: 20 + 15 + 10 = 45 → not small; 20 + 14 + 10 = 44 → small.
    let mut all = Vec::new();
    for (code, counts) in [("A", [20, 15, 10]), ("B", [20, 14, 10])] {
        for (year, count) in (2021..).zip(counts) {
            all.extend(rows(code, year, count, 100 * count));
        }
    }
    let rule = Weights { minimum_cases: 15, ..weights(&["0.1", "0.2", "0.7"]) };
    let made = catalog(&cases(&all), &policy(rule), &[2021, 2022, 2023]);
    assert!(group(&made, "A").flags.is_empty());
    assert_eq!(group(&made, "B").flags, ["small"]);
    assert_eq!(group(&made, "B").mean, dec("100"), "without a parent it keeps its own mean (A51)");
}

// shows: J15
#[test]
fn priced_groups_are_all_there_with_the_price_of_the_newest_year() {
    let standard = |code: &str, fen: i64, from: (i32, u32, u32)| Standard {
        cite: Cite::default(),
        group_code: code.to_owned(),
        price: Fen(fen),
        from: chrono::NaiveDate::from_ymd_opt(from.0, from.1, from.2).unwrap(),
    };
    let mut rules =
        policy(Weights { scale: None, single_year: SingleYear::Drop, ..weights(&["0.2", "0.8"]) });
    rules.standards = vec![
        standard("M_N18", 96_000, (2024, 1, 1)),
        standard("M_N18", 94_700, (2023, 12, 31)),
        standard("M_N18", 90_000, (2022, 12, 1)),
        standard("QY_N18", 29_100, (2022, 12, 1)),
        standard("MA_N18", 133_300, (2024, 1, 1)),
    ];
    rules.grouping.method = Method::Apg(Apg {
        cite: Cite::default(),
        charge_types: Default::default(),
        items: Vec::new(),
        important: Default::default(),
        important_share: dec("0.1"),
        fallback: "QY".to_owned(),
        letters: Letters::All,
        disease: DiseaseOf::DiseCodg,
        disease_characters: None,
        combined: Combined::One,
        refine: None,
        disease_required: false,
    });
    let cases = cases(&[
        ("A_N18", "H1", 2022, 10_000),
        ("A_N18", "H1", 2023, 10_000),
        ("M_N18", "H1", 2023, 90_000),
        ("QYX_N18", "H1", 2022, 10_000),
        ("QYX_N18", "H1", 2023, 10_000),
    ]);
    let made = catalog(&cases, &rules, &[2022, 2023]);
    let codes: Vec<&str> = made.groups.iter().map(|group| group.group_code.as_str()).collect();
    assert_eq!(codes, ["A_N18", "MA_N18", "M_N18", "QYX_N18", "QY_N18"], "bytewise: A before _");
    assert_eq!(group(&made, "M_N18").standard, Some(Fen(94_700)));
    assert_eq!(group(&made, "M_N18").flags, ["single_year"], "a priced group is never dropped");
    assert_eq!(group(&made, "MA_N18").standard, None, "not in force yet");
    assert_eq!(group(&made, "MA_N18").flags, ["no_cases"]);
    assert_eq!(group(&made, "QY_N18").kind, "fallback");
    assert_eq!(group(&made, "QYX_N18").kind, "group");
    assert_eq!(group(&made, "QY_N18").year_cases, [0, 0]);
    assert_eq!(group(&made, "QY_N18").year_means, [None, None]);
    assert_eq!(group(&made, "A_N18").points, None, "no scale, no points");
    // Means in place of points: A 2·100, M 900, QYX 2·100 give 1 300 yuan, all there is.
    assert_eq!(line(&made, "points_total"), dec("1300"));
    assert_eq!(line(&made, "total"), dec("1300"));
}

#[test]
fn the_identity_names_what_broke_it() {
    // A: 2022 {100}, 2023 {200, 200, 800}; bound 1.5 × mean (400) = 600 trims 800.
    // Ungrouped: 50 each year.
    // Kept: 100 | 200, 200. m_A = 0.2·100 + 0.8·200 = 180. M: 2022 150/2 = 75; 2023 450/3 = 150;
    // 0.2·75 + 0.8·150 = 135. Points 180/135·1000 = 1333.3333 (4 places).
    // S3 = 4·1.3333333·135 = 719.999982; S2 = 4·180 = 720; S1 = 4·500/3 = 666.6667; S0 = 1300.
    let cases = cases(&[
        ("A", "H1", 2022, 10_000),
        ("A", "H1", 2023, 20_000),
        ("A", "H1", 2023, 20_000),
        ("A", "H1", 2023, 80_000),
        ("", "H1", 2022, 5_000),
        ("", "H1", 2023, 5_000),
    ]);
    let rule = Weights {
        trim: Trim::Multiple { low: dec("0"), high: dec("1.5") },
        trim_from_cases: 2,
        ..weights(&["0.2", "0.8"])
    };
    let made = catalog(&cases, &policy(rule), &[2022, 2023]);
    assert_eq!(points(&made, "A"), "1333.333300");
    let lines: Vec<(&str, String)> =
        made.identity.iter().map(|line| (line.line.as_str(), line.amount.to_string())).collect();
    let expected = [
        ("points_total", "720.0000"), // 719.99998200 rounds up
        ("rounding", "0.0000"),
        ("blending", "-53.3333"), // 666.6667 − 720
        ("trimming", "633.3333"), // 1300 − 666.6667
        ("ungrouped", "100.0000"),
        ("total", "1400.0000"),
    ];
    assert_eq!(lines, expected.map(|(name, amount)| (name, amount.to_owned())));
}

#[test]
fn cases_of_other_years_change_nothing() {
    let inside = [("A", "H1", 2022, 100), ("A", "H1", 2023, 300)];
    let outside = [("A", "H9", 2021, 7_777), ("Z", "H9", 2024, 1)];
    let rules = policy(weights(&["0.2", "0.8"]));
    let alone = catalog(&cases(&inside), &rules, &[2022, 2023]);
    let more = cases(&[inside[0], outside[0], inside[1], outside[1]]);
    assert_eq!(catalog(&more, &rules, &[2022, 2023]), alone);
}

#[test]
fn a_mean_of_zero_stands_with_no_points() {
    let cases = cases(&[("A", "H1", 2023, 0), ("B", "H1", 2023, 100)]);
    let made = catalog(&cases, &policy(weights(&["1"])), &[2023]);
    assert_eq!(points(&made, "A"), "0.000000");
    assert_eq!(group(&made, "A").cv, None);
}
