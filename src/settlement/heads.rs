//! Whose person and whose case: head budgets by person-months, and the part a case belongs to (4.3).
//!
//! A contract with a member of a consortium (医共体) is one with the consortium: its lead institution is
//! the contracting unit and the payee (R09). Any other institution is a unit of its own.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use num_traits::ToPrimitive as _;

use crate::explain::{Explain, Kind, nearest};
use crate::policy::model::{Capitation, Elsewhere, HeadFactor, SharedBy};
use crate::units::{Fen, Ratio, UnitError, allocate, exact, ratio};

use super::cases::{Cases, UNSIGNED};
use super::error::Error;
use super::input::ScenarioInput;
use super::outcome::UNSIGNED_POOL;

/// What the table `institution` says of one institution as a party to contracts (H08, H09, R07, R09).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contractor {
    /// `fixmedins_code`.
    pub code: String,
    /// `consortium`; empty: none.
    pub consortium: String,
    /// `lead`: whether it leads its consortium.
    pub lead: bool,
    /// `eligible`: whether it shares the unsigned pool by points. Where the table says nothing of an
    /// institution that stands in it, it does.
    pub eligible: bool,
}

/// What a head factor can look at (A27); what is not known is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct HeadClass {
    /// `clct_grde`.
    pub clct_grde: String,
    /// `gend`.
    pub gend: String,
    /// Full years on the first day of the year.
    pub age: Option<u32>,
    /// A chronic disease is registered on the first day of the year.
    pub chronic: bool,
}

/// Some persons of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heads {
    /// Persons who were signed there, or nowhere, for at least one month, insured or not.
    pub persons: u64,
    /// Their months insured (A28); those signed count only if insured too (R08).
    pub months: u64,
}

/// Contracting units and what belongs to them.
#[derive(Debug)]
pub(super) struct Units<'a> {
    /// Whether there is a table to look into at all.
    is_known: bool,
    contractors: BTreeMap<&'a str, &'a Contractor>,
    /// Lead institutions by consortium.
    leads: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Units<'a> {
    /// The units of a scenario; every institution that somebody is signed with is there, and belongs to
    /// one unit.
    pub(super) fn of(input: &'a ScenarioInput<'_>) -> Result<Self, Error> {
        let contractors = &input.given.contractors;
        let mut leads: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in contractors.iter().filter(|one| !one.consortium.is_empty()) {
            let known = leads.entry(one.consortium.as_str()).or_default();
            if one.lead {
                known.push(&one.code);
            }
        }
        let units = Self {
            is_known: !contractors.is_empty(),
            contractors: contractors.iter().map(|one| (one.code.as_str(), one)).collect(),
            leads,
        };
        let mut persons: BTreeMap<&str, u64> = BTreeMap::new();
        for ((signed, _), heads) in &input.given.heads {
            let sum = persons.entry(signed.as_str()).or_default();
            *sum = sum.saturating_add(heads.persons);
        }
        for (signed, persons) in persons.into_iter().filter(|(signed, _)| !signed.is_empty()) {
            units.check(input, signed, persons)?;
        }
        Ok(units)
    }

    fn check(&self, input: &ScenarioInput<'_>, signed: &str, persons: u64) -> Result<(), Error> {
        let scenario = input.name.clone();
        let owned = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        let Some(contractor) = self.contractors.get(signed) else {
            if !self.is_known {
                return Ok(());
            }
            let known: Vec<&str> = self.contractors.keys().copied().collect();
            return Err(HeadError::SignedWithUnknown {
                scenario,
                institution: signed.to_owned(),
                persons,
                known: owned(&known),
            }
            .into());
        };
        match self.leads.get(contractor.consortium.as_str()) {
            None => Ok(()),
            Some(leads) if leads.len() == 1 => Ok(()),
            Some(leads) => Err(HeadError::ConsortiumLead {
                scenario,
                consortium: contractor.consortium.clone(),
                institution: signed.to_owned(),
                leads: owned(leads),
            }
            .into()),
        }
    }

    /// The unit an institution belongs to: the lead of its consortium, or itself (R09).
    pub(super) fn unit<'b>(&self, institution: &'b str) -> &'b str
    where
        'a: 'b,
    {
        let consortium = self.contractors.get(institution).map(|one| one.consortium.as_str());
        match consortium.and_then(|name| self.leads.get(name)).map(Vec::as_slice) {
            Some([lead]) => lead,
            _ => institution,
        }
    }

    /// Whether an institution shares the unsigned pool by points (R07).
    pub(super) fn is_eligible(&self, institution: &str) -> bool {
        !self.is_known || self.contractors.get(institution).is_some_and(|one| one.eligible)
    }
}

/// Months and head budget of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct HeadBudget {
    pub(super) months: u64,
    pub(super) budget: Fen,
}

/// Head budgets by part: F by person-months, the unsigned pool last in ties (A27, A28).
pub(super) fn budgets<'a>(
    input: &'a ScenarioInput<'_>,
    units: &Units<'a>,
    rule: &Capitation,
    budget: Fen,
) -> Result<BTreeMap<&'a str, HeadBudget>, Error> {
    check_factors(input, &rule.factors)?;
    let mut parts: BTreeMap<&str, (u64, Ratio)> = BTreeMap::new();
    for ((signed, class), heads) in &input.given.heads {
        let part = if signed.is_empty() { UNSIGNED_POOL } else { units.unit(signed) };
        let (months, weight) = parts.entry(part).or_insert_with(|| (0, ratio(0)));
        *months = months.saturating_add(heads.months);
        *weight = &*weight + ratio(heads.months) * factor(class, &rule.factors);
    }
    parts.entry(UNSIGNED_POOL).or_insert_with(|| (0, ratio(0)));
    if parts.values().all(|(months, _)| *months == 0) {
        let scenario = input.name.clone();
        return Err(HeadError::ZeroPersons { scenario, year: input.year, budget }.into());
    }
    let amount = |source| Error::Amount { scenario: input.name.clone(), source };
    let weights: Vec<Ratio> = parts.values().map(|(_, weight)| weight.clone()).collect();
    let weights = whole(&weights).map_err(amount)?;
    // The code of the unsigned pool sorts behind every other.
    let codes: Vec<&str> =
        parts.keys().map(|part| if *part == UNSIGNED_POOL { LAST } else { part }).collect();
    let shares = allocate(budget, &weights, &codes).map_err(amount)?;
    let heads = parts.iter().zip(shares);
    Ok(heads
        .map(|((part, (months, _)), budget)| (*part, HeadBudget { months: *months, budget }))
        .collect())
}

/// Sorts behind every code.
const LAST: &str = "\u{10FFFF}";

/// The product of all factors whose conditions hold; 1 without any (A27).
fn factor(class: &HeadClass, factors: &[HeadFactor]) -> Ratio {
    let holding = factors.iter().filter(|factor| holds(factor, class));
    holding.fold(ratio(1), |product, factor| product * exact(factor.value))
}

fn holds(factor: &HeadFactor, class: &HeadClass) -> bool {
    let aged = factor.age_from.is_some() || factor.age_to.is_some();
    (factor.clct_grde.is_empty() || factor.clct_grde.contains(&class.clct_grde))
        && factor.gend.as_ref().is_none_or(|gend| *gend == class.gend)
        && factor.chronic.is_none_or(|chronic| chronic == class.chronic)
        && (!aged
            || class.age.is_some_and(|age| {
                factor.age_from.is_none_or(|from| age >= from)
                    && factor.age_to.is_none_or(|to| age <= to)
            }))
}

/// A factor about something that is known of nobody would silently be none.
fn check_factors(input: &ScenarioInput<'_>, factors: &[HeadFactor]) -> Result<(), Error> {
    let classes = || input.given.heads.keys().map(|(_, class)| class);
    let known: [(&'static str, bool); 4] = [
        ("clct_grde", classes().any(|class| !class.clct_grde.is_empty())),
        ("gend", classes().any(|class| !class.gend.is_empty())),
        ("brdy", classes().any(|class| class.age.is_some())),
        ("registration", classes().any(|class| class.chronic)),
    ];
    for factor in factors {
        let asked = [
            !factor.clct_grde.is_empty(),
            factor.gend.is_some(),
            factor.age_from.is_some() || factor.age_to.is_some(),
            factor.chronic.is_some(),
        ];
        let blind = known.iter().zip(asked).find(|((_, known), asked)| *asked && !known);
        if let Some(((column, _), _)) = blind {
            let (scenario, factor) = (input.name.clone(), factor.name.clone());
            return Err(HeadError::FactorOfNobody { scenario, factor, column }.into());
        }
    }
    Ok(())
}

/// Fractions as whole numbers in the same proportion.
fn whole(weights: &[Ratio]) -> Result<Vec<i128>, UnitError> {
    // The least common multiple: a ÷ b in lowest terms has the numerator a ÷ gcd(a, b).
    let common = weights.iter().fold(ratio(1), |common, weight| {
        let more = Ratio::new(weight.denom().clone(), common.numer().clone());
        common * ratio(more.numer().clone())
    });
    weights
        .iter()
        .map(|weight| (weight * &common).to_integer().to_i128().ok_or(UnitError::Overflow))
        .collect()
}

/// How a case is paid in its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Of a signed person inside the unit: out of the unit's rest.
    Inside,
    /// Of a signed person elsewhere: as booked (A26).
    Elsewhere,
    /// At an institution that is not eligible: as booked, out of the pool first (R07).
    Ineligible,
    /// By points in the unsigned pool (H09).
    Points,
}

impl Role {
    /// Whether the booked amount is paid.
    pub(super) fn is_as_booked(self) -> bool {
        matches!(self, Self::Elsewhere | Self::Ineligible)
    }
}

/// Where a case is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Placed<'a> {
    /// Pool of the part; `None` where the whole area is one part (A25).
    pub(super) part: Option<&'a str>,
    /// Whose row it stands in (R09).
    pub(super) payee: &'a str,
    pub(super) role: Role,
}

/// Places cases by the contract of their person and the institution visited.
#[derive(Debug)]
pub(super) struct Placing<'a> {
    rule: &'a Capitation,
    /// Unit of each entry of `Cases::parts`.
    contracts: Vec<&'a str>,
    /// Code, unit and eligibility of each entry of `Cases::institutions`.
    visited: Vec<(&'a str, &'a str, bool)>,
}

impl<'a> Placing<'a> {
    pub(super) fn new(rule: &'a Capitation, units: &Units<'a>, cases: &'a Cases) -> Self {
        let visited = |code: &'a String| (code.as_str(), units.unit(code), units.is_eligible(code));
        Self {
            rule,
            contracts: cases.parts.iter().map(|code| units.unit(code)).collect(),
            visited: cases.institutions.iter().map(visited).collect(),
        }
    }

    /// Where cases of a contract (or [`UNSIGNED`]) at an institution are settled.
    pub(super) fn place(&self, contract: u32, institution: usize) -> Placed<'a> {
        let (code, unit_visited, eligible) = self.visited[institution];
        let role = if eligible { Role::Points } else { Role::Ineligible };
        if self.rule.shared_by == SharedBy::Area {
            return Placed { part: None, payee: code, role };
        }
        let unsigned = Placed { part: Some(UNSIGNED_POOL), payee: code, role };
        if contract == UNSIGNED {
            return unsigned;
        }
        let unit = self.contracts[contract as usize];
        if unit == unit_visited {
            return Placed { part: Some(unit), payee: unit, role: Role::Inside };
        }
        match self.rule.elsewhere {
            Elsewhere::Booked => Placed { part: Some(unit), payee: code, role: Role::Elsewhere },
            Elsewhere::Pool => Placed { role: Role::Elsewhere, ..unsigned },
            Elsewhere::Points => unsigned,
        }
    }
}

/// Head budgets that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// Somebody is signed with an institution that the table does not have (H08).
    #[error(
        "scenario `{scenario}`: {persons} persons are signed with institution `{institution}`, which \
         table `institution` does not have"
    )]
    SignedWithUnknown {
        /// The scenario.
        scenario: String,
        /// The institution.
        institution: String,
        /// Persons signed with it.
        persons: u64,
        /// Institutions there are.
        known: Vec<String>,
    },
    /// A consortium that cannot be paid: it has no lead institution, or several (R09).
    #[error(
        "scenario `{scenario}`: persons are signed with `{institution}` of consortium \
         `{consortium}`, which has {} lead institutions; it must have one", leads.len()
    )]
    ConsortiumLead {
        /// The scenario.
        scenario: String,
        /// The consortium.
        consortium: String,
        /// The member that persons are signed with.
        institution: String,
        /// Its leads.
        leads: Vec<String>,
    },
    /// Head budgets of nobody (A53).
    #[error(
        "zero_persons: scenario `{scenario}`: {budget} yuan are to be divided by person-months, but \
         nobody is insured in {year}"
    )]
    ZeroPersons {
        /// The scenario.
        scenario: String,
        /// The year.
        year: u16,
        /// The money.
        budget: Fen,
    },
    /// A head factor about something that is known of nobody (A27).
    #[error(
        "scenario `{scenario}`: head factor `{factor}` needs `{column}`, which is known of nobody"
    )]
    FactorOfNobody {
        /// The scenario.
        scenario: String,
        /// The factor.
        factor: String,
        /// What it looks at: a column of `enrollee`, or table `registration`.
        column: &'static str,
    },
}

impl Explain for HeadError {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::SignedWithUnknown { institution, known, .. } => {
                let near = nearest(institution, known.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?"));
                let add = format!(
                    "add `{institution}` to table `institution`, or correct \
                     `signed_fixmedins_code` in table `enrollee`"
                );
                std::iter::once(add).chain(near).collect()
            }
            Self::ConsortiumLead { consortium, leads, .. } if leads.is_empty() => vec![format!(
                "set `lead` to 1 for the paying institution of `{consortium}` in table `institution`"
            )],
            Self::ConsortiumLead { leads, .. } => {
                vec![format!("`lead` is 1 for {}", leads.join(", "))]
            }
            Self::ZeroPersons { year, .. } => {
                vec![format!("load table `enrollee` with the months insured of {year}")]
            }
            Self::FactorOfNobody { column: "registration", .. } => {
                vec!["load table `registration`".to_owned()]
            }
            Self::FactorOfNobody { column, .. } => {
                vec![format!("load table `enrollee` with the column `{column}`")]
            }
        }
    }
}
