//! Further tables of a catalog: `NAME.csv` for the cells, section `[table.NAME]` of `catalog.toml`
//! for the types, so that a code stays text and an amount keeps its places when it is read again.
//!
//! An empty text cannot be told from a missing one in a CSV file: it is read as missing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::life::{HISTORY, OVERRIDES};
use super::sheet::{Reader, Sheet};
use super::sheets;
use crate::table::{Column, Table, fixed_text};
use crate::texts::Texts;

/// Decimal places a column of a table can have.
const PLACES_MAX: u32 = 38;

/// Types of the columns of one table, in their order: `text`, `whole`, `decimal(N)`, `float`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    pub(super) columns: Vec<String>,
    pub(super) types: Vec<String>,
}

/// The file of a table.
pub(super) fn file_of(name: &str) -> String {
    format!("{name}.csv")
}

/// Whether a name may be that of a further table: small letters, digits and `_`, and none of the
/// catalog's own files.
fn good_name(name: &str) -> bool {
    let own = [
        sheets::GROUPS,
        sheets::INSTITUTIONS,
        sheets::FLOW,
        sheets::TRIMMED,
        sheets::IDENTITY,
        HISTORY,
        OVERRIDES,
    ];
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(plain)
        && !own.contains(&file_of(name).as_str())
}

fn type_of(column: &Column) -> String {
    match column {
        Column::Text(_) => "text".to_owned(),
        Column::Whole(_) => "whole".to_owned(),
        Column::Decimal { places, .. } => format!("decimal({places})"),
        Column::Float(_) => "float".to_owned(),
    }
}

/// A column of a type without entries.
fn empty_column(word: &str) -> Option<Column> {
    Some(match word {
        "text" => Column::Text(Texts::default()),
        "whole" => Column::Whole(Vec::new()),
        "float" => Column::Float(Vec::new()),
        _ => {
            let places = word.strip_prefix("decimal(")?.strip_suffix(')')?.parse().ok()?;
            (places <= PLACES_MAX).then_some(Column::Decimal { places, values: Vec::new() })?
        }
    })
}

/// Refuses a name that is taken or not plain, and columns that cannot be told apart.
pub(super) fn check(tables: &[Table]) -> Result<(), Error> {
    let mut names = BTreeSet::new();
    for table in tables {
        if !good_name(&table.name) || !names.insert(&table.name) {
            return Err(Error::TableName { name: table.name.clone() });
        }
        let mut columns = BTreeSet::new();
        let bad = table.columns.iter().find(|(column, _)| {
            column.is_empty() || column.chars().any(char::is_control) || !columns.insert(column)
        });
        if bad.is_some() || table.columns.is_empty() {
            let column = bad.map(|(column, _)| column.clone()).unwrap_or_default();
            return Err(Error::TableColumn { table: table.name.clone(), column });
        }
    }
    Ok(())
}

/// Types and bytes of a table.
pub(super) fn write(table: &Table) -> Result<(Shape, Vec<u8>), Error> {
    let file = file_of(&table.name);
    let mut rows = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let mut cells = Vec::with_capacity(table.columns.len());
        for (name, column) in &table.columns {
            let cell = column.show(row).unwrap_or_default();
            if let Column::Float(values) = column
                && values[row].is_some_and(|value| !value.is_finite())
            {
                return Err(Error::Cell {
                    file,
                    line: row as u64 + 2,
                    column: name.clone(),
                    value: cell,
                    allowed: "a number".to_owned(),
                });
            }
            cells.push(cell);
        }
        rows.push(cells);
    }
    let shape = Shape {
        columns: table.columns.iter().map(|(name, _)| name.clone()).collect(),
        types: table.columns.iter().map(|(_, column)| type_of(column)).collect(),
    };
    let sheet = Sheet { header: shape.columns.clone(), rows };
    Ok((shape, sheet.to_bytes(&file)?))
}

/// The table a file spells.
pub(super) fn read(name: &str, shape: &Shape, bytes: &[u8]) -> Result<Table, Error> {
    let file = file_of(name);
    let mut columns = Vec::with_capacity(shape.types.len());
    for (column, word) in shape.columns.iter().zip(&shape.types) {
        let column = column.clone();
        let wrong = || Error::TableType {
            table: name.to_owned(),
            column: column.clone(),
            found: word.clone(),
        };
        columns.push((column.clone(), empty_column(word).ok_or_else(wrong)?));
    }
    if shape.columns.len() != shape.types.len() {
        let column = shape.columns.get(shape.types.len()).cloned().unwrap_or_default();
        return Err(Error::TableType { table: name.to_owned(), column, found: String::new() });
    }
    let mut reader = Reader::open(&file, bytes, &shape.columns)?;
    while let Some(mut row) = reader.next()? {
        for (_, column) in &mut columns {
            match column {
                Column::Text(values) => {
                    let text = row.text();
                    values.push_entry((!text.is_empty()).then_some(text.as_str()));
                }
                Column::Whole(values) => values.push(row.maybe(|row| row.whole())?),
                Column::Float(values) => values.push(row.maybe(|row| row.whole())?),
                Column::Decimal { places, values } => {
                    let places = *places;
                    values.push(row.maybe(|row| row.fixed(places))?);
                }
            }
        }
    }
    let table = Table { name: name.to_owned(), columns };
    check(std::slice::from_ref(&table))?;
    Ok(table)
}

/// Units of the last place of a decimal that is written with exactly `places` decimals.
pub(super) fn units(text: &str, places: u32) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = if places == 0 { (digits, "") } else { digits.split_once('.')? };
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = !whole.is_empty()
        && rest.len() == usize::try_from(places).ok()?
        && numeric(whole)
        && numeric(rest);
    if !fits {
        return None;
    }
    let value: i128 =
        format!("{}{whole}{rest}", if digits == text { "" } else { "-" }).parse().ok()?;
    (fixed_text(value, places) == text).then_some(value)
}

/// What became of a further table from one catalog to another.
#[must_use]
pub fn tables_diff(before: &[Table], after: &[Table]) -> Table {
    let find =
        |tables: &[Table], name: &str| tables.iter().find(|table| table.name == name).cloned();
    let names: BTreeSet<&str> =
        before.iter().chain(after).map(|table| table.name.as_str()).collect();
    let pairs: Vec<_> = names.iter().map(|name| (find(before, name), find(after, name))).collect();
    type Pair = (Option<Table>, Option<Table>);
    let word = |pair: &Pair| match pair {
        (None, _) => "added",
        (_, None) => "dropped",
        (one, two) if one == two => "same",
        _ => "differs",
    };
    let rows = |of: fn(&Pair) -> &Option<Table>| {
        let count = |table: &Table| i64::try_from(table.rows()).unwrap_or(i64::MAX);
        Column::Whole(pairs.iter().map(|pair| of(pair).as_ref().map(count)).collect())
    };
    Table::new("tables")
        .with("table", Column::text(names.iter().copied()))
        .with("change", Column::text(pairs.iter().map(word)))
        .with("rows_before", rows(|pair| &pair.0))
        .with("rows_after", rows(|pair| &pair.1))
}
