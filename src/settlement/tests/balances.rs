//! From paid to what is left to transfer: the balance, its statement, runs of single months.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::explain::render;
use crate::policy::model::{
    DivideBy, Monthly, MonthlyMethod, MonthlyRate, Policy, Pools, WorkingCapital,
};
use crate::settlement::outcome::LineKind;
use crate::settlement::statement::{Role, lines};
use crate::settlement::{
    Advance, AdvanceKind, Assessment, Error, Outcome, ScenarioInput, settle_months, statement,
};
use crate::units::Fen;

use super::build::{
    Case, case, catalog, cite, columns, date, dec, input, points_policy, settle_one,
    standard_policy, threads, yuan,
};

fn with_months(mut policy: Policy, method: MonthlyMethod, share: &str, retention: &str) -> Policy {
    let (share, retention) = (dec(share), dec(retention));
    let rates =
        vec![MonthlyRate { cite: cite("rate"), from: date("2020-01-01"), share, retention }];
    policy.monthly = Some(Monthly { cite: cite("monthly"), method, rates });
    policy
}

fn one_group() -> crate::catalog::model::Catalog {
    catalog("100", "100", &[("G", "100", "100")])
}

fn booked(code: &str, month: u8, fund: &str) -> Case {
    Case { month, ..case(code, "G", "1000", fund) }
}

fn monthly(pool: &str, code: &str, month: u8, amount: &str) -> Advance {
    Advance {
        pool: pool.to_owned(),
        institution: code.to_owned(),
        month: Some(month),
        kind: AdvanceKind::Monthly,
        amount: yuan(amount),
    }
}

/// Two institutions of one case each, 600 entitled each, with everything that stands in a balance.
fn full() -> (Policy, Vec<Case>) {
    let quota = MonthlyMethod::Quota(DivideBy::Booked);
    let mut policy = with_months(points_policy(), quota, "0.90", "0.05");
    policy.working_capital = Some(WorkingCapital { cite: cite("capital"), months: dec("1") });
    (policy, vec![booked("X", 1, "66"), booked("Y", 3, "44")])
}

fn full_input<'a>(
    policy: &'a Policy,
    catalog: &'a crate::catalog::model::Catalog,
) -> ScenarioInput<'a> {
    let mut input = input(policy, Some(catalog), "1200");
    let assessed = Assessment {
        coefficient: dec("0.98"),
        deduction: yuan("10"),
        bond: yuan("30"),
        ..Assessment::default()
    };
    input.assessments = BTreeMap::from([((String::new(), "X".to_owned()), assessed)]);
    let key = ("all".to_owned(), "X".to_owned());
    input.given.booked_before = BTreeMap::from([(key, [yuan("100"); 12])]);
    input.given.prior_refunds = BTreeMap::from([(("X".to_owned(), 5), yuan("8.08"))]);
    input.given.orphan_refunds = BTreeMap::from([(("X".to_owned(), 7), yuan("4.44"))]);
    input
}

// shows: Z26, A45, R03, R27, Y21
#[test]
fn every_yuan_from_booked_to_transfer_is_a_line_of_the_statement() {
    // X: 600.00 × 0.98 = 588.00 − 10.00 = 578.00 paid; − bond 30.00 − capital 100 × 0.98 = 98.00
    // − January 0.90 × 66 = 59.40 + retention 5 % 2.97 − refund 8.08 = 385.49.
    let (policy, rows) = full();
    let catalog = one_group();
    let outcome = settle_one(&rows, full_input(&policy, &catalog)).unwrap();
    let x: Vec<_> = lines(&outcome)
        .into_iter()
        .filter(|line| line.fixmedins_code == "X")
        .map(|line| (line.role, line.kind, line.period, line.amount.to_string()))
        .collect();
    let wanted = [
        (Role::Memo, "booked", "Y", "66.00"),
        (Role::Item, "points_share", "Y", "600.00"),
        (Role::Total, "entitlement", "Y", "600.00"),
        (Role::Item, "assessment", "Y", "-12.00"),
        (Role::Item, "deduction", "Y", "-10.00"),
        (Role::Total, "paid", "Y", "578.00"),
        (Role::Item, "performance_bond", "Y", "-30.00"),
        (Role::Item, "working_capital", "Y", "-98.00"),
        (Role::Item, "monthly_payment", "M01", "-59.40"),
        (Role::Item, "retention_released", "Y", "2.97"),
        (Role::Item, "prior_year_refund", "M05", "-8.08"),
        (Role::Total, "balance", "Y", "385.49"),
        // What nobody can place is shown and moves nothing (R03).
        (Role::Memo, "orphan_refund", "Y", "-4.44"),
    ];
    let wanted = wanted
        .map(|(role, kind, period, amount)| (role, kind, period.to_owned(), amount.to_owned()));
    assert_eq!(x, wanted);
    // Surplus is that of the payment: refunds of cleared years do not touch it (R03).
    assert_eq!(outcome.institutions[0].surplus, yuan("512")); // 578 − 66
}

/// Every total of a statement is the sum of the items above it.
fn assert_adds_up(outcome: &Outcome) {
    let mut sums = BTreeMap::<(String, String), i64>::new();
    for line in lines(outcome) {
        let sum = sums.entry((line.pool, line.fixmedins_code)).or_default();
        match line.role {
            Role::Memo => {}
            Role::Item => *sum += line.amount.0,
            Role::Total => assert_eq!(*sum, line.amount.0, "{}", line.kind),
        }
    }
}

// shows: A45, R03
#[test]
fn refunds_of_cleared_years_are_taken_once() {
    let mut policy = points_policy();
    policy.budget.pools = Pools::Insutype;
    let catalog = one_group();
    let rows = [
        Case { insutype: "390".to_owned(), ..booked("X", 1, "10") },
        booked("X", 1, "10"),
        Case { insutype: "390".to_owned(), ..booked("Y", 1, "10") },
    ];
    let mut input = input(&policy, Some(&catalog), "0");
    input.budgets =
        ["310", "390"].map(|pool| ((pool.to_owned(), "Y".to_owned()), yuan("100"))).into();
    let refund = |code: &str, month, amount| ((code.to_owned(), month), yuan(amount));
    input.given.prior_refunds =
        BTreeMap::from([refund("X", 2, "5"), refund("Y", 2, "7"), refund("Z", 12, "-3")]);
    let outcome = settle_one(&rows, input).unwrap();
    let rows = outcome.institutions.iter();
    let taken: Vec<_> = rows
        .map(|row| (&*row.pool, &*row.fixmedins_code, row.balance.prior_refunds, row.paid))
        .collect();
    let wanted = [
        ("310", "X", yuan("5"), yuan("100")),
        ("310", "Z", yuan("-3"), yuan("0")), // without cases: the first pool
        ("390", "X", yuan("0"), yuan("50")),
        ("390", "Y", yuan("7"), yuan("50")),
    ];
    assert_eq!(taken, wanted);
}

// shows: A52
#[test]
fn a_negative_balance_is_carried_as_a_receivable() {
    let (policy, catalog) = (points_policy(), one_group());
    let mut input = input(&policy, Some(&catalog), "100");
    input.given.advances = vec![monthly("all", "X", 1, "150.01"), monthly("", "Y", 12, "5")];
    let outcome = settle_one(&[booked("X", 1, "10")], input).unwrap();
    let balances: Vec<_> =
        outcome.institutions.iter().map(|row| row.balance.balance.to_string()).collect();
    assert_eq!(balances, ["-50.01", "-5.00"]);
    let last = |code: &str| {
        let own = outcome.ledger.iter().filter(|line| line.fixmedins_code == code);
        own.map(|line| (line.kind, line.period.as_str(), line.amount)).next_back()
    };
    assert_eq!(last("Y"), Some((LineKind::MonthlyPayment, "M12", yuan("-5"))));
}

#[test]
fn advances_of_unknown_pools_are_refused() {
    let (policy, catalog) = (points_policy(), one_group());
    let refused = |row: Advance, policy: &Policy| {
        let mut input = input(policy, Some(&catalog), "100");
        if policy.budget.pools == Pools::Insutype {
            input.budgets =
                ["310", "390"].map(|pool| ((pool.to_owned(), "Y".to_owned()), yuan("100"))).into();
        }
        input.given.advances = vec![row];
        let resident = Case { insutype: "390".to_owned(), ..booked("H1002", 1, "10") };
        render(&settle_one(&[booked("H1001", 1, "10"), resident], input).unwrap_err())
    };
    assert_eq!(
        refused(monthly("390", "H1001", 1, "3.50"), &policy),
        "error: scenario `base`: `advance` has 3.50 yuan for institution `H1001` in pool `390`, \
         which is not settled\nhint: settled are all"
    );
    let mut two = policy.clone();
    two.budget.pools = Pools::Insutype;
    assert_eq!(
        refused(monthly("", "H1001", 1, "3.50"), &two),
        "error: scenario `base`: `advance` has 3.50 yuan for institution `H1001` in pool ``, \
         which is not settled\nhint: there are several pools: name one of 310, 390"
    );
}

// shows: J09, Y21
#[test]
fn the_statement_of_a_month_is_its_pre_settlement() {
    let (policy, rows) = full();
    let catalog = one_group();
    let outcomes =
        settle_months(&columns(&rows), &[full_input(&policy, &catalog)], 3, threads(1)).unwrap();
    assert_adds_up(&outcomes[0]);
    // Y booked 44 in March: 0.90 × 44 = 39.60, of which 1.98 are kept back. X has no case in March.
    let table = statement::table(&outcomes);
    let shown: Vec<_> = (0..table.rows())
        .map(|row| {
            ["fixmedins_code", "kind", "amount_yuan"].map(|name| table.cell(name, row).unwrap())
        })
        .collect();
    let wanted = [
        ["Y", "quota", "100.00"],
        ["Y", "booked", "44.00"],
        ["Y", "monthly_payment", "39.60"],
        ["Y", "retention", "-1.98"],
        ["Y", "paid", "37.62"],
    ];
    assert_eq!(shown, wanted.map(|row| row.map(str::to_owned)));
}

#[test]
fn a_run_of_months_does_not_look_at_later_cases() {
    let (policy, rows) = full();
    let catalog = one_group();
    let input = full_input(&policy, &catalog);
    let wrong = settle_months(&columns(&rows), &[input], 2, threads(1)).unwrap_err();
    assert_eq!(wrong, Error::Columns { column: "month", row: 1 });
}

fn any_row() -> impl Strategy<Value = Case> {
    let code = proptest::sample::select(vec!["X", "Y", "Z"]);
    let group = proptest::sample::select(vec!["M_N18", "A_N18"]);
    (code, group, 1u8..=12, 30_000i64..200_000, 0i64..=1000).prop_map(
        |(code, group, month, fee_fen, share)| Case {
            month,
            fee_fen,
            inscope_fen: fee_fen,
            fund_fen: fee_fen * share / 1000 - 5_000,
            ..case(code, group, "0", "0")
        },
    )
}

proptest! {
    // shows: J09, A52, Z22, Y21
    #[test]
    fn months_settled_apart_are_those_of_the_clearing_and_all_add_up(
        rows in prop::collection::vec(any_row(), 1..60),
        by_standard in any::<bool>(),
        half in any::<bool>(),
        retention in proptest::sample::select(vec!["0", "0.05", "0.333"]),
        bond in 0i64..1_000_000,
    ) {
        let catalog = catalog("500", "100", &[("A_N18", "291", "58.2"), ("M_N18", "947", "189.4")]);
        let mut policy = if by_standard {
            with_months(standard_policy(), MonthlyMethod::Standard, "1", retention)
        } else {
            with_months(points_policy(), MonthlyMethod::Quota(DivideBy::Booked), "0.90", retention)
        };
        policy.working_capital = Some(WorkingCapital { cite: cite("c"), months: dec("1.5") });
        let mut input = input(&policy, Some(&catalog), "60000");
        let halves;
        if half {
            let mut changed = policy.clone();
            changed.budget.period = crate::policy::model::Clearing::HalfYear;
            halves = changed;
            input.policy = &halves;
            input.budgets = ["H1", "H2"]
                .map(|period| (("all".to_owned(), period.to_owned()), yuan("40000")))
                .into();
        }
        let assessed = Assessment { bond: Fen(bond), ..Assessment::default() };
        input.assessments = BTreeMap::from([((String::new(), "Y".to_owned()), assessed)]);
        let key = ("all".to_owned(), "Z".to_owned());
        input.given.booked_before = BTreeMap::from([(key, [Fen(123_457); 12])]);
        let Ok(year) = settle_one(&rows, input.clone()) else {
            // No points in a half that has money: nothing to compare.
            return Ok(());
        };
        assert_adds_up(&year);
        for row in &year.institutions {
            let own = year.months.iter().filter(|month| month.fixmedins_code == row.fixmedins_code);
            let months: i64 = own.map(|month| month.paid.0).sum();
            let taken = row.balance.bond.0 + row.balance.working_capital.0;
            // What was transferred before and what is transferred now are together what is paid.
            prop_assert_eq!(months + taken + row.balance.balance.0, row.paid.0);
        }
        let mut before = Vec::new();
        for month in 1..=12u8 {
            let so_far: Vec<Case> = rows.iter().filter(|row| row.month <= month).cloned().collect();
            if so_far.is_empty() {
                continue;
            }
            let run = settle_months(&columns(&so_far), &[input.clone()], month, threads(2)).unwrap();
            let wanted: Vec<_> =
                year.months.iter().filter(|row| row.month <= month).cloned().collect();
            prop_assert_eq!(&run[0].months, &wanted);
            before = wanted;
        }
        prop_assert_eq!(before, year.months);
    }
}
