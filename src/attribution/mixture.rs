//! Judges the cases of both years under every mixture of both sides' rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::account::{Account, Settled, Worth};
use super::error::Error;
use crate::catalog::model::{Catalog, Group};
use crate::policy::model::{Apg, Method, Policy, Pools, RatioOf, Standard};
use crate::settlement::cases::{Cases, UNGROUPED};
use crate::settlement::decide::{CaseView, Pay, decide};
use crate::settlement::outcome::{LedgerLine, LineKind};
use crate::settlement::tariff::Tariff;
use crate::settlement::{ALL, Outcome, ScenarioInput, YEAR, periods};
use crate::units::{Fen, Points, Ratio, exact, fraction, ratio, to_decimal};

/// One of two settlements.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// What it was settled from.
    pub input: &'a ScenarioInput<'a>,
    /// What it gave.
    pub outcome: &'a Outcome,
}

/// The cases of both years under both definitions: `[year][definition]`, old first. Sets that are the
/// same may be the same reference. Where definitions differ, cases carry ids.
#[derive(Debug, Clone, Copy)]
pub struct CaseSets<'a>(pub [[&'a Cases; 2]; 2]);

/// Whether two policies and catalogs find and group cases alike, so that group codes mean the same.
#[must_use]
pub fn same_definition(old: &ScenarioInput<'_>, new: &ScenarioInput<'_>) -> bool {
    let (a, b) = (old.policy, new.policy);
    let rules = a.scope == b.scope
        && a.case == b.case
        && a.grouping == b.grouping
        && a.carve_out == b.carve_out
        && a.units == b.units;
    let codes = |catalog: Option<&Catalog>| -> Vec<String> {
        let groups = catalog.iter().flat_map(|catalog| &catalog.groups);
        groups.map(|group| group.group_code.clone()).collect()
    };
    // Groups learned from history are those of the catalog.
    rules && (!is_learned(a) || codes(old.catalog) == codes(new.catalog))
}

fn is_learned(policy: &Policy) -> bool {
    match &policy.grouping.method {
        Method::Dip(_) | Method::Apg(Apg { refine: Some(_), .. }) => true,
        Method::Given { .. } | Method::Apg(_) | Method::Drg(_) => false,
    }
}

/// The accounts of all institutions, by pool and code.
///
/// # Errors
/// [`Error`]: sides that pay in different ways, cases without ids, a case that no mixture can judge.
pub fn accounts(old: Side<'_>, new: Side<'_>, sets: CaseSets<'_>) -> Result<Vec<Account>, Error> {
    let sides = [old, new];
    let methods = sides.map(|side| side.input.policy.payment.method);
    if methods[0] != methods[1] {
        let [old, new] = sides.map(|side| side.input.name.clone());
        return Err(Error::OtherMethod { old, new });
    }
    let slots = Slots::of(sides, sets);
    let sums = sums(sides, sets, &slots)?;
    let values = [0, 1].map(|side| values(sides, side, &sums, &slots));
    let mut settled: BTreeMap<Key, [Settled; 2]> = BTreeMap::new();
    for (at, side) in sides.iter().enumerate() {
        for row in &side.outcome.institutions {
            let key = (slots.account(&row.pool), row.fixmedins_code.clone());
            let own = &mut settled.entry(key).or_default()[at];
            own.paid = Fen(own.paid.0.saturating_add(row.paid.0));
        }
        for line in side.outcome.ledger.iter().filter(|line| is_share(line.kind)) {
            let key = (slots.account(&line.pool), line.fixmedins_code.clone());
            let own = &mut settled.entry(key).or_default()[at];
            own.share = Fen(own.share.0.saturating_add(line.amount.0));
        }
    }
    let accounts = settled.into_iter().map(|(key, settled)| {
        let own = sums.get(&key).cloned();
        let sums = own.unwrap_or_else(|| Sums::new(slots.places.len()));
        Account {
            pool: key.0,
            fixmedins_code: key.1,
            cases: sums.cases,
            sums: sums.worths,
            values: values.clone(),
            settled,
        }
    });
    Ok(accounts.collect())
}

/// Pool and institution of an account.
type Key = (String, String);

/// Lines that divide money by points or standards.
fn is_share(kind: LineKind) -> bool {
    matches!(kind, LineKind::PointsShare | LineKind::StandardPaid | LineKind::FloatingRescale)
}

/// Where a point has which value: a pool and a period on each side.
type Place = (String, String);

/// Stretches of pool and year in which a point has one value on both sides.
struct Slots {
    places: Vec<[Place; 2]>,
    /// By insurance type and month.
    of: BTreeMap<(String, u8), usize>,
    /// Whether both sides have a pool for each insurance type.
    apart: bool,
}

impl Slots {
    fn of(sides: [Side<'_>; 2], sets: CaseSets<'_>) -> Self {
        let apart = sides.iter().all(|side| pools(side.input.policy) == Pools::Insutype);
        let mut slots = Self { places: Vec::new(), of: BTreeMap::new(), apart };
        let insutypes: BTreeSet<&String> =
            sets.0.iter().flatten().flat_map(|cases| &cases.insutypes).collect();
        for insutype in insutypes {
            for month in 1..=12u8 {
                let places = sides.map(|side| place(side.input.policy, insutype, month));
                let known = slots.places.iter().position(|other| *other == places);
                let slot = known.unwrap_or(slots.places.len());
                if known.is_none() {
                    slots.places.push(places);
                }
                slots.of.insert((insutype.clone(), month), slot);
            }
        }
        slots
    }

    /// The pool of an account: pools that only one side tells apart are one.
    fn account(&self, pool: &str) -> String {
        if self.apart { pool.to_owned() } else { ALL.to_owned() }
    }
}

/// How the money of a policy is separated. Head budgets follow persons and not insurance types: to an
/// institution they are one pool.
fn pools(policy: &Policy) -> Pools {
    if policy.capitation.is_some() { Pools::One } else { policy.budget.pools }
}

/// Pool and period that a case counts in.
fn place(policy: &Policy, insutype: &str, month: u8) -> Place {
    if policy.capitation.is_some() {
        return (ALL.to_owned(), YEAR.to_owned());
    }
    let pool = match policy.budget.pools {
        Pools::One => ALL,
        Pools::Insutype => insutype,
    };
    let mut periods = periods(policy.budget.period).iter();
    let period = periods.find(|(_, months)| months.contains(&usize::from(month)));
    (pool.to_owned(), period.map_or(YEAR, |(name, _)| *name).to_owned())
}

/// Pool and period that a ledger line divides the money of.
fn place_of_line(policy: &Policy, line: &LedgerLine) -> Place {
    if policy.capitation.is_some() {
        return (ALL.to_owned(), YEAR.to_owned());
    }
    (line.pool.clone(), line.period.clone())
}

/// Sums of one institution: cases by year and definition, worths by mixture.
#[derive(Debug, Clone)]
struct Sums {
    cases: [[i64; 2]; 2],
    worths: Vec<Worth>,
}

impl Sums {
    fn new(slots: usize) -> Self {
        let worth = Worth { item: 0, weight: vec![0; slots] };
        Self { cases: [[0; 2]; 2], worths: vec![worth; Account::MIXTURES] }
    }
}

/// Every set judged by every mixture of weights, coefficients and bands.
fn sums(
    sides: [Side<'_>; 2],
    sets: CaseSets<'_>,
    slots: &Slots,
) -> Result<BTreeMap<Key, Sums>, Error> {
    let crosswalk = Crosswalk::of(sides, sets)?;
    let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
    for (year, definition) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let cases = sets.0[year][definition];
        let accounts = accounts_of(cases, slots);
        let mut counts = vec![0i64; accounts.len()];
        for row in rows(cases, sides[year].input.year) {
            let count = &mut counts[account_at(cases, row)];
            *count = count.saturating_add(1);
        }
        for ((key, _), cases) in accounts.iter().zip(counts).filter(|(_, cases)| *cases != 0) {
            let own = sums.entry(key.clone()).or_insert_with(|| Sums::new(slots.places.len()));
            let count = &mut own.cases[year][definition];
            *count = count.saturating_add(cases);
        }
        for bits in 0..8usize {
            let rules = [(bits >> 2) & 1, (bits >> 1) & 1, bits & 1];
            let mixture = Mixture { sides, definition, rules, crosswalk: &crosswalk };
            let at = Account::mixture(year, definition, rules);
            let judged = mixture.judge(cases, year)?;
            for ((key, months), judged) in accounts.iter().zip(judged) {
                let Some(own) = sums.get_mut(key) else { continue };
                for (slot, (item, weight)) in months.iter().zip(judged) {
                    let worth = &mut own.worths[at];
                    worth.item = worth.item.saturating_add(item);
                    worth.weight[*slot] = worth.weight[*slot].saturating_add(weight);
                }
            }
        }
    }
    Ok(sums)
}

fn rows(cases: &Cases, year: u16) -> impl Iterator<Item = usize> {
    (0..cases.len()).filter(move |row| cases.year[*row] == year)
}

/// Accounts of a set by insurance type and institution, each with its slots, January first.
fn accounts_of(cases: &Cases, slots: &Slots) -> Vec<(Key, [usize; 12])> {
    let mut accounts = Vec::new();
    for insutype in &cases.insutypes {
        let mut months = [0; 12];
        for (month, slot) in (1..).zip(&mut months) {
            *slot = slots.of[&(insutype.clone(), month)];
        }
        let pool = slots.account(insutype);
        accounts
            .extend(cases.institutions.iter().map(|code| ((pool.clone(), code.clone()), months)));
    }
    accounts
}

/// Position of a case in [`accounts_of`].
#[expect(clippy::arithmetic_side_effects, reason = "an index into a table of that size; no money")]
fn account_at(cases: &Cases, row: usize) -> usize {
    usize::from(cases.insutype[row]) * cases.institutions.len() + cases.institution[row] as usize
}

/// One choice of rules for the cases of one definition.
struct Mixture<'a> {
    sides: [Side<'a>; 2],
    definition: usize,
    /// Sides of weights, coefficients and bands.
    rules: [usize; 3],
    crosswalk: &'a Crosswalk,
}

/// Item money and weight of one account by month.
type Months = [(i128, i128); 12];

impl Mixture<'_> {
    /// Sums by account and month.
    fn judge(&self, cases: &Cases, year: usize) -> Result<Vec<Months>, Error> {
        let [weights, coefficients, bands] = self.rules.map(|side| self.sides[side].input);
        let of_cases = self.sides[year].input;
        let (policy, catalog) = (self.policy(), self.catalog());
        let mut given = of_cases.given.clone();
        given.institutions.clone_from(&coefficients.given.institutions);
        given.last_means.clone_from(&bands.given.last_means);
        let input = ScenarioInput {
            name: weights.name.clone(),
            policy: &policy,
            catalog: catalog.as_ref(),
            // Prices are those in force in the year they were paid in.
            year: weights.year,
            budgets: BTreeMap::new(),
            assessments: BTreeMap::new(),
            given,
        };
        // The area's own ratio is that of the cases, whatever year the prices are of (A16).
        let moved = (policy.payment.ratio == RatioOf::Area && weights.year != of_cases.year)
            .then(|| Cases { year: vec![weights.year; cases.len()], ..cases.clone() });
        let tariff = Tariff::resolve(&input, moved.as_ref().unwrap_or(cases))?;
        let accounts = cases.insutypes.len().saturating_mul(cases.institutions.len());
        let mut sums = vec![Months::default(); accounts];
        for row in rows(cases, of_cases.year) {
            let judged = decide(&tariff, &CaseView::of(cases, row));
            let (item, weight) = match judged.pay {
                Pay::Booked(fen) => (fen, 0),
                Pay::Standard(fen) => (0, fen),
                Pay::Points(points) => (0, points),
                Pay::Refused(_) => return Err(self.refused(cases, row)),
            };
            let month = usize::from(cases.month[row]).saturating_sub(1);
            let sum = &mut sums[account_at(cases, row)][month];
            // Lines carved out of the fee are paid as booked too (A47).
            let item = i128::from(item).saturating_add(judged.carved.into());
            *sum = (sum.0.saturating_add(item), sum.1.saturating_add(weight.into()));
        }
        Ok(sums)
    }

    fn refused(&self, cases: &Cases, row: usize) -> Error {
        let group = match cases.group[row] {
            UNGROUPED => "",
            at => cases.groups[at as usize].as_str(),
        };
        Error::Mixture {
            group: group.to_owned(),
            what: "values and lines",
            side: self.sides[self.rules[0]].input.name.clone(),
            why: "it has no value there, no mean to draw its lines at, or a pay beyond 64 bits",
        }
    }

    /// The policy of the definition with the sections of the other causes from their sides.
    fn policy(&self) -> Policy {
        let own = |side: usize| self.sides[side].input.policy;
        let [weights, coefficients, bands] = self.rules.map(own);
        let mut policy = own(self.definition).clone();
        policy.weights.clone_from(&weights.weights);
        policy.payment = weights.payment.clone();
        policy.same_price.clone_from(&weights.same_price);
        policy.expected_standard.clone_from(&weights.expected_standard);
        policy.standards = self.standards();
        policy.coefficient.clone_from(&coefficients.coefficient);
        policy.auxiliary.clone_from(&coefficients.auxiliary);
        policy.deviation.clone_from(&bands.deviation);
        policy.outlier.clone_from(&bands.outlier);
        policy.score.clone_from(&bands.score);
        policy
    }

    /// Prices of the side of the weights; a group that it has none for keeps that of the other side.
    fn standards(&self) -> Vec<Standard> {
        let side = self.rules[0];
        let own = &self.sides[side].input.policy.standards;
        let known: BTreeSet<&str> = own.iter().map(|price| price.group_code.as_str()).collect();
        let other = self.sides[1 ^ side].input.policy.standards.iter();
        let other = other.filter(|price| !known.contains(price.group_code.as_str()));
        let first = own.iter().map(|price| price.from).min();
        let other = other.map(|price| Standard {
            from: first.map_or(price.from, |first| first.min(price.from)),
            ..price.clone()
        });
        own.iter().cloned().chain(other).collect()
    }

    /// The catalog of the side of the weights, over the groups of the definition.
    fn catalog(&self) -> Option<Catalog> {
        let [weights, coefficients, _] = self.rules;
        let mut catalog = self.sides[weights].input.catalog?.clone();
        if let Some(tables) = self.sides[coefficients].input.catalog.map(|catalog| &catalog.tables)
        {
            catalog.tables.clone_from(tables);
        }
        if weights != self.definition
            && let Some(into) = self.crosswalk.flows(self.definition)
        {
            catalog.groups = translated(&catalog, into);
        }
        Some(catalog)
    }
}

/// Groups in which the same cases are under the other definition; empty where both are the same.
struct Crosswalk {
    /// Cases by group of the old and of the new definition.
    cells: BTreeMap<(String, String), u64>,
    is_same: bool,
}

/// By group of one definition: the groups of the other that its cases are in, with their number.
type Flows = BTreeMap<String, Vec<(String, u64)>>;

impl Crosswalk {
    fn of(sides: [Side<'_>; 2], sets: CaseSets<'_>) -> Result<Self, Error> {
        let mut walk = Self { cells: BTreeMap::new(), is_same: true };
        for (year, [old, new]) in sets.0.into_iter().enumerate() {
            if std::ptr::eq(old, new) {
                continue;
            }
            walk.is_same = false;
            for cases in [old, new] {
                let with_id = cases.case_id.texts().filter(|id| !id.is_empty()).count();
                if with_id != cases.len() {
                    return Err(Error::CaseIds { cases: cases.len(), with_id });
                }
            }
            let settled = sides[year].input.year;
            let ids: HashMap<&str, usize> =
                rows(new, settled).map(|row| (&new.case_id[row], row)).collect();
            for row in rows(old, settled) {
                let Some(there) = ids.get(&old.case_id[row]) else { continue };
                if let (Some(from), Some(to)) = (group(old, row), group(new, *there)) {
                    let cell = walk.cells.entry((from.to_owned(), to.to_owned())).or_default();
                    *cell = cell.saturating_add(1);
                }
            }
        }
        Ok(walk)
    }

    /// For the groups of a definition those of the other; `None` where codes mean the same.
    fn flows(&self, definition: usize) -> Option<Flows> {
        if self.is_same {
            return None;
        }
        let mut flows = Flows::new();
        for ((old, new), cases) in &self.cells {
            let (own, other) = if definition == 0 { (old, new) } else { (new, old) };
            flows.entry(own.clone()).or_default().push((other.clone(), *cases));
        }
        Some(flows)
    }
}

fn group(cases: &Cases, row: usize) -> Option<&str> {
    cases.groups.get(cases.group[row] as usize).map(String::as_str)
}

/// Values of a catalog for the groups of another definition: the mean over the cases they share, so that
/// regrouping at unchanged values moves money between cases and makes none.
fn translated(catalog: &Catalog, flows: Flows) -> Vec<Group> {
    let known: BTreeMap<&str, &Group> =
        catalog.groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
    let groups = flows.into_iter().filter_map(|(code, parts)| {
        let parts: Vec<(&Group, u64)> = parts
            .iter()
            .filter_map(|(other, cases)| Some((*known.get(other.as_str())?, *cases)))
            .filter(|(group, _)| !group.mean.is_zero())
            .collect();
        let (largest, _) = parts
            .iter()
            .max_by_key(|(group, cases)| (*cases, std::cmp::Reverse(group.group_code.as_str())))?;
        let mean = average(&parts, |group| Some(exact(group.mean)))?;
        let points = average(&parts, |group| group.points.map(Points::to_ratio));
        Some(Group {
            group_code: code,
            mean: to_decimal(&mean, catalog.places)?,
            points: points.and_then(|points| Points::from_ratio(&points, Points::PLACES)),
            ..(*largest).clone()
        })
    });
    groups.collect()
}

/// Mean of a value over cases; `None` where a group has none.
fn average(parts: &[(&Group, u64)], of: fn(&Group) -> Option<Ratio>) -> Option<Ratio> {
    let (mut sum, mut cases) = (ratio(0), ratio(0));
    for (group, count) in parts {
        sum += of(group)? * ratio(*count);
        cases += ratio(*count);
    }
    (cases != ratio(0)).then(|| sum / cases)
}

/// Fen for one unit of weight in every slot, as a side divided its money.
fn values(
    sides: [Side<'_>; 2],
    side: usize,
    sums: &BTreeMap<Key, Sums>,
    slots: &Slots,
) -> Vec<Option<Ratio>> {
    let policy = sides[side].input.policy;
    let mut money: BTreeMap<Place, i128> = BTreeMap::new();
    for line in sides[side].outcome.ledger.iter().filter(|line| is_share(line.kind)) {
        let sum = money.entry(place_of_line(policy, line)).or_default();
        *sum = sum.saturating_add(line.amount.0.into());
    }
    let own = Account::mixture(side, side, [side; 3]);
    let mut weights: BTreeMap<&Place, i128> = BTreeMap::new();
    for sums in sums.values() {
        for (places, weight) in slots.places.iter().zip(&sums.worths[own].weight) {
            let sum = weights.entry(&places[side]).or_default();
            *sum = sum.saturating_add(*weight);
        }
    }
    let value = |places: &[Place; 2]| {
        let weight = weights.get(&places[side]).copied().unwrap_or(0);
        fraction(money.get(&places[side]).copied().unwrap_or(0), weight)
    };
    slots.places.iter().map(value).collect()
}
