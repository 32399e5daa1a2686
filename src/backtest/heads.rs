//! What head budgets need from table `institution`, and what a reader of them asks besides: tiers of
//! contribution, the budget two years suggest.

use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::{Error, Settings, inputs};
use crate::grouping::cases::{Built, Request};
use crate::grouping::outlay;
use crate::period::Years;
use crate::settlement::heads::Contractor;
use crate::table::{Column, Table};
use crate::units::{Fen, UnitError, exact, ratio};
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;

/// Institutions as parties to contracts, ascending by code; none where the table was not loaded (R07).
///
/// # Errors
/// [`Error::Value`] for a `lead` or `eligible` that is neither 1, 0 nor empty, or rows that disagree.
pub(super) fn contractors(engine: &Engine, snapshot: &Snapshot) -> Result<Vec<Contractor>, Error> {
    from_table(&dimension::read(engine, snapshot, "stg_contractor", &Params::default())?)
}

fn from_table(table: &Table) -> Result<Vec<Contractor>, Error> {
    let cell = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
    let mut all: Vec<Contractor> = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let code = cell("fixmedins_code", row);
        let wrong = |value: String, wanted| Error::Value {
            table: "institution",
            key: code.clone(),
            value,
            wanted,
        };
        let yes = |column: &'static str, empty: bool| match cell(column, row).as_str() {
            "" => Ok(empty),
            "1" => Ok(true),
            "0" => Ok(false),
            other => Err(wrong(format!("{column} {other}"), "1, 0 or nothing")),
        };
        let (lead, eligible) = (yes("lead", false)?, yes("eligible", true)?);
        if all.last().is_some_and(|last| last.code == code) {
            let wanted = "one consortium, one `lead` and one `eligible` in all its rows";
            return Err(wrong("rows that disagree".to_owned(), wanted));
        }
        all.push(Contractor { consortium: cell("consortium", row), lead, eligible, code });
    }
    Ok(all)
}

/// What a run under head budgets shows besides: tiers of contribution, the budget two years suggest.
pub(super) fn tables(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'_>,
    base: &Built,
) -> Result<Vec<Table>, Error> {
    if settings.policy.policy.capitation.is_none() {
        return Ok(Vec::new());
    }
    let suggestion = Suggestion::read(engine, snapshot, settings)?;
    Ok(vec![tier_table(base)?, suggestion.table()?])
}

/// One row per tier of contribution: the cases of the baseline, whatever their insurance (H13).
fn tier_table(built: &Built) -> Result<Table, Error> {
    let fen = |sum: i128| i64::try_from(sum).map_err(|_| UnitError::Overflow);
    let tiers = || built.tiers.values();
    let fees = tiers().map(|tier| fen(tier.fee_fen)).collect::<Result<Vec<_>, _>>()?;
    let funds = tiers().map(|tier| fen(tier.fund_fen)).collect::<Result<Vec<_>, _>>()?;
    Ok(Table::new("contribution_tier")
        .with("clct_grde", Column::text(built.tiers.keys().map(String::as_str)))
        .with("cases", Column::whole(tiers().map(|tier| tier.cases)))
        .with("cost_yuan", Column::yuan(fees))
        .with("fund_booked_yuan", Column::yuan(funds)))
}

/// What the budget of a year could be: the mean of the two years' fund outlay × (1 + growth), beside the
/// budget agreed (H07, 4.3). Years the warehouse does not have leave it open; without an item `growth` in
/// table `budget` the mean stands as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Suggestion {
    year: u16,
    /// Of the two years before, the older first.
    outlay: [Option<Fen>; 2],
    growth: Option<Decimal>,
    budget: Option<Fen>,
}

impl Suggestion {
    /// Reads what it is made of.
    ///
    /// # Errors
    /// [`Error::Value`]: a growth that is no decimal; those of table `budget` as in a backtest.
    fn read(engine: &Engine, snapshot: &Snapshot, settings: &Settings<'_>) -> Result<Self, Error> {
        let (year, policy) = (settings.year, &settings.policy.policy);
        let before = [year.saturating_sub(2), year.saturating_sub(1)];
        let years = Years::new(before.to_vec()).ok_or(Error::NoCases { year })?;
        let policy_of = policy.clone();
        let request = Request {
            policy: policy_of,
            years,
            keep_ids: false,
            keep_records: false,
            parts: false,
            refunds_until: None,
        };
        let outlay = outlay::by_year(engine, snapshot, &request)??;
        Ok(Self {
            year,
            outlay: before.map(|year| outlay.get(&year).copied()),
            growth: growth(engine, snapshot, year)?,
            budget: inputs::control_total(engine, snapshot, policy, year)?,
        })
    }

    /// To the fen, half away from zero; `None` if a year is missing.
    fn amount(&self) -> Result<Option<Fen>, Error> {
        let [Some(older), Some(newer)] = self.outlay else { return Ok(None) };
        let mean = (older.to_ratio() + newer.to_ratio()) / ratio(2);
        let growth = self.growth.map_or_else(|| ratio(0), exact);
        Ok(Some(Fen::nearest(&(mean * (ratio(1) + growth)))?))
    }

    /// Its table, of one row.
    fn table(&self) -> Result<Table, Error> {
        let yuan = |fen: Option<Fen>| Column::Decimal {
            places: 2,
            values: vec![fen.map(|fen| i128::from(fen.0))],
        };
        Ok(Table::new("budget_suggestion")
            .with("year", Column::whole([i64::from(self.year)]))
            .with("outlay_two_years_before_yuan", yuan(self.outlay[0]))
            .with("outlay_year_before_yuan", yuan(self.outlay[1]))
            .with("growth", Column::decimals(6, [self.growth]))
            .with("suggested_yuan", yuan(self.amount()?))
            .with("budget_yuan", yuan(self.budget)))
    }
}

/// Item `growth` of table `budget`, for the only pool and the whole year.
fn growth(engine: &Engine, snapshot: &Snapshot, year: u16) -> Result<Option<Decimal>, Error> {
    let params = Params::default().whole("year", i64::from(year)).text("item", "growth");
    let table = dimension::read(engine, snapshot, "stg_budget", &params)?;
    let Some(value) = table.cell("amount", 0).filter(|_| table.rows() == 1) else {
        return Ok(None);
    };
    let wrong = |_| Error::Value {
        table: "budget",
        key: format!("growth, {year}"),
        value: value.clone(),
        wanted: "a growth such as 0.06",
    };
    Decimal::from_str(&value).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::{Error, Suggestion, from_table};
    use crate::table::{Column, Table};
    use crate::units::Fen;

    /// Rows of `stg_contractor`: code, lead, eligible; the consortium is Y.
    fn read(rows: &[(&str, &str, &str)]) -> Result<Vec<(String, bool, bool)>, Error> {
        let table = Table::new("stg_contractor")
            .with("fixmedins_code", Column::text(rows.iter().map(|row| row.0)))
            .with("consortium", Column::text(rows.iter().map(|_| "Y")))
            .with("lead", Column::text(rows.iter().map(|row| row.1)))
            .with("eligible", Column::text(rows.iter().map(|row| row.2)));
        let all = from_table(&table)?;
        Ok(all.into_iter().map(|one| (one.code, one.lead, one.eligible)).collect())
    }

    // (100.01 + 102.00) ÷ 2 × 1.06 = 107.0653 → 107.07; without growth 101.005 → 101.01.
    // shows: H07, H06
    #[test]
    fn a_budget_is_suggested_from_two_years() {
        let growth = Some(rust_decimal::Decimal::new(6, 2));
        let outlay = [Some(Fen(10_001)), Some(Fen(10_200))];
        let two = Suggestion { year: 2024, outlay, growth, budget: None };
        assert_eq!(two.amount().unwrap(), Some(Fen(10_707)));
        let flat = Suggestion { growth: None, ..two.clone() };
        assert_eq!(flat.amount().unwrap(), Some(Fen(10_101)));
        let one = Suggestion { outlay: [None, outlay[1]], ..two };
        assert_eq!(one.amount().unwrap(), None);
    }

    // shows: R07, R09
    #[test]
    fn an_institution_leads_only_if_said_and_shares_unless_denied() {
        let rows = [("H1", "1", "1"), ("H2", "0", "0"), ("H3", "", "")];
        let expect = [("H1", true, true), ("H2", false, false), ("H3", false, true)];
        let expect = expect.map(|(code, lead, eligible)| (code.to_owned(), lead, eligible));
        assert_eq!(read(&rows).unwrap(), expect);
        for wrong in
            [&[("H1", "yes", "1")][..], &[("H1", "1", "2")], &[("H1", "1", "1"), ("H1", "0", "1")]]
        {
            let refused = read(wrong).unwrap_err();
            assert!(matches!(refused, Error::Value { table: "institution", .. }), "{refused}");
        }
    }
}
