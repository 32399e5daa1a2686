//! `dianshu catalog card`: who set the price of a group, from which cases, and how firm it is.

use std::path::PathBuf;

use super::backtest::built_under;
use super::common::{Common, check_years};
use super::{Error, Outcome, output};
use crate::catalog::model::Group;
use crate::grouping::cases::{self, Request};
use crate::period::Years;
use crate::weights::{CardRequest, Passed};
use crate::{catalog, explain, weights};

/// Arguments of `dianshu catalog card`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the catalog
    catalog: PathBuf,
    /// The group
    group: String,
    /// Folder of the catalog before, to compare the price with
    #[arg(long, value_name = "DIR")]
    last: Option<PathBuf>,
    /// Bootstrap rounds of the interval
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=100_000))]
    rounds: u32,
    /// Seed of the rounds
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let stored = catalog::open(&args.catalog)?;
    let codes = stored.catalog.groups.iter().map(|group| group.group_code.as_str());
    let Some(group) = stored.catalog.groups.iter().find(|group| group.group_code == args.group)
    else {
        let nearest = explain::nearest(&args.group, codes).map(str::to_owned);
        return Err(Error::UnknownGroup { group: args.group.clone(), nearest });
    };
    let last = args.last.as_deref().map(catalog::read).transpose()?;
    if let (Some(last), Some(path)) = (&last, &args.last)
        && (last.system != stored.catalog.system || last.scale != stored.catalog.scale)
    {
        return Err(Error::OtherScale { catalog: path.clone() });
    }
    let overrides = catalog::overrides(&args.catalog)?;
    let (policy, _) = built_under(&args.catalog, &stored)?;
    let snapshot = args.common.snapshot()?;
    let years = Years::new(stored.catalog.years.clone()).ok_or(Error::NothingLoaded)?;
    check_years(&snapshot, &years)?;
    let engine = args.common.engine()?;
    let request = Request { policy: policy.policy.clone(), years: years.clone(), keep_ids: false };
    let built = cases::build(&engine, &snapshot, &request)?;
    args.common.warn(&built.warnings);
    args.common.show_plans(&engine);
    // The claims may have grown by other years; what this price was built from must be the same.
    let again = weights::build(&built.cases, &policy.policy, &years, Passed::default())?.catalog;
    let now = again.groups.iter().find(|known| known.group_code == args.group);
    let same = |now: &Group| now.year_cases == group.year_cases && now.mean == group.mean;
    if again.base_mean != stored.catalog.base_mean || !now.is_some_and(same) {
        let (catalog, group) = (args.catalog.clone(), args.group.clone());
        return Err(Error::OtherClaims { catalog, group });
    }
    let asked = CardRequest {
        group: &args.group,
        rounds: args.rounds,
        seed: args.seed,
        last: last.as_ref(),
        set: overrides.iter().find(|row| row.group_code == args.group),
    };
    let card = weights::card(&built.cases, &policy.policy, &years, &stored.catalog, asked)?;
    for (at, table) in card.tables().into_iter().enumerate() {
        if at > 0 {
            output::gap(args.common.json)?;
        }
        output::print(table, args.common.json)?;
    }
    Ok(Outcome::Done)
}
