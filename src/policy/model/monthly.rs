//! What is paid before clearing, clearing by days, and when a year was cleared: `[monthly]`,
//! `[working_capital]`, `[clearing.days]`, `[[clearing.date]]`.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Cite;

/// `[monthly]` (J09, Z23, A44): what is paid for a month before the year is cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monthly {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// How a month is formed.
    pub method: MonthlyMethod,
    /// Shares by the first month they are in force, ascending; at least one (J15).
    pub rates: Vec<MonthlyRate>,
}

/// How a month is formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonthlyMethod {
    /// `quota`: round(share × min(quota of the month, booked of the area)), divided over the
    /// institutions (A44, R35).
    Quota(DivideBy),
    /// `standard`: what the month's cases come to by standard, with what is paid as booked (Y20, 2.4).
    Standard,
}

/// What the area's advance of a month is divided by (A44).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DivideBy {
    /// `booked`: by what each institution booked in the month.
    Booked,
    /// `points`: by its points of the month.
    Points,
}

/// `[[monthly.rate]]`: shares in force from a month on (J15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthlyRate {
    /// Clause or reading of this entry.
    pub cite: Cite,
    /// First day in force, the first of a month.
    pub from: NaiveDate,
    /// Share of a month that is advanced (A44, 0.90); 1 for `standard`.
    pub share: Decimal,
    /// Share of that kept back until clearing (Y21, E12), rounded per institution and month (R36).
    pub retention: Decimal,
}

impl Monthly {
    /// The shares in force on a day; `None` before the first.
    #[must_use]
    pub fn rate_on(&self, day: NaiveDate) -> Option<&MonthlyRate> {
        self.rates.iter().rev().find(|rate| rate.from <= day)
    }
}

/// `[working_capital]` (Z22, E12): paid at the start of the year, reconciled at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingCapital {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// So many times last year's mean month of an institution, times its assessment coefficient.
    pub months: Decimal,
}

/// `[clearing.days]` (Y30–Y32, A17): groups of drugs cleared by daily standard × days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearingDays {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Codes of the groups, ascending.
    pub groups: Vec<String>,
    /// How the days of a case are counted.
    pub method: DaysMethod,
}

/// How the days of a case are counted (A17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaysMethod {
    /// `literal`: to the person's next case of these groups in the calendar year; the last has 0.
    Literal,
    /// `include_last`: as `literal`; the last has the days its drugs last (`prd_days`).
    IncludeLast,
    /// `cap_prd_days`: as `literal`, but not more than its drugs last, where that was exported.
    CapPrdDays,
}

/// `[[clearing.date]]` (R03): the day on which a year was cleared. Refunds after it do not change what that
/// year was settled to; they reduce the balance of the year they fall in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearingDate {
    /// Clause or reading of this entry.
    pub cite: Cite,
    /// The year that was cleared.
    pub year: u16,
    /// The last day whose refunds count: from the last day of the year to that of the next.
    pub on: NaiveDate,
}
