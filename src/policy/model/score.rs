//! `[score]`: what a case of points is worth beside the points of its group (Z17, R17).

use rust_decimal::Decimal;

use super::Cite;

/// `[score]` (Z17): one rule for each of the nine kinds of score. The first, 标准分值, is the points of
/// the group and has no parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// 疾病严重程度辅助目录: a normal case takes the highest factor of the types it meets (6.3).
    pub auxiliary: bool,
    /// 费用异常病种: low and high cases; absent: every case is normal.
    pub abnormal: Option<Abnormal>,
    /// 特殊病种: points decided by experts prevail (Z25).
    pub special: bool,
    /// 无分值病种: what an ungrouped case gets (A41).
    pub no_score: NoScore,
    /// 外聘专家病种: points added to a case with an invited expert.
    pub external_expert: Decimal,
    /// 日间手术病种: factor on the points of the group.
    pub day_surgery: Decimal,
    /// 按病种收费及中医优势病种: groups with points of a list, ascending by code.
    pub listed: Vec<ListedScore>,
    /// 目录外自费项目超标病种; absent: no such rule.
    pub self_paid: Option<SelfPaid>,
}

/// `[score.abnormal]` (A37, A38): r is fee ÷ reference. Whether the coefficient applies to low and high
/// cases is `coefficient.outliers` (A36).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abnormal {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Below this r a case is low: points × r (0.5).
    pub low: Decimal,
    /// Whether r of exactly `low` is low (1.5).
    pub low_inclusive: bool,
    /// Above this r it is high (2).
    pub high: Decimal,
    /// Whether r of exactly `high` is high (1.5).
    pub high_inclusive: bool,
    /// What a high case gets.
    pub high_rule: AbnormalHigh,
    /// Above this r it is extreme (5).
    pub extreme: Decimal,
    /// What an extreme case gets until experts decide (A38).
    pub extreme_rule: ExtremeRule,
    /// What the fee is compared with (A37).
    pub reference: AbnormalReference,
    /// Fewer cases than this make no mean of last year (A37: 15).
    pub reference_cases: u32,
}

/// What a high case gets (6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbnormalHigh {
    /// `excess`: points × (r − line + 1); with `coefficient.outliers = "inside"`, points × (r − line + k).
    Excess,
    /// `review`: the points of a normal case, and a place on the review list (DIP3).
    Review,
}

/// What the fee is compared with (A37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbnormalReference {
    /// `last_year`: last year's mean at the same level, of the city, or of the catalog.
    LastYear,
    /// `catalog`: the published mean.
    Catalog,
    /// `value`: points × point value (RW × PV).
    Value {
        /// Yuan a point.
        point_value: Decimal,
    },
}

/// What an extreme case gets until experts decide (A38).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtremeRule {
    /// `review`: the points of r at the line, and a place on the review list.
    Review,
    /// `coefficient`: points × coefficient (R39).
    Coefficient,
    /// `item`: no points; paid as booked.
    Item,
}

/// What an ungrouped case gets (A41).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoScore {
    /// `factor`: `weights.ungrouped_factor` × fee ÷ base mean × scale, no coefficient.
    Factor,
    /// `none`: no points.
    None,
    /// `item`: paid as booked.
    Item,
    /// `lowest`: the points of the lowest group, no coefficient.
    Lowest,
}

/// Points of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedScore {
    /// The group.
    pub group_code: String,
    /// Why it is listed.
    pub kind: ListedKind,
    /// Its points, in place of those of the catalog.
    pub points: Decimal,
}

/// Why a group has points of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedKind {
    /// `quota`: 按病种收费.
    Quota,
    /// `tcm`: 中医优势病种.
    Tcm,
}

/// `[score.self_paid]`: a case whose own payment outside the catalog is above a share of its fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfPaid {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// The share; above it, strictly, the factor applies.
    pub limit: Decimal,
    /// Factor on the points.
    pub factor: Decimal,
}
