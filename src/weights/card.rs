//! The weight card of a group: who set this price, from which cases, and how firm it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::bootstrap::{Interval, Sample, Unit, interval};
use super::centre::Measures;
use super::sums::Total;
use super::{Basis, Error, prepared};
use crate::catalog::Override;
use crate::catalog::model::{Catalog, Group};
use crate::explain;
use crate::period::Years;
use crate::policy::model::{BlendLevel, Centre, Policy};
use crate::settlement::cases::Cases;
use crate::table::{Column, Table};
use crate::units::{Points, Ratio, exact, ratio, to_decimal};

/// Decimal places of means, prices and percentages on the card.
const PLACES: u32 = 4;
/// Groups shown on either side of the group's own points.
const NEIGHBOURS: usize = 3;
/// Shares of the ascending fees, in percent, nearest rank.
const QUANTILES: [(&str, usize); 5] =
    [("p05_yuan", 5), ("p25_yuan", 25), ("p50_yuan", 50), ("p75_yuan", 75), ("p95_yuan", 95)];

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct CardRequest<'a> {
    /// The group.
    pub group: &'a str,
    /// Bootstrap rounds.
    pub rounds: u32,
    /// Seed of the rounds.
    pub seed: u64,
    /// The catalog before, if there is one; of the same system and scale.
    pub last: Option<&'a Catalog>,
    /// The override in force for this group, if there is one.
    pub set: Option<&'a Override>,
}

/// The card, table by table.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// `field, value`: the row of the catalog, the computed points beside an expert's, the price of the
    /// catalog before. A price is points, or the mean in yuan where the system has none.
    pub summary: Table,
    /// One row a year, before and after trimming: `year, cases_are` (`all` or `kept`)`, weight,
    /// cases, mean_yuan, min_yuan, p05_yuan … p95_yuan, max_yuan`.
    pub years: Table,
    /// One row a hospital with cases: `fixmedins_code, cases, share_percent, kept_cases, mean_yuan,
    /// price_without` (the group's price if this hospital had none of its cases, M and the trim
    /// bounds held)`, change_percent`.
    pub institutions: Table,
    /// One row a unit drawn: `drawn, units, rounds, low, high, width_percent` of the computed price.
    pub intervals: Table,
    /// The groups next in price: `group_code, group_name, cases, price`.
    pub neighbours: Table,
}

impl Card {
    /// All tables in the order they are read.
    #[must_use]
    pub fn tables(&self) -> [&Table; 5] {
        [&self.summary, &self.years, &self.institutions, &self.intervals, &self.neighbours]
    }
}

/// The group's own cases.
struct Own<'a> {
    basis: &'a Basis<'a>,
    /// Fees of all cases, of every year, ascending.
    all: Vec<Vec<i64>>,
    /// Fees of the kept cases, of every year, ascending.
    kept: Vec<Vec<i64>>,
    /// Institution → totals of all and of kept cases of every year.
    institutions: BTreeMap<u32, [Vec<Total>; 2]>,
}

/// Computes the card of one group of `catalog` from the cases it was built from.
///
/// # Errors
/// Those of [`super::build`], [`Error::NoGroup`] for a group the catalog does not have, and
/// [`Error::OtherClaims`] where these cases do not give its cases, its mean or the base mean.
pub fn card(
    cases: &Cases,
    policy: &Policy,
    years: &Years,
    catalog: &Catalog,
    request: CardRequest<'_>,
) -> Result<Card, Error> {
    prepared(cases, policy, years, |plan, centres| {
        let basis = Basis::new(plan, centres, &BTreeMap::new())?;
        card_of(&basis, catalog, request)
    })
}

fn card_of(basis: &Basis<'_>, catalog: &Catalog, request: CardRequest<'_>) -> Result<Card, Error> {
    let codes = catalog.groups.iter().map(|group| group.group_code.as_str());
    let unknown = || Error::NoGroup {
        group_code: request.group.to_owned(),
        nearest: explain::nearest(request.group, codes).map(str::to_owned),
    };
    let group = catalog.groups.iter().find(|group| group.group_code == request.group);
    let group = group.ok_or_else(unknown)?;
    if !basis.gives(catalog, group)? {
        return Err(Error::OtherClaims { group_code: request.group.to_owned() });
    }
    let own = Own::of(basis, request.group);
    Ok(Card {
        summary: summary(catalog, group, request),
        years: own.year_table(),
        institutions: own.institution_table(),
        intervals: own.interval_table((request.rounds, request.seed)),
        neighbours: neighbours(catalog, group),
    })
}

impl<'a> Own<'a> {
    fn of(basis: &'a Basis<'a>, code: &str) -> Self {
        let (window, kept) = (basis.centres.scan.window, basis.centres.kept);
        let years = basis.plan.years;
        let mut own = Self {
            basis,
            all: vec![Vec::new(); years.len()],
            kept: vec![Vec::new(); years.len()],
            institutions: BTreeMap::new(),
        };
        let cases = window.cases;
        let Ok(group) = cases.groups.binary_search_by(|known| known.as_str().cmp(code)) else {
            return own;
        };
        for at in 0..cases.len() {
            if cases.group[at] as usize != group {
                continue;
            }
            let Some(year) = years.iter().position(|year| *year == cases.year[at]) else {
                continue;
            };
            let fee = cases.fee_fen[at];
            let cell = basis.centres.scan.cells(group).start.saturating_add(year);
            let totals = own.institutions.entry(cases.institution[at]).or_insert_with(|| {
                [vec![Total::default(); years.len()], vec![Total::default(); years.len()]]
            });
            let one = Total { cases: 1, fen: i128::from(fee) };
            totals[0][year] = Total::of([totals[0][year], one]);
            own.all[year].push(fee);
            if let Some(fee) = kept.counts(cell, fee) {
                let one = Total { cases: 1, fen: i128::from(fee) };
                totals[1][year] = Total::of([totals[1][year], one]);
                own.kept[year].push(fee);
            }
        }
        own.all.iter_mut().chain(&mut own.kept).for_each(|fees| fees.sort_unstable());
        own
    }

    /// `None` where the group would leave (A03), or where the centre is no mean of a sum (A40).
    fn price(&self, kept: &[Total]) -> Option<Ratio> {
        if self.basis.plan.policy.weights.centre != Centre::Arithmetic {
            return None;
        }
        self.basis.price(&Measures::of_totals(kept))
    }

    fn kept_totals(&self) -> Vec<Total> {
        self.kept.iter().map(|fees| Total::of_fees(fees)).collect()
    }

    fn year_table(&self) -> Table {
        let plan = self.basis.plan;
        let mut rows: Vec<(u16, &str, Option<Ratio>, &[i64])> = Vec::new();
        for (at, year) in plan.years.iter().enumerate() {
            let pooled = plan.blend.level == BlendLevel::Pooled;
            let weight = plan.blend.weights.get(at).filter(|_| !pooled).cloned();
            rows.push((*year, "all", weight.clone(), &self.all[at]));
            rows.push((*year, "kept", weight, &self.kept[at]));
        }
        let yuan = |of: &dyn Fn(&[i64]) -> Option<i64>| Column::Decimal {
            places: 2,
            values: rows.iter().map(|row| of(row.3).map(i128::from)).collect(),
        };
        let mean = |fees: &[i64]| {
            Total::of_fees(fees).mean().and_then(|mean| to_decimal(&(mean / ratio(100)), PLACES))
        };
        let mut table = Table::new("card_year")
            .with("year", Column::whole(rows.iter().map(|row| i64::from(row.0))))
            .with("cases_are", Column::text(rows.iter().map(|row| row.1)))
            .with(
                "weight",
                Column::decimals(
                    PLACES,
                    rows.iter()
                        .map(|row| row.2.as_ref().and_then(|share| to_decimal(share, PLACES))),
                ),
            )
            .with("cases", Column::counts(rows.iter().map(|row| row.3.len())))
            .with("mean_yuan", Column::decimals(PLACES, rows.iter().map(|row| mean(row.3))))
            .with("min_yuan", yuan(&|fees| fees.first().copied()));
        for (name, percent) in QUANTILES {
            table = table.with(name, yuan(&|fees| nearest_rank(fees, percent)));
        }
        table.with("max_yuan", yuan(&|fees| fees.last().copied()))
    }

    fn institution_table(&self) -> Table {
        let codes = &self.basis.centres.scan.window.cases.institutions;
        let (mut rows, whole) = (Vec::new(), self.kept_totals());
        let price = self.price(&whole);
        let cases: u64 = self.all.iter().map(|fees| fees.len() as u64).sum();
        for (institution, [all, kept]) in &self.institutions {
            let rest: Vec<Total> = whole
                .iter()
                .zip(kept)
                .map(|(whole, own)| Total {
                    cases: whole.cases.saturating_sub(own.cases),
                    fen: whole.fen.saturating_sub(own.fen),
                })
                .collect();
            let without = self.price(&rest);
            let change = match (&without, &price) {
                (Some(without), Some(price)) if *price != ratio(0) => {
                    Some((without - price) / price * ratio(100))
                }
                _ => None,
            };
            let (all, kept) = (Total::of(all.iter().copied()), Total::of(kept.iter().copied()));
            rows.push((&codes[*institution as usize], all, kept, without, change));
        }
        // Who weighs most stands first.
        rows.sort_by(|one, two| two.1.cases.cmp(&one.1.cases).then(one.0.cmp(two.0)));
        let share = |total: &Total| {
            crate::units::fraction(total.cases, cases).map(|share| share * ratio(100))
        };
        let shown = |value: Option<Ratio>| value.and_then(|value| to_decimal(&value, PLACES));
        Table::new("card_institution")
            .with("fixmedins_code", Column::text(rows.iter().map(|row| row.0.as_str())))
            .with("cases", Column::counts(rows.iter().map(|row| row.1.cases)))
            .with(
                "share_percent",
                Column::decimals(PLACES, rows.iter().map(|row| shown(share(&row.1)))),
            )
            .with("kept_cases", Column::counts(rows.iter().map(|row| row.2.cases)))
            .with(
                "mean_yuan",
                Column::decimals(
                    PLACES,
                    rows.iter().map(|row| shown(row.2.mean().map(|mean| mean / ratio(100)))),
                ),
            )
            .with(
                "price_without",
                Column::decimals(PLACES, rows.iter().map(|row| shown(row.3.clone()))),
            )
            .with(
                "change_percent",
                Column::decimals(PLACES, rows.iter().map(|row| shown(row.4.clone()))),
            )
    }

    fn interval_table(&self, (rounds, seed): (u32, u64)) -> Table {
        let kept: Vec<Vec<Total>> =
            self.institutions.values().map(|[_, kept]| kept.clone()).collect();
        let has_cases = |years: &Vec<Total>| years.iter().any(|year| year.cases > 0);
        let sample = Sample {
            fees: self.kept.iter().map(|fees| Cow::Borrowed(fees.as_slice())).collect(),
            hospitals: kept.into_iter().filter(has_cases).collect(),
        };
        let drawn = [("case", Unit::Case), ("hospital", Unit::Hospital)];
        let found: Vec<Option<Interval<Ratio>>> = drawn
            .iter()
            .map(|(_, unit)| interval(&sample, *unit, (rounds, seed), |totals| self.price(totals)))
            .collect();
        let price = self.price(&self.kept_totals());
        let end = |of: fn(&Interval<Ratio>) -> &Ratio| {
            let ends = found.iter().map(|found| to_decimal(of(found.as_ref()?), PLACES));
            Column::decimals(PLACES, ends)
        };
        let width = |found: &Option<Interval<Ratio>>| {
            let (found, price) = (found.as_ref()?, price.as_ref().filter(|p| **p != ratio(0))?);
            to_decimal(&((&found.high - &found.low) / price * ratio(100)), PLACES)
        };
        Table::new("card_interval")
            .with("drawn", Column::text(drawn.iter().map(|(name, _)| *name)))
            .with(
                "units",
                Column::counts(found.iter().map(|found| found.as_ref().map_or(0, |f| f.units))),
            )
            .with(
                "rounds",
                Column::counts(found.iter().map(|found| found.as_ref().map_or(0, |f| f.rounds))),
            )
            .with("low", end(|found| &found.low))
            .with("high", end(|found| &found.high))
            .with("width_percent", Column::decimals(PLACES, found.iter().map(width)))
    }
}

/// The fee of rank ⌈percent · n ÷ 100⌉ of ascending fees.
fn nearest_rank(fees: &[i64], percent: usize) -> Option<i64> {
    let rank = fees.len().saturating_mul(percent).div_ceil(100);
    fees.get(rank.checked_sub(1)?).copied()
}

/// Points, or the mean in yuan where the system has none.
fn price_of(group: &Group) -> Ratio {
    group.points.map_or_else(|| exact(group.mean), Points::to_ratio)
}

fn summary(catalog: &Catalog, group: &Group, request: CardRequest<'_>) -> Table {
    let CardRequest { last, set, .. } = request;
    let shown = |value: &Ratio| to_decimal(value, PLACES).map(|value| value.to_string());
    let before = last.and_then(|last| {
        last.groups.iter().find(|known| known.group_code == group.group_code).map(price_of)
    });
    let price = price_of(group);
    let change = before
        .as_ref()
        .filter(|before| **before != ratio(0))
        .and_then(|before| shown(&((&price - before) / before * ratio(100))));
    let years: Vec<String> = catalog.years.iter().map(u16::to_string).collect();
    let rows = [
        ("group_code", Some(group.group_code.clone())),
        ("group_name", Some(group.group_name.clone())),
        ("kind", Some(group.kind.clone())),
        ("system", Some(catalog.system.clone())),
        ("years", Some(years.join(","))),
        ("cases", Some(group.cases.to_string())),
        ("mean_yuan", Some(group.mean.to_string())),
        ("cv", group.cv.map(|cv| cv.to_string())),
        ("points", group.points.map(|points| points.to_decimal().normalize().to_string())),
        ("computed_points", set.map(|set| set.computed.to_decimal().normalize().to_string())),
        ("override_money_yuan", set.map(|set| set.money.to_string())),
        ("override_by", set.map(|set| set.signature.by.clone())),
        ("override_on", set.map(|set| set.signature.on.to_string())),
        ("override_why", set.map(|set| set.signature.why.clone())),
        ("standard_yuan", group.standard.map(|price| price.to_string())),
        ("flags", Some(group.flags.join(";"))),
        ("price_before", before.as_ref().and_then(shown)),
        ("change_percent", change),
    ];
    let (names, values): (Vec<&str>, Vec<Option<String>>) = rows.into_iter().unzip();
    Table::new("card").with("field", Column::text(names)).with("value", Column::texts(values))
}

/// What a card says without the claims: its summary and the neighbours.
///
/// # Errors
/// [`Error::NoGroup`].
pub fn known_card(catalog: &Catalog, request: CardRequest<'_>) -> Result<[Table; 2], Error> {
    let group = catalog.groups.iter().find(|group| group.group_code == request.group);
    let group = group
        .ok_or_else(|| Error::NoGroup { group_code: request.group.to_owned(), nearest: None })?;
    Ok([summary(catalog, group, request), neighbours(catalog, group)])
}

fn neighbours(catalog: &Catalog, group: &Group) -> Table {
    let mut order: Vec<&Group> = catalog.groups.iter().collect();
    order.sort_by(|one, two| {
        price_of(one).cmp(&price_of(two)).then(one.group_code.cmp(&two.group_code))
    });
    let at =
        order.iter().position(|known| known.group_code == group.group_code).unwrap_or_default();
    let from = at.saturating_sub(NEIGHBOURS);
    let to = at.saturating_add(NEIGHBOURS).saturating_add(1).min(order.len());
    let near = &order[from..to];
    Table::new("card_neighbour")
        .with("group_code", Column::text(near.iter().map(|near| near.group_code.as_str())))
        .with("group_name", Column::text(near.iter().map(|near| near.group_name.as_str())))
        .with("cases", Column::counts(near.iter().map(|near| near.cases)))
        .with(
            "price",
            Column::decimals(PLACES, near.iter().map(|near| to_decimal(&price_of(near), PLACES))),
        )
}
