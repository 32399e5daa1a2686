//! One bucket's settlement rows, turned into cases: fate by fate, then grouped and merged.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDateTime};

use super::apg::CLASS_LETTERS;
use super::batch::Row;
use super::beside::Beside;
use super::cases::Refund;
use super::columns::Extra;
use super::dictionary::Dictionary;
use super::late::is_late;
use super::signing::Signing;
use super::split::{self, Parts};
use super::stays::{Stay, Stays};
use super::tally::{Tally, TierSum, step};
use super::watch::{Watch, Watched};
use crate::grouper::Reason;
use crate::grouper::auxiliary::Typing;
use crate::grouper::cycle::opens_cycle;
use crate::grouper::drg::Grouper;
use crate::grouper::record::Record;
use crate::period::Years;
use crate::policy::model::{CaseUnit, Cycle, CycleTime, Policy, UnitKind};
use crate::settlement::cases::{Cases, UNGROUPED, UNSIGNED, flag};

/// What one bucket comes to.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Its cases, with dictionaries of its own.
    pub cases: Cases,
    /// Persons by number, where cases have persons.
    pub persons: Vec<String>,
    /// Records of the cases; empty unless kept.
    pub records: Vec<Record>,
    /// Why each case is grouped or not; empty unless ids are kept.
    pub reasons: Vec<Reason>,
    /// Year and step → rows and money; `raw` counts every row, other steps what left or changed.
    pub flow: BTreeMap<(u16, String), Tally>,
    /// What became of the settlements watched, by id.
    pub watched: BTreeMap<String, Watch>,
    /// Refunds of cleared years.
    pub prior_refunds: Vec<Refund>,
    /// Refunds of what is not there.
    pub orphan_refunds: Vec<Refund>,
    /// Cases by tier of contribution, where parts are told.
    pub tiers: BTreeMap<String, TierSum>,
    /// Analysed settlements without `begntime`, measured by `setl_time` instead (A09).
    pub without_begin: u64,
    /// The policy asks for negotiated drugs, and no fee line says whether it is one.
    pub lacks_negotiated: bool,
}

/// One analysed settlement on its way to a case.
#[derive(Debug, Clone)]
pub(super) struct Settlement {
    pub(super) setl_id: String,
    pub(super) psn_no: String,
    mdtrt_id: String,
    institution: u32,
    insutype: u8,
    pub(super) group: u32,
    pub(super) reason: Reason,
    pub(super) begin: i64,
    pub(super) settled: i64,
    /// Gives the case its month and year (A44).
    dated: i64,
    /// Without what is carved out.
    pub(super) fee_fen: i64,
    inscope_fen: i64,
    pub(super) fund_fen: i64,
    /// Of the fee, what is carved out (A47).
    pub(super) carved_fen: i64,
    flags: u8,
    /// Whom its person is signed with (R08).
    contract: u32,
    /// Paid by a unit of the policy and not by its group (R19).
    pub(super) is_unit: bool,
    /// What it is split by, where combined codes are (A15).
    parts: Option<Box<Parts>>,
    /// Only where something of it is wanted.
    pub(super) stay: Option<Box<Stay>>,
    /// The rows it was merged from; empty unless settlements are watched.
    pub(super) members: Vec<Watched>,
}

/// What the rows are judged by.
#[derive(Debug)]
pub(super) struct Rules {
    /// The policy.
    pub policy: Policy,
    /// Years whose cases are wanted.
    pub years: Years,
    /// The grouper of method `drg`.
    pub drg: Option<Grouper>,
    /// How cases of one disease are told apart.
    pub typing: Option<Typing>,
    /// Keep the discharge departments.
    pub keep_disciplines: bool,
    /// Whether late uploads can be judged: the warehouse has upload times (A23).
    pub judge_late: bool,
    /// Whether missing fee lines and diagnoses can be judged: the tables were loaded (R24).
    pub judge_lines: bool,
    /// See `judge_lines`.
    pub judge_diagnosis: bool,
    /// Who is signed with whom, where the policy has head budgets.
    pub signing: Option<Signing>,
    /// Keep the ids of the cases.
    pub keep_ids: bool,
    /// Keep the records of the cases.
    pub keep_records: bool,
    /// Columns that only some policies read.
    pub extra: Extra,
    /// Ids of the settlements watched, for their explanation.
    pub watch: BTreeSet<String>,
}

impl Rules {
    /// Whether cases keep their days: some unit is paid by them.
    fn counts_days(&self) -> bool {
        let mut kinds = self.policy.units.iter().map(|unit| unit.kind);
        kinds.any(|kind| matches!(kind, UnitKind::BedDays { .. }))
    }

    /// Whom a person is signed with in the month of a case (R08), or [`UNSIGNED`].
    fn contract(&self, person: &str, dated: i64) -> u32 {
        let signing = self.signing.as_ref();
        signing
            .map_or(UNSIGNED, |signing| signing.contract(person, year_of(dated), month_of(dated)))
    }
}

/// Collects the rows of one bucket.
pub(super) struct Collector<'a> {
    pub(super) rules: Arc<Rules>,
    pub(super) part: Part,
    pub(super) persons: Dictionary,
    institutions: Dictionary,
    pub(super) groups: Dictionary,
    insutypes: Dictionary,
    auxiliaries: Dictionary,
    disciplines: Dictionary,
    /// Disease or given code → letters → group id.
    pub(super) group_of: HashMap<String, Vec<(&'static str, u32)>>,
    flow: Vec<(u16, String, Tally)>,
    pub(super) seen: HashSet<String>,
    open: Vec<Settlement>,
    stays: Stays,
    beside: &'a Beside,
}

impl<'a> Collector<'a> {
    /// Starts an empty bucket.
    #[must_use]
    pub(super) fn new(rules: Arc<Rules>, stays: Stays, beside: &'a Beside) -> Self {
        Self {
            rules,
            part: Part::default(),
            persons: Dictionary::default(),
            institutions: Dictionary::default(),
            groups: Dictionary::default(),
            insutypes: Dictionary::default(),
            auxiliaries: Dictionary::default(),
            disciplines: Dictionary::default(),
            group_of: HashMap::new(),
            flow: Vec::new(),
            seen: HashSet::new(),
            open: Vec::new(),
            stays,
            beside,
        }
    }

    /// Takes one row of `int_cases__netted`.
    pub(super) fn take(&mut self, row: &Row<'_>) {
        let year = year_of(row.case_time);
        // Where cases are dated by discharge, the settlements of every year are read.
        if !self.rules.years.as_slice().contains(&year) {
            return;
        }
        self.count(year, step::RAW, 1, row.raw_fee_fen);
        self.watch(row);
        // `is_repeated` is never true of a voided row.
        if row.is_repeated && !self.seen.insert(row.setl_id.to_owned()) {
            let conflict = row.fate == "duplicate_conflict";
            let step = if conflict { row.fate } else { step::DUPLICATE_IDENTICAL };
            self.count(year, step, -1, -row.raw_fee_fen);
            return;
        }
        if row.fate == step::ANALYSED && self.carved_out(row) {
            self.count(year, step::DIAGNOSIS, -1, -row.raw_fee_fen);
            return;
        }
        if row.fate == step::ANALYSED {
            if row.fee_fen != row.raw_fee_fen {
                self.count(year, step::REFUND_PARTIAL, 0, row.fee_fen - row.raw_fee_fen);
            }
            self.count(year, step::ANALYSED, 1, row.fee_fen);
            self.analyse(row);
            return;
        }
        self.count(year, row.fate, -1, -row.raw_fee_fen);
        let refunds = match (row.fate, row.original_case_time) {
            ("orphan_refund", _) => &mut self.part.orphan_refunds,
            ("reversal", Some(time)) if self.is_cleared(time, row) => &mut self.part.prior_refunds,
            _ => return,
        };
        if row.is_in_scope {
            refunds.push(Refund {
                fixmedins_code: row.fixmedins_code.to_owned(),
                year,
                month: month_of(row.setl_time),
                fund_fen: row.raw_fund_fen.saturating_abs(),
            });
        }
    }

    fn is_cleared(&self, original: i64, row: &Row<'_>) -> bool {
        self.rules.policy.is_cleared(year_of(original), at(row.setl_time).date())
    }

    /// Whether the main diagnosis takes a settlement out of scope (P06, R05).
    pub(super) fn carved_out(&self, row: &Row<'_>) -> bool {
        let listed = &self.rules.policy.scope.carve_out_diagnoses;
        !listed.is_empty() && {
            let main = self.stays.main_diagnosis(row.setl_key);
            listed.iter().any(|code| main.starts_with(code.as_str()))
        }
    }

    fn count(&mut self, year: u16, step: &str, rows: i64, fee_fen: i64) {
        // A handful of steps: a linear search beats hashing, and allocates only once a step.
        match self.flow.iter_mut().find(|(y, s, _)| *y == year && s == step) {
            Some((_, _, tally)) => tally.add(rows, fee_fen),
            None => {
                let mut tally = Tally::default();
                tally.add(rows, fee_fen);
                self.flow.push((year, step.to_owned(), tally));
            }
        }
    }

    fn analyse(&mut self, row: &Row<'_>) {
        let rules = Arc::clone(&self.rules);
        let partial = row.fee_fen != row.raw_fee_fen;
        let mut flags = if partial { flag::PARTIAL_REFUND } else { 0 };
        if let Some(late) = rules.policy.case.late.as_ref().filter(|_| rules.judge_late)
            && is_late(at(row.setl_time), row.upload_time.map(at), late.deadline)
        {
            flags |= flag::LATE;
        }
        let self_paying = &rules.policy.scope.self_paying_insutype;
        if self_paying.iter().any(|insutype| insutype == row.insutype) {
            flags |= flag::SELF_PAYING;
        }
        let no_lines = rules.judge_lines && row.lines == 0;
        let no_diagnosis = rules.judge_diagnosis && !row.is_diagnosed;
        if rules.policy.case.unusable_to_fallback && (no_lines || no_diagnosis) {
            flags |= flag::UNUSABLE;
        }
        if row.begntime.is_none() {
            self.part.without_begin += 1;
        }
        let keep = self.merges();
        let text = |value: &str, wanted: bool| {
            if wanted { value.to_owned() } else { String::new() }
        };
        let stay = self.stays.take(row.setl_key, self.beside);
        let carved_fen = carved_out(row, stay.as_deref());
        if carved_fen > 0 {
            self.count(year_of(row.case_time), step::CARVED_OUT, 0, -carved_fen);
        }
        let fee_fen = row.fee_fen - carved_fen;
        let decided = self.group(row, (flags, fee_fen), stay.as_deref());
        let mut settlement = Settlement {
            setl_id: text(row.setl_id, keep || rules.keep_ids),
            psn_no: text(row.psn_no, keep || rules.extra.days),
            mdtrt_id: text(row.mdtrt_id, keep),
            institution: self.institutions.id(row.fixmedins_code),
            insutype: u8::try_from(self.insutypes.id(row.insutype)).unwrap_or(u8::MAX),
            group: decided.group,
            reason: decided.reason,
            begin: row.begntime.unwrap_or(row.setl_time),
            settled: row.setl_time,
            dated: row.case_time,
            fee_fen,
            inscope_fen: row.inscope_fen,
            fund_fen: row.fund_fen,
            carved_fen,
            flags,
            contract: rules.contract(row.psn_no, row.case_time),
            is_unit: decided.is_unit,
            parts: decided.parts,
            stay,
            members: self.members(row, carved_fen),
        };
        if keep {
            self.open.push(settlement);
        } else {
            self.decide(&mut settlement);
            self.push(settlement);
        }
    }

    fn merges(&self) -> bool {
        self.rules.policy.case.cycle.is_some() || self.rules.policy.case.unit == CaseUnit::Visit
    }

    fn push(&mut self, case: Settlement) {
        let mut case = case;
        self.keep_watched(&case);
        if let Some(parts) = case.parts.take()
            && let Some(fees) = split::fees(&parts, case.fee_fen)
        {
            self.push_parts(&case, &parts.disease, &fees);
            return;
        }
        let days = case.stay.as_ref().filter(|_| case.is_unit);
        let days = days.map_or(0, |stay| stay.record.stay_days);
        if self.rules.counts_days() {
            self.part.cases.unit_days.push(days);
        }
        if self.rules.signing.is_some() {
            self.part.cases.part.push(case.contract);
            let grade = case.stay.as_ref().map_or("", |stay| stay.clct_grde.as_str());
            let one =
                TierSum { cases: 1, fee_fen: case.fee_fen.into(), fund_fen: case.fund_fen.into() };
            match self.part.tiers.get_mut(grade) {
                Some(tier) => tier.add(&one),
                None => drop(self.part.tiers.insert(grade.to_owned(), one)),
            }
        }
        let cases = &mut self.part.cases;
        cases.institution.push(case.institution);
        cases.group.push(case.group);
        cases.insutype.push(case.insutype);
        cases.year.push(year_of(case.dated));
        cases.month.push(month_of(case.dated));
        cases.fee_fen.push(case.fee_fen);
        cases.inscope_fen.push(case.inscope_fen);
        cases.fund_fen.push(case.fund_fen);
        cases.flags.push(case.flags);
        self.push_extra(&case);
        let cases = &mut self.part.cases;
        if self.rules.keep_ids {
            cases.case_id.push(&case.setl_id);
            self.part.reasons.push(case.reason);
        }
        let Some(stay) = case.stay else { return };
        if self.rules.policy.case.cost_classes.is_some() {
            cases.cost_fen.push(stay.cost_fen);
        }
        if let Some(typing) = &self.rules.typing {
            cases.auxiliary.push(self.auxiliaries.id(&typing.types(&stay.record)));
            if typing.is_given(&stay.record)
                && let Some(flags) = cases.flags.last_mut()
            {
                *flags |= flag::TYPES_GIVEN;
            }
        }
        if self.rules.keep_disciplines {
            let id = self.disciplines.id(&stay.discipline);
            cases.discipline.push(u16::try_from(id).unwrap_or(u16::MAX));
        }
        if self.rules.keep_records {
            self.part.records.push(stay.record);
        }
    }

    /// A row for each part of a combined case (A15).
    fn push_parts(&mut self, case: &Settlement, disease: &str, fees: &[(&'static str, i64)]) {
        let inscope = split::share(case.inscope_fen, fees);
        let fund = split::share(case.fund_fen, fees);
        let drugs = fees.iter().position(|(letter, _)| *letter == CLASS_LETTERS[1]).unwrap_or(0);
        for (at, (letter, fee)) in fees.iter().enumerate() {
            let mut part = case.clone();
            part.group = self.code(letter, disease);
            (part.fee_fen, part.inscope_fen, part.fund_fen) = (*fee, inscope[at], fund[at]);
            if let Some(stay) = &mut part.stay {
                stay.keep_part(at == 0, at == drugs);
            }
            if at > 0 {
                part.carved_fen = 0;
            }
            self.push(part);
        }
        let more = i64::try_from(fees.len()).unwrap_or(i64::MAX).saturating_sub(1);
        self.count(year_of(case.dated), step::SPLIT, more, 0);
    }

    /// Merges what is to be merged and closes the bucket.
    #[must_use]
    pub(super) fn finish(mut self) -> Part {
        self.part.lacks_negotiated = self.beside.fees.lacks_negotiated();
        let rules = Arc::clone(&self.rules);
        let mut rows = std::mem::take(&mut self.open);
        if rules.policy.case.unit == CaseUnit::Visit {
            rows = merge_visits(rows);
        }
        for row in &mut rows {
            self.decide(row);
        }
        if let Some(cycle) = &rules.policy.case.cycle {
            let units = rules.policy.units.iter().map(|unit| &unit.code);
            let exempt: HashSet<u32> = cycle
                .except_groups
                .iter()
                .chain(units)
                .filter_map(|code| self.groups.known(code))
                .collect();
            rows = merge_cycles(rows, cycle, &exempt);
        }
        for row in rows {
            self.push(row);
        }
        for (year, step, tally) in std::mem::take(&mut self.flow) {
            self.part.flow.insert((year, step), tally);
        }
        self.part.cases.institutions = self.institutions.into_names();
        self.part.cases.groups = self.groups.into_names();
        self.part.cases.insutypes = self.insutypes.into_names();
        self.part.cases.auxiliaries = self.auxiliaries.into_names();
        self.part.cases.disciplines = self.disciplines.into_names();
        self.part.persons = self.persons.into_names();
        self.part
    }
}

/// Fen of the lines carved out of a fee, at most the fee (A47).
fn carved_out(row: &Row<'_>, stay: Option<&Stay>) -> i64 {
    stay.map_or(0, |stay| stay.lines.money.carved_fen().clamp(0, row.fee_fen.max(0)))
}

/// One case a visit: amounts summed, the rest from the last settlement (A54, R15).
fn merge_visits(mut rows: Vec<Settlement>) -> Vec<Settlement> {
    rows.sort_by(|a, b| {
        (&a.psn_no, &a.mdtrt_id, a.settled, &a.setl_id).cmp(&(
            &b.psn_no,
            &b.mdtrt_id,
            b.settled,
            &b.setl_id,
        ))
    });
    let mut visits: Vec<Settlement> = Vec::with_capacity(rows.len());
    for row in rows {
        match visits.last_mut() {
            Some(open)
                if !row.mdtrt_id.is_empty()
                    && open.mdtrt_id == row.mdtrt_id
                    && open.psn_no == row.psn_no =>
            {
                let before = std::mem::replace(open, row);
                absorb(open, &before);
            }
            _ => visits.push(row),
        }
    }
    visits
}

/// One case a cycle, within one year: amounts summed, identity of the first, latest times (A09, A10).
fn merge_cycles(
    mut rows: Vec<Settlement>,
    cycle: &Cycle,
    exempt: &HashSet<u32>,
) -> Vec<Settlement> {
    let time = |row: &Settlement| match cycle.by_time {
        CycleTime::Begin => row.begin,
        CycleTime::Settle => row.settled,
    };
    rows.sort_by(|a, b| {
        (&a.psn_no, a.institution, a.group, year_of(a.dated), time(a), &a.setl_id).cmp(&(
            &b.psn_no,
            b.institution,
            b.group,
            year_of(b.dated),
            time(b),
            &b.setl_id,
        ))
    });
    let times: Vec<i64> = rows.iter().map(time).collect();
    let opens = {
        let keys: Vec<(&str, u32, u32, u16)> = rows
            .iter()
            .map(|row| (row.psn_no.as_str(), row.institution, row.group, year_of(row.dated)))
            .collect();
        opens_cycle(&keys, &times, cycle.window_minutes, cycle.anchor)
    };
    let mut cases: Vec<Settlement> = Vec::with_capacity(rows.len());
    for (row, opens) in rows.into_iter().zip(opens) {
        let stands_alone = opens || exempt.contains(&row.group) || row.group == UNGROUPED;
        match cases.last_mut() {
            Some(open) if !stands_alone => {
                if row.dated >= open.dated {
                    open.contract = row.contract;
                }
                absorb(open, &row);
                if let (Some(open), Some(last)) = (&mut open.stay, &row.stay) {
                    open.lines.drug_days = last.lines.drug_days;
                }
            }
            _ => cases.push(row),
        }
    }
    cases
}

fn absorb(open: &mut Settlement, other: &Settlement) {
    open.begin = open.begin.min(other.begin);
    open.settled = open.settled.max(other.settled);
    open.dated = open.dated.max(other.dated);
    open.fee_fen += other.fee_fen;
    open.inscope_fen += other.inscope_fen;
    open.fund_fen += other.fund_fen;
    open.carved_fen += other.carved_fen;
    open.flags |= other.flags | flag::MERGED;
    open.members.extend_from_slice(&other.members);
    if let (Some(open), Some(other)) = (&mut open.stay, &other.stay) {
        open.absorb(other);
    }
    if let (Some(open), Some(other)) = (&mut open.parts, &other.parts) {
        for (sum, part) in open.class_fen.iter_mut().zip(other.class_fen) {
            *sum += part;
        }
    }
}

pub(super) fn at(micros: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc()).unwrap_or_default()
}

pub(super) fn year_of(micros: i64) -> u16 {
    u16::try_from(at(micros).year()).unwrap_or_default()
}

fn month_of(micros: i64) -> u8 {
    u8::try_from(at(micros).month()).unwrap_or_default()
}
