//! `dianshu demo`: the whole way on an embedded synthetic city.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::common::{Bytes, Common};
use super::{
    Error, Outcome, audit, backtest, build, check, explain, ingest, output, report, settle,
};
use crate::backtest::Purpose;
use crate::period::Years;
use crate::policy::model::Cite;
use crate::policy::{self, LoadedPolicy};
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

/// The month that is shown: half a year is known by then.
const MONTH: u8 = 6;

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
        warned: RefCell::default(),
    };
    let export = dir.join("export");
    common.say(&format!("1/8 synth      {} → {}", args.system, export.display()));
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
    common.say(&format!("2/8 ingest     {} → {}", export.display(), common.warehouse.display()));
    ingest::load(&common, &[export])?;
    common.say("3/8 check      planted defects among the findings");
    let checked = check::checked(&common, None, Some(&args.system), (Fen(1), LIMIT))?;
    let (year, history) = split(&years);
    let book = dir.join("catalog");
    common.say(&format!("4/8 catalog    {history} → {}", book.display()));
    build::build(&common, &policy, &history, (&book, None))?;
    let runs = dir.join("runs");
    let shown = Shown { args, common: &common, policy: &policy, book: &book, runs, year };
    shown.backtest(&demo.scenarios, checked.summary)?;
    shown.settlements()?;
    shown.audit()?;
    shown.cases()?;
    Ok(Outcome::Done)
}

/// The catalog is there; what is shown of the newest year.
struct Shown<'a> {
    args: &'a Args,
    common: &'a Common,
    policy: &'a LoadedPolicy,
    book: &'a Path,
    runs: PathBuf,
    year: u16,
}

impl Shown<'_> {
    fn job<'a>(&'a self, purpose: Purpose, scenarios: &'a [String]) -> backtest::Job<'a> {
        backtest::Job {
            policy: &self.args.system,
            catalog: self.book,
            year: self.year,
            purpose,
            scenarios,
            with_cases: false,
            out: &self.runs,
        }
    }

    /// The year under the policy and its scenarios, and the report on it.
    fn backtest(&self, scenarios: &[String], checked: Table) -> Result<(), Error> {
        self.common.say(&format!(
            "5/8 backtest   {} under {} scenarios",
            self.year,
            scenarios.len() + 1
        ));
        let (run, done) = self.job(Purpose::Backtest, scenarios).run(self.common)?;
        self.common.say("6/8 report");
        let folder = self.args.dir.join("report");
        let formats = [Format::Html, Format::Xlsx];
        let files = report::write(&run, &formats, self.args.lang, &folder, vec![checked])?;
        self.title(
            "回测：同一年份在各情景下的结果",
            "Backtest: the same year under every scenario",
            None,
        )?;
        output::print(&backtest::summary(&done), false)?;
        let mut text = format!("run:     {}\ncatalog: {}\n", run.display(), self.book.display());
        for file in files {
            text.push_str(&format!("report:  {}\n", file.display()));
        }
        output::print_text(&text)
    }

    /// A month, then the year, as `settle` prints them: pools, ledger, the largest transfer.
    fn settlements(&self) -> Result<(), Error> {
        self.common.say("7/8 settle     a month, then the year");
        let rules = &self.policy.policy;
        let monthly = rules.monthly.as_ref().map(|monthly| &monthly.cite);
        let month = (
            "月预结算：每月先拨付，年终清算时扣回",
            "A month is paid in advance and taken off at clearing",
        );
        let year = (
            "年终清算：全年应付，减去已拨付",
            "Clearing: what the year is worth, less what was advanced",
        );
        let all = [(Some(MONTH), month, monthly), (None, year, Some(&rules.budget.cite))];
        for (month, (zh, en), cite) in all {
            let job = self.job(Purpose::Settle { month, simulated: true }, &[]);
            let (run, done) = job.run(self.common)?;
            self.title(zh, en, cite)?;
            settle::show(&job, &done, 1, self.args.lang)?;
            output::print_text(&format!("run: {}\n", run.display()))?;
        }
        Ok(())
    }

    /// Errors and warnings of the rules, the heaviest first.
    fn audit(&self) -> Result<(), Error> {
        self.common.say(
            "8/8 audit      the rules, and the cases beside their lines; then cases explained",
        );
        self.title(
            "规则审计：批准之前政策里的断崖、漏洞和矛盾",
            "Audit: cliffs, holes and contradictions of the rules, before they are approved",
            None,
        )?;
        let catalog = (self.args.system.as_str(), self.book);
        audit::show(self.common, catalog, (self.year, self.args.lang))
    }

    /// One case of each kind, line by line, or why the year has none.
    fn cases(&self) -> Result<(), Error> {
        let Self { args, book, year, .. } = *self;
        let job = explain::Job { policy: &args.system, catalog: book, year, scenarios: &[] };
        for (kind, trail) in job.samples(self.common)? {
            let (zh, en) = kind.title();
            self.title(zh, en, None)?;
            match trail {
                Some(trail) => explain::print(&trail, args.lang, false)?,
                None => {
                    let (zh, en) = kind.absent(&self.policy.policy, year);
                    output::print_text(&format!(
                        "{}\n",
                        if args.lang == Lang::Zh { zh } else { en }
                    ))?;
                }
            }
        }
        Ok(())
    }

    /// A heading, and the clause or reading it rests on.
    fn title(&self, zh: &str, en: &str, cite: Option<&Cite>) -> Result<(), Error> {
        let text = if self.args.lang == Lang::Zh { zh } else { en };
        let mut lines = format!("\n━━ {text} ━━\n");
        for cited in cite.iter().flat_map(|cite| [&cite.clause, &cite.reading]).flatten() {
            lines.push_str(&format!("   {cited}\n"));
        }
        output::print_text(&lines)
    }
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
