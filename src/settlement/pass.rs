//! The one pass over the cases: sums by institution, insurance type, part and month, and by group, for
//! every tariff at once.
//!
//! All sums are whole numbers, so they do not depend on the order of the rows or on the threads.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::num::NonZeroUsize;

use foldhash::HashMap;

use crate::threads::side_by_side;

use super::cases::{Cases, UNGROUPED};
use super::decide::{Amounts, CaseClass, CaseView, Judgement, Pay, Refusal, decide, judge};
use super::error::Error;
use super::kinds::{Cell, Kinds, Run};
use super::segments::Segments;
use super::tariff::{Kind, Tariff};

/// Rows judged under one tariff before the next has its turn. Large, because the sums of a tariff
/// are hit at random and have to come back into the cache at each turn, while rows are read in order.
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
    /// Fund of cases paid as booked, by [`item_line`], and of carved-out lines, at [`CARVED`].
    pub(super) item: [i128; ITEMS],
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

/// Kinds of money paid as booked.
pub(super) const ITEMS: usize = 6;

/// Position in [`Judged::item`] of what is paid for lines carved out of a fee (A47).
pub(super) const CARVED: usize = 5;

/// Position in [`Judged::item`] of a case paid as booked.
pub(super) fn item_line(class: CaseClass) -> usize {
    match class {
        CaseClass::ZeroFee => 0,
        CaseClass::Low => 1,
        CaseClass::High | CaseClass::Extreme => 3,
        CaseClass::Special => 4,
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
    /// By cell.
    pub(super) months: Vec<Judged>,
    /// By insurance type and group.
    pub(super) groups: Vec<JudgedGroup>,
    /// The first case that cannot be paid, by reason, group and month.
    pub(super) refused: Option<(Refusal, u32, u8)>,
}

/// The sums of all tariffs.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    /// The cells that have cases, ascending.
    pub(super) cells: Vec<Cell>,
    /// By cell.
    pub(super) months: Vec<Base>,
    /// By insurance type and group.
    pub(super) groups: Vec<Base>,
    pub(super) tariffs: Vec<TariffSums>,
}

/// Lengths of the lists that the case columns index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) insutypes: usize,
    /// One more than the groups: the last is for the ungrouped.
    pub(super) groups: usize,
}

#[expect(clippy::arithmetic_side_effects, reason = "indexes into tables of that size; no money")]
impl Shape {
    pub(super) fn of(cases: &Cases) -> Self {
        Self { insutypes: cases.insutypes.len(), groups: cases.groups.len() + 1 }
    }

    #[inline]
    pub(super) fn group_at(self, insutype: usize, group: u32) -> usize {
        let group = if group == UNGROUPED { self.groups - 1 } else { group as usize };
        insutype * self.groups + group
    }

    fn by_group(self) -> usize {
        self.insutypes * self.groups
    }
}

/// Sums the cases of `year` under every tariff. The columns have passed [`check_columns`].
pub(super) fn sum(cases: &Cases, year: u16, tariffs: &[Tariff], threads: NonZeroUsize) -> Sums {
    let kinds = Kinds::of(cases, year, tariffs.iter().any(Tariff::by_month));
    let marked = marked(cases, tariffs);
    let part = Part { cases, kinds: &kinds, marked: &marked, tariffs, shape: Shape::of(cases) };
    let chunks = chunks(&kinds, threads.get());
    let mut sums = side_by_side(&chunks, threads, |runs| part.sum(runs)).into_iter();
    let Some(mut all) = sums.next() else { return part.sum(&[]) };
    for more in sums {
        all.add(&more);
    }
    all
}

/// Rows that experts decided on under some tariff; empty where there are none.
fn marked(cases: &Cases, tariffs: &[Tariff]) -> Vec<bool> {
    let mut marked = Vec::new();
    for row in tariffs.iter().flat_map(Tariff::special_rows) {
        marked.resize(cases.len(), false);
        marked[row as usize] = true;
    }
    marked
}

/// The runs in pieces of a block's length, for each thread as many rows.
fn chunks(kinds: &Kinds, threads: usize) -> Vec<Vec<Run>> {
    let each = kinds.rows.len().div_ceil(threads.max(1)).max(1);
    let mut chunks: Vec<Vec<Run>> = Vec::new();
    for run in &kinds.runs {
        let mut first = run.first;
        while first < run.end {
            let chunk = first.div_euclid(each);
            let end = run.end.min(chunk.saturating_add(1).saturating_mul(each));
            chunks.resize(chunks.len().max(chunk.saturating_add(1)), Vec::new());
            chunks[chunk].push(Run { first, end, ..*run });
            first = end;
        }
    }
    chunks
}

/// A row as the pass reads it.
#[derive(Debug, Clone, Copy)]
struct Slim {
    fee_fen: i64,
    fund_fen: i64,
    cell: u32,
    row: u32,
}

/// What every thread reads.
#[derive(Clone, Copy)]
struct Part<'a> {
    cases: &'a Cases,
    kinds: &'a Kinds,
    marked: &'a [bool],
    tariffs: &'a [Tariff],
    shape: Shape,
}

impl Part<'_> {
    fn sum(self, runs: &[Run]) -> Sums {
        let (cells, groups) = (self.kinds.cells.len(), self.shape.by_group());
        let none = TariffSums {
            months: vec![Judged::default(); cells],
            groups: vec![JudgedGroup::default(); groups],
            refused: None,
        };
        let mut sums = Sums {
            cells: self.kinds.cells.clone(),
            months: vec![Base::default(); cells],
            groups: vec![Base::default(); groups],
            tariffs: vec![none; self.tariffs.len()],
        };
        let mut slim: Vec<Slim> = Vec::new();
        let mut rest = runs;
        while !rest.is_empty() {
            let first = rest[0].first;
            let full = rest.iter().position(|run| run.end.saturating_sub(first) >= BLOCK);
            let (block, later) = rest.split_at(full.map_or(rest.len(), |at| at.saturating_add(1)));
            self.gather(block, &mut slim);
            self.count(block, &slim, &mut sums);
            for (tariff, of_tariff) in self.tariffs.iter().zip(&mut sums.tariffs) {
                self.judge_block((tariff, of_tariff), block, &slim);
            }
            rest = later;
        }
        sums
    }

    /// The rows of a block, in order.
    fn gather(self, block: &[Run], slim: &mut Vec<Slim>) {
        slim.clear();
        let (Some(first), Some(last)) = (block.first(), block.last()) else { return };
        let rows = &self.kinds.rows[first.first..last.end];
        let cells = &self.kinds.cell[first.first..last.end];
        slim.extend(rows.iter().zip(cells).map(|(row, cell)| Slim {
            fee_fen: self.cases.fee_fen[*row as usize],
            fund_fen: self.cases.fund_fen[*row as usize],
            cell: *cell,
            row: *row,
        }));
    }

    fn count(self, block: &[Run], slim: &[Slim], sums: &mut Sums) {
        let Some(first) = block.first().map(|run| run.first) else { return };
        for run in block {
            for slim in of_run(slim, run, first) {
                let cell = slim.cell as usize;
                let insutype = self.kinds.cells[cell].insutype;
                let group = self.shape.group_at(insutype, run.kind.group);
                sums.months[cell].count(slim);
                sums.groups[group].count(slim);
            }
        }
    }

    fn judge_block(self, (tariff, sums): (&Tariff, &mut TariffSums), block: &[Run], slim: &[Slim]) {
        let Some(first) = block.first().map(|run| run.first) else { return };
        let mut known = Known::default();
        for run in block {
            // What the patient paid outside the catalog is of the single case.
            let above = Kind { above_self_paid_limit: true, ..run.kind };
            let limited = tariff.has_self_paid_limit().then(|| known.of(tariff, &above));
            let own = known.of(tariff, &run.kind);
            for slim in of_run(slim, run, first) {
                let row = slim.row as usize;
                let cell = &self.kinds.cells[slim.cell as usize];
                let judgement = if self.marked.get(row) == Some(&true) {
                    decide(tariff, &CaseView::of(self.cases, row))
                } else {
                    let amounts = self.amounts(tariff, slim, cell.insutype);
                    let at = limited.filter(|_| self.is_above(tariff, slim)).unwrap_or(own);
                    judge(tariff, &known.list[at].1, &amounts)
                };
                let group = self.shape.group_at(cell.insutype, run.kind.group);
                let by_group = &mut sums.groups[group];
                sums.months[slim.cell as usize].add_case(&judgement, by_group);
                if let Pay::Refused(refusal) = judgement.pay {
                    let here = (refusal, run.kind.group, cell.month);
                    sums.refused = Some(sums.refused.map_or(here, |known| known.min(here)));
                }
            }
        }
    }

    #[inline]
    fn amounts(self, tariff: &Tariff, slim: &Slim, insutype: usize) -> Amounts {
        let row = slim.row as usize;
        let also = |wanted: bool, column: &[i64]| {
            if wanted { column.get(row).copied().unwrap_or(0) } else { 0 }
        };
        Amounts {
            fee_fen: slim.fee_fen,
            fund_fen: slim.fund_fen,
            inscope_fen: also(tariff.looks_at_inscope(), &self.cases.inscope_fen),
            carved_fen: also(tariff.carves, &self.cases.carved_fen),
            days: if self.cases.unit_days.is_empty() { 0 } else { self.cases.unit_days[row] },
            insutype,
        }
    }

    fn is_above(self, tariff: &Tariff, slim: &Slim) -> bool {
        let own = self.cases.self_paid_fen.get(slim.row as usize).copied().unwrap_or(0);
        tariff.above_self_paid_limit(own, slim.fee_fen)
    }
}

/// Kinds whose segments are remembered at a time.
const MOST_KINDS: usize = 1 << 16;

/// Judges single cases, in any order; what cases of one kind have in common is worked out once.
pub(super) struct Judge<'a> {
    tariff: &'a Tariff,
    cases: &'a Cases,
    known: HashMap<Kind, Segments>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(tariff: &'a Tariff, cases: &'a Cases) -> Self {
        Self { tariff, cases, known: HashMap::default() }
    }

    /// The kind of the case in a row, and what was decided.
    pub(super) fn judge(&mut self, row: usize) -> (Kind, Judgement) {
        let case = CaseView::of(self.cases, row);
        let kind = Kind::of(self.tariff, &case);
        if self.tariff.special_of(case.row).is_some() {
            return (kind, decide(self.tariff, &case));
        }
        if self.known.len() >= MOST_KINDS {
            self.known.clear();
        }
        let segments = self.known.entry(self.tariff.like(&kind));
        let segments = segments.or_insert_with(|| self.tariff.segments(&kind));
        (kind, judge(self.tariff, segments, &case.amounts()))
    }
}

/// The rows of a run in a block that starts at `first`.
fn of_run<'a>(slim: &'a [Slim], run: &Run, first: usize) -> &'a [Slim] {
    &slim[run.first.saturating_sub(first)..run.end.saturating_sub(first)]
}

/// Segments of the group at hand: institutions of one class share them.
#[derive(Default)]
struct Known {
    group: Option<u32>,
    list: Vec<(Kind, Segments)>,
}

impl Known {
    /// The place of a kind's segments.
    fn of(&mut self, tariff: &Tariff, kind: &Kind) -> usize {
        if self.group != Some(kind.group) {
            self.list.clear();
            self.group = Some(kind.group);
        }
        let like = tariff.like(kind);
        let known = self.list.iter().position(|(known, _)| *known == like);
        known.unwrap_or_else(|| {
            self.list.push((like, tariff.segments(kind)));
            self.list.len().saturating_sub(1)
        })
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit amounts and 64-bit counts of rows cannot overflow"
)]
impl Base {
    #[inline]
    fn count(&mut self, slim: &Slim) {
        self.cases += 1;
        self.cost += i128::from(slim.fee_fen);
        self.booked += i128::from(slim.fund_fen);
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

    #[inline]
    fn add_case(&mut self, judgement: &Judgement, group: &mut JudgedGroup) {
        match judgement.pay {
            Pay::Points(points) => {
                self.points += i128::from(points);
                group.points += i128::from(points);
            }
            Pay::Standard(fen) => self.standard += i128::from(fen),
            Pay::Booked(fen) => self.item[item_line(judgement.class)] += i128::from(fen),
            Pay::Refused(_) => {}
        }
        self.item[CARVED] += i128::from(judgement.carved);
        match judgement.class {
            CaseClass::Low => {
                self.low += 1;
                group.low += 1;
            }
            CaseClass::High | CaseClass::Extreme => {
                self.high += 1;
                group.high += 1;
            }
            CaseClass::Ungrouped => self.ungrouped += 1,
            _ => {}
        }
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
    for (column, length) in [
        ("auxiliary", cases.auxiliary.len()),
        ("discipline", cases.discipline.len()),
        ("part", cases.part.len()),
        ("carved_fen", cases.carved_fen.len()),
        ("self_paid_fen", cases.self_paid_fen.len()),
    ] {
        if ![0, rows].contains(&length) {
            return wrong(column, length.min(rows));
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
