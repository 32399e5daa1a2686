//! A cleared year against its official sheet, and the causes of a change, through the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::tools::{csv, dianshu, json_lines, synth};

/// A city whose last year is to be cleared, and its catalog.
fn city(home: &Path, system: &str, people: u32) {
    dianshu(home, &format!("synth {system} --people {people} --seed 5 --clean --out export")).ok();
    dianshu(home, "ingest export --warehouse wh --quiet").ok();
    let words = format!("catalog build --policy {system} --years 2022,2023 --out cat");
    dianshu(home, &format!("{words} --warehouse wh --quiet")).ok();
}

/// One difference: cause, pool, institution, key → amount, effect on others, moved, in yuan.
type Differences = BTreeMap<[String; 4], [String; 3]>;

fn by_name(rows: impl Iterator<Item = BTreeMap<String, String>>) -> Differences {
    let list = |row: &BTreeMap<String, String>, names: &[&str]| -> Vec<String> {
        names.iter().map(|name| row[*name].clone()).collect()
    };
    let pairs = rows.map(|row| {
        let key = list(&row, &["cause", "pool", "fixmedins_code", "key"]).try_into().unwrap();
        let values = list(&row, &["amount_yuan", "others_yuan", "moved_yuan"]).try_into().unwrap();
        (key, values)
    });
    pairs.collect()
}

fn texts(line: &serde_json::Value) -> BTreeMap<String, String> {
    let fields = line.as_object().unwrap().iter();
    fields
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        })
        .collect()
}

fn fen(yuan: &str) -> i64 {
    yuan.replace('.', "").parse().unwrap()
}

fn twelve_are_named(system: &str, people: u32, reading: &str) {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), system, people);
    planted_are_named(home.path(), (system, "2024"), reading);
}

fn planted_are_named(path: &Path, (system, year): (&str, &str), reading: &str) {
    let words = format!("replay --policy {system} --catalog cat --year {year} --warehouse wh");
    let words = format!("{words} --quiet");
    let no_sheet = dianshu(path, &words);
    assert_eq!(no_sheet.code, 2, "{}", no_sheet.stdout);
    let message = format!("`cleared` has no rows of {year}");
    assert!(no_sheet.stderr.contains(&message), "{}", no_sheet.stderr);
    dianshu(path, &format!("{words} --scenario {reading} --make-sheet sheet")).ok();
    let key = by_name(csv(&path.join("sheet/answer_key.csv")).into_iter());
    assert_eq!(key.len(), 12, "{key:?}");
    dianshu(path, "ingest sheet/cleared.csv sheet/cleared_case.csv --warehouse wh --quiet").ok();
    let done = dianshu(path, &format!("{words} --institutions --json")).ok();
    let lines = json_lines(&done.stdout);
    // The unexplained share stands first, and nothing is in it.
    let first = texts(&lines[0]);
    assert_eq!(first["cause"], "unexplained");
    assert_eq!((first["differences"].as_str(), first["moved_yuan"].as_str()), ("0", "0.00"));
    assert_eq!(first["share_of_paid"], "0.000000");
    let found = lines.iter().filter(|line| line.get("others_yuan").is_some());
    assert_eq!(by_name(found.map(texts)), key);
    // The causes of every institution sum to what the sheet says more than the settlement.
    let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for row in lines.iter().filter(|line| line.get("sheet_yuan").is_some()).map(texts) {
        let gap = fen(&row["sheet_yuan"]) - fen(&row["own_yuan"]);
        let key = (row["pool"].clone(), row["fixmedins_code"].clone());
        let sum = sums.entry(key).or_insert((gap, 0));
        sum.1 += fen(&row["amount_yuan"]);
    }
    assert!(sums.len() > 5 && sums.values().all(|(gap, sum)| gap == sum), "{sums:?}");
}

// shows: Y01, A46
#[test]
fn twelve_planted_differences_are_named_where_points_are_paid() {
    twelve_are_named("jining-apg", 600, "share-95");
}

// shows: Y01
#[test]
fn twelve_planted_differences_are_named_where_standards_are_paid() {
    twelve_are_named("yantai-apg", 900, "high-line-3");
}

// shows: Y01, P01
#[test]
fn twelve_planted_differences_are_named_where_groups_come_from_outside() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    synth(path, "panzhihua-drg", "--people 1500 --years 2021..2024 --seed 5 --clean", "export");
    dianshu(path, "ingest export --warehouse wh --quiet").ok();
    let words = "catalog build --policy panzhihua-drg --years 2021,2022,2023 --out cat";
    dianshu(path, &format!("{words} --warehouse wh --quiet")).ok();
    planted_are_named(path, ("panzhihua-drg", "2024"), "high-cap");
}

/// Every institution is paid in as many pools as it has patients signed elsewhere.
// shows: Y01, H06, H07, R08
#[test]
fn twelve_planted_differences_are_named_where_the_money_is_divided_by_heads() {
    twelve_are_named("jinhua-apg", 1500, "elsewhere-pool");
}

// shows: Y01, E21
#[test]
fn twelve_planted_differences_are_named_where_the_money_follows_from_a_waterfall() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    synth(path, "zibo-dip", "--years 2018..2021 --people 1500 --seed 3 --clean", "export");
    dianshu(path, "ingest export --warehouse wh --quiet").ok();
    // A small city has few of every disease.
    let small = "title = \"小城\"\nbase = \"zibo-dip\"\n[set]\n\
                 \"grouping.dip.threshold\" = { value = 5, reason = \"小城\", reading = \"A33\" }\n\
                 \"weights.minimum_cases\" = { value = 5, reason = \"小城\", reading = \"A51\" }\n";
    fs::write(path.join("small.toml"), small).unwrap();
    let words = "catalog build --policy zibo-dip --years 2018,2019,2020 --scenario small.toml";
    dianshu(path, &format!("{words} --out cat --warehouse wh --quiet")).ok();
    planted_are_named(path, ("zibo-dip", "2021"), "abnormal-dip3");
    // Bonuses of institutions change coefficients, so what a point is worth, and what sharing then does.
    let words = "attribute --policy zibo-dip --catalog cat --year 2021 --to-scenario bonus-example";
    let done = dianshu(path, &format!("{words} --warehouse wh --quiet --json")).ok();
    let mut moved: BTreeMap<String, i64> = BTreeMap::new();
    for line in json_lines(&done.stdout).iter().map(texts).filter(|line| line.contains_key("cause"))
    {
        *moved.entry(line["cause"].clone()).or_default() += fen(&line["amount_yuan"]).abs();
    }
    assert!(moved["coefficients"] > 0 && moved["point_value"] > 0, "{moved:?}");
    for cause in ["volume", "case_mix", "group_definition", "weights", "band_rules"] {
        assert_eq!(moved[cause], 0, "{moved:?}");
    }
}

// shows: Y01
#[test]
fn a_sheet_that_does_not_add_up_is_refused_with_its_rows() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "jining-apg", 120);
    let sheet = "year,fixmedins_code,item,amount\n2024,H1,entitlement,100\n\
                 2024,H1,deduction,3\n2024,H1,paid,98\n";
    fs::write(path.join("cleared.csv"), sheet).unwrap();
    dianshu(path, "ingest cleared.csv --warehouse wh --quiet").ok();
    let words = "replay --policy jining-apg --catalog cat --year 2024 --warehouse wh --quiet";
    let refused = dianshu(path, words);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("`H1` in `all`: 100.00 + 0.00 − 3.00 ≠ paid 98.00"),
        "{}",
        refused.stderr
    );
}

// shows: E21
#[test]
fn a_change_of_pay_is_attributed_to_its_causes_to_the_fen() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "jining-apg", 300);
    let words = "attribute --policy jining-apg --catalog cat --year 2024 --warehouse wh --quiet";
    // Another share changes nothing but sharing.
    let done = dianshu(path, &format!("{words} --to-scenario share-95 --json")).ok();
    let lines: Vec<_> = json_lines(&done.stdout).iter().map(texts).collect();
    let mut moved = 0;
    for line in lines.iter().filter(|line| line.contains_key("cause")) {
        let amount = fen(&line["amount_yuan"]);
        assert!(amount == 0 || line["cause"] == "sharing_and_caps", "{line:?}");
        moved += amount.abs();
    }
    assert!(moved > 0);
    let chinese = dianshu(path, &format!("{words} --to-scenario share-95 --lang zh")).ok();
    assert!(chinese.stdout.contains("分担、封顶与考核"), "{}", chinese.stdout);
    let unknown = dianshu(path, &format!("{words} --to-scenario share-95 --institution H1"));
    assert_eq!(unknown.code, 2);
}

// shows: E21
#[test]
fn two_years_under_two_catalogs_differ_by_volume_mix_weights_and_value() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let synth = "synth jining-apg --years 2021..2024 --people 200 --seed 5 --clean --out export";
    dianshu(path, synth).ok();
    dianshu(path, "ingest export --warehouse wh --quiet").ok();
    for (years, out) in [("2021,2022", "old"), ("2022,2023", "new")] {
        let words = format!("catalog build --policy jining-apg --years {years} --out {out}");
        dianshu(path, &format!("{words} --warehouse wh --quiet")).ok();
    }
    let words = "attribute --policy jining-apg --catalog old --year 2023 --to-catalog new \
                 --to-year 2024 --warehouse wh --quiet --json";
    let done = dianshu(path, words).ok();
    let lines: Vec<_> = json_lines(&done.stdout).iter().map(texts).collect();
    let mut parts: BTreeMap<String, i64> = BTreeMap::new();
    let mut by_cause: BTreeMap<String, i64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.contains_key("cause")) {
        let amount = fen(&line["amount_yuan"]);
        *parts.entry(line["fixmedins_code"].clone()).or_default() += amount;
        *by_cause.entry(line["cause"].clone()).or_default() += amount.abs();
    }
    let changes = lines.iter().filter(|line| line.contains_key("change_yuan"));
    let mut institutions = 0;
    for line in changes {
        let views = ["structure_yuan", "price_yuan", "management_yuan"];
        let views: i64 = views.iter().map(|view| fen(&line[*view])).sum();
        let change = fen(&line["change_yuan"]);
        assert_eq!((parts[&line["fixmedins_code"]], views), (change, change));
        assert_eq!(fen(&line["paid_yuan"]) - fen(&line["paid_before_yuan"]), change);
        institutions += 1;
    }
    assert!(institutions > 10);
    for cause in ["volume", "case_mix", "weights", "point_value"] {
        assert!(by_cause[cause] > 0, "{by_cause:?}");
    }
    // The policy is one: groups, coefficients, lines and sharing are no causes.
    for cause in ["group_definition", "coefficients", "band_rules", "sharing_and_caps"] {
        assert_eq!(by_cause[cause], 0, "{by_cause:?}");
    }
}
