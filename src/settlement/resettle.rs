//! Settles again after the cases were judged: other money, other deductions, and sums that some table
//! says are different.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::num::NonZeroUsize;

use super::cases::Cases;
use super::error::Error;
use super::input::ScenarioInput;
use super::outcome::Outcome;
use super::pass::{self, Shape, Sums};
use super::run;
use super::tariff::Tariff;

/// What the cases of an institution, insurance type and month come to beyond what they were judged as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Delta {
    /// The institution; one of the case columns.
    pub institution: String,
    /// The insurance type; one of the case columns.
    pub insutype: String,
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
}

/// Cases judged once under one tariff.
#[derive(Debug)]
pub struct Resettle<'a> {
    cases: &'a Cases,
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
        let sums = pass::sum(cases, input.year, &[tariff], threads);
        super::refuse(input, cases, &sums.tariffs[0])?;
        Ok(Self { cases, sums })
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
        let shape = Shape::of(self.cases);
        for delta in deltas {
            let at = |codes: &[String], code: &String| {
                codes.binary_search(code).expect("a delta has its place in the case columns")
            };
            let institution = at(&self.cases.institutions, &delta.institution);
            let insutype = at(&self.cases.insutypes, &delta.insutype);
            let at = shape.month_at(insutype, institution, delta.month.into());
            let base = &mut sums.months[at];
            base.cases = base.cases.saturating_add(delta.cases);
            base.cost = base.cost.saturating_add(delta.fee);
            base.booked = base.booked.saturating_add(delta.booked);
            let judged = &mut sums.tariffs[0].months[at];
            judged.points = judged.points.saturating_add(delta.points);
            judged.standard = judged.standard.saturating_add(delta.standard);
            let normal = &mut judged.item[pass::item_line(super::decide::CaseClass::Normal)];
            *normal = normal.saturating_add(delta.item);
        }
        run::outcome(input, self.cases, &sums, &sums.tariffs[0])
    }
}
