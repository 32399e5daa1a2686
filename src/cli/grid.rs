//! `dianshu catalog grid`: the same cases priced by many methods.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::card::prices_fees;
use super::common::{Common, check_years};
use super::{Error, Outcome, output};
use crate::history;
use crate::period::Years;
use crate::policy::{self, LoadedPolicy, Scenario};
use crate::warehouse::parquet::write_table;
use crate::weights::{self, Method};

/// Methods of one grid at most: more say nothing more and take the memory of a year.
const MOST_METHODS: usize = 1000;

/// Arguments of `dianshu catalog grid`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy: a name under `catalogs/` or a folder
    #[arg(long)]
    policy: String,
    /// Statistics years, oldest first, for example `2022,2023`
    #[arg(long)]
    years: Years,
    /// Scenarios of which a method takes one or none, `A,B,C`; again for each further choice
    #[arg(long, value_name = "S,S…", required_unless_present = "axis", value_delimiter = None)]
    over: Vec<String>,
    /// Values that a key of `[weights]` takes, `KEY=V,V`, beside that of the policy: centre, level,
    /// single_year, denominator, minimum_cases; `trim=V` takes the scenario `trim-V`. Again for each key
    #[arg(long, value_name = "KEY=V,V…", value_delimiter = None)]
    axis: Vec<String>,
    /// Also write `grid_method`, `grid_group` and `grid_institution` as Parquet into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let policy = policy::load(&args.policy)?;
    args.common.warn(&policy.warnings);
    prices_fees("grid", &policy.policy)?;
    let methods = methods(&policy, &args.over, &args.axis)?;
    if let Some(out) = &args.out {
        only_grids(out)?;
    }
    let snapshot = args.common.snapshot()?;
    check_years(&snapshot, &args.years)?;
    let engine = args.common.engine()?;
    let history = history::learn(&engine, &snapshot, &policy.policy, &args.years)?;
    let (built, info) = (&history.built, &history.info);
    args.common.warn(&built.warnings);
    args.common.show_plans(&engine);
    let grid = weights::grid(&built.cases, &args.years, &methods, (info, args.common.threads()))?;
    args.common.warn(&grid.warnings);
    let tables = [&grid.methods, &grid.groups, &grid.institutions];
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out)
            .map_err(|source| Error::Folder { path: out.clone(), source })?;
        for table in tables {
            write_table(table, &out.join(format!("{}.parquet", table.name)))?;
        }
    }
    for (at, table) in tables.into_iter().enumerate() {
        if at > 0 {
            output::gap(args.common.json)?;
        }
        output::print(table, args.common.json)?;
    }
    Ok(Outcome::Done)
}

/// Refuses a folder that holds anything but tables of a grid: it is not for them.
fn only_grids(out: &Path) -> Result<(), Error> {
    let folder = |source| Error::Folder { path: out.to_owned(), source };
    if !out.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(out).map_err(folder)? {
        let name = entry.map_err(folder)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with("grid_") {
            return Err(Error::GridFolder { path: out.to_owned(), file: name });
        }
    }
    Ok(())
}

/// The keys of `[weights]` that an axis may run over, with the reading that names the alternatives.
const AXES: &[(&str, &str)] = &[
    ("centre", "A40"),
    ("level", "A02"),
    ("single_year", "A03"),
    ("denominator", "A04"),
    ("minimum_cases", "A51"),
];

/// The baseline, then every way of taking one scenario or none of each choice.
fn methods(policy: &LoadedPolicy, over: &[String], axes: &[String]) -> Result<Vec<Method>, Error> {
    let mut choices = Vec::with_capacity(over.len() + axes.len());
    for choice in over {
        let names = choice.split(',').map(str::trim);
        let loaded = names.map(|name| policy::load_scenario(name, policy));
        choices.push(loaded.collect::<Result<Vec<_>, _>>()?);
    }
    for axis in axes {
        choices.push(steps(policy, axis)?);
    }
    let mut ways: Vec<Vec<&Scenario>> = vec![Vec::new()];
    for choice in &choices {
        let count = ways.len().saturating_mul(choice.len() + 1);
        if count > MOST_METHODS {
            return Err(Error::GridSize { count, most: MOST_METHODS });
        }
        let mut longer = Vec::with_capacity(count);
        for way in ways {
            let with: Vec<_> = choice.iter().map(|one| [way.as_slice(), &[one]].concat()).collect();
            longer.push(way);
            longer.extend(with);
        }
        ways = longer;
    }
    let methods = ways.iter().map(|way| method(policy, way)).collect::<Result<Vec<_>, _>>()?;
    let mut known = BTreeSet::new();
    for method in &methods {
        let mut parts: Vec<&str> = method.name.split('+').collect();
        parts.sort_unstable();
        if !known.insert(parts) {
            return Err(Error::GridTwice { method: method.name.clone() });
        }
    }
    Ok(methods)
}

/// The steps of an axis, `centre=median,geometric`: one scenario each, without the value the policy has.
/// `trim=iqr,sd` takes the scenarios `trim-iqr` and `trim-sd` of the policy; `none` is no step.
fn steps(policy: &LoadedPolicy, axis: &str) -> Result<Vec<Scenario>, Error> {
    let wrong = || Error::GridAxis {
        axis: axis.to_owned(),
        known: AXES.iter().map(|(key, _)| *key).chain(["trim"]).collect(),
    };
    let (key, values) = axis.split_once('=').ok_or_else(wrong)?;
    let (key, values) = (key.trim(), values.split(',').map(str::trim));
    let mut steps = Vec::new();
    for value in values {
        if key == "trim" {
            if value != "none" {
                steps.push(policy::load_scenario(&format!("trim-{value}"), policy)?);
            }
            continue;
        }
        let (_, reading) = AXES.iter().find(|(known, _)| *known == key).ok_or_else(wrong)?;
        let written = if value.parse::<u32>().is_ok() {
            value.to_owned()
        } else {
            format!("\"{}\"", value.replace(['"', '\\'], ""))
        };
        let text = format!(
            "title = \"{key}\"\nbase = \"{}\"\n\n[set]\n\"weights.{key}\" = {{ \
             value = {written}, reason = \"axis of the grid\", reading = \"{reading}\" }}\n",
            policy.policy.identity.id
        );
        let step = Scenario::parse(&format!("{key}-{value}.toml"), &text)?;
        let composed = policy::compose(policy, std::slice::from_ref(&step))?;
        let mut same = composed.policy.weights;
        same.cite = policy.policy.weights.cite.clone();
        if same != policy.policy.weights {
            steps.push(step);
        }
    }
    Ok(steps)
}

fn method(policy: &LoadedPolicy, scenarios: &[&Scenario]) -> Result<Method, Error> {
    if scenarios.is_empty() {
        let name = crate::backtest::BASELINE.to_owned();
        return Ok(Method { name, policy: policy.policy.clone() });
    }
    let loaded: Vec<Scenario> = scenarios.iter().copied().cloned().collect();
    let names: Vec<&str> = loaded.iter().map(|scenario| scenario.name.as_str()).collect();
    let name = names.join("+");
    let other = policy::sections_changed(&loaded).into_iter().find(|name| name != "weights");
    if let Some(section) = other {
        return Err(Error::GridSection { scenario: name, section });
    }
    let composed = policy::compose(policy, &loaded)?.policy;
    let (one, other) = (&composed.weights, &policy.policy.weights);
    for (section, same) in
        [("weights.scale", one.scale == other.scale), ("weights.base", one.base == other.base)]
    {
        if !same {
            let section = section.to_owned();
            return Err(Error::GridSection { scenario: name, section });
        }
    }
    Ok(Method { name, policy: composed })
}
