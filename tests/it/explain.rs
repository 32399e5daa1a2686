//! `dianshu explain`: every case and institution of small cities ends in what the run paid it, to the fen.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use dianshu::backtest::{Purpose, Settings, prepare};
use dianshu::settlement::decide_all;
use dianshu::settlement::tariff::Tariff;
use dianshu::settlement::trail::{explain_case, explain_institution};
use dianshu::trail::{Lang, Value, text};
use dianshu::units::Fen;
use dianshu::warehouse::engine::{Engine, Limits};
use dianshu::warehouse::store::Store;
use dianshu::{catalog, policy};

use super::tools::{csv, dianshu, json_lines, only_run, parquet, synth};

type Row = BTreeMap<String, String>;

/// Makes, loads and prices a city.
fn city(path: &Path, system: &str, words: &str) {
    let words = format!("--years 2021..2024 {words}");
    synth(path, system, &words, "city");
    let loaded = dianshu(path, "ingest city --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let years = if system.ends_with("-apg") { "2022,2023" } else { "2021,2022,2023" };
    let build = format!("catalog build --policy {system} --years {years} --out cat");
    dianshu(path, &format!("{build} --warehouse wh --quiet")).ok();
}

/// Explains every case and every institution of a city under its policy and some scenarios.
fn everything_is_explained(path: &Path, system: &str, scenarios: &[&str]) -> usize {
    let published = policy::load(system).unwrap();
    let stored = catalog::open(&path.join("cat")).unwrap();
    let scenarios: Vec<String> = scenarios.iter().map(|name| (*name).to_owned()).collect();
    let settings = Settings {
        policy: &published,
        scenarios: &scenarios,
        catalog: &stored.catalog,
        catalog_policy: &published,
        year: 2024,
        purpose: Purpose::Backtest,
        with_cases: true,
    };
    let snapshot = Store::open(&path.join("wh")).unwrap().snapshot().unwrap();
    let engine = Engine::start(Limits { threads: 2, memory_bytes: 1 << 30 }).unwrap();
    let prepared = prepare(&engine, &snapshot, &settings).unwrap();
    let outcomes = prepared.settle(NonZeroUsize::MIN).unwrap();
    let mut explained = 0;
    for (at, outcome) in outcomes.iter().enumerate() {
        let (cases, input) = (&prepared.built(at).cases, prepared.input(at));
        let tariff = Tariff::resolve(&input, cases).unwrap();
        for decision in decide_all(cases, &input, outcome, NonZeroUsize::MIN).unwrap() {
            let trail = explain_case(cases, &input, (&tariff, outcome), decision.row).unwrap();
            let shown = || text(&trail, Lang::En);
            trail.check().unwrap_or_else(|error| panic!("{error:?}\n{}", shown()));
            assert_eq!(trail.result(), Some(&Value::Money(decision.pay)), "{}", shown());
            explained += 1;
        }
        for code in &cases.institutions {
            let own = outcome.institutions.iter().filter(|row| row.fixmedins_code == *code);
            let paid = Fen(own.map(|row| row.paid.0).sum());
            let Some(trail) = explain_institution(&input, outcome, code) else { continue };
            let shown = || text(&trail, Lang::En);
            trail.check().unwrap_or_else(|error| panic!("{error:?}\n{}", shown()));
            assert_eq!(trail.result(), Some(&Value::Money(paid)), "{}", shown());
        }
    }
    explained
}

// shows: J05, R27, A46
#[test]
fn every_case_of_jining_ends_in_its_fen() {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), "jining-apg", "--people 300 --seed 5");
    assert!(everything_is_explained(home.path(), "jining-apg", &["share-95", "cap-10"]) > 300);
}

// shows: P01, Y20, Y22, Y23, Y25, Y29
#[test]
fn every_case_of_yantai_ends_in_its_fen_and_the_command_says_so() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "yantai-apg", "--people 500 --seed 5 --format csv");
    assert!(everything_is_explained(path, "yantai-apg", &["cap-8", "low-line-0.5"]) > 300);
    let which = "--policy yantai-apg --catalog cat --year 2024 --warehouse wh --quiet";
    dianshu(path, &format!("backtest {which} --cases")).ok();
    let run = only_run(&path.join("runs"));
    let cases = parquet(&run.join("tables/case.parquet"));
    merged_cases_are_known_by_each_of_their_settlements(path, which, &cases);
    institutions_and_groups_are_explained(path, which, &run);
    what_is_no_case_says_why(path, which);
}

fn explained(path: &Path, words: &str) -> serde_json::Value {
    json_lines(&dianshu(path, &format!("explain {words} --json")).ok().stdout).remove(0)
}

fn merged_cases_are_known_by_each_of_their_settlements(path: &Path, which: &str, cases: &[Row]) {
    let known: BTreeMap<&str, &Row> =
        cases.iter().map(|row| (row["setl_id"].as_str(), row)).collect();
    let exported = csv(&path.join("city/settlement.csv"));
    // A settlement of the year that is in scope and no case of its own was merged into another.
    let mut merged = None;
    for row in &exported {
        let id = row["setl_id"].as_str();
        if known.contains_key(id) || !row["setl_time"].starts_with("2024") {
            continue;
        }
        let found = explained(path, &format!("case {id} {which}"));
        if found["subject"] == "case" {
            merged = Some(found);
            break;
        }
    }
    let merged = merged.expect("the city has a case of two settlements");
    let case = known[merged["id"].as_str().unwrap()];
    assert_eq!(merged["result"]["value"], case["pay_yuan"].as_str());
    let keys: Vec<&str> =
        merged["sections"].as_array().unwrap().iter().map(|s| s["key"].as_str().unwrap()).collect();
    assert!(keys.iter().filter(|key| **key == "settlements").count() >= 2, "{keys:?}");
    assert!(keys.contains(&"merged") && keys.contains(&"grouping"), "{keys:?}");
    assert_eq!(keys.last(), Some(&"division"));
    // No person is shown.
    let text = merged.to_string();
    let persons = exported.iter().map(|row| row["psn_no"].as_str());
    assert!(persons.into_iter().all(|person| !text.contains(&format!("\"{person}\""))));
}

fn institutions_and_groups_are_explained(path: &Path, which: &str, run: &Path) {
    let rows = parquet(&run.join("tables/institution.parquet"));
    let found = explained(path, &format!("institution {} {which}", rows[0]["fixmedins_code"]));
    assert_eq!(found["result"]["value"], rows[0]["paid_yuan"].as_str());
    let chinese = dianshu(path, &format!("explain group M_N18 {which}")).ok().stdout;
    for part in
        ["支付标准 (2022-12-01): 947.00 元", "倍率线 (0.4×): 378.80 元", "条款 M_N18 947 (Y36)"]
    {
        assert!(chinese.contains(part), "`{part}` is not in\n{chinese}");
    }
}

fn what_is_no_case_says_why(path: &Path, which: &str) {
    let exported = csv(&path.join("city/settlement.csv"));
    let of_year = |row: &&Row| row["setl_time"].starts_with("2024");
    let void = exported.iter().filter(of_year).find(|row| row["vali_flag"] == "0").unwrap();
    let found = explained(path, &format!("case {} {which} --lang en", void["setl_id"]));
    assert_eq!(found["subject"], "settlement");
    assert_eq!(found["sections"][0]["key"], "no_case");
    assert_eq!(found["result"]["value"], "void (vali_flag 0)");
    let away = exported.iter().filter(of_year).find(|row| row["pay_loc"] == "4").unwrap();
    let found = explained(path, &format!("case {} {which} --lang en", away["setl_id"]));
    assert_eq!(found["result"]["value"], "out of area");
    dianshu(path, &format!("explain case NOBODY {which}"))
        .refused(&["the warehouse has no settlement `NOBODY` in 2024", "hint:"]);
    dianshu(path, &format!("explain institution NOBODY {which}"))
        .refused(&["no pool of 2024 has the institution `NOBODY`", "hint:"]);
    dianshu(path, &format!("explain group M_N19 {which}"))
        .refused(&["the catalog has no group `M_N19`", "did you mean `M_N18`?"]);
}

// shows: Z17, Z19, Z24, R17
#[test]
fn every_case_of_zibo_ends_in_its_fen() {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), "zibo-dip", "--people 2500 --seed 3 --clean");
    assert!(everything_is_explained(home.path(), "zibo-dip", &[]) > 100);
}

// shows: P04, R37
#[test]
fn every_case_of_panzhihua_ends_in_its_fen() {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), "panzhihua-drg", "--people 1200 --seed 5");
    assert!(everything_is_explained(home.path(), "panzhihua-drg", &[]) > 100);
}

// shows: H03, H08, H09, A25, A26
#[test]
fn every_case_of_jinhua_ends_in_its_fen() {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), "jinhua-apg", "--people 300 --seed 5");
    assert!(everything_is_explained(home.path(), "jinhua-apg", &[]) > 300);
}
