use std::collections::BTreeSet;

use super::{Known, Rows, advance_rows, assessment_rows, item_rows, special_rows};
use crate::backtest::Error;
use crate::explain::render;
use crate::settlement::{Advance, AdvanceKind, SpecialKind};
use crate::table::{Column, Table};
use crate::units::Fen;

/// Rows of a model as text; `""` is missing.
fn rows<const N: usize>(name: &'static str, columns: [&str; N], rows: &[[&str; N]]) -> Rows {
    let table = columns.iter().enumerate().fold(Table::new(name), |table, (at, column)| {
        table.with(column, Column::text(rows.iter().map(|row| row[at])))
    });
    Rows { name, table }
}

fn known() -> Known<'static> {
    Known(BTreeSet::from(["H370601", "H370602"]))
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, parts: &[&str]) {
    let text = render(&result.unwrap_err());
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

fn special(list: &[[&str; 3]]) -> Rows {
    let filled: Vec<[&str; 5]> = list.iter().map(|[a, b, c]| [*a, *b, *c, "李", "重症"]).collect();
    rows("special", ["setl_id", "kind", "value", "reviewer", "reason"], &filled)
}

// shows: Z25, P08, R17
#[test]
fn decisions_are_points_item_add_or_refused_each_case_once() {
    let read = special_rows(&special(&[
        ["S1", "points", "12.500100"],
        ["S2", "item", ""],
        ["S3", "add", "0.000000"],
        ["S4", "refused", "0.000000"],
    ]));
    let read = read.unwrap();
    assert_eq!(read["S1"].kind, SpecialKind::Points("12.5001".parse().unwrap()));
    assert_eq!(read["S2"].kind, SpecialKind::Item);
    assert_eq!(read["S3"].kind, SpecialKind::Add("0".parse().unwrap()));
    assert_eq!(read["S4"].kind, SpecialKind::Refused);
    assert_eq!((read["S1"].reviewer.as_str(), read["S1"].reason.as_str()), ("李", "重症"));

    let wrong = |list: &[[&str; 3]]| special_rows(&special(list));
    refused(wrong(&[["S1", "point", "1"]]), &["kind `point` of `S1`", "did you mean `points`?"]);
    refused(wrong(&[["S1", "", "1"]]), &["allowed are `points`, `item`, `add`, `refused`"]);
    refused(wrong(&[["S1", "add", "-0.500000"]]), &["`-0.5` of `S1, `add``", "not below 0"]);
    refused(wrong(&[["S1", "points", "1.000010"]]), &["`1.00001`", "at most four decimal places"]);
    refused(wrong(&[["S1", "points", ""]]), &["`` of `S1, `points``"]);
    refused(
        wrong(&[["S1", "item", "0"], ["S1", "refused", "0"]]),
        &["table `special`: 2 or more rows of `S1` disagree", "hint: keep one row"],
    );
}

fn advances(list: &[[&str; 6]]) -> Rows {
    rows("advance", ["pool", "fixmedins_code", "month", "kind", "versions", "amount"], list)
}

// shows: Z22, R35
#[test]
fn advances_are_monthly_or_working_capital_of_known_institutions() {
    let read = advance_rows(
        &advances(&[
            ["all", "H370602", "3", "monthly", "1", "100.500000"],
            ["310", "H370601", "", "working_capital", "1", "7.000000"],
            ["310", "H370601", "1", "working_capital", "1", "3.000000"],
        ]),
        &known(),
    );
    let row = |pool: &str, institution: &str, month, kind, fen| Advance {
        pool: pool.to_owned(),
        institution: institution.to_owned(),
        month,
        kind,
        amount: Fen(fen),
    };
    assert_eq!(
        read.unwrap(),
        [
            row("", "H370602", Some(3), AdvanceKind::Monthly, 10_050),
            row("310", "H370601", None, AdvanceKind::WorkingCapital, 300),
            row("310", "H370601", None, AdvanceKind::WorkingCapital, 700),
        ]
    );

    let wrong = |row: [&str; 6]| advance_rows(&advances(&[row]), &known());
    refused(
        wrong(["all", "H370603X", "1", "monthly", "1", "1"]),
        &["table `advance`: institution `H370603X` is unknown", "hint: did you mean `H37060"],
    );
    refused(wrong(["all", "Z", "1", "monthly", "1", "1"]), &["hint: correct `fixmedins_code`"]);
    refused(
        wrong(["all", "H370601", "1", "month", "1", "1"]),
        &["kind `month` of `H370601`", "did you mean `monthly`?"],
    );
    for month in ["", "0", "13", "-1"] {
        refused(wrong(["all", "H370601", month, "monthly", "1", "1"]), &["a month from 1 to 12"]);
    }
    refused(wrong(["all", "H370601", "13", "working_capital", "1", "1"]), &["`13`", "1 to 12"]);
    for amount in ["-0.010000", "1.005000", ""] {
        refused(
            wrong(["all", "H370601", "1", "monthly", "1", amount]),
            &["`H370601, `monthly`, month 1, `amount``", "not below 0, with at most two"],
        );
    }
    refused(wrong(["all", "H370601", "1", "monthly", "2", "1"]), &["2 rows of", "disagree"]);
}

fn budget(list: &[[&str; 5]]) -> Rows {
    rows("budget", ["pool", "period", "item", "versions", "amount"], list)
}

// shows: J01, Z04, Z05, Z06, Y33
#[test]
fn budget_items_are_money_persons_and_growths() {
    let read = item_rows(
        &budget(&[
            ["310", "Y", "income", "1", "1000000.500000"],
            ["310", "Y", "b2_cost_growth", "1", "-0.012500"],
            ["all", "Q1", "control_total", "1", "0.000000"],
        ]),
        2024,
    );
    let read = read.unwrap();
    let key = |pool: &str, period: &str, item: &str| {
        (pool.to_owned(), period.to_owned(), item.to_owned())
    };
    assert_eq!(read[&key("310", "Y", "income")].to_string(), "1000000.5");
    assert_eq!(read[&key("310", "Y", "b2_cost_growth")].to_string(), "-0.0125");
    assert_eq!(read[&key("all", "Q1", "control_total")].to_string(), "0");
    let wrong = |row: [&str; 5]| item_rows(&budget(&[row]), 2024);
    refused(wrong(["310", "Y", "b1", "1", ""]), &["`` of `b1, pool 310, period Y`", "a number"]);
    refused(wrong(["310", "Y", "b1", "2", "1"]), &["2 amounts of `b1` for 2024, pool `310`"]);
}

// shows: J17, Z26, R27
#[test]
fn assessments_carry_violations_and_bond() {
    let columns =
        ["pool", "fixmedins_code", "versions", "coefficient", "deduction", "violations", "bond"];
    let read = |row: [&str; 7]| assessment_rows(&rows("assessment", columns, &[row]), &known());
    let own = read(["310", "H370601", "1", "0.980000", "10.50", "7.25", "100.00"]).unwrap();
    let own = own[&("310".to_owned(), "H370601".to_owned())];
    assert_eq!(own.coefficient.to_string(), "0.980000");
    assert_eq!([own.deduction, own.violations, own.bond], [Fen(1_050), Fen(725), Fen(10_000)]);
    let every = read(["all", "H370602", "1", "1", "0", "0", "0"]).unwrap();
    assert!(every.contains_key(&(String::new(), "H370602".to_owned())));
    refused(read(["all", "H9", "1", "1", "0", "0", "0"]), &["institution `H9` is unknown"]);
    refused(
        read(["all", "H370601", "1", "1", "0", "-1.000000", "0"]),
        &["`-1` of `H370601, `violations``"],
    );
    refused(read(["all", "H370601", "1", "-1", "0", "0", "0"]), &["a coefficient such as 0.98"]);
    refused(read(["all", "H370601", "3", "1", "0", "0", "0"]), &["3 rows of `H370601` disagree"]);
}
