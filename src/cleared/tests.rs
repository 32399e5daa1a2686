//! One difference at a time with numbers worked by hand, sheets that are refused, and all at once.

use std::num::NonZeroUsize;

use super::{
    Candidate, Cause, Difference, Error, Explained, Sheet, SheetCase, SheetRow, add_places,
    contributions, difference_table, explain, institution_table, summary_table,
};
use crate::attribution::tests::scene::{Scene, YEAR, cases, catalog, dec, yuan};
use crate::explain::Explain as _;
use crate::settlement::{Advance, AdvanceKind};
use crate::units::{Fen, Points};

fn row(institution: &str, item: &str, amount: &str) -> SheetRow {
    SheetRow {
        pool: String::new(),
        period: String::new(),
        fixmedins_code: institution.to_owned(),
        item: item.to_owned(),
        amount: dec(amount),
    }
}

/// The cases of a scene as the sheet would list them.
fn listed(scene: &Scene) -> Vec<SheetCase> {
    let input = scene.input("own");
    let own = contributions(&scene.cases, &input).unwrap();
    own.iter()
        .map(|(at, own)| SheetCase {
            setl_id: scene.cases.case_id[*at].to_owned(),
            fixmedins_code: scene.cases.institutions[scene.cases.institution[*at] as usize].clone(),
            month: 1,
            points: Some(Points(i64::try_from(own.points).unwrap())),
            ..SheetCase::default()
        })
        .collect()
}

fn explained(scene: &Scene, rows: &[SheetRow], listed: Vec<SheetCase>) -> Explained {
    let sheet = Sheet::new(YEAR, rows, listed).unwrap();
    let mut cases = scene.cases.clone();
    add_places(&mut cases, &sheet);
    let own = Candidate { title: String::new(), input: scene.input("baseline"), cases: &cases };
    explain(&[own], &sheet, NonZeroUsize::MIN).unwrap()
}

/// Cause, institution, key, amount, effect on others.
fn named(explained: &Explained) -> Vec<(Cause, String, String, String, String)> {
    let text = |one: &Difference| {
        (
            one.cause,
            one.fixmedins_code.clone(),
            one.key.clone(),
            one.amount.to_string(),
            one.others.to_string(),
        )
    };
    explained.differences.iter().map(text).collect()
}

fn one(
    cause: Cause,
    institution: &str,
    key: &str,
    (amount, others): (&str, &str),
) -> Vec<(Cause, String, String, String, String)> {
    let text = str::to_owned;
    vec![(cause, text(institution), text(key), text(amount), text(others))]
}

#[test]
fn a_sheet_that_says_what_was_settled_has_no_difference() {
    let scene = Scene::old();
    let rows = [row("X", "paid", "400"), row("Y", "paid", "400"), row("", "budget", "800")];
    let explained = explained(&scene, &rows, listed(&scene));
    assert_eq!(explained.differences, []);
    let summary = summary_table(&explained, false);
    assert_eq!(summary.rows(), 1);
    assert_eq!(summary.cell("cause", 0).as_deref(), Some("unexplained"));
    assert_eq!(summary.cell("moved_yuan", 0).as_deref(), Some("0.00"));
    assert_eq!(summary.cell("share_of_paid", 0).as_deref(), Some("0.000000"));
}

#[test]
fn a_claim_that_is_missing_here_moves_money_to_its_institution() {
    // The sheet has one more case of 200 points: 800.00 ÷ 600 points, X 200 points 266.67 (its fraction
    // 0.67 of a fen is the larger one), Y 400 points 533.33.
    let scene = Scene::old();
    let mut cases = listed(&scene);
    cases.push(SheetCase { setl_id: "new".to_owned(), ..cases[2].clone() });
    let rows = [row("X", "paid", "266.67"), row("Y", "paid", "533.33")];
    let explained = explained(&scene, &rows, cases);
    let expected = one(Cause::ClaimMissing, "Y", "new", ("133.33", "-133.33"));
    assert_eq!(named(&explained), expected);
    assert_eq!(explained.differences[0].moved, yuan("266.66"));
    assert_eq!(explained.differences[0].sheet, "200");
}

#[test]
fn a_claim_that_the_sheet_does_not_have_is_extra() {
    // Without one case of 100 points: 800.00 ÷ 300 points, X 100 points 266.67, Y 533.33.
    let scene = Scene::old();
    let mut cases = listed(&scene);
    let gone = cases.remove(0);
    let rows = [row("X", "paid", "266.67"), row("Y", "paid", "533.33")];
    let explained = explained(&scene, &rows, cases);
    let expected = one(Cause::ClaimExtra, "X", &gone.setl_id, ("-133.33", "133.33"));
    assert_eq!(named(&explained), expected);
}

#[test]
fn an_institution_that_only_the_sheet_knows_gets_its_place() {
    // 800.00 ÷ 500 points: A 100 points 160.00, X and Y 200 points 320.00.
    let scene = Scene::old();
    let mut cases = listed(&scene);
    cases.push(SheetCase {
        setl_id: "new".to_owned(),
        fixmedins_code: "A".to_owned(),
        ..cases[0].clone()
    });
    let rows = [row("A", "paid", "160"), row("X", "paid", "320"), row("Y", "paid", "320")];
    let explained = explained(&scene, &rows, cases);
    assert_eq!(named(&explained), one(Cause::ClaimMissing, "A", "new", ("160.00", "-160.00")));
}

/// X and Y have four cases of 100 points, Z two of 200; 1.00 a point.
fn three() -> Scene {
    let rows =
        [("X", "A", "100", "80", 4), ("Y", "A", "100", "80", 4), ("Z", "B", "200", "150", 2)];
    Scene { cases: cases(&rows), budget: "1200", ..Scene::old() }
}

#[test]
fn a_multiple_of_all_cases_of_an_institution_is_its_coefficient() {
    // X has 600 of 1 400 points: 514.28, the others 342.86 (514.285…, 342.857…).
    let scene = three();
    let mut cases = listed(&scene);
    for case in cases.iter_mut().filter(|case| case.fixmedins_code == "X") {
        case.points = Some(Points(150_000_000));
    }
    let paid = [("X", "514.28"), ("Y", "342.86"), ("Z", "342.86")];
    let rows = paid.map(|(code, paid)| row(code, "paid", paid));
    let explained = explained(&scene, &rows, cases);
    assert_eq!(named(&explained), one(Cause::Coefficient, "X", "", ("114.28", "-114.28")));
    assert_eq!(explained.differences[0].sheet, "1.5");
}

#[test]
fn a_multiple_of_all_cases_of_a_group_is_its_points() {
    // A counts 105 instead of 100 at X and Y: 420, 420, 400 of 1 240 points: 406.45, 406.45, 387.10
    // (406.451…, 387.096…).
    let scene = three();
    let mut cases = listed(&scene);
    for case in cases.iter_mut().filter(|case| case.fixmedins_code != "Z") {
        case.points = Some(Points(105_000_000));
    }
    let paid = [("X", "406.45"), ("Y", "406.45"), ("Z", "387.10")];
    let rows = paid.map(|(code, paid)| row(code, "paid", paid));
    let explained = explained(&scene, &rows, cases);
    assert_eq!(named(&explained), one(Cause::GroupPoints, "", "A", ("0.00", "0.00")));
    // 6.45 + 6.45 up and 12.90 down.
    assert_eq!(explained.differences[0].moved, yuan("25.80"));
    assert_eq!(explained.differences[0].sheet, "1.05");
}

#[test]
fn budget_deduction_adjustment_and_rounding_are_told_apart() {
    // 900.00 instead of 800.00: 450.00 each; a fen goes from Y to X; X is deducted 10.00 and Y gets 5.00.
    let scene = Scene::old();
    let rows = [
        row("", "budget", "900"),
        row("X", "entitlement", "450.01"),
        row("X", "deduction", "10"),
        row("X", "paid", "440.01"),
        row("Y", "entitlement", "449.99"),
        row("Y", "adjustment", "5"),
        row("Y", "paid", "454.99"),
    ];
    let explained = explained(&scene, &rows, Vec::new());
    let expected = [
        one(Cause::Budget, "", "Y", ("100.00", "0.00")),
        one(Cause::Rounding, "X", "entitlement", ("0.01", "0.00")),
        one(Cause::Deduction, "X", "deduction", ("-10.00", "0.00")),
        one(Cause::Rounding, "Y", "entitlement", ("-0.01", "0.00")),
        one(Cause::ManualAdjustment, "Y", "adjustment", ("5.00", "0.00")),
    ];
    assert_eq!(named(&explained), expected.concat());
    let table = institution_table(&explained, false);
    let sum: i128 = (0..table.rows()).map(|row| table.fen("amount_yuan", row).unwrap()).sum();
    assert_eq!(sum, 44_001 + 45_499 - 80_000);
}

// shows: A46
#[test]
fn a_sheet_computed_with_the_printed_point_value_differs_by_rounding() {
    // 1 000.00 ÷ 3 000 points prints 0.3333: 333.30 and 666.60 instead of 333.33 and 666.67.
    let rows = [("X", "A", "100", "80", 1), ("Y", "B", "200", "150", 1)];
    let scene = Scene {
        catalog: catalog(&[("A", "1000"), ("B", "2000")]),
        cases: cases(&rows),
        budget: "1000",
        ..Scene::old()
    };
    let rows = [row("X", "paid", "333.30"), row("Y", "paid", "666.60")];
    let explained = explained(&scene, &rows, Vec::new());
    let expected = [
        one(Cause::Rounding, "X", "entitlement", ("-0.03", "0.00")),
        one(Cause::Rounding, "Y", "entitlement", ("-0.07", "0.00")),
    ];
    assert_eq!(named(&explained), expected.concat());
}

#[test]
fn advances_and_refunds_stand_beside_the_pay() {
    let scene = Scene::old();
    let rows = [
        row("X", "paid", "400"),
        row("X", "advance", "300"),
        row("X", "balance", "100"),
        row("Y", "paid", "400"),
        row("Y", "advance", "250"),
        row("Y", "refund", "12.34"),
        row("Y", "balance", "137.66"),
    ];
    let sheet = Sheet::new(YEAR, &rows, Vec::new()).unwrap();
    let mut input = scene.input("baseline");
    let advance = |institution: &str, amount: &str| Advance {
        pool: String::new(),
        institution: institution.to_owned(),
        month: Some(1),
        kind: AdvanceKind::Monthly,
        amount: yuan(amount),
    };
    input.given.advances = vec![advance("X", "260"), advance("X", "40"), advance("Y", "200")];
    let own = Candidate { title: String::new(), input, cases: &scene.cases };
    let explained = explain(&[own], &sheet, NonZeroUsize::MIN).unwrap();
    let expected = [
        one(Cause::Advance, "Y", "advance", ("-50.00", "0.00")),
        one(Cause::Refund, "Y", "refund", ("-12.34", "0.00")),
    ];
    assert_eq!(named(&explained), expected.concat());
    assert_eq!(explained.institutions[1].sheet, yuan("137.66"));
    assert_eq!(explained.institutions[1].own, yuan("200.00"));
}

#[test]
fn a_reading_that_leaves_less_unexplained_is_named() {
    // The sheet shares the surplus: 310 + 0.5 × (800 − 310) = 555.00, 277.50 each.
    let scene = Scene::old();
    let mut other = scene.input("share-50");
    let mut policy = scene.policy.clone();
    policy.sharing.surplus = dec("0.5");
    other.policy = &policy;
    let rows = [row("X", "entitlement", "277.50"), row("Y", "entitlement", "277.50")];
    let paid = [row("X", "paid", "277.50"), row("Y", "paid", "277.50")];
    let sheet = Sheet::new(YEAR, &[rows, paid].concat(), Vec::new()).unwrap();
    let candidate =
        |title: &str, input| Candidate { title: title.to_owned(), input, cases: &scene.cases };
    let all = [candidate("", scene.input("baseline")), candidate("half", other)];
    let explained = explain(&all, &sheet, NonZeroUsize::MIN).unwrap();
    assert_eq!(explained.rule.as_deref(), Some("share-50"));
    assert_eq!(named(&explained), one(Cause::Rule, "", "share-50", ("-245.00", "0.00")));
    // Without that reading the same sheet is not explained, and that stands first.
    let alone = explain(&all[..1], &sheet, NonZeroUsize::MIN).unwrap();
    let table = summary_table(&alone, false);
    assert_eq!(table.cell("cause", 0).as_deref(), Some("unexplained"));
    assert_eq!(table.cell("moved_yuan", 0).as_deref(), Some("245.00"));
    // 245 ÷ 555.
    assert_eq!(table.cell("share_of_paid", 0).as_deref(), Some("0.441441"));
    let lines = difference_table(&alone, true);
    assert_eq!(lines.cell("cause", 0).as_deref(), Some("未解释"));
}

#[test]
fn a_single_case_that_is_worth_something_else_is_located_and_unexplained() {
    // One case of X counts 300 instead of 100: X 600 of 1 400 points, as above.
    let scene = three();
    let mut cases = listed(&scene);
    cases[0].points = Some(Points(300_000_000));
    let paid = [("X", "514.28"), ("Y", "342.86"), ("Z", "342.86")];
    let rows = paid.map(|(code, paid)| row(code, "paid", paid));
    let explained = explained(&scene, &rows, cases);
    let expected = one(Cause::Unexplained, "X", "000000", ("114.28", "-114.28"));
    assert_eq!(named(&explained), expected);
}

#[test]
fn a_sheet_that_does_not_add_up_is_refused_with_its_rows() {
    let rows = [
        row("X", "entitlement", "450"),
        row("X", "deduction", "10"),
        row("X", "paid", "450"),
        row("Y", "paid", "100"),
        row("Y", "advance", "30"),
        row("Y", "balance", "80"),
        row("", "paid", "560"),
    ];
    let err = Sheet::new(YEAR, &rows, Vec::new()).unwrap_err();
    assert_eq!(
        err.to_string(),
        "the official sheet of 2024 does not add up: `X` in `all`: 450.00 + 0.00 − 10.00 ≠ paid \
         450.00; `Y` in `all`: paid 100.00 − 30.00 − 0.00 ≠ balance 80.00; pool `all`: its \
         institutions are paid 550.00, not 560.00"
    );
    assert_eq!(err.kind().exit_code(), 2);
    let scene = Scene::old();
    let rows = [row("X", "paid", "1"), row("X", "cases", "3"), row("X", "points", "200")];
    let err = Sheet::new(YEAR, &rows, listed(&scene)).unwrap_err();
    let message = "the official sheet of 2024 does not add up: `X`: its cases have 2 cases, not 3";
    assert_eq!(err.to_string(), message);
}

#[test]
fn a_sheet_is_read_strictly() {
    let refused = |rows: &[SheetRow], cases| Sheet::new(YEAR, rows, cases).unwrap_err();
    let err = refused(&[row("X", "payed", "1")], Vec::new());
    assert_eq!(err.to_string(), "table `cleared`, 2024: `payed` of `X` is not an item");
    assert!(err.hints().contains(&"did you mean `paid`?".to_owned()));
    let err = refused(&[row("X", "paid", "1.005")], Vec::new());
    assert!(err.to_string().contains("`paid` of `X` is 1.005; wanted yuan"), "{err}");
    let err = refused(&[row("X", "paid", "1"), row("X", "paid", "2")], Vec::new());
    assert!(err.to_string().ends_with("in pool `all` is 1.00 and 2.00"), "{err}");
    let err = refused(&[row("X", "advance", "1")], Vec::new());
    assert!(matches!(err, Error::NoPaid { .. }));
    let err = refused(&[row("X", "budget", "1")], Vec::new());
    assert!(matches!(err, Error::Value { .. }));
    let case = SheetCase { setl_id: "s".to_owned(), month: 1, ..SheetCase::default() };
    let err = refused(&[], vec![case.clone()]);
    let message =
        "table `cleared_case`, 2024: settlement `s` has neither points nor an amount, or both";
    assert_eq!(err.to_string(), message);
    let counted = SheetCase { amount: Some(Fen(1)), ..case };
    let err = refused(&[], vec![counted.clone(), counted]);
    assert!(matches!(err, Error::CaseTwice { .. }));
}

#[test]
fn points_of_a_catalog_move_nothing_where_the_sheet_agrees() {
    // A second catalog that the sheet does not follow is a reading that explains less.
    let scene = Scene::old();
    let rows = [row("X", "paid", "400"), row("Y", "paid", "400")];
    let sheet = Sheet::new(YEAR, &rows, listed(&scene)).unwrap();
    let other = catalog(&[("A", "130"), ("B", "200")]);
    let mut input = scene.input("other");
    input.catalog = Some(&other);
    let own =
        Candidate { title: String::new(), input: scene.input("baseline"), cases: &scene.cases };
    let other = Candidate { title: String::new(), input, cases: &scene.cases };
    let explained = explain(&[own, other], &sheet, NonZeroUsize::MIN).unwrap();
    assert_eq!((explained.rule, explained.differences.len()), (None, 0));
}
