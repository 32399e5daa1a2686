//! A city made ready for drawing: institutions with codes, shares, group codes, fee items.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;

use super::city::{City, Classes, Disease, Each, GroupBy, Role};
use super::error::Error;
use super::random::Shares;
use super::ward::Ward;

/// People of one's own district come this many times more often than the pull of a house says.
pub(super) const NEARNESS: u32 = 8;
/// Tiers people sign with: community centres and township hospitals (domain.md 3.3).
const SIGNING_TIER: usize = 5;

/// An institution.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) district: usize,
    /// Index of its kind in the city.
    pub(super) kind: usize,
    /// 0 for tier 1.
    pub(super) tier: usize,
    pub(super) hosp_lv: String,
    pub(super) consortium: Option<(String, Role)>,
    /// Days since 1970-01-01.
    pub(super) start: Option<i64>,
}

/// A fee item.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// O, M, A, or empty.
    pub(super) class: String,
    pub(super) med_chrgitm_type: String,
    pub(super) list_type: String,
    pub(super) med_list_codg: String,
    /// Price of one unit, in fen.
    pub(super) unit_fen: i64,
    #[serde(default)]
    pub(super) drug: bool,
    #[serde(default)]
    pub(super) negotiated: bool,
}

/// Codes and values no dictionary and no reader knows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unknown {
    pub(super) med_type: String,
    pub(super) insutype: String,
    pub(super) charge_type: String,
    pub(super) list_type: String,
    pub(super) amounts: Vec<String>,
    pub(super) times: Vec<String>,
}

/// The file of fee items.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemFile {
    unknown: Unknown,
    item: Vec<Item>,
}

/// A disease with what a visit needs to know about it.
#[derive(Debug)]
pub(super) struct Care<'c> {
    pub(super) disease: &'c Disease,
    pub(super) med_type: &'c str,
    pub(super) season: &'c [u32; 12],
    pub(super) tier_cost: &'c [u32; 7],
    /// Shares of the entries of the pattern, and the group each one leads to.
    pub(super) shares: Shares,
    pub(super) groups: Vec<u32>,
    pub(super) fallback: u32,
    pub(super) payments: Shares,
    /// By district of the person: shares of the institutions.
    pub(super) houses: Vec<Shares>,
}

/// A city made ready for drawing.
#[derive(Debug)]
pub(super) struct World<'c> {
    pub(super) city: &'c City,
    pub(super) places: Vec<Place>,
    /// An institution code that is in no table.
    pub(super) nowhere: String,
    pub(super) cares: Vec<Care<'c>>,
    /// Group codes; the index is the group.
    pub(super) groups: Vec<String>,
    /// Items of class O, M, A and of none.
    pub(super) items: [Vec<Item>; 4],
    pub(super) unknown: Unknown,
    pub(super) districts: Shares,
    pub(super) insurance: Shares,
    pub(super) diseases: Shares,
    /// By district: shares of the institutions people sign with.
    pub(super) signing: Vec<Shares>,
    /// Inpatients, in cities that have them instead of outpatients.
    pub(super) ward: Option<Ward<'c>>,
}

impl<'c> World<'c> {
    /// Everything that can be computed once.
    pub(super) fn new(city: &'c City) -> Result<Self, Error> {
        let places = places(city);
        let (items, unknown) = items(city)?;
        let mut codes = BTreeMap::new();
        let mut cares = Vec::new();
        for disease in &city.disease {
            cares.push(care(city, disease, &places, &mut codes));
        }
        let ward = city
            .inpatient
            .as_ref()
            .map(|config| Ward::new(city, config, &places, &items, &mut codes));
        let mut groups = vec![String::new(); codes.len()];
        for (code, index) in codes {
            groups[index as usize] = code;
        }
        let signing = (0..city.districts.len())
            .map(|district| {
                let share = |place: &Place| {
                    let signs = place.district == district && place.tier + 1 >= SIGNING_TIER;
                    u32::from(signs)
                };
                Shares::new(places.iter().map(share))
            })
            .collect();
        Ok(Self {
            city,
            nowhere: format!("H{}99999", city.area),
            cares,
            groups,
            items,
            unknown,
            districts: Shares::new(city.districts.iter().map(|district| district.2)),
            insurance: Shares::new(city.insurance.iter().map(|insurance| insurance.people)),
            diseases: Shares::new(city.disease.iter().map(|disease| disease.people)),
            signing,
            places,
            ward,
        })
    }
}

/// All institutions: kinds in the order of the file, in every district or spread over them.
fn places(city: &City) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut used = vec![0_u32; city.districts.len()];
    for (kind_index, kind) in city.institutions.iter().enumerate() {
        let districts = city.districts.len();
        let total = match kind.each {
            Each::City => kind.count as usize,
            Each::District => kind.count as usize * districts,
        };
        for position in 0..total {
            let district = position % districts;
            let number = match kind.each {
                Each::City => position + 1,
                Each::District => position / districts + 1,
            };
            used[district] += 1;
            let code = &city.districts[district].0;
            let name = kind.name.replace("{district}", &city.districts[district].1);
            places.push(Place {
                code: format!("H{code}{:05}", used[district]),
                name: name.replace("{n}", &chinese(number)),
                district,
                kind: kind_index,
                tier: kind.tier - 1,
                hosp_lv: kind.hosp_lv.clone(),
                consortium: kind.consortium.map(|role| (format!("YGT{code}"), role)),
                start: kind.start_date.as_deref().and_then(day),
            });
        }
    }
    places
}

/// A small number as it stands in names: 一, 二, … and digits from eleven on.
fn chinese(number: usize) -> String {
    const DIGITS: [&str; 11] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
    DIGITS.get(number).map_or_else(|| number.to_string(), |digit| (*digit).to_owned())
}

/// Days since 1970-01-01 of a date like `2022-12-01`.
pub(super) fn day(text: &str) -> Option<i64> {
    text.parse::<NaiveDate>().ok().map(epoch_day)
}

/// Days since 1970-01-01.
pub(super) fn epoch_day(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// Fee items by class, and the codes nobody knows.
fn items(city: &City) -> Result<([Vec<Item>; 4], Unknown), Error> {
    let name = "items";
    let file: ItemFile = toml::from_str(include_str!("cities/items.toml"))
        .map_err(|source| Error::City { city: name.to_owned(), source: Box::new(source) })?;
    let known = if city.item.is_empty() { &file.item } else { &city.item };
    let of = |class: &str| known.iter().filter(|item| item.class == class).cloned().collect();
    let items: [Vec<Item>; 4] = [of("O"), of("M"), of("A"), of("")];
    if items.iter().any(Vec::is_empty) {
        let (place, problem) = ("item".to_owned(), "is missing for one class".to_owned());
        return Err(Error::CityValue { city: name.to_owned(), place, problem });
    }
    Ok((items, file.unknown))
}

fn care<'c>(
    city: &'c City,
    disease: &'c Disease,
    places: &[Place],
    codes: &mut BTreeMap<String, u32>,
) -> Care<'c> {
    let mut group = |letters: &str| {
        let next = u32::try_from(codes.len()).unwrap_or(u32::MAX);
        let code = match city.scope.group_by {
            GroupBy::DiseCodg => format!("{letters}_{}", disease.code),
            GroupBy::MainDiagnosis => {
                // The fallback has no main class and keeps its letters.
                let main = if letters == Classes::FALLBACK { letters } else { &letters[..1] };
                let first: String = disease.diagnosis[0].chars().take(3).collect();
                format!("{main}_{first}")
            }
        };
        *codes.entry(code).or_insert(next)
    };
    let pattern = &city.patterns[&disease.pattern];
    let groups = pattern.iter().map(|entry| group(&entry.0.letters())).collect();
    let fallback = group(Classes::FALLBACK);
    let houses = (0..city.districts.len())
        .map(|district| {
            Shares::new(places.iter().map(|place| {
                let treats = &disease.treated_in;
                let here = treats.is_empty() || treats.contains(&(place.tier + 1));
                let near = if place.district == district { NEARNESS } else { 1 };
                u32::from(here) * near * city.institutions[place.kind].pull
            }))
        })
        .collect();
    Care {
        disease,
        med_type: disease.med_type.as_deref().unwrap_or(&city.scope.med_type[0]),
        season: &city.seasons[&disease.season],
        tier_cost: &city.tier_costs[&disease.tier_cost],
        shares: Shares::new(pattern.iter().map(|entry| entry.1)),
        groups,
        fallback,
        payments: Shares::new(disease.payments.iter().map(|payment| payment.1)),
        houses,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{World, day};
    use crate::synth::City;

    #[test]
    fn days_count_from_1970() {
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2000-03-01"), Some(11_017));
        assert_eq!(day("2000-02-30"), None);
    }

    #[test]
    fn every_tier_has_houses_and_no_code_is_given_twice() {
        for name in City::names() {
            let city = City::embedded(name).unwrap();
            let world = World::new(&city).unwrap();
            let codes: BTreeSet<&String> = world.places.iter().map(|place| &place.code).collect();
            assert_eq!(codes.len(), world.places.len());
            assert!(!codes.contains(&world.nowhere));
            let tiers: BTreeSet<usize> = world.places.iter().map(|place| place.tier).collect();
            assert_eq!(tiers.len(), 7, "{name}");
            let tcm = |kind: usize| city.institutions[kind].inst_type == "tcm";
            assert!(world.places.iter().any(|place| tcm(place.kind)), "{name}");
            assert!(world.signing.iter().all(|shares| !shares.is_empty()), "{name}");
        }
    }
}
