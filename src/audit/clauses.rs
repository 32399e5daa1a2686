//! Clauses without a parameter, parameters without a clause, readings in force.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::finding::Finding;
use super::lines::words;
use crate::finding::Severity;
use crate::policy::model::Policy;
use crate::policy::{self, ClauseBy, ClauseRow, LoadedPolicy};
use crate::table::{Column, Table};

/// All findings about clauses and readings.
///
/// # Errors
/// A checklist that cannot be read.
pub(super) fn findings(policy: &LoadedPolicy) -> Result<Vec<Finding>, policy::Error> {
    let list = policy::checklist(policy)?;
    let mut found = Vec::new();
    if list.is_empty() {
        found.push(Finding::new("no_checklist", Severity::Info, "clauses.csv").says(
            "政策文件夹里没有 clauses.csv，条款是否都有参数无从核对",
            "no clauses.csv lies beside the policy: nothing says which clauses it should implement",
        ));
    }
    for row in &list {
        found.extend(missing(policy, row));
        found.extend(open(row));
    }
    found.extend(without_clause(policy, &list));
    found.extend(undecided(policy));
    found.extend(without_effect(&policy.policy));
    found.extend(readings(policy));
    Ok(found)
}

/// Paths of a clause that the policy does not have.
fn absent<'a>(policy: &LoadedPolicy, row: &'a ClauseRow) -> Vec<&'a str> {
    if row.by != ClauseBy::Policy {
        return Vec::new();
    }
    let paths = row.places.split(';').map(str::trim);
    paths.filter(|path| !policy::holds(policy, path)).collect()
}

fn missing(policy: &LoadedPolicy, row: &ClauseRow) -> Option<Finding> {
    let absent = absent(policy, row);
    if absent.is_empty() {
        return None;
    }
    let paths = absent.join(", ");
    Some(
        Finding::new("clause_without_parameter", Severity::Warning, row.row.as_str())
            .shown_by(paths.as_str())
            .under(row.clause.as_str())
            .says(
                format!("条款 {} 应由 {paths} 实现，政策中没有", row.row),
                format!(
                    "clause {} is implemented by {paths}, which the policy does not have",
                    row.row
                ),
            ),
    )
}

fn open(row: &ClauseRow) -> Option<Finding> {
    (row.by == ClauseBy::Open).then(|| {
        Finding::new("clause_open", Severity::Info, row.row.as_str())
            .shown_by(row.places.as_str())
            .under(row.clause.as_str())
            .says(
                format!("条款 {} 还没有实现：{}", row.row, row.places),
                format!("nothing implements clause {} yet: {}", row.row, row.places),
            )
    })
}

/// Ids of the checklist (`J01` … `P13`) in a text.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| {
        let (letter, digits) = word.split_at(word.len().min(1));
        "JYZHP".contains(letter) && digits.len() == 2 && digits.bytes().all(|d| d.is_ascii_digit())
    })
}

/// Sections that rest on a reading alone, and clauses cited that the checklist does not have.
fn without_clause(policy: &LoadedPolicy, list: &[ClauseRow]) -> Vec<Finding> {
    let known: BTreeSet<&str> = list.iter().map(|row| row.row.as_str()).collect();
    let mut found = Vec::new();
    for cite in policy::citations(policy) {
        let reading = cite.reading.clone().unwrap_or_default();
        let Some(clause) = &cite.clause else {
            found.push(
                Finding::new("parameter_without_clause", Severity::Info, cite.section.as_str())
                    .says(
                        format!("{} 没有文件条款，依据是口径 {reading}", cite.section),
                        format!(
                            "{} rests on no clause of the document but on {reading}",
                            cite.section
                        ),
                    ),
            );
            continue;
        };
        if known.is_empty() {
            continue;
        }
        for id in ids(clause).filter(|id| !id.is_empty() && !known.contains(id)) {
            found.push(
                Finding::new("unknown_clause", Severity::Warning, cite.section.as_str())
                    .shown_by(id)
                    .under(clause.as_str())
                    .says(
                        format!("所引条款 {id} 不在 clauses.csv 中"),
                        format!("it cites {id}, which clauses.csv does not have"),
                    ),
            );
        }
    }
    found
}

fn undecided(policy: &LoadedPolicy) -> Vec<Finding> {
    let open = policy::undecided(policy).into_iter();
    open.map(|(path, reading)| {
        Finding::new("undecided", Severity::Warning, path).shown_by(reading).under(reading).says(
            format!("口径 {reading} 没有默认值，{path} 所在的节没有写明取了它的哪一种"),
            format!("{reading} names no default, and the section of {path} does not say that it was decided"),
        )
    })
    .collect()
}

/// Values that say what the clause says and change nothing: the document names a rule without its number.
fn without_effect(policy: &Policy) -> Vec<Finding> {
    let mut idle: Vec<(String, Decimal, String)> = Vec::new();
    for bonus in policy.coefficient.iter().flat_map(|rule| &rule.bonuses) {
        if bonus.value.is_zero() {
            let path = format!("coefficient.bonus[{}].value", bonus.name);
            idle.push((path, bonus.value, words(&bonus.cite)));
        }
    }
    if let Some(score) = &policy.score {
        let clause = words(&score.cite);
        if score.external_expert.is_zero() {
            idle.push(("score.external_expert".to_owned(), score.external_expert, clause.clone()));
        }
        if score.day_surgery == Decimal::ONE {
            idle.push(("score.day_surgery".to_owned(), score.day_surgery, clause));
        }
    }
    idle.into_iter()
        .map(|(path, value, clause)| {
            Finding::new("without_effect", Severity::Info, path.as_str())
                .shown_by(value.to_string())
                .under(clause)
                .says(
                    format!("{path} 取 {value}，等于没有此规则：条款只列名目，数值未定"),
                    format!("{path} is {value}, which changes nothing: the clause names the rule, its number is open"),
                )
        })
        .collect()
}

/// Where each reading stands.
fn places(policy: &LoadedPolicy) -> BTreeMap<String, Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for cite in policy::citations(policy) {
        for id in cite.reading.iter().flat_map(|text| text.split(',')) {
            places.entry(id.trim().to_owned()).or_default().push(cite.section.clone());
        }
    }
    places
}

/// What scenarios changed of the policy: their readings stand beside the published ones.
fn readings(policy: &LoadedPolicy) -> Vec<Finding> {
    let changes = policy.scenarios.iter().flat_map(|scenario| &scenario.changes);
    changes
        .map(|change| {
            Finding::new("other_reading", Severity::Info, change.path.as_str())
                .under(change.cite.reading.clone().unwrap_or_default())
                .says(
                    format!("情景改变了 {}：{}", change.path, change.reason),
                    format!("a scenario changes {}: {}", change.path, change.reason),
                )
        })
        .collect()
}

/// Table `clause` of one policy: `scenario, row, clause, by, where, absent` (paths the policy does not
/// have), then every reading in force: `by` is `reading`, `where` its sections.
///
/// # Errors
/// A checklist that cannot be read.
pub(super) fn table(all: &[(String, &LoadedPolicy)]) -> Result<Table, policy::Error> {
    let mut rows: Vec<[String; 6]> = Vec::new();
    for (scenario, policy) in all {
        for row in policy::checklist(policy)? {
            let absent = absent(policy, &row).join(", ");
            let (clause, by) = (row.clause.clone(), row.by.as_str().to_owned());
            rows.push([scenario.clone(), row.row.clone(), clause, by, row.places.clone(), absent]);
        }
        for (reading, sections) in places(policy) {
            let by = "reading".to_owned();
            let place = sections.join(", ");
            rows.push([scenario.clone(), reading, String::new(), by, place, String::new()]);
        }
    }
    let names = ["scenario", "row", "clause", "by", "where", "absent"];
    let columns = names.into_iter().enumerate();
    Ok(columns.fold(Table::new("clause"), |table, (at, name)| {
        table.with(name, Column::text(rows.iter().map(|row| row[at].as_str())))
    }))
}
