//! What decides the group of a case, as plain functions: free of the engine, of files and of order.
//!
//! A grouper either reads one medical record against tables of the policy (DRG), or first learns a
//! directory from history and then matches every case against it (DIP, refined APG). In the second
//! kind a case comes with a *profile*, the finest code that history is counted by; [`regroup_to`] puts
//! the group of the directory in its place and keeps the profile beside it.
#![warn(clippy::float_arithmetic, clippy::integer_division)]

pub mod auxiliary;
#[cfg(test)]
mod auxiliary_tests;
pub mod codes;
pub mod compare;
pub mod coverage;
pub mod cycle;
pub mod dip;
pub mod drg;
pub mod record;
pub mod refine;
pub mod signing;
mod status;
pub mod units;

pub use status::{Reason, Status};

use crate::settlement::cases::{Cases, UNGROUPED};

/// What a grouper knows of a group beyond its code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupInfo {
    /// Name for the catalog; empty where there is none.
    pub name: String,
    /// Kind for the catalog: `core`, `residual`, `grass_roots`, …; empty: as the policy's method says.
    pub kind: String,
    /// The group a small one is pooled with (A51); the parent need not have cases of its own.
    pub parent: Option<String>,
}

/// Moves groups to profiles and gives every case the group of `groups` (ascending) that `decide` finds
/// for its profile (by index into [`Cases::profiles`]) and fee, or [`UNGROUPED`].
#[must_use]
pub fn regroup_to(cases: Cases, groups: Vec<String>, decide: impl Fn(usize, i64) -> u32) -> Cases {
    let mut cases = cases;
    if cases.profile.is_empty() {
        cases.profiles = std::mem::take(&mut cases.groups);
        cases.profile = std::mem::take(&mut cases.group);
    }
    let decided = cases.profile.iter().zip(&cases.fee_fen).map(|(profile, fee)| {
        if *profile == UNGROUPED { UNGROUPED } else { decide(*profile as usize, *fee) }
    });
    cases.group = decided.collect();
    cases.groups = groups;
    cases
}
