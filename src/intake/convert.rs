//! Columns as a source has them into columns as the warehouse stores them, value by value.

use std::sync::Arc;

use super::person::Pseudonyms;
use super::value::{Fault, decimal, float, not_a_time, rescale, time};
use crate::warehouse::arrow::array::{
    Array, ArrayRef, AsArray as _, Decimal128Array, Int64Array, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use crate::warehouse::arrow::compute::cast;
use crate::warehouse::arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use crate::warehouse::contract::Type;
use crate::warehouse::relation::arrow_type;

/// A column in storage type; faulty values are gaps in it.
pub(crate) struct Converted {
    pub(crate) array: ArrayRef,
    /// Rows whose value cannot be stored, the value as it stands in the source, and why.
    pub(crate) faults: Vec<(usize, String, Fault)>,
}

/// Whether values of an Arrow type can fill a column of this kind.
pub(crate) fn fits(kind: Type, found: &DataType) -> bool {
    let found = match found {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let text = matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let number = found.is_integer()
        || matches!(
            found,
            DataType::Decimal32(_, _)
                | DataType::Decimal64(_, _)
                | DataType::Decimal128(_, _)
                | DataType::Float32
                | DataType::Float64
        );
    let moment =
        matches!(found, DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64);
    match kind {
        _ if text || matches!(found, DataType::Null) => true,
        Type::Text | Type::Person => false,
        Type::Yuan | Type::Number | Type::Whole => number,
        Type::Time => moment,
    }
}

/// What fits a kind of column, for messages.
pub(crate) fn expected(kind: Type) -> &'static str {
    match kind {
        Type::Text | Type::Person => "text",
        Type::Yuan => "a decimal, a number or text with an amount in yuan",
        Type::Number => "a decimal, a number or text with one",
        Type::Whole => "a whole number or text with one",
        Type::Time => "a date, a timestamp without time zone, or text with one",
    }
}

/// Converts a column whose type [`fits`]; `formats` are date formats of the mapping, if any.
pub(crate) fn convert(
    array: &ArrayRef,
    kind: Type,
    formats: &[String],
    persons: &mut Pseudonyms,
) -> Converted {
    if matches!(array.data_type(), DataType::Null) {
        let array = new_null_array(&arrow_type(kind), array.len());
        return Converted { array, faults: Vec::new() };
    }
    match kind {
        Type::Text => Converted { array: Arc::new(trimmed(&texts(array))), faults: Vec::new() },
        Type::Person => Converted {
            array: Arc::new(pseudonyms(&trimmed(&texts(array)), persons)),
            faults: Vec::new(),
        },
        Type::Yuan => decimals(array, 2),
        Type::Number => decimals(array, 6),
        Type::Whole => wholes(array),
        Type::Time => times(array, formats),
    }
}

/// The column as plain text; its type has been checked.
fn texts(array: &ArrayRef) -> StringArray {
    if let Some(text) = array.as_string_opt::<i32>() {
        return text.clone();
    }
    let plain = cast(array, &DataType::Utf8);
    let plain = plain.ok().and_then(|plain| plain.as_string_opt::<i32>().cloned());
    plain.unwrap_or_else(|| StringArray::new_null(array.len()))
}

/// Blanks around a text are padding of the export; nothing but blanks is no value.
fn trimmed(array: &StringArray) -> StringArray {
    let padded = |text: &str| text.is_empty() || text.trim().len() != text.len();
    if !array.iter().flatten().any(padded) {
        return array.clone();
    }
    array.iter().map(|text| text.map(str::trim).filter(|text| !text.is_empty())).collect()
}

fn pseudonyms(array: &StringArray, persons: &mut Pseudonyms) -> StringArray {
    let mut builder =
        crate::warehouse::arrow::array::StringBuilder::with_capacity(array.len(), 32 * array.len());
    for id in array {
        match id {
            Some(id) => builder.append_value(persons.of(id)),
            None => builder.append_null(),
        }
    }
    builder.finish()
}

/// Collects values and the faults among them.
struct Collector<T> {
    values: Vec<Option<T>>,
    faults: Vec<(usize, String, Fault)>,
}

impl<T> Collector<T> {
    fn new(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), faults: Vec::new() }
    }

    fn push(&mut self, value: Result<Option<T>, Fault>, shown: impl FnOnce() -> String) {
        match value {
            Ok(value) => self.values.push(value),
            Err(fault) => {
                self.faults.push((self.values.len(), shown(), fault));
                self.values.push(None);
            }
        }
    }

    fn text<'a>(
        values: impl Iterator<Item = Option<&'a str>>,
        rows: usize,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Self {
        let mut collector = Self::new(rows);
        for text in values {
            let text = text.map(str::trim).filter(|text| !text.is_empty());
            collector.push(text.map(&read).transpose(), || text.unwrap_or_default().to_owned());
        }
        collector
    }
}

/// The values as decimals in units of the last place, whatever type they come in.
fn scaled(array: &ArrayRef, places: u32) -> Collector<i128> {
    let rows = array.len();
    let mut collector = Collector::new(rows);
    let wide = |to: &DataType| cast(array, to).unwrap_or_else(|_| new_null_array(to, rows));
    match array.data_type() {
        found if found.is_integer() => {
            // The widest decimal holds every integer of 64 bits.
            let whole = wide(&DataType::Decimal128(38, 0));
            for value in whole.as_primitive::<Decimal128Type>() {
                let shown = || value.unwrap_or_default().to_string();
                collector.push(value.map(|value| rescale(value, 0, places)).transpose(), shown);
            }
        }
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale) => {
            let scale = *scale;
            let decimals = wide(&DataType::Decimal128(38, scale));
            let decimals = decimals.as_primitive::<Decimal128Type>();
            for (row, value) in decimals.iter().enumerate() {
                let shown = || decimals.value_as_string(row);
                collector.push(value.map(|value| rescale(value, scale, places)).transpose(), shown);
            }
        }
        DataType::Float32 => {
            // Through text: as a double, 0.1 would have the digits of the nearest double.
            let text = wide(&DataType::Utf8);
            return Collector::text(text.as_string::<i32>().iter(), rows, |text| {
                decimal(text, places)
            });
        }
        DataType::Float64 => {
            for value in array.as_primitive::<Float64Type>() {
                let shown = || value.unwrap_or_default().to_string();
                collector.push(value.map(|value| float(value, places)).transpose(), shown);
            }
        }
        _ => {
            return Collector::text(texts(array).iter(), rows, |text| decimal(text, places));
        }
    }
    collector
}

fn decimals(array: &ArrayRef, places: u32) -> Converted {
    let collected = scaled(array, places);
    let scale = if places == 2 { 2 } else { 6 };
    let decimals: Decimal128Array = collected.values.into_iter().collect();
    let data_type = DataType::Decimal128(18, scale);
    let array: ArrayRef = Arc::new(decimals.with_data_type(data_type));
    Converted { array, faults: collected.faults }
}

fn wholes(array: &ArrayRef) -> Converted {
    if let Some(whole) = array.as_primitive_opt::<Int64Type>() {
        return Converted { array: Arc::new(whole.clone()), faults: Vec::new() };
    }
    let collected = scaled(array, 0);
    // At most 18 digits, so each fits.
    let narrow = |value: i128| i64::try_from(value).ok();
    let whole: Int64Array = collected.values.into_iter().map(|v| v.and_then(narrow)).collect();
    Converted { array: Arc::new(whole), faults: collected.faults }
}

fn times(array: &ArrayRef, formats: &[String]) -> Converted {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    if matches!(
        array.data_type(),
        DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64
    ) {
        let cast = cast(array, &micros).unwrap_or_else(|_| new_null_array(&micros, array.len()));
        // Times beyond the range of microseconds become gaps, which they were not.
        let lost: Vec<_> = (0..array.len())
            .filter(|row| array.is_valid(*row) && cast.is_null(*row))
            .map(|row| (row, String::new(), not_a_time()))
            .collect();
        return Converted { array: cast, faults: lost };
    }
    let collected = Collector::text(texts(array).iter(), array.len(), |text| time(text, formats));
    let times: TimestampMicrosecondArray = collected.values.into_iter().collect();
    Converted { array: Arc::new(times), faults: collected.faults }
}

/// The stored times of a column.
pub(crate) fn as_times(array: &ArrayRef) -> Option<&TimestampMicrosecondArray> {
    array.as_primitive_opt::<TimestampMicrosecondType>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{DataType, TimeUnit, Type, cast, convert, fits};
    use crate::intake::person::{Key, Pseudonyms};
    use crate::warehouse::arrow::array::{
        ArrayRef, AsArray as _, Float64Array, Int64Array, StringArray,
    };
    use crate::warehouse::arrow::datatypes::Decimal128Type;

    fn persons() -> Pseudonyms {
        let folder = tempfile::tempdir().unwrap();
        Pseudonyms::new(Key::find(&folder.path().join("k"), None).unwrap())
    }

    #[test]
    fn an_amount_is_the_same_from_every_type() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(" 12.50 "), None, Some("")]));
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(12.5), None, None]));
        let views = cast(&texts, &DataType::Utf8View).unwrap();
        let narrow = cast(&floats, &DataType::Float32).unwrap();
        let decimals = cast(&floats, &DataType::Decimal128(20, 4)).unwrap();
        for array in [texts, floats, views, narrow, decimals] {
            assert!(fits(Type::Yuan, array.data_type()));
            let converted = convert(&array, Type::Yuan, &[], &mut persons());
            assert!(converted.faults.is_empty(), "{}", array.data_type());
            let values: Vec<_> = converted.array.as_primitive::<Decimal128Type>().iter().collect();
            assert_eq!(values, [Some(1250), None, None], "{}", array.data_type());
        }
        let wholes: ArrayRef = Arc::new(Int64Array::from(vec![12]));
        let converted = convert(&wholes, Type::Yuan, &[], &mut persons());
        assert_eq!(converted.array.as_primitive::<Decimal128Type>().values(), &[1200]);
    }

    #[test]
    fn types_that_would_have_to_be_guessed_do_not_fit() {
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        for (kind, found) in [
            (Type::Yuan, DataType::Timestamp(TimeUnit::Second, None)),
            (Type::Yuan, DataType::Boolean),
            (Type::Text, DataType::Int64),
            (Type::Person, DataType::Int64),
            (Type::Time, DataType::Int64),
            (Type::Time, zoned),
        ] {
            assert!(!fits(kind, &found), "{kind:?} {found}");
        }
    }

    #[test]
    fn a_fault_names_row_and_value() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["1", "12.345", "x"]));
        let converted = convert(&texts, Type::Yuan, &[], &mut persons());
        let faults: Vec<_> = converted
            .faults
            .iter()
            .map(|(row, value, fault)| (*row, value.as_str(), fault.check_id, fault.unreadable))
            .collect();
        assert_eq!(
            faults,
            [(1, "12.345", "amount_too_many_places", false), (2, "x", "amount_not_a_number", true)]
        );
    }
}
