//! The attribution as result tables.

use super::{Cause, Change, View};
use crate::table::{Column, Table};

/// Table `attribution`: one row per pool, institution and cause. `in_chinese`: labels of causes and views.
#[must_use]
pub fn attribution_table(changes: &[Change], in_chinese: bool) -> Table {
    let rows: Vec<(&Change, Cause, i64)> = changes
        .iter()
        .flat_map(|change| {
            Cause::ALL
                .into_iter()
                .zip(change.parts)
                .map(move |(cause, part)| (change, cause, part.0))
        })
        .collect();
    let cause = |cause: Cause| if in_chinese { cause.label_zh() } else { cause.as_str() };
    let view = |view: View| if in_chinese { view.label_zh() } else { view.as_str() };
    Table::new("attribution")
        .with("pool", Column::text(rows.iter().map(|(change, ..)| change.pool.as_str())))
        .with(
            "fixmedins_code",
            Column::text(rows.iter().map(|(change, ..)| change.fixmedins_code.as_str())),
        )
        .with("view", Column::text(rows.iter().map(|(_, of, _)| view(of.view()))))
        .with("cause", Column::text(rows.iter().map(|(_, of, _)| cause(*of))))
        .with("amount_yuan", Column::yuan(rows.iter().map(|(.., amount)| *amount)))
}

/// Table `change`: one row per pool and institution: paid before and now, and the three views (E21).
#[must_use]
pub fn change_table(changes: &[Change]) -> Table {
    let yuan = |of: &dyn Fn(&Change) -> i64| Column::yuan(changes.iter().map(of));
    let mut table = Table::new("change")
        .with("pool", Column::text(changes.iter().map(|change| change.pool.as_str())))
        .with(
            "fixmedins_code",
            Column::text(changes.iter().map(|change| change.fixmedins_code.as_str())),
        )
        .with("paid_before_yuan", yuan(&|change| change.paid[0].0))
        .with("paid_yuan", yuan(&|change| change.paid[1].0))
        .with("change_yuan", yuan(&|change| change.paid[1].0.saturating_sub(change.paid[0].0)));
    for view in View::ALL {
        let name = format!("{}_yuan", view.as_str());
        table = table.with(&name, yuan(&|change| change.of_view(view).0));
    }
    table
}
