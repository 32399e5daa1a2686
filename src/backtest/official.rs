//! A year already cleared: its official sheet from the warehouse, and the readings it may follow.

use std::num::NonZeroUsize;
use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::{BASELINE, CaseSet, Composed, Error, Settings, case_set, compose_all, scenario};
use crate::cleared::{self, Candidate, Explained, Sheet, SheetCase, SheetRow, add_places};
use crate::policy::{self, LoadedPolicy};
use crate::table::Table;
use crate::units::{Fen, Points, exact};
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;

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
    let prepared = Prepared::new(engine, snapshot, settings, Some(&sheet))?;
    let candidates = prepared.candidates(engine, snapshot, settings)?;
    let explained = cleared::explain(&candidates, &sheet, threads(engine))?;
    drop(candidates);
    Ok(Replayed { explained, warnings: prepared.warnings })
}

/// Hands the candidates of a year to `make`: what an official sheet can be made from.
///
/// # Errors
/// As [`official`], but for the sheet.
pub fn with_candidates<T>(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'_>,
    make: impl FnOnce(&[Candidate<'_>], NonZeroUsize) -> T,
) -> Result<T, Error> {
    let prepared = Prepared::new(engine, snapshot, settings, None)?;
    let candidates = prepared.candidates(engine, snapshot, settings)?;
    Ok(make(&candidates, threads(engine)))
}

fn threads(engine: &Engine) -> NonZeroUsize {
    NonZeroUsize::new(engine.limits().threads).unwrap_or(NonZeroUsize::MIN)
}

/// The cases of the year and every reading that may be tried on them.
struct Prepared {
    composed: Vec<Composed>,
    set: CaseSet,
    warnings: Vec<String>,
}

impl Prepared {
    fn new(
        engine: &Engine,
        snapshot: &Snapshot,
        settings: &Settings<'_>,
        sheet: Option<&Sheet>,
    ) -> Result<Self, Error> {
        scenario::check_catalog(settings)?;
        scenario::check_year(snapshot, settings.year)?;
        let mut composed = compose_all(settings.policy, settings.scenarios)?;
        for one in &composed {
            scenario::check_settled(one)?;
            scenario::check_rules(one, settings.catalog_policy)?;
        }
        let with_ids = Settings { with_cases: true, ..*settings };
        let mut set = case_set(engine, snapshot, settings.policy, &with_ids)?;
        if settings.scenarios.is_empty() {
            composed.extend(readings(settings.policy).filter(|one| set.serves(&one.policy)));
        }
        if let Some(sheet) = sheet {
            add_places(&mut set.built.cases, sheet);
        }
        let mut warnings = settings.policy.warnings.clone();
        warnings.extend(set.built.warnings.iter().cloned());
        Ok(Self { composed, set, warnings })
    }

    /// The policy first. A reading without its inputs, such as a budget of other pools, cannot have made
    /// the sheet and is left out, unless it was asked for.
    fn candidates<'a>(
        &'a self,
        engine: &Engine,
        snapshot: &Snapshot,
        settings: &'a Settings<'_>,
    ) -> Result<Vec<Candidate<'a>>, Error> {
        let mut candidates = Vec::with_capacity(self.composed.len());
        for (at, one) in self.composed.iter().enumerate() {
            let input = super::scenario_inputs(engine, snapshot, settings, &self.composed, &[at]);
            match input {
                Ok(mut inputs) => candidates.extend(inputs.drain(..).map(|input| Candidate {
                    title: one.title.clone(),
                    input,
                    cases: &self.set.built.cases,
                })),
                Err(_) if one.name != BASELINE && settings.scenarios.is_empty() => {}
                Err(err) => return Err(err),
            }
        }
        Ok(candidates)
    }
}

/// The scenarios shipped with a policy, one by one, but for those that change cases or statistics.
fn readings(policy: &LoadedPolicy) -> impl Iterator<Item = Composed> {
    policy.scenario_names().into_iter().filter_map(|name| {
        let scenarios = policy::load_scenarios(&name, policy).ok()?;
        if policy::sections_changed(&scenarios).contains("weights") {
            return None;
        }
        let title = scenarios.iter().map(|scenario| scenario.title.as_str()).collect::<Vec<_>>();
        let title = title.join(" + ");
        let policy = policy::compose(policy, &scenarios).ok()?;
        let one = Composed { name, title, policy };
        scenario::check_settled(&one).is_ok().then_some(one)
    })
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
