//! The description of a city's money: budgets, rounds, head counts.

use rust_decimal::Decimal;
use serde::Deserialize;

/// Contracts that begin within a year, and years in part.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadRule {
    /// Months insured in a year that is not full: from and to.
    pub(super) part_months: [u32; 2],
    /// Signed people whose contract begins within the first years.
    pub(super) late_permille: u32,
}

/// How the budget of a year follows from what was booked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    pub(super) item: String,
    pub(super) pool: String,
    pub(super) period: String,
    pub(super) factors: Vec<Factor>,
    /// Rounds before the last one: what each asked or offered, as a factor of the budget (H06).
    #[serde(default)]
    pub(super) rounds: Vec<Factor>,
    /// Growth against the two years before, as agreed (H07).
    #[serde(default)]
    pub(super) growth: Option<String>,
    /// A budget that is what is left of an income.
    #[serde(default)]
    pub(super) waterfall: Option<Waterfall>,
}

/// A budget by insurance type: the income of which `rest_permille` are what was booked × the factor, and
/// the other items in per mille of the income.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waterfall {
    pub(super) pools: Vec<String>,
    pub(super) rest_permille: i64,
    pub(super) items: Vec<(String, i64)>,
}

/// A decimal factor written as text.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Factor(pub(super) Decimal);

impl TryFrom<String> for Factor {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match Decimal::from_str_exact(&text) {
            Ok(factor) if factor > Decimal::ZERO => Ok(Self(factor)),
            _ => Err(format!("`{text}` is not a decimal above 0, such as \"1.015\"")),
        }
    }
}
