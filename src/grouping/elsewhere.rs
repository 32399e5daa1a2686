//! What one bucket must know of another: ids used by two people, reversals booked on another person.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::buckets::{Bucket, Handover};
use super::fees::{FeeRoll, Taken};
use super::rows::year_of;
use crate::threads::side_by_side;
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
    /// What its fee lines take away (R14).
    taken: Taken,
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
                taken: Taken::default(),
                own_fen: own.value(row),
            })
            .collect())
    }

    /// Year in which it was settled; `None` of a foreign one, whose lines are in another bucket.
    pub(super) fn own_year(&self) -> Option<i32> {
        (!self.is_foreign).then(|| i32::from(year_of(self.setl_time)))
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
    /// Reversals that found their original take its lines back (R14, A47). The lines of a foreign one are
    /// looked for where it stands; what they take came along.
    pub(super) fn take_back(&self, reversals: &mut [Reversal], roll: &mut FeeRoll) {
        let came: HashMap<&str, &Taken> =
            self.foreign.iter().map(|row| (row.setl_id.as_str(), &row.taken)).collect();
        for reversal in reversals {
            if reversal.is_foreign {
                let came = came.get(reversal.setl_id.as_str());
                reversal.taken = came.map_or_else(Taken::default, |taken| (*taken).clone());
            } else {
                reversal.taken = roll.taken_by(id_key(&reversal.setl_id));
            }
            if reversal.original_case_time.is_some() {
                roll.take_back(id_key(&reversal.init_setl_id), &reversal.taken);
            }
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
        let columns = vec![
            ("setl_id", each(|row| &row.setl_id)),
            ("init_setl_id", each(|row| &row.init_setl_id)),
            ("fixmedins_code", each(|row| &row.fixmedins_code)),
            ("setl_time", times(self.foreign.iter().map(|row| row.setl_time).collect())),
            ("fee_fen", sums(&|row| row.fee_fen)),
            ("inscope_fen", sums(&|row| row.inscope_fen)),
            ("fund_fen", sums(&|row| row.fund_fen)),
            ("own_fen", sums(&|row| row.own_fen)),
        ];
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

/// Keys that stand in more than one bucket, piece by piece of the range of keys.
fn shared_hashes(handovers: &Handovers, threads: NonZeroUsize) -> HashSet<u64> {
    const PIECES: u64 = 16;
    let size = u64::MAX / PIECES + 1;
    let of_piece = |piece: u64| {
        let mut ids: Vec<u64> = Vec::new();
        for told in handovers.values() {
            let start = told.ids.partition_point(|id| *id / size < piece);
            let end = told.ids.partition_point(|id| *id / size <= piece);
            ids.extend_from_slice(&told.ids[start..end]);
        }
        // The ids of each bucket are ascending already: the stable sort merges such runs.
        ids.sort();
        let twice = ids.windows(2).filter(|pair| pair[0] == pair[1]);
        twice.map(|pair| pair[0]).collect::<Vec<_>>()
    };
    side_by_side(0..PIECES, threads, of_piece).into_iter().flatten().collect()
}

/// Settlement ids that stand in more than one bucket, with the buckets.
fn shared_ids(
    engine: &Engine,
    handovers: &Handovers,
    bucket: impl Fn(u32) -> Bucket,
) -> Result<BTreeMap<String, Vec<u32>>, Error> {
    let hashes = shared_hashes(handovers, engine.threads());
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

#[cfg(test)]
mod tests {
    use super::{Elsewhere, Reversal, id_key};
    use crate::grouping::fees::{FeeLine, FeeLines, FeeRoll, Taken};
    use crate::grouping::testing::charge_type_classes;

    fn reversal(setl_id: &str, init_setl_id: &str, is_foreign: bool, found: bool) -> Reversal {
        Reversal {
            setl_id: setl_id.to_owned(),
            init_setl_id: init_setl_id.to_owned(),
            fixmedins_code: "H1".to_owned(),
            setl_time: 1,
            fee_fen: -1,
            inscope_fen: -1,
            fund_fen: -1,
            is_foreign,
            is_unmatched: false,
            original_case_time: found.then_some(0),
            taken: Taken::default(),
            own_fen: 0,
        }
    }

    fn roll(lines: &[(&str, &str, &str, i64)]) -> FeeRoll {
        let mut taken = FeeLines::new(charge_type_classes());
        for (at, (setl_id, feedetl_sn, charge_type, fen)) in (0..).zip(lines) {
            taken.take(&FeeLine {
                setl_id,
                feedetl_sn,
                row_digest: at,
                item: None,
                charge_type: Some(charge_type),
                fen: *fen,
                negotiated: None,
                days: 0,
            });
        }
        taken.finish()
    }

    // s1 was reversed twice: O 600 − 100 − |50|, M 0 − 20, A 0 − 1. s3 by a reversal without lines. r3 and
    // f6 found no original. s5 was reversed by another person's row, which brought what it takes.
    // shows: R14
    #[test]
    fn reversals_that_found_their_original_take_its_lines_back() {
        let mut roll = roll(&[
            ("s1", "01", "05", 60_000),
            ("s2", "01", "05", 900),
            ("r1", "01", "05", -10_000),
            ("r1", "02", "09", -2_000),
            ("r1", "03", "01", -500),
            ("r2", "01", "05", 5_000),
            ("r2", "02", "03", -100),
            ("r3", "01", "05", -900),
        ]);
        let came = |id: &str, original: &str, taken: Taken| Reversal {
            taken,
            ..reversal(id, original, false, true)
        };
        let f5 = Taken { fen: [200, 3, 0], cost_fen: [1, 2, 3, 4, 5], ..Taken::default() };
        let f6 = Taken { fen: [100, 100, 100], ..Taken::default() };
        let told = Elsewhere {
            foreign: vec![came("f5", "s5", f5.clone()), came("f6", "s6", f6)],
            ..Elsewhere::default()
        };
        let mut reversals = vec![
            reversal("r1", "s1", false, true),
            reversal("r2", "s1", false, true),
            reversal("r3", "s2", false, false),
            reversal("r4", "s3", false, true),
            reversal("f5", "s5", true, true),
            reversal("f6", "s6", true, false),
        ];
        told.take_back(&mut reversals, &mut roll);
        let net = |id: &str| roll.net(id_key(id), &mut 0).fen;
        assert_eq!(net("s1"), [45_000, -2_000, -100]);
        assert_eq!(net("s2"), [900, 0, 0]);
        assert_eq!(net("s3"), [0; 3]);
        assert_eq!(net("s5"), [-200, -3, 0]);
        assert_eq!(net("s6"), [0; 3]);
        assert_eq!(roll.net_costs(id_key("s5")), [-1, -2, -3, -4, -5]);
        // What a row hands over to the bucket of its original.
        assert_eq!(reversals[2].taken.fen, [900, 0, 0]);
        assert_eq!(reversals[4].taken, f5);
    }
}
