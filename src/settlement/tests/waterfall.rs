//! The waterfall and the compensation pool it leaves (3.1, 3.3).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::policy::model::{
    BudgetSource, Compensation, CompensationLimit, DivideBy, LineForm, Monthly, MonthlyMethod,
    MonthlyRate, Policy, Pools, ReserveBase, Shortfall, Waterfall, WaterfallLine,
};
use crate::settlement::outcome::{LineKind, WaterfallRow};
use crate::settlement::{Assessment, Error, MoneyError, Outcome, ScenarioInput, tables};
use crate::units::Fen;

use super::build::{Case, case, catalog, cite, dec, input, paid, points_policy, settle_one, yuan};

type ItemRows = BTreeMap<(String, String, String), Decimal>;

/// The waterfall of 3.1: 10 % of premium income, lines 1–4 deducted and topped up, 大病 not, 70 %.
pub(super) fn waterfall() -> Waterfall {
    let line = |number: u8, form, deducted| WaterfallLine {
        cite: cite(&format!("line {number}")),
        item: format!("b{number}"),
        name: format!("line {number}"),
        form,
        deducted,
        actual: (number < 5).then(|| format!("actual{number}")),
    };
    Waterfall {
        cite: cite("waterfall"),
        reserve: dec("0.10"),
        base: ReserveBase::Premium,
        shortfall: Shortfall::Gross,
        settle_share: dec("0.70"),
        lines: vec![
            line(1, LineForm::PerHead, true),
            line(2, LineForm::CostAndIncidence, true),
            line(3, LineForm::Growth, true),
            line(4, LineForm::Growth, true),
            line(5, LineForm::PerHead, false),
        ],
    }
}

fn policy_of(rule: Waterfall) -> Policy {
    let mut policy = points_policy();
    policy.budget.source = BudgetSource::Waterfall(rule);
    policy
}

/// Items of one pool, in yuan.
fn items(pool: &str, rows: &[(&str, &str)]) -> ItemRows {
    let row = |(item, value): &(&str, &str)| {
        ((pool.to_owned(), "Y".to_owned(), (*item).to_owned()), dec(value))
    };
    rows.iter().map(row).collect()
}

const BUDGETS: [(&str, &str); 6] = [
    ("income", "100000000"),
    ("b1", "5000000"),
    ("b2", "8000000"),
    ("b3", "12000000"),
    ("b4", "6000000"),
    ("b5", "4000000"),
];

const ACTUALS: [(&str, &str); 4] = [
    ("actual1", "5500000"),
    ("actual2", "8200000"),
    ("actual3", "11000000"),
    ("actual4", "6600000"),
];

/// The walk-through of 3.1, in yuan.
fn walk_through() -> Vec<(&'static str, &'static str)> {
    [BUDGETS.as_slice(), ACTUALS.as_slice()].concat()
}

/// Institution X with a case of one point, booked 60 % and Y the rest.
fn two_cases() -> (Vec<Case>, crate::catalog::model::Catalog) {
    let catalog = catalog("100", "1000", &[("A", "100", "3"), ("B", "100", "2")]);
    (vec![case("X", "A", "100", "100"), case("Y", "B", "100", "100")], catalog)
}

fn settle(policy: &Policy, given: ItemRows) -> Result<Outcome, Error> {
    let (rows, catalog) = two_cases();
    let mut input = input(policy, Some(&catalog), "0");
    input.budgets.clear();
    input.given.items = given;
    settle_one(&rows, input)
}

fn row<'a>(outcome: &'a Outcome, item: &str) -> &'a WaterfallRow {
    outcome.waterfall.iter().find(|row| row.item == item).unwrap()
}

/// Amount of a step in million yuan.
fn step(outcome: &Outcome, item: &str) -> Decimal {
    (row(outcome, item).amount.unwrap().to_yuan() / dec("1000000")).normalize()
}

// 100 − 10 − 5 − 8 − 12 − 6 = 59; 大病 4 as well → 55. Each line alone: 0.5 + 0.2 + 0 + 0.6 = 1.3,
// R − S = 8.7 → 6.09 and 2.61, T = 65.09. Netted: 0.5 + 0.2 − 1.0 + 0.6 = 0.3, 9.7 → 6.79, 2.91, 65.79.
// shows: Z02, Z09, Z11, Z12, Z13, A29, A30, A31, A32, R31
#[test]
fn walk_through_of_the_waterfall_comes_out_as_printed() {
    let outcome = settle(&policy_of(waterfall()), items("all", &walk_through())).unwrap();
    let steps = ["reserve", "settle", "settle_share", "adjustment_pool", "total"];
    let wanted = ["10", "59", "6.09", "2.61", "65.09"];
    assert_eq!(steps.map(|item| step(&outcome, item)), wanted.map(dec));
    let top_ups = ["b1", "b2", "b3", "b4"].map(|item| step(&outcome, &format!("top_up_{item}")));
    assert_eq!(top_ups, ["0.5", "0.2", "0", "0.6"].map(dec));
    // Every subtraction is shown with what is left of the income: 100, 90, 85, 77, 65, 59, 59 (大病).
    let lines = ["income", "reserve", "b1", "b2", "b3", "b4", "b5", "settle"];
    let left = lines.map(|item| row(&outcome, item).left);
    let wanted = ["100", "90", "85", "77", "65", "59", "59", "59"];
    assert_eq!(left, wanted.map(|left| yuan(&format!("{left}000000"))));
    assert_eq!(row(&outcome, "b3").clause, "line 3");
    assert_eq!(row(&outcome, "reserve").formula, "income 100000000.00 × 0.10");

    let pool = &outcome.pools[0];
    assert_eq!(pool.budget, yuan("65090000"));
    assert_eq!(paid(&outcome), ["39054000.00", "26036000.00"]); // 3 : 2
    let end = pool.year_end.unwrap();
    assert_eq!((end.gross, end.compensation_pool), (yuan("100000000"), yuan("2610000")));
    assert_eq!(end.fund_balance, yuan("2610000"));

    let mut rule = waterfall();
    rule.lines[4].deducted = true;
    let outcome = settle(&policy_of(rule), items("all", &walk_through())).unwrap();
    assert_eq!([step(&outcome, "settle"), step(&outcome, "total")], ["55", "61.09"].map(dec));

    let rule = Waterfall { shortfall: Shortfall::Netted, ..waterfall() };
    let outcome = settle(&policy_of(rule), items("all", &walk_through())).unwrap();
    let steps = ["top_up", "settle_share", "adjustment_pool", "total"];
    let wanted = ["0.3", "6.79", "2.91", "65.79"];
    assert_eq!(steps.map(|item| step(&outcome, item)), wanted.map(dec));
    assert!(outcome.waterfall.iter().all(|row| row.item != "top_up_b1")); // R31
}

// Reserve 10, shortfalls 9 + 2 + 0 + 0.6 = 11.6: line 1 takes 9, line 2 the last 1, line 4 nothing; gap
// 1.6, T stays 59. Exactly 10 short: no gap, and nothing to split either.
// shows: Z11, A32, R31
#[test]
fn a_reserve_too_small_is_spent_in_the_order_of_the_lines() {
    let mut given = items("all", &walk_through());
    let key = |item: &str| ("all".to_owned(), "Y".to_owned(), item.to_owned());
    given.insert(key("actual1"), dec("14000000"));
    given.insert(key("actual2"), dec("10000000"));
    let outcome = settle(&policy_of(waterfall()), given.clone()).unwrap();
    let steps = ["top_up_b1", "top_up_b2", "top_up_b3", "top_up_b4", "reserve_gap"];
    assert_eq!(steps.map(|item| step(&outcome, item)), ["9", "1", "0", "0", "1.6"].map(dec));
    let steps = ["settle_share", "adjustment_pool", "total"];
    assert_eq!(steps.map(|item| step(&outcome, item)), ["0", "0", "59"].map(dec));
    assert_eq!(outcome.pools[0].budget, yuan("59000000"));

    given.insert(key("actual2"), dec("8400000")); // 9 + 0.4 + 0.6 = 10
    let outcome = settle(&policy_of(waterfall()), given).unwrap();
    assert_eq!(step(&outcome, "total"), dec("59"));
    assert!(outcome.waterfall.iter().all(|row| row.item != "reserve_gap"));
}

// 70 % is rounded to the fen, the 30 % is the rest (A32): of 0.05, 0.035 → 0.04 and 0.01.
// shows: A32
#[test]
fn settle_share_is_rounded_and_the_adjustment_pool_is_the_rest() {
    let rows =
        [("income", "0.50"), ("b1", "0"), ("b2", "0"), ("b3", "0"), ("b4", "0"), ("b5", "0")];
    let actuals = ["actual1", "actual2", "actual3", "actual4"].map(|item| (item, "0"));
    let rows = [rows.as_slice(), actuals.as_slice()].concat();
    let outcome = settle(&policy_of(waterfall()), items("all", &rows)).unwrap();
    let amount = |item| row(&outcome, item).amount.unwrap();
    assert_eq!(amount("reserve"), yuan("0.05"));
    assert_eq!([amount("settle_share"), amount("adjustment_pool")], [Fen(4), Fen(1)]);
    assert_eq!(amount("total"), yuan("0.49"));
}

// Z04: 120.00 × 41 667 = 5 000 040.00. Z05: 7 500 000.01 × 1.05 × 1.0165 = 8 004 937.510673… Z06, Z07:
// 11 650 485 × 1.03 = 11 999 999.55; 6 000 000 × 1 = 6 000 000. Z08: 80 × 50 000 = 4 000 000.
// 100 − 10 = 90 000 000.00 − 5 000 040.00 − 8 004 937.51 − 11 999 999.55 − 6 000 000 = 58 995 022.94.
// shows: Z04, Z05, Z06, Z07, Z08, Z09
#[test]
fn lines_may_be_made_of_their_parts() {
    let mut rows = vec![
        ("income", "100000000"),
        ("b1_standard", "120"),
        ("b1_persons", "41667"),
        ("b2_last", "7500000.01"),
        ("b2_cost_growth", "0.05"),
        ("b2_incidence_growth", "0.0165"),
        ("b3_last", "11650485"),
        ("b3_growth", "0.03"),
        ("b4_last", "6000000"),
        ("b4_growth", "0"),
        ("b5_standard", "80"),
        ("b5_persons", "50000"),
    ];
    let outcome = settle(&policy_of(waterfall()), items("all", &rows)).unwrap();
    let amounts = ["b1", "b2", "b3", "b4", "b5"].map(|item| row(&outcome, item).amount.unwrap());
    let wanted = ["5000040", "8004937.51", "11999999.55", "6000000", "4000000"];
    assert_eq!(amounts, wanted.map(yuan));
    assert_eq!(outcome.pools[0].budget, yuan("58995022.94"));
    let formula =
        "b2_last 7500000.01 × (1 + b2_cost_growth 0.05) × (1 + b2_incidence_growth 0.0165)";
    assert_eq!(row(&outcome, "b2").formula, formula);
    // An amount beside its parts has to be what they come to.
    rows.push(("b3", "11999999.55"));
    assert!(settle(&policy_of(waterfall()), items("all", &rows)).is_ok());
    rows.push(("b4", "6000000.01"));
    let wrong = settle(&policy_of(waterfall()), items("all", &rows)).unwrap_err();
    assert!(
        matches!(wrong, Error::Money(MoneyError::BudgetItemTwice { ref item, .. }) if item == "b4"),
        "{wrong}"
    );
}

// shows: R31
#[test]
fn without_actual_spending_there_is_no_year_end_part_and_the_run_says_so() {
    let mut rows = walk_through();
    rows.retain(|(item, _)| *item != "actual3");
    let outcome = settle(&policy_of(waterfall()), items("all", &rows)).unwrap();
    assert_eq!(outcome.pools[0].budget, yuan("59000000"));
    assert_eq!(row(&outcome, "year_end").amount, None);
    assert_eq!(row(&outcome, "year_end").formula, "actual3 missing");
    let [note] = outcome.notes.as_slice() else { panic!("{:?}", outcome.notes) };
    assert!(note.contains("no actual3") && note.contains("R31"), "{note}");
    // The reserve stays whole: it is a line of the fund.
    let reserve = outcome.ledger.iter().find(|line| line.kind == LineKind::Reserve).unwrap();
    assert_eq!(reserve.amount, yuan("10000000"));
}

// 310 is the walk-through; 390 has half the income and no shortfall: 50 − 5 − 2 − 3 − 4 − 1 = 35,
// reserve 5 → 3.5 and 1.5, T = 38.5. In one pool: 65.09 + 38.5 = 103.59.
// shows: Z03, E16, A49
#[test]
fn each_insurance_has_its_waterfall_and_both_may_be_settled_in_one_pool() {
    let lines = [("b1", "2"), ("b2", "3"), ("b3", "4"), ("b4", "1"), ("b5", "1")];
    let millions = |value: &str| format!("{value}000000");
    let other: Vec<(String, String)> = lines
        .iter()
        .map(|(item, value)| ((*item).to_owned(), millions(value)))
        .chain((1..=4).map(|number| (format!("actual{number}"), "0".to_owned())))
        .chain([("income".to_owned(), millions("50"))])
        .collect();
    let other: Vec<(&str, &str)> =
        other.iter().map(|(item, value)| (item.as_str(), value.as_str())).collect();
    let mut given = items("310", &walk_through());
    given.extend(items("390", &other));
    let (mut rows, catalog) = two_cases();
    rows[1].insutype = "390".to_owned();
    let budgets = |pools: Pools| {
        let mut policy = policy_of(waterfall());
        policy.budget.pools = pools;
        let mut input = input(&policy, Some(&catalog), "0");
        input.budgets.clear();
        input.given.items = given.clone();
        let outcome = settle_one(&rows, input).unwrap();
        let pools: Vec<_> =
            outcome.pools.iter().map(|row| (row.pool.clone(), row.budget.to_string())).collect();
        let values: Vec<_> = outcome.pools.iter().map(|row| row.point_value.unwrap()).collect();
        assert_eq!(outcome.waterfall.iter().filter(|row| row.item == "total").count(), 2);
        (pools, values)
    };
    let (pools, values) = budgets(Pools::Insutype);
    let wanted = [("310", "65090000.00"), ("390", "38500000.00")];
    assert_eq!(pools, wanted.map(|(pool, budget)| (pool.to_owned(), budget.to_owned())));
    assert_eq!(values, ["21696666.6667", "19250000.0000"].map(dec)); // ÷ 3 and ÷ 2 points
    let (pools, values) = budgets(Pools::One);
    assert_eq!(pools, [("all".to_owned(), "103590000.00".to_owned())]);
    assert_eq!(values, [dec("20718000.0000")]); // ÷ 5 points
}

// shows: Z01
#[test]
fn spending_above_income_less_reserve_is_refused() {
    let mut given = items("all", &walk_through());
    let key = ("all".to_owned(), "Y".to_owned(), "b3".to_owned());
    // Lines 1, 2 and 4 take 19 of 90: 71 would leave nothing, a fen more is too much.
    given.insert(key.clone(), dec("71000000"));
    let outcome = settle(&policy_of(waterfall()), given.clone()).unwrap();
    assert_eq!(step(&outcome, "settle"), dec("0"));
    given.insert(key, dec("71000000.01"));
    let wrong = settle(&policy_of(waterfall()), given).unwrap_err();
    let Error::Money(MoneyError::IncomeExhausted { income, taken, .. }) = &wrong else {
        panic!("{wrong}")
    };
    assert_eq!((*income, *taken), (yuan("100000000"), yuan("100000000.01")));
}

#[test]
fn items_that_are_missing_or_impossible_are_refused_by_name() {
    let said = |change: &dyn Fn(&mut ItemRows)| {
        let mut given = items("all", &walk_through());
        change(&mut given);
        settle(&policy_of(waterfall()), given).unwrap_err().to_string()
    };
    let key = |item: &str| ("all".to_owned(), "Y".to_owned(), item.to_owned());
    let without = |item: &'static str| {
        said(&|given: &mut ItemRows| {
            given.remove(&key(item));
        })
    };
    assert_eq!(
        without("b2"),
        "scenario `base`, pool `all`, period `Y`: table `budget` has no item `b2`, or b2_last and \
         b2_cost_growth and b2_incidence_growth"
    );
    assert!(without("income").ends_with("table `budget` has no item `income`"));
    let with = |item: &'static str, value: &'static str| {
        said(&|given: &mut ItemRows| {
            given.insert(key(item), dec(value));
        })
    };
    let amount = "allowed is an amount in yuan from 0 with at most two decimal places";
    for (item, value) in [("b1", "5.123"), ("income", "-1"), ("actual4", "-0.01")] {
        let said = with(item, value);
        let wanted = format!("item `{item}` of table `budget` is {value}; {amount}");
        assert!(said.ends_with(&wanted), "{said}");
    }
    let half = said(&|given: &mut ItemRows| {
        given.remove(&key("b1"));
        given.insert(key("b1_standard"), dec("120"));
        given.insert(key("b1_persons"), dec("10.5"));
    });
    assert!(half.ends_with(
        "item `b1_persons` of table `budget` is 10.5; allowed is a whole number from 0"
    ));
    let alone = said(&|given: &mut ItemRows| {
        given.remove(&key("b3"));
        given.insert(key("b3_last"), dec("120"));
    });
    assert!(alone.ends_with("table `budget` has no item `b3_growth`"), "{alone}");
}

/// Entitled to 60 and 40 of T = 100, from a waterfall whose adjustment pool is 30 % of the reserve of 10.
fn compensated(rate: &str) -> Policy {
    let mut policy = policy_of(waterfall());
    policy.compensation = Some(Compensation {
        cite: cite("compensation"),
        limit: CompensationLimit::Entitlement { rate: dec(rate) },
    });
    policy
}

fn settle_compensated(
    policy: &Policy,
    booked: [&str; 2],
    assess: impl FnOnce(&mut ScenarioInput<'_>),
) -> Outcome {
    // Income 103.33, reserve 10.33: B6 = 93.00 less nothing; 70 % of 10.33 = 7.231 → 7.23, Q = 3.10;
    // T = 100.23. Points 3 : 2 → 60.138 and 40.092 → 60.14 and 40.09.
    let rows = [("income", "103.33")];
    let zero = ["b1", "b2", "b3", "b4", "b5", "actual1", "actual2", "actual3", "actual4"];
    let zero = zero.map(|item| (item, "0"));
    let given = items("all", &[rows.as_slice(), zero.as_slice()].concat());
    let (_, catalog) = two_cases();
    let rows = [case("X", "A", "100", booked[0]), case("Y", "B", "100", booked[1])];
    let mut input = input(policy, Some(&catalog), "0");
    input.budgets.clear();
    input.given.items = given;
    assess(&mut input);
    settle_one(&rows, input).unwrap()
}

// o X = (64 − 1) − 60.14 = 2.86, below 6.01; o Y = 50 − 40.09 = 9.91, at most 4.009 → 4.01: r 2.86 +
// 4.01 = 6.87 > Q = 3.10 → X 3.10 × 2.86 ÷ 6.87 = 1.2905…, Y 1.8094… → 1.29, 1.81.
// X: 60.14 × 0.98 = 58.9372 → 58.94 + 1.29 − 1.00 − 2.00 = 57.23; Y 40.09 + 1.81 = 41.90.
// shows: Z13, Z26, A24, R22, R27
#[test]
fn overspend_is_shared_from_the_adjustment_pool_after_the_assessment() {
    let outcome = settle_compensated(&compensated("0.10"), ["64", "50"], |input| {
        let assessment = Assessment {
            coefficient: dec("0.98"),
            violations: yuan("1"),
            deduction: yuan("2"),
            bond: yuan("5"),
        };
        input.assessments.insert((String::new(), "X".to_owned()), assessment);
    });
    assert_eq!(paid(&outcome), ["57.23", "41.90"]);
    let of_x: Vec<_> = outcome
        .ledger
        .iter()
        .filter(|line| line.fixmedins_code == "X")
        .map(|line| (line.kind, line.amount))
        .collect();
    assert_eq!(
        of_x,
        [
            (LineKind::PointsShare, yuan("60.14")),
            (LineKind::Assessment, yuan("-1.20")),
            (LineKind::OverspendShare, yuan("1.29")),
            (LineKind::Violation, yuan("-1")),
            (LineKind::Deduction, yuan("-2")),
            (LineKind::PerformanceBond, yuan("-5")),
        ]
    );
    // The pool has rows of its own: 3.10 = 1.29 + 1.81 + 0.
    let table = tables::compensation_table(std::slice::from_ref(&outcome));
    let cell = |column: &str, row| table.cell(column, row).unwrap_or_default();
    let lines: Vec<_> = (0..table.rows())
        .map(|row| {
            [
                "line",
                "fixmedins_code",
                "excess_yuan",
                "limit_yuan",
                "reasonable_yuan",
                "amount_yuan",
            ]
            .map(|column| cell(column, row))
            .join(" ")
        })
        .collect();
    let wanted = [
        "opening     3.10",
        "paid X 2.86 6.01 2.86 1.29",
        "paid Y 9.91 4.01 4.01 1.81",
        "rest     0.00",
    ];
    assert_eq!(lines, wanted);
    let end = outcome.pools[0].year_end.unwrap();
    // Kept: 1.20 of the assessment, 1 and 2 taken off; the pool is spent.
    assert_eq!(end.fund_balance, yuan("4.20"));
    assert_eq!(end.gross, yuan("103.33"));
}

// X overspends by 1.00, Y not at all: 1.00 of 3.10 is paid, 2.10 stays in the pool. On the line: booked =
// entitlement is no overspend; a limit of 0 pays nothing.
// shows: A24, Z13
#[test]
fn what_is_not_asked_for_stays_in_the_adjustment_pool() {
    let outcome = settle_compensated(&compensated("0.10"), ["61.14", "40.09"], |_| ());
    assert_eq!(paid(&outcome), ["61.14", "40.09"]);
    let rest = outcome.compensation.last().unwrap();
    assert_eq!((rest.line, rest.amount), ("rest", yuan("2.10")));
    let kept = outcome.ledger.iter().find(|line| line.kind == LineKind::CompensationRest).unwrap();
    assert_eq!(kept.amount, yuan("2.10"));
    let outcome = settle_compensated(&compensated("0"), ["61.14", "40.09"], |_| ());
    assert_eq!(paid(&outcome), ["60.14", "40.09"]);
}

// shows: R10, A44
#[test]
fn months_are_parts_of_the_budget_without_what_the_year_end_adds() {
    let mut policy = policy_of(waterfall());
    let rate = MonthlyRate {
        cite: cite("rate"),
        from: "2020-01-01".parse().unwrap(),
        share: dec("0.90"),
        retention: dec("0"),
    };
    let method = MonthlyMethod::Quota(DivideBy::Booked);
    policy.monthly = Some(Monthly { cite: cite("monthly"), method, rates: vec![rate] });
    let outcome = settle_compensated(&policy, ["64", "50"], |_| {});
    // B6 = 93.00, a twelfth 7.75; 0.90 × 7.75 = 6.975 → 6.98, 64 : 50 → 3.918… and 3.061…. A twelfth of
    // T = 100.23 would be 8.35.
    let months: Vec<_> = outcome.months.iter().map(|row| (row.quota, row.advance)).collect();
    let quota = Some(yuan("7.75"));
    assert_eq!(months, [(quota, yuan("3.92")), (quota, yuan("3.06"))]);
}
