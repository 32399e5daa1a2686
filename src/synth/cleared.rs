//! A synthetic official sheet of a cleared year: what the year gives under another reading, with eleven
//! more differences planted one after the other, and the key to all twelve.
//!
//! Files: `cleared.csv` and `cleared_case.csv` as the warehouse reads them, and `answer_key.csv`: `cause,
//! pool, fixmedins_code, key, amount_yuan, others_yuan, moved_yuan` of every difference. Each amount is
//! what planting that difference changed, settled on top of those before it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use super::error::Error;
use super::output::{CsvFile, Folder, Format};
use crate::cleared::{Candidate, Cause, Contribution, contributions};
use crate::policy::model::{BudgetSource, PayMethod, Pools};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::outcome::LineKind;
use crate::settlement::{ALL, Delta, Outcome, Resettle, ScenarioInput};
use crate::table::{Column, Table};
use crate::units::{Fen, Points, Ratio, ratio, round_half_away};
use num_traits::ToPrimitive as _;

/// Institutions with fewer cases are left alone.
const FEWEST_CASES: usize = 8;
/// Institutions that differences are planted at.
const PLACES: usize = 6;
/// What is planted, in fen.
const RAISED: i64 = 123_456;
const LOWERED: i64 = 65_432;
const DEDUCTED: i64 = 10_050;
const ADVANCED: i64 = 100_000;
const REFUNDED: i64 = 8_888;

/// Pool and institution.
type Key = (String, String);

/// One case on the sheet.
struct Case {
    id: String,
    row: usize,
    worth: Contribution,
}

/// Writes the sheet of the second candidate's reading into `out` and gives the key; the first is the
/// policy as it stands.
///
/// # Errors
/// [`Error::NoReading`], [`Error::FewInstitutions`], what the kernel refuses, and a folder that cannot be
/// written.
pub fn cleared_sheet(
    candidates: &[Candidate<'_>],
    threads: NonZeroUsize,
    out: &Path,
) -> Result<Table, Error> {
    let [own, reading, ..] = candidates else { return Err(Error::NoReading) };
    let start = Resettle::judge(own.cases, &own.input, threads)?.outcome(&own.input, &[])?;
    let judged = Resettle::judge(reading.cases, &reading.input, threads)?;
    let mut cases: Vec<Case> = contributions(reading.cases, &reading.input)?
        .into_iter()
        .map(|(row, worth)| Case { id: reading.cases.case_id[row].to_owned(), row, worth })
        .collect();
    cases.sort_by(|one, two| one.id.cmp(&two.id));
    let places = places(reading.cases, &cases)?;
    let mut sheet = Sheet {
        cases: reading.cases,
        input: reading.input.clone(),
        judged,
        official: cases,
        deltas: Vec::new(),
        now: paid(&start),
        key: Vec::new(),
    };
    sheet.book(Cause::Rule, "", &reading.input.name)?;
    sheet.claims(&places)?;
    sheet.multiples(&places)?;
    sheet.budget()?;
    let outcome = sheet.judged.outcome(&sheet.input, &sheet.deltas)?;
    let extras = sheet.extras(&outcome, &places);
    sheet.write(&outcome, &extras, out)?;
    Ok(sheet.key_table())
}

/// Positions of the institutions that differences are planted at, the largest first.
fn places(columns: &Cases, cases: &[Case]) -> Result<Vec<u32>, Error> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for case in cases.iter().filter(|case| value(&case.worth) > 0) {
        *counts.entry(columns.institution[case.row]).or_default() += 1;
    }
    let mut places: Vec<(u32, usize)> =
        counts.into_iter().filter(|(_, cases)| *cases >= FEWEST_CASES).collect();
    places.sort_by_key(|(place, cases)| (std::cmp::Reverse(*cases), *place));
    if places.len() < PLACES {
        return Err(Error::FewInstitutions { found: places.len(), wanted: PLACES });
    }
    Ok(places.into_iter().map(|(place, _)| place).collect())
}

/// What a multiple multiplies.
fn value(worth: &Contribution) -> i128 {
    if worth.points == 0 { worth.standard } else { worth.points }
}

fn paid(outcome: &Outcome) -> BTreeMap<Key, i64> {
    let rows = outcome.institutions.iter();
    rows.map(|row| ((row.pool.clone(), row.fixmedins_code.clone()), row.paid.0)).collect()
}

/// One line of the key.
struct KeyLine {
    cause: Cause,
    pool: String,
    institution: String,
    key: String,
    amount: i64,
    others: i64,
    moved: i64,
}

/// The sheet as far as it is planted.
struct Sheet<'a> {
    cases: &'a Cases,
    input: ScenarioInput<'a>,
    judged: Resettle<'a>,
    official: Vec<Case>,
    deltas: Vec<Delta>,
    now: BTreeMap<Key, i64>,
    key: Vec<KeyLine>,
}

/// Amounts beside the settlement, by pool and institution.
#[derive(Default)]
struct Extras {
    rounding: BTreeMap<Key, i64>,
    adjustment: BTreeMap<Key, i64>,
    deduction: BTreeMap<Key, i64>,
    advance: BTreeMap<Key, i64>,
    refund: BTreeMap<Key, i64>,
}

impl Sheet<'_> {
    /// Settles what is planted so far and notes what the last planting changed.
    fn book(&mut self, cause: Cause, institution: &str, key: &str) -> Result<(), Error> {
        let after = paid(&self.judged.outcome(&self.input, &self.deltas)?);
        let mut line = KeyLine {
            cause,
            pool: String::new(),
            institution: institution.to_owned(),
            key: key.to_owned(),
            amount: 0,
            others: 0,
            moved: 0,
        };
        let mut keys: Vec<&Key> = self.now.keys().chain(after.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let of = |paid: &BTreeMap<Key, i64>| paid.get(key).copied().unwrap_or(0);
            let change = of(&after) - of(&self.now);
            let is_own = institution.is_empty() || institution == key.1;
            *(if is_own { &mut line.amount } else { &mut line.others }) += change;
            line.moved += change.abs();
        }
        self.key.push(line);
        self.now = after;
        Ok(())
    }

    fn code(&self, place: u32) -> String {
        self.cases.institutions[place as usize].clone()
    }

    /// The institution that the person of a case is signed with (R08).
    fn part(&self, row: usize) -> Option<String> {
        self.cases.parts.get(*self.cases.part.get(row)? as usize).cloned()
    }

    fn pool(&self, row: usize) -> String {
        match self.input.policy.budget.pools {
            Pools::One => ALL.to_owned(),
            Pools::Insutype => self.cases.insutypes[usize::from(self.cases.insutype[row])].clone(),
        }
    }

    fn delta(&self, row: usize, cases: i64, sign: i128, worth: &Contribution) -> Delta {
        Delta {
            institution: self.code(self.cases.institution[row]),
            insutype: self.cases.insutypes[usize::from(self.cases.insutype[row])].clone(),
            part: self.part(row),
            month: self.cases.month[row],
            cases,
            fee: 0,
            booked: sign * worth.booked,
            points: sign * worth.points,
            standard: sign * worth.standard,
            item: sign * worth.item,
            carved: sign * worth.carved,
        }
    }

    /// A group that several institutions have, and none of them mostly.
    fn group(&self, places: &[u32]) -> Option<u32> {
        let mut counts: BTreeMap<u32, BTreeMap<u32, usize>> = BTreeMap::new();
        let mut all: BTreeMap<u32, usize> = BTreeMap::new();
        for case in self.official.iter().filter(|case| value(&case.worth) > 0) {
            let (group, place) = (self.cases.group[case.row], self.cases.institution[case.row]);
            *counts.entry(group).or_default().entry(place).or_default() += 1;
            *all.entry(place).or_default() += 1;
        }
        let fits = |places_of: &BTreeMap<u32, usize>| {
            places_of.len() > 1
                && places_of
                    .iter()
                    .filter(|(place, _)| places.contains(place))
                    .all(|(place, cases)| cases * 3 < all.get(place).copied().unwrap_or(0))
        };
        counts
            .into_iter()
            .filter(|(group, of)| *group != UNGROUPED && fits(of))
            .max_by_key(|(group, of)| (of.values().sum::<usize>(), std::cmp::Reverse(*group)))
            .map(|(group, _)| group)
    }

    /// One claim that the warehouse does not have, and one that the sheet does not have.
    fn claims(&mut self, places: &[u32]) -> Result<(), Error> {
        let group = self.group(places);
        let at = |place: u32| {
            self.official.iter().position(|case| {
                self.cases.institution[case.row] == place
                    && Some(self.cases.group[case.row]) != group
                    && value(&case.worth) > 0
            })
        };
        let few = || Error::FewInstitutions { found: 0, wanted: PLACES };
        let like = at(places[1]).ok_or_else(few)?;
        let gone = at(places[2]).ok_or_else(few)?;
        let (row, worth) = (self.official[like].row, self.official[like].worth);
        let id = format!("{}-official", self.official[like].id);
        self.deltas.push(self.delta(row, 1, 1, &worth));
        self.official.push(Case { id: id.clone(), row, worth });
        let institution = self.code(places[1]);
        self.book(Cause::ClaimMissing, &institution, &id)?;
        self.in_pool(self.pool(row));
        let gone = self.official.remove(gone);
        let mut delta = self.delta(gone.row, -1, -1, &gone.worth);
        delta.fee = -gone.worth.fee;
        self.deltas.push(delta);
        let institution = self.code(places[2]);
        self.book(Cause::ClaimExtra, &institution, &gone.id)?;
        self.in_pool(self.pool(gone.row));
        Ok(())
    }

    /// The last difference concerns one pool.
    fn in_pool(&mut self, pool: String) {
        if let Some(line) = self.key.last_mut() {
            line.pool = pool;
        }
    }

    /// A coefficient of the largest institution, and other points of one group.
    fn multiples(&mut self, places: &[u32]) -> Result<(), Error> {
        let largest = places[0];
        let group = self.group(places);
        let coefficient = Ratio::new(105.into(), 100.into());
        self.times(&coefficient, |cases, row| cases.institution[row] == largest);
        let institution = self.code(largest);
        self.book(Cause::Coefficient, &institution, "")?;
        let few = Error::FewInstitutions { found: places.len(), wanted: PLACES };
        let group = group.ok_or(few)?;
        let points = Ratio::new(11.into(), 10.into());
        self.times(&points, |cases, row| cases.group[row] == group);
        let code = self.cases.groups[group as usize].clone();
        self.book(Cause::GroupPoints, "", &code)
    }

    /// Multiplies the worth of some cases.
    fn times(&mut self, multiple: &Ratio, which: impl Fn(&Cases, usize) -> bool) {
        let digits = self.input.catalog.map_or(Points::PLACES, |catalog| catalog.places);
        let unit = 10i128.pow(Points::PLACES.saturating_sub(digits));
        let mut deltas = Vec::new();
        for at in 0..self.official.len() {
            let case = &self.official[at];
            if !which(self.cases, case.row) || value(&case.worth) == 0 {
                continue;
            }
            let step = if case.worth.points == 0 { 1 } else { unit };
            let exact = ratio(value(&case.worth)) * multiple / ratio(step);
            let wanted = round_half_away(&exact, 0).to_i128().unwrap_or(0) * step;
            let change = wanted - value(&case.worth);
            let mut more = Contribution::default();
            let part = if case.worth.points == 0 { &mut more.standard } else { &mut more.points };
            *part = change;
            deltas.push(self.delta(case.row, 0, 1, &more));
            let worth = &mut self.official[at].worth;
            worth.points += more.points;
            worth.standard += more.standard;
        }
        self.deltas.extend(deltas);
    }

    /// A hundredth more money.
    fn budget(&mut self) -> Result<(), Error> {
        let own = match self.input.policy.budget.source {
            BudgetSource::Waterfall(_) => {
                let outcome = self.judged.outcome(&self.input, &self.deltas)?;
                let row = outcome.pools.into_iter().next();
                row.map(|row| ((row.pool, row.period), row.budget))
            }
            _ => self.input.budgets.clone().into_iter().next(),
        };
        let Some((key, amount)) = own else { return Ok(()) };
        let raised = amount.to_ratio() * Ratio::new(101.into(), 100.into());
        let raised = Fen::nearest(&raised).map_err(Error::Amount)?;
        self.input.replace_budget((&key.0, &key.1), raised);
        self.book(Cause::Budget, "", &key.1)?;
        self.in_pool(key.0);
        Ok(())
    }

    /// What no settlement gives: a fen, adjustments by hand, a deduction, an advance and a refund.
    fn extras(&mut self, outcome: &Outcome, places: &[u32]) -> Extras {
        let mut extras = Extras::default();
        let home = |pool: &str, code: &str| -> Key {
            let mut rows = outcome.institutions.iter().filter(|row| row.fixmedins_code == code);
            let row = rows.find(|row| pool.is_empty() || row.pool == pool);
            let pool = row.map_or(if pool.is_empty() { ALL } else { pool }, |row| &row.pool);
            (pool.to_owned(), code.to_owned())
        };
        for advance in &self.input.given.advances {
            let key = home(&advance.pool, &advance.institution);
            *extras.advance.entry(key).or_default() += advance.amount.0;
        }
        for ((institution, _), amount) in &self.input.given.prior_refunds {
            let key = home("", institution);
            *extras.refund.entry(key).or_default() += amount.0;
        }
        let planted = [
            (Cause::Rounding, "entitlement", 3, 1),
            (Cause::ManualAdjustment, "adjustment", 4, RAISED),
            (Cause::ManualAdjustment, "adjustment", 5, -LOWERED),
            (Cause::Deduction, "deduction", 0, -DEDUCTED),
            (Cause::Advance, "advance", 1, -ADVANCED),
            (Cause::Refund, "refund", 2, -REFUNDED),
        ];
        for (cause, item, place, amount) in planted {
            let institution = self.code(places[place]);
            let (pool, _) = home("", &institution);
            let sums = match item {
                "entitlement" => &mut extras.rounding,
                "adjustment" => &mut extras.adjustment,
                "deduction" => &mut extras.deduction,
                "advance" => &mut extras.advance,
                _ => &mut extras.refund,
            };
            let is_off = !matches!(item, "entitlement" | "adjustment");
            let signed = if is_off { -amount } else { amount };
            *sums.entry((pool.clone(), institution.clone())).or_default() += signed;
            self.key.push(KeyLine {
                cause,
                pool,
                institution,
                key: item.to_owned(),
                amount,
                others: 0,
                moved: amount.abs(),
            });
        }
        extras
    }

    fn write(&self, outcome: &Outcome, extras: &Extras, out: &Path) -> Result<(), Error> {
        let folder = Folder::create(out)?;
        let file =
            |name: &str, header: &[&str]| CsvFile::create(folder.file(name), header, Format::Csv);
        let header = ["year", "pool", "period", "fixmedins_code", "item", "amount"];
        let mut rows = file("cleared.csv", &header)?;
        let year = self.input.year.to_string();
        for ((pool, period), amount) in &self.input.budgets {
            let amount = amount.to_string();
            rows.record(&[year.as_str(), pool, period, "", "budget", &amount])?;
        }
        for (key, items) in self.items(outcome, extras) {
            for (item, amount) in items {
                rows.record(&[year.as_str(), &key.0, "", &key.1, item, &amount])?;
            }
        }
        rows.finish()?;
        let header = [
            "year",
            "setl_id",
            "fixmedins_code",
            "insutype",
            "signed_fixmedins_code",
            "month",
            "hifp_pay",
            "points",
            "amount",
            "pay",
        ];
        let mut rows = file("cleared_case.csv", &header)?;
        for case in &self.official {
            rows.record(&self.record(&year, case)?)?;
        }
        rows.finish()?;
        let header =
            ["cause", "pool", "fixmedins_code", "key", "amount_yuan", "others_yuan", "moved_yuan"];
        let mut rows = file("answer_key.csv", &header)?;
        for line in &self.key {
            let [amount, others, moved] =
                [line.amount, line.others, line.moved].map(|fen| Fen(fen).to_string());
            let of = [line.cause.as_str(), &line.pool, &line.institution, &line.key];
            rows.record(&[of[0], of[1], of[2], of[3], &amount, &others, &moved])?;
        }
        rows.finish()?;
        folder.finish()?;
        Ok(())
    }

    /// Items of every institution.
    fn items(
        &self,
        outcome: &Outcome,
        extras: &Extras,
    ) -> BTreeMap<Key, Vec<(&'static str, String)>> {
        let mut counts: BTreeMap<Key, (i64, i128)> = BTreeMap::new();
        for case in &self.official {
            let key = (self.pool(case.row), self.code(self.cases.institution[case.row]));
            let count = counts.entry(key).or_default();
            *count = (count.0 + 1, count.1 + case.worth.points);
        }
        let is_points = self.input.policy.payment.method == PayMethod::Points;
        let mut items = BTreeMap::new();
        for row in &outcome.institutions {
            let key = (row.pool.clone(), row.fixmedins_code.clone());
            let extra = |sums: &BTreeMap<Key, i64>| sums.get(&key).copied().unwrap_or(0);
            let own = outcome.ledger.iter().filter(|line| {
                line.kind == LineKind::Deduction
                    && line.pool == key.0
                    && line.fixmedins_code == key.1
            });
            let deducted: i64 = own.map(|line| -line.amount.0).sum();
            let entitlement = row.entitlement.0 + extra(&extras.rounding);
            let adjusted = row.paid.0 - row.entitlement.0 + deducted;
            let adjustment = adjusted + extra(&extras.adjustment);
            let deduction = deducted + extra(&extras.deduction);
            let paid = entitlement + adjustment - deduction;
            let (advance, refund) = (extra(&extras.advance), extra(&extras.refund));
            let mut list = Vec::new();
            // Money divided by contract: a case belongs to no pool before it is settled, and is not counted.
            if let Some((cases, points)) = counts.get(&key).copied() {
                list.push(("cases", cases.to_string()));
                let points = Points(i64::try_from(points).unwrap_or(i64::MAX));
                list.extend(is_points.then(|| ("points", points.to_decimal().to_string())));
            }
            let money = [
                ("entitlement", entitlement),
                ("adjustment", adjustment),
                ("deduction", deduction),
                ("paid", paid),
                ("advance", advance),
                ("refund", refund),
                ("balance", paid - advance - refund),
            ];
            list.extend(money.map(|(item, fen)| (item, Fen(fen).to_string())));
            items.insert(key, list);
        }
        items
    }

    fn record(&self, year: &str, case: &Case) -> Result<[String; 10], Error> {
        let fen = super::dimensions::fen;
        let (row, worth) = (case.row, &case.worth);
        let points = i64::try_from(worth.points).unwrap_or(i64::MAX);
        let by_points = worth.points != 0;
        let amount = fen(worth.standard + worth.item)?.to_string();
        let pay = if worth.standard == 0 { "item" } else { "group" };
        let text = |is_there: bool, text: String| if is_there { text } else { String::new() };
        Ok([
            year.to_owned(),
            case.id.clone(),
            self.code(self.cases.institution[row]),
            self.cases.insutypes[usize::from(self.cases.insutype[row])].clone(),
            self.part(row).unwrap_or_default(),
            self.cases.month[row].to_string(),
            fen(worth.booked)?.to_string(),
            text(by_points, Points(points).to_decimal().to_string()),
            text(!by_points, amount),
            text(!by_points, pay.to_owned()),
        ])
    }

    fn key_table(&self) -> Table {
        let text = |of: fn(&KeyLine) -> &str| Column::text(self.key.iter().map(of));
        let yuan = |of: fn(&KeyLine) -> i64| Column::yuan(self.key.iter().map(of));
        Table::new("cleared_key")
            .with("cause", text(|line| line.cause.as_str()))
            .with("pool", text(|line| &line.pool))
            .with("fixmedins_code", text(|line| &line.institution))
            .with("key", text(|line| &line.key))
            .with("amount_yuan", yuan(|line| line.amount))
            .with("others_yuan", yuan(|line| line.others))
            .with("moved_yuan", yuan(|line| line.moved))
    }
}
