//! `dianshu catalog grid`: the same cases priced by many methods.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::common::{Common, check_years};
use super::{Error, Outcome, output};
use crate::history;
use crate::period::Years;
use crate::policy::{self, LoadedPolicy};
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
    #[arg(long, value_name = "S,S…", required = true, value_delimiter = None)]
    over: Vec<String>,
    /// Also write `grid_method`, `grid_group` and `grid_institution` as Parquet into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let policy = policy::load(&args.policy)?;
    args.common.warn(&policy.warnings);
    let methods = methods(&policy, &args.over)?;
    if let Some(out) = &args.out {
        only_grids(out)?;
    }
    let snapshot = args.common.snapshot()?;
    check_years(&snapshot, &args.years)?;
    let engine = args.common.engine()?;
    let built = history::learn(&engine, &snapshot, &policy.policy, &args.years)?.built;
    args.common.warn(&built.warnings);
    args.common.show_plans(&engine);
    let info = BTreeMap::new();
    let grid = weights::grid(&built.cases, &args.years, &methods, (&info, args.common.threads()))?;
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

/// The baseline, then every way of taking one scenario or none of each choice.
fn methods(policy: &LoadedPolicy, over: &[String]) -> Result<Vec<Method>, Error> {
    let mut names: Vec<Vec<&str>> = vec![Vec::new()];
    for choice in over {
        let scenarios: Vec<&str> = choice.split(',').map(str::trim).collect();
        let count = names.len().saturating_mul(scenarios.len() + 1);
        if count > MOST_METHODS {
            return Err(Error::GridSize { count, most: MOST_METHODS });
        }
        let mut longer = Vec::with_capacity(count);
        for name in names {
            let with = scenarios.iter().map(|scenario| [name.as_slice(), &[*scenario]].concat());
            let with: Vec<_> = with.collect();
            longer.push(name);
            longer.extend(with);
        }
        names = longer;
    }
    let methods = names.iter().map(|name| method(policy, name)).collect::<Result<Vec<_>, _>>()?;
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

fn method(policy: &LoadedPolicy, scenarios: &[&str]) -> Result<Method, Error> {
    if scenarios.is_empty() {
        let name = crate::backtest::BASELINE.to_owned();
        return Ok(Method { name, policy: policy.policy.clone() });
    }
    let loaded = policy::load_scenarios(&scenarios.join("+"), policy)?;
    let names: Vec<&str> = loaded.iter().map(|scenario| scenario.name.as_str()).collect();
    let name = names.join("+");
    let other = policy::sections_changed(&loaded).into_iter().find(|name| name != "weights");
    if let Some(section) = other {
        return Err(Error::GridSection { scenario: name, section });
    }
    let composed = policy::compose(policy, &loaded)?.policy;
    if composed.weights.scale != policy.policy.weights.scale {
        let section = "weights.scale".to_owned();
        return Err(Error::GridSection { scenario: name, section });
    }
    Ok(Method { name, policy: composed })
}
