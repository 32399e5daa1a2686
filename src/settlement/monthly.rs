//! Monthly pre-settlement of one pool: what each institution is paid before the year is cleared
//! (J09, Z23, A44).
//!
//! - **Quota** (A44): quota of a month = allocate(yearly pool, last year's booked by month), twelfths
//!   where nothing was booked; advance = round(share × min(quota, booked of the area)), divided by what
//!   each booked. Nothing is advanced where the area booked nothing, and a negative month of an
//!   institution weighs 0 (R35).
//! - **Standard** (Y20, 2.4): what the month's cases come to by standard, and what is paid as booked.
//!
//! A part may be kept back until clearing, rounded per institution and month (Y21, R36). Rows of table
//! `advance` for a month of the pool stand in for the whole computed month (R35).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use crate::policy::model::{DivideBy, Monthly, MonthlyMethod, MonthlyRate};
use crate::units::{Fen, UnitError, allocate, exact};

use super::clearing::difference;
use super::error::{Error, Place};
use super::input::{Advance, AdvanceKind, ScenarioInput};
use super::outcome::MonthRow;
use super::pool::{Pool, Total, fen};
use super::rates::first_of;

/// Names of the months as periods of ledger lines.
pub(super) const MONTHS: [&str; 12] =
    ["M01", "M02", "M03", "M04", "M05", "M06", "M07", "M08", "M09", "M10", "M11", "M12"];

/// Who is paid: an institution, or the lead of a consortium, with its twelve months.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payee<'a> {
    pub(super) code: &'a str,
    pub(super) months: &'a [Total; 12],
}

/// What a payee is paid for a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MonthPay {
    /// Pre-settled, before retention.
    pub(super) advance: Fen,
    /// Kept back of that until clearing (Y21).
    pub(super) retention: Fen,
}

/// One month of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PoolMonth {
    /// Part of the yearly pool for this month; `None` where months are not formed by quota.
    pub(super) quota: Option<Fen>,
    /// Whether rows of table `advance` say what was paid (R35).
    pub(super) given: bool,
    /// Of each payee, in the order given.
    pub(super) pays: Vec<MonthPay>,
}

/// A pool whose months are pre-settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct PoolYear<'a> {
    pub(super) input: &'a ScenarioInput<'a>,
    pub(super) pool: &'a str,
    /// The money of the year that quotas are parts of (R10).
    pub(super) money: Fen,
    pub(super) payees: &'a [Payee<'a>],
}

impl PoolYear<'_> {
    /// The months 1 to `through`.
    ///
    /// # Errors
    /// [`Error::NotInForce`] for a month with cases before the first of `monthly.rate`.
    pub(super) fn months(&self, through: usize) -> Result<Vec<PoolMonth>, Error> {
        let quotas = self.quotas().map_err(|source| self.divide(0, source))?;
        let mut months = Vec::with_capacity(through);
        for (at, quota) in quotas.into_iter().enumerate().take(through) {
            months.push(self.month(at, quota)?);
        }
        Ok(months)
    }

    /// The month at position 0 to 11.
    fn month(&self, at: usize, quota: Option<Fen>) -> Result<PoolMonth, Error> {
        let given = self.given(at);
        if !given.is_empty() {
            let pays = self.as_given(&given).map_err(|source| self.divide(at, source))?;
            return Ok(PoolMonth { quota, given: true, pays });
        }
        let nothing = vec![MonthPay::default(); self.payees.len()];
        let Some(monthly) = &self.input.policy.monthly else {
            return Ok(PoolMonth { quota, given: false, pays: nothing });
        };
        let Some(rate) = self.rate(monthly, at)? else {
            return Ok(PoolMonth { quota, given: false, pays: nothing });
        };
        let advances = match monthly.method {
            MonthlyMethod::Quota(by) => self.by_quota(at, quota.unwrap_or_default(), rate, by),
            MonthlyMethod::Standard => self.by_standard(at),
        };
        let pays = advances.and_then(|advances| with_retention(&advances, rate));
        let pays = pays.map_err(|source| self.divide(at, source))?;
        Ok(PoolMonth { quota, given: false, pays })
    }

    fn divide(&self, at: usize, source: UnitError) -> Error {
        let place = Box::new(Place {
            scenario: self.input.name.clone(),
            pool: self.pool.to_owned(),
            period: MONTHS[at].to_owned(),
        });
        match source {
            UnitError::ZeroPoints { pool } => Error::ZeroPoints { place, money: pool },
            source => Error::Divide { place, source },
        }
    }

    /// The rate in force on the first of the month; `None` where a month without cases needs none
    /// (J15).
    fn rate<'r>(&self, monthly: &'r Monthly, at: usize) -> Result<Option<&'r MonthlyRate>, Error> {
        let month = u8::try_from(at).unwrap_or(u8::MAX).saturating_add(1);
        let day = first_of(self.input.year, month);
        let rate = day.and_then(|day| monthly.rate_on(day));
        let has_cases = self.payees.iter().any(|payee| payee.months[at].base.cases != 0);
        match (rate, day) {
            (None, Some(on)) if has_cases => Err(Error::NotInForce {
                scenario: self.input.name.clone(),
                path: "monthly.rate",
                on,
                known: monthly.rates.iter().map(|rate| rate.from).collect(),
            }),
            _ => Ok(rate),
        }
    }

    /// The yearly pool by month; all `None` where months are not formed by quota.
    fn quotas(&self) -> Result<Vec<Option<Fen>>, UnitError> {
        let method = self.input.policy.monthly.as_ref().map(|monthly| monthly.method);
        if !matches!(method, Some(MonthlyMethod::Quota(_))) {
            return Ok(vec![None; 12]);
        }
        let mut weights = [0i128; 12];
        for ((pool, _), months) in &self.input.given.booked_before {
            for (weight, booked) in weights.iter_mut().zip(months).filter(|_| pool == self.pool) {
                *weight = weight.saturating_add(booked.0.into());
            }
        }
        let weights = weights.map(|weight| weight.max(0));
        let weights = if weights == [0; 12] { [1; 12] } else { weights };
        Ok(allocate(self.money, &weights, &MONTHS)?.into_iter().map(Some).collect())
    }

    fn by_quota(
        &self,
        at: usize,
        quota: Fen,
        rate: &MonthlyRate,
        by: DivideBy,
    ) -> Result<Vec<Fen>, UnitError> {
        let months = || self.payees.iter().map(|payee| &payee.months[at]);
        let booked = fen(months().map(|month| month.base.booked).sum())?;
        if booked.0 <= 0 {
            return Ok(vec![Fen::ZERO; self.payees.len()]);
        }
        let money = Fen::nearest(&(exact(rate.share) * quota.min(booked).to_ratio()))?;
        let weight = |month: &Total| match by {
            DivideBy::Booked => month.base.booked.max(0),
            DivideBy::Points => month.judged.points.max(0),
        };
        let codes: Vec<&str> = self.payees.iter().map(|payee| payee.code).collect();
        allocate(money, &months().map(weight).collect::<Vec<_>>(), &codes)
    }

    fn by_standard(&self, at: usize) -> Result<Vec<Fen>, UnitError> {
        let months = self.payees.iter().map(|payee| &payee.months[at].judged);
        months.map(|judged| Fen::sum([fen(judged.standard)?, fen(judged.item_paid())?])).collect()
    }

    /// Rows of `advance` for the month.
    fn given(&self, at: usize) -> Vec<&Advance> {
        let month = u8::try_from(at.saturating_add(1)).ok();
        self.input
            .given
            .advances
            .iter()
            .filter(|row| row.kind == AdvanceKind::Monthly && row.month == month)
            .filter(|row| is_of_pool(row, self.pool))
            .collect()
    }

    fn as_given(&self, rows: &[&Advance]) -> Result<Vec<MonthPay>, UnitError> {
        let own = |payee: &Payee<'_>| {
            let own = rows.iter().filter(|row| row.institution == payee.code);
            let advance = Fen::sum(own.map(|row| row.amount))?;
            Ok(MonthPay { advance, retention: Fen::ZERO })
        };
        self.payees.iter().map(own).collect()
    }
}

/// The months of a pool up to `through`, quotas being parts of its money of the year (R10).
///
/// # Errors
/// As [`PoolYear::months`].
pub(super) fn of_pool(
    input: &ScenarioInput<'_>,
    pool: &Pool,
    money: Fen,
    through: usize,
) -> Result<Vec<PoolMonth>, Error> {
    let payees: Vec<Payee<'_>> = pool
        .members
        .iter()
        .map(|member| Payee { code: &member.code, months: member.months() })
        .collect();
    PoolYear { input, pool: &pool.name, money, payees: &payees }.months(through)
}

/// Months with cases, or with money that was paid.
pub(super) fn rows(pool: &Pool, months: &[PoolMonth]) -> Result<Vec<MonthRow>, UnitError> {
    let mut rows = Vec::new();
    for (at, member) in pool.members.iter().enumerate() {
        for ((number, total), month) in member.by_month().zip(months) {
            let pay = month.pays.get(at).copied().unwrap_or_default();
            if total.base.cases == 0 && pay.advance == Fen::ZERO {
                continue;
            }
            rows.push(MonthRow {
                pool: pool.name.clone(),
                fixmedins_code: member.code.clone(),
                month: u8::try_from(number).unwrap_or(u8::MAX),
                cases: total.base.cases,
                cost: fen(total.base.cost)?,
                booked: fen(total.base.booked)?,
                points: total.judged.points,
                quota: month.quota,
                advance: pay.advance,
                retention: pay.retention,
                paid: pay.paid()?,
                given: month.given,
            });
        }
    }
    Ok(rows)
}

/// Refuses advances of pools that are not settled.
///
/// # Errors
/// [`Error::AdvanceWithoutPool`].
pub(super) fn check_advances<'p>(
    input: &ScenarioInput<'_>,
    pools: impl Iterator<Item = &'p str>,
) -> Result<(), Error> {
    let pools: Vec<&str> = pools.collect();
    for row in &input.given.advances {
        let fits = if row.pool.is_empty() { pools.len() == 1 } else { pools.contains(&&*row.pool) };
        if !fits {
            return Err(Error::AdvanceWithoutPool {
                scenario: input.name.clone(),
                row: Box::new(row.clone()),
                known: pools.iter().map(|pool| (*pool).to_owned()).collect(),
            });
        }
    }
    Ok(())
}

/// Whether a row of `advance` belongs to a pool; one without a pool belongs to the only one.
pub(super) fn is_of_pool(row: &Advance, pool: &str) -> bool {
    row.pool.is_empty() || row.pool == pool
}

/// Keeps back what the rate says, rounded per payee and month (R36).
fn with_retention(advances: &[Fen], rate: &MonthlyRate) -> Result<Vec<MonthPay>, UnitError> {
    let share = exact(rate.retention);
    advances
        .iter()
        .map(|advance| {
            let retention = Fen::nearest(&(&share * advance.to_ratio()))?;
            Ok(MonthPay { advance: *advance, retention })
        })
        .collect()
}

impl MonthPay {
    /// What is transferred for the month.
    pub(super) fn paid(self) -> Result<Fen, UnitError> {
        difference(self.advance, self.retention)
    }
}
