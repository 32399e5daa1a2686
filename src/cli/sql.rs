//! `dianshu sql`: a query over the tables of the warehouse and of a run.

use std::path::PathBuf;
use std::sync::Arc;

use super::common::Common;
use super::{Error, Outcome, output};
use crate::backtest::manifest;
use crate::table::Table;
use crate::warehouse::contract::{FINDING, LOAD, Place, TABLES};
use crate::warehouse::engine::Engine;
use crate::warehouse::relation;
use crate::warehouse::snapshot::{DataFile, Snapshot};

/// Arguments of `dianshu sql`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The statement, for example `select count(*) from settlement`
    statement: String,
    /// Folder of a run whose tables are seen too, as `run_<table>`
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Run the statement in every bucket of persons by itself, as many at a time as there are threads,
    /// and print the rows of all: for what is local to a person, such as `cycle_number`
    #[arg(long, conflicts_with = "run")]
    by_bucket: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let engine = args.common.engine()?;
    if args.by_bucket {
        let table = by_bucket(&engine, &args.common.snapshot()?, &args.statement)?;
        args.common.show_plans(&engine);
        output::print(&table, args.common.json)?;
        return Ok(Outcome::Done);
    }
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

/// Rows of every bucket, in order of the buckets. The planner knows how the files are sorted.
fn by_bucket(engine: &Engine, snapshot: &Snapshot, statement: &str) -> Result<Table, Error> {
    let parts = engine.each((0..snapshot.buckets()).collect(), |bucket| {
        let session = engine.session();
        let statement = statement.to_owned();
        let registered = TABLES.iter().try_for_each(|contract| {
            let files: Vec<_> = snapshot.table(contract.name).map_or_else(Vec::new, |table| {
                let of_bucket = |file: &&DataFile| {
                    contract.place == Place::Dimension
                        || i64::from(file.bucket) == i64::from(bucket)
                };
                table.files.iter().filter(of_bucket).map(|file| file.path.clone()).collect()
            });
            let schema = relation::read_schema(contract);
            session.register_sorted_files(contract.name, schema, &files, contract.sort)
        });
        async move {
            registered?;
            session.query(&statement).await
        }
    })?;
    let schema = parts.first().map(|(schema, _)| Arc::clone(schema));
    let batches: Vec<_> = parts.into_iter().flat_map(|(_, batches)| batches).collect();
    Ok(match schema {
        Some(schema) => relation::from_batches("result", &schema, &batches)?,
        None => Table::new("result"),
    })
}
