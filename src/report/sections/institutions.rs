//! Institutions and months: payment to cost, surplus rate, cost through the year.

use super::super::Error;
use super::super::Lang;
use super::super::charts::{self, Bar, Bars, Months};
use super::super::figure::{Book, Figure, Sheet, Show};
use super::winners::without_single_pool;
use super::{
    Block, Rows, TABLE_ROWS, TableBlock, cells, constant, escape, fill, head, omitted, span,
};

/// Bars shown from each end when there are too many for one chart.
const SIDE: usize = 20;

const TABLE: &[&str] = &[
    "pool",
    "fixmedins_code",
    "fixmedins_name",
    "tier",
    "cases",
    "cost_yuan",
    "fund_booked_yuan",
    "paid_yuan",
    "surplus_yuan",
    "surplus_rate",
];

pub(super) fn blocks(book: &Book<'_>) -> Result<Vec<Block>, Error> {
    let Some(sheet) = book.sheet("institution") else {
        return Ok(vec![omitted(book, "institution")]);
    };
    let filter = [("scenario", book.baseline.as_str())];
    let rows = sheet.find(&filter);
    let falling = sheet.falling("surplus_yuan", &rows);
    let columns = without_single_pool(sheet, TABLE);
    let all = sheet.count(&filter);
    let title = escape(book.words.institutions_table);
    let rows_shown = Rows { rows: &falling, limit: TABLE_ROWS, all };
    let mut blocks = payment_to_cost(book, sheet, &rows)?;
    blocks.extend(surplus_rate(book, sheet, &rows)?);
    blocks.push(cells(book, sheet, &title, &columns, &rows_shown));
    Ok(blocks)
}

/// Name of an institution, its code where it has none, with the pool where there are several.
fn name(sheet: &Sheet<'_>, row: usize, pools: bool) -> Figure {
    let named = !sheet.raw("fixmedins_name", row).is_empty();
    let name = sheet.figure(if named { "fixmedins_name" } else { "fixmedins_code" }, row);
    if pools { name.and(&sheet.figure("pool", row)) } else { name }
}

/// The bars by falling value, the middle replaced by a gap when there are too many, and what to
/// say about it.
fn shortened(book: &Book<'_>, all: &Figure, mut bars: Vec<Bar>) -> (Vec<Option<Bar>>, Vec<String>) {
    let drawn = bars.len();
    bars.sort_by(|a, b| {
        b.value.value.cmp(&a.value.value).then_with(|| a.value.source.cmp(&b.value.source))
    });
    let mut notes = Vec::new();
    let skipped = all.value.map(|all| all - rust_decimal::Decimal::from(drawn));
    if let Some(skipped) = skipped.filter(|skipped| !skipped.is_zero()) {
        let number = format!("<span data-const>{skipped}</span>");
        notes.push(fill(book.words.chart_skipped, &[("skipped", number)]));
    }
    if drawn <= 2 * SIDE {
        return (bars.into_iter().map(Some).collect(), notes);
    }
    let values = [("all", span(all)), ("side", constant(SIDE))];
    notes.push(fill(book.words.chart_shortened, &values));
    let lowest = bars.split_off(drawn - SIDE);
    bars.truncate(SIDE);
    let shown =
        bars.into_iter().map(Some).chain([None]).chain(lowest.into_iter().map(Some)).collect();
    (shown, notes)
}

fn payment_to_cost(
    book: &Book<'_>,
    sheet: &Sheet<'_>,
    rows: &[usize],
) -> Result<Vec<Block>, Error> {
    let words = book.words;
    let filter = [("scenario", book.baseline.as_str())];
    let pools = sheet.distinct("pool").len() > 1;
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| {
            let cost = sheet.figure("cost_yuan", *row);
            Bar {
                name: name(sheet, *row, pools),
                value: sheet.figure("paid_yuan", *row).share_of(&cost),
                mark: Some(sheet.figure("fund_booked_yuan", *row).share_of(&cost)),
            }
        })
        .filter(|bar| bar.value.value.is_some())
        .collect();
    if bars.is_empty() {
        return Ok(Vec::new());
    }
    let (bars, mut notes) = shortened(book, &sheet.count(&filter), bars);
    let cost = sheet.sum_rows("cost_yuan", rows, &filter);
    let share = |column| span(&sheet.sum_rows(column, rows, &filter).share_of(&cost));
    let values = [("paid", share("paid_yuan")), ("booked", share("fund_booked_yuan"))];
    notes.insert(0, fill(words.chart_ratio_legend, &values));
    let svg = charts::bars(&Bars {
        id: "payment to cost",
        title: words.chart_ratio,
        axis: words.chart_ratio_axis,
        bars,
        signed: false,
        limit: None,
    })?;
    Ok(vec![Block::Chart { title: escape(words.chart_ratio), svg, notes }])
}

fn surplus_rate(book: &Book<'_>, sheet: &Sheet<'_>, rows: &[usize]) -> Result<Vec<Block>, Error> {
    let words = book.words;
    let pools = sheet.distinct("pool").len() > 1;
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| {
            let value = sheet.figure("surplus_rate", *row);
            let before = sheet.figure("surplus_rate_before_cap", *row);
            let capped = before.value.is_some() && before.value != value.value;
            Bar { name: name(sheet, *row, pools), value, mark: capped.then_some(before) }
        })
        .filter(|bar| bar.value.value.is_some())
        .collect();
    if bars.is_empty() {
        return Ok(Vec::new());
    }
    let all = sheet.count(&[("scenario", book.baseline.as_str())]);
    let (bars, mut notes) = shortened(book, &all, bars);
    let limit = book.number_fact("/parameters/surplus_cap_rate", Show::Rate);
    if let Some(cap) = &limit {
        notes.insert(0, fill(words.chart_surplus_cap, &[("cap", span(cap))]));
    }
    let svg = charts::bars(&Bars {
        id: "surplus rate",
        title: words.chart_surplus,
        axis: words.chart_surplus_axis,
        bars,
        signed: true,
        limit,
    })?;
    Ok(vec![Block::Chart { title: escape(words.chart_surplus), svg, notes }])
}

pub(super) fn months(book: &Book<'_>) -> Result<Vec<Block>, Error> {
    let words = book.words;
    let Some(sheet) = book.sheet("month") else {
        return Ok(vec![omitted(book, "month")]);
    };
    let rows = sheet.find(&[("scenario", book.baseline.as_str())]);
    let mut names: Vec<String> = rows.iter().map(|row| sheet.raw("month", *row)).collect();
    // "2" before "10", and "2023-12" before "2024-01".
    names.sort_by_key(|name| (name.len(), name.clone()));
    names.dedup();
    let line = |month: &String| {
        let filter = [("scenario", book.baseline.as_str()), ("month", month.as_str())];
        let rows = sheet.find(&filter);
        let label = rows.first().map(|row| sheet.figure("month", *row))?;
        let sum = |column| sheet.sum_rows(column, &rows, &filter);
        Some([label, sum("cases"), sum("cost_yuan"), sum("fund_booked_yuan")])
    };
    let lines: Vec<[Figure; 4]> = names.iter().filter_map(line).collect();
    let (unit, unit_yuan) = unit_of(book.lang, lines.iter().flat_map(|line| [&line[2], &line[3]]));
    let svg = charts::months(&Months {
        title: words.chart_month,
        unit: match unit {
            Unit::Small => words.unit_small,
            Unit::Middle => words.unit_middle,
            Unit::Large => words.unit_large,
        },
        unit_yuan,
        months: lines
            .iter()
            .map(|[month, _, cost, booked]| (month.clone(), cost.clone(), booked.clone()))
            .collect(),
    })?;
    let title = escape(words.chart_month);
    let notes = vec![escape(words.chart_month_legend)];
    let columns = ["month", "cases", "cost_yuan", "fund_booked_yuan"];
    let table = TableBlock {
        title: escape(words.months_table),
        head: columns.iter().map(|column| head(book, column, *column != "month")).collect(),
        rows: lines.into_iter().map(Vec::from).collect(),
        note: None,
    };
    Ok(vec![Block::Chart { title, svg, notes }, Block::Table(table)])
}

/// Magnitude of an axis.
enum Unit {
    Small,
    Middle,
    Large,
}

/// The unit that keeps the largest amount below some thousands, and its yuan.
fn unit_of<'f>(lang: Lang, figures: impl Iterator<Item = &'f Figure>) -> (Unit, f64) {
    let (middle, large) = match lang {
        Lang::Zh => (1e4, 1e8),
        Lang::En => (1e3, 1e6),
    };
    let largest = figures
        .filter_map(Figure::approximate)
        .fold(0.0f64, |largest, value| largest.max(value.abs()));
    if largest >= 10.0 * large {
        (Unit::Large, large)
    } else if largest >= middle {
        (Unit::Middle, middle)
    } else {
        (Unit::Small, 1.0)
    }
}
