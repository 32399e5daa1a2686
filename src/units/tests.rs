//! Tests of money, points and allocation.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "tests compute on small numbers of their own; an overflow fails them"
)]

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{
    Fen, Points, Ratio, UnitError, allocate, divide_half_away, exact, fraction, ratio,
    round_half_away, to_decimal,
};

#[test]
fn yuan_are_read_with_at_most_two_places() {
    let check = |text: &str, expected: Option<i64>| {
        assert_eq!(text.parse::<Fen>().ok().map(|fen| fen.0), expected, "{text}");
    };
    check("947", Some(94_700));
    check("947.5", Some(94_750));
    check(" -0.01 ", Some(-1));
    check("1.230", Some(123));
    check("1.234", None);
    check("", None);
    check("1,000", None);
    check("99999999999999999999", None);
    assert_eq!(
        "1.234".parse::<Fen>().unwrap_err().to_string(),
        "`1.234` is not an amount in yuan with at most two decimal places"
    );
}

#[test]
fn fen_are_written_as_yuan() {
    assert_eq!(Fen(94_700).to_string(), "947.00");
    assert_eq!(Fen(-1).to_string(), "-0.01");
    assert_eq!(format!("{:>8}", Fen(5)), "    0.05");
}

// shows: A46, E23
#[test]
fn halves_go_away_from_zero() {
    let half = |numerator: i64, denominator: i64| fraction(numerator, denominator).unwrap();
    let check = |value: &Ratio, places, expected: i64| {
        assert_eq!(round_half_away(value, places), BigInt::from(expected), "{value} at {places}");
    };
    check(&half(5, 2), 0, 3);
    check(&half(-5, 2), 0, -3);
    check(&half(24_999, 10_000), 0, 2);
    check(&half(-24_999, 10_000), 0, -2);
    check(&half(1, 20), 1, 1); // 0.05 → 0.1
    check(&ratio(0), 4, 0);
    assert_eq!(fraction(1, 0), None);
    assert_eq!(to_decimal(&half(2, 3), 4).unwrap().to_string(), "0.6667");
    assert_eq!(to_decimal(&half(1, 3), 40), None);
}

#[test]
fn floor_and_nearest_differ_below_zero_and_above() {
    let two_thirds = fraction(200, 3).unwrap(); // 66.67 fen
    assert_eq!((Fen::floor(&two_thirds), Fen::nearest(&two_thirds)), (Ok(Fen(66)), Ok(Fen(67))));
    assert_eq!(
        (Fen::floor(&-&two_thirds), Fen::nearest(&-two_thirds)),
        (Ok(Fen(-67)), Ok(Fen(-67)))
    );
    assert_eq!(Fen::nearest(&ratio(i128::from(i64::MAX) + 1)), Err(UnitError::Overflow));
    assert_eq!(Fen::sum([Fen(i64::MAX), Fen(1)]), Err(UnitError::Overflow));
    // A sum may pass through the edge as long as it comes back.
    assert_eq!(Fen::sum([Fen(i64::MAX), Fen(1), Fen(-2)]), Ok(Fen(i64::MAX - 1)));
}

#[test]
fn points_keep_six_places_and_round_to_fewer() {
    let third = fraction(200, 3).unwrap(); // 66.666…
    assert_eq!(Points::from_ratio(&third, 4), Some(Points(66_666_700)));
    assert_eq!(Points::from_ratio(&third, 9), Some(Points(66_666_667)));
    assert_eq!(Points(66_666_700).to_decimal().to_string(), "66.666700");
    assert_eq!(Points(1_500_000).to_ratio(), fraction(3, 2).unwrap());
    assert_eq!(Points::from_ratio(&ratio(i64::MAX), 4), None);
}

// shows: A46
#[test]
fn leftover_fen_go_to_the_largest_parts_then_to_the_first_codes() {
    // 1.00 by 1:1:1 → 33⅓ each; the fen left goes to `a`, wherever it stands.
    let shares = allocate(Fen(100), &[1, 1, 1], &["c", "a", "b"]).unwrap();
    assert_eq!(shares, [Fen(33), Fen(34), Fen(33)]);
    // Codes compare bytewise: capitals first.
    assert_eq!(allocate(Fen(1), &[1, 1], &["a", "B"]).unwrap(), [Fen(0), Fen(1)]);
    // 0.2: 160 000 fen by 466.6668 : 333.3334 → 93 333.3367 and 66 666.6633.
    let shares = allocate(Fen(160_000), &[4_666_668, 3_333_334], &["X", "Y"]).unwrap();
    assert_eq!(shares, [Fen(93_333), Fen(66_667)]);
    // A negative pool mirrors the positive one.
    let shares = allocate(Fen(-100), &[1, 1, 1], &["c", "a", "b"]).unwrap();
    assert_eq!(shares, [Fen(-33), Fen(-34), Fen(-33)]);
    let none: [&str; 0] = [];
    assert_eq!(allocate(Fen(0), &[], &none), Ok(Vec::new()));
}

#[test]
fn money_without_weight_is_refused() {
    let refused = allocate(Fen(5), &[0, 0], &["a", "b"]);
    assert_eq!(refused, Err(UnitError::ZeroPoints { pool: Fen(5) }));
    assert_eq!(allocate(Fen(0), &[0, 0], &["a", "b"]), Ok(vec![Fen(0); 2]));
    let negative = allocate(Fen(5), &[1, -1], &["a", "b"]);
    assert_eq!(negative, Err(UnitError::NegativeWeight { code: "b".to_owned(), weight: -1 }));
    let huge = allocate(Fen(i64::MAX), &[i128::MAX], &["a"]);
    assert_eq!(huge, Err(UnitError::Overflow));
}

/// Pool, weights and distinct codes.
fn division() -> impl Strategy<Value = (i64, Vec<i128>, Vec<String>)> {
    let weights = prop::collection::vec(
        prop_oneof![1 => Just(0i128), 2 => 1i128..5, 3 => 0i128..1_000_000_000_000],
        1..30,
    );
    (-1_000_000_000_000i64..1_000_000_000_000, weights)
        .prop_filter("somebody has weight", |(_, weights)| weights.iter().any(|weight| *weight > 0))
        .prop_flat_map(|(pool, weights)| {
            let codes: Vec<String> = (0..weights.len()).map(|at| format!("H{at:02}")).collect();
            (Just(pool), Just(weights), Just(codes).prop_shuffle())
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn allocation_loses_nothing_and_stays_within_a_fen((pool, weights, codes) in division()) {
        let shares = allocate(Fen(pool), &weights, &codes).unwrap();
        let given: i128 = shares.iter().map(|share| i128::from(share.0)).sum();
        prop_assert_eq!(given, i128::from(pool));
        let total: i128 = weights.iter().sum();
        for (share, weight) in shares.iter().zip(&weights) {
            if *weight == 0 {
                prop_assert_eq!(*share, Fen(0));
            }
            // |share − pool × weight ÷ total| < 1, without dividing.
            let gap = i128::from(share.0) * total - i128::from(pool) * weight;
            prop_assert!(gap.abs() < total);
        }
    }

    #[test]
    fn allocation_does_not_depend_on_the_order(
        (pool, weights, codes) in division(),
        turn in 0usize..30,
    ) {
        let straight = allocate(Fen(pool), &weights, &codes).unwrap();
        let turn = turn % weights.len();
        let (mut weights, mut codes, mut expected) = (weights, codes, straight);
        weights.rotate_left(turn);
        codes.rotate_left(turn);
        expected.rotate_left(turn);
        prop_assert_eq!(allocate(Fen(pool), &weights, &codes).unwrap(), expected);
    }

    #[test]
    fn allocation_gives_more_weight_no_less(
        (pool, weights, codes) in division(),
        extra in 1i128..1_000_000,
    ) {
        let pool = Fen(pool.abs());
        let before = allocate(pool, &weights, &codes).unwrap()[0];
        let mut more = weights;
        more[0] += extra;
        prop_assert!(allocate(pool, &more, &codes).unwrap()[0].0 + 1 >= before.0);
    }

    #[test]
    fn both_roundings_agree(
        numerator in prop_oneof![any::<i64>().prop_map(i128::from), -40i128..40, any::<i128>()],
        denominator in prop_oneof![any::<i64>().prop_map(i128::from), -9i128..9, any::<i128>()],
    ) {
        let expected = fraction(numerator, denominator)
            .and_then(|exact| round_half_away(&exact, 0).to_i128());
        prop_assert_eq!(divide_half_away(numerator, denominator), expected);
    }

    #[test]
    fn yuan_survive_writing_and_reading(fen in any::<i64>()) {
        prop_assert_eq!(Fen(fen).to_string().parse::<Fen>(), Ok(Fen(fen)));
        prop_assert_eq!(Fen::from_yuan(Fen(fen).to_yuan()), Some(Fen(fen)));
        let yuan: Decimal = Fen(fen).to_yuan();
        prop_assert_eq!(exact(yuan) * ratio(100), Fen(fen).to_ratio());
    }
}
