//! A catalog's points and its policy's values as sheets that people edit, and the way back: new points
//! become overrides, new values a scenario (Z25, H02).
//!
//! Every cell is text, so that `0_N18`, `007` and `1E5` stay what they are. Changes are written into
//! columns of their own, so that what was exported can be told from what was changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::life::Override;
use super::model::{Catalog, Group};
use super::read::Stored;
use crate::explain;
use crate::policy::Parameter;
use crate::table::{Column, Table};
use crate::units::Points;

/// Sheets of the workbook.
const README: &str = "README";
const GROUPS: &str = "groups";
const PARAMETERS: &str = "parameters";

const GROUP_COLUMNS: [&str; 11] = [
    "group_code",
    "group_name",
    "kind",
    "cases",
    "mean",
    "computed_points",
    "points",
    "override_by",
    "override_why",
    "new_points",
    "reason",
];
const PARAMETER_COLUMNS: [&str; 8] =
    ["path", "kind", "value", "clause", "reading", "new_value", "reason", "source"];
/// The first cell of the row that says which catalog was exported.
const DIGEST: &str = "digest";

/// One cell as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A number, as it prints.
    Number(String),
    /// A date, a truth value or an error.
    Other(String),
}

impl Cell {
    fn shown(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Text(text) | Self::Number(text) | Self::Other(text) => text,
        }
    }
}

/// Cells of a sheet, the header first.
pub type Rows<C> = Vec<Vec<C>>;

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The sheet.
    pub sheet: String,
    /// Row as the workbook counts, the header being 1; 0 where a sheet or column is missing.
    pub row: usize,
    /// The column.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
}

/// Problems as table `finding`.
#[must_use]
pub fn problem_table(problems: &[Problem]) -> Table {
    let text = |of: fn(&Problem) -> &str| Column::text(problems.iter().map(of));
    Table::new("finding")
        .with("sheet", text(|problem| &problem.sheet))
        .with("row", Column::counts(problems.iter().map(|problem| problem.row)))
        .with("column", text(|problem| &problem.column))
        .with("value", text(|problem| &problem.value))
        .with("allowed", text(|problem| &problem.allowed))
}

/// What was changed in the sheets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Group, new points, reason; ascending by group.
    pub points: Vec<(String, Decimal, String)>,
    /// Changed values of the policy, in the order of the sheet.
    pub parameters: Vec<NewValue>,
}

/// A changed value of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewValue {
    path: String,
    literal: String,
    reason: String,
    source: String,
}

impl Changes {
    /// The changed values as a scenario file of a policy; `None` without any.
    #[must_use]
    pub fn scenario(&self, base: &str, title: &str) -> Option<String> {
        if self.parameters.is_empty() {
            return None;
        }
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut text = format!("title = {}\nbase = {}\n\n[set]\n", quoted(title), quoted(base));
        for NewValue { path, literal, reason, source } in &self.parameters {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{} = {{ value = {literal}, reason = {}, clause = {} }}",
                quoted(path),
                quoted(reason),
                quoted(source)
            );
        }
        Some(text)
    }
}

fn number(points: Points) -> String {
    points.to_decimal().normalize().to_string()
}

fn group_row(group: &Group, set: Option<&Override>) -> Vec<String> {
    let points = |points: Option<Points>| points.map(number).unwrap_or_default();
    vec![
        group.group_code.clone(),
        group.group_name.clone(),
        group.kind.clone(),
        group.cases.to_string(),
        group.mean.to_string(),
        points(group.computed),
        points(group.points),
        set.map(|set| set.signature.by.clone()).unwrap_or_default(),
        set.map(|set| set.signature.why.clone()).unwrap_or_default(),
        String::new(),
        String::new(),
    ]
}

fn parameter_row(parameter: &Parameter) -> Vec<String> {
    let Parameter { path, kind, value, clause, reading } = parameter;
    let mut row: Vec<String> = [path, *kind, value, clause, reading].map(str::to_owned).to_vec();
    row.resize(PARAMETER_COLUMNS.len(), String::new());
    row
}

/// The sheets of a catalog, in their order; every cell is to be written as text.
#[must_use]
pub fn export(
    stored: &Stored,
    overrides: &[Override],
    parameters: &[Parameter],
) -> Vec<(&'static str, Rows<String>)> {
    let Stored { catalog, state, digest, .. } = stored;
    let pair = |key: &str, value: &str| vec![key.to_owned(), value.to_owned()];
    let readme = vec![
        pair("system", &catalog.system),
        pair(DIGEST, digest),
        pair("state", state.as_str()),
        pair("groups", "write new points into `new_points`, and why into `reason`"),
        pair(
            "parameters",
            "write new values into `new_value`, why into `reason`, clause into `source`",
        ),
        pair("then", "dianshu catalog import CATALOG FILE --by … --on …"),
    ];
    let header = |columns: &[&str]| columns.iter().map(|column| (*column).to_owned()).collect();
    let mut groups: Rows<String> = vec![header(&GROUP_COLUMNS)];
    groups.extend(catalog.groups.iter().map(|group| {
        group_row(group, overrides.iter().find(|set| set.group_code == group.group_code))
    }));
    let mut values: Rows<String> = vec![header(&PARAMETER_COLUMNS)];
    values.extend(parameters.iter().map(parameter_row));
    vec![(README, readme), (GROUPS, groups), (PARAMETERS, values)]
}

/// Compares edited sheets with the catalog they were exported from.
///
/// # Errors
/// Every cell that is not what it can be; nothing is taken from the sheets then.
pub fn import(
    stored: &Stored,
    overrides: &[Override],
    parameters: &[Parameter],
    sheets: &BTreeMap<String, Rows<Cell>>,
) -> Result<Changes, Vec<Problem>> {
    let mut reader = Reader { sheets, problems: Vec::new() };
    reader.digest(&stored.digest);
    let mut changes = Changes::default();
    let catalog = &stored.catalog;
    let codes: BTreeMap<&str, &Group> =
        catalog.groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
    let known = |code: &str| {
        let group = codes.get(code)?;
        Some(group_row(group, overrides.iter().find(|set| set.group_code == code)))
    };
    let near = |code: &str| explain::nearest(code, codes.keys().copied()).map(str::to_owned);
    for row in reader.rows(GROUPS, &GROUP_COLUMNS, (9, &known, &near)) {
        if let Some((points, reason)) = reader.new_points(catalog, &row) {
            changes.points.push((row.key.clone(), points, reason));
        }
    }
    changes.points.sort();
    let known =
        |path: &str| parameters.iter().find(|parameter| parameter.path == path).map(parameter_row);
    let paths = || parameters.iter().map(|parameter| parameter.path.as_str());
    let near = |path: &str| explain::nearest(path, paths()).map(str::to_owned);
    for row in reader.rows(PARAMETERS, &PARAMETER_COLUMNS, (5, &known, &near)) {
        let parameter = parameters.iter().find(|parameter| parameter.path == row.key);
        if let Some(new) = parameter.and_then(|parameter| reader.new_value(parameter, &row)) {
            changes.parameters.push(new);
        }
    }
    if reader.problems.is_empty() { Ok(changes) } else { Err(reader.problems) }
}

/// One row with its key.
struct Row {
    number: usize,
    key: String,
    cells: Vec<Cell>,
}

struct Reader<'a> {
    sheets: &'a BTreeMap<String, Rows<Cell>>,
    problems: Vec<Problem>,
}

/// Number of columns as exported, the row as exported by its key, and the key nearest to a wrong one.
type Known<'a> =
    (usize, &'a dyn Fn(&str) -> Option<Vec<String>>, &'a dyn Fn(&str) -> Option<String>);

impl Reader<'_> {
    fn problem(&mut self, sheet: &str, row: usize, (column, value): (&str, &str), allowed: &str) {
        self.problems.push(Problem {
            sheet: sheet.to_owned(),
            row,
            column: column.to_owned(),
            value: value.to_owned(),
            allowed: allowed.to_owned(),
        });
    }

    fn digest(&mut self, expected: &str) {
        let rows = self.sheets.get(README).map(Vec::as_slice).unwrap_or_default();
        let at = rows.iter().position(|row| row.first().is_some_and(|cell| cell.shown() == DIGEST));
        let found = at.and_then(|at| rows[at].get(1)).map(|cell| cell.shown().to_owned());
        if found.as_deref() != Some(expected) {
            let row = at.map_or(0, |at| at.saturating_add(1));
            let found = found.unwrap_or_default();
            let allowed = format!("{expected}, the catalog as it is: export it anew");
            self.problem(README, row, (DIGEST, &found), &allowed);
        }
    }

    /// The rows of a sheet that are as exported, but for the columns meant for changes.
    fn rows(
        &mut self,
        sheet: &str,
        columns: &[&str],
        (exported, known, near): Known<'_>,
    ) -> Vec<Row> {
        let Some(rows) = self.sheets.get(sheet) else {
            self.problem(sheet, 0, ("", ""), "a sheet of this name");
            return Vec::new();
        };
        let header = rows.first().map(Vec::as_slice).unwrap_or_default();
        for (at, column) in columns.iter().enumerate() {
            let found = header.get(at).map_or("", Cell::shown);
            if found != *column {
                self.problem(
                    sheet,
                    1,
                    (column, found),
                    &format!("`{column}` in column {}", at + 1),
                );
                return Vec::new();
            }
        }
        let (mut good, mut seen) = (Vec::new(), BTreeSet::new());
        for (at, cells) in rows.iter().enumerate().skip(1) {
            if cells.iter().all(|cell| cell.shown().is_empty()) {
                continue;
            }
            let number = at.saturating_add(1);
            let first = cells.first().unwrap_or(&Cell::Empty);
            let key = first.shown().to_owned();
            if !matches!(first, Cell::Text(_)) {
                self.problem(sheet, number, (columns[0], &key), "text, as it was exported");
                continue;
            }
            let Some(expected) = known(&key) else {
                let allowed = near(&key).map_or_else(
                    || "one that was exported".to_owned(),
                    |near| format!("one that was exported; did you mean `{near}`?"),
                );
                self.problem(sheet, number, (columns[0], &key), &allowed);
                continue;
            };
            if !seen.insert(key.clone()) {
                self.problem(sheet, number, (columns[0], &key), "there once");
                continue;
            }
            let cell = |at: usize| cells.get(at).map_or("", Cell::shown);
            match (1..exported).find(|at| cell(*at) != expected[*at]) {
                None => good.push(Row { number, key, cells: cells.clone() }),
                Some(at) => {
                    let value = cell(at).to_owned();
                    let allowed = format!(
                        "`{}` as exported; write changes into `{}`",
                        expected[at], columns[exported]
                    );
                    self.problem(sheet, number, (columns[at], &value), &allowed);
                }
            }
        }
        good
    }

    /// The text of a cell meant for changes, `None` if empty.
    fn cell(row: &Row, at: usize) -> Option<&str> {
        let text = row.cells.get(at).map(Cell::shown).unwrap_or_default().trim();
        (!text.is_empty()).then_some(text)
    }

    /// A sentence on one line.
    fn sentence(&mut self, sheet: &str, row: &Row, (at, column): (usize, &str)) -> Option<String> {
        let text = Self::cell(row, at).unwrap_or_default();
        if text.is_empty() || text.chars().any(char::is_control) {
            self.problem(sheet, row.number, (column, text), "a reason, on one line");
            return None;
        }
        Some(text.to_owned())
    }

    fn new_points(&mut self, catalog: &Catalog, row: &Row) -> Option<(Decimal, String)> {
        let text = Self::cell(row, 9)?.to_owned();
        let places = catalog.places;
        let points = Decimal::from_str_exact(&text).ok();
        let points = points
            .filter(|points| !points.is_sign_negative() && points.normalize().scale() <= places);
        let Some(points) = points else {
            let allowed = format!("points from 0 with at most {places} decimal places");
            self.problem(GROUPS, row.number, ("new_points", &text), &allowed);
            return None;
        };
        let group = catalog.groups.iter().find(|group| group.group_code == row.key);
        let current = group.and_then(|group| group.points);
        match current.map(Points::to_decimal) {
            None => {
                self.problem(GROUPS, row.number, ("new_points", &text), "empty: it has a price");
                None
            }
            Some(current) if current == points => {
                self.problem(GROUPS, row.number, ("new_points", &text), "other points than it has");
                None
            }
            Some(_) => Some((points, self.sentence(GROUPS, row, (10, "reason"))?)),
        }
    }

    fn new_value(&mut self, parameter: &Parameter, row: &Row) -> Option<NewValue> {
        let text = Self::cell(row, 5)?.to_owned();
        let Some(literal) = parameter.literal(&text) else {
            let allowed = format!("a {} such as `{}`", parameter.kind, parameter.value);
            self.problem(PARAMETERS, row.number, ("new_value", &text), &allowed);
            return None;
        };
        let reason = self.sentence(PARAMETERS, row, (6, "reason"));
        let source = self.sentence(PARAMETERS, row, (7, "source"));
        Some(NewValue { path: row.key.clone(), literal, reason: reason?, source: source? })
    }
}
