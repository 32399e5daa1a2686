//! The five CSV files of a catalog: their columns, and how rows become cells and cells rows.

use rust_decimal::Decimal;

use super::error::Error;
use super::model::{Catalog, FlowStep, Group, IdentityLine, Institution, Trimmed};
use super::sheet::{Reader, Row, Sheet, fixed};
use crate::table::{Column, Table};
use crate::units::{Fen, Points};

/// Decimal places of the CV (R40).
const CV_PLACES: u32 = 6;
/// Decimal places of a line of the identity.
const IDENTITY_PLACES: u32 = 4;
/// Between two flags of a group.
const FLAG_SEPARATOR: &str = ";";

/// File names, in the order they are listed in messages.
pub(super) const GROUPS: &str = "groups.csv";
pub(super) const INSTITUTIONS: &str = "institutions.csv";
pub(super) const FLOW: &str = "flow.csv";
pub(super) const TRIMMED: &str = "trimmed.csv";
pub(super) const IDENTITY: &str = "identity.csv";

/// Every CSV file of the catalog with its name.
pub(super) fn write_all(catalog: &Catalog) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let years = &catalog.years;
    let mut groups: Vec<&Group> = catalog.groups.iter().collect();
    groups.sort_by(|one, two| one.group_code.cmp(&two.group_code));
    let mut institutions: Vec<&Institution> = catalog.institutions.iter().collect();
    institutions.sort_by(|one, two| one.fixmedins_code.cmp(&two.fixmedins_code));
    let mut trimmed: Vec<&Trimmed> = catalog.trimmed.iter().collect();
    trimmed.sort_by(|one, two| (&one.group_code, one.year).cmp(&(&two.group_code, two.year)));
    let write = |file: &'static str, header, rows: Result<Vec<Vec<String>>, Error>| {
        let sheet = Sheet { header, rows: rows? };
        sheet.to_bytes(file).map(|bytes| (file, bytes))
    };
    let groups = groups.into_iter().map(|group| group_cells(catalog, group)).collect();
    let institutions =
        institutions.into_iter().map(|row| institution_cells(catalog, row)).collect();
    let identity = catalog.identity.iter().map(identity_cells).collect();
    Ok(vec![
        write(GROUPS, group_header(years), groups)?,
        write(INSTITUTIONS, institution_header(years), institutions)?,
        write(FLOW, flow_header(), Ok(catalog.flow.iter().map(flow_cells).collect()))?,
        write(TRIMMED, trimmed_header(), Ok(trimmed.into_iter().map(trimmed_cells).collect()))?,
        write(IDENTITY, identity_header(), identity)?,
    ])
}

pub(super) fn header(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}

fn yearly(name: &str, years: &[u16]) -> Vec<String> {
    years.iter().map(|year| format!("{name}_{year}")).collect()
}

fn group_header(years: &[u16]) -> Vec<String> {
    let mut columns = header(&["group_code", "group_name", "kind", "parent", "mark"]);
    columns.extend(yearly("cases", years));
    columns.extend(yearly("mean", years));
    columns.extend(header(&["cases", "mean", "cv", "computed_points", "points"]));
    columns.extend(header(&["standard", "flags"]));
    columns
}

fn group_cells(catalog: &Catalog, group: &Group) -> Result<Vec<String>, Error> {
    let what = |column: &str| format!("{column} of group `{}`", group.group_code);
    same_length(&what("cases"), group.year_cases.len(), catalog)?;
    same_length(&what("mean"), group.year_means.len(), catalog)?;
    let places = catalog.places;
    let texts = [&group.group_code, &group.group_name, &group.kind, &group.parent, &group.mark];
    let mut cells: Vec<String> = texts.into_iter().cloned().collect();
    cells.extend(group.year_cases.iter().map(u64::to_string));
    for mean in &group.year_means {
        let mean = mean.map(|mean| fixed(mean, places, &what("mean"))).transpose()?;
        cells.push(mean.unwrap_or_default());
    }
    cells.push(group.cases.to_string());
    cells.push(fixed(group.mean, places, &what("mean"))?);
    let cv = group.cv.map(|cv| fixed(cv, CV_PLACES, &what("cv"))).transpose()?;
    cells.push(cv.unwrap_or_default());
    for (column, points) in [("computed_points", group.computed), ("points", group.points)] {
        let points = points.map(|points| fixed(points.to_decimal(), places, &what(column)));
        cells.push(points.transpose()?.unwrap_or_default());
    }
    cells.push(group.standard.map_or_else(String::new, |standard| standard.to_string()));
    cells.push(group.flags.join(FLAG_SEPARATOR));
    Ok(cells)
}

/// Groups as `groups.csv` has them.
#[must_use]
pub fn group_table(catalog: &Catalog) -> Table {
    let groups = &catalog.groups;
    let text = |of: fn(&Group) -> String| Column::text(groups.iter().map(of));
    let decimal = |places: u32, of: &dyn Fn(&Group) -> Option<Decimal>| {
        Column::decimals(places, groups.iter().map(of))
    };
    let places = catalog.places;
    let mut table = Table::new("groups")
        .with("group_code", text(|group| group.group_code.clone()))
        .with("group_name", text(|group| group.group_name.clone()))
        .with("kind", text(|group| group.kind.clone()))
        .with("parent", text(|group| group.parent.clone()))
        .with("mark", text(|group| group.mark.clone()));
    for (at, year) in catalog.years.iter().enumerate() {
        let cases = groups.iter().map(|group| group.year_cases[at]);
        table = table
            .with(&format!("cases_{year}"), Column::counts(cases))
            .with(&format!("mean_{year}"), decimal(places, &|group| group.year_means[at]));
    }
    table
        .with("cases", Column::counts(groups.iter().map(|group| group.cases)))
        .with("mean", decimal(places, &|group| Some(group.mean)))
        .with("cv", decimal(CV_PLACES, &|group| group.cv))
        .with("computed_points", decimal(places, &|group| group.computed.map(Points::to_decimal)))
        .with("points", decimal(places, &|group| group.points.map(Points::to_decimal)))
        .with("standard", decimal(2, &|group| group.standard.map(Fen::to_yuan)))
        .with("flags", text(|group| group.flags.join(FLAG_SEPARATOR)))
}

fn same_length(what: &str, found: usize, catalog: &Catalog) -> Result<(), Error> {
    let years = catalog.years.len();
    if found == years { Ok(()) } else { Err(Error::Yearly { what: what.to_owned(), found, years }) }
}

/// The groups of a file that was read.
pub(super) fn read_groups(bytes: &[u8], years: &[u16], places: u32) -> Result<Vec<Group>, Error> {
    let mut groups: Vec<Group> = Vec::new();
    let mut reader = Reader::open(GROUPS, bytes, &group_header(years))?;
    while let Some(mut row) = reader.next()? {
        let group_code = row.code()?;
        if groups.last().is_some_and(|last| last.group_code >= group_code) {
            return Err(row.wrong(&group_code, "a code above the one before it"));
        }
        groups.push(Group {
            group_code,
            group_name: row.text(),
            kind: row.text(),
            parent: row.text(),
            mark: row.text(),
            year_cases: each(years, || row.whole())?,
            year_means: each(years, || row.maybe(|row| row.decimal(places)))?,
            cases: row.whole()?,
            mean: row.decimal(places)?,
            cv: row.maybe(|row| row.decimal(CV_PLACES))?,
            computed: row.maybe(|row| row.points(places))?,
            points: row.maybe(|row| row.points(places))?,
            standard: row.maybe(Row::yuan)?,
            flags: match row.text().as_str() {
                "" => Vec::new(),
                flags => flags.split(FLAG_SEPARATOR).map(str::to_owned).collect(),
            },
        });
    }
    Ok(groups)
}

fn each<T>(years: &[u16], mut cell: impl FnMut() -> Result<T, Error>) -> Result<Vec<T>, Error> {
    years.iter().map(|_| cell()).collect()
}

fn institution_header(years: &[u16]) -> Vec<String> {
    let mut columns = header(&["fixmedins_code"]);
    columns.extend(yearly("cases", years));
    columns.extend(yearly("cost_yuan", years));
    columns
}

fn institution_cells(catalog: &Catalog, row: &Institution) -> Result<Vec<String>, Error> {
    let what = |column: &str| format!("{column} of institution `{}`", row.fixmedins_code);
    same_length(&what("cases"), row.year_cases.len(), catalog)?;
    same_length(&what("cost_yuan"), row.year_cost.len(), catalog)?;
    let mut cells = vec![row.fixmedins_code.clone()];
    cells.extend(row.year_cases.iter().map(u64::to_string));
    cells.extend(row.year_cost.iter().map(ToString::to_string));
    Ok(cells)
}

/// The institutions of a file that was read.
pub(super) fn read_institutions(bytes: &[u8], years: &[u16]) -> Result<Vec<Institution>, Error> {
    let mut institutions = Vec::new();
    let mut reader = Reader::open(INSTITUTIONS, bytes, &institution_header(years))?;
    while let Some(mut row) = reader.next()? {
        institutions.push(Institution {
            fixmedins_code: row.code()?,
            year_cases: each(years, || row.whole())?,
            year_cost: each(years, || row.yuan())?,
        });
    }
    Ok(institutions)
}

fn flow_header() -> Vec<String> {
    header(&["year", "step", "rows", "amount_yuan"])
}

fn flow_cells(step: &FlowStep) -> Vec<String> {
    vec![step.year.to_string(), step.step.clone(), step.rows.to_string(), step.amount.to_string()]
}

/// The flow of a file that was read.
pub(super) fn read_flow(bytes: &[u8]) -> Result<Vec<FlowStep>, Error> {
    let mut flow = Vec::new();
    let mut reader = Reader::open(FLOW, bytes, &flow_header())?;
    while let Some(mut row) = reader.next()? {
        flow.push(FlowStep {
            year: row.whole()?,
            step: row.code()?,
            rows: row.whole()?,
            amount: row.yuan()?,
        });
    }
    Ok(flow)
}

fn trimmed_header() -> Vec<String> {
    header(&["group_code", "year", "cases", "amount_yuan", "kept_from_yuan", "kept_to_yuan"])
}

fn trimmed_cells(row: &Trimmed) -> Vec<String> {
    vec![
        row.group_code.clone(),
        row.year.to_string(),
        row.cases.to_string(),
        row.amount.to_string(),
        row.kept_from.to_string(),
        row.kept_to.to_string(),
    ]
}

/// The trimmed cases of a file that was read.
pub(super) fn read_trimmed(bytes: &[u8]) -> Result<Vec<Trimmed>, Error> {
    let mut trimmed = Vec::new();
    let mut reader = Reader::open(TRIMMED, bytes, &trimmed_header())?;
    while let Some(mut row) = reader.next()? {
        trimmed.push(Trimmed {
            group_code: row.text(),
            year: row.whole()?,
            cases: row.whole()?,
            amount: row.yuan()?,
            kept_from: row.yuan()?,
            kept_to: row.yuan()?,
        });
    }
    Ok(trimmed)
}

/// The identity line by line, as printed and as a table of a run.
#[must_use]
pub fn identity_table(catalog: &Catalog) -> Table {
    let lines = &catalog.identity;
    Table::new("identity")
        .with("line", Column::text(lines.iter().map(|line| line.line.as_str())))
        .with(
            "amount_yuan",
            Column::decimals(IDENTITY_PLACES, lines.iter().map(|line| Some(line.amount))),
        )
}

fn identity_header() -> Vec<String> {
    header(&["line", "amount_yuan"])
}

fn identity_cells(line: &IdentityLine) -> Result<Vec<String>, Error> {
    let amount = fixed(line.amount, IDENTITY_PLACES, &format!("identity line `{}`", line.line))?;
    Ok(vec![line.line.clone(), amount])
}

/// The identity of a file that was read.
pub(super) fn read_identity(bytes: &[u8]) -> Result<Vec<IdentityLine>, Error> {
    let mut identity = Vec::new();
    let mut reader = Reader::open(IDENTITY, bytes, &identity_header())?;
    while let Some(mut row) = reader.next()? {
        let line = IdentityLine { line: row.code()?, amount: row.decimal(IDENTITY_PLACES)? };
        identity.push(line);
    }
    Ok(identity)
}
