//! Weights and coefficients iterated to a fixed point, or computed once, as the policy declares (6.3).
//!
//! A round prices the groups from fees ÷ coefficient and derives the coefficients from the fees as
//! they are. The exact coefficients divide (A46: printed places are never fed back); the fee that
//! comes out is money again, rounded to the fen. It is over when no coefficient moves in its
//! published places. With R41 that is the second round, since those coefficients do not depend on
//! weights; with `case_mix` each follows from the other.

use std::collections::{BTreeMap, BTreeSet};

use num_traits::{One as _, ToPrimitive as _};

use super::{Coefficients, PLACES, sums, tables, tables_of};
use crate::catalog::model::{Catalog, IdentityLine};
use crate::policy::model::{Coefficient, Passes};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::coefficient::{CoefficientError, InstitutionFacts, always_one, of_case};
use crate::units::{Fen, Ratio, divide_half_away, ratio};
use crate::weights::{Built, Error, Passed, Plan, rounded};

/// One coefficient: exact, and in units of its last published place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    /// What divides a fee.
    exact: Ratio,
    /// What tells whether it moved.
    published: i128,
}

impl Unit {
    fn one() -> Self {
        Self { exact: Ratio::one(), published: 10_000 }
    }

    /// fee ÷ coefficient, to the fen, half away from zero.
    fn adjusted(&self, fee_fen: i64) -> Option<i64> {
        let (numerator, denominator) = (self.exact.numer(), self.exact.denom());
        let small = denominator.to_i128().zip(numerator.to_i128()).and_then(|(times, by)| {
            let product = i128::from(fee_fen).checked_mul(times)?;
            divide_half_away(product, by)
        });
        match small {
            Some(fen) => i64::try_from(fen).ok(),
            // Long fractions, or a fee beyond 128 bits.
            None => Fen::nearest(&(ratio(fee_fen) / &self.exact)).ok().map(|fen| fen.0),
        }
    }
}

/// The coefficients of one round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Units {
    /// Of each institution, outside its key disciplines.
    plain: Vec<Unit>,
    /// By institution and key discipline.
    key: BTreeMap<(u32, u16), Unit>,
}

impl Units {
    fn ones(cases: &Cases) -> Self {
        Self { plain: vec![Unit::one(); cases.institutions.len()], key: BTreeMap::new() }
    }

    fn new(all: &Coefficients<'_>, cases: &Cases) -> Result<Self, Error> {
        let unit = |at: usize, discipline: &str| {
            let (facts, tier) = (&all.roster.facts[at], all.roster.tiers[at]);
            let value = of_case(all.rule, facts, tier, &all.bases[at], discipline);
            match tables::published(&value).filter(|unit| *unit > 0) {
                Some(published) => Ok(Unit { exact: value, published }),
                None => Err(Error::from(CoefficientError::NotPositive {
                    whose: format!("institution `{}`", facts.code),
                    value: rounded(&value, PLACES, "a coefficient").unwrap_or_default(),
                })),
            }
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
        let moved = |(new, old): (&Unit, &Unit)| new.published != old.published;
        let plain = self.plain.iter().zip(&before.plain).filter(|pair| moved(*pair)).count();
        let one = Unit::one();
        let key = self
            .key
            .iter()
            .filter(|(place, new)| moved((new, before.key.get(place).unwrap_or(&one))))
            .count();
        plain.saturating_add(key) as u64
    }

    /// All of them as published, which tells one round from another.
    fn published(&self) -> Vec<i128> {
        self.plain.iter().chain(self.key.values()).map(|unit| unit.published).collect()
    }

    /// The cases with fees, and costs of classes, ÷ coefficient; a case that never has a coefficient
    /// keeps its own.
    ///
    /// # Errors
    /// [`Error::Overflow`] for a fee beyond 64 bits.
    fn adjusted(&self, cases: &Cases, catalog: &Catalog) -> Result<Cases, Error> {
        let without: Vec<bool> = sums::rows(cases, catalog)
            .into_iter()
            .map(|row| row.is_none_or(|row| always_one(&row.kind, &row.flags)))
            .collect();
        let unit = |row: usize| {
            let (institution, group) = (cases.institution[row], cases.group[row]);
            if group == UNGROUPED || without[group as usize] {
                return None;
            }
            let discipline = cases.discipline.get(row).copied();
            let key = discipline.and_then(|at| self.key.get(&(institution, at)));
            Some(key.unwrap_or(&self.plain[institution as usize]))
        };
        let divide = |row: usize, fen: i64| match unit(row) {
            None => Ok(fen),
            Some(unit) => unit.adjusted(fen).ok_or_else(|| Error::Overflow {
                what: format!(
                    "a fee ÷ the coefficient of institution `{}`",
                    cases.institutions[cases.institution[row] as usize]
                ),
            }),
        };
        let fees = cases.fee_fen.iter().enumerate().map(|(row, fee)| divide(row, *fee));
        let costs = cases.cost_fen.iter().enumerate().map(|(row, costs)| {
            let mut adjusted = *costs;
            for cost in &mut adjusted {
                *cost = divide(row, *cost)?;
            }
            Ok(adjusted)
        });
        Ok(Cases {
            institutions: cases.institutions.clone(),
            groups: cases.groups.clone(),
            insutypes: cases.insutypes.clone(),
            institution: cases.institution.clone(),
            group: cases.group.clone(),
            insutype: cases.insutype.clone(),
            year: cases.year.clone(),
            month: cases.month.clone(),
            fee_fen: fees.collect::<Result<_, Error>>()?,
            flags: cases.flags.clone(),
            cost_fen: costs.collect::<Result<_, Error>>()?,
            ..Cases::default()
        })
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
        if !seen.insert(units.published()) {
            let fact = "they came back to where they were, and would again".to_owned();
            return Err(CoefficientError::NotFixed { rounds: round, fact }.into());
        }
        built = build(&units.adjusted(cases, &built.catalog)?)?;
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

#[cfg(test)]
mod tests {
    use super::Unit;
    use crate::units::{fraction, ratio};

    // shows: A46
    #[test]
    fn the_exact_coefficient_divides_a_fee_and_not_the_printed_one() {
        // 1/3 prints as 0.3333, which would make 300.03 of a fee of 100.00.
        let third = Unit { exact: fraction(1, 3).unwrap(), published: 3333 };
        assert_eq!(third.adjusted(10_000), Some(30_000));
        // A fraction beyond 128 bits is divided as exactly: 2/3 of 10⁶⁰ parts.
        let long = num_traits::pow(ratio(10), 60);
        let exact = (&long * ratio(2) + ratio(1)) / (&long * ratio(3));
        let long = Unit { exact, published: 6667 };
        // 100.00 ÷ (2/3 + 10⁻⁶⁰ ÷ 3) is just below 150.00, and rounds to it.
        assert_eq!(long.adjusted(10_000), Some(15_000));
        // Half a fen goes away from zero: 0.01 ÷ 2, and its reversal.
        let two = Unit { exact: ratio(2), published: 20_000 };
        assert_eq!([1, -1].map(|fen| two.adjusted(fen)), [Some(1), Some(-1)]);
        // No silent end of range.
        let tiny = Unit { exact: fraction(1, 1_000_000).unwrap(), published: 1 };
        assert_eq!(tiny.adjusted(i64::MAX), None);
    }
}
