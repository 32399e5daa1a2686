//! What holds for any cases, policy and budget.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use proptest::prelude::*;
use proptest::sample::select;

use crate::catalog::model::Catalog;
use crate::policy::model::{
    BandPay, CapBase, CapDestination, Clearing, Compare, PayMethod, Policy, Pools, RatioOf,
    Reference, ShareBy, SurplusCap,
};
use crate::settlement::outcome::InstitutionRow;
use crate::settlement::{
    Assessment, Error, Outcome, ScenarioInput, decide_all, settle, tables::tables,
};
use crate::units::Fen;

use super::build::{
    Case, case, catalog, cite, columns, dec, points_policy, published_lines, settle_one,
    standard_policy, threads,
};
use super::reference::settle_slowly;

/// One scenario with everything it needs.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) rows: Vec<Case>,
    pub(super) policy: Policy,
    pub(super) catalog: Catalog,
    pub(super) budgets: BTreeMap<(String, String), Fen>,
    pub(super) assessments: BTreeMap<(String, String), Assessment>,
}

impl World {
    pub(super) fn input(&self) -> ScenarioInput<'_> {
        ScenarioInput {
            name: "base".to_owned(),
            policy: &self.policy,
            catalog: Some(&self.catalog),
            year: super::build::YEAR,
            budgets: self.budgets.clone(),
            assessments: self.assessments.clone(),
            given: crate::settlement::Given::default(),
        }
    }

    fn settle(&self) -> Result<Outcome, Error> {
        settle_one(&self.rows, self.input())
    }
}

/// `B` has a mean of 0, `D` is missing.
pub(super) fn small_catalog() -> Catalog {
    catalog(
        "316.4",
        "1000",
        &[("A_N18", "291.37", "920.8913"), ("B_N18", "0", "0"), ("M_N18", "947.0001", "2993.0471")],
    )
}

/// Fees anywhere and on both sides of the lines of M_N18 and A_N18.
fn fee() -> impl Strategy<Value = i64> {
    let lines = [37_880, 189_400, 11_640, 58_200];
    prop_oneof![
        1 => Just(0),
        8 => 1i64..400_000,
        4 => (select(lines.to_vec()), -1i64..=1).prop_map(|(line, fen)| line + fen),
    ]
}

fn row() -> impl Strategy<Value = Case> {
    let codes =
        (select(vec!["H1", "H2", "H3", "h4"]), select(vec!["A_N18", "M_N18", "B_N18", "D"]));
    let amounts = (fee(), 0i64..=1000, 0i64..=1000);
    (codes, any::<bool>(), 1u8..=12, amounts, select(vec![0u8, 0, 0, 1, 2, 4, 6])).prop_map(
        |((institution, group), resident, month, (fee_fen, scope, fund), flags)| Case {
            insutype: if resident { "390" } else { "310" }.to_owned(),
            month,
            fee_fen,
            inscope_fen: fee_fen * scope / 1000,
            fund_fen: fee_fen * fund / 1000,
            flags,
            ..case(institution, group, "0", "0")
        },
    )
}

fn method() -> impl Strategy<Value = Policy> {
    let lines = (any::<bool>(), any::<[bool; 3]>(), any::<[bool; 2]>(), any::<[bool; 3]>());
    let compare = select(vec![Compare::Fee, Compare::InScope, Compare::Fund]);
    let ratio = select(vec![RatioOf::Fee, RatioOf::InScope, RatioOf::Area]);
    (any::<bool>(), lines, compare, ratio).prop_map(|(points, lines, compare, ratio)| {
        let (with_lines, inclusive, mean, item) = lines;
        let mut policy = if points { points_policy() } else { standard_policy() };
        policy.payment.ratio = ratio;
        // Prices for every group of the cases, and for lines drawn at them under points too.
        policy.standards = standard_policy().standards;
        for (standard, code) in policy.standards.iter_mut().zip(["B_N18", "D"]) {
            standard.group_code = code.to_owned();
        }
        let mut deviation = published_lines();
        deviation.compare = compare;
        if points && mean[0] {
            deviation.reference = Reference::Mean;
        }
        for ((band, inclusive), item) in deviation.bands.iter_mut().zip(inclusive).zip(item) {
            band.inclusive = inclusive;
            band.except_merged ^= mean[1];
            band.pay = if item { BandPay::Item } else { BandPay::Group };
        }
        policy.deviation = with_lines.then_some(deviation);
        policy
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let sharing = (select(vec!["1", "0.95", "0.7"]), select(vec!["1", "0.95", "0.333"]));
    let by =
        select(vec![ShareBy::Points, ShareBy::Points, ShareBy::KeepsBooked, ShareBy::OwnExcess]);
    let cap = (
        select(vec![None, Some("0.10"), Some("0.05"), Some("0")]),
        select(vec![CapBase::Paid, CapBase::Booked, CapBase::Cost]),
        select(vec![CapDestination::Fund, CapDestination::Pool]),
    );
    let periods =
        select(vec![Clearing::Year, Clearing::Year, Clearing::HalfYear, Clearing::Quarter]);
    (method(), sharing, by, cap, periods, any::<bool>()).prop_map(
        |(mut policy, (surplus, overspend), by, (rate, base, destination), period, one)| {
            policy.sharing.surplus = dec(surplus);
            policy.sharing.overspend = dec(overspend);
            if policy.payment.method == PayMethod::Points {
                policy.sharing.by = by;
            }
            policy.surplus_cap = rate.map(|rate| SurplusCap {
                cite: cite("cap"),
                rate: dec(rate),
                base,
                destination,
            });
            policy.budget.period = period;
            policy.budget.pools = if one { Pools::One } else { Pools::Insutype };
            policy
        },
    )
}

/// Budgets between nothing and twice what is booked, in odd fen.
pub(super) fn world() -> impl Strategy<Value = World> {
    let rows = prop::collection::vec(row(), 1..40);
    let shares = prop::collection::vec(0i64..=2000, 8);
    let assessed = (any::<bool>(), 900i64..=1010, 0i64..5000);
    (rows, policy(), shares, assessed).prop_map(|(rows, policy, shares, assessed)| {
        let periods: &[&str] = match policy.budget.period {
            Clearing::Year => &["Y"],
            Clearing::HalfYear => &["H1", "H2"],
            Clearing::Quarter => &["Q1", "Q2", "Q3", "Q4"],
        };
        let mut budgets = BTreeMap::new();
        for insutype in ["310", "390"] {
            let in_pool: Vec<&Case> = rows
                .iter()
                .filter(|row| policy.budget.pools == Pools::One || row.insutype == insutype)
                .collect();
            let all = policy.budget.pools == Pools::One;
            for (at, period) in periods.iter().enumerate().filter(|_| !in_pool.is_empty()) {
                let width = 12 / periods.len();
                let inside = in_pool.iter().filter(|row| usize::from(row.month - 1) / width == at);
                let booked: i64 = inside.map(|row| row.fund_fen).sum();
                let share = shares[at + if insutype == "310" || all { 0 } else { 4 }];
                let pool = if all { "all" } else { insutype };
                let key = (pool.to_owned(), (*period).to_owned());
                budgets.insert(key, Fen(booked * share / 1000));
            }
        }
        let (with, coefficient, deduction) = assessed;
        let assessment = Assessment {
            coefficient: rust_decimal::Decimal::new(coefficient, 3),
            deduction: Fen(deduction),
            ..Assessment::default()
        };
        let pool = if policy.budget.pools == Pools::One { "all" } else { &rows[0].insutype };
        let key = (pool.to_owned(), "H2".to_owned());
        let has_cases = rows
            .iter()
            .any(|row| row.institution == "H2" && (pool == "all" || row.insutype == pool));
        let assessments = (with && has_cases).then_some((key, assessment)).into_iter().collect();
        World { rows, policy, catalog: small_catalog(), budgets, assessments }
    })
}

/// The word the reference uses for an error of the kernel.
fn word(err: &Error) -> &'static str {
    match err {
        Error::ZeroPoints { .. } => "zero_points",
        Error::ControlExhausted { .. } => "control_exhausted",
        Error::NoReference { .. } => "no_reference",
        Error::NoPrice { .. } => "no_price",
        _ => "another",
    }
}

/// Every table as text.
fn bytes(outcomes: &[Outcome]) -> String {
    format!("{:?}", tables(outcomes))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    // shows: E22
    #[test]
    fn kernel_and_reference_agree_to_the_fen(world in world()) {
        let slow = settle_slowly(&world.rows, &world.input());
        match (world.settle(), slow) {
            (Err(err), slow) => prop_assert_eq!(Err(word(&err)), slow.map(|_| ()), "{}", err),
            (Ok(outcome), slow) => {
                let slow = slow.map_err(|word| TestCaseError::fail(format!("reference: {word}")))?;
                let fast: BTreeMap<_, _> = outcome
                    .institutions
                    .iter()
                    .map(|row| {
                        let key = (row.pool.clone(), row.fixmedins_code.clone());
                        (key, (row.entitlement.0, row.paid.0))
                    })
                    .collect();
                prop_assert_eq!(fast, slow.institutions);
                let pools: BTreeMap<_, _> = outcome
                    .pools
                    .iter()
                    .filter(|row| row.period == "Y")
                    .map(|row| {
                        let returned = row.year_end.unwrap().returned.0;
                        let counts = (row.low_cases, row.high_cases, row.ungrouped_cases);
                        let money = (row.distributable.0, row.item_paid.0, returned);
                        let key = row.pool.clone();
                        (key, (money.0, money.1, money.2, counts.0, counts.1, counts.2))
                    })
                    .collect();
                prop_assert_eq!(pools, slow.pools);
            }
        }
    }

    // shows: J05, E23
    #[test]
    fn no_fen_is_lost_or_made(world in world()) {
        if let Ok(outcome) = world.settle() {
            for pool in outcome.pools.iter().filter(|row| row.period == "Y") {
                let end = pool.year_end.unwrap();
                let of_pool = |row: &&InstitutionRow| row.pool == pool.pool;
                let paid: i64 =
                    outcome.institutions.iter().filter(of_pool).map(|row| row.paid.0).sum();
                prop_assert_eq!(paid + end.fund_balance.0, pool.budget.0);
                let fund: i64 = outcome
                    .ledger
                    .iter()
                    .filter(|line| line.pool == pool.pool && line.fixmedins_code.is_empty())
                    .map(|line| line.amount.0)
                    .sum();
                prop_assert_eq!(fund, end.fund_balance.0);
                match world.policy.payment.method {
                    PayMethod::Points => prop_assert_eq!(pool.entitlement, pool.distributable),
                    PayMethod::Standard => prop_assert!(pool.entitlement <= pool.distributable),
                }
            }
            let rows = |cases: &mut dyn Iterator<Item = i64>| cases.sum::<i64>();
            let count = i64::try_from(world.rows.len()).unwrap();
            prop_assert_eq!(rows(&mut outcome.institutions.iter().map(|row| row.cases)), count);
            prop_assert_eq!(rows(&mut outcome.months.iter().map(|row| row.cases)), count);
            prop_assert_eq!(rows(&mut outcome.groups.iter().map(|row| row.cases)), count);
        }
    }

    #[test]
    fn row_order_and_threads_change_nothing(
        (world, shuffled) in world().prop_flat_map(|world| {
            let rows = Just(world.rows.clone()).prop_shuffle();
            (Just(world), rows)
        }),
    ) {
        let base = settle(&columns(&world.rows), &[world.input()], threads(1));
        let other = settle(&columns(&shuffled), &[world.input()], threads(4));
        match (base, other) {
            (Ok(base), Ok(other)) => prop_assert_eq!(bytes(&base), bytes(&other)),
            (base, other) => prop_assert_eq!(base.err(), other.err()),
        }
    }

    #[test]
    fn more_points_never_pay_less(
        world in world(),
        extra in 1i64..2_000_000_000,
    ) {
        // H1 alone treats group D; its points rise, everything else stands. By points, one share of
        // all.
        let mut world = world;
        world.policy.payment.method = PayMethod::Points;
        world.policy.deviation = None;
        world.policy.surplus_cap = None;
        world.policy.sharing.by = ShareBy::Points;
        for row in world.rows.iter_mut().filter(|row| row.institution != "H1" && row.group == "D") {
            row.group = "M_N18".to_owned();
        }
        let with = |points: i64| {
            let mut catalog = small_catalog();
            let mut own = catalog.groups[0].clone();
            own.group_code = "D".to_owned();
            own.points = Some(crate::units::Points(points));
            catalog.groups.insert(2, own);
            World { catalog, assessments: BTreeMap::new(), ..world.clone() }.settle()
        };
        if let (Ok(less), Ok(more)) = (with(1_000_000), with(1_000_000 + extra)) {
            for (less, more) in less.institutions.iter().zip(&more.institutions) {
                if less.fixmedins_code == "H1" {
                    prop_assert!(more.paid.0 + 1 >= less.paid.0, "{less:?} {more:?}");
                }
            }
        }
    }

    #[test]
    fn doubling_every_amount_doubles_every_share(world in world()) {
        // Groups of the catalog only: points by fee round on their own (A46).
        let mut world = world;
        world.policy = points_policy();
        world.assessments.clear();
        for row in &mut world.rows {
            row.group = if row.group == "A_N18" { "A_N18" } else { "M_N18" }.to_owned();
        }
        let booked: i64 = world.rows.iter().map(|row| row.fund_fen).sum();
        world.budgets = BTreeMap::from([(("all".to_owned(), "Y".to_owned()), Fen(booked + 77))]);
        let mut doubled = world.clone();
        for row in &mut doubled.rows {
            row.fee_fen *= 2;
            row.fund_fen *= 2;
            row.inscope_fen *= 2;
        }
        doubled.budgets.values_mut().for_each(|budget| budget.0 *= 2);
        if let (Ok(once), Ok(twice)) = (world.settle(), doubled.settle()) {
            for (once, twice) in once.institutions.iter().zip(&twice.institutions) {
                prop_assert_eq!(once.points, twice.points);
                prop_assert!((twice.paid.0 - 2 * once.paid.0).abs() <= 2, "{once:?} {twice:?}");
            }
        }
    }

    #[test]
    fn pay_of_cases_sums_to_the_entitlement(world in world()) {
        if let Ok(outcome) = world.settle() {
            let cases = columns(&world.rows);
            let decisions = decide_all(&cases, &world.input(), &outcome, NonZeroUsize::MIN).unwrap();
            prop_assert_eq!(decisions.len(), world.rows.len());
            let paid: i64 = decisions.iter().map(|decision| decision.pay.0).sum();
            let entitled: i64 = outcome.institutions.iter().map(|row| row.entitlement.0).sum();
            prop_assert_eq!(paid, entitled);
            for row in &outcome.institutions {
                let of_row = decisions.iter().filter(|decision| {
                    let case = &world.rows[decision.row];
                    case.institution == row.fixmedins_code
                        && (row.pool == "all" || row.pool == case.insutype)
                });
                let pay: i64 = of_row.map(|decision| decision.pay.0).sum();
                prop_assert_eq!(pay, row.entitlement.0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn one_scenario_alone_is_the_same_among_many(worlds in prop::collection::vec(world(), 50)) {
        // All over the cases and budgets of the first world; those that are refused stay out.
        let rows = columns(&worlds[0].rows);
        let mut inputs = Vec::new();
        let mut alone = Vec::new();
        for (number, world) in worlds.iter().enumerate() {
            let mut input = world.input();
            input.name = format!("{number:02}");
            input.budgets = worlds[0].budgets.clone();
            input.assessments.clear();
            if let Ok(mut outcome) = settle(&rows, std::slice::from_ref(&input), threads(1)) {
                alone.append(&mut outcome);
                inputs.push(input);
            }
        }
        let together = settle(&rows, &inputs, threads(2)).unwrap();
        prop_assert_eq!(together, alone);
    }
}
