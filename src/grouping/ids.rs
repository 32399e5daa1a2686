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

/// One row: the low 64 bits of the key of its id, the key, the digest of the row.
type Row = (u64, i128, i64);

/// Runs `int_cases__settlement_id` and registers `repeated_id` (`setl_key`, `is_conflicting`), a row an id
/// that stands more than once. Gives [`elsewhere::short`] of the key of every id, once each, ascending.
///
/// # Errors
/// If the model cannot run.
pub(super) async fn read(session: &Session, params: &Params) -> Result<Vec<u64>, Error> {
    let mut rows: Vec<Row> = Vec::new();
    session
        .stream::<Error>("int_cases__settlement_id", params, |batch| {
            let keys = batch.column(0).as_primitive::<Decimal128Type>();
            let digests = whole_column(batch, "row_digest")?;
            let both = keys.iter().zip(digests);
            rows.extend(both.filter_map(|(key, digest)| {
                key.map(|key| (elsewhere::short(key), key, digest.unwrap_or_default()))
            }));
            Ok(())
        })
        .await?;
    rows.sort_unstable();
    register(session, &rows)?;
    let mut ids: Vec<u64> = rows.into_iter().map(|(short, ..)| short).collect();
    ids.dedup();
    Ok(ids)
}

fn register(session: &Session, sorted: &[Row]) -> Result<(), Error> {
    let same = sorted.chunk_by(|one, two| one.1 == two.1);
    let repeated: Vec<&[Row]> = same.filter(|rows| rows.len() > 1).collect();
    let keys = repeated.iter().map(|rows| Some(rows[0].1));
    // Rows of an id are in the order of their digests.
    let conflicts = repeated.iter().map(|rows| Some(rows[0].2 != rows[rows.len() - 1].2));
    session.register_columns(
        "repeated_id",
        vec![
            ("setl_key", key_column(keys)),
            ("is_conflicting", Arc::new(conflicts.collect::<BooleanArray>())),
        ],
    )
}
