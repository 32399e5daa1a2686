//! The method grid: one set of cases priced by many methods, and what the choice moves.
//!
//! "What if we had trimmed differently?" has one answer a group (how far its points range) and one
//! a hospital (how far its pay ranges when the same money is divided by its points).

use std::collections::BTreeMap;

use num_traits::ToPrimitive;
use rust_decimal::Decimal;

use super::centre::Centres;
use super::parallel::in_parallel;
use super::scan::Scan;
use super::sums::{Total, Window};
use super::trim::{self, Kept};
use super::{Basis, Built, Error, Passed, Plan, kept_years, publish};
use crate::catalog::model::Catalog;
use crate::grouper::GroupInfo;
use crate::period::Years;
use crate::policy::model::{Apg, BlendLevel, Method as Grouping, PayMethod, Policy, Weights};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, allocate, exact, fraction, ratio, to_decimal};

/// Decimal places of a percentage.
const PERCENT_PLACES: u32 = 2;

/// One way of computing the catalog.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name: the scenarios it is made of, joined by `+`; the first method is the baseline.
    pub name: String,
    /// The policy with those scenarios.
    pub policy: Policy,
}

/// What the methods come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// One row a method: `method, groups, small_groups, base_mean_yuan, trimmed_cases,
    /// trimmed_yuan, r_squared` (see [`Built`])`, cv_above_0_7, cv_above_1` (groups, E06)`,
    /// moved_yuan` (what hospitals lose, and others gain, against the baseline).
    pub methods: Table,
    /// One row a group of any method: `group_code, group_name, cases, value` (baseline points, or
    /// mean where the system has no points)`, low, low_method, high, high_method, range_percent`
    /// ((high − low) ÷ value × 100)`, missing_methods` (methods without this group).
    pub groups: Table,
    /// One row a hospital: `fixmedins_code, cases, pay_yuan` (baseline)`, low_yuan, low_method,
    /// high_yuan, high_method, range_percent`. Pay divides the fee of all grouped cases by points; a
    /// case whose group a method lacks has the points of an ungrouped one (A41). Without rows where
    /// the policy does not pay by points.
    pub institutions: Table,
    /// What each method has to say, its name first.
    pub warnings: Vec<String>,
}

/// Prices the cases of `years` by every method; the first is the baseline. `info` is what the grouper
/// knows of its groups (A51), as in [`Passed`]. The cases are grouped once, by the baseline; each method
/// comes to what [`build`](super::build()) makes of it with these cases, and one that would have grouped
/// them otherwise (R34, A34) is refused.
///
/// # Errors
/// Those of [`build`](super::build()), named by their method, [`Error::Regroups`], and [`Error::Columns`]
/// for no method at all.
pub fn grid(
    cases: &Cases,
    years: &Years,
    methods: &[Method],
    (info, threads): (&BTreeMap<String, GroupInfo>, usize),
) -> Result<Grid, Error> {
    let window = Window::new(cases, years.as_slice())?;
    if methods.is_empty() {
        return Err(Error::Columns { fact: "no method to compare".to_owned() });
    }
    for method in &methods[1..] {
        if let Some(key) = regroups(&methods[0].policy, &method.policy) {
            return Err(Error::Regroups { method: method.name.clone(), key });
        }
    }
    let Priced { catalogs, fits, warnings } = price(cases, years, methods, (info, threads))?;
    let values: Vec<BTreeMap<&str, i128>> = catalogs.iter().map(values).collect();
    let mut counts = Counts::default();
    let mut pays = Vec::new();
    if methods[0].policy.payment.method == PayMethod::Points {
        counts = Counts::of(window);
        for ((method, catalog), values) in methods.iter().zip(&catalogs).zip(&values) {
            pays.push(counts.pay(cases, (&method.policy, catalog), values)?);
        }
    }
    Ok(Grid {
        methods: method_table(methods, (&catalogs, fits), &pays),
        groups: group_table(methods, &catalogs, &values),
        institutions: institution_table(cases, methods, &counts, &pays),
        warnings,
    })
}

/// The first key of `[weights]` by which groups learned under one policy are not those of the other. A
/// directory is learned with means (R01, R34), a refinement with the cases of the years that count.
fn regroups(one: &Policy, other: &Policy) -> Option<&'static str> {
    let grouping = &one.grouping.method;
    let (one, other) = (&one.weights, &other.weights);
    let out = |weights: &Weights| weights.exclude.iter().map(|out| out.year).collect::<Vec<_>>();
    let trim = |of: &Weights| (of.trim.clone(), of.trim_from_cases, of.trim_stage, of.outliers);
    let exclude = ("weights.exclude", out(one) == out(other));
    // The mean of all cases takes part only where its quotients are blended (A02).
    let divides = one.level == BlendLevel::Ratios;
    let same = match grouping {
        Grouping::Dip(_) => vec![
            exclude,
            ("weights.years", one.years == other.years),
            ("weights.level", one.level == other.level),
            ("weights.single_year", one.single_year == other.single_year),
            ("weights.trim", trim(one) == trim(other)),
            ("weights.centre", one.centre == other.centre),
            ("weights.denominator", !divides || one.denominator == other.denominator),
        ],
        Grouping::Apg(Apg { refine: Some(_), .. }) => vec![exclude],
        Grouping::Apg(_) | Grouping::Drg(_) | Grouping::Given { .. } => Vec::new(),
    };
    same.into_iter().find(|(_, same)| !same).map(|(key, _)| key)
}

/// One entry a method.
#[derive(Default)]
pub(super) struct Priced {
    pub(super) catalogs: Vec<Catalog>,
    pub(super) fits: Vec<Option<Decimal>>,
    warnings: Vec<String>,
}

/// What several methods share is computed once: the fees in order, what a trim rule keeps, what a
/// centre needs of it.
pub(super) fn price(
    cases: &Cases,
    years: &Years,
    methods: &[Method],
    (info, threads): (&BTreeMap<String, GroupInfo>, usize),
) -> Result<Priced, Error> {
    let named =
        |at: usize, err| Error::Method { method: methods[at].name.clone(), source: Box::new(err) };
    let years_of: Vec<Vec<u16>> =
        methods.iter().map(|method| kept_years(&method.policy, years)).collect();
    let plan = |at: usize| {
        Plan::new(&methods[at].policy, years, &years_of[at]).map_err(|err| named(at, err))
    };
    let plans: Vec<Plan<'_>> = (0..methods.len()).map(plan).collect::<Result<_, _>>()?;
    let (scan_of, firsts) = alike(methods.len(), |one, two| years_of[one] == years_of[two]);
    let scan =
        |at: &usize| Scan::new(cases, &years_of[*at], threads).map_err(|err| named(*at, err));
    let scans: Vec<Scan<'_>> = firsts.iter().map(scan).collect::<Result<_, _>>()?;
    let (kept_of, firsts) = alike(methods.len(), |one, two| {
        scan_of[one] == scan_of[two] && trim::same(&plans[one], &plans[two])
    });
    let kept = in_parallel(threads, firsts.len(), |at| {
        let plan = &plans[firsts[at]];
        trim::keep(&scans[scan_of[firsts[at]]], plan.policy, &plan.blend)
            .map_err(|err| named(firsts[at], err))
    });
    let kept: Vec<Kept> = kept.into_iter().collect::<Result<_, _>>()?;
    let centre = |at: usize| methods[at].policy.weights.centre;
    let (centres_of, firsts) =
        alike(methods.len(), |one, two| kept_of[one] == kept_of[two] && centre(one) == centre(two));
    let of = |at: &usize| Centres::new(&scans[scan_of[*at]], &kept[kept_of[*at]], centre(*at));
    let centres: Vec<Centres<'_>> = firsts.iter().map(of).collect();
    let built = in_parallel(threads, methods.len(), |at| {
        let passed = Passed { info: info.clone(), ..Passed::default() };
        Basis::new(&plans[at], &centres[centres_of[at]], info)
            .and_then(|basis| publish(&basis, passed))
            .map_err(|err| named(at, err))
    });
    let mut priced = Priced::default();
    for (built, method) in built.into_iter().zip(methods) {
        let Built { catalog, r_squared, warnings, .. } = built?;
        let name = &method.name;
        priced.warnings.extend(warnings.iter().map(|warning| format!("{name}: {warning}")));
        priced.fits.push(r_squared);
        priced.catalogs.push(catalog);
    }
    Ok(priced)
}

/// For each of `count` the number of its class, and the first of every class.
fn alike(count: usize, same: impl Fn(usize, usize) -> bool) -> (Vec<usize>, Vec<usize>) {
    let mut firsts: Vec<usize> = Vec::new();
    let mut classes = Vec::with_capacity(count);
    for at in 0..count {
        let known = firsts.iter().position(|first| same(*first, at));
        classes.push(known.unwrap_or_else(|| {
            firsts.push(at);
            firsts.len().saturating_sub(1)
        }));
    }
    (classes, firsts)
}

/// Points of every group in millionths, or its mean in millionths of a yuan.
fn values(catalog: &Catalog) -> BTreeMap<&str, i128> {
    let value = |mean: Decimal| {
        let mut mean = mean;
        mean.rescale(Points::PLACES);
        mean.mantissa()
    };
    let groups = catalog.groups.iter().map(|group| {
        let points = group.points.map(|points| i128::from(points.0));
        (group.group_code.as_str(), points.unwrap_or_else(|| value(group.mean)))
    });
    groups.collect()
}

/// Cases of each institution and group and what they cost, in fen; together, too.
#[derive(Default)]
struct Counts {
    /// Institution by institution, group by group.
    cases: Vec<Total>,
    groups: usize,
    fee: i128,
}

impl Counts {
    fn of(window: Window<'_>) -> Self {
        let Window { cases, years } = window;
        let groups = cases.groups.len();
        let mut counts = vec![Total::default(); groups.saturating_mul(cases.institutions.len())];
        let mut total = 0i128;
        for at in 0..cases.len() {
            let group = cases.group[at];
            if group == UNGROUPED || !years.contains(&cases.year[at]) {
                continue;
            }
            let row = (cases.institution[at] as usize).saturating_mul(groups);
            let cell = &mut counts[row.saturating_add(group as usize)];
            let one = Total { cases: 1, fen: i128::from(cases.fee_fen[at]) };
            *cell = Total::of([*cell, one]);
            total = total.saturating_add(i128::from(cases.fee_fen[at]));
        }
        Self { cases: counts, groups, fee: total }
    }

    fn of_institution(&self, at: usize) -> &[Total] {
        let from = at.saturating_mul(self.groups);
        &self.cases[from..from.saturating_add(self.groups)]
    }

    /// The fee of all grouped cases, divided over the institutions by their points.
    fn pay(
        &self,
        cases: &Cases,
        (policy, catalog): (&Policy, &Catalog),
        values: &BTreeMap<&str, i128>,
    ) -> Result<Vec<Fen>, Error> {
        let overflow = || Error::Overflow { what: "the pay of the institutions".to_owned() };
        let points: Vec<i128> = cases
            .groups
            .iter()
            .map(|code| values.get(code.as_str()).copied().unwrap_or(0))
            .collect();
        // Points in millionths of an ungrouped case, for each fen it costs (A41).
        let scale = exact(policy.weights.scale.unwrap_or_default());
        let mean = exact(catalog.base_mean) * ratio(100);
        let by_fee =
            exact(policy.weights.ungrouped_factor) * scale * ratio(Points::PER_POINT) / mean;
        let mut weights = Vec::with_capacity(cases.institutions.len());
        for at in 0..cases.institutions.len() {
            let (mut grouped, mut lacking) = (0i128, 0i128);
            for (total, points) in self.of_institution(at).iter().zip(&points) {
                if *points == 0 {
                    lacking = lacking.saturating_add(total.fen);
                } else {
                    grouped = grouped.saturating_add(points.saturating_mul(total.cases.into()));
                }
            }
            let lacking = (&by_fee * ratio(lacking)).floor().to_integer().to_i128();
            let lacking = lacking.ok_or_else(overflow)?;
            weights.push(grouped.saturating_add(lacking.max(0)));
        }
        let fee = i64::try_from(self.fee).map_err(|_| overflow())?;
        // Without any points nobody can be paid by points.
        let fee = if weights.iter().all(|weight| *weight == 0) { 0 } else { fee };
        allocate(Fen(fee), &weights, &cases.institutions).map_err(|_| overflow())
    }
}

/// Smallest and largest of the values, each with the first method that has it.
fn range<T: Copy + Ord>(values: impl Iterator<Item = (usize, T)>) -> Option<[(usize, T); 2]> {
    values.fold(None, |found, (method, value)| match found {
        None => Some([(method, value); 2]),
        Some([low, high]) => Some([
            if value < low.1 { (method, value) } else { low },
            if value > high.1 { (method, value) } else { high },
        ]),
    })
}

/// (high − low) ÷ value in percent; `None` where the value is not above 0.
fn percent(low: i128, high: i128, value: i128) -> Option<Decimal> {
    let share = fraction(high.saturating_sub(low), u64::try_from(value).ok().filter(|v| *v > 0)?)?;
    to_decimal(&(share * ratio(100)), PERCENT_PLACES)
}

fn method_table(
    methods: &[Method],
    (catalogs, fits): (&[Catalog], Vec<Option<Decimal>>),
    pays: &[Vec<Fen>],
) -> Table {
    let spread = |above: Decimal| {
        let counts = catalogs.iter().map(move |one| {
            one.groups.iter().filter(|group| group.cv.is_some_and(|cv| cv > above)).count()
        });
        Column::counts(counts)
    };
    let count = |of: fn(&Catalog) -> usize| Column::counts(catalogs.iter().map(of));
    let small = |one: &Catalog| {
        one.groups.iter().filter(|group| group.flags.iter().any(|flag| flag == "small")).count()
    };
    let trimmed = |one: &Catalog| -> i64 {
        one.trimmed.iter().map(|row| i64::try_from(row.cases).unwrap_or(i64::MAX)).sum()
    };
    let amount = |one: &Catalog| one.trimmed.iter().map(|row| i128::from(row.amount.0)).sum();
    let moved = |at: usize| -> Option<i128> {
        let pairs = pays.get(at)?.iter().zip(pays.first()?);
        let gains =
            pairs.map(|(pay, base)| i128::from(pay.0).saturating_sub(i128::from(base.0)).max(0));
        Some(gains.sum())
    };
    let places = catalogs[0].places;
    Table::new("grid_method")
        .with("method", Column::text(methods.iter().map(|method| method.name.as_str())))
        .with("groups", count(|one| one.groups.len()))
        .with("small_groups", Column::counts(catalogs.iter().map(small)))
        .with(
            "base_mean_yuan",
            Column::decimals(places, catalogs.iter().map(|one| Some(one.base_mean))),
        )
        .with("trimmed_cases", Column::whole(catalogs.iter().map(trimmed)))
        .with(
            "trimmed_yuan",
            Column::Decimal {
                places: 2,
                values: catalogs.iter().map(|one| Some(amount(one))).collect(),
            },
        )
        .with("r_squared", Column::decimals(4, fits))
        .with("cv_above_0_7", spread(Decimal::new(7, 1)))
        .with("cv_above_1", spread(Decimal::ONE))
        .with(
            "moved_yuan",
            Column::Decimal { places: 2, values: (0..catalogs.len()).map(moved).collect() },
        )
}

fn group_table(methods: &[Method], catalogs: &[Catalog], values: &[BTreeMap<&str, i128>]) -> Table {
    let mut known: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    for group in catalogs.iter().flat_map(|catalog| &catalog.groups) {
        known.entry(&group.group_code).or_insert((&group.group_name, group.cases));
    }
    let ranges: Vec<_> = known
        .keys()
        .map(|code| {
            let found = values.iter().enumerate();
            range(found.filter_map(|(method, values)| Some((method, *values.get(code)?))))
        })
        .collect();
    let end = |end: usize| Column::Decimal {
        places: Points::PLACES,
        values: ranges.iter().map(|range| range.map(|ends| ends[end].1)).collect(),
    };
    let method = |end: usize| {
        let name = |ends: [(usize, i128); 2]| methods[ends[end].0].name.clone();
        Column::texts(ranges.iter().map(|range| range.map(name)))
    };
    let baseline = |code: &str| values[0].get(code).copied();
    let percents = known.keys().zip(&ranges).map(|(code, range)| {
        let [low, high] = (*range)?;
        percent(low.1, high.1, baseline(code)?)
    });
    let missing = |code: &str| values.iter().filter(|values| !values.contains_key(code)).count();
    Table::new("grid_group")
        .with("group_code", Column::text(known.keys().copied()))
        .with("group_name", Column::text(known.values().map(|(name, _)| *name)))
        .with("cases", Column::counts(known.values().map(|(_, cases)| *cases)))
        .with(
            "value",
            Column::Decimal {
                places: Points::PLACES,
                values: known.keys().map(|code| baseline(code)).collect(),
            },
        )
        .with("low", end(0))
        .with("low_method", method(0))
        .with("high", end(1))
        .with("high_method", method(1))
        .with("range_percent", Column::decimals(PERCENT_PLACES, percents))
        .with("missing_methods", Column::counts(known.keys().map(|code| missing(code))))
}

fn institution_table(
    cases: &Cases,
    methods: &[Method],
    counts: &Counts,
    pays: &[Vec<Fen>],
) -> Table {
    let rows = 0..pays.first().map_or(0, Vec::len);
    let none = Vec::new();
    let baseline = pays.first().unwrap_or(&none);
    let ranges: Vec<_> = rows
        .clone()
        .map(|at| range(pays.iter().map(|pay| pay[at]).enumerate()).unwrap_or([(0, Fen(0)); 2]))
        .collect();
    let end = |end: usize| Column::yuan(ranges.iter().map(|range| range[end].1.0));
    let method =
        |end: usize| Column::text(ranges.iter().map(|range| methods[range[end].0].name.as_str()));
    let grouped = |at: usize| Total::of(counts.of_institution(at).iter().copied()).cases;
    let percents = ranges.iter().zip(baseline).map(|([low, high], pay)| {
        percent(i128::from(low.1.0), i128::from(high.1.0), i128::from(pay.0))
    });
    Table::new("grid_institution")
        .with(
            "fixmedins_code",
            Column::text(rows.clone().map(|at| cases.institutions[at].as_str())),
        )
        .with("cases", Column::counts(rows.map(grouped)))
        .with("pay_yuan", Column::yuan(baseline.iter().map(|pay| pay.0)))
        .with("low_yuan", end(0))
        .with("low_method", method(0))
        .with("high_yuan", end(1))
        .with("high_method", method(1))
        .with("range_percent", Column::decimals(PERCENT_PLACES, percents))
}
