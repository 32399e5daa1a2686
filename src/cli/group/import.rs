//! `dianshu group import`: official DRG tables into the definition tables of a policy.

use std::path::{Path, PathBuf};

use super::{Error, Outcome, only_these, output};
use crate::grouper::drg::import::{Imported, Sheet, import};
use crate::policy::drg::{TABLES, parse};
use crate::table::{Column, Table};

/// Arguments of `dianshu group import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CSV files, one table each, as published: one code a row
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
    let sheets = args.files.iter().map(|file| sheet(file)).collect::<Result<Vec<_>, _>>()?;
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
    let name =
        path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Sheet { name, columns, rows })
}
