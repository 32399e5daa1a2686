//! Which cases of which group went where: what makes split and merged a fact and not a guess.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::error::Error;
use super::life::CROSSWALK;
use super::model::Catalog;
use super::tables::{self, Shape};
use crate::table::{Column, Table};
use crate::units::Points;

/// A group counts as where another one's cases went, or came from, from this share of its cases on.
const SHARE_PERCENT: u64 = 5;

/// One cell of a crosswalk.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flow {
    from: String,
    to: String,
    cases: u64,
    /// Points of one case before and after, in millionths.
    points: (Option<i64>, Option<i64>),
}

/// A table `crosswalk` that belongs to two catalogs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crosswalk(Vec<Flow>);

impl Crosswalk {
    /// Reads the table; every group in it must be that of the catalogs, with their points.
    ///
    /// # Errors
    /// [`Error::OtherCrosswalk`].
    pub fn of(table: &Table, before: &Catalog, after: &Catalog) -> Result<Self, Error> {
        let text = |column: &str, row| table.cell(column, row).unwrap_or_default();
        let points = |column: &str, row: usize| match table.column(column) {
            Some(Column::Decimal { places: Points::PLACES, values }) => {
                values[row].and_then(|points| i64::try_from(points).ok())
            }
            _ => None,
        };
        let mut flows = Vec::with_capacity(table.rows());
        for row in 0..table.rows() {
            let (from, to) = (text("group_before", row), text("group_after", row));
            let sides = (points("points_before", row), points("points_after", row));
            for (catalog, code, points) in [(before, &from, sides.0), (after, &to, sides.1)] {
                let group = catalog.groups.iter().find(|group| group.group_code == *code);
                let known = group.and_then(|group| group.points).map(|points| points.0);
                if known != points {
                    return Err(Error::OtherCrosswalk { group: code.clone() });
                }
            }
            let cases = text("cases", row).parse().unwrap_or(0);
            flows.push(Flow { from, to, cases, points: sides });
        }
        Ok(Self(flows))
    }

    /// The crosswalk that the trial of the second catalog left, if it was against the first.
    #[must_use]
    pub fn kept(before: &Catalog, after: &Catalog) -> Option<Self> {
        Self::of(after.table(CROSSWALK)?, before, after).ok()
    }

    /// Groups of the second catalog that a group of the first went to, with their share of its cases in
    /// percent, the largest first.
    pub(super) fn targets(&self, code: &str) -> Vec<(String, u64)> {
        shares(self.0.iter().filter(|flow| flow.from == code).map(|flow| (&flow.to, flow.cases)))
    }

    /// Groups of the first catalog that the cases of a group of the second came from.
    pub(super) fn sources(&self, code: &str) -> Vec<(String, u64)> {
        shares(self.0.iter().filter(|flow| flow.to == code).map(|flow| (&flow.from, flow.cases)))
    }

    /// Σ |points after − points before| × cases of the cases of a group, in millionths; a case that has no
    /// points on one side counts in full.
    pub(super) fn moved(&self, code: &str, is_before: bool) -> i128 {
        let own =
            self.0.iter().filter(|flow| *(if is_before { &flow.from } else { &flow.to }) == code);
        own.map(|flow| {
            let side = |points: Option<i64>| i128::from(points.unwrap_or(0));
            let change = side(flow.points.1).saturating_sub(side(flow.points.0));
            change.unsigned_abs().cast_signed().saturating_mul(i128::from(flow.cases))
        })
        .fold(0, i128::saturating_add)
    }
}

fn shares<'a>(flows: impl Iterator<Item = (&'a String, u64)>) -> Vec<(String, u64)> {
    let mut cases: BTreeMap<&String, u64> = BTreeMap::new();
    for (code, count) in flows {
        let known = cases.entry(code).or_default();
        *known = known.saturating_add(count);
    }
    let all: u64 = cases.values().fold(0, |sum, cases| sum.saturating_add(*cases));
    let percent = |cases: u64| cases.saturating_mul(100).checked_div(all).unwrap_or(0);
    let mut shares: Vec<(String, u64)> = cases
        .into_iter()
        .map(|(code, cases)| (code.clone(), percent(cases)))
        .filter(|(_, percent)| *percent >= SHARE_PERCENT)
        .collect();
    shares.sort_by(|one, two| two.1.cmp(&one.1).then(one.0.cmp(&two.0)));
    shares
}

/// Columns and types of table `crosswalk`.
fn shape() -> Shape {
    let columns =
        ["group_before", "group_after", "cases", "cost_yuan", "points_before", "points_after"];
    let types = ["text", "text", "whole", "decimal(2)", "decimal(6)", "decimal(6)"];
    Shape { columns: columns.map(str::to_owned).to_vec(), types: types.map(str::to_owned).to_vec() }
}

/// Writes a crosswalk as a CSV file of its own, which [`read_crosswalk`] reads.
///
/// # Errors
/// [`Error::Io`].
pub fn write_crosswalk(table: &Table, path: &Path) -> Result<(), Error> {
    let (_, bytes) = tables::write(table)?;
    let failed = |source| Error::Io { step: "write", path: path.to_owned(), source };
    fs::write(path, bytes).map_err(failed)
}

/// Reads what [`write_crosswalk`] wrote.
///
/// # Errors
/// [`Error::Io`], and an error with line, column and value for anything else.
pub fn read_crosswalk(path: &Path) -> Result<Table, Error> {
    let failed = |source| Error::Io { step: "read", path: path.to_owned(), source };
    tables::read(CROSSWALK, &shape(), &fs::read(path).map_err(failed)?)
}
