//! `dianshu catalog intervals`: how firm every price of a catalog is.

use std::path::PathBuf;

use super::card::{named_years, prices_fees};
use super::common::{Common, check_years};
use super::opened::built_under;
use super::{Error, Outcome, output};
use crate::catalog;
use crate::history;
use crate::weights::{self, IntervalRequest};

/// Arguments of `dianshu catalog intervals`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the catalog
    catalog: PathBuf,
    /// Bootstrap rounds by case and by hospital
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=100_000))]
    rounds: u32,
    /// Seed of the rounds: the same seed gives the same intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let stored = catalog::open(&args.catalog)?;
    let (policy, _) = built_under(&args.catalog, &stored)?;
    prices_fees("intervals", &policy.policy)?;
    let years = named_years(&stored.catalog, &policy.policy)?;
    let snapshot = args.common.snapshot()?;
    check_years(&snapshot, &years)?;
    let engine = args.common.engine()?;
    let history = history::learn(&engine, &snapshot, &policy.policy, &years)?;
    args.common.warn(&history.built.warnings);
    args.common.show_plans(&engine);
    let request =
        IntervalRequest { rounds: args.rounds, seed: args.seed, threads: args.common.threads() };
    let cases = &history.built.cases;
    let found = weights::intervals(cases, &policy.policy, &years, &history.info, request)?;
    output::print(&found.intervals, args.common.json)?;
    output::gap(args.common.json)?;
    output::print(&found.influence, args.common.json)?;
    Ok(Outcome::Done)
}
