//! What stands for many cases: their arithmetic or geometric mean, or the median (A40).
//!
//! M is the same centre of all its cases as m_g is of the group's, and `pooled` years are one heap of
//! cases. A case that costs 0 or less has no logarithm: geometric means leave it out, and where there
//! is no other case they are 0.

use std::sync::OnceLock;

use num_traits::Zero;

use super::geometric;
use super::scan::Scan;
use super::sums::Total;
use super::trim::{Kept, Part};
use crate::policy::model::Centre;
use crate::units::{Ratio, fraction};

/// The kept cases of some groups, year by year and together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measures {
    /// Cases and their centre in fen, oldest year first; no centre without a case.
    pub(super) years: Vec<(u64, Option<Ratio>)>,
    /// The centre of all years together.
    pub(super) together: Option<Ratio>,
}

impl Measures {
    /// Arithmetic means of yearly totals.
    pub(super) fn of_totals(years: &[Total]) -> Self {
        Self {
            years: years.iter().map(|year| (year.cases, year.mean())).collect(),
            together: Total::of(years.iter().copied()).mean(),
        }
    }

    /// The centre of one year.
    pub(super) fn year(&self, at: usize) -> Option<&Ratio> {
        self.years.get(at)?.1.as_ref()
    }

    /// Whether a year has no case.
    pub(super) fn lacks_a_year(&self) -> bool {
        self.years.iter().any(|(cases, _)| *cases == 0)
    }
}

/// The centres of what one trim rule has kept.
pub(super) struct Centres<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) kept: &'a Kept,
    pub(super) centre: Centre,
    /// Logarithms of every cell: their sum and number; asked for by geometric means only.
    logs: OnceLock<Vec<(i128, u64)>>,
    all: OnceLock<Measures>,
}

impl<'a> Centres<'a> {
    pub(super) fn new(scan: &'a Scan<'a>, kept: &'a Kept, centre: Centre) -> Self {
        Self { scan, kept, centre, logs: OnceLock::new(), all: OnceLock::new() }
    }

    /// Of the cases of some groups together.
    pub(super) fn of(&self, slots: &[usize]) -> Measures {
        let years = self.scan.window.years.len();
        let cells = |at: usize| -> Vec<usize> {
            slots.iter().map(|slot| self.scan.cells(*slot).start.saturating_add(at)).collect()
        };
        let year = |at| {
            let cells = cells(at);
            (self.total(&cells).cases, self.centre(&cells))
        };
        let measured: Vec<_> = (0..years).map(year).collect();
        let all: Vec<usize> = slots.iter().flat_map(|slot| self.scan.cells(*slot)).collect();
        let together = match measured.as_slice() {
            [(_, only)] => only.clone(),
            _ => self.centre(&all),
        };
        Measures { years: measured, together }
    }

    /// Of all cases, ungrouped ones included.
    pub(super) fn of_all(&self) -> &Measures {
        let slots = || (0..self.scan.slots()).collect::<Vec<_>>();
        self.all.get_or_init(|| self.of(&slots()))
    }

    fn total(&self, cells: &[usize]) -> Total {
        Total::of(cells.iter().map(|cell| self.kept.sums[*cell].total))
    }

    fn centre(&self, cells: &[usize]) -> Option<Ratio> {
        match self.centre {
            Centre::Arithmetic => self.total(cells).mean(),
            Centre::Geometric => {
                let logs = self.logs.get_or_init(|| self.logarithms());
                let parts = cells.iter().map(|cell| logs[*cell]);
                let (sum, count) = parts.fold((0i128, 0u64), |sum, part| {
                    (sum.0.saturating_add(part.0), sum.1.saturating_add(part.1))
                });
                let cases = self.total(cells).cases;
                geometric::mean(sum, count).or_else(|| (cases > 0).then(Ratio::zero))
            }
            Centre::Median => self.median(cells),
        }
    }

    fn logarithms(&self) -> Vec<(i128, u64)> {
        let log = |fee: i64| u64::try_from(fee).ok().filter(|fee| *fee > 0).map(geometric::log2);
        let cell = |cell| {
            let mut sum = (0i128, 0u64);
            self.kept.part(self.scan, cell).each(|fee, times| {
                if let Some(log) = log(fee) {
                    let logs = i128::from(log).saturating_mul(times.into());
                    sum = (sum.0.saturating_add(logs), sum.1.saturating_add(times));
                }
            });
            sum
        };
        (0..self.kept.sums.len()).map(cell).collect()
    }

    /// Of an even number of fees, the mean of the two in the middle.
    fn median(&self, cells: &[usize]) -> Option<Ratio> {
        let parts = cells.iter().map(|cell| self.kept.part(self.scan, *cell));
        let parts: Vec<Part<'_>> = parts.filter(|part| part.cases() > 0).collect();
        let count: usize = parts.iter().map(Part::cases).sum();
        let (low, high) = (count.checked_sub(1)?.div_euclid(2), count.div_euclid(2));
        let (low, high) = match parts.as_slice() {
            [only] => (only.fee(low), only.fee(high)),
            _ => {
                let mut fees: Vec<i64> = Vec::with_capacity(count);
                for part in &parts {
                    part.each(|fee, times| fees.extend((0..times).map(|_| fee)));
                }
                let (below, upper, _) = fees.select_nth_unstable(high);
                let lower = if low == high { *upper } else { below.iter().copied().max()? };
                (lower, *upper)
            }
        };
        fraction(i128::from(low).saturating_add(i128::from(high)), 2u8)
    }

    /// Kept cases that have no logarithm, where that matters.
    pub(super) fn without_logarithm(&self) -> u64 {
        if self.centre != Centre::Geometric {
            return 0;
        }
        let logs = self.logs.get_or_init(|| self.logarithms());
        let kept = Total::of(self.kept.sums.iter().map(|sums| sums.total)).cases;
        kept.saturating_sub(logs.iter().map(|(_, count)| count).sum())
    }
}
