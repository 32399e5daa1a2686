//! Parquet files: result tables written and read whole, data files of the warehouse, foreign
//! sources.
//!
//! What is written depends on the rows alone: no clock, a constant `created_by`, fixed row groups.

use std::collections::BTreeMap;
use std::fs::File;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use datafusion::parquet::basic::Compression;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::SortingColumn;
use datafusion::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use datafusion::parquet::file::writer::SerializedFileWriter;
use datafusion::parquet::schema::types::ColumnPath;

use super::contract::TableContract;
use super::relation::{self, RelationError};
use super::store::{Error, Leaf};
use crate::explain::{Explain, Kind};
use crate::table::Table;

/// Rows of a row group: small enough to skip, large enough to compress.
const ROW_GROUP_ROWS: usize = 256 * 1024;

/// Columns with (almost) as many values as rows: a dictionary of them costs time and saves nothing.
const UNIQUE_COLUMNS: &[&str] =
    &["setl_id", "mdtrt_id", "medins_setl_id", "init_setl_id", "feedetl_sn"];

/// A result table that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFileError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no Parquet file, or half of one.
    #[error("`{}` is not a whole Parquet file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What its reader says.
        source: Leaf,
    },
    /// A column that a result table cannot hold.
    #[error("`{}` is not a result table", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The column.
        source: RelationError,
    },
}

impl Explain for TableFileError {
    fn kind(&self) -> Kind {
        Kind::Input
    }
}

fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_created_by(concat!("dianshu ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
}

/// How a result table is written: no dictionary for what has (almost) as many values as rows.
fn result_properties(schema: &Schema) -> WriterProperties {
    let is_many = |field: &&Arc<Field>| {
        UNIQUE_COLUMNS.contains(&field.name().as_str())
            || matches!(field.data_type(), DataType::Decimal128(..))
    };
    let many = schema.fields().iter().filter(is_many);
    let without = |builder: WriterPropertiesBuilder, field: &Arc<Field>| {
        builder.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false)
    };
    many.fold(properties(), without).build()
}

/// Writes a result table; same table, same bytes. A file of that name is replaced in one step.
///
/// # Errors
/// [`TableFileError`] if the folder cannot be written; the old file is then still there.
pub fn write_table(table: &Table, path: &Path) -> Result<(), TableFileError> {
    let failed = |source| TableFileError::Write { path: path.to_owned(), source };
    let batch = relation::to_batch(table)
        .map_err(|source| TableFileError::Type { path: path.to_owned(), source })?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    let part = path.with_file_name(name);
    let written = File::create(&part)
        .map_err(ParquetError::from)
        .and_then(|mut file| {
            let properties = result_properties(&batch.schema());
            write_batch(&mut file, &batch, properties, SLICE_ROWS)
        })
        .map_err(disk_error)
        .and_then(|()| std::fs::rename(&part, path));
    written.map_err(|err| {
        // What is left is of no use; failing to remove it is not worse than the failure itself.
        let _ = std::fs::remove_file(&part);
        failed(err)
    })
}

/// Rows of a result table that are made, encoded and forgotten at a time: few enough to stay in the cache. Row
/// groups are whole slices, for where pages end depends on what is handed to the encoder.
const SLICE_ROWS: usize = 16 * 1024;

/// Row groups that are made at a time, however many threads there are: each is in memory.
const MOST_GROUPS: usize = 4;

/// A result table written row group by row group, some of them made beside each other: no more of it is
/// in memory. What is written once has the bytes that [`write_table`] gives it, whatever the threads.
pub struct TableWriter {
    path: PathBuf,
    threads: usize,
    /// None before the first rows, which say what the columns are.
    open: Option<OpenFile>,
    rows: usize,
}

/// A file whose columns are known.
struct OpenFile {
    schema: SchemaRef,
    file: SerializedFileWriter<File>,
    groups: ArrowRowGroupWriterFactory,
}

impl TableWriter {
    /// A writer of a new file at `path`.
    #[must_use]
    pub fn new(path: &Path, threads: NonZeroUsize) -> Self {
        let threads = threads.get().min(MOST_GROUPS);
        Self { path: path.to_owned(), threads, open: None, rows: 0 }
    }

    /// Writes `rows` more rows, the last row group of which may be a short one; `make` gives the rows of a
    /// range, always with the same columns.
    ///
    /// # Errors
    /// [`TableFileError`]; what was written is then of no use.
    pub fn add(
        &mut self,
        rows: usize,
        make: impl Fn(Range<usize>) -> Table + Sync,
    ) -> Result<(), TableFileError> {
        let batch = |range: Range<usize>| {
            relation::to_batch(&make(range))
                .map_err(|source| TableFileError::Type { path: self.path.clone(), source })
        };
        if self.open.is_none() {
            let schema = batch(0..0)?.schema();
            self.open = Some(OpenFile::new(&self.path, schema).map_err(|err| self.failed(err))?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let failed =
            |err| TableFileError::Write { path: self.path.clone(), source: disk_error(err) };
        let starts: Vec<usize> = (0..rows).step_by(ROW_GROUP_ROWS).collect();
        let (groups, schema) = (&open.groups, &open.schema);
        let encode = |start: usize| {
            // The number of the row group matters to encrypted files alone.
            let mut writers = groups.create_column_writers(0).map_err(failed)?;
            let end = rows.min(start + ROW_GROUP_ROWS);
            for first in (start..end).step_by(SLICE_ROWS) {
                let slice = batch(first..end.min(first + SLICE_ROWS))?;
                encode_slice(&mut writers, schema, &slice).map_err(failed)?;
            }
            writers
                .into_iter()
                .map(ArrowColumnWriter::close)
                .collect::<Result<_, _>>()
                .map_err(failed)
        };
        let (next, file) = (AtomicUsize::new(0), &mut open.file);
        let (made, waiting) = sync_channel(self.threads);
        let work = |made: SyncSender<_>| {
            while let Some(start) = starts.get(next.fetch_add(1, Ordering::Relaxed)) {
                if made.send((*start, encode(*start))).is_err() {
                    // The file cannot be written, and the other side says why.
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for made in std::iter::repeat_n(made, self.threads) {
                scope.spawn(|| work(made));
            }
            let mut turns = starts.iter().peekable();
            let mut early = BTreeMap::new();
            for (start, chunks) in waiting {
                early.insert(start, chunks);
                while let Some(chunks) = turns.peek().and_then(|start| early.remove(*start)) {
                    append(file, chunks?).map_err(failed)?;
                    turns.next();
                }
            }
            Ok(())
        })?;
        self.rows += rows;
        Ok(())
    }

    /// Ends the file and says how many rows it has. Where nothing was added there is no file.
    ///
    /// # Errors
    /// [`TableFileError::Write`].
    pub fn finish(mut self) -> Result<usize, TableFileError> {
        if let Some(open) = self.open.take() {
            open.file.close().map_err(|err| self.failed(err))?;
        }
        Ok(self.rows)
    }

    fn failed(&self, err: ParquetError) -> TableFileError {
        TableFileError::Write { path: self.path.clone(), source: disk_error(err) }
    }
}

impl OpenFile {
    fn new(path: &Path, schema: SchemaRef) -> Result<Self, ParquetError> {
        let properties = result_properties(&schema);
        let file = File::create(path)?;
        let writer = ArrowWriter::try_new(file, SchemaRef::clone(&schema), Some(properties))?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Self { schema, file, groups })
    }
}

/// Adds a row group.
fn append(
    file: &mut SerializedFileWriter<File>,
    chunks: Vec<ArrowColumnChunk>,
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    for chunk in chunks {
        chunk.append_to_row_group(&mut group)?;
    }
    group.close()?;
    Ok(())
}

/// Adds rows to the columns of a row group.
fn encode_slice(
    writers: &mut [ArrowColumnWriter],
    schema: &Schema,
    rows: &RecordBatch,
) -> Result<(), ParquetError> {
    let mut writers = writers.iter_mut();
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        for leaf in compute_leaves(field, column)? {
            if let Some(writer) = writers.next() {
                writer.write(&leaf)?;
            }
        }
    }
    Ok(())
}

/// The disk's own error where it was the disk.
fn disk_error(err: ParquetError) -> std::io::Error {
    match err {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(disk) => *disk,
            Err(other) => std::io::Error::other(other.to_string()),
        },
        other => std::io::Error::other(other.to_string()),
    }
}

fn write_batch(
    file: &mut File,
    batch: &RecordBatch,
    properties: WriterProperties,
    slice_rows: usize,
) -> Result<(), ParquetError> {
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
    for first in (0..batch.num_rows()).step_by(slice_rows) {
        writer.write(&batch.slice(first, slice_rows.min(batch.num_rows() - first)))?;
    }
    writer.close()?;
    Ok(())
}

/// Reads a result table; its name is the file's without the ending.
///
/// # Errors
/// [`TableFileError`] if the file is missing, damaged or holds other types than a result table.
pub fn read_table(path: &Path) -> Result<Table, TableFileError> {
    let damaged = |err: &dyn std::error::Error| TableFileError::Damaged {
        path: path.to_owned(),
        source: Leaf(err.to_string()),
    };
    let file = File::open(path)
        .map_err(|source| TableFileError::Read { path: path.to_owned(), source })?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|err| damaged(&err))?;
    let schema = SchemaRef::clone(builder.schema());
    let reader = builder.build().map_err(|err| damaged(&err))?;
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|err| damaged(&err))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    relation::from_batches(&name, &schema, &batches)
        .map_err(|source| TableFileError::Type { path: path.to_owned(), source })
}

/// Writes one data file of the warehouse: `batch` holds all its rows, sorted, in storage types.
///
/// # Errors
/// [`Error::Write`] with the disk's words; the part written is removed.
pub(crate) fn write_data_file(
    contract: &TableContract,
    batch: &RecordBatch,
    path: &Path,
) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|err| Error::write(folder, err))?;
    }
    let sorted = contract
        .sort
        .iter()
        .filter_map(|name| batch.schema().index_of(name).ok())
        .filter_map(|at| i32::try_from(at).ok())
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: true })
        .collect();
    let mut builder = properties().set_sorting_columns(Some(sorted));
    for name in UNIQUE_COLUMNS {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(*name), false);
    }
    let mut file = File::create(path).map_err(|err| Error::write(path, err))?;
    write_batch(&mut file, batch, builder.build(), batch.num_rows().max(1)).map_err(|err| {
        // What is left would be an orphan; failing to remove it is not worse than that.
        let _ = std::fs::remove_file(path);
        Error::parquet_write(path, err)
    })
}

/// The columns named of a file of ours, batch by batch.
///
/// # Errors
/// [`Error::Read`] or [`Error::Damaged`].
pub(crate) fn read_columns(
    path: &Path,
    columns: &[&str],
) -> Result<ParquetRecordBatchReader, Error> {
    let file = File::open(path).map_err(|err| Error::read(path, err))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|err| Error::damaged(path, &err))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    builder
        .with_projection(mask)
        .with_batch_size(64 * 1024)
        .build()
        .map_err(|err| Error::damaged(path, &err))
}

/// A Parquet file that somebody else wrote.
#[derive(Debug)]
pub(crate) struct Source {
    builder: ParquetRecordBatchReaderBuilder<File>,
}

impl Source {
    /// Opens the file and reads its footer.
    ///
    /// # Errors
    /// The reader's words; the disk's error is among its causes.
    pub(crate) fn open(file: File) -> Result<Self, Leaf> {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|err| Leaf(err.to_string()))?;
        Ok(Self { builder })
    }

    /// Its columns.
    pub(crate) fn schema(&self) -> &Schema {
        self.builder.schema()
    }

    /// Rows that its footer promises.
    pub(crate) fn rows(&self) -> u64 {
        u64::try_from(self.builder.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// The columns at these positions, `batch_rows` rows at a time.
    pub(crate) fn batches(
        self,
        columns: &[usize],
        batch_rows: usize,
    ) -> Result<ParquetRecordBatchReader, Leaf> {
        let mask = ProjectionMask::roots(self.builder.parquet_schema(), columns.iter().copied());
        self.builder
            .with_projection(mask)
            .with_batch_size(batch_rows)
            .build()
            .map_err(|err| Leaf(err.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::{TableFileError, TableWriter, read_table, write_table};
    use crate::table::{Column, Table};

    fn pool() -> Table {
        Table::new("pool")
            .with("pool", Column::text(["all", "310"]))
            .with("paid_yuan", Column::yuan([160_000, -1]))
    }

    #[test]
    fn a_table_is_read_as_it_was_written_and_written_the_same_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.parquet");
        write_table(&pool(), &path).unwrap();
        assert_eq!(read_table(&path).unwrap(), pool());
        let first = std::fs::read(&path).unwrap();
        write_table(&pool(), &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// 600 000 rows: three row groups, and pages that end by rows and by bytes.
    #[test]
    fn a_table_written_by_threads_has_the_bytes_of_one_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let make = |rows: std::ops::Range<usize>| {
            let numbers = || rows.clone().map(|row| i64::try_from(row).unwrap());
            Table::new("case")
                .with("setl_id", Column::text(numbers().map(|row| format!("S{row:020}"))))
                .with("class", Column::text(numbers().map(|row| format!("c{}", row % 7))))
                .with("month", Column::whole(numbers().map(|row| row % 12)))
                .with("pay_yuan", Column::yuan(numbers().map(|row| row * row % 1_000_003)))
        };
        let whole = folder.path().join("whole");
        write_table(&make(0..600_000), &whole).unwrap();
        for threads in [1, 2, 3, 64] {
            let path = folder.path().join(format!("by-{threads}"));
            let mut writer = TableWriter::new(&path, NonZeroUsize::new(threads).unwrap());
            writer.add(600_000, make).unwrap();
            assert_eq!(writer.finish().unwrap(), 600_000);
            assert!(std::fs::read(&path).unwrap() == std::fs::read(&whole).unwrap(), "{threads}");
        }
    }

    #[test]
    fn rows_added_twice_follow_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.parquet");
        let mut writer = TableWriter::new(&path, NonZeroUsize::MIN);
        let numbers = |rows: std::ops::Range<usize>| rows.map(|row| i64::try_from(row).unwrap());
        let make = |rows| Table::new("case").with("month", Column::whole(numbers(rows)));
        writer.add(3, make).unwrap();
        writer.add(2, make).unwrap();
        assert_eq!(writer.finish().unwrap(), 5);
        let found = read_table(&path).unwrap();
        assert_eq!(found.columns[0].1, Column::whole([0, 1, 2, 0, 1]));
    }

    #[test]
    fn half_a_file_is_named_as_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.parquet");
        write_table(&pool(), &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(matches!(read_table(&path), Err(TableFileError::Damaged { .. })));
    }

    #[test]
    fn an_empty_table_keeps_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.parquet");
        let table = Table::new("empty").with("cases", Column::Whole(Vec::new()));
        write_table(&table, &path).unwrap();
        assert_eq!(read_table(&path).unwrap(), table);
    }
}
