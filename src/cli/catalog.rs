//! `dianshu catalog`: build, show, compare, verify.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Error, Outcome, output};
use crate::catalog;

/// Arguments of `dianshu catalog`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compute a catalog from loaded years
    Build(super::build::Args),
    /// Show a catalog, one of its further tables, or the weight card of a group: who set this price, from
    /// which cases, how firm it is
    Show(super::show::Args),
    /// Compare two catalogs, the change that moves most money first
    Diff(DiffArgs),
    /// Recompute the digests and identities of a catalog
    Verify(VerifyArgs),
    /// Count which cases of loaded years are in which group of two catalogs
    Crosswalk(super::trial::CrosswalkArgs),
    /// How firm every price of a catalog is: intervals by case and by hospital, and the hospital that
    /// moves each price most
    Intervals(super::intervals::Args),
    /// Price the same cases by many methods: how far points and pay range
    Grid(super::grid::Args),
    /// Set the points of one group of a draft, beside the computed ones, or carry over the overrides of
    /// an older catalog
    Override(super::life::OverrideArgs),
    /// Write points and values of the policy as a workbook, for people to change
    Export(super::parameters::ExportArgs),
    /// Read an edited workbook: new points become overrides, new values a scenario
    Import(super::parameters::ImportArgs),
    /// Put a draft on trial: keep what it would move for every institution
    Trial(super::trial::Args),
    /// List what a catalog has to pass before it is reviewed and published
    Gates(VerifyArgs),
    /// Sign a catalog on trial; when two people have signed it is reviewed
    Review(super::life::StepArgs),
    /// Put a reviewed catalog in force; it cannot be changed any more
    Publish(super::life::StepArgs),
    /// Show who did what with a catalog, when and why, and what was overridden
    History(VerifyArgs),
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// Folder of the older catalog
    old: PathBuf,
    /// Folder of the newer catalog
    new: PathBuf,
    /// Crosswalk of the two, which tells what was split and merged [default: the one the newer catalog's
    /// trial left]
    #[arg(long, value_name = "FILE")]
    crosswalk: Option<PathBuf>,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// Folder of the catalog
    catalog: PathBuf,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    match &args.command {
        Command::Build(args) => super::build::run(args),
        Command::Show(args) => super::show::run(args),
        Command::Diff(args) => {
            let (old, new) = (catalog::read(&args.old)?, catalog::read(&args.new)?);
            let crosswalk = match &args.crosswalk {
                Some(path) => {
                    let table = catalog::read_crosswalk(path)?;
                    Some(catalog::Crosswalk::of(&table, &old, &new)?)
                }
                None => catalog::Crosswalk::kept(&old, &new),
            };
            let rows = catalog::diff(&old, &new, crosswalk.as_ref())?;
            output::print(&catalog::diff_table(&rows, new.places), args.json)?;
            if !(old.tables.is_empty() && new.tables.is_empty()) {
                output::gap(args.json)?;
                output::print(&catalog::tables_diff(&old.tables, &new.tables), args.json)?;
            }
            Ok(Outcome::Done)
        }
        Command::Verify(args) => verify(&args.catalog, args.json),
        Command::Crosswalk(args) => super::trial::crosswalk(args),
        Command::Intervals(args) => super::intervals::run(args),
        Command::Grid(args) => super::grid::run(args),
        Command::Override(args) => super::life::set_points(args),
        Command::Export(args) => super::parameters::export(args),
        Command::Import(args) => super::parameters::import(args),
        Command::Trial(args) => super::trial::run(args),
        Command::Gates(args) => super::life::gates(&args.catalog, args.json),
        Command::Review(args) => super::life::review(args),
        Command::Publish(args) => super::life::publish(args),
        Command::History(args) => super::life::history(&args.catalog, args.json),
    }
}

/// Recomputes everything that can be recomputed offline.
pub(super) fn verify(path: &Path, json: bool) -> Result<Outcome, Error> {
    let report = catalog::verify(path)?;
    output::print(&report.table(), json)?;
    Ok(if report.passed() { Outcome::Done } else { Outcome::No })
}
