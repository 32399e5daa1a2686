//! `[value]`: what a point is worth, where it does not simply float.

use rust_decimal::Decimal;

use super::Cite;

/// `[value]` (E11, 6.6); absent: the value floats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// How the money of a pool is divided by points.
    pub method: ValueMethod,
}

/// How the money of a pool is divided by points (6.6). Values are yuan per point, of fund money or of
/// total cost as `budget.basis` says (A42).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueMethod {
    /// `floating`: allocate(money, points).
    Floating,
    /// `fixed`: points × value, each institution rounded to the fen; the difference to the money stays
    /// with the fund, or is borne by it.
    Fixed {
        /// Yuan per point.
        value: Decimal,
    },
    /// `elastic`: a share of the money at a fixed value for the base volume (last year's points of each
    /// institution), the rest floating over the points above it.
    Elastic {
        /// 0.8 or 0.7 (8:2, 7:3).
        base_share: Decimal,
    },
    /// `severe_fixed`: points of severe groups at a fixed value, the rest floating over the others.
    SevereFixed {
        /// Yuan per point of severe groups.
        value: Decimal,
        /// Groups that are severe by name.
        groups: Vec<String>,
        /// Groups from this weight on (points ÷ scale) are severe too.
        weight_from: Option<Decimal>,
    },
}
