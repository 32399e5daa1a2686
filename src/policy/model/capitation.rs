//! `[capitation]`: head budgets of signed and unsigned persons.

use rust_decimal::Decimal;

use super::Cite;

/// `[capitation]` (H07–H09, A25–A28): the budget is divided by person-months among the contracting units
/// and one pool of unsigned persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capitation {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Whether surplus and overspend are those of each part, or of the area.
    pub shared_by: SharedBy,
    /// Who is paid for a signed person treated elsewhere.
    pub elsewhere: Elsewhere,
    /// What a person-month is multiplied by; empty: every person-month is alike (A27, `head = "flat"`).
    /// Every factor whose conditions a person meets multiplies.
    pub factors: Vec<HeadFactor>,
}

/// Whose budget and booked amount a surplus is measured by (A25).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedBy {
    /// `part`: each unit and the unsigned pool by its own, on the side the area is on.
    Part,
    /// `area`: one pool, shared by points; nobody's budget is a head budget.
    Area,
}

/// A signed person treated outside the contracting unit (A26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// `booked`: paid as booked to the institution visited, charged to the unit.
    Booked,
    /// `pool`: as booked, charged to the unsigned pool.
    Pool,
    /// `points`: earns points in the unsigned pool.
    Points,
}

/// `[[capitation.factor]]`: persons that meet all its conditions count `value` times (A27).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadFactor {
    /// What it is called.
    pub name: String,
    /// Tiers of contribution (`clct_grde`); empty: any.
    pub clct_grde: Vec<String>,
    /// Sex (`gend`), if it matters.
    pub gend: Option<String>,
    /// From this age in full years on the first day of the year.
    pub age_from: Option<u32>,
    /// Up to this age, itself included.
    pub age_to: Option<u32>,
    /// Whether the person has a chronic disease registered on the first day of the year, if it matters.
    pub chronic: Option<bool>,
    /// The factor, above 0.
    pub value: Decimal,
}
