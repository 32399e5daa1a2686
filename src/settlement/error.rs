//! Why a settlement is refused.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::units::{Fen, UnitError};

use super::coefficient::CoefficientError;
use super::input::Advance;
use super::money_error::MoneyError;

/// One pool in one clearing period of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The scenario.
    pub scenario: String,
    /// `all`, or the insurance type.
    pub pool: String,
    /// `Y`, `H1`…, `Q1`….
    pub period: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "scenario `{}`, pool `{}`, period `{}`", self.scenario, self.pool, self.period)
    }
}

/// A settlement that cannot be had; nothing of it was computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two scenarios of one name.
    #[error("two scenarios are named `{scenario}`")]
    DuplicateScenario {
        /// The name.
        scenario: String,
    },
    /// Scenarios of different years.
    #[error("scenario `{scenario}` settles {year}, the first one settles {first}")]
    DifferentYears {
        /// The scenario that differs.
        scenario: String,
        /// Its year.
        year: u16,
        /// The first scenario's year.
        first: u16,
    },
    /// Points, or lines at the mean, without a catalog.
    #[error("scenario `{scenario}` needs a catalog: it pays by points or draws lines at the mean")]
    CatalogMissing {
        /// The scenario.
        scenario: String,
    },
    /// Points from a catalog without a scale.
    #[error("scenario `{scenario}` pays by points, but the catalog of `{system}` has no scale")]
    CatalogWithoutScale {
        /// The scenario.
        scenario: String,
        /// System of the catalog.
        system: String,
    },
    /// A base mean nothing can be divided by.
    #[error("scenario `{scenario}`: base mean {base_mean} of the catalog is not a usable amount")]
    BaseMean {
        /// The scenario.
        scenario: String,
        /// The base mean in yuan.
        base_mean: Decimal,
    },
    /// A group of the catalog with a mean but without points.
    #[error("scenario `{scenario}`: group `{group}` of the catalog has no points")]
    GroupWithoutPoints {
        /// The scenario.
        scenario: String,
        /// The group.
        group: String,
    },
    /// A price that changes within a month of the year settled.
    #[error(
        "scenario `{scenario}`: the standard of group `{group}` changes on {from}; within the year \
         settled a standard may change only on the first of a month"
    )]
    PriceInsideMonth {
        /// The scenario.
        scenario: String,
        /// The group.
        group: String,
        /// The date.
        from: NaiveDate,
    },
    /// More special cases on the list than the quota allows (6.7, R37).
    #[error(
        "scenario `{scenario}`: {listed} special cases are listed, {quota} are allowed: {share} of the \
         area's {cases} cases, rounded down; over it {}",
        over.join(", ")
    )]
    SpecialOverQuota {
        /// The scenario.
        scenario: String,
        /// Listed cases of the year.
        listed: u64,
        /// How many may be.
        quota: u64,
        /// `special.quota`.
        share: Decimal,
        /// Cases of the area, after merging.
        cases: u64,
        /// First listed ids beyond the quota, ascending.
        over: Vec<String>,
    },
    /// Cases of a group without a price in force.
    #[error("scenario `{scenario}` has no standard of group `{group}` in force on {on}")]
    NoPrice {
        /// The scenario.
        scenario: String,
        /// The group.
        group: String,
        /// First day of the month of its cases.
        on: String,
        /// First days of the standards that are known, with the price.
        known: Vec<(NaiveDate, Fen)>,
    },
    /// Cases of a group for which no line can be drawn.
    #[error(
        "scenario `{scenario}`: the lines of `deviation` cannot be drawn for group `{group}` on \
         {on}: the catalog has no mean of it to compare with"
    )]
    NoReference {
        /// The scenario.
        scenario: String,
        /// The group.
        group: String,
        /// First day of the month of its cases.
        on: String,
    },
    /// Institutions with cases of which the table `institution` says nothing (Z19, Z20).
    #[error(
        "scenario `{scenario}`: table `institution` does not have {}, which settled {cases} cases: \
         there is no coefficient to pay them by",
        listed(institutions)
    )]
    NoCoefficient {
        /// The scenario.
        scenario: String,
        /// The institutions, ascending.
        institutions: Vec<String>,
        /// Their cases.
        cases: u64,
    },
    /// An institution whose tier has no base coefficient (R41).
    #[error(
        "scenario `{scenario}`: institution `{institution}` of tier `{tier}` has no base \
         coefficient: neither the policy nor the catalog has a value"
    )]
    NoBase {
        /// The scenario.
        scenario: String,
        /// The institution.
        institution: String,
        /// Its tier, or empty.
        tier: String,
    },
    /// An institution without tier or level.
    #[error("scenario `{scenario}`: a coefficient cannot be found")]
    Coefficient {
        /// The scenario.
        scenario: String,
        /// Why.
        source: CoefficientError,
    },
    /// The catalog lacks a table that the policy settles by.
    #[error("scenario `{scenario}`: the catalog has no usable table `{table}`")]
    CatalogTable {
        /// The scenario.
        scenario: String,
        /// The table.
        table: &'static str,
    },
    /// A section that changes points, in a system without points.
    #[error(
        "scenario `{scenario}`: section `{section}` changes points, but cases are paid by standard"
    )]
    SectionNeedsPoints {
        /// The scenario.
        scenario: String,
        /// The section.
        section: &'static str,
    },
    /// Two sections that would judge the same case.
    #[error(
        "scenario `{scenario}`: sections `{}` would each judge whether a case is low or high; a case \
         is paid by one rule",
        sections.join("` and `")
    )]
    JudgedTwice {
        /// The scenario.
        scenario: String,
        /// The sections.
        sections: Vec<&'static str>,
    },
    /// Points decided where cases are paid by standard.
    #[error(
        "scenario `{scenario}`: table `special` decides points of case `{setl_id}`, but cases are \
         paid by standard"
    )]
    DecidedPoints {
        /// The scenario.
        scenario: String,
        /// The case.
        setl_id: String,
    },
    /// Points decided for a case that was split into parts (A15).
    #[error(
        "scenario `{scenario}`: table `special` decides points of case `{setl_id}`, which is split \
         into parts of their own"
    )]
    DecidedParts {
        /// The scenario.
        scenario: String,
        /// The case.
        setl_id: String,
    },
    /// Points added to a case that has none.
    #[error(
        "scenario `{scenario}`: table `special` adds points to a case of group `{group}` in {on} \
         that is paid as booked"
    )]
    DecidedWithoutPoints {
        /// The scenario.
        scenario: String,
        /// The group.
        group: String,
        /// First day of the month.
        on: String,
    },
    /// Pay or points of one case beyond 64 bits.
    #[error("scenario `{scenario}`: a case of group `{group}` in {on} has an impossible amount")]
    CaseOutOfRange {
        /// The scenario.
        scenario: String,
        /// The group.
        group: String,
        /// First day of the month.
        on: String,
    },
    /// Sharing that starts from booked amounts, under standards.
    #[error(
        "scenario `{scenario}`: `sharing.by` must be `points` where cases are paid by standard"
    )]
    SharingNeedsPoints {
        /// The scenario.
        scenario: String,
    },
    /// A pool without money.
    #[error("{place}: there is no budget")]
    BudgetMissing {
        /// Where.
        place: Box<Place>,
        /// Budgets that were given, as `pool/period`.
        known: Vec<String>,
    },
    /// Money without a pool.
    #[error("{place}: there is a budget of {amount} yuan, but no such pool and period")]
    BudgetWithoutPool {
        /// Where.
        place: Box<Place>,
        /// The money.
        amount: Fen,
        /// Pools and periods settled, as `pool/period`.
        known: Vec<String>,
    },
    /// An assessment for a pool that is not settled.
    #[error(
        "scenario `{scenario}`: institution `{institution}` is assessed in pool `{pool}`, which is \
         not settled"
    )]
    AssessmentWithoutPool {
        /// The scenario.
        scenario: String,
        /// The pool named.
        pool: String,
        /// The institution.
        institution: String,
    },
    /// A value that is dated, asked for before its first date (J15).
    #[error("scenario `{scenario}` has no value of `{path}` in force on {on}")]
    NotInForce {
        /// The scenario.
        scenario: String,
        /// Path in the policy.
        path: &'static str,
        /// First day of the month asked for.
        on: NaiveDate,
        /// First days of the values that are known.
        known: Vec<NaiveDate>,
    },
    /// An advance of a pool that is not settled.
    #[error(
        "scenario `{scenario}`: `advance` has {} yuan for institution `{}` in pool `{}`, which is not \
         settled",
        row.amount, row.institution, row.pool
    )]
    AdvanceWithoutPool {
        /// The scenario.
        scenario: String,
        /// The row.
        row: Box<Advance>,
        /// Pools that are settled.
        known: Vec<String>,
    },
    /// Below zero points (R25).
    #[error("{place}: institution `{institution}` has {points} points; they must not be below 0")]
    NegativePoints {
        /// Where.
        place: Box<Place>,
        /// The institution.
        institution: String,
        /// Its points.
        points: Decimal,
    },
    /// Below zero pay by standard, where a rescale has to be divided by it.
    #[error(
        "{place}: institution `{institution}` has {amount} yuan by standard; a rescale cannot be \
         divided by amounts below 0"
    )]
    NegativeStandard {
        /// Where.
        place: Box<Place>,
        /// The institution.
        institution: String,
        /// Σ of its pay by standard.
        amount: Fen,
    },
    /// Money to divide, but nobody has points (A53).
    #[error("zero_points: {place}: {money} yuan are to be divided, but no institution has points")]
    ZeroPoints {
        /// Where.
        place: Box<Place>,
        /// The money.
        money: Fen,
    },
    /// What is paid by item alone uses the money up (A19).
    #[error(
        "control_exhausted: {place}: {item_paid} yuan are paid as booked out of {distributable}; \
         nothing is left for the other cases"
    )]
    ControlExhausted {
        /// Where.
        place: Box<Place>,
        /// T.
        distributable: Fen,
        /// I.
        item_paid: Fen,
    },
    /// Money that cannot be had, or not divided as the policy says.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A division of money failed.
    #[error("{place}: the money cannot be divided")]
    Divide {
        /// Where.
        place: Box<Place>,
        /// Why.
        source: UnitError,
    },
    /// A sum beyond 64 bits.
    #[error("scenario `{scenario}`: an amount cannot be written in fen")]
    Amount {
        /// The scenario.
        scenario: String,
        /// Why.
        source: UnitError,
    },
    /// Head budgets that cannot be had.
    #[error(transparent)]
    Heads(#[from] super::heads::HeadError),
    /// Decisions were asked of cases without ids.
    #[error("decisions on single cases need `case_id`, and {with_id} of {cases} cases have one")]
    CaseIds {
        /// Cases.
        cases: usize,
        /// Cases with an id.
        with_id: usize,
    },
    /// The case columns do not fit together.
    #[error("case column `{column}` is wrong at row {row}")]
    Columns {
        /// The column.
        column: &'static str,
        /// The first wrong row.
        row: usize,
    },
}

/// Some codes, the first of many.
fn listed(codes: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = codes.iter().take(SHOWN).map(|code| format!("`{code}`")).collect();
    match codes.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
