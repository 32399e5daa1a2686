//! The order of the year end, compensation by negotiated drugs, and the cap per pool (R27, Y33, R28).

use crate::policy::model::{
    CapBase, CapDestination, Compensation, CompensationLimit, Policy, Pools, SurplusCap,
};
use crate::settlement::cases::Cases;
use crate::settlement::outcome::LineKind;
use crate::settlement::{Assessment, Error, MoneyError, Outcome, ScenarioInput, settle};
use crate::units::Fen;

use super::build::{
    case, catalog, cite, columns, dec, input, paid, points_policy, settle_one, standard_policy,
    threads, yuan,
};

fn negotiated_policy() -> Policy {
    let mut policy = standard_policy();
    policy.compensation =
        Some(Compensation { cite: cite("Y33"), limit: CompensationLimit::Negotiated });
    policy
}

/// Settles columns with a compensation pool of so many yuan.
fn with_pool(cases: &Cases, mut input: ScenarioInput<'_>, pool: &str) -> Result<Outcome, Error> {
    let key = ("all".to_owned(), "Y".to_owned(), "compensation_pool".to_owned());
    input.given.items.insert(key, dec(pool));
    settle(cases, &[input], threads(1)).map(|mut outcomes| outcomes.remove(0))
}

/// M_N18 cases: (institution, fee, fund, negotiated drugs), in yuan.
fn drug_cases(rows: &[(&str, &str, &str, &str)]) -> Cases {
    let cases: Vec<_> =
        rows.iter().map(|(code, fee, fund, _)| case(code, "M_N18", fee, fund)).collect();
    let mut cases = columns(&cases);
    cases.negotiated_fen = rows.iter().map(|(.., drugs)| yuan(drugs).0).collect();
    cases
}

// D-Y6: a fee of 1000 booked at 850 is paid 804.95, 45.05 short. N of X: 300 × 0.85 = 255, of Y 20 ×
// 0.85 = 17, of Z 0: r = 45.05, 17, 0 → Σ 62.05. Q = 100 pays all of it, Q = 31.025 … 31.03: X 31.03 ×
// 45.05 ÷ 62.05 = 22.5287…, Y 8.5012… → 22.53 and 8.50.
// shows: Y33, R22, D-Y6
#[test]
fn reasonable_overspend_is_that_of_negotiated_drugs() {
    let policy = negotiated_policy();
    let cases = drug_cases(&[
        ("X", "1000", "850", "300"),
        ("Y", "1000", "850", "20"),
        ("Z", "1000", "850", "0"),
    ]);
    let paid_with = |pool: &str| {
        let outcome = with_pool(&cases, input(&policy, None, "10000"), pool).unwrap();
        (paid(&outcome), outcome.pools[0].year_end.unwrap().fund_balance)
    };
    let plain = yuan("7585.15"); // 10 000 − 3 × 804.95
    assert_eq!(paid_with("0"), (vec!["804.95".to_owned(); 3], plain));
    let (all, kept) = paid_with("100");
    assert_eq!(all, ["850.00", "821.95", "804.95"]);
    assert_eq!(kept, Fen(plain.0 + 10_000 - 6205));
    let (part, kept) = paid_with("31.03");
    assert_eq!(part, ["827.48", "813.45", "804.95"]);
    assert_eq!(kept, plain);
}

// 0.03 × 100 ÷ 600 is half a fen: twice that is 0.01, where each alone would round to 0.01 and make 0.02.
// shows: R22
#[test]
fn the_fund_part_of_negotiated_drugs_is_rounded_once_per_institution() {
    let policy = negotiated_policy();
    let cases = drug_cases(&[("X", "600", "100", "0.03"), ("X", "600", "100", "0.03")]);
    let outcome = with_pool(&cases, input(&policy, None, "10000"), "50").unwrap();
    assert_eq!(outcome.compensation[1].limit, Some(Fen(1)));
}

// Paid is what it is after cap, assessment, violations and deductions (R22): 804.95 × 0.9 = 724.455 →
// 724.46 − 3 − 4 = 717.46; booked 850, short 132.54, N 255 → all of it.
// shows: R22, R27, Z26
#[test]
fn compensation_fills_up_to_what_was_booked() {
    let policy = negotiated_policy();
    let cases = drug_cases(&[("X", "1000", "850", "300")]);
    let mut input = input(&policy, None, "10000");
    let assessment = Assessment {
        coefficient: dec("0.9"),
        violations: yuan("3"),
        deduction: yuan("4"),
        bond: yuan("50"),
    };
    input.assessments.insert(("all".to_owned(), "X".to_owned()), assessment);
    let outcome = with_pool(&cases, input, "500").unwrap();
    assert_eq!(paid(&outcome), ["850.00"]);
    let lines: Vec<_> = outcome
        .ledger
        .iter()
        .filter(|line| line.fixmedins_code == "X")
        .map(|line| (line.kind, line.amount, line.reading.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (LineKind::StandardPaid, yuan("804.95"), ""),
            (LineKind::Assessment, yuan("-80.49"), "J17"),
            (LineKind::OverspendShare, yuan("132.54"), ""),
            (LineKind::Violation, yuan("-3"), "Z26"),
            (LineKind::Deduction, yuan("-4"), "J17"),
            (LineKind::PerformanceBond, yuan("-50"), "R27"),
        ]
    );
}

#[test]
fn compensation_without_its_column_or_with_a_bad_pool_is_refused() {
    let policy = negotiated_policy();
    let mut cases = drug_cases(&[("X", "1000", "850", "300")]);
    let wrong = with_pool(&cases, input(&policy, None, "10000"), "-1").unwrap_err();
    assert!(matches!(wrong, Error::Money(MoneyError::BudgetItemValue { .. })), "{wrong}");
    cases.negotiated_fen.clear();
    assert!(with_pool(&cases, input(&policy, None, "10000"), "0").is_ok());
    let wrong = with_pool(&cases, input(&policy, None, "10000"), "1").unwrap_err();
    assert!(matches!(wrong, Error::Columns { column: "negotiated_fen", .. }), "{wrong}");
}

// X in 310: booked 90, entitled to 110 → 90 ÷ 0.9 = 100. In 390: booked 100, entitled to 50 → stays. Over
// both it has 160 for 190 booked, and no cap would bind.
// shows: R28, A21
#[test]
fn the_cap_holds_in_each_pool_alone() {
    let mut policy = points_policy();
    policy.budget.pools = Pools::Insutype;
    policy.surplus_cap = Some(SurplusCap {
        cite: cite("cap"),
        rate: dec("0.10"),
        base: CapBase::Paid,
        destination: CapDestination::Fund,
    });
    let catalog = catalog("100", "1000", &[("A", "100", "1")]);
    let mut rows = vec![case("X", "A", "100", "90"), case("X", "A", "100", "100")];
    rows[1].insutype = "390".to_owned();
    let mut input = input(&policy, Some(&catalog), "0");
    let budget = |pool: &str, yuan_of: &str| ((pool.to_owned(), "Y".to_owned()), yuan(yuan_of));
    input.budgets = [budget("310", "110"), budget("390", "50")].into();
    let outcome = settle_one(&rows, input).unwrap();
    assert_eq!(paid(&outcome), ["100.00", "50.00"]);
}

// Violations given for every pool are taken once, in the first pool; a bond is in no line (R27: it stands
// in the balance). 50 − 7 = 43; the other pool is paid in full.
// shows: R27, Z26
#[test]
fn violations_are_taken_once_and_a_bond_is_not_taken_here() {
    let mut policy = points_policy();
    policy.budget.pools = Pools::Insutype;
    let catalog = catalog("100", "1000", &[("A", "100", "1")]);
    let mut rows = vec![case("X", "A", "100", "90"), case("X", "A", "100", "100")];
    rows[1].insutype = "390".to_owned();
    let mut input = input(&policy, Some(&catalog), "0");
    for pool in ["310", "390"] {
        input.budgets.insert((pool.to_owned(), "Y".to_owned()), yuan("50"));
    }
    input.budgets.remove(&("all".to_owned(), "Y".to_owned()));
    let assessment =
        Assessment { violations: yuan("7"), bond: yuan("20"), ..Assessment::default() };
    input.assessments.insert((String::new(), "X".to_owned()), assessment);
    let outcome = settle_one(&rows, input).unwrap();
    assert_eq!(paid(&outcome), ["43.00", "50.00"]);
    let kept: Vec<_> = outcome.pools.iter().map(|row| row.year_end.unwrap().fund_balance).collect();
    assert_eq!(kept, [yuan("7"), Fen::ZERO]);
}

// The first pool is the first in which the institution has cases: a deduction of 1 listed for 310 gives it a row
// there, yet 7 and the bond of 20 are taken in 390, where its only case is: 50 − 7 = 43.
// shows: R27, Z26
#[test]
fn what_is_taken_once_is_taken_where_the_cases_are() {
    let mut policy = points_policy();
    policy.budget.pools = Pools::Insutype;
    let catalog = catalog("100", "1000", &[("A", "100", "1")]);
    let mut rows = vec![case("X", "A", "100", "90"), case("Y", "A", "100", "100")];
    rows[0].insutype = "390".to_owned();
    let mut input = input(&policy, Some(&catalog), "0");
    for pool in ["310", "390"] {
        input.budgets.insert((pool.to_owned(), "Y".to_owned()), yuan("50"));
    }
    input.budgets.remove(&("all".to_owned(), "Y".to_owned()));
    let own = Assessment { deduction: yuan("1"), ..Assessment::default() };
    input.assessments.insert(("310".to_owned(), "X".to_owned()), own);
    let general = Assessment { violations: yuan("7"), bond: yuan("20"), ..Assessment::default() };
    input.assessments.insert((String::new(), "X".to_owned()), general);
    let outcome = settle_one(&rows, input).unwrap();
    let found: Vec<_> = outcome
        .institutions
        .iter()
        .map(|row| (row.pool.as_str(), row.fixmedins_code.as_str(), row.paid, row.balance.bond))
        .collect();
    let (zero, bond) = (Fen::ZERO, yuan("20"));
    let less = Fen(-100);
    assert_eq!(
        found,
        [("310", "X", less, zero), ("310", "Y", yuan("50"), zero), ("390", "X", yuan("43"), bond),]
    );
}

// Violations of an institution without cases are owed all the same.
// shows: A52, Z26
#[test]
fn violations_without_cases_make_a_receivable() {
    let policy = points_policy();
    let catalog = catalog("100", "1000", &[("A", "100", "1")]);
    let mut input = input(&policy, Some(&catalog), "100");
    let owed = Assessment { violations: yuan("7"), ..Assessment::default() };
    input.assessments.insert((String::new(), "W".to_owned()), owed);
    let outcome = settle_one(&[case("X", "A", "100", "90")], input).unwrap();
    assert_eq!(paid(&outcome), ["-7.00", "100.00"]);
}

// One control total over all groups and institutions: 415 + 947 = 1362 against 1225.80 rescales both by 0.9,
// though X alone kept within 415. A fen more of control than is paid rescales nothing.
// shows: Y15, Y28, A18
#[test]
fn one_control_total_holds_over_all_groups_and_institutions() {
    let policy = standard_policy();
    let rows = [case("X", "O_N18", "415", "415"), case("Y", "M_N18", "947", "947")];
    let outcome = settle_one(&rows, input(&policy, None, "1225.80")).unwrap();
    assert_eq!(paid(&outcome), ["373.50", "852.30"]);
    assert_eq!(outcome.pools[0].floating_factor, Some(dec("0.9000")));
    let outcome = settle_one(&rows, input(&policy, None, "1362.01")).unwrap();
    assert_eq!(paid(&outcome), ["415.00", "947.00"]);
}
