//! `dianshu check`: data-quality verdict per institution, year and purpose.

use std::path::PathBuf;

use super::common::{Common, check_years};
use super::{Error, Outcome, output};
use crate::finding::Finding;
use crate::grouping::check::{self, Checked};
use crate::period::Years;
use crate::policy;
use crate::table::{Column, Table};
use crate::units::Fen;
use crate::warehouse::parquet::write_table;

/// Arguments of `dianshu check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Year of settlement [default: all years loaded]
    #[arg(long)]
    year: Option<Years>,
    /// Policy whose area and upload deadline count [default: end of the next month]
    #[arg(long)]
    policy: Option<String>,
    /// Largest difference in an amount identity, in yuan
    #[arg(long, default_value = "0.01", value_name = "YUAN")]
    tolerance: Fen,
    /// Verdict `review` above this share of wrong rows, in hundredths of a percent
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: u32,
    /// Print the violating rows of this check instead of the summary
    #[arg(long, value_name = "CHECK")]
    rows: Option<String>,
    /// Also write `check`, `verdict`, `finding`, `code_coverage` and `code_institution` as Parquet into
    /// this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let checked = check(&args.common, args.year.as_ref(), args.policy.as_deref(), args)?;
    let findings = finding_table(&checked.findings);
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out)
            .map_err(|source| Error::Folder { path: out.clone(), source })?;
        let [coverage, institutions] = &checked.codes;
        for table in [&checked.summary, &checked.verdict, &findings, coverage, institutions] {
            write_table(table, &out.join(format!("{}.parquet", table.name)))?;
        }
    }
    match &args.rows {
        Some(id) => {
            let known = check::CHECKS.iter().map(|check| check.id);
            if !known.clone().any(|known| known == id) {
                let nearest = crate::explain::nearest(id, known).map(str::to_owned);
                return Err(Error::UnknownCheck { check: id.clone(), nearest });
            }
            let rows: Vec<Finding> =
                checked.findings.iter().filter(|row| row.check_id == *id).cloned().collect();
            output::print(&finding_table(&rows), args.common.json)?;
        }
        None => {
            output::print(&checked.summary, args.common.json)?;
            output::gap(args.common.json)?;
            output::print(&checked.verdict, args.common.json)?;
            for table in checked.codes.iter().filter(|table| table.rows() > 0) {
                output::gap(args.common.json)?;
                output::print(table, args.common.json)?;
            }
        }
    }
    Ok(if checked.passed { Outcome::Done } else { Outcome::No })
}

fn check(
    common: &Common,
    years: Option<&Years>,
    policy: Option<&str>,
    args: &Args,
) -> Result<Checked, Error> {
    checked(common, years, policy, (args.tolerance, args.limit))
}

/// Runs the checks; `limits` are tolerance and share in hundredths of a percent.
pub(super) fn checked(
    common: &Common,
    years: Option<&Years>,
    policy: Option<&str>,
    limits: (Fen, u32),
) -> Result<Checked, Error> {
    let policy = policy.map(policy::load).transpose()?.map(|loaded| loaded.policy);
    let snapshot = common.snapshot()?;
    let all = || {
        let years = snapshot.years().into_iter().filter_map(|(year, _)| u16::try_from(year).ok());
        Years::new(years.collect()).ok_or(Error::NothingLoaded)
    };
    let years = years.cloned().map_or_else(all, Ok)?;
    check_years(&snapshot, &years)?;
    let engine = common.engine()?;
    let request = check::Request { years, policy, tolerance: limits.0, limit_per_myriad: limits.1 };
    let checked = check::run(&engine, &snapshot, &request)?;
    common.show_plans(&engine);
    Ok(checked)
}

/// Findings as a table.
pub(super) fn finding_table(findings: &[Finding]) -> Table {
    let text =
        |of: fn(&Finding) -> &str| Column::text(findings.iter().map(|row| of(row).to_owned()));
    Table::new("finding")
        .with("check_id", text(|row| &row.check_id))
        .with("severity", text(|row| row.severity.as_str()))
        .with("table", text(|row| &row.table))
        .with("key", text(|row| &row.key))
        .with("column", text(|row| &row.column))
        .with("value", text(|row| &row.value))
        .with(
            "amount_yuan",
            Column::Decimal {
                places: 2,
                values: findings.iter().map(|row| row.amount.map(|fen| fen.0.into())).collect(),
            },
        )
}
