//! What derived coefficients would move against those in force, in points (E08).
//!
//! Over the cases of the newest statistics year whose group has points and may have a coefficient; a
//! point is worth what the catalog says, M ÷ scale yuan.

use std::collections::BTreeMap;

use num_traits::Zero as _;

use super::disease::Disease;
use super::{Coefficients, Roster};
use crate::catalog::model::{Catalog, Group};
use crate::policy::model::CoefficientMethod;
use crate::settlement::coefficient::{always_one, of_case};
use crate::units::{Points, Ratio, exact, ratio};

/// Points of one institution in the newest year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effect {
    /// Without coefficient.
    pub(super) base: Ratio,
    /// With the derived one.
    pub(super) derived: Ratio,
    /// With the one in force, where there is one.
    pub(super) in_force: Option<Ratio>,
}

/// One entry for each institution of the cases; none where the system has no points.
pub(super) fn effects(
    all: &Coefficients<'_>,
    diseases: &[Disease],
    catalog: &Catalog,
    (rows, disciplines): (&[Option<&Group>], &[String]),
) -> Vec<Option<Effect>> {
    if catalog.scale.is_none() {
        return vec![None; all.bases.len()];
    }
    let points = |group: usize| -> Option<Points> {
        rows[group].filter(|row| !always_one(&row.kind, &row.flags))?.points
    };
    (0..all.bases.len())
        .map(|institution| {
            if all.roster.unknown.contains(&institution) && !all.rule.tiers.is_empty() {
                return None;
            }
            // Cases of one coefficient together, so that few fractions are multiplied.
            let mut sums: BTreeMap<(Option<usize>, Option<u16>), i128> = BTreeMap::new();
            for (group, discipline, cases) in all.counts.newest(institution) {
                let Some(points) = points(group) else { continue };
                let own = own_of_disease(all, diseases, institution, group).map(|_| group);
                let sum = sums.entry((own, discipline)).or_default();
                *sum = sum.saturating_add(i128::from(points.0).saturating_mul(cases.into()));
            }
            Some(effect(all, diseases, institution, (&sums, disciplines)))
        })
        .collect()
}

/// Points in millionths by group and discipline.
type PointSums = BTreeMap<(Option<usize>, Option<u16>), i128>;

fn effect(
    all: &Coefficients<'_>,
    diseases: &[Disease],
    institution: usize,
    (sums, disciplines): (&PointSums, &[String]),
) -> Effect {
    let Roster { facts, tiers, .. } = &all.roster;
    let (mut base, mut derived) = (Ratio::zero(), Ratio::zero());
    for ((group, discipline), points) in sums {
        let points = ratio(*points) / ratio(Points::PER_POINT);
        let own = group.and_then(|group| own_of_disease(all, diseases, institution, group));
        let discipline = discipline.and_then(|at| disciplines.get(usize::from(at)));
        let k = of_case(
            all.rule,
            &facts[institution],
            tiers[institution],
            own.unwrap_or(&all.bases[institution]),
            discipline.map_or("", String::as_str),
        );
        derived += &points * k;
        base += points;
    }
    let in_force = facts[institution].in_force.map(|k| &base * exact(k));
    Effect { base, derived, in_force }
}

/// The coefficient that an institution's tier has of its own in a disease, where the policy takes it.
fn own_of_disease<'a>(
    all: &Coefficients<'_>,
    diseases: &'a [Disease],
    institution: usize,
    group: usize,
) -> Option<&'a Ratio> {
    if all.rule.method != CoefficientMethod::TierDisease {
        return None;
    }
    diseases.get(group)?.own(all.roster.tiers[institution]?)
}
