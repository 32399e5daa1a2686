//! Head budgets: worked numbers of 4.2 and A24–A27, and both sides of every rule of 4.3.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crate::catalog::model::Catalog;
use crate::policy::model::{Capitation, Elsewhere, HeadFactor, Policy, ShareBy, SharedBy};
use crate::settlement::cases::{Cases, UNSIGNED};
use crate::settlement::heads::{Contractor, HeadClass, HeadError, Heads};
use crate::settlement::outcome::{LineKind, UNSIGNED_POOL};
use crate::settlement::{Assessment, Error, Outcome, ScenarioInput, decide_all, settle};
use crate::units::Fen;

use super::build::{Case, case, catalog, cite, columns, dec, input, points_policy, threads, yuan};

/// A policy with head budgets that shares 95 % on both sides (4.2).
pub(super) fn policy(elsewhere: Elsewhere) -> Policy {
    let mut policy = points_policy();
    policy.case.cycle = None;
    policy.sharing.surplus = dec("0.95");
    policy.sharing.overspend = dec("0.95");
    policy.capitation = Some(Capitation {
        cite: cite("head"),
        shared_by: SharedBy::Part,
        elsewhere,
        factors: Vec::new(),
    });
    policy
}

/// Groups `G1`, `G2`, … worth 1, 2, … points.
pub(super) fn groups() -> Catalog {
    let codes: Vec<(String, String)> =
        (1..=9).map(|points| (format!("G{points}"), points.to_string())).collect();
    let groups: Vec<(&str, &str, &str)> =
        codes.iter().map(|(code, points)| (code.as_str(), "100", points.as_str())).collect();
    catalog("100", "100", &groups)
}

/// Cases with whom their person is signed (empty: nobody).
pub(super) fn signed_columns(rows: &[(&str, Case)]) -> Cases {
    let plain: Vec<Case> = rows.iter().map(|(_, case)| case.clone()).collect();
    let mut cases = columns(&plain);
    cases.parts = rows.iter().map(|(code, _)| (*code).to_owned()).collect();
    cases.parts.retain(|code| !code.is_empty());
    cases.parts.sort_unstable();
    cases.parts.dedup();
    let part = |code: &str| cases.parts.iter().position(|known| known == code);
    cases.part = rows
        .iter()
        .map(|(code, _)| part(code).map_or(UNSIGNED, |at| u32::try_from(at).unwrap()))
        .collect();
    cases
}

/// One case of a person: signed with, visited, points, booked. The fee is 100.
fn visit<'a>(signed: &'a str, visited: &str, points: u8, booked: &str) -> (&'a str, Case) {
    (signed, case(visited, &format!("G{points}"), "100", booked))
}

/// Persons by whom they are signed with, with their months.
fn heads(months: &[(&str, u64)]) -> BTreeMap<(String, HeadClass), Heads> {
    let one = |(code, months): &(&str, u64)| {
        (((*code).to_owned(), HeadClass::default()), Heads { persons: 1, months: *months })
    };
    months.iter().map(one).collect()
}

fn contractor(code: &str, consortium: &str, lead: bool, eligible: bool) -> Contractor {
    Contractor { code: code.to_owned(), consortium: consortium.to_owned(), lead, eligible }
}

struct City {
    policy: Policy,
    budget: &'static str,
    months: Vec<(&'static str, u64)>,
    contractors: Vec<Contractor>,
}

impl City {
    fn new(budget: &'static str, months: &[(&'static str, u64)]) -> Self {
        let policy = policy(Elsewhere::Booked);
        Self { policy, budget, months: months.to_vec(), contractors: Vec::new() }
    }

    fn settle(&self, rows: &[(&str, Case)]) -> Result<Outcome, Error> {
        let (cases, catalog) = (signed_columns(rows), groups());
        settle(&cases, &[self.input(&catalog)], threads(1)).map(|mut outcomes| outcomes.remove(0))
    }

    fn input<'a>(&'a self, catalog: &'a Catalog) -> ScenarioInput<'a> {
        let mut input = input(&self.policy, Some(catalog), self.budget);
        input.given.heads = heads(&self.months);
        input.given.contractors.clone_from(&self.contractors);
        input
    }
}

/// `pool/institution: paid` of every row.
fn paid(outcome: &Outcome) -> Vec<String> {
    let row = |row: &crate::settlement::outcome::InstitutionRow| {
        format!("{}/{}: {}", row.pool, row.fixmedins_code, row.paid)
    };
    outcome.institutions.iter().map(row).collect()
}

fn kept(outcome: &Outcome) -> Fen {
    Fen::sum(outcome.pools.iter().map(|pool| pool.year_end.unwrap().fund_balance)).unwrap()
}

// 4.2: F 100, A 96 → providers 96 + 0.95·4 = 99.8, the fund keeps 0.2; A 106 → 106 − 0.95·6 = 100.3, the
// fund bears 0.3.
// shows: H01, H03, H04, H08
#[test]
fn ninety_five_percent_of_either_side_is_the_institutions() {
    let city = City::new("100", &[("C", 12)]);
    let under = city.settle(&[visit("C", "C", 1, "96")]).unwrap();
    assert_eq!(paid(&under), ["C/C: 99.80"]);
    assert_eq!(kept(&under), yuan("0.20"));
    let over = city.settle(&[visit("C", "C", 1, "106")]).unwrap();
    assert_eq!(paid(&over), ["C/C: 100.30"]);
    assert_eq!(kept(&over), yuan("-0.30"));
}

// A25: F 60 + 40, A 50 + 46 → 59.5 + 40.3 = 99.8. The unsigned part is overspent, yet the side is the
// area's, whose share is that of a surplus.
// shows: A25, R23, H03, H05, H09
#[test]
fn each_part_shares_by_its_own_budget_on_the_side_of_the_area() {
    let mut city = City::new("100", &[("C", 60), ("", 40)]);
    city.policy.sharing.overspend = dec("0.5");
    let rows = [visit("C", "C", 1, "50"), visit("", "H", 1, "46")];
    let outcome = city.settle(&rows).unwrap();
    assert_eq!(paid(&outcome), ["C/C: 59.50", "unsigned/H: 40.30"]);
    assert_eq!(kept(&outcome), yuan("0.20"));
    let parts: Vec<_> = outcome.parts.iter().map(|row| (row.budget, row.booked)).collect();
    assert_eq!(parts, [(yuan("60"), yuan("50")), (yuan("40"), yuan("46"))]);
    // The other side, shares swapped: A 70 + 36 = 106 > 100: 70 − 0.5·10 = 65, 36 + 0.5·4 = 38.
    let outcome = city.settle(&[visit("C", "C", 1, "70"), visit("", "H", 1, "36")]).unwrap();
    assert_eq!(paid(&outcome), ["C/C: 65.00", "unsigned/H: 38.00"]);
}

// One area pool: T 96 + 0.95·4 = 99.8, divided by points 1 : 3, whoever is signed with whom.
// shows: A25
#[test]
fn the_area_may_share_as_one_pool() {
    let mut city = City::new("100", &[("C", 60), ("", 40)]);
    city.policy.capitation.as_mut().unwrap().shared_by = SharedBy::Area;
    let outcome = city.settle(&[visit("C", "C", 1, "50"), visit("", "H", 3, "46")]).unwrap();
    assert_eq!(paid(&outcome), ["all/C: 24.95", "all/H: 74.85"]);
}

// T per part is rounded: F_c = 0.10 each, A_c 0.03 → 0.03 + 0.95·0.07 = 0.0965 → 0.10 each; the fund
// keeps 0.20 − 0.20 = 0.00, where A + s·(F − A) of the area would have been 0.193.
// shows: R23
#[test]
fn every_part_is_rounded_to_the_fen() {
    let city = City::new("0.20", &[("B", 1), ("C", 1)]);
    let outcome = city.settle(&[visit("B", "B", 1, "0.03"), visit("C", "C", 1, "0.03")]).unwrap();
    assert_eq!(paid(&outcome), ["B/B: 0.10", "C/C: 0.10"]);
    assert_eq!(kept(&outcome), yuan("0.00"));
}

/// F 150 for 100 signed and 50 unsigned months; 20 of the 90 that signed persons cost are elsewhere.
fn elsewhere(way: Elsewhere) -> Outcome {
    let mut city = City::new("150", &[("C", 100), ("", 50)]);
    city.policy = policy(way);
    let rows = [visit("C", "C", 1, "70"), visit("C", "H", 1, "20"), visit("", "K", 3, "30")];
    city.settle(&rows).unwrap()
}

// A26: F_c 100, A_c 90 of which 20 elsewhere → T_c 99.5, unit 79.5. T_u = 30 + 0.95·20 = 49.
// shows: A26, R09
#[test]
fn a_signed_person_elsewhere_is_paid_as_booked_and_charged_to_the_unit() {
    let outcome = elsewhere(Elsewhere::Booked);
    assert_eq!(paid(&outcome), ["C/C: 79.50", "C/H: 20.00", "unsigned/K: 49.00"]);
    let part = &outcome.parts[0];
    assert_eq!((part.distributable, part.elsewhere), (yuan("99.50"), yuan("20")));
    assert_eq!((part.rest, part.person_months), (yuan("79.50"), 100));
    // The row of the payee has the cases inside, that of the other institution the one elsewhere.
    let rows: Vec<_> = outcome.institutions.iter().map(|row| (row.cases, row.booked)).collect();
    assert_eq!(rows, [(1, yuan("70")), (1, yuan("20")), (1, yuan("30"))]);
    let lines: Vec<_> = outcome.ledger.iter().filter(|line| line.pool == "C").collect();
    let of = |code: &str, kind| {
        let found = lines.iter().find(|line| line.fixmedins_code == code && line.kind == kind);
        found.map(|line| line.amount)
    };
    assert_eq!(of("C", LineKind::HeadBudget), Some(yuan("100")));
    assert_eq!(of("C", LineKind::Sharing), Some(yuan("-0.50")));
    assert_eq!(of("C", LineKind::ChargedElsewhere), Some(yuan("-20")));
    assert_eq!(of("H", LineKind::PaidElsewhere), Some(yuan("20")));
    assert_eq!(of("", LineKind::Sharing), Some(yuan("0.50")));
}

// Charged to the unsigned pool: T_c = 70 + 0.95·30 = 98.5; T_u = 50 + 0.95·0 = 50, of which H has its 20
// and K 30. By points (1 : 3): 12.5 and 37.5.
// shows: A26
#[test]
fn the_unsigned_pool_may_pay_for_signed_persons_elsewhere() {
    let outcome = elsewhere(Elsewhere::Pool);
    assert_eq!(paid(&outcome), ["C/C: 98.50", "unsigned/H: 20.00", "unsigned/K: 30.00"]);
    let outcome = elsewhere(Elsewhere::Points);
    assert_eq!(paid(&outcome), ["C/C: 98.50", "unsigned/H: 12.50", "unsigned/K: 37.50"]);
}

// A unit whose persons cost more elsewhere than it has: T 200 − 0.95·100 = 105, less 200 → −95 (A52).
// shows: A26, A52
#[test]
fn a_unit_may_owe() {
    let outcome = City::new("100", &[("C", 12)]).settle(&[visit("C", "H", 1, "200")]).unwrap();
    assert_eq!(paid(&outcome), ["C/C: -95.00", "C/H: 200.00"]);
    assert_eq!(kept(&outcome), yuan("-5"));
}

/// F 100, all unsigned: K and M share by points 1 : 3, H and L are in question. A = 90, T = 99.5.
fn unsigned_rows() -> Vec<(&'static str, Case)> {
    vec![
        visit("", "K", 1, "60"),
        visit("", "H", 1, "10"),
        visit("", "L", 1, "5"),
        visit("", "M", 3, "15"),
    ]
}

// H is not eligible, L not in the table: 10 and 5 as booked, first. 84.50 by 1 : 3 is 21.125 and 63.375:
// the fen left goes to the smaller code.
// shows: R07, H09
#[test]
fn institutions_that_do_not_share_are_paid_as_booked_first() {
    let mut city = City::new("100", &[("", 12)]);
    city.contractors = vec![
        contractor("H", "", false, false),
        contractor("K", "", false, true),
        contractor("M", "", false, true),
    ];
    let outcome = city.settle(&unsigned_rows()).unwrap();
    let expect =
        ["unsigned/H: 10.00", "unsigned/K: 21.13", "unsigned/L: 5.00", "unsigned/M: 63.37"];
    assert_eq!(paid(&outcome), expect);
    let part = &outcome.parts[0];
    assert_eq!((part.ineligible, part.rest), (yuan("15"), yuan("84.50")));
    assert_eq!(part.points, Some(4_000_000));
    // 84.50 yuan ÷ 4 points.
    assert_eq!(part.point_value, Some(dec("21.1250")));
    // Without a table nobody is ineligible: 99.50 by 1 : 1 : 1 : 3.
    city.contractors.clear();
    let outcome = city.settle(&unsigned_rows()).unwrap();
    let expect =
        ["unsigned/H: 16.59", "unsigned/K: 16.58", "unsigned/L: 16.58", "unsigned/M: 49.75"];
    assert_eq!(paid(&outcome), expect);
}

// What must be paid as booked is all of T (95 = 95 + 0.95·0), or a fen more.
// shows: R07, A19
#[test]
fn the_unsigned_pool_cannot_pay_more_as_booked_than_it_has() {
    let mut city = City::new("95", &[("", 12)]);
    city.policy.sharing.overspend = dec("1");
    city.contractors = vec![contractor("K", "", false, true)];
    let outcome = city.settle(&[visit("", "H", 1, "95")]).unwrap();
    assert_eq!(paid(&outcome), ["unsigned/H: 95.00"]);
    let refused = city.settle(&[visit("", "H", 1, "95.01")]).unwrap_err();
    let (distributable, item_paid) = (yuan("95"), yuan("95.01"));
    assert!(
        matches!(refused, Error::ControlExhausted { distributable: d, item_paid: i, .. }
            if d == distributable && i == item_paid),
        "{refused}"
    );
}

// shows: R11
#[test]
fn a_case_without_a_fee_is_paid_as_booked_out_of_the_unsigned_pool() {
    let city = City::new("100", &[("", 12)]);
    let free = ("", case("K", "G1", "0", "4"));
    let outcome = city.settle(&[free, visit("", "K", 1, "36"), visit("", "M", 1, "60")]).unwrap();
    // T = 100: 4 first, 96 by 1 : 1.
    assert_eq!(paid(&outcome), ["unsigned/K: 52.00", "unsigned/M: 48.00"]);
}

// A24: F 100, A 106, points 60/40 → 60.18 / 40.12; keeping booked 70 and 36: 66.58 / 33.72. By own excess:
// shares of F are 60 and 40, so K stands 10 above and M 4 below: K bears all of 5.7.
// shows: A24, H04
#[test]
fn the_unsigned_overspend_is_shared_as_the_policy_says() {
    let mut city = City::new("100", &[("", 12)]);
    let rows = [visit("", "K", 6, "70"), visit("", "M", 4, "36")];
    let mut check = |by, expect: [&str; 2]| {
        city.policy.sharing.by = by;
        assert_eq!(paid(&city.settle(&rows).unwrap()), expect);
    };
    check(ShareBy::Points, ["unsigned/K: 60.18", "unsigned/M: 40.12"]);
    check(ShareBy::KeepsBooked, ["unsigned/K: 66.58", "unsigned/M: 33.72"]);
    check(ShareBy::OwnExcess, ["unsigned/K: 64.30", "unsigned/M: 36.00"]);
}

// C leads the consortium of D; E is in none. A person signed with D is one of the unit C, wherever
// inside; E is elsewhere. F 100, A 90 of which 20 at E: T 99.5, C 79.5, in one row. What an unsigned
// person costs at D stands in D's own row.
// shows: R09, H08
#[test]
fn a_consortium_is_one_unit_and_its_lead_the_payee() {
    let mut city = City::new("140", &[("C", 40), ("D", 60), ("", 40)]);
    city.contractors = vec![
        contractor("C", "Y1", true, true),
        contractor("D", "Y1", false, true),
        contractor("E", "", false, true),
    ];
    let rows = [
        visit("D", "D", 1, "30"),
        visit("D", "C", 1, "15"),
        visit("C", "D", 1, "25"),
        visit("D", "E", 1, "20"),
        visit("", "D", 1, "40"),
    ];
    let outcome = city.settle(&rows).unwrap();
    assert_eq!(paid(&outcome), ["C/C: 79.50", "C/E: 20.00", "unsigned/D: 40.00"]);
    let lead = &outcome.institutions[0];
    assert_eq!((lead.cases, lead.booked, lead.entitlement), (3, yuan("70"), yuan("79.50")));
    let months: Vec<_> =
        outcome.months.iter().map(|row| (row.fixmedins_code.as_str(), row.booked)).collect();
    assert_eq!(months, [("C", yuan("70")), ("E", yuan("20")), ("D", yuan("40"))]);
}

fn refusal(city: &City) -> HeadError {
    match city.settle(&[visit("", "K", 1, "10")]).unwrap_err() {
        Error::Heads(error) => error,
        other => panic!("{other}"),
    }
}

// shows: R09, H08, A53
#[test]
fn contracts_and_persons_must_be_there() {
    let mut city = City::new("100", &[("D", 12), ("", 12)]);
    city.contractors = vec![contractor("K", "", false, true)];
    let error = refusal(&city);
    assert!(error.to_string().contains("1 persons are signed with institution `D`"), "{error}");
    city.contractors.push(contractor("D", "Y1", false, true));
    let without = refusal(&city);
    assert!(matches!(&without, HeadError::ConsortiumLead { leads, .. } if leads.is_empty()));
    city.contractors.push(contractor("E", "Y1", true, true));
    city.settle(&[visit("", "K", 1, "10")]).unwrap();
    city.contractors.push(contractor("F", "Y1", true, true));
    let two = refusal(&city);
    assert!(matches!(&two, HeadError::ConsortiumLead { leads, .. } if *leads == ["E", "F"]));
    city.months = vec![("", 0)];
    let nobody = refusal(&city);
    assert!(nobody.to_string().starts_with("zero_persons: "), "{nobody}");
}

// 0.05 by 1 : 1 : 1 is 1⅔ fen each: the two fen left go to the units, though `zz` sorts behind
// `unsigned`.
// shows: A27
#[test]
fn the_unsigned_pool_is_last_in_ties() {
    let city = City::new("0.05", &[("C", 1), ("zz", 1), ("", 1)]);
    let outcome = city.settle(&[visit("", "K", 1, "0.01")]).unwrap();
    let budgets: Vec<_> = outcome.parts.iter().map(|row| (row.part.as_str(), row.budget)).collect();
    assert_eq!(budgets, [("C", Fen(2)), (UNSIGNED_POOL, Fen(1)), ("zz", Fen(2))]);
}

/// Head budgets of C and of the unsigned, 10 months each, under some factors.
fn weighted(classes: [HeadClass; 2], factors: Vec<HeadFactor>) -> Result<Vec<String>, Error> {
    let mut city = City::new("100", &[]);
    city.policy.capitation.as_mut().unwrap().factors = factors;
    let catalog = groups();
    let mut input = city.input(&catalog);
    let [signed, unsigned] = classes;
    let ten = Heads { persons: 1, months: 10 };
    input.given.heads =
        BTreeMap::from([(("C".to_owned(), signed), ten), ((String::new(), unsigned), ten)]);
    let cases = signed_columns(&[visit("", "K", 1, "40")]);
    let outcome = settle(&cases, &[input], threads(1))?.remove(0);
    Ok(outcome.parts.iter().map(|row| row.budget.to_string()).collect())
}

fn factor(value: &str) -> HeadFactor {
    HeadFactor {
        name: "f".to_owned(),
        clct_grde: Vec::new(),
        gend: None,
        age_from: None,
        age_to: None,
        chronic: None,
        value: dec(value),
    }
}

// A factor of 1.5 on one of two parts with 10 months each: 100 by 15 : 10 is 60 and 40; on both or
// neither 50 and 50.
// shows: A27, H07
#[test]
fn factors_weigh_person_months() {
    let old = |age| HeadClass { age: Some(age), ..HeadClass::default() };
    let from_60 = HeadFactor { age_from: Some(60), ..factor("1.5") };
    let check = |first: HeadClass, second: HeadClass, with: &HeadFactor, expect: [&str; 2]| {
        assert_eq!(weighted([first, second], vec![with.clone()]).unwrap(), expect);
    };
    check(old(60), old(59), &from_60, ["60.00", "40.00"]);
    check(old(59), old(59), &from_60, ["50.00", "50.00"]);
    check(old(60), old(60), &from_60, ["50.00", "50.00"]);
    // An unknown age meets no condition of age.
    check(old(60), HeadClass::default(), &from_60, ["60.00", "40.00"]);
    let to_5 = HeadFactor { age_to: Some(5), ..factor("1.5") };
    check(old(5), old(6), &to_5, ["60.00", "40.00"]);
    let tier = |grade: &str| HeadClass { clct_grde: grade.to_owned(), ..HeadClass::default() };
    let first = HeadFactor { clct_grde: vec!["1".to_owned()], ..factor("1.5") };
    check(tier("1"), tier("2"), &first, ["60.00", "40.00"]);
    let sex = |gend: &str| HeadClass { gend: gend.to_owned(), ..HeadClass::default() };
    let women = HeadFactor { gend: Some("2".to_owned()), ..factor("1.5") };
    check(sex("2"), sex("1"), &women, ["60.00", "40.00"]);
    let ill = |chronic| HeadClass { chronic, ..HeadClass::default() };
    let chronic = HeadFactor { chronic: Some(true), ..factor("1.5") };
    check(ill(true), ill(false), &chronic, ["60.00", "40.00"]);
    // Two that hold multiply: 2.25 : 1.5 is 60 : 40 again, and 1.5 on one only of 2.25 : 1 is 69.23.
    let both = HeadClass { chronic: true, ..old(60) };
    let factors = vec![from_60.clone(), chronic.clone()];
    assert_eq!(weighted([both.clone(), old(60)], factors.clone()).unwrap(), ["60.00", "40.00"]);
    assert_eq!(weighted([both, ill(false)], factors).unwrap(), ["69.23", "30.77"]);
}

// shows: A27
#[test]
fn a_factor_about_what_is_known_of_nobody_is_refused() {
    let from_60 = HeadFactor { age_from: Some(60), ..factor("1.5") };
    let refused = weighted([HeadClass::default(), HeadClass::default()], vec![from_60]);
    let refused = refused.unwrap_err();
    assert!(
        matches!(&refused, Error::Heads(HeadError::FactorOfNobody { column: "brdy", .. })),
        "{refused}"
    );
}

// R27: C has money in two parts. Its coefficient 0.9 takes 79.5 → 71.55 and 20 → 18 apart; its deduction
// of 10 is taken once, in the first.
// shows: R27
#[test]
fn the_coefficient_works_in_every_part_and_a_deduction_once() {
    let city = City::new("200", &[("B", 100), ("C", 100)]);
    let catalog = groups();
    let mut input = city.input(&catalog);
    let assessment =
        Assessment { coefficient: dec("0.9"), deduction: yuan("10"), ..Assessment::default() };
    input.assessments.insert((String::new(), "C".to_owned()), assessment);
    // B costs 90, of which 20 at C: 99.5 − 20 = 79.5 for B, 20 for C. C costs 90: 99.5.
    let rows = [visit("B", "B", 1, "70"), visit("B", "C", 1, "20"), visit("C", "C", 1, "90")];
    let outcome = settle(&signed_columns(&rows), &[input], threads(1)).unwrap().remove(0);
    // 20·0.9 − 10 = 8; 99.5·0.9 = 89.55.
    assert_eq!(paid(&outcome), ["B/B: 79.50", "B/C: 8.00", "C/C: 89.55"]);
}

// A deduction of an institution nobody went to stands with the unsigned.
// shows: R27
#[test]
fn a_deduction_without_cases_is_not_lost() {
    let city = City::new("100", &[("", 12)]);
    let catalog = groups();
    let mut input = city.input(&catalog);
    let assessment = Assessment { deduction: yuan("7"), ..Assessment::default() };
    input.assessments.insert((String::new(), "Q".to_owned()), assessment);
    let cases = signed_columns(&[visit("", "K", 1, "100")]);
    let outcome = settle(&cases, &[input], threads(1)).unwrap().remove(0);
    assert_eq!(paid(&outcome), ["unsigned/K: 100.00", "unsigned/Q: -7.00"]);
    let mut input = city.input(&catalog);
    input.assessments.insert(("310".to_owned(), "Q".to_owned()), assessment);
    let refused = settle(&cases, &[input], threads(1)).unwrap_err();
    assert!(matches!(refused, Error::AssessmentWithoutPool { .. }), "{refused}");
}

// Case pay sums to what each row is entitled to; elsewhere a case has exactly its booked amount.
// shows: R27, A26
#[test]
fn pay_of_cases_sums_to_the_rows() {
    let city = City::new("150", &[("C", 100), ("", 50)]);
    let catalog = groups();
    let rows = [
        visit("C", "C", 1, "40"),
        visit("C", "C", 2, "30"),
        visit("C", "H", 1, "20"),
        visit("", "K", 3, "30"),
    ];
    let (cases, input) = (signed_columns(&rows), city.input(&catalog));
    let outcome = settle(&cases, std::slice::from_ref(&input), threads(1)).unwrap().remove(0);
    let decisions = decide_all(&cases, &input, &outcome, NonZeroUsize::MIN).unwrap();
    let pays: Vec<Fen> = decisions.iter().map(|decision| decision.pay).collect();
    // The unit's 79.50 by 1 : 2 points.
    assert_eq!(pays, [yuan("26.50"), yuan("53.00"), yuan("20"), yuan("49")]);
    let booked: Vec<bool> = decisions.iter().map(|decision| decision.paid_as_booked).collect();
    assert_eq!(booked, [false, false, true, false]);
}
