//! `dianshu catalog show`: a catalog, one of its further tables, or the weight card of a group.

use std::cell::RefCell;
use std::path::PathBuf;

use super::common::{Bytes, Common};
use super::{Error, Outcome, card, output};
use crate::catalog::model::Catalog;
use crate::table::{Column, Table};
use crate::{catalog, explain, weights};

/// Arguments of `dianshu catalog show`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the catalog
    catalog: PathBuf,
    /// Group to show alone
    group: Option<String>,
    /// Show a further table of the catalog instead
    #[arg(long, value_name = "NAME", conflicts_with = "group")]
    table: Option<String>,
    /// Folder of the catalog before, to compare the price with
    #[arg(long, value_name = "DIR", requires = "group")]
    last: Option<PathBuf>,
    /// Folder of the warehouse: adds the cases by year and hospital, before and after trimming, how far
    /// the price hangs on one hospital, and an interval
    #[arg(long, value_name = "DIR", requires = "group")]
    warehouse: Option<PathBuf>,
    /// Bootstrap rounds of the interval
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=100_000))]
    rounds: u32,
    /// Seed of the rounds
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Memory the engine may use before it spills to disk
    #[arg(long, default_value = "2GiB", value_name = "SIZE")]
    memory: Bytes,
    /// Print as JSON lines
    #[arg(long)]
    json: bool,
    /// No talk on stderr
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let catalog = catalog::read(&args.catalog)?;
    if let Some(name) = &args.table {
        let known = || catalog.tables.iter().map(|table| table.name.clone()).collect();
        let unknown = || catalog::Error::NoTable { table: name.clone(), known: known() };
        output::print(catalog.table(name).ok_or_else(unknown)?, args.json)?;
        return Ok(Outcome::Done);
    }
    let Some(group) = &args.group else {
        output::print(&catalog::group_table(&catalog), args.json)?;
        return Ok(Outcome::Done);
    };
    let codes = catalog.groups.iter().map(|known| known.group_code.as_str());
    let Some(at) = codes.clone().position(|known| known == group) else {
        let nearest = explain::nearest(group, codes).map(str::to_owned);
        return Err(Error::UnknownGroup { group: group.clone(), nearest });
    };
    let last = args.last.as_deref().map(catalog::read).transpose()?;
    if let (Some(last), Some(path)) = (&last, &args.last)
        && (last.system != catalog.system || last.scale != catalog.scale)
    {
        return Err(Error::OtherScale { catalog: path.clone() });
    }
    let overrides = catalog::overrides(&args.catalog)?;
    let asked = weights::CardRequest {
        group,
        rounds: args.rounds,
        seed: args.seed,
        last: last.as_ref(),
        set: overrides.iter().find(|row| row.group_code == *group),
    };
    let known = weights::known_card(&catalog, asked)?;
    let mut tables = vec![fields(&catalog, at, &known[0])];
    if let Some(warehouse) = &args.warehouse {
        let common = Common {
            warehouse: warehouse.clone(),
            threads: args.threads,
            memory: args.memory,
            json: args.json,
            quiet: args.quiet,
            plan: false,
            warned: RefCell::default(),
        };
        // Its summary is in the fields, its neighbours come last.
        let card = card::compute(&args.catalog, asked, &common)?;
        let parts = card.tables().into_iter();
        tables.extend(
            parts.filter(|part| ![&known[0].name, &known[1].name].contains(&&part.name)).cloned(),
        );
    } else {
        tables.push(rows_of(&weights::weight_table(&catalog)?, group));
    }
    tables
        .extend(catalog.tables.iter().map(|table| rows_of(table, group)).filter(|t| t.rows() > 0));
    tables.push(known[1].clone());
    for (at, table) in tables.iter().enumerate() {
        if at > 0 {
            output::gap(args.json)?;
        }
        output::print(table, args.json)?;
    }
    Ok(Outcome::Done)
}

/// What `groups.csv` has of a group, and what the card knows besides.
fn fields(catalog: &Catalog, at: usize, card: &Table) -> Table {
    let groups = catalog::group_table(catalog);
    let own = groups.columns.iter().map(|(name, column)| (name.clone(), column.show(at)));
    let mut fields: Vec<(String, Option<String>)> = own.collect();
    for row in 0..card.rows() {
        let name = card.cell("field", row).unwrap_or_default();
        let value = card.cell("value", row);
        let twin = ["mean_yuan", "standard_yuan"].contains(&name.as_str());
        if value.is_some() && !twin && fields.iter().all(|(known, _)| *known != name) {
            fields.push((name, value));
        }
    }
    let (names, values): (Vec<String>, Vec<Option<String>>) = fields.into_iter().unzip();
    Table::new("group").with("field", Column::text(names)).with("value", Column::texts(values))
}

/// The rows of a table that speak of a group.
fn rows_of(table: &Table, group: &str) -> Table {
    let is = |column: &str, row| table.cell(column, row).as_deref() == Some(group);
    let rows: Vec<usize> = (0..table.rows())
        .filter(|row| {
            ["group_code", "group_before", "group_after"].iter().any(|column| is(column, *row))
        })
        .collect();
    let mut part = Table::new(&table.name);
    for (name, column) in &table.columns {
        part = part.with(name, column.take(&rows));
    }
    part
}
