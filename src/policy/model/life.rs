//! What happens to a catalog after the statistics: caps on its changes, what is held constant, and
//! the gates before it is reviewed.

use rust_decimal::Decimal;

use super::Cite;

/// `[weights.change_cap]`, `[weights.hold]` and `[gates]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Life {
    /// How far points may move from those of the last catalog; absent: as far as the statistics say.
    pub change_cap: Option<ChangeCap>,
    /// What is held constant when points are adjusted.
    pub hold: Hold,
    /// What a catalog has to pass before it is reviewed and published.
    pub gates: Gates,
}

/// `[weights.change_cap]`: points stay within last × (1 − down) … last × (1 + up), ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCap {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Largest rise as a share of the last points; absent: any.
    pub up: Option<Decimal>,
    /// Largest fall as a share of the last points, at most 1; absent: any.
    pub down: Option<Decimal>,
}

/// `[weights.hold]`: which total Σ points × cases is kept by one factor on all points that are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    /// None: caps move the total.
    #[default]
    Nothing,
    /// That of the computed points, so that the mean case stays worth the scale in spite of caps.
    Scale,
    /// That of the last catalog for the same cases; groups new to the catalog count as computed
    /// (6.2, E34).
    TotalPoints,
}

impl Hold {
    /// The word in the policy.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Scale => "scale",
            Self::TotalPoints => "total_points",
        }
    }
}

/// `[gates]`: limits as shares of the cases of the statistics years. That the digests and identities
/// hold and that no group with cases has a mean or points of 0 or less is always asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gates {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Cases trimmed (A39: 8 %).
    pub trimmed_max: Decimal,
    /// Cases in groups flagged `single_year`; absent: any.
    pub single_year_max: Option<Decimal>,
    /// Cases in groups flagged `small`; absent: any.
    pub small_max: Option<Decimal>,
    /// Whether a row in table `inversions` closes the gate.
    pub inversions: bool,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            cite: Cite { clause: None, reading: Some("A39".to_owned()) },
            trimmed_max: Decimal::new(8, 2),
            single_year_max: None,
            small_max: None,
            inversions: false,
        }
    }
}
