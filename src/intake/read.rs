//! Sources as batches of rows, each row with its line.

use std::fs::File;
use std::sync::Arc;

use csv::ByteRecord;

use super::error::Error;
use super::plan::Plan;
use super::source::{Format, is_end};
use crate::warehouse::arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use crate::warehouse::parquet;
use crate::warehouse::store::Leaf;

/// Rows of a batch.
const BATCH_ROWS: usize = 16 * 1024;

/// Some rows of a source.
pub(crate) struct Chunk {
    /// Which plan they belong to.
    pub(crate) plan: usize,
    /// The columns of the plan.
    pub(crate) batch: RecordBatch,
    /// Line of each row (1 = header); row number for Parquet.
    pub(crate) lines: Vec<u64>,
    /// Records left out because they have more or fewer fields than the header: line and fields.
    pub(crate) uneven: Vec<(u64, usize)>,
}

/// Reads a source to its end; `send` says whether to go on, `advance` learns of bytes done.
pub(crate) fn read(
    number: usize,
    plan: &Plan,
    send: &mut dyn FnMut(Chunk) -> bool,
    advance: &dyn Fn(u64),
) -> Result<(), Error> {
    match plan.source.format {
        Format::Parquet => read_parquet(number, plan, send, advance),
        Format::Csv | Format::CsvGz => read_text(number, plan, send, advance),
    }
}

fn read_parquet(
    number: usize,
    plan: &Plan,
    send: &mut dyn FnMut(Chunk) -> bool,
    advance: &dyn Fn(u64),
) -> Result<(), Error> {
    let source = &plan.source;
    let damaged = |leaf| Error::Parquet { path: source.path.clone(), source: leaf };
    let file = File::open(&source.path).map_err(|err| source.read_error(err))?;
    let opened = parquet::Source::open(file).map_err(damaged)?;
    let rows = opened.rows();
    let (mut row, mut done) = (0u64, 0u64);
    for batch in opened.batches(&plan.read, BATCH_ROWS).map_err(damaged)? {
        let batch = batch
            .and_then(|batch| {
                RecordBatch::try_new(Arc::clone(&plan.schema), batch.columns().to_vec())
            })
            .map_err(|err| damaged(Leaf(err.to_string())))?;
        let next = row + batch.num_rows() as u64;
        let lines = (row + 1..=next).collect();
        row = next;
        let now = source.bytes * row / rows.max(1);
        advance(now - done);
        done = now;
        if !send(Chunk { plan: number, batch, lines, uneven: Vec::new() }) {
            break;
        }
    }
    Ok(())
}

/// Columns of text under construction.
struct Columns<'a> {
    plan: &'a Plan,
    builders: Vec<StringBuilder>,
    lines: Vec<u64>,
    uneven: Vec<(u64, usize)>,
}

impl<'a> Columns<'a> {
    fn new(plan: &'a Plan) -> Self {
        let builders = plan.read.iter().map(|_| StringBuilder::new()).collect();
        Self { plan, builders, lines: Vec::new(), uneven: Vec::new() }
    }

    fn push(&mut self, record: &ByteRecord) {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != self.plan.source.fields {
            self.uneven.push((line, record.len()));
            return;
        }
        self.lines.push(line);
        for (builder, column) in self.builders.iter_mut().zip(&self.plan.read) {
            let field = record.get(self.plan.source.positions[*column]).unwrap_or_default();
            // Valid UTF-8 by the check of the whole file.
            let text = String::from_utf8_lossy(field);
            let text = text.trim();
            if text.is_empty() || self.plan.null.iter().any(|word| word == text) {
                builder.append_null();
            } else {
                builder.append_value(text);
            }
        }
    }

    fn full(&self) -> bool {
        self.lines.len() + self.uneven.len() >= BATCH_ROWS
    }

    fn finish(&mut self, number: usize) -> Result<Chunk, Error> {
        let columns: Vec<ArrayRef> = self
            .builders
            .iter_mut()
            .map(|builder| Arc::new(builder.finish()) as ArrayRef)
            .collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.plan.schema), columns)
            .map_err(|err| crate::warehouse::store::Error::arrow("collecting rows", &err))?;
        let lines = std::mem::take(&mut self.lines);
        let uneven = std::mem::take(&mut self.uneven);
        Ok(Chunk { plan: number, batch, lines, uneven })
    }
}

fn read_text(
    number: usize,
    plan: &Plan,
    send: &mut dyn FnMut(Chunk) -> bool,
    advance: &dyn Fn(u64),
) -> Result<(), Error> {
    let source = &plan.source;
    let mut reader = source.csv_reader()?;
    reader.byte_headers().map_err(|err| source.csv_error(err))?;
    let mut record = ByteRecord::new();
    let mut columns = Columns::new(plan);
    let mut done = 0u64;
    let mut line = 0;
    loop {
        if !reader.read_byte_record(&mut record).map_err(|err| source.csv_error(err))? {
            return Err(Error::OpenQuote { path: source.path.clone(), line });
        }
        let more = !is_end(&record);
        if more {
            line = record.position().map_or(0, csv::Position::line);
            columns.push(&record);
        }
        if columns.full() || !more {
            // Decoded bytes may be more than the file's: the rest is settled at its end.
            let now = if more { reader.position().byte().min(source.bytes) } else { source.bytes };
            advance(now.saturating_sub(done));
            done = now.max(done);
            if !send(columns.finish(number)?) || !more {
                return Ok(());
            }
        }
    }
}
