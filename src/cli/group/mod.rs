//! `dianshu group`: how cases get their groups, why, and what another grouping would change.

mod compare;
mod explain;
mod export;
mod import;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::common::{Common, check_years};
use super::{Error, Outcome, output};
use crate::grouper::{GroupInfo, coverage};
use crate::grouping::cases::Built;
use crate::history::{self, Keep};
use crate::period::Years;
use crate::policy::{self, LoadedPolicy};
use crate::settlement::cases::UNGROUPED;
use crate::table::{Column, Table};
use crate::warehouse::parquet::write_table;

/// Arguments of `dianshu group`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Group the cases of some years: statuses, reasons and coverage
    Run(RunArgs),
    /// Say why one case has its group
    Explain(explain::Args),
    /// Write records for an external grouper, and our own results in the shape of 3605
    Export(export::Args),
    /// Compare two groupings of the same cases
    Compare(compare::Args),
    /// Turn official DRG tables into the definition tables of a policy
    Import(import::Args),
}

/// Which cases are grouped, by which rules.
#[derive(Debug, clap::Args)]
struct Which {
    /// Policy: a name under `catalogs/` or a folder; `NAME:A+B` with scenarios
    #[arg(long)]
    policy: String,
    /// Years, oldest first, for example `2022,2023`
    #[arg(long)]
    years: Years,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    #[command(flatten)]
    which: Which,
    /// Also write `group_case`, `status` and `coverage` as Parquet into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    match &args.command {
        Command::Run(args) => group(args),
        Command::Explain(args) => explain::run(args),
        Command::Export(args) => export::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Import(args) => import::run(args),
    }
}

/// A policy with the scenarios named after a colon: `NAME:A+B`.
fn policy_of(spec: &str) -> Result<LoadedPolicy, Error> {
    let split = spec.split_once(':').filter(|(name, _)| !name.is_empty());
    let Some((name, scenarios)) = split.filter(|_| !Path::new(spec).exists()) else {
        return Ok(policy::load(spec)?);
    };
    let policy = policy::load(name)?;
    let scenarios = policy::load_scenarios(scenarios, &policy)?;
    Ok(policy::compose(&policy, &scenarios)?)
}

/// Groups the cases of some years, with ids, reasons and records.
fn grouped(
    common: &Common,
    policy: &LoadedPolicy,
    years: &Years,
) -> Result<history::History, Error> {
    common.warn(&policy.warnings);
    let snapshot = common.snapshot()?;
    check_years(&snapshot, years)?;
    let engine = common.engine()?;
    let keep = Keep { ids: true, records: true };
    let history = history::learn_keeping(&engine, &snapshot, (&policy.policy, years), keep)?;
    common.show_plans(&engine);
    common.warn(&history.built.warnings);
    Ok(history)
}

fn group(args: &RunArgs) -> Result<Outcome, Error> {
    let which = &args.which;
    let policy = policy_of(&which.policy)?;
    let history = grouped(&which.common, &policy, &which.years)?;
    let Built { cases, reasons, records, .. } = &history.built;
    let tables = [coverage::statuses(cases, reasons), coverage::coverage(cases, reasons, records)];
    if let Some(out) = &args.out {
        let cases = case_table(&history.built, &history.info);
        write(out, &[&cases, &tables[0], &tables[1]])?;
    }
    print(&tables, which.common.json)?;
    Ok(Outcome::Done)
}

/// Prints tables one after the other.
fn print(tables: &[Table], json: bool) -> Result<(), Error> {
    for (at, table) in tables.iter().enumerate() {
        if at > 0 {
            output::gap(json)?;
        }
        output::print(table, json)?;
    }
    Ok(())
}

/// Writes tables as Parquet into a folder that holds nothing else.
fn write(out: &Path, tables: &[&Table]) -> Result<(), Error> {
    only_these(out, &["group_case", "status", "coverage", "summary", "confusion", "institution"])?;
    for table in tables {
        write_table(table, &out.join(format!("{}.parquet", table.name)))?;
    }
    Ok(())
}

/// Makes the folder, or refuses one that holds other files than these.
fn only_these(out: &Path, names: &[&str]) -> Result<(), Error> {
    let folder = |source| Error::Folder { path: out.to_owned(), source };
    std::fs::create_dir_all(out).map_err(folder)?;
    for entry in std::fs::read_dir(out).map_err(folder)? {
        let file = entry.map_err(folder)?.file_name().to_string_lossy().into_owned();
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
        if !names.contains(&stem) {
            return Err(Error::GroupFolder { path: out.to_owned(), file });
        }
    }
    Ok(())
}

/// `group_case`: one row a case, ascending by id.
fn case_table(built: &Built, info: &std::collections::BTreeMap<String, GroupInfo>) -> Table {
    let cases = &built.cases;
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by(|a, b| cases.case_id[*a].cmp(&cases.case_id[*b]));
    let rows = || order.iter().copied();
    let group = |row: usize| {
        let group = cases.group[row];
        (group != UNGROUPED).then(|| cases.groups[group as usize].clone())
    };
    let known = |row: usize| group(row).and_then(|code| info.get(&code));
    let institution = |row: usize| cases.institutions[cases.institution[row] as usize].clone();
    let insutype = |row: usize| cases.insutypes[usize::from(cases.insutype[row])].clone();
    let reason = |row: usize| built.reasons[row];
    Table::new("group_case")
        .with("setl_id", Column::text(rows().map(|row| cases.case_id[row].to_owned())))
        .with("year", Column::whole(rows().map(|row| i64::from(cases.year[row]))))
        .with("fixmedins_code", Column::text(rows().map(institution)))
        .with("insutype", Column::text(rows().map(insutype)))
        .with("group_code", Column::texts(rows().map(group)))
        .with("group_name", Column::texts(rows().map(|row| Some(known(row)?.name.clone()))))
        .with("parent", Column::texts(rows().map(|row| known(row)?.parent.clone())))
        .with("status", Column::text(rows().map(|row| reason(row).status().as_str())))
        .with("reason", Column::text(rows().map(|row| reason(row).as_str())))
        .with("fee_yuan", Column::yuan(rows().map(|row| cases.fee_fen[row])))
}
