//! `dianshu audit`: what the rules of a policy leave open, contradict or invite, before it is approved.

use std::path::{Path, PathBuf};

use num_traits::Zero as _;
use rust_decimal::Decimal;

use super::common::Common;
use super::opened::built_under;
use super::{Error, Outcome, output};
use crate::audit::behaviour::{Institution, judge};
use crate::audit::beside::Beside;
use crate::audit::{self, Cliff, Finding, Settings};
use crate::backtest::{self, BASELINE, Composed, compose_all, manifest};
use crate::catalog::{self, Stored};
use crate::finding::Severity;
use crate::grouping::behaviour;
use crate::grouping::cases::Request;
use crate::period::Years;
use crate::policy::{self, LoadedPolicy};
use crate::report::Lang;
use crate::table::Table;
use crate::units::{Ratio, fraction, to_decimal};

/// Fund ÷ fee of probe cases where nobody says, in percent.
const RATIO: i64 = 85;
/// Places of a point value.
const VALUE_PLACES: u32 = 4;

/// Arguments of `dianshu audit`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy: a name under `catalogs/` or a folder
    #[arg(long)]
    policy: String,
    /// Folder of the catalog: prices of groups, inversions
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Scenario file or name; `A+B` composes two; may be given many times
    #[arg(long = "scenario", value_name = "S")]
    scenarios: Vec<String>,
    /// Fund ÷ fee of the cases that show a cliff
    #[arg(long, default_value = "0.85", value_name = "SHARE", value_parser = positive)]
    ratio: Decimal,
    /// Coefficient of their institution
    #[arg(long, default_value = "1", value_name = "K", value_parser = positive)]
    coefficient: Decimal,
    /// Yuan of fund money per point [default: base mean ÷ scale × ratio]
    #[arg(long, value_name = "YUAN", value_parser = positive, conflicts_with = "run")]
    point_value: Option<Decimal>,
    /// Take the point value of this run's baseline
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,
    /// Year whose cases are counted beside the lines, from the warehouse
    #[arg(long, requires = "catalog")]
    year: Option<u16>,
    /// Print this table instead of the findings
    #[arg(long, value_name = "TABLE", value_enum)]
    table: Option<Which>,
    /// Language of the findings: `zh` or `en`
    #[arg(long, default_value = "zh")]
    lang: Lang,
    #[command(flatten)]
    common: Common,
}

/// A table behind the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// Both sides of every line, for every group
    Cliff,
    /// Which clause is implemented where, and which readings are in force
    Clause,
    /// Cases beside each line by institution, and what moving it moves; needs `--year`
    Line,
    /// Split visits, visits settled together and shifted cost by institution; needs `--year`
    Behaviour,
}

fn positive(text: &str) -> Result<Decimal, String> {
    let value = Decimal::from_str_exact(text).ok().filter(|value| *value > Decimal::ZERO);
    value.ok_or_else(|| format!("`{text}` is no decimal above 0; write for example `0.85`"))
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let point_value = match &args.run {
        Some(run) => value_of_run(&manifest::read(run)?),
        None => args.point_value,
    };
    let job = Job {
        policy: &args.policy,
        catalog: args.catalog.as_deref(),
        scenarios: &args.scenarios,
        year: args.year,
        probes: (args.ratio, args.coefficient, point_value),
    };
    let audited = job.run(&args.common)?;
    let is_json = args.common.json;
    match args.table {
        Some(Which::Line) => output::print(&audited.line_table(), is_json)?,
        Some(Which::Behaviour) => output::print(&audited.behaviour_table()?, is_json)?,
        Some(Which::Cliff) => output::print(&audited.cliff_table(), is_json)?,
        Some(Which::Clause) => output::print(&audited.clause_table()?, is_json)?,
        None if is_json => output::print(&audit::table(&audited.findings), true)?,
        None => output::print_text(&text(&audited.findings, args.lang))?,
    }
    let stands = audited.findings.iter().any(|(_, one)| one.severity == Severity::Error);
    Ok(if stands { Outcome::No } else { Outcome::Done })
}

/// An audit with everything resolved but the files it names.
struct Job<'a> {
    policy: &'a str,
    catalog: Option<&'a Path>,
    scenarios: &'a [String],
    year: Option<u16>,
    /// Ratio and coefficient of probe cases, and the point value where one is given.
    probes: (Decimal, Decimal, Option<Decimal>),
}

/// What was found under every scenario.
struct Audited {
    composed: Vec<(Composed, Settings)>,
    findings: Vec<(String, Finding)>,
    cliffs: Vec<Vec<Cliff>>,
    /// None without a year.
    beside: Vec<Vec<Beside>>,
    /// None without a year; empty where the policy does not ask.
    behaviour: Vec<Vec<Institution>>,
}

impl Job<'_> {
    fn run(&self, common: &Common) -> Result<Audited, Error> {
        let stored = self.catalog.map(catalog::open).transpose()?;
        let composed = self.composed(stored.as_ref())?;
        let beside = self.beside(common, &composed, stored.as_ref())?;
        let behaviour = self.behaviour(common, &composed)?;
        let (findings, cliffs) = (Vec::new(), Vec::new());
        let mut all = Audited { composed, findings, cliffs, beside, behaviour };
        for (at, (one, settings)) in all.composed.iter().enumerate() {
            let book = stored.as_ref().map(|stored| &stored.catalog);
            let mut audited = audit::rules(&one.policy, book, settings)?;
            if let Some(found) = all.beside.get(at) {
                audited.add(found);
            }
            let rule = one.policy.policy.behaviour.as_ref();
            if let (Some(judged), Some(rule)) = (all.behaviour.get(at), rule) {
                audited.add_behaviour(judged, rule);
            }
            let named = |finding: Finding| (one.name.clone(), finding);
            all.findings.extend(audited.findings.into_iter().map(named));
            all.cliffs.push(audited.cliffs);
        }
        Ok(all)
    }

    /// The policy with every scenario, under those its catalog was computed under, and what its probe
    /// cases are like.
    fn composed(&self, stored: Option<&Stored>) -> Result<Vec<(Composed, Settings)>, Error> {
        let policy = policy::load(self.policy)?;
        let policy = match (self.catalog, stored) {
            (Some(path), Some(stored)) => policy::compose(&policy, &built_under(path, stored)?.1)?,
            _ => policy,
        };
        let book = stored.map(|stored| &stored.catalog);
        let (ratio, coefficient, point_value) = self.probes;
        let with_settings = |one: Composed| {
            let settings = Settings::new(ratio, &one.policy.policy, book);
            (one, Settings { coefficient, point_value, ..settings })
        };
        Ok(compose_all(&policy, self.scenarios)?.into_iter().map(with_settings).collect())
    }

    /// The cases of the year beside the lines; none without a year.
    fn beside(
        &self,
        common: &Common,
        composed: &[(Composed, Settings)],
        stored: Option<&Stored>,
    ) -> Result<Vec<Vec<Beside>>, Error> {
        let (Some(year), Some(path), Some(stored)) = (self.year, self.catalog, stored) else {
            return Ok(Vec::new());
        };
        let (built_under, _) = built_under(path, stored)?;
        let settings = backtest::Settings {
            policy: &composed[0].0.policy,
            scenarios: self.scenarios,
            catalog: &stored.catalog,
            catalog_policy: &built_under,
            year,
            purpose: backtest::Purpose::Backtest,
            with_cases: false,
        };
        let snapshot = common.snapshot()?;
        let engine = common.engine()?;
        let found = backtest::beside_lines(&engine, &snapshot, &settings, composed)?;
        common.show_plans(&engine);
        Ok(found)
    }

    /// The visits of the year, institution by institution (Y35); none without a year.
    fn behaviour(
        &self,
        common: &Common,
        composed: &[(Composed, Settings)],
    ) -> Result<Vec<Vec<Institution>>, Error> {
        let Some(year) = self.year else { return Ok(Vec::new()) };
        let years = Years::new(vec![year]).ok_or(Error::NothingLoaded)?;
        let snapshot = common.snapshot()?;
        let engine = common.engine()?;
        let mut all: Vec<Vec<Institution>> = Vec::new();
        for (at, (one, _)) in composed.iter().enumerate() {
            let Some(rule) = &one.policy.policy.behaviour else {
                all.push(Vec::new());
                continue;
            };
            let same = |(other, _): &(Composed, Settings)| visits_like(&one.policy, &other.policy);
            if let Some(known) = composed[..at].iter().position(same) {
                all.push(all[known].clone());
                continue;
            }
            let policy = one.policy.policy.clone();
            let request = Request {
                policy,
                years: years.clone(),
                keep_ids: false,
                keep_records: false,
                parts: false,
                refunds_until: None,
            };
            let visits = behaviour::visits(&engine, &snapshot, (&request, rule))?;
            all.push(judge(&visits, rule));
        }
        common.show_plans(&engine);
        Ok(all)
    }
}

/// What the visits of the year are judged by: scenarios that agree in it share one count.
fn visits_like(one: &LoadedPolicy, other: &LoadedPolicy) -> bool {
    let (one, other) = (&one.policy, &other.policy);
    one.behaviour == other.behaviour && one.scope == other.scope && one.case == other.case
}

/// What a demo shows of the audit of its policy: its errors and warnings, one of each check in full, and
/// how many more there are.
pub(super) fn show(
    common: &Common,
    (policy, catalog): (&str, &Path),
    (year, lang): (u16, Lang),
) -> Result<(), Error> {
    let probes = (Decimal::new(RATIO, 2), Decimal::ONE, None);
    let job = Job { policy, catalog: Some(catalog), scenarios: &[], year: Some(year), probes };
    let all = job.run(common)?.findings;
    let of = |severity| all.iter().filter(|(_, one)| one.severity == severity).count();
    let mut shown: Vec<(String, Finding)> = Vec::new();
    for finding in all.iter().filter(|(_, one)| one.severity > Severity::Info) {
        let same = shown.iter().filter(|(_, one)| one.check == finding.1.check).count();
        // Both lines of a cliff, one of everything else.
        if same < if finding.1.check == "cliff" { 2 } else { 1 } {
            shown.push(finding.clone());
        }
    }
    let (errors, warnings, infos) =
        (of(Severity::Error), of(Severity::Warning), of(Severity::Info));
    let mut out = listed(&shown, lang);
    out.push_str(&match lang {
        Lang::Zh => format!(
            "\n错误 {errors}，警告 {warnings}，提示 {infos}；以上每类各举一例，全部见 dianshu audit --policy \
             {policy} --catalog {} --year {year}\n",
            catalog.display()
        ),
        Lang::En => format!(
            "\n{errors} errors, {warnings} warnings, {infos} to know; one of each kind is shown, all by \
             dianshu audit --policy {policy} --catalog {} --year {year} --lang en\n",
            catalog.display()
        ),
    });
    output::print_text(&out)
}

impl Audited {
    /// Table `behaviour` of the policy as published.
    fn behaviour_table(&self) -> Result<Table, Error> {
        let judged = self.behaviour.first().filter(|judged| !judged.is_empty());
        Ok(audit::behaviour::table(judged.ok_or(Error::NoBehaviour)?))
    }

    fn line_table(&self) -> Table {
        let names = self.composed.iter().map(|(one, _)| one.name.clone());
        audit::beside::table(&names.zip(self.beside.clone()).collect::<Vec<_>>())
    }

    fn cliff_table(&self) -> Table {
        let of = |((one, _), cliffs): (&(Composed, Settings), &Vec<Cliff>)| {
            (one.name.clone(), one.policy.policy.clone(), cliffs.clone())
        };
        audit::cliffs::table(&self.composed.iter().zip(&self.cliffs).map(of).collect::<Vec<_>>())
    }

    fn clause_table(&self) -> Result<Table, Error> {
        let policies: Vec<(String, &LoadedPolicy)> =
            self.composed.iter().map(|(one, _)| (one.name.clone(), &one.policy)).collect();
        Ok(audit::clause_table(&policies)?)
    }
}

/// Yuan per point over all pools of the baseline; `None` where no points were paid.
fn value_of_run(run: &manifest::Run) -> Option<Decimal> {
    let pools = run.tables.get("pool")?;
    let year = |row: &usize| {
        let cell = |column: &str| pools.cell(column, *row).unwrap_or_default();
        cell("scenario") == BASELINE && cell("period") == crate::settlement::YEAR
    };
    let (mut fen, mut points) = (0i128, Ratio::zero());
    for row in (0..pools.rows()).filter(year) {
        fen += pools.fen("entitlement_yuan", row)? - pools.fen("item_paid_yuan", row)?;
        let text = pools.cell("points", row)?;
        points += crate::units::exact(Decimal::from_str_exact(&text).ok()?);
    }
    if points.is_zero() {
        return None;
    }
    to_decimal(&(fraction(fen, 100)? / points), VALUE_PLACES)
}

/// Findings for people, and how many there are.
fn text(findings: &[(String, Finding)], lang: Lang) -> String {
    let count = |severity| findings.iter().filter(|(_, one)| one.severity == severity).count();
    let [errors, warnings, infos] = [Severity::Error, Severity::Warning, Severity::Info].map(count);
    let counts = match lang {
        Lang::Zh => format!("\n错误 {errors}，警告 {warnings}，提示 {infos}\n"),
        Lang::En => format!("\n{errors} errors, {warnings} warnings, {infos} to know\n"),
    };
    listed(findings, lang) + &counts
}

/// Fact, numbers, clause of every finding, one below the other.
fn listed(findings: &[(String, Finding)], lang: Lang) -> String {
    let mut text = String::new();
    let mut last: Option<&str> = None;
    for (scenario, finding) in findings {
        if last != Some(scenario) {
            text.push_str(&format!("{}{scenario}\n", if last.is_some() { "\n" } else { "" }));
            last = Some(scenario);
        }
        let severity = match (lang, finding.severity) {
            (Lang::Zh, Severity::Error) => "错误",
            (Lang::Zh, Severity::Warning) => "警告",
            (Lang::Zh, Severity::Info) => "提示",
            (Lang::En, severity) => severity.as_str(),
        };
        let amount = finding.amount.map(|fen| format!("  {fen}")).unwrap_or_default();
        text.push_str(&format!("{severity}  {}  {}{amount}\n", finding.check, finding.place));
        let message = if lang == Lang::Zh { &finding.zh } else { &finding.en };
        text.push_str(&format!("      {message}\n"));
        for line in
            [&finding.counter_example, &finding.clause].into_iter().filter(|t| !t.is_empty())
        {
            text.push_str(&format!("      {line}\n"));
        }
    }
    text
}
