//! What one reading of the cases gives every method: sums of each cell, and its fees in ascending
//! order as soon as a rule asks for them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::Error;
use super::sums::{Sums, Total, Window};
use crate::catalog::model::Institution;
use crate::settlement::cases::Cases;
use crate::units::Fen;

/// The cases of the statistics years, read once.
pub(super) struct Scan<'a> {
    pub(super) window: Window<'a>,
    /// Sums of every cell.
    pub(super) all: Vec<Sums>,
    threads: usize,
    fees: OnceLock<Fees>,
}

/// All fees, those of one cell next to each other and ascending.
struct Fees {
    fees: Vec<i64>,
    /// One past the last fee of each cell.
    ends: Vec<usize>,
}

impl<'a> Scan<'a> {
    /// Reads the cases of `years`, which are ascending; `threads` sort later on.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::Overflow`], and [`Error::EmptyYear`] for a year without any
    /// case, whatever the method (A03).
    pub(super) fn new(cases: &'a Cases, years: &'a [u16], threads: usize) -> Result<Self, Error> {
        let window = Window::new(cases, years)?;
        let all = window.sums()?;
        let scan = Self { window, all, threads: threads.max(1), fees: OnceLock::new() };
        let of_year =
            |at| Total::of(scan.all.iter().skip(at).step_by(years.len()).map(|s| s.total));
        if let Some(at) = (0..years.len()).find(|at| of_year(*at).cases == 0) {
            let known: BTreeSet<u16> = cases.year.iter().copied().collect();
            let known = known.into_iter().collect();
            return Err(Error::EmptyYear { year: years[at], cases: "case", known });
        }
        Ok(scan)
    }

    /// Groups there are columns for, with the ungrouped as the last.
    pub(super) fn slots(&self) -> usize {
        self.window.cases.groups.len().saturating_add(1)
    }

    /// Cells of one group, oldest year first.
    pub(super) fn cells(&self, slot: usize) -> std::ops::Range<usize> {
        let years = self.window.years.len();
        let from = slot.saturating_mul(years);
        from..from.saturating_add(years)
    }

    /// All cases of all years.
    pub(super) fn total(&self) -> Total {
        Total::of(self.all.iter().map(|sums| sums.total))
    }

    /// Fees of a cell, ascending.
    pub(super) fn fees(&self, cell: usize) -> &[i64] {
        let Fees { fees, ends } =
            self.fees.get_or_init(|| Fees::new(self.window, &self.all, self.threads));
        let from = cell.checked_sub(1).map_or(0, |before| ends[before]);
        &fees[from..ends[cell]]
    }

    /// What each institution contributed; those without a case of these years are not there.
    ///
    /// # Errors
    /// [`Error::Overflow`].
    pub(super) fn institutions(&self) -> Result<Vec<Institution>, Error> {
        let window = self.window;
        let totals = window.institutions();
        let mut rows = Vec::new();
        for (code, years) in
            window.cases.institutions.iter().zip(totals.chunks_exact(window.years.len()))
        {
            if years.iter().all(|year| year.cases == 0) {
                continue;
            }
            let cost = years.iter().map(|year| i64::try_from(year.fen).map(Fen));
            rows.push(Institution {
                fixmedins_code: code.clone(),
                year_cases: years.iter().map(|year| year.cases).collect(),
                year_cost: cost.collect::<Result<_, _>>().map_err(|_| Error::Overflow {
                    what: format!("the yearly cost of institution `{code}`"),
                })?,
            });
        }
        Ok(rows)
    }
}

impl Fees {
    /// A counting sort by cell, then each cell by itself.
    fn new(window: Window<'_>, all: &[Sums], threads: usize) -> Self {
        // `next` is where the next fee of a cell goes: its first place now, its end after the pass.
        let mut next = Vec::with_capacity(all.len());
        let mut total = 0usize;
        for sums in all {
            next.push(total);
            // Every case is a row in memory, so their number fits.
            total = total.saturating_add(usize::try_from(sums.total.cases).unwrap_or(usize::MAX));
        }
        let mut fees = vec![0; total];
        for (cell, fee) in window.fees() {
            let place = &mut next[cell];
            fees[*place] = fee;
            *place = place.saturating_add(1);
        }
        sort(&mut fees, &next, threads);
        Self { fees, ends: next }
    }
}

/// Sorts every cell; each thread takes cells that hold about its share of the fees.
fn sort(fees: &mut [i64], ends: &[usize], threads: usize) {
    let share = fees.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let mut rest = fees;
        let (mut first, mut offset) = (0usize, 0usize);
        while first < ends.len() {
            let reach = offset.saturating_add(share);
            let count = ends[first..].partition_point(|end| *end < reach).saturating_add(1);
            let last = first.saturating_add(count).min(ends.len());
            let cells = &ends[first..last];
            let end = cells.last().copied().unwrap_or(offset);
            let (own, others) = std::mem::take(&mut rest).split_at_mut(end.saturating_sub(offset));
            let mut sort_own = move || {
                let mut from = 0;
                for cell in cells {
                    let to = cell.saturating_sub(offset);
                    own[from..to].sort_unstable();
                    from = to;
                }
            };
            if threads > 1 {
                scope.spawn(sort_own);
            } else {
                sort_own();
            }
            (rest, first, offset) = (others, last, end);
        }
    });
}
