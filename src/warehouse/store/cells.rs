//! Cells of a batch that one of our own files holds, by column name.

use std::path::Path;

use datafusion::arrow::array::{
    Array, AsArray as _, Decimal128Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::{Decimal128Type, Int64Type};

use super::{Error, Leaf};
use crate::units::Fen;

/// A batch and the file it came from.
pub(super) struct Cells<'a> {
    pub(super) batch: &'a RecordBatch,
    pub(super) path: &'a Path,
}

impl<'a> Cells<'a> {
    pub(super) fn damaged(&self, column: &str) -> Error {
        Error::Damaged {
            path: self.path.to_owned(),
            source: Leaf(format!("column `{column}` is missing or not as this version writes it")),
        }
    }

    fn array<T>(
        &self,
        name: &str,
        typed: impl Fn(&'a dyn Array) -> Option<&'a T>,
    ) -> Result<&'a T, Error> {
        self.batch
            .column_by_name(name)
            .and_then(|array| typed(array.as_ref()))
            .ok_or_else(|| self.damaged(name))
    }

    /// The texts of a column; a gap is an empty text.
    pub(super) fn texts(&self, name: &str) -> Result<impl Fn(usize) -> String + 'a, Error> {
        let array: &StringArray = self.array(name, |array| array.as_string_opt())?;
        Ok(move |row| if array.is_valid(row) { array.value(row).to_owned() } else { String::new() })
    }

    /// The whole numbers of a column; a gap is 0.
    pub(super) fn wholes(&self, name: &str) -> Result<impl Fn(usize) -> u64 + 'a, Error> {
        let array: &Int64Array = self.array(name, |array| array.as_primitive_opt::<Int64Type>())?;
        Ok(
            move |row| {
                if array.is_valid(row) { u64::try_from(array.value(row)).unwrap_or(0) } else { 0 }
            },
        )
    }

    /// The amounts of a column.
    pub(super) fn amounts(&self, name: &str) -> Result<impl Fn(usize) -> Option<Fen> + 'a, Error> {
        let array: &Decimal128Array =
            self.array(name, |array| array.as_primitive_opt::<Decimal128Type>())?;
        Ok(move |row| {
            array.is_valid(row).then(|| i64::try_from(array.value(row)).ok().map(Fen)).flatten()
        })
    }
}
