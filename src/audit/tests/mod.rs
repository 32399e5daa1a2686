//! What an audit of the shipped policies finds, against the numbers of the documents.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "tests compute on small numbers of their own; an overflow fails them"
)]

mod behaviour;
mod history;
mod points;
mod rules;

use rust_decimal::Decimal;

use super::{Audit, Finding, Settings, rules as audit_rules};
use crate::catalog::model::Catalog;
use crate::explain::render;
use crate::policy::{self, LoadedPolicy};

fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

/// A shipped policy with scenarios.
fn shipped(name: &str, scenarios: &[&str]) -> LoadedPolicy {
    let policy = policy::load(name).unwrap_or_else(|err| panic!("{}", render(&err)));
    let specs = scenarios.join("+");
    if specs.is_empty() {
        return policy;
    }
    let scenarios = policy::load_scenarios(&specs, &policy).unwrap();
    policy::compose(&policy, &scenarios).unwrap_or_else(|err| panic!("{}", render(&err)))
}

fn audited(policy: &LoadedPolicy, catalog: Option<&Catalog>) -> Audit {
    let settings = Settings::new(dec("0.85"), &policy.policy, catalog);
    audit_rules(policy, catalog, &settings).unwrap_or_else(|err| panic!("{}", render(&err)))
}

/// Place and counter-example of the findings of one check.
fn of_check(audit: &Audit, check: &str) -> Vec<String> {
    let found = audit.findings.iter().filter(|one| one.check == check);
    found.map(|one| format!("{}: {}", one.place, one.counter_example)).collect()
}

fn one<'a>(audit: &'a Audit, check: &str) -> &'a Finding {
    let mut found = audit.findings.iter().filter(|one| one.check == check);
    let first = found.next().unwrap_or_else(|| panic!("no {check}"));
    assert!(found.next().is_none(), "{check} twice");
    first
}
