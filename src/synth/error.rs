//! What can stop the making of a synthetic city.

use std::path::{Path, PathBuf};

use crate::explain::{Explain, Kind};
use crate::settlement;
use crate::units::UnitError;
use crate::warehouse::{arrow, parquet_crate};

/// Why no synthetic city was written. Nothing is left behind at the target folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No city of this name is built in.
    #[error("there is no built-in synthetic city `{name}`; there are {}", .known.join(", "))]
    UnknownCity {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// A city file is not TOML of the right shape.
    #[error("the description of city `{city}` cannot be read")]
    City {
        /// Name of the city or of the file.
        city: String,
        /// What the reader says, with line and column.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A city file has a value that makes no sense.
    #[error("the description of city `{city}` is wrong: {place} {problem}")]
    CityValue {
        /// Name of the city.
        city: String,
        /// Where in the file, for example ``disease `N18` ``.
        place: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A city without people.
    #[error("a synthetic city needs at least one person, `people` is 0")]
    NoPeople,
    /// Big tables split into no file.
    #[error("the big tables need at least one file each, `parts` is 0")]
    NoParts,
    /// A year before the city's costs begin.
    #[error("city `{city}` has costs from {base_year} on, the year {year} is earlier")]
    YearTooEarly {
        /// Name of the city.
        city: String,
        /// The year asked for.
        year: u16,
        /// The first year allowed.
        base_year: u16,
    },
    /// The target has content.
    #[error("the folder `{}` is not empty", .path.display())]
    OutNotEmpty {
        /// The target.
        path: PathBuf,
    },
    /// The target is a file.
    #[error("`{}` is a file, not a folder", .path.display())]
    OutIsFile {
        /// The target.
        path: PathBuf,
    },
    /// A folder or file cannot be made, written or moved.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A CSV file cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        #[source]
        source: csv::Error,
    },
    /// A Parquet file cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        #[source]
        source: parquet_crate::errors::ParquetError,
    },
    /// Columns of a batch do not fit its schema.
    #[error("the columns of table `{table}` do not fit together")]
    Batch {
        /// The table.
        table: &'static str,
        /// What the engine says.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// A row was filled in another order than its columns.
    #[error("a row of table `{table}` does not follow its columns, first at column {column}")]
    RowShape {
        /// The table.
        table: &'static str,
        /// Position of the column, from 0.
        column: usize,
    },
    /// A sheet that follows the policy itself has no difference in its rules.
    #[error("a synthetic official sheet follows another reading of the policy, and none is named")]
    NoReading,
    /// Too few institutions to plant differences at.
    #[error("{found} institutions have enough cases to plant differences at, {wanted} are needed")]
    FewInstitutions {
        /// Institutions with enough cases.
        found: usize,
        /// How many are needed.
        wanted: usize,
    },
    /// The year cannot be settled.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
    /// Money left the range of fen.
    #[error("an amount of the synthetic city is out of range")]
    Amount(#[source] UnitError),
}

impl Error {
    /// Cannot write `path`.
    pub(super) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Settlement(err) => err.kind(),
            Self::Batch { .. } | Self::RowShape { .. } | Self::Amount(_) => Kind::Internal,
            _ => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownCity { name, known } => {
                let near = crate::explain::nearest(name, known.iter().copied());
                vec![match near {
                    Some(city) => format!("did you mean `{city}`?"),
                    None => "name one of the cities listed".to_owned(),
                }]
            }
            Self::Settlement(err) => err.hints(),
            Self::NoReading => vec!["name one, for example `--scenario share-95`".to_owned()],
            Self::FewInstitutions { .. } => {
                vec!["make the city with more people: `dianshu synth … --people 4000`".to_owned()]
            }
            Self::NoPeople => vec!["try `--people 2000` for a small city".to_owned()],
            Self::NoParts => vec!["leave `parts` at 1 for one file a table".to_owned()],
            Self::YearTooEarly { base_year, .. } => {
                vec![format!("ask for years from {base_year} on")]
            }
            Self::OutNotEmpty { .. } => {
                vec!["name a new folder, or empty this one first".to_owned()]
            }
            Self::OutIsFile { .. } => vec!["name a folder".to_owned()],
            Self::Write { .. } | Self::Csv { .. } | Self::Parquet { .. } => {
                vec!["name a folder you may write to, on a disk with room".to_owned()]
            }
            Self::City { .. } | Self::CityValue { .. } => {
                vec!["compare with the built-in cities under src/synth/cities".to_owned()]
            }
            Self::Batch { .. } | Self::RowShape { .. } | Self::Amount(_) => Vec::new(),
        }
    }
}
