//! From settlements to grouped cases: fate of every row, classes, cycles, groups.

pub mod apg;
mod batch;
pub mod behaviour;
mod beside;
mod buckets;
pub mod cases;
pub mod check;
mod codes;
mod columns;
mod decide;
mod dictionary;
mod elsewhere;
mod fees;
pub mod flow;
mod ids;
pub mod late;
mod line_traits;
mod merge;
pub mod outlay;
mod rows;
mod signing;
mod split;
mod stays;
mod tally;
pub mod testing;
pub mod watch;

pub use tally::{Tally, TierSum};
