//! What the visits of a year show institution by institution (Y35), bucket by bucket: split visits are those
//! of one person.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::buckets::{self, Bucket, Handover, Needs};
use super::cases::{self, Request};
use super::elsewhere::Elsewhere;
use crate::audit::behaviour::{Visit, Visits};
use crate::policy::model::Behaviour;
use crate::warehouse::Error;
use crate::warehouse::arrow::array::{Array as _, RecordBatch};
use crate::warehouse::engine::{Engine, Params, Session};
use crate::warehouse::rows::{bool_column, text_column, whole_column};
use crate::warehouse::snapshot::Snapshot;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Visits by institution.
type ByInstitution = BTreeMap<String, Visits>;

/// Counts the analysed settlements of the years asked for, under the scope of the policy.
///
/// # Errors
/// If a model fails or memory does not suffice.
pub fn visits(
    engine: &Engine,
    snapshot: &Snapshot,
    (request, rule): (&Request, &Behaviour),
) -> Result<ByInstitution, Error> {
    let plan = cases::plan(engine, snapshot, (request, &Default::default()), &mut Vec::new())?;
    let cycle = request.policy.case.cycle.as_ref().map_or(0, |cycle| cycle.window_minutes);
    // Without a cycle: any later visit. Two that begin at once are one visit written twice.
    let params = plan.params.whole("split_from", (cycle * MICROS_PER_MINUTE).max(1)).whole(
        "split_to",
        cycle.saturating_add(rule.split_minutes).saturating_mul(MICROS_PER_MINUTE),
    );
    let shared = Arc::new((params, rule.clone()));
    let needs = Needs { fee_item: true, ..Needs::default() };
    let parts =
        buckets::run_all(engine, snapshot, (&request.years, needs), |session, bucket, told| {
            let shared = Arc::clone(&shared);
            async move { run_bucket(&session, &bucket, (&shared.0, &shared.1), &told).await }
        })?;
    let mut all = ByInstitution::new();
    for part in parts {
        for (code, visits) in part {
            all.entry(code).or_default().append(&visits);
        }
    }
    Ok(all)
}

async fn run_bucket(
    session: &Session,
    bucket: &Bucket,
    (params, rule): (&Params, &Behaviour),
    elsewhere: &Elsewhere,
) -> Result<(ByInstitution, Handover), Error> {
    let (handover, _) = bucket.prepare(session, params, &Arc::default(), elsewhere).await?;
    buckets::define(session, &[("int_cases__own_payment", false)], params).await?;
    let mut part = ByInstitution::new();
    session.stream::<Error>("ind_behaviour", params, |batch| count(batch, rule, &mut part)).await?;
    Ok((part, handover))
}

fn count(batch: &RecordBatch, rule: &Behaviour, part: &mut ByInstitution) -> Result<(), Error> {
    let institutions = text_column(batch, "fixmedins_code")?;
    let (fees, own) = (whole_column(batch, "fee_fen")?, whole_column(batch, "own_fen")?);
    let (split, days) = (bool_column(batch, "is_split")?, whole_column(batch, "fee_days")?);
    for row in 0..batch.num_rows() {
        let visit = Visit {
            fee_fen: fees.value(row),
            own_fen: own.value(row),
            is_split: split.is_valid(row) && split.value(row),
            fee_days: days.value(row),
        };
        part.entry(institutions.value(row).to_owned()).or_default().add(&visit, rule);
    }
    Ok(())
}
