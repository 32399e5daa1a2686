//! Why an institution is paid another amount than before: the change of its pay between two settlements
//! divided over eight causes, to the fen (E21).
//!
//! Every cause is one input of the settlement. For each of the 2⁸ choices of old or new for every cause
//! the pay is known ([`Account::worth`]); the part of a cause is its Shapley value over them, the mean
//! of what swapping it changes over every order in which causes can be swapped. So the parts do not
//! depend on an order, sum to the change, and a change of one input alone belongs to its cause alone.
//!
//! What a cause swaps:
//!
//! - [`Cause::Volume`]: the number of cases of the institution; what they are like on average stays.
//! - [`Cause::CaseMix`]: what the cases are like on average: shares of groups, costs, booked money,
//!   months. An institution without cases in one of the years has the mix of the other.
//! - [`Cause::GroupDefinition`]: how rows become cases and cases groups. The same cases are judged in both
//!   groupings; values of the other side's groups come over by the crosswalk of these cases.
//! - [`Cause::Weights`]: points or prices of groups, and what stands in for them (ungrouped, units).
//! - [`Cause::Coefficients`]: what points are multiplied by: levels, bonuses, auxiliary types.
//! - [`Cause::BandRules`]: what low, high and otherwise deviating cases are paid. Lines drawn at the mean
//!   of a group follow its weight.
//! - [`Cause::PointValue`]: money per point before sharing, or the clearing factor of standards; with the
//!   fen that dividing a pool gives out.
//! - [`Cause::Sharing`]: everything between that and what is paid: sharing, caps, assessment, deductions,
//!   top-ups.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

mod account;
mod error;
mod mixture;
mod shapley;
mod tables;
#[cfg(test)]
pub(crate) mod tests;

pub use account::{Account, Settled, Worth};
pub use error::Error;
pub use mixture::{CaseSets, Side, accounts, same_definition};
pub use shapley::{shapley, to_fen};
pub use tables::{attribution_table, change_table};

use crate::units::Fen;

/// One of the inputs that two settlements can differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Number of cases.
    Volume,
    /// What cases are like on average.
    CaseMix,
    /// How rows become cases and groups.
    GroupDefinition,
    /// Points or prices of groups.
    Weights,
    /// What points are multiplied by.
    Coefficients,
    /// Pay of low, high and otherwise deviating cases.
    BandRules,
    /// Money per point, or the clearing factor.
    PointValue,
    /// Sharing, caps, assessment, deductions.
    Sharing,
}

impl Cause {
    /// All causes; their positions are the bits of a coalition.
    pub const ALL: [Self; 8] = [
        Self::Volume,
        Self::CaseMix,
        Self::GroupDefinition,
        Self::Weights,
        Self::Coefficients,
        Self::BandRules,
        Self::PointValue,
        Self::Sharing,
    ];

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::CaseMix => "case_mix",
            Self::GroupDefinition => "group_definition",
            Self::Weights => "weights",
            Self::Coefficients => "coefficients",
            Self::BandRules => "band_rules",
            Self::PointValue => "point_value",
            Self::Sharing => "sharing_and_caps",
        }
    }

    /// The word in Chinese.
    #[must_use]
    pub fn label_zh(self) -> &'static str {
        match self {
            Self::Volume => "服务量",
            Self::CaseMix => "病例结构",
            Self::GroupDefinition => "分组口径",
            Self::Weights => "病组分值",
            Self::Coefficients => "机构与辅助系数",
            Self::BandRules => "高低倍率规则",
            Self::PointValue => "点值",
            Self::Sharing => "分担、封顶与考核",
        }
    }

    /// The view it belongs to (E21).
    #[must_use]
    pub fn view(self) -> View {
        match self {
            Self::Volume | Self::CaseMix | Self::GroupDefinition => View::Structure,
            Self::Weights | Self::Coefficients | Self::PointValue => View::Price,
            Self::BandRules | Self::Sharing => View::Management,
        }
    }

    /// Whether a coalition has taken its new value.
    fn side(self, coalition: usize) -> usize {
        usize::from(coalition & (1 << self as usize) != 0)
    }
}

/// Three sums of causes that say the same in fewer words (E21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// Which and how many cases: volume, case mix, group definition.
    Structure,
    /// What they are worth: weights, coefficients, point value.
    Price,
    /// What the rules make of it: bands, sharing, caps, assessment.
    Management,
}

impl View {
    /// All views.
    pub const ALL: [Self; 3] = [Self::Structure, Self::Price, Self::Management];

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Price => "price",
            Self::Management => "management",
        }
    }

    /// The word in Chinese.
    #[must_use]
    pub fn label_zh(self) -> &'static str {
        match self {
            Self::Structure => "结构",
            Self::Price => "价格",
            Self::Management => "管理",
        }
    }
}

/// The change of one institution's pay and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `all`, or the insurance type where both settlements have such pools.
    pub pool: String,
    /// The institution.
    pub fixmedins_code: String,
    /// Paid by both settlements, the older first.
    pub paid: [Fen; 2],
    /// Parts in the order of [`Cause::ALL`]; they sum to the change.
    pub parts: [Fen; 8],
}

impl Change {
    /// Sum of the causes of a view.
    #[must_use]
    pub fn of_view(&self, view: View) -> Fen {
        let parts = Cause::ALL.iter().zip(self.parts).filter(|(cause, _)| cause.view() == view);
        Fen(parts.map(|(_, part)| part.0).fold(0, i64::saturating_add))
    }
}

/// The change of every institution, in the order of the accounts.
///
/// # Errors
/// [`Error::Amount`] beyond 64 bits.
pub fn attribute(accounts: &[Account]) -> Result<Vec<Change>, Error> {
    accounts.iter().map(Account::change).collect()
}
