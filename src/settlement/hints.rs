//! Who can fix a settlement that was refused, and what to try next.

use crate::explain::{Explain, Kind};

use super::error::Error;

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Columns { .. } | Self::CaseIds { .. } => Kind::Internal,
            _ => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::DuplicateScenario { .. } => vec!["give each scenario its own name".to_owned()],
            Self::CatalogMissing { .. } | Self::CatalogWithoutScale { .. } => {
                vec!["name a catalog with points: `--catalog DIR`".to_owned()]
            }
            Self::NoPrice { group, known, .. } if known.is_empty() => {
                vec![format!("add a `[[standard]]` for `{group}`, or leave its cases out of scope")]
            }
            Self::NoPrice { group, known, .. } => known
                .first()
                .map(|(from, price)| {
                    format!("the standard of `{group}` is known from {from} ({price} yuan)")
                })
                .into_iter()
                .collect(),
            Self::NoReference { .. } => vec![
                "compare with `reference = \"standard\"` or use a catalog that has the group"
                    .to_owned(),
            ],
            Self::NoCoefficient { .. } => vec![
                "load their rows into table `institution` (`hosp_lv`, `inst_type`, `grade_a`, \
                 `coef`)"
                    .to_owned(),
            ],
            Self::NoBase { tier, .. } => {
                vec![format!("give `coefficient.tier[{tier}]` a `value`")]
            }
            Self::Coefficient { source, .. } => source.hints(),
            Self::CatalogTable { .. } => {
                vec!["build the catalog again under this policy".to_owned()]
            }
            Self::SectionNeedsPoints { .. } => {
                vec!["take the section out, or pay by `payment.method = \"points\"`".to_owned()]
            }
            Self::JudgedTwice { .. } => vec!["keep one of them".to_owned()],
            Self::DecidedPoints { .. } | Self::DecidedParts { .. } => {
                vec!["decide `item`, or take the row out of table `special`".to_owned()]
            }
            Self::SpecialOverQuota { listed, quota, .. } => vec![format!(
                "take {} of them off table `special`, or change `special.quota`",
                listed.saturating_sub(*quota)
            )],
            Self::NegativePoints { .. } | Self::NegativeStandard { .. } => vec![
                "look for cases with a negative fee among its findings (`dianshu check`)"
                    .to_owned(),
            ],
            Self::ZeroPoints { .. } => {
                vec!["check scope, year and groups: no case of this pool earned points".to_owned()]
            }
            Self::NoBaseVolume { .. } => {
                vec!["load the settlements of the year before, or let the value float".to_owned()]
            }
            Self::SevereExhausted { .. } => {
                vec!["lower `value.value`, or name fewer severe groups".to_owned()]
            }
            Self::ControlExhausted { .. } => {
                vec!["raise the budget, or check the lines that pay cases as booked".to_owned()]
            }
            _ => self.money_hints(),
        }
    }
}

impl Error {
    /// Hints about the money there is.
    fn money_hints(&self) -> Vec<String> {
        match self {
            Self::BudgetMissing { known, .. } if known.is_empty() => {
                vec!["no budget was given at all; load the table `budget`".to_owned()]
            }
            Self::BudgetMissing { known, .. } => {
                vec![format!("budgets are known for {}", known.join(", "))]
            }
            Self::BudgetItemMissing { known, .. } if known.is_empty() => {
                vec!["table `budget` has no row of this year, pool and period".to_owned()]
            }
            Self::BudgetItemMissing { item, known, .. } => {
                let near = crate::explain::nearest(item, known.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?"));
                let there = format!("its items of this pool are {}", known.join(", "));
                near.into_iter().chain([there]).collect()
            }
            Self::BudgetItemTwice { .. } => {
                vec!["leave one of the two out, or correct it".to_owned()]
            }
            Self::LastRound { round, .. } => vec![format!(
                "correct the budget or `{round}`, or record the round that agreed on the budget"
            )],
            Self::InstitutionBudget { .. } => {
                vec!["remove the row, or name a pool: `all`, or an insurance type".to_owned()]
            }
            Self::BudgetWithoutPool { known, .. } => {
                vec![format!("settled are {}", known.join(", "))]
            }
            _ => self.time_hints(),
        }
    }

    /// Hints about dated values and advances.
    fn time_hints(&self) -> Vec<String> {
        match self {
            Self::NotInForce { path, known, .. } => known
                .first()
                .map(|from| format!("`{path}` is known from {from}"))
                .into_iter()
                .collect(),
            Self::AdvanceWithoutPool { row, known, .. } if row.pool.is_empty() => {
                vec![format!("there are several pools: name one of {}", known.join(", "))]
            }
            Self::AdvanceWithoutPool { known, .. } => {
                vec![format!("settled are {}", known.join(", "))]
            }
            Self::AdvanceWithoutInstitution { nearest: Some(code), .. } => {
                vec![format!("did you mean `{code}`?")]
            }
            Self::AdvanceWithoutInstitution { .. } => {
                vec![
                    "load the institution into table `institution`, or correct its code".to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }
}
