//! Sums of cases by whom their person is signed with: what head budgets are settled by (R08).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::units::UnitError;

use super::capitation::Cell;
use super::cases::{Cases, UNSIGNED};
use super::decide::{CaseClass, CaseView, Judgement, Pay, decide};
use super::heads::Placing;
use super::outcome::{GroupRow, UNGROUPED_CODE};
use super::pass::item_line;
use super::pool::{Pool, Total, fen};
use super::tariff::Tariff;

/// The cases of one pool.
#[derive(Debug, Default)]
pub(super) struct Summed<'a> {
    /// By contract and institution, placed.
    pub(super) cells: Vec<Cell<'a>>,
    /// By part and group; the ungrouped are last of a part.
    groups: BTreeMap<(Option<&'a str>, u32), Total>,
}

/// Sums the cases of a pool in `year`.
pub(super) fn sum<'a>(
    cases: &Cases,
    year: u16,
    pool: &Pool,
    tariff: &Tariff,
    placing: &Placing<'a>,
) -> Summed<'a> {
    let mut sums: BTreeMap<(u32, u32), [Total; 12]> = BTreeMap::new();
    let mut groups: BTreeMap<(Option<&str>, u32), Total> = BTreeMap::new();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == year) {
        if !pool.has_insutype(cases.insutype[row].into()) {
            continue;
        }
        let contract = cases.part.get(row).copied().unwrap_or(UNSIGNED);
        let months = sums.entry((contract, cases.institution[row])).or_default();
        let month = usize::from(cases.month[row]).saturating_sub(1);
        let judgement = decide(tariff, &CaseView::of(cases, row));
        let mut total = Total::default();
        count(&mut total, (cases.fee_fen[row], cases.fund_fen[row]), &judgement);
        months[month].add(&total);
        let placed = placing.place(contract, cases.institution[row] as usize);
        if placed.role.is_as_booked() {
            total.judged.points = 0;
        }
        groups.entry((placed.part, cases.group[row])).or_default().add(&total);
    }
    let place = |contract, institution| placing.place(contract, institution as usize);
    let cells = sums
        .into_iter()
        .map(|((contract, at), months)| Cell { placed: place(contract, at), months })
        .collect();
    Summed { cells, groups }
}

impl Summed<'_> {
    /// The rows by group, ascending by part and code; parts without a name are the pool `pool`.
    pub(super) fn group_rows(&self, cases: &Cases, pool: &str) -> Result<Vec<GroupRow>, UnitError> {
        let code = |group: u32| cases.groups.get(group as usize).map(String::as_str);
        let row = |((part, group), total): (&(Option<&str>, u32), &Total)| {
            Ok(GroupRow {
                pool: part.unwrap_or(pool).to_owned(),
                group_code: code(*group).unwrap_or(UNGROUPED_CODE).to_owned(),
                cases: total.base.cases,
                cost: fen(total.base.cost)?,
                booked: fen(total.base.booked)?,
                points: total.judged.points,
                low_cases: total.judged.low,
                high_cases: total.judged.high,
            })
        };
        self.groups.iter().map(row).collect()
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
fn count(total: &mut Total, (fee, fund): (i64, i64), judgement: &Judgement) {
    let (base, judged) = (&mut total.base, &mut total.judged);
    base.cases += 1;
    base.cost += i128::from(fee);
    base.booked += i128::from(fund);
    match judgement.pay {
        Pay::Points(points) => judged.points += i128::from(points),
        Pay::Standard(fen) => judged.standard += i128::from(fen),
        Pay::Booked(fen) => judged.item[item_line(judgement.class)] += i128::from(fen),
        Pay::Refused(_) => {}
    }
    match judgement.class {
        CaseClass::Low => judged.low += 1,
        CaseClass::High => judged.high += 1,
        CaseClass::Ungrouped => judged.ungrouped += 1,
        _ => {}
    }
}
