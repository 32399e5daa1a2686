//! What can be wrong with a mapping file.

use std::path::PathBuf;

use crate::explain::{Explain, Kind};
use crate::warehouse::store::Leaf;

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// The file cannot be read.
    #[error("cannot read the mapping `{}`", path.display())]
    Read {
        /// The mapping.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("`{}` line {line} is not TOML", path.display())]
    Syntax {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        source: Leaf,
    },
    /// A key that means nothing.
    #[error("`{}` line {line}: unknown key `{key}`", path.display())]
    UnknownKey {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The known key next to it.
        nearest: Option<String>,
        /// All known keys, as a list.
        known: String,
    },
    /// A value of another kind.
    #[error("`{}` line {line}: `{key}` must be {expected}", path.display())]
    WrongValue {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// No `[tables.…]`.
    #[error("`{}` fills no table", path.display())]
    NoTables {
        /// The mapping.
        path: PathBuf,
    },
    /// A table that the warehouse does not have.
    #[error("`{}` line {line}: there is no table `{table}`", path.display())]
    UnknownTable {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The table named.
        table: String,
        /// The known table next to it.
        nearest: Option<String>,
    },
    /// A column that the table does not have.
    #[error("`{}` line {line}: table `{table}` has no column `{column}`", path.display())]
    UnknownTarget {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The table.
        table: &'static str,
        /// The column named.
        column: String,
        /// The known column next to it.
        nearest: Option<String>,
    },
    /// Both an expression and a constant.
    #[error(
        "`{}` line {line}: `{column}` stands both among `columns` and `constants`",
        path.display()
    )]
    GivenTwice {
        /// The mapping.
        path: PathBuf,
        /// Line of the second.
        line: usize,
        /// The column.
        column: &'static str,
    },
    /// A required column is not filled.
    #[error(
        "`{}` line {line}: table `{table}` needs the column `{column}`, which is neither among \
         `columns` nor `constants`",
        path.display()
    )]
    RequiredMissing {
        /// The mapping.
        path: PathBuf,
        /// Line of the table.
        line: usize,
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A source column that is not there.
    #[error(
        "`{}` line {line}: `{key} = {expression}` names the column `{column}`, which `{}` does not \
         have; its columns are {columns}",
        path.display(),
        file.display()
    )]
    UnknownSource {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The expression.
        expression: String,
        /// The column it names.
        column: String,
        /// The source file.
        file: PathBuf,
        /// Columns of the source, as a list.
        columns: String,
        /// The column there that is named most like it.
        nearest: Option<String>,
    },
    /// An expression that does not parse, or whose types do not fit each other.
    #[error("`{}` line {line}: `{key} = {expression}` is not a usable expression", path.display())]
    Expression {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The expression.
        expression: String,
        /// What the engine says.
        source: Leaf,
    },
    /// An expression whose result the column cannot hold.
    #[error(
        "`{}` line {line}: `{key} = {expression}` gives {found}, but {expected} is needed",
        path.display()
    )]
    Type {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The expression.
        expression: String,
        /// The type it gives.
        found: String,
        /// What would fit.
        expected: &'static str,
    },
    /// A constant that the column cannot hold.
    #[error("`{}` line {line}: the constant `{value}` of `{column}` {reason}", path.display())]
    Constant {
        /// The mapping.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Explain for MappingError {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownKey { nearest: Some(name), .. }
            | Self::UnknownTable { nearest: Some(name), .. }
            | Self::UnknownTarget { nearest: Some(name), .. }
            | Self::UnknownSource { nearest: Some(name), .. } => {
                vec![format!("did you mean `{name}`?")]
            }
            Self::UnknownKey { known, .. } => vec![format!("allowed are `{known}`")],
            Self::UnknownSource { .. } => vec![
                "column names count as written, capitals included; texts stand in 'single quotes'"
                    .to_owned(),
            ],
            Self::NoTables { .. } => {
                vec!["begin with `[tables.settlement.columns]` and `setl_id = \"…\"`".to_owned()]
            }
            Self::Type { .. } => {
                vec!["convert it: `cast(… as decimal(18, 4))`, `cast(… as varchar)`".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
