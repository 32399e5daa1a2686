//! Tables that need every case judged: the cases themselves, both views of profit, the bulletin.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Error, Prepared, tables};
use crate::settlement::tables::case_table;
use crate::settlement::{self, Outcome, views};
use crate::table::Table;
use crate::warehouse::parquet::{TableFileError, TableWriter};

/// The table `case` on disk; removed with this value unless moved into a run.
#[derive(Debug)]
pub struct CaseFile {
    folder: TempDir,
    rows: usize,
}

impl CaseFile {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        path_in(self.folder.path())
    }
}

/// What follows from the single cases of every scenario.
#[derive(Debug, Default)]
pub(super) struct ByCase {
    pub(super) file: Option<CaseFile>,
    pub(super) tables: Vec<Table>,
}

fn path_in(folder: &Path) -> PathBuf {
    folder.join("case.parquet")
}

/// Judges the cases of one scenario after the other and writes them below `out`.
///
/// # Errors
/// [`Error`]: whatever the kernel refuses, or a folder that cannot be written.
pub(super) fn write(
    prepared: &Prepared<'_>,
    outcomes: &[Outcome],
    out: &Path,
    threads: NonZeroUsize,
) -> Result<ByCase, Error> {
    let failed = |source| TableFileError::Write { path: out.to_owned(), source };
    std::fs::create_dir_all(out).map_err(failed)?;
    let folder = tempfile::Builder::new().prefix(".cases-").tempdir_in(out).map_err(failed)?;
    let mut writer = TableWriter::new(&path_in(folder.path()), threads);
    let (mut profits, mut bulletins) = (Vec::new(), Vec::new());
    for (at, outcome) in outcomes.iter().enumerate() {
        let cases = &prepared.built(at).cases;
        let decided = settlement::decide_all(cases, &prepared.input(at), outcome, threads)?;
        writer.add(decided.len(), |rows| case_table(outcome, cases, &decided[rows]))?;
        profits.push(views::profit_table(outcome, cases, &decided));
        bulletins.push(views::bulletin_table(outcome, cases, &decided));
    }
    let rows = writer.finish()?;
    let tables = [profits, bulletins].into_iter().filter_map(tables::stack).collect();
    Ok(ByCase { file: Some(CaseFile { folder, rows }), tables })
}
