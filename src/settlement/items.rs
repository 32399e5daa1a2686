//! Rows of table `budget` of one pool and period, read by what each must be.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::units::{Fen, UnitError};

use super::error::{Error, Place};
use super::input::ScenarioInput;
use super::money_error::MoneyError;

/// The items of one pool and period.
pub(super) struct Items<'a> {
    input: &'a ScenarioInput<'a>,
    pool: &'a str,
    period: &'a str,
}

impl<'a> Items<'a> {
    pub(super) fn of(input: &'a ScenarioInput<'a>, pool: &'a str, period: &'a str) -> Self {
        Self { input, pool, period }
    }

    pub(super) fn pool(&self) -> &'a str {
        self.pool
    }

    pub(super) fn place(&self) -> Box<Place> {
        Box::new(Place {
            scenario: self.input.name.clone(),
            pool: self.pool.to_owned(),
            period: self.period.to_owned(),
        })
    }

    pub(super) fn divide(&self, source: UnitError) -> Error {
        Error::Divide { place: self.place(), source }
    }

    /// The value of an item as written.
    pub(super) fn get(&self, item: &str) -> Option<Decimal> {
        let key = (self.pool.to_owned(), self.period.to_owned(), item.to_owned());
        self.input.given.items.get(&key).copied()
    }

    pub(super) fn has(&self, item: &str) -> bool {
        self.get(item).is_some()
    }

    /// Names and values of all items, ascending by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, Decimal)> {
        let (pool, period) = (self.pool, self.period);
        let rows = self.input.given.items.iter();
        rows.filter(move |((of, at, _), _)| of == pool && at == period)
            .map(|((.., item), value)| (item.as_str(), *value))
    }

    /// The error for an item that is not there.
    pub(super) fn missing(&self, item: &str, instead: &str) -> Error {
        MoneyError::BudgetItemMissing {
            place: self.place(),
            item: item.to_owned(),
            instead: instead.to_owned(),
            known: self.all().map(|(item, _)| item.to_owned()).collect(),
        }
        .into()
    }

    fn need(&self, item: &str) -> Result<Decimal, Error> {
        self.get(item).ok_or_else(|| self.missing(item, ""))
    }

    /// The error for an item that cannot have its value.
    pub(super) fn wrong(&self, item: &str, value: Decimal, allowed: &'static str) -> Error {
        MoneyError::BudgetItemValue { place: self.place(), item: item.to_owned(), value, allowed }
            .into()
    }

    /// An amount: yuan from 0 with at most two places.
    pub(super) fn money(&self, item: &str) -> Result<Fen, Error> {
        let value = self.need(item)?;
        let allowed = "an amount in yuan from 0 with at most two decimal places";
        Fen::from_yuan(value)
            .filter(|fen| *fen >= Fen::ZERO)
            .ok_or_else(|| self.wrong(item, value, allowed))
    }

    /// A number of persons.
    pub(super) fn count(&self, item: &str) -> Result<Decimal, Error> {
        let value = self.need(item)?;
        if value < Decimal::ZERO || !value.fract().is_zero() {
            return Err(self.wrong(item, value, "a whole number from 0"));
        }
        Ok(value.normalize())
    }

    /// A growth: 0.03 is 3 %.
    pub(super) fn growth(&self, item: &str) -> Result<Decimal, Error> {
        let value = self.need(item)?;
        if value < Decimal::NEGATIVE_ONE {
            return Err(self.wrong(item, value, "a growth such as 0.03, not below -1"));
        }
        Ok(value)
    }
}
