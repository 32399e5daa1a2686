//! What the statistics must find: cases and money of every group and year, as they are meant.

use std::collections::BTreeMap;

use super::city::{GroupBy, Scope};
use super::defect::Net;
use super::row::{DAY, NO_GROUP, Row, SetlId, year_of};
use super::world::{World, day};

/// Cases and money of one group and year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Cases after merging.
    pub(super) cases: u64,
    /// Σ `medfee_sumamt` net of refunds, in fen.
    pub(super) fee: i128,
    /// Σ `hifp_pay` net of refunds, in fen.
    pub(super) fund: i128,
}

impl Sums {
    /// Adds others.
    pub(super) fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.fee += other.fee;
        self.fund += other.fund;
    }
}

/// A settlement that counts.
#[derive(Debug, Clone, Copy)]
struct Counted<'c> {
    fixmedins_code: &'c str,
    group: u32,
    year: u16,
    begin: i64,
    id: SetlId,
    visit: SetlId,
    settled: i64,
    insutype: &'c str,
    fee: i64,
    fund: i64,
}

/// The truth of a city, gathered person by person.
pub(super) struct Truth<'c> {
    scope: &'c Scope,
    completed_from: Option<i64>,
    /// By group: whether its settlements are merged.
    merges: Vec<bool>,
    window: Option<i64>,
    years: Vec<u16>,
    /// By group, then by year; last the cases without group.
    sums: Vec<Vec<Sums>>,
    /// Insurance type and year → fund money booked.
    booked: BTreeMap<(&'c str, u16), i128>,
    person: Vec<Counted<'c>>,
    /// Letters of the class of each group, where what finer groups are made of is asked for.
    classes: Vec<String>,
    leaves: BTreeMap<Leaf<'c>, Sums>,
}

/// What a group learned from history is made of (H11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Leaf<'c> {
    /// Index of the group.
    pub(super) group: u32,
    /// Main diagnosis.
    pub(super) diagnosis: &'c str,
    /// Item with the largest sum in the main class, ties by code; empty in the fallback group.
    pub(super) item: &'c str,
    /// Whether a line is a negotiated drug.
    pub(super) negotiated: bool,
    pub(super) year: u16,
}

impl<'c> Truth<'c> {
    /// Nothing counted yet.
    pub(super) fn new(world: &'c World<'c>, years: &[u16]) -> Self {
        let scope = &world.city.scope;
        let excepted = |group: &String| {
            scope.merge.as_ref().is_none_or(|merge| merge.except_groups.contains(group))
        };
        Self {
            scope,
            completed_from: scope.completed_from.as_deref().and_then(day),
            merges: world.groups.iter().map(|group| !excepted(group)).collect(),
            window: scope.merge.as_ref().map(|merge| merge.window_seconds),
            years: years.to_vec(),
            sums: vec![vec![Sums::default(); years.len()]; world.groups.len() + 1],
            booked: BTreeMap::new(),
            person: Vec::new(),
            classes: match scope.group_by {
                GroupBy::DiseCodg => Vec::new(),
                GroupBy::MainDiagnosis => {
                    let letters = |code: &String| code.split('_').next().map(str::to_owned);
                    world.groups.iter().filter_map(letters).collect()
                }
            },
            leaves: BTreeMap::new(),
        }
    }

    /// A settlement of the person at hand, after netting.
    pub(super) fn add(&mut self, row: &Row<'c>, net: Net) {
        if !self.in_scope(row) {
            return;
        }
        if !self.classes.is_empty() {
            self.count_leaf(row, net);
        }
        let late = net.late && self.scope.late_to_fallback;
        self.person.push(Counted {
            fixmedins_code: row.fixmedins_code,
            group: if late { row.fallback } else { row.group },
            year: year_of(row.settled),
            begin: row.begin,
            id: row.id,
            visit: row.visit,
            settled: row.settled,
            insutype: row.insutype,
            fee: net.fee,
            fund: net.fund,
        });
    }

    /// Counts what a finer group would be made of, by the settlement's own lines.
    fn count_leaf(&mut self, row: &Row<'c>, net: Net) {
        let Some(class) = self.classes.get(row.group as usize) else { return };
        let mut items: BTreeMap<&'c str, i64> = BTreeMap::new();
        for line in row.lines.iter().filter(|line| line.item.class == *class) {
            *items.entry(line.item.med_list_codg.as_str()).or_default() += line.amount;
        }
        // Of equal sums the first code stands: later ones must be larger.
        let main =
            items.iter().fold(None, |best: Option<(&'c str, i64)>, (item, sum)| match best {
                Some((_, most)) if most >= *sum => best,
                _ => Some((*item, *sum)),
            });
        let leaf = Leaf {
            group: row.group,
            diagnosis: row.diagnoses.first().map_or("", |main| main.code),
            item: main.map_or("", |(item, _)| item),
            negotiated: row.lines.iter().any(|line| line.item.drug && line.item.negotiated),
            year: year_of(row.settled),
        };
        let one = Sums { cases: 1, fee: i128::from(net.fee), fund: i128::from(net.fund) };
        self.leaves.entry(leaf).or_default().add(&one);
    }

    /// What finer groups are made of, with the letters of the class; nothing unless the city's groups
    /// are those of main diagnoses.
    pub(super) fn leaves(&self) -> impl Iterator<Item = (&str, &Leaf<'c>, &Sums)> {
        let made = |leaf: &Leaf<'c>| self.years.contains(&leaf.year);
        let class = |leaf: &Leaf<'c>| self.classes[leaf.group as usize].as_str();
        let leaves = self.leaves.iter().filter(move |(leaf, _)| made(leaf));
        leaves.map(move |(leaf, sums)| (class(leaf), leaf, sums))
    }

    /// The scope of the city's policy, tested per settlement before merging (R05).
    pub(super) fn in_scope(&self, row: &Row<'_>) -> bool {
        let scope = self.scope;
        let listed = |list: &[String], value: &str| list.iter().any(|known| known == value);
        let disease = row.disease.code;
        let away = matches!(row.pay_loc, "3" | "4")
            || !scope.insu_admdvs.iter().any(|prefix| row.insu_admdvs.starts_with(prefix.as_str()));
        let from = self.completed_from.unwrap_or(i64::MIN);
        let started = row.start.is_some_and(|start| start <= row.settled.div_euclid(DAY));
        listed(&scope.insutype, row.insutype)
            && listed(&scope.med_type, row.med_type)
            && (scope.dise_codg.is_empty() || listed(&scope.dise_codg, disease))
            && !(scope.exclude_out_of_area && away)
            && !listed(&scope.carve_out_hi_paymtd, row.hi_paymtd)
            && !row.diagnoses.first().is_some_and(|main| scope.carves_out(main.code))
            && (started || !scope.only_started_institutions)
            && row.end.div_euclid(DAY) >= from
            && row.settled.div_euclid(DAY) >= from
    }

    /// The person is complete: settlements of one cycle become one case (A09).
    pub(super) fn close_person(&mut self) {
        if self.scope.by_visit {
            self.close_visits();
            return;
        }
        let mut person = std::mem::take(&mut self.person);
        person.sort_by(|a, b| {
            let key = |case: &Counted<'c>| (case.fixmedins_code, case.group, case.year);
            key(a).cmp(&key(b)).then_with(|| (a.begin, a.id).cmp(&(b.begin, b.id)))
        });
        let mut open: Option<&Counted<'c>> = None;
        for case in &person {
            let same = open.is_some_and(|first| {
                self.merges.get(case.group as usize) == Some(&true)
                    && (first.fixmedins_code, first.group, first.year)
                        == (case.fixmedins_code, case.group, case.year)
                    && self.window.is_some_and(|window| case.begin - first.begin < window)
            });
            if !same {
                open = Some(case);
            }
            self.count(case, u64::from(!same));
        }
        person.clear();
        self.person = person;
    }

    /// The person is complete: settlements of one visit become one case, with group, year and
    /// insurance of the last (A54, R15).
    fn close_visits(&mut self) {
        let mut person = std::mem::take(&mut self.person);
        person.sort_by_key(|part| (part.visit, part.settled, part.id));
        for parts in person.chunk_by(|a, b| a.visit == b.visit) {
            let Some(last) = parts.last() else { continue };
            let fee = parts.iter().map(|part| part.fee).sum();
            let fund = parts.iter().map(|part| part.fund).sum();
            self.count(&Counted { fee, fund, ..*last }, 1);
        }
        person.clear();
        self.person = person;
    }

    fn count(&mut self, case: &Counted<'c>, cases: u64) {
        let Some(year) = self.years.iter().position(|&year| year == case.year) else { return };
        let without = self.sums.len() - 1;
        let group = if case.group == NO_GROUP { without } else { case.group as usize };
        let sums = &mut self.sums[group][year];
        sums.cases += cases;
        sums.fee += i128::from(case.fee);
        sums.fund += i128::from(case.fund);
        *self.booked.entry((case.insutype, case.year)).or_default() += i128::from(case.fund);
    }

    /// Sums by year of every group with a case, by code.
    pub(super) fn by_group<'t>(&'t self, world: &'t World<'_>) -> BTreeMap<&'t str, Vec<Sums>> {
        let groups = world.groups.iter().map(String::as_str).zip(&self.sums);
        groups
            .filter(|(_, sums)| sums.iter().any(|sums| sums.cases > 0))
            .map(|(group, sums)| (group, sums.clone()))
            .collect()
    }

    /// Group, year and sums in ascending order of group code and year; nothing without cases. The
    /// code of cases without group is empty.
    pub(super) fn lines<'t>(&'t self, world: &'t World<'_>) -> Vec<(&'t str, u16, Sums)> {
        let mut lines: Vec<(&str, u16, Sums)> = Vec::new();
        let names = world.groups.iter().map(String::as_str).chain([""]);
        for (group, sums) in names.zip(&self.sums) {
            for (&year, sums) in self.years.iter().zip(sums) {
                if sums.cases > 0 {
                    lines.push((group, year, *sums));
                }
            }
        }
        lines.sort_by_key(|&(group, year, _)| (group, year));
        lines
    }

    /// Cases of a year.
    pub(super) fn cases(&self, year: u16) -> u64 {
        let position = self.years.iter().position(|&known| known == year);
        position.map_or(0, |year| self.sums.iter().map(|sums| sums[year].cases).sum())
    }

    /// Fund money booked in a year, in fen.
    pub(super) fn booked(&self, year: u16) -> i128 {
        let position = self.years.iter().position(|&known| known == year);
        position.map_or(0, |year| self.sums.iter().map(|sums| sums[year].fund).sum())
    }

    /// Fund money booked in a year for one insurance type, in fen.
    pub(super) fn booked_by(&self, insutype: &str, year: u16) -> i128 {
        self.booked.get(&(insutype, year)).copied().unwrap_or(0)
    }
}
