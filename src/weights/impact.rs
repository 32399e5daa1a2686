//! What another catalog would move for every institution, with the money of a year held constant (E19),
//! and which cases go from which group to which (E34).

use std::collections::{BTreeMap, HashMap};

use num_traits::{ToPrimitive as _, Zero as _};
use rust_decimal::Decimal;

use super::Error;
use crate::catalog::model::{Catalog, Group};
use crate::policy::model::{Unit, UnitKind};
use crate::settlement::cases::{Cases, UNGROUPED, flag};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, Ratio, allocate, exact, ratio, round_half_away, to_decimal};

/// Decimal places of a rate in percent.
const PLACES: u32 = 4;

/// The cases of a year in the groups of one catalog.
#[derive(Debug, Clone, Copy)]
pub struct Grouped<'a> {
    /// The cases.
    pub cases: &'a Cases,
    /// The catalog.
    pub catalog: &'a Catalog,
    /// Points of an ungrouped case: this factor × fee ÷ base mean × scale (A41).
    pub ungrouped_factor: Decimal,
    /// Units that stand in the place of a group and are paid by fee, day or case (J03, H14, 1.4).
    pub units: &'a [Unit],
}

/// One institution's part.
#[derive(Default, Clone)]
struct Part {
    cases: u64,
    cost_fen: i128,
    booked_fen: i128,
    points: Ratio,
}

impl<'a> Grouped<'a> {
    /// Points of each group of the cases, or its price in yuan in a system without points; `None` for a
    /// group that is paid like none (A41, R37).
    fn prices(&self) -> Vec<Option<Ratio>> {
        let known: HashMap<&str, &Group> =
            self.catalog.groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
        let price = |code: &String| {
            let group = known.get(code.as_str())?;
            let price = match (group.points, group.standard) {
                (Some(points), _) => points.to_ratio(),
                (None, Some(price)) => price.to_ratio() / ratio(100),
                (None, None) => exact(group.mean),
            };
            (group.standard.is_some() || !group.mean.is_zero()).then_some(price)
        };
        self.cases.groups.iter().map(price).collect()
    }

    /// Points of one yuan of a case of no group, `factor` ÷ base mean × scale; the yuan itself in a
    /// system without points.
    fn per_yuan(&self, factor: &Ratio) -> Ratio {
        match self.catalog.scale {
            Some(scale) if !self.catalog.base_mean.is_zero() => {
                factor / exact(self.catalog.base_mean) * exact(scale)
            }
            _ => ratio(1),
        }
    }

    /// The unit in the place of each group of the cases.
    fn units(&self) -> Vec<Option<&'a Unit>> {
        let unit = |code: &String| self.units.iter().find(|unit| unit.code == *code);
        self.cases.groups.iter().map(unit).collect()
    }

    /// Fen that a case of a unit is worth (1.4).
    fn worth(&self, unit: &Unit, at: usize) -> i128 {
        match unit.kind {
            UnitKind::Item => i128::from(self.cases.fee_fen[at]),
            UnitKind::Quota { standard } => i128::from(standard.0),
            UnitKind::BedDays { standard } => {
                let days = self.cases.unit_days.get(at).copied().unwrap_or_default();
                i128::from(standard.0).saturating_mul(i128::from(days))
            }
        }
    }

    /// By institution; patients who pay themselves are never settled (E32).
    fn parts(self) -> BTreeMap<&'a str, Part> {
        let (cases, prices, units) = (self.cases, self.prices(), self.units());
        // Cases of every group and fees of the ungrouped: whole numbers, so that the order is nothing.
        let width = prices.len();
        let mut counts = vec![0u64; cases.institutions.len().saturating_mul(width)];
        let mut loose = vec![0i128; cases.institutions.len()];
        let mut by_unit = vec![0i128; cases.institutions.len()];
        let mut parts = vec![Part::default(); cases.institutions.len()];
        for at in 0..cases.len() {
            if cases.flags[at] & flag::SELF_PAYING != 0 {
                continue;
            }
            let institution = cases.institution[at] as usize;
            let part = &mut parts[institution];
            part.cases = part.cases.saturating_add(1);
            part.cost_fen = part.cost_fen.saturating_add(i128::from(cases.fee_fen[at]));
            part.booked_fen = part.booked_fen.saturating_add(i128::from(cases.fund_fen[at]));
            if cases.fee_fen[at] == 0 {
                // Paid as booked and without points (R11).
                continue;
            }
            let group = cases.group[at] as usize;
            if let Some(unit) = units.get(group).copied().flatten() {
                by_unit[institution] = by_unit[institution].saturating_add(self.worth(unit, at));
            } else if cases.group[at] == UNGROUPED || prices[group].is_none() {
                loose[institution] =
                    loose[institution].saturating_add(i128::from(cases.fee_fen[at]));
            } else {
                let cell = &mut counts[institution.saturating_mul(width).saturating_add(group)];
                *cell = cell.saturating_add(1);
            }
        }
        let (per_yuan, per_unit_yuan) =
            (self.per_yuan(&exact(self.ungrouped_factor)), self.per_yuan(&ratio(1)));
        for (institution, part) in parts.iter_mut().enumerate() {
            let own = counts.iter().skip(institution.saturating_mul(width)).take(width);
            let grouped = own.zip(&prices).filter_map(|(count, price)| {
                (*count > 0).then(|| price.as_ref().map(|price| ratio(*count) * price)).flatten()
            });
            let by_fee = ratio(loose[institution]) * &per_yuan;
            let by_unit = ratio(by_unit[institution]) * &per_unit_yuan;
            part.points = grouped.sum::<Ratio>() + (by_fee + by_unit) / ratio(100);
        }
        let codes = cases.institutions.iter().map(String::as_str);
        codes.zip(parts).filter(|(_, part)| part.cases > 0).collect()
    }
}

/// Table `impact`: one row per institution.
///
/// `cases, cost_yuan, booked_yuan` are those of the year; `points` those of the catalog's groups alone,
/// without coefficients, lines and bonuses; `money_yuan` the part of what was booked for all of them that
/// these points would get. The same under the last catalog stands beside, and `change_yuan` sums to 0.
///
/// # Errors
/// [`Error::Overflow`]; [`Error::NoPoints`] where money was booked and no case has points.
pub fn impact(new: Grouped<'_>, last: Option<Grouped<'_>>) -> Result<Table, Error> {
    let after = new.parts();
    let before = last.map(|last| last.parts());
    let rows: Vec<(&str, &Part)> = after.iter().map(|(code, part)| (*code, part)).collect();
    let codes: Vec<&str> = rows.iter().map(|(code, _)| *code).collect();
    let overflow = || Error::Overflow { what: "the booked money of the trial year".to_owned() };
    let pool: i128 = rows.iter().map(|(_, part)| part.booked_fen).sum();
    let pool = i64::try_from(pool).map(Fen).map_err(|_| overflow())?;
    let units = |points: &Ratio| round_half_away(points, Points::PLACES).to_i128();
    let shares = |points: Vec<Ratio>| -> Result<(Vec<i128>, Vec<Fen>), Error> {
        let weights: Vec<i128> = points
            .iter()
            .map(|points| units(points).ok_or_else(overflow))
            .collect::<Result<_, _>>()?;
        let shares = allocate(pool, &weights, &codes).map_err(|_| Error::NoPoints { pool })?;
        Ok((weights, shares))
    };
    let (points, money) = shares(rows.iter().map(|(_, part)| part.points.clone()).collect())?;
    let (last_points, last_money) = match &before {
        None => (None, None),
        Some(before) => {
            let of =
                |code: &&str| before.get(code).map_or_else(Ratio::zero, |part| part.points.clone());
            let (points, money) = shares(codes.iter().map(of).collect())?;
            (Some(points), Some(money))
        }
    };
    let (mut changes, mut percents) = (Vec::new(), Vec::new());
    for (at, money) in money.iter().enumerate() {
        let last = last_money.as_ref().map(|last| last[at]);
        changes.push(last.map(|last| i128::from(money.0) - i128::from(last.0)));
        let base = last.filter(|last| last.0 != 0);
        percents.push(base.and_then(|last| {
            let change = (money.to_ratio() - last.to_ratio()) / last.to_ratio();
            to_decimal(&(change * ratio(100)), PLACES)
        }));
    }
    let fen = |of: fn(&Part) -> i128| Column::Decimal {
        places: 2,
        values: rows.iter().map(|(_, part)| Some(of(part))).collect(),
    };
    let millionths = |points: Option<&Vec<i128>>| Column::Decimal {
        places: Points::PLACES,
        values: (0..rows.len()).map(|at| points.map(|points| points[at])).collect(),
    };
    let yuan = |money: Option<&Vec<Fen>>| Column::Decimal {
        places: 2,
        values: (0..rows.len()).map(|at| money.map(|money| i128::from(money[at].0))).collect(),
    };
    Ok(Table::new("impact")
        .with("fixmedins_code", Column::text(codes.iter().copied()))
        .with("cases", Column::counts(rows.iter().map(|(_, part)| part.cases)))
        .with("cost_yuan", fen(|part| part.cost_fen))
        .with("booked_yuan", fen(|part| part.booked_fen))
        .with("last_points", millionths(last_points.as_ref()))
        .with("points", millionths(Some(&points)))
        .with("last_money_yuan", yuan(last_money.as_ref()))
        .with("money_yuan", yuan(Some(&money)))
        .with("change_yuan", Column::Decimal { places: 2, values: changes })
        .with("change_percent", Column::decimals(PLACES, percents)))
}

/// Table `crosswalk`: how many cases of which cost are in which group of the catalog before and of the one
/// after. An empty group: no such case there; [`crate::settlement::outcome::UNGROUPED_CODE`]: without a
/// group. Cases are known by their first settlement.
///
/// # Errors
/// [`Error::Columns`] where the cases were built without ids.
pub fn crosswalk(before: Grouped<'_>, after: Grouped<'_>) -> Result<Table, Error> {
    for one in [&before, &after] {
        if one.cases.case_id.len() != one.cases.len() {
            return Err(Error::Columns { fact: "the cases have no ids".to_owned() });
        }
    }
    let ids = after.cases.case_id.texts().enumerate();
    let mut open: HashMap<&str, usize> = ids.map(|(at, id)| (id, at)).collect();
    type Pair<'a> = (Option<&'a str>, Option<&'a str>);
    let mut cells: BTreeMap<Pair<'_>, (u64, i128)> = BTreeMap::new();
    let mut add = |key, fee: i64| {
        let cell = cells.entry(key).or_default();
        *cell = (cell.0.saturating_add(1), cell.1.saturating_add(i128::from(fee)));
    };
    for (at, id) in before.cases.case_id.texts().enumerate() {
        let to = open.remove(id).map(|to| group_of(after.cases, to));
        add((Some(group_of(before.cases, at)), to), before.cases.fee_fen[at]);
    }
    for at in open.into_values() {
        add((None, Some(group_of(after.cases, at))), after.cases.fee_fen[at]);
    }
    let (from, to): (Vec<Option<&str>>, Vec<Option<&str>>) = cells.keys().copied().unzip();
    let text =
        |codes: &[Option<&str>]| Column::texts(codes.iter().map(|code| code.map(str::to_owned)));
    let (points_before, points_after) =
        (points_of(before.catalog, &from), points_of(after.catalog, &to));
    let cost = cells.values().map(|cell| Some(cell.1)).collect();
    Ok(Table::new("crosswalk")
        .with("group_before", text(&from))
        .with("group_after", text(&to))
        .with("cases", Column::counts(cells.values().map(|cell| cell.0)))
        .with("cost_yuan", Column::Decimal { places: 2, values: cost })
        .with("points_before", points_before)
        .with("points_after", points_after))
}

/// Points of these groups; missing where the catalog has no such group or no points.
fn points_of(catalog: &Catalog, codes: &[Option<&str>]) -> Column {
    let groups = catalog.groups.iter();
    let known: HashMap<&str, Option<Points>> =
        groups.map(|group| (group.group_code.as_str(), group.points)).collect();
    let points = |code: &Option<&str>| known.get((*code)?).copied().flatten();
    let values = codes.iter().map(|code| points(code).map(|points| i128::from(points.0)));
    Column::Decimal { places: Points::PLACES, values: values.collect() }
}

fn group_of(cases: &Cases, at: usize) -> &str {
    let group = cases.groups.get(cases.group[at] as usize);
    group.map_or(crate::settlement::outcome::UNGROUPED_CODE, String::as_str)
}
