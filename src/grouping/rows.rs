//! One bucket's settlement rows, turned into cases: fate by fate, then grouped and merged.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDateTime};

use super::apg::{ClassSums, class_letters};
use super::batch::Row;
use super::cycle::opens_cycle;
use super::late::is_late;
use super::stays::{Stay, Stays};
use crate::grouper::Reason;
use crate::grouper::auxiliary::Typing;
use crate::grouper::dip::combination;
use crate::grouper::drg::Grouper;
use crate::grouper::record::Record;
use crate::policy::model::{CaseUnit, Cycle, CycleTime, Method, Policy};
use crate::settlement::cases::{Cases, UNGROUPED, flag};
use crate::units::Fen;

/// Rows and money of one step, as they leave or stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows.
    pub rows: i64,
    /// `medfee_sumamt` in fen.
    pub fee_fen: i128,
}

impl Tally {
    /// The money.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a year's fees are below 92 quadrillion yuan")]
    pub fn amount(&self) -> Fen {
        Fen(i64::try_from(self.fee_fen).expect("a year's fees fit 64-bit fen"))
    }

    /// Adds rows and money.
    pub fn add(&mut self, rows: i64, fee_fen: i64) {
        self.rows += rows;
        self.fee_fen += i128::from(fee_fen);
    }
}

/// Steps that are not the fate of a row that leaves.
pub(super) mod step {
    /// Every row of the table.
    pub(crate) const RAW: &str = "raw";
    /// Copies of an identical row.
    pub(crate) const DUPLICATE_IDENTICAL: &str = "duplicate_identical";
    /// Money that partial refunds take back; no row leaves.
    pub(crate) const REFUND_PARTIAL: &str = "refund_partial";
    /// Rows whose main diagnosis is out of scope.
    pub(crate) const DIAGNOSIS: &str = "scope_diagnosis";
    /// Rows that stay.
    pub(crate) const ANALYSED: &str = "analysed";
}

/// A refund, in the year settled, of a settlement of an earlier year (A45, R03).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriorRefund {
    /// Institution that refunded.
    pub fixmedins_code: String,
    /// Year and month of the refund.
    pub year: u16,
    /// Month of the refund.
    pub month: u8,
    /// Its fund amount in fen, positive.
    pub fund_fen: i64,
}

/// What one bucket comes to.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Its cases, with dictionaries of its own.
    pub cases: Cases,
    /// Records of the cases; empty unless kept.
    pub records: Vec<Record>,
    /// Why each case is grouped or not; empty unless ids are kept.
    pub reasons: Vec<Reason>,
    /// Year and step → rows and money; `raw` counts every row, other steps what left or changed.
    pub flow: BTreeMap<(u16, String), Tally>,
    /// Refunds of earlier years.
    pub prior_refunds: Vec<PriorRefund>,
    /// Analysed settlements without `begntime`, measured by `setl_time` instead (A09).
    pub without_begin: u64,
}

/// One analysed settlement on its way to a case.
#[derive(Debug, Clone)]
struct Settlement {
    setl_id: String,
    psn_no: String,
    mdtrt_id: String,
    institution: u32,
    insutype: u8,
    group: u32,
    reason: Reason,
    begin: i64,
    settled: i64,
    fee_fen: i64,
    inscope_fen: i64,
    fund_fen: i64,
    flags: u8,
    /// Only where something of it is wanted.
    stay: Option<Box<Stay>>,
}

/// What the rows are judged by.
#[derive(Debug)]
pub(super) struct Rules {
    /// The policy.
    pub policy: Policy,
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
    /// Keep the ids of the cases.
    pub keep_ids: bool,
    /// Keep the records of the cases.
    pub keep_records: bool,
}

/// Collects the rows of one bucket.
pub(super) struct Collector {
    rules: Arc<Rules>,
    part: Part,
    institutions: Dictionary,
    groups: Dictionary,
    insutypes: Dictionary,
    auxiliaries: Dictionary,
    disciplines: Dictionary,
    /// Disease or given code → letters → group id.
    group_of: HashMap<String, Vec<(&'static str, u32)>>,
    flow: Vec<(u16, String, Tally)>,
    seen: HashSet<String>,
    open: Vec<Settlement>,
    stays: Stays,
}

#[derive(Default)]
struct Dictionary {
    ids: HashMap<String, u32>,
    last: Option<(String, u32)>,
}

impl Dictionary {
    fn id(&mut self, text: &str) -> u32 {
        if let Some((known, id)) = &self.last
            && known == text
        {
            return *id;
        }
        let next = u32::try_from(self.ids.len()).unwrap_or(UNGROUPED);
        let id = match self.ids.get(text) {
            Some(id) => *id,
            None => *self.ids.entry(text.to_owned()).or_insert(next),
        };
        self.last = Some((text.to_owned(), id));
        id
    }

    fn into_names(self) -> Vec<String> {
        let mut names = vec![String::new(); self.ids.len()];
        for (name, id) in self.ids {
            names[id as usize] = name;
        }
        names
    }
}

impl Collector {
    /// Starts an empty bucket.
    #[must_use]
    pub(super) fn new(rules: Arc<Rules>, stays: Stays) -> Self {
        Self {
            rules,
            part: Part::default(),
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
        }
    }

    /// Takes one row of `int_cases__settlement`.
    pub(super) fn take(&mut self, row: &Row<'_>) {
        let year = year_of(row.setl_time);
        self.count(year, step::RAW, 1, row.raw_fee_fen);
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
        if row.fate == "reversal"
            && let Some(original) = row.original_setl_time
            && year_of(original) < year
        {
            self.part.prior_refunds.push(PriorRefund {
                fixmedins_code: row.fixmedins_code.to_owned(),
                year,
                month: month_of(row.setl_time),
                fund_fen: row.raw_fund_fen.saturating_abs(),
            });
        }
    }

    /// Whether the main diagnosis takes a settlement out of scope (P06, R05).
    fn carved_out(&self, row: &Row<'_>) -> bool {
        let listed = &self.rules.policy.scope.carve_out_diagnoses;
        !listed.is_empty() && {
            let main = self.stays.main_diagnosis(row.setl_id);
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
        let (group, reason) = self.group(row, flags);
        let mut settlement = Settlement {
            setl_id: text(row.setl_id, keep || rules.keep_ids),
            psn_no: text(row.psn_no, keep),
            mdtrt_id: text(row.mdtrt_id, keep),
            institution: self.institutions.id(row.fixmedins_code),
            insutype: u8::try_from(self.insutypes.id(row.insutype)).unwrap_or(u8::MAX),
            group,
            reason,
            begin: row.begntime.unwrap_or(row.setl_time),
            settled: row.setl_time,
            fee_fen: row.fee_fen,
            inscope_fen: row.inscope_fen,
            fund_fen: row.fund_fen,
            flags,
            stay: self.stays.take(row.setl_id),
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

    /// Group of a settlement: the fallback for late and unusable ones, else by the policy's method.
    fn group(&mut self, row: &Row<'_>, flags: u8) -> (u32, Reason) {
        let rules = Arc::clone(&self.rules);
        let apg = match &rules.policy.grouping.method {
            Method::Apg(apg) => apg,
            Method::Given { not_groups, .. } => return self.given(row, not_groups),
            // The record decides, once the stay is whole.
            Method::Dip(_) | Method::Drg(_) => return (UNGROUPED, Reason::NoGroup),
        };
        let disease = match rules.policy.scope.dise_codg.as_slice() {
            [only] if row.dise_codg.is_empty() && !apg.disease_required => only.as_str(),
            _ => row.dise_codg,
        };
        if disease.is_empty() {
            return (UNGROUPED, Reason::NoGroup);
        }
        if flags & (flag::LATE | flag::UNUSABLE) != 0 {
            return (self.code("", disease), Reason::Grouped);
        }
        let sums = ClassSums { fen: row.class_fen, important: row.class_important };
        let letters = class_letters(apg, &sums, row.fee_fen).unwrap_or("");
        (self.code(letters, disease), Reason::Grouped)
    }

    /// Group of an external grouper; differing, missing and empty results are none (R13, R26).
    fn given(&mut self, row: &Row<'_>, not_groups: &[String]) -> (u32, Reason) {
        let reason = if row.is_differing {
            Reason::DifferingResults
        } else if !row.is_given {
            Reason::NoResult
        } else if row.group_code.is_empty() || not_groups.iter().any(|no| no == row.group_code) {
            Reason::NotAGroup
        } else {
            return (self.code("", row.group_code), Reason::Grouped);
        };
        (UNGROUPED, reason)
    }

    /// Closes a stay once its settlements are merged (R15), and gives it the group that its record
    /// decides: for a directory, the combination it is counted by (R32).
    fn decide(&mut self, case: &mut Settlement) {
        let Some(stay) = &mut case.stay else { return };
        stay.close(case.begin, case.settled);
        let rules = Arc::clone(&self.rules);
        if let Method::Dip(dip) = &rules.policy.grouping.method {
            let code = combination(dip, &stay.record);
            case.reason = if code.is_some() { Reason::Grouped } else { Reason::NoMainDiagnosis };
            case.group = code.map_or(UNGROUPED, |code| self.code("", &code));
        }
        if let Some(grouper) = &rules.drg {
            let decision = grouper.decide(&stay.record);
            case.reason = decision.reason;
            let code = grouper.code(&decision);
            case.group = code.map_or(UNGROUPED, |code| self.code("", code));
        }
    }

    /// Id of a group code; APG codes are `<letters>_<disease>`, no letters meaning the fallback.
    fn code(&mut self, letters: &'static str, tail: &str) -> u32 {
        let known = self.group_of.get(tail);
        if let Some((_, id)) = known.and_then(|ids| ids.iter().find(|(l, _)| *l == letters)) {
            return *id;
        }
        let printed = match &self.rules.policy.grouping.method {
            Method::Given { .. } | Method::Dip(_) | Method::Drg(_) => tail.to_owned(),
            Method::Apg(apg) if letters.is_empty() => format!("{}_{tail}", apg.fallback),
            Method::Apg(_) => format!("{letters}_{tail}"),
        };
        let aliases = &self.rules.policy.grouping.aliases;
        let meant =
            aliases.iter().find(|(from, _)| *from == printed).map_or(&printed, |(_, to)| to);
        let id = self.groups.id(meant);
        self.group_of.entry(tail.to_owned()).or_default().push((letters, id));
        id
    }

    fn push(&mut self, case: Settlement) {
        let cases = &mut self.part.cases;
        cases.institution.push(case.institution);
        cases.group.push(case.group);
        cases.insutype.push(case.insutype);
        cases.year.push(year_of(case.settled));
        cases.month.push(month_of(case.settled));
        cases.fee_fen.push(case.fee_fen);
        cases.inscope_fen.push(case.inscope_fen);
        cases.fund_fen.push(case.fund_fen);
        cases.flags.push(case.flags);
        if self.rules.keep_ids {
            cases.case_id.push(case.setl_id);
            self.part.reasons.push(case.reason);
        }
        let Some(stay) = case.stay else { return };
        if self.rules.policy.case.cost_classes.is_some() {
            cases.cost_fen.push(stay.cost_fen);
        }
        if let Some(typing) = &self.rules.typing {
            cases.auxiliary.push(self.auxiliaries.id(&typing.types(&stay.record)));
        }
        if self.rules.keep_disciplines {
            let id = self.disciplines.id(&stay.discipline);
            cases.discipline.push(u16::try_from(id).unwrap_or(u16::MAX));
        }
        if self.rules.keep_records {
            self.part.records.push(stay.record);
        }
    }

    /// Merges what is to be merged and closes the bucket.
    #[must_use]
    pub(super) fn finish(mut self) -> Part {
        let rules = Arc::clone(&self.rules);
        let mut rows = std::mem::take(&mut self.open);
        if rules.policy.case.unit == CaseUnit::Visit {
            rows = merge_visits(rows);
        }
        for row in &mut rows {
            self.decide(row);
        }
        if let Some(cycle) = &rules.policy.case.cycle {
            let exempt: HashSet<u32> = cycle
                .except_groups
                .iter()
                .filter_map(|code| self.groups.ids.get(code).copied())
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
        self.part
    }
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

/// One case a cycle: amounts summed, identity of the first, latest settlement time (A09, A10).
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
        (&a.psn_no, a.institution, a.group, year_of(a.settled), time(a), &a.setl_id).cmp(&(
            &b.psn_no,
            b.institution,
            b.group,
            year_of(b.settled),
            time(b),
            &b.setl_id,
        ))
    });
    let times: Vec<i64> = rows.iter().map(time).collect();
    let opens = {
        let keys: Vec<(&str, u32, u32, u16)> = rows
            .iter()
            .map(|row| (row.psn_no.as_str(), row.institution, row.group, year_of(row.settled)))
            .collect();
        opens_cycle(&keys, &times, cycle.window_minutes, cycle.anchor)
    };
    let mut cases: Vec<Settlement> = Vec::with_capacity(rows.len());
    for (row, opens) in rows.into_iter().zip(opens) {
        let stands_alone = opens || exempt.contains(&row.group) || row.group == UNGROUPED;
        match cases.last_mut() {
            Some(open) if !stands_alone => {
                open.settled = open.settled.max(row.settled);
                absorb(open, &row);
            }
            _ => cases.push(row),
        }
    }
    cases
}

fn absorb(open: &mut Settlement, other: &Settlement) {
    open.begin = open.begin.min(other.begin);
    open.fee_fen += other.fee_fen;
    open.inscope_fen += other.inscope_fen;
    open.fund_fen += other.fund_fen;
    open.flags |= other.flags | flag::MERGED;
    if let (Some(open), Some(other)) = (&mut open.stay, &other.stay) {
        open.absorb(other);
    }
}

fn at(micros: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc()).unwrap_or_default()
}

pub(super) fn year_of(micros: i64) -> u16 {
    u16::try_from(at(micros).year()).unwrap_or_default()
}

fn month_of(micros: i64) -> u8 {
    u8::try_from(at(micros).month()).unwrap_or_default()
}
