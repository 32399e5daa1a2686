//! Intervals and influence of all groups: by hand, and against the weight card.

use std::collections::BTreeMap;

use proptest::prelude::{ProptestConfig, proptest};
use proptest::prop_assert_eq;

use super::{cases, catalog, dec, policy, weights, years};
use crate::explain::render;
use crate::policy::model::{BlendLevel, Centre, SingleYear, Weights};
use crate::settlement::cases::Cases;
use crate::table::Table;
use crate::weights::{CardRequest, IntervalRequest, Intervals, card, intervals};

type Row = (&'static str, &'static str, u16, i64);

fn cells(table: &Table, row: usize) -> Vec<String> {
    table.columns.iter().map(|(_, column)| column.show(row).unwrap_or_default()).collect()
}

fn found(cases: &Cases, rule: &Weights, list: &[u16], threads: usize) -> Intervals {
    let request = IntervalRequest { rounds: 40, seed: 9, threads };
    let rules = policy(rule.clone());
    intervals(cases, &rules, &years(list), &BTreeMap::new(), request).unwrap()
}

// A: H1 100 once, H2 200 and 300; mean 200. Without H1 250 (+25 %), without H2 100 (−50 %). Hospitals drawn
// twice: H1 H1 100, H1 H2 200, H2 H2 250. One case and one hospital in B: no interval.
// shows: E05
#[test]
fn the_hospital_that_moves_the_price_most_is_named() {
    let rows = [
        ("A", "H1", 2023, 10_000),
        ("A", "H2", 2023, 20_000),
        ("A", "H2", 2023, 30_000),
        ("B", "H1", 2023, 50_000),
    ];
    let rule = Weights { scale: None, ..weights(&["1"]) };
    let found = found(&cases(&rows), &rule, &[2023], 2);
    let influence = &found.influence;
    let expected = ["A", "2", "H2", "2", "66.6667", "200.0000", "100.0000", "-50.0000"];
    assert_eq!(cells(influence, 0), expected);
    assert_eq!(cells(influence, 1), ["B", "1", "H1", "1", "100.0000", "500.0000", "", ""]);
    let expected = ["A", "hospital", "2", "40", "200.0000", "100.0000", "250.0000", "75.0000"];
    assert_eq!(cells(&found.intervals, 1), expected);
    assert_eq!(cells(&found.intervals, 3), ["B", "hospital", "0", "0", "500.0000", "", "", ""]);
}

#[test]
fn only_arithmetic_means_have_intervals() {
    let rules = policy(Weights { centre: Centre::Median, ..weights(&["1"]) });
    let request = IntervalRequest { rounds: 40, seed: 9, threads: 1 };
    let cases = cases(&[("A", "H1", 2023, 10_000)]);
    let err = intervals(&cases, &rules, &years(&[2023]), &BTreeMap::new(), request).unwrap_err();
    let text = render(&err);
    assert!(text.contains("`weights.centre` is another") && text.contains("arithmetic"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The keys that stand for prices give the ends of the card, which are exact fractions; threads
    /// change nothing.
    #[test]
    fn intervals_are_those_of_the_card(
        rows in proptest::collection::vec(
            (
                proptest::sample::select(vec!["A", "B", ""]),
                proptest::sample::select(vec!["H1", "H2", "H3"]),
                2022u16..=2023,
                1i64..100_000,
            ),
            2..60,
        ),
        level in proptest::sample::select(vec![
            BlendLevel::Means,
            BlendLevel::Totals,
            BlendLevel::Ratios,
            BlendLevel::Pooled,
        ]),
        drops in proptest::bool::ANY,
    ) {
        let mut rows: Vec<Row> = rows;
        rows.extend([("A", "H1", 2022, 5_000), ("A", "H2", 2023, 7_000)]);
        let single_year = if drops { SingleYear::Drop } else { SingleYear::Rescale };
        let rule = Weights { level, single_year, ..weights(&["0.2", "0.8"]) };
        let (cases, list) = (cases(&rows), [2022, 2023]);
        let all = found(&cases, &rule, &list, 1);
        prop_assert_eq!(&found(&cases, &rule, &list, 3), &all);
        let made = catalog(&cases, &policy(rule.clone()), &list);
        let group = "A";
        let request = CardRequest { group, rounds: 40, seed: 9, last: None, set: None };
        let card = card(&cases, &policy(rule), &years(&list), &made, request).unwrap();
        for row in 0..2 {
            let own = cells(&all.intervals, row);
            let of_card = cells(&card.intervals, row);
            prop_assert_eq!(&own[2..4], &of_card[1..3], "units and rounds");
            for (one, other) in own[5..7].iter().zip(&of_card[3..5]) {
                let gap = (dec(one) - dec(other)).abs();
                // Both are rounded to 4 places: the key may lie on the other side of a half.
                prop_assert_eq!(gap <= dec("0.0001"), true, "{} {}", one, other);
            }
        }
    }
}
