//! The points of a case under the nine kinds of score, in the order of R17.
//!
//! ```text
//! decided points are final; else listed points, or points of the group × day surgery
//!   → low, high, extreme (A37, A38) → auxiliary factor, only when normal → × k (A36)
//!   → × factor of a large self-paid share → + points of an invited expert → 4 places
//! ```
//!
//! Decided points and those of an expert belong to single cases (`decide`); the rest is the same for all
//! cases of a kind and stands here, as segments of the fee.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use crate::policy::model::{Abnormal, AbnormalHigh, ExtremeRule, OnOutliers, Score};

use super::decide::CaseClass;
use super::segments::{Factor, Formula, Line, Measure, Rule, Segment, Segments};

/// The kinds of score that can take part in the points of a case (Z17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScoreKind {
    /// 标准分值.
    Standard,
    /// 疾病严重程度辅助目录.
    Auxiliary,
    /// 费用异常病种.
    Abnormal,
    /// 特殊病种: decided by experts.
    Special,
    /// 无分值病种: ungrouped.
    NoScore,
    /// 外聘专家病种.
    ExternalExpert,
    /// 日间手术病种.
    DaySurgery,
    /// 按病种收费及中医优势病种: points of a list.
    Listed,
    /// 目录外自费项目超标病种.
    SelfPaid,
}

impl ScoreKind {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Auxiliary => "auxiliary",
            Self::Abnormal => "abnormal",
            Self::Special => "special",
            Self::NoScore => "no_score",
            Self::ExternalExpert => "external_expert",
            Self::DaySurgery => "day_surgery",
            Self::Listed => "listed",
            Self::SelfPaid => "self_paid",
        }
    }
}

/// The numbers that make the points of a kind of case.
pub(super) struct Pieces<'a> {
    /// Decimal places of case points (A46).
    pub(super) places: u32,
    /// Points of the group × day surgery, or of the list.
    pub(super) base: &'a Factor,
    /// k.
    pub(super) coefficient: &'a Factor,
    /// Factor of the auxiliary type, where one is met.
    pub(super) auxiliary: Option<&'a Factor>,
    /// Factor of a large self-paid share, where it is one.
    pub(super) self_paid: Option<&'a Factor>,
    /// What the fee is compared with, in fen.
    pub(super) reference: Option<&'a Factor>,
    /// A36.
    pub(super) outliers: OnOutliers,
}

impl Pieces<'_> {
    /// `factors` × self-paid × (`start` + `slope` × fee).
    pub(super) fn line(
        &self,
        factors: &[Option<&Factor>],
        start: &Factor,
        slope: &Factor,
    ) -> Formula {
        let all = factors.iter().chain([&self.self_paid]);
        let factors: Vec<&Factor> = all.copied().flatten().collect();
        Formula::Points(Line::new(self.places, &factors, start, slope))
    }

    fn fixed(&self, more: &[Option<&Factor>]) -> Formula {
        let factors: Vec<_> = [Some(self.base)].iter().chain(more).copied().collect();
        self.line(&factors, &Factor::whole(1), &Factor::whole(0))
    }

    /// base × a × k.
    pub(super) fn normal(&self) -> Formula {
        self.fixed(&[self.auxiliary, Some(self.coefficient)])
    }

    /// base × k, unless outliers have none (A36).
    pub(super) fn flat(&self) -> Formula {
        let k = (self.outliers != OnOutliers::None).then_some(self.coefficient);
        self.fixed(&[k])
    }

    /// k where it multiplies what an outlier gets (A36).
    pub(super) fn after(&self) -> Option<&Factor> {
        (self.outliers == OnOutliers::Apply).then_some(self.coefficient)
    }

    /// The coefficient inside the formula of an outlier: k, or 1 (R39).
    pub(super) fn inside(&self) -> Factor {
        if self.outliers == OnOutliers::Inside {
            self.coefficient.clone()
        } else {
            Factor::whole(1)
        }
    }
}

/// The segments of the fee (A37, A38); one, where nothing is compared.
pub(super) fn segments(rules: &Score, pieces: &Pieces<'_>) -> Segments {
    let lines = rules.abnormal.as_ref().zip(pieces.reference);
    let Some((rule, reference, inverse)) =
        lines.and_then(|(rule, reference)| Some((rule, reference, reference.inverse()?)))
    else {
        return Segments::one(Measure::Fee, CaseClass::Normal, Rule::Group, pieces.normal());
    };
    let end = |ratio, inclusive| Factor::decimal(ratio).end(reference, inclusive);
    let low = pieces.line(&[Some(pieces.base), pieces.after()], &Factor::whole(0), &inverse);
    let segment = |end, class, rule, pay, for_review| Segment { end, class, rule, for_review, pay };
    let (high_rule, high_pay) = high(rule, pieces, &inverse);
    let (extreme_rule, extreme_pay) = extreme(rule, pieces);
    Segments {
        by: Measure::Fee,
        list: vec![
            segment(end(rule.low, rule.low_inclusive), CaseClass::Low, Rule::LowRatio, low, false),
            segment(
                end(rule.high, !rule.high_inclusive),
                CaseClass::Normal,
                Rule::Group,
                pieces.normal(),
                false,
            ),
            segment(
                end(rule.extreme, true),
                CaseClass::High,
                high_rule,
                high_pay,
                high_rule == Rule::HighReview,
            ),
            segment(
                i64::MAX,
                CaseClass::Extreme,
                extreme_rule,
                extreme_pay,
                extreme_rule == Rule::ExtremeReview,
            ),
        ],
    }
}

/// base × (r − line + 1 or k), × k where it applies; or the points of a normal case until reviewed.
fn high(rule: &Abnormal, pieces: &Pieces<'_>, inverse: &Factor) -> (Rule, Formula) {
    match rule.high_rule {
        AbnormalHigh::Review => (Rule::HighReview, pieces.normal()),
        AbnormalHigh::Excess => {
            let start = pieces.inside().minus(&Factor::decimal(rule.high));
            (Rule::HighExcess, pieces.line(&[Some(pieces.base), pieces.after()], &start, inverse))
        }
    }
}

/// Until decided, an extreme case has the points of the line (A38); or base × k, or nothing but what
/// was booked.
fn extreme(rule: &Abnormal, pieces: &Pieces<'_>) -> (Rule, Formula) {
    let k = Some(pieces.coefficient);
    match (rule.extreme_rule, rule.high_rule) {
        (ExtremeRule::Item, _) => (Rule::ExtremeItem, Formula::Booked),
        (ExtremeRule::Coefficient, _) => (Rule::ExtremeCoefficient, pieces.fixed(&[k])),
        (ExtremeRule::Review, AbnormalHigh::Review) => (Rule::ExtremeReview, pieces.normal()),
        (ExtremeRule::Review, AbnormalHigh::Excess) => {
            // The high line at r = extreme: extreme − high + inside.
            let over = Factor::decimal(rule.high).minus(&Factor::decimal(rule.extreme));
            let (start, none) = (pieces.inside().minus(&over), Factor::whole(0));
            (Rule::ExtremeReview, pieces.line(&[Some(pieces.base), pieces.after()], &start, &none))
        }
    }
}
