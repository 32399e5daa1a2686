//! `dianshu catalog trial` and `crosswalk`: the cases of loaded years under two catalogs.

use std::path::{Path, PathBuf};

use super::common::{Common, check_years};
use super::life::SignatureArgs;
use super::opened::built_under;
use super::{Error, Outcome, output};
use crate::catalog::Stored;
use crate::grouping::cases::Request;
use crate::period::Years;
use crate::policy::model::Policy;
use crate::settlement::cases::Cases;
use crate::warehouse::engine::Engine;
use crate::warehouse::snapshot::Snapshot;
use crate::weights::Grouped;
use crate::{catalog, history, weights};

/// Arguments of `dianshu catalog trial`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the catalog
    catalog: PathBuf,
    /// Folder of the catalog before, to compare with
    #[arg(long, value_name = "DIR")]
    last: Option<PathBuf>,
    /// Year whose cases and booked money are used [default: the newest statistics year]
    #[arg(long)]
    year: Option<u16>,
    #[command(flatten)]
    signature: SignatureArgs,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `dianshu catalog crosswalk`.
#[derive(Debug, clap::Args)]
pub(super) struct CrosswalkArgs {
    /// Folder of the older catalog
    old: PathBuf,
    /// Folder of the newer catalog
    new: PathBuf,
    /// Years whose cases are grouped, for example `2022,2023`
    #[arg(long)]
    years: Years,
    /// Write it as CSV for `catalog diff --crosswalk`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// The cases of some years in the groups of one catalog.
struct Side {
    stored: Stored,
    cases: Cases,
    policy: Policy,
}

impl Side {
    fn new(
        (engine, snapshot): (&Engine, &Snapshot),
        (folder, stored): (&Path, Stored),
        (years, keep_ids): (&Years, bool),
        common: &Common,
    ) -> Result<Self, Error> {
        let (policy, _) = built_under(folder, &stored)?;
        let rules = policy.policy.clone();
        let (policy, keep_records) = (policy.policy, false);
        let request = Request {
            policy,
            years: years.clone(),
            keep_ids,
            keep_records,
            refunds_until: None,
            parts: false,
        };
        let built = history::of_year(engine, snapshot, &request, &stored.catalog)?;
        common.warn(&built.warnings);
        Ok(Self { stored, cases: built.cases, policy: rules })
    }

    fn grouped(&self) -> Grouped<'_> {
        Grouped {
            cases: &self.cases,
            catalog: &self.stored.catalog,
            ungrouped_factor: self.policy.weights.ungrouped_factor,
            units: &self.policy.units,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    catalog::check_trial(&args.catalog)?;
    let stored = catalog::open(&args.catalog)?;
    let last = args.last.as_deref().map(catalog::open).transpose()?;
    if let (Some(last), Some(path)) = (&last, &args.last)
        && last.catalog.system != stored.catalog.system
    {
        return Err(Error::OtherScale { catalog: path.clone() });
    }
    let newest = stored.catalog.years.last().copied();
    let year = args.year.or(newest).ok_or(Error::NothingLoaded)?;
    let years = Years::new(vec![year]).ok_or(Error::NothingLoaded)?;
    let snapshot = args.common.snapshot()?;
    check_years(&snapshot, &years)?;
    let engine = args.common.engine()?;
    let from = (&engine, &snapshot);
    let what = last
        .as_ref()
        .map_or_else(|| year.to_string(), |last| format!("{year}, against {}", last.digest));
    let with_ids = (&years, last.is_some());
    let new = Side::new(from, (&args.catalog, stored), with_ids, &args.common)?;
    let last = match (last, &args.last) {
        (Some(last), Some(path)) => Some(Side::new(from, (path, last), with_ids, &args.common)?),
        _ => None,
    };
    args.common.show_plans(&engine);
    let mut tables = vec![weights::impact(new.grouped(), last.as_ref().map(Side::grouped))?];
    if let Some(last) = &last {
        tables.push(weights::crosswalk(last.grouped(), new.grouped())?);
    }
    catalog::trial(&args.catalog, &tables, &what, &args.signature.get())?;
    output::print(&tables[0], args.common.json)?;
    Ok(Outcome::Done)
}

pub(super) fn crosswalk(args: &CrosswalkArgs) -> Result<Outcome, Error> {
    let (old, new) = (catalog::open(&args.old)?, catalog::open(&args.new)?);
    if old.catalog.system != new.catalog.system {
        return Err(Error::OtherScale { catalog: args.old.clone() });
    }
    let snapshot = args.common.snapshot()?;
    check_years(&snapshot, &args.years)?;
    let engine = args.common.engine()?;
    let from = (&engine, &snapshot);
    let with_ids = (&args.years, true);
    let old = Side::new(from, (&args.old, old), with_ids, &args.common)?;
    let new = Side::new(from, (&args.new, new), with_ids, &args.common)?;
    args.common.show_plans(&engine);
    let table = weights::crosswalk(old.grouped(), new.grouped())?;
    if let Some(path) = &args.out {
        catalog::write_crosswalk(&table, path)?;
    }
    output::print(&table, args.common.json)?;
    Ok(Outcome::Done)
}
