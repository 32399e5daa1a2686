//! Sums of cases by whom their person is signed with: what head budgets are settled by (R08).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::units::UnitError;

use super::capitation::Cell;
use super::cases::{Cases, UNGROUPED, UNSIGNED};
use super::decide::{CaseClass, Judgement, Pay};
use super::heads::Placing;
use super::outcome::{GroupRow, UNGROUPED_CODE};
use super::pass::{Judge, Sums, TariffSums};
use super::pool::{Pool, Total, fen};
use super::tariff::Tariff;

/// The sums of a pool by contract and institution, placed.
pub(super) fn cells<'a>(
    cases: &Cases,
    pool: &Pool,
    (sums, judged): (&Sums, &TariffSums),
    placing: &Placing<'a>,
) -> Vec<Cell<'a>> {
    let mut placed: BTreeMap<(u32, usize), [Total; 12]> = BTreeMap::new();
    let of_cells = sums.cells.iter().zip(sums.months.iter().zip(&judged.months));
    for (cell, (base, judged)) in of_cells.filter(|(cell, _)| pool.has_insutype(cell.insutype)) {
        let contract = u32::try_from(cell.part).unwrap_or(UNSIGNED);
        let contract = if cell.part == cases.parts.len() { UNSIGNED } else { contract };
        let months = placed.entry((contract, cell.institution)).or_default();
        let month = usize::from(cell.month).saturating_sub(1);
        months[month].add(&Total { base: *base, judged: *judged });
    }
    let cell = |((contract, institution), months)| Cell {
        placed: placing.place(contract, institution),
        months,
    };
    placed.into_iter().map(cell).collect()
}

/// Rows by group of each part of a pool in `year`, ascending by part and code, the ungrouped last. The
/// sums of the pass do not tell groups apart by part, so each case is judged once more.
///
/// # Errors
/// [`UnitError::Overflow`] beyond 64 bits.
pub(super) fn group_rows(
    cases: &Cases,
    year: u16,
    pool: &Pool,
    tariff: &Tariff,
    placing: &Placing<'_>,
) -> Result<Vec<GroupRow>, UnitError> {
    let mut sums: BTreeMap<(&str, u32), Total> = BTreeMap::new();
    let mut judge = Judge::new(tariff, cases);
    let of_year = (0..cases.len()).filter(|row| cases.year[*row] == year);
    for row in of_year.filter(|row| pool.has_insutype(cases.insutype[*row].into())) {
        let (_, judgement) = judge.judge(row);
        let contract = cases.part.get(row).copied().unwrap_or(UNSIGNED);
        let placed = placing.place(contract, cases.institution[row] as usize);
        let sum = sums.entry((placed.part.unwrap_or(&pool.name), cases.group[row])).or_default();
        let judgement = (!placed.role.is_as_booked()).then_some(judgement);
        count(sum, (cases.fee_fen[row], cases.fund_fen[row]), judgement.as_ref());
    }
    let row = |((part, group), total): ((&str, u32), Total)| {
        let code = cases.groups.get(group as usize).filter(|_| group != UNGROUPED);
        Ok(GroupRow {
            pool: part.to_owned(),
            group_code: code.map_or_else(|| UNGROUPED_CODE.to_owned(), Clone::clone),
            cases: total.base.cases,
            cost: fen(total.base.cost)?,
            booked: fen(total.base.booked)?,
            points: total.judged.points,
            low_cases: total.judged.low,
            high_cases: total.judged.high,
        })
    };
    sums.into_iter().map(row).collect()
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
fn count(total: &mut Total, (fee, fund): (i64, i64), judgement: Option<&Judgement>) {
    total.base.cases += 1;
    total.base.cost += i128::from(fee);
    total.base.booked += i128::from(fund);
    let Some(judgement) = judgement else { return };
    if let Pay::Points(points) = judgement.pay {
        total.judged.points += i128::from(points);
    }
    match judgement.class {
        CaseClass::Low => total.judged.low += 1,
        CaseClass::High | CaseClass::Extreme => total.judged.high += 1,
        _ => {}
    }
}
