//! Clears one pool in one period: from its money to each institution's entitlement.
//!
//! With F the budget, A the fund booked and s the providers' share of the side the pool is on, T =
//! A + s·(F − A) is rounded to the fen and distributed (4.2, R29); s = 1 makes T = F.
//!
//! - **Points** (1.2): entitlement = I + allocate(T − I, points), I being the cases paid as booked.
//!   A value that does not float divides T − I in another way ([`super::value`]).
//! - **Standards** (2.4): entitlement = I + E while I + E ≤ T, else I + allocate(T − I, E); groups cleared
//!   by days stand in E with their day base ([`super::days`]).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use rust_decimal::Decimal;

use crate::policy::model::{Basis, PayMethod, Policy, ShareBy, Sharing, Value, ValueMethod};
use crate::units::{Fen, Points, Ratio, UnitError, allocate, exact, fraction, ratio, to_decimal};

use super::error::{Error, Place};
use super::ledger::{Ledger, item_cites};
use super::money_error::MoneyError;
use super::outcome::LineKind;
use super::pool::{Total, fen};
use super::value::{Earner, NotValued, basis_factor, divide};

/// One institution in the period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share<'a> {
    pub(super) code: &'a str,
    /// Its pay by standard is that after clearing by days.
    pub(super) total: Total,
    /// What clearing by days changed of it (A17); in fen.
    pub(super) by_days: Fen,
    /// Points of severe groups, and base volume, where the value asks for them (E11).
    pub(super) severe: i128,
    pub(super) base: i128,
}

/// A pool after one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cleared {
    pub(super) budget: Fen,
    pub(super) distributable: Fen,
    /// Of each institution, in the order given.
    pub(super) entitlement: Vec<Fen>,
    pub(super) point_value: Option<Decimal>,
    pub(super) floating_factor: Option<Decimal>,
}

/// Clears one pool in one period and posts its lines. `base_elsewhere` is the base volume of
/// institutions that are not among `shares` (E11).
pub(super) fn clear(
    place: &Place,
    policy: &Policy,
    budget: Fen,
    shares: &[Share<'_>],
    base_elsewhere: i128,
    ledger: &mut Ledger<'_>,
) -> Result<Cleared, Error> {
    let mut sum = Total::default();
    for share in shares {
        sum.add(&share.total);
    }
    let divide = |source| Error::Divide { place: Box::new(place.clone()), source };
    let booked = fen(sum.base.booked).map_err(divide)?;
    let distributable = distributable(&policy.sharing, budget, booked).map_err(divide)?;
    let money = Divided { budget, booked, distributable, base_elsewhere };
    let cleared = divide_money(place, policy, money, shares, ledger)?;
    let kept = difference(budget, distributable).map_err(divide)?;
    ledger.post_fund(LineKind::Sharing, kept, &policy.sharing.cite);
    Ok(cleared)
}

/// The money of a pool in one period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Divided {
    /// F.
    pub(super) budget: Fen,
    /// A.
    pub(super) booked: Fen,
    /// T.
    pub(super) distributable: Fen,
    /// Base volume of institutions without a share (E11).
    pub(super) base_elsewhere: i128,
}

/// Divides what is distributable and posts the lines of the institutions.
pub(super) fn divide_money(
    place: &Place,
    policy: &Policy,
    money: Divided,
    shares: &[Share<'_>],
    ledger: &mut Ledger<'_>,
) -> Result<Cleared, Error> {
    let mut sum = Total::default();
    for share in shares {
        sum.add(&share.total);
    }
    let Divided { budget, booked, distributable, base_elsewhere } = money;
    let period =
        PeriodOf { place, policy, budget, booked, distributable, sum, shares, base_elsewhere };
    match (policy.payment.method, policy.sharing.by) {
        (PayMethod::Standard, ShareBy::Points) => period.by_standard(ledger),
        (PayMethod::Standard, _) => {
            Err(Error::SharingNeedsPoints { scenario: place.scenario.clone() })
        }
        (PayMethod::Points, ShareBy::Points) => match &policy.value {
            Some(value) if value.method != ValueMethod::Floating => period.by_value(value, ledger),
            _ => period.by_points(ledger),
        },
        (PayMethod::Points, by) => period.start_from_booked(by, ledger),
    }
}

/// T = A + s·(F − A), s by the side of F − A, rounded to the fen (A24, A25).
pub(super) fn distributable(sharing: &Sharing, budget: Fen, booked: Fen) -> Result<Fen, UnitError> {
    let share = if budget >= booked { sharing.surplus } else { sharing.overspend };
    let gap = budget.to_ratio() - booked.to_ratio();
    Fen::nearest(&(booked.to_ratio() + exact(share) * gap))
}

/// `one − two`.
pub(super) fn difference(one: Fen, two: Fen) -> Result<Fen, UnitError> {
    one.0.checked_sub(two.0).map(Fen).ok_or(UnitError::Overflow)
}

struct PeriodOf<'a> {
    place: &'a Place,
    policy: &'a Policy,
    budget: Fen,
    booked: Fen,
    distributable: Fen,
    sum: Total,
    shares: &'a [Share<'a>],
    base_elsewhere: i128,
}

impl<'a> PeriodOf<'a> {
    fn place(&self) -> Box<Place> {
        Box::new(self.place.clone())
    }

    fn divide(&self, source: UnitError) -> Error {
        match source {
            UnitError::ZeroPoints { pool } => {
                Error::ZeroPoints { place: self.place(), money: pool }
            }
            source => Error::Divide { place: self.place(), source },
        }
    }

    fn fen(&self, sum: i128) -> Result<Fen, Error> {
        fen(sum).map_err(|source| self.divide(source))
    }

    fn minus(&self, one: Fen, two: Fen) -> Result<Fen, Error> {
        difference(one, two).map_err(|source| self.divide(source))
    }

    fn plus(&self, one: Fen, two: Fen) -> Result<Fen, Error> {
        Fen::sum([one, two]).map_err(|source| self.divide(source))
    }

    fn allocate(&self, money: Fen, weights: &[i128]) -> Result<Vec<Fen>, Error> {
        let codes: Vec<&str> = self.shares.iter().map(|share| share.code).collect();
        allocate(money, weights, &codes).map_err(|source| self.divide(source))
    }

    /// Points of each institution; below 0 is refused (R25).
    fn points(&self) -> Result<Vec<i128>, Error> {
        let points: Vec<i128> = self.shares.iter().map(|share| share.total.judged.points).collect();
        match points.iter().position(|points| *points < 0) {
            None => Ok(points),
            Some(at) => Err(Error::NegativePoints {
                place: self.place(),
                institution: self.shares[at].code.to_owned(),
                points: Decimal::try_from_i128_with_scale(points[at], Points::PLACES)
                    .unwrap_or(Decimal::MIN),
            }),
        }
    }

    fn item_paid(&self) -> Result<Fen, Error> {
        self.fen(self.sum.judged.item_paid())
    }

    fn post_items(&self, ledger: &mut Ledger<'_>) -> Result<(), Error> {
        let cites = item_cites(self.policy);
        for share in self.shares {
            for ((kind, cite), amount) in cites.iter().zip(share.total.judged.item) {
                ledger.post(share.code, *kind, self.fen(amount)?, cite);
            }
        }
        Ok(())
    }

    fn cleared(&self, entitlement: Vec<Fen>) -> Cleared {
        Cleared {
            budget: self.budget,
            distributable: self.distributable,
            entitlement,
            point_value: None,
            floating_factor: None,
        }
    }

    /// I + allocate(T − I, points) (J05, A24).
    fn by_points(&self, ledger: &mut Ledger<'_>) -> Result<Cleared, Error> {
        let points = self.points()?;
        let item_paid = self.item_paid()?;
        if self.distributable < item_paid {
            return Err(self.exhausted(item_paid));
        }
        let money = self.minus(self.distributable, item_paid)?;
        let divided = self.allocate(money, &points)?;
        self.post_items(ledger)?;
        // Without sharing the budget itself is divided; the difference is what sharing does.
        let unshared = if self.distributable == self.budget {
            divided.clone()
        } else {
            self.allocate(self.minus(self.budget, item_paid)?, &points)?
        };
        let mut entitlement = Vec::with_capacity(self.shares.len());
        for ((share, part), unshared) in self.shares.iter().zip(divided).zip(unshared) {
            let (payment, sharing) = (&self.policy.payment.cite, &self.policy.sharing.cite);
            ledger.post(share.code, LineKind::PointsShare, unshared, payment);
            ledger.post(share.code, LineKind::Sharing, self.minus(part, unshared)?, sharing);
            let own = self.fen(share.total.judged.item_paid())?;
            entitlement.push(self.plus(own, part)?);
        }
        let point_value = self.point_value(money);
        Ok(Cleared { point_value, ..self.cleared(entitlement) })
    }

    /// I + what the value method gives for the points (E11); the difference to T is the fund's.
    fn by_value(&self, value: &Value, ledger: &mut Ledger<'_>) -> Result<Cleared, Error> {
        let points = self.points()?;
        let item_paid = self.item_paid()?;
        if self.distributable < item_paid {
            return Err(self.exhausted(item_paid));
        }
        let money = self.minus(self.distributable, item_paid)?;
        let earner = |(share, points): (&Share<'a>, i128)| Earner {
            code: share.code,
            points,
            base: share.base,
            severe: share.severe,
        };
        let earners: Vec<Earner<'_>> = self.shares.iter().zip(points).map(earner).collect();
        let base: i128 = self.shares.iter().map(|share| share.base).sum();
        let elastic = matches!(value.method, ValueMethod::Elastic { .. });
        if elastic && base.saturating_add(self.base_elsewhere) == 0 {
            return Err(MoneyError::NoBaseVolume { place: self.place() }.into());
        }
        let (booked, cost) = (self.sum.base.booked, self.sum.base.cost);
        let factor = basis_factor(self.policy.budget.basis, booked, cost);
        let valued = divide(&value.method, money, &earners, self.base_elsewhere, &factor).map_err(
            |reason| match reason {
                NotValued::Severe(fixed) => {
                    MoneyError::SevereExhausted { place: self.place(), money, fixed }.into()
                }
                NotValued::Unit(source) => self.divide(source),
            },
        )?;
        self.post_items(ledger)?;
        let mut entitlement = Vec::with_capacity(self.shares.len());
        for (share, part) in self.shares.iter().zip(&valued.parts) {
            ledger.post(share.code, LineKind::PointsShare, *part, &value.cite);
            let own = self.fen(share.total.judged.item_paid())?;
            entitlement.push(self.plus(own, *part)?);
        }
        ledger.post_fund(LineKind::ValueDifference, valued.kept, &value.cite);
        let given = self.minus(money, valued.kept)?;
        let point_value = match &value.method {
            ValueMethod::Fixed { value } => to_decimal(&exact(*value), 4),
            _ => self.point_value(given),
        };
        Ok(Cleared { point_value, ..self.cleared(entitlement) })
    }

    /// Yuan per point, 4 places: printed, never used again (A46). Per point of total cost it is
    /// divided by the pool's Σ fund ÷ Σ fee (A42, A43).
    fn point_value(&self, money: Fen) -> Option<Decimal> {
        let points = fraction(self.sum.judged.points, Points::PER_POINT)?;
        let base = match self.policy.budget.basis {
            Basis::Fund => ratio(1),
            Basis::TotalCost => fraction(self.sum.base.cost, self.sum.base.booked)?,
        };
        let fen_per_point = quotient(&(money.to_ratio() * base), &points)?;
        to_decimal(&(fen_per_point / ratio(100)), 4)
    }

    /// Booked + a share of T − A, by points or by the own distance from the share of F (A24).
    fn start_from_booked(&self, by: ShareBy, ledger: &mut Ledger<'_>) -> Result<Cleared, Error> {
        let mut weights = self.points()?;
        if by == ShareBy::OwnExcess {
            weights = self.own_distances(&weights)?;
        }
        let parts = self.allocate(self.minus(self.distributable, self.booked)?, &weights)?;
        let cite = &self.policy.sharing.cite;
        let mut entitlement = Vec::with_capacity(self.shares.len());
        for (share, part) in self.shares.iter().zip(parts) {
            let booked = self.fen(share.total.base.booked)?;
            ledger.post(share.code, LineKind::Booked, booked, cite);
            ledger.post(share.code, LineKind::Sharing, part, cite);
            entitlement.push(self.plus(booked, part)?);
        }
        Ok(self.cleared(entitlement))
    }

    /// How far each institution stands on the area's side of its share of F, which is its own
    /// item-paid money + allocate(F − I, points); 0 on the other side.
    fn own_distances(&self, points: &[i128]) -> Result<Vec<i128>, Error> {
        let shares = self.allocate(self.minus(self.budget, self.item_paid()?)?, points)?;
        let surplus = self.budget >= self.booked;
        let mut distances = Vec::with_capacity(shares.len());
        for (share, part) in self.shares.iter().zip(shares) {
            let fair = self.plus(self.fen(share.total.judged.item_paid())?, part)?;
            let booked = self.fen(share.total.base.booked)?;
            let gap = if surplus { self.minus(fair, booked)? } else { self.minus(booked, fair)? };
            distances.push(i128::from(gap.0).max(0));
        }
        Ok(distances)
    }

    /// I + E, rescaled to T when overspent (Y28, Y29, A18–A20).
    fn by_standard(&self, ledger: &mut Ledger<'_>) -> Result<Cleared, Error> {
        let item_paid = self.item_paid()?;
        let standard = self.fen(self.sum.judged.standard)?;
        let wanted = self.plus(item_paid, standard)?;
        let overspent = wanted > self.distributable;
        if overspent && self.distributable <= item_paid {
            return Err(self.exhausted(item_paid));
        }
        let money = self.minus(self.distributable, item_paid)?;
        let own: Vec<i128> = self.shares.iter().map(|share| share.total.judged.standard).collect();
        let parts = if overspent {
            self.standards_not_negative(&own)?;
            self.allocate(money, &own)?
        } else {
            own.iter().map(|own| self.fen(*own)).collect::<Result<_, _>>()?
        };
        self.post_items(ledger)?;
        let mut entitlement = Vec::with_capacity(self.shares.len());
        for (share, part) in self.shares.iter().zip(parts) {
            let own = self.fen(share.total.judged.standard)?;
            let before = self.minus(own, share.by_days)?;
            ledger.post(share.code, LineKind::StandardPaid, before, &self.policy.payment.cite);
            if let Some(rule) = &self.policy.clearing_days {
                ledger.post(share.code, LineKind::DayClearing, share.by_days, &rule.cite);
            }
            let rescale = self.minus(part, own)?;
            ledger.post(share.code, LineKind::FloatingRescale, rescale, &self.policy.budget.cite);
            let item = self.fen(share.total.judged.item_paid())?;
            entitlement.push(self.plus(item, part)?);
        }
        let mut factor = ratio(1);
        if overspent {
            factor = fraction(money.0, standard.0).unwrap_or_else(|| ratio(0));
        } else {
            let unused = self.minus(self.distributable, wanted)?;
            ledger.post_fund(LineKind::FundKept, unused, &self.policy.budget.cite);
        }
        Ok(Cleared { floating_factor: to_decimal(&factor, 4), ..self.cleared(entitlement) })
    }

    fn standards_not_negative(&self, own: &[i128]) -> Result<(), Error> {
        match own.iter().position(|own| *own < 0) {
            None => Ok(()),
            Some(at) => Err(Error::NegativeStandard {
                place: self.place(),
                institution: self.shares[at].code.to_owned(),
                amount: self.fen(own[at])?,
            }),
        }
    }

    fn exhausted(&self, item_paid: Fen) -> Error {
        Error::ControlExhausted {
            place: self.place(),
            distributable: self.distributable,
            item_paid,
        }
    }
}

/// `numerator ÷ denominator`; `None` when the denominator is 0.
pub(super) fn quotient(numerator: &Ratio, denominator: &Ratio) -> Option<Ratio> {
    let inverse = fraction(denominator.denom().clone(), denominator.numer().clone())?;
    Some(numerator * inverse)
}
