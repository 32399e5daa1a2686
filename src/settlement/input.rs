//! What one scenario brings to a settlement besides the cases.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::catalog::model::Catalog;
use crate::policy::model::Policy;
use crate::units::Fen;

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
}

impl Default for Assessment {
    fn default() -> Self {
        Self { coefficient: Decimal::ONE, deduction: Fen::ZERO }
    }
}
