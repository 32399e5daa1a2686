//! `[outlier]`, `[same_price]`, `[expected_standard]`: a points system by DRG (5.3, 5.4, P04, P05).

use rust_decimal::Decimal;

use super::Cite;

/// `[outlier]`: lines by the ratio fee ÷ catalog mean, both strict (5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlier {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// A ratio below this is low.
    pub low: Decimal,
    /// Where that line is drawn.
    pub low_line: LowLine,
    /// What a low case gets.
    pub low_rule: LowRule,
    /// Lines of high cases by weight (points ÷ scale): the first whose weight is above the group's.
    pub high: Vec<HighLine>,
    /// What a high case gets.
    pub high_rule: HighRule,
}

/// `[[outlier.high]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HighLine {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Groups of a weight below this; `None` for the last line.
    pub weight_below: Option<Decimal>,
    /// A ratio above this is high.
    pub ratio: Decimal,
}

/// Where the low line is drawn (5.3, R37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowLine {
    /// `mean`: mean × low.
    Mean,
    /// `lower_of`: mean × low × min(1, coefficient).
    LowerOf,
}

/// What a low case gets (5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowRule {
    /// `points_no_factor`: points = fee ÷ M × scale, without coefficient.
    PointsNoFactor,
    /// `by_actual`: the booked amount, out of the pool (R37).
    ByActual,
}

/// What a high case gets (5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HighRule {
    /// `linear_add`: its points + (ratio − line) × base points.
    LinearAdd,
    /// `deduct`: (fee ÷ M − (line − 1) × weight × coefficient) × scale.
    Deduct,
    /// `cap`: pay of the mean × line.
    Cap,
}

/// `[same_price]` (P05): groups that take coefficient 1 everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamePrice {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Their codes.
    pub groups: Vec<String>,
    /// Candidates have at most this CV and are not small (A51).
    pub maximum_cv: Decimal,
}

/// `[expected_standard]` (P04): the standard that follows from the control total, as information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedStandard {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// The control total is that of this many years after the newest statistics year.
    pub years_ahead: u32,
}
