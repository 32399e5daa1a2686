//! Every value of a policy that a scenario may change, with its path and what it rests on: what is
//! handed out as a sheet and read back (H02).

use super::LoadedPolicy;
use super::document::{Node, Value};
use super::path;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Path as a scenario names it, for example `deviation.band[low].up_to`.
    pub path: String,
    /// `text`, `whole`, `flag`, `date` or `list`.
    pub kind: &'static str,
    /// The value: text as it is, a list as in the policy file.
    pub value: String,
    /// Clause of the section it stands in.
    pub clause: String,
    /// Reading of that section.
    pub reading: String,
}

/// The values of a policy with its scenarios, ascending by path; identity and cites are not among them.
#[must_use]
pub fn parameters(policy: &LoadedPolicy) -> Vec<Parameter> {
    let mut found: Vec<Parameter> = Vec::new();
    for target in path::list(&policy.root).into_values() {
        let path = &target.canonical;
        let last = path.rsplit('.').next().unwrap_or_default();
        if target.section.is_some()
            || path::covers("policy", path)
            || ["clause", "reading"].contains(&last)
            || found.iter().any(|known| known.path == *path)
        {
            continue;
        }
        let Some(node) = path::follow(&policy.root, &target.steps) else { continue };
        let Some(kind) = kind(node) else { continue };
        let section = path::follow(&policy.root, &target.steps[..target.cited]);
        let cite = |key: &str| {
            let text = section.and_then(|section| section.get(key)).and_then(Node::text);
            text.unwrap_or_default().to_owned()
        };
        found.push(Parameter {
            path: path.clone(),
            kind,
            value: if kind == "text" { node.show() } else { written(node) },
            clause: cite("clause"),
            reading: cite("reading"),
        });
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    found
}

fn kind(node: &Node) -> Option<&'static str> {
    Some(match &node.value {
        Value::Text(_) => "text",
        Value::Whole(_) => "whole",
        Value::Flag(_) => "flag",
        Value::Date(_) => "date",
        Value::List(list) if list.iter().all(|item| item.table().is_none()) => "list",
        _ => return None,
    })
}

/// As it stands in a policy file.
fn written(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => toml::Value::String(text.clone()).to_string(),
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        _ => node.show(),
    }
}

impl Parameter {
    /// A new value as a policy file has it; `None` where it is not of this kind.
    #[must_use]
    pub fn literal(&self, text: &str) -> Option<String> {
        let parsed = |text: &str| -> Option<toml::Value> {
            toml::from_str::<toml::Table>(&format!("value = {text}")).ok()?.remove("value")
        };
        let value = match self.kind {
            "text" => toml::Value::String(text.to_owned()),
            _ => parsed(text)?,
        };
        let fits = match (self.kind, &value) {
            ("text", _) | ("whole", toml::Value::Integer(_)) => true,
            ("flag", toml::Value::Boolean(_)) | ("list", toml::Value::Array(_)) => true,
            ("date", toml::Value::Datetime(day)) => day.date.is_some() && day.time.is_none(),
            _ => false,
        };
        fits.then(|| value.to_string())
    }
}
