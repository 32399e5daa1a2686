//! The ledger of one pool: every fen between its budget and what its institutions are paid.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use crate::policy::model::{BandPay, Cite, Class, NoScore, Policy};
use crate::units::Fen;

use super::outcome::{LedgerLine, LineKind};
use super::pass::ITEMS;

/// Lines of one pool as they are posted.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    pool: &'a str,
    period: &'static str,
    pub(super) lines: Vec<LedgerLine>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(pool: &'a str) -> Self {
        Self { pool, period: super::pool::YEAR, lines: Vec::new() }
    }

    /// Lines posted from now on belong to this period.
    pub(super) fn open(&mut self, period: &'static str) {
        self.period = period;
    }

    /// Posts a line; a line of nothing is left out.
    pub(super) fn post(&mut self, institution: &str, kind: LineKind, amount: Fen, cite: &Cite) {
        if amount != Fen::ZERO {
            self.lines.push(LedgerLine {
                pool: self.pool.to_owned(),
                fixmedins_code: institution.to_owned(),
                period: self.period.to_owned(),
                kind,
                amount,
                clause: cite.clause.clone().unwrap_or_default(),
                reading: cite.reading.clone().unwrap_or_default(),
            });
        }
    }

    /// Posts a line of the fund.
    pub(super) fn post_fund(&mut self, kind: LineKind, amount: Fen, cite: &Cite) {
        self.post("", kind, amount, cite);
    }
}

/// A citation of a rule of every policy, which no policy file carries.
pub(super) fn reading(id: &str) -> Cite {
    Cite { clause: None, reading: Some(id.to_owned()) }
}

/// Kind and citation of the cases paid as booked, in the order of `Judged::item`.
pub(super) fn item_cites(policy: &Policy) -> [(LineKind, Cite); ITEMS] {
    let band = |class: Class| {
        let bands = policy.deviation.iter().flat_map(|deviation| &deviation.bands);
        let mut paid = bands.filter(|band| band.class == class && band.pay == BandPay::Item);
        let abnormal = policy.score.iter().flat_map(|score| &score.abnormal);
        let mut lines =
            abnormal.map(|rule| &rule.cite).chain(policy.outlier.iter().map(|rule| &rule.cite));
        paid.next().map(|band| &band.cite).or_else(|| lines.next()).cloned()
    };
    let zero = || reading("A53");
    let normal = match &policy.score {
        // An ungrouped case that is paid as booked (A41).
        Some(score) if score.no_score == NoScore::Item => Some(score.cite.clone()),
        _ => band(Class::Normal).filter(|_| policy.deviation.is_some()),
    };
    let carved = policy.carve_out.as_ref().map(|rule| rule.cite.clone());
    [
        (LineKind::ItemPaidZeroFee, reading("R11")),
        (LineKind::ItemPaidLow, band(Class::Low).unwrap_or_else(zero)),
        (LineKind::ItemPaidNormal, normal.unwrap_or_else(zero)),
        (LineKind::ItemPaidHigh, band(Class::High).unwrap_or_else(zero)),
        (LineKind::ItemPaidSpecial, reading("R17")),
        (LineKind::CarvedOut, carved.unwrap_or_else(|| reading("A47"))),
    ]
}
