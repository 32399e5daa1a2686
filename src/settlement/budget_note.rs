//! How a budget came about: what it was derived from and the rounds it was agreed in (J01, Y27, H06, P03).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::policy::model::{BudgetSource, Cite};
use crate::units::{Fen, exact, ratio};

use super::error::Error;
use super::input::ScenarioInput;
use super::items::Items;
use super::money_error::MoneyError;
use super::outcome::BudgetNote;

/// Growths that a budget may be derived by, besides `last`, the money of the year before.
const GROWTHS: [&str; 3] = ["growth", "price", "behaviour"];

/// Beginning of the items of rounds.
pub(super) const ROUND: &str = "round_";

/// The derivation of one budget, in reading order, ending in the budget itself.
///
/// Items `last`, `growth`, `price` and `behaviour` are shown with what they come to; rounds are shown as
/// agreed, and the last one is the budget.
///
/// # Errors
/// An item with an impossible value, a round left out, or a last round that is not the budget.
pub(super) fn notes(
    input: &ScenarioInput<'_>,
    pool: &str,
    period: &str,
    budget: Fen,
) -> Result<Vec<BudgetNote>, Error> {
    let items = Items::of(input, pool, period);
    let origin = &input.policy.budget.source;
    let mut draft = Draft { pool, period, cite: &input.policy.budget.cite, notes: Vec::new() };
    // The table says how its own budget came about; another one has its source in the policy.
    if matches!(origin, BudgetSource::Table { .. }) {
        derivation(&items, budget, &mut draft)?;
    }
    draft.note("budget", Some(budget), None, &source(origin));
    Ok(draft.notes)
}

fn derivation(items: &Items<'_>, budget: Fen, draft: &mut Draft<'_>) -> Result<(), Error> {
    let mut factor = ratio(1);
    let mut formula = Vec::new();
    for item in GROWTHS.into_iter().filter(|item| items.has(item)) {
        let growth = items.growth(item)?;
        factor *= ratio(1) + exact(growth);
        formula.push(format!("(1 + {item} {growth})"));
        draft.note(item, None, Some(growth), "");
    }
    if items.has("last") {
        let last = items.money("last")?;
        draft.note("last", Some(last), None, "");
        let derived = Fen::nearest(&(last.to_ratio() * factor));
        let derived = derived.map_err(|source| items.divide(source))?;
        formula.insert(0, format!("last {last}"));
        draft.note("derived", Some(derived), None, &formula.join(" × "));
    }
    let mut agreed = None;
    for number in rounds(items)? {
        let item = format!("{ROUND}{number}");
        let amount = items.money(&item)?;
        draft.note(&item, Some(amount), None, "");
        agreed = Some((item, amount));
    }
    match agreed.filter(|(_, amount)| *amount != budget) {
        Some((round, amount)) => {
            Err(MoneyError::LastRound { place: items.place(), round, amount, budget }.into())
        }
        None => Ok(()),
    }
}

/// 1, 2, … as far as there are rounds; none may be left out.
fn rounds(items: &Items<'_>) -> Result<Vec<usize>, Error> {
    let mut numbers = Vec::new();
    for (item, value) in items.all() {
        let Some(number) = item.strip_prefix(ROUND) else { continue };
        let known = number.parse().ok().filter(|known: &usize| *known > 0);
        // `round_01` would be another name for the first round.
        let known = known.filter(|known| known.to_string() == number);
        numbers.push(known.ok_or_else(|| items.wrong(item, value, "named round_1, round_2, …"))?);
    }
    numbers.sort_unstable();
    let missing = (1..).zip(&numbers).find(|(wanted, number)| wanted != *number);
    match missing {
        Some((wanted, _)) => Err(items.missing(&format!("{ROUND}{wanted}"), "though later rounds")),
        None => Ok(numbers),
    }
}

fn source(source: &BudgetSource) -> String {
    match source {
        BudgetSource::Table { item } => format!("table budget, item {item}"),
        BudgetSource::Amount(_) => "budget.amount of the policy".to_owned(),
        BudgetSource::LastYearBooked { growth } => {
            format!("booked the year before × (1 + {growth})")
        }
        BudgetSource::Waterfall(_) => "table waterfall".to_owned(),
    }
}

/// Notes while they are written.
struct Draft<'a> {
    pool: &'a str,
    period: &'a str,
    cite: &'a Cite,
    notes: Vec<BudgetNote>,
}

impl Draft<'_> {
    fn note(&mut self, item: &str, amount: Option<Fen>, rate: Option<Decimal>, formula: &str) {
        self.notes.push(BudgetNote {
            pool: self.pool.to_owned(),
            period: self.period.to_owned(),
            order: i64::try_from(self.notes.len()).unwrap_or(i64::MAX).saturating_add(1),
            item: item.to_owned(),
            amount,
            rate,
            formula: formula.to_owned(),
            clause: self.cite.clause.clone().unwrap_or_default(),
            reading: self.cite.reading.clone().unwrap_or_default(),
        });
    }
}
