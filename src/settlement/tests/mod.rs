//! Tests of the kernel: worked numbers, refusals, properties and a slow second implementation.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "tests compute on small numbers of their own; an overflow fails them"
)]

mod balances;
mod budgets;
mod build;
mod capitation;
mod capitation_properties;
mod closing;
mod coefficients;
mod decided;
mod drug_days;
mod months;
mod numbers;
mod properties;
mod reference;
mod refusals;
mod scalar;
mod scores;
mod special;
mod speed;
mod trails;
mod units;
mod value;
mod views;
mod waterfall;
mod year_end;
