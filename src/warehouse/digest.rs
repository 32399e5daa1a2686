//! The content digest of a table: the same for the same rows, whatever their order, files or loads.
//!
//! Each row is hashed to 128 bits over its filled columns (name and value, in the order of the
//! contract), personal ids left out: they are pseudonyms under a key that differs between
//! warehouses. The digest is the sum of the hashes modulo 2¹²⁸. So a load adds to it, a row that
//! stands twice counts twice, and a column that a later version of the contract adds changes
//! nothing until it is filled.

use datafusion::arrow::array::{
    Array as _, AsArray as _, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

use super::contract::{TableContract, Type};

enum Values<'a> {
    Text(&'a StringArray),
    Decimal(&'a Decimal128Array),
    Whole(&'a Int64Array),
    Time(&'a TimestampMicrosecondArray),
}

/// One hash per row of a batch in storage types; columns the batch lacks count as not filled.
#[must_use]
pub fn row_hashes(contract: &TableContract, batch: &RecordBatch) -> Vec<u128> {
    let columns: Vec<([u8; 8], Values<'_>)> = contract
        .columns
        .iter()
        .filter(|column| column.kind != Type::Person)
        .filter_map(|column| {
            let array = batch.column_by_name(column.name)?;
            let values = match column.kind {
                Type::Text | Type::Person => Values::Text(array.as_string_opt()?),
                Type::Yuan | Type::Number => {
                    Values::Decimal(array.as_primitive_opt::<Decimal128Type>()?)
                }
                Type::Whole => Values::Whole(array.as_primitive_opt::<Int64Type>()?),
                Type::Time => Values::Time(array.as_primitive_opt::<TimestampMicrosecondType>()?),
            };
            Some((xxh3_64(column.name.as_bytes()).to_le_bytes(), values))
        })
        .collect();
    let mut bytes = Vec::with_capacity(1024);
    (0..batch.num_rows())
        .map(|row| {
            bytes.clear();
            for (name, values) in &columns {
                append(&mut bytes, *name, values, row);
            }
            xxh3_128(&bytes)
        })
        .collect()
}

fn append(bytes: &mut Vec<u8>, name: [u8; 8], values: &Values<'_>, row: usize) {
    match values {
        Values::Text(array) if array.is_valid(row) => {
            let text = array.value(row).as_bytes();
            bytes.extend_from_slice(&name);
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text);
        }
        Values::Decimal(array) if array.is_valid(row) => {
            bytes.extend_from_slice(&name);
            bytes.extend_from_slice(&array.value(row).to_le_bytes());
        }
        Values::Whole(array) if array.is_valid(row) => {
            bytes.extend_from_slice(&name);
            bytes.extend_from_slice(&array.value(row).to_le_bytes());
        }
        Values::Time(array) if array.is_valid(row) => {
            bytes.extend_from_slice(&name);
            bytes.extend_from_slice(&array.value(row).to_le_bytes());
        }
        _ => {}
    }
}

/// One number per row that tells copies of a row apart within a warehouse (A48, R26): its hash
/// mixed with its personal ids.
#[must_use]
pub fn row_digests(contract: &TableContract, batch: &RecordBatch, hashes: &[u128]) -> Int64Array {
    let persons: Vec<&StringArray> = contract
        .columns
        .iter()
        .filter(|column| column.kind == Type::Person)
        .filter_map(|column| batch.column_by_name(column.name)?.as_string_opt())
        .collect();
    hashes
        .iter()
        .enumerate()
        .map(|(row, hash)| {
            let bytes = hash.to_le_bytes();
            let low = bytes.first_chunk().map_or(0, |low| u64::from_le_bytes(*low));
            let mixed = persons.iter().fold(low, |seed, person| {
                let id = if person.is_valid(row) { person.value(row) } else { "" };
                xxh3_64_with_seed(id.as_bytes(), seed)
            });
            Some(i64::from_le_bytes(mixed.to_le_bytes()))
        })
        .collect()
}

/// Sum of row hashes modulo 2¹²⁸.
#[must_use]
pub fn sum(hashes: &[u128]) -> u128 {
    hashes.iter().fold(0u128, |sum, hash| sum.wrapping_add(*hash))
}

/// A digest as 32 hex digits.
#[must_use]
pub fn to_hex(digest: u128) -> String {
    format!("{digest:032x}")
}

/// A digest from its 32 hex digits.
#[must_use]
pub fn from_hex(text: &str) -> Option<u128> {
    (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    use super::{from_hex, row_hashes, sum, to_hex};
    use crate::warehouse::contract;

    fn rows(codes: &[Option<&str>], order: &[Option<i64>]) -> RecordBatch {
        let codes: ArrayRef = Arc::new(StringArray::from(codes.to_vec()));
        let order: ArrayRef = Arc::new(Int64Array::from(order.to_vec()));
        RecordBatch::try_from_iter([("diag_code", codes), ("diag_srt_no", order)]).unwrap()
    }

    #[test]
    fn the_sum_does_not_depend_on_the_order_but_on_every_value() {
        let table = contract::table("diagnosis").unwrap();
        let digest = |batch: &RecordBatch| sum(&row_hashes(table, batch));
        let one = rows(&[Some("N18.0"), Some("I10")], &[Some(1), Some(2)]);
        let swapped = rows(&[Some("I10"), Some("N18.0")], &[Some(2), Some(1)]);
        let other = rows(&[Some("I10"), Some("N18.0")], &[Some(1), Some(2)]);
        let gap = rows(&[Some("N18.0"), Some("I10")], &[Some(1), None]);
        assert_eq!(digest(&one), digest(&swapped));
        assert_ne!(digest(&one), digest(&other));
        assert_ne!(digest(&one), digest(&gap));
    }

    #[test]
    fn a_row_that_stands_twice_counts_twice() {
        let table = contract::table("diagnosis").unwrap();
        let once = row_hashes(table, &rows(&[Some("I10")], &[None]));
        let twice = row_hashes(table, &rows(&[Some("I10"), Some("I10")], &[None, None]));
        assert_eq!(sum(&twice), sum(&once).wrapping_mul(2));
        assert_ne!(sum(&twice), 0);
    }

    #[test]
    fn hex_keeps_the_leading_zeros() {
        assert_eq!(to_hex(10), "0000000000000000000000000000000a");
        assert_eq!(from_hex(&to_hex(10)), Some(10));
        assert_eq!(from_hex("a"), None);
    }
}
