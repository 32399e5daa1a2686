//! A number, a code or a word of an explanation, with its unit.

use num_bigint::BigInt;
use num_traits::{Signed as _, Zero as _};
use rust_decimal::Decimal;

use crate::table::fixed_text;
use crate::units::{Fen, Points, Ratio, exact, ratio, round_half_away};

/// Places shown of a fraction that no decimal holds.
const SHOWN: u32 = 10;

/// A number or a word of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A code or a name as it stands in the data.
    Text(String),
    /// A word with a label in both languages, for example a class.
    Word(&'static str),
    /// Money.
    Money(Fen),
    /// Exact yuan that need not be whole fen: a mean, a line, a share before it is rounded.
    Yuan(Ratio),
    /// Points.
    Points(Points),
    /// Points of many cases, or points before they are rounded.
    PointSum(Ratio),
    /// An exact fraction, for example an estimated coefficient.
    Ratio(Ratio),
    /// A decimal of the policy or the catalog.
    Decimal(Decimal),
    /// A number of days, cases or months.
    Count(u64),
    /// Several values that are summed.
    List(Vec<Self>),
}

impl Value {
    /// Yuan as published.
    #[must_use]
    pub fn yuan(yuan: Decimal) -> Self {
        Self::Yuan(exact(yuan))
    }

    /// Points of many cases, in millionths.
    #[must_use]
    pub fn millionths(points: i128) -> Self {
        Self::PointSum(ratio(points) / ratio(Points::PER_POINT))
    }

    /// The number, money in yuan; `None` for what is no single number.
    #[must_use]
    pub fn number(&self) -> Option<Ratio> {
        match self {
            Self::Money(fen) => Some(exact(fen.to_yuan())),
            Self::Points(points) => Some(points.to_ratio()),
            Self::Yuan(value) | Self::PointSum(value) | Self::Ratio(value) => Some(value.clone()),
            Self::Decimal(value) => Some(exact(*value)),
            Self::Count(count) => Some(ratio(*count)),
            Self::Text(_) | Self::Word(_) | Self::List(_) => None,
        }
    }

    /// The word that wants a label, if it is one.
    pub(super) fn word(&self) -> Option<&'static str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }

    /// Name of the unit, in JSON: `yuan`, `points`, `number`, `count`, `text`, `word` or `list`.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Money(_) | Self::Yuan(_) => "yuan",
            Self::Points(_) | Self::PointSum(_) => "points",
            Self::Ratio(_) | Self::Decimal(_) => "number",
            Self::Count(_) => "count",
            Self::Text(_) => "text",
            Self::Word(_) => "word",
            Self::List(_) => "list",
        }
    }

    /// The value as text without its unit; a word by its name.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Money(fen) => fen.to_string(),
            Self::Yuan(value) => decimal_text(value, 2),
            Self::Points(points) => decimal_text(&points.to_ratio(), 4),
            Self::PointSum(value) => decimal_text(value, 4),
            Self::Ratio(value) => decimal_text(value, 0),
            Self::Decimal(value) => value.normalize().to_string(),
            Self::Count(count) => count.to_string(),
            Self::Text(text) => text.clone(),
            Self::Word(word) => (*word).to_owned(),
            Self::List(values) => values.iter().map(Self::plain).collect::<Vec<_>>().join(" + "),
        }
    }
}

/// An exact number with at least `least` places: every place it has, or [`SHOWN`] of them and `…`.
fn decimal_text(value: &Ratio, least: u32) -> String {
    let holds = |places: u32| *value == Ratio::new(round_half_away(value, places), ten_to(places));
    let places = (least..=SHOWN).find(|places| holds(*places));
    // Without a last place the digits are cut, not rounded: `0.8181818181…`.
    let digits = match places {
        Some(places) => round_half_away(value, places),
        None => (value * Ratio::from(ten_to(SHOWN))).trunc().to_integer(),
    };
    let text = match i128::try_from(&digits) {
        Ok(digits) => fixed_text(digits, places.unwrap_or(SHOWN)),
        Err(_) => value.to_string(),
    };
    let sign = if digits.is_zero() && value.is_negative() { "-" } else { "" };
    let more = if places.is_some() { "" } else { "…" };
    format!("{sign}{text}{more}")
}

fn ten_to(places: u32) -> BigInt {
    BigInt::from(10u8).pow(places)
}
