//! Typed columns of a batch, found by name.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, BooleanArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

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

/// A text column, as views; literals and plain texts are converted.
///
/// # Errors
/// [`Error::Column`] if there is none of that name, or it is of another type; so with the others.
pub fn text_column(batch: &RecordBatch, name: &str) -> Result<StringViewArray, Error> {
    let wrong = |found: String| Error::Column {
        column: name.to_owned(),
        expected: "text".to_owned(),
        found,
    };
    let array = batch.column_by_name(name).ok_or_else(|| wrong("nothing".to_owned()))?;
    let views = match array.data_type() {
        DataType::Utf8View => Arc::clone(array),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Null => {
            cast(array, &DataType::Utf8View).map_err(|err| wrong(err.to_string()))?
        }
        other => return Err(wrong(other.to_string())),
    };
    let views = views.as_any().downcast_ref::<StringViewArray>().cloned();
    views.ok_or_else(|| wrong("no text".to_owned()))
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
