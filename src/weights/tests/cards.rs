//! The weight card of a group of four cases, worked by hand.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::{cases, catalog, dec, policy, weights, years};
use crate::explain::{Explain, render};
use crate::policy::model::{Denominator, Policy, Trim};
use crate::settlement::cases::Cases;
use crate::table::Table;
use crate::units::{Ratio, fraction, ratio};
use crate::weights::bootstrap::{Sample, Unit, interval};
use crate::weights::sums::Total;
use crate::weights::{Card, CardRequest, Error, card};

/// H1 costs 100 then 200, H2 300 then 400; B is another group.
fn four() -> Cases {
    cases(&[
        ("A", "H1", 2022, 10_000),
        ("A", "H2", 2022, 30_000),
        ("A", "H1", 2023, 20_000),
        ("A", "H2", 2023, 40_000),
        ("B", "H3", 2022, 1_000),
        ("B", "H3", 2023, 1_000),
    ])
}

/// 2:8 over M = 300.00, scale 1000.
fn rules() -> Policy {
    let mut weights = weights(&["0.2", "0.8"]);
    weights.denominator = Denominator::Given(dec("300"));
    policy(weights)
}

fn card_of(cases: &Cases, policy: &Policy, rounds: u32) -> Card {
    let catalog = catalog(cases, policy, &[2022, 2023]);
    let request = CardRequest { group: "A", rounds, seed: 1, last: None, set: None };
    card(cases, policy, &years(&[2022, 2023]), &catalog, request).unwrap()
}

fn row(table: &Table, at: usize) -> Vec<String> {
    table.columns.iter().map(|(_, column)| column.show(at).unwrap_or_default()).collect()
}

// 0.2 · 200 + 0.8 · 300 = 280 → 933.3333 points. Without H1 0.2 · 300 + 0.8 · 400 = 380 → 1266.6667,
// +35.7143 %; without H2 0.2 · 100 + 0.8 · 200 = 180 → 600.
#[test]
fn a_hospital_is_weighed_by_leaving_it_out() {
    let card = card_of(&four(), &rules(), 0);
    assert_eq!(
        row(&card.institutions, 0),
        ["H1", "2", "50.0000", "2", "150.0000", "1266.6667", "35.7143"]
    );
    assert_eq!(
        row(&card.institutions, 1),
        ["H2", "2", "50.0000", "2", "350.0000", "600.0000", "-35.7143"]
    );
    assert_eq!(card.institutions.rows(), 2, "H3 has no case of A");
    assert_eq!(row(&card.intervals, 0), ["case", "0", "0", "", "", ""], "no round, no interval");
    assert_eq!(card.neighbours.rows(), 2);
}

// Two hospitals drawn from two: H1 twice (600) and H2 twice (1266.67) a quarter of the rounds each, so
// the 2.5 % and 97.5 % are there. By case each end has 1 of 16. (1266.6667 − 600) ÷ 933.3333 = 71.4286 %.
#[test]
fn intervals_reach_from_one_hospital_to_the_other() {
    let card = card_of(&four(), &rules(), 1000);
    for (at, (drawn, units)) in [("case", "4"), ("hospital", "2")].into_iter().enumerate() {
        assert_eq!(
            row(&card.intervals, at),
            [drawn, units, "1000", "600.0000", "1266.6667", "71.4286"]
        );
    }
    assert_eq!(card_of(&four(), &rules(), 1000), card, "the same seed draws the same");
}

// Above 1.3 times the mean of the year leaves: 400 of 2023 (mean 300, line 390) does, 300 of 2022
// (mean 200, line 260) does; then H2 has no kept case.
#[test]
fn both_sides_of_trimming_are_shown() {
    let mut rules = rules();
    rules.weights.trim = Trim::Multiple { low: dec("0"), high: dec("1.3") };
    let card = card_of(&four(), &rules, 10);
    let shown = |at: usize| {
        let row = row(&card.years, at);
        [row[1].clone(), row[3].clone(), row[4].clone(), row[7].clone(), row[10].clone()]
    };
    assert_eq!(shown(0), ["all", "2", "200.0000", "100.00", "300.00"]);
    assert_eq!(shown(1), ["kept", "1", "100.0000", "100.00", "100.00"]);
    assert_eq!(shown(3), ["kept", "1", "200.0000", "200.00", "200.00"]);
    let second = row(&card.institutions, 1);
    assert_eq!(second[..5], ["H2", "2", "50.0000", "0", ""]);
    // Leaving out who was trimmed away changes nothing; leaving out the only one leaves no price.
    assert_eq!(second[5..], ["600.0000", "0.0000"]);
    assert_eq!(row(&card.institutions, 0)[5..], ["", ""]);
}

// B has one hospital: whatever is drawn, it is that one. Its two cases cost the same.
#[test]
fn one_hospital_gives_no_interval_of_hospitals() {
    let (cases, policy) = (four(), rules());
    let catalog = catalog(&cases, &policy, &[2022, 2023]);
    let request = CardRequest { group: "B", rounds: 50, seed: 1, last: None, set: None };
    let card = card(&cases, &policy, &years(&[2022, 2023]), &catalog, request).unwrap();
    assert_eq!(row(&card.intervals, 1), ["hospital", "0", "0", "", "", ""]);
    assert_eq!(row(&card.intervals, 0)[..3], ["case", "2", "50"]);
}

// H3 alone has cases of A in 2022: without it a policy that drops such groups has no price (A03).
// shows: A03
#[test]
fn a_hospital_without_which_the_group_would_leave_has_no_price_without_it() {
    let cases = cases(&[
        ("A", "H3", 2022, 10_000),
        ("A", "H1", 2023, 20_000),
        ("A", "H2", 2023, 30_000),
        ("B", "H1", 2022, 10_000),
        ("B", "H1", 2023, 10_000),
    ]);
    let mut rules = rules();
    rules.weights.single_year = crate::policy::model::SingleYear::Drop;
    let without: Vec<_> = {
        let card = card_of(&cases, &rules, 0);
        (0..3).map(|at| row(&card.institutions, at)[5].clone()).collect()
    };
    // 0.2 · 100 + 0.8 · 300 = 260 → 866.6667 without H1, 0.2 · 100 + 0.8 · 200 = 180 → 600 without H2.
    assert_eq!(without, ["866.6667", "600.0000", ""]);
}

#[test]
fn pooled_years_have_no_weight() {
    let mut rules = rules();
    rules.weights.level = crate::policy::model::BlendLevel::Pooled;
    assert_eq!(row(&card_of(&four(), &rules, 0).years, 0)[2], "");
}

#[test]
fn an_override_stands_on_the_card_beside_the_computed_points() {
    let (cases, policy) = (four(), rules());
    let catalog = catalog(&cases, &policy, &[2022, 2023]);
    let set = crate::catalog::Override {
        group_code: "A".to_owned(),
        computed: crate::units::Points(933_333_300),
        points: crate::units::Points(900_000_000),
        money: crate::units::Fen(-4_000),
        signature: crate::catalog::Signature {
            by: "王".to_owned(),
            on: "2023-12-01".parse().unwrap(),
            why: "新技术".to_owned(),
        },
    };
    let request = CardRequest { group: "A", rounds: 0, seed: 1, last: None, set: Some(&set) };
    let summary = card(&cases, &policy, &years(&[2022, 2023]), &catalog, request).unwrap().summary;
    let shown: Vec<_> = (0..summary.rows()).map(|at| row(&summary, at)).collect();
    assert!(
        shown.contains(&vec!["computed_points".to_owned(), "933.3333".to_owned()]),
        "{shown:?}"
    );
    assert!(shown.contains(&vec!["override_why".to_owned(), "新技术".to_owned()]), "{shown:?}");
}

#[test]
fn a_card_of_a_group_that_is_not_there_is_refused() {
    let (cases, policy) = (four(), rules());
    let catalog = catalog(&cases, &policy, &[2022, 2023]);
    let request = CardRequest { group: "AA", rounds: 0, seed: 1, last: None, set: None };
    let err = card(&cases, &policy, &years(&[2022, 2023]), &catalog, request).unwrap_err();
    assert!(matches!(err, Error::NoGroup { .. }));
    assert!(render(&err).contains("did you mean `A`?"), "{}", render(&err));
    assert_eq!(err.kind().exit_code(), 2);
}

#[test]
fn last_years_price_stands_beside_this_years() {
    let (cases, policy) = (four(), rules());
    let now = catalog(&cases, &policy, &[2022, 2023]);
    let mut before = now.clone();
    // 933.3333 against 800: +16.6667 %.
    before.groups[0].points = Some(crate::units::Points(800_000_000));
    let request = CardRequest { group: "A", rounds: 0, seed: 1, last: Some(&before), set: None };
    let card = card(&cases, &policy, &years(&[2022, 2023]), &now, request).unwrap();
    let value = |field: &str| {
        let at = (0..card.summary.rows())
            .find(|at| card.summary.cell("field", *at).as_deref() == Some(field));
        card.summary.cell("value", at.unwrap())
    };
    assert_eq!(value("price_before").as_deref(), Some("800.0000"));
    assert_eq!(value("change_percent").as_deref(), Some("16.6667"));
}

// Fees from 1 to 999 fen, each as likely: the mean is 500. Of 200 samples of 60 about 95 % of the
// intervals hold it; between 89 % and 99 % is four standard errors around that.
#[test]
fn intervals_hold_the_truth_as_often_as_they_claim() {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mean = |totals: &[Total]| -> Option<Ratio> { fraction(totals[0].fen, totals[0].cases) };
    let held = (0..200)
        .filter(|round| {
            let fees = (0..60).map(|_| i64::from(dice.next_u32() % 999) + 1).collect();
            let sample = Sample { fees: vec![fees], hospitals: Vec::new() };
            let found = interval(&sample, Unit::Case, (200, *round), mean).unwrap();
            found.low <= ratio(500) && ratio(500) <= found.high
        })
        .count();
    assert!((178..=198).contains(&held), "{held} of 200");
}
