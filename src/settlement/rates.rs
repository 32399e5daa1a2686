//! What each group is worth in each slot of the year, and where the lines of its bands lie.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::catalog::model::{Catalog, Group};
use crate::policy::model::{Band, Deviation, Policy, Reference, Standard};
use crate::units::{Fen, Points, exact};

use super::cases::Cases;
use super::coefficient::always_one;
use super::error::Error;
use super::input::ScenarioInput;
use super::other::{PerUnit, Units};
use super::outlier;
use super::segments::Factor;

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
    /// The coefficient that it has everywhere: a grass-roots disease, or 1 for one price (A36, E15).
    pub(super) everywhere: Option<Decimal>,
    /// Points of the list of `[score]` in place of the catalog's (Z17).
    pub(super) listed: bool,
    /// Paid by another unit than a group; it is never tested by bands (1.4).
    pub(super) unit: Option<PerUnit>,
    /// Line of high cases by its weight (5.3).
    pub(super) high: Option<Decimal>,
}

pub(super) fn need_catalog<'a>(input: &ScenarioInput<'a>) -> Result<&'a Catalog, Error> {
    input.catalog.ok_or_else(|| Error::CatalogMissing { scenario: input.name.clone() })
}

/// Values by group (the ungrouped last) and slot.
pub(super) struct Values {
    rates: Vec<Rate>,
    slots: usize,
}

pub(super) fn point_values(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    units: &Units,
) -> Result<Values, Error> {
    let catalog = need_catalog(input)?;
    let policy = input.policy;
    let known: HashMap<&str, _> =
        catalog.groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
    let listed: HashMap<&str, Decimal> = policy
        .score
        .iter()
        .flat_map(|score| &score.listed)
        .map(|listed| (listed.group_code.as_str(), listed.points))
        .collect();
    let ungrouped = Rate { ungrouped: true, ..Rate::default() };
    let mut rates = Vec::with_capacity(cases.groups.len().saturating_add(1));
    for code in &cases.groups {
        if let Some(rate) = units.rates.get(code) {
            rates.push(*rate);
            continue;
        }
        let group = known.get(code.as_str());
        let listed = listed.get(code.as_str());
        // R37: a group whose published mean is 0 measures nothing.
        let published = group.filter(|group| !group.mean.is_zero());
        let points = match (listed, published) {
            (Some(listed), _) => Points::from_ratio(&exact(*listed), Points::PLACES),
            (None, Some(group)) => Some(group.points.ok_or_else(|| Error::GroupWithoutPoints {
                scenario: input.name.clone(),
                group: code.clone(),
            })?),
            (None, None) => None,
        };
        let Some(points) = points else {
            rates.push(ungrouped);
            continue;
        };
        let high = match (&policy.outlier, catalog.scale) {
            (Some(rule), Some(scale)) => Some(outlier::high_line(rule, points, scale).ratio),
            _ => None,
        };
        rates.push(Rate {
            value: points.0,
            valued: true,
            everywhere: group.and_then(|group| everywhere(policy, group)),
            listed: listed.is_some(),
            high,
            ..Rate::default()
        });
    }
    rates.push(ungrouped);
    Ok(Values { rates, slots: 1 })
}

/// The coefficient that a group has everywhere: by its kind, or by the list of the policy in force (A36).
fn everywhere(policy: &Policy, group: &Group) -> Option<Decimal> {
    let same_price = match &policy.same_price {
        Some(same) => same.groups.contains(&group.group_code),
        None => always_one("", &group.flags),
    };
    let grass_roots = policy.coefficient.as_ref().map_or(Decimal::ONE, |rule| rule.grass_roots);
    if same_price {
        Some(Decimal::ONE)
    } else {
        always_one(&group.kind, &[]).then_some(grass_roots)
    }
}

/// Prices in force month by month. A price may change only on the first of a month, because a case
/// carries the month of its settlement and not the day.
pub(super) fn prices(input: &ScenarioInput<'_>, cases: &Cases) -> Result<Values, Error> {
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
pub(super) fn with_bands(
    input: &ScenarioInput<'_>,
    cases: &Cases,
    values: Values,
) -> Result<(Vec<Rate>, Vec<i64>, usize), Error> {
    let Values { mut rates, mut slots } = values;
    let Some(deviation) = &input.policy.deviation else {
        return Ok((rates, Vec::new(), slots));
    };
    let references: Vec<Option<Factor>> = match deviation.reference {
        Reference::Standard => {
            let prices = prices(input, cases)?;
            if prices.slots > slots {
                // Points are the same in every month, the lines are not.
                rates = rates.iter().flat_map(|rate| vec![*rate; prices.slots]).collect();
                slots = prices.slots;
            }
            let price = |rate: &Rate| rate.valued.then(|| Factor::whole(rate.value.into()));
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
                Some(Factor::decimal(*mean).times(&Factor::whole(100)))
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
fn end_of(band: &Band, reference_fen: &Factor) -> i64 {
    band.up_to.map_or(i64::MAX, |up_to| Factor::decimal(up_to).end(reference_fen, band.inclusive))
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
