//! After the statistics: points are kept near those of the last catalog (`[weights.change_cap]`) and a
//! total of Σ points × cases is held constant (`[weights.hold]`, E34, 6.2).
//!
//! Both work on the computed points as published, so that anyone can follow them from the folder:
//! table `change_cap` has the ends of every group, table `hold` the totals and the factor.
//!
//! ```text
//! points = clip(factor × computed, last × (1 − down), last × (1 + up));  factor: so that Σ = target
//! ```

use std::collections::BTreeMap;

use num_traits::One as _;
use rust_decimal::Decimal;

use super::error::Error;
use super::hold::{self, Item};
use super::model::{Catalog, Group};
use crate::policy::model::{ChangeCap, Hold, Policy};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, Ratio, exact, ratio, to_decimal};

/// Table of the caps and line of the identity that takes them back.
pub(super) const CAP: &str = "change_cap";
/// Table of the held total and line of the identity that takes it back.
pub(super) const HOLD: &str = "hold";
/// Flag of a group at one of its ends.
const FLAG: &str = "capped";
/// Row of table `hold` with the total that was aimed at.
const TARGET: &str = "target";
/// Decimal places of the printed factor.
const FACTOR_PLACES: u32 = 12;

/// Caps and holds the points of a catalog as its policy says; `last` is the catalog before.
///
/// Without `[weights.change_cap]` and `[weights.hold]` nothing changes.
///
/// # Errors
/// [`Error::LastMissing`], [`Error::LastDiffers`], [`Error::HoldOutOfReach`], [`Error::Overflow`]; the catalog is left as it
/// was then.
pub fn adjust(catalog: &mut Catalog, policy: &Policy, last: Option<&Catalog>) -> Result<(), Error> {
    let life = &policy.life;
    let needed = match (&life.change_cap, life.hold) {
        (None, Hold::Nothing) => return Ok(()),
        (Some(_), _) => Some("weights.change_cap"),
        (None, Hold::TotalPoints) => Some("weights.hold"),
        (None, Hold::Scale) => None,
    };
    if let (Some(section), None) = (needed, last) {
        return Err(Error::LastMissing { section });
    }
    if let Some(last) = last {
        fits(catalog, last)?;
    }
    let before = |group: &Group| {
        let known = last?.groups.iter().find(|known| known.group_code == group.group_code);
        known.and_then(|known| known.points)
    };
    let last_points: Vec<Option<Points>> = catalog.groups.iter().map(before).collect();
    let unit = unit(catalog.places);
    let items: Vec<Item> = catalog
        .groups
        .iter()
        .zip(&last_points)
        .map(|(group, last)| {
            let (low, high) = ends(life.change_cap.as_ref(), *last, unit);
            Item { cases: group.cases, computed: millionths(group.computed), low, high }
        })
        .collect();
    let target = match life.hold {
        Hold::Nothing => None,
        Hold::Scale => Some(sum(&items, |at| items[at].computed)),
        Hold::TotalPoints => {
            Some(sum(&items, |at| last_points[at].map_or(items[at].computed, |points| points.0)))
        }
    };
    let Moved { factor, points } = Moved::of(&items, target.as_ref(), unit)?;
    if life.change_cap.is_some() {
        set(catalog, &Moved::of(&items, None, unit)?.points);
        catalog.restate(CAP).ok_or(Error::IdentityLost)?;
    }
    set(catalog, &points);
    if target.is_some() {
        catalog.restate(HOLD).ok_or(Error::IdentityLost)?;
    }
    let sides: Vec<&str> = items.iter().map(|item| side(item, &factor)).collect();
    for (group, side) in catalog.groups.iter_mut().zip(&sides) {
        if !side.is_empty() {
            group.flags.push(FLAG.to_owned());
            group.flags.sort_unstable();
        }
    }
    if life.change_cap.is_some() {
        let table = cap_table(catalog, &last_points, (&items, &sides));
        catalog.tables.push(table);
    }
    if let Some(target) = target {
        catalog.tables.push(hold_table(&items, &factor, (&target, &points)));
    }
    catalog.tables.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(())
}

/// Points are comparable only in one system, at one scale, with equal places.
pub(super) fn fits(catalog: &Catalog, last: &Catalog) -> Result<(), Error> {
    let shown = |catalog: &Catalog| {
        let scale = catalog.scale.map(|scale| scale.normalize().to_string()).unwrap_or_default();
        [catalog.system.clone(), scale, catalog.places.to_string()]
    };
    let names = ["system", "scale", "places"];
    let pairs = names.into_iter().zip(shown(last).into_iter().zip(shown(catalog)));
    match pairs.into_iter().find(|(_, (last, own))| last != own) {
        None => Ok(()),
        Some((what, (last, own))) => Err(Error::LastDiffers { what, last, own }),
    }
}

/// Millionths in one unit of the last published place.
fn unit(places: u32) -> i64 {
    10i64.pow(Points::PLACES.saturating_sub(places))
}

fn millionths(points: Option<Points>) -> i64 {
    points.map_or(0, |points| points.0)
}

fn sum(items: &[Item], points: impl Fn(usize) -> i64) -> Ratio {
    items.iter().enumerate().map(|(at, item)| ratio(points(at)) * ratio(item.cases)).sum()
}

/// Lowest and highest points: whole units, never beyond the share.
fn ends(cap: Option<&ChangeCap>, last: Option<Points>, unit: i64) -> (Option<i64>, Option<i64>) {
    let (Some(cap), Some(last)) = (cap, last) else { return (None, None) };
    let at = |share: Ratio| ratio(last.0) * share / ratio(unit);
    let whole = |units: Ratio| i64::try_from((units * ratio(unit)).to_integer()).ok();
    let one = || exact(Decimal::ONE);
    let low = cap.down.and_then(|down| whole(at(one() - exact(down)).ceil()));
    let high = cap.up.and_then(|up| whole(at(one() + exact(up)).floor()));
    (low, high)
}

/// `up` or `down` for a group that its cap keeps from going on.
fn side(item: &Item, factor: &Ratio) -> &'static str {
    let free = factor * ratio(item.computed);
    match (item.low, item.high) {
        (_, Some(high)) if free > ratio(high) => "up",
        (Some(low), _) if free < ratio(low) => "down",
        _ => "",
    }
}

/// Points after capping and holding.
struct Moved {
    factor: Ratio,
    /// Millionths, one for each item.
    points: Vec<i64>,
}

impl Moved {
    fn of(items: &[Item], target: Option<&Ratio>, unit: i64) -> Result<Self, Error> {
        let factor = match target {
            None => Ratio::one(),
            Some(target) => {
                hold::factor(items, target).ok_or_else(|| out_of_reach(items, target))?
            }
        };
        let overflow = || Error::Overflow { what: "held points".to_owned() };
        let points = hold::publish(items, &factor, unit).ok_or_else(overflow)?;
        Ok(Self { factor, points })
    }
}

/// Which total the caps leave where they do not leave this one: every group at its end.
fn out_of_reach(items: &[Item], target: &Ratio) -> Error {
    let least = sum(items, |at| items[at].low.unwrap_or_default());
    let (reach, end) = if *target < least {
        (least, "least")
    } else {
        (sum(items, |at| items[at].high.unwrap_or(items[at].computed)), "most")
    };
    Error::HoldOutOfReach { target: shown(target), reach: shown(&reach), end }
}

/// Millionths of points as points.
fn shown(total: &Ratio) -> Decimal {
    to_decimal(&(total / ratio(Points::PER_POINT)), Points::PLACES).unwrap_or(Decimal::MAX)
}

fn set(catalog: &mut Catalog, points: &[i64]) {
    for (group, points) in catalog.groups.iter_mut().zip(points) {
        if group.points.is_some() {
            group.points = Some(Points(*points));
        }
    }
}

/// Every group with its ends; `side` tells which the cap holds back, `money_yuan` what that moves:
/// cases × (points − computed points) ÷ scale × base mean.
fn cap_table(
    catalog: &Catalog,
    last: &[Option<Points>],
    (items, sides): (&[Item], &[&str]),
) -> Table {
    let rows: Vec<usize> = (0..items.len()).filter(|at| last[*at].is_some()).collect();
    let group = |at: &usize| &catalog.groups[*at];
    let points = |of: &dyn Fn(usize) -> Option<i64>| Column::Decimal {
        places: Points::PLACES,
        values: rows.iter().map(|at| of(*at).map(i128::from)).collect(),
    };
    let money = |at: &usize| {
        let group = group(at);
        let moved = (group.points, group.computed);
        catalog.money(group, (moved.1.unwrap_or_default(), moved.0.unwrap_or_default()))
    };
    Table::new(CAP)
        .with("group_code", Column::text(rows.iter().map(|at| group(at).group_code.clone())))
        .with("cases", Column::counts(rows.iter().map(|at| items[*at].cases)))
        .with("last_points", points(&|at| last[at].map(|points| points.0)))
        .with("low_points", points(&|at| items[at].low))
        .with("high_points", points(&|at| items[at].high))
        .with("computed_points", points(&|at| Some(items[at].computed)))
        .with("points", points(&|at| catalog.groups[at].points.map(|points| points.0)))
        .with("side", Column::text(rows.iter().map(|at| sides[*at])))
        .with(
            "money_yuan",
            Column::Decimal {
                places: 2,
                values: rows.iter().map(|at| money(at).map(|Fen(fen)| i128::from(fen))).collect(),
            },
        )
}

/// The proof line: target, what the exact and the published points give, and the factor.
fn hold_table(items: &[Item], factor: &Ratio, (target, points): (&Ratio, &[i64])) -> Table {
    let published = sum(items, |at| points[at]);
    let lines = [
        ("computed", sum(items, |at| items[at].computed)),
        ("capped", hold::total(items, &Ratio::one())),
        (TARGET, target.clone()),
        ("held", hold::total(items, factor)),
        ("published", published.clone()),
        ("rounding", target - published),
    ];
    let number = |value: &Ratio| value.to_integer().try_into().ok();
    let factor = to_decimal(factor, FACTOR_PLACES);
    let factors = lines.iter().map(|(line, _)| factor.filter(|_| *line == "held"));
    Table::new(HOLD)
        .with("line", Column::text(lines.iter().map(|(line, _)| *line)))
        .with(
            "points",
            Column::Decimal {
                places: Points::PLACES,
                values: lines.iter().map(|(_, total)| number(total)).collect(),
            },
        )
        .with("factor", Column::decimals(FACTOR_PLACES, factors))
}

/// What is wrong with the points as built (before overrides) given tables `change_cap` and `hold`.
pub(super) fn contradiction(catalog: &Catalog, built: &[Option<Points>]) -> Option<String> {
    let ends = catalog.table(CAP);
    let row_of: BTreeMap<String, usize> = ends
        .map(|table| {
            let code = |row| (table.cell("group_code", row).unwrap_or_default(), row);
            (0..table.rows()).map(code).collect()
        })
        .unwrap_or_default();
    let end = |code: &str, column: &str| match ends?.column(column)? {
        Column::Decimal { values, .. } => i64::try_from(values[*row_of.get(code)?]?).ok(),
        _ => None,
    };
    let item = |group: &Group| Item {
        cases: group.cases,
        computed: millionths(group.computed),
        low: end(&group.group_code, "low_points"),
        high: end(&group.group_code, "high_points"),
    };
    let items: Vec<Item> = catalog.groups.iter().map(item).collect();
    let target = catalog.table(HOLD).and_then(|table| {
        let row = (0..table.rows()).find(|row| table.cell("line", *row).as_deref() == Some(TARGET));
        match table.column("points")? {
            Column::Decimal { values, .. } => values[row?].map(ratio),
            _ => None,
        }
    });
    let moved = match Moved::of(&items, target.as_ref(), unit(catalog.places)) {
        Ok(moved) => moved,
        Err(err) => return Some(err.to_string()),
    };
    let expected = moved.points.iter().map(|points| Points(*points));
    let mut rows = catalog.groups.iter().zip(built).zip(expected);
    let wrong = rows.find(|((_, built), expected)| built.is_some_and(|built| built != *expected));
    wrong.map(|((group, built), expected)| {
        let number = |points: Points| points.to_decimal().normalize();
        format!(
            "`{}` has {} points, computed, capped and held it is {}",
            group.group_code,
            number(built.unwrap_or_default()),
            number(expected)
        )
    })
}
