//! What a settlement needs besides cases and rules: budgets, assessments, names of institutions.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::{Error, given};
use crate::grouping::cases::Built;
use crate::policy::model::{BudgetSource, Policy, Pools};
use crate::settlement::cases::Cases;
use crate::settlement::{ALL, YEAR};
use crate::table::Table;
use crate::units::{Fen, exact};
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;

/// Name and level of an institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InstitutionName {
    pub(super) name: String,
    pub(super) tier: String,
}

/// Names and levels by code, from table `institution`.
pub(super) fn institutions(
    engine: &Engine,
    snapshot: &Snapshot,
) -> Result<BTreeMap<String, InstitutionName>, Error> {
    let table = dimension::read(engine, snapshot, "stg_institution", &Params::default())?;
    let cell = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
    Ok((0..table.rows())
        .map(|row| {
            let name =
                InstitutionName { name: cell("fixmedins_name", row), tier: cell("tier", row) };
            (cell("fixmedins_code", row), name)
        })
        .collect())
}

/// Money by pool and period, as the policy says where it comes from (J01, J04, Y27). `before`: the cases
/// of the year before, where they are needed.
pub(super) fn budgets(
    engine: &Engine,
    snapshot: &Snapshot,
    (policy, year): (&Policy, u16),
    before: Option<&Built>,
) -> Result<BTreeMap<(String, String), Fen>, Error> {
    let budget = &policy.budget;
    match &budget.source {
        BudgetSource::Table { item } => {
            let params = Params::default().whole("year", i64::from(year)).text("item", item);
            let table = dimension::read(engine, snapshot, "stg_budget", &params)?;
            let money = from_table(&table, item, year)?;
            if money.is_empty() {
                return Err(Error::NoBudget { item: item.clone(), year });
            }
            Ok(money)
        }
        BudgetSource::Amount(amounts) => {
            let found = amounts.iter().find(|(known, _)| *known == year);
            let (_, amount) =
                found.ok_or_else(|| Error::NoBudget { item: "budget.amount".to_owned(), year })?;
            Ok(BTreeMap::from([((ALL.to_owned(), YEAR.to_owned()), *amount)]))
        }
        // The kernel draws it up from the rows of table `budget` (3.1).
        BudgetSource::Waterfall(_) => Ok(BTreeMap::new()),
        BudgetSource::LastYearBooked { growth } => {
            let before = before.filter(|before| !before.cases.is_empty());
            let before = before.ok_or(Error::NoCases { year: year.saturating_sub(1) })?;
            grown(&booked(&before.cases)?, budget.pools, *growth)
        }
    }
}

/// What was booked by insurance type, with the growth, for each pool.
fn grown(
    by_insutype: &BTreeMap<String, Fen>,
    pools: Pools,
    growth: Decimal,
) -> Result<BTreeMap<(String, String), Fen>, Error> {
    let factor = exact(Decimal::ONE) + exact(growth);
    let mut money = BTreeMap::new();
    match pools {
        Pools::One => {
            let total = Fen::sum(by_insutype.values().copied())?;
            let grown = Fen::nearest(&(total.to_ratio() * &factor))?;
            money.insert((ALL.to_owned(), YEAR.to_owned()), grown);
        }
        Pools::Insutype => {
            for (pool, total) in by_insutype {
                let grown = Fen::nearest(&(total.to_ratio() * &factor))?;
                money.insert((pool.clone(), YEAR.to_owned()), grown);
            }
        }
    }
    Ok(money)
}

fn booked(cases: &Cases) -> Result<BTreeMap<String, Fen>, Error> {
    let mut sums = vec![0i128; cases.insutypes.len()];
    for (insutype, fund) in cases.insutype.iter().zip(&cases.fund_fen) {
        sums[usize::from(*insutype)] += i128::from(*fund);
    }
    cases
        .insutypes
        .iter()
        .zip(sums)
        .map(|(name, sum)| {
            let fen = i64::try_from(sum).map_err(|_| crate::units::UnitError::Overflow)?;
            Ok((name.clone(), Fen(fen)))
        })
        .collect()
}

fn from_table(
    table: &Table,
    item: &str,
    year: u16,
) -> Result<BTreeMap<(String, String), Fen>, Error> {
    let cell = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
    let mut money = BTreeMap::new();
    for row in 0..table.rows() {
        let (pool, period) = (cell("pool", row), cell("period", row));
        let versions = cell("versions", row).parse().unwrap_or(i64::MAX);
        if versions != 1 {
            let item = item.to_owned();
            return Err(Error::BudgetTwice { item, year, pool, period, versions });
        }
        let value = cell("amount", row);
        let amount = Fen::from_str(&value).ok().filter(|amount| *amount >= Fen::ZERO);
        let amount = amount.ok_or_else(|| Error::Value {
            table: "budget",
            key: format!("{item}, pool {pool}, period {period}"),
            value: given::plain(&value),
            wanted: given::AMOUNT,
        })?;
        money.insert((pool, period), amount);
    }
    Ok(money)
}

/// The money of a year over all pools and periods, as the policy states it (P03); `None` where none is
/// stated, or where it follows from what was booked or from a waterfall.
///
/// # Errors
/// [`Error::BudgetTwice`], [`Error::Value`]: table `budget` as in a backtest.
pub fn control_total(
    engine: &Engine,
    snapshot: &Snapshot,
    policy: &Policy,
    year: u16,
) -> Result<Option<Fen>, Error> {
    match &policy.budget.source {
        BudgetSource::Table { item } => {
            let params = Params::default().whole("year", i64::from(year)).text("item", item);
            let table = dimension::read(engine, snapshot, "stg_budget", &params)?;
            total(&from_table(&table, item, year)?)
        }
        BudgetSource::Amount(amounts) => {
            Ok(amounts.iter().find(|(known, _)| *known == year).map(|(_, fen)| *fen))
        }
        BudgetSource::LastYearBooked { .. } | BudgetSource::Waterfall(_) => Ok(None),
    }
}

fn total(money: &BTreeMap<(String, String), Fen>) -> Result<Option<Fen>, Error> {
    if money.is_empty() { Ok(None) } else { Ok(Some(Fen::sum(money.values().copied())?)) }
}

#[cfg(test)]
mod tests {
    use super::{Error, from_table, total};
    use crate::table::{Column, Table};
    use crate::units::Fen;

    /// Rows of `stg_budget`: pool, versions, amount.
    fn budget(rows: &[(&str, i64, &str)]) -> Table {
        Table::new("budget")
            .with("pool", Column::text(rows.iter().map(|row| row.0)))
            .with("period", Column::text(rows.iter().map(|_| "Y")))
            .with("versions", Column::whole(rows.iter().map(|row| row.1)))
            .with("amount", Column::text(rows.iter().map(|row| row.2)))
    }

    // 100.50 + 200.25 = 300.75 yuan.
    // shows: P03, P04
    #[test]
    fn a_control_total_is_that_of_all_pools_and_nothing_is_left_out_of_it() {
        let read = |rows: &[(&str, i64, &str)]| from_table(&budget(rows), "drg", 2024);
        let both = read(&[("310", 1, "100.50"), ("390", 1, "200.25")]).unwrap();
        assert_eq!(total(&both).unwrap(), Some(Fen(30_075)));
        assert_eq!(total(&read(&[]).unwrap()).unwrap(), None);
        let twice = read(&[("310", 2, "100.50")]).unwrap_err();
        assert!(matches!(twice, Error::BudgetTwice { versions: 2, .. }), "{twice}");
        // Neither words, nor half fen, nor less than nothing.
        for wrong in ["much", "200.255", "-200.250000"] {
            let refused = read(&[("310", 1, "100.50"), ("390", 1, wrong)]).unwrap_err();
            assert!(matches!(refused, Error::Value { .. }), "{refused}");
        }
    }
}
