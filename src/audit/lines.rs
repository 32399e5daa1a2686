//! The lines a policy draws between low, normal and high cases, whatever section they stand in.

use num_traits::{Signed as _, ToPrimitive as _};
use rust_decimal::Decimal;

use crate::policy::model::{Cite, Class, Policy};
use crate::units::{Ratio, exact, ratio};

/// One line: a ratio of the amount compared to its reference at which cases change their class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Path of its value, for example `deviation.band[low].up_to`.
    pub path: String,
    /// Clause of the rule beyond it, else its reading.
    pub clause: String,
    /// The ratio.
    pub ratio: Decimal,
    /// Whether a ratio of exactly that lies below the line.
    pub below_includes: bool,
    /// Merged cases never pass it (Y24).
    pub except_merged: bool,
    /// Weights of the groups it is drawn for: from, included, and below.
    pub weights: (Option<Decimal>, Option<Decimal>),
    at: Place,
}

/// Where its value stands in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Band(usize),
    ScoreLow,
    ScoreHigh,
    ScoreExtreme,
    OutlierLow,
    OutlierHigh(usize),
}

/// The clause of a cite, or its reading.
pub(super) fn words(cite: &Cite) -> String {
    cite.clause.clone().or_else(|| cite.reading.clone()).unwrap_or_default()
}

/// The lines of a policy, in the order of its sections, ascending within each.
#[must_use]
pub fn lines(policy: &Policy) -> Vec<Line> {
    let mut found = Vec::new();
    if let Some(deviation) = &policy.deviation {
        for (at, pair) in deviation.bands.windows(2).enumerate() {
            let (band, next) = (&pair[0], &pair[1]);
            let Some(ratio) = band.up_to else { continue };
            let beyond = if band.class == Class::Normal { next } else { band };
            found.push(Line {
                path: format!("deviation.band[{}].up_to", class_word(band.class)),
                clause: words(&beyond.cite),
                below_includes: band.inclusive,
                except_merged: next.except_merged,
                ..line(Place::Band(at), ratio)
            });
        }
    }
    if let Some(rule) = policy.score.as_ref().and_then(|score| score.abnormal.as_ref()) {
        let three = [
            ("low", Place::ScoreLow, rule.low),
            ("high", Place::ScoreHigh, rule.high),
            ("extreme", Place::ScoreExtreme, rule.extreme),
        ];
        for (key, at, ratio) in three {
            found.push(Line {
                path: format!("score.abnormal.{key}"),
                clause: words(&rule.cite),
                below_includes: key != "low",
                ..line(at, ratio)
            });
        }
    }
    if let Some(rule) = &policy.outlier {
        found.push(Line {
            path: "outlier.low".to_owned(),
            clause: words(&rule.cite),
            below_includes: false,
            ..line(Place::OutlierLow, rule.low)
        });
        let mut from = None;
        for (at, high) in rule.high.iter().enumerate() {
            found.push(Line {
                path: format!("outlier.high[{}].ratio", high.ratio),
                clause: words(&high.cite),
                weights: (from, high.weight_below),
                ..line(Place::OutlierHigh(at), high.ratio)
            });
            from = high.weight_below;
        }
    }
    found
}

fn line(at: Place, ratio: Decimal) -> Line {
    Line {
        path: String::new(),
        clause: String::new(),
        ratio,
        below_includes: true,
        except_merged: false,
        weights: (None, None),
        at,
    }
}

fn class_word(class: Class) -> &'static str {
    match class {
        Class::Low => "low",
        Class::Normal => "normal",
        Class::High => "high",
    }
}

impl Line {
    /// The largest whole fen below the line, for a reference in fen.
    #[must_use]
    pub fn last_below(&self, reference_fen: &Ratio) -> Option<i64> {
        let end = exact(self.ratio) * reference_fen;
        let whole = if self.below_includes { end.floor() } else { end.ceil() - ratio(1) };
        whole.to_integer().to_i64().filter(|_| reference_fen.is_positive())
    }

    /// Whether it is drawn for groups of this weight (points ÷ scale).
    #[must_use]
    pub fn is_for(&self, weight: Option<&Ratio>) -> bool {
        match (&self.weights, weight) {
            ((None, None), _) => true,
            (_, None) => false,
            ((from, below), Some(weight)) => {
                from.is_none_or(|from| *weight >= exact(from))
                    && below.is_none_or(|below| *weight < exact(below))
            }
        }
    }

    /// Where it lies among low, normal, high and beyond: reports name lines by it.
    #[must_use]
    pub fn name(&self) -> String {
        let sign = match (self.at, self.below_includes) {
            (Place::ScoreLow | Place::OutlierLow, _) => "<",
            (_, true) => "≤",
            (_, false) => "<",
        };
        format!("{} ({sign} {})", self.path, self.ratio)
    }

    /// The policy with this line at another ratio.
    #[must_use]
    pub fn moved_to(&self, policy: &Policy, ratio: Decimal) -> Policy {
        let mut policy = policy.clone();
        let abnormal = policy.score.as_mut().and_then(|score| score.abnormal.as_mut());
        match (self.at, abnormal, policy.outlier.as_mut(), policy.deviation.as_mut()) {
            (Place::Band(at), _, _, Some(rule)) => rule.bands[at].up_to = Some(ratio),
            (Place::ScoreLow, Some(rule), ..) => rule.low = ratio,
            (Place::ScoreHigh, Some(rule), ..) => rule.high = ratio,
            (Place::ScoreExtreme, Some(rule), ..) => rule.extreme = ratio,
            (Place::OutlierLow, _, Some(rule), _) => rule.low = ratio,
            (Place::OutlierHigh(at), _, Some(rule), _) => rule.high[at].ratio = ratio,
            _ => {}
        }
        policy
    }
}
