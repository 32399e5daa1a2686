//! Functions over text columns that a policy lends to the SQL models.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

type Body = dyn Fn(&[ArrayRef]) -> ArrayRef + Send + Sync;

/// A function from text columns to one column of equal length.
pub struct TextFunction {
    name: &'static str,
    arguments: usize,
    output: DataType,
    body: Arc<Body>,
}

impl std::fmt::Debug for TextFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A function that takes `arguments` text columns (views) and returns text.
pub fn text_function(
    name: &'static str,
    arguments: usize,
    body: impl Fn(&[ArrayRef]) -> ArrayRef + Send + Sync + 'static,
) -> TextFunction {
    TextFunction { name, arguments, output: DataType::Utf8View, body: Arc::new(body) }
}

impl TextFunction {
    /// The same function, returning truth values.
    #[must_use]
    pub fn returning_bool(mut self) -> Self {
        self.output = DataType::Boolean;
        self
    }

    /// The engine's form of it.
    #[must_use]
    pub fn to_udf(&self) -> ScalarUDF {
        let body = Arc::clone(&self.body);
        create_udf(
            self.name,
            vec![DataType::Utf8View; self.arguments],
            self.output.clone(),
            Volatility::Immutable,
            Arc::new(move |values: &[ColumnarValue]| {
                let columns = ColumnarValue::values_to_arrays(values)?;
                let views = columns
                    .iter()
                    .map(|column| match column.as_any().downcast_ref::<StringViewArray>() {
                        Some(_) => Ok(Arc::clone(column)),
                        None => cast(column, &DataType::Utf8View),
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(ColumnarValue::Array(body(&views)))
            }),
        )
    }
}
