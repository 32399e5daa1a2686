//! `dianshu catalog build`: from loaded years to a catalog.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::common::{Common, check_years};
use super::{Error, Outcome, output};
use crate::catalog::Artefact;
use crate::catalog::model::Catalog;
use crate::grouping::flow;
use crate::period::Years;
use crate::policy::{
    self, LoadedPolicy,
    model::{BlendLevel, BudgetSource, Method, Policy},
};
use crate::settlement::coefficient::InstitutionFacts;
use crate::table::Table;
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;
use crate::{backtest, catalog, history, weights};

/// Arguments of `dianshu catalog build`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy: a name under `catalogs/` or a folder
    #[arg(long)]
    policy: String,
    /// Statistics years, oldest first, for example `2022,2023`
    #[arg(long)]
    years: Years,
    /// Folder of the new catalog
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Scenario whose changes apply, `A` or `A+B`
    #[arg(long, value_name = "S")]
    scenario: Option<String>,
    /// Folder of the catalog before, where the policy caps changes or holds the total of points
    #[arg(long, value_name = "DIR")]
    last: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let policy = compose(&args.policy, args.scenario.as_deref())?;
    let folders = (args.out.as_path(), args.last.as_deref());
    let built = build(&args.common, &policy, &args.years, folders)?;
    output::print(&catalog::identity_table(&built), args.common.json)?;
    args.common.say(&format!("catalog: {} groups in {}", built.groups.len(), args.out.display()));
    Ok(Outcome::Done)
}

fn compose(policy: &str, scenario: Option<&str>) -> Result<LoadedPolicy, Error> {
    let policy = policy::load(policy)?;
    let Some(spec) = scenario else { return Ok(policy) };
    let scenarios = policy::load_scenarios(spec, &policy)?;
    Ok(policy::compose(&policy, &scenarios)?)
}

/// Builds a catalog and writes it; nothing is written if anything fails. Its points are capped and held
/// against the last catalog where the policy says so.
pub(super) fn build(
    common: &Common,
    policy: &LoadedPolicy,
    years: &Years,
    (out, last): (&Path, Option<&Path>),
) -> Result<Catalog, Error> {
    common.warn(&policy.warnings);
    let last = last.map(catalog::open).transpose()?;
    let snapshot = common.snapshot()?;
    check_years(&snapshot, years)?;
    let engine = common.engine()?;
    let history = history::learn(&engine, &snapshot, &policy.policy, years)?;
    common.show_plans(&engine);
    common.warn(&history.built.warnings);
    let incomplete = weights::incomplete(&history.built.cases, years);
    common.warn(&incomplete.iter().map(ToString::to_string).collect::<Vec<_>>());
    let mut sources = sources(&snapshot, &policy.policy);
    if let Some(last) = &last {
        let groups = last.catalog.groups.len() as u64;
        sources.insert("last_catalog".to_owned(), (groups, last.digest.clone()));
    }
    let flow = flow::steps(&history.built);
    let institutions = institutions(&engine, &snapshot, policy)?;
    let (info, facts) = (history.info.clone(), institutions.clone());
    let passed = weights::Passed { flow, sources, info, institutions };
    let mut built = weights::build(&history.built.cases, &policy.policy, years, passed)?;
    history.complete(&mut built.catalog);
    catalog::adjust(&mut built.catalog, &policy.policy, last.as_ref().map(|last| &last.catalog))?;
    let rules = (&policy.policy, years);
    let from = (&facts[..], &built.mean_of_all);
    weights::restate(&mut built.catalog, &history.built.cases, rules, from)?;
    let standards = expected_standards(common, (&engine, &snapshot), policy, &built.catalog)?;
    built.catalog.tables.extend(standards);
    let by_ratios = policy.policy.weights.level == BlendLevel::Ratios;
    let checks = catalog::verify_content(&built.catalog, by_ratios);
    let gates = catalog::gates(&built.catalog, &policy.policy.life.gates, &checks);
    built.catalog.tables.push(catalog::gate_table(&gates));
    built.catalog.tables.sort_by(|a, b| a.name.cmp(&b.name));
    let warnings: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    common.warn(&warnings);
    let mut extra = policy.files().clone();
    for scenario in &policy.scenarios {
        let name = format!("{}{}.toml", catalog::SCENARIO_PREFIX, scenario.name);
        if extra.insert(name.clone(), scenario.source.clone().into_bytes()).is_some() {
            return Err(catalog::Error::FileName { name }.into());
        }
    }
    let artefact = Artefact {
        catalog: &built.catalog,
        policy: &policy.policy.identity,
        policy_source: &policy.source,
        extra: &extra,
    };
    catalog::write(&artefact, out)?;
    Ok(built.catalog)
}

/// Content of the warehouse tables that a catalog of this policy is made from.
fn sources(snapshot: &Snapshot, policy: &Policy) -> BTreeMap<String, (u64, String)> {
    let mut tables = vec!["settlement", "institution", "code_map"];
    tables.extend(match policy.grouping.method {
        Method::Apg(_) => &["fee_item"][..],
        Method::Given { .. } => &["group_result"],
        Method::Dip(_) => &["diagnosis", "procedure", "op_attribute"],
        Method::Drg(_) => &["diagnosis", "procedure"],
    });
    if let Method::Apg(apg) = &policy.grouping.method
        && apg.reads_diagnoses()
    {
        tables.push("diagnosis");
    }
    if policy.case.cost_classes.is_some() {
        tables.push("fee_item");
    }
    if policy.auxiliary.is_some() || !policy.scope.carve_out_diagnoses.is_empty() {
        tables.push("diagnosis");
    }
    if policy.expected_standard.is_some()
        && matches!(policy.budget.source, BudgetSource::Table { .. })
    {
        tables.push("budget");
    }
    tables
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), snapshot.table(name)?)))
        .map(|(name, table)| (name, (table.rows, table.digest.clone())))
        .collect()
}

/// What decides the coefficients and levels of institutions, where the policy asks for them.
fn institutions(
    engine: &Engine,
    snapshot: &Snapshot,
    policy: &LoadedPolicy,
) -> Result<Vec<InstitutionFacts>, Error> {
    let compared = policy.policy.weights.inversions.as_ref();
    let has_levels = compared.is_some_and(|rule| !rule.levels.is_empty());
    let asked = policy.policy.coefficient.is_some() || policy.policy.start_value.is_some();
    if !asked && !has_levels {
        return Ok(Vec::new());
    }
    let table = dimension::read(engine, snapshot, "stg_institution_fact", &Params::default())?;
    Ok(InstitutionFacts::from_table(&table).map_err(weights::Error::from)?)
}

/// Standards under the control total (P04); left out, with a warning, where the total is not known.
fn expected_standards(
    common: &Common,
    (engine, snapshot): (&Engine, &Snapshot),
    policy: &LoadedPolicy,
    catalog: &Catalog,
) -> Result<Option<Table>, Error> {
    let Some(rule) = &policy.policy.expected_standard else { return Ok(None) };
    let newest = catalog.years.iter().max().copied().unwrap_or_default();
    let ahead = u16::try_from(rule.years_ahead).unwrap_or_default();
    let year = newest.saturating_add(ahead);
    let control = backtest::control_total(engine, snapshot, &policy.policy, year)?;
    if control.is_none() {
        common.warn(&[format!(
            "table `expected_standard` is left out: no control total of {year} is known; load table \
             `budget`, or state `budget.amount` in a scenario"
        )]);
    }
    Ok(control.map(|control| catalog::expected_standards(catalog, control)))
}
