//! Money closes to the fen under every rule of the year end and every value method, and more points never
//! pay less, except where the rule itself says so.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use crate::policy::model::{
    CapBase, CapDestination, Clearing, Compensation, CompensationLimit, PayMethod, Policy, Pools,
    ShareBy, SurplusCap, Value, ValueMethod,
};
use crate::settlement::outcome::InstitutionRow;
use crate::settlement::{Assessment, Outcome, ScenarioInput, settle};
use crate::units::{Fen, Points};

use super::build::{
    case, catalog, cite, columns, dec, input, paid, points_policy, settle_one, standard_policy,
    threads,
};
use super::properties::{World, small_catalog, world};

/// What a world of the other properties has not: a value method, a compensation pool, violations.
#[derive(Debug, Clone)]
struct More {
    value: Option<ValueMethod>,
    compensation: Option<i64>,
    violations: i64,
    base: Vec<i128>,
    drugs: Vec<i64>,
}

fn more() -> impl Strategy<Value = More> {
    let severe = |weight: &str| ValueMethod::SevereFixed {
        value: dec("0.1"),
        groups: vec!["A_N18".to_owned()],
        weight_from: Some(dec(weight)),
    };
    let value = select(vec![
        None,
        Some(ValueMethod::Floating),
        Some(ValueMethod::Fixed { value: dec("0.7713") }),
        Some(ValueMethod::Elastic { base_share: dec("0.8") }),
        Some(ValueMethod::Elastic { base_share: dec("0.7") }),
        Some(severe("2.5")),
        Some(severe("4")),
    ]);
    let compensation = prop_oneof![Just(None), (0i64..500_000).prop_map(Some)];
    let base = prop::collection::vec(0i128..20_000_000_000, 4);
    let drugs = prop::collection::vec(0i64..50_000, 40);
    (value, compensation, 0i64..20_000, base, drugs).prop_map(
        |(value, compensation, violations, base, drugs)| More {
            value,
            compensation,
            violations,
            base,
            drugs,
        },
    )
}

/// The outcome of a world with more rules; `None` where it is refused.
fn settle_more(world: &World, more: &More) -> Option<Outcome> {
    let mut policy = world.policy.clone();
    let by_points =
        policy.payment.method == PayMethod::Points && policy.sharing.by == ShareBy::Points;
    let elastic = matches!(more.value, Some(ValueMethod::Elastic { .. }));
    if by_points && !(elastic && policy.budget.period != Clearing::Year) {
        policy.value = more.value.clone().map(|method| Value { cite: cite("value"), method });
    }
    policy.compensation = more
        .compensation
        .map(|_| Compensation { cite: cite("compensation"), limit: CompensationLimit::Negotiated });
    let mut cases = columns(&world.rows);
    cases.negotiated_fen = more.drugs[..cases.len()].to_vec();
    let mut input = ScenarioInput { policy: &policy, ..world.input() };
    let pools: Vec<String> = input.budgets.keys().map(|(pool, _)| pool.clone()).collect();
    for pool in &pools {
        if let Some(money) = more.compensation {
            let key = (pool.clone(), "Y".to_owned(), "compensation_pool".to_owned());
            input.given.items.insert(key, Fen(money).to_yuan());
        }
        for (code, base) in ["H1", "H2", "H3", "gone"].iter().zip(&more.base) {
            input.given.base_points.insert((pool.clone(), (*code).to_owned()), *base);
        }
    }
    let violations = Assessment { violations: Fen(more.violations), ..Assessment::default() };
    input.assessments.insert((String::new(), "H1".to_owned()), violations);
    settle(&cases, &[input], threads(1)).ok().map(|mut outcomes| outcomes.remove(0))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    // shows: J05, E11, E23, Y33
    #[test]
    fn pools_close_to_the_fen_under_every_rule((world, more) in (world(), more())) {
        let Some(outcome) = settle_more(&world, &more) else { return Ok(()) };
        for pool in outcome.pools.iter().filter(|row| row.period == "Y") {
            let end = pool.year_end.unwrap();
            let of_pool = |row: &&InstitutionRow| row.pool == pool.pool;
            let paid: i64 = outcome.institutions.iter().filter(of_pool).map(|row| row.paid.0).sum();
            prop_assert_eq!(paid + end.fund_balance.0, pool.budget.0 + end.compensation_pool.0);
            let lines = outcome.ledger.iter().filter(|line| line.pool == pool.pool);
            prop_assert_eq!(lines.map(|line| line.amount.0).sum::<i64>(), end.gross.0);
            let opening = more.compensation.unwrap_or(0);
            prop_assert_eq!(end.compensation_pool, Fen(opening));
            let rows: Vec<_> =
                outcome.compensation.iter().filter(|row| row.pool == pool.pool).collect();
            let given = |line: &str| {
                rows.iter().filter(|row| row.line == line).map(|row| row.amount.0).sum::<i64>()
            };
            prop_assert_eq!(given("opening"), given("paid") + given("rest"));
            for row in rows.iter().filter(|row| row.line == "paid") {
                prop_assert!(row.amount >= Fen::ZERO && Some(row.amount) <= row.reasonable);
            }
        }
    }

    // More points, all else fixed: by any value method, any cap, shared by points. Not under a cap with a
    // compensation pool that is too small: what the cap takes from the raised one the others have lost, their
    // overspends grow, and so do their shares (`compensation::tests`, an example).
    // shows: E11
    #[test]
    fn more_points_never_pay_less_under_any_value_or_cap(
        (world, more) in (world(), more()),
        pool in any::<bool>(),
        cap in any::<bool>(),
        extra in 1i64..2_000_000_000,
    ) {
        let mut world = world;
        world.policy.payment.method = PayMethod::Points;
        world.policy.deviation = None;
        world.policy.sharing.by = ShareBy::Points;
        let destination = if pool { CapDestination::Pool } else { CapDestination::Fund };
        world.policy.surplus_cap = cap.then(|| SurplusCap {
            cite: cite("cap"),
            rate: dec("0.10"),
            base: CapBase::Paid,
            destination,
        });
        world.assessments.clear();
        for row in world.rows.iter_mut().filter(|row| row.institution != "H1" && row.group == "D") {
            row.group = "M_N18".to_owned();
        }
        let with = |points: i64| {
            let mut catalog = small_catalog();
            let mut own = catalog.groups[0].clone();
            own.group_code = "D".to_owned();
            own.points = Some(Points(points));
            catalog.groups.insert(2, own);
            // A weight that the raised points would pass makes another group severe: not all else fixed.
            let mut more = more.clone();
            more.compensation = more.compensation.filter(|_| !cap);
            if let Some(ValueMethod::SevereFixed { weight_from, .. }) = &mut more.value {
                *weight_from = None;
            }
            settle_more(&World { catalog, ..world.clone() }, &more)
        };
        if let (Some(less), Some(more)) = (with(1_000_000), with(1_000_000 + extra)) {
            for (less, more) in less.institutions.iter().zip(&more.institutions) {
                if less.fixmedins_code == "H1" {
                    // A fen for each division: money, increment, every round of the cap, compensation.
                    prop_assert!(more.paid.0 + 8 >= less.paid.0, "{less:?} {more:?}");
                }
            }
        }
    }

    // Where no standard is rescaled, and where a point has a fixed value, half years are the year.
    // shows: Y26, A20, E11
    #[test]
    fn halves_settled_apart_are_the_year_where_the_policy_says_so(
        world in world(),
        points in any::<bool>(),
    ) {
        let mut policy = if points { points_policy() } else { standard_policy() };
        policy.deviation = world.policy.deviation.clone().filter(|_| !points);
        let method = ValueMethod::Fixed { value: dec("0.7713") };
        policy.value = points.then(|| Value { cite: cite("value"), method });
        let mut rows = world.rows.clone();
        for row in &mut rows {
            row.group = if row.group == "A_N18" { "A_N18" } else { "M_N18" }.to_owned();
        }
        let paid = |period: Clearing, names: &[&str]| {
            let policy = Policy {
                budget: crate::policy::model::Budget { period, ..policy.budget.clone() },
                ..policy.clone()
            };
            let catalog = small_catalog();
            let mut input = input(&policy, Some(&catalog), "0");
            let budgets = names.iter().map(|name| (("all".to_owned(), (*name).to_owned()), Fen(90_000_000)));
            input.budgets = budgets.collect();
            let outcome = settle_one(&rows, input).unwrap();
            let paid = outcome.institutions.iter().map(|row| (row.fixmedins_code.clone(), row.paid.0));
            paid.collect::<BTreeMap<_, _>>()
        };
        let (year, halves) = (paid(Clearing::Year, &["Y"]), paid(Clearing::HalfYear, &["H1", "H2"]));
        for (code, paid) in &year {
            // A fixed value rounds once a period.
            let off = (paid - halves[code]).abs();
            prop_assert!(off <= i64::from(points), "{code}: {paid} {}", halves[code]);
        }
    }
}

// Where an overspend is borne by points on top of what was booked (A24, "keeps booked"), more points bear
// more: F 100, A 106, s 1: points 50 : 50 bear 3 each; 60 : 40 bear 3.60 and 2.40.
// shows: A24
#[test]
fn an_overspend_borne_by_points_lowers_pay_with_more_points() {
    let mut policy = points_policy();
    policy.sharing.by = ShareBy::KeepsBooked;
    policy.budget.pools = Pools::One;
    let rows = [case("X", "GX", "100", "70"), case("Y", "GY", "100", "36")];
    let with = |x: &str, y: &str| {
        let catalog = catalog("100", "1000", &[("GX", "100", x), ("GY", "100", y)]);
        paid(&settle_one(&rows, input(&policy, Some(&catalog), "100")).unwrap())
    };
    assert_eq!(with("50", "50"), ["67.00", "33.00"]);
    assert_eq!(with("60", "40"), ["66.40", "33.60"]);
}
