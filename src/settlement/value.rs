//! What a point is worth where it does not simply float (E11, 6.6), and the sums that takes.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use rust_decimal::Decimal;

use crate::policy::model::{Basis, ValueMethod};
use crate::units::{Fen, Points, Ratio, UnitError, allocate, exact, fraction, ratio};

use super::cases::{Cases, UNGROUPED};
use super::clearing::difference;
use super::decide::{CaseView, Pay, decide};
use super::input::ScenarioInput;
use super::pool::Pool;
use super::tariff::Tariff;

/// The money of a pool divided by points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Valued {
    /// Of each institution, in the order given.
    pub(super) parts: Vec<Fen>,
    /// What stays with the fund; below 0 where the fund bears it.
    pub(super) kept: Fen,
}

/// One institution as the value methods see it, in millionths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Earner<'a> {
    pub(super) code: &'a str,
    pub(super) points: i128,
    /// Base volume: last year's points.
    pub(super) base: i128,
    /// Points of severe groups, in `points`.
    pub(super) severe: i128,
}

/// Why money cannot be divided by a value method.
#[derive(Debug)]
pub(super) enum NotValued {
    /// Severe points alone come to this, more than there is, and other points are to float.
    Severe(Fen),
    Unit(UnitError),
}

impl From<UnitError> for NotValued {
    fn from(source: UnitError) -> Self {
        Self::Unit(source)
    }
}

/// Divides `money` over the institutions; parts and what is kept sum to it, to the fen.
///
/// `base_elsewhere` is the base volume of institutions without cases this year, `factor` what a value is
/// multiplied by to be fund money (A42, A43).
///
/// # Errors
/// [`NotValued`]: severe points above the money where others are to float, or a division that fails.
pub(super) fn divide(
    method: &ValueMethod,
    money: Fen,
    earners: &[Earner<'_>],
    base_elsewhere: i128,
    factor: &Ratio,
) -> Result<Valued, NotValued> {
    let codes: Vec<&str> = earners.iter().map(|earner| earner.code).collect();
    let parts = match method {
        ValueMethod::Floating => {
            let points: Vec<i128> = earners.iter().map(|earner| earner.points).collect();
            allocate(money, &points, &codes)?
        }
        ValueMethod::Fixed { value } => {
            let at = |earner: &Earner<'_>| at_value(*value, earner.points, factor);
            earners.iter().map(at).collect::<Result<_, _>>()?
        }
        ValueMethod::Elastic { base_share } => {
            elastic(*base_share, money, earners, base_elsewhere)?
        }
        ValueMethod::SevereFixed { value, .. } => {
            let at = |earner: &Earner<'_>| at_value(*value, earner.severe, factor);
            let severe = earners.iter().map(at).collect::<Result<Vec<_>, _>>()?;
            let fixed = Fen::sum(severe.iter().copied())?;
            let rest = difference(money, fixed)?;
            let mild = earners.iter().map(|earner| earner.points.saturating_sub(earner.severe));
            let mild: Vec<i128> = mild.collect();
            if rest < Fen::ZERO && mild.iter().any(|points| *points != 0) {
                return Err(NotValued::Severe(fixed));
            }
            add(&severe, &allocate_if_any(rest, &mild, &codes)?)?
        }
    };
    let kept = difference(money, Fen::sum(parts.iter().copied())?)?;
    Ok(Valued { parts, kept })
}

/// points × value, rounded to the fen.
fn at_value(value: Decimal, points: i128, factor: &Ratio) -> Result<Fen, UnitError> {
    let fen = exact(value) * ratio(100) * factor;
    let points = fraction(points, Points::PER_POINT).ok_or(UnitError::Overflow)?;
    Fen::nearest(&(fen * points))
}

/// The base money ÷ the whole base volume is the fixed value: allocate gives each institution what its
/// points up to its base come to, and the fund what the unused base does. The increment floats.
fn elastic(
    base_share: Decimal,
    money: Fen,
    earners: &[Earner<'_>],
    base_elsewhere: i128,
) -> Result<Vec<Fen>, UnitError> {
    let base_money = Fen::nearest(&(money.to_ratio() * exact(base_share)))?;
    let mut used: Vec<i128> = earners.iter().map(|earner| earner.points.min(earner.base)).collect();
    let base = earners.iter().fold(base_elsewhere, |sum, earner| sum.saturating_add(earner.base));
    let unused = used.iter().fold(base, |left, own| left.saturating_sub(*own));
    used.push(unused);
    let mut codes: Vec<&str> = earners.iter().map(|earner| earner.code).collect();
    // After every code: among equal remainders the fund comes last.
    codes.push("\u{10FFFF}");
    let mut fixed = allocate(base_money, &used, &codes)?;
    fixed.truncate(earners.len());
    codes.truncate(earners.len());
    let more = earners.iter().map(|earner| earner.points.saturating_sub(earner.base).max(0));
    let increment = difference(money, base_money)?;
    add(&fixed, &allocate_if_any(increment, &more.collect::<Vec<_>>(), &codes)?)
}

/// [`allocate`], or nothing to anybody where nobody has a weight: the money stays with the fund.
fn allocate_if_any(money: Fen, weights: &[i128], codes: &[&str]) -> Result<Vec<Fen>, UnitError> {
    if weights.iter().all(|weight| *weight == 0) {
        return Ok(vec![Fen::ZERO; weights.len()]);
    }
    allocate(money, weights, codes)
}

fn add(one: &[Fen], two: &[Fen]) -> Result<Vec<Fen>, UnitError> {
    one.iter().zip(two).map(|(one, two)| Fen::sum([*one, *two])).collect()
}

/// Fund money per money of the basis: 1, or Σ fund ÷ Σ fee of the pool (A42, A43).
pub(super) fn basis_factor(basis: Basis, booked: i128, cost: i128) -> Ratio {
    match basis {
        Basis::Fund => ratio(1),
        Basis::TotalCost => fraction(booked, cost).unwrap_or_else(|| ratio(0)),
    }
}

/// Points of severe groups by insurance type and institution, January first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Severe {
    by_place: BTreeMap<(u8, u32), [i128; 12]>,
}

impl Severe {
    /// Those of the cases of the year; nothing unless the policy has severe groups.
    pub(super) fn of(input: &ScenarioInput<'_>, cases: &Cases, tariff: &Tariff) -> Self {
        let mut severe = Self::default();
        let method = input.policy.value.as_ref().map(|value| &value.method);
        let Some(ValueMethod::SevereFixed { groups, weight_from, .. }) = method else {
            return severe;
        };
        let heavy = heavy_groups(input, *weight_from);
        let listed: Vec<bool> = cases
            .groups
            .iter()
            .map(|code| groups.contains(code) || heavy.contains(code.as_str()))
            .collect();
        for row in (0..cases.len()).filter(|row| cases.year[*row] == input.year) {
            let group = cases.group[row];
            if group == UNGROUPED || !listed[group as usize] {
                continue;
            }
            if let Pay::Points(points) = decide(tariff, &CaseView::of(cases, row)).pay {
                let place = (cases.insutype[row], cases.institution[row]);
                let months = severe.by_place.entry(place).or_default();
                for (month, sum) in (1..).zip(months) {
                    if month == cases.month[row] {
                        *sum = sum.saturating_add(points.into());
                    }
                }
            }
        }
        severe
    }

    /// Those of an institution in a pool over some months.
    pub(super) fn over(
        &self,
        pool: &Pool,
        cases: &Cases,
        code: &str,
        months: &RangeInclusive<usize>,
    ) -> i128 {
        let of_member = self.by_place.iter().filter(|((insutype, institution), _)| {
            pool.takes(*insutype) && cases.institutions[*institution as usize] == code
        });
        of_member
            .flat_map(|(_, points)| (1..).zip(points))
            .filter(|(month, _)| months.contains(month))
            .map(|(_, points)| points)
            .sum()
    }
}

/// Groups of the catalog from a weight (points ÷ scale) on.
fn heavy_groups<'a>(input: &ScenarioInput<'a>, from: Option<Decimal>) -> BTreeSet<&'a str> {
    let (Some(from), Some(catalog)) = (from.map(exact), input.catalog) else {
        return BTreeSet::new();
    };
    let Some(scale) = catalog.scale.filter(|scale| !scale.is_zero()).map(exact) else {
        return BTreeSet::new();
    };
    let heavy = catalog
        .groups
        .iter()
        .filter(|group| group.points.is_some_and(|points| points.to_ratio() / &scale >= from));
    heavy.map(|group| group.group_code.as_str()).collect()
}
