//! Why a catalog cannot be written, read or applied.

use std::io;
use std::path::PathBuf;

use crate::explain::{Explain, Kind};

/// A catalog folder that cannot be written or read. Writing changes nothing when it fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system said no.
    #[error("cannot {step} `{}`", path.display())]
    Io {
        /// What was tried: `read`, `write`, `create`, `rename`, `flush`, `list`, `protect`, `remove`.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A path without a last part, such as `/` or `..`.
    #[error("`{}` is not a name for a catalog folder", path.display())]
    Target {
        /// The path.
        path: PathBuf,
    },
    /// The target is used for something else.
    #[error("`{}` exists and is not a catalog", path.display())]
    NotACatalog {
        /// The path.
        path: PathBuf,
    },
    /// The target catalog may not be replaced any more.
    #[error("catalog `{}` is {state}; only a draft can be replaced", path.display())]
    NotADraft {
        /// The path.
        path: PathBuf,
        /// Its state.
        state: &'static str,
    },
    /// The old catalog waits beside: the program was stopped between two renames.
    #[error("catalog `{}` is not there: a step was broken off", path.display())]
    BrokenOff {
        /// The path.
        path: PathBuf,
        /// Where the catalog lies, whole.
        copy: PathBuf,
    },
    /// The user stands in the folder that would be replaced.
    #[error("you are in the catalog folder `{}`, which would be replaced", path.display())]
    Inside {
        /// The path.
        path: PathBuf,
    },
    /// Another program changes the catalog.
    #[error("somebody else is changing catalog `{}` right now", path.display())]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// The target draft holds overrides or reviews.
    #[error("catalog `{}` was corrected or reviewed; building over it would lose that", path.display())]
    Signed {
        /// The path.
        path: PathBuf,
    },
    /// The target catalog folder holds a file that replacing it would lose.
    #[error("catalog `{}` holds `{file}`, which is not part of it", path.display())]
    ForeignFile {
        /// The path.
        path: PathBuf,
        /// The file.
        file: String,
    },
    /// An added file whose name is no plain name, or one of the catalog's own.
    #[error("`{name}` cannot be added to a catalog: it must be a plain file name not in use")]
    FileName {
        /// The name.
        name: String,
    },
    /// A further table whose name is not plain, or taken.
    #[error(
        "`{name}` cannot be a table of a catalog: it must be small letters, digits and `_`, and not in use"
    )]
    TableName {
        /// The name.
        name: String,
    },
    /// A further table without columns, or with two of one name.
    #[error("table `{table}`: column `{column}` must have a name of its own")]
    TableColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A type that no column has.
    #[error(
        "`catalog.toml`: column `{column}` of table `{table}` has type `{found}`; it must be `text`, \
         `whole`, `decimal(N)` or `float`"
    )]
    TableType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type; empty where there is none.
        found: String,
    },
    /// No such further table.
    #[error("the catalog has no table `{table}`")]
    NoTable {
        /// The table asked for.
        table: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A number that its column cannot hold.
    #[error("{what}: {value} has more than {places} decimal places")]
    Places {
        /// Column and row.
        what: String,
        /// The number.
        value: String,
        /// Places of the column.
        places: u32,
    },
    /// A list with more or fewer entries than there are years.
    #[error("{what}: {found} yearly values for {years} statistics years")]
    Yearly {
        /// Column and row.
        what: String,
        /// Values found.
        found: usize,
        /// Statistics years.
        years: usize,
    },
    /// No `catalog.toml`.
    #[error("`{}` is not a catalog: it has no `catalog.toml`", path.display())]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },
    /// `catalog.toml` is not what a catalog has there.
    #[error("cannot understand `{}`", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A value of `catalog.toml` that is not allowed.
    #[error("`{}`: `{key}` is `{value}`; it must be {allowed}", path.display())]
    ManifestValue {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A file of the catalog is gone.
    #[error("catalog `{}` lacks its file `{file}`", path.display())]
    FileMissing {
        /// The folder.
        path: PathBuf,
        /// The file.
        file: String,
    },
    /// A digest does not match.
    #[error("catalog `{}` was changed after it was built: `{file}`", path.display())]
    Changed {
        /// The folder.
        path: PathBuf,
        /// The file that differs.
        file: String,
    },
    /// Bytes that are not UTF-8, or a record with the wrong number of fields.
    #[error("cannot read `{file}` as CSV")]
    Csv {
        /// The file.
        file: String,
        /// Where and why.
        source: csv::Error,
    },
    /// A column no catalog has there.
    #[error("`{file}` line 1: unknown column `{column}`")]
    UnknownColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The nearest known one.
        nearest: Option<String>,
    },
    /// A column every catalog has there, or in another place.
    #[error("`{file}` line 1: column `{column}` is missing or not in its place")]
    MissingColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// A cell that is not what its column holds.
    #[error("`{file}` line {line}, column `{column}`: `{value}` is not {allowed}")]
    Cell {
        /// The file.
        file: String,
        /// Line, the header being 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A step that a catalog in this state does not take.
    #[error("catalog `{}` is {state}; {step} needs {needed}", path.display())]
    Step {
        /// The folder.
        path: PathBuf,
        /// Its state.
        state: &'static str,
        /// What was to be done.
        step: &'static str,
        /// What it would have to be.
        needed: &'static str,
    },
    /// Gates that say no.
    #[error("catalog `{}` does not pass: {step} is refused; {}", path.display(), failed.join("; "))]
    GatesFail {
        /// The folder.
        path: PathBuf,
        /// What was to be done.
        step: &'static str,
        /// The gates, each with value and limit.
        failed: Vec<String>,
    },
    /// A trial that shows nothing.
    #[error("a trial needs table `impact`: what every institution would gain or lose")]
    TrialWithoutImpact,
    /// The second review by the same person.
    #[error("catalog `{}` was reviewed by `{by}` already", path.display())]
    SameReviewer {
        /// The folder.
        path: PathBuf,
        /// The reviewer.
        by: String,
    },
    /// A signature that says too little.
    #[error("`{value}` is not {allowed}")]
    Signature {
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// No such group.
    #[error("the catalog has no group `{group}`")]
    Group {
        /// The group asked for.
        group: String,
        /// The nearest one there is.
        nearest: Option<String>,
    },
    /// Overrides of groups that the new catalog does not have.
    #[error(
        "catalog `{}` overrides groups that `{}` does not have: `{}`",
        from.display(),
        path.display(),
        groups.join("`, `")
    )]
    CarriedGroups {
        /// The catalog with the overrides.
        from: PathBuf,
        /// The catalog that was to take them.
        path: PathBuf,
        /// All of these groups, ascending.
        groups: Vec<String>,
    },
    /// Groups whose points were set in the new catalog too.
    #[error("catalog `{}` overrides these groups itself, otherwise: `{}`", path.display(), groups.join("`, `"))]
    Overridden {
        /// The catalog that was to take them.
        path: PathBuf,
        /// All of these groups, ascending.
        groups: Vec<String>,
    },
    /// A group to leave out that is not overridden.
    #[error("catalog `{}` has no override of group `{group}`", from.display())]
    NoOverride {
        /// The catalog with the overrides.
        from: PathBuf,
        /// The group.
        group: String,
    },
    /// Nothing to carry over.
    #[error("catalog `{}` has no override that would change a group", from.display())]
    NothingToCarry {
        /// The catalog with the overrides.
        from: PathBuf,
    },
    /// Points that are in force already.
    #[error("group `{group}` has {points} points already")]
    SamePoints {
        /// The group.
        group: String,
        /// Its points.
        points: rust_decimal::Decimal,
    },
    /// A sum that leaves 64 bits of fen, or a catalog without the line it is taken from.
    #[error("the money that {points} points of group `{group}` would move cannot be computed")]
    OverrideMoney {
        /// The group.
        group: String,
        /// The points.
        points: rust_decimal::Decimal,
    },
    /// A system of prices.
    #[error("catalog `{}` has prices, not points", path.display())]
    NoPoints {
        /// The folder.
        path: PathBuf,
    },
    /// Points that the column cannot hold.
    #[error("{value} points: they must be 0 or more, with at most {places} decimal places")]
    Points {
        /// What was given.
        value: rust_decimal::Decimal,
        /// Places of the catalog.
        places: u32,
    },
    /// Nothing to compare with.
    #[error("`{section}` compares with the last catalog, and none is named")]
    LastMissing {
        /// The section of the policy.
        section: &'static str,
    },
    /// Points that cannot be compared.
    #[error("the last catalog has {what} `{last}`, this one `{own}`: their points do not compare")]
    LastDiffers {
        /// `system`, `scale` or `places`.
        what: &'static str,
        /// Of the last one.
        last: String,
        /// Of this one.
        own: String,
    },
    /// Caps that leave no room.
    #[error(
        "the total of {target} points cannot be held: the caps of `weights.change_cap` leave {reach} at {end}"
    )]
    HoldOutOfReach {
        /// What was to be held.
        target: rust_decimal::Decimal,
        /// The nearest total they leave.
        reach: rust_decimal::Decimal,
        /// `least` or `most`.
        end: &'static str,
    },
    /// An identity without its first line, or beyond 28 digits.
    #[error("the catalog's identity cannot be stated for other points")]
    IdentityLost,
    /// A number beyond the range of the numbers that carry it.
    #[error("{what} is too large to be computed exactly")]
    Overflow {
        /// Which number.
        what: String,
    },
    /// A crosswalk of other catalogs.
    #[error("the crosswalk is of other catalogs: they have `{group}` not, or with other points")]
    OtherCrosswalk {
        /// The first group that does not fit.
        group: String,
    },
    /// A difference that was made from other groups.
    #[error("the difference does not fit these groups: `{group}` {found}")]
    Apply {
        /// The group.
        group: String,
        /// How it is there.
        found: &'static str,
    },
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Io { step: "read", .. } => "name an existing catalog folder you may read",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space, or name a folder on another disk"
            }
            Self::Io { .. } => "name a folder you may write to",
            Self::NotACatalog { .. } | Self::Target { .. } => "name a new or empty folder",
            Self::BrokenOff { path, copy } => {
                return vec![format!(
                    "rename `{}` back to `{}`: it is the catalog as it was before",
                    copy.display(),
                    path.display()
                )];
            }
            Self::Inside { .. } => "go to the folder above it and name it from there",
            Self::Busy { .. } => "try again when that has ended",
            Self::Signed { .. } => {
                "build the new catalog into another folder; `dianshu catalog history` shows what was done"
            }
            Self::NotADraft { .. } => "build the new catalog into another folder",
            Self::ForeignFile { .. } => "move that file elsewhere, or name another folder",
            Self::NoManifest { .. } => "name the folder `dianshu catalog build` wrote with `--out`",
            Self::Manifest { .. } | Self::Changed { .. } | Self::FileMissing { .. } => {
                "build the catalog again, or restore the folder from its copy"
            }
            Self::UnknownColumn { nearest: Some(nearest), .. } => {
                return vec![format!("did you mean `{nearest}`?")];
            }
            Self::Step { state: "draft", .. } => {
                "show first what it moves: `dianshu catalog trial DIR --last … --by … --on … --why …`"
            }
            Self::Step { state: "trial", .. } => {
                "have two people review it: `dianshu catalog review DIR --by … --on … --why …`"
            }
            Self::GatesFail { .. } => {
                "`dianshu catalog gates DIR` lists all of them; the limits are `[gates]` of the policy"
            }
            Self::Step { state: "reviewed", step: "a review", .. } => {
                "it has its two reviews: `dianshu catalog publish DIR --by … --on … --why …`"
            }
            Self::Step { .. } => "it stays as it is; build a new draft into another folder",
            Self::SamePoints { .. } => "name other points; the computed ones take an override back",
            Self::SameReviewer { .. } => "a second person has to review it (E19)",
            Self::Group { nearest: Some(nearest), .. } => {
                return vec![format!("did you mean `{nearest}`?")];
            }
            Self::NoTable { known, .. } if known.is_empty() => "it has no further tables",
            Self::NoTable { known, .. } => {
                return vec![format!("its tables are `{}`", known.join("`, `"))];
            }
            Self::LastMissing { .. } => {
                "name it with `--last DIR`, or remove the section in a scenario"
            }
            Self::LastDiffers { .. } => "name the catalog before this one, of the same system",
            Self::HoldOutOfReach { .. } => "widen `up` or `down`, or hold `none` in a scenario",
            Self::OtherCrosswalk { .. } => {
                "make it anew: `dianshu catalog crosswalk OLD NEW --years … --out FILE`"
            }
            Self::NoPoints { .. } => "change the price in the policy, with its clause",
            Self::Apply { .. } => "make the difference from the groups it is applied to",
            _ => return self.hints_of_carrying(),
        };
        vec![hint.to_owned()]
    }
}

impl Error {
    fn hints_of_carrying(&self) -> Vec<String> {
        match self {
            Self::CarriedGroups { groups, .. } | Self::Overridden { groups, .. } => {
                vec![format!("leave them out with `--except {}`", groups.join(","))]
            }
            Self::NoOverride { .. } | Self::NothingToCarry { .. } => {
                vec!["`dianshu catalog history DIR` lists the overrides of a catalog".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
