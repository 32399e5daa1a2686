//! The cases of a year beside the lines of every scenario: the part of an audit that needs the warehouse.

use std::collections::BTreeSet;

use super::{Composed, Error, Settings, prepare, scenario};
use crate::audit::beside::{Beside, beside};
use crate::audit::{self};
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
    for (one, _) in composed {
        scenario::check_rules(one, settings.catalog_policy)?;
    }
    let scenarios = composed.iter().map(|(one, _)| one.clone()).collect();
    let prepared =
        prepare::gather(engine, snapshot, settings, (scenarios, false), &BTreeSet::new())?;
    let mut found = Vec::with_capacity(composed.len());
    for (at, (_, probes)) in composed.iter().enumerate() {
        let probes = audit::Settings { year: settings.year, ..probes.clone() };
        found.push(beside(&prepared.input(at), &prepared.built(at).cases, &probes)?);
    }
    Ok(found)
}
