//! What was decided about every single case, for the table `case`.
#![warn(clippy::float_arithmetic, clippy::integer_division, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use foldhash::HashMap;

use crate::policy::model::{PayMethod, ShareBy};
use crate::threads::side_by_side;
use crate::units::{Fen, Points, UnitError, allocate_in_order, fraction};

use super::cases::Cases;
use super::clearing::difference;
use super::decide::{CaseClass, CaseView, Judgement, Pay, decide};
use super::error::{Error, Place};
use super::input::ScenarioInput;
use super::keys::{Key, Keys};
use super::outcome::{Decision, LineKind, Outcome};
use super::pass::Judge;
use super::pool::fen;
use super::segments::{Factor, Rule};
use super::tariff::{Kind, Tariff};

/// Every case of the year with its class and its part of its institution's entitlement, by id of the case,
/// parts of one case (A15) by their group: the order of the table `case`.
///
/// A case paid as booked gets that; the rest of the entitlement is divided over the other cases by
/// points or by their pay by standard, ties in the order of the table, so
/// that case pay sums to the entitlement (R27, A46). `outcome` is what [`super::settle`] gave for the same cases and scenario.
///
/// # Errors
/// [`Error::CaseIds`] when the cases came without ids, and those of [`Tariff::resolve`].
pub fn decide_all(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    outcome: &Outcome,
    threads: NonZeroUsize,
) -> Result<Vec<Decision>, Error> {
    super::pass::check_columns(cases)?;
    let with_id = cases.case_id.texts().filter(|id| !id.is_empty()).count();
    if with_id != cases.len() {
        return Err(Error::CaseIds { cases: cases.len(), with_id });
    }
    let tariff = Tariff::resolve(input, cases)?;
    let keys = Keys::new(cases, input)?;
    let rows = (0u32..).zip(&cases.year);
    let of_year = rows.filter(|(_, year)| **year == input.year).map(|(row, _)| row);
    let in_order = cases.by_id(of_year, threads);
    let mut decisions: Vec<Decision> =
        in_order.into_iter().map(|row| undecided(row as usize)).collect();
    let judging = Judging { cases, tariff: &tariff, keys: &keys, rescale: rescale(outcome) };
    let by_key: Vec<_> = judging.fill_all(&mut decisions, threads).into_iter().collect();
    let entitlements = entitlements(outcome);
    let parts = side_by_side(&by_key, threads, |(key, members)| {
        let entitlement = entitlements.get(key).copied().unwrap_or(0);
        let judged = |at: &u32| judged(&decisions[*at as usize], input.policy.payment.method);
        let of_key: Vec<Judged> = members.iter().map(judged).collect();
        claims(cases, input, entitlement, &of_key)
            .and_then(|claims| divide(cases, &claims, &of_key))
            .map_err(|source| divide_error(input, *key, source))
    });
    for ((_, members), parts) in by_key.iter().zip(parts) {
        for (at, part) in members.iter().zip(parts?) {
            decisions[*at as usize].pay = part;
        }
    }
    Ok(decisions)
}

/// What the judgement of single cases looks at.
struct Judging<'a> {
    cases: &'a Cases,
    tariff: &'a Tariff,
    keys: &'a Keys<'a>,
    rescale: BTreeMap<(&'a str, &'a str), Factor>,
}

impl<'a> Judging<'a> {
    /// [`Self::fill`] and [`Self::by_key`] of all decisions, by several threads.
    fn fill_all(
        &self,
        decisions: &mut [Decision],
        threads: NonZeroUsize,
    ) -> BTreeMap<Key<'a>, Vec<u32>> {
        let each = decisions.len().div_ceil(threads.get()).max(1);
        let pieces = (0..).step_by(each).zip(decisions.chunks_mut(each));
        let pieces = side_by_side(pieces, threads, |(first, some)| {
            self.fill(some);
            self.by_key(first, some)
        });
        let mut all: BTreeMap<Key<'a>, Vec<u32>> = BTreeMap::new();
        // The pieces come in their order, so the places of a key ascend.
        for (key, places) in pieces.into_iter().flatten() {
            all.entry(key).or_default().extend(places);
        }
        all
    }

    /// Fills in what is decided of these cases; `pay` is the fen of one paid as booked or by standard.
    fn fill(&self, decisions: &mut [Decision]) {
        let mut judge = Judge::new(self.tariff, self.cases);
        for decision in decisions {
            let row = decision.row;
            let (kind, judgement) = judge.judge(row);
            let judgement = self.keys.as_paid(row, judgement);
            let (points, pay) = match judgement.pay {
                Pay::Points(points) => (points, 0),
                Pay::Booked(fen) | Pay::Standard(fen) => (0, fen),
                Pay::Refused(_) => (0, 0),
            };
            *decision = Decision {
                row,
                class: judgement.class,
                rule: judgement.rule,
                for_review: judgement.for_review,
                differs_at_clearing: self.differs_at_clearing(row, &kind, &judgement),
                paid_as_booked: matches!(judgement.pay, Pay::Booked(_)),
                points: Points(points),
                carved: Fen(judgement.carved),
                pay: Fen(pay),
            };
        }
    }

    /// Places of these decisions, the first of which stands at `first`, by where their cases are settled;
    /// ascending.
    fn by_key(&self, first: usize, decisions: &[Decision]) -> BTreeMap<Key<'a>, Vec<u32>> {
        let cases = self.cases;
        // What the key follows from is a few numbers, cheaper to look up than texts.
        let mut places: HashMap<_, usize> = HashMap::default();
        let mut keyed: Vec<(Key<'a>, Vec<u32>)> = Vec::new();
        for (at, decision) in (first..).zip(decisions) {
            let row = decision.row;
            let part = cases.part.get(row).copied();
            let from = (cases.institution[row], cases.insutype[row], cases.month[row], part);
            let place = *places.entry(from).or_insert_with(|| {
                keyed.push((self.keys.of(row), Vec::new()));
                keyed.len().saturating_sub(1)
            });
            keyed[place].1.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        let mut merged: BTreeMap<Key<'a>, Vec<u32>> = BTreeMap::new();
        for (key, members) in keyed {
            merged.entry(key).or_default().extend(members);
        }
        for members in merged.values_mut() {
            // Several months of one key stand one after the other.
            members.sort_unstable();
        }
        merged
    }

    fn differs_at_clearing(&self, row: usize, kind: &Kind, judgement: &Judgement) -> bool {
        if self.rescale.is_empty() {
            return false;
        }
        let (pool, _, period) = self.keys.of(row);
        self.rescale.get(&(pool, period)).is_some_and(|factor| {
            let amounts = CaseView::of(self.cases, row).amounts();
            self.tariff.moves_at_clearing(kind, &amounts, judgement, factor)
        })
    }
}

/// How a case is paid that [`Judging::fill`] has seen.
fn judged(decision: &Decision, method: PayMethod) -> Judged {
    let pay = match method {
        _ if decision.paid_as_booked => Pay::Booked(decision.pay.0),
        PayMethod::Points => Pay::Points(decision.points.0),
        PayMethod::Standard => Pay::Standard(decision.pay.0),
    };
    Judged { row: decision.row, pay, carved: decision.carved.0 }
}

/// How a case is paid.
#[derive(Debug, Clone, Copy)]
struct Judged {
    row: usize,
    pay: Pay,
    carved: i64,
}

/// The order of cases in a division: parts of one case (A15) have its id and are told apart by their
/// group.
fn tie(cases: &Cases, row: usize) -> (&str, u32) {
    (&cases.case_id[row], cases.group[row])
}

/// A row before it is decided.
fn undecided(row: usize) -> Decision {
    Decision {
        row,
        class: CaseClass::ZeroFee,
        rule: Rule::ZeroFee,
        for_review: false,
        differs_at_clearing: false,
        paid_as_booked: false,
        points: Points(0),
        carved: Fen::ZERO,
        pay: Fen::ZERO,
    }
}

/// k = (T − I) ÷ E of each pool and period that was overspent (A19, A20), exact; none under points.
fn rescale(outcome: &Outcome) -> BTreeMap<(&str, &str), Factor> {
    let mut factors = BTreeMap::new();
    for row in &outcome.pools {
        let Some(standard) = row.standard_paid.map(|standard| standard.0) else { continue };
        let money = i128::from(row.distributable.0).saturating_sub(row.item_paid.0.into());
        if standard > 0 && i128::from(standard) > money {
            let factor = Factor::Small(money.max(0), standard.into());
            factors.insert((row.pool.as_str(), row.period.as_str()), factor);
        }
    }
    factors
}

/// Entitlement by pool, institution and period: the lines before the year end.
fn entitlements(outcome: &Outcome) -> BTreeMap<(&str, &str, &str), i128> {
    let mut sums = BTreeMap::new();
    for line in outcome.ledger.iter().filter(|line| line.kind < LineKind::SurplusReturned) {
        let key = (line.pool.as_str(), line.fixmedins_code.as_str(), line.period.as_str());
        let sum: &mut i128 = sums.entry(key).or_default();
        *sum = sum.saturating_add(line.amount.0.into());
    }
    sums
}

/// What the cases of an institution bring to the division of its entitlement.
struct Claims {
    /// What each case has for certain.
    own: Vec<Fen>,
    /// What it takes part with in the rest.
    weights: Vec<i128>,
    /// The entitlement without what is certain.
    rest: Fen,
    /// The rest is what the cases have by standard: nothing is rescaled.
    as_it_is: bool,
}

fn claims(
    cases: &Cases,
    input: &ScenarioInput<'_>,
    entitlement: i128,
    judged: &[Judged],
) -> Result<Claims, UnitError> {
    let by_points = input.policy.payment.method == PayMethod::Points;
    let from_booked = by_points && input.policy.sharing.by != ShareBy::Points;
    let mut own = Vec::with_capacity(judged.len());
    let mut weights = Vec::with_capacity(judged.len());
    for case in judged {
        let booked = cases.fund_fen[case.row];
        let (certain, weight) = match case.pay {
            Pay::Points(points) if from_booked => (booked, points),
            _ if from_booked => (booked, 0),
            Pay::Booked(fen) => (fen.saturating_add(case.carved), 0),
            Pay::Points(points) => (case.carved, points),
            Pay::Standard(fen) => (case.carved, fen),
            Pay::Refused(_) => (0, 0),
        };
        own.push(Fen(certain));
        weights.push(i128::from(weight));
    }
    let rest = difference(fen(entitlement)?, Fen::sum(own.iter().copied())?)?;
    let total: i128 = weights.iter().sum();
    let by_head = input.policy.capitation.is_some();
    if total == 0 && (from_booked || by_head) {
        // An own excess (A24) or the rest of a unit (A26) without any points: by what the cases booked.
        weights = judged.iter().map(|case| cases.fund_fen[case.row].into()).collect();
    }
    if by_head && weights.iter().all(|weight| *weight == 0) {
        // The rest of a unit whose cases cost nothing belongs to no case.
        return Ok(Claims { own, weights, rest, as_it_is: true });
    }
    Ok(Claims { own, weights, rest, as_it_is: !by_points && total == i128::from(rest.0) })
}

/// Divides an institution's entitlement over its cases.
fn divide(cases: &Cases, claims: &Claims, judged: &[Judged]) -> Result<Vec<Fen>, UnitError> {
    let parts = if claims.as_it_is {
        claims.weights.iter().map(|weight| fen(*weight)).collect::<Result<_, _>>()?
    } else {
        let id = |at: usize| &cases.case_id[judged[at].row];
        allocate_signed(claims.rest, &claims.weights, id)?
    };
    claims.own.iter().zip(parts).map(|(own, part)| Fen::sum([*own, part])).collect()
}

/// How one case came to its part of its institution's entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Division {
    pub(super) pool: String,
    pub(super) period: &'static str,
    pub(super) institution: String,
    /// Cases the entitlement is divided over.
    pub(super) cases: usize,
    pub(super) entitlement: Fen,
    /// Σ of what cases have for certain.
    pub(super) certain: Fen,
    /// The entitlement without that.
    pub(super) rest: Fen,
    /// What this case has for certain.
    pub(super) own: Fen,
    /// What it takes part with in the rest: points in millionths, or fen.
    pub(super) weight: i128,
    /// Σ weight, of negative ones apart.
    pub(super) weights: (i128, i128),
    /// What cases with negative weights take out of the rest.
    pub(super) negative: Fen,
    /// Nothing is rescaled: its pay by standard is its part.
    pub(super) as_it_is: bool,
    /// The weights are what the cases booked.
    pub(super) by_booked: bool,
    /// Its pay.
    pub(super) pay: Fen,
}

/// The division of the entitlement that the case in this row takes part in.
///
/// # Errors
/// [`Error::Divide`].
pub(super) fn division(
    (cases, input): (&Cases, &ScenarioInput<'_>),
    (tariff, outcome): (&Tariff, &Outcome),
    row: usize,
) -> Result<Division, Error> {
    let keys = Keys::new(cases, input)?;
    let wanted = keys.of(row);
    let mut judged = Vec::new();
    let of_year = (0..cases.len()).filter(|row| cases.year[*row] == input.year);
    for row in of_year.filter(|row| keys.of(*row) == wanted) {
        let judgement = keys.as_paid(row, decide(tariff, &CaseView::of(cases, row)));
        let (pay, carved) = (judgement.pay, judgement.carved);
        judged.push(Judged { row, pay, carved });
    }
    judged.sort_by_key(|case| tie(cases, case.row));
    let entitlement = entitlements(outcome).get(&wanted).copied().unwrap_or(0);
    let overflow = |source| divide_error(input, wanted, source);
    let claims = claims(cases, input, entitlement, &judged).map_err(overflow)?;
    let pays = divide(cases, &claims, &judged).map_err(overflow)?;
    let at = judged.iter().position(|case| case.row == row).unwrap_or_default();
    let sum = |wanted: fn(i128) -> bool| -> i128 {
        claims.weights.iter().copied().filter(|weight| wanted(*weight)).sum()
    };
    let (positive, negative) = (sum(|weight| weight >= 0), sum(|weight| weight < 0));
    let parts = pays.iter().zip(&claims.own).zip(&claims.weights);
    let below = parts.filter(|(_, weight)| **weight < 0).map(|((pay, own), _)| (*pay, *own));
    let mut taken = Fen::ZERO;
    for (pay, own) in below {
        let part = difference(pay, own).map_err(overflow)?;
        taken = Fen::sum([taken, part]).map_err(overflow)?;
    }
    Ok(Division {
        pool: wanted.0.to_owned(),
        period: wanted.2,
        institution: wanted.1.to_owned(),
        cases: judged.len(),
        entitlement: fen(entitlement).map_err(overflow)?,
        certain: Fen::sum(claims.own.iter().copied()).map_err(overflow)?,
        rest: claims.rest,
        own: claims.own[at],
        weight: claims.weights[at],
        weights: (positive, negative),
        negative: taken,
        as_it_is: claims.as_it_is,
        by_booked: matches!(judged[at].pay, Pay::Points(points) if i128::from(points) != claims.weights[at]),
        pay: pays[at],
    })
}

fn divide_error(input: &ScenarioInput<'_>, key: Key<'_>, source: UnitError) -> Error {
    Error::Divide {
        place: Box::new(Place {
            scenario: input.name.clone(),
            pool: key.0.to_owned(),
            period: key.2.to_owned(),
        }),
        source,
    }
}

/// [`allocate_in_order`] where single weights may be negative (a negative fee kept with a finding, R25):
/// those get their rounded exact share, the others divide what is then left.
fn allocate_signed<'a>(
    money: Fen,
    weights: &[i128],
    id: impl Fn(usize) -> &'a str,
) -> Result<Vec<Fen>, UnitError> {
    if weights.iter().all(|weight| *weight >= 0) {
        return allocate_in_order(money, weights, id);
    }
    let total: i128 = weights.iter().sum();
    let mut shares = vec![Fen::ZERO; weights.len()];
    for (share, weight) in shares.iter_mut().zip(weights).filter(|(_, weight)| **weight < 0) {
        let part = fraction(*weight, total).ok_or(UnitError::ZeroPoints { pool: money })?;
        *share = Fen::nearest(&(money.to_ratio() * part))?;
    }
    let left = difference(money, Fen::sum(shares.iter().copied())?)?;
    let positive: Vec<i128> = weights.iter().map(|weight| (*weight).max(0)).collect();
    for (share, part) in shares.iter_mut().zip(allocate_in_order(left, &positive, id)?) {
        *share = Fen::sum([*share, part])?;
    }
    Ok(shares)
}
