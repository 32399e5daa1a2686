//! The settlement ids of a bucket: each of them once, and those that stand more than once (A48, R25).
//!
//! There is an id a row and hardly one stands twice: the keys are handed over sorted anyway, and sorted
//! they stand side by side.

use std::sync::Arc;

use super::elsewhere;
use crate::warehouse::Error;
use crate::warehouse::arrow::array::{AsArray as _, BooleanArray};
use crate::warehouse::arrow::datatypes::Decimal128Type;
use crate::warehouse::engine::{Params, Session};
use crate::warehouse::rows::whole_column;
use crate::warehouse::vocabulary::key_column;

/// One row: the key of its id, the digest of the row.
type Row = (i128, i64);

/// Runs `int_cases__settlement_id` and registers `repeated_id` (`setl_key`, `is_conflicting`), a row an id
/// that stands more than once. Gives [`elsewhere::short`] of the key of every id, once each, ascending.
/// `settlements`: rows to make room for.
///
/// # Errors
/// If the model cannot run.
pub(super) async fn read(
    session: &Session,
    params: &Params,
    settlements: usize,
) -> Result<Vec<u64>, Error> {
    let mut rows: Vec<Row> = Vec::with_capacity(settlements);
    session
        .stream::<Error>("int_cases__settlement_id", params, |batch| {
            let keys = batch.column(0).as_primitive::<Decimal128Type>();
            let digests = whole_column(batch, "row_digest")?;
            let both = keys.iter().zip(digests);
            rows.extend(
                both.filter_map(|(key, digest)| key.map(|key| (key, digest.unwrap_or_default()))),
            );
            Ok(())
        })
        .await?;
    rows.sort_unstable_by_key(|(key, digest)| (elsewhere::short(*key), *key, *digest));
    register(session, &rows)?;
    let mut ids: Vec<u64> = rows.iter().map(|(key, _)| elsewhere::short(*key)).collect();
    ids.dedup();
    Ok(ids)
}

fn register(session: &Session, sorted: &[Row]) -> Result<(), Error> {
    let same = sorted.chunk_by(|one, two| one.0 == two.0);
    let repeated: Vec<&[Row]> = same.filter(|rows| rows.len() > 1).collect();
    let keys = repeated.iter().map(|rows| Some(rows[0].0));
    // Rows of an id are in the order of their digests.
    let conflicts = repeated.iter().map(|rows| Some(rows[0].1 != rows[rows.len() - 1].1));
    session.register_columns(
        "repeated_id",
        vec![
            ("setl_key", key_column(keys)),
            ("is_conflicting", Arc::new(conflicts.collect::<BooleanArray>())),
        ],
    )
}
