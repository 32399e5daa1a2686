//! What can go wrong with the folder, the files and the tables of a warehouse.

use std::io;
use std::path::{Path, PathBuf};

use datafusion::arrow::error::ArrowError;
use datafusion::parquet::errors::ParquetError;
use deltalake_core::DeltaTableError;

use crate::explain::{Explain, Kind};

/// The innermost message of a library's error: its own causes are already inside its text.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Leaf(pub String);

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder without a warehouse in it.
    #[error("`{}` is not a warehouse", path.display())]
    NotAWarehouse {
        /// The folder named.
        path: PathBuf,
    },
    /// A folder that holds other things.
    #[error("`{}` is no warehouse and not empty: it holds `{}`", path.display(), holds.display())]
    NotEmpty {
        /// The folder named.
        path: PathBuf,
        /// One of the things in it.
        holds: std::ffi::OsString,
    },
    /// A URL where a folder is needed.
    #[error("`{}` is a URL; this version keeps warehouses in local folders", path.display())]
    NotLocal {
        /// What was named.
        path: PathBuf,
    },
    /// The description file does not say what it should.
    #[error("`{}` cannot be understood", path.display())]
    Description {
        /// The description file.
        path: PathBuf,
        /// What is wrong with it.
        source: Leaf,
    },
    /// Bucket counts are 1 to 4096.
    #[error("{buckets} buckets cannot be made; a warehouse has 1 to 4096")]
    Buckets {
        /// The number asked for.
        buckets: u32,
    },
    /// Another load holds the lock.
    #[error("another load into `{}` is running", path.display())]
    Busy {
        /// Folder of the warehouse.
        path: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of ours is damaged.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What its reader says.
        source: Leaf,
    },
    /// A table was made with other columns.
    #[error("table `{table}` of the warehouse has no column `{column}` of the type needed")]
    Columns {
        /// The table.
        table: String,
        /// The first column that differs.
        column: String,
    },
    /// The table's log says no.
    #[error("cannot {action} table `{table}`")]
    Table {
        /// `open`, `create` or `commit to`.
        action: &'static str,
        /// The table.
        table: String,
        /// What the table library says.
        source: Leaf,
    },
    /// The engine failed at a step of ours.
    #[error("{step} failed")]
    Engine {
        /// What was being done.
        step: &'static str,
        /// What the library says.
        source: Leaf,
    },
}

impl Error {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    /// A failure while writing Parquet: the disk's own words where it was the disk.
    pub(crate) fn parquet_write(path: &Path, err: ParquetError) -> Self {
        match err {
            ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                Ok(source) => Self::write(path, *source),
                Err(other) => {
                    Self::Engine { step: "writing Parquet", source: Leaf(other.to_string()) }
                }
            },
            other => Self::Engine { step: "writing Parquet", source: Leaf(other.to_string()) },
        }
    }

    /// A failure while writing a temporary file.
    pub(crate) fn arrow_write(path: &Path, err: ArrowError) -> Self {
        match err {
            ArrowError::IoError(_, source) => Self::write(path, source),
            other => {
                Self::Engine { step: "writing a temporary file", source: Leaf(other.to_string()) }
            }
        }
    }

    /// A failure of a computation on columns.
    pub(crate) fn arrow(step: &'static str, err: &ArrowError) -> Self {
        Self::Engine { step, source: Leaf(err.to_string()) }
    }

    /// A failure while reading a file of ours.
    pub(crate) fn damaged(path: &Path, err: &dyn std::error::Error) -> Self {
        Self::Damaged { path: path.to_owned(), source: Leaf(err.to_string()) }
    }

    /// A failure of the table library; a refusal by the disk keeps the disk's words.
    pub(super) fn table(
        action: &'static str,
        table: &str,
        folder: &Path,
        err: &DeltaTableError,
    ) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(err);
        while let Some(inner) = cause {
            if let Some(disk) = inner.downcast_ref::<io::Error>() {
                // The library keeps the error; its kind and text are all that is printed.
                return Self::write(folder, io::Error::new(disk.kind(), disk.to_string()));
            }
            cause = inner.source();
        }
        Self::Table { action, table: table.to_owned(), source: Leaf(err.to_string()) }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Engine { .. } | Self::Table { .. } => Kind::Internal,
            _ => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotAWarehouse { path } => vec![format!(
                "load something first: `dianshu ingest FILE… --warehouse {}`",
                path.display()
            )],
            Self::NotEmpty { .. } => vec!["name an empty folder or a new one".to_owned()],
            Self::NotLocal { .. } => vec!["name a folder on this machine".to_owned()],
            Self::Busy { .. } => {
                vec!["try again when it is done; nothing was changed by this command".to_owned()]
            }
            Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    vec!["free some space and run the same command again".to_owned()]
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    vec!["name a folder you may write to".to_owned()]
                }
                _ => Vec::new(),
            },
            Self::Damaged { .. } => {
                vec!["restore the file from a copy, or load into a new warehouse".to_owned()]
            }
            Self::Columns { .. } => vec![
                "the warehouse was made by another version; load the exports into a new one"
                    .to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}
