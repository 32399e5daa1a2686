//! The description of a city's inpatients: stays, severity, what is known of them in the end.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::city::TIERS;
use super::error::Error;

/// Classes of cost in the order of `structure`: drug, consumable, exam, treatment, service.
pub(super) const COSTS: usize = 5;

/// `[inpatient]` of a city.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inpatient {
    /// People with a stay in a year, and those of them with a second one.
    pub(super) stays_permille: u32,
    pub(super) second_permille: u32,
    /// Stays that are settled in two or three parts.
    pub(super) several_permille: u32,
    /// Factor of all costs a year.
    pub(super) trend: f64,
    /// Per mille of the mean cost, tier 1 to 7.
    pub(super) tier_effects: [u32; TIERS],
    /// Times more often that people go to tiers 5 to 7 for a grass-roots disease.
    pub(super) grass_roots_pull: u32,
    /// Most severe first.
    pub(super) severity: Vec<Severity>,
    pub(super) older: Older,
    pub(super) icu: Icu,
    pub(super) death: Death,
    /// What the directory of a DIP city must come to.
    #[serde(default)]
    pub(super) directory: Option<DirectoryRule>,
    /// Results of an external grouper; absent: there are none.
    #[serde(default)]
    pub(super) results: Option<Results>,
    /// Filled from the file of stays.
    #[serde(skip)]
    pub(super) file: StayFile,
}

/// A level of severity: how often, what it multiplies the cost by, the digit of its DRG.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Severity {
    pub(super) level: String,
    pub(super) permille: u32,
    pub(super) effect: u32,
    pub(super) digit: String,
}

/// Patients of this age and above.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Older {
    pub(super) from: u16,
    pub(super) effect: u32,
}

/// Stays with days in intensive care.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Icu {
    pub(super) permille: u32,
    pub(super) days: [u32; 2],
    pub(super) effect: u32,
}

/// Stays that end in death.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Death {
    pub(super) permille: u32,
    pub(super) effect: u32,
}

/// Rules by which the generator says what the directory must be (Z16, R01, R32).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectoryRule {
    /// The oldest years made that form the window, with their weights, oldest first.
    pub(super) weights: Vec<u32>,
    pub(super) threshold: u64,
    pub(super) gain_permille: u32,
}

/// Results of an external grouper (3605).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Results {
    pub(super) scheme: String,
    pub(super) version: String,
    /// Code the grouper gives to a case it could not group.
    pub(super) failed: String,
    /// Stays with two results that differ, with a failed one, with an empty one, with none.
    pub(super) differing_permille: u32,
    pub(super) failed_permille: u32,
    pub(super) empty_permille: u32,
    pub(super) absent_permille: u32,
}

/// The file of stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StayFile {
    pub(super) operation: Vec<Operation>,
    pub(super) complication: Vec<Complication>,
    pub(super) stay: Vec<StayKind>,
}

/// An operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub(super) code: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) attribute: Option<Attribute>,
}

/// What an operation is (domain.md 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Attribute {
    Surgery,
    Therapeutic,
    Diagnostic,
}

/// A diagnosis beside the main one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Complication {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) level: String,
}

/// Stays that are alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StayKind {
    /// Code and name of the main diagnosis.
    pub(super) diagnosis: [String; 2],
    /// Codes, the main one first.
    pub(super) operations: Vec<String>,
    #[serde(default)]
    pub(super) share: u32,
    /// Cases of the city in the base year, the next one, …, over and over; no share then.
    #[serde(default)]
    pub(super) exact: Vec<u32>,
    pub(super) mean_yuan: f64,
    pub(super) sigma: f64,
    pub(super) days: [u32; 2],
    pub(super) discipline: String,
    pub(super) adrg: String,
    #[serde(default)]
    pub(super) grass_roots: bool,
    #[serde(default)]
    pub(super) tier_effects: Option<[u32; TIERS]>,
    #[serde(default)]
    pub(super) med_type: Option<String>,
    #[serde(default)]
    pub(super) hi_paymtd: Option<String>,
    #[serde(default)]
    pub(super) day_surgery_permille: u32,
    /// Per mille of each class of cost.
    pub(super) structure: [u32; COSTS],
}

impl StayKind {
    /// Cases of a year for a kind whose cases are given.
    pub(super) fn exact_in(&self, base_year: u16, year: u16) -> u32 {
        let at = usize::from(year.saturating_sub(base_year));
        if self.exact.is_empty() { 0 } else { self.exact[at % self.exact.len()] }
    }
}

impl Inpatient {
    /// Reads the file of stays.
    pub(super) fn load(&mut self) -> Result<(), Error> {
        let name = "stays";
        self.file = toml::from_str(include_str!("cities/stays.toml"))
            .map_err(|source| Error::City { city: name.to_owned(), source: Box::new(source) })?;
        Ok(())
    }

    /// The first thing that makes no sense: where and what.
    pub(super) fn problem(&self) -> Option<(String, String)> {
        let found = |place: &str, problem: &str| Some((place.to_owned(), problem.to_owned()));
        let levels: u32 = self.severity.iter().map(|level| level.permille).sum();
        if levels != 1000 {
            return found("inpatient.severity", "needs levels that sum to 1000 per mille");
        }
        if self.trend <= 0.0 || self.icu.days[0] > self.icu.days[1] {
            return found("inpatient", "needs `trend` above 0 and `icu.days` from low to high");
        }
        let known: BTreeMap<&str, &Operation> =
            self.file.operation.iter().map(|one| (one.code.as_str(), one)).collect();
        for kind in &self.file.stay {
            let place = format!("stay `{}`", kind.diagnosis[0]);
            if let Some(code) =
                kind.operations.iter().find(|code| !known.contains_key(code.as_str()))
            {
                return Some((place, format!("has operation `{code}`, which is not listed")));
            }
            if kind.structure.iter().sum::<u32>() != 1000 {
                return Some((place, "needs a structure that sums to 1000 per mille".to_owned()));
            }
            if (kind.share > 0) != kind.exact.is_empty() {
                return Some((place, "needs either a share or exact cases".to_owned()));
            }
            if !(kind.mean_yuan > 0.0 && kind.sigma > 0.0) || kind.days[0] > kind.days[1] {
                return Some((place, "needs cost and sigma above 0, days from low to high".into()));
            }
        }
        for level in &self.severity {
            if !self.file.complication.iter().any(|one| one.level == level.level) {
                let problem = "has no complication in the file of stays".to_owned();
                return Some((format!("severity `{}`", level.level), problem));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::synth::City;

    #[test]
    fn exact_cases_go_round_from_the_base_year_on() {
        let city = City::embedded("zibo-dip").unwrap();
        let file = &city.inpatient.as_ref().unwrap().file;
        let of = |code: &str, operation: &str| {
            let kind = file.stay.iter().find(|kind| {
                kind.diagnosis[0] == code && kind.operations.first().is_some_and(|o| o == operation)
            });
            let base = city.base_year;
            [0, 1, 2, 3].map(|year| kind.unwrap().exact_in(base, base + year))
        };
        assert_eq!(of("I61.000", "01.2400x003"), [15, 15, 14, 15]);
        assert_eq!(of("I21.000x001", "36.0700x004"), [0; 4]);
    }
}
