//! Fee lines rolled up to their settlements: copies, conflicts, class sums (A14, A48, R14, R26).
//!
//! There are several lines to a settlement, so nowhere are more rows read. Lines of a settlement stand
//! together in the files, which a general join or aggregate cannot use and one pass can: it sums a
//! settlement as soon as the next one comes. The few whose lines stand in several places are read once more.

use std::collections::BTreeMap;
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

/// A line until all lines of its settlement are known.
#[derive(Debug, Clone, Copy)]
struct Kept {
    line_key: i128,
    row_digest: i64,
    fen: i64,
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

/// Takes the lines of one bucket: all of them once and, if it says so, all of them again.
pub(super) struct FeeLines {
    classes: Arc<ItemClasses>,
    roll: FeeRoll,
    /// Lines of the settlement at hand.
    lines: Vec<Kept>,
    /// Number of the settlement at hand; none where its lines are left for later or were taken before.
    open: Option<u32>,
    /// Lines of the settlements that do not stand together, by number of the settlement. The first time
    /// only their numbers are found.
    scattered: BTreeMap<u32, Vec<Kept>>,
    is_second_time: bool,
    /// Neighbouring lines often share the settlement and the charge type: remember the last answers.
    last_settlement: Option<String>,
    last_charge_type: Option<(String, Option<u8>)>,
}

impl FeeLines {
    pub(super) fn new(classes: Arc<ItemClasses>) -> Self {
        let traits = classes.lines().cloned().map(Traits::new);
        Self {
            classes,
            roll: FeeRoll { traits, ..FeeRoll::default() },
            lines: Vec::new(),
            open: None,
            scattered: BTreeMap::new(),
            is_second_time: false,
            last_settlement: None,
            last_charge_type: None,
        }
    }

    /// All lines were taken: whether all of them must be taken once more, which happens once at most.
    pub(super) fn look_again(&mut self) -> bool {
        self.close();
        self.last_settlement = None;
        let again = !self.is_second_time && !self.scattered.is_empty();
        self.is_second_time = true;
        again
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
        if self.last_settlement.as_deref() != Some(line.setl_id) {
            self.turn_to(line.setl_id);
        }
        if self.open.is_none() {
            return;
        }
        let traits = self.roll.traits.as_mut().map_or(LineTraits::NONE, |all| all.of_line(line));
        // What is carved out has left before classes are told (A47).
        let class = if traits.is_carved { None } else { self.class(line) };
        self.lines.push(Kept {
            line_key: id_key(line.feedetl_sn),
            row_digest: line.row_digest,
            fen: line.fen,
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

    /// Lines of another settlement follow.
    fn turn_to(&mut self, setl_id: &str) {
        self.close();
        let last = self.last_settlement.get_or_insert_default();
        last.clear();
        last.push_str(setl_id);
        let key = id_key(setl_id);
        let next = u32::try_from(self.roll.keys.len()).unwrap_or(u32::MAX);
        let at = *self.roll.settlements.entry(key).or_insert(next);
        if at == next {
            self.roll.keys.push(key);
        } else if !self.is_second_time {
            self.scattered.entry(at).or_default();
        }
        let is_scattered = self.scattered.contains_key(&at);
        self.open = (is_scattered == self.is_second_time).then_some(at);
    }

    /// No further line of the settlement at hand follows here.
    fn close(&mut self) {
        let Some(at) = self.open.take() else { return };
        if let Some(lines) = self.scattered.get_mut(&at) {
            lines.append(&mut self.lines);
        } else {
            self.roll.set(at, &mut self.lines, self.classes.counts_costs());
            self.lines.clear();
        }
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

    /// What the lines come to.
    ///
    /// # Panics
    /// If lines must be taken once more and [`FeeLines::look_again`] was not asked.
    pub(super) fn finish(mut self) -> FeeRoll {
        self.close();
        assert!(
            self.scattered.is_empty() || self.is_second_time,
            "scattered lines are taken again"
        );
        let Self { mut roll, scattered, .. } = self;
        let settlements = &roll.settlements;
        roll.repeated.retain(|line| !scattered.contains_key(&settlements[&line.setl_key]));
        for (at, mut lines) in scattered {
            roll.set(at, &mut lines, self.classes.counts_costs());
        }
        let settlements = &roll.settlements;
        roll.repeated.sort_by_key(|line| settlements[&line.setl_key]);
        roll
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
#[derive(Debug, Default)]
pub(super) struct FeeRoll {
    /// Key of a settlement → its number, by which the columns stand.
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
    /// Collapses the copies among the lines of a settlement, rejects lines that contradict each other,
    /// sums what stays. A settlement is new, the next by number, or what it came to is replaced.
    fn set(&mut self, at: u32, lines: &mut [Kept], counts_costs: bool) {
        let place = at as usize;
        lines.sort_unstable_by_key(|line| line.line_key);
        let (mut sums, mut costs) = (FeeSums::default(), [CostSums::default(); 2]);
        let mut stay = Vec::new();
        for copies in lines.chunk_by(|a, b| a.line_key == b.line_key) {
            let first = copies[0];
            let is_conflicting = copies.iter().any(|copy| copy.row_digest != first.row_digest);
            if copies.len() > 1 {
                let (setl_key, line_key) = (self.keys[place], first.line_key);
                self.repeated.push(Repeated { setl_key, line_key, is_conflicting });
            }
            if is_conflicting {
                continue;
            }
            sums.add(&first);
            if self.traits.is_some() {
                stay.push((first.class, first.traits, first.fen));
            }
            if let Some(class) = first.cost_class.map(usize::from) {
                costs[0][class] += first.fen;
                costs[1][class] += first.fen.abs();
            }
        }
        put(&mut self.sums, place, sums);
        if counts_costs {
            put(&mut self.costs, place, costs);
        }
        if let Some(traits) = &mut self.traits {
            traits.close_settlement(place, &stay);
        }
    }

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

/// Puts a value at a place that is known or the next.
pub(super) fn put<T>(values: &mut Vec<T>, place: usize, value: T) {
    match values.get_mut(place) {
        Some(known) => *known = value,
        None => values.push(value),
    }
}

fn value(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

#[cfg(test)]
#[path = "fees_tests.rs"]
mod tests;
