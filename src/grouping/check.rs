//! Data-quality checks: violating rows per check, and a verdict per institution, year and purpose.
//!
//! A check is a SQL model that returns the rows that break it; this module names their severity, counts
//! them against what was looked at, and judges. Nothing is repaired here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::DateTime;

use super::buckets::{self, Bucket, Handover, Models, Needs};
use super::cases::listed;
use super::codes::{self, OddCode, Reached};
use super::elsewhere::Elsewhere;
use super::late::is_late;
use crate::finding::{Finding, Severity};
use crate::period::Years;
use crate::policy::model::{Deadline, Policy};
use crate::table::{Column, Table};
use crate::units::Fen;
use crate::warehouse::arrow::array::{Array as _, ArrayRef, StringViewArray};
use crate::warehouse::engine::{Engine, Params, Session};
use crate::warehouse::rows::{bool_column, text_column, time_column, whole_column};
use crate::warehouse::snapshot::Snapshot;
use crate::warehouse::{Error, arrow::array::RecordBatch};

/// What a check looks at and how much it matters.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its id, the word in `check_id`.
    pub id: &'static str,
    /// How much a row matters.
    pub severity: Severity,
    /// Table whose rows are the denominator; `code`: every code once an institution.
    pub table: &'static str,
    /// Whether it counts against using the rows for a catalog, and for a settlement.
    pub counts_for: [bool; 2],
}

/// What data is judged for, in the order of [`Check::counts_for`].
pub const PURPOSES: [&str; 2] = ["catalog", "settlement"];

const fn check(id: &'static str, severity: Severity, counts_for: [bool; 2]) -> Check {
    Check { id, severity, table: "settlement", counts_for }
}

const fn fee_check(id: &'static str, severity: Severity, counts_for: [bool; 2]) -> Check {
    Check { id, severity, table: "fee_item", counts_for }
}

const fn code_check(id: &'static str, severity: Severity) -> Check {
    Check { id, severity, table: "code", counts_for: [false, false] }
}

/// Every check, in the order of its table in `sql/checks`.
pub const CHECKS: &[Check] = &[
    check("date_order", Severity::Error, [true, true]),
    check("duplicate_conflict", Severity::Error, [true, true]),
    check("duplicate_identical", Severity::Info, [false, false]),
    code_check("code_foreign", Severity::Warning),
    code_check("code_unmapped", Severity::Warning),
    fee_check("fee_duplicate_conflict", Severity::Error, [false, false]),
    fee_check("fee_duplicate_identical", Severity::Info, [false, false]),
    fee_check("fee_orphan", Severity::Warning, [false, false]),
    check("identity_fund", Severity::Error, [false, true]),
    check("identity_patient", Severity::Error, [false, false]),
    check("identity_total", Severity::Error, [true, true]),
    check("late_upload", Severity::Warning, [false, true]),
    check("negative_fee", Severity::Warning, [true, true]),
    check("orphan_refund", Severity::Warning, [false, true]),
    check("out_of_area", Severity::Info, [false, false]),
    check("over_refund", Severity::Warning, [true, true]),
    check("refund_flag_only", Severity::Warning, [true, true]),
    check("refund_full", Severity::Info, [false, false]),
    check("refund_partial", Severity::Info, [false, false]),
    fee_check("unknown_charge_type", Severity::Error, [false, false]),
    check("unknown_institution", Severity::Error, [true, true]),
    check("unknown_insutype", Severity::Error, [true, true]),
    check("unknown_med_type", Severity::Error, [true, true]),
    check("void", Severity::Info, [false, false]),
];

/// What to check.
#[derive(Debug, Clone)]
pub struct Request {
    /// Years of `setl_time`.
    pub years: Years,
    /// Whose area and deadline count; without a policy only `pay_loc` tells out-of-area. Where it has
    /// no deadline, uploads are due by the end of the next month: a late upload is worth knowing even
    /// where no clause punishes it.
    pub policy: Option<Policy>,
    /// Largest difference an amount identity may have.
    pub tolerance: Fen,
    /// Share of rows in hundredths of a percent above which a verdict is `review`.
    pub limit_per_myriad: u32,
}

/// What the checks found.
#[derive(Debug)]
pub struct Checked {
    /// Every violating row, by check and key.
    pub findings: Vec<Finding>,
    /// One row a check: rows, checked, percent, money.
    pub summary: Table,
    /// One row an institution, year and purpose.
    pub verdict: Table,
    /// `code_coverage` and `code_institution`: how far national codes reach, and where they do not.
    pub codes: [Table; 2],
    /// Whether every verdict is `pass`.
    pub passed: bool,
}

/// One violating row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    check_id: String,
    key: String,
    institution: String,
    year: i64,
    column: String,
    value: String,
    amount_fen: i64,
}

#[derive(Default)]
struct Part {
    violations: Vec<Violation>,
    /// Rows by institution and year.
    settlements: BTreeMap<(String, i64), i64>,
    fee_lines: i64,
    /// Settlements with an upload time.
    uploads: i64,
}

/// Deadline of uploads where the policy has none: the end of the next month (A23).
const DEADLINE: Deadline = Deadline::MonthEnd(1);

/// The models beyond those that cases run too.
const DEFINED: &Models = &[("stg_settlement_amount", false)];

const MODELS: &[&str] = &[
    "chk_date_order",
    "chk_fate",
    "chk_fee_key",
    "chk_identity_fund",
    "chk_identity_patient",
    "chk_identity_total",
    "chk_unknown_charge_type",
    "chk_unknown_code",
];

/// Runs every check over the years asked for.
///
/// # Errors
/// If a model fails or memory does not suffice.
pub fn run(engine: &Engine, snapshot: &Snapshot, request: &Request) -> Result<Checked, Error> {
    let needs = Needs { fee_item: true, ..Needs::default() };
    let params = Arc::new(params(snapshot, request));
    let late = request.policy.as_ref().and_then(|policy| policy.case.late.as_ref());
    let deadline = late.map_or(DEADLINE, |late| late.deadline);
    let parts =
        buckets::run_all(engine, snapshot, (&request.years, needs), |session, bucket, told| {
            let params = Arc::clone(&params);
            async move { run_bucket(&session, &bucket, &params, (deadline, &told)).await }
        })?;
    let reached = codes::reach(engine, snapshot, &request.years)?;
    Ok(judge(parts, reached, request))
}

fn params(snapshot: &Snapshot, request: &Request) -> Params {
    let scope = request.policy.as_ref().map(|policy| &policy.scope);
    let area = scope.map(|scope| listed(&scope.insu_admdvs)).unwrap_or_default();
    let loaded = snapshot.table("institution").is_some_and(|table| table.rows > 0);
    let none = ["insutype", "med_type", "dise_codg", "hi_paymtd", "upload_code"];
    none.into_iter()
        .fold(Params::default(), |params, name| params.text(name, ""))
        .text("areas", &area)
        .bool("out_of_area", scope.is_none_or(|scope| scope.exclude_out_of_area))
        .bool("started_only", false)
        .bool("by_discharge", false)
        .time("completed_from", None)
        .time("refunds_before", None)
        .whole("tolerance_fen", request.tolerance.0)
        .bool("institution_loaded", loaded)
}

async fn run_bucket(
    session: &Session,
    bucket: &Bucket,
    params: &Params,
    (deadline, elsewhere): (Deadline, &Elsewhere),
) -> Result<(Part, Handover), Error> {
    register_dictionary(session)?;
    let (handover, _) = bucket.prepare(session, params, &Arc::default(), elsewhere).await?;
    buckets::define(session, DEFINED, params).await?;
    let mut part = Part::default();
    for model in MODELS {
        session
            .stream::<Error>(model, params, |batch| {
                read(batch, *model == "chk_fate", &mut part.violations)
            })
            .await?;
    }
    session
        .stream::<Error>("stg_settlement", params, |batch| count(batch, deadline, &mut part))
        .await?;
    session
        .stream::<Error>("stg_fee_item", params, |batch| {
            part.fee_lines += i64::try_from(batch.num_rows()).unwrap_or_default();
            Ok(())
        })
        .await?;
    Ok((part, handover))
}

/// The national dictionaries (8.3) as relation `dictionary (field, code)`.
///
/// # Errors
/// Never for the embedded file.
pub fn register_dictionary(session: &Session) -> Result<(), Error> {
    const DICTIONARY: &str = include_str!("../../sql/checks/dictionary.csv");
    let rows: Vec<(&str, &str)> =
        DICTIONARY.lines().skip(1).filter_map(|line| line.split_once(',')).collect();
    let column = |of: fn(&(&'static str, &'static str)) -> &'static str| -> ArrayRef {
        Arc::new(rows.iter().map(of).map(Some).collect::<StringViewArray>())
    };
    session.register_columns(
        "dictionary",
        vec![("field", column(|row| row.0)), ("code", column(|row| row.1))],
    )
}

fn read(batch: &RecordBatch, is_fate: bool, violations: &mut Vec<Violation>) -> Result<(), Error> {
    let (ids, keys) = (text_column(batch, "check_id")?, text_column(batch, "key")?);
    let institutions = text_column(batch, "fixmedins_code")?;
    let columns = text_column(batch, "column_name")?;
    let values = if is_fate { None } else { Some(text_column(batch, "value")?) };
    let repeated = if is_fate { Some(bool_column(batch, "is_repeated")?) } else { None };
    let (years, amounts) = (whole_column(batch, "setl_year")?, whole_column(batch, "amount_fen")?);
    let text = |column: &StringViewArray, row: usize| {
        if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
    };
    for row in 0..batch.num_rows() {
        let violation = Violation {
            check_id: text(&ids, row),
            key: text(&keys, row),
            institution: text(&institutions, row),
            year: if years.is_null(row) { 0 } else { years.value(row) },
            column: text(&columns, row),
            value: values.as_ref().map(|column| text(column, row)).unwrap_or_default(),
            amount_fen: if amounts.is_null(row) { 0 } else { amounts.value(row) },
        };
        // An identical copy is a finding of its own, whatever else its row is.
        let is_copy = repeated.is_some_and(|column| column.value(row));
        let other =
            !["duplicate_conflict", "duplicate_identical"].contains(&violation.check_id.as_str());
        if is_copy && other {
            let check_id = "duplicate_identical".to_owned();
            violations.push(Violation { check_id, ..violation.clone() });
        }
        violations.push(violation);
    }
    Ok(())
}

/// Counts rows by institution and year, and judges late uploads by the policy's deadline.
fn count(batch: &RecordBatch, deadline: Deadline, part: &mut Part) -> Result<(), Error> {
    let (ids, institutions) =
        (text_column(batch, "setl_id")?, text_column(batch, "fixmedins_code")?);
    let (settled, uploaded) =
        (time_column(batch, "setl_time")?, time_column(batch, "upload_time")?);
    let (void, amounts) = (bool_column(batch, "is_void")?, whole_column(batch, "fee_fen")?);
    let at = |micros: i64| {
        DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc()).unwrap_or_default()
    };
    for row in 0..batch.num_rows() {
        let time = at(settled.value(row));
        let year = i64::from(chrono::Datelike::year(&time));
        let key = (institutions.value(row).to_owned(), year);
        *part.settlements.entry(key).or_default() += 1;
        let upload = uploaded.is_valid(row).then(|| at(uploaded.value(row)));
        part.uploads += i64::from(upload.is_some());
        if !void.value(row) && is_late(time, upload, deadline) {
            part.violations.push(Violation {
                check_id: "late_upload".to_owned(),
                key: ids.value(row).to_owned(),
                institution: institutions.value(row).to_owned(),
                year,
                column: "upload_time".to_owned(),
                value: upload.map(|upload| upload.to_string()).unwrap_or_default(),
                amount_fen: amounts.value(row),
            });
        }
    }
    Ok(())
}

fn judge(parts: Vec<Part>, reached: Reached, request: &Request) -> Checked {
    let mut all: Vec<Violation> = Vec::new();
    let mut settlements: BTreeMap<(String, i64), i64> = BTreeMap::new();
    let (mut fee_lines, mut uploads) = (0, 0);
    for part in parts {
        all.extend(part.violations);
        uploads += part.uploads;
        fee_lines += part.fee_lines;
        for (key, rows) in part.settlements {
            *settlements.entry(key).or_default() += rows;
        }
    }
    all.extend(reached.odd.into_iter().map(odd_code));
    all.sort();
    // A copy is a finding once, however often it stands; rows that contradict each other are named
    // each for itself, alike as they may look here (A48).
    all.dedup_by(|one, two| one == two && one.check_id != "duplicate_conflict");
    if uploads == 0 {
        // The export has no upload times: nobody can say what is late (A23).
        all.retain(|violation| violation.check_id != "late_upload");
    }
    let total: i64 = settlements.values().sum();
    let checked = |check: &Check| match check.table {
        "fee_item" => fee_lines,
        "code" => reached.codes,
        _ => total,
    };
    let summary = summary(&all, checked);
    let (verdict, passed) = verdict(&all, &settlements, request.limit_per_myriad);
    let findings = all.into_iter().filter_map(finding).collect();
    let codes = [reached.coverage, reached.institutions];
    Checked { findings, summary, verdict, codes, passed }
}

/// A code in an institution; its key is a settlement that has it.
fn odd_code(code: OddCode) -> Violation {
    Violation {
        check_id: code.check_id.to_owned(),
        key: code.example,
        institution: code.institution,
        year: 0,
        column: code.column,
        value: code.code,
        amount_fen: code.fee_fen,
    }
}

fn of(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

fn finding(row: Violation) -> Option<Finding> {
    let check = of(&row.check_id)?;
    Some(Finding {
        check_id: row.check_id,
        severity: check.severity,
        table: check.table.to_owned(),
        file: String::new(),
        line: 0,
        key: row.key,
        column: row.column,
        value: row.value,
        message: String::new(),
        amount: Some(Fen(row.amount_fen)),
    })
}

fn summary(all: &[Violation], checked: impl Fn(&Check) -> i64) -> Table {
    let mut counts: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for row in all {
        let sum = counts.entry(&row.check_id).or_default();
        sum.0 += 1;
        sum.1 += row.amount_fen;
    }
    let count = |check: &Check| counts.get(check.id).copied().unwrap_or_default();
    let percents = CHECKS.iter().map(|check| {
        let percent = crate::units::fraction(count(check).0 * 100, checked(check))?;
        crate::units::to_decimal(&percent, 4).map(|percent| percent.mantissa())
    });
    Table::new("check")
        .with("check_id", Column::text(CHECKS.iter().map(|check| check.id)))
        .with("severity", Column::text(CHECKS.iter().map(|check| check.severity.as_str())))
        .with("table", Column::text(CHECKS.iter().map(|check| check.table)))
        .with("rows", Column::whole(CHECKS.iter().map(|check| count(check).0)))
        .with("checked", Column::whole(CHECKS.iter().map(&checked)))
        .with("percent", Column::Decimal { places: 4, values: percents.collect() })
        .with("amount_yuan", Column::yuan(CHECKS.iter().map(|check| count(check).1)))
}

/// Share of rows that break a check that counts for the purpose; above the limit: `review`.
fn verdict(
    all: &[Violation],
    settlements: &BTreeMap<(String, i64), i64>,
    limit_per_myriad: u32,
) -> (Table, bool) {
    let mut broken: BTreeMap<(String, i64, usize), BTreeSet<&str>> = BTreeMap::new();
    for row in all {
        let Some(check) = of(&row.check_id) else { continue };
        for (purpose, counts) in check.counts_for.into_iter().enumerate() {
            if counts {
                let key = (row.institution.clone(), row.year, purpose);
                broken.entry(key).or_default().insert(&row.key);
            }
        }
    }
    let mut keys = Vec::new();
    for ((institution, year), rows) in settlements {
        for (purpose, name) in PURPOSES.iter().enumerate() {
            let wrong = broken
                .get(&(institution.clone(), *year, purpose))
                .map_or(0, |keys| i64::try_from(keys.len()).unwrap_or(i64::MAX));
            let passes = wrong.saturating_mul(10_000) <= rows * i64::from(limit_per_myriad);
            keys.push((institution.as_str(), *year, *name, *rows, wrong, passes));
        }
    }
    let passed = keys.iter().all(|key| key.5);
    let percents = keys.iter().map(|key| {
        let percent = crate::units::fraction(key.4 * 100, key.3)?;
        crate::units::to_decimal(&percent, 4).map(|percent| percent.mantissa())
    });
    let table = Table::new("verdict")
        .with("fixmedins_code", Column::text(keys.iter().map(|key| key.0)))
        .with("year", Column::whole(keys.iter().map(|key| key.1)))
        .with("purpose", Column::text(keys.iter().map(|key| key.2)))
        .with("rows", Column::whole(keys.iter().map(|key| key.3)))
        .with("wrong_rows", Column::whole(keys.iter().map(|key| key.4)))
        .with("percent", Column::Decimal { places: 4, values: percents.collect() })
        .with(
            "verdict",
            Column::text(keys.iter().map(|key| if key.5 { "pass" } else { "review" })),
        );
    (table, passed)
}
