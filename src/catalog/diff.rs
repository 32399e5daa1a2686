//! What changed from one catalog to another, largest money first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::crosswalk::Crosswalk;
use super::error::Error;
use super::model::{Catalog, Group};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, Ratio, exact, fraction, ratio, to_decimal};

/// What a crosswalk calls cases without a group.
const UNGROUPED: &str = "ungrouped";

/// What happened to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only in the second catalog, and its cases come from no group of the first.
    Added,
    /// Only in the first, and its cases are in no group of the second.
    Dropped,
    /// Its cases went to several groups, or it took a part of another one's. Known from a crosswalk only.
    Split,
    /// Its cases went into another group, or several went into it. Known from a crosswalk only.
    Merged,
    /// Other points, or another price.
    Repriced,
    /// Points and price stand; counts and means may differ.
    Same,
}

impl Change {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Dropped => "dropped",
            Self::Split => "split",
            Self::Merged => "merged",
            Self::Repriced => "repriced",
            Self::Same => "same",
        }
    }
}

/// One group in either catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffRow {
    /// Its code.
    pub group_code: String,
    /// What happened to it.
    pub change: Change,
    /// Groups its cases went to or came from, other than itself, with the share of its cases in percent.
    pub with: Vec<(String, u64)>,
    /// As it was; `None` when added.
    pub before: Option<Group>,
    /// As it is; `None` when dropped.
    pub after: Option<Group>,
    /// |change of points| × cases, in points, or |change of price| × cases, in yuan, where there
    /// are no points. Cases are those of the second catalog, of the first for a dropped group; with a
    /// crosswalk each case is compared with what it was worth in its own group before.
    pub weight: Decimal,
    /// The same in yuan: points ÷ scale × base mean of the second catalog, to the fen.
    pub money: Fen,
}

/// Compares two catalogs: every group of either, the largest money first, then by code. Only the same
/// cases in both groupings tell what was split or merged.
///
/// # Errors
/// [`Error::Overflow`] where the change of a group leaves the range of points or money.
pub fn diff(
    before: &Catalog,
    after: &Catalog,
    crosswalk: Option<&Crosswalk>,
) -> Result<Vec<DiffRow>, Error> {
    let mut pairs: BTreeMap<&str, (Option<&Group>, Option<&Group>)> = BTreeMap::new();
    for group in &before.groups {
        pairs.entry(&group.group_code).or_default().0 = Some(group);
    }
    for group in &after.groups {
        pairs.entry(&group.group_code).or_default().1 = Some(group);
    }
    let yuan_per_point = yuan_per_point(after).or_else(|| yuan_per_point(before));
    let mut rows: Vec<DiffRow> = pairs
        .into_iter()
        .map(|(code, (one, two))| {
            let row = row(code, one, two, yuan_per_point.as_ref())?;
            match crosswalk {
                Some(crosswalk) => with_facts(row, crosswalk, yuan_per_point.as_ref()),
                None => Ok(row),
            }
        })
        .collect::<Result<_, Error>>()?;
    rows.sort_by(|one, two| {
        let rank = |row: &DiffRow| (Reverse(row.money), Reverse(row.weight));
        rank(one).cmp(&rank(two)).then_with(|| one.group_code.cmp(&two.group_code))
    });
    Ok(rows)
}

/// Weight, in points or yuan, and money, in yuan, of one group.
fn measured(code: &str, weight: &Ratio, yuan: Ratio) -> Result<(Decimal, Fen), Error> {
    let overflow = || Error::Overflow { what: format!("what group `{code}` moves") };
    let weight = to_decimal(weight, Points::PLACES).ok_or_else(overflow)?;
    Ok((weight, Fen::nearest(&(yuan * ratio(100))).map_err(|_| overflow())?))
}

/// What a crosswalk says of a group: where its cases went or came from, and what that moved.
fn with_facts(
    row: DiffRow,
    crosswalk: &Crosswalk,
    yuan_per_point: Option<&Ratio>,
) -> Result<DiffRow, Error> {
    let mut row = row;
    let code = row.group_code.as_str();
    let real =
        |(other, _): &(String, u64)| !other.is_empty() && other != UNGROUPED && other != code;
    let (targets, sources) = (crosswalk.targets(code), crosswalk.sources(code));
    let went: Vec<(String, u64)> = targets.iter().filter(|to| real(to)).cloned().collect();
    let came: Vec<(String, u64)> = sources.iter().filter(|from| real(from)).cloned().collect();
    // The same cases in another group than this one.
    row.change = match (row.change, went.len(), came.len()) {
        (Change::Dropped, 1, _) => Change::Merged,
        (Change::Dropped, 2.., _) => Change::Split,
        (Change::Added, _, 1) => Change::Split,
        (Change::Added, _, 2..) => Change::Merged,
        (Change::Repriced | Change::Same, 1.., _) => Change::Split,
        (Change::Repriced | Change::Same, 0, 1..) => Change::Merged,
        (change, ..) => change,
    };
    row.with = if row.before.is_some() && !went.is_empty() { went } else { came };
    if let Some(yuan_per_point) = yuan_per_point {
        let moved = crosswalk.moved(code, row.before.is_some());
        let points = ratio(moved) / ratio(Points::PER_POINT);
        let yuan = &points * yuan_per_point;
        (row.weight, row.money) = measured(&row.group_code, &points, yuan)?;
    }
    Ok(row)
}

fn yuan_per_point(catalog: &Catalog) -> Option<Ratio> {
    let scale = exact(catalog.scale?);
    fraction(scale.denom().clone(), scale.numer().clone())
        .map(|inverse| exact(catalog.base_mean) * inverse)
}

fn row(
    code: &str,
    before: Option<&Group>,
    after: Option<&Group>,
    yuan_per_point: Option<&Ratio>,
) -> Result<DiffRow, Error> {
    let points = |group: Option<&Group>| group.and_then(|group| group.points);
    let price = |group: Option<&Group>| group.and_then(|group| group.standard);
    let change = match (before, after) {
        (None, _) => Change::Added,
        (_, None) => Change::Dropped,
        _ if points(before) != points(after) || price(before) != price(after) => Change::Repriced,
        _ => Change::Same,
    };
    let cases = ratio(after.or(before).map_or(0, |group| group.cases));
    let value = |points: Option<Points>| points.unwrap_or_default().to_ratio();
    let yuan = |price: Option<Fen>| price.unwrap_or_default().to_ratio() / ratio(100);
    let distance = |one: Ratio, two: Ratio| if one > two { one - two } else { two - one };
    let has_points = points(before).or(points(after)).is_some();
    let (weight, money) = match yuan_per_point.filter(|_| has_points) {
        Some(yuan_per_point) => {
            let weight = distance(value(points(before)), value(points(after))) * cases;
            let money = &weight * yuan_per_point;
            (weight, money)
        }
        None => {
            let weight = distance(yuan(price(before)), yuan(price(after))) * cases;
            (weight.clone(), weight)
        }
    };
    let (weight, money) = measured(code, &weight, money)?;
    Ok(DiffRow {
        group_code: code.to_owned(),
        change,
        with: Vec::new(),
        before: before.cloned(),
        after: after.cloned(),
        weight,
        money,
    })
}

/// Applies a difference to the groups it was made from: `apply(diff(a, b), a.groups) = b.groups`.
///
/// # Errors
/// [`Error::Apply`] if a group is not as the difference found it.
pub fn apply(rows: &[DiffRow], groups: &[Group]) -> Result<Vec<Group>, Error> {
    let mut known: BTreeMap<&str, &Group> =
        groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
    let wrong = |group: &str, found| Err(Error::Apply { group: group.to_owned(), found });
    let mut result = Vec::with_capacity(rows.len());
    for row in rows {
        match (known.remove(row.group_code.as_str()), &row.before) {
            (found, before) if found == before.as_ref() => result.extend(row.after.clone()),
            (None, _) => return wrong(&row.group_code, "is missing"),
            (Some(_), None) => return wrong(&row.group_code, "is there already"),
            (Some(_), Some(_)) => return wrong(&row.group_code, "is not as it was"),
        }
    }
    if let Some((code, _)) = known.pop_first() {
        return wrong(code, "is not in the difference");
    }
    result.sort_by(|one, two| one.group_code.cmp(&two.group_code));
    Ok(result)
}

/// A difference as table `diff`, in its own order.
#[must_use]
pub fn diff_table(rows: &[DiffRow], places: u32) -> Table {
    let either = |row: &DiffRow, of: fn(&Group) -> &str| {
        let group = row.after.as_ref().or(row.before.as_ref());
        group.map(of).unwrap_or_default().to_owned()
    };
    let side = |of: fn(&DiffRow) -> Option<&Group>| {
        let points = |row| of(row).and_then(|group| group.points);
        let points = rows.iter().map(move |row| points(row).map(|points| i128::from(points.0)));
        let price = rows.iter().map(move |row| of(row).and_then(|group| group.standard));
        let mean = rows.iter().map(move |row| of(row).map(|group| group.mean));
        let cases = rows
            .iter()
            .map(move |row| of(row).map(|group| i64::try_from(group.cases).unwrap_or(i64::MAX)));
        (
            Column::Decimal { places: Points::PLACES, values: points.collect() },
            Column::Decimal {
                places: 2,
                values: price.map(|price| price.map(|fen| i128::from(fen.0))).collect(),
            },
            Column::decimals(places, mean),
            Column::Whole(cases.collect()),
        )
    };
    let (points, price, mean, cases) = side(|row| row.before.as_ref());
    let (points_after, price_after, mean_after, cases_after) = side(|row| row.after.as_ref());
    Table::new("diff")
        .with("group_code", Column::text(rows.iter().map(|row| row.group_code.as_str())))
        .with(
            "group_name",
            Column::text(rows.iter().map(|row| either(row, |group| &group.group_name))),
        )
        .with("change", Column::text(rows.iter().map(|row| row.change.as_str())))
        .with(
            "with",
            Column::text(rows.iter().map(|row| {
                let parts = row.with.iter().map(|(code, percent)| format!("{code} {percent}%"));
                parts.collect::<Vec<_>>().join("; ")
            })),
        )
        .with("points_before", points)
        .with("points_after", points_after)
        .with("standard_before_yuan", price)
        .with("standard_after_yuan", price_after)
        .with("mean_before", mean)
        .with("mean_after", mean_after)
        .with("cases_before", cases)
        .with("cases_after", cases_after)
        .with("money_yuan", Column::yuan(rows.iter().map(|row| row.money.0)))
}
