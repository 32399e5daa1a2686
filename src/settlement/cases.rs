//! The cases of one or more years as columns: what the statistics and the kernel read.

/// Group id of a case that has no group (A41).
pub const UNGROUPED: u32 = u32::MAX;

/// Bits of [`Cases::flags`].
pub mod flag {
    /// Two or more settlements merged into this case (A10).
    pub const MERGED: u8 = 1;
    /// A member was uploaded late (A23): fallback price, no outlier test.
    pub const LATE: u8 = 2;
    /// A member has no fee lines or no diagnosis (R24): fallback price, no outlier test.
    pub const UNUSABLE: u8 = 4;
    /// Netted with a partial refund (8.4).
    pub const PARTIAL_REFUND: u8 = 8;
}

/// Cases, one entry a case in every column. The order carries no meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cases {
    /// Institution codes, ascending bytewise; `institution` indexes it.
    pub institutions: Vec<String>,
    /// Group codes, ascending bytewise; `group` indexes it.
    pub groups: Vec<String>,
    /// Insurance types, ascending; `insutype` indexes it.
    pub insutypes: Vec<String>,
    /// Index into `institutions`.
    pub institution: Vec<u32>,
    /// Index into `groups`, or [`UNGROUPED`].
    pub group: Vec<u32>,
    /// Index into `insutypes`.
    pub insutype: Vec<u8>,
    /// Calendar year of `setl_time` (A44).
    pub year: Vec<u16>,
    /// Month of `setl_time`, 1 to 12 (A44).
    pub month: Vec<u8>,
    /// `medfee_sumamt` in fen, net of refunds.
    pub fee_fen: Vec<i64>,
    /// `inscp_scp_amt` in fen, net of refunds; 0 where not exported.
    pub inscope_fen: Vec<i64>,
    /// `hifp_pay` in fen, net of refunds.
    pub fund_fen: Vec<i64>,
    /// Bits of [`flag`].
    pub flags: Vec<u8>,
    /// Id of the first settlement of the case; empty unless asked for.
    pub case_id: Vec<String>,
}

impl Cases {
    /// Number of cases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fee_fen.len()
    }

    /// Whether there is no case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fee_fen.is_empty()
    }
}
