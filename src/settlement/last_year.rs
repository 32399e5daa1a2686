//! What the cases of the year before say: the means that low and high cases are measured by, and what
//! was booked month by month.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::units::{Fen, UnitError, fraction, to_decimal};

use super::cases::{Cases, UNGROUPED, flag};
use super::coefficient::{InstitutionFacts, level_of};
use super::input::LastMeans;
use super::pool::ALL;

/// Places of the means (R06).
const PLACES: u32 = 4;

/// Cases and Σ fee in fen.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    cases: u64,
    fen: i128,
}

impl Sum {
    fn add(&mut self, fee_fen: i64) {
        self.cases = self.cases.saturating_add(1);
        self.fen = self.fen.saturating_add(fee_fen.into());
    }

    /// Cases and mean in yuan.
    fn mean(self) -> Result<(u64, Decimal), UnitError> {
        let yuan = i128::from(self.cases).checked_mul(100).ok_or(UnitError::Overflow)?;
        let mean = fraction(self.fen, yuan).and_then(|mean| to_decimal(&mean, PLACES));
        Ok((self.cases, mean.ok_or(UnitError::Overflow)?))
    }
}

/// Means of the cases of `year` by group, and by group and level of institution (A37, R06): of all
/// insurance types together, untrimmed, in yuan with 4 places, half away from zero. The groups are those
/// of the catalog in force, by which the cases were grouped. Cases without a group and of patients who
/// pay themselves are left out; those of an institution without a level count for the city alone.
///
/// # Errors
/// [`UnitError`]: a mean out of range.
pub fn means(
    cases: &Cases,
    year: u16,
    institutions: &[InstitutionFacts],
) -> Result<LastMeans, UnitError> {
    let level = |facts: &InstitutionFacts| level_of(facts).ok();
    let known: BTreeMap<&str, u8> = institutions
        .iter()
        .filter_map(|facts| Some((facts.code.as_str(), level(facts)?)))
        .collect();
    let levels: Vec<Option<u8>> =
        cases.institutions.iter().map(|code| known.get(code.as_str()).copied()).collect();
    let mut by_level: BTreeMap<(u32, u8), Sum> = BTreeMap::new();
    let mut by_group: BTreeMap<u32, Sum> = BTreeMap::new();
    for row in 0..cases.len() {
        let (group, is_paying) = (cases.group[row], cases.flags[row] & flag::SELF_PAYING != 0);
        if cases.year[row] != year || group == UNGROUPED || is_paying {
            continue;
        }
        by_group.entry(group).or_default().add(cases.fee_fen[row]);
        if let Some(level) = levels[cases.institution[row] as usize] {
            by_level.entry((group, level)).or_default().add(cases.fee_fen[row]);
        }
    }
    let name = |group: u32| cases.groups[group as usize].clone();
    Ok(LastMeans {
        by_level: by_level
            .into_iter()
            .map(|((group, level), sum)| Ok(((name(group), level), sum.mean()?)))
            .collect::<Result<_, UnitError>>()?,
        by_group: by_group
            .into_iter()
            .map(|(group, sum)| Ok((name(group), sum.mean()?)))
            .collect::<Result<_, UnitError>>()?,
    })
}

/// Fund money booked in `year` by pool, institution and month, January first (A44, Z22). The pool is
/// the insurance type where `by_insutype`, else [`ALL`].
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn booked(
    cases: &Cases,
    year: u16,
    by_insutype: bool,
) -> Result<BTreeMap<(String, String), [Fen; 12]>, UnitError> {
    let mut sums: BTreeMap<(Option<u8>, u32), [i128; 12]> = BTreeMap::new();
    for row in (0..cases.len()).filter(|row| cases.year[*row] == year) {
        let is_paying = cases.flags[row] & flag::SELF_PAYING != 0;
        let month = usize::from(cases.month[row]).checked_sub(1).filter(|month| *month < 12);
        let (Some(month), false) = (month, is_paying) else { continue };
        let pool = by_insutype.then_some(cases.insutype[row]);
        let sum = &mut sums.entry((pool, cases.institution[row])).or_default()[month];
        *sum = sum.saturating_add(cases.fund_fen[row].into());
    }
    let mut booked = BTreeMap::new();
    for ((pool, institution), months) in sums {
        let pool = pool.map_or(ALL, |pool| cases.insutypes[usize::from(pool)].as_str());
        let mut own = [Fen::ZERO; 12];
        for (month, sum) in own.iter_mut().zip(months) {
            *month = Fen(i64::try_from(sum).map_err(|_| UnitError::Overflow)?);
        }
        booked.insert((pool.to_owned(), cases.institutions[institution as usize].clone()), own);
    }
    Ok(booked)
}

#[cfg(test)]
mod tests {
    use super::{booked, means};
    use crate::settlement::cases::{Cases, UNGROUPED, flag};
    use crate::settlement::coefficient::InstitutionFacts;
    use crate::units::Fen;

    /// Institution, group, insurance type, month, fee, fund, flags; all of 2023.
    type Row = (u32, u32, u8, u8, i64, i64, u8);

    fn cases(rows: &[Row]) -> Cases {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Cases {
            institutions: names(&["H1", "H2", "H3"]),
            groups: names(&["A", "B"]),
            insutypes: names(&["310", "390"]),
            institution: rows.iter().map(|row| row.0).collect(),
            group: rows.iter().map(|row| row.1).collect(),
            insutype: rows.iter().map(|row| row.2).collect(),
            year: rows.iter().map(|_| 2023).collect(),
            month: rows.iter().map(|row| row.3).collect(),
            fee_fen: rows.iter().map(|row| row.4).collect(),
            fund_fen: rows.iter().map(|row| row.5).collect(),
            flags: rows.iter().map(|row| row.6).collect(),
            ..Cases::default()
        }
    }

    fn facts(code: &str, hosp_lv: &str) -> InstitutionFacts {
        let (code, hosp_lv) = (code.to_owned(), hosp_lv.to_owned());
        InstitutionFacts { code, hosp_lv, ..InstitutionFacts::default() }
    }

    // Group A: H1 and H2 of level three 100.00, 100.01 and 100.01: 300.02 ÷ 3 = 100.0066…; H3, whose level
    // cannot be told, 0.00: (300.02 + 0) ÷ 4 = 75.005 for the city. Both insurance types together; the
    // ungrouped case and the one of a patient without insurance count nowhere.
    // shows: A37, R06, R11
    #[test]
    fn means_are_those_of_a_level_and_of_the_city_with_four_places() {
        let rows: [Row; 7] = [
            (0, 0, 0, 1, 10_000, 0, 0),
            (1, 0, 1, 2, 10_001, 0, 0),
            (1, 0, 0, 3, 10_001, 0, flag::MERGED),
            (2, 0, 0, 4, 0, 0, 0),
            (0, 1, 0, 5, 50_000, 0, 0),
            (0, UNGROUPED, 0, 6, 999_999, 0, 0),
            (0, 0, 0, 7, 999_999, 0, flag::SELF_PAYING),
        ];
        let institutions = [facts("H1", "2"), facts("H2", "12"), facts("H3", "11")];
        let means = means(&cases(&rows), 2023, &institutions).unwrap();
        let mean = |text: &str| text.parse().unwrap();
        assert_eq!(means.by_level[&("A".to_owned(), 3)], (3, mean("100.0067")));
        assert_eq!(means.by_level[&("B".to_owned(), 3)], (1, mean("500.0000")));
        assert_eq!(means.by_level.len(), 2);
        assert_eq!(means.by_group["A"], (4, mean("75.0050")));
        assert_eq!(means.by_group["B"], (1, mean("500.0000")));
        // Another year's cases are not last year's.
        assert!(super::means(&cases(&rows), 2024, &institutions).unwrap().by_group.is_empty());
    }

    // shows: A44, Z22, R10
    #[test]
    fn what_was_booked_stands_by_pool_institution_and_month() {
        let rows: [Row; 5] = [
            (0, 0, 0, 1, 0, 100, 0),
            (0, 1, 1, 1, 0, 30, 0),
            (0, UNGROUPED, 0, 12, 0, 7, 0),
            (1, 0, 0, 12, 0, -5, 0),
            (0, 0, 0, 1, 0, 999, flag::SELF_PAYING),
        ];
        let key = |pool: &str, code: &str| (pool.to_owned(), code.to_owned());
        let one = booked(&cases(&rows), 2023, false).unwrap();
        assert_eq!(one.len(), 2);
        assert_eq!(one[&key("all", "H1")][0], Fen(130));
        assert_eq!(one[&key("all", "H1")][11], Fen(7));
        assert_eq!(one[&key("all", "H2")][11], Fen(-5));
        let apart = booked(&cases(&rows), 2023, true).unwrap();
        assert_eq!(apart.len(), 3);
        assert_eq!(apart[&key("310", "H1")][0], Fen(100));
        assert_eq!(apart[&key("390", "H1")][0], Fen(30));
    }
}
