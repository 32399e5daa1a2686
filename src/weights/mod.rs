//! From the cases of the statistics years to a catalog: trim, mean, blend, points.
//!
//! Everything is counted in whole fen and divided exactly ([`crate::units::Ratio`]); a number is
//! rounded once, where the catalog publishes it (A46). Nothing depends on the order of the cases.
//!
//! * A small group takes the mean of its pool where parents are declared ([`pool`], A51).
//! * A group without a mean (every case trimmed, or only years of weight 0) leaves with a warning.
//! * Cases of groups that left (A03 `drop`, or without a mean) stay in M over all cases, trimmed in
//!   their own group; M over grouped cases (A04) is taken over the groups of the catalog.
//! * Groups of the policy's price list are always there.
//!
//! ```text
//! scan → trim (A39) → centre (A40) → blend 2:8 (A01–A03) → ÷ M (A04) → pools (A51) → × scale = points
//! ```
#![warn(clippy::float_arithmetic, clippy::integer_division)]

mod auxiliary;
mod blend;
mod bootstrap;
mod candidates;
mod card;
mod centre;
mod coefficients;
mod complete;
mod cost;
mod error;
mod estimate;
mod forecast;
mod geometric;
mod grid;
mod identity;
mod impact;
mod intervals;
mod means;
mod merit;
mod parallel;
mod pool;
mod publish;
mod quotient;
mod review;
mod scan;
mod start_value;
mod sums;
#[cfg(test)]
mod tests;
mod trim;

use std::collections::BTreeMap;

use num_traits::Signed;
use rust_decimal::Decimal;

pub use card::{Card, CardRequest, card, known_card};
pub use complete::{Incomplete, incomplete};
pub use error::{Error, Warning};
pub use forecast::{Forecast, forecast, weight_table};
pub use grid::{Grid, Method, grid};
pub use impact::{Grouped, crosswalk, impact};
pub use intervals::{IntervalRequest, Intervals, intervals};
pub use means::{learn, means};
pub use start_value::START_VALUE;

use blend::{Base, Blend};
use centre::{Centres, Measures};
use estimate::Estimate;
use scan::Scan;
use sums::Total;
use trim::Kept;

use crate::catalog::model::{Catalog, FlowStep, Group, Trimmed};
use crate::explain;
use crate::grouper::GroupInfo;
use crate::period::Years;
use crate::policy::model::{BlendLevel, Denominator, PointBase, Policy, SingleYear, Weights};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::InstitutionFacts;
use crate::table::Table;
use crate::units::{Ratio, exact, ratio, to_decimal};

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
    /// M in fen, exact: the mean of all cases as the policy takes it (A04), whatever points are a
    /// multiple of. Coefficients divide by it (R41).
    pub mean_of_all: Ratio,
    /// In a fixed order; empty when there is nothing to say.
    pub warnings: Vec<Warning>,
}

/// What is asked for.
struct Plan<'a> {
    policy: &'a Policy,
    /// The statistics years without those the policy leaves out (A34), oldest first.
    years: &'a [u16],
    blend: Blend,
}

/// Everything the published numbers follow from.
struct Basis<'a> {
    plan: &'a Plan<'a>,
    centres: &'a Centres<'a>,
    estimates: Vec<Estimate<'a>>,
    /// M.
    mean: Base,
    /// What points are a multiple of: M, a number of yuan, or the mean of the base disease.
    base: Base,
    /// Quotient of the base disease; 1 without one (R30).
    base_quotient: Ratio,
    warnings: Vec<Warning>,
}

impl<'a> Basis<'a> {
    fn new(
        plan: &'a Plan<'a>,
        centres: &'a Centres<'a>,
        info: &BTreeMap<String, GroupInfo>,
    ) -> Result<Self, Error> {
        let mut warnings = trim_warning(&centres.kept.ledger, centres.scan.total());
        let cases = centres.without_logarithm();
        if cases > 0 {
            warnings.push(Warning::NoLogarithm { cases });
        }
        let mut estimates = estimate::estimates(plan, centres, &mut warnings);
        let mean = mean_of_all(plan, centres, &estimates)?;
        for estimate in &mut estimates {
            estimate.divide(plan, &mean);
        }
        pool::small_groups((plan, &mean), centres, &mut estimates, info)?;
        let mut basis = Self {
            plan,
            centres,
            estimates,
            base: mean.clone(),
            mean,
            base_quotient: ratio(1),
            warnings,
        };
        if let PointBase::BaseDisease { group_code } = &plan.policy.weights.base {
            basis.measure_by(group_code)?;
        }
        Ok(basis)
    }

    /// Makes points a multiple of the mean of one group (6.2, Z18).
    fn measure_by(&mut self, group_code: &str) -> Result<(), Error> {
        let code = |estimate: &Estimate<'a>| estimate.code;
        let Some(chosen) = self.estimates.iter().find(|known| code(known) == group_code) else {
            let nearest = explain::nearest(group_code, self.estimates.iter().map(code));
            return Err(Error::NoBaseDisease {
                policy: self.plan.policy.identity.id.clone(),
                group_code: group_code.to_owned(),
                nearest: nearest.map(str::to_owned),
            });
        };
        if !chosen.mean.is_positive() || !chosen.quotient.is_positive() {
            return Err(Error::BaseDiseaseMean {
                group_code: group_code.to_owned(),
                mean: published(&chosen.mean, 4, "the mean of the base disease")?,
            });
        }
        let years = chosen.own.years.iter().map(|(_, centre)| centre.clone()).collect();
        self.base = Base { years, all: chosen.mean.clone() };
        self.base_quotient = chosen.quotient.clone();
        for estimate in &mut self.estimates {
            estimate.quotient = &estimate.quotient / &self.base_quotient;
            estimate.own_quotient = &estimate.own_quotient / &self.base_quotient;
        }
        Ok(())
    }

    /// The price of a group with these cases: points, or the mean in yuan without a scale. `None`
    /// where it would leave the catalog (A03).
    fn price(&self, own: &Measures) -> Option<Ratio> {
        let Plan { policy, blend, .. } = self.plan;
        if drops(policy) && own.lacks_a_year() {
            return None;
        }
        match policy.weights.scale {
            Some(scale) => {
                Some(blend.quotient(own, &self.mean)? / &self.base_quotient * exact(scale))
            }
            None => Some(blend.mean(own)? / ratio(100)),
        }
    }

    /// Whether a published group follows from these cases: its cases, its mean unless a pool gave it,
    /// and the base mean. Points may have been set by an expert.
    fn gives(&self, catalog: &Catalog, group: &Group) -> Result<bool, Error> {
        let places = self.plan.policy.weights.places;
        let code = group.group_code.as_str();
        let Some(own) = self.estimates.iter().find(|estimate| estimate.code == code) else {
            return Ok(false);
        };
        let is_small = group.flags.iter().any(|flag| flag == "small");
        let same_cases = own.all.iter().map(|year| year.cases).eq(group.year_cases.iter().copied());
        let mean = published(&own.mean, places, "the mean of a group")?;
        let base = published(&self.base.all, places, "the mean of all cases")?;
        Ok(same_cases && (is_small || mean == group.mean) && base == catalog.base_mean)
    }
}

/// M (A04): the centre of all cases, of the grouped, of the untrimmed, or a number of yuan.
fn mean_of_all(
    plan: &Plan<'_>,
    centres: &Centres<'_>,
    estimates: &[Estimate<'_>],
) -> Result<Base, Error> {
    match plan.policy.weights.base {
        PointBase::Fixed(yuan) => Base::given(yuan, plan.years.len()),
        _ => mean_of_cases(plan, centres, estimates),
    }
}

/// [`mean_of_all`] where no base method gives it: what the denominator names.
fn mean_of_cases(
    plan: &Plan<'_>,
    centres: &Centres<'_>,
    estimates: &[Estimate<'_>],
) -> Result<Base, Error> {
    let denominator = plan.policy.weights.denominator;
    let of = match denominator {
        Denominator::Given(yuan) => return Base::given(yuan, plan.years.len()),
        Denominator::All => centres.of_all().clone(),
        Denominator::BeforeTrim => {
            let kept = Kept::everything(centres.scan);
            Centres::new(centres.scan, &kept, centres.centre).of_all().clone()
        }
        Denominator::Grouped => {
            let slots: Vec<usize> = estimates.iter().filter_map(|group| group.slot).collect();
            centres.of(&slots)
        }
    };
    plan.blend.base(denominator, plan.years, &of)
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
    let kept_years = kept_years(policy, years);
    let plan = Plan::new(policy, years, &kept_years)?;
    let weigh = |cases: &Cases, passed| weigh(cases, policy, years, passed);
    let facts = passed.institutions.clone();
    let mut built = coefficients::price(&plan, cases, passed, weigh)?;
    built.catalog.tables.extend(auxiliary::table(&plan, cases, &built.catalog)?);
    let start = start_value::table(&plan, cases, &built.catalog, &facts)?;
    built.catalog.tables.extend(start);
    built.catalog.tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(built)
}

/// Tables of a catalog that follow from its points besides coefficients and means.
const OF_POINTS: [&str; 5] =
    ["auxiliary", "coefficient_group", "coefficients", "institution_coefficient", START_VALUE];

/// Computes the tables of coefficients, auxiliary types and start value anew where points are not as computed:
/// capped, held or set by an expert. Facts are those of [`Passed::institutions`], the mean that of
/// [`Built::mean_of_all`].
///
/// # Errors
/// Those of [`build`] about coefficients and auxiliary types.
pub fn restate(
    catalog: &mut Catalog,
    cases: &Cases,
    (policy, years): (&Policy, &Years),
    from: (&[InstitutionFacts], &Ratio),
) -> Result<(), Error> {
    if catalog.groups.iter().all(|group| group.points == group.computed) {
        return Ok(());
    }
    let kept_years = kept_years(policy, years);
    let plan = Plan::new(policy, years, &kept_years)?;
    let mut tables = coefficients::tables(&plan, cases, catalog, from)?;
    tables.extend(auxiliary::table(&plan, cases, catalog)?);
    catalog.tables.retain(|table| !OF_POINTS.contains(&table.name.as_str()));
    catalog.tables.extend(tables);
    catalog.tables.extend(start_value::table(&plan, cases, catalog, from.0)?);
    catalog.tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

/// One pass of [`build`], without coefficients.
fn weigh(cases: &Cases, policy: &Policy, years: &Years, passed: Passed) -> Result<Built, Error> {
    prepared(cases, policy, years, |plan, centres| {
        let basis = Basis::new(plan, centres, &passed.info)?;
        let facts = passed.institutions.clone();
        let mut built = publish(&basis, passed)?;
        built.catalog.institutions = centres.scan.institutions()?;
        built.catalog.tables = tables(&basis, &built.catalog.groups, &facts)?;
        Ok(built)
    })
}

/// Reads the cases, trims them as the policy says and lets `work` take their centres.
fn prepared<T>(
    cases: &Cases,
    policy: &Policy,
    years: &Years,
    work: impl FnOnce(&Plan<'_>, &Centres<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let kept_years = kept_years(policy, years);
    let plan = Plan::new(policy, years, &kept_years)?;
    let scan = Scan::new(cases, &kept_years, 1)?;
    let kept = trim::keep(&scan, policy, &plan.blend)?;
    work(&plan, &Centres::new(&scan, &kept, policy.weights.centre))
}

/// The catalog without its institutions and further tables.
fn publish(basis: &Basis<'_>, passed: Passed) -> Result<Built, Error> {
    let Basis { plan, centres, estimates, base, warnings, .. } = basis;
    let policy = plan.policy;
    let groups = publish::groups(plan, estimates, &passed.info)?;
    let total = centres.scan.total();
    let identity = identity::lines(plan, base, (estimates, &groups), total)?;
    let mean = |mean: &Ratio| published(mean, policy.weights.places, "the mean of all cases");
    let year_base_means = base.years.iter().map(|year| year.as_ref().map(mean).transpose());
    let catalog = Catalog {
        system: policy.identity.id.clone(),
        years: plan.years.to_vec(),
        scale: policy.weights.scale,
        base_mean: mean(&base.all)?,
        year_base_means: year_base_means.collect::<Result<_, _>>()?,
        places: policy.weights.places,
        groups,
        institutions: Vec::new(),
        flow: passed.flow,
        trimmed: centres.kept.ledger.clone(),
        identity,
        sources: passed.sources,
        tables: Vec::new(),
    };
    let r_squared = review::r_squared(estimates.iter());
    let mean_of_all = match policy.weights.base {
        PointBase::Fixed(_) if policy.coefficient.is_some() => {
            mean_of_cases(plan, centres, estimates)?.all
        }
        _ => basis.mean.all.clone(),
    };
    Ok(Built { catalog, r_squared, mean_of_all, warnings: warnings.clone() })
}

/// The further tables of the catalog, ascending by name.
fn tables(
    basis: &Basis<'_>,
    groups: &[Group],
    facts: &[InstitutionFacts],
) -> Result<Vec<Table>, Error> {
    let places = basis.plan.policy.weights.places;
    let mut tables = Vec::new();
    tables.extend(cost::table(basis)?);
    tables.extend(pool::table(&basis.estimates, places));
    tables.extend(review::self_paying(basis));
    tables.extend(review::trimmed_institutions(basis));
    tables.extend(review::inversions(basis, groups, facts)?);
    let one_price = basis.plan.policy.same_price.as_ref();
    tables.extend(one_price.map(|rule| candidates::same_price(rule, &basis.estimates, groups)));
    tables.push(review::fit(&basis.estimates, groups));
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

/// The years named, without those the policy leaves out (A34).
#[must_use]
pub fn kept_years(policy: &Policy, years: &Years) -> Vec<u16> {
    let left_out = |year: &u16| policy.weights.exclude.iter().any(|out| out.year == *year);
    years.as_slice().iter().copied().filter(|year| !left_out(year)).collect()
}

impl<'a> Plan<'a> {
    /// # Errors
    /// Those of [`build`] that concern the policy alone.
    fn new(policy: &'a Policy, years: &Years, kept: &'a [u16]) -> Result<Self, Error> {
        trim::check(policy)?;
        let mut blend = blend_of(policy, years)?;
        if kept.is_empty() {
            return Err(Error::NoYearLeft { policy: policy.identity.id.clone() });
        }
        // The weights of the years left out are shared by the others (A34, A03).
        let named = years.as_slice().iter().zip(std::mem::take(&mut blend.weights));
        let left: Vec<Ratio> =
            named.filter(|(year, _)| kept.contains(year)).map(|(_, weight)| weight).collect();
        let sum: Ratio = left.iter().sum();
        blend.weights = left.into_iter().map(|weight| weight / &sum).collect();
        Ok(Self { policy, years: kept, blend })
    }
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

fn drops(policy: &Policy) -> bool {
    policy.weights.single_year == SingleYear::Drop
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
