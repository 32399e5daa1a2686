//! Why an official sheet cannot be compared.

use crate::explain::{Explain, Kind};
use crate::settlement;

/// Why a sheet is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No sheet of the year.
    #[error("table `cleared` has no rows of {year}")]
    NoSheet {
        /// The year.
        year: u16,
        /// Years it has.
        known: Vec<u16>,
    },
    /// An item that has no meaning here.
    #[error("table `cleared`, {year}: `{item}` of `{institution}` is not an item")]
    UnknownItem {
        /// The year.
        year: u16,
        /// The institution.
        institution: String,
        /// As written.
        item: String,
        /// The nearest item there is.
        nearest: Option<String>,
    },
    /// Two amounts for one thing.
    #[error(
        "table `cleared`, {year}: `{item}` of `{institution}` in pool `{pool}` is {first} and {second}"
    )]
    Twice {
        /// The year.
        year: u16,
        /// The pool.
        pool: String,
        /// The institution; empty for the pool.
        institution: String,
        /// The item.
        item: &'static str,
        /// One amount.
        first: String,
        /// The other.
        second: String,
    },
    /// An amount that is no money, or no whole number.
    #[error("table `cleared`, {year}: `{item}` of `{institution}` is {value}; wanted {wanted}")]
    Value {
        /// The year.
        year: u16,
        /// The institution; empty for the pool.
        institution: String,
        /// The item.
        item: String,
        /// As written.
        value: String,
        /// What may stand there.
        wanted: &'static str,
    },
    /// An institution without a paid amount.
    #[error("table `cleared`, {year}: institution `{institution}` in pool `{pool}` has no `paid`")]
    NoPaid {
        /// The year.
        year: u16,
        /// The pool.
        pool: String,
        /// The institution.
        institution: String,
    },
    /// One case twice.
    #[error("table `cleared_case`, {year}: settlement `{setl_id}` stands there more than once")]
    CaseTwice {
        /// The year.
        year: u16,
        /// The settlement.
        setl_id: String,
    },
    /// A case that does not say what it counts for.
    #[error("table `cleared_case`, {year}: settlement `{setl_id}` has {what}")]
    Case {
        /// The year.
        year: u16,
        /// The settlement.
        setl_id: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The sheet contradicts itself.
    #[error("the official sheet of {year} does not add up: {}", shown(rows))]
    NotAddUp {
        /// The year.
        year: u16,
        /// Every row that does not, with its numbers.
        rows: Vec<String>,
    },
    /// The kernel refuses.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
}

/// The first rows, and how many more there are.
fn shown(rows: &[String]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<&str> = rows.iter().take(SHOWN).map(String::as_str).collect();
    let more = rows.len().saturating_sub(SHOWN);
    let tail = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{}{tail}", first.join("; "))
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Settlement(err) => err.kind(),
            _ => Kind::Input,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Settlement(err) => err.hints(),
            Self::NoSheet { known, .. } if known.is_empty() => vec![
                "load it with `dianshu ingest cleared.csv`: columns year, pool, fixmedins_code, \
                 item, amount"
                    .to_owned(),
            ],
            Self::NoSheet { known, .. } => {
                let years: Vec<String> = known.iter().map(u16::to_string).collect();
                vec![format!("the years it has are {}", years.join(", "))]
            }
            Self::UnknownItem { nearest, .. } => {
                let known: Vec<&str> =
                    super::Item::ALL.into_iter().map(super::Item::as_str).collect();
                let mut hints = vec![format!("items are {}", known.join(", "))];
                hints.extend(nearest.iter().map(|near| format!("did you mean `{near}`?")));
                hints
            }
            Self::NotAddUp { .. } => vec![
                "correct these rows in the export and load it again: entitlement + adjustment − \
                 deduction = paid, paid − advance − refund = balance"
                    .to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}
