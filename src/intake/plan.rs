//! Which tables a source fills, and each of their columns from what.

use std::path::Path;
use std::sync::Arc;

use super::convert::{expected, fits};
use super::error::Error;
use super::mapping::{EACH_NUMBER, Entry, Mapping, TableMapping};
use super::mapping_error::MappingError;
use super::source::Source;
use super::value;
use crate::explain::nearest;
use crate::warehouse::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::warehouse::contract::{self, ColumnContract, TABLES, TableContract, Type};
use crate::warehouse::expression::{Compiler, Expression, Wrong};
use crate::warehouse::store::Leaf;

/// How a source is read and what becomes of its rows.
pub(crate) struct Plan {
    pub(crate) source: Source,
    /// Positions, in the source's schema, of the columns that are read.
    pub(crate) read: Vec<usize>,
    /// Those columns.
    pub(crate) schema: SchemaRef,
    pub(crate) targets: Vec<Target>,
    /// Columns that nothing reads.
    pub(crate) ignored: Vec<String>,
    /// Words that mean "nothing".
    pub(crate) null: Vec<String>,
}

/// One table that a source fills.
pub(crate) struct Target {
    pub(crate) contract: &'static TableContract,
    /// Condition of the rows that count, and its text.
    pub(crate) filter: Option<(Expression, String)>,
    pub(crate) each: Option<Each>,
    pub(crate) columns: Vec<TargetColumn>,
}

/// One row of the source becomes several.
pub(crate) struct Each {
    /// For every position, the source column (position in [`Plan::schema`]) behind each
    /// placeholder.
    pub(crate) positions: Vec<Vec<usize>>,
    /// The source columns, the placeholders and the number of the position.
    pub(crate) schema: SchemaRef,
}

/// One column that is filled.
pub(crate) struct TargetColumn {
    /// Position in the contract.
    pub(crate) at: usize,
    pub(crate) contract: &'static ColumnContract,
    pub(crate) value: Value,
    /// Date formats of the mapping; none means the usual ones.
    pub(crate) dates: Vec<String>,
}

/// Where a value comes from.
pub(crate) enum Value {
    /// A column of [`Plan::schema`].
    Column(usize),
    Expression(Expression),
    Constant(String),
}

/// Plans a source under `--table`, a mapping, its name or its header.
pub(crate) fn plan(
    source: Source,
    table: Option<&'static TableContract>,
    mapping: Option<&Mapping>,
    compiler: &Compiler,
) -> Result<Plan, Error> {
    match mapping {
        Some(mapping) => by_mapping(source, mapping, table, compiler),
        None => {
            let contract = match table {
                Some(contract) => contract,
                None => by_name(&source.name).map_or_else(|| by_header(&source), Ok)?,
            };
            by_contract(source, contract)
        }
    }
}

/// The table `--table` names.
pub(crate) fn named(table: &str) -> Result<&'static TableContract, Error> {
    contract::table(table).ok_or_else(|| Error::UnknownTable {
        table: table.to_owned(),
        nearest: nearest(table, TABLES.iter().map(|table| table.name)).map(str::to_owned),
    })
}

/// Whether the name of a file begins with that of a table.
pub(crate) fn is_export_by_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| by_name(&name.to_string_lossy()).is_some())
}

/// The table a file name begins with: `fee_item-003.csv.gz` fills `fee_item`.
fn by_name(name: &str) -> Option<&'static TableContract> {
    let name = name.to_lowercase();
    TABLES
        .iter()
        .filter(|table| {
            name.strip_prefix(table.name)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphabetic()))
        })
        .max_by_key(|table| table.name.len())
}

/// The one table whose required columns a header has.
fn by_header(source: &Source) -> Result<&'static TableContract, Error> {
    let has =
        |column: &ColumnContract| source.column_names().any(|name| matches_column(column, name));
    let fitting: Vec<&'static TableContract> = TABLES
        .iter()
        .filter(|table| table.columns.iter().filter(|column| column.required).all(has))
        .filter(|table| {
            // `setl_id` alone says nothing: most of the header has to be the table's.
            let known = source
                .column_names()
                .filter(|name| table.columns.iter().any(|column| matches_column(column, name)));
            2 * known.count() > source.schema.fields().len()
        })
        .collect();
    match fitting.as_slice() {
        [one] => Ok(one),
        _ => Err(Error::TableUndecided {
            path: source.path.clone(),
            columns: source.column_list(),
            fitting: fitting.iter().map(|table| table.name.to_owned()).collect(),
        }),
    }
}

/// Whether a source column is this column: by name or alias, capitals aside.
fn matches_column(column: &ColumnContract, name: &str) -> bool {
    column.name.eq_ignore_ascii_case(name)
        || column.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
}

fn by_contract(source: Source, contract: &'static TableContract) -> Result<Plan, Error> {
    let names: Vec<String> = source.column_names().map(str::to_owned).collect();
    let (mut read, mut columns) = (Vec::new(), Vec::new());
    for (at, column) in contract.columns.iter().enumerate() {
        let exact = |name: &String| name.eq_ignore_ascii_case(column.name);
        // The name itself goes before its aliases; a second column under an alias is then ignored.
        let named: Vec<usize> = (0..names.len()).filter(|at| exact(&names[*at])).collect();
        let aliased = (0..names.len()).filter(|at| matches_column(column, &names[*at]));
        let found = if named.is_empty() { aliased.collect() } else { named };
        match (found.first().copied(), found.get(1).copied()) {
            (Some(first), Some(second)) => {
                return Err(Error::AliasTwice {
                    path: source.path,
                    first: names[first].clone(),
                    second: names[second].clone(),
                });
            }
            (None, _) if column.required => {
                let nearest = nearest(column.name, names.iter().map(String::as_str));
                return Err(Error::MissingColumn {
                    table: contract.name,
                    column: column.name,
                    columns: source.column_list(),
                    nearest: nearest.map(str::to_owned),
                    path: source.path,
                });
            }
            (None, _) => {}
            (Some(from), None) => {
                let data_type = source.schema.field(from).data_type();
                if !fits(column.kind, data_type) {
                    return Err(Error::WrongType {
                        table: contract.name,
                        column: names[from].clone(),
                        target: column.name,
                        found: data_type.to_string(),
                        expected: expected(column.kind),
                        path: source.path,
                    });
                }
                columns.push((at, from));
                read.push(from);
            }
        }
    }
    read.sort_unstable();
    let columns = columns
        .into_iter()
        .map(|(at, from)| TargetColumn {
            at,
            contract: &contract.columns[at],
            value: Value::Column(read.iter().position(|read| *read == from).unwrap_or(0)),
            dates: Vec::new(),
        })
        .collect();
    let target = Target { contract, filter: None, each: None, columns };
    Ok(assemble(source, read, vec![target], Vec::new()))
}

fn assemble(source: Source, read: Vec<usize>, targets: Vec<Target>, null: Vec<String>) -> Plan {
    let fields: Vec<Field> = read.iter().map(|at| source.schema.field(*at).clone()).collect();
    let ignored = source
        .column_names()
        .enumerate()
        .filter(|(at, _)| !read.contains(at))
        .map(|(_, name)| name.to_owned())
        .collect();
    Plan { schema: Arc::new(Schema::new(fields)), source, read, targets, ignored, null }
}

/// Compiles the expressions of a mapping for one source.
struct Mapper<'a> {
    source: &'a Source,
    mapping: &'a Mapping,
    compiler: &'a Compiler,
}

fn by_mapping(
    source: Source,
    mapping: &Mapping,
    table: Option<&'static TableContract>,
    compiler: &Compiler,
) -> Result<Plan, Error> {
    let wanted = |of: &&TableMapping| table.is_none_or(|table| table.name == of.contract.name);
    let tables: Vec<&TableMapping> = mapping.tables.iter().filter(wanted).collect();
    if tables.is_empty() {
        return Err(MappingError::NoTables { path: mapping.path.clone() }.into());
    }
    let mapper = Mapper { source: &source, mapping, compiler };
    // First over all columns, to learn which are read; then over those alone.
    let mut read = Vec::new();
    for table in &tables {
        read.extend(mapper.reads(table)?);
    }
    read.sort_unstable();
    read.dedup();
    let fields: Vec<Field> = read.iter().map(|at| source.schema.field(*at).clone()).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let targets =
        tables.iter().map(|table| mapper.target(table, &schema)).collect::<Result<Vec<_>, _>>()?;
    Ok(assemble(source, read, targets, mapping.null.clone()))
}

impl Mapper<'_> {
    /// Positions of the source columns that a table reads.
    fn reads(&self, table: &TableMapping) -> Result<Vec<usize>, Error> {
        let target = self.target(table, &self.source.schema)?;
        let mut names: Vec<String> = Vec::new();
        names.extend(target.filter.iter().flat_map(|(filter, _)| filter.columns().to_vec()));
        for column in &target.columns {
            match &column.value {
                Value::Expression(expression) => names.extend(expression.columns().to_vec()),
                Value::Column(at) => {
                    names.push(self.source.schema.field(*at).name().clone());
                }
                Value::Constant(_) => {}
            }
        }
        let mut read: Vec<usize> =
            names.iter().filter_map(|name| self.source.schema.index_of(name).ok()).collect();
        if let Some(each) = &target.each {
            read.extend(each.positions.iter().flatten());
        }
        Ok(read)
    }

    fn target(&self, table: &TableMapping, schema: &SchemaRef) -> Result<Target, Error> {
        let filter = match &table.row_filter {
            None => None,
            Some(entry) => {
                let filter = self.compile("row_filter", entry, schema)?;
                if !matches!(filter.data_type(), DataType::Boolean) {
                    return Err(self.wrong_type("row_filter", entry, &filter, "a condition"));
                }
                Some((filter, entry.text.clone()))
            }
        };
        let each = self.each(table, schema)?;
        let over = each.as_ref().map_or(schema, |each| &each.schema);
        let mut columns = Vec::new();
        for (at, column) in table.contract.columns.iter().enumerate() {
            let dates = table.dates.get(column.name).cloned().unwrap_or_default();
            let value = if let Some(entry) = table.columns.get(column.name) {
                self.value(column, entry, over, each.is_some())?
            } else if let Some(entry) = table.constants.get(column.name) {
                self.check_constant(column, entry, &dates)?;
                Value::Constant(entry.text.clone())
            } else {
                continue;
            };
            columns.push(TargetColumn { at, contract: column, value, dates });
        }
        Ok(Target { contract: table.contract, filter, each, columns })
    }

    fn value(
        &self,
        column: &ColumnContract,
        entry: &Entry,
        schema: &Schema,
        each: bool,
    ) -> Result<Value, Error> {
        let expression = self.compile(column.name, entry, schema)?;
        if !fits(column.kind, expression.data_type()) {
            return Err(self.wrong_type(column.name, entry, &expression, expected(column.kind)));
        }
        Ok(match expression.plain_column() {
            // Placeholders stand behind the source columns and change with the position.
            Some(at) if !each => Value::Column(at),
            _ => Value::Expression(expression),
        })
    }

    fn compile(&self, key: &str, entry: &Entry, schema: &Schema) -> Result<Expression, Error> {
        self.compiler.compile(&entry.text, schema).map_err(|wrong| match wrong {
            Wrong::UnknownColumn(column) => self.unknown(key, entry, &column),
            Wrong::Message(message) => MappingError::Expression {
                path: self.mapping.path.clone(),
                line: entry.line,
                key: key.to_owned(),
                expression: entry.text.clone(),
                source: Leaf(message),
            }
            .into(),
        })
    }

    fn unknown(&self, key: &str, entry: &Entry, column: &str) -> Error {
        MappingError::UnknownSource {
            path: self.mapping.path.clone(),
            line: entry.line,
            key: key.to_owned(),
            expression: entry.text.clone(),
            column: column.to_owned(),
            file: self.source.path.clone(),
            columns: self.source.column_list(),
            nearest: self
                .source
                .column_names()
                .find(|name| name.eq_ignore_ascii_case(column))
                .or_else(|| nearest(column, self.source.column_names()))
                .map(str::to_owned),
        }
        .into()
    }

    fn wrong_type(
        &self,
        key: &str,
        entry: &Entry,
        expression: &Expression,
        expected: &'static str,
    ) -> Error {
        MappingError::Type {
            path: self.mapping.path.clone(),
            line: entry.line,
            key: key.to_owned(),
            expression: entry.text.clone(),
            found: expression.data_type().to_string(),
            expected,
        }
        .into()
    }

    fn each(&self, table: &TableMapping, schema: &SchemaRef) -> Result<Option<Each>, Error> {
        let Some((_, first)) = table.each.first() else { return Ok(None) };
        let mut fields: Vec<Field> =
            schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        let mut positions = vec![Vec::new(); first.len()];
        for (name, columns) in &table.each {
            let mut data_type = None;
            for (at, entry) in columns.iter().enumerate() {
                let column = schema
                    .index_of(&entry.text)
                    .map_err(|_| self.unknown(name, entry, &entry.text))?;
                let found = schema.field(column).data_type();
                if data_type.get_or_insert(found) != &found {
                    return Err(MappingError::WrongValue {
                        path: self.mapping.path.clone(),
                        line: entry.line,
                        key: name.clone(),
                        expected: "a list of source columns of one type",
                    }
                    .into());
                }
                positions[at].push(column);
            }
            // A placeholder hides a source column of its name.
            fields.retain(|field| field.name() != name);
            fields.push(Field::new(name, data_type.cloned().unwrap_or(DataType::Utf8), true));
        }
        fields.push(Field::new(EACH_NUMBER, DataType::Int64, false));
        Ok(Some(Each { positions, schema: Arc::new(Schema::new(fields)) }))
    }

    fn check_constant(
        &self,
        column: &'static ColumnContract,
        entry: &Entry,
        dates: &[String],
    ) -> Result<(), Error> {
        let checked = match column.kind {
            Type::Text | Type::Person => Ok(()),
            Type::Yuan => value::decimal(&entry.text, 2).map(drop),
            Type::Number => value::decimal(&entry.text, 6).map(drop),
            Type::Whole => value::decimal(&entry.text, 0).map(drop),
            Type::Time => value::time(&entry.text, dates).map(drop),
        };
        checked.map_err(|fault| {
            MappingError::Constant {
                path: self.mapping.path.clone(),
                line: entry.line,
                column: column.name,
                value: entry.text.clone(),
                reason: fault.reason,
            }
            .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::by_name;

    #[test]
    fn a_file_name_begins_with_its_table() {
        let table = |name: &str| by_name(name).map(|table| table.name);
        assert_eq!(table("settlement.csv"), Some("settlement"));
        assert_eq!(table("Settlement_2023-01.parquet"), Some("settlement"));
        assert_eq!(table("fee_item-003.csv.gz"), Some("fee_item"));
        assert_eq!(table("settlements.csv"), None);
        assert_eq!(table("2023-settlement.csv"), None);
        assert_eq!(table("group_result.csv"), Some("group_result"));
    }
}
