//! The parts of a policy with head budgets, from the sums of the pass: cases placed, money divided.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::policy::model::SharedBy;
use crate::units::Fen;

use super::balance;
use super::capitation::{self, Part, Rule};
use super::cases::Cases;
use super::contracts;
use super::error::{Error, Place};
use super::heads::{self, Placing, Units};
use super::input::ScenarioInput;
use super::money::Money;
use super::monthly::{Payee, PoolMonth, PoolYear};
use super::outcome::{GroupRow, UNSIGNED_POOL};
use super::pass::{Sums, TariffSums};
use super::pool::{Member, Pool, Total, YEAR};
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
/// is in; none where the policy has no head budgets. Their rows by group go to `groups`.
///
/// # Errors
/// Contracts or persons that cannot be placed ([`heads::HeadError`]), an assessment for a part that there
/// is none of, an amount beyond 64 bits.
pub(super) fn parts(
    input: &ScenarioInput<'_>,
    counted: Counted<'_>,
    (pools, moneys): (&[Pool], &[Money]),
    groups: &mut Vec<GroupRow>,
) -> Result<Vec<Part>, Error> {
    let Some(rule) = &input.policy.capitation else { return Ok(Vec::new()) };
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
        let mut own = capitation::parts(&rule, budget, &heads, &cells)?;
        add_without_cases(input, &mut own, &pool.name);
        months(input, &mut own, (&pool.name, money.monthly))?;
        parts.extend(own);
    }
    parts.sort_by(|one, two| one.pool.name.cmp(&two.pool.name));
    let unknown = |named: &str| !named.is_empty() && !parts.iter().any(|p| p.pool.name == named);
    match input.assessments.keys().find(|(named, _)| unknown(named)) {
        Some((pool, institution)) => Err(Error::AssessmentWithoutPool {
            scenario: input.name.clone(),
            pool: pool.clone(),
            institution: institution.clone(),
        }),
        None => Ok(parts),
    }
}

/// Institutions that the balance names and that have no row stand in the part named, or where the
/// unsigned are.
fn add_without_cases(input: &ScenarioInput<'_>, parts: &mut [Part], area: &str) {
    let has = |part: &Part, code: &str| part.pool.members.iter().any(|own| own.code == code);
    for (named, code) in balance::named(input) {
        let anywhere = named.is_empty() || named == area;
        let fits = |part: &Part| anywhere || part.pool.name == named;
        if parts.iter().any(|part| fits(part) && has(part, code)) {
            continue;
        }
        let here = |part: &Part| {
            if anywhere {
                part.pool.name == UNSIGNED_POOL || part.pool.name == area
            } else {
                part.pool.name == named
            }
        };
        if let Some(part) = parts.iter_mut().find(|part| here(part)) {
            part.add_payee(code);
        }
    }
}

/// One month for the area over F, own booked at the payee (R10); what a payee gets stands in the first
/// part, by name, that it has a row in.
fn months(
    input: &ScenarioInput<'_>,
    parts: &mut [Part],
    (area, money): (&str, Fen),
) -> Result<(), Error> {
    let mut booked: BTreeMap<String, ([Total; 12], usize)> = BTreeMap::new();
    for (at, part) in parts.iter().enumerate() {
        for member in &part.pool.members {
            let first = ([Total::default(); 12], at);
            let (sums, _) = booked.entry(member.code.clone()).or_insert(first);
            for (sum, month) in sums.iter_mut().zip(member.months()) {
                sum.add(month);
            }
        }
    }
    let payees: Vec<Payee<'_>> =
        booked.iter().map(|(code, (months, _))| Payee { code, months }).collect();
    let months = PoolYear { input, pool: area, money, payees: &payees }.months(12)?;
    let places: BTreeMap<&str, (usize, usize)> = booked
        .iter()
        .enumerate()
        .map(|(payee, (code, (_, at)))| (code.as_str(), (payee, *at)))
        .collect();
    for (at, part) in parts.iter_mut().enumerate() {
        let members = &part.pool.members;
        let own = |month: &PoolMonth| {
            let pay = |member: &Member| {
                let place = places.get(member.code.as_str()).filter(|(_, first)| *first == at);
                place.and_then(|(payee, _)| month.pays.get(*payee)).copied().unwrap_or_default()
            };
            PoolMonth { pays: members.iter().map(pay).collect(), ..month.clone() }
        };
        part.months = months.iter().map(own).collect();
    }
    Ok(())
}
