//! The n-th root of a product, by binary logarithms that are whole numbers.
//!
//! A logarithm is a whole number of 2⁻⁵⁷, at most four of these away from the true one, so that sums
//! do not depend on any order, and the mean of n logarithms is as near. A geometric mean up to
//! 10 million yuan is therefore right to the ninth decimal place of a yuan; it is carried with nine
//! places of a fen. No float takes part: every machine finds the same.

use std::sync::LazyLock;

use num_bigint::BigInt;

use crate::units::{Ratio, fraction, ratio, round_half_away};

/// Binary places of a logarithm.
const PLACES: u32 = 57;
/// Decimal places of a geometric mean in fen.
const FEN_PLACES: u32 = 9;
/// Binary places of what a logarithm is worth.
const POWER_PLACES: u32 = 128;
/// 2 ÷ ln 2, in units of 2⁻⁶⁰.
const TWO_BY_LN_2: i128 = 3_326_628_274_461_080_623;

/// Logarithms of the middles of 128 equal parts of 1 … 2.
static MIDDLES: LazyLock<[i64; 128]> =
    LazyLock::new(|| std::array::from_fn(|part| by_squares(middle(part as u64))));

/// 2^½, 2^¼, … 2^(2⁻⁶⁴), in units of 2⁻¹²⁸.
static ROOTS: LazyLock<Vec<BigInt>> = LazyLock::new(|| {
    let one = BigInt::from(1u8) << POWER_PLACES;
    let mut roots = Vec::with_capacity(64);
    let mut root: BigInt = one << 1u32;
    for _ in 0..64 {
        root = (root << POWER_PLACES).sqrt();
        roots.push(root.clone());
    }
    roots
});

/// The middle of a part of 1 … 2, in units of 2⁻⁶³.
fn middle(part: u64) -> u64 {
    (1 << 63) | (part << 56) | (1 << 55)
}

/// log₂ of 1 … 2, given in units of 2⁻⁶³: a place for every squaring that passes 2.
fn by_squares(value: u64) -> i64 {
    let mut value = u128::from(value);
    let mut places = 0i64;
    for _ in 0..PLACES {
        value = (value * value) >> 63;
        places <<= 1;
        if value >> 64 != 0 {
            value >>= 1;
            places |= 1;
        }
    }
    places
}

/// log₂ of a whole number above 0, in units of 2⁻⁵⁷.
///
/// With c the middle of the part the number lies in: log x = log c + log (x ÷ c), and
/// ln (x ÷ c) = 2·(z + z³/3 + z⁵/5 + z⁷/7 …) for z = (x − c) ÷ (x + c), which is below 2⁻⁹.
#[expect(clippy::integer_division, reason = "fixed-point arithmetic with a stated error")]
pub(super) fn log2(value: u64) -> i64 {
    let shift = value.leading_zeros().min(63);
    let value = value << shift;
    let part = (value >> 56) & 127;
    let (x, c) = (i128::from(value), i128::from(middle(part)));
    let z = ((x - c) << 64) / (x + c);
    let square = (z * z) >> 64;
    let mut power = z;
    let mut series = z;
    for divisor in [3, 5, 7] {
        power = (power * square) >> 64;
        series += power / divisor;
    }
    // Fits: the series is below 2⁵⁶, its factor below 2⁶².
    let beside = i64::try_from((series * TWO_BY_LN_2) >> (64 + 60 - PLACES)).unwrap_or_default();
    let whole = i64::from(63 - shift) << PLACES;
    whole + MIDDLES[usize::try_from(part).unwrap_or_default()] + beside
}

/// The number whose logarithm is `sum ÷ count` (in units of 2⁻⁵⁷), in fen; `None` for no count.
pub(super) fn mean(sum: i128, count: u64) -> Option<Ratio> {
    let logarithm = fraction(BigInt::from(sum) << (64 - PLACES), count)?;
    let logarithm = round_half_away(&logarithm, 0);
    let whole = &logarithm >> 64u32;
    let places = u64::try_from(&logarithm - (&whole << 64u32)).unwrap_or_default();
    let mut power = BigInt::from(1u8) << POWER_PLACES;
    for (at, root) in ROOTS.iter().enumerate() {
        if places >> (63 - at) & 1 == 1 {
            power = (power * root) >> POWER_PLACES;
        }
    }
    // A logarithm of a 64-bit number is below 64.
    let power = power << u32::try_from(whole).unwrap_or_default();
    let value = fraction(power, BigInt::from(1u8) << POWER_PLACES)?;
    let unit = BigInt::from(10u8).pow(FEN_PLACES);
    Some(ratio(round_half_away(&value, FEN_PLACES)) / ratio(unit))
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::{any, proptest};
    use proptest::prop_assert;

    use super::{PLACES, log2, mean};
    use crate::units::{Ratio, fraction, ratio};

    #[test]
    fn powers_of_two_have_whole_logarithms() {
        for power in 0..63 {
            let wrong = log2(1 << power) - (power << PLACES);
            assert!(wrong.abs() <= 4, "2^{power}: {wrong}");
        }
    }

    // shows: A40
    #[test]
    fn roots_of_small_products_are_what_they_are_by_hand() {
        // √(1 · 100) = 10, ∛(1 · 10 · 100) = 10, √(2 · 8) = 4; of equal fees each fee.
        for (fees, root) in
            [(&[1u64, 100][..], 10u64), (&[1, 10, 100], 10), (&[2, 8], 4), (&[94_700; 5], 94_700)]
        {
            let sum = fees.iter().map(|fee| i128::from(log2(*fee))).sum();
            assert_eq!(mean(sum, fees.len() as u64), Some(ratio(root)), "{fees:?}");
        }
        assert_eq!(mean(0, 0), None);
    }

    fn power(value: &Ratio, exponent: usize) -> Ratio {
        (0..exponent).fold(ratio(1), |product, _| product * value)
    }

    proptest! {
        /// The n-th power of what is 2 places of 10⁻⁹ less or more lies on either side of the
        /// product, which is exact.
        #[test]
        fn the_root_lies_where_its_power_says(
            fees in proptest::collection::vec(1u64..1_000_000_000, 1..12),
        ) {
            let sum = fees.iter().map(|fee| i128::from(log2(*fee))).sum();
            let root = mean(sum, fees.len() as u64).unwrap();
            let product = ratio(fees.iter().map(|fee| BigInt::from(*fee)).product::<BigInt>());
            let step = fraction(1, 100_000_000).unwrap();
            prop_assert!(power(&(&root - &step), fees.len()) < product);
            prop_assert!(power(&(&root + &step), fees.len()) > product);
        }

        #[test]
        fn logarithms_grow_with_their_numbers(value in any::<u64>()) {
            let value = value.clamp(1, u64::MAX - 1);
            prop_assert!(log2(value) <= log2(value + 1) + 4);
        }
    }
}
