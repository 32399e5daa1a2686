//! Fee lines rolled up to their settlements: copies, conflicts, class sums (A14, A48, R14, R26).
//!
//! There are several lines to a settlement, so nowhere are more rows read. Lines of a settlement stand
//! together in the files, which a general join or aggregate cannot use and one pass can: it sums a
//! settlement as soon as the next one comes. The few whose lines stand in several places are read once more.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::apg::ItemClasses;
use super::elsewhere;
use super::line_traits::{LineFact, LineFacts, LineRules, LineTraits, Money, Traits};
use crate::settlement::cases::COST_CLASSES;
use crate::warehouse::Error;
use crate::warehouse::arrow::array::{Array as _, BooleanArray, RecordBatch, StringViewArray};
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

/// Class O, M, A of a line, then its class of cost where those are asked for.
type Classes = (Option<u8>, Option<u8>);

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
    /// Neighbouring lines often share the settlement.
    last_settlement: Option<String>,
    /// What is known of the charge types met, few as they are.
    charge_types: Vec<(String, Classes)>,
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
            charge_types: Vec::new(),
        }
    }

    /// Makes room for so many settlements.
    pub(super) fn reserve(&mut self, settlements: usize) {
        self.roll.settlements.reserve(settlements);
        self.roll.sums.reserve(settlements);
    }

    /// All lines were taken: whether all of them must be taken once more, which happens once at most.
    pub(super) fn look_again(&mut self) -> bool {
        self.close();
        self.last_settlement = None;
        let again = !self.is_second_time && !self.scattered.is_empty();
        self.is_second_time = true;
        again
    }

    /// Takes a batch in the shape of `stg_fee_item`; `med_list_codg` may lack where no item is asked for.
    ///
    /// # Errors
    /// If a column is missing or of another type.
    pub(super) fn take_batch(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let text = |name| text_column(batch, name);
        let (ids, numbers) = (text("setl_id")?, text("feedetl_sn")?);
        let items = self.classes.reads_items().then(|| text("med_list_codg")).transpose()?;
        let charge_types = text("med_chrgitm_type")?;
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
                item: items.as_ref().and_then(|column| value(column, row)),
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
        let (class, cost_class) = if traits.is_carved { (None, None) } else { self.class(line) };
        self.lines.push(Kept {
            line_key: id_key(line.feedetl_sn),
            row_digest: line.row_digest,
            fen: line.fen,
            class,
            cost_class,
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
        let (at, is_new) = self.roll.settlements.number(id_key(setl_id));
        if !is_new && !self.is_second_time {
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

    /// Classes of a line.
    fn class(&mut self, line: &FeeLine<'_>) -> Classes {
        let of_type = self.of_charge_type(line.charge_type);
        if !self.classes.lists_items() {
            return of_type;
        }
        (narrow(self.classes.class(line.item, line.charge_type)), of_type.1)
    }

    /// What the charge type alone says.
    fn of_charge_type(&mut self, charge_type: Option<&str>) -> Classes {
        /// A column has about twenty of them; what else stands there is looked up each time.
        const MANY: usize = 32;
        let looked_up = |classes: &ItemClasses| {
            (narrow(classes.class(None, charge_type)), narrow(classes.cost_class(charge_type)))
        };
        let Some(code) = charge_type else { return looked_up(&self.classes) };
        if let Some((_, known)) = self.charge_types.iter().find(|(known, _)| known == code) {
            return *known;
        }
        let found = looked_up(&self.classes);
        if self.charge_types.len() < MANY {
            self.charge_types.push((code.to_owned(), found));
        }
        found
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
        let is_scattered = |at: Option<u32>| at.is_some_and(|at| scattered.contains_key(&at));
        roll.repeated.retain(|line| !is_scattered(roll.settlements.get(line.setl_key)));
        for (at, mut lines) in scattered {
            roll.set(at, &mut lines, self.classes.counts_costs());
        }
        roll.repeated.sort_by_key(|line| roll.settlements.get(line.setl_key));
        roll.facts = roll.traits.take().map(Traits::finish);
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

/// Keys numbered in the order in which they come.
///
/// Settlements of one person stand near each other wherever they are read, so what is looked up by the key
/// should lie in that order: the table holds numbers alone, so that it stays in the cache.
#[derive(Debug, Default)]
struct Numbers {
    keys: Vec<i128>,
    table: HashTable<u32>,
}

impl Numbers {
    fn reserve(&mut self, settlements: usize) {
        self.keys.reserve(settlements);
        let keys = &self.keys;
        self.table.reserve(settlements, |at| hash(keys[*at as usize]));
    }

    /// Number of a key, and whether it is new.
    fn number(&mut self, key: i128) -> (u32, bool) {
        let Self { keys, table } = self;
        let is_it = |at: &u32| keys[*at as usize] == key;
        match table.entry(hash(key), is_it, |at| hash(keys[*at as usize])) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(free) => {
                let next = u32::try_from(keys.len()).unwrap_or(u32::MAX);
                free.insert(next);
                keys.push(key);
                (next, true)
            }
        }
    }

    /// Number of a key, looked for around that of the key asked for before.
    fn near(&self, key: i128, last: &mut usize) -> Option<u32> {
        const FAR: usize = 32;
        let is_at = |at: &usize| self.keys.get(*at) == Some(&key);
        let around = (0..FAR).flat_map(|by| [last.checked_add(by), last.checked_sub(by)]);
        let found = around.flatten().find(is_at).and_then(|at| u32::try_from(at).ok());
        let found = found.or_else(|| self.get(key));
        *last = found.map_or(*last, |at| at as usize);
        found
    }

    fn get(&self, key: i128) -> Option<u32> {
        self.table.find(hash(key), |at| self.keys[*at as usize] == key).copied()
    }
}

/// A key is a hash already.
fn hash(key: i128) -> u64 {
    elsewhere::short(key)
}

/// The lines of one bucket, rolled up.
#[derive(Debug, Default)]
pub(super) struct FeeRoll {
    /// Numbers the settlements; the columns stand by them.
    settlements: Numbers,
    sums: Vec<FeeSums>,
    /// Fen of each class of cost, and what the lines take away where the settlement is a reversal
    /// (R14); empty unless asked for.
    costs: Vec<[CostSums; 2]>,
    pub(super) repeated: Vec<Repeated>,
    traits: Option<Traits>,
    /// What single lines say, where the policy asks; there once all lines were taken.
    facts: Option<LineFacts>,
    /// Key of a settlement → what its reversals take back.
    taken: HashMap<i128, Taken>,
}

/// What fee lines of reversals take away from the classes of their original: amounts whatever their sign
/// (R14).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// Class O, M, A.
    pub(super) fen: [i64; 3],
    /// Each class of cost; zeros unless asked for.
    pub(super) cost_fen: CostSums,
    /// Lines looked at singly; nothing unless asked for.
    pub(super) lines: Money,
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
                let (setl_key, line_key) = (self.settlements.keys[place], first.line_key);
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

    fn place(&self, setl_key: i128) -> Option<usize> {
        self.settlements.get(setl_key).map(|at| at as usize)
    }

    /// Sums of the lines of one settlement, its reversals left aside; zeros if it has no lines.
    #[cfg(test)]
    pub(super) fn own(&self, setl_key: i128) -> FeeSums {
        self.place(setl_key).and_then(|at| self.sums.get(at)).copied().unwrap_or_default()
    }

    /// Sums of the lines of one settlement, its classes net of what reversals take back (R14); zeros if it
    /// has no lines. `last` is a place to start
    /// looking from, left for the next call: who asks in the order of the files is answered faster.
    pub(super) fn net(&self, setl_key: i128, last: &mut usize) -> FeeSums {
        let place = self.settlements.near(setl_key, last);
        let own = place.and_then(|at| self.sums.get(at as usize));
        let mut sums = own.copied().unwrap_or_default();
        if let Some(taken) = self.taken_back(setl_key) {
            subtract(&mut sums.fen, taken.fen);
        }
        sums
    }

    /// Fen of each class of cost, net of what reversals take back; zeros unless asked for.
    pub(super) fn net_costs(&self, setl_key: i128) -> CostSums {
        if self.costs.is_empty() && self.taken.is_empty() {
            return CostSums::default();
        }
        let own = self.place(setl_key).and_then(|at| self.costs.get(at));
        let mut costs = own.map_or_else(CostSums::default, |sums| sums[0]);
        if let Some(taken) = self.taken_back(setl_key) {
            subtract(&mut costs, taken.cost_fen);
        }
        costs
    }

    /// What single lines of a settlement say, net of what reversals take back; nothing unless asked for.
    pub(super) fn fact(&self, setl_key: i128) -> LineFact {
        let facts = self.facts.as_ref().zip(self.place(setl_key));
        let mut fact = facts.map_or_else(LineFact::default, |(facts, at)| facts.of(at));
        if let Some(taken) = self.taken_back(setl_key).filter(|_| facts.is_some()) {
            fact.money.add(&taken.lines.negated());
        }
        fact
    }

    /// The policy asks for negotiated drugs, but no line says whether it is one.
    pub(super) fn lacks_negotiated(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.lacks_negotiated)
    }

    /// What the lines of a reversal take away from its original.
    pub(super) fn taken_by(&self, setl_key: i128) -> Taken {
        let Some(at) = self.place(setl_key) else { return Taken::default() };
        let costs = self.costs.get(at);
        let lines = self.facts.as_ref().map_or_else(Money::default, |facts| facts.taken_by(at));
        Taken {
            fen: self.sums.get(at).map_or([0; 3], |sums| sums.taken_fen),
            cost_fen: costs.map_or_else(CostSums::default, |sums| sums[1]),
            lines,
        }
    }

    /// A reversal takes lines of a settlement back.
    pub(super) fn take_back(&mut self, setl_key: i128, taken: &Taken) {
        if *taken != Taken::default() {
            self.taken.entry(setl_key).or_default().add(taken);
        }
    }

    fn taken_back(&self, setl_key: i128) -> Option<&Taken> {
        // Most buckets have few reversals; some have none.
        if self.taken.is_empty() { None } else { self.taken.get(&setl_key) }
    }

    /// Makes the relation `repeated_fee_line` (a row a line that stands more than once) visible to the
    /// models.
    pub(super) fn register_repeated(&self, session: &Session) -> Result<(), Error> {
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

impl Taken {
    fn add(&mut self, other: &Self) {
        add(&mut self.fen, other.fen);
        add(&mut self.cost_fen, other.cost_fen);
        self.lines.add(&other.lines);
    }
}

fn add<const N: usize>(sums: &mut [i64; N], more: [i64; N]) {
    sums.iter_mut().zip(more).for_each(|(sum, fen)| *sum += fen);
}

fn subtract<const N: usize>(sums: &mut [i64; N], less: [i64; N]) {
    sums.iter_mut().zip(less).for_each(|(sum, fen)| *sum -= fen);
}

fn narrow(class: Option<usize>) -> Option<u8> {
    class.and_then(|class| u8::try_from(class).ok())
}

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
