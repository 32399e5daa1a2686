//! `dianshu catalog override | review | publish | gates | history`: the steps of a catalog's life.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Error, Outcome, output};
use crate::catalog::{self, Signature};
use crate::table::{Column, Table};

/// Who, when, why.
#[derive(Debug, clap::Args)]
pub(super) struct SignatureArgs {
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
pub(super) struct OverrideArgs {
    /// Folder of the catalog
    catalog: PathBuf,
    /// Group whose points are set
    #[arg(required_unless_present = "from", conflicts_with = "from", requires = "points")]
    group: Option<String>,
    /// New points; the computed ones take an override back
    points: Option<Decimal>,
    /// Folder of an older catalog whose overrides are all carried over instead
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Groups whose overrides are left behind
    #[arg(long, value_name = "GROUP,GROUP…", value_delimiter = ',', requires = "from")]
    except: Vec<String>,
    #[command(flatten)]
    signature: SignatureArgs,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct StepArgs {
    /// Folder of the catalog
    catalog: PathBuf,
    #[command(flatten)]
    signature: SignatureArgs,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

impl SignatureArgs {
    pub(super) fn get(&self) -> Signature {
        Signature { by: self.by.clone(), on: self.on, why: self.why.clone() }
    }
}

pub(super) fn set_points(args: &OverrideArgs) -> Result<Outcome, Error> {
    let signature = args.signature.get();
    if let Some(from) = &args.from {
        catalog::carry(&args.catalog, from, &args.except, &signature)?;
    } else if let (Some(group), Some(points)) = (&args.group, args.points) {
        catalog::set_points(&args.catalog, group, points, &signature)?;
    }
    output::print(&catalog::override_table(&args.catalog)?, args.json)?;
    Ok(Outcome::Done)
}

pub(super) fn review(args: &StepArgs) -> Result<Outcome, Error> {
    catalog::review(&args.catalog, &args.signature.get())?;
    state(&args.catalog, args.json)
}

pub(super) fn publish(args: &StepArgs) -> Result<Outcome, Error> {
    catalog::publish(&args.catalog, &args.signature.get())?;
    state(&args.catalog, args.json)
}

pub(super) fn gates(path: &Path, json: bool) -> Result<Outcome, Error> {
    let gates = catalog::gates_of(path)?;
    output::print(&catalog::gate_table(&gates), json)?;
    let passed = gates.iter().all(catalog::Gate::passed);
    Ok(if passed { Outcome::Done } else { Outcome::No })
}

pub(super) fn history(path: &Path, json: bool) -> Result<Outcome, Error> {
    output::print(&catalog::history_table(path)?, json)?;
    output::gap(json)?;
    output::print(&catalog::override_table(path)?, json)?;
    Ok(Outcome::Done)
}

/// Prints how far a catalog has come.
pub(super) fn state(path: &Path, json: bool) -> Result<Outcome, Error> {
    let stored = catalog::open(path)?;
    let table = Table::new("state")
        .with("catalog", Column::text([path.display().to_string()]))
        .with("state", Column::text([stored.state.as_str()]))
        .with("digest", Column::text([stored.digest]));
    output::print(&table, json)?;
    Ok(Outcome::Done)
}
