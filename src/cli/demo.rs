//! `dianshu demo`: the whole way on an embedded synthetic city.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::common::{Bytes, Common};
use super::{
    Error, Outcome, audit, backtest, build, check, demo_groups, explain, ingest, output, report,
};
use crate::backtest::Purpose;
use crate::period::Years;
use crate::policy;
use crate::report::{Format, Lang};
use crate::synth::{self, City};
use crate::table::Table;
use crate::units::Fen;

/// File that marks a folder as made by the demo.
const MARK: &str = ".dianshu-demo";
/// A share of wrong rows in hundredths of a percent that a planted city stays below.
const LIMIT: u32 = 300;

/// Arguments of `dianshu demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// System to show
    #[arg(default_value = "jining-apg")]
    system: String,
    /// Folder of everything the demo makes
    #[arg(long, default_value = "dianshu-demo", value_name = "DIR")]
    dir: PathBuf,
    /// People of the city [default: as the city says]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    people: Option<u32>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Memory the engine may use before it spills to disk
    #[arg(long, default_value = "2GiB", value_name = "SIZE")]
    memory: Bytes,
    /// Language of the report: `zh` or `en`
    #[arg(long, default_value = "zh")]
    lang: Lang,
    /// No talk on stderr
    #[arg(long)]
    quiet: bool,
}

/// What one system's demo makes and asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    people: u32,
    seed: u64,
    years: String,
    scenarios: Vec<String>,
    /// Planted defects that the export does not have.
    #[serde(default)]
    without: Vec<String>,
}

fn plan(system: &str) -> Result<Plan, Error> {
    let mut plans: BTreeMap<String, Plan> =
        toml::from_str(include_str!("demos.toml")).map_err(|source| Error::Demos { source })?;
    let known = plans.keys().cloned().collect();
    plans.remove(system).ok_or_else(|| Error::NoDemo { system: system.to_owned(), known })
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let mut city = City::embedded(&args.system)?;
    let policy = policy::load(&args.system)?;
    let demo = plan(&args.system)?;
    for defect in &demo.without {
        city = city.without(defect);
    }
    let dir = &args.dir;
    prepare(dir)?;
    let common = Common {
        warehouse: dir.join("warehouse"),
        threads: args.threads,
        memory: args.memory,
        json: false,
        quiet: args.quiet,
        plan: false,
    };
    let export = dir.join("export");
    // A system that the settlement does not settle yet ends with its catalog.
    let unsettled = policy::unsettled(&policy.policy);
    let steps = if unsettled.is_empty() { 6 } else { 5 };
    common.say(&format!("1/{steps} synth      {} → {}", args.system, export.display()));
    let years: Years = demo.years.parse()?;
    let made = synth::generate(&synth::Settings {
        city,
        years: years.clone(),
        people: args.people.unwrap_or(demo.people),
        seed: demo.seed,
        out: export.clone(),
        format: synth::Format::Parquet,
        defects: true,
        parts: 1,
    })?;
    common.say(&super::synth::summary(&made));
    common.say(&format!(
        "2/{steps} ingest     {} → {}",
        export.display(),
        common.warehouse.display()
    ));
    ingest::load(&common, &[export])?;
    common.say(&format!("3/{steps} check      planted defects among the findings"));
    let checked = check::checked(&common, None, Some(&args.system), (Fen(1), LIMIT))?;
    let (settled, history) = split(&years);
    let book = dir.join("catalog");
    common.say(&format!("4/{steps} catalog    {history} → {}", book.display()));
    let built = build::build(&common, &policy, &history, (&book, None))?;
    if unsettled.is_empty() {
        return settle(args, &common, (&demo, settled), checked.summary);
    }
    common.say(&format!("5/{steps} groups     what they are, one of them closely, verification"));
    let done = demo_groups::show(&common, &built, &book)?;
    output::print_text(&format!(
        "catalog: {}\nNot in this release: settlement under `{}`; the demo of {} ends here.\n",
        book.display(),
        unsettled.join("`, `"),
        args.system,
    ))?;
    Ok(done)
}

/// The newest year settled under the policy and its scenarios, and the report.
fn settle(
    args: &Args,
    common: &Common,
    (demo, settled): (&Plan, u16),
    checked: Table,
) -> Result<Outcome, Error> {
    let book = args.dir.join("catalog");
    common.say(&format!("5/6 backtest   {settled} under {} scenarios", demo.scenarios.len() + 1));
    let job = backtest::Job {
        policy: &args.system,
        catalog: &book,
        year: settled,
        purpose: Purpose::Backtest,
        scenarios: &demo.scenarios,
        with_cases: false,
        out: &args.dir.join("runs"),
    };
    let (path, done) = job.run(common)?;
    common.say("6/6 report");
    let formats = [Format::Html, Format::Xlsx];
    let files = report::write(&path, &formats, args.lang, &args.dir.join("report"), vec![checked])?;
    output::print(&backtest::summary(&done), false)?;
    let mut text = format!("run:     {}\ncatalog: {}\n", path.display(), book.display());
    for file in files {
        text.push_str(&format!("report:  {}\n", file.display()));
    }
    output::print_text(&text)?;
    common.say("audit      the rules, and the cases beside their lines");
    output::gap(false)?;
    audit::show(common, (&args.system, &book), (settled, args.lang))?;
    common.say(
        "explain    a low, a normal, a high, a merged, an ungrouped case; the largest institution",
    );
    let job = explain::Job { policy: &args.system, catalog: &book, year: settled, scenarios: &[] };
    for trail in job.samples(common)? {
        output::gap(false)?;
        explain::print(&trail, args.lang, false)?;
    }
    Ok(Outcome::Done)
}

/// The newest year is settled, the others are history.
fn split(years: &Years) -> (u16, Years) {
    let settled = years.last();
    let older = years.as_slice().iter().copied().filter(|year| *year < settled).collect();
    (settled, Years::new(older).unwrap_or_else(|| years.clone()))
}

/// An empty folder of the demo's own; what an earlier demo left is removed, anything else refused.
fn prepare(dir: &Path) -> Result<(), Error> {
    let folder = |source| Error::Folder { path: dir.to_owned(), source };
    let mark = dir.join(MARK);
    if dir.exists() {
        let is_empty = fs::read_dir(dir).map_err(folder)?.next().is_none();
        if !is_empty && !mark.is_file() {
            return Err(Error::Foreign { path: dir.to_owned() });
        }
        for part in ["export", "warehouse", "catalog", "runs", "report"] {
            let part = dir.join(part);
            if part.exists() {
                fs::remove_dir_all(&part).map_err(folder)?;
            }
        }
    }
    fs::create_dir_all(dir).map_err(folder)?;
    fs::write(&mark, "made by `dianshu demo`; the next demo empties it\n").map_err(folder)
}
