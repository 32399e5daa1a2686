//! `dianshu group compare`: two groupings over the whole history.

use std::path::PathBuf;

use super::{Error, Outcome, grouped, policy_of, print, write};
use crate::cli::common::Common;
use crate::grouper::compare::{Comparison, Side, compare};
use crate::history::History;
use crate::period::Years;
use crate::policy::LoadedPolicy;
use crate::weights::{self, Passed};

/// Arguments of `dianshu group compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// First policy: a name under `catalogs/` or a folder; `NAME:A+B` with scenarios
    a: String,
    /// Second policy
    b: String,
    /// Years, oldest first, for example `2022,2023`
    #[arg(long)]
    years: Years,
    /// Also write `summary`, `confusion` and `institution` as Parquet into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let policies = [policy_of(&args.a)?, policy_of(&args.b)?];
    let [a, b] = &policies;
    let histories =
        [grouped(&args.common, a, &args.years)?, grouped(&args.common, b, &args.years)?];
    let side = |policy: &LoadedPolicy, history: &History| {
        let passed = Passed { info: history.info.clone(), ..Passed::default() };
        weights::build(&history.built.cases, &policy.policy, &args.years, passed)
    };
    let catalogs = [side(a, &histories[0])?.catalog, side(b, &histories[1])?.catalog];
    let of = |at: usize| Side {
        cases: &histories[at].built.cases,
        catalog: &catalogs[at],
        ungrouped_factor: policies[at].policy.weights.ungrouped_factor,
    };
    let Comparison { summary, confusion, institutions } = compare(of(0), of(1))?;
    if let Some(out) = &args.out {
        write(out, &[&summary, &confusion, &institutions])?;
    }
    print(&[summary, confusion, institutions], args.common.json)?;
    Ok(Outcome::Done)
}
