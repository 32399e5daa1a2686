//! A scenario resolved to whole numbers per group: points, prices and the ends of the bands.
//!
//! Scenarios that differ in money only (budget, sharing, cap) have equal tariffs, and the pass over
//! the cases evaluates equal tariffs once.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use num_traits::{Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;

use crate::catalog::model::Catalog;
use crate::policy::model::{
    Band, BandPay, Class, Compare, Deviation, PayMethod, Pools, RatioOf, Reference, Standard,
    UnitKind,
};
use crate::units::{Fen, Points, Ratio, divide_half_away, exact, fraction, ratio};

use super::cases::{Cases, UNGROUPED};
use super::decide::Refusal;
use super::error::Error;
use super::input::ScenarioInput;

/// What every case of one scenario is worth, as whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    pub(super) method: PayMethod,
    pub(super) compare: Compare,
    pub(super) bands: Vec<BandRule>,
    /// One for each group and slot; the groups are those of the cases, then one for the ungrouped.
    pub(super) rates: Vec<Rate>,
    /// Largest amount in fen of each band but the last, for each rate.
    pub(super) ends: Vec<i64>,
    /// Position of the ungrouped among the groups.
    ungrouped: u32,
    /// 1 where nothing changes within the year, else 12.
    slots: u32,
    /// What a group without ends is refused for.
    pub(super) unreferenced: Refusal,
    pub(super) by_fee: ByFee,
    /// Points by fee of units paid by item (1.4).
    pub(super) by_item: ByFee,
    /// Points by days of each unit paid by bed days (1.4).
    pub(super) by_day: Vec<ByFee>,
    pub(super) denominator: Denominator,
}

/// One band without its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BandRule {
    pub(super) class: Class,
    pub(super) pay: BandPay,
    pub(super) except_merged: bool,
}

/// One group in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rate {
    /// Points in millionths, or the price in fen.
    pub(super) value: i64,
    /// Whether there is such a value.
    pub(super) valued: bool,
    /// Whether its bands have ends.
    pub(super) referenced: bool,
    /// Not in the catalog, or published mean 0 (A41, R37).
    pub(super) ungrouped: bool,
    /// Paid by another unit than a group; it is never tested by bands (1.4).
    pub(super) unit: Option<PerUnit>,
}

/// What the points of a unit are counted by (J03, H14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PerUnit {
    /// Its fee: [`Tariff::by_item`].
    Fee,
    /// Its days: an entry of [`Tariff::by_day`].
    Day(usize),
    /// Nothing: `value` is its quota in points.
    Case,
}

/// Points by an amount (A41, 1.4): round(amount × numerator ÷ denominator) × unit, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByFee {
    pub(super) numerator: i128,
    pub(super) denominator: i128,
    pub(super) unit: i128,
}

impl ByFee {
    /// Where no points are paid.
    const NOTHING: Self = Self { numerator: 0, denominator: 1, unit: 0 };

    /// Points in millionths of an amount; `None` beyond 64 bits.
    #[inline]
    pub(super) fn points(&self, amount: i64) -> Option<i64> {
        i128::from(amount)
            .checked_mul(self.numerator)
            .and_then(|product| divide_half_away(product, self.denominator))
            .and_then(|units| units.checked_mul(self.unit))
            .and_then(|points| i64::try_from(points).ok())
    }
}

/// Denominator of the reimbursement ratio (A16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denominator {
    Fee,
    InScope,
    /// `(Σ fund, Σ fee)` of the pool of each insurance type.
    Area(Vec<(i128, i128)>),
}

impl Tariff {
    /// Resolves a scenario for these cases. Only their lists of codes are read, and their sums
    /// where the policy takes the area's ratio.
    ///
    /// # Errors
    /// A missing catalog, scale or base mean, or a price that changes within a month.
    pub fn resolve(input: &ScenarioInput<'_>, cases: &Cases) -> Result<Self, Error> {
        let policy = input.policy;
        let units = match policy.payment.method {
            PayMethod::Points => Units::of(input, need_catalog(input)?)?,
            PayMethod::Standard => Units::default(),
        };
        let values = match policy.payment.method {
            PayMethod::Points => point_values(input, cases, &units)?,
            PayMethod::Standard => prices(input, cases)?,
        };
        let (rates, ends, slots) = with_bands(input, cases, values)?;
        Ok(Self {
            method: policy.payment.method,
            compare: policy.deviation.as_ref().map_or(Compare::Fee, |deviation| deviation.compare),
            bands: policy.deviation.as_ref().map_or_else(Vec::new, band_rules),
            rates,
            ends,
            ungrouped: u32::try_from(cases.groups.len()).unwrap_or(UNGROUPED),
            slots: u32::try_from(slots).unwrap_or(1),
            unreferenced: match policy.deviation.as_ref().map(|deviation| deviation.reference) {
                Some(Reference::Mean) => Refusal::NoReference,
                Some(Reference::Standard) | None => Refusal::NoPrice,
            },
            by_fee: units.by_fee,
            by_item: units.by_item,
            by_day: units.by_day,
            denominator: match (policy.payment.method, policy.payment.ratio) {
                // Points use no ratio: scenarios that differ in it share one evaluation.
                (PayMethod::Points, _) | (_, RatioOf::Fee) => Denominator::Fee,
                (_, RatioOf::InScope) => Denominator::InScope,
                (_, RatioOf::Area) => Denominator::Area(area_sums(input, cases)),
            },
        })
    }

    /// Position of a group and month in `rates`; the last group stands for [`UNGROUPED`].
    #[inline]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "an index into a table of groups × slots, months being 1 to 12; no money"
    )]
    pub(super) fn slot(&self, group: u32, month: u8) -> usize {
        let group = if group == UNGROUPED { self.ungrouped } else { group } as usize;
        if self.slots == 1 { group } else { group * 12 + usize::from(month) - 1 }
    }

    /// The band an amount falls in: the first whose end is not below it.
    #[inline]
    pub(super) fn band_of(&self, at: usize, amount: i64) -> (u8, &BandRule) {
        let inner = self.bands.len().saturating_sub(1);
        let first = at.saturating_mul(inner);
        let ends = &self.ends[first..first.saturating_add(inner)];
        let number = ends.iter().position(|end| amount <= *end).unwrap_or(inner);
        (u8::try_from(number).unwrap_or(u8::MAX), &self.bands[number])
    }
}

fn band_rules(deviation: &Deviation) -> Vec<BandRule> {
    let rule = |band: &Band| BandRule {
        class: band.class,
        pay: band.pay,
        except_merged: band.except_merged,
    };
    deviation.bands.iter().map(rule).collect()
}

fn need_catalog<'a>(input: &ScenarioInput<'a>) -> Result<&'a Catalog, Error> {
    input.catalog.ok_or_else(|| Error::CatalogMissing { scenario: input.name.clone() })
}

/// Values by group (the ungrouped last) and slot.
struct Values {
    rates: Vec<Rate>,
    slots: usize,
}

fn point_values(input: &ScenarioInput<'_>, cases: &Cases, units: &Units) -> Result<Values, Error> {
    let catalog = need_catalog(input)?;
    let known: HashMap<&str, _> =
        catalog.groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
    let ungrouped = Rate { ungrouped: true, ..Rate::default() };
    let mut rates = Vec::with_capacity(cases.groups.len().saturating_add(1));
    for code in &cases.groups {
        if let Some(rate) = units.rates.get(code) {
            rates.push(*rate);
            continue;
        }
        rates.push(match known.get(code.as_str()) {
            None => ungrouped,
            Some(group) if group.mean.is_zero() => ungrouped,
            Some(group) => {
                let points = group.points.ok_or_else(|| Error::GroupWithoutPoints {
                    scenario: input.name.clone(),
                    group: code.clone(),
                })?;
                Rate { value: points.0, valued: true, ..Rate::default() }
            }
        });
    }
    rates.push(ungrouped);
    Ok(Values { rates, slots: 1 })
}

/// Prices in force month by month. A price may change only on the first of a month, because a case
/// carries the month of its settlement and not the day.
fn prices(input: &ScenarioInput<'_>, cases: &Cases) -> Result<Values, Error> {
    let year = i32::from(input.year);
    let standards = &input.policy.standards;
    let inside = |standard: &&Standard| standard.from.year() == year && standard.from.ordinal() > 1;
    if let Some(odd) = standards.iter().filter(inside).find(|standard| standard.from.day() != 1) {
        return Err(Error::PriceInsideMonth {
            scenario: input.name.clone(),
            group: odd.group_code.clone(),
            from: odd.from,
        });
    }
    let slots = if standards.iter().any(|standard| inside(&standard)) { 12 } else { 1 };
    let mut by_code: HashMap<&str, Vec<&Standard>> = HashMap::new();
    for standard in standards {
        by_code.entry(&standard.group_code).or_default().push(standard);
    }
    let mut rates = Vec::new();
    for code in cases.groups.iter().map(Some).chain([None]) {
        let dated = code.and_then(|code| by_code.get(code.as_str()));
        for month in 1..=slots {
            let day = NaiveDate::from_ymd_opt(year, u32::try_from(month).unwrap_or(1), 1);
            let price = dated.into_iter().flatten().filter(|standard| Some(standard.from) <= day);
            let price = price.max_by_key(|standard| standard.from);
            rates.push(price.map_or_else(Rate::default, |standard| Rate {
                value: standard.price.0,
                valued: true,
                ..Rate::default()
            }));
        }
    }
    Ok(Values { rates, slots })
}

/// Adds the ends of the bands to the values, drawn at the price or at the published mean.
fn with_bands(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    values: Values,
) -> Result<(Vec<Rate>, Vec<i64>, usize), Error> {
    let Values { mut rates, mut slots } = values;
    let Some(deviation) = &input.policy.deviation else {
        return Ok((rates, Vec::new(), slots));
    };
    let references: Vec<Option<Ratio>> = match deviation.reference {
        Reference::Standard => {
            let prices = prices(input, cases)?;
            if prices.slots > slots {
                // Points are the same in every month, the lines are not.
                rates = rates.iter().flat_map(|rate| vec![*rate; prices.slots]).collect();
                slots = prices.slots;
            }
            let price = |rate: &Rate| rate.valued.then(|| ratio(rate.value));
            prices.rates.iter().map(price).collect()
        }
        Reference::Mean => {
            let catalog = need_catalog(input)?;
            let means: HashMap<&str, Decimal> = catalog
                .groups
                .iter()
                .map(|group| (group.group_code.as_str(), group.mean))
                .collect();
            let mean = |code: &String| {
                let mean = means.get(code.as_str()).filter(|mean| !mean.is_zero())?;
                Some(exact(*mean) * ratio(100))
            };
            let by_group = cases.groups.iter().map(mean).chain([None]);
            by_group.flat_map(|reference| vec![reference; slots]).collect()
        }
    };
    let mut ends = Vec::new();
    for (rate, reference) in rates.iter_mut().zip(&references) {
        rate.referenced = reference.is_some();
        for band in inner_bands(deviation) {
            ends.push(reference.as_ref().map_or(0, |reference| end_of(band, reference)));
        }
    }
    Ok((rates, ends, slots))
}

fn inner_bands(deviation: &Deviation) -> &[Band] {
    deviation.bands.split_last().map_or(&[], |(_, inner)| inner)
}

/// The largest whole fen in a band: ⌊up_to × reference⌋ when the end belongs to it, else the fen
/// below ⌈up_to × reference⌉.
fn end_of(band: &Band, reference_fen: &Ratio) -> i64 {
    let Some(up_to) = band.up_to else { return i64::MAX };
    let end = exact(up_to) * reference_fen;
    let whole = if band.inclusive { end.floor() } else { end.ceil() - ratio(1) };
    let beyond = if whole.is_negative() { i64::MIN } else { i64::MAX };
    whole.to_integer().to_i64().unwrap_or(beyond)
}

/// What is paid by an amount and not by a group.
struct Units {
    by_fee: ByFee,
    by_item: ByFee,
    by_day: Vec<ByFee>,
    /// By code.
    rates: HashMap<String, Rate>,
}

impl Default for Units {
    fn default() -> Self {
        Self {
            by_fee: ByFee::NOTHING,
            by_item: ByFee::NOTHING,
            by_day: Vec::new(),
            rates: HashMap::new(),
        }
    }
}

impl Units {
    /// A41 and 1.4 as whole numbers: the ungrouped by their factor, units by item, day and case.
    fn of(input: &ScenarioInput<'_>, catalog: &Catalog) -> Result<Self, Error> {
        let mut units = Self {
            by_fee: by_amount(input, catalog, &exact(input.policy.weights.ungrouped_factor))?,
            by_item: by_amount(input, catalog, &ratio(1))?,
            ..Self::default()
        };
        for unit in &input.policy.units {
            let mut rate = Rate { valued: true, referenced: true, ..Rate::default() };
            rate.unit = Some(match unit.kind {
                UnitKind::Item => PerUnit::Fee,
                UnitKind::BedDays { standard } => {
                    units.by_day.push(by_amount(input, catalog, &standard.to_ratio())?);
                    PerUnit::Day(units.by_day.len().saturating_sub(1))
                }
                UnitKind::Quota { standard } => {
                    let quota = units.by_item.points(standard.0);
                    rate.value = quota.ok_or_else(|| base_mean(input, catalog))?;
                    PerUnit::Case
                }
            });
            units.rates.insert(unit.code.clone(), rate);
        }
        Ok(units)
    }
}

fn base_mean(input: &ScenarioInput<'_>, catalog: &Catalog) -> Error {
    Error::BaseMean { scenario: input.name.clone(), base_mean: catalog.base_mean }
}

/// Millionths of a point for each fen, or day, of an amount that is worth `fen` fen each:
/// fen ÷ M × scale, M as published.
fn by_amount(input: &ScenarioInput<'_>, catalog: &Catalog, fen: &Ratio) -> Result<ByFee, Error> {
    let scale = catalog.scale.ok_or_else(|| Error::CatalogWithoutScale {
        scenario: input.name.clone(),
        system: catalog.system.clone(),
    })?;
    let wrong = || base_mean(input, catalog);
    let places = catalog.places.min(Points::PLACES);
    let shift = 10i128.checked_pow(places).ok_or_else(wrong)?;
    let unit = fraction(Points::PER_POINT, shift).ok_or_else(wrong)?;
    let factor = fen * exact(scale) * ratio(shift);
    let mean_fen = exact(catalog.base_mean) * ratio(100);
    if mean_fen.is_zero() || mean_fen.is_negative() {
        return Err(wrong());
    }
    let slope = factor / mean_fen;
    Ok(ByFee {
        numerator: slope.numer().to_i128().ok_or_else(wrong)?,
        denominator: slope.denom().to_i128().ok_or_else(wrong)?,
        unit: unit.to_integer().to_i128().ok_or_else(wrong)?,
    })
}

/// Σ fund and Σ fee of the pool each insurance type belongs to (A16 `area`).
pub(super) fn area_sums(input: &ScenarioInput<'_>, cases: &Cases) -> Vec<(i128, i128)> {
    let mut sums = vec![(0i128, 0i128); cases.insutypes.len()];
    for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
        let sum = &mut sums[usize::from(cases.insutype[row])];
        sum.0 = sum.0.saturating_add(cases.fund_fen[row].into());
        sum.1 = sum.1.saturating_add(cases.fee_fen[row].into());
    }
    if input.policy.budget.pools == Pools::One {
        let all = sums.iter().fold((0i128, 0i128), |all, sum| {
            (all.0.saturating_add(sum.0), all.1.saturating_add(sum.1))
        });
        sums.fill(all);
    }
    sums
}

/// The first day of a month, for messages.
pub(super) fn first_of(year: u16, month: u8) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), 1)
}

/// A published price as the kernel sees it, for messages.
pub(super) fn known_from(standards: &[Standard], group: &str) -> Vec<(NaiveDate, Fen)> {
    let of_group = standards.iter().filter(|standard| standard.group_code == group);
    let mut known: Vec<_> = of_group.map(|standard| (standard.from, standard.price)).collect();
    known.sort_unstable();
    known
}
