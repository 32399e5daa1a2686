//! Coefficients of auxiliary types within each disease (E09, domain.md 6.3).
//!
//! A type is triggered in a disease by three things, all of the newest statistics year: more than n1
//! cases of the disease, more than n2 of the type, and a CV that falls clearly. Then
//!
//! * `trigger` = mean of the type ÷ mean of the disease in that year,
//! * `adjusting` = m_j ÷ M, the blended means of the type and of the disease.
//!
//! The policy says which of them multiplies the points. Types that grow in severity must not cost less
//! the more severe they are: neighbours in the wrong order share their mean, weighted by cases, until
//! none is (pool adjacent violators), or are marked. High costs of malignant diseases are told by
//! RW × point value (`grouper::auxiliary`).

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::{Signed as _, Zero as _};
use rust_decimal::Decimal;

use super::blend::Blend;
use super::quotient::{self, Quotient};
use super::sums::{Sums, Total};
use super::{Error, Plan, rounded};
use crate::catalog::model::{Catalog, Group};
use crate::grouper::auxiliary::{high_costs, names, severity_of};
use crate::policy::model::{
    Auxiliary, AuxiliaryFactor, BandOf, BlendLevel, ListedKind, Malignant, Monotone, Policy,
    Trigger,
};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::table::{Column, Table};
use crate::units::{Ratio, exact, ratio};

/// Decimal places of a coefficient and of a CV (A46, R40).
const PLACES: u32 = 4;
const CV_PLACES: u32 = 6;

/// Whether a type is triggered in a disease, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Triggered,
    FewCases,
    Spread,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::FewCases => "few_cases",
            Self::Spread => "cv",
        }
    }
}

/// One type in one disease with more than n1 cases in the newest year.
#[derive(Debug, Clone)]
struct Row<'a> {
    group: &'a Group,
    name: String,
    /// Newest year: of the type and of the disease.
    own: Sums,
    disease: Sums,
    outcome: Outcome,
    trigger: Option<Quotient>,
    adjusting: Option<Ratio>,
    /// Cases that weigh when neighbours share their mean.
    weight: u64,
    /// What multiplies the points; none where the type is not triggered.
    coefficient: Option<Ratio>,
    flag: &'static str,
}

/// The table `auxiliary`, one row a disease and type, ascending; none without the section.
///
/// # Errors
/// [`Error::Overflow`], [`Error::NoCostClasses`] where high costs are asked for without classes of
/// cost.
pub(super) fn table(
    plan: &Plan<'_>,
    cases: &Cases,
    catalog: &Catalog,
) -> Result<Option<Table>, Error> {
    let Some(rule) = &plan.policy.auxiliary else { return Ok(None) };
    let typed = Typed::new(plan, rule, cases, catalog)?;
    let mut all = Vec::new();
    for (at, code) in cases.groups.iter().enumerate() {
        let found = catalog.groups.binary_search_by(|group| group.group_code.as_str().cmp(code));
        let Some(group) = found.ok().map(|at| &catalog.groups[at]) else { continue };
        if !rule.except_kinds.contains(&group.kind) && !is_tcm(plan.policy, code) {
            all.extend(of_disease(plan, rule, (group, at), &typed));
        }
    }
    shown(&all).map(Some)
}

/// Whether a group has the points of a TCM-advantage disease: it has no types (6.3).
fn is_tcm(policy: &Policy, code: &str) -> bool {
    let mut listed = policy.score.iter().flat_map(|score| &score.listed);
    listed.any(|listed| listed.kind == ListedKind::Tcm && listed.group_code == code)
}

/// Sums of every disease, and of every type in it, by year.
struct Typed {
    years: usize,
    types: Vec<String>,
    diseases: Vec<Sums>,
    cells: Vec<Sums>,
}

impl Typed {
    fn new(
        plan: &Plan<'_>,
        rule: &Auxiliary,
        cases: &Cases,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        if cases.auxiliary.len() != cases.len() {
            let fact = format!("{} fees, {} types", cases.len(), cases.auxiliary.len());
            return Err(Error::Columns { fact });
        }
        let (texts, column) = match &rule.malignant {
            Some(malignant) => {
                if cases.cost_fen.len() != cases.len() {
                    return Err(Error::NoCostClasses);
                }
                let point = point_value(plan, malignant, cases, catalog);
                let points = points(cases, catalog);
                high_costs(malignant, cases, |group| Some(points[group].clone()? * point.as_ref()?))
            }
            None => (cases.auxiliaries.clone(), cases.auxiliary.clone()),
        };
        let mut types: Vec<String> =
            texts.iter().flat_map(|text| names(text)).map(str::to_owned).collect();
        types.sort_unstable();
        types.dedup();
        let place = |name: &str| types.binary_search_by(|known| known.as_str().cmp(name)).ok();
        let met: Vec<Vec<usize>> =
            texts.iter().map(|text| names(text).filter_map(place).collect()).collect();
        let years = plan.years.len();
        let mut diseases = vec![Sums::default(); cases.groups.len() * years];
        let mut cells = vec![Sums::default(); cases.groups.len() * types.len() * years];
        let columns = cases.group.iter().zip(&column).zip(cases.year.iter().zip(&cases.fee_fen));
        for ((group, text), (year, fee)) in columns {
            let Some(at) = plan.years.iter().position(|known| known == year) else { continue };
            if *group == UNGROUPED {
                continue;
            }
            let group = *group as usize;
            let overflow = || Error::Overflow {
                what: format!("the sum of squared fees of `{}` in {year}", cases.groups[group]),
            };
            diseases[group * years + at].add(*fee).ok_or_else(overflow)?;
            for kind in met.get(*text as usize).into_iter().flatten() {
                let cell = (group * types.len() + kind) * years + at;
                cells[cell].add(*fee).ok_or_else(overflow)?;
            }
        }
        Ok(Self { years, types, diseases, cells })
    }

    fn disease(&self, group: usize) -> &[Sums] {
        &self.diseases[group * self.years..][..self.years]
    }

    fn cell(&self, group: usize, kind: usize) -> &[Sums] {
        &self.cells[(group * self.types.len() + kind) * self.years..][..self.years]
    }
}

/// Published points of each group of the cases.
fn points(cases: &Cases, catalog: &Catalog) -> Vec<Option<Ratio>> {
    let find = |code: &String| {
        let at = catalog.groups.binary_search_by(|group| group.group_code.as_str().cmp(code));
        catalog.groups[at.ok()?].points.map(crate::units::Points::to_ratio)
    };
    cases.groups.iter().map(find).collect()
}

/// Fen a point: the policy's, else weighted cost ÷ weighted points of the grouped cases (6.5).
fn point_value(
    plan: &Plan<'_>,
    rule: &Malignant,
    cases: &Cases,
    catalog: &Catalog,
) -> Option<Ratio> {
    if let Some(value) = rule.point_value {
        return Some(exact(value) * ratio(100));
    }
    let points = points(cases, catalog);
    let years = plan.years.len();
    let mut cost = vec![0i128; years];
    let mut counts = vec![0u64; cases.groups.len() * years];
    let columns = cases.group.iter().zip(cases.year.iter().zip(&cases.fee_fen));
    for (group, (year, fee)) in columns.filter(|(group, _)| **group != UNGROUPED) {
        let Some(at) = plan.years.iter().position(|known| known == year) else { continue };
        cost[at] = cost[at].saturating_add(i128::from(*fee));
        counts[*group as usize * years + at] += 1;
    }
    let weight = |at: usize| plan.blend.weights.get(at).cloned().unwrap_or_else(|| ratio(1));
    let (mut money, mut all) = (Ratio::zero(), Ratio::zero());
    for at in 0..years {
        money += weight(at) * ratio(cost[at]);
        let of_year = points.iter().enumerate().filter_map(|(group, points)| {
            Some(points.clone()? * ratio(counts[group * years + at]))
        });
        all += weight(at) * of_year.sum::<Ratio>();
    }
    (!all.is_zero()).then(|| money / all)
}

fn of_disease<'a>(
    plan: &Plan<'_>,
    rule: &Auxiliary,
    (group, at): (&'a Group, usize),
    typed: &Typed,
) -> Vec<Row<'a>> {
    let disease = typed.disease(at);
    let Some(newest) = disease.last().copied() else { return Vec::new() };
    let one_year = Blend { level: BlendLevel::Pooled, weights: Vec::new() };
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (kind, name) in typed.types.iter().enumerate() {
        let sums = typed.cell(at, kind);
        let Some(own) = sums.last().copied() else { continue };
        let trigger = trigger_of(rule, name);
        if newest.total.cases <= u64::from(trigger.disease_cases) || own.total.cases == 0 {
            continue;
        }
        let mean = |sums: &[Sums]| {
            let totals: Vec<Total> = sums.iter().map(|sums| sums.total).collect();
            quotient::mean(&totals, &plan.blend)
        };
        let adjusting = mean(sums).zip(mean(disease).filter(|mean| !mean.is_zero()));
        let weight = match rule.factor {
            AuxiliaryFactor::Trigger => own.total.cases,
            AuxiliaryFactor::Adjusting => Total::of(sums.iter().map(|year| year.total)).cases,
        };
        rows.push(Row {
            group,
            name: name.clone(),
            own,
            disease: newest,
            outcome: outcome(trigger, &own, &newest),
            trigger: quotient::quotient(&[own], &[newest], &one_year),
            adjusting: adjusting.map(|(own, all)| own / all),
            weight,
            coefficient: None,
            flag: "",
        });
    }
    for row in rows.iter_mut().filter(|row| row.outcome == Outcome::Triggered) {
        row.coefficient = match rule.factor {
            AuxiliaryFactor::Trigger => row.trigger.as_ref().map(|known| known.value.clone()),
            AuxiliaryFactor::Adjusting => row.adjusting.clone(),
        };
    }
    order(rule, &mut rows);
    rows
}

/// Intensive care may be triggered more easily (6.3).
fn trigger_of<'a>(rule: &'a Auxiliary, name: &str) -> &'a Trigger {
    let of_icu =
        rule.bands.iter().any(|band| band.name == name && band.by == BandOf::IntensiveCare);
    rule.icu_trigger.as_ref().filter(|_| of_icu).unwrap_or(&rule.trigger)
}

fn outcome(trigger: &Trigger, own: &Sums, disease: &Sums) -> Outcome {
    if own.total.cases <= u64::from(trigger.type_cases) {
        return Outcome::FewCases;
    }
    let left = ratio(1) - exact(trigger.cv_drop);
    match (square_of_cv(own), square_of_cv(disease)) {
        (Some(own), Some(disease)) if own <= &left * &left * &disease => Outcome::Triggered,
        _ => Outcome::Spread,
    }
}

/// CV² = (n·Σx² − (Σx)²) ÷ (Σx)² (9.2); none below two cases or where they cost nothing.
fn square_of_cv(sums: &Sums) -> Option<Ratio> {
    let Total { cases, fen } = sums.total;
    if cases < 2 || fen <= 0 {
        return None;
    }
    let square = BigInt::from(fen) * BigInt::from(fen);
    Some(Ratio::new(BigInt::from(sums.squares) * cases - &square, square))
}

/// CV to its places, half away from zero: the root of ⌊4·10¹²·CV²⌋ is ⌊2·10⁶·CV⌋, halved.
fn cv(sums: &Sums) -> Option<Decimal> {
    let square = square_of_cv(sums).filter(|square| !square.is_negative())?;
    let unit = BigInt::from(10u8).pow(CV_PLACES);
    let scaled = (square * ratio(&unit * &unit * 4u8)).floor().to_integer();
    let halves: BigInt = scaled.sqrt() + 1u8;
    crate::units::to_decimal(&(Ratio::from(halves >> 1u8) / ratio(unit)), CV_PLACES)
}

/// Coefficients along each family of growing severity, pooled or marked.
fn order(rule: &Auxiliary, rows: &mut [Row<'_>]) {
    let mut families: BTreeMap<&'static str, Vec<(u32, usize)>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if row.coefficient.is_some()
            && let Some((family, rank)) = severity_of(rule, &row.name)
        {
            families.entry(family).or_default().push((rank, at));
        }
    }
    for mut members in families.into_values() {
        members.sort_unstable();
        let values: Vec<(Ratio, u64)> = members
            .iter()
            .filter_map(|(_, at)| Some((rows[*at].coefficient.clone()?, rows[*at].weight)))
            .collect();
        let pooled = pool(&values);
        for ((_, at), value) in members.iter().zip(pooled) {
            let row = &mut rows[*at];
            if row.coefficient.as_ref() != Some(&value) {
                match rule.monotone {
                    Monotone::Pool => {
                        row.flag = "pooled";
                        row.coefficient = Some(value);
                    }
                    Monotone::Report => row.flag = "inverted",
                }
            }
        }
    }
}

/// The nearest values that never fall: neighbours in the wrong order share their weighted mean.
pub(super) fn pool(values: &[(Ratio, u64)]) -> Vec<Ratio> {
    // Blocks of (Σ weight · value, Σ weight, members), their means never falling.
    let mut blocks: Vec<(Ratio, u64, usize)> = Vec::new();
    for (value, weight) in values {
        let mut block = (value * ratio(*weight), *weight, 1);
        while let Some(before) = blocks.last()
            && &before.0 * ratio(block.1) > &block.0 * ratio(before.1)
        {
            block = (&before.0 + &block.0, before.1 + block.1, before.2 + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let mean = |(sum, weight, members): (Ratio, u64, usize)| {
        std::iter::repeat_n(sum / ratio(weight.max(1)), members)
    };
    blocks.into_iter().flat_map(mean).collect()
}

fn shown(rows: &[Row<'_>]) -> Result<Table, Error> {
    let decimals = |values: Vec<Option<Ratio>>| -> Result<Column, Error> {
        let value = |value: Option<Ratio>| {
            value.map(|value| rounded(&value, PLACES, "a coefficient")).transpose()
        };
        let values: Vec<_> = values.into_iter().map(value).collect::<Result<_, _>>()?;
        Ok(Column::decimals(PLACES, values))
    };
    let of = |value: &dyn Fn(&Row<'_>) -> Option<Ratio>| decimals(rows.iter().map(value).collect());
    let yuan = |sums: &Sums| sums.total.mean().map(|fen| fen / ratio(100));
    let bound = |row: &Row<'_>, which: fn(&(Ratio, Ratio)) -> &Ratio| {
        row.trigger.as_ref()?.interval.as_ref().map(which).cloned()
    };
    let exact_of = |row: &Row<'_>| {
        row.coefficient.as_ref().map(|value| format!("{}/{}", value.numer(), value.denom()))
    };
    let cvs = |of: &dyn Fn(&Row<'_>) -> Sums| {
        Column::decimals(CV_PLACES, rows.iter().map(|row| cv(&of(row))))
    };
    Ok(Table::new("auxiliary")
        .with("group_code", Column::text(rows.iter().map(|row| row.group.group_code.as_str())))
        .with("type", Column::text(rows.iter().map(|row| row.name.as_str())))
        .with("cases", Column::counts(rows.iter().map(|row| row.own.total.cases)))
        .with("mean", of(&|row| yuan(&row.own))?)
        .with("cv", cvs(&|row| row.own))
        .with("disease_cases", Column::counts(rows.iter().map(|row| row.disease.total.cases)))
        .with("disease_mean", of(&|row| yuan(&row.disease))?)
        .with("disease_cv", cvs(&|row| row.disease))
        .with("outcome", Column::text(rows.iter().map(|row| row.outcome.word())))
        .with("trigger", of(&|row| row.trigger.as_ref().map(|known| known.value.clone()))?)
        .with("low", of(&|row| bound(row, |ends| &ends.0))?)
        .with("high", of(&|row| bound(row, |ends| &ends.1))?)
        .with("adjusting", of(&|row| row.adjusting.clone())?)
        .with("coefficient", of(&|row| row.coefficient.clone())?)
        .with("exact", Column::texts(rows.iter().map(exact_of)))
        .with("flag", Column::text(rows.iter().map(|row| row.flag))))
}
