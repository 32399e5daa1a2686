//! `dianshu sql`: a query over the tables of the warehouse and of a run.

use std::path::PathBuf;
use std::sync::Arc;

use super::common::Common;
use super::{Error, Outcome, output};
use crate::backtest::manifest;
use crate::warehouse::contract::{FINDING, LOAD, TABLES};
use crate::warehouse::relation;

/// Arguments of `dianshu sql`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The statement, for example `select count(*) from settlement`
    statement: String,
    /// Folder of a run whose tables are seen too, as `run_<table>`
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let engine = args.common.engine()?;
    let session = engine.session();
    if args.run.is_none() || args.common.warehouse.exists() {
        let snapshot = args.common.snapshot()?;
        for contract in TABLES.iter().chain([&FINDING, &LOAD]) {
            let files: Vec<_> = snapshot.table(contract.name).map_or_else(Vec::new, |table| {
                table.files.iter().map(|file| file.path.clone()).collect()
            });
            session.register_files(contract.name, relation::read_schema(contract), &files)?;
        }
    }
    if let Some(path) = &args.run {
        for table in manifest::read(path)?.tables.values() {
            let batch = relation::to_batch(table)?;
            session.register_batches(
                &format!("run_{}", table.name),
                batch.schema(),
                vec![batch],
            )?;
        }
    }
    let (schema, batches) = engine.wait(session.query(&args.statement))?;
    args.common.show_plans(&engine);
    let table = relation::from_batches("result", Arc::as_ref(&schema), &batches)?;
    output::print(&table, args.common.json)?;
    Ok(Outcome::Done)
}
