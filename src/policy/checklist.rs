//! The checklist of a system: which of its clauses a policy implements, and where (domain.md §10).
//!
//! `clauses.csv` lies beside a `policy.toml` and is no part of it: it changes no digest and no result.

use super::error::Error;
use super::path;
use super::read_grouping::rows;
use super::{LoadedPolicy, schema};

/// Name of the file.
const FILE: &str = "clauses.csv";

/// One clause of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseRow {
    /// Row of the checklist, for example `Y22`.
    pub row: String,
    /// The words of the document.
    pub clause: String,
    /// Who implements it.
    pub by: ClauseBy,
    /// Paths of the policy, separated by `;`; input tables, commands, or what is missing.
    pub places: String,
}

/// Who implements a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClauseBy {
    /// `policy`: values of the policy, by their paths.
    Policy,
    /// `table`: rows of an input table.
    Table,
    /// `program`: the same for every policy.
    Program,
    /// `open`: nothing yet.
    Open,
}

impl ClauseBy {
    /// The word used in the file and in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Table => "table",
            Self::Program => "program",
            Self::Open => "open",
        }
    }
}

/// The checklist beside a policy; empty where there is none.
///
/// # Errors
/// [`Error`] for a file that is no such list.
pub fn checklist(policy: &LoadedPolicy) -> Result<Vec<ClauseRow>, Error> {
    let Some((file, bytes)) = policy.folder.home.file(FILE)? else { return Ok(Vec::new()) };
    let mut list: Vec<ClauseRow> = Vec::new();
    for row in rows(&file, &bytes, &["row", "clause", "by", "where"])? {
        (0..4).try_for_each(|column| row.filled(column))?;
        let words = [ClauseBy::Policy, ClauseBy::Table, ClauseBy::Program, ClauseBy::Open];
        let by = words.into_iter().find(|by| by.as_str() == row.values[2]);
        let by = by.ok_or_else(|| row.wrong(2, "`policy`, `table`, `program` or `open`"))?;
        if list.iter().any(|known| known.row == row.values[0]) {
            return Err(row.wrong(0, "each row once"));
        }
        list.push(ClauseRow {
            row: row.values[0].clone(),
            clause: row.values[1].clone(),
            by,
            places: row.values[3].clone(),
        });
    }
    Ok(list)
}

/// Whether the policy with its scenarios has a value or section at `path`.
#[must_use]
pub fn holds(policy: &LoadedPolicy, path: &str) -> bool {
    let paths = path::list(&policy.root);
    let target = paths.get(path);
    target.is_some_and(|target| path::follow(&policy.root, &target.steps).is_some())
}

/// Values for which no reading names a default (A05, A23, A36, A42) and whose section does not say which
/// reading was taken: path and reading.
#[must_use]
pub fn undecided(policy: &LoadedPolicy) -> Vec<(&'static str, &'static str)> {
    let cited = super::citations(policy);
    let says = |section: &str, reading: &str| {
        let of_section = cited.iter().filter(|cite| cite.section == section);
        let mut readings = of_section.filter_map(|cite| cite.reading.as_deref());
        readings.any(|text| text.split(',').any(|id| id.trim() == reading))
    };
    let open = schema::NO_DEFAULT.iter().filter(|(path, reading)| {
        let section = path.rsplit_once('.').map_or(*path, |(section, _)| section);
        let is_there = cited.iter().any(|cite| cite.section == section);
        is_there && !says(section, reading)
    });
    open.copied().collect()
}
