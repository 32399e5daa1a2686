//! Judges one case: its class, how it is paid, and its amount or points.
//!
//! The same function serves the pass over all cases and the explanation of a single one. Each case has
//! exactly one rule that pays it ([`Judgement::rule`]); lines carved out of its fee are paid besides
//! (A47).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use crate::policy::model::Class;
use crate::units::{divide_half_away, exact};

use super::cases::{Cases, UNGROUPED, flag};
use super::input::SpecialKind;
use super::segments::{Formula, Measure, Rule, Segments};
use super::tariff::{Denominator, Kind, Tariff};

/// One case, as far as its judgement needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseView {
    /// Row of the case columns.
    pub row: u32,
    /// Index into [`Cases::groups`], or [`UNGROUPED`].
    pub group: u32,
    /// Index into [`Cases::institutions`].
    pub institution: u32,
    /// Index into [`Cases::disciplines`]; [`u16::MAX`] where not known.
    pub discipline: u16,
    /// Index into [`Cases::auxiliaries`]; [`UNGROUPED`] where cases have no types.
    pub auxiliary: u32,
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
    /// Paid by the patient outside the catalog, in fen.
    pub self_paid_fen: i64,
    /// What the fund pays for lines carved out of the fee, in fen (A47).
    pub carved_fen: i64,
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
            row: u32::try_from(row).unwrap_or(u32::MAX),
            group: cases.group[row],
            institution: cases.institution[row],
            discipline: cases.discipline.get(row).copied().unwrap_or(u16::MAX),
            auxiliary: cases.auxiliary.get(row).copied().unwrap_or(UNGROUPED),
            insutype: cases.insutype[row],
            month: cases.month[row],
            fee_fen: cases.fee_fen[row],
            inscope_fen: cases.inscope_fen[row],
            fund_fen: cases.fund_fen[row],
            flags: cases.flags[row],
            days: cases.unit_days.get(row).copied().unwrap_or(0),
            self_paid_fen: cases.self_paid_fen.get(row).copied().unwrap_or(0),
            carved_fen: cases.carved_fen.get(row).copied().unwrap_or(0),
        }
    }
}

/// The amounts of a case that its pay is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) fee_fen: i64,
    pub(super) fund_fen: i64,
    pub(super) inscope_fen: i64,
    pub(super) carved_fen: i64,
    pub(super) days: u32,
    pub(super) insutype: usize,
}

impl CaseView {
    pub(super) fn amounts(&self) -> Amounts {
        Amounts {
            fee_fen: self.fee_fen,
            fund_fen: self.fund_fen,
            inscope_fen: self.inscope_fen,
            carved_fen: self.carved_fen,
            days: self.days,
            insutype: self.insutype.into(),
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
    /// Above the extreme line (A38).
    Extreme,
    /// Decided by experts (Z25, P08).
    Special,
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
            Self::Extreme => "extreme",
            Self::Special => "special",
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
    /// Experts decided points for it, but it is paid as booked or by standard.
    DecidedWithoutPoints,
}

/// What was decided about one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Its class.
    pub class: CaseClass,
    /// The one rule that pays it.
    pub rule: Rule,
    /// The segment it was tested to lie in, counted from 0; `None` where nothing was tested.
    pub band: Option<u8>,
    /// How it is paid.
    pub pay: Pay,
    /// What the fund pays besides for lines carved out of its fee, in fen (A47).
    pub carved: i64,
    /// Whether it is listed for expert review (A38).
    pub for_review: bool,
}

/// Judges one case (2.4, 5.4, R11, R17, R24).
///
/// First what experts decided, then fee 0, then what the segments of its kind say
/// ([`Tariff::segments`]).
#[must_use]
pub fn decide(tariff: &Tariff, case: &CaseView) -> Judgement {
    let segments = tariff.segments(&Kind::of(tariff, case));
    let amounts = case.amounts();
    match tariff.special_of(case.row) {
        Some(special) => decided(tariff, &segments, &amounts, special),
        None => judge(tariff, &segments, &amounts),
    }
}

/// A case that experts decided on.
fn decided(
    tariff: &Tariff,
    segments: &Segments,
    case: &Amounts,
    special: SpecialKind,
) -> Judgement {
    let judged = judge(tariff, segments, case);
    let by = |rule, pay| Judgement {
        class: CaseClass::Special,
        rule,
        band: None,
        pay,
        for_review: false,
        ..judged
    };
    match special {
        SpecialKind::Refused => judged,
        // Decided points are final; they hold for a fee of 0 too (R11).
        SpecialKind::Points(value) => by(Rule::Decided, points(tariff.rounded(&exact(value)))),
        // Fee 0 is paid as booked whatever was decided (R11).
        SpecialKind::Item | SpecialKind::Add(_) if case.fee_fen == 0 => judged,
        SpecialKind::Item => by(Rule::DecidedItem, Pay::Booked(tariff.rest(case))),
        SpecialKind::Add(value) => {
            let (_, segment) = segments.of(amount(segments.by, case));
            let pay = match &segment.pay {
                Formula::Points(line) => {
                    let sum = line.exact(amount(segments.by, case)) + exact(value);
                    points(tariff.rounded(&(sum + tariff.expert_points())))
                }
                Formula::Booked | Formula::Standard(_) => {
                    Pay::Refused(Refusal::DecidedWithoutPoints)
                }
                Formula::Refused(refusal) => Pay::Refused(*refusal),
            };
            Judgement { pay, ..judged }
        }
    }
}

/// A case without a decision of experts.
#[inline]
pub(super) fn judge(tariff: &Tariff, segments: &Segments, case: &Amounts) -> Judgement {
    let carved = if tariff.carves { case.carved_fen } else { 0 };
    if case.fee_fen == 0 {
        return Judgement {
            class: CaseClass::ZeroFee,
            rule: Rule::ZeroFee,
            band: None,
            pay: Pay::Booked(tariff.rest(case)),
            carved,
            for_review: false,
        };
    }
    let amount = amount(segments.by, case);
    let (at, segment) = segments.of(amount);
    let pay = match &segment.pay {
        Formula::Booked => Pay::Booked(tariff.rest(case)),
        Formula::Points(line) => points(line.points(amount)),
        Formula::Standard(price) => by_standard(tariff, *price, case),
        Formula::Refused(refusal) => Pay::Refused(*refusal),
    };
    let tested = segments.list.len() > 1;
    Judgement {
        class: segment.class,
        rule: segment.rule,
        band: tested.then(|| u8::try_from(at).unwrap_or(u8::MAX)),
        pay,
        carved,
        for_review: segment.for_review,
    }
}

/// The amount of a case that segments look at.
#[inline]
pub(super) fn amount(by: Measure, case: &Amounts) -> i64 {
    match by {
        Measure::Fee => case.fee_fen,
        Measure::InScope => case.inscope_fen,
        Measure::Fund => case.fund_fen,
        Measure::Days => case.days.into(),
    }
}

/// Numerator and denominator of the reimbursement ratio of a case (A16). Where lines are carved out,
/// both are of what is left (A47).
pub(super) fn reimbursement(tariff: &Tariff, case: &Amounts) -> (i128, i128) {
    let fund = tariff.rest(case).into();
    match &tariff.denominator {
        Denominator::Fee => (fund, case.fee_fen.into()),
        Denominator::InScope => (fund, case.inscope_fen.into()),
        Denominator::Area(sums) => sums[case.insutype],
    }
}

/// Price × reimbursement ratio, to the fen (Y20, A16, A46).
#[inline]
fn by_standard(tariff: &Tariff, price: i64, case: &Amounts) -> Pay {
    let (numerator, denominator) = reimbursement(tariff, case);
    if denominator == 0 {
        // Nothing to form a ratio of: by item, like a case without a fee (A53).
        return Pay::Booked(tariff.rest(case));
    }
    i128::from(price)
        .checked_mul(numerator)
        .and_then(|product| divide_half_away(product, denominator))
        .and_then(|fen| i64::try_from(fen).ok())
        .map_or(Pay::Refused(Refusal::OutOfRange), Pay::Standard)
}

/// Points in millionths, if they fit.
fn points(found: Option<i64>) -> Pay {
    found.map_or(Pay::Refused(Refusal::OutOfRange), Pay::Points)
}

impl Kind {
    /// The kind of a case.
    #[must_use]
    #[inline]
    pub fn of(tariff: &Tariff, case: &CaseView) -> Self {
        Self {
            group: case.group,
            month: case.month,
            institution: case.institution,
            discipline: case.discipline,
            auxiliary: case.auxiliary,
            flags: case.flags & Self::FLAGS,
            above_self_paid_limit: tariff.above_self_paid_limit(case.self_paid_fen, case.fee_fen),
        }
    }

    /// The flags that change what a case gets.
    pub(super) const FLAGS: u8 = flag::MERGED | flag::LATE | flag::UNUSABLE | flag::DAY_SURGERY;
}
