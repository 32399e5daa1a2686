//! Money, points and exact fractions: the only places where numbers are rounded or divided.
//!
//! Money is a whole number of fen ([`Fen`]), points a whole number of millionths ([`Points`]).
//! Whatever lies between (a mean, a ratio, a weight) is an exact [`Ratio`] and becomes a number
//! with places only through [`round_half_away`]. A pool is divided only by [`allocate`].
//!
//! ```
//! use dianshu::units::{allocate, Fen};
//! // 1 600.00 yuan by 466.6668 and 333.3334 points: the fen left goes to the larger remainder.
//! let shares = allocate(Fen(160_000), &[4_666_668, 3_333_334], &["X", "Y"]).unwrap();
//! assert_eq!(shares, [Fen(93_333), Fen(66_667)]);
//! ```
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;

use crate::explain::{Explain, Kind};

/// Bytes as lower-case hexadecimal digits, as digests are printed.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// An exact fraction of whole numbers.
pub type Ratio = BigRational;

/// Whole fen (0.01 yuan).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fen(pub i64);

/// Whole millionths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Points(pub i64);

impl Points {
    /// Millionths in one point.
    pub const PER_POINT: i64 = 1_000_000;
    /// Decimal places a point can carry.
    pub const PLACES: u32 = 6;

    /// The nearest points to `value` at `places` decimals (half away from zero); `None` if out of
    /// range.
    #[must_use]
    pub fn from_ratio(value: &Ratio, places: u32) -> Option<Self> {
        let rounded = round_half_away(value, places.min(Self::PLACES));
        (Ratio::from(rounded) * ratio(Self::PER_POINT) / power_of_ten(places.min(Self::PLACES)))
            .to_integer()
            .to_i64()
            .map(Self)
    }

    /// The exact value in points.
    #[must_use]
    pub fn to_ratio(self) -> Ratio {
        ratio(self.0) / ratio(Self::PER_POINT)
    }

    /// The value in points as a decimal with six places.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, Self::PLACES)
    }
}

/// Why an amount or an allocation cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a yuan amount with at most two places.
    #[error("`{0}` is not an amount in yuan with at most two decimal places")]
    NotYuan(String),
    /// Money to divide, but nobody has points (`zero_points`, A53).
    #[error("{pool} yuan are to be divided, but no share has any weight")]
    ZeroPoints {
        /// The money, in yuan.
        pool: Fen,
    },
    /// A negative weight.
    #[error("weight {weight} of `{code}` is negative")]
    NegativeWeight {
        /// The member's code.
        code: String,
        /// Its weight.
        weight: i128,
    },
    /// A sum left the range of 64-bit fen.
    #[error("an amount is beyond ±92 quadrillion yuan")]
    Overflow,
}

impl Explain for UnitError {
    fn kind(&self) -> Kind {
        Kind::Input
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Decimal::new(self.0, 2), f)
    }
}

impl FromStr for Fen {
    type Err = UnitError;

    /// Reads yuan such as `947`, `947.5` or `-0.01`; a third decimal place is an error unless it is
    /// zero.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || UnitError::NotYuan(text.to_owned());
        let yuan = Decimal::from_str_exact(text.trim()).map_err(|_| wrong())?;
        Self::from_yuan(yuan).ok_or_else(wrong)
    }
}

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole fen of a yuan amount; `None` if it has more than two places or is out of range.
    #[must_use]
    pub fn from_yuan(yuan: Decimal) -> Option<Self> {
        let fen = yuan.checked_mul(Decimal::ONE_HUNDRED)?;
        fen.fract().is_zero().then(|| fen.to_i64().map(Self)).flatten()
    }

    /// The amount in yuan.
    #[must_use]
    pub fn to_yuan(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// The nearest fen to an exact amount **in fen** (half away from zero).
    ///
    /// # Errors
    /// [`UnitError::Overflow`] beyond 64 bits.
    pub fn nearest(fen: &Ratio) -> Result<Self, UnitError> {
        round_half_away(fen, 0).to_i64().map(Self).ok_or(UnitError::Overflow)
    }

    /// The largest whole fen not above an exact amount **in fen** (used by the surplus cap, A21).
    ///
    /// # Errors
    /// [`UnitError::Overflow`] beyond 64 bits.
    pub fn floor(fen: &Ratio) -> Result<Self, UnitError> {
        fen.floor().to_integer().to_i64().map(Self).ok_or(UnitError::Overflow)
    }

    /// The exact amount in fen.
    #[must_use]
    pub fn to_ratio(self) -> Ratio {
        ratio(self.0)
    }

    /// Sum of many amounts.
    ///
    /// # Errors
    /// [`UnitError::Overflow`] beyond 64 bits.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Result<Self, UnitError> {
        let total: i128 = parts.into_iter().map(|part| i128::from(part.0)).sum();
        i64::try_from(total).map(Self).map_err(|_| UnitError::Overflow)
    }
}

/// A whole number as a fraction.
#[must_use]
pub fn ratio(value: impl Into<BigInt>) -> Ratio {
    Ratio::from(value.into())
}

/// `numerator ÷ denominator`, exact; `None` when the denominator is 0.
#[must_use]
pub fn fraction(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> Option<Ratio> {
    let denominator = denominator.into();
    (!denominator.is_zero()).then(|| Ratio::new(numerator.into(), denominator))
}

/// A decimal as an exact fraction.
#[must_use]
pub fn exact(value: Decimal) -> Ratio {
    Ratio::new(BigInt::from(value.mantissa()), BigInt::from(10u8).pow(value.scale()))
}

fn power_of_ten(places: u32) -> Ratio {
    Ratio::from(BigInt::from(10u8).pow(places))
}

/// `value × 10^places` as the nearest whole number, halves away from zero (12.0, A46).
///
/// `2.5 → 3`, `-2.5 → -3`, `2.4999 → 2` at 0 places.
#[must_use]
pub fn round_half_away(value: &Ratio, places: u32) -> BigInt {
    let scaled = value * power_of_ten(places);
    let half = Ratio::new(BigInt::from(1u8), BigInt::from(2u8));
    if scaled.is_negative() {
        (scaled - half).ceil().to_integer()
    } else {
        (scaled + half).floor().to_integer()
    }
}

/// `numerator ÷ denominator` as the nearest whole number, halves away from zero:
/// [`round_half_away`] for one case of many, without big numbers. `None` when the denominator is 0
/// or the result leaves 128 bits.
///
/// `5 ÷ 2 → 3`, `-5 ÷ 2 → -3`, `5 ÷ -2 → -3`, `1 ÷ 3 → 0`.
#[must_use]
pub fn divide_half_away(numerator: i128, denominator: i128) -> Option<i128> {
    // A 64-bit division is many times faster, and nearly every case fits.
    let (quotient, rest) = match (i64::try_from(numerator), i64::try_from(denominator)) {
        (Ok(small), Ok(divisor)) if divisor > 0 => {
            (i128::from(small.checked_div(divisor)?), i128::from(small.checked_rem(divisor)?))
        }
        _ => (numerator.checked_div(denominator)?, numerator.checked_rem(denominator)?),
    };
    let (rest, divisor) = (rest.unsigned_abs(), denominator.unsigned_abs());
    // rest ≥ divisor ÷ 2, written so that nothing can overflow.
    if rest >= divisor.checked_sub(rest)? {
        let same_sign = (numerator < 0) == (denominator < 0);
        return quotient.checked_add(if same_sign { 1 } else { -1 });
    }
    Some(quotient)
}

/// `value` rounded half away from zero to `places` decimals; `None` beyond 28 digits.
#[must_use]
pub fn to_decimal(value: &Ratio, places: u32) -> Option<Decimal> {
    let whole = round_half_away(value, places).to_i128()?;
    Decimal::try_from_i128_with_scale(whole, places).ok()
}

/// Divides `pool` by `weights` without losing or inventing a fen.
///
/// Each share is `pool × weight ÷ Σ weight`, floored; the fen left over go one each to the largest
/// fractional parts, ties by code ascending, bytewise (12.0). A negative pool is divided by its
/// absolute value, then negated. A zero pool gives zeros, whatever the weights.
///
/// # Errors
/// [`UnitError::ZeroPoints`] if there is money but no weight, [`UnitError::NegativeWeight`], and
/// [`UnitError::Overflow`] where `pool × weight` leaves 128 bits.
pub fn allocate<C: AsRef<str>>(
    pool: Fen,
    weights: &[i128],
    codes: &[C],
) -> Result<Vec<Fen>, UnitError> {
    assert_eq!(weights.len(), codes.len(), "one code for each weight");
    let code = |at: usize| codes[at].as_ref();
    allocate_by(pool, weights, code, |a, b| code(a).as_bytes().cmp(code(b).as_bytes()))
}

/// [`allocate`] where the codes already ascend: a tie goes to the one that stands first.
///
/// # Errors
/// As [`allocate`].
pub fn allocate_in_order<'a>(
    pool: Fen,
    weights: &[i128],
    code: impl Fn(usize) -> &'a str,
) -> Result<Vec<Fen>, UnitError> {
    allocate_by(pool, weights, code, |_, _| Ordering::Equal)
}

fn allocate_by<'a>(
    pool: Fen,
    weights: &[i128],
    code: impl Fn(usize) -> &'a str,
    tie: impl Fn(usize, usize) -> Ordering,
) -> Result<Vec<Fen>, UnitError> {
    if let Some(at) = weights.iter().position(|weight| *weight < 0) {
        return Err(UnitError::NegativeWeight { code: code(at).to_owned(), weight: weights[at] });
    }
    if pool.0 == 0 {
        return Ok(vec![Fen::ZERO; weights.len()]);
    }
    let total = weights
        .iter()
        .try_fold(0i128, |sum, weight| sum.checked_add(*weight))
        .ok_or(UnitError::Overflow)?;
    if total == 0 {
        return Err(UnitError::ZeroPoints { pool });
    }
    let money = i128::from(pool.0).checked_abs().ok_or(UnitError::Overflow)?;
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut given = 0i128;
    for weight in weights {
        let product = money.checked_mul(*weight).ok_or(UnitError::Overflow)?;
        let share = product.checked_div(total).ok_or(UnitError::Overflow)?;
        // Dividing wide numbers is what takes time here: the remainder is had without.
        let divided = share.checked_mul(total).ok_or(UnitError::Overflow)?;
        remainders.push(product.checked_sub(divided).ok_or(UnitError::Overflow)?);
        given = given.checked_add(share).ok_or(UnitError::Overflow)?;
        shares.push(share);
    }
    let left = usize::try_from(money.checked_sub(given).ok_or(UnitError::Overflow)?)
        .map_err(|_| UnitError::Overflow)?;
    // The largest remainders, ties by code; only who they are matters, not their order.
    let before = |a: &usize, b: &usize| {
        remainders[*b].cmp(&remainders[*a]).then_with(|| tie(*a, *b)).then_with(|| a.cmp(b))
    };
    let mut order: Vec<usize> = (0..weights.len()).collect();
    if left < order.len() {
        order.select_nth_unstable_by(left, before);
    }
    for at in order.into_iter().take(left) {
        shares[at] = shares[at].checked_add(1).ok_or(UnitError::Overflow)?;
    }
    let sign = if pool.0 < 0 { -1i128 } else { 1 };
    let result: Vec<Fen> = shares
        .into_iter()
        .map(|share| {
            share
                .checked_mul(sign)
                .and_then(|fen| i64::try_from(fen).ok())
                .map(Fen)
                .ok_or(UnitError::Overflow)
        })
        .collect::<Result<_, _>>()?;
    assert_eq!(Fen::sum(result.iter().copied())?, pool, "an allocation gives out exactly its pool");
    Ok(result)
}

#[cfg(test)]
mod tests;
