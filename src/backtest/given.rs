//! What tables beside the claims say of the year settled: decided cases, budget items, advances,
//! assessments. A row that cannot be meant stops the run: it would move money silently.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::Error;
use crate::explain::nearest;
use crate::settlement::{ALL, Advance, AdvanceKind, Assessment, SpecialCase, SpecialKind};
use crate::table::Table;
use crate::units::Fen;
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;

/// What an amount of money may be.
pub(super) const AMOUNT: &str = "an amount in yuan, not below 0, with at most two decimal places";
/// Places of points (A46).
const POINT_PLACES: u32 = 4;
/// What decided points may be.
const POINTS: &str = "points, not below 0, with at most four decimal places";

/// Rows of a dimension table by column name; a missing value is empty.
struct Rows {
    name: &'static str,
    table: Table,
}

impl Rows {
    fn read(
        engine: &Engine,
        snapshot: &Snapshot,
        (name, model): (&'static str, &str),
        year: Option<u16>,
    ) -> Result<Self, Error> {
        let mut params = Params::default();
        if let Some(year) = year {
            params = params.whole("year", i64::from(year));
        }
        Ok(Self { name, table: dimension::read(engine, snapshot, model, &params)? })
    }

    fn cell(&self, column: &str, row: usize) -> String {
        self.table.cell(column, row).unwrap_or_default()
    }

    fn wrong(&self, key: &str, value: &str, wanted: &'static str) -> Error {
        let (table, key, value) = (self.name, key.to_owned(), value.to_owned());
        Error::Value { table, key, value, wanted }
    }

    /// Money not below 0.
    fn amount(&self, column: &str, row: usize, key: &str) -> Result<Fen, Error> {
        let text = self.cell(column, row);
        let amount = Fen::from_str(&text).ok().filter(|amount| *amount >= Fen::ZERO);
        amount.ok_or_else(|| self.wrong(&format!("{key}, `{column}`"), &plain(&text), AMOUNT))
    }

    /// Rows of several loads may repeat each other, but not disagree.
    fn agreed(&self, row: usize, key: &str) -> Result<(), Error> {
        let versions = self.cell("versions", row);
        if versions == "1" {
            return Ok(());
        }
        Err(Error::Disagree { table: self.name, key: key.to_owned(), versions })
    }
}

/// A decimal as a person writes it: `12.345`, not `12.345000`.
pub(super) fn plain(text: &str) -> String {
    Decimal::from_str_exact(text)
        .map_or_else(|_| text.to_owned(), |value| value.normalize().to_string())
}

/// Institutions that a row may name.
pub(super) struct Known<'a>(pub(super) BTreeSet<&'a str>);

impl Known<'_> {
    fn check(&self, table: &'static str, code: &str) -> Result<(), Error> {
        if self.0.contains(code) {
            return Ok(());
        }
        let nearest = nearest(code, self.0.iter().copied()).map(str::to_owned);
        Err(Error::UnknownInstitution { table, code: code.to_owned(), nearest })
    }
}

/// Decided cases by settlement id, of all years (Z25, P08).
///
/// # Errors
/// [`Error::SpecialKind`], [`Error::Disagree`] for a settlement decided twice, [`Error::Value`].
pub(super) fn special(
    engine: &Engine,
    snapshot: &Snapshot,
) -> Result<BTreeMap<String, SpecialCase>, Error> {
    special_rows(&Rows::read(engine, snapshot, ("special", "stg_special"), None)?)
}

fn special_rows(rows: &Rows) -> Result<BTreeMap<String, SpecialCase>, Error> {
    let mut all: BTreeMap<String, SpecialCase> = BTreeMap::new();
    for row in 0..rows.table.rows() {
        let (setl_id, word) = (rows.cell("setl_id", row), rows.cell("kind", row));
        let text = rows.cell("value", row);
        let points = || {
            let value = Decimal::from_str_exact(&text).ok();
            let value = value.filter(|value| *value >= Decimal::ZERO);
            let value = value.filter(|value| value.normalize().scale() <= POINT_PLACES);
            value.ok_or_else(|| rows.wrong(&format!("{setl_id}, `{word}`"), &plain(&text), POINTS))
        };
        let kind = match word.as_str() {
            "points" => SpecialKind::Points(points()?),
            "add" => SpecialKind::Add(points()?),
            "item" => SpecialKind::Item,
            "refused" => SpecialKind::Refused,
            _ => return Err(Error::SpecialKind { setl_id, kind: word }),
        };
        let (reviewer, reason) = (rows.cell("reviewer", row), rows.cell("reason", row));
        if all.contains_key(&setl_id) {
            let versions = "2 or more".to_owned();
            return Err(Error::Disagree { table: rows.name, key: setl_id, versions });
        }
        all.insert(setl_id, SpecialCase { kind, reviewer, reason });
    }
    Ok(all)
}

/// Rows of table `budget` of a year, by pool, period and item (3.1, Y33, J01).
///
/// # Errors
/// [`Error::BudgetTwice`], [`Error::Value`]. What an item may be is known where it is used.
pub(super) fn items(
    engine: &Engine,
    snapshot: &Snapshot,
    year: u16,
) -> Result<BTreeMap<(String, String, String), Decimal>, Error> {
    let rows = Rows::read(engine, snapshot, ("budget", "stg_budget_item"), Some(year))?;
    item_rows(&rows, year)
}

fn item_rows(rows: &Rows, year: u16) -> Result<BTreeMap<(String, String, String), Decimal>, Error> {
    let mut items = BTreeMap::new();
    for row in 0..rows.table.rows() {
        let (pool, period, item) =
            (rows.cell("pool", row), rows.cell("period", row), rows.cell("item", row));
        let versions = rows.cell("versions", row).parse().unwrap_or(i64::MAX);
        if versions != 1 {
            return Err(Error::BudgetTwice { item, year, pool, period, versions });
        }
        let text = rows.cell("amount", row);
        let value = Decimal::from_str_exact(&text).map_err(|_| {
            rows.wrong(&format!("{item}, pool {pool}, period {period}"), &text, "a number")
        })?;
        items.insert((pool, period, item), value.normalize());
    }
    Ok(items)
}

/// Rows of table `advance` of a year (Z22, R35).
///
/// # Errors
/// [`Error::AdvanceKind`], [`Error::UnknownInstitution`], [`Error::Disagree`], [`Error::Value`].
pub(super) fn advances(
    engine: &Engine,
    snapshot: &Snapshot,
    year: u16,
    known: &Known<'_>,
) -> Result<Vec<Advance>, Error> {
    advance_rows(&Rows::read(engine, snapshot, ("advance", "stg_advance"), Some(year))?, known)
}

fn advance_rows(rows: &Rows, known: &Known<'_>) -> Result<Vec<Advance>, Error> {
    let mut advances = Vec::with_capacity(rows.table.rows());
    for row in 0..rows.table.rows() {
        let cell = |column: &str| rows.cell(column, row);
        let (institution, word, month) = (cell("fixmedins_code"), cell("kind"), cell("month"));
        let mut key = format!("{institution}, `{word}`");
        if !month.is_empty() {
            key = format!("{key}, month {month}");
        }
        known.check(rows.name, &institution)?;
        rows.agreed(row, &key)?;
        let of_year = || {
            let number = month.parse::<u8>().ok().filter(|month| (1..=12).contains(month));
            number.ok_or_else(|| rows.wrong(&key, &month, "a month from 1 to 12"))
        };
        let (kind, month) = match word.as_str() {
            "monthly" => (AdvanceKind::Monthly, Some(of_year()?)),
            "working_capital" if month.is_empty() => (AdvanceKind::WorkingCapital, None),
            "working_capital" => {
                // The month it was paid in is read for its sake only: it counts for the year (Z22).
                of_year()?;
                (AdvanceKind::WorkingCapital, None)
            }
            _ => return Err(Error::AdvanceKind { institution, kind: word }),
        };
        let pool = every_pool(cell("pool"));
        let amount = rows.amount("amount", row, &key)?;
        advances.push(Advance { pool, institution, month, kind, amount });
    }
    advances.sort();
    Ok(advances)
}

/// The name of the only pool stands for every pool.
fn every_pool(pool: String) -> String {
    if pool == ALL { String::new() } else { pool }
}

/// Assessment coefficients, deductions, violations and bonds by pool and institution; empty pool: every
/// pool (J17, Z26).
///
/// # Errors
/// [`Error::UnknownInstitution`], [`Error::Disagree`], [`Error::Value`].
pub(super) fn assessments(
    engine: &Engine,
    snapshot: &Snapshot,
    year: u16,
    known: &Known<'_>,
) -> Result<BTreeMap<(String, String), Assessment>, Error> {
    let rows = Rows::read(engine, snapshot, ("assessment", "stg_assessment"), Some(year))?;
    assessment_rows(&rows, known)
}

fn assessment_rows(
    rows: &Rows,
    known: &Known<'_>,
) -> Result<BTreeMap<(String, String), Assessment>, Error> {
    let mut all = BTreeMap::new();
    for row in 0..rows.table.rows() {
        let code = rows.cell("fixmedins_code", row);
        known.check(rows.name, &code)?;
        rows.agreed(row, &code)?;
        let text = rows.cell("coefficient", row);
        let coefficient = Decimal::from_str_exact(&text).ok();
        let coefficient = coefficient.filter(|value| *value >= Decimal::ZERO);
        let wanted = "a coefficient such as 0.98, not below 0";
        let assessment = Assessment {
            coefficient: coefficient.ok_or_else(|| {
                rows.wrong(&format!("{code}, `coefficient`"), &plain(&text), wanted)
            })?,
            deduction: rows.amount("deduction", row, &code)?,
            violations: rows.amount("violations", row, &code)?,
            bond: rows.amount("bond", row, &code)?,
        };
        all.insert((every_pool(rows.cell("pool", row)), code), assessment);
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
