//! Differences between catalogs.

use proptest::prelude::*;

use super::build::{Folder, dec, group, tiny, yuan};
use crate::catalog::model::{Catalog, Group};
use crate::catalog::{
    Change, Crosswalk, Error, apply, diff, diff_table, read_crosswalk, write_crosswalk,
};
use crate::table::{Column, Table};
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
    let rows = diff(&before, &after, None).unwrap();
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
    let rows = diff(&priced("947"), &priced("950.5"), None).unwrap();
    assert_eq!((rows[0].change, rows[0].money), (Change::Repriced, yuan("24.5"))); // 3.50 × 7
}

// 2⁶³ fen are no amount: 92 233 720 368 547 758.08 yuan. 9 × 10¹⁶ cases repriced by 1 yuan still fit,
// 9.3 × 10¹⁶ do not.
#[test]
fn a_difference_beyond_all_amounts_is_refused_and_not_cut() {
    let priced = |cases, price: &str| {
        let mut group = group("M", cases, "900", "1");
        group.points = None;
        group.standard = Some(yuan(price));
        Catalog { scale: None, ..with(vec![group]) }
    };
    let moved = |cases| diff(&priced(cases, "1"), &priced(cases, "2"), None);
    let fits = moved(90_000_000_000_000_000).unwrap();
    assert_eq!(fits[0].money, yuan("90000000000000000"));
    let err = moved(93_000_000_000_000_000).unwrap_err();
    assert_eq!(err.to_string(), "what group `M` moves is too large to be computed exactly");
}

#[test]
fn difference_does_not_fit_other_groups() {
    let before = with(vec![group("A", 1, "30", "10")]);
    let after = with(vec![group("A", 1, "30", "11"), group("B", 1, "30", "11")]);
    let rows = diff(&before, &after, None).unwrap();
    let refused = |groups: &[Group]| apply(&rows, groups).unwrap_err().to_string();
    let says = |what: &str| format!("the difference does not fit these groups: {what}");
    assert_eq!(refused(&[]), says("`A` is missing"));
    assert_eq!(refused(&after.groups[..1]), says("`A` is not as it was"));
    let both = [before.groups[0].clone(), after.groups[1].clone()];
    assert_eq!(refused(&both), says("`B` is there already"));
    let more = [before.groups[0].clone(), group("C", 1, "30", "1")];
    assert_eq!(refused(&more), says("`C` is not in the difference"));
}

type Row<'a> = (&'a str, &'a str, i64, Option<i128>, Option<i128>);

fn crosswalk(rows: &[Row<'_>]) -> Table {
    let text = |of: fn(&Row<'_>) -> String| {
        let cells = rows.iter().map(of);
        Column::Text(cells.map(|code| (!code.is_empty()).then_some(code)).collect())
    };
    let points = |values: Vec<Option<i128>>| Column::Decimal {
        places: 6,
        values: values.into_iter().map(|points| points.map(|points| points * 1_000_000)).collect(),
    };
    Table::new("crosswalk")
        .with("group_before", text(|row| row.0.to_owned()))
        .with("group_after", text(|row| row.1.to_owned()))
        .with("cases", Column::whole(rows.iter().map(|row| row.2)))
        .with("cost_yuan", Column::yuan(rows.iter().map(|_| 1)))
        .with("points_before", points(rows.iter().map(|row| row.3).collect()))
        .with("points_after", points(rows.iter().map(|row| row.4).collect()))
}

fn regrouped() -> (Catalog, Catalog, Table) {
    let before = with(vec![
        group("GONE", 10, "30", "10"),
        group("K", 100, "30", "10"),
        group("M1", 40, "30", "10"),
        group("M2", 60, "60", "20"),
        group("P", 100, "30", "10"),
        group("S", 100, "45", "15"),
    ]);
    let after = with(vec![
        group("K", 99, "30", "10"),
        group("L", 5, "30", "10"),
        group("M", 100, "48", "16"),
        group("NEW", 7, "30", "10"),
        group("P", 96, "30", "10"),
        group("S1", 50, "30", "10"),
        group("S2", 50, "60", "20"),
    ]);
    let ten = Some(10);
    let table = crosswalk(&[
        ("GONE", "ungrouped", 10, ten, None),
        ("K", "K", 95, ten, ten),
        ("K", "L", 5, ten, ten),
        ("M1", "M", 40, ten, Some(16)),
        ("M2", "M", 60, Some(20), Some(16)),
        ("P", "K", 4, ten, ten),
        ("P", "P", 96, ten, ten),
        ("S", "S1", 50, Some(15), ten),
        ("S", "S2", 50, Some(15), Some(20)),
        ("ungrouped", "NEW", 7, None, ten),
    ]);
    (before, after, table)
}

// S (100 cases) is split into S1 and S2; M1 and M2 go into M; K keeps 95 of 100 cases and gives 5 to the new
// L; 4 of 100 of P go to K, which is below the line of 5 %; GONE is ungrouped now, NEW was ungrouped.
// shows: E34
#[test]
fn the_same_cases_tell_what_was_split_and_merged() {
    let (before, after, table) = regrouped();
    let facts = Crosswalk::of(&table, &before, &after).unwrap();
    let rows = diff(&before, &after, Some(&facts)).unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            let with: Vec<String> =
                row.with.iter().map(|(code, share)| format!("{code} {share}")).collect();
            (row.group_code.as_str(), row.change.as_str(), with.join(" "), row.money)
        })
        .collect();
    let row = |code, change, with: &str, money: &str| (code, change, with.to_owned(), yuan(money));
    // A point is worth 3 yuan. S: 50 × 5 + 50 × 5 = 500 points; M: 40 × 6 + 60 × 4 = 480.
    assert_eq!(
        shown,
        [
            row("S", "split", "S1 50 S2 50", "1500"),
            row("M", "merged", "M2 60 M1 40", "1440"),
            row("S1", "split", "S 100", "750"),
            row("S2", "split", "S 100", "750"),
            row("M1", "merged", "M 100", "720"),
            row("M2", "merged", "M 100", "720"),
            row("GONE", "dropped", "", "300"),
            row("NEW", "added", "", "210"),
            row("K", "split", "L 5", "0"),
            row("L", "split", "K 100", "0"),
            row("P", "same", "", "0"),
        ]
    );
    assert_eq!(apply(&rows, &before.groups).unwrap(), after.groups);
    assert_eq!(diff_table(&rows, 4).cell("with", 1).as_deref(), Some("M2 60%; M1 40%"));
}

// shows: E34
#[test]
fn a_crosswalk_fits_only_the_catalogs_it_was_made_from() {
    let (before, after, table) = regrouped();
    let facts = Crosswalk::of(&table, &before, &after).unwrap();
    let folder = Folder::new("crosswalk");
    let path = folder.0.join("crosswalk.csv");
    write_crosswalk(&table, &path).unwrap();
    assert_eq!(read_crosswalk(&path).unwrap(), table);
    let mut other = before.clone();
    other.groups[5].points = Some(Points(15_000_001));
    let err = Crosswalk::of(&table, &other, &after).unwrap_err();
    assert!(matches!(&err, Error::OtherCrosswalk { group } if group == "S"), "{err:?}");
    let kept = Catalog { tables: vec![table], ..after.clone() };
    assert_eq!(Crosswalk::kept(&before, &kept), Some(facts));
    assert_eq!(Crosswalk::kept(&other, &kept), None);
    assert_eq!(Crosswalk::kept(&before, &after), None);
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
        let rows = diff(&with(one.clone()), &with(two.clone()), None).unwrap();
        prop_assert_eq!(apply(&rows, &one).unwrap(), two);
        let ranked: Vec<Fen> = rows.iter().map(|row| row.money).collect();
        prop_assert!(ranked.is_sorted_by(|first, second| first >= second), "{ranked:?}");
    }
}
