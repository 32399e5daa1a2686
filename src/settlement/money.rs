//! The money of a pool: its budget of each period, what stands beside it, its compensation pool.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::model::{BudgetSource, CompensationLimit, Pools, Waterfall};
use crate::units::{Fen, UnitError};

use super::error::{Error, Place};
use super::input::ScenarioInput;
use super::items::Items;
use super::money_error::MoneyError;
use super::outcome::WaterfallRow;
use super::pool::{ALL, Pool, YEAR, periods};
use super::waterfall::{Beside, draw};

/// Item of table `budget` with the compensation pool (Y33).
const COMPENSATION_POOL: &str = "compensation_pool";

/// The money of one pool over the year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Money {
    /// By clearing period.
    pub(super) budgets: BTreeMap<&'static str, Fen>,
    /// What months are paid by: the budget without what only the year end adds to it (R10).
    pub(super) monthly: Fen,
    /// Q: for reasonable overspend (Z13, Y33).
    pub(super) compensation: Fen,
    /// Lines of the fund beside the settlement: income that no institution of the pool gets.
    pub(super) beside: Vec<Beside>,
    /// How the budget came about.
    pub(super) waterfall: Vec<WaterfallRow>,
    /// What the reader should know.
    pub(super) notes: Vec<String>,
}

impl Money {
    /// The money of a part of a pool: its head budget (A27).
    pub(super) fn of_part(budget: Fen) -> Self {
        Self { budgets: BTreeMap::from([(YEAR, budget)]), monthly: budget, ..Self::default() }
    }

    /// The budget of a period; every pool that was found money for has one for each.
    pub(super) fn budget(&self, period: &str) -> Fen {
        self.budgets.get(period).copied().unwrap_or(Fen::ZERO)
    }

    /// Budget + compensation pool + what stands beside: what the ledger sums to.
    pub(super) fn gross(&self) -> Result<Fen, UnitError> {
        let beside = self.beside.iter().map(|(_, amount, _)| *amount);
        Fen::sum(self.budgets.values().copied().chain([self.compensation]).chain(beside))
    }
}

/// The money of every pool, in their order.
///
/// # Errors
/// A pool without money, money without a pool, below 0 or of a single institution, or a waterfall that
/// cannot be drawn up.
pub(super) fn money(input: &ScenarioInput<'_>, pools: &[Pool]) -> Result<Vec<Money>, Error> {
    check(input, pools)?;
    pools.iter().map(|pool| of_pool(input, pool)).collect()
}

fn place(input: &ScenarioInput<'_>, pool: &str, period: &str) -> Box<Place> {
    Box::new(Place {
        scenario: input.name.clone(),
        pool: pool.to_owned(),
        period: period.to_owned(),
    })
}

fn of_pool(input: &ScenarioInput<'_>, pool: &Pool) -> Result<Money, Error> {
    let mut money = match &input.policy.budget.source {
        BudgetSource::Waterfall(rule) => from_waterfall(input, pool, rule)?,
        _ => from_budgets(input, pool)?,
    };
    let limit = input.policy.compensation.as_ref().map(|rule| rule.limit);
    if limit == Some(CompensationLimit::Negotiated) {
        let items = Items::of(input, &pool.name, YEAR);
        if items.has(COMPENSATION_POOL) {
            money.compensation = items.money(COMPENSATION_POOL)?;
        }
    }
    Ok(money)
}

fn from_budgets(input: &ScenarioInput<'_>, pool: &Pool) -> Result<Money, Error> {
    let mut money = Money::default();
    for (period, _) in periods(input.policy.budget.period) {
        let key = (pool.name.clone(), (*period).to_owned());
        let budget = input.budgets.get(&key).copied().ok_or_else(|| Error::BudgetMissing {
            place: place(input, &pool.name, period),
            known: input.budgets.keys().map(|(pool, period)| format!("{pool}/{period}")).collect(),
        })?;
        money.budgets.insert(period, budget);
    }
    money.monthly = Fen::sum(money.budgets.values().copied())
        .map_err(|source| Error::Divide { place: place(input, &pool.name, YEAR), source })?;
    Ok(money)
}

/// Pools of table `budget` that a pool settles by: its own, or every one where all are settled in one
/// (E16).
fn sources<'a>(input: &'a ScenarioInput<'_>, pool: &'a Pool) -> BTreeSet<&'a str> {
    if input.policy.budget.pools == Pools::Insutype {
        return BTreeSet::from([pool.name.as_str()]);
    }
    let named = input.given.items.keys().filter(|(.., item)| item == "income");
    let named: BTreeSet<&str> = named.map(|(pool, ..)| pool.as_str()).collect();
    if named.is_empty() { BTreeSet::from([ALL]) } else { named }
}

fn from_waterfall(
    input: &ScenarioInput<'_>,
    pool: &Pool,
    rule: &Waterfall,
) -> Result<Money, Error> {
    let mut money = Money::default();
    let (mut total, mut monthly, mut adjustment) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources(input, pool) {
        let drawn = draw(&Items::of(input, source, YEAR), rule)?;
        total.push(drawn.total);
        monthly.push(drawn.settle);
        adjustment.push(drawn.adjustment);
        money.beside.extend(drawn.beside);
        money.waterfall.extend(drawn.rows);
        if !drawn.missing.is_empty() {
            money.notes.push(format!(
                "pool {source}: table budget has no {}; the reserve is not split at the year end (R31)",
                drawn.missing.join(", ")
            ));
        }
    }
    let divide = |source| Error::Divide { place: place(input, &pool.name, YEAR), source };
    // Where a year is settled again by an official sheet, its budget stands for what is drawn here.
    let official = input.budgets.get(&(pool.name.clone(), YEAR.to_owned())).copied();
    money.budgets.insert(YEAR, official.map_or_else(|| Fen::sum(total), Ok).map_err(divide)?);
    money.monthly = Fen::sum(monthly).map_err(divide)?;
    money.compensation = Fen::sum(adjustment).map_err(divide)?;
    Ok(money)
}

/// Every budget has its pool and period and is not below 0, every assessment its pool.
fn check(input: &ScenarioInput<'_>, pools: &[Pool]) -> Result<(), Error> {
    let settled: BTreeSet<(&str, &str)> = pools
        .iter()
        .flat_map(|pool| {
            let periods = periods(input.policy.budget.period).iter();
            periods.map(|(period, _)| (pool.name.as_str(), *period))
        })
        .collect();
    for ((pool, period), amount) in &input.budgets {
        if !settled.contains(&(pool.as_str(), period.as_str())) {
            return Err(without_pool(input, pools, (pool, period), *amount, &settled));
        }
        if *amount < Fen::ZERO {
            return Err(MoneyError::NegativeBudget {
                place: place(input, pool, period),
                amount: *amount,
            }
            .into());
        }
    }
    let waterfall = matches!(input.policy.budget.source, BudgetSource::Waterfall(_));
    let apart = input.policy.budget.pools == Pools::Insutype;
    for (pool, period, item) in input.given.items.keys() {
        let money = (waterfall && item == "income") || item == COMPENSATION_POOL;
        let known = settled.contains(&(pool.as_str(), period.as_str()))
            || (waterfall && !apart && period == YEAR)
            || (item == COMPENSATION_POOL
                && period == YEAR
                && pools.iter().any(|p| p.name == *pool));
        if money && !known {
            let amount = Items::of(input, pool, period).money(item)?;
            return Err(without_pool(input, pools, (pool, period), amount, &settled));
        }
    }
    // Parts are pools too; their names are known once cases and persons are placed.
    let assessed = input.assessments.keys().filter(|_| input.policy.capitation.is_none());
    for (pool, institution) in assessed {
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

/// Money for something that is not settled: for an institution (J02, Y16), or for an unknown pool.
fn without_pool(
    input: &ScenarioInput<'_>,
    pools: &[Pool],
    (pool, period): (&str, &str),
    amount: Fen,
    settled: &BTreeSet<(&str, &str)>,
) -> Error {
    let institution = pools.iter().flat_map(|pool| &pool.members).any(|member| member.code == pool)
        || input.given.institutions.iter().any(|facts| facts.code == pool);
    if institution {
        return MoneyError::InstitutionBudget {
            scenario: input.name.clone(),
            institution: pool.to_owned(),
            amount,
        }
        .into();
    }
    Error::BudgetWithoutPool {
        place: place(input, pool, period),
        amount,
        known: settled.iter().map(|(pool, period)| format!("{pool}/{period}")).collect(),
    }
}
