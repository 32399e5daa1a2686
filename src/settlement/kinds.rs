//! The cases of the year settled, those of one kind together.
//!
//! Cases of one kind have the same segments, so the pass looks them up once for a run of cases and not
//! for each. Their order has no influence on any result.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use foldhash::HashMap;

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
    ///
    /// The cases are walked through in their order, and each goes to its place at once: a walk in the
    /// order of the kinds would wait for memory at every column.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "positions in lists of that length; no money"
    )]
    pub(super) fn of(cases: &Cases, year: u16, by_month: bool) -> Self {
        let of_year = || (0..cases.len()).filter(|row| cases.year[*row] == year);
        let mut numbers: HashMap<u128, u32> = HashMap::default();
        let mut many: Vec<usize> = Vec::new();
        let number = |row: usize| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(key(&kind_of(cases, row, by_month))).or_insert(next);
            if number == next {
                many.push(0);
            }
            many[number as usize] += 1;
            number
        };
        let number_of: Vec<u32> = of_year().map(number).collect();
        let (cells, cell_of) = cells(cases, of_year());
        let mut sorted: Vec<(u128, u32)> = numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut starts = vec![0; many.len()];
        let mut ends = Vec::with_capacity(many.len());
        let mut end = 0;
        for (_, number) in sorted {
            let many = many[number as usize];
            starts[number as usize] = end;
            end += many;
            ends.push((end - many, end));
        }
        let (mut rows, mut cell) = (vec![0; end], vec![0; end]);
        for ((row, number), of_row) in of_year().zip(number_of).zip(cell_of) {
            let place = &mut starts[number as usize];
            rows[*place] = u32::try_from(row).unwrap_or(u32::MAX);
            cell[*place] = of_row;
            *place += 1;
        }
        let run = |(first, end): (usize, usize)| {
            let kind = kind_of(cases, rows[first] as usize, by_month);
            Run { kind, first, end }
        };
        let runs = ends.into_iter().map(run).collect();
        Self { rows, runs, cells, cell }
    }
}

/// The kind of a row, apart from what a tariff sees in it.
fn kind_of(cases: &Cases, row: usize, by_month: bool) -> Kind {
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

/// A kind as one number: what has one price stands together, groups first.
fn key(kind: &Kind) -> u128 {
    u128::from(kind.group) << 96
        | u128::from(kind.institution) << 64
        | u128::from(kind.auxiliary) << 32
        | u128::from(kind.discipline) << 16
        | u128::from(kind.flags) << 8
        | u128::from(kind.month)
}

/// The cells that have cases, and that of each row.
#[expect(clippy::arithmetic_side_effects, reason = "an index into a table of that size; no money")]
fn cells(cases: &Cases, rows: impl Iterator<Item = usize>) -> (Vec<Cell>, Vec<u32>) {
    let parts = cases.parts.len() + 1;
    let width = cases.insutypes.len() * parts * 12;
    let part = |row: usize| match cases.part.get(row) {
        Some(&part) if part != UNSIGNED => part as usize,
        _ => parts - 1,
    };
    let place = |row: usize| {
        let insutype = usize::from(cases.insutype[row]);
        (cases.institution[row] as usize * width)
            + (insutype * parts + part(row)) * 12
            + usize::from(cases.month[row])
            - 1
    };
    let mut numbers = vec![UNGROUPED; cases.institutions.len() * width];
    let number = |row: usize| {
        let place = place(row);
        numbers[place] = 0;
        u32::try_from(place).unwrap_or(u32::MAX)
    };
    let mut of_row: Vec<u32> = rows.map(number).collect();
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
    for place in &mut of_row {
        *place = numbers[*place as usize];
    }
    (cells, of_row)
}
