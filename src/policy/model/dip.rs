//! `[grouping.dip]`: how a DIP directory is learned from history and how cases are matched (6.1).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::Cite;

/// `[grouping.dip]` (Z16, A33, A50, R01, R02, R32)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dip {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// Characters of the main diagnosis in a core group, the dot not counted (R32: 4).
    pub diagnosis_characters: usize,
    /// Characters of the main diagnosis in a residual (综合) group, the dot not counted (R32: 3).
    pub residual_characters: usize,
    /// Cases a year from which a combination is a core disease, inclusive (Z16: 15).
    pub threshold: u32,
    /// How cases a year are counted against the threshold (A33).
    pub count: YearCount,
    /// A related operation that adds at least this share of cost makes a group of its own (0.10).
    pub related_gain: Decimal,
    /// What becomes of residual groups that stay below the threshold (6.1).
    pub residual_below: ResidualBelow,
    /// Attribute of operations by code; an operation that is not here is conservative (R32).
    pub attributes: BTreeMap<String, Attribute>,
    /// Groups that are grass-roots diseases (基层病种), by code: no institution coefficient (E15).
    pub grass_roots: BTreeSet<String>,
    /// Groups of the national catalog (6.1, E31): others are marked local; absent: no marks.
    pub national: Option<BTreeSet<String>>,
    /// Names of diagnoses and operations, from which names of groups are composed.
    pub code_names: BTreeMap<String, String>,
    /// The ways a case may find its group, tried in this order (R02).
    pub matching: Vec<MatchStep>,
    /// What decides among several groups of one step; then the group code, ascending (A50).
    pub ties: Vec<Tie>,
    /// What codes look like; absent: not tested.
    pub shape: Option<CodeShape>,
}

/// How cases a year are counted against the threshold (A33).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearCount {
    /// `mean`: all cases of the window ≥ threshold × years.
    Mean,
    /// `each_year`: every year of the window reaches the threshold.
    EachYear,
    /// `latest`: the newest year of the window reaches it.
    Latest,
}

/// What becomes of residual groups that stay below the threshold (6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResidualBelow {
    /// `keep`: they stay and are flagged `small` (A51).
    Keep,
    /// `drop`: they leave with a list; their cases are ungrouped.
    Drop,
}

/// What an operation is (6.1, R32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// `surgery`: 相关手术组.
    Surgery,
    /// `therapeutic`: 治疗性操作组.
    Therapeutic,
    /// `diagnostic`: 诊断性操作组.
    Diagnostic,
    /// No operation, or one without attribute: 内科诊疗组. No word of the list names it.
    Conservative,
}

impl Attribute {
    /// The words of the operation list, with what they mean.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("surgery", Self::Surgery),
        ("therapeutic", Self::Therapeutic),
        ("diagnostic", Self::Diagnostic),
    ];

    /// The letter in the code of a residual group (R32).
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Surgery => 'S',
            Self::Therapeutic => 'T',
            Self::Diagnostic => 'D',
            Self::Conservative => 'C',
        }
    }

    /// The attribute of a letter; `None` for any other.
    #[must_use]
    pub fn of_letter(letter: &str) -> Option<Self> {
        [Self::Surgery, Self::Therapeutic, Self::Diagnostic, Self::Conservative]
            .into_iter()
            .find(|attribute| letter.chars().eq([attribute.letter()]))
    }

    /// The word of tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Surgery => "surgery",
            Self::Therapeutic => "therapeutic",
            Self::Diagnostic => "diagnostic",
            Self::Conservative => "conservative",
        }
    }
}

/// One way a case may find its group (R02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchStep {
    /// `exact`: the group of exactly these operations.
    Exact,
    /// `subset`: groups of this diagnosis and main operation whose related operations all belong to
    /// the case.
    Subset,
    /// `main`: diagnosis and main operation.
    Main,
    /// `residual`: the residual group.
    Residual,
}

/// What decides among several groups of one step (A50, 6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// `most_matched`: most related operations matched.
    MostMatched,
    /// `nearest_mean`: smallest distance of the fee from the group's mean.
    NearestMean,
    /// `highest_mean`: the dearest group.
    HighestMean,
    /// `kind`: core before grass-roots.
    Kind,
}

/// What the beginning of a code looks like: `A` is a letter, `9` a digit, anything else is itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeShape {
    /// Shapes of main diagnoses; one of them has to fit.
    pub diagnosis: Vec<String>,
    /// Shapes of operations; empty: not tested.
    pub operation: Vec<String>,
    /// Largest share of the cases with other codes; above it the codes are of another system and
    /// nothing is built.
    pub misfit_max: Decimal,
}
