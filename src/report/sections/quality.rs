//! Data quality, the ledger by kind, and the rules with their clauses.

use std::collections::BTreeMap;

use super::super::figure::{Book, Figure, Sheet};
use super::{Block, Rows, TABLE_ROWS, TableBlock, cells, escape, fill, head, omitted};

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let words = book.words;
    let mut blocks = Vec::new();
    match book.sheet("flow") {
        Some(sheet) => {
            let columns = ["year", "step", "rows", "amount_yuan"];
            let title = [words.flow, words.flow_note].join(words.between_sentences);
            blocks.push(whole(book, sheet, &title, &columns, |_| 0));
        }
        None => blocks.push(omitted(book, "flow")),
    }
    match book.sheet("check") {
        Some(sheet) => {
            let columns =
                ["check_id", "severity", "table", "rows", "checked", "percent", "amount_yuan"];
            let gravity = |row| match sheet.raw("severity", row).as_str() {
                "error" => 0,
                "warning" => 1,
                _ => 2,
            };
            blocks.push(whole(book, sheet, words.check, &columns, gravity));
        }
        None => blocks.push(omitted(book, "check")),
    }
    blocks
}

/// Every row of a table, up to the limit of the page, by rising `order`.
fn whole(
    book: &Book<'_>,
    sheet: &Sheet<'_>,
    title: &str,
    columns: &[&str],
    order: impl Fn(usize) -> u8,
) -> Block {
    let mut rows: Vec<usize> = (0..sheet.rows()).collect();
    rows.sort_by_key(|row| order(*row));
    let shown = Rows { rows: &rows, limit: TABLE_ROWS, all: sheet.count(&[]) };
    cells(book, sheet, &escape(title), columns, &shown)
}

pub(super) fn citation(book: &Book<'_>) -> Vec<Block> {
    let Some(sheet) = book.sheet("citation") else { return vec![omitted(book, "citation")] };
    let columns = ["section", "clause", "reading"];
    vec![whole(book, sheet, book.words.citation_table, &columns, |_| 0)]
}

/// Sums over institutions and periods, one line a scenario, pool and kind.
pub(super) fn ledger(book: &Book<'_>) -> Vec<Block> {
    let Some(sheet) = book.sheet("ledger") else { return vec![omitted(book, "ledger")] };
    let mut order = Vec::new();
    let mut rows_of: BTreeMap<[String; 3], Vec<usize>> = BTreeMap::new();
    for row in 0..sheet.rows() {
        let key = ["scenario", "pool", "kind"].map(|column| sheet.raw(column, row));
        rows_of
            .entry(key.clone())
            .or_insert_with(|| {
                order.push(key);
                Vec::new()
            })
            .push(row);
    }
    let scenarios = book.scenarios();
    let rank = |key: &[String; 3]| scenarios.iter().position(|name| *name == key[0]);
    order.sort_by_key(rank);
    let pools = sheet.distinct("pool").len() > 1;
    let line = |key: &[String; 3]| {
        let rows = &rows_of[key];
        let filter = [("scenario", &*key[0]), ("pool", &*key[1]), ("kind", &*key[2])];
        let first = |column| super::cell(book, sheet, column, rows[0]);
        let mut line = vec![first("scenario")];
        if pools {
            line.push(first("pool"));
        }
        line.push(first("kind"));
        line.push(sheet.sum_rows("amount_yuan", rows, &filter));
        line.extend(["clause", "reading"].map(|column| joined(sheet, column, rows)));
        line
    };
    let note = (order.len() > TABLE_ROWS).then(|| {
        let values = [
            ("all", super::constant(order.len())),
            ("shown", super::constant(TABLE_ROWS)),
            ("sheet", escape(&super::sheet_name(book.lang, "ledger"))),
        ];
        fill(book.words.more, &values)
    });
    let columns = ["scenario", "pool", "kind", "amount_yuan", "clause", "reading"];
    let shown = columns.iter().filter(|column| pools || **column != "pool");
    vec![Block::Table(TableBlock {
        title: escape(book.words.ledger_table),
        head: shown.map(|column| head(book, column, *column == "amount_yuan")).collect(),
        rows: order.iter().take(TABLE_ROWS).map(line).collect(),
        note,
    })]
}

/// The different texts of a column in these rows, one after the other.
fn joined(sheet: &Sheet<'_>, column: &str, rows: &[usize]) -> Figure {
    let mut seen: Vec<String> = Vec::new();
    let mut whole: Option<Figure> = None;
    for row in rows {
        let raw = sheet.raw(column, *row);
        if raw.is_empty() || seen.contains(&raw) {
            continue;
        }
        seen.push(raw);
        let figure = sheet.figure(column, *row);
        whole = Some(whole.map_or_else(|| figure.clone(), |known| known.and(&figure)));
    }
    whole.unwrap_or_else(|| sheet.figure(column, rows[0]))
}
