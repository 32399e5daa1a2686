//! What the page says, section by section: blocks of figures, not yet HTML.

mod appendix;
mod catalog;
mod institutions;
mod quality;
mod scenarios;
mod summary;
mod winners;

use minijinja::{Value, context};

use super::Error;
use super::figure::{Book, Figure, Look, Sheet};
use super::text;

/// Rows a table of the page shows at most; all of them are in the workbook.
const TABLE_ROWS: usize = 60;

/// Columns up to which a table is not stretched over the page.
const NARROW: usize = 4;

/// One chapter of the page.
#[derive(Debug)]
pub(super) struct Section {
    /// Anchor.
    pub(super) id: &'static str,
    title: &'static str,
    blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug)]
enum Block {
    /// A sentence with figures, already HTML.
    Paragraph(String),
    /// Sentences as a list, already HTML.
    List { title: String, items: Vec<String> },
    /// Key figures with their labels.
    Tiles(Vec<(String, Figure)>),
    /// Label and value, one line each.
    Facts(Vec<(String, Figure)>),
    /// A chart (SVG) with its caption (HTML) above it and notes (HTML) below.
    Chart { title: String, svg: String, notes: Vec<String> },
    /// A table.
    Table(TableBlock),
    /// A command, already HTML.
    Code(String),
    /// Why something is left out, already HTML.
    Omitted(String),
}

/// A table of figures.
#[derive(Debug)]
struct TableBlock {
    /// Already HTML.
    title: String,
    head: Vec<(String, bool)>,
    rows: Vec<Vec<Figure>>,
    /// Already HTML.
    note: Option<String>,
}

/// All sections in order.
///
/// # Errors
/// [`Error::Draw`] when a chart cannot be drawn.
pub(super) fn all(book: &Book<'_>) -> Result<Vec<Section>, Error> {
    let words = book.words;
    let section = |id, title, blocks| Section { id, title, blocks };
    Ok(vec![
        section("summary", words.summary, summary::blocks(book)),
        section("scenarios", words.scenarios, scenarios::blocks(book)),
        section("winners", words.winners, winners::blocks(book)),
        section("institutions", words.institutions, institutions::blocks(book)?),
        section("months", words.months, institutions::months(book)?),
        section("catalog", words.catalog, catalog::blocks(book)?),
        section("quality", words.quality, quality::blocks(book)),
        section("ledger", words.ledger, quality::ledger(book)),
        section("citation", words.citation, quality::citation(book)),
        section("appendix", words.appendix, appendix::blocks(book)),
    ])
}

impl Section {
    /// For the page template. A section of which everything is left out has no heading.
    pub(super) fn to_value(&self) -> Value {
        let empty = self.blocks.iter().all(|block| matches!(block, Block::Omitted(_)));
        context! {
            id => self.id,
            title => self.title,
            empty => empty,
            blocks => self.blocks.iter().map(Block::to_value).collect::<Value>(),
        }
    }
}

fn safe(html: &str) -> Value {
    Value::from_safe_string(html.to_owned())
}

impl Figure {
    fn to_value(&self) -> Value {
        let class = match self.look {
            Look::Text => "",
            Look::Code => "code",
            Look::Number => "number",
        };
        context! { text => &self.text, source => &self.source, class => class }
    }
}

fn pairs(items: &[(String, Figure)]) -> Value {
    items
        .iter()
        .map(|(label, figure)| context! { label => label, figure => figure.to_value() })
        .collect()
}

impl Block {
    fn to_value(&self) -> Value {
        match self {
            Self::Paragraph(html) => context! { kind => "paragraph", html => safe(html) },
            Self::Omitted(html) => context! { kind => "omitted", html => safe(html) },
            Self::List { title, items } => context! {
                kind => "list",
                title => safe(title),
                items => items.iter().map(|item| safe(item)).collect::<Value>(),
            },
            Self::Tiles(items) => context! { kind => "tiles", items => pairs(items) },
            Self::Facts(items) => context! { kind => "facts", items => pairs(items) },
            Self::Chart { title, svg, notes } => context! {
                kind => "chart",
                title => safe(title),
                svg => safe(svg),
                notes => notes.iter().map(|note| safe(note)).collect::<Value>(),
            },
            Self::Table(table) => table.to_value(),
            Self::Code(html) => context! { kind => "code", html => safe(html) },
        }
    }
}

impl TableBlock {
    fn to_value(&self) -> Value {
        let head = self
            .head
            .iter()
            .map(|(label, numeric)| context! { label => label, numeric => *numeric });
        let rows = self.rows.iter().map(|row| row.iter().map(Figure::to_value).collect::<Value>());
        context! {
            kind => "table",
            narrow => self.head.len() <= NARROW,
            title => safe(&self.title),
            head => head.collect::<Value>(),
            rows => rows.collect::<Value>(),
            note => self.note.as_deref().map(safe),
        }
    }
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// A figure within a sentence, as HTML.
fn span(figure: &Figure) -> String {
    // Numbers stand out, titles and codes do not.
    let class = if figure.value.is_some() { " class=\"figure\"" } else { "" };
    let (source, text) = (escape(&figure.source), escape(&figure.text));
    format!("<span{class} data-source=\"{source}\">{text}</span>")
}

/// A number chosen by the report, not taken from data, as HTML.
fn constant(number: usize) -> String {
    format!("<span data-const>{number}</span>")
}

/// A sentence of `text` as HTML, with `{name}` filled; values are HTML already.
fn fill(sentence: &str, values: &[(&str, String)]) -> String {
    let mut html = escape(sentence);
    for (name, value) in values {
        html = html.replace(&format!("{{{name}}}"), value);
    }
    html
}

/// The line that stands where a table is missing.
fn omitted(book: &Book<'_>, table: &str) -> Block {
    let label = text::table_label(book.lang, table).unwrap_or(table);
    let name = format!("{} {table}", escape(label));
    Block::Omitted(fill(book.words.omitted, &[("table", name)]))
}

/// Name of a table's sheet in the workbook: `institution 机构`.
pub(super) fn sheet_name(book_lang: super::Lang, table: &str) -> String {
    text::table_label(book_lang, table)
        .map_or_else(|| table.to_owned(), |label| format!("{table} {label}"))
}

/// The columns of `wanted` the sheet has.
fn present<'c>(sheet: &Sheet<'_>, wanted: &[&'c str]) -> Vec<&'c str> {
    wanted.iter().copied().filter(|column| sheet.has(column)).collect()
}

fn head(book: &Book<'_>, column: &str, numeric: bool) -> (String, bool) {
    let label = text::column_label(book.lang, column).unwrap_or(column);
    (label.to_owned(), numeric)
}

/// Which rows of a sheet a table shows.
struct Rows<'r> {
    /// In order.
    rows: &'r [usize],
    /// Shown at most.
    limit: usize,
    /// How many there are in all, for the note when some are not shown.
    all: Figure,
}

/// A cell; scenarios are shown by their titles.
fn cell(book: &Book<'_>, sheet: &Sheet<'_>, column: &str, row: usize) -> Figure {
    if column == "scenario" {
        book.scenario_title(&sheet.raw(column, row))
    } else {
        sheet.figure(column, row)
    }
}

/// A table of cells of a sheet, column by column.
fn cells(
    book: &Book<'_>,
    sheet: &Sheet<'_>,
    title: &str,
    columns: &[&str],
    rows: &Rows<'_>,
) -> Block {
    let columns = present(sheet, columns);
    let shown = rows.rows.len().min(rows.limit);
    let note = (shown < rows.rows.len()).then(|| {
        fill(
            book.words.more,
            &[
                ("all", span(&rows.all)),
                ("shown", constant(shown)),
                ("sheet", escape(&sheet_name(book.lang, sheet.name()))),
            ],
        )
    });
    Block::Table(TableBlock {
        title: title.to_owned(),
        head: columns.iter().map(|c| head(book, c, sheet.is_numeric(c))).collect(),
        rows: rows.rows[..shown]
            .iter()
            .map(|row| columns.iter().map(|column| cell(book, sheet, column, *row)).collect())
            .collect(),
        note,
    })
}
