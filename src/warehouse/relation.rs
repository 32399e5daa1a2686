//! Warehouse contracts and result tables as Arrow schemas and batches.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit,
};
use datafusion::arrow::error::ArrowError;

use crate::explain::{Explain, Kind};

use super::contract::{Place, TableContract, Type};
use crate::table::{Column, Table};
use crate::texts::Texts;

/// Digits of a result table's decimals: the most that Arrow's 128 bits hold.
const RESULT_PRECISION: u8 = 38;
/// Places of yuan, and the digits of their columns wherever they suffice: half the room.
const YUAN_PLACES: u32 = 2;
const YUAN_PRECISION: u8 = 18;

/// A column whose type a result table cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` has the type {found}, which a result table cannot hold")]
pub struct RelationError {
    /// Name of the column.
    pub column: String,
    /// Its Arrow type.
    pub found: String,
}

impl Explain for RelationError {
    fn kind(&self) -> Kind {
        Kind::Input
    }
    fn hints(&self) -> Vec<String> {
        vec!["cast the column to text, whole numbers or decimals".to_owned()]
    }
}

/// The Arrow type in which a kind of column is stored.
#[must_use]
pub fn arrow_type(kind: Type) -> DataType {
    match kind {
        Type::Text | Type::Person => DataType::Utf8,
        Type::Yuan => DataType::Decimal128(18, 2),
        Type::Number => DataType::Decimal128(18, 6),
        Type::Whole => DataType::Int64,
        Type::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
    }
}

/// The columns inside the data files of a table, all of them nullable, in the order of the
/// contract.
///
/// Partition columns stand in the folder names and are not among them.
#[must_use]
pub fn schema(contract: &TableContract) -> SchemaRef {
    let fields: Vec<Field> = contract
        .columns
        .iter()
        .map(|column| Field::new(column.name, arrow_type(column.kind), true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// Column of partitioned tables that holds a digest of the whole row, for telling copies apart
/// (A48).
pub const ROW_DIGEST: &str = "row_digest";

/// A batch in storage types with its row digests as the last column.
///
/// # Errors
/// If there are more or fewer digests than rows.
pub fn with_row_digest(
    batch: &RecordBatch,
    digests: Int64Array,
) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(ROW_DIGEST, DataType::Int64, true)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(digests));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// What a model reads: the columns of [`schema`] with texts as views, and [`ROW_DIGEST`] where rows
/// are placed by person.
#[must_use]
pub fn read_schema(contract: &TableContract) -> SchemaRef {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Field::new(field.name(), DataType::Utf8View, true),
        _ => field.as_ref().clone(),
    };
    let mut fields: Vec<Field> = schema(contract).fields().iter().map(view).collect();
    if contract.place != Place::Dimension {
        fields.push(Field::new(ROW_DIGEST, DataType::Int64, true));
    }
    Arc::new(Schema::new(fields))
}

/// Names of the partition columns, `int` both: `year` and `bucket`, or none for a dimension.
#[must_use]
pub fn partition_columns(place: Place) -> &'static [&'static str] {
    match place {
        Place::Settlement | Place::Child => &["year", "bucket"],
        Place::Dimension => &[],
    }
}

/// A result table as one batch.
///
/// # Errors
/// [`RelationError`] if a decimal column has more places than its type allows.
pub fn to_batch(table: &Table) -> Result<RecordBatch, RelationError> {
    let mut fields = Vec::with_capacity(table.columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(table.columns.len());
    for (name, column) in &table.columns {
        let array: ArrayRef = match column {
            Column::Text(values) => Arc::new(values.iter().collect::<StringArray>()),
            Column::Whole(values) => Arc::new(values.iter().copied().collect::<Int64Array>()),
            Column::Float(values) => Arc::new(values.iter().copied().collect::<Float64Array>()),
            Column::Decimal { places, values } => {
                let wrong =
                    || RelationError { column: name.clone(), found: format!("{places} places") };
                let scale = i8::try_from(*places).map_err(|_| wrong())?;
                let array = values.iter().copied().collect::<Decimal128Array>();
                let fits = |digits| array.validate_decimal_precision(digits).is_ok();
                let is_yuan = *places == YUAN_PLACES && fits(YUAN_PRECISION);
                let digits = if is_yuan { YUAN_PRECISION } else { RESULT_PRECISION };
                Arc::new(array.with_precision_and_scale(digits, scale).map_err(|_| wrong())?)
            }
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let options =
        datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(table.rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|err| RelationError { column: table.name.clone(), found: err.to_string() })
}

/// Batches of one schema as a result table.
///
/// Text, times, dates and truth values become text; whole numbers of any width become
/// [`Column::Whole`].
///
/// # Errors
/// [`RelationError`] for nested or binary columns.
pub fn from_batches(
    name: &str,
    schema: &Schema,
    batches: &[RecordBatch],
) -> Result<Table, RelationError> {
    let mut table = Table::new(name);
    for (at, field) in schema.fields().iter().enumerate() {
        let mut column = empty_column(field)?;
        for batch in batches {
            extend(&mut column, batch.column(at), field)?;
        }
        table = table.with(field.name(), column);
    }
    Ok(table)
}

fn unsupported(field: &Field) -> RelationError {
    RelationError { column: field.name().clone(), found: field.data_type().to_string() }
}

fn empty_column(field: &Field) -> Result<Column, RelationError> {
    Ok(match field.data_type() {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Boolean
        | DataType::Null
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(_, _)
        | DataType::Dictionary(_, _) => Column::Text(Texts::default()),
        found if found.is_integer() => Column::Whole(Vec::new()),
        DataType::Decimal128(_, scale) if *scale >= 0 => {
            Column::Decimal { places: u32::from(scale.unsigned_abs()), values: Vec::new() }
        }
        DataType::Float64 => Column::Float(Vec::new()),
        _ => return Err(unsupported(field)),
    })
}

fn extend(column: &mut Column, array: &ArrayRef, field: &Field) -> Result<(), RelationError> {
    let typed = |to: &DataType| cast(array, to).map_err(|_| unsupported(field));
    match column {
        Column::Text(values) => {
            let array = typed(&DataType::Utf8)?;
            for text in array.as_string::<i32>() {
                values.push_entry(text);
            }
        }
        Column::Whole(values) => {
            let whole = typed(&DataType::Int64)?;
            // An unsigned number beyond i64 casts to a gap that was none.
            if whole.null_count() != array.null_count() {
                return Err(unsupported(field));
            }
            values.extend(whole.as_primitive::<Int64Type>().iter());
        }
        Column::Decimal { values, .. } => {
            values.extend(array.as_primitive::<Decimal128Type>().iter());
        }
        Column::Float(values) => values.extend(array.as_primitive::<Float64Type>().iter()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{from_batches, schema, to_batch};
    use crate::table::{Column, Table};
    use crate::warehouse::contract::TABLES;

    #[test]
    fn a_result_table_survives_the_way_through_arrow() {
        let table = Table::new("pool")
            .with("pool", Column::texts([Some("all"), None]))
            .with("cases", Column::Whole(vec![Some(3), None]))
            .with("cv", Column::Float(vec![Some(0.25), None]))
            .with("paid_yuan", Column::Decimal { places: 2, values: vec![Some(160_000), None] });
        let batch = to_batch(&table).unwrap();
        assert_eq!(from_batches("pool", &batch.schema(), &[batch]).unwrap(), table);
    }

    #[test]
    fn sort_columns_are_columns_of_their_table() {
        for contract in TABLES {
            let schema = schema(contract);
            for name in contract.sort {
                assert!(schema.field_with_name(name).is_ok(), "{}.{name}", contract.name);
            }
        }
    }
}
