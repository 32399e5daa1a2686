//! The catalog: largest groups, weights of two years, the identity, the forecast error.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::super::Error;
use super::super::charts::{self, Scatter};
use super::super::figure::{Book, Figure, Sheet};
use super::winners::without_single_pool;
use super::{Block, Rows, TableBlock, cells, escape, fill, head, omitted, span};

/// Groups listed by cost, and by cases.
const LISTED: usize = 15;
/// Groups listed by forecast error.
const ERRORS: usize = 30;

const FORECAST: &[&str] = &[
    "group_code",
    "group_name",
    "catalog_cases",
    "catalog_mean_yuan",
    "actual_cases",
    "actual_mean_yuan",
    "error_yuan",
    "error_rate",
    "flag",
];

pub(super) fn blocks(book: &Book<'_>) -> Result<Vec<Block>, Error> {
    let words = book.words;
    let facts = [
        (words.catalog_years, book.fact("/catalog/years")),
        (words.catalog_scale, book.fact("/catalog/scale")),
        (words.catalog_base, book.fact("/catalog/base_mean")),
    ];
    let known: Vec<(String, Figure)> = facts
        .into_iter()
        .filter(|(_, figure)| book.has_fact(figure))
        .map(|(label, figure)| (label.to_owned(), figure))
        .collect();
    let mut blocks = Vec::new();
    if !known.is_empty() {
        blocks.push(Block::Facts(known));
    }
    match book.sheet("group") {
        Some(sheet) => {
            blocks.push(groups(book, sheet, words.groups_cost, "cost_yuan"));
            blocks.push(groups(book, sheet, words.groups_cases, "cases"));
        }
        None => blocks.push(omitted(book, "group")),
    }
    match book.sheet("weight") {
        Some(sheet) => blocks.extend(weights(book, sheet)?),
        None => blocks.push(omitted(book, "weight")),
    }
    match book.sheet("identity") {
        Some(sheet) => {
            let rows: Vec<usize> = (0..sheet.rows()).collect();
            let shown = Rows { rows: &rows, limit: rows.len(), all: sheet.count(&[]) };
            let title = escape(words.identity);
            blocks.push(cells(book, sheet, &title, &["line", "amount_yuan"], &shown));
        }
        None => blocks.push(omitted(book, "identity")),
    }
    match book.sheet("forecast") {
        Some(sheet) => blocks.push(forecast(book, sheet)),
        None => blocks.push(omitted(book, "forecast")),
    }
    Ok(blocks)
}

/// The groups of the baseline with the largest `by`, with their names from `forecast`.
fn groups(book: &Book<'_>, sheet: &Sheet<'_>, title: &str, by: &str) -> Block {
    let rows = sheet.falling(by, &sheet.find(&[("scenario", &book.baseline)]));
    let names = book.sheet("forecast");
    let columns = ["pool", "group_code", "cases", "cost_yuan", "fund_booked_yuan", "points"];
    let columns: Vec<&str> = without_single_pool(sheet, &columns)
        .into_iter()
        .chain(["low_cases", "high_cases"])
        .filter(|column| sheet.has(column))
        .collect();
    let named = columns.iter().position(|column| *column == "group_code").map_or(0, |at| at + 1);
    let mut titles: Vec<(String, bool)> =
        columns.iter().map(|column| head(book, column, sheet.is_numeric(column))).collect();
    if names.is_some() {
        titles.insert(named, head(book, "group_name", false));
    }
    let line = |row: &usize| {
        let mut line: Vec<Figure> =
            columns.iter().map(|column| sheet.figure(column, *row)).collect();
        if let Some(names) = names {
            let code = sheet.raw("group_code", *row);
            let known = names.find(&[("group_code", &code)]).first().copied();
            let blank = || sheet.figure("group_name", *row);
            line.insert(named, known.map_or_else(blank, |at| names.figure("group_name", at)));
        }
        line
    };
    Block::Table(TableBlock {
        title: escape(title),
        head: titles,
        rows: rows.iter().take(LISTED).map(line).collect(),
        note: None,
    })
}

/// The newest two years of each group against one another.
fn weights(book: &Book<'_>, sheet: &Sheet<'_>) -> Result<Vec<Block>, Error> {
    let words = book.words;
    let mut years = sheet.distinct("year");
    years.sort();
    let [.., older, newer] = years.as_slice() else { return Ok(Vec::new()) };
    let rows: HashMap<(String, String), usize> = (0..sheet.rows())
        .map(|row| ((sheet.raw("group_code", row), sheet.raw("year", row)), row))
        .collect();
    let ratio = |code: &str, year: &str| {
        let row = *rows.get(&(code.to_owned(), year.to_owned()))?;
        let figure = sheet.figure("ratio", row);
        figure.value.is_some_and(|value| value > Decimal::ZERO).then_some((row, figure))
    };
    let codes = sheet.distinct("group_code");
    let points: Vec<(Figure, Figure, Figure)> = codes
        .iter()
        .filter_map(|code| {
            let (row, new) = ratio(code, newer)?;
            Some((sheet.figure("group_code", row), ratio(code, older)?.1, new))
        })
        .collect();
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let year = |name: &str| {
        let row = sheet.find(&[("year", name)]).first().copied();
        row.map_or_else(String::new, |row| span(&sheet.figure("year", row)))
    };
    let mut notes = vec![escape(words.chart_weight_legend)];
    if points.len() < codes.len() {
        let skipped = super::constant(codes.len() - points.len());
        notes.push(fill(words.chart_skipped, &[("skipped", skipped)]));
    }
    let title = fill(words.chart_weight, &[("newer", year(newer)), ("older", year(older))]);
    let svg = charts::scatter(&Scatter {
        title: words.catalog,
        x_axis: words.chart_weight_x,
        y_axis: words.chart_weight_y,
        points,
    })?;
    Ok(vec![Block::Chart { title, svg, notes }])
}

fn forecast(book: &Book<'_>, sheet: &Sheet<'_>) -> Block {
    let mut rows: Vec<(Decimal, usize)> = (0..sheet.rows())
        .map(|row| (sheet.value("error_yuan", row).unwrap_or_default().abs(), row))
        .collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let rows: Vec<usize> = rows.into_iter().map(|(_, row)| row).collect();
    let shown = Rows { rows: &rows, limit: ERRORS, all: sheet.count(&[]) };
    cells(book, sheet, &escape(book.words.forecast), FORECAST, &shown)
}
