//! The clearing statement (清算单): every line from booked to what is transferred, in reading order
//! (Z26).
//!
//! Lines of an institution in a pool: what its entitlement is made of, what the year end changes, paid,
//! what stands in the balance only, and the balance. A month's statement holds the pre-settlement of
//! that month.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::table::{Column, Table};
use crate::trail::{self, Lang};
use crate::units::Fen;

use super::outcome::{InstitutionRow, LedgerLine, LineKind, MonthRow, Outcome};

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// `all`, or the insurance type.
    pub pool: String,
    /// The institution.
    pub fixmedins_code: String,
    /// What the line is to those around it.
    pub role: Role,
    /// Clearing period or month.
    pub period: String,
    /// Word of the line, as in the ledger.
    pub kind: &'static str,
    /// Chinese label.
    pub label_zh: &'static str,
    /// English label.
    pub label_en: &'static str,
    /// Signed amount.
    pub amount: Fen,
    /// Clause of the policy, or empty.
    pub clause: String,
    /// Reading or ruling, or empty.
    pub reading: String,
}

/// What a line is to those around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// For reading only.
    Memo,
    /// Joins the totals below it.
    Item,
    /// Sum of all items above it.
    Total,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Memo => "memo",
            Self::Item => "item",
            Self::Total => "total",
        }
    }
}

/// The label of a language.
#[must_use]
pub fn label((zh, en): (&'static str, &'static str), lang: Lang) -> &'static str {
    if lang == Lang::Zh { zh } else { en }
}

/// Chinese and English label of a ledger line; a test holds that every kind has one.
fn labels(kind: LineKind) -> (&'static str, &'static str) {
    trail::labels(kind.as_str()).unwrap_or((kind.as_str(), kind.as_str()))
}

/// The lines of one scenario, by pool and institution.
#[must_use]
pub fn lines(outcome: &Outcome) -> Vec<StatementLine> {
    let of_year = outcome.institutions.iter().flat_map(|row| year(outcome, row));
    let last = outcome.months.iter().map(|row| row.month).max();
    // A run of months has no institutions: it has cleared nothing.
    let of_month = outcome
        .months
        .iter()
        .filter(|row| outcome.institutions.is_empty() && Some(row.month) == last);
    of_year.chain(of_month.flat_map(month)).collect()
}

/// One line that is not in the ledger.
fn line(
    (pool, code, period): (&str, &str, &str),
    role: Role,
    kind: &'static str,
    (label_zh, label_en): (&'static str, &'static str),
    amount: Fen,
) -> StatementLine {
    StatementLine {
        pool: pool.to_owned(),
        fixmedins_code: code.to_owned(),
        role,
        period: period.to_owned(),
        kind,
        label_zh,
        label_en,
        amount,
        clause: String::new(),
        reading: String::new(),
    }
}

fn year(outcome: &Outcome, row: &InstitutionRow) -> Vec<StatementLine> {
    let own = outcome.ledger.iter();
    let own = own.filter(|line| line.pool == row.pool && line.fixmedins_code == row.fixmedins_code);
    let stage = |line: &&LedgerLine| match line.kind {
        kind if kind.is_of_balance() => 2,
        kind if kind >= LineKind::SurplusReturned => 1,
        _ => 0,
    };
    let mut posted: Vec<&LedgerLine> = own.collect();
    // Entitlements period by period; the year end and the balance in the order of the year.
    posted.sort_by_key(|line| match stage(line) {
        0 => (0, Some(&line.period), line.kind, &line.period),
        stage => (stage, None, line.kind, &line.period),
    });
    let place = (row.pool.as_str(), row.fixmedins_code.as_str(), super::YEAR);
    let of_stage = |wanted: i32| {
        let lines = posted.iter().filter(move |line| stage(line) == wanted);
        lines.map(|line| from_ledger(line)).collect::<Vec<_>>()
    };
    let total = |kind, label, amount| line(place, Role::Total, kind, label, amount);
    let booked = ("统筹基金记账金额", "booked by the institution");
    let mut all = vec![line(place, Role::Memo, "booked", booked, row.booked)];
    all.extend(of_stage(0));
    all.push(total("entitlement", ("应得金额", "entitlement"), row.entitlement));
    all.extend(of_stage(1));
    all.push(total("paid", ("年度应付金额", "paid for the year"), row.paid));
    all.extend(of_stage(2));
    all.push(total(
        "balance",
        ("清算应拨付（负数为应收回）", "left to transfer"),
        row.balance.balance,
    ));
    if row.balance.orphan_refunds != Fen::ZERO {
        let label = ("找不到原结算的退费（未计入）", "refunds of what is not there (left out)");
        let back = Fen(row.balance.orphan_refunds.0.saturating_neg());
        let memo = line(place, Role::Memo, "orphan_refund", label, back);
        all.push(StatementLine { reading: "R03".to_owned(), ..memo });
    }
    all
}

fn from_ledger(posted: &LedgerLine) -> StatementLine {
    let place = (posted.pool.as_str(), posted.fixmedins_code.as_str(), posted.period.as_str());
    StatementLine {
        clause: posted.clause.clone(),
        reading: posted.reading.clone(),
        ..line(place, Role::Item, posted.kind.as_str(), labels(posted.kind), posted.amount)
    }
}

/// Lines of the ledger of one pool that are of one kind and stand on one side, or a total over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaLine {
    /// `all`, the insurance type, or a part.
    pub pool: String,
    /// Item or total.
    pub role: Role,
    /// Whether the money is the fund's, not an institution's.
    pub of_fund: bool,
    /// Word of the line, as in the ledger; of a total `paid`, `gross` or `balance`.
    pub kind: &'static str,
    /// Chinese and English label.
    pub labels: (&'static str, &'static str),
    /// Lines of the ledger in it.
    pub lines: usize,
    /// Signed sum.
    pub amount: Fen,
    /// Clause of the first of them, or empty.
    pub clause: String,
    /// Reading or ruling, or empty.
    pub reading: String,
}

/// The ledger of every pool by kind: what institutions are paid, what stays with the fund, and that both
/// come to the money of the pool; then what leads from paid to what is left to transfer.
#[must_use]
pub fn ledger_of_area(outcome: &Outcome) -> Vec<AreaLine> {
    // Pool, then side: institutions up to paid, the fund, the balance.
    let mut sums: BTreeMap<(&str, u8, LineKind), AreaLine> = BTreeMap::new();
    for posted in &outcome.ledger {
        let of_fund = posted.fixmedins_code.is_empty();
        let side = if posted.kind.is_of_balance() { 2 } else { u8::from(of_fund) };
        let sum = sums.entry((&posted.pool, side, posted.kind)).or_insert_with(|| AreaLine {
            pool: posted.pool.clone(),
            role: Role::Item,
            of_fund,
            kind: posted.kind.as_str(),
            labels: labels(posted.kind),
            lines: 0,
            amount: Fen::ZERO,
            clause: posted.clause.clone(),
            reading: posted.reading.clone(),
        });
        sum.lines = sum.lines.saturating_add(1);
        sum.amount = Fen(sum.amount.0.saturating_add(posted.amount.0));
    }
    let totals = [
        ("paid", ("机构应付合计", "paid to institutions")),
        ("gross", ("基金池资金合计", "money of the pool")),
        ("balance", ("清算应拨付合计", "left to transfer")),
    ];
    let mut pools: Vec<&str> = sums.keys().map(|(pool, ..)| *pool).collect();
    pools.dedup();
    let mut all = Vec::new();
    for pool in pools {
        // Paid and fund make the gross; the balance starts again from paid.
        let (mut lines, mut fen, mut paid) = (0usize, 0i64, (0usize, 0i64));
        for (side, (kind, labels)) in totals.into_iter().enumerate() {
            let own =
                sums.iter().filter(|((of, at, _), _)| *of == pool && usize::from(*at) == side);
            if side == 2 {
                (lines, fen) = paid;
            }
            for (_, line) in own {
                lines = lines.saturating_add(line.lines);
                fen = fen.saturating_add(line.amount.0);
                all.push(line.clone());
            }
            if side == 0 {
                paid = (lines, fen);
            }
            all.push(AreaLine {
                pool: pool.to_owned(),
                role: Role::Total,
                of_fund: side == 1,
                kind,
                labels,
                lines,
                amount: Fen(fen),
                clause: String::new(),
                reading: String::new(),
            });
        }
    }
    all
}

fn month(row: &MonthRow) -> Vec<StatementLine> {
    let period = format!("M{:02}", row.month);
    let place = (row.pool.as_str(), row.fixmedins_code.as_str(), period.as_str());
    let memo = |kind, label, amount| line(place, Role::Memo, kind, label, amount);
    let quota = ("全市当月额度", "quota of the area for the month");
    let booked = ("统筹基金记账金额", "booked by the institution");
    let mut all = Vec::new();
    all.extend(row.quota.map(|amount| memo("quota", quota, amount)));
    all.push(memo("booked", booked, row.booked));
    let advance = if row.given {
        ("已预付（以预付表为准）", "advanced, as table `advance` says")
    } else {
        labels(LineKind::MonthlyPayment)
    };
    all.push(line(place, Role::Item, LineKind::MonthlyPayment.as_str(), advance, row.advance));
    if row.retention != Fen::ZERO {
        let label = ("扣留质量保证金", "retention kept back");
        let off = Fen(row.retention.0.saturating_neg());
        all.push(line(place, Role::Item, "retention", label, off));
    }
    all.push(line(place, Role::Total, "paid", ("当月应拨付", "paid for the month"), row.paid));
    all
}

/// One row per scenario and line, in reading order.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> Table {
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by(|one, two| one.scenario.cmp(&two.scenario));
    let rows: Vec<(&str, StatementLine)> = sorted
        .iter()
        .flat_map(|outcome| lines(outcome).into_iter().map(|line| (&*outcome.scenario, line)))
        .collect();
    let text = |of: fn(&StatementLine) -> &str| Column::text(rows.iter().map(|(_, line)| of(line)));
    let mut numbers = Vec::with_capacity(rows.len());
    for (at, (scenario, row)) in rows.iter().enumerate() {
        let same = at.checked_sub(1).and_then(|before| rows.get(before)).is_some_and(|before| {
            before.0 == *scenario
                && before.1.pool == row.pool
                && before.1.fixmedins_code == row.fixmedins_code
        });
        let last: i64 = numbers.last().copied().unwrap_or(0);
        numbers.push(if same { last.saturating_add(1) } else { 1 });
    }
    Table::new("statement")
        .with("scenario", Column::text(rows.iter().map(|(scenario, _)| *scenario)))
        .with("pool", text(|line| &line.pool))
        .with("fixmedins_code", text(|line| &line.fixmedins_code))
        .with("line_number", Column::whole(numbers))
        .with("role", text(|line| line.role.as_str()))
        .with("period", text(|line| &line.period))
        .with("kind", text(|line| line.kind))
        .with("label_zh", text(|line| line.label_zh))
        .with("label_en", text(|line| line.label_en))
        .with("amount_yuan", Column::yuan(rows.iter().map(|(_, line)| line.amount.0)))
        .with("clause", text(|line| &line.clause))
        .with("reading", text(|line| &line.reading))
}
