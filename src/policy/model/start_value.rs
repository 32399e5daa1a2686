//! `[start_value]`: what a point is worth at the start of a year.

use rust_decimal::Decimal;

use super::Cite;

/// `[start_value]` (E10, 6.5): weighted yearly cost ÷ weighted yearly points, and the merit intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartValue {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Share of the cases of a year that the percentile variant leaves out below (0.025).
    pub low: Decimal,
    /// Share of the cases up to its upper end (0.975).
    pub high: Decimal,
}
