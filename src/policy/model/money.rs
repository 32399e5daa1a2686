//! How a case is paid, the money there is, and how it is shared.

use rust_decimal::Decimal;

use super::{Cite, Waterfall};
use crate::units::Fen;

/// `[payment]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// How the entitlement of an institution is formed.
    pub method: PayMethod,
    /// A16, for `standard`.
    pub ratio: RatioOf,
}

/// How the entitlement of an institution is formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayMethod {
    /// `points`: allocate(pool, points) (J04, J05).
    Points,
    /// `standard`: price × actual reimbursement ratio (Y20), rescaled when overspent (Y28, Y29).
    Standard,
}

/// Denominator of the actual reimbursement ratio (A16); the numerator is `hifp_pay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatioOf {
    /// `medfee_sumamt`.
    Fee,
    /// `inscp_scp_amt`.
    InScope,
    /// Σ fund ÷ Σ fee of all cases of the pool and year (`area`).
    Area,
}

/// `[budget]` (J01, J04, Y27): the pool of one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Where the amount comes from.
    pub source: BudgetSource,
    /// `fund` money or `total_cost` money per point (A42).
    pub basis: Basis,
    /// Clearing period of the control total (Y26, R12).
    pub period: Clearing,
    /// One pool, or one per insurance type (A49).
    pub pools: Pools,
}

/// How the money is separated (A49).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pools {
    /// `one`: a single pool named `all`.
    One,
    /// `insutype`: one pool per insurance type, named by its code.
    Insutype,
}

/// Where the amount comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BudgetSource {
    /// `table`: rows of table `budget` with this `item` and the year settled.
    Table {
        /// The item, for example `budget` or `control_total`.
        item: String,
    },
    /// `amount`: stated in the policy, `(year, fen)`.
    Amount(Vec<(u16, Fen)>),
    /// `last_year_booked`: booked in the year before, all in scope, × (1 + growth), rounded to the
    /// fen.
    LastYearBooked {
        /// 0.03 is 3 %.
        growth: Decimal,
    },
    /// `waterfall`: what is left of the income of each pool (3.1).
    Waterfall(Waterfall),
}

/// What a point is worth (A42).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// `fund`: fund money.
    Fund,
    /// `total_cost`: cost money, times the ratio Σ fund ÷ Σ fee (A43).
    TotalCost,
}

/// Clearing period (Y26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clearing {
    /// `year`.
    Year,
    /// `half_year`.
    HalfYear,
    /// `quarter`.
    Quarter,
}

/// `[sharing]` (H03, H04, A24, R29): T = A + s·(F − A).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Providers' share of a surplus; 1 where the document prints no sharing.
    pub surplus: Decimal,
    /// Providers' share of an overspend.
    pub overspend: Decimal,
    /// How the distributable money is divided.
    pub by: ShareBy,
}

/// How the distributable money is divided (A24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareBy {
    /// `points`: allocate(T, points).
    Points,
    /// `keeps_booked`: booked + allocate(s·(F − A), points).
    KeepsBooked,
    /// `own_excess`: booked + allocate(s·(F − A), own distance from the share of F on the area's
    /// side).
    OwnExcess,
}

/// `[surplus_cap]` (Y34, A21, A22)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurplusCap {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Largest surplus rate (0.10).
    pub rate: Decimal,
    /// What the surplus rate is a share of.
    pub base: CapBase,
    /// Where the money above the cap goes.
    pub destination: CapDestination,
}

/// What the surplus rate is a share of (A21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapBase {
    /// (paid − booked) ÷ paid.
    Paid,
    /// (paid − booked) ÷ booked.
    Booked,
    /// (paid − booked) ÷ cost.
    Cost,
}

/// Where the money above the cap goes (A22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapDestination {
    /// Back to the fund.
    Fund,
    /// To the institutions below the cap, by points, until none breaks it; what is left returns to
    /// the fund.
    Pool,
}
