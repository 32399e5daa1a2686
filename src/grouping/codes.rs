//! Local codes: the table that says what they stand for, and how far it reaches (J11, E04).
//!
//! Where the table has codes of a kind, the models see national ones: `national(…)` in the staging of
//! settlements and fee lines, the models `diagnosis` and `procedure` in place of the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::buckets::{Bucket, Needs};
use crate::grouper::codes::{CodeMap, Entry};
use crate::period::Years;
use crate::table::{Column, Table};
use crate::warehouse::arrow::array::{Array as _, ArrayRef, BooleanArray, StringViewArray};
use crate::warehouse::engine::{Engine, Params, Session};
use crate::warehouse::rows::{text_column, whole_column};
use crate::warehouse::snapshot::Snapshot;
use crate::warehouse::{Error, dimension};

/// The rows of table `code_map`; empty where it was not loaded.
///
/// # Errors
/// A row that says nothing, two that contradict each other, or the engine's.
pub(super) fn read(engine: &Engine, snapshot: &Snapshot) -> Result<Arc<CodeMap>, Error> {
    if snapshot.table("code_map").is_none_or(|table| table.rows == 0) {
        return Ok(Arc::default());
    }
    Ok(Arc::new(entries(&dimension::read(engine, snapshot, "stg_code_map", &Params::default())?)?))
}

/// The map of rows in the shape of `stg_code_map`.
pub(super) fn entries(table: &Table) -> Result<CodeMap, Error> {
    let entries = (0..table.rows()).map(|row| {
        let text = |name| table.cell(name, row);
        let day = |name| text(name).and_then(|day| day.parse::<NaiveDate>().ok());
        Entry {
            kind: text("kind").unwrap_or_default(),
            local_code: text("local_code").unwrap_or_default(),
            code: text("code").unwrap_or_default(),
            from: day("valid_from"),
            to: day("valid_to"),
        }
    });
    Ok(CodeMap::new(entries.collect())?)
}

/// What codes come to: found in one bucket, then summed over all.
#[derive(Debug, Default)]
struct Coverage {
    /// Column, code, institution → how it is written.
    uses: BTreeMap<(String, String, String), Use>,
    /// Column, institution, status → settlements and fen.
    cases: BTreeMap<(String, String, String), (i64, i64)>,
}

/// One code in one institution, by status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Use {
    statuses: BTreeMap<String, i64>,
    other_system: Option<String>,
    example: String,
    fee_fen: i64,
}

/// A code that has no national one, or is of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OddCode {
    pub(super) check_id: &'static str,
    pub(super) example: String,
    pub(super) institution: String,
    pub(super) column: String,
    pub(super) code: String,
    pub(super) fee_fen: i64,
}

/// How far the national codes reach.
#[derive(Debug)]
pub(super) struct Reached {
    /// `code_coverage`: a row a column and status.
    pub(super) coverage: Table,
    /// `code_institution`: institutions with unmapped codes, most money first.
    pub(super) institutions: Table,
    /// What to look at.
    pub(super) odd: Vec<OddCode>,
    /// Codes looked at, each once an institution.
    pub(super) codes: i64,
}

/// Looks at every code of some years; those of fee lines only where items are mapped.
///
/// # Errors
/// As [`read`], or if a model fails.
pub(super) fn reach(engine: &Engine, snapshot: &Snapshot, years: &Years) -> Result<Reached, Error> {
    let codes = read(engine, snapshot)?;
    let items = codes.maps("med_list_codg");
    let needs = Needs { fee_item: items, diagnosis: true, procedure: true, ..Needs::default() };
    let buckets = (0..snapshot.buckets())
        .map(|number| Bucket::new(snapshot, years, number, needs).with_codes(Arc::clone(&codes)))
        .collect();
    let parts = engine.each(buckets, |bucket: Bucket| {
        let (session, codes) = (engine.session(), Arc::clone(&codes));
        async move {
            bucket.register_as_exported(&session)?;
            register(&session, &codes)?;
            look(&session, items).await
        }
    })?;
    let mut all = Coverage::default();
    parts.into_iter().for_each(|part| all.absorb(part));
    Ok(all.reached(&codes))
}

/// The relations `code_system` (column, system, is_national, pattern) and `code_target` (column, code).
///
/// # Errors
/// If the engine refuses them.
pub(super) fn register(session: &Session, codes: &CodeMap) -> Result<(), Error> {
    const SYSTEMS: &str = include_str!("../../sql/checks/code_system.csv");
    let text = |values: Vec<String>| -> ArrayRef {
        Arc::new(values.into_iter().map(Some).collect::<StringViewArray>())
    };
    let mut reader = csv::Reader::from_reader(SYSTEMS.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().flatten().collect();
    let cells = |at: usize| text(rows.iter().map(|row| row[at].to_owned()).collect());
    let national = rows.iter().map(|row| Some(&row[2] == "true")).collect::<BooleanArray>();
    session.register_columns(
        "code_system",
        vec![
            ("column_name", cells(0)),
            ("system", cells(1)),
            ("is_national", Arc::new(national)),
            ("pattern", cells(3)),
        ],
    )?;
    let targets: BTreeSet<(&str, &str)> = codes.targets().collect();
    let column = |of: fn(&(&str, &str)) -> String| text(targets.iter().map(of).collect());
    session.register_columns(
        "code_target",
        vec![
            ("column_name", column(|row| row.0.to_owned())),
            ("code", column(|row| row.1.to_owned())),
        ],
    )
}

async fn look(session: &Session, items: bool) -> Result<Coverage, Error> {
    let params = Params::default().bool("items", items);
    session.define("chk_code_row", &params).await?;
    session.materialize("chk_code_status", &params).await?;
    let mut found = Coverage::default();
    session
        .stream::<Error>("chk_code", &params, |batch| {
            let text = |name| text_column(batch, name);
            let (columns, codes, houses) =
                (text("column_name")?, text("code")?, text("fixmedins_code")?);
            let (statuses, systems, examples) =
                (text("status")?, text("other_system")?, text("setl_id")?);
            let (rows, fees) = (whole_column(batch, "rows")?, whole_column(batch, "fee_fen")?);
            for row in 0..batch.num_rows() {
                let cell = |column: &StringViewArray| column.value(row).to_owned();
                let seen = Use {
                    statuses: [(cell(&statuses), rows.value(row))].into(),
                    other_system: systems.is_valid(row).then(|| cell(&systems)),
                    example: cell(&examples),
                    fee_fen: fees.value(row),
                };
                let key = (cell(&columns), cell(&codes), cell(&houses));
                found.uses.entry(key).or_default().absorb(seen);
            }
            Ok(())
        })
        .await?;
    session
        .stream::<Error>("chk_code_case", &params, |batch| {
            let text = |name| text_column(batch, name);
            let (columns, houses, statuses) =
                (text("column_name")?, text("fixmedins_code")?, text("status")?);
            let (cases, fees) = (whole_column(batch, "cases")?, whole_column(batch, "fee_fen")?);
            for row in 0..batch.num_rows() {
                let cell = |column: &StringViewArray| column.value(row).to_owned();
                let sum = found
                    .cases
                    .entry((cell(&columns), cell(&houses), cell(&statuses)))
                    .or_default();
                sum.0 += cases.value(row);
                sum.1 += fees.value(row);
            }
            Ok(())
        })
        .await?;
    Ok(found)
}

impl Use {
    fn absorb(&mut self, other: Self) {
        for (status, rows) in other.statuses {
            *self.statuses.entry(status).or_default() += rows;
        }
        if self.example.is_empty() || other.example < self.example {
            self.example = other.example;
        }
        self.other_system = self.other_system.take().or(other.other_system);
        self.fee_fen += other.fee_fen;
    }

    fn rows(&self, status: &str) -> i64 {
        self.statuses.get(status).copied().unwrap_or_default()
    }
}

const STATUSES: [&str; 3] = ["mapped", "national", "unmapped"];

impl Coverage {
    fn absorb(&mut self, other: Self) {
        for (key, seen) in other.uses {
            self.uses.entry(key).or_default().absorb(seen);
        }
        for (key, (cases, fee_fen)) in other.cases {
            let sum = self.cases.entry(key).or_default();
            sum.0 += cases;
            sum.1 += fee_fen;
        }
    }

    fn reached(&self, codes: &CodeMap) -> Reached {
        Reached {
            coverage: self.coverage(),
            institutions: self.institutions(),
            odd: self.odd(codes),
            codes: i64::try_from(self.uses.len()).unwrap_or(i64::MAX),
        }
    }

    /// Unmapped codes where the map has codes of their column; else only those of a known other system.
    fn odd(&self, codes: &CodeMap) -> Vec<OddCode> {
        let unmapped = self.uses.iter().filter(|(_, seen)| seen.rows("unmapped") > 0);
        unmapped
            .filter_map(|((column, code, institution), seen)| {
                let check_id = match &seen.other_system {
                    Some(_) => "code_foreign",
                    None if codes.maps(column) => "code_unmapped",
                    None => return None,
                };
                Some(OddCode {
                    check_id,
                    example: seen.example.clone(),
                    institution: institution.clone(),
                    column: column.clone(),
                    code: code.clone(),
                    fee_fen: seen.fee_fen,
                })
            })
            .collect()
    }

    fn coverage(&self) -> Table {
        let columns: BTreeSet<&str> = self.uses.keys().map(|key| key.0.as_str()).collect();
        let mut rows = Vec::new();
        for column in columns {
            let uses = || self.uses.iter().filter(|(key, _)| key.0 == column);
            let all: i64 = uses().flat_map(|(_, seen)| seen.statuses.values()).sum();
            for status in STATUSES {
                let written = uses().filter(|(_, seen)| seen.rows(status) > 0);
                let codes: BTreeSet<&str> = written.map(|(key, _)| key.1.as_str()).collect();
                let count: i64 = uses().map(|(_, seen)| seen.rows(status)).sum();
                let cases = self.cases.iter().filter(|(key, _)| key.0 == column && key.2 == status);
                let (cases, fen) =
                    cases.fold((0, 0), |sum, (_, part)| (sum.0 + part.0, sum.1 + part.1));
                rows.push((column, status, codes.len(), count, all, cases, fen));
            }
        }
        Table::new("code_coverage")
            .with("column", Column::text(rows.iter().map(|row| row.0)))
            .with("status", Column::text(rows.iter().map(|row| row.1)))
            .with("codes", Column::counts(rows.iter().map(|row| row.2)))
            .with("rows", Column::whole(rows.iter().map(|row| row.3)))
            .with("percent", percent(rows.iter().map(|row| (row.3, row.4))))
            .with("cases", Column::whole(rows.iter().map(|row| row.5)))
            .with("cost_yuan", Column::yuan(rows.iter().map(|row| row.6)))
    }

    fn institutions(&self) -> Table {
        let mut written: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
        for ((column, _, institution), seen) in &self.uses {
            let sum = written.entry((column, institution)).or_default();
            sum.0 += seen.rows("unmapped");
            sum.1 += seen.statuses.values().sum::<i64>();
        }
        let mut rows: Vec<_> = written
            .into_iter()
            .filter(|(_, (unmapped, _))| *unmapped > 0)
            .map(|((column, institution), (unmapped, all))| {
                let key = (column.to_owned(), institution.to_owned(), "unmapped".to_owned());
                let (cases, fen) = self.cases.get(&key).copied().unwrap_or_default();
                (column, institution, unmapped, all, cases, fen)
            })
            .collect();
        rows.sort_by_key(|row| (row.0, std::cmp::Reverse(row.5), row.1));
        Table::new("code_institution")
            .with("column", Column::text(rows.iter().map(|row| row.0)))
            .with("fixmedins_code", Column::text(rows.iter().map(|row| row.1)))
            .with("unmapped_rows", Column::whole(rows.iter().map(|row| row.2)))
            .with("percent", percent(rows.iter().map(|row| (row.2, row.3))))
            .with("unmapped_cases", Column::whole(rows.iter().map(|row| row.4)))
            .with("unmapped_cost_yuan", Column::yuan(rows.iter().map(|row| row.5)))
    }
}

fn percent(parts: impl Iterator<Item = (i64, i64)>) -> Column {
    let values = parts.map(|(part, all)| {
        let percent = crate::units::fraction(part * 100, all)?;
        crate::units::to_decimal(&percent, 4).map(|percent| percent.mantissa())
    });
    Column::Decimal { places: 4, values: values.collect() }
}
