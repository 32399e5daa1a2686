//! The formula of a case's points in symbols, computed once more from its numbers on big fractions.

use num_traits::{One as _, Zero as _};
use rust_decimal::Decimal;

use crate::policy::model::OnOutliers;
use crate::trail::Value;
use crate::units::{Fen, Points, Ratio, exact, ratio};

use super::segments::Rule;

/// The numbers of a case that points are made of.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) rule: Rule,
    /// A36.
    pub(super) outliers: OnOutliers,
    /// Points of the group × day surgery, or of the list.
    pub(super) base: Ratio,
    /// Auxiliary factor; 1 without.
    pub(super) auxiliary: Ratio,
    /// k.
    pub(super) coefficient: Ratio,
    /// Factor of a large self-paid share; 1 without.
    pub(super) self_paid: Ratio,
    /// Points of an invited expert.
    pub(super) expert: Ratio,
    /// Fee in fen.
    pub(super) fee: i64,
    /// Fee ÷ reference.
    pub(super) times: Ratio,
    /// The line crossed, K or the high line.
    pub(super) line: Decimal,
    /// The extreme line.
    pub(super) extreme: Decimal,
    /// Base mean in yuan and scale of the catalog.
    pub(super) measure: (Decimal, Decimal),
    /// Factor of the ungrouped.
    pub(super) ungrouped: Decimal,
}

/// A formula: symbols, the numbers put in, the exact result before it is rounded.
pub(super) type Formula = (String, Vec<(&'static str, Value)>, Ratio);

/// A part of a formula.
type Part = (&'static str, Vec<(&'static str, Value)>, Ratio);

impl Parts {
    fn k(&self) -> (&'static str, Value) {
        ("k", Value::Ratio(self.coefficient.clone()))
    }

    fn points(&self) -> (&'static str, Value) {
        ("points", Value::PointSum(self.base.clone()))
    }

    fn r(&self) -> (&'static str, Value) {
        ("r", Value::Ratio(self.times.clone()))
    }

    fn line(&self) -> (&'static str, Value) {
        ("line", Value::Decimal(self.line))
    }

    /// fee ÷ base_mean × scale, with its numbers.
    fn by_fee(&self) -> (Vec<(&'static str, Value)>, Ratio) {
        let (mean, scale) = self.measure;
        let inputs = vec![
            ("fee", Value::Money(Fen(self.fee))),
            ("base_mean", Value::yuan(mean)),
            ("scale", Value::Decimal(scale)),
        ];
        let mean = exact(mean) * ratio(100);
        let value =
            if mean.is_zero() { Ratio::zero() } else { ratio(self.fee) / mean * exact(scale) };
        (inputs, value)
    }

    /// The formula of a rule that gives points by the group; `None` for other units.
    pub(super) fn formula(&self) -> Option<Formula> {
        let (symbols, mut inputs, value) = match self.rule {
            Rule::Group | Rule::HighReview => self.normal(),
            Rule::LowRatio => self.low(),
            Rule::HighExcess => self.high(&self.times),
            Rule::ExtremeReview => self.high(&exact(self.extreme)),
            Rule::ExtremeCoefficient => {
                ("points × k", vec![self.points(), self.k()], &self.base * &self.coefficient)
            }
            Rule::LowNoFactor => {
                let (inputs, value) = self.by_fee();
                ("fee ÷ base_mean × scale", inputs, value)
            }
            Rule::Ungrouped => {
                let (mut inputs, value) = self.by_fee();
                inputs.insert(0, ("ungrouped_factor", Value::Decimal(self.ungrouped)));
                (
                    "ungrouped_factor × fee ÷ base_mean × scale",
                    inputs,
                    value * exact(self.ungrouped),
                )
            }
            Rule::LinearAdd => self.linear_add(),
            Rule::Deduct => self.deduct(),
            Rule::Cap => self.cap(),
            _ => return None,
        };
        // No share of one's own is looked at where there is no group (A41).
        let factor =
            if self.rule == Rule::Ungrouped { Ratio::one() } else { self.self_paid.clone() };
        let value = value * &factor + &self.expert;
        let mut symbols = symbols.to_owned();
        if !factor.is_one() {
            symbols = if symbols.contains([' ']) {
                format!("({symbols}) × s")
            } else {
                format!("{symbols} × s")
            };
            inputs.push(("s", Value::Ratio(factor)));
        }
        if !self.expert.is_zero() {
            symbols.push_str(" + e");
            inputs.push(("e", Value::PointSum(self.expert.clone())));
        }
        Some((symbols, inputs, value))
    }

    fn normal(&self) -> Part {
        let mut inputs = vec![self.points()];
        let mut value = self.base.clone();
        if !self.auxiliary.is_one() {
            inputs.push(("a", Value::Ratio(self.auxiliary.clone())));
            value *= &self.auxiliary;
        }
        if !self.coefficient.is_one() {
            inputs.push(self.k());
        }
        let symbols = match (self.auxiliary.is_one(), self.coefficient.is_one()) {
            (true, true) => "points",
            (true, false) => "points × k",
            (false, true) => "points × a",
            (false, false) => "points × a × k",
        };
        (symbols, inputs, value * &self.coefficient)
    }

    fn low(&self) -> Part {
        let value = &self.base * &self.times;
        if self.outliers == OnOutliers::Apply {
            let inputs = vec![self.points(), self.r(), self.k()];
            return ("points × r × k", inputs, value * &self.coefficient);
        }
        ("points × r", vec![self.points(), self.r()], value)
    }

    /// What lies above the line joins a normal case: 1, or k inside.
    fn high(&self, times: &Ratio) -> Part {
        let over = times - exact(self.line);
        let r = ("r", Value::Ratio(times.clone()));
        let mut inputs = vec![self.points(), r, self.line()];
        if self.outliers != OnOutliers::None {
            inputs.push(self.k());
        }
        let k = &self.coefficient;
        match self.outliers {
            OnOutliers::Apply => {
                let value = &self.base * (over + ratio(1)) * k;
                ("points × (r − line + 1) × k", inputs, value)
            }
            OnOutliers::None => ("points × (r − line + 1)", inputs, &self.base * (over + ratio(1))),
            OnOutliers::Inside => ("points × (r − line + k)", inputs, &self.base * (over + k)),
        }
    }

    fn linear_add(&self) -> Part {
        let over = (&self.times - exact(self.line)) * &self.base;
        let inputs = vec![self.points(), self.r(), self.line(), self.k()];
        let (base, k) = (&self.base, &self.coefficient);
        match self.outliers {
            OnOutliers::Inside => ("points × k + (r − line) × points", inputs, base * k + over),
            OnOutliers::Apply => ("(points + (r − line) × points) × k", inputs, (base + over) * k),
            OnOutliers::None => ("points + (r − line) × points", inputs, base + over),
        }
    }

    fn deduct(&self) -> Part {
        let (mut inputs, by_fee) = self.by_fee();
        inputs.extend([self.line(), self.points(), self.k()]);
        let taken = (exact(self.line) - ratio(1)) * &self.base;
        let k = &self.coefficient;
        match self.outliers {
            OnOutliers::Inside => {
                ("fee ÷ base_mean × scale − (line − 1) × points × k", inputs, by_fee - taken * k)
            }
            OnOutliers::Apply => (
                "(fee ÷ base_mean × scale − (line − 1) × points) × k",
                inputs,
                (by_fee - taken) * k,
            ),
            OnOutliers::None => {
                ("fee ÷ base_mean × scale − (line − 1) × points", inputs, by_fee - taken)
            }
        }
    }

    fn cap(&self) -> Part {
        let value = exact(self.line) * &self.base;
        if self.outliers == OnOutliers::None {
            return ("line × points", vec![self.line(), self.points()], value);
        }
        let inputs = vec![self.line(), self.points(), self.k()];
        ("line × points × k", inputs, value * &self.coefficient)
    }
}

/// Published points as a fraction.
pub(super) fn of_points(millionths: i64) -> Ratio {
    Points(millionths).to_ratio()
}
