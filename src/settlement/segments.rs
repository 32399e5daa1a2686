//! What cases of one kind get, by their amount: segments without a gap, each with its last amount.
//!
//! Every rule for low and high cases, the ungrouped and other units has this form: within a segment a
//! case is paid as booked, by standard, or has points that lie on a straight line of its amount. So one
//! evaluator serves the pass over all cases, one case with its explanation, and the audit of the lines.
//!
//! Lines are kept as whole numbers in 128 bits; where those do not do, as big whole numbers. Either way
//! points are exact until their one rounding (A46).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use num_bigint::BigInt;
use num_traits::{One as _, ToPrimitive as _};
use rust_decimal::Decimal;

use crate::units::{Points, Ratio, divide_half_away, exact, ratio, round_half_away};

use super::decide::{CaseClass, Refusal};

/// The segments of one kind of case, ascending and without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments {
    /// The amount that chooses the segment and, where points grow with it, makes the points.
    pub by: Measure,
    /// At least one; the last has no end.
    pub list: Vec<Segment>,
}

/// An amount of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Fee in fen.
    Fee,
    /// In-scope amount in fen.
    InScope,
    /// Fund booked in fen.
    Fund,
    /// Days (R19).
    Days,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The largest amount in it; [`i64::MAX`] in the last.
    pub end: i64,
    /// Class of its cases.
    pub class: CaseClass,
    /// The rule that pays them.
    pub rule: Rule,
    /// Whether they are listed for expert review (A38).
    pub for_review: bool,
    /// What they get.
    pub pay: Formula,
}

/// What the cases of a segment get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formula {
    /// The fund booked.
    Booked,
    /// This price in fen × reimbursement ratio (Y20, A16).
    Standard(i64),
    /// Points.
    Points(Line),
    /// The policy or catalog cannot say.
    Refused(Refusal),
}

/// The rule that pays a case, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Fee 0: as booked (R11).
    ZeroFee,
    /// Decided by experts: points (R17).
    Decided,
    /// Decided by experts: as booked (5.4).
    DecidedItem,
    /// Another unit than a group (J03).
    Unit,
    /// Without a group: factor × fee ÷ base mean × scale (A41).
    Ungrouped,
    /// Without a group: no points (A41).
    UngroupedNone,
    /// Without a group: as booked (A41).
    UngroupedItem,
    /// Without a group: the points of the lowest group (A41).
    UngroupedLowest,
    /// The points or the standard of the group.
    Group,
    /// A band that is paid as booked.
    Item,
    /// Low: points × r (A37).
    LowRatio,
    /// High: points × (r − line + 1), or + k inside (A37, R39).
    HighExcess,
    /// High: the points of the group, listed for review (6.4, DIP3).
    HighReview,
    /// Extreme: points of r at the line until decided (A38).
    ExtremeReview,
    /// Extreme: points × k (R39).
    ExtremeCoefficient,
    /// Extreme: as booked (A38).
    ExtremeItem,
    /// Low: fee ÷ M × scale (5.3, `PointsNoFactor`).
    LowNoFactor,
    /// Low: as booked (5.3, `ByActual`).
    LowActual,
    /// High: points + (r − K) × base points (5.3).
    LinearAdd,
    /// High: (fee ÷ M − (K − 1) × weight × k) × scale (5.3).
    Deduct,
    /// High: K × points (5.3).
    Cap,
}

impl Rule {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ZeroFee => "zero_fee",
            Self::Decided => "decided",
            Self::DecidedItem => "decided_item",
            Self::Unit => "unit",
            Self::Ungrouped => "ungrouped",
            Self::UngroupedNone => "ungrouped_none",
            Self::UngroupedItem => "ungrouped_item",
            Self::UngroupedLowest => "ungrouped_lowest",
            Self::Group => "group",
            Self::Item => "item",
            Self::LowRatio => "low_ratio",
            Self::HighExcess => "high_excess",
            Self::HighReview => "high_review",
            Self::ExtremeReview => "extreme_review",
            Self::ExtremeCoefficient => "extreme_coefficient",
            Self::ExtremeItem => "extreme_item",
            Self::LowNoFactor => "low_no_factor",
            Self::LowActual => "low_actual",
            Self::LinearAdd => "linear_add",
            Self::Deduct => "deduct",
            Self::Cap => "cap",
        }
    }
}

impl Segments {
    /// One segment for every amount.
    #[must_use]
    pub(super) fn one(by: Measure, class: CaseClass, rule: Rule, pay: Formula) -> Self {
        let segment = Segment { end: i64::MAX, class, rule, for_review: false, pay };
        Self { by, list: vec![segment] }
    }

    /// The segment an amount falls in, with its position: the first whose end is not below it.
    #[must_use]
    #[inline]
    pub fn of(&self, amount: i64) -> (usize, &Segment) {
        let last = self.list.len().saturating_sub(1);
        let at = self.list.iter().position(|segment| amount <= segment.end).unwrap_or(last);
        (at, &self.list[at])
    }
}

/// A number by which points are multiplied or divided, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Factor {
    /// Numerator ÷ denominator, the latter above 0; not reduced.
    Small(i128, i128),
    /// Beyond 128 bits.
    Big(Box<Ratio>),
}

impl Factor {
    /// A whole number.
    pub(super) const fn whole(value: i128) -> Self {
        Self::Small(value, 1)
    }

    /// A decimal of a policy or catalog.
    pub(super) fn decimal(value: Decimal) -> Self {
        match 10i128.checked_pow(value.scale()) {
            Some(denominator) => Self::Small(value.mantissa(), denominator),
            None => Self::from(exact(value)),
        }
    }

    pub(super) fn exact(&self) -> Ratio {
        match self {
            Self::Small(numerator, denominator) => {
                Ratio::new(BigInt::from(*numerator), BigInt::from(*denominator))
            }
            Self::Big(exact) => exact.as_ref().clone(),
        }
    }

    fn small(&self) -> Option<(i128, i128)> {
        match self {
            Self::Small(numerator, denominator) => Some((*numerator, *denominator)),
            Self::Big(_) => None,
        }
    }

    /// `self − other`.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let small = || {
            let ((a, b), (c, d)) = (self.small()?, other.small()?);
            let numerator = a.checked_mul(d)?.checked_sub(c.checked_mul(b)?)?;
            Some(Self::Small(numerator, b.checked_mul(d)?))
        };
        small().unwrap_or_else(|| Self::from(self.exact() - other.exact()))
    }

    /// `self × other`.
    pub(super) fn times(&self, other: &Self) -> Self {
        let small = || {
            let ((a, b), (c, d)) = (self.small()?, other.small()?);
            Some(Self::Small(a.checked_mul(c)?, b.checked_mul(d)?))
        };
        small().unwrap_or_else(|| Self::from(self.exact() * other.exact()))
    }

    /// `1 ÷ self`; `None` unless above 0.
    pub(super) fn inverse(&self) -> Option<Self> {
        match self {
            Self::Small(numerator, denominator) => {
                (*numerator > 0).then_some(Self::Small(*denominator, *numerator))
            }
            Self::Big(exact) => {
                (**exact > ratio(0)).then(|| Self::from(Ratio::one() / exact.as_ref()))
            }
        }
    }

    /// Whether it is above 0.
    pub(super) fn is_positive(&self) -> bool {
        match self {
            Self::Small(numerator, _) => *numerator > 0,
            Self::Big(exact) => **exact > ratio(0),
        }
    }

    /// The largest whole amount that is at most `self × reference`, or, where the line itself does not
    /// belong to the lower side, below it.
    pub(super) fn end(&self, reference: &Self, inclusive: bool) -> i64 {
        let line = self.times(reference);
        let whole = match &line {
            Self::Small(numerator, denominator) => {
                let floor = numerator.div_euclid(*denominator);
                let is_whole = numerator.rem_euclid(*denominator) == 0;
                BigInt::from(if is_whole && !inclusive { floor.saturating_sub(1) } else { floor })
            }
            Self::Big(exact) if inclusive => exact.floor().to_integer(),
            Self::Big(exact) => (exact.ceil() - ratio(1)).to_integer(),
        };
        let beyond = if whole < BigInt::from(0) { i64::MIN } else { i64::MAX };
        whole.to_i64().unwrap_or(beyond)
    }
}

impl From<Ratio> for Factor {
    fn from(value: Ratio) -> Self {
        match (value.numer().to_i128(), value.denom().to_i128()) {
            (Some(numerator), Some(denominator)) => Self::Small(numerator, denominator),
            _ => Self::Big(Box::new(value)),
        }
    }
}

/// Points of an amount: round((start + slope × amount) ÷ divisor) in units of the last published place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    form: Form,
    /// Millionths of a point in the last published place.
    unit: i64,
    /// The points, where they do not depend on the amount.
    fixed: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Small { start: i128, slope: i128, divisor: i128 },
    Big(Box<[BigInt; 3]>),
}

impl Line {
    /// The product of `factors` × (`start` + `slope` × amount), rounded to `places`, at most
    /// [`Points::PLACES`].
    pub(super) fn new(places: u32, factors: &[&Factor], start: &Factor, slope: &Factor) -> Self {
        let places = places.min(Points::PLACES);
        let power = |places: u32| 10i64.saturating_pow(places);
        let shift = i128::from(power(places));
        let form = small(shift, factors, start, slope)
            .unwrap_or_else(|| big(shift, factors, start, slope));
        let unit = power(Points::PLACES.saturating_sub(places));
        let mut line = Self { form, unit, fixed: None };
        if !line.depends() {
            line.fixed = line.points(0);
        }
        line
    }

    /// Points as they are published.
    pub(super) fn published(points: Points) -> Self {
        let form = Form::Small { start: points.0.into(), slope: 0, divisor: 1 };
        Self { form, unit: 1, fixed: Some(points.0) }
    }

    /// Whether the points depend on the amount.
    #[must_use]
    pub fn depends(&self) -> bool {
        match &self.form {
            Form::Small { slope, .. } => *slope != 0,
            Form::Big(whole) => whole[1] != BigInt::from(0),
        }
    }

    /// Points in millionths of an amount; `None` beyond 64 bits.
    #[must_use]
    #[inline]
    pub fn points(&self, amount: i64) -> Option<i64> {
        if self.fixed.is_some() {
            return self.fixed;
        }
        let small = |start: i128, slope: i128, divisor: i128| {
            let numerator = slope.checked_mul(amount.into())?.checked_add(start)?;
            divide_half_away(numerator, divisor)
        };
        let units = match &self.form {
            Form::Small { start, slope, divisor } => small(*start, *slope, *divisor),
            Form::Big(_) => None,
        };
        match units {
            Some(units) => {
                units.checked_mul(self.unit.into()).and_then(|points| i64::try_from(points).ok())
            }
            None => round_half_away(&self.units(amount), 0)
                .to_i64()
                .and_then(|units| units.checked_mul(self.unit)),
        }
    }

    /// Exact points of an amount, before rounding.
    #[must_use]
    pub fn exact(&self, amount: i64) -> Ratio {
        self.units(amount) * ratio(self.unit) / ratio(Points::PER_POINT)
    }

    /// Exact units of the last published place.
    #[expect(clippy::arithmetic_side_effects, reason = "big whole numbers do not overflow")]
    fn units(&self, amount: i64) -> Ratio {
        let [start, slope, divisor] = match &self.form {
            Form::Small { start, slope, divisor } => {
                [BigInt::from(*start), BigInt::from(*slope), BigInt::from(*divisor)]
            }
            Form::Big(whole) => whole.as_ref().clone(),
        };
        Ratio::new(start + slope * BigInt::from(amount), divisor)
    }
}

/// The line in 128 bits, where it fits.
fn small(shift: i128, factors: &[&Factor], start: &Factor, slope: &Factor) -> Option<Form> {
    let (mut numerator, mut denominator) = (shift, 1i128);
    for factor in factors {
        let (above, below) = factor.small()?;
        numerator = numerator.checked_mul(above)?;
        denominator = denominator.checked_mul(below)?;
    }
    let ((start, start_below), (slope, slope_below)) = (start.small()?, slope.small()?);
    Some(Form::Small {
        start: numerator.checked_mul(start)?.checked_mul(slope_below)?,
        slope: numerator.checked_mul(slope)?.checked_mul(start_below)?,
        divisor: denominator.checked_mul(start_below)?.checked_mul(slope_below)?,
    })
}

/// The line in big whole numbers.
#[expect(clippy::arithmetic_side_effects, reason = "big whole numbers do not overflow")]
fn big(shift: i128, factors: &[&Factor], start: &Factor, slope: &Factor) -> Form {
    let product = factors.iter().fold(ratio(shift), |all, factor| all * factor.exact());
    let (start, slope) = (&product * start.exact(), product * slope.exact());
    Form::Big(Box::new([
        start.numer() * slope.denom(),
        slope.numer() * start.denom(),
        start.denom() * slope.denom(),
    ]))
}
