//! The run a bureau makes every month, and the clearing of the year: the same cases, the same kernel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::tools::{Ran, dianshu, json_lines, only_run, parquet};

type Row = BTreeMap<String, String>;

/// A city with its catalog of two years; the third is settled.
fn city(home: &Path, system: &str) {
    dianshu(home, &format!("synth {system} --people 200 --seed 5 --out export")).ok();
    // Unreadable values are findings of the load: exit code 1 says so.
    let loaded = dianshu(home, "ingest export --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let words = "--years 2022,2023 --out cat --warehouse wh --quiet";
    dianshu(home, &format!("catalog build --policy {system} {words}")).ok();
}

fn settle(home: &Path, system: &str, more: &str, out: &str) -> (Ran, PathBuf) {
    let words = "--catalog cat --year 2024 --warehouse wh --quiet";
    let ran = dianshu(home, &format!("settle --policy {system} {words} --out {out} {more}")).ok();
    (ran, only_run(&home.join(out)))
}

fn table(run: &Path, name: &str) -> Vec<Row> {
    parquet(&run.join(format!("tables/{name}.parquet")))
}

fn manifest(run: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(run.join("manifest.json")).unwrap()).unwrap()
}

fn fen(row: &Row, column: &str) -> i128 {
    row[column].replace('.', "").parse().expect("an amount with two places")
}

// shows: J09, J16, Y01, Y21, Y30, Z26, A45, A52, R03, R36
#[test]
fn months_and_the_clearing_are_runs_over_the_same_cases() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    city(home, "yantai-apg");
    let (said, year) = settle(home, "yantai-apg", "--scenario retention-5", "year");
    assert!(said.stdout.contains("2024 年年终清算"), "{}", said.stdout);
    assert!(said.stdout.contains("清算应拨付"), "{}", said.stdout);
    assert!(!said.stdout.contains("模拟运行"), "{}", said.stdout);
    let (said, march) = settle(home, "yantai-apg", "--month 3 --scenario retention-5", "march");
    assert!(said.stdout.contains("3 月月预结算"), "{}", said.stdout);
    for run in [&year, &march] {
        dianshu(home, &format!("verify {}", run.display())).ok();
    }
    // What was paid until March is what the clearing takes off for those months.
    let until = |run: &Path| -> Vec<Row> {
        let rows = table(run, "month").into_iter();
        rows.filter(|row| row["month"].parse::<u8>().unwrap() <= 3).collect()
    };
    assert_eq!(until(&march), until(&year));
    assert_eq!(until(&march).len(), table(&march, "month").len(), "no later month");
    assert!(!until(&march).is_empty());
    // Per institution: what was transferred in the months and what is transferred now are what is
    // paid; 5 % of every month, rounded half away from zero, were kept back.
    let months = table(&year, "month");
    for row in table(&year, "institution") {
        let own = months.iter().filter(|month| {
            month["scenario"] == row["scenario"] && month["fixmedins_code"] == row["fixmedins_code"]
        });
        let mut transferred = 0;
        for month in own {
            let (advance, kept) = (fen(month, "advance_yuan"), fen(month, "retention_yuan"));
            let share = if row["scenario"] == "retention-5" { 5 } else { 0 };
            assert_eq!(kept, (advance * share + 50) / 100, "{month:?}");
            transferred += fen(month, "month_paid_yuan");
        }
        // Refunds of cleared years stay with the fund (R03).
        let left = fen(&row, "balance_yuan") + fen(&row, "prior_refund_yuan");
        assert_eq!(transferred + left, fen(&row, "paid_yuan"), "{row:?}");
    }
    // M_N18 is cleared by days: whoever has its cases has days or is cleared by standard (Y30–Y32).
    let days = table(&year, "days");
    let all = days.iter().find(|row| row["fixmedins_code"].is_empty()).expect("days of the area");
    assert!(all["days"].parse::<i64>().unwrap() > 0, "{all:?}");
    let own = |column: &str| -> i128 {
        let rows = days.iter().filter(|row| row["scenario"] == all["scenario"]);
        rows.filter(|row| !row["fixmedins_code"].is_empty()).map(|row| fen(row, column)).sum()
    };
    for column in ["drug_yuan", "standard_yuan"] {
        assert_eq!(own(column), fen(all, column), "{column}");
    }
    // A trial run is the same run, flagged wherever one may look.
    let (said, trial) = settle(home, "yantai-apg", "--simulate --scenario retention-5", "trial");
    assert!(said.stdout.contains("模拟运行"), "{}", said.stdout);
    assert_eq!(manifest(&trial)["simulated"], true);
    assert_eq!(manifest(&year)["simulated"], false);
    assert_eq!(table(&trial, "run")[0]["simulated"], "1");
    assert_eq!(table(&year, "run")[0]["simulated"], "0");
    for name in ["institution", "month", "ledger", "statement", "pool"] {
        assert_eq!(table(&trial, name), table(&year, name), "{name}");
    }
}

// shows: A44, R35, Z22
#[test]
fn rows_of_advance_prevail_and_unknown_institutions_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    city(home, "jining-apg");
    let (said, run) = settle(home, "jining-apg", "--month 2 --json", "two");
    let lines = json_lines(&said.stdout);
    let total = lines.iter().find(|line| line["line"] == "当月应拨付");
    assert!(total.is_some(), "{}", said.stdout);
    let january = |run: &Path| -> Vec<Row> {
        table(run, "month").into_iter().filter(|row| row["month"] == "1").collect()
    };
    let computed = january(&run);
    let code = computed[0]["fixmedins_code"].clone();
    assert!(fen(&computed[0], "advance_yuan") > 0, "{computed:?}");
    let advance = |code: &str, home: &Path| {
        let header = "year,month,pool,fixmedins_code,kind,amount";
        let text = format!("{header}\n2024,1,,{code},monthly,12.34\n");
        std::fs::write(home.join("advance.csv"), text).unwrap();
        dianshu(home, "ingest advance.csv --warehouse wh --quiet").ok();
    };
    advance(&code, home);
    let (_, run) = settle(home, "jining-apg", "--month 2", "given");
    for row in january(&run) {
        let paid = if row["fixmedins_code"] == code { "12.34" } else { "0.00" };
        assert_eq!((row["advance_yuan"].as_str(), row["source"].as_str()), (paid, "advance"));
    }
    advance("H9999999", home);
    let words = "--catalog cat --year 2024 --warehouse wh --quiet --out refused";
    dianshu(home, &format!("settle --policy jining-apg {words}")).refused(&["advance", "H9999999"]);
    assert!(!home.join("refused").exists(), "nothing half-written");
}
