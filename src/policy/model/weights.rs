//! `[weights]` and what lies below it: how history becomes means and points.

use rust_decimal::Decimal;

use super::Cite;

/// `[weights]` (A01–A05, A34, A39–A41, A46, A51)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Year weights, oldest first, sum 1; may be empty with `pooled`, which takes any years alike.
    pub years: Vec<Decimal>,
    /// Years left out of the statistics by name (A34), ascending.
    pub exclude: Vec<ExcludedYear>,
    /// What the year weights are applied to.
    pub level: BlendLevel,
    /// What becomes of groups seen in some of the years only.
    pub single_year: SingleYear,
    /// The mean of all cases.
    pub denominator: Denominator,
    /// Which cases leave the statistics.
    pub trim: Trim,
    /// Trim rule per group and year is tried only from this many cases (A39: 25 for percentiles).
    pub trim_from_cases: u64,
    /// Whether the rule's bounds come from each year or from all years of a group.
    pub trim_stage: TrimStage,
    /// What becomes of the cases outside the bounds.
    pub outliers: Outliers,
    /// What stands for the cases of a group and year (A40).
    pub centre: Centre,
    /// What points are a multiple of (6.2).
    pub base: PointBase,
    /// How far a small group is believed; absent: not at all, its pool's mean is taken (A51).
    pub credibility: Option<Credibility>,
    /// What stands the wrong way round; absent: tiers of `[[coefficient.tier]]` alone are compared.
    pub inversions: Option<Inversions>,
    /// Points of a group with the mean of all cases (A05); absent where the system has no points
    /// (烟台).
    pub scale: Option<Decimal>,
    /// Groups with fewer cases than this a year are flagged `small` (A51); 0: none.
    pub minimum_cases: u32,
    /// Decimal places of published means and points (A46).
    pub places: u32,
    /// Factor of an ungrouped case (A41: 0.7); 0 where the system has no points.
    pub ungrouped_factor: Decimal,
}

/// `[[weights.exclude]]`: a year that is no measure; the other weights are rescaled (A34).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedYear {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// The year.
    pub year: u16,
    /// Why it is left out.
    pub reason: String,
}

/// What the year weights are applied to (A02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlendLevel {
    /// `means`: Σ w·(T ÷ n).
    Means,
    /// `totals`: Σ w·T ÷ Σ w·n.
    Totals,
    /// `ratios`: Σ w·(m ÷ M).
    Ratios,
    /// `pooled`: Σ T ÷ Σ n.
    Pooled,
}

/// A group seen in some of the years only (A03).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SingleYear {
    /// `rescale`: weights of the years present are rescaled to 1, flag `single_year`.
    Rescale,
    /// `drop`: the group leaves the catalog (its cases become ungrouped).
    Drop,
}

/// The mean of all cases, M (A04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denominator {
    /// `all`: all kept in-scope cases, ungrouped included, trimmed as one group.
    All,
    /// `grouped`: grouped cases only.
    Grouped,
    /// `before_trim`: all in-scope cases, untrimmed.
    BeforeTrim,
    /// `given`: a number of yuan.
    Given(Decimal),
}

/// Which cases leave the statistics of a group and year (A39). Bounds are exclusive of the case on
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trim {
    /// `none`.
    None,
    /// `percentile`: low and high share, for example 0.025 and 0.975.
    Percentile {
        /// Share of the cases below the lower bound.
        low: Decimal,
        /// Share of the cases below the upper bound.
        high: Decimal,
    },
    /// `iqr`: outside `[Q1 − k·IQR, Q3 + k·IQR]`.
    Iqr {
        /// Multiple of the interquartile range.
        k: Decimal,
    },
    /// `sd`: more than k standard deviations from the mean.
    Sd {
        /// Multiple of the standard deviation.
        k: Decimal,
    },
    /// `multiple`: below `low` × mean or above `high` × mean.
    Multiple {
        /// Multiple of the mean at the lower bound.
        low: Decimal,
        /// Multiple of the mean at the upper bound.
        high: Decimal,
    },
}

/// What becomes of cases outside the bounds of the trim rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outliers {
    /// `drop`: they leave means, CV and M (A39).
    Drop,
    /// `winsorise`: they count with the fee of the bound they lie beyond.
    Winsorise,
}

/// `[weights.base]`: what points are a multiple of (6.2, Z18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointBase {
    /// `mean`: M, the mean of all cases (A04).
    Mean,
    /// `base_disease`: the mean of one group of the catalog.
    BaseDisease {
        /// Its code.
        group_code: String,
    },
    /// `fixed`: a number of yuan.
    Fixed(Decimal),
}

/// What stands for the cases of a group and year (A40). Winsorised means are arithmetic ones under
/// [`Outliers::Winsorise`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Centre {
    /// `arithmetic`.
    Arithmetic,
    /// `geometric`: the n-th root of the product.
    Geometric,
    /// `median`: the middle fee, or the mean of the two in the middle.
    Median,
}

/// Which cases the bounds of the trim rule are taken from (A39).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrimStage {
    /// `before` blending: those of each group and year, for that year.
    Before,
    /// `after` blending: those of all years of a group, for all of them.
    After,
}

/// `[weights.credibility]`: how far a small group is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credibility {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// The formula.
    pub method: CredibilityMethod,
    /// k of the formula, in cases of all years.
    pub cases: u32,
}

/// Z, the share of a small group's own mean, from its n cases and k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredibilityMethod {
    /// `limited`: √(n ÷ k), at most 1.
    Limited,
    /// `buhlmann`: n ÷ (n + k).
    Buhlmann,
}

/// `[weights.inversions]`: what should not be cheaper than what (E06).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inversions {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Levels of institutions, the highest first, each as its `hosp_lv` codes with a space between;
    /// empty: the tiers of `[[coefficient.tier]]`.
    pub levels: Vec<String>,
    /// Ends of the codes of groups that differ in severity alone, the severest first; may be empty.
    pub severity: Vec<String>,
}
