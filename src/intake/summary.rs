//! What a load did, for the user and for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::finding::Severity;

/// One source file and one table it filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetSummary {
    /// The table.
    pub table: String,
    /// Rows that stand in it now.
    pub rows_kept: u64,
    /// Rows left out by the mapping's `row_filter`.
    pub rows_filtered: u64,
    /// Rows left out because a value is wrong.
    pub rows_rejected: u64,
    /// Findings.
    pub findings: u64,
    /// Yuan of the amount column of the rows kept, where the table has one.
    pub amount_yuan: Option<String>,
}

/// One source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    /// Where it lies.
    pub path: PathBuf,
    /// `csv`, `csv.gz` or `parquet`, decided from the bytes.
    pub format: String,
    /// Encoding decided from the bytes; none for Parquet.
    pub encoding: Option<String>,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// It was loaded before, and was skipped.
    pub skipped: bool,
    /// Records in it; 0 when skipped.
    pub rows_read: u64,
    /// Columns that nothing reads.
    pub ignored_columns: Vec<String>,
    /// What it filled.
    pub targets: Vec<TargetSummary>,
}

/// One table after the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableSummary {
    /// The table.
    pub table: String,
    /// Rows that this load added.
    pub rows_added: u64,
    /// Rows in it now.
    pub rows: u64,
    /// Its content digest now.
    pub digest: String,
    /// Its Delta version now.
    pub version: u64,
}

/// What a load did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Name of the load; none if nothing was new, or in a dry run.
    pub load_id: Option<String>,
    /// Nothing was written.
    pub dry_run: bool,
    /// Every source file, in the order read.
    pub files: Vec<FileSummary>,
    /// Every table that the load changed; none in a dry run.
    pub tables: Vec<TableSummary>,
    /// Number of findings by severity and rule.
    pub findings: BTreeMap<(String, String), u64>,
    /// Files in the folders named that are no exports.
    pub passed_over: Vec<String>,
    /// A key made by this load: to be kept safe, apart from the warehouse.
    pub new_key: Option<PathBuf>,
}

impl Summary {
    /// Rows that were left out because they are wrong.
    #[must_use]
    pub fn errors(&self) -> u64 {
        let error = Severity::Error.as_str();
        self.findings.iter().filter(|((severity, _), _)| severity == error).map(|(_, n)| n).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let encoding =
                file.encoding.as_deref().map_or(String::new(), |name| format!(", {name}"));
            write!(f, "{} ({}{encoding})", file.path.display(), file.format)?;
            if file.skipped {
                writeln!(f, ": loaded before, skipped")?;
                continue;
            }
            writeln!(f, ": {} rows read", file.rows_read)?;
            for target in &file.targets {
                write!(f, "  {}: {} rows", target.table, target.rows_kept)?;
                if let Some(yuan) = &target.amount_yuan {
                    write!(f, ", {yuan} yuan")?;
                }
                if target.rows_filtered > 0 {
                    write!(f, "; {} left out by row_filter", target.rows_filtered)?;
                }
                if target.rows_rejected > 0 {
                    write!(f, "; {} rejected, see table finding", target.rows_rejected)?;
                }
                writeln!(f)?;
            }
            if !file.ignored_columns.is_empty() {
                writeln!(f, "  columns not used: {}", file.ignored_columns.join(", "))?;
            }
        }
        for name in &self.passed_over {
            writeln!(f, "{name}: not an export by its name, passed over")?;
        }
        for ((severity, check), count) in &self.findings {
            writeln!(f, "{count} × {check} ({severity})")?;
        }
        for table in &self.tables {
            let TableSummary { table, rows_added, rows, version, .. } = table;
            writeln!(f, "{table}: {rows_added} rows added, {rows} in all, version {version}")?;
        }
        if let Some(path) = &self.new_key {
            writeln!(
                f,
                "A key for personal ids was made: `{}`. Keep it safe and apart from the warehouse: \
                 later loads need it, and who has it can recognise persons.",
                path.display()
            )?;
        }
        match &self.load_id {
            Some(id) => writeln!(f, "load {id} is complete"),
            None if self.dry_run => writeln!(f, "dry run: nothing was written"),
            None => writeln!(f, "nothing new: the warehouse is unchanged"),
        }
    }
}
