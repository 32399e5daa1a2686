//! The end of the year: entitlement → surplus cap → assessment → deductions = paid (R27).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::policy::model::{CapBase, CapDestination, SurplusCap};
use crate::units::{Fen, Ratio, UnitError, allocate, exact, ratio};

use super::clearing::{difference, quotient};
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
    pub(super) assessment: Assessment,
    /// Whether this is the first pool (by name) in which the institution stands: what is given for
    /// every pool is taken there.
    pub(super) is_first_pool: bool,
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
}

/// Caps, assesses and deducts, and posts the lines.
pub(super) fn settle_year(
    cap: Option<&SurplusCap>,
    claims: &[Claim<'_>],
    ledger: &mut Ledger<'_>,
) -> Result<Settled, UnitError> {
    ledger.open(super::pool::YEAR);
    let mut settled = match cap {
        Some(cap) => apply_cap(cap, claims, ledger)?,
        None => Settled {
            paid: claims.iter().map(|claim| claim.entitlement).collect(),
            returned: Fen::ZERO,
            capped: 0,
        },
    };
    let cite = reading("J17");
    let (mut kept, mut deducted) = (Vec::new(), Vec::new());
    for (claim, paid) in claims.iter().zip(&mut settled.paid) {
        let Assessment { coefficient, deduction, .. } = claim.assessment;
        let assessed = if coefficient == Decimal::ONE {
            *paid
        } else {
            Fen::nearest(&(paid.to_ratio() * exact(coefficient)))?
        };
        kept.push(difference(*paid, assessed)?);
        deducted.push(deduction);
        let change = difference(assessed, *paid)?;
        ledger.post(claim.code, LineKind::Assessment, change, &cite);
        let off = difference(Fen::ZERO, deduction)?;
        ledger.post(claim.code, LineKind::Deduction, off, &cite);
        *paid = difference(assessed, deduction)?;
    }
    // What assessment takes away stays in the fund (1.4).
    ledger.post_fund(LineKind::Assessment, Fen::sum(kept)?, &cite);
    ledger.post_fund(LineKind::Deduction, Fen::sum(deducted)?, &cite);
    Ok(settled)
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
    Ok(Settled { paid, returned, capped })
}
