//! Functions that every SQL model may call, whatever the policy.
//!
//! | function | gives |
//! | --- | --- |
//! | `id_key(id)` | a number for an id, to join and group by |
//! | `fen(yuan)` | whole fen of an amount with two places |
//! | `listed(list, code)` | whether a code stands in a list written `\|310\|390\|` |

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray as _, BooleanArray, Decimal128Array, Int64Array, StringViewArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use xxhash_rust::xxh3::xxh3_128;

const KEY: DataType = DataType::Decimal128(38, 0);
const YUAN: DataType = DataType::Decimal128(18, 2);

/// All of them, for a new session.
pub(super) fn functions() -> Vec<ScalarUDF> {
    let function = |name, input, output, body: fn(&[ColumnarValue]) -> Result<ArrayRef>| {
        let body = move |values: &[ColumnarValue]| body(values).map(ColumnarValue::Array);
        create_udf(name, input, output, Volatility::Immutable, Arc::new(body))
    };
    let text = DataType::Utf8View;
    vec![
        function("id_key", vec![text.clone()], KEY, id_keys),
        function("fen", vec![YUAN], DataType::Int64, fen),
        function("listed", vec![text.clone(), text], DataType::Boolean, listed),
    ]
}

/// Key of an id: 126 bits of its hash, as many as a decimal of 38 digits holds. Ids are texts of
/// twenty and more letters, and tens of millions of rows are joined by them. Among a thousand million
/// ids two with one key are less likely than 1 to 10¹⁹.
#[must_use]
pub fn id_key(id: &str) -> i128 {
    (xxh3_128(id.as_bytes()) >> 2).cast_signed()
}

/// Keys as a column of the type that `id_key` has in SQL.
#[must_use]
pub fn key_column(keys: impl Iterator<Item = Option<i128>>) -> ArrayRef {
    Arc::new(keys.collect::<Decimal128Array>().with_data_type(KEY))
}

fn texts(values: &[ColumnarValue]) -> Result<Vec<StringViewArray>> {
    ColumnarValue::values_to_arrays(values)?
        .iter()
        .map(|column| Ok(cast(column, &DataType::Utf8View)?.as_string_view().clone()))
        .collect()
}

fn id_keys(values: &[ColumnarValue]) -> Result<ArrayRef> {
    let ids = texts(values)?;
    Ok(key_column(ids[0].iter().map(|id| id.map(id_key))))
}

/// A decimal with two places holds its fen already.
fn fen(values: &[ColumnarValue]) -> Result<ArrayRef> {
    let columns = ColumnarValue::values_to_arrays(values)?;
    let whole = |fen| {
        i64::try_from(fen).map_err(|_| ArrowError::ComputeError(format!("{fen} fen is too much")))
    };
    let fen: Int64Array = columns[0].as_primitive::<Decimal128Type>().try_unary(whole)?;
    Ok(Arc::new(fen))
}

/// An absent or empty code stands in no list.
fn listed(values: &[ColumnarValue]) -> Result<ArrayRef> {
    let codes = texts(&values[1..])?;
    let ColumnarValue::Scalar(ScalarValue::Utf8View(Some(list)) | ScalarValue::Utf8(Some(list))) =
        &values[0]
    else {
        return datafusion::common::exec_err!("the list of `listed` is a text of the policy");
    };
    let known: Vec<&str> = list.split('|').filter(|code| !code.is_empty()).collect();
    // Neighbouring rows often have the same code: remember the last answer.
    let mut last = ("", false);
    let column: BooleanArray = codes[0]
        .iter()
        .map(|code| {
            let code = code.unwrap_or_default();
            if code != last.0 {
                last = (code, known.contains(&code));
            }
            Some(last.1)
        })
        .collect();
    Ok(Arc::new(column))
}

#[cfg(test)]
mod tests {
    use super::{functions, id_key};

    #[test]
    fn keys_are_decimals_of_38_digits_and_tell_ids_apart() {
        let keys = ["", "1", "01", "S1", "s1"].map(id_key);
        assert!(keys.iter().all(|key| (0..10i128.pow(38)).contains(key)));
        let distinct: std::collections::BTreeSet<i128> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn every_function_is_named_in_the_table_above() {
        let page = include_str!("vocabulary.rs");
        for function in functions() {
            assert!(page.contains(&format!("//! | `{}(", function.name())), "{}", function.name());
        }
    }
}
