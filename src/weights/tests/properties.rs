//! What holds for every set of cases and every policy.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};
use rust_decimal::Decimal;

use super::{cases, catalog, dec, line, policy, weights};
use crate::policy::model::{BlendLevel, Denominator, SingleYear, Trim, Weights};
use crate::units::{exact, fraction, ratio, to_decimal};

type Row = (&'static str, &'static str, u16, i64);

const LEVELS: [BlendLevel; 4] =
    [BlendLevel::Means, BlendLevel::Totals, BlendLevel::Ratios, BlendLevel::Pooled];

/// Cases of two years; each year has a grouped case that no rule can trim away.
fn history() -> impl Strategy<Value = Vec<Row>> {
    let code = prop_oneof![Just("A"), Just("B"), Just("C"), Just("")];
    let row = (code, prop_oneof![Just("H1"), Just("H2")], 2022u16..=2023, 0i64..100_000);
    proptest::collection::vec(row, 0..80).prop_map(|mut rows| {
        rows.extend([("Z", "H1", 2022, 5_000), ("Z", "H2", 2023, 7_000)]);
        rows
    })
}

fn rule() -> impl Strategy<Value = Weights> {
    let level = proptest::sample::select(&LEVELS);
    let denominator = prop_oneof![
        Just(Denominator::All),
        Just(Denominator::Grouped),
        Just(Denominator::BeforeTrim)
    ];
    let trim = prop_oneof![
        Just(Trim::None),
        Just(Trim::Percentile { low: dec("0.1"), high: dec("0.9") }),
        Just(Trim::Iqr { k: dec("0.5") }),
        Just(Trim::Sd { k: dec("1.2") }),
        Just(Trim::Multiple { low: dec("0.3"), high: dec("2") }),
    ];
    let single = prop_oneof![Just(SingleYear::Rescale), Just(SingleYear::Drop)];
    (level, denominator, trim, single, 1i64..100).prop_map(
        |(level, denominator, trim, single_year, older)| Weights {
            years: vec![Decimal::new(older, 2), Decimal::new(100 - older, 2)],
            level,
            denominator,
            trim,
            single_year,
            trim_from_cases: 3,
            ..weights(&[])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shuffled_rows_give_the_same_catalog(
        (rows, shuffled) in history().prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
        rule in rule(),
    ) {
        let rules = policy(rule);
        let made = super::built(&cases(&rows), &rules, &[2022, 2023]);
        prop_assert_eq!(super::built(&cases(&shuffled), &rules, &[2022, 2023]), made);
    }

    #[test]
    fn doubling_every_cost_leaves_points_and_cv_unchanged(rows in history(), rule in rule()) {
        let rules = policy(rule);
        let doubled: Vec<Row> = rows.iter().map(|row| (row.0, row.1, row.2, row.3 * 2)).collect();
        let once = catalog(&cases(&rows), &rules, &[2022, 2023]);
        let twice = catalog(&cases(&doubled), &rules, &[2022, 2023]);
        let relative = |made: &crate::catalog::model::Catalog| -> Vec<_> {
            let row = |group: &crate::catalog::model::Group| {
                (group.group_code.clone(), group.points, group.cv)
            };
            made.groups.iter().map(row).collect()
        };
        prop_assert_eq!(relative(&once), relative(&twice));
    }

    #[test]
    fn the_identity_closes(rows in history(), rule in rule(), scale in proptest::bool::ANY) {
        let rules = policy(Weights { scale: scale.then(|| dec("1000")), ..rule });
        let made = catalog(&cases(&rows), &rules, &[2022, 2023]);
        let parts: Decimal =
            made.identity.iter().filter(|line| line.line != "total").map(|line| line.amount).sum();
        let fen: i64 = rows.iter().map(|row| row.3).sum();
        prop_assert_eq!(parts, Decimal::new(fen, 2));
        prop_assert_eq!(line(&made, "total"), Decimal::new(fen, 2));
        // From what the catalog publishes, as its reader would.
        let published = made.groups.iter().map(|group| {
            let yuan = match group.points {
                Some(points) => points.to_ratio() / ratio(1000) * exact(made.base_mean),
                None => exact(group.mean),
            };
            yuan * ratio(group.cases)
        });
        let published = to_decimal(&published.sum(), 4).unwrap();
        prop_assert!((line(&made, "points_total") - published).abs() <= Decimal::new(1, 4));
        // Whatever is not in a group of the catalog is in `ungrouped`.
        let inside = |row: &&Row| made.groups.iter().any(|group| group.group_code == row.0);
        let outside: i64 = rows.iter().filter(|row| !inside(row)).map(|row| row.3).sum();
        prop_assert_eq!(line(&made, "ungrouped"), Decimal::new(outside, 2));
        if rules.weights.trim == Trim::None {
            prop_assert_eq!(line(&made, "trimming"), Decimal::ZERO);
        }
    }

    #[test]
    fn pooled_means_have_no_blending_effect(rows in history()) {
        let rule = Weights { level: BlendLevel::Pooled, ..weights(&["0.2", "0.8"]) };
        let made = catalog(&cases(&rows), &policy(rule), &[2022, 2023]);
        prop_assert_eq!(line(&made, "blending"), Decimal::ZERO);
        prop_assert_eq!(line(&made, "trimming"), Decimal::ZERO);
    }

    #[test]
    fn one_year_makes_all_levels_agree(rows in history(), rule in rule()) {
        let of = |level| {
            let years = vec![Decimal::ONE];
            let rule = Weights { years, level, ..rule.clone() };
            catalog(&cases(&rows), &policy(rule), &[2023])
        };
        for level in &LEVELS[1..] {
            prop_assert_eq!(of(*level), of(LEVELS[0]));
        }
    }

    #[test]
    fn untrimmed_yearly_means_and_cv_are_those_of_a_plain_sum(rows in history()) {
        let made = catalog(&cases(&rows), &policy(weights(&["0.2", "0.8"])), &[2022, 2023]);
        for group in &made.groups {
            for (at, year) in [2022, 2023].into_iter().enumerate() {
                let fees: Vec<i64> = rows
                    .iter()
                    .filter(|row| row.0 == group.group_code && row.2 == year)
                    .map(|row| row.3)
                    .collect();
                let mean = fraction(fees.iter().sum::<i64>(), fees.len() * 100);
                prop_assert_eq!(group.year_cases[at], fees.len() as u64);
                let mean = mean.map(|mean| to_decimal(&mean, 4).unwrap());
                prop_assert_eq!(group.year_means[at], mean);
            }
            // CV² = Σ(xᵢ − xⱼ)² over the pairs ÷ (Σx)²; the printed CV is the nearest millionth.
            let fees: Vec<i128> = rows
                .iter()
                .filter(|row| row.0 == group.group_code)
                .map(|row| i128::from(row.3))
                .collect();
            let sum: i128 = fees.iter().sum();
            let pairs = fees.iter().enumerate().flat_map(|(at, fee)| {
                fees[..at].iter().map(move |other| (fee - other) * (fee - other))
            });
            let spread = 4_000_000_000_000 * pairs.sum::<i128>();
            prop_assert_eq!(group.cv.is_some(), fees.len() > 1 && sum > 0);
            if let Some(cv) = group.cv {
                prop_assert_eq!(cv.scale(), 6);
                let edge = |half: i128| (2 * cv.mantissa() + half) * sum;
                prop_assert!(cv.is_zero() || edge(-1) * edge(-1) <= spread);
                prop_assert!(spread < edge(1) * edge(1));
            }
        }
    }
}
