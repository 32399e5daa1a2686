//! `[auxiliary]`: how cases of one disease are told apart by severity, age, intensive care and
//! comorbidity (E09, domain.md 6.3).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Cite;

/// `[auxiliary]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auxiliary {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// What a typing given with the settlement (`asst_type`) counts for.
    pub given: GivenTypes,
    /// Which coefficient a triggered type multiplies the points by.
    pub factor: AuxiliaryFactor,
    /// What becomes of a milder type that is dearer than a more severe one.
    pub monotone: Monotone,
    /// Kinds of groups without auxiliary types, of those that the grouping makes. TCM-advantage diseases
    /// of the list of `[score]` never have any (6.3), and bed-day cases are in no group (R19).
    pub except_kinds: Vec<String>,
    /// When a type is triggered in a disease.
    pub trigger: Trigger,
    /// The same for types of intensive care, where it is looser.
    pub icu_trigger: Option<Trigger>,
    /// Malignant diseases with levels of their own; absent: all diseases are typed alike.
    pub malignant: Option<Malignant>,
    /// Complications by code or its beginning, ascending; empty: no types of severity.
    pub complications: BTreeMap<String, Complication>,
    /// Comorbidities (CCI) by code or its beginning: category and weight; empty: the score is 0.
    pub comorbidities: BTreeMap<String, (String, u32)>,
    /// Bands of age, days in intensive care and CCI, in the order written.
    pub bands: Vec<TypeBand>,
}

/// What `asst_type` counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenTypes {
    /// `prevails`: it takes the place of the types found in the record.
    Prevail,
    /// `ignored`: types follow from the record alone.
    Ignore,
}

/// Which coefficient a triggered type multiplies the points by (3.2, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuxiliaryFactor {
    /// `trigger`: mean of the type ÷ mean of the disease, newest statistics year (3.2).
    Trigger,
    /// `adjusting`: m_j ÷ M, the blended means of the type and of the disease.
    Adjusting,
}

/// What becomes of a milder type that is dearer than a more severe one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monotone {
    /// `pool`: neighbours in the wrong order share one mean, weighted by cases, until none is.
    Pool,
    /// `report`: they stand and are marked.
    Report,
}

/// When a type is triggered (6.3): all three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// More cases of the disease in the newest year than this (n1).
    pub disease_cases: u32,
    /// More cases of the type than this (n2).
    pub type_cases: u32,
    /// The CV of the type lies below that of the disease by at least this share (0.20).
    pub cv_drop: Decimal,
}

/// `[auxiliary.malignant]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malignant {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Ranges of three characters of the main diagnosis, both ends included.
    pub codes: Vec<(String, String)>,
    /// A case is of high cost from this multiple of its standard, RW × point value.
    pub high_cost: Decimal,
    /// Share of the fee from which treatment, or drugs, make the high cost.
    pub high_share: Decimal,
    /// Days of stay from which complications count.
    pub stay_days: u32,
    /// Yuan a point for that standard; absent: that of the year start (6.5), weighted cost ÷ weighted
    /// points of the statistics years.
    pub point_value: Option<Decimal>,
}

/// What another diagnosis says about the severity of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Complication {
    /// `metastasis`: of a malignant disease.
    Metastasis,
    /// `severe`: failure, shock, sepsis.
    Severe,
    /// `moderate`: organ damage, infection.
    Moderate,
}

/// `[[auxiliary.band]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeBand {
    /// Name of the type, for example `age_65`.
    pub name: String,
    /// What is measured.
    pub by: BandOf,
    /// Lowest value.
    pub from: u32,
    /// Highest value, included; absent: no end.
    pub to: Option<u32>,
}

/// What a band measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BandOf {
    /// `age_days`.
    Age,
    /// `icu_days`.
    IntensiveCare,
    /// `cci`.
    Comorbidity,
}
