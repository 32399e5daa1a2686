//! The settlements of a person in one year, all of them right: time, group, fee, fee lines, payers.

use chrono::{Datelike as _, NaiveDate};

use super::city::{Pattern, SupplementColumn};
use super::person::{Illness, Person};
use super::random::{Dice, Purpose};
use super::row::{Circumstances, Coded, DAY, Line, Money, Row, SetlId, year_of};
use super::world::{Item, World};

/// Smallest fee, in fen: below it a share of the fee would not be whole fen any more.
const LEAST_FEE: i64 = 800;
/// Treated in the institution (pay_loc, domain.md 8.3).
pub(super) const AT_INSTITUTION: &str = "2";

/// What the settlements of one person and year are drawn from.
struct Year<'w, 'c> {
    world: &'c World<'c>,
    person: &'w Person<'c>,
    year: u16,
    first_day: i64,
    days: i64,
    /// Whether a late December visit may be settled in January.
    next_year: bool,
}

/// All settlements of a person in a year. `next_year`: whether the year after is made too.
pub(super) fn draw<'c>(
    world: &'c World<'c>,
    person: &Person<'c>,
    seed: u64,
    year: u16,
    next_year: bool,
) -> Vec<Row<'c>> {
    let dice = &mut Dice::new(seed, Purpose::Visits(year), person.index);
    let new_year =
        |year: u16| NaiveDate::from_yo_opt(i32::from(year), 1).map_or(0, super::world::epoch_day);
    let first_day = new_year(year);
    let days = new_year(year + 1) - first_day;
    let year = Year { world, person, year, first_day, days, next_year };
    let mut rows = Vec::new();
    for illness in &person.illnesses {
        match illness.care.disease.weekly {
            Some(weekly) => year.sessions(illness, i64::from(weekly), dice, &mut rows),
            None => year.visits(illness, dice, &mut rows),
        }
    }
    rows
}

impl<'c> Year<'_, 'c> {
    /// Visits spread over the year, at least one.
    fn visits(&self, illness: &Illness<'c>, dice: &mut Dice, rows: &mut Vec<Row<'c>>) {
        let count = dice.around(illness.care.disease.visits).clamp(1, 300);
        for visit in 0..count {
            let step = dice.range(0, 999);
            let day = (visit * 1000 + step) * self.days / (count * 1000);
            let begin = (self.first_day + day) * DAY + dice.range(7 * 3600, 16 * 3600);
            let length = dice.range(300, 5400);
            let first = self.visit(illness, begin, length, rows.len(), dice);
            let cluster = self.world.city.cluster.as_ref();
            let follow = cluster.filter(|cluster| dice.chance(cluster.permille));
            let Some(cluster) = follow else {
                rows.push(first);
                continue;
            };
            let more = dice.between(1, 2);
            let seen = (illness, first.group, first.fixmedins_code);
            rows.push(first);
            for _ in 0..more {
                let later = begin + *dice.pick(&cluster.offsets_seconds);
                let row = self.follower(seen, later, rows.len(), dice);
                // A follower that slips into the next year belongs to nobody's year.
                if year_of(row.settled) == self.year {
                    rows.push(row);
                }
            }
        }
    }

    /// Sessions on the same days every week, a few of them missed.
    fn sessions(
        &self,
        illness: &Illness<'c>,
        weekly: i64,
        dice: &mut Dice,
        rows: &mut Vec<Row<'c>>,
    ) {
        for day in 0..self.days {
            // 1970-01-01 was a Thursday; Monday is 0.
            let weekday = (self.first_day + day + 3) % 7;
            let due = (0..weekly).any(|nth| (illness.first_day + 7 * nth / weekly) % 7 == weekday);
            if !due || dice.chance(20) {
                continue;
            }
            let shift = if dice.chance(500) { 7 * 3600 } else { 12 * 3600 };
            let begin = (self.first_day + day) * DAY + shift + dice.range(0, 1800);
            let length = dice.range(3 * 3600, 4 * 3600);
            let row = self.visit(illness, begin, length, rows.len(), dice);
            rows.push(row);
        }
    }

    /// A visit at one of the person's houses in a group drawn by share.
    fn visit(
        &self,
        illness: &Illness<'c>,
        begin: i64,
        length: i64,
        number: usize,
        dice: &mut Dice,
    ) -> Row<'c> {
        let place = illness.houses[usize::from(dice.chance(200))];
        let entry = illness.care.shares.choose(dice);
        let end = begin + length;
        let mut settled = end + dice.range(60, 1800);
        let last_days = self.first_day + self.days - 4;
        if self.next_year
            && begin >= last_days * DAY
            && dice.chance(self.world.city.late_december_permille)
        {
            let january = self.first_day + self.days + dice.range(0, 5);
            settled = january * DAY + dice.range(8 * 3600, 17 * 3600);
        }
        self.row(illness, (place, entry), [begin, end, settled], number, dice)
    }

    /// A short settlement in the same group at the same house as an earlier one.
    fn follower(
        &self,
        (illness, group, code): (&Illness<'c>, u32, &'c str),
        begin: i64,
        number: usize,
        dice: &mut Dice,
    ) -> Row<'c> {
        let groups = &illness.care.groups;
        let entry = groups.iter().position(|&known| known == group).unwrap_or(0);
        let same = |&&house: &&usize| self.world.places[house].code == code;
        let place = illness.houses.iter().find(same).copied().unwrap_or(illness.houses[0]);
        let end = begin + dice.range(60, 1200);
        let settled = end + dice.range(30, 600);
        self.row(illness, (place, entry), [begin, end, settled], number, dice)
    }

    fn row(
        &self,
        illness: &Illness<'c>,
        (place, entry): (usize, usize),
        [begin, end, settled]: [i64; 3],
        number: usize,
        dice: &mut Dice,
    ) -> Row<'c> {
        let (world, person, care) = (self.world, self.person, illness.care);
        let place = &world.places[place];
        let pattern = &world.city.patterns[&care.disease.pattern][entry];
        let fee = self.fee(illness, pattern, place.tier, begin, dice);
        let lines = lines(world, pattern, fee, [begin, end], dice);
        let money = money(world, person, (fee, place.tier), dice);
        let [main_code, main_name] = &care.disease.diagnosis;
        let number = u16::try_from(number + 1).unwrap_or(u16::MAX);
        let id = SetlId::at(settled, person.index, self.year, number);
        Row {
            id,
            visit: id,
            init: None,
            fixmedins_code: &place.code,
            hosp_lv: &place.hosp_lv,
            start: place.start,
            insutype: &person.insurance.insutype,
            psn_type: person.psn_type(self.year),
            med_type: care.med_type,
            disease: Coded { code: &care.disease.code, name: &care.disease.name },
            diagnoses: vec![Coded { code: main_code, name: main_name }],
            operations: Vec::new(),
            results: Vec::new(),
            circumstances: Circumstances::default(),
            group: care.groups[entry],
            fallback: care.fallback,
            gend: person.gend,
            age: self.year.saturating_sub(person.birth_year),
            begin,
            end,
            settled,
            upload: Some(settled + dice.range(600, 4 * 86_400)),
            money,
            refunded: false,
            valid: true,
            pay_loc: AT_INSTITUTION,
            insu_admdvs: &world.city.districts[person.district].0,
            clct_grde: person.clct_grde,
            hi_paymtd: illness.hi_paymtd,
            lines,
        }
    }

    /// Log-normal by disease and group, × yearly trend × season × tier.
    fn fee(
        &self,
        illness: &Illness<'c>,
        pattern: &Pattern,
        tier: usize,
        begin: i64,
        dice: &mut Dice,
    ) -> i64 {
        let care = illness.care;
        let month = super::row::date_of(begin).month0() as usize;
        let mut mean = care.disease.mean_yuan * pattern.2;
        for _ in self.world.city.base_year..self.year {
            mean *= care.disease.trend;
        }
        mean *= f64::from(care.season[month]) / 1000.0;
        mean *= f64::from(care.tier_cost[tier]) / 1000.0;
        dice.lognormal_fen(mean, pattern.3, LEAST_FEE)
    }
}

/// Who pays what, closed to the fen.
pub(super) fn money(
    world: &World<'_>,
    person: &Person<'_>,
    (fee, tier): (i64, usize),
    dice: &mut Dice,
) -> Money {
    let (city, insurance) = (world.city, person.insurance);
    let own_pay = fee * dice.range(0, 60) / 1000;
    let self_pay = fee * dice.range(0, 90) / 1000;
    let in_scope = fee - own_pay - self_pay;
    let hifp = in_scope * i64::from(insurance.ratio_permille[tier]) / 1000;
    let mut money = Money { fee, own_pay, self_pay, in_scope, hifp, ..Money::default() };
    if dice.chance(city.hospital_share_permille) {
        money.hospital = (fee - hifp) * dice.range(10, 100) / 1000;
    }
    money.close();
    for supplement in &person.supplements {
        if fee < supplement.2 * 100 {
            continue;
        }
        let amount = money.patient * i64::from(supplement.3) / 1000;
        *column(&mut money, supplement.0) += amount;
        money.close();
    }
    let account = i64::from(insurance.account_permille);
    if account > 0 && dice.chance(800) {
        money.account = money.patient * account / 1000;
        money.close();
    }
    money
}

fn column(money: &mut Money, column: SupplementColumn) -> &mut i64 {
    match column {
        SupplementColumn::CivilServant => &mut money.cvlserv,
        SupplementColumn::Enterprise => &mut money.hifes,
        SupplementColumn::SeriousIllness => &mut money.hifmi,
        SupplementColumn::LargeAmount => &mut money.hifob,
        SupplementColumn::Disabled => &mut money.hifdm,
        SupplementColumn::Assistance => &mut money.maf,
        SupplementColumn::Other => &mut money.oth,
    }
}

/// Index of the items that lead to no class.
pub(super) const NO_CLASS: usize = 3;

/// Fee lines that A14 reads as exactly the classes meant: the main class has the largest sum, each
/// other class meant at least 13 % of the fee, each class not meant at most 4.5 %.
fn lines<'c>(
    world: &'c World<'c>,
    pattern: &Pattern,
    fee: i64,
    [begin, end]: [i64; 2],
    dice: &mut Dice,
) -> Vec<Line<'c>> {
    let classes = pattern.0.indexes();
    let mut permille = [0_i64; 4];
    let main = classes.first().copied().unwrap_or(NO_CLASS);
    if !classes.is_empty() && dice.chance(600) {
        permille[NO_CLASS] = dice.range(10, 60);
    }
    for &class in classes.iter().skip(1) {
        // Two others leave at least 40 % to the main class, one other leaves at least 50 %.
        permille[class] = dice.range(130, if classes.len() == 3 { 250 } else { 350 });
    }
    let strange = dice.below(3) as usize;
    if !classes.is_empty() && !classes.contains(&strange) && dice.chance(300) {
        permille[strange] = dice.range(10, 45);
    }
    let mut lines = Vec::with_capacity(6);
    let mut rest = fee;
    for (class, share) in permille.into_iter().enumerate() {
        let amount = fee * share / 1000;
        if class != main && amount > 0 {
            rest -= amount;
            lines.push((class, amount));
        }
    }
    // The main class in up to three lines.
    for _ in 0..dice.below(3) {
        let amount = rest * dice.range(250, 500) / 1000;
        rest -= amount;
        lines.push((main, amount));
    }
    lines.push((main, rest));
    let number = |index: usize| u8::try_from(index + 1).unwrap_or(u8::MAX);
    lines
        .into_iter()
        .enumerate()
        .map(|(index, (class, amount))| {
            let item = dice.pick(&world.items[class]);
            let time = begin + (end - begin) * dice.range(0, 1000) / 1000;
            line(number(index), item, amount, time, dice)
        })
        .collect()
}

/// One fee line of an item.
pub(super) fn line<'c>(
    number: u8,
    item: &'c Item,
    amount: i64,
    time: i64,
    dice: &mut Dice,
) -> Line<'c> {
    Line {
        number,
        item,
        charge_type: &item.med_chrgitm_type,
        list_type: &item.list_type,
        time,
        amount,
        count: (amount / item.unit_fen.max(1)).max(1),
        days: if item.drug { *dice.pick(&[7, 14, 28, 30]) } else { 0 },
    }
}
