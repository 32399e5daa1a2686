//! The flow from raw rows to cases, in the order in which rows leave.

use super::cases::Built;
use crate::catalog::model::FlowStep;

/// Steps in reading order; a step not listed here would stand at the end, by name.
const ORDER: &[&str] = &[
    "raw",
    "void",
    "duplicate_conflict",
    "duplicate_identical",
    "reversal",
    "orphan_refund",
    "refund_full",
    "over_refund",
    "refund_flag_only",
    "refund_partial",
    "scope_insutype",
    "scope_med_type",
    "scope_out_of_area",
    "scope_proxy_upload",
    "scope_disease",
    "scope_paid_otherwise",
    "scope_diagnosis",
    "scope_institution_not_started",
    "scope_before_start",
    "analysed",
    "carved_out",
    "merged",
    "split",
    "units",
    "cases",
    "self_paying",
];

/// The steps of a build, by year and then in reading order.
#[must_use]
pub fn steps(built: &Built) -> Vec<FlowStep> {
    let rank = |step: &str| ORDER.iter().position(|known| *known == step).unwrap_or(ORDER.len());
    let mut steps: Vec<FlowStep> = built
        .flow
        .iter()
        .map(|((year, step), tally)| FlowStep {
            year: *year,
            step: step.clone(),
            rows: tally.rows,
            amount: tally.amount(),
        })
        .collect();
    steps.sort_by(|a, b| (a.year, rank(&a.step), &a.step).cmp(&(b.year, rank(&b.step), &b.step)));
    steps
}
