//! One scenario from the sums of the pass to its outcome: pools, periods, year end, closure.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::policy::model::{Capitation, PayMethod, SharedBy};
use crate::units::{Fen, UnitError, fraction, to_decimal};

use super::capitation::{self, Part, Rule};
use super::cases::Cases;
use super::clearing::{Cleared, Share, clear, difference};
use super::contracts;
use super::error::{Error, Place};
use super::heads::{self, Placing, Units};
use super::input::{Assessment, ScenarioInput};
use super::ledger::Ledger;
use super::outcome::{GroupRow, InstitutionRow, LedgerLine, MonthRow, Outcome, PoolRow, YearEnd};
use super::pass::{Sums, TariffSums};
use super::pool::{ALL, Member, Period, Pool, Total, YEAR, fen, group_rows, periods, pools};
use super::tariff::Tariff;
use super::year_end::{Claim, Settled, settle_year};

/// Places of points in tables where there is no catalog to say (A46).
const POINT_PLACES: u32 = 4;

/// Everything one scenario yields.
pub(super) fn outcome(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    sums: &Sums,
    judged: &TariffSums,
) -> Result<Outcome, Error> {
    let pools = pools(input, cases, sums, judged);
    check_inputs(input, &pools)?;
    let mut outcome = Outcome {
        scenario: input.name.clone(),
        places: input.catalog.map_or(POINT_PLACES, |catalog| catalog.places),
        pools: Vec::new(),
        institutions: Vec::new(),
        months: Vec::new(),
        groups: Vec::new(),
        parts: Vec::new(),
        ledger: Vec::new(),
        unmatched_special: super::experts::unmatched(input, cases),
    };
    // Deductions given for every pool are taken in the first pool an institution is in.
    let mut deducted = BTreeSet::new();
    for pool in &pools {
        if input.policy.capitation.is_none() {
            let groups =
                group_rows(pool, cases, sums, judged).map_err(|source| amount(input, source))?;
            outcome.groups.extend(groups);
            settle_pool(input, pool, &mut deducted, &mut outcome)?;
        }
    }
    let parts = match &input.policy.capitation {
        Some(rule) => parts(input, rule, (cases, sums, judged), &pools, &mut outcome.groups)?,
        None => Vec::new(),
    };
    if let Some(rule) = &input.policy.capitation {
        for part in &parts {
            settle_part(input, rule, part, &mut deducted, &mut outcome)?;
        }
    }
    outcome.ledger.sort();
    Ok(outcome)
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
        // Parts are pools too; their names are known once cases and persons are placed.
        let by_part = input.policy.capitation.is_some();
        if !pool.is_empty() && !by_part && !pools.iter().any(|known| known.name == *pool) {
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

/// One pool through its periods and the year end.
fn settle_pool<'a>(
    input: &ScenarioInput<'_>,
    pool: &'a Pool,
    deducted: &mut BTreeSet<&'a str>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let overflow = |source| amount(input, source);
    let mut ledger = Ledger::new(&pool.name);
    let mut entitlement = vec![Fen::ZERO; pool.members.len()];
    let mut rows = Vec::new();
    for period in periods(input.policy.budget.period) {
        let (cleared, total) = clear_period(input, pool, period, &mut ledger)?;
        for (sum, part) in entitlement.iter_mut().zip(&cleared.entitlement) {
            *sum = Fen::sum([*sum, *part]).map_err(overflow)?;
        }
        rows.push(pool_row(input, pool, period.0, &cleared, &total).map_err(overflow)?);
    }
    end_year(input, pool, (rows, &entitlement), (ledger, deducted), outcome)
}

/// The end of the year of a pool: from entitlements to what is paid, and its rows.
fn end_year<'a>(
    input: &ScenarioInput<'_>,
    pool: &'a Pool,
    (rows, entitlement): (Vec<PoolRow>, &[Fen]),
    (mut ledger, deducted): (Ledger<'_>, &mut BTreeSet<&'a str>),
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let overflow = |source| amount(input, source);
    let years: Vec<Total> = pool.members.iter().map(|member| member.over(&(1..=12))).collect();
    let claims = claims(input, pool, &years, entitlement, deducted).map_err(overflow)?;
    let cap = input.policy.surplus_cap.as_ref();
    let settled = settle_year(cap, &claims, &mut ledger).map_err(overflow)?;
    let year = year_row(&rows, &settled).map_err(overflow)?;
    assert_closed(&year, &claims, &settled, &ledger.lines);
    let institutions = institution_rows(pool, &claims, &settled, &years).map_err(overflow)?;
    outcome.institutions.extend(institutions);
    for member in &pool.members {
        outcome.months.extend(month_rows(&pool.name, member).map_err(overflow)?);
    }
    if rows.len() > 1 {
        outcome.pools.extend(rows);
    }
    outcome.pools.push(year);
    outcome.pools.sort_by(|one, two| (&one.pool, &one.period).cmp(&(&two.pool, &two.period)));
    outcome.ledger.append(&mut ledger.lines);
    Ok(())
}

/// The parts of all pools (A25): each is a pool of its own, or stands for the pool it is in.
fn parts(
    input: &ScenarioInput<'_>,
    rule: &Capitation,
    (cases, sums, judged): (&Cases, &Sums, &TariffSums),
    pools: &[Pool],
    groups: &mut Vec<GroupRow>,
) -> Result<Vec<Part>, Error> {
    let units = Units::of(input)?;
    let tariff = Tariff::resolve(input, cases)?;
    let placing = Placing::new(rule, &units, cases);
    let mut parts = Vec::new();
    for pool in pools {
        let place = place(input, &pool.name, YEAR);
        let budget = budget_of(input, &pool.name, YEAR)?;
        let heads = match rule.shared_by {
            SharedBy::Part => heads::budgets(input, &units, rule, budget)?,
            SharedBy::Area => BTreeMap::new(),
        };
        let rows = contracts::group_rows(cases, input.year, pool, &tariff, &placing);
        groups.extend(rows.map_err(|source| amount(input, source))?);
        let cells = contracts::cells(cases, pool, (sums, judged), &placing);
        let rule = Rule { policy: input.policy, capitation: rule, place: &place };
        parts.extend(capitation::parts(&rule, budget, &heads, &cells)?);
    }
    parts.sort_by(|one, two| one.pool.name.cmp(&two.pool.name));
    for ((named, institution), assessment) in &input.assessments {
        let known = |part: &Part| part.pool.members.iter().any(|own| own.code == *institution);
        let part = if named.is_empty() {
            if assessment.deduction == Fen::ZERO || parts.iter().any(known) {
                continue;
            }
            // No cases, yet something to pay back: it stands where the unsigned are.
            parts.last_mut()
        } else {
            parts.iter_mut().find(|part| part.pool.name == *named)
        };
        let part = part.ok_or_else(|| Error::AssessmentWithoutPool {
            scenario: input.name.clone(),
            pool: named.clone(),
            institution: institution.clone(),
        })?;
        if assessment.deduction != Fen::ZERO && !known(part) {
            part.add_payee(institution);
        }
    }
    Ok(parts)
}

/// One part through the year and its end.
fn settle_part<'a>(
    input: &ScenarioInput<'_>,
    capitation: &Capitation,
    part: &'a Part,
    deducted: &mut BTreeSet<&'a str>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let pool = &part.pool;
    let mut ledger = Ledger::new(&pool.name);
    ledger.open(YEAR);
    let rule = Rule { policy: input.policy, capitation, place: &place(input, &pool.name, YEAR) };
    let (cleared, row) = part.clear(&rule, &mut ledger)?;
    outcome.parts.push(row);
    let year = pool_row(input, pool, YEAR, &cleared, &part.total)
        .map_err(|source| amount(input, source))?;
    end_year(input, pool, (vec![year], &cleared.entitlement), (ledger, deducted), outcome)
}

fn clear_period(
    input: &ScenarioInput<'_>,
    pool: &Pool,
    (period, months): &Period,
    ledger: &mut Ledger<'_>,
) -> Result<(Cleared, Total), Error> {
    let budget = budget_of(input, &pool.name, period)?;
    let shares: Vec<Share<'_>> = pool
        .members
        .iter()
        .map(|member| Share { code: &member.code, total: member.over(months) })
        .collect();
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
    deducted: &mut BTreeSet<&'a str>,
) -> Result<Vec<Claim<'a>>, UnitError> {
    let mut claims = Vec::with_capacity(pool.members.len());
    for ((member, year), entitlement) in pool.members.iter().zip(years).zip(entitlement) {
        let own = input.assessments.get(&(pool.name.clone(), member.code.clone()));
        let general = input.assessments.get(&(String::new(), member.code.clone()));
        let mut deductions: Vec<Fen> = own.iter().map(|own| own.deduction).collect();
        if let Some(general) = general.filter(|_| deducted.insert(member.code.as_str())) {
            deductions.push(general.deduction);
        }
        claims.push(Claim {
            code: &member.code,
            entitlement: *entitlement,
            booked: fen(year.base.booked)?,
            cost: fen(year.base.cost)?,
            weight: match input.policy.payment.method {
                PayMethod::Points => year.judged.points,
                PayMethod::Standard => year.judged.standard,
            },
            assessment: Assessment {
                coefficient: own.or(general).map_or(Decimal::ONE, |given| given.coefficient),
                deduction: Fen::sum(deductions)?,
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
) -> Result<Vec<InstitutionRow>, UnitError> {
    let mut rows = Vec::with_capacity(claims.len());
    for ((claim, paid), year) in claims.iter().zip(&settled.paid).zip(years) {
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
        });
    }
    Ok(rows)
}

/// A printed rate, 4 places (R40); `None` when there is nothing to divide by (A53).
fn rate(part: Fen, whole: Fen) -> Option<Decimal> {
    fraction(part.0, whole.0).and_then(|rate| to_decimal(&rate, 4))
}

fn month_rows(pool: &str, member: &Member) -> Result<Vec<MonthRow>, UnitError> {
    let mut rows = Vec::new();
    for (month, total) in member.by_month().filter(|(_, total)| total.base.cases != 0) {
        rows.push(MonthRow {
            pool: pool.to_owned(),
            fixmedins_code: member.code.clone(),
            month: u8::try_from(month).unwrap_or(u8::MAX),
            cases: total.base.cases,
            cost: fen(total.base.cost)?,
            booked: fen(total.base.booked)?,
            points: total.judged.points,
        });
    }
    Ok(rows)
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
