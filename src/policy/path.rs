//! Paths into a policy, such as `deviation.band[low].up_to`: all that exist, and where each leads.
//!
//! The paths are listed from the schema and the policy together, so that a wrong one can be
//! answered
//! with the nearest that exists.

use std::collections::BTreeMap;

use super::document::Node;
use super::schema::{self, Section};

/// One step down the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(&'static str),
    /// A key that is data, such as a group code.
    Name(String),
    Entry(usize),
}

/// Where a path leads.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// One spelling for all ways to write the path.
    pub(crate) canonical: String,
    pub(crate) steps: Vec<Step>,
    /// The nearest section at or above the place that carries a cite, as a number of steps.
    pub(crate) cited: usize,
    /// The section the path names as a whole, if it does.
    pub(crate) section: Option<&'static Section>,
}

/// Every path of a policy, by every spelling.
pub(crate) fn list(root: &Node) -> BTreeMap<String, Target> {
    let mut paths = Paths { root, found: BTreeMap::new() };
    for section in schema::top() {
        let here = Target {
            canonical: section.path.to_owned(),
            steps: vec![Step::Key(section.path)],
            cited: 1,
            section: Some(section),
        };
        paths.section(section, &here, &[section.path.to_owned()]);
    }
    paths.found
}

/// The node at the end of `steps`.
pub(crate) fn follow<'a>(root: &'a Node, steps: &[Step]) -> Option<&'a Node> {
    steps.iter().try_fold(root, |node, step| match step {
        Step::Key(key) => node.get(key),
        Step::Name(key) => node.get(key),
        Step::Entry(index) => node.list()?.get(*index),
    })
}

struct Paths<'a> {
    root: &'a Node,
    found: BTreeMap<String, Target>,
}

impl Paths<'_> {
    fn add(&mut self, spellings: &[String], target: &Target) {
        for spelling in spellings {
            self.found.insert(spelling.clone(), target.clone());
        }
    }

    /// Lists a section as a whole and, where the policy has it, all it holds.
    fn section(&mut self, section: &'static Section, here: &Target, spellings: &[String]) {
        self.add(spellings, here);
        let root = self.root;
        let Some(node) = follow(root, &here.steps) else { return };
        if section.selector.is_none() {
            self.keys(section, here, spellings);
            return;
        }
        for (index, entry) in node.list().unwrap_or(&[]).iter().enumerate() {
            let selectors = selectors(root, section, node, entry);
            let Some(first) = selectors.first() else { continue };
            let mut steps = here.steps.clone();
            steps.push(Step::Entry(index));
            let target = Target {
                canonical: format!("{}[{first}]", here.canonical),
                cited: steps.len(),
                steps,
                section: None,
            };
            let all: Vec<String> = spellings
                .iter()
                .flat_map(|path| selectors.iter().map(move |name| format!("{path}[{name}]")))
                .collect();
            self.keys(section, &target, &all);
        }
    }

    fn keys(&mut self, section: &'static Section, here: &Target, spellings: &[String]) {
        for key in section.keys {
            self.below(here, spellings, key, Step::Key(key));
        }
        let named = follow(self.root, &here.steps).filter(|_| section.open).and_then(Node::table);
        let names = named.into_iter().flat_map(|table| table.keys().cloned());
        let data: Vec<String> = names.filter(|name| !section.known().contains(&&**name)).collect();
        for name in data {
            self.below(here, spellings, &name, Step::Name(name.clone()));
        }
        for child in section.children() {
            let (target, all) = step(here, spellings, child.name(), Step::Key(child.name()));
            let cited = if child.cited { target.steps.len() } else { here.cited };
            self.section(child, &Target { cited, section: Some(child), ..target }, &all);
        }
    }

    fn below(&mut self, here: &Target, spellings: &[String], name: &str, last: Step) {
        let (target, all) = step(here, spellings, name, last);
        self.add(&all, &target);
    }
}

fn step(here: &Target, spellings: &[String], name: &str, last: Step) -> (Target, Vec<String>) {
    let mut steps = here.steps.clone();
    steps.push(last);
    let target = Target {
        canonical: format!("{}.{name}", here.canonical),
        steps,
        cited: here.cited,
        section: None,
    };
    (target, spellings.iter().map(|path| format!("{path}.{name}")).collect())
}

/// What may stand in the brackets for an entry, the canonical one first.
///
/// A dated entry is `[code@from]`, the latest of its code also `[code]`; a code with an alias may
/// be
/// written either way.
fn selectors(root: &Node, section: &Section, list: &Node, entry: &Node) -> Vec<String> {
    let key = section.selector.unwrap_or_default();
    let Some(printed) = entry.get(key).map(Node::show) else { return Vec::new() };
    let meant = meant(root, &printed);
    let mut codes = vec![meant.clone()];
    if meant != printed {
        codes.push(printed);
    }
    let dated = entry.get("from").filter(|_| key != "from");
    let Some(from) = dated.map(Node::show) else { return codes };
    let later = list.list().unwrap_or(&[]).iter().any(|other| {
        let same =
            other.get(key).map(|code| self::meant(root, &code.show())) == Some(meant.clone());
        same && other.get("from").map(Node::show).is_some_and(|date| date > from)
    });
    let mut all: Vec<String> = codes.iter().map(|code| format!("{code}@{from}")).collect();
    if !later {
        all.extend(codes);
    }
    all
}

/// The code a printed one is an alias of, else itself (A13).
fn meant(root: &Node, printed: &str) -> String {
    let aliases = root.get("grouping").and_then(|grouping| grouping.get("alias"));
    aliases
        .and_then(Node::list)
        .unwrap_or(&[])
        .iter()
        .find(|alias| alias.get("printed").and_then(Node::text) == Some(printed))
        .and_then(|alias| alias.get("meant").map(Node::show))
        .unwrap_or_else(|| printed.to_owned())
}

/// Whether one canonical path is the other or lies below it.
pub(crate) fn covers(above: &str, below: &str) -> bool {
    below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
