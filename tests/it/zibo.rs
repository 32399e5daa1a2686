//! A DIP catalog from claims: learned, priced, shown, carded.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::tools::{csv, dianshu, json_lines, parquet};

fn loaded(path: &Path) {
    dianshu(path, "synth zibo-dip --years 2018..2021 --people 2500 --seed 3 --clean --out city")
        .ok();
    let mut files: Vec<String> =
        ["budget", "enrollee", "institution"].map(|name| format!("city/{name}.csv")).to_vec();
    files.extend(
        ["settlement", "fee_item", "diagnosis", "procedure"]
            .map(|name| format!("city/{name}.parquet")),
    );
    dianshu(path, &format!("ingest {} --warehouse wh --quiet", files.join(" "))).ok();
}

fn build(path: &Path, years: &str, scenario: &str, out: &str) {
    let scenario =
        if scenario.is_empty() { String::new() } else { format!(" --scenario {scenario}") };
    let words = format!(
        "catalog build --policy zibo-dip --years {years}{scenario} --out {out} --warehouse wh"
    );
    dianshu(path, &words).ok();
}

// shows: Z15, Z16, Z18, A34, E31
#[test]
fn a_dip_catalog_is_learned_shown_and_carded() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    loaded(path);
    // A small city has few of every disease: 5 cases a year make a core disease here.
    let small = "title = \"小城\"\nbase = \"zibo-dip\"\n[set]\n\
                 \"grouping.dip.threshold\" = { value = 5, reason = \"小城\", reading = \"A33\" }\n\
                 \"weights.minimum_cases\" = { value = 5, reason = \"小城\", reading = \"A51\" }\n";
    fs::write(path.join("small.toml"), small).unwrap();
    build(path, "2018,2019,2020", "small.toml", "cat");
    dianshu(path, "verify cat").ok();
    // RW = mean ÷ mean of the base disease × 1000: the base disease itself has 1000 points.
    let groups = csv(&path.join("cat/groups.csv"));
    let base = groups.iter().find(|row| row["group_code"] == "K80.1+51.2300").unwrap();
    assert_eq!((base["points"].as_str(), base["kind"].as_str()), ("1000.0000", "core"));
    let candidates = csv(&path.join("cat/base_candidates.csv"));
    let chosen: Vec<&str> = candidates
        .iter()
        .filter(|row| row["chosen"] == "yes")
        .map(|row| row["group_code"].as_str())
        .collect();
    assert_eq!(chosen, ["K80.1+51.2300"]);
    let counts: Vec<u64> = candidates.iter().map(|row| row["cases"].parse().unwrap()).collect();
    assert!(counts.is_sorted_by(|a, b| a >= b), "ranked by cases");
    // Every core disease has 15 cases in three years; those of coverage are those of the groups.
    let cases =
        |row: &std::collections::BTreeMap<String, String>| row["cases"].parse::<u64>().unwrap();
    for row in groups.iter().filter(|row| row["kind"] == "core") {
        assert!(cases(row) >= 15, "{row:?}");
    }
    // Settlements without a diagnosis have no group (R13), whatever their year and scope.
    let with_one: BTreeSet<String> = parquet(&path.join("city/diagnosis.parquet"))
        .into_iter()
        .map(|row| row["setl_id"].clone())
        .collect();
    let without = parquet(&path.join("city/settlement.parquet"))
        .iter()
        .filter(|row| !with_one.contains(&row["setl_id"]))
        .count();
    let coverage = csv(&path.join("cat/coverage.csv"));
    for row in &coverage {
        if row["kind"] == "ungrouped" {
            assert!((1..=without).contains(&usize::try_from(cases(row)).unwrap()), "{row:?}");
            continue;
        }
        let of_kind = groups.iter().filter(|group| group["kind"] == row["kind"]);
        assert_eq!(of_kind.map(cases).sum::<u64>(), cases(row), "{row:?}");
    }
    assert!(coverage.iter().any(|row| row["kind"] == "ungrouped"));
    assert_eq!(csv(&path.join("cat/directory.csv")).len(), groups.len());
    let card = "catalog show cat K35.9+47.0100 --warehouse wh --rounds 20 --json";
    let shown = json_lines(&dianshu(path, card).ok().stdout);
    assert!(shown.iter().any(|line| line["value"] == "K35.9+47.0100"), "{shown:?}");

    // A34: without 2020 the weights are 1:2 of 2018 and 2019, and the card finds the same years.
    build(path, "2018,2019,2020", "small.toml+exclude-2020", "two");
    let rows = csv(&path.join("two/groups.csv"));
    assert!(!rows[0].contains_key("cases_2020") && rows[0].contains_key("cases_2019"));
    dianshu(path, "catalog show two K35.9+47.0100 --warehouse wh --rounds 20").ok();

    // A group with too few cases leaves with its list: kept cases and dropped ones are all there are.
    build(path, "2018,2019,2020", "small.toml+drop-residual", "dropped");
    let dropped: u64 = csv(&path.join("dropped/dropped.csv")).iter().map(cases).sum();
    let kept: u64 = csv(&path.join("dropped/groups.csv")).iter().map(cases).sum();
    assert_eq!(kept + dropped, groups.iter().map(cases).sum::<u64>());
    assert!(dropped > 0);

    let residual = "catalog build --policy zibo-dip --scenario small.toml+residual.toml --years \
                    2018,2019,2020 --out none --warehouse wh";
    let base = "title = \"基准\"\nbase = \"zibo-dip\"\n[set]\n\"weights.base.group_code\" = { value = \
                \"K80_S\", reason = \"试\", reading = \"A05\" }\n";
    fs::write(path.join("residual.toml"), base).unwrap();
    dianshu(path, residual)
        .refused(&["a base disease is a core disease", "hint: the core disease"]);
    assert!(!path.join("none").exists());
}
