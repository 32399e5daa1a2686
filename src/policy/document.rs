//! A TOML file as a tree in which every key and value knows where it stands.
//!
//! Places survive composition: a value that came from a scenario still points into the scenario's
//! file.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::NaiveDate;
use toml::de::{DeTable, DeValue};

use super::error::Error;

/// A file's name and text, shared by all places in it.
#[derive(Debug)]
pub(crate) struct SourceText {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A place in a policy or scenario file.
///
/// `{}` prints file, line and column, `{:#}` the line itself with the place marked.
#[derive(Debug, Clone)]
pub struct At {
    source: Arc<SourceText>,
    start: usize,
    end: usize,
}

impl At {
    pub(crate) fn new(source: &Arc<SourceText>, range: std::ops::Range<usize>) -> Self {
        let length = source.text.len();
        Self {
            source: Arc::clone(source),
            start: range.start.min(length),
            end: range.end.min(length).max(range.start.min(length)),
        }
    }

    /// The file as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.source.name
    }

    fn before(&self) -> &str {
        self.source.text.get(..self.start).unwrap_or("")
    }

    /// Line, 1 for the first.
    #[must_use]
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// Column in characters, 1 for the first.
    #[must_use]
    pub fn column(&self) -> usize {
        self.before().rsplit('\n').next().unwrap_or("").chars().count() + 1
    }
}

/// Columns a text takes on a terminal: Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|letter| if letter >= '\u{1100}' { 2 } else { 1 }).sum()
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = (self.line(), self.column());
        if !f.alternate() {
            return write!(f, "`{}` line {line}, column {column}", self.file());
        }
        let whole = self.source.text.lines().nth(line - 1).unwrap_or("");
        let lead: String = whole.chars().take(column - 1).collect();
        let marked = self.source.text.get(self.start..self.end).unwrap_or("");
        let marks = "^".repeat(width(marked.lines().next().unwrap_or("")).max(1));
        let indent = " ".repeat(width(&lead));
        write!(f, "\n{line:>6} | {whole}\n       | {indent}{marks}")
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

/// What a TOML value can be. Floats stay text: the policy has no use for them but to refuse them.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Whole(i64),
    Float(String),
    Flag(bool),
    Date(NaiveDate),
    Moment(String),
    List(Vec<Node>),
    Table(Table),
}

/// Keys in alphabetical order, each with its own place.
pub(crate) type Table = BTreeMap<String, Entry>;

/// One key of a table.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key_at: At,
    pub(crate) node: Node,
}

impl Value {
    /// How messages call this kind of value.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text in quotes",
            Self::Whole(_) => "a whole number",
            Self::Float(_) => "a number with a point",
            Self::Flag(_) => "true or false",
            Self::Date(_) => "a date",
            Self::Moment(_) => "a time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.table()?.get(key).map(|entry| &entry.node)
    }

    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The value as one would write it, on one line.
    pub(crate) fn show(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Whole(whole) => whole.to_string(),
            Value::Float(text) | Value::Moment(text) => text.clone(),
            Value::Flag(flag) => flag.to_string(),
            Value::Date(date) => date.to_string(),
            Value::List(list) => {
                let parts: Vec<String> = list.iter().map(Self::show).collect();
                format!("[{}]", parts.join(", "))
            }
            Value::Table(table) => {
                let parts: Vec<String> = table
                    .iter()
                    .map(|(key, entry)| format!("{key} = {}", entry.node.show()))
                    .collect();
                format!("{{ {} }}", parts.join(", "))
            }
        }
    }

    /// Appends the content without layout, comments and order of keys: what the digest is taken of.
    ///
    /// Every text is preceded by its length, so that two different trees never read the same.
    pub(crate) fn canonical(&self, out: &mut String) {
        let mut leaf = |kind: char, text: &str| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{kind}{}:{text}", text.len());
        };
        match &self.value {
            Value::Text(text) => leaf('t', text),
            Value::Whole(whole) => leaf('w', &whole.to_string()),
            Value::Float(text) => leaf('f', text),
            Value::Flag(flag) => leaf('b', &flag.to_string()),
            Value::Date(date) => leaf('d', &date.to_string()),
            Value::Moment(text) => leaf('m', text),
            Value::List(list) => {
                let _ = write!(out, "[{}:", list.len());
                for node in list {
                    node.canonical(out);
                }
            }
            Value::Table(table) => {
                let _ = write!(out, "{{{}:", table.len());
                for (key, entry) in table {
                    let _ = write!(out, "k{}:{key}", key.len());
                    entry.node.canonical(out);
                }
            }
        }
    }
}

/// Reads a TOML text; its root is a table placed at the beginning of the file.
pub(crate) fn parse(name: &str, text: &str) -> Result<Node, Error> {
    let source = Arc::new(SourceText { name: name.to_owned(), text: text.to_owned() });
    let document = DeTable::parse(text).map_err(|wrong| Error::Syntax {
        at: At::new(&source, wrong.span().unwrap_or(0..0)),
        message: wrong.message().to_owned(),
    })?;
    let value = table(&source, document.get_ref())?;
    Ok(Node { at: At::new(&source, 0..0), value })
}

fn table(source: &Arc<SourceText>, from: &DeTable<'_>) -> Result<Value, Error> {
    let mut into = Table::new();
    for (key, value) in from {
        let node = node(source, value)?;
        let entry = Entry { key_at: At::new(source, key.span()), node };
        into.insert(key.get_ref().to_string(), entry);
    }
    Ok(Value::Table(into))
}

fn node(source: &Arc<SourceText>, from: &toml::Spanned<DeValue<'_>>) -> Result<Node, Error> {
    let at = At::new(source, from.span());
    let value = match from.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(whole) => Value::Whole(
            i64::from_str_radix(whole.as_str(), whole.radix())
                .map_err(|_| Error::WholeTooLarge { at: at.clone(), value: whole.to_string() })?,
        ),
        DeValue::Float(float) => Value::Float(float.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(moment) => date(moment),
        DeValue::Array(list) => Value::List(
            list.iter().map(|value| node(source, value)).collect::<Result<Vec<_>, Error>>()?,
        ),
        DeValue::Table(inner) => table(source, inner)?,
    };
    Ok(Node { at, value })
}

fn date(moment: &toml::value::Datetime) -> Value {
    let day = moment.date.filter(|_| moment.time.is_none()).and_then(|date| {
        NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
    });
    day.map_or_else(|| Value::Moment(moment.to_string()), Value::Date)
}
