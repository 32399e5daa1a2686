//! The value of a point at the start of a year, from the years of the catalog (E10, 6.5).
//!
//! Cost is total cost, so that this is a value on the basis of total cost (A42). All sums are exact; a
//! value is rounded once, in the table.

use std::collections::BTreeMap;

use num_traits::Zero;

use super::merit::{Spot, median};
use super::{Error, Plan};
use crate::catalog::model::Catalog;
use crate::policy::model::{CoefficientMethod, PayMethod, Pools, StartValue};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::InstitutionFacts;
use crate::settlement::{ALL, Given, ScenarioInput, case_points};
use crate::table::{Column, Table};
use crate::units::{Points, Ratio, exact, fraction, ratio, to_decimal};

/// Name of the table in a catalog.
pub const START_VALUE: &str = "start_value";

/// Decimal places of everything printed.
const PLACES: u32 = 4;

/// Cost in yuan and points, exact; of a year, or of several by their weights.
#[derive(Debug, Clone, PartialEq)]
struct Volume {
    cost: Ratio,
    points: Ratio,
}

impl Default for Volume {
    fn default() -> Self {
        Self { cost: ratio(0), points: ratio(0) }
    }
}

impl Volume {
    fn add(&mut self, cost: &Ratio, points: &Ratio) {
        self.cost += cost;
        self.points += points;
    }

    /// Cost per point; `None` without points.
    fn value(&self) -> Option<Ratio> {
        (!self.points.is_zero()).then(|| &self.cost / &self.points)
    }
}

/// One row of the table.
struct Row {
    pool: String,
    measure: String,
    volume: Option<Volume>,
    value: Option<Ratio>,
    production: Option<Ratio>,
    institutions: usize,
}

/// One case that earns points.
#[derive(Debug, Clone, Copy)]
struct Earned<'a> {
    institution: &'a str,
    fee_fen: i64,
    points: Points,
}

/// Cases of one pool that earn points, by year of the plan.
type ByYear<'a> = Vec<Vec<Earned<'a>>>;

/// The table, where the policy asks for it and pays by points.
///
/// Rows of a pool: each year's value; `year_start`, the years by their weights; `percentile`, the same
/// without the cases at both ends of cost per point (A39's counting); `merit_1d`, the weighted mean of the
/// institutions below the area's value, which with it makes the interval; `merit_2d`, the geometric median
/// of the institutions low on fee and on production cost per point whose fees cover their cost, in the
/// newest year. What cannot be had is missing.
pub(super) fn table(
    plan: &Plan<'_>,
    cases: &Cases,
    catalog: &Catalog,
    facts: &[InstitutionFacts],
) -> Result<Option<Table>, Error> {
    let Some(rule) = &plan.policy.start_value else { return Ok(None) };
    if plan.policy.payment.method != PayMethod::Points {
        return Ok(None);
    }
    let known = of_known_institutions(plan, cases, facts);
    let cases = known.as_ref().unwrap_or(cases);
    let mut pools: BTreeMap<&str, ByYear<'_>> = BTreeMap::new();
    for (at, year) in plan.years.iter().enumerate() {
        let input = ScenarioInput {
            name: START_VALUE.to_owned(),
            policy: plan.policy,
            catalog: Some(catalog),
            year: *year,
            budgets: BTreeMap::new(),
            assessments: BTreeMap::new(),
            given: Given { institutions: facts.to_vec(), ..Given::default() },
        };
        for (row, points) in case_points(cases, &input).map_err(Error::Points)? {
            let pool = match plan.policy.budget.pools {
                Pools::One => ALL,
                Pools::Insutype => cases.insutypes[usize::from(cases.insutype[row])].as_str(),
            };
            let none = || vec![Vec::new(); plan.years.len()];
            pools.entry(pool).or_insert_with(none)[at].push(Earned {
                institution: &cases.institutions[cases.institution[row] as usize],
                fee_fen: cases.fee_fen[row],
                points,
            });
        }
    }
    let mut rows = Vec::new();
    for (pool, by_year) in &pools {
        let of_pool = OfPool { plan, pool, by_year, facts };
        of_pool.rows(rule, &mut rows);
    }
    Ok(Some(printed(&rows)))
}

/// The cases without those of institutions that no table has, which have no coefficient to earn points
/// by (Z20): a catalog is built with a warning. `None` where all can stay.
fn of_known_institutions(
    plan: &Plan<'_>,
    cases: &Cases,
    facts: &[InstitutionFacts],
) -> Option<Cases> {
    let rule = plan.policy.coefficient.as_ref()?;
    if matches!(rule.method, CoefficientMethod::Given { .. }) {
        return None;
    }
    let is_known = |code: &String| facts.iter().any(|facts| facts.code == *code);
    let known: Vec<bool> = cases.institutions.iter().map(is_known).collect();
    let keep: Vec<bool> = cases.institution.iter().map(|id| known[*id as usize]).collect();
    if keep.iter().all(|keep| *keep) {
        return None;
    }
    let mut rest = cases.clone();
    rest.retain(&keep);
    Some(rest)
}

/// One pool on its way to its rows.
struct OfPool<'a> {
    plan: &'a Plan<'a>,
    pool: &'a str,
    by_year: &'a ByYear<'a>,
    facts: &'a [InstitutionFacts],
}

impl OfPool<'_> {
    fn rows(&self, rule: &StartValue, rows: &mut Vec<Row>) {
        let institutions = |of: &BTreeMap<&str, Volume>| of.len();
        for (year, cases) in self.plan.years.iter().zip(self.by_year) {
            let by_institution = self.weighted(&[(ratio(1), cases)]);
            let count = institutions(&by_institution);
            rows.push(self.row(&format!("year_{year}"), total(by_institution.values()), count));
        }
        let weighted: Vec<(Ratio, &Vec<Earned<'_>>)> =
            self.plan.blend.weights.iter().cloned().zip(self.by_year).collect();
        let by_institution = self.weighted(&weighted);
        let area = total(by_institution.values());
        let value = area.value();
        rows.push(self.row("year_start", area, institutions(&by_institution)));
        let trimmed: Vec<Vec<Earned<'_>>> =
            self.by_year.iter().map(|cases| trim(cases, rule)).collect();
        let kept: Vec<(Ratio, &Vec<Earned<'_>>)> =
            self.plan.blend.weights.iter().cloned().zip(&trimmed).collect();
        let kept = self.weighted(&kept);
        rows.push(self.row("percentile", total(kept.values()), institutions(&kept)));
        let below = by_institution.values().filter(|own| own.value() < value);
        let below: Vec<&Volume> = below.filter(|own| own.value().is_some()).collect();
        rows.push(self.row("merit_1d", total(below.iter().copied()), below.len()));
        rows.push(self.two_dimensions());
    }

    fn row(&self, measure: &str, volume: Volume, institutions: usize) -> Row {
        Row {
            pool: self.pool.to_owned(),
            measure: measure.to_owned(),
            value: volume.value(),
            volume: Some(volume),
            production: None,
            institutions,
        }
    }

    /// Σ w·cost and Σ w·points of each institution.
    fn weighted<'c>(&self, years: &[(Ratio, &Vec<Earned<'c>>)]) -> BTreeMap<&'c str, Volume> {
        let mut by_institution: BTreeMap<&str, Volume> = BTreeMap::new();
        for (weight, cases) in years {
            let mut sums: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
            for case in *cases {
                let sum = sums.entry(case.institution).or_default();
                sum.0 = sum.0.saturating_add(case.fee_fen.into());
                sum.1 = sum.1.saturating_add(case.points.0.into());
            }
            for (code, (cost, points)) in sums {
                let cost = weight * ratio(cost) / ratio(100);
                let points = weight * ratio(points) / ratio(Points::PER_POINT);
                by_institution.entry(code).or_default().add(&cost, &points);
            }
        }
        by_institution
    }

    /// The geometric median of the meritorious institutions of the newest year (6.5). Production cost is
    /// the institution's own, never assumed: without it an institution takes no part.
    fn two_dimensions(&self) -> Row {
        let newest = self.by_year.last().map(|cases| (ratio(1), cases));
        let by_institution = self.weighted(newest.as_slice());
        let (mut all, mut known) = (Volume::default(), Vec::new());
        for (code, volume) in &by_institution {
            let cost = self.facts.iter().find(|facts| facts.code == *code);
            let Some(cost) = cost.and_then(|facts| facts.production_cost) else { continue };
            let Volume { cost: fees, points } = volume;
            if points.is_zero() {
                continue;
            }
            let cost = cost.to_ratio() / ratio(100);
            all.add(&cost, points);
            let spot = Spot { value: fees / points, cost: &cost / points };
            known.push((spot, *fees >= cost));
        }
        let (value, cost) = (total(by_institution.values()).value(), all.value());
        let merit: Vec<Spot> = known
            .into_iter()
            .filter(|(spot, covers)| {
                let low = Some(&spot.value) < value.as_ref() && Some(&spot.cost) < cost.as_ref();
                *covers && low
            })
            .map(|(spot, _)| spot)
            .collect();
        let middle = median(&merit);
        Row {
            pool: self.pool.to_owned(),
            measure: "merit_2d".to_owned(),
            volume: None,
            value: middle.as_ref().map(|spot| spot.value.clone()),
            production: middle.map(|spot| spot.cost),
            institutions: merit.len(),
        }
    }
}

fn total<'v>(volumes: impl Iterator<Item = &'v Volume>) -> Volume {
    let mut total = Volume::default();
    for volume in volumes {
        total.add(&volume.cost, &volume.points);
    }
    total
}

/// The cases of a year between two percentiles of cost per point, counted as A39 counts: ⌊low·n⌋ leave
/// below and ⌊(1 − high)·n⌋ above, ties with the next one stay.
fn trim<'c>(cases: &[Earned<'c>], rule: &StartValue) -> Vec<Earned<'c>> {
    let mut values: Vec<(Ratio, usize)> = cases
        .iter()
        .enumerate()
        .filter_map(|(at, case)| Some((fraction(case.fee_fen, case.points.0)?, at)))
        .collect();
    values.sort();
    let count = |share: Ratio| {
        let leave = (share * ratio(values.len())).floor().to_integer();
        usize::try_from(leave).unwrap_or(0).min(values.len())
    };
    let below = count(exact(rule.low));
    let above = count(ratio(1) - exact(rule.high));
    let first = values.get(below).map(|(value, _)| value.clone());
    let last = values.iter().rev().nth(above).map(|(value, _)| value.clone());
    let inside = |value: &Ratio| {
        first.as_ref().is_some_and(|first| value >= first)
            && last.as_ref().is_some_and(|last| value <= last)
    };
    values.iter().filter(|(value, _)| inside(value)).map(|(_, at)| cases[*at]).collect()
}

fn printed(rows: &[Row]) -> Table {
    let decimals = |of: &dyn Fn(&Row) -> Option<Ratio>| {
        let printed = rows.iter().map(|row| of(row).and_then(|value| to_decimal(&value, PLACES)));
        Column::decimals(PLACES, printed.collect::<Vec<_>>())
    };
    Table::new(START_VALUE)
        .with("pool", Column::text(rows.iter().map(|row| row.pool.as_str())))
        .with("measure", Column::text(rows.iter().map(|row| row.measure.as_str())))
        .with("cost_yuan", decimals(&|row| Some(row.volume.as_ref()?.cost.clone())))
        .with("points", decimals(&|row| Some(row.volume.as_ref()?.points.clone())))
        .with("value", decimals(&|row| row.value.clone()))
        .with("production_per_point", decimals(&|row| row.production.clone()))
        .with("institutions", Column::counts(rows.iter().map(|row| row.institutions)))
}
