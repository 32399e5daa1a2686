//! An explained sheet as result tables. The unexplained stands first.

use super::{Cause, Difference, Explained};
use crate::table::{Column, Table};
use crate::units::{Fen, fraction, to_decimal};

/// Places of a share.
const SHARE_PLACES: u32 = 6;

fn label(cause: Cause, in_chinese: bool) -> &'static str {
    if in_chinese { cause.label_zh() } else { cause.as_str() }
}

/// Table `replay`: one row a cause, the unexplained first: how many differences, what they change in sum,
/// what they move without sign, and that as a share of all that the sheet paid.
#[must_use]
pub fn summary_table(explained: &Explained, in_chinese: bool) -> Table {
    let of = |cause: Cause| explained.differences.iter().filter(move |one| one.cause == cause);
    let causes: Vec<Cause> = Cause::ALL
        .into_iter()
        .filter(|cause| *cause == Cause::Unexplained || of(*cause).next().is_some())
        .collect();
    let sum = |cause: Cause, value: fn(&Difference) -> Fen| {
        of(cause).map(value).fold(0i64, |sum, part| sum.saturating_add(part.0))
    };
    let total = |one: &Difference| Fen(one.amount.0.saturating_add(one.others.0));
    let moved: Vec<i64> = causes.iter().map(|cause| sum(*cause, |one| one.moved)).collect();
    let shares = moved.iter().map(|moved| {
        let share = fraction(*moved, explained.paid.0)?;
        to_decimal(&share, SHARE_PLACES)
    });
    Table::new("replay")
        .with("cause", Column::text(causes.iter().map(|cause| label(*cause, in_chinese))))
        .with("differences", Column::counts(causes.iter().map(|cause| of(*cause).count())))
        .with("amount_yuan", Column::yuan(causes.iter().map(|cause| sum(*cause, total))))
        .with("moved_yuan", Column::yuan(moved.iter().copied()))
        .with("share_of_paid", Column::decimals(SHARE_PLACES, shares))
}

/// Table `difference`: one row a difference.
#[must_use]
pub fn difference_table(explained: &Explained, in_chinese: bool) -> Table {
    let rows = &explained.differences;
    let text = |of: fn(&Difference) -> &str| Column::text(rows.iter().map(of));
    let yuan = |of: fn(&Difference) -> Fen| Column::yuan(rows.iter().map(|row| of(row).0));
    Table::new("difference")
        .with("cause", Column::text(rows.iter().map(|row| label(row.cause, in_chinese))))
        .with("pool", text(|row| &row.pool))
        .with("fixmedins_code", text(|row| &row.fixmedins_code))
        .with("key", text(|row| &row.key))
        .with("sheet", text(|row| &row.sheet))
        .with("own", text(|row| &row.own))
        .with("amount_yuan", yuan(|row| row.amount))
        .with("others_yuan", yuan(|row| row.others))
        .with("moved_yuan", yuan(|row| row.moved))
}

/// Table `cleared_institution`: one row per institution and cause that changes it; causes of an
/// institution sum to sheet − own.
#[must_use]
pub fn institution_table(explained: &Explained, in_chinese: bool) -> Table {
    let rows: Vec<_> = explained
        .institutions
        .iter()
        .flat_map(|row| row.effects.iter().map(move |(cause, amount)| (row, *cause, *amount)))
        .collect();
    Table::new("cleared_institution")
        .with("pool", Column::text(rows.iter().map(|(row, ..)| row.pool.as_str())))
        .with(
            "fixmedins_code",
            Column::text(rows.iter().map(|(row, ..)| row.fixmedins_code.as_str())),
        )
        .with("sheet_yuan", Column::yuan(rows.iter().map(|(row, ..)| row.sheet.0)))
        .with("own_yuan", Column::yuan(rows.iter().map(|(row, ..)| row.own.0)))
        .with("cause", Column::text(rows.iter().map(|(_, cause, _)| label(*cause, in_chinese))))
        .with("amount_yuan", Column::yuan(rows.iter().map(|(.., amount)| amount.0)))
}
