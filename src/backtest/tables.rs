//! Result tables beyond the kernel's: names and changes of institutions, tiers, scenarios, sources.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::inputs::InstitutionName;
use super::{BASELINE, Composed, Error};
use crate::catalog::model::FlowStep;
use crate::policy::{self, LoadedPolicy};
use crate::table::{Column, Table};
use crate::units::{fraction, to_decimal};
use crate::weights::Forecast;

const RATE_PLACES: u32 = 4;

/// Adds `fixmedins_name`, `tier` and `change_yuan` (paid against the baseline) to `institution`.
pub(super) fn name_institutions(
    tables: &mut [Table],
    institutions: &BTreeMap<String, InstitutionName>,
) {
    let Some(table) = tables.iter_mut().find(|table| table.name == "institution") else { return };
    let text = |column: &str, row: usize| table.cell(column, row).unwrap_or_default();
    let key = |row: usize| (text("pool", row), text("fixmedins_code", row));
    let baseline: BTreeMap<(String, String), i128> = (0..table.rows())
        .filter(|row| text("scenario", *row) == BASELINE)
        .map(|row| (key(row), fen(table, "paid_yuan", row)))
        .collect();
    let known = |row: usize| institutions.get(&text("fixmedins_code", row));
    let names = (0..table.rows()).map(|row| known(row).map(|known| known.name.clone()));
    let tiers = (0..table.rows()).map(|row| {
        Some(known(row).map_or_else(|| "未定级".to_owned(), |known| known.tier.clone()))
    });
    let changes =
        (0..table.rows()).map(|row| Some(fen(table, "paid_yuan", row) - baseline.get(&key(row))?));
    let (names, tiers) = (Column::texts(names), Column::texts(tiers));
    let changes = Column::Decimal { places: 2, values: changes.collect() };
    table.columns.push(("fixmedins_name".to_owned(), names));
    table.columns.push(("tier".to_owned(), tiers));
    table.columns.push(("change_yuan".to_owned(), changes));
}

/// One row a scenario, baseline first.
pub(super) fn scenario_table(composed: &[Composed]) -> Table {
    let changes = composed.iter().map(|one| {
        let all = one.policy.scenarios.iter().flat_map(|scenario| &scenario.changes);
        let lines: Vec<String> = all
            .map(|change| format!("{} = {} ({})", change.path, change.value_text, change.reason))
            .collect();
        lines.join("\n")
    });
    Table::new("scenario")
        .with("scenario", Column::text(composed.iter().map(|one| one.name.clone())))
        .with("title", Column::text(composed.iter().map(|one| one.title.clone())))
        .with("changes", Column::text(changes))
        .with(
            "is_baseline",
            Column::text(composed.iter().map(|one| if one.name == BASELINE { "1" } else { "0" })),
        )
        .with("policy_digest", Column::text(composed.iter().map(|one| one.policy.digest())))
}

#[derive(Default)]
struct Tier {
    institutions: i64,
    winners: i64,
    losers: i64,
    cases: i64,
    cost: i128,
    booked: i128,
    paid: i128,
    change: Option<i128>,
}

/// Winners (surplus above 0) and losers by level of institution, summed from `institution`.
pub(super) fn tier_table(tables: &[Table]) -> Result<Table, Error> {
    let mut tiers: BTreeMap<(String, String, String), Tier> = BTreeMap::new();
    if let Some(table) = tables.iter().find(|table| table.name == "institution") {
        for row in 0..table.rows() {
            let text = |column: &str| table.cell(column, row).unwrap_or_default();
            let tier = tiers.entry((text("scenario"), text("pool"), text("tier"))).or_default();
            let surplus = fen(table, "surplus_yuan", row);
            tier.institutions += 1;
            tier.winners += i64::from(surplus > 0);
            tier.losers += i64::from(surplus < 0);
            tier.cases += text("cases").parse::<i64>().unwrap_or_default();
            tier.cost += fen(table, "cost_yuan", row);
            tier.booked += fen(table, "fund_booked_yuan", row);
            tier.paid += fen(table, "paid_yuan", row);
            if table.cell("change_yuan", row).is_some() {
                *tier.change.get_or_insert(0) += fen(table, "change_yuan", row);
            }
        }
    }
    let rates = tiers
        .values()
        .map(|tier| rate(tier.paid - tier.booked, tier.paid))
        .collect::<Vec<Option<i128>>>();
    let yuan = |of: fn(&Tier) -> i128| Column::Decimal {
        places: 2,
        values: tiers.values().map(|tier| Some(of(tier))).collect(),
    };
    let whole = |of: fn(&Tier) -> i64| Column::whole(tiers.values().map(of));
    let table = Table::new("tier")
        .with("scenario", Column::text(tiers.keys().map(|key| key.0.clone())))
        .with("pool", Column::text(tiers.keys().map(|key| key.1.clone())))
        .with("tier", Column::text(tiers.keys().map(|key| key.2.clone())))
        .with("institutions", whole(|tier| tier.institutions))
        .with("winners", whole(|tier| tier.winners))
        .with("losers", whole(|tier| tier.losers))
        .with("cases", whole(|tier| tier.cases))
        .with("cost_yuan", yuan(|tier| tier.cost))
        .with("fund_booked_yuan", yuan(|tier| tier.booked))
        .with("paid_yuan", yuan(|tier| tier.paid))
        .with("surplus_yuan", yuan(|tier| tier.paid - tier.booked))
        .with("surplus_rate", Column::Decimal { places: RATE_PLACES, values: rates })
        .with(
            "change_yuan",
            Column::Decimal { places: 2, values: tiers.values().map(|t| t.change).collect() },
        );
    Ok(table)
}

/// `surplus ÷ paid` at four places in units of the last one; `None` where paid is 0 (A53).
fn rate(surplus: i128, paid: i128) -> Option<i128> {
    let rate = fraction(surplus, paid)?;
    to_decimal(&rate, RATE_PLACES).map(|rate| rate.mantissa())
}

/// How well the catalog foresaw the year, in one row.
pub(super) fn forecast_summary(forecast: &Forecast) -> Table {
    let decimal = |value: Option<Decimal>| Column::decimals(RATE_PLACES, [value]);
    let count = |value: u64| Column::whole([i64::try_from(value).unwrap_or(i64::MAX)]);
    Table::new("forecast_summary")
        .with("cases", count(forecast.cases))
        .with("grouped_cases", count(forecast.grouped_cases))
        .with("catalog_cases", count(forecast.catalog_cases))
        .with("coverage", decimal(forecast.coverage))
        .with("error_rate", decimal(forecast.error_rate))
}

/// From raw rows to cases.
pub(super) fn flow_table(steps: &[FlowStep]) -> Table {
    Table::new("flow")
        .with("year", Column::whole(steps.iter().map(|step| i64::from(step.year))))
        .with("step", Column::text(steps.iter().map(|step| step.step.clone())))
        .with("rows", Column::whole(steps.iter().map(|step| step.rows)))
        .with("amount_yuan", Column::yuan(steps.iter().map(|step| step.amount.0)))
}

/// Where every section of the policy comes from.
pub(super) fn citation_table(policy: &LoadedPolicy) -> Table {
    let citations = policy::citations(policy);
    let list = |of: fn(&policy::Citation) -> String| Column::text(citations.iter().map(of));
    Table::new("citation")
        .with("section", list(|one| one.section.clone()))
        .with("clause", list(|one| one.clause.clone().unwrap_or_default()))
        .with("reading", list(|one| one.reading.clone().unwrap_or_default()))
}

/// Tables of equal columns below each other; `None` if there is none.
pub(super) fn stack(tables: Vec<Table>) -> Option<Table> {
    let mut tables = tables.into_iter();
    let mut first = tables.next()?;
    for table in tables {
        for ((_, into), (_, from)) in first.columns.iter_mut().zip(table.columns) {
            match (into, from) {
                (Column::Text(into), Column::Text(from)) => into.append(&from),
                (Column::Whole(into), Column::Whole(from)) => into.extend(from),
                (Column::Decimal { values: into, .. }, Column::Decimal { values: from, .. }) => {
                    into.extend(from);
                }
                (Column::Float(into), Column::Float(from)) => into.extend(from),
                _ => return None,
            }
        }
    }
    Some(first)
}

/// A yuan cell of a table that was made here; 0 where the column has nothing to say.
fn fen(table: &Table, column: &str, row: usize) -> i128 {
    table.fen(column, row).unwrap_or_default()
}
