//! From the means of the years to one mean: 2:8 and its other readings (A01–A04, A34, R30).

use num_traits::{Signed, Zero};
use rust_decimal::Decimal;

use super::centre::Measures;
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

/// M, or the mean of the base disease, in fen: of each year and blended.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) years: Vec<Option<Ratio>>,
    pub(super) all: Ratio,
}

impl Blend {
    /// Blended centre in fen, from those of the years, oldest first.
    ///
    /// Years without a case count for nothing and the other weights are rescaled to 1 (A03). `None`
    /// where no case has any weight. For `ratios` it is that of `means` (R30); for `totals` every
    /// case of a year counts with the centre of that year.
    pub(super) fn mean(&self, of: &Measures) -> Option<Ratio> {
        match self.level {
            BlendLevel::Pooled => of.together.clone(),
            BlendLevel::Totals => {
                let mut cost = Ratio::zero();
                let mut cases = Ratio::zero();
                for (weight, (count, centre)) in self.weights.iter().zip(&of.years) {
                    if let Some(centre) = centre {
                        let weighted = weight * ratio(*count);
                        cost += &weighted * centre;
                        cases += weighted;
                    }
                }
                (!cases.is_zero()).then(|| cost / cases)
            }
            BlendLevel::Means | BlendLevel::Ratios => {
                self.weighted(of.years.iter().map(|(_, centre)| centre.clone()))
            }
        }
    }

    /// m ÷ M: what points are a multiple of. `None` as for [`Blend::mean`].
    pub(super) fn quotient(&self, of: &Measures, base: &Base) -> Option<Ratio> {
        match self.level {
            BlendLevel::Ratios => {
                let years = of.years.iter().zip(&base.years);
                self.weighted(
                    years.map(|((_, centre), base)| Some(centre.as_ref()? / base.as_ref()?)),
                )
            }
            _ => self.mean(of).map(|mean| mean / &base.all),
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

    /// M of the population whose yearly measures are given (A04).
    ///
    /// # Errors
    /// [`Error::EmptyYear`] where a year has none of those cases, [`Error::BaseMean`] where a mean
    /// is not above 0.
    pub(super) fn base(
        &self,
        denominator: Denominator,
        years: &[u16],
        of: &Measures,
    ) -> Result<Base, Error> {
        let mut means = Vec::with_capacity(years.len());
        for (year, (_, mean)) in years.iter().zip(&of.years) {
            let cases =
                if denominator == Denominator::Grouped { "grouped case" } else { "kept case" };
            let known = years.iter().zip(&of.years).filter(|(_, (cases, _))| *cases > 0);
            let mean = mean.clone().ok_or_else(|| Error::EmptyYear {
                year: *year,
                cases,
                known: known.map(|(year, _)| *year).collect(),
            })?;
            if self.level == BlendLevel::Ratios {
                positive(&mean, Some(*year))?;
            }
            means.push(Some(mean));
        }
        // Every year has cases and the weights sum to 1: there is a mean.
        let all = self.mean(of).unwrap_or_else(Ratio::zero);
        positive(&all, None)?;
        Ok(Base { years: means, all })
    }
}

impl Base {
    /// A number of yuan, the same in every year.
    ///
    /// # Errors
    /// [`Error::BaseMean`] where it is not above 0.
    pub(super) fn given(yuan: Decimal, years: usize) -> Result<Self, Error> {
        let all = exact(yuan) * ratio(100);
        positive(&all, None)?;
        Ok(Self { years: vec![Some(all.clone()); years], all })
    }
}

fn positive(mean: &Ratio, year: Option<u16>) -> Result<(), Error> {
    if mean.is_positive() {
        return Ok(());
    }
    Err(Error::BaseMean { year, mean: published(mean, 4, "the mean of all cases")? })
}
