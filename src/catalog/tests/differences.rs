//! Differences between catalogs.

use proptest::prelude::*;

use super::build::{dec, group, tiny, yuan};
use crate::catalog::model::{Catalog, Group};
use crate::catalog::{Change, apply, diff, diff_table};
use crate::units::{Fen, Points};

fn with(groups: Vec<Group>) -> Catalog {
    Catalog { groups, ..tiny() }
}

#[test]
fn largest_money_comes_first() {
    let before = with(vec![
        group("DROP", 10, "30", "10"),
        group("SAME", 1000, "30", "10"),
        group("UP", 100, "30", "10"),
    ]);
    let after = with(vec![
        group("NEW", 1, "30", "10"),
        group("SAME", 1000, "33", "10"),
        group("UP", 200, "33", "11"),
    ]);
    let rows = diff(&before, &after);
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.group_code.as_str(), row.change, row.weight, row.money))
        .collect();
    // A point is worth 300 ÷ 100 = 3 yuan. UP: 1 × 200 cases; DROP: 10 × 10; NEW: 10 × 1.
    assert_eq!(
        shown,
        [
            ("UP", Change::Repriced, dec("200"), yuan("600")),
            ("DROP", Change::Dropped, dec("100"), yuan("300")),
            ("NEW", Change::Added, dec("10"), yuan("30")),
            ("SAME", Change::Same, dec("0"), Fen::ZERO),
        ]
    );
    let table = diff_table(&rows, 4);
    let cell = |name: &str, row| table.cell(name, row);
    assert_eq!(cell("points_after", 0).as_deref(), Some("11.000000"));
    assert_eq!(cell("mean_before", 0).as_deref(), Some("30.0000"));
    assert_eq!(cell("points_after", 1), None);
    assert_eq!(cell("change", 3).as_deref(), Some("same"));
    assert_eq!(cell("money_yuan", 1).as_deref(), Some("300.00"));
}

#[test]
fn prices_are_compared_where_there_are_no_points() {
    let priced = |price: &str| {
        let mut group = group("M", 7, "900", "1");
        group.points = None;
        group.standard = Some(yuan(price));
        Catalog { scale: None, ..with(vec![group]) }
    };
    let rows = diff(&priced("947"), &priced("950.5"));
    assert_eq!((rows[0].change, rows[0].money), (Change::Repriced, yuan("24.5"))); // 3.50 × 7
}

#[test]
fn difference_does_not_fit_other_groups() {
    let before = with(vec![group("A", 1, "30", "10")]);
    let after = with(vec![group("A", 1, "30", "11"), group("B", 1, "30", "11")]);
    let rows = diff(&before, &after);
    let refused = |groups: &[Group]| apply(&rows, groups).unwrap_err().to_string();
    let says = |what: &str| format!("the difference does not fit these groups: {what}");
    assert_eq!(refused(&[]), says("`A` is missing"));
    assert_eq!(refused(&after.groups[..1]), says("`A` is not as it was"));
    let both = [before.groups[0].clone(), after.groups[1].clone()];
    assert_eq!(refused(&both), says("`B` is there already"));
    let more = [before.groups[0].clone(), group("C", 1, "30", "1")];
    assert_eq!(refused(&more), says("`C` is not in the difference"));
}

fn groups() -> impl Strategy<Value = Vec<Group>> {
    prop::collection::btree_map("[A-E]", (0u64..50, 0i64..5), 0..5).prop_map(|groups| {
        let made = groups.into_iter().map(|(code, (cases, points))| {
            let mut group = group(&code, cases, "30", "0");
            group.points = Some(Points(points * 1_000_000));
            group
        });
        made.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn difference_applied_gives_the_second_catalog(one in groups(), two in groups()) {
        let rows = diff(&with(one.clone()), &with(two.clone()));
        prop_assert_eq!(apply(&rows, &one).unwrap(), two);
        let ranked: Vec<Fen> = rows.iter().map(|row| row.money).collect();
        prop_assert!(ranked.is_sorted_by(|first, second| first >= second), "{ranked:?}");
    }
}
