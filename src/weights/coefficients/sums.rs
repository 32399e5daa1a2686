//! The sums that coefficients follow from: one pass over the case columns.

use std::collections::BTreeMap;

use super::super::blend::Blend;
use super::super::quotient;
use super::super::sums::{Sums, Total};
use super::super::{Error, Plan};
use crate::catalog::model::{Catalog, Group};
use crate::policy::model::{BonusOn, Coefficient};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::coefficient::InstitutionFacts;
use crate::units::Ratio;

/// Sums of the cases of some institutions, per year, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// Fees of all cases.
    pub(super) all: Vec<Sums>,
    /// Fees of the cases whose group has a mean above 0.
    pub(super) grouped: Vec<Total>,
    /// The means of the groups of those cases, in units of the last published place.
    pub(super) expected: Vec<Total>,
}

impl Measured {
    fn empty(years: usize) -> Self {
        Self {
            all: vec![Sums::default(); years],
            grouped: vec![Total::default(); years],
            expected: vec![Total::default(); years],
        }
    }

    /// Cases of all years.
    pub(super) fn cases(&self) -> u64 {
        Total::of(self.all.iter().map(|year| year.total)).cases
    }

    /// Fees ÷ what the groups of the cases cost, relative to the same of the city; both blended.
    pub(super) fn case_mix(&self, city: &Self, blend: &Blend) -> Option<Ratio> {
        let own = quotient::mean(&self.grouped, blend)? / quotient::mean(&self.expected, blend)?;
        let all = quotient::mean(&city.grouped, blend)? / quotient::mean(&city.expected, blend)?;
        Some(own / all)
    }
}

/// Cases of one institution, group and discipline.
type Newest = BTreeMap<(u32, u32, u16), u64>;

/// Sums by institution and year, and cases by institution and group in the newest year.
#[derive(Debug)]
pub(super) struct Counts {
    years: usize,
    by_institution: Vec<Measured>,
    groups: usize,
    /// Cases of the newest year, institution by institution, group by group, without those in `key`.
    newest: Vec<u32>,
    /// Those from a key discipline of the institution, by institution, group, discipline.
    key: Newest,
}

/// For each institution, whether each discipline of the cases is a key discipline of it.
fn key_disciplines(
    rule: &Coefficient,
    cases: &Cases,
    facts: &[InstitutionFacts],
) -> Option<Vec<Vec<bool>>> {
    let asked = rule.bonuses.iter().any(|bonus| matches!(bonus.on, BonusOn::Discipline(_)));
    if !asked || cases.discipline.is_empty() {
        return None;
    }
    let of = |code: &String| {
        let own = facts.iter().find(|one| one.code == *code);
        let is_key =
            |name: &String| own.is_some_and(|one| one.disciplines.contains_key(name.as_str()));
        cases.disciplines.iter().map(is_key).collect()
    };
    Some(cases.institutions.iter().map(of).collect())
}

impl Counts {
    /// Reads the columns once.
    ///
    /// # Errors
    /// [`Error::Overflow`] where squares leave 128 bits.
    pub(super) fn new(
        plan: &Plan<'_>,
        rule: &Coefficient,
        (cases, catalog): (&Cases, &Catalog),
        facts: &[InstitutionFacts],
    ) -> Result<Self, Error> {
        let years = plan.years.len();
        let means = expectations(cases, catalog);
        let key = key_disciplines(rule, cases, facts);
        let mut counts = Self {
            years,
            by_institution: vec![Measured::empty(years); cases.institutions.len()],
            groups: cases.groups.len(),
            newest: vec![0; cases.institutions.len().saturating_mul(cases.groups.len())],
            key: BTreeMap::new(),
        };
        let columns = cases.institution.iter().zip(&cases.group);
        let columns = columns.zip(cases.year.iter().zip(&cases.fee_fen));
        for (row, ((institution, group), (year, fee))) in columns.enumerate() {
            let Some(at) = plan.years.iter().position(|known| known == year) else { continue };
            let own = &mut counts.by_institution[*institution as usize];
            own.all[at].add(*fee).ok_or_else(|| Error::Overflow {
                what: format!(
                    "the sum of squared fees of institution `{}` in {year}",
                    cases.institutions[*institution as usize]
                ),
            })?;
            if *group == UNGROUPED {
                continue;
            }
            let mean = means[*group as usize];
            if mean > 0 {
                add(&mut own.grouped[at], i128::from(*fee));
                add(&mut own.expected[at], mean);
            }
            if at.saturating_add(1) == years {
                let discipline = key.as_ref().and_then(|key| {
                    let discipline = cases.discipline[row];
                    key[*institution as usize][usize::from(discipline)].then_some(discipline)
                });
                counts.count((*institution, *group), discipline);
            }
        }
        Ok(counts)
    }

    fn count(&mut self, (institution, group): (u32, u32), discipline: Option<u16>) {
        if let Some(discipline) = discipline {
            let count = self.key.entry((institution, group, discipline)).or_default();
            *count = count.saturating_add(1);
            return;
        }
        let cell = (institution as usize).saturating_mul(self.groups) + group as usize;
        self.newest[cell] = self.newest[cell].saturating_add(1);
    }

    /// Cases of an institution in all years.
    pub(super) fn cases(&self, institution: usize) -> u64 {
        self.by_institution[institution].cases()
    }

    /// Sums of the institutions that `belongs` takes.
    pub(super) fn of(&self, belongs: impl Fn(usize) -> bool) -> Measured {
        let mut sum = Measured::empty(self.years);
        for (_, own) in self.by_institution.iter().enumerate().filter(|(at, _)| belongs(*at)) {
            for year in 0..self.years {
                sum.all[year].total = Total::of([sum.all[year].total, own.all[year].total]);
                sum.all[year].squares = sum.all[year].squares.saturating_add(own.all[year].squares);
                sum.grouped[year] = Total::of([sum.grouped[year], own.grouped[year]]);
                sum.expected[year] = Total::of([sum.expected[year], own.expected[year]]);
            }
        }
        sum
    }

    /// Group, discipline and cases of an institution in the newest year.
    pub(super) fn newest(
        &self,
        institution: usize,
    ) -> impl Iterator<Item = (usize, Option<u16>, u64)> {
        let start = institution.saturating_mul(self.groups);
        let plain = self.newest[start..start + self.groups].iter().enumerate();
        let plain = plain.filter(|(_, cases)| **cases > 0);
        let whose = u32::try_from(institution).unwrap_or(u32::MAX);
        let key = self.key.range((whose, 0, 0)..=(whose, u32::MAX, u16::MAX));
        plain.map(|(group, cases)| (group, None, u64::from(*cases))).chain(
            key.map(|((_, group, discipline), cases)| (*group as usize, Some(*discipline), *cases)),
        )
    }
}

fn add(total: &mut Total, amount: i128) {
    total.cases = total.cases.saturating_add(1);
    total.fen = total.fen.saturating_add(amount);
}

/// The catalog's row of each group of the cases.
pub(super) fn rows<'a>(cases: &Cases, catalog: &'a Catalog) -> Vec<Option<&'a Group>> {
    let find = |code: &String| {
        let at = catalog.groups.binary_search_by(|group| group.group_code.as_str().cmp(code));
        at.ok().map(|at| &catalog.groups[at])
    };
    cases.groups.iter().map(find).collect()
}

/// Published means in units of their last place; 0 for a group that is not in the catalog.
fn expectations(cases: &Cases, catalog: &Catalog) -> Vec<i128> {
    let units = |group: &Group| {
        let mut mean = group.mean;
        mean.rescale(catalog.places);
        mean.mantissa()
    };
    rows(cases, catalog).into_iter().map(|group| group.map_or(0, units)).collect()
}
