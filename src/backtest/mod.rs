//! Backtest: a catalog from the years before, the year after settled out of sample, under any number
//! of scenarios, against what was really booked.
//!
//! Cases are built once for all scenarios that share scope, case and grouping rules; the kernel then
//! settles all of them in one pass. Whatever was known only after the catalog's last day is refused.

mod audit;
mod error;
mod heads;
mod inputs;
pub mod manifest;
mod scenario;
mod tables;
pub mod verify;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crate::catalog::{self, model::Catalog};
use crate::grouping::cases::{Built, Request};
use crate::history;
use crate::period::Years;
use crate::policy::{self, LoadedPolicy};
use crate::settlement::{self, Outcome, ScenarioInput};
use crate::table::Table;
use crate::units::Fen;
use crate::warehouse::engine::Engine;
use crate::warehouse::snapshot::Snapshot;
use crate::weights;

pub use audit::beside_lines;
pub use error::Error;
pub use inputs::control_total;
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
    /// Write the table `case` too.
    pub with_cases: bool,
}

/// Tables of a backtest and what the manifest says of it.
#[derive(Debug)]
pub struct Replay {
    /// Result tables, each sorted by its keys.
    pub tables: Vec<Table>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Name, title and policy digest of every scenario, baseline first.
    pub scenarios: Vec<Composed>,
    /// The outcomes, in the order of `scenarios`.
    pub outcomes: Vec<Outcome>,
}

/// Settles `settings.year` under the policy and every scenario.
///
/// # Errors
/// [`Error`]: a scenario that does not compose, a value from the future, a year that is not there, a
/// pool without money, or whatever the kernel refuses.
pub fn replay(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'_>,
) -> Result<Replay, Error> {
    scenario::check_catalog(settings)?;
    let composed = compose_all(settings.policy, settings.scenarios)?;
    for one in &composed {
        scenario::check_settled(one)?;
        scenario::check_dates(one, settings.catalog)?;
        scenario::check_rules(one, settings.catalog_policy)?;
    }
    scenario::check_year(snapshot, settings.year)?;
    let mut sets: Vec<CaseSet> = Vec::new();
    let mut which = Vec::new();
    for one in &composed {
        let known = sets.iter().position(|set| set.serves(&one.policy));
        if known.is_none() {
            sets.push(case_set(engine, snapshot, &one.policy, settings)?);
        }
        which.push(known.unwrap_or(sets.len() - 1));
    }
    let mut warnings = warnings(settings, &sets);
    let mut outcomes: Vec<Option<Outcome>> = composed.iter().map(|_| None).collect();
    let mut case_tables = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        let members: Vec<usize> = (0..composed.len()).filter(|at| which[*at] == number).collect();
        let of = (&members[..], &set.built);
        let inputs = scenario_inputs(engine, snapshot, settings, &composed, of)?;
        let threads = NonZeroUsize::new(engine.limits().threads).unwrap_or(NonZeroUsize::MIN);
        let settled = settlement::settle(&set.built.cases, &inputs, threads)?;
        for ((at, outcome), input) in members.iter().zip(settled).zip(&inputs) {
            if settings.with_cases {
                let decided = settlement::decide_all(&set.built.cases, input, &outcome)?;
                let table = settlement::tables::case_table(&outcome, &set.built.cases, &decided);
                case_tables.push(table);
            }
            outcomes[*at] = Some(outcome);
        }
    }
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    for note in outcomes.iter().flat_map(|outcome| &outcome.notes) {
        if !warnings.contains(note) {
            warnings.push(note.clone());
        }
    }
    let institutions = inputs::institutions(engine, snapshot)?;
    let base = &sets[which[0]].built;
    let forecast = weights::forecast(settings.catalog, &base.cases)?;
    let mut result = settlement::tables::tables(&outcomes);
    tables::name_institutions(&mut result, &institutions);
    tables::add_prior_refunds(&mut result, &outcomes, &base.prior_refunds);
    result.push(tables::scenario_table(&composed));
    result.push(tables::tier_table(&result)?);
    result.push(forecast.table.clone());
    result.push(tables::forecast_summary(&forecast));
    result.push(weights::weight_table(settings.catalog)?);
    result.push(tables::flow_table(&crate::grouping::flow::steps(base)));
    result.extend(heads::tables(engine, snapshot, settings, base)?);
    result.push(catalog::identity_table(settings.catalog));
    result.push(tables::citation_table(settings.policy));
    if let Some(table) = tables::stack(case_tables) {
        result.push(table);
    }
    result.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Replay { tables: result, warnings, scenarios: composed, outcomes })
}

/// What the policy and the cases of every set warn of, once each.
fn warnings(settings: &Settings<'_>, sets: &[CaseSet]) -> Vec<String> {
    let mut warnings = settings.policy.warnings.clone();
    for warning in sets.iter().flat_map(|set| &set.built.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    warnings
}

/// Cases shared by the scenarios with equal scope, case and grouping rules.
struct CaseSet {
    policy: policy::model::Policy,
    built: Built,
}

impl CaseSet {
    fn serves(&self, policy: &LoadedPolicy) -> bool {
        let (a, b) = (&self.policy, &policy.policy);
        let same = a.scope == b.scope && a.case == b.case && a.grouping == b.grouping;
        same && a.capitation.is_some() == b.capitation.is_some()
    }
}

fn case_set(
    engine: &Engine,
    snapshot: &Snapshot,
    policy: &LoadedPolicy,
    settings: &Settings<'_>,
) -> Result<CaseSet, Error> {
    let request = request(policy, settings.year, settings.with_cases)?;
    let built = history::of_year(engine, snapshot, &request, settings.catalog)?;
    if built.cases.is_empty() {
        return Err(Error::NoCases { year: settings.year });
    }
    Ok(CaseSet { policy: policy.policy.clone(), built })
}

fn request(policy: &LoadedPolicy, year: u16, keep_ids: bool) -> Result<Request, Error> {
    let years = Years::new(vec![year]).ok_or(Error::NoCases { year })?;
    let parts = policy.policy.capitation.is_some();
    Ok(Request { policy: policy.policy.clone(), years, keep_ids, keep_records: false, parts })
}

fn scenario_inputs<'a>(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &'a Settings<'_>,
    composed: &'a [Composed],
    (members, built): (&[usize], &Built),
) -> Result<Vec<ScenarioInput<'a>>, Error> {
    let assessments = inputs::assessments(engine, snapshot, settings.year)?;
    let by_head = members.iter().any(|at| composed[*at].policy.policy.capitation.is_some());
    let contractors = if by_head { heads::contractors(engine, snapshot)? } else { Vec::new() };
    // What was booked the year before is asked for at most once per set of case rules.
    let mut last_year: Option<BTreeMap<String, Fen>> = None;
    members
        .iter()
        .map(|at| {
            let one = &composed[*at];
            let budgets = inputs::budgets(engine, snapshot, one, settings.year, &mut last_year)?;
            Ok(ScenarioInput {
                name: one.name.clone(),
                policy: &one.policy.policy,
                catalog: Some(settings.catalog),
                year: settings.year,
                budgets,
                assessments: assessments.clone(),
                given: settlement::Given {
                    heads: built.heads.clone(),
                    contractors: contractors.clone(),
                    ..settlement::Given::default()
                },
            })
        })
        .collect()
}
