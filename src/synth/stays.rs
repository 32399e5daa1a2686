//! The stays of a person in one year, all of them right: kind, severity, days, fee, lines, payers.

use chrono::NaiveDate;

use super::person::Person;
use super::random::{Dice, Purpose};
use super::row::{Circumstances, Coded, DAY, Line, NO_GROUP, Row, SetlId, year_of};
use super::visits::{AT_INSTITUTION, line, money};
use super::ward::{Kind, Ward};
use super::world::{Place, World};

/// Smallest fee of a settlement, in fen.
const LEAST_FEE: i64 = 80_000;
/// 按项目 (domain.md 8.3).
const BY_ITEM: &str = "1";
/// Days from which a stay may be settled in parts.
const LONG: i64 = 4;

/// A stay on its way to its settlements.
struct Stay<'w, 'c> {
    kind: &'w Kind<'c>,
    place: &'c Place,
    level: usize,
    icu_days: u32,
    dies: bool,
    fee: i64,
    begin: i64,
    settled: i64,
}

/// What the stays of one person and year are drawn from.
struct Year<'w, 'c> {
    world: &'c World<'c>,
    ward: &'c Ward<'c>,
    person: &'w Person<'c>,
    year: u16,
    first_day: i64,
    days: u32,
}

/// All stays of a person in a year of a city with this many people.
pub(super) fn draw<'c>(
    world: &'c World<'c>,
    ward: &'c Ward<'c>,
    person: &Person<'c>,
    (seed, year, people): (u64, u16, u32),
) -> Vec<Row<'c>> {
    let dice = &mut Dice::new(seed, Purpose::Stays(year), person.index);
    let new_year =
        |year: u16| NaiveDate::from_yo_opt(i32::from(year), 1).map_or(0, super::world::epoch_day);
    let first_day = new_year(year);
    let days = u32::try_from(new_year(year + 1) - first_day).unwrap_or(0);
    let year = Year { world, ward, person, year, first_day, days };
    let mut kinds = Vec::new();
    if dice.chance(ward.config.stays_permille) {
        kinds.push(ward.shares.choose(dice));
        if dice.chance(ward.config.second_permille) {
            kinds.push(ward.shares.choose(dice));
        }
    }
    // Stays whose number is given come last: they depend on the size of the city, the others do not.
    kinds.extend(ward.exact(world.city.base_year, year.year, (person.index, people)));
    let mut rows = Vec::new();
    for kind in kinds {
        let stay = year.stay(&ward.kinds[kind], dice);
        year.settle(&stay, dice, &mut rows);
    }
    rows
}

impl<'c> Year<'_, 'c> {
    /// A stay: where, how ill, how long, how dear.
    fn stay(&self, kind: &'c Kind<'c>, dice: &mut Dice) -> Stay<'c, 'c> {
        let config = self.ward.config;
        let place = &self.world.places[kind.houses[self.person.district].choose(dice)];
        let roll = dice.below(1000);
        let mut end = 0;
        let level = config.severity.iter().position(|level| {
            end += level.permille;
            roll < end
        });
        let level = level.unwrap_or(config.severity.len() - 1);
        let in_icu = dice.chance(config.icu.permille);
        let icu_days = dice.between(config.icu.days[0], config.icu.days[1]);
        let icu_days = if in_icu { icu_days } else { 0 };
        let dies = dice.chance(config.death.permille);
        let [low, high] = kind.stay.days;
        let days = i64::from(dice.between(low, high).max(icu_days + 1));
        let out = self.first_day + dice.range(0, self.days.saturating_sub(1));
        let settled = out * DAY + dice.range(9 * 3600, 17 * 3600);
        let begin = (out - days) * DAY + dice.range(8 * 3600, 20 * 3600);
        let fee = self.fee(kind, (place, level), (icu_days > 0, dies), dice);
        Stay { kind, place, level, icu_days, dies, fee, begin, settled }
    }

    /// Log-normal by kind, × trend × tier × the largest of the effects that the case meets.
    fn fee(
        &self,
        kind: &Kind<'_>,
        (place, level): (&Place, usize),
        (in_icu, dies): (bool, bool),
        dice: &mut Dice,
    ) -> i64 {
        let config = self.ward.config;
        let is_older = self.age() >= config.older.from;
        let met = [
            (true, config.severity[level].effect),
            (is_older, config.older.effect),
            (in_icu, config.icu.effect),
            (dies, config.death.effect),
        ];
        let effect = met.into_iter().filter(|(met, _)| *met).map(|(_, effect)| effect).max();
        let tier = kind.stay.tier_effects.unwrap_or(config.tier_effects)[place.tier];
        let mut mean = kind.stay.mean_yuan;
        for _ in self.world.city.base_year..self.year {
            mean *= config.trend;
        }
        mean *= f64::from(tier) / 1000.0 * f64::from(effect.unwrap_or(1000)) / 1000.0;
        dice.lognormal_fen(mean, kind.stay.sigma, LEAST_FEE)
    }

    fn age(&self) -> u16 {
        self.year.saturating_sub(self.person.birth_year)
    }

    /// The settlements of a stay: one, or two or three parts of which the last has its record.
    fn settle(&self, stay: &Stay<'_, 'c>, dice: &mut Dice, rows: &mut Vec<Row<'c>>) {
        let days = (stay.settled - stay.begin) / DAY;
        let config = self.ward.config;
        let parted = dice.chance(config.several_permille)
            && days >= LONG
            && year_of(stay.begin) == self.year
            && stay.kind.stay.hi_paymtd.is_none();
        let parts = if parted { dice.range(2, 3) } else { 1 };
        let mut rest = stay.fee;
        let mut begin = stay.begin;
        let mut visit = None;
        for part in 1..=parts {
            let is_last = part == parts;
            let fee = if is_last { rest } else { rest * dice.range(250, 450) / 1000 };
            rest -= fee;
            let length = (stay.settled - stay.begin) * part / parts;
            let settled = if is_last { stay.settled } else { stay.begin + length };
            let number = u16::try_from(rows.len() + 1).unwrap_or(u16::MAX);
            let id = SetlId::at(settled, self.person.index, self.year, number);
            let first = *visit.get_or_insert(id);
            let row = self.row((stay, is_last), (id, first), (fee, [begin, settled]), dice);
            rows.push(row);
            begin = settled;
        }
    }

    fn row(
        &self,
        (stay, is_last): (&Stay<'_, 'c>, bool),
        (id, visit): (SetlId, SetlId),
        (fee, [begin, settled]): (i64, [i64; 2]),
        dice: &mut Dice,
    ) -> Row<'c> {
        let (world, person) = (self.world, self.person);
        let kind = &stay.kind.stay;
        let lines = self.lines(kind.structure, fee, [begin, settled], dice);
        let money = money(world, person, (fee, stay.place.tier), dice);
        let (results, group) =
            if is_last { self.results(stay, dice) } else { (Vec::new(), self.ward.admitted_group) };
        let scope = &world.city.scope;
        Row {
            id,
            visit,
            init: None,
            fixmedins_code: &stay.place.code,
            hosp_lv: &stay.place.hosp_lv,
            start: stay.place.start,
            insutype: &person.insurance.insutype,
            psn_type: person.psn_type(self.year),
            med_type: kind.med_type.as_deref().unwrap_or(&scope.med_type[0]),
            disease: Coded { code: "", name: "" },
            diagnoses: self.diagnoses(stay, is_last, dice),
            operations: if is_last { stay.kind.operations.clone() } else { Vec::new() },
            results,
            circumstances: self.circumstances(stay, is_last, dice),
            group,
            fallback: group,
            gend: person.gend,
            age: self.age(),
            begin,
            end: settled - dice.range(60, 1800),
            settled,
            upload: Some(settled + dice.range(600, 4 * 86_400)),
            money,
            refunded: false,
            valid: true,
            pay_loc: AT_INSTITUTION,
            insu_admdvs: &world.city.districts[person.district].0,
            clct_grde: person.clct_grde,
            hi_paymtd: kind.hi_paymtd.as_deref().unwrap_or(BY_ITEM),
            lines,
        }
    }

    /// The main diagnosis, one of the level of severity, and now and then a harmless one.
    fn diagnoses(&self, stay: &Stay<'_, 'c>, is_last: bool, dice: &mut Dice) -> Vec<Coded<'c>> {
        if !is_last {
            return vec![self.ward.admitted];
        }
        let [code, name] = &stay.kind.stay.diagnosis;
        let mut found = vec![Coded { code, name }];
        let harmless = self.ward.complications.len() - 1;
        let mut levels = Vec::new();
        if stay.level < harmless {
            levels.push(stay.level);
        }
        if dice.chance(400) {
            levels.push(harmless);
        }
        for level in levels {
            let others = &self.ward.complications[level];
            let start = dice.below(u32::try_from(others.len()).unwrap_or(1)) as usize;
            let all = others[start..].iter().chain(&others[..start]);
            found.extend(all.copied().find(|other| other.code != code));
        }
        found
    }

    fn circumstances(
        &self,
        stay: &Stay<'_, 'c>,
        is_last: bool,
        dice: &mut Dice,
    ) -> Circumstances<'c> {
        let kind = &stay.kind.stay;
        let same_day = dice.chance(kind.day_surgery_permille);
        let leaves = dice.below(100);
        let dscg_way = match leaves {
            _ if !is_last => "9",
            _ if stay.dies => "5",
            0..3 => "2",
            3..6 => "4",
            _ => "1",
        };
        Circumstances {
            dscg_way,
            dscg_caty: &kind.discipline,
            day_surgery: if same_day { "1" } else { "0" },
            icu_days: if is_last { stay.icu_days } else { 0 },
        }
    }

    /// What the external grouper gives, and the group that follows: differing, failed, empty and
    /// absent results leave the case ungrouped (R26).
    fn results(&self, stay: &Stay<'_, 'c>, dice: &mut Dice) -> (Vec<&'c str>, u32) {
        let group = stay.kind.groups[stay.level];
        let Some(rule) = &self.ward.config.results else { return (Vec::new(), group) };
        let name = |group: u32| self.world.groups[group as usize].as_str();
        let roll = dice.below(1000);
        let differing = rule.differing_permille;
        let failed = differing + rule.failed_permille;
        let empty = failed + rule.empty_permille;
        let absent = empty + rule.absent_permille;
        let other = stay.kind.groups[(stay.level + 1) % stay.kind.groups.len()];
        match roll {
            _ if roll < differing => (vec![name(group), name(other)], NO_GROUP),
            _ if roll < failed => (vec![rule.failed.as_str()], NO_GROUP),
            _ if roll < empty => (vec![""], NO_GROUP),
            _ if roll < absent => (Vec::new(), NO_GROUP),
            _ => (vec![name(group)], group),
        }
    }

    /// Lines of every class of cost, their shares a fifth up or down, to the fen of the fee.
    fn lines(
        &self,
        structure: [u32; super::inpatient::COSTS],
        fee: i64,
        [begin, end]: [i64; 2],
        dice: &mut Dice,
    ) -> Vec<Line<'c>> {
        let mut amounts = Vec::with_capacity(8);
        let mut rest = fee;
        let largest = (0..structure.len()).max_by_key(|class| structure[*class]).unwrap_or(0);
        for (class, permille) in structure.into_iter().enumerate() {
            let amount = fee * i64::from(permille) / 1000 * dice.range(800, 1200) / 1000;
            if class != largest && amount > 0 && amount < rest {
                rest -= amount;
                amounts.push((class, amount));
            }
        }
        if dice.chance(500) {
            let amount = rest * dice.range(250, 500) / 1000;
            rest -= amount;
            amounts.push((largest, amount));
        }
        amounts.push((largest, rest));
        let number = |index: usize| u8::try_from(index + 1).unwrap_or(u8::MAX);
        amounts
            .into_iter()
            .enumerate()
            .map(|(index, (class, amount))| {
                let item = dice.pick(&self.ward.items[class]);
                let time = begin + (end - begin) * dice.range(0, 1000) / 1000;
                line(number(index), item, amount, time, dice)
            })
            .collect()
    }
}
