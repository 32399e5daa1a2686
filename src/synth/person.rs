//! Who a person is: insurance, home, diseases and the houses he goes to.

use super::city::{Insurance, Supplement};
use super::random::{Dice, Purpose};
use super::world::{Care, Place, World};

/// A disease of a person.
#[derive(Debug)]
pub(super) struct Illness<'c> {
    pub(super) care: &'c Care<'c>,
    /// The house he usually goes to, and the other one.
    pub(super) houses: [usize; 2],
    pub(super) hi_paymtd: &'c str,
    /// Weekday of the first session of a week, for diseases with sessions.
    pub(super) first_day: i64,
    /// Start of the registration, days since 1970-01-01.
    pub(super) registered: i64,
}

/// A person.
#[derive(Debug)]
pub(super) struct Person<'c> {
    pub(super) index: u32,
    pub(super) psn_no: String,
    pub(super) insurance: &'c Insurance,
    pub(super) district: usize,
    pub(super) gend: &'static str,
    pub(super) birth_year: u16,
    pub(super) clct_grde: &'c str,
    pub(super) signed: Option<&'c Place>,
    pub(super) supplements: Vec<&'c Supplement>,
    pub(super) illnesses: Vec<Illness<'c>>,
    /// Months insured in a year that is not full.
    pub(super) part_months: Option<u32>,
    /// First day of the contract, days since 1970-01-01; `None`: it is older than all years.
    pub(super) sign_begin: Option<i64>,
}

impl<'c> Person<'c> {
    /// The person of this number.
    pub(super) fn draw(world: &'c World<'c>, seed: u64, index: u32) -> Self {
        let dice = &mut Dice::new(seed, Purpose::Person, index);
        let city = world.city;
        let insurance = &city.insurance[world.insurance.choose(dice)];
        let district = world.districts.choose(dice);
        let gend = if dice.chance(510) { "2" } else { "1" };
        let age =
            u16::try_from(dice.between(YOUNGEST[0], YOUNGEST[1]) + dice.below(SPREAD)).unwrap_or(0);
        let grade = dice.below(insurance.grades.iter().map(|grade| grade.1).sum());
        let signs = dice.chance(city.signed_permille) && !world.signing[district].is_empty();
        let signed = signs.then(|| &world.places[world.signing[district].choose(dice)]);
        let [least, most] = city.heads.map_or([6, 11], |heads| heads.part_months);
        let supplements =
            insurance.supplements.iter().filter(|supplement| dice.chance(supplement.1)).collect();
        let part_months =
            (!dice.chance(city.full_year_permille)).then(|| dice.between(least, most));
        let mut person = Self {
            index,
            psn_no: format!("{}{index:010}", city.area),
            insurance,
            district,
            gend,
            birth_year: city.base_year.saturating_sub(age),
            clct_grde: nth(&insurance.grades, grade),
            signed,
            supplements,
            illnesses: Vec::new(),
            part_months,
            sign_begin: None,
        };
        if world.diseases.is_empty() {
            return person;
        }
        let first = world.diseases.choose(dice);
        person.fall_ill(world, first, dice);
        if dice.chance(city.second_disease_permille) {
            let second = world.diseases.choose(dice);
            if second != first {
                person.fall_ill(world, second, dice);
            }
        }
        person.sign_late(world, dice);
        person
    }

    /// Some contracts begin within the first three years the city knows, on any day.
    fn sign_late(&mut self, world: &World<'_>, dice: &mut Dice) {
        let Some(heads) = world.city.heads.filter(|_| self.signed.is_some()) else { return };
        if dice.chance(heads.late_permille) {
            let base = chrono::NaiveDate::from_yo_opt(i32::from(world.city.base_year), 1);
            let base = base.map_or(0, super::world::epoch_day);
            self.sign_begin = Some(base + dice.range(1, 1094));
        }
    }

    /// The day of birth: the birth year and a day that follows from the number of the person.
    pub(super) fn born(&self) -> i64 {
        let day = self.index % 365 + 1;
        let date = chrono::NaiveDate::from_yo_opt(i32::from(self.birth_year), day);
        date.map_or(0, super::world::epoch_day)
    }

    fn fall_ill(&mut self, world: &'c World<'c>, disease: usize, dice: &mut Dice) {
        let care = &world.cares[disease];
        let houses = &care.houses[self.district];
        let usual = houses.choose(dice);
        let other = houses.choose(dice);
        let payments = &care.disease.payments;
        let hi_paymtd = if care.payments.is_empty() {
            BY_ITEM
        } else {
            &payments[care.payments.choose(dice)].0
        };
        // Registered one to eight years before the first year the city knows.
        let base = chrono::NaiveDate::from_yo_opt(i32::from(world.city.base_year), 1);
        let base = base.map_or(0, super::world::epoch_day);
        self.illnesses.push(Illness {
            care,
            houses: [usual, other],
            hi_paymtd,
            first_day: dice.range(0, 1),
            registered: base - dice.range(365, 2900),
        });
    }

    /// Months insured in a year: one year in three is not full for those who have such years.
    pub(super) fn months_insured(&self, year: u16) -> u32 {
        match self.part_months {
            Some(months) if (u32::from(year) + self.index).is_multiple_of(3) => months,
            _ => 12,
        }
    }

    /// `psn_type` in a year.
    pub(super) fn psn_type(&self, year: u16) -> &'c str {
        let older = year.saturating_sub(self.birth_year) >= self.insurance.older_from;
        &self.insurance.psn_types[usize::from(older)]
    }
}

/// Age in the base year: a number from this range and one below the spread.
const YOUNGEST: [u32; 2] = [22, 58];
const SPREAD: u32 = 30;

/// Share of the people who are of an age or above it in a year.
pub(super) fn share_from(base_year: u16, year: u16, age: u16) -> f64 {
    let since = u32::from(year.saturating_sub(base_year));
    let ages =
        (YOUNGEST[0]..=YOUNGEST[1]).flat_map(|first| (0..SPREAD).map(move |more| first + more));
    let (mut all, mut older) = (0.0, 0.0);
    for born in ages {
        all += 1.0;
        older += f64::from(u8::from(born + since >= u32::from(age)));
    }
    older / all
}

/// 按项目 (domain.md 8.3).
const BY_ITEM: &str = "1";

/// The grade a roll falls on.
fn nth(grades: &[(String, u32)], roll: u32) -> &str {
    let mut end = 0;
    for (grade, share) in grades {
        end += share;
        if roll < end {
            return grade;
        }
    }
    ""
}
