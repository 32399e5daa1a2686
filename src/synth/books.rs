//! What a bureau's own books say beside the claims: decisions of experts on dear stays (Z25), working
//! capital paid in advance (Z22), assessments with violations and bonds (Z26), and money set aside (Y33).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::error::Error;
use super::output::{CsvFile, Folder, Format};
use super::row::{Row, SetlId, year_of};
use super::truth::Truth;
use super::ward::Ward;
use super::world::World;
use crate::units::{Fen, Ratio};

/// The books of a city; amounts are made up and do not follow from the claims unless they say so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Books {
    /// Further items of table `budget`: per mille of what was booked in the year.
    #[serde(default)]
    items: Vec<(String, i64)>,
    #[serde(default)]
    special: Option<Special>,
    /// Institutions are assessed by these in turn.
    #[serde(default)]
    assessment: Vec<Assessed>,
    /// Paid at the start of every year: which institution, from which pool, how much.
    #[serde(default)]
    working_capital: Vec<Capital>,
}

/// Experts decide on the first stays of a year, by id, that are dear enough, up to their quota (6.7).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Special {
    /// Dear enough: above this many per mille of the mean of the base year.
    above_permille: i64,
    /// Of the cases of the year, rounded down; and never more than `most`.
    quota_permille: u64,
    most: u64,
    /// Kinds of decisions, in turn.
    kinds: Vec<String>,
    /// Decided points are the fee ÷ this, cut to 4 places.
    fen_per_point: i64,
    /// Points that an invited expert adds.
    add: String,
    reviewer: String,
    reason: String,
}

/// Coefficient, deduction, violations, bond.
#[derive(Debug, Clone, Deserialize)]
struct Assessed(String, String, String, String);

/// Position of the institution, pool, amount in yuan.
#[derive(Debug, Clone, Deserialize)]
struct Capital(usize, String, String);

/// Stays that experts may decide on, gathered person by person.
pub(super) struct Candidates<'c> {
    rule: Option<&'c Special>,
    /// Group → mean of the base year in fen.
    means: BTreeMap<u32, i64>,
    /// Year, id, fee in fen.
    list: Vec<(u16, SetlId, i64)>,
}

impl<'c> Candidates<'c> {
    /// Nothing gathered yet.
    pub(super) fn new(world: &'c World<'c>) -> Self {
        let rule = world.city.books.as_ref().and_then(|books| books.special.as_ref());
        let means =
            world.ward.as_ref().filter(|_| rule.is_some()).map_or_else(BTreeMap::new, means);
        Self { rule, means, list: Vec::new() }
    }

    /// Takes a settlement without defect that is a whole visit.
    pub(super) fn take(&mut self, row: &Row<'_>, truth: &Truth<'_>) {
        let Some(rule) = self.rule else { return };
        let (Some(mean), fee) = (self.means.get(&row.group), row.money.fee) else { return };
        if fee * 1000 > mean * rule.above_permille && truth.in_scope(row) {
            self.list.push((year_of(row.settled), row.id, fee));
        }
    }

    /// The decisions of a year in which so many cases were made.
    fn decided(&self, rule: &Special, year: u16, cases: u64) -> Vec<[String; 3]> {
        let quota = (cases * rule.quota_permille / 1000).min(rule.most);
        let mut own: Vec<(SetlId, i64)> =
            self.list.iter().filter(|one| one.0 == year).map(|one| (one.1, one.2)).collect();
        own.sort_unstable();
        own.truncate(usize::try_from(quota).unwrap_or(usize::MAX));
        let mut text = String::new();
        own.iter()
            .enumerate()
            .map(|(at, (id, fee))| {
                id.write(&mut text);
                let kind = &rule.kinds[at % rule.kinds.len()];
                let value = match kind.as_str() {
                    "points" => Decimal::new(fee * 10_000 / rule.fen_per_point, 4).to_string(),
                    "add" => rule.add.clone(),
                    _ => "0".to_owned(),
                };
                [text.clone(), kind.clone(), value]
            })
            .collect()
    }
}

/// Mean of the base year of every group of stays.
fn means(ward: &Ward<'_>) -> BTreeMap<u32, i64> {
    let mut means = BTreeMap::new();
    for kind in &ward.kinds {
        // Whole yuan are near enough for a line that only tells dear stays from others.
        let yuan: i64 =
            format!("{:.0}", kind.stay.mean_yuan).parse().unwrap_or(i64::MAX / 1_000_000);
        for group in &kind.groups {
            means.insert(*group, yuan * 100);
        }
    }
    means
}

/// Rows of table `budget` beside the budget itself: item and amount in fen, exact.
pub(super) fn items<'a>(world: &'a World<'_>, booked: i128) -> Vec<(&'a str, Ratio)> {
    let share = |permille: i64| Ratio::new(permille.into(), 1000.into());
    let items = world.city.books.iter().flat_map(|books| &books.items);
    items
        .map(|(item, permille)| {
            (item.as_str(), Ratio::from_integer(booked.into()) * share(*permille))
        })
        .collect()
}

/// `special.csv`, `assessment.csv` and `advance.csv`, where the city has books.
pub(super) fn write(
    folder: &Folder,
    format: Format,
    world: &World<'_>,
    (candidates, truth, years): (&Candidates<'_>, &Truth<'_>, &[u16]),
) -> Result<(), Error> {
    let Some(books) = &world.city.books else { return Ok(()) };
    if let Some(rule) = &books.special {
        let header = ["setl_id", "kind", "value", "reviewer", "reason"];
        let mut file = CsvFile::create(folder.file("special.csv"), &header, format)?;
        for &year in years {
            for [id, kind, value] in candidates.decided(rule, year, truth.cases(year)) {
                file.record(&[id.as_str(), &kind, &value, &rule.reviewer, &rule.reason])?;
            }
        }
        file.finish()?;
    }
    if !books.assessment.is_empty() {
        let header =
            ["year", "pool", "fixmedins_code", "coefficient", "deduction", "violations", "bond"];
        let mut file = CsvFile::create(folder.file("assessment.csv"), &header, format)?;
        for year in years.iter().map(u16::to_string) {
            for (at, place) in world.places.iter().enumerate() {
                let Assessed(coefficient, deduction, violations, bond) =
                    &books.assessment[at % books.assessment.len()];
                let code = place.code.as_str();
                file.record(&[year.as_str(), "", code, coefficient, deduction, violations, bond])?;
            }
        }
        file.finish()?;
    }
    if books.working_capital.is_empty() {
        return Ok(());
    }
    let header = ["year", "month", "pool", "fixmedins_code", "kind", "amount"];
    let mut file = CsvFile::create(folder.file("advance.csv"), &header, format)?;
    for year in years.iter().map(u16::to_string) {
        for Capital(at, pool, amount) in &books.working_capital {
            let code = world.places[at % world.places.len()].code.as_str();
            file.record(&[year.as_str(), "", pool, code, "working_capital", amount])?;
        }
    }
    file.finish()
}

impl Books {
    /// The first thing that makes no sense: where and what.
    pub(super) fn problem(&self) -> Option<(String, String)> {
        let wrong = |what: &str| Some(("books".to_owned(), what.to_owned()));
        if self.special.as_ref().is_some_and(|one| one.kinds.is_empty() || one.fen_per_point <= 0) {
            return wrong("needs a kind of decision and `fen_per_point` above 0");
        }
        let assessed = self.assessment.iter().flat_map(|one| [&one.1, &one.2, &one.3]);
        let mut amounts = assessed.chain(self.working_capital.iter().map(|one| &one.2));
        match amounts.find(|amount| amount.parse::<Fen>().is_err()) {
            Some(amount) => wrong(&format!("has `{amount}`, which is not an amount in yuan")),
            None => None,
        }
    }
}
