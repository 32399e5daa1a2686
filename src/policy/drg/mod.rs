//! Reading `[grouping.drg]`: the definition tables, each a CSV file beside the policy (P02).
//!
//! | table | a row | columns |
//! | --- | --- | --- |
//! | `diagnoses`, `operations` | a code of a named list, or a list it includes | [`LIST_COLUMNS`] |
//! | `mdc` | a rule: these conditions give this MDC | [`MDC_COLUMNS`] |
//! | `adrg` | a rule: within the MDC these conditions give this ADRG | [`ADRG_COLUMNS`] |
//! | `groups` | a DRG: the ADRG at these levels | [`GROUP_COLUMNS`] |
//! | `cc` | a complication with its level and the main diagnoses that exclude it | [`CC_COLUMNS`] |
//!
//! Rules are tried in the order of their rows. What cannot be right (a circle of lists, a rule that
//! no case reaches, a diagnosis in two MDCs, a level without a DRG) does not load.

mod check;
mod error;
mod lists;

use std::collections::BTreeMap;

pub use error::DrgError;

use super::error::Error;
use super::fields::Fields;
use super::model::Cite;
use super::model::drg::{
    AdrgKind, AdrgRule, CcRow, CodeList, CodeSystem, Drg, DrgFiles, DrgRow, Level, MdcRule, Stage,
    When,
};
use super::read_grouping::{Row, rows};
use super::store::Folder;
use crate::explain::nearest;

/// Columns of `diagnoses` and `operations`; `match` is `exact`, `prefix`, or `list` for an include.
pub const LIST_COLUMNS: [&str; 3] = ["list", "match", "code"];
/// Columns of `mdc`; `stage` is `pre` (先期, in declared order) or `main` (by the main diagnosis).
pub const MDC_COLUMNS: [&str; 11] = [
    "stage",
    "mdc",
    "name",
    "main_diagnosis",
    "other_diagnosis",
    "main_operation",
    "operation",
    "second_operation",
    "age_from_days",
    "age_below_days",
    "gend",
];
/// Columns of `adrg`; `kind` is `surgical`, `procedure` or `medical`.
pub const ADRG_COLUMNS: [&str; 12] = [
    "mdc",
    "adrg",
    "name",
    "kind",
    "main_diagnosis",
    "other_diagnosis",
    "main_operation",
    "operation",
    "second_operation",
    "age_from_days",
    "age_below_days",
    "gend",
];
/// Columns of `groups`; `levels` are `mcc`, `cc`, `none` with semicolons, or `any`.
pub const GROUP_COLUMNS: [&str; 4] = ["drg", "name", "adrg", "levels"];
/// Columns of `cc`; `level` is `cc` or `mcc`, `excluded_by` a list of main diagnoses or empty.
pub const CC_COLUMNS: [&str; 4] = ["match", "code", "level", "excluded_by"];

/// Names and bytes of the tables of one grouper.
#[derive(Debug, Clone, Default)]
pub struct DrgTables {
    /// Name of each file, as messages print it, with its bytes, in the order of [`DrgFiles`].
    pub files: [(String, Vec<u8>); 6],
    /// Version of the tables.
    pub version: String,
    /// Name of the list of significant operations, if any.
    pub significant: Option<String>,
}

/// The keys of the tables, in the order of [`DrgTables::files`].
pub const TABLES: [&str; 6] = ["diagnoses", "operations", "mdc", "adrg", "groups", "cc"];

/// Reads and checks the tables a policy names.
pub(super) fn read(fields: &Fields<'_>, folder: &mut Folder) -> Result<Drg, Error> {
    let mut tables = DrgTables {
        version: fields.text("version")?,
        significant: fields.maybe_text("significant")?,
        ..DrgTables::default()
    };
    for (table, key) in tables.files.iter_mut().zip(TABLES) {
        *table = folder.file(&fields.text(key)?, &fields.path_of(key), &fields.at_of(key))?;
    }
    let mut drg = parse(&tables)?;
    drg.cite = fields.cite.clone();
    Ok(drg)
}

/// The lists by name.
struct Lists<'a> {
    at: BTreeMap<&'a str, usize>,
    lists: &'a [CodeList],
}

impl Lists<'_> {
    /// Index of the list a cell names; an empty cell names none.
    fn named(
        &self,
        (file, row): (&str, &Row<'_>),
        (column, name): (&'static str, usize),
        system: CodeSystem,
    ) -> Result<Option<usize>, Error> {
        let name = row.values[name].as_str();
        if name.is_empty() {
            return Ok(None);
        }
        let found = self.at.get(name).copied().filter(|at| self.lists[*at].system == system);
        found.map(Some).ok_or_else(|| {
            let known = self.lists.iter().filter(|list| list.system == system);
            let known = known.map(|list| list.name.as_str());
            DrgError::unknown((file, row.line), column, ("list", name), known).into()
        })
    }
}

/// Reads and checks definition tables.
///
/// # Errors
/// [`Error::FileColumns`], [`Error::FileValue`] for a cell, [`DrgError`] for what cells say together.
pub fn parse(tables: &DrgTables) -> Result<Drg, Error> {
    let [diagnoses, operations, mdc, adrg, groups, cc] = &tables.files;
    let mut lists = lists::read(&diagnoses.0, &diagnoses.1, CodeSystem::Diagnosis)?;
    let of_operations = lists::read(&operations.0, &operations.1, CodeSystem::Operation)?;
    if let Some(both) = of_operations.iter().find(|list| lists.iter().any(|l| l.name == list.name))
    {
        let first = lists.iter().find(|list| list.name == both.name);
        return Err(DrgError::Twice {
            file: operations.0.clone(),
            line: both.line,
            code: both.name.clone(),
            first_line: first.map_or(0, |list| list.line),
        }
        .into());
    }
    lists.extend(of_operations);
    let names = Lists {
        at: lists.iter().enumerate().map(|(at, list)| (list.name.as_str(), at)).collect(),
        lists: &lists,
    };
    let mut mdcs = mdc_rules(&mdc.0, &mdc.1, &names)?;
    mdcs.sort_by_key(|rule| rule.stage);
    let adrgs = adrg_rules(&adrg.0, &adrg.1, &names)?;
    let groups_read = drg_rows(&groups.0, &groups.1)?;
    let complications = complications(&cc.0, &cc.1, &names)?;
    let significant_operations = match &tables.significant {
        None => None,
        Some(name) => {
            let known = lists.iter().filter(|list| list.system == CodeSystem::Operation);
            let known = known.map(|list| list.name.as_str());
            let found = names.at.get(name.as_str()).copied();
            let found = found.filter(|at| lists[*at].system == CodeSystem::Operation);
            Some(found.ok_or_else(|| DrgError::Significant {
                file: operations.0.clone(),
                name: name.clone(),
                nearest: nearest(name, known).map(str::to_owned),
            })?)
        }
    };
    let name = |table: &(String, Vec<u8>)| table.0.clone();
    let files = DrgFiles {
        diagnoses: name(diagnoses),
        operations: name(operations),
        mdc: name(mdc),
        adrg: name(adrg),
        groups: name(groups),
        cc: name(cc),
    };
    let drg = Drg {
        cite: Cite::default(),
        version: tables.version.clone(),
        files,
        lists,
        mdcs,
        adrgs,
        groups: groups_read,
        complications,
        significant_operations,
    };
    check::check(&drg, &included(tables)?)?;
    Ok(drg)
}

/// Names of the lists that other lists include.
fn included(tables: &DrgTables) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for (file, bytes) in &tables.files[..2] {
        for row in rows(file, bytes, &LIST_COLUMNS)? {
            if row.values[1] == "list" {
                names.push(row.values[2].clone());
            }
        }
    }
    Ok(names)
}

/// The conditions from the column `main_diagnosis` on, which is column `first`.
fn when(file: &str, row: &Row<'_>, first: usize, lists: &Lists<'_>) -> Result<When, Error> {
    let list = |offset: usize, system| {
        lists.named((file, row), (MDC_COLUMNS[3 + offset], first + offset), system)
    };
    let days = |offset: usize| -> Result<Option<u32>, Error> {
        let text = row.values[first + offset].as_str();
        if text.is_empty() {
            return Ok(None);
        }
        let days = text.parse::<u32>().ok().filter(|days| *days <= 60_000);
        days.map(Some).ok_or_else(|| row.wrong(first + offset, "whole days of age, or nothing"))
    };
    let gend = row.values[first + 7].as_str();
    if !["", "1", "2"].contains(&gend) {
        return Err(row.wrong(first + 7, "`1`, `2`, or nothing"));
    }
    Ok(When {
        main_diagnosis: list(0, CodeSystem::Diagnosis)?,
        other_diagnosis: list(1, CodeSystem::Diagnosis)?,
        main_operation: list(2, CodeSystem::Operation)?,
        operation: list(3, CodeSystem::Operation)?,
        second_operation: list(4, CodeSystem::Operation)?,
        age_from_days: days(5)?,
        age_below_days: days(6)?,
        gend: (!gend.is_empty()).then(|| gend.to_owned()),
    })
}

fn mdc_rules(file: &str, bytes: &[u8], lists: &Lists<'_>) -> Result<Vec<MdcRule>, Error> {
    rows(file, bytes, &MDC_COLUMNS)?
        .iter()
        .map(|row| {
            row.filled(1)?;
            let stage = match row.values[0].as_str() {
                "pre" => Stage::Pre,
                "main" => Stage::Main,
                _ => return Err(row.wrong(0, "`pre` or `main`")),
            };
            Ok(MdcRule {
                line: row.line,
                stage,
                mdc: row.values[1].clone(),
                name: row.values[2].clone(),
                when: when(file, row, 3, lists)?,
            })
        })
        .collect()
}

fn adrg_rules(file: &str, bytes: &[u8], lists: &Lists<'_>) -> Result<Vec<AdrgRule>, Error> {
    rows(file, bytes, &ADRG_COLUMNS)?
        .iter()
        .map(|row| {
            row.filled(1)?;
            let kind = match row.values[3].as_str() {
                "surgical" => AdrgKind::Surgical,
                "procedure" => AdrgKind::Procedure,
                "medical" => AdrgKind::Medical,
                _ => return Err(row.wrong(3, "`surgical`, `procedure` or `medical`")),
            };
            Ok(AdrgRule {
                line: row.line,
                adrg: row.values[1].clone(),
                name: row.values[2].clone(),
                mdc: row.values[0].clone(),
                kind,
                when: when(file, row, 4, lists)?,
            })
        })
        .collect()
}

fn drg_rows(file: &str, bytes: &[u8]) -> Result<Vec<DrgRow>, Error> {
    rows(file, bytes, &GROUP_COLUMNS)?
        .iter()
        .map(|row| {
            row.filled(0)?;
            let mut levels: Vec<Level> = match row.values[3].as_str() {
                "any" => Level::ALL.to_vec(),
                words => words
                    .split(';')
                    .map(|word| Level::ALL.into_iter().find(|level| level.as_str() == word.trim()))
                    .collect::<Option<_>>()
                    .ok_or_else(|| row.wrong(3, "`any`, or of `mcc`, `cc`, `none` with `;`"))?,
            };
            levels.sort_unstable();
            Ok(DrgRow {
                line: row.line,
                drg: row.values[0].clone(),
                name: row.values[1].clone(),
                adrg: row.values[2].clone(),
                levels,
            })
        })
        .collect()
}

fn complications(file: &str, bytes: &[u8], lists: &Lists<'_>) -> Result<Vec<CcRow>, Error> {
    rows(file, bytes, &CC_COLUMNS)?
        .iter()
        .map(|row| {
            let prefix = match row.values[0].as_str() {
                "exact" => false,
                "prefix" => true,
                _ => return Err(row.wrong(0, "`exact` or `prefix`")),
            };
            if !lists::shaped(CodeSystem::Diagnosis, &row.values[1]) {
                return Err(row.wrong(1, lists::shape(CodeSystem::Diagnosis)));
            }
            let level = match row.values[2].as_str() {
                "cc" => Level::Cc,
                "mcc" => Level::Mcc,
                _ => return Err(row.wrong(2, "`cc` or `mcc`")),
            };
            let excluded_by =
                lists.named((file, row), ("excluded_by", 3), CodeSystem::Diagnosis)?;
            Ok(CcRow { line: row.line, code: row.values[1].clone(), prefix, level, excluded_by })
        })
        .collect()
}
