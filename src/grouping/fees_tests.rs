//! Fee lines rolled up: by example, and against the same rule said slowly.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{FeeLine, FeeLines, FeeSums, Taken};
use crate::grouping::testing::charge_type_classes;
use crate::warehouse::vocabulary::id_key;

/// `(setl_id, feedetl_sn, item, charge type, fen, digest)`
type Given<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, i64, i64);

fn roll(lines: &[Given<'_>]) -> super::FeeRoll {
    let mut taken = FeeLines::new(charge_type_classes());
    loop {
        take_all(&mut taken, lines);
        if !taken.look_again() {
            return taken.finish();
        }
    }
}

fn take_all(taken: &mut FeeLines, lines: &[Given<'_>]) {
    for (setl_id, feedetl_sn, item, charge_type, fen, row_digest) in lines {
        taken.take(&FeeLine {
            setl_id,
            feedetl_sn,
            row_digest: *row_digest,
            item: Some(item),
            charge_type: *charge_type,
            fen: *fen,
            negotiated: None,
            days: 0,
        });
    }
}

fn sums(lines: i64, fen: [i64; 3]) -> FeeSums {
    FeeSums { lines, fen, taken_fen: fen.map(i64::abs), important: [false; 3] }
}

// 600.00 + 0.01 of O, 320.00 − 20.00 of M, 80.00 of A on its important list, 5.00 in no class.
// shows: A14
#[test]
fn lines_are_summed_by_class() {
    let roll = roll(&[
        ("s", "01", "X", Some("05"), 60_000, 1),
        ("s", "02", "X", Some("06"), 1, 2),
        ("s", "03", "X", Some("09"), 32_000, 3),
        ("s", "04", "X", Some("10"), -2_000, 4),
        ("s", "05", "IMPORTANT-A", Some("03"), 8_000, 5),
        ("s", "06", "X", Some("01"), 500, 6),
        ("s", "07", "X", None, 700, 7),
    ]);
    let fen = [60_001, 30_000, 8_000];
    let expected = FeeSums {
        lines: 7,
        fen,
        taken_fen: [60_001, 34_000, 8_000],
        important: [false, false, true],
    };
    assert_eq!(roll.own(id_key("s")), expected);
    assert!(roll.repeated.is_empty());
    assert_eq!(roll.own(id_key("nobody")), FeeSums::default());
}

// An item is important in its own class only: the list of O is empty (A14 (3)).
// shows: A14
#[test]
fn an_item_of_another_class_is_not_important() {
    let roll = roll(&[("s", "01", "IMPORTANT-A", Some("05"), 100, 1)]);
    assert_eq!(roll.own(id_key("s")), sums(1, [100, 0, 0]));
}

// A48: equal digests collapse, others are rejected, wherever the copies stand.
// shows: A48
#[test]
fn copies_collapse_and_contradictions_leave() {
    let roll = roll(&[
        ("copies", "01", "X", Some("05"), 1_000, 7),
        ("conflict", "01", "X", Some("05"), 1_000, 9),
        ("copies", "01", "X", Some("05"), 1_000, 7),
        ("conflict", "02", "X", Some("09"), 100, 11),
        ("conflict", "01", "X", Some("05"), 1_000, 10),
        ("all_gone", "01", "X", Some("05"), 1_000, 12),
        ("all_gone", "01", "X", Some("09"), 1_000, 13),
        ("copies", "01", "X", Some("05"), 1_000, 7),
        ("two_of_three", "01", "X", Some("05"), 1, 20),
        ("two_of_three", "01", "X", Some("05"), 1, 20),
        ("two_of_three", "01", "X", Some("05"), 1, 21),
    ]);
    assert_eq!(roll.own(id_key("copies")), sums(1, [1_000, 0, 0]));
    assert_eq!(roll.own(id_key("conflict")), sums(1, [0, 100, 0]));
    assert_eq!(roll.own(id_key("all_gone")), FeeSums::default());
    assert_eq!(roll.own(id_key("two_of_three")), FeeSums::default());
    let mut conflicts: Vec<bool> = roll.repeated.iter().map(|row| row.is_conflicting).collect();
    conflicts.sort_unstable();
    assert_eq!(conflicts, [false, true, true, true]);
}

// A line is the pair of both ids: `s3` + `12` is not `s31` + `2`, nor is `s3` + `2`.
// shows: A48
#[test]
fn the_same_number_in_another_settlement_is_another_line() {
    let roll = roll(&[
        ("s3", "12", "X", Some("05"), 1, 1),
        ("s31", "2", "X", Some("05"), 2, 1),
        ("s3", "2", "X", Some("05"), 4, 1),
    ]);
    assert!(roll.repeated.is_empty());
    assert_eq!(roll.own(id_key("s3")), sums(2, [5, 0, 0]));
}

// An item list prevails over the charge type, whose other codes give no class (A14 (1)).
// shows: A14
#[test]
fn unknown_charge_types_and_near_misses_of_a_list_count_as_lines_only() {
    let roll = roll(&[
        ("s", "01", "X", Some("77"), 100, 1),
        ("s", "02", "IMPORTANT-A", None, 100, 2),
        ("s", "03", "IMPORTANT-AB", Some("03"), 100, 3),
    ]);
    assert_eq!(roll.own(id_key("s")), sums(3, [0, 0, 100]));
}

/// A48 said slowly: lines by settlement and number, copies compared one by one.
fn slowly(lines: &[Given<'_>]) -> BTreeMap<String, FeeSums> {
    let mut by_key: BTreeMap<(&str, &str), Vec<&Given<'_>>> = BTreeMap::new();
    for line in lines {
        by_key.entry((line.0, line.1)).or_default().push(line);
    }
    let mut sums: BTreeMap<String, FeeSums> = BTreeMap::new();
    for ((setl_id, _), copies) in by_key {
        let sum = sums.entry(setl_id.to_owned()).or_default();
        if copies.iter().any(|copy| copy.5 != copies[0].5) {
            continue;
        }
        let (_, _, item, charge_type, fen, _) = *copies[0];
        sum.lines += 1;
        let class = match charge_type {
            Some("05") => 0,
            Some("09") => 1,
            Some("03") => 2,
            _ => continue,
        };
        sum.fen[class] += fen;
        sum.taken_fen[class] += fen.abs();
        sum.important[class] |= class == 2 && item == "IMPORTANT-A";
    }
    sums
}

proptest! {
    #[test]
    fn lines_in_any_order_are_rolled_up_as_slowly(
        picks in prop::collection::vec((0..4usize, 0..3usize, 0..4usize, 0..2usize, 0..3i64), 0..40)
    ) {
        const TYPES: [Option<&str>; 4] = [Some("05"), Some("09"), Some("03"), None];
        // A line's content follows from its digest, as in the warehouse.
        let lines: Vec<Given<'_>> = picks
            .iter()
            .map(|(settlement, number, kind, item, copy)| {
                let digest = i64::try_from(*kind * 2 + *item).unwrap() * 3 + copy;
                (
                    ["s1", "s2", "s3", "s4"][*settlement],
                    ["1", "2", "3"][*number],
                    ["X", "IMPORTANT-A"][*item],
                    TYPES[*kind],
                    (copy - 1) * 100,
                    digest,
                )
            })
            .collect();
        let expected = slowly(&lines);
        let rolled = roll(&lines);
        for (setl_id, sums) in &expected {
            prop_assert_eq!(rolled.own(id_key(setl_id)), *sums);
        }
    }
}

// R14: |−1.00| + |2.00| = 3.00 of O, |−4.00| of M, 8.00 of A, whatever the sign.
// shows: R14
#[test]
fn a_reversal_takes_its_lines_whatever_their_sign() {
    let roll = roll(&[
        ("r", "01", "X", Some("05"), -100, 1),
        ("r", "02", "X", Some("05"), 200, 2),
        ("r", "03", "X", Some("11"), -400, 3),
        ("r", "04", "X", Some("04"), 800, 4),
    ]);
    assert_eq!(roll.own(id_key("r")).taken_fen, [300, 400, 800]);
    assert_eq!(roll.own(id_key("r")).fen, [100, -400, 800]);
}

// 600.00 − |−150.00| of O, 320.00 of M, 80.00 − |50.00| of A. What stands on an important list, and how
// many lines there are, is said by the own lines alone.
// shows: R14
#[test]
fn what_reversals_take_back_leaves_the_classes_and_nothing_else() {
    let mut roll = roll(&[
        ("partial", "01", "X", Some("05"), 60_000, 1),
        ("partial", "02", "X", Some("09"), 32_000, 2),
        ("partial", "03", "X", Some("03"), 8_000, 3),
        ("r_partial", "01", "X", Some("05"), -15_000, 4),
        ("r_partial", "02", "IMPORTANT-A", Some("03"), 5_000, 5),
    ]);
    let taken = roll.taken_by(id_key("r_partial"));
    roll.take_back(id_key("partial"), &taken);
    let net = roll.net(id_key("partial"), &mut 0);
    assert_eq!((net.lines, net.fen, net.important), (3, [45_000, 32_000, 3_000], [false; 3]));
    assert_eq!(roll.own(id_key("partial")).fen, [60_000, 32_000, 8_000]);
    let reversal = roll.net(id_key("r_partial"), &mut 0);
    assert_eq!((reversal.lines, reversal.fen), (2, [-15_000, 0, 5_000]));
}

// shows: R14
#[test]
fn a_settlement_without_lines_still_loses_what_is_taken_back() {
    let mut roll = roll(&[("r", "01", "X", Some("05"), -1_000, 1)]);
    let taken = roll.taken_by(id_key("r"));
    roll.take_back(id_key("no_lines"), &taken);
    roll.take_back(id_key("no_lines"), &taken);
    let net = roll.net(id_key("no_lines"), &mut 0);
    assert_eq!((net.lines, net.fen), (0, [-2_000, 0, 0]));
    assert_eq!(roll.taken_by(id_key("without_lines")), Taken::default());
}

// 8.3: 09–11 drugs, 08 consumables, 03 and 04 exams, 05 and 06 treatment; the rest is service, a line
// without or with an unknown charge type too. `s` loses 9.00 of drugs with the wrong sign and 1.00 of
// service: drugs 123 − 9, consumables 400, exams 56, treatment 780, service 9 + 10 + 11 − 1.
// shows: R14
#[test]
fn costs_are_net_of_reversals() {
    let mut roll = roll(&[
        ("s", "01", "X", Some("09"), 10_000, 1),
        ("s", "02", "X", Some("10"), 2_000, 2),
        ("s", "03", "X", Some("11"), 300, 3),
        ("s", "04", "X", Some("08"), 40_000, 4),
        ("s", "05", "X", Some("03"), 5_000, 5),
        ("s", "06", "X", Some("04"), 600, 6),
        ("s", "07", "X", Some("05"), 70_000, 7),
        ("s", "08", "X", Some("06"), 8_000, 8),
        ("s", "09", "X", Some("01"), 900, 9),
        ("s", "10", "X", None, 1_000, 10),
        ("s", "11", "X", Some("77"), 1_100, 11),
        ("s", "11", "X", Some("77"), 1_100, 11),
        ("s", "12", "X", Some("09"), 100, 12),
        ("s", "12", "X", Some("09"), 200, 13),
        ("r", "01", "X", Some("09"), 900, 14),
        ("r", "02", "X", Some("02"), -100, 15),
    ]);
    assert_eq!(roll.net_costs(id_key("s")), [12_300, 40_000, 5_600, 78_000, 3_000]);
    let taken = roll.taken_by(id_key("r"));
    roll.take_back(id_key("s"), &taken);
    assert_eq!(roll.net_costs(id_key("s")), [11_400, 40_000, 5_600, 78_000, 2_900]);
    assert_eq!(roll.net_costs(id_key("nobody")), [0; 5]);
}
