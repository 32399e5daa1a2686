//! Columns of cases that only some policies read: persons and days (A17), drugs (R16), negotiated drugs
//! (Y33), carved-out lines (A47), what patients paid in full themselves and day surgery (Z17).

use super::rows::{Collector, Settlement};
use crate::policy::model::{CompensationLimit, Policy};
use crate::settlement::cases::flag;
use crate::units::{Fen, fraction, ratio};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Which of the columns a policy reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extra {
    /// Person, day of the beginning, drugs and how long they last.
    pub(super) days: bool,
    /// Negotiated drugs.
    pub(super) negotiated: bool,
    /// What the fund pays for carved-out lines.
    pub(super) carved: bool,
    /// What patients paid in full themselves.
    pub(super) self_paid: bool,
    /// The flag of day surgery.
    pub(super) day_surgery: bool,
}

impl Extra {
    /// What a policy asks for.
    pub(super) fn of(policy: &Policy) -> Self {
        let score = policy.score.as_ref();
        Self {
            days: policy.clearing_days.is_some(),
            negotiated: policy
                .compensation
                .as_ref()
                .is_some_and(|rule| rule.limit == CompensationLimit::Negotiated),
            carved: policy.carve_out.is_some(),
            self_paid: score.is_some_and(|score| score.self_paid.is_some()),
            day_surgery: score.is_some(),
        }
    }
}

impl Collector<'_> {
    /// Adds the columns asked for of the case that was pushed last.
    pub(super) fn push_extra(&mut self, case: &Settlement) {
        let extra = self.rules.extra;
        if extra.days {
            let person = self.persons.id(&case.psn_no);
            self.part.cases.person.push(person);
            let day = i32::try_from(case.begin.div_euclid(DAY)).unwrap_or_default();
            self.part.cases.begin_day.push(day);
        }
        let cases = &mut self.part.cases;
        let lines = case.stay.as_ref().map(|stay| &stay.lines);
        let money = lines.map(|lines| &lines.money);
        if extra.days {
            cases.prd_days.push(lines.map_or(0, |lines| lines.drug_days));
            cases.drug_fen.push(money.map_or(0, |money| money.drug_fen));
        }
        if extra.negotiated {
            cases.negotiated_fen.push(money.map_or(0, |money| money.negotiated_fen));
        }
        if extra.carved {
            let carved = money.map_or(&[][..], |money| &money.carved);
            let whole = case.fee_fen.saturating_add(case.carved_fen);
            cases.carved_fen.push(carved_pay(carved, case.fund_fen, whole));
        }
        if extra.self_paid {
            cases.self_paid_fen.push(case.stay.as_ref().map_or(0, |stay| stay.own_fen));
        }
        let is_day_surgery = case.stay.as_ref().is_some_and(|stay| stay.is_day_surgery);
        if let Some(flags) = cases.flags.last_mut().filter(|_| extra.day_surgery && is_day_surgery)
        {
            *flags |= flag::DAY_SURGERY;
        }
    }
}

/// What the fund pays for lines carved out of a case: Σ round(line × fund ÷ fee), of the fee with the
/// lines (A16, A47), in fen; lines that reversals took back count below 0. Never below 0 nor above what
/// the fund paid for the case: lines that come to more than the fee are a defect of the export.
fn carved_pay(lines: &[i64], fund_fen: i64, fee_fen: i64) -> i64 {
    let Some(share) = fraction(fund_fen, fee_fen).filter(|_| fee_fen > 0) else { return 0 };
    let pay = |line: &i64| Fen::nearest(&(ratio(*line) * &share)).map_or(0, |fen| fen.0);
    lines.iter().map(pay).sum::<i64>().clamp(0, fund_fen.max(0))
}

#[cfg(test)]
mod tests {
    use super::carved_pay;

    // Fee 100.00, fund 85.00. Lines 10.01 and 0.03: 8.5085 → 8.51 and 0.0255 → 0.03, together 8.54 (the
    // sum at once would be 10.04 × 0.85 = 8.534 → 8.53). With 10.01 taken back in full 0.03 is left.
    // shows: A47, A46
    #[test]
    fn each_carved_line_is_paid_by_the_ratio_of_its_case_to_the_fen() {
        assert_eq!(carved_pay(&[1_001, 3], 8_500, 10_000), 854);
        assert_eq!(carved_pay(&[1_001, 3, -1_001], 8_500, 10_000), 3);
        assert_eq!(carved_pay(&[], 8_500, 10_000), 0);
        // The whole fee carved out: the whole fund part. More than the fee: no more than that.
        assert_eq!(carved_pay(&[10_000], 8_500, 10_000), 8_500);
        assert_eq!(carved_pay(&[10_000, 5_000], 8_500, 10_000), 8_500);
        // Nothing to divide by, nothing paid.
        assert_eq!(carved_pay(&[5], 0, 0), 0);
        assert_eq!(carved_pay(&[-5], 8_500, 10_000), 0);
    }
}
