//! DIP: a directory of diseases learned from history, and cases matched against it (domain.md 6.1).
//!
//! The profile of a case is its exact combination: main diagnosis, main operation and related
//! operations, as `dx+main+related…` (R32), which is also the code of a group.

pub mod combination;
#[cfg(test)]
mod tests;

pub use combination::combination;
