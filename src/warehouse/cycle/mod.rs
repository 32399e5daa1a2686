//! The 24-hour cycle for SQL models, in one pass over rows sorted by person and institution.
//!
//! ```sql
//! cycle_number(time, setl_id, minutes, anchor, stands_alone, group_code, year)
//!     over (partition by psn_no, fixmedins_code)
//! ```
//!
//! numbers the cycles of a person at an institution from 1 (Y08, A09–A12, [`crate::grouper::cycle`]):
//! `time` is `begntime` or `setl_time`, `anchor` is `first`, `rolling` or `calendar_day`, settlements
//! that `stands_alone` marks are cycles of their own, and only those with the same further arguments
//! belong together. Written as a window function, it is never run as one: windows over near-unique
//! partitions take minutes where one pass takes seconds. [`rule::CyclesInOnePass`] puts
//! [`exec::CycleExec`] in its place before the engine looks after distribution and order, so that it
//! adds a sort where the rows are not sorted and none where they are.

pub(super) mod exec;
pub(super) mod rule;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl,
};

const NAME: &str = "cycle_number";

/// The function as SQL sees it.
pub(super) fn function() -> WindowUDF {
    WindowUDF::new_from_impl(CycleNumber {
        signature: Signature::variadic_any(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CycleNumber {
    signature: Signature,
}

impl WindowUDFImpl for CycleNumber {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(NeverAsked))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Int64, false)))
    }
}

/// The engine asks for an evaluator when it plans; the rule puts the operator in its place.
#[derive(Debug)]
struct NeverAsked;

impl PartitionEvaluator for NeverAsked {}

#[cfg(test)]
mod tests;
