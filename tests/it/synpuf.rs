//! Real public claims (CMS DE-SynPUF inpatient), from the export to the report.
//!
//! The data are not part of the project: without them the test says so and passes.

use std::collections::BTreeMap;
use std::path::Path;

use super::claims::{Claim, claims};
use super::tools::{Ran, csv, dianshu, dianshu_words, json_lines, only_run, shared};

fn sql(home: &Path, statement: &str) -> Vec<serde_json::Value> {
    let ran: Ran = dianshu_words(home, &["sql", statement, "--warehouse", "wh", "--json"]).ok();
    json_lines(&ran.stdout)
}

// shows: P07, E06, R40
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
    let claims = claims(&export);
    coverage_is_counted(path, &name, &claims);
    cvs_are_plain_arithmetic(path, &claims);
    backtest_and_report(path, &name);
}

/// 入组率: cases in a DRG ÷ all, as counted over the raw export.
fn coverage_is_counted(path: &Path, name: &str, claims: &[Claim]) {
    let words =
        format!("group run --policy {name} --years 2008,2009 --warehouse wh --json --quiet");
    let ran = dianshu(path, &words).ok();
    let rows = json_lines(&ran.stdout);
    let of_reason = |reason: &str| rows.iter().find(|row| row["reason"] == reason);
    let cases = |reason| of_reason(reason).map_or(0, |row| row["cases"].as_u64().unwrap());
    let all = u64::try_from(claims.len()).unwrap();
    let with = u64::try_from(claims.iter().filter(|claim| claim.has_drg()).count()).unwrap();
    assert_eq!(all, 13_992 + 13_149);
    assert_eq!(cases("grouped"), with);
    assert_eq!(cases("not_a_group") + cases("no_result"), all - with);
    // Half up at four places, as whole numbers: (2·10⁴·cases + all) ÷ 2·all.
    let share = (20_000 * with + all) / (2 * all);
    let shown = of_reason("grouped").unwrap()["share"].as_str().unwrap().to_owned();
    println!("DRG coverage: {with} of {all} cases, {shown}");
    assert_eq!(shown, format!("0.{share:04}"));
}

/// CV = population SD ÷ mean of both years' cases (9.2): of every group by plain arithmetic over the
/// raw export, and so its spread.
fn cvs_are_plain_arithmetic(path: &Path, claims: &[Claim]) {
    let mut costs: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for claim in claims.iter().filter(|claim| claim.has_drg()) {
        // Whole yuan and cents far below 2⁵³: exact.
        let cost = i32::try_from(claim.cost_fen).unwrap();
        costs.entry(&claim.drg).or_default().push(f64::from(cost));
    }
    let plain = |costs: &[f64]| {
        let n = f64::from(u32::try_from(costs.len()).unwrap());
        let mean = costs.iter().sum::<f64>() / n;
        let squares: f64 = costs.iter().map(|cost| (cost - mean) * (cost - mean)).sum();
        (n >= 2.0 && mean > 0.0).then(|| (squares / n).sqrt() / mean)
    };
    let groups = csv(&path.join("cat/groups.csv"));
    assert_eq!(groups.len(), costs.len());
    let mut spread = Vec::new();
    for group in &groups {
        let wanted = plain(&costs[group["group_code"].as_str()]);
        let shown: Option<f64> = group["cv"].parse().ok();
        assert_eq!(shown.is_some(), wanted.is_some(), "{group:?}");
        if let (Some(shown), Some(wanted)) = (shown, wanted) {
            assert!((shown - wanted).abs() < 0.000_000_6, "{group:?}: {wanted}");
            spread.push((shown, wanted));
        }
    }
    let wide = |above: f64| spread.iter().filter(|(_, wanted)| *wanted > above).count().to_string();
    let fit = &csv(&path.join("cat/fit.csv"))[0];
    assert_eq!([&fit["cv_above_0_7"], &fit["cv_above_1"]], [&wide(0.7), &wide(1.0)]);
    spread.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |part: usize| spread[(spread.len() - 1) * part / 4].0;
    println!("CV of {} DRGs by quarters: {:?}", spread.len(), [0, 1, 2, 3, 4].map(at));
    assert!(at(0) < at(2) && at(2) < at(4), "the groups spread differently");
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
