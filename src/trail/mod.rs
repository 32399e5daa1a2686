//! A result with its arithmetic, step by step: what is computed, the formula, the numbers put in, the
//! parameter, the clause and the reading.
//!
//! Whoever computes a result records its [`Step`]s; [`Trail::check`] evaluates every formula with the
//! numbers shown and compares it with the result shown, exactly. An explanation that explains another
//! number is therefore refused, never printed.
//!
//! ```
//! use dianshu::trail::{Step, Value};
//! use dianshu::units::Fen;
//! // 947 × 850 ÷ 1000 (D-Y6).
//! let step = Step::of("standard_pay", Value::Money(Fen(80_495))).by(
//!     "round2(standard × fund ÷ fee)",
//!     vec![
//!         ("standard", Value::Money(Fen(94_700))),
//!         ("fund", Value::Money(Fen(85_000))),
//!         ("fee", Value::Money(Fen(100_000))),
//!     ],
//! );
//! assert!(step.check().is_ok());
//! ```
#![warn(clippy::float_arithmetic, clippy::integer_division)]

mod formula;
mod render;
mod value;
mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use formula::Fault;
pub use render::{Lang, json, text};
pub use value::Value;
pub use words::labels;

use crate::explain::{Explain, Kind};
use crate::policy::model::Cite;

/// One step: what is computed and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is computed, for example `coefficient`; the name of its label.
    pub key: &'static str,
    /// Which one, where there are several: a settlement, a month, a line; else empty.
    pub which: String,
    /// The formula in symbols, each of them one of `inputs` and a name with a label; empty where a value
    /// is looked up.
    ///
    /// `+ − × ÷ ( )`, `= < ≤ > ≥` (also in chains), `sum(list)`, `min(a, b)`, `max(a, b)`, `roundN(x)` and
    /// `floorN(x)` to N places, halves away from zero.
    pub symbols: Cow<'static, str>,
    /// The numbers put in, by symbol, in the order of the formula.
    pub inputs: Vec<(&'static str, Value)>,
    /// What comes out. A formula that compares comes out as a word and has to be true.
    pub result: Value,
    /// Path of the parameter in `policy.toml`, for example `deviation.band[low].up_to`; empty where a
    /// reading decides alone.
    pub path: String,
    /// Clause quoted by the policy, or empty.
    pub clause: String,
    /// Readings and rulings, or empty.
    pub reading: String,
}

impl Step {
    /// A step that only looks up or names something.
    #[must_use]
    pub fn of(key: &'static str, result: Value) -> Self {
        Self {
            key,
            which: String::new(),
            symbols: Cow::Borrowed(""),
            inputs: Vec::new(),
            result,
            path: String::new(),
            clause: String::new(),
            reading: String::new(),
        }
    }

    /// With its formula and the numbers put in.
    #[must_use]
    pub fn by(
        mut self,
        symbols: impl Into<Cow<'static, str>>,
        inputs: Vec<(&'static str, Value)>,
    ) -> Self {
        self.symbols = symbols.into();
        self.inputs = inputs;
        self
    }

    /// With the place of its rule.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, cite: &Cite) -> Self {
        self.path = path.into();
        self.clause = cite.clause.clone().unwrap_or_default();
        self.reading = cite.reading.clone().unwrap_or_default();
        self
    }

    /// With a reading or ruling beside what the policy cites.
    #[must_use]
    pub fn reading(mut self, reading: &str) -> Self {
        if self.reading.is_empty() {
            reading.clone_into(&mut self.reading);
        } else if !self.reading.split(", ").any(|known| known == reading) {
            self.reading.push_str(", ");
            self.reading.push_str(reading);
        }
        self
    }

    /// Of one among several.
    #[must_use]
    pub fn which(mut self, which: impl Into<String>) -> Self {
        self.which = which.into();
        self
    }

    /// Evaluates the formula with the numbers and compares it with the result; every word has its labels.
    ///
    /// # Errors
    /// [`Error`] where it is another number, is not true, or cannot be evaluated or written.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |fault| Error { step: self.key, which: self.which.clone(), fault };
        let words = [self.key].into_iter().chain(self.inputs.iter().map(|(symbol, _)| *symbol));
        let values = self.inputs.iter().map(|(_, value)| value).chain([&self.result]);
        let words = words.chain(values.filter_map(Value::word));
        for word in words {
            if labels(word).is_none() {
                return Err(wrong(Fault::NoLabel { word: word.to_owned() }));
            }
        }
        if self.symbols.is_empty() {
            return Ok(());
        }
        let outcome = formula::evaluate(&self.symbols, &self.inputs).map_err(wrong)?;
        formula::compare(&outcome, &self.result).map_err(wrong)
    }
}

/// Some steps under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading; the name of its label.
    pub key: &'static str,
    /// Which one, where there are several; else empty.
    pub which: String,
    /// The steps in the order they are taken.
    pub steps: Vec<Step>,
}

impl Section {
    /// A section of these steps.
    #[must_use]
    pub fn of(key: &'static str, steps: Vec<Step>) -> Self {
        Self { key, which: String::new(), steps }
    }

    /// Of one among several.
    #[must_use]
    pub fn which(mut self, which: impl Into<String>) -> Self {
        self.which = which.into();
        self
    }
}

/// What one result is and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// What is explained: `case`, `institution` or `group`.
    pub subject: &'static str,
    /// Its id or code.
    pub id: String,
    /// The scenario settled.
    pub scenario: String,
    /// The year settled.
    pub year: u16,
    /// The sections in the order of computing.
    pub sections: Vec<Section>,
}

impl Trail {
    /// Every step of every section.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.sections.iter().flat_map(|section| &section.steps)
    }

    /// What it ends in: the result of the last step.
    #[must_use]
    pub fn result(&self) -> Option<&Value> {
        self.steps().last().map(|step| &step.result)
    }

    /// Checks every step, and that every heading has its labels.
    ///
    /// # Errors
    /// [`Error`] for the first that does not hold.
    pub fn check(&self) -> Result<(), Error> {
        let headings = self.sections.iter().map(|section| section.key);
        if let Some(step) =
            [self.subject].into_iter().chain(headings).find(|key| labels(key).is_none())
        {
            let fault = Fault::NoLabel { word: step.to_owned() };
            return Err(Error { step, which: String::new(), fault });
        }
        self.steps().try_for_each(Step::check)
    }
}

/// A step whose formula does not give its result: a fault of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the explanation does not hold at `{step}`{}", whose(which))]
pub struct Error {
    /// Name of the step.
    step: &'static str,
    /// Which one.
    which: String,
    /// What is wrong.
    #[source]
    fault: Fault,
}

fn whose(which: &str) -> String {
    if which.is_empty() { String::new() } else { format!(" of `{which}`") }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}
