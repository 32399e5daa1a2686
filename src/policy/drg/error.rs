//! What can be wrong with the definition tables of a DRG grouper, beyond a single cell.

use crate::explain::nearest;

/// Definition tables that cannot be used: file, line, which rule, what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrgError {
    /// A name that stands for no list, MDC or ADRG.
    #[error("`{file}` line {line}: column `{column}` names {what} `{name}`, which is not defined")]
    Unknown {
        /// The file.
        file: String,
        /// Line of the name.
        line: u64,
        /// Its column.
        column: &'static str,
        /// `list`, `MDC` or `ADRG`.
        what: &'static str,
        /// As written.
        name: String,
        /// The nearest that is defined.
        nearest: Option<String>,
    },
    /// The list of significant operations is not there.
    #[error("`grouping.drg.significant` names list `{name}`, which `{file}` does not define")]
    Significant {
        /// The file of the operations.
        file: String,
        /// As written.
        name: String,
        /// The nearest that is defined.
        nearest: Option<String>,
    },
    /// Lists that include each other.
    #[error("`{file}` line {line}: list `{}` includes itself: {}", way[0], way.join(" → "))]
    Cycle {
        /// The file.
        file: String,
        /// Line of the include that closes the circle.
        line: u64,
        /// From the list back to itself.
        way: Vec<String>,
    },
    /// A list whose codes decide nothing.
    #[error("`{file}` line {line}: list `{name}` is used by no rule and no other list")]
    UnusedList {
        /// The file.
        file: String,
        /// Line of its first row.
        line: u64,
        /// The list.
        name: String,
    },
    /// A rule without any condition, or with a condition that no case meets.
    #[error("`{file}` line {line}: rule for `{code}` {problem}")]
    Rule {
        /// The file.
        file: String,
        /// Line of the rule.
        line: u64,
        /// MDC or ADRG.
        code: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A rule that no case reaches.
    #[error(
        "`{file}` line {line}: rule for `{code}` is never reached: \
         every case it means already falls under line {earlier_line} (`{earlier}`)"
    )]
    Unreachable {
        /// The file.
        file: String,
        /// Line of the rule.
        line: u64,
        /// What it would give.
        code: String,
        /// Line of the rule that covers it.
        earlier_line: u64,
        /// What that rule gives.
        earlier: String,
    },
    /// A main diagnosis in two MDCs.
    #[error(
        "`{file}` line {line}: diagnosis `{diagnosis}` is in `{mdc}` and, \
         by line {earlier_line}, in `{earlier}`"
    )]
    TwoMdcs {
        /// The file.
        file: String,
        /// Line of the second MDC.
        line: u64,
        /// A code or beginning they share.
        diagnosis: String,
        /// The second MDC.
        mdc: String,
        /// Line of the first MDC.
        earlier_line: u64,
        /// The first MDC.
        earlier: String,
    },
    /// A code used twice where it stands for one thing.
    #[error("`{file}` line {line}: `{code}` is there twice, the first at line {first_line}")]
    Twice {
        /// The file.
        file: String,
        /// Line of the second.
        line: u64,
        /// The code.
        code: String,
        /// Line of the first.
        first_line: u64,
    },
    /// An MDC or ADRG without rows below it.
    #[error("`{file}` line {line}: {what} `{code}` has no {below}")]
    Childless {
        /// The file of its rule.
        file: String,
        /// Line of its rule.
        line: u64,
        /// `MDC` or `ADRG`.
        what: &'static str,
        /// Its code.
        code: String,
        /// `ADRG` or `DRG`.
        below: &'static str,
    },
    /// A level no DRG stands for.
    #[error("`{file}`: ADRG `{adrg}` has no DRG for level `{level}`")]
    LevelMissing {
        /// The file of the DRGs.
        file: String,
        /// The ADRG.
        adrg: String,
        /// The level.
        level: &'static str,
    },
    /// Two DRGs for one level.
    #[error(
        "`{file}` line {line}: ADRG `{adrg}` has a second DRG for level `{level}`, \
         the first at line {first_line}"
    )]
    LevelTwice {
        /// The file of the DRGs.
        file: String,
        /// Line of the second.
        line: u64,
        /// The ADRG.
        adrg: String,
        /// The level.
        level: &'static str,
        /// Line of the first.
        first_line: u64,
    },
    /// An ADRG that has one code in two MDCs or under two names.
    #[error("`{file}` line {line}: `{code}` differs in {column} from line {first_line}")]
    Differs {
        /// The file.
        file: String,
        /// Line of the second row.
        line: u64,
        /// MDC or ADRG.
        code: String,
        /// The column that differs.
        column: &'static str,
        /// Line of the first row.
        first_line: u64,
    },
}

impl DrgError {
    /// What to try next.
    pub(crate) fn hints(&self) -> Vec<String> {
        let hint = |text: &str| vec![text.to_owned()];
        match self {
            Self::Unknown { nearest: Some(name), .. }
            | Self::Significant { nearest: Some(name), .. } => {
                vec![format!("did you mean `{name}`?")]
            }
            Self::Unknown { .. } | Self::Significant { .. } => {
                hint("define it, or correct the name")
            }
            Self::Cycle { .. } => hint("remove one of these includes"),
            Self::UnusedList { .. } => hint("name it in a rule, or remove it"),
            Self::Unreachable { .. } => {
                hint("move the rule up, narrow the earlier one, or remove it")
            }
            Self::TwoMdcs { .. } => hint(
                "keep the code in one MDC, tell them apart by `gend`, or put one rule into \
                 stage `pre`, where declared order decides",
            ),
            Self::LevelMissing { .. } => {
                hint("add a row for the level, or one row with levels `any`")
            }
            _ => Vec::new(),
        }
    }

    /// The error of an unknown name.
    pub(super) fn unknown<'a>(
        (file, line): (&str, u64),
        column: &'static str,
        (what, name): (&'static str, &str),
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::Unknown {
            file: file.to_owned(),
            line,
            column,
            what,
            name: name.to_owned(),
            nearest: nearest(name, known).map(str::to_owned),
        }
    }
}
