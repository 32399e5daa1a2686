//! A year already cleared against the official sheet: every difference put to a named cause, in yuan.
//!
//! The official sheet says what each institution was entitled to, adjusted by, deducted and paid, and
//! may list its cases. [`explain`] settles the year by the policy as it stands and walks from there to
//! the sheet: each step changes one thing to what the sheet shows, settles again with the same kernel,
//! and what that moves is the amount of the step. Steps come in this order, so that the amounts sum:
//!
//! 1. another reading (a scenario of the policy), if it leaves less unexplained;
//! 2. claims missing here, claims missing on the sheet, refunds of claims;
//! 3. coefficients of institutions, points or prices of groups, single cases;
//! 4. the budget;
//! 5. rounding, manual adjustments, deductions;
//! 6. outside the pay: advances and refunds of earlier years.
//!
//! What no step reaches is unexplained and stands first.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

mod bridge;
mod compare;
mod error;
mod ratio;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;

pub use bridge::{Candidate, Explained, Official, explain};
pub use compare::{Contribution, contributions};
pub use error::Error;
pub use sheet::{Item, Sheet, SheetCase, SheetRow, add_places};
pub use tables::{difference_table, institution_table, summary_table};

use crate::units::Fen;

/// Why the sheet says another amount than the settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Nothing found.
    Unexplained,
    /// Another reading or parameter of the policy, as a scenario names it.
    Rule,
    /// A claim on the sheet that is not in the warehouse.
    ClaimMissing,
    /// A claim in the warehouse that is not on the sheet.
    ClaimExtra,
    /// The same, and it was uploaded late (A23).
    ClaimLate,
    /// A refund that only one side has taken off.
    Refund,
    /// All cases of an institution are worth a multiple.
    Coefficient,
    /// All cases of a group are worth a multiple.
    GroupPoints,
    /// The money divided.
    Budget,
    /// Fen that dividing gave elsewhere.
    Rounding,
    /// An adjustment that no rule gives.
    ManualAdjustment,
    /// Money taken off.
    Deduction,
    /// Money paid before.
    Advance,
}

impl Cause {
    /// All causes, in the order of output.
    pub const ALL: [Self; 13] = [
        Self::Unexplained,
        Self::Rule,
        Self::ClaimMissing,
        Self::ClaimExtra,
        Self::ClaimLate,
        Self::Refund,
        Self::Coefficient,
        Self::GroupPoints,
        Self::Budget,
        Self::Rounding,
        Self::ManualAdjustment,
        Self::Deduction,
        Self::Advance,
    ];

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unexplained => "unexplained",
            Self::Rule => "rule",
            Self::ClaimMissing => "claim_missing",
            Self::ClaimExtra => "claim_extra",
            Self::ClaimLate => "claim_late",
            Self::Refund => "refund",
            Self::Coefficient => "coefficient",
            Self::GroupPoints => "group_points",
            Self::Budget => "budget",
            Self::Rounding => "rounding",
            Self::ManualAdjustment => "manual_adjustment",
            Self::Deduction => "deduction",
            Self::Advance => "advance",
        }
    }

    /// The word in Chinese.
    #[must_use]
    pub fn label_zh(self) -> &'static str {
        match self {
            Self::Unexplained => "未解释",
            Self::Rule => "规则口径",
            Self::ClaimMissing => "数据缺失",
            Self::ClaimExtra => "数据多出",
            Self::ClaimLate => "迟报",
            Self::Refund => "退费",
            Self::Coefficient => "机构系数",
            Self::GroupPoints => "病组分值",
            Self::Budget => "预算",
            Self::Rounding => "尾差",
            Self::ManualAdjustment => "人工调整",
            Self::Deduction => "扣款",
            Self::Advance => "预付",
        }
    }
}

/// One difference between sheet and settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its cause.
    pub cause: Cause,
    /// Pool; empty where it concerns all.
    pub pool: String,
    /// The institution; empty where it concerns all.
    pub fixmedins_code: String,
    /// Settlement, group or scenario, where the cause has one.
    pub key: String,
    /// What the sheet says; empty where it says nothing.
    pub sheet: String,
    /// What the settlement says.
    pub own: String,
    /// What it changes for the institution named, or in sum where none is.
    pub amount: Fen,
    /// What it changes for all others.
    pub others: Fen,
    /// Σ of what it changes for anybody, without sign.
    pub moved: Fen,
}
