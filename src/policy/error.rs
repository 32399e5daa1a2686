//! What can be wrong with a policy or scenario: what, where, which value, what is allowed, what
//! next.

use std::path::PathBuf;

use chrono::NaiveDate;

pub use super::document::At;
use super::drg::DrgError;
use super::schema;
use crate::explain::{Explain, Kind};

/// A policy or scenario that cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not UTF-8.
    #[error("`{file}` is not UTF-8 text (byte {byte})")]
    NotText {
        /// The file.
        file: String,
        /// The first byte that is not.
        byte: usize,
    },
    /// Neither a shipped policy nor a folder or file.
    #[error("there is no policy `{name}`")]
    UnknownPolicy {
        /// As given.
        name: String,
        /// The nearest shipped policy.
        nearest: Option<String>,
        /// All shipped policies.
        known: Vec<String>,
    },
    /// A folder without `policy.toml`.
    #[error("folder `{}` has no `policy.toml`", folder.display())]
    NoPolicyFile {
        /// The folder.
        folder: PathBuf,
    },
    /// Neither a file nor a scenario of the policy.
    #[error("policy `{policy}` has no scenario `{name}`, and there is no such file")]
    UnknownScenario {
        /// As given.
        name: String,
        /// The policy's id.
        policy: String,
        /// The nearest scenario of the policy.
        nearest: Option<String>,
        /// All scenarios of the policy.
        known: Vec<String>,
    },
    /// `A++B`, `+A` or nothing.
    #[error("`{spec}` does not name scenarios")]
    ScenarioSpec {
        /// As given.
        spec: String,
    },
    /// Not TOML.
    #[error("{at}: not TOML: {message}{at:#}")]
    Syntax {
        /// Where.
        at: At,
        /// What the TOML reader says.
        message: String,
    },
    /// A whole number beyond 64 bits.
    #[error("{at}: `{value}` is too large{at:#}")]
    WholeTooLarge {
        /// Where.
        at: At,
        /// As written.
        value: String,
    },
    /// A key nobody knows.
    #[error("{at}: unknown key `{key}` in {section}{at:#}")]
    UnknownKey {
        /// Where.
        at: At,
        /// As written.
        key: String,
        /// The section it stands in.
        section: String,
        /// The nearest known key.
        nearest: Option<String>,
        /// All known keys.
        known: Vec<String>,
    },
    /// A section every policy must have.
    #[error("`{file}`: section {section} is missing")]
    MissingSection {
        /// The file.
        file: String,
        /// Its heading.
        section: String,
        /// The keys it holds.
        keys: Vec<String>,
    },
    /// A key its section must have.
    #[error("{at}: `{path}` is missing; write {wanted}{at:#}")]
    MissingKey {
        /// The section.
        at: At,
        /// Section and key.
        path: String,
        /// What is allowed.
        wanted: String,
    },
    /// A section without `clause` and `reading`.
    #[error("{at}: `{section}` has neither `clause` nor `reading`{at:#}")]
    NoCite {
        /// Where.
        at: At,
        /// The section or entry.
        section: String,
    },
    /// A `reading` that is no reading.
    #[error(
        "{at}: `{path}` is `{value}`; allowed are A01 to A54 and R01 to R42, with commas{at:#}"
    )]
    BadReading {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
        /// As written.
        value: String,
    },
    /// Another kind of value than wanted.
    #[error("{at}: `{path}` is {found}; write {wanted}{at:#}")]
    WrongType {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
        /// The kind found.
        found: &'static str,
        /// What is allowed.
        wanted: String,
    },
    /// A TOML number where a decimal is meant.
    #[error("{at}: `{path}` is the number {value}; write a decimal as text, in quotes{at:#}")]
    DecimalNotText {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
        /// As written.
        value: String,
    },
    /// Text that is no decimal.
    #[error(
        "{at}: `{path}` is `{value}`; allowed are digits with at most one point, \
         such as \"0.4\"{at:#}"
    )]
    WrongDecimal {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
        /// As written.
        value: String,
    },
    /// A value outside its range, or a list or text that is empty.
    #[error("{at}: `{path}` is `{value}`; allowed is {allowed}{at:#}")]
    NotAllowed {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
        /// As written.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A word that is not one of the few allowed.
    #[error("{at}: `{path}` is `{value}`; allowed are {}{at:#}", words(allowed))]
    UnknownWord {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
        /// As written.
        value: String,
        /// The words.
        allowed: Vec<&'static str>,
    },
    /// A key that says nothing beside another value.
    #[error("{at}: `{path}` has no meaning with `{beside}`{at:#}")]
    KeyWithoutMeaning {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
        /// The value it does not go with.
        beside: String,
    },
    /// A file named by the policy is not there.
    #[error("{at}: `{path}` names `{file}`, which is not beside `policy.toml`{at:#}")]
    MissingFile {
        /// Where it is named.
        at: At,
        /// Section and key.
        path: String,
        /// The file.
        file: String,
    },
    /// A row of a file named by the policy.
    #[error("`{file}` line {line}: column `{column}` is `{value}`; allowed is {allowed}")]
    FileValue {
        /// The file.
        file: String,
        /// Line, 1 is the header.
        line: u64,
        /// Column.
        column: String,
        /// As written.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A file named by the policy has other columns.
    #[error("`{file}` line 1: columns are {found}; allowed are {wanted}")]
    FileColumns {
        /// The file.
        file: String,
        /// Columns found.
        found: String,
        /// Columns wanted.
        wanted: String,
    },
    /// A file named by the policy is no CSV.
    #[error("`{file}` is not a CSV file")]
    FileNotCsv {
        /// The file.
        file: String,
        /// What the reader says.
        source: csv::Error,
    },
    /// `valid_to` before `valid_from`.
    #[error("{at}: `policy.valid_to` is {to}, before `policy.valid_from` {from}{at:#}")]
    ValidityReversed {
        /// Where `valid_to` stands.
        at: At,
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
    },
    /// Year weights that are no shares of one whole.
    #[error("{at}: `weights.years` sum to {sum}; they must sum to 1 (A01){at:#}")]
    YearWeightSum {
        /// Where.
        at: At,
        /// Their sum.
        sum: String,
    },
    /// No year weights though the level needs them.
    #[error("{at}: `weights.years` is empty; only level `pooled` does without year weights{at:#}")]
    NoYearWeights {
        /// Where.
        at: At,
    },
    /// A band that ends where the one before it already ended.
    #[error(
        "{at}: bands overlap: `{path}` ends at {up_to}, the band before it at {before} \
         ({before_at}); a ratio of {up_to} would lie in both{at:#}"
    )]
    BandOverlap {
        /// Where.
        at: At,
        /// Entry and key.
        path: String,
        /// Its end.
        up_to: String,
        /// The end of the band before it.
        before: String,
        /// Where that end stands.
        before_at: At,
    },
    /// A band without an end that is not the last.
    #[error(
        "{at}: bands overlap: `{band}` has no `up_to`, but another band follows; a ratio of \
         {example} would lie in both{at:#}"
    )]
    BandWithoutEnd {
        /// Where.
        at: At,
        /// The entry.
        band: String,
        /// A ratio in this band and in the next.
        example: String,
    },
    /// The last band has an end.
    #[error(
        "{at}: gap in the bands: the last band ends at {up_to}, so a ratio of {example} falls through\
         {at:#}"
    )]
    BandGap {
        /// Where.
        at: At,
        /// The end of the last band.
        up_to: String,
        /// A ratio that belongs to no band.
        example: String,
    },
    /// Two bands of one class.
    #[error("{at}: class `{class}` has two bands, the first at line {first_line}{at:#}")]
    BandClassTwice {
        /// Where.
        at: At,
        /// The class.
        class: String,
        /// Line of the first.
        first_line: usize,
    },
    /// Bands in another order than low, normal, high.
    #[error("{at}: class `{class}` stands above class `{before}`{at:#}")]
    BandClassOrder {
        /// Where.
        at: At,
        /// The class.
        class: String,
        /// The class of the band before it.
        before: String,
    },
    /// No band of class normal.
    #[error("{at}: no band has class `normal`{at:#}")]
    NoNormalBand {
        /// The section.
        at: At,
    },
    /// Something needs published prices and there are none.
    #[error("{at}: `{path}` is `standard`, but the policy has no [[standard]]{at:#}")]
    NoStandards {
        /// Where.
        at: At,
        /// Section and key.
        path: String,
    },
    /// Two prices of a group from the same day.
    #[error(
        "{at}: group `{group}` has two standards from {from}, the first at line {first_line}{at:#}"
    )]
    StandardTwice {
        /// Where.
        at: At,
        /// The group.
        group: String,
        /// The day.
        from: NaiveDate,
        /// Line of the first.
        first_line: usize,
    },
    /// Payment by points without a scale.
    #[error("{at}: `payment.method` is `points`, but `weights.scale` is missing{at:#}")]
    PointsWithoutScale {
        /// Where.
        at: At,
    },
    /// An entry that repeats another one's key.
    #[error("{at}: `{path}` is there twice, the first at line {first_line}{at:#}")]
    EntryTwice {
        /// Where.
        at: At,
        /// The entry.
        path: String,
        /// Line of the first.
        first_line: usize,
    },
    /// An institution with a budget of its own (J02, Y16).
    #[error(
        "{at}: `{path}` gives each institution a budget of its own; the money is the area's \
         (J02, Y16){at:#}"
    )]
    InstitutionBudget {
        /// Where.
        at: At,
        /// Key.
        path: String,
    },
    /// Late or unusable settlements go to the fallback group, and there is none.
    #[error("{at}: `{path}` sends cases to the fallback group, but grouping is `given`{at:#}")]
    NoFallbackGroup {
        /// Where.
        at: At,
        /// Section or key.
        path: String,
    },
    /// Settlements without disease should join the fallback group of the only disease.
    #[error(
        "{at}: without `disease_required` the policy must be about one disease, \
         but `scope.dise_codg` has {diseases}{at:#}"
    )]
    NotOneDisease {
        /// Where.
        at: At,
        /// Number of diseases in scope.
        diseases: usize,
    },
    /// A scenario for another policy.
    #[error("{at}: the scenario is meant for `{base}`, the policy is `{policy}`{at:#}")]
    WrongBase {
        /// Where.
        at: At,
        /// As written.
        base: String,
        /// The policy's id.
        policy: String,
    },
    /// A scenario path that leads nowhere.
    #[error("{at}: policy `{policy}` has no `{path}`{at:#}")]
    UnknownPath {
        /// Where.
        at: At,
        /// As written.
        path: String,
        /// The policy's id.
        policy: String,
        /// The nearest path.
        nearest: Option<String>,
        /// The section the path lies in, if the policy does not have it.
        absent: Option<String>,
    },
    /// A scenario that would make the policy another one.
    #[error("{at}: `{path}` is the policy's identity; a scenario cannot change it{at:#}")]
    IdentityPath {
        /// Where.
        at: At,
        /// As written.
        path: String,
    },
    /// `remove` of something that cannot be left out.
    #[error("{at}: `{path}` cannot be removed{at:#}")]
    CannotRemove {
        /// Where.
        at: At,
        /// As written.
        path: String,
    },
    /// Two changes of one value.
    #[error("`{path}` is set twice: {first}, and {second}{first:#}{second:#}")]
    SetTwice {
        /// The narrower of the two paths.
        path: String,
        /// The first change.
        first: At,
        /// The second change.
        second: At,
    },
    /// Definition tables of a DRG grouper that cannot be used.
    #[error(transparent)]
    Drg(#[from] DrgError),
    /// The policy with its scenarios breaks a rule that each file alone keeps or breaks.
    #[error("policy `{policy}` with {} is not a usable policy", words(scenarios))]
    Composed {
        /// The policy's id.
        policy: String,
        /// Files of the scenarios.
        scenarios: Vec<String>,
        /// What is wrong.
        source: Box<Error>,
    },
}

fn words<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    quoted.join(", ")
}

fn nearest_or_all(nearest: Option<&String>, what: &str, known: &[String]) -> Vec<String> {
    match nearest {
        Some(name) => vec![format!("did you mean `{name}`?")],
        None if known.is_empty() => vec![format!("there are no {what}")],
        None => vec![format!("{what} are {}", words(known))],
    }
}

fn no_default(path: &str) -> Vec<String> {
    schema::NO_DEFAULT
        .iter()
        .filter(|(known, _)| *known == path)
        .map(|(_, reading)| {
            format!("reading {reading} names no default, so each policy has to state it")
        })
        .collect()
}

fn decimal_hint(path: &str, value: &str) -> Vec<String> {
    let key = path.rsplit('.').next().unwrap_or(path);
    let plain = value.replace(',', ".");
    rust_decimal::Decimal::from_scientific(&plain)
        .or_else(|_| rust_decimal::Decimal::from_str_exact(&plain))
        .map(|decimal| vec![format!("write `{key} = \"{decimal}\"`")])
        .unwrap_or_default()
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        let hint = |text: &str| vec![text.to_owned()];
        match self {
            Self::Read { .. } => hint("name an existing, readable file or folder"),
            Self::NotText { .. } => hint("save the file as UTF-8"),
            Self::UnknownPolicy { nearest, known, .. } => {
                let mut hints = nearest_or_all(nearest.as_ref(), "shipped policies", known);
                hints.push("or give a folder that holds a `policy.toml`".to_owned());
                hints
            }
            Self::NoPolicyFile { .. } => hint("give the folder that holds the `policy.toml`"),
            Self::UnknownScenario { nearest, known, .. } => {
                nearest_or_all(nearest.as_ref(), "scenarios of this policy", known)
            }
            Self::ScenarioSpec { .. } => hint("write one name or file, or several as `A+B`"),
            Self::UnknownKey { nearest, known, .. } => {
                nearest_or_all(nearest.as_ref(), "known keys", known)
            }
            Self::MissingSection { section, keys, .. } => {
                vec![format!("add {section}; its keys are {}", words(keys))]
            }
            Self::MissingKey { path, .. } => no_default(path),
            Self::NoCite { .. } => hint(
                "add `clause = \"…\"` (article of the document) or, where it is silent, \
                 `reading = \"A..\"`",
            ),
            Self::DecimalNotText { path, value, .. } | Self::WrongDecimal { path, value, .. } => {
                decimal_hint(path, value)
            }
            Self::UnknownWord { value, allowed, .. } => {
                crate::explain::nearest(value, allowed.iter().copied())
                    .map(|word| format!("did you mean `{word}`?"))
                    .into_iter()
                    .collect()
            }
            Self::KeyWithoutMeaning { .. } => hint("remove the key"),
            Self::BandGap { .. } => hint("remove `up_to` from the last band, or add a band"),
            Self::BandOverlap { .. } | Self::BandClassOrder { .. } => {
                hint("list the bands from low to high, each ending above the one before it")
            }
            Self::BandWithoutEnd { .. } => hint("give it an `up_to`, or make it the last band"),
            Self::MissingFile { .. } => hint("put the file there, or correct its name"),
            Self::CannotRemove { .. } => hint("set another value instead"),
            Self::NoNormalBand { .. } => hint("add a band with `class = \"normal\"`"),
            Self::PointsWithoutScale { .. } => {
                hint("add `scale` (points of the mean case) to [weights]; A05 names no default")
            }
            Self::InstitutionBudget { .. } => hint("say `insutype`, or `one` for a single pool"),
            Self::NoFallbackGroup { .. } => {
                hint("remove it, or group by method `apg`, which has a `fallback`")
            }
            Self::WrongBase { .. } => {
                hint("name a scenario of this policy, or the policy it is for")
            }
            Self::UnknownPath { absent: Some(section), .. } => vec![format!(
                "the policy has no [{section}]; set `{section}` as a whole: \
                 value = {{ … }} with all its keys"
            )],
            Self::UnknownPath { nearest: Some(path), .. } => {
                vec![format!("did you mean `{path}`?")]
            }
            Self::UnknownPath { .. } => {
                hint("a path is section and key as in policy.toml, such as `sharing.surplus`")
            }
            Self::SetTwice { .. } => hint("keep one of the two changes"),
            Self::Drg(wrong) => wrong.hints(),
            Self::Composed { source, .. } => source.hints(),
            _ => Vec::new(),
        }
    }
}
