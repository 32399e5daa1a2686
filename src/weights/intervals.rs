//! For every group of a catalog: how firm its price is, and which hospital moves it most.

use std::collections::BTreeMap;

use num_traits::{ToPrimitive as _, Zero as _};

use super::bootstrap::{Interval, Sample, Unit, interval};
use super::centre::Measures;
use super::parallel::in_parallel;
use super::sums::Total;
use super::{Basis, Error, drops, prepared};
use crate::grouper::GroupInfo;
use crate::period::Years;
use crate::policy::model::{BlendLevel, Centre, Policy};
use crate::settlement::cases::Cases;
use crate::table::{Column, Table};
use crate::units::{Ratio, fraction, ratio, round_half_away, to_decimal};

/// Decimal places of prices and percentages.
const PLACES: u32 = 4;
/// Binary places of what stands for a price while rounds are compared.
const KEY_PLACES: u32 = 40;

/// How rounds are drawn.
#[derive(Debug, Clone, Copy)]
pub struct IntervalRequest {
    /// Bootstrap rounds.
    pub rounds: u32,
    /// Seed of the rounds; each group begins with it, so that a group's interval hangs on no other.
    pub seed: u64,
    /// Threads; the result does not depend on them.
    pub threads: usize,
}

/// How firm the prices are. A price is points, or the mean in yuan without a scale, of the group's own
/// cases: pools (A51) are left aside, M and the trim bounds are held.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// One row a group and unit: `group_code, drawn` (`case` or `hospital`)`, units, rounds, price, low,
    /// high, width_percent`. No ends with fewer than two units.
    pub intervals: Table,
    /// One row a group with kept cases: `group_code, hospitals, fixmedins_code` (the one whose absence
    /// moves the price most; ties: the first code)`, cases` (its)`, share_percent` (of the group's)`,
    /// price, price_without` (missing where the group would leave)`, change_percent`.
    pub influence: Table,
}

/// Intervals by case and by hospital of all groups, and every group's most influential hospital.
///
/// # Errors
/// Those of [`super::build`], and [`Error::IntervalCentre`] where the centre is no arithmetic mean: only
/// sums can be drawn again.
pub fn intervals(
    cases: &Cases,
    policy: &Policy,
    years: &Years,
    info: &BTreeMap<String, GroupInfo>,
    request: IntervalRequest,
) -> Result<Intervals, Error> {
    if policy.weights.centre != Centre::Arithmetic {
        return Err(Error::IntervalCentre { policy: policy.identity.id.clone() });
    }
    prepared(cases, policy, years, |plan, centres| {
        let basis = Basis::new(plan, centres, info)?;
        let hospitals = hospitals(&basis);
        let keys = Keys::new(&basis);
        let rows = in_parallel(request.threads, basis.estimates.len(), |at| {
            Row::new(&basis, &keys, (at, &hospitals), request)
        });
        let codes: Vec<&str> = basis.estimates.iter().map(|group| group.code).collect();
        Ok(Intervals {
            intervals: interval_table(&codes, &rows),
            influence: influence_table(&codes, &rows, &cases.institutions),
        })
    })
}

/// Kept totals of every hospital and year, by place of the group among the cases.
type Hospitals = Vec<BTreeMap<u32, Vec<Total>>>;

fn hospitals(basis: &Basis<'_>) -> Hospitals {
    let (scan, kept) = (basis.centres.scan, basis.centres.kept);
    let years = scan.window.years.len();
    let mut found: Hospitals = vec![BTreeMap::new(); scan.slots()];
    for ((cell, fee), institution) in scan.window.places() {
        let Some(fee) = kept.counts(cell, fee) else { continue };
        let slot = cell.div_euclid(years);
        let own = found[slot].entry(institution).or_insert_with(|| vec![Total::default(); years]);
        let year = &mut own[cell.rem_euclid(years)];
        *year = Total::of([*year, Total { cases: 1, fen: fee.into() }]);
    }
    found
}

/// Whole numbers that are in the order of the prices, many times faster than exact fractions. A key is a
/// price but for a factor that all rounds share, to about 2⁻³⁸ fen.
struct Keys {
    level: BlendLevel,
    drops: bool,
    /// Weight of each year (÷ its M for `ratios`), and the year weights alone, in units of 2⁻⁴⁰ of the
    /// largest.
    factors: Vec<i128>,
    weights: Vec<i128>,
    /// Price of a key of 1.
    unit: Ratio,
}

impl Keys {
    fn new(basis: &Basis<'_>) -> Self {
        let plan = basis.plan;
        let years = plan.years.len();
        let weight = |at: usize| plan.blend.weights.get(at).cloned().unwrap_or_else(|| ratio(1));
        let weights: Vec<Ratio> = (0..years).map(weight).collect();
        let mean = |at: usize| basis.mean.years[at].clone().unwrap_or_else(|| ratio(1));
        let factors: Vec<Ratio> = match plan.blend.level {
            BlendLevel::Ratios => (0..years).map(|at| &weights[at] / mean(at)).collect(),
            _ => weights.clone(),
        };
        let largest = factors.iter().max().cloned().unwrap_or_else(|| ratio(1));
        let whole = |value: &Ratio| {
            let scaled = value * ratio(1u64 << KEY_PLACES);
            round_half_away(&scaled, 0).to_i128().unwrap_or_default()
        };
        let scaled: Vec<i128> = factors.iter().map(|factor| whole(&(factor / &largest))).collect();
        let mut keys = Self {
            level: plan.blend.level,
            drops: drops(plan.policy),
            factors: scaled,
            weights: weights.iter().map(whole).collect(),
            unit: ratio(1),
        };
        // One case of one yuan a year has a price and a key.
        let one = vec![Total { cases: 1, fen: 100 }; years];
        let price = basis.price(&Measures::of_totals(&one));
        if let Some((price, key)) = price.zip(keys.key(&one)) {
            keys.unit = price / ratio(key);
        }
        keys
    }

    /// `None` where the group would leave the catalog, or no case weighs anything.
    fn key(&self, years: &[Total]) -> Option<i128> {
        let lacking = years.iter().any(|year| year.cases == 0);
        if lacking && self.drops {
            return None;
        }
        let of_years = || self.factors.iter().zip(years).filter(|(_, year)| year.cases > 0);
        match self.level {
            BlendLevel::Pooled => {
                let all = Total::of(years.iter().copied());
                shifted_quotient(all.fen, all.cases.into())
            }
            BlendLevel::Totals => {
                let fen: i128 = of_years().map(|(w, year)| w.saturating_mul(year.fen)).sum();
                let cases = of_years().map(|(w, year)| w.saturating_mul(year.cases.into()));
                shifted_quotient(fen, cases.sum())
            }
            BlendLevel::Means | BlendLevel::Ratios => {
                let mean = |(w, year): (&i128, &Total)| {
                    w.saturating_mul(year.fen).checked_div(year.cases.into())
                };
                let sum = of_years().map(mean).sum::<Option<i128>>()?;
                if !lacking {
                    return Some(sum);
                }
                // The weights of the years present are rescaled to 1 (A03).
                let present = self.weights.iter().zip(years).filter(|(_, year)| year.cases > 0);
                let weight: i128 = present.map(|(weight, _)| *weight).sum();
                shifted_quotient(sum, weight)
            }
        }
    }

    fn price(&self, key: i128) -> Ratio {
        &self.unit * ratio(key)
    }
}

/// numerator × 2⁴⁰ ÷ denominator, which is at most 2⁸⁷.
fn shifted_quotient(numerator: i128, denominator: i128) -> Option<i128> {
    let whole = numerator.checked_div_euclid(denominator)?;
    let rest = numerator.checked_rem_euclid(denominator)?;
    let places = (rest << KEY_PLACES).checked_div(denominator)?;
    (whole << KEY_PLACES).checked_add(places)
}

/// What is found of one group.
struct Row {
    price: Option<Ratio>,
    by_case: Option<Interval<Ratio>>,
    by_hospital: Option<Interval<Ratio>>,
    hospitals: usize,
    cases: u64,
    top: Option<(u32, u64, Option<Ratio>)>,
}

impl Row {
    fn new(
        basis: &Basis<'_>,
        keys: &Keys,
        (at, hospitals): (usize, &Hospitals),
        request: IntervalRequest,
    ) -> Self {
        let (scan, kept) = (basis.centres.scan, basis.centres.kept);
        let estimate = &basis.estimates[at];
        let none = BTreeMap::new();
        let own = estimate.slot.map_or(&none, |slot| &hospitals[slot]);
        let fees = |cell: usize| kept.part(scan, cell).fees();
        let sample = Sample {
            fees: estimate
                .slot
                .map(|slot| scan.cells(slot).map(fees).collect())
                .unwrap_or_default(),
            hospitals: own.values().cloned().collect(),
        };
        let found = |unit| {
            let drawn = (request.rounds, request.seed);
            let found = interval(&sample, unit, drawn, |years| keys.key(years))?;
            Some(Interval {
                low: keys.price(found.low),
                high: keys.price(found.high),
                units: found.units,
                rounds: found.rounds,
            })
        };
        Self {
            price: estimate.slot.and_then(|_| basis.price(&estimate.own)),
            by_case: found(Unit::Case),
            by_hospital: found(Unit::Hospital),
            hospitals: own.len(),
            cases: estimate.kept_total().cases,
            top: top(basis, keys, &estimate.kept, own),
        }
    }
}

/// The hospital without which the price is farthest from what it is, with its cases and that price.
fn top(
    basis: &Basis<'_>,
    keys: &Keys,
    all: &[Total],
    own: &BTreeMap<u32, Vec<Total>>,
) -> Option<(u32, u64, Option<Ratio>)> {
    let without = |hospital: &[Total]| -> Vec<Total> {
        let left = all.iter().zip(hospital).map(|(all, own)| Total {
            cases: all.cases.saturating_sub(own.cases),
            fen: all.fen.saturating_sub(own.fen),
        });
        left.collect()
    };
    let key = keys.key(all)?;
    let mut farthest: Option<(i128, u32)> = None;
    for (institution, hospital) in own {
        // A group that would leave has moved farthest.
        let left = keys.key(&without(hospital));
        let distance = left.map_or(i128::MAX, |left| left.saturating_sub(key).abs());
        if farthest.is_none_or(|(most, _)| distance > most) {
            farthest = Some((distance, *institution));
        }
    }
    let (_, institution) = farthest?;
    let hospital = &own[&institution];
    let price = basis.price(&Measures::of_totals(&without(hospital)));
    Some((institution, Total::of(hospital.iter().copied()).cases, price))
}

fn shown<'a>(values: impl Iterator<Item = Option<&'a Ratio>>) -> Column {
    Column::decimals(PLACES, values.map(|value| to_decimal(value?, PLACES)))
}

fn percent(part: Option<Ratio>, whole: Option<&Ratio>) -> Option<rust_decimal::Decimal> {
    let whole = whole.filter(|whole| !whole.is_zero())?;
    to_decimal(&(part? / whole * ratio(100)), PLACES)
}

fn interval_table(codes: &[&str], rows: &[Row]) -> Table {
    let mut lines: Vec<(&str, &str, &Row, Option<&Interval<Ratio>>)> = Vec::new();
    for (code, row) in codes.iter().zip(rows) {
        lines.push((code, "case", row, row.by_case.as_ref()));
        lines.push((code, "hospital", row, row.by_hospital.as_ref()));
    }
    let width = |(_, _, row, found): &(&str, &str, &Row, Option<&Interval<Ratio>>)| {
        percent(found.map(|found| &found.high - &found.low), row.price.as_ref())
    };
    Table::new("interval")
        .with("group_code", Column::text(lines.iter().map(|line| line.0)))
        .with("drawn", Column::text(lines.iter().map(|line| line.1)))
        .with("units", Column::counts(lines.iter().map(|line| line.3.map_or(0, |f| f.units))))
        .with("rounds", Column::counts(lines.iter().map(|line| line.3.map_or(0, |f| f.rounds))))
        .with("price", shown(lines.iter().map(|line| line.2.price.as_ref())))
        .with("low", shown(lines.iter().map(|line| line.3.map(|found| &found.low))))
        .with("high", shown(lines.iter().map(|line| line.3.map(|found| &found.high))))
        .with("width_percent", Column::decimals(PLACES, lines.iter().map(width)))
}

fn influence_table(codes: &[&str], rows: &[Row], institutions: &[String]) -> Table {
    let lines: Vec<_> = codes
        .iter()
        .zip(rows)
        .filter_map(|(code, row)| Some((*code, row, row.top.as_ref()?)))
        .collect();
    let share = |cases: u64, all: u64| to_decimal(&(fraction(cases, all)? * ratio(100)), PLACES);
    let change = |row: &Row, without: Option<&Ratio>| {
        percent(Some(without? - row.price.as_ref()?), row.price.as_ref())
    };
    Table::new("influence")
        .with("group_code", Column::text(lines.iter().map(|line| line.0)))
        .with("hospitals", Column::counts(lines.iter().map(|line| line.1.hospitals)))
        .with(
            "fixmedins_code",
            Column::text(lines.iter().map(|line| institutions[line.2.0 as usize].as_str())),
        )
        .with("cases", Column::counts(lines.iter().map(|line| line.2.1)))
        .with(
            "share_percent",
            Column::decimals(PLACES, lines.iter().map(|line| share(line.2.1, line.1.cases))),
        )
        .with("price", shown(lines.iter().map(|line| line.1.price.as_ref())))
        .with("price_without", shown(lines.iter().map(|line| line.2.2.as_ref())))
        .with(
            "change_percent",
            Column::decimals(PLACES, lines.iter().map(|line| change(line.1, line.2.2.as_ref()))),
        )
}
