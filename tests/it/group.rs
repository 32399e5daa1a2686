//! `dianshu group`: own tables, an external grouper's results, and one beside the other.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::tools::{Ran, csv, dianshu, json_lines, same_bytes};

/// Main diagnosis, other diagnoses, operations, fee, results of the external grouper, `hi_paymtd`; each
/// twice a year.
type Kind = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    i64,
    &'static [&'static str],
    &'static str,
);

const KINDS: [Kind; 7] = [
    // A stent in an infarction with respiratory failure: FP11 by both groupers.
    ("I21.001", &["J96.900"], &["36.0700"], 40_000, &["FP11"], "4"),
    // A gastritis: GM35 by our tables; the external grouper sees a complication.
    ("K29.500", &[], &[], 5_000, &["GM31"], "4"),
    // A stroke: in no MDC of our tables; the external grouper found no group either.
    ("I63.900", &[], &[], 8_000, &["000"], "4"),
    // A hip beside a gastritis: 歧义 for our tables, differing results outside (R26).
    ("K29.500", &[], &["81.5100"], 30_000, &["GM31", "IC29"], "4"),
    // Without diagnosis, without result.
    ("", &[], &[], 3_000, &[], "4"),
    // Psychiatry and a single disease are outside (P06).
    ("F20.000", &[], &[], 9_000, &["TR19"], "1"),
    ("I10.x00", &[], &[], 4_000, &["FM35"], "2"),
];

fn loaded() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let mut settlements = String::from(
        "setl_id,mdtrt_id,psn_no,fixmedins_code,insutype,med_type,begntime,endtime,setl_time,\
         medfee_sumamt,hifp_pay,gend,age,hi_paymtd\n",
    );
    let mut diagnoses = String::from("setl_id,psn_no,diag_code,diag_srt_no,maindiag_flag\n");
    let mut operations = String::from("setl_id,psn_no,oprn_oprt_code,oprn_oprt_type,oprn_srt_no\n");
    let mut results = String::from("setl_id,psn_no,scheme,group_code,grp_ver\n");
    for year in 2021..=2023 {
        for (kind, (main, others, codes, fee, groups, paid)) in KINDS.iter().enumerate() {
            for copy in 1..=2 {
                let (id, psn) = (format!("S{year}{kind}{copy}"), format!("P{kind}{copy}"));
                let day = format!("{year}-0{}-1{copy}", kind + 1);
                let insutype = if copy == 1 { "310" } else { "390" };
                writeln!(
                    settlements,
                    "{id},M{id},{psn},H{copy},{insutype},21,{day} 08:00:00,{day} 18:00:00,\
                     {day} 19:00:00,{fee}.00,{}.00,1,60,{paid}",
                    fee / 2
                )
                .unwrap();
                let all = std::iter::once(main).chain(*others).filter(|code| !code.is_empty());
                for (at, code) in all.enumerate() {
                    let main = u8::from(at == 0);
                    writeln!(diagnoses, "{id},{psn},{code},{},{main}", at + 1).unwrap();
                }
                for (at, code) in codes.iter().enumerate() {
                    writeln!(operations, "{id},{psn},{code},1,{}", at + 1).unwrap();
                }
                for group in *groups {
                    writeln!(results, "{id},{psn},drg,{group},ext").unwrap();
                }
            }
        }
    }
    for (name, text) in [
        ("settlement.csv", settlements),
        ("diagnosis.csv", diagnoses),
        ("procedure.csv", operations),
        ("group_result.csv", results),
    ] {
        fs::write(home.path().join(name), text).unwrap();
    }
    let files = "settlement.csv diagnosis.csv procedure.csv group_result.csv";
    dianshu(home.path(), &format!("ingest {files} --warehouse wh --quiet --key-file key")).ok();
    home
}

const OWN: &str = "panzhihua-drg:own-grouper";

/// Status, reason and cases of a run.
fn statuses(home: &Path, policy: &str, years: &str) -> Vec<String> {
    let words =
        format!("group run --policy {policy} --years {years} --warehouse wh --json --quiet");
    let ran: Ran = dianshu(home, &words).ok();
    json_lines(&ran.stdout)
        .iter()
        .filter(|row| row.get("reason").is_some())
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            format!("{} {} {} {}", text("status"), text("reason"), row["cases"], text("share"))
        })
        .collect()
}

fn moved(ran: &Ran) -> i64 {
    json_lines(&ran.stdout)[0]["moved"].as_i64().unwrap()
}

// shows: P02, P06, P07, P09, E18, R05, R13, R26
#[test]
fn every_case_has_a_status_with_its_reason_whoever_grouped_it() {
    let home = loaded();
    let path = home.path();
    // Seven kinds twice; psychiatry and the single disease are outside: ten cases.
    assert_eq!(
        statuses(path, OWN, "2023"),
        [
            "grouped grouped 4 0.4000",
            "ungrouped no_mdc 2 0.2000",
            "ambiguous unrelated_operation 2 0.2000",
            "invalid no_main_diagnosis 2 0.2000",
        ]
    );
    assert_eq!(
        statuses(path, "panzhihua-drg", "2023"),
        [
            "grouped grouped 4 0.4000",
            "ungrouped no_result 2 0.2000",
            "ambiguous differing_results 2 0.2000",
            "invalid not_a_group 2 0.2000",
        ]
    );
    let words = format!("group run --policy {OWN} --years 2023 --warehouse wh --json --quiet");
    let ran = dianshu(path, &words).ok();
    let axis = |axis: &str, value: &str| {
        let rows = json_lines(&ran.stdout);
        let row = rows.iter().find(|row| row["axis"] == axis && row["value"] == value);
        let row = row.unwrap_or_else(|| panic!("{axis} {value}")).clone();
        (row["cases"].as_i64().unwrap(), row["grouped"].as_i64().unwrap())
    };
    assert_eq!(axis("insutype", "310"), (5, 2));
    assert_eq!(axis("institution", "H2"), (5, 2));
    assert_eq!(axis("disease", "K29"), (4, 2));
    assert_eq!(axis("disease", "(none)"), (2, 0));
}

// shows: P02
#[test]
fn one_case_is_explained_by_the_rows_that_decided_it() {
    let home = loaded();
    let words = format!("group explain --policy {OWN} --years 2023 --warehouse wh --quiet");
    let told = dianshu(home.path(), &format!("{words} S202301")).ok().stdout;
    let told: Vec<String> =
        told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let line_of = |file: &str, begins: &str| {
        let text = fs::read_to_string(format!("catalogs/panzhihua-drg/{file}")).unwrap();
        text.lines().position(|line| line.starts_with(begins)).unwrap() + 1
    };
    for (file, begins, gives, zh) in [
        ("drg-mdc.csv", "main,MDCF,", "MDCF I21.001", "I21.001 归入 MDCF"),
        (
            "drg-adrg.csv",
            "MDCF,FP1,",
            "FP1 I21.001 + 36.0700",
            "大类内按 I21.001 + 36.0700 归入 FP1",
        ),
        ("drg-cc.csv", "prefix,J96,", "mcc J96.900", "J96.900 计为 mcc"),
        ("drg-groups.csv", "FP11,", "FP11 mcc", "严重程度 mcc 归入 FP11"),
    ] {
        let wanted = format!("{file} {} {gives}", line_of(file, begins));
        let found = told.iter().any(|line| line.contains(&wanted) && line.ends_with(zh));
        assert!(found, "{wanted} … {zh}\n{}", told.join("\n"));
    }
    dianshu(home.path(), &format!("{words} S202309")).refused(&["S202309", "did you mean"]);
}

// shows: P09, E18
#[test]
fn results_exported_and_loaded_again_group_alike_and_another_grouping_is_compared_in_money() {
    let home = loaded();
    let path = home.path();
    let years = "--years 2021,2022,2023 --warehouse wh --quiet";
    dianshu(path, &format!("group export --policy {OWN} {years} --out export")).ok();
    let records = csv(&path.join("export/record.csv"));
    assert_eq!(records.len(), 30, "ten cases a year");
    let stent = records.iter().find(|row| row["setl_id"] == "S202301").unwrap();
    assert_eq!([&stent["main_diagnosis"], &stent["other_diagnoses"]], ["I21.001", "J96.900"]);
    let results = csv(&path.join("export/group_result.csv"));
    let stent = results.iter().find(|row| row["setl_id"] == "S202301").unwrap();
    let told = ["group_code", "mdc_codg", "adrg_code", "ccmcc", "grp_rslt", "setl_ym"];
    let wanted = ["FP11", "MDCF", "FP1", "mcc", "grouped", "202301"];
    assert_eq!(told.map(|column| stent[column].as_str()), wanted);

    let again = "ingest export/group_result.csv --table group_result --warehouse wh --quiet";
    let loaded = dianshu(path, &format!("{again} --key-file key"));
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let scenario = "title = \"导回的结果\"\nbase = \"panzhihua-drg\"\n[set]\n\
                    \"grouping.scheme\" = { value = \"own\", reason = \"核对\", reading = \"R13\" }\n";
    fs::write(path.join("loaded.toml"), scenario).unwrap();
    let compared =
        |a: &str, b: &str| dianshu(path, &format!("group compare {a} {b} {years} --json")).ok();
    let same = compared(OWN, "panzhihua-drg:loaded.toml");
    assert_eq!(moved(&same), 0, "{}", same.stdout);

    // The gastritis moves from GM31 to GM35 and nothing else: six cases in three years, same means.
    let other = compared("panzhihua-drg", OWN);
    assert_eq!(moved(&other), 6, "{}", other.stdout);
    let rows = json_lines(&other.stdout);
    let cell = rows.iter().find(|row| row["group_a"] == "GM31").unwrap();
    assert_eq!((cell["group_b"].as_str(), cell["cases"].as_i64()), (Some("GM35"), Some(6)));
    assert_eq!(cell["yuan_change"].as_str(), Some("0.00"), "another name for the same cases");
}

// shows: P02
#[test]
fn official_tables_are_imported_or_refused_as_a_whole() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let adrg =
        "ADRG编码,ADRG名称,主要诊断编码,手术操作编码\nFR1,心梗,I21.000,\nFB1,搭桥,,36.1100\n";
    fs::write(path.join("adrg.csv"), adrg).unwrap();
    // As many exports are: GB18030 (心梗, 搭桥).
    let drg = [
        b"DRG\xb1\xe0\xc2\xeb,DRG\xc3\xfb\xb3\xc6\nFR19,\xd0\xc4\xb9\xa3\n".as_slice(),
        b"FB19,\xb4\xee\xc7\xc5\n",
    ]
    .concat();
    fs::write(path.join("drg.csv"), drg).unwrap();
    let ran = dianshu(path, "group import adrg.csv drg.csv --out tables --json").ok();
    let counts = json_lines(&ran.stdout);
    assert!(counts.iter().any(|row| row["what"] == "drg" && row["count"] == 2), "{}", ran.stdout);
    let groups = fs::read_to_string(path.join("tables/drg-groups.csv")).unwrap();
    assert!(groups.contains("FR19,心梗,FR1,any"), "{groups}");

    // An infarction under two MDCs: refused, and nothing stands in the folder.
    fs::write(path.join("two.csv"), format!("{adrg}GR1,别的,I21.000,\n")).unwrap();
    fs::write(path.join("drg2.csv"), "DRG编码,DRG名称\nFR19,甲\nFB19,乙\nGR19,丙\n").unwrap();
    dianshu(path, "group import two.csv drg2.csv --out other")
        .refused(&["`I21.000` is in `MDCG`", "`MDCF`"]);
    assert!(!path.join("other").exists());
    dianshu(path, "group import adrg.csv --out other").refused(&["none of the sheets has DRGs"]);
}

/// A workbook of text cells; a number stands where the text begins with `#`.
fn workbook(path: &Path, sheets: &[(&str, &[&[&str]])]) {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    for (name, rows) in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(*name).unwrap();
        for (row, cells) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(*cells).filter(|(_, cell)| !cell.is_empty()) {
                match cell.strip_prefix('#') {
                    Some(number) => sheet.write_number(row, column, number.parse::<f64>().unwrap()),
                    None => sheet.write_string(row, column, *cell),
                }
                .unwrap();
            }
        }
    }
    workbook.save(path).unwrap();
}

// shows: P02
#[test]
fn official_tables_come_as_a_workbook_too_and_a_code_that_is_no_text_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    // An empty row above, a running number nobody reads, merged cells, an empty sheet.
    let adrgs: &[&[&str]] = &[
        &[],
        &["序号", "ADRG编码", "ADRG名称", "主要诊断编码", "手术操作编码"],
        &["#1", "FR1", "心梗", "I21.000"],
        &["#2", "", "", "I21.100"],
        &["#3", "FB1", "搭桥", "", "36.1100"],
    ];
    let drgs: &[&[&str]] = &[&["DRG编码", "DRG名称"], &["FR19", "心梗"], &["FB19", "搭桥"]];
    let book = path.join("tables.XLSX");
    workbook(&book, &[("核心组", adrgs), ("细分组", drgs), ("说明", &[])]);
    dianshu(path, "group import tables.XLSX --out book").ok();
    // The same layouts as CSV give the same tables to the byte.
    let text = "序号,ADRG编码,ADRG名称,主要诊断编码,手术操作编码\n1,FR1,心梗,I21.000,\n\
                2,,,I21.100,\n3,FB1,搭桥,,36.1100\n";
    fs::write(path.join("adrg.csv"), text).unwrap();
    fs::write(path.join("drg.csv"), "DRG编码,DRG名称\nFR19,心梗\nFB19,搭桥\n").unwrap();
    dianshu(path, "group import adrg.csv drg.csv --out text").ok();
    same_bytes(&path.join("book"), &path.join("text"));
    let lists = fs::read_to_string(path.join("book/drg-diagnoses.csv")).unwrap();
    assert!(lists.contains("FR1 诊断,exact,I21.100"), "{lists}");

    // 36.1100 typed as a number is 36.11.
    let number: &[&[&str]] = &[adrgs[1], adrgs[2], &["#2", "FB1", "搭桥", "", "#36.1100"]];
    workbook(&path.join("bad.xlsx"), &[("细分组", drgs), ("核心组", number)]);
    dianshu(path, "group import bad.xlsx --out bad").refused(&[
        "`bad.xlsx`, sheet `核心组`, row 3, column E (`手术操作编码`): `36.11` is no text",
        "hint: a number has lost its zeros",
    ]);
    assert!(!path.join("bad").exists());
    fs::write(path.join("none.xlsx"), "DRG编码\n").unwrap();
    dianshu(path, "group import none.xlsx --out bad").refused(&["cannot be read as a workbook"]);
}
