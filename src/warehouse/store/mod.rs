//! The folder of a warehouse: its description, its tables, and the one writer it may have.
//!
//! ```text
//! <root>/warehouse.toml      format, number of buckets, check value of the key of personal ids
//! <root>/<table>/            Delta table: _delta_log, year=…/bucket=…/part-<load>-….parquet
//! <root>/load/               which loads are complete, and every table's version after each
//! <root>/_lock, _tmp         the writer's
//! ```
//!
//! A load writes its files, commits table after table and commits to `load` last. Readers take the
//! table versions from the newest rows of `load`, so that a half-committed load is never seen; the
//! next writer rolls it back before it starts ([`Transaction::begin`]).

mod cells;
mod delta;
mod error;
mod findings;
mod ledger;
mod lock;
mod transaction;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use super::contract::{self, TableContract};
use super::relation;
use super::snapshot::{DataFile, Load, Snapshot, TableSnapshot, TableState};
use crate::warehouse::digest;

pub use error::{Error, Leaf};
pub(crate) use findings::findings_batch;
pub(super) use findings::read_findings;
pub use transaction::{Staged, Transaction};

/// Buckets of a warehouse unless its maker says otherwise.
pub const DEFAULT_BUCKETS: u32 = 16;

const DESCRIPTION: &str = "warehouse.toml";
const DESCRIPTION_PART: &str = "_warehouse.part";
const FORMAT: u32 = 1;
const MAX_BUCKETS: u32 = 4096;

/// What a warehouse is, fixed when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: u32,
    buckets: u32,
    /// Tells whether a key is the one of this warehouse; empty until something was loaded.
    #[serde(default)]
    key_check: String,
}

/// A warehouse in a local folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    description: Description,
    runtime: Arc<Runtime>,
}

impl Store {
    /// Opens the warehouse in a folder.
    ///
    /// # Errors
    /// [`Error::NotAWarehouse`] if there is none, [`Error::Description`] if it cannot be
    /// understood.
    pub fn open(root: &Path) -> Result<Self, Error> {
        local(root)?;
        let path = root.join(DESCRIPTION);
        let text = std::fs::read_to_string(&path).map_err(|err| match err.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                Error::NotAWarehouse { path: root.to_owned() }
            }
            _ => Error::read(&path, err),
        })?;
        let wrong = |why: String| Error::Description { path: path.clone(), source: Leaf(why) };
        let description: Description =
            toml::from_str(&text).map_err(|err| wrong(err.message().to_owned()))?;
        if description.format != FORMAT {
            return Err(wrong(format!(
                "its format is {}, this version reads format {FORMAT}",
                description.format
            )));
        }
        check_buckets(description.buckets)?;
        Ok(Self { root: root.to_owned(), description, runtime: runtime()? })
    }

    /// Opens the warehouse in a folder, or makes one with that many buckets if there is none.
    ///
    /// # Errors
    /// [`Error::Write`] if the folder cannot be written, [`Error::Buckets`] for 0 or more than
    /// 4096.
    pub fn create(root: &Path, buckets: u32) -> Result<Self, Error> {
        match Self::open(root) {
            Err(Error::NotAWarehouse { .. }) => {}
            done => return done,
        }
        let store = Self::described(root, buckets)?;
        std::fs::create_dir_all(root).map_err(|err| Error::write(root, err))?;
        store.write_description()?;
        Ok(store)
    }

    /// A warehouse that is not written yet.
    fn described(root: &Path, buckets: u32) -> Result<Self, Error> {
        local(root)?;
        check_buckets(buckets)?;
        let description = Description { format: FORMAT, buckets, key_check: String::new() };
        Ok(Self { root: root.to_owned(), description, runtime: runtime()? })
    }

    fn write_description(&self) -> Result<(), Error> {
        let path = self.root.join(DESCRIPTION);
        let text = toml::to_string(&self.description)
            .map_err(|err| Error::write(&path, std::io::Error::other(err.to_string())))?;
        let part = self.root.join(DESCRIPTION_PART);
        std::fs::write(&part, text).map_err(|err| Error::write(&part, err))?;
        std::fs::rename(&part, &path).map_err(|err| Error::write(&path, err))
    }

    /// Folder of the warehouse.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Number of buckets.
    #[must_use]
    pub fn buckets(&self) -> u32 {
        self.description.buckets
    }

    /// Check value of the key of personal ids, once something was loaded.
    #[must_use]
    pub fn key_check(&self) -> Option<&str> {
        Some(self.description.key_check.as_str()).filter(|check| !check.is_empty())
    }

    /// The tables as the newest complete load left them.
    ///
    /// # Errors
    /// [`Error`] if a table cannot be opened at the version that the load recorded.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let (loads, states) = self.loads()?;
        let mut tables = BTreeMap::new();
        for (name, state) in states {
            if let Some(contract) = stored(&name) {
                tables.insert(name, self.table_snapshot(contract, &state)?);
            }
        }
        Ok(Snapshot { root: self.root.clone(), buckets: self.description.buckets, loads, tables })
    }

    /// The loads so far and the state of every table after the newest.
    fn loads(&self) -> Result<(Vec<Load>, BTreeMap<String, TableState>), Error> {
        let folder = self.root.join(contract::LOAD.name);
        if !delta::exists(&folder) {
            return Ok((Vec::new(), BTreeMap::new()));
        }
        let opened = self.runtime.block_on(delta::open(&folder, contract::LOAD.name, None))?;
        opened.check(&contract::LOAD)?;
        let paths: Vec<PathBuf> = opened.files.iter().map(|file| folder.join(&file.path)).collect();
        ledger::read(&paths)
    }

    fn table_snapshot(
        &self,
        contract: &TableContract,
        state: &TableState,
    ) -> Result<TableSnapshot, Error> {
        let folder = self.root.join(contract.name);
        let opened =
            self.runtime.block_on(delta::open(&folder, contract.name, Some(state.version)))?;
        opened.check(contract)?;
        let damaged = |why: &str| Error::Damaged {
            path: folder.join("_delta_log"),
            source: Leaf(why.to_owned()),
        };
        let mut files = Vec::with_capacity(opened.files.len());
        for file in &opened.files {
            let number = |column: &str| match file.partition.get(column) {
                Some(Some(value)) => value.parse::<i32>().ok(),
                _ => None,
            };
            let partitioned = !relation::partition_columns(contract.place).is_empty();
            let (year, bucket) = if partitioned {
                number("year").zip(number("bucket")).ok_or_else(|| damaged("no year or bucket"))?
            } else {
                (0, 0)
            };
            files.push(DataFile {
                path: folder.join(&file.path),
                year,
                bucket,
                rows: file.rows.ok_or_else(|| damaged("a file without its number of rows"))?,
                bytes: file.bytes,
            });
        }
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        if rows != state.rows || digest::from_hex(&state.digest).is_none() {
            return Err(damaged("it does not have the rows that the last load recorded"));
        }
        Ok(TableSnapshot {
            name: contract.name.to_owned(),
            schema: relation::schema(contract),
            files,
            rows,
            digest: state.digest.clone(),
            version: state.version,
        })
    }
}

/// The contract of a table of the warehouse, `finding` included.
fn stored(name: &str) -> Option<&'static TableContract> {
    static FINDING: TableContract = contract::FINDING;
    contract::table(name).or_else(|| (name == FINDING.name).then_some(&FINDING))
}

fn check_buckets(buckets: u32) -> Result<(), Error> {
    if (1..=MAX_BUCKETS).contains(&buckets) { Ok(()) } else { Err(Error::Buckets { buckets }) }
}

fn local(root: &Path) -> Result<(), Error> {
    if root.to_string_lossy().contains("://") {
        return Err(Error::NotLocal { path: root.to_owned() });
    }
    Ok(())
}

fn runtime() -> Result<Arc<Runtime>, Error> {
    // The table library replays logs on worker threads of its own; two are enough for any of it.
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("tables")
        .enable_all()
        .build()
        .map(Arc::new)
        .map_err(|err| Error::Engine {
            step: "starting the threads of the tables",
            source: Leaf(err.to_string()),
        })
}
