//! The command line: one file per command; arguments become settings, settings become work.
//!
//! stdout is data, stderr is talk and progress. Exit codes: 0 done, 1 done but a finding or gate says
//! no, 2 wrong input (nothing changed), 3 our fault, 130 interrupted.

mod attribute;
mod audit;
mod backtest;
mod build;
mod card;
mod catalog;
mod check;
mod common;
mod demo;
mod error;
mod explain;
mod grid;
mod group;
mod ingest;
mod intervals;
mod life;
mod opened;
mod output;
mod parameters;
mod replay;
mod report;
mod settle;
mod show;
mod sql;
mod synth;
mod trial;
mod verify;
mod workbook;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use error::Error;

use crate::explain::{Explain as _, render};

/// From claims to a point catalog, a replayed settlement and a report.
#[derive(Debug, Parser)]
#[command(name = "dianshu", version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole way on a synthetic city: synth, ingest, check, catalog, backtest, report
    Demo(demo::Args),
    /// Make a synthetic city with known truth
    Synth(synth::Args),
    /// Load exports into the warehouse
    Ingest(ingest::Args),
    /// Judge the quality of the loaded data
    Check(check::Args),
    /// Build, show, compare or verify a catalog
    Catalog(catalog::Args),
    /// Group cases, say why, compare two groupings, import DRG tables
    Group(group::Args),
    /// Clear a year, or pre-settle a month: what every institution is paid, line by line
    Settle(settle::Args),
    /// Settle a year under a policy and scenarios, against what was booked
    Backtest(backtest::Args),
    /// Say why institutions are paid another amount than before, cause by cause
    Attribute(attribute::Args),
    /// Explain every difference between a cleared year's official sheet and its settlement
    Replay(replay::Args),
    /// Audit the rules of a policy: gaps, cliffs, bundles, clauses without a parameter
    Audit(audit::Args),
    /// Say line by line how a case, an institution or a group came to its money
    Explain(explain::Args),
    /// Write the report of a run
    Report(report::Args),
    /// Query the tables of the warehouse and of a run
    Sql(sql::Args),
    /// Verify a run or a catalog offline: digests, identities
    Verify(verify::Args),
}

/// What a command ended with when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Done.
    Done,
    /// Done, but findings or gates say no.
    No,
}

/// Parses the arguments, runs the command, prints its error if it has one.
#[must_use]
pub fn main() -> ExitCode {
    let interrupted = || {
        output::talk("error: interrupted; what was committed before is still there");
        std::process::exit(130)
    };
    // Without a handler the process just ends, which is as safe: nothing is committed half.
    let _ = ctrlc::set_handler(interrupted);
    let args = Args::parse();
    match run(args.command) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Err(Error::ClosedPipe) => ExitCode::SUCCESS,
        Err(err) => {
            output::talk(&render(&err));
            ExitCode::from(err.kind().exit_code())
        }
    }
}

fn run(command: Command) -> Result<Outcome, Error> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Synth(args) => synth::run(args),
        Command::Ingest(args) => ingest::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Catalog(args) => catalog::run(&args),
        Command::Group(args) => group::run(&args),
        Command::Settle(args) => settle::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Attribute(args) => attribute::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Sql(args) => sql::run(&args),
        Command::Verify(args) => verify::run(&args),
    }
}
