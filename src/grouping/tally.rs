//! Rows and money counted on the way from settlements to cases.

use crate::units::Fen;

/// Rows and money of one step, as they leave or stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows.
    pub rows: i64,
    /// `medfee_sumamt` in fen.
    pub fee_fen: i128,
}

impl Tally {
    /// The money.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a year's fees are below 92 quadrillion yuan")]
    pub fn amount(&self) -> Fen {
        Fen(i64::try_from(self.fee_fen).expect("a year's fees fit 64-bit fen"))
    }

    /// Adds rows and money.
    pub fn add(&mut self, rows: i64, fee_fen: i64) {
        self.rows += rows;
        self.fee_fen += i128::from(fee_fen);
    }
}

/// Steps that are not the fate of a row that leaves.
pub(super) mod step {
    /// Every row of the table.
    pub(crate) const RAW: &str = "raw";
    /// Copies of an identical row.
    pub(crate) const DUPLICATE_IDENTICAL: &str = "duplicate_identical";
    /// Money that partial refunds take back; no row leaves.
    pub(crate) const REFUND_PARTIAL: &str = "refund_partial";
    /// Rows whose main diagnosis is out of scope.
    pub(crate) const DIAGNOSIS: &str = "scope_diagnosis";
    /// Rows that stay.
    pub(crate) const ANALYSED: &str = "analysed";
    /// Money of fee lines that leave the fee (A47); no row leaves.
    pub(crate) const CARVED_OUT: &str = "carved_out";
    /// Rows that combined cases are split into, beyond the first (A15); no money moves.
    pub(crate) const SPLIT: &str = "split";
}

/// Cases and money of one tier of contribution (H13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TierSum {
    /// Cases.
    pub cases: i64,
    /// Σ fee in fen.
    pub fee_fen: i128,
    /// Σ fund booked in fen.
    pub fund_fen: i128,
}

impl TierSum {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.fee_fen += other.fee_fen;
        self.fund_fen += other.fund_fen;
    }
}
