//! Where single cases are settled: their pool, the row they stand in, their period.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use crate::policy::model::Pools;

use super::cases::{Cases, UNSIGNED};
use super::decide::{Judgement, Pay};
use super::error::Error;
use super::heads::{Placing, Units};
use super::input::ScenarioInput;
use super::pool::{ALL, YEAR, periods};

/// Pool, institution and period of some cases.
pub(super) type Key<'a> = (&'a str, &'a str, &'static str);

/// Tells where cases of a scenario are settled.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    cases: &'a Cases,
    input: &'a ScenarioInput<'a>,
    /// Under head budgets: by whom the person is signed with and the institution visited (R09).
    placing: Option<Placing<'a>>,
}

impl<'a> Keys<'a> {
    /// # Errors
    /// Contracts that cannot be placed ([`super::heads::HeadError`]).
    pub(super) fn new(cases: &'a Cases, input: &'a ScenarioInput<'_>) -> Result<Self, Error> {
        let placing = match &input.policy.capitation {
            Some(rule) => Some(Placing::new(rule, &Units::of(input)?, cases)),
            None => None,
        };
        Ok(Self { cases, input, placing })
    }

    /// Where the case in this row is settled.
    pub(super) fn of(&self, row: usize) -> Key<'a> {
        self.place(row).0
    }

    /// What was decided of a case, as it is paid where it is settled: elsewhere, or where nobody shares by
    /// points, all that was booked, lines carved out included (A26, R07).
    pub(super) fn as_paid(&self, row: usize, judgement: Judgement) -> Judgement {
        if self.place(row).1 {
            Judgement { pay: Pay::Booked(self.cases.fund_fen[row]), carved: 0, ..judgement }
        } else {
            judgement
        }
    }

    fn place(&self, row: usize) -> (Key<'a>, bool) {
        let cases = self.cases;
        let pool = match self.input.policy.budget.pools {
            Pools::One => ALL,
            Pools::Insutype => cases.insutypes[usize::from(cases.insutype[row])].as_str(),
        };
        let month = usize::from(cases.month[row]);
        let mut periods = periods(self.input.policy.budget.period).iter();
        let period = periods.find(|(_, months)| months.contains(&month));
        let period = period.map_or(YEAR, |(period, _)| *period);
        let institution = cases.institution[row] as usize;
        let Some(placing) = &self.placing else {
            return ((pool, &cases.institutions[institution], period), false);
        };
        let contract = cases.part.get(row).copied().unwrap_or(UNSIGNED);
        let placed = placing.place(contract, institution);
        ((placed.part.unwrap_or(pool), placed.payee, period), placed.role.is_as_booked())
    }
}
