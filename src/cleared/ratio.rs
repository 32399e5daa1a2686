//! The multiple that most cases of an institution or a group stand in to what they should be.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::units::{Ratio, exact, fraction, ratio, round_half_away, to_decimal};
use num_traits::ToPrimitive as _;

/// Fewer cases than this prove no multiple.
const FEWEST: usize = 3;

/// Multiples that many cases share are few; more are not tried.
const TRIED: usize = 5;

/// One case: what it is and what it should be, in whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) own: i128,
    pub(super) wanted: i128,
    /// The smallest step of these numbers: a fen, or one in the last place of points.
    pub(super) unit: i128,
}

impl Pair {
    /// `own` × a multiple, rounded to the unit.
    pub(super) fn times(&self, multiple: &Ratio) -> i128 {
        let Some(units) = fraction(self.own, self.unit) else { return self.own };
        let rounded = round_half_away(&(units * multiple), 0).to_i128();
        rounded.map_or(self.own, |units| units.saturating_mul(self.unit))
    }

    /// Whether the multiple leads to what is wanted, but for the rounding of both.
    fn fits(&self, multiple: &Ratio) -> bool {
        let room = ratio(self.unit) * (ratio(1) + multiple);
        let gap = ratio(self.wanted) - ratio(self.own) * multiple;
        gap <= room && -room <= gap
    }
}

/// The multiple, other than 1, that more than half of these cases share: as the shortest decimal that
/// fits them, with the number of cases it brings to what is wanted.
pub(super) fn shared(pairs: &[Pair]) -> Option<(Decimal, usize)> {
    let pairs: Vec<&Pair> = pairs.iter().filter(|pair| pair.own > 0 && pair.wanted > 0).collect();
    if pairs.len() < FEWEST {
        return None;
    }
    let mut clusters: BTreeMap<Decimal, (usize, &Pair)> = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| pair.own != pair.wanted) {
        let rough = to_decimal(&fraction(pair.wanted, pair.own)?, 4)?;
        let (count, largest) = clusters.entry(rough).or_insert((0, pair));
        *count = count.saturating_add(1);
        if pair.own > largest.own {
            *largest = pair;
        }
    }
    let mut clusters: Vec<(usize, &Pair)> = clusters.into_values().collect();
    clusters.sort_by_key(|(count, pair)| std::cmp::Reverse((*count, pair.own)));
    let mut best: Option<(Decimal, usize)> = None;
    for (_, largest) in clusters.into_iter().take(TRIED) {
        let multiple = fraction(largest.wanted, largest.own)?;
        let fitting: Vec<&&Pair> = pairs.iter().filter(|pair| pair.fits(&multiple)).collect();
        let unequal = fitting.iter().filter(|pair| pair.own != pair.wanted).count();
        let enough = fitting.len().saturating_mul(2) > pairs.len();
        if !enough || best.is_some_and(|(_, count)| count >= unequal) {
            continue;
        }
        let short = (0..=6).filter_map(|places| to_decimal(&multiple, places));
        let mut short = short.filter(|short| fitting.iter().all(|pair| pair.fits(&exact(*short))));
        if let Some(multiple) = short.next().filter(|multiple| *multiple != Decimal::ONE) {
            best = Some((multiple.normalize(), unequal));
        }
    }
    best
}
