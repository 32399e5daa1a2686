//! Clearing by drug days: daily standard × days stands in for what cases of a group came to by standard
//! (Y30–Y32, A17, R12, R16, R21).
//!
//! A person's cases paid by standard in groups cleared by days form one chain over the calendar year and
//! all institutions, by date of begin, then `setl_id`. The days from a case to the next belong to the
//! first, to its institution, group and the month it was settled in; so a gap over the end of a clearing
//! period belongs to the period of its first case. Per pool and period:
//!
//! - daily standard of a group = Σ drug lines ÷ Σ days of all its cases, exact;
//! - day base of an institution = Σ over groups: daily × own days × (own Σ fund ÷ own Σ fee), rounded to
//!   the fen once;
//! - a group without days is cleared by standard (`zero_days`, A53).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::policy::model::{ClearingDays, DaysMethod};
use crate::units::{Fen, Ratio, UnitError, fraction, ratio, to_decimal};

use super::cases::Cases;
use super::decide::{CaseView, Pay, decide};
use super::error::Error;
use super::pool::{Period, Pool, fen};
use super::tariff::Tariff;

/// Sums of the cases of one insurance type, institution, month and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cell {
    cases: i64,
    days: i128,
    drug: i128,
    fund: i128,
    fee: i128,
    standard: i128,
}

/// By insurance type, institution, month and group.
pub(super) type Cells = BTreeMap<(u8, u32, u8, u32), Cell>;

/// One institution and group cleared by days, in a pool and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// `all`, or the insurance type.
    pub pool: String,
    /// Clearing period.
    pub period: String,
    /// The group.
    pub group_code: String,
    /// The institution; empty: all of them.
    pub fixmedins_code: String,
    /// Cases paid by standard.
    pub cases: i64,
    /// Days from these cases to the next ones.
    pub days: i64,
    /// Σ drug lines of the cases.
    pub drug: Fen,
    /// Σ drug ÷ Σ days of the group, yuan a day, printed with 4 places; `None` without days (A53).
    pub daily: Option<Decimal>,
    /// Σ fund ÷ Σ fee, printed with 4 places; `None` without a fee.
    pub ratio: Option<Decimal>,
    /// What the cases came to by standard.
    pub standard: Fen,
    /// What stands in for it, rounded for reading: an institution's groups are rounded together
    /// (R21). `None` where the group is cleared by standard.
    pub day_base: Option<Fen>,
}

/// One case of a chain.
struct Link {
    row: usize,
    key: (u8, u32, u8, u32),
    standard: i64,
}

/// Sums the cases of the year that are cleared by days.
///
/// # Errors
/// [`Error::Columns`], [`Error::CaseIds`] where the columns that say person, day and drugs are missing.
pub(super) fn sum(
    cases: &Cases,
    year: u16,
    tariff: &Tariff,
    rule: &ClearingDays,
) -> Result<Cells, Error> {
    check_columns(cases)?;
    let by_days: Vec<bool> =
        cases.groups.iter().map(|code| rule.groups.binary_search(code).is_ok()).collect();
    let is_by_days = |group: u32| by_days.get(group as usize).copied().unwrap_or(false);
    let mut links: Vec<Link> = (0..cases.len())
        .filter(|row| cases.year[*row] == year && is_by_days(cases.group[*row]))
        .filter_map(|row| {
            let Pay::Standard(standard) = decide(tariff, &CaseView::of(cases, row)).pay else {
                return None;
            };
            let place = (cases.insutype[row], cases.institution[row]);
            let key = (place.0, place.1, cases.month[row], cases.group[row]);
            Some(Link { row, key, standard })
        })
        .collect();
    let order = |link: &Link| (cases.person[link.row], cases.begin_day[link.row]);
    links.sort_unstable_by(|one, two| {
        let by_id = || cases.case_id[one.row].cmp(&cases.case_id[two.row]);
        order(one).cmp(&order(two)).then_with(by_id)
    });
    let mut cells = Cells::new();
    for (at, link) in links.iter().enumerate() {
        let next = links.get(at.saturating_add(1)).map(|next| next.row);
        let days = days_of(cases, rule.method, link.row, next);
        cells.entry(link.key).or_default().count(cases, link, days);
    }
    Ok(cells)
}

fn check_columns(cases: &Cases) -> Result<(), Error> {
    let rows = cases.len();
    for (column, length) in [
        ("person", cases.person.len()),
        ("begin_day", cases.begin_day.len()),
        ("prd_days", cases.prd_days.len()),
        ("drug_fen", cases.drug_fen.len()),
    ] {
        if length != rows {
            return Err(Error::Columns { column, row: length.min(rows) });
        }
    }
    let with_id = cases.case_id.texts().filter(|id| !id.is_empty()).count();
    if with_id == rows { Ok(()) } else { Err(Error::CaseIds { cases: rows, with_id }) }
}

/// The days that belong to a case (A17): to the next case of the same person, none for the last.
fn days_of(cases: &Cases, method: DaysMethod, row: usize, next: Option<usize>) -> i128 {
    let next = next.filter(|next| cases.person[*next] == cases.person[row]);
    let supply = i128::from(cases.prd_days[row]);
    let gap = next.map(|next| {
        let (from, to) = (cases.begin_day[row], cases.begin_day[next]);
        i128::from(to).saturating_sub(i128::from(from))
    });
    match (method, gap) {
        (DaysMethod::Literal | DaysMethod::IncludeLast, Some(gap)) => gap,
        (DaysMethod::IncludeLast, None) => supply,
        // A supply that was not exported limits nothing.
        (DaysMethod::CapPrdDays, Some(gap)) if supply > 0 => gap.min(supply),
        (DaysMethod::CapPrdDays, Some(gap)) => gap,
        (DaysMethod::Literal | DaysMethod::CapPrdDays, None) => 0,
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
impl Cell {
    fn count(&mut self, cases: &Cases, link: &Link, days: i128) {
        self.cases += 1;
        self.days += days;
        self.drug += i128::from(cases.drug_fen[link.row]);
        self.fund += i128::from(cases.fund_fen[link.row]);
        self.fee += i128::from(cases.fee_fen[link.row]);
        self.standard += i128::from(link.standard);
    }

    fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.days += other.days;
        self.drug += other.drug;
        self.fund += other.fund;
        self.fee += other.fee;
        self.standard += other.standard;
    }

    /// Σ fund ÷ Σ fee.
    fn ratio(&self) -> Option<Ratio> {
        fraction(self.fund, self.fee)
    }
}

/// What days change in one pool and period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Days {
    /// Day base − what it stands in for, by institution.
    pub(super) changes: BTreeMap<String, Fen>,
    /// For the table `days`.
    pub(super) rows: Vec<DayRow>,
}

/// The day bases of a pool in a period.
pub(super) fn of_period(
    cases: &Cases,
    cells: &Cells,
    pool: &Pool,
    (period, months): &Period,
) -> Result<Days, UnitError> {
    // By group, then institution.
    let mut own: BTreeMap<(u32, u32), Cell> = BTreeMap::new();
    let mut all: BTreeMap<u32, Cell> = BTreeMap::new();
    for ((insutype, institution, month, group), cell) in cells {
        if pool.takes(*insutype) && months.contains(&usize::from(*month)) {
            own.entry((*group, *institution)).or_default().add(cell);
            all.entry(*group).or_default().add(cell);
        }
    }
    let mut exact: BTreeMap<u32, (Ratio, i128)> = BTreeMap::new();
    let mut days = Days::default();
    let place = (pool.name.as_str(), *period);
    for (group, sum) in &all {
        let code = cases.groups[*group as usize].as_str();
        let daily = fraction(sum.drug, sum.days);
        let mut total = (ratio(0), false);
        let first = days.rows.len();
        for ((_, institution), cell) in own.range((*group, 0)..=(*group, u32::MAX)) {
            let base = daily
                .as_ref()
                .zip(cell.ratio())
                .map(|(daily, share)| daily * share * ratio(cell.days));
            if let Some(base) = &base {
                let (bases, replaced) = exact.entry(*institution).or_insert((ratio(0), 0));
                *bases += base;
                *replaced = replaced.saturating_add(cell.standard);
                total = (total.0 + base, true);
            }
            let code_of = cases.institutions[*institution as usize].as_str();
            days.rows.push(row(place, (code, code_of), cell, daily.as_ref(), base.as_ref())?);
        }
        let base = total.1.then_some(total.0);
        days.rows.insert(first, row(place, (code, ""), sum, daily.as_ref(), base.as_ref())?);
    }
    for (institution, (base, replaced)) in exact {
        let code = cases.institutions[institution as usize].clone();
        let change = i128::from(Fen::nearest(&base)?.0).saturating_sub(replaced);
        days.changes.insert(code, fen(change)?);
    }
    Ok(days)
}

fn row(
    (pool, period): (&str, &str),
    (group, institution): (&str, &str),
    cell: &Cell,
    daily: Option<&Ratio>,
    base: Option<&Ratio>,
) -> Result<DayRow, UnitError> {
    Ok(DayRow {
        pool: pool.to_owned(),
        period: period.to_owned(),
        group_code: group.to_owned(),
        fixmedins_code: institution.to_owned(),
        cases: cell.cases,
        days: fen(cell.days)?.0,
        drug: fen(cell.drug)?,
        daily: daily.and_then(|daily| to_decimal(&(daily / ratio(100)), 4)),
        ratio: cell.ratio().and_then(|ratio| to_decimal(&ratio, 4)),
        standard: fen(cell.standard)?,
        day_base: base.map(Fen::nearest).transpose()?,
    })
}
