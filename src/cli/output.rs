//! Printing data: aligned text for people, JSON lines for programs.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::Error;
use crate::table::{Column, Table};

/// Prints a table on stdout.
pub(super) fn print(table: &Table, json: bool) -> Result<(), Error> {
    let text = if json { json_lines(table) } else { aligned(table) };
    print_text(&text)
}

/// An empty line between two tables for people; programs get their JSON lines without gaps.
pub(super) fn gap(json: bool) -> Result<(), Error> {
    if json { Ok(()) } else { print_text("\n") }
}

/// Talk on stderr. Where nobody listens any more nothing is said, and the work goes on.
pub(super) fn talk(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints text on stdout; a closed pipe is success.
pub(super) fn print_text(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|source| {
        if source.kind() == io::ErrorKind::BrokenPipe {
            Error::ClosedPipe
        } else {
            Error::Stdout { source }
        }
    })
}

fn json_lines(table: &Table) -> String {
    (0..table.rows())
        .map(|row| {
            let cells = table.columns.iter().map(|(name, column)| {
                let value = match column {
                    Column::Whole(values) => values[row].map_or(Value::Null, Value::from),
                    Column::Float(values) => values[row].map_or(Value::Null, Value::from),
                    // Decimals stay text: a JSON number would become a float.
                    _ => column.show(row).map_or(Value::Null, Value::from),
                };
                (name.clone(), value)
            });
            format!("{}\n", Value::Object(cells.collect::<Map<_, _>>()))
        })
        .collect()
}

fn aligned(table: &Table) -> String {
    let cells: Vec<Vec<String>> = table
        .columns
        .iter()
        .map(|(name, column)| {
            let shown =
                (0..table.rows()).map(|row| column.show(row).unwrap_or_else(|| "–".to_owned()));
            std::iter::once(name.clone()).chain(shown).collect()
        })
        .collect();
    let widths: Vec<usize> = cells
        .iter()
        .map(|column| column.iter().map(|cell| width(cell)).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in 0..=table.rows() {
        let mut line = String::new();
        for ((column, width_of), (_, kind)) in cells.iter().zip(&widths).zip(&table.columns) {
            let cell = column[row].replace('\n', "; ");
            let pad = " ".repeat(width_of.saturating_sub(width(&cell)));
            if matches!(kind, Column::Text(_)) {
                line.push_str(&format!("{cell}{pad}  "));
            } else {
                line.push_str(&format!("{pad}{cell}  "));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Columns a text takes in a terminal: Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| if u32::from(c) >= 0x1100 && !matches!(c, '–' | '—') { 2 } else { 1 })
        .sum()
}
