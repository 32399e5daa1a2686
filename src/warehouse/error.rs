//! What can go wrong with the warehouse, and the engine's own errors as leaves.

use datafusion::error::DataFusionError;

use crate::explain::{Explain, Kind};

/// An error of the warehouse or of the engine below it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system gave no worker threads.
    #[error("cannot start the worker threads")]
    Threads {
        /// Why.
        source: std::io::Error,
    },
    /// A worker stopped without a result.
    #[error("a worker stopped: {message}")]
    Worker {
        /// What it said.
        message: String,
    },
    /// A model that is not in `sql/`.
    #[error("there is no SQL model `{model}`")]
    UnknownModel {
        /// The name asked for.
        model: String,
    },
    /// A model's parameter without a value.
    #[error("parameter `{parameter}` of model `{model}` is not set")]
    ParameterMissing {
        /// The model.
        model: String,
        /// The parameter, without `$`.
        parameter: String,
    },
    /// A model did not plan or run.
    #[error("model `{model}` failed: {message}")]
    Model {
        /// The model.
        model: String,
        /// The engine's root cause, once.
        message: String,
    },
    /// The memory bound was too small even with spilling.
    #[error("{what} needs more memory than `--memory` allows: {message}")]
    OutOfMemory {
        /// The model or step.
        what: String,
        /// The engine's account of it.
        message: String,
    },
    /// A model or table does not have the column a reader needs.
    #[error("column `{column}` should be a {expected}, found {found}")]
    Column {
        /// The column.
        column: String,
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// The table of local codes contradicts itself.
    #[error(transparent)]
    Codes(#[from] crate::grouper::codes::Error),
    /// The user's statement is wrong.
    #[error("the statement cannot run: {message}")]
    Query {
        /// The engine's root cause, once.
        message: String,
    },
    /// The engine failed at a step of ours.
    #[error("{step} failed: {message}")]
    Engine {
        /// What was being done.
        step: String,
        /// The engine's root cause, once.
        message: String,
    },
}

impl Error {
    /// The engine's error at a step, its root cause printed once.
    pub(crate) fn engine(step: &str, err: &DataFusionError) -> Self {
        match err.find_root() {
            DataFusionError::ResourcesExhausted(message) => {
                Self::OutOfMemory { what: step.to_owned(), message: message.clone() }
            }
            root => Self::Engine { step: step.to_owned(), message: root.strip_backtrace() },
        }
    }

    pub(crate) fn model(model: &str, err: &DataFusionError) -> Self {
        match err.find_root() {
            DataFusionError::ResourcesExhausted(message) => {
                Self::OutOfMemory { what: format!("model `{model}`"), message: message.clone() }
            }
            root => Self::Model { model: model.to_owned(), message: root.strip_backtrace() },
        }
    }

    pub(crate) fn query(err: &DataFusionError) -> Self {
        match err.find_root() {
            DataFusionError::ResourcesExhausted(message) => {
                Self::OutOfMemory { what: "the statement".to_owned(), message: message.clone() }
            }
            root => Self::Query { message: root.strip_backtrace() },
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Codes(wrong) => wrong.kind(),
            Self::Query { .. } | Self::OutOfMemory { .. } | Self::Threads { .. } => Kind::Input,
            Self::Worker { .. }
            | Self::UnknownModel { .. }
            | Self::ParameterMissing { .. }
            | Self::Model { .. }
            | Self::Column { .. }
            | Self::Engine { .. } => Kind::Internal,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Codes(wrong) => wrong.hints(),
            Self::OutOfMemory { .. } => {
                vec!["give more, for example `--memory 4GiB`, or fewer `--threads`".to_owned()]
            }
            Self::Query { .. } => {
                vec!["list the relations with `dianshu sql \"show tables\"`".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
