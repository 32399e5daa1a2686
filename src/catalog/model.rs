//! What a catalog holds, as plain data.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::table::Table;
use crate::units::{Fen, Points, Ratio, exact, ratio};

/// A catalog: the points (or prices) of every group and what they were computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// Policy id, for example `jining-apg`.
    pub system: String,
    /// Statistics years, oldest first.
    pub years: Vec<u16>,
    /// Points of the mean case; absent where the system has no points.
    pub scale: Option<Decimal>,
    /// Published base mean M in yuan, rounded to `places`.
    pub base_mean: Decimal,
    /// Mean of all cases of each year in yuan, rounded to `places`, oldest first; `None` where
    /// unknown.
    pub year_base_means: Vec<Option<Decimal>>,
    /// Decimal places of means and points.
    pub places: u32,
    /// Groups, ascending by code (bytes).
    pub groups: Vec<Group>,
    /// Institutions with the cases and cost they contributed, ascending by code.
    pub institutions: Vec<Institution>,
    /// From raw rows to analysed cases: every step with rows and money.
    pub flow: Vec<FlowStep>,
    /// Cases that the trim rule left out of the means or moved to its bounds, one row per group and year that lost any.
    pub trimmed: Vec<Trimmed>,
    /// The identity Σ cases × points ÷ scale × base mean = total, line by line.
    pub identity: Vec<IdentityLine>,
    /// Content of the warehouse tables read: name → (rows, order-free digest in hex).
    pub sources: BTreeMap<String, (u64, String)>,
    /// Further tables, ascending by name, each kept as `NAME.csv` with its types. Names are small
    /// letters, digits and `_`, and none of the catalog's own.
    pub tables: Vec<Table>,
}

impl Catalog {
    /// The further table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// What the published catalog gives for the cases of one group, in yuan:
    /// cases × points ÷ scale × base mean, or × mean where there are no points.
    #[must_use]
    pub fn given(&self, group: &Group) -> Ratio {
        ratio(group.cases) * group.given(self.scale, self.base_mean)
    }
}

/// One group of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Group code.
    pub group_code: String,
    /// Group name; empty where none is published.
    pub group_name: String,
    /// Its layer: `group`, `fallback` for the group of cases that fit no class, or what the grouper
    /// tells apart (`core`, `residual`, `grass_roots`, …).
    pub kind: String,
    /// The group a small one is pooled with (A51); empty without one.
    pub parent: String,
    /// `national` or `local` where the policy has the list of the national catalog; empty without.
    pub mark: String,
    /// Cases of each statistics year (before trimming), oldest first.
    pub year_cases: Vec<u64>,
    /// Published mean of each year over kept cases, in yuan; `None` where the year has no kept
    /// case.
    pub year_means: Vec<Option<Decimal>>,
    /// Cases of all years, before trimming.
    pub cases: u64,
    /// Published blended mean, in yuan.
    pub mean: Decimal,
    /// Population SD ÷ mean over kept cases of all years, 6 places; `None` below two cases.
    pub cv: Option<Decimal>,
    /// Points as the statistics give them, mean ÷ base mean × scale, before anything is held, capped
    /// or overridden; `None` where the system has no scale.
    pub computed: Option<Points>,
    /// Published points; `None` where the system has no scale.
    pub points: Option<Points>,
    /// Published price in force on the last day of the newest year, where the policy has prices.
    pub standard: Option<Fen>,
    /// Sorted flags: `capped`, `no_cases`, `override`, `same_price`, `single_year`, `small`.
    pub flags: Vec<String>,
}

impl Group {
    /// What the published catalog gives for one case, in yuan.
    #[must_use]
    pub fn given(&self, scale: Option<Decimal>, base_mean: Decimal) -> Ratio {
        match (self.points, scale) {
            (Some(points), Some(scale)) if !scale.is_zero() => {
                points.to_ratio() / exact(scale) * exact(base_mean)
            }
            _ => exact(self.mean),
        }
    }
}

/// What one institution contributed to the statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution {
    /// The institution.
    pub fixmedins_code: String,
    /// Cases of each statistics year, oldest first.
    pub year_cases: Vec<u64>,
    /// Fee of those cases.
    pub year_cost: Vec<Fen>,
}

/// One step of the flow from raw rows to analysed cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowStep {
    /// Statistics year of the rows.
    pub year: u16,
    /// `raw`, `void`, `duplicate_identical`, …, `analysed`, `merged`, `cases`.
    pub step: String,
    /// Rows (positive where they stand, negative where they leave).
    pub rows: i64,
    /// `medfee_sumamt` of those rows, same sign rule.
    pub amount: Fen,
}

/// Cases trimmed from one group and year: dropped, or counted with the fee of the bound they lie beyond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trimmed {
    /// Group code.
    pub group_code: String,
    /// Statistics year.
    pub year: u16,
    /// Cases trimmed.
    pub cases: u64,
    /// What the statistics lost: their fee, or what lies beyond the bounds, above less below.
    pub amount: Fen,
    /// Smallest fee kept.
    pub kept_from: Fen,
    /// Largest fee kept.
    pub kept_to: Fen,
}

/// One line of the catalog identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityLine {
    /// `points_total`, `override` (where there are any), `rounding`, `blending`, `trimming`, `ungrouped`, `total`.
    pub line: String,
    /// Yuan, 4 places; lines before `total` sum to it.
    pub amount: Decimal,
}
