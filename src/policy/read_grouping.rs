//! Reading `[grouping]` with its classes, item list, aliases and names (A13–A15, R13).

use std::collections::BTreeMap;

use super::document::At;
use super::drg;
use super::error::Error;
use super::fields::Fields;
use super::model::{Apg, Combined, DiseaseOf, Grouping, ItemClass, Letters, Method, Scope};
use super::read::{absent, below, entries_below};
use super::read_apg;
use super::read_dip;
use super::store::Folder;

/// Class letters in the order of the group code.
const CLASSES: [&str; 3] = ["O", "M", "A"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum MethodWord {
    Given,
    Apg,
    Dip,
    Drg,
}

/// Reads and checks `[grouping]` and what stands below it.
pub(crate) fn grouping(
    fields: &Fields<'_>,
    folder: &mut Folder,
    scope: &Scope,
) -> Result<Grouping, Error> {
    let words = [
        ("given", MethodWord::Given),
        ("apg", MethodWord::Apg),
        ("dip", MethodWord::Dip),
        ("drg", MethodWord::Drg),
    ];
    let section = |path| below(fields, path)?.ok_or_else(|| absent(&fields.at, path));
    let method = match fields.word("method", &words)? {
        MethodWord::Given => {
            fields.refuse(&["apg", "dip", "drg"], "method = \"given\"")?;
            let not_groups = fields.maybe_texts("not_groups")?.unwrap_or_default();
            Method::Given { scheme: fields.text("scheme")?, not_groups }
        }
        MethodWord::Apg => {
            fields.refuse(&["scheme", "not_groups", "dip", "drg"], "method = \"apg\"")?;
            Method::Apg(apg(&section("grouping.apg")?, folder, scope)?)
        }
        MethodWord::Dip => {
            fields.refuse(&["scheme", "not_groups", "apg", "drg"], "method = \"dip\"")?;
            Method::Dip(read_dip::dip(&section("grouping.dip")?, folder)?)
        }
        MethodWord::Drg => {
            fields.refuse(&["scheme", "not_groups", "apg", "dip"], "method = \"drg\"")?;
            Method::Drg(Box::new(drg::read(&section("grouping.drg")?, folder)?))
        }
    };
    let aliases = aliases(fields)?;
    let names = names(fields, folder, &aliases)?;
    Ok(Grouping { cite: fields.cite.clone(), method, aliases, names })
}

fn apg(fields: &Fields<'_>, folder: &mut Folder, scope: &Scope) -> Result<Apg, Error> {
    let charge_types = by_class(fields, "grouping.apg.charge_types")?
        .ok_or_else(|| absent(&fields.at, "grouping.apg.charge_types"))?;
    if let Some(twice) = charge_types.iter().enumerate().find_map(|(index, types)| {
        types.iter().find(|kind| charge_types[..index].iter().any(|other| other.contains(kind)))
    }) {
        return Err(Error::NotAllowed {
            at: fields.at_of("charge_types"),
            path: fields.path_of("charge_types"),
            value: twice.clone(),
            allowed: "each charge type in one class only".to_owned(),
        });
    }
    let important = by_class(fields, "grouping.apg.important")?.unwrap_or_default();
    let items = match fields.maybe_text("items")? {
        Some(name) => {
            let file = folder.file(&name, &fields.path_of("items"), &fields.at_of("items"))?;
            items(&file.0, &file.1)?
        }
        None => Vec::new(),
    };
    let fallback = fields.text("fallback")?;
    if !fallback.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Err(fields.not_allowed("fallback", "capital letters, such as \"QY\""));
    }
    let disease_required = fields.flag("disease_required")?;
    if !disease_required && scope.dise_codg.len() != 1 {
        return Err(Error::NotOneDisease {
            at: fields.at_of("disease_required"),
            diseases: scope.dise_codg.len(),
        });
    }
    let letters = fields.maybe_word("letters", &LETTERS)?.unwrap_or_default();
    let disease = fields.maybe_word("disease", &DISEASES)?.unwrap_or_default();
    if disease == DiseaseOf::MainDiagnosis && !disease_required {
        let allowed = "true where `disease` is \"main_diagnosis\" (R13)";
        return Err(fields.not_allowed("disease_required", allowed));
    }
    let refine = read_apg::refine(fields)?;
    let combined = fields.maybe_word("combined", &COMBINED)?.unwrap_or_default();
    if combined == Combined::Split && (letters == Letters::Main || refine.is_some()) {
        let beside = match letters {
            Letters::Main => "letters = \"main\"",
            Letters::All => "[grouping.apg.refine]",
        };
        fields.refuse(&["combined"], beside)?;
    }
    let characters = fields.maybe_whole("disease_characters", 1..=16)?;
    Ok(Apg {
        cite: fields.cite.clone(),
        charge_types,
        items,
        important,
        important_share: fields.share("important_share")?,
        fallback,
        letters,
        disease,
        disease_characters: characters.and_then(|many| usize::try_from(many).ok()),
        combined,
        refine,
        disease_required,
    })
}

const LETTERS: [(&str, Letters); 2] = [("all", Letters::All), ("main", Letters::Main)];
const DISEASES: [(&str, DiseaseOf); 2] =
    [("dise_codg", DiseaseOf::DiseCodg), ("main_diagnosis", DiseaseOf::MainDiagnosis)];
const COMBINED: [(&str, Combined); 2] = [("one", Combined::One), ("split", Combined::Split)];

/// A table of one list for each class letter; an absent letter is an empty list.
fn by_class(fields: &Fields<'_>, path: &str) -> Result<Option<[Vec<String>; 3]>, Error> {
    let Some(table) = below(fields, path)? else { return Ok(None) };
    let mut lists: [Vec<String>; 3] = Default::default();
    for (list, letter) in lists.iter_mut().zip(CLASSES) {
        *list = table.maybe_texts(letter)?.unwrap_or_default();
    }
    Ok(Some(lists))
}

fn aliases(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Error> {
    let mut known: Vec<(String, String, At)> = Vec::new();
    for entry in entries_below(fields, "grouping.alias")? {
        let (printed, meant) = (entry.text("printed")?, entry.text("meant")?);
        if let Some((.., first)) = known.iter().find(|(first, ..)| *first == printed) {
            return Err(Error::EntryTwice {
                at: entry.at.clone(),
                path: entry.path,
                first_line: first.line(),
            });
        }
        known.push((printed, meant, entry.at_of("meant")));
    }
    let aliases: Vec<(String, String)> =
        known.iter().map(|(printed, meant, _)| (printed.clone(), meant.clone())).collect();
    for (printed, meant, at) in known {
        if aliases.iter().any(|(other, _)| *other == meant) {
            return Err(Error::NotAllowed {
                at,
                path: format!("grouping.alias[{printed}].meant"),
                value: meant,
                allowed: "a group code that is not itself an alias".to_owned(),
            });
        }
    }
    Ok(aliases)
}

/// Names from the file, then those written in place; codes are those meant by an alias.
fn names(
    fields: &Fields<'_>,
    folder: &mut Folder,
    aliases: &[(String, String)],
) -> Result<Vec<(String, String)>, Error> {
    let Some(below) = below(fields, "grouping.names")? else { return Ok(Vec::new()) };
    let meant = |code: &str| {
        let alias = aliases.iter().find(|(printed, _)| printed == code);
        alias.map_or_else(|| code.to_owned(), |(_, meant)| meant.clone())
    };
    let mut names: Vec<(String, String)> = Vec::new();
    if let Some(name) = below.maybe_text("file")? {
        let (shown, bytes) = folder.file(&name, &below.path_of("file"), &below.at_of("file"))?;
        for row in rows(&shown, &bytes, &["group_code", "group_name"])? {
            row.filled(0)?;
            row.filled(1)?;
            names.push((meant(&row.values[0]), row.values[1].clone()));
        }
    }
    for (key, _) in below.entries() {
        if !["clause", "reading", "file"].contains(&key) {
            names.push((meant(key), below.text(key)?));
        }
    }
    names.sort();
    if let Some(pair) = names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Error::NotAllowed {
            at: below.at.clone(),
            path: below.path_of(&pair[1].0),
            value: pair[1].1.clone(),
            allowed: format!("one name a group; the other is `{}`", pair[0].1),
        });
    }
    Ok(names)
}

/// Columns of the item list: code, whether it is a beginning, class letter.
const ITEM_COLUMNS: [&str; 3] = ["med_list_codg", "match", "class"];

fn items(file: &str, bytes: &[u8]) -> Result<Vec<ItemClass>, Error> {
    let mut items: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for row in rows(file, bytes, &ITEM_COLUMNS)? {
        row.filled(0)?;
        let prefix = match row.values[1].as_str() {
            "exact" => false,
            "prefix" => true,
            _ => return Err(row.wrong(1, "`exact` or `prefix`")),
        };
        let class = CLASSES
            .iter()
            .position(|letter| *letter == row.values[2])
            .ok_or_else(|| row.wrong(2, "`O`, `M` or `A`"))?;
        if items.insert((row.values[0].clone(), prefix), class).is_some() {
            return Err(row.wrong(0, "each code once"));
        }
    }
    let item = |((code, prefix), class)| ItemClass { code, prefix, class };
    Ok(items.into_iter().map(item).collect())
}

/// One row of a CSV file of the policy's folder.
pub(super) struct Row<'a> {
    file: &'a str,
    columns: &'a [&'a str],
    pub(super) line: u64,
    pub(super) values: Vec<String>,
}

impl Row<'_> {
    /// The error of one value of the row.
    pub(super) fn wrong(&self, column: usize, allowed: &str) -> Error {
        Error::FileValue {
            file: self.file.to_owned(),
            line: self.line,
            column: self.columns[column].to_owned(),
            value: self.values[column].clone(),
            allowed: allowed.to_owned(),
        }
    }

    /// Refuses an empty value.
    pub(super) fn filled(&self, column: usize) -> Result<(), Error> {
        if self.values[column].is_empty() {
            return Err(self.wrong(column, "text that is not empty"));
        }
        Ok(())
    }
}

/// The rows of a CSV file with exactly these columns, in this order.
pub(super) fn rows<'a>(
    file: &'a str,
    bytes: &[u8],
    columns: &'a [&'a str],
) -> Result<Vec<Row<'a>>, Error> {
    let text = std::str::from_utf8(bytes)
        .map_err(|wrong| Error::NotText { file: file.to_owned(), byte: wrong.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let not_csv = |source| Error::FileNotCsv { file: file.to_owned(), source };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let found: Vec<String> = reader.headers().map_err(not_csv)?.iter().map(str::to_owned).collect();
    if found != columns {
        return Err(Error::FileColumns {
            file: file.to_owned(),
            found: found.join(", "),
            wanted: columns.join(", "),
        });
    }
    reader
        .records()
        .map(|record| {
            let record = record.map_err(not_csv)?;
            let line = record.position().map_or(0, csv::Position::line);
            Ok(Row { file, columns, line, values: record.iter().map(str::to_owned).collect() })
        })
        .collect()
}
