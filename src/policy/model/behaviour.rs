//! `[behaviour]`: what is looked into after the year (Y35).

use rust_decimal::Decimal;

use super::Cite;

/// `[behaviour]` (Y35): when the visits of an institution stand out. No document prints a line, so every
/// value is a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// A visit that begins less than so many minutes after the treatment cycle of another of the same
    /// person, institution and disease has ended (without cycles: after that one began) counts as split
    /// (`split_within = "24h"`).
    pub split_minutes: i64,
    /// A settlement whose fee lines lie on at least so many dates counts as several visits.
    pub merged_days: i64,
    /// Cost counts as shifted where patients pay outside the list more than this many times the share
    /// that they pay at the other institutions.
    pub shift_times: Decimal,
    /// A rate is out of the ordinary where chance alone gives it less often than this.
    pub chance: Decimal,
}
