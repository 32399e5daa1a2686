//! Dice whose rolls depend on the seed and on what they are for, never on what was rolled before.
//!
//! One stream a person, purpose and year: rows of a person are the same whatever other people,
//! parts or years are made in the same run. ChaCha8 and `libm` give the same bits everywhere.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// What a stream of rolls is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Who a person is.
    Person,
    /// The settlements of a person in one year.
    Visits(u16),
    /// The stays of a person in one year.
    Stays(u16),
    /// The planted defects of a person in one year.
    Defects(u16),
    /// Which settlements of a person in one year come without a diagnosis.
    Unrecorded(u16),
}

/// A stream of rolls.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of one person for one purpose.
    pub(super) fn new(seed: u64, purpose: Purpose, person: u32) -> Self {
        let (kind, year) = match purpose {
            Purpose::Person => (1_u8, 0),
            Purpose::Visits(year) => (2, year),
            Purpose::Defects(year) => (3, year),
            Purpose::Stays(year) => (4, year),
            Purpose::Unrecorded(year) => (5, year),
        };
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = kind;
        key[16..18].copy_from_slice(&year.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(u64::from(person));
        Self(rng)
    }

    /// A whole number from 0 to `end` − 1; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        let product = u64::from(self.0.next_u32()) * u64::from(end);
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// As [`Dice::between`], as a signed number for times and amounts.
    pub(super) fn range(&mut self, low: u32, high: u32) -> i64 {
        i64::from(self.between(low, high))
    }

    /// True in `permille` of a thousand rolls.
    pub(super) fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let end = u32::try_from(list.len()).unwrap_or(u32::MAX);
        &list[self.below(end) as usize]
    }

    /// A number above 0 and below 1.
    pub(super) fn unit(&mut self) -> f64 {
        (f64::from(self.0.next_u32()) + 0.5) / 4_294_967_296.0
    }

    /// A standard normal number (Box–Muller).
    fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// A log-normal amount of this mean (yuan) and sigma, in whole fen, at least `least`.
    pub(super) fn lognormal_fen(&mut self, mean_yuan: f64, sigma: f64, least: i64) -> i64 {
        let centre = libm::log(mean_yuan) - sigma * sigma / 2.0;
        let yuan = libm::exp(centre + sigma * self.normal());
        whole(yuan * 100.0).max(least)
    }

    /// A whole number spread evenly between half and one and a half of `mean`.
    pub(super) fn around(&mut self, mean: f64) -> i64 {
        whole(mean * (0.5 + self.unit()))
    }
}

/// The nearest whole number, at most ten billion (an amount of 100 million yuan).
fn whole(value: f64) -> i64 {
    let bounded = libm::round(value).clamp(0.0, 1e10);
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 0 to 1e10")]
    let whole = bounded as i64;
    whole
}

/// A list of shares to choose by.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares {
    cumulative: Vec<u32>,
}

impl Shares {
    /// Shares in the order of the things they belong to.
    pub(super) fn new(shares: impl IntoIterator<Item = u32>) -> Self {
        let mut sum = 0_u32;
        let cumulative = shares
            .into_iter()
            .map(|share| {
                sum = sum.saturating_add(share);
                sum
            })
            .collect();
        Self { cumulative }
    }

    /// Whether nothing can be chosen.
    pub(super) fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The sum of the shares.
    pub(super) fn total(&self) -> u32 {
        self.cumulative.last().copied().unwrap_or(0)
    }

    /// The position a roll below [`Shares::total`] falls on.
    pub(super) fn at(&self, roll: u32) -> usize {
        self.cumulative.partition_point(|&end| end <= roll)
    }

    /// A position, by share.
    pub(super) fn choose(&self, dice: &mut Dice) -> usize {
        self.at(dice.below(self.total()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, Purpose, Shares};

    #[test]
    fn rolls_depend_on_seed_person_and_purpose_only() {
        let roll = |seed, purpose, person| Dice::new(seed, purpose, person).below(1_000_000_000);
        let first = roll(7, Purpose::Person, 3);
        assert_eq!(first, roll(7, Purpose::Person, 3));
        assert_ne!(first, roll(8, Purpose::Person, 3));
        assert_ne!(first, roll(7, Purpose::Person, 4));
        assert_ne!(roll(7, Purpose::Visits(1999), 3), roll(7, Purpose::Visits(2000), 3));
        assert_ne!(roll(7, Purpose::Visits(1999), 3), roll(7, Purpose::Defects(1999), 3));
    }

    #[test]
    fn the_mean_of_many_amounts_is_the_mean_asked_for() {
        let mut dice = Dice::new(1, Purpose::Person, 0);
        let sum: i64 = (0..40_000).map(|_| dice.lognormal_fen(500.0, 0.5, 0)).sum();
        // Standard error of the mean: 500 × √(e^0.25 − 1) ÷ √40 000 = 1.33 yuan.
        let mean_fen = sum / 40_000;
        assert!((49_400..=50_600).contains(&mean_fen), "{mean_fen}");
    }

    #[test]
    fn a_share_of_zero_is_never_chosen() {
        let shares = Shares::new([0, 3, 0, 1]);
        let seen: Vec<usize> = (0..4).map(|roll| shares.at(roll)).collect();
        assert_eq!(seen, [1, 1, 1, 3]);
    }
}
