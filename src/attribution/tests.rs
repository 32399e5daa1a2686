//! Causes one by one with numbers worked by hand, and what holds for all of them.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "tests compute on small numbers of their own; an overflow fails them"
)]

pub(crate) mod scene;

use std::num::NonZeroUsize;

use proptest::prelude::*;

use scene::{Scene, cases, catalog, dec, yuan};

use super::{
    Account, CaseSets, Cause, Change, Settled, Side, View, Worth, accounts, attribute,
    attribution_table, change_table, same_definition, shapley, to_fen,
};
use crate::policy::model::{Band, BandPay, Cite, Class, Compare, Deviation, Pools, Reference};
use crate::settlement::{ScenarioInput, settle};
use crate::units::{Fen, Ratio, fraction, ratio};

fn changes(old: &Scene, new: &Scene) -> Vec<Change> {
    let (old_input, new_input) = (old.input("old"), new.input("new"));
    let is_same = same_definition(&old_input, &new_input);
    let settle = |scene: &Scene, input: &ScenarioInput<'_>| {
        let one = std::slice::from_ref(input);
        settle(&scene.cases, one, NonZeroUsize::MIN).unwrap().remove(0)
    };
    let (old_outcome, new_outcome) = (settle(old, &old_input), settle(new, &new_input));
    let sets = if is_same {
        CaseSets([[&old.cases; 2], [&new.cases; 2]])
    } else {
        // One year under two definitions.
        CaseSets([[&old.cases, &new.cases]; 2])
    };
    let old = Side { input: &old_input, outcome: &old_outcome };
    let new = Side { input: &new_input, outcome: &new_outcome };
    attribute(&accounts(old, new, sets).unwrap()).unwrap()
}

/// The causes that have a part, in yuan, of each institution.
fn parts(changes: &[Change]) -> Vec<Vec<(Cause, String)>> {
    let own = |change: &Change| {
        let parts = Cause::ALL.into_iter().zip(change.parts);
        let parts = parts.filter(|(_, part)| *part != Fen::ZERO);
        parts.map(|(cause, part)| (cause, part.to_string())).collect()
    };
    changes.iter().map(own).collect()
}

fn alone(cause: Cause, amount: &str) -> Vec<(Cause, String)> {
    vec![(cause, amount.to_owned())]
}

// shows: E21
#[test]
fn two_players_share_what_only_both_together_make() {
    // worth: none 0, first 10, second 20, both 50. First: (10 + (50 − 20)) ÷ 2 = 20, second 30.
    let worths = [0, 10, 20, 50];
    assert_eq!(shapley(2, &|coalition| ratio(worths[coalition])), [ratio(20), ratio(30)]);
    // Three players of whom any two make 6: each (0 + 6/2·… ) = 2.
    let majority = |coalition: usize| ratio(if coalition.count_ones() >= 2 { 6 } else { 0 });
    assert_eq!(shapley(3, &majority), [ratio(2), ratio(2), ratio(2)]);
}

#[test]
fn fen_left_go_to_the_largest_fractions_and_then_by_name() {
    let half = |n: i64| fraction(n, 2).unwrap();
    // 1.5 + 1.5 + (−1) = 2: floors 1, 1, −1 leave one fen; equal fractions, `a` comes first.
    let parts = [half(3), half(3), ratio(-1)];
    assert_eq!(to_fen(&parts, &["b", "a", "c"], Fen(2)).unwrap(), [Fen(1), Fen(2), Fen(-1)]);
    // −0.5 − 0.25 − 0.25 = −1: floors −1 each leave two; fractions 0.5, 0.75, 0.75.
    let quarter = fraction(-1, 4).unwrap();
    let parts = [half(-1), quarter.clone(), quarter];
    assert_eq!(to_fen(&parts, &["a", "b", "c"], Fen(-1)).unwrap(), [Fen(-1), Fen(0), Fen(0)]);
}

// shows: E21
#[test]
fn a_change_of_one_input_is_put_to_its_cause_alone() {
    let old = Scene::old();
    // 1 000.00 over the same 400 points: 2.50 each. X 400 → 500, Y 400 → 500.
    let budget = Scene { budget: "1000", ..Scene::old() };
    let value = vec![alone(Cause::PointValue, "100.00"); 2];
    assert_eq!(parts(&changes(&old, &budget)), value);
    // A is worth 150: 500 points, 1 000.00 keeps 2.00 a point. X 400 → 600.
    let weights =
        Scene { catalog: catalog(&[("A", "150"), ("B", "200")]), budget: "1000", ..Scene::old() };
    assert_eq!(parts(&changes(&old, &weights)), [alone(Cause::Weights, "200.00"), vec![]]);
    // X has four such cases: 600 points, 1 200.00. X 400 → 800.
    let rows = [("X", "A", "100", "80", 4), ("Y", "B", "200", "150", 1)];
    let volume = Scene { cases: cases(&rows), budget: "1200", ..Scene::old() };
    assert_eq!(parts(&changes(&old, &volume)), [alone(Cause::Volume, "400.00"), vec![]]);
    // One of the two cases of X is of B: 500 points, 1 000.00. X 400 → 600.
    let rows =
        [("X", "A", "100", "80", 1), ("X", "B", "200", "80", 1), ("Y", "B", "200", "150", 1)];
    let mix = Scene { cases: cases(&rows), budget: "1000", ..Scene::old() };
    assert_eq!(parts(&changes(&old, &mix)), [alone(Cause::CaseMix, "200.00"), vec![]]);
}

// shows: E21
#[test]
fn sharing_is_what_stands_between_the_value_of_points_and_the_pay() {
    // Booked 310.00 of 800.00: institutions keep half of the rest, 310 + 245 = 555.00 instead of
    // 800.00, 277.50 each.
    let mut new = Scene::old();
    new.policy.sharing.surplus = dec("0.5");
    let sharing = vec![alone(Cause::Sharing, "-122.50"); 2];
    assert_eq!(parts(&changes(&Scene::old(), &new)), sharing);
}

fn low_by_item() -> Deviation {
    let cite = || Cite { clause: Some("test".to_owned()), reading: None };
    let band = |class, up_to: Option<&str>, pay| Band {
        cite: cite(),
        class,
        up_to: up_to.map(dec),
        inclusive: true,
        pay,
        except_merged: false,
    };
    Deviation {
        cite: cite(),
        compare: Compare::Fee,
        reference: Reference::Mean,
        bands: vec![
            band(Class::Low, Some("0.4"), BandPay::Item),
            band(Class::Normal, None, BandPay::Group),
        ],
    }
}

// shows: E21
#[test]
fn lines_are_a_cause_of_their_own() {
    // One of three cases of X costs 30.00 < 0.4 × 100.00 and booked 20.00. Old: 500 points, 1 000.00.
    // New: it is paid 20.00 and 400 points share 800.00: 2.00 a point still. X 600 → 420.
    let rows = [("X", "A", "100", "80", 2), ("X", "A", "30", "20", 1), ("Y", "B", "200", "150", 1)];
    let old = Scene { cases: cases(&rows), budget: "1000", ..Scene::old() };
    let mut new = Scene { cases: cases(&rows), budget: "820", ..Scene::old() };
    new.policy.deviation = Some(low_by_item());
    let changes = changes(&old, &new);
    assert_eq!(parts(&changes), [alone(Cause::BandRules, "-180.00"), vec![]]);
    assert_eq!(changes[0].of_view(View::Management), yuan("-180.00"));
}

// shows: E21
#[test]
fn regrouping_and_new_points_share_what_only_both_together_make() {
    // Both cases are in A (100 points) before, one each in A1 (80) and A2 (120) after; 400.00 make
    // 2.00 a point on both sides. Old points on new groups are 100 and 100, new points on the old
    // group 100: neither alone moves money, both together −40.00 and +40.00, so each has half.
    let old = Scene {
        catalog: catalog(&[("A", "100")]),
        cases: cases(&[("X", "A", "100", "80", 1), ("Y", "A", "100", "80", 1)]),
        budget: "400",
        ..Scene::old()
    };
    let mut new = Scene {
        catalog: catalog(&[("A1", "80"), ("A2", "120")]),
        cases: cases(&[("X", "A1", "100", "80", 1), ("Y", "A2", "100", "80", 1)]),
        budget: "400",
        ..Scene::old()
    };
    new.policy.grouping.names.push(("A1".to_owned(), "split".to_owned()));
    let half = |sign: &str| {
        vec![
            (Cause::GroupDefinition, format!("{sign}20.00")),
            (Cause::Weights, format!("{sign}20.00")),
        ]
    };
    assert_eq!(parts(&changes(&old, &new)), [half("-"), half("")]);
}

// shows: E21
#[test]
fn an_institution_that_is_new_or_gone_is_volume() {
    let rows = [("Y", "B", "200", "150", 1), ("Z", "A", "100", "80", 2)];
    let new = Scene { cases: cases(&rows), ..Scene::old() };
    let expected = [alone(Cause::Volume, "-400.00"), vec![], alone(Cause::Volume, "400.00")];
    assert_eq!(parts(&changes(&Scene::old(), &new)), expected);
}

// shows: E21
#[test]
fn views_are_sums_of_causes_and_tables_sum_to_the_change() {
    let rows = [("X", "A", "70", "80", 3), ("X", "B", "9", "7", 2), ("Y", "B", "200", "150", 4)];
    let mut new = Scene {
        catalog: catalog(&[("A", "131.7"), ("B", "177.1")]),
        cases: cases(&rows),
        budget: "1777.77",
        ..Scene::old()
    };
    new.policy.deviation = Some(low_by_item());
    new.policy.sharing.surplus = dec("0.95");
    let changes = changes(&Scene::old(), &new);
    let (long, wide) = (attribution_table(&changes, false), change_table(&changes));
    assert_eq!(long.rows(), 2 * Cause::ALL.len());
    for (at, change) in changes.iter().enumerate() {
        let total = i128::from(change.paid[1].0 - change.paid[0].0);
        let of = |row: &usize| long.cell("fixmedins_code", *row).unwrap() == change.fixmedins_code;
        let sum: i128 =
            (0..long.rows()).filter(of).map(|row| long.fen("amount_yuan", row).unwrap()).sum();
        assert_eq!(sum, total);
        let views = ["structure_yuan", "price_yuan", "management_yuan"];
        let sum: i128 = views.map(|view| wide.fen(view, at).unwrap()).iter().sum();
        assert_eq!(sum, total);
        assert!(change.parts.iter().filter(|part| **part != Fen::ZERO).count() > 3);
    }
}

#[test]
fn points_and_prices_are_not_compared() {
    let mut new = Scene::old();
    new.policy = crate::policy::load("yantai-apg").unwrap().policy;
    new.policy.budget.pools = Pools::One;
    let old = Scene::old();
    let (old_input, new_input) = (old.input("old"), new.input("new"));
    let one = std::slice::from_ref(&old_input);
    let outcome = settle(&old.cases, one, NonZeroUsize::MIN).unwrap().remove(0);
    let sets = CaseSets([[&old.cases; 2]; 2]);
    let old = Side { input: &old_input, outcome: &outcome };
    let new = Side { input: &new_input, outcome: &outcome };
    let err = accounts(old, new, sets).unwrap_err();
    assert_eq!(
        err.to_string(),
        "`old` and `new` pay in different ways: one by points, one by published standards"
    );
}

/// An account in which every input of the new side is drawn anew where `changed` says so.
fn account(seeds: &[i64; 8], changed: [bool; 8]) -> Account {
    let pick = |cause: Cause, side: usize| {
        let at = cause as usize;
        seeds[at] + if side == 1 && changed[at] { 1 + seeds[at] % 7 } else { 0 }
    };
    let counts = [0, 1].map(|year| pick(Cause::Volume, year));
    let mut sums = vec![Worth::default(); Account::MIXTURES];
    for year in 0..2 {
        for definition in 0..2 {
            for bits in 0..8usize {
                let rules = [(bits >> 2) & 1, (bits >> 1) & 1, bits & 1];
                // Per case: a product of factors of the causes, times the cases of that year.
                let per_case = pick(Cause::CaseMix, year)
                    * pick(Cause::GroupDefinition, definition)
                    * pick(Cause::Weights, rules[0])
                    * pick(Cause::Coefficients, rules[1]);
                let items = pick(Cause::BandRules, rules[2]);
                sums[Account::mixture(year, definition, rules)] = Worth {
                    item: i128::from(items * counts[year]),
                    weight: vec![i128::from(per_case * counts[year])],
                };
            }
        }
    }
    let value = |side| fraction(pick(Cause::PointValue, side), 3).unwrap();
    let mut account = Account {
        pool: "all".to_owned(),
        fixmedins_code: "H1".to_owned(),
        cases: counts.map(|count| [count; 2]),
        sums,
        values: [0, 1].map(|side| vec![Some(value(side))]),
        settled: [Settled::default(); 2],
    };
    for side in 0..2 {
        let own = account.sums[Account::mixture(side, side, [side; 3])].clone();
        let share = Fen::floor(&(value(side) * ratio(own.weight[0]))).unwrap();
        let paid = share.0 + i64::try_from(own.item).unwrap() - pick(Cause::Sharing, side);
        account.settled[side] = Settled { share, paid: Fen(paid) };
    }
    account
}

fn worths(seed: u64, players: usize) -> Vec<Ratio> {
    // Any numbers will do; these differ and have unlike denominators.
    let draw = |at: usize| {
        let mixed = (seed ^ (at as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        fraction((mixed >> 40).cast_signed(), 1 + (mixed & 7).cast_signed()).unwrap()
    };
    (0..1usize << players).map(draw).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // shows: E21
    #[test]
    fn permuting_the_causes_permutes_their_parts(seed: u64, swap in (0usize..5, 0usize..5)) {
        let worths = worths(seed, 5);
        let renamed = |bit: usize| match bit {
            bit if bit == swap.0 => swap.1,
            bit if bit == swap.1 => swap.0,
            bit => bit,
        };
        let permuted = |coalition: usize| {
            let bits = (0..5).filter(|bit| coalition & (1 << bit) != 0);
            worths[bits.fold(0usize, |sum, bit| sum | (1 << renamed(bit)))].clone()
        };
        let plain = shapley(5, &|coalition| worths[coalition].clone());
        let parts = shapley(5, &permuted);
        for player in 0..5 {
            prop_assert_eq!(&parts[player], &plain[renamed(player)]);
        }
        let total: Ratio = plain.iter().sum();
        prop_assert_eq!(total, &worths[31] - &worths[0]);
    }

    // shows: E21
    #[test]
    fn the_value_is_the_mean_over_all_orders(seed: u64) {
        // The definition itself, the slow way: every order of four players.
        let worths = worths(seed, 4);
        let mut sums = vec![ratio(0); 4];
        let mut orders = 0;
        for code in 0..256usize {
            let order = [code & 3, (code >> 2) & 3, (code >> 4) & 3, (code >> 6) & 3];
            if (0..4).any(|at| order[..at].contains(&order[at])) {
                continue;
            }
            orders += 1;
            let mut joined = 0usize;
            for player in order {
                let with = joined | (1 << player);
                sums[player] += &worths[with] - &worths[joined];
                joined = with;
            }
        }
        prop_assert_eq!(orders, 24);
        let parts = shapley(4, &|coalition| worths[coalition].clone());
        for (part, sum) in parts.iter().zip(sums) {
            prop_assert_eq!(part * ratio(24), sum);
        }
    }

    // shows: E21
    #[test]
    fn parts_sum_to_the_change_and_unchanged_inputs_have_none(
        seeds in prop::array::uniform8(1i64..40),
        changed in prop::array::uniform8(any::<bool>()),
    ) {
        let change = attribute(&[account(&seeds, changed)]).unwrap().remove(0);
        let sum: i64 = change.parts.iter().map(|part| part.0).sum();
        prop_assert_eq!(sum, change.paid[1].0 - change.paid[0].0);
        for (cause, part) in Cause::ALL.into_iter().zip(change.parts) {
            // What dividing the pool rounds belongs to the point value, so to nothing that stayed.
            let rounded = cause == Cause::PointValue;
            if !changed[cause as usize] && !rounded {
                prop_assert_eq!(part, Fen::ZERO, "{:?}", cause);
            }
        }
        let views: i64 = View::ALL.iter().map(|view| change.of_view(*view).0).sum();
        prop_assert_eq!(views, sum);
    }
}
