//! Monthly pre-settlement (A44), retention, working capital, and the balance.

use std::collections::BTreeMap;

use crate::explain::render;
use crate::policy::model::{DivideBy, Monthly, MonthlyMethod, MonthlyRate, Policy, WorkingCapital};
use crate::settlement::{Advance, AdvanceKind, Assessment, Outcome};
use crate::units::Fen;

use super::build::{
    Case, case, catalog, cite, date, dec, input, points_policy, settle_one, standard_policy, yuan,
};

pub(super) fn rate(from: &str, share: &str, retention: &str) -> MonthlyRate {
    MonthlyRate {
        cite: cite("rate"),
        from: date(from),
        share: dec(share),
        retention: dec(retention),
    }
}

/// Points, with months by quota: 90 % of the smaller of quota and booked.
fn quota_policy(by: DivideBy) -> Policy {
    let mut policy = points_policy();
    policy.monthly = Some(Monthly {
        cite: cite("monthly"),
        method: MonthlyMethod::Quota(by),
        rates: vec![rate("2020-01-01", "0.90", "0")],
    });
    policy
}

/// Standards, with months by standard and this retention.
fn standard_months(retention: &str) -> Policy {
    let mut policy = standard_policy();
    policy.monthly = Some(Monthly {
        cite: cite("monthly"),
        method: MonthlyMethod::Standard,
        rates: vec![rate("2020-01-01", "1", retention)],
    });
    policy
}

fn one_group() -> crate::catalog::model::Catalog {
    catalog("100", "100", &[("G", "100", "100")])
}

/// A case of group G that booked so much in a month.
fn booked(code: &str, month: u8, fund: &str) -> Case {
    Case { month, ..case(code, "G", "1000", fund) }
}

fn advances(outcome: &Outcome) -> Vec<(&str, u8, String)> {
    let rows = outcome.months.iter();
    rows.map(|row| (&*row.fixmedins_code, row.month, row.advance.to_string())).collect()
}

fn monthly(code: &str, month: u8, amount: &str) -> Advance {
    Advance {
        pool: String::new(),
        institution: code.to_owned(),
        month: Some(month),
        kind: AdvanceKind::Monthly,
        amount: yuan(amount),
    }
}

fn capital(code: &str, amount: &str) -> Advance {
    let kind = AdvanceKind::WorkingCapital;
    Advance { month: None, kind, ..monthly(code, 1, amount) }
}

fn before(code: &str, months: [i64; 12]) -> ((String, String), [Fen; 12]) {
    (("all".to_owned(), code.to_owned()), months.map(|yuan| Fen(yuan * 100)))
}

// shows: A44, J09, R10, Z23, E12
#[test]
fn ninety_percent_of_the_smaller_of_quota_and_booked_is_advanced() {
    // Budget 1200 without a year before: twelfths of 100.
    let (policy, catalog) = (quota_policy(DivideBy::Booked), one_group());
    let rows = [
        booked("X", 1, "66"),
        booked("Y", 1, "44"), // 110 booked: 0.90 × 100 = 90.00, 66 : 44
        booked("X", 2, "48"),
        booked("Y", 2, "32"), // 80 booked: 0.90 × 80 = 72.00, 48 : 32
    ];
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "1200")).unwrap();
    let wanted = [
        ("X", 1, "54.00".to_owned()),
        ("X", 2, "43.20".to_owned()),
        ("Y", 1, "36.00".to_owned()),
        ("Y", 2, "28.80".to_owned()),
    ];
    assert_eq!(advances(&outcome), wanted);
    assert_eq!(outcome.months[0].quota, Some(yuan("100")));
}

// shows: A44
#[test]
fn last_year_spreads_the_yearly_pool_over_the_months() {
    let (policy, catalog) = (quota_policy(DivideBy::Booked), one_group());
    let rows = [booked("X", 1, "950"), booked("X", 2, "950"), booked("X", 3, "950")];
    let mut input = input(&policy, Some(&catalog), "1200");
    // January 300, February 100: quotas 900 and 300, March nothing. Another pool's months and
    // negative ones say nothing.
    input.given.booked_before = BTreeMap::from([
        before("X", [200, 150, -70, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        before("Z", [100, -50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (("310".to_owned(), "X".to_owned()), [Fen(100); 12]),
    ]);
    let outcome = settle_one(&rows, input).unwrap();
    let quotas: Vec<_> = outcome.months.iter().map(|row| row.quota.unwrap().to_string()).collect();
    assert_eq!(quotas, ["900.00", "300.00", "0.00"]);
    let of_x: Vec<_> = outcome.months.iter().map(|row| row.advance.to_string()).collect();
    assert_eq!(of_x, ["810.00", "270.00", "0.00"]);
}

// shows: A44
#[test]
fn a_month_may_be_divided_by_points() {
    let (policy, catalog) = (quota_policy(DivideBy::Points), one_group());
    // Two cases of X against one of Y, 100 points each: 90 = 60 + 30, whatever was booked.
    let rows = [booked("X", 1, "10"), booked("X", 1, "10"), booked("Y", 1, "90")];
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "1200")).unwrap();
    assert_eq!(advances(&outcome), [("X", 1, "60.00".to_owned()), ("Y", 1, "30.00".to_owned())]);
}

// shows: R35
#[test]
fn a_month_that_booked_nothing_is_not_advanced_and_a_negative_one_weighs_nothing() {
    let (policy, catalog) = (quota_policy(DivideBy::Booked), one_group());
    let rows = [
        booked("X", 1, "100"),
        booked("Y", 1, "-20"), // 80 booked: 72.00, all to X
        booked("X", 2, "20"),
        booked("Y", 2, "-20"), // 0 booked
        booked("X", 3, "20"),
        booked("Y", 3, "-20.01"), // below 0
        booked("X", 4, "0.01"),   // 0.9 fen: one fen
    ];
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "1200")).unwrap();
    let of_x: Vec<_> = outcome.months.iter().map(|row| row.advance.to_string()).collect();
    assert_eq!(of_x, ["72.00", "0.00", "0.00", "0.01", "0.00", "0.00", "0.00"]);
}

// shows: R35, Z22
#[test]
fn rows_of_advance_stand_in_for_the_whole_month() {
    let (mut policy, catalog) = (quota_policy(DivideBy::Booked), one_group());
    policy.working_capital = Some(WorkingCapital { cite: cite("capital"), months: dec("1") });
    let rows = [booked("X", 1, "66"), booked("Y", 1, "44"), booked("X", 2, "10")];
    let mut input = input(&policy, Some(&catalog), "1200");
    input.given.advances = vec![monthly("X", 1, "10"), monthly("X", 1, "2"), capital("Y", "7")];
    input.given.booked_before = BTreeMap::from([before("X", [100; 12])]);
    let outcome = settle_one(&rows, input).unwrap();
    let wanted =
        [("X", 1, "12.00".to_owned()), ("X", 2, "9.00".to_owned()), ("Y", 1, "0.00".to_owned())];
    assert_eq!(advances(&outcome), wanted);
    let given: Vec<_> = outcome.months.iter().map(|row| row.given).collect();
    assert_eq!(given, [true, false, true]);
    // Working capital too: 100 would have been computed for X.
    let capital: Vec<_> =
        outcome.institutions.iter().map(|row| row.balance.working_capital).collect();
    assert_eq!(capital, [yuan("0"), yuan("7")]);
}

// shows: Y20, Y21, R36, E12
#[test]
fn retention_is_rounded_per_institution_and_month_and_released_at_clearing() {
    // 947 × 0.85 = 804.95; 5 % are 40.2475: 40.25 each, where all three together had 120.74.
    let rows = ["X", "Y", "Z"].map(|code| case(code, "M_N18", "1000", "850"));
    let policy = standard_months("0.05");
    let outcome = settle_one(&rows, input(&policy, None, "3000")).unwrap();
    for (month, institution) in outcome.months.iter().zip(&outcome.institutions) {
        assert_eq!(month.advance, yuan("804.95"));
        assert_eq!(month.retention, yuan("40.25"));
        assert_eq!(month.paid, yuan("764.70"));
        // Not overspent: what is left to transfer is what was kept back.
        assert_eq!(institution.balance.balance, yuan("40.25"));
    }
    // Low cases are in the month as booked: 804.95 + 100.07 = 905.02, 5 % are 45.251.
    let rows = [case("X", "M_N18", "1000", "850"), case("X", "M_N18", "200", "100.07")];
    let outcome = settle_one(&rows, input(&policy, None, "3000")).unwrap();
    let month = &outcome.months[0];
    assert_eq!((month.advance, month.retention), (yuan("905.02"), yuan("45.25")));
}

// shows: J15
#[test]
fn a_month_takes_the_rate_in_force_on_its_first_day() {
    let (mut policy, catalog) = (quota_policy(DivideBy::Booked), one_group());
    let rates = vec![rate("2024-03-01", "0.90", "0"), rate("2024-05-01", "1", "0.05")];
    policy.monthly.as_mut().unwrap().rates = rates;
    let rows = [booked("X", 4, "50"), booked("X", 5, "50"), booked("X", 6, "50")];
    let outcome = settle_one(&rows, input(&policy, Some(&catalog), "1200")).unwrap();
    let paid: Vec<_> = outcome
        .months
        .iter()
        .map(|row| (row.advance.to_string(), row.retention.to_string()))
        .collect();
    let wanted = [("45.00", "0.00"), ("50.00", "2.50"), ("50.00", "2.50")];
    assert_eq!(paid, wanted.map(|(one, two)| (one.to_owned(), two.to_owned())));
    // A case of February has no rate.
    let early = [booked("X", 2, "50")];
    let wrong = settle_one(&early, input(&policy, Some(&catalog), "1200")).unwrap_err();
    assert_eq!(
        render(&wrong),
        "error: scenario `base` has no value of `monthly.rate` in force on 2024-02-01\n\
         hint: `monthly.rate` is known from 2024-03-01"
    );
}

// shows: Z22, E12
#[test]
fn working_capital_is_last_years_mean_month_times_assessment() {
    let (mut policy, catalog) = (quota_policy(DivideBy::Booked), one_group());
    policy.monthly = None;
    policy.working_capital = Some(WorkingCapital { cite: cite("capital"), months: dec("1") });
    let mut input = input(&policy, Some(&catalog), "100");
    input.given.booked_before = BTreeMap::from([
        before("X", [1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        before("Y", [-10, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), // booked less than nothing
        before("Z", [6; 12]),                                // no case this year
    ]);
    let assessed = Assessment { coefficient: dec("0.98"), ..Assessment::default() };
    input.assessments = BTreeMap::from([((String::new(), "X".to_owned()), assessed)]);
    let rows = [booked("X", 1, "50"), booked("Y", 1, "50")];
    let outcome = settle_one(&rows, input).unwrap();
    let capital: Vec<_> = outcome
        .institutions
        .iter()
        .map(|row| (&*row.fixmedins_code, row.balance.working_capital, row.balance.balance))
        .collect();
    // 1000 ÷ 12 × 0.98 = 81.6666…; Z owes its 6 yuan (A52).
    let wanted = [
        ("X", yuan("81.67"), yuan("-32.67")),
        ("Y", yuan("0"), yuan("50")),
        ("Z", yuan("6"), yuan("-6")),
    ];
    assert_eq!(capital, wanted);
}
