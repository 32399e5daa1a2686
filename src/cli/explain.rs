//! `dianshu explain`: how a case, an institution or a group came to its money, line by line, from the same
//! code that pays.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::common::Common;
use super::opened::Opened;
use super::{Error, Outcome, output};
use crate::backtest::{Prepared, Purpose, prepare_watching};
use crate::explain::nearest;
use crate::history;
use crate::policy::model::{CaseUnit, Policy};
use crate::settlement::cases::{Cases, flag};
use crate::settlement::decide::CaseClass;
use crate::settlement::outcome::Decision;
use crate::settlement::tariff::Tariff;
use crate::settlement::trail::{explain_case, explain_group, explain_institution};
use crate::settlement::{self, ScenarioInput, decide_all};
use crate::trail::{self, Lang, Section, Trail};
use crate::warehouse::engine::Engine;
use crate::warehouse::snapshot::Snapshot;

/// Arguments of `dianshu explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// A case by any of its settlements: netting, merging, group, class, points or standard, pay
    Case {
        /// The settlement
        #[arg(value_name = "SETL_ID")]
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// An institution: its pools, points or standards, entitlement, year end, every line of its ledger
    Institution {
        /// `fixmedins_code`
        #[arg(value_name = "CODE")]
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// A group: its points or price, its lines in yuan, what its cases of the year got
    Group {
        /// The group's code; `ungrouped` for the cases without one
        #[arg(value_name = "CODE")]
        id: String,
        #[command(flatten)]
        which: Which,
    },
}

/// The settlement explained.
#[derive(Debug, clap::Args)]
struct Which {
    /// Policy: a name under `catalogs/` or a folder
    #[arg(long)]
    policy: String,
    /// Folder of the catalog
    #[arg(long, value_name = "DIR")]
    catalog: PathBuf,
    /// Year settled
    #[arg(long)]
    year: u16,
    /// Scenario file or name; `A+B` composes two [default: the policy as published]
    #[arg(long, value_name = "S")]
    scenario: Option<String>,
    /// Language of labels: `zh` or `en`
    #[arg(long, default_value = "zh")]
    lang: Lang,
    #[command(flatten)]
    common: Common,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject<'a> {
    /// The case of this settlement.
    Case(&'a str),
    /// This institution.
    Institution(&'a str),
    /// This group.
    Group(&'a str),
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let (subject, which) = match &args.what {
        What::Case { id, which } => (Subject::Case(id), which),
        What::Institution { id, which } => (Subject::Institution(id), which),
        What::Group { id, which } => (Subject::Group(id), which),
    };
    let scenarios: Vec<String> = which.scenario.iter().cloned().collect();
    let job = Job {
        policy: &which.policy,
        catalog: &which.catalog,
        year: which.year,
        scenarios: &scenarios,
    };
    for trail in job.run(&which.common, &[subject])? {
        print(&trail, which.lang, which.common.json)?;
    }
    Ok(Outcome::Done)
}

/// Prints a trail as text or as one JSON line.
pub(super) fn print(trail: &Trail, lang: Lang, json: bool) -> Result<(), Error> {
    output::print_text(&if json {
        format!("{}\n", trail::json(trail, lang))
    } else {
        trail::text(trail, lang)
    })
}

/// A kind of case that a reader of the notice looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    Low,
    Normal,
    High,
    Merged,
    Ungrouped,
}

impl Sample {
    const ALL: [Self; 5] = [Self::Low, Self::Normal, Self::High, Self::Merged, Self::Ungrouped];

    /// Chinese and English heading.
    pub(super) fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Low => ("低倍率病例", "A low case"),
            Self::Normal => ("正常病例", "A normal case"),
            Self::High => ("高倍率病例", "A high case"),
            Self::Merged => ("合并病例", "A merged case"),
            Self::Ungrouped => (
                "未入组病例（含未按时或未按规范上传的）",
                "An ungrouped case, or one uploaded late or not to standard",
            ),
        }
    }

    /// Why a year under a policy has no such case, in Chinese and English.
    pub(super) fn absent(self, policy: &Policy, year: u16) -> (String, String) {
        let has_lines = policy.deviation.is_some()
            || policy.outlier.is_some()
            || policy.score.as_ref().is_some_and(|score| score.abnormal.is_some());
        let merges = policy.case.cycle.is_some() || policy.case.unit == CaseUnit::Visit;
        let document = &policy.identity.document;
        match self {
            Self::Low | Self::High if !has_lines => (
                format!(
                    "没有：{document} 没有高低倍率的规定，政策文件也没有这一节，病例一律按病组支付。"
                ),
                format!(
                    "None: {document} prints no line for low or high cases and the policy has no such \
                     section, so every case is paid by its group."
                ),
            ),
            Self::Merged if !merges => (
                format!("没有：{document} 没有治疗周期的规定，一笔结算就是一个病例 (R04)。"),
                format!("None: {document} has no treatment cycle, a settlement is a case (R04)."),
            ),
            _ => (
                format!("没有：{year} 年没有这样的病例。"),
                format!("None: {year} has no such case."),
            ),
        }
    }
}

/// A settlement with everything resolved but the files it names.
pub(super) struct Job<'a> {
    pub(super) policy: &'a str,
    pub(super) catalog: &'a Path,
    pub(super) year: u16,
    pub(super) scenarios: &'a [String],
}

impl Job<'_> {
    /// Settles the year and explains every subject under the last scenario.
    pub(super) fn run(
        &self,
        common: &Common,
        subjects: &[Subject<'_>],
    ) -> Result<Vec<Trail>, Error> {
        let asked = subjects.iter().filter_map(|subject| match subject {
            Subject::Case(id) => Some((*id).to_owned()),
            Subject::Institution(_) | Subject::Group(_) => None,
        });
        self.settled(common, &asked.collect(), |settled| {
            subjects.iter().map(|subject| settled.explain(*subject)).collect()
        })
    }

    /// One case of each kind, where the year has such.
    pub(super) fn samples(&self, common: &Common) -> Result<Vec<(Sample, Option<Trail>)>, Error> {
        let found = self.settled(common, &BTreeSet::new(), |settled| settled.samples())?;
        let ids = found.iter().filter_map(|(_, id)| id.as_deref());
        let mut trails = self.run(common, &ids.map(Subject::Case).collect::<Vec<_>>())?.into_iter();
        let with_trail =
            |(kind, id): (Sample, Option<String>)| (kind, id.and_then(|_| trails.next()));
        Ok(found.into_iter().map(with_trail).collect())
    }

    /// Settles the year, with what becomes of some settlements kept, and asks something of it.
    fn settled<T>(
        &self,
        common: &Common,
        watch: &BTreeSet<String>,
        ask: impl FnOnce(&Settled<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let opened = Opened::read(self.policy, self.catalog)?;
        let purpose = Purpose::Settle { month: None, simulated: true };
        let settings = opened.settings(self.year, purpose, self.scenarios, true);
        let snapshot = common.snapshot()?;
        let engine = common.engine()?;
        let prepared = prepare_watching(&engine, &snapshot, &settings, watch)?;
        let threads = NonZeroUsize::new(common.threads()).unwrap_or(NonZeroUsize::MIN);
        let outcome = prepared.settle(threads)?.pop();
        common.show_plans(&engine);
        common.warn(&prepared.warnings);
        let outcome = outcome.ok_or(Error::NothingLoaded)?;
        let at = prepared.composed.len().saturating_sub(1);
        let tariff = Tariff::resolve(&prepared.input(at), &prepared.built(at).cases)?;
        let source = (&engine, &snapshot);
        ask(&Settled { prepared: &prepared, at, tariff, outcome, source, threads })
    }
}

/// A year settled under one scenario.
struct Settled<'a> {
    prepared: &'a Prepared<'a>,
    at: usize,
    tariff: Tariff,
    outcome: settlement::Outcome,
    source: (&'a Engine, &'a Snapshot),
    threads: NonZeroUsize,
}

impl Settled<'_> {
    fn cases(&self) -> &Cases {
        &self.prepared.built(self.at).cases
    }

    fn input(&self) -> ScenarioInput<'_> {
        self.prepared.input(self.at)
    }

    fn explain(&self, subject: Subject<'_>) -> Result<Trail, Error> {
        let trail = match subject {
            Subject::Case(id) => self.case(id)?,
            Subject::Institution(code) => self.institution(code)?,
            Subject::Group(code) => self.group(code)?,
        };
        trail.check()?;
        Ok(trail)
    }

    /// The first case of each kind, by id.
    fn samples(&self) -> Result<Vec<(Sample, Option<String>)>, Error> {
        let cases = self.cases();
        let mut decisions = decide_all(cases, &self.input(), &self.outcome, self.threads)?;
        decisions.sort_by(|a, b| cases.case_id[a.row].cmp(&cases.case_id[b.row]));
        let first = |kind: Sample| {
            let is_merged = |one: &&Decision| cases.flags[one.row] & flag::MERGED != 0;
            let of = |class| decisions.iter().find(|one| one.class == class && !is_merged(one));
            let found = match kind {
                Sample::Low => of(CaseClass::Low),
                Sample::Normal => of(CaseClass::Normal),
                Sample::High => of(CaseClass::High).or_else(|| of(CaseClass::Extreme)),
                Sample::Merged => decisions.iter().find(is_merged),
                // Where a fallback group takes them (Y14, Y25) they are late or unusable.
                Sample::Ungrouped => of(CaseClass::Ungrouped)
                    .or_else(|| of(CaseClass::Unusable))
                    .or_else(|| of(CaseClass::Late)),
            };
            (kind, found.map(|one| cases.case_id[one.row].to_owned()))
        };
        Ok(Sample::ALL.map(first).into())
    }

    /// The case of a settlement, or why it is none.
    fn case(&self, id: &str) -> Result<Trail, Error> {
        let built = self.prepared.built(self.at);
        let cases = self.cases();
        let unknown = || {
            let known = cases.case_id.texts();
            let nearest = nearest(id, known).map(str::to_owned);
            Error::UnknownSettlement { setl_id: id.to_owned(), year: self.outcome_year(), nearest }
        };
        let watch = built.watched.get(id).ok_or_else(unknown)?;
        let input = self.input();
        let mut before = watch.sections(input.policy, id);
        let row = watch
            .case_id
            .as_ref()
            .and_then(|case_id| cases.case_id.texts().position(|known| known == case_id));
        let Some(row) = row else {
            let (scenario, year) = (input.name.clone(), input.year);
            let (subject, id) = ("settlement", id.to_owned());
            return Ok(Trail { subject, id, scenario, year, sections: before });
        };
        let mut trail = explain_case(cases, &input, (&self.tariff, &self.outcome), row)?;
        if let Some(catalog) = input.catalog {
            let ((engine, snapshot), asked) = (self.source, (input.policy, catalog));
            let matched = history::matched(engine, snapshot, asked, (cases, row))?;
            if !matched.is_empty() {
                before.push(Section::of("grouping", matched));
            }
        }
        trail.sections.splice(0..0, before);
        Ok(trail)
    }

    fn outcome_year(&self) -> u16 {
        self.input().year
    }

    fn institution(&self, code: &str) -> Result<Trail, Error> {
        let found = explain_institution(&self.input(), &self.outcome, code);
        found.ok_or_else(|| {
            let known = self.outcome.institutions.iter().map(|row| row.fixmedins_code.as_str());
            let nearest = nearest(code, known).map(str::to_owned);
            Error::NotPaid { code: code.to_owned(), year: self.outcome_year(), nearest }
        })
    }

    fn group(&self, code: &str) -> Result<Trail, Error> {
        let input = self.input();
        let decisions = decide_all(self.cases(), &input, &self.outcome, self.threads)?;
        let found = explain_group(self.cases(), &input, (&self.outcome, &decisions), code);
        found.ok_or_else(|| {
            let catalog = input.catalog.iter().flat_map(|catalog| &catalog.groups);
            let known = catalog.map(|group| group.group_code.as_str());
            let known = known.chain(self.cases().groups.iter().map(String::as_str));
            let nearest = nearest(code, known).map(str::to_owned);
            Error::UnknownGroup { group: code.to_owned(), nearest }
        })
    }
}
