//! A second kernel: plain, slow, one case at a time, on fractions of big whole numbers. It shares
//! no arithmetic with the kernel and has to agree with it to the fen.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;

use crate::policy::model::{
    BandPay, CapBase, CapDestination, Class, Clearing, Compare, PayMethod, Policy, Pools, RatioOf,
    Reference, ShareBy,
};
use crate::settlement::ScenarioInput;
use crate::settlement::cases::flag;

use super::build::Case;

type Q = BigRational;

/// What the reference comes to, in fen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// By pool and institution: entitlement and paid.
    pub(super) institutions: BTreeMap<(String, String), (i64, i64)>,
    /// By pool: distributable, item paid, returned, low, high, ungrouped cases.
    pub(super) pools: BTreeMap<String, (i64, i64, i64, i64, i64, i64)>,
}

fn whole(value: impl Into<BigInt>) -> Q {
    Q::from_integer(value.into())
}

fn decimal(value: Decimal) -> Q {
    let text = value.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (integer, places) = digits.split_once('.').unwrap_or((digits, ""));
    let number: BigInt = format!("{integer}{places}").parse().unwrap();
    let ten = BigInt::from(10).pow(u32::try_from(places.len()).unwrap());
    Q::new(number * sign, ten)
}

/// Halves away from zero.
fn round(value: &Q) -> BigInt {
    let half = Q::new(BigInt::one(), BigInt::from(2));
    let nearest = (value.abs() + half).floor().to_integer();
    if value.is_negative() { -nearest } else { nearest }
}

fn divide(money: &BigInt, weights: &[(String, Q)]) -> Result<Vec<BigInt>, &'static str> {
    if money.is_zero() {
        return Ok(vec![BigInt::zero(); weights.len()]);
    }
    let total: Q = weights.iter().map(|weight| weight.1.clone()).sum();
    if total.is_zero() {
        return Err("zero_points");
    }
    let exact: Vec<Q> =
        weights.iter().map(|weight| whole(money.abs()) * &weight.1 / &total).collect();
    let mut shares: Vec<BigInt> = exact.iter().map(|share| share.floor().to_integer()).collect();
    while shares.iter().sum::<BigInt>() < money.abs() {
        // The share furthest below its exact value; among equals the first code.
        let best = (0..shares.len())
            .max_by(|one, two| {
                let gap = |at: usize| &exact[at] - whole(shares[at].clone());
                gap(*one).cmp(&gap(*two)).then_with(|| weights[*two].0.cmp(&weights[*one].0))
            })
            .unwrap();
        shares[best] += 1;
    }
    let sign = if money.is_negative() { -1 } else { 1 };
    Ok(shares.into_iter().map(|share| share * sign).collect())
}

enum Paid {
    Item(BigInt),
    Standard(BigInt),
    Points(Q),
}

fn price(policy: &Policy, group: &str, year: u16, month: u8) -> Option<Q> {
    let month_ends = format!("{year}-{month:02}-28");
    let known = policy.standards.iter().filter(|standard| standard.group_code == group);
    let in_force = known.filter(|standard| standard.from.to_string() <= month_ends);
    in_force.max_by_key(|standard| standard.from).map(|standard| whole(standard.price.0))
}

fn judge(
    input: &ScenarioInput<'_>,
    case: &Case,
    area: &Q,
) -> Result<(Option<Class>, bool, Paid), &'static str> {
    let policy = input.policy;
    let fund = whole(case.fund_fen);
    if case.fee_fen == 0 {
        return Ok((None, false, Paid::Item(case.fund_fen.into())));
    }
    let by_points = policy.payment.method == PayMethod::Points;
    let entry = input.catalog.and_then(|catalog| {
        catalog.groups.iter().find(|group| group.group_code == case.group && !group.mean.is_zero())
    });
    if by_points && entry.is_none() {
        let catalog = input.catalog.unwrap();
        let points = decimal(policy.weights.ungrouped_factor) * whole(case.fee_fen)
            / (decimal(catalog.base_mean) * whole(100))
            * decimal(catalog.scale.unwrap());
        let unit = whole(BigInt::from(10).pow(catalog.places));
        return Ok((None, true, Paid::Points(whole(round(&(points * &unit))) / unit)));
    }
    let group_pay = || -> Result<Paid, &'static str> {
        if by_points {
            return Ok(Paid::Points(whole(entry.unwrap().points.unwrap().0) / whole(1_000_000)));
        }
        let price = price(policy, &case.group, input.year, case.month).ok_or("no_price")?;
        let ratio = match policy.payment.ratio {
            RatioOf::Fee => fund.clone() / whole(case.fee_fen),
            RatioOf::InScope if case.inscope_fen == 0 => {
                return Ok(Paid::Item(case.fund_fen.into()));
            }
            RatioOf::InScope => fund.clone() / whole(case.inscope_fen),
            RatioOf::Area => area.clone(),
        };
        Ok(Paid::Standard(round(&(price * ratio))))
    };
    if !by_points && case.flags & (flag::LATE | flag::UNUSABLE) != 0 {
        return Ok((None, false, group_pay()?));
    }
    let Some(deviation) = &policy.deviation else { return Ok((None, false, group_pay()?)) };
    let missing = match deviation.reference {
        Reference::Standard => "no_price",
        Reference::Mean => "no_reference",
    };
    let reference = match deviation.reference {
        Reference::Standard => price(policy, &case.group, input.year, case.month),
        Reference::Mean => entry.map(|group| decimal(group.mean) * whole(100)),
    };
    let amount = match deviation.compare {
        Compare::Fee => case.fee_fen,
        Compare::InScope => case.inscope_fen,
        Compare::Fund => case.fund_fen,
    };
    let ratio = whole(amount) / reference.ok_or(missing)?;
    let band = deviation.bands.iter().find(|band| {
        band.up_to.is_none_or(|up_to| {
            if band.inclusive { ratio <= decimal(up_to) } else { ratio < decimal(up_to) }
        })
    });
    let band = band.unwrap();
    if band.except_merged && case.flags & flag::MERGED != 0 {
        return Ok((Some(Class::Normal), false, group_pay()?));
    }
    let pay = match band.pay {
        BandPay::Item => Paid::Item(case.fund_fen.into()),
        BandPay::Group => group_pay()?,
    };
    Ok((Some(band.class), false, pay))
}

#[derive(Debug, Clone, Default)]
struct Sums {
    booked: BigInt,
    cost: BigInt,
    item: BigInt,
    standard: BigInt,
    points: Q0,
    entitlement: BigInt,
    weight: Q0,
}

#[derive(Debug, Clone)]
struct Q0(Q);

impl Default for Q0 {
    fn default() -> Self {
        Self(Q::zero())
    }
}

/// Settles one scenario; the error is the word of A53, A19 or the missing piece.
pub(super) fn settle_slowly(
    rows: &[Case],
    input: &ScenarioInput<'_>,
) -> Result<Answer, &'static str> {
    let policy = input.policy;
    let pool_of = |case: &Case| match policy.budget.pools {
        Pools::One => "all".to_owned(),
        Pools::Insutype => case.insutype.clone(),
    };
    let mut by_pool: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    if policy.budget.pools == Pools::One {
        by_pool.insert("all".to_owned(), Vec::new());
    }
    for case in rows {
        by_pool.entry(pool_of(case)).or_default().push(case);
    }
    // All cases are judged before any money moves.
    for cases in by_pool.values() {
        for case in cases {
            judge(input, case, &area_ratio(cases))?;
        }
    }
    let mut answer = Answer::default();
    for (pool, cases) in &by_pool {
        settle_pool(input, pool, cases, &mut answer)?;
    }
    Ok(answer)
}

fn area_ratio(cases: &[&Case]) -> Q {
    let fee: i64 = cases.iter().map(|case| case.fee_fen).sum();
    let fund: i64 = cases.iter().map(|case| case.fund_fen).sum();
    if fee == 0 { Q::zero() } else { whole(fund) / whole(fee) }
}

fn settle_pool(
    input: &ScenarioInput<'_>,
    pool: &str,
    cases: &[&Case],
    answer: &mut Answer,
) -> Result<(), &'static str> {
    let policy = input.policy;
    let (area, mut year) = (area_ratio(cases), BTreeMap::<String, Sums>::new());
    for case in cases {
        year.entry(case.institution.clone()).or_default();
    }
    let parts: u8 = match policy.budget.period {
        Clearing::Year => 1,
        Clearing::HalfYear => 2,
        Clearing::Quarter => 4,
    };
    let mut row = (0i64, 0i64, 0i64, 0i64, 0i64, 0i64);
    for part in 0..parts {
        let name = match parts {
            1 => "Y".to_owned(),
            2 => format!("H{}", part + 1),
            _ => format!("Q{}", part + 1),
        };
        let budget = input.budgets.get(&(pool.to_owned(), name)).ok_or("no_budget")?;
        let mut sums: BTreeMap<String, Sums> =
            year.keys().map(|code| (code.clone(), Sums::default())).collect();
        for case in cases.iter().filter(|case| (case.month - 1) / (12 / parts) == part) {
            let sum = sums.get_mut(&case.institution).unwrap();
            sum.booked += case.fund_fen;
            sum.cost += case.fee_fen;
            let (class, ungrouped, pay) = judge(input, case, &area)?;
            row.3 += i64::from(class == Some(Class::Low));
            row.4 += i64::from(class == Some(Class::High));
            row.5 += i64::from(ungrouped);
            match pay {
                Paid::Item(fen) => sum.item += fen,
                Paid::Standard(fen) => sum.standard += fen,
                Paid::Points(points) => sum.points.0 += points,
            }
        }
        let (distributable, item) = clear(policy, budget.0, &mut sums)?;
        row.0 += distributable.to_i64().unwrap();
        row.1 += item.to_i64().unwrap();
        for (code, sum) in sums {
            let own = year.get_mut(&code).unwrap();
            own.booked += sum.booked;
            own.cost += sum.cost;
            own.entitlement += sum.entitlement;
            own.weight.0 += match policy.payment.method {
                PayMethod::Points => sum.points.0,
                PayMethod::Standard => whole(sum.standard),
            };
        }
    }
    let (capped, returned) = cap(policy, &year)?;
    row.2 = returned.to_i64().unwrap();
    for (code, sum) in &year {
        let key = |pool: &str| input.assessments.get(&(pool.to_owned(), code.clone()));
        let mut paid = capped[code].clone();
        if let Some(given) = key(pool).or_else(|| key("")) {
            paid = round(&(whole(paid) * decimal(given.coefficient))) - given.deduction.0;
        }
        answer.institutions.insert(
            (pool.to_owned(), code.clone()),
            (sum.entitlement.to_i64().unwrap(), paid.to_i64().unwrap()),
        );
    }
    answer.pools.insert(pool.to_owned(), row);
    Ok(())
}

/// Fills the entitlements; gives T and I.
fn clear(
    policy: &Policy,
    budget: i64,
    sums: &mut BTreeMap<String, Sums>,
) -> Result<(BigInt, BigInt), &'static str> {
    let (f, a): (BigInt, BigInt) = (budget.into(), sums.values().map(|sum| &sum.booked).sum());
    let item: BigInt = sums.values().map(|sum| &sum.item).sum();
    let standard: BigInt = sums.values().map(|sum| &sum.standard).sum();
    let side = if f >= a { policy.sharing.surplus } else { policy.sharing.overspend };
    let t = round(&(whole(a.clone()) + decimal(side) * whole(&f - &a)));
    let weigh = |of: &dyn Fn(&Sums) -> Q, sums: &BTreeMap<String, Sums>| {
        sums.iter().map(|(code, sum)| (code.clone(), of(sum))).collect::<Vec<_>>()
    };
    let points = weigh(&|sum| sum.points.0.clone(), sums);
    if policy.payment.method == PayMethod::Standard {
        if &item + &standard <= t {
            sums.values_mut().for_each(|sum| sum.entitlement = &sum.item + &sum.standard);
            return Ok((t, item));
        }
        if t <= item {
            return Err("control_exhausted");
        }
        let parts = divide(&(&t - &item), &weigh(&|sum| whole(sum.standard.clone()), sums))?;
        for (sum, part) in sums.values_mut().zip(parts) {
            sum.entitlement = &sum.item + part;
        }
        return Ok((t, item));
    }
    let start_from_item = policy.sharing.by == ShareBy::Points;
    if start_from_item && t < item {
        return Err("control_exhausted");
    }
    let mut weights = points.clone();
    if policy.sharing.by == ShareBy::OwnExcess {
        let fair = divide(&(&f - &item), &points)?;
        weights = sums
            .iter()
            .zip(fair)
            .map(|((code, sum), part)| {
                let gap = &sum.item + part - &sum.booked;
                let gap = if f >= a { gap } else { -gap };
                (code.clone(), whole(gap.max(BigInt::zero())))
            })
            .collect();
    }
    let start = if start_from_item { item.clone() } else { a.clone() };
    let parts = divide(&(&t - start), &weights)?;
    for (sum, part) in sums.values_mut().zip(parts) {
        sum.entitlement = if start_from_item { &sum.item + part } else { &sum.booked + part };
    }
    Ok((t, item))
}

/// Paid after the cap, and what returned to the fund.
fn cap(
    policy: &Policy,
    year: &BTreeMap<String, Sums>,
) -> Result<(BTreeMap<String, BigInt>, BigInt), &'static str> {
    let mut paid: BTreeMap<String, BigInt> =
        year.iter().map(|(code, sum)| (code.clone(), sum.entitlement.clone())).collect();
    let Some(rule) = &policy.surplus_cap else { return Ok((paid, BigInt::zero())) };
    let rate = decimal(rule.rate);
    let breaks = |code: &str, amount: &BigInt| {
        let surplus = whole(amount - &year[code].booked);
        amount.is_positive()
            && match rule.base {
                CapBase::Paid => surplus > &rate * whole(amount.clone()),
                CapBase::Booked => surplus > &rate * whole(year[code].booked.clone()),
                CapBase::Cost => surplus > &rate * whole(year[code].cost.clone()),
            }
    };
    let mut held = Vec::new();
    loop {
        let mut above = BigInt::zero();
        for (code, amount) in &mut paid {
            if breaks(code, amount) {
                let booked = whole(year[code].booked.clone());
                let limit = match rule.base {
                    CapBase::Paid => booked / (Q::one() - &rate),
                    CapBase::Booked => booked * (Q::one() + &rate),
                    CapBase::Cost => booked + &rate * whole(year[code].cost.clone()),
                };
                let limit = limit.floor().to_integer();
                above += &*amount - &limit;
                *amount = limit;
                held.push(code.clone());
            }
        }
        let open: Vec<(String, Q)> = year
            .iter()
            .filter(|(code, _)| !held.contains(code))
            .map(|(code, sum)| (code.clone(), sum.weight.0.clone()))
            .collect();
        let nobody = open.iter().all(|weight| weight.1.is_zero());
        if above.is_zero() || nobody || rule.destination == CapDestination::Fund {
            return Ok((paid, above));
        }
        for ((code, _), part) in open.iter().zip(divide(&above, &open)?) {
            *paid.get_mut(code).unwrap() += part;
        }
    }
}
