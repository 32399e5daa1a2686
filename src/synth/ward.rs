//! Inpatients of a city made ready for drawing: kinds of stays with their groups, houses and items.

use std::collections::BTreeMap;

use super::city::{City, TIERS};
use super::inpatient::{COSTS, Inpatient, StayKind};
use super::random::Shares;
use super::row::{Coded, NO_GROUP};
use super::world::{Item, NEARNESS, Place};

/// Main diagnosis of a stay that is not over: pain of the chest, not further known.
const ADMITTED: Coded<'static> = Coded { code: "R07.400", name: "胸痛" };
/// First of the tiers called grass-roots (R18), from 0.
const GRASS_ROOTS: usize = 4;

/// A kind of stays with what drawing needs to know about it.
#[derive(Debug)]
pub(super) struct Kind<'c> {
    pub(super) stay: &'c StayKind,
    /// Main operation first.
    pub(super) operations: Vec<Coded<'c>>,
    /// The group of each level of severity.
    pub(super) groups: Vec<u32>,
    /// By district of the person: shares of the institutions.
    pub(super) houses: Vec<Shares>,
}

/// The inpatients of a city.
#[derive(Debug)]
pub(super) struct Ward<'c> {
    pub(super) config: &'c Inpatient,
    pub(super) kinds: Vec<Kind<'c>>,
    /// Shares of the kinds.
    pub(super) shares: Shares,
    /// Other diagnoses of each level of severity.
    pub(super) complications: Vec<Vec<Coded<'c>>>,
    /// Items by class of cost.
    pub(super) items: [Vec<Item>; COSTS],
    pub(super) admitted: Coded<'c>,
    /// The group of a stay that is not over.
    pub(super) admitted_group: u32,
}

impl<'c> Ward<'c> {
    /// Everything that can be computed once; groups get their numbers in `codes`.
    pub(super) fn new(
        city: &'c City,
        config: &'c Inpatient,
        places: &[Place],
        items: &[Vec<Item>; 4],
        codes: &mut BTreeMap<String, u32>,
    ) -> Self {
        let mut group = |code: String| {
            let next = u32::try_from(codes.len()).unwrap_or(NO_GROUP);
            *codes.entry(code).or_insert(next)
        };
        let kinds: Vec<Kind<'c>> = config
            .file
            .stay
            .iter()
            .map(|stay| {
                let codes = config.severity.iter().map(|level| match &config.results {
                    Some(_) => format!("{}{}", stay.adrg, level.digit),
                    None => combination(&stay.diagnosis[0], &stay.operations),
                });
                let groups = codes.map(&mut group).collect();
                Kind {
                    stay,
                    operations: operations(config, stay),
                    groups,
                    houses: houses(city, config, stay, places),
                }
            })
            .collect();
        let admitted_group = match &config.results {
            Some(_) => NO_GROUP,
            None => group(combination(ADMITTED.code, &[])),
        };
        let of = |level: &str| {
            let listed = config.file.complication.iter().filter(|one| one.level == level);
            listed.map(|one| Coded { code: &one.code, name: &one.name }).collect()
        };
        let [treatment, drug, exam, rest] = items;
        let (consumable, service) =
            rest.iter().cloned().partition(|item: &Item| item.med_chrgitm_type == "08");
        Self {
            config,
            shares: Shares::new(kinds.iter().map(|kind| kind.stay.share)),
            kinds,
            complications: config.severity.iter().map(|level| of(&level.level)).collect(),
            items: [drug.clone(), consumable, exam.clone(), treatment.clone(), service],
            admitted: ADMITTED,
            admitted_group,
        }
    }

    /// Kinds of the stays whose number in a year is given and which fall to this person: stay after
    /// stay goes to person after person, and round again.
    pub(super) fn exact(
        &self,
        base_year: u16,
        year: u16,
        (person, people): (u32, u32),
    ) -> Vec<usize> {
        let mut mine = Vec::new();
        let mut first = 0;
        for (at, kind) in self.kinds.iter().enumerate() {
            let count = kind.stay.exact_in(base_year, year);
            let hits = (first..first + count).filter(|slot| slot % people.max(1) == person);
            mine.extend(hits.map(|_| at));
            first += count;
        }
        mine
    }

    /// Whether a group is that of a kind whose cases are counted out.
    pub(super) fn is_counted(&self, group: u32) -> bool {
        let mut counted = self.kinds.iter().filter(|kind| !kind.stay.exact.is_empty());
        counted.any(|kind| kind.groups.contains(&group))
    }
}

/// Diagnosis (4 characters, the dot not counted), main operation, related operations in order (R32).
fn combination(diagnosis: &str, operations: &[String]) -> String {
    let mut code = beginning(diagnosis, 4);
    if let [main, related @ ..] = operations {
        let mut related: Vec<&String> = related.iter().collect();
        related.sort();
        for operation in std::iter::once(main).chain(related) {
            code.push('+');
            code.push_str(operation);
        }
    }
    code
}

/// The first characters of a code, the dot not counted.
pub(super) fn beginning(code: &str, characters: usize) -> String {
    let mut left = characters;
    let mut kept = String::new();
    for letter in code.chars() {
        if letter != '.' {
            if left == 0 {
                break;
            }
            left -= 1;
        }
        kept.push(letter);
    }
    kept.trim_end_matches('.').to_owned()
}

fn operations<'c>(config: &'c Inpatient, stay: &'c StayKind) -> Vec<Coded<'c>> {
    let listed = &config.file.operation;
    stay.operations
        .iter()
        .filter_map(|code| listed.iter().find(|one| one.code == *code))
        .map(|one| Coded { code: &one.code, name: &one.name })
        .collect()
}

fn houses(city: &City, config: &Inpatient, stay: &StayKind, places: &[Place]) -> Vec<Shares> {
    (0..city.districts.len())
        .map(|district| {
            Shares::new(places.iter().map(|place| pull(city, config, stay, (place, district))))
        })
        .collect()
}

/// Share of the stays of this kind that people of a district have at a house.
fn pull(
    city: &City,
    config: &Inpatient,
    stay: &StayKind,
    (place, district): (&Place, usize),
) -> u32 {
    let near = if place.district == district { NEARNESS } else { 1 };
    let low = stay.grass_roots && place.tier >= GRASS_ROOTS;
    near * city.institutions[place.kind].pull * if low { config.grass_roots_pull } else { 1 }
}

/// Share of the stays of a kind that each tier has.
pub(super) fn tier_shares(
    city: &City,
    config: &Inpatient,
    stay: &StayKind,
    places: &[Place],
) -> [f64; TIERS] {
    let mut shares = [0.0; TIERS];
    let people: u32 = city.districts.iter().map(|district| district.2).sum();
    for (district, of) in city.districts.iter().enumerate() {
        let pulls =
            || places.iter().map(|place| (place.tier, pull(city, config, stay, (place, district))));
        let all: u32 = pulls().map(|(_, pull)| pull).sum();
        for (tier, pull) in pulls() {
            let here = f64::from(pull) / f64::from(all.max(1));
            shares[tier] += here * f64::from(of.2) / f64::from(people.max(1));
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::{beginning, combination};

    // shows: R32
    #[test]
    fn a_combination_is_four_characters_the_main_operation_and_the_related_ones_in_order() {
        let operations = ["36.0700", "88.5600", "00.2400"].map(str::to_owned);
        assert_eq!(combination("I21.000x001", &operations), "I21.0+36.0700+00.2400+88.5600");
        assert_eq!(combination("I10.x00x002", &[]), "I10.x");
        assert_eq!(beginning("I21.000x001", 3), "I21");
        assert_eq!(beginning("I21", 4), "I21");
    }
}
