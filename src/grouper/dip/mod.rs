//! DIP: a directory of diseases learned from history, and cases matched against it (domain.md 6.1).
//!
//! The profile of a case is its exact combination: main diagnosis, main operation and related
//! operations, as `dx+main+related…` (R32), which is also the code of a group.

pub mod combination;
mod directory;
mod error;
mod matcher;
mod shape;
mod tables;
#[cfg(test)]
mod tests;

pub use combination::{combination, with_attributes};
pub use directory::{Dropped, Learned, Means, check_base, learn, match_year};
pub use error::{Error, Warning};
pub use matcher::{DecidedBy, Decision, Kind, Matcher};
pub use tables::{
    base_candidates, coverage_table, directory_table, dropped_table, info, mark, tables,
};
