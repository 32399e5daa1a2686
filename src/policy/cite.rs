//! What a policy cites, section by section, and which of its values are dated.

use chrono::NaiveDate;

use super::LoadedPolicy;
use super::document::Node;
use super::schema::{self, Section};

/// One section of a policy with the clause or reading it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Section or entry, for example `case.cycle` or `deviation.band[low]`.
    pub section: String,
    /// Clause of the document.
    pub clause: Option<String>,
    /// Readings and rulings taken where the document is silent.
    pub reading: Option<String>,
}

/// Every section and entry of the policy that carries a cite, in the order of the format.
#[must_use]
pub fn citations(policy: &LoadedPolicy) -> Vec<Citation> {
    let mut found = Vec::new();
    for section in schema::top() {
        if let Some(node) = policy.root.get(section.path) {
            collect(section, section.path, node, &mut found);
        }
    }
    found
}

fn collect(section: &'static Section, path: &str, node: &Node, found: &mut Vec<Citation>) {
    let Some(selector) = section.selector else {
        return collect_one(section, path, node, found);
    };
    for entry in node.list().unwrap_or(&[]) {
        let name = entry.get(selector).map(Node::show).unwrap_or_default();
        let dated = entry.get("from").filter(|_| selector != "from");
        let from = dated.map(|from| format!("@{}", from.show())).unwrap_or_default();
        collect_one(section, &format!("{path}[{name}{from}]"), entry, found);
    }
}

fn collect_one(section: &'static Section, path: &str, node: &Node, found: &mut Vec<Citation>) {
    if section.cited {
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        found.push(Citation {
            section: path.to_owned(),
            clause: text("clause"),
            reading: text("reading"),
        });
    }
    for child in section.children() {
        if let Some(below) = node.get(child.name()) {
            collect(child, &format!("{path}.{}", child.name()), below, found);
        }
    }
}

/// The newest date of any dated value of the policy and its scenarios, with the value's path.
///
/// A backtest refuses a policy whose newest value is later than what its catalog could know.
#[must_use]
pub fn latest_dated_value(policy: &LoadedPolicy) -> Option<(String, NaiveDate)> {
    let prices = policy.policy.standards.iter().map(|standard| {
        (format!("standard[{}@{}].price", standard.group_code, standard.from), standard.from)
    });
    let changed = policy.dated.iter().map(|(path, from)| (path.clone(), *from));
    prices.chain(changed).max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
}
