//! The end of the year: entitlement → surplus cap → assessment coefficient → overspend share →
//! violations → deductions = paid (R27).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::policy::model::{CapBase, CapDestination, Compensation, SurplusCap};
use crate::units::{Fen, Ratio, UnitError, allocate, exact, ratio};

use super::clearing::{difference, quotient};
use super::compensation::{Compensated, compensate};
use super::input::Assessment;
use super::ledger::{Ledger, reading};
use super::outcome::LineKind;

/// One institution in one pool at the end of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim<'a> {
    pub(super) code: &'a str,
    pub(super) entitlement: Fen,
    pub(super) booked: Fen,
    pub(super) cost: Fen,
    /// Points, or pay by standard: what money above others' caps is divided by.
    pub(super) weight: i128,
    /// Fund part of negotiated drugs, rounded (Y33, R22); 0 where it is not asked for.
    pub(super) negotiated: Fen,
    pub(super) assessment: Assessment,
    /// Whether this is the first pool (by name) in which the institution stands: what is given for
    /// every pool is taken there.
    pub(super) is_first_pool: bool,
}

/// The rules of the year end, and the compensation pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct YearRules<'a> {
    pub(super) cap: Option<&'a SurplusCap>,
    pub(super) compensation: Option<(&'a Compensation, Fen)>,
}

/// What the year end leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// Paid to each institution, in the order given.
    pub(super) paid: Vec<Fen>,
    /// Went back to the fund above caps.
    pub(super) returned: Fen,
    /// Institutions held at their cap.
    pub(super) capped: i64,
    /// The compensation pool, where the policy has one.
    pub(super) compensated: Option<Compensated>,
}

/// Caps, assesses, shares overspend and deducts, and posts the lines.
pub(super) fn settle_year(
    rules: YearRules<'_>,
    pool: &str,
    claims: &[Claim<'_>],
    ledger: &mut Ledger<'_>,
) -> Result<Settled, UnitError> {
    ledger.open(super::pool::YEAR);
    let mut settled = match rules.cap {
        Some(cap) => apply_cap(cap, claims, ledger)?,
        None => Settled {
            paid: claims.iter().map(|claim| claim.entitlement).collect(),
            returned: Fen::ZERO,
            capped: 0,
            compensated: None,
        },
    };
    assess(claims, &mut settled.paid, ledger)?;
    deduct(claims, &mut settled.paid, ledger)?;
    // Its lines stand before those of violations and deductions; what it is depends on both (R22).
    if let Some((rule, opening)) = rules.compensation {
        let compensated = compensate(pool, rule, opening, claims, &settled.paid)?;
        for ((claim, paid), share) in claims.iter().zip(&mut settled.paid).zip(&compensated.shares)
        {
            ledger.post(claim.code, LineKind::OverspendShare, *share, &rule.cite);
            *paid = Fen::sum([*paid, *share])?;
        }
        ledger.post_fund(LineKind::CompensationRest, compensated.rest, &rule.cite);
        settled.compensated = Some(compensated);
    }
    Ok(settled)
}

/// × the assessment coefficient, rounded to the fen; what that takes away stays in the fund (J17, 1.4).
fn assess(
    claims: &[Claim<'_>],
    paid: &mut [Fen],
    ledger: &mut Ledger<'_>,
) -> Result<(), UnitError> {
    let cite = reading("J17");
    let mut kept = Vec::with_capacity(claims.len());
    for (claim, paid) in claims.iter().zip(paid) {
        let coefficient = claim.assessment.coefficient;
        if coefficient != Decimal::ONE {
            let assessed = Fen::nearest(&(paid.to_ratio() * exact(coefficient)))?;
            ledger.post(claim.code, LineKind::Assessment, difference(assessed, *paid)?, &cite);
            kept.push(difference(*paid, assessed)?);
            *paid = assessed;
        }
    }
    ledger.post_fund(LineKind::Assessment, Fen::sum(kept)?, &cite);
    Ok(())
}

/// − violations − deductions; both stay in the fund (Z26, J17).
fn deduct(
    claims: &[Claim<'_>],
    paid: &mut [Fen],
    ledger: &mut Ledger<'_>,
) -> Result<(), UnitError> {
    type Of = fn(&Assessment) -> Fen;
    let violations: Of = |assessment| assessment.violations;
    let deductions: Of = |assessment| assessment.deduction;
    for (kind, of, cite) in [
        (LineKind::Violation, violations, reading("Z26")),
        (LineKind::Deduction, deductions, reading("J17")),
    ] {
        for (claim, paid) in claims.iter().zip(paid.iter_mut()) {
            let off = of(&claim.assessment);
            ledger.post(claim.code, kind, difference(Fen::ZERO, off)?, &cite);
            *paid = difference(*paid, off)?;
        }
        let all = Fen::sum(claims.iter().map(|claim| of(&claim.assessment)))?;
        ledger.post_fund(kind, all, &cite);
    }
    Ok(())
}

/// The most an institution may be paid, in whole fen; `None` where the cap cannot bind.
///
/// For the base `paid`: (paid − booked) ÷ paid ≤ r ⇔ paid ≤ booked ÷ (1 − r), rounded down (A21).
fn limit(cap: &SurplusCap, claim: &Claim<'_>) -> Result<Option<Fen>, UnitError> {
    let (rate, booked) = (exact(cap.rate), claim.booked.to_ratio());
    let limit: Option<Ratio> = match cap.base {
        CapBase::Paid if rate >= ratio(1) => None,
        CapBase::Paid => quotient(&booked, &(ratio(1) - rate)),
        CapBase::Booked => Some(&booked + &booked * rate),
        CapBase::Cost => Some(booked + rate * claim.cost.to_ratio()),
    };
    limit.map(|limit| Fen::floor(&limit)).transpose()
}

/// Holds every institution at its limit (A21, R28, R38); what is above goes back to the fund, or in
/// rounds to the institutions not yet at theirs until no round takes anything (A22).
fn apply_cap(
    cap: &SurplusCap,
    claims: &[Claim<'_>],
    ledger: &mut Ledger<'_>,
) -> Result<Settled, UnitError> {
    let limits = claims.iter().map(|claim| limit(cap, claim)).collect::<Result<Vec<_>, _>>()?;
    let mut paid: Vec<Fen> = claims.iter().map(|claim| claim.entitlement).collect();
    let mut taken = vec![Fen::ZERO; claims.len()];
    let mut given = vec![Fen::ZERO; claims.len()];
    let mut held = vec![false; claims.len()];
    let mut returned = Fen::ZERO;
    loop {
        let mut excess = Fen::ZERO;
        for at in 0..claims.len() {
            let Some(limit) = limits[at].filter(|limit| paid[at] > *limit && paid[at].0 > 0) else {
                continue;
            };
            let above = difference(paid[at], limit)?;
            taken[at] = Fen::sum([taken[at], above])?;
            excess = Fen::sum([excess, above])?;
            paid[at] = limit;
            held[at] = true;
        }
        if excess == Fen::ZERO {
            break;
        }
        let weights: Vec<i128> = claims
            .iter()
            .zip(&held)
            .map(|(claim, held)| if *held { 0 } else { claim.weight.max(0) })
            .collect();
        let nobody = weights.iter().all(|weight| *weight == 0);
        if cap.destination == CapDestination::Fund || nobody {
            returned = Fen::sum([returned, excess])?;
            break;
        }
        let codes: Vec<&str> = claims.iter().map(|claim| claim.code).collect();
        for (at, part) in allocate(excess, &weights, &codes)?.into_iter().enumerate() {
            paid[at] = Fen::sum([paid[at], part])?;
            given[at] = Fen::sum([given[at], part])?;
        }
    }
    for (at, claim) in claims.iter().enumerate() {
        let off = difference(Fen::ZERO, taken[at])?;
        ledger.post(claim.code, LineKind::SurplusReturned, off, &cap.cite);
        ledger.post(claim.code, LineKind::CapRedistributed, given[at], &cap.cite);
    }
    ledger.post_fund(LineKind::SurplusReturned, returned, &cap.cite);
    let capped = i64::try_from(held.iter().filter(|held| **held).count()).unwrap_or(i64::MAX);
    Ok(Settled { paid, returned, capped, compensated: None })
}
