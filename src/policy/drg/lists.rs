//! Named code lists: read, included lists resolved, circles refused.

use std::collections::{BTreeMap, BTreeSet};

use super::DrgError;
use crate::policy::error::Error;
use crate::policy::model::drg::{CodeList, CodeSystem};
use crate::policy::read_grouping::rows;

/// Columns of a list: name, how a code is matched, the code, the beginning of a code or a list.
const COLUMNS: [&str; 3] = ["list", "match", "code"];

/// A list as written.
#[derive(Debug, Default)]
struct Written {
    line: u64,
    exact: BTreeSet<String>,
    prefixes: BTreeSet<String>,
    includes: Vec<(u64, String)>,
}

/// Whether a code is shaped like one of the system: letter first (diagnoses), digit first (operations).
pub(super) fn shaped(system: CodeSystem, code: &str) -> bool {
    let first = code.bytes().next().unwrap_or(b' ');
    match system {
        CodeSystem::Diagnosis => first.is_ascii_alphabetic(),
        CodeSystem::Operation => first.is_ascii_digit(),
    }
}

/// What a code of the system looks like, for messages.
pub(super) fn shape(system: CodeSystem) -> &'static str {
    match system {
        CodeSystem::Diagnosis => "a diagnosis code, which begins with a letter",
        CodeSystem::Operation => "an operation code, which begins with a digit",
    }
}

/// The lists of one file, ascending by name.
pub(super) fn read(file: &str, bytes: &[u8], system: CodeSystem) -> Result<Vec<CodeList>, Error> {
    let mut written: BTreeMap<String, Written> = BTreeMap::new();
    for row in rows(file, bytes, &COLUMNS)? {
        row.filled(0)?;
        row.filled(2)?;
        let code = row.values[2].clone();
        let list = written.entry(row.values[0].clone()).or_default();
        if list.line == 0 {
            list.line = row.line;
        }
        let new = match row.values[1].as_str() {
            "list" => {
                let new = !list.includes.iter().any(|(_, name)| *name == code);
                list.includes.push((row.line, code));
                new
            }
            "exact" | "prefix" if !shaped(system, &code) => {
                return Err(row.wrong(2, shape(system)));
            }
            "exact" => list.exact.insert(code),
            "prefix" => list.prefixes.insert(code),
            _ => return Err(row.wrong(1, "`exact`, `prefix` or `list`")),
        };
        if !new {
            return Err(row.wrong(2, "each code once a list"));
        }
    }
    let mut resolved: BTreeMap<String, CodeList> = BTreeMap::new();
    for name in written.keys() {
        resolve(file, name, &written, (&mut Vec::new(), &mut resolved), system)?;
    }
    Ok(resolved.into_values().collect())
}

/// Puts the list `name`, with everything it includes, into `resolved`; `way` leads to it.
fn resolve(
    file: &str,
    name: &str,
    written: &BTreeMap<String, Written>,
    (way, resolved): (&mut Vec<String>, &mut BTreeMap<String, CodeList>),
    system: CodeSystem,
) -> Result<(), Error> {
    let Some(list) = written.get(name).filter(|_| !resolved.contains_key(name)) else {
        return Ok(());
    };
    way.push(name.to_owned());
    let (mut exact, mut prefixes) = (list.exact.clone(), list.prefixes.clone());
    for (line, other) in &list.includes {
        if !written.contains_key(other) {
            let known = written.keys().map(String::as_str);
            return Err(DrgError::unknown((file, *line), "code", ("list", other), known).into());
        }
        if let Some(from) = way.iter().position(|known| known == other) {
            let mut way = way[from..].to_vec();
            way.push(other.clone());
            return Err(DrgError::Cycle { file: file.to_owned(), line: *line, way }.into());
        }
        resolve(file, other, written, (way, resolved), system)?;
        if let Some(other) = resolved.get(other) {
            exact.extend(other.exact.iter().cloned());
            prefixes.extend(other.prefixes.iter().cloned());
        }
    }
    way.pop();
    let list = CodeList {
        name: name.to_owned(),
        system,
        line: list.line,
        exact: exact.into_iter().collect(),
        prefixes: prefixes.into_iter().collect(),
    };
    resolved.insert(name.to_owned(), list);
    Ok(())
}

impl CodeList {
    /// Whether every code of `other` is on this list.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let begins =
            |code: &str| self.prefixes.iter().any(|prefix| code.starts_with(prefix.as_str()));
        other.prefixes.iter().all(|prefix| begins(prefix))
            && other.exact.iter().all(|code| self.exact.binary_search(code).is_ok() || begins(code))
    }

    /// A code, or the beginning of codes, on both lists.
    pub(super) fn shared(&self, other: &Self) -> Option<String> {
        let begins = |list: &Self, code: &str| {
            list.prefixes.iter().any(|prefix| code.starts_with(prefix.as_str()))
        };
        let on = |list: &Self, code: &String| {
            list.exact.binary_search(code).is_ok() || begins(list, code)
        };
        let exact = self
            .exact
            .iter()
            .find(|code| on(other, code))
            .or_else(|| other.exact.iter().find(|code| on(self, code)));
        exact
            .or_else(|| self.prefixes.iter().find(|prefix| begins(other, prefix)))
            .or_else(|| other.prefixes.iter().find(|prefix| begins(self, prefix)))
            .cloned()
    }
}
