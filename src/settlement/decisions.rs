//! What was decided about every single case, for the table `case`.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::policy::model::{PayMethod, Pools, ShareBy};
use crate::units::{Fen, Points, UnitError, allocate, fraction};

use super::cases::{Cases, UNSIGNED};
use super::clearing::difference;
use super::decide::{CaseView, Pay, decide};
use super::error::{Error, Place};
use super::heads::{Placing, Units};
use super::input::ScenarioInput;
use super::outcome::{Decision, LineKind, Outcome};
use super::pool::{ALL, fen, periods};
use super::tariff::Tariff;

/// Pool, institution and period of some cases.
type Key<'a> = (&'a str, &'a str, &'static str);

/// Every case of the year with its class and its part of its institution's entitlement, in row
/// order.
///
/// A case paid as booked gets that; the rest of the entitlement is divided over the other cases by
/// points or by their pay by standard, ties by `setl_id`, so that case pay sums to the entitlement
/// (R27, A46). `outcome` is what [`super::settle`] gave for the same cases and scenario.
///
/// # Errors
/// [`Error::CaseIds`] when the cases came without ids, and those of [`Tariff::resolve`].
pub fn decide_all(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
) -> Result<Vec<Decision>, Error> {
    super::pass::check_columns(cases)?;
    let with_id = cases.case_id.iter().filter(|id| !id.is_empty()).count();
    if with_id != cases.len() {
        return Err(Error::CaseIds { cases: cases.len(), with_id });
    }
    let tariff = Tariff::resolve(input, cases)?;
    let placing = match &input.policy.capitation {
        Some(rule) => Some(Placing::new(rule, &Units::of(input)?, cases)),
        None => None,
    };
    let mut decisions = Vec::new();
    let mut keyed: BTreeMap<Key<'_>, Vec<Judged>> = BTreeMap::new();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let mut judgement = decide(&tariff, &CaseView::of(cases, row));
        let mut key = key(cases, input, row);
        if let Some(placing) = &placing {
            let contract = cases.part.get(row).copied().unwrap_or(UNSIGNED);
            let placed = placing.place(contract, cases.institution[row] as usize);
            (key.0, key.1) = (placed.part.unwrap_or(key.0), placed.payee);
            if placed.role.is_as_booked() {
                (judgement.pay, judgement.carved) = (Pay::Booked(cases.fund_fen[row]), 0);
            }
        }
        let points = if let Pay::Points(points) = judgement.pay { points } else { 0 };
        keyed.entry(key).or_default().push(Judged {
            row,
            decision: decisions.len(),
            pay: judgement.pay,
            carved: judgement.carved,
        });
        decisions.push(Decision {
            row,
            class: judgement.class,
            rule: judgement.rule,
            for_review: judgement.for_review,
            paid_as_booked: matches!(judgement.pay, Pay::Booked(_)),
            points: Points(points),
            pay: Fen::ZERO,
        });
    }
    let entitlements = entitlements(outcome);
    for (key, judged) in &keyed {
        let entitlement = entitlements.get(key).copied().unwrap_or(0);
        let pays = divide(cases, input, entitlement, judged).map_err(|source| Error::Divide {
            place: Box::new(Place {
                scenario: input.name.clone(),
                pool: key.0.to_owned(),
                period: key.2.to_owned(),
            }),
            source,
        })?;
        for (case, pay) in judged.iter().zip(pays) {
            decisions[case.decision].pay = pay;
        }
    }
    Ok(decisions)
}

/// One case of a key: its row, its decision and how it is paid.
struct Judged {
    row: usize,
    decision: usize,
    pay: Pay,
    carved: i64,
}

fn key<'a>(cases: &'a Cases, input: &ScenarioInput<'_>, row: usize) -> Key<'a> {
    let pool = match input.policy.budget.pools {
        Pools::One => ALL,
        Pools::Insutype => cases.insutypes[usize::from(cases.insutype[row])].as_str(),
    };
    let month = usize::from(cases.month[row]);
    let mut periods = periods(input.policy.budget.period).iter();
    let period = periods.find(|(_, months)| months.contains(&month));
    let institution = &cases.institutions[cases.institution[row] as usize];
    (pool, institution, period.map_or(super::YEAR, |(period, _)| *period))
}

/// Entitlement by pool, institution and period: the lines before the year end.
fn entitlements(outcome: &Outcome) -> BTreeMap<(&str, &str, &str), i128> {
    let mut sums = BTreeMap::new();
    for line in outcome.ledger.iter().filter(|line| line.kind < LineKind::SurplusReturned) {
        let key = (line.pool.as_str(), line.fixmedins_code.as_str(), line.period.as_str());
        let sum: &mut i128 = sums.entry(key).or_default();
        *sum = sum.saturating_add(line.amount.0.into());
    }
    sums
}

/// Divides an institution's entitlement over its cases.
fn divide(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    entitlement: i128,
    judged: &[Judged],
) -> Result<Vec<Fen>, UnitError> {
    let by_points = input.policy.payment.method == PayMethod::Points;
    // What each case has for certain, and what it takes part with in the rest.
    let from_booked = by_points && input.policy.sharing.by != ShareBy::Points;
    let mut own = Vec::with_capacity(judged.len());
    let mut weights = Vec::with_capacity(judged.len());
    for case in judged {
        let booked = cases.fund_fen[case.row];
        let (certain, weight) = match case.pay {
            Pay::Points(points) if from_booked => (booked, points),
            _ if from_booked => (booked, 0),
            Pay::Booked(fen) => (fen.saturating_add(case.carved), 0),
            Pay::Points(points) => (case.carved, points),
            Pay::Standard(fen) => (case.carved, fen),
            Pay::Refused(_) => (0, 0),
        };
        own.push(Fen(certain));
        weights.push(i128::from(weight));
    }
    let rest = difference(fen(entitlement)?, Fen::sum(own.iter().copied())?)?;
    let total: i128 = weights.iter().sum();
    let parts = if !by_points && total == i128::from(rest.0) {
        weights.iter().map(|weight| fen(*weight)).collect::<Result<_, _>>()?
    } else {
        let unweighted = from_booked || input.policy.capitation.is_some();
        if total == 0 && unweighted {
            // An own excess (A24) or a unit's rest without any points: by what the cases booked.
            weights = judged.iter().map(|case| cases.fund_fen[case.row].into()).collect();
        }
        if input.policy.capitation.is_some() && weights.iter().all(|weight| *weight == 0) {
            // The rest of a unit whose cases cost nothing belongs to no case.
            return Ok(own);
        }
        let ids: Vec<&str> = judged.iter().map(|case| cases.case_id[case.row].as_str()).collect();
        allocate_signed(rest, &weights, &ids)?
    };
    own.iter().zip(parts).map(|(own, part)| Fen::sum([*own, part])).collect()
}

/// [`allocate`] where single weights may be negative (a negative fee kept with a finding, R25):
/// those get their rounded exact share, the others divide what is then left.
fn allocate_signed(money: Fen, weights: &[i128], ids: &[&str]) -> Result<Vec<Fen>, UnitError> {
    if weights.iter().all(|weight| *weight >= 0) {
        return allocate(money, weights, ids);
    }
    let total: i128 = weights.iter().sum();
    let mut shares = vec![Fen::ZERO; weights.len()];
    for (share, weight) in shares.iter_mut().zip(weights).filter(|(_, weight)| **weight < 0) {
        let part = fraction(*weight, total).ok_or(UnitError::ZeroPoints { pool: money })?;
        *share = Fen::nearest(&(money.to_ratio() * part))?;
    }
    let left = difference(money, Fen::sum(shares.iter().copied())?)?;
    let positive: Vec<i128> = weights.iter().map(|weight| (*weight).max(0)).collect();
    for (share, part) in shares.iter_mut().zip(allocate(left, &positive, ids)?) {
        *share = Fen::sum([*share, part])?;
    }
    Ok(shares)
}
