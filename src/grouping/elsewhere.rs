//! What one bucket must know of another: ids used by two people, reversals booked on another person.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::buckets::{Bucket, Handover};
use super::fees::{COST_COLUMNS, CostSums, FeeRoll};
use super::line_traits::{LineFacts, Money};
use super::rows::year_of;
use crate::warehouse::Error;
use crate::warehouse::arrow::array::{
    Array as _, ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use crate::warehouse::engine::{Engine, Params, Session};
use crate::warehouse::rows::{bool_column, text_column, time_column, whole_column};
use crate::warehouse::vocabulary::id_key;

/// One row of `int_cases__reversal_match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reversal {
    setl_id: String,
    init_setl_id: String,
    fixmedins_code: String,
    setl_time: i64,
    fee_fen: i64,
    inscope_fen: i64,
    fund_fen: i64,
    is_foreign: bool,
    is_unmatched: bool,
    original_case_time: Option<i64>,
    /// What its fee lines take away from class O, M, A (R14).
    taken_fen: [i64; 3],
    /// What they take away from each class of cost; zeros unless asked for.
    cost_taken_fen: CostSums,
    /// What they take away from lines looked at singly; nothing unless asked for.
    lines_taken: Money,
    /// `fulamt_ownpay_amt`.
    own_fen: i64,
}

impl Reversal {
    pub(super) fn read(batch: &RecordBatch) -> Result<Vec<Self>, Error> {
        let text = |name| text_column(batch, name);
        let whole = |name| whole_column(batch, name);
        let (setl_id, init, code) =
            (text("setl_id")?, text("init_setl_id")?, text("fixmedins_code")?);
        let (fee, inscope, fund) = (whole("fee_fen")?, whole("inscope_fen")?, whole("fund_fen")?);
        let own = whole("own_fen")?;
        let times = time_column(batch, "setl_time")?;
        let originals = time_column(batch, "original_case_time")?;
        let foreign = bool_column(batch, "is_foreign")?;
        let unmatched = bool_column(batch, "is_unmatched")?;
        Ok((0..batch.num_rows())
            .map(|row| Self {
                setl_id: setl_id.value(row).to_owned(),
                init_setl_id: init.value(row).to_owned(),
                fixmedins_code: code.value(row).to_owned(),
                setl_time: times.value(row),
                fee_fen: fee.value(row),
                inscope_fen: inscope.value(row),
                fund_fen: fund.value(row),
                is_foreign: foreign.value(row),
                is_unmatched: unmatched.value(row),
                original_case_time: originals.is_valid(row).then(|| originals.value(row)),
                taken_fen: [0; 3],
                cost_taken_fen: CostSums::default(),
                lines_taken: Money::default(),
                own_fen: own.value(row),
            })
            .collect())
    }

    /// Year in which it was settled; `None` of a foreign one, whose lines are in another bucket.
    pub(super) fn own_year(&self) -> Option<i32> {
        (!self.is_foreign).then(|| i32::from(year_of(self.setl_time)))
    }

    /// Looks up its own fee lines; those of a foreign reversal are not here, and came along.
    pub(super) fn take_lines(&mut self, roll: &FeeRoll) {
        if !self.is_foreign {
            self.taken_fen = roll.of(&self.setl_id).taken_fen;
            self.cost_taken_fen = roll.cost_taken_of(&self.setl_id);
        }
    }
}

/// What a bucket is told before it runs again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Elsewhere {
    /// Ids that another person uses too: rejected (A48).
    rejected: Vec<String>,
    /// Reversals of this bucket's settlements that stand in another bucket.
    foreign: Vec<Reversal>,
    /// This bucket's reversals whose original stands elsewhere, with its time.
    matched: Vec<(String, i64)>,
}

impl Elsewhere {
    /// Lines that reversals take back from settlements of this bucket (R14, A47), whether the reversals
    /// stand here or came along.
    pub(super) fn take_back(&self, reversals: &mut [Reversal], facts: &mut LineFacts) {
        for reversal in reversals.iter_mut().filter(|reversal| !reversal.is_foreign) {
            reversal.lines_taken = facts.taken_by(&reversal.setl_id);
        }
        let own = reversals.iter().filter(|reversal| !reversal.is_foreign);
        for reversal in own.chain(&self.foreign) {
            facts.take_back(&reversal.init_setl_id, &reversal.lines_taken);
        }
    }

    /// Makes the three relations visible to the models, empty ones included.
    pub(super) fn register(&self, session: &Session) -> Result<(), Error> {
        let texts = |values: Vec<&str>| -> ArrayRef { Arc::new(StringViewArray::from(values)) };
        let times =
            |values: Vec<i64>| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(values)) };
        let wholes = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        let each = |field: fn(&Reversal) -> &str| -> ArrayRef {
            texts(self.foreign.iter().map(field).collect())
        };
        let sums =
            |field: &dyn Fn(&Reversal) -> i64| wholes(self.foreign.iter().map(field).collect());
        let rejected = texts(self.rejected.iter().map(String::as_str).collect());
        session.register_columns("rejected_elsewhere", vec![("setl_id", rejected)])?;
        let mut columns = vec![
            ("setl_id", each(|row| &row.setl_id)),
            ("init_setl_id", each(|row| &row.init_setl_id)),
            ("fixmedins_code", each(|row| &row.fixmedins_code)),
            ("setl_time", times(self.foreign.iter().map(|row| row.setl_time).collect())),
            ("fee_fen", sums(&|row| row.fee_fen)),
            ("inscope_fen", sums(&|row| row.inscope_fen)),
            ("fund_fen", sums(&|row| row.fund_fen)),
            ("own_fen", sums(&|row| row.own_fen)),
            ("o_taken_fen", sums(&|row| row.taken_fen[0])),
            ("m_taken_fen", sums(&|row| row.taken_fen[1])),
            ("a_taken_fen", sums(&|row| row.taken_fen[2])),
        ];
        for (class, [_, taken]) in COST_COLUMNS.into_iter().enumerate() {
            columns.push((taken, sums(&move |row| row.cost_taken_fen[class])));
        }
        session.register_columns("foreign_reversal", columns)?;
        session.register_columns(
            "matched_elsewhere",
            vec![
                ("setl_id", texts(self.matched.iter().map(|(id, _)| id.as_str()).collect())),
                ("original_case_time", times(self.matched.iter().map(|(_, at)| *at).collect())),
            ],
        )
    }
}

type Handovers = BTreeMap<u32, Handover>;

/// Low 64 bits of a key: ids of all buckets lie in memory together. Two ids that share them are looked
/// at more closely.
pub(super) fn short(key: i128) -> u64 {
    let bytes = key.to_le_bytes();
    u64::from_le_bytes(std::array::from_fn(|at| bytes[at]))
}

/// After the first round: which buckets must run again, and what they must know.
pub(super) fn find(
    engine: &Engine,
    handovers: &Handovers,
    bucket: impl Fn(u32) -> Bucket,
) -> Result<BTreeMap<u32, Arc<Elsewhere>>, Error> {
    let shared = shared_ids(engine, handovers, bucket)?;
    let mut told: BTreeMap<u32, Elsewhere> = BTreeMap::new();
    for (id, buckets) in &shared {
        for number in buckets {
            told.entry(*number).or_default().rejected.push(id.clone());
        }
    }
    // A reversal whose id two people share is rejected itself: it takes nothing back (A48).
    let wanted: Vec<(u32, &Reversal)> = handovers
        .iter()
        .flat_map(|(number, told)| told.reversals.iter().map(move |row| (*number, row)))
        .filter(|(_, row)| row.is_unmatched && !shared.contains_key(&row.setl_id))
        .collect();
    let hashes: HashSet<u64> =
        wanted.iter().map(|(_, row)| short(id_key(&row.init_setl_id))).collect();
    let mut owners: HashMap<u64, Vec<u32>> = HashMap::new();
    for (number, told) in handovers {
        for id in hashes.iter().filter(|id| told.ids.binary_search(id).is_ok()) {
            owners.entry(*id).or_default().push(*number);
        }
    }
    for (home, row) in wanted {
        let hash = short(id_key(&row.init_setl_id));
        for owner in owners.get(&hash).into_iter().flatten().filter(|owner| **owner != home) {
            told.entry(*owner).or_default().foreign.push(row.clone());
        }
    }
    Ok(told.into_iter().map(|(number, told)| (number, Arc::new(told))).collect())
}

/// After a further round: reversals that found their original elsewhere are told so at home.
pub(super) fn answer(
    asked: &BTreeMap<u32, Arc<Elsewhere>>,
    handovers: &Handovers,
) -> BTreeMap<u32, Arc<Elsewhere>> {
    let found: HashMap<&str, i64> = asked
        .keys()
        .filter_map(|number| handovers.get(number))
        .flat_map(|told| &told.reversals)
        .filter(|row| row.is_foreign)
        .filter_map(|row| Some((row.setl_id.as_str(), row.original_case_time?)))
        .collect();
    let mut told: BTreeMap<u32, Arc<Elsewhere>> = BTreeMap::new();
    for (number, handover) in handovers {
        let matched: Vec<(String, i64)> = handover
            .reversals
            .iter()
            .filter(|row| row.is_unmatched)
            .filter_map(|row| Some((row.setl_id.clone(), *found.get(row.setl_id.as_str())?)))
            .collect();
        if !matched.is_empty() {
            let known = asked.get(number).cloned().unwrap_or_default();
            told.insert(*number, Arc::new(Elsewhere { matched, ..(*known).clone() }));
        }
    }
    told
}

/// Settlement ids that stand in more than one bucket, with the buckets.
fn shared_ids(
    engine: &Engine,
    handovers: &Handovers,
    bucket: impl Fn(u32) -> Bucket,
) -> Result<BTreeMap<String, Vec<u32>>, Error> {
    let mut all: Vec<u64> = handovers.values().flat_map(|told| told.ids.iter().copied()).collect();
    // The ids of each bucket are ascending already: the stable sort merges such runs.
    all.sort();
    let hashes: HashSet<u64> =
        all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    drop(all);
    let holds = |told: &Handover| hashes.iter().any(|id| told.ids.binary_search(id).is_ok());
    let numbers: Vec<u32> =
        handovers.iter().filter(|(_, told)| holds(told)).map(|(number, _)| *number).collect();
    let hashes = Arc::new(hashes);
    let suspects = numbers.iter().map(|number| bucket(*number)).collect();
    let lists = engine.each(suspects, |bucket: Bucket| {
        let (session, hashes) = (engine.session(), Arc::clone(&hashes));
        async move {
            bucket.register(&session)?;
            let mut ids: HashSet<String> = HashSet::new();
            // No time is looked at.
            let none = Params::default().bool("by_discharge", false);
            session
                .stream::<Error>("stg_settlement_key", &none, |batch| {
                    let column = text_column(batch, "setl_id")?;
                    let suspect = column.iter().flatten();
                    ids.extend(
                        suspect.filter(|id| hashes.contains(&short(id_key(id)))).map(str::to_owned),
                    );
                    Ok(())
                })
                .await?;
            Ok::<_, Error>(ids)
        }
    })?;
    let mut shared: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (number, ids) in numbers.into_iter().zip(lists) {
        for id in ids {
            shared.entry(id).or_default().push(number);
        }
    }
    shared.retain(|_, buckets| buckets.len() > 1);
    Ok(shared)
}
