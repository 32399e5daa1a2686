//! How a case, an institution and a group came to their money, step by step.
//!
//! What was decided is taken from the same [`Tariff`] and the same [`Outcome`] that pay; the steps put the
//! policy's parameters and the numbers of the case in their formulas, and
//! [`crate::trail::Trail::check`] refuses a step whose formula gives another number.
//!
//! [`Outcome`]: super::Outcome
//! [`Tariff`]: super::tariff::Tariff

mod case;
mod division;
mod group;
mod institution;
pub(super) mod lines;
mod part;

pub use case::explain_case;
pub use group::explain_group;
pub use institution::explain_institution;

use super::ScenarioInput;
use crate::trail::Trail;

/// An empty trail of one subject.
fn trail(subject: &'static str, id: &str, input: &ScenarioInput<'_>) -> Trail {
    Trail {
        subject,
        id: id.to_owned(),
        scenario: input.name.clone(),
        year: input.year,
        sections: Vec::new(),
    }
}
