//! The kernel: cases → money, pools, clearing. Pure Rust on column slices; no engine, no IO.
//!
//! [`settle`] reads the case columns once, whatever the number of scenarios: each scenario is
//! resolved to a [`Tariff`] of whole numbers, equal tariffs are evaluated once, and everything
//! after the pass works on sums by institution and month. One case is judged by [`decide::decide`],
//! in the pass and alone.
//!
//! Invariants, asserted in release builds too: the ledger lines of an institution sum to its paid
//! amount, and all lines of a pool, those of the fund included, sum to its gross money.
//!
//! [`Tariff`]: tariff::Tariff
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

pub mod auxiliary;
mod balance;
mod budget_note;
mod capitation;
pub mod cases;
mod chain;
mod classes;
mod clearing;
pub mod coefficient;
mod compensation;
mod contracts;
mod days;
pub mod decide;
mod decisions;
mod error;
mod experts;
mod formula;
pub mod heads;
mod hints;
mod input;
mod items;
mod keys;
mod kinds;
pub mod last_year;
mod ledger;
mod money;
mod money_error;
mod monthly;
mod other;
pub mod outcome;
mod outlier;
mod parts;
mod pass;
mod pool;
mod rates;
pub mod references;
mod resettle;
mod run;
pub mod score;
pub mod segments;
pub mod special;
pub mod statement;
pub mod tables;
pub mod tariff;
#[cfg(test)]
mod tests;
pub mod trail;
mod types;
mod value;
mod value_table;
pub mod views;
mod waterfall;
mod year_end;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

pub use decisions::decide_all;
pub use error::{Error, Place};
pub use input::{
    Advance, AdvanceKind, Assessment, Given, LastMeans, ScenarioInput, SpecialCase, SpecialKind,
};
pub use money_error::MoneyError;
pub use outcome::Outcome;
pub use pool::{ALL, Period, YEAR, periods};
pub use resettle::{Delta, Resettle};
pub use value_table::value_table;

use crate::policy::model::ClearingDays;

use cases::Cases;
use decide::{CaseView, Pay, Refusal};
use pass::TariffSums;
use tariff::Tariff;

use crate::units::Points;

/// Settles the same cases under every scenario, in the order given.
///
/// Cases of other years than the scenarios' are not looked at. The result depends neither on the
/// order of the rows nor on `threads`.
///
/// # Errors
/// Any [`Error`]; nothing is settled if one scenario cannot be.
pub fn settle(
    cases: &Cases,
    scenarios: &[ScenarioInput<'_>],
    threads: NonZeroUsize,
) -> Result<Vec<Outcome>, Error> {
    let Some(first) = scenarios.first() else { return Ok(Vec::new()) };
    check(cases, scenarios)?;
    scenarios.iter().try_for_each(|input| special::check_quota(cases, input))?;
    let (tariffs, which) = distinct_tariffs(cases, scenarios)?;
    let sums = pass::sum(cases, first.year, &tariffs, threads);
    let mut outcomes = Vec::with_capacity(scenarios.len());
    // Days by tariff and rule: scenarios that differ in money only share them.
    let mut days: Vec<(usize, &ClearingDays, days::Cells)> = Vec::new();
    for (input, tariff) in scenarios.iter().zip(which) {
        let judged = &sums.tariffs[tariff];
        refuse(input, cases, judged)?;
        let mut cells = None;
        if let Some(rule) = &input.policy.clearing_days {
            let same = |known: &(usize, &ClearingDays, _)| known.0 == tariff && known.1 == rule;
            let at = days.iter().position(same);
            if at.is_none() {
                let found = days::sum(cases, input.year, &tariffs[tariff], rule)?;
                days.push((tariff, rule, found));
            }
            cells = at.map_or_else(|| days.last(), |at| days.get(at)).map(|(.., cells)| cells);
        }
        let known = run::Judged { sums: judged, tariff: &tariffs[tariff], days: cells };
        outcomes.push(run::outcome(input, cases, &sums, known)?);
    }
    Ok(outcomes)
}

/// Pre-settles the months 1 to `month` of the year under every scenario (J09): rows by month and
/// nothing else. `cases` hold what was settled by then and no later month, so that nothing a later
/// month brings can change an earlier one.
///
/// # Errors
/// Any [`Error`], as [`settle`]; [`Error::Columns`] for a case of a later month.
pub fn settle_months(
    cases: &Cases,
    scenarios: &[ScenarioInput<'_>],
    month: u8,
    threads: NonZeroUsize,
) -> Result<Vec<Outcome>, Error> {
    let Some(first) = scenarios.first() else { return Ok(Vec::new()) };
    check(cases, scenarios)?;
    let later = |row: usize| cases.year[row] == first.year && cases.month[row] > month;
    if let Some(row) = (0..cases.len()).find(|row| later(*row)) {
        return Err(Error::Columns { column: "month", row });
    }
    let (tariffs, which) = distinct_tariffs(cases, scenarios)?;
    let sums = pass::sum(cases, first.year, &tariffs, threads);
    let mut outcomes = Vec::with_capacity(scenarios.len());
    for (input, tariff) in scenarios.iter().zip(which) {
        let judged = &sums.tariffs[tariff];
        refuse(input, cases, judged)?;
        outcomes.push(run::months(input, cases, &sums, (judged, &tariffs[tariff]), month)?);
    }
    Ok(outcomes)
}

/// Points of the cases of `input.year` by pool and institution, in millionths: the base volume of an
/// elastic value when those are last year's cases under this year's catalog (E11).
///
/// # Errors
/// As [`settle`], for what comes before the money.
pub fn points(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    threads: NonZeroUsize,
) -> Result<BTreeMap<(String, String), i128>, Error> {
    pass::check_columns(cases)?;
    let tariff = Tariff::resolve(input, cases)?;
    let sums = pass::sum(cases, input.year, &[tariff], threads);
    let judged = &sums.tariffs[0];
    refuse(input, cases, judged)?;
    let mut points = BTreeMap::new();
    for pool in pool::pools(input, cases, &sums, judged) {
        for member in &pool.members {
            let key = (pool.name.clone(), member.code.clone());
            points.insert(key, member.over(&(1..=12)).judged.points);
        }
    }
    Ok(points)
}

/// Rows of the cases of `input.year` that earn points, with their points: what a point costs (E10).
/// Patients who pay themselves earn none.
///
/// # Errors
/// As [`settle`], for what comes before the money.
pub fn case_points(
    cases: &Cases,
    input: &ScenarioInput<'_>,
) -> Result<Vec<(usize, Points)>, Error> {
    pass::check_columns(cases)?;
    let tariff = Tariff::resolve(input, cases)?;
    let of_year = (0..cases.len()).filter(|row| cases.year[*row] == input.year);
    let paying = of_year.filter(|row| cases.flags[*row] & cases::flag::SELF_PAYING == 0);
    let earned =
        paying.filter_map(|row| match decide::decide(&tariff, &CaseView::of(cases, row)).pay {
            Pay::Points(points) if points > 0 => Some((row, Points(points))),
            _ => None,
        });
    Ok(earned.collect())
}

fn check(cases: &Cases, scenarios: &[ScenarioInput<'_>]) -> Result<(), Error> {
    for (at, input) in scenarios.iter().enumerate() {
        if scenarios[..at].iter().any(|other| other.name == input.name) {
            return Err(Error::DuplicateScenario { scenario: input.name.clone() });
        }
        if input.year != scenarios[0].year {
            return Err(Error::DifferentYears {
                scenario: input.name.clone(),
                year: input.year,
                first: scenarios[0].year,
            });
        }
    }
    pass::check_columns(cases)
}

/// The different tariffs, and which of them each scenario has.
fn distinct_tariffs(
    cases: &Cases,
    scenarios: &[ScenarioInput<'_>],
) -> Result<(Vec<Tariff>, Vec<usize>), Error> {
    let mut tariffs: Vec<Tariff> = Vec::new();
    let mut which = Vec::with_capacity(scenarios.len());
    let mut decided: Option<(&ScenarioInput<'_>, HashMap<u32, SpecialKind>)> = None;
    for input in scenarios {
        // Scenarios mostly share the decisions of experts: their cases are looked up once.
        let same = |other: &ScenarioInput<'_>| {
            other.given.special == input.given.special
                && other.policy.payment.method == input.policy.payment.method
        };
        let rows = match &decided {
            Some((other, rows)) if same(other) => rows.clone(),
            _ => experts::by_row(input, cases)?,
        };
        let tariff = Tariff::with(input, cases, rows.clone())?;
        decided = Some((input, rows));
        let known = tariffs.iter().position(|other| *other == tariff);
        which.push(known.unwrap_or(tariffs.len()));
        if known.is_none() {
            tariffs.push(tariff);
        }
    }
    Ok((tariffs, which))
}

/// The error for the first case that cannot be paid, if there is one.
fn refuse(input: &ScenarioInput<'_>, cases: &Cases, judged: &TariffSums) -> Result<(), Error> {
    let Some((refusal, group, month)) = judged.refused else { return Ok(()) };
    let scenario = input.name.clone();
    let code = cases.groups.get(group as usize).map_or(outcome::UNGROUPED_CODE, String::as_str);
    let group = code.to_owned();
    let on = rates::first_of(input.year, month).map_or_else(String::new, |day| day.to_string());
    Err(match refusal {
        Refusal::NoPrice => {
            let known = rates::known_from(&input.policy.standards, code);
            Error::NoPrice { scenario, group, on, known }
        }
        Refusal::NoReference => Error::NoReference { scenario, group, on },
        Refusal::OutOfRange => Error::CaseOutOfRange { scenario, group, on },
        Refusal::DecidedWithoutPoints => Error::DecidedWithoutPoints { scenario, group, on },
    })
}
