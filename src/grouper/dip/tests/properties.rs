//! What holds for any history, and a second, plain implementation of R01 and R02.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{counted, pooled, rules};
use crate::grouper::dip::{Kind, Matcher, learn, match_year};
use crate::policy::model::Dip;
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::units::{Fen, ratio, to_decimal};

/// A case: diagnosis, main operation, related operations, fee.
type Row = (usize, usize, BTreeSet<usize>, i64);

const DIAGNOSES: [&str; 4] = ["K35.9", "K35.1", "K80.2", "J18.9"];
const MAINS: [&str; 4] = ["", "36.0700", "99.1000", "11.1100"];
const RELATED: [&str; 3] = ["00.1000", "55.1000", "88.5500"];

fn small() -> Dip {
    Dip { threshold: 3, ..rules() }
}

fn code(row: &Row) -> String {
    let mut code = DIAGNOSES[row.0].to_owned();
    if !MAINS[row.1].is_empty() {
        code = format!("{code}+{}", MAINS[row.1]);
        for related in &row.2 {
            code = format!("{code}+{}", RELATED[*related]);
        }
    }
    code
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let related = prop::collection::btree_set(0..RELATED.len(), 0..3);
    let row = (0..DIAGNOSES.len(), 0..MAINS.len(), related, 100i64..5000);
    prop::collection::vec(row, 1..120)
}

fn cases(rows: &[Row]) -> Cases {
    let mut cases = Cases::default();
    let codes: BTreeSet<String> = rows.iter().map(code).collect();
    cases.groups = codes.into_iter().collect();
    cases.institutions = vec!["H1".to_owned()];
    cases.insutypes = vec!["310".to_owned()];
    for row in rows {
        let at = cases.groups.binary_search(&code(row)).unwrap();
        cases.group.push(u32::try_from(at).unwrap());
        cases.institution.push(0);
        cases.insutype.push(0);
        cases.year.push(2022);
        cases.month.push(1);
        cases.fee_fen.push(row.3);
        cases.inscope_fen.push(0);
        cases.fund_fen.push(0);
        cases.flags.push(0);
    }
    cases
}

/// R01 and R02 word by word, one case at a time over all cases.
struct Plain<'a> {
    rows: &'a [Row],
    /// Group of every row by R01.
    own: Vec<String>,
}

type Key = (usize, usize, BTreeSet<usize>);

impl<'a> Plain<'a> {
    fn new(rows: &'a [Row]) -> Self {
        let mut plain = Self { rows, own: Vec::new() };
        plain.own = rows.iter().map(|row| plain.own_group(row)).collect();
        plain
    }

    fn fees(&self, key: &Key) -> Vec<i64> {
        let same = |row: &&Row| (row.0, row.1) == (key.0, key.1) && related(row) == key.2;
        self.rows.iter().filter(same).map(|row| row.3).collect()
    }

    fn is_core(&self, key: &Key) -> bool {
        self.fees(key).len() >= 3
    }

    /// Whether the combination is an own group (R01).
    fn own(&self, key: &Key) -> bool {
        let without = (key.0, key.1, BTreeSet::new());
        if !self.is_core(key) || key.2.is_empty() || !self.is_core(&without) {
            return self.is_core(key);
        }
        let (with, base) = (self.fees(key), self.fees(&without));
        // mean(with) >= 1.1 mean(base), without dividing
        let sum = |fees: &[i64]| fees.iter().sum::<i64>();
        10 * sum(&with) * base.len() as i64 >= 11 * sum(&base) * with.len() as i64
    }

    fn own_group(&self, row: &Row) -> String {
        let key = (row.0, row.1, related(row));
        let without = (row.0, row.1, BTreeSet::new());
        if self.own(&key) {
            code(row)
        } else if self.is_core(&without) {
            code(&(row.0, row.1, BTreeSet::new(), 0))
        } else {
            residual(row)
        }
    }

    fn mean(&self, group: &str) -> rust_decimal::Decimal {
        let of: Vec<i64> = self
            .rows
            .iter()
            .zip(&self.own)
            .filter(|(_, own)| *own == group)
            .map(|(row, _)| row.3)
            .collect();
        let mean = ratio(of.iter().sum::<i64>()) / ratio(of.len()) / ratio(100);
        to_decimal(&mean, 4).unwrap()
    }

    fn matched(&self, row: &Row) -> String {
        let known: BTreeSet<&String> = self.own.iter().collect();
        if known.contains(&code(row)) {
            return code(row);
        }
        // Subsets in any order: the best by (most matched, nearest mean, code).
        let mut best: Option<(usize, rust_decimal::Decimal, String)> = None;
        for bits in 1..1usize << RELATED.len() {
            let subset: BTreeSet<usize> =
                (0..RELATED.len()).filter(|at| bits >> at & 1 == 1).collect();
            let group = code(&(row.0, row.1, subset.clone(), 0));
            if MAINS[row.1].is_empty() || !subset.is_subset(&row.2) || !known.contains(&group) {
                continue;
            }
            let distance = (Fen(row.3).to_yuan() - self.mean(&group)).abs();
            let key = (RELATED.len() - subset.len(), distance, group);
            if best.as_ref().is_none_or(|best| key < *best) {
                best = Some(key);
            }
        }
        if let Some((_, _, group)) = best {
            return group;
        }
        let main = code(&(row.0, row.1, BTreeSet::new(), 0));
        if known.contains(&main) { main } else { residual(row) }
    }
}

fn related(row: &Row) -> BTreeSet<usize> {
    if MAINS[row.1].is_empty() { BTreeSet::new() } else { row.2.clone() }
}

fn residual(row: &Row) -> String {
    // 36.0700 surgery, 99.1000 therapeutic, 11.1100 without attribute.
    let letter = ["C", "S", "T", "C"][row.1];
    format!("{}_{letter}", &DIAGNOSES[row.0][..3])
}

proptest! {
    // shows: R01, R02, A50
    #[test]
    fn the_directory_is_that_of_a_plain_reading(rows in rows()) {
        let learned = learn(&small(), cases(&rows), &[2022], (pooled, pooled)).unwrap();
        let plain = Plain::new(&rows);
        for (at, row) in rows.iter().enumerate() {
            let group = &learned.cases.groups[learned.cases.group[at] as usize];
            // A residual group the plain reading left empty is none of the directory's.
            prop_assert_eq!(group, &plain.matched(row), "{:?}", row);
        }
        let own: BTreeSet<&String> = plain.own.iter().collect();
        prop_assert!(learned.groups.keys().eq(own));
    }

    // shows: R01, R02
    #[test]
    fn each_case_has_one_group_whatever_the_order(rows in rows(), seed in any::<u64>()) {
        let learned = learn(&small(), cases(&rows), &[2022], (pooled, pooled)).unwrap();
        prop_assert!(learned.cases.group.iter().all(|group| *group != UNGROUPED));
        prop_assert!(learned.groups.iter().all(|(code, kind)| *kind == Kind::of(&small(), code)));
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| (*at as u64).wrapping_mul(seed | 1).rotate_left(17));
        let shuffled: Vec<Row> = order.iter().map(|at| rows[*at].clone()).collect();
        let other = learn(&small(), cases(&shuffled), &[2022], (pooled, pooled)).unwrap();
        prop_assert_eq!(&learned.groups, &other.groups);
        for (place, at) in order.iter().enumerate() {
            let group = |cases: &Cases, at: usize| cases.groups[cases.group[at] as usize].clone();
            prop_assert_eq!(group(&learned.cases, *at), group(&other.cases, place));
        }
    }

    // shows: R02
    #[test]
    fn matching_twice_changes_nothing(rows in rows()) {
        let dip = small();
        let learned = learn(&dip, cases(&rows), &[2022], (pooled, pooled)).unwrap();
        let plain = Plain::new(&rows);
        let means: BTreeMap<String, _> =
            learned.groups.keys().map(|code| (code.clone(), Some(plain.mean(code)))).collect();
        let matcher = Matcher::new(&dip, means);
        let (again, _) = match_year(&matcher, &dip, learned.cases.clone()).unwrap();
        prop_assert_eq!(counted(&again), counted(&learned.cases));
        prop_assert_eq!(again.group, learned.cases.group);
    }
}
