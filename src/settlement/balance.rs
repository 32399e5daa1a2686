//! What is left to transfer: paid − bond − Σ monthly + retention − working capital − refunds of cleared
//! years (R27, Z22, Z26, A45, R03).
//!
//! Nothing is floored: a balance below 0 is a receivable of the fund (A52).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::model::Cite;
use crate::units::{Fen, UnitError, exact, ratio};

use super::clearing::difference;
use super::input::{AdvanceKind, ScenarioInput};
use super::ledger::{Ledger, reading};
use super::monthly::{MONTHS, PoolMonth, is_of_pool};
use super::outcome::{InstitutionRow, LedgerLine, LineKind};
use super::year_end::Claim;

/// One institution in one pool, before what stands only in the balance.
#[derive(Debug, Clone, Copy)]
struct Due<'a> {
    claim: Claim<'a>,
    /// After cap, assessment, shares and deductions (R27).
    paid: Fen,
}

/// What stands between paid and transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Performance bond taken off.
    pub bond: Fen,
    /// Σ pre-settled month by month, before retention.
    pub advanced: Fen,
    /// Σ kept back of that, released now (Y21).
    pub retention: Fen,
    /// Working capital paid at the start of the year (Z22).
    pub working_capital: Fen,
    /// Refunds of cleared years (A45).
    pub prior_refunds: Fen,
    /// Refunds whose settlement is not there: no part of the balance (R03).
    pub orphan_refunds: Fen,
    /// Left to transfer; below 0: owed to the fund (A52).
    pub balance: Fen,
}

/// The balances of a pool's institutions, in the order of `claims` and of what they are paid, and their
/// ledger lines.
pub(super) fn settle(
    input: &ScenarioInput<'_>,
    (pool, claims, paid): (&str, &[Claim<'_>], &[Fen]),
    months: &[PoolMonth],
    ledger: &mut Ledger<'_>,
) -> Result<Vec<Balance>, UnitError> {
    let each = claims.iter().zip(paid);
    let dues: Vec<Due<'_>> = each.map(|(claim, paid)| Due { claim: *claim, paid: *paid }).collect();
    let dues = dues.as_slice();
    let capitals = working_capital(input, pool, dues)?;
    let mut balances = Vec::with_capacity(dues.len());
    for ((at, due), working_capital) in dues.iter().enumerate().zip(capitals) {
        let pays = || months.iter().filter_map(|month| month.pays.get(at));
        let refunded = |given| Fen::sum(refunds(given, due).map(|(_, amount)| amount));
        let mut balance = Balance {
            bond: due.claim.assessment.bond,
            advanced: Fen::sum(pays().map(|pay| pay.advance))?,
            retention: Fen::sum(pays().map(|pay| pay.retention))?,
            working_capital,
            prior_refunds: refunded(&input.given.prior_refunds)?,
            orphan_refunds: refunded(&input.given.orphan_refunds)?,
            balance: due.paid,
        };
        let taken =
            [balance.bond, balance.advanced, balance.working_capital, balance.prior_refunds];
        let kept = Fen::sum([due.paid, balance.retention])?;
        balance.balance = difference(kept, Fen::sum(taken)?)?;
        post(input, (due, at), &balance, months, ledger)?;
        balances.push(balance);
    }
    Ok(balances)
}

fn post(
    input: &ScenarioInput<'_>,
    (due, at): (&Due<'_>, usize),
    balance: &Balance,
    months: &[PoolMonth],
    ledger: &mut Ledger<'_>,
) -> Result<(), UnitError> {
    let off = |amount| difference(Fen::ZERO, amount);
    let monthly = input.policy.monthly.as_ref().map(|monthly| monthly.cite.clone());
    let computed = monthly.unwrap_or_else(|| reading("R35"));
    let capital = input.policy.working_capital.as_ref().map(|rule| rule.cite.clone());
    let capital = capital.unwrap_or_else(|| reading("R35"));
    ledger.open(super::pool::YEAR);
    ledger.post(due.claim.code, LineKind::PerformanceBond, off(balance.bond)?, &reading("R27"));
    ledger.post(due.claim.code, LineKind::WorkingCapital, off(balance.working_capital)?, &capital);
    ledger.post(due.claim.code, LineKind::RetentionReleased, balance.retention, &computed);
    for (name, month) in MONTHS.iter().zip(months) {
        let Some(pay) = month.pays.get(at) else { continue };
        ledger.open(name);
        let given = reading("R35");
        let cite: &Cite = if month.given { &given } else { &computed };
        ledger.post(due.claim.code, LineKind::MonthlyPayment, off(pay.advance)?, cite);
    }
    for (month, amount) in refunds(&input.given.prior_refunds, due) {
        let Some(name) = usize::from(month).checked_sub(1).and_then(|at| MONTHS.get(at)) else {
            continue;
        };
        ledger.open(name);
        let cite = reading("A45, R03");
        ledger.post(due.claim.code, LineKind::PriorYearRefund, off(amount)?, &cite);
    }
    Ok(())
}

/// Refunds of the institution by month, where they are taken in this pool.
fn refunds<'a>(
    given: &'a BTreeMap<(String, u8), Fen>,
    due: &'a Due<'_>,
) -> impl Iterator<Item = (u8, Fen)> + 'a {
    let own = given.iter();
    own.filter(|((code, _), _)| due.claim.is_first_pool && code == due.claim.code)
        .map(|((_, month), amount)| (*month, *amount))
}

/// What each institution was paid at the start of the year (Z22): rows of table `advance` where the
/// pool has any (R35), else months × last year's mean month × assessment, rounded to the fen; nothing
/// for an institution that booked nothing.
fn working_capital(
    input: &ScenarioInput<'_>,
    pool: &str,
    dues: &[Due<'_>],
) -> Result<Vec<Fen>, UnitError> {
    // Of an area with head budgets an institution may have rows in several parts: it is paid in the first.
    let by_head = input.policy.capitation.is_some();
    let here = |due: &Due<'_>| !by_head || due.claim.is_first_pool;
    let rows: Vec<_> = input
        .given
        .advances
        .iter()
        .filter(|row| row.kind == AdvanceKind::WorkingCapital && is_of_pool(row, pool))
        .collect();
    if !rows.is_empty() {
        let own = |due: &Due<'_>| {
            let own = rows.iter().filter(|row| here(due) && row.institution == due.claim.code);
            Fen::sum(own.map(|row| row.amount))
        };
        return dues.iter().map(own).collect();
    }
    let Some(rule) = &input.policy.working_capital else {
        return Ok(vec![Fen::ZERO; dues.len()]);
    };
    let capital = |due: &Due<'_>| {
        let key = (pool.to_owned(), due.claim.code.to_owned());
        let booked = input.given.booked_before.get(&key).filter(|_| here(due));
        let booked = booked.copied().unwrap_or_default();
        let booked = Fen::sum(booked)?;
        let month = ratio(booked.0.max(0)) / ratio(12);
        Fen::nearest(&(exact(rule.months) * month * exact(due.claim.assessment.coefficient)))
    };
    dues.iter().map(capital).collect()
}

/// Institutions that the balance names though they may have no cases, with their pool (empty: any).
pub(super) fn named<'a>(input: &'a ScenarioInput<'_>) -> BTreeSet<(&'a str, &'a str)> {
    let given = &input.given;
    let assessed = input.assessments.iter().filter(|(_, assessment)| {
        [assessment.deduction, assessment.violations, assessment.bond] != [Fen::ZERO; 3]
    });
    let assessed = assessed.map(|((pool, code), _)| (pool.as_str(), code.as_str()));
    let advanced = given.advances.iter().map(|row| (row.pool.as_str(), row.institution.as_str()));
    let refunded = given.prior_refunds.iter().filter(|(_, amount)| **amount != Fen::ZERO);
    let refunded = refunded.map(|((code, _), _)| ("", code.as_str()));
    let before = given.booked_before.iter().filter(|(_, months)| {
        let booked: i128 = months.iter().map(|booked| i128::from(booked.0)).sum();
        input.policy.working_capital.is_some() && booked > 0
    });
    let before = before.map(|((pool, code), _)| (pool.as_str(), code.as_str()));
    assessed.chain(advanced).chain(refunded).chain(before).collect()
}

/// All lines of an institution, those of the balance included, sum to its balance.
pub(super) fn assert_balanced(institutions: &[InstitutionRow], lines: &[LedgerLine]) {
    let mut sums = std::collections::HashMap::<&str, i128>::new();
    for line in lines {
        let sum = sums.entry(&line.fixmedins_code).or_default();
        *sum = sum.saturating_add(line.amount.0.into());
    }
    for row in institutions {
        let posted = sums.get(row.fixmedins_code.as_str()).copied().unwrap_or(0);
        let balance = i128::from(row.balance.balance.0);
        assert_eq!(posted, balance, "balance of `{}` in `{}`", row.fixmedins_code, row.pool);
    }
}
