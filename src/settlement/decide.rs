//! Judges one case: its class, how it is paid, and its amount or points.
//!
//! The same function serves the pass over all cases and the explanation of a single one.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use crate::policy::model::{BandPay, Class, Compare, PayMethod};
use crate::units::divide_half_away;

use super::cases::{Cases, flag};
use super::tariff::{Denominator, PerUnit, Rate, Tariff};

/// One case, as far as its judgement needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseView {
    /// Index into [`Cases::groups`], or [`super::cases::UNGROUPED`].
    pub group: u32,
    /// Index into [`Cases::insutypes`].
    pub insutype: u8,
    /// 1 to 12.
    pub month: u8,
    /// Fee in fen.
    pub fee_fen: i64,
    /// In-scope amount in fen.
    pub inscope_fen: i64,
    /// Fund booked in fen.
    pub fund_fen: i64,
    /// Bits of [`flag`].
    pub flags: u8,
    /// Days, where it is paid by bed days.
    pub days: u32,
}

impl CaseView {
    /// The case in this row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    #[inline]
    pub fn of(cases: &Cases, row: usize) -> Self {
        Self {
            group: cases.group[row],
            insutype: cases.insutype[row],
            month: cases.month[row],
            fee_fen: cases.fee_fen[row],
            inscope_fen: cases.inscope_fen[row],
            fund_fen: cases.fund_fen[row],
            flags: cases.flags[row],
            days: cases.unit_days.get(row).copied().unwrap_or(0),
        }
    }
}

/// Class of a case; the first that applies, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseClass {
    /// Fee 0 (R11).
    ZeroFee,
    /// Paid by another unit than its group (J03, H14, R19).
    Unit,
    /// No group, none in the catalog, or one with published mean 0 (A41, R37).
    Ungrouped,
    /// Uploaded late (A23).
    Late,
    /// No fee lines or no diagnosis (R24).
    Unusable,
    /// In a low band (Y22).
    Low,
    /// Neither low nor high, or never tested.
    Normal,
    /// In a high band (Y23).
    High,
}

impl CaseClass {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ZeroFee => "zero_fee",
            Self::Unit => "unit",
            Self::Ungrouped => "ungrouped",
            Self::Late => "late",
            Self::Unusable => "unusable",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl From<Class> for CaseClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Low => Self::Low,
            Class::Normal => Self::Normal,
            Class::High => Self::High,
        }
    }
}

/// How a case is paid before pools, sharing and clearing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pay {
    /// The fund booked, in fen.
    Booked(i64),
    /// Standard × reimbursement ratio, in fen (Y20, A16).
    Standard(i64),
    /// Points in millionths.
    Points(i64),
    /// The policy or catalog cannot say; the settlement is refused.
    Refused(Refusal),
}

/// Why a case cannot be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No standard of its group is in force, to pay it or to draw lines at.
    NoPrice,
    /// No published mean to draw the group's lines at.
    NoReference,
    /// Its pay or points leave 64 bits.
    OutOfRange,
}

/// What was decided about one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Its class.
    pub class: CaseClass,
    /// Band of `[[deviation.band]]` it falls in; `None` when it was not tested.
    pub band: Option<u8>,
    /// How it is paid.
    pub pay: Pay,
}

/// Judges one case. First match wins (2.4, R11, R24):
///
/// 1. fee 0: paid as booked, no points;
/// 2. points only: a unit's fee, days or quota as points, no outlier test (1.4); without a group of the catalog, points by its fee (A41);
/// 3. standards only: late, then unusable: its (fallback) group's standard × ratio, no outlier
///    test;
/// 4. the first band whose upper end is not below the amount compared; a merged case in a band with
///    `except_merged` is normal and paid as its group (Y24).
///
/// # Panics
/// If group, month or insurance type are none of the tariff's.
#[must_use]
#[inline]
pub fn decide(tariff: &Tariff, case: &CaseView) -> Judgement {
    let tested = |class, band, pay| Judgement { class, band, pay };
    if case.fee_fen == 0 {
        return tested(CaseClass::ZeroFee, None, Pay::Booked(case.fund_fen));
    }
    let at = tariff.slot(case.group, case.month);
    let rate = &tariff.rates[at];
    if let Some(unit) = rate.unit {
        let pay = match unit {
            PerUnit::Fee => points(tariff.by_item.points(case.fee_fen)),
            PerUnit::Day(at) => points(tariff.by_day[at].points(case.days.into())),
            PerUnit::Case => Pay::Points(rate.value),
        };
        return tested(CaseClass::Unit, None, pay);
    }
    match tariff.method {
        PayMethod::Points if rate.ungrouped => {
            let pay = points(tariff.by_fee.points(case.fee_fen));
            return tested(CaseClass::Ungrouped, None, pay);
        }
        PayMethod::Standard if case.flags & (flag::LATE | flag::UNUSABLE) != 0 => {
            let late = case.flags & flag::LATE != 0;
            let class = if late { CaseClass::Late } else { CaseClass::Unusable };
            return tested(class, None, group_pay(tariff, rate, case));
        }
        _ => {}
    }
    if tariff.bands.is_empty() {
        return tested(CaseClass::Normal, None, group_pay(tariff, rate, case));
    }
    if !rate.referenced {
        return tested(CaseClass::Normal, None, Pay::Refused(tariff.unreferenced));
    }
    let amount = match tariff.compare {
        Compare::Fee => case.fee_fen,
        Compare::InScope => case.inscope_fen,
        Compare::Fund => case.fund_fen,
    };
    let (number, band) = tariff.band_of(at, amount);
    if band.except_merged && case.flags & flag::MERGED != 0 {
        return tested(CaseClass::Normal, Some(number), group_pay(tariff, rate, case));
    }
    let pay = match band.pay {
        BandPay::Item => Pay::Booked(case.fund_fen),
        BandPay::Group => group_pay(tariff, rate, case),
    };
    tested(band.class.into(), Some(number), pay)
}

/// What a normal case of the group gets.
#[inline]
fn group_pay(tariff: &Tariff, rate: &Rate, case: &CaseView) -> Pay {
    if !rate.valued {
        return Pay::Refused(Refusal::NoPrice);
    }
    if tariff.method == PayMethod::Points {
        return Pay::Points(rate.value);
    }
    let (numerator, denominator) = match &tariff.denominator {
        Denominator::Fee => (case.fund_fen.into(), case.fee_fen.into()),
        Denominator::InScope => (case.fund_fen.into(), case.inscope_fen.into()),
        Denominator::Area(sums) => sums[usize::from(case.insutype)],
    };
    if denominator == 0 {
        // Nothing to form a ratio of: by item, like a case without a fee (A53).
        return Pay::Booked(case.fund_fen);
    }
    i128::from(rate.value)
        .checked_mul(numerator)
        .and_then(|product| divide_half_away(product, denominator))
        .and_then(|fen| i64::try_from(fen).ok())
        .map_or(Pay::Refused(Refusal::OutOfRange), Pay::Standard)
}

/// Points in millionths, if they fit.
fn points(found: Option<i64>) -> Pay {
    found.map_or(Pay::Refused(Refusal::OutOfRange), Pay::Points)
}
