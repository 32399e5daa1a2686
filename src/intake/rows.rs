//! What becomes of the rows of a batch: kept in storage types, filtered by the mapping, or
//! findings.

use std::sync::Arc;

use super::convert::{as_times, convert};
use super::error::Error;
use super::person::Pseudonyms;
use super::plan::{Each, Plan, Target, TargetColumn, Value};
use super::read::Chunk;
use super::value::{Fault, year};
use crate::finding::{Finding, Severity};
use crate::units::Fen;
use crate::warehouse::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray,
    UInt64Array,
};
use crate::warehouse::arrow::compute::{concat, filter, filter_record_batch};
use crate::warehouse::arrow::datatypes::{Decimal128Type, Field, Schema};
use crate::warehouse::arrow::error::ArrowError;
use crate::warehouse::contract::{TableContract, Type};
use crate::warehouse::expression::Expression;
use crate::warehouse::relation::arrow_type;
use crate::warehouse::store;

/// Years in which a settlement can lie.
const SETTLEMENT_YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;
/// Characters of a value kept in a finding.
const SHOWN: usize = 200;

/// The first value of a column that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) line: u64,
    pub(crate) value: String,
    pub(crate) reason: String,
}

/// Values of one column of a source.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnTally {
    /// Values there.
    pub(crate) values: u64,
    /// Values that could be read.
    pub(crate) readable: u64,
    pub(crate) first: Option<Unreadable>,
}

/// Rows of one target.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) kept: u64,
    pub(crate) filtered: u64,
    pub(crate) rejected: u64,
    pub(crate) findings: u64,
    /// Fen of the amount column of the rows kept.
    pub(crate) amount: i128,
    /// One for each column of the target.
    pub(crate) columns: Vec<ColumnTally>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.kept += other.kept;
        self.filtered += other.filtered;
        self.rejected += other.rejected;
        self.findings += other.findings;
        self.amount += other.amount;
        self.columns.resize(self.columns.len().max(other.columns.len()), ColumnTally::default());
        for (mine, theirs) in self.columns.iter_mut().zip(&other.columns) {
            mine.values += theirs.values;
            mine.readable += theirs.readable;
            let earlier = |a: &Unreadable, b: &Unreadable| a.line <= b.line;
            mine.first = match (mine.first.take(), theirs.first.clone()) {
                (Some(a), Some(b)) => Some(if earlier(&a, &b) { a } else { b }),
                (a, b) => a.or(b),
            };
        }
    }
}

/// Rows of one target, ready to be stored.
pub(crate) struct Processed {
    /// The columns that the target fills, in storage types.
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) tally: Tally,
}

fn failed(err: &ArrowError) -> Error {
    store::Error::arrow("converting rows", err).into()
}

/// Works on one target of one chunk.
pub(crate) struct Worker<'a> {
    plan: &'a Plan,
    target: &'a Target,
    persons: &'a mut Pseudonyms,
    done: Processed,
}

/// Stores, filters or rejects each row of a chunk, for one target of its plan.
pub(crate) fn process(
    plan: &Plan,
    target: &Target,
    chunk: &Chunk,
    persons: &mut Pseudonyms,
) -> Result<Processed, Error> {
    let done = Processed { batches: Vec::new(), findings: Vec::new(), tally: Tally::default() };
    let mut worker = Worker { plan, target, persons, done };
    worker.done.tally.columns = vec![ColumnTally::default(); target.columns.len()];
    worker.uneven(&chunk.uneven);
    let (batch, lines) = worker.filter(&chunk.batch, &chunk.lines)?;
    match &target.each {
        None => worker.rows(&batch, &lines)?,
        Some(each) => {
            for at in 0..each.positions.len() {
                let (batch, lines) = position(each, at, &batch, &lines)?;
                worker.rows(&batch, &lines)?;
            }
        }
    }
    worker.done.tally.findings = worker.done.findings.len() as u64;
    Ok(worker.done)
}

/// The rows whose value at a position is not blank, with the placeholders filled.
fn position(
    each: &Each,
    at: usize,
    batch: &RecordBatch,
    lines: &[u64],
) -> Result<(RecordBatch, Vec<u64>), Error> {
    let sources = &each.positions[at];
    let placed = each.schema.fields().len() - sources.len() - 1;
    let mut columns = Vec::with_capacity(each.schema.fields().len());
    for field in each.schema.fields().iter().take(placed) {
        let column = batch.column_by_name(field.name());
        columns.extend(column.map(Arc::clone));
    }
    columns.extend(sources.iter().map(|source| Arc::clone(batch.column(*source))));
    let number = i64::try_from(at + 1).unwrap_or(i64::MAX);
    columns.push(Arc::new(Int64Array::from(vec![number; batch.num_rows()])));
    let filled: BooleanArray = (0..batch.num_rows())
        .map(|row| Some(sources.iter().any(|source| batch.column(*source).is_valid(row))))
        .collect();
    let all = RecordBatch::try_new(Arc::clone(&each.schema), columns).map_err(|e| failed(&e))?;
    let kept = filter_record_batch(&all, &filled).map_err(|err| failed(&err))?;
    Ok((kept, chosen(lines, &filled)))
}

fn chosen(lines: &[u64], mask: &BooleanArray) -> Vec<u64> {
    lines.iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(l, _)| *l).collect()
}

/// The values of an expression; rows for which it fails are gaps, with the engine's words.
fn evaluate(
    expression: &Expression,
    batch: &RecordBatch,
) -> Result<(ArrayRef, Vec<(usize, String)>), Error> {
    match expression.evaluate(batch) {
        Ok(array) => Ok((array, Vec::new())),
        Err(leaf) if batch.num_rows() <= 1 => {
            let gap = crate::warehouse::arrow::array::new_null_array(
                expression.data_type(),
                batch.num_rows(),
            );
            Ok((gap, vec![(0, leaf.0)]))
        }
        Err(_) => {
            let half = batch.num_rows() / 2;
            let (left, mut errors) = evaluate(expression, &batch.slice(0, half))?;
            let rest = batch.slice(half, batch.num_rows() - half);
            let (right, more) = evaluate(expression, &rest)?;
            errors.extend(more.into_iter().map(|(row, message)| (row + half, message)));
            let whole = concat(&[left.as_ref(), right.as_ref()]).map_err(|err| failed(&err))?;
            Ok((whole, errors))
        }
    }
}

/// The columns of a target in storage types and what is wrong with them.
struct Filled {
    arrays: Vec<ArrayRef>,
    /// Row, position in the target's columns, value, fault.
    faults: Vec<(usize, usize, String, Fault)>,
}

impl Worker<'_> {
    fn contract(&self) -> &'static TableContract {
        self.target.contract
    }

    fn finding(&self, check_id: &str, severity: Severity, line: u64) -> Finding {
        Finding {
            check_id: check_id.to_owned(),
            severity,
            table: self.contract().name.to_owned(),
            file: self.plan.source.name.clone(),
            line,
            key: String::new(),
            column: String::new(),
            value: String::new(),
            message: String::new(),
            amount: None,
        }
    }

    /// Records with more or fewer fields than the header, reported for the first target.
    fn uneven(&mut self, uneven: &[(u64, usize)]) {
        if !std::ptr::eq(self.target, &self.plan.targets[0]) {
            return;
        }
        let expected = self.plan.source.fields;
        for (line, fields) in uneven {
            let mut finding = self.finding("record_wrong_length", Severity::Error, *line);
            finding.value = fields.to_string();
            finding.message =
                format!("the record has {fields} fields where the header has {expected}");
            self.done.findings.push(finding);
            self.done.tally.rejected += 1;
        }
    }

    /// The rows for which the mapping's condition is true; the others are reported.
    fn filter(
        &mut self,
        batch: &RecordBatch,
        lines: &[u64],
    ) -> Result<(RecordBatch, Vec<u64>), Error> {
        let Some((condition, text)) = &self.target.filter else {
            return Ok((batch.clone(), lines.to_vec()));
        };
        let (values, errors) = evaluate(condition, batch)?;
        let mask = values.as_boolean();
        let keep: BooleanArray = mask.iter().map(|keep| Some(keep == Some(true))).collect();
        let drop: BooleanArray = keep.iter().map(|keep| Some(keep != Some(true))).collect();
        if drop.true_count() > 0 {
            let dropped = filter_record_batch(batch, &drop).map_err(|err| failed(&err))?;
            let keys = self.keys_of_dropped(&dropped)?;
            for (row, line) in chosen(lines, &drop).into_iter().enumerate() {
                let mut finding = self.finding("row_filtered", Severity::Info, line);
                finding.key = cell(&keys, row);
                finding.message = format!("left out by `row_filter = {text}`");
                self.done.findings.push(finding);
            }
            self.done.tally.filtered += drop.true_count() as u64;
        }
        for (row, message) in errors {
            let mut finding = self.finding("expression_failed", Severity::Error, lines[row]);
            finding.column = "row_filter".to_owned();
            finding.message = message;
            self.done.findings.push(finding);
        }
        let kept = filter_record_batch(batch, &keep).map_err(|err| failed(&err))?;
        Ok((kept, chosen(lines, &keep)))
    }

    /// Keys of rows that no column is computed for; blank where the key depends on a position.
    fn keys_of_dropped(&mut self, batch: &RecordBatch) -> Result<StringArray, Error> {
        let key = self.target.columns.iter().find(|column| column.contract.name == "setl_id");
        match key {
            Some(column) if self.target.each.is_none() => {
                let (array, _) = self.values(column, batch)?;
                let text = convert(&array, Type::Text, &[], self.persons).array;
                let keys = text.as_string_opt().cloned();
                Ok(keys.unwrap_or_else(|| StringArray::new_null(batch.num_rows())))
            }
            _ => Ok(StringArray::new_null(batch.num_rows())),
        }
    }

    fn values(
        &self,
        column: &TargetColumn,
        batch: &RecordBatch,
    ) -> Result<(ArrayRef, Vec<(usize, String)>), Error> {
        match &column.value {
            Value::Column(at) => Ok((Arc::clone(batch.column(*at)), Vec::new())),
            Value::Expression(expression) => evaluate(expression, batch),
            Value::Constant(text) => {
                let array = StringArray::from(vec![text.as_str(); batch.num_rows()]);
                Ok((Arc::new(array), Vec::new()))
            }
        }
    }

    fn fill(&mut self, batch: &RecordBatch, lines: &[u64]) -> Result<Filled, Error> {
        let mut filled = Filled { arrays: Vec::new(), faults: Vec::new() };
        for (number, column) in self.target.columns.iter().enumerate() {
            let (array, errors) = self.values(column, batch)?;
            let contract = column.contract;
            let converted = convert(&array, contract.kind, &column.dates, self.persons);
            // A failed expression leaves a gap where there was something.
            let failed = errors.len() as u64;
            let mut unreadable = failed;
            for (row, message) in errors {
                let value = inputs(&column.value, batch, row);
                let fault =
                    Fault { check_id: "expression_failed", reason: message, unreadable: true };
                filled.faults.push((row, number, value, fault));
            }
            for (row, value, fault) in converted.faults {
                unreadable += u64::from(fault.unreadable);
                filled.faults.push((row, number, value, fault));
            }
            filled.arrays.push(converted.array);
            let tally = &mut self.done.tally.columns[number];
            let there = (array.len() - array.logical_null_count()) as u64 + failed;
            tally.values += there;
            tally.readable += there - unreadable;
            if tally.first.is_none() {
                tally.first = filled
                    .faults
                    .iter()
                    .filter(|(_, at, _, fault)| *at == number && fault.unreadable)
                    .min_by_key(|(row, ..)| *row)
                    .map(|(row, _, value, fault)| Unreadable {
                        line: lines[*row],
                        value: value.clone(),
                        reason: fault.reason.clone(),
                    });
            }
        }
        self.check_required(&mut filled);
        self.check_years(&mut filled);
        Ok(filled)
    }

    /// A required value that is missing makes the row unusable.
    fn check_required(&self, filled: &mut Filled) {
        for (number, column) in self.target.columns.iter().enumerate() {
            let array = &filled.arrays[number];
            if !column.contract.required || array.null_count() == 0 {
                continue;
            }
            let explained: std::collections::BTreeSet<usize> = filled
                .faults
                .iter()
                .filter(|(_, at, ..)| *at == number)
                .map(|(row, ..)| *row)
                .collect();
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                if !explained.contains(&row) {
                    let fault = Fault {
                        check_id: "required_missing",
                        reason: "is missing, but each row needs it".to_owned(),
                        unreadable: false,
                    };
                    filled.faults.push((row, number, String::new(), fault));
                }
            }
        }
    }

    /// A settlement outside 1990–2100 has no year to stand in.
    fn check_years(&self, filled: &mut Filled) {
        for (number, column) in self.target.columns.iter().enumerate() {
            if column.contract.name != "setl_time" {
                continue;
            }
            let Some(times) = as_times(&filled.arrays[number]) else { continue };
            for (row, time) in times.iter().enumerate() {
                if let Some(time) = time
                    && !SETTLEMENT_YEARS.contains(&year(time))
                {
                    let fault = Fault {
                        check_id: "time_out_of_range",
                        reason: "is not in the years 1990 to 2100".to_owned(),
                        unreadable: false,
                    };
                    filled.faults.push((row, number, year(time).to_string(), fault));
                }
            }
        }
    }

    fn rows(&mut self, batch: &RecordBatch, lines: &[u64]) -> Result<(), Error> {
        let Filled { arrays, faults } = self.fill(batch, lines)?;
        let mut keep = vec![true; batch.num_rows()];
        for (row, number, value, fault) in faults {
            keep[row] = false;
            let column = self.target.columns[number].contract;
            let mut finding = self.finding(fault.check_id, Severity::Error, lines[row]);
            finding.key = self.key(&arrays, row);
            finding.column = column.name.to_owned();
            if column.kind != Type::Person {
                finding.value = value.chars().take(SHOWN).collect();
            }
            finding.message = if value.is_empty() {
                format!("`{}` {}", column.name, fault.reason)
            } else {
                format!("`{}`: the value {}", column.name, fault.reason)
            };
            finding.amount = self.amount(&arrays, row);
            self.done.findings.push(finding);
        }
        let mask = BooleanArray::from(keep);
        let kept = mask.true_count();
        self.done.tally.kept += kept as u64;
        self.done.tally.rejected += (mask.len() - kept) as u64;
        if kept > 0 {
            self.keep(&arrays, &mask)?;
        }
        Ok(())
    }

    fn keep(&mut self, arrays: &[ArrayRef], mask: &BooleanArray) -> Result<(), Error> {
        let mut fields = Vec::with_capacity(arrays.len());
        let mut columns = Vec::with_capacity(arrays.len());
        for (column, array) in self.target.columns.iter().zip(arrays) {
            let contract = column.contract;
            fields.push(Field::new(contract.name, arrow_type(contract.kind), true));
            columns.push(if mask.false_count() == 0 {
                Arc::clone(array)
            } else {
                filter(array, mask).map_err(|err| failed(&err))?
            });
            if self.contract().amount().is_some_and(|(at, _)| at == column.at) {
                let amounts = columns[columns.len() - 1].as_primitive_opt::<Decimal128Type>();
                let sum: i128 = amounts.iter().flat_map(|array| array.iter().flatten()).sum();
                self.done.tally.amount += sum;
            }
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
        self.done.batches.push(batch.map_err(|err| failed(&err))?);
        Ok(())
    }

    /// `setl_id` of a row, else its first required text; a pseudonym where that is a person.
    fn key(&self, arrays: &[ArrayRef], row: usize) -> String {
        let text = |column: &TargetColumn| {
            column.contract.required && matches!(column.contract.kind, Type::Text | Type::Person)
        };
        let columns = &self.target.columns;
        let at = columns
            .iter()
            .position(|column| column.contract.name == "setl_id")
            .or_else(|| columns.iter().position(text));
        let array = at.and_then(|at| arrays[at].as_string_opt::<i32>());
        array.map_or_else(String::new, |array| cell(array, row))
    }

    fn amount(&self, arrays: &[ArrayRef], row: usize) -> Option<Fen> {
        let (at, _) = self.contract().amount()?;
        let number = self.target.columns.iter().position(|column| column.at == at)?;
        let array = arrays[number].as_primitive_opt::<Decimal128Type>()?;
        array.is_valid(row).then(|| i64::try_from(array.value(row)).ok().map(Fen)).flatten()
    }
}

fn cell(array: &StringArray, row: usize) -> String {
    if array.is_valid(row) { array.value(row).to_owned() } else { String::new() }
}

/// The source values behind an expression, for a finding.
fn inputs(value: &Value, batch: &RecordBatch, row: usize) -> String {
    let Value::Expression(expression) = value else { return String::new() };
    let shown = |name: &String| {
        let array = batch.column_by_name(name)?;
        let text = crate::warehouse::arrow::compute::cast(
            &array.slice(row, 1),
            &crate::warehouse::arrow::datatypes::DataType::Utf8,
        );
        let text = text.ok()?.as_string_opt::<i32>().map(|text| cell(text, 0))?;
        Some(format!("{name}={text}"))
    };
    expression.columns().iter().filter_map(shown).collect::<Vec<_>>().join(", ")
}

/// Rows of a batch in the order given.
pub(crate) fn pick(batch: &RecordBatch, rows: Vec<u64>) -> Result<RecordBatch, Error> {
    let rows = UInt64Array::from(rows);
    crate::warehouse::arrow::compute::take_record_batch(batch, &rows).map_err(|err| failed(&err))
}
