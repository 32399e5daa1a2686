//! Why an audit cannot be made.

use crate::explain::{Explain, Kind};
use crate::units::UnitError;
use crate::{policy, settlement};

/// An audit that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The checklist beside the policy.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// Probe cases cannot be judged.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
    /// An amount beyond what fen can hold.
    #[error("the audit of `{policy}` meets an amount that cannot be had")]
    Amount {
        /// The policy.
        policy: String,
        /// What is wrong with it.
        source: UnitError,
    },
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Policy(err) => err.kind(),
            Self::Settlement(err) => err.kind(),
            Self::Amount { .. } => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Policy(err) => err.hints(),
            Self::Settlement(err) => err.hints(),
            Self::Amount { .. } => Vec::new(),
        }
    }
}
