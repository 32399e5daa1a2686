//! `dianshu replay`: a year already cleared, against its official sheet.

use std::path::PathBuf;

use super::common::Common;
use super::opened::Opened;
use super::{Error, Outcome, output};
use crate::backtest::{Purpose, official, with_candidates};
use crate::cleared::{difference_table, institution_table, summary_table};
use crate::report::Lang;
use crate::synth;
use crate::units::Fen;

/// Arguments of `dianshu replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy: a name under `catalogs/` or a folder
    #[arg(long)]
    policy: String,
    /// Folder of the catalog the year was cleared by
    #[arg(long, value_name = "DIR")]
    catalog: PathBuf,
    /// The cleared year
    #[arg(long)]
    year: u16,
    /// Reading the sheet may follow; may be given many times [default: every scenario of the policy
    /// that leaves the cases as they are]
    #[arg(long = "scenario", value_name = "S")]
    scenarios: Vec<String>,
    /// Show every institution with its causes too
    #[arg(long)]
    institutions: bool,
    /// Labels of causes: `zh` or `en`
    #[arg(long, default_value = "en")]
    lang: Lang,
    /// Instead write a synthetic official sheet of the year with twelve planted differences, and their
    /// key; the first `--scenario` is the reading it follows
    #[arg(long, value_name = "DIR")]
    make_sheet: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let opened = Opened::read(&args.policy, &args.catalog)?;
    let settings = opened.settings(args.year, Purpose::Backtest, &args.scenarios, true);
    let snapshot = args.common.snapshot()?;
    let engine = args.common.engine()?;
    if let Some(folder) = &args.make_sheet {
        let key = with_candidates(&engine, &snapshot, &settings, |candidates, threads| {
            synth::cleared_sheet(candidates, threads, folder)
        })??;
        output::print(&key, args.common.json)?;
        return Ok(Outcome::Done);
    }
    let done = official(&engine, &snapshot, &settings)?;
    args.common.show_plans(&engine);
    args.common.warn(&done.warnings);
    let in_chinese = args.lang == Lang::Zh;
    let summary = summary_table(&done.explained, in_chinese);
    output::print(&summary, args.common.json)?;
    output::gap(args.common.json)?;
    output::print(&difference_table(&done.explained, in_chinese), args.common.json)?;
    if args.institutions {
        output::gap(args.common.json)?;
        output::print(&institution_table(&done.explained, in_chinese), args.common.json)?;
    }
    // The unexplained stands first; with any of it the answer is no.
    let nothing = Fen::ZERO.to_string();
    let is_explained = summary.cell("moved_yuan", 0).is_some_and(|moved| moved == nothing);
    let is_open = summary.cell("differences", 0).is_some_and(|count| count != "0");
    Ok(if is_explained && !is_open { Outcome::Done } else { Outcome::No })
}
