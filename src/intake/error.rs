//! What can be wrong with a load as a whole. A wrong row is a finding, not one of these.

use std::io;
use std::path::PathBuf;

use super::mapping_error::MappingError;
use crate::explain::{Explain, Kind};
use crate::warehouse::contract::TABLES;
use crate::warehouse::store::{self, Leaf};

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file among the paths.
    #[error("there is no CSV or Parquet file in {paths}")]
    NoFiles {
        /// The paths given, as a list.
        paths: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of 0 bytes.
    #[error("`{}` is empty: it has 0 bytes", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// The file ends inside a quoted field.
    #[error("`{}` line {line}: a quote is opened and never closed", path.display())]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// Line of the record in which it is opened.
        line: u64,
    },
    /// A header and nothing else.
    #[error("`{}` has a header but no rows", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// Name and content disagree.
    #[error("`{}` is named as {named}, but its bytes are {found}", path.display())]
    NameMismatch {
        /// The file.
        path: PathBuf,
        /// What the ending says.
        named: &'static str,
        /// What the bytes say.
        found: &'static str,
    },
    /// Content that no reader here understands.
    #[error("`{}` is {found}, not a CSV or Parquet file", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the bytes say.
        found: &'static str,
    },
    /// The compressed part ends early or is damaged.
    #[error("`{}` is not a whole gzip file", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: io::Error,
    },
    /// Half a Parquet file, or a damaged one.
    #[error("`{}` is not a whole Parquet file", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: Leaf,
    },
    /// Bytes that are neither UTF-8 nor GB18030.
    #[error(
        "`{}` line {line}, byte {offset}: neither UTF-8 nor GB18030 text",
        path.display()
    )]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that is wrong in both, from 0, after decompression.
        offset: u64,
        /// Its line, from 1.
        line: u64,
    },
    /// Two columns of one name.
    #[error("`{}` has the column `{column}` twice", path.display())]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// `--table` names no table.
    #[error("there is no table `{table}`")]
    UnknownTable {
        /// The name given.
        table: String,
        /// The known name next to it.
        nearest: Option<String>,
    },
    /// Neither name nor header says which table a file fills.
    #[error("cannot tell which table `{}` fills: its columns are {columns}", path.display())]
    TableUndecided {
        /// The file.
        path: PathBuf,
        /// Its columns, as a list.
        columns: String,
        /// Tables that its columns would fit.
        fitting: Vec<String>,
    },
    /// A required column is not there.
    #[error(
        "`{}` has no column `{column}`, which table `{table}` needs; its columns are {columns}",
        path.display()
    )]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The first required column that is missing.
        column: &'static str,
        /// The columns there, as a list.
        columns: String,
        /// The column there that is named most like it.
        nearest: Option<String>,
    },
    /// Two columns that mean the same.
    #[error("`{}` has both `{first}` and `{second}`, which mean the same column", path.display())]
    AliasTwice {
        /// The file.
        path: PathBuf,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A Parquet column of a type that does not fit.
    #[error(
        "`{}`: column `{column}` is {found}; `{table}.{target}` needs {expected}",
        path.display()
    )]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The source column.
        column: String,
        /// The column of the table.
        target: &'static str,
        /// The type there.
        found: String,
        /// What would fit.
        expected: &'static str,
    },
    /// A column in which not one value can be read.
    #[error(
        "`{}` line {line}: `{value}` in column `{column}` {reason}, and no value of this column \
         can be read",
        path.display()
    )]
    UnreadableColumn {
        /// The file.
        path: PathBuf,
        /// Line of the first value.
        line: u64,
        /// The target column.
        column: &'static str,
        /// The first value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The rows of a source would stand twice in a table.
    #[error("`{}` was loaded into `{table}` before, under another mapping", path.display())]
    LoadedOtherwise {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// The key of personal ids is gone.
    #[error("the key file `{}` of this warehouse is missing", path.display())]
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file is no key.
    #[error("`{}` is not a key file: a key is 64 hexadecimal digits", path.display())]
    KeyMalformed {
        /// The file.
        path: PathBuf,
    },
    /// Another warehouse's key.
    #[error("the key in `{}` is not the key this warehouse was made with", path.display())]
    KeyDiffers {
        /// The file.
        path: PathBuf,
    },
    /// The key file cannot be written.
    #[error("cannot write the key file `{}`", path.display())]
    KeyWrite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gave no random bytes for a key.
    #[error("the system gives no random bytes for a key")]
    NoRandom {
        /// What it says.
        source: Leaf,
    },
    /// A sum of amounts left the range.
    #[error("the amounts of `{}` sum to more than 92 quadrillion yuan", path.display())]
    SumOverflow {
        /// The file.
        path: PathBuf,
    },
    /// A thread of the load died.
    #[error("a thread of the load stopped unexpectedly")]
    Worker,
    /// The mapping file.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The warehouse.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A mapping of three lines, as an example to start from.
const EXAMPLE: &str = "write a mapping and name it with `--mapping my.toml`, for example:\n  \
                       [tables.settlement.columns]\n  setl_id = \"CLAIM_NO\"\n  \
                       medfee_sumamt = \"cast(TOTAL_CENTS as decimal(18, 2)) / 100\"";

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Worker => Kind::Internal,
            Self::Mapping(err) => err.kind(),
            Self::Store(err) => err.kind(),
            _ => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match self {
            Self::NoFiles { .. } => one("name files, or folders that hold them"),
            Self::OpenQuote { .. } => one(
                "write a quote inside a field twice, or remove it: everything after it was taken \
                 for one field",
            ),
            Self::EmptyFile { .. } | Self::NoRows { .. } => one("export it again, or leave it out"),
            Self::NameMismatch { .. } => one("rename it after its content, or export it again"),
            Self::Unsupported { .. } => one("save it as CSV (UTF-8 or GB18030) or as Parquet"),
            Self::Gzip { .. } | Self::Parquet { .. } => {
                one("it was perhaps cut off while copying: copy or export it again")
            }
            Self::Encoding { .. } => one("save it as UTF-8 and load it again"),
            Self::DuplicateColumn { .. } | Self::AliasTwice { .. } => {
                one("remove or rename one of them, or choose one with `--mapping`")
            }
            Self::UnknownTable { nearest, .. } => match nearest {
                Some(nearest) => vec![format!("did you mean `{nearest}`?")],
                None => vec![format!("the tables are {}", table_names())],
            },
            Self::TableUndecided { fitting, .. } if fitting.is_empty() => vec![
                format!("say it with `--table`: the tables are {}", table_names()),
                EXAMPLE.to_owned(),
            ],
            Self::TableUndecided { fitting, .. } => {
                vec![format!("say it with `--table`: it would fit {}", fitting.join(", "))]
            }
            Self::MissingColumn { nearest, .. } => {
                let mut hints = Vec::new();
                if let Some(nearest) = nearest {
                    hints.push(format!("is `{nearest}` the column meant?"));
                }
                hints.push(EXAMPLE.to_owned());
                hints
            }
            Self::WrongType { target, .. } => vec![format!(
                "convert it with a mapping: `{target} = \"cast(… as …)\"`, see `--mapping`"
            )],
            Self::UnreadableColumn { column, .. } => vec![format!(
                "check that `{column}` is the right column; `--mapping FILE` can convert it or \
                 give its date format"
            )],
            Self::LoadedOtherwise { .. } => {
                one("its rows would stand there twice: load it into a new warehouse")
            }
            Self::KeyMissing { .. } => {
                one("copy it back, or name it with `--key-file`; with another key, persons would \
                 not be recognised across loads")
            }
            Self::KeyDiffers { .. } | Self::KeyMalformed { .. } => {
                one("name the key this warehouse was made with: `--key-file FILE`")
            }
            Self::Mapping(err) => err.hints(),
            Self::Store(err) => err.hints(),
            _ => Vec::new(),
        }
    }
}

fn table_names() -> String {
    TABLES.iter().map(|table| table.name).collect::<Vec<_>>().join(", ")
}
