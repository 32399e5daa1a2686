//! A synthetic city from export to report: truth recovered, defects found, bytes the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::tools::{contents, csv, dianshu, json_lines, only_run, same_bytes};

const PEOPLE: u32 = 300;

fn city(home: &Path, system: &str, more: &str) {
    dianshu(home, &format!("synth {system} --people {PEOPLE} --seed 7 --out export {more}")).ok();
    dianshu(home, "ingest export --warehouse wh --quiet").ok();
}

fn catalog(home: &Path, system: &str, more: &str) {
    let words =
        format!("catalog build --policy {system} --years 2022,2023 --out cat --warehouse wh");
    dianshu(home, &format!("{words} {more}")).ok();
}

/// Fen of a yuan text with two places.
fn fen(yuan: &str) -> i128 {
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, "00"));
    format!("{whole}{part:0<2}").parse().expect("an amount")
}

/// `sum ÷ n` yuan at four places, halves away from zero, in units of 0.0001 yuan.
fn mean_e4(sum_fen: i128, n: i128) -> i128 {
    let doubled = 2 * sum_fen * 100;
    (doubled + n) / (2 * n)
}

fn truth_is_recovered(system: &str) {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), system, "--clean");
    catalog(home.path(), system, "");
    let truth: BTreeMap<(String, String), (i128, i128)> =
        csv(&home.path().join("export/truth.csv"))
            .into_iter()
            .map(|row| {
                let key = (row["group_code"].clone(), row["year"].clone());
                (key, (row["cases"].parse().unwrap(), fen(&row["cost_sum_yuan"])))
            })
            .collect();
    let groups = csv(&home.path().join("cat/groups.csv"));
    let mut compared = 0;
    for group in &groups {
        for year in ["2022", "2023"] {
            let cases: i128 = group[&format!("cases_{year}")].parse().unwrap();
            let key = (group["group_code"].clone(), year.to_owned());
            let (true_cases, true_sum) = truth.get(&key).copied().unwrap_or_default();
            assert_eq!(cases, true_cases, "cases of {key:?}");
            if cases > 0 {
                let mean = group[&format!("mean_{year}")].replace('.', "").parse::<i128>().unwrap();
                assert_eq!(mean, mean_e4(true_sum, true_cases), "mean of {key:?}");
                compared += 1;
            }
        }
    }
    let known = truth.keys().filter(|(_, year)| year != "2024").count();
    assert_eq!(compared, known, "every group and year of the truth is in the catalog");
    assert!(compared > 10, "only {compared} means compared");
}

// shows: H12
#[test]
fn the_means_of_a_clean_city_are_the_generators_sums() {
    truth_is_recovered("jining-apg");
}

// shows: Y08, A09, A10, A12
#[test]
fn merged_cycles_give_the_generators_sums_too() {
    truth_is_recovered("yantai-apg");
}

/// Every planted defect is found, and nothing else.
fn answer_key_is_found(system: &str, format: &str) {
    let home = tempfile::tempdir().unwrap();
    let words =
        format!("synth {system} --people {PEOPLE} --seed 11 --out export --format {format}");
    dianshu(home.path(), &words).ok();
    // Unreadable values are findings of the load: exit code 1 says so.
    let loaded = dianshu(home.path(), "ingest export --warehouse wh --quiet");
    assert!(loaded.code == 0 || loaded.code == 1, "{}", loaded.stderr);
    let key: BTreeSet<(String, String)> = csv(&home.path().join("export/answer_key.csv"))
        .into_iter()
        .map(|row| (row["check_id"].clone(), row["key"].clone()))
        .collect();
    let kinds: BTreeSet<&String> = key.iter().map(|(check, _)| check).collect();
    assert!(kinds.len() > 15, "{kinds:?}");
    dianshu(home.path(), &format!("check --warehouse wh --policy {system} --out checked"));
    let statement = "select severity, key from finding";
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    let rows =
        dianshu::warehouse::parquet::read_table(&home.path().join("checked/finding.parquet"));
    let rows = rows.unwrap();
    for row in 0..rows.rows() {
        found.insert((rows.cell("check_id", row).unwrap(), rows.cell("key", row).unwrap()));
    }
    let loads = super::tools::dianshu_words(
        home.path(),
        &["sql", statement, "--warehouse", "wh", "--json"],
    );
    for line in json_lines(&loads.ok().stdout) {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        // The load names the exact fault of a value; the key only that it cannot be read.
        if text("severity") == "error" {
            found.insert(("value_unreadable".to_owned(), text("key")));
        }
    }
    let missed: Vec<_> = key.difference(&found).collect();
    let invented: Vec<_> = found.difference(&key).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
    assert!(invented.is_empty(), "invented: {invented:?}");
}

#[test]
fn every_planted_defect_is_found_and_none_invented() {
    answer_key_is_found("jining-apg", "parquet");
}

#[test]
fn defects_in_a_gb18030_export_are_found_too() {
    answer_key_is_found("yantai-apg", "csv-gb18030");
}

// shows: E22
#[test]
fn threads_splits_and_row_order_change_no_byte() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let synth = |parts: u32| format!("synth jining-apg --people {PEOPLE} --seed 3 --parts {parts}");
    dianshu(path, &format!("{} --out whole", synth(1))).ok();
    dianshu(path, &format!("{} --out split", synth(7))).ok();
    for file in ["settlement.parquet", "fee_item.parquet", "diagnosis.parquet"] {
        shuffle(&path.join("whole").join(file), &path.join("shuffled").join(file));
    }
    for file in ["institution.csv", "budget.csv"] {
        std::fs::copy(path.join("whole").join(file), path.join("shuffled").join(file)).unwrap();
    }
    dianshu(path, "ingest whole --warehouse wh1 --quiet --threads 1");
    dianshu(path, "ingest split --warehouse wh7 --quiet --threads 4");
    dianshu(path, "ingest shuffled --warehouse whs --quiet");
    let scenarios = "share-95 cap-10 share-95+cap-10";
    for (warehouse, threads) in [("wh1", 1), ("wh1", 4), ("wh7", 2), ("whs", 4)] {
        let name = format!("{warehouse}-{threads}");
        let common = format!("--policy jining-apg --warehouse {warehouse} --threads {threads}");
        dianshu(path, &format!("catalog build {common} --years 2022,2023 --out cat-{name}")).ok();
        let words = format!("backtest {common} --catalog cat-{name} --year 2024 --out run-{name}");
        dianshu(path, &format!("{words} --cases {scenarios}")).ok();
    }
    let first = only_run(&path.join("run-wh1-1"));
    assert!(contents(&first).len() > 10);
    for other in ["wh1-4", "wh7-2", "whs-4"] {
        same_bytes(&path.join("cat-wh1-1"), &path.join(format!("cat-{other}")));
        same_bytes(&first, &only_run(&path.join(format!("run-{other}"))));
    }
}

/// The same rows in another order: the even ones backwards, then the odd ones.
pub(super) fn shuffle(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let mut table = dianshu::warehouse::parquet::read_table(from).unwrap();
    let even = (0..table.rows()).step_by(2).rev();
    let rows: Vec<usize> = even.chain((1..table.rows()).step_by(2)).collect();
    for (_, column) in &mut table.columns {
        *column = column.take(&rows);
    }
    dianshu::warehouse::parquet::write_table(&table, to).unwrap();
}

#[test]
fn a_run_and_a_catalog_verify_offline_and_notice_a_changed_byte() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "yantai-apg", "");
    catalog(path, "yantai-apg", "");
    let words = "backtest --policy yantai-apg --catalog cat --year 2024 --warehouse wh";
    dianshu(path, words).ok();
    let run = only_run(&path.join("runs"));
    let verify = format!("verify {}", run.display());
    let shown = dianshu(path, &verify).ok().stdout;
    assert!(shown.contains("paid + fund balance = budget"), "{shown}");
    dianshu(path, "catalog verify cat").ok();
    let manifest = run.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replacen("\"year\": 2024", "\"year\": 2023", 1)).unwrap();
    dianshu(path, &verify).refused(&["was changed", "manifest.json"]);
    std::fs::write(&manifest, text).unwrap();
    let pool = run.join("tables/pool.parquet");
    let mut bytes = std::fs::read(&pool).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&pool, bytes).unwrap();
    dianshu(path, &verify).refused(&["was changed", "pool.parquet"]);
}

#[test]
fn an_empty_scenario_is_the_baseline() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "jining-apg", "");
    catalog(path, "jining-apg", "");
    let empty = "title = \"空\"\nbase = \"jining-apg\"\n";
    std::fs::write(path.join("empty.toml"), empty).unwrap();
    let words = "backtest --policy jining-apg --catalog cat --year 2024 --warehouse wh --json";
    let shown = dianshu(path, &format!("{words} empty.toml")).ok().stdout;
    let mut lines = json_lines(&shown);
    assert_eq!(lines.len(), 2);
    for line in &mut lines {
        line["scenario"] = serde_json::Value::Null;
    }
    assert_eq!(lines[0], lines[1]);
}

/// Points fit only cases found and grouped as they were for the catalog.
#[test]
fn a_catalog_of_other_rules_is_refused_and_one_of_a_scenario_is_replayed_under_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "jining-apg", "");
    catalog(path, "jining-apg", "");
    let words = "backtest --policy jining-apg --year 2024 --warehouse wh --json --catalog";
    dianshu(path, &format!("{words} cat case-visit")).refused(&["case-visit", "`case`"]);
    let build = "catalog build --policy jining-apg --years 2022,2023 --warehouse wh --out other";
    dianshu(path, &format!("{build} --scenario blend-pooled")).ok();
    let pooled = json_lines(&dianshu(path, &format!("{words} other")).ok().stdout);
    let published = json_lines(&dianshu(path, &format!("{words} cat")).ok().stdout);
    assert_eq!(pooled[0]["booked_yuan"], published[0]["booked_yuan"]);
    assert_ne!(pooled[0]["point_value"], published[0]["point_value"]);
}
