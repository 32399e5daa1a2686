//! `[grouping.drg]`: the definition tables of a DRG grouper, read, resolved and checked.
//!
//! Rules stand in the order in which they are tried; every row knows its line, so that a case can be
//! told which row decided.

use super::Cite;

/// `[grouping.drg]` (P02): MDC by main diagnosis, ADRG by diagnoses and operations, DRG by CC level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drg {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Version of the tables, for the results exported (`grp_ver`).
    pub version: String,
    /// File of each table, as messages name it.
    pub files: DrgFiles,
    /// Named code lists; rules name them by index.
    pub lists: Vec<CodeList>,
    /// MDC rules: those of stage `pre` first, each stage as declared.
    pub mdcs: Vec<MdcRule>,
    /// ADRG rules, as declared.
    pub adrgs: Vec<AdrgRule>,
    /// DRGs, as declared.
    pub groups: Vec<DrgRow>,
    /// Complications and comorbidities, as declared.
    pub complications: Vec<CcRow>,
    /// Operations that have to belong to the MDC of the main diagnosis: a case with one of them and
    /// without a matching operation rule is ambiguous (歧义) instead of medical.
    pub significant_operations: Option<usize>,
}

/// File of each definition table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DrgFiles {
    /// Code lists of diagnoses.
    pub diagnoses: String,
    /// Code lists of operations.
    pub operations: String,
    /// MDC rules.
    pub mdc: String,
    /// ADRG rules.
    pub adrg: String,
    /// DRGs.
    pub groups: String,
    /// CC and MCC.
    pub cc: String,
}

/// What the codes of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeSystem {
    /// Diagnoses: a letter comes first.
    Diagnosis,
    /// Operations: a digit comes first.
    Operation,
}

/// A named list of codes, with the lists it includes already in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeList {
    /// Its name.
    pub name: String,
    /// What its codes are.
    pub system: CodeSystem,
    /// Line of its first row.
    pub line: u64,
    /// Whole codes, ascending.
    pub exact: Vec<String>,
    /// Beginnings of codes, ascending.
    pub prefixes: Vec<String>,
}

/// Conditions of a rule; all that are stated must hold. Lists are indices into [`Drg::lists`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    /// The main diagnosis is on this list.
    pub main_diagnosis: Option<usize>,
    /// One of the other diagnoses is on this list.
    pub other_diagnosis: Option<usize>,
    /// The main operation is on this list.
    pub main_operation: Option<usize>,
    /// An operation, main or other, is on this list.
    pub operation: Option<usize>,
    /// An operation, main or other, is on this list too.
    pub second_operation: Option<usize>,
    /// Age in days is at least this.
    pub age_from_days: Option<u32>,
    /// Age in days is below this.
    pub age_below_days: Option<u32>,
    /// `gend` is this.
    pub gend: Option<String>,
}

/// When an MDC rule is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `pre`: before the main diagnosis decides, in declared order (先期分组).
    Pre,
    /// `main`: by the main diagnosis; two rules never share a case.
    Main,
}

/// One row of the MDC table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MdcRule {
    /// Line in its file.
    pub line: u64,
    /// When it is tried.
    pub stage: Stage,
    /// Code, for example `MDCF`.
    pub mdc: String,
    /// Name.
    pub name: String,
    /// Conditions.
    pub when: When,
}

/// Kind of an ADRG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdrgKind {
    /// `surgical` (外科).
    Surgical,
    /// `procedure` (非手术室操作).
    Procedure,
    /// `medical` (内科).
    Medical,
}

impl AdrgKind {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Surgical => "surgical",
            Self::Procedure => "procedure",
            Self::Medical => "medical",
        }
    }
}

/// One row of the ADRG table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdrgRule {
    /// Line in its file.
    pub line: u64,
    /// Code, for example `FR1`.
    pub adrg: String,
    /// Name.
    pub name: String,
    /// Code of its MDC.
    pub mdc: String,
    /// Kind.
    pub kind: AdrgKind,
    /// Conditions.
    pub when: When,
}

/// Severity by the worst complication or comorbidity that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `none`: neither CC nor MCC.
    None,
    /// `cc`.
    Cc,
    /// `mcc`.
    Mcc,
}

impl Level {
    /// All levels, mildest first.
    pub const ALL: [Self; 3] = [Self::None, Self::Cc, Self::Mcc];

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cc => "cc",
            Self::Mcc => "mcc",
        }
    }
}

/// One row of the DRG table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrgRow {
    /// Line in its file.
    pub line: u64,
    /// Code, for example `FR11`.
    pub drg: String,
    /// Name.
    pub name: String,
    /// Code of its ADRG.
    pub adrg: String,
    /// Levels it stands for, mildest first; `any` in the table is all three.
    pub levels: Vec<Level>,
}

/// One row of the CC table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CcRow {
    /// Line in its file.
    pub line: u64,
    /// Diagnosis, whole or its beginning.
    pub code: String,
    /// Whether `code` is a beginning.
    pub prefix: bool,
    /// Its level.
    pub level: Level,
    /// It does not count when the main diagnosis is on this list.
    pub excluded_by: Option<usize>,
}
