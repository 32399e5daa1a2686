//! Small groups: pooled with others of the same parent (A51, R20), and how far each is believed.
//!
//! A group is small with fewer than `minimum_cases` cases a year, counted before trimming (A33). Small
//! groups move to their declared parents in rounds: those at one parent are a pool; a pool that is
//! still small moves on to the next parent and joins whoever is there. A parent's own cases never enter.
//! A pool with enough cases gives its mean to each of its groups; one that has no further parent falls
//! apart, and each group keeps its own mean.
//!
//! With `weights.credibility` a small group keeps the share Z of its own mean; the rest comes from its
//! pool, or from M where it has none. `limited` is Z = min(1, √(n ÷ k)), `buhlmann` Z = n ÷ (n + k),
//! n being all its cases; the root is rounded to 6 places.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::Zero;

use super::blend::Base;
use super::centre::Centres;
use super::estimate::Estimate;
use super::{Error, Plan};
use crate::grouper::GroupInfo;
use crate::policy::model::{Credibility, CredibilityMethod};
use crate::table::{Column, Table};
use crate::units::{Ratio, fraction, ratio, to_decimal};

/// Decimal places of Z, which is exact where it has no root.
const Z_PLACES: u32 = 6;

/// Where the mean of a small group with a parent came from, or of any under `weights.credibility`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pooled {
    /// The parent whose pool it was; `None` where there was no pool with enough cases.
    parent: Option<String>,
    /// Groups of the pool and their cases.
    groups: usize,
    cases: u64,
    /// Mean of the pool in fen, or M where there is none but Z asks for one.
    mean: Option<Ratio>,
    /// Share of its own mean.
    z: Ratio,
}

/// A pool with enough cases: mean and quotient, as those of a group.
struct Pool {
    parent: String,
    members: Vec<usize>,
    cases: u64,
    mean: Ratio,
    quotient: Ratio,
}

/// Gives small groups the mean and quotient of their pools, or a part of them.
///
/// # Errors
/// [`Error::ParentCycle`] for a parent that is its own ancestor.
pub(super) fn small_groups(
    (plan, base): (&Plan<'_>, &Base),
    centres: &Centres<'_>,
    estimates: &mut [Estimate<'_>],
    info: &BTreeMap<String, GroupInfo>,
) -> Result<(), Error> {
    let weights = &plan.policy.weights;
    let limit = u128::from(weights.minimum_cases).saturating_mul(plan.years.len() as u128);
    let small = |estimate: &Estimate<'_>| u128::from(estimate.cases()) < limit;
    let members: Vec<usize> = (0..estimates.len()).filter(|at| small(&estimates[*at])).collect();
    if members.is_empty() {
        return Ok(());
    }
    let mut pool_of: BTreeMap<usize, Pool> = BTreeMap::new();
    for (parent, members) in pools(estimates, &members, limit, info)? {
        let slots: Vec<usize> = members.iter().filter_map(|at| estimates[*at].slot).collect();
        let measures = centres.of(&slots);
        let mean = plan.blend.mean(&measures);
        let Some((mean, quotient)) = mean.zip(plan.blend.quotient(&measures, base)) else {
            continue;
        };
        let cases = members.iter().map(|at| estimates[*at].cases()).sum();
        for at in &members {
            let (parent, members) = (parent.clone(), members.clone());
            let (mean, quotient) = (mean.clone(), quotient.clone());
            pool_of.insert(*at, Pool { parent, members, cases, mean, quotient });
        }
    }
    for at in members {
        let estimate = &mut estimates[at];
        let pool = pool_of.remove(&at);
        let has_parent = info.get(estimate.code).is_some_and(|info| info.parent.is_some());
        if !has_parent && weights.credibility.is_none() {
            continue;
        }
        let z = match &weights.credibility {
            Some(rule) => share(rule, estimate.cases()),
            None if pool.is_some() => Ratio::zero(),
            None => ratio(1),
        };
        let beside = match &pool {
            Some(pool) => Some((pool.mean.clone(), pool.quotient.clone())),
            None => weights.credibility.as_ref().map(|_| (base.all.clone(), ratio(1))),
        };
        if let Some((mean, quotient)) = &beside {
            let rest = ratio(1) - &z;
            estimate.mean = &z * &estimate.own_mean + &rest * mean;
            estimate.quotient = &z * &estimate.quotient + rest * quotient;
        }
        estimate.pooled = Some(Pooled {
            groups: pool.as_ref().map_or(0, |pool| pool.members.len()),
            cases: pool.as_ref().map_or(0, |pool| pool.cases),
            parent: pool.map(|pool| pool.parent),
            mean: beside.map(|(mean, _)| mean),
            z,
        });
    }
    Ok(())
}

/// Pools with enough cases, by parent; groups whose pool never has are in none.
fn pools(
    estimates: &[Estimate<'_>],
    small: &[usize],
    limit: u128,
    info: &BTreeMap<String, GroupInfo>,
) -> Result<BTreeMap<String, Vec<usize>>, Error> {
    let parent = |code: &str| info.get(code).and_then(|info| info.parent.clone());
    let mut pools: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut passed: BTreeSet<(usize, String)> = BTreeSet::new();
    let mut moving: Vec<(String, Vec<usize>)> =
        small.iter().filter_map(|at| Some((parent(estimates[*at].code)?, vec![*at]))).collect();
    let is_small = |members: &Vec<usize>| {
        let cases = members.iter().map(|at| u128::from(estimates[*at].cases()));
        cases.sum::<u128>() < limit
    };
    while !moving.is_empty() {
        for (to, members) in moving.drain(..) {
            if members.iter().any(|at| !passed.insert((*at, to.clone()))) {
                return Err(Error::ParentCycle { group_code: to });
            }
            pools.entry(to).or_default().extend(members);
        }
        let still: Vec<(String, String)> = pools
            .iter()
            .filter(|(_, members)| is_small(members))
            .filter_map(|(code, _)| Some((code.clone(), parent(code)?)))
            .collect();
        for (code, to) in still {
            moving.push((to, pools.remove(&code).unwrap_or_default()));
        }
    }
    pools.retain(|_, members| !is_small(members));
    Ok(pools)
}

/// Z of a group with these cases.
fn share(rule: &Credibility, cases: u64) -> Ratio {
    let (n, k) = (BigInt::from(cases), BigInt::from(rule.cases));
    match rule.method {
        CredibilityMethod::Buhlmann => fraction(n.clone(), n + k).unwrap_or_else(Ratio::zero),
        CredibilityMethod::Limited if n >= k => ratio(1),
        CredibilityMethod::Limited => {
            // ⌊√(4·P²·n ÷ k) + 1⌋ ÷ 2 is √(n ÷ k) · P to the nearest whole number.
            let unit = BigInt::from(10u8).pow(Z_PLACES);
            let root = (&unit * &unit * n * 4u8 / k).sqrt();
            let nearest = (root + 1u8) / BigInt::from(2u8);
            fraction(nearest, unit).unwrap_or_else(Ratio::zero)
        }
    }
}

/// Table `pooled`: one row a small group that has a parent, or any under `weights.credibility`:
/// `group_code, cases, own_mean, parent` (whose pool gave its
/// mean)`, pool_groups, pool_cases, beside_mean` (of the pool, or M)`, credibility` (share of its own
/// mean)`, mean`. `None` without such a group.
pub(super) fn table(estimates: &[Estimate<'_>], places: u32) -> Option<Table> {
    let rows: Vec<(&Estimate<'_>, &Pooled)> =
        estimates.iter().filter_map(|group| Some((group, group.pooled.as_ref()?))).collect();
    if rows.is_empty() {
        return None;
    }
    let yuan = |fen: Option<&Ratio>| to_decimal(&(fen? / ratio(100)), places);
    let mean = |of: &dyn Fn(&(&Estimate<'_>, &Pooled)) -> Option<rust_decimal::Decimal>| {
        Column::decimals(places, rows.iter().map(of))
    };
    let table = Table::new("pooled")
        .with("group_code", Column::text(rows.iter().map(|(group, _)| group.code)))
        .with("cases", Column::counts(rows.iter().map(|(group, _)| group.cases())))
        .with("own_mean", mean(&|(group, _)| yuan(Some(&group.own_mean))))
        .with("parent", Column::texts(rows.iter().map(|(_, pool)| pool.parent.clone())))
        .with("pool_groups", Column::counts(rows.iter().map(|(_, pool)| pool.groups)))
        .with("pool_cases", Column::counts(rows.iter().map(|(_, pool)| pool.cases)))
        .with("beside_mean", mean(&|(_, pool)| yuan(pool.mean.as_ref())))
        .with(
            "credibility",
            Column::decimals(Z_PLACES, rows.iter().map(|row| to_decimal(&row.1.z, Z_PLACES))),
        )
        .with("mean", mean(&|(group, _)| yuan(Some(&group.mean))));
    Some(table)
}
