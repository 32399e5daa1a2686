//! Further tables: types survive the way through a file, names and cells are checked.

use std::fs;

use super::build::{Folder, tiny, write_draft};
use crate::catalog::model::Catalog;
use crate::catalog::{Error, open, read, tables_diff, verify};
use crate::table::{Column, Table};

/// One column of every type, with gaps and with what a CSV file makes hard.
fn every_type() -> Table {
    let texts = ["0_N18", "007", "1E5", "12345678901234567890", "a,\"b\"\r\nc", " x "];
    let gap = |at: usize| at != 3;
    Table::new("every_type")
        .with("code", Column::text(texts))
        .with("note", Column::Text((0..6).map(|at| gap(at).then(|| format!("n{at}"))).collect()))
        .with(
            "cases",
            Column::Whole((-3..3).zip(0..6).map(|(n, at)| gap(at).then_some(n)).collect()),
        )
        .with(
            "factor",
            Column::Decimal {
                places: 4,
                values: vec![
                    Some(-5),
                    Some(0),
                    Some(10_000),
                    None,
                    Some(i128::MAX),
                    Some(i128::MIN),
                ],
            },
        )
        .with(
            "whole",
            Column::Decimal {
                places: 0,
                values: vec![Some(7), None, Some(-7), Some(0), Some(1), Some(2)],
            },
        )
        .with(
            "cv",
            Column::Float(vec![
                Some(0.1 + 0.2),
                Some(-0.0),
                None,
                Some(1e300),
                Some(1.0),
                Some(f64::MIN_POSITIVE),
            ]),
        )
}

fn with(tables: Vec<Table>) -> Catalog {
    Catalog { tables, ..tiny() }
}

// shows: J13
#[test]
fn tables_are_read_as_they_were_written() {
    let folder = Folder::new("tables");
    let dir = folder.0.join("c");
    let empty = Table::new("dropped").with("group_code", Column::text([""; 0]));
    let catalog = with(vec![empty, every_type()]);
    write_draft(&catalog, &dir).unwrap();
    assert_eq!(read(&dir).unwrap(), catalog);
    assert!(verify(&dir).unwrap().passed());
    let text = fs::read_to_string(dir.join("every_type.csv")).unwrap();
    assert!(
        text.starts_with("\u{feff}code,note,cases,factor,whole,cv\n0_N18,n0,-3,-0.0005,7,"),
        "{text}"
    );
    let manifest = fs::read_to_string(dir.join("catalog.toml")).unwrap();
    assert!(
        manifest.contains(
            "types = [\"text\", \"text\", \"whole\", \"decimal(4)\", \"decimal(0)\", \"float\"]"
        ),
        "{manifest}"
    );
    // The order in which they are given does not matter.
    let other = folder.0.join("d");
    let shuffled = with(catalog.tables.iter().rev().cloned().collect());
    write_draft(&shuffled, &other).unwrap();
    assert_eq!(open(&other).unwrap().digest, open(&dir).unwrap().digest);
    // An edit of a table is noticed like one of any other file.
    fs::write(dir.join("every_type.csv"), text.replace("0_N18", "O_N18")).unwrap();
    assert!(matches!(open(&dir), Err(Error::Changed { file, .. }) if file == "every_type.csv"));
    assert!(!verify(&dir).unwrap().passed());
}

#[test]
fn names_and_columns_that_cannot_be_kept_are_refused() {
    let folder = Folder::new("tables-bad");
    let dir = folder.0.join("c");
    let column = |name: &str| Table::new(name).with("a", Column::text(["x"]));
    let refused = |tables: Vec<Table>, message: &str| {
        let err = write_draft(&with(tables), &dir).unwrap_err();
        assert_eq!(err.to_string(), message);
        assert!(!dir.exists());
    };
    for name in ["groups", "overrides", "history", "Impact", "a/b", "", "1st", "ä"] {
        refused(
            vec![column(name)],
            &format!(
                "`{name}` cannot be a table of a catalog: it must be small letters, digits and `_`, \
                 and not in use"
            ),
        );
    }
    refused(
        vec![column("impact"), column("impact")],
        "`impact` cannot be a table of a catalog: it must be small letters, digits and `_`, and not \
         in use",
    );
    // A list of the policy with that name: the folder of `tiny` has `items.csv`.
    refused(
        vec![column("items")],
        "`items.csv` cannot be added to a catalog: it must be a plain file name not in use",
    );
    refused(
        vec![column("impact").with("a", Column::text(["y"]))],
        "table `impact`: column `a` must have a name of its own",
    );
    refused(vec![Table::new("impact")], "table `impact`: column `` must have a name of its own");
    refused(
        vec![Table::new("impact").with("cv", Column::Float(vec![Some(1.0), Some(f64::NAN)]))],
        "`impact.csv` line 3, column `cv`: `NaN` is not a number",
    );
}

// shows: E34
#[test]
fn tables_are_compared_by_name_and_content() {
    let column = |name: &str, text: &str| Table::new(name).with("a", Column::text([text]));
    let before = [column("a", "1"), column("b", "1"), column("c", "1")];
    let after = [column("b", "1"), column("c", "2"), column("d", "1")];
    let table = tables_diff(&before, &after);
    let row =
        |at| ["table", "change", "rows_before", "rows_after"].map(|name| table.cell(name, at));
    let some = |text: &str| Some(text.to_owned());
    let one = some("1");
    assert_eq!(row(0), [some("a"), some("dropped"), one.clone(), None]);
    assert_eq!(row(1), [some("b"), some("same"), one.clone(), one.clone()]);
    assert_eq!(row(2), [some("c"), some("differs"), one.clone(), one.clone()]);
    assert_eq!(row(3), [some("d"), some("added"), None, one]);
    assert_eq!(table.rows(), 4);
}
