//! The one pass over the cases: sums by institution and month, and by group, for every tariff at
//! once.
//!
//! All sums are whole numbers, so they do not depend on the order of the rows or on the threads.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::num::NonZeroUsize;

use super::cases::{Cases, UNGROUPED};
use super::decide::{CaseClass, CaseView, Pay, Refusal, decide};
use super::error::Error;
use super::tariff::Tariff;

/// Rows judged under one tariff before the next has its turn. Large, because the sums of a tariff
/// are hit at random and have to come back into the cache at each turn, while columns are read in
/// order.
const BLOCK: usize = 1 << 18;

/// What cases are, whatever the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Base {
    pub(super) cases: i64,
    pub(super) cost: i128,
    pub(super) booked: i128,
}

/// What cases come to under one tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Judged {
    /// Millionths of a point.
    pub(super) points: i128,
    /// Pay by standard, in fen.
    pub(super) standard: i128,
    /// Fund of cases paid as booked, by [`item_line`].
    pub(super) item: [i128; 4],
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) ungrouped: i64,
}

/// What a group comes to under one tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct JudgedGroup {
    pub(super) points: i128,
    pub(super) low: i64,
    pub(super) high: i64,
}

/// Position in [`Judged::item`] of a case paid as booked.
pub(super) fn item_line(class: CaseClass) -> usize {
    match class {
        CaseClass::ZeroFee => 0,
        CaseClass::Low => 1,
        CaseClass::High => 3,
        CaseClass::Normal
        | CaseClass::Late
        | CaseClass::Unusable
        | CaseClass::Unit
        | CaseClass::Ungrouped => 2,
    }
}

/// The sums of one tariff.
#[derive(Debug, Clone)]
pub(super) struct TariffSums {
    /// By insurance type, institution and month.
    pub(super) months: Vec<Judged>,
    /// By insurance type and group.
    pub(super) groups: Vec<JudgedGroup>,
    /// The first case that cannot be paid, by reason, group and month.
    pub(super) refused: Option<(Refusal, u32, u8)>,
}

/// The sums of all tariffs.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    /// By insurance type, institution and month.
    pub(super) months: Vec<Base>,
    /// By insurance type and group.
    pub(super) groups: Vec<Base>,
    pub(super) tariffs: Vec<TariffSums>,
}

/// Lengths of the lists that the case columns index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) insutypes: usize,
    pub(super) institutions: usize,
    /// One more than the groups: the last is for the ungrouped.
    pub(super) groups: usize,
}

#[expect(clippy::arithmetic_side_effects, reason = "indexes into tables of that size; no money")]
impl Shape {
    pub(super) fn of(cases: &Cases) -> Self {
        Self {
            insutypes: cases.insutypes.len(),
            institutions: cases.institutions.len(),
            groups: cases.groups.len() + 1,
        }
    }

    #[inline]
    pub(super) fn month_at(self, insutype: usize, institution: usize, month: usize) -> usize {
        (insutype * self.institutions + institution) * 12 + month - 1
    }

    #[inline]
    pub(super) fn group_at(self, insutype: usize, group: usize) -> usize {
        insutype * self.groups + group
    }

    fn months(self) -> usize {
        self.insutypes * self.institutions * 12
    }

    fn by_group(self) -> usize {
        self.insutypes * self.groups
    }
}

/// Sums the cases of `year` under every tariff. The columns have passed [`check_columns`].
pub(super) fn sum(cases: &Cases, year: u16, tariffs: &[Tariff], threads: NonZeroUsize) -> Sums {
    let parts = threads.get().min(cases.len()).max(1);
    let length = cases.len().div_ceil(parts).max(1);
    let rows: Vec<_> = (0..parts)
        .map(|part| {
            let first = part.saturating_mul(length).min(cases.len());
            first..first.saturating_add(length).min(cases.len())
        })
        .collect();
    let work = |rows: std::ops::Range<usize>| sum_rows(cases, year, tariffs, rows);
    let Some((own, others)) = rows.split_first() else { return work(0..0) };
    std::thread::scope(|scope| {
        let others: Vec<_> =
            others.iter().cloned().map(|rows| scope.spawn(move || work(rows))).collect();
        let mut sums = work(own.clone());
        for other in others {
            match other.join() {
                Ok(part) => sums.add(&part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sums
    })
}

fn sum_rows(cases: &Cases, year: u16, tariffs: &[Tariff], rows: std::ops::Range<usize>) -> Sums {
    let shape = Shape::of(cases);
    let mut sums = Sums {
        months: vec![Base::default(); shape.months()],
        groups: vec![Base::default(); shape.by_group()],
        tariffs: vec![
            TariffSums {
                months: vec![Judged::default(); shape.months()],
                groups: vec![JudgedGroup::default(); shape.by_group()],
                refused: None,
            };
            tariffs.len()
        ],
    };
    let mut first = rows.start;
    while first < rows.end {
        let end = first.saturating_add(BLOCK).min(rows.end);
        for row in (first..end).filter(|row| cases.year[*row] == year) {
            let (month, group) = places(cases, shape, row);
            for base in [&mut sums.months[month], &mut sums.groups[group]] {
                base.count(cases.fee_fen[row], cases.fund_fen[row]);
            }
        }
        for (tariff, of_tariff) in tariffs.iter().zip(&mut sums.tariffs) {
            for row in (first..end).filter(|row| cases.year[*row] == year) {
                of_tariff.judge(tariff, &CaseView::of(cases, row), places(cases, shape, row));
            }
        }
        first = end;
    }
    sums
}

/// Where a case stands in the sums by month and by group.
#[inline]
fn places(cases: &Cases, shape: Shape, row: usize) -> (usize, usize) {
    let insutype = usize::from(cases.insutype[row]);
    let group = cases.group[row];
    let group = if group == UNGROUPED { shape.groups.saturating_sub(1) } else { group as usize };
    (
        shape.month_at(insutype, cases.institution[row] as usize, cases.month[row].into()),
        shape.group_at(insutype, group),
    )
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
impl Base {
    #[inline]
    fn count(&mut self, fee_fen: i64, fund_fen: i64) {
        self.cases += 1;
        self.cost += i128::from(fee_fen);
        self.booked += i128::from(fund_fen);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.cost += other.cost;
        self.booked += other.booked;
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
impl Judged {
    pub(super) fn add(&mut self, other: &Self) {
        self.points += other.points;
        self.standard += other.standard;
        for (own, more) in self.item.iter_mut().zip(other.item) {
            *own += more;
        }
        self.low += other.low;
        self.high += other.high;
        self.ungrouped += other.ungrouped;
    }

    /// I: everything paid as booked.
    pub(super) fn item_paid(&self) -> i128 {
        self.item.iter().sum()
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
impl JudgedGroup {
    pub(super) fn add(&mut self, other: &Self) {
        self.points += other.points;
        self.low += other.low;
        self.high += other.high;
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
impl TariffSums {
    #[inline]
    fn judge(&mut self, tariff: &Tariff, case: &CaseView, (month, group): (usize, usize)) {
        let judgement = decide(tariff, case);
        let (by_month, by_group) = (&mut self.months[month], &mut self.groups[group]);
        match judgement.pay {
            Pay::Points(points) => {
                by_month.points += i128::from(points);
                by_group.points += i128::from(points);
            }
            Pay::Standard(fen) => by_month.standard += i128::from(fen),
            Pay::Booked(fen) => by_month.item[item_line(judgement.class)] += i128::from(fen),
            Pay::Refused(refusal) => {
                let here = (refusal, case.group, case.month);
                self.refused = Some(self.refused.map_or(here, |known| known.min(here)));
            }
        }
        match judgement.class {
            CaseClass::Low => {
                by_month.low += 1;
                by_group.low += 1;
            }
            CaseClass::High => {
                by_month.high += 1;
                by_group.high += 1;
            }
            CaseClass::Ungrouped => by_month.ungrouped += 1,
            _ => {}
        }
    }
}

impl Sums {
    fn add(&mut self, other: &Self) {
        for (own, more) in self.months.iter_mut().zip(&other.months) {
            own.add(more);
        }
        for (own, more) in self.groups.iter_mut().zip(&other.groups) {
            own.add(more);
        }
        for (own, more) in self.tariffs.iter_mut().zip(&other.tariffs) {
            for (own, more) in own.months.iter_mut().zip(&more.months) {
                own.add(more);
            }
            for (own, more) in own.groups.iter_mut().zip(&more.groups) {
                own.add(more);
            }
            own.refused = match (own.refused, more.refused) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            };
        }
    }
}

/// Checks that the columns are equally long, that every index and month is in range and that the
/// lists of codes ascend, so that nothing later depends on luck.
///
/// # Errors
/// [`Error::Columns`] naming the column and the row.
pub(super) fn check_columns(cases: &Cases) -> Result<(), Error> {
    let rows = cases.len();
    let wrong = |column, row| Err(Error::Columns { column, row });
    for (column, length) in [
        ("institution", cases.institution.len()),
        ("group", cases.group.len()),
        ("insutype", cases.insutype.len()),
        ("year", cases.year.len()),
        ("month", cases.month.len()),
        ("inscope_fen", cases.inscope_fen.len()),
        ("fund_fen", cases.fund_fen.len()),
        ("flags", cases.flags.len()),
    ] {
        if length != rows {
            return wrong(column, length.min(rows));
        }
    }
    for (column, codes) in [
        ("institutions", &cases.institutions),
        ("groups", &cases.groups),
        ("insutypes", &cases.insutypes),
    ] {
        if let Some(row) = codes.windows(2).position(|pair| pair[0] >= pair[1]) {
            return wrong(column, row);
        }
    }
    let institutions = u32::try_from(cases.institutions.len()).unwrap_or(u32::MAX);
    let groups = u32::try_from(cases.groups.len()).unwrap_or(u32::MAX);
    let bad = cases.institution.iter().position(|institution| *institution >= institutions);
    if let Some(row) = bad {
        return wrong("institution", row);
    }
    let bad = cases.group.iter().position(|group| *group >= groups && *group != UNGROUPED);
    if let Some(row) = bad {
        return wrong("group", row);
    }
    let bad = cases.insutype.iter().position(|at| usize::from(*at) >= cases.insutypes.len());
    if let Some(row) = bad {
        return wrong("insutype", row);
    }
    if ![0, rows].contains(&cases.unit_days.len()) {
        return wrong("unit_days", cases.unit_days.len().min(rows));
    }
    match cases.month.iter().position(|month| !(1..=12).contains(month)) {
        Some(row) => wrong("month", row),
        None => Ok(()),
    }
}
