//! `[special]`: how many cases may be put before experts, and which (6.7, P08, Z25).

use rust_decimal::Decimal;

use super::Cite;

/// `[special]` (P08, 6.7, R37)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Special {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Share of the area's cases, after merging, that may be listed; the number is rounded down. Never
    /// counted per institution.
    pub quota: Decimal,
    /// A case may be put forward when its fee is above this many times the reference (2).
    pub over: Decimal,
    /// What its fee is compared with.
    pub reference: SpecialReference,
}

/// What the fee of a special case is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialReference {
    /// `mean`: the group's published mean; known before the year is settled.
    Mean,
    /// `standard`: points of the group × the year's settlement value in cost money (6.6, A43): Σ pay by
    /// points ÷ Σ points ÷ (Σ fund ÷ Σ fee).
    Standard,
}
