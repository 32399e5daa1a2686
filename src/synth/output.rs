//! Files of a synthetic city: a folder that appears whole or not at all, in Parquet and CSV.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::Timelike as _;
use encoding_rs::GB18030;
use rust_decimal::Decimal;

use super::columns::{Layout, Override, Rows};
use super::error::Error;
use super::row::date_of;
use crate::warehouse::arrow::array::{
    Array, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use crate::warehouse::parquet_crate::arrow::ArrowWriter;
use crate::warehouse::parquet_crate::basic::Compression;
use crate::warehouse::parquet_crate::file::properties::WriterProperties;
use crate::warehouse::parquet_crate::schema::types::ColumnPath;

/// Rows of a row group.
const ROW_GROUP: usize = 500_000;

/// How the tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Big tables in Parquet, small ones in CSV (UTF-8).
    Parquet,
    /// Everything in CSV, UTF-8.
    Csv,
    /// Everything in CSV, GB18030; answer key and truth are plain ASCII anyway.
    CsvGb18030,
}

impl Format {
    /// Whether the big tables are CSV.
    pub(super) fn is_csv(self) -> bool {
        self != Self::Parquet
    }
}

/// The folder being filled: a hidden neighbour of the target, removed unless it becomes the target.
pub(super) struct Folder {
    target: PathBuf,
    partial: PathBuf,
    done: bool,
}

impl Folder {
    /// A new hidden folder beside `target`, which must not exist or be empty.
    pub(super) fn create(target: &Path) -> Result<Self, Error> {
        if target.is_file() {
            return Err(Error::OutIsFile { path: target.to_owned() });
        }
        if target.is_dir() {
            let entries = fs::read_dir(target).map_err(|source| Error::write(target, source))?;
            if entries.count() > 0 {
                return Err(Error::OutNotEmpty { path: target.to_owned() });
            }
        }
        let absolute =
            std::path::absolute(target).map_err(|source| Error::write(target, source))?;
        let name = absolute.file_name().ok_or_else(|| {
            Error::write(target, io::Error::new(io::ErrorKind::InvalidInput, "no folder name"))
        })?;
        let hidden = format!(".{}.partial-{}", name.to_string_lossy(), std::process::id());
        let partial = absolute.with_file_name(hidden);
        fs::create_dir_all(&partial).map_err(|source| Error::write(target, source))?;
        Ok(Self { target: absolute, partial, done: false })
    }

    /// Where a file is written.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// The folder becomes the target; the names of its files, sorted.
    pub(super) fn finish(mut self) -> Result<Vec<String>, Error> {
        let failed = |source| Error::write(&self.target, source);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.partial).map_err(failed)? {
            files.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        files.sort_unstable();
        if self.target.is_dir() {
            fs::remove_dir(&self.target).map_err(failed)?;
        }
        fs::rename(&self.partial, &self.target).map_err(failed)?;
        self.done = true;
        Ok(files)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.done {
            // What failed is already on its way to the user; a folder left over is hidden.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// A file that takes whole records as UTF-8 text and may turn them into GB18030.
struct Encoded {
    file: BufWriter<File>,
    gb18030: bool,
}

impl Write for Encoded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gb18030 {
            let text = std::str::from_utf8(bytes)
                .map_err(|wrong| io::Error::new(io::ErrorKind::InvalidData, wrong))?;
            self.file.write_all(&GB18030.encode(text).0)?;
        } else {
            self.file.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A CSV file; records are gathered and handed on whole.
pub(super) struct CsvFile {
    path: PathBuf,
    records: csv::Writer<Vec<u8>>,
    file: Encoded,
}

/// Bytes of records gathered before they are handed on.
const GATHERED: usize = 1 << 20;

impl CsvFile {
    /// A new file with its header.
    pub(super) fn create(path: PathBuf, header: &[&str], format: Format) -> Result<Self, Error> {
        let file = File::create(&path).map_err(|source| Error::write(&path, source))?;
        let gb18030 = format == Format::CsvGb18030;
        let file = Encoded { file: BufWriter::new(file), gb18030 };
        let mut csv = Self { path, records: csv::Writer::from_writer(Vec::new()), file };
        csv.record(header)?;
        Ok(csv)
    }

    /// One record.
    pub(super) fn record<T: AsRef<[u8]>>(&mut self, fields: &[T]) -> Result<(), Error> {
        self.records
            .write_record(fields)
            .map_err(|source| Error::Csv { path: self.path.clone(), source })?;
        if self.records.get_ref().len() >= GATHERED {
            self.hand_on()?;
        }
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), Error> {
        let failed = |source| Error::write(&self.path, source);
        self.records.flush().map_err(failed)?;
        let full = std::mem::replace(&mut self.records, csv::Writer::from_writer(Vec::new()));
        let bytes = full.into_inner().map_err(|wrong| {
            Error::write(&self.path, io::Error::other(wrong.error().to_string()))
        })?;
        self.file.write_all(&bytes).map_err(|source| Error::write(&self.path, source))
    }

    /// Everything is on disk.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.hand_on()?;
        self.file.flush().map_err(|source| Error::write(&self.path, source))
    }

    /// All rows of a batch.
    fn batch(&mut self, batch: &RecordBatch, overrides: &[Override]) -> Result<(), Error> {
        let columns: Vec<Values<'_>> =
            batch.columns().iter().filter_map(|array| Values::of(array)).collect();
        let mut record = csv::StringRecord::new();
        let mut field = String::new();
        for row in 0..batch.num_rows() {
            record.clear();
            let other = overrides.iter().find(|other| other.row == row);
            for (position, column) in columns.iter().enumerate() {
                field.clear();
                match other {
                    Some(other) if other.column == position => field.push_str(&other.text),
                    _ => column.print(row, &mut field),
                }
                record.push_field(&field);
            }
            self.records
                .write_record(&record)
                .map_err(|source| Error::Csv { path: self.path.clone(), source })?;
        }
        self.hand_on()
    }
}

/// The values of a column, typed.
enum Values<'a> {
    Text(&'a StringArray),
    Decimal(&'a Decimal128Array),
    Whole(&'a Int64Array),
    Time(&'a TimestampMicrosecondArray),
}

impl<'a> Values<'a> {
    fn of(array: &'a dyn Array) -> Option<Self> {
        let any = array.as_any();
        None.or_else(|| any.downcast_ref().map(Self::Text))
            .or_else(|| any.downcast_ref().map(Self::Decimal))
            .or_else(|| any.downcast_ref().map(Self::Whole))
            .or_else(|| any.downcast_ref().map(Self::Time))
    }

    /// The value as it stands in a CSV file; nothing where it is missing.
    fn print(&self, row: usize, text: &mut String) {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Text(array) if array.is_valid(row) => text.write_str(array.value(row)),
            Self::Decimal(array) if array.is_valid(row) => {
                print_decimal(array.value(row), array.scale(), text)
            }
            Self::Whole(array) if array.is_valid(row) => write!(text, "{}", array.value(row)),
            Self::Time(array) if array.is_valid(row) => {
                print_time(array.value(row).div_euclid(1_000_000), text)
            }
            _ => Ok(()),
        };
    }
}

/// Amounts with two places, other numbers without trailing zeros.
fn print_decimal(units: i128, scale: i8, text: &mut String) -> std::fmt::Result {
    use std::fmt::Write as _;
    let places = u32::try_from(scale).unwrap_or(0);
    let decimal = Decimal::from_i128_with_scale(units, places);
    if places == 2 { write!(text, "{decimal}") } else { write!(text, "{}", decimal.normalize()) }
}

/// `yyyy-mm-dd hh:mm:ss`.
pub(super) fn print_time(seconds: i64, text: &mut String) -> std::fmt::Result {
    use std::fmt::Write as _;
    let date = date_of(seconds);
    let of_day = u32::try_from(seconds.rem_euclid(super::row::DAY)).unwrap_or(0);
    let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(of_day, 0).unwrap_or_default();
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    write!(text, "{date} {hour:02}:{minute:02}:{second:02}")
}

/// A file of a big table.
pub(super) enum TableFile {
    Parquet(PathBuf, Box<ArrowWriter<File>>),
    Csv(Box<CsvFile>),
}

impl TableFile {
    /// A new file for the rows of `rows`.
    pub(super) fn create(path: PathBuf, rows: &Rows, format: Format) -> Result<Self, Error> {
        let layout = rows.layout();
        if format.is_csv() {
            let schema = rows.schema();
            let header: Vec<&str> =
                schema.fields().iter().map(|field| field.name().as_str()).collect();
            return Ok(Self::Csv(Box::new(CsvFile::create(path, &header, format)?)));
        }
        let file = File::create(&path).map_err(|source| Error::write(&path, source))?;
        match ArrowWriter::try_new(file, rows.schema(), Some(properties(layout))) {
            Ok(writer) => Ok(Self::Parquet(path, Box::new(writer))),
            Err(source) => Err(Error::Parquet { path, source }),
        }
    }

    /// Moves all rows into the file.
    pub(super) fn drain(&mut self, rows: &mut Rows) -> Result<(), Error> {
        let (batch, overrides) = rows.take()?;
        match self {
            Self::Parquet(path, writer) => {
                writer.write(&batch).map_err(|source| Error::Parquet { path: path.clone(), source })
            }
            Self::Csv(file) => file.batch(&batch, &overrides),
        }
    }

    /// Everything is on disk.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self {
            Self::Parquet(path, writer) => match writer.close() {
                Ok(_) => Ok(()),
                Err(source) => Err(Error::Parquet { path, source }),
            },
            Self::Csv(file) => file.finish(),
        }
    }
}

/// Snappy; no dictionary for columns whose values hardly repeat.
fn properties(layout: Layout) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP));
    for column in layout.distinct {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    properties.build()
}
