//! What a settlement yields: rows by pool, institution, month and group, and the ledger.

use rust_decimal::Decimal;

use crate::units::{Fen, Points};

pub use super::balance::Balance;
pub use super::days::DayRow;

/// `group_code` of the row for cases without any group (A41).
pub const UNGROUPED_CODE: &str = "ungrouped";

/// Pool of persons who are signed with nobody (H09).
pub const UNSIGNED_POOL: &str = "unsigned";

/// Everything one scenario yields. All lists are sorted by their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Name of the scenario.
    pub scenario: String,
    /// Decimal places of points in tables.
    pub places: u32,
    /// By pool and period; `Y` is the year.
    pub pools: Vec<PoolRow>,
    /// By pool and institution.
    pub institutions: Vec<InstitutionRow>,
    /// By pool, institution and month.
    pub months: Vec<MonthRow>,
    /// By pool and group.
    pub groups: Vec<GroupRow>,
    /// By part of a policy with head budgets; empty for others.
    pub parts: Vec<PartRow>,
    /// Every fen between budget and paid, and between paid and what is left to transfer.
    pub ledger: Vec<LedgerLine>,
    /// What was cleared by days (Y30–Y32); empty where nothing is.
    pub days: Vec<DayRow>,
    /// How budgets came about, by pool and order; empty without a waterfall.
    pub waterfall: Vec<WaterfallRow>,
    /// Where budgets come from, by pool and period in reading order.
    pub budget_notes: Vec<BudgetNote>,
    /// Compensation pools, by pool and institution; empty without them.
    pub compensation: Vec<CompensationRow>,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// Ids of table `special` that no case of the year has, ascending: nothing was paid by them.
    pub unmatched_special: Vec<String>,
}

/// One pool in one clearing period, or in the whole year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolRow {
    /// `all`, or the insurance type.
    pub pool: String,
    /// `Y`, and `H1`, `H2` or `Q1`…`Q4` where the pool is cleared by them.
    pub period: String,
    /// F: budget or control total.
    pub budget: Fen,
    /// A: Σ fund booked.
    pub booked: Fen,
    /// T: distributable to institutions after sharing.
    pub distributable: Fen,
    /// I: Σ fund of cases paid as booked.
    pub item_paid: Fen,
    /// E: Σ standard-based pay before any rescale; `None` where points are paid.
    pub standard_paid: Option<Fen>,
    /// Σ points in millionths; `None` where standards are paid.
    pub points: Option<i128>,
    /// Printed yuan per point, 4 places; `None` without points, where sharing is not by points, and
    /// in the row of a year cleared by parts.
    pub point_value: Option<Decimal>,
    /// Printed floating factor k, 4 places (R40); `None` for points and in the row of a year
    /// cleared by parts.
    pub floating_factor: Option<Decimal>,
    /// Σ entitlement of institutions.
    pub entitlement: Fen,
    /// Figures that exist for the year only.
    pub year_end: Option<YearEnd>,
    /// Cases.
    pub cases: i64,
    /// Σ fee.
    pub cost: Fen,
    /// Cases in the low band.
    pub low_cases: i64,
    /// Cases in the high band.
    pub high_cases: i64,
    /// Cases without a group of the catalog.
    pub ungrouped_cases: i64,
}

/// One part of a policy with head budgets (4.2, 4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    /// Its pool: the code of the contracting unit, or [`UNSIGNED_POOL`].
    pub part: String,
    /// Months insured of its persons (A28).
    pub person_months: u64,
    /// F_c: its head budget (A27).
    pub budget: Fen,
    /// Cases charged to it.
    pub cases: i64,
    /// Σ fee.
    pub cost: Fen,
    /// A_c: Σ fund booked.
    pub booked: Fen,
    /// T_c: distributable, F_c and A_c shared (A25, R23).
    pub distributable: Fen,
    /// Paid as booked for signed persons to other institutions (A26).
    pub elsewhere: Fen,
    /// Paid as booked to institutions that are not eligible (R07).
    pub ineligible: Fen,
    /// `distributable − elsewhere − ineligible`: what the unit receives, or what is divided.
    pub rest: Fen,
    /// Σ points the rest is divided by, in millionths; `None` where a unit receives it.
    pub points: Option<i128>,
    /// Printed yuan per point, 4 places.
    pub point_value: Option<Decimal>,
}

/// What the year end does to a pool (R27).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearEnd {
    /// Σ paid − Σ entitlement.
    pub adjustment: Fen,
    /// Σ paid.
    pub paid: Fen,
    /// F + Q − Σ paid.
    pub fund_balance: Fen,
    /// Money above the cap that went back to the fund.
    pub returned: Fen,
    /// Institutions held at their cap.
    pub capped_institutions: i64,
    /// Q: the compensation pool, beside the budget (Z13, Y33).
    pub compensation_pool: Fen,
    /// What the ledger of the pool sums to: budget, compensation pool, and the income that a waterfall
    /// puts to other uses.
    pub gross: Fen,
}

/// One institution in one pool over the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstitutionRow {
    /// `all`, or the insurance type.
    pub pool: String,
    /// The institution.
    pub fixmedins_code: String,
    /// Cases.
    pub cases: i64,
    /// Σ fee.
    pub cost: Fen,
    /// Σ fund booked.
    pub booked: Fen,
    /// Points in millionths; 0 where standards are paid.
    pub points: i128,
    /// Before cap, assessment and deductions.
    pub entitlement: Fen,
    /// `paid − entitlement`.
    pub adjustment: Fen,
    /// After cap, assessment and deductions.
    pub paid: Fen,
    /// `paid − booked`.
    pub surplus: Fen,
    /// `surplus ÷ paid`, 4 places; `None` when paid is 0 (A53).
    pub surplus_rate: Option<Decimal>,
    /// `(entitlement − booked) ÷ entitlement`, 4 places; `None` when the entitlement is 0.
    pub surplus_rate_before_cap: Option<Decimal>,
    /// From paid to what is left to transfer.
    pub balance: Balance,
}

/// One institution in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthRow {
    /// `all`, or the insurance type.
    pub pool: String,
    /// The institution.
    pub fixmedins_code: String,
    /// 1 to 12.
    pub month: u8,
    /// Cases.
    pub cases: i64,
    /// Σ fee.
    pub cost: Fen,
    /// Σ fund booked.
    pub booked: Fen,
    /// Points in millionths.
    pub points: i128,
    /// Part of the pool's money for this month, the same for every institution (A44); `None` where
    /// months are not formed by quota.
    pub quota: Option<Fen>,
    /// Pre-settled, before retention.
    pub advance: Fen,
    /// Kept back of that until clearing (Y21).
    pub retention: Fen,
    /// `advance − retention`.
    pub paid: Fen,
    /// Whether table `advance` says what was paid (R35).
    pub given: bool,
}

/// One group over the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// `all`, or the insurance type.
    pub pool: String,
    /// Group code, or [`UNGROUPED_CODE`].
    pub group_code: String,
    /// Cases.
    pub cases: i64,
    /// Σ fee.
    pub cost: Fen,
    /// Σ fund booked.
    pub booked: Fen,
    /// Points in millionths.
    pub points: i128,
    /// Cases in the low band.
    pub low_cases: i64,
    /// Cases in the high band.
    pub high_cases: i64,
}

/// One step of a waterfall (3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaterfallRow {
    /// Pool of table `budget`.
    pub pool: String,
    /// 1, 2, … in reading order.
    pub order: i64,
    /// Item of table `budget`, or what the step comes to: `reserve`, `settle`, `top_up_…`, `total`.
    pub item: String,
    /// What it is called.
    pub name: String,
    /// Its amount; `None` where the year end could not be drawn up (R31).
    pub amount: Option<Fen>,
    /// What is left of the income, and in the rows of the year end of the reserve.
    pub left: Fen,
    /// How the amount came about, with the numbers put in.
    pub formula: String,
    /// Clause of the policy, or empty.
    pub clause: String,
    /// Reading or ruling, or empty.
    pub reading: String,
}

/// One step of how a budget came about (J01, Y27, H06, P03).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetNote {
    /// `all`, or the insurance type.
    pub pool: String,
    /// Clearing period.
    pub period: String,
    /// 1, 2, … in reading order.
    pub order: i64,
    /// Item of table `budget`; `derived` is what last year and growths come to, `budget` the budget.
    pub item: String,
    /// Its amount, where it is money.
    pub amount: Option<Fen>,
    /// Its value, where it is a growth: 0.03 is 3 %.
    pub rate: Option<Decimal>,
    /// How it came about.
    pub formula: String,
    /// Clause of the policy, or empty.
    pub clause: String,
    /// Reading or ruling, or empty.
    pub reading: String,
}

/// One line of a compensation pool: opening, each institution, rest (Z13, Y33).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompensationRow {
    /// `all`, or the insurance type.
    pub pool: String,
    /// The institution; empty in the rows `opening` and `rest`.
    pub fixmedins_code: String,
    /// `opening`, `paid` or `rest`; opening = Σ paid + rest.
    pub line: &'static str,
    /// How far its booked amount (less violations) lies above what it gets; below 0 without overspend.
    pub excess: Option<Fen>,
    /// The most of it that is reasonable.
    pub limit: Option<Fen>,
    /// r: the reasonable part.
    pub reasonable: Option<Fen>,
    /// Money of the line.
    pub amount: Fen,
}

/// One line of the ledger.
///
/// The lines of an institution in a pool up to its paid amount sum to it, all its lines to its balance;
/// all lines of a pool up to paid, those of the fund (no institution) included, sum to its gross money
/// ([`YearEnd::gross`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerLine {
    /// `all`, or the insurance type.
    pub pool: String,
    /// The institution; empty for a line of the fund.
    pub fixmedins_code: String,
    /// Clearing period, `Y` for the year end.
    pub period: String,
    /// What the money is.
    pub kind: LineKind,
    /// Signed amount.
    pub amount: Fen,
    /// Clause of the policy, or empty.
    pub clause: String,
    /// Reading or ruling, or empty.
    pub reading: String,
}

/// What a ledger line is; the order is the order of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// Reserve of a waterfall (Z02); a line of the fund, as the three after it.
    Reserve,
    /// Another budget of a waterfall (Z04–Z08).
    OtherBudget,
    /// What the reserve is used for at the end of the year (Z11–Z13).
    ReserveReleased,
    /// What tops up another budget (Z11).
    ReserveTopUp,
    /// Cases with fee 0, paid as booked (R11).
    ItemPaidZeroFee,
    /// Low cases, paid as booked (Y22).
    ItemPaidLow,
    /// Normal cases of a band that is paid as booked, or without a denominator (A53).
    ItemPaidNormal,
    /// High cases, paid as booked (Y23).
    ItemPaidHigh,
    /// Cases that experts decided to pay as booked (P08, 5.4).
    ItemPaidSpecial,
    /// Lines carved out of fees, each line fee × ratio (A47).
    CarvedOut,
    /// Own booked amount, where sharing starts from it (A24).
    Booked,
    /// Head budget of a unit's signed persons (H07, H08).
    HeadBudget,
    /// Signed persons treated at another institution, paid as booked to it (A26).
    PaidElsewhere,
    /// The same money, charged to the unit.
    ChargedElsewhere,
    /// Cases at an institution that is not eligible, paid as booked (R07).
    PaidIneligible,
    /// Share of the budget by points (J05).
    PointsShare,
    /// Σ standard × ratio (Y20).
    StandardPaid,
    /// What clearing by days adds or takes (Y32, A17).
    DayClearing,
    /// What the clearing standards take off (Y29).
    FloatingRescale,
    /// What sharing of surplus or overspend adds or takes (H03, H04); for the fund F − T.
    Sharing,
    /// What a value that does not float leaves of the money, or takes beside it (E11); a line of the fund.
    ValueDifference,
    /// Control total that was not needed (A20); a line of the fund.
    FundKept,
    /// Surplus above the cap (Y34); for the fund what comes back.
    SurplusReturned,
    /// Others' surplus above their caps (A22, `pool`).
    CapRedistributed,
    /// What the assessment coefficient takes or adds (J17).
    Assessment,
    /// Share of a reasonable overspend, from the compensation pool (Z13, Z26, Y33).
    OverspendShare,
    /// What is left of the compensation pool; a line of the fund.
    CompensationRest,
    /// Violations found in review (Z26).
    Violation,
    /// Listed deductions (J17).
    Deduction,
    /// Performance bond (Z26); from here on lines stand in the balance only (R27).
    PerformanceBond,
    /// Working capital paid at the start of the year (Z22).
    WorkingCapital,
    /// Pre-settled for a month, before retention (J09, Z23).
    MonthlyPayment,
    /// Kept back in the months, released at clearing (Y21).
    RetentionReleased,
    /// Refund of a settlement of a cleared year (A45, R03).
    PriorYearRefund,
}

impl LineKind {
    /// Whether the money is income that a waterfall puts to other uses than the settlement (3.1).
    #[must_use]
    pub fn is_beside(self) -> bool {
        self <= Self::ReserveTopUp
    }

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::OtherBudget => "other_budget",
            Self::ReserveReleased => "reserve_released",
            Self::ReserveTopUp => "reserve_top_up",
            Self::ItemPaidZeroFee => "item_paid_zero_fee",
            Self::ItemPaidLow => "item_paid_low",
            Self::ItemPaidNormal => "item_paid_normal",
            Self::ItemPaidHigh => "item_paid_high",
            Self::ItemPaidSpecial => "item_paid_special",
            Self::CarvedOut => "carved_out",
            Self::Booked => "booked",
            Self::HeadBudget => "head_budget",
            Self::PaidElsewhere => "paid_elsewhere",
            Self::ChargedElsewhere => "charged_elsewhere",
            Self::PaidIneligible => "paid_ineligible",
            Self::PointsShare => "points_share",
            Self::StandardPaid => "standard_paid",
            Self::DayClearing => "day_clearing",
            Self::FloatingRescale => "floating_rescale",
            Self::Sharing => "sharing",
            Self::ValueDifference => "value_difference",
            Self::FundKept => "fund_kept",
            Self::SurplusReturned => "surplus_returned",
            Self::CapRedistributed => "cap_redistributed",
            Self::Assessment => "assessment",
            Self::OverspendShare => "overspend_share",
            Self::CompensationRest => "compensation_rest",
            Self::Violation => "violation",
            Self::Deduction => "deduction",
            Self::PerformanceBond => "performance_bond",
            Self::WorkingCapital => "working_capital",
            Self::MonthlyPayment => "monthly_payment",
            Self::RetentionReleased => "retention_released",
            Self::PriorYearRefund => "prior_year_refund",
        }
    }

    /// Lines between paid and balance, beside the pool's money (R27).
    pub const OF_BALANCE: [Self; 5] = [
        Self::PerformanceBond,
        Self::WorkingCapital,
        Self::MonthlyPayment,
        Self::RetentionReleased,
        Self::PriorYearRefund,
    ];

    /// Whether the line stands between paid and balance.
    #[must_use]
    pub fn is_of_balance(self) -> bool {
        Self::OF_BALANCE.contains(&self)
    }
}

/// What one case ends with: its class, how it is paid, and its pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Row of the case columns.
    pub row: usize,
    /// Its class.
    pub class: super::decide::CaseClass,
    /// The one rule that pays it.
    pub rule: super::segments::Rule,
    /// Whether the booked amount is paid.
    pub paid_as_booked: bool,
    /// Whether it is listed for expert review (A38).
    pub for_review: bool,
    /// Whether its class would be another at the standard as rescaled by the clearing; the class itself
    /// is fixed in the month (A08).
    pub differs_at_clearing: bool,
    /// Its points; 0 where it has none.
    pub points: Points,
    /// What of its pay is for lines carved out of its fee (A47).
    pub carved: Fen,
    /// Its part of the institution's entitlement. Parts sum to the entitlement (R27).
    pub pay: Fen,
}
