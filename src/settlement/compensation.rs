//! The compensation pool: the reasonable part of an overspend is paid back from money of its own
//! (Y33, Z13, Z26, 2.4, 3.3).
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, HashMap};

use num_traits::ToPrimitive;

use crate::policy::model::{Compensation, CompensationLimit};
use crate::units::{Fen, Ratio, UnitError, allocate, exact, fraction, ratio};

use super::cases::Cases;
use super::clearing::difference;
use super::error::Error;
use super::outcome::CompensationRow;
use super::pool::Pool;
use super::year_end::Claim;

/// What a compensation pool leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compensated {
    /// Of each institution, in the order given.
    pub(super) shares: Vec<Fen>,
    /// What is left of the pool.
    pub(super) rest: Fen,
    pub(super) rows: Vec<CompensationRow>,
}

/// Divides a pool over the reasonable parts r of overspends: allocate(min(Q, Σ r), r).
///
/// `unaided` is what each institution is paid without it: after cap, assessment, violations and
/// deductions (R22).
pub(super) fn compensate(
    pool: &str,
    rule: &Compensation,
    opening: Fen,
    claims: &[Claim<'_>],
    unaided: &[Fen],
) -> Result<Compensated, UnitError> {
    let mut rows = vec![line(pool, "opening", opening)];
    let mut reasonable = Vec::with_capacity(claims.len());
    for (claim, unaided) in claims.iter().zip(unaided) {
        let (excess, limit) = match rule.limit {
            CompensationLimit::Negotiated => {
                (difference(claim.booked, *unaided)?, claim.negotiated)
            }
            CompensationLimit::Entitlement { rate } => {
                let booked = difference(claim.booked, claim.assessment.violations)?;
                let limit = Fen::nearest(&(claim.entitlement.to_ratio() * exact(rate)))?;
                (difference(booked, claim.entitlement)?, limit)
            }
        };
        let own = excess.min(limit).max(Fen::ZERO);
        reasonable.push(own);
        rows.push(CompensationRow {
            fixmedins_code: claim.code.to_owned(),
            excess: Some(excess),
            limit: Some(limit),
            reasonable: Some(own),
            ..line(pool, "paid", Fen::ZERO)
        });
    }
    let money = Fen::sum(reasonable.iter().copied())?.min(opening);
    let weights: Vec<i128> = reasonable.iter().map(|own| own.0.into()).collect();
    let codes: Vec<&str> = claims.iter().map(|claim| claim.code).collect();
    let shares = allocate(money, &weights, &codes)?;
    for (row, share) in rows.iter_mut().skip(1).zip(&shares) {
        row.amount = *share;
    }
    let rest = difference(opening, money)?;
    rows.push(line(pool, "rest", rest));
    Ok(Compensated { shares, rest, rows })
}

fn line(pool: &str, line: &'static str, amount: Fen) -> CompensationRow {
    CompensationRow {
        pool: pool.to_owned(),
        fixmedins_code: String::new(),
        line,
        excess: None,
        limit: None,
        reasonable: None,
        amount,
    }
}

/// N of each institution of a pool: Σ negotiated-drug fee × fund ÷ fee of its cases, exact, then rounded
/// to the fen (Y33, R22). Cases without a fee have no ratio and no part in it (R11).
///
/// # Errors
/// [`Error::Columns`] when the cases came without the column.
pub(super) fn negotiated(
    cases: &Cases,
    year: u16,
    pool: &Pool,
) -> Result<BTreeMap<String, Fen>, Error> {
    let rows = cases.len();
    if cases.negotiated_fen.len() != rows {
        let row = cases.negotiated_fen.len().min(rows);
        return Err(Error::Columns { column: "negotiated_fen", row });
    }
    let mut sums: HashMap<u32, Fractions> = HashMap::new();
    for row in (0..rows).filter(|row| cases.year[*row] == year) {
        let (own, fee) = (cases.negotiated_fen[row], cases.fee_fen[row]);
        if pool.takes(cases.insutype[row]) && own != 0 && fee != 0 {
            let sum = sums.entry(cases.institution[row]).or_default();
            sum.add(own, cases.fund_fen[row], fee);
        }
    }
    let named = |(at, sum): (u32, Fractions)| (cases.institutions[at as usize].clone(), sum);
    sums.into_iter()
        .map(named)
        .map(|(code, sum)| {
            let wrong = |_| Error::Columns { column: "negotiated_fen", row: 0 };
            sum.nearest().map(|fen| (code, fen)).map_err(wrong)
        })
        .collect()
}

/// A sum of many fractions, exact: numerators by denominator.
#[derive(Debug, Default)]
struct Fractions {
    by_denominator: BTreeMap<i64, i128>,
}

/// Binary places of the first try at a sum.
const BITS: u32 = 40;

impl Fractions {
    /// Adds `part × numerator ÷ denominator`, the denominator not 0.
    fn add(&mut self, part: i64, numerator: i64, denominator: i64) {
        let product = i128::from(part).saturating_mul(numerator.into());
        let product = if denominator < 0 { product.saturating_neg() } else { product };
        let sum = self.by_denominator.entry(denominator.saturating_abs()).or_default();
        *sum = sum.saturating_add(product);
    }

    /// The nearest fen (half away from zero).
    ///
    /// The sum is first bounded with 40 binary places; only where the bounds round apart is it taken
    /// exactly, which needs numbers as long as all denominators together.
    fn nearest(&self) -> Result<Fen, UnitError> {
        let mut low = ratio(0);
        let (one, mut floors) = (ratio(1i128 << BITS), 0i128);
        for (denominator, numerator) in &self.by_denominator {
            let whole = numerator.div_euclid(i128::from(*denominator));
            let rest = numerator.rem_euclid(i128::from(*denominator));
            low += ratio(whole);
            let part = (rest << BITS).div_euclid(i128::from(*denominator));
            floors = floors.checked_add(part).ok_or(UnitError::Overflow)?;
        }
        low += ratio(floors) / &one;
        let terms = self.by_denominator.len().to_i128().ok_or(UnitError::Overflow)?;
        let high = &low + ratio(terms) / one;
        let (low, high) = (Fen::nearest(&low)?, Fen::nearest(&high)?);
        if low == high { Ok(low) } else { Fen::nearest(&self.exact()) }
    }

    /// The sum itself, halves first so that long numbers meet late.
    fn exact(&self) -> Ratio {
        let mut terms: Vec<Ratio> = self
            .by_denominator
            .iter()
            .filter_map(|(denominator, numerator)| fraction(*numerator, *denominator))
            .collect();
        while terms.len() > 1 {
            terms = terms.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
        terms.pop().unwrap_or_else(|| ratio(0))
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, Fractions, compensate};
    use crate::policy::model::{Cite, Compensation, CompensationLimit};
    use crate::settlement::input::Assessment;
    use crate::units::Fen;

    // 1/3 + 1/6 = 0.5 rounds up, which no number of binary places can tell; 2/3 + 5/6 = 1.5 → 2;
    // −1/3 − 1/6 = −0.5 → −1; 10 × 85 ÷ 100 = 8.5 → 9.
    // shows: R22
    #[test]
    fn a_sum_of_fractions_is_rounded_once_and_exactly() {
        let sum = |terms: &[(i64, i64, i64)]| {
            let mut sum = Fractions::default();
            for (part, numerator, denominator) in terms {
                sum.add(*part, *numerator, *denominator);
            }
            sum.nearest().unwrap()
        };
        assert_eq!(sum(&[(1, 1, 3), (1, 1, 6)]), Fen(1));
        assert_eq!(sum(&[(1, 2, 3), (1, 5, 6)]), Fen(2));
        assert_eq!(sum(&[(1, -1, 3), (1, -1, 6)]), Fen(-1));
        assert_eq!(sum(&[(1, 1, -3), (1, 1, -6)]), Fen(-1));
        assert_eq!(sum(&[(10, 85, 100)]), Fen(9));
        assert_eq!(sum(&[(1, 1, 3), (1, 1, 7)]), Fen(0)); // 10/21
        assert_eq!(sum(&[(1, 1, 3), (1, 4, 21)]), Fen(1)); // 11/21
        assert_eq!(sum(&[]), Fen(0));
    }

    fn shares(unaided: [i64; 2]) -> Vec<Fen> {
        let rule = Compensation { cite: Cite::default(), limit: CompensationLimit::Negotiated };
        let claim = |code, booked, negotiated| Claim {
            code,
            entitlement: Fen::ZERO,
            booked: Fen(booked),
            cost: Fen(booked),
            weight: 1,
            negotiated: Fen(negotiated),
            assessment: Assessment::default(),
            is_first_pool: true,
        };
        let claims = [claim("H1", 10_000, 5_000), claim("H2", 10_000, 9_000)];
        compensate("all", &rule, Fen(10_000), &claims, &unaided.map(Fen)).unwrap().shares
    }

    // 100.00 for r = min(100 − 40, 50) = 50.00 and 100 − 30 = 70.00: 41.67 (5000 ÷ 120 = 41.666…) and 58.33.
    // H1 has more points worth 10.00 now, all of which a cap takes: unaided it is paid 40.00 as before, H2
    // 20.00. 100.00 for 50.00 and 80.00: 38.46 (5000 ÷ 130 = 38.461…) and 61.54. More points, 3.21 less pay.
    // shows: Y33
    #[test]
    fn under_a_cap_more_points_may_bring_less_compensation() {
        assert_eq!(shares([4_000, 3_000]), [Fen(4_167), Fen(5_833)]);
        assert_eq!(shares([4_000, 2_000]), [Fen(3_846), Fen(6_154)]);
    }
}
