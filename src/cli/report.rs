//! `dianshu report`: the report of a run.

use std::path::{Path, PathBuf};

use super::{Error, Outcome, output};
use crate::backtest::manifest;
use crate::report::{self, Format, Lang, ReportInput};
use crate::table::Table;

/// Arguments of `dianshu report`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// Formats: `html`, `xlsx`
    #[arg(long, value_delimiter = ',', default_value = "html,xlsx")]
    format: Vec<Format>,
    /// Language: `zh` or `en`
    #[arg(long, default_value = "zh")]
    lang: Lang,
    /// Folder of the report [default: report/ in the run]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let out = args.out.clone().unwrap_or_else(|| args.run.join("report"));
    for path in write(&args.run, &args.format, args.lang, &out, Vec::new())? {
        output::print_text(&format!("{}\n", path.display()))?;
    }
    Ok(Outcome::Done)
}

/// Writes the report of a run; `more` are tables beside those of the run, such as `check`.
pub(super) fn write(
    run: &Path,
    formats: &[Format],
    lang: Lang,
    out: &Path,
    more: Vec<Table>,
) -> Result<Vec<PathBuf>, Error> {
    let read = manifest::read(run)?;
    let mut tables = read.tables;
    tables.extend(more.into_iter().map(|table| (table.name.clone(), table)));
    let input = ReportInput { manifest: read.manifest, tables };
    Ok(report::write(&input, formats, lang, out)?)
}
