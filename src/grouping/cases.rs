//! Builds the cases of some years from the warehouse, bucket by bucket.
//!
//! Each bucket runs the models of `sql/cases` over its own files and hands its rows to a collector.
//! Two things cross people and therefore buckets: a settlement id used twice, and a reversal booked on
//! another person. Both are rare; they are found afterwards, and only the buckets concerned run again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::apg::ItemClasses;
use super::batch::Batch;
use super::elsewhere::{self, Elsewhere, Reversal};
use super::functions::{item_class, item_important};
use super::rows::{Collector, Part, PriorRefund, Rules, Tally, step};
use crate::period::Years;
use crate::policy::model::{Method, Policy};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::warehouse::arrow::datatypes::SchemaRef;
use crate::warehouse::contract::{self, Place};
use crate::warehouse::engine::{Engine, Params, Session};
use crate::warehouse::snapshot::{BUCKET_NOT_PLACED, DataFile, Snapshot, YEAR_NOT_PLACED};
use crate::warehouse::{Error, relation};

/// What to build.
#[derive(Debug, Clone)]
pub struct Request {
    /// The policy whose scope, case and grouping rules apply.
    pub policy: Policy,
    /// Years of `setl_time`.
    pub years: Years,
    /// Keep the id of every case (needed only when cases are written out).
    pub keep_ids: bool,
}

/// The cases and how they came about.
#[derive(Debug, Default)]
pub struct Built {
    /// The cases of all years asked for.
    pub cases: Cases,
    /// Year and step → rows and money. `raw` + all leaving steps + `refund_partial` = `analysed`;
    /// `merged` is what cycles and visits took away, `cases` what is left.
    pub flow: BTreeMap<(u16, String), Tally>,
    /// Refunds, in the years asked for, of settlements of earlier years (A45).
    pub prior_refunds: Vec<PriorRefund>,
    /// What the user should know: rules that could not be applied, times that were missing.
    pub warnings: Vec<String>,
}

/// Files of one bucket.
pub(super) struct Bucket {
    pub(super) number: u32,
    tables: Vec<(&'static str, SchemaRef, Vec<PathBuf>)>,
}

/// The models of a bucket in the order they need each other; `true` keeps the rows, for relations
/// that are small or used more than once.
const MODELS: &[(&str, bool)] = &[
    ("stg_settlement", false),
    ("stg_settlement_key", false),
    ("int_cases__repeated_settlement", true),
    ("int_cases__reversal", true),
    ("int_cases__reversal_match", true),
    ("int_cases__refund", true),
    ("int_cases__netted", false),
    ("stg_fee_item", false),
    ("int_cases__repeated_fee_key", true),
    ("int_cases__repeated_fee_item", true),
    ("int_cases__fee_roll", true),
    ("int_cases__refund_fee", true),
    ("stg_group_result", false),
    ("int_cases__given_group", false),
    ("int_cases__diagnosed", false),
];

/// Tables a policy needs beyond the settlements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    pub(super) fee_item: bool,
    pub(super) diagnosis: bool,
    pub(super) group_result: bool,
}

struct Plan {
    rules: Arc<Rules>,
    params: Params,
    classes: Arc<ItemClasses>,
}

/// Builds the cases of a request from one state of the warehouse.
///
/// # Errors
/// If a model fails or memory does not suffice.
pub fn build(engine: &Engine, snapshot: &Snapshot, request: &Request) -> Result<Built, Error> {
    let mut warnings = Vec::new();
    let plan = Arc::new(plan(engine, snapshot, request, &mut warnings)?);
    let needs = Needs {
        fee_item: matches!(request.policy.grouping.method, Method::Apg(_))
            || plan.rules.judge_lines,
        diagnosis: plan.rules.judge_diagnosis,
        group_result: matches!(request.policy.grouping.method, Method::Given { .. }),
    };
    let files = |number: u32| bucket(snapshot, &request.years, number, needs);
    let run = |bucket: Bucket, elsewhere: Arc<Elsewhere>| {
        let session = engine.session();
        let plan = Arc::clone(&plan);
        async move { run_bucket(&session, &bucket, &plan, &elsewhere).await }
    };
    let buckets = |numbers: &BTreeSet<u32>| -> Vec<Bucket> {
        numbers.iter().map(|number| files(*number)).collect()
    };
    let all: BTreeSet<u32> = (0..snapshot.buckets()).collect();
    let mut parts: BTreeMap<u32, (Part, Vec<Reversal>)> = engine
        .each(buckets(&all), |bucket| run(bucket, Arc::default()))?
        .into_iter()
        .zip(all.iter().copied())
        .map(|(part, number)| (number, part))
        .collect();
    let mut found = elsewhere::find(engine, &parts, files)?;
    while !found.is_empty() {
        let numbers: BTreeSet<u32> = found.keys().copied().collect();
        let again = engine.each(buckets(&numbers), |bucket| {
            let elsewhere = found.get(&bucket.number).cloned().unwrap_or_default();
            run(bucket, elsewhere)
        })?;
        parts.extend(numbers.iter().copied().zip(again));
        found = elsewhere::answer(&found, &parts);
    }
    Ok(assemble(parts.into_values().map(|(part, _)| part), warnings))
}

fn plan(
    engine: &Engine,
    snapshot: &Snapshot,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Plan, Error> {
    let policy = &request.policy;
    let scope = &policy.scope;
    let loaded = |table: &str| snapshot.table(table).is_some_and(|table| table.rows > 0);
    let judge_late = policy.case.late.is_some() && has_upload_times(engine, snapshot, request)?;
    if policy.case.late.is_some() && !judge_late {
        warnings.push("no settlement has an upload time: no upload is judged late (A23)".into());
    }
    let listed = |codes: &[String]| match codes {
        [] => String::new(),
        codes => format!("|{}|", codes.join("|")),
    };
    let completed_from = scope
        .completed_from
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map(|time| time.and_utc().timestamp_micros());
    let (classes, scheme) = match &policy.grouping.method {
        Method::Apg(apg) => (ItemClasses::new(apg), ""),
        Method::Given { scheme } => (ItemClasses::default(), scheme.as_str()),
    };
    let params = Params::default()
        .text("insutype", &listed(&scope.insutype))
        .text("med_type", &listed(&scope.med_type))
        .text("dise_codg", &listed(&scope.dise_codg))
        .text("hi_paymtd", &listed(&scope.carve_out_hi_paymtd))
        .text("upload_code", &listed(&scope.proxy_upload_codes))
        .text("area_pattern", &area_pattern(&scope.insu_admdvs))
        .bool("out_of_area", scope.exclude_out_of_area)
        .bool("started_only", scope.only_started_institutions)
        .time("completed_from", completed_from)
        .text("scheme", scheme);
    let unusable = policy.case.unusable_to_fallback;
    let rules = Rules {
        policy: policy.clone(),
        judge_late,
        judge_lines: unusable && loaded("fee_item"),
        judge_diagnosis: unusable && loaded("diagnosis"),
        keep_ids: request.keep_ids,
    };
    Ok(Plan { rules: Arc::new(rules), params, classes: Arc::new(classes) })
}

/// A pattern that the codes of an area begin with; empty for no codes.
pub(super) fn area_pattern(prefixes: &[String]) -> String {
    let plain: Vec<String> = prefixes.iter().map(|code| plain(code)).collect();
    if plain.is_empty() { String::new() } else { format!("^({})", plain.join("|")) }
}

/// A code as a pattern that matches itself and nothing else.
fn plain(code: &str) -> String {
    code.chars().flat_map(|c| if c.is_alphanumeric() { vec![c] } else { vec!['\\', c] }).collect()
}

fn has_upload_times(
    engine: &Engine,
    snapshot: &Snapshot,
    request: &Request,
) -> Result<bool, Error> {
    let needs = Needs { fee_item: false, diagnosis: false, group_result: false };
    let buckets: Vec<Bucket> = (0..snapshot.buckets())
        .map(|number| bucket(snapshot, &request.years, number, needs))
        .collect();
    let counts = engine.each(buckets, |bucket| {
        let session = engine.session();
        async move {
            register(&session, &bucket)?;
            session.materialize("int_cases__upload_time", &Params::default()).await
        }
    })?;
    Ok(counts.iter().any(|rows| *rows > 0))
}

/// Files of a bucket: settlements of the years asked for, of all years for their keys, and the child
/// rows placed in those years or in none.
pub(super) fn bucket(snapshot: &Snapshot, years: &Years, number: u32, needs: Needs) -> Bucket {
    let year_asked = |year: i32| years.as_slice().iter().any(|known| i32::from(*known) == year);
    let mut tables = Vec::new();
    for (name, source, needed) in [
        ("settlement", "settlement", true),
        ("settlement_history", "settlement", true),
        ("fee_item", "fee_item", needs.fee_item),
        ("diagnosis", "diagnosis", needs.diagnosis),
        ("group_result", "group_result", needs.group_result),
        ("institution", "institution", true),
    ] {
        let Some(contract) = contract::table(source) else { continue };
        let dimension = contract.place == Place::Dimension;
        let wanted = |file: &&DataFile| {
            dimension
                || (i64::from(file.bucket) == i64::from(number) || file.bucket == BUCKET_NOT_PLACED)
                    && (name == "settlement_history"
                        || year_asked(file.year)
                        || file.year == YEAR_NOT_PLACED)
        };
        let files = snapshot.table(source).filter(|_| needed).map_or_else(Vec::new, |table| {
            table.files.iter().filter(wanted).map(|file| file.path.clone()).collect()
        });
        tables.push((name, relation::read_schema(contract), files));
    }
    Bucket { number, tables }
}

pub(super) fn register(session: &Session, bucket: &Bucket) -> Result<(), Error> {
    for (name, schema, files) in &bucket.tables {
        session.register_files(name, Arc::clone(schema), files)?;
    }
    Ok(())
}

async fn run_bucket(
    session: &Session,
    bucket: &Bucket,
    plan: &Plan,
    elsewhere: &Elsewhere,
) -> Result<(Part, Vec<Reversal>), Error> {
    register(session, bucket)?;
    elsewhere.register(session)?;
    session.register_function(&item_class(Arc::clone(&plan.classes)));
    session.register_function(&item_important(Arc::clone(&plan.classes)));
    let params = &plan.params;
    for (model, keep) in MODELS {
        if *keep {
            session.materialize(model, params).await?;
        } else {
            session.define(model, params).await?;
        }
    }
    let mut collector = Collector::new(Arc::clone(&plan.rules));
    session
        .stream::<Error>("int_cases__settlement", params, |batch| {
            for row in Batch::new(batch)?.rows() {
                collector.take(&row);
            }
            Ok(())
        })
        .await?;
    let mut reversals = Vec::new();
    for batch in session.rows("int_cases__reversal_match").await? {
        reversals.extend(Reversal::read(&batch)?);
    }
    Ok((collector.finish(), reversals))
}

/// One set of cases from all buckets: dictionaries sorted, ids renumbered, flow summed.
fn assemble(parts: impl Iterator<Item = Part>, mut warnings: Vec<String>) -> Built {
    let parts: Vec<Part> = parts.collect();
    let names = |list: fn(&Cases) -> &Vec<String>| -> Vec<String> {
        let all: BTreeSet<&String> = parts.iter().flat_map(|part| list(&part.cases)).collect();
        all.into_iter().cloned().collect()
    };
    let mut built = Built::default();
    built.cases.institutions = names(|cases| &cases.institutions);
    built.cases.groups = names(|cases| &cases.groups);
    built.cases.insutypes = names(|cases| &cases.insutypes);
    let mut without_begin = 0;
    for part in parts {
        without_begin += part.without_begin;
        append(&mut built.cases, part.cases);
        for (key, tally) in part.flow {
            let sum = built.flow.entry(key).or_default();
            sum.rows += tally.rows;
            sum.fee_fen += tally.fee_fen;
        }
        built.prior_refunds.extend(part.prior_refunds);
    }
    built.prior_refunds.sort();
    close_flow(&mut built);
    if without_begin > 0 {
        warnings.push(format!(
            "{without_begin} settlements have no begntime; their setl_time was taken (A09)"
        ));
    }
    built.warnings = warnings;
    built
}

fn append(into: &mut Cases, part: Cases) {
    let renumber = |names: &[String], known: &[String]| -> Vec<u32> {
        let id = |name: &String| known.binary_search(name).unwrap_or_default();
        names.iter().map(|name| u32::try_from(id(name)).unwrap_or(UNGROUPED)).collect()
    };
    let institutions = renumber(&part.institutions, &into.institutions);
    let groups = renumber(&part.groups, &into.groups);
    let insutypes = renumber(&part.insutypes, &into.insutypes);
    into.institution.extend(part.institution.iter().map(|id| institutions[*id as usize]));
    into.group.extend(
        part.group.iter().map(|id| if *id == UNGROUPED { *id } else { groups[*id as usize] }),
    );
    into.insutype.extend(
        part.insutype.iter().map(|id| u8::try_from(insutypes[usize::from(*id)]).unwrap_or(u8::MAX)),
    );
    into.year.extend(part.year);
    into.month.extend(part.month);
    into.fee_fen.extend(part.fee_fen);
    into.inscope_fen.extend(part.inscope_fen);
    into.fund_fen.extend(part.fund_fen);
    into.flags.extend(part.flags);
    into.case_id.extend(part.case_id);
}

/// Adds the steps `merged` and `cases`, and asserts that the flow closes in rows and money.
fn close_flow(built: &mut Built) {
    let mut cases: BTreeMap<u16, Tally> = BTreeMap::new();
    for (year, fee) in built.cases.year.iter().zip(&built.cases.fee_fen) {
        cases.entry(*year).or_default().add(1, *fee);
    }
    let years: BTreeSet<u16> = built.flow.keys().map(|(year, _)| *year).collect();
    for year in years {
        let of_year = || built.flow.iter().filter(move |((y, _), _)| *y == year);
        let mut left = Tally::default();
        for ((_, name), tally) in of_year() {
            if name != step::ANALYSED {
                left.rows += tally.rows;
                left.fee_fen += tally.fee_fen;
            }
        }
        let analysed = built.flow.get(&(year, step::ANALYSED.to_owned())).copied();
        let analysed = analysed.unwrap_or_default();
        assert_eq!(left, analysed, "every row of {year} is analysed or has a reason not to be");
        let cases = cases.get(&year).copied().unwrap_or_default();
        assert_eq!(cases.fee_fen, analysed.fee_fen, "merging moves no money in {year}");
        let merged = Tally { rows: cases.rows - analysed.rows, fee_fen: 0 };
        built.flow.insert((year, "merged".to_owned()), merged);
        built.flow.insert((year, "cases".to_owned()), cases);
    }
}
