//! From the warehouse to grouped cases: the one place that knows whether groups follow from history.
//!
//! A grouper that reads one record at a time has decided when the cases are built. A directory is
//! learned from all cases of the statistics years first ([`learn`]), and later years are matched against
//! the groups of the catalog ([`of_year`]).

use crate::catalog::model::Catalog;
use crate::explain::{Explain, Kind};
use crate::grouper::drg::Grouper;
use crate::grouper::{GroupInfo, Reason, dip, refine, units};
use crate::grouping::Tally;
use crate::grouping::cases::{self, Built, Request};
use crate::period::Years;
use crate::policy::model::{Apg, Dip, MatchStep, Method, PointBase, Policy, Refine, Tie};
use crate::settlement::cases::{Cases, UNGROUPED, retain};
use crate::table::Table;
use crate::trail::{Step, Value};
use crate::units::Fen;
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;
use crate::{warehouse, weights};

use std::collections::{BTreeMap, BTreeSet};

/// What keeps cases from being grouped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The warehouse or the engine.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The statistics a directory is learned with.
    #[error(transparent)]
    Statistics(#[from] weights::Error),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] dip::Error),
    /// The refinement of an APG.
    #[error(transparent)]
    Refinement(#[from] refine::Overflow),
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Warehouse(err) => err.kind(),
            Self::Statistics(err) => err.kind(),
            Self::Directory(err) => err.kind(),
            Self::Refinement(err) => err.kind(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Warehouse(err) => err.hints(),
            Self::Statistics(err) => err.hints(),
            Self::Directory(err) => err.hints(),
            Self::Refinement(err) => err.hints(),
        }
    }
}

/// The cases of the statistics years in their groups.
#[derive(Debug, Default)]
pub struct History {
    /// The cases and how they came about; its warnings include those of the grouper.
    pub built: Built,
    /// What the grouper knows of its groups, by code.
    pub info: BTreeMap<String, GroupInfo>,
    /// What its tables say of the directory, where there is one.
    directory: Option<Directory>,
    /// How the groups of an APG came about.
    refinement: Option<Table>,
}

#[derive(Debug)]
struct Directory {
    /// The rules, with the operations of the warehouse.
    dip: Dip,
    dropped: Vec<dip::Dropped>,
    /// The base disease chosen.
    base: Option<String>,
}

/// What is kept of every case beside its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// Its id, and why it is grouped or not.
    pub ids: bool,
    /// Its medical record.
    pub records: bool,
}

/// Builds the cases of `years` and groups them, learning the directory where the policy has one.
///
/// # Errors
/// [`Error`]
pub fn learn(
    engine: &Engine,
    snapshot: &Snapshot,
    policy: &Policy,
    years: &Years,
) -> Result<History, Error> {
    learn_keeping(engine, snapshot, (policy, years), Keep::default())
}

/// [`learn`], with ids, reasons and records of the cases kept.
///
/// # Errors
/// [`Error`]
pub fn learn_keeping(
    engine: &Engine,
    snapshot: &Snapshot,
    (policy, years): (&Policy, &Years),
    keep: Keep,
) -> Result<History, Error> {
    let (mut policy_of, years_of) = (policy.clone(), years.clone());
    // Means are of all patients (E32); only here, so that nobody else is ever settled.
    policy_of.scope.insutype.extend_from_slice(&policy.scope.self_paying_insutype);
    let request = Request {
        policy: policy_of,
        years: years_of,
        keep_ids: keep.ids,
        keep_records: keep.records,
        parts: false,
        refunds_until: None,
    };
    let mut built = cases::build(engine, snapshot, &request)?;
    leave_units_out(&mut built, policy);
    match &policy.grouping.method {
        Method::Dip(dip) => {
            let dip = operations(engine, snapshot, dip)?;
            directory(dip, built, policy, years)
        }
        Method::Drg(tables) => {
            let info = Grouper::new(tables).info();
            Ok(History { built, info, ..History::default() })
        }
        Method::Apg(Apg { refine: Some(rule), .. }) => refined(built, policy, rule, years),
        Method::Given { .. } | Method::Apg(_) => Ok(History { built, ..History::default() }),
    }
}

/// Groups of an APG learned from the years that count (H11).
fn refined(
    mut built: Built,
    policy: &Policy,
    rule: &Refine,
    years: &Years,
) -> Result<History, Error> {
    let Some(years) = Years::new(weights::kept_years(policy, years)) else {
        // Every year is left out: the statistics refuse it by name.
        return Ok(History { built, ..History::default() });
    };
    let directory = refine::Directory::learn(&built.cases, rule, &years)?;
    let cases = std::mem::take(&mut built.cases);
    built.cases = refine::match_cases(cases, |code| directory.holds(code));
    let info = directory.info(&policy.grouping.names);
    Ok(History { built, info, refinement: Some(directory.table()), ..History::default() })
}

/// Cases paid by other units are no part of the statistics (R19): step `units` of the flow.
fn leave_units_out(built: &mut Built, policy: &Policy) {
    let keep = units::stay(&built.cases, &policy.units);
    // Records and reasons are there only where they were asked for.
    retain(&mut built.records, &keep);
    retain(&mut built.reasons, &keep);
    for (year, left) in units::leave_out(&mut built.cases, &policy.units) {
        let step = |name: &str| (year, name.to_owned());
        let gone = Tally { rows: -left.cases, fee_fen: -left.fee_fen };
        built.flow.insert(step("units"), gone);
        let cases = built.flow.entry(step("cases")).or_default();
        cases.rows += gone.rows;
        cases.fee_fen += gone.fee_fen;
    }
}

/// Groups cases by the directory that they make.
fn directory(dip: Dip, mut built: Built, policy: &Policy, years: &Years) -> Result<History, Error> {
    let cases = std::mem::take(&mut built.cases);
    let learned = weights::learn::<Error>(&dip, cases, policy, years)?;
    let base = match &policy.weights.base {
        PointBase::BaseDisease { group_code } => Some(group_code.clone()),
        PointBase::Mean | PointBase::Fixed(_) => None,
    };
    if let Some(code) = &base {
        dip::check_base(&learned, code)?;
    }
    built.cases = learned.cases;
    // The directory may leave a combination without group.
    for (reason, group) in built.reasons.iter_mut().zip(&built.cases.group) {
        if *group == UNGROUPED && *reason == Reason::Grouped {
            *reason = Reason::NoGroup;
        }
    }
    built.warnings.extend(learned.warnings.iter().map(ToString::to_string));
    let info = dip::info(&dip, &learned.groups);
    let directory = Some(Directory { dip, dropped: learned.dropped, base });
    Ok(History { built, info, directory, refinement: None })
}

/// The rules with the operations of table `op_attribute`.
fn operations(engine: &Engine, snapshot: &Snapshot, dip: &Dip) -> Result<Dip, Error> {
    let table = dimension::read(engine, snapshot, "stg_op_attribute", &Params::default())?;
    let cell = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
    let rows = (0..table.rows()).map(|row| (cell("oprn_oprt_code", row), cell("attribute", row)));
    Ok(dip::with_attributes(dip, rows)?)
}

impl History {
    /// Adds to a catalog built from these cases what the grouper knows besides: marks and tables.
    pub fn complete(&self, catalog: &mut Catalog) {
        catalog.tables.extend(self.refinement.iter().cloned());
        let Some(Directory { dip, dropped, base }) = &self.directory else { return };
        dip::mark(dip, catalog);
        let chosen = base.as_deref();
        let tables = dip::tables(dip, (&self.built.cases, dropped), catalog, chosen);
        catalog.tables.extend(tables);
    }
}

/// Builds the cases of a year after the catalog's and groups them by its groups.
///
/// # Errors
/// [`Error`]
pub fn of_year(
    engine: &Engine,
    snapshot: &Snapshot,
    request: &Request,
    catalog: &Catalog,
) -> Result<Built, Error> {
    of_year_watching(engine, snapshot, (request, catalog), &BTreeSet::new())
}

/// [`of_year`], with what becomes of some settlements kept.
///
/// # Errors
/// [`Error`]
pub fn of_year_watching(
    engine: &Engine,
    snapshot: &Snapshot,
    (request, catalog): (&Request, &Catalog),
    watch: &BTreeSet<String>,
) -> Result<Built, Error> {
    let mut built = cases::build_watching(engine, snapshot, request, watch)?;
    if let Method::Apg(Apg { refine: Some(_), .. }) = &request.policy.grouping.method {
        let groups = catalog.groups.iter().map(|group| group.group_code.as_str());
        let groups: BTreeSet<&str> = groups.collect();
        let cases = std::mem::take(&mut built.cases);
        built.cases = refine::match_cases(cases, |code| groups.contains(code));
    }
    if let Method::Dip(dip) = &request.policy.grouping.method {
        let dip = operations(engine, snapshot, dip)?;
        let cases = std::mem::take(&mut built.cases);
        let (cases, warning) = dip::match_year(&matcher(&dip, catalog), &dip, cases)?;
        built.cases = cases;
        built.warnings.extend(warning.map(|warning| warning.to_string()));
    }
    Ok(built)
}

/// How the group of a case was found among those of a directory (R02, A50); nothing where groups follow
/// from no directory, or the case is in another group than the matcher says (a misfit of its shape).
///
/// # Errors
/// [`Error`]
pub fn matched(
    engine: &Engine,
    snapshot: &Snapshot,
    (policy, catalog): (&Policy, &Catalog),
    (cases, row): (&Cases, usize),
) -> Result<Vec<Step>, Error> {
    let Method::Dip(dip) = &policy.grouping.method else { return Ok(Vec::new()) };
    let profile = cases.profile.get(row).filter(|profile| **profile != UNGROUPED);
    let Some(combination) = profile.map(|profile| &cases.profiles[*profile as usize]) else {
        return Ok(Vec::new());
    };
    let mut steps = vec![
        Step::of("combination", Value::Text(combination.clone())).at("grouping.dip", &dip.cite),
    ];
    let group = cases.groups.get(cases.group[row] as usize).map(String::as_str);
    let dip = operations(engine, snapshot, dip)?;
    let matcher = matcher(&dip, catalog);
    let decision = matcher.decide(combination, Fen(cases.fee_fen[row]));
    let Some(step) = decision.step.filter(|_| decision.group == group) else { return Ok(steps) };
    let word = match step {
        MatchStep::Exact => "exact",
        MatchStep::Subset => "subset",
        MatchStep::Main => "main",
        MatchStep::Residual => "residual",
    };
    let step = Step::of("matched_by", Value::Word(word));
    steps.push(step.at("grouping.dip.matching", &dip.cite).reading("R02"));
    if let Some(decided) = decision.decided_by {
        let among = u64::try_from(decision.among).unwrap_or(u64::MAX);
        steps.push(Step::of("among", Value::Count(among)));
        let word = match decided {
            dip::DecidedBy::Tie(Tie::MostMatched) => "most_matched",
            dip::DecidedBy::Tie(Tie::NearestMean) => "nearest_mean",
            dip::DecidedBy::Tie(Tie::HighestMean) => "highest_mean",
            dip::DecidedBy::Tie(Tie::Kind) => "layer_first",
            dip::DecidedBy::Code => "code_first",
        };
        let step = Step::of("decided_by", Value::Word(word));
        steps.push(step.at("grouping.dip.ties", &dip.cite).reading("A50"));
    }
    steps.push(Step::of("group_code", Value::Text(group.unwrap_or_default().to_owned())));
    Ok(steps)
}

/// The matcher of a catalog's groups and their published means (R02).
fn matcher<'a>(dip: &'a Dip, catalog: &Catalog) -> dip::Matcher<'a> {
    let groups = catalog.groups.iter();
    dip::Matcher::new(dip, groups.map(|group| (group.group_code.clone(), Some(group.mean))))
}
