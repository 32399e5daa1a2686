//! Why no catalog can be computed, and what is worth knowing about one that was.

use rust_decimal::Decimal;

use crate::explain::{Explain, Kind};
use crate::period::Years;
use crate::settlement::coefficient::CoefficientError;

/// Why no catalog or forecast can be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An institution or a tier that cannot be given a coefficient.
    #[error(transparent)]
    Coefficient(#[from] CoefficientError),
    /// High costs are told by classes of cost, and the cases have none (`[auxiliary.malignant]`).
    #[error(
        "the policy types malignant diseases by high cost, but its cases have no classes of cost"
    )]
    NoCostClasses,
    /// Cases that have no points (E10).
    #[error("the points of the statistics years cannot be computed")]
    Points(#[source] crate::settlement::Error),
    /// One method of a grid cannot be computed.
    #[error("method `{method}` cannot be computed")]
    Method {
        /// Its name.
        method: String,
        /// Why not.
        source: Box<Error>,
    },
    /// A group the catalog does not have.
    #[error("the catalog has no group `{group_code}`")]
    NoGroup {
        /// The group.
        group_code: String,
        /// The nearest there is.
        nearest: Option<String>,
    },
    /// Cases that do not give what the catalog says.
    #[error("the claims of group `{group_code}` are not those the catalog was built from")]
    OtherClaims {
        /// The group.
        group_code: String,
    },
    /// Not one weight for each year (A01).
    #[error("policy `{policy}` weights {weights} years, but {} were named: {years}",
        years.as_slice().len())]
    YearCount {
        /// Policy id.
        policy: String,
        /// Number of year weights.
        weights: usize,
        /// The years named.
        years: Years,
    },
    /// Year weights that are no shares of one (A02).
    #[error(
        "the year weights {} of policy `{policy}` must not be negative and must sum to 1",
        listed(weights)
    )]
    YearWeights {
        /// Policy id.
        policy: String,
        /// The weights, oldest first.
        weights: Vec<Decimal>,
    },
    /// A trim rule whose numbers contradict each other (A39).
    #[error("trim rule of policy `{policy}`: {fact}; needed: {allowed}")]
    TrimRule {
        /// Policy id.
        policy: String,
        /// What the policy says.
        fact: String,
        /// What makes sense.
        allowed: &'static str,
    },
    /// `empty_year`: a statistics year from which no mean can be taken (A03).
    #[error("empty_year: {year} has no {cases}")]
    EmptyYear {
        /// The year.
        year: u16,
        /// Which cases are missing, for example `case` or `grouped case`.
        cases: &'static str,
        /// Years that have cases, ascending.
        known: Vec<u16>,
    },
    /// `negative_mean`: refunds outweigh the fees of a group, so that it would get negative points.
    #[error(
        "negative_mean: the mean of group `{group_code}` is below 0; its {cases} kept cases{} sum to \
         {} yuan, their mean is {mean} yuan",
        year.map(|year| format!(" of {year}")).unwrap_or_default(), yuan(*sum_fen))]
    NegativeMean {
        /// The group.
        group_code: String,
        /// The first year with a negative mean; `None` where only that of all years, or of the pool
        /// (A51), is negative.
        year: Option<u16>,
        /// That mean in yuan, 4 places.
        mean: Decimal,
        /// Kept cases of that year.
        cases: u64,
        /// Sum of their fees in fen.
        sum_fen: i128,
    },
    /// The mean of all cases is not above 0: nothing can be divided by it (A53).
    #[error("the mean of all cases {}is {mean} yuan; it must be above 0",
        year.map(|year| format!("of {year} ")).unwrap_or_default())]
    BaseMean {
        /// The year concerned; `None` for the blended mean.
        year: Option<u16>,
        /// The mean, 4 places.
        mean: Decimal,
    },
    /// Every year named is left out by the policy (A34).
    #[error("policy `{policy}` leaves out every year that was named")]
    NoYearLeft {
        /// Policy id.
        policy: String,
    },
    /// A base disease that is no group of the catalog (6.2).
    #[error("the base disease `{group_code}` of policy `{policy}` is no group of the catalog")]
    NoBaseDisease {
        /// Policy id.
        policy: String,
        /// What `weights.base.group_code` says.
        group_code: String,
        /// The nearest group there is.
        nearest: Option<String>,
    },
    /// A group listed for one price that is not there (P05).
    #[error("`same_price.groups` of policy `{policy}`: `{group_code}` is no group of the catalog")]
    SamePrice {
        /// Policy id.
        policy: String,
        /// What the list says.
        group_code: String,
        /// The nearest group there is.
        nearest: Option<String>,
    },
    /// A base disease that nothing can be divided by (6.2, A53).
    #[error("the mean of the base disease `{group_code}` is {mean} yuan; it must be above 0")]
    BaseDiseaseMean {
        /// The base disease.
        group_code: String,
        /// Its mean, 4 places.
        mean: Decimal,
    },
    /// A method of a grid that would have grouped the cases otherwise (R34, A34).
    #[error(
        "method `{method}` changes `{key}`, by which groups are learned; \
         a grid prices cases that were grouped once"
    )]
    Regroups {
        /// The method.
        method: String,
        /// The key of its policy.
        key: &'static str,
    },
    /// Intervals of something that is no mean of a sum.
    #[error(
        "policy `{policy}`: intervals are those of arithmetic means, `weights.centre` is another"
    )]
    IntervalCentre {
        /// Policy id.
        policy: String,
    },
    /// A group that is its own ancestor (A51).
    #[error("group `{group_code}` is declared a parent of itself, through its own parents")]
    ParentCycle {
        /// The group.
        group_code: String,
    },
    /// A sum or a published number leaves the range of the numbers that carry it.
    #[error("{what} is too large to be computed exactly")]
    Overflow {
        /// Which number.
        what: String,
    },
    /// Money, and nobody to divide it by.
    #[error("{pool} yuan were booked, but no case of that year has points under this catalog")]
    NoPoints {
        /// What was booked.
        pool: crate::units::Fen,
    },
    /// The columns of the cases do not fit together.
    #[error("broken case columns: {fact}")]
    Columns {
        /// What does not fit.
        fact: String,
    },
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Columns { .. } => Kind::Internal,
            Self::Method { source, .. } => source.kind(),
            Self::Coefficient(source) => source.kind(),
            _ => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Method { source, .. } => source.hints(),
            Self::Coefficient(source) => source.hints(),
            Self::Points(source) => source.hints(),
            Self::NoCostClasses => {
                vec!["add [case.cost_class], or remove [auxiliary.malignant]".to_owned()]
            }
            Self::NoGroup { nearest, .. }
            | Self::NoBaseDisease { nearest, .. }
            | Self::SamePrice { nearest, .. } => {
                nearest.iter().map(|nearest| format!("did you mean `{nearest}`?")).collect()
            }
            Self::YearCount { weights, .. } => vec![format!(
                "name {weights} years, oldest first, or change `weights.years` in a scenario"
            )],
            Self::YearWeights { .. } => {
                vec!["write 2:8 as `years = [\"0.2\", \"0.8\"]`, oldest first".to_owned()]
            }
            Self::EmptyYear { known, .. } if known.is_empty() => {
                vec!["no year has any: load settlements first, or widen the scope".to_owned()]
            }
            Self::EmptyYear { known, .. } => {
                let known: Vec<String> = known.iter().map(u16::to_string).collect();
                vec![format!("years that have them: {}", known.join(", "))]
            }
            Self::NegativeMean { group_code, year, .. } => vec![format!(
                "look for refunds without their original among the settlements of `{group_code}`{}",
                year.map(|year| format!(" in {year}")).unwrap_or_default()
            )],
            Self::BaseMean { .. } => {
                vec!["check `medfee_sumamt` of the cases, or `weights.denominator`".to_owned()]
            }
            Self::Overflow { .. } => {
                vec!["check `medfee_sumamt`: amounts are in yuan".to_owned()]
            }
            Self::NoPoints { .. } => {
                vec!["name a year whose cases the catalog's policy has in scope".to_owned()]
            }
            Self::NoYearLeft { .. } => {
                vec!["name other years, or remove `[[weights.exclude]]` in a scenario".to_owned()]
            }
            Self::Regroups { .. } => vec![
                "build a catalog with it and compare: `dianshu catalog build … --scenario S`, \
                 `dianshu catalog diff A B`"
                    .to_owned(),
            ],
            Self::IntervalCentre { .. } => vec![
                "build the catalog with `weights.centre = \"arithmetic\"`, trimmed or winsorised"
                    .to_owned(),
            ],
            Self::BaseDiseaseMean { .. } => {
                vec!["choose another `weights.base.group_code`".to_owned()]
            }
            Self::TrimRule { .. }
            | Self::Columns { .. }
            | Self::OtherClaims { .. }
            | Self::ParentCycle { .. } => Vec::new(),
        }
    }
}

/// What a reader of the catalog should know; the catalog stands all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// More than 8 % of all cases were trimmed (A39).
    TrimmedShare {
        /// Cases trimmed.
        trimmed: u64,
        /// All cases of the statistics years.
        cases: u64,
    },
    /// No case of the group counts towards its mean; the group is not in the catalog.
    NoMean {
        /// The group.
        group_code: String,
        /// Its cases.
        cases: u64,
    },
    /// Cases that cost 0 or less and have no part in a geometric mean (A40).
    NoLogarithm {
        /// Their number.
        cases: u64,
    },
    /// Institutions with cases that table `institution` does not have: they belong to no tier.
    UnknownInstitutions {
        /// How many institutions.
        institutions: u64,
        /// The first of them, by code.
        first: String,
        /// Their cases.
        cases: u64,
    },
    /// Groups that left because they were not seen in every year (A03, `drop`).
    Dropped {
        /// How many groups.
        groups: u64,
        /// Their cases.
        cases: u64,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TrimmedShare { trimmed, cases } => write!(
                f,
                "the trim rule leaves out or moves {trimmed} of {cases} cases, more than {} %",
                super::trim::WARN_ABOVE_PERCENT
            ),
            Self::NoMean { group_code, cases } => write!(
                f,
                "group `{group_code}` is not in the catalog: none of its {cases} cases counts \
                 (all trimmed, or of years with weight 0)"
            ),
            Self::NoLogarithm { cases } => {
                write!(f, "{cases} cases cost 0 or less: the geometric means leave them out")
            }
            Self::UnknownInstitutions { institutions, first, cases } => write!(
                f,
                "{institutions} institutions with {cases} cases are not in table `institution` and \
                 have no coefficient, the first is `{first}`"
            ),
            Self::Dropped { groups, cases } => write!(
                f,
                "{groups} groups with {cases} cases are not in the catalog: \
                 not seen in every statistics year"
            ),
        }
    }
}

fn listed(weights: &[Decimal]) -> String {
    let parts: Vec<String> = weights.iter().map(Decimal::to_string).collect();
    parts.join(", ")
}

fn yuan(fen: i128) -> String {
    Decimal::try_from_i128_with_scale(fen, 2)
        .map_or_else(|_| format!("{fen}e-2"), |yuan| yuan.to_string())
}
