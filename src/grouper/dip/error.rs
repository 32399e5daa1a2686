//! What can be wrong with the cases a directory is learned from or matched with.

use std::fmt;

use rust_decimal::Decimal;

use crate::explain::{Explain, Kind};

/// A directory that cannot be learned or used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too many codes that look like those of another system.
    #[error(
        "{cases} of {of} cases have codes that do not begin like {}, the first `{code}`; \
         `grouping.dip.shape.misfit_max` allows {max} of the cases",
        listed(shapes)
    )]
    OtherCodes {
        /// Cases with such a code.
        cases: u64,
        /// All cases with a main diagnosis.
        of: u64,
        /// The first such code, bytewise.
        code: String,
        /// Shapes of the policy.
        shapes: Vec<String>,
        /// Largest share allowed.
        max: Decimal,
    },
    /// An attribute of table `op_attribute` that is none.
    #[error(
        "table `op_attribute`: operation `{code}` is `{word}`; allowed is `surgery`, `therapeutic` or \
         `diagnostic`"
    )]
    Attribute {
        /// The operation.
        code: String,
        /// As loaded.
        word: String,
    },
    /// An operation with two attributes, in the table or in table and policy.
    #[error("operation `{code}` is `{one}` and `{other}`; it can have one attribute")]
    TwoAttributes {
        /// The operation.
        code: String,
        /// One attribute.
        one: &'static str,
        /// The other, of table `op_attribute`.
        other: &'static str,
    },
    /// The base disease of the policy is no core disease of the directory (Z15).
    #[error("base disease `{code}` of `weights.base` is {what}; a base disease is a core disease")]
    BaseNotCore {
        /// Its code.
        code: String,
        /// What it is instead.
        what: &'static str,
        /// The core disease with most cases.
        best: Option<String>,
    },
}

fn listed(shapes: &[String]) -> String {
    let quoted: Vec<String> = shapes.iter().map(|shape| format!("`{shape}`")).collect();
    quoted.join(" or ")
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::OtherCodes { .. } => vec![
                "map the codes to the system of the directory when they are loaded, or state the \
                 shape of these codes in the policy (`A` is a letter, `9` a digit)"
                    .to_owned(),
            ],
            Self::Attribute { .. } => vec![
                "load the operation with one of these words, or leave it out: it is conservative then"
                    .to_owned(),
            ],
            Self::TwoAttributes { .. } => vec![
                "correct table `op_attribute`, or the list that `grouping.dip.operations` names"
                    .to_owned(),
            ],
            Self::BaseNotCore { best: Some(best), .. } => vec![format!(
                "the core disease with most cases is `{best}`; table `base_candidates` of a catalog \
                 built by another method ranks them all"
            )],
            Self::BaseNotCore { best: None, .. } => {
                vec!["no group reaches the threshold: `grouping.dip.threshold`".to_owned()]
            }
        }
    }
}

/// What the reader of a catalog should know about its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Cases with codes of another system, left ungrouped.
    OtherCodes {
        /// Cases.
        cases: u64,
        /// The first such code, bytewise.
        code: String,
    },
    /// A grass-roots disease of the policy that the directory does not have.
    NoGrassRoots {
        /// Its code.
        code: String,
        /// Cases of this combination in all years.
        cases: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherCodes { cases, code } => write!(
                f,
                "{cases} cases have codes of another shape than the policy's and are ungrouped, \
                 the first `{code}`"
            ),
            Self::NoGrassRoots { code, cases: 0 } => {
                write!(f, "grass-roots disease `{code}` has no case in any year")
            }
            Self::NoGrassRoots { code, cases } => write!(
                f,
                "grass-roots disease `{code}` is no group of the directory: its {cases} cases are \
                 below the threshold"
            ),
        }
    }
}
