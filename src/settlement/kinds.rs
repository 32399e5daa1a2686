//! The cases of the year settled, those of one kind together.
//!
//! Cases of one kind have the same segments, so the pass looks them up once for a run of cases and not
//! for each. The order is made by counting sorts and has no influence on any result.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use super::cases::{Cases, UNGROUPED, UNSIGNED};
use super::tariff::Kind;

/// Where money and points are summed: an institution's cases of one insurance type, part and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    /// Index into [`Cases::institutions`].
    pub(super) institution: usize,
    /// Index into [`Cases::insutypes`].
    pub(super) insutype: usize,
    /// Index into [`Cases::parts`]; one more than the last where nobody is signed (R08), and everywhere
    /// where parts were not asked for.
    pub(super) part: usize,
    /// 1 to 12.
    pub(super) month: u8,
}

/// Cases of one kind, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The kind, as far as it does not depend on the tariff.
    pub(super) kind: Kind,
    pub(super) first: usize,
    pub(super) end: usize,
}

/// The order and the cells of the cases of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kinds {
    /// Rows of the year, cases of one kind together.
    pub(super) rows: Vec<u32>,
    /// Runs of one kind, in the order of `rows`.
    pub(super) runs: Vec<Run>,
    /// Cells with cases, ascending.
    pub(super) cells: Vec<Cell>,
    /// Index into `cells`, by position in `rows`.
    pub(super) cell: Vec<u32>,
}

impl Kinds {
    /// Sorts the rows of `year`; by month too where prices change within the year.
    pub(super) fn of(cases: &Cases, year: u16, by_month: bool) -> Self {
        let rows = (0..cases.len()).filter(|row| cases.year[*row] == year);
        let mut rows: Vec<u32> = rows.map(|row| u32::try_from(row).unwrap_or(u32::MAX)).collect();
        let at = |row: u32| row as usize;
        // From the least to the most significant: the sorts are stable.
        if by_month {
            sort(&mut rows, 13, |row| cases.month[at(row)].into());
        }
        sort(&mut rows, 256, |row| (cases.flags[at(row)] & Kind::FLAGS).into());
        let last = cases.auxiliaries.len();
        if !cases.auxiliary.is_empty() {
            let key = |row: u32| (cases.auxiliary[at(row)] as usize).min(last);
            sort(&mut rows, last.saturating_add(1), key);
        }
        let last = cases.disciplines.len();
        if !cases.discipline.is_empty() {
            let key = |row: u32| usize::from(cases.discipline[at(row)]).min(last);
            sort(&mut rows, last.saturating_add(1), key);
        }
        sort(&mut rows, cases.institutions.len(), |row| cases.institution[at(row)] as usize);
        let last = cases.groups.len();
        let group = |row: u32| (cases.group[at(row)] as usize).min(last);
        sort(&mut rows, last.saturating_add(1), group);
        let runs = runs(cases, &rows, by_month);
        let (cells, cell) = cells(cases, &rows);
        Self { rows, runs, cells, cell }
    }
}

/// A stable counting sort by a key below `keys`.
#[expect(clippy::arithmetic_side_effects, reason = "positions in a list of that length; no money")]
fn sort(rows: &mut Vec<u32>, keys: usize, key: impl Fn(u32) -> usize) {
    let mut starts = vec![0usize; keys + 1];
    for row in rows.iter() {
        starts[key(*row) + 1] += 1;
    }
    if starts.contains(&rows.len()) {
        // All in one place: nothing to sort by.
        return;
    }
    for at in 0..keys {
        starts[at + 1] += starts[at];
    }
    let mut sorted = vec![0; rows.len()];
    for row in rows.iter() {
        let start = &mut starts[key(*row)];
        sorted[*start] = *row;
        *start += 1;
    }
    *rows = sorted;
}

fn runs(cases: &Cases, rows: &[u32], by_month: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (position, row) in rows.iter().enumerate() {
        let kind = kind_of(cases, *row as usize, by_month);
        match runs.last_mut() {
            Some(run) if run.kind == kind => run.end = position.saturating_add(1),
            _ => runs.push(Run { kind, first: position, end: position.saturating_add(1) }),
        }
    }
    runs
}

/// The kind of a row, apart from what a tariff sees in it.
fn kind_of(cases: &Cases, row: usize, by_month: bool) -> Kind {
    // Rows come in any order: each column that is not looked at saves a walk through memory.
    Kind {
        group: cases.group[row],
        month: if by_month { cases.month[row] } else { 1 },
        institution: cases.institution[row],
        discipline: cases.discipline.get(row).copied().unwrap_or(u16::MAX),
        auxiliary: cases.auxiliary.get(row).copied().unwrap_or(UNGROUPED),
        flags: cases.flags[row] & Kind::FLAGS,
        above_self_paid_limit: false,
    }
}

/// The cells that have cases, and that of each position.
#[expect(clippy::arithmetic_side_effects, reason = "an index into a table of that size; no money")]
fn cells(cases: &Cases, rows: &[u32]) -> (Vec<Cell>, Vec<u32>) {
    let parts = cases.parts.len() + 1;
    let width = cases.insutypes.len() * parts * 12;
    let part = |row: usize| match cases.part.get(row) {
        Some(&part) if part != UNSIGNED => part as usize,
        _ => parts - 1,
    };
    let place = |row: u32| {
        let row = row as usize;
        let insutype = usize::from(cases.insutype[row]);
        (cases.institution[row] as usize * width)
            + (insutype * parts + part(row)) * 12
            + usize::from(cases.month[row])
            - 1
    };
    let mut numbers = vec![UNGROUPED; cases.institutions.len() * width];
    // Rows come in any order: what they are is looked at once.
    let places: Vec<usize> = rows.iter().map(|row| place(*row)).collect();
    for place in &places {
        numbers[*place] = 0;
    }
    let mut cells = Vec::new();
    for (at, number) in numbers.iter_mut().enumerate().filter(|(_, number)| **number == 0) {
        *number = u32::try_from(cells.len()).unwrap_or(u32::MAX);
        let inner = at % width;
        cells.push(Cell {
            institution: at.div_euclid(width),
            insutype: inner.div_euclid(parts * 12),
            part: inner.div_euclid(12) % parts,
            month: u8::try_from(at % 12 + 1).unwrap_or(12),
        });
    }
    let cell = places.into_iter().map(|place| numbers[place]).collect();
    (cells, cell)
}
