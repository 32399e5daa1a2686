//! The sum of all errors a command can end with.

use std::io;
use std::path::PathBuf;

use crate::explain::{Explain, Kind};
use crate::period::YearsError;
use crate::units::UnitError;
use crate::warehouse::parquet::TableFileError;
use crate::warehouse::relation::RelationError;
use crate::warehouse::store;
use crate::{
    audit, backtest, catalog, history, intake, policy, report, settlement, synth, trail, warehouse,
    weights,
};

/// An error of any module, or of the command line itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The policy.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The engine or a model.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The tables on disk.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Loading.
    #[error(transparent)]
    Intake(#[from] intake::Error),
    /// The grouping of the cases.
    #[error(transparent)]
    History(#[from] history::Error),
    /// The statistics.
    #[error(transparent)]
    Weights(#[from] weights::Error),
    /// The replay.
    #[error(transparent)]
    Backtest(#[from] backtest::Error),
    /// The settlement.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
    /// An explanation.
    #[error(transparent)]
    Trail(#[from] trail::Error),
    /// The audit of a policy.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// A run on disk.
    #[error(transparent)]
    Run(#[from] backtest::manifest::RunError),
    /// The report.
    #[error(transparent)]
    Report(#[from] report::Error),
    /// The synthetic city.
    #[error(transparent)]
    Synth(#[from] synth::Error),
    /// A result table on disk.
    #[error(transparent)]
    Table(#[from] TableFileError),
    /// A result that is no table.
    #[error(transparent)]
    Relation(#[from] RelationError),
    /// An amount.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// A year without settlements.
    #[error("the warehouse has no settlement of {year}")]
    YearMissing {
        /// Asked for.
        year: u16,
        /// There are.
        known: Vec<i32>,
    },
    /// A warehouse without settlements.
    #[error("nothing is loaded yet")]
    NothingLoaded,
    /// A policy that looks into no behaviour, or no year to look at.
    #[error("no visits were looked into (Y35)")]
    NoBehaviour,
    /// A check nobody wrote.
    #[error("there is no check `{check}`")]
    UnknownCheck {
        /// Asked for.
        check: String,
        /// Nearest known one.
        nearest: Option<String>,
    },
    /// A group the catalog does not have.
    #[error("the catalog has no group `{group}`")]
    UnknownGroup {
        /// Asked for.
        group: String,
        /// Nearest known one.
        nearest: Option<String>,
    },
    /// An institution that no settlement has.
    #[error("no institution `{institution}` is paid or was paid")]
    UnknownInstitution {
        /// Asked for.
        institution: String,
        /// Nearest known one.
        nearest: Option<String>,
    },
    /// A catalog and a warehouse that do not belong together.
    #[error("the claims of group `{group}` are not those catalog `{}` was built from", catalog.display())]
    OtherClaims {
        /// The catalog.
        catalog: PathBuf,
        /// The group.
        group: String,
    },
    /// A question about prices of one pass to a policy that computes them to a fixed point.
    #[error(
        "`dianshu catalog {command}` prices fees as they are; `{policy}` prices fees ÷ coefficient \
         (`coefficient.passes = \"fixed_point\"`), and the answer would be of other prices"
    )]
    FixedPoint {
        /// The command.
        command: &'static str,
        /// Id of the policy.
        policy: String,
    },
    /// A price to compare with that is of another kind.
    #[error("catalog `{}` is of another system or scale", catalog.display())]
    OtherScale {
        /// The catalog before.
        catalog: PathBuf,
    },
    /// A folder that holds something else.
    #[error("`{}` holds `{file}`, which is no table of a grid", path.display())]
    GridFolder {
        /// The folder.
        path: PathBuf,
        /// The first file that does not belong there.
        file: String,
    },
    /// An axis that is no key with values.
    #[error("axis `{axis}` is none; allowed is KEY=V,V with a key of {}", known.join(", "))]
    GridAxis {
        /// As written.
        axis: String,
        /// Keys there are.
        known: Vec<&'static str>,
    },
    /// One method twice.
    #[error("method `{method}` stands twice among the choices")]
    GridTwice {
        /// The method.
        method: String,
    },
    /// A scenario of a grid that changes more than the method.
    #[error(
        "scenario `{scenario}` changes `{section}`; a grid prices the same cases, so only `weights` may change"
    )]
    GridSection {
        /// The scenario.
        scenario: String,
        /// The section it changes.
        section: String,
    },
    /// A grid nobody can read.
    #[error("these choices make {count} methods; at most {most} are compared at once")]
    GridSize {
        /// Methods asked for.
        count: usize,
        /// Methods allowed.
        most: usize,
    },
    /// A folder that cannot be made or written.
    #[error("cannot write into `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A workbook that cannot be made.
    #[error("cannot make the workbook `{}`", path.display())]
    WorkbookWrite {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rust_xlsxwriter::XlsxError,
    },
    /// A file that is no workbook.
    #[error("`{}` cannot be read as a workbook (XLSX)", path.display())]
    WorkbookRead {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<calamine::XlsxError>,
    },
    /// A cell of an official table that is not what was typed.
    #[error(
        "`{}`, sheet `{sheet}`, row {row}, column {letter} (`{column}`): `{value}` is no text; \
         codes and names are text",
        path.display()
    )]
    SheetCell {
        /// The workbook.
        path: PathBuf,
        /// The sheet.
        sheet: String,
        /// Row of the sheet, from 1.
        row: u64,
        /// Letter of the column.
        letter: String,
        /// Its name in the header.
        column: String,
        /// What stands there.
        value: String,
    },
    /// Cells of an edited workbook.
    #[error("`{}` has {cells} cells that cannot be taken; nothing was changed", path.display())]
    BadCells {
        /// The workbook.
        path: PathBuf,
        /// How many.
        cells: usize,
    },
    /// Changed values, and no file for them.
    #[error("`{}` changes values of the policy, and no file for them is named", path.display())]
    NoScenarioFile {
        /// The workbook.
        path: PathBuf,
    },
    /// A folder of the demo that holds something else.
    #[error("`{}` exists and was not made by `dianshu demo`", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A summary that is no JSON.
    #[error("cannot write the summary as JSON")]
    Json {
        /// Why not.
        source: serde_json::Error,
    },
    /// Two groupings that cannot be compared.
    #[error(transparent)]
    Compare(#[from] crate::grouper::compare::Error),
    /// Official tables that cannot be used.
    #[error(transparent)]
    GroupImport(#[from] crate::grouper::drg::import::ImportError),
    /// A case that is not there.
    #[error("no case of these years has the settlement `{setl_id}`")]
    UnknownCase {
        /// Asked for.
        setl_id: String,
        /// Nearest known one.
        nearest: Option<String>,
    },
    /// A settlement that is not there.
    #[error("the warehouse has no settlement `{setl_id}` in {year}")]
    UnknownSettlement {
        /// Asked for.
        setl_id: String,
        /// The year settled.
        year: u16,
        /// Nearest known one.
        nearest: Option<String>,
    },
    /// An institution that is paid nothing.
    #[error("no pool of {year} has the institution `{code}`")]
    NotPaid {
        /// Asked for.
        code: String,
        /// The year settled.
        year: u16,
        /// Nearest known one.
        nearest: Option<String>,
    },
    /// A folder that holds something else.
    #[error("`{}` holds `{file}`, which is no table of this command", path.display())]
    GroupFolder {
        /// The folder.
        path: PathBuf,
        /// The first file that does not belong there.
        file: String,
    },
    /// A CSV file of a grouping that cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
    GroupFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: csv::Error,
    },
    /// The embedded plan of the demos.
    #[error("the plan of the demos cannot be read")]
    Demos {
        /// Why not.
        source: toml::de::Error,
    },
    /// A system without a demo.
    #[error("there is no demo of `{system}`")]
    NoDemo {
        /// Asked for.
        system: String,
        /// Systems with a demo.
        known: Vec<String>,
    },
    /// Years.
    #[error(transparent)]
    Years(#[from] YearsError),
    /// stdout cannot be written.
    #[error("cannot write to stdout")]
    Stdout {
        /// Why not.
        source: io::Error,
    },
    /// The reader of stdout went away: success.
    #[error("stdout was closed")]
    ClosedPipe,
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match (self, self.inner()) {
            (Self::Demos { .. } | Self::Json { .. }, _) => Kind::Internal,
            (_, Some(inner)) => inner.kind(),
            (_, None) => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        if let Some(inner) = self.inner() {
            return inner.hints();
        }
        if let Some(hint) = self.workbook_hint() {
            return vec![hint.to_owned()];
        }
        match self {
            Self::OtherClaims { .. } => vec![
                "name its warehouse with `--warehouse`, or build the catalog again from this one"
                    .to_owned(),
            ],
            Self::FixedPoint { .. } => vec![
                "ask it of one pass: set `coefficient.passes` to `one` in the policy or a scenario, and \
                 build that catalog into another folder"
                    .to_owned(),
            ],
            Self::GridSection { .. } => vec![
                "build a catalog with it and compare: `dianshu catalog build … --scenario S`, \
                 `dianshu catalog diff A B`"
                    .to_owned(),
            ],
            Self::OtherScale { .. } => {
                vec!["name last year's catalog of the same system".to_owned()]
            }
            Self::GridAxis { .. } => {
                vec!["for example `--axis centre=median,geometric`".to_owned()]
            }
            Self::GroupImport(err) => vec![err.hint()],
            Self::UnknownCase { .. }
            | Self::UnknownSettlement { .. }
            | Self::NotPaid { .. } => vec![self.unknown_hint()],
            Self::GridFolder { .. } | Self::GroupFolder { .. } => {
                vec!["name a new or empty folder".to_owned()]
            }
            Self::GridTwice { .. } => {
                vec!["name each scenario once within all `--over`".to_owned()]
            }
            Self::GridSize { .. } => vec!["leave out a choice, or a scenario".to_owned()],
            Self::YearMissing { known, .. } if known.is_empty() => Self::NothingLoaded.hints(),
            Self::YearMissing { known, .. } => {
                let known: Vec<String> = known.iter().map(i32::to_string).collect();
                vec![format!("there are settlements of {}", known.join(", "))]
            }
            Self::NothingLoaded => {
                vec!["load settlements first: `dianshu ingest PATH… --warehouse DIR`".to_owned()]
            }
            Self::NoBehaviour => vec![
                "give the policy a section `[behaviour]`, and the command `--year` and `--catalog`"
                    .to_owned(),
            ],
            Self::UnknownCheck { nearest: Some(nearest), .. }
            | Self::UnknownInstitution { nearest: Some(nearest), .. }
            | Self::UnknownGroup { nearest: Some(nearest), .. } => {
                vec![format!("did you mean `{nearest}`?")]
            }
            Self::UnknownCheck { .. } => vec!["`dianshu check` lists all checks".to_owned()],
            Self::UnknownGroup { .. } => {
                vec!["`dianshu catalog show DIR` lists all groups".to_owned()]
            }
            Self::Folder { .. } => {
                vec!["check that the folder exists, can be written to and has space".to_owned()]
            }
            Self::NoDemo { known, .. } => vec![format!("there are {}", known.join(", "))],
            Self::Foreign { .. } => vec!["name another folder with `--dir`".to_owned()],
            _ => Vec::new(),
        }
    }
}

impl Error {
    /// The nearest known name, or where names are found.
    fn unknown_hint(&self) -> String {
        let (nearest, where_else) = match self {
            Self::UnknownSettlement { nearest, .. } => (
                nearest,
                "name the year of its case with `--year`: that of `setl_time`, or of `endtime` where the policy \
                 dates cases by it",
            ),
            Self::NotPaid { nearest, .. } => {
                (nearest, "only institutions with cases in scope, or a deduction, are paid")
            }
            Self::UnknownCase { nearest, .. } => (
                nearest,
                "a stay of several settlements is known by the last; it may be out of scope",
            ),
            _ => (&None, ""),
        };
        let did_you_mean = |nearest: &String| format!("did you mean `{nearest}`?");
        nearest.as_ref().map_or_else(|| where_else.to_owned(), did_you_mean)
    }

    fn workbook_hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::File { .. } => {
                "check that the file is there, or is new and its folder can be written to"
            }
            Self::WorkbookRead { .. } => {
                "save it as XLSX; for parameters take the one that `dianshu catalog export` wrote"
            }
            Self::SheetCell { .. } => {
                "a number has lost its zeros: format the column as text and type the code again"
            }
            Self::BadCells { .. } => {
                "they are listed with sheet, row and column; correct them and import again"
            }
            Self::NoScenarioFile { .. } => "name a new scenario file with `--scenario FILE`",
            _ => return None,
        })
    }

    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            Self::Policy(err) => err,
            Self::Catalog(err) => err,
            Self::Warehouse(err) => err,
            Self::Store(err) => err,
            Self::Intake(err) => err,
            Self::History(err) => err,
            Self::Weights(err) => err,
            Self::Backtest(err) => err,
            Self::Settlement(err) => err,
            Self::Trail(err) => err,
            Self::Audit(err) => err,
            Self::Run(err) => err,
            Self::Report(err) => err,
            Self::Synth(err) => err,
            Self::Table(err) => err,
            Self::Relation(err) => err,
            Self::Unit(err) => err,
            Self::Years(err) => err,
            _ => return None,
        })
    }
}
