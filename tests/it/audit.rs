//! `dianshu audit` as its users meet it.

use super::tools::{dianshu, json_lines, only_run, parquet};

// shows: E35
#[test]
fn the_audit_of_a_published_policy_is_readable_and_ends_well() {
    let home = tempfile::tempdir().unwrap();
    let ran = dianshu(home.path(), "audit --policy yantai-apg --lang en").ok();
    for part in [
        "warning  non_additive  OM_N18  1304.00",
        "2666.00 ≠ O_N18 + M_N18 = 1362.00",
        "warning  cliff  deviation.band[low].up_to",
        "0 errors, ",
    ] {
        assert!(ran.stdout.contains(part), "no `{part}` in\n{}", ran.stdout);
    }
    let rows = json_lines(&dianshu(home.path(), "audit --policy yantai-apg --json").ok().stdout);
    let bundle = rows.iter().find(|row| row["where"] == "OM_N18").unwrap();
    assert_eq!(bundle["amount_yuan"], "1304.00");
    assert_eq!(bundle["severity"], "warning");
    assert!(bundle["message_zh"].as_str().unwrap().contains("2666.00"));
    // 2.3: the cliff of M_N18 at ratio 0.85; at another ratio another one.
    let cliffs = |more: &str| {
        let words = format!("audit --policy yantai-apg --table cliff --json {more}");
        let rows = json_lines(&dianshu(home.path(), &words).ok().stdout);
        let of = rows.into_iter().filter(|row| row["group_code"] == "M_N18");
        let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
        of.map(|row| (text(&row, "pay_below_yuan"), text(&row, "pay_above_yuan")))
            .collect::<Vec<_>>()
    };
    let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    assert_eq!(cliffs(""), [pair("321.98", "804.95"), pair("804.95", "1609.91")]);
    // 947 × 0.5 = 473.50; 378.80 × 0.5 = 189.40, 1894.01 × 0.5 = 947.005.
    assert_eq!(cliffs("--ratio 0.5")[1], pair("473.50", "947.01"));
    dianshu(home.path(), "audit --policy yantai-apg --ratio 0").refused(&["no decimal above 0"]);
}

// shows: E35, Y34
#[test]
fn a_scenario_is_audited_beside_the_baseline_and_an_error_ends_with_one() {
    let home = tempfile::tempdir().unwrap();
    let ran = dianshu(home.path(), "audit --policy yantai-apg --scenario cap-off --lang en").ok();
    let (baseline, other) = ran.stdout.split_once("\ncap-off\n").unwrap();
    assert!(!baseline.contains("clause_without_parameter"));
    assert!(other.contains("clause_without_parameter  Y34"), "{other}");
    // A group that grouping gives and no standard prices.
    let text = std::fs::read_to_string("catalogs/yantai-apg/policy.toml").unwrap();
    let broken = text.replace("dise_codg = [\"N18\"]", "dise_codg = [\"N18\", \"N19\"]");
    let broken = broken.replace("disease_required = false", "disease_required = true");
    std::fs::create_dir(home.path().join("own")).unwrap();
    std::fs::write(home.path().join("own/policy.toml"), broken).unwrap();
    let ran = dianshu(home.path(), "audit --policy own --lang en");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("error  group_without_standard  OMA_N19"), "{}", ran.stdout);
}

// shows: E35, Y22
#[test]
fn the_cases_beside_a_line_are_those_of_the_case_table() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    dianshu(path, "synth yantai-apg --people 400 --seed 7 --out export").ok();
    dianshu(path, "ingest export --warehouse wh --quiet").ok();
    dianshu(path, "catalog build --policy yantai-apg --years 2022,2023 --out cat --warehouse wh")
        .ok();
    let more = "--policy yantai-apg --catalog cat --year 2024 --warehouse wh --quiet";
    let table = dianshu(path, &format!("audit {more} --table line --json")).ok().stdout;
    let all = json_lines(&table);
    let low = "deviation.band[low].up_to";
    let row = all.iter().find(|row| row["line"] == low && row["fixmedins_code"] == "").unwrap();
    // A second way: the fees of the run's case table against 0.4 × the printed standards (2.1).
    dianshu(path, &format!("backtest {more} --cases --out runs")).ok();
    let run = only_run(&path.join("runs"));
    let standards = [
        ("OMA_N18", 3344),
        ("MA_N18", 1333),
        ("OM_N18", 2666),
        ("OA_N18", 1422),
        ("M_N18", 947),
        ("A_N18", 291),
        ("O_N18", 415),
        ("QY_N18", 291),
    ];
    let mut bins = [0i64; 4];
    for case in parquet(&run.join("tables/case.parquet")) {
        // Late, unusable and free cases are not tested.
        if !["low", "normal", "high"].contains(&case["class"].as_str()) {
            continue;
        }
        let (_, price) = standards.iter().find(|(code, _)| *code == case["group_code"]).unwrap();
        let fee: i64 = case["cost_yuan"].replace('.', "").parse().unwrap();
        let line = 40 * price; // fen
        let ends = [90, 95, 100, 105, 110].map(|percent| line * percent / 100);
        if let Some(bin) = ends.windows(2).position(|pair| fee > pair[0] && fee <= pair[1]) {
            bins[bin] += 1;
        }
    }
    assert!(bins.iter().all(|count| *count > 0), "{bins:?}");
    let found = ["outer_below", "below", "above", "outer_above"];
    assert_eq!(found.map(|name| row[name].as_i64().unwrap()), bins);
}
