//! Identities of a run, recomputed from its tables alone: what a reviewer can check offline.

use std::collections::BTreeMap;

use super::manifest::Run;
use crate::table::{Column, Table};

/// One identity each for every scenario and pool.
#[derive(Debug)]
pub struct Identities {
    /// Columns `identity, scenario, pool, left_yuan, right_yuan, holds`.
    pub table: Table,
    /// Whether all hold.
    pub hold: bool,
}

/// Ledger kinds that stand beside the payment, not in it (A45, R03).
const MEMO: [&str; 1] = ["prior_year_refund"];

type Key = (String, String);

/// Recomputes every identity of a run to the fen.
#[must_use]
pub fn identities(run: &Run) -> Identities {
    let sums = |table: &str, column: &str, keep: &dyn Fn(&Table, usize) -> bool| {
        let mut sums: BTreeMap<Key, i128> = BTreeMap::new();
        if let Some(table) = run.tables.get(table) {
            for row in (0..table.rows()).filter(|row| keep(table, *row)) {
                let key = (text(table, "scenario", row), text(table, "pool", row));
                *sums.entry(key).or_default() += table.fen(column, row);
            }
        }
        sums
    };
    let all = |_: &Table, _: usize| true;
    let year = |table: &Table, row: usize| text(table, "period", row) == "Y";
    let line = |table: &Table, row: usize| !MEMO.contains(&text(table, "kind", row).as_str());
    let own = |table: &Table, row: usize| {
        line(table, row) && !text(table, "fixmedins_code", row).is_empty()
    };
    let paid = sums("institution", "paid_yuan", &all);
    let balance = sums("pool", "fund_balance_yuan", &year);
    let spent: BTreeMap<Key, i128> = balance
        .iter()
        .map(|(key, balance)| (key.clone(), balance + paid.get(key).copied().unwrap_or_default()))
        .collect();
    let entitled = sums("institution", "entitlement_yuan", &all);
    let adjusted = sums("institution", "adjustment_yuan", &all);
    let adjusted: BTreeMap<Key, i128> = entitled
        .iter()
        .map(|(key, sum)| (key.clone(), sum + adjusted.get(key).copied().unwrap_or_default()))
        .collect();
    let pairs = [
        ("paid + fund balance = budget", spent, sums("pool", "budget_yuan", &year)),
        ("paid of institutions = paid of pool", paid.clone(), sums("pool", "paid_yuan", &year)),
        ("entitlement + adjustment = paid", adjusted, paid.clone()),
        ("ledger of institutions = paid", sums("ledger", "amount_yuan", &own), paid),
        (
            "whole ledger = budget",
            sums("ledger", "amount_yuan", &line),
            sums("pool", "budget_yuan", &year),
        ),
        (
            "booked by month = booked",
            sums("month", "fund_booked_yuan", &all),
            sums("institution", "fund_booked_yuan", &all),
        ),
        (
            "cost by group = cost",
            sums("group", "cost_yuan", &all),
            sums("institution", "cost_yuan", &all),
        ),
        ("paid by tier = paid", sums("tier", "paid_yuan", &all), sums("pool", "paid_yuan", &year)),
    ];
    let mut rows: Vec<(&str, Key, i128, i128)> = Vec::new();
    for (name, left, right) in pairs {
        for (key, right) in right {
            let left = left.get(&key).copied().unwrap_or_default();
            rows.push((name, key, left, right));
        }
    }
    lines(&rows)
}

fn lines(rows: &[(&str, Key, i128, i128)]) -> Identities {
    let yuan = |of: fn(&(&str, Key, i128, i128)) -> i128| Column::Decimal {
        places: 2,
        values: rows.iter().map(|row| Some(of(row))).collect(),
    };
    let holds = rows.iter().map(|row| if row.2 == row.3 { "yes" } else { "no" });
    let table = Table::new("identity")
        .with("identity", Column::text(rows.iter().map(|row| row.0)))
        .with("scenario", Column::text(rows.iter().map(|row| row.1.0.clone())))
        .with("pool", Column::text(rows.iter().map(|row| row.1.1.clone())))
        .with("left_yuan", yuan(|row| row.2))
        .with("right_yuan", yuan(|row| row.3))
        .with("holds", Column::text(holds));
    Identities { table, hold: !rows.is_empty() && rows.iter().all(|row| row.2 == row.3) }
}

fn text(table: &Table, column: &str, row: usize) -> String {
    table.cell(column, row).unwrap_or_default()
}
