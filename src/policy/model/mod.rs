//! What a policy says, resolved and checked: plain data, no files.
//!
//! One struct a section of `policy.toml`. Every section carries its [`Cite`]: the clause it
//! implements
//! or the reading (A-id, R-id) taken where the clause is silent. Field docs name the rule of
//! `domain.md` they answer to. Decimals are exact ([`Decimal`]), money is [`Fen`].

mod apg;
mod auxiliary;
mod behaviour;
mod capitation;
mod coefficient;
mod compensation;
mod cost;
mod dip;
pub mod drg;
mod life;
mod money;
mod monthly;
mod points;
mod score;
mod special;
mod start_value;
mod value;
mod waterfall;
mod weights;

pub use apg::{
    Apg, CarveOut, Combined, DiseaseOf, Feature, ItemClass, Letters, Level, Refine, Unit, UnitKind,
};
pub use capitation::{Capitation, Elsewhere, HeadFactor, SharedBy};

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;

pub use auxiliary::*;
pub use behaviour::Behaviour;
pub use coefficient::*;
pub use compensation::{Compensation, CompensationLimit};
pub use cost::CostClasses;
pub use dip::{Attribute, CodeShape, Dip, MatchStep, ResidualBelow, Tie, YearCount};
pub use drg::Drg;
pub use life::{ChangeCap, Gates, Hold, Life};
pub use money::*;
pub use monthly::*;
pub use points::*;
pub use score::{
    Abnormal, AbnormalHigh, AbnormalReference, ExtremeRule, ListedKind, ListedScore, NoScore,
    Score, SelfPaid,
};
pub use special::{Special, SpecialReference};

use crate::units::Fen;

pub use start_value::StartValue;
pub use value::{Value, ValueMethod};
pub use waterfall::{LineForm, ReserveBase, Shortfall, Waterfall, WaterfallLine};
pub use weights::{
    BlendLevel, Centre, Credibility, CredibilityMethod, Denominator, ExcludedYear, Inversions,
    Outliers, PointBase, SingleYear, Trim, TrimStage, Weights,
};

/// Where a value comes from: the clause of the document, or the reading taken where it is silent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cite {
    /// Document and article, for example `五(一)5(1)`.
    pub clause: Option<String>,
    /// Reading or ruling, for example `A09` or `R05`.
    pub reading: Option<String>,
}

/// A whole policy: one city's system in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Identity and validity.
    pub identity: Identity,
    /// Which settlements count.
    pub scope: Scope,
    /// How settlements become cases.
    pub case: CaseRule,
    /// How cases become groups.
    pub grouping: Grouping,
    /// Fee lines that leave the fee (A47); absent: none.
    pub carve_out: Option<CarveOut>,
    /// Cases paid by another unit than their group (J03, R19), in the order of the file; the first that
    /// takes a settlement has it.
    pub units: Vec<Unit>,
    /// How history becomes means and points; absent where only published standards are used.
    pub weights: Weights,
    /// Published prices of groups, in yuan (烟台); empty elsewhere.
    pub standards: Vec<Standard>,
    /// Lines for low and high cases; absent where the document prints none.
    pub deviation: Option<Deviation>,
    /// How a case is paid.
    pub payment: Payment,
    /// Head budgets of signed and unsigned persons; absent: one area budget.
    pub capitation: Option<Capitation>,
    /// The money to be divided.
    pub budget: Budget,
    /// Shares of surplus and overspend between institutions and fund.
    pub sharing: Sharing,
    /// What a point is worth; absent: the value floats.
    pub value: Option<Value>,
    /// What a point is worth at the start of a year; absent: not worked out.
    pub start_value: Option<StartValue>,
    /// Limit of an institution's surplus; absent where none is printed.
    pub surplus_cap: Option<SurplusCap>,
    /// What an institution gets back of a reasonable overspend; absent: nothing.
    pub compensation: Option<Compensation>,
    /// What is paid month by month; absent: nothing but what table `advance` lists.
    pub monthly: Option<Monthly>,
    /// What is paid at the start of the year; absent: nothing but what table `advance` lists.
    pub working_capital: Option<WorkingCapital>,
    /// Groups cleared by days; absent: all by their standard.
    pub clearing_days: Option<ClearingDays>,
    /// When years were cleared, where it was not on their last day, ascending by year.
    pub clearing_dates: Vec<ClearingDate>,
    /// What happens to a catalog after the statistics.
    pub life: Life,
    /// What a hospital's points are multiplied by; absent: 1 everywhere.
    pub coefficient: Option<Coefficient>,
    /// How cases of one disease are told apart; absent: they are not.
    pub auxiliary: Option<Auxiliary>,
    /// The kinds of score beside the points of the group; absent: those points are all.
    pub score: Option<Score>,
    /// Lines for low and high cases of a points system (5.3); absent where it has none.
    pub outlier: Option<Outlier>,
    /// Groups of one price everywhere (P05).
    pub same_price: Option<SamePrice>,
    /// Standards that follow from the control total (P04).
    pub expected_standard: Option<ExpectedStandard>,
    /// How many cases may be put before experts, and which (P08); absent: the list has no limit.
    pub special: Option<Special>,
    /// What is looked into after the year (Y35); absent: nothing.
    pub behaviour: Option<Behaviour>,
}

impl Policy {
    /// The day a year was cleared, as the policy says (R03).
    #[must_use]
    pub fn cleared_on(&self, year: u16) -> Option<NaiveDate> {
        self.clearing_dates.iter().find(|date| date.year == year).map(|date| date.on)
    }

    /// Whether a year was cleared before this day: by the end of its last day unless the policy says when
    /// (R03).
    #[must_use]
    pub fn is_cleared(&self, year: u16, day: NaiveDate) -> bool {
        self.cleared_on(year).map_or(i32::from(year) < day.year(), |on| day > on)
    }

    /// Whether a case earns more where its discharge department is a key discipline (R18).
    #[must_use]
    pub fn has_discipline_bonus(&self) -> bool {
        let bonuses = self.coefficient.iter().flat_map(|rule| &rule.bonuses);
        bonuses.into_iter().any(|bonus| matches!(bonus.on, BonusOn::Discipline(_)))
    }
}

/// `[policy]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the folder under `catalogs/`, for example `yantai-apg`.
    pub id: String,
    /// Human title, Chinese.
    pub title: String,
    /// The document implemented.
    pub document: String,
    /// First day in force.
    pub valid_from: NaiveDate,
    /// Last day in force, if limited.
    pub valid_to: Option<NaiveDate>,
}

/// `[scope]`: tested per settlement, before grouping and merging (12.0, R05). An empty list tests
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Insurance types counted, for example `310`, `390`.
    pub insutype: Vec<String>,
    /// Insurance types of patients who pay themselves: their cases count in means and M, and are never
    /// settled (E32).
    pub self_paying_insutype: Vec<String>,
    /// Medical categories counted, for example `14`.
    pub med_type: Vec<String>,
    /// Diseases counted (`dise_codg`, exact); empty: all, also none at all.
    pub dise_codg: Vec<String>,
    /// Drop out-of-area settlements: `pay_loc` 3 or 4, or `insu_admdvs` filled and outside
    /// `insu_admdvs` below.
    pub exclude_out_of_area: bool,
    /// Prefixes of the policy's own area; empty: `insu_admdvs` is not tested.
    pub insu_admdvs: Vec<String>,
    /// Proxy markers (`upload_code`) that take a settlement out of scope (Y05).
    pub proxy_upload_codes: Vec<String>,
    /// `hi_paymtd` values that take a settlement out of scope because it is paid another way (Y19).
    pub carve_out_hi_paymtd: Vec<String>,
    /// Beginnings of main diagnoses that take a settlement out of scope (P06).
    pub carve_out_diagnoses: Vec<String>,
    /// Only institutions with a `start_date` on or before the settlement date (Y02).
    pub only_started_institutions: bool,
    /// Treatment end **and** settlement on or after this date (Y17).
    pub completed_from: Option<NaiveDate>,
}

/// `[case]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRule {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// A54.
    pub unit: CaseUnit,
    /// What gives a case its month and year (A44).
    pub dated_by: CaseDate,
    /// 24-hour cycle (Y08, A09); only where the policy has the section (R04).
    pub cycle: Option<Cycle>,
    /// Late upload (Y25, A23); absent: no such rule.
    pub late: Option<Late>,
    /// `unusable` (no fee lines or no diagnosis, Y25, R24) is a class of its own, priced as the
    /// fallback group.
    pub unusable_to_fallback: bool,
    /// Classes of cost; absent: cases do not carry them.
    pub cost_classes: Option<CostClasses>,
}

/// What one case is before merging (A54).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseUnit {
    /// A settlement after netting (`settlement`).
    Settlement,
    /// All settlements of one `mdtrt_id`, amounts summed, attributes of the last (`visit`, R15).
    Visit,
}

/// What gives a case its month and year (A44); a merged case has the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseDate {
    /// `setl_time`.
    Settlement,
    /// `endtime`: the discharge; `setl_time` where there is none. The settlements of every year are
    /// read: one of January may belong to December.
    Discharge,
}

/// `[case.cycle]` (A09–A12)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Length in minutes (`window = "24h"` is 1440).
    pub window_minutes: i64,
    /// How a cycle is anchored.
    pub anchor: Anchor,
    /// Which time it is measured by.
    pub by_time: CycleTime,
    /// Groups whose settlements are never merged (A12).
    pub except_groups: Vec<String>,
}

/// How a cycle is anchored (A09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// `first`: the first settlement opens the cycle; others belong while less than the window
    /// after it.
    First,
    /// `rolling`: belongs while less than the window after the settlement before it.
    Rolling,
    /// `calendar_day`: same calendar date as the first.
    CalendarDay,
}

/// Which time a cycle is measured by (A09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleTime {
    /// `begntime` (missing: `setl_time`, with a finding).
    Begin,
    /// `setl_time`.
    Settle,
}

/// `[case.late]` (A23): late when the upload date is after the deadline date, or upload time is
/// null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Last day for the upload.
    pub deadline: Deadline,
}

/// Last day for the upload of a settlement (A23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// `days = N`: N days after the settlement date.
    Days(u32),
    /// `month_end = N`: the end of the N-th month after the settlement's month (1 = next month).
    MonthEnd(u32),
}

/// `[grouping]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Where the group code comes from.
    pub method: Method,
    /// Other spellings of a group code: `(printed, meant)`, for example `0_N18` → `O_N18` (A13).
    pub aliases: Vec<(String, String)>,
    /// Group names for the catalog, by code; groups without a name get none.
    pub names: Vec<(String, String)>,
}

/// Where the group code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// `given`: `group_code` of table `group_result` for this scheme; no row or differing rows:
    /// ungrouped.
    Given {
        /// `group_result.scheme`.
        scheme: String,
        /// Codes that the external grouper gives to what it could not group: such a case is invalid
        /// and has no group.
        not_groups: Vec<String>,
    },
    /// `apg`: class letters from the fee lines, `_`, `dise_codg` (A14, A15, R13).
    Apg(Apg),
    /// `dip`: diagnosis and operations, matched against a directory learned from history (6.1).
    Dip(Dip),
    /// `drg`: by the definition tables of the policy (P02).
    Drg(Box<Drg>),
}

impl Method {
    /// The kinds that its groups have in a catalog.
    #[must_use]
    pub fn kinds(&self) -> &'static [&'static str] {
        match self {
            Self::Given { .. } => &["group"],
            Self::Apg(Apg { refine: None, .. }) => &["group", "fallback"],
            Self::Apg(_) => &["class", "refined", "residual", "whole"],
            Self::Dip(_) => &["core", "grass_roots", "residual"],
            Self::Drg(_) => &["surgical", "procedure", "medical"],
        }
    }
}

/// One published price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Code of the group, aliases already replaced (A13).
    pub group_code: String,
    /// Yuan per case.
    pub price: Fen,
    /// In force from this day; the latest not after the settlement date counts.
    pub from: NaiveDate,
}

/// `[deviation]`: bands of the ratio fee ÷ reference, ascending (A06–A08, Y22–Y24).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// The amount compared.
    pub compare: Compare,
    /// What it is compared with.
    pub reference: Reference,
    /// Ascending; the last one has no upper bound.
    pub bands: Vec<Band>,
}

/// The amount compared (A07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `medfee_sumamt`.
    Fee,
    /// `inscp_scp_amt`.
    InScope,
    /// `hifp_pay`.
    Fund,
}

/// What it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// `standard`: the group's published price.
    Standard,
    /// `mean`: the group's published mean in the catalog.
    Mean,
}

/// Class of a case by its ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// `low`.
    Low,
    /// `normal`.
    Normal,
    /// `high`.
    High,
}

/// How the cases of a band are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandPay {
    /// `group`: as the group says (standard × ratio, or points).
    Group,
    /// `item`: the booked amount.
    Item,
}

/// `[[deviation.band]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Class of the cases in the band.
    pub class: Class,
    /// Upper end of the ratio; `None` for the last band.
    pub up_to: Option<Decimal>,
    /// Whether a ratio of exactly `up_to` still belongs to this band.
    pub inclusive: bool,
    /// How they are paid.
    pub pay: BandPay,
    /// Merged cases never fall in this band; they are taken as normal (Y24).
    pub except_merged: bool,
}
