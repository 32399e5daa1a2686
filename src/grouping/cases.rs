//! Builds the cases of some years from the warehouse, bucket by bucket.
//!
//! Each bucket runs the models of `sql/cases` over its own files and hands its rows to a collector.
//! Two things cross people and therefore buckets: a settlement id used twice, and a reversal booked on
//! another person. Both are rare; they are found afterwards, and only the buckets concerned run again.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use chrono::NaiveDate;

use super::apg::ItemClasses;
use super::batch::Batch;
use super::beside::{Beside, Wants};
use super::buckets::{self, Bucket, Handover, Needs};
use super::columns::Extra;
use super::elsewhere::Elsewhere;
use super::line_traits::LineRules;
use super::merge;
use super::rows::{Collector, Part, Rules};
use super::signing::Signing;
use super::stays::{Stays, Wanted};
use super::tally::{Tally, TierSum, step};
use super::watch::Watch;
use crate::grouper::Reason;
use crate::grouper::auxiliary::Typing;
use crate::grouper::drg::Grouper;
use crate::grouper::record::Record;
use crate::period::Years;
use crate::policy::model::{CaseDate, Method, Policy};
use crate::settlement::cases::{Cases, UNSIGNED, flag, take};
use crate::settlement::heads::{HeadClass, Heads};
use crate::warehouse::Error;
use crate::warehouse::engine::{Engine, Params, Session};
use crate::warehouse::snapshot::Snapshot;

/// What to build.
#[derive(Debug, Clone)]
pub struct Request {
    /// The policy whose scope, case and grouping rules apply.
    pub policy: Policy,
    /// Years of the cases (A44).
    pub years: Years,
    /// Keep the id of every case (needed only when cases are written out).
    pub keep_ids: bool,
    /// Keep the medical record of every case (needed only where cases are grouped one by one).
    pub keep_records: bool,
    /// Tell who is signed with whom (R08): the year is settled under a policy with head budgets.
    pub parts: bool,
    /// The last day whose refunds take something from a case: that on which the years were cleared (R03).
    /// `None`: every refund does.
    pub refunds_until: Option<NaiveDate>,
}

/// The cases and how they came about.
#[derive(Debug, Default)]
pub struct Built {
    /// The cases of all years asked for.
    pub cases: Cases,
    /// Records of the cases, in their order; empty unless kept.
    pub records: Vec<Record>,
    /// Why each case is grouped or not, in the order of the cases; empty unless ids are kept.
    pub reasons: Vec<Reason>,
    /// Year and step → rows and money. `raw` + all leaving steps + `refund_partial` = `analysed`;
    /// `merged` is what cycles and visits took away, `cases` what is left.
    pub flow: BTreeMap<(u16, String), Tally>,
    /// Refunds, in the years asked for, of settlements of earlier years (A45).
    pub prior_refunds: Vec<Refund>,
    /// Refunds, in the years asked for, whose settlement is not there (R03).
    pub orphan_refunds: Vec<Refund>,
    /// Cases by tier of contribution (`clct_grde`), empty where the claim names none; empty unless parts
    /// were asked for (H13).
    pub tiers: BTreeMap<String, TierSum>,
    /// Persons and months of the last year asked for, by contract and class; empty unless parts were asked
    /// for (A27, A28).
    pub heads: BTreeMap<(String, HeadClass), Heads>,
    /// What became of the settlements watched, by id.
    pub watched: BTreeMap<String, Watch>,
    /// What the user should know: rules that could not be applied, times that were missing.
    pub warnings: Vec<String>,
}

/// A refund of the year settled that belongs to no case of the year (A45, R03).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refund {
    /// Institution that refunded.
    pub fixmedins_code: String,
    /// Year and month of the refund.
    pub year: u16,
    /// Month of the refund.
    pub month: u8,
    /// Its fund amount in fen, positive.
    pub fund_fen: i64,
}

/// Whether cases built under one policy have the columns that the other reads.
#[must_use]
pub fn same_columns(one: &Policy, other: &Policy) -> bool {
    Extra::of(one) == Extra::of(other)
}

/// What a run over buckets needs.
pub(super) struct Plan {
    /// Years whose settlements are read.
    pub(super) read: Years,
    rules: Arc<Rules>,
    pub(super) params: Params,
    pub(super) classes: Arc<ItemClasses>,
    wanted: Wanted,
}

/// Builds the cases of a request from one state of the warehouse.
///
/// # Errors
/// If a model fails or memory does not suffice.
pub fn build(engine: &Engine, snapshot: &Snapshot, request: &Request) -> Result<Built, Error> {
    build_watching(engine, snapshot, request, &BTreeSet::new())
}

/// [`build`], with what becomes of some settlements kept: how they were netted, merged and grouped.
///
/// # Errors
/// As [`build`].
pub fn build_watching(
    engine: &Engine,
    snapshot: &Snapshot,
    request: &Request,
    watch: &BTreeSet<String>,
) -> Result<Built, Error> {
    let mut warnings = Vec::new();
    let plan = Arc::new(plan(engine, snapshot, (request, watch), &mut warnings)?);
    let needs = Needs {
        fee_item: matches!(request.policy.grouping.method, Method::Apg(_))
            || plan.rules.judge_lines
            || plan.wanted.cost
            || plan.wanted.lines,
        diagnosis: plan.rules.judge_diagnosis || plan.wanted.record || plan.wanted.diagnosis,
        procedure: plan.wanted.record,
        group_result: matches!(request.policy.grouping.method, Method::Given { .. }),
    };
    let parts =
        buckets::run_all(engine, snapshot, (&plan.read, needs), |session, bucket, told| {
            let plan = Arc::clone(&plan);
            async move { run_bucket(&session, &bucket, &plan, &told).await }
        })?;
    let threads = engine.threads();
    let mut built = assemble(parts, warnings, threads);
    if let Some(signing) = &plan.rules.signing {
        place(&mut built, signing);
    }
    Ok(built)
}

/// Numbers of contracts become positions in the sorted list of institutions signed with.
fn place(built: &mut Built, signing: &Signing) {
    let mut parts = signing.codes.clone();
    parts.sort_unstable();
    let position = |code: &String| parts.binary_search(code).unwrap_or_default();
    let renumber: Vec<u32> = signing
        .codes
        .iter()
        .map(|code| u32::try_from(position(code)).unwrap_or(UNSIGNED))
        .collect();
    for part in built.cases.part.iter_mut().filter(|part| **part != UNSIGNED) {
        *part = renumber[*part as usize];
    }
    built.cases.parts = parts;
    built.heads.clone_from(&signing.heads);
}

pub(super) fn plan(
    engine: &Engine,
    snapshot: &Snapshot,
    (request, watch): (&Request, &BTreeSet<String>),
    warnings: &mut Vec<String>,
) -> Result<Plan, Error> {
    let policy = &request.policy;
    let scope = &policy.scope;
    let read = years_read(snapshot, request);
    let loaded = |table: &str| snapshot.table(table).is_some_and(|table| table.rows > 0);
    let judge_late = policy.case.late.is_some() && has_upload_times(engine, snapshot, &read)?;
    if policy.case.late.is_some() && !judge_late {
        warnings.push("no settlement has an upload time: no upload is judged late (A23)".into());
    }
    let completed_from = scope
        .completed_from
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map(|time| time.and_utc().timestamp_micros());
    let (classes, scheme) = match &policy.grouping.method {
        Method::Apg(apg) => (ItemClasses::new(apg), ""),
        Method::Given { scheme, .. } => (ItemClasses::default(), scheme.as_str()),
        Method::Dip(_) | Method::Drg(_) => (ItemClasses::default(), ""),
    };
    let params = Params::default()
        .text("insutype", &listed(&scope.insutype))
        .text("med_type", &listed(&scope.med_type))
        .text("dise_codg", &listed(&scope.dise_codg))
        .text("hi_paymtd", &listed(&scope.carve_out_hi_paymtd))
        .text("upload_code", &listed(&scope.proxy_upload_codes))
        .text("areas", &listed(&scope.insu_admdvs))
        .bool("by_discharge", policy.case.dated_by == CaseDate::Discharge)
        .bool("out_of_area", scope.exclude_out_of_area)
        .bool("started_only", scope.only_started_institutions)
        .time("completed_from", completed_from)
        .time("refunds_before", refunds_before(request))
        .text("scheme", scheme);
    let unusable = policy.case.unusable_to_fallback;
    let drg = match &policy.grouping.method {
        Method::Drg(tables) => Some(Grouper::new(tables)),
        _ => None,
    };
    let rules = Rules {
        policy: policy.clone(),
        years: request.years.clone(),
        drg,
        judge_late,
        judge_lines: unusable && loaded("fee_item"),
        judge_diagnosis: unusable && loaded("diagnosis"),
        keep_ids: request.keep_ids,
        keep_records: request.keep_records,
        typing: policy.auxiliary.as_ref().map(Typing::new),
        signing: signing(engine, snapshot, request, warnings)?,
        keep_disciplines: policy.has_discipline_bonus(),
        extra: Extra::of(policy),
        watch: watch.clone(),
    };
    let mut wanted = Wanted::of(policy, request.keep_records);
    wanted.payment |= request.parts;
    let classes =
        classes.with_costs(policy.case.cost_classes.as_ref()).with_lines(LineRules::of(policy));
    Ok(Plan { read, rules: Arc::new(rules), params, classes: Arc::new(classes), wanted })
}

fn signing(
    engine: &Engine,
    snapshot: &Snapshot,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Option<Signing>, Error> {
    if !request.parts {
        return Ok(None);
    }
    let signing = Signing::read(engine, snapshot, request.years.last())?;
    if signing.odd_months > 0 {
        warnings.push(format!(
            "{} rows of `enrollee` have `months_insured` outside 0 to 12; they count as 0 or 12 (A28)",
            signing.odd_months
        ));
    }
    Ok(Some(signing))
}

/// Years whose settlements may belong to cases of the years asked for: where cases are dated by discharge,
/// those of every year (A44).
fn years_read(snapshot: &Snapshot, request: &Request) -> Years {
    let all = snapshot.years().into_iter().filter_map(|(year, _)| u16::try_from(year).ok());
    let by_discharge = request.policy.case.dated_by == CaseDate::Discharge;
    let all = by_discharge.then(|| Years::new(all.filter(|year| *year > 0).collect())).flatten();
    all.unwrap_or_else(|| request.years.clone())
}

/// The first moment whose refunds no longer count (R03), in microseconds.
fn refunds_before(request: &Request) -> Option<i64> {
    let next = request.refunds_until?.succ_opt()?;
    Some(next.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
}

/// Codes as the models test them: `|310|390|`; empty for none.
pub(super) fn listed(codes: &[String]) -> String {
    if codes.is_empty() { String::new() } else { format!("|{}|", codes.join("|")) }
}

fn has_upload_times(engine: &Engine, snapshot: &Snapshot, years: &Years) -> Result<bool, Error> {
    let needs = Needs::default();
    let buckets: Vec<Bucket> =
        (0..snapshot.buckets()).map(|number| Bucket::new(snapshot, years, number, needs)).collect();
    let counts = engine.each(buckets, |bucket| {
        let session = engine.session();
        async move {
            bucket.register(&session)?;
            session.materialize("int_cases__upload_time", &Params::default()).await
        }
    })?;
    Ok(counts.iter().any(|rows| *rows > 0))
}

async fn run_bucket(
    session: &Session,
    bucket: &Bucket,
    plan: &Plan,
    elsewhere: &Elsewhere,
) -> Result<(Part, Handover), Error> {
    let (handover, roll) = bucket.prepare(session, &plan.params, &plan.classes, elsewhere).await?;
    let wants = Wants {
        given_group: matches!(plan.rules.policy.grouping.method, Method::Given { .. }),
        diagnosed: plan.rules.judge_diagnosis,
    };
    let beside = Beside::read(session, &plan.params, wants, roll).await?;
    let stays = Stays::read(session, &plan.params, plan.wanted).await?;
    let mut collector = Collector::new(Arc::clone(&plan.rules), stays, &beside);
    collector.part.cases.reserve(bucket.settlements());
    session
        .stream::<Error>("int_cases__netted", &plan.params, |batch| {
            for row in Batch::new(batch, &beside)?.rows() {
                collector.take(&row);
            }
            Ok(())
        })
        .await?;
    let mut part = collector.finish();
    // Buckets are sorted beside each other; what is left is to merge them.
    if !part.cases.case_id.is_empty() {
        merge::number_groups_by_name(&mut part.cases);
        let order = part.cases.sort_by_id();
        take(&mut part.records, &order);
        take(&mut part.reasons, &order);
    }
    Ok((part, handover))
}

/// One set of cases from all buckets, and what goes with them summed.
fn assemble(mut parts: Vec<Part>, mut warnings: Vec<String>, threads: NonZeroUsize) -> Built {
    let mut built = Built::default();
    let order = merge::order(&parts, threads);
    built.records = merge::column(&order, &mut parts, |part| &mut part.records);
    built.reasons = merge::column(&order, &mut parts, |part| &mut part.reasons);
    built.cases = merge::cases(&order, &mut parts, threads);
    let mut without_begin = 0;
    let mut knows_negotiated = parts.is_empty();
    for part in parts {
        without_begin += part.without_begin;
        knows_negotiated |= !part.lacks_negotiated;
        for (key, tally) in part.flow {
            let sum = built.flow.entry(key).or_default();
            sum.rows += tally.rows;
            sum.fee_fen += tally.fee_fen;
        }
        built.prior_refunds.extend(part.prior_refunds);
        built.orphan_refunds.extend(part.orphan_refunds);
        for (grade, tier) in part.tiers {
            built.tiers.entry(grade).or_default().add(&tier);
        }
        for (id, watch) in part.watched {
            built.watched.entry(id).or_default().join(watch);
        }
    }
    built.prior_refunds.sort();
    built.orphan_refunds.sort();
    close_flow(&mut built);
    if without_begin > 0 {
        warnings.push(format!(
            "{without_begin} settlements have no begntime; their setl_time was taken (A09)"
        ));
    }
    if !knows_negotiated {
        warnings.push(
            "no fee line has hi_nego_drug_flag: no drug counts as negotiated (A47, H11)".into(),
        );
    }
    built.warnings = warnings;
    built
}

/// Adds the steps `merged`, `cases` and `self_paying`, and asserts that the flow closes in rows and money.
fn close_flow(built: &mut Built) {
    let mut cases: BTreeMap<u16, Tally> = BTreeMap::new();
    for (year, fee) in built.cases.year.iter().zip(&built.cases.fee_fen) {
        cases.entry(*year).or_default().add(1, *fee);
    }
    let mut self_paying: BTreeMap<u16, Tally> = BTreeMap::new();
    for (at, flags) in built.cases.flags.iter().enumerate() {
        if flags & flag::SELF_PAYING != 0 {
            let year = self_paying.entry(built.cases.year[at]).or_default();
            year.add(1, built.cases.fee_fen[at]);
        }
    }
    let years: BTreeSet<u16> = built.flow.keys().map(|(year, _)| *year).collect();
    for year in years {
        let of_year = || built.flow.iter().filter(move |((y, _), _)| *y == year);
        let mut left = Tally::default();
        for ((_, name), tally) in of_year() {
            if ![step::ANALYSED, step::CARVED_OUT, step::SPLIT].contains(&name.as_str()) {
                left.rows += tally.rows;
                left.fee_fen += tally.fee_fen;
            }
        }
        let analysed = built.flow.get(&(year, step::ANALYSED.to_owned())).copied();
        let analysed = analysed.unwrap_or_default();
        assert_eq!(left, analysed, "every row of {year} is analysed or has a reason not to be");
        let cases = cases.get(&year).copied().unwrap_or_default();
        let moved = |name: &str| built.flow.get(&(year, name.to_owned())).copied();
        let carved = moved(step::CARVED_OUT).unwrap_or_default();
        let split = moved(step::SPLIT).unwrap_or_default();
        let kept = analysed.fee_fen + carved.fee_fen;
        assert_eq!(cases.fee_fen, kept, "merging and splitting move no money in {year}");
        let merged = Tally { rows: cases.rows - analysed.rows - split.rows, fee_fen: 0 };
        built.flow.insert((year, "merged".to_owned()), merged);
        built.flow.insert((year, "cases".to_owned()), cases);
    }
    // Part of `cases`, told apart (E32).
    for (year, tally) in self_paying {
        built.flow.insert((year, "self_paying".to_owned()), tally);
    }
}
