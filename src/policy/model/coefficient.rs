//! `[coefficient]`: what a hospital's points are multiplied by (Z19–Z21, A35, A36, R18, R41).

use rust_decimal::Decimal;

use super::Cite;

/// `[coefficient]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coefficient {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Where the base of an institution comes from.
    pub method: CoefficientMethod,
    /// How means are compared where a base is estimated.
    pub basis: CoefficientBasis,
    /// How bonuses join the base.
    pub combine: Combine,
    /// What becomes of it in cases outside the deviation lines (A36).
    pub outliers: OnOutliers,
    /// What grass-roots diseases have in its place everywhere, without bonuses; 1 (A36, E15), elsewhere a
    /// coefficient of their own (1.5).
    pub grass_roots: Decimal,
    /// Whether weights and coefficients are iterated.
    pub passes: Passes,
    /// Tiers in the order they are tried, the highest first; none with `given`.
    pub tiers: Vec<Tier>,
    /// Bonuses, in the order written.
    pub bonuses: Vec<Bonus>,
    /// When one disease has coefficients of its own; absent: never shown.
    pub disease: Option<DiseaseCoefficient>,
}

/// Where the base coefficient of an institution comes from (6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoefficientMethod {
    /// `tier`: the tier's value, else the mean of the tier ÷ mean of the city (R41).
    Tier,
    /// `tier_disease`: the same within one disease where the conditions of `[coefficient.disease]` hold,
    /// else that of the tier.
    TierDisease,
    /// `own`: the institution's mean ÷ mean of the city.
    Own,
    /// `given`: `institution.coef`, else this default.
    Given {
        /// Coefficient of an institution without `coef`.
        default: Decimal,
    },
}

/// How means are compared (6.3, R41).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoefficientBasis {
    /// `mean`: mean fee ÷ M, whatever the cases were (R41).
    Mean,
    /// `case_mix`: fees of the grouped cases ÷ what the means of their groups add up to, relative to the
    /// same quotient of the city.
    CaseMix,
}

/// How bonuses join the base (A35).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// `add`: base + Σ bonus.
    Add,
    /// `multiply`: base × Π (1 + bonus).
    Multiply,
}

/// The coefficient of cases outside the deviation lines (A36).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOutliers {
    /// `apply`: × k, like any case.
    Apply,
    /// `none`: no coefficient.
    None,
    /// `inside`: k stands inside the formula of the outlier: high is points × (k + r − line), low is
    /// without k (R39).
    Inside,
}

/// How often weights and coefficients are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// `one`: weights from fees as they are, then coefficients.
    One,
    /// `fixed_point`: weights from fees ÷ coefficient, coefficients from those weights, until neither
    /// moves in its published places.
    FixedPoint {
        /// Rounds after which it is given up.
        rounds: u32,
    },
}

/// `[[coefficient.tier]]` (Z20): the first tier that an institution fits is its tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Name, for example `三级综合甲等`.
    pub name: String,
    /// Levels (`hosp_lv`) that belong here, together with `inst_type`.
    pub hosp_lv: Vec<String>,
    /// Types that belong here at one of those levels.
    pub inst_type: Vec<String>,
    /// Types that belong here whatever their level.
    pub any_level: Vec<String>,
    /// Only with (`true`) or without (`false`) 甲等; absent: both.
    pub grade_a: Option<bool>,
    /// Published base coefficient; absent: estimated.
    pub value: Option<Decimal>,
}

/// `[[coefficient.bonus]]` (Z21, R18)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bonus {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Name, for example `中医`.
    pub name: String,
    /// Who has it.
    pub on: BonusOn,
    /// 0.05 adds 0.05, or multiplies by 1.05 (A35).
    pub value: Decimal,
}

/// Who has a bonus (R18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BonusOn {
    /// `tiers`: all cases of institutions of these tiers (grass-roots).
    Tiers(Vec<String>),
    /// `inst_type`: all cases of institutions of these types (TCM).
    Types(Vec<String>),
    /// `discipline`: cases discharged from a department that the institution has as a key discipline of
    /// this rank.
    Discipline(Rank),
}

/// Rank of a key discipline (Z21), in `institution.disciplines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// `national`.
    National,
    /// `provincial`.
    Provincial,
}

/// `[coefficient.disease]` (6.3): when one disease has coefficients by tier of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiseaseCoefficient {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// A tier needs this many cases a year in the disease, on average over the years, as in A33.
    pub minimum_cases: u32,
    /// Highest − lowest tier mean, as a share of the disease's mean, from which levels differ.
    pub minimum_difference: Decimal,
}
