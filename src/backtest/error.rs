//! What can keep a backtest from running.

use chrono::NaiveDate;

use crate::explain::{Explain, Kind, nearest};
use crate::settlement::coefficient::CoefficientError;
use crate::units::UnitError;
use crate::warehouse::parquet::TableFileError;
use crate::{attribution, audit, cleared, history, policy, settlement, warehouse, weights};

/// An error of a backtest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The policy or a scenario.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// The kernel.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
    /// The statistics.
    #[error(transparent)]
    Statistics(#[from] weights::Error),
    /// The warehouse or the engine.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The grouping of the cases.
    #[error(transparent)]
    Grouping(#[from] history::Error),
    /// What table `institution` says.
    #[error(transparent)]
    Institution(#[from] CoefficientError),
    /// The audit.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// The file of the table `case`.
    #[error(transparent)]
    CaseFile(#[from] TableFileError),
    /// An amount.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// The official sheet of a cleared year.
    #[error(transparent)]
    Official(#[from] cleared::Error),
    /// Two settlements that cannot be compared.
    #[error(transparent)]
    Attribution(#[from] attribution::Error),
    /// A scenario named twice.
    #[error("scenario `{scenario}` is named twice")]
    Twice {
        /// Its name.
        scenario: String,
    },
    /// A scenario that changes the statistics behind the catalog.
    #[error("scenario `{scenario}` changes `weights`, which the catalog was computed with")]
    Weights {
        /// The specification as typed.
        scenario: String,
    },
    /// Points computed under other rules than those that would find and group the cases.
    #[error("scenario `{scenario}` and the catalog differ in `{section}`: its points do not fit")]
    OtherRules {
        /// Scenario, `baseline` for the policy itself.
        scenario: String,
        /// Section of the policy.
        section: String,
    },
    /// Sections of the policy that the settlement does not know yet.
    #[error(
        "{}: the settlement does not know {} yet",
        named(scenario),
        sections.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
    )]
    Unsettled {
        /// Scenario, `baseline` for the policy itself.
        scenario: String,
        /// The sections.
        sections: Vec<&'static str>,
    },
    /// Catalog and policy are of different systems.
    #[error("the catalog is of `{catalog}`, the policy is `{policy}`")]
    OtherSystem {
        /// System of the catalog.
        catalog: String,
        /// Id of the policy.
        policy: String,
    },
    /// The year settled is one of the catalog's own.
    #[error("{year} cannot be settled out of sample: the catalog knows cases of {newest}")]
    NotOutOfSample {
        /// Year asked for.
        year: u16,
        /// Newest year of the catalog.
        newest: u16,
    },
    /// A value dated after the catalog's cut-off.
    #[error(
        "scenario `{scenario}`: `{path}` is dated {from}, after the catalog's cut-off {cut_off}"
    )]
    FromTheFuture {
        /// Scenario, `baseline` for the policy itself.
        scenario: String,
        /// Path of the value.
        path: String,
        /// Its date.
        from: NaiveDate,
        /// Last day of the catalog's newest year.
        cut_off: NaiveDate,
    },
    /// No settlement of the year.
    #[error("the warehouse has no settlement of {year}")]
    NoYear {
        /// Year asked for.
        year: u16,
        /// Years there are.
        known: Vec<String>,
    },
    /// No case in scope.
    #[error("no settlement of {year} is in the policy's scope")]
    NoCases {
        /// Year asked for.
        year: u16,
    },
    /// No budget.
    #[error("there is no `{item}` for {year}")]
    NoBudget {
        /// Item of table `budget`, or key of the policy.
        item: String,
        /// Year settled.
        year: u16,
    },
    /// Two budgets for the same pool and period.
    #[error(
        "table `budget` has {versions} amounts of `{item}` for {year}, pool `{pool}`, period `{period}`"
    )]
    BudgetTwice {
        /// Item.
        item: String,
        /// Year.
        year: u16,
        /// Pool.
        pool: String,
        /// Period.
        period: String,
        /// How many.
        versions: i64,
    },
    /// A value of a dimension table that is not an amount or coefficient.
    #[error("table `{table}`: `{value}` of `{key}` is not {wanted}")]
    Value {
        /// Table.
        table: &'static str,
        /// Row.
        key: String,
        /// Value.
        value: String,
        /// What is allowed.
        wanted: &'static str,
    },
    /// Rows of a dimension table that say different things of one key.
    #[error("table `{table}`: {versions} rows of `{key}` disagree")]
    Disagree {
        /// Table.
        table: &'static str,
        /// What they are about.
        key: String,
        /// How many.
        versions: String,
    },
    /// A decision on a case that is none of the known kinds.
    #[error("table `special`: kind `{kind}` of `{setl_id}` is not known")]
    SpecialKind {
        /// The settlement decided on.
        setl_id: String,
        /// What stands there.
        kind: String,
    },
    /// An advance that is none of the known kinds.
    #[error("table `advance`: kind `{kind}` of `{institution}` is not known")]
    AdvanceKind {
        /// The institution.
        institution: String,
        /// What stands there.
        kind: String,
    },
    /// A row about an institution that is neither in table `institution` nor has a case.
    #[error(
        "table `{table}`: institution `{code}` is unknown: it is not in table `institution` and has \
         no case of the year"
    )]
    UnknownInstitution {
        /// Table.
        table: &'static str,
        /// Its code.
        code: String,
        /// A known code that is nearly the same.
        nearest: Option<String>,
    },
}

/// How messages call a scenario.
fn named(scenario: &str) -> String {
    if scenario == super::BASELINE {
        "the policy".to_owned()
    } else {
        format!("scenario `{scenario}`")
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Policy(err) => err.kind(),
            Self::Settlement(err) => err.kind(),
            Self::CaseFile(err) => err.kind(),
            Self::Statistics(err) => err.kind(),
            Self::Warehouse(err) => err.kind(),
            Self::Grouping(err) => err.kind(),
            Self::Official(err) => err.kind(),
            Self::Attribution(err) => err.kind(),
            Self::Institution(err) => err.kind(),
            Self::Audit(err) => err.kind(),
            _ => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Policy(err) => err.hints(),
            Self::Settlement(err) => err.hints(),
            Self::CaseFile(err) => err.hints(),
            Self::Statistics(err) => err.hints(),
            Self::Warehouse(err) => err.hints(),
            Self::Grouping(err) => err.hints(),
            Self::Official(err) => err.hints(),
            Self::Attribution(err) => err.hints(),
            Self::Institution(err) => err.hints(),
            Self::Audit(err) => err.hints(),
            Self::Weights { scenario } => vec![format!(
                "build another catalog with `dianshu catalog build … --scenario {scenario}` and \
                 replay that one"
            )],
            Self::OtherRules { scenario, .. } => vec![if scenario == super::BASELINE {
                "build the catalog again under this policy: `dianshu catalog build`".to_owned()
            } else {
                format!(
                    "build a catalog with `dianshu catalog build … --scenario {scenario}` and replay \
                     that one under the same policy"
                )
            }],
            Self::Unsettled { .. } => vec![
                "catalogs of this policy can be built, shown and compared; without these sections \
                 every institution's money would be wrong"
                    .to_owned(),
            ],
            Self::OtherSystem { catalog, .. } => {
                vec![format!("pass `--policy {catalog}`, or another catalog")]
            }
            Self::NotOutOfSample { newest, .. } => {
                vec![format!("settle a year after {newest}, or build a catalog from earlier years")]
            }
            Self::FromTheFuture { .. } => vec![
                "a backtest may use only what was known when the catalog was made: give the value \
                 a date on or before the cut-off, or build the catalog from later years"
                    .to_owned(),
            ],
            Self::NoYear { known, .. } if known.is_empty() => {
                vec!["load settlements first: `dianshu ingest PATH…`".to_owned()]
            }
            Self::NoYear { known, .. } => {
                vec![format!("there are settlements of {}", known.join(", "))]
            }
            Self::NoCases { .. } => vec![
                "compare `[scope]` of the policy with `insutype`, `med_type` and `dise_codg` of \
                 the settlements: `dianshu check` shows them"
                    .to_owned(),
            ],
            Self::NoBudget { item, year } => vec![format!(
                "load a table `budget` with a row year={year}, item={item}, amount in yuan, or \
                 state `budget.amount` in a scenario"
            )],
            Self::BudgetTwice { .. } => {
                vec![
                    "state the amount that counts as `budget.amount` in a scenario, or load the \
                     budgets into a new warehouse, each once"
                        .to_owned(),
                ]
            }
            _ => self.hints_of_tables(),
        }
    }
}

impl Error {
    /// What to try where a dimension table says what cannot be meant.
    fn hints_of_tables(&self) -> Vec<String> {
        match self {
            Self::Disagree { table, .. } => vec![format!(
                "keep one row of it and load the table `{table}` into a new warehouse"
            )],
            Self::SpecialKind { kind, .. } => kinds(kind, &["points", "item", "add", "refused"]),
            Self::AdvanceKind { kind, .. } => kinds(kind, &["monthly", "working_capital"]),
            Self::UnknownInstitution { nearest: Some(code), .. } => {
                vec![format!("did you mean `{code}`?")]
            }
            Self::UnknownInstitution { table, .. } => vec![format!(
                "correct `fixmedins_code` in `{table}`, or load the institution's row of table \
                 `institution`"
            )],
            _ => Vec::new(),
        }
    }
}

/// The words allowed, the nearest first.
fn kinds(word: &str, known: &[&str]) -> Vec<String> {
    let allowed = format!("allowed are `{}`", known.join("`, `"));
    let meant = nearest(word, known.iter().copied());
    meant.map(|meant| format!("did you mean `{meant}`?")).into_iter().chain([allowed]).collect()
}
