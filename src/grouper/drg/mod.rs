//! A table-driven DRG grouper: MDC → ADRG → DRG, with the row that decided each step (P02).
//!
//! The tables are data of the policy ([`crate::policy::drg`]), checked when it loads. A case is
//! judged by its record alone and gets exactly one [`Status`] with one [`Reason`]:
//!
//! 1. MDC: rules of stage `pre` in declared order (先期分组), then by the main diagnosis.
//! 2. ADRG: the first rule of the MDC whose conditions all hold. A case with a significant operation
//!    that no surgical or procedure rule of its MDC takes is ambiguous (歧义), not medical.
//! 3. Level: the worst CC or MCC among the other diagnoses that the main diagnosis does not exclude.
//! 4. DRG: the row of the ADRG for that level.
//!
//! ```
//! use dianshu::grouper::{Status, drg::Grouper, record::Record};
//! use dianshu::policy::{self, model::Method};
//! # let policy = policy::load("panzhihua-drg")?;
//! # let policy = policy::compose(&policy, &policy::load_scenarios("own-grouper", &policy)?)?;
//! # let Method::Drg(tables) = &policy.policy.grouping.method else { panic!() };
//! let grouper = Grouper::new(tables);
//! let record = Record {
//!     main_diagnosis: "I21.001".to_owned(),
//!     other_diagnoses: vec!["J96.900".to_owned()],
//!     age_days: Some(60 * 365), // a newborn would be another MDC
//!     ..Record::default()
//! };
//! let decision = grouper.decide(&record);
//! assert_eq!(decision.status(), Status::Grouped);
//! assert_eq!(grouper.code(&decision), Some("FM11"));
//! # Ok::<(), dianshu::policy::Error>(())
//! ```

pub mod import;
#[cfg(test)]
mod import_tests;
mod index;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use index::Index;

use super::record::Record;
use super::{GroupInfo, Reason, Status};
use crate::policy::model::drg::{AdrgKind, CodeSystem, Drg, Level, Stage, When};

/// Which table a row of the trail stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableName {
    /// MDC rules.
    Mdc,
    /// ADRG rules.
    Adrg,
    /// CC and MCC.
    Cc,
    /// DRGs.
    Groups,
}

/// One step of a decision: the row that decided, or that a complication was excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Table of the row.
    pub table: TableName,
    /// Line in that table's file.
    pub line: u64,
    /// What the step gives: an MDC, an ADRG, a level or a DRG.
    pub gives: String,
    /// The code of the case that counted: the main diagnosis, an operation, a complication.
    pub because: String,
    /// A complication that the main diagnosis excludes.
    pub excluded: bool,
}

/// What became of a case; the numbers are rows of the [`Drg`] tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Why it is grouped or not.
    pub reason: Reason,
    /// Row of the MDC rule.
    pub mdc: Option<usize>,
    /// Row of the ADRG rule.
    pub adrg: Option<usize>,
    /// Level of the case, where an ADRG was found.
    pub level: Option<Level>,
    /// Row of the DRG.
    pub group: Option<usize>,
}

impl Decision {
    /// The closed status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.reason.status()
    }

    fn stopped(reason: Reason, mdc: Option<usize>) -> Self {
        Self { reason, mdc, adrg: None, level: None, group: None }
    }
}

/// Definition tables, ready to judge cases.
#[derive(Debug, Clone)]
pub struct Grouper {
    tables: Drg,
    diagnoses: Index,
    operations: Index,
    complications: Index,
    /// By row of an MDC rule: rows of the ADRG rules of that MDC, as declared.
    adrgs: Vec<Vec<usize>>,
    /// By row of an ADRG rule: row of the DRG for each level.
    groups: Vec<BTreeMap<Level, usize>>,
}

/// The lists the codes of one case are on.
#[derive(Debug, Default)]
struct Facts {
    main_diagnosis: Vec<u32>,
    other_diagnoses: Vec<u32>,
    main_operation: Vec<u32>,
    operations: Vec<u32>,
}

/// Whether a rule holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    /// It would, if the age or gender that it asks for were known.
    Unknown,
}

impl Grouper {
    /// Builds the indexes of tables that were checked when they were read.
    #[must_use]
    pub fn new(tables: &Drg) -> Self {
        let of = |system| {
            let mut lists = tables.lists.clone();
            for list in lists.iter_mut().filter(|list| list.system != system) {
                list.exact.clear();
                list.prefixes.clear();
            }
            Index::of_lists(&lists)
        };
        let mut complications = Index::default();
        for (at, row) in tables.complications.iter().enumerate() {
            complications.add(&row.code, row.prefix, u32::try_from(at).unwrap_or(u32::MAX));
        }
        let of_mdc = |mdc: &str| {
            let rules = tables.adrgs.iter().enumerate().filter(|(_, rule)| rule.mdc == mdc);
            rules.map(|(at, _)| at).collect()
        };
        let of_adrg = |adrg: &str| {
            let rows = tables.groups.iter().enumerate().filter(|(_, row)| row.adrg == adrg);
            rows.flat_map(|(at, row)| row.levels.iter().map(move |level| (*level, at))).collect()
        };
        Self {
            diagnoses: of(CodeSystem::Diagnosis),
            operations: of(CodeSystem::Operation),
            complications,
            adrgs: tables.mdcs.iter().map(|rule| of_mdc(&rule.mdc)).collect(),
            groups: tables.adrgs.iter().map(|rule| of_adrg(&rule.adrg)).collect(),
            tables: tables.clone(),
        }
    }

    /// The tables it judges by.
    #[must_use]
    pub fn tables(&self) -> &Drg {
        &self.tables
    }

    /// The DRG of a decision.
    #[must_use]
    pub fn code(&self, decision: &Decision) -> Option<&str> {
        decision.group.map(|at| self.tables.groups[at].drg.as_str())
    }

    /// Judges one case.
    #[must_use]
    pub fn decide(&self, record: &Record) -> Decision {
        let main = record.main_diagnosis.as_str();
        if main.is_empty() {
            return Decision::stopped(Reason::NoMainDiagnosis, None);
        }
        if !main.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Decision::stopped(Reason::NoDiagnosisCode, None);
        }
        let facts = self.facts(record);
        let mdc = match self.mdc(record, &facts) {
            Ok(Some(mdc)) => mdc,
            Ok(None) => return Decision::stopped(Reason::NoMdc, None),
            Err(reason) => return Decision::stopped(reason, None),
        };
        let adrg = match self.adrg(mdc, record, &facts) {
            Ok(adrg) => adrg,
            Err(reason) => return Decision::stopped(reason, Some(mdc)),
        };
        let level = self.level(record, &facts);
        // Every level of an ADRG has a row: the tables do not load otherwise.
        let group = self.groups[adrg].get(&level).copied();
        let (mdc, adrg, level) = (Some(mdc), Some(adrg), Some(level));
        Decision { reason: Reason::Grouped, mdc, adrg, level, group }
    }

    fn facts(&self, record: &Record) -> Facts {
        let mut facts = Facts::default();
        self.diagnoses.all(&record.main_diagnosis, &mut facts.main_diagnosis);
        for code in &record.other_diagnoses {
            self.diagnoses.all(code, &mut facts.other_diagnoses);
        }
        self.operations.all(&record.main_operation, &mut facts.main_operation);
        facts.operations.clone_from(&facts.main_operation);
        for code in &record.other_operations {
            self.operations.all(code, &mut facts.operations);
        }
        facts
    }

    fn mdc(&self, record: &Record, facts: &Facts) -> Result<Option<usize>, Reason> {
        for (at, rule) in self.tables.mdcs.iter().enumerate() {
            match holds(&rule.when, record, facts) {
                Holds::Yes => return Ok(Some(at)),
                Holds::Unknown => return Err(Reason::NoAgeOrGender),
                Holds::No => {}
            }
        }
        Ok(None)
    }

    fn adrg(&self, mdc: usize, record: &Record, facts: &Facts) -> Result<usize, Reason> {
        let rules = || self.adrgs[mdc].iter().copied();
        let holds = |at: usize| holds(&self.tables.adrgs[at].when, record, facts);
        let medical = |at: usize| self.tables.adrgs[at].kind == AdrgKind::Medical;
        // A pre-MDC is chosen by more than the main diagnosis: no operation is foreign to it.
        let foreign = || {
            let list = self.tables.significant_operations;
            list.is_some_and(|list| on(&facts.operations, list))
                && self.tables.mdcs[mdc].stage == Stage::Main
                && !rules().any(|at| !medical(at) && holds(at) == Holds::Yes)
        };
        for at in rules() {
            match holds(at) {
                Holds::Yes if medical(at) && foreign() => return Err(Reason::UnrelatedOperation),
                Holds::Yes => return Ok(at),
                Holds::Unknown => return Err(Reason::NoAgeOrGender),
                Holds::No => {}
            }
        }
        Err(if foreign() { Reason::UnrelatedOperation } else { Reason::NoAdrg })
    }

    fn level(&self, record: &Record, facts: &Facts) -> Level {
        let levels = record.other_diagnoses.iter().filter_map(|code| {
            let row = &self.tables.complications[self.complications.nearest(code)? as usize];
            let excluded = row.excluded_by.is_some_and(|list| on(&facts.main_diagnosis, list));
            (!excluded).then_some(row.level)
        });
        levels.max().unwrap_or(Level::None)
    }

    /// The rows that decided, in order.
    #[must_use]
    pub fn trail(&self, record: &Record, decision: &Decision) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(rule) = decision.mdc.map(|at| &self.tables.mdcs[at]) {
            steps.push(self.step((TableName::Mdc, rule.line, &rule.mdc), &rule.when, record));
        }
        let Some(rule) = decision.adrg.map(|at| &self.tables.adrgs[at]) else { return steps };
        steps.push(self.step((TableName::Adrg, rule.line, &rule.adrg), &rule.when, record));
        let facts = self.facts(record);
        for code in &record.other_diagnoses {
            let Some(at) = self.complications.nearest(code) else { continue };
            let row = &self.tables.complications[at as usize];
            steps.push(Step {
                table: TableName::Cc,
                line: row.line,
                gives: row.level.as_str().to_owned(),
                because: code.clone(),
                excluded: row.excluded_by.is_some_and(|list| on(&facts.main_diagnosis, list)),
            });
        }
        if let Some(row) = decision.group.map(|at| &self.tables.groups[at]) {
            steps.push(Step {
                table: TableName::Groups,
                line: row.line,
                gives: row.drg.clone(),
                because: decision.level.map_or("", Level::as_str).to_owned(),
                excluded: false,
            });
        }
        steps
    }

    /// The step of a rule, with the codes of the case that its lists found.
    fn step<'r>(
        &self,
        (table, line, gives): (TableName, u64, &str),
        when: &When,
        record: &'r Record,
    ) -> Step {
        let main = [&record.main_diagnosis];
        let others: Vec<&String> = record.other_diagnoses.iter().collect();
        let first = [&record.main_operation];
        let all: Vec<&String> = first.into_iter().chain(&record.other_operations).collect();
        let find = |list: Option<usize>, index: &Index, codes: &[&'r String]| {
            let list = list?;
            let on_list = |code: &&&String| {
                let mut lists = Vec::new();
                index.all(code, &mut lists);
                on(&lists, list)
            };
            codes.iter().find(on_list).map(|code| code.as_str())
        };
        let found = [
            find(when.main_diagnosis, &self.diagnoses, &main),
            find(when.other_diagnosis, &self.diagnoses, &others),
            find(when.main_operation, &self.operations, &first),
            find(when.operation, &self.operations, &all),
            find(when.second_operation, &self.operations, &all),
        ];
        let mut because: Vec<&str> = Vec::new();
        for code in found.into_iter().flatten() {
            if !because.contains(&code) {
                because.push(code);
            }
        }
        let because = because.join(" + ");
        Step { table, line, gives: gives.to_owned(), because, excluded: false }
    }

    /// Name, kind and parent of every DRG, for the catalog; the parent of a DRG is its ADRG (A51).
    #[must_use]
    pub fn info(&self) -> BTreeMap<String, GroupInfo> {
        let kind = |adrg: &str| {
            let rule = self.tables.adrgs.iter().find(|rule| rule.adrg == adrg);
            rule.map_or("", |rule| rule.kind.as_str()).to_owned()
        };
        let info = |row: &crate::policy::model::drg::DrgRow| GroupInfo {
            name: row.name.clone(),
            kind: kind(&row.adrg),
            parent: Some(row.adrg.clone()),
        };
        self.tables.groups.iter().map(|row| (row.drg.clone(), info(row))).collect()
    }
}

fn on(lists: &[u32], list: usize) -> bool {
    lists.iter().any(|known| *known as usize == list)
}

fn holds(when: &When, record: &Record, facts: &Facts) -> Holds {
    let met = |list: Option<usize>, lists: &[u32]| list.is_none_or(|list| on(lists, list));
    let lists = met(when.main_diagnosis, &facts.main_diagnosis)
        && met(when.other_diagnosis, &facts.other_diagnoses)
        && met(when.main_operation, &facts.main_operation)
        && met(when.operation, &facts.operations)
        && met(when.second_operation, &facts.operations);
    if !lists {
        return Holds::No;
    }
    let aged = when.age_from_days.is_some() || when.age_below_days.is_some();
    let young =
        record.age_days.is_some_and(|age| when.age_from_days.is_some_and(|from| age < from));
    let old = record.age_days.is_some_and(|age| when.age_below_days.is_some_and(|end| age >= end));
    let known_gend = ["1", "2"].contains(&record.gend.as_str());
    let other = known_gend && when.gend.as_ref().is_some_and(|gend| *gend != record.gend);
    if young || old || other {
        Holds::No
    } else if (aged && record.age_days.is_none()) || (when.gend.is_some() && !known_gend) {
        Holds::Unknown
    } else {
        Holds::Yes
    }
}
