//! Groups learned from history: paths, merging upwards, the CV limit, the target, the later year.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Directory, Traits, deepest, first, match_cases, path};
use crate::period::Years;
use crate::policy::model::{Cite, Feature, Level, Refine};
use crate::settlement::cases::Cases;

fn refine(minimum_cases: u32) -> Refine {
    let level = |features: &[Feature]| Level(features.to_vec());
    let (dx, nego) = (Feature::Diagnosis, Feature::Negotiated);
    let item = Feature::Item;
    Refine {
        cite: Cite::default(),
        minimum_cases,
        target_groups: None,
        maximum_cv: None,
        levels: [
            vec![level(&[item(Some(6))]), level(&[item(None)])],
            vec![level(&[dx(3)]), level(&[dx(3), nego]), level(&[dx(4), nego])],
            vec![level(&[item(Some(6))])],
            Vec::new(),
        ],
    }
}

fn years(text: &str) -> Years {
    text.parse().unwrap()
}

/// Cases by `(path, year, fees)`.
fn cases(given: &[(&str, u16, &[i64])]) -> Cases {
    let mut paths: Vec<String> = given.iter().map(|(path, ..)| (*path).to_owned()).collect();
    paths.sort();
    paths.dedup();
    let mut cases = Cases { groups: paths.clone(), ..Cases::default() };
    cases.institutions = vec!["H".to_owned()];
    cases.insutypes = vec!["310".to_owned()];
    for (path, year, fees) in given {
        let group = u32::try_from(paths.iter().position(|known| known == path).unwrap()).unwrap();
        for fee in *fees {
            cases.institution.push(0);
            cases.group.push(group);
            cases.insutype.push(0);
            cases.year.push(*year);
            cases.month.push(1);
            cases.fee_fen.push(*fee);
            cases.inscope_fen.push(0);
            cases.fund_fen.push(0);
            cases.flags.push(0);
        }
    }
    cases
}

/// Cases a group after regrouping.
fn counts(cases: &Cases, directory: &Directory) -> BTreeMap<String, usize> {
    let done = match_cases(cases.clone(), |code| directory.holds(code));
    let mut counts = BTreeMap::new();
    for group in &done.group {
        *counts.entry(done.groups[*group as usize].clone()).or_default() += 1;
    }
    counts
}

#[track_caller]
fn check(cases: &Cases, refine: &Refine, window: &str, expect: &[(&str, usize)]) -> Directory {
    let directory = Directory::learn(cases, refine, &years(window)).unwrap();
    let expect: BTreeMap<String, usize> =
        expect.iter().map(|(code, many)| ((*code).to_owned(), *many)).collect();
    assert_eq!(counts(cases, &directory), expect);
    let codes: Vec<&String> = expect.keys().collect();
    assert_eq!(directory.codes().collect::<Vec<_>>(), codes);
    directory
}

// Procedure for O, diagnosis × negotiated drug for M, exam family for A.
// shows: H11, R32
#[test]
fn a_path_holds_the_codes_of_every_level() {
    let rule = refine(15);
    let traits =
        Traits { diagnosis: "I10.x00x002", item: "003310000020000-331000002", negotiated: true };
    let of = |class: usize, traits: &Traits<'_>| {
        path(["O", "M", "A", "QY"][class], &rule.levels[class], traits)
    };
    assert_eq!(of(0, &traits), "O|O_003310-|O_003310000020000-331000002");
    assert_eq!(of(1, &traits), "M|M_I10-|M_I10+N1-|M_I10.x+N1");
    assert_eq!(of(2, &traits), "A|A_003310");
    assert_eq!(of(3, &traits), "QY");
    let unknown = Traits { item: "", negotiated: false, ..traits };
    assert_eq!(of(0, &unknown), "O");
    assert_eq!(of(1, &unknown), "M|M_I10-|M_I10+N0-|M_I10.x+N0");
}

// R32: the dot does not count and does not end a code.
// shows: R32
#[test]
fn first_characters_leave_the_dot_out() {
    for (many, expect) in [(1, "I"), (3, "I21"), (4, "I21.0"), (6, "I21.000"), (20, "I21.000x001")]
    {
        assert_eq!(first("I21.000x001", many), expect);
    }
    assert_eq!(first("I1", 3), "I1");
    assert_eq!(first("", 3), "");
}

// 15 a year over two years is 30 (A33): 30 cases stand, 29 join the level above, where 29 + 1 = 30
// stand again; the 14 of another diagnosis are left to the class.
// shows: H11, A33
#[test]
fn groups_below_the_minimum_merge_upwards() {
    let fees = |many: usize| vec![100_i64; many];
    let given = cases(&[
        ("M|M_I10-|M_I10+N0-|M_I10.x+N0", 2022, &fees(20)),
        ("M|M_I10-|M_I10+N0-|M_I10.x+N0", 2023, &fees(10)),
        ("M|M_I10-|M_I10+N1-|M_I10.x+N1", 2022, &fees(29)),
        ("M|M_I10-|M_I10+N1-|M_I10.9+N1", 2023, &fees(1)),
        ("M|M_J45-|M_J45+N0-|M_J45.9+N0", 2023, &fees(14)),
    ]);
    let expect = [("M", 14), ("M_I10+N1-", 30), ("M_I10.x+N0", 30)];
    let directory = check(&given, &refine(15), "2022,2023", &expect);
    let info = directory.info(&[("M".to_owned(), "内科服务".to_owned())]);
    assert_eq!(info["M_I10+N1-"].parent.as_deref(), Some("M_I10-"));
    assert_eq!(info["M_I10+N1-"].kind, "residual");
    assert_eq!(info["M_I10+N1-"].name, "内科服务 I10+N1（其余）");
    assert_eq!(info["M_I10.x+N0"].kind, "refined");
    assert_eq!(info["M_I10.x+N0"].name, "内科服务 I10.x+N0");
    assert_eq!((info["M"].kind.as_str(), &info["M"].parent), ("class", &None));
    // A case more of the 29 and it stands; the one left over goes to the class with the 14.
    let given = cases(&[
        ("M|M_I10-|M_I10+N1-|M_I10.x+N1", 2022, &fees(30)),
        ("M|M_I10-|M_I10+N1-|M_I10.9+N1", 2023, &fees(1)),
        ("M|M_J45-|M_J45+N0-|M_J45.9+N0", 2023, &fees(14)),
    ]);
    check(&given, &refine(15), "2022,2023", &[("M", 15), ("M_I10.x+N1", 30)]);
}

// Cases outside the window do not make a group: 30 in 2021 are none of 2022 and 2023.
// shows: A33
#[test]
fn only_the_statistics_years_count() {
    let given = cases(&[("A|A_002103", 2021, &[100; 30]), ("A|A_002203", 2022, &[100; 30])]);
    let directory = Directory::learn(&given, &refine(15), &years("2022,2023")).unwrap();
    assert_eq!(directory.codes().collect::<Vec<_>>(), ["A_002203"]);
}

// Fees 100 and 300: n·Σx² − (Σx)² = 2·100000 − 160000 = 40000, CV = 200 ÷ 400 = 0.5 exactly. At the
// limit the family stays whole, a hair below it its two items stand alone.
// shows: H11, E06
#[test]
fn a_group_within_the_cv_limit_is_not_divided() {
    let given = cases(&[("O|O_0033-|O_00331", 2023, &[100]), ("O|O_0033-|O_00332", 2023, &[300])]);
    let mut rule = refine(1);
    rule.maximum_cv = Some(Decimal::new(5, 1));
    // The class has the same cases, so it is whole already.
    check(&given, &rule, "2023", &[("O", 2)]);
    rule.maximum_cv = Some(Decimal::new(4999, 4));
    check(&given, &rule, "2023", &[("O_00331", 1), ("O_00332", 1)]);
    // A dear item of another family spoils the class: 100, 300, 2000 have Σx 2400, Σx² 4100000,
    // 3·4100000 − 5760000 = 6540000, CV = 2557 ÷ 2400 > 0.5. The family is still even.
    let wide = cases(&[
        ("O|O_0033-|O_00331", 2023, &[100]),
        ("O|O_0033-|O_00332", 2023, &[300]),
        ("O|O_0044-|O_00441", 2023, &[2000]),
    ]);
    rule.maximum_cv = Some(Decimal::new(5, 1));
    let directory = check(&wide, &rule, "2023", &[("O_0033-", 2), ("O_0044-", 1)]);
    assert_eq!(directory.info(&[])["O_0033-"].kind, "whole");
}

// Items of 10, 20, 30 and 40 cases. Minimum 1: four groups; 11: the 10 are left to the class, four
// again; 21: 30 left, three; 31: two; 41: one.
// shows: H11
#[test]
fn the_minimum_is_raised_to_come_near_a_target() {
    let given = cases(&[
        ("A|A_1", 2023, &[100; 10]),
        ("A|A_2", 2023, &[100; 20]),
        ("A|A_3", 2023, &[100; 30]),
        ("A|A_4", 2023, &[100; 40]),
    ]);
    for (target, minimum, groups) in [(9, 1, 4), (4, 1, 4), (3, 21, 3), (2, 31, 2), (1, 41, 1)] {
        let rule = Refine { target_groups: Some(target), ..refine(1) };
        let directory = Directory::learn(&given, &rule, &years("2023")).unwrap();
        assert_eq!(directory.minimum_cases(), minimum, "target {target}");
        assert_eq!(directory.codes().count(), groups, "target {target}");
        assert_eq!(directory.table().cell("minimum_cases", 0).unwrap(), minimum.to_string());
    }
    // Three items of 10: three groups, or one. Two lies between: the smaller minimum stands.
    let given = cases(&[
        ("A|A_1", 2023, &[100; 10]),
        ("A|A_2", 2023, &[100; 10]),
        ("A|A_3", 2023, &[100; 10]),
    ]);
    let rule = Refine { target_groups: Some(2), ..refine(4) };
    let directory = Directory::learn(&given, &rule, &years("2023")).unwrap();
    assert_eq!((directory.minimum_cases(), directory.codes().count()), (4, 3));
}

// Two codes of class A (one stands), one class code: rows by level, cases close.
// shows: H11, H12
#[test]
fn the_refinement_is_recorded() {
    let given = cases(&[("A|A_1", 2023, &[100; 15]), ("A|A_2", 2023, &[100; 14])]);
    let rule = Refine { target_groups: Some(2), ..refine(15) };
    let table = Directory::learn(&given, &rule, &years("2023")).unwrap().table();
    let row = |at: usize| -> Vec<String> {
        ["class", "level", "codes", "groups", "cases", "minimum_cases", "target_groups"]
            .iter()
            .map(|column| table.cell(column, at).unwrap_or_default())
            .collect()
    };
    assert_eq!(table.rows(), 2);
    assert_eq!(row(0), ["A", "0", "1", "1", "14", "15", "2"]);
    assert_eq!(row(1), ["A", "1", "2", "1", "15", "15", "2"]);
}

// A later year is matched by the codes of the catalog alone: new items climb to the family, new
// families to the class; a class without a group keeps its own code, which no catalog has.
// shows: H12
#[test]
fn a_later_year_climbs_to_the_nearest_group() {
    let groups = ["O_003310-", "O_003310000020000", "A"];
    let known = |code: &str| groups.contains(&code);
    assert_eq!(deepest("O|O_003310-|O_003310000020000", known), "O_003310000020000");
    assert_eq!(deepest("O|O_003310-|O_003310000990000", known), "O_003310-");
    assert_eq!(deepest("O|O_009999-|O_009999000010000", known), "O");
    assert_eq!(deepest("A|A_002203", known), "A");
    assert_eq!(deepest("QY", known), "QY");
}

/// The rule said slowly: level by level from the finest, whoever shares a code with too few goes one
/// code up.
fn slowly(paths: &[&str], minimum: usize) -> BTreeMap<String, usize> {
    let mut now: Vec<Vec<&str>> = paths.iter().map(|path| path.split('|').collect()).collect();
    for depth in (1..4).rev() {
        let mut many: BTreeMap<&str, usize> = BTreeMap::new();
        for path in now.iter().filter(|path| path.len() == depth + 1) {
            *many.entry(path[depth]).or_default() += 1;
        }
        for path in now.iter_mut().filter(|path| path.len() == depth + 1) {
            if many[path[depth]] < minimum {
                path.pop();
            }
        }
    }
    let mut counts = BTreeMap::new();
    for path in now {
        *counts.entry((*path.last().unwrap()).to_owned()).or_default() += 1;
    }
    counts
}

proptest! {
    // shows: H11, A33
    #[test]
    fn merging_upwards_is_the_rule_said_slowly(
        picks in prop::collection::vec(0..9usize, 1..60),
        minimum in 1..9u32,
    ) {
        const PATHS: [&str; 9] = [
            "M|M_a-|M_a+N0-|M_a1+N0",
            "M|M_a-|M_a+N0-|M_a2+N0",
            "M|M_a-|M_a+N1-|M_a1+N1",
            "M|M_b-|M_b+N0-|M_b1+N0",
            "M|M_b-|M_b+N1-|M_b1+N1",
            "M|M_b-|M_b+N1-|M_b2+N1",
            "M",
            "O|O_c-|O_c1",
            "O|O_c-|O_c2",
        ];
        let picked: Vec<&str> = picks.iter().map(|pick| PATHS[*pick]).collect();
        let given: Vec<(&str, u16, &[i64])> =
            picked.iter().map(|path| (*path, 2023, [100_i64].as_slice())).collect();
        let given = cases(&given);
        let directory = Directory::learn(&given, &refine(minimum), &years("2023")).unwrap();
        prop_assert_eq!(counts(&given, &directory), slowly(&picked, minimum as usize));
    }
}
