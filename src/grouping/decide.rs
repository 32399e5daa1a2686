//! The group of a settlement: by unit, by the classes of its fee lines, by an external grouper or, once its
//! stay is whole, by its record.

use std::sync::Arc;

use super::apg::{CLASS_LETTERS, ClassSums, class_letters};
use super::batch::Row;
use super::rows::{Collector, Settlement};
use super::split::Parts;
use super::stays::Stay;
use crate::grouper::Reason;
use crate::grouper::dip::combination;
use crate::grouper::refine;
use crate::policy::model::{Apg, Combined, DiseaseOf, Letters, Method, Refine};
use crate::settlement::cases::{UNGROUPED, flag};

/// What was decided about a settlement.
#[derive(Debug)]
pub(super) struct Decided {
    /// Number of its group.
    pub(super) group: u32,
    /// Why it has that group, or none.
    pub(super) reason: Reason,
    /// Paid by a unit of the policy, whose code stands in the place of a group.
    pub(super) is_unit: bool,
    /// What it is split by, where combined codes are (A15).
    pub(super) parts: Option<Box<Parts>>,
}

impl Decided {
    fn grouped(group: u32) -> Self {
        Self { group, reason: Reason::Grouped, is_unit: false, parts: None }
    }

    fn none(reason: Reason) -> Self {
        Self { group: UNGROUPED, reason, is_unit: false, parts: None }
    }
}

impl Collector<'_> {
    /// Group of a settlement: its unit, the fallback for late and unusable ones, else by the policy's
    /// method.
    pub(super) fn group(
        &mut self,
        row: &Row<'_>,
        (flags, fee_fen): (u8, i64),
        stay: Option<&Stay>,
    ) -> Decided {
        if let Some(group) = self.unit(row, stay) {
            return Decided { is_unit: true, ..Decided::grouped(group) };
        }
        let rules = Arc::clone(&self.rules);
        match &rules.policy.grouping.method {
            Method::Apg(apg) => self.apg(apg, row, (flags, fee_fen), stay),
            Method::Given { not_groups, .. } => self.given(row, not_groups),
            // The record decides, once the stay is whole.
            Method::Dip(_) | Method::Drg(_) => Decided::none(Reason::NoGroup),
        }
    }

    /// The unit of the policy that pays a settlement, in the place of a group (R19).
    fn unit(&mut self, row: &Row<'_>, stay: Option<&Stay>) -> Option<u32> {
        let stay = stay?;
        let rules = Arc::clone(&self.rules);
        let mut units = rules.policy.units.iter();
        let unit = units.find(|unit| unit.takes(&stay.hi_paymtd, row.dise_codg, &stay.med_type))?;
        Some(self.groups.id(&unit.code))
    }

    /// Letters of the classes, `_`, disease (A14, R13); the fallback for late and unusable ones.
    fn apg(
        &mut self,
        apg: &Apg,
        row: &Row<'_>,
        (flags, fee_fen): (u8, i64),
        stay: Option<&Stay>,
    ) -> Decided {
        let rules = Arc::clone(&self.rules);
        let disease = match (apg.disease, rules.policy.scope.dise_codg.as_slice()) {
            (DiseaseOf::MainDiagnosis, _) => {
                stay.map_or("", |stay| stay.record.main_diagnosis.as_str())
            }
            (_, [only]) if row.dise_codg.is_empty() && !apg.disease_required => only.as_str(),
            _ => row.dise_codg,
        };
        let disease = apg.disease_characters.map_or(disease, |many| refine::first(disease, many));
        if disease.is_empty() {
            return Decided::none(match apg.disease {
                DiseaseOf::MainDiagnosis => Reason::NoMainDiagnosis,
                DiseaseOf::DiseCodg => Reason::NoGroup,
            });
        }
        let sums = ClassSums { fen: row.class_fen, important: row.class_important };
        let is_fallback = flags & (flag::LATE | flag::UNUSABLE) != 0;
        let found = if is_fallback { None } else { class_letters(apg, &sums, fee_fen) };
        let mut letters = found.unwrap_or("");
        if apg.letters == Letters::Main {
            letters = letters.get(..1).unwrap_or("");
        }
        if let Some(refine) = &apg.refine {
            return Decided::grouped(self.path(apg, refine, letters, stay));
        }
        let splits = apg.combined == Combined::Split && letters.len() > 1;
        let parts = splits.then(|| {
            let disease = disease.to_owned();
            Box::new(Parts { letters, disease, class_fen: row.class_fen })
        });
        Decided { parts, ..Decided::grouped(self.code(letters, disease)) }
    }

    /// Id of the path that a refinement counts a settlement by (H11).
    fn path(&mut self, apg: &Apg, rule: &Refine, letters: &str, stay: Option<&Stay>) -> u32 {
        let class = CLASS_LETTERS.iter().position(|known| letters.starts_with(known));
        let at = class.unwrap_or(CLASS_LETTERS.len());
        let letters = if letters.is_empty() { apg.fallback.as_str() } else { letters };
        let traits = stay.map_or_else(refine::Traits::default, |stay| refine::Traits {
            diagnosis: &stay.record.main_diagnosis,
            item: class.map_or("", |class| &stay.lines.items[class]),
            negotiated: stay.lines.is_negotiated,
        });
        let path = refine::path(letters, &rule.levels[at], &traits);
        self.groups.id(&path)
    }

    /// Group of an external grouper; differing, missing and empty results are none (R13, R26).
    fn given(&mut self, row: &Row<'_>, not_groups: &[String]) -> Decided {
        let reason = if row.is_differing {
            Reason::DifferingResults
        } else if !row.is_given {
            Reason::NoResult
        } else if row.group_code.is_empty() || not_groups.iter().any(|no| no == row.group_code) {
            Reason::NotAGroup
        } else {
            return Decided::grouped(self.code("", row.group_code));
        };
        Decided::none(reason)
    }

    /// Closes a stay once its settlements are merged (R15), and gives it the group that its record
    /// decides: for a directory, the combination it is counted by (R32).
    pub(super) fn decide(&mut self, case: &mut Settlement) {
        let Some(stay) = &mut case.stay else { return };
        stay.close(case.begin, case.settled);
        if case.is_unit {
            return;
        }
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
    pub(super) fn code(&mut self, letters: &'static str, tail: &str) -> u32 {
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
}
