//! Why there is no money to settle by, or why it cannot be divided as the policy says.

use rust_decimal::Decimal;

use crate::explain::{Explain, Kind, nearest};
use crate::units::Fen;

use super::error::Place;

/// Money of a pool that cannot be had, or not divided as the policy says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Money below 0.
    #[error("{place}: the budget is {amount} yuan; a budget is 0 or more")]
    NegativeBudget {
        /// Where.
        place: Box<Place>,
        /// The money.
        amount: Fen,
    },
    /// A budget of a single institution (J02, Y16).
    #[error(
        "scenario `{scenario}`: table `budget` has {amount} yuan for institution `{institution}`; the \
         money is the area's, and no institution has a budget of its own (J02, Y16)"
    )]
    InstitutionBudget {
        /// The scenario.
        scenario: String,
        /// The institution.
        institution: String,
        /// The money.
        amount: Fen,
    },
    /// A row of table `budget` that is needed and not there.
    #[error("{place}: table `budget` has no item `{item}`{}", instead_of(instead))]
    BudgetItemMissing {
        /// Where.
        place: Box<Place>,
        /// The item.
        item: String,
        /// What may stand there instead, or empty.
        instead: String,
        /// Items there are.
        known: Vec<String>,
    },
    /// A row of table `budget` with a value that it cannot have.
    #[error("{place}: item `{item}` of table `budget` is {value}; allowed is {allowed}")]
    BudgetItemValue {
        /// Where.
        place: Box<Place>,
        /// The item.
        item: String,
        /// Its value.
        value: Decimal,
        /// What it may be.
        allowed: &'static str,
    },
    /// An amount that stands there and follows from others, and the two differ.
    #[error(
        "{place}: item `{item}` of table `budget` is {given} yuan, but {formula} comes to {derived}"
    )]
    BudgetItemTwice {
        /// Where.
        place: Box<Place>,
        /// The item.
        item: String,
        /// The amount given.
        given: Fen,
        /// What follows.
        derived: Fen,
        /// From what.
        formula: String,
    },
    /// The last round of negotiation is not the budget (H06, P03).
    #[error(
        "{place}: `{round}`, the last round agreed, is {amount} yuan, but the budget is {budget}"
    )]
    LastRound {
        /// Where.
        place: Box<Place>,
        /// The item.
        round: String,
        /// Its amount.
        amount: Fen,
        /// The budget settled by.
        budget: Fen,
    },
    /// More is taken off the income than there is (Z01).
    #[error(
        "{place}: reserve and other budgets take {taken} yuan off an income of {income}; nothing is \
         left to settle by"
    )]
    IncomeExhausted {
        /// Where.
        place: Box<Place>,
        /// The income.
        income: Fen,
        /// What is taken off.
        taken: Fen,
    },
    /// An elastic value without last year's points (E11).
    #[error("{place}: an elastic value needs the points of last year, and there are none")]
    NoBaseVolume {
        /// Where.
        place: Box<Place>,
    },
    /// The fixed value of severe groups alone uses the money up (E11).
    #[error(
        "{place}: severe groups alone are worth {fixed} yuan at their fixed value, but there are only \
         {money}; nothing is left for the other points"
    )]
    SevereExhausted {
        /// Where.
        place: Box<Place>,
        /// What there is to divide.
        money: Fen,
        /// What severe groups come to.
        fixed: Fen,
    },
}

fn instead_of(instead: &str) -> String {
    if instead.is_empty() { String::new() } else { format!(", {instead}") }
}

impl Explain for MoneyError {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::BudgetItemMissing { known, .. } if known.is_empty() => {
                vec!["table `budget` has no row of this year, pool and period".to_owned()]
            }
            Self::BudgetItemMissing { item, known, .. } => {
                let near = nearest(item, known.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?"));
                let there = format!("its items of this pool are {}", known.join(", "));
                near.into_iter().chain([there]).collect()
            }
            Self::BudgetItemTwice { .. } => {
                vec!["leave one of the two out, or correct it".to_owned()]
            }
            Self::LastRound { round, .. } => vec![format!(
                "correct the budget or `{round}`, or record the round that agreed on the budget"
            )],
            Self::InstitutionBudget { .. } => {
                vec!["remove the row, or name a pool: `all`, or an insurance type".to_owned()]
            }
            Self::NoBaseVolume { .. } => {
                vec!["load the settlements of the year before, or let the value float".to_owned()]
            }
            Self::SevereExhausted { .. } => {
                vec!["lower `value.value`, or name fewer severe groups".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
