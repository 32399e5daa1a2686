//! What a reader sees of a warehouse: the tables exactly as the newest complete load left them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use datafusion::arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use super::contract;
use super::store::Error;
use crate::finding::Finding;
use crate::units::Fen;

/// Partition year of child rows whose settlement was not known when they were loaded.
///
/// Readers of any year read this partition too.
pub const YEAR_NOT_PLACED: i32 = 0;

/// Partition bucket of child rows whose person is not known. Readers of any bucket read it too.
pub const BUCKET_NOT_PLACED: i32 = -1;

/// One Parquet file of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its partition year; [`YEAR_NOT_PLACED`] for unplaced child rows and for dimensions.
    pub year: i32,
    /// Its partition bucket; [`BUCKET_NOT_PLACED`] for rows without a known person, 0 for
    /// dimensions.
    pub bucket: i32,
    /// Rows in it, at least 1, sorted by the sort columns of the contract.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// One table at the version of the newest complete load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSnapshot {
    /// Name of the table.
    pub name: String,
    /// Columns of its files, partition columns not among them.
    pub schema: SchemaRef,
    /// Its files, ordered by path.
    pub files: Vec<DataFile>,
    /// Rows in all files.
    pub rows: u64,
    /// Content digest (32 hex digits): independent of row order, files and loads.
    pub digest: String,
    /// Delta version.
    pub version: u64,
}

impl TableSnapshot {
    /// The files a reader of one bucket needs: its own and those not placed in any bucket.
    pub fn files_of_bucket(&self, bucket: u32) -> impl Iterator<Item = &DataFile> {
        self.files.iter().filter(move |file| {
            i64::from(file.bucket) == i64::from(bucket) || file.bucket == BUCKET_NOT_PLACED
        })
    }
}

/// One source file of a load and the table it filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// 1 for the first load of the warehouse.
    pub load_no: u64,
    /// Name of the load; part of the names of its files.
    pub load_id: String,
    /// File name of the source, without its folder.
    pub file: String,
    /// SHA-256 of the source's bytes, hex.
    pub sha256: String,
    /// Digest of the mapping, empty without one.
    pub mapping_digest: String,
    /// Table filled.
    pub target_table: String,
    /// `csv`, `csv.gz` or `parquet`.
    pub format: String,
    /// Encoding decided from the bytes, empty for Parquet.
    pub encoding: String,
    /// Records in the source.
    pub rows_read: u64,
    /// Rows that stand in the table.
    pub rows_kept: u64,
    /// Rows left out by the mapping's `row_filter`.
    pub rows_filtered: u64,
    /// Rows left out because a value is wrong.
    pub rows_rejected: u64,
    /// Findings of the source for this table.
    pub findings: u64,
    /// Sum of the amount column of the rows kept, where the table has one.
    pub amount: Option<Fen>,
}

/// State of a table after a load, as kept in `load.tables`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableState {
    /// Delta version.
    pub version: u64,
    /// Rows in the table.
    pub rows: u64,
    /// Content digest, 32 hex digits.
    pub digest: String,
}

/// The warehouse after its newest complete load. Later loads do not change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub(super) root: PathBuf,
    pub(super) buckets: u32,
    pub(super) loads: Vec<Load>,
    pub(super) tables: BTreeMap<String, TableSnapshot>,
}

impl Snapshot {
    /// Folder of the warehouse.
    #[must_use]
    pub fn root(&self) -> &std::path::Path {
        &self.root
    }

    /// Number of buckets, fixed when the warehouse was made; buckets are `0..buckets()`.
    #[must_use]
    pub fn buckets(&self) -> u32 {
        self.buckets
    }

    /// A table; `None` if nothing was ever loaded into it.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableSnapshot> {
        self.tables.get(name)
    }

    /// All tables with rows, by name; `finding` is one of them, `load` is not.
    pub fn tables(&self) -> impl Iterator<Item = &TableSnapshot> {
        self.tables.values()
    }

    /// Years with settlements and their number of rows, oldest first.
    #[must_use]
    pub fn years(&self) -> Vec<(i32, u64)> {
        let mut years = BTreeMap::new();
        for file in self.table("settlement").iter().flat_map(|table| &table.files) {
            *years.entry(file.year).or_insert(0) += file.rows;
        }
        years.into_iter().collect()
    }

    /// Everything loaded so far, oldest first.
    #[must_use]
    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    /// What was wrong with rows when they were loaded, oldest load first.
    ///
    /// # Errors
    /// [`Error`] if a file of the table cannot be read.
    pub fn load_findings(&self) -> Result<Vec<Finding>, Error> {
        let Some(table) = self.table(contract::FINDING.name) else { return Ok(Vec::new()) };
        super::store::read_findings(&table.files)
    }
}
