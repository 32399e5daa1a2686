//! The official sheet: read strictly, and refused where it contradicts itself.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::error::Error;
use crate::explain::nearest;
use crate::settlement::cases::Cases;
use crate::settlement::{ALL, YEAR};
use crate::units::{Fen, Points};

/// What a row of table `cleared` states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// Money of the pool and period; a row without institution.
    Budget,
    /// Number of cases.
    Cases,
    /// Points of the institution.
    Points,
    /// Before cap, assessment, adjustments and deductions.
    Entitlement,
    /// Cap, assessment and manual adjustments, signed.
    Adjustment,
    /// Taken off; above 0.
    Deduction,
    /// Paid for the year; without institution: of the pool.
    Paid,
    /// Paid before clearing.
    Advance,
    /// Taken off for refunds of cleared years (A45).
    Refund,
    /// Transferred at clearing.
    Balance,
}

impl Item {
    /// All items.
    pub const ALL: [Self; 10] = [
        Self::Budget,
        Self::Cases,
        Self::Points,
        Self::Entitlement,
        Self::Adjustment,
        Self::Deduction,
        Self::Paid,
        Self::Advance,
        Self::Refund,
        Self::Balance,
    ];

    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Cases => "cases",
            Self::Points => "points",
            Self::Entitlement => "entitlement",
            Self::Adjustment => "adjustment",
            Self::Deduction => "deduction",
            Self::Paid => "paid",
            Self::Advance => "advance",
            Self::Refund => "refund",
            Self::Balance => "balance",
        }
    }
}

/// One row of table `cleared`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// Pool; empty: the only one.
    pub pool: String,
    /// Clearing period of a budget; empty: the year.
    pub period: String,
    /// The institution; empty for the pool.
    pub fixmedins_code: String,
    /// As written; see [`Item`].
    pub item: String,
    /// Yuan, points or a count.
    pub amount: Decimal,
}

/// One row of table `cleared_case`: what a case counted for when the year was cleared. It has points, or
/// an amount: its pay by standard or as booked, before the pool is divided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SheetCase {
    /// The first settlement of the case.
    pub setl_id: String,
    /// The institution.
    pub fixmedins_code: String,
    /// The insurance type; empty: the only one.
    pub insutype: String,
    /// The institution its person is signed with; empty: none (R08).
    pub signed: String,
    /// Month of `setl_time`, 1 to 12.
    pub month: u8,
    /// `hifp_pay`; `None`: as here.
    pub booked: Option<Fen>,
    /// Its points.
    pub points: Option<Points>,
    /// Its pay.
    pub amount: Option<Fen>,
    /// Whether the amount is the booked one.
    pub is_item: bool,
}

/// The sheet of one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// The year.
    pub year: u16,
    /// Values by pool, institution and item. Money is in fen, points in millionths.
    values: BTreeMap<(String, String), BTreeMap<Item, i64>>,
    /// Money by pool and period.
    pub(super) budgets: BTreeMap<(String, String), Fen>,
    /// Cases by id; empty where the sheet has none.
    pub(super) cases: BTreeMap<String, SheetCase>,
}

impl Sheet {
    /// Reads rows and cases of one year.
    ///
    /// # Errors
    /// [`Error`]: unknown items, two values for one thing, an institution without `paid`, a case twice,
    /// and a sheet that does not add up.
    pub fn new(year: u16, rows: &[SheetRow], cases: Vec<SheetCase>) -> Result<Self, Error> {
        let mut sheet = Self { year, ..Self::default() };
        for row in rows {
            sheet.add(row)?;
        }
        for case in cases {
            let wrong = |what| Error::Case { year, setl_id: case.setl_id.clone(), what };
            if !(1..=12).contains(&case.month) {
                return Err(wrong("a month outside 1 to 12"));
            }
            if case.points.is_some() == case.amount.is_some() {
                return Err(wrong("neither points nor an amount, or both"));
            }
            if let Some(known) = sheet.cases.insert(case.setl_id.clone(), case) {
                return Err(Error::CaseTwice { year, setl_id: known.setl_id });
            }
        }
        sheet.adds_up()?;
        Ok(sheet)
    }

    fn add(&mut self, row: &SheetRow) -> Result<(), Error> {
        let year = self.year;
        let item = Item::ALL.into_iter().find(|item| item.as_str() == row.item);
        let Some(item) = item else {
            let known = Item::ALL.into_iter().map(Item::as_str);
            return Err(Error::UnknownItem {
                year,
                institution: row.fixmedins_code.clone(),
                item: row.item.clone(),
                nearest: nearest(&row.item, known).map(str::to_owned),
            });
        };
        let pool = if row.pool.is_empty() { ALL.to_owned() } else { row.pool.clone() };
        let of_pool = row.fixmedins_code.is_empty();
        let wrong = |wanted| Error::Value {
            year,
            institution: row.fixmedins_code.clone(),
            item: row.item.clone(),
            value: row.amount.to_string(),
            wanted,
        };
        let value = match item {
            Item::Cases => row.amount.fract().is_zero().then(|| row.amount.to_i64()).flatten(),
            Item::Points => {
                let millionths = row.amount.checked_mul(Decimal::from(Points::PER_POINT));
                millionths.and_then(|points| points.to_i64())
            }
            _ => Fen::from_yuan(row.amount).map(|fen| fen.0),
        };
        let value = value.ok_or_else(|| wrong("yuan with at most two places, or a whole count"))?;
        if of_pool != (item == Item::Budget) && item != Item::Paid {
            return Err(wrong("an institution, and none for a budget"));
        }
        let twice = |first: i64| Error::Twice {
            year,
            pool: pool.clone(),
            institution: row.fixmedins_code.clone(),
            item: item.as_str(),
            first: shown(item, first),
            second: shown(item, value),
        };
        let known = if item == Item::Budget {
            let period = if row.period.is_empty() { YEAR } else { &row.period };
            let key = (pool.clone(), period.to_owned());
            self.budgets.insert(key, Fen(value)).map(|known| known.0)
        } else {
            let key = (pool.clone(), row.fixmedins_code.clone());
            self.values.entry(key).or_default().insert(item, value)
        };
        match known {
            Some(first) if first != value => Err(twice(first)),
            _ => Ok(()),
        }
    }

    /// Institutions with a row, by pool and code.
    pub(super) fn institutions(&self) -> impl Iterator<Item = &(String, String)> {
        self.values.keys().filter(|(_, code)| !code.is_empty())
    }

    /// The value of an item in fen, if the sheet has it.
    pub(super) fn value(&self, key: &(String, String), item: Item) -> Option<i64> {
        self.values.get(key)?.get(&item).copied()
    }

    fn or_zero(&self, key: &(String, String), item: Item) -> i64 {
        self.value(key, item).unwrap_or(0)
    }

    /// Whether some institution has this item.
    pub(super) fn has(&self, item: Item) -> bool {
        self.values.values().any(|values| values.contains_key(&item))
    }

    /// The entitlement stated, or what paid, adjustment and deduction leave for it.
    pub(super) fn entitlement(&self, key: &(String, String)) -> i64 {
        let derived = self
            .or_zero(key, Item::Paid)
            .saturating_sub(self.or_zero(key, Item::Adjustment))
            .saturating_add(self.or_zero(key, Item::Deduction));
        self.value(key, Item::Entitlement).unwrap_or(derived)
    }

    fn adds_up(&self) -> Result<(), Error> {
        let mut rows = Vec::new();
        let mut paid: BTreeMap<&str, i64> = BTreeMap::new();
        for key in self.institutions() {
            let (pool, code) = key;
            let Some(own) = self.value(key, Item::Paid) else {
                let (pool, institution) = key.clone();
                return Err(Error::NoPaid { year: self.year, pool, institution });
            };
            let sum = paid.entry(pool).or_default();
            *sum = sum.saturating_add(own);
            let value = |item| self.or_zero(key, item);
            let expected = self
                .entitlement(key)
                .saturating_add(value(Item::Adjustment))
                .saturating_sub(value(Item::Deduction));
            if expected != own {
                rows.push(format!(
                    "`{code}` in `{pool}`: {} + {} − {} ≠ paid {}",
                    Fen(self.entitlement(key)),
                    Fen(value(Item::Adjustment)),
                    Fen(value(Item::Deduction)),
                    Fen(own)
                ));
            }
            let left = own.saturating_sub(value(Item::Advance)).saturating_sub(value(Item::Refund));
            if let Some(balance) = self.value(key, Item::Balance).filter(|stated| *stated != left) {
                rows.push(format!(
                    "`{code}` in `{pool}`: paid {} − {} − {} ≠ balance {}",
                    Fen(own),
                    Fen(value(Item::Advance)),
                    Fen(value(Item::Refund)),
                    Fen(balance)
                ));
            }
        }
        for (pool, sum) in paid {
            let key = (pool.to_owned(), String::new());
            if let Some(stated) = self.value(&key, Item::Paid).filter(|stated| *stated != sum) {
                rows.push(format!(
                    "pool `{pool}`: its institutions are paid {}, not {}",
                    Fen(sum),
                    Fen(stated)
                ));
            }
        }
        rows.extend(self.cases_add_up());
        if rows.is_empty() { Ok(()) } else { Err(Error::NotAddUp { year: self.year, rows }) }
    }

    /// Cases and points of institutions against their cases, where both are there.
    fn cases_add_up(&self) -> Vec<String> {
        let mut rows = Vec::new();
        if self.cases.is_empty() {
            return rows;
        }
        let mut sums: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for case in self.cases.values() {
            let sum = sums.entry(&case.fixmedins_code).or_default();
            let points = case.points.map_or(0, |points| points.0);
            *sum = (sum.0.saturating_add(1), sum.1.saturating_add(points));
        }
        let codes: BTreeSet<&str> = self.institutions().map(|(_, code)| code.as_str()).collect();
        for code in codes {
            let (cases, points) = sums.get(code).copied().unwrap_or_default();
            for (item, found) in [(Item::Cases, cases), (Item::Points, points)] {
                let of = self.institutions().filter(|(_, own)| own == code);
                let stated: Vec<i64> = of.filter_map(|key| self.value(key, item)).collect();
                let sum = stated.iter().copied().fold(0, i64::saturating_add);
                if !stated.is_empty() && sum != found {
                    rows.push(format!(
                        "`{code}`: its cases have {} {}, not {}",
                        shown(item, found),
                        item.as_str(),
                        shown(item, sum)
                    ));
                }
            }
        }
        rows
    }
}

/// A value as the sheet writes it.
pub(super) fn shown(item: Item, value: i64) -> String {
    match item {
        Item::Cases => value.to_string(),
        Item::Points => Points(value).to_decimal().normalize().to_string(),
        _ => Fen(value).to_string(),
    }
}

/// Makes room in the columns for institutions and insurance types that only the sheet has cases of.
pub fn add_places(cases: &mut Cases, sheet: &Sheet) {
    let own = |codes: &[String]| codes.iter().cloned().collect::<BTreeSet<String>>();
    let mut codes = own(&cases.institutions);
    codes.extend(sheet.cases.values().map(|case| case.fixmedins_code.clone()));
    let codes: Vec<String> = codes.into_iter().collect();
    if codes != cases.institutions {
        let at = |code: &String| codes.binary_search(code).unwrap_or_default();
        let moved: Vec<usize> = cases.institutions.iter().map(at).collect();
        for institution in &mut cases.institution {
            let place = moved[*institution as usize];
            *institution = u32::try_from(place).unwrap_or(u32::MAX);
        }
        cases.institutions = codes;
    }
    let mut types = own(&cases.insutypes);
    let stated = sheet.cases.values().map(|case| case.insutype.clone());
    types.extend(stated.filter(|insutype| !insutype.is_empty()));
    let types: Vec<String> = types.into_iter().collect();
    if types != cases.insutypes {
        let at = |code: &String| types.binary_search(code).unwrap_or_default();
        let moved: Vec<usize> = cases.insutypes.iter().map(at).collect();
        for insutype in &mut cases.insutype {
            *insutype = u8::try_from(moved[usize::from(*insutype)]).unwrap_or(u8::MAX);
        }
        cases.insutypes = types;
    }
}
