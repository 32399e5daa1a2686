//! Tiers, bases and bonuses against the readings, level by level.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::explain::render;
use crate::policy::model::{Coefficient, Combine, Rank};
use crate::settlement::coefficient::{
    InstitutionFacts, always_one, disciplines, grade_a, institution_bonuses, joined, of_case,
    tier_of,
};
use crate::table::{Column, Table};
use crate::units::{exact, ratio};

fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

fn rule() -> Coefficient {
    crate::policy::load("tests/policy/coefficient").unwrap().policy.coefficient.unwrap()
}

fn hospital(hosp_lv: &str, inst_type: &str, grade_a: Option<bool>) -> InstitutionFacts {
    InstitutionFacts {
        code: "H1".to_owned(),
        name: "医院".to_owned(),
        hosp_lv: hosp_lv.to_owned(),
        inst_type: inst_type.to_owned(),
        grade_a,
        ..InstitutionFacts::default()
    }
}

/// domain.md 3.3, word by word: 1–4, 12 are level three, 5–7, 13 two, 8–10, 14 one; tier 1 is `hosp_lv`
/// 1 or 2 and general, tier 3 `hosp_lv` 5 and general; community and township go by type.
fn by_the_reading(hosp_lv: u32, inst_type: &str, grade_a: Option<bool>) -> Option<usize> {
    match (inst_type, grade_a) {
        ("community", _) => return Some(5),
        ("township", Some(true)) => return Some(6),
        ("township", Some(false)) => return Some(7),
        ("general" | "tcm" | "specialist", _) => {}
        _ => return None,
    }
    match hosp_lv {
        1 | 2 if inst_type == "general" => Some(1),
        1..=4 | 12 => Some(2),
        5 if inst_type == "general" => Some(3),
        5..=7 | 13 => Some(4),
        8..=10 | 14 => Some(5),
        _ => None,
    }
}

// shows: Z20
#[test]
fn every_level_and_type_has_its_tier_or_is_refused() {
    let tiers = rule().tiers;
    assert_eq!(tiers.len(), 7);
    let mut refused = 0;
    for hosp_lv in 0..=15 {
        for kind in ["general", "tcm", "specialist", "community", "township", "", "maternal"] {
            for grade in [None, Some(true), Some(false)] {
                let facts = hospital(&hosp_lv.to_string(), kind, grade);
                let found = tier_of(&facts, &tiers).ok().map(|at| at + 1);
                assert_eq!(found, by_the_reading(hosp_lv, kind, grade), "{facts:?}");
                refused += usize::from(found.is_none());
            }
        }
    }
    // Three types at levels 0, 11 and 15; no type or an unknown one; townships of unknown grade.
    assert_eq!(refused, 3 * 3 * 3 + 2 * 16 * 3 + 16);
}

// shows: Z20
#[test]
fn an_institution_of_no_tier_is_named_with_what_it_is_and_what_the_tiers_take() {
    let wrong = tier_of(&hospital("11", "general", None), &rule().tiers).unwrap_err();
    let text = render(&wrong);
    assert!(text.contains("institution `H1` (医院) belongs to no tier"), "{text}");
    assert!(text.contains("`hosp_lv` is `11`, its `inst_type` `general`"), "{text}");
    assert!(text.contains("`三级综合甲等` takes general at 1/2"), "{text}");
    assert!(text.contains("`甲等镇卫生院` takes township with grade_a"), "{text}");
}

// shows: Z19, Z21, A35, R18
#[test]
fn bonuses_join_the_base_additively_or_by_multiplication() {
    // A35: 1.00 + 0.05 + 0.02 = 1.07 (1.071).
    let bonuses = || ["0.05", "0.02"].map(dec);
    let base = ratio(1);
    assert_eq!(joined(&base, bonuses(), Combine::Add), exact(dec("1.07")));
    assert_eq!(joined(&base, bonuses(), Combine::Multiply), exact(dec("1.071")));
    assert_eq!(joined(&base, [], Combine::Multiply), base);
}

// shows: Z21, A35, R18
#[test]
fn a_discipline_bonus_is_of_its_cases_only() {
    let rule = rule();
    let facts = InstitutionFacts {
        disciplines: disciplines("H1", "0300:national;0400:provincial").unwrap(),
        ..hospital("2", "tcm", Some(true))
    };
    let tier = Some(tier_of(&facts, &rule.tiers).unwrap());
    let base = exact(dec("0.90"));
    // TCM 0.05 on every case; national 0.02 on 0300, provincial 0.01 on 0400.
    for (discipline, wanted) in [("0300", "0.97"), ("0400", "0.96"), ("0500", "0.95"), ("", "0.95")]
    {
        let found = of_case(&rule, &facts, tier, &base, discipline);
        assert_eq!(found, exact(dec(wanted)), "{discipline}");
    }
}

// shows: Z21, R18
#[test]
fn grass_roots_are_tiers_five_to_seven() {
    let rule = rule();
    for (hosp_lv, kind, grade, wanted) in [
        ("5", "general", None, vec![]),
        ("6", "tcm", None, vec!["中医"]),
        ("8", "general", None, vec!["基层"]),
        ("9", "tcm", None, vec!["基层", "中医"]),
        ("11", "community", None, vec!["基层"]),
        ("11", "township", Some(true), vec!["基层"]),
        ("11", "township", Some(false), vec!["基层"]),
    ] {
        let facts = hospital(hosp_lv, kind, grade);
        let tier = tier_of(&facts, &rule.tiers).unwrap();
        let found: Vec<&str> = institution_bonuses(&rule, &facts, Some(tier))
            .map(|bonus| bonus.name.as_str())
            .collect();
        assert_eq!(found, wanted, "{facts:?}");
    }
}

// shows: R18
#[test]
fn disciplines_and_grades_are_read_strictly() {
    let read = disciplines("H1", " 0300:national ; 0400:provincial;").unwrap();
    let wanted = [("0300", Rank::National), ("0400", Rank::Provincial)];
    assert_eq!(read, wanted.map(|(code, rank)| (code.to_owned(), rank)).into());
    assert_eq!(disciplines("H1", "").unwrap(), BTreeMap::new());
    for text in ["0300", "0300:city", ":national", "0300:national;0300:provincial"] {
        let wrong = disciplines("H1", text).unwrap_err();
        assert!(render(&wrong).contains("`0300:national;0400:provincial`"), "{text}");
    }
    assert_eq!(grade_a("H1", "1").unwrap(), Some(true));
    assert_eq!(grade_a("H1", "0").unwrap(), Some(false));
    assert_eq!(grade_a("H1", "").unwrap(), None);
    assert!(grade_a("H1", "甲").is_err());
}

// shows: Z20, R18
#[test]
fn what_is_said_of_an_institution_is_read_once_and_without_contradiction() {
    let table = |rows: &[[&str; 4]]| {
        let column = |at: usize| Column::text(rows.iter().map(|row| row[at]));
        Table::new("stg_institution_fact")
            .with("fixmedins_code", column(0))
            .with("hosp_lv", column(1))
            .with("disciplines", column(2))
            .with("coef", column(3))
    };
    let read = InstitutionFacts::from_table(&table(&[
        ["H2", "5", "", "0.90"],
        ["H1", "2", "0300:national", ""],
    ]));
    let read = read.unwrap();
    assert_eq!([read[0].code.as_str(), read[1].code.as_str()], ["H1", "H2"]);
    assert_eq!(read[0].disciplines["0300"], Rank::National);
    assert_eq!([read[0].in_force, read[1].in_force], [None, Some(dec("0.90"))]);
    for (rows, wanted) in [
        (vec![["H1", "2", "", ""], ["H1", "5", "", ""]], "rows of `H1` that disagree"),
        (vec![["H1", "2", "", "0"]], "`H1`: `coef` is 0; a coefficient must be above 0"),
        (vec![["H1", "2", "0300", ""]], "`0300` in `disciplines` is not a discipline"),
    ] {
        let wrong = InstitutionFacts::from_table(&table(&rows)).unwrap_err();
        assert!(render(&wrong).contains(wanted), "{wrong}");
    }
}

// shows: A36, E15
#[test]
fn grass_roots_diseases_and_same_price_groups_have_no_coefficient() {
    let flags = |flags: &[&str]| flags.iter().map(|&flag| flag.to_owned()).collect::<Vec<_>>();
    assert!(always_one("grass_roots", &[]));
    assert!(always_one("core", &flags(&["same_price", "small"])));
    assert!(!always_one("core", &flags(&["small"])));
    assert!(!always_one("residual", &[]));
}
