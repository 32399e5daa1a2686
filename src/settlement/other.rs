//! What is paid by an amount and not by a group: the ungrouped (A41) and other units (J03, H14, 1.4).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use crate::catalog::model::Catalog;
use crate::policy::model::UnitKind;
use crate::units::Points;

use super::decide::CaseClass;
use super::error::Error;
use super::input::ScenarioInput;
use super::outlier::Scale;
use super::rates::Rate;
use super::segments::{Factor, Formula, Line, Measure, Rule, Segments};

/// What the points of a unit are counted by (J03, H14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PerUnit {
    /// Its fee.
    Fee,
    /// Its days: an entry of [`Units::by_day`].
    Day(usize),
    /// Nothing: the value of its rate is its quota in points.
    Case,
}

/// Points by an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Units {
    /// Base mean and scale; none where no points are paid.
    pub(super) scale: Option<Scale>,
    /// Of the ungrouped, by fee.
    pub(super) ungrouped: Line,
    /// Of the lowest group of the catalog that has any, without coefficient (A41).
    pub(super) lowest: Line,
    /// Of units paid by item, by fee.
    by_item: Line,
    /// Of each unit paid by bed days, by days.
    by_day: Vec<Line>,
    /// By code.
    pub(super) rates: HashMap<String, Rate>,
}

impl Units {
    /// Where no points are paid.
    pub(super) fn none() -> Self {
        let nothing = Line::published(Points(0));
        Self {
            scale: None,
            ungrouped: nothing.clone(),
            lowest: nothing.clone(),
            by_item: nothing,
            by_day: Vec::new(),
            rates: HashMap::new(),
        }
    }

    /// # Errors
    /// [`Error::CatalogWithoutScale`], [`Error::BaseMean`].
    pub(super) fn of(input: &ScenarioInput<'_>, catalog: &Catalog) -> Result<Self, Error> {
        let scale = catalog.scale.ok_or_else(|| Error::CatalogWithoutScale {
            scenario: input.name.clone(),
            system: catalog.system.clone(),
        })?;
        let wrong =
            || Error::BaseMean { scenario: input.name.clone(), base_mean: catalog.base_mean };
        let base_mean_fen = Factor::decimal(catalog.base_mean).times(&Factor::whole(100));
        let per_fen = base_mean_fen.inverse().ok_or_else(wrong)?;
        let scale = Factor::decimal(scale);
        // Amounts worth `fen` each: fen ÷ M × scale, M as published.
        let line =
            |fen: &Factor| Line::new(catalog.places, &[fen, &scale], &Factor::whole(0), &per_fen);
        let by_item = line(&Factor::whole(1));
        let groups = catalog.groups.iter().filter(|group| !group.mean.is_zero());
        let lowest = groups.filter_map(|group| group.points).filter(|points| points.0 > 0).min();
        let mut units = Self {
            scale: None,
            ungrouped: line(&Factor::decimal(input.policy.weights.ungrouped_factor)),
            lowest: Line::published(lowest.unwrap_or_default()),
            by_item,
            by_day: Vec::new(),
            rates: HashMap::new(),
        };
        for unit in &input.policy.units {
            let mut rate = Rate { valued: true, ..Rate::default() };
            rate.unit = Some(match unit.kind {
                UnitKind::Item => PerUnit::Fee,
                UnitKind::BedDays { standard } => {
                    units.by_day.push(line(&Factor::whole(standard.0.into())));
                    PerUnit::Day(units.by_day.len().saturating_sub(1))
                }
                UnitKind::Quota { standard } => {
                    rate.value = units.by_item.points(standard.0).ok_or_else(wrong)?;
                    PerUnit::Case
                }
            });
            units.rates.insert(unit.code.clone(), rate);
        }
        units.scale = Some(Scale { base_mean_fen, scale });
        Ok(units)
    }

    /// What the cases of a unit get; they are never tested by lines (1.4).
    pub(super) fn segments(&self, unit: PerUnit, quota: i64) -> Segments {
        let (by, line) = match unit {
            PerUnit::Fee => (Measure::Fee, self.by_item.clone()),
            PerUnit::Day(at) => (Measure::Days, self.by_day[at].clone()),
            PerUnit::Case => (Measure::Fee, Line::published(Points(quota))),
        };
        Segments::one(by, CaseClass::Unit, Rule::Unit, Formula::Points(line))
    }
}
