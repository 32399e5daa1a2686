//! Points and values handed out as sheets, and what comes back.

use std::collections::BTreeMap;

use super::build::{Folder, dec, group, tiny, write_draft};
use crate::catalog::model::Catalog;
use crate::catalog::parameters::{Cell, Rows, export, import, problem_table};
use crate::catalog::{Error, Signature, Stored, open, overrides, set_all, verify};
use crate::policy::{self, LoadedPolicy, Parameter, Scenario, compose, parameters};

/// Codes that a spreadsheet would like to change.
fn stored(folder: &Folder) -> (std::path::PathBuf, Stored) {
    let dir = folder.0.join("c");
    let mut catalog = Catalog { trimmed: Vec::new(), ..tiny() };
    catalog.groups = ["007", "0_N18", "12345678901234567890", "1E5"]
        .map(|code| group(code, 1, "300", "100"))
        .to_vec();
    write_draft(&catalog, &dir).unwrap();
    let stored = open(&dir).unwrap();
    (dir, stored)
}

fn policy() -> LoadedPolicy {
    policy::load("jining-apg").unwrap()
}

/// The sheets as they come back, every cell text.
fn back(stored: &Stored, values: &[Parameter]) -> BTreeMap<String, Rows<Cell>> {
    let cell = |text: String| if text.is_empty() { Cell::Empty } else { Cell::Text(text) };
    export(stored, &[], values)
        .into_iter()
        .map(|(name, rows)| {
            let rows = rows.into_iter().map(|row| row.into_iter().map(cell).collect());
            (name.to_owned(), rows.collect())
        })
        .collect()
}

fn set(sheets: &mut BTreeMap<String, Rows<Cell>>, sheet: &str, key: &str, cells: &[(usize, Cell)]) {
    let rows = sheets.get_mut(sheet).unwrap();
    let row = rows.iter_mut().find(|row| row[0] == Cell::Text(key.to_owned())).unwrap();
    for (at, cell) in cells {
        row[*at] = cell.clone();
    }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

// shows: Z25, H02
#[test]
fn sheets_that_nobody_edited_change_nothing() {
    let folder = Folder::new("sheets");
    let (_, stored) = stored(&folder);
    let values = parameters(&policy());
    let changes = import(&stored, &[], &values, &back(&stored, &values)).unwrap();
    assert!(changes.points.is_empty() && changes.parameters.is_empty());
    assert_eq!(changes.scenario("jining-apg", "试"), None);
    // Every value there is can be given again, and is then the same policy.
    let cite = |path: &str| values.iter().find(|known| known.path == path).unwrap();
    assert_eq!(cite("weights.years").value, "[\"0.2\", \"0.8\"]");
    assert_eq!(cite("weights.scale").value, "1000");
    assert_eq!(cite("weights.minimum_cases").kind, "whole");
    assert!(cite("weights.scale").reading.contains("A05"));
    for value in &values {
        assert!(value.literal(&value.value).is_some(), "{value:?}");
        assert!(!value.path.starts_with("policy."), "{value:?}");
    }
}

// shows: Z25
#[test]
fn new_points_become_overrides_and_new_values_a_scenario() {
    let folder = Folder::new("import");
    let (dir, stored) = stored(&folder);
    let published = policy();
    let values = parameters(&published);
    let mut sheets = back(&stored, &values);
    // Excel keeps a typed number as a number.
    set(
        &mut sheets,
        "groups",
        "007",
        &[(9, Cell::Number("130.5".to_owned())), (10, text("专家意见"))],
    );
    set(&mut sheets, "groups", "1E5", &[(9, text("90")), (10, text("专家意见"))]);
    for (path, new) in [
        ("weights.years", "[\"0.3\", \"0.7\"]"),
        ("weights.scale", "100"),
        ("weights.minimum_cases", "20"),
    ] {
        set(
            &mut sheets,
            "parameters",
            path,
            &[(5, text(new)), (6, text("试算")), (7, text("会议纪要"))],
        );
    }
    let changes = import(&stored, &[], &values, &sheets).unwrap();
    let by = |why: &str| Signature {
        by: "张".to_owned(),
        on: "2023-12-01".parse().unwrap(),
        why: why.to_owned(),
    };
    let new: Vec<_> = changes
        .points
        .iter()
        .map(|(group, points, why)| (group.clone(), *points, by(why)))
        .collect();
    set_all(&dir, &new).unwrap();
    let in_force = overrides(&dir).unwrap();
    let shown: Vec<_> = in_force
        .iter()
        .map(|row| {
            (
                row.group_code.as_str(),
                row.points.to_decimal().normalize(),
                row.signature.why.as_str(),
            )
        })
        .collect();
    assert_eq!(shown, [("007", dec("130.5"), "专家意见"), ("1E5", dec("90"), "专家意见")]);
    let life =
        verify(&dir).unwrap().checks.into_iter().find(|check| check.check == "life").unwrap();
    assert!(life.passed, "{life:?}");

    let scenario = changes.scenario("jining-apg", "导入").unwrap();
    let scenario = Scenario::parse("imported.toml", &scenario).unwrap();
    let changed = compose(&published, &[scenario]).unwrap().policy.weights;
    assert_eq!(changed.years, [dec("0.3"), dec("0.7")]);
    assert_eq!((changed.scale, changed.minimum_cases), (Some(dec("100")), 20));
    // What was set is exported beside what was computed.
    let sheets = export(&open(&dir).unwrap(), &in_force, &values);
    let row = sheets[1].1.iter().find(|row| row[0] == "007").unwrap();
    assert_eq!(row[5..9], ["100", "130.5", "张", "专家意见"]);
}

// shows: Z25
#[test]
fn one_group_too_many_changes_none() {
    let folder = Folder::new("import-all");
    let (dir, stored) = stored(&folder);
    let by = Signature {
        by: "张".to_owned(),
        on: "2023-12-01".parse().unwrap(),
        why: "年度审核".to_owned(),
    };
    let new = [("007", "90"), ("0_N1", "90")]
        .map(|(group, points)| (group.to_owned(), dec(points), by.clone()));
    let err = set_all(&dir, &new).unwrap_err();
    assert!(matches!(&err, Error::Group { nearest: Some(near), .. } if near == "0_N18"), "{err:?}");
    assert_eq!(open(&dir).unwrap().digest, stored.digest);
}

type Edit = (&'static str, &'static str, usize, Cell);

// shows: Z25
#[test]
fn bad_cells_are_named_with_sheet_row_and_column() {
    let folder = Folder::new("import-bad");
    let (_, stored) = stored(&folder);
    let values = parameters(&policy());
    let check = |edits: &[Edit], expected: [&str; 5]| {
        let mut sheets = back(&stored, &values);
        for (sheet, key, at, cell) in edits {
            set(&mut sheets, sheet, key, &[(*at, cell.clone())]);
        }
        let table = problem_table(&import(&stored, &[], &values, &sheets).unwrap_err());
        let names = ["sheet", "row", "column", "value", "allowed"];
        let found = names.map(|name| table.cell(name, 0).unwrap_or_default());
        assert_eq!(found, expected, "{edits:?}");
    };
    let points = "points from 0 with at most 4 decimal places";
    check(&[("groups", "007", 9, text("viel"))], ["groups", "2", "new_points", "viel", points]);
    check(
        &[("groups", "0_N18", 9, text("1.00001"))],
        ["groups", "3", "new_points", "1.00001", points],
    );
    check(&[("groups", "1E5", 9, text("-1"))], ["groups", "5", "new_points", "-1", points]);
    check(
        &[("groups", "1E5", 9, text("100.0"))],
        ["groups", "5", "new_points", "100.0", "other points than it has"],
    );
    check(
        &[("groups", "1E5", 9, text("90"))],
        ["groups", "5", "reason", "", "a reason, on one line"],
    );
    check(
        &[("groups", "1E5", 6, text("90"))],
        ["groups", "5", "points", "90", "`100` as exported; write changes into `new_points`"],
    );
    // What a spreadsheet makes of a code that looks like a number.
    check(
        &[("groups", "1E5", 0, Cell::Number("100000".to_owned()))],
        ["groups", "5", "group_code", "100000", "text, as it was exported"],
    );
    check(
        &[("groups", "0_N18", 0, text("O_N18"))],
        ["groups", "3", "group_code", "O_N18", "one that was exported; did you mean `0_N18`?"],
    );
    check(
        &[("groups", "0_N18", 0, text("007"))],
        ["groups", "3", "group_code", "007", "there once"],
    );
    let at =
        |path: &str| (values.iter().position(|known| known.path == path).unwrap() + 2).to_string();
    check(
        &[("parameters", "weights.minimum_cases", 5, text("many"))],
        ["parameters", &at("weights.minimum_cases"), "new_value", "many", "a whole such as `15`"],
    );
    check(
        &[("parameters", "weights.scale", 5, text("100"))],
        ["parameters", &at("weights.scale"), "reason", "", "a reason, on one line"],
    );
    let digest = format!("{}, the catalog as it is: export it anew", stored.digest);
    check(&[("README", "digest", 1, text("00"))], ["README", "2", "digest", "00", &digest]);
}

// shows: Z25
#[test]
fn a_workbook_of_something_else_is_refused() {
    let folder = Folder::new("import-else");
    let (_, stored) = stored(&folder);
    let values = parameters(&policy());
    let mut sheets = back(&stored, &values);
    sheets.remove("parameters");
    sheets.get_mut("groups").unwrap()[0].swap(5, 6);
    let problems = import(&stored, &[], &values, &sheets).unwrap_err();
    let shown: Vec<_> = problems
        .iter()
        .map(|problem| (problem.sheet.as_str(), problem.row, problem.allowed.as_str()))
        .collect();
    assert_eq!(
        shown,
        [("groups", 1, "`computed_points` in column 6"), ("parameters", 0, "a sheet of this name"),]
    );
}
