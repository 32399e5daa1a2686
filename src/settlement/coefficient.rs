//! What the points of a case are multiplied by: tier, base, bonuses (Z19–Z21, A35, R18).
//!
//! An institution belongs to the first tier of the policy that it fits; one that fits none is an error,
//! never a guess. The base comes from the policy or from `weights::coefficients`; this module joins it
//! with the bonuses.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use num_traits::One as _;
use rust_decimal::Decimal;

use crate::explain::{Explain, Kind};
use crate::policy::model::{Bonus, BonusOn, Coefficient, Combine, Rank, Tier};
use crate::table::Table;
use crate::units::{Fen, Ratio, exact};

/// What the table `institution` says of one institution; empty where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstitutionFacts {
    /// `fixmedins_code`.
    pub code: String,
    /// `fixmedins_name`.
    pub name: String,
    /// `hosp_lv`, 1 to 14 of the national dictionary.
    pub hosp_lv: String,
    /// `inst_type`: general, tcm, specialist, community, township.
    pub inst_type: String,
    /// `grade_a`: 1 or 0.
    pub grade_a: Option<bool>,
    /// Key disciplines with their rank.
    pub disciplines: BTreeMap<String, Rank>,
    /// `coef`: the coefficient in force.
    pub in_force: Option<Decimal>,
    /// `production_cost`: what its care of the newest statistics year cost to produce (6.5).
    pub production_cost: Option<Fen>,
}

impl InstitutionFacts {
    /// Reads the rows of model `stg_institution_fact`, ascending by code.
    ///
    /// # Errors
    /// [`CoefficientError`] for an institution whose rows disagree, or a value that cannot be read.
    pub fn from_table(table: &Table) -> Result<Vec<Self>, CoefficientError> {
        let cell = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
        let mut all: Vec<Self> = Vec::with_capacity(table.rows());
        for row in 0..table.rows() {
            let code = cell("fixmedins_code", row);
            let coef = cell("coef", row);
            let in_force = if coef.is_empty() {
                None
            } else {
                let value = Decimal::from_str_exact(&coef).ok();
                let value = value.filter(|value| *value > Decimal::ZERO);
                Some(value.ok_or_else(|| CoefficientError::InForce {
                    code: code.clone(),
                    value: coef.clone(),
                })?)
            };
            all.push(Self {
                name: cell("fixmedins_name", row),
                hosp_lv: cell("hosp_lv", row),
                inst_type: cell("inst_type", row),
                grade_a: grade_a(&code, &cell("grade_a", row))?,
                disciplines: disciplines(&code, &cell("disciplines", row))?,
                in_force,
                production_cost: production_cost(&code, &cell("production_cost", row))?,
                code,
            });
        }
        all.sort_by(|a, b| a.code.cmp(&b.code));
        match all.windows(2).find(|pair| pair[0].code == pair[1].code) {
            Some(pair) => Err(CoefficientError::Twice { code: pair[0].code.clone() }),
            None => Ok(all),
        }
    }
}

/// An institution that cannot be given a coefficient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoefficientError {
    /// It fits no tier (Z20).
    #[error(
        "institution `{code}` ({name}) belongs to no tier: its `hosp_lv` is `{hosp_lv}`, its \
         `inst_type` `{inst_type}`, its `grade_a` `{grade_a}`"
    )]
    NoTier {
        /// The institution.
        code: String,
        /// Its name.
        name: String,
        /// Its level.
        hosp_lv: String,
        /// Its type.
        inst_type: String,
        /// Whether it is of grade A.
        grade_a: String,
        /// The tiers with what they take.
        tiers: Vec<String>,
    },
    /// It has no level, which last year's means are told by (3.3, A37).
    #[error(
        "institution `{code}` ({name}) has no level: its `hosp_lv` is `{hosp_lv}`, its `inst_type` \
         `{inst_type}`"
    )]
    NoLevel {
        /// The institution.
        code: String,
        /// Its name.
        name: String,
        /// Its level.
        hosp_lv: String,
        /// Its type.
        inst_type: String,
    },
    /// `grade_a` that is neither 1 nor 0.
    #[error("institution `{code}`: `grade_a` is `{value}`; allowed is `1`, `0` or nothing")]
    GradeA {
        /// The institution.
        code: String,
        /// What stands there.
        value: String,
    },
    /// `production_cost` that is no amount.
    #[error(
        "institution `{code}`: production_cost `{value}` is not an amount in yuan from 0 with at most \
         two decimal places"
    )]
    ProductionCost {
        /// The institution.
        code: String,
        /// Its value.
        value: String,
    },
    /// `disciplines` of another form.
    #[error("institution `{code}`: `{part}` in `disciplines` is not a discipline with its rank")]
    Disciplines {
        /// The institution.
        code: String,
        /// The part that cannot be read.
        part: String,
    },
    /// A tier without a value in which nobody had a case: nothing to estimate from (R41).
    #[error(
        "tier `{tier}` has no coefficient: the policy gives no value, and its {institutions} \
         institutions have no case in the statistics years"
    )]
    NoCases {
        /// The tier.
        tier: String,
        /// Institutions of the table that belong to it.
        institutions: u64,
    },
    /// A derived coefficient of 0 or less.
    #[error("the coefficient derived for {whose} is {value}; a coefficient must be above 0")]
    NotPositive {
        /// The tier or institution.
        whose: String,
        /// The coefficient, 4 places.
        value: Decimal,
    },
    /// Weights and coefficients that do not come to rest (`passes = "fixed_point"`).
    #[error("weights and coefficients still move after {rounds} rounds: {fact}")]
    NotFixed {
        /// Rounds computed.
        rounds: u32,
        /// What moves.
        fact: String,
    },
    /// A coefficient in force that is not above 0.
    #[error("institution `{code}`: `coef` is {value}; a coefficient must be above 0")]
    InForce {
        /// The institution.
        code: String,
        /// What stands there.
        value: String,
    },
    /// Rows of one institution that disagree.
    #[error("table `institution` has rows of `{code}` that disagree")]
    Twice {
        /// The institution.
        code: String,
    },
}

impl Explain for CoefficientError {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoTier { tiers, .. } => {
                vec![format!("correct its row, or `coefficient.tier`: {}", tiers.join("; "))]
            }
            Self::NoLevel { .. } => vec![
                "`hosp_lv` is 1 to 10, 12, 13 or 14, or `inst_type` is `community` or `township`"
                    .to_owned(),
            ],
            Self::Disciplines { .. } => vec![
                "write `0300:national;0400:provincial`, each discipline once, rank `national` or \
                 `provincial`"
                    .to_owned(),
            ],
            Self::NoCases { tier, .. } => vec![format!(
                "give `coefficient.tier[{tier}]` a `value`, or correct the institutions' rows"
            )],
            Self::NotPositive { .. } => {
                vec!["look for refunds without their original among its settlements".to_owned()]
            }
            Self::NotFixed { .. } => {
                vec!["raise `coefficient.rounds`, or take `passes = \"one\"`".to_owned()]
            }
            Self::ProductionCost { .. } => {
                vec!["leave it empty where it is not known".to_owned()]
            }
            Self::Twice { .. } => vec!["load one row for each institution".to_owned()],
            Self::GradeA { .. } | Self::InForce { .. } => Vec::new(),
        }
    }
}

/// Reads `institution.production_cost`; nothing where it says nothing.
fn production_cost(code: &str, text: &str) -> Result<Option<Fen>, CoefficientError> {
    if text.is_empty() {
        return Ok(None);
    }
    let cost = Fen::from_str(text).ok().filter(|cost| *cost >= Fen::ZERO);
    let wrong =
        || CoefficientError::ProductionCost { code: code.to_owned(), value: text.to_owned() };
    cost.map(Some).ok_or_else(wrong)
}

/// Reads `institution.disciplines`, for example `0300:national;0400:provincial`.
///
/// # Errors
/// [`CoefficientError::Disciplines`].
pub fn disciplines(code: &str, text: &str) -> Result<BTreeMap<String, Rank>, CoefficientError> {
    let mut found = BTreeMap::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let wrong =
            || CoefficientError::Disciplines { code: code.to_owned(), part: part.to_owned() };
        let (discipline, rank) = part.split_once(':').ok_or_else(wrong)?;
        let rank = match rank.trim() {
            "national" => Rank::National,
            "provincial" => Rank::Provincial,
            _ => return Err(wrong()),
        };
        let discipline = discipline.trim();
        if discipline.is_empty() || found.insert(discipline.to_owned(), rank).is_some() {
            return Err(wrong());
        }
    }
    Ok(found)
}

/// Reads `institution.grade_a`.
///
/// # Errors
/// [`CoefficientError::GradeA`].
pub fn grade_a(code: &str, text: &str) -> Result<Option<bool>, CoefficientError> {
    match text {
        "" => Ok(None),
        "1" => Ok(Some(true)),
        "0" => Ok(Some(false)),
        _ => Err(CoefficientError::GradeA { code: code.to_owned(), value: text.to_owned() }),
    }
}

/// The tier of an institution, by its place in the policy: the first one it fits (Z20).
///
/// # Errors
/// [`CoefficientError::NoTier`].
pub fn tier_of(facts: &InstitutionFacts, tiers: &[Tier]) -> Result<usize, CoefficientError> {
    tiers.iter().position(|tier| fits(facts, tier)).ok_or_else(|| CoefficientError::NoTier {
        code: facts.code.clone(),
        name: facts.name.clone(),
        hosp_lv: facts.hosp_lv.clone(),
        inst_type: facts.inst_type.clone(),
        grade_a: facts.grade_a.map_or("", |grade_a| if grade_a { "1" } else { "0" }).to_owned(),
        tiers: tiers.iter().map(describe).collect(),
    })
}

/// The level of an institution, 3 to 1 (3.3): by `hosp_lv`, community centres and township hospitals by
/// their type.
///
/// # Errors
/// [`CoefficientError::NoLevel`].
pub fn level_of(facts: &InstitutionFacts) -> Result<u8, CoefficientError> {
    if ["community", "township"].contains(&facts.inst_type.as_str()) {
        return Ok(1);
    }
    match facts.hosp_lv.as_str() {
        "1" | "2" | "3" | "4" | "12" => Ok(3),
        "5" | "6" | "7" | "13" => Ok(2),
        "8" | "9" | "10" | "14" => Ok(1),
        _ => Err(CoefficientError::NoLevel {
            code: facts.code.clone(),
            name: facts.name.clone(),
            hosp_lv: facts.hosp_lv.clone(),
            inst_type: facts.inst_type.clone(),
        }),
    }
}

/// A tier that asks for 甲等, or for its absence, takes nobody of whom it is not known.
fn fits(facts: &InstitutionFacts, tier: &Tier) -> bool {
    let among = |list: &[String], value: &str| list.iter().any(|known| known == value);
    let at_level = among(&tier.hosp_lv, &facts.hosp_lv) && among(&tier.inst_type, &facts.inst_type);
    let graded = tier.grade_a.is_none_or(|wanted| facts.grade_a == Some(wanted));
    graded && (at_level || among(&tier.any_level, &facts.inst_type))
}

fn describe(tier: &Tier) -> String {
    let mut takes = Vec::new();
    if !tier.hosp_lv.is_empty() {
        takes.push(format!("{} at {}", tier.inst_type.join("/"), tier.hosp_lv.join("/")));
    }
    if !tier.any_level.is_empty() {
        takes.push(tier.any_level.join("/"));
    }
    let grade = match tier.grade_a {
        None => "",
        Some(true) => " with grade_a",
        Some(false) => " without grade_a",
    };
    format!("`{}` takes {}{grade}", tier.name, takes.join(" and "))
}

/// Bonuses of an institution that hold for all its cases: grass-roots by tier, TCM by type (R18).
pub fn institution_bonuses<'a>(
    rule: &'a Coefficient,
    facts: &InstitutionFacts,
    tier: Option<usize>,
) -> impl Iterator<Item = &'a Bonus> {
    let name = tier.and_then(|at| rule.tiers.get(at)).map(|tier| tier.name.clone());
    let kind = facts.inst_type.clone();
    rule.bonuses.iter().filter(move |bonus| match &bonus.on {
        BonusOn::Tiers(tiers) => name.as_ref().is_some_and(|name| tiers.contains(name)),
        BonusOn::Types(types) => types.contains(&kind),
        BonusOn::Discipline(_) => false,
    })
}

/// The bonus of a case discharged from `discipline`, a key discipline of the institution (R18).
pub fn discipline_bonuses<'a>(
    rule: &'a Coefficient,
    facts: &InstitutionFacts,
    discipline: &str,
) -> impl Iterator<Item = &'a Bonus> {
    let rank = facts.disciplines.get(discipline).copied();
    rule.bonuses
        .iter()
        .filter(move |bonus| matches!(bonus.on, BonusOn::Discipline(of) if Some(of) == rank))
}

/// Base with bonuses (A35): 1.00, 0.05, 0.02 → 1.07 added, 1.071 multiplied.
#[must_use]
pub fn joined(base: &Ratio, bonuses: impl IntoIterator<Item = Decimal>, combine: Combine) -> Ratio {
    let bonuses = bonuses.into_iter().map(exact);
    match combine {
        Combine::Add => bonuses.fold(base.clone(), |sum, bonus| sum + bonus),
        Combine::Multiply => {
            bonuses.fold(base.clone(), |product, bonus| product * (Ratio::one() + bonus))
        }
    }
}

/// The coefficient of one case: base of its institution (or of its tier in its disease) with every bonus
/// that applies to the institution and to the discharge department (A35, R18).
#[must_use]
pub fn of_case(
    rule: &Coefficient,
    facts: &InstitutionFacts,
    tier: Option<usize>,
    base: &Ratio,
    discipline: &str,
) -> Ratio {
    let bonuses = institution_bonuses(rule, facts, tier)
        .chain(discipline_bonuses(rule, facts, discipline))
        .map(|bonus| bonus.value);
    joined(base, bonuses, rule.combine)
}

/// Whether a group never has a coefficient (A36, E15): grass-roots diseases and those of one price.
#[must_use]
pub fn always_one(kind: &str, flags: &[String]) -> bool {
    kind == "grass_roots" || flags.iter().any(|flag| flag == "same_price")
}
