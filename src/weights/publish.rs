//! The rows of the catalog: rounded means, points, CV, price and flags of every group.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use num_bigint::BigInt;
use num_traits::Signed;
use rust_decimal::Decimal;

use super::{Error, Estimate, Plan, published, rounded};
use crate::catalog::model::Group;
use crate::explain;
use crate::grouper::GroupInfo;
use crate::policy::model::{Method, Policy, Standard};
use crate::units::{Fen, Points, Ratio, exact, fraction, ratio};

/// Decimal places of the CV (R40).
const CV_PLACES: u32 = 6;

/// Publishes every estimate, in the order given.
///
/// # Errors
/// [`Error::NegativeMean`], [`Error::SamePrice`], [`Error::Overflow`].
pub(super) fn groups(
    plan: &Plan<'_>,
    estimates: &[Estimate<'_>],
    info: &BTreeMap<String, GroupInfo>,
) -> Result<Vec<Group>, Error> {
    let policy = plan.policy;
    let names: BTreeMap<&str, &str> =
        policy.grouping.names.iter().map(|(code, name)| (code.as_str(), name.as_str())).collect();
    let newest = plan.years.last().copied().unwrap_or_default();
    let prices = prices(&policy.standards, newest);
    let one_price = one_price(policy, estimates)?;
    let row = |estimate: &Estimate<'_>| {
        let Estimate { code, all, own, quotient, .. } = estimate;
        not_negative(estimate, plan.years)?;
        let places = policy.weights.places;
        let points = policy.weights.scale.map(|scale| points(quotient, scale, places, code));
        let points = points.transpose()?;
        let mean = |mean: &Ratio| published(mean, places, &format!("a mean of group `{code}`"));
        let year_means = own.years.iter().map(|(_, centre)| centre.as_ref().map(mean).transpose());
        let known = info.get(*code);
        let named = known.map(|info| info.name.as_str()).filter(|name| !name.is_empty());
        let kind_known = known.map(|info| info.kind.as_str()).filter(|kind| !kind.is_empty());
        Ok(Group {
            group_code: (*code).to_owned(),
            // A name in the policy prevails over one the grouper made.
            group_name: names.get(code).copied().or(named).unwrap_or_default().to_owned(),
            kind: kind_known.unwrap_or_else(|| kind(code, &policy.grouping.method)).to_owned(),
            parent: known.and_then(|info| info.parent.clone()).unwrap_or_default(),
            mark: String::new(),
            year_cases: all.iter().map(|year| year.cases).collect(),
            year_means: year_means.collect::<Result<_, _>>()?,
            cases: estimate.cases(),
            mean: mean(&estimate.mean)?,
            cv: cv(estimate)?,
            computed: points,
            points,
            standard: prices.get(code).map(|(_, price)| *price),
            flags: flags(estimate, policy.weights.minimum_cases, one_price.contains(code)),
        })
    };
    estimates.iter().map(row).collect()
}

/// Points from the unrounded quotient (A46).
fn points(quotient: &Ratio, scale: Decimal, places: u32, code: &str) -> Result<Points, Error> {
    Points::from_ratio(&(quotient * exact(scale)), places)
        .ok_or_else(|| Error::Overflow { what: format!("the points of group `{code}`") })
}

/// A mean of 0 stands (R37: its cases count as ungrouped); one below 0 would earn negative points.
fn not_negative(estimate: &Estimate<'_>, years: &[u16]) -> Result<(), Error> {
    if !estimate.mean.is_negative() && !estimate.quotient.is_negative() {
        return Ok(());
    }
    // The first year with a negative centre; a mean taken from a pool, or one of all years together
    // that is no mean of sums, may have none.
    let own = years.iter().zip(&estimate.kept).zip(&estimate.own.years);
    let of_year = own.filter_map(|((year, total), (_, centre))| {
        Some((Some(*year), *total, centre.clone().filter(Ratio::is_negative)?))
    });
    let (year, total, mean) = of_year
        .into_iter()
        .next()
        .unwrap_or_else(|| (None, estimate.kept_total(), estimate.mean.clone()));
    Err(Error::NegativeMean {
        group_code: estimate.code.to_owned(),
        year,
        mean: published(&mean, 4, &format!("a mean of group `{}`", estimate.code))?,
        cases: total.cases,
        sum_fen: total.fen,
    })
}

/// The groups that the policy lists for one price (P05): each is a group of the catalog.
fn one_price<'a>(
    policy: &'a Policy,
    estimates: &[Estimate<'_>],
) -> Result<BTreeSet<&'a str>, Error> {
    let Some(rule) = &policy.same_price else { return Ok(BTreeSet::new()) };
    let codes = || estimates.iter().map(|estimate| estimate.code);
    let known: BTreeSet<&str> = codes().collect();
    match rule.groups.iter().find(|code| !known.contains(code.as_str())) {
        None => Ok(rule.groups.iter().map(String::as_str).collect()),
        Some(code) => Err(Error::SamePrice {
            policy: policy.identity.id.clone(),
            group_code: code.clone(),
            nearest: explain::nearest(code, codes()).map(str::to_owned),
        }),
    }
}

/// `fallback` where the letters before `_` are those of the policy's fallback group.
fn kind(code: &str, method: &Method) -> &'static str {
    let Method::Apg(apg) = method else { return "group" };
    let letters = code.split_once('_').map_or(code, |(letters, _)| letters);
    if letters == apg.fallback { "fallback" } else { "group" }
}

/// `no_cases`, `same_price` (P05), `single_year` (A03) and `small` (A51, A33: counted before trimming),
/// sorted.
fn flags(estimate: &Estimate<'_>, minimum_cases: u32, one_price: bool) -> Vec<String> {
    let cases = estimate.cases();
    let years = estimate.all.len() as u128;
    let mut flags = Vec::new();
    if cases == 0 {
        flags.push("no_cases".to_owned());
    }
    if one_price {
        flags.push("same_price".to_owned());
    }
    if cases > 0 && estimate.kept.iter().any(|year| year.cases == 0) {
        flags.push("single_year".to_owned());
    }
    if u128::from(cases) < u128::from(minimum_cases).saturating_mul(years) {
        flags.push("small".to_owned());
    }
    flags
}

/// Price of each group in force on the last day of `year`, with the day it came into force.
fn prices(standards: &[Standard], year: u16) -> BTreeMap<&str, (NaiveDate, Fen)> {
    let mut prices = BTreeMap::new();
    for standard in standards.iter().filter(|standard| standard.from.year() <= i32::from(year)) {
        let new = (standard.from, standard.price);
        let known = prices.entry(standard.group_code.as_str()).or_insert(new);
        if new.0 > known.0 {
            *known = new;
        }
    }
    prices
}

/// CV = √(n·Σx² − (Σx)²) ÷ Σx over all years (9.2); `None` below two cases or where Σx ≤ 0.
///
/// Rounded from the exact number: with D under the root and P = 10^places it is
/// ⌊(⌊√(4·P²·D)⌋ + Σx) ÷ (2·Σx)⌋ ÷ P, because a floor inside a floor of whole divisors is lost.
fn cv(estimate: &Estimate<'_>) -> Result<Option<Decimal>, Error> {
    let total = estimate.kept_total();
    if total.cases < 2 || total.fen <= 0 {
        return Ok(None);
    }
    let sum = BigInt::from(total.fen);
    let spread = &estimate.squares * total.cases - &sum * &sum;
    let unit = BigInt::from(10u8).pow(CV_PLACES);
    let root = (spread * &unit * &unit * 4u8).sqrt();
    let cv = fraction(root + &sum, &sum * 2u8).map(|cv| cv.floor() / ratio(unit));
    cv.map(|cv| rounded(&cv, CV_PLACES, &format!("the CV of group `{}`", estimate.code)))
        .transpose()
}
