//! Institutions that are alike: the same coefficient and the same level.
//!
//! The coefficient of a case is that of its class, unless its group takes none (A36), or one of its own
//! by tier (6.3). Classes are told apart by institution and discharge department, because a bonus may
//! belong to a department (R18).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, HashMap};

use num_bigint::BigInt;
use rust_decimal::Decimal;

use crate::catalog::model::Catalog;
use crate::policy::model::{Coefficient, CoefficientMethod};
use crate::table::Table;
use crate::units::{Ratio, exact, fraction, ratio};

use super::cases::Cases;
use super::coefficient::{
    InstitutionFacts, discipline_bonuses, institution_bonuses, joined, level_of, tier_of,
};
use super::error::Error;
use super::input::ScenarioInput;
use super::segments::Factor;

/// The classes of a scenario, and which institution is of which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Classes {
    list: Vec<Class>,
    /// By institution and discipline, the last discipline standing for none.
    of: Vec<u16>,
    /// Disciplines and one more; 1 where they do not matter.
    disciplines: usize,
    /// Own coefficients of a group, by class; none where all its classes have their own k.
    by_group: HashMap<(u32, u16), Factor>,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// Level 3 to 1 (3.3); 0 where levels do not matter.
    pub(super) level: u8,
    /// Place of its tier in the policy.
    pub(super) tier: Option<usize>,
    /// Base before bonuses; 1 without `[coefficient]`.
    pub(super) base: Ratio,
    /// Names and values of the bonuses that join it.
    pub(super) bonuses: Vec<(String, Decimal)>,
    /// Base with bonuses.
    pub(super) coefficient: Factor,
}

impl Classes {
    /// # Errors
    /// [`Error::NoCoefficient`] for institutions with cases of which nothing is known,
    /// [`Error::Coefficient`] for one without tier or level, [`Error::CatalogTable`] where the catalog
    /// lacks what was estimated.
    pub(super) fn of(
        input: &ScenarioInput<'_>,
        cases: &Cases,
        with_levels: bool,
    ) -> Result<Self, Error> {
        let rule = input.policy.coefficient.as_ref();
        let by_discipline = input.policy.has_discipline_bonus() && !cases.discipline.is_empty();
        let disciplines = if by_discipline { cases.disciplines.len().saturating_add(1) } else { 1 };
        let bases = rule.map(|rule| Bases::of(input, rule)).transpose()?;
        let mut classes =
            Self { list: Vec::new(), of: Vec::new(), disciplines, by_group: HashMap::new() };
        let mut unknown = Vec::new();
        for (at, code) in cases.institutions.iter().enumerate() {
            let facts = facts_of(input, code);
            let Some(facts) = facts.or_else(|| default_facts(rule, with_levels, code)) else {
                unknown.push(at);
                classes.of.resize(classes.of.len().saturating_add(disciplines), 0);
                continue;
            };
            for discipline in 0..disciplines {
                let name = cases.disciplines.get(discipline).map_or("", String::as_str);
                let name = if by_discipline { name } else { "" };
                let class = class(input, bases.as_ref(), &facts, (name, with_levels))?;
                let place = classes.place(class);
                classes.of.push(place);
            }
        }
        refuse_unknown(input, cases, &unknown)?;
        if let (Some(rule), Some(bases)) = (rule, &bases) {
            classes.own_of_groups(rule, bases, cases);
        }
        Ok(classes)
    }

    /// The place of a class; classes are few, so a linear search does.
    fn place(&mut self, class: Class) -> u16 {
        let known = self.list.iter().position(|other| *other == class);
        let at = known.unwrap_or_else(|| {
            self.list.push(class);
            self.list.len().saturating_sub(1)
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn own_of_groups(&mut self, rule: &Coefficient, bases: &Bases, cases: &Cases) {
        for ((code, tier), base) in &bases.by_disease {
            let Ok(group) = cases.groups.binary_search(code) else { continue };
            let group = u32::try_from(group).unwrap_or(u32::MAX);
            for (at, class) in self.list.iter().enumerate() {
                let is_of = class.tier.is_some_and(|own| rule.tiers[own].name == *tier);
                if is_of {
                    let values = class.bonuses.iter().map(|(_, value)| *value);
                    let k = Factor::from(joined(base, values, rule.combine));
                    self.by_group.insert((group, u16::try_from(at).unwrap_or(u16::MAX)), k);
                }
            }
        }
    }

    /// The class of an institution's cases of one discipline.
    #[inline]
    pub(super) fn at(&self, institution: u32, discipline: u16) -> u16 {
        let last = self.disciplines.saturating_sub(1);
        let discipline = usize::from(discipline).min(last);
        let first = (institution as usize).saturating_mul(self.disciplines);
        self.of[first.saturating_add(discipline)]
    }

    pub(super) fn class(&self, at: u16) -> &Class {
        &self.list[usize::from(at)]
    }

    /// k of a group in a class, before A36.
    pub(super) fn coefficient(&self, group: u32, class: u16) -> &Factor {
        self.by_group.get(&(group, class)).unwrap_or(&self.class(class).coefficient)
    }

    /// Whether the group has a coefficient of its own there (6.3).
    pub(super) fn is_own_of_group(&self, group: u32, class: u16) -> bool {
        self.by_group.contains_key(&(group, class))
    }
}

fn facts_of(input: &ScenarioInput<'_>, code: &str) -> Option<InstitutionFacts> {
    let known = &input.given.institutions;
    let at = known.binary_search_by(|facts| facts.code.as_str().cmp(code)).ok()?;
    Some(known[at].clone())
}

/// What may be taken of an institution that the table does not have: nothing is asked of it, or the
/// policy has a default.
fn default_facts(
    rule: Option<&Coefficient>,
    with_levels: bool,
    code: &str,
) -> Option<InstitutionFacts> {
    let given = |rule: &Coefficient| matches!(rule.method, CoefficientMethod::Given { .. });
    let enough = !with_levels && rule.is_none_or(given);
    enough.then(|| InstitutionFacts { code: code.to_owned(), ..InstitutionFacts::default() })
}

/// Institutions of which nothing is known but which have cases in the year.
fn refuse_unknown(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    unknown: &[usize],
) -> Result<(), Error> {
    if unknown.is_empty() {
        return Ok(());
    }
    let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let institution = cases.institution[row] as usize;
        if unknown.binary_search(&institution).is_ok() {
            let count = counts.entry(institution).or_default();
            *count = count.saturating_add(1);
        }
    }
    if counts.is_empty() {
        return Ok(());
    }
    Err(Error::NoCoefficient {
        scenario: input.name.clone(),
        cases: counts.values().sum(),
        institutions: counts.keys().map(|at| cases.institutions[*at].clone()).collect(),
    })
}

fn class(
    input: &ScenarioInput<'_>,
    bases: Option<&Bases>,
    facts: &InstitutionFacts,
    (discipline, with_levels): (&str, bool),
) -> Result<Class, Error> {
    let wrong = |source| Error::Coefficient { scenario: input.name.clone(), source };
    let level = if with_levels { level_of(facts).map_err(wrong)? } else { 0 };
    let (Some(rule), Some(bases)) = (&input.policy.coefficient, bases) else {
        let one = Factor::whole(1);
        return Ok(Class { level, tier: None, base: ratio(1), bonuses: vec![], coefficient: one });
    };
    let tier = if rule.tiers.is_empty() {
        None
    } else {
        Some(tier_of(facts, &rule.tiers).map_err(wrong)?)
    };
    let base = bases.of_institution(input, rule, facts, tier)?;
    let bonuses: Vec<(String, Decimal)> = institution_bonuses(rule, facts, tier)
        .chain(discipline_bonuses(rule, facts, discipline))
        .map(|bonus| (bonus.name.clone(), bonus.value))
        .collect();
    let coefficient = joined(&base, bonuses.iter().map(|(_, value)| *value), rule.combine);
    Ok(Class { level, tier, base, bonuses, coefficient: Factor::from(coefficient) })
}

/// Bases that the catalog estimated, exact.
struct Bases {
    by_tier: BTreeMap<String, Ratio>,
    by_institution: BTreeMap<String, Ratio>,
    /// By group and tier, where the conditions of `[coefficient.disease]` hold.
    by_disease: BTreeMap<(String, String), Ratio>,
}

impl Bases {
    fn of(input: &ScenarioInput<'_>, rule: &Coefficient) -> Result<Self, Error> {
        let estimated = rule.tiers.iter().any(|tier| tier.value.is_none());
        let (by_tier, by_institution, by_disease) = match rule.method {
            CoefficientMethod::Given { .. } => (false, false, false),
            CoefficientMethod::Tier => (estimated, false, false),
            CoefficientMethod::TierDisease => (estimated, false, true),
            CoefficientMethod::Own => (false, true, false),
        };
        let table = |wanted: bool, name: &'static str| {
            if wanted { table(input, name).map(Some) } else { Ok(None) }
        };
        let mut bases = Self {
            by_tier: BTreeMap::new(),
            by_institution: BTreeMap::new(),
            by_disease: BTreeMap::new(),
        };
        if let Some(table) = table(by_tier, "coefficients")? {
            for (row, value) in exacts(table) {
                bases.by_tier.insert(table.cell("tier", row).unwrap_or_default(), value);
            }
        }
        if let Some(table) = table(by_institution, "institution_coefficient")? {
            for row in 0..table.rows() {
                let code = table.cell("fixmedins_code", row).unwrap_or_default();
                if let Some(value) = exact_base(table, row) {
                    bases.by_institution.insert(code, value);
                }
            }
        }
        if let Some(table) = table(by_disease, "coefficient_group")? {
            for (row, value) in exacts(table) {
                let cell = |column: &str| table.cell(column, row).unwrap_or_default();
                if cell("reason") == "disease" {
                    bases.by_disease.insert((cell("group_code"), cell("tier")), value);
                }
            }
        }
        Ok(bases)
    }

    /// The base of an institution: given, of its own, or of its tier.
    fn of_institution(
        &self,
        input: &ScenarioInput<'_>,
        rule: &Coefficient,
        facts: &InstitutionFacts,
        tier: Option<usize>,
    ) -> Result<Ratio, Error> {
        if let CoefficientMethod::Given { default } = rule.method {
            return Ok(exact(facts.in_force.unwrap_or(default)));
        }
        if let Some(own) = self.by_institution.get(&facts.code) {
            return Ok(own.clone());
        }
        let tier = tier.map(|at| &rule.tiers[at]);
        let value = tier.and_then(|tier| {
            tier.value.map(exact).or_else(|| self.by_tier.get(&tier.name).cloned())
        });
        value.ok_or_else(|| Error::NoBase {
            scenario: input.name.clone(),
            institution: facts.code.clone(),
            tier: tier.map(|tier| tier.name.clone()).unwrap_or_default(),
        })
    }
}

/// A table that the catalog has to have.
pub(super) fn table<'a>(input: &ScenarioInput<'a>, name: &'static str) -> Result<&'a Table, Error> {
    let catalog: Option<&Catalog> = input.catalog;
    catalog
        .and_then(|catalog| catalog.table(name))
        .ok_or_else(|| Error::CatalogTable { scenario: input.name.clone(), table: name })
}

/// Rows with an exact value.
fn exacts(table: &Table) -> impl Iterator<Item = (usize, Ratio)> {
    (0..table.rows()).filter_map(|row| Some((row, exact_of(&table.cell("exact", row)?)?)))
}

fn exact_of(text: &str) -> Option<Ratio> {
    let (numerator, denominator) = text.split_once('/')?;
    fraction(numerator.parse::<BigInt>().ok()?, denominator.parse::<BigInt>().ok()?)
}

/// The base of one institution without its bonuses, exact.
fn exact_base(table: &Table, row: usize) -> Option<Ratio> {
    exact_of(&table.cell("base_exact", row)?)
}
