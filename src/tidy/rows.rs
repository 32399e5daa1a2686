//! Which test shows which row of `domain.md`:
//! `cargo test --lib --no-default-features tidy::rows -- --nocapture` prints the table.
//!
//! A test names its rows in comment lines directly above `#[test]` (`// shows: Y08, A09`), a `.slt` file
//! in one such line anywhere (`# shows: J11`). `tests/rows.csv` lists the rows; `yes` in its column
//! `required` says that a test must show the row, `later` that one will.

use std::collections::BTreeMap;
use std::fs;

use super::{files, none, root};

const MARK: &str = "shows:";

/// One row of `tests/rows.csv`.
struct Row {
    id: String,
    required: String,
    text: String,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("tests/rows.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let cell = |at: usize| record[at].to_owned();
            Row { id: cell(0), required: cell(1), text: cell(2) }
        })
        .collect()
}

/// What the marks of one file say: (test, id), and marks that stand above no test.
#[derive(Default)]
struct Shown {
    tests: Vec<(String, String)>,
    astray: Vec<String>,
}

fn ids(list: &str) -> Vec<String> {
    list.split(',').map(|id| id.trim().trim_end_matches('.').to_owned()).collect()
}

/// Marks of a Rust file: between a mark and its `#[test]` only comments and attributes stand.
fn marks_of_rust(path: &str, text: &str) -> Shown {
    let mut shown = Shown::default();
    let mut open: Vec<String> = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (at, line) in lines.iter().enumerate() {
        if let Some(list) = line.strip_prefix("// ").and_then(|line| line.strip_prefix(MARK)) {
            open.extend(ids(list));
        } else if *line == "#[test]" && !open.is_empty() {
            let name = lines[at + 1..].iter().find_map(|line| line.strip_prefix("fn "));
            let name = name.and_then(|name| name.split('(').next()).unwrap_or("?");
            let name = format!("{path}::{name}");
            shown.tests.extend(open.drain(..).map(|id| (name.clone(), id)));
        } else if !open.is_empty() && !line.starts_with("//") && !line.starts_with("#[") {
            shown.astray.push(format!("{path}:{}: no `#[test]` below {open:?}", at + 1));
            open.clear();
        }
    }
    if !open.is_empty() {
        shown.astray.push(format!("{path}: no `#[test]` below {open:?}"));
    }
    shown
}

fn marks_of_slt(path: &str, text: &str) -> Shown {
    let lists = text.lines().filter_map(|line| line.strip_prefix("# ")?.strip_prefix(MARK));
    let tests = lists.flat_map(ids).map(|id| (path.to_owned(), id)).collect();
    Shown { tests, astray: Vec::new() }
}

#[test]
fn every_required_row_is_shown_by_a_test() {
    let known = rows();
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let rust = files("src", "rs").into_iter().chain(files("tests", "rs"));
    let rust = rust.map(|(path, text)| marks_of_rust(&path.display().to_string(), &text));
    let slt = files("tests", "slt").into_iter();
    let slt = slt.map(|(path, text)| marks_of_slt(&path.display().to_string(), &text));
    for shown in rust.chain(slt) {
        wrong.extend(shown.astray);
        for (test, id) in shown.tests {
            match known.iter().any(|row| row.id == id) {
                true => tests.entry(id).or_default().push(test),
                false => wrong.push(format!("{test}: `{id}` is no row of tests/rows.csv")),
            }
        }
    }
    let mut gaps = Vec::new();
    for row in &known {
        let by = tests.get(&row.id).cloned().unwrap_or_default();
        match (row.required.as_str(), by.is_empty()) {
            ("yes", true) => wrong.push(format!("{}: no test shows it ({})", row.id, row.text)),
            ("later", true) => gaps.push(row.id.as_str()),
            ("yes" | "later" | "", _) => {}
            (other, _) => wrong.push(format!("{}: required is `{other}`", row.id)),
        }
        if !by.is_empty() {
            println!("{:<5} {}", row.id, row.text);
            by.iter().for_each(|test| println!("      {test}"));
        }
    }
    println!("{} of {} rows are shown; gaps: {gaps:?}", tests.len(), known.len());
    none("rows of domain.md and tests do not meet", &wrong);
}

#[test]
fn a_mark_belongs_to_the_test_below_it() {
    let text = "
        // MARK A01, Y22
        /// Both sides.
        #[test]
        fn first() {}

        #[test]
        fn second() {}

        // MARK A02
        fn helper() {}
    ";
    let shown = marks_of_rust("file", &text.replace("MARK", MARK));
    let expected = [("file::first", "A01"), ("file::first", "Y22")];
    assert_eq!(shown.tests, expected.map(|(test, id)| (test.to_owned(), id.to_owned())));
    assert_eq!(shown.astray.len(), 1, "{:?}", shown.astray);
    let slt = marks_of_slt("file", "# Title.\n# shows: J11\nstatement ok");
    assert_eq!(slt.tests, [("file".to_owned(), "J11".to_owned())]);
}
