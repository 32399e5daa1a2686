//! Typed columns of a batch, found by name.

use datafusion::arrow::array::{
    Array, BooleanArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};

use super::Error;

fn column<'a, A: Array + 'static>(
    batch: &'a RecordBatch,
    name: &str,
    kind: &str,
) -> Result<&'a A, Error> {
    let array = batch.column_by_name(name).ok_or_else(|| Error::Column {
        column: name.to_owned(),
        expected: kind.to_owned(),
        found: "nothing".to_owned(),
    })?;
    array.as_any().downcast_ref().ok_or_else(|| Error::Column {
        column: name.to_owned(),
        expected: kind.to_owned(),
        found: array.data_type().to_string(),
    })
}

/// A text column.
///
/// # Errors
/// [`Error::Column`] if there is none of that name, or it is of another type; so with the others.
pub fn text_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringViewArray, Error> {
    column(batch, name, "text")
}

/// A column of local times in microseconds.
///
/// # Errors
/// See [`text_column`].
pub fn time_column<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a TimestampMicrosecondArray, Error> {
    column(batch, name, "time")
}

/// A column of whole numbers.
///
/// # Errors
/// See [`text_column`].
pub fn whole_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array, Error> {
    column(batch, name, "whole number")
}

/// A column of truth values.
///
/// # Errors
/// See [`text_column`].
pub fn bool_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a BooleanArray, Error> {
    column(batch, name, "truth value")
}
