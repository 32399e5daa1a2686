//! What a bureau's books say beside the claims: what of it is refused, and what it does.

use std::fs;
use std::path::Path;

use super::tools::{contents, csv, dianshu, only_run, parquet, synth};

/// A small city with its catalog of two years in `wh` and `cat`.
fn city(home: &Path) {
    synth(home, "jining-apg", "--people 300 --years 2022..2024 --seed 2 --clean", "export");
    let loaded = dianshu(home, "ingest export --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let build = "catalog build --policy jining-apg --years 2022,2023 --out cat --warehouse wh";
    dianshu(home, build).ok();
}

/// The warehouse again, so that each bad table stands alone beside the good ones.
fn copy(home: &Path, name: &str) {
    for (file, bytes) in contents(&home.join("wh")) {
        let target = home.join(name).join(file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
    fs::copy(home.join("wh.key"), home.join(format!("{name}.key"))).unwrap();
}

const ADVANCE: &str = "year,month,pool,fixmedins_code,kind,amount";
const SPECIAL: &str = "setl_id,kind,value,reviewer,reason";
const ASSESSMENT: &str = "year,pool,fixmedins_code,coefficient,deduction,violations,bond";
const BUDGET: &str = "year,pool,period,item,amount";

/// Table, its rows (`H` is an institution of the city), and what the refusal says.
const BAD: [(&str, &str, &str, &[&str]); 14] = [
    (
        "advance",
        ADVANCE,
        "2024,1,all,H370899999,monthly,100.00",
        &["table `advance`", "institution `H370899999` is unknown", "hint: "],
    ),
    (
        "advance",
        ADVANCE,
        "2024,1,all,H,montly,100.00",
        &["kind `montly`", "did you mean `monthly`"],
    ),
    ("advance", ADVANCE, "2024,13,all,H,monthly,100.00", &["`13`", "a month from 1 to 12"]),
    ("advance", ADVANCE, "2024,1,all,H,monthly,100.005", &["`100.005`", "two decimal places"]),
    ("advance", ADVANCE, "2024,1,all,H,monthly,-1.00", &["`-1`", "not below 0"]),
    (
        "advance",
        ADVANCE,
        "2024,1,all,H,monthly,1.00\n2024,1,all,H,monthly,2.00",
        &["table `advance`", "2 rows", "disagree"],
    ),
    ("special", SPECIAL, "S1,point,5,李,重症", &["kind `point` of `S1`", "did you mean `points`"]),
    ("special", SPECIAL, "S1,points,-5,李,重症", &["`-5` of `S1, `points``", "not below 0"]),
    (
        "special",
        SPECIAL,
        "S1,points,5,李,重症\nS1,item,0,李,重症",
        &["table `special`", "`S1` disagree", "keep one row"],
    ),
    (
        "assessment",
        ASSESSMENT,
        "2024,,H370899999,1,0,0,0",
        &["table `assessment`", "institution `H370899999` is unknown"],
    ),
    (
        "assessment",
        ASSESSMENT,
        "2024,,H,1,0,12.345,0",
        &["`12.345`", "`violations`", "at most two decimal places"],
    ),
    (
        "budget",
        BUDGET,
        "2024,all,Y,last,-100",
        &["item `last` of table `budget` is -100", "an amount in yuan from 0"],
    ),
    (
        "budget",
        BUDGET,
        "2024,all,Q1,budget,-100",
        &["table `budget`", "`-100` of `budget, pool all, period Q1`", "not below 0"],
    ),
    ("budget", BUDGET, "2024,510,Y,budget,100.00", &["pool `510`", "hint: "]),
];

// shows: Z22, Z25, Z26, J01, J17, P08
#[test]
fn books_that_cannot_be_meant_are_refused_and_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path);
    let code = csv(&path.join("export/institution.csv"))[0]["fixmedins_code"].clone();
    for (number, (table, header, rows, parts)) in BAD.into_iter().enumerate() {
        let warehouse = format!("wh{number}");
        copy(path, &warehouse);
        let rows = rows.replace(",H,", &format!(",{code},"));
        fs::write(path.join(format!("{table}.csv")), format!("{header}\n{rows}\n")).unwrap();
        dianshu(path, &format!("ingest {table}.csv --warehouse {warehouse} --quiet")).ok();
        let words = "backtest --policy jining-apg --catalog cat --year 2024 --warehouse";
        dianshu(path, &format!("{words} {warehouse}")).refused(parts);
        assert!(!path.join("runs").exists(), "{table}: {rows}");
    }
}

/// The whole budget but what the assessment takes is paid: an institution's deduction and violations
/// leave its pay, its bond does not (R27).
// shows: J17, Z26, R27
#[test]
fn an_assessment_is_read_with_its_violations_and_bond() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path);
    let words = "backtest --policy jining-apg --catalog cat --year 2024 --warehouse wh --out";
    dianshu(path, &format!("{words} before")).ok();
    let table =
        |runs: &str| parquet(&only_run(&path.join(runs)).join("tables/institution.parquet"));
    let before = table("before");
    let code = before[0]["fixmedins_code"].clone();
    let rows = format!("{ASSESSMENT}\n2024,,{code},1,100.25,0,5000.00\n");
    fs::write(path.join("assessment.csv"), rows).unwrap();
    dianshu(path, "ingest assessment.csv --warehouse wh --quiet").ok();
    dianshu(path, &format!("{words} after")).ok();
    let fen = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    for (one, other) in before.iter().zip(table("after")) {
        assert_eq!(one["fixmedins_code"], other["fixmedins_code"]);
        let less = if one["fixmedins_code"] == code { 10_025 } else { 0 };
        assert_eq!(fen(&one["paid_yuan"]) - less, fen(&other["paid_yuan"]), "{one:?}");
    }
}

/// A policy that was not in force all year says so (J15, Z29): 济宁's began on 2023-11-06.
// shows: J15, Z29
#[test]
fn a_year_that_the_policy_is_not_in_force_in_is_called_a_simulation() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    synth(path, "jining-apg", "--people 200 --years 2021..2024 --seed 2 --clean", "export");
    dianshu(path, "ingest export --warehouse wh --quiet").ok();
    let build = "catalog build --policy jining-apg --years 2021,2022 --out cat --warehouse wh";
    dianshu(path, build).ok();
    let said = |year: u16| {
        let words = "backtest --policy jining-apg --catalog cat --warehouse wh --year";
        dianshu(path, &format!("{words} {year}")).ok().stderr
    };
    let warned =
        "is in force from 2023-11-06: what it yields for other settlement dates of 2023 is a";
    assert!(said(2023).contains(warned), "{}", said(2023));
    assert!(!said(2024).contains("is in force from"), "{}", said(2024));
}
