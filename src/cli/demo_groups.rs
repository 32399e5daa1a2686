//! What a catalog holds, in a few tables: the end of a demo whose system is not settled yet.

use std::collections::BTreeMap;
use std::path::Path;

use super::common::Common;
use super::{Error, Outcome, card, catalog, output};
use crate::catalog::model::{Catalog, Group};
use crate::table::{Column, Table};
use crate::units::{fraction, to_decimal};
use crate::weights::CardRequest;

/// Bootstrap rounds of the card.
const ROUNDS: u32 = 200;
/// Groups shown by name.
const SHOWN: usize = 10;

/// Kinds of groups, coverage, the dearest groups, the card of the weightiest one, verification.
pub(super) fn show(common: &Common, built: &Catalog, book: &Path) -> Result<Outcome, Error> {
    for table in [kinds(built), coverage(built), dearest(built)] {
        output::print(&table, false)?;
        output::gap(false)?;
    }
    if let Some(group) = built.groups.iter().max_by_key(|group| built.given(group)) {
        let asked = CardRequest {
            group: &group.group_code,
            rounds: ROUNDS,
            seed: 1,
            last: None,
            set: None,
        };
        for table in card::compute(book, asked, common)?.tables() {
            output::print(table, false)?;
            output::gap(false)?;
        }
    }
    catalog::verify(book, false)
}

/// One row a kind of group: groups, cases, and their share of all cases that have a group.
fn kinds(built: &Catalog) -> Table {
    let mut kinds: BTreeMap<&str, (i64, u64)> = BTreeMap::new();
    for group in &built.groups {
        let sums = kinds.entry(&group.kind).or_default();
        *sums = (sums.0 + 1, sums.1 + group.cases);
    }
    let all: u64 = kinds.values().map(|sums| sums.1).sum();
    Table::new("kinds")
        .with("kind", Column::text(kinds.keys().map(|kind| (*kind).to_owned())))
        .with("groups", Column::whole(kinds.values().map(|sums| sums.0)))
        .with("cases", Column::counts(kinds.values().map(|sums| sums.1)))
        .with("percent", percents(kinds.values().map(|sums| (sums.1, all))))
}

/// One row a year: all cases, and those that have a group of the catalog.
fn coverage(built: &Catalog) -> Table {
    let cases = |year: u16| {
        let step = built.flow.iter().find(|step| step.year == year && step.step == "cases");
        step.and_then(|step| u64::try_from(step.rows).ok()).unwrap_or(0)
    };
    let rows: Vec<(u16, u64, u64)> = built
        .years
        .iter()
        .enumerate()
        .map(|(at, year)| {
            let grouped = built.groups.iter().map(|group| group.year_cases[at]).sum();
            (*year, grouped, cases(*year))
        })
        .collect();
    Table::new("coverage")
        .with("year", Column::counts(rows.iter().map(|row| row.0)))
        .with("cases", Column::counts(rows.iter().map(|row| row.2)))
        .with("grouped", Column::counts(rows.iter().map(|row| row.1)))
        .with("percent", percents(rows.iter().map(|row| (row.1, row.2))))
}

/// The groups with the largest means.
fn dearest(built: &Catalog) -> Table {
    let mut groups: Vec<&Group> = built.groups.iter().collect();
    groups.sort_by(|a, b| b.mean.cmp(&a.mean).then_with(|| a.group_code.cmp(&b.group_code)));
    groups.truncate(SHOWN);
    let text = |of: fn(&Group) -> String| Column::text(groups.iter().map(|group| of(group)));
    let places = built.places;
    Table::new("dearest")
        .with("group_code", text(|group| group.group_code.clone()))
        .with("group_name", text(|group| group.group_name.clone()))
        .with("kind", text(|group| group.kind.clone()))
        .with("cases", Column::counts(groups.iter().map(|group| group.cases)))
        .with("mean", Column::decimals(places, groups.iter().map(|group| Some(group.mean))))
        .with("cv", Column::decimals(6, groups.iter().map(|group| group.cv)))
}

/// Parts of wholes in percent with two places, half away from zero; nothing of nothing.
fn percents(parts: impl Iterator<Item = (u64, u64)>) -> Column {
    let percent = |(part, whole): (u64, u64)| to_decimal(&fraction(part * 100, whole)?, 2);
    Column::decimals(2, parts.map(percent))
}
