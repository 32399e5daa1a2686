//! Writes the evaluation report, an HTML page and a workbook, from the result tables of a run only.
//!
//! Nothing is computed here that a reader cannot redo: a figure is a cell of a result table or of
//! the manifest, or a sum, count, difference or quotient of such cells, and the page names them in
//! `data-source` (the grammar stands in `figure`). Neither the clock nor the machine leaves a
//! trace, so the same input gives the same bytes.
//!
//! ```no_run
//! use std::collections::BTreeMap;
//! use std::path::Path;
//! use dianshu::report::{self, Format, Lang, ReportInput};
//! let input = ReportInput { manifest: serde_json::json!({"id": "r1"}), tables: BTreeMap::new() };
//! report::write(&input, &[Format::Html, Format::Xlsx], Lang::Zh, Path::new("runs/r1/report"))?;
//! # Ok::<(), report::Error>(())
//! ```

mod charts;
mod error;
mod figure;
mod html;
mod sections;
mod text;
mod xlsx;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::table::Table;

pub use crate::trail::Lang;
pub use error::Error;

/// What a report is made of: the record of a run and its result tables by name.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// `manifest.json` of the run.
    pub manifest: serde_json::Value,
    /// Result tables by name, for example `pool`.
    pub tables: BTreeMap<String, Table>,
}

/// A kind of report file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `report.html`, self-contained.
    Html,
    /// `report.xlsx`, one sheet a table.
    Xlsx,
}

impl Format {
    /// Name of the file this format is written to.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Html => "report.html",
            Self::Xlsx => "report.xlsx",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "html" => Ok(Self::Html),
            "xlsx" => Ok(Self::Xlsx),
            _ => Err(Error::UnknownFormat { name: name.to_owned() }),
        }
    }
}

/// Writes the report in each of `formats` into `dir`, which is made if it is not there.
///
/// Returns the files in the order of `formats`. All are rendered before the first is written; each
/// appears whole or not at all.
///
/// # Errors
/// [`Error`] when a file cannot be written, or (ours) a page, chart or workbook cannot be made.
pub fn write(
    input: &ReportInput,
    formats: &[Format],
    lang: Lang,
    dir: &Path,
) -> Result<Vec<PathBuf>, Error> {
    let mut rendered = Vec::with_capacity(formats.len());
    for format in formats {
        let bytes = match format {
            Format::Html => html::render(input, lang)?.into_bytes(),
            Format::Xlsx => xlsx::render(input, lang)?,
        };
        rendered.push((dir.join(format.file_name()), bytes));
    }
    fs::create_dir_all(dir).map_err(|source| Error::MakeFolder { path: dir.to_owned(), source })?;
    for (path, bytes) in &rendered {
        place(path, bytes).map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    Ok(rendered.into_iter().map(|(path, _)| path).collect())
}

/// Writes beside `path`, then renames: a reader sees the old file or the new one.
fn place(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let written = File::create(&partial)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The first failure is the one to report; a leftover cannot be helped here.
        let _ = fs::remove_file(&partial);
    }
    written
}
