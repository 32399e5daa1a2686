//! Auxiliary types of a case: severity, age, intensive care, comorbidity (E09, domain.md 6.3).
//!
//! [`Typing::types`] reads one medical record. The result is a text for `Cases::auxiliary`: the names of
//! the types met, with `;` between them, for example `malignant_metastasis;age_65;cci_3-4`. Names of
//! age, intensive care and CCI are those of the policy's bands; those of severity are
//! [`MALIGNANT`] and [`SEVERITY`].
//!
//! Two malignant types are told by money: a high cost is one from 3 × the standard of the group, which
//! is RW × point value and not its mean. Groups and points follow from history, so [`high_costs`] puts
//! these types in place once they are known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;

use super::record::Record;
use crate::policy::model::{Auxiliary, BandOf, Complication, GivenTypes, Malignant, TypeBand};
use crate::settlement::cases::{Cases, UNGROUPED, flag};
use crate::units::{Ratio, exact};

/// Types of a malignant disease, the mildest first; each case is of one.
pub const MALIGNANT: [&str; 7] = [
    "malignant_other",
    "malignant_infection",
    "malignant_failure",
    "malignant_metastasis",
    "malignant_drugs",
    "malignant_treatment",
    "malignant_death",
];

/// Types of any other disease, the mildest first; each case is of one.
pub const SEVERITY: [&str; 4] =
    ["severity_mild", "severity_moderate", "severity_severe", "severity_death"];

/// Between the types of a case.
const BETWEEN: char = ';';
/// `dscg_way` of a death (domain.md 8.3).
const DEATH: &str = "5";

/// The names in a text of types.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(BETWEEN).map(str::trim).filter(|name| !name.is_empty())
}

/// Types that exclude each other and grow in severity: which family, and how severe. Ages do not.
#[must_use]
pub fn severity_of(rule: &Auxiliary, name: &str) -> Option<(&'static str, u32)> {
    let place = |list: &[&str]| list.iter().position(|known| *known == name);
    let rank = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    if let Some(at) = place(&MALIGNANT) {
        return Some(("malignant", rank(at)));
    }
    if let Some(at) = place(&SEVERITY) {
        return Some(("severity", rank(at)));
    }
    let band = rule.bands.iter().find(|band| band.name == name)?;
    match band.by {
        BandOf::Age => None,
        BandOf::IntensiveCare => Some(("icu", band.from)),
        BandOf::Comorbidity => Some(("cci", band.from)),
    }
}

/// A dictionary in which the longest beginning of a code counts.
#[derive(Debug)]
struct Beginnings<T> {
    known: HashMap<String, T>,
    /// Lengths of its entries in bytes, the longest first.
    lengths: Vec<usize>,
}

impl<T: Clone> Beginnings<T> {
    fn new(entries: &BTreeMap<String, T>) -> Self {
        let lengths: BTreeSet<usize> = entries.keys().map(String::len).collect();
        Self {
            known: entries.iter().map(|(code, value)| (code.clone(), value.clone())).collect(),
            lengths: lengths.into_iter().rev().collect(),
        }
    }

    fn find(&self, code: &str) -> Option<&T> {
        self.lengths.iter().find_map(|length| self.known.get(code.get(..*length)?))
    }
}

/// The rules of a policy, ready to read records.
#[derive(Debug)]
pub struct Typing {
    rule: Auxiliary,
    complications: Beginnings<Complication>,
    comorbidities: Beginnings<(String, u32)>,
}

impl Typing {
    /// Takes the dictionaries of the policy in.
    #[must_use]
    pub fn new(rule: &Auxiliary) -> Self {
        Self {
            complications: Beginnings::new(&rule.complications),
            comorbidities: Beginnings::new(&rule.comorbidities),
            rule: rule.clone(),
        }
    }

    /// The types that a record meets, as text; a typing given with the settlement takes their place
    /// where the policy says so.
    #[must_use]
    pub fn types(&self, record: &Record) -> String {
        if self.is_given(record) {
            return names(&record.asst_type).collect::<Vec<_>>().join(";");
        }
        let mut found: Vec<&str> = Vec::new();
        found.extend(self.severity(record));
        let measures = [
            (BandOf::Age, record.age_days),
            (BandOf::IntensiveCare, Some(record.icu_days)),
            (BandOf::Comorbidity, Some(self.score(record))),
        ];
        for (by, value) in measures {
            let Some(value) = value else { continue };
            let meets = |band: &&TypeBand| {
                band.by == by && band.from <= value && band.to.is_none_or(|to| value <= to)
            };
            found.extend(self.rule.bands.iter().find(meets).map(|band| band.name.as_str()));
        }
        found.join(";")
    }

    /// Whether the typing that came with the settlement prevails.
    #[must_use]
    pub fn is_given(&self, record: &Record) -> bool {
        self.rule.given == GivenTypes::Prevail && !record.asst_type.trim().is_empty()
    }

    /// CCI (6.3): of the other diagnoses alone, one score a category, the highest.
    #[must_use]
    pub fn score(&self, record: &Record) -> u32 {
        let mut categories: BTreeMap<&str, u32> = BTreeMap::new();
        for code in &record.other_diagnoses {
            if let Some((category, weight)) = self.comorbidities.find(code) {
                let highest = categories.entry(category.as_str()).or_default();
                *highest = (*weight).max(*highest);
            }
        }
        categories.values().copied().fold(0, u32::saturating_add)
    }

    /// The type of severity; none where the policy has no dictionary of complications.
    fn severity(&self, record: &Record) -> Option<&'static str> {
        if self.rule.complications.is_empty() {
            return None;
        }
        let has = |wanted: Complication| {
            let mut others = record.other_diagnoses.iter();
            others.any(|code| self.complications.find(code) == Some(&wanted))
        };
        let dead = record.dscg_way == DEATH;
        let Some(rule) = self.malignant(&record.main_diagnosis) else {
            return Some(if dead {
                SEVERITY[3]
            } else if has(Complication::Severe) {
                SEVERITY[2]
            } else if has(Complication::Moderate) {
                SEVERITY[1]
            } else {
                SEVERITY[0]
            });
        };
        let long = record.stay_days >= rule.stay_days;
        Some(if dead {
            MALIGNANT[6]
        } else if long && has(Complication::Metastasis) {
            MALIGNANT[3]
        } else if long && has(Complication::Severe) {
            MALIGNANT[2]
        } else if long && has(Complication::Moderate) {
            MALIGNANT[1]
        } else {
            MALIGNANT[0]
        })
    }

    fn malignant(&self, code: &str) -> Option<&Malignant> {
        let rule = self.rule.malignant.as_ref()?;
        let three = code.get(..3)?;
        let inside =
            |(first, last): &(String, String)| first.as_str() <= three && three <= last.as_str();
        rule.codes.iter().any(inside).then_some(rule)
    }
}

/// Drug and treatment among the classes of `Cases::cost_fen`.
const DRUG: usize = 0;
const TREATMENT: usize = 3;

/// The columns `auxiliaries` and `auxiliary` with the malignant cases of high cost put in their types:
/// alive, fee ≥ `high_cost` × standard, and treatment, else drugs, at least `high_share` of the fee
/// (6.3). `standard` is RW × point value of a group in fen; a group without one has no high costs. A
/// case marked [`flag::TYPES_GIVEN`] keeps its types.
#[must_use]
pub fn high_costs(
    rule: &Malignant,
    cases: &Cases,
    standard: impl Fn(usize) -> Option<Ratio>,
) -> (Vec<String>, Vec<u32>) {
    let lines: Vec<Option<i128>> = (0..cases.groups.len())
        .map(|group| {
            let line = standard(group)? * exact(rule.high_cost);
            i128::try_from(line.ceil().to_integer()).ok()
        })
        .collect();
    let share = |cost: i64, fee: i64| at_least(cost, fee, rule.high_share);
    let alive = |name: &str| MALIGNANT[..4].contains(&name);
    // For each text: with its malignant type made one of treatment, or of drugs.
    let dearer = |name: &'static str| -> Vec<Option<String>> {
        let replaced = |text: &String| {
            let parts: Vec<&str> =
                names(text).map(|known| if alive(known) { name } else { known }).collect();
            names(text).any(alive).then(|| parts.join(";"))
        };
        cases.auxiliaries.iter().map(replaced).collect()
    };
    let (treatment, drugs) = (dearer(MALIGNANT[5]), dearer(MALIGNANT[4]));
    let all: BTreeSet<&String> =
        cases.auxiliaries.iter().chain(treatment.iter().chain(&drugs).flatten()).collect();
    let texts: Vec<String> = all.into_iter().cloned().collect();
    let place = |text: &String| {
        let at = texts.binary_search(text).ok().and_then(|at| u32::try_from(at).ok());
        at.unwrap_or(UNGROUPED)
    };
    let of = |list: &[Option<String>]| -> Vec<Option<u32>> {
        list.iter().map(|text| text.as_ref().map(place)).collect()
    };
    let plain: Vec<u32> = cases.auxiliaries.iter().map(place).collect();
    let (treatment, drugs) = (of(&treatment), of(&drugs));
    let typed = |(row, at): (usize, &u32)| {
        let (at, group, fee) = (*at as usize, cases.group[row], cases.fee_fen[row]);
        let line = if group == UNGROUPED { None } else { lines[group as usize] };
        let Some(costs) = cases.cost_fen.get(row) else { return plain[at] };
        let is_given = cases.flags.get(row).is_some_and(|flags| flags & flag::TYPES_GIVEN != 0);
        if is_given || line.is_none_or(|line| i128::from(fee) < line) {
            return plain[at];
        }
        if share(costs[TREATMENT], fee) {
            treatment[at].unwrap_or(plain[at])
        } else if share(costs[DRUG], fee) {
            drugs[at].unwrap_or(plain[at])
        } else {
            plain[at]
        }
    };
    let column = cases.auxiliary.iter().enumerate().map(typed).collect();
    (texts, column)
}

/// Whether `part` ≥ share × `whole`, exact.
fn at_least(part: i64, whole: i64, share: Decimal) -> bool {
    let unit = 10i128.pow(share.scale());
    i128::from(part).saturating_mul(unit) >= share.mantissa().saturating_mul(i128::from(whole))
}
