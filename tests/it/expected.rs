//! Catalogs of the synthetic cities against `catalogs/<system>/expected/`.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it expected` rewrites them; the change is reviewed as a diff and
//! gets its line under *Results that change* in the changelog.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::tools::{dianshu, synth};

/// The largest file kept: what a reviewer can still read.
const BYTES: usize = 100_000;

/// How many differing rows a failure prints.
const SHOWN: usize = 5;

/// A CSV file as rows by key: the fewest first columns that tell all rows apart.
struct Sheet {
    header: Vec<String>,
    rows: BTreeMap<Vec<String>, Vec<String>>,
}

fn sheet(bytes: &[u8]) -> Sheet {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = cells(reader.headers().unwrap());
    let all: Vec<Vec<String>> = reader.records().map(|record| cells(&record.unwrap())).collect();
    for width in 1..=header.len() {
        let keyed = all.iter().map(|row| (row[..width].to_vec(), row.clone()));
        let rows: BTreeMap<_, _> = keyed.collect();
        if rows.len() == all.len() {
            return Sheet { header, rows };
        }
    }
    let numbered = all.iter().enumerate();
    let rows = numbered.map(|(at, row)| (vec![format!("row {}", at + 1)], row.clone())).collect();
    Sheet { header, rows }
}

/// The first differing rows by key, old and new.
fn differences(name: &str, old: &[u8], new: &[u8]) -> Vec<String> {
    let (old, new) = (sheet(old), sheet(new));
    if old.header != new.header {
        return vec![format!("{name}: columns {:?} became {:?}", old.header, new.header)];
    }
    let keys: std::collections::BTreeSet<_> = old.rows.keys().chain(new.rows.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let shown = key.join(", ");
        match (old.rows.get(key), new.rows.get(key)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                let cells = old.header.iter().zip(one.iter().zip(other));
                let cells = cells.filter(|(_, (one, other))| one != other);
                let cells = cells.map(|(column, (one, other))| format!("{column} {one} → {other}"));
                found.push(format!("{name} `{shown}`: {}", cells.collect::<Vec<_>>().join("; ")));
            }
            (Some(one), None) => found.push(format!("{name} `{shown}`: gone, was {one:?}")),
            (None, Some(other)) => found.push(format!("{name} `{shown}`: new, {other:?}")),
            (None, None) => {}
        }
    }
    if found.is_empty() {
        found.push(format!("{name}: the same rows in other bytes"));
    }
    found
}

/// The tables of a freshly built catalog, by file name.
fn built(home: &Path, system: &str, people: u32, years: &str) -> BTreeMap<String, Vec<u8>> {
    let words = format!("--people {people} --years {years} --clean --seed 5");
    synth(home, system, &words, "export");
    let loaded = dianshu(home, "ingest export --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let build = format!("catalog build --policy {system} --years {years} --warehouse wh");
    dianshu(home, &format!("{build} --out cat --quiet")).ok();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogs").join(system);
    let files = fs::read_dir(home.join("cat")).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        // The lists of the policy lie in the catalog too.
        .filter(|(name, _)| !own.join(name).exists())
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

fn check(system: &str, people: u32, years: &str) {
    let home = tempfile::tempdir().unwrap();
    let new = built(home.path(), system, people, years);
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogs").join(system).join("expected");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &new {
            assert!(bytes.len() < BYTES, "{system}: {name} has {} bytes", bytes.len());
            fs::write(folder.join(name), bytes).unwrap();
        }
        return;
    }
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let old: BTreeMap<String, PathBuf> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    let mut found = Vec::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        found.push(format!("{name}: is no longer written"));
    }
    for (name, bytes) in &new {
        match old.get(name).map(|path| fs::read(path).unwrap()) {
            None => found.push(format!("{name}: is new")),
            Some(before) if before == *bytes => {}
            Some(before) => found.extend(differences(name, &before, bytes)),
        }
    }
    let total = found.len();
    found.truncate(SHOWN);
    assert!(
        found.is_empty(),
        "{system}: {total} differences from {}, the first:\n{}\nif they are meant: \
         UPDATE_GOLDEN=1 cargo test --test it expected, and say why in CHANGELOG.md",
        folder.display(),
        found.join("\n")
    );
}

#[test]
fn a_difference_is_named_by_key_with_old_and_new() {
    let old = "code,year,mean\nA,1,5\nA,2,6\nB,1,7\n";
    let new = "code,year,mean\nA,1,5\nA,2,8\nC,1,7\n";
    assert_eq!(
        differences("t.csv", old.as_bytes(), new.as_bytes()),
        [
            "t.csv `A, 2`: mean 6 → 8",
            "t.csv `B, 1`: gone, was [\"B\", \"1\", \"7\"]",
            "t.csv `C, 1`: new, [\"C\", \"1\", \"7\"]",
        ]
    );
}

#[test]
fn jining_apg_is_as_expected() {
    check("jining-apg", 60, "2022,2023");
}

#[test]
fn yantai_apg_is_as_expected() {
    check("yantai-apg", 60, "2022,2023");
}

#[test]
fn zibo_dip_is_as_expected() {
    check("zibo-dip", 1500, "2021,2022,2023");
}

#[test]
fn panzhihua_drg_is_as_expected() {
    check("panzhihua-drg", 1500, "2021,2022,2023");
}

#[test]
fn jinhua_apg_is_as_expected() {
    check("jinhua-apg", 120, "2022,2023");
}
