//! The page's first section: the run in words and key figures.

use super::super::figure::{Book, Figure};
use super::super::text;
use super::{Block, fill, omitted, span};

/// The year's totals of one scenario over its pools.
pub(super) struct Totals<'b, 'a> {
    book: &'b Book<'a>,
    scenario: &'b str,
}

impl<'b, 'a> Totals<'b, 'a> {
    pub(super) fn of(book: &'b Book<'a>, scenario: &'b str) -> Self {
        Self { book, scenario }
    }

    /// A column of `pool`: the cell where the scenario has one row, else the sum over its pools.
    ///
    /// A pool cleared by quarter and again for the year counts once, by its `Y` rows.
    pub(super) fn pool(&self, column: &str) -> Option<Figure> {
        let sheet = self.book.sheet("pool")?;
        let year = [("scenario", self.scenario), ("period", "Y")];
        let filter = if sheet.find(&year).is_empty() { &year[..1] } else { &year[..] };
        Some(sheet.sum(column, filter))
    }

    /// A column of `pool` that cannot be summed: only where the scenario has one row with a value.
    pub(super) fn pool_only(&self, column: &str) -> Option<Figure> {
        let sheet = self.book.sheet("pool")?;
        match sheet.find(&[("scenario", self.scenario)]).as_slice() {
            [row] => Some(sheet.figure(column, *row)).filter(|figure| figure.value.is_some()),
            _ => None,
        }
    }

    /// A count of `tier`, summed over tiers and pools.
    pub(super) fn tier(&self, column: &str) -> Option<Figure> {
        Some(self.book.sheet("tier")?.sum(column, &[("scenario", self.scenario)]))
    }
}

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let words = book.words;
    let mut blocks = vec![Block::Paragraph(fill(
        words.summary_basis,
        &[
            ("document", span(&book.fact("/policy/document"))),
            ("policy", span(&book.fact("/policy/title"))),
            ("years", span(&book.fact("/catalog/years"))),
            ("year", span(&book.fact("/year"))),
        ],
    ))];
    if book.sheet("pool").is_none() {
        blocks.push(omitted(book, "pool"));
        return blocks;
    }
    blocks.push(tiles(book));
    blocks.push(Block::Paragraph(baseline(book)));
    let scenarios = book.scenarios();
    let others: Vec<String> =
        scenarios.iter().skip(1).filter_map(|name| scenario(book, name)).collect();
    if !others.is_empty() {
        blocks.push(Block::List { title: String::new(), items: others });
    }
    blocks
}

fn tiles(book: &Book<'_>) -> Block {
    let totals = Totals::of(book, &book.baseline);
    let pool = ["budget_yuan", "fund_booked_yuan", "paid_yuan", "fund_balance_yuan"];
    let single = ["point_value", "floating_factor"];
    let tier = ["winners", "losers"];
    let figures = pool
        .iter()
        .map(|column| (column, totals.pool(column)))
        .chain(single.iter().map(|column| (column, totals.pool_only(column))))
        .chain(tier.iter().map(|column| (column, totals.tier(column))));
    Block::Tiles(
        figures
            .filter_map(|(column, figure)| {
                let label = text::column_label(book.lang, column).unwrap_or(column);
                Some((label.to_owned(), figure?))
            })
            .collect(),
    )
}

/// The baseline in sentences, as HTML.
fn baseline(book: &Book<'_>) -> String {
    let words = book.words;
    let totals = Totals::of(book, &book.baseline);
    let amount = |column| totals.pool(column).map_or_else(String::new, |figure| span(&figure));
    let mut sentences = vec![fill(
        words.summary_money,
        &[
            ("title", span(&book.scenario_title(&book.baseline))),
            ("budget", amount("budget_yuan")),
            ("booked", amount("fund_booked_yuan")),
            ("paid", amount("paid_yuan")),
            ("balance", amount("fund_balance_yuan")),
        ],
    )];
    if let Some((points, value)) = totals.pool_only("points").zip(totals.pool_only("point_value")) {
        let values = [("points", span(&points)), ("point_value", span(&value))];
        sentences.push(fill(words.summary_point_value, &values));
    }
    if let Some(factor) = totals.pool_only("floating_factor") {
        sentences.push(fill(words.summary_floating, &[("floating_factor", span(&factor))]));
    }
    if let Some(institutions) = totals.tier("institutions") {
        let count = |column| totals.tier(column).map_or_else(String::new, |f| span(&f));
        sentences.push(fill(
            words.summary_institutions,
            &[
                ("institutions", span(&institutions)),
                ("winners", count("winners")),
                ("losers", count("losers")),
            ],
        ));
        if book.sheet("tier").is_some_and(|sheet| sheet.distinct("pool").len() > 1) {
            sentences.push(words.pools_counted.to_owned());
        }
    }
    sentences.join(words.between_sentences)
}

/// One line about a scenario, as HTML.
fn scenario(book: &Book<'_>, name: &str) -> Option<String> {
    let totals = Totals::of(book, name);
    let paid = totals.pool("paid_yuan")?;
    let change = paid.minus(&Totals::of(book, &book.baseline).pool("paid_yuan")?);
    let balance = totals.pool("fund_balance_yuan")?;
    let count = |column| totals.tier(column).map_or_else(|| "–".to_owned(), |f| span(&f));
    Some(fill(
        book.words.summary_scenario,
        &[
            ("title", span(&book.scenario_title(name))),
            ("paid", span(&paid)),
            ("change", span(&change)),
            ("balance", span(&balance)),
            ("winners", count("winners")),
            ("losers", count("losers")),
        ],
    ))
}
