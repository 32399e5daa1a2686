//! `dianshu ingest`: exports into the warehouse.

use std::path::PathBuf;

use super::common::Common;
use super::{Error, Outcome, output};
use crate::intake::{self, Bar, Settings, Silent, Summary};
use crate::warehouse::store::DEFAULT_BUCKETS;

/// Arguments of `dianshu ingest`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders with exports
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Table that the files fill [default: told by file name or columns]
    #[arg(long)]
    table: Option<String>,
    /// Mapping file for exports that are not in national names
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Key of personal ids [default: WAREHOUSE.key beside the warehouse]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Buckets of a new warehouse; more for a bigger city (64 for 50 million settlements a year)
    #[arg(long, default_value_t = DEFAULT_BUCKETS, value_parser = clap::value_parser!(u32).range(1..=1024))]
    buckets: u32,
    /// Read and check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let mut settings = settings(&args.common, args.paths.clone());
    settings.table.clone_from(&args.table);
    settings.mapping.clone_from(&args.mapping);
    settings.key_file.clone_from(&args.key_file);
    settings.buckets = args.buckets;
    settings.dry_run = args.dry_run;
    let summary = ingest(&args.common, &settings)?;
    if args.common.json {
        let line = serde_json::to_string(&summary).map_err(|source| Error::Json { source })?;
        output::print_text(&format!("{line}\n"))?;
    } else {
        output::print_text(&format!("{summary}"))?;
    }
    Ok(if summary.errors() > 0 { Outcome::No } else { Outcome::Done })
}

/// Loads files as the demo does: everything as usual.
pub(super) fn load(common: &Common, paths: &[PathBuf]) -> Result<Summary, Error> {
    ingest(common, &settings(common, paths.to_vec()))
}

fn settings(common: &Common, paths: Vec<PathBuf>) -> Settings {
    let mut settings = Settings::new(paths, common.warehouse.clone());
    settings.threads = common.threads();
    settings.memory_bytes = u64::try_from(common.memory_bytes()).unwrap_or(u64::MAX);
    settings
}

fn ingest(common: &Common, settings: &Settings) -> Result<Summary, Error> {
    if common.quiet {
        return Ok(intake::ingest(settings, &Silent)?);
    }
    Ok(intake::ingest(settings, &Bar::default())?)
}
