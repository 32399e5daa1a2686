//! What a catalog has to pass before it is reviewed and published (E19). The limits are the policy's
//! (`[gates]`); they and what was found are table `gates` of the catalog.

use num_traits::Zero as _;
use rust_decimal::Decimal;

use super::error::Error;
use super::model::{Catalog, Group};
use super::verify::Check;
use crate::policy::model::Gates;
use crate::table::{Column, Table};
use crate::units::{Ratio, exact, fraction, to_decimal};

/// The table.
pub(super) const GATES: &str = "gates";
/// Table of groups that are cheaper than they should be, where the statistics give one.
const INVERSIONS: &str = "inversions";
/// Decimal places of a share.
const PLACES: u32 = 6;

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its name.
    pub gate: String,
    /// Largest value allowed; `None`: only reported.
    pub limit: Option<Decimal>,
    /// What was found.
    pub value: Decimal,
    /// Where, or what it was taken from.
    pub detail: String,
}

impl Gate {
    /// Whether the value is within the limit.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.limit.is_none_or(|limit| self.value <= limit)
    }

    fn new(gate: &str, limit: Option<Decimal>, value: Decimal, detail: String) -> Self {
        Self { gate: gate.to_owned(), limit, value, detail }
    }
}

/// Judges a catalog. `checks` are those of [`super::verify()`].
#[must_use]
pub fn gates(catalog: &Catalog, limits: &Gates, checks: &[Check]) -> Vec<Gate> {
    let zero = Some(Decimal::ZERO);
    let listed = |names: &[&str]| {
        let mut text = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        if names.len() > 5 {
            text.push_str(", …");
        }
        text
    };
    let failed: Vec<&str> =
        checks.iter().filter(|check| !check.passed).map(|check| check.check.as_str()).collect();
    let odd = |group: &&Group| {
        let points = group.points.is_some_and(|points| points.0 <= 0);
        group.cases > 0 && (points || group.mean <= Decimal::ZERO)
    };
    let codes = |of: &dyn Fn(&&Group) -> bool| -> Vec<&str> {
        let found = catalog.groups.iter().filter(of);
        found.map(|group| group.group_code.as_str()).collect()
    };
    let (odd, empty) = (codes(&odd), codes(&|group| group.cases == 0));
    let all = cases(catalog);
    let trimmed = catalog.trimmed.iter().map(|row| row.cases).fold(0, u64::saturating_add);
    let flagged = |flag: &str| {
        let groups = catalog.groups.iter();
        let with = groups.filter(|group| group.flags.iter().any(|known| known == flag));
        with.map(|group| group.cases).fold(0, u64::saturating_add)
    };
    let share = |gate: &str, limit: Option<Decimal>, part: u64| {
        let exact_share = fraction(part, all).unwrap_or_else(Ratio::zero);
        // A share just above its limit must not be rounded onto it.
        let over = limit.is_some_and(|limit| exact_share > exact(limit));
        let value = to_decimal(&exact_share, PLACES).unwrap_or(Decimal::MAX);
        let value = match limit {
            Some(limit) if over && value <= limit => limit + Decimal::new(1, PLACES),
            Some(limit) if !over && value > limit => limit,
            _ => value,
        };
        Gate::new(gate, limit, value, format!("{part} of {all} cases"))
    };
    let count = |names: &[&str]| Decimal::from(names.len());
    let inverted = catalog.table(INVERSIONS).map_or(0, Table::rows);
    vec![
        Gate::new("verify", zero, count(&failed), listed(&failed)),
        Gate::new("not_above_zero", zero, count(&odd), listed(&odd)),
        share("trimmed", Some(limits.trimmed_max), trimmed),
        share("single_year", limits.single_year_max, flagged("single_year")),
        share("small", limits.small_max, flagged("small")),
        Gate::new("no_cases", None, count(&empty), listed(&empty)),
        Gate::new(
            INVERSIONS,
            limits.inversions.then_some(Decimal::ZERO),
            Decimal::from(inverted),
            String::new(),
        ),
    ]
}

/// Cases of the statistics years, ungrouped ones included.
fn cases(catalog: &Catalog) -> u64 {
    let years = catalog.institutions.iter().flat_map(|row| row.year_cases.iter());
    years.fold(0, |sum, cases| sum.saturating_add(*cases))
}

/// The gates as table `gates`: `gate, limit, value, result, detail`; no limit: only reported.
#[must_use]
pub fn gate_table(gates: &[Gate]) -> Table {
    let word = |gate: &Gate| match gate.limit {
        None => "reported",
        Some(_) if gate.passed() => "passed",
        Some(_) => "failed",
    };
    let number = |value: &Decimal| to_decimal(&exact(*value), PLACES);
    Table::new(GATES)
        .with("gate", Column::text(gates.iter().map(|gate| gate.gate.as_str())))
        .with(
            "limit",
            Column::decimals(PLACES, gates.iter().map(|gate| gate.limit.as_ref().and_then(number))),
        )
        .with("value", Column::decimals(PLACES, gates.iter().map(|gate| number(&gate.value))))
        .with("result", Column::text(gates.iter().map(word)))
        .with("detail", Column::text(gates.iter().map(|gate| gate.detail.as_str())))
}

/// The limits that a catalog was built under; the defaults where it keeps none.
pub(super) fn limits_of(catalog: &Catalog) -> Gates {
    let mut limits = Gates::default();
    let Some(table) = catalog.table(GATES) else { return limits };
    for row in 0..table.rows() {
        let limit = table.cell("limit", row).and_then(|limit| limit.parse::<Decimal>().ok());
        match table.cell("gate", row).as_deref() {
            Some("trimmed") => limits.trimmed_max = limit.unwrap_or(limits.trimmed_max),
            Some("single_year") => limits.single_year_max = limit,
            Some("small") => limits.small_max = limit,
            Some(INVERSIONS) => limits.inversions = limit.is_some(),
            _ => {}
        }
    }
    limits
}

/// Refuses a step of a catalog that does not pass, naming the gates.
pub(super) fn refuse(
    dir: &std::path::Path,
    step: &'static str,
    gates: &[Gate],
) -> Result<(), Error> {
    let failed: Vec<String> = gates
        .iter()
        .filter(|gate| !gate.passed())
        .map(|gate| {
            let limit = gate.limit.unwrap_or_default().normalize();
            let detail = &gate.detail;
            let more = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            format!("{} is {}, limit {limit}{more}", gate.gate, gate.value.normalize())
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::GatesFail { path: dir.to_owned(), step, failed })
}
