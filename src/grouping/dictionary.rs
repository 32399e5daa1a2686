//! Numbers for texts that repeat: institutions, groups, insurance types of one bucket.

use foldhash::HashMap;

use crate::settlement::cases::UNGROUPED;

/// Texts numbered in the order in which they come.
#[derive(Default)]
pub(super) struct Dictionary {
    ids: HashMap<String, u32>,
    last: Option<(String, u32)>,
}

impl Dictionary {
    /// Number of a text, a new one where it is new.
    pub(super) fn id(&mut self, text: &str) -> u32 {
        if let Some((known, id)) = &self.last
            && known == text
        {
            return *id;
        }
        let next = u32::try_from(self.ids.len()).unwrap_or(UNGROUPED);
        let id = match self.ids.get(text) {
            Some(id) => *id,
            None => *self.ids.entry(text.to_owned()).or_insert(next),
        };
        let (last, number) = self.last.get_or_insert_default();
        last.clear();
        last.push_str(text);
        *number = id;
        id
    }

    /// Number of a text that is known.
    pub(super) fn known(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// The texts, by number.
    pub(super) fn into_names(self) -> Vec<String> {
        let mut names = vec![String::new(); self.ids.len()];
        for (name, id) in self.ids {
            names[id as usize] = name;
        }
        names
    }
}
