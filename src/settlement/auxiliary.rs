//! What the auxiliary types of a case multiply its points by (E09, 3.2, 6.3).
//!
//! The coefficients stand in table `auxiliary` of the catalog, exact; a case that meets several types
//! of its disease takes the highest.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use crate::table::Table;
use crate::units::{Ratio, fraction};

/// Coefficients by disease and type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Factors {
    by_group: BTreeMap<String, BTreeMap<String, Ratio>>,
}

impl Factors {
    /// Reads table `auxiliary`; `None` if a coefficient of it cannot be read.
    #[must_use]
    pub fn from_table(table: &Table) -> Option<Self> {
        let mut factors = Self::default();
        for row in 0..table.rows() {
            let Some(text) = table.cell("exact", row) else { continue };
            let (numerator, denominator) = text.split_once('/')?;
            let whole = |part: &str| part.parse::<BigInt>().ok();
            let value = fraction(whole(numerator)?, whole(denominator)?)?;
            let group = factors.by_group.entry(table.cell("group_code", row)?).or_default();
            group.insert(table.cell("type", row)?, value);
        }
        Some(factors)
    }

    /// The highest coefficient among the types that a case of this disease meets, with its type;
    /// `None` where none of them is triggered there. Equal ones: the name that sorts first.
    #[must_use]
    pub fn of_case(&self, group_code: &str, types: &str) -> Option<(&str, &Ratio)> {
        let group = self.by_group.get(group_code)?;
        let met = types.split(';').filter_map(|name| group.get_key_value(name.trim()));
        let highest = met.reduce(|best, other| {
            let better = other.1 > best.1 || (other.1 == best.1 && other.0 < best.0);
            if better { other } else { best }
        });
        highest.map(|(name, value)| (name.as_str(), value))
    }
}
