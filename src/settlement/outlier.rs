//! Low and high cases of a points system by DRG (5.3, 5.4, R37), as segments of the fee.
//!
//! r = fee ÷ published mean of the group, C = M the published base mean, weight = base points ÷ scale:
//!
//! ```text
//! low   r < low            PointsNoFactor  fee ÷ M × scale              ByActual  as booked
//! high  r > K(weight)      LinearAdd       points + (r − K) × base
//!                          Deduct          (fee ÷ M − (K − 1) × weight × k) × scale
//!                          Cap             K × points
//! ```
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::policy::model::{HighLine, HighRule, LowLine, LowRule, Outlier};
use crate::units::{Points, Ratio, exact};

use super::decide::CaseClass;
use super::score::Pieces;
use super::segments::{Factor, Formula, Measure, Rule, Segment, Segments};

/// Base mean and scale of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scale {
    /// M in fen.
    pub(super) base_mean_fen: Factor,
    /// Points of a case that costs M.
    pub(super) scale: Factor,
}

/// The line of high cases of a group: the first whose weight is above the group's.
pub(super) fn high_line(rule: &Outlier, points: Points, scale: Decimal) -> &HighLine {
    let weight: Ratio = points.to_ratio() / exact(scale);
    let fits = |line: &&HighLine| line.weight_below.is_none_or(|below| weight < exact(below));
    let last = rule.high.len().saturating_sub(1);
    rule.high.iter().find(fits).unwrap_or(&rule.high[last])
}

/// The segments of the fee.
pub(super) fn segments(
    rule: &Outlier,
    line: Decimal,
    scale: &Scale,
    pieces: &Pieces<'_>,
) -> Segments {
    let Some((reference, inverse)) =
        pieces.reference.and_then(|reference| Some((reference, reference.inverse()?)))
    else {
        return Segments::one(Measure::Fee, CaseClass::Normal, Rule::Group, pieces.normal());
    };
    let line = Factor::decimal(line);
    let low_line = Factor::decimal(rule.low).times(&lower(rule, pieces));
    let (low_rule, low) = low(rule, scale, pieces);
    let (high_rule, high) = high(rule, &line, (scale, &inverse), pieces);
    let segment = |end, class, rule, pay| Segment { end, class, rule, for_review: false, pay };
    Segments {
        by: Measure::Fee,
        list: vec![
            segment(low_line.end(reference, false), CaseClass::Low, low_rule, low),
            segment(line.end(reference, true), CaseClass::Normal, Rule::Group, pieces.normal()),
            segment(i64::MAX, CaseClass::High, high_rule, high),
        ],
    }
}

/// `lowerOf`: min(1, k) (R37).
fn lower(rule: &Outlier, pieces: &Pieces<'_>) -> Factor {
    let one = Factor::whole(1);
    let below_one = one.minus(pieces.coefficient).is_positive();
    match rule.low_line {
        LowLine::LowerOf if below_one => pieces.coefficient.clone(),
        LowLine::LowerOf | LowLine::Mean => one,
    }
}

fn low(rule: &Outlier, scale: &Scale, pieces: &Pieces<'_>) -> (Rule, Formula) {
    match rule.low_rule {
        LowRule::ByActual => (Rule::LowActual, Formula::Booked),
        LowRule::PointsNoFactor => {
            let slope = scale.base_mean_fen.inverse().unwrap_or(Factor::whole(0));
            let none = Factor::whole(0);
            (Rule::LowNoFactor, pieces.line(&[Some(&scale.scale)], &none, &slope))
        }
    }
}

fn high(
    rule: &Outlier,
    line: &Factor,
    (scale, inverse): (&Scale, &Factor),
    pieces: &Pieces<'_>,
) -> (Rule, Formula) {
    let (after, inside) = (pieces.after(), pieces.inside());
    let (one, none) = (Factor::whole(1), Factor::whole(0));
    let base = Some(pieces.base);
    match rule.high_rule {
        // base × (k + r − K)
        HighRule::LinearAdd => {
            (Rule::LinearAdd, pieces.line(&[base, after], &inside.minus(line), inverse))
        }
        // scale × fee ÷ M − (K − 1) × base × k
        HighRule::Deduct => {
            let per_fen = scale.base_mean_fen.inverse().unwrap_or(Factor::whole(0));
            let taken = line.minus(&one).times(pieces.base).times(&inside);
            let start = none.minus(&taken);
            (Rule::Deduct, pieces.line(&[after], &start, &scale.scale.times(&per_fen)))
        }
        // K × base × k
        HighRule::Cap => {
            let k = after.unwrap_or(&inside);
            (Rule::Cap, pieces.line(&[base, Some(k)], line, &none))
        }
    }
}
