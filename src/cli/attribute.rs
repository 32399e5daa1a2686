//! `dianshu attribute`: why institutions are paid another amount than before.

use std::path::{Path, PathBuf};

use super::backtest::built_under;
use super::common::Common;
use super::{Error, Outcome, output};
use crate::attribution::{attribution_table, change_table};
use crate::backtest::{Purpose, Settings, change};
use crate::catalog::Stored;
use crate::policy::LoadedPolicy;
use crate::report::Lang;
use crate::{catalog, policy};

/// Arguments of `dianshu attribute`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy of the settlement before: a name under `catalogs/` or a folder
    #[arg(long)]
    policy: String,
    /// Folder of its catalog
    #[arg(long, value_name = "DIR")]
    catalog: PathBuf,
    /// Its year
    #[arg(long)]
    year: u16,
    /// Its scenario, `A` or `A+B`
    #[arg(long, value_name = "S")]
    scenario: Option<String>,
    /// Policy of the settlement after [default: the same]
    #[arg(long, value_name = "POLICY")]
    to_policy: Option<String>,
    /// Folder of its catalog [default: the same]
    #[arg(long, value_name = "DIR")]
    to_catalog: Option<PathBuf>,
    /// Its year [default: the same]
    #[arg(long, value_name = "YEAR")]
    to_year: Option<u16>,
    /// Its scenario [default: none]
    #[arg(long, value_name = "S")]
    to_scenario: Option<String>,
    /// Only this institution
    #[arg(long, value_name = "CODE")]
    institution: Option<String>,
    /// Labels of causes: `zh` or `en`
    #[arg(long, default_value = "en")]
    lang: Lang,
    #[command(flatten)]
    common: Common,
}

/// One settlement with its files read.
struct Side {
    policy: LoadedPolicy,
    built_under: LoadedPolicy,
    stored: Stored,
    scenarios: Vec<String>,
    year: u16,
}

impl Side {
    fn open(
        name: &str,
        folder: &Path,
        scenario: Option<&String>,
        year: u16,
    ) -> Result<Self, Error> {
        let stored = catalog::open(folder)?;
        let (built_under, own) = built_under(folder, &stored)?;
        let policy = policy::compose(&policy::load(name)?, &own)?;
        let scenarios = scenario.into_iter().cloned().collect();
        Ok(Self { policy, built_under, stored, scenarios, year })
    }

    fn settings(&self) -> Settings<'_> {
        Settings {
            policy: &self.policy,
            scenarios: &self.scenarios,
            catalog: &self.stored.catalog,
            catalog_policy: &self.built_under,
            year: self.year,
            purpose: Purpose::Backtest,
            with_cases: true,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let old = Side::open(&args.policy, &args.catalog, args.scenario.as_ref(), args.year)?;
    let new = Side::open(
        args.to_policy.as_ref().unwrap_or(&args.policy),
        args.to_catalog.as_ref().unwrap_or(&args.catalog),
        args.to_scenario.as_ref(),
        args.to_year.unwrap_or(args.year),
    )?;
    let snapshot = args.common.snapshot()?;
    let engine = args.common.engine()?;
    let done = change(&engine, &snapshot, [&old.settings(), &new.settings()])?;
    args.common.show_plans(&engine);
    args.common.warn(&done.warnings);
    let mut changes = done.changes;
    if let Some(code) = &args.institution {
        let known: Vec<String> =
            changes.iter().map(|change| change.fixmedins_code.clone()).collect();
        changes.retain(|change| change.fixmedins_code == *code);
        if changes.is_empty() {
            let nearest = crate::explain::nearest(code, known.iter().map(String::as_str));
            let nearest = nearest.map(str::to_owned);
            return Err(Error::UnknownInstitution { institution: code.clone(), nearest });
        }
    }
    output::print(&change_table(&changes), args.common.json)?;
    output::gap(args.common.json)?;
    output::print(&attribution_table(&changes, args.lang == Lang::Zh), args.common.json)?;
    Ok(Outcome::Done)
}
