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
                // A table without the column has no sums, and the identity does not hold.
                let Some(fen) = table.fen(column, row) else { continue };
                *sums.entry(key).or_default() += fen;
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
    let spent = added(balance, &paid);
    let entitled = sums("institution", "entitlement_yuan", &all);
    let adjusted = sums("institution", "adjustment_yuan", &all);
    let adjusted = added(entitled, &adjusted);
    let compensation = sums("pool", "compensation_pool_yuan", &year);
    let money = added(sums("pool", "budget_yuan", &year), &compensation);
    let pairs = [
        ("paid + fund balance = budget + compensation pool", spent, money),
        ("paid of institutions = paid of pool", paid.clone(), sums("pool", "paid_yuan", &year)),
        ("entitlement + adjustment = paid", adjusted, paid.clone()),
        ("ledger of institutions = paid", sums("ledger", "amount_yuan", &own), paid),
        (
            "whole ledger = gross money of the pool",
            sums("ledger", "amount_yuan", &line),
            sums("pool", "gross_yuan", &year),
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
    let mut rows: Vec<Line> = Vec::new();
    for (name, left, right) in pairs {
        // Every run has a pool: nothing to compare is nothing that holds.
        if right.is_empty() {
            rows.push(Line { name, key: Key::default(), left: 0, right: 0, holds: false });
        }
        for (key, right) in right {
            let left = left.get(&key).copied().unwrap_or_default();
            rows.push(Line { name, key, left, right, holds: left == right });
        }
    }
    lines(&rows)
}

/// Every sum of `one`, and what `more` has beside it.
fn added(one: BTreeMap<Key, i128>, more: &BTreeMap<Key, i128>) -> BTreeMap<Key, i128> {
    let plus = |key: &Key| more.get(key).copied().unwrap_or_default();
    one.into_iter().map(|(key, sum)| (key.clone(), sum + plus(&key))).collect()
}

/// One identity of one scenario and pool.
struct Line {
    name: &'static str,
    key: Key,
    left: i128,
    right: i128,
    holds: bool,
}

fn lines(rows: &[Line]) -> Identities {
    let yuan = |of: fn(&Line) -> i128| Column::Decimal {
        places: 2,
        values: rows.iter().map(|row| Some(of(row))).collect(),
    };
    let holds = rows.iter().map(|row| if row.holds { "yes" } else { "no" });
    let table = Table::new("identity")
        .with("identity", Column::text(rows.iter().map(|row| row.name)))
        .with("scenario", Column::text(rows.iter().map(|row| row.key.0.clone())))
        .with("pool", Column::text(rows.iter().map(|row| row.key.1.clone())))
        .with("left_yuan", yuan(|row| row.left))
        .with("right_yuan", yuan(|row| row.right))
        .with("holds", Column::text(holds));
    Identities { table, hold: rows.iter().all(|row| row.holds) }
}

fn text(table: &Table, column: &str, row: usize) -> String {
    table.cell(column, row).unwrap_or_default()
}
