//! What a review remark could be a check for: layers, sizes, headers, lists, bans.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up: a module names modules of earlier layers and of its own.
const LAYERS: &[&[&str]] = &[
    &["explain", "finding", "period", "table", "texts", "threads", "units"],
    &["policy"],
    &["trail"],
    &["catalog"],
    &["settlement"],
    &["attribution"],
    &["cleared"],
    &["audit"],
    &["grouper"],
    &["warehouse"],
    &["intake"],
    &["grouping"],
    &["weights"],
    &["history"],
    &["backtest"],
    &["report"],
    &["synth"],
    &["cli"],
];

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;
const HEADER: [&str; 6] = ["model", "grain", "inputs", "params", "checks", "ref"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|known| known == ending) {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{ending} file under {folder}");
    found
}

fn none(what: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{what}:\n{}", violations.join("\n"));
}

/// The module a file of `src/` belongs to: `src/units/mod.rs` and `src/units.rs` → `units`.
fn module(path: &Path) -> String {
    let first = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| {
        ["tests", "tests.rs", "tidy", "tidy.rs", "sample.rs"].iter().any(|known| part == *known)
    }) || path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_tests"))
}

/// Text without its `#[cfg(test)] mod tests { … }` tail.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

#[test]
fn modules_point_downwards() {
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let mut violations = Vec::new();
    for (path, text) in files("src", "rs") {
        let own = module(&path);
        let Some(at) = layer(&own) else {
            if !["lib", "main", "tidy"].contains(&own.as_str()) {
                violations.push(format!("{}: `{own}` is in no layer", path.display()));
            }
            continue;
        };
        for (number, line) in code(&text).lines().enumerate() {
            for part in line.split("crate::").skip(1) {
                let named: BTreeSet<&str> = match part.strip_prefix('{') {
                    Some(list) => list.split([',', '}']).map(str::trim).collect(),
                    None => BTreeSet::from([part]),
                };
                for name in named {
                    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                    let name = &name[..end.unwrap_or(name.len())];
                    if layer(name).is_some_and(|other| other > at) {
                        let line = number + 1;
                        violations.push(format!("{}:{line}: names `{name}`", path.display()));
                    }
                }
            }
        }
    }
    none("a module names one above it", &violations);
}

#[test]
fn only_warehouse_names_the_engine() {
    let mut violations = Vec::new();
    for (path, text) in files("src", "rs") {
        if module(&path) == "warehouse" || is_test(&path) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let names = ["datafusion::", "deltalake_core::", "SessionContext"];
            if names.iter().any(|name| line.contains(name)) && !line.trim().starts_with("//") {
                violations.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    none("the engine is named outside `warehouse`", &violations);
}

#[test]
fn files_and_functions_stay_small() {
    let mut violations = Vec::new();
    for (path, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let lines = text.lines().count();
        if lines > FILE_LINES {
            violations.push(format!("{}: {lines} lines", path.display()));
        }
        if path.starts_with("tests") {
            // A list of cases may be better whole than cut at a line count.
            continue;
        }
        let mut open: Option<(usize, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let starts = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
            if open.is_none() && (starts.starts_with("fn ") || line.contains(") fn ")) {
                open = Some((number, indent));
            }
            if let Some((start, at)) = open
                && indent == at
                && line.trim_start().starts_with('}')
            {
                if number - start + 1 > FUNCTION_LINES {
                    let length = number - start + 1;
                    violations.push(format!("{}:{}: {length} lines", path.display(), start + 1));
                }
                open = None;
            }
        }
    }
    none("longer than a reader can hold", &violations);
}

fn header(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .map_while(|line| line.strip_prefix("-- "))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

#[test]
fn sql_headers_are_complete_and_true() {
    let known: BTreeSet<String> = files("sql", "sql")
        .iter()
        .map(|(path, _)| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut violations = Vec::new();
    for (path, text) in files("sql", "sql") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let keys: Vec<String> = text
            .lines()
            .take(HEADER.len())
            .filter_map(|line| line.strip_prefix("-- ")?.split_once(':'))
            .map(|(key, _)| key.trim().to_owned())
            .collect();
        if keys != HEADER {
            violations.push(format!("{}: header keys {keys:?}", path.display()));
            continue;
        }
        let header = header(&text);
        if header["model"] != stem {
            violations.push(format!("{}: model is `{}`", path.display(), header["model"]));
        }
        let inputs: BTreeSet<&str> = header["inputs"].split(',').map(str::trim).collect();
        let body: String =
            text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        let words: BTreeSet<&str> =
            body.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for other in known.iter().filter(|other| **other != stem) {
            if words.contains(other.as_str()) != inputs.contains(other.as_str()) {
                violations.push(format!("{}: inputs and text differ on {other}", path.display()));
            }
        }
        for param in header["params"].split(',').map(str::trim).filter(|p| *p != "none") {
            if !body.contains(param) {
                violations.push(format!("{}: parameter {param} is not used", path.display()));
            }
        }
        for used in body.split('$').skip(1) {
            let end = used.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(used.len());
            if !header["params"].contains(&format!("${}", &used[..end])) {
                violations.push(format!("{}: ${} is not listed", path.display(), &used[..end]));
            }
        }
    }
    none("a header is not what the model does", &violations);
}

#[test]
fn sql_is_listed_once_and_stands_only_in_its_folder() {
    let list = fs::read_to_string(root().join("src/warehouse/models.rs")).unwrap();
    let mut violations = Vec::new();
    for (path, _) in files("sql", "sql") {
        let listed = list.matches(&format!("../../{}\"", path.display())).count();
        if listed != 1 {
            violations.push(format!("{}: listed {listed} times", path.display()));
        }
        let stem = path.file_stem().unwrap().to_string_lossy();
        let tested = format!("tests/sqllogic/{}/{stem}.slt", path.iter().nth(1).unwrap().display());
        if !root().join(&tested).is_file() {
            violations.push(format!("{}: no {tested}", path.display()));
        }
    }
    for (path, text) in files("src", "rs") {
        let sql = |line: &str| line.contains("\"select ") || line.contains("\"SELECT ");
        for (number, _) in
            code(&text).lines().enumerate().filter(|(_, line)| !is_test(&path) && sql(line))
        {
            violations.push(format!("{}:{}: SQL in Rust", path.display(), number + 1));
        }
    }
    none("SQL is out of place", &violations);
}

#[test]
fn no_clock_or_unseeded_chance_decides_a_result() {
    let banned =
        ["SystemTime", "Instant::now", "Utc::now", "Local::now", "thread_rng", "from_os_rng"];
    let mut violations = Vec::new();
    for (path, text) in files("src", "rs") {
        let talks = matches!(module(&path).as_str(), "cli" | "tidy");
        for (number, line) in code(&text).lines().enumerate() {
            let found = banned.iter().find(|word| line.contains(**word));
            if let Some(word) = found.filter(|_| !talks && !is_test(&path)) {
                violations.push(format!("{}:{}: `{word}`", path.display(), number + 1));
            }
        }
    }
    for (path, text) in files("sql", "sql") {
        for word in ["now(", "current_date", "current_time", "random("] {
            if text.to_lowercase().contains(word) {
                violations.push(format!("{}: `{word}`", path.display()));
            }
        }
    }
    none("time or chance in a result", &violations);
}

#[test]
fn every_scenario_is_named_beside_its_policy() {
    let mut violations = Vec::new();
    for (path, _) in files("catalogs", "toml") {
        let Some(policy) = path.parent().filter(|folder| folder.ends_with("scenarios")) else {
            continue;
        };
        let readme = policy.with_file_name("README.md");
        let text = fs::read_to_string(root().join(&readme)).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        if !text.contains(&format!("`{name}`")) {
            violations.push(format!("{}: no `{name}`", readme.display()));
        }
    }
    none("scenarios nobody finds", &violations);
}

#[test]
fn no_city_and_no_year_in_code() {
    let cities = [
        "jining",
        "yantai",
        "zibo",
        "jinhua",
        "panzhihua",
        "济宁",
        "烟台",
        "淄博",
        "金华",
        "攀枝花",
    ];
    let mut violations = Vec::new();
    let rust = files("src", "rs").into_iter().map(|(path, text)| (path, code(&text).to_owned()));
    for (path, text) in rust.chain(files("sql", "sql")) {
        if is_test(&path) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if line.trim_start().starts_with("--") {
                continue;
            }
            // A date such as 2023-01-31 in a message is an example, not a rule.
            let year =
                line.split(|c: char| !c.is_alphanumeric() && !"_-".contains(c)).any(|word| {
                    word.len() == 4 && word.starts_with("202") && word.parse::<u16>().is_ok()
                });
            // The command line may name a default system and years for a first try.
            let city = cities.iter().any(|city| line.contains(city)) && module(&path) != "cli";
            if city || (year && module(&path) != "cli") {
                violations.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    none("a city or a year in code belongs in `catalogs/`", &violations);
}

#[test]
fn no_float_where_money_or_points_are_decided() {
    let mut violations = Vec::new();
    for (path, text) in files("src", "rs") {
        if !["units", "policy", "settlement", "catalog"].contains(&module(&path).as_str()) {
            continue;
        }
        if is_test(&path) {
            continue;
        }
        for (number, line) in code(&text).lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if line.contains("f64") || line.contains("f32") {
                violations.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    none("a float", &violations);
}
