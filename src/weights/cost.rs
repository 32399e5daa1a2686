//! What the cost of a group consists of: weights of drugs and consumables (6.2), and how the cost of
//! each class has moved.
//!
//! dm_i is the blended mean a case costs in one class, dM that of all cases of M, and dRW_i = dm_i ÷ dM.
//! These means are arithmetic and over the kept cases; a winsorised case counts with its own cost.
//!
//! The price index of a group and class is its mean of the newest year ÷ that of the oldest. The index of
//! all groups holds the mix of cases of the oldest year (Laspeyres): Σ n_old · mean_new ÷ Σ n_old ·
//! mean_old, over the groups of the catalog with kept cases in both years.

use num_traits::Zero;

use super::centre::Measures;
use super::sums::Total;
use super::{Basis, Error, published, rounded};
use crate::policy::model::Denominator;
use crate::settlement::cases::{COST_CLASSES, UNGROUPED};
use crate::table::{Column, Table};
use crate::units::{Ratio, ratio};

/// Decimal places of a price index.
const INDEX_PLACES: u32 = 4;
/// Classes and the whole fee.
const KINDS: usize = COST_CLASSES.len() + 1;

/// Cost of each class, and the fee, of one group and year.
type Costs = [Total; KINDS];

/// One line of the table before it becomes columns.
struct Line {
    mean: Option<Ratio>,
    weight: Option<Ratio>,
    index: Option<Ratio>,
}

/// Table `cost_class`: one row a group and class, after these one a class for all cases (without a code):
/// `group_code, cost_class` (`fee` is all of it)`, cases` (kept)`, mean_yuan` (dm_i, dM)`, weight` (dRW_i)`,
/// price_index`. `None` where the costs of the classes are not known.
///
/// # Errors
/// [`Error::Overflow`].
pub(super) fn table(basis: &Basis<'_>) -> Result<Option<Table>, Error> {
    let scan = basis.centres.scan;
    if scan.window.cases.cost_fen.len() != scan.window.cases.len() || scan.total().cases == 0 {
        return Ok(None);
    }
    let kept = costs(basis, true);
    let of_all = of_all_cases(basis, &kept);
    let (mut names, mut lines) = (Vec::new(), Vec::new());
    for estimate in &basis.estimates {
        let cells = estimate.slot.map(|slot| &kept[scan.cells(slot)]).unwrap_or_default();
        for (kind, all) in of_all.iter().enumerate() {
            let years: Vec<Total> = cells.iter().map(|costs| costs[kind]).collect();
            names.push((estimate.code, kind, estimate.kept_total().cases));
            lines.push(line(basis, &years, all.as_ref()));
        }
    }
    let cases = Total::of(basis.estimates.iter().map(super::Estimate::kept_total)).cases;
    for (kind, all) in of_all.into_iter().enumerate() {
        names.push(("", kind, cases));
        let weight = all.as_ref().map(|_| ratio(1));
        lines.push(Line { weight, mean: all, index: laspeyres(basis, &kept, kind) });
    }
    shown(&names, &lines, basis.plan.policy.weights.places).map(Some)
}

/// Costs of every cell, of the cases that count or of all.
fn costs(basis: &Basis<'_>, kept: bool) -> Vec<Costs> {
    let scan = basis.centres.scan;
    let cases = scan.window.cases;
    let mut costs = vec![[Total::default(); KINDS]; scan.all.len()];
    for at in 0..cases.len() {
        let Some(year) = scan.window.years.iter().position(|year| *year == cases.year[at]) else {
            continue;
        };
        let group = cases.group[at];
        let slot = if group == UNGROUPED { cases.groups.len() } else { group as usize };
        let cell = scan.cells(slot).start.saturating_add(year);
        let fee = cases.fee_fen[at];
        if kept && basis.centres.kept.counts(cell, fee).is_none() {
            continue;
        }
        let parts = cases.cost_fen[at].into_iter().chain([fee]);
        for (total, fen) in costs[cell].iter_mut().zip(parts) {
            *total = Total::of([*total, Total { cases: 1, fen: fen.into() }]);
        }
    }
    costs
}

/// dM of every class, over the cases M is taken from (A04).
fn of_all_cases(basis: &Basis<'_>, kept: &[Costs]) -> Vec<Option<Ratio>> {
    let scan = basis.centres.scan;
    let denominator = basis.plan.policy.weights.denominator;
    let whole = if denominator == Denominator::BeforeTrim { &costs(basis, false) } else { kept };
    let slots: Vec<usize> = match denominator {
        Denominator::All | Denominator::BeforeTrim => (0..scan.slots()).collect(),
        Denominator::Grouped | Denominator::Given(_) => {
            basis.estimates.iter().filter_map(|group| group.slot).collect()
        }
    };
    let year = |kind: usize, at: usize| {
        Total::of(slots.iter().map(|slot| whole[scan.cells(*slot)][at][kind]))
    };
    let of_kind = |kind| {
        let years: Vec<Total> = (0..scan.window.years.len()).map(|at| year(kind, at)).collect();
        basis.plan.blend.mean(&Measures::of_totals(&years))
    };
    (0..KINDS).map(of_kind).collect()
}

fn line(basis: &Basis<'_>, years: &[Total], all: Option<&Ratio>) -> Line {
    let own = Measures::of_totals(years);
    let mean = basis.plan.blend.mean(&own);
    let all = all.filter(|all| !all.is_zero());
    let weight = mean.as_ref().zip(all).map(|(mean, all)| mean / all);
    let ends = own.year(0).zip(own.year(years.len().saturating_sub(1)));
    let ends = ends.filter(|(old, _)| years.len() > 1 && !old.is_zero());
    Line { mean, weight, index: ends.map(|(old, new)| new / old) }
}

fn laspeyres(basis: &Basis<'_>, kept: &[Costs], kind: usize) -> Option<Ratio> {
    let scan = basis.centres.scan;
    let (mut then, mut now) = (Ratio::zero(), Ratio::zero());
    for slot in basis.estimates.iter().filter_map(|group| group.slot) {
        let [old, .., new] = &kept[scan.cells(slot)] else { return None };
        let (old, new) = (old[kind], new[kind]);
        if let Some(mean) = new.mean().filter(|_| old.cases > 0) {
            then += ratio(old.fen);
            now += mean * ratio(old.cases);
        }
    }
    (!then.is_zero()).then(|| now / then)
}

fn shown(names: &[(&str, usize, u64)], lines: &[Line], places: u32) -> Result<Table, Error> {
    let class = |kind: usize| COST_CLASSES.get(kind).copied().unwrap_or("fee");
    let what = "a mean or weight of a cost class";
    let column = |places: u32, of: &dyn Fn(&Line) -> Option<Result<_, Error>>| {
        let values = lines.iter().map(|line| of(line).transpose());
        Ok::<_, Error>(Column::decimals(places, values.collect::<Result<Vec<_>, _>>()?))
    };
    let mean = column(places, &|line| line.mean.as_ref().map(|fen| published(fen, places, what)))?;
    let weight =
        column(places, &|line| line.weight.as_ref().map(|value| rounded(value, places, what)))?;
    let index = column(INDEX_PLACES, &|line| {
        line.index.as_ref().map(|value| rounded(value, INDEX_PLACES, what))
    })?;
    Ok(Table::new("cost_class")
        .with("group_code", Column::text(names.iter().map(|name| name.0)))
        .with("cost_class", Column::text(names.iter().map(|name| class(name.1))))
        .with("cases", Column::counts(names.iter().map(|name| name.2)))
        .with("mean_yuan", mean)
        .with("weight", weight)
        .with("price_index", index))
}
