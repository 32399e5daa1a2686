//! Functions that every SQL model may call, whatever the policy.
//!
//! | function | gives |
//! | --- | --- |
//! | `id_key(id)` | a number for an id, to join and group by |
//! | `fen(yuan)` | whole fen of an amount with two places |
//! | `listed(list, code)` | whether a code stands in a list written `\|310\|390\|` |
//! | `begins(list, code)` | whether a code begins with one of such a list |
//! | `national(column, code, time)` | the national code that a local one stands for (J11) |

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Decimal128Array, Int64Array, StringViewArray,
};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Field, FieldRef, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, create_udf,
};
use xxhash_rust::xxh3::xxh3_128;

use crate::grouper::codes::CodeMap;

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
        function("listed", vec![text.clone(), text.clone()], DataType::Boolean, |values| {
            tested(values, |known, code| known.contains(&code))
        }),
        function("begins", vec![text.clone(), text], DataType::Boolean, |values| {
            tested(values, |known, code| known.iter().any(|start| code.starts_with(start)))
        }),
        national(Arc::default()),
    ]
}

/// `national` by a table of codes; without one it is the code itself, and costs nothing.
pub(super) fn national(map: Arc<CodeMap>) -> ScalarUDF {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let input = vec![DataType::Utf8View, DataType::Utf8View, time];
    let signature = Signature::exact(input, Volatility::Immutable);
    ScalarUDF::new_from_impl(National { map, signature })
}

#[derive(Debug)]
struct National {
    map: Arc<CodeMap>,
    signature: Signature,
}

impl PartialEq for National {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}
impl Eq for National {}
impl Hash for National {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// The column that the first argument names.
fn column_name(argument: Option<&ScalarValue>) -> Option<&str> {
    match argument {
        Some(ScalarValue::Utf8View(name) | ScalarValue::Utf8(name)) => name.as_deref(),
        _ => None,
    }
}

impl ScalarUDFImpl for National {
    fn name(&self) -> &'static str {
        "national"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields[1].is_nullable();
        Ok(Arc::new(Field::new(self.name(), DataType::Utf8View, nullable)))
    }

    fn simplify(&self, mut args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let is_mapped = match &args[0] {
            Expr::Literal(name, _) => column_name(Some(name)).is_some_and(|n| self.map.maps(n)),
            _ => true,
        };
        Ok(if is_mapped {
            ExprSimplifyResult::Original(args)
        } else {
            ExprSimplifyResult::Simplified(args.swap_remove(1))
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ColumnarValue::Scalar(name) = &args.args[0] else {
            return datafusion::common::exec_err!("the column of `national` is a literal");
        };
        let column = column_name(Some(name)).unwrap_or_default();
        let arrays = ColumnarValue::values_to_arrays(&args.args[1..])?;
        let codes = cast(&arrays[0], &DataType::Utf8View)?;
        let times = arrays[1].as_primitive::<TimestampMicrosecondType>();
        let mapped: StringViewArray = codes
            .as_string_view()
            .iter()
            .enumerate()
            .map(|(row, code)| {
                let day = times.is_valid(row).then(|| times.value_as_date(row)).flatten();
                code.map(|code| self.map.national(column, code, day))
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(mapped)))
    }
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

/// Tests codes against a list; an absent one is tested as an empty text.
fn tested(values: &[ColumnarValue], test: fn(&[&str], &str) -> bool) -> Result<ArrayRef> {
    let codes = texts(&values[1..])?;
    let ColumnarValue::Scalar(ScalarValue::Utf8View(Some(list)) | ScalarValue::Utf8(Some(list))) =
        &values[0]
    else {
        return datafusion::common::exec_err!("a list to test codes by is a text of the policy");
    };
    let known: Vec<&str> = list.split('|').filter(|code| !code.is_empty()).collect();
    let codes = &codes[0];
    let absent = test(&known, "");
    // A column has few codes, and one of up to 12 letters is its view: the last answers are kept by view.
    let mut answers: [Option<(u128, bool)>; 4] = [None; 4];
    let mut next = 0;
    let answer = |at: usize| {
        if codes.is_null(at) {
            return absent;
        }
        let view = codes.views()[at];
        if let Some((_, passes)) = answers.iter().flatten().find(|(known, _)| *known == view) {
            return *passes;
        }
        let passes = test(&known, codes.value(at));
        answers[next % answers.len()] = Some((view, passes));
        next += 1;
        passes
    };
    let column = BooleanBuffer::collect_bool(codes.len(), answer);
    Ok(Arc::new(BooleanArray::new(column, None)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{functions, id_key};
    use crate::grouper::codes::{CodeMap, Entry};
    use crate::warehouse::engine::{Engine, Limits, Params};
    use crate::warehouse::{contract, relation};

    #[test]
    fn keys_are_decimals_of_38_digits_and_tell_ids_apart() {
        let keys = ["", "1", "01", "S1", "s1"].map(id_key);
        assert!(keys.iter().all(|key| (0..10i128.pow(38)).contains(key)));
        let distinct: std::collections::BTreeSet<i128> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    /// The logical plan of `stg_fee_item` where these codes are mapped.
    fn plan(entries: Vec<Entry>) -> String {
        let engine = Engine::start(Limits { threads: 1, memory_bytes: 64 << 20 }).unwrap();
        let session = engine.session();
        let shape = relation::read_schema(contract::table("fee_item").unwrap());
        session.register_files("fee_item", shape, &[]).unwrap();
        session.use_codes(Arc::new(CodeMap::new(entries).unwrap()));
        let text = engine.wait(async {
            session.define("stg_fee_item", &Params::default()).await.unwrap();
            session.statement("explain select * from stg_fee_item").await.unwrap()
        });
        format!("{:?}", text.1)
    }

    // shows: J11
    #[test]
    fn without_mapped_codes_nothing_more_is_read() {
        let entry = |kind: &str| Entry {
            kind: kind.to_owned(),
            local_code: "X".to_owned(),
            code: "Y".to_owned(),
            from: None,
            to: None,
        };
        for entries in [Vec::new(), vec![entry("diagnosis")]] {
            let plan = plan(entries);
            assert!(plan.contains("med_list_codg"), "{plan}");
            assert!(!plan.contains("national") && !plan.contains("fee_ocur_time"), "{plan}");
        }
        let plan = plan(vec![entry("item")]);
        assert!(plan.contains("national") && plan.contains("fee_ocur_time"), "{plan}");
    }

    #[test]
    fn every_function_is_named_in_the_table_above() {
        let page = include_str!("vocabulary.rs");
        for function in functions() {
            assert!(page.contains(&format!("//! | `{}(", function.name())), "{}", function.name());
        }
    }
}
