//! `[compensation]`: what an institution gets back of an overspend that is reasonable.

use rust_decimal::Decimal;

use super::Cite;

/// `[compensation]` (Y33, Z13, Z26): allocate(min(Q, Σ r), r) from a pool Q of its own, r being the
/// reasonable part of each institution's overspend; what is left of Q stays in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compensation {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// How much of an overspend is reasonable.
    pub limit: CompensationLimit,
}

/// How much of an overspend is reasonable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompensationLimit {
    /// `negotiated`: booked − paid, at most the fund part of negotiated drugs (Y33, 2.4); Q is item
    /// `compensation_pool` of table `budget`, 0 where there is none.
    Negotiated,
    /// `entitlement`: booked − violations − entitlement, at most `rate` × entitlement (3.3); Q is the
    /// adjustment pool of the waterfall (Z13).
    Entitlement {
        /// 0.10 in 3.3.
        rate: Decimal,
    },
}
