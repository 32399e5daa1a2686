//! A history small enough to count by hand: which rules group it, what finds no class, and which month
//! lacks cases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::outpatients::copy;
use super::tools::{Ran, csv, dianshu, json_lines};

/// Disease, charge type of its only line, fee in yuan.
const KINDS: [(&str, &str, i64); 4] = [
    ("M01600", "09", 300), // drugs
    ("M01600", "03", 100), // exams
    ("M01600", "01", 50),  // a bed: no class
    ("", "09", 70),        // no disease: no group
];

/// Each kind on the tenth of every month of 2022 to 2024. In March 2023 it is an ordinary visit
/// (`med_type` 11) unless `is_whole`.
fn two_years(home: &Path, is_whole: bool) {
    let mut settlements = String::from(
        "setl_id,psn_no,fixmedins_code,insutype,med_type,dise_codg,setl_time,medfee_sumamt,hifp_pay\n",
    );
    let mut lines = String::from(
        "setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,det_item_fee_sumamt\n",
    );
    for year in 2022..=2024 {
        for month in 1..=12 {
            for (kind, (disease, charge, fee)) in KINDS.iter().enumerate() {
                let (id, psn) = (format!("S{year}{month:02}{kind}"), format!("P{kind}"));
                let time = format!("{year}-{month:02}-10 10:00:00");
                let med_type = if !is_whole && (year, month) == (2023, 3) { "11" } else { "14" };
                writeln!(
                    settlements,
                    "{id},{psn},H1,310,{med_type},{disease},{time},{fee}.00,{fee}.00"
                )
                .unwrap();
                writeln!(lines, "{id},1,{psn},{time},{charge},{fee}.00").unwrap();
            }
        }
    }
    load(home, &settlements, &lines, &[]);
}

fn load(home: &Path, settlements: &str, lines: &str, more: &[&str]) {
    fs::write(home.join("settlement.csv"), settlements).unwrap();
    fs::write(home.join("fee_item.csv"), lines).unwrap();
    let files = [&["settlement.csv", "fee_item.csv"], more].concat().join(" ");
    dianshu(home, &format!("ingest {files} --warehouse wh --quiet")).ok();
}

fn build(home: &Path, policy: &str, years: &str, out: &str) -> Ran {
    let words = format!("catalog build --policy {policy} --years {years} --out {out}");
    dianshu(home, &format!("{words} --warehouse wh")).ok()
}

/// Cases and mean by group.
fn groups(home: &Path, catalog: &str) -> BTreeMap<String, (String, String)> {
    csv(&home.join(catalog).join("groups.csv"))
        .into_iter()
        .map(|row| (row["group_code"].clone(), (row["cases"].clone(), row["mean"].clone())))
        .collect()
}

fn wanted(groups: &[(&str, &str, &str)]) -> BTreeMap<String, (String, String)> {
    let own = |(code, cases, mean): &(&str, &str, &str)| {
        ((*code).to_owned(), ((*cases).to_owned(), (*mean).to_owned()))
    };
    groups.iter().map(own).collect()
}

/// Status, reason, cases and share of `group run`.
fn statuses(home: &Path, policy: &str, years: &str) -> Vec<String> {
    let words = format!("group run --policy {policy} --years {years} --warehouse wh --json");
    json_lines(&dianshu(home, &words).ok().stdout)
        .iter()
        .filter(|row| row.get("reason").is_some())
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            format!("{} {} {} {}", text("status"), text("reason"), row["cases"], text("share"))
        })
        .collect()
}

// The letters of a group are those of the policy's own charge types: when exams count as drugs there,
// they join the drug group. Each catalog keeps the text and the digests of the rules it was made by,
// and under other rules it settles nothing.
// shows: J06, A14, R13
#[test]
fn local_grouping_rules_are_a_policy_of_their_own_kept_with_the_catalog() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    two_years(path, true);
    copy(path, "jining-apg", "first", &[]);
    let edit = [
        ("M = [\"09\", \"10\", \"11\"]", "M = [\"09\", \"10\", \"11\", \"03\"]"),
        ("A = [\"03\", \"04\"]", "A = [\"04\"]"),
        ("valid_from = 2023-11-06", "valid_from = 2024-11-06"),
    ];
    copy(path, "jining-apg", "second", &edit);
    let digest = |name: &str| {
        build(path, &format!("{name}/policy.toml"), "2022,2023", &format!("cat-{name}"));
        let text = fs::read_to_string(path.join(format!("cat-{name}/policy.toml"))).unwrap();
        assert_eq!(text, fs::read_to_string(path.join(format!("{name}/policy.toml"))).unwrap());
        dianshu(path, &format!("catalog verify cat-{name}")).ok();
        fs::read_to_string(path.join(format!("cat-{name}/catalog.toml"))).unwrap()
    };
    let (first, second) = (digest("first"), digest("second"));
    // 24 months of 300 and of 100 yuan; together 48 of (300 + 100) ÷ 2 = 200.
    let bed = ("QY_M01600", "24", "50.0000");
    let apart = [("A_M01600", "24", "100.0000"), ("M_M01600", "24", "300.0000"), bed];
    assert_eq!(groups(path, "cat-first"), wanted(&apart));
    assert_eq!(groups(path, "cat-second"), wanted(&[("M_M01600", "48", "200.0000"), bed]));
    assert!(first.contains("2023-11-06") && second.contains("2024-11-06"));
    let of_policy = |text: &str| -> String {
        text.split("policy.toml").nth(1).unwrap().lines().take(3).collect()
    };
    assert_ne!(of_policy(&first), of_policy(&second));
    let other = "backtest --policy second/policy.toml --catalog cat-first --year 2024";
    dianshu(path, &format!("{other} --warehouse wh")).refused(&["`grouping`"]);
    // A quarter has no disease, so no group (R13).
    assert_eq!(
        statuses(path, "first/policy.toml", "2022,2023"),
        ["grouped grouped 72 0.7500", "ungrouped no_group 24 0.2500"]
    );
}

// A year is whole if every month has cases in scope: visits of another kind do not make March 2023 one.
// shows: J07
#[test]
fn a_year_without_cases_in_a_month_is_told() {
    let home = tempfile::tempdir().unwrap();
    two_years(home.path(), true);
    let said = build(home.path(), "jining-apg", "2022,2023", "cat").stderr;
    assert!(!said.contains("no complete year"), "{said}");
    let home = tempfile::tempdir().unwrap();
    two_years(home.path(), false);
    let said = build(home.path(), "jining-apg", "2022,2023", "cat").stderr;
    let march = "2023 is no complete year: no case was settled in month 3 (J07)";
    assert!(said.contains(march) && !said.contains("2022 is no complete year"), "{said}");
}

// Three visits led by surgery (600 of 650 yuan, drugs below a tenth), two of beds only, one without
// lines and one without disease. Beds and lines that are missing are QY_N18, at (2 · 200 + 350) ÷ 3 =
// 250 yuan; where a disease is required and none named, the visit without is left out with its reason.
// shows: Y14, A14, A41
#[test]
fn what_finds_no_class_is_the_fallback_and_what_has_no_group_has_a_reason() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let mut settlements = String::from(
        "setl_id,psn_no,fixmedins_code,insutype,med_type,dise_codg,begntime,setl_time,\
         medfee_sumamt,hifp_pay\n",
    );
    let mut lines = String::from(
        "setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,det_item_fee_sumamt\n",
    );
    let surgery: &[(&str, i64)] = &[("05", 600), ("09", 50)];
    let bed: &[(&str, i64)] = &[("01", 200)];
    let visits = [
        ("N18", surgery),
        ("N18", surgery),
        ("N18", surgery),
        ("N18", bed),
        ("N18", bed),
        ("N18", &[]),
        ("", surgery),
    ];
    for (at, (disease, items)) in visits.into_iter().enumerate() {
        let day = format!("2023-05-{:02}", at + 1);
        let (from, to) = (format!("{day} 08:00:00"), format!("{day} 10:00:00"));
        let fee = items.iter().map(|item| item.1).sum::<i64>();
        let fee = if items.is_empty() { 350 } else { fee };
        writeln!(settlements, "S{at},P{at},H1,310,14,{disease},{from},{to},{fee}.00,{fee}.00")
            .unwrap();
        for (sn, (charge, yuan)) in items.iter().enumerate() {
            writeln!(lines, "S{at},{sn},P{at},{from},{charge},{yuan}.00").unwrap();
        }
    }
    fs::write(
        path.join("institution.csv"),
        "fixmedins_code,fixmedins_name,hosp_lv,start_date\nH1,甲院,2,2022-12-01\n",
    )
    .unwrap();
    load(path, &settlements, &lines, &["institution.csv"]);
    build(path, "yantai-apg", "2023", "cat");
    let found = groups(path, "cat");
    assert_eq!(found.len(), 8, "{found:?}");
    let of = |code: &str| (found[code].0.as_str(), found[code].1.as_str());
    assert_eq!(of("QY_N18"), ("3", "250.0000"));
    assert_eq!(of("O_N18"), ("3", "650.0000"));
    assert_eq!(statuses(path, "yantai-apg", "2023"), ["grouped grouped 6 1.0000"]);
    let edit =
        [("dise_codg = [\"N18\"]\n", ""), ("disease_required = false", "disease_required = true")];
    copy(path, "yantai-apg", "any", &edit);
    // 6 ÷ 7 and 1 ÷ 7.
    assert_eq!(
        statuses(path, "any/policy.toml", "2023"),
        ["grouped grouped 6 0.8571", "ungrouped no_group 1 0.1429"]
    );
}
