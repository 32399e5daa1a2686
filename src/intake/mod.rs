//! From exported files to the warehouse: readers, encodings, mapping, contract, findings.
//!
//! [`ingest`] reads files or folders of CSV, CSV.gz and Parquet and loads them as **one** load:
//! all of it becomes visible, or nothing changes. A file that was loaded before is skipped. A row
//! that cannot be used becomes a [`Finding`](crate::finding::Finding) and is left out; a file that
//! cannot be used, or a column in which nothing can be read, is an [`Error`].
//!
//! ```no_run
//! use dianshu::intake::{Settings, Silent, ingest};
//! let settings = Settings::new(vec!["exports".into()], "warehouse".into());
//! let summary = ingest(&settings, &Silent)?;
//! println!("{summary}");
//! # Ok::<(), dianshu::intake::Error>(())
//! ```
//!
//! Rules that hold for every source: blanks around a text are removed and a blank text is no
//! value; times are local; an amount has at most two decimal places; personal ids are replaced by
//! a keyed hash. What is not decided here: duplicates, refunds, identities of amounts. Those are
//! checks on the tables.

mod convert;
mod encoding;
mod error;
mod load;
mod mapping;
mod mapping_error;
mod person;
mod place;
mod plan;
mod progress;
mod read;
mod rows;
mod source;
mod spill;
mod summary;
mod value;

use std::path::PathBuf;

pub use error::Error;
pub use load::ingest;
pub use mapping_error::MappingError;
pub use progress::{Bar, Progress, Silent};
pub use summary::{FileSummary, Summary, TableSummary, TargetSummary};

use crate::warehouse::store::DEFAULT_BUCKETS;

/// What to load, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Files and folders; folders are searched for files named like exports.
    pub paths: Vec<PathBuf>,
    /// Folder of the warehouse, made if it is not there.
    pub warehouse: PathBuf,
    /// Table that all files fill; with a mapping, the only one of its tables to fill.
    pub table: Option<String>,
    /// Mapping file.
    pub mapping: Option<PathBuf>,
    /// Key of personal ids; `<warehouse>.key` beside the warehouse if not given.
    pub key_file: Option<PathBuf>,
    /// Buckets of a warehouse that has to be made.
    pub buckets: u32,
    /// Read and check everything, write nothing.
    pub dry_run: bool,
    /// Threads that convert, sort and write.
    pub threads: usize,
    /// Bytes to sort at a time, over all threads.
    pub memory_bytes: u64,
}

impl Settings {
    /// These paths into this warehouse; everything else as usual.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>, warehouse: PathBuf) -> Self {
        Self {
            paths,
            warehouse,
            table: None,
            mapping: None,
            key_file: None,
            buckets: DEFAULT_BUCKETS,
            dry_run: false,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: 2 << 30,
        }
    }
}
