//! Findings as rows of the table `finding`, both ways.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};

use super::Error;
use super::cells::Cells;
use crate::finding::{Finding, Severity};
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

/// The findings in these files, in their order.
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
    let cells = Cells { batch, path };
    let (check, severity) = (cells.texts("check_id")?, cells.texts("severity")?);
    let (table, file, key) = (cells.texts("table")?, cells.texts("file")?, cells.texts("key")?);
    let (column, value) = (cells.texts("column")?, cells.texts("value")?);
    let (message, line) = (cells.texts("message")?, cells.wholes("line")?);
    let amount = cells.amounts("amount")?;
    let known = [Severity::Info, Severity::Warning, Severity::Error];
    for row in 0..batch.num_rows() {
        let word = severity(row);
        findings.push(Finding {
            check_id: check(row),
            severity: known
                .into_iter()
                .find(|known| known.as_str() == word)
                .ok_or_else(|| cells.damaged("severity"))?,
            table: table(row),
            file: file(row),
            line: line(row),
            key: key(row),
            column: column(row),
            value: value(row),
            message: message(row),
            amount: amount(row),
        });
    }
    Ok(())
}
