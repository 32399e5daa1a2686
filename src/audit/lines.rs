//! The lines a policy draws between low, normal and high cases, whatever section they stand in.

use rust_decimal::Decimal;

use crate::policy::model::{Cite, Class, Policy};
use crate::settlement::decide::CaseClass;
use crate::settlement::segments::Segments;
use crate::units::{Ratio, exact};

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
    /// Classes below and beyond it: by them it is found among the segments of a case.
    pub classes: (CaseClass, CaseClass),
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
    let mut found = band_lines(policy);
    if let Some(rule) = policy.score.as_ref().and_then(|score| score.abnormal.as_ref()) {
        let low = (CaseClass::Low, CaseClass::Normal, rule.low_inclusive);
        let high = (CaseClass::Normal, CaseClass::High, !rule.high_inclusive);
        let extreme = (CaseClass::High, CaseClass::Extreme, true);
        let three = [
            ("low", Place::ScoreLow, rule.low, low),
            ("high", Place::ScoreHigh, rule.high, high),
            ("extreme", Place::ScoreExtreme, rule.extreme, extreme),
        ];
        for (key, at, ratio, (below, beyond, below_includes)) in three {
            found.push(Line {
                path: format!("score.abnormal.{key}"),
                clause: words(&rule.cite),
                ratio,
                below_includes,
                classes: (below, beyond),
                weights: (None, None),
                at,
            });
        }
    }
    found.extend(outlier_lines(policy));
    found
}

fn band_lines(policy: &Policy) -> Vec<Line> {
    let mut found = Vec::new();
    let bands = policy.deviation.iter().flat_map(|rule| rule.bands.windows(2));
    for (at, pair) in bands.enumerate() {
        let (band, next) = (&pair[0], &pair[1]);
        let Some(ratio) = band.up_to else { continue };
        let beyond = if band.class == Class::Normal { next } else { band };
        found.push(Line {
            path: format!("deviation.band[{}].up_to", class_word(band.class)),
            clause: words(&beyond.cite),
            ratio,
            below_includes: band.inclusive,
            classes: (band.class.into(), next.class.into()),
            weights: (None, None),
            at: Place::Band(at),
        });
    }
    found
}

fn outlier_lines(policy: &Policy) -> Vec<Line> {
    let Some(rule) = &policy.outlier else { return Vec::new() };
    let mut found = vec![Line {
        path: "outlier.low".to_owned(),
        clause: words(&rule.cite),
        ratio: rule.low,
        below_includes: false,
        classes: (CaseClass::Low, CaseClass::Normal),
        weights: (None, None),
        at: Place::OutlierLow,
    }];
    let mut from = None;
    for (at, high) in rule.high.iter().enumerate() {
        found.push(Line {
            path: format!("outlier.high[{}].ratio", high.ratio),
            clause: words(&high.cite),
            ratio: high.ratio,
            below_includes: true,
            classes: (CaseClass::Normal, CaseClass::High),
            weights: (from, high.weight_below),
            at: Place::OutlierHigh(at),
        });
        from = high.weight_below;
    }
    found
}

/// A line where it falls for one kind of case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Index into the policy's lines.
    pub(super) line: usize,
    /// The last amount below it, in fen.
    pub(super) last: i64,
    /// Whether no amount above 0 lies between the line before and this one.
    pub(super) is_empty: bool,
}

/// The lines among the segments of a case whose group has this weight (points ÷ scale).
pub(super) fn ends(lines: &[Line], segments: &Segments, weight: Option<&Ratio>) -> Vec<End> {
    let mut found = Vec::new();
    let mut before = 0;
    for pair in segments.list.windows(2) {
        let classes = (pair[0].class, pair[1].class);
        let is_it = |line: &Line| line.classes == classes && line.is_for(weight);
        if let Some(line) = lines.iter().position(is_it) {
            let last = pair[0].end;
            found.push(End { line, last, is_empty: last <= before });
        }
        before = before.max(pair[0].end);
    }
    found
}

fn class_word(class: Class) -> &'static str {
    match class {
        Class::Low => "low",
        Class::Normal => "normal",
        Class::High => "high",
    }
}

impl Line {
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

    /// Its path with the ratio, as messages name it.
    #[must_use]
    pub fn name(&self) -> String {
        let sign = if self.below_includes { "≤" } else { "<" };
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
