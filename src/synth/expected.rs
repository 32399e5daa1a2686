//! What estimates must come near to: means of tiers and of auxiliary types, in closed form.

use super::city::TIERS;
use super::inpatient::Inpatient;
use super::person;
use super::ward::{Ward, tier_shares};
use super::world::World;

/// A tier: its effect and what tier mean ÷ city mean (6.3) must come near to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TierTruth {
    pub(super) tier: usize,
    pub(super) effect: u32,
    pub(super) share: f64,
    pub(super) coefficient: f64,
}

/// An auxiliary type: its effect, the share of the stays that meet it, and what mean of the type ÷ mean
/// of the disease (6.3) must come near to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TypeTruth {
    pub(super) name: String,
    pub(super) effect: u32,
    pub(super) share: f64,
    pub(super) ratio: f64,
}

/// Tiers 1 to 7. Stays whose number is given do not enter: they are few.
pub(super) fn tiers(world: &World<'_>, ward: &Ward<'_>) -> Vec<TierTruth> {
    let (mut stays, mut cost) = ([0.0; TIERS], [0.0; TIERS]);
    let kinds = ward.kinds.iter().map(|kind| kind.stay);
    for kind in kinds.filter(|kind| world.city.scope.counts(kind)) {
        let shares = tier_shares(world.city, ward.config, kind, &world.places);
        let effects = kind.tier_effects.unwrap_or(ward.config.tier_effects);
        for (tier, share) in shares.into_iter().enumerate() {
            let weight = f64::from(kind.share) * share;
            stays[tier] += weight;
            cost[tier] += weight * kind.mean_yuan * f64::from(effects[tier]) / 1000.0;
        }
    }
    let (all_stays, all_cost): (f64, f64) = (stays.iter().sum(), cost.iter().sum());
    (0..TIERS)
        .map(|tier| TierTruth {
            tier: tier + 1,
            effect: ward.config.tier_effects[tier],
            share: stays[tier] / all_stays,
            coefficient: (cost[tier] / stays[tier].max(f64::MIN_POSITIVE)) / (all_cost / all_stays),
        })
        .collect()
}

/// Every type in one year: levels of severity, then the older, intensive care and death. All are met
/// independently of each other and of the disease; the cost is that of the largest effect met.
pub(super) fn types(inpatient: &Inpatient, base_year: u16, year: u16) -> Vec<TypeTruth> {
    let older = person::share_from(base_year, year, inpatient.older.from);
    let share = |permille: u32| f64::from(permille) / 1000.0;
    let extras = [
        ("older", older, inpatient.older.effect),
        ("icu", share(inpatient.icu.permille), inpatient.icu.effect),
        ("death", share(inpatient.death.permille), inpatient.death.effect),
    ];
    // Σ probability and Σ probability × effect, over all and over those that meet each type.
    let levels = inpatient.severity.len();
    let mut met = vec![[0.0; 2]; levels + extras.len()];
    let mut all = 0.0;
    for (at, level) in inpatient.severity.iter().enumerate() {
        for mask in 0..1_u32 << extras.len() {
            let has = |extra: usize| mask >> extra & 1 == 1;
            let mut probability = share(level.permille);
            let mut effect = level.effect;
            for (extra, (_, chance, own)) in extras.iter().enumerate() {
                probability *= if has(extra) { *chance } else { 1.0 - chance };
                effect = if has(extra) { effect.max(*own) } else { effect };
            }
            let cost = probability * share(effect);
            all += cost;
            let extra_types =
                (0..extras.len()).filter(|extra| has(*extra)).map(|extra| levels + extra);
            for met_type in std::iter::once(at).chain(extra_types) {
                met[met_type][0] += probability;
                met[met_type][1] += cost;
            }
        }
    }
    let names = inpatient.severity.iter().map(|level| (level.level.as_str(), level.effect));
    names
        .chain(extras.iter().map(|(name, _, effect)| (*name, *effect)))
        .zip(met)
        .map(|((name, effect), [share, cost])| TypeTruth {
            name: name.to_owned(),
            effect,
            share,
            ratio: cost / share.max(f64::MIN_POSITIVE) / all,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::types;
    use crate::synth::City;

    /// One level only, nobody old, half in intensive care at twice the cost: mean 1.5, types 1.0 of 1.5
    /// and 2.0 ÷ 1.5.
    #[test]
    fn a_type_is_its_mean_over_that_of_the_disease() {
        let mut city = City::embedded("zibo-dip").unwrap();
        let inpatient = city.inpatient.as_mut().unwrap();
        inpatient.severity.truncate(1);
        (inpatient.severity[0].permille, inpatient.severity[0].effect) = (1000, 1000);
        (inpatient.older.from, inpatient.icu.permille, inpatient.icu.effect) = (999, 500, 2000);
        inpatient.death.permille = 0;
        let found = types(inpatient, 2000, 2000);
        let near = |name: &str, share: f64, ratio: f64| {
            let one = found.iter().find(|one| one.name == name).unwrap();
            assert!(
                (one.share - share).abs() < 1e-9 && (one.ratio - ratio).abs() < 1e-9,
                "{one:?}"
            );
        };
        near("severe", 1.0, 1.0);
        near("icu", 0.5, 2.0 / 1.5);
    }
}
