//! Coefficients of institutions from the cases of the statistics years (Z19–Z21, E08, 6.3, R41).
//!
//! The base of a tier is its blended mean over all its cases, ungrouped ones included, ÷ M, the mean of
//! all cases as the policy takes it (A04), whatever points are measured by; a tier with a published value keeps it, and the derived one stands beside. Alternatives: the
//! same within one disease, the hospital's own, and both corrected for what the cases were
//! ([`CoefficientBasis::CaseMix`]). Bonuses join in `settlement::coefficient`.
//!
//! Everything follows from sums by institution, by tier and disease, and by institution and disease of
//! the newest year: one pass over the columns ([`sums`]).

mod disease;
mod effect;
mod fixed;
mod sums;
mod tables;

pub(super) use fixed::price;

use num_traits::{One as _, Signed as _};

use self::sums::Counts;
use super::quotient::{self, Quotient};
use super::{Error, Plan, Warning, rounded};
use crate::catalog::model::Catalog;
use crate::policy::model::{Coefficient, CoefficientBasis, CoefficientMethod, Tier};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::{CoefficientError, InstitutionFacts, tier_of};
use crate::table::Table;
use crate::units::{Ratio, exact, ratio};

/// Decimal places of a published coefficient (A46).
const PLACES: u32 = 4;

/// The institutions of the cases, in their order, with their tiers.
#[derive(Debug, Clone)]
struct Roster {
    facts: Vec<InstitutionFacts>,
    /// Place in the policy's list of tiers; none where the policy has no tiers, for an institution
    /// without a case of these years, and for one that the table does not have.
    tiers: Vec<Option<usize>>,
    /// Institutions of each tier in the table, with or without cases.
    known: Vec<u64>,
    /// Institutions with cases that the table does not have, by place.
    unknown: Vec<usize>,
}

impl Roster {
    /// Every institution of the table that has cases of these years has to belong to a tier (Z20).
    fn new(
        rule: &Coefficient,
        cases: &Cases,
        counts: &Counts,
        facts: &[InstitutionFacts],
    ) -> Result<Self, Error> {
        let mut roster = Self {
            facts: Vec::with_capacity(cases.institutions.len()),
            tiers: Vec::with_capacity(cases.institutions.len()),
            known: vec![0; rule.tiers.len()],
            unknown: Vec::new(),
        };
        for one in facts {
            if let Ok(tier) = tier_of(one, &rule.tiers) {
                roster.known[tier] = roster.known[tier].saturating_add(1);
            }
        }
        for (at, code) in cases.institutions.iter().enumerate() {
            let one = facts.binary_search_by(|one| one.code.cmp(code)).ok().map(|at| &facts[at]);
            let has_cases = counts.cases(at) > 0;
            let tier = match one {
                Some(one) if has_cases && !rule.tiers.is_empty() => {
                    Some(tier_of(one, &rule.tiers)?)
                }
                _ => None,
            };
            if one.is_none() && has_cases {
                roster.unknown.push(at);
            }
            let nothing = || InstitutionFacts { code: code.clone(), ..InstitutionFacts::default() };
            roster.facts.push(one.cloned().unwrap_or_else(nothing));
            roster.tiers.push(tier);
        }
        Ok(roster)
    }

    /// What to say of institutions with cases that the table does not have.
    fn warning(&self, counts: &Counts) -> Option<Warning> {
        let first = self.unknown.first()?;
        let cases = self.unknown.iter().map(|at| counts.cases(*at)).fold(0, u64::saturating_add);
        let institutions = self.unknown.len() as u64;
        let first = self.facts[*first].code.clone();
        Some(Warning::UnknownInstitutions { institutions, first, cases })
    }
}

/// What was derived for one tier, or for one institution.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Derived {
    cases: u64,
    /// Mean ÷ M; `None` without a case that counts.
    quotient: Option<Quotient>,
    /// The same of the grouped cases, against what their groups cost.
    case_mix: Option<Ratio>,
}

impl Derived {
    /// The one that the policy takes.
    fn value(&self, basis: CoefficientBasis) -> Option<&Ratio> {
        match basis {
            CoefficientBasis::Mean => self.quotient.as_ref().map(|quotient| &quotient.value),
            CoefficientBasis::CaseMix => self.case_mix.as_ref(),
        }
    }
}

/// Coefficients of all institutions, and what they were derived from.
struct Coefficients<'a> {
    rule: &'a Coefficient,
    roster: Roster,
    counts: Counts,
    tiers: Vec<Derived>,
    institutions: Vec<Derived>,
    /// Base of each tier: its value, else derived; `None` for a tier without institutions.
    tier_bases: Vec<Option<Ratio>>,
    /// Base of each institution of the cases; 1 for one without a case.
    bases: Vec<Ratio>,
}

impl<'a> Coefficients<'a> {
    fn new(
        plan: &Plan<'_>,
        rule: &'a Coefficient,
        (cases, catalog): (&Cases, &Catalog),
        (facts, mean_of_all): (&[InstitutionFacts], &Ratio),
    ) -> Result<Self, Error> {
        let counts = Counts::new(plan, rule, (cases, catalog), facts)?;
        let roster = Roster::new(rule, cases, &counts, facts)?;
        let city = counts.of(|_| true);
        let derived = |of: sums::Measured| Derived {
            cases: of.cases(),
            case_mix: of.case_mix(&city, &plan.blend),
            quotient: quotient::quotient(&of.all, &city.all, &plan.blend)
                .map(|quotient| quotient.over(mean_of_all)),
        };
        let tiers: Vec<Derived> = (0..rule.tiers.len())
            .map(|tier| derived(counts.of(|at| roster.tiers[at] == Some(tier))))
            .collect();
        let institutions: Vec<Derived> =
            (0..roster.facts.len()).map(|at| derived(counts.of(|other| other == at))).collect();
        let tier_bases = tier_bases(rule, &roster, &tiers)?;
        let bases = bases(rule, &roster, &tier_bases, &institutions)?;
        Ok(Self { rule, roster, counts, tiers, institutions, tier_bases, bases })
    }
}

fn tier_bases(
    rule: &Coefficient,
    roster: &Roster,
    derived: &[Derived],
) -> Result<Vec<Option<Ratio>>, Error> {
    let base = |(at, tier): (usize, &Tier)| {
        if let Some(value) = tier.value {
            return Ok(Some(exact(value)));
        }
        match derived[at].value(rule.basis) {
            Some(value) => positive(value, || format!("tier `{}`", tier.name)).map(Some),
            // Nobody, or each has its own: nobody needs it.
            None if roster.known[at] == 0 || rule.method == CoefficientMethod::Own => Ok(None),
            None => {
                let institutions = roster.known[at];
                Err(CoefficientError::NoCases { tier: tier.name.clone(), institutions }.into())
            }
        }
    };
    rule.tiers.iter().enumerate().map(base).collect()
}

fn bases(
    rule: &Coefficient,
    roster: &Roster,
    tier_bases: &[Option<Ratio>],
    derived: &[Derived],
) -> Result<Vec<Ratio>, Error> {
    let base = |(at, facts): (usize, &InstitutionFacts)| match rule.method {
        CoefficientMethod::Given { default } => Ok(exact(facts.in_force.unwrap_or(default))),
        CoefficientMethod::Own => match derived[at].value(rule.basis) {
            Some(value) => positive(value, || format!("institution `{}`", facts.code)),
            // All its cases are ungrouped, or of years of weight 0: it is nobody's mean.
            None => Ok(of_tier(roster, tier_bases, at)),
        },
        CoefficientMethod::Tier | CoefficientMethod::TierDisease => {
            Ok(of_tier(roster, tier_bases, at))
        }
    };
    roster.facts.iter().enumerate().map(base).collect()
}

fn of_tier(roster: &Roster, tier_bases: &[Option<Ratio>], at: usize) -> Ratio {
    let base = roster.tiers[at].and_then(|tier| tier_bases[tier].clone());
    base.unwrap_or_else(Ratio::one)
}

/// A coefficient of 0 or less would take all points away.
fn positive(value: &Ratio, whose: impl Fn() -> String) -> Result<Ratio, Error> {
    if value.is_positive() {
        return Ok(value.clone());
    }
    let shown = rounded(value, PLACES, "a coefficient")?;
    Err(CoefficientError::NotPositive { whose: whose(), value: shown }.into())
}

/// The tables of the catalog about coefficients, none without the section, and what to say of them.
///
/// # Errors
/// Those of [`super::build`] about coefficients.
fn tables_of(
    plan: &Plan<'_>,
    cases: &Cases,
    catalog: &Catalog,
    (facts, mean_of_all): (&[InstitutionFacts], &Ratio),
) -> Result<(Vec<Table>, Option<Warning>), Error> {
    let Some(rule) = &plan.policy.coefficient else { return Ok((Vec::new(), None)) };
    let all = Coefficients::new(plan, rule, (cases, catalog), (facts, mean_of_all))?;
    let diseases = disease::derive(plan, &all, (cases, catalog))?;
    let rows = sums::rows(cases, catalog);
    let effects = effect::effects(&all, &diseases, catalog, (&rows, &cases.disciplines));
    let mut tables = vec![tables::institutions(&all, &effects, catalog)?];
    if !rule.tiers.is_empty() {
        tables.push(tables::tiers(&all)?);
    }
    if rule.disease.is_some() {
        tables.push(tables::diseases(&all, &diseases, cases)?);
    }
    Ok((tables, all.roster.warning(&all.counts)))
}

/// The tables of [`tables_of`] for points that are not as computed.
pub(super) fn tables(
    plan: &Plan<'_>,
    cases: &Cases,
    catalog: &Catalog,
    from: (&[InstitutionFacts], &Ratio),
) -> Result<Vec<Table>, Error> {
    tables_of(plan, cases, catalog, from).map(|(tables, _)| tables)
}

/// 100 fen.
fn yuan(fen: &Ratio) -> Ratio {
    fen / ratio(100)
}
