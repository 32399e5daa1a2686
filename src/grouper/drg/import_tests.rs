//! Small publications of the usual layouts, imported, read by the policy's own reader and used.

use super::Grouper;
use super::import::{ImportError, Imported, Sheet, import};
use crate::grouper::record::Record;
use crate::policy::drg::parse;

fn sheet(name: &str, text: &str) -> Sheet {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let columns = lines.next().unwrap();
    let rows = lines.enumerate().map(|(at, cells)| (at as u64 + 2, cells)).collect();
    Sheet { name: name.to_owned(), columns, rows }
}

/// Merged cells leave the ADRG empty on all but its first row.
const ADRG: &str = "ADRG编码,ADRG名称,主要诊断编码,手术操作编码
XR1,心梗,I21.000,
,,I21.100,
XR2,其他,I50.900,
XB1,搭桥,,36.1100
XA1,重复,,36.9900
YZ9,别的,,
1R2,错,I20.000,";
const DRG: &str = "DRG编码,DRG名称
XR11,心梗，伴严重
XR15,心梗，不伴严重
XR29,其他
XB11,搭桥，伴
XB15,搭桥，不伴
XC19,没有编码
XR17,短住院死亡";
const CC: &str = "诊断编码,CC/MCC,排除表
J96.000,MCC,
I48.000,CC,1
N18.000,重度,";
const EXCLUSION: &str = "排除表,诊断编码
1,I50.900
,I21.100
2,I99.000";

fn imported() -> Imported {
    let sheets = [
        sheet("adrg.csv", ADRG),
        sheet("drg.csv", &DRG.replace('，', "；")),
        sheet("cc.csv", CC),
        sheet("ex.csv", EXCLUSION),
    ];
    import(&sheets, &[]).unwrap()
}

fn drg(imported: &Imported, main: &str, others: &[&str], operation: &str) -> Option<String> {
    let tables = parse(&imported.tables).unwrap_or_else(|wrong| panic!("{wrong}"));
    let record = Record {
        main_diagnosis: main.to_owned(),
        other_diagnoses: others.iter().map(|code| (*code).to_owned()).collect(),
        main_operation: operation.to_owned(),
        ..Record::default()
    };
    let grouper = Grouper::new(&tables);
    grouper.code(&grouper.decide(&record)).map(str::to_owned)
}

// shows: P02, P09
#[test]
fn published_tables_become_tables_that_group() {
    let imported = imported();
    let drg = |main, others: &[&str], operation| drg(&imported, main, others, operation);
    assert_eq!(drg("I21.000", &["J96.000"], "").as_deref(), Some("XR11"));
    // No row for CC: `不伴严重` takes it in.
    assert_eq!(drg("I21.000", &["I48.000"], "").as_deref(), Some("XR15"));
    assert_eq!(drg("I21.000", &[], "").as_deref(), Some("XR15"));
    assert_eq!(drg("I50.900", &["J96.000"], "").as_deref(), Some("XR29"));
    // `不伴` alone does not take CC in: the row with complications does, unless excluded.
    assert_eq!(drg("I21.000", &["I48.000"], "36.1100").as_deref(), Some("XB11"));
    assert_eq!(drg("I21.100", &["I48.000"], "36.1100").as_deref(), Some("XB15"));
}

// shows: P02
#[test]
fn what_cannot_be_used_is_a_finding_with_its_line() {
    let told: Vec<String> = imported()
        .findings
        .iter()
        .map(|found| {
            format!("{} {}:{} {}", found.severity.as_str(), found.file, found.line, found.value)
        })
        .collect();
    let wanted = [
        "error adrg.csv:8 1R2",
        "warning drg.csv:8 XR17",
        "error cc.csv:4 重度",
        "warning :0 XC19",
        "warning :0 XA1",
        "warning :0 YZ9",
        "info :0 XB11",
        "info :0 XR15",
        "info :0 MDCX",
    ];
    assert_eq!(told, wanted);
}

// shows: P02
#[test]
fn a_sheet_of_unknown_columns_is_refused_and_columns_can_be_named() {
    let odd = sheet("odd.csv", "甲,乙\nXR1,I21.000");
    let wrong = import(std::slice::from_ref(&odd), &[]).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "`odd.csv` has columns 甲, 乙; none of the known tables has these"
    );
    let named = |theirs: &str, ours: &str| (theirs.to_owned(), ours.to_owned());
    let columns = [named("甲", "adrg"), named("乙", "diagnosis")];
    let wrong = import(std::slice::from_ref(&odd), &columns).unwrap_err();
    assert!(matches!(wrong, ImportError::Missing { what: "DRGs (drg)" }), "{wrong}");
    let imported = import(&[odd, sheet("drg.csv", "DRG编码\nXR19")], &columns).unwrap();
    assert_eq!(drg(&imported, "I21.000", &[], "").as_deref(), Some("XR19"));
}
