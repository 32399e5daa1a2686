//! One institution of two settlements: its pay under every mixture of old and new inputs.

use super::{Cause, Change, Error, shapley, to_fen};
use crate::units::{Fen, Ratio, UnitError, fraction, ratio};

/// What the cases of one institution and year come to under one mixture of rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worth {
    /// Paid as booked, in fen.
    pub item: i128,
    /// Millionths of a point, or pay by standard in fen, by slot. A slot is a stretch of pool and year
    /// in which a point has one value on both sides.
    pub weight: Vec<i128>,
}

/// What one settlement paid an institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Its share of the pool by points, or its standards as cleared: before sharing and what follows.
    pub share: Fen,
    /// Paid in the end.
    pub paid: Fen,
}

/// Everything the worth of a coalition is made of, for one institution. Index 0 is old, 1 is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `all`, or the insurance type.
    pub pool: String,
    /// The institution.
    pub fixmedins_code: String,
    /// Cases by year and definition.
    pub cases: [[i64; 2]; 2],
    /// Sums by year, definition, weights, coefficients and bands; see [`Account::mixture`].
    pub sums: Vec<Worth>,
    /// Fen for one unit of weight, by side and slot; `None` where a side has no such slot.
    pub values: [Vec<Option<Ratio>>; 2],
    /// What both sides paid.
    pub settled: [Settled; 2],
}

impl Account {
    /// Number of sums of an account.
    pub const MIXTURES: usize = 32;

    /// Position in [`Account::sums`].
    #[must_use]
    pub fn mixture(year: usize, definition: usize, rules: [usize; 3]) -> usize {
        let bits = [year, definition, rules[0], rules[1], rules[2]];
        bits.iter().fold(0, |at, bit| (at << 1) | (bit & 1))
    }

    /// Pay in fen, exact, where the causes of `coalition` have their new value and the others their
    /// old one: n ÷ n' × (paid as booked + Σ value × weight) + what dividing the pool rounds + what
    /// sharing and the year end add.
    #[must_use]
    pub fn worth(&self, coalition: usize) -> Ratio {
        let side = |cause: Cause| cause.side(coalition);
        let definition = side(Cause::GroupDefinition);
        let rules = [Cause::Weights, Cause::Coefficients, Cause::BandRules].map(side);
        let valued = side(Cause::PointValue);
        let mut year = side(Cause::CaseMix);
        if self.cases[year][definition] == 0 {
            // Nothing to take a mix from: the mix of the other year.
            year ^= 1;
        }
        let volume = self.cases[side(Cause::Volume)][definition];
        let scale = fraction(volume, self.cases[year][definition]).unwrap_or_default();
        let gross = self.gross(Self::mixture(year, definition, rules), valued);
        scale * gross + self.rounding(valued) + self.beyond(side(Cause::Sharing))
    }

    fn gross(&self, mixture: usize, valued: usize) -> Ratio {
        let Some(sums) = self.sums.get(mixture) else { return ratio(0) };
        let mut gross = ratio(sums.item);
        for (slot, weight) in sums.weight.iter().enumerate().filter(|(_, weight)| **weight != 0) {
            let of = |side: usize| self.values[side].get(slot).and_then(Option::as_ref);
            // A slot that one side does not know has the value of the other.
            if let Some(value) = of(valued).or_else(|| of(1 ^ valued)) {
                gross += value * ratio(*weight);
            }
        }
        gross
    }

    /// Sums of a side's own cases by its own rules.
    fn own(side: usize) -> usize {
        Self::mixture(side, side, [side; 3])
    }

    /// What the division of the pool gave more than value × weight: less than a fen a pool and period.
    fn rounding(&self, side: usize) -> Ratio {
        let item = self.sums.get(Self::own(side)).map_or(0, |sums| sums.item);
        self.settled[side].share.to_ratio() - (self.gross(Self::own(side), side) - ratio(item))
    }

    /// Sharing, caps, assessment, deductions: paid − (booked items + share).
    fn beyond(&self, side: usize) -> Ratio {
        let item = self.sums.get(Self::own(side)).map_or(0, |sums| sums.item);
        self.settled[side].paid.to_ratio() - ratio(item) - self.settled[side].share.to_ratio()
    }

    /// The change and its parts.
    pub(super) fn change(&self) -> Result<Change, Error> {
        let amount = |source| Error::Amount { institution: self.fixmedins_code.clone(), source };
        let paid = self.settled.map(|settled| settled.paid);
        assert_eq!(self.worth(0), paid[0].to_ratio(), "old inputs give what was paid before");
        let all = (1usize << Cause::ALL.len()).wrapping_sub(1);
        assert_eq!(self.worth(all), paid[1].to_ratio(), "new inputs give what is paid now");
        let exact = shapley(Cause::ALL.len(), &|coalition| self.worth(coalition));
        let names = Cause::ALL.map(Cause::as_str);
        let total = paid[1].0.checked_sub(paid[0].0).ok_or(UnitError::Overflow).map_err(amount)?;
        let parts = to_fen(&exact, &names, Fen(total)).map_err(amount)?;
        let mut change = Change {
            pool: self.pool.clone(),
            fixmedins_code: self.fixmedins_code.clone(),
            paid,
            parts: [Fen::ZERO; 8],
        };
        change.parts.copy_from_slice(&parts);
        Ok(change)
    }
}
