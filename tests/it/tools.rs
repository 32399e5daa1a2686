//! Running the binary, comparing folders, reading small CSV files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a run of the binary left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Panics with everything it said unless it ended with 0.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Panics unless it ended with exit code 2 and its message holds every part.
    #[track_caller]
    pub(crate) fn refused(self, parts: &[&str]) -> Self {
        assert_eq!(self.code, 2, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not in:\n{}", self.stderr);
        }
        assert!(self.stderr.contains("error: "), "no `error:` in:\n{}", self.stderr);
        self
    }
}

/// Runs the binary in a folder with words separated by blanks.
pub(crate) fn dianshu(home: &Path, words: &str) -> Ran {
    dianshu_words(home, &words.split_whitespace().collect::<Vec<_>>())
}

/// Runs the binary in a folder. New warehouses get few buckets: models are planned once a bucket, and
/// planning is what takes time in a debug build.
pub(crate) fn dianshu_words(home: &Path, words: &[&str]) -> Ran {
    let few_buckets: &[&str] = if words[0] == "ingest" { &["--buckets", "3"] } else { &[] };
    let output: Output = Command::new(env!("CARGO_BIN_EXE_dianshu"))
        .args(words)
        .args(few_buckets)
        .current_dir(home)
        .output()
        .expect("the binary can be started");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Makes a city. A table without rows, such as the registrations of a city of inpatients, is left out
/// of the export: an empty file is refused.
pub(crate) fn synth(home: &Path, system: &str, words: &str, out: &str) {
    dianshu(home, &format!("synth {system} {words} --out {out}")).ok();
    let registrations = home.join(out).join("registration.csv");
    if fs::read_to_string(&registrations).is_ok_and(|text| text.lines().count() < 2) {
        fs::remove_file(registrations).expect("the file can be removed");
    }
}

/// Every file below a folder with its bytes, by relative path.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("a path below").to_owned();
                found.insert(name, fs::read(&path).expect("the file can be read"));
            }
        }
    }
    found
}

/// Panics with the first file that differs.
#[track_caller]
pub(crate) fn same_bytes(one: &Path, other: &Path) {
    let (one_files, other_files) = (contents(one), contents(other));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one_files), names(&other_files), "the same files");
    for (name, bytes) in &one_files {
        assert!(
            *bytes == other_files[name],
            "`{}` differs between {} and {}",
            name.display(),
            one.display(),
            other.display()
        );
    }
}

/// Rows of a CSV file as maps from column to value.
pub(crate) fn csv(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).expect("the CSV can be read");
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().expect("a header").clone();
    reader
        .records()
        .map(|record| {
            let record = record.expect("a record");
            header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
        })
        .collect()
}

/// Rows of a Parquet file as maps from column to value; a missing value is empty.
pub(crate) fn parquet(path: &Path) -> Vec<BTreeMap<String, String>> {
    let table = dianshu::warehouse::parquet::read_table(path).expect("the table can be read");
    let names: Vec<&String> = table.columns.iter().map(|(name, _)| name).collect();
    (0..table.rows())
        .map(|row| {
            let cell =
                |name: &&String| ((*name).clone(), table.cell(name, row).unwrap_or_default());
            names.iter().map(cell).collect()
        })
        .collect()
}

/// JSON lines as values.
pub(crate) fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// The only run below a folder.
pub(crate) fn only_run(runs: &Path) -> PathBuf {
    let all: Vec<PathBuf> =
        fs::read_dir(runs).expect("runs").map(|entry| entry.expect("entry").path()).collect();
    assert_eq!(all.len(), 1, "one run in {}", runs.display());
    all[0].clone()
}

/// A folder of the shared public data, if it is there.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DIANSHU_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(part);
    path.exists().then_some(path)
}
