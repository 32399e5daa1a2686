//! One scenario from the sums of the pass to its outcome: pools, periods, year end, closure.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::policy::model::PayMethod;
use crate::units::{Fen, UnitError, fraction, to_decimal};

use super::balance::{self, Balance};
use super::cases::Cases;
use super::clearing::{Cleared, Share, clear, difference};
use super::days::{self, Cells, Days};
use super::error::{Error, Place};
use super::input::{Assessment, ScenarioInput};
use super::ledger::Ledger;
use super::monthly;
use super::outcome::{InstitutionRow, LedgerLine, Outcome, PoolRow, YearEnd};
use super::pass::{Sums, TariffSums};
use super::pool::{ALL, Period, Pool, Total, YEAR, fen, group_rows, periods, pools};
use super::year_end::{Claim, Settled, settle_year};

/// Places of points in tables where there is no catalog to say (A46).
const POINT_PLACES: u32 = 4;

/// Everything one scenario yields.
pub(super) fn outcome(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    sums: &Sums,
    (judged, days): (&TariffSums, Option<&Cells>),
) -> Result<Outcome, Error> {
    let pools = pools(input, cases, sums, judged);
    check_inputs(input, &pools)?;
    monthly::check_advances(input, cases, pools.iter().map(|pool| pool.name.as_str()))?;
    let mut outcome = empty(input);
    // What is given for every pool is taken in the first pool an institution is in.
    let mut seen = BTreeSet::new();
    for pool in &pools {
        let groups =
            group_rows(pool, cases, sums, judged).map_err(|source| amount(input, source))?;
        outcome.groups.extend(groups);
        let days = days_of(input, cases, days, pool).map_err(|source| amount(input, source))?;
        settle_pool(input, (pool, &days), &mut seen, &mut outcome)?;
        outcome.days.extend(days.into_iter().flat_map(|days| days.rows));
    }
    outcome.ledger.sort();
    Ok(outcome)
}

/// Pre-settles the months up to `month`; nothing is cleared (J09).
pub(super) fn months(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    sums: &Sums,
    judged: &TariffSums,
    month: u8,
) -> Result<Outcome, Error> {
    let pools = pools(input, cases, sums, judged);
    check_inputs(input, &pools)?;
    monthly::check_advances(input, cases, pools.iter().map(|pool| pool.name.as_str()))?;
    let mut outcome = empty(input);
    for pool in &pools {
        let months = monthly::of_pool(input, pool, year_money(input, pool)?, month.into())?;
        let rows = monthly::rows(pool, &months).map_err(|source| amount(input, source))?;
        outcome.months.extend(rows);
    }
    Ok(outcome)
}

fn empty(input: &ScenarioInput<'_>) -> Outcome {
    Outcome {
        scenario: input.name.clone(),
        places: input.catalog.map_or(POINT_PLACES, |catalog| catalog.places),
        pools: Vec::new(),
        institutions: Vec::new(),
        months: Vec::new(),
        groups: Vec::new(),
        ledger: Vec::new(),
        days: Vec::new(),
    }
}

/// Clearing by days in each period of a pool (Y30–Y32); nothing where no group is cleared so.
fn days_of(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    cells: Option<&Cells>,
    pool: &Pool,
) -> Result<Vec<Days>, UnitError> {
    let periods = periods(input.policy.budget.period).iter();
    let of_period = |period| match cells {
        Some(cells) => days::of_period(cases, cells, pool, period),
        None => Ok(Days::default()),
    };
    periods.map(of_period).collect()
}

/// The money of a pool's periods together, which quotas are parts of (R10).
fn year_money(input: &ScenarioInput<'_>, pool: &Pool) -> Result<Fen, Error> {
    let periods = periods(input.policy.budget.period).iter();
    let budgets = periods
        .map(|(period, _)| budget_of(input, &pool.name, period))
        .collect::<Result<Vec<_>, _>>()?;
    Fen::sum(budgets).map_err(|source| amount(input, source))
}

fn amount(input: &ScenarioInput<'_>, source: UnitError) -> Error {
    Error::Amount { scenario: input.name.clone(), source }
}

/// Every budget has its pool and period, every assessment its pool.
fn check_inputs(input: &ScenarioInput<'_>, pools: &[Pool]) -> Result<(), Error> {
    let settled: BTreeSet<(&str, &str)> = pools
        .iter()
        .flat_map(|pool| {
            let periods = periods(input.policy.budget.period).iter();
            periods.map(|(period, _)| (pool.name.as_str(), *period))
        })
        .collect();
    for ((pool, period), amount) in &input.budgets {
        if !settled.contains(&(pool.as_str(), period.as_str())) {
            return Err(Error::BudgetWithoutPool {
                place: Box::new(place(input, pool, period)),
                amount: *amount,
                known: settled.iter().map(|(pool, period)| format!("{pool}/{period}")).collect(),
            });
        }
    }
    for (pool, institution) in input.assessments.keys() {
        if !pool.is_empty() && !pools.iter().any(|known| known.name == *pool) {
            return Err(Error::AssessmentWithoutPool {
                scenario: input.name.clone(),
                pool: pool.clone(),
                institution: institution.clone(),
            });
        }
    }
    Ok(())
}

fn place(input: &ScenarioInput<'_>, pool: &str, period: &str) -> Place {
    Place { scenario: input.name.clone(), pool: pool.to_owned(), period: period.to_owned() }
}

fn budget_of(input: &ScenarioInput<'_>, pool: &str, period: &str) -> Result<Fen, Error> {
    let key = (pool.to_owned(), period.to_owned());
    input.budgets.get(&key).copied().ok_or_else(|| Error::BudgetMissing {
        place: Box::new(place(input, pool, period)),
        known: input.budgets.keys().map(|(pool, period)| format!("{pool}/{period}")).collect(),
    })
}

/// One pool through its periods, the year end and the balance.
fn settle_pool<'a>(
    input: &ScenarioInput<'_>,
    (pool, days): (&'a Pool, &[Days]),
    seen: &mut BTreeSet<&'a str>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let overflow = |source| amount(input, source);
    let mut ledger = Ledger::new(&pool.name);
    let mut entitlement = vec![Fen::ZERO; pool.members.len()];
    let mut rows = Vec::new();
    for (period, days) in periods(input.policy.budget.period).iter().zip(days) {
        let (cleared, total) = clear_period(input, (pool, days), period, &mut ledger)?;
        for (sum, part) in entitlement.iter_mut().zip(&cleared.entitlement) {
            *sum = Fen::sum([*sum, *part]).map_err(overflow)?;
        }
        rows.push(pool_row(input, pool, period.0, &cleared, &total).map_err(overflow)?);
    }
    let years: Vec<Total> = pool.members.iter().map(|member| member.over(&(1..=12))).collect();
    let claims = claims(input, pool, &years, &entitlement, seen).map_err(overflow)?;
    let cap = input.policy.surplus_cap.as_ref();
    let settled = settle_year(cap, &claims, &mut ledger).map_err(overflow)?;
    let year = year_row(&rows, &settled).map_err(overflow)?;
    assert_closed(&year, &claims, &settled, &ledger.lines);
    let months = monthly::of_pool(input, pool, year_money(input, pool)?, 12)?;
    let of_pool = (pool.name.as_str(), claims.as_slice(), settled.paid.as_slice());
    let balances = balance::settle(input, of_pool, &months, &mut ledger).map_err(overflow)?;
    let institutions =
        institution_rows(pool, &claims, &settled, &years, &balances).map_err(overflow)?;
    balance::assert_balanced(&institutions, &ledger.lines);
    outcome.institutions.extend(institutions);
    outcome.months.extend(monthly::rows(pool, &months).map_err(overflow)?);
    if rows.len() > 1 {
        outcome.pools.extend(rows);
    }
    outcome.pools.push(year);
    outcome.pools.sort_by(|one, two| (&one.pool, &one.period).cmp(&(&two.pool, &two.period)));
    outcome.ledger.append(&mut ledger.lines);
    Ok(())
}

fn clear_period(
    input: &ScenarioInput<'_>,
    (pool, days): (&Pool, &Days),
    (period, months): &Period,
    ledger: &mut Ledger<'_>,
) -> Result<(Cleared, Total), Error> {
    let budget = budget_of(input, &pool.name, period)?;
    let mut shares: Vec<Share<'_>> = Vec::with_capacity(pool.members.len());
    for member in &pool.members {
        let mut total = member.over(months);
        let by_days = days.changes.get(&member.code).copied().unwrap_or_default();
        total.judged.standard = total.judged.standard.saturating_add(by_days.0.into());
        shares.push(Share { code: &member.code, total, by_days });
    }
    let mut total = Total::default();
    for share in &shares {
        total.add(&share.total);
    }
    ledger.open(period);
    let place = place(input, &pool.name, period);
    Ok((clear(&place, input.policy, budget, &shares, ledger)?, total))
}

fn pool_row(
    input: &ScenarioInput<'_>,
    pool: &Pool,
    period: &str,
    cleared: &Cleared,
    total: &Total,
) -> Result<PoolRow, UnitError> {
    let points = input.policy.payment.method == PayMethod::Points;
    Ok(PoolRow {
        pool: pool.name.clone(),
        period: period.to_owned(),
        budget: cleared.budget,
        booked: fen(total.base.booked)?,
        distributable: cleared.distributable,
        item_paid: fen(total.judged.item_paid())?,
        standard_paid: if points { None } else { Some(fen(total.judged.standard)?) },
        points: points.then_some(total.judged.points),
        point_value: cleared.point_value,
        floating_factor: cleared.floating_factor,
        entitlement: Fen::sum(cleared.entitlement.iter().copied())?,
        year_end: None,
        cases: total.base.cases,
        cost: fen(total.base.cost)?,
        low_cases: total.judged.low,
        high_cases: total.judged.high,
        ungrouped_cases: total.judged.ungrouped,
    })
}

/// The row of the year: the sums of its periods, and what the year end does.
fn year_row(rows: &[PoolRow], settled: &Settled) -> Result<PoolRow, UnitError> {
    let sum = |of: fn(&PoolRow) -> Fen| Fen::sum(rows.iter().map(of));
    let count = |of: fn(&PoolRow) -> i64| rows.iter().map(of).sum();
    let only = if let [only] = rows { Some(only) } else { None };
    let (budget, entitlement) = (sum(|row| row.budget)?, sum(|row| row.entitlement)?);
    let paid = Fen::sum(settled.paid.iter().copied())?;
    let standards: Option<Vec<Fen>> = rows.iter().map(|row| row.standard_paid).collect();
    let points: Option<Vec<i128>> = rows.iter().map(|row| row.points).collect();
    Ok(PoolRow {
        pool: rows.first().map_or_else(|| ALL.to_owned(), |row| row.pool.clone()),
        period: YEAR.to_owned(),
        budget,
        booked: sum(|row| row.booked)?,
        distributable: sum(|row| row.distributable)?,
        item_paid: sum(|row| row.item_paid)?,
        standard_paid: standards.map(Fen::sum).transpose()?,
        points: points.map(|points| points.iter().sum()),
        point_value: only.and_then(|row| row.point_value),
        floating_factor: only.and_then(|row| row.floating_factor),
        entitlement,
        year_end: Some(YearEnd {
            adjustment: difference(paid, entitlement)?,
            paid,
            fund_balance: difference(budget, paid)?,
            returned: settled.returned,
            capped_institutions: settled.capped,
        }),
        cases: count(|row| row.cases),
        cost: sum(|row| row.cost)?,
        low_cases: count(|row| row.low_cases),
        high_cases: count(|row| row.high_cases),
        ungrouped_cases: count(|row| row.ungrouped_cases),
    })
}

/// What each institution brings to the year end.
fn claims<'a>(
    input: &ScenarioInput<'_>,
    pool: &'a Pool,
    years: &[Total],
    entitlement: &[Fen],
    seen: &mut BTreeSet<&'a str>,
) -> Result<Vec<Claim<'a>>, UnitError> {
    let mut claims = Vec::with_capacity(pool.members.len());
    for ((member, year), entitlement) in pool.members.iter().zip(years).zip(entitlement) {
        let own = input.assessments.get(&(pool.name.clone(), member.code.clone()));
        let general = input.assessments.get(&(String::new(), member.code.clone()));
        let is_first_pool = seen.insert(member.code.as_str());
        let here = own.into_iter().chain(general.filter(|_| is_first_pool));
        claims.push(Claim {
            code: &member.code,
            is_first_pool,
            entitlement: *entitlement,
            booked: fen(year.base.booked)?,
            cost: fen(year.base.cost)?,
            weight: match input.policy.payment.method {
                PayMethod::Points => year.judged.points,
                PayMethod::Standard => year.judged.standard,
            },
            assessment: Assessment {
                coefficient: own.or(general).map_or(Decimal::ONE, |given| given.coefficient),
                deduction: Fen::sum(here.clone().map(|given| given.deduction))?,
                bond: Fen::sum(here.map(|given| given.bond))?,
                ..Assessment::default()
            },
        });
    }
    Ok(claims)
}

fn institution_rows(
    pool: &Pool,
    claims: &[Claim<'_>],
    settled: &Settled,
    years: &[Total],
    balances: &[Balance],
) -> Result<Vec<InstitutionRow>, UnitError> {
    let mut rows = Vec::with_capacity(claims.len());
    let ends = settled.paid.iter().zip(balances);
    for ((claim, (paid, balance)), year) in claims.iter().zip(ends).zip(years) {
        let surplus = difference(*paid, claim.booked)?;
        let before = difference(claim.entitlement, claim.booked)?;
        rows.push(InstitutionRow {
            pool: pool.name.clone(),
            fixmedins_code: claim.code.to_owned(),
            cases: year.base.cases,
            cost: claim.cost,
            booked: claim.booked,
            points: year.judged.points,
            entitlement: claim.entitlement,
            adjustment: difference(*paid, claim.entitlement)?,
            paid: *paid,
            surplus,
            surplus_rate: rate(surplus, *paid),
            surplus_rate_before_cap: rate(before, claim.entitlement),
            balance: *balance,
        });
    }
    Ok(rows)
}

/// A printed rate, 4 places (R40); `None` when there is nothing to divide by (A53).
fn rate(part: Fen, whole: Fen) -> Option<Decimal> {
    fraction(part.0, whole.0).and_then(|rate| to_decimal(&rate, 4))
}

/// No fen is lost or made (design §4): an institution's lines sum to what it is paid, and all lines
/// of the pool, the fund's included, to its budget.
fn assert_closed(year: &PoolRow, claims: &[Claim<'_>], settled: &Settled, lines: &[LedgerLine]) {
    let total = |lines: &mut dyn Iterator<Item = &LedgerLine>| -> i128 {
        lines.map(|line| i128::from(line.amount.0)).sum()
    };
    let mut by_institution = std::collections::HashMap::<&str, i128>::new();
    for line in lines {
        let sum = by_institution.entry(&line.fixmedins_code).or_default();
        *sum = sum.saturating_add(line.amount.0.into());
    }
    for (claim, paid) in claims.iter().zip(&settled.paid) {
        let posted = by_institution.get(claim.code).copied().unwrap_or(0);
        assert_eq!(posted, i128::from(paid.0), "ledger of `{}` in `{}`", claim.code, year.pool);
    }
    assert_eq!(total(&mut lines.iter()), i128::from(year.budget.0), "ledger of `{}`", year.pool);
    let fund = by_institution.get("").copied().unwrap_or(0);
    let balance = year.year_end.map_or(0, |end| end.fund_balance.0);
    assert_eq!(fund, i128::from(balance), "fund balance of `{}`", year.pool);
}
