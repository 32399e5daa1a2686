//! How one case came to its pay: the chain of steps, for `explain`.
//!
//! A step names what was computed, the formula in symbols, the numbers put in, the result, and where the
//! rule stands: the path in `policy.toml`, its clause and its reading. Words for readers are not here:
//! [`Step::key`] and the symbols are names that `explain` has labels for.

use rust_decimal::Decimal;

use crate::policy::model::Cite;
use crate::units::{Fen, Points, Ratio};

/// The steps of one case, in the order they are taken. The last one is how it is paid.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is computed, for example `coefficient`; the name of its label.
    pub key: &'static str,
    /// The formula in symbols, for example `points × k`; empty where a value is looked up.
    pub symbols: &'static str,
    /// The numbers put in, by symbol, in the order of the formula.
    pub inputs: Vec<(&'static str, Value)>,
    /// What comes out.
    pub result: Value,
    /// Path of the parameter in `policy.toml`, for example `score.abnormal.high`; empty where a reading
    /// decides alone.
    pub path: String,
    /// Clause quoted by the policy, or empty.
    pub clause: String,
    /// Reading or ruling, or empty.
    pub reading: String,
}

/// A number or a word of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A code or a name as it stands in the data.
    Text(String),
    /// A word of the kernel, for example a class; `explain` has a label for it.
    Word(&'static str),
    /// Money.
    Money(Fen),
    /// Points.
    Points(Points),
    /// An exact fraction, for example an estimated coefficient.
    Ratio(Ratio),
    /// A decimal of the policy or the catalog.
    Decimal(Decimal),
    /// A number of days, cases or months.
    Count(u64),
}

impl Step {
    /// A step that only looks up or names something.
    #[must_use]
    pub fn of(key: &'static str, result: Value) -> Self {
        Self {
            key,
            symbols: "",
            inputs: Vec::new(),
            result,
            path: String::new(),
            clause: String::new(),
            reading: String::new(),
        }
    }

    /// With its formula and the numbers put in.
    #[must_use]
    pub fn by(mut self, symbols: &'static str, inputs: Vec<(&'static str, Value)>) -> Self {
        self.symbols = symbols;
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

    /// With the reading that decides it, where no parameter of the policy does.
    #[must_use]
    pub fn reading(mut self, reading: &str) -> Self {
        reading.clone_into(&mut self.reading);
        self
    }
}
