//! The catalog artefact: a folder with the points of every group, what they were computed from, and
//! digests of all of it.
//!
//! | file | one row per |
//! | --- | --- |
//! | `catalog.toml` | the catalog: identity, years, base mean, sources, digests of the other files |
//! | `groups.csv` | group, by code |
//! | `institutions.csv` | institution, by code |
//! | `flow.csv` | year and step from raw rows to cases, in the order of the steps |
//! | `trimmed.csv` | group and year that lost cases to trimming |
//! | `identity.csv` | line of Σ cases × points ÷ scale × base mean = total |
//! | `policy.toml` | the policy it was built under, as text |
//!
//! Further tables (what the method computed besides) follow as `NAME.csv`; section `[table.NAME]` of
//! `catalog.toml` keeps their types.
//!
//! CSV files are UTF-8 with a byte order mark for Excel, lines end in LF, decimals have fixed
//! places, an empty cell is a missing value. The same catalog gives the same bytes; there is no
//! time in them.
//!
//! After the build (`dianshu catalog override | trial | review | publish`, E19) two more may be there:
//!
//! | file | one row per |
//! | --- | --- |
//! | `overrides.csv` | group whose points an expert set, beside the computed ones (Z25) |
//! | `history.csv` | step: who, when, why |
//!
//! `catalog.toml` ends with the digest of everything above it, so any edit of any file is noticed
//! when the catalog is read.

mod adjust;
mod carry;
mod crosswalk;
mod diff;
mod digest;
mod error;
mod gates;
mod hold;
mod identity;
mod life;
mod manifest;
pub mod model;
pub mod parameters;
mod read;
mod sheet;
mod sheets;
mod standards;
mod tables;
#[cfg(test)]
mod tests;
mod verify;
mod write;

pub use adjust::adjust;
pub use carry::carry;
pub use crosswalk::{Crosswalk, read_crosswalk, write_crosswalk};
pub use diff::{Change, DiffRow, apply, diff, diff_table};
pub use error::Error;
pub use gates::{Gate, gate_table, gates};
pub use life::{
    Entry, Override, Signature, check_trial, gates as gates_of, history_table, override_table,
    overrides, publish, review, set_all, set_points, trial,
};
pub use manifest::State;
pub use read::{Stored, open, read};
pub use sheets::{group_table, identity_table};
pub use standards::expected_standards;
pub use tables::tables_diff;
pub use verify::{Check, Report, verify, verify_content};
pub use write::{Artefact, SCENARIO_PREFIX, write};
