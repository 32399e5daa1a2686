//! Rows on their way from sources to tables, on disk: one temporary file per table and bucket.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::warehouse::arrow::array::{ArrayRef, RecordBatch, new_null_array};
use crate::warehouse::arrow::datatypes::{Field, Schema, SchemaRef};
use crate::warehouse::arrow::ipc::reader::StreamReader;
use crate::warehouse::arrow::ipc::writer::StreamWriter;
use crate::warehouse::contract::TableContract;
use crate::warehouse::relation::arrow_type;
use crate::warehouse::store::Error;

/// One temporary file.
#[derive(Default)]
struct Slot {
    writer: Option<StreamWriter<BufWriter<File>>>,
    rows: u64,
}

/// The temporary files of one table.
struct Table {
    contract: &'static TableContract,
    /// The columns that any source fills.
    schema: SchemaRef,
    slots: Vec<Mutex<Slot>>,
}

/// The temporary files of a load.
pub(crate) struct Spill {
    folder: PathBuf,
    tables: BTreeMap<&'static str, Table>,
}

impl Spill {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), tables: BTreeMap::new() }
    }

    /// Makes room for a table: `filled` says which columns will come, `slots` in how many files.
    pub(crate) fn add(
        &mut self,
        contract: &'static TableContract,
        slots: usize,
        filled: impl Fn(&str) -> bool,
    ) {
        let fields: Vec<Field> = contract
            .columns
            .iter()
            .filter(|column| filled(column.name))
            .map(|column| Field::new(column.name, arrow_type(column.kind), true))
            .collect();
        let slots = (0..slots).map(|_| Mutex::new(Slot::default())).collect();
        let schema = Arc::new(Schema::new(fields));
        self.tables.insert(contract.name, Table { contract, schema, slots });
    }

    /// The tables, by name.
    pub(crate) fn contracts(&self) -> impl Iterator<Item = &'static TableContract> + '_ {
        self.tables.values().map(|table| table.contract)
    }

    fn path(&self, table: &str, slot: usize) -> PathBuf {
        self.folder.join(format!("{table}-{slot}.arrow"))
    }

    fn slot(&self, table: &str, slot: usize) -> Option<(&Table, &Mutex<Slot>)> {
        let table = self.tables.get(table)?;
        Some((table, table.slots.get(slot)?))
    }

    /// Appends rows; columns that the batch lacks are gaps.
    pub(crate) fn write(&self, table: &str, slot: usize, batch: &RecordBatch) -> Result<(), Error> {
        let Some((known, place)) = self.slot(table, slot) else { return Ok(()) };
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let path = self.path(table, slot);
        let failed = |err| Error::arrow_write(&path, err);
        let columns: Vec<ArrayRef> = known
            .schema
            .fields()
            .iter()
            .map(|field| match batch.column_by_name(field.name()) {
                Some(column) => Arc::clone(column),
                None => new_null_array(field.data_type(), batch.num_rows()),
            })
            .collect();
        let batch = RecordBatch::try_new(Arc::clone(&known.schema), columns).map_err(failed)?;
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.writer.is_none() {
            let file = File::create(&path).map_err(|err| Error::write(&path, err))?;
            let buffered = BufWriter::with_capacity(64 * 1024, file);
            place.writer = Some(StreamWriter::try_new(buffered, &known.schema).map_err(failed)?);
        }
        if let Some(writer) = &mut place.writer {
            writer.write(&batch).map_err(failed)?;
        }
        place.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Ends writing to a file; gives its rows and bytes.
    pub(crate) fn finish(&self, table: &str, slot: usize) -> Result<(u64, u64), Error> {
        let Some((_, place)) = self.slot(table, slot) else { return Ok((0, 0)) };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(table, slot);
        if let Some(mut writer) = place.writer.take() {
            writer.finish().map_err(|err| Error::arrow_write(&path, err))?;
            let buffered = writer.into_inner().map_err(|err| Error::arrow_write(&path, err))?;
            // A full disk can show as late as here.
            buffered.into_inner().map_err(|err| Error::write(&path, err.into_error()))?;
        }
        if place.rows == 0 {
            return Ok((0, 0));
        }
        let bytes = std::fs::metadata(&path).map_err(|err| Error::read(&path, err))?.len();
        Ok((place.rows, bytes))
    }

    /// The rows of a finished file, batch by batch, `columns` or all of them.
    pub(crate) fn read(
        &self,
        table: &str,
        slot: usize,
        columns: Option<&[&str]>,
    ) -> Result<Vec<StreamReader<std::io::BufReader<File>>>, Error> {
        let Some((known, place)) = self.slot(table, slot) else { return Ok(Vec::new()) };
        if place.lock().unwrap_or_else(PoisonError::into_inner).rows == 0 {
            return Ok(Vec::new());
        }
        let path = self.path(table, slot);
        let file = File::open(&path).map_err(|err| Error::read(&path, err))?;
        let projection = columns.map(|columns| {
            columns.iter().filter_map(|name| known.schema.index_of(name).ok()).collect()
        });
        let reader = StreamReader::try_new_buffered(file, projection)
            .map_err(|err| Error::damaged(&path, &err))?;
        Ok(vec![reader])
    }

    /// The disk is needed for what follows.
    pub(crate) fn remove(&self, table: &str, slot: usize) {
        // What stays is removed with the folder.
        let _ = std::fs::remove_file(self.path(table, slot));
    }
}
