//! Each kind of bad input: one message a newcomer can act on, exit code 2, nothing changed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::tools::{contents, dianshu, dianshu_words, json_lines, same_bytes};

const HEADER: &str =
    "setl_id,psn_no,fixmedins_code,insutype,med_type,dise_codg,setl_time,medfee_sumamt,hifp_pay";

fn row(id: u32, fee: &str) -> String {
    format!("S{id},P{id},H1,310,14,M01600,2023-01-05 10:00:00,{fee},50.00")
}

fn write(home: &Path, name: &str, text: &str) {
    fs::write(home.join(name), text).unwrap();
}

fn good(home: &Path) {
    write(home, "settlement.csv", &format!("{HEADER}\n{}\n", row(1, "100.00")));
    dianshu(home, "ingest settlement.csv --warehouse wh --quiet").ok();
}

/// A load that is refused leaves the warehouse byte for byte as it was.
#[track_caller]
fn refused_load(name: &str, text: &[u8], parts: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    good(home.path());
    let before = contents(&home.path().join("wh"));
    fs::write(home.path().join(name), text).unwrap();
    dianshu(home.path(), &format!("ingest {name} --warehouse wh")).refused(parts);
    assert_eq!(before, contents(&home.path().join("wh")), "the warehouse did not change");
}

#[test]
fn a_missing_column_is_named_with_those_there() {
    let text = "setl_id,psn_no,fixmedins_code,insutype,med_type,setl_time,hifp_pay\n\
                S2,P1,H1,310,14,2023-01-05 10:00:00,50.00\n";
    refused_load(
        "settlement-2.csv",
        text.as_bytes(),
        &["medfee_sumamt", "settlement-2.csv", "hint"],
    );
}

#[test]
fn a_column_of_the_wrong_type_is_named_with_a_value() {
    let text = format!("{HEADER}\n{}\n{}\n", row(2, "many"), row(3, "few"));
    refused_load("settlement-2.csv", text.as_bytes(), &["medfee_sumamt", "many", "line 2"]);
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_refused() {
    let text = format!("{HEADER}\n{}\n", row(2, "100.00"));
    refused_load("settlement-2.parquet", text.as_bytes(), &["settlement-2.parquet", "Parquet"]);
}

#[test]
fn an_empty_file_is_refused() {
    refused_load("settlement-2.csv", b"", &["settlement-2.csv", "empty"]);
}

#[test]
fn a_quote_that_is_never_closed_is_refused_with_its_line() {
    let broken = row(3, "100.00").replace("M01600", "\"M01600");
    let text = format!("{HEADER}\n{}\n{broken}\n{}\n", row(2, "1.00"), row(4, "1.00"));
    refused_load("settlement-2.csv", text.as_bytes(), &["settlement-2.csv", "line 3", "quote"]);
}

#[test]
fn half_a_parquet_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    dianshu(home.path(), "synth jining-apg --people 20 --out export").ok();
    let whole = fs::read(home.path().join("export/settlement.parquet")).unwrap();
    refused_load("settlement-2.parquet", &whole[..whole.len() / 2], &["settlement-2.parquet"]);
}

#[test]
fn bytes_in_no_known_encoding_are_refused() {
    let mut text = format!("{HEADER}\n{}\n", row(2, "100.00")).into_bytes();
    text.extend_from_slice(b"S3,P\xff\xff,H1,310,14,M01600,2023-01-05 10:00:00,1.00,1.00\n");
    refused_load("settlement-2.csv", &text, &["settlement-2.csv", "GB18030"]);
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let home = tempfile::tempdir().unwrap();
    dianshu(home.path(), "ingest nowhere.csv --warehouse wh").refused(&["nowhere.csv"]);
    assert!(!home.path().join("wh").exists(), "no warehouse is made for nothing");
}

/// A catalog for the commands that need one.
fn city(home: &Path) {
    dianshu(home, "synth jining-apg --people 40 --out export").ok();
    let loaded = dianshu(home, "ingest export --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    dianshu(home, "catalog build --policy jining-apg --years 2022,2023 --out cat --warehouse wh")
        .ok();
}

#[test]
fn wrong_policies_and_scenarios_are_refused_with_file_and_line() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogs/jining-apg/policy.toml");
    let shipped = fs::read_to_string(shipped).unwrap();
    let build = |text: &str| {
        fs::create_dir_all(path.join("mine")).unwrap();
        write(path, "mine/policy.toml", text);
        dianshu(path, "catalog build --policy mine --years 2022,2023 --out cat --warehouse wh")
    };
    let changed = |from: &str, to: &str| {
        assert!(shipped.contains(from), "{from}");
        shipped.replacen(from, to, 1)
    };
    build(&changed("unit = \"settlement\"", "unti = \"settlement\"")).refused(&[
        "policy.toml",
        "line",
        "unti",
        "unit",
    ]);
    build(&changed("clause = \"按照各医疗机构实际点数付费 (J05)\"\nmethod", "method"))
        .refused(&["payment", "clause", "reading"]);
    build(&changed("\"0.10\"         #", "\"0,10\"         #")).refused(&[
        "important_share",
        "0,10",
        "line",
    ]);
    assert!(!path.join("cat").exists(), "nothing was written");
}

#[test]
fn a_scenario_naming_an_unknown_path_is_refused_with_the_nearest() {
    let home = tempfile::tempdir().unwrap();
    city(home.path());
    write(
        home.path(),
        "s.toml",
        "title = \"x\"\nbase = \"jining-apg\"\n[set]\n\"sharing.surplas\" = { value = \"0.9\", \
         reason = \"r\", reading = \"R29\" }\n",
    );
    let words = "backtest --policy jining-apg --catalog cat --year 2024 --warehouse wh";
    dianshu(home.path(), &format!("{words} s.toml")).refused(&[
        "s.toml",
        "sharing.surplas",
        "sharing.surplus",
    ]);
    dianshu(home.path(), &format!("{words} share-95+share-95")).refused(&["share-95"]);
    dianshu(home.path(), &format!("{words} nothing-like-it")).refused(&["nothing-like-it"]);
    assert!(!home.path().join("runs").exists(), "nothing was written");
}

#[test]
fn a_value_from_after_the_cut_off_is_refused() {
    let home = tempfile::tempdir().unwrap();
    city(home.path());
    write(
        home.path(),
        "late.toml",
        "title = \"x\"\nbase = \"jining-apg\"\n[set]\n\"sharing.surplus\" = { value = \"0.9\", \
         reason = \"r\", reading = \"R29\", from = 2024-01-01 }\n",
    );
    let words = "backtest --policy jining-apg --catalog cat --year 2024 --warehouse wh";
    dianshu(home.path(), &format!("{words} late.toml")).refused(&[
        "sharing.surplus",
        "2024-01-01",
        "2023-12-31",
    ]);
    let text = fs::read_to_string(home.path().join("late.toml")).unwrap();
    write(home.path(), "late.toml", &text.replace("2024-01-01", "2023-12-31"));
    dianshu(home.path(), &format!("{words} late.toml")).ok();
}

#[test]
fn a_year_that_is_not_loaded_is_refused_with_those_there() {
    let home = tempfile::tempdir().unwrap();
    city(home.path());
    dianshu(
        home.path(),
        "catalog build --policy jining-apg --years 2019,2020 --out cat2 --warehouse wh",
    )
    .refused(&["2019", "2022", "2023", "2024"]);
    assert!(!home.path().join("cat2").exists());
    dianshu(home.path(), "backtest --policy jining-apg --catalog cat --year 2030 --warehouse wh")
        .refused(&["2030", "2024"]);
    dianshu(home.path(), "backtest --policy jining-apg --catalog cat --year 2023 --warehouse wh")
        .refused(&["out of sample", "2023"]);
}

#[test]
fn a_changed_catalog_is_refused() {
    let home = tempfile::tempdir().unwrap();
    city(home.path());
    let groups = home.path().join("cat/groups.csv");
    let text = fs::read_to_string(&groups).unwrap();
    fs::write(&groups, text.replacen(".0", ".1", 1)).unwrap();
    let words = "backtest --policy jining-apg --catalog cat --year 2024 --warehouse wh";
    dianshu(home.path(), words).refused(&["groups.csv", "cat"]);
    dianshu(home.path(), "catalog show cat").refused(&["groups.csv"]);
}

/// `/dev/full` and a plain file in the way stand for a full disk and a folder nobody can write.
#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let home = tempfile::tempdir().unwrap();
    city(home.path());
    write(home.path(), "file", "in the way");
    let before = contents(&home.path().join("wh"));
    for words in [
        "catalog build --policy jining-apg --years 2022,2023 --out file/cat --warehouse wh",
        "backtest --policy jining-apg --catalog cat --year 2024 --warehouse wh --out file/runs",
        "synth jining-apg --people 10 --out file/export",
        "ingest export --warehouse file/wh",
    ] {
        dianshu(home.path(), words).refused(&["file"]);
    }
    assert_eq!(before, contents(&home.path().join("wh")));
}

#[test]
fn a_full_disk_leaves_the_warehouse_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    dianshu(path, "synth jining-apg --people 300 --out export").ok();
    good(path);
    let before = contents(&path.join("wh"));
    // A limit on the size of a single file fails a write as a full disk does.
    let words = format!(
        "ulimit -f 64; exec {} ingest export --warehouse wh --quiet",
        env!("CARGO_BIN_EXE_dianshu")
    );
    let output = Command::new("sh")
        .args(["-c", &format!("trap '' XFSZ; {words}")])
        .current_dir(path)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("error: "), "{stderr}");
    let rows = |home: &Path| {
        let words = ["sql", "select count(*) as n from settlement", "--warehouse", "wh", "--json"];
        json_lines(&dianshu_words(home, &words).ok().stdout)[0]["n"].clone()
    };
    assert_eq!(rows(path), 1);
    for (name, bytes) in before {
        assert_eq!(fs::read(path.join("wh").join(&name)).ok(), Some(bytes), "{}", name.display());
    }
}

#[test]
fn two_loads_at_once_are_both_there_or_one_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    dianshu(path, "synth jining-apg --people 200 --seed 1 --out a").ok();
    dianshu(path, "synth jining-apg --people 200 --seed 2 --out b").ok();
    good(path);
    let start = |name: &str| {
        Command::new(env!("CARGO_BIN_EXE_dianshu"))
            .args(["ingest", &format!("{name}/settlement.parquet"), "--warehouse", "wh", "--quiet"])
            .current_dir(path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let (one, other) = (start("a"), start("b"));
    let ends = [("a", one), ("b", other)].map(|(name, child)| {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (name, output.status.code().unwrap_or(-1), stderr)
    });
    assert!(ends.iter().any(|(_, code, _)| *code <= 1), "{ends:?}");
    for (name, code, stderr) in ends {
        if code == 2 {
            assert!(stderr.contains("error: "), "{stderr}");
            let again = format!("ingest {name}/settlement.parquet --warehouse wh --quiet");
            assert!(dianshu(path, &again).code <= 1);
        } else {
            assert!(code <= 1, "{stderr}");
        }
    }
    let expected: i64 = ["a", "b"]
        .iter()
        .map(|name| {
            let file = path.join(name).join("settlement.parquet");
            let table = dianshu::warehouse::parquet::read_table(&file).unwrap();
            i64::try_from(table.rows()).unwrap()
        })
        .sum();
    let words = ["sql", "select count(*) as n from settlement", "--warehouse", "wh", "--json"];
    let counted = json_lines(&dianshu_words(path, &words).ok().stdout)[0]["n"].as_i64().unwrap();
    assert_eq!(counted, expected + 1);
}

#[test]
fn a_killed_load_leaves_what_was_there_and_the_rerun_completes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    dianshu(path, "synth jining-apg --people 600 --seed 5 --out export").ok();
    let count = |warehouse: &str| {
        let words =
            ["sql", "select count(*) as n from fee_item", "--warehouse", warehouse, "--json"];
        json_lines(&dianshu_words(path, &words).ok().stdout)[0]["n"].as_i64().unwrap()
    };
    assert!(dianshu(path, "ingest export --warehouse whole --quiet").code <= 1);
    let expected = count("whole");
    for wait in [20, 60, 150, 300, 600, 1200] {
        let warehouse = format!("wh{wait}");
        good_into(path, &warehouse);
        let mut child = Command::new(env!("CARGO_BIN_EXE_dianshu"))
            .args(["ingest", "export", "--warehouse", &warehouse, "--quiet"])
            .current_dir(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        let lines = count(&warehouse);
        assert!(lines == 0 || lines == expected, "half a load is visible: {lines}");
        let again = dianshu(path, &format!("ingest export --warehouse {warehouse} --quiet"));
        assert!(again.code <= 1, "{}", again.stderr);
        assert_eq!(count(&warehouse), expected);
    }
}

fn good_into(home: &Path, warehouse: &str) {
    write(home, "settlement.csv", &format!("{HEADER}\n{}\n", row(1, "100.00")));
    dianshu(home, &format!("ingest settlement.csv --warehouse {warehouse} --quiet")).ok();
}

#[test]
fn the_same_file_twice_is_loaded_once() {
    let home = tempfile::tempdir().unwrap();
    good(home.path());
    let before = home.path().join("before");
    copy(&home.path().join("wh"), &before);
    dianshu(home.path(), "ingest settlement.csv --warehouse wh --quiet").ok();
    same_bytes(&home.path().join("wh"), &before);
}

fn copy(from: &Path, to: &Path) {
    for (name, bytes) in contents(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_bad_row_is_a_finding_and_the_others_are_loaded() {
    let home = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}\n{}\n{}\n", row(1, "100.00"), row(2, "1,0"));
    let text = text.replace("1,0,50", "\"1.005\",50");
    write(home.path(), "settlement.csv", &text);
    let ran = dianshu(home.path(), "ingest settlement.csv --warehouse wh --quiet");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let words = [
        "sql",
        "select file, line, key, \"column\", value from finding",
        "--warehouse",
        "wh",
        "--json",
    ];
    let lines = json_lines(&dianshu_words(home.path(), &words).ok().stdout);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["line"], 3);
    assert_eq!(lines[0]["column"], "medfee_sumamt");
    assert_eq!(lines[0]["value"], "1.005");
}

/// An analyst pipes talk into a pager and leaves it: the exit code is still the answer.
#[test]
fn nobody_listening_on_stderr_changes_no_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dianshu"))
        .args(["catalog", "show", "nope"])
        .current_dir(home.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}
