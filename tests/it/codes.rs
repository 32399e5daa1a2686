//! Local codes become national ones before anything is grouped, by the date in force (J11, E04).

use std::path::Path;

use super::tools::{dianshu, json_lines};

const SETTLEMENTS: &str = "\
setl_id,psn_no,fixmedins_code,insutype,med_type,dise_codg,setl_time,medfee_sumamt,hifp_pay
S1,P1,H1,310,14,HBLB101,2022-12-31 10:00:00,1000.00,800.00
S2,P1,H1,310,14,HBLB101,2023-01-01 10:00:00,1000.00,800.00
S3,P2,H2,310,14,M03900,2023-05-01 10:00:00,500.00,400.00
S4,P3,H2,310,14,LOST,2023-05-01 10:00:00,300.00,200.00
";

// The charge type says O; the national item is listed nowhere, so the charge type decides.
const LINES: &str = "\
setl_id,feedetl_sn,psn_no,fee_ocur_time,med_list_codg,med_chrgitm_type,det_item_fee_sumamt
S1,1,P1,2022-12-31 10:00:00,XA,09,1000.00
S2,1,P1,2023-01-01 10:00:00,XA,09,1000.00
S3,1,P2,2023-05-01 10:00:00,XB,05,500.00
S4,1,P3,2023-05-01 10:00:00,XB,05,300.00
";

const DIAGNOSES: &str = "\
setl_id,psn_no,diag_srt_no,diag_code
S1,P1,1,N18.900
S2,P1,1,4280
S3,P2,1,N18.001
";

const MAP: &str = "\
kind,local_code,code,from,to
disease,HBLB101,M01600,,2022-12-31
disease,HBLB101,M03900,2023-01-01,
drug,XA,XN04BAD002A001010107732,,
";

fn warehouse(home: &Path, map: &str) {
    for (name, text) in [
        ("settlement.csv", SETTLEMENTS),
        ("fee_item.csv", LINES),
        ("diagnosis.csv", DIAGNOSES),
        ("code_map.csv", map),
    ] {
        std::fs::write(home.join(name), text).unwrap();
    }
    let files = "settlement.csv fee_item.csv diagnosis.csv code_map.csv";
    dianshu(home, &format!("ingest {files} --warehouse wh --quiet")).ok();
}

const BUILD: &str = "catalog build --policy jining-apg --years 2022,2023 --warehouse wh --out cat";

// shows: J11, E04
#[test]
fn local_codes_are_grouped_as_the_national_ones_of_their_day() {
    let home = tempfile::tempdir().unwrap();
    warehouse(home.path(), MAP);
    dianshu(home.path(), &format!("{BUILD} --quiet")).ok();
    let shown = dianshu(home.path(), "catalog show cat --json").ok().stdout;
    let mut groups: Vec<(String, i64)> = json_lines(&shown)
        .iter()
        .map(|row| (row["group_code"].as_str().unwrap().to_owned(), row["cases"].as_i64().unwrap()))
        .collect();
    groups.sort();
    let manifest = std::fs::read_to_string(home.path().join("cat/catalog.toml")).unwrap();
    assert!(manifest.contains("code_map"), "the map is named among the sources: {manifest}");
    // S1 on the last day of the old meaning, S2 on the first of the new one, S3 national already.
    let expected = [("M_M01600", 1), ("M_M03900", 1), ("O_LOST", 1), ("O_M03900", 1)];
    assert_eq!(groups, expected.map(|(code, cases)| (code.to_owned(), cases)));
}

// shows: J11, E04
#[test]
fn coverage_says_what_is_mapped_and_where_codes_are_lost() {
    let home = tempfile::tempdir().unwrap();
    warehouse(home.path(), MAP);
    let shown = dianshu(home.path(), "check --warehouse wh --json --quiet").stdout;
    let rows = json_lines(&shown);
    let covered = |column: &str, status: &str| {
        let row = rows
            .iter()
            .find(|row| row["column"] == column && row["status"] == status)
            .unwrap_or_else(|| panic!("{column} {status}: {shown}"));
        (
            row["rows"].as_i64().unwrap(),
            row["cases"].as_i64().unwrap(),
            row["cost_yuan"].as_str().unwrap().to_owned(),
        )
    };
    let expect = |rows, cases, yuan: &str| (rows, cases, yuan.to_owned());
    assert_eq!(covered("dise_codg", "mapped"), expect(2, 2, "2000.00"));
    assert_eq!(covered("dise_codg", "national"), expect(1, 1, "500.00"));
    assert_eq!(covered("dise_codg", "unmapped"), expect(1, 1, "300.00"));
    assert_eq!(covered("med_list_codg", "mapped"), expect(2, 2, "2000.00"));
    assert_eq!(covered("med_list_codg", "unmapped"), expect(2, 2, "800.00"));
    let worst: Vec<_> = rows
        .iter()
        .filter(|row| row["unmapped_rows"].is_i64())
        .map(|row| [&row["column"], &row["fixmedins_code"], &row["unmapped_cost_yuan"]])
        .map(|cells| cells.map(|cell| cell.as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ["diag_code", "H1", "1000.00"],
        ["dise_codg", "H2", "300.00"],
        ["med_list_codg", "H2", "800.00"],
    ];
    assert_eq!(worst, expected.map(|cells| cells.map(str::to_owned)));
    let odd = |check: &str| {
        let words = format!("check --warehouse wh --rows {check} --json --quiet");
        let rows = json_lines(&dianshu(home.path(), &words).stdout);
        rows.iter().map(|row| row["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(odd("code_unmapped"), ["XB", "LOST"], "by settlement; diagnoses have no map");
    assert_eq!(odd("code_foreign"), ["4280"]);
}

// shows: J11, E04
#[test]
fn one_local_code_with_two_targets_at_once_is_refused_with_both_rows() {
    let home = tempfile::tempdir().unwrap();
    let twice = format!("{MAP}disease,HBLB101,M04600,2022-12-31,2022-12-31\n");
    warehouse(home.path(), &twice);
    for command in [BUILD, "check --warehouse wh"] {
        dianshu(home.path(), command).refused(&[
            "disease `HBLB101` → `M01600` from … to 2022-12-31",
            "disease `HBLB101` → `M04600` from 2022-12-31 to 2022-12-31",
            "hint: end the first on the day before the second begins",
        ]);
    }
    assert!(!home.path().join("cat").exists());
}
