//! What groups are worth: published prices, or points with their value in yuan.

use std::collections::BTreeMap;

use num_traits::Zero as _;
use rust_decimal::Decimal;

use super::Settings;
use crate::catalog::model::Catalog;
use crate::policy::model::{PayMethod, Policy};
use crate::units::{Fen, Points, Ratio, UnitError, exact, ratio};

/// Worth and weight of every group that the policy or its catalog prices.
#[derive(Debug, Clone)]
pub(super) struct Prices {
    /// Fen of a case without cut, in full cost money (a standard) or fund money (points), by group.
    pub(super) worth: BTreeMap<String, Ratio>,
    /// Points ÷ scale, by group.
    pub(super) weight: BTreeMap<String, Ratio>,
    /// Fen of fund money per point; `None` where standards are paid.
    pub(super) point_value_fen: Option<Ratio>,
}

impl Prices {
    /// Newest standards, or points of the catalog; a group with mean 0 counts as ungrouped (R37).
    pub(super) fn of(policy: &Policy, catalog: Option<&Catalog>, settings: &Settings) -> Self {
        let standards: BTreeMap<String, Ratio> = newest_standards(policy)
            .into_iter()
            .map(|(code, price)| (code, price.to_ratio()))
            .collect();
        let groups = || {
            let groups = catalog.into_iter().flat_map(|catalog| &catalog.groups);
            groups.filter(|group| !group.mean.is_zero())
        };
        let scale = catalog.and_then(|catalog| catalog.scale).map(exact);
        let weight = |points: Points| Some(points.to_ratio() / scale.clone()?);
        let weights =
            groups().filter_map(|group| Some((group.group_code.clone(), weight(group.points?)?)));
        let by_points = policy.payment.method == PayMethod::Points;
        let value = catalog.filter(|_| by_points).and_then(|catalog| value_fen(catalog, settings));
        let worth = if by_points {
            let points = groups().filter_map(|group| {
                let worth = group.points?.to_ratio() * value.clone()?;
                Some((group.group_code.clone(), worth))
            });
            points.collect()
        } else {
            standards
        };
        Self { weight: weights.collect(), worth, point_value_fen: value }
    }

    /// Fen of so many points; 0 where standards are paid.
    pub(super) fn of_points(&self, points: Points) -> Result<Fen, UnitError> {
        let value = self.point_value_fen.clone().unwrap_or_else(Ratio::zero);
        Fen::nearest(&(points.to_ratio() * value))
    }
}

/// The newest standard of every group.
pub(super) fn newest_standards(policy: &Policy) -> BTreeMap<String, Fen> {
    let mut newest: BTreeMap<String, (chrono::NaiveDate, Fen)> = BTreeMap::new();
    for standard in &policy.standards {
        let known =
            newest.entry(standard.group_code.clone()).or_insert((standard.from, standard.price));
        if standard.from >= known.0 {
            *known = (standard.from, standard.price);
        }
    }
    newest.into_iter().map(|(code, (_, price))| (code, price)).collect()
}

/// The value given, else the neutral one: what a point cost in the statistics years (base mean ÷ scale),
/// times the reimbursement ratio.
fn value_fen(catalog: &Catalog, settings: &Settings) -> Option<Ratio> {
    if let Some(value) = settings.point_value {
        return Some(exact(value) * ratio(100));
    }
    let scale = catalog.scale.filter(|scale| *scale > Decimal::ZERO)?;
    Some(exact(catalog.base_mean) / exact(scale) * exact(settings.ratio) * ratio(100))
}
