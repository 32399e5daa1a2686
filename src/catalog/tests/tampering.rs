//! Every edit of a finished catalog is noticed, and wrong content is named with its place.

use std::fs;

use super::build::{Folder, contents, dec, tiny, write_draft};
use crate::catalog::{Error, open, sheets, verify};
use crate::explain::{Explain, render};

#[test]
fn edit_of_any_byte_of_any_file_is_noticed() {
    let folder = Folder::new("tamper");
    let dir = folder.0.join("c");
    write_draft(&tiny(), &dir).unwrap();
    for (name, bytes) in contents(&dir) {
        // Any byte of the manifest, a few of the others.
        let step = if name == "catalog.toml" { 1 } else { bytes.len() / 5 + 1 };
        for at in (0..bytes.len()).step_by(step) {
            let mut edited = bytes.clone();
            edited[at] ^= 1;
            fs::write(dir.join(&name), &edited).unwrap();
            assert!(open(&dir).is_err(), "byte {at} of {name}");
            let passed = verify(&dir).is_ok_and(|report| report.passed());
            assert!(!passed, "verify, byte {at} of {name}");
        }
        fs::write(dir.join(&name), &bytes[..bytes.len() - 1]).unwrap();
        assert!(open(&dir).is_err(), "{name} cut short");
        fs::write(dir.join(&name), &bytes).unwrap();
    }
    assert!(open(&dir).is_ok());
}

#[test]
fn changed_and_missing_files_are_named() {
    let folder = Folder::new("changed");
    let dir = folder.0.join("c");
    write_draft(&tiny(), &dir).unwrap();
    let groups = dir.join("groups.csv");
    let text = fs::read_to_string(&groups).unwrap();
    fs::write(&groups, text.replace("66.6667", "66.6668")).unwrap();
    let err = open(&dir).unwrap_err();
    assert_eq!(
        render(&err),
        format!(
            "error: catalog `{}` was changed after it was built: `groups.csv`\n\
             hint: build the catalog again, or restore the folder from its copy",
            dir.display()
        )
    );
    assert_eq!(err.kind().exit_code(), 2);
    let failed = |dir| -> Vec<String> {
        let checks = verify(dir).unwrap().checks.into_iter().filter(|check| !check.passed);
        checks.map(|check| format!("{}: {}", check.check, check.detail)).collect()
    };
    // 3 × 66.6668 ÷ 100 × 300 + 600 = 1200.0012; and 200.00005 ÷ 299.99995 × 100 is below 66.66675.
    let expected = [
        "groups.csv: SHA-256 and SM3 differ",
        "points: `A` has 66.6668, mean ÷ base mean × scale is 66.6667",
        "points total: the groups give 1200.0012, the line is 1200.0003",
    ];
    assert_eq!(failed(&dir), expected);
    fs::remove_file(&groups).unwrap();
    let err = open(&dir).unwrap_err();
    assert!(matches!(&err, Error::FileMissing { file, .. } if file == "groups.csv"), "{err}");
    assert_eq!(failed(&dir).len(), 2); // the file, and with it the content
    fs::remove_file(dir.join("catalog.toml")).unwrap();
    let err = open(&dir).unwrap_err();
    assert!(matches!(err, Error::NoManifest { .. }), "{err}");
    let err = open(&folder.0.join("nowhere")).unwrap_err();
    assert!(matches!(err, Error::Io { step: "read", .. }), "{err}");
}

#[test]
fn verify_finds_what_a_builder_got_wrong() {
    let folder = Folder::new("wrong");
    let check = |name: &str, change: fn(&mut crate::catalog::model::Catalog), expected: &[&str]| {
        let dir = folder.0.join(name);
        let mut catalog = tiny();
        change(&mut catalog);
        write_draft(&catalog, &dir).unwrap();
        let checks = verify(&dir).unwrap().checks.into_iter().filter(|check| !check.passed);
        let failed: Vec<String> = checks.map(|check| check.check).collect();
        assert_eq!(failed, expected, "{name}");
    };
    check("cases", |catalog| catalog.groups[0].year_cases = vec![1, 1], &["cases of groups"]);
    check("identity", |catalog| catalog.identity[1].amount = dec("-0.0004"), &["identity"]);
    check(
        "institutions",
        |catalog| catalog.institutions[0].year_cost[0].0 += 1,
        &["cost", "cases of 2022"],
    );
    check("flow", |catalog| catalog.flow[2].rows = 2, &["cases of 2022"]);
    check(
        "points",
        |catalog| catalog.groups[1].points.as_mut().unwrap().0 += 1_000_000,
        &["published points", "points total"],
    );
    check(
        "computed",
        |catalog| catalog.groups[1].computed.as_mut().unwrap().0 += 1_000_000,
        &["points", "published points"],
    );
    check("scale", |catalog| catalog.scale = None, &["points", "points total"]);
}

#[test]
fn wrong_content_is_named_with_line_column_and_value() {
    let check = |text: &str, expected: &str| {
        let err = sheets::read_groups(text.as_bytes(), &[2023], 4).unwrap_err();
        assert_eq!(err.to_string(), expected);
        assert_eq!(err.kind().exit_code(), 2);
        render(&err)
    };
    let head = "group_code,group_name,kind,parent,mark,cases_2023,mean_2023,cases,mean,cv,computed_points,points,standard,flags";
    check(
        &format!("{head}\nA,,group,,,1,5,1,5,,1,1,,\nB,,group,,,1,5,1,5,,1,1.23456,,\n"),
        "`groups.csv` line 3, column `points`: `1.23456` is not a decimal with 4 places",
    );
    check(
        &format!("{head}\nA,,group,,,one,5,1,5,,1,1,,\n"),
        "`groups.csv` line 2, column `cases_2023`: `one` is not a whole number",
    );
    check(
        &format!("{head}\nA,,group,,,1,5,1,5,,1,1,12.345,\n"),
        "`groups.csv` line 2, column `standard`: `12.345` is not an amount in yuan with two \
         decimals",
    );
    check(
        &format!("{head}\nB,,group,,,1,5,1,5,,1,1,,\nA,,group,,,1,5,1,5,,1,1,,\n"),
        "`groups.csv` line 3, column `group_code`: `A` is not a code above the one before it",
    );
    let shown = check(
        &format!("{}\n", head.replace(",points", ",point")),
        "`groups.csv` line 1: unknown column `point`",
    );
    assert!(shown.ends_with("hint: did you mean `points`?"), "{shown}");
    check(
        &format!("{}\n", head.replace(",cv", "")),
        "`groups.csv` line 1: column `cv` is missing or not in its place",
    );
    let short = sheets::read_groups(format!("{head}\nA,,group\n").as_bytes(), &[2023], 4);
    assert!(matches!(short, Err(Error::Csv { .. })), "{short:?}");
}
