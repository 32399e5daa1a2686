//! Which lists a code is on: whole codes by hash, beginnings by hash for each length that occurs.

use std::collections::HashMap;

use crate::policy::model::drg::CodeList;

/// Code or beginning → values, ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    exact: HashMap<String, Vec<u32>>,
    /// Length of a beginning in bytes, longest first, with the beginnings of that length.
    prefixes: Vec<(usize, HashMap<String, Vec<u32>>)>,
}

impl Index {
    /// The lists a code is on, by index into `lists`.
    pub(super) fn of_lists(lists: &[CodeList]) -> Self {
        let mut index = Self::default();
        for (at, list) in lists.iter().enumerate() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            list.exact.iter().for_each(|code| index.add(code, false, at));
            list.prefixes.iter().for_each(|code| index.add(code, true, at));
        }
        index
    }

    /// Adds a value to a code or beginning.
    pub(super) fn add(&mut self, code: &str, prefix: bool, value: u32) {
        let map = if prefix {
            let at = self.prefixes.partition_point(|(length, _)| *length > code.len());
            if self.prefixes.get(at).is_none_or(|(length, _)| *length != code.len()) {
                self.prefixes.insert(at, (code.len(), HashMap::new()));
            }
            &mut self.prefixes[at].1
        } else {
            &mut self.exact
        };
        map.entry(code.to_owned()).or_default().push(value);
    }

    /// Puts the values of a code, and of everything it begins with, into `found`.
    pub(super) fn all(&self, code: &str, found: &mut Vec<u32>) {
        self.each(code, |values| {
            found.extend_from_slice(values);
            true
        });
    }

    /// The first value of a whole code, else of its longest beginning.
    pub(super) fn nearest(&self, code: &str) -> Option<u32> {
        let mut nearest = None;
        self.each(code, |values| {
            nearest = values.first().copied();
            nearest.is_none()
        });
        nearest
    }

    /// Calls `take` with the values of the whole code, then of beginnings, longest first, while it
    /// says so.
    fn each(&self, code: &str, mut take: impl FnMut(&[u32]) -> bool) {
        if let Some(values) = self.exact.get(code)
            && !take(values)
        {
            return;
        }
        for (length, prefixes) in &self.prefixes {
            if let Some(values) = code.get(..*length).and_then(|begin| prefixes.get(begin))
                && !take(values)
            {
                return;
            }
        }
    }
}
