//! SQL expressions over the columns of one batch, as mapping files write them.
//!
//! Column names are taken as written (`SEGMENT` is not `segment`), decimals are decimals, and
//! functions that look at the clock or at chance are refused: the same file has to load the same
//! rows.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::tree_node::TreeNode as _;
use datafusion::common::{DFSchema, DataFusionError, SchemaError};
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::optimizer::simplify_expressions::{ExprSimplifier, SimplifyContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::store::Leaf;

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It names a column that is not there.
    UnknownColumn(String),
    /// It does not parse, or its types do not fit.
    Message(String),
}

/// Turns text into [`Expression`]s.
pub(crate) struct Compiler {
    context: SessionContext,
}

/// A checked expression over the columns it was compiled for.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    physical: Arc<dyn PhysicalExpr>,
    data_type: DataType,
    columns: Vec<String>,
}

impl Compiler {
    pub(crate) fn new() -> Self {
        let config = SessionConfig::new()
            .set_bool("datafusion.sql_parser.enable_ident_normalization", false)
            .set_bool("datafusion.sql_parser.parse_float_as_decimal", true);
        Self { context: SessionContext::new_with_config(config) }
    }

    /// The expression over columns of this schema.
    pub(crate) fn compile(&self, sql: &str, schema: &Schema) -> Result<Expression, Wrong> {
        let known = DFSchema::try_from(schema.clone()).map_err(|err| wrong(&err))?;
        let parsed = self.context.parse_sql_expr(sql, &known).map_err(|err| wrong(&err))?;
        if let Some(name) = not_repeatable(&parsed) {
            return Err(Wrong::Message(format!(
                "`{name}` gives another value each time; a load must be repeatable"
            )));
        }
        // Some functions, `coalesce` among them, only run in their simplified form.
        let simplifier = ExprSimplifier::new(
            SimplifyContext::builder().with_schema(Arc::new(known.clone())).build(),
        );
        let simple = simplifier
            .coerce(parsed, &known)
            .and_then(|typed| simplifier.simplify(typed))
            .map_err(|err| wrong(&err))?;
        let physical =
            self.context.create_physical_expr(simple, &known).map_err(|err| wrong(&err))?;
        let data_type = physical.data_type(schema).map_err(|err| wrong(&err))?;
        let mut columns: Vec<String> =
            collect_columns(&physical).iter().map(|column| column.name().to_owned()).collect();
        columns.sort_unstable();
        Ok(Expression { physical, data_type, columns })
    }
}

/// The first function whose value depends on more than its arguments.
fn not_repeatable(expr: &Expr) -> Option<String> {
    let mut found = None;
    let _ = expr.exists(|part| {
        if let Expr::ScalarFunction(call) = part
            && call.func.signature().volatility != Volatility::Immutable
        {
            found = Some(call.func.name().to_owned());
        }
        Ok(found.is_some())
    });
    found
}

fn wrong(err: &DataFusionError) -> Wrong {
    match err.find_root() {
        DataFusionError::SchemaError(problem, _) => match problem.as_ref() {
            SchemaError::FieldNotFound { field, .. } => Wrong::UnknownColumn(field.name.clone()),
            other => Wrong::Message(other.to_string()),
        },
        root => Wrong::Message(root.strip_backtrace()),
    }
}

impl Expression {
    /// Type of its values.
    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Names of the columns it reads, in order.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The position of the column that it is, if it is nothing but a column.
    pub(crate) fn plain_column(&self) -> Option<usize> {
        self.physical.downcast_ref::<Column>().map(Column::index)
    }

    /// One value per row.
    pub(crate) fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef, Leaf> {
        self.physical
            .evaluate(batch)
            .and_then(|value| value.into_array(batch.num_rows()))
            .map_err(|err| Leaf(err.find_root().strip_backtrace()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
    use datafusion::arrow::datatypes::{DataType, Decimal128Type};

    use super::{Compiler, Wrong};

    fn claims() -> RecordBatch {
        let text = |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(values)) };
        RecordBatch::try_from_iter([
            ("SEGMENT", text(vec![Some("1"), Some("2")])),
            ("PAID", text(vec![Some("12.50"), None])),
            ("金额", text(vec![Some("0.10"), Some("0.20")])),
        ])
        .unwrap()
    }

    #[test]
    fn names_keep_their_case_and_decimals_stay_exact() {
        let batch = claims();
        let compiler = Compiler::new();
        let sql =
            "cast(coalesce(PAID, '0') as decimal(18, 4)) + cast(金额 as decimal(18, 4)) + 0.05";
        let sum = compiler.compile(sql, &batch.schema()).unwrap();
        assert_eq!(sum.columns(), ["PAID", "金额"]);
        assert!(matches!(sum.data_type(), DataType::Decimal128(_, 4)));
        let values = sum.evaluate(&batch).unwrap();
        assert_eq!(values.as_primitive::<Decimal128Type>().values(), &[126_500, 2_500]);
        let filter = compiler.compile("SEGMENT = '1'", &batch.schema()).unwrap();
        let kept = filter.evaluate(&batch).unwrap();
        assert_eq!(kept.as_boolean().iter().collect::<Vec<_>>(), [Some(true), Some(false)]);
    }

    #[test]
    fn an_unknown_column_and_the_clock_are_refused() {
        let (batch, compiler) = (claims(), Compiler::new());
        let unknown = compiler.compile("segment = '1'", &batch.schema()).unwrap_err();
        assert_eq!(unknown, Wrong::UnknownColumn("segment".to_owned()));
        for sql in ["now()", "random()", "SEGMENT +", "sum(PAID)"] {
            assert!(matches!(
                compiler.compile(sql, &batch.schema()).unwrap_err(),
                Wrong::Message(_)
            ));
        }
    }
}
