//! One CSV file of a catalog: text cells under a fixed header.

use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::Error;
use crate::explain;
use crate::units::{Fen, Points, exact};

/// Excel takes a file without it for the local encoding.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A CSV file as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Sheet {
    /// UTF-8 with a byte order mark, lines ending in LF, quotes only where needed.
    pub(super) fn to_bytes(&self, file: &str) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::Csv { file: file.to_owned(), source };
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(BYTE_ORDER_MARK.to_vec());
        writer.write_record(&self.header).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(row).map_err(failed)?;
        }
        writer.into_inner().map_err(|err| failed(err.into_error().into()))
    }
}

/// The rows of a file that was read, with their places for messages.
pub(super) struct Reader<'a> {
    file: &'a str,
    header: Vec<String>,
    records: csv::StringRecordsIntoIter<&'a [u8]>,
}

impl<'a> Reader<'a> {
    /// Checks the header against the one this file has in every catalog.
    pub(super) fn open(file: &'a str, bytes: &'a [u8], header: &[String]) -> Result<Self, Error> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let failed = |source| Error::Csv { file: file.to_owned(), source };
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        let found = reader.headers().map_err(failed)?.clone();
        for column in &found {
            if !header.iter().any(|known| known == column) {
                return Err(Error::UnknownColumn {
                    file: file.to_owned(),
                    column: column.to_owned(),
                    nearest: explain::nearest(column, header.iter().map(String::as_str))
                        .map(str::to_owned),
                });
            }
        }
        for (at, column) in header.iter().enumerate() {
            if found.get(at) != Some(column) {
                let (file, column) = (file.to_owned(), column.clone());
                return Err(Error::MissingColumn { file, column });
            }
        }
        Ok(Self { file, header: header.to_vec(), records: reader.into_records() })
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        let record = match self.records.next() {
            None => return Ok(None),
            Some(Ok(record)) => record,
            Some(Err(source)) => return Err(Error::Csv { file: self.file.to_owned(), source }),
        };
        let line = record.position().map_or(0, csv::Position::line);
        Ok(Some(Row { file: self.file, header: &self.header, record, line, at: 0 }))
    }
}

/// One row, read cell by cell from the left.
pub(super) struct Row<'a> {
    file: &'a str,
    header: &'a [String],
    record: csv::StringRecord,
    line: u64,
    at: usize,
}

impl Row<'_> {
    /// The next cell as it stands.
    pub(super) fn text(&mut self) -> String {
        let value = self.record.get(self.at).unwrap_or_default().to_owned();
        self.at = self.at.saturating_add(1);
        value
    }

    /// The next cell, which must not be empty.
    pub(super) fn code(&mut self) -> Result<String, Error> {
        let value = self.text();
        if value.is_empty() { Err(self.wrong(&value, "a code")) } else { Ok(value) }
    }

    /// The next cell as a number.
    pub(super) fn whole<N: FromStr>(&mut self) -> Result<N, Error> {
        let value = self.text();
        value.parse().map_err(|_| self.wrong(&value, "a whole number"))
    }

    /// The next cell as yuan.
    pub(super) fn yuan(&mut self) -> Result<Fen, Error> {
        let value = self.text();
        value.parse().map_err(|_| self.wrong(&value, "an amount in yuan with two decimals"))
    }

    /// The next cell as a decimal with at most `places` decimals.
    pub(super) fn decimal(&mut self, places: u32) -> Result<Decimal, Error> {
        let value = self.text();
        let decimal = Decimal::from_str_exact(&value).ok();
        let fits = decimal.filter(|decimal| decimal.normalize().scale() <= places);
        fits.ok_or_else(|| self.wrong(&value, &format!("a decimal with {places} places")))
    }

    /// The next cell as units of the last of exactly `places` decimals.
    pub(super) fn fixed(&mut self, places: u32) -> Result<i128, Error> {
        let value = self.text();
        let units = super::tables::units(&value, places);
        units.ok_or_else(|| self.wrong(&value, &format!("a decimal with {places} places")))
    }

    /// The next cell as a day.
    pub(super) fn day(&mut self) -> Result<NaiveDate, Error> {
        let value = self.text();
        value.parse().map_err(|_| self.wrong(&value, "a day written as 2024-01-31"))
    }

    /// The next cell as points with at most `places` decimals.
    pub(super) fn points(&mut self, places: u32) -> Result<Points, Error> {
        let value = self.decimal(places)?;
        Points::from_ratio(&exact(value), places)
            .ok_or_else(|| self.wrong(&value.to_string(), "a number of points"))
    }

    /// The next cell with `read`, or nothing if it is empty.
    pub(super) fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.record.get(self.at).is_none_or(str::is_empty) {
            self.at = self.at.saturating_add(1);
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// The error for the cell read last.
    pub(super) fn wrong(&self, value: &str, allowed: &str) -> Error {
        let column = self.at.checked_sub(1).and_then(|at| self.header.get(at));
        Error::Cell {
            file: self.file.to_owned(),
            line: self.line,
            column: column.cloned().unwrap_or_default(),
            value: value.to_owned(),
            allowed: allowed.to_owned(),
        }
    }
}

/// A decimal with exactly `places` decimals; one with more is an error, nothing is rounded here.
pub(super) fn fixed(value: Decimal, places: u32, what: &str) -> Result<String, Error> {
    let mut written = value.normalize();
    if written.scale() > places {
        return Err(Error::Places { what: what.to_owned(), value: value.to_string(), places });
    }
    written.rescale(places);
    Ok(written.to_string())
}
