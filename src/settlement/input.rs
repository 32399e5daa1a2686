//! What one scenario brings to a settlement besides the cases.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::catalog::model::Catalog;
use crate::policy::model::Policy;
use crate::units::Fen;

use super::budget_note::ROUND;
use super::coefficient::InstitutionFacts;
use super::heads::{Contractor, HeadClass, Heads};

/// One scenario to be settled: a resolved policy and the inputs that are not in it.
#[derive(Debug, Clone)]
pub struct ScenarioInput<'a> {
    /// Name of the scenario, in every row of its result; unique within one call.
    pub name: String,
    /// The policy with the scenario's changes applied.
    pub policy: &'a Policy,
    /// Points and means by group code; needed for points, and for lines drawn at the mean.
    pub catalog: Option<&'a Catalog>,
    /// Year settled; the same in all scenarios of one call. Cases of other years are not looked at.
    pub year: u16,
    /// Money by pool (`all`, or the insurance type) and clearing period (`Y`, `H1`…, `Q1`…).
    pub budgets: BTreeMap<(String, String), Fen>,
    /// Assessment by pool and institution; an empty pool stands for every pool.
    pub assessments: BTreeMap<(String, String), Assessment>,
    /// What other tables say of the year.
    pub given: Given,
}

impl ScenarioInput<'_> {
    /// Takes other money for a pool and period than table `budget` has. The rounds recorded there agreed on
    /// the old amount and go.
    pub fn replace_budget(&mut self, (pool, period): (&str, &str), amount: Fen) {
        self.budgets.insert((pool.to_owned(), period.to_owned()), amount);
        self.given.items.retain(|(of, at, item), _| {
            (of.as_str(), at.as_str()) != (pool, period) || !item.starts_with(ROUND)
        });
    }
}

/// What tables beside the claims say of the year settled; empty where they say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Facts of institutions, ascending by code (Z19–Z21).
    pub institutions: Vec<InstitutionFacts>,
    /// Last year's means that low and high cases are measured by (A37, R06).
    pub last_means: LastMeans,
    /// Decided cases by `setl_id` (Z25, P08).
    pub special: BTreeMap<String, SpecialCase>,
    /// Rows of table `budget` of the year, by pool, period and item: amounts in yuan, growths, persons
    /// (3.1, Y33, J01).
    pub items: BTreeMap<(String, String, String), Decimal>,
    /// Rows of table `advance` of the year (Z22, A44); they prevail over what is computed (R35).
    pub advances: Vec<Advance>,
    /// Booked the year before, by pool and institution, January first (A44, Z22).
    pub booked_before: BTreeMap<(String, String), [Fen; 12]>,
    /// Base volume of an elastic value: points of last year by this year's catalog, in millionths, by
    /// pool and institution (E11).
    pub base_points: BTreeMap<(String, String), i128>,
    /// Refunds of the year, of settlements of cleared years, by institution and month 1 to 12 (A45, R03):
    /// fund amounts, above 0 where money comes back.
    pub prior_refunds: BTreeMap<(String, u8), Fen>,
    /// Refunds of the year whose settlement is not there, likewise; for reading only (R03).
    pub orphan_refunds: BTreeMap<(String, u8), Fen>,
    /// Persons and their months insured in the year by contracting institution as signed and by what a
    /// head factor looks at; institution "" is nobody (A27, A28).
    pub heads: BTreeMap<(String, HeadClass), Heads>,
    /// Institutions as parties to contracts; empty where no table `institution` was loaded (R07, R09).
    pub contractors: Vec<Contractor>,
}

/// Means of last year's cases, regrouped by the catalog in force, four places (R06).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastMeans {
    /// Cases and mean in yuan, by group and level of institution (3 to 1, 3.3).
    pub by_level: BTreeMap<(String, u8), (u64, Decimal)>,
    /// Cases and mean in yuan, by group, whole city.
    pub by_group: BTreeMap<String, (u64, Decimal)>,
}

/// One row of table `special`: a case decided by experts (Z25, P08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialCase {
    /// What was decided.
    pub kind: SpecialKind,
    /// Who decided.
    pub reviewer: String,
    /// Why.
    pub reason: String,
}

/// What was decided of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialKind {
    /// `points`: these are its points, final (R17).
    Points(Decimal),
    /// `item`: paid as booked, out of the pool first (5.4).
    Item,
    /// `add`: these points join the computed ones (invited expert).
    Add(Decimal),
    /// `refused`: applied for and not granted; settled as if it were not listed, and counted against the
    /// quota (6.7).
    Refused,
}

/// One row of table `advance`: money paid before clearing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Advance {
    /// Pool; empty: the only one.
    pub pool: String,
    /// The institution.
    pub institution: String,
    /// 1 to 12; `None` for working capital.
    pub month: Option<u8>,
    /// What it was paid as.
    pub kind: AdvanceKind,
    /// How much.
    pub amount: Fen,
}

/// What an advance was paid as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdvanceKind {
    /// `monthly`: pre-settlement of a month.
    Monthly,
    /// `working_capital`: paid at the start, reconciled at the end of the year (Z22).
    WorkingCapital,
}

/// Annual assessment of an institution (1.4, J17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    /// Entitlement after the cap is multiplied by this and rounded to the fen; 1 where none is
    /// given. A pool's own coefficient prevails over one given for every pool.
    pub coefficient: Decimal,
    /// Then this is taken off. Given for every pool it is taken once, in the first pool (by name)
    /// in which the institution has cases.
    pub deduction: Fen,
    /// Violations found in review, taken off like deductions (Z26, R27); once, as these.
    pub violations: Fen,
    /// Performance bond: stands in the balance only (R27); once, as deductions.
    pub bond: Fen,
}

impl Default for Assessment {
    fn default() -> Self {
        Self {
            coefficient: Decimal::ONE,
            deduction: Fen::ZERO,
            violations: Fen::ZERO,
            bond: Fen::ZERO,
        }
    }
}
