//! The parts of a policy with head budgets, from the sums of the pass: cases placed, money divided.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::policy::model::{Capitation, SharedBy};
use crate::units::Fen;

use super::capitation::{self, Part, Rule};
use super::cases::Cases;
use super::contracts;
use super::error::{Error, Place};
use super::heads::{self, Placing, Units};
use super::input::{Assessment, ScenarioInput};
use super::money::Money;
use super::outcome::{GroupRow, UNSIGNED_POOL};
use super::pass::{Sums, TariffSums};
use super::pool::{Pool, YEAR};
use super::tariff::Tariff;

/// The cases of a scenario with what the pass and its tariff make of them.
#[derive(Clone, Copy)]
pub(super) struct Counted<'a> {
    pub(super) cases: &'a Cases,
    pub(super) sums: &'a Sums,
    pub(super) judged: &'a TariffSums,
    pub(super) tariff: &'a Tariff,
}

/// The parts of all pools (A25), ascending by name: each is a pool of its own, or stands for the pool it
/// is in. Their rows by group go to `groups`.
///
/// # Errors
/// Contracts or persons that cannot be placed ([`heads::HeadError`]), an assessment for a part that there
/// is none of, an amount beyond 64 bits.
pub(super) fn parts(
    input: &ScenarioInput<'_>,
    rule: &Capitation,
    counted: Counted<'_>,
    (pools, moneys): (&[Pool], &[Money]),
    groups: &mut Vec<GroupRow>,
) -> Result<Vec<Part>, Error> {
    let Counted { cases, sums, judged, tariff } = counted;
    let amount = |source| Error::Amount { scenario: input.name.clone(), source };
    let units = Units::of(input)?;
    let placing = Placing::new(rule, &units, cases);
    let mut parts = Vec::new();
    for (pool, money) in pools.iter().zip(moneys) {
        let (scenario, period) = (input.name.clone(), YEAR.to_owned());
        let place = Place { scenario, pool: pool.name.clone(), period };
        let budget = money.budget(YEAR);
        let heads = match rule.shared_by {
            SharedBy::Part => heads::budgets(input, &units, rule, budget)?,
            SharedBy::Area => BTreeMap::new(),
        };
        let rows = contracts::group_rows(cases, input.year, pool, tariff, &placing);
        groups.extend(rows.map_err(amount)?);
        let cells = contracts::cells(cases, pool, (sums, judged), &placing);
        let rule = Rule { policy: input.policy, capitation: rule, place: &place };
        parts.extend(capitation::parts(&rule, budget, &heads, &cells)?);
    }
    parts.sort_by(|one, two| one.pool.name.cmp(&two.pool.name));
    for ((named, institution), assessment) in &input.assessments {
        add_debtor(input, &mut parts, (named, institution), assessment)?;
    }
    Ok(parts)
}

/// An institution without cases that has something to pay back stands in the part named, or where the
/// unsigned are.
fn add_debtor(
    input: &ScenarioInput<'_>,
    parts: &mut [Part],
    (named, institution): (&str, &str),
    assessment: &Assessment,
) -> Result<(), Error> {
    let known = |part: &Part| part.pool.members.iter().any(|own| own.code == institution);
    let owes = [assessment.deduction, assessment.violations, assessment.bond];
    let owes = owes.iter().any(|amount| *amount != Fen::ZERO);
    let part = if named.is_empty() {
        if parts.iter().any(known) {
            return Ok(());
        }
        let unsigned = parts.iter().position(|part| part.pool.name == UNSIGNED_POOL);
        parts.get_mut(unsigned.unwrap_or(0))
    } else {
        parts.iter_mut().find(|part| part.pool.name == named)
    };
    let part = part.ok_or_else(|| Error::AssessmentWithoutPool {
        scenario: input.name.clone(),
        pool: named.to_owned(),
        institution: institution.to_owned(),
    })?;
    if owes && !known(part) {
        part.add_payee(institution);
    }
    Ok(())
}
