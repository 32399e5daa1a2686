//! A scenario file: a small difference to one policy, each change with its reason and its cite.
//!
//! ```toml
//! title = "结余、超支均按 95 % 分享分担"
//! base = "jining-apg"
//!
//! [set]
//! "sharing.surplus" = { value = "0.95", reason = "…", reading = "R29" }
//! ```

use std::path::Path;

use chrono::NaiveDate;

use super::document::{self, At, Node};
use super::error::Error;
use super::fields::{Fields, unknown_key};
use super::model::Cite;
use super::schema::{Section, section};
use super::{LoadedPolicy, store};

/// A difference to a policy.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// File name without folder and ending.
    pub name: String,
    /// Human title, Chinese.
    pub title: String,
    /// Id of the policy it is meant for.
    pub base: String,
    /// The changes, by path.
    pub changes: Vec<Change>,
    /// Text of the file.
    pub source: String,
    pub(crate) file: String,
    pub(crate) base_at: At,
}

/// One changed value.
#[derive(Debug, Clone)]
pub struct Change {
    /// As written, for example `deviation.band[low].up_to`.
    pub path: String,
    /// The new value on one line; `–` where the change removes what was there.
    pub value_text: String,
    /// Why.
    pub reason: String,
    /// Clause or reading of the new value.
    pub cite: Cite,
    /// First day the value is in force or known, where stated.
    pub from: Option<NaiveDate>,
    /// The new value; `None` removes.
    pub(crate) value: Option<Node>,
    pub(crate) at: At,
}

const SCENARIO: Section = section("scenario", &["title", "base", "set"]).uncited();
const CHANGE: Section = section("set", &["value", "remove", "reason", "from"]);

impl Scenario {
    /// Reads the text of a scenario file; `file` is named in messages, its stem is the scenario's
    /// name.
    ///
    /// # Errors
    /// Anything that is wrong with the file alone; whether its paths exist is seen by
    /// [`compose`](super::compose()).
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let root = document::parse(file, text)?;
        for (key, entry) in root.table().into_iter().flatten() {
            if !SCENARIO.keys.contains(&key.as_str()) {
                return Err(unknown_key(&entry.key_at, key, "a scenario", SCENARIO.keys));
            }
        }
        let fields = Fields::open(SCENARIO.path.to_owned(), &root, &SCENARIO)?;
        let mut changes = Vec::new();
        if let Some(set) = fields.node("set") {
            let Some(table) = set.table() else {
                return Err(Error::WrongType {
                    at: set.at.clone(),
                    path: "set".to_owned(),
                    found: set.value.kind(),
                    wanted: "a section [set] of `\"path\" = { value = …, reason = … }`".to_owned(),
                });
            };
            for (path, entry) in table {
                changes.push(change(path, &entry.key_at, &entry.node)?);
            }
        }
        let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Ok(Self {
            name: stem.unwrap_or_default(),
            title: fields.text("title")?,
            base: fields.text("base")?,
            changes,
            source: text.to_owned(),
            file: file.to_owned(),
            base_at: fields.at_of("base"),
        })
    }
}

fn change(path: &str, at: &At, node: &Node) -> Result<Change, Error> {
    let fields = Fields::open(format!("set.\"{path}\""), node, &CHANGE)?;
    let value = if fields.maybe_flag("remove")?.unwrap_or(false) {
        fields.refuse(&["value", "from"], "remove = true")?;
        None
    } else {
        let missing = || Error::MissingKey {
            at: fields.at.clone(),
            path: fields.path_of("value"),
            wanted: "the new value, as it would stand in policy.toml, or `remove = true`"
                .to_owned(),
        };
        Some(fields.node("value").ok_or_else(missing)?.clone())
    };
    Ok(Change {
        path: path.to_owned(),
        value_text: value.as_ref().map_or_else(|| "–".to_owned(), Node::show),
        reason: fields.text("reason")?,
        cite: fields.cite.clone(),
        from: fields.maybe_date("from")?,
        value,
        at: at.clone(),
    })
}

/// Reads one scenario: a file on disk, or a name in the policy's `scenarios/` (embedded or on
/// disk).
///
/// # Errors
/// [`Error::UnknownScenario`] if it is neither, and whatever is wrong with the file.
pub fn load_scenario(name_or_path: &str, policy: &LoadedPolicy) -> Result<Scenario, Error> {
    let file: store::Named =
        policy.folder.home.find_scenario(name_or_path, &policy.policy.identity.id)?;
    Scenario::parse(&file.name, &file.text)
}

/// Reads `A`, or `A+B` to be composed; each part as [`load_scenario`] takes it.
///
/// # Errors
/// [`Error::ScenarioSpec`] if a part is empty, else those of [`load_scenario`].
pub fn load_scenarios(spec: &str, policy: &LoadedPolicy) -> Result<Vec<Scenario>, Error> {
    // A file may have a plus in its name.
    if Path::new(spec).is_file() {
        return Ok(vec![load_scenario(spec, policy)?]);
    }
    spec.split('+')
        .map(|part| match part.trim() {
            "" => Err(Error::ScenarioSpec { spec: spec.to_owned() }),
            part => load_scenario(part, policy),
        })
        .collect()
}
