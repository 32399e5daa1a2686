//! Parquet files: result tables written and read whole, data files of the warehouse, foreign
//! sources.
//!
//! What is written depends on the rows alone: no clock, a constant `created_by`, fixed row groups.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::basic::Compression;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::SortingColumn;
use datafusion::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
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
        .and_then(|mut file| write_batch(&mut file, &batch, result_properties(&batch.schema())))
        .map_err(disk_error)
        .and_then(|()| std::fs::rename(&part, path));
    written.map_err(|err| {
        // What is left is of no use; failing to remove it is not worse than the failure itself.
        let _ = std::fs::remove_file(&part);
        failed(err)
    })
}

/// A result table written piece by piece: no more of it than two row groups is in memory. It has the bytes
/// that [`write_table`] gives it, however it was cut.
pub struct TableWriter {
    path: PathBuf,
    /// None before the first row group, which says what the columns are.
    writer: Option<ArrowWriter<File>>,
    /// Pieces of the row group at hand.
    waiting: Vec<RecordBatch>,
    rows: usize,
}

impl TableWriter {
    /// A writer of a new file at `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), writer: None, waiting: Vec::new(), rows: 0 }
    }

    /// Writes the next rows; the columns are those of the first piece.
    ///
    /// # Errors
    /// [`TableFileError`]; what was written is then of no use.
    pub fn add(&mut self, piece: &Table) -> Result<(), TableFileError> {
        let mut batch = relation::to_batch(piece)
            .map_err(|source| TableFileError::Type { path: self.path.clone(), source })?;
        self.rows += batch.num_rows();
        loop {
            let waiting: usize = self.waiting.iter().map(RecordBatch::num_rows).sum();
            let room = ROW_GROUP_ROWS - waiting;
            if batch.num_rows() < room {
                self.waiting.push(batch);
                return Ok(());
            }
            self.waiting.push(batch.slice(0, room));
            batch = batch.slice(room, batch.num_rows() - room);
            self.write_waiting().map_err(|err| self.failed(err))?;
        }
    }

    /// Ends the file and says how many rows it has. Without any piece there is no file.
    ///
    /// # Errors
    /// [`TableFileError::Write`].
    pub fn finish(mut self) -> Result<usize, TableFileError> {
        self.write_waiting().map_err(|err| self.failed(err))?;
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(|err| self.failed(err))?;
        }
        Ok(self.rows)
    }

    fn write_waiting(&mut self) -> Result<(), ParquetError> {
        let Some(first) = self.waiting.first() else { return Ok(()) };
        let schema = first.schema();
        let batch = concat_batches(&schema, &self.waiting)?;
        self.waiting.clear();
        if self.writer.is_none() {
            let file = File::create(&self.path)?;
            let properties = result_properties(&schema);
            self.writer = Some(ArrowWriter::try_new(file, schema, Some(properties))?);
        }
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(&batch))
    }

    fn failed(&self, err: ParquetError) -> TableFileError {
        TableFileError::Write { path: self.path.clone(), source: disk_error(err) }
    }
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
) -> Result<(), ParquetError> {
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
    writer.write(batch)?;
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
    write_batch(&mut file, batch, builder.build()).map_err(|err| {
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

    /// 300 000 rows: more than a row group, and pages that end by rows and by bytes.
    #[test]
    fn a_table_written_in_pieces_has_the_bytes_of_one_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let make = |rows: std::ops::Range<i64>| {
            Table::new("case")
                .with("setl_id", Column::text(rows.clone().map(|row| format!("S{row:020}"))))
                .with("class", Column::text(rows.clone().map(|row| format!("c{}", row % 7))))
                .with("month", Column::whole(rows.clone().map(|row| row % 12)))
                .with("pay_yuan", Column::yuan(rows.map(|row| row * row % 1_000_003)))
        };
        let (whole, pieces) = (folder.path().join("whole"), folder.path().join("pieces"));
        write_table(&make(0..300_000), &whole).unwrap();
        let mut writer = TableWriter::new(&pieces);
        for cut in [0, 1, 700, 20_480, 262_143, 262_144, 270_000, 300_000].windows(2) {
            writer.add(&make(cut[0]..cut[1])).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 300_000);
        assert!(std::fs::read(&pieces).unwrap() == std::fs::read(&whole).unwrap());
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
