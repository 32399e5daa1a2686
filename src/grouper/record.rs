//! The medical record of one case: what groupers of stays read.

/// Diagnoses, operations and circumstances of one case (domain.md 8.2, R15, R32, R33). Missing codes
/// are empty; lists are ascending and without copies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Main diagnosis: `maindiag_flag` 1, else lowest `diag_srt_no`, then code (R33).
    pub main_diagnosis: String,
    /// The other diagnoses.
    pub other_diagnoses: Vec<String>,
    /// Main operation: `oprn_oprt_type` 1, else lowest `oprn_srt_no`, then code (R32).
    pub main_operation: String,
    /// The other operations, called related.
    pub other_operations: Vec<String>,
    /// `gend`: 1 male, 2 female, as exported.
    pub gend: String,
    /// Age in whole days; `None` where the export has none.
    pub age_days: Option<u32>,
    /// Days from begin to end of the stay, at least 1.
    pub stay_days: u32,
    /// Days in intensive care; 0 where not exported.
    pub icu_days: u32,
    /// `dscg_way`: 5 is death.
    pub dscg_way: String,
    /// Typing given with the settlement (`asst_type`).
    pub asst_type: String,
}
