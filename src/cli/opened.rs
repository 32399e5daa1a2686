//! A policy and a catalog, read and composed: what every command that settles starts from.

use std::path::Path;

use super::Error;
use crate::backtest::{Purpose, Settings};
use crate::catalog::{self, Stored};
use crate::policy::{self, LoadedPolicy, Scenario};

/// The files of one settlement, read.
pub(super) struct Opened {
    policy: LoadedPolicy,
    built_under: LoadedPolicy,
    pub(super) stored: Stored,
}

impl Opened {
    /// Reads the policy `name` and the catalog in `folder`. A catalog computed under scenarios is settled
    /// under them: they are part of its baseline.
    ///
    /// # Errors
    ///
    /// A policy, scenario or catalog that cannot be read, or that do not go together.
    pub(super) fn read(name: &str, folder: &Path) -> Result<Self, Error> {
        let stored = catalog::open(folder)?;
        let (built_under, own) = built_under(folder, &stored)?;
        let policy = policy::compose(&policy::load(name)?, &own)?;
        Ok(Self { policy, built_under, stored })
    }

    /// What is settled: `year` for a `purpose`, under the policy and `scenarios`.
    pub(super) fn settings<'a>(
        &'a self,
        year: u16,
        purpose: Purpose,
        scenarios: &'a [String],
        with_cases: bool,
    ) -> Settings<'a> {
        Settings {
            policy: &self.policy,
            scenarios,
            catalog: &self.stored.catalog,
            catalog_policy: &self.built_under,
            year,
            purpose,
            with_cases,
        }
    }
}

/// The policy a catalog was computed under, and the scenarios in it: those its manifest lists, and no
/// other file that lies there.
pub(super) fn built_under(
    folder: &Path,
    stored: &Stored,
) -> Result<(LoadedPolicy, Vec<Scenario>), Error> {
    let policy = policy::load(&folder.to_string_lossy())?;
    let names = stored.files.iter().filter(|name| name.starts_with(catalog::SCENARIO_PREFIX));
    let own = names
        .map(|name| policy::load_scenario(&folder.join(name).to_string_lossy(), &policy))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((policy::compose(&policy, &own)?, own))
}
