//! Figures: cells of result tables as they are printed, each with the place it comes from.
//!
//! The place is the `data-source` of the page. A reference is one of
//!
//! | reference | means |
//! | --- | --- |
//! | `TABLE:COLUMN:KEY` | the cell; `KEY` joins the key columns with `\|`, or is `#N` (N-th row) |
//! | `sum:TABLE:COLUMN:WHERE` | the sum over the rows with `column=value&column=value` |
//! | `count:TABLE:WHERE` | the number of those rows |
//! | `manifest:POINTER` | a value of the manifest, by JSON pointer |
//! | `name:POINTER` | the name of that entry itself |
//!
//! and references are combined by ` − `, ` ÷ ` (exact; printed as percent with two places) and
//! ` & ` (texts one after the other).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::text::{self, Texts};
use super::{Lang, ReportInput};
use crate::table::{Column, Table};
use crate::units::{exact, to_decimal};

/// What is printed where there is no value.
pub(super) const MISSING: &str = "–";

/// Key columns of each table; other tables, and tables whose keys repeat, are keyed by row number.
const KEYS: &[(&str, &[&str])] = &[
    ("scenario", &["scenario"]),
    ("pool", &["scenario", "pool", "period"]),
    ("institution", &["scenario", "pool", "fixmedins_code"]),
    ("tier", &["scenario", "pool", "tier"]),
    ("group", &["scenario", "pool", "group_code"]),
    ("month", &["scenario", "pool", "fixmedins_code", "month"]),
    ("ledger", &["scenario", "pool", "fixmedins_code", "period", "kind"]),
    ("forecast", &["group_code"]),
    ("weight", &["group_code", "year"]),
    ("flow", &["year", "step"]),
    ("identity", &["line"]),
    ("check", &["check_id", "table"]),
];

/// How a figure is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Running text.
    Text,
    /// A code that is not broken over lines.
    Code,
    /// Right-aligned, in tabular numerals.
    Number,
}

/// A printed value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    /// As printed.
    pub(super) text: String,
    /// Reference, see the module.
    pub(super) source: String,
    /// The exact number, where it is one.
    pub(super) value: Option<Decimal>,
    /// How it is set.
    pub(super) look: Look,
}

impl Figure {
    fn number(value: Option<Decimal>, show: Show, source: String) -> Self {
        let text = value.map_or_else(|| MISSING.to_owned(), |value| show.print(value));
        let look = if show == Show::Plain { Look::Text } else { Look::Number };
        Self { text, source, value, look }
    }

    /// `self − other`, with its sign.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let value = self.value.zip(other.value).and_then(|(a, b)| a.checked_sub(b));
        Self::number(value, Show::Change, format!("{} − {}", self.source, other.source))
    }

    /// `self − other` of two counts, without a sign.
    pub(super) fn rest(&self, other: &Self) -> Self {
        let value = self.value.zip(other.value).and_then(|(a, b)| a.checked_sub(b));
        Self::number(value, Show::Number, format!("{} − {}", self.source, other.source))
    }

    /// `self ÷ other` as percent with two places.
    pub(super) fn share_of(&self, other: &Self) -> Self {
        let value = self.value.zip(other.value).and_then(|(a, b)| {
            // Ratio panics on a zero denominator.
            (!b.is_zero()).then(|| to_decimal(&(exact(a) / exact(b)), 4)).flatten()
        });
        Self::number(value, Show::Rate, format!("{} ÷ {}", self.source, other.source))
    }

    /// Both texts, one after the other.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            text: format!("{} · {}", self.text, other.text),
            source: format!("{} & {}", self.source, other.source),
            value: None,
            look: Look::Text,
        }
    }

    /// For drawing only: geometry is not money.
    pub(super) fn approximate(&self) -> Option<f64> {
        self.value.and_then(|value| value.to_f64())
    }
}

/// How a number is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// As written, no thousands separators: years.
    Plain,
    /// Thousands separators, decimals as written.
    Number,
    /// Like `Number`, with a sign when positive.
    Change,
    /// A share, as percent: 0.0956 → 9.56 %.
    Rate,
    /// Already in percent.
    Percent,
}

impl Show {
    /// By the name of the column.
    pub(super) fn of(column: &str) -> Self {
        match column {
            "year" | "month" | "period" => Self::Plain,
            "percent" => Self::Percent,
            "change_yuan" | "error_yuan" | "adjustment_yuan" => Self::Change,
            _ if column.ends_with("_rate") || column == "surplus_rate_before_cap" => Self::Rate,
            _ => Self::Number,
        }
    }

    fn print(self, value: Decimal) -> String {
        match self {
            Self::Plain => value.to_string(),
            Self::Number => thousands(&value.to_string()),
            Self::Change => {
                let sign = if value.is_sign_positive() && !value.is_zero() { "+" } else { "" };
                format!("{sign}{}", thousands(&value.to_string()))
            }
            Self::Rate => percent(value),
            Self::Percent => format!("{}%", thousands(&value.to_string())),
        }
    }
}

/// A share as percent, at least two places: 0.1 → `10.00%`.
fn percent(share: Decimal) -> String {
    let Some(mut shown) = share.checked_mul(Decimal::ONE_HUNDRED) else {
        return share.to_string();
    };
    shown = shown.normalize();
    if shown.scale() < 2 {
        shown.rescale(2);
    }
    format!("{}%", thousands(&shown.to_string()))
}

/// `-1234567.80` → `-1,234,567.80`.
fn thousands(plain: &str) -> String {
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("-", digits));
    let (whole, rest) = digits.find('.').map_or((digits, ""), |dot| digits.split_at(dot));
    let mut grouped = String::with_capacity(plain.len() + whole.len() / 3 + 1);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

/// A table with keys for its rows.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    table: &'a Table,
    keys: Vec<String>,
    lang: Lang,
}

/// Equalities a row has to satisfy.
pub(super) type Where<'w> = &'w [(&'w str, &'w str)];

impl<'a> Sheet<'a> {
    fn new(table: &'a Table, lang: Lang) -> Self {
        let names = KEYS.iter().find(|(name, _)| *name == table.name).map_or(&[][..], |(_, k)| *k);
        let known = names.iter().all(|name| table.column(name).is_some());
        let natural: Vec<String> = if names.is_empty() || !known {
            Vec::new()
        } else {
            let part = |name: &&str, row| table.cell(name, row).unwrap_or_default();
            (0..table.rows())
                .map(|row| names.iter().map(|n| part(n, row)).collect::<Vec<_>>().join("|"))
                .collect()
        };
        let distinct: BTreeSet<&String> = natural.iter().collect();
        let keys = if !natural.is_empty() && distinct.len() == natural.len() {
            natural
        } else {
            (1..=table.rows()).map(|row| format!("#{row}")).collect()
        };
        Self { table, keys, lang }
    }

    /// Name of the table.
    pub(super) fn name(&self) -> &str {
        &self.table.name
    }

    /// Number of rows, at least one.
    pub(super) fn rows(&self) -> usize {
        self.table.rows()
    }

    /// Whether the table has this column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.table.column(column).is_some()
    }

    /// Whether the entries of a column are set as numbers.
    pub(super) fn is_numeric(&self, column: &str) -> bool {
        Show::of(column) != Show::Plain
            && !matches!(self.table.column(column), None | Some(Column::Text(_)))
    }

    /// The entry as it stands, empty when missing.
    pub(super) fn raw(&self, column: &str, row: usize) -> String {
        self.table.cell(column, row).unwrap_or_default()
    }

    /// The exact number of a cell.
    pub(super) fn value(&self, column: &str, row: usize) -> Option<Decimal> {
        match self.table.column(column)? {
            Column::Whole(values) => values[row].map(Decimal::from),
            Column::Decimal { places, values } => {
                Decimal::try_from_i128_with_scale(values[row]?, *places).ok()
            }
            Column::Float(values) => Decimal::try_from(values[row]?).ok(),
            Column::Text(_) => None,
        }
    }

    /// A cell.
    pub(super) fn figure(&self, column: &str, row: usize) -> Figure {
        let source = format!("{}:{column}:{}", self.table.name, self.keys[row]);
        if let Some(value) = self.value(column, row) {
            return Figure::number(Some(value), Show::of(column), source);
        }
        let raw = self.table.cell(column, row).filter(|raw| !raw.is_empty());
        let text = raw.map_or_else(
            || MISSING.to_owned(),
            |raw| text::value_label(self.lang, column, &raw).map_or(raw, str::to_owned),
        );
        let look = match column {
            "fixmedins_code" => Look::Code,
            _ if self.is_numeric(column) => Look::Number,
            _ => Look::Text,
        };
        Figure { text, source, value: None, look }
    }

    /// Rows with these values, in table order.
    pub(super) fn find(&self, filter: Where<'_>) -> Vec<usize> {
        (0..self.rows())
            .filter(|row| filter.iter().all(|(name, value)| self.raw(name, *row) == *value))
            .collect()
    }

    /// The only such row's cell, or the sum over the rows; missing when no row has a value.
    pub(super) fn sum(&self, column: &str, filter: Where<'_>) -> Figure {
        let rows = self.find(filter);
        if let [row] = rows.as_slice() {
            return self.figure(column, *row);
        }
        self.sum_rows(column, &rows, filter)
    }

    /// The sum over `rows`, which are those with these values.
    pub(super) fn sum_rows(&self, column: &str, rows: &[usize], filter: Where<'_>) -> Figure {
        let value = rows
            .iter()
            .filter_map(|row| self.value(column, *row))
            .try_fold(None, |sum: Option<Decimal>, value| {
                sum.unwrap_or(Decimal::ZERO).checked_add(value).map(Some)
            })
            .flatten();
        let source = format!("sum:{}:{column}:{}", self.table.name, condition(filter));
        Figure::number(value, Show::of(column), source)
    }

    /// The number of rows with these values.
    pub(super) fn count(&self, filter: Where<'_>) -> Figure {
        let source = format!("count:{}:{}", self.table.name, condition(filter));
        Figure::number(Some(Decimal::from(self.find(filter).len())), Show::Number, source)
    }

    /// Rows by falling number, ties by key; rows without a number are left out.
    pub(super) fn falling(&self, column: &str, rows: &[usize]) -> Vec<usize> {
        let mut sorted: Vec<(Decimal, usize)> =
            rows.iter().filter_map(|row| Some((self.value(column, *row)?, *row))).collect();
        sorted.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| self.keys[a.1].cmp(&self.keys[b.1])));
        sorted.into_iter().map(|(_, row)| row).collect()
    }

    /// Distinct values of a column in order of first appearance.
    pub(super) fn distinct(&self, column: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        (0..self.rows())
            .map(|row| self.raw(column, row))
            .filter(|value| seen.insert(value.clone()))
            .collect()
    }
}

fn condition(filter: Where<'_>) -> String {
    filter.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Everything a report is made of, ready to be looked up.
#[derive(Debug)]
pub(super) struct Book<'a> {
    /// Language of the report.
    pub(super) lang: Lang,
    /// Its words.
    pub(super) words: &'static Texts,
    /// The scenario all others are compared with.
    pub(super) baseline: String,
    manifest: &'a serde_json::Value,
    sheets: BTreeMap<&'a str, Sheet<'a>>,
}

impl<'a> Book<'a> {
    /// Indexes the tables that have rows.
    pub(super) fn new(input: &'a ReportInput, lang: Lang) -> Self {
        let sheets: BTreeMap<&str, Sheet<'_>> = input
            .tables
            .iter()
            .filter(|(_, table)| table.rows() > 0)
            .map(|(name, table)| (name.as_str(), Sheet::new(table, lang)))
            .collect();
        let mut book = Self {
            lang,
            words: Texts::of(lang),
            baseline: String::new(),
            manifest: &input.manifest,
            sheets,
        };
        book.baseline = book.find_baseline();
        book
    }

    /// The row marked as baseline, else the first scenario of a table.
    fn find_baseline(&self) -> String {
        if let Some(sheet) = self.sheet("scenario") {
            let row = sheet.find(&[("is_baseline", "1")]).first().copied().unwrap_or(0);
            return sheet.raw("scenario", row);
        }
        ["pool", "institution", "tier"]
            .iter()
            .find_map(|name| self.sheet(name).map(|sheet| sheet.raw("scenario", 0)))
            .unwrap_or_default()
    }

    /// A table with at least one row.
    pub(super) fn sheet(&self, name: &str) -> Option<&Sheet<'a>> {
        self.sheets.get(name)
    }

    /// Scenarios, baseline first, the others as listed; none when no table names any.
    pub(super) fn scenarios(&self) -> Vec<String> {
        let mut listed = ["scenario", "pool", "institution", "tier"]
            .iter()
            .find_map(|name| self.sheet(name).map(|sheet| sheet.distinct("scenario")))
            .unwrap_or_default();
        listed.sort_by_key(|name| *name != self.baseline);
        listed
    }

    /// Title of a scenario, its name where it has none.
    pub(super) fn scenario_title(&self, scenario: &str) -> Figure {
        for name in ["scenario", "pool", "institution", "tier"] {
            let Some(sheet) = self.sheet(name) else { continue };
            let Some(row) = sheet.find(&[("scenario", scenario)]).first().copied() else {
                continue;
            };
            let titled = !sheet.raw("title", row).is_empty();
            return sheet.figure(if titled { "title" } else { "scenario" }, row);
        }
        self.fact("/scenario")
    }

    /// The manifest itself.
    pub(super) fn manifest(&self) -> &'a serde_json::Value {
        self.manifest
    }

    /// Whether the manifest has a value there.
    pub(super) fn has_fact(&self, fact: &Figure) -> bool {
        fact.text != MISSING
    }

    /// A number of the manifest; `None` when absent or not a number.
    pub(super) fn number_fact(&self, pointer: &str, show: Show) -> Option<Figure> {
        let text = self.manifest.pointer(pointer).and_then(plain_json)?;
        let value = Decimal::from_str_exact(&text).ok()?;
        Some(Figure::number(Some(value), show, format!("manifest:{pointer}")))
    }

    /// The name of an entry of an object of the manifest; `pointer` names the object.
    pub(super) fn entry_name(pointer: &str, name: &str) -> Figure {
        let source = format!("name:{}", entry_pointer(pointer, name));
        Figure { text: name.to_owned(), source, value: None, look: Look::Text }
    }

    /// A value of the manifest; lists are joined by `, `.
    pub(super) fn fact(&self, pointer: &str) -> Figure {
        let text = self.manifest.pointer(pointer).and_then(plain_json);
        Figure {
            text: text.unwrap_or_else(|| MISSING.to_owned()),
            source: format!("manifest:{pointer}"),
            value: None,
            look: Look::Text,
        }
    }
}

/// JSON pointer of an entry of the object at `pointer`.
pub(super) fn entry_pointer(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A JSON value as it is read aloud; `None` for null, empty text and objects.
pub(super) fn plain_json(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let text = match value {
        Value::Null | Value::Object(_) => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(plain_json).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    (!text.is_empty()).then_some(text)
}
