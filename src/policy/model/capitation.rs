//! `[capitation]`: head budgets of signed and unsigned persons.

use super::Cite;

/// `[capitation]` (H07–H09, A25–A28): the budget is divided by person-months among the contracting units
/// and one pool of unsigned persons, alike for every person-month (`head = "flat"`, A27).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capitation {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Who is paid for a signed person treated elsewhere.
    pub elsewhere: Elsewhere,
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
