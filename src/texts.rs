//! A long list of texts in one buffer: ten million ids as texts of their own cost more than twice the
//! memory, and an allocation each.

use std::ops::Index;

/// The low 32 bits of a position.
const LOW: usize = u32::MAX as usize;

/// Texts one after the other; every entry may be missing.
///
/// ```
/// use dianshu::texts::Texts;
/// let texts = Texts::of(["M_N18", "A_N18"]);
/// assert_eq!(&texts[1], "A_N18");
/// assert_eq!(texts.iter().flatten().count(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    buffer: String,
    /// The low 32 bits of where each entry ends; it starts where the one before ends.
    ends: Vec<u32>,
    /// The first entry that ends beyond each further 4 GiB: none, nearly always.
    beyond: Vec<usize>,
    /// One mark an entry; empty as long as none is missing.
    missing: Vec<bool>,
}

impl Texts {
    /// A list without gaps.
    pub fn of<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.push(text.as_ref());
        }
        all
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds an entry.
    pub fn push(&mut self, text: &str) {
        self.push_entry(Some(text));
    }

    /// Adds an entry that may be missing.
    pub fn push_entry(&mut self, text: Option<&str>) {
        if text.is_none() && self.missing.is_empty() {
            self.missing = vec![false; self.ends.len()];
        }
        if text.is_none() || !self.missing.is_empty() {
            self.missing.push(text.is_none());
        }
        self.buffer.push_str(text.unwrap_or_default());
        self.close(self.buffer.len());
    }

    /// The next entry ends here.
    fn close(&mut self, end: usize) {
        let (high, low) = (end >> u32::BITS, end & LOW);
        self.beyond.resize(high, self.ends.len());
        self.ends.push(u32::try_from(low).unwrap_or_default());
    }

    /// Where an entry ends.
    fn end(&self, at: usize) -> usize {
        let low = usize::try_from(self.ends[at]).unwrap_or_default();
        let high = self.beyond.partition_point(|first| *first <= at);
        low | high << u32::BITS
    }

    /// The entry at a place; `None` when it is missing or there is no such place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&str> {
        if at >= self.len() || self.missing.get(at).copied().unwrap_or(false) {
            return None;
        }
        self.buffer.get(self.start(at)..self.end(at))
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.end(before))
    }

    /// All entries.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> + Clone {
        (0..self.len()).map(|at| self.get(at))
    }

    /// All entries, a missing one as an empty text.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.iter().map(Option::unwrap_or_default)
    }

    /// Makes room for the entries of other lists.
    pub fn reserve<'a>(&mut self, others: impl Iterator<Item = &'a Self> + Clone) {
        self.buffer.reserve_exact(others.clone().map(|other| other.buffer.len()).sum());
        self.ends.reserve_exact(others.map(Self::len).sum());
    }

    /// Adds the entries of another list.
    pub fn append(&mut self, other: &Self) {
        if !(self.missing.is_empty() && other.missing.is_empty()) {
            self.missing.resize(self.len(), false);
            self.missing.extend((0..other.len()).map(|at| other.missing.get(at) == Some(&true)));
        }
        let before = self.buffer.len();
        self.buffer.push_str(&other.buffer);
        self.ends.reserve(other.len());
        for at in 0..other.len() {
            self.close(before + other.end(at));
        }
    }

    /// Keeps the entries marked.
    pub fn retain(&mut self, keep: &[bool]) {
        let kept = self.iter().zip(keep).filter(|(_, keep)| **keep).map(|(text, _)| text);
        *self = kept.collect();
    }

    /// Gives back memory that is not used.
    pub fn shrink(&mut self) {
        self.buffer.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

impl Index<usize> for Texts {
    type Output = str;

    /// # Panics
    /// If there is no such entry; a missing one is an empty text.
    fn index(&self, at: usize) -> &str {
        &self.buffer[self.start(at)..self.end(at)]
    }
}

/// What follows the bytes that some texts all begin with, as a number that decides nearly every comparison
/// of two of them without a look at the texts.
#[derive(Debug)]
pub(crate) struct Heads {
    /// Bytes that all texts share.
    shared: usize,
    /// Rank of a byte among those that occur after them, from 1: 0 stands where a text has ended.
    rank: [u64; 256],
    /// Bits of a rank.
    bits: u32,
}

impl Heads {
    /// Of these texts.
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let mut shared = texts.clone().next().unwrap_or_default();
        for text in texts.clone() {
            let same = shared.iter().zip(text).take_while(|(one, two)| one == two).count();
            shared = &shared[..same];
        }
        let shared = shared.len();
        let mut occurs = [false; 256];
        for text in texts {
            for byte in &text[shared..] {
                occurs[usize::from(*byte)] = true;
            }
        }
        let (mut rank, mut last) = ([0; 256], 0u64);
        for (rank, _) in rank.iter_mut().zip(occurs).filter(|(_, occurs)| *occurs) {
            last += 1;
            *rank = last;
        }
        Self { shared, rank, bits: (u64::BITS - last.leading_zeros()).max(1) }
    }

    /// As many ranks of one of the texts as a number holds, the first in its highest bits.
    pub(crate) fn head(&self, text: &[u8]) -> u64 {
        let places = u64::BITS / self.bits;
        let mut bytes = text[self.shared..].iter();
        (0..places).fold(0, |head, _| {
            let rank = bytes.next().map_or(0, |byte| self.rank[usize::from(*byte)]);
            head << self.bits | rank
        })
    }
}

/// Entries that may be missing.
impl<S: AsRef<str>> FromIterator<Option<S>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<S>>>(texts: I) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.push_entry(text.as_ref().map(AsRef::as_ref));
        }
        all
    }
}

impl<S: AsRef<str>> From<Vec<S>> for Texts {
    fn from(texts: Vec<S>) -> Self {
        Self::of(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::{Heads, Texts};

    #[test]
    fn entries_stay_apart_and_missing_ones_are_no_empty_texts() {
        let texts: Texts = [Some("a"), None, Some(""), Some("统筹")].into_iter().collect();
        assert_eq!(texts.len(), 4);
        assert_eq!(texts.iter().collect::<Vec<_>>(), [Some("a"), None, Some(""), Some("统筹")]);
        assert_eq!((&texts[1], &texts[3]), ("", "统筹"));
        assert_eq!(texts.get(4), None);
    }

    #[test]
    fn lists_are_joined_and_cut_with_what_is_missing() {
        let mut texts = Texts::of(["a", "b"]);
        texts.append(&[None, Some("c")].into_iter().collect());
        texts.append(&Texts::of(["d"]));
        assert_eq!(
            texts.iter().collect::<Vec<_>>(),
            [Some("a"), Some("b"), None, Some("c"), Some("d")]
        );
        texts.retain(&[false, true, true, false, true]);
        assert_eq!(texts.iter().collect::<Vec<_>>(), [Some("b"), None, Some("d")]);
        texts.retain(&[true, false, false]);
        assert_eq!(texts, Texts::of(["b"]));
    }

    /// Entries that end at, just below and far beyond 4 GiB, without so long a buffer.
    #[test]
    fn positions_beyond_four_gib_are_kept() {
        let ends = [5, (1 << 32) - 1, 1 << 32, (1 << 32) + 7, (3 << 32) + 2];
        let mut texts = Texts::default();
        ends.iter().for_each(|end| texts.close(*end));
        assert_eq!((0..ends.len()).map(|at| texts.end(at)).collect::<Vec<_>>(), ends);
        // The third ends beyond one step, the fifth beyond two more.
        assert_eq!(texts.beyond, [2, 4, 4]);
    }

    /// Heads never contradict the texts, whatever their bytes, lengths and number.
    #[test]
    fn heads_are_in_the_order_of_their_texts() {
        let lists: [&[&str]; 5] = [
            &["20240112000000170040001", "20240112000000170040002", "20231231000000000000009"],
            &["S9", "S10", "S", "S1", "", "统筹", "统账", "S9"],
            &["same", "same"],
            &["0", "1", "00", "01", "000000000000000000000000000000000000000000000001"],
            &["x~y", "x!", "xZ", "xa", "x", "x~", "x~y~z~longer than a number has places"],
        ];
        for list in lists {
            let heads = Heads::of(list.iter().map(|text| text.as_bytes()));
            let mut sorted = list.to_vec();
            sorted.sort_unstable();
            let numbers = sorted.iter().map(|text| heads.head(text.as_bytes()));
            assert!(numbers.clone().is_sorted(), "{:?} of {sorted:?}", numbers.collect::<Vec<_>>());
        }
        let digits = Heads::of(["7001", "7002", "7000"].iter().map(|text| text.as_bytes()));
        assert!(digits.head(b"7001") < digits.head(b"7002"), "a digit apart is told apart");
    }
}
