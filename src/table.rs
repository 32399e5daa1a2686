//! A result table as plain columns: what the kernel fills, Parquet keeps and the report prints.
//!
//! ```
//! use dianshu::table::{Column, Table};
//! let table = Table::new("pool")
//!     .with("pool", Column::text(["all"]))
//!     .with("cases", Column::whole([3]))
//!     .with("paid_yuan", Column::yuan([160_000]));
//! assert_eq!(table.rows(), 1);
//! assert_eq!(table.cell("paid_yuan", 0).as_deref(), Some("1600.00"));
//! ```

use rust_decimal::Decimal;

use crate::texts::Texts;

/// One column; every entry may be missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Text, codes included: codes are never numbers.
    Text(Texts),
    /// Whole numbers.
    Whole(Vec<Option<i64>>),
    /// Decimals with a fixed number of places, as whole units of the last place.
    Decimal {
        /// Places after the point.
        places: u32,
        /// Values in units of the last place.
        values: Vec<Option<i128>>,
    },
    /// CV, SD, R² and nothing else.
    Float(Vec<Option<f64>>),
}

impl Column {
    /// Text without gaps.
    pub fn text<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::Text(Texts::of(values))
    }

    /// Text, entries of which may be missing.
    pub fn texts<S: AsRef<str>>(values: impl IntoIterator<Item = Option<S>>) -> Self {
        Self::Text(values.into_iter().collect())
    }

    /// Whole numbers without gaps.
    pub fn whole(values: impl IntoIterator<Item = i64>) -> Self {
        Self::Whole(values.into_iter().map(Some).collect())
    }

    /// Counts without gaps; one beyond 64 bits stays at the largest.
    pub fn counts<N: TryInto<i64>>(values: impl IntoIterator<Item = N>) -> Self {
        Self::whole(values.into_iter().map(|count| count.try_into().unwrap_or(i64::MAX)))
    }

    /// Fen as yuan with two places, without gaps.
    pub fn yuan(values: impl IntoIterator<Item = i64>) -> Self {
        Self::Decimal {
            places: 2,
            values: values.into_iter().map(|fen| Some(i128::from(fen))).collect(),
        }
    }

    /// Decimals rounded (half away from zero) or filled up to a fixed number of places.
    ///
    /// # Panics
    /// If a number with that many places has more than 28 digits.
    pub fn decimals(places: u32, values: impl IntoIterator<Item = Option<Decimal>>) -> Self {
        let fixed = |value: Decimal| {
            let mut value = value;
            value.rescale(places);
            // `rescale` stops where 28 digits are full: a number 10ᵏ too small must not get through.
            assert_eq!(value.scale(), places, "{value} has room for {places} places");
            value.mantissa()
        };
        let values = values.into_iter().map(|value| value.map(fixed)).collect();
        Self::Decimal { places, values }
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Decimal { values, .. } => values.len(),
            Self::Float(values) => values.len(),
        }
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries of these rows, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Text(values) => Self::Text(rows.iter().map(|row| values.get(*row)).collect()),
            Self::Whole(values) => Self::Whole(rows.iter().map(|row| values[*row]).collect()),
            Self::Decimal { places, values } => Self::Decimal {
                places: *places,
                values: rows.iter().map(|row| values[*row]).collect(),
            },
            Self::Float(values) => Self::Float(rows.iter().map(|row| values[*row]).collect()),
        }
    }

    /// The entry as text; `None` when missing.
    #[must_use]
    pub fn show(&self, row: usize) -> Option<String> {
        match self {
            Self::Text(values) => values.get(row).map(str::to_owned),
            Self::Whole(values) => values[row].map(|value| value.to_string()),
            Self::Decimal { places, values } => values[row].map(|value| fixed_text(value, *places)),
            Self::Float(values) => values[row].map(|value| value.to_string()),
        }
    }
}

/// `value` units of the last of `places` decimals, as text: `(-5, 2)` is `-0.05`.
#[must_use]
pub fn fixed_text(value: i128, places: u32) -> String {
    let digits = value.unsigned_abs().to_string();
    let places = places as usize;
    let digits = format!("{digits:0>width$}", width = places.saturating_add(1));
    let (whole, rest) = digits.split_at(digits.len().saturating_sub(places));
    let sign = if value < 0 { "-" } else { "" };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// A named table; all columns have the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// File name without its ending.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<(String, Column)>,
}

impl Table {
    /// An empty table without columns.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), columns: Vec::new() }
    }

    /// Adds a column.
    ///
    /// # Panics
    /// If its length differs from that of the columns before it.
    #[must_use]
    pub fn with(mut self, name: &str, column: Column) -> Self {
        if let Some((first, known)) = self.columns.first() {
            assert_eq!(known.len(), column.len(), "column `{name}` is as long as `{first}`");
        }
        self.columns.push((name.to_owned(), column));
        self
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// A cell of a yuan column in fen, 0 where it is empty; `None` without such a column.
    #[must_use]
    pub fn fen(&self, name: &str, row: usize) -> Option<i128> {
        match self.column(name)? {
            Column::Decimal { places: 2, values } => Some(values[row].unwrap_or_default()),
            _ => None,
        }
    }

    /// One cell as text; `None` when the column is unknown or the cell missing.
    #[must_use]
    pub fn cell(&self, name: &str, row: usize) -> Option<String> {
        self.column(name)?.show(row)
    }
}
