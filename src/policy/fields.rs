//! Reading one section key by key: every getter knows what is allowed and says so when it is not.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::document::{At, Node, Table, Value};
use super::error::Error;
use super::model::Cite;
use super::schema::Section;
use crate::explain::nearest;

/// One section of the file, its keys already known to be known and its cite to be there.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// As messages print it, for example `deviation.band[low]`.
    pub(crate) path: String,
    /// The section's heading.
    pub(crate) at: At,
    /// Clause and reading.
    pub(crate) cite: Cite,
    table: &'a Table,
}

const DECIMAL: &str = "a decimal in quotes, such as \"0.4\"";
const TEXT: &str = "text in quotes";
const TEXTS: &str = "a list of texts, such as [\"310\", \"390\"]";
const DATE: &str = "a date without quotes, YYYY-MM-DD";

impl<'a> Fields<'a> {
    /// Opens a section: refuses unknown keys, then a missing or wrong cite.
    pub(crate) fn open(path: String, node: &'a Node, section: &Section) -> Result<Self, Error> {
        let Some(table) = node.table() else {
            return Err(Error::WrongType {
                at: node.at.clone(),
                path,
                found: node.value.kind(),
                wanted: format!("the section {}", section.heading()),
            });
        };
        let known = section.known();
        for (key, entry) in table {
            if !section.open && !known.contains(&key.as_str()) {
                let heading = section.heading();
                return Err(unknown_key(&entry.key_at, key, &heading, &known));
            }
        }
        let mut fields = Self { path, at: node.at.clone(), cite: Cite::default(), table };
        if section.cited {
            fields.cite = fields.read_cite()?;
        }
        Ok(fields)
    }

    fn read_cite(&self) -> Result<Cite, Error> {
        let cite = read_cite(self)?;
        if cite.clause.is_none() && cite.reading.is_none() {
            return Err(Error::NoCite { at: self.at.clone(), section: self.path.clone() });
        }
        Ok(cite)
    }

    /// Path of a key for messages.
    pub(crate) fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Place of a key's value, or of the section where the key is absent.
    pub(crate) fn at_of(&self, key: &str) -> At {
        self.node(key).map_or_else(|| self.at.clone(), |node| node.at.clone())
    }

    /// The value of a key.
    pub(crate) fn node(&self, key: &str) -> Option<&'a Node> {
        self.table.get(key).map(|entry| &entry.node)
    }

    /// All keys with their values, for sections whose keys are data.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.table.iter().map(|(key, entry)| (key.as_str(), &entry.node))
    }

    pub(crate) fn missing(&self, key: &str, wanted: impl Into<String>) -> Error {
        Error::MissingKey { at: self.at.clone(), path: self.path_of(key), wanted: wanted.into() }
    }

    fn wrong(&self, key: &str, node: &Node, wanted: impl Into<String>) -> Error {
        Error::WrongType {
            at: node.at.clone(),
            path: self.path_of(key),
            found: node.value.kind(),
            wanted: wanted.into(),
        }
    }

    /// The error of a value outside what is allowed.
    pub(crate) fn not_allowed(&self, key: &str, allowed: &str) -> Error {
        Error::NotAllowed {
            at: self.at_of(key),
            path: self.path_of(key),
            value: self.node(key).map(Node::show).unwrap_or_default(),
            allowed: allowed.to_owned(),
        }
    }

    /// Refuses keys that say nothing beside `beside`.
    pub(crate) fn refuse(&self, keys: &[&str], beside: &str) -> Result<(), Error> {
        for key in keys {
            if let Some(entry) = self.table.get(*key) {
                return Err(Error::KeyWithoutMeaning {
                    at: entry.key_at.clone(),
                    path: self.path_of(key),
                    beside: beside.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Text that is not empty.
    pub(crate) fn maybe_text(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let text = node.text().ok_or_else(|| self.wrong(key, node, TEXT))?;
        if text.trim().is_empty() {
            return Err(self.not_allowed(key, "text that is not empty"));
        }
        Ok(Some(text.to_owned()))
    }

    pub(crate) fn text(&self, key: &str) -> Result<String, Error> {
        self.maybe_text(key)?.ok_or_else(|| self.missing(key, TEXT))
    }

    /// A list of texts; absent is `None`, none of the texts is empty, none repeated.
    pub(crate) fn maybe_texts(&self, key: &str) -> Result<Option<Vec<String>>, Error> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let list = node.list().ok_or_else(|| self.wrong(key, node, TEXTS))?;
        let mut texts: Vec<String> = Vec::with_capacity(list.len());
        for item in list {
            let text = item.text().ok_or_else(|| self.wrong(key, item, TEXTS))?;
            if text.is_empty() || texts.iter().any(|known| known == text) {
                return Err(Error::NotAllowed {
                    at: item.at.clone(),
                    path: self.path_of(key),
                    value: text.to_owned(),
                    allowed: "a list of texts, none empty and none twice".to_owned(),
                });
            }
            texts.push(text.to_owned());
        }
        Ok(Some(texts))
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, Error> {
        self.maybe_texts(key)?.ok_or_else(|| self.missing(key, TEXTS))
    }

    pub(crate) fn maybe_decimal(&self, key: &str) -> Result<Option<Decimal>, Error> {
        self.node(key).map(|node| decimal(node, || self.path_of(key))).transpose()
    }

    pub(crate) fn decimal(&self, key: &str) -> Result<Decimal, Error> {
        self.maybe_decimal(key)?.ok_or_else(|| self.missing(key, DECIMAL))
    }

    /// A list of decimals.
    pub(crate) fn decimals(&self, key: &str) -> Result<Vec<Decimal>, Error> {
        let wanted = "a list of decimals in quotes, such as [\"0.2\", \"0.8\"]";
        let node = self.node(key).ok_or_else(|| self.missing(key, wanted))?;
        let list = node.list().ok_or_else(|| self.wrong(key, node, wanted))?;
        list.iter().map(|item| decimal(item, || self.path_of(key))).collect()
    }

    /// A decimal from 0 to 1, both allowed.
    pub(crate) fn share(&self, key: &str) -> Result<Decimal, Error> {
        let share = self.decimal(key)?;
        if share < Decimal::ZERO || share > Decimal::ONE {
            return Err(self.not_allowed(key, "a share from \"0\" to \"1\""));
        }
        Ok(share)
    }

    /// A decimal above 0.
    pub(crate) fn positive(&self, key: &str) -> Result<Decimal, Error> {
        let value = self.decimal(key)?;
        if value <= Decimal::ZERO {
            return Err(self.not_allowed(key, "a decimal above \"0\""));
        }
        Ok(value)
    }

    /// A whole number within `range`.
    pub(crate) fn maybe_whole(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, Error> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let Value::Whole(whole) = node.value else { return Err(self.wrong(key, node, wanted)) };
        u32::try_from(whole)
            .ok()
            .filter(|whole| range.contains(whole))
            .map(Some)
            .ok_or_else(|| self.not_allowed(key, &wanted))
    }

    pub(crate) fn whole(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, Error> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        self.maybe_whole(key, range)?.ok_or_else(|| self.missing(key, wanted))
    }

    pub(crate) fn year(&self, key: &str) -> Result<u16, Error> {
        Ok(u16::try_from(self.whole(key, 1990..=2100)?).unwrap_or(u16::MAX))
    }

    pub(crate) fn maybe_flag(&self, key: &str) -> Result<Option<bool>, Error> {
        let Some(node) = self.node(key) else { return Ok(None) };
        match node.value {
            Value::Flag(flag) => Ok(Some(flag)),
            _ => Err(self.wrong(key, node, "true or false, without quotes")),
        }
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, Error> {
        self.maybe_flag(key)?.ok_or_else(|| self.missing(key, "true or false, without quotes"))
    }

    pub(crate) fn maybe_date(&self, key: &str) -> Result<Option<NaiveDate>, Error> {
        let Some(node) = self.node(key) else { return Ok(None) };
        match node.value {
            Value::Date(date) => Ok(Some(date)),
            _ => Err(self.wrong(key, node, DATE)),
        }
    }

    pub(crate) fn date(&self, key: &str) -> Result<NaiveDate, Error> {
        self.maybe_date(key)?.ok_or_else(|| self.missing(key, DATE))
    }

    /// One of a few words.
    pub(crate) fn maybe_word<T: Copy>(
        &self,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Result<Option<T>, Error> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let text = node.text().ok_or_else(|| self.wrong(key, node, one_of(words)))?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        found.map(Some).ok_or_else(|| Error::UnknownWord {
            at: node.at.clone(),
            path: self.path_of(key),
            value: text.to_owned(),
            allowed: words.iter().map(|(word, _)| *word).collect(),
        })
    }

    pub(crate) fn word<T: Copy>(&self, key: &str, words: &[(&'static str, T)]) -> Result<T, Error> {
        self.maybe_word(key, words)?.ok_or_else(|| self.missing(key, one_of(words)))
    }

    /// The section below this one with that schema, if it is there.
    pub(crate) fn below(&self, section: &Section) -> Result<Option<Self>, Error> {
        let name = section.name();
        self.node(name).map(|node| Self::open(self.path_of(name), node, section)).transpose()
    }
}

fn one_of<T>(words: &[(&'static str, T)]) -> String {
    let quoted: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    quoted.join(" or ")
}

/// The error of a key nobody knows, with the nearest known one.
pub(crate) fn unknown_key(at: &At, key: &str, section: &str, known: &[&str]) -> Error {
    Error::UnknownKey {
        at: at.clone(),
        key: key.to_owned(),
        section: section.to_owned(),
        nearest: nearest(key, known.iter().copied()).map(str::to_owned),
        known: known.iter().map(|&key| key.to_owned()).collect(),
    }
}

/// `clause` and `reading` of a table, checked in form; both may be absent.
pub(crate) fn read_cite(fields: &Fields<'_>) -> Result<Cite, Error> {
    let clause = fields.maybe_text("clause")?;
    let reading = fields.maybe_text("reading")?;
    if let Some(text) = &reading
        && !text.split(',').all(|id| is_reading(id.trim()))
    {
        return Err(Error::BadReading {
            at: fields.at_of("reading"),
            path: fields.path_of("reading"),
            value: text.clone(),
        });
    }
    Ok(Cite { clause, reading })
}

/// Whether `id` is the id of a reading (A01…A54) or of a ruling (R01…R42).
fn is_reading(id: &str) -> bool {
    let last = match id.as_bytes().first() {
        Some(b'A') => 54,
        Some(b'R') => 42,
        _ => return false,
    };
    let digits = &id[1..];
    let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
    two && digits.parse::<u32>().is_ok_and(|number| (1..=last).contains(&number))
}

fn decimal(node: &Node, path: impl Fn() -> String) -> Result<Decimal, Error> {
    let text = match &node.value {
        Value::Text(text) => text,
        Value::Whole(_) | Value::Float(_) => {
            return Err(Error::DecimalNotText {
                at: node.at.clone(),
                path: path(),
                value: node.show(),
            });
        }
        _ => {
            return Err(Error::WrongType {
                at: node.at.clone(),
                path: path(),
                found: node.value.kind(),
                wanted: DECIMAL.to_owned(),
            });
        }
    };
    parse_decimal(text).ok_or_else(|| Error::WrongDecimal {
        at: node.at.clone(),
        path: path(),
        value: text.clone(),
    })
}

/// Digits, at most one point between digits, a leading minus; nothing else (`1e3`, `.4`, `+1`).
fn parse_decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{is_reading, parse_decimal};

    #[test]
    fn decimals_are_digits_with_at_most_one_point_between_them() {
        for text in ["0", "0.4", "1000", "-0.05", "0.975", "3344.00"] {
            let read = parse_decimal(text).map(|decimal| decimal.to_string());
            assert_eq!(read.as_deref(), Some(text));
        }
        let wrong = ["", "0,4", "0.4.1", "1e3", ".4", "4.", "+1", "1_000", " 1", "--1", "０.４"];
        for text in wrong {
            assert_eq!(parse_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn readings_are_a01_to_a54_and_r01_to_r42() {
        for id in ["A01", "A54", "R01", "R42"] {
            assert!(is_reading(id), "{id}");
        }
        for id in ["", "A", "A0", "A00", "A55", "R43", "A1", "A001", "J08", "a01", "A+1"] {
            assert!(!is_reading(id), "{id}");
        }
    }
}
