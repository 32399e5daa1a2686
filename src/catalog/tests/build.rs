//! A small catalog that holds together, and folders that clean up after themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;

use crate::catalog::manifest::State;
use crate::catalog::model::{Catalog, FlowStep, Group, IdentityLine, Institution, Trimmed};
use crate::catalog::write::write_in;
use crate::catalog::{Artefact, Error};
use crate::policy::model::Identity;
use crate::units::{Fen, Points};

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn yuan(text: &str) -> Fen {
    text.parse().unwrap()
}

/// A group with all its cases in the newer year.
pub(super) fn group(code: &str, cases: u64, mean: &str, points: &str) -> Group {
    let points = dec(points) * dec("1000000");
    let points = Points(i64::try_from(points.trunc().mantissa()).unwrap());
    Group {
        group_code: code.to_owned(),
        group_name: String::new(),
        kind: "group".to_owned(),
        parent: String::new(),
        mark: String::new(),
        year_cases: vec![0, cases],
        year_means: vec![None, Some(dec(mean))],
        cases,
        mean: dec(mean),
        cv: None,
        computed: Some(points),
        points: Some(points),
        standard: None,
        flags: vec!["single_year".to_owned()],
    }
}

/// Group A with fees of 100, 200, 300 and group B with one of 600: all cases have a mean of 300.
/// At scale 100: A 66.6667, B 200. Σ cases × points ÷ scale × base mean = 600.0003 + 600.
pub(super) fn tiny() -> Catalog {
    let mut first = group("A", 3, "200", "66.6667");
    first.group_name = "透析, \"常规\"\n第二行".to_owned();
    first.year_cases = vec![1, 2];
    first.year_means = vec![Some(dec("100")), Some(dec("250"))];
    first.cv = Some(dec("0.408248"));
    first.flags = Vec::new();
    let mut second = group("B", 1, "600", "200");
    second.standard = Some(yuan("612.5"));
    second.flags.push("small".to_owned());
    let step = |year, step: &str, rows, amount: &str| FlowStep {
        year,
        step: step.to_owned(),
        rows,
        amount: yuan(amount),
    };
    let line =
        |line: &str, amount: &str| IdentityLine { line: line.to_owned(), amount: dec(amount) };
    Catalog {
        system: "tiny".to_owned(),
        years: vec![2022, 2023],
        scale: Some(dec("100")),
        base_mean: dec("300"),
        year_base_means: vec![Some(dec("100")), Some(dec("366.6667"))],
        places: 4,
        groups: vec![first, second],
        institutions: vec![
            Institution {
                fixmedins_code: "H1".to_owned(),
                year_cases: vec![1, 1],
                year_cost: vec![yuan("100"), yuan("600")],
            },
            Institution {
                fixmedins_code: "H2".to_owned(),
                year_cases: vec![0, 2],
                year_cost: vec![yuan("0"), yuan("500")],
            },
        ],
        flow: vec![
            step(2022, "raw", 2, "150"),
            step(2022, "void", -1, "-50"),
            step(2022, "cases", 1, "100"),
            step(2023, "cases", 3, "1100"),
        ],
        trimmed: vec![Trimmed {
            group_code: "A".to_owned(),
            year: 2023,
            cases: 1,
            amount: yuan("0.01"),
            kept_from: yuan("1"),
            kept_to: yuan("2"),
        }],
        identity: vec![
            line("points_total", "1200.0003"),
            line("rounding", "-0.0003"),
            line("total", "1200"),
        ],
        sources: BTreeMap::from([("settlement".to_owned(), (4, "00ff".to_owned()))]),
        tables: Vec::new(),
    }
}

pub(super) fn policy() -> Identity {
    Identity {
        id: "tiny".to_owned(),
        title: "小目录".to_owned(),
        document: "文件".to_owned(),
        valid_from: "2024-01-01".parse().unwrap(),
        valid_to: None,
    }
}

/// The text of a policy, as far as a catalog looks into it.
pub(super) const POLICY: &str = "[weights]\nlevel = \"means\" # 年度\n";

pub(super) fn write_as(catalog: &Catalog, state: State, dir: &Path) -> Result<String, Error> {
    let extra = BTreeMap::from([("items.csv".to_owned(), b"code\n1\n".to_vec())]);
    let policy = policy();
    let artefact = Artefact { catalog, policy: &policy, policy_source: POLICY, extra: &extra };
    write_in(&artefact, state, dir)
}

pub(super) fn write_draft(catalog: &Catalog, dir: &Path) -> Result<String, Error> {
    write_as(catalog, State::Draft, dir)
}

/// A folder of one test, removed at its end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dianshu-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Names in it, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Name and bytes of every file in a folder.
pub(super) fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect()
}
