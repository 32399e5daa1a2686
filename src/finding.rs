//! What is wrong with a row or a load: a result of the run, not an error of it.
//!
//! A finding keeps where the row stands, which value is wrong and how much money it concerns.
//! Findings of a load stand in the warehouse table `finding`; those of a check are recomputed by it.

use crate::units::Fen;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing: an identical row collapsed, a refund netted.
    Info,
    /// Doubtful, still used.
    Warning,
    /// Wrong: the row is kept as a finding and not used.
    Error,
}

impl Severity {
    /// The word used in tables and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One row that is wrong or remarkable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, for example `amount_not_a_number`.
    pub check_id: String,
    /// How much it matters.
    pub severity: Severity,
    /// Warehouse table the row was meant for, for example `settlement`.
    pub table: String,
    /// Source file name without its folder, empty when the finding is not about a file.
    pub file: String,
    /// Line of the record in that file (1 = first line, usually the header); row number for Parquet; 0 unknown.
    pub line: u64,
    /// Key of the row where known, usually `setl_id`.
    pub key: String,
    /// Column concerned, or empty.
    pub column: String,
    /// The value as it stands in the source.
    pub value: String,
    /// What is wrong and what is allowed.
    pub message: String,
    /// Money concerned, in fen, where the row has an amount.
    pub amount: Option<Fen>,
}
