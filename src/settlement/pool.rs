//! Pools, their institutions and their clearing periods, gathered from the sums of the pass.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::policy::model::{Clearing, Pools};
use crate::units::{Fen, UnitError};

use super::balance;
use super::cases::Cases;
use super::cases::UNGROUPED;
use super::input::ScenarioInput;
use super::outcome::{GroupRow, UNGROUPED_CODE};
use super::pass::{Base, Judged, JudgedGroup, Shape, Sums, TariffSums};

/// Name of the only pool where the money is not separated (A49).
pub const ALL: &str = "all";

/// Name of the period that is the whole year.
pub const YEAR: &str = "Y";

/// One clearing period: its name and its months.
pub type Period = (&'static str, RangeInclusive<usize>);

/// The clearing periods of a year, in order (Y26).
#[must_use]
pub fn periods(clearing: Clearing) -> &'static [Period] {
    const YEARS: &[Period] = &[(YEAR, 1..=12)];
    const HALVES: &[Period] = &[("H1", 1..=6), ("H2", 7..=12)];
    const QUARTERS: &[Period] = &[("Q1", 1..=3), ("Q2", 4..=6), ("Q3", 7..=9), ("Q4", 10..=12)];
    match clearing {
        Clearing::Year => YEARS,
        Clearing::HalfYear => HALVES,
        Clearing::Quarter => QUARTERS,
    }
}

/// Sums of one institution in one pool over some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Total {
    pub(super) base: Base,
    pub(super) judged: Judged,
}

impl Total {
    pub(super) fn add(&mut self, other: &Self) {
        self.base.add(&other.base);
        self.judged.add(&other.judged);
    }
}

/// One institution in one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) code: String,
    months: [Total; 12],
    /// No cases here, but in another pool: what is taken once is taken there.
    pub(super) waits: bool,
}

impl Pool {
    /// Whether cases of this insurance type are settled in it.
    pub(super) fn takes(&self, insutype: u8) -> bool {
        self.insutypes.contains(&usize::from(insutype))
    }
}

impl Member {
    pub(super) fn new(code: &str, months: [Total; 12]) -> Self {
        Self { code: code.to_owned(), months, waits: false }
    }

    /// An institution without cases.
    fn without_cases(code: &str) -> Self {
        Self::new(code, [Total::default(); 12])
    }

    /// Months 1 to 12, at positions 0 to 11.
    pub(super) fn months(&self) -> &[Total; 12] {
        &self.months
    }

    /// The sums of some months (1 to 12).
    pub(super) fn over(&self, months: &RangeInclusive<usize>) -> Total {
        let mut total = Total::default();
        for (_, month) in self.by_month().filter(|(month, _)| months.contains(month)) {
            total.add(month);
        }
        total
    }

    /// Months 1 to 12 with their sums.
    pub(super) fn by_month(&self) -> impl Iterator<Item = (usize, &Total)> {
        (1..).zip(&self.months)
    }
}

/// One pool: whose cases are settled from one budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pool {
    pub(super) name: String,
    /// Positions of its insurance types.
    insutypes: Vec<usize>,
    /// Institutions with cases in it, or with money to pay back or to be paid, ascending by code.
    pub(super) members: Vec<Member>,
}

impl Pool {
    /// A part of a pool, with cases of any insurance type.
    pub(super) fn part(name: &str, members: Vec<Member>) -> Self {
        Self { name: name.to_owned(), insutypes: Vec::new(), members }
    }

    /// Whether cases of an insurance type, by its position, are settled from it.
    pub(super) fn has_insutype(&self, insutype: usize) -> bool {
        self.insutypes.contains(&insutype)
    }
}

/// The pools of a scenario, ascending by name.
pub(super) fn pools(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    sums: &Sums,
    judged: &TariffSums,
) -> Vec<Pool> {
    let shape = Shape::of(cases);
    let groups: Vec<(String, Vec<usize>)> = match input.policy.budget.pools {
        Pools::One => vec![(ALL.to_owned(), (0..shape.insutypes).collect())],
        Pools::Insutype => {
            (0..shape.insutypes).map(|at| (cases.insutypes[at].clone(), vec![at])).collect()
        }
    };
    let mut pools: Vec<Pool> = groups
        .into_iter()
        .map(|(name, insutypes)| {
            let members = members(cases, &insutypes, sums, judged);
            Pool { name, insutypes, members }
        })
        .filter(|pool| !pool.members.is_empty() || pool.name == ALL)
        .collect();
    for (named, institution) in balance::named(input) {
        let fits = |pool: &&mut Pool| named.is_empty() || named == pool.name;
        let known = pools
            .iter_mut()
            .filter(|pool| fits(pool))
            .any(|pool| pool.members.iter().any(|member| member.code == institution));
        if let (false, Some(pool)) = (known, pools.iter_mut().find(fits)) {
            // No cases, yet something to pay back or to be paid: the institution still has a row.
            pool.members.push(Member::without_cases(institution));
            pool.members.sort_by(|one, two| one.code.cmp(&two.code));
        }
    }
    mark_waiting(&mut pools);
    pools
}

/// Marks the rows without cases of institutions that have cases in another pool.
fn mark_waiting(pools: &mut [Pool]) {
    let has_cases = |member: &Member| member.over(&(1..=12)).base.cases != 0;
    let busy: BTreeSet<String> = pools
        .iter()
        .flat_map(|pool| &pool.members)
        .filter(|member| has_cases(member))
        .map(|member| member.code.clone())
        .collect();
    for member in pools.iter_mut().flat_map(|pool| &mut pool.members) {
        member.waits = !has_cases(member) && busy.contains(&member.code);
    }
}

fn members(cases: &Cases, insutypes: &[usize], sums: &Sums, judged: &TariffSums) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    let of_cells = sums.cells.iter().zip(sums.months.iter().zip(&judged.months));
    // Cells ascend by institution, and institutions by code.
    for (cell, (base, judged)) in of_cells {
        if !insutypes.contains(&cell.insutype) {
            continue;
        }
        let code = &cases.institutions[cell.institution];
        if members.last().is_none_or(|member| member.code != *code) {
            members.push(Member::without_cases(code));
        }
        let month = usize::from(cell.month).saturating_sub(1);
        if let Some(member) = members.last_mut() {
            member.months[month].add(&Total { base: *base, judged: *judged });
        }
    }
    members
}

/// The rows by group of a pool, ascending by code, the ungrouped last.
///
/// # Errors
/// [`UnitError::Overflow`] beyond 64 bits.
pub(super) fn group_rows(
    pool: &Pool,
    cases: &Cases,
    sums: &Sums,
    judged: &TariffSums,
) -> Result<Vec<GroupRow>, UnitError> {
    let shape = Shape::of(cases);
    let mut rows = Vec::new();
    let codes = cases.groups.iter().map(String::as_str).chain([UNGROUPED_CODE]);
    let places = (0..).take(cases.groups.len()).chain([UNGROUPED]);
    for (group, code) in places.zip(codes) {
        let (mut base, mut of_group) = (Base::default(), JudgedGroup::default());
        for insutype in &pool.insutypes {
            let at = shape.group_at(*insutype, group);
            base.add(&sums.groups[at]);
            of_group.add(&judged.groups[at]);
        }
        if base.cases != 0 {
            rows.push(GroupRow {
                pool: pool.name.clone(),
                group_code: code.to_owned(),
                cases: base.cases,
                cost: fen(base.cost)?,
                booked: fen(base.booked)?,
                points: of_group.points,
                low_cases: of_group.low,
                high_cases: of_group.high,
            });
        }
    }
    Ok(rows)
}

/// A 128-bit sum as fen.
pub(super) fn fen(sum: i128) -> Result<Fen, UnitError> {
    i64::try_from(sum).map(Fen).map_err(|_| UnitError::Overflow)
}
