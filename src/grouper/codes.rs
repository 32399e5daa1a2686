//! Local codes and the national ones they stand for, by the date in force (J11, E04).
//!
//! ```
//! use dianshu::grouper::codes::{CodeMap, Entry};
//! let entry = |local_code: &str, code: &str| Entry {
//!     kind: "diagnosis".to_owned(),
//!     local_code: local_code.to_owned(),
//!     code: code.to_owned(),
//!     from: None,
//!     to: None,
//! };
//! let map = CodeMap::new(vec![entry("HBP1", "I10.x00x002")]).unwrap();
//! assert_eq!(map.national("diag_code", "HBP1", None), "I10.x00x002");
//! assert_eq!(map.national("diag_code", "N18.900", None), "N18.900");
//! ```

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::explain::{Explain, Kind};

/// The first `characters` letters and digits of a diagnosis code with the dots between them (R32). Whatever is
/// neither ends the code: a dagger or an asterisk marks a use of it, not another disease.
///
/// ```
/// use dianshu::grouper::codes::beginning;
/// assert_eq!(beginning("I21.000x001", 4), "I21.0");
/// assert_eq!(beginning("A17.0+", 5), "A17.0");
/// ```
#[must_use]
pub fn beginning(code: &str, characters: usize) -> &str {
    let mut left = characters;
    let mut end = 0;
    for (at, letter) in code.char_indices() {
        if letter.is_alphanumeric() && left > 0 {
            left -= 1;
            end = at + letter.len_utf8();
        } else if letter != '.' {
            break;
        }
    }
    &code[..end]
}

/// What a mapping is about, and the column whose codes it gives.
///
/// Items and drugs stand in one column, so a code has one meaning among both.
pub const KINDS: [(&str, &str); 5] = [
    ("diagnosis", "diag_code"),
    ("procedure", "oprn_oprt_code"),
    ("item", "med_list_codg"),
    ("drug", "med_list_codg"),
    ("disease", "dise_codg"),
];

/// One row of table `code_map`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// A word of [`KINDS`].
    pub kind: String,
    /// The code an institution writes.
    pub local_code: String,
    /// The national code it stands for.
    pub code: String,
    /// First day in force; none: always was.
    pub from: Option<NaiveDate>,
    /// Last day in force; none: still is.
    pub to: Option<NaiveDate>,
}

impl Entry {
    fn meets(&self, other: &Self) -> bool {
        let begins_in_time =
            |a: &Self, b: &Self| a.from.zip(b.to).is_none_or(|(from, to)| from <= to);
        begins_in_time(self, other) && begins_in_time(other, self)
    }

    fn is_in_force(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = |day: Option<NaiveDate>| day.map_or("…".to_owned(), |day| day.to_string());
        let Self { kind, local_code, code, from, to } = self;
        write!(f, "{kind} `{local_code}` → `{code}` from {} to {}", day(*from), day(*to))
    }
}

/// A table `code_map` that does not say what a code means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kind that is none of [`KINDS`].
    #[error("code_map: kind `{}` of local code `{}` is unknown", entry.kind, entry.local_code)]
    UnknownKind {
        /// The row.
        entry: Entry,
    },
    /// A row without one of its codes.
    #[error("code_map: {entry} lacks a code")]
    NoCode {
        /// The row.
        entry: Entry,
    },
    /// A row that ends before it begins.
    #[error("code_map: {entry} ends before it begins")]
    Reversed {
        /// The row.
        entry: Entry,
    },
    /// One local code with two national codes on the same day.
    #[error("code_map: two targets in force at once: {first}; {second}")]
    TwoTargets {
        /// The row that sorts first.
        first: Entry,
        /// The other.
        second: Entry,
    },
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        Kind::Input
    }

    fn hints(&self) -> Vec<String> {
        let kinds = KINDS.map(|(kind, _)| kind);
        vec![match self {
            Self::UnknownKind { entry } => match crate::explain::nearest(&entry.kind, kinds) {
                Some(kind) => format!("did you mean `{kind}`?"),
                None => format!("a kind is one of {}", kinds.join(", ")),
            },
            Self::NoCode { .. } => {
                "a code that has no national one is left out: it is reported as unmapped".to_owned()
            }
            Self::Reversed { .. } => "`valid_to` is the last day in force".to_owned(),
            Self::TwoTargets { .. } => {
                "end the first on the day before the second begins, or keep one of them".to_owned()
            }
        }]
    }
}

/// Local codes with what they stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeMap(HashMap<&'static str, HashMap<String, Vec<Entry>>>);

impl CodeMap {
    /// Reads the rows of table `code_map`, in any order; rows that say the same twice stand once.
    ///
    /// # Errors
    /// [`Error`]: a row that says nothing, or two that contradict each other.
    pub fn new(mut entries: Vec<Entry>) -> Result<Self, Error> {
        entries.sort();
        entries.dedup();
        let mut map: HashMap<&'static str, HashMap<String, Vec<Entry>>> = HashMap::new();
        for entry in entries {
            let Some((_, column)) = KINDS.iter().find(|(kind, _)| *kind == entry.kind) else {
                return Err(Error::UnknownKind { entry });
            };
            if entry.local_code.is_empty() || entry.code.is_empty() {
                return Err(Error::NoCode { entry });
            }
            if entry.from.zip(entry.to).is_some_and(|(from, to)| from > to) {
                return Err(Error::Reversed { entry });
            }
            let known = map.entry(column).or_default();
            let known = known.entry(entry.local_code.clone()).or_default();
            let other = known.iter().find(|other| other.code != entry.code && other.meets(&entry));
            if let Some(first) = other.cloned() {
                return Err(Error::TwoTargets { first, second: entry });
            }
            known.push(entry);
        }
        Ok(Self(map))
    }

    /// Whether any code of this column is mapped.
    #[must_use]
    pub fn maps(&self, column: &str) -> bool {
        self.0.contains_key(column)
    }

    /// What a code of a column stands for on a day: its national code, or itself where the map has
    /// nothing in force. Of a code without a day only a target that it has on every day is known.
    #[must_use]
    pub fn national<'a>(&'a self, column: &str, code: &'a str, day: Option<NaiveDate>) -> &'a str {
        let Some(targets) = self.0.get(column).and_then(|codes| codes.get(code)) else {
            return code;
        };
        match day {
            Some(day) => targets
                .iter()
                .find(|entry| entry.is_in_force(day))
                .map_or(code, |entry| &entry.code),
            None if targets.iter().all(|entry| entry.code == targets[0].code) => &targets[0].code,
            None => code,
        }
    }

    /// Every national code of a column that a local one leads to.
    pub fn targets(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().flat_map(|(column, codes)| {
            codes.values().flatten().map(|entry| (*column, entry.code.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeMap, Entry, Error, KINDS};
    use crate::explain::render;
    use chrono::NaiveDate;

    fn day(text: &str) -> Option<NaiveDate> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn entry(kind: &str, codes: [&str; 2], days: [&str; 2]) -> Entry {
        Entry {
            kind: kind.to_owned(),
            local_code: codes[0].to_owned(),
            code: codes[1].to_owned(),
            from: day(days[0]),
            to: day(days[1]),
        }
    }

    fn refused(entries: &[Entry]) -> String {
        render(&CodeMap::new(entries.to_vec()).unwrap_err())
    }

    // shows: J11, E04
    #[test]
    fn a_code_means_what_is_in_force_on_the_day() {
        let map = CodeMap::new(vec![
            entry("diagnosis", ["L1", "N18.900"], ["", "2022-12-31"]),
            entry("diagnosis", ["L1", "N18.001"], ["2023-01-01", "2023-06-30"]),
            entry("disease", ["L1", "M01600"], ["", ""]),
        ])
        .unwrap();
        let on = |text| map.national("diag_code", "L1", day(text));
        assert_eq!(on("1999-01-01"), "N18.900");
        assert_eq!(on("2022-12-31"), "N18.900", "the last day is in force");
        assert_eq!(on("2023-01-01"), "N18.001", "the first day is in force");
        assert_eq!(on("2023-06-30"), "N18.001");
        assert_eq!(on("2023-07-01"), "L1", "nothing is in force any more");
        assert_eq!(on(""), "L1", "two meanings, and no day to tell");
        assert_eq!(map.national("dise_codg", "L1", None), "M01600", "one meaning needs no day");
        assert_eq!(map.national("oprn_oprt_code", "L1", day("2023-01-01")), "L1");
        assert!(map.maps("diag_code") && !map.maps("med_list_codg"));
    }

    // shows: J11, E04
    #[test]
    fn two_targets_in_force_at_once_are_refused_with_both_rows() {
        let old = entry("item", ["X", "A"], ["", "2023-01-01"]);
        let new = entry("drug", ["X", "B"], ["2023-01-01", ""]);
        assert_eq!(
            refused(&[old.clone(), new.clone()]),
            "error: code_map: two targets in force at once: \
             drug `X` → `B` from 2023-01-01 to …; item `X` → `A` from … to 2023-01-01\n\
             hint: end the first on the day before the second begins, or keep one of them"
        );
        let later = entry("drug", ["X", "B"], ["2023-01-02", ""]);
        assert!(CodeMap::new(vec![old.clone(), later]).is_ok(), "a day later they do not meet");
        let again = entry("drug", ["X", "A"], ["2022-01-01", ""]);
        assert!(CodeMap::new(vec![old.clone(), old.clone(), again]).is_ok(), "the same target");
        let procedure = entry("procedure", ["X", "B"], ["", ""]);
        assert!(CodeMap::new(vec![old, procedure]).is_ok(), "of another column");
    }

    #[test]
    fn rows_that_say_nothing_are_refused() {
        let wrong = refused(&[entry("diagnose", ["X", "A"], ["", ""])]);
        assert!(wrong.contains("kind `diagnose` of local code `X`"), "{wrong}");
        assert!(wrong.contains("did you mean `diagnosis`?"), "{wrong}");
        let wrong = refused(&[entry("item", ["X", ""], ["", ""])]);
        assert!(wrong.contains("item `X` → `` from … to … lacks a code"), "{wrong}");
        let reversed = entry("item", ["X", "A"], ["2023-01-02", "2023-01-01"]);
        assert_eq!(CodeMap::new(vec![reversed.clone()]), Err(Error::Reversed { entry: reversed }));
    }

    #[test]
    fn every_kind_has_a_column() {
        for (kind, column) in KINDS {
            let map = CodeMap::new(vec![entry(kind, ["X", "A"], ["", ""])]).unwrap();
            assert_eq!(map.national(column, "X", None), "A", "{kind}");
            assert_eq!(map.targets().collect::<Vec<_>>(), [(column, "A")]);
        }
    }
}
