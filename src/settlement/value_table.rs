//! Table `value`: what a point was worth, on both bases, against the start of the year (E10, A42).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::str::FromStr as _;

use num_traits::Zero;
use rust_decimal::Decimal;

use crate::table::{Column, Table};
use crate::units::{Points, Ratio, exact, fraction, ratio, to_decimal};

use super::clearing::quotient;
use super::outcome::{Outcome, PoolRow};

/// Decimal places of values and drift.
const PLACES: u32 = 4;

/// One row for each scenario, pool and period that pays points.
///
/// `fund_value` is what points were worth in fund money: (entitlement − paid as booked) ÷ points;
/// `cost_value` is that ÷ (booked ÷ cost), total cost (A42, A43); `start_value` is the `value` of measure
/// `year_start` of the catalog's table, total cost too, and `drift` cost_value ÷ start_value − 1. Values are
/// exact until they are printed, but for the start value, which is taken as published.
#[must_use]
pub fn value_table(outcomes: &[Outcome], start: Option<&Table>) -> Table {
    let starts = start.map_or_else(BTreeMap::new, starts);
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by(|one, two| one.scenario.cmp(&two.scenario));
    let rows: Vec<(&Outcome, &PoolRow, Ratio)> = sorted
        .iter()
        .flat_map(|outcome| outcome.pools.iter().map(move |row| (*outcome, row)))
        .filter_map(|(outcome, row)| Some((outcome, row, fund_value(row)?)))
        .collect();
    let (mut fund, mut cost, mut begun, mut drift) = (vec![], vec![], vec![], vec![]);
    for (_, row, value) in &rows {
        let whole = fraction(row.cost.0, row.booked.0).map(|factor| value * factor);
        let at_start = starts.get(&row.pool).copied();
        let drifted = whole
            .as_ref()
            .zip(at_start)
            .and_then(|(whole, start)| Some(quotient(whole, &exact(start))? - ratio(1)));
        let print = |value: Option<Ratio>| value.and_then(|value| to_decimal(&value, PLACES));
        fund.push(print(Some(value.clone())));
        cost.push(print(whole));
        begun.push(at_start);
        drift.push(print(drifted));
    }
    Table::new("value")
        .with("scenario", Column::text(rows.iter().map(|(outcome, ..)| outcome.scenario.as_str())))
        .with("pool", Column::text(rows.iter().map(|(_, row, _)| row.pool.as_str())))
        .with("period", Column::text(rows.iter().map(|(_, row, _)| row.period.as_str())))
        .with("fund_value", Column::decimals(PLACES, fund))
        .with("cost_value", Column::decimals(PLACES, cost))
        .with("start_value", Column::decimals(PLACES, begun))
        .with("drift", Column::decimals(PLACES, drift))
}

/// Yuan of fund money per point; `None` without points.
fn fund_value(row: &PoolRow) -> Option<Ratio> {
    let points = fraction(row.points?, Points::PER_POINT).filter(|points| !points.is_zero())?;
    let money = row.entitlement.to_ratio() - row.item_paid.to_ratio();
    Some(quotient(&money, &points)? / ratio(100))
}

/// Value of measure `year_start` by pool, as published.
fn starts(table: &Table) -> BTreeMap<String, Decimal> {
    let cell = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
    (0..table.rows())
        .filter(|row| cell("measure", *row) == "year_start")
        .filter_map(|row| Some((cell("pool", row), Decimal::from_str(&cell("value", row)).ok()?)))
        .collect()
}
