//! Head budgets of any city: closed to the fen, nobody paid twice, and the same as a second way.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use proptest::prelude::*;
use proptest::sample::select;

use crate::policy::model::{Elsewhere, Policy, ShareBy, SharedBy};
use crate::settlement::heads::{Contractor, HeadClass, Heads};
use crate::settlement::tariff::Tariff;
use crate::settlement::trail::{explain_case, explain_institution};
use crate::settlement::{Outcome, ScenarioInput, decide_all, settle};
use crate::trail::Value;
use crate::units::Fen;

use super::build::{Case, case, dec, input, threads};
use super::capitation::{groups, policy, signed_columns};

/// A case in words: signed with, visited, points, fund in fen, month.
type Visit = (&'static str, &'static str, u8, i64, u8);

#[derive(Debug, Clone)]
struct City {
    policy: Policy,
    /// Thousandths with the institutions, by side.
    shares: [i64; 2],
    budget: i64,
    months: [(&'static str, u64); 4],
    visits: Vec<Visit>,
}

/// C leads the consortium of D, E stands alone, F is not eligible; X is not in the table.
fn contractors() -> Vec<Contractor> {
    let one = |code: &str, consortium: &str, lead, eligible| Contractor {
        code: code.to_owned(),
        consortium: consortium.to_owned(),
        lead,
        eligible,
    };
    vec![
        one("C", "Y", true, true),
        one("D", "Y", false, true),
        one("E", "", false, true),
        one("F", "", false, false),
    ]
}

fn unit(code: &str) -> &str {
    if code == "D" { "C" } else { code }
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let visit = (
        select(vec!["", "C", "D", "E"]),
        select(vec!["C", "D", "E", "F", "X"]),
        1u8..=9,
        0i64..5_000,
        1u8..=12,
    );
    // Somebody always shares by points.
    prop::collection::vec(visit, 0..25).prop_map(|mut visits| {
        visits.push(("", "E", 1, 100, 1));
        visits
    })
}

fn city() -> impl Strategy<Value = City> {
    let ways = select(vec![Elsewhere::Booked, Elsewhere::Pool, Elsewhere::Points]);
    let months = [0u64..50, 0u64..50, 0u64..50, 1u64..50];
    let shares = [select(vec![0i64, 500, 950, 1000]), select(vec![0i64, 500, 950, 1000])];
    (ways, shares, 0i64..100_000, months, visits()).prop_map(
        |(way, shares, budget, months, visits)| {
            let mut policy = policy(way);
            policy.sharing.surplus = thousandths(shares[0]);
            policy.sharing.overspend = thousandths(shares[1]);
            let months = [("C", months[0]), ("D", months[1]), ("E", months[2]), ("", months[3])];
            City { policy, shares, budget, months, visits }
        },
    )
}

fn thousandths(value: i64) -> rust_decimal::Decimal {
    dec(&format!("{}.{:03}", value / 1000, value % 1000))
}

impl City {
    fn rows(&self) -> Vec<(&str, Case)> {
        let row = |(signed, visited, points, fund, month): &Visit| {
            let group = format!("G{points}");
            let case = case(visited, &group, "100", "0");
            (*signed, Case { fund_fen: *fund, month: *month, ..case })
        };
        self.visits.iter().map(row).collect()
    }

    fn input<'a>(&'a self, catalog: &'a crate::catalog::model::Catalog) -> ScenarioInput<'a> {
        let mut input = input(&self.policy, Some(catalog), "0");
        input.budgets.insert(("all".to_owned(), "Y".to_owned()), Fen(self.budget));
        input.given.contractors = contractors();
        for (code, months) in self.months {
            let heads = Heads { persons: 1, months };
            input.given.heads.insert((code.to_owned(), HeadClass::default()), heads);
        }
        input
    }

    fn settle(&self, count: usize) -> Option<Outcome> {
        let (cases, catalog) = (signed_columns(&self.rows()), groups());
        // Refused: a pool that cannot pay what it must pay as booked.
        settle(&cases, &[self.input(&catalog)], threads(count)).ok().map(|mut all| all.remove(0))
    }
}

fn sum(outcome: &Outcome, of: fn(&crate::settlement::outcome::PartRow) -> Fen) -> i64 {
    outcome.parts.iter().map(|row| of(row).0).sum()
}

/// Whole shares of `money`, the rest by remainders, then by the order given.
fn divide(money: i64, weights: &[i128]) -> Vec<i64> {
    let (money, total) = (i128::from(money), weights.iter().sum::<i128>());
    if total == 0 {
        return vec![0; weights.len()];
    }
    let (size, sign) = (money.abs(), money.signum());
    let mut shares: Vec<i128> = weights.iter().map(|weight| size * weight / total).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(size * weights[*at] % total));
    let left = usize::try_from(size - shares.iter().sum::<i128>()).unwrap();
    for at in order.into_iter().take(left) {
        shares[at] += 1;
    }
    shares.into_iter().map(|share| i64::try_from(share * sign).unwrap()).collect()
}

/// T in fen: A + s·(F − A) in thousandths, rounded half away from zero.
fn shared(budget: i64, booked: i64, thousandths: i64) -> i64 {
    let exact = booked * 1000 + thousandths * (budget - booked);
    let up = (exact.abs() + 500) / 1000;
    up * exact.signum()
}

/// What every institution is paid, case by case: no pools, no roles, no sums by contract.
fn second_way(city: &City) -> BTreeMap<&'static str, i64> {
    let booked_of = |wanted: &dyn Fn(&Visit) -> bool| -> i64 {
        city.visits.iter().filter(|visit| wanted(visit)).map(|visit| visit.3).sum()
    };
    let way = city.policy.capitation.as_ref().unwrap().elsewhere;
    let inside = |visit: &Visit| !visit.0.is_empty() && unit(visit.0) == unit(visit.1);
    let outside = |visit: &Visit| !visit.0.is_empty() && !inside(visit);
    let charged = |visit: &Visit| -> &'static str {
        match unit(visit.0) {
            "" => "",
            _ if outside(visit) && way != Elsewhere::Booked => "",
            "C" => "C",
            _ => "E",
        }
    };
    let months: Vec<i128> = ["C", "E", ""]
        .iter()
        .map(|part| {
            let own = city.months.iter().filter(|(code, _)| unit(code) == *part);
            own.map(|(_, months)| i128::from(*months)).sum()
        })
        .collect();
    let budgets = divide(city.budget, &months);
    let all = booked_of(&|_| true);
    let share = city.shares[usize::from(all > city.budget)];
    let mut paid: BTreeMap<&str, i64> = BTreeMap::new();
    for (part, budget) in ["C", "E", ""].into_iter().zip(budgets) {
        let mut left = shared(budget, booked_of(&|visit| charged(visit) == part), share);
        for visit in city.visits.iter().filter(|visit| charged(visit) == part) {
            let by_points = ["C", "D", "E"].contains(&visit.1)
                && (visit.0.is_empty() || way == Elsewhere::Points);
            if !(inside(visit) || part.is_empty() && by_points) {
                *paid.entry(visit.1).or_default() += visit.3;
                left -= visit.3;
            }
        }
        if !part.is_empty() {
            *paid.entry(part).or_default() += left;
            continue;
        }
        let houses = ["C", "D", "E"];
        let points: Vec<i128> = houses
            .iter()
            .map(|house| {
                let shares = |visit: &&Visit| {
                    let signed_elsewhere = outside(visit) && way == Elsewhere::Points;
                    visit.1 == *house && (visit.0.is_empty() || signed_elsewhere)
                };
                city.visits.iter().filter(shares).map(|visit| i128::from(visit.2)).sum()
            })
            .collect();
        for (house, share) in houses.into_iter().zip(divide(left, &points)) {
            *paid.entry(house).or_default() += share;
        }
    }
    paid.retain(|_, fen| *fen != 0);
    paid
}

proptest! {
    // shows: A25, A26, A27, R07, R09, R23
    #[test]
    fn a_second_way_pays_every_institution_the_same(city in city()) {
        let Some(outcome) = city.settle(1) else { return Ok(()) };
        let mut paid: BTreeMap<&str, i64> = BTreeMap::new();
        for row in &outcome.institutions {
            *paid.entry(row.fixmedins_code.as_str()).or_default() += row.paid.0;
        }
        paid.retain(|_, fen| *fen != 0);
        prop_assert_eq!(paid, second_way(&city));
    }

    // shows: A25, R23, H01
    #[test]
    fn head_budgets_close_to_the_fen_and_no_case_counts_twice(
        city in city(),
        by in select(vec![ShareBy::Points, ShareBy::KeepsBooked, ShareBy::OwnExcess]),
        area in any::<bool>(),
    ) {
        let mut city = city;
        city.policy.sharing.by = by;
        if area {
            city.policy.capitation.as_mut().unwrap().shared_by = SharedBy::Area;
        }
        let Some(outcome) = city.settle(1) else { return Ok(()) };
        prop_assert_eq!(sum(&outcome, |row| row.budget), city.budget);
        let paid: i64 = outcome.institutions.iter().map(|row| row.paid.0).sum();
        let ends = outcome.pools.iter().map(|pool| pool.year_end.unwrap());
        let kept: i64 = ends.map(|end| end.fund_balance.0).sum();
        prop_assert_eq!(paid + kept, city.budget);
        prop_assert_eq!(sum(&outcome, |row| row.distributable), paid);
        let ledger: i64 = outcome.ledger.iter().map(|line| line.amount.0).sum();
        prop_assert_eq!(ledger, city.budget);
        let cases: i64 = outcome.institutions.iter().map(|row| row.cases).sum();
        prop_assert_eq!(usize::try_from(cases).unwrap(), city.visits.len());
        let booked: i64 = outcome.institutions.iter().map(|row| row.booked.0).sum();
        prop_assert_eq!(booked, city.visits.iter().map(|visit| visit.3).sum::<i64>());
        // Threads do not matter.
        prop_assert_eq!(&outcome, &city.settle(3).unwrap());
        // T of the parts is that of the area but for a rounding in each (R23).
        let share = city.shares[usize::from(booked > city.budget)];
        let whole = shared(city.budget, booked, share);
        prop_assert!((whole - paid).abs() <= 2);
    }

    // shows: R27
    #[test]
    fn pay_of_cases_sums_to_rows_with_cases(city in city()) {
        let Some(outcome) = city.settle(1) else { return Ok(()) };
        let (cases, catalog) = (signed_columns(&city.rows()), groups());
        let decisions = decide_all(&cases, &city.input(&catalog), &outcome, NonZeroUsize::MIN).unwrap();
        let paid: i64 = decisions.iter().map(|decision| decision.pay.0).sum();
        let tariff = Tariff::resolve(&city.input(&catalog), &cases).unwrap();
        for decision in &decisions {
            let of = (&tariff, &outcome);
            let trail = explain_case(&cases, &city.input(&catalog), of, decision.row).unwrap();
            prop_assert!(trail.check().is_ok(), "{:?}", trail.check());
            prop_assert_eq!(trail.result(), Some(&Value::Money(decision.pay)));
        }
        for row in &outcome.institutions {
            let input = city.input(&catalog);
            let trail = explain_institution(&input, &outcome, &row.fixmedins_code).unwrap();
            prop_assert!(trail.check().is_ok(), "{:?}", trail.check());
            let own = outcome.institutions.iter();
            let own = own.filter(|other| other.fixmedins_code == row.fixmedins_code);
            let paid = Fen(own.map(|row| row.paid.0).sum());
            prop_assert_eq!(trail.result(), Some(&Value::Money(paid)));
        }
        // A unit whose persons stayed away, or cost nothing, has money that is no case's.
        let rows = outcome.institutions.iter().filter(|row| row.booked.0 != 0 || row.points > 0);
        prop_assert_eq!(paid, rows.map(|row| row.paid.0).sum::<i64>());
    }
}
