//! Why two settlements cannot be compared.

use crate::explain::{Explain, Kind};
use crate::settlement;
use crate::units::UnitError;

/// Why a change cannot be attributed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// One side pays points, the other standards.
    #[error("`{old}` and `{new}` pay in different ways: one by points, one by published standards")]
    OtherMethod {
        /// The older settlement.
        old: String,
        /// The newer settlement.
        new: String,
    },
    /// Cases of two groupings can only be compared by their ids.
    #[error(
        "{with_id} of {cases} cases have an id; without ids they cannot be found again in the other grouping"
    )]
    CaseIds {
        /// Cases.
        cases: usize,
        /// Those with an id.
        with_id: usize,
    },
    /// A mixture of both sides' rules cannot judge a case.
    #[error("a case of group `{group}` cannot be judged by the {what} of `{side}`: {why}")]
    Mixture {
        /// Its group.
        group: String,
        /// What was mixed.
        what: &'static str,
        /// Name of the settlement whose rules they are.
        side: String,
        /// Why not.
        why: &'static str,
    },
    /// The kernel refuses one side.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
    /// An amount.
    #[error("the change of `{institution}` cannot be divided")]
    Amount {
        /// The institution.
        institution: String,
        /// Why not.
        source: UnitError,
    },
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Settlement(err) => err.kind(),
            Self::CaseIds { .. } => Kind::Internal,
            Self::OtherMethod { .. } | Self::Mixture { .. } | Self::Amount { .. } => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Settlement(err) => err.hints(),
            Self::OtherMethod { .. } => vec![
                "compare two settlements of one system; what points and prices have in common is \
                 only the money: see table `institution` of both runs"
                    .to_owned(),
            ],
            Self::Mixture { group, side, .. } => {
                vec![format!("give `{group}` a value in the policy or catalog of `{side}`")]
            }
            Self::CaseIds { .. } | Self::Amount { .. } => Vec::new(),
        }
    }
}
