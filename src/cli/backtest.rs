//! `dianshu backtest`: a year settled out of sample under a policy and scenarios.

use std::path::{Path, PathBuf};

use super::common::Common;
use super::opened::Opened;
use super::{Error, Outcome, output};
use crate::backtest::{Purpose, Replay, manifest, replay};
use crate::table::{Column, Table};

/// Arguments of `dianshu backtest`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy: a name under `catalogs/` or a folder
    #[arg(long)]
    policy: String,
    /// Folder of the catalog
    #[arg(long, value_name = "DIR")]
    catalog: PathBuf,
    /// Year to settle
    #[arg(long)]
    year: u16,
    /// Scenario file or name; `A+B` composes two; may be given many times
    #[arg(long = "scenario", value_name = "S")]
    scenarios: Vec<String>,
    /// More scenarios, after `--scenario`
    #[arg(value_name = "SCENARIO")]
    more: Vec<String>,
    /// Write every case with its class and pay to the table `case`
    #[arg(long)]
    cases: bool,
    /// Folder in which the run is written
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let scenarios: Vec<String> = args.scenarios.iter().chain(&args.more).cloned().collect();
    let job = Job {
        policy: &args.policy,
        catalog: &args.catalog,
        year: args.year,
        purpose: Purpose::Backtest,
        scenarios: &scenarios,
        with_cases: args.cases,
        out: &args.out,
    };
    let (path, done) = job.run(&args.common)?;
    output::print(&summary(&done), args.common.json)?;
    if args.common.json {
        args.common.say(&format!("run: {}", path.display()));
    } else {
        output::print_text(&format!("run: {}\n", path.display()))?;
    }
    Ok(Outcome::Done)
}

/// A backtest or settlement with everything resolved but the files it names.
pub(super) struct Job<'a> {
    pub(super) policy: &'a str,
    pub(super) catalog: &'a Path,
    pub(super) year: u16,
    pub(super) purpose: Purpose,
    pub(super) scenarios: &'a [String],
    pub(super) with_cases: bool,
    pub(super) out: &'a Path,
}

impl Job<'_> {
    /// Replays and writes the run; its folder and what it holds.
    pub(super) fn run(&self, common: &Common) -> Result<(PathBuf, Replay), Error> {
        let opened = Opened::read(self.policy, self.catalog)?;
        let settings = opened.settings(self.year, self.purpose, self.scenarios, self.with_cases);
        let snapshot = common.snapshot()?;
        let engine = common.engine()?;
        let done = replay(&engine, &snapshot, &settings, self.out)?;
        common.show_plans(&engine);
        common.warn(&done.warnings);
        let path = manifest::write(self.out, &settings, &opened.stored.digest, &snapshot, &done)?;
        Ok((path, done))
    }
}

/// One line a scenario and pool, for the screen.
pub(super) fn summary(done: &Replay) -> Table {
    let rows: Vec<_> = done
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.pools.iter().map(move |pool| (outcome, pool)))
        .filter_map(|(outcome, pool)| Some((outcome, pool, pool.year_end?)))
        .collect();
    let value = |places: u32, of: &dyn Fn(usize) -> Option<rust_decimal::Decimal>| {
        Column::decimals(places, (0..rows.len()).map(of))
    };
    Table::new("summary")
        .with("scenario", Column::text(rows.iter().map(|(outcome, ..)| outcome.scenario.clone())))
        .with("pool", Column::text(rows.iter().map(|(_, pool, _)| pool.pool.clone())))
        .with("cases", Column::whole(rows.iter().map(|(_, pool, _)| pool.cases)))
        .with("budget_yuan", Column::yuan(rows.iter().map(|(_, pool, _)| pool.budget.0)))
        .with("booked_yuan", Column::yuan(rows.iter().map(|(_, pool, _)| pool.booked.0)))
        .with("paid_yuan", Column::yuan(rows.iter().map(|(.., end)| end.paid.0)))
        .with("fund_balance_yuan", Column::yuan(rows.iter().map(|(.., end)| end.fund_balance.0)))
        .with("point_value", value(4, &|at| rows[at].1.point_value))
        .with("floating_factor", value(4, &|at| rows[at].1.floating_factor))
        .with("capped", Column::whole(rows.iter().map(|(.., end)| end.capped_institutions)))
}
