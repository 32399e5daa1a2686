//! What the fee of a case is compared with: mean or price of its group, in fen (A37, R06, A08).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::catalog::model::Catalog;
use crate::policy::model::{Abnormal, AbnormalReference};

use super::cases::Cases;
use super::input::ScenarioInput;
use super::segments::Factor;

/// Levels of institutions (3.3), and a place for all of them together.
const LEVELS: usize = 4;

/// Which mean a case is measured by (A37).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceSource {
    /// Last year's mean at the same level.
    LastYearLevel,
    /// Last year's mean of the city.
    LastYearCity,
    /// The published mean of the catalog.
    Catalog,
    /// Points × point value.
    Value,
}

impl ReferenceSource {
    /// The word used in explanations.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LastYearLevel => "last_year_level",
            Self::LastYearCity => "last_year_city",
            Self::Catalog => "catalog_mean",
            Self::Value => "points_times_value",
        }
    }
}

/// References by group and level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct References {
    /// Yuan, exact; by group and level, where levels matter.
    list: Vec<Option<(Decimal, ReferenceSource)>>,
    /// [`LEVELS`], or 1 where all levels have the same.
    levels: usize,
}

impl References {
    /// The published means.
    pub(super) fn of_catalog(catalog: &Catalog, cases: &Cases) -> Self {
        let means = means(catalog);
        let mean = |code: &String| Some((*means.get(code.as_str())?, ReferenceSource::Catalog));
        Self { list: cases.groups.iter().map(mean).collect(), levels: 1 }
    }

    /// What `[score.abnormal]` compares with.
    pub(super) fn of_score(
        input: &ScenarioInput<'_>,
        rule: &Abnormal,
        catalog: &Catalog,
        cases: &Cases,
    ) -> Self {
        match rule.reference {
            AbnormalReference::Catalog => Self::of_catalog(catalog, cases),
            AbnormalReference::LastYear => last_year(input, rule, catalog, cases),
            AbnormalReference::Value { point_value } => {
                let points: HashMap<&str, Decimal> = catalog
                    .groups
                    .iter()
                    .filter(|group| !group.mean.is_zero())
                    .filter_map(|group| {
                        Some((group.group_code.as_str(), group.points?.to_decimal().normalize()))
                    })
                    .collect();
                let value = |code: &String| {
                    let yuan = points.get(code.as_str())?.checked_mul(point_value)?;
                    (!yuan.is_zero()).then_some((yuan, ReferenceSource::Value))
                };
                Self { list: cases.groups.iter().map(value).collect(), levels: 1 }
            }
        }
    }

    /// Yuan and source for a group (not one of the ungrouped) at a level.
    pub(super) fn at(&self, group: u32, level: u8) -> Option<(Decimal, ReferenceSource)> {
        let level = usize::from(level).min(self.levels.saturating_sub(1));
        let first = (group as usize).checked_mul(self.levels)?;
        *self.list.get(first.checked_add(level)?)?
    }

    /// The same in fen, for lines.
    pub(super) fn fen(&self, group: u32, level: u8) -> Option<Factor> {
        let (yuan, _) = self.at(group, level)?;
        Some(Factor::decimal(yuan).times(&Factor::whole(100)))
    }
}

/// Published means that are not 0.
fn means(catalog: &Catalog) -> HashMap<&str, Decimal> {
    let groups = catalog.groups.iter().filter(|group| !group.mean.is_zero());
    groups.map(|group| (group.group_code.as_str(), group.mean)).collect()
}

/// A37: the same level where it has cases enough, else the city, else the catalog.
fn last_year(
    input: &ScenarioInput<'_>,
    rule: &Abnormal,
    catalog: &Catalog,
    cases: &Cases,
) -> References {
    let last = &input.given.last_means;
    let enough = |found: Option<&(u64, Decimal)>| {
        let (count, mean) = found?;
        let usable = *count >= u64::from(rule.reference_cases) && *mean > Decimal::ZERO;
        usable.then_some(*mean)
    };
    let means = means(catalog);
    let mut list = Vec::with_capacity(cases.groups.len().saturating_mul(LEVELS));
    for code in &cases.groups {
        for level in 0..LEVELS {
            let key = (code.clone(), u8::try_from(level).unwrap_or(0));
            let at_level = enough(last.by_level.get(&key));
            let found = at_level
                .map(|mean| (mean, ReferenceSource::LastYearLevel))
                .or_else(|| {
                    let city = enough(last.by_group.get(code))?;
                    Some((city, ReferenceSource::LastYearCity))
                })
                .or_else(|| Some((*means.get(code.as_str())?, ReferenceSource::Catalog)));
            list.push(found);
        }
    }
    References { list, levels: LEVELS }
}
