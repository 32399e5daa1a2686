//! From settlements to grouped cases: fate of every row, classes, cycles, groups.

pub mod apg;
mod batch;
pub mod cases;
pub mod cycle;
mod elsewhere;
mod functions;
pub mod late;
mod rows;

pub use rows::{PriorRefund, Tally};
