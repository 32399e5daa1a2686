//! Runs over the buckets of a warehouse: the models that cases and checks share, and what one bucket
//! must know of another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::apg::ItemClasses;
use super::codes;
use super::elsewhere::{self, Elsewhere, Reversal};
use super::fees::{FeeLines, FeeRoll};
use super::ids;
use super::line_traits::LineRules;
use crate::grouper::codes::CodeMap;
use crate::period::Years;
use crate::warehouse::arrow::array::RecordBatch;
use crate::warehouse::arrow::datatypes::SchemaRef;
use crate::warehouse::contract::{self, Place};
use crate::warehouse::engine::{Engine, Params, Session};
use crate::warehouse::snapshot::{BUCKET_NOT_PLACED, DataFile, Snapshot, YEAR_NOT_PLACED};
use crate::warehouse::{Error, relation};

/// Models in the order they need each other; `true` keeps the rows, for relations that are small or
/// used more than once.
pub(super) type Models = [(&'static str, bool)];

/// The models that cases and checks share.
const SHARED: &Models = &[
    ("stg_settlement", false),
    ("int_cases__repeated_settlement", true),
    ("int_cases__reversal", true),
    ("int_cases__reversal_match", true),
    ("int_cases__refund", true),
    ("int_cases__netted", false),
    ("stg_fee_item", false),
];

/// Tables that a model of their name stands for where their codes are mapped, and the column.
const CODED: [(&str, &str); 2] = [("diagnosis", "diag_code"), ("procedure", "oprn_oprt_code")];

/// Tables that are read beyond the settlements.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    pub(super) fee_item: bool,
    pub(super) diagnosis: bool,
    pub(super) procedure: bool,
    pub(super) group_result: bool,
}

/// Files of one bucket.
pub(super) struct Bucket {
    number: u32,
    codes: Arc<CodeMap>,
    tables: Vec<(&'static str, SchemaRef, Vec<PathBuf>)>,
    /// Rows of `settlement` in the years asked for.
    settlements: usize,
    /// Fee lines of years not asked for.
    other_fee_files: Vec<(i32, PathBuf)>,
}

/// What a bucket hands over so that others can be told.
#[derive(Debug, Default)]
pub(super) struct Handover {
    /// Low 64 bits of the key of every settlement id of every year that is not void, once each,
    /// ascending.
    pub(super) ids: Vec<u64>,
    /// Its reversals.
    pub(super) reversals: Vec<Reversal>,
}

impl Bucket {
    /// Settlements of the years asked for, of all years for their keys, and the child rows placed in
    /// those years or in none.
    pub(super) fn new(snapshot: &Snapshot, years: &Years, number: u32, needs: Needs) -> Self {
        let asked = |year: i32| years.as_slice().iter().any(|known| i32::from(*known) == year);
        let mut tables = Vec::new();
        let mut settlements = 0;
        for (name, source, needed) in [
            ("settlement", "settlement", true),
            ("settlement_history", "settlement", true),
            ("fee_item", "fee_item", needs.fee_item),
            ("diagnosis", "diagnosis", needs.diagnosis),
            ("procedure", "procedure", needs.procedure),
            ("group_result", "group_result", needs.group_result),
            ("institution", "institution", true),
        ] {
            let Some(contract) = contract::table(source) else { continue };
            let dimension = contract.place == Place::Dimension;
            let wanted = |file: &&DataFile| {
                dimension
                    || (i64::from(file.bucket) == i64::from(number)
                        || file.bucket == BUCKET_NOT_PLACED)
                        && (name == "settlement_history"
                            || asked(file.year)
                            || file.year == YEAR_NOT_PLACED)
            };
            let files: Vec<&DataFile> = snapshot
                .table(source)
                .filter(|_| needed)
                .map_or_else(Vec::new, |table| table.files.iter().filter(wanted).collect());
            if name == "settlement" {
                let rows = files.iter().map(|file| usize::try_from(file.rows).unwrap_or(0));
                settlements = rows.sum();
            }
            let files = files.into_iter().map(|file| file.path.clone()).collect();
            tables.push((name, relation::read_schema(contract), files));
        }
        let other_fee_files = snapshot
            .table("fee_item")
            .filter(|_| needs.fee_item)
            .into_iter()
            .flat_map(|table| table.files_of_bucket(number))
            .filter(|file| !asked(file.year) && file.year != YEAR_NOT_PLACED)
            .map(|file| (file.year, file.path.clone()))
            .collect();
        Self { number, codes: Arc::default(), tables, settlements, other_fee_files }
    }

    /// Its codes are local ones that stand for others (J11).
    pub(super) fn with_codes(self, codes: Arc<CodeMap>) -> Self {
        Self { codes, ..self }
    }

    /// Rows of `settlement` in the years asked for.
    pub(super) fn settlements(&self) -> usize {
        self.settlements
    }

    fn reads_fee_lines(&self) -> bool {
        let files = self.tables.iter().find(|(name, ..)| *name == "fee_item");
        files.is_some_and(|(_, _, files)| !files.is_empty())
    }

    /// Makes its files visible to the models.
    pub(super) fn register(&self, session: &Session) -> Result<(), Error> {
        for (name, schema, files) in &self.tables {
            session.register_files(name, Arc::clone(schema), files)?;
        }
        Ok(())
    }

    /// Makes its files visible with the codes as exported, and `national` with what they stand for.
    pub(super) fn register_as_exported(&self, session: &Session) -> Result<(), Error> {
        session.use_codes(Arc::clone(&self.codes));
        for (name, schema, files) in &self.tables {
            let as_exported = format!("{name}_as_exported");
            let is_coded = CODED.iter().any(|(table, _)| table == name);
            let name = if is_coded { as_exported.as_str() } else { name };
            session.register_files(name, Arc::clone(schema), files)?;
        }
        Ok(())
    }

    /// Makes its files visible with national codes: where the map has codes of a table, the model of
    /// its name stands in its place.
    async fn register_national(&self, session: &Session, params: &Params) -> Result<(), Error> {
        if CODED.iter().all(|(_, column)| !self.codes.maps(column)) {
            session.use_codes(Arc::clone(&self.codes));
            return self.register(session);
        }
        self.register_as_exported(session)?;
        define(session, &CODED.map(|(table, _)| (table, false)), params).await
    }

    /// Runs the shared models and rolls up the fee lines: afterwards `int_cases__netted` and
    /// `repeated_fee_line` can be named.
    pub(super) async fn prepare(
        &self,
        session: &Session,
        params: &Params,
        classes: &Arc<ItemClasses>,
        elsewhere: &Elsewhere,
    ) -> Result<(Handover, FeeRoll), Error> {
        self.register_national(session, params).await?;
        elsewhere.register(session)?;
        define(session, &[("stg_settlement_key", false)], params).await?;
        let ids = ids::read(session, params, self.settlements).await?;
        define(session, SHARED, params).await?;
        let mut reversals = Vec::new();
        for batch in session.rows("int_cases__reversal_match").await? {
            reversals.extend(Reversal::read(&batch)?);
        }
        self.register_fee_lines_elsewhen(session, &reversals)?;
        let mut lines = FeeLines::new(Arc::clone(classes));
        if self.reads_fee_lines() {
            lines.reserve(self.settlements);
        }
        let flagged = classes.lines().is_some_and(LineRules::looks_at_more);
        let own = if flagged { "stg_fee_item_flagged" } else { "stg_fee_item" };
        let unread: &[&str] = if classes.reads_items() { &[] } else { &["med_list_codg"] };
        loop {
            for model in [own, "int_cases__reversal_fee_item"] {
                let take = |batch: &RecordBatch| lines.take_batch(batch);
                session.stream_without::<Error>(model, unread, params, take).await?;
            }
            if !lines.look_again() {
                break;
            }
        }
        let mut roll = lines.finish();
        roll.register_repeated(session)?;
        elsewhere.take_back(&mut reversals, &mut roll);
        Ok((Handover { ids, reversals }, roll))
    }

    /// Fee lines of the years in which reversals were settled, beyond the years asked for: a refund in
    /// January takes its lines away from a visit in December (R14).
    fn register_fee_lines_elsewhen(
        &self,
        session: &Session,
        reversals: &[Reversal],
    ) -> Result<(), Error> {
        let years: BTreeSet<i32> = reversals.iter().filter_map(Reversal::own_year).collect();
        let Some(contract) = contract::table("fee_item") else { return Ok(()) };
        let files: Vec<PathBuf> = self
            .other_fee_files
            .iter()
            .filter(|(year, _)| years.contains(year))
            .map(|(_, path)| path.clone())
            .collect();
        session.register_files("fee_item_elsewhen", relation::read_schema(contract), &files)
    }
}

/// Defines models or runs and keeps them, one after the other.
pub(super) async fn define(
    session: &Session,
    models: &Models,
    params: &Params,
) -> Result<(), Error> {
    for (model, keep) in models {
        if *keep {
            session.materialize(model, params).await?;
        } else {
            session.define(model, params).await?;
        }
    }
    Ok(())
}

/// Runs every bucket; then, as long as there is something to tell, those again that must know of
/// others. Results by bucket.
///
/// # Errors
/// A table of local codes that contradicts itself, or whatever `run` returns.
pub(super) fn run_all<T, F, Fut>(
    engine: &Engine,
    snapshot: &Snapshot,
    (years, needs): (&Years, Needs),
    run: F,
) -> Result<Vec<T>, Error>
where
    T: Send + 'static,
    F: Fn(Session, Bucket, Arc<Elsewhere>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<(T, Handover), Error>> + Send + 'static,
{
    let codes = codes::read(engine, snapshot)?;
    let files =
        |number: u32| Bucket::new(snapshot, years, number, needs).with_codes(Arc::clone(&codes));
    let all: BTreeSet<u32> = (0..snapshot.buckets()).collect();
    let mut results = BTreeMap::new();
    let mut handovers = BTreeMap::new();
    let mut told: BTreeMap<u32, Arc<Elsewhere>> =
        all.iter().map(|number| (*number, Arc::default())).collect();
    let mut first = true;
    while !told.is_empty() {
        let buckets = told.keys().map(|number| files(*number)).collect();
        let round = engine.each(buckets, |bucket: Bucket| {
            let elsewhere = told.get(&bucket.number).cloned().unwrap_or_default();
            run(engine.session(), bucket, elsewhere)
        })?;
        for (number, (result, handover)) in told.keys().zip(round) {
            results.insert(*number, result);
            handovers.insert(*number, handover);
        }
        told = if first {
            elsewhere::find(engine, &handovers, files)?
        } else {
            elsewhere::answer(&told, &handovers)
        };
        first = false;
    }
    Ok(results.into_values().collect())
}
