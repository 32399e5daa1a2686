//! From draft to published: overrides, two reviews, and what no longer can be changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::build::{Folder, POLICY, contents, dec, policy, tiny, write_draft, yuan};
use rust_decimal::Decimal;

use crate::catalog::life::contradiction;
use crate::catalog::model::Catalog;
use crate::catalog::write::lock;
use crate::catalog::{
    Artefact, Entry, Error, Signature, State, history_table, open, override_table, publish, review,
    set_points, trial, verify, write,
};
use crate::explain::{Explain, render};
use crate::table::{Column, Table};
use crate::units::Points;

fn by(name: &str, on: &str) -> Signature {
    Signature { by: name.to_owned(), on: on.parse().unwrap(), why: "2024 年度审核".to_owned() }
}

fn draft(folder: &Folder) -> std::path::PathBuf {
    let dir = folder.0.join("c");
    write_draft(&whole(), &dir).unwrap();
    dir
}

/// Without trimmed cases: one of four would close a gate.
fn whole() -> Catalog {
    Catalog { trimmed: Vec::new(), ..tiny() }
}

// shows: Z25
#[test]
fn an_override_takes_away_what_other_tables_say_of_points() {
    let folder = Folder::new("stale");
    let dir = folder.0.join("c");
    let one = |name: &str| Table::new(name).with("group_code", Column::text(["A"]));
    let coefficients = Table::new("institution_coefficient")
        .with("fixmedins_code", Column::text(["H1"]))
        .with("coefficient", Column::text(["1.05"]))
        .with("points", Column::text(["200"]))
        .with("points_difference", Column::text(["1"]))
        .with("yuan_difference", Column::text(["3"]));
    let tables = vec![one("auxiliary"), one("cost_class"), one("expected_standard"), coefficients];
    write_draft(&Catalog { tables, ..whole() }, &dir).unwrap();
    assert_eq!(open(&dir).unwrap().catalog.tables.len(), 4);
    set_points(&dir, "B", dec("250"), &by("张", "2023-12-01")).unwrap();
    let left = open(&dir).unwrap().catalog.tables;
    let names: Vec<&str> = left.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["cost_class", "institution_coefficient"]);
    let columns: Vec<&str> = left[1].columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(columns, ["fixmedins_code", "coefficient"]);
    assert!(verify(&dir).unwrap().passed());
}

fn impact() -> Table {
    Table::new("impact").with("fixmedins_code", Column::text(["H1"]))
}

/// A draft of which the effect was shown.
fn on_trial(folder: &Folder) -> std::path::PathBuf {
    let dir = draft(folder);
    trial(&dir, &[impact()], "", &by("孙", "2023-12-01")).unwrap();
    dir
}

fn identity(dir: &Path) -> Vec<(String, String)> {
    let lines = open(dir).unwrap().catalog.identity;
    lines.into_iter().map(|line| (line.line, line.amount.normalize().to_string())).collect()
}

fn line(line: &str, amount: &str) -> (String, String) {
    (line.to_owned(), amount.to_owned())
}

// B has 1 case: 1 × (250 − 200) ÷ 100 × 300 = 150 yuan; the groups give 3 × 66.6667 ÷ 100 × 300 +
// 250 ÷ 100 × 300 = 600.0003 + 750.
#[test]
fn an_override_stands_beside_the_computed_points_with_its_money() {
    let folder = Folder::new("override");
    let dir = draft(&folder);
    let before = contents(&dir);
    let change = set_points(&dir, "B", dec("250"), &by("张", "2023-12-01")).unwrap();
    assert_eq!((change.computed, change.money), (Points(200_000_000), yuan("150")));
    let group = open(&dir).unwrap().catalog.groups.remove(1);
    assert_eq!(group.points, Some(Points(250_000_000)));
    assert_eq!(group.flags, ["override", "single_year", "small"]);
    let moved = [
        line("points_total", "1350.0003"),
        line("override", "-150"),
        line("rounding", "-0.0003"),
        line("total", "1200"),
    ];
    assert_eq!(identity(&dir), moved);
    assert!(verify(&dir).unwrap().passed(), "{:?}", verify(&dir).unwrap());
    let shown = override_table(&dir).unwrap();
    assert_eq!(shown.cell("money_yuan", 0).as_deref(), Some("150.00"));
    assert_eq!(shown.cell("why", 0).as_deref(), Some("2024 年度审核"));

    // A second thought replaces the first, and the computed points take it back.
    let second = set_points(&dir, "B", dec("190"), &by("张", "2023-12-02")).unwrap();
    assert_eq!((second.computed, second.money), (Points(200_000_000), yuan("-30")));
    set_points(&dir, "B", dec("200"), &by("张", "2023-12-03")).unwrap();
    assert_eq!(override_table(&dir).unwrap().rows(), 0);
    let after = contents(&dir);
    for name in ["groups.csv", "identity.csv", "items.csv", "policy.toml"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(history_table(&dir).unwrap().rows(), 3, "what was done stays in the history");
    assert!(verify(&dir).unwrap().passed());
}

// E19: two people. The order of steps, not the clock, decides.
// shows: E19
#[test]
fn two_people_review_and_an_override_starts_anew() {
    let folder = Folder::new("review");
    let dir = on_trial(&folder);
    assert_eq!(review(&dir, &by("张", "2023-12-01")).unwrap(), State::Trial);
    let again = review(&dir, &by("张", "2023-12-02"));
    assert!(matches!(again, Err(Error::SameReviewer { .. })));
    // What people did is not built over.
    assert!(matches!(write_draft(&tiny(), &dir), Err(Error::NotADraft { .. })));
    set_points(&dir, "A", dec("70"), &by("王", "2023-12-03")).unwrap();
    // It is a draft again, without what was shown of other points.
    assert!(matches!(write_draft(&tiny(), &dir), Err(Error::Signed { .. })));
    let stored = open(&dir).unwrap();
    assert_eq!((stored.state, stored.catalog.table("impact")), (State::Draft, None));
    let early = review(&dir, &by("李", "2023-12-04")).unwrap_err();
    assert!(render(&early).contains("a review needs one on trial\nhint: show first"), "{early}");
    trial(&dir, &[impact()], "", &by("孙", "2023-12-04")).unwrap();
    assert_eq!(review(&dir, &by("李", "2023-12-04")).unwrap(), State::Trial, "the first is void");
    assert!(matches!(publish(&dir, &by("赵", "2023-12-04")), Err(Error::Step { .. })));
    assert_eq!(review(&dir, &by("张", "2023-12-05")).unwrap(), State::Reviewed);
    let late = set_points(&dir, "A", dec("71"), &by("王", "2023-12-06"));
    assert!(matches!(late, Err(Error::Step { .. })));
    assert!(verify(&dir).unwrap().passed());
}

#[test]
fn a_published_catalog_stays_as_it_is() {
    let folder = Folder::new("publish");
    let dir = on_trial(&folder);
    review(&dir, &by("张", "2023-12-01")).unwrap();
    review(&dir, &by("李", "2023-12-01")).unwrap();
    publish(&dir, &by("赵", "2023-12-31")).unwrap();
    let stored = open(&dir).unwrap();
    assert_eq!(stored.state, State::Published);
    let judged = stored.catalog.table("gates").unwrap();
    let results: Vec<_> = (0..judged.rows()).filter_map(|row| judged.cell("result", row)).collect();
    assert!(results.iter().all(|result| result != "failed"), "{results:?}");
    assert_eq!(Catalog { tables: Vec::new(), ..stored.catalog }, whole());
    assert!(verify(&dir).unwrap().passed());
    let published = contents(&dir);
    assert!(
        published.keys().all(|name| fs::metadata(dir.join(name)).unwrap().permissions().readonly())
    );
    assert!(matches!(write_draft(&tiny(), &dir), Err(Error::NotADraft { .. })));
    for step in [
        trial(&dir, &[impact()], "", &by("王", "2024-01-01")),
        review(&dir, &by("王", "2024-01-01")).map(|_| ()),
        publish(&dir, &by("王", "2024-01-01")),
        set_points(&dir, "A", dec("1"), &by("王", "2024-01-01")).map(|_| ()),
    ] {
        let text = render(&step.unwrap_err());
        assert!(text.contains("is published") && text.contains("hint: "), "{text}");
    }
    assert_eq!(contents(&dir), published);
    let steps = history_table(&dir).unwrap();
    let named: Vec<_> = (0..4).filter_map(|row| steps.cell("step", row)).collect();
    assert_eq!(named, ["trial", "review", "review", "publish"]);
}

#[test]
fn a_step_that_is_refused_changes_nothing() {
    let folder = Folder::new("refused");
    let dir = on_trial(&folder);
    review(&dir, &by("张", "2023-12-02")).unwrap();
    let before = contents(&dir);
    let right = by("王", "2023-12-02");
    let empty = Signature { why: " ".to_owned(), ..right.clone() };
    let lines = Signature { by: "王\n李".to_owned(), ..right.clone() };
    for (refused, said) in [
        (set_points(&dir, "B", dec("-1"), &right), "-1 points"),
        (set_points(&dir, "B", dec("1.00001"), &right), "at most 4 decimal places"),
        (set_points(&dir, "BB", dec("1"), &right), "did you mean `B`?"),
        (set_points(&dir, "B", dec("1"), &empty), "a reason"),
        (set_points(&dir, "B", dec("1"), &lines), "a name"),
        (set_points(&dir, "B", dec("1"), &by("王", "2023-12-01")), "2023-12-02"),
    ] {
        let err = refused.unwrap_err();
        assert!(render(&err).contains(said), "`{said}` is not in:\n{}", render(&err));
        assert_eq!(err.kind().exit_code(), 2);
    }
    assert_eq!(contents(&dir), before);
}

#[test]
fn two_programs_do_not_change_a_catalog_at_once() {
    let folder = Folder::new("lock");
    let dir = on_trial(&folder);
    let held = lock(&dir).unwrap();
    let err = review(&dir, &by("张", "2023-12-01")).unwrap_err();
    assert!(matches!(err, Error::Busy { .. }), "{err:?}");
    drop(held);
    review(&dir, &by("张", "2023-12-01")).unwrap();
    // Four at once: whoever is not refused is in the history.
    let signed: usize = std::thread::scope(|scope| {
        let dir = &dir;
        let threads: Vec<_> = (0..4)
            .map(|at| {
                scope.spawn(move || {
                    set_points(dir, "B", dec("201") + Decimal::from(at), &by("王", "2023-12-02"))
                        .is_ok()
                })
            })
            .collect();
        threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
    });
    assert!(signed >= 1);
    assert_eq!(history_table(&dir).unwrap().rows(), 2 + signed);
}

#[test]
fn a_catalog_that_a_killed_program_moved_aside_is_named() {
    let folder = Folder::new("killed");
    let dir = draft(&folder);
    fs::rename(&dir, folder.0.join(".c.old-77")).unwrap();
    for err in [open(&dir).unwrap_err(), review(&dir, &by("张", "2023-12-01")).unwrap_err()] {
        let text = render(&err);
        assert!(text.contains("was broken off") && text.contains(".c.old-77"), "{text}");
    }
}

#[test]
fn a_mistyped_year_is_refused() {
    let folder = Folder::new("year");
    let dir = on_trial(&folder);
    assert!(review(&dir, &by("张", "2043-12-31")).is_ok());
    let err = review(&dir, &by("李", "2044-01-01")).unwrap_err();
    assert!(render(&err).contains("within 20 years after 2023"), "{}", render(&err));
}

// R30: points of yearly ratios are not mean ÷ base mean, whether the policy or a scenario says so.
// shows: R30
#[test]
fn ratios_of_a_scenario_are_known_to_verify() {
    let folder = Folder::new("ratios");
    for (at, (scenario, passes)) in [
        ("[set]\n\"weights.level\" = { value = \"ratios\", reason = \"r\" }\n", true),
        ("[set]\nweights = { value = { level = \"ratios\" }, reason = \"r\" }\n", true),
        ("[set]\n\"weights.level\" = { value = \"totals\", reason = \"r\" }\n", false),
    ]
    .into_iter()
    .enumerate()
    {
        let dir = folder.0.join(at.to_string());
        let mut catalog = tiny();
        catalog.groups[0].computed = Some(Points(70_000_000));
        let extra = BTreeMap::from([("scenario-s.toml".to_owned(), scenario.as_bytes().to_vec())]);
        let (policy, policy_source) = (policy(), POLICY);
        let artefact =
            Artefact { catalog: &catalog, policy: &policy, policy_source, extra: &extra };
        write(&artefact, &dir).unwrap();
        let report = verify(&dir).unwrap();
        let points = report.checks.iter().find(|check| check.check == "points").unwrap();
        assert_eq!(points.passed, passes, "{scenario}: {points:?}");
    }
}

#[test]
fn what_does_not_belong_to_the_catalog_is_not_lost() {
    let folder = Folder::new("minutes");
    let dir = on_trial(&folder);
    fs::write(dir.join("minutes.docx"), "said").unwrap();
    let before = contents(&dir);
    let err = review(&dir, &by("张", "2023-12-01")).unwrap_err();
    assert!(matches!(&err, Error::ForeignFile { file, .. } if file == "minutes.docx"), "{err:?}");
    assert_eq!(contents(&dir), before);
}

#[test]
fn prices_and_points_in_force_already_are_not_overridden() {
    let folder = Folder::new("prices");
    let dir = draft(&folder);
    let same = set_points(&dir, "B", dec("200.0"), &by("张", "2023-12-01")).unwrap_err();
    assert!(render(&same).contains("has 200 points already"), "{}", render(&same));
    let prices = folder.0.join("prices");
    let mut catalog = tiny();
    catalog.scale = None;
    catalog.groups.iter_mut().for_each(|group| group.points = None);
    write_draft(&catalog, &prices).unwrap();
    let err = set_points(&prices, "B", dec("1.23456"), &by("张", "2023-12-01")).unwrap_err();
    assert!(render(&err).contains("has prices, not points"), "{}", render(&err));
}

// Of two overrides one is taken back: the other keeps its money, and every step says what it did.
#[test]
fn every_step_of_the_history_says_what_it_changed() {
    let folder = Folder::new("steps");
    let dir = draft(&folder);
    set_points(&dir, "B", dec("250"), &by("张", "2023-12-01")).unwrap();
    set_points(&dir, "A", dec("70"), &by("张", "2023-12-01")).unwrap();
    set_points(&dir, "B", dec("200"), &by("张", "2023-12-02")).unwrap();
    trial(&dir, &[impact()], "2023", &by("孙", "2023-12-02")).unwrap();
    review(&dir, &by(" 李 ", "2023-12-03")).unwrap();
    assert!(matches!(review(&dir, &by("李", "2023-12-03")), Err(Error::SameReviewer { .. })));
    // A has 3 cases: 3 × (70 − 66.6667) ÷ 100 × 300 = 29.9997.
    let history = history_table(&dir).unwrap();
    let what: Vec<_> = (0..5).map(|row| history.cell("what", row).unwrap()).collect();
    assert_eq!(
        what,
        [
            "B: 200 → 250, 150.00 yuan",
            "A: 66.6667 → 70, 30.00 yuan",
            "B: 250 → 200, -150.00 yuan",
            "2023",
            ""
        ]
    );
    assert_eq!(override_table(&dir).unwrap().rows(), 1);
    assert!(verify(&dir).unwrap().passed(), "{:?}", verify(&dir).unwrap());
}

#[test]
fn states_and_overrides_without_their_steps_are_noticed() {
    let none: [Entry; 0] = [];
    assert_eq!(contradiction(&tiny(), State::Draft, (&[], &none)), None);
    assert!(contradiction(&tiny(), State::Reviewed, (&[], &none)).is_some());
    assert!(contradiction(&tiny(), State::Published, (&[], &none)).is_some());
    let mut flagged = tiny();
    flagged.groups[0].flags.push("override".to_owned());
    assert!(contradiction(&flagged, State::Draft, (&[], &none)).is_some());
}
