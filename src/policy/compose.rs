//! A policy with scenarios: one value, one change; A+B is B+A; the result is checked like any
//! policy.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::document::{self, At, Entry, Node, Table, Value};
use super::error::Error;
use super::model::Cite;
use super::path::{self, Step, Target, covers};
use super::scenario::{Change, Scenario};
use super::schema::Section;
use super::{LoadedPolicy, read};
use crate::explain::nearest;

/// Applies scenarios to a policy, beside those already applied. Their order does not matter, and
/// without any the policy is as published.
///
/// # Errors
/// - [`Error::WrongBase`], [`Error::UnknownPath`], [`Error::IdentityPath`], [`Error::CannotRemove`]
///   for a change that does not fit the policy;
/// - [`Error::SetTwice`] if two changes are about one value, or one lies within the other;
/// - [`Error::Composed`] if the result breaks a rule of policy files.
pub fn compose(base: &LoadedPolicy, scenarios: &[Scenario]) -> Result<LoadedPolicy, Error> {
    let id = &base.policy.identity.id;
    if let Some(other) = scenarios.iter().find(|scenario| scenario.base != *id) {
        return Err(Error::WrongBase {
            at: other.base_at.clone(),
            base: other.base.clone(),
            policy: id.clone(),
        });
    }
    let mut composed = base.clone();
    composed.root = document::parse(base.root.at.file(), &base.source)?;
    composed.dated.clear();
    composed.scenarios.extend(scenarios.iter().cloned());
    composed.scenarios.sort_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
    let scenarios = composed.scenarios.clone();
    let mut changes = resolve(id, &composed.root, &scenarios)?;
    changes.sort_by(|(a, _), (b, _)| a.canonical.cmp(&b.canonical));
    refuse_twice(&changes)?;
    for (target, change) in &changes {
        apply(&mut composed, target, change);
    }
    composed.reread().map_err(|source| {
        let files = scenarios.iter().map(|scenario| scenario.file.clone()).collect();
        Error::Composed { policy: id.clone(), scenarios: files, source: Box::new(source) }
    })?;
    Ok(composed)
}

/// Names of the top-level sections the scenarios change.
#[must_use]
pub fn sections_changed(scenarios: &[Scenario]) -> BTreeSet<String> {
    let changes = scenarios.iter().flat_map(|scenario| &scenario.changes);
    changes.filter_map(|change| change.path.split(['.', '[']).next()).map(str::to_owned).collect()
}

fn resolve<'a>(
    policy: &str,
    root: &Node,
    scenarios: &'a [Scenario],
) -> Result<Vec<(Target, &'a Change)>, Error> {
    let known = path::list(root);
    let mut changes = Vec::new();
    for change in scenarios.iter().flat_map(|scenario| &scenario.changes) {
        let at = change.at.clone();
        let path = change.path.clone();
        if covers("policy", &path) {
            return Err(Error::IdentityPath { at, path });
        }
        let Some(target) = known.get(&path) else {
            let nearest = nearest(&path, known.keys().map(String::as_str)).map(str::to_owned);
            let absent = known
                .iter()
                .find(|(section, target)| {
                    covers(section, &path) && path::follow(root, &target.steps).is_none()
                })
                .map(|(section, _)| section.clone());
            let policy = policy.to_owned();
            return Err(Error::UnknownPath { at, path, policy, nearest, absent });
        };
        let needed = target.section.is_some_and(|section| section.required)
            || path::follow(root, &target.steps).is_none();
        if change.value.is_none() && needed {
            return Err(Error::CannotRemove { at, path });
        }
        let mut target = target.clone();
        if let Some(from) = change.from.filter(|_| in_dated_entry(&target)) {
            target.canonical = redated(&target.canonical, from);
        }
        changes.push((target, change));
    }
    Ok(changes)
}

/// A value set twice, or a value and the section it lies in.
fn refuse_twice(changes: &[(Target, &Change)]) -> Result<(), Error> {
    for (index, (above, first)) in changes.iter().enumerate() {
        for (below, second) in &changes[index + 1..] {
            if covers(&above.canonical, &below.canonical) {
                return Err(Error::SetTwice {
                    path: below.canonical.clone(),
                    first: first.at.clone(),
                    second: second.at.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Whether a path lies in an entry of `[[standard]]`: these carry `from`.
fn in_dated_entry(target: &Target) -> bool {
    matches!(target.steps.as_slice(), [Step::Key("standard"), Step::Entry(_), ..])
}

/// `standard[M_N18@2022-12-01].price` with another day.
fn redated(canonical: &str, from: NaiveDate) -> String {
    match (canonical.split_once('@'), canonical.split_once(']')) {
        (Some((code, _)), Some((_, rest))) => format!("{code}@{from}]{rest}"),
        _ => canonical.to_owned(),
    }
}

fn apply(composed: &mut LoadedPolicy, target: &Target, change: &Change) {
    let mut steps = target.steps.clone();
    if let Some(from) = change.from {
        if in_dated_entry(target) {
            add_dated_entry(&mut composed.root, &mut steps, change, from);
        } else {
            composed.dated.insert(target.canonical.clone(), from);
        }
    }
    let Some((last, above)) = steps.split_last() else { return };
    let parent = follow_mut(&mut composed.root, above).and_then(Node::table_mut);
    let key = match last {
        Step::Key(key) => (*key).to_owned(),
        Step::Name(name) => name.clone(),
        // Paths lead to keys; an entry of a list has no path of its own.
        Step::Entry(_) => return,
    };
    let Some(parent) = parent else { return };
    match &change.value {
        Some(value) => {
            let mut node = value.clone();
            if let Some(section) = target.section {
                fill_cite(&mut node, section, &change.cite, &change.at);
            }
            parent.insert(key, Entry { key_at: change.at.clone(), node });
        }
        None => {
            parent.remove(&key);
        }
    }
    if target.section.is_none()
        && let Some(section) = follow_mut(&mut composed.root, &steps[..target.cited])
    {
        join_cite(section, change);
    }
}

/// Copies the entry a dated change is about and lets the copy begin on that day.
fn add_dated_entry(root: &mut Node, steps: &mut [Step], change: &Change, from: NaiveDate) {
    let Some(list) = root.table_mut().and_then(|table| table.get_mut("standard")) else { return };
    let Value::List(entries) = &mut list.node.value else { return };
    let Step::Entry(index) = steps[1] else { return };
    let Some(mut copy) = entries.get(index).cloned() else { return };
    if let Some(table) = copy.table_mut() {
        let node = Node { at: change.at.clone(), value: Value::Date(from) };
        table.insert("from".to_owned(), Entry { key_at: change.at.clone(), node });
        table.remove("clause");
        table.remove("reading");
    }
    copy.at = change.at.clone();
    entries.push(copy);
    steps[1] = Step::Entry(entries.len() - 1);
}

fn follow_mut<'a>(root: &'a mut Node, steps: &[Step]) -> Option<&'a mut Node> {
    steps.iter().try_fold(root, |node, step| match (step, &mut node.value) {
        (Step::Key(key), Value::Table(table)) => table.get_mut(*key).map(|entry| &mut entry.node),
        (Step::Name(key), Value::Table(table)) => table.get_mut(key).map(|entry| &mut entry.node),
        (Step::Entry(index), Value::List(list)) => list.get_mut(*index),
        _ => None,
    })
}

fn cite_entry(text: &str, at: &At) -> Entry {
    let node = Node { at: at.clone(), value: Value::Text(text.to_owned()) };
    Entry { key_at: at.clone(), node }
}

/// A section given as a value takes the change's cite wherever it states none of its own.
fn fill_cite(node: &mut Node, section: &Section, cite: &Cite, at: &At) {
    if let Value::List(entries) = &mut node.value {
        for entry in entries {
            fill_table(entry, section, cite, at);
        }
        return;
    }
    fill_table(node, section, cite, at);
}

fn fill_table(node: &mut Node, section: &Section, cite: &Cite, at: &At) {
    let Some(table) = node.table_mut() else { return };
    if section.cited && !table.contains_key("clause") && !table.contains_key("reading") {
        for (key, text) in [("clause", &cite.clause), ("reading", &cite.reading)] {
            if let Some(text) = text {
                table.insert(key.to_owned(), cite_entry(text, at));
            }
        }
    }
    for child in section.children() {
        if let Some(entry) = table.get_mut(child.name()) {
            fill_cite(&mut entry.node, child, cite, at);
        }
    }
}

/// The section of a changed value names the change's clause and reading beside its own.
fn join_cite(section: &mut Node, change: &Change) {
    let Some(table) = section.table_mut() else { return };
    join(table, "clause", change.cite.clause.as_deref(), "；", &change.at);
    join(table, "reading", change.cite.reading.as_deref(), ", ", &change.at);
}

fn join(table: &mut Table, key: &str, added: Option<&str>, between: &str, at: &At) {
    let Some(added) = added else { return };
    let known = table.get(key).and_then(|entry| entry.node.text()).map(str::to_owned);
    let mut parts: Vec<String> =
        known.iter().flat_map(|known| known.split(between)).map(str::to_owned).collect();
    for part in added.split(between) {
        if !parts.iter().any(|known| known.trim() == part.trim()) {
            parts.push(part.trim().to_owned());
        }
    }
    table.insert(key.to_owned(), cite_entry(&parts.join(between), at));
}

impl LoadedPolicy {
    /// Reads the tree again after a change.
    fn reread(&mut self) -> Result<(), Error> {
        self.folder.files.clear();
        self.warnings.clear();
        self.policy = read::policy(&self.root, &mut self.folder, &mut self.warnings)?;
        Ok(())
    }
}
