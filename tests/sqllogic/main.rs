//! One `.slt` file a SQL model: given rows, run the model, expect rows.
//!
//! Statements of our own besides SQL:
//! - `load TABLE [as NAME] (column, …) values (…), …` fills a relation in the shape of the contract;
//!   columns not named are null;
//! - `load TABLE [as NAME] empty` is the same relation without rows;
//! - `run model NAME [with a = 1, b = 'x', c = true, d = 2022-12-01, e = null]` runs a model and keeps
//!   its rows in place of those of an earlier run.
//! - `map codes` makes the models translate by the rows of `stg_code_map`.
//! - `find repeated ids` makes `repeated_id` of the rows of `int_cases__settlement_id`.
//! - `roll up MODEL` makes `repeated_fee_line` of the rows of a model.
//!
//! Each `connection` of a file is a bucket of its own, which other buckets have told nothing yet.
//!
//! Column letters: `T` text, `I` whole number, `D` decimal, `B` truth value, `P` time, `F` float. They
//! are held strictly: the readers of the models take whole numbers only in 64 bits and times only in
//! microseconds; any other type has the letter `?`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skipped"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use dianshu::grouping::testing::{
    find_repeated_ids, map_codes, register_dictionary, roll_fee_lines,
};
use dianshu::table::{Column, Table};

use dianshu::warehouse::contract::{self, Place, Type};
use dianshu::warehouse::engine::{Engine, Limits, Params, Session};
use dianshu::warehouse::relation;
use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::{ColumnType, DB, DBOutput, Runner, strict_column_validator};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Letter(char);

impl ColumnType for Letter {
    fn from_char(value: char) -> Option<Self> {
        "TIDBPF?".contains(value).then_some(Self(value))
    }
    fn to_char(&self) -> char {
        self.0
    }
}

#[derive(Debug)]
struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Failure {}
impl<E: dianshu::explain::Explain> From<E> for Failure {
    fn from(err: E) -> Self {
        Self(err.to_string())
    }
}

struct Database {
    engine: Arc<Engine>,
    session: Session,
}

impl DB for Database {
    type Error = Failure;
    type ColumnType = Letter;

    fn run(&mut self, sql: &str) -> Result<DBOutput<Letter>, Failure> {
        let text = sql.trim().trim_end_matches(';');
        if let Some(rest) = text.strip_prefix("run model ") {
            return self.model(rest);
        }
        if let Some(model) = text.strip_prefix("roll up ") {
            self.engine.wait(self.session.statement("drop table if exists repeated_fee_line"))?;
            self.engine.wait(roll_fee_lines(&self.session, model.trim()))?;
            return Ok(DBOutput::StatementComplete(0));
        }
        if text == "find repeated ids" {
            self.engine.wait(self.session.statement("drop table if exists repeated_id"))?;
            self.engine.wait(find_repeated_ids(&self.session))?;
            return Ok(DBOutput::StatementComplete(0));
        }
        if text == "map codes" {
            self.engine.wait(map_codes(&self.session))?;
            return Ok(DBOutput::StatementComplete(0));
        }
        let statement = match text.strip_prefix("load ") {
            Some(rest) => load(rest)?,
            None => text.to_owned(),
        };
        let (schema, batches) = self.engine.wait(self.session.statement(&statement))?;
        if !["select", "with"].iter().any(|word| text.starts_with(word)) {
            return Ok(DBOutput::StatementComplete(0));
        }
        let table = relation::from_batches("result", &schema, &batches)
            .map_err(|err| Failure(err.to_string()))?;
        let types = schema.fields().iter().map(|field| letter(field.data_type()));
        Ok(DBOutput::Rows { types: types.collect(), rows: rows(&table) })
    }
}

impl Database {
    fn model(&mut self, rest: &str) -> Result<DBOutput<Letter>, Failure> {
        let (name, list) = rest.split_once(" with ").unwrap_or((rest, ""));
        let mut params = Params::default();
        for pair in list.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| Failure(format!("`{pair}` is no a = b")))?;
            params = bind(params, key.trim(), value.trim())?;
        }
        let name = name.trim();
        self.engine.wait(self.session.statement(&format!("drop table if exists {name}")))?;
        self.engine.wait(self.session.materialize(name, &params))?;
        Ok(DBOutput::StatementComplete(0))
    }
}

fn bind(params: Params, key: &str, value: &str) -> Result<Params, Failure> {
    Ok(match value {
        "true" | "false" => params.bool(key, value == "true"),
        "null" => params.time(key, None),
        text if text.starts_with('\'') => params.text(key, text.trim_matches('\'')),
        text => match text.parse::<NaiveDate>() {
            Ok(day) => {
                let midnight = day.and_time(NaiveTime::MIN).and_utc();
                params.time(key, Some(midnight.timestamp_micros()))
            }
            Err(_) => {
                let number = text.parse();
                params.whole(key, number.map_err(|_| Failure(format!("cannot read `{text}`")))?)
            }
        },
    })
}

/// `TABLE [as NAME] (columns) values …` or `TABLE [as NAME] empty` as a `create table` in the shape of
/// the contract.
fn load(rest: &str) -> Result<String, Failure> {
    let wrong = || Failure(format!("cannot read `load {rest}`"));
    let (head, given, source) = match rest.strip_suffix(" empty") {
        Some(head) => (head, Vec::new(), "select 1 where false".to_owned()),
        None => {
            let (head, tail) = rest.split_once('(').ok_or_else(wrong)?;
            let (columns, values) = tail.split_once(')').ok_or_else(wrong)?;
            (head, columns.split(',').map(str::trim).collect(), values.trim().to_owned())
        }
    };
    let (table, name) = head.trim().split_once(" as ").unwrap_or((head.trim(), head.trim()));
    let contract = contract::table(table.trim()).ok_or_else(wrong)?;
    let mut known: Vec<(&str, Type)> =
        contract.columns.iter().map(|column| (column.name, column.kind)).collect();
    if contract.place != Place::Dimension {
        known.push((relation::ROW_DIGEST, Type::Whole));
    }
    if let Some(unknown) = given.iter().find(|name| !known.iter().any(|(k, _)| k == *name)) {
        return Err(Failure(format!("table `{table}` has no column `{unknown}`")));
    }
    let selected: Vec<String> = known
        .iter()
        .map(|(column, kind)| {
            let at = given.iter().position(|name| name == column);
            let value = at.map_or("null".to_owned(), |at| format!("column{}", at + 1));
            let typed = match kind {
                Type::Text | Type::Person => format!("arrow_cast({value}, 'Utf8View')"),
                Type::Yuan => format!("cast({value} as decimal(18, 2))"),
                Type::Number => format!("cast({value} as decimal(18, 6))"),
                Type::Whole => format!("cast({value} as bigint)"),
                Type::Time => format!("arrow_cast({value}, 'Timestamp(Microsecond, None)')"),
            };
            format!("{typed} as {column}")
        })
        .collect();
    let columns = selected.join(", ");
    Ok(format!("create or replace table {name} as select {columns} from ({source})"))
}

fn letter(kind: &DataType) -> Letter {
    Letter(match kind {
        DataType::Utf8View | DataType::Utf8 => 'T',
        DataType::Int64 => 'I',
        DataType::Decimal128(_, _) => 'D',
        DataType::Timestamp(TimeUnit::Microsecond, None) => 'P',
        DataType::Boolean => 'B',
        DataType::Float64 => 'F',
        _ => '?',
    })
}

fn rows(table: &Table) -> Vec<Vec<String>> {
    let cell = |column: &Column, row: usize| match column.show(row) {
        None => "NULL".to_owned(),
        Some(text) if text.is_empty() => "(empty)".to_owned(),
        Some(text) => text,
    };
    (0..table.rows())
        .map(|row| table.columns.iter().map(|(_, column)| cell(column, row)).collect())
        .collect()
}

/// What a bucket knows of others before it is told anything.
const NOTHING_ELSEWHERE: [&str; 3] = [
    "create table rejected_elsewhere as select setl_id from settlement",
    "create table matched_elsewhere as select setl_id, setl_time as original_case_time
        from settlement",
    "create table foreign_reversal as select setl_id, init_setl_id, fixmedins_code, setl_time,
        1 as fee_fen, 1 as inscope_fen, 1 as fund_fen, 1 as own_fen from settlement",
];

fn database(engine: &Arc<Engine>) -> Result<Database, Failure> {
    let session = engine.session();
    register_dictionary(&session)?;
    let shape = load("settlement empty")?;
    for statement in
        [shape.as_str()].iter().chain(&NOTHING_ELSEWHERE).chain(&["drop table settlement"])
    {
        engine.wait(session.statement(statement))?;
    }
    Ok(Database { engine: Arc::clone(engine), session })
}

fn test(path: &Path) -> Result<(), Failed> {
    let limits = Limits { threads: 1, memory_bytes: 256 << 20 };
    let engine = Arc::new(Engine::start(limits).map_err(|err| err.to_string())?);
    let mut runner = Runner::new(|| {
        let database = database(&engine);
        async move { database }
    });
    runner.with_column_validator(strict_column_validator);
    runner.run_file(path).map_err(|err| Failed::from(err.to_string()))
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "slt") {
            into.push(path);
        }
    }
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sqllogic");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths.sort();
    let trials = paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
            Trial::test(name, move || test(&path))
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
