//! The audit of a policy before it is approved: what its rules leave open, contradict or invite.
//!
//! [`rules`] reads the policy, and its catalog where there is one; [`beside`] adds the cases of a year: who
//! stands just beside each line, and what moving it would move. Pure: no engine, no IO but the
//! checklist beside the policy. What a band leaves open or covers twice is refused when the policy is
//! read.
//!
//! ```
//! use dianshu::{audit, policy};
//! let yantai = policy::load("yantai-apg")?;
//! let settings = audit::Settings::new("0.85".parse()?, &yantai.policy, None);
//! let audit = audit::rules(&yantai, None, &settings)?;
//! assert!(audit.findings.iter().any(|one| one.check == "non_additive"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod behaviour;
pub mod beside;
mod binomial;
mod bundles;
mod clauses;
pub mod cliffs;
mod error;
mod finding;
pub mod lines;
mod prices;
mod reach;
#[cfg(test)]
mod tests;

use chrono::Datelike as _;
use rust_decimal::Decimal;

pub use binomial::two_sided;
pub use cliffs::{Cliff, cliffs};
pub use error::Error;
pub use finding::{Finding, table};

use crate::catalog::model::Catalog;
use crate::finding::Severity;

use crate::policy::model::{Behaviour, PayMethod, Policy};
use crate::policy::{self, LoadedPolicy};
use crate::table::Table;
use prices::Prices;

/// What probe cases are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Fund ÷ fee of a probe case (A16).
    pub ratio: Decimal,
    /// Its institution's coefficient.
    pub coefficient: Decimal,
    /// Yuan of fund money per point; absent: base mean ÷ scale × ratio, at which an average case is paid
    /// what it books.
    pub point_value: Option<Decimal>,
    /// Year the cases are settled in.
    pub year: u16,
}

impl Settings {
    /// Coefficient 1 and the neutral point value, in the year after the newest standard or the catalog.
    #[must_use]
    pub fn new(ratio: Decimal, policy: &Policy, catalog: Option<&Catalog>) -> Self {
        let dated = policy.standards.iter().map(|standard| standard.from.year());
        let dated = dated.chain([policy.identity.valid_from.year()]);
        let newest = dated.max().and_then(|year| u16::try_from(year).ok()).unwrap_or(0);
        let of_catalog = catalog.and_then(|catalog| catalog.years.last().copied());
        let year = newest.max(of_catalog.unwrap_or(0)).saturating_add(1);
        Self { ratio, coefficient: Decimal::ONE, point_value: None, year }
    }
}

/// What an audit of the rules yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// Both sides of every line, for every group.
    pub cliffs: Vec<Cliff>,
}

impl Audit {
    /// Adds what the cases of a year show of the lines.
    pub fn add(&mut self, beside: &[beside::Beside]) {
        self.findings.extend(beside::findings(beside, &self.cliffs));
        finding::sort(&mut self.findings);
    }

    /// Adds the institutions whose visits stand out (Y35).
    pub fn add_behaviour(&mut self, judged: &[behaviour::Institution], rule: &Behaviour) {
        self.findings.extend(behaviour::findings(judged, rule));
        finding::sort(&mut self.findings);
    }
}

/// Audits the rules of a policy with its scenarios.
///
/// # Errors
/// [`Error`]: a checklist that cannot be read, probe cases that cannot be judged.
pub fn rules(
    policy: &LoadedPolicy,
    catalog: Option<&Catalog>,
    settings: &Settings,
) -> Result<Audit, Error> {
    let model = &policy.policy;
    let prices = Prices::of(model, catalog, settings);
    let mut findings = clauses::findings(policy)?;
    findings.extend(bundles::findings(model, &prices));
    findings.extend(bundles::inversions(catalog));
    findings.extend(reach::findings(model, catalog, &prices));
    let needs_catalog = model.payment.method == PayMethod::Points;
    let probed = if needs_catalog && catalog.is_none() {
        findings.extend(no_catalog(model));
        cliffs::Probed::default()
    } else {
        cliffs::probe(model, catalog, settings)?
    };
    findings.extend(cliffs::findings(model, &probed));
    finding::sort(&mut findings);
    Ok(Audit { findings, cliffs: probed.cliffs })
}

fn no_catalog(policy: &Policy) -> Option<Finding> {
    let lines = lines::lines(policy);
    let first = lines.first()?;
    Some(
        Finding::new("no_catalog", Severity::Info, first.path.as_str())
            .under(first.clause.as_str())
            .says(
                "没有给出目录，点数制度的断崖未计算（加 --catalog）",
                "without a catalog the cliffs of a points system are not computed (add `--catalog`)",
            ),
    )
}

/// Table `clause` of policies with their names: which clause is implemented where, and which readings
/// are in force.
///
/// # Errors
/// [`Error::Policy`]: a checklist that cannot be read.
pub fn clause_table(policies: &[(String, &LoadedPolicy)]) -> Result<Table, policy::Error> {
    clauses::table(policies)
}
