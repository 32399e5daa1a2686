//! What another catalog would move, and which cases went where.

use super::super::{Error, Grouped, crosswalk, impact};
use super::{cases, catalog, dec, policy, weights};
use crate::catalog::model::Catalog;
use crate::policy::model::{Cite, Unit, UnitKind};
use crate::settlement::cases::{Cases, flag};
use crate::units::{Fen, Points};

/// Sets points, in whole points; a mean of 1 keeps a group from counting as ungrouped.
fn priced(points: &[(&str, i64)]) -> Catalog {
    let rows: Vec<(&str, &str, u16, i64)> =
        points.iter().map(|(code, _)| (*code, "H1", 2023, 100)).collect();
    let mut catalog = catalog(&cases(&rows), &policy(weights(&["1"])), &[2023]);
    for group in &mut catalog.groups {
        let (_, points) = points.iter().find(|(code, _)| *code == group.group_code).unwrap();
        group.points = Some(Points(points * 1_000_000));
    }
    catalog
}

fn grouped<'a>(cases: &'a Cases, catalog: &'a Catalog) -> Grouped<'a> {
    Grouped { cases, catalog, ungrouped_factor: dec("0.7"), units: &[] }
}

/// A year: H1 has two cases of A and one without a group, H2 one of A and two of B.
fn year() -> Cases {
    let mut year = cases(&[
        ("A", "H1", 2024, 1000),
        ("A", "H1", 2024, 1000),
        ("", "H1", 2024, 2000),
        ("A", "H2", 2024, 1000),
        ("B", "H2", 2024, 3000),
        ("B", "H2", 2024, 3000),
    ]);
    year.fund_fen = vec![10_000; 6];
    year
}

// Base mean 1 yuan, scale 1000: the ungrouped case has 0.7 × 20 ÷ 1 × 1000 = 14 000 points (A41).
// New, A 1000 and B 3000: H1 2 × 1000 + 14 000 = 16 000, H2 1000 + 2 × 3000 = 7000; of 600 yuan
// 417.391… and 182.608…. Last, A 2000 and B 1000: H1 18 000, H2 4000; 490.909… and 109.090….
// shows: E19, A41
#[test]
fn a_trial_shows_every_institution_what_it_would_get() {
    let (year, new, last) =
        (year(), priced(&[("A", 1000), ("B", 3000)]), priced(&[("A", 2000), ("B", 1000)]));
    let table = impact(grouped(&year, &new), Some(grouped(&year, &last))).unwrap();
    let cells = |row| {
        let names = [
            "fixmedins_code",
            "cases",
            "booked_yuan",
            "last_points",
            "points",
            "last_money_yuan",
            "money_yuan",
            "change_yuan",
            "change_percent",
        ];
        names.map(|name| table.cell(name, row).unwrap())
    };
    assert_eq!(
        cells(0),
        [
            "H1",
            "3",
            "300.00",
            "18000.000000",
            "16000.000000",
            "490.91",
            "417.39",
            "-73.52",
            "-14.9763"
        ]
    );
    assert_eq!(
        cells(1),
        ["H2", "3", "300.00", "4000.000000", "7000.000000", "109.09", "182.61", "73.52", "67.3939"]
    );
    // Without a catalog before there is nothing to change from.
    let alone = impact(grouped(&year, &new), None).unwrap();
    assert_eq!(alone.cell("money_yuan", 0).as_deref(), Some("417.39"));
    for name in ["last_points", "last_money_yuan", "change_yuan", "change_percent"] {
        assert_eq!(alone.cell(name, 0), None, "{name}");
    }
}

// One of the two A of H1 costs nothing: 1000 + 14 000 points; it is counted and was booked all the same.
// shows: R11
#[test]
fn a_case_of_fee_zero_has_no_points_in_a_trial() {
    let new = priced(&[("A", 1000), ("B", 3000)]);
    let mut free = year();
    free.fee_fen[0] = 0;
    let table = impact(grouped(&free, &new), None).unwrap();
    let cell = |name: &str| table.cell(name, 0).unwrap();
    assert_eq!(
        [cell("cases"), cell("booked_yuan"), cell("points")],
        ["3", "300.00", "15000.000000"]
    );
}

// At base mean 1 yuan and scale 1000 a yuan is worth 1000 points. H1: an item of 20 yuan, 20 000, without
// the 0.7 of the ungrouped; 3 days at 5 yuan, 15 000, whatever they cost; H2: a quota of 7 yuan, 7000, and
// one A, 1000; its second quota costs nothing and has none (R11).
// shows: J03, H14, R11
#[test]
fn units_are_priced_in_a_trial_as_they_are_settled() {
    let unit = |code: &str, kind| Unit {
        cite: Cite::default(),
        code: code.to_owned(),
        kind,
        hi_paymtd: vec!["7".to_owned()],
        dise_codg: Vec::new(),
        med_type: Vec::new(),
    };
    let units = [
        unit("BED", UnitKind::BedDays { standard: Fen(500) }),
        unit("ITEM", UnitKind::Item),
        unit("QUOTA", UnitKind::Quota { standard: Fen(700) }),
    ];
    let mut year = cases(&[
        ("ITEM", "H1", 2024, 2000),
        ("BED", "H1", 2024, 9999),
        ("QUOTA", "H2", 2024, 123),
        ("A", "H2", 2024, 100),
        ("QUOTA", "H2", 2024, 0),
    ]);
    year.fund_fen = vec![10_000; 5];
    year.unit_days = vec![1, 3, 1, 0, 1];
    let new = priced(&[("A", 1000)]);
    let table = impact(Grouped { units: &units, ..grouped(&year, &new) }, None).unwrap();
    let points = |row| table.cell("points", row).unwrap();
    assert_eq!([points(0), points(1)], ["35000.000000", "8000.000000"]);
}

// E32: a patient who pays alone is in the means, never in a settlement.
// shows: E32
#[test]
fn patients_who_pay_themselves_move_nothing() {
    let new = priced(&[("A", 1000), ("B", 3000)]);
    let mut paying = year();
    paying.flags[0] = flag::SELF_PAYING;
    let table = impact(grouped(&paying, &new), None).unwrap();
    assert_eq!(table.cell("cases", 0).as_deref(), Some("2"));
    assert_eq!(table.cell("points", 0).as_deref(), Some("15000.000000"));
}

// shows: E19
#[test]
fn money_without_points_is_refused() {
    let mut free = year();
    free.fee_fen = vec![0; 6];
    let none = priced(&[("Z", 1)]);
    let err = impact(grouped(&free, &none), None).unwrap_err();
    assert_eq!(
        err.to_string(),
        "600.00 yuan were booked, but no case of that year has points under this catalog"
    );
}

// Three cases of X become two of Y and one without a group; one case is there only before, one only after.
// shows: E34
#[test]
fn a_crosswalk_counts_the_same_cases_in_both_groupings() {
    let ids = |cases: Cases, ids: &[&str]| Cases {
        case_id: ids.iter().copied().map(Some).collect(),
        ..cases
    };
    let one = |group: &'static str, fee| (group, "H1", 2024, fee);
    let before = ids(
        cases(&[one("X", 100), one("X", 200), one("X", 400), one("X", 800)]),
        &["c1", "c2", "c3", "c4"],
    );
    let after = ids(
        cases(&[one("", 400), one("Y", 100), one("Y", 200), one("Y", 1600)]),
        &["c3", "c1", "c2", "c5"],
    );
    let (last, new) = (priced(&[("X", 1000)]), priced(&[("Y", 1500)]));
    let table = crosswalk(grouped(&before, &last), grouped(&after, &new)).unwrap();
    let rows: Vec<_> = (0..table.rows())
        .map(|row| {
            let names = [
                "group_before",
                "group_after",
                "cases",
                "cost_yuan",
                "points_before",
                "points_after",
            ];
            names.map(|name| table.cell(name, row).unwrap_or_default())
        })
        .collect();
    assert_eq!(
        rows,
        [
            ["", "Y", "1", "16.00", "", "1500.000000"],
            ["X", "", "1", "8.00", "1000.000000", ""],
            ["X", "Y", "2", "3.00", "1000.000000", "1500.000000"],
            ["X", "ungrouped", "1", "4.00", "1000.000000", ""],
        ]
    );
    let nameless = cases(&[one("X", 100)]);
    let err = crosswalk(grouped(&nameless, &last), grouped(&after, &new)).unwrap_err();
    assert!(matches!(err, Error::Columns { .. }), "{err:?}");
}
