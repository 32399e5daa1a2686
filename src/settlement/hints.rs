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
            Self::Heads(error) => error.hints(),
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
            Self::BudgetMissing { known, .. } if known.is_empty() => {
                vec!["no budget was given at all; load the table `budget`".to_owned()]
            }
            Self::BudgetMissing { known, .. } => {
                vec![format!("budgets are known for {}", known.join(", "))]
            }
            Self::BudgetWithoutPool { known, .. } => {
                vec![format!("settled are {}", known.join(", "))]
            }
            Self::NegativePoints { .. } | Self::NegativeStandard { .. } => vec![
                "look for cases with a negative fee among its findings (`dianshu check`)"
                    .to_owned(),
            ],
            Self::ZeroPoints { .. } => {
                vec!["check scope, year and groups: no case of this pool earned points".to_owned()]
            }
            Self::ControlExhausted { .. } => {
                vec!["raise the budget, or check the lines that pay cases as booked".to_owned()]
            }
            Self::Money(wrong) => wrong.hints(),
            _ => self.time_hints(),
        }
    }
}

impl Error {
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
            _ => Vec::new(),
        }
    }
}
