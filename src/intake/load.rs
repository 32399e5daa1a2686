//! One load from beginning to end: look, plan, read, place, commit.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::Settings;
use super::error::Error;
use super::mapping::Mapping;
use super::person::{Key, Pseudonyms, default_key_path};
use super::place::{Placing, bucket, slots};
use super::plan::{Plan, is_export_by_name, named, plan};
use super::progress::Progress;
use super::read::{Chunk, read};
use super::rows::{Processed, Tally, pick, process};
use super::source::{Source, Told, discover, inspect};
use super::spill::Spill;
use super::summary::{FileSummary, Summary, TableSummary, TargetSummary};
use crate::finding::Finding;
use crate::units::{Fen, hex};
use crate::warehouse::arrow::array::{Array as _, AsArray as _, RecordBatch};
use crate::warehouse::contract::{FINDING, Place, TableContract};
use crate::warehouse::expression::Compiler;
use crate::warehouse::snapshot::{Load, Snapshot};
use crate::warehouse::store::{self, Store, Transaction, findings_batch};

static FINDINGS: TableContract = FINDING;

/// Loads files into a warehouse, all of it or nothing.
///
/// # Errors
/// [`Error`]; the warehouse is then as it was before.
pub fn ingest(settings: &Settings, progress: &dyn Progress) -> Result<Summary, Error> {
    let done = Session::look(settings, progress).and_then(|session| session.load(progress));
    progress.end();
    done
}

/// The sources and what is to become of them.
struct Session<'a> {
    settings: &'a Settings,
    sources: Vec<Source>,
    mapping: Option<Mapping>,
    table: Option<&'static TableContract>,
    passed_over: Vec<String>,
    mapping_digest: String,
}

/// A source with its plan, or none if it was loaded before.
type Planned = (FileSummary, Option<Plan>);

impl<'a> Session<'a> {
    /// Looks at everything that can be wrong before anything is written.
    fn look(settings: &'a Settings, progress: &dyn Progress) -> Result<Self, Error> {
        let table = settings.table.as_deref().map(named).transpose()?;
        let mapping = settings.mapping.as_deref().map(Mapping::read).transpose()?;
        let (paths, mut passed_over) = discover(&settings.paths)?;
        progress.stage("looking at files", paths.len() as u64);
        let told = mapping.as_ref().map_or_else(Told::default, |mapping| Told {
            delimiter: mapping.delimiter,
            encoding: mapping.encoding,
        });
        let mut sources = Vec::with_capacity(paths.len());
        for path in &paths {
            progress.advance(1);
            match inspect(path, told) {
                // A list without rows beside the exports is none of them.
                Err(Error::NoRows { .. })
                    if !settings.paths.contains(path) && !is_export_by_name(path) =>
                {
                    passed_over.push(path.display().to_string());
                }
                inspected => sources.push(inspected?),
            }
        }
        let mapping_digest = mapping.as_ref().map(Mapping::digest).unwrap_or_default();
        let mut session = Self { settings, sources, mapping, table, passed_over, mapping_digest };
        session.pass_over_strangers()?;
        // A plan that fails has to fail before a folder is made.
        session.plans(&[])?;
        Ok(session)
    }

    /// A folder may hold other files than exports: one that fits no table and was not named itself
    /// is passed over, and said so.
    fn pass_over_strangers(&mut self) -> Result<(), Error> {
        let compiler = Compiler::new();
        let mut known = Vec::with_capacity(self.sources.len());
        for source in std::mem::take(&mut self.sources) {
            let named = self.settings.paths.contains(&source.path);
            match plan(source.clone(), self.table, self.mapping.as_ref(), &compiler) {
                Err(Error::TableUndecided { path, .. }) if !named => {
                    self.passed_over.push(path.display().to_string());
                }
                _ => known.push(source),
            }
        }
        self.sources = known;
        if self.sources.is_empty() {
            return Err(Error::NoFiles { paths: self.passed_over.join(", ") });
        }
        Ok(())
    }

    fn plans(&self, loads: &[Load]) -> Result<Vec<Planned>, Error> {
        let compiler = Compiler::new();
        let mut planned: Vec<Planned> = Vec::new();
        for source in &self.sources {
            let mut plan = plan(source.clone(), self.table, self.mapping.as_ref(), &compiler)?;
            self.drop_loaded(&mut plan, loads)?;
            let again = planned.iter().any(|(file, _)| file.sha256 == source.sha256);
            let skipped = again || plan.targets.is_empty();
            let file = FileSummary {
                path: source.path.clone(),
                format: source.format.as_str().to_owned(),
                encoding: source.encoding.map(|encoding| encoding.as_str().to_owned()),
                sha256: source.sha256.clone(),
                skipped,
                rows_read: 0,
                ignored_columns: plan.ignored.clone(),
                targets: Vec::new(),
            };
            planned.push((file, (!skipped).then_some(plan)));
        }
        Ok(planned)
    }

    /// Takes out of a plan the tables that have this source already; under another mapping, its
    /// rows would stand there twice, and that is an error.
    fn drop_loaded(&self, plan: &mut Plan, loads: &[Load]) -> Result<(), Error> {
        let same = |load: &&Load| load.sha256 == plan.source.sha256;
        let known: Vec<&Load> = loads.iter().filter(same).collect();
        let fills = |load: &&&Load| {
            plan.targets.iter().any(|target| target.contract.name == load.target_table)
        };
        let differs = |load: &&&Load| load.mapping_digest != self.mapping_digest;
        if let Some(load) = known.iter().filter(fills).find(differs) {
            return Err(Error::LoadedOtherwise {
                path: plan.source.path.clone(),
                table: load.target_table.clone(),
            });
        }
        plan.targets
            .retain(|target| known.iter().all(|load| load.target_table != target.contract.name));
        Ok(())
    }

    fn key_path(&self) -> PathBuf {
        let settings = self.settings;
        settings.key_file.clone().unwrap_or_else(|| default_key_path(&settings.warehouse))
    }

    fn load(self, progress: &dyn Progress) -> Result<Summary, Error> {
        if self.settings.dry_run {
            return self.dry_run(progress);
        }
        let transaction = Transaction::begin(&self.settings.warehouse, self.settings.buckets)?;
        let key = Key::find(&self.key_path(), transaction.key_check())?;
        let planned = self.plans(transaction.before().loads())?;
        if planned.iter().all(|(_, plan)| plan.is_none()) {
            return Ok(self.summary(planned, &Totals::default()));
        }
        let load_id = self.load_id(&planned, transaction.load_no());
        let buckets = transaction.before().buckets();
        let spill = make_spill(&planned, &transaction, buckets);
        let run =
            Run { planned: &planned, key: &key, spill: Some((&spill, buckets)), load_id: &load_id };
        let totals = run.run(self.settings.threads, progress)?;
        let placing = Placing {
            spill: &spill,
            transaction: &transaction,
            buckets,
            load_id: &load_id,
            threads: self.settings.threads,
            memory_bytes: self.settings.memory_bytes,
        };
        placing.run(progress)?;
        let loads =
            loads(&planned, &totals, transaction.load_no(), &load_id, &self.mapping_digest)?;
        let before = transaction.before().clone();
        key.save()?;
        let after = transaction.commit(&key.check(), &loads).inspect_err(|_| key.forget())?;
        let mut summary = self.summary(planned, &totals);
        summary.load_id = Some(load_id);
        summary.new_key = key.new_path().map(std::path::Path::to_owned);
        summary.tables = tables(&before, &after);
        Ok(summary)
    }

    /// Everything but the writing.
    fn dry_run(&self, progress: &dyn Progress) -> Result<Summary, Error> {
        let (known, check) = match Store::open(&self.settings.warehouse) {
            Ok(store) => (store.snapshot()?.loads().to_vec(), store.key_check().map(str::to_owned)),
            Err(store::Error::NotAWarehouse { .. }) => (Vec::new(), None),
            Err(err) => return Err(err.into()),
        };
        let key = Key::find(&self.key_path(), check.as_deref())?;
        let planned = self.plans(&known)?;
        let run = Run { planned: &planned, key: &key, spill: None, load_id: "" };
        let totals = run.run(self.settings.threads, progress)?;
        Ok(self.summary(planned, &totals))
    }

    /// Number and digest of what is loaded: the same files in the same warehouse have the same
    /// load id.
    fn load_id(&self, planned: &[Planned], load_no: u64) -> String {
        let mut digests: Vec<String> = Vec::new();
        for plan in planned.iter().filter_map(|(_, plan)| plan.as_ref()) {
            let tables = plan.targets.iter().map(|target| target.contract.name);
            digests.push(format!(
                "{} {}",
                plan.source.sha256,
                tables.collect::<Vec<_>>().join(",")
            ));
        }
        digests.sort();
        let mut hash = Sha256::new();
        hash.update(&self.mapping_digest);
        digests.iter().for_each(|digest| hash.update(digest));
        let digest = hex(&hash.finalize());
        format!("{load_no:05}-{}", &digest[..12])
    }

    fn summary(self: &Session<'a>, planned: Vec<Planned>, totals: &Totals) -> Summary {
        let mut files = Vec::with_capacity(planned.len());
        for (number, (mut file, plan)) in planned.into_iter().enumerate() {
            if let Some(plan) = plan {
                file.rows_read = totals.read.get(&number).copied().unwrap_or(0);
                for (at, target) in plan.targets.iter().enumerate() {
                    let tally = totals.tallies.get(&(number, at)).cloned().unwrap_or_default();
                    let fen = i64::try_from(tally.amount).ok().map(|fen| Fen(fen).to_string());
                    file.targets.push(TargetSummary {
                        table: target.contract.name.to_owned(),
                        rows_kept: tally.kept,
                        rows_filtered: tally.filtered,
                        rows_rejected: tally.rejected,
                        findings: tally.findings,
                        amount_yuan: target.contract.amount().and(fen),
                    });
                }
            }
            files.push(file);
        }
        Summary {
            load_id: None,
            dry_run: self.settings.dry_run,
            files,
            tables: Vec::new(),
            findings: totals.findings.clone(),
            passed_over: self.passed_over.clone(),
            new_key: None,
        }
    }
}

fn make_spill(planned: &[Planned], transaction: &Transaction, buckets: u32) -> Spill {
    let mut filled: BTreeMap<&'static str, (&'static TableContract, Vec<&str>)> = BTreeMap::new();
    for target in planned.iter().filter_map(|(_, plan)| plan.as_ref()).flat_map(|p| &p.targets) {
        let (_, columns) =
            filled.entry(target.contract.name).or_insert((target.contract, Vec::new()));
        columns.extend(target.columns.iter().map(|column| column.contract.name));
    }
    let mut spill = Spill::new(&transaction.temporary());
    for (contract, columns) in filled.into_values() {
        spill.add(contract, slots(contract, buckets), |name| columns.contains(&name));
    }
    spill.add(&FINDINGS, slots(&FINDINGS, buckets), |_| true);
    spill
}

/// What all sources came to.
#[derive(Default)]
struct Totals {
    /// Records by source.
    read: BTreeMap<usize, u64>,
    /// By source and target.
    tallies: BTreeMap<(usize, usize), Tally>,
    findings: BTreeMap<(String, String), u64>,
}

/// Reading and converting: one thread reads, the others convert.
struct Run<'a> {
    planned: &'a [Planned],
    key: &'a Key,
    /// Where rows go, and how many buckets there are; none in a dry run.
    spill: Option<(&'a Spill, u32)>,
    load_id: &'a str,
}

impl Run<'_> {
    fn run(&self, threads: usize, progress: &dyn Progress) -> Result<Totals, Error> {
        let plans =
            || self.planned.iter().enumerate().filter_map(|(n, (_, p))| Some((n, p.as_ref()?)));
        progress.stage("reading", plans().map(|(_, plan)| plan.source.bytes).sum());
        let totals = Mutex::new(Totals::default());
        let stop = AtomicBool::new(false);
        let (sender, receiver) = sync_channel::<Chunk>(2 * threads.max(1));
        let receiver = Mutex::new(receiver);
        let advance = |bytes| progress.advance(bytes);
        let (mut result, mut died) = (Ok(()), false);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.max(1))
                .map(|_| scope.spawn(|| self.convert_all(&receiver, &totals, &stop)))
                .collect();
            for (number, plan) in plans() {
                let mut send = |chunk| !stop.load(Ordering::Relaxed) && sender.send(chunk).is_ok();
                result = read(number, plan, &mut send, &advance);
                if result.is_err() || stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            drop(sender);
            for worker in workers {
                match worker.join() {
                    // What went wrong while reading came first.
                    Ok(Err(err)) if result.is_ok() => result = Err(err),
                    Ok(_) => {}
                    Err(_) => died = true,
                }
            }
        });
        result?;
        if died {
            return Err(Error::Worker);
        }
        let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
        plans().try_for_each(|(number, plan)| refuse_unreadable(number, plan, &totals))?;
        Ok(totals)
    }

    fn convert_all(
        &self,
        receiver: &Mutex<Receiver<Chunk>>,
        totals: &Mutex<Totals>,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        let mut persons = Pseudonyms::new(self.key.clone());
        loop {
            let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(chunk) = next else { return Ok(()) };
            // After a failure the rest is taken and dropped, so that the reader does not wait for
            // ever.
            if stop.load(Ordering::Relaxed) {
                continue;
            }
            if let Err(err) = self.convert(&chunk, totals, &mut persons) {
                stop.store(true, Ordering::Relaxed);
                while receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().is_ok() {}
                return Err(err);
            }
        }
    }

    fn convert(
        &self,
        chunk: &Chunk,
        totals: &Mutex<Totals>,
        persons: &mut Pseudonyms,
    ) -> Result<(), Error> {
        let Some((_, Some(plan))) = self.planned.get(chunk.plan) else { return Ok(()) };
        let mut done = Vec::with_capacity(plan.targets.len());
        for target in &plan.targets {
            let processed = process(plan, target, chunk, persons)?;
            if let Some((spill, buckets)) = self.spill {
                for batch in &processed.batches {
                    scatter(spill, target.contract, buckets, batch)?;
                }
                self.keep_findings(spill, &processed.findings)?;
            }
            done.push(processed);
        }
        let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
        let records = (chunk.lines.len() + chunk.uneven.len()) as u64;
        *totals.read.entry(chunk.plan).or_default() += records;
        for (at, Processed { findings, tally, .. }) in done.into_iter().enumerate() {
            totals.tallies.entry((chunk.plan, at)).or_default().add(&tally);
            for finding in findings {
                let rule = (finding.severity.as_str().to_owned(), finding.check_id);
                *totals.findings.entry(rule).or_default() += 1;
            }
        }
        Ok(())
    }

    fn keep_findings(&self, spill: &Spill, findings: &[Finding]) -> Result<(), Error> {
        if findings.is_empty() {
            return Ok(());
        }
        let batch = findings_batch(self.load_id, findings)?;
        Ok(spill.write(FINDINGS.name, 0, &batch)?)
    }
}

/// Rows into the temporary file of their bucket; children without a person into the last one.
fn scatter(
    spill: &Spill,
    contract: &'static TableContract,
    buckets: u32,
    batch: &RecordBatch,
) -> Result<(), Error> {
    if contract.place == Place::Dimension {
        return Ok(spill.write(contract.name, 0, batch)?);
    }
    let last = slots(contract, buckets) - 1;
    let persons = batch.column_by_name("psn_no").and_then(|array| array.as_string_opt::<i32>());
    let Some(persons) = persons else {
        return Ok(spill.write(contract.name, last, batch)?);
    };
    let mut rows: Vec<Vec<u64>> = vec![Vec::new(); last + 1];
    for row in 0..batch.num_rows() {
        let slot = if persons.is_valid(row) { bucket(persons.value(row), buckets) } else { last };
        rows[slot].push(row as u64);
    }
    // One gather of all columns, then slices of it.
    let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
    let sorted = pick(batch, rows.concat())?;
    let mut start = 0;
    for (slot, length) in lengths.into_iter().enumerate() {
        spill.write(contract.name, slot, &sorted.slice(start, length))?;
        start += length;
    }
    Ok(())
}

/// A column with values of which none can be read is the wrong column, not a thousand wrong rows.
fn refuse_unreadable(number: usize, plan: &Plan, totals: &Totals) -> Result<(), Error> {
    for (at, target) in plan.targets.iter().enumerate() {
        let Some(tally) = totals.tallies.get(&(number, at)) else { continue };
        for (column, tally) in target.columns.iter().zip(&tally.columns) {
            if let Some(first) = &tally.first
                && tally.values > 0
                && tally.readable == 0
            {
                let person = column.contract.kind == crate::warehouse::contract::Type::Person;
                return Err(Error::UnreadableColumn {
                    path: plan.source.path.clone(),
                    line: first.line,
                    column: column.contract.name,
                    value: if person { String::new() } else { first.value.clone() },
                    reason: first.reason.clone(),
                });
            }
        }
    }
    Ok(())
}

/// The rows of this load for the table `load`.
fn loads(
    planned: &[Planned],
    totals: &Totals,
    load_no: u64,
    load_id: &str,
    mapping_digest: &str,
) -> Result<Vec<Load>, Error> {
    let mut loads = Vec::new();
    for (number, (file, plan)) in planned.iter().enumerate() {
        let Some(plan) = plan else { continue };
        for (at, target) in plan.targets.iter().enumerate() {
            let tally = totals.tallies.get(&(number, at)).cloned().unwrap_or_default();
            let overflow = |_| Error::SumOverflow { path: file.path.clone() };
            let amount = target.contract.amount().map(|_| i64::try_from(tally.amount));
            loads.push(Load {
                load_no,
                load_id: load_id.to_owned(),
                file: plan.source.name.clone(),
                sha256: plan.source.sha256.clone(),
                mapping_digest: mapping_digest.to_owned(),
                target_table: target.contract.name.to_owned(),
                format: file.format.clone(),
                encoding: file.encoding.clone().unwrap_or_default(),
                rows_read: totals.read.get(&number).copied().unwrap_or(0),
                rows_kept: tally.kept,
                rows_filtered: tally.filtered,
                rows_rejected: tally.rejected,
                findings: tally.findings,
                amount: amount.transpose().map_err(overflow)?.map(Fen),
            });
        }
    }
    Ok(loads)
}

fn tables(before: &Snapshot, after: &Snapshot) -> Vec<TableSummary> {
    let added = |name: &str, rows: u64| rows - before.table(name).map_or(0, |table| table.rows);
    after
        .tables()
        .filter(|table| before.table(&table.name) != Some(*table))
        .map(|table| TableSummary {
            table: table.name.clone(),
            rows_added: added(&table.name, table.rows),
            rows: table.rows,
            digest: table.digest.clone(),
            version: table.version,
        })
        .collect()
}
