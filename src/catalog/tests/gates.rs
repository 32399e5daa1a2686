//! What a catalog has to pass, and which gates keep it from being signed.

use super::build::{Folder, contents, dec, policy, tiny, write_draft, yuan};
use crate::catalog::model::{Catalog, Trimmed};
use crate::catalog::{
    Error, Signature, State, gate_table, gates, gates_of, publish, review, set_points, trial,
    verify_content,
};
use crate::explain::{Explain, render};
use crate::policy::model::Gates;
use crate::table::{Column, Table};

fn by(name: &str) -> Signature {
    Signature {
        by: name.to_owned(),
        on: "2023-12-01".parse().unwrap(),
        why: format!("{} 年度审核", policy().id),
    }
}

fn impact() -> Vec<Table> {
    vec![Table::new("impact").with("fixmedins_code", Column::text(["H1"]))]
}

/// The gates of a catalog as `(gate, limit, value, result)`.
fn judged(catalog: &Catalog, limits: &Gates) -> Vec<[String; 4]> {
    let table = gate_table(&gates(catalog, limits, &verify_content(catalog, false)));
    let cell = |name: &str, row| table.cell(name, row).unwrap_or_default();
    (0..table.rows())
        .map(|row| ["gate", "limit", "value", "result"].map(|name| cell(name, row)))
        .collect()
}

// `tiny` has 4 cases: 1 trimmed is a share of 0.25 and above 8 %; B, 1 case, is `single_year` and `small`.
// shows: E19, A39
#[test]
fn every_gate_is_listed_with_limit_and_value() {
    let row = |gate: &str, limit: &str, value: &str, result: &str| {
        [gate, limit, value, result].map(str::to_owned)
    };
    assert_eq!(
        judged(&tiny(), &Gates::default()),
        [
            row("verify", "0.000000", "0.000000", "passed"),
            row("not_above_zero", "0.000000", "0.000000", "passed"),
            row("trimmed", "0.080000", "0.250000", "failed"),
            row("single_year", "", "0.250000", "reported"),
            row("small", "", "0.250000", "reported"),
            row("no_cases", "", "0.000000", "reported"),
            row("inversions", "", "0.000000", "reported"),
        ]
    );
    // On the line a gate is open, one ten-thousandth below it is not.
    let at = |share: &str| Gates {
        trimmed_max: dec(share),
        single_year_max: Some(dec(share)),
        ..Gates::default()
    };
    for gate in [2, 3] {
        assert_eq!(judged(&tiny(), &at("0.25"))[gate][3], "passed");
        assert_eq!(judged(&tiny(), &at("0.2499"))[gate][3], "failed");
    }
    // 1 of 3 cases is above a limit that rounds to the same six places.
    let mut third = tiny();
    third.institutions[0].year_cases[0] = 0;
    let small = Gates { small_max: Some(dec("0.333333")), ..Gates::default() };
    assert_eq!(judged(&third, &small)[4], row("small", "0.333333", "0.333334", "failed"));
}

// shows: E19
#[test]
fn broken_identities_odd_prices_and_inversions_close_their_gates() {
    let failed = |catalog: &Catalog, limits: &Gates| -> Vec<String> {
        let rows = judged(catalog, limits).into_iter().filter(|row| row[3] == "failed");
        rows.map(|[gate, ..]| gate).collect()
    };
    let open = Gates { trimmed_max: dec("1"), ..Gates::default() };
    assert!(failed(&tiny(), &open).is_empty());
    let mut catalog = tiny();
    catalog.identity[1].amount = dec("-0.0004");
    assert_eq!(failed(&catalog, &open), ["verify"]);
    let mut catalog = tiny();
    catalog.groups[1].mean = dec("0");
    assert_eq!(failed(&catalog, &open), ["verify", "not_above_zero"]);
    // A group without cases has no mean, and that is no fault.
    catalog.groups[1].cases = 0;
    assert_eq!(failed(&catalog, &open), ["verify"]);
    let inverted = Table::new("inversions").with("group_code", Column::text(["A"]));
    let catalog = Catalog { tables: vec![inverted], ..tiny() };
    assert!(failed(&catalog, &open).is_empty());
    assert_eq!(failed(&catalog, &Gates { inversions: true, ..open }), ["inversions"]);
}

// shows: E19
#[test]
fn a_catalog_whose_gates_fail_is_neither_reviewed_nor_published() {
    let folder = Folder::new("gates");
    let dir = folder.0.join("c");
    write_draft(&tiny(), &dir).unwrap();
    trial(&dir, &impact(), "", &by("孙")).unwrap();
    // One of four cases trimmed, but the gate counts shares of all: 25 %.
    let mut trimmed = tiny();
    let shown = |err: &Error| render(err);
    let before = contents(&dir);
    let err = review(&dir, &by("张")).unwrap_err();
    assert_eq!(
        shown(&err),
        format!(
            "error: catalog `{}` does not pass: a review is refused; trimmed is 0.25, limit 0.08 (1 \
             of 4 cases)\n\
             hint: `dianshu catalog gates DIR` lists all of them; the limits are `[gates]` of the \
             policy",
            dir.canonicalize().unwrap().display()
        )
    );
    assert_eq!(err.kind().exit_code(), 2);
    assert_eq!(contents(&dir), before, "nothing is changed");
    assert_eq!(gates_of(&dir).unwrap().iter().filter(|gate| !gate.passed()).count(), 1);

    // The limits are those the catalog keeps: with 25 % allowed it is reviewed by two and published.
    let dir = folder.0.join("d");
    let allowed = Gates { trimmed_max: dec("0.25"), ..Gates::default() };
    let table = gate_table(&gates(&tiny(), &allowed, &[]));
    write_draft(&Catalog { tables: vec![table.clone()], ..tiny() }, &dir).unwrap();
    trial(&dir, &impact(), "", &by("孙")).unwrap();
    assert_eq!(review(&dir, &by("张")).unwrap(), State::Trial);
    assert_eq!(review(&dir, &by("李")).unwrap(), State::Reviewed);
    publish(&dir, &by("赵")).unwrap();

    // Two of four are too many.
    trimmed.trimmed.push(Trimmed {
        group_code: "B".to_owned(),
        year: 2023,
        cases: 1,
        amount: yuan("0"),
        kept_from: yuan("1"),
        kept_to: yuan("2"),
    });
    let dir = folder.0.join("e");
    write_draft(&Catalog { tables: vec![table], ..trimmed }, &dir).unwrap();
    trial(&dir, &impact(), "", &by("孙")).unwrap();
    assert!(shown(&review(&dir, &by("张")).unwrap_err()).contains("trimmed is 0.5, limit 0.25"));
}

// An expert may set 0 points; what is then paid for the group is nothing, and nobody signs that.
// shows: Z25, E19
#[test]
fn an_override_to_nothing_closes_the_gate() {
    let folder = Folder::new("zero");
    let dir = folder.0.join("c");
    write_draft(&Catalog { trimmed: Vec::new(), ..tiny() }, &dir).unwrap();
    set_points(&dir, "B", dec("0"), &by("王")).unwrap();
    trial(&dir, &impact(), "", &by("孙")).unwrap();
    let text = render(&review(&dir, &by("张")).unwrap_err());
    assert!(text.contains("not_above_zero is 1, limit 0 (B)"), "{text}");
}

// shows: E19
#[test]
fn a_trial_says_what_it_moves() {
    let folder = Folder::new("trial");
    let dir = folder.0.join("c");
    write_draft(&tiny(), &dir).unwrap();
    let err = trial(&dir, &[], "", &by("孙")).unwrap_err();
    assert_eq!(
        err.to_string(),
        "a trial needs table `impact`: what every institution would gain or lose"
    );
}
