//! `dianshu settle`: a year cleared, or a month pre-settled, under a policy.

use std::path::PathBuf;

use super::backtest::{Job, summary};
use super::common::Common;
use super::{Error, Outcome, output};
use crate::backtest::{BASELINE, Purpose, Replay};
use crate::settlement;
use crate::settlement::statement::{self, AreaLine, Role, StatementLine};
use crate::table::{Column, Table};
use crate::trail::Lang;
use crate::units::Fen;

/// Institutions whose statement is printed.
const SHOWN: usize = 5;

/// Arguments of `dianshu settle`.
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
    /// Pre-settle the months up to this one (1 to 12) from what was settled by then; without it the
    /// year is cleared
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=12))]
    month: Option<u8>,
    /// Scenario file or name; `A+B` composes two; may be given many times
    #[arg(long = "scenario", value_name = "S")]
    scenarios: Vec<String>,
    /// Write every case with its class and pay to the table `case`
    #[arg(long, conflicts_with = "month")]
    cases: bool,
    /// A trial run: the same engine, flagged everywhere; nothing is paid by it
    #[arg(long)]
    simulate: bool,
    /// Language of labels: `zh` or `en`
    #[arg(long, default_value = "zh")]
    lang: Lang,
    /// Folder in which the run is written
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let purpose = Purpose::Settle { month: args.month, simulated: args.simulate };
    let job = Job {
        policy: &args.policy,
        catalog: &args.catalog,
        year: args.year,
        purpose,
        scenarios: &args.scenarios,
        with_cases: args.cases,
        out: &args.out,
    };
    let (path, done) = job.run(&args.common)?;
    if args.common.json {
        output::print(&area(purpose, &done), true)?;
        if purpose.month().is_none() {
            output::print(&ledger(&done, args.lang), true)?;
        }
        output::print(&statements(&done, SHOWN, args.lang), true)?;
        args.common.say(&format!("run: {}", path.display()));
        return Ok(Outcome::Done);
    }
    show(&job, &done, SHOWN, args.lang)?;
    output::print_text(&format!("run: {}\n", path.display()))?;
    Ok(Outcome::Done)
}

/// Prints what was settled for people: pools, the ledger of the area, the statements of the `count`
/// largest transfers.
pub(super) fn show(job: &Job<'_>, done: &Replay, count: usize, lang: Lang) -> Result<(), Error> {
    output::print_text(&format!("{}\n", heading(job, done, lang)))?;
    output::print(&area(job.purpose, done), false)?;
    if job.purpose.month().is_none() {
        output::print_text(match lang {
            Lang::Zh => "\n台账（机构与基金两侧之和等于基金池资金；其后各行由应付到应拨付）\n",
            Lang::En => {
                "\nLedger: institutions and fund together are the money of the pool; the lines below \
                 lead from paid to what is left to transfer\n"
            }
        })?;
        output::print(&ledger(done, lang), false)?;
    }
    output::print_text(match lang {
        Lang::Zh => "\n结算单（拨付额最大的机构）\n",
        Lang::En => "\nStatements of the largest transfers\n",
    })?;
    output::print(&statements(done, count, lang), false)
}

/// What the run is, and whether anything is paid by it (J16).
fn heading(job: &Job<'_>, done: &Replay, lang: Lang) -> String {
    let title = done.scenarios.first().map_or("", |one| one.title.as_str());
    let year = job.year;
    let what = match (job.purpose.month(), lang) {
        (Some(month), Lang::Zh) => format!("{year} 年 {month} 月月预结算"),
        (Some(month), Lang::En) => format!("monthly pre-settlement, month {month} of {year}"),
        (None, Lang::Zh) => format!("{year} 年年终清算"),
        (None, Lang::En) => format!("clearing of {year}"),
    };
    let trial = match (job.purpose, lang) {
        (Purpose::Settle { simulated: true, .. }, Lang::Zh) => "\n模拟运行，不作为付款依据",
        (Purpose::Settle { simulated: true, .. }, Lang::En) => "\nSIMULATED, nothing is paid by it",
        _ => "",
    };
    format!("{title}: {what}{trial}")
}

/// The area in a few lines: pools of a year, or of the month.
fn area(purpose: Purpose, done: &Replay) -> Table {
    let Some(month) = purpose.month() else { return summary(done) };
    let mut rows: Vec<(String, String, Option<Fen>, [i128; 4])> = Vec::new();
    for outcome in &done.outcomes {
        for row in outcome.months.iter().filter(|row| row.month == month) {
            let same = |known: &&mut (String, String, _, _)| {
                known.0 == outcome.scenario && known.1 == row.pool
            };
            let own = [row.booked, row.advance, row.retention, row.paid];
            if rows.iter_mut().find(same).is_none() {
                rows.push((outcome.scenario.clone(), row.pool.clone(), row.quota, [0; 4]));
            }
            if let Some(found) = rows.iter_mut().find(same) {
                for (sum, fen) in found.3.iter_mut().zip(own) {
                    *sum += i128::from(fen.0);
                }
            }
        }
    }
    let yuan = |at: usize| Column::Decimal {
        places: 2,
        values: rows.iter().map(|row| Some(row.3[at])).collect(),
    };
    let quota = rows.iter().map(|row| row.2.map(|quota| i128::from(quota.0))).collect();
    Table::new("area")
        .with("scenario", Column::text(rows.iter().map(|row| row.0.as_str())))
        .with("pool", Column::text(rows.iter().map(|row| row.1.as_str())))
        .with("quota_yuan", Column::Decimal { places: 2, values: quota })
        .with("booked_yuan", yuan(0))
        .with("advance_yuan", yuan(1))
        .with("retention_yuan", yuan(2))
        .with("paid_yuan", yuan(3))
}

/// The outcome under the policy as published.
fn baseline(done: &Replay) -> Option<&settlement::Outcome> {
    done.outcomes.iter().find(|outcome| outcome.scenario == BASELINE)
}

/// The ledger of every pool by kind, with its totals.
fn ledger(done: &Replay, lang: Lang) -> Table {
    let rows = baseline(done).map(statement::ledger_of_area).unwrap_or_default();
    let payee = |of_fund: bool| match (of_fund, lang) {
        (true, Lang::Zh) => "基金",
        (true, Lang::En) => "fund",
        (false, Lang::Zh) => "机构",
        (false, Lang::En) => "institutions",
    };
    let side = |line: &AreaLine| if line.kind == "gross" { "" } else { payee(line.of_fund) };
    Table::new("ledger")
        .with("pool", Column::text(rows.iter().map(|line| line.pool.as_str())))
        .with("side", Column::text(rows.iter().map(side)))
        .with("line", Column::text(rows.iter().map(|line| statement::label(line.labels, lang))))
        .with("lines", Column::counts(rows.iter().map(|line| line.lines as u64)))
        .with("amount_yuan", Column::yuan(rows.iter().map(|line| line.amount.0)))
        .with("rule", Column::text(rows.iter().map(|line| rule(&line.clause, &line.reading))))
}

/// Statements, under the policy as published, of the institutions with the largest transfers.
fn statements(done: &Replay, count: usize, lang: Lang) -> Table {
    let lines = baseline(done).map(statement::lines).unwrap_or_default();
    let mut transfers: Vec<&StatementLine> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let next = lines.get(at + 1);
        let same = |next: &StatementLine| {
            next.pool == line.pool && next.fixmedins_code == line.fixmedins_code
        };
        // The last line of an institution is what is transferred.
        if line.role == Role::Total && !next.is_some_and(same) {
            transfers.push(line);
        }
    }
    transfers.sort_by_key(|line| std::cmp::Reverse(line.amount));
    transfers.truncate(count);
    let rows: Vec<&StatementLine> = transfers
        .iter()
        .flat_map(|wanted| {
            lines.iter().filter(|line| {
                line.pool == wanted.pool && line.fixmedins_code == wanted.fixmedins_code
            })
        })
        .collect();
    let text = |of: fn(&StatementLine) -> &str| Column::text(rows.iter().map(|line| of(line)));
    let label = |line: &&StatementLine| statement::label((line.label_zh, line.label_en), lang);
    Table::new("statement")
        .with("pool", text(|line| &line.pool))
        .with("fixmedins_code", text(|line| &line.fixmedins_code))
        .with("period", text(|line| &line.period))
        .with("line", Column::text(rows.iter().map(label)))
        .with("amount_yuan", Column::yuan(rows.iter().map(|line| line.amount.0)))
        .with("rule", Column::text(rows.iter().map(|line| rule(&line.clause, &line.reading))))
}

/// The reading, or the row id at the end of the clause, which is enough to search by.
fn rule(clause: &str, reading: &str) -> String {
    let id = clause.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let id = id.map_or("", |(id, _)| id);
    match (id, reading) {
        ("", reading) => reading.to_owned(),
        (id, "") => id.to_owned(),
        (id, reading) => format!("{id}, {reading}"),
    }
}
