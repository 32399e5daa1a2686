//! Counts, sums and sums of squares per group and year, in whole fen and one pass.
#![warn(clippy::arithmetic_side_effects)]

use super::Error;
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::units::{Ratio, fraction};

/// Cases and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Total {
    pub(super) cases: u64,
    pub(super) fen: i128,
}

impl Total {
    /// Mean fee in fen; `None` without a case.
    pub(super) fn mean(self) -> Option<Ratio> {
        fraction(self.fen, self.cases)
    }

    /// Of these fees, in fen.
    pub(super) fn of_fees(fees: &[i64]) -> Self {
        Self { cases: fees.len() as u64, fen: fees.iter().map(|fee| i128::from(*fee)).sum() }
    }

    /// The sum of many totals: 2⁶⁴ cases of 2⁶³ fen fit 128 bits, so it cannot overflow.
    pub(super) fn of(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |total, part| Self {
            cases: total.cases.saturating_add(part.cases),
            fen: total.fen.saturating_add(part.fen),
        })
    }
}

/// Cases, cost and squared cost of one group in one year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) total: Total,
    /// Σx² in fen².
    pub(super) squares: i128,
}

impl Sums {
    /// Counts one case; `None` when the squares leave 128 bits.
    #[inline]
    pub(super) fn add(&mut self, fee_fen: i64) -> Option<()> {
        let fee = i128::from(fee_fen);
        self.total.cases = self.total.cases.saturating_add(1);
        self.total.fen = self.total.fen.saturating_add(fee);
        self.squares = self.squares.checked_add(fee.saturating_mul(fee))?;
        Some(())
    }
}

impl Sums {
    /// Takes back a case that was counted.
    pub(super) fn remove(&mut self, fee_fen: i64) {
        let fee = i128::from(fee_fen);
        self.total.cases = self.total.cases.saturating_sub(1);
        self.total.fen = self.total.fen.saturating_sub(fee);
        self.squares = self.squares.saturating_sub(fee.saturating_mul(fee));
    }

    /// Counts many cases of one fee; `None` when the squares leave 128 bits.
    pub(super) fn add_times(&mut self, fee_fen: i64, times: u64) -> Option<()> {
        let (fee, times) = (i128::from(fee_fen), i128::from(times));
        self.total.cases = self.total.cases.saturating_add(u64::try_from(times).ok()?);
        self.total.fen = self.total.fen.saturating_add(fee.saturating_mul(times));
        let squares = fee.saturating_mul(fee).checked_mul(times)?;
        self.squares = self.squares.checked_add(squares)?;
        Some(())
    }

    /// The sum of many sums; `None` when the squares leave 128 bits.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        parts.into_iter().try_fold(Self::default(), |sum, part| {
            Some(Self {
                total: Total::of([sum.total, part.total]),
                squares: sum.squares.checked_add(part.squares)?,
            })
        })
    }
}

/// The cases that lie in the statistics years, each placed in the cell of its group and year.
///
/// Cells are numbered group by group, oldest year first; the ungrouped cases are the last "group".
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    pub(super) cases: &'a Cases,
    pub(super) years: &'a [u16],
}

impl<'a> Window<'a> {
    /// Checks once that the columns fit together, so that the passes need not.
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub(super) fn new(cases: &'a Cases, years: &'a [u16]) -> Result<Self, Error> {
        let broken = |fact: String| Err(Error::Columns { fact });
        let lengths = [cases.group.len(), cases.institution.len(), cases.year.len()];
        if lengths.iter().any(|length| *length != cases.len()) {
            let [groups, institutions, years] = lengths;
            return broken(format!(
                "{} fees, {groups} groups, {institutions} institutions, {years} years",
                cases.len()
            ));
        }
        if !cases.groups.is_sorted_by(|a, b| a < b) {
            return broken("group codes are not ascending and distinct".to_owned());
        }
        if !cases.institutions.is_sorted_by(|a, b| a < b) {
            return broken("institution codes are not ascending and distinct".to_owned());
        }
        let known = |at: &u32, codes: &[String]| (*at as usize) < codes.len();
        if !cases.group.iter().all(|at| *at == UNGROUPED || known(at, &cases.groups)) {
            return broken("a case names a group that does not exist".to_owned());
        }
        if !cases.institution.iter().all(|at| known(at, &cases.institutions)) {
            return broken("a case names an institution that does not exist".to_owned());
        }
        Ok(Self { cases, years })
    }

    /// Number of cells.
    pub(super) fn cells(self) -> usize {
        self.cases.groups.len().saturating_add(1).saturating_mul(self.years.len())
    }

    /// Group code and year of a cell; the code of the ungrouped is empty.
    pub(super) fn name(self, cell: usize) -> (&'a str, u16) {
        let slot = cell.checked_div(self.years.len()).unwrap_or_default();
        let year = cell.checked_rem(self.years.len()).unwrap_or_default();
        (self.cases.groups.get(slot).map_or("", String::as_str), self.years[year])
    }

    /// Cell and fee of every case of the statistics years.
    pub(super) fn fees(self) -> impl Iterator<Item = (usize, i64)> + 'a {
        let ungrouped = self.cases.groups.len();
        let places = self.cases.group.iter().zip(&self.cases.year).zip(&self.cases.fee_fen);
        places.filter_map(move |((group, year), fee)| {
            let at = self.years.iter().position(|known| known == year)?;
            let slot = if *group == UNGROUPED { ungrouped } else { *group as usize };
            Some((slot.wrapping_mul(self.years.len()).wrapping_add(at), *fee))
        })
    }

    /// Cell, fee and institution of every case of the statistics years.
    pub(super) fn places(self) -> impl Iterator<Item = ((usize, i64), u32)> + 'a {
        let of_years = self.cases.year.iter().map(|year| self.years.contains(year));
        let institutions = self.cases.institution.iter().zip(of_years);
        let institutions = institutions.filter_map(|(at, counts)| counts.then_some(*at));
        self.fees().zip(institutions)
    }

    /// Sums of every cell.
    ///
    /// # Errors
    /// [`Error::Overflow`] where the squares of a cell leave 128 bits.
    pub(super) fn sums(self) -> Result<Vec<Sums>, Error> {
        let mut sums = vec![Sums::default(); self.cells()];
        for (cell, fee) in self.fees() {
            sums[cell].add(fee).ok_or_else(|| self.overflow(cell))?;
        }
        Ok(sums)
    }

    /// Cases and cost of every institution, institution by institution, oldest year first.
    pub(super) fn institutions(self) -> Vec<Total> {
        let years = self.years.len();
        let mut totals =
            vec![Total::default(); self.cases.institutions.len().saturating_mul(years)];
        let places = self.cases.institution.iter().zip(&self.cases.year).zip(&self.cases.fee_fen);
        for ((institution, year), fee) in places {
            let Some(at) = self.years.iter().position(|known| known == year) else { continue };
            let total = &mut totals[(*institution as usize).wrapping_mul(years).wrapping_add(at)];
            total.cases = total.cases.saturating_add(1);
            total.fen = total.fen.saturating_add(i128::from(*fee));
        }
        totals
    }

    /// The error for squares beyond 128 bits.
    pub(super) fn overflow(self, cell: usize) -> Error {
        let (code, year) = self.name(cell);
        Error::Overflow { what: format!("the sum of squared fees of group `{code}` in {year}") }
    }
}
