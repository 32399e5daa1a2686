//! The cases of a year beside the lines of every scenario: the part of an audit that needs the warehouse.

use std::collections::BTreeMap;

use super::{CaseSet, Composed, Error, Settings, case_set, scenario};
use crate::audit::beside::{Beside, beside};
use crate::audit::{self};
use crate::settlement::{Given, ScenarioInput};
use crate::warehouse::engine::Engine;
use crate::warehouse::snapshot::Snapshot;

/// Counts the cases of `settings.year` beside every line of every scenario, and moves each line.
/// `composed` come with how their probe cases are made.
///
/// # Errors
/// [`Error`]: a catalog of other rules or years, a year that is not there, cases that cannot be judged.
pub fn beside_lines(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'_>,
    composed: &[(Composed, audit::Settings)],
) -> Result<Vec<Vec<Beside>>, Error> {
    scenario::check_catalog(settings)?;
    scenario::check_year(snapshot, settings.year)?;
    let mut sets: Vec<CaseSet> = Vec::new();
    let mut found = Vec::with_capacity(composed.len());
    for (one, probes) in composed {
        scenario::check_rules(one, settings.catalog_policy)?;
        if !sets.iter().any(|set| set.serves(&one.policy)) {
            sets.push(case_set(engine, snapshot, &one.policy, settings)?);
        }
        let set = sets.iter().find(|set| set.serves(&one.policy));
        let cases =
            set.map(|set| &set.built.cases).ok_or(Error::NoCases { year: settings.year })?;
        let input = ScenarioInput {
            name: one.name.clone(),
            policy: &one.policy.policy,
            catalog: Some(settings.catalog),
            year: settings.year,
            budgets: BTreeMap::new(),
            assessments: BTreeMap::new(),
            given: Given::default(),
        };
        let probes = audit::Settings { year: settings.year, ..probes.clone() };
        found.push(beside(&input, cases, &probes)?);
    }
    Ok(found)
}
