//! dianshu (点数, "points"): from medical-insurance claims to a point catalog, a replayed settlement and a report.
//!
//! The pure half ([`units`] … [`settlement`]) builds without the engine; everything below it needs the
//! feature `engine`. `ARCHITECTURE.md` has the map.

pub mod explain;
pub mod finding;
pub mod period;
pub mod table;
pub mod texts;
pub mod threads;
pub mod units;

pub mod policy;

pub mod trail;

pub mod catalog;

pub mod settlement;

pub mod attribution;

pub mod audit;
pub mod cleared;

pub mod grouper;

pub mod weights;

#[cfg(feature = "engine")]
pub mod warehouse;

#[cfg(feature = "engine")]
pub mod intake;

#[cfg(feature = "engine")]
pub mod grouping;

#[cfg(feature = "engine")]
pub mod history;

#[cfg(feature = "engine")]
pub mod backtest;

#[cfg(feature = "engine")]
pub mod report;

#[cfg(feature = "engine")]
pub mod synth;

#[cfg(feature = "engine")]
pub mod cli;

#[cfg(test)]
mod tidy;
