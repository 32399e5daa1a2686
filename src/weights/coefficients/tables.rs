//! The tables of the catalog about coefficients: `coefficients`, `coefficient_group`,
//! `institution_coefficient`.

use num_traits::{One as _, Zero as _};
use rust_decimal::Decimal;

use super::disease::{self, Disease};
use super::effect::Effect;
use super::{Coefficients, Derived, PLACES, yuan};
use crate::catalog::model::Catalog;
use crate::policy::model::{Bonus, Tier};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::{
    InstitutionFacts, discipline_bonuses, institution_bonuses, joined,
};
use crate::table::{Column, Table};
use crate::units::{Ratio, exact, ratio, to_decimal};
use crate::weights::{Error, rounded};

/// Rounded numbers, empty where there is none.
fn column<'a>(
    places: u32,
    values: impl IntoIterator<Item = Option<&'a Ratio>>,
) -> Result<Column, Error> {
    let value = |value: Option<&Ratio>| {
        value.map(|value| rounded(value, places, "a coefficient")).transpose()
    };
    let values: Vec<Option<Decimal>> = values.into_iter().map(value).collect::<Result<_, _>>()?;
    Ok(Column::decimals(places, values))
}

/// Exact fractions, `-` free: settlement multiplies by these (R41), the rounded ones are for reading.
fn fractions<'a>(values: impl IntoIterator<Item = Option<&'a Ratio>>) -> Column {
    let shown = |value: &Ratio| format!("{}/{}", value.numer(), value.denom());
    Column::texts(values.into_iter().map(|value| value.map(shown)))
}

fn means(derived: &[&Derived]) -> Vec<Option<Ratio>> {
    derived.iter().map(|one| one.quotient.as_ref().map(|known| yuan(&known.mean))).collect()
}

fn quotients<'a>(derived: &[&'a Derived]) -> Vec<Option<&'a Ratio>> {
    derived.iter().map(|one| one.quotient.as_ref().map(|known| &known.value)).collect()
}

/// `coefficients`: one row a tier, in the policy's order.
pub(super) fn tiers(all: &Coefficients<'_>) -> Result<Table, Error> {
    let rule = all.rule;
    let derived: Vec<&Derived> = all.tiers.iter().collect();
    let means = means(&derived);
    let bounds = |which: fn(&(Ratio, Ratio)) -> &Ratio| {
        let of = move |one: &&'_ Derived| -> Option<Ratio> {
            one.quotient.as_ref()?.interval.as_ref().map(which).cloned()
        };
        derived.iter().map(of).collect::<Vec<_>>()
    };
    let (low, high) = (bounds(|ends| &ends.0), bounds(|ends| &ends.1));
    let source = |(at, tier): (usize, &Tier)| match tier.value {
        Some(_) => "policy",
        None if all.tier_bases[at].is_some() => "estimated",
        None => "no_institution",
    };
    let values: Vec<Option<Ratio>> = rule.tiers.iter().map(|tier| tier.value.map(exact)).collect();
    let in_force: Vec<Option<Ratio>> =
        (0..rule.tiers.len()).map(|at| mean_in_force(all, at)).collect();
    let difference = differences(&all.tier_bases, &in_force);
    let used = all.tier_bases.iter().map(Option::as_ref);
    Ok(Table::new("coefficients")
        .with("tier", Column::text(rule.tiers.iter().map(|tier| tier.name.as_str())))
        .with("institutions", Column::counts(all.roster.known.iter().copied()))
        .with("cases", Column::counts(derived.iter().map(|one| one.cases)))
        .with("mean", column(PLACES, means.iter().map(Option::as_ref))?)
        .with("derived", column(PLACES, quotients(&derived))?)
        .with("low", column(PLACES, low.iter().map(Option::as_ref))?)
        .with("high", column(PLACES, high.iter().map(Option::as_ref))?)
        .with("case_mix", column(PLACES, derived.iter().map(|one| one.case_mix.as_ref()))?)
        .with("value", column(PLACES, values.iter().map(Option::as_ref))?)
        .with("coefficient", column(PLACES, used.clone())?)
        .with("exact", fractions(used))
        .with("source", Column::text(rule.tiers.iter().enumerate().map(source)))
        .with("in_force", column(PLACES, in_force.iter().map(Option::as_ref))?)
        .with("difference", column(PLACES, difference.iter().map(Option::as_ref))?))
}

fn differences(left: &[Option<Ratio>], right: &[Option<Ratio>]) -> Vec<Option<Ratio>> {
    let pair = |(left, right): (&Option<Ratio>, &Option<Ratio>)| {
        left.as_ref().zip(right.as_ref()).map(|(left, right)| left - right)
    };
    left.iter().zip(right).map(pair).collect()
}

/// The coefficients in force in a tier, weighted by cases; `None` where an institution has none.
fn mean_in_force(all: &Coefficients<'_>, tier: usize) -> Option<Ratio> {
    let (mut sum, mut cases) = (Ratio::zero(), 0u64);
    for (at, facts) in all.roster.facts.iter().enumerate() {
        if all.roster.tiers[at] == Some(tier) {
            let own = all.counts.cases(at);
            sum += exact(facts.in_force?) * ratio(own);
            cases = cases.saturating_add(own);
        }
    }
    (cases > 0).then(|| sum / ratio(cases))
}

/// `coefficient_group`: one row a disease and tier with cases.
pub(super) fn diseases(
    all: &Coefficients<'_>,
    diseases: &[Disease],
    cases: &Cases,
) -> Result<Table, Error> {
    let class = |tier: usize| all.tier_bases[tier].clone().unwrap_or_else(Ratio::one);
    let rows: Vec<(&str, &disease::Cell)> = cases
        .groups
        .iter()
        .zip(diseases)
        .flat_map(|(code, disease)| disease.cells.iter().map(|cell| (code.as_str(), cell)))
        .collect();
    let used: Vec<Ratio> =
        rows.iter().map(|(_, cell)| disease::coefficient(cell, &class(cell.tier))).collect();
    let means: Vec<Ratio> = rows.iter().map(|(_, cell)| yuan(&cell.mean)).collect();
    let tier = |(_, cell): &(&str, &disease::Cell)| all.rule.tiers[cell.tier].name.clone();
    Ok(Table::new("coefficient_group")
        .with("group_code", Column::text(rows.iter().map(|(code, _)| *code)))
        .with("tier", Column::text(rows.iter().map(tier)))
        .with("cases", Column::counts(rows.iter().map(|(_, cell)| cell.cases)))
        .with("mean", column(PLACES, means.iter().map(Some))?)
        .with("derived", column(PLACES, rows.iter().map(|(_, cell)| Some(&cell.quotient)))?)
        .with("coefficient", column(PLACES, used.iter().map(Some))?)
        .with("exact", fractions(used.iter().map(Some)))
        .with("reason", Column::text(rows.iter().map(|(_, cell)| cell.reason.word()))))
}

/// `institution_coefficient`: one row an institution with cases, ascending by code.
///
/// `coefficient` is without bonuses of disciplines, which are of single cases; the difference in
/// points and yuan is with them.
pub(super) fn institutions(
    all: &Coefficients<'_>,
    effects: &[Option<Effect>],
    catalog: &Catalog,
) -> Result<Table, Error> {
    let shown: Vec<usize> =
        (0..all.roster.facts.len()).filter(|at| all.counts.cases(*at) > 0).collect();
    let facts: Vec<&InstitutionFacts> = shown.iter().map(|at| &all.roster.facts[*at]).collect();
    let derived: Vec<&Derived> = shown.iter().map(|at| &all.institutions[*at]).collect();
    let means = means(&derived);
    let bonuses = |at: usize| -> Vec<&Bonus> {
        institution_bonuses(all.rule, &all.roster.facts[at], all.roster.tiers[at]).collect()
    };
    // An institution that the table does not have belongs to no tier: it has no coefficient.
    let has_base = |at: usize| all.rule.tiers.is_empty() || !all.roster.unknown.contains(&at);
    let bases: Vec<Option<&Ratio>> =
        shown.iter().map(|at| has_base(*at).then_some(&all.bases[*at])).collect();
    let used: Vec<Option<Ratio>> = shown
        .iter()
        .map(|at| {
            if !has_base(*at) {
                return None;
            }
            let values = bonuses(*at).into_iter().map(|bonus| bonus.value);
            Some(joined(&all.bases[*at], values, all.rule.combine))
        })
        .collect();
    let in_force: Vec<Option<Ratio>> = facts.iter().map(|one| one.in_force.map(exact)).collect();
    let difference = differences(&used, &in_force);
    let effects: Vec<Option<&Effect>> = shown.iter().map(|at| effects[*at].as_ref()).collect();
    let points: Vec<Option<Ratio>> =
        effects.iter().map(|effect| effect.map(|effect| effect.derived.clone())).collect();
    let moved: Vec<Option<Ratio>> = effects
        .iter()
        .map(|effect| effect.and_then(|one| Some(&one.derived - one.in_force.as_ref()?)))
        .collect();
    let worth = catalog.scale.map(|scale| exact(catalog.base_mean) / exact(scale));
    let money: Vec<Option<Ratio>> = moved
        .iter()
        .map(|points| points.as_ref().zip(worth.as_ref()).map(|(points, worth)| points * worth))
        .collect();
    let tier = |at: &usize| all.roster.tiers[*at].map(|tier| all.rule.tiers[tier].name.clone());
    let named =
        |at: &usize| listed(bonuses(*at).into_iter().map(|bonus| (bonus.name.as_str(), bonus)));
    Ok(Table::new("institution_coefficient")
        .with("fixmedins_code", Column::text(facts.iter().map(|one| one.code.as_str())))
        .with("fixmedins_name", Column::text(facts.iter().map(|one| one.name.as_str())))
        .with("tier", Column::texts(shown.iter().map(tier)))
        .with("cases", Column::counts(derived.iter().map(|one| one.cases)))
        .with("mean", column(PLACES, means.iter().map(Option::as_ref))?)
        .with("own", column(PLACES, quotients(&derived))?)
        .with("own_case_mix", column(PLACES, derived.iter().map(|one| one.case_mix.as_ref()))?)
        .with("base", column(PLACES, bases.clone())?)
        .with("base_exact", fractions(bases))
        .with("bonuses", Column::text(shown.iter().map(named)))
        .with("coefficient", column(PLACES, used.iter().map(Option::as_ref))?)
        .with("exact", fractions(used.iter().map(Option::as_ref)))
        .with("disciplines", Column::text(facts.iter().map(|one| of_disciplines(all, one))))
        .with("in_force", column(PLACES, in_force.iter().map(Option::as_ref))?)
        .with("difference", column(PLACES, difference.iter().map(Option::as_ref))?)
        .with("points", column(PLACES, points.iter().map(Option::as_ref))?)
        .with("points_difference", column(PLACES, moved.iter().map(Option::as_ref))?)
        .with("yuan_difference", column(2, money.iter().map(Option::as_ref))?))
}

/// `中医 0.05;基层 0.03`.
fn listed<'a>(bonuses: impl Iterator<Item = (&'a str, &'a Bonus)>) -> String {
    let parts: Vec<String> =
        bonuses.map(|(name, bonus)| format!("{name} {}", bonus.value)).collect();
    parts.join(";")
}

/// Key disciplines with their bonus: `0300 0.02`.
fn of_disciplines(all: &Coefficients<'_>, facts: &InstitutionFacts) -> String {
    let parts: Vec<String> = facts
        .disciplines
        .keys()
        .map(|code| {
            let named =
                discipline_bonuses(all.rule, facts, code).map(|bonus| (code.as_str(), bonus));
            listed(named)
        })
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(";")
}

/// `coefficient_round`: how weights and coefficients came to rest.
pub(super) fn rounds(moved: &[u64]) -> Table {
    Table::new("coefficient_round")
        .with("round", Column::counts(1..=moved.len()))
        .with("coefficients_moved", Column::counts(moved.iter().copied()))
}

/// A coefficient in units of its last published place.
pub(super) fn published(value: &Ratio) -> Option<i128> {
    to_decimal(value, PLACES).map(|value| value.mantissa())
}
