//! Identities of a run, recomputed from its tables alone: what a reviewer can check offline.

use std::collections::BTreeMap;

use super::manifest::Run;
use crate::settlement::outcome::LineKind;
use crate::table::{Column, Table};

/// One identity each for every scenario and pool.
#[derive(Debug)]
pub struct Identities {
    /// Columns `identity, scenario, pool, left_yuan, right_yuan, holds`.
    pub table: Table,
    /// Whether all hold.
    pub hold: bool,
}

type Key = (String, String);

/// Whether a ledger line stands between paid and balance, not in what is paid (R27, R03).
fn is_of_balance(kind: &str) -> bool {
    LineKind::OF_BALANCE.iter().any(|known| known.as_str() == kind)
}

/// Left and right side of an identity, by scenario and pool.
type Pair = (&'static str, BTreeMap<Key, i128>, BTreeMap<Key, i128>);

/// Recomputes every identity of a run to the fen.
#[must_use]
pub fn identities(run: &Run) -> Identities {
    let sums = Sums { run };
    let mut pairs = months(&sums);
    if run.manifest["month"].is_null() {
        pairs.extend(payments(&sums));
        pairs.extend(balances(&sums));
    }
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

/// Sums over tables of a run, by scenario and pool.
struct Sums<'a> {
    run: &'a Run,
}

impl Sums<'_> {
    fn of(
        &self,
        table: &str,
        column: &str,
        keep: impl Fn(&Table, usize) -> bool,
    ) -> BTreeMap<Key, i128> {
        let mut sums: BTreeMap<Key, i128> = BTreeMap::new();
        if let Some(table) = self.run.tables.get(table) {
            for row in (0..table.rows()).filter(|row| keep(table, *row)) {
                let key = (text(table, "scenario", row), text(table, "pool", row));
                // A table without the column has no sums, and the identity does not hold.
                let Some(fen) = table.fen(column, row) else { continue };
                *sums.entry(key).or_default() += fen;
            }
        }
        sums
    }

    fn all(&self, table: &str, column: &str) -> BTreeMap<Key, i128> {
        self.of(table, column, |_, _| true)
    }

    /// Σ |lines of an institution − its own figure| over the institutions.
    fn distance(&self, table: &str, keep: Keep, figure: &str) -> BTreeMap<Key, i128> {
        let mut by_institution: BTreeMap<(Key, String), i128> = BTreeMap::new();
        let mut add = |name: &str, column: &str, sign: i128, keep: Keep| {
            let Some(table) = self.run.tables.get(name) else { return };
            for row in (0..table.rows()).filter(|row| keep(table, *row)) {
                let key = (text(table, "scenario", row), text(table, "pool", row));
                let fen = table.fen(column, row).unwrap_or_default();
                let key = (key, text(table, "fixmedins_code", row));
                *by_institution.entry(key).or_default() += sign * fen;
            }
        };
        add(table, "amount_yuan", 1, keep);
        add("institution", figure, -1, |_, _| true);
        let mut sums: BTreeMap<Key, i128> = BTreeMap::new();
        for ((key, _), gap) in by_institution {
            *sums.entry(key).or_default() += gap.abs();
        }
        sums
    }
}

type Keep = fn(&Table, usize) -> bool;

fn sum(one: &BTreeMap<Key, i128>, sign: i128, two: &BTreeMap<Key, i128>) -> BTreeMap<Key, i128> {
    let two = |key: &Key| two.get(key).copied().unwrap_or_default();
    one.iter().map(|(key, value)| (key.clone(), value + sign * two(key))).collect()
}

fn nothing(like: &BTreeMap<Key, i128>) -> BTreeMap<Key, i128> {
    like.keys().map(|key| (key.clone(), 0)).collect()
}

fn is_own(table: &Table, row: usize) -> bool {
    !text(table, "fixmedins_code", row).is_empty()
}

fn is_paid(table: &Table, row: usize) -> bool {
    !is_of_balance(&text(table, "kind", row))
}

fn is_own_and_paid(table: &Table, row: usize) -> bool {
    is_own(table, row) && is_paid(table, row)
}

fn is_item(table: &Table, row: usize) -> bool {
    text(table, "role", row) == "item"
}

/// What was paid for the months.
fn months(sums: &Sums<'_>) -> Vec<Pair> {
    let advance = sums.all("month", "advance_yuan");
    let kept = sum(&advance, -1, &sums.all("month", "retention_yuan"));
    let paid = sums.all("month", "month_paid_yuan");
    vec![("advanced − retention = paid by month", kept, paid)]
}

/// From the budget to what is paid.
fn payments(sums: &Sums<'_>) -> Vec<Pair> {
    let year =
        |column: &str| sums.of("pool", column, |table, row| text(table, "period", row) == "Y");
    let paid = sums.all("institution", "paid_yuan");
    let entitled = sums.all("institution", "entitlement_yuan");
    let adjusted = sum(&entitled, 1, &sums.all("institution", "adjustment_yuan"));
    let missed = sums.distance("ledger", is_own_and_paid, "paid_yuan");
    vec![
        (
            "paid + fund balance = budget + compensation pool",
            sum(&year("fund_balance_yuan"), 1, &paid),
            sum(&year("budget_yuan"), 1, &year("compensation_pool_yuan")),
        ),
        ("paid of institutions = paid of pool", paid.clone(), year("paid_yuan")),
        ("entitlement + adjustment = paid", adjusted, paid.clone()),
        ("ledger of institutions = paid", sums.of("ledger", "amount_yuan", is_own_and_paid), paid),
        ("institutions off their paid amount", missed.clone(), nothing(&missed)),
        (
            "whole ledger = gross money of the pool",
            sums.of("ledger", "amount_yuan", is_paid),
            year("gross_yuan"),
        ),
        (
            "booked by month = booked",
            sums.all("month", "fund_booked_yuan"),
            sums.all("institution", "fund_booked_yuan"),
        ),
        (
            "cost by group = cost",
            sums.all("group", "cost_yuan"),
            sums.all("institution", "cost_yuan"),
        ),
        ("paid by tier = paid", sums.all("tier", "paid_yuan"), year("paid_yuan")),
    ]
}

/// From paid to what is left to transfer.
fn balances(sums: &Sums<'_>) -> Vec<Pair> {
    let own = |column: &str| sums.all("institution", column);
    let taken = ["bond_yuan", "working_capital_yuan", "advanced_yuan", "prior_refund_yuan"];
    let before = sum(&own("paid_yuan"), 1, &own("retention_yuan"));
    let left = taken.iter().fold(before, |left, column| sum(&left, -1, &own(column)));
    let missed = sums.distance("ledger", is_own, "balance_yuan");
    let misread = sums.distance("statement", is_item, "balance_yuan");
    vec![
        ("paid − bond − advances + retention − refunds = balance", left, own("balance_yuan")),
        ("advanced by month = advanced", sums.all("month", "advance_yuan"), own("advanced_yuan")),
        ("institutions off their balance in the ledger", missed.clone(), nothing(&missed)),
        ("institutions off their balance in the statement", misread.clone(), nothing(&misread)),
    ]
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
