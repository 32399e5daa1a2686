//! Real public claims (CMS DE-SynPUF inpatient), from the export to the report.
//!
//! The data are not part of the project: without them the test says so and passes.

use std::collections::BTreeMap;
use std::path::Path;

use super::tools::{Ran, csv, dianshu, dianshu_words, json_lines, only_run, shared};

fn sql(home: &Path, statement: &str) -> Vec<serde_json::Value> {
    let ran: Ran = dianshu_words(home, &["sql", statement, "--warehouse", "wh", "--json"]).ok();
    json_lines(&ran.stdout)
}

// shows: E18, P09
#[test]
fn real_claims_go_from_export_to_report_with_exact_totals() {
    let Some(export) = shared("data/synpuf-inpatient/inpatient.csv.gz") else {
        println!("skipped: no public claims beside the project (shared/data/synpuf-inpatient)");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real");
    let mapping = real.join("synpuf.toml");
    let policy = real.join("synpuf-drg");
    let words = format!("ingest {} --mapping {}", export.display(), mapping.display());
    let loaded = dianshu(path, &format!("{words} --warehouse wh --quiet"));
    assert!(loaded.code <= 1, "{}", loaded.stderr);

    totals_match(path);
    let name = policy.display().to_string();
    catalog_counts_every_case(path, &name);
    results_have_statuses_and_are_compared(path, &name, &export);
    backtest_and_report(path, &name);
}

/// Cases of 2008 and 2009 whose DRG is none, counted over the raw export.
fn without_drg(export: &Path) -> i64 {
    let file = flate2::read::GzDecoder::new(std::fs::File::open(export).unwrap());
    let mut reader = ::csv::Reader::from_reader(file);
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|known| known == name).unwrap();
    let (segment, day, drg) = (at("SEGMENT"), at("NCH_BENE_DSCHRG_DT"), at("CLM_DRG_CD"));
    let none = |row: &::csv::StringRecord| {
        let year = row[day].get(..4).unwrap_or_default();
        &row[segment] == "1"
            && ["2008", "2009"].contains(&year)
            && ["000", "OTH", ""].contains(&&row[drg])
    };
    i64::try_from(reader.records().filter(|row| none(row.as_ref().unwrap())).count()).unwrap()
}

fn results_have_statuses_and_are_compared(path: &Path, name: &str, export: &Path) {
    let years = "--years 2008,2009 --warehouse wh --json --quiet";
    let ran = dianshu(path, &format!("group run --policy {name} {years}")).ok();
    let rows = json_lines(&ran.stdout);
    let cases = |reason: &str| {
        let row = rows.iter().find(|row| row["reason"] == reason);
        row.map_or(0, |row| row["cases"].as_i64().unwrap())
    };
    assert_eq!(cases("not_a_group") + cases("no_result"), without_drg(export));
    assert_eq!(cases("grouped") + without_drg(export), 13_992 + 13_149);
    // DRG beside DIP-like groups: every case once, and the fund's money on both sides to the cent.
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/synpuf-dip");
    let words = format!("group compare {name} {} {years}", other.display());
    let ran = dianshu(path, &words).ok();
    let rows = json_lines(&ran.stdout);
    assert_eq!(rows[0]["cases"], 13_992 + 13_149);
    assert_eq!(rows[0]["money_yuan"], "256156240.00", "128 447 880 + 127 708 360");
    let cents = |value: &serde_json::Value| value.as_str().unwrap().replace('.', "").parse::<i64>();
    for side in ["yuan_a", "yuan_b"] {
        let cells = rows.iter().filter(|row| row.get("group_a").is_some());
        assert_eq!(cells.map(|row| cents(&row[side]).unwrap()).sum::<i64>(), 25_615_624_000);
    }
    let changes: Vec<i64> = rows
        .iter()
        .filter(|row| row.get("group_a").is_some())
        .map(|row| cents(&row["yuan_change"]).unwrap().abs())
        .collect();
    assert!(changes.is_sorted_by(|a, b| a >= b), "what moved most money stands first");
}

fn totals_match(path: &Path) {
    // Control totals of the data's own README: cases, total fee and fund payment by discharge year.
    let totals = sql(
        path,
        "select extract(year from setl_time) as year, count(*) as cases, \
         sum(medfee_sumamt) as fee, sum(hifp_pay) as fund from settlement group by 1 order by 1",
    );
    let shown: Vec<[String; 4]> = totals
        .iter()
        .map(|row| {
            ["year", "cases", "fee", "fund"].map(|key| row[key].to_string().replace('"', ""))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ["2008", "13992", "148760210.00", "128447880.00"],
            ["2009", "13149", "147990800.00", "127708360.00"],
            ["2010", "7320", "83117570.00", "71103860.00"],
        ]
    );
    let filtered = sql(
        path,
        "select count(*) as rows from finding where check_id = 'row_filtered' \
         and \"table\" = 'settlement'",
    );
    assert_eq!(filtered[0]["rows"], 33, "second segments are reported");
}

fn catalog_counts_every_case(path: &Path, name: &str) {
    dianshu(
        path,
        &format!("catalog build --policy {name} --years 2008,2009 --out cat --warehouse wh"),
    )
    .ok();
    let counts: BTreeMap<String, i64> = csv(&path.join("cat/flow.csv"))
        .into_iter()
        .filter(|row| row["step"] == "cases")
        .map(|row| (row["year"].clone(), row["rows"].parse().unwrap()))
        .collect();
    assert_eq!(counts, BTreeMap::from([("2008".into(), 13_992), ("2009".into(), 13_149)]));
    // Codes that are no DRG have no result: their cases stay, ungrouped, and the catalog says so.
    let no_drg = sql(
        path,
        "select count(*) as rows from group_result where group_code is null or group_code = ''",
    );
    let missing = no_drg[0]["rows"].as_i64().unwrap();
    let groups = csv(&path.join("cat/groups.csv"));
    let grouped: i64 = groups.iter().map(|group| group["cases"].parse::<i64>().unwrap()).sum();
    assert!(missing > 0, "some codes are no DRG");
    assert!(grouped < 13_992 + 13_149, "ungrouped cases are in no group");
    assert!(
        groups.iter().all(|group| group["group_code"] != "OTH" && group["group_code"] != "000")
    );
}

fn backtest_and_report(path: &Path, name: &str) {
    let words = format!("backtest --policy {name} --catalog cat --year 2010 --warehouse wh --json");
    let shown = dianshu(path, &format!("{words} share-95 cap-10 share-95+cap-10")).ok().stdout;
    let lines = json_lines(&shown);
    assert_eq!(lines.len(), 4);
    for line in &lines {
        assert_eq!(line["cases"], 7_320);
        assert_eq!(line["booked_yuan"], "71103860.00");
    }
    assert_eq!(lines[0]["paid_yuan"], "75000000.00");
    // T = A + 0.95 × (F − A) = 71 103 860 + 0.95 × 3 896 140 = 74 805 193.00
    assert_eq!(lines[1]["paid_yuan"], "74805193.00");
    let run = only_run(&path.join("runs"));
    dianshu(path, &format!("verify {}", run.display())).ok();
    dianshu(path, &format!("report --run {} --lang en", run.display())).ok();
    assert!(run.join("report/report.html").is_file());
    assert!(run.join("report/report.xlsx").is_file());
}
