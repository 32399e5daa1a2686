//! A second way of computing a settlement: plain SQL of `tests/second`, which shares no code with the
//! kernel, against every institution of a run, to the fen.
//!
//! A file is a list of stages, each a statement: relations, if any, and a last `select` whose rows all
//! later stages see under the stage's name. `-- use NAME` runs the stages of another file in between; a
//! heading may name files of relations in braces to put before its own. `{year}` stands for the year
//! settled; in a file named with `@before`, `{of_year}` stands for the year before it, else for the same.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use dianshu::backtest::manifest;
use dianshu::catalog;
use dianshu::table::{Column, Table};
use dianshu::warehouse::contract::TABLES;
use dianshu::warehouse::engine::{Engine, Limits, Session};
use dianshu::warehouse::relation;
use dianshu::warehouse::store::Store;

use super::tools::{dianshu, synth};

/// A file of `tests/second` without its comments.
fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second").join(name);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split("--").next().unwrap_or_default().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// What the second computation may know: the warehouse, the catalog's published numbers, the run.
fn session(engine: &Engine, home: &Path, catalog: &Path, run: &Path) -> Session {
    let session = engine.session();
    let snapshot = Store::open(&home.join("warehouse")).unwrap().snapshot().unwrap();
    for contract in TABLES {
        let files: Vec<_> = snapshot
            .table(contract.name)
            .map_or_else(Vec::new, |table| table.files.iter().map(|f| f.path.clone()).collect());
        session.register_files(contract.name, relation::read_schema(contract), &files).unwrap();
    }
    let register = |name: &str, table: &Table| {
        let batch = relation::to_batch(table).unwrap();
        session.register_batches(name, batch.schema(), vec![batch]).unwrap();
    };
    for table in manifest::read(run).unwrap().tables.values() {
        register(&format!("run_{}", table.name), table);
    }
    let built = catalog::read(catalog).unwrap();
    // Files of the catalog as they are written: text.
    for file in fs::read_dir(catalog).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|ending| ending == "csv") {
            let name = file.file_stem().unwrap().to_string_lossy().replace('-', "_");
            register(&format!("file_{name}"), &text_table(&file));
        }
    }
    // Points and means in ten-thousandths.
    let e4 = |value: rust_decimal::Decimal| {
        let mut value = value;
        value.rescale(4);
        i64::try_from(value.mantissa()).unwrap()
    };
    let groups = Table::new("catalog")
        .with("group_code", Column::text(built.groups.iter().map(|g| g.group_code.as_str())))
        .with("kind", Column::text(built.groups.iter().map(|g| g.kind.as_str())))
        .with(
            "points",
            Column::Whole(
                built
                    .groups
                    .iter()
                    .map(|g| g.points.map(|points| e4(points.to_decimal())))
                    .collect(),
            ),
        )
        .with("mean", Column::whole(built.groups.iter().map(|g| e4(g.mean))));
    register("catalog", &groups);
    let base = Table::new("base").with(
        "mean",
        Column::Decimal { places: 0, values: vec![Some(i128::from(e4(built.base_mean)))] },
    );
    register("base", &base);
    session
}

/// A CSV file as text columns.
fn text_table(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut table = Table::new("file");
    for (at, name) in header.iter().enumerate() {
        table = table.with(name, Column::text(rows.iter().map(|row| row[at].to_owned())));
    }
    table
}

/// The headings of a file, `stage …` or `use …`, each with the lines up to the next.
fn parts(file: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in file.lines() {
        let comment = line.strip_prefix("-- ").unwrap_or_default();
        if comment.starts_with("stage ") || comment.starts_with("use ") {
            parts.push((comment.to_owned(), String::new()));
        } else if let Some((_, body)) = parts.last_mut() {
            body.push_str(line);
            body.push('\n');
        }
    }
    parts
}

/// Runs the stages of a file.
fn compute(engine: &Engine, session: &Session, file: &str, (year, scenario): (&str, &str)) {
    let before = (year.parse::<u16>().unwrap() - 1).to_string();
    let piece = |named: &str| {
        let (name, of_year) = match named.strip_suffix("@before") {
            Some(name) => (name, before.as_str()),
            None => (named, year),
        };
        without_comments(&text(&format!("{name}.sql"))).replace("{of_year}", of_year)
    };
    for (heading, body) in parts(&text(&format!("{file}.sql"))) {
        if let Some(other) = heading.strip_prefix("use ") {
            compute(engine, session, other, (year, scenario));
        }
        let Some(heading) = heading.strip_prefix("stage ") else { continue };
        let (name, pieces) = heading.split_once(':').unwrap_or((heading, ""));
        let mut relations: Vec<String> = pieces
            .split(',')
            .filter_map(|named| named.trim().strip_prefix('{')?.strip_suffix('}').map(piece))
            .collect();
        let body = without_comments(&body);
        let select = body.rfind("\nselect").map_or(0, |at| at + 1);
        relations.extend(Some(body[..select].trim().to_owned()).filter(|own| !own.is_empty()));
        let relations = relations.join(",\n");
        let with = if relations.is_empty() { "" } else { "with recursive " };
        let statement = format!("{with}{relations}\n{}", &body[select..])
            .replace("{year}", year)
            .replace("{scenario}", scenario);
        let (schema, batches) = engine
            .wait(session.query(&statement))
            .unwrap_or_else(|err| panic!("stage `{name}` of {file}: {err}\n{statement}"));
        session
            .register_batches(name, schema, batches)
            .unwrap_or_else(|err| panic!("stage `{name}` of {file}: {err}"));
    }
}

/// A city to settle.
#[derive(Debug, Clone, Copy)]
enum City {
    /// Words of `dianshu synth`.
    As(&'static str),
    /// So many people, with every planted defect but one.
    Without(&'static str, u32),
}

/// The export of a city without one kind of defect, years 2021 to 2024.
fn planted(out: &Path, (system, defect): (&str, &str), people: u32) {
    let settings = dianshu::synth::Settings {
        city: dianshu::synth::City::embedded(system).unwrap().without(defect),
        years: "2021..2024".parse().unwrap(),
        people,
        seed: 7,
        out: out.to_owned(),
        format: dianshu::synth::Format::Parquet,
        defects: true,
        parts: 1,
    };
    dianshu::synth::generate(&settings).unwrap();
}

/// [`compared`] with a stack that holds the plans of long statements.
fn agrees(
    system: &'static str,
    city: City,
    years: (&'static str, &'static str),
    scenario: Option<&'static str>,
) -> usize {
    let work = move || compared(system, city, years, scenario);
    std::thread::Builder::new().stack_size(512 << 20).spawn(work).unwrap().join().unwrap()
}

/// Settles the last year of a city and compares every institution; returns how many there were.
fn compared(system: &str, city: City, years: (&str, &str), scenario: Option<&str>) -> usize {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    match city {
        City::As(words) => synth(at, system, words, "export"),
        City::Without(defect, people) => planted(&at.join("export"), (system, defect), people),
    }
    dianshu(at, "ingest export").ok();
    let (history, year) = years;
    dianshu(at, &format!("catalog build --policy {system} --years {history} --out catalog")).ok();
    let more = scenario.map_or_else(String::new, |name| format!("--scenario {name}"));
    dianshu(
        at,
        &format!("settle --policy {system} --catalog catalog --year {year} --cases {more}"),
    )
    .ok();
    let run = fs::read_dir(at.join("runs")).unwrap().next().unwrap().unwrap().path();
    let engine = Engine::start(Limits { threads: 2, memory_bytes: 2 << 30 }).unwrap();
    let mut rows = 0;
    for scenario in ["baseline"].into_iter().chain(scenario) {
        let session = session(&engine, at, &at.join("catalog"), &run);
        compute(&engine, &session, system, (year, scenario));
        rows = compare(&engine, &session, (system, scenario));
    }
    rows
}

/// Panics with every institution that differs; returns how many there were.
fn compare(engine: &Engine, session: &Session, (system, scenario): (&str, &str)) -> usize {
    let compare = format!("with {}", without_comments(&text("compare.sql")));
    // A system whose institutions have rows in several parts adds them up itself.
    let own = text(&format!("{system}.sql")).contains("-- stage ran_institution");
    let ran = if own { "ran_institution" } else { "run_institution" };
    let compare = compare.replace("{scenario}", scenario).replace("{ran}", ran);
    let (schema, batches) = engine.wait(session.query(&compare)).unwrap();
    let table = relation::from_batches("beside", &schema, &batches).unwrap();
    let mut differing = String::new();
    for row in 0..table.rows() {
        if table.cell("differs", row).as_deref() != Some("0") {
            let cells = table.columns.iter().map(|(name, _)| {
                format!("{name} {}", table.cell(name, row).unwrap_or_else(|| "–".to_owned()))
            });
            writeln!(differing, "{}", cells.collect::<Vec<_>>().join(", ")).unwrap();
        }
    }
    assert!(differing.is_empty(), "{system}, {scenario}, differs:\n{differing}");
    table.rows()
}

// shows: J04, J05, J09, A41, A44, A45, A46, R03, R10
#[test]
fn jining_is_the_same_in_plain_sql() {
    let city = City::As("--people 600 --years 2022..2024 --seed 7");
    assert!(agrees("jining-apg", city, ("2022,2023", "2024"), None) > 100);
}

// shows: Y08, Y20, Y22, Y23, Y24, Y25, Y29, Y31, Y32, Y33, Y34, A09, A17, A19, A21, R16, R21, R22
#[test]
fn yantai_is_the_same_in_plain_sql() {
    let city = City::As("--people 150 --years 2022..2024 --seed 7");
    assert_eq!(agrees("yantai-apg", city, ("2022,2023", "2024"), Some("days-off")), 12);
}

// shows: P04, P06, A36, A37, A41, A44, R05, R15, R26, R33
#[test]
fn panzhihua_is_the_same_in_plain_sql() {
    let city = City::As("--people 2000 --years 2021..2024 --seed 7");
    assert!(agrees("panzhihua-drg", city, ("2021..2023", "2024"), None) > 30);
}

// shows: Z09, Z11, Z12, Z13, Z17, Z18, Z20, Z24, Z26, A31, A35, A36, A37, A50, R01, R02, R06, R10, R17, R27
#[test]
fn zibo_is_the_same_in_plain_sql() {
    // Cases of an institution that no table has could not be paid: it has no coefficient (Z20).
    let city = City::Without("unknown_institution", 2000);
    assert!(agrees("zibo-dip", city, ("2021..2023", "2024"), None) > 60);
}

// shows: H01, H03, H07, H08, H09, A25, A26, A27, A28, A41, A44, A45, A46, R03, R07, R08, R09, R10, R11, R13
#[test]
fn jinhua_is_the_same_in_plain_sql() {
    let city = City::As("--people 400 --years 2022..2024 --seed 7");
    assert!(agrees("jinhua-apg", city, ("2022,2023", "2024"), None) > 60);
}
