//! A catalog against the year it was made for, and its weights year by year.

use std::collections::BTreeMap;

use num_traits::{Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;

use super::sums::{Total, Window};
use super::{Error, rounded};
use crate::catalog::model::{Catalog, Group};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::table::{Column, Table};
use crate::units::{Ratio, exact, fraction, ratio, round_half_away};

/// Decimal places of means and rates.
const PLACES: u32 = 4;
/// Decimal places of a yearly weight.
const RATIO_PLACES: u32 = 6;

/// How well a catalog foresaw a year.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Table `forecast`: one row per group of the catalog or of the year, ascending by code.
    pub table: Table,
    /// All cases of the year.
    pub cases: u64,
    /// Cases with a group, in the catalog or not.
    pub grouped_cases: u64,
    /// Cases whose group is in the catalog.
    pub catalog_cases: u64,
    /// `catalog_cases` ÷ `cases`, 4 places; `None` without a case.
    pub coverage: Option<Decimal>,
    /// Σ n·|actual − catalog mean| ÷ Σ n·actual over groups that have both, 4 places; `None` where
    /// the divisor is not above 0.
    pub error_rate: Option<Decimal>,
}

/// One row of table `forecast` before it becomes columns; numbers are exact yuan.
#[derive(Default)]
struct Row {
    catalog_cases: Option<u64>,
    name: String,
    catalog: Option<Ratio>,
    actual_cases: u64,
    actual: Option<Ratio>,
    flag: &'static str,
}

/// Compares the catalog's means with those of the cases given, whatever their years.
///
/// Columns: `group_code, group_name, catalog_cases, catalog_mean_yuan, actual_cases,
/// actual_mean_yuan, error_yuan` (actual − catalog)`, error_rate` (error ÷ actual mean)`, flag`:
/// `not_in_catalog`, `no_cases` (none this year), `no_history` (priced, but without a mean of its
/// own), or empty. What cannot be said is missing, never 0.
///
/// # Errors
/// [`Error::Columns`] and [`Error::Overflow`].
pub fn forecast(catalog: &Catalog, cases: &Cases) -> Result<Forecast, Error> {
    Window::new(cases, &[])?;
    let mut actual = vec![Total::default(); cases.groups.len()];
    let mut ungrouped = 0u64;
    for (group, fee) in cases.group.iter().zip(&cases.fee_fen) {
        if *group == UNGROUPED {
            ungrouped = ungrouped.saturating_add(1);
            continue;
        }
        let total = &mut actual[*group as usize];
        total.cases = total.cases.saturating_add(1);
        total.fen = total.fen.saturating_add(i128::from(*fee));
    }
    let mut rows: BTreeMap<&str, Row> =
        catalog.groups.iter().map(|group| (group.group_code.as_str(), of_catalog(group))).collect();
    let (mut distance, mut cost) = (Ratio::zero(), Ratio::zero());
    let (mut grouped_cases, mut catalog_cases) = (0u64, 0u64);
    for (code, total) in cases.groups.iter().zip(actual).filter(|(_, total)| total.cases > 0) {
        grouped_cases = grouped_cases.saturating_add(total.cases);
        let row =
            rows.entry(code).or_insert_with(|| Row { flag: "not_in_catalog", ..Row::default() });
        row.actual_cases = total.cases;
        row.actual = total.mean().map(|mean| mean / ratio(100));
        if row.flag == "no_cases" {
            row.flag = "";
        }
        if row.catalog_cases.is_some() {
            catalog_cases = catalog_cases.saturating_add(total.cases);
        }
        if let Some(mean) = &row.catalog {
            let spent = ratio(total.fen) / ratio(100);
            distance += (&spent - mean * ratio(total.cases)).abs();
            cost += spent;
        }
    }
    let cases = grouped_cases.saturating_add(ungrouped);
    let rate = |rate: Ratio| rounded(&rate, PLACES, "a rate of the forecast");
    let coverage = fraction(catalog_cases, cases).map(rate).transpose()?;
    let error_rate = cost.is_positive().then(|| rate(distance / cost)).transpose()?;
    let table = table(&rows, catalog.places)?;
    Ok(Forecast { table, cases, grouped_cases, catalog_cases, coverage, error_rate })
}

fn of_catalog(group: &Group) -> Row {
    let has_mean = group.year_means.iter().any(Option::is_some);
    Row {
        catalog_cases: Some(group.cases),
        name: group.group_name.clone(),
        catalog: has_mean.then(|| exact(group.mean)),
        flag: if has_mean { "no_cases" } else { "no_history" },
        ..Row::default()
    }
}

fn table(rows: &BTreeMap<&str, Row>, places: u32) -> Result<Table, Error> {
    let error = |row: &Row| Some(row.actual.as_ref()? - row.catalog.as_ref()?);
    let rate = |row: &Row| {
        let actual = row.actual.as_ref().filter(|actual| !actual.is_zero())?;
        Some(error(row)? / actual)
    };
    let decimals =
        |places, value: &dyn Fn(&Row) -> Option<Ratio>| decimals(places, rows.values().map(value));
    Ok(Table::new("forecast")
        .with("group_code", Column::text(rows.keys().copied()))
        .with("group_name", Column::text(rows.values().map(|row| row.name.clone())))
        .with("catalog_cases", whole(rows.values().map(|row| row.catalog_cases)))
        .with("catalog_mean_yuan", decimals(places, &|row| row.catalog.clone())?)
        .with("actual_cases", whole(rows.values().map(|row| Some(row.actual_cases))))
        .with("actual_mean_yuan", decimals(PLACES, &|row| row.actual.clone())?)
        .with("error_yuan", decimals(PLACES, &error)?)
        .with("error_rate", decimals(PLACES, &rate)?)
        .with("flag", Column::text(rows.values().map(|row| row.flag))))
}

/// Table `weight`: one row per group and statistics year, in that order.
///
/// Columns: `group_code, group_name, year, cases, mean_yuan, ratio`: the year's published mean ÷
/// the year's published base mean, 6 places, missing where the year has no kept case.
///
/// # Errors
/// [`Error::Overflow`].
pub fn weight_table(catalog: &Catalog) -> Result<Table, Error> {
    let years = catalog.years.len();
    let cells: Vec<(&Group, usize)> =
        catalog.groups.iter().flat_map(|group| (0..years).map(move |at| (group, at))).collect();
    let mean = |group: &Group, at: usize| group.year_means.get(at).copied().flatten().map(exact);
    let ratio = |group: &Group, at: usize| {
        let base = catalog.year_base_means.get(at).copied().flatten().map(exact)?;
        Some(mean(group, at)? / Some(base).filter(|base| !base.is_zero())?)
    };
    let at = |(group, at): &(&Group, usize)| (group.year_cases.get(*at).copied(), *at);
    let means = decimals(catalog.places, cells.iter().map(|(group, at)| mean(group, *at)))?;
    let ratios = decimals(RATIO_PLACES, cells.iter().map(|(group, at)| ratio(group, *at)))?;
    Ok(Table::new("weight")
        .with("group_code", Column::text(cells.iter().map(|(group, _)| group.group_code.clone())))
        .with("group_name", Column::text(cells.iter().map(|(group, _)| group.group_name.clone())))
        .with("year", Column::whole(cells.iter().map(|cell| i64::from(catalog.years[cell.1]))))
        .with("cases", whole(cells.iter().map(|cell| at(cell).0)))
        .with("mean_yuan", means)
        .with("ratio", ratios))
}

fn whole(values: impl Iterator<Item = Option<u64>>) -> Column {
    Column::Whole(values.map(|value| value.and_then(|value| i64::try_from(value).ok())).collect())
}

fn decimals(places: u32, values: impl Iterator<Item = Option<Ratio>>) -> Result<Column, Error> {
    let overflow = || Error::Overflow { what: "a mean or rate of a table".to_owned() };
    let of = |value: Ratio| round_half_away(&value, places).to_i128().ok_or_else(overflow);
    let values: Vec<Option<i128>> =
        values.map(|value| value.map(of).transpose()).collect::<Result<_, _>>()?;
    Ok(Column::Decimal { places, values })
}
