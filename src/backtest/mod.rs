//! Backtest: a catalog from the years before, the year after settled out of sample, under any number
//! of scenarios, against what was really booked.
//!
//! Cases are built once for all scenarios that share scope, case and grouping rules; the kernel then
//! settles all of them in one pass. Whatever was known only after the catalog's last day is refused.

mod audit;
mod case_file;
mod change;
mod error;
mod given;
mod heads;
mod impact;
mod inputs;
pub mod manifest;
mod official;
mod prepare;
mod purpose;
mod scenario;
mod tables;
pub mod verify;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use crate::catalog::{self, model::Catalog};
use crate::policy::LoadedPolicy;
use crate::settlement::{self, Outcome};
use crate::table::Table;
use crate::warehouse::engine::Engine;
use crate::warehouse::snapshot::Snapshot;
use crate::weights;

pub use audit::beside_lines;
use case_file::ByCase;
pub use case_file::CaseFile;
pub use change::{Changed, change};
pub use error::Error;
pub use inputs::control_total;
pub use official::{Replayed, official, with_candidates};
pub use prepare::{Prepared, prepare, prepare_watching};
pub use purpose::Purpose;
pub use scenario::{BASELINE, Composed, compose_all};

/// What to replay.
#[derive(Debug)]
pub struct Settings<'a> {
    /// The policy as published.
    pub policy: &'a LoadedPolicy,
    /// Scenario specifications as typed, `A` or `A+B`.
    pub scenarios: &'a [String],
    /// The catalog whose points and means are used.
    pub catalog: &'a Catalog,
    /// The policy the catalog was computed under.
    pub catalog_policy: &'a LoadedPolicy,
    /// The year settled.
    pub year: u16,
    /// What for.
    pub purpose: Purpose,
    /// Write the table `case` too.
    pub with_cases: bool,
}

/// Tables of a backtest and what the manifest says of it.
#[derive(Debug)]
pub struct Replay {
    /// Result tables, each sorted by its keys; without `case`.
    pub tables: Vec<Table>,
    /// The table `case`, where it was asked for: as long as the year, so it is not kept in memory.
    pub cases: Option<CaseFile>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Name, title and policy digest of every scenario, baseline first.
    pub scenarios: Vec<Composed>,
    /// The outcomes, in the order of `scenarios`.
    pub outcomes: Vec<Outcome>,
}

/// Tables `special_candidate`, `special` and `special_case` over all scenarios that have them.
fn special(
    prepared: &Prepared<'_>,
    outcomes: &[Outcome],
    threads: NonZeroUsize,
) -> Result<Vec<Table>, Error> {
    let mut by_name: BTreeMap<String, Vec<Table>> = BTreeMap::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        let cases = &prepared.built(at).cases;
        for table in settlement::special::tables(cases, &prepared.input(at), outcome, threads)? {
            by_name.entry(table.name.clone()).or_default().push(table);
        }
    }
    Ok(by_name.into_values().filter_map(tables::stack).collect())
}

/// Settles `settings.year` under the policy and every scenario. The table `case` is written below `out`,
/// in a folder that goes with the result.
///
/// # Errors
/// [`Error`]: a scenario that does not compose, a value from the future, a year that is not there, a
/// pool without money, or whatever the kernel refuses.
pub fn replay(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'_>,
    out: &Path,
) -> Result<Replay, Error> {
    let prepared = prepare(engine, snapshot, settings)?;
    let threads = engine.threads();
    let outcomes = prepared.settle(threads)?;
    let with_cases = settings.with_cases && settings.purpose.month().is_none();
    let by_case = if with_cases {
        case_file::write(&prepared, &outcomes, out, threads)?
    } else {
        ByCase::default()
    };
    // What was decided of single cases belongs to the clearing.
    let special_tables = match settings.purpose.month() {
        Some(_) => Vec::new(),
        None => special(&prepared, &outcomes, threads)?,
    };
    let base = prepared.built(0);
    let flow = tables::flow_table(&crate::grouping::flow::steps(base));
    let of_heads = heads::tables(engine, snapshot, settings, base)?;
    let forecast = match settings.purpose.month() {
        Some(_) => None,
        None => Some(weights::forecast(settings.catalog, &base.cases)?),
    };
    // Result tables of many scenarios are long: the cases, which nothing needs any more, go first.
    let (composed, mut warnings) = prepared.into_composed();
    let mut result = settlement::tables::tables(&outcomes);
    tables::name_institutions(&mut result, &inputs::institutions(engine, snapshot)?);
    result.push(purpose::run_table(settings));
    result.push(settlement::value_table(&outcomes, settings.catalog.table(weights::START_VALUE)));
    result.push(tables::scenario_table(&composed));
    result.push(flow);
    result.extend(of_heads);
    result.push(catalog::identity_table(settings.catalog));
    result.push(tables::citation_table(settings.policy));
    if let Some(forecast) = forecast {
        result.push(tables::tier_table(&result)?);
        let table = result.iter().find(|table| table.name == "institution");
        let impact = table.map(impact::impact_table);
        result.extend(impact);
        result.push(forecast.table.clone());
        result.push(tables::forecast_summary(&forecast));
        result.push(weights::weight_table(settings.catalog)?);
    } else {
        // Nothing is cleared: only what was paid for the months and why.
        let of_month = ["month", "statement", "run", "scenario", "flow", "identity", "citation"];
        result.retain(|table| of_month.contains(&table.name.as_str()));
    }
    result.extend(by_case.tables);
    result.extend(special_tables);
    result.sort_by(|a, b| a.name.cmp(&b.name));
    for note in outcomes.iter().flat_map(|outcome| &outcome.notes) {
        if !warnings.contains(note) {
            warnings.push(note.clone());
        }
    }
    let cases = by_case.file;
    Ok(Replay { tables: result, cases, warnings, scenarios: composed, outcomes })
}
