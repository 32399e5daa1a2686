//! From the cases of the statistics years to a catalog: trim, mean, blend, points.
//!
//! Everything is counted in whole fen and divided exactly ([`crate::units::Ratio`]); a number is
//! rounded once, where the catalog publishes it (A46). Nothing depends on the order of the cases.
//!
//! * A small group (A51) keeps its own mean and is flagged: parents of groups are not declared yet.
//! * A group without a mean (every case trimmed, or only years of weight 0) leaves with a warning.
//! * Cases of groups that left (A03 `drop`, or without a mean) stay in M over all cases, trimmed in
//!   their own group; M over grouped cases (A04) is taken over the groups of the catalog.
//! * Groups of the policy's price list are always there.
//!
//! ```text
//! Σn, Σx, Σx² per group and year → trim (A39) → blend 2:8 (A01–A03) → ÷ M (A04) × scale = points
//! ```
#![warn(clippy::float_arithmetic, clippy::integer_division)]

mod blend;
mod bootstrap;
mod card;
mod coefficients;
mod error;
mod forecast;
mod grid;
mod identity;
mod means;
mod publish;
mod quotient;
mod sums;
#[cfg(test)]
mod tests;
mod trim;

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use rust_decimal::Decimal;

pub use card::{Card, CardRequest, card};
pub use error::{Error, Warning};
pub use forecast::{Forecast, forecast, weight_table};
pub use grid::{Grid, Method, grid};
pub use means::means;

use blend::{Base, Blend};
use sums::{Sums, Total, Window};
use trim::Kept;

use crate::catalog::model::{Catalog, FlowStep, Group, Institution, Trimmed};
use crate::grouper::GroupInfo;
use crate::period::Years;
use crate::policy::model::{BlendLevel, Denominator, Policy, SingleYear, Weights};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::InstitutionFacts;
use crate::units::{Fen, Ratio, exact, ratio, to_decimal};

/// What the catalog records about its input and the statistics only pass on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passed {
    /// From raw rows to cases.
    pub flow: Vec<FlowStep>,
    /// Warehouse tables read: name → (rows, digest).
    pub sources: BTreeMap<String, (u64, String)>,
    /// What the grouper knows of its groups, by code.
    pub info: BTreeMap<String, GroupInfo>,
    /// Table `institution` for policies with coefficients, ascending by code.
    pub institutions: Vec<InstitutionFacts>,
}

/// A catalog and what its reader should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The catalog.
    pub catalog: Catalog,
    /// Share of the variance of the kept grouped cases that the groups explain (RIV):
    /// 1 − Σ within groups ÷ total, 4 places, all years together; `None` where all cost the same.
    pub r_squared: Option<Decimal>,
    /// In a fixed order; empty when there is nothing to say.
    pub warnings: Vec<Warning>,
}

/// What is asked for.
struct Plan<'a> {
    policy: &'a Policy,
    years: &'a [u16],
    blend: Blend,
}

/// Everything the published numbers follow from.
struct Basis<'a> {
    plan: Plan<'a>,
    window: Window<'a>,
    /// What trimming left.
    kept: Kept,
    estimates: Vec<Estimate<'a>>,
    base: Base,
    warnings: Vec<Warning>,
    total: Total,
}

impl<'a> Basis<'a> {
    fn new(cases: &'a Cases, policy: &'a Policy, years: &'a Years) -> Result<Self, Error> {
        let plan = Plan { policy, years: years.as_slice(), blend: blend_of(policy, years)? };
        trim::check(policy)?;
        let window = Window::new(cases, plan.years)?;
        let all = window.sums()?;
        every_year_has_cases(window, &all)?;
        let kept = trim::keep(window, &all, policy)?;
        let total = Total::of(all.iter().map(|sums| sums.total));
        let mut warnings = trim_warning(&kept.ledger, total);
        let estimates = estimates(&plan, window, (&all, &kept.sums), &mut warnings);
        let totals = match policy.weights.denominator {
            Denominator::All => per_year(&kept.sums, plan.years.len()),
            Denominator::BeforeTrim => per_year(&all, plan.years.len()),
            Denominator::Grouped | Denominator::Given(_) => {
                let of = |at: usize| {
                    Total::of(estimates.iter().filter_map(|group| group.kept.get(at).copied()))
                };
                (0..plan.years.len()).map(of).collect()
            }
        };
        let base = plan.blend.base(policy.weights.denominator, plan.years, &totals)?;
        Ok(Self { plan, window, kept, estimates, base, warnings, total })
    }

    /// Whether a published group follows from these cases: its cases, its mean and the base mean. Points
    /// may have been set by an expert.
    fn gives(&self, catalog: &Catalog, group: &Group) -> Result<bool, Error> {
        let places = self.plan.policy.weights.places;
        let code = group.group_code.as_str();
        let Some(own) = self.estimates.iter().find(|estimate| estimate.code == code) else {
            return Ok(false);
        };
        let same_cases = own.all.iter().map(|year| year.cases).eq(group.year_cases.iter().copied());
        Ok(same_cases
            && published(&own.mean, places, "the mean of a group")? == group.mean
            && published(&self.base.all, places, "the mean of all cases")? == catalog.base_mean)
    }
}

/// One group before it is published. Sums are per year, oldest first.
struct Estimate<'a> {
    code: &'a str,
    /// All cases.
    all: Vec<Total>,
    /// Cases left after trimming.
    kept: Vec<Total>,
    /// Σx² of the kept cases of all years.
    squares: BigInt,
    /// Blended mean in fen; 0 for a price without history.
    mean: Ratio,
}

/// Computes the catalog of `policy` from the cases of `years`.
///
/// Cases of other years are left alone, so one set of columns serves several windows.
///
/// # Errors
/// [`Error`]: years that do not fit the weights, a year without cases, a mean below 0, a number
/// out of range; an institution or tier without a coefficient where the policy has them.
pub fn build(
    cases: &Cases,
    policy: &Policy,
    years: &Years,
    passed: Passed,
) -> Result<Built, Error> {
    let plan = Plan { policy, years: years.as_slice(), blend: blend_of(policy, years)? };
    coefficients::price(&plan, cases, passed, |cases, passed| weigh(cases, policy, years, passed))
}

/// One pass of [`build`], without coefficients.
fn weigh(cases: &Cases, policy: &Policy, years: &Years, passed: Passed) -> Result<Built, Error> {
    let Basis { plan, window, kept, estimates, base, warnings, total, .. } =
        Basis::new(cases, policy, years)?;
    let groups = publish::groups(&plan, &base, &estimates, &passed.info)?;
    let identity = identity::lines(&plan, &base, (&estimates, &groups), total)?;
    let mean = |mean: &Ratio| published(mean, policy.weights.places, "the mean of all cases");
    let catalog = Catalog {
        system: policy.identity.id.clone(),
        years: plan.years.to_vec(),
        scale: policy.weights.scale,
        base_mean: mean(&base.all)?,
        year_base_means: base
            .years
            .iter()
            .map(|year| mean(year).map(Some))
            .collect::<Result<_, _>>()?,
        places: policy.weights.places,
        groups,
        institutions: institutions(window)?,
        flow: passed.flow,
        trimmed: kept.ledger,
        identity,
        sources: passed.sources,
        tables: Vec::new(),
    };
    Ok(Built { catalog, r_squared: r_squared(&estimates), warnings })
}

/// Year weights as exact shares.
fn blend_of(policy: &Policy, years: &Years) -> Result<Blend, Error> {
    let Weights { years: weights, level, .. } = &policy.weights;
    let id = || policy.identity.id.clone();
    // Pooled years are all alike: no weight is stated, and any number of years will do.
    if weights.is_empty() && *level == BlendLevel::Pooled {
        return Ok(Blend { level: *level, weights: Vec::new() });
    }
    if weights.len() != years.as_slice().len() {
        return Err(Error::YearCount {
            policy: id(),
            weights: weights.len(),
            years: years.clone(),
        });
    }
    let shares: Vec<Ratio> = weights.iter().map(|weight| exact(*weight)).collect();
    let sum: Ratio = shares.iter().sum();
    if shares.iter().any(Signed::is_negative) || sum != ratio(1) {
        return Err(Error::YearWeights { policy: id(), weights: weights.clone() });
    }
    Ok(Blend { level: *level, weights: shares })
}

/// A03: a year without any case is an error, whatever the level.
fn every_year_has_cases(window: Window<'_>, all: &[Sums]) -> Result<(), Error> {
    let totals = per_year(all, window.years.len());
    let Some(at) = totals.iter().position(|total| total.cases == 0) else { return Ok(()) };
    let known: BTreeSet<u16> = window.cases.year.iter().copied().collect();
    Err(Error::EmptyYear {
        year: window.years[at],
        cases: "case",
        known: known.into_iter().collect(),
    })
}

/// Totals of every year over all cells.
fn per_year(cells: &[Sums], width: usize) -> Vec<Total> {
    let of = |at: usize| Total::of(cells.iter().skip(at).step_by(width).map(|sums| sums.total));
    (0..width).map(of).collect()
}

/// The groups of the catalog with their blended means, ascending by code.
///
/// Groups of the published price list are there with or without cases and are never dropped.
fn estimates<'a>(
    plan: &Plan<'a>,
    window: Window<'a>,
    (all, kept): (&[Sums], &[Sums]),
    warnings: &mut Vec<Warning>,
) -> Vec<Estimate<'a>> {
    let width = plan.years.len();
    let standards = plan.policy.standards.iter();
    let priced: BTreeSet<&str> = standards.map(|standard| standard.group_code.as_str()).collect();
    let mut found = BTreeMap::new();
    let mut dropped = Total::default();
    let mut dropped_groups = 0u64;
    let cells = all.chunks_exact(width).zip(kept.chunks_exact(width));
    for (code, (all, kept)) in window.cases.groups.iter().zip(cells) {
        let totals = |cells: &[Sums]| cells.iter().map(|sums| sums.total).collect::<Vec<Total>>();
        let squares = kept.iter().map(|sums| BigInt::from(sums.squares)).sum();
        let (all, kept) = (totals(all), totals(kept));
        let sum = Total::of(all.iter().copied());
        if sum.cases == 0 {
            continue;
        }
        let has_price = priced.contains(code.as_str());
        let in_some_years = kept.iter().any(|year| year.cases == 0);
        let mean = match plan.blend.mean(&kept) {
            Some(_) if in_some_years && !has_price && drops(plan.policy) => {
                dropped_groups = dropped_groups.saturating_add(1);
                dropped = Total::of([dropped, sum]);
                continue;
            }
            Some(mean) => mean,
            None if has_price => Ratio::zero(),
            None => {
                let group_code = code.clone();
                warnings.push(Warning::NoMean { group_code, cases: sum.cases });
                continue;
            }
        };
        found.insert(code.as_str(), Estimate { code, all, kept, squares, mean });
    }
    if dropped_groups > 0 {
        warnings.push(Warning::Dropped { groups: dropped_groups, cases: dropped.cases });
    }
    for code in priced {
        found.entry(code).or_insert_with(|| Estimate {
            code,
            all: vec![Total::default(); width],
            kept: vec![Total::default(); width],
            squares: BigInt::zero(),
            mean: Ratio::zero(),
        });
    }
    found.into_values().collect()
}

fn drops(policy: &Policy) -> bool {
    policy.weights.single_year == SingleYear::Drop
}

/// What each institution contributed; those without a case of these years are not there.
fn institutions(window: Window<'_>) -> Result<Vec<Institution>, Error> {
    let totals = window.institutions();
    let mut rows = Vec::new();
    for (code, years) in
        window.cases.institutions.iter().zip(totals.chunks_exact(window.years.len()))
    {
        if years.iter().all(|year| year.cases == 0) {
            continue;
        }
        let cost = years.iter().map(|year| i64::try_from(year.fen).map(Fen));
        rows.push(Institution {
            fixmedins_code: code.clone(),
            year_cases: years.iter().map(|year| year.cases).collect(),
            year_cost: cost.collect::<Result<_, _>>().map_err(|_| Error::Overflow {
                what: format!("the yearly cost of institution `{code}`"),
            })?,
        });
    }
    Ok(rows)
}

/// 1 − Σ_g (Σx² − (Σx)² ÷ n) ÷ (Σx² − (Σx)² ÷ n over all groups).
fn r_squared(estimates: &[Estimate<'_>]) -> Option<Decimal> {
    let spread = |total: Total, squares: &BigInt| -> Ratio {
        let mean = total.mean().unwrap_or_else(Ratio::zero);
        ratio(squares.clone()) - mean * ratio(total.fen)
    };
    let pooled = |estimate: &Estimate<'_>| Total::of(estimate.kept.iter().copied());
    let within: Ratio =
        estimates.iter().map(|estimate| spread(pooled(estimate), &estimate.squares)).sum();
    let squares: BigInt = estimates.iter().map(|estimate| &estimate.squares).sum();
    let total = spread(Total::of(estimates.iter().map(pooled)), &squares);
    (!total.is_zero()).then(|| to_decimal(&(ratio(1) - within / total), 4)).flatten()
}

/// A39: more than 8 % of all cases trimmed.
fn trim_warning(ledger: &[Trimmed], total: Total) -> Vec<Warning> {
    let trimmed = ledger.iter().map(|row| row.cases).fold(0, u64::saturating_add);
    let limit = u128::from(total.cases).saturating_mul(u128::from(trim::WARN_ABOVE_PERCENT));
    if u128::from(trimmed).saturating_mul(100) > limit {
        vec![Warning::TrimmedShare { trimmed, cases: total.cases }]
    } else {
        Vec::new()
    }
}

/// A mean in fen as yuan with `places` decimals.
fn published(fen: &Ratio, places: u32, what: &str) -> Result<Decimal, Error> {
    rounded(&(fen / ratio(100)), places, what)
}

/// An exact number as a decimal with `places` decimals.
fn rounded(value: &Ratio, places: u32, what: &str) -> Result<Decimal, Error> {
    to_decimal(value, places).ok_or_else(|| Error::Overflow { what: what.to_owned() })
}
