//! Findings as rows of the table `finding`, both ways.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray as _, Decimal128Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::{Decimal128Type, Int64Type};

use super::{Error, Leaf};
use crate::finding::{Finding, Severity};
use crate::units::Fen;
use crate::warehouse::contract::FINDING;
use crate::warehouse::parquet::read_columns;
use crate::warehouse::relation;
use crate::warehouse::snapshot::DataFile;

/// Findings of one load in the columns of the table.
pub(crate) fn findings_batch(load_id: &str, findings: &[Finding]) -> Result<RecordBatch, Error> {
    let text = |of: fn(&Finding) -> &str| -> ArrayRef {
        let filled = |finding| Some(of(finding)).filter(|text| !text.is_empty());
        Arc::new(findings.iter().map(filled).collect::<StringArray>())
    };
    let line = |finding: &Finding| i64::try_from(finding.line).ok().filter(|line| *line > 0);
    let amounts: Decimal128Array =
        findings.iter().map(|finding| finding.amount.map(|fen| i128::from(fen.0))).collect();
    let amounts = amounts
        .with_precision_and_scale(18, 2)
        .map_err(|err| Error::arrow("collecting findings", &err))?;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![load_id; findings.len()])),
        text(|finding| &finding.check_id),
        text(|finding| finding.severity.as_str()),
        text(|finding| &finding.table),
        text(|finding| &finding.file),
        Arc::new(findings.iter().map(line).collect::<Int64Array>()),
        text(|finding| &finding.key),
        text(|finding| &finding.column),
        text(|finding| &finding.value),
        text(|finding| &finding.message),
        Arc::new(amounts),
    ];
    RecordBatch::try_new(relation::schema(&FINDING), columns)
        .map_err(|err| Error::arrow("collecting findings", &err))
}

pub(in crate::warehouse) fn read_findings(files: &[DataFile]) -> Result<Vec<Finding>, Error> {
    let names: Vec<&str> = FINDING.columns.iter().map(|column| column.name).collect();
    let mut findings = Vec::new();
    for file in files {
        for batch in read_columns(&file.path, &names)? {
            let batch = batch.map_err(|err| Error::damaged(&file.path, &err))?;
            append(&mut findings, &batch, &file.path)?;
        }
    }
    Ok(findings)
}

fn append(findings: &mut Vec<Finding>, batch: &RecordBatch, path: &Path) -> Result<(), Error> {
    let damaged = |column: &str| Error::Damaged {
        path: path.to_owned(),
        source: Leaf(format!("column `{column}` is missing or of another type")),
    };
    let column = |name: &str| batch.column_by_name(name).ok_or_else(|| damaged(name));
    let text = |name: &str| column(name)?.as_string_opt::<i32>().ok_or_else(|| damaged(name));
    let (check, severity, table) = (text("check_id")?, text("severity")?, text("table")?);
    let (file, key, about) = (text("file")?, text("key")?, text("column")?);
    let (value, message) = (text("value")?, text("message")?);
    let line = column("line")?.as_primitive_opt::<Int64Type>().ok_or_else(|| damaged("line"))?;
    let amount =
        column("amount")?.as_primitive_opt::<Decimal128Type>().ok_or_else(|| damaged("amount"))?;
    let filled = |array: &StringArray, row: usize| {
        array.iter().nth(row).flatten().unwrap_or_default().to_owned()
    };
    for row in 0..batch.num_rows() {
        findings.push(Finding {
            check_id: filled(check, row),
            severity: [Severity::Info, Severity::Warning, Severity::Error]
                .into_iter()
                .find(|known| Some(known.as_str()) == severity.iter().nth(row).flatten())
                .ok_or_else(|| damaged("severity"))?,
            table: filled(table, row),
            file: filled(file, row),
            line: line.iter().nth(row).flatten().and_then(|at| u64::try_from(at).ok()).unwrap_or(0),
            key: filled(key, row),
            column: filled(about, row),
            value: filled(value, row),
            message: filled(message, row),
            amount: amount
                .iter()
                .nth(row)
                .flatten()
                .and_then(|fen| i64::try_from(fen).ok())
                .map(Fen),
        });
    }
    Ok(())
}
