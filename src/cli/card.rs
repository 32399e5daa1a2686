//! `dianshu catalog card`: who set the price of a group, from which cases, and how firm it is.

use std::path::{Path, PathBuf};

use super::backtest::built_under;
use super::common::{Common, check_years};
use super::{Error, Outcome, output};
use crate::period::Years;
use crate::weights::CardRequest;
use crate::{catalog, explain, history, weights};

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

impl Args {
    /// The card of a group as the demo shows it: few rounds, nothing to compare with.
    pub(super) fn of(catalog: &Path, group: &str, common: &Common) -> Self {
        Self {
            catalog: catalog.to_owned(),
            group: group.to_owned(),
            last: None,
            rounds: 200,
            seed: 1,
            common: common.clone(),
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let stored = catalog::open(&args.catalog)?;
    let codes = stored.catalog.groups.iter().map(|group| group.group_code.as_str());
    if !codes.clone().any(|code| code == args.group) {
        let nearest = explain::nearest(&args.group, codes).map(str::to_owned);
        return Err(Error::UnknownGroup { group: args.group.clone(), nearest });
    }
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
    let built = history::learn(&engine, &snapshot, &policy.policy, &years)?.built;
    args.common.warn(&built.warnings);
    args.common.show_plans(&engine);
    let asked = CardRequest {
        group: &args.group,
        rounds: args.rounds,
        seed: args.seed,
        last: last.as_ref(),
        set: overrides.iter().find(|row| row.group_code == args.group),
    };
    // The claims may have grown by other years; what this price was built from must be the same.
    let card = weights::card(&built.cases, &policy.policy, &years, &stored.catalog, asked);
    let card = card.map_err(|err| match err {
        weights::Error::OtherClaims { group_code: group } => {
            Error::OtherClaims { catalog: args.catalog.clone(), group }
        }
        other => other.into(),
    })?;
    for (at, table) in card.tables().into_iter().enumerate() {
        if at > 0 {
            output::gap(args.common.json)?;
        }
        output::print(table, args.common.json)?;
    }
    Ok(Outcome::Done)
}
