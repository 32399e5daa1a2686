//! The table `load`: one row per source file and target table, and the state of all tables after
//! it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};

use super::cells::Cells;
use super::{Error, Leaf};
use crate::warehouse::contract::LOAD;
use crate::warehouse::parquet::read_columns;
use crate::warehouse::relation;
use crate::warehouse::snapshot::{Load, TableState};

/// All loads, oldest first, and the tables after the newest.
pub(super) fn read(paths: &[PathBuf]) -> Result<(Vec<Load>, BTreeMap<String, TableState>), Error> {
    let names: Vec<&str> = LOAD.columns.iter().map(|column| column.name).collect();
    let mut rows = Vec::new();
    for path in paths {
        for batch in read_columns(path, &names)? {
            let batch = batch.map_err(|err| Error::damaged(path, &err))?;
            append(&mut rows, &Cells { batch: &batch, path })?;
        }
    }
    rows.sort_by(|(a, _), (b, _)| {
        (a.load_no, &a.file, &a.target_table).cmp(&(b.load_no, &b.file, &b.target_table))
    });
    let states = rows.last().map_or(Ok(BTreeMap::new()), |(load, text)| {
        serde_json::from_str(text).map_err(|err| Error::Damaged {
            path: paths.last().cloned().unwrap_or_default(),
            source: Leaf(format!("load {}: {err}", load.load_no)),
        })
    })?;
    Ok((rows.into_iter().map(|(load, _)| load).collect(), states))
}

fn append(rows: &mut Vec<(Load, String)>, cells: &Cells<'_>) -> Result<(), Error> {
    let (load_no, load_id) = (cells.wholes("load_no")?, cells.texts("load_id")?);
    let (file, sha256) = (cells.texts("file")?, cells.texts("sha256")?);
    let (mapping, target) = (cells.texts("mapping_digest")?, cells.texts("target_table")?);
    let (format, encoding) = (cells.texts("format")?, cells.texts("encoding")?);
    let (read, kept) = (cells.wholes("rows_read")?, cells.wholes("rows_kept")?);
    let (filtered, rejected) = (cells.wholes("rows_filtered")?, cells.wholes("rows_rejected")?);
    let (findings, amount) = (cells.wholes("findings")?, cells.amounts("amount_sum")?);
    let tables = cells.texts("tables")?;
    for row in 0..cells.batch.num_rows() {
        let load = Load {
            load_no: load_no(row),
            load_id: load_id(row),
            file: file(row),
            sha256: sha256(row),
            mapping_digest: mapping(row),
            target_table: target(row),
            format: format(row),
            encoding: encoding(row),
            rows_read: read(row),
            rows_kept: kept(row),
            rows_filtered: filtered(row),
            rows_rejected: rejected(row),
            findings: findings(row),
            amount: amount(row),
        };
        rows.push((load, tables(row)));
    }
    Ok(())
}

/// The rows of one load in the columns of the table.
pub(super) fn batch(
    loads: &[Load],
    states: &BTreeMap<String, TableState>,
) -> Result<RecordBatch, Error> {
    let text = |of: fn(&Load) -> &str| -> ArrayRef {
        let filled = |load| Some(of(load)).filter(|text| !text.is_empty());
        Arc::new(loads.iter().map(filled).collect::<StringArray>())
    };
    let whole = |of: fn(&Load) -> u64| -> ArrayRef {
        let value = |load| i64::try_from(of(load)).unwrap_or(i64::MAX);
        Arc::new(loads.iter().map(|load| Some(value(load))).collect::<Int64Array>())
    };
    let failed = |err: &dyn std::error::Error| Error::Engine {
        step: "recording the load",
        source: Leaf(err.to_string()),
    };
    let amounts: Decimal128Array =
        loads.iter().map(|load| load.amount.map(|fen| i128::from(fen.0))).collect();
    let tables = serde_json::to_string(states).map_err(|err| failed(&err))?;
    let columns: Vec<ArrayRef> = vec![
        whole(|load| load.load_no),
        text(|load| &load.load_id),
        text(|load| &load.file),
        text(|load| &load.sha256),
        text(|load| &load.mapping_digest),
        text(|load| &load.target_table),
        text(|load| &load.format),
        text(|load| &load.encoding),
        whole(|load| load.rows_read),
        whole(|load| load.rows_kept),
        whole(|load| load.rows_filtered),
        whole(|load| load.rows_rejected),
        whole(|load| load.findings),
        Arc::new(amounts.with_precision_and_scale(18, 2).map_err(|err| failed(&err))?),
        Arc::new(StringArray::from(vec![tables.as_str(); loads.len()])),
    ];
    RecordBatch::try_new(relation::schema(&LOAD), columns).map_err(|err| failed(&err))
}
