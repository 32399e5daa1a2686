//! `[budget.waterfall]`: the money of a pool as what is left of its income (3.1).

use rust_decimal::Decimal;

use super::Cite;

/// `[budget.waterfall]` (Z01–Z13): income − reserve − deducted lines = the money to settle by; at the end
/// of the year the reserve tops up lines that ran short, and what is left of it is split.
///
/// Amounts are rows of table `budget`, pool by pool, period `Y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waterfall {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Share of the base that is held back (Z02).
    pub reserve: Decimal,
    /// What the reserve is a share of (A29).
    pub base: ReserveBase,
    /// How the shortfall of the lines is measured (A31).
    pub shortfall: Shortfall,
    /// Share of what is left of the reserve that raises the settlement total, rounded to the fen (Z12);
    /// the rest is the adjustment pool (Z13, A32).
    pub settle_share: Decimal,
    /// Lines in the order they are taken off, and topped up.
    pub lines: Vec<WaterfallLine>,
}

/// What the reserve is a share of (A29).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReserveBase {
    /// `premium`: premium income of the year without interest, item `income`.
    Premium,
    /// `all_income`: item `all_income`.
    AllIncome,
    /// `fund_balance`: item `fund_balance`.
    FundBalance,
}

impl ReserveBase {
    /// The item of table `budget`.
    #[must_use]
    pub fn item(self) -> &'static str {
        match self {
            Self::Premium => "income",
            Self::AllIncome => "all_income",
            Self::FundBalance => "fund_balance",
        }
    }
}

/// How the shortfall of the lines is measured (A31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// `gross`: Σ max(0, actual − budget), topped up line by line.
    Gross,
    /// `netted`: max(0, Σ (actual − budget)); shows no lines (R31).
    Netted,
}

/// `[[budget.waterfall.line]]`: one kind of spending beside the settlement (Z04–Z08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaterfallLine {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Its item in table `budget`, for example `b1`, and the beginning of the items it may be made of.
    pub item: String,
    /// What it is called in results.
    pub name: String,
    /// What it is made of where the amount itself is not given.
    pub form: LineForm,
    /// Whether it is taken off the income (A30).
    pub deducted: bool,
    /// Item of what was really spent; absent: never topped up.
    pub actual: Option<String>,
}

/// How a line follows from its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineForm {
    /// `per_head`: `_standard` × `_persons` (Z04, Z08).
    PerHead,
    /// `growth`: `_last` × (1 + `_growth`) (Z06, Z07).
    Growth,
    /// `cost_and_incidence`: `_last` × (1 + `_cost_growth`) × (1 + `_incidence_growth`) (Z05).
    CostAndIncidence,
}

impl LineForm {
    /// Endings of the items it is made of, the amount first.
    #[must_use]
    pub fn parts(self) -> &'static [&'static str] {
        match self {
            Self::PerHead => &["_standard", "_persons"],
            Self::Growth => &["_last", "_growth"],
            Self::CostAndIncidence => &["_last", "_cost_growth", "_incidence_growth"],
        }
    }
}
