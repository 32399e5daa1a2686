//! Tables that need every case judged: the cases themselves, both views of profit, the bulletin.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};

use tempfile::TempDir;

use super::{Error, Prepared, tables};
use crate::settlement::tables::case_table;
use crate::settlement::{self, Outcome, views};
use crate::table::Table;
use crate::warehouse::parquet::{TableFileError, TableWriter};

/// Cases made into rows at a time.
const PIECE_ROWS: usize = 32 * 1024;
/// Pieces made but not yet written.
const PIECES_WAITING: usize = 2;

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

/// Encodes and writes on a thread of its own what `make` sends; the number of rows.
fn written_beside(
    mut writer: TableWriter,
    make: impl FnOnce(SyncSender<Table>) -> Result<(), Error>,
) -> Result<usize, Error> {
    let (pieces, waiting) = sync_channel::<Table>(PIECES_WAITING);
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            for piece in waiting {
                writer.add(&piece)?;
            }
            writer.finish()
        });
        let made = make(pieces);
        let written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        made?;
        Ok(written?)
    })
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
) -> Result<ByCase, Error> {
    let failed = |source| TableFileError::Write { path: out.to_owned(), source };
    std::fs::create_dir_all(out).map_err(failed)?;
    let folder = tempfile::Builder::new().prefix(".cases-").tempdir_in(out).map_err(failed)?;
    let writer = TableWriter::new(&path_in(folder.path()));
    let (mut profits, mut bulletins) = (Vec::new(), Vec::new());
    let rows = written_beside(writer, |pieces| {
        for (at, outcome) in outcomes.iter().enumerate() {
            let cases = &prepared.built(at).cases;
            let decided = settlement::decide_all(cases, &prepared.input(at), outcome)?;
            for piece in decided.chunks(PIECE_ROWS) {
                if pieces.send(case_table(outcome, cases, piece)).is_err() {
                    // The writer has stopped, and says why.
                    return Ok(());
                }
            }
            profits.push(views::profit_table(outcome, cases, &decided));
            bulletins.push(views::bulletin_table(outcome, cases, &decided));
        }
        Ok(())
    })?;
    let tables = [profits, bulletins].into_iter().filter_map(tables::stack).collect();
    Ok(ByCase { file: Some(CaseFile { folder, rows }), tables })
}
