//! The last step of a load: rows get their year and bucket, are sorted and written.
//!
//! A settlement stands in the year of `setl_time` and the bucket of its person. A child row stands
//! with its settlement: first looked up among those of its own person's bucket, then, if it is not
//! there or names no person, among all. A child of a settlement that nobody knows yet stands in
//! year 0.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::convert::as_times;
use super::error::Error;
use super::progress::Progress;
use super::spill::Spill;
use super::value::year;
use crate::warehouse::arrow::array::{
    Array as _, ArrayRef, AsArray as _, RecordBatch, UInt32Array, new_null_array,
};
use crate::warehouse::arrow::compute::{concat_batches, take};
use crate::warehouse::arrow::error::ArrowError;
use crate::warehouse::arrow::row::{RowConverter, SortField};
use crate::warehouse::contract::{Place, TableContract};
use crate::warehouse::digest;
use crate::warehouse::parquet::read_columns;
use crate::warehouse::relation;
use crate::warehouse::snapshot::{BUCKET_NOT_PLACED, YEAR_NOT_PLACED};
use crate::warehouse::store::{self, Transaction};

/// Bytes sorted at once at most: text columns count their bytes in 31 bits.
const PART_BYTES: u64 = 1 << 30;

/// Bucket of a pseudonymised person.
pub(crate) fn bucket(person: &str, buckets: u32) -> usize {
    let bucket = xxh3_64(person.as_bytes()) % u64::from(buckets);
    usize::try_from(bucket).unwrap_or(0)
}

/// Slots of a table in the spill: one per bucket and one for rows to be looked up among all.
pub(crate) fn slots(contract: &TableContract, buckets: u32) -> usize {
    match contract.place {
        Place::Settlement | Place::Child => usize::try_from(buckets).unwrap_or(0) + 1,
        Place::Dimension => 1,
    }
}

/// Everything the last step works with.
pub(crate) struct Placing<'a> {
    pub(crate) spill: &'a Spill,
    pub(crate) transaction: &'a Transaction,
    pub(crate) buckets: u32,
    pub(crate) load_id: &'a str,
    pub(crate) threads: usize,
    pub(crate) memory_bytes: u64,
}

/// One file's worth of rows with their places.
struct Placed {
    batch: RecordBatch,
    /// Year and bucket of each row; none for a dimension.
    places: Option<Vec<(i32, i32)>>,
}

/// Years (and buckets) of settlements by the hash of their id.
type Known = HashMap<u128, (i32, i32)>;

fn failed(err: &ArrowError) -> Error {
    store::Error::arrow("placing rows", err).into()
}

impl Placing<'_> {
    /// Writes all rows of the spill into files of the transaction.
    pub(crate) fn run(&self, progress: &dyn Progress) -> Result<(), Error> {
        let dimensions: Vec<_> =
            self.spill.contracts().filter(|contract| contract.place == Place::Dimension).collect();
        let partitioned = usize::try_from(self.buckets).unwrap_or(0);
        let jobs = partitioned + dimensions.len();
        progress.stage("sorting and writing", jobs as u64);
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let first: Mutex<Option<Error>> = Mutex::new(None);
        let work = || {
            while !stop.load(Ordering::Relaxed) {
                let job = next.fetch_add(1, Ordering::Relaxed);
                let done = match job.checked_sub(partitioned) {
                    None => self.bucket(job),
                    Some(at) => match dimensions.get(at) {
                        Some(contract) => self.slot(contract, 0, None),
                        None => return,
                    },
                };
                if let Err(err) = done {
                    stop.store(true, Ordering::Relaxed);
                    first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(err);
                }
                progress.advance(1);
            }
        };
        let died = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).any(|end| end.is_err())
        });
        if let Some(err) = first.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(err);
        }
        if died {
            return Err(Error::Worker);
        }
        self.look_up_among_all()
    }

    fn children(&self) -> impl Iterator<Item = &'static TableContract> {
        self.spill.contracts().filter(|contract| contract.place == Place::Child)
    }

    /// One bucket: its settlements, then what belongs to them.
    fn bucket(&self, slot: usize) -> Result<(), Error> {
        let settlement = self.spill.contracts().find(|table| table.place == Place::Settlement);
        if let Some(contract) = settlement {
            self.slot(contract, slot, None)?;
        }
        let children: Vec<_> = self.children().collect();
        let mut here = false;
        for contract in &children {
            here |= self.spill.finish(contract.name, slot)?.0 > 0;
        }
        if here {
            let known = self.settlements_of(slot)?;
            for contract in children {
                self.slot(contract, slot, Some(&known))?;
            }
        }
        Ok(())
    }

    /// Years of the settlements of one bucket, of this load and of the warehouse.
    fn settlements_of(&self, slot: usize) -> Result<Known, Error> {
        let mut known = Known::new();
        self.each_settlement(Some(slot), |hash, place| {
            // The same id twice is a matter for the checks; the earlier year is as good as the
            // other.
            known.entry(hash).and_modify(|old| *old = place.min(*old)).or_insert(place);
        })?;
        Ok(known)
    }

    /// Calls `visit` with the hashed id and the place of every settlement (of one bucket).
    fn each_settlement(
        &self,
        only: Option<usize>,
        mut visit: impl FnMut(u128, (i32, i32)),
    ) -> Result<(), Error> {
        let slots = match only {
            Some(slot) => slot..slot + 1,
            None => 0..usize::try_from(self.buckets).unwrap_or(0),
        };
        for slot in slots {
            let number = i32::try_from(slot).unwrap_or(BUCKET_NOT_PLACED);
            for reader in self.spill.read("settlement", slot, Some(&["setl_id", "setl_time"]))? {
                for batch in reader {
                    let batch = batch.map_err(|err| failed(&err))?;
                    let ids = batch.column_by_name("setl_id");
                    let times = batch.column_by_name("setl_time").and_then(as_times);
                    let ids = ids.and_then(|ids| ids.as_string_opt::<i32>());
                    for (id, time) in ids.into_iter().flatten().zip(times.into_iter().flatten()) {
                        if let (Some(id), Some(time)) = (id, time) {
                            visit(xxh3_128(id.as_bytes()), (year(time), number));
                        }
                    }
                }
            }
        }
        let table = self.transaction.before().table("settlement");
        for file in table.into_iter().flat_map(|table| &table.files) {
            if only.is_some_and(|slot| i32::try_from(slot) != Ok(file.bucket)) {
                continue;
            }
            for batch in read_columns(&file.path, &["setl_id"])? {
                let batch = batch.map_err(|err| store::Error::damaged(&file.path, &err))?;
                let ids = batch.column_by_name("setl_id");
                let ids = ids.and_then(|ids| ids.as_string_opt::<i32>());
                for id in ids.into_iter().flatten().flatten() {
                    visit(xxh3_128(id.as_bytes()), (file.year, file.bucket));
                }
            }
        }
        Ok(())
    }

    /// Places and writes the rows of one temporary file, in parts that fit into memory.
    fn slot(
        &self,
        contract: &'static TableContract,
        slot: usize,
        known: Option<&Known>,
    ) -> Result<(), Error> {
        let (rows, bytes) = self.spill.finish(contract.name, slot)?;
        if rows == 0 {
            return Ok(());
        }
        // Rows, sort keys and sorted rows are in memory together, on each thread.
        let share = self.memory_bytes / (4 * self.threads.max(1) as u64);
        let parts = bytes.div_ceil(share.clamp(1, PART_BYTES)).max(1);
        for part in 0..parts {
            let batch = self.part(contract, slot, (part, parts))?;
            let placed = match contract.place {
                Place::Dimension => Placed { batch, places: None },
                Place::Settlement => settled(batch, slot),
                Place::Child => self.with_settlement(contract, batch, slot, known)?,
            };
            self.write(contract, &placed, &format!("{slot:03}-{part:03}"))?;
        }
        if contract.place != Place::Settlement {
            self.spill.remove(contract.name, slot);
        }
        Ok(())
    }

    /// The rows of a file whose person (or whole row) hashes into this part.
    fn part(
        &self,
        contract: &TableContract,
        slot: usize,
        (part, parts): (u64, u64),
    ) -> Result<RecordBatch, Error> {
        let mut batches = Vec::new();
        let mut schema = relation::schema(contract);
        for reader in self.spill.read(contract.name, slot, None)? {
            schema = reader.schema();
            for batch in reader {
                let batch = batch.map_err(|err| failed(&err))?;
                batches.push(if parts == 1 {
                    batch
                } else {
                    let rows = rows_of_part(contract, &batch, self.buckets, (part, parts));
                    super::rows::pick(&batch, rows)?
                });
            }
        }
        concat_batches(&schema, &batches).map_err(|err| failed(&err))
    }

    /// Children with the year of their settlement; those without one here go on to be looked up.
    fn with_settlement(
        &self,
        contract: &'static TableContract,
        batch: RecordBatch,
        slot: usize,
        known: Option<&Known>,
    ) -> Result<Placed, Error> {
        let number = i32::try_from(slot).unwrap_or(BUCKET_NOT_PLACED);
        let ids = batch.column_by_name("setl_id").and_then(|ids| ids.as_string_opt::<i32>());
        let (mut places, mut here, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
        for (row, id) in (0u64..).zip(ids.into_iter().flatten()) {
            let hash = xxh3_128(id.unwrap_or_default().as_bytes());
            match known.and_then(|known| known.get(&hash)) {
                Some((year, _)) => {
                    here.push(row);
                    places.push((*year, number));
                }
                None => elsewhere.push(row),
            }
        }
        if elsewhere.is_empty() {
            return Ok(Placed { batch, places: Some(places) });
        }
        let last = usize::try_from(self.buckets).unwrap_or(0);
        self.spill.write(contract.name, last, &super::rows::pick(&batch, elsewhere)?)?;
        Ok(Placed { batch: super::rows::pick(&batch, here)?, places: Some(places) })
    }

    /// Children whose settlement is not in their person's bucket, or who name no person.
    fn look_up_among_all(&self) -> Result<(), Error> {
        let last = usize::try_from(self.buckets).unwrap_or(0);
        for contract in self.children() {
            let (rows, bytes) = self.spill.finish(contract.name, last)?;
            if rows == 0 {
                continue;
            }
            let parts = bytes.div_ceil((self.memory_bytes / 4).clamp(1, PART_BYTES)).max(1);
            for part in 0..parts {
                let batch = self.part(contract, last, (part, parts))?;
                let mut wanted: HashMap<u128, Option<(i32, i32)>> = HashMap::new();
                let hashes: Vec<u128> = hashes_of_ids(&batch);
                wanted.extend(hashes.iter().map(|hash| (*hash, None)));
                self.each_settlement(None, |hash, place| {
                    if let Some(known) = wanted.get_mut(&hash) {
                        *known = Some(known.map_or(place, |old| old.min(place)));
                    }
                })?;
                let persons = batch.column_by_name("psn_no").and_then(|p| p.as_string_opt::<i32>());
                let own = |row: usize| match persons {
                    Some(persons) if persons.is_valid(row) => {
                        let own = bucket(persons.value(row), self.buckets);
                        i32::try_from(own).unwrap_or(BUCKET_NOT_PLACED)
                    }
                    _ => BUCKET_NOT_PLACED,
                };
                let places = hashes
                    .iter()
                    .enumerate()
                    .map(|(row, hash)| match wanted.get(hash) {
                        Some(Some(place)) => *place,
                        _ => (YEAR_NOT_PLACED, own(row)),
                    })
                    .collect();
                let placed = Placed { batch, places: Some(places) };
                self.write(contract, &placed, &format!("all-{part:03}"))?;
            }
        }
        Ok(())
    }

    /// Sorts the rows and writes one file for each year and bucket among them.
    fn write(
        &self,
        contract: &'static TableContract,
        placed: &Placed,
        name: &str,
    ) -> Result<(), Error> {
        let rows = placed.batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let hashes = digest::row_hashes(contract, &placed.batch);
        let order = order(contract, placed, &hashes)?;
        let columns = contract
            .columns
            .iter()
            .map(|column| match placed.batch.column_by_name(column.name) {
                Some(array) => take(array, &order, None),
                None => Ok(new_null_array(&relation::arrow_type(column.kind), rows)),
            })
            .collect::<Result<Vec<ArrayRef>, _>>()
            .map_err(|err| failed(&err))?;
        let sorted = RecordBatch::try_new(relation::schema(contract), columns)
            .map_err(|err| failed(&err))?;
        let order: Vec<usize> =
            order.values().iter().map(|row| usize::try_from(*row).unwrap_or(0)).collect();
        let place = |at: usize| placed.places.as_ref().map(|places| places[order[at]]);
        let file = format!("part-{}-{name}", self.load_id);
        let mut start = 0;
        while start < rows {
            let here = place(start);
            let length = (start..rows).take_while(|at| place(*at) == here).count();
            let ordered: Vec<u128> =
                order[start..start + length].iter().map(|row| hashes[*row]).collect();
            let slice = sorted.slice(start, length);
            self.transaction.write(contract, here, &file, &slice, &ordered)?;
            start += length;
        }
        Ok(())
    }
}

fn hashes_of_ids(batch: &RecordBatch) -> Vec<u128> {
    let ids = batch.column_by_name("setl_id").and_then(|ids| ids.as_string_opt::<i32>());
    let hash = |id: Option<&str>| xxh3_128(id.unwrap_or_default().as_bytes());
    ids.into_iter().flatten().map(hash).collect()
}

/// Rows by the hash of their person, so that a person's rows stay together; else by the row's own.
fn rows_of_part(
    contract: &TableContract,
    batch: &RecordBatch,
    buckets: u32,
    (part, parts): (u64, u64),
) -> Vec<u64> {
    let persons = batch.column_by_name("psn_no").and_then(|array| array.as_string_opt::<i32>());
    let persons = persons.filter(|persons| persons.null_count() == 0);
    let hashes: Vec<u64> = match persons {
        // The remainder by the number of buckets is the same for all of them.
        Some(persons) => persons
            .iter()
            .flatten()
            .map(|person| xxh3_64(person.as_bytes()) / u64::from(buckets))
            .collect(),
        None => digest::row_hashes(contract, batch)
            .into_iter()
            .map(|hash| u64::try_from(hash >> 64).unwrap_or(0))
            .collect(),
    };
    let chosen = |(row, hash): (u64, u64)| (hash % parts == part).then_some(row);
    (0u64..).zip(hashes).filter_map(chosen).collect()
}

fn settled(batch: RecordBatch, slot: usize) -> Placed {
    let number = i32::try_from(slot).unwrap_or(BUCKET_NOT_PLACED);
    let times = batch.column_by_name("setl_time").and_then(as_times);
    let year = |time: Option<i64>| time.map_or(YEAR_NOT_PLACED, year);
    let places = times.into_iter().flatten().map(|time| (year(time), number)).collect();
    Placed { batch, places: Some(places) }
}

/// The rows by bucket, year, sort columns and, where those are equal, by their content.
fn order(contract: &TableContract, placed: &Placed, hashes: &[u128]) -> Result<UInt32Array, Error> {
    let columns: Vec<ArrayRef> = contract
        .sort
        .iter()
        .filter_map(|name| placed.batch.column_by_name(name).map(Arc::clone))
        .collect();
    let fields = columns.iter().map(|c| SortField::new(c.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(|err| failed(&err))?;
    let keys = converter.convert_columns(&columns).map_err(|err| failed(&err))?;
    let rows = u32::try_from(placed.batch.num_rows()).map_err(|_| Error::Worker)?;
    let mut order: Vec<u32> = (0..rows).collect();
    let place =
        |row: usize| placed.places.as_ref().map_or((0, 0), |places| (places[row].1, places[row].0));
    order.sort_unstable_by(|a, b| {
        let (a, b) = (usize::try_from(*a).unwrap_or(0), usize::try_from(*b).unwrap_or(0));
        place(a)
            .cmp(&place(b))
            .then_with(|| keys.row(a).cmp(&keys.row(b)))
            .then_with(|| hashes[a].cmp(&hashes[b]))
    });
    Ok(UInt32Array::from(order))
}
