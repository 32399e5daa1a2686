//! Cases paid by another unit than their group (J03, H14): they are no part of the statistics (R19).

use std::collections::BTreeMap;

use crate::policy::model::Unit;
use crate::settlement::cases::{Cases, UNGROUPED};

/// What left the statistics in one year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Cases.
    pub cases: i64,
    /// Their fees in fen.
    pub fee_fen: i128,
}

/// Of every group code whether it is that of a unit.
fn of_units(cases: &Cases, units: &[Unit]) -> Vec<bool> {
    cases.groups.iter().map(|group| units.iter().any(|unit| unit.code == *group)).collect()
}

/// Of every case whether it stays in the statistics.
#[must_use]
pub fn stay(cases: &Cases, units: &[Unit]) -> Vec<bool> {
    let is_unit = of_units(cases, units);
    cases.group.iter().map(|group| *group == UNGROUPED || !is_unit[*group as usize]).collect()
}

/// Takes the cases of units out, whose code stands in the place of a group, and their codes with them.
/// What left is told by year.
pub fn leave_out(cases: &mut Cases, units: &[Unit]) -> BTreeMap<u16, Left> {
    let is_unit = of_units(cases, units);
    let mut left: BTreeMap<u16, Left> = BTreeMap::new();
    if !is_unit.contains(&true) {
        return left;
    }
    let keep = stay(cases, units);
    for ((keep, year), fee) in keep.iter().zip(&cases.year).zip(&cases.fee_fen) {
        if !keep {
            let left = left.entry(*year).or_default();
            left.cases += 1;
            left.fee_fen += i128::from(*fee);
        }
    }
    cases.retain(&keep);
    // Codes without a case would be groups without history.
    let mut number = 0;
    let numbers: Vec<u32> = is_unit
        .iter()
        .map(|is_unit| {
            let own = number;
            number += u32::from(!is_unit);
            own
        })
        .collect();
    for group in cases.group.iter_mut().filter(|group| **group != UNGROUPED) {
        *group = numbers[*group as usize];
    }
    let mut marks = is_unit.into_iter();
    cases.groups.retain(|_| !marks.next().unwrap_or_default());
    left
}

#[cfg(test)]
mod tests {
    use super::leave_out;
    use crate::policy::model::{Cite, Unit, UnitKind};
    use crate::settlement::cases::{Cases, UNGROUPED};

    // Dialysis (hi_paymtd 7) is paid by quota: of 100, 400, 200 in 2023 and 300 ungrouped in 2022 the
    // 400 leaves, and the groups that stay keep their cases.
    // shows: J03, H14, R19
    #[test]
    fn cases_of_units_leave_the_statistics() {
        let unit = Unit {
            cite: Cite::default(),
            code: "DIALYSIS".to_owned(),
            kind: UnitKind::Item,
            hi_paymtd: vec!["7".to_owned()],
            dise_codg: Vec::new(),
            med_type: Vec::new(),
        };
        let mut cases = Cases {
            institutions: vec!["H".to_owned()],
            groups: ["A_1", "DIALYSIS", "M_1"].map(str::to_owned).to_vec(),
            insutypes: vec!["310".to_owned()],
            institution: vec![0; 4],
            group: vec![0, 1, 2, UNGROUPED],
            insutype: vec![0; 4],
            year: vec![2023, 2023, 2023, 2022],
            month: vec![1; 4],
            fee_fen: vec![100, 400, 200, 300],
            inscope_fen: vec![0; 4],
            fund_fen: vec![0; 4],
            flags: vec![0; 4],
            unit_days: vec![0, 3, 0, 0],
            ..Cases::default()
        };
        let untouched = cases.clone();
        assert!(leave_out(&mut cases, &[]).is_empty());
        assert_eq!(cases, untouched);
        let left = leave_out(&mut cases, std::slice::from_ref(&unit));
        assert_eq!(left.len(), 1);
        assert_eq!((left[&2023].cases, left[&2023].fee_fen), (1, 400));
        assert_eq!(cases.groups, ["A_1", "M_1"]);
        assert_eq!(cases.group, [0, 1, UNGROUPED]);
        assert_eq!(cases.fee_fen, [100, 200, 300]);
        assert_eq!(cases.unit_days, [0, 0, 0]);
    }
}
