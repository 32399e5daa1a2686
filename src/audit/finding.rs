//! What an audit finds: a rule that is wrong, doubtful or worth knowing, with its counter-example.

use crate::finding::Severity;
use crate::table::{Column, Table};
use crate::units::Fen;

/// One thing found in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check, for example `cliff`.
    pub check: &'static str,
    /// [`Severity::Error`]: the policy cannot be settled as it stands; [`Severity::Warning`]: it pays for
    /// the wrong thing, or a rule is never used; [`Severity::Info`]: worth knowing before approval.
    pub severity: Severity,
    /// Path of the policy, group or institution.
    pub place: String,
    /// The numbers that show it.
    pub counter_example: String,
    /// Money of the counter-example, or moved.
    pub amount: Option<Fen>,
    /// Clause or reading of the place.
    pub clause: String,
    /// What it means, in Chinese.
    pub zh: String,
    /// What it means, in English.
    pub en: String,
}

impl Finding {
    /// A finding without counter-example, amount and clause.
    pub(super) fn new(check: &'static str, severity: Severity, place: impl Into<String>) -> Self {
        Self {
            check,
            severity,
            place: place.into(),
            counter_example: String::new(),
            amount: None,
            clause: String::new(),
            zh: String::new(),
            en: String::new(),
        }
    }

    pub(super) fn shown_by(mut self, counter_example: impl Into<String>) -> Self {
        self.counter_example = counter_example.into();
        self
    }

    pub(super) fn worth(mut self, amount: Fen) -> Self {
        self.amount = Some(amount);
        self
    }

    pub(super) fn under(mut self, clause: impl Into<String>) -> Self {
        self.clause = clause.into();
        self
    }

    pub(super) fn says(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        (self.zh, self.en) = (zh.into(), en.into());
        self
    }
}

/// The worst first, then by check, place and counter-example.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|one, two| {
        let key = |finding: &Finding| (finding.check, finding.place.clone());
        two.severity
            .cmp(&one.severity)
            .then_with(|| key(one).cmp(&key(two)))
            .then_with(|| one.counter_example.cmp(&two.counter_example))
    });
}

/// Table `audit`: `scenario, check_id, severity, where, counter_example, amount_yuan, clause, message_zh,
/// message_en`.
#[must_use]
pub fn table(findings: &[(String, Finding)]) -> Table {
    let text = |of: fn(&Finding) -> &str| Column::text(findings.iter().map(|(_, one)| of(one)));
    let amount = |finding: &Finding| finding.amount.map(|fen| i128::from(fen.0));
    let amounts = findings.iter().map(|(_, one)| amount(one)).collect();
    Table::new("audit")
        .with("scenario", Column::text(findings.iter().map(|(scenario, _)| scenario.as_str())))
        .with("check_id", text(|one| one.check))
        .with("severity", text(|one| one.severity.as_str()))
        .with("where", text(|one| &one.place))
        .with("counter_example", text(|one| &one.counter_example))
        .with("amount_yuan", Column::Decimal { places: 2, values: amounts })
        .with("clause", text(|one| &one.clause))
        .with("message_zh", text(|one| &one.zh))
        .with("message_en", text(|one| &one.en))
}
