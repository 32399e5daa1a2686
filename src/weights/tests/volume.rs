//! Twenty million cases, by hand: `cargo test --lib -- --ignored volume`, optimised.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{built, dec, policy, weights};
use crate::period::Years;
use crate::policy::model::{BlendLevel, Centre, CoefficientBasis, Passes, Trim, Weights};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::InstitutionFacts;
use crate::weights::{IntervalRequest, Method, Passed, build, grid, intervals};

/// Cases of two years in 1 400 groups and 300 institutions, costs by a fixed generator.
fn many(rows: usize) -> Cases {
    let mut state = 1u64;
    let mut next = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut cases = Cases {
        institutions: (0..300).map(|at| format!("H{at:04}")).collect(),
        groups: (0..1_400).map(|at| format!("G{at:04}")).collect(),
        insutypes: vec!["310".to_owned()],
        ..Cases::default()
    };
    for _ in 0..rows {
        cases.institution.push(u32::try_from(next(300)).unwrap());
        cases.group.push(u32::try_from(next(1_400)).unwrap());
        cases.year.push(2022 + u16::try_from(next(2)).unwrap());
        cases.fee_fen.push(1 + i64::try_from(next(1_000_000)).unwrap());
    }
    cases
}

#[test]
#[ignore = "volume: takes gigabytes and an optimised build"]
fn volume_of_twenty_million_cases_takes_seconds() {
    let cases = many(20_000_000);
    for trim in [
        Trim::None,
        Trim::Multiple { low: dec("0.1"), high: dec("3") },
        Trim::Sd { k: dec("3") },
        Trim::Percentile { low: dec("0.025"), high: dec("0.975") },
        Trim::Iqr { k: dec("1.5") },
    ] {
        let rules = policy(Weights { trim: trim.clone(), ..weights(&["0.2", "0.8"]) });
        let start = Instant::now();
        let made = built(&cases, &rules, &[2022, 2023]);
        let seconds = start.elapsed().as_secs_f64();
        println!("{trim:?}: {seconds:.2} s, {} ledger rows", made.catalog.trimmed.len());
        assert_eq!(made.catalog.groups.len(), 1_400);
        assert!(seconds < 60.0, "{trim:?} took {seconds} s");
    }
}

/// Sixty methods: five trim rules × three centres × four levels.
fn sixty() -> Vec<Method> {
    let trims = [
        Trim::None,
        Trim::Percentile { low: dec("0.025"), high: dec("0.975") },
        Trim::Iqr { k: dec("1.5") },
        Trim::Sd { k: dec("3") },
        Trim::Multiple { low: dec("0.1"), high: dec("3") },
    ];
    let centres = [Centre::Arithmetic, Centre::Geometric, Centre::Median];
    let levels = [BlendLevel::Means, BlendLevel::Totals, BlendLevel::Ratios, BlendLevel::Pooled];
    let mut methods = Vec::new();
    for trim in trims {
        for (centre, level) in centres.iter().flat_map(|c| levels.iter().map(move |l| (*c, *l))) {
            let rule = Weights { trim: trim.clone(), centre, level, ..weights(&["0.2", "0.8"]) };
            methods.push(Method { name: format!("m{}", methods.len()), policy: policy(rule) });
        }
    }
    methods
}

// `benches/` times the commands, which read the claims as well.
#[test]
#[ignore = "volume: takes gigabytes and an optimised build"]
fn volume_of_sixty_methods_and_of_a_thousand_rounds_takes_seconds() {
    let mut cases = many(10_000_000);
    cases.flags = vec![0; cases.len()];
    let list = super::years(&[2022, 2023]);
    let timed = |what: &str, work: &dyn Fn()| {
        let start = Instant::now();
        work();
        println!("{what}: {:.2} s", start.elapsed().as_secs_f64());
        start.elapsed()
    };
    let trimmed = Weights { trim: Trim::Iqr { k: dec("1.5") }, ..weights(&["0.2", "0.8"]) };
    let rules = policy(trimmed);
    timed("one build", &|| {
        assert_eq!(built(&cases, &rules, &[2022, 2023]).catalog.groups.len(), 1_400);
    });
    let methods = sixty();
    let all = timed("sixty methods", &|| {
        let grid = grid(&cases, &list, &methods, (&BTreeMap::new(), 2)).unwrap();
        assert_eq!(grid.methods.rows(), 60);
    });
    let request = IntervalRequest { rounds: 1_000, seed: 1, threads: 2 };
    let rounds = timed("a thousand rounds", &|| {
        let found = intervals(&cases, &rules, &list, &BTreeMap::new(), request).unwrap();
        assert_eq!(found.intervals.rows(), 2_800);
    });
    assert!(all.as_secs() < 120 && rounds.as_secs() < 120, "{all:?} {rounds:?}");
}

/// Coefficients of seven tiers, once and to a fixed point, and factors of sixteen types in 1 400 diseases.
// shows: E08, E09
#[test]
#[ignore = "volume: takes gigabytes and an optimised build"]
fn volume_of_coefficients_and_types_of_ten_million_cases_takes_seconds() {
    let mut cases = many(10_000_000);
    cases.auxiliaries = (0..12).map(|at| format!("cci_{};severity_{at:02}", at % 4)).collect();
    cases.auxiliary = (0..10_000_000u32).map(|row| row % 12).collect();
    let levels =
        [("2", "general"), ("2", "tcm"), ("5", "general"), ("5", "tcm"), ("11", "community")];
    let institutions: Vec<InstitutionFacts> = cases
        .institutions
        .iter()
        .zip(levels.iter().cycle())
        .map(|(code, (level, kind))| InstitutionFacts {
            code: code.clone(),
            hosp_lv: (*level).to_owned(),
            inst_type: (*kind).to_owned(),
            ..InstitutionFacts::default()
        })
        .collect();
    let load = |name: &str| crate::policy::load(name).unwrap().policy;
    let mut rule = load("tests/policy/coefficient").coefficient.unwrap();
    let mut types = load("zibo-dip").auxiliary.unwrap();
    types.malignant = None;
    let years = "2022,2023".parse::<Years>().unwrap();
    let timed = |what: &str, rules: &crate::policy::model::Policy| {
        let start = Instant::now();
        let passed = Passed { institutions: institutions.clone(), ..Passed::default() };
        let made = build(&cases, rules, &years, passed).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!("{what}: {seconds:.2} s");
        assert!(seconds < 60.0, "{what} took {seconds} s");
        made.catalog
    };
    let mut rules = policy(weights(&["0.2", "0.8"]));
    timed("weights alone", &rules);
    rules.auxiliary = Some(types);
    // Four of CCI and twelve of severity.
    assert_eq!(timed("with types", &rules).table("auxiliary").unwrap().rows(), 1_400 * 16);
    rules.auxiliary = None;
    rules.coefficient = Some(rule.clone());
    assert_eq!(timed("with coefficients", &rules).table("coefficients").unwrap().rows(), 7);
    rule.basis = CoefficientBasis::CaseMix;
    rule.passes = Passes::FixedPoint { rounds: 30 };
    rules.coefficient = Some(rule);
    let fixed = timed("with coefficients to a fixed point", &rules);
    println!("{} rounds", fixed.table("coefficient_round").unwrap().rows());
}
