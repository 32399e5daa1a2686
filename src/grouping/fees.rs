//! Fee lines rolled up to their settlements: copies, conflicts, class sums (A14, A48, R14, R26).
//!
//! There are several lines to a settlement, so nowhere are more rows read. Lines of a settlement stand
//! together in the files, which a general join or aggregate cannot use and one pass can.

use std::sync::Arc;

use foldhash::HashMap;

use super::apg::ItemClasses;
use super::line_traits::{LineFacts, LineRules, LineTraits, Traits};
use crate::settlement::cases::COST_CLASSES;
use crate::warehouse::Error;
use crate::warehouse::arrow::array::{
    Array as _, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringViewArray,
};
use crate::warehouse::engine::Session;
use crate::warehouse::rows::{text_column, whole_column};
use crate::warehouse::vocabulary::{id_key, key_column};

/// One fee line as exported.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeeLine<'a> {
    pub(super) setl_id: &'a str,
    pub(super) feedetl_sn: &'a str,
    pub(super) row_digest: i64,
    pub(super) item: Option<&'a str>,
    pub(super) charge_type: Option<&'a str>,
    pub(super) fen: i64,
    /// `hi_nego_drug_flag`; read only where the policy asks.
    pub(super) negotiated: Option<&'a str>,
    /// `prd_days`; read only where the policy asks.
    pub(super) days: u16,
}

/// A line until all lines are known.
#[derive(Debug, Clone, Copy)]
struct Kept {
    line_key: i128,
    row_digest: i64,
    fen: i64,
    settlement: u32,
    class: Option<u8>,
    /// Class of cost, where they are asked for.
    cost_class: Option<u8>,
    is_important: bool,
    traits: LineTraits,
}

/// Fen of each class of cost.
pub(super) type CostSums = [i64; COST_CLASSES.len()];

/// What the lines of one settlement come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FeeSums {
    /// Lines that stay: copies count once, lines that contradict each other not at all (A48).
    pub(super) lines: i64,
    /// Fen of class O, M, A.
    pub(super) fen: [i64; 3],
    /// What the lines take away where the settlement is a reversal: amounts whatever their sign (R14).
    pub(super) taken_fen: [i64; 3],
    /// Whether a line of the class stands on its important list.
    pub(super) important: [bool; 3],
}

/// A line that stands more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeated {
    pub(super) setl_key: i128,
    pub(super) line_key: i128,
    pub(super) is_conflicting: bool,
}

/// Takes the lines of one bucket.
pub(super) struct FeeLines {
    classes: Arc<ItemClasses>,
    settlements: HashMap<i128, u32>,
    keys: Vec<i128>,
    lines: Vec<Kept>,
    traits: Option<Traits>,
    /// Neighbouring lines often share the settlement and the charge type: remember the last answers.
    last_settlement: (String, Option<u32>),
    last_charge_type: Option<(String, Option<u8>)>,
}

impl FeeLines {
    pub(super) fn new(classes: Arc<ItemClasses>) -> Self {
        Self {
            traits: classes.lines().cloned().map(Traits::new),
            classes,
            settlements: HashMap::default(),
            keys: Vec::new(),
            lines: Vec::new(),
            last_settlement: (String::new(), None),
            last_charge_type: None,
        }
    }

    /// Takes a batch in the shape of `stg_fee_item`.
    ///
    /// # Errors
    /// If a column is missing or of another type.
    pub(super) fn take_batch(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let text = |name| text_column(batch, name);
        let (ids, numbers) = (text("setl_id")?, text("feedetl_sn")?);
        let (items, charge_types) = (text("med_list_codg")?, text("med_chrgitm_type")?);
        let asked = self.classes.lines().is_some_and(LineRules::looks_at_negotiated);
        let negotiated = asked.then(|| text("hi_nego_drug_flag")).transpose()?;
        let asked = self.classes.lines().is_some_and(LineRules::looks_at_days);
        let days = asked.then(|| whole_column(batch, "prd_days")).transpose()?;
        let (digests, amounts) =
            (whole_column(batch, "row_digest")?, whole_column(batch, "amount_fen")?);
        if digests.null_count() + amounts.null_count() > 0 {
            return Err(Error::Column {
                column: "row_digest, amount_fen".to_owned(),
                expected: "a value in every row".to_owned(),
                found: "nothing in some".to_owned(),
            });
        }
        for row in 0..batch.num_rows() {
            self.take(&FeeLine {
                setl_id: value(&ids, row).unwrap_or_default(),
                feedetl_sn: value(&numbers, row).unwrap_or_default(),
                row_digest: digests.value(row),
                item: value(&items, row),
                charge_type: value(&charge_types, row),
                fen: amounts.value(row),
                negotiated: negotiated.as_ref().and_then(|column| value(column, row)),
                days: days.filter(|column| column.is_valid(row)).map_or(0, |column| {
                    u16::try_from(column.value(row).max(0)).unwrap_or(u16::MAX)
                }),
            });
        }
        Ok(())
    }

    /// Takes one line.
    pub(super) fn take(&mut self, line: &FeeLine<'_>) {
        let settlement = self.settlement(line.setl_id);
        let traits = self.traits.as_mut().map_or(LineTraits::NONE, |all| all.of_line(line));
        // What is carved out has left before classes are told (A47).
        let class = if traits.is_carved { None } else { self.class(line) };
        self.lines.push(Kept {
            line_key: id_key(line.feedetl_sn),
            row_digest: line.row_digest,
            fen: line.fen,
            settlement,
            class,
            cost_class: self
                .classes
                .cost_class(line.charge_type)
                .filter(|_| !traits.is_carved)
                .and_then(|class| u8::try_from(class).ok()),
            is_important: self.classes.lists_important()
                && self.classes.important(line.item, line.charge_type),
            traits,
        });
    }

    fn settlement(&mut self, setl_id: &str) -> u32 {
        if let (known, Some(at)) = &self.last_settlement
            && known == setl_id
        {
            return *at;
        }
        let key = id_key(setl_id);
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let at = *self.settlements.entry(key).or_insert(next);
        if at == next {
            self.keys.push(key);
        }
        self.last_settlement.0.clear();
        self.last_settlement.0.push_str(setl_id);
        self.last_settlement.1 = Some(at);
        at
    }

    fn class(&mut self, line: &FeeLine<'_>) -> Option<u8> {
        let class = |item| {
            let class = self.classes.class(item, line.charge_type);
            class.and_then(|class| u8::try_from(class).ok())
        };
        if self.classes.lists_items() {
            return class(line.item);
        }
        let charge_type = line.charge_type?;
        if let Some((known, class)) = &self.last_charge_type
            && known == charge_type
        {
            return *class;
        }
        let class = class(None);
        self.last_charge_type = Some((charge_type.to_owned(), class));
        class
    }

    /// Collapses copies, rejects lines that contradict each other, sums what stays.
    pub(super) fn finish(mut self) -> FeeRoll {
        // Ascending already but for settlements whose lines stand in several files.
        self.lines.sort_by_key(|line| line.settlement);
        let mut sums = vec![FeeSums::default(); self.keys.len()];
        let asked = if self.classes.counts_costs() { self.keys.len() } else { 0 };
        let mut costs = vec![[CostSums::default(); 2]; asked];
        let mut repeated = Vec::new();
        let mut stay = Vec::new();
        for lines in self.lines.chunk_by_mut(|a, b| a.settlement == b.settlement) {
            lines.sort_unstable_by_key(|line| line.line_key);
            let at = lines[0].settlement as usize;
            for copies in lines.chunk_by(|a, b| a.line_key == b.line_key) {
                let first = copies[0];
                let is_conflicting = copies.iter().any(|copy| copy.row_digest != first.row_digest);
                if copies.len() > 1 {
                    let (setl_key, line_key) = (self.keys[at], first.line_key);
                    repeated.push(Repeated { setl_key, line_key, is_conflicting });
                }
                if !is_conflicting {
                    sums[at].add(&first);
                    stay.push((first.class, first.traits, first.fen));
                    if let Some(class) = first.cost_class.map(usize::from) {
                        costs[at][0][class] += first.fen;
                        costs[at][1][class] += first.fen.abs();
                    }
                }
            }
            if let Some(traits) = &mut self.traits {
                traits.close_settlement(&stay);
            }
            stay.clear();
        }
        FeeRoll {
            settlements: self.settlements,
            keys: self.keys,
            sums,
            costs,
            repeated,
            traits: self.traits,
        }
    }
}

impl FeeSums {
    fn add(&mut self, line: &Kept) {
        self.lines += 1;
        let Some(class) = line.class.map(usize::from) else { return };
        self.fen[class] += line.fen;
        self.taken_fen[class] += line.fen.abs();
        self.important[class] |= line.is_important;
    }
}

/// The lines of one bucket, rolled up.
#[derive(Debug)]
pub(super) struct FeeRoll {
    settlements: HashMap<i128, u32>,
    keys: Vec<i128>,
    sums: Vec<FeeSums>,
    /// Fen of each class of cost, and what the lines take away where the settlement is a reversal
    /// (R14); empty unless asked for.
    costs: Vec<[CostSums; 2]>,
    pub(super) repeated: Vec<Repeated>,
    traits: Option<Traits>,
}

impl FeeRoll {
    /// Sums of one settlement; zeros if it has no lines.
    pub(super) fn of(&self, setl_id: &str) -> FeeSums {
        let at = self.settlements.get(&id_key(setl_id));
        at.and_then(|at| self.sums.get(*at as usize)).copied().unwrap_or_default()
    }

    /// What the lines of a reversal take away from each class of cost; zeros unless asked for.
    pub(super) fn cost_taken_of(&self, setl_id: &str) -> CostSums {
        let at = self.settlements.get(&id_key(setl_id));
        at.and_then(|at| self.costs.get(*at as usize))
            .map_or_else(CostSums::default, |sums| sums[1])
    }

    /// What single lines say, where the policy asks; the sums are given up.
    pub(super) fn into_facts(self) -> Option<LineFacts> {
        let settlements = self.settlements;
        self.traits.map(|traits| traits.finish(settlements))
    }

    /// Makes the relation `cost_roll` (a row a settlement with lines) visible to the models; without
    /// rows unless classes of cost were asked for.
    fn register_costs(&self, session: &Session) -> Result<(), Error> {
        let keys = self.keys.iter().take(self.costs.len()).map(|key| Some(*key));
        let mut columns = vec![("setl_key", key_column(keys))];
        for (class, names) in COST_COLUMNS.into_iter().enumerate() {
            for (side, name) in names.into_iter().enumerate() {
                let sums = self.costs.iter().map(|sums| Some(sums[side][class]));
                columns.push((name, Arc::new(sums.collect::<Int64Array>()) as ArrayRef));
            }
        }
        session.register_columns("cost_roll", columns)
    }

    /// Makes the relations `fee_roll` (a row a settlement with lines that stay) and
    /// `repeated_fee_line` (a row a line that stands more than once) and `cost_roll` visible to the
    /// models.
    pub(super) fn register(&self, session: &Session) -> Result<(), Error> {
        let stays: Vec<usize> =
            (0..self.sums.len()).filter(|at| self.sums[*at].lines > 0).collect();
        let whole = |of: &dyn Fn(&FeeSums) -> i64| -> ArrayRef {
            Arc::new(stays.iter().map(|at| Some(of(&self.sums[*at]))).collect::<Int64Array>())
        };
        let truth = |class: usize| -> ArrayRef {
            let flags = stays.iter().map(|at| Some(self.sums[*at].important[class]));
            Arc::new(flags.collect::<BooleanArray>())
        };
        let mut columns = vec![
            ("setl_key", key_column(stays.iter().map(|at| Some(self.keys[*at])))),
            ("lines", whole(&|sums| sums.lines)),
        ];
        for (class, [fen, taken, important]) in CLASS_COLUMNS.into_iter().enumerate() {
            columns.push((fen, whole(&|sums| sums.fen[class])));
            columns.push((taken, whole(&|sums| sums.taken_fen[class])));
            columns.push((important, truth(class)));
        }
        session.register_columns("fee_roll", columns)?;
        self.register_costs(session)?;
        let conflicts = self.repeated.iter().map(|line| Some(line.is_conflicting));
        session.register_columns(
            "repeated_fee_line",
            vec![
                ("setl_key", key_column(self.repeated.iter().map(|line| Some(line.setl_key)))),
                ("line_key", key_column(self.repeated.iter().map(|line| Some(line.line_key)))),
                ("is_conflicting", Arc::new(conflicts.collect::<BooleanArray>())),
            ],
        )
    }
}

const CLASS_COLUMNS: [[&str; 3]; 3] = [
    ["o_fen", "o_taken_fen", "o_is_important"],
    ["m_fen", "m_taken_fen", "m_is_important"],
    ["a_fen", "a_taken_fen", "a_is_important"],
];

/// Of each class of [`COST_CLASSES`]: its sum, and what a reversal takes away.
pub(super) const COST_COLUMNS: [[&str; 2]; COST_CLASSES.len()] = [
    ["drug_fen", "drug_taken_fen"],
    ["consumable_fen", "consumable_taken_fen"],
    ["exam_fen", "exam_taken_fen"],
    ["treatment_fen", "treatment_taken_fen"],
    ["service_fen", "service_taken_fen"],
];

fn value(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{FeeLine, FeeLines, FeeSums};
    use crate::grouping::testing::charge_type_classes;

    /// `(setl_id, feedetl_sn, item, charge type, fen, digest)`
    type Given<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, i64, i64);

    fn roll(lines: &[Given<'_>]) -> super::FeeRoll {
        let mut taken = FeeLines::new(charge_type_classes());
        for (setl_id, feedetl_sn, item, charge_type, fen, row_digest) in lines {
            taken.take(&FeeLine {
                setl_id,
                feedetl_sn,
                row_digest: *row_digest,
                item: Some(item),
                charge_type: *charge_type,
                fen: *fen,
                negotiated: None,
                days: 0,
            });
        }
        taken.finish()
    }

    fn sums(lines: i64, fen: [i64; 3]) -> FeeSums {
        FeeSums { lines, fen, taken_fen: fen.map(i64::abs), important: [false; 3] }
    }

    // 600.00 + 0.01 of O, 320.00 − 20.00 of M, 80.00 of A on its important list, 5.00 in no class.
    // shows: A14
    #[test]
    fn lines_are_summed_by_class() {
        let roll = roll(&[
            ("s", "01", "X", Some("05"), 60_000, 1),
            ("s", "02", "X", Some("06"), 1, 2),
            ("s", "03", "X", Some("09"), 32_000, 3),
            ("s", "04", "X", Some("10"), -2_000, 4),
            ("s", "05", "IMPORTANT-A", Some("03"), 8_000, 5),
            ("s", "06", "X", Some("01"), 500, 6),
            ("s", "07", "X", None, 700, 7),
        ]);
        let fen = [60_001, 30_000, 8_000];
        let expected = FeeSums {
            lines: 7,
            fen,
            taken_fen: [60_001, 34_000, 8_000],
            important: [false, false, true],
        };
        assert_eq!(roll.of("s"), expected);
        assert!(roll.repeated.is_empty());
        assert_eq!(roll.of("nobody"), FeeSums::default());
    }

    // An item is important in its own class only: the list of O is empty (A14 (3)).
    // shows: A14
    #[test]
    fn an_item_of_another_class_is_not_important() {
        let roll = roll(&[("s", "01", "IMPORTANT-A", Some("05"), 100, 1)]);
        assert_eq!(roll.of("s"), sums(1, [100, 0, 0]));
    }

    // A48: equal digests collapse, others are rejected, wherever the copies stand.
    // shows: A48
    #[test]
    fn copies_collapse_and_contradictions_leave() {
        let roll = roll(&[
            ("copies", "01", "X", Some("05"), 1_000, 7),
            ("conflict", "01", "X", Some("05"), 1_000, 9),
            ("copies", "01", "X", Some("05"), 1_000, 7),
            ("conflict", "02", "X", Some("09"), 100, 11),
            ("conflict", "01", "X", Some("05"), 1_000, 10),
            ("all_gone", "01", "X", Some("05"), 1_000, 12),
            ("all_gone", "01", "X", Some("09"), 1_000, 13),
            ("copies", "01", "X", Some("05"), 1_000, 7),
            ("two_of_three", "01", "X", Some("05"), 1, 20),
            ("two_of_three", "01", "X", Some("05"), 1, 20),
            ("two_of_three", "01", "X", Some("05"), 1, 21),
        ]);
        assert_eq!(roll.of("copies"), sums(1, [1_000, 0, 0]));
        assert_eq!(roll.of("conflict"), sums(1, [0, 100, 0]));
        assert_eq!(roll.of("all_gone"), FeeSums::default());
        assert_eq!(roll.of("two_of_three"), FeeSums::default());
        let mut conflicts: Vec<bool> = roll.repeated.iter().map(|row| row.is_conflicting).collect();
        conflicts.sort_unstable();
        assert_eq!(conflicts, [false, true, true, true]);
    }

    // A line is the pair of both ids: `s3` + `12` is not `s31` + `2`, nor is `s3` + `2`.
    // shows: A48
    #[test]
    fn the_same_number_in_another_settlement_is_another_line() {
        let roll = roll(&[
            ("s3", "12", "X", Some("05"), 1, 1),
            ("s31", "2", "X", Some("05"), 2, 1),
            ("s3", "2", "X", Some("05"), 4, 1),
        ]);
        assert!(roll.repeated.is_empty());
        assert_eq!(roll.of("s3"), sums(2, [5, 0, 0]));
    }

    // An item list prevails over the charge type, whose other codes give no class (A14 (1)).
    // shows: A14
    #[test]
    fn unknown_charge_types_and_near_misses_of_a_list_count_as_lines_only() {
        let roll = roll(&[
            ("s", "01", "X", Some("77"), 100, 1),
            ("s", "02", "IMPORTANT-A", None, 100, 2),
            ("s", "03", "IMPORTANT-AB", Some("03"), 100, 3),
        ]);
        assert_eq!(roll.of("s"), sums(3, [0, 0, 100]));
    }

    /// A48 said slowly: lines by settlement and number, copies compared one by one.
    fn slowly(lines: &[Given<'_>]) -> BTreeMap<String, FeeSums> {
        let mut by_key: BTreeMap<(&str, &str), Vec<&Given<'_>>> = BTreeMap::new();
        for line in lines {
            by_key.entry((line.0, line.1)).or_default().push(line);
        }
        let mut sums: BTreeMap<String, FeeSums> = BTreeMap::new();
        for ((setl_id, _), copies) in by_key {
            let sum = sums.entry(setl_id.to_owned()).or_default();
            if copies.iter().any(|copy| copy.5 != copies[0].5) {
                continue;
            }
            let (_, _, item, charge_type, fen, _) = *copies[0];
            sum.lines += 1;
            let class = match charge_type {
                Some("05") => 0,
                Some("09") => 1,
                Some("03") => 2,
                _ => continue,
            };
            sum.fen[class] += fen;
            sum.taken_fen[class] += fen.abs();
            sum.important[class] |= class == 2 && item == "IMPORTANT-A";
        }
        sums
    }

    proptest! {
        #[test]
        fn lines_in_any_order_are_rolled_up_as_slowly(
            picks in prop::collection::vec((0..4usize, 0..3usize, 0..4usize, 0..2usize, 0..3i64), 0..40)
        ) {
            const TYPES: [Option<&str>; 4] = [Some("05"), Some("09"), Some("03"), None];
            // A line's content follows from its digest, as in the warehouse.
            let lines: Vec<Given<'_>> = picks
                .iter()
                .map(|(settlement, number, kind, item, copy)| {
                    let digest = i64::try_from(*kind * 2 + *item).unwrap() * 3 + copy;
                    (
                        ["s1", "s2", "s3", "s4"][*settlement],
                        ["1", "2", "3"][*number],
                        ["X", "IMPORTANT-A"][*item],
                        TYPES[*kind],
                        (copy - 1) * 100,
                        digest,
                    )
                })
                .collect();
            let expected = slowly(&lines);
            let rolled = roll(&lines);
            for (setl_id, sums) in &expected {
                prop_assert_eq!(rolled.of(setl_id), *sums);
            }
        }
    }

    // R14: |−1.00| + |2.00| = 3.00 of O, |−4.00| of M, 8.00 of A, whatever the sign.
    // shows: R14
    #[test]
    fn a_reversal_takes_its_lines_whatever_their_sign() {
        let roll = roll(&[
            ("r", "01", "X", Some("05"), -100, 1),
            ("r", "02", "X", Some("05"), 200, 2),
            ("r", "03", "X", Some("11"), -400, 3),
            ("r", "04", "X", Some("04"), 800, 4),
        ]);
        assert_eq!(roll.of("r").taken_fen, [300, 400, 800]);
        assert_eq!(roll.of("r").fen, [100, -400, 800]);
    }
}
