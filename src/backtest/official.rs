//! A year already cleared: its official sheet from the warehouse, and the readings it may follow.

use std::num::NonZeroUsize;
use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::{Error, Prepared, Settings, compose_all, prepare, scenario};
use crate::cleared::{self, Candidate, Explained, Sheet, SheetCase, SheetRow, add_places};
use crate::policy::{self, LoadedPolicy};
use crate::settlement::cases::Cases;
use crate::table::Table;
use crate::units::{Fen, Points, exact};
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;

/// Sections that decide which cases there are; readings that change them are tried when asked for.
const CASE_SECTIONS: [&str; 7] =
    ["auxiliary", "carve_out", "case", "grouping", "scope", "unit", "weights"];

/// An official sheet explained, and what the reader should know.
#[derive(Debug)]
pub struct Replayed {
    /// The differences.
    pub explained: Explained,
    /// Warnings of the policy and the cases.
    pub warnings: Vec<String>,
}

/// Explains the official sheet of `settings.year`. `settings.scenarios` are the readings tried; none: all
/// scenarios of the policy that leave the cases as they are.
///
/// # Errors
/// [`Error`]: no sheet, a sheet that does not add up, or whatever keeps the year from being settled.
pub fn official(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'_>,
) -> Result<Replayed, Error> {
    let sheet = sheet(engine, snapshot, settings.year)?;
    let tried = match settings.scenarios {
        [] => readings(settings),
        asked => asked.to_vec(),
    };
    let settings = Settings { scenarios: &tried, with_cases: true, ..*settings };
    let prepared = prepare(engine, snapshot, &settings)?;
    let explained = with(&prepared, Some(&sheet), |candidates| {
        cleared::explain(candidates, &sheet, engine.threads())
    })?;
    Ok(Replayed { explained, warnings: prepared.warnings })
}

/// Hands the policy and the scenarios of `settings` as candidates to `make`: what an official sheet can be
/// made from.
///
/// # Errors
/// As [`official`], but for the sheet.
pub fn with_candidates<T>(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'_>,
    make: impl FnOnce(&[Candidate<'_>], NonZeroUsize) -> T,
) -> Result<T, Error> {
    let settings = Settings { with_cases: true, ..*settings };
    let prepared = prepare(engine, snapshot, &settings)?;
    Ok(with(&prepared, None, |candidates| make(candidates, engine.threads())))
}

/// The candidates of a prepared year, the policy first, with room for what only the sheet has.
fn with<T>(
    prepared: &Prepared<'_>,
    sheet: Option<&Sheet>,
    work: impl FnOnce(&[Candidate<'_>]) -> T,
) -> T {
    let sets: Vec<&Cases> =
        (0..prepared.composed.len()).map(|at| &prepared.built(at).cases).collect();
    let mut roomy: Vec<Cases> = Vec::new();
    let mut which = Vec::with_capacity(sets.len());
    for (at, cases) in sets.iter().enumerate() {
        let known = sets[..at].iter().position(|other| std::ptr::eq(*other, *cases));
        which.push(known.map_or(roomy.len(), |first| which[first]));
        if known.is_none() {
            let mut cases = (*cases).clone();
            if let Some(sheet) = sheet {
                add_places(&mut cases, sheet);
            }
            roomy.push(cases);
        }
    }
    let candidates: Vec<Candidate<'_>> = which
        .iter()
        .enumerate()
        .map(|(at, set)| Candidate {
            title: prepared.composed[at].title.clone(),
            input: prepared.input(at),
            cases: &roomy[*set],
        })
        .collect();
    work(&candidates)
}

/// The scenarios shipped with a policy that can be tried, one by one, on the same cases.
fn readings(settings: &Settings<'_>) -> Vec<String> {
    let policy: &LoadedPolicy = settings.policy;
    let mut names = policy.scenario_names();
    names.retain(|name| {
        let Ok(scenarios) = policy::load_scenarios(name, policy) else { return false };
        let changed = policy::sections_changed(&scenarios);
        if CASE_SECTIONS.iter().any(|section| changed.contains(*section)) {
            return false;
        }
        let Ok(composed) = compose_all(policy, std::slice::from_ref(name)) else { return false };
        composed.iter().all(|one| {
            scenario::check_settled(one).is_ok()
                && scenario::check_dates(one, settings.catalog).is_ok()
                && scenario::check_rules(one, settings.catalog_policy).is_ok()
        })
    });
    names
}

/// The official sheet of a year.
fn sheet(engine: &Engine, snapshot: &Snapshot, year: u16) -> Result<Sheet, Error> {
    let table = dimension::read(engine, snapshot, "stg_cleared", &Params::default())?;
    let years: Vec<u16> =
        (0..table.rows()).filter_map(|row| cell(&table, "year", row).parse().ok()).collect();
    let rows = (0..table.rows()).filter(|row| years.get(*row) == Some(&year));
    let rows: Vec<SheetRow> = rows
        .map(|row| {
            let value = cell(&table, "amount", row);
            let amount = Decimal::from_str(&value).map_err(|_| Error::Value {
                table: "cleared",
                key: cell(&table, "item", row),
                value: value.clone(),
                wanted: "a number",
            })?;
            Ok(SheetRow {
                pool: cell(&table, "pool", row),
                period: cell(&table, "period", row),
                fixmedins_code: cell(&table, "fixmedins_code", row),
                item: cell(&table, "item", row),
                amount: amount.normalize(),
            })
        })
        .collect::<Result<_, Error>>()?;
    if rows.is_empty() {
        let mut known = years;
        known.dedup();
        return Err(cleared::Error::NoSheet { year, known }.into());
    }
    Ok(Sheet::new(year, &rows, sheet_cases(engine, snapshot, year)?)?)
}

fn sheet_cases(engine: &Engine, snapshot: &Snapshot, year: u16) -> Result<Vec<SheetCase>, Error> {
    let params = Params::default().whole("year", i64::from(year));
    let table = dimension::read(engine, snapshot, "stg_cleared_case", &params)?;
    (0..table.rows())
        .map(|row| {
            let setl_id = cell(&table, "setl_id", row);
            let wrong = |value: String, wanted| Error::Value {
                table: "cleared_case",
                key: setl_id.clone(),
                value,
                wanted,
            };
            let money = |column: &str| -> Result<Option<Fen>, Error> {
                let Some(text) = table.cell(column, row) else { return Ok(None) };
                let yuan = Decimal::from_str(&text).ok().and_then(Fen::from_yuan);
                yuan.map(Some).ok_or_else(|| wrong(text, "yuan with at most two decimal places"))
            };
            let points = match table.cell("points", row) {
                None => None,
                Some(text) => Some(
                    Decimal::from_str(&text)
                        .ok()
                        .and_then(|points| Points::from_ratio(&exact(points), Points::PLACES))
                        .ok_or_else(|| wrong(text, "points with at most six decimal places"))?,
                ),
            };
            let (booked, amount) = (money("hifp_pay")?, money("amount")?);
            let pay = cell(&table, "pay", row);
            let is_item = match pay.as_str() {
                "item" => true,
                "" | "group" => false,
                _ => return Err(wrong(pay, "`item`, `group` or nothing in `pay`")),
            };
            Ok(SheetCase {
                fixmedins_code: cell(&table, "fixmedins_code", row),
                insutype: cell(&table, "insutype", row),
                signed: cell(&table, "signed_fixmedins_code", row),
                month: cell(&table, "month", row).parse().unwrap_or(0),
                booked,
                points,
                amount,
                is_item,
                setl_id: setl_id.clone(),
            })
        })
        .collect()
}

fn cell(table: &Table, column: &str, row: usize) -> String {
    table.cell(column, row).unwrap_or_default()
}
