//! Weights and coefficients iterated to a fixed point, or computed once, as the policy declares (6.3).
//!
//! A round prices the groups from fees ÷ coefficient (each to the fen) and derives the coefficients
//! from the fees as they are. It is over when no coefficient moves in its published places: then no
//! weight moves either. With R41 that is the second round, since those coefficients do not depend on
//! weights; with `case_mix` each follows from the other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Coefficients, PLACES, sums, tables, tables_of};
use crate::catalog::model::{Catalog, IdentityLine};
use crate::policy::model::{Coefficient, Passes};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::coefficient::{CoefficientError, InstitutionFacts, always_one, of_case};
use crate::units::divide_half_away;
use crate::weights::{Built, Error, Passed, Plan, rounded};

/// Coefficients in units of their last published place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Units {
    /// Of each institution, outside its key disciplines.
    plain: Vec<i128>,
    /// By institution and key discipline.
    key: BTreeMap<(u32, u16), i128>,
}

const ONE: i128 = 10_000;

impl Units {
    fn ones(cases: &Cases) -> Self {
        Self { plain: vec![ONE; cases.institutions.len()], key: BTreeMap::new() }
    }

    fn new(all: &Coefficients<'_>, cases: &Cases) -> Result<Self, Error> {
        let unit = |at: usize, discipline: &str| {
            let (facts, tier) = (&all.roster.facts[at], all.roster.tiers[at]);
            let value = of_case(all.rule, facts, tier, &all.bases[at], discipline);
            let unit = tables::published(&value).filter(|unit| *unit > 0);
            unit.ok_or_else(|| {
                Error::from(CoefficientError::NotPositive {
                    whose: format!("institution `{}`", facts.code),
                    value: rounded(&value, PLACES, "a coefficient").unwrap_or_default(),
                })
            })
        };
        let mut units = Self::ones(cases);
        for at in 0..cases.institutions.len() {
            units.plain[at] = unit(at, "")?;
            for (index, name) in (0u16..).zip(&cases.disciplines) {
                if all.roster.facts[at].disciplines.contains_key(name) {
                    let whose = u32::try_from(at).unwrap_or(u32::MAX);
                    units.key.insert((whose, index), unit(at, name)?);
                }
            }
        }
        Ok(units)
    }

    /// How many differ.
    fn moved(&self, before: &Self) -> u64 {
        let plain = self.plain.iter().zip(&before.plain).filter(|(new, old)| new != old).count();
        let key = self
            .key
            .iter()
            .filter(|(place, new)| **new != before.key.get(place).copied().unwrap_or(ONE))
            .count();
        plain.saturating_add(key) as u64
    }

    /// The cases with fees ÷ coefficient, each to the fen (half away from zero); a case that never has
    /// a coefficient keeps its fee.
    fn adjusted(&self, cases: &Cases, catalog: &Catalog) -> Cases {
        let without: Vec<bool> = sums::rows(cases, catalog)
            .into_iter()
            .map(|row| row.is_none_or(|row| always_one(&row.kind, &row.flags)))
            .collect();
        let columns = cases.institution.iter().zip(&cases.group).zip(&cases.fee_fen);
        let fee = |(row, ((institution, group), fee)): (usize, ((&u32, &u32), &i64))| {
            if *group == UNGROUPED || without[*group as usize] {
                return *fee;
            }
            let discipline = cases.discipline.get(row).copied();
            let key = discipline.and_then(|at| self.key.get(&(*institution, at)));
            let unit = key.copied().unwrap_or(self.plain[*institution as usize]);
            let adjusted = divide_half_away(i128::from(*fee).saturating_mul(ONE), unit);
            adjusted.and_then(|fee| i64::try_from(fee).ok()).unwrap_or(i64::MAX)
        };
        Cases {
            institutions: cases.institutions.clone(),
            groups: cases.groups.clone(),
            insutypes: cases.insutypes.clone(),
            institution: cases.institution.clone(),
            group: cases.group.clone(),
            insutype: cases.insutype.clone(),
            year: cases.year.clone(),
            month: cases.month.clone(),
            fee_fen: columns.enumerate().map(fee).collect(),
            flags: cases.flags.clone(),
            cost_fen: cases.cost_fen.clone(),
            ..Cases::default()
        }
    }
}

/// Builds the catalog as often as the policy says, with its tables of coefficients.
///
/// # Errors
/// Those of `build`, and [`CoefficientError`]; [`CoefficientError::NotFixed`] where the rounds run out
/// or turn in a circle.
pub(in crate::weights) fn price(
    plan: &Plan<'_>,
    cases: &Cases,
    passed: Passed,
    build: impl Fn(&Cases, Passed) -> Result<Built, Error>,
) -> Result<Built, Error> {
    let Some(rule) = &plan.policy.coefficient else { return build(cases, passed) };
    let facts = passed.institutions.clone();
    let mut built = build(cases, passed.clone())?;
    let mut rounds = None;
    if let Passes::FixedPoint { rounds: most } = rule.passes {
        let (last, moved) = iterate((plan, rule), cases, &facts, (built, most), |adjusted| {
            build(adjusted, passed.clone())
        })?;
        built = last;
        rounds = Some(tables::rounds(&moved));
    }
    let (further, warning) = tables_of(plan, cases, &built.catalog, (&facts, &built.mean_of_all))?;
    built.warnings.extend(warning);
    built.catalog.tables.extend(further.into_iter().chain(rounds));
    built.catalog.tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(built)
}

/// The catalog at rest, and how many coefficients moved in each round.
fn iterate(
    (plan, rule): (&Plan<'_>, &Coefficient),
    cases: &Cases,
    facts: &[InstitutionFacts],
    (first, most): (Built, u32),
    build: impl Fn(&Cases) -> Result<Built, Error>,
) -> Result<(Built, Vec<u64>), Error> {
    let mut seen = BTreeSet::new();
    let mut before = Units::ones(cases);
    let mut moved = Vec::new();
    let mut built = first.clone();
    for round in 1..=most {
        // M of the fees as they are: coefficients do not divide by adjusted ones (R41).
        let facts = (facts, &first.mean_of_all);
        let all = Coefficients::new(plan, rule, (cases, &built.catalog), facts)?;
        let units = Units::new(&all, cases)?;
        let count = units.moved(&before);
        moved.push(count);
        if count == 0 {
            return Ok((with_the_claims_of(built, &first)?, moved));
        }
        if !seen.insert(units.clone()) {
            let fact = "they came back to where they were, and would again".to_owned();
            return Err(CoefficientError::NotFixed { rounds: round, fact }.into());
        }
        built = build(&units.adjusted(cases, &built.catalog))?;
        before = units;
    }
    let fact = format!("{} coefficients in the last", moved.last().copied().unwrap_or_default());
    Err(CoefficientError::NotFixed { rounds: most, fact }.into())
}

/// M, costs of institutions and the total are those of the claims; what coefficients took out of them is
/// a line of the identity.
fn with_the_claims_of(built: Built, raw: &Built) -> Result<Built, Error> {
    let mut built = built;
    built.mean_of_all.clone_from(&raw.mean_of_all);
    built.catalog.institutions.clone_from(&raw.catalog.institutions);
    let total = |catalog: &Catalog| catalog.identity.last().map(|line| line.amount);
    if let Some((raw, adjusted)) = total(&raw.catalog).zip(total(&built.catalog)) {
        let amount = raw.checked_sub(adjusted).ok_or_else(|| Error::Overflow {
            what: "line `coefficient` of the identity".to_owned(),
        })?;
        let lines = &mut built.catalog.identity;
        let end = lines.len().saturating_sub(1);
        lines[end].amount = raw;
        lines.insert(end, IdentityLine { line: "coefficient".to_owned(), amount });
    }
    Ok(built)
}
