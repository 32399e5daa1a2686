//! `dianshu attribute`: why institutions are paid another amount than before.

use std::path::PathBuf;

use super::common::Common;
use super::opened::Opened;
use super::{Error, Outcome, output};
use crate::attribution::{attribution_table, change_table};
use crate::backtest::{Purpose, change};
use crate::report::Lang;

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

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let to_policy = args.to_policy.as_ref().unwrap_or(&args.policy);
    let to_catalog = args.to_catalog.as_ref().unwrap_or(&args.catalog);
    let opened = [Opened::read(&args.policy, &args.catalog)?, Opened::read(to_policy, to_catalog)?];
    let scenarios =
        [&args.scenario, &args.to_scenario].map(|one| one.iter().cloned().collect::<Vec<String>>());
    let years = [args.year, args.to_year.unwrap_or(args.year)];
    let [old, new] = [0, 1]
        .map(|side| opened[side].settings(years[side], Purpose::Backtest, &scenarios[side], true));
    let snapshot = args.common.snapshot()?;
    let engine = args.common.engine()?;
    let done = change(&engine, &snapshot, [&old, &new])?;
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
