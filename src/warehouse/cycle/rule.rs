//! Puts the operator in the place of the window function.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::physical_expr::window::StandardWindowExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::windows::{WindowAggExec, WindowUDFExpr};

use super::NAME;
use super::exec::{Cycle, CycleExec};

/// Stands before the engine's own rules, so that they add what the operator requires.
#[derive(Debug)]
pub(in crate::warehouse) struct CyclesInOnePass;

impl PhysicalOptimizerRule for CyclesInOnePass {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let spread = config.execution.target_partitions > 1;
        plan.transform_up(|node| {
            let window = node.downcast_ref::<WindowAggExec>();
            match window.map(|window| operator(window, spread)).transpose()?.flatten() {
                Some(exec) => Ok(Transformed::yes(exec)),
                None => Ok(Transformed::no(node)),
            }
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "cycles_in_one_pass"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The operators for a window of cycles alone; several of them stand on top of each other.
fn operator(window: &WindowAggExec, spread: bool) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let mut plan = Arc::clone(window.input());
    for (at, expr) in window.window_expr().iter().enumerate() {
        let function = expr.as_any().downcast_ref::<StandardWindowExpr>().and_then(|standard| {
            standard.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>()
        });
        match function.filter(|function| function.fun().name() == NAME) {
            Some(function) => {
                let cycle = Cycle::new(function.args(), expr.partition_by(), expr.field()?)?;
                plan = Arc::new(CycleExec::new(plan, cycle, spread)?);
            }
            None if at == 0 && !window.window_expr().iter().any(is_cycle) => return Ok(None),
            None => {
                return datafusion::common::plan_err!(
                    "`{NAME}` and another window function need queries of their own"
                );
            }
        }
    }
    Ok(Some(plan))
}

fn is_cycle(expr: &Arc<dyn datafusion::physical_expr::window::WindowExpr>) -> bool {
    expr.name().starts_with(NAME)
}
