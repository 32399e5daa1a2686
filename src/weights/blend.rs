//! From the means of the years to one mean: 2:8 and its other readings (A01–A04, A34, R30).

use num_traits::{Signed, Zero};

use super::sums::Total;
use super::{Error, published};
use crate::policy::model::{BlendLevel, Denominator};
use crate::units::{Ratio, exact, ratio};

/// Year weights and the level they work on.
#[derive(Debug, Clone)]
pub(super) struct Blend {
    pub(super) level: BlendLevel,
    /// Oldest first, sum 1.
    pub(super) weights: Vec<Ratio>,
}

/// M, in fen: of each year and blended.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) years: Vec<Ratio>,
    pub(super) all: Ratio,
}

impl Blend {
    /// Blended mean in fen, oldest year first.
    ///
    /// Years without a case count for nothing and the other weights are rescaled to 1 (A03). `None`
    /// where no case has any weight. For `ratios` the mean is that of `means` (R30).
    pub(super) fn mean(&self, years: &[Total]) -> Option<Ratio> {
        match self.level {
            BlendLevel::Pooled => Total::of(years.iter().copied()).mean(),
            BlendLevel::Totals => {
                let mut cost = Ratio::zero();
                let mut cases = Ratio::zero();
                for (weight, year) in self.weights.iter().zip(years) {
                    cost += weight * ratio(year.fen);
                    cases += weight * ratio(year.cases);
                }
                (!cases.is_zero()).then(|| cost / cases)
            }
            BlendLevel::Means | BlendLevel::Ratios => {
                self.weighted(years.iter().map(|year| year.mean()))
            }
        }
    }

    /// m ÷ M: what points are a multiple of. `None` as for [`Blend::mean`].
    pub(super) fn quotient(&self, years: &[Total], base: &Base) -> Option<Ratio> {
        match self.level {
            BlendLevel::Ratios => {
                let of_year = |(year, base): (&Total, &Ratio)| year.mean().map(|mean| mean / base);
                self.weighted(years.iter().zip(&base.years).map(of_year))
            }
            _ => self.mean(years).map(|mean| mean / &base.all),
        }
    }

    /// Σ w·v ÷ Σ w over the years that have a value.
    fn weighted(&self, values: impl Iterator<Item = Option<Ratio>>) -> Option<Ratio> {
        let mut sum = Ratio::zero();
        let mut weights = Ratio::zero();
        for (weight, value) in self.weights.iter().zip(values) {
            if let Some(value) = value {
                sum += weight * value;
                weights += weight;
            }
        }
        (!weights.is_zero()).then(|| sum / weights)
    }

    /// M of the population whose yearly totals are given (A04).
    ///
    /// # Errors
    /// [`Error::EmptyYear`] where a year has none of those cases, [`Error::BaseMean`] where a mean
    /// is not above 0.
    pub(super) fn base(
        &self,
        denominator: Denominator,
        years: &[u16],
        totals: &[Total],
    ) -> Result<Base, Error> {
        if let Denominator::Given(mean) = denominator {
            let all = exact(mean) * ratio(100);
            positive(&all, None)?;
            return Ok(Base { years: vec![all.clone(); years.len()], all });
        }
        let mut means = Vec::with_capacity(years.len());
        for (year, total) in years.iter().zip(totals) {
            let cases =
                if denominator == Denominator::Grouped { "grouped case" } else { "kept case" };
            let known = years.iter().zip(totals).filter(|(_, total)| total.cases > 0);
            let mean = total.mean().ok_or_else(|| Error::EmptyYear {
                year: *year,
                cases,
                known: known.map(|(year, _)| *year).collect(),
            })?;
            if self.level == BlendLevel::Ratios {
                positive(&mean, Some(*year))?;
            }
            means.push(mean);
        }
        // Every year has cases and the weights sum to 1: there is a mean.
        let all = self.mean(totals).unwrap_or_else(Ratio::zero);
        positive(&all, None)?;
        Ok(Base { years: means, all })
    }
}

fn positive(mean: &Ratio, year: Option<u16>) -> Result<(), Error> {
    if mean.is_positive() {
        return Ok(());
    }
    Err(Error::BaseMean { year, mean: published(mean, 4, "the mean of all cases")? })
}
