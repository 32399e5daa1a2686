//! Scenarios side by side, the rules each changes, and the money of the baseline.

use super::super::figure::{Book, Figure, Look, MISSING, Sheet};
use super::super::text;
use super::summary::Totals;
use super::{
    Block, TABLE_ROWS, TableBlock, constant, escape, fill, head, omitted, sheet_name, span,
};

/// Pools and periods set side by side in one table.
const POOLS_ABREAST: usize = 4;

const POOL_LINES: &[&str] = &[
    "cases",
    "low_cases",
    "high_cases",
    "ungrouped_cases",
    "cost_yuan",
    "fund_booked_yuan",
    "budget_yuan",
    "distributable_yuan",
    "item_paid_yuan",
    "standard_paid_yuan",
    "points",
    "point_value",
    "floating_factor",
    "entitlement_yuan",
    "adjustment_yuan",
    "paid_yuan",
    "fund_balance_yuan",
    "returned_yuan",
    "capped_institutions",
];

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    match book.sheet("pool") {
        Some(_) => blocks.push(comparison(book)),
        None => blocks.push(omitted(book, "pool")),
    }
    match book.sheet("scenario") {
        Some(sheet) => blocks.extend(changes(book, sheet)),
        None => blocks.push(omitted(book, "scenario")),
    }
    if let Some(sheet) = book.sheet("pool") {
        blocks.extend(money(book, sheet));
    }
    blocks
}

/// One row a scenario.
fn comparison(book: &Book<'_>) -> Block {
    let scenarios = book.scenarios();
    let base_paid = Totals::of(book, &book.baseline).pool("paid_yuan");
    let valued = ["point_value", "floating_factor"]
        .into_iter()
        .find(|column| scenarios.iter().any(|s| Totals::of(book, s).pool_only(column).is_some()));
    let mut titles = vec![head(book, "title", false)];
    titles.extend(["paid_yuan"].map(|column| head(book, column, true)));
    titles.push((book.words.paid_change.to_owned(), true));
    titles.extend(["fund_balance_yuan", "returned_yuan"].map(|column| head(book, column, true)));
    titles.extend(valued.map(|column| head(book, column, true)));
    titles.extend(["winners", "losers"].map(|column| head(book, column, true)));
    let row = |scenario: &String| {
        let totals = Totals::of(book, scenario);
        let paid = totals.pool("paid_yuan");
        let change = paid.as_ref().zip(base_paid.as_ref()).map(|(paid, base)| paid.minus(base));
        let mut row = vec![Some(book.scenario_title(scenario)), paid, change];
        row.extend(["fund_balance_yuan", "returned_yuan"].map(|column| totals.pool(column)));
        row.extend(valued.map(|column| totals.pool_only(column)));
        row.extend(["winners", "losers"].map(|column| totals.tier(column)));
        row.into_iter().map(|figure| figure.unwrap_or_else(nothing)).collect()
    };
    let note = book.sheet("scenario").filter(|_| scenarios.len() > TABLE_ROWS).map(|sheet| {
        fill(
            book.words.more,
            &[
                ("all", span(&sheet.count(&[]))),
                ("shown", constant(TABLE_ROWS)),
                ("sheet", escape(&sheet_name(book.lang, "pool"))),
            ],
        )
    });
    Block::Table(TableBlock {
        title: escape(book.words.scenarios_table),
        head: titles,
        rows: scenarios.iter().take(TABLE_ROWS).map(row).collect(),
        note,
    })
}

/// A cell that no table has.
fn nothing() -> Figure {
    Figure { text: MISSING.to_owned(), source: String::new(), value: None, look: Look::Number }
}

/// What each scenario changes, one list a scenario.
fn changes(book: &Book<'_>, sheet: &Sheet<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(escape(book.words.scenarios_changes))];
    for scenario in book.scenarios() {
        for row in sheet.find(&[("scenario", &scenario)]) {
            let figure = sheet.figure("changes", row);
            let lines: Vec<&str> =
                figure.text.lines().filter(|line| !line.trim().is_empty()).collect();
            let title = span(&book.scenario_title(&scenario));
            let items = if lines.is_empty() || figure.text == MISSING {
                vec![escape(book.words.no_change)]
            } else {
                let line =
                    |text: &&str| span(&Figure { text: (*text).to_owned(), ..figure.clone() });
                lines.iter().map(line).collect()
            };
            blocks.push(Block::List { title, items });
        }
    }
    blocks
}

/// The money of the baseline: one line an amount, one column a pool and period.
fn money(book: &Book<'_>, sheet: &Sheet<'_>) -> Vec<Block> {
    let rows = sheet.find(&[("scenario", &book.baseline)]);
    let tables = rows.chunks(POOLS_ABREAST).map(|rows| {
        let columns = rows.iter().map(|row| {
            let name = |column| sheet.figure(column, *row).text;
            (format!("{} · {}", name("pool"), name("period")), true)
        });
        let line = |column: &&str| {
            let label = text::column_label(book.lang, column).unwrap_or(column).to_owned();
            let label = Figure { text: label, look: Look::Text, ..nothing() };
            let figures = rows.iter().map(|row| sheet.figure(column, *row));
            std::iter::once(label).chain(figures).collect::<Vec<_>>()
        };
        let filled = |column: &&&str| {
            sheet.has(column) && rows.iter().any(|row| sheet.value(column, *row).is_some())
        };
        Block::Table(TableBlock {
            title: escape(book.words.scenarios_pool),
            head: std::iter::once((String::new(), false)).chain(columns).collect(),
            rows: POOL_LINES.iter().filter(filled).map(line).collect(),
            note: None,
        })
    });
    tables.collect()
}
