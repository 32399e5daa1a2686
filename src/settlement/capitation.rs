//! Head budgets (4.2, 4.3): from an area's money to the entitlements of its parts.
//!
//! The area's budget F is divided over its parts by person-months (A27): one part for each contracting
//! unit, one for the unsigned. With A_c booked for the persons of a part and s the providers' share of
//! the side **the area** is on, T_c = A_c + s·(F_c − A_c), to the fen (A25, R23). Each part is a pool.
//!
//! - A **unit** is charged what its persons cost elsewhere, which is paid as booked there (A26), and
//!   receives the rest of T_c, above 0 or below.
//! - The **unsigned** pool pays as booked what does not share by points (R07), then divides the rest of
//!   T_u by points like any pool (H09).
//!
//! Where the whole area is one part (A25, other reading), it is settled like the unsigned pool.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use crate::policy::model::{Capitation, Cite, Policy, ShareBy, SharedBy};
use crate::units::{Fen, UnitError, exact};

use super::clearing::{Cleared, Divided, Share, difference, divide_money};
use super::error::{Error, Place};
use super::heads::{HeadBudget, Placed, Role};
use super::ledger::{Ledger, reading};
use super::money::Money;
use super::monthly::PoolMonth;
use super::outcome::{LineKind, PartRow, UNSIGNED_POOL};
use super::pass::{ITEMS, Judged};
use super::pool::{Member, Pool, Total, fen};

/// Sums of the cases of one contract at one institution, placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) placed: Placed<'a>,
    pub(super) months: [Total; 12],
}

/// What parts are settled by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) policy: &'a Policy,
    pub(super) capitation: &'a Capitation,
    /// Scenario, pool and period of the area.
    pub(super) place: &'a Place,
}

/// One part: a pool of its own.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) pool: Pool,
    /// Sums of all its cases.
    pub(super) total: Total,
    /// The money of the part.
    pub(super) money: Money,
    /// The pool that it is a part of.
    pub(super) area: String,
    /// Months of the area, as far as they are paid in this part (R10).
    pub(super) months: Vec<PoolMonth>,
    rule: Capitation,
    head: HeadBudget,
    booked: Fen,
    distributable: Fen,
    /// Of each member of the pool.
    roles: Vec<Roles>,
}

/// What a member of a part has cases of.
#[derive(Debug, Clone, Copy, Default)]
struct Roles {
    /// Inside the unit, or sharing by points.
    own: Total,
    elsewhere: Fen,
    ineligible: Fen,
}

/// Sums by part, payee and role.
type Sorted<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeMap<Role, [Total; 12]>>>;

/// The parts of an area with their head budgets and what each has to distribute, ascending by name.
pub(super) fn parts(
    rule: &Rule<'_>,
    budget: Fen,
    heads: &BTreeMap<&str, HeadBudget>,
    cells: &[Cell<'_>],
) -> Result<Vec<Part>, Error> {
    let amount = |source| rule.amount(source);
    let months = cells.iter().flat_map(|cell| &cell.months);
    let booked = fen(months.map(|month| month.base.booked).sum()).map_err(amount)?;
    let sharing = &rule.policy.sharing;
    // The side is decided once, by the area (A25).
    let share = if budget >= booked { sharing.surplus } else { sharing.overspend };
    let mut parts = Vec::new();
    for (name, payees) in sort(rule, heads, cells) {
        let head = match rule.capitation.shared_by {
            SharedBy::Area => HeadBudget { months: 0, budget },
            SharedBy::Part => heads.get(name).copied().unwrap_or_default(),
        };
        let mut part = Part::new(rule, name, &payees, head).map_err(amount)?;
        let gap = head.budget.to_ratio() - part.booked.to_ratio();
        part.distributable =
            Fen::nearest(&(part.booked.to_ratio() + exact(share) * gap)).map_err(amount)?;
        parts.push(part);
    }
    let sum = |of: fn(&Part) -> Fen| Fen::sum(parts.iter().map(of)).map_err(amount);
    assert_eq!(sum(|part| part.head.budget)?, budget, "head budgets sum to the area's budget");
    assert_eq!(sum(|part| part.booked)?, booked, "every case is charged to one part");
    Ok(parts)
}

fn sort<'a>(
    rule: &Rule<'a>,
    heads: &BTreeMap<&'a str, HeadBudget>,
    cells: &[Cell<'a>],
) -> Sorted<'a> {
    let mut sorted = Sorted::new();
    match rule.capitation.shared_by {
        SharedBy::Area => drop(sorted.entry(&rule.place.pool).or_default()),
        SharedBy::Part => {
            for part in heads.keys() {
                let payees = sorted.entry(part).or_default();
                if *part != UNSIGNED_POOL {
                    // A unit is paid even if none of its persons came.
                    payees.entry(part).or_default();
                }
            }
        }
    }
    for cell in cells {
        let Placed { part, payee, role } = cell.placed;
        let payees = sorted.entry(part.unwrap_or(&rule.place.pool)).or_default();
        let months = payees.entry(payee).or_default().entry(role);
        for (sum, month) in months.or_insert([Total::default(); 12]).iter_mut().zip(&cell.months) {
            sum.add(month);
        }
    }
    sorted
}

impl Rule<'_> {
    fn amount(&self, source: UnitError) -> Error {
        Error::Amount { scenario: self.place.scenario.clone(), source }
    }

    fn cite(&self, id: &str) -> Cite {
        Cite { clause: self.capitation.cite.clause.clone(), ..reading(id) }
    }
}

/// Cases paid as booked earn no points.
fn as_booked(total: &Total) -> Total {
    let mut item = [0; ITEMS];
    item[AS_BOOKED] = total.base.booked;
    Total { base: total.base, judged: Judged { item, ..Judged::default() } }
}

/// Position in [`Judged::item`] of cases of no band.
const AS_BOOKED: usize = 2;

impl Part {
    fn new(
        rule: &Rule<'_>,
        name: &str,
        payees: &BTreeMap<&str, BTreeMap<Role, [Total; 12]>>,
        head: HeadBudget,
    ) -> Result<Self, UnitError> {
        let (mut members, mut all) = (Vec::new(), Vec::new());
        let mut total = Total::default();
        for (code, by_role) in payees {
            let mut months = [Total::default(); 12];
            let mut roles = Roles::default();
            for (role, cases) in by_role {
                for (sum, month) in months.iter_mut().zip(cases) {
                    let booked = fen(month.base.booked)?;
                    let month = if role.is_as_booked() { as_booked(month) } else { *month };
                    sum.add(&month);
                    total.add(&month);
                    match role {
                        Role::Inside | Role::Points => roles.own.add(&month),
                        Role::Elsewhere => roles.elsewhere = Fen::sum([roles.elsewhere, booked])?,
                        Role::Ineligible => {
                            roles.ineligible = Fen::sum([roles.ineligible, booked])?;
                        }
                    }
                }
            }
            members.push(Member::new(code, months));
            all.push(roles);
        }
        Ok(Self {
            pool: Pool::part(name, members),
            money: Money::of_part(head.budget),
            area: rule.place.pool.clone(),
            months: Vec::new(),
            rule: rule.capitation.clone(),
            booked: fen(total.base.booked)?,
            total,
            head,
            distributable: Fen::ZERO,
            roles: all,
        })
    }

    /// An institution without cases that has something to pay back.
    pub(super) fn add_payee(&mut self, code: &str) {
        let members = &mut self.pool.members;
        let at = members.partition_point(|member| member.code.as_str() < code);
        members.insert(at, Member::new(code, [Total::default(); 12]));
        self.roles.insert(at, Roles::default());
    }

    /// Clears the part and posts its lines.
    pub(super) fn clear(
        &self,
        policy: &Policy,
        place: &Place,
        ledger: &mut Ledger<'_>,
    ) -> Result<(Cleared, PartRow), Error> {
        let rule = &Rule { policy, capitation: &self.rule, place };
        let amount = |source| rule.amount(source);
        let elsewhere = self.sum(|roles| roles.elsewhere).map_err(amount)?;
        let ineligible = self.sum(|roles| roles.ineligible).map_err(amount)?;
        let taken = Fen::sum([elsewhere, ineligible]).map_err(amount)?;
        let rest = difference(self.distributable, taken).map_err(amount)?;
        for (member, roles) in self.pool.members.iter().zip(&self.roles) {
            let (elsewhere, ineligible) = (rule.cite("A26"), rule.cite("R07"));
            ledger.post(&member.code, LineKind::PaidElsewhere, roles.elsewhere, &elsewhere);
            ledger.post(&member.code, LineKind::PaidIneligible, roles.ineligible, &ineligible);
        }
        let kept = difference(self.head.budget, self.distributable).map_err(amount)?;
        ledger.post_fund(LineKind::Sharing, kept, &rule.policy.sharing.cite);
        let is_unit =
            rule.capitation.shared_by == SharedBy::Part && self.pool.name != UNSIGNED_POOL;
        let mut cleared = if is_unit {
            self.clear_unit(rule, (elsewhere, rest), ledger).map_err(amount)?
        } else {
            self.clear_shared(rule, taken, ledger)?
        };
        for (entitlement, roles) in cleared.entitlement.iter_mut().zip(&self.roles) {
            *entitlement =
                Fen::sum([*entitlement, roles.elsewhere, roles.ineligible]).map_err(amount)?;
        }
        let row = PartRow {
            part: self.pool.name.clone(),
            person_months: self.head.months,
            budget: self.head.budget,
            cases: self.total.base.cases,
            cost: fen(self.total.base.cost).map_err(amount)?,
            booked: self.booked,
            distributable: self.distributable,
            elsewhere,
            ineligible,
            rest,
            points: (!is_unit).then_some(self.total.judged.points),
            point_value: cleared.point_value,
        };
        Ok((cleared, row))
    }

    fn sum(&self, of: fn(&Roles) -> Fen) -> Result<Fen, UnitError> {
        Fen::sum(self.roles.iter().map(of))
    }

    /// The unit receives what is left (A26, H08).
    fn clear_unit(
        &self,
        rule: &Rule<'_>,
        (elsewhere, rest): (Fen, Fen),
        ledger: &mut Ledger<'_>,
    ) -> Result<Cleared, UnitError> {
        let unit = &self.pool.name;
        let shared = difference(self.distributable, self.head.budget)?;
        let charged = difference(Fen::ZERO, elsewhere)?;
        ledger.post(unit, LineKind::HeadBudget, self.head.budget, &rule.capitation.cite);
        ledger.post(unit, LineKind::Sharing, shared, &rule.policy.sharing.cite);
        ledger.post(unit, LineKind::ChargedElsewhere, charged, &rule.cite("A26"));
        let own = |member: &Member| if member.code == *unit { rest } else { Fen::ZERO };
        Ok(Cleared {
            budget: self.head.budget,
            distributable: self.distributable,
            entitlement: self.pool.members.iter().map(own).collect(),
            point_value: None,
            floating_factor: None,
        })
    }

    /// What is left after cases paid as booked is divided by points (H09, R07).
    fn clear_shared(
        &self,
        rule: &Rule<'_>,
        taken: Fen,
        ledger: &mut Ledger<'_>,
    ) -> Result<Cleared, Error> {
        let amount = |source| rule.amount(source);
        let place = Place { pool: self.pool.name.clone(), ..rule.place.clone() };
        if rule.policy.sharing.by == ShareBy::Points && self.distributable < taken {
            return Err(Error::ControlExhausted {
                place: Box::new(place),
                distributable: self.distributable,
                item_paid: taken,
            });
        }
        let left = |money| difference(money, taken).map_err(amount);
        let money = Divided {
            budget: left(self.head.budget)?,
            booked: left(self.booked)?,
            distributable: left(self.distributable)?,
            base_elsewhere: 0,
        };
        let members = self.pool.members.iter().zip(&self.roles);
        let shares: Vec<Share<'_>> = members
            .map(|(member, roles)| Share {
                code: &member.code,
                total: roles.own,
                by_days: Fen::ZERO,
                severe: 0,
                base: 0,
            })
            .collect();
        let cleared = divide_money(&place, rule.policy, money, &shares, ledger)?;
        Ok(Cleared { budget: self.head.budget, distributable: self.distributable, ..cleared })
    }
}
