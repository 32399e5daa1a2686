//! The one writer of a warehouse: everything of a load becomes visible at once, or nothing does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};

use super::delta::{self, NewFile};
use super::error::Error;
use super::ledger;
use super::lock::Lock;
use super::{DESCRIPTION, DESCRIPTION_PART, Store};
use crate::warehouse::contract::{FINDING, LOAD, Place, TABLES, TableContract, Type};
use crate::warehouse::parquet::write_data_file;
use crate::warehouse::snapshot::{Load, Snapshot, TableState};
use crate::warehouse::{digest, relation};

const TEMPORARY: &str = "_tmp";

/// What a load adds to one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staged {
    files: Vec<NewFile>,
    /// Rows written.
    pub rows: u64,
    /// Sum of their hashes.
    pub digest: u128,
}

/// A warehouse ready for a load, what readers see of it, and the state of its tables.
type Prepared = (Store, Snapshot, BTreeMap<String, TableState>);

/// A load under way. Dropped without [`Transaction::commit`], it leaves the warehouse as it was.
#[derive(Debug)]
pub struct Transaction {
    store: Store,
    before: Snapshot,
    states: BTreeMap<String, TableState>,
    staged: Mutex<BTreeMap<&'static str, Staged>>,
    /// The folder was made, or described, by this transaction.
    made_root: bool,
    described: bool,
    done: bool,
    lock: Lock,
}

impl Transaction {
    /// Locks the warehouse in a folder, made with that many buckets if there is none, and takes
    /// back whatever a load that did not finish left behind.
    ///
    /// # Errors
    /// [`Error::Busy`] if another load is running, [`Error::Write`] if the folder cannot be
    /// written,
    /// [`Error::NotEmpty`] if the folder holds something else.
    pub fn begin(root: &Path, buckets: u32) -> Result<Self, Error> {
        super::local(root)?;
        let made_root = !root.exists();
        std::fs::create_dir_all(root).map_err(|err| Error::write(root, err))?;
        let described = !root.join(DESCRIPTION).exists();
        if described {
            refuse_foreign(root)?;
        }
        let lock = Lock::take(root).inspect_err(|_| {
            if made_root {
                // Fails when another load has put something there, which is when it has to stay.
                let _ = std::fs::remove_dir(root);
            }
        })?;
        match Self::prepare(root, buckets) {
            Ok((store, before, states)) => {
                let staged = Mutex::new(BTreeMap::new());
                Ok(Self { store, before, states, staged, made_root, described, done: false, lock })
            }
            Err(err) => {
                if described {
                    take_away(root, &lock, made_root);
                }
                Err(err)
            }
        }
    }

    fn prepare(root: &Path, buckets: u32) -> Result<Prepared, Error> {
        let store = Store::create(root, buckets)?;
        let (_, states) = store.loads()?;
        roll_back(&store, &states)?;
        let temporary = root.join(TEMPORARY);
        std::fs::create_dir_all(&temporary).map_err(|err| Error::write(&temporary, err))?;
        let before = store.snapshot()?;
        Ok((store, before, states))
    }

    /// The warehouse as it was before this load.
    #[must_use]
    pub fn before(&self) -> &Snapshot {
        &self.before
    }

    /// Check value of the key of personal ids, once something was loaded.
    #[must_use]
    pub fn key_check(&self) -> Option<&str> {
        self.store.key_check()
    }

    /// Number this load will have.
    #[must_use]
    pub fn load_no(&self) -> u64 {
        self.before.loads.last().map_or(1, |load| load.load_no + 1)
    }

    /// Folder for temporary files, emptied at the end and before the next load.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.store.root.join(TEMPORARY)
    }

    /// Writes one file of a table: its rows, sorted, in storage types and without partition
    /// columns.
    ///
    /// `name` makes the file unique within its partition and load. `partition` is year and bucket.
    /// `hashes` are those of [`digest::row_hashes`]; rows placed by person keep a digest of their
    /// own.
    ///
    /// # Errors
    /// [`Error::Write`] with the disk's words.
    pub fn write(
        &self,
        contract: &'static TableContract,
        partition: Option<(i32, i32)>,
        name: &str,
        batch: &RecordBatch,
        hashes: &[u128],
    ) -> Result<(), Error> {
        let file = match partition {
            Some((year, bucket)) => format!("year={year}/bucket={bucket}/{name}.parquet"),
            None => format!("{name}.parquet"),
        };
        let path = self.store.root.join(contract.name).join(&file);
        match contract.place {
            Place::Dimension => write_data_file(contract, batch, &path)?,
            Place::Settlement | Place::Child => {
                let digests = digest::row_digests(contract, batch, hashes);
                let batch = relation::with_row_digest(batch, digests)
                    .map_err(|err| Error::write(&path, std::io::Error::other(err)))?;
                write_data_file(contract, &batch, &path)?;
            }
        }
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        let bounds = bounds(contract, batch);
        let mut staged = self.lock_staged();
        let table = staged.entry(contract.name).or_default();
        table.files.push(NewFile { path: file, partition, rows, bounds });
        table.rows += rows;
        table.digest = table.digest.wrapping_add(digest::sum(hashes));
        Ok(())
    }

    fn lock_staged(&self) -> MutexGuard<'_, BTreeMap<&'static str, Staged>> {
        // A thread that panicked while pushing left a whole map behind.
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the load visible: tables first, `load` last.
    ///
    /// `loads` are the rows of this load, at least one; `key_check` is kept in the description.
    ///
    /// # Errors
    /// [`Error`] if a table cannot be committed; nothing of the load is visible then.
    pub fn commit(mut self, key_check: &str, loads: &[Load]) -> Result<Snapshot, Error> {
        let mut states = self.states.clone();
        let staged = std::mem::take(&mut *self.lock_staged());
        if self.store.description.key_check != key_check {
            key_check.clone_into(&mut self.store.description.key_check);
            self.store.write_description()?;
        }
        for contract in TABLES.iter().chain([&FINDING]) {
            if let Some(mut added) = staged.get(contract.name).cloned() {
                // Written by several threads: the order of the log must not depend on them.
                added.files.sort_by(|a, b| a.path.cmp(&b.path));
                let version = self.append(contract, &added.files)?;
                let known = states.get(contract.name);
                let sum = known.and_then(|state| digest::from_hex(&state.digest)).unwrap_or(0);
                let state = TableState {
                    version,
                    rows: known.map_or(0, |state| state.rows) + added.rows,
                    digest: digest::to_hex(sum.wrapping_add(added.digest)),
                };
                states.insert(contract.name.to_owned(), state);
            }
        }
        let batch = ledger::batch(loads, &states)?;
        let name = loads.first().map_or_else(String::new, |load| load.load_id.clone());
        let file = format!("part-{name}.parquet");
        write_data_file(&LOAD, &batch, &self.store.root.join(LOAD.name).join(&file))?;
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        self.append(&LOAD, &[NewFile { path: file, partition: None, rows, bounds: None }])?;
        self.done = true;
        self.store.snapshot()
    }

    fn append(&self, contract: &TableContract, files: &[NewFile]) -> Result<u64, Error> {
        let folder = self.store.root.join(contract.name);
        self.store.runtime.block_on(async {
            delta::create(&folder, contract).await?;
            delta::append(&folder, contract, files).await
        })
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Whatever cannot be removed here is removed before the next load.
        let root = self.store.root.clone();
        let _ = std::fs::remove_dir_all(root.join(TEMPORARY));
        if self.done {
            return;
        }
        if self.described {
            take_away(&root, &self.lock, self.made_root);
        } else {
            let _ = roll_back(&self.store, &self.states);
        }
    }
}

/// Takes away what was made in a folder that held nothing before, then the folder if it is empty.
fn take_away(root: &Path, lock: &Lock, made_root: bool) {
    // Whatever stays is taken back, or used, by the next load.
    for contract in TABLES.iter().chain([&FINDING, &LOAD]) {
        let _ = std::fs::remove_dir_all(root.join(contract.name));
    }
    let _ = std::fs::remove_dir_all(root.join(TEMPORARY));
    let _ = std::fs::remove_file(root.join(DESCRIPTION));
    let _ = std::fs::remove_file(root.join(DESCRIPTION_PART));
    lock.forget_file();
    if made_root {
        let _ = std::fs::remove_dir(root);
    }
}

/// Least and greatest value of the first sort column, where it is text: readers skip files by it.
fn bounds(contract: &TableContract, batch: &RecordBatch) -> Option<(String, String, String)> {
    let name = *contract.sort.first()?;
    let (_, column) = contract.column(name)?;
    if !matches!(column.kind, Type::Text | Type::Person) {
        return None;
    }
    let array = batch.column_by_name(name)?.as_string_opt::<i32>()?;
    if array.is_empty() || array.null_count() > 0 {
        return None;
    }
    let (least, greatest) = (array.value(0), array.value(array.len() - 1));
    Some((name.to_owned(), least.to_owned(), greatest.to_owned()))
}

fn refuse_foreign(root: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(root).map_err(|err| Error::read(root, err))? {
        let entry = entry.map_err(|err| Error::read(root, err))?;
        if !entry.file_name().to_string_lossy().starts_with('_') {
            return Err(Error::NotEmpty { path: root.to_owned(), holds: entry.file_name() });
        }
    }
    Ok(())
}

/// Takes back commits and files of loads that are not in `load`.
fn roll_back(store: &Store, states: &BTreeMap<String, TableState>) -> Result<(), Error> {
    let temporary = store.root.join(TEMPORARY);
    if temporary.exists() {
        std::fs::remove_dir_all(&temporary).map_err(|err| Error::write(&temporary, err))?;
    }
    for contract in TABLES.iter().chain([&FINDING]) {
        let folder = store.root.join(contract.name);
        if folder.exists() {
            let known = states.get(contract.name).map(|state| state.version);
            let live = store.runtime.block_on(roll_back_table(&folder, contract, known))?;
            remove_orphans(&folder, &folder, &live)?;
        }
    }
    let folder = store.root.join(LOAD.name);
    if folder.exists() {
        let mut live = BTreeSet::new();
        if delta::exists(&folder) {
            let opened = store.runtime.block_on(delta::open(&folder, LOAD.name, None))?;
            live.extend(opened.files.into_iter().map(|file| file.path));
        }
        remove_orphans(&folder, &folder, &live)?;
    }
    Ok(())
}

/// Removes from the table's newest version the files that its recorded version does not have.
async fn roll_back_table(
    folder: &Path,
    contract: &TableContract,
    known: Option<u64>,
) -> Result<BTreeSet<String>, Error> {
    if !delta::exists(folder) {
        return Ok(BTreeSet::new());
    }
    let newest = delta::open(folder, contract.name, None).await?;
    let recorded = match known {
        Some(version) if version == newest.version => {
            return Ok(newest.files.into_iter().map(|file| file.path).collect());
        }
        Some(version) => delta::open(folder, contract.name, Some(version)).await?.files,
        None => Vec::new(),
    };
    let live: BTreeSet<String> = recorded.into_iter().map(|file| file.path).collect();
    let unknown: Vec<_> =
        newest.files.into_iter().filter(|file| !live.contains(&file.path)).collect();
    if !unknown.is_empty() {
        delta::remove(folder, contract.name, &unknown).await?;
    }
    Ok(live)
}

/// Deletes Parquet files that no complete load has, and folders left empty.
fn remove_orphans(root: &Path, folder: &Path, live: &BTreeSet<String>) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder).map_err(|err| Error::read(folder, err))? {
        let path = entry.map_err(|err| Error::read(folder, err))?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "_delta_log") {
                remove_orphans(root, &path, live)?;
                // Fails when the folder still holds files, which is when it has to stay.
                let _ = std::fs::remove_dir(&path);
            }
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let inside: Vec<_> =
                inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if !live.contains(&inside.join("/")) {
                std::fs::remove_file(&path).map_err(|err| Error::write(&path, err))?;
            }
        }
    }
    Ok(())
}
