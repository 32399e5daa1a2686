//! A second way of computing a settlement: plain SQL of `tests/second`, which shares no code with the
//! kernel, against every institution of a run, to the fen.
//!
//! A file `<system>.sql` is a list of stages. Each is a statement: relations and a last `select` whose
//! rows the next stages see under the stage's name. Its heading names what it builds on: earlier stages,
//! or shared pieces in braces. `{year}` and `{scenario}` stand for those of the run.

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
    for table in &built.tables {
        register(&format!("catalog_{}", table.name), table);
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

/// Runs the stages of a system.
fn compute(engine: &Engine, session: &Session, system: &str, year: &str) {
    let file = text(&format!("{system}.sql"));
    let shared = |name: &str| without_comments(&text(&format!("{name}.sql")));
    for stage in file.split("-- stage ").skip(1) {
        let (heading, body) = stage.split_once('\n').unwrap();
        let (name, uses) = heading.split_once(':').unwrap();
        let mut pieces: Vec<String> = uses
            .split(',')
            .filter_map(|used| used.trim().strip_prefix('{')?.strip_suffix('}').map(shared))
            .collect();
        pieces.push(without_comments(body));
        let statement = format!("with recursive {}", pieces.join(",\n")).replace("{year}", year);
        let (schema, batches) = engine
            .wait(session.query(&statement))
            .unwrap_or_else(|err| panic!("stage `{name}` of {system}: {err}\n{statement}"));
        let table = relation::from_batches(name, &schema, &batches).unwrap();
        let batch = relation::to_batch(&table).unwrap();
        session.register_batches(name, batch.schema(), vec![batch]).unwrap();
    }
}

/// Settles the last year of a city and compares every institution; returns how many there were.
fn agrees(system: &str, city: &str, years: (&str, &str), scenario: Option<&str>) -> usize {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    synth(at, system, city, "export");
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
    let session = session(&engine, at, &at.join("catalog"), &run);
    compute(&engine, &session, system, year);
    let compare = format!("with {}", without_comments(&text("compare.sql")));
    let compare = compare.replace("{scenario}", scenario.unwrap_or("baseline"));
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
    assert!(differing.is_empty(), "{system} differs:\n{differing}");
    table.rows()
}

// shows: J04, J05, J09, A41, A44, A45, A46, R03, R10
#[test]
fn jining_is_the_same_in_plain_sql() {
    let city = "--people 600 --years 2022..2024 --seed 7";
    assert!(agrees("jining-apg", city, ("2022,2023", "2024"), None) > 100);
}

// shows: Y08, Y20, Y22, Y23, Y24, Y25, Y29, Y31, Y32, Y33, Y34, A09, A17, A19, A21, R16, R21, R22
#[test]
fn yantai_is_the_same_in_plain_sql() {
    let city = "--people 150 --years 2022..2024 --seed 7";
    assert_eq!(agrees("yantai-apg", city, ("2022,2023", "2024"), None), 12);
}
