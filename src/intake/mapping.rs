//! Mapping files: how an export with other names and shapes fills the tables of the warehouse.
//!
//! ```toml
//! [source]                         # optional
//! delimiter = "|"                  # otherwise decided from the header
//! encoding = "GB18030"             # otherwise decided from the bytes
//! null = ["NULL", "-"]             # words that mean "nothing"; blank always does
//!
//! [tables.settlement]
//! row_filter = "SEGMENT = '1'"     # rows for which this is not true are left out and reported
//! [tables.settlement.columns]      # target = SQL over source columns (CSV: text)
//! setl_id = "CLM_ID"
//! medfee_sumamt = "cast(PAID as decimal(18, 4)) + cast(COPAY as decimal(18, 4))"
//! [tables.settlement.constants]    # target = value
//! insutype = "310"
//! [tables.settlement.dates]        # target = format or formats, chrono's strftime
//! setl_time = "%Y%m%d"
//!
//! [tables.diagnosis.each]          # one row per position of the lists whose value is not blank
//! code = ["DX1", "DX2"]
//! [tables.diagnosis.columns]
//! setl_id = "CLM_ID"
//! diag_code = "code"               # the value at the position
//! diag_srt_no = "each_number"      # 1, 2, …
//! ```

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::format::{Item, StrftimeItems};
use sha2::{Digest as _, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::explain::nearest;
use crate::units::hex;
use crate::warehouse::contract::{self, ColumnContract, TABLES, TableContract};

use super::encoding::Encoding;
use super::mapping_error::MappingError;

/// Name of the position in expressions of a table with `each`.
pub(crate) const EACH_NUMBER: &str = "each_number";

/// A text of the mapping and the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// How one table is filled.
#[derive(Debug, Clone)]
pub(crate) struct TableMapping {
    pub(crate) contract: &'static TableContract,
    pub(crate) line: usize,
    pub(crate) row_filter: Option<Entry>,
    /// Placeholders and, for each, the source columns it stands for.
    pub(crate) each: Vec<(String, Vec<Entry>)>,
    pub(crate) columns: BTreeMap<&'static str, Entry>,
    pub(crate) constants: BTreeMap<&'static str, Entry>,
    pub(crate) dates: BTreeMap<&'static str, Vec<String>>,
}

/// A mapping file, checked as far as it can be without a source.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) path: PathBuf,
    pub(crate) delimiter: Option<u8>,
    pub(crate) encoding: Option<Encoding>,
    /// Words that mean "nothing".
    pub(crate) null: Vec<String>,
    pub(crate) tables: Vec<TableMapping>,
}

type Keyed<'t> = (&'t str, usize, &'t Spanned<DeValue<'t>>);

/// Reads values and knows where they stand.
struct Reader<'t> {
    path: &'t Path,
    text: &'t str,
}

impl Mapping {
    /// Reads a mapping file.
    pub(crate) fn read(path: &Path) -> Result<Self, MappingError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| MappingError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, MappingError> {
        let reader = Reader { path, text };
        let document = DeTable::parse(text).map_err(|err| MappingError::Syntax {
            path: path.to_owned(),
            line: err.span().map_or(1, |span| reader.line(&span)),
            source: crate::warehouse::store::Leaf(err.message().to_owned()),
        })?;
        let mut mapping = Self {
            path: path.to_owned(),
            delimiter: None,
            encoding: None,
            null: Vec::new(),
            tables: Vec::new(),
        };
        for (key, line, value) in reader.entries(document.get_ref(), &["source", "tables"])? {
            let inner = reader.table(key, line, value)?;
            if key == "source" {
                reader.source(inner, &mut mapping)?;
            } else {
                mapping.tables = reader.tables(inner)?;
            }
        }
        if mapping.tables.is_empty() {
            return Err(MappingError::NoTables { path: path.to_owned() });
        }
        Ok(mapping)
    }

    /// Digest of what the mapping means: comments and layout do not count.
    pub(crate) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |parts: &[&str]| {
            for part in parts {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        };
        add(&[&format!("{:?} {:?} {:?}", self.delimiter, self.encoding, self.null)]);
        for table in &self.tables {
            let filter = table.row_filter.as_ref().map_or("", |entry| &entry.text);
            add(&["table", table.contract.name, filter]);
            for (name, columns) in &table.each {
                add(&["each", name]);
                columns.iter().for_each(|column| add(&[&column.text]));
            }
            table.columns.iter().for_each(|(name, entry)| add(&["column", name, &entry.text]));
            table.constants.iter().for_each(|(name, entry)| add(&["constant", name, &entry.text]));
            for (name, formats) in &table.dates {
                add(&["dates", name]);
                formats.iter().for_each(|format| add(&[format]));
            }
        }
        hex(&hash.finalize())
    }
}

impl<'t> Reader<'t> {
    fn line(&self, span: &Range<usize>) -> usize {
        let end = span.start.min(self.text.len());
        self.text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The entries of a table in the order of the file; a key that is not known is refused.
    fn entries<'v>(
        &self,
        table: &'v DeTable<'t>,
        known: &[&str],
    ) -> Result<Vec<Keyed<'v>>, MappingError>
    where
        't: 'v,
    {
        let mut entries: Vec<(usize, Keyed<'v>)> = Vec::new();
        for (key, value) in table {
            let (name, line) = (key.get_ref().as_ref(), self.line(&key.span()));
            if !known.is_empty() && !known.contains(&name) {
                return Err(MappingError::UnknownKey {
                    path: self.path.to_owned(),
                    line,
                    key: name.to_owned(),
                    nearest: nearest(name, known.iter().copied()).map(str::to_owned),
                    known: known.join("`, `"),
                });
            }
            entries.push((key.span().start, (name, line, value)));
        }
        entries.sort_by_key(|(start, _)| *start);
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    fn wrong(&self, key: &str, line: usize, expected: &'static str) -> MappingError {
        MappingError::WrongValue { path: self.path.to_owned(), line, key: key.to_owned(), expected }
    }

    fn table<'v>(
        &self,
        key: &str,
        line: usize,
        value: &'v Spanned<DeValue<'t>>,
    ) -> Result<&'v DeTable<'t>, MappingError> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.wrong(key, line, "a table")),
        }
    }

    fn string(
        &self,
        key: &str,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Entry, MappingError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(Entry { text: text.to_string(), line }),
            _ => Err(self.wrong(key, line, "a text in quotes")),
        }
    }

    fn strings(
        &self,
        key: &str,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<Entry>, MappingError> {
        match value.get_ref() {
            DeValue::Array(items) => {
                items.iter().map(|item| self.string(key, self.line(&item.span()), item)).collect()
            }
            _ => Err(self.wrong(key, line, "a list of texts in quotes")),
        }
    }

    fn source(&self, table: &DeTable<'t>, mapping: &mut Mapping) -> Result<(), MappingError> {
        for (key, line, value) in self.entries(table, &["delimiter", "encoding", "null"])? {
            if key == "null" {
                let words = self.strings(key, line, value)?;
                mapping.null = words.into_iter().map(|word| word.text).collect();
                continue;
            }
            let text = self.string(key, line, value)?.text;
            if key == "encoding" {
                let wrong = "\"UTF-8\", \"GB18030\", \"UTF-16LE\" or \"UTF-16BE\"";
                let encoding = Encoding::from_name(&text);
                mapping.encoding = Some(encoding.ok_or_else(|| self.wrong(key, line, wrong))?);
            } else {
                match text.as_bytes() {
                    [byte] if byte.is_ascii() && *byte != b'"' => mapping.delimiter = Some(*byte),
                    _ => return Err(self.wrong(key, line, "one ASCII character")),
                }
            }
        }
        Ok(())
    }

    fn tables(&self, tables: &DeTable<'t>) -> Result<Vec<TableMapping>, MappingError> {
        let mut read = Vec::new();
        for (name, line, value) in self.entries(tables, &[])? {
            let Some(contract) = contract::table(name) else {
                let known = TABLES.iter().map(|table| table.name);
                return Err(MappingError::UnknownTable {
                    path: self.path.to_owned(),
                    line,
                    table: name.to_owned(),
                    nearest: nearest(name, known).map(str::to_owned),
                });
            };
            let mut mapping = TableMapping {
                contract,
                line,
                row_filter: None,
                each: Vec::new(),
                columns: BTreeMap::new(),
                constants: BTreeMap::new(),
                dates: BTreeMap::new(),
            };
            self.one_table(self.table(name, line, value)?, &mut mapping)?;
            read.push(mapping);
        }
        Ok(read)
    }

    fn one_table(&self, table: &DeTable<'t>, into: &mut TableMapping) -> Result<(), MappingError> {
        let known = ["row_filter", "each", "columns", "constants", "dates"];
        for (key, line, value) in self.entries(table, &known)? {
            match key {
                "row_filter" => into.row_filter = Some(self.string(key, line, value)?),
                "each" => into.each = self.each(self.table(key, line, value)?, line)?,
                "dates" => {
                    for (name, line, value) in self.entries(self.table(key, line, value)?, &[])? {
                        let column = self.target(into.contract, name, line)?;
                        let formats = self.formats(name, line, value)?;
                        into.dates.insert(column.name, formats);
                    }
                }
                _ => {
                    for (name, line, value) in self.entries(self.table(key, line, value)?, &[])? {
                        let column = self.target(into.contract, name, line)?;
                        let entry = self.string(name, line, value)?;
                        let (one, other) = if key == "columns" {
                            (&mut into.columns, &into.constants)
                        } else {
                            (&mut into.constants, &into.columns)
                        };
                        if other.contains_key(column.name) {
                            return Err(MappingError::GivenTwice {
                                path: self.path.to_owned(),
                                line,
                                column: column.name,
                            });
                        }
                        one.insert(column.name, entry);
                    }
                }
            }
        }
        let given = |column: &ColumnContract| {
            into.columns.contains_key(column.name) || into.constants.contains_key(column.name)
        };
        match into.contract.columns.iter().find(|column| column.required && !given(column)) {
            None => Ok(()),
            Some(column) => Err(MappingError::RequiredMissing {
                path: self.path.to_owned(),
                line: into.line,
                table: into.contract.name,
                column: column.name,
            }),
        }
    }

    fn target(
        &self,
        contract: &'static TableContract,
        name: &str,
        line: usize,
    ) -> Result<&'static ColumnContract, MappingError> {
        contract.column(name).map(|(_, column)| column).ok_or_else(|| {
            let known = contract.columns.iter().map(|column| column.name);
            MappingError::UnknownTarget {
                path: self.path.to_owned(),
                line,
                table: contract.name,
                column: name.to_owned(),
                nearest: nearest(name, known).map(str::to_owned),
            }
        })
    }

    fn formats(
        &self,
        key: &str,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<String>, MappingError> {
        let formats = match value.get_ref() {
            DeValue::String(_) => vec![self.string(key, line, value)?],
            _ => self.strings(key, line, value)?,
        };
        let right = |entry: &Entry| {
            !entry.text.is_empty()
                && StrftimeItems::new(&entry.text).all(|item| !matches!(item, Item::Error))
        };
        if formats.is_empty() || !formats.iter().all(right) {
            return Err(self.wrong(
                key,
                line,
                "a date format such as \"%Y%m%d\", or a list of them",
            ));
        }
        Ok(formats.into_iter().map(|entry| entry.text).collect())
    }

    fn each(
        &self,
        table: &DeTable<'t>,
        line: usize,
    ) -> Result<Vec<(String, Vec<Entry>)>, MappingError> {
        let mut lists = Vec::new();
        for (name, line, value) in self.entries(table, &[])? {
            let columns = self.strings(name, line, value)?;
            if columns.is_empty() {
                return Err(self.wrong(name, line, "at least one source column"));
            }
            if name == EACH_NUMBER {
                return Err(self.wrong(name, line, "another name: this one is the position"));
            }
            lists.push((name.to_owned(), columns));
        }
        let first = lists.first().map(|(_, columns)| columns.len());
        if first.is_none() || lists.iter().any(|(_, columns)| Some(columns.len()) != first) {
            return Err(self.wrong("each", line, "lists of source columns, all of one length"));
        }
        Ok(lists)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Mapping, MappingError};

    const WHOLE: &str = r#"
[source]
null = ["NULL"]

[tables.diagnosis.each]
code = ["DX1", "DX2"]

[tables.diagnosis.columns]
setl_id = "CLAIM"
diag_code = "code"
diag_srt_no = "each_number"
"#;

    fn parse(text: &str) -> Result<Mapping, MappingError> {
        Mapping::parse(Path::new("m.toml"), text)
    }

    #[test]
    fn a_mapping_is_read_whole_and_its_layout_does_not_count() {
        let mapping = parse(WHOLE).unwrap();
        let table = &mapping.tables[0];
        assert_eq!((table.contract.name, table.each[0].1.len()), ("diagnosis", 2));
        assert_eq!((table.columns["diag_code"].line, mapping.null.len()), (10, 1));
        let other = format!("# a comment\n{WHOLE}");
        assert_eq!(parse(&other).unwrap().digest(), mapping.digest());
        let changed = WHOLE.replace("\"CLAIM\"", "\"CLM\"");
        assert_ne!(parse(&changed).unwrap().digest(), mapping.digest());
    }

    #[test]
    fn each_mistake_has_its_line_and_the_nearest_name() {
        let message = |from: &str, to: &str| {
            crate::explain::render(&parse(&WHOLE.replace(from, to)).unwrap_err())
        };
        assert_eq!(
            message("diag_srt_no =", "diag_str_no ="),
            "error: `m.toml` line 11: table `diagnosis` has no column `diag_str_no`\n\
             hint: did you mean `diag_srt_no`?"
        );
        assert_eq!(
            message("[tables.diagnosis.each]", "[tables.diagnosis.eahc]"),
            "error: `m.toml` line 5: unknown key `eahc`\nhint: did you mean `each`?"
        );
        assert_eq!(
            message("tables.diagnosis.", "tables.diagnosi."),
            "error: `m.toml` line 5: there is no table `diagnosi`\nhint: did you mean `diagnosis`?"
        );
        assert_eq!(
            message("setl_id = \"CLAIM\"", ""),
            "error: `m.toml` line 5: table `diagnosis` needs the column `setl_id`, which is \
             neither among `columns` nor `constants`"
        );
        for (from, to) in [
            ("\"CLAIM\"", "7"),
            ("[\"DX1\", \"DX2\"]", "[]"),
            (
                "[tables.diagnosis.columns]",
                "[tables.diagnosis.dates]\ndiag_code = \"%Q\"\n[tables.diagnosis.columns]",
            ),
        ] {
            assert!(matches!(
                parse(&WHOLE.replace(from, to)),
                Err(MappingError::WrongValue { .. })
            ));
        }
        assert!(matches!(parse("[source]"), Err(MappingError::NoTables { .. })));
        assert!(matches!(parse("[tables"), Err(MappingError::Syntax { .. })));
    }
}
