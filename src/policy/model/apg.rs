//! APG beyond the class letters: refinement from history, carve-outs, units paid otherwise.

use rust_decimal::Decimal;

use super::Cite;
use crate::units::Fen;

/// `[grouping.apg]` (A14)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apg {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// `med_chrgitm_type` of each class, in the order O, M, A.
    pub charge_types: [Vec<String>; 3],
    /// Item lists: `(code or prefix, is_prefix, class)`; exact wins, then the longest prefix.
    pub items: Vec<ItemClass>,
    /// Items that make their class important, per class O, M, A; an empty list falls back to the
    /// share.
    pub important: [Vec<String>; 3],
    /// Share of the fee from which a class counts as important where its list is empty (0.10).
    pub important_share: Decimal,
    /// Letters of the fallback group (`QY`).
    pub fallback: String,
    /// Which letters stand in the code.
    pub letters: Letters,
    /// What stands behind the letters.
    pub disease: DiseaseOf,
    /// First characters of it that count, the dot not counted; absent: all.
    pub disease_characters: Option<usize>,
    /// A case with several letters (A15).
    pub combined: Combined,
    /// Groups learned from history inside each class (H11); absent: the code is letters and disease.
    pub refine: Option<Refine>,
    /// Without `dise_codg` a settlement is ungrouped (济宁, R13); otherwise it joins the fallback of
    /// the policy's only disease.
    pub disease_required: bool,
}

impl Apg {
    /// Whether groups depend on the main diagnosis.
    #[must_use]
    pub fn reads_diagnoses(&self) -> bool {
        self.disease == DiseaseOf::MainDiagnosis
            || self.refine.as_ref().is_some_and(Refine::looks_at_diagnosis)
    }
}

/// One row of an item list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemClass {
    /// `med_list_codg`, whole or its beginning.
    pub code: String,
    /// Whether `code` is a beginning.
    pub prefix: bool,
    /// 0 = O, 1 = M, 2 = A.
    pub class: usize,
}

/// Which letters stand in a group code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Letters {
    /// `all`: main class and the important ones, `OMA` (Y07–Y13, A14).
    #[default]
    All,
    /// `main`: the main class alone (4.3).
    Main,
}

/// What stands behind the letters of a group code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiseaseOf {
    /// `dise_codg` of the settlement.
    #[default]
    DiseCodg,
    /// `main_diagnosis`: the main diagnosis (R33); without one a case is ungrouped (R13).
    MainDiagnosis,
}

/// A case with several class letters (A15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combined {
    /// `one`: one case, one group.
    #[default]
    One,
    /// `split`: a part for each letter; each important class takes its class cost, the main class the
    /// rest of the fee.
    Split,
}

/// `[grouping.apg.refine]` (H11): groups learned from history inside each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refine {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// A group below this many cases a year, counted over the window as in A33, joins its parent.
    pub minimum_cases: u32,
    /// Number of groups to come near to, by raising the minimum; absent: the minimum stands.
    pub target_groups: Option<u32>,
    /// A group whose CV is not above this is not divided further; absent: every level is tried.
    pub maximum_cv: Option<Decimal>,
    /// Levels below class O, M, A and the fallback, from coarse to fine.
    pub levels: [Vec<Level>; 4],
}

/// What tells the groups of one level apart, such as `dx3+nego`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level(pub Vec<Feature>);

/// One thing that is known of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `dxN`: first N characters of the main diagnosis, the dot not counted (R32).
    Diagnosis(usize),
    /// `itemN`: first N characters of the main item, `item`: the whole code. The main item is the
    /// `med_list_codg` with the largest Σ `det_item_fee_sumamt` in the main class, ties by code.
    Item(Option<usize>),
    /// `nego`: whether a line is a negotiated drug (`hi_nego_drug_flag` 1).
    Negotiated,
}

impl Feature {
    /// Whether knowing `finer` is knowing this one.
    #[must_use]
    pub fn follows_from(self, finer: Self) -> bool {
        match (self, finer) {
            (Self::Diagnosis(few), Self::Diagnosis(more)) => few <= more,
            (Self::Item(_), Self::Item(None)) | (Self::Negotiated, Self::Negotiated) => true,
            (Self::Item(Some(few)), Self::Item(Some(more))) => few <= more,
            _ => false,
        }
    }
}

impl Refine {
    /// Whether some level looks at fee items.
    #[must_use]
    pub fn looks_at_items(&self) -> bool {
        self.features().any(|feature| matches!(feature, Feature::Item(_)))
    }

    /// Whether some level looks at negotiated drugs.
    #[must_use]
    pub fn looks_at_negotiated(&self) -> bool {
        self.features().any(|feature| feature == Feature::Negotiated)
    }

    /// Whether some level looks at the main diagnosis.
    #[must_use]
    pub fn looks_at_diagnosis(&self) -> bool {
        self.features().any(|feature| matches!(feature, Feature::Diagnosis(_)))
    }

    fn features(&self) -> impl Iterator<Item = Feature> {
        self.levels.iter().flatten().flat_map(|level| level.0.iter().copied())
    }
}

/// `[carve_out]` (H10, A47): fee lines that leave the fee before grouping, means and settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarveOut {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Charge types that leave, for example `02` 诊查费.
    pub charge_types: Vec<String>,
    /// Whether lines of negotiated drugs leave (`hi_nego_drug_flag` 1).
    pub negotiated_drugs: bool,
    /// `med_list_codg` that leave, whole codes.
    pub items: Vec<String>,
}

/// `[[unit]]` (J03, H14, 1.4, R19): cases paid by another unit than their group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Stands in the place of a group code.
    pub code: String,
    /// What the points are made of.
    pub kind: UnitKind,
    /// `hi_paymtd` of its cases; empty: not asked.
    pub hi_paymtd: Vec<String>,
    /// `dise_codg` of its cases; empty: not asked.
    pub dise_codg: Vec<String>,
    /// `med_type` of its cases; empty: not asked.
    pub med_type: Vec<String>,
}

impl Unit {
    /// Whether a settlement is paid by this unit: every list that is given holds its value.
    #[must_use]
    pub fn takes(&self, hi_paymtd: &str, dise_codg: &str, med_type: &str) -> bool {
        let holds = |list: &[String], value: &str| {
            list.is_empty() || list.iter().any(|known| known == value)
        };
        holds(&self.hi_paymtd, hi_paymtd)
            && holds(&self.dise_codg, dise_codg)
            && holds(&self.med_type, med_type)
    }
}

/// How a unit becomes points; M is the published base mean, no coefficient applies (1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// `item`: fee ÷ M × scale.
    Item,
    /// `bed_days`: days × standard ÷ M × scale; days are a date difference, at least 1.
    BedDays {
        /// Price of a day.
        standard: Fen,
    },
    /// `quota`: standard ÷ M × scale.
    Quota {
        /// Price of a case.
        standard: Fen,
    },
}
