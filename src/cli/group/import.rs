//! `dianshu group import`: official DRG tables into the definition tables of a policy.

use std::path::{Path, PathBuf};

use super::{Error, Outcome, only_these, output};
use crate::catalog::parameters::Cell;
use crate::cli::workbook;
use crate::grouper::drg::import::{Imported, Sheet, import, is_read};
use crate::policy::drg::{TABLES, parse};
use crate::table::{Column, Table};

/// Arguments of `dianshu group import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CSV files, one table each, or workbooks (XLSX), one table a sheet, as published: one code a row
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What a column is called: `THEIRS=OURS`, for example `编码=diagnosis`; again for each
    #[arg(long = "column", value_name = "THEIRS=OURS", value_parser = pair)]
    columns: Vec<(String, String)>,
    /// Folder for the definition tables
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (theirs, ours) = text.split_once('=').ok_or("write THEIRS=OURS")?;
    Ok((theirs.trim().to_owned(), ours.trim().to_owned()))
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let mut sheets = Vec::new();
    for file in &args.files {
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx")) {
            sheets.extend(workbook_sheets(file, &args.columns)?);
        } else {
            sheets.push(sheet(file)?);
        }
    }
    let Imported { tables, counts, findings } = import(&sheets, &args.columns)?;
    // What a policy would refuse is not written.
    parse(&tables)?;
    let names: Vec<String> = TABLES.iter().map(|name| format!("drg-{name}")).collect();
    only_these(&args.out, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
    for (name, bytes) in &tables.files {
        let folder = |source| Error::Folder { path: args.out.clone(), source };
        std::fs::write(args.out.join(name), bytes).map_err(folder)?;
    }
    let summary = Table::new("import")
        .with("what", Column::text(counts.iter().map(|(what, _)| *what)))
        .with("count", Column::counts(counts.iter().map(|(_, count)| *count)));
    output::print(&summary, args.json)?;
    output::gap(args.json)?;
    let findings_table = Table::new("finding")
        .with("severity", Column::text(findings.iter().map(|found| found.severity.as_str())))
        .with("file", Column::text(findings.iter().map(|found| found.file.clone())))
        .with("line", Column::counts(findings.iter().map(|found| found.line)))
        .with("value", Column::text(findings.iter().map(|found| found.value.clone())))
        .with("message", Column::text(findings.iter().map(|found| found.message.clone())));
    output::print(&findings_table, args.json)?;
    let errors = findings.iter().any(|found| found.severity == crate::finding::Severity::Error);
    Ok(if errors { Outcome::No } else { Outcome::Done })
}

/// A CSV file, UTF-8 or GB18030.
fn sheet(path: &Path) -> Result<Sheet, Error> {
    let read =
        |source: std::io::Error| Error::GroupFile { path: path.to_owned(), source: source.into() };
    let bytes = std::fs::read(path).map_err(read)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(wrong) => encoding_rs::GB18030.decode(wrong.as_bytes()).0.into_owned(),
    };
    let text = text.trim_start_matches('\u{feff}');
    let failed = |source| Error::GroupFile { path: path.to_owned(), source };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(failed)?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    Ok(Sheet { name: file_name(path), columns, rows })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The sheets of a workbook that hold something; the first filled row names the columns.
fn workbook_sheets(path: &Path, further: &[(String, String)]) -> Result<Vec<Sheet>, Error> {
    let mut sheets = Vec::new();
    for (name, cells) in workbook::read(path)? {
        let mut rows =
            (1..).zip(cells).filter(|(_, row)| row.iter().any(|cell| *cell != Cell::Empty));
        let Some((_, header)) = rows.next() else { continue };
        let mut sheet = Sheet {
            name: format!("{} {name}", file_name(path)),
            columns: header.into_iter().map(text).collect(),
            rows: Vec::new(),
        };
        for (row, cells) in rows {
            let is_bad = |(at, cell): &(usize, &Cell)| {
                matches!(cell, Cell::Number(_) | Cell::Other(_)) && is_read(&sheet, *at, further)
            };
            if let Some((at, cell)) = cells.iter().enumerate().find(is_bad) {
                let (path, column) = (path.to_owned(), sheet.columns[at].clone());
                let (letter, value) = (letters(at), text(cell.clone()));
                return Err(Error::SheetCell { path, sheet: name, row, letter, column, value });
            }
            sheet.rows.push((row, cells.into_iter().map(text).collect()));
        }
        sheets.push(sheet);
    }
    Ok(sheets)
}

fn text(cell: Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) | Cell::Number(text) | Cell::Other(text) => text,
    }
}

/// A, B … Z, AA …
fn letters(at: usize) -> String {
    let last = char::from(b'A' + u8::try_from(at % 26).unwrap_or_default());
    let before = (at / 26).checked_sub(1).map(letters).unwrap_or_default();
    format!("{before}{last}")
}
