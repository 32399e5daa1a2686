//! The geometric median of a few points in the plane (6.5): the smallest sum of distances.
//!
//! Worked in whole numbers of 10⁻⁹, so that every machine finds the same; a printed median of four
//! places is right.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use crate::units::{Ratio, ratio, round_half_away};

/// One institution: fee per point and production cost per point, in yuan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub(super) value: Ratio,
    pub(super) cost: Ratio,
}

/// Decimal places of the coordinates worked with.
const PLACES: u32 = 9;

/// Decimal places of a weight 1 ÷ distance.
const WEIGHT_PLACES: u32 = 40;

/// Steps after which the last one stands.
const STEPS: usize = 5000;

type Pair = [BigInt; 2];

/// The geometric median; `None` without points. Where several points of a line are as good, it is the
/// first of the given ones that is, by value and cost.
pub(super) fn median(spots: &[Spot]) -> Option<Spot> {
    let mut pairs: Vec<Pair> = spots
        .iter()
        .map(|spot| [&spot.value, &spot.cost].map(|part| round_half_away(part, PLACES)))
        .collect();
    pairs.sort();
    let middle = pairs.iter().find(|own| is_median(own, &pairs)).cloned();
    let [value, cost] = match middle {
        Some(middle) => middle,
        None => descend(&pairs)?,
    };
    let unit = ratio(BigInt::from(10u8).pow(PLACES));
    Some(Spot { value: Ratio::from(value) / &unit, cost: Ratio::from(cost) / unit })
}

fn minus(one: &Pair, two: &Pair) -> Pair {
    [&one[0] - &two[0], &one[1] - &two[1]]
}

/// Its length × 10^places, rounded down.
fn length([x, y]: &Pair, places: u32) -> BigInt {
    let square = x * x + y * y;
    (square * BigInt::from(100u8).pow(places)).sqrt()
}

/// Whether a given point is a median: the pull of the others, each of length 1, is not stronger than the
/// points that lie on it (Weber).
fn is_median(own: &Pair, pairs: &[Pair]) -> bool {
    let unit = BigInt::from(10u8).pow(WEIGHT_PLACES);
    let (mut pull, mut here) = ([BigInt::zero(), BigInt::zero()], 0u32);
    for pair in pairs {
        let gap = minus(pair, own);
        if gap.iter().all(Zero::is_zero) {
            here += 1;
            continue;
        }
        let length = length(&gap, PLACES);
        for (sum, part) in pull.iter_mut().zip(&gap) {
            *sum += part * &unit * BigInt::from(10u8).pow(PLACES) / &length;
        }
    }
    // A pull of exactly the weight is a tie; the last places are what divisions leave.
    let slack = &unit / BigInt::from(10u8).pow(12);
    length(&pull, 0) <= unit * here + slack
}

/// Weiszfeld's steps from the mean, where no given point is the median.
fn descend(pairs: &[Pair]) -> Option<Pair> {
    let count = BigInt::from(pairs.len());
    if count.is_zero() {
        return None;
    }
    let mean = |part: usize| pairs.iter().map(|pair| &pair[part]).sum::<BigInt>() / &count;
    let mut here = [mean(0), mean(1)];
    let unit = BigInt::from(10u8).pow(WEIGHT_PLACES);
    for _ in 0..STEPS {
        let (mut sums, mut weights) = ([BigInt::zero(), BigInt::zero()], BigInt::zero());
        for pair in pairs {
            let length = length(&minus(pair, &here), 0);
            // On a given point, which is not the median: its own weight is left out and the step leaves.
            if length.is_positive() {
                let weight = &unit / length;
                for (sum, part) in sums.iter_mut().zip(pair) {
                    *sum += part * &weight;
                }
                weights += weight;
            }
        }
        let next = sums.map(|sum| round_half_away(&Ratio::new(sum, weights.clone()), 0));
        if next == here {
            break;
        }
        here = next;
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use super::{Spot, median};
    use crate::units::{fraction, ratio, to_decimal};

    fn spot(value: i64, cost: i64) -> Spot {
        Spot { value: ratio(value), cost: ratio(cost) }
    }

    fn at(spots: &[Spot]) -> Option<(String, String)> {
        let middle = median(spots)?;
        let text = |value| to_decimal(value, 4).unwrap().to_string();
        Some((text(&middle.value), text(&middle.cost)))
    }

    fn wanted(value: &str, cost: &str) -> Option<(String, String)> {
        Some((value.to_owned(), cost.to_owned()))
    }

    // The diagonals of a square cross in its middle; of three points in a line the inner one is it; the
    // corner with 120° or more is it; in an equilateral triangle (0, 0), (2, 0), (1, √3) it is the centre
    // (1, √3 ÷ 3 = 0.57735…); one point is its own.
    // shows: E10
    #[test]
    fn geometric_median_is_where_geometry_says() {
        assert_eq!(median(&[]), None);
        assert_eq!(at(&[spot(3, 4)]), wanted("3.0000", "4.0000"));
        let square = [spot(0, 0), spot(2, 2), spot(0, 2), spot(2, 0)];
        assert_eq!(at(&square), wanted("1.0000", "1.0000"));
        assert_eq!(at(&[spot(0, 0), spot(10, 10), spot(1, 1)]), wanted("1.0000", "1.0000"));
        let flat = [spot(-10, 0), spot(10, 0), spot(0, 1)];
        assert_eq!(at(&flat), wanted("0.0000", "1.0000"));
        let root = fraction(1_732_050_807_568_877i64, 1_000_000_000_000_000i64).unwrap();
        let triangle = [spot(0, 0), spot(2, 0), Spot { value: ratio(1), cost: root }];
        assert_eq!(at(&triangle), wanted("1.0000", "0.5774"));
        // Four corners of a kite: where its diagonals cross, (0, 0).
        let kite = [spot(-3, 0), spot(5, 0), spot(0, 2), spot(0, -7)];
        assert_eq!(at(&kite), wanted("0.0000", "0.0000"));
        // A point that is there twice outweighs the other.
        assert_eq!(at(&[spot(1, 1), spot(5, 5), spot(5, 5)]), wanted("5.0000", "5.0000"));
    }
}
