//! What rows say together: names that are defined, rules that are reached, one DRG for every level.

use std::collections::{BTreeMap, BTreeSet};

use super::DrgError;
use crate::policy::model::drg::{AdrgRule, CodeList, Drg, Level, MdcRule, Stage, When};

/// Refuses tables that cannot be right; `included` are the lists that other lists include.
pub(super) fn check(drg: &Drg, included: &[String]) -> Result<(), DrgError> {
    mdcs(drg)?;
    adrgs(drg)?;
    levels(drg)?;
    complications(drg)?;
    unused_lists(drg, included)
}

fn mdcs(drg: &Drg) -> Result<(), DrgError> {
    let file = &drg.files.mdc;
    for (at, rule) in drg.mdcs.iter().enumerate() {
        if rule.stage == Stage::Main && rule.when.main_diagnosis.is_none() {
            return Err(problem(
                file,
                rule.line,
                &rule.mdc,
                "of stage `main` has no `main_diagnosis`",
            ));
        }
        possible(file, rule.line, &rule.mdc, &rule.when)?;
        for earlier in &drg.mdcs[..at] {
            if earlier.mdc == rule.mdc && earlier.name != rule.name {
                return Err(differs(file, (rule.line, &rule.mdc), "name", earlier.line));
            }
            if rule.stage == Stage::Main && earlier.stage == Stage::Main && earlier.mdc != rule.mdc
            {
                two_mdcs(drg, rule, earlier)?;
            }
            if covers(drg, &earlier.when, &rule.when) {
                let earlier = (earlier.line, earlier.mdc.as_str());
                return Err(unreachable(file, (rule.line, &rule.mdc), earlier));
            }
        }
        if !drg.adrgs.iter().any(|adrg| adrg.mdc == rule.mdc) {
            return Err(childless(file, rule.line, ("MDC", &rule.mdc), "ADRG"));
        }
    }
    Ok(())
}

/// Two MDCs decided by the main diagnosis share no case.
fn two_mdcs(drg: &Drg, rule: &MdcRule, earlier: &MdcRule) -> Result<(), DrgError> {
    let (a, b) = (&rule.when, &earlier.when);
    let other_gend = a.gend.is_some() && b.gend.is_some() && a.gend != b.gend;
    let before = |x: &When, y: &When| {
        x.age_below_days.zip(y.age_from_days).is_some_and(|(below, from)| below <= from)
    };
    if other_gend || before(a, b) || before(b, a) {
        return Ok(());
    }
    let lists = a.main_diagnosis.zip(b.main_diagnosis);
    match lists.and_then(|(a, b)| drg.lists[a].shared(&drg.lists[b])) {
        None => Ok(()),
        Some(diagnosis) => Err(DrgError::TwoMdcs {
            file: drg.files.mdc.clone(),
            line: rule.line,
            diagnosis,
            mdc: rule.mdc.clone(),
            earlier_line: earlier.line,
            earlier: earlier.mdc.clone(),
        }),
    }
}

fn adrgs(drg: &Drg) -> Result<(), DrgError> {
    let file = &drg.files.adrg;
    for (at, rule) in drg.adrgs.iter().enumerate() {
        let mut of_mdc = drg.mdcs.iter().filter(|mdc| mdc.mdc == rule.mdc).peekable();
        if of_mdc.peek().is_none() {
            let known = drg.mdcs.iter().map(|mdc| mdc.mdc.as_str());
            return Err(DrgError::unknown((file, rule.line), "mdc", ("MDC", &rule.mdc), known));
        }
        possible(file, rule.line, &rule.adrg, &rule.when)?;
        if let Some(own) = rule.when.main_diagnosis
            && !of_mdc.any(|mdc| {
                let list = mdc.when.main_diagnosis;
                list.is_none_or(|list| drg.lists[list].shared(&drg.lists[own]).is_some())
            })
        {
            return Err(problem(file, rule.line, &rule.adrg, "means no diagnosis of its MDC"));
        }
        for earlier in &drg.adrgs[..at] {
            if earlier.adrg == rule.adrg {
                same_adrg(file, rule, earlier)?;
            }
            if earlier.mdc == rule.mdc && covers(drg, &earlier.when, &rule.when) {
                let earlier = (earlier.line, earlier.adrg.as_str());
                return Err(unreachable(file, (rule.line, &rule.adrg), earlier));
            }
        }
        if !drg.groups.iter().any(|group| group.adrg == rule.adrg) {
            return Err(childless(file, rule.line, ("ADRG", &rule.adrg), "DRG"));
        }
    }
    Ok(())
}

fn same_adrg(file: &str, rule: &AdrgRule, earlier: &AdrgRule) -> Result<(), DrgError> {
    let column = if rule.mdc != earlier.mdc {
        "mdc"
    } else if rule.name != earlier.name {
        "name"
    } else if rule.kind != earlier.kind {
        "kind"
    } else {
        return Ok(());
    };
    Err(differs(file, (rule.line, &rule.adrg), column, earlier.line))
}

/// Each ADRG has exactly one DRG for each level.
fn levels(drg: &Drg) -> Result<(), DrgError> {
    let file = &drg.files.groups;
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut found: BTreeMap<(&str, Level), u64> = BTreeMap::new();
    for row in &drg.groups {
        if !drg.adrgs.iter().any(|rule| rule.adrg == row.adrg) {
            let known = drg.adrgs.iter().map(|rule| rule.adrg.as_str());
            return Err(DrgError::unknown((file, row.line), "adrg", ("ADRG", &row.adrg), known));
        }
        if let Some(first_line) = codes.insert(&row.drg, row.line) {
            let (file, code) = (file.clone(), row.drg.clone());
            return Err(DrgError::Twice { file, line: row.line, code, first_line });
        }
        for level in &row.levels {
            if let Some(first_line) = found.insert((&row.adrg, *level), row.line) {
                return Err(DrgError::LevelTwice {
                    file: file.clone(),
                    line: row.line,
                    adrg: row.adrg.clone(),
                    level: level.as_str(),
                    first_line,
                });
            }
        }
    }
    for rule in &drg.adrgs {
        if let Some(level) =
            Level::ALL.into_iter().find(|level| !found.contains_key(&(rule.adrg.as_str(), *level)))
        {
            return Err(DrgError::LevelMissing {
                file: file.clone(),
                adrg: rule.adrg.clone(),
                level: level.as_str(),
            });
        }
    }
    Ok(())
}

fn complications(drg: &Drg) -> Result<(), DrgError> {
    let mut known: BTreeMap<(&str, bool), u64> = BTreeMap::new();
    for row in &drg.complications {
        if let Some(first_line) = known.insert((&row.code, row.prefix), row.line) {
            let (file, code) = (drg.files.cc.clone(), row.code.clone());
            return Err(DrgError::Twice { file, line: row.line, code, first_line });
        }
    }
    Ok(())
}

fn unused_lists(drg: &Drg, included: &[String]) -> Result<(), DrgError> {
    let rules = drg.mdcs.iter().map(|rule| &rule.when).chain(drg.adrgs.iter().map(|r| &r.when));
    let of_rule = |when: &When| {
        let When { main_diagnosis, other_diagnosis, main_operation, .. } = when;
        let others = [when.operation, when.second_operation];
        [*main_diagnosis, *other_diagnosis, *main_operation].into_iter().chain(others).flatten()
    };
    let mut used: BTreeSet<usize> = rules.flat_map(of_rule).collect();
    used.extend(drg.complications.iter().filter_map(|row| row.excluded_by));
    used.extend(drg.significant_operations);
    for (at, list) in drg.lists.iter().enumerate() {
        if !used.contains(&at) && !included.contains(&list.name) {
            let CodeList { name, system, line, .. } = list.clone();
            let file = match system {
                crate::policy::model::drg::CodeSystem::Diagnosis => &drg.files.diagnoses,
                crate::policy::model::drg::CodeSystem::Operation => &drg.files.operations,
            };
            return Err(DrgError::UnusedList { file: file.clone(), line, name });
        }
    }
    Ok(())
}

/// A rule with a condition, and one that a case can meet.
fn possible(file: &str, line: u64, code: &str, when: &When) -> Result<(), DrgError> {
    if *when == When::default() {
        return Err(problem(file, line, code, "has no condition"));
    }
    if when.second_operation.is_some() && when.operation.is_none() && when.main_operation.is_none()
    {
        return Err(problem(file, line, code, "has a `second_operation` without a first one"));
    }
    if let (Some(from), Some(below)) = (when.age_from_days, when.age_below_days)
        && from >= below
    {
        return Err(problem(
            file,
            line,
            code,
            "means no age: `age_from_days` is not below `age_below_days`",
        ));
    }
    Ok(())
}

/// Whether every case that meets `later` meets `earlier`.
fn covers(drg: &Drg, earlier: &When, later: &When) -> bool {
    // A condition of the earlier rule holds if one of the later rule's lists lies within its list.
    let holds = |list: Option<usize>, within: &[Option<usize>]| {
        list.is_none_or(|list| {
            within.iter().flatten().any(|other| drg.lists[list].covers(&drg.lists[*other]))
        })
    };
    let operations = [later.main_operation, later.operation, later.second_operation];
    holds(earlier.main_diagnosis, &[later.main_diagnosis])
        && holds(earlier.other_diagnosis, &[later.other_diagnosis])
        && holds(earlier.main_operation, &[later.main_operation])
        && holds(earlier.operation, &operations)
        && holds(earlier.second_operation, &operations)
        && earlier.age_from_days.is_none_or(|e| later.age_from_days.is_some_and(|l| l >= e))
        && earlier.age_below_days.is_none_or(|e| later.age_below_days.is_some_and(|l| l <= e))
        && (earlier.gend.is_none() || earlier.gend == later.gend)
}

fn problem(file: &str, line: u64, code: &str, problem: &'static str) -> DrgError {
    DrgError::Rule { file: file.to_owned(), line, code: code.to_owned(), problem }
}

fn differs(
    file: &str,
    (line, code): (u64, &str),
    column: &'static str,
    first_line: u64,
) -> DrgError {
    DrgError::Differs { file: file.to_owned(), line, code: code.to_owned(), column, first_line }
}

fn unreachable(
    file: &str,
    (line, code): (u64, &str),
    (earlier_line, earlier): (u64, &str),
) -> DrgError {
    DrgError::Unreachable {
        file: file.to_owned(),
        line,
        code: code.to_owned(),
        earlier_line,
        earlier: earlier.to_owned(),
    }
}

fn childless(
    file: &str,
    line: u64,
    (what, code): (&'static str, &str),
    below: &'static str,
) -> DrgError {
    DrgError::Childless { file: file.to_owned(), line, what, code: code.to_owned(), below }
}
