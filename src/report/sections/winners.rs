//! Who wins and who loses: by tier, by institution, in the baseline and in each scenario.

use super::super::figure::{Book, Sheet};
use super::{Block, Rows, TABLE_ROWS, cells, escape, fill, omitted, span};

/// Institutions listed each way.
const LISTED: usize = 10;
/// Institutions listed each way for a scenario other than the baseline.
const LISTED_SCENARIO: usize = 5;
/// Scenarios whose institutions are listed.
const SCENARIOS: usize = 8;

const TIER: &[&str] = &[
    "pool",
    "tier",
    "institutions",
    "winners",
    "losers",
    "fund_booked_yuan",
    "paid_yuan",
    "surplus_yuan",
    "surplus_rate",
];
const TIER_SCENARIO: &[&str] =
    &["scenario", "pool", "tier", "winners", "losers", "paid_yuan", "surplus_rate", "change_yuan"];
const SURPLUS: &[&str] = &[
    "pool",
    "fixmedins_code",
    "fixmedins_name",
    "tier",
    "fund_booked_yuan",
    "paid_yuan",
    "surplus_yuan",
    "surplus_rate",
];
const CHANGE: &[&str] =
    &["pool", "fixmedins_code", "fixmedins_name", "tier", "paid_yuan", "change_yuan"];

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    match book.sheet("tier") {
        Some(sheet) => blocks.extend(tiers(book, sheet)),
        None => blocks.push(omitted(book, "tier")),
    }
    match book.sheet("institution") {
        Some(sheet) => blocks.extend(institutions(book, sheet)),
        None => blocks.push(omitted(book, "institution")),
    }
    blocks
}

/// `columns` without the pool where there is only one.
pub(super) fn without_single_pool<'c>(sheet: &Sheet<'_>, columns: &[&'c str]) -> Vec<&'c str> {
    let single = sheet.distinct("pool").len() < 2;
    columns.iter().copied().filter(|column| !single || *column != "pool").collect()
}

fn tiers(book: &Book<'_>, sheet: &Sheet<'_>) -> Vec<Block> {
    let baseline = [("scenario", book.baseline.as_str())];
    let table = |title: &str, columns: &[&str], rows: &[usize], all| {
        let columns = without_single_pool(sheet, columns);
        cells(book, sheet, &escape(title), &columns, &Rows { rows, limit: TABLE_ROWS, all })
    };
    let rows = sheet.find(&baseline);
    let mut blocks = vec![table(book.words.winners_tier, TIER, &rows, sheet.count(&baseline))];
    let others: Vec<usize> = book
        .scenarios()
        .iter()
        .skip(1)
        .flat_map(|scenario| sheet.find(&[("scenario", scenario)]))
        .collect();
    if !others.is_empty() {
        let all = sheet.count(&[]).rest(&sheet.count(&baseline));
        blocks.push(table(book.words.tier_scenarios, TIER_SCENARIO, &others, all));
    }
    blocks
}

fn institutions(book: &Book<'_>, sheet: &Sheet<'_>) -> Vec<Block> {
    let words = book.words;
    let filter = [("scenario", book.baseline.as_str())];
    let falling = sheet.falling("surplus_yuan", &sheet.find(&filter));
    let (gain, loss) = both_ways(sheet, "surplus_yuan", &falling, LISTED);
    let columns = without_single_pool(sheet, SURPLUS);
    let mut blocks = Vec::new();
    for (title, rows) in [(words.winners_top, gain), (words.losers_top, loss)] {
        if !rows.is_empty() {
            blocks.push(listed(book, sheet, &escape(title), &columns, &rows));
        }
    }
    let scenarios = book.scenarios();
    for scenario in scenarios.iter().skip(1).take(SCENARIOS) {
        blocks.extend(changes(book, sheet, scenario));
    }
    if scenarios.len() > SCENARIOS + 1 {
        blocks.push(Block::Paragraph(escape(words.scenarios_rest)));
    }
    blocks
}

/// The first `limit` rows above zero, and the last `limit` below it, lowest first.
fn both_ways(
    sheet: &Sheet<'_>,
    column: &str,
    falling: &[usize],
    limit: usize,
) -> (Vec<usize>, Vec<usize>) {
    let sign = |row: &usize| sheet.value(column, *row).map(|value| (value.is_zero(), value));
    let gain =
        |row: &&usize| sign(row).is_some_and(|(zero, value)| !zero && value.is_sign_positive());
    let loss =
        |row: &&usize| sign(row).is_some_and(|(zero, value)| !zero && value.is_sign_negative());
    (
        falling.iter().filter(gain).take(limit).copied().collect(),
        falling.iter().rev().filter(loss).take(limit).copied().collect(),
    )
}

fn changes(book: &Book<'_>, sheet: &Sheet<'_>, scenario: &str) -> Vec<Block> {
    let words = book.words;
    let falling = sheet.falling("change_yuan", &sheet.find(&[("scenario", scenario)]));
    let (gain, loss) = both_ways(sheet, "change_yuan", &falling, LISTED_SCENARIO);
    let title = |sentence| fill(sentence, &[("title", span(&book.scenario_title(scenario)))]);
    if gain.is_empty() && loss.is_empty() {
        return vec![Block::Paragraph(title(words.changes_none))];
    }
    // From the largest gain to the largest loss.
    let rows: Vec<usize> = gain.into_iter().chain(loss.into_iter().rev()).collect();
    let columns = without_single_pool(sheet, CHANGE);
    vec![listed(book, sheet, &title(words.changes), &columns, &rows)]
}

/// A table of chosen rows, all of them shown.
fn listed(
    book: &Book<'_>,
    sheet: &Sheet<'_>,
    title: &str,
    columns: &[&str],
    rows: &[usize],
) -> Block {
    let all = sheet.count(&[("scenario", &book.baseline)]);
    cells(book, sheet, title, columns, &Rows { rows, limit: rows.len(), all })
}
