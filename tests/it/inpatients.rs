//! Inpatient cities from export to catalog: truth recovered, bytes the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::pipeline::shuffle;
use super::tools::{contents, csv, dianshu, parquet, same_bytes};

/// Fen of a yuan text with two places.
fn fen(yuan: &str) -> i128 {
    yuan.replace('.', "").parse().expect("an amount with two places")
}

/// `sum ÷ n` yuan at four places, halves away from zero, in units of 0.0001 yuan.
fn mean_e4(sum_fen: i128, n: i128) -> i128 {
    (2 * sum_fen * 100 + n) / (2 * n)
}

fn units(mean: &str) -> i128 {
    mean.replace('.', "").parse().expect("a mean with four places")
}

/// Truth by group and year: cases and cost in fen.
type Truth = BTreeMap<(String, String), (i128, i128)>;

fn truth(home: &Path) -> Truth {
    csv(&home.join("export/truth.csv"))
        .into_iter()
        .map(|row| {
            let key = (row["group_code"].clone(), row["year"].clone());
            (key, (row["cases"].parse().unwrap(), fen(&row["cost_sum_yuan"])))
        })
        .collect()
}

/// Base disease of the DIP policy.
const BASE: &str = "K80.1+51.2300";
/// Control total of 2024, in yuan.
const CONTROL: &str = "12345678.90";
const YEARS: [&str; 3] = ["2021", "2022", "2023"];

fn city(home: &Path, system: &str, more: &str) {
    let words = format!("synth {system} --years 2021..2023 --people 1500 --seed 5 {more}");
    dianshu(home, &format!("{words} --out export")).ok();
    if system == "panzhihua-drg" {
        // The control total of the year after, for the expected standards (P04).
        let path = home.join("export/budget.csv");
        let budgets = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{budgets}2024,all,Y,budget,{CONTROL}\n")).unwrap();
    }
    dianshu(home, "ingest export --warehouse wh --quiet");
}

/// A catalog of three years; self-paying patients of the DIP city are in its means (E32).
fn build(home: &Path, system: &str) {
    let words = format!("catalog build --policy {system} --years 2021,2022,2023 --warehouse wh");
    let scenario = if system == "zibo-dip" {
        let text = "title = \"全口径\"\nbase = \"zibo-dip\"\n[set]\n\
                    \"scope.self_paying_insutype\" = { value = [\"0\"], reason = \"E32\", reading = \"A04\" }\n";
        std::fs::write(home.join("all.toml"), text).unwrap();
        "--scenario all.toml"
    } else {
        ""
    };
    dianshu(home, &format!("{words} {scenario} --out cat")).ok();
}

/// Cases and means of every group and year are the generator's sums, no group is missing and none is
/// more; the blended mean is 1:2:7 of the exact yearly means (A01–A03), and so is M (A04).
fn means_are_those_of_the_generator(system: &str, defects: &str) {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), system, defects);
    build(home.path(), system);
    let truth = truth(home.path());
    let groups = csv(&home.path().join("cat/groups.csv"));
    let known: BTreeSet<&str> =
        truth.keys().map(|(group, _)| group.as_str()).filter(|group| !group.is_empty()).collect();
    let built: BTreeSet<&str> = groups.iter().map(|group| group["group_code"].as_str()).collect();
    assert_eq!(built, known, "groups of {system}");
    for group in &groups {
        let code = &group["group_code"];
        // Σ weight × sum ÷ cases as one fraction: numerator and denominator.
        let (mut numerator, mut denominator, mut weights) = (0_i128, 1_i128, 0_i128);
        for (year, weight) in YEARS.into_iter().zip([1, 2, 7]) {
            let key = (code.clone(), year.to_owned());
            let (cases, sum) = truth.get(&key).copied().unwrap_or_default();
            assert_eq!(group[&format!("cases_{year}")], cases.to_string(), "cases of {key:?}");
            if cases > 0 {
                let mean = units(&group[&format!("mean_{year}")]);
                assert_eq!(mean, mean_e4(sum, cases), "mean of {key:?}");
                numerator = numerator * cases + weight * sum * denominator;
                denominator *= cases;
                weights += weight;
            }
        }
        if group["flags"].contains("small") {
            // A51 may give it the mean of a pool.
            continue;
        }
        assert_eq!(units(&group["mean"]), mean_e4(numerator, denominator * weights), "{code}");
    }
    let (mut numerator, mut denominator) = (0_i128, 1_i128);
    for (year, weight) in YEARS.into_iter().zip([1, 2, 7]) {
        // M is the mean of all cases (A04), or of the base disease where there is one (Z18).
        let counts = |group: &str| system != "zibo-dip" || group == BASE;
        let of_year = truth.iter().filter(|((group, known), _)| known == year && counts(group));
        let of_year = of_year.map(|(_, sums)| sums);
        let (cases, sum) = of_year.fold((0, 0), |all, sums| (all.0 + sums.0, all.1 + sums.1));
        numerator = numerator * cases + weight * sum * denominator;
        denominator *= cases;
    }
    let manifest = std::fs::read_to_string(home.path().join("cat/catalog.toml")).unwrap();
    let wanted = mean_e4(numerator, denominator * 10);
    let base = manifest.lines().find_map(|line| line.strip_prefix("base_mean = \"")).unwrap();
    assert_eq!(units(base.trim_end_matches('"')), wanted, "M of {system}");
    if system == "zibo-dip" {
        self_paying_patients_are_marked(home.path(), &truth);
    } else {
        standards_share_the_control_total(home.path(), &truth);
    }
    dianshu(home.path(), "catalog verify cat").ok();
}

/// Standard of a group = points × control total ÷ Σ points × cases of the newest year, to the fen, over
/// the cases of the truth (P04).
fn standards_share_the_control_total(home: &Path, truth: &Truth) {
    let newest = |code: &str| {
        let key = (code.to_owned(), "2023".to_owned());
        truth.get(&key).map_or(0, |(cases, _)| *cases)
    };
    let groups = csv(&home.join("cat/groups.csv"));
    let points: BTreeMap<&str, i128> =
        groups.iter().map(|row| (row["group_code"].as_str(), units(&row["points"]))).collect();
    let all: i128 = points.iter().map(|(code, points)| points * newest(code)).sum();
    let table = csv(&home.join("cat/expected_standard.csv"));
    assert_eq!(table.len(), groups.len());
    for row in &table {
        let code = row["group_code"].as_str();
        assert_eq!(row["expected_cases"], newest(code).to_string(), "{code}");
        let wanted = (2 * points[code] * fen(CONTROL) + all) / (2 * all);
        assert_eq!(fen(&row["standard_yuan"]), wanted, "{code}");
    }
}

/// Stays of people who pay themselves, and their fees in fen, by year: those of insurance type `0` that
/// are not paid by quota or day (Z14), settled in parts or not (R15).
fn self_paying_of_the_export(home: &Path) -> BTreeMap<String, (i128, i128)> {
    let mut stays: BTreeMap<String, (String, i128)> = BTreeMap::new();
    for row in parquet(&home.join("export/settlement.parquet")) {
        if row["insutype"] == "0" && !["2", "5", "7"].contains(&row["hi_paymtd"].as_str()) {
            let stay = stays.entry(row["mdtrt_id"].clone()).or_default();
            let year = row["setl_time"][..4].to_owned();
            *stay = (year.max(stay.0.clone()), stay.1 + fen(&row["medfee_sumamt"]));
        }
    }
    let mut years: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for (year, fee) in stays.into_values() {
        let sum = years.entry(year).or_default();
        *sum = (sum.0 + 1, sum.1 + fee);
    }
    years
}

/// The flow counts the stays of people who pay themselves, the table shows them by group beside the
/// insured, and both together are the truth of the group (E32).
fn self_paying_patients_are_marked(home: &Path, truth: &Truth) {
    let wanted = self_paying_of_the_export(home);
    assert_eq!(wanted.keys().map(String::as_str).collect::<Vec<_>>(), YEARS);
    let marked: BTreeMap<String, (i128, i128)> = csv(&home.join("cat/flow.csv"))
        .into_iter()
        .filter(|row| row["step"] == "self_paying")
        .map(|row| (row["year"].clone(), (row["rows"].parse().unwrap(), fen(&row["amount_yuan"]))))
        .collect();
    assert_eq!(marked, wanted);
    let (mut cases, mut money_e4) = (0, 0);
    for row in csv(&home.join("cat/self_paying.csv")) {
        let number = |column: &str| row[column].parse::<i128>().unwrap();
        let money = |cases: i128, column: &str| match cases {
            0 => 0,
            _ => cases * units(&row[column]),
        };
        let (all, own) = (number("cases"), number("self_paying_cases"));
        let (n, sum) = truth
            .iter()
            .filter(|((group, _), _)| *group == row["group_code"])
            .fold((0, 0), |all, (_, one)| (all.0 + one.0, all.1 + one.1));
        assert_eq!(all, n, "{row:?}");
        let paid = money(own, "self_paying_mean_yuan");
        let out = (paid + money(all - own, "insured_mean_yuan") - sum * 100).abs();
        // Each mean is rounded to 0.0001 yuan: half of that a case.
        assert!(2 * out <= all, "{row:?}: {sum}");
        (cases, money_e4) = (cases + own, money_e4 + paid);
    }
    let (n, fees) = wanted.values().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    assert!(n > 10, "{n} stays");
    assert_eq!(cases, n);
    assert!(2 * (money_e4 - fees * 100).abs() <= n, "{money_e4} is not {fees}");
}

// shows: Z16, Z18, A02, A33, A54, E32, R01, R02, R15, R32, W-1, W-2, W-3
#[test]
fn the_directory_of_a_clean_dip_city_is_that_of_the_generator() {
    means_are_those_of_the_generator("zibo-dip", "--clean");
}

// shows: P04, P09, A02, A04, R13, R15, R26
#[test]
fn means_of_an_external_groupers_results_are_the_generators_sums() {
    means_are_those_of_the_generator("panzhihua-drg", "--clean");
}

// shows: E01, A48, A54, R05, R15, R26
#[test]
fn refunds_copies_and_stays_in_parts_leave_the_generators_sums() {
    means_are_those_of_the_generator("panzhihua-drg", "");
}

// shows: Z16, A33, E15
#[test]
fn core_residual_and_grass_roots_groups_are_those_of_the_generator() {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), "zibo-dip", "--clean");
    build(home.path(), "zibo-dip");
    let kinds = |path: &str| -> BTreeMap<String, String> {
        let rows = csv(&home.path().join(path)).into_iter();
        rows.map(|row| (row["group_code"].clone(), row["kind"].clone())).collect()
    };
    let wanted = kinds("export/truth_directory.csv");
    assert_eq!(kinds("cat/groups.csv"), wanted);
    let count = |kind: &str| wanted.values().filter(|known| *known == kind).count();
    assert_eq!(count("grass_roots"), 1);
    assert!(count("core") >= 15 && count("residual") >= 10, "{wanted:?}");
    assert_eq!(wanted["C54_S"], "residual");
    assert_eq!(wanted["I63.9+39.7400x001"], "core");
    assert!(!wanted.contains_key("I61.0+01.2400x003"));
}

fn bytes_do_not_depend_on_how(system: &str) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let synth = format!("synth {system} --years 2021..2023 --people 1500 --seed 3");
    dianshu(path, &format!("{synth} --out whole")).ok();
    dianshu(path, &format!("{synth} --parts 7 --out split")).ok();
    for file in ["settlement", "fee_item", "diagnosis", "procedure", "group_result"] {
        let file = format!("{file}.parquet");
        if path.join("whole").join(&file).is_file() {
            shuffle(&path.join("whole").join(&file), &path.join("shuffled").join(&file));
        }
    }
    for file in ["institution.csv", "budget.csv"] {
        std::fs::copy(path.join("whole").join(file), path.join("shuffled").join(file)).unwrap();
    }
    dianshu(path, "ingest whole --warehouse wh1 --quiet --threads 1");
    dianshu(path, "ingest split --warehouse wh7 --quiet --threads 4");
    dianshu(path, "ingest shuffled --warehouse whs --quiet");
    for (warehouse, threads) in [("wh1", 1), ("wh1", 4), ("wh7", 2), ("whs", 4)] {
        let words = format!("--policy {system} --years 2021,2022,2023 --memory 256MiB");
        let how = format!("--warehouse {warehouse} --threads {threads}");
        dianshu(path, &format!("catalog build {words} {how} --out {warehouse}-{threads}")).ok();
    }
    assert!(contents(&path.join("wh1-1")).len() > 5);
    for other in ["wh1-4", "wh7-2", "whs-4"] {
        same_bytes(&path.join("wh1-1"), &path.join(other));
    }
}

// shows: E22
#[test]
fn threads_splits_row_order_and_memory_change_no_byte_of_a_dip_catalog() {
    bytes_do_not_depend_on_how("zibo-dip");
}

// shows: E22
#[test]
fn threads_splits_row_order_and_memory_change_no_byte_of_a_drg_catalog() {
    bytes_do_not_depend_on_how("panzhihua-drg");
}
