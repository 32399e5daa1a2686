//! What the fund paid in some years for the settlements of a policy's scope: no grouping, no fee lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::buckets::{self, Needs};
use super::cases::{Request, plan};
use crate::units::{Fen, UnitError};
use crate::warehouse::Error;
use crate::warehouse::arrow::array::Int64Array;
use crate::warehouse::engine::Engine;
use crate::warehouse::rows::whole_column;
use crate::warehouse::snapshot::Snapshot;

/// Fund outlay by year, net of refunds (H07); a year without settlements in scope is missing.
///
/// # Errors
/// If a model fails; the inner error for a sum beyond 64 bits.
pub fn by_year(
    engine: &Engine,
    snapshot: &Snapshot,
    request: &Request,
) -> Result<Result<BTreeMap<u16, Fen>, UnitError>, Error> {
    let plan = plan(engine, snapshot, (request, &BTreeSet::new()), &mut Vec::new())?;
    let (params, classes) = (&plan.params, &plan.classes);
    let parts = buckets::run_all(
        engine,
        snapshot,
        (&plan.read, Needs::default()),
        |session, bucket, told| {
            let (params, classes) = (params.clone(), Arc::clone(classes));
            async move {
                let (handover, _) = bucket.prepare(&session, &params, &classes, &told).await?;
                let mut sums: Vec<(i64, i64)> = Vec::new();
                session
                    .stream::<Error>("int_cases__outlay", &params, |batch| {
                        let years: &Int64Array = whole_column(batch, "year")?;
                        let funds = whole_column(batch, "fund_fen")?;
                        sums.extend(
                            years.values().iter().copied().zip(funds.values().iter().copied()),
                        );
                        Ok(())
                    })
                    .await?;
                Ok((sums, handover))
            }
        },
    )?;
    let mut totals: BTreeMap<u16, i128> = BTreeMap::new();
    let asked = request.years.as_slice();
    for (year, fund) in parts.into_iter().flatten() {
        let year = u16::try_from(year).unwrap_or_default();
        if asked.contains(&year) {
            *totals.entry(year).or_default() += i128::from(fund);
        }
    }
    let fen = |sum: i128| i64::try_from(sum).map(Fen).map_err(|_| UnitError::Overflow);
    Ok(totals.into_iter().map(|(year, sum)| Ok((year, fen(sum)?))).collect())
}
