//! One scenario from the sums of the pass to its outcome: pools, periods, year end, closure.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::policy::model::{CompensationLimit, PayMethod};
use crate::units::{Fen, UnitError, fraction, to_decimal};

use super::balance::{self, Balance};
use super::budget_note::notes;
use super::capitation::Part;
use super::cases::Cases;
use super::clearing::{Cleared, Share, clear, difference};
use super::compensation::negotiated;
use super::days::{self, Cells, Days};
use super::error::{Error, Place};
use super::input::{Assessment, ScenarioInput};
use super::ledger::Ledger;
use super::money::{Money, money};
use super::monthly;
use super::outcome::{InstitutionRow, LedgerLine, LineKind, Outcome, PoolRow, YearEnd};
use super::parts::{Counted, parts};
use super::pass::{Sums, TariffSums};
use super::pool::{ALL, Period, Pool, Total, YEAR, fen, group_rows, periods, pools};
use super::tariff::Tariff;
use super::value::Severe;
use super::year_end::{Claim, Settled, YearRules, settle_year};

/// Places of points in tables where there is no catalog to say (A46).
const POINT_PLACES: u32 = 4;

/// Everything one scenario yields.
pub(super) fn outcome(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    sums: &Sums,
    known: Judged<'_>,
) -> Result<Outcome, Error> {
    let Judged { sums: judged, tariff, days } = known;
    let pools = pools(input, cases, sums, judged);
    let moneys = money(input, &pools)?;
    monthly::check_advances(input, pools.iter().map(|pool| pool.name.as_str()))?;
    let mut outcome = empty(input, cases);
    // What is given for every pool is taken in the first pool an institution is in.
    let mut seen = BTreeSet::new();
    let severe = Severe::of(input, cases, tariff);
    let counted = Counted { cases, sums, judged, tariff };
    let parts = parts(input, counted, (&pools, &moneys), &mut outcome.groups)?;
    for part in &parts {
        let (pool, money, severe) = (&part.pool, &part.money, &severe);
        let (negotiated, days, part) = (BTreeMap::new(), Vec::new(), Some(part));
        let settling = Settling { input, cases, pool, money, negotiated, severe, days, part };
        settling.settle(&mut seen, &mut outcome)?;
    }
    for (pool, money) in pools.iter().zip(&moneys) {
        if input.policy.capitation.is_none() {
            let overflow = |source| amount(input, source);
            outcome.groups.extend(group_rows(pool, cases, sums, judged).map_err(overflow)?);
            let negotiated = negotiated_of(input, cases, pool, money)?;
            let days = days_of(input, cases, days, pool).map_err(overflow)?;
            let (severe, part) = (&severe, None);
            let settling = Settling { input, cases, pool, money, negotiated, severe, days, part };
            settling.settle(&mut seen, &mut outcome)?;
            outcome.days.extend(settling.days.into_iter().flat_map(|days| days.rows));
        }
        for (period, budget) in &money.budgets {
            outcome.budget_notes.extend(notes(input, &pool.name, period, *budget)?);
        }
        outcome.waterfall.extend(money.waterfall.iter().cloned());
        outcome.notes.extend(money.notes.iter().cloned());
    }
    outcome.ledger.sort();
    Ok(outcome)
}

/// Pre-settles the months up to `month`; nothing is cleared (J09).
pub(super) fn months(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    sums: &Sums,
    (judged, tariff): (&TariffSums, &Tariff),
    month: u8,
) -> Result<Outcome, Error> {
    let pools = pools(input, cases, sums, judged);
    let moneys = money(input, &pools)?;
    monthly::check_advances(input, pools.iter().map(|pool| pool.name.as_str()))?;
    let mut outcome = empty(input, cases);
    let counted = Counted { cases, sums, judged, tariff };
    for part in parts(input, counted, (&pools, &moneys), &mut Vec::new())? {
        let months = &part.months[..usize::from(month).min(part.months.len())];
        let rows = monthly::rows(&part.pool, months).map_err(|source| amount(input, source))?;
        outcome.months.extend(rows);
    }
    let whole = pools.iter().zip(&moneys).filter(|_| input.policy.capitation.is_none());
    for (pool, money) in whole {
        let months = monthly::of_pool(input, pool, money.monthly, month.into())?;
        let rows = monthly::rows(pool, &months).map_err(|source| amount(input, source))?;
        outcome.months.extend(rows);
    }
    Ok(outcome)
}

/// What the cases come to under the tariff of one scenario.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    pub(super) sums: &'a TariffSums,
    pub(super) tariff: &'a Tariff,
    /// Where groups are cleared by days (A17).
    pub(super) days: Option<&'a Cells>,
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

fn empty(input: &ScenarioInput<'_>, cases: &Cases) -> Outcome {
    Outcome {
        scenario: input.name.clone(),
        places: input.catalog.map_or(POINT_PLACES, |catalog| catalog.places),
        pools: Vec::new(),
        institutions: Vec::new(),
        months: Vec::new(),
        groups: Vec::new(),
        parts: Vec::new(),
        ledger: Vec::new(),
        waterfall: Vec::new(),
        budget_notes: Vec::new(),
        compensation: Vec::new(),
        notes: Vec::new(),
        unmatched_special: super::experts::unmatched(input, cases),
        days: Vec::new(),
    }
}

fn amount(input: &ScenarioInput<'_>, source: UnitError) -> Error {
    Error::Amount { scenario: input.name.clone(), source }
}

fn place(input: &ScenarioInput<'_>, pool: &str, period: &str) -> Place {
    Place { scenario: input.name.clone(), pool: pool.to_owned(), period: period.to_owned() }
}

/// N by institution where overspend is compensated by negotiated drugs and there is money for it (Y33).
fn negotiated_of(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    pool: &Pool,
    money: &Money,
) -> Result<BTreeMap<String, Fen>, Error> {
    let limit = input.policy.compensation.as_ref().map(|rule| rule.limit);
    if limit == Some(CompensationLimit::Negotiated) && money.compensation != Fen::ZERO {
        return negotiated(cases, input.year, pool);
    }
    Ok(BTreeMap::new())
}

/// One pool on its way through its periods and the year end.
struct Settling<'a> {
    input: &'a ScenarioInput<'a>,
    cases: &'a Cases,
    pool: &'a Pool,
    money: &'a Money,
    negotiated: BTreeMap<String, Fen>,
    severe: &'a Severe,
    /// Of each clearing period, in order.
    days: Vec<Days>,
    /// Where the pool is a part of a policy with head budgets.
    part: Option<&'a Part>,
}

impl<'a> Settling<'a> {
    fn settle(&self, seen: &mut BTreeSet<&'a str>, outcome: &mut Outcome) -> Result<(), Error> {
        let (input, pool) = (self.input, self.pool);
        let overflow = |source| amount(input, source);
        let mut ledger = Ledger::new(&pool.name);
        for (kind, amount, cite) in &self.money.beside {
            ledger.post_fund(*kind, *amount, cite);
        }
        let (rows, entitlement) = match self.part {
            Some(part) => self.clear_part(part, &mut ledger, outcome)?,
            None => self.clear_periods(&mut ledger)?,
        };
        let years: Vec<Total> = pool.members.iter().map(|member| member.over(&(1..=12))).collect();
        let claims = self.claims(&years, &entitlement, seen).map_err(overflow)?;
        let compensation = input.policy.compensation.as_ref();
        let rules = YearRules {
            cap: input.policy.surplus_cap.as_ref(),
            compensation: compensation.map(|rule| (rule, self.money.compensation)),
        };
        let settled = settle_year(rules, &pool.name, &claims, &mut ledger).map_err(overflow)?;
        if compensation.is_none() {
            // A pool that no rule divides stays with the fund (Z13).
            let unused = self.money.compensation;
            ledger.post_fund(LineKind::CompensationRest, unused, &input.policy.budget.cite);
        }
        let year = year_row(&rows, &settled, self.money).map_err(overflow)?;
        assert_closed(&year, &claims, &settled, &ledger.lines);
        let (of, months) = match self.part {
            Some(part) => (part.area.as_str(), part.months.clone()),
            None => (pool.name.as_str(), monthly::of_pool(input, pool, self.money.monthly, 12)?),
        };
        let of_pool = (of, claims.as_slice(), settled.paid.as_slice());
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
        outcome.compensation.extend(settled.compensated.into_iter().flat_map(|all| all.rows));
        Ok(())
    }

    fn clear_periods(&self, ledger: &mut Ledger<'_>) -> Result<(Vec<PoolRow>, Vec<Fen>), Error> {
        let (input, pool) = (self.input, self.pool);
        let overflow = |source| amount(input, source);
        let mut entitlement = vec![Fen::ZERO; pool.members.len()];
        let mut rows = Vec::new();
        for (period, days) in periods(input.policy.budget.period).iter().zip(&self.days) {
            let (cleared, total) = self.clear_period(period, days, ledger)?;
            for (sum, part) in entitlement.iter_mut().zip(&cleared.entitlement) {
                *sum = Fen::sum([*sum, *part]).map_err(overflow)?;
            }
            rows.push(pool_row(input, pool, period.0, &cleared, &total).map_err(overflow)?);
        }
        Ok((rows, entitlement))
    }

    /// A part of a policy with head budgets: one period, the year (A25).
    fn clear_part(
        &self,
        part: &Part,
        ledger: &mut Ledger<'_>,
        outcome: &mut Outcome,
    ) -> Result<(Vec<PoolRow>, Vec<Fen>), Error> {
        let input = self.input;
        let place = place(input, &self.pool.name, YEAR);
        ledger.open(YEAR);
        let (cleared, row) = part.clear(input.policy, &place, ledger)?;
        outcome.parts.push(row);
        let row = pool_row(input, self.pool, YEAR, &cleared, &part.total);
        Ok((vec![row.map_err(|source| amount(input, source))?], cleared.entitlement))
    }

    fn clear_period(
        &self,
        (period, months): &Period,
        days: &Days,
        ledger: &mut Ledger<'_>,
    ) -> Result<(Cleared, Total), Error> {
        let mut shares: Vec<Share<'_>> = Vec::with_capacity(self.pool.members.len());
        for member in &self.pool.members {
            let mut total = member.over(months);
            let by_days = days.changes.get(&member.code).copied().unwrap_or_default();
            total.judged.standard = total.judged.standard.saturating_add(by_days.0.into());
            shares.push(Share {
                code: &member.code,
                total,
                by_days,
                severe: self.severe.over(self.pool, self.cases, &member.code, months),
                base: self.base_points(&member.code),
            });
        }
        let mut total = Total::default();
        for share in &shares {
            total.add(&share.total);
        }
        ledger.open(period);
        let place = place(self.input, &self.pool.name, period);
        let budget = self.money.budget(period);
        let base = self.input.given.base_points.iter();
        let base: i128 =
            base.filter(|((pool, _), _)| *pool == self.pool.name).map(|row| row.1).sum();
        let here: i128 = shares.iter().map(|share| share.base).sum();
        let elsewhere = base.saturating_sub(here);
        Ok((clear(&place, self.input.policy, budget, &shares, elsewhere, ledger)?, total))
    }

    /// Base volume of an institution, in millionths of a point (E11).
    fn base_points(&self, code: &str) -> i128 {
        let key = (self.pool.name.clone(), code.to_owned());
        self.input.given.base_points.get(&key).copied().unwrap_or(0)
    }

    /// What each institution brings to the year end.
    fn claims(
        &self,
        years: &[Total],
        entitlement: &[Fen],
        seen: &mut BTreeSet<&'a str>,
    ) -> Result<Vec<Claim<'a>>, UnitError> {
        let (input, pool) = (self.input, self.pool);
        let mut claims = Vec::with_capacity(pool.members.len());
        for ((member, year), entitlement) in pool.members.iter().zip(years).zip(entitlement) {
            let own = input.assessments.get(&(pool.name.clone(), member.code.clone()));
            let general = input.assessments.get(&(String::new(), member.code.clone()));
            // Amounts given for every pool are taken once, a pool's own beside them.
            let is_first_pool = !member.waits && seen.insert(member.code.as_str());
            let once = general.filter(|_| is_first_pool);
            let all = |of: fn(&Assessment) -> Fen| Fen::sum(own.into_iter().chain(once).map(of));
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
                negotiated: self.negotiated.get(&member.code).copied().unwrap_or_default(),
                assessment: Assessment {
                    coefficient: own.or(general).map_or(Decimal::ONE, |given| given.coefficient),
                    deduction: all(|given| given.deduction)?,
                    violations: all(|given| given.violations)?,
                    bond: all(|given| given.bond)?,
                },
            });
        }
        Ok(claims)
    }
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
fn year_row(rows: &[PoolRow], settled: &Settled, money: &Money) -> Result<PoolRow, UnitError> {
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
            fund_balance: difference(Fen::sum([budget, money.compensation])?, paid)?,
            returned: settled.returned,
            capped_institutions: settled.capped,
            compensation_pool: money.compensation,
            gross: money.gross()?,
        }),
        cases: count(|row| row.cases),
        cost: sum(|row| row.cost)?,
        low_cases: count(|row| row.low_cases),
        high_cases: count(|row| row.high_cases),
        ungrouped_cases: count(|row| row.ungrouped_cases),
    })
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
/// of the pool, the fund's included, to its gross money; what the fund keeps of budget and compensation
/// pool is its balance.
fn assert_closed(year: &PoolRow, claims: &[Claim<'_>], settled: &Settled, lines: &[LedgerLine]) {
    let total = |keep: &dyn Fn(&LedgerLine) -> bool| -> i128 {
        lines.iter().filter(|line| keep(line)).map(|line| i128::from(line.amount.0)).sum()
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
    let (gross, balance) = year.year_end.map_or((0, 0), |end| (end.gross.0, end.fund_balance.0));
    assert_eq!(total(&|_| true), i128::from(gross), "ledger of `{}`", year.pool);
    let kept = total(&|line| line.fixmedins_code.is_empty() && !line.kind.is_beside());
    assert_eq!(kept, i128::from(balance), "fund balance of `{}`", year.pool);
}
