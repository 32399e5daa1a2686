//! The policy and scenario files: read, check, compose, cite.
//!
//! A policy is a folder with a `policy.toml`: one city's system as data. Every section carries the
//! clause it implements or the reading taken where the clause is silent; a value with neither does
//! not load, and neither does an unknown key. A scenario is a small difference to one policy.
//!
//! ```
//! use dianshu::policy;
//! let published = policy::load("jining-apg")?;
//! let scenarios = policy::load_scenarios("share-95+cap-10", &published)?;
//! let changed = policy::compose(&published, &scenarios)?;
//! assert_eq!(changed.policy.sharing.surplus.to_string(), "0.95");
//! assert!(published.policy.surplus_cap.is_none() && changed.policy.surplus_cap.is_some());
//! # Ok::<(), policy::Error>(())
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

mod checklist;
mod cite;
mod compose;
mod document;
pub mod drg;
mod error;
mod fields;
pub mod model;
mod parameters;
mod path;
mod read;
mod read_apg;
mod read_auxiliary;
mod read_behaviour;
mod read_capitation;
mod read_coefficient;
mod read_cost;
mod read_deviation;
mod read_dip;
mod read_grouping;
mod read_life;
mod read_money;
mod read_monthly;
mod read_points;
mod read_score;
mod read_special;
mod read_weights;
mod scenario;
mod schema;
mod store;
#[cfg(test)]
mod tests;

pub use checklist::{ClauseBy, ClauseRow, checklist, holds, undecided};
pub use cite::{Citation, citations, latest_dated_value};
pub use compose::{compose, sections_changed};
pub use error::{At, Error};
pub use parameters::{Parameter, parameters};
pub use scenario::{Change, Scenario, load_scenario, load_scenarios};

use document::Node;
use model::{PayMethod, Policy, RatioOf};
use store::Folder;

use crate::units::hex;

/// A policy as read, checked and, where scenarios were applied, composed.
#[derive(Debug, Clone)]
pub struct LoadedPolicy {
    /// What it says.
    pub policy: Policy,
    /// Text of `policy.toml`, without scenarios.
    pub source: String,
    /// Name or path it was loaded from, as given.
    pub origin: String,
    /// What the reader should know, for example an alias that was used (A13).
    pub warnings: Vec<String>,
    /// Scenarios applied, by name; none for the policy as published.
    pub scenarios: Vec<Scenario>,
    root: Node,
    folder: Folder,
    dated: BTreeMap<String, NaiveDate>,
}

/// Reads a policy: a name under `catalogs/`, or a folder or policy file on disk, which wins.
///
/// # Errors
/// [`Error`], always with kind `Input`: the file is not there or breaks a rule of policy files.
pub fn load(name_or_path: &str) -> Result<LoadedPolicy, Error> {
    let (home, file) = store::find_policy(name_or_path)?;
    let root = document::parse(&file.name, &file.text)?;
    let mut folder = Folder { home, files: BTreeMap::new() };
    let mut warnings = Vec::new();
    let policy = read::policy(&root, &mut folder, &mut warnings)?;
    Ok(LoadedPolicy {
        policy,
        source: file.text,
        origin: name_or_path.to_owned(),
        warnings,
        scenarios: Vec::new(),
        root,
        folder,
        dated: BTreeMap::new(),
    })
}

/// Sections of a policy that catalogs are built by but that the settlement does not settle yet: a
/// backtest would leave their money out, so it refuses.
#[must_use]
pub fn unsettled(policy: &Policy) -> Vec<&'static str> {
    let of_scope =
        policy.payment.method == PayMethod::Standard && policy.payment.ratio != RatioOf::Fee;
    let sections = [
        // A carved-out line is paid by the ratio of fund to fee alone (A47).
        ("payment.ratio` with `carve_out", policy.carve_out.is_some() && of_scope),
    ];
    sections.into_iter().filter(|(_, there)| *there).map(|(section, _)| section).collect()
}

/// Names of the policies embedded in the binary, ascending.
#[must_use]
pub fn shipped() -> Vec<String> {
    store::shipped()
}

impl LoadedPolicy {
    /// The other files of the folder that the policy names, for example an item list.
    #[must_use]
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.folder.files
    }

    /// Names of the scenarios that lie beside the policy, ascending.
    #[must_use]
    pub fn scenario_names(&self) -> Vec<String> {
        self.folder.home.scenarios()
    }

    /// SHA-256, in hex, of what the policy with its scenarios and files says.
    ///
    /// Layout, comments and order of keys do not count, nor does where the policy was loaded from.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut content = String::from("dianshu policy 1\n");
        self.root.canonical(&mut content);
        for (path, from) in &self.dated {
            // Writing to a String cannot fail.
            let _ = write!(content, "d{}:{path}{from}", path.len());
        }
        for (name, bytes) in &self.folder.files {
            let _ = write!(content, "f{}:{name}{}", name.len(), hex(&Sha256::digest(bytes)));
        }
        hex(&Sha256::digest(content.as_bytes()))
    }
}
