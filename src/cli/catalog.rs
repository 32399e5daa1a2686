//! `dianshu catalog`: build, show, compare, verify.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Subcommand;
use rust_decimal::Decimal;

use super::{Error, Outcome, output};
use crate::catalog::Signature;
use crate::table::{Column, Table};
use crate::{catalog, explain};

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
    /// Show a catalog, or one of its groups
    Show(ShowArgs),
    /// Compare two catalogs, the change that moves most money first
    Diff(DiffArgs),
    /// Recompute the digests and identities of a catalog
    Verify(VerifyArgs),
    /// The weight card of a group: its cases by year and hospital, before and after trimming, how far
    /// its price hangs on one hospital, an interval, its neighbours
    Card(super::card::Args),
    /// How firm every price of a catalog is: intervals by case and by hospital, and the hospital that
    /// moves each price most
    Intervals(super::intervals::Args),
    /// Price the same cases by many methods: how far points and pay range
    Grid(super::grid::Args),
    /// Set the points of one group of a draft, beside the computed ones
    Override(OverrideArgs),
    /// Sign a draft; when two people have signed it is reviewed
    Review(StepArgs),
    /// Put a reviewed catalog in force; it cannot be changed any more
    Publish(StepArgs),
    /// Show who did what with a catalog, when and why, and what was overridden
    History(VerifyArgs),
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Folder of the catalog
    catalog: PathBuf,
    /// Group to show alone
    group: Option<String>,
    /// Show a further table of the catalog instead
    #[arg(long, value_name = "NAME", conflicts_with = "group")]
    table: Option<String>,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// Folder of the older catalog
    old: PathBuf,
    /// Folder of the newer catalog
    new: PathBuf,
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

/// Who, when, why.
#[derive(Debug, clap::Args)]
struct SignatureArgs {
    /// Who takes the step
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Day of the step, for example 2023-12-31
    #[arg(long, value_name = "DATE")]
    on: NaiveDate,
    /// Why, in a sentence
    #[arg(long, value_name = "REASON")]
    why: String,
}

#[derive(Debug, clap::Args)]
struct OverrideArgs {
    /// Folder of the catalog
    catalog: PathBuf,
    /// Group whose points are set
    group: String,
    /// New points; the computed ones take an override back
    points: Decimal,
    #[command(flatten)]
    signature: SignatureArgs,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct StepArgs {
    /// Folder of the catalog
    catalog: PathBuf,
    #[command(flatten)]
    signature: SignatureArgs,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

impl SignatureArgs {
    fn get(&self) -> Signature {
        Signature { by: self.by.clone(), on: self.on, why: self.why.clone() }
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    match &args.command {
        Command::Build(args) => super::build::run(args),
        Command::Show(args) => show(args),
        Command::Diff(args) => {
            let (old, new) = (catalog::read(&args.old)?, catalog::read(&args.new)?);
            let rows = catalog::diff(&old, &new);
            output::print(&catalog::diff_table(&rows, new.places), args.json)?;
            if !(old.tables.is_empty() && new.tables.is_empty()) {
                output::gap(args.json)?;
                output::print(&catalog::tables_diff(&old.tables, &new.tables), args.json)?;
            }
            Ok(Outcome::Done)
        }
        Command::Verify(args) => verify(&args.catalog, args.json),
        Command::Card(args) => super::card::run(args),
        Command::Intervals(args) => super::intervals::run(args),
        Command::Grid(args) => super::grid::run(args),
        Command::Override(args) => {
            let signature = args.signature.get();
            catalog::set_points(&args.catalog, &args.group, args.points, &signature)?;
            output::print(&catalog::override_table(&args.catalog)?, args.json)?;
            Ok(Outcome::Done)
        }
        Command::Review(args) => {
            catalog::review(&args.catalog, &args.signature.get())?;
            state(&args.catalog, args.json)
        }
        Command::Publish(args) => {
            catalog::publish(&args.catalog, &args.signature.get())?;
            state(&args.catalog, args.json)
        }
        Command::History(args) => {
            output::print(&catalog::history_table(&args.catalog)?, args.json)?;
            output::gap(args.json)?;
            output::print(&catalog::override_table(&args.catalog)?, args.json)?;
            Ok(Outcome::Done)
        }
    }
}

/// Prints how far a catalog has come.
fn state(path: &Path, json: bool) -> Result<Outcome, Error> {
    let stored = catalog::open(path)?;
    let table = Table::new("state")
        .with("catalog", Column::text([path.display().to_string()]))
        .with("state", Column::text([stored.state.as_str()]))
        .with("digest", Column::text([stored.digest]));
    output::print(&table, json)?;
    Ok(Outcome::Done)
}

fn show(args: &ShowArgs) -> Result<Outcome, Error> {
    let catalog = catalog::read(&args.catalog)?;
    if let Some(name) = &args.table {
        let known = || catalog.tables.iter().map(|table| table.name.clone()).collect();
        let unknown = || catalog::Error::NoTable { table: name.clone(), known: known() };
        output::print(catalog.table(name).ok_or_else(unknown)?, args.json)?;
        return Ok(Outcome::Done);
    }
    let table = catalog::group_table(&catalog);
    let Some(code) = &args.group else {
        output::print(&table, args.json)?;
        return Ok(Outcome::Done);
    };
    let codes = catalog.groups.iter().map(|group| group.group_code.as_str());
    let Some(row) = codes.clone().position(|known| known == code) else {
        let nearest = explain::nearest(code, codes).map(str::to_owned);
        return Err(Error::UnknownGroup { group: code.clone(), nearest });
    };
    let names = table.columns.iter().map(|(name, _)| name.clone());
    let values = table.columns.iter().map(|(_, column)| column.show(row));
    let card = Table::new("group")
        .with("field", Column::text(names))
        .with("value", Column::Text(values.collect()));
    output::print(&card, args.json)?;
    Ok(Outcome::Done)
}

/// Recomputes everything that can be recomputed offline.
pub(super) fn verify(path: &Path, json: bool) -> Result<Outcome, Error> {
    let report = catalog::verify(path)?;
    output::print(&report.table(), json)?;
    Ok(if report.passed() { Outcome::Done } else { Outcome::No })
}
