//! Caps on the change of points, and totals that are held.

use proptest::prelude::*;

use super::build::{Folder, dec, group, tiny, write_draft, yuan};
use crate::catalog::hold::{Item, factor, publish, total};
use crate::catalog::model::{Catalog, Group, IdentityLine};
use crate::catalog::{Error, adjust, verify};
use crate::explain::{Explain, render};
use crate::policy;
use crate::policy::model::{ChangeCap, Cite, Hold, Policy};
use crate::units::{Points, Ratio, ratio};

/// At scale 100 and a base mean of 300 a point is worth 3 yuan: a mean of 3 × points, no rounding.
fn with(groups: &[(&str, u64, &str)]) -> Catalog {
    let groups: Vec<Group> = groups
        .iter()
        .map(|(code, cases, points)| {
            group(code, *cases, &(dec(points) * dec("3")).to_string(), points)
        })
        .collect();
    let given: rust_decimal::Decimal =
        groups.iter().map(|group| group.mean * rust_decimal::Decimal::from(group.cases)).sum();
    let line = |line: &str| IdentityLine { line: line.to_owned(), amount: given };
    Catalog { groups, identity: vec![line("points_total"), line("total")], ..tiny() }
}

fn rules(up: Option<&str>, down: Option<&str>, hold: Hold) -> Policy {
    let mut policy = policy::load("jining-apg").unwrap().policy;
    let cap = ChangeCap { cite: Cite::default(), up: up.map(dec), down: down.map(dec) };
    policy.life.change_cap = (up.is_some() || down.is_some()).then_some(cap);
    policy.life.hold = hold;
    policy
}

fn points(catalog: &Catalog) -> Vec<String> {
    let shown = |group: &Group| group.points.unwrap().to_decimal().normalize().to_string();
    catalog.groups.iter().map(shown).collect()
}

fn lines(catalog: &Catalog) -> Vec<(String, String)> {
    let lines = catalog.identity.iter();
    lines.map(|line| (line.line.clone(), line.amount.normalize().to_string())).collect()
}

fn line(line: &str, amount: &str) -> (String, String) {
    (line.to_owned(), amount.to_owned())
}

// 100 × 1.1 = 110 and 100 × 0.8 = 80 are allowed, one ten-thousandth beyond is not; 33.3333 × 1.1 =
// 36.66663, so 36.6666 is the highest. B: 20 × −0.0001 × 3 = −0.006 yuan; D: 40 × 0.0001 × 3 = 0.012;
// E: 100 × −0.0001 × 3 = −0.03. NEW has no last points.
// shows: E34
#[test]
fn a_cap_holds_what_lies_beyond_it_and_nothing_on_the_line() {
    let last = with(&[
        ("A", 1, "100"),
        ("B", 1, "100"),
        ("C", 1, "100"),
        ("D", 1, "100"),
        ("E", 1, "33.3333"),
        ("F", 1, "33.3333"),
        ("GONE", 9, "5"),
    ]);
    let mut catalog = with(&[
        ("A", 10, "110"),
        ("B", 20, "110.0001"),
        ("C", 30, "80"),
        ("D", 40, "79.9999"),
        ("E", 100, "36.6667"),
        ("F", 1, "36.6666"),
        ("NEW", 1, "900"),
    ]);
    let policy = rules(Some("0.10"), Some("0.20"), Hold::Nothing);
    adjust(&mut catalog, &policy, Some(&last)).unwrap();
    assert_eq!(points(&catalog), ["110", "110", "80", "80", "36.6666", "36.6666", "900"]);
    let capped: Vec<&str> = catalog
        .groups
        .iter()
        .filter(|group| group.flags.contains(&"capped".to_owned()))
        .map(|group| group.group_code.as_str())
        .collect();
    assert_eq!(capped, ["B", "D", "E"]);
    let table = catalog.table("change_cap").unwrap();
    let shown: Vec<_> = (0..table.rows())
        .map(|row| ["group_code", "side", "money_yuan"].map(|name| table.cell(name, row).unwrap()))
        .collect();
    let row = |code: &str, side: &str, money: &str| [code, side, money].map(str::to_owned);
    assert_eq!(
        shown,
        [
            row("A", "", "0.00"),
            row("B", "up", "-0.01"),
            row("C", "", "0.00"),
            row("D", "down", "0.01"),
            row("E", "up", "-0.03"),
            row("F", "", "0.00"),
        ]
    );
    // −0.006 + 0.012 − 0.03 = −0.024: what the caps took is given back by their line.
    let before = with(&[]).identity.len();
    assert_eq!(lines(&catalog).len(), before + 1);
    assert_eq!(lines(&catalog)[1], line("change_cap", "0.024"));
}

// Last points for the same cases: 10 × 100 + 5 × 200 = 2000; computed 10 × 110 + 5 × 240 = 2300, so the
// factor is 20/23: 95.65217… and 208.69565…. Rounded down they lack 10 × 0.0000739… + … = 0.0010 points:
// the larger fraction (A, 10 cases) takes it, and 10 × 95.6522 + 5 × 208.6956 = 2000 to all places.
// shows: E34
#[test]
fn total_points_are_held_to_all_places() {
    let last = with(&[("A", 1, "100"), ("B", 1, "200")]);
    let mut catalog = with(&[("A", 10, "110"), ("B", 5, "240")]);
    adjust(&mut catalog, &rules(None, None, Hold::TotalPoints), Some(&last)).unwrap();
    assert_eq!(points(&catalog), ["95.6522", "208.6956"]);
    let table = catalog.table("hold").unwrap();
    let proof: Vec<_> = (0..table.rows())
        .map(|row| (table.cell("line", row).unwrap(), table.cell("points", row).unwrap()))
        .collect();
    assert_eq!(
        proof,
        [
            line("computed", "2300.000000"),
            line("capped", "2300.000000"),
            line("target", "2000.000000"),
            line("held", "2000.000000"),
            line("published", "2000.000000"),
            line("rounding", "0.000000"),
        ]
    );
    assert_eq!(table.cell("factor", 3).as_deref(), Some("0.869565217391"));
    // 300 points at 3 yuan.
    assert_eq!(
        lines(&catalog),
        [line("points_total", "6000"), line("hold", "900"), line("total", "6900")]
    );
    let folder = Folder::new("held");
    let dir = folder.0.join("c");
    // The catalog of `tiny` has other institutions, so only what is held is looked at.
    write_draft(&catalog, &dir).unwrap();
    let passed = |name: &str| {
        let report = verify(&dir).unwrap();
        report.checks.iter().find(|check| check.check == name).unwrap().passed
    };
    assert!(passed("published points") && passed("identity") && passed("points total"));
    // Points that do not follow from table `hold` are found.
    let mut wrong = catalog.clone();
    wrong.groups[1].points = Some(Points(208_695_700));
    write_draft(&wrong, &dir).unwrap();
    assert!(!passed("published points"));
}

// A group that is new has no last points and counts as computed: 10 × 100 + 5 × 240 = 2200 is held.
// shows: E34
#[test]
fn groups_new_to_the_catalog_count_as_computed() {
    let last = with(&[("A", 1, "100")]);
    let mut catalog = with(&[("A", 10, "110"), ("B", 5, "240")]);
    adjust(&mut catalog, &rules(None, None, Hold::TotalPoints), Some(&last)).unwrap();
    let table = catalog.table("hold").unwrap();
    assert_eq!(table.cell("points", 2).as_deref(), Some("2200.000000"));
    assert_eq!(table.cell("points", 4).as_deref(), Some("2200.000000"));
}

// A may rise to 105: what it loses, 10 × 5 = 50 points, goes to B, 5 × 250 = 1250; in all 2300 as
// computed. B is new and free.
// shows: E34
#[test]
fn what_a_cap_takes_goes_to_the_groups_that_are_free() {
    let last = with(&[("A", 1, "100")]);
    let mut catalog = with(&[("A", 10, "110"), ("B", 5, "240")]);
    adjust(&mut catalog, &rules(Some("0.05"), None, Hold::Scale), Some(&last)).unwrap();
    assert_eq!(points(&catalog), ["105", "250"]);
    // −50 points at 3 yuan by the cap, +50 by the factor.
    assert_eq!(
        lines(&catalog),
        [
            line("points_total", "6900"),
            line("hold", "-150"),
            line("change_cap", "150"),
            line("total", "6900")
        ]
    );
    // Both at their ends: 10 × 105 + 5 × 210 = 2100.
    let last = with(&[("A", 1, "100"), ("B", 1, "200")]);
    let mut catalog = with(&[("A", 10, "110"), ("B", 5, "240")]);
    let before = catalog.clone();
    let err = adjust(&mut catalog, &rules(Some("0.05"), None, Hold::Scale), Some(&last));
    assert_eq!(
        render(&err.unwrap_err()),
        "error: the total of 2300.000000 points cannot be held: the caps of `weights.change_cap` \
         leave 2100.000000 at most\n\
         hint: widen `up` or `down`, or hold `none` in a scenario"
    );
    assert_eq!(catalog, before);
    // And at least 10 × 95 + 5 × 190 = 1900 where last year's total is 1500.
    let last = with(&[("A", 1, "100"), ("B", 1, "200")]);
    let mut catalog = with(&[("A", 10, "50"), ("B", 5, "100")]);
    let err = adjust(&mut catalog, &rules(None, Some("0.05"), Hold::Scale), Some(&last));
    let text = render(&err.unwrap_err());
    assert!(text.contains("1000.000000 points") && text.contains("1900.000000 at least"), "{text}");
}

#[test]
fn without_rules_nothing_is_asked_and_nothing_changes() {
    let mut catalog = with(&[("A", 10, "110")]);
    let before = catalog.clone();
    adjust(&mut catalog, &rules(None, None, Hold::Nothing), None).unwrap();
    assert_eq!(catalog, before);
    adjust(&mut catalog, &rules(None, None, Hold::Scale), None).unwrap();
    assert_eq!(catalog.groups, before.groups, "nothing was capped, so nothing is held back");
}

// shows: E34
#[test]
fn a_last_catalog_must_be_there_and_be_comparable() {
    let mut catalog = with(&[("A", 10, "110")]);
    let refused = |policy: &Policy, last: Option<&Catalog>| {
        let err = adjust(&mut catalog.clone(), policy, last).unwrap_err();
        assert_eq!(err.kind().exit_code(), 2);
        render(&err)
    };
    let hint = "\nhint: name it with `--last DIR`, or remove the section in a scenario";
    assert_eq!(
        refused(&rules(Some("0.1"), None, Hold::Nothing), None),
        format!(
            "error: `weights.change_cap` compares with the last catalog, and none is named{hint}"
        )
    );
    assert_eq!(
        refused(&rules(None, None, Hold::TotalPoints), None),
        format!("error: `weights.hold` compares with the last catalog, and none is named{hint}")
    );
    let hold = rules(None, None, Hold::TotalPoints);
    for (last, said) in [
        (
            Catalog { system: "other".to_owned(), ..catalog.clone() },
            "system `other`, this one `tiny`",
        ),
        (Catalog { scale: Some(dec("1000")), ..catalog.clone() }, "scale `1000`, this one `100`"),
        (Catalog { places: 2, ..catalog.clone() }, "places `2`, this one `4`"),
    ] {
        assert!(refused(&hold, Some(&last)).contains(said), "{said}");
    }
    catalog.identity.clear();
    let last = with(&[("A", 1, "100")]);
    let err = adjust(&mut catalog.clone(), &hold, Some(&last)).unwrap_err();
    assert!(matches!(err, Error::IdentityLost), "{err:?}");
}

// Whole units. At factor 1/2 every odd number has half a unit that may be raised; the gap is half of the
// cases, rounded down.
#[test]
fn units_go_where_there_is_room_for_them() {
    let item = |cases, computed| Item { cases, computed, low: None, high: None };
    let half = Ratio::new(1.into(), 2.into());
    // 7 and 4 cases: the gap is 5; 7 have no room, 4 take it, and 1 is left over.
    // 2 × (2⁶³ − 1) is no number of 64 bits; 1 × is the largest.
    let most = [item(1, i64::MAX)];
    assert_eq!(publish(&most, &ratio(1), 1), Some(vec![i64::MAX]));
    assert_eq!(publish(&most, &ratio(2), 1), None);
    assert_eq!(publish(&[item(7, 3), item(4, 5)], &half, 1), Some(vec![1, 3]));
    // 3 and 4: the gap is 3, the first takes all of it.
    assert_eq!(publish(&[item(3, 1), item(4, 1)], &half, 1), Some(vec![1, 0]));
    // 2, 3 and 1: the gap is 3; the first takes 2, the second has no room, the third takes 1.
    assert_eq!(publish(&[item(2, 1), item(3, 1), item(1, 1)], &half, 1), Some(vec![1, 0, 1]));
    // 4/6 of 3 cases and 3/6 of 4: the gap is 2 + 2 = 4. The larger fraction takes 3 and leaves 1; the
    // second has one case more than the first, so that they exchange and nothing is left.
    let sixth = Ratio::new(1.into(), 6.into());
    assert_eq!(publish(&[item(3, 4), item(4, 3)], &sixth, 1), Some(vec![0, 1]));
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item =
        (0u64..200, 0i64..5_000, prop::option::of(0i64..5_000), prop::option::of(0i64..5_000));
    let item = item.prop_map(|(cases, computed, low, high)| {
        let (low, high) = match (low, high) {
            (Some(one), Some(two)) => (Some(one.min(two)), Some(one.max(two))),
            ends => ends,
        };
        let unit = |end: i64| end * 100;
        Item { cases, computed: computed * 100, low: low.map(unit), high: high.map(unit) }
    });
    prop::collection::vec(item, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // shows: E34
    #[test]
    fn the_factor_gives_the_total_exactly(items in items(), share in 0i64..300) {
        // Any total between all at their lower ends and a factor of 3.
        let (low, high) = (total(&items, &ratio(0)), total(&items, &ratio(3)));
        let target = (&low + (high - &low) * Ratio::new(share.into(), 300.into())).floor();
        if let Some(factor) = factor(&items, &target) {
            prop_assert_eq!(total(&items, &factor), target.clone());
            let published = publish(&items, &factor, 100).unwrap();
            let sum: Ratio =
                items.iter().zip(&published).map(|(item, points)| ratio(item.cases) * ratio(*points)).sum();
            let gap = (target - sum) / ratio(100);
            let most = items.iter().map(|item| item.cases).max().unwrap_or(0) + 1;
            prop_assert!(gap >= ratio(0) && gap < ratio(most), "{gap}");
            for (item, points) in items.iter().zip(&published) {
                prop_assert!(points % 100 == 0);
                prop_assert!(item.low.is_none_or(|low| low <= *points));
                prop_assert!(item.high.is_none_or(|high| *points <= high));
                let exact = item.at(&factor);
                prop_assert!(ratio(*points) - &exact < ratio(100) && exact - ratio(*points) < ratio(100));
            }
        } else {
            // Only where no group is free between its ends does a total lie out of reach.
            prop_assert!(target < low || target > total(&items, &ratio(1_000_000)));
        }
    }
}

// shows: E34
#[test]
fn money_of_a_moved_point_is_that_of_an_override() {
    let catalog = with(&[("A", 10, "110")]);
    // 10 × (112 − 110) × 3.
    let moved = (Points(110_000_000), Points(112_000_000));
    assert_eq!(catalog.money(&catalog.groups[0], moved), Some(yuan("60")));
}
