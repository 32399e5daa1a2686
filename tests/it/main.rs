//! The product as its users meet it: whole runs through the command line, real exports, bad input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    clippy::cloned_ref_to_slice_refs,
    reason = "a test fails by panicking, says what it skipped, and keeps its list of cases whole"
)]

mod audit;
mod bad_input;
mod behaviour;
mod books;
mod bytes;
mod claims;
mod codes;
mod coefficients;
mod columns;
mod demo;
mod expected;
mod explain;
mod group;
mod history;
mod inpatients;
mod intake;
mod jinhua;
mod life;
mod outpatients;
mod panzhihua;
mod pipeline;
mod readme;
mod refunds;
mod replay;
mod second;
mod settle;
mod settled;
mod stays;
mod synpuf;
mod synpuf_dip;
mod tools;
mod zibo;
