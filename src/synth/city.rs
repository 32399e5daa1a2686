//! The description of a synthetic city: places, insurances and diseases are data, read here.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::books::Books;
use super::defect::Defect;
use super::error::Error;
use super::inpatient::Inpatient;
use super::money::{Budget, HeadRule};
use super::world::Item;

/// Descriptions of the built-in cities, one file each, beside the files that several of them use.
static CITIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/synth/cities");
const SHARED: [&str; 2] = ["items", "stays"];

/// Name and description of every built-in city, by name.
fn cities() -> BTreeMap<&'static str, &'static str> {
    CITIES
        .files()
        .filter_map(|file| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?)))
        .filter(|(name, _)| !SHARED.contains(name))
        .collect()
}

/// Tiers of institutions (domain.md 3.3).
pub(super) const TIERS: usize = 7;

/// The description of a synthetic city, read and checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    pub(super) id: String,
    pub(super) title: String,
    /// Administrative code of the city, six digits.
    pub(super) area: String,
    /// First year the costs hold for.
    pub(super) base_year: u16,
    /// Administrative codes of people insured elsewhere.
    pub(super) outside: Vec<String>,
    #[serde(default)]
    pub(super) second_disease_permille: u32,
    pub(super) signed_permille: u32,
    pub(super) full_year_permille: u32,
    /// Visits of the last days of December settled in January.
    #[serde(default)]
    pub(super) late_december_permille: u32,
    /// Settlements with a part borne by the hospital.
    pub(super) hospital_share_permille: u32,
    /// Settlements without a diagnosis: no group follows from it (R13).
    #[serde(default)]
    pub(super) no_diagnosis_permille: u32,
    pub(super) districts: Vec<District>,
    pub(super) institutions: Vec<InstitutionKind>,
    pub(super) insurance: Vec<Insurance>,
    #[serde(default)]
    pub(super) seasons: BTreeMap<String, [u32; 12]>,
    #[serde(default)]
    pub(super) tier_costs: BTreeMap<String, [u32; TIERS]>,
    pub(super) scope: Scope,
    #[serde(default)]
    pub(super) cluster: Option<Cluster>,
    pub(super) budget: Budget,
    /// Contracts and months of the insured, where budgets are per head.
    #[serde(default)]
    pub(super) heads: Option<HeadRule>,
    pub(super) defects: BTreeMap<String, u32>,
    /// Fee items of this city; none: those that all cities share.
    #[serde(default)]
    pub(super) item: Vec<Item>,
    #[serde(default)]
    pub(super) patterns: BTreeMap<String, Vec<Pattern>>,
    /// Diseases of outpatients; a city has these or inpatients.
    #[serde(default)]
    pub(super) disease: Vec<Disease>,
    #[serde(default)]
    pub(super) inpatient: Option<Inpatient>,
    #[serde(default)]
    pub(super) books: Option<Books>,
}

/// Code, name, share of the people.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct District(pub(super) String, pub(super) String, pub(super) u32);

/// Institutions that are alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstitutionKind {
    pub(super) tier: usize,
    /// `{district}` and `{n}` are replaced.
    pub(super) name: String,
    pub(super) each: Each,
    pub(super) count: u32,
    pub(super) hosp_lv: String,
    pub(super) inst_type: String,
    pub(super) grade_a: String,
    /// Share of patients of one institution.
    pub(super) pull: u32,
    #[serde(default)]
    pub(super) consortium: Option<Role>,
    /// Whether it shares the pool of the unsigned, as in table `institution`.
    #[serde(default = "yes")]
    pub(super) eligible: String,
    #[serde(default)]
    pub(super) start_date: Option<String>,
    /// Key disciplines with their rank, as in table `institution`.
    #[serde(default)]
    pub(super) disciplines: String,
    /// Coefficient in force.
    #[serde(default)]
    pub(super) coef: String,
}

fn yes() -> String {
    "1".to_owned()
}

/// Where the institutions of a kind stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Each {
    City,
    District,
}

/// Part an institution has in the consortium (医共体) of its district.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Lead,
    Member,
}

/// An insurance type and what it pays.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Insurance {
    pub(super) insutype: String,
    pub(super) people: u32,
    /// `psn_type` before and from the age of `older_from`.
    pub(super) psn_types: [String; 2],
    pub(super) older_from: u16,
    /// `clct_grde` and its share of the people.
    pub(super) grades: Vec<(String, u32)>,
    pub(super) account_permille: u32,
    pub(super) ratio_permille: [u32; TIERS],
    pub(super) supplements: Vec<Supplement>,
}

/// Column, people per mille, from this fee in yuan on, per mille of what the patient has left.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Supplement(
    pub(super) SupplementColumn,
    pub(super) u32,
    pub(super) i64,
    pub(super) u32,
);

/// The supplementary lines of a settlement (domain.md 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum SupplementColumn {
    #[serde(rename = "cvlserv_pay")]
    CivilServant,
    #[serde(rename = "hifes_pay")]
    Enterprise,
    #[serde(rename = "hifmi_pay")]
    SeriousIllness,
    #[serde(rename = "hifob_pay")]
    LargeAmount,
    #[serde(rename = "hifdm_pay")]
    Disabled,
    #[serde(rename = "maf_pay")]
    Assistance,
    #[serde(rename = "oth_pay")]
    Other,
}

/// What the city's policy counts; the truth file follows it (R05 and the rules of the city).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    pub(super) insutype: Vec<String>,
    pub(super) med_type: Vec<String>,
    /// Empty: every disease.
    pub(super) dise_codg: Vec<String>,
    pub(super) insu_admdvs: Vec<String>,
    pub(super) exclude_out_of_area: bool,
    #[serde(default)]
    pub(super) carve_out_hi_paymtd: Vec<String>,
    /// Beginnings of main diagnoses that are paid another way.
    #[serde(default)]
    pub(super) carve_out_diagnoses: Vec<String>,
    #[serde(default)]
    pub(super) only_started_institutions: bool,
    #[serde(default)]
    pub(super) completed_from: Option<String>,
    /// Late uploads are grouped in the fallback group before merging (Y25).
    #[serde(default)]
    pub(super) late_to_fallback: bool,
    #[serde(default)]
    pub(super) merge: Option<Merge>,
    /// What stands behind the class letters of a group.
    #[serde(default)]
    pub(super) group_by: GroupBy,
    /// Settlements of one visit are one case (A54).
    #[serde(default)]
    pub(super) by_visit: bool,
}

/// What a group code is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GroupBy {
    /// All class letters and the code of the disease.
    #[default]
    DiseCodg,
    /// The main class letter and the first three characters of the main diagnosis.
    MainDiagnosis,
}

impl Scope {
    /// Whether stays of a kind are paid as others are.
    pub(super) fn counts(&self, kind: &super::inpatient::StayKind) -> bool {
        let away =
            kind.hi_paymtd.as_ref().is_some_and(|one| self.carve_out_hi_paymtd.contains(one));
        let cared = kind.med_type.as_ref().is_none_or(|one| self.med_type.contains(one));
        cared && !away && !self.carves_out(&kind.diagnosis[0])
    }

    /// Whether a main diagnosis is paid another way.
    pub(super) fn carves_out(&self, diagnosis: &str) -> bool {
        self.carve_out_diagnoses.iter().any(|beginning| diagnosis.starts_with(beginning.as_str()))
    }
}

/// The treatment cycle (A09).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    pub(super) window_seconds: i64,
    pub(super) except_groups: Vec<String>,
}

/// Settlements that follow another at the same house in the same group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    pub(super) permille: u32,
    pub(super) offsets_seconds: Vec<i64>,
}

/// Class letters, share, times the mean of the disease, sigma of the logarithm.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pattern(pub(super) Classes, pub(super) u32, pub(super) f64, pub(super) f64);

/// A disease: who has it, how often it is treated and what that costs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Disease {
    /// `dise_codg`; empty for ordinary visits, which need no registration.
    pub(super) code: String,
    pub(super) name: String,
    /// Code and name of the main diagnosis.
    pub(super) diagnosis: [String; 2],
    /// Absent: the first of the scope.
    #[serde(default)]
    pub(super) med_type: Option<String>,
    pub(super) people: u32,
    /// Visits a year, on average.
    pub(super) visits: f64,
    /// Sessions a week instead of visits a year.
    #[serde(default)]
    pub(super) weekly: Option<u8>,
    /// `hi_paymtd` of a person and its share; empty: all are paid by item.
    #[serde(default)]
    pub(super) payments: Vec<(String, u32)>,
    /// Tiers that treat it; empty: all.
    #[serde(default)]
    pub(super) treated_in: Vec<usize>,
    pub(super) mean_yuan: f64,
    /// Factor a year.
    pub(super) trend: f64,
    pub(super) season: String,
    pub(super) tier_cost: String,
    pub(super) pattern: String,
}

/// The classes a settlement is meant to have, main class first (A14). None: the fallback group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Classes {
    list: [usize; 3],
    count: usize,
}

impl Classes {
    /// Letters of the classes, in the order of their index.
    pub(super) const LETTERS: [char; 3] = ['O', 'M', 'A'];
    /// Letters of the group without any class.
    pub(super) const FALLBACK: &str = "QY";

    /// Indexes of the classes, main class first.
    pub(super) fn indexes(&self) -> &[usize] {
        &self.list[..self.count]
    }

    /// The letters of a group code.
    pub(super) fn letters(self) -> String {
        if self.count == 0 {
            return Self::FALLBACK.to_owned();
        }
        self.indexes().iter().map(|&class| Self::LETTERS[class]).collect()
    }
}

impl TryFrom<String> for Classes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut classes = Self { list: [0; 3], count: 0 };
        if text == Self::FALLBACK {
            return Ok(classes);
        }
        for letter in text.chars() {
            let class = Self::LETTERS.iter().position(|&known| known == letter);
            let last = classes.indexes().last().copied();
            match class {
                Some(class) if last.is_none_or(|last| last < class) => {
                    classes.list[classes.count] = class;
                    classes.count += 1;
                }
                _ => return Err(format!("`{text}` is not QY or letters of OMA in this order")),
            }
        }
        if classes.count == 0 {
            return Err("class letters are empty, write QY for the fallback group".to_owned());
        }
        Ok(classes)
    }
}

impl City {
    /// Names of the built-in cities.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        cities().into_keys().collect()
    }

    /// A built-in city, for example `jining-apg`.
    ///
    /// # Errors
    /// [`Error::UnknownCity`] if there is none of this name.
    pub fn embedded(name: &str) -> Result<Self, Error> {
        match cities().get(name) {
            Some(text) => Self::from_toml(name, text),
            None => Err(Error::UnknownCity { name: name.to_owned(), known: Self::names() }),
        }
    }

    /// A city from the text of a description; `name` stands in messages only.
    ///
    /// # Errors
    /// [`Error::City`] if it is not TOML of the right shape, [`Error::CityValue`] if a value makes
    /// no sense.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, Error> {
        let mut city: Self = toml::from_str(text)
            .map_err(|source| Error::City { city: name.to_owned(), source: Box::new(source) })?;
        if let Some(inpatient) = &mut city.inpatient {
            inpatient.load()?;
        }
        match city.problem() {
            None => Ok(city),
            Some((place, problem)) => {
                Err(Error::CityValue { city: name.to_owned(), place, problem })
            }
        }
    }

    /// Name of the system the city is made for.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Human title, Chinese.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The first thing that makes no sense: where and what.
    fn problem(&self) -> Option<(String, String)> {
        let lists = [
            ("districts", self.districts.iter().map(|district| district.2).sum::<u32>()),
            ("institutions", self.institutions.iter().map(|kind| kind.count * kind.pull).sum()),
            ("insurance", self.insurance.iter().map(|insurance| insurance.people).sum()),
            (
                "disease",
                match &self.inpatient {
                    Some(inpatient) => inpatient.file.stay.iter().map(|kind| kind.share).sum(),
                    None => self.disease.iter().map(|disease| disease.people).sum(),
                },
            ),
        ];
        for (place, sum) in lists {
            if sum == 0 {
                return Some((place.to_owned(), "has no share above 0".to_owned()));
            }
        }
        if self.area.len() != 6 || self.districts.iter().any(|district| district.0.len() != 6) {
            return Some((
                "area".to_owned(),
                "needs administrative codes of six digits".to_owned(),
            ));
        }
        let lists = [self.outside.len(), self.budget.factors.len(), self.scope.med_type.len()];
        if lists.contains(&0) {
            let problem =
                "needs an entry in each of `outside`, `budget.factors` and `scope.med_type`";
            return Some(("the city".to_owned(), problem.to_owned()));
        }
        self.defect_problem()
            .or_else(|| self.date_problem())
            .or_else(|| self.institutions.iter().find_map(kind_problem))
            .or_else(|| self.insurance.iter().find_map(insurance_problem))
            .or_else(|| self.disease.iter().find_map(|disease| self.disease_problem(disease)))
            .or_else(|| self.inpatient.as_ref().and_then(Inpatient::problem))
            .or_else(|| self.books.as_ref().and_then(Books::problem))
    }

    fn defect_problem(&self) -> Option<(String, String)> {
        for defect in Defect::ALL {
            if !self.defects.contains_key(defect.name()) {
                return Some(("defects".to_owned(), format!("misses `{}`", defect.name())));
            }
        }
        let stranger = self
            .defects
            .keys()
            .find(|name| Defect::ALL.iter().all(|defect| defect.name() != name.as_str()));
        if let Some(name) = stranger {
            return Some(("defects".to_owned(), format!("has an unknown name `{name}`")));
        }
        (self.defects.values().sum::<u32>() > 100_000)
            .then(|| ("defects".to_owned(), "sum to more than 100000 in 100000".to_owned()))
    }

    fn date_problem(&self) -> Option<(String, String)> {
        let dates = self.institutions.iter().filter_map(|kind| kind.start_date.as_ref());
        dates.chain(&self.scope.completed_from).find_map(|text| {
            text.parse::<NaiveDate>()
                .is_err()
                .then(|| (format!("date `{text}`"), "is not a date like 2022-12-01".to_owned()))
        })
    }

    fn disease_problem(&self, disease: &Disease) -> Option<(String, String)> {
        let problem = if !self.seasons.contains_key(&disease.season) {
            format!("names season `{}`, which is not listed", disease.season)
        } else if !self.tier_costs.contains_key(&disease.tier_cost) {
            format!("names tier costs `{}`, which are not listed", disease.tier_cost)
        } else if !(disease.mean_yuan > 0.0 && disease.trend > 0.0 && disease.visits >= 0.0) {
            "needs `mean_yuan` and `trend` above 0 and `visits` not below".to_owned()
        } else if disease.weekly.is_some_and(|weekly| !(1..=7).contains(&weekly)) {
            "needs 1 to 7 sessions a week".to_owned()
        } else if !self.treated(disease) {
            "is treated in no institution of the city".to_owned()
        } else {
            match self.patterns.get(&disease.pattern) {
                None => format!("names pattern `{}`, which is not listed", disease.pattern),
                Some(pattern) => pattern_problem(pattern)?,
            }
        };
        Some((format!("disease `{}`", disease.code), problem))
    }

    /// Whether some institution treats the disease.
    fn treated(&self, disease: &Disease) -> bool {
        self.institutions.iter().any(|kind| {
            kind.count * kind.pull > 0
                && (disease.treated_in.is_empty() || disease.treated_in.contains(&kind.tier))
        })
    }
}

fn kind_problem(kind: &InstitutionKind) -> Option<(String, String)> {
    (!(1..=TIERS).contains(&kind.tier))
        .then(|| (format!("institution `{}`", kind.name), "has a tier outside 1 to 7".to_owned()))
}

fn insurance_problem(insurance: &Insurance) -> Option<(String, String)> {
    let ratios = insurance.ratio_permille.iter();
    let supplements = insurance.supplements.iter().map(|supplement| &supplement.3);
    let above = ratios.chain(supplements).chain([&insurance.account_permille]).max();
    let problem = if above.is_some_and(|&permille| permille > 1000) {
        "pays more than 1000 per mille"
    } else if insurance.grades.iter().map(|grade| grade.1).sum::<u32>() == 0 {
        "has no share of a grade above 0"
    } else {
        return None;
    };
    Some((format!("insurance `{}`", insurance.insutype), problem.to_owned()))
}

fn pattern_problem(pattern: &[Pattern]) -> Option<String> {
    let shares: u32 = pattern.iter().map(|group| group.1).sum();
    let costs = pattern.iter().all(|group| group.2 > 0.0 && group.3 > 0.0);
    (shares == 0 || !costs)
        .then(|| "needs a pattern with a share, costs and sigmas above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{City, Classes};
    use crate::explain::{Explain as _, Kind, render};

    #[test]
    fn built_in_cities_can_be_read() {
        for name in City::names() {
            assert_eq!(City::embedded(name).unwrap().id(), name);
        }
    }

    #[test]
    fn an_unknown_city_is_answered_with_the_nearest_one() {
        let err = City::embedded("jining").unwrap_err();
        assert_eq!(err.kind(), Kind::Input);
        assert_eq!(
            render(&err),
            "error: there is no built-in synthetic city `jining`; there are jinhua-apg, \
             jining-apg, panzhihua-drg, yantai-apg, zibo-dip\nhint: did you mean `jining-apg`?"
        );
    }

    #[test]
    fn class_letters_are_read_main_class_first() {
        let read = |text: &str| Classes::try_from(text.to_owned());
        assert_eq!(read("OA").unwrap().indexes(), [0, 2]);
        assert_eq!(read("MA").unwrap().letters(), "MA");
        assert_eq!(read("QY").unwrap().letters(), "QY");
        for wrong in ["", "AO", "OO", "X", "OMAO"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_value_names_its_place() {
        let text = include_str!("cities/yantai-apg.toml");
        for (from, to, place) in [
            ("season = \"winter\"", "season = \"wet\"", "disease `N18`"),
            ("void = 200\n", "", "defects"),
            ("void = 200", "void = 200000", "defects"),
            ("tier = 1,", "tier = 9,", "institution `烟台第{n}人民医院`"),
            ("[850, 850,", "[1850, 850,", "insurance `310`"),
            ("completed_from = \"2022-12-01\"", "completed_from = \"x\"", "date `x`"),
        ] {
            assert!(text.contains(from), "{from}");
            let err = City::from_toml("test", &text.replacen(from, to, 1)).unwrap_err();
            assert!(render(&err).contains(place), "{}", render(&err));
        }
        let err = City::from_toml("test", &text.replacen("base_year", "base_yr", 1)).unwrap_err();
        assert!(render(&err).contains("unknown field `base_yr`"), "{}", render(&err));
    }
}
