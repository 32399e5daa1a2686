//! Scenario specifications resolved against a policy, and what must not come from the future.

use chrono::NaiveDate;

use super::{Error, Settings};
use crate::catalog::model::Catalog;
use crate::policy::model::PayMethod;
use crate::policy::{self, LoadedPolicy};
use crate::warehouse::snapshot::Snapshot;

/// Name of the policy as published, in the column `scenario`.
pub const BASELINE: &str = "baseline";

/// One scenario ready to be settled.
#[derive(Debug, Clone)]
pub struct Composed {
    /// File names joined by `+`, or [`BASELINE`].
    pub name: String,
    /// Titles joined, for reading.
    pub title: String,
    /// The policy with all changes applied.
    pub policy: LoadedPolicy,
}

/// The baseline, then each specification in the order given.
///
/// # Errors
/// [`Error::Policy`], [`Error::Twice`] for a scenario named twice, and [`Error::Weights`] for one that
/// changes how the catalog is computed.
pub fn compose_all(policy: &LoadedPolicy, specs: &[String]) -> Result<Vec<Composed>, Error> {
    let title = policy.policy.identity.title.clone();
    let mut all = vec![Composed { name: BASELINE.to_owned(), title, policy: policy.clone() }];
    for spec in specs {
        let scenarios = policy::load_scenarios(spec, policy)?;
        let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        let titles: Vec<&str> = scenarios.iter().map(|scenario| scenario.title.as_str()).collect();
        let name = names.join("+");
        if all.iter().any(|other| other.name == name) {
            return Err(Error::Twice { scenario: name });
        }
        if policy::sections_changed(&scenarios).contains("weights") {
            return Err(Error::Weights { scenario: spec.clone() });
        }
        let title = titles.join(" + ");
        let policy = policy::compose(policy, &scenarios)?;
        all.push(Composed { name, title, policy });
    }
    Ok(all)
}

/// The catalog belongs to the policy and to years before the one settled.
pub(super) fn check_catalog(settings: &Settings<'_>) -> Result<(), Error> {
    let (system, policy) = (&settings.catalog.system, &settings.policy.policy.identity.id);
    if system != policy {
        return Err(Error::OtherSystem { catalog: system.clone(), policy: policy.clone() });
    }
    let newest = settings.catalog.years.iter().max().copied().unwrap_or_default();
    if newest >= settings.year {
        return Err(Error::NotOutOfSample { year: settings.year, newest });
    }
    Ok(())
}

/// Points are worth what they were computed from: cases must be found and grouped as they were for the
/// catalog. Where published prices are paid, the catalog's points are not used.
///
/// # Errors
/// [`Error::OtherRules`] with the first section that differs.
pub(super) fn check_rules(one: &Composed, catalog: &LoadedPolicy) -> Result<(), Error> {
    let (now, then) = (&one.policy.policy, &catalog.policy);
    if now.payment.method != PayMethod::Points {
        return Ok(());
    }
    let sections = [
        ("scope", now.scope == then.scope),
        ("case", now.case == then.case),
        ("grouping", now.grouping == then.grouping),
        ("weights", now.weights == then.weights),
    ];
    match sections.into_iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((section, _)) => {
            Err(Error::OtherRules { scenario: one.name.clone(), section: section.to_owned() })
        }
    }
}

/// The kernel settles every section of the policy: leaving one out would be a wrong number.
pub(super) fn check_settled(one: &Composed) -> Result<(), Error> {
    let sections = policy::unsettled(&one.policy.policy);
    if sections.is_empty() {
        return Ok(());
    }
    Err(Error::Unsettled { scenario: one.name.clone(), sections })
}

/// No value of the scenario is dated after the last day the catalog knows of.
pub(super) fn check_dates(one: &Composed, catalog: &Catalog) -> Result<(), Error> {
    let newest = catalog.years.iter().max().copied().unwrap_or_default();
    let Some(cut_off) = NaiveDate::from_ymd_opt(i32::from(newest), 12, 31) else { return Ok(()) };
    match policy::latest_dated_value(&one.policy) {
        Some((path, from)) if from > cut_off => {
            Err(Error::FromTheFuture { scenario: one.name.clone(), path, from, cut_off })
        }
        _ => Ok(()),
    }
}

/// Says so where the policy is not in force on every day of the year settled (J15, Z29): what it yields
/// for the other days is a simulation.
pub(super) fn not_in_force(policy: &LoadedPolicy, year: u16) -> Option<String> {
    let identity = &policy.policy.identity;
    let day = |month, day| NaiveDate::from_ymd_opt(i32::from(year), month, day);
    let (first, last) = (day(1, 1)?, day(12, 31)?);
    if identity.valid_from <= first && identity.valid_to.is_none_or(|end| end >= last) {
        return None;
    }
    let end = identity.valid_to.map_or_else(String::new, |end| format!(" to {end}"));
    Some(format!(
        "policy `{}` is in force from {}{end}: what it yields for other settlement dates of {year} is a \
         simulation",
        identity.id, identity.valid_from
    ))
}

/// Whether anything was settled in a year.
pub(super) fn has_year(snapshot: &Snapshot, year: u16) -> bool {
    snapshot.years().iter().any(|(known, rows)| *known == i32::from(year) && *rows > 0)
}

/// The warehouse has settlements of the year.
///
/// # Errors
/// [`Error::NoYear`] with the years there are.
pub(super) fn check_year(snapshot: &Snapshot, year: u16) -> Result<(), Error> {
    if has_year(snapshot, year) {
        return Ok(());
    }
    let known = snapshot.years().iter().map(|(year, _)| year.to_string()).collect();
    Err(Error::NoYear { year, known })
}
