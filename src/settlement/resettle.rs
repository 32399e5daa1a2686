//! Settles again after the cases were judged: other money, other deductions, and sums that some table
//! says are different.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::num::NonZeroUsize;

use super::cases::Cases;
use super::days;
use super::error::Error;
use super::input::ScenarioInput;
use super::kinds::Cell;
use super::outcome::Outcome;
use super::pass::{self, Base, CARVED, Judged, Sums};
use super::run;
use super::tariff::Tariff;

/// What the cases of an institution, insurance type and month come to beyond what they were judged as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Delta {
    /// The institution; one of the case columns.
    pub institution: String,
    /// The insurance type; one of the case columns.
    pub insutype: String,
    /// The institution the persons are signed with, where the cases tell (R08).
    pub part: Option<String>,
    /// 1 to 12.
    pub month: u8,
    /// Cases.
    pub cases: i64,
    /// Fee in fen.
    pub fee: i128,
    /// Fund booked in fen.
    pub booked: i128,
    /// Millionths of a point.
    pub points: i128,
    /// Pay by standard in fen.
    pub standard: i128,
    /// Paid as booked, in fen.
    pub item: i128,
    /// Paid for lines carved out of the fee, in fen (A47).
    pub carved: i128,
}

/// Cases judged once under one tariff.
#[derive(Debug)]
pub struct Resettle<'a> {
    cases: &'a Cases,
    tariff: Tariff,
    sums: Sums,
}

impl<'a> Resettle<'a> {
    /// Judges the cases of the input's year.
    ///
    /// # Errors
    /// Any [`Error`] of [`super::settle`] that lies in the cases or the tariff.
    pub fn judge(
        cases: &'a Cases,
        input: &ScenarioInput<'_>,
        threads: NonZeroUsize,
    ) -> Result<Self, Error> {
        pass::check_columns(cases)?;
        let tariff = Tariff::resolve(input, cases)?;
        let sums = pass::sum(cases, input.year, std::slice::from_ref(&tariff), threads);
        super::refuse(input, cases, &sums.tariffs[0])?;
        Ok(Self { cases, tariff, sums })
    }

    /// Settles as `input` says, with `deltas` added to the sums. Its tariff must be that of the judged
    /// input: what it may change is money, assessments and what is given beside the cases.
    ///
    /// Deltas of institutions, insurance types or months that the columns do not have are an error of
    /// the caller.
    ///
    /// # Errors
    /// Any [`Error`] of [`super::settle`] behind the cases.
    ///
    /// # Panics
    /// For a delta without its place in the columns.
    pub fn outcome(&self, input: &ScenarioInput<'_>, deltas: &[Delta]) -> Result<Outcome, Error> {
        let mut sums = self.sums.clone();
        for delta in deltas {
            let at = place(&mut sums, self.cell(delta));
            let base = &mut sums.months[at];
            base.cases = base.cases.saturating_add(delta.cases);
            base.cost = base.cost.saturating_add(delta.fee);
            base.booked = base.booked.saturating_add(delta.booked);
            let judged = &mut sums.tariffs[0].months[at];
            judged.points = judged.points.saturating_add(delta.points);
            judged.standard = judged.standard.saturating_add(delta.standard);
            let normal = pass::item_line(super::decide::CaseClass::Normal);
            for (line, amount) in [(normal, delta.item), (CARVED, delta.carved)] {
                judged.item[line] = judged.item[line].saturating_add(amount);
            }
        }
        let days = input.policy.clearing_days.as_ref();
        let days = days.map(|rule| days::sum(self.cases, input.year, &self.tariff, rule));
        let days = days.transpose()?;
        let judged = &sums.tariffs[0];
        let known = run::Judged { sums: judged, tariff: &self.tariff, days: days.as_ref() };
        run::outcome(input, self.cases, &sums, known)
    }

    #[expect(clippy::expect_used, reason = "the caller made room in the columns for every delta")]
    fn cell(&self, delta: &Delta) -> Cell {
        let at = |codes: &[String], code: &String| {
            codes.binary_search(code).expect("a delta has its place in the case columns")
        };
        let parts = &self.cases.parts;
        Cell {
            institution: at(&self.cases.institutions, &delta.institution),
            insutype: at(&self.cases.insutypes, &delta.insutype),
            part: delta.part.as_ref().map_or(parts.len(), |part| at(parts, part)),
            month: delta.month,
        }
    }
}

/// Position of a cell; a cell without cases gets one.
fn place(sums: &mut Sums, cell: Cell) -> usize {
    sums.cells.binary_search(&cell).unwrap_or_else(|at| {
        sums.cells.insert(at, cell);
        sums.months.insert(at, Base::default());
        sums.tariffs[0].months.insert(at, Judged::default());
        at
    })
}
