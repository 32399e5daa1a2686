//! Small tables that are read whole: institutions, budgets, assessments.

use std::sync::Arc;

use super::arrow::array::RecordBatch;
use super::contract::{Place, TABLES};
use super::engine::{Engine, Params, Session};
use super::error::Error;
use super::relation;
use super::snapshot::Snapshot;
use crate::table::Table;

/// Runs a model over the dimension tables and returns its rows.
///
/// # Errors
/// If the model cannot run.
pub fn read(
    engine: &Engine,
    snapshot: &Snapshot,
    model: &str,
    params: &Params,
) -> Result<Table, Error> {
    let session = register(engine, snapshot)?;
    engine.wait(async {
        session.materialize(model, params).await?;
        let batches = session.rows(model).await?;
        let schema = batches.first().map_or_else(
            || Arc::new(super::arrow::datatypes::Schema::empty()),
            RecordBatch::schema,
        );
        relation::from_batches(model, &schema, &batches).map_err(|err| Error::Engine {
            step: format!("reading model `{model}`"),
            message: err.to_string(),
        })
    })
}

/// Runs a model over the dimension tables and hands on its rows, batch by batch.
///
/// # Errors
/// If the model cannot run, or whatever `take` returns.
pub fn stream(
    engine: &Engine,
    snapshot: &Snapshot,
    model: &str,
    params: &Params,
    take: impl FnMut(&RecordBatch) -> Result<(), Error>,
) -> Result<(), Error> {
    let session = register(engine, snapshot)?;
    engine.wait(session.stream(model, params, take))
}

/// A session that knows the dimension tables.
fn register(engine: &Engine, snapshot: &Snapshot) -> Result<Session, Error> {
    let session = engine.session();
    for contract in TABLES.iter().filter(|table| table.place == Place::Dimension) {
        let files: Vec<_> = snapshot.table(contract.name).map_or_else(Vec::new, |table| {
            table.files.iter().map(|file| file.path.clone()).collect()
        });
        session.register_files(contract.name, relation::read_schema(contract), &files)?;
    }
    Ok(session)
}
