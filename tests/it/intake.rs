//! Exports into a warehouse: what is the same, what is refused, what survives a kill.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use dianshu::explain::{Explain as _, Kind, render};
use dianshu::finding::{Finding, Severity};
use dianshu::intake::{Error, Settings, Silent, Summary, ingest};
use dianshu::table::{Column, Table};
use dianshu::units::Fen;
use dianshu::warehouse::parquet::{read_table, write_table};
use dianshu::warehouse::snapshot::{BUCKET_NOT_PLACED, Snapshot, YEAR_NOT_PLACED};
use dianshu::warehouse::store::{self, Store, Transaction};

const HEADER: &str = "setl_id,psn_no,fixmedins_code,insutype,med_type,dise_name,begntime,\
                      setl_time,medfee_sumamt,hifp_pay";

/// A folder for exports and warehouses, all with one key.
struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        std::fs::write(world.path("key"), "07".repeat(32)).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn settings(&self, paths: &[PathBuf], warehouse: &str) -> Settings {
        let mut settings = Settings::new(paths.to_vec(), self.path(warehouse));
        settings.key_file = Some(self.path("key"));
        settings.buckets = 4;
        settings.threads = 2;
        settings
    }

    fn load(&self, paths: &[PathBuf], warehouse: &str) -> Result<Summary, Error> {
        ingest(&self.settings(paths, warehouse), &Silent)
    }

    fn snapshot(&self, warehouse: &str) -> Snapshot {
        Store::open(&self.path(warehouse)).unwrap().snapshot().unwrap()
    }

    fn digest(&self, warehouse: &str, table: &str) -> String {
        self.snapshot(warehouse).table(table).unwrap().digest.clone()
    }
}

/// Settlement `n` of 60: persons P0…P9, three years, costs of n yuan and n fen.
fn settlement(n: usize) -> Vec<String> {
    let year = 2022 + n % 3;
    vec![
        format!("S{n:03}"),
        format!("P{}", n % 10),
        format!("H{}", n % 4),
        "310".to_owned(),
        "14".to_owned(),
        "慢性肾功能衰竭".to_owned(),
        format!("{year}-03-01 08:00:00"),
        format!("{year}-03-0{} 10:30:00", 1 + n % 9),
        format!("{n}.{n:02}"),
        format!("{}.00", n / 2),
    ]
}

fn csv(rows: impl IntoIterator<Item = usize>) -> String {
    let mut text = format!("{HEADER}\n");
    for n in rows {
        text.push_str(&settlement(n).join(","));
        text.push('\n');
    }
    text
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn settlement_table(rows: std::ops::Range<usize>) -> Table {
    let rows: Vec<Vec<String>> = rows.map(settlement).collect();
    let mut table = Table::new("settlement");
    for (at, name) in HEADER.split(',').enumerate() {
        let texts = rows.iter().map(|row| row[at].clone());
        let column = match name {
            "medfee_sumamt" => {
                Column::yuan(texts.map(|text| text.parse::<Fen>().unwrap().0).collect::<Vec<_>>())
            }
            _ => Column::text(texts),
        };
        table = table.with(name, column);
    }
    table
}

fn findings(world: &World, warehouse: &str) -> Vec<Finding> {
    world.snapshot(warehouse).load_findings().unwrap()
}

/// All files of a warehouse's tables with their bytes, logs aside.
fn data_files(root: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(root: &Path, folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, into);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                into.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    walk(root, root, &mut files);
    files.sort();
    files
}

#[test]
fn every_format_and_encoding_gives_the_same_content() {
    let world = World::new();
    let text = csv(0..60);
    let (gb, _, _) = encoding_rs::GB18030.encode(&text);
    let utf16: Vec<u8> = format!("\u{feff}{}", text.replace(',', "\t"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let parquet = world.path("parquet/settlement.parquet");
    std::fs::create_dir_all(parquet.parent().unwrap()).unwrap();
    write_table(&settlement_table(0..60), &parquet).unwrap();
    let sources = [
        ("utf8", world.file("utf8/settlement.csv", &text), Some("UTF-8")),
        (
            "bom",
            world.file("bom/settlement.csv", format!("\u{feff}{text}")),
            Some("UTF-8 with BOM"),
        ),
        ("gb", world.file("gb/settlement.csv", gb), Some("GB18030")),
        ("utf16", world.file("utf16/settlement.txt", utf16), Some("UTF-16LE")),
        ("gz", world.file("gz/settlement.csv.gz", gz(&text)), Some("UTF-8")),
        ("parquet", parquet, None),
    ];
    for (name, path, encoding) in &sources {
        let summary = world.load(&[path.clone()], &format!("w-{name}")).unwrap();
        assert_eq!(summary.files[0].encoding.as_deref(), *encoding, "{name}");
        assert_eq!(summary.files[0].targets[0].rows_kept, 60, "{name}");
        // Σ n + n/100 over 0..60 = 1770 + 17.70.
        assert_eq!(summary.files[0].targets[0].amount_yuan.as_deref(), Some("1787.70"), "{name}");
        assert_eq!(
            world.digest(&format!("w-{name}"), "settlement"),
            world.digest("w-utf8", "settlement"),
            "{name}"
        );
    }
    let snapshot = world.snapshot("w-gb");
    assert_eq!(snapshot.years(), [(2022, 20), (2023, 20), (2024, 20)]);
    let table = read_table(&snapshot.table("settlement").unwrap().files[0].path).unwrap();
    assert_eq!(table.cell("dise_name", 0).as_deref(), Some("慢性肾功能衰竭"));
    assert_eq!(table.cell("begntime", 0).as_deref(), Some("2022-03-01T08:00:00"));
}

#[test]
fn splitting_and_shuffling_the_input_changes_no_byte() {
    let world = World::new();
    let whole = world.file("one/settlement.csv", csv(0..60));
    world.load(&[whole], "w-one").unwrap();
    for part in 0..7 {
        // Part k has the rows k, k+7, … backwards.
        let rows: Vec<usize> = (0..60).rev().filter(|n| n % 7 == part).collect();
        world.file(&format!("seven/settlement-{part}.csv"), csv(rows));
    }
    world.load(&[world.path("seven")], "w-seven").unwrap();
    assert_eq!(world.digest("w-one", "settlement"), world.digest("w-seven", "settlement"));
    let contents = |name: &str| -> Vec<Vec<u8>> {
        let files = data_files(&world.path(name).join("settlement"));
        files.into_iter().map(|(_, bytes)| bytes).collect()
    };
    assert_eq!(contents("w-one"), contents("w-seven"));
    for part in 0..7 {
        world.load(&[world.path(&format!("seven/settlement-{part}.csv"))], "loads").unwrap();
    }
    let loads = world.snapshot("loads");
    assert_eq!(loads.table("settlement").unwrap().rows, 60);
    assert_eq!(loads.loads().len(), 7);
    assert_eq!(world.digest("loads", "settlement"), world.digest("w-one", "settlement"));
}

#[test]
fn little_memory_and_one_thread_give_the_same_content() {
    let world = World::new();
    let path = world.file("settlement.csv", csv(0..60));
    world.load(&[path.clone()], "much").unwrap();
    let mut settings = world.settings(&[path], "little");
    settings.memory_bytes = 4000;
    settings.threads = 1;
    ingest(&settings, &Silent).unwrap();
    assert_eq!(world.digest("much", "settlement"), world.digest("little", "settlement"));
    let files = |name: &str| world.snapshot(name).table("settlement").unwrap().files.len();
    assert!(files("little") > files("much"));
    assert_eq!(world.snapshot("little").years(), world.snapshot("much").years());
}

#[test]
fn files_are_sorted_and_bucketed_by_person() {
    let world = World::new();
    let path = world.file("settlement.csv", csv((0..60).rev()));
    world.load(&[path], "w").unwrap();
    let snapshot = world.snapshot("w");
    let mut bucket_of = std::collections::BTreeMap::new();
    for file in &snapshot.table("settlement").unwrap().files {
        let table = read_table(&file.path).unwrap();
        assert_eq!(table.rows() as u64, file.rows);
        let cell = |name: &str, row: usize| table.cell(name, row).unwrap();
        let key = |row| [cell("psn_no", row), cell("fixmedins_code", row), cell("setl_id", row)];
        for row in 0..table.rows() {
            let person = cell("psn_no", row);
            assert!(person.len() == 32 && person.bytes().all(|digit| digit.is_ascii_hexdigit()));
            assert_eq!(*bucket_of.entry(person).or_insert(file.bucket), file.bucket);
            assert!(row == 0 || key(row - 1) < key(row));
            assert_eq!(cell("setl_time", row)[..4], file.year.to_string());
        }
    }
    assert_eq!(bucket_of.len(), 10);
}

#[test]
fn a_file_is_loaded_once() {
    let world = World::new();
    let path = world.file("settlement.csv", csv(0..10));
    let first = world.load(&[path.clone()], "w").unwrap();
    assert!(first.load_id.is_some());
    let before = world.snapshot("w");
    // Another name, the same bytes.
    let copy = world.file("again/settlement-copy.csv", csv(0..10));
    for again in [path.clone(), copy] {
        let summary = world.load(&[again], "w").unwrap();
        assert!(summary.files[0].skipped && summary.load_id.is_none());
        assert!(summary.to_string().contains("loaded before, skipped"));
        assert_eq!(world.snapshot("w"), before);
    }
    let more = world.file("settlement-2.csv", csv(10..20));
    let summary = world.load(&[path, more], "w").unwrap();
    assert_eq!(summary.files.iter().map(|file| file.skipped).collect::<Vec<_>>(), [true, false]);
    assert_eq!(summary.tables[0].rows_added, 10);
    assert_eq!(world.snapshot("w").table("settlement").unwrap().rows, 20);
}

#[test]
fn a_load_killed_before_its_last_commit_never_was_and_its_rerun_completes() {
    let world = World::new();
    let (a, b) =
        (world.file("settlement-a.csv", csv(0..20)), world.file("settlement-b.csv", csv(20..60)));
    world.load(&[a.clone()], "w").unwrap();
    let before = world.snapshot("w");
    world.load(&[b.clone()], "w").unwrap();
    let complete = world.snapshot("w");
    // The commit to `load` is the last step: without it, the load was killed just before.
    let last = world.path("w/load/_delta_log/00000000000000000002.json");
    std::fs::remove_file(&last).unwrap();
    // Killed earlier still: temporary files, and a data file that no commit names.
    world.file("w/_tmp/settlement-0.arrow", b"half");
    world.file("w/settlement/year=2022/bucket=0/part-00002-aaaaaaaaaaaa-000-000.parquet", b"half");
    assert_eq!(world.snapshot("w"), before);
    world.load(&[b], "w").unwrap();
    let after = world.snapshot("w");
    assert_eq!(after.table("settlement").unwrap().rows, 60);
    assert_eq!(
        after.table("settlement").unwrap().digest,
        complete.table("settlement").unwrap().digest
    );
    assert_eq!(after.loads(), complete.loads());
    assert!(!world.path("w/_tmp").exists());
    let on_disk = data_files(&world.path("w/settlement")).len();
    assert_eq!(on_disk, after.table("settlement").unwrap().files.len());
}

#[test]
fn a_first_load_that_was_killed_is_taken_back_too() {
    let world = World::new();
    let path = world.file("settlement.csv", csv(0..20));
    world.load(&[path.clone()], "w").unwrap();
    let complete = world.snapshot("w");
    std::fs::remove_file(world.path("w/load/_delta_log/00000000000000000001.json")).unwrap();
    assert!(world.snapshot("w").table("settlement").is_none());
    world.load(&[path], "w").unwrap();
    let after = world.snapshot("w");
    assert_eq!(after.years(), complete.years());
    assert_eq!(
        after.table("settlement").unwrap().digest,
        complete.table("settlement").unwrap().digest
    );
}

#[test]
fn a_second_load_at_the_same_time_is_refused() {
    let world = World::new();
    let path = world.file("settlement.csv", csv(0..10));
    let running = Transaction::begin(&world.path("w"), 4).unwrap();
    let err = world.load(&[path.clone()], "w").unwrap_err();
    assert!(matches!(err, Error::Store(store::Error::Busy { .. })), "{err:?}");
    assert_eq!(err.kind(), Kind::Input);
    assert!(render(&err).contains("hint: try again when it is done"));
    drop(running);
    assert!(!world.path("w").exists());
    world.load(&[path], "w").unwrap();
}

fn fees(rows: &[(&str, &str, &str, &str)]) -> String {
    let mut text = "setl_id,feedetl_sn,psn_no,fee_ocur_time,det_item_fee_sumamt\n".to_owned();
    for (n, (settlement, person, time, amount)) in rows.iter().enumerate() {
        text.push_str(&format!("{settlement},F{n},{person},{time},{amount}\n"));
    }
    text
}

/// Year and bucket of each fee line by its number.
fn fee_places(snapshot: &Snapshot) -> std::collections::BTreeMap<String, (i32, i32)> {
    let mut places = std::collections::BTreeMap::new();
    for file in &snapshot.table("fee_item").unwrap().files {
        let table = read_table(&file.path).unwrap();
        for row in 0..table.rows() {
            places.insert(table.cell("feedetl_sn", row).unwrap(), (file.year, file.bucket));
        }
    }
    places
}

#[test]
fn fee_lines_stand_with_their_settlement() {
    let world = World::new();
    let settlements = world.file("settlement.csv", csv(0..3));
    // S000 is P0 in 2022, S001 is P1 in 2023, S002 is P2 in 2024.
    let fees = world.file(
        "fee_item.csv",
        fees(&[
            ("S000", "P0", "2023-01-01", "1.00"),
            ("S001", "P1", "2022-12-31 23:59:59", "2.00"),
            ("S001", "", "2023-03-01", "3.00"),
            ("S002", "P0", "2024-03-01", "4.00"),
            ("S999", "P1", "2024-03-01", "5.00"),
            ("S999", "", "2024-03-01", "6.00"),
        ]),
    );
    let check = |warehouse: &str| {
        let snapshot = world.snapshot(warehouse);
        let places = fee_places(&snapshot);
        let settlements = snapshot.table("settlement").unwrap();
        let bucket = |year| {
            settlements.files.iter().find(|file| file.year == year).map(|file| file.bucket).unwrap()
        };
        let place = |line: &str| places[line];
        assert_eq!(place("F0"), (2022, bucket(2022)), "crosses into the next year");
        assert_eq!(place("F1"), (2023, bucket(2023)), "crosses from the year before");
        assert_eq!(place("F2"), (2023, bucket(2023)), "names no person");
        assert_eq!(place("F3"), (2024, bucket(2024)), "names another person");
        assert_eq!(place("F4"), (YEAR_NOT_PLACED, bucket(2023)), "unknown settlement, own bucket");
        assert_eq!(place("F5"), (YEAR_NOT_PLACED, BUCKET_NOT_PLACED), "nothing is known");
        let own = bucket(2023).try_into().unwrap();
        let fees = snapshot.table("fee_item").unwrap();
        // Its own lines and the one that nobody could place.
        let read: u64 = fees.files_of_bucket(own).map(|file| file.rows).sum();
        let there = |bucket: i32| places.values().filter(|(_, at)| *at == bucket).count() as u64;
        assert_eq!(read, there(bucket(2023)) + there(BUCKET_NOT_PLACED));
    };
    world.load(&[settlements.clone(), fees.clone()], "together").unwrap();
    check("together");
    world.load(&[settlements.clone()], "later").unwrap();
    world.load(&[fees.clone()], "later").unwrap();
    check("later");
    world.load(&[fees], "before").unwrap();
    world.load(&[settlements], "before").unwrap();
    for warehouse in ["later", "before"] {
        for table in ["settlement", "fee_item"] {
            assert_eq!(world.digest(warehouse, table), world.digest("together", table));
        }
    }
}

#[test]
fn bad_files_are_refused_and_change_nothing() {
    let world = World::new();
    let parquet = world.path("whole.parquet");
    write_table(&settlement_table(0..60), &parquet).unwrap();
    let bytes = std::fs::read(&parquet).unwrap();
    let wrong = settlement_table(0..3);
    let columns = wrong.columns.iter().map(|(name, column)| match name.as_str() {
        "fixmedins_code" => (name.clone(), Column::whole([1, 2, 3])),
        _ => (name.clone(), column.clone()),
    });
    let wrong = Table { name: "settlement".into(), columns: columns.collect() };
    let wrong_path = world.path("settlement-typed.parquet");
    write_table(&wrong, &wrong_path).unwrap();
    let text = csv(0..3);
    let swapped =
        text.replace("2022-03-0", "x").replace("2023-03-0", "y").replace("2024-03-0", "z");
    let file = |name: &str, bytes: &[u8]| world.file(name, bytes);
    for (path, fact, hint) in [
        (
            file("settlement-a.csv", text.replace("medfee_sumamt", "total_medfee").as_bytes()),
            "has no column `medfee_sumamt`, which table `settlement` needs; its columns are",
            "write a mapping and name it with `--mapping my.toml`",
        ),
        (
            file("settlement-b.csv", swapped.as_bytes()),
            "line 2: `x1 08:00:00` in column `begntime`",
            "--mapping",
        ),
        (
            wrong_path,
            "column `fixmedins_code` is Int64; `settlement.fixmedins_code` needs text",
            "mapping",
        ),
        (
            file("settlement.parquet", text.as_bytes()),
            "is named as Parquet, but its bytes are",
            "rename",
        ),
        (
            file("settlement-c.csv", &bytes),
            "is named as plain text, but its bytes are Parquet",
            "rename",
        ),
        (file("settlement-d.csv", b""), "is empty: it has 0 bytes", "export it again"),
        (
            file("settlement-e.csv", format!("{HEADER}\n").as_bytes()),
            "has a header but no rows",
            "export",
        ),
        (
            file("settlement-f.parquet", &bytes[..bytes.len() / 2]),
            "is not a whole Parquet file",
            "cut off",
        ),
        (file("settlement-g.csv.gz", &gz(&text)[..60]), "is not a whole gzip file", "cut off"),
        (
            file("settlement-h.csv", b"PK\x03\x04...."),
            "is a ZIP archive or an Excel workbook",
            "save it as CSV",
        ),
        (file("claims.csv", b"a,b\n1,2\n"), "cannot tell which table", "--table"),
        (world.path("nothing.csv"), "cannot read", ""),
    ] {
        let err = world.load(&[path.clone()], "w").unwrap_err();
        let message = render(&err);
        assert!(message.contains(fact), "{}: {message}", path.display());
        assert!(message.contains(hint), "{}: {message}", path.display());
        assert!(message.contains(&*path.file_name().unwrap().to_string_lossy()), "{message}");
        assert_eq!(err.kind().exit_code(), 2, "{message}");
        assert!(!world.path("w").exists(), "{message}");
    }
    // The same beside a good file, into a warehouse with something in it.
    world.load(&[file("settlement-good.csv", csv(0..5).as_bytes())], "w").unwrap();
    let before = (world.snapshot("w"), data_files(&world.path("w")));
    let good = file("settlement-more.csv", csv(5..9).as_bytes());
    let bad = world.path("settlement-b.csv");
    world.load(&[good, bad], "w").unwrap_err();
    assert_eq!((world.snapshot("w"), data_files(&world.path("w"))), before);
}

#[test]
fn a_folder_that_cannot_be_a_warehouse_is_refused() {
    let world = World::new();
    let path = world.file("settlement.csv", csv(0..3));
    let err = world.load(&[path.clone()], "key/below").unwrap_err();
    assert!(render(&err).contains("cannot write"), "{}", render(&err));
    assert_eq!(err.kind(), Kind::Input);
    world.file("docs/letter.txt", b"dear");
    let err = world.load(&[path], "docs").unwrap_err();
    assert!(matches!(err, Error::Store(store::Error::NotEmpty { .. })), "{err:?}");
    let err = Store::open(&world.path("docs")).unwrap_err();
    assert!(matches!(err, store::Error::NotAWarehouse { .. }), "{err:?}");
}

#[test]
fn bad_rows_are_findings_with_line_column_and_value() {
    let world = World::new();
    let mut text = format!("{HEADER}\n");
    let mut row = |n: usize, at: usize, value: &str| {
        let mut cells = settlement(n);
        value.clone_into(&mut cells[at]);
        text.push_str(&cells.join(","));
        text.push('\n');
    };
    row(10, 5, "\"quoted\nnewline\""); // lines 2 and 3
    row(11, 8, "12.345"); // line 4
    row(12, 8, "abc"); // line 5
    row(13, 7, "2023-02-29"); // line 6
    row(14, 1, ""); // line 7
    row(15, 7, "1899-01-01"); // line 8
    row(16, 9, "8.00,surplus"); // line 9: one field too many
    row(17, 2, " H1 "); // line 10: fine
    let path = world.file("settlement.csv", &text);
    let summary = world.load(&[path], "w").unwrap();
    let target = &summary.files[0].targets[0];
    assert_eq!((summary.files[0].rows_read, target.rows_kept, target.rows_rejected), (8, 2, 6));
    assert_eq!(summary.errors(), 6);
    // 10.10 + 17.17
    assert_eq!(target.amount_yuan.as_deref(), Some("27.27"));
    let found: Vec<_> = findings(&world, "w")
        .into_iter()
        .map(|f| (f.line, f.check_id, f.key, f.column, f.value, f.amount))
        .collect();
    let expect = |line, check: &str, key: &str, column: &str, value: &str, amount| {
        (line, check.to_owned(), key.to_owned(), column.to_owned(), value.to_owned(), amount)
    };
    assert_eq!(
        found,
        [
            expect(4, "amount_too_many_places", "S011", "medfee_sumamt", "12.345", None),
            expect(5, "amount_not_a_number", "S012", "medfee_sumamt", "abc", None),
            expect(6, "time_not_readable", "S013", "setl_time", "2023-02-29", Some(Fen(1313))),
            expect(7, "required_missing", "S014", "psn_no", "", Some(Fen(1414))),
            expect(8, "time_out_of_range", "S015", "setl_time", "1899", Some(Fen(1515))),
            expect(9, "record_wrong_length", "", "", "11", None),
        ]
    );
    let all = findings(&world, "w");
    assert!(all.iter().all(|f| f.severity == Severity::Error && f.file == "settlement.csv"));
    assert_eq!(all[0].message, "`medfee_sumamt`: the value has more than two decimal places");
    let load = world.snapshot("w").loads()[0].clone();
    assert_eq!((load.rows_kept, load.findings, load.amount), (2, 6, Some(Fen(2727))));
}

#[test]
fn a_mapping_gives_other_names_filters_and_repeated_columns() {
    let world = World::new();
    let source = world.file(
        "claims.csv",
        "ID;Who;House;Kind;Day;Cents;Fund;DX1;DX2;\n\
         C1;A;H1;main;31.12.2023;1250;10;N18.0;I10;\n\
         C2;B;H1;main;01.01.2024;x;0.5;N18.0;;\n\
         C3;B;H2;part;02.01.2024;100;1;;I10;\n",
    );
    let mapping = r#"
[tables.settlement]
row_filter = "Kind = 'main'"
[tables.settlement.columns]
setl_id = "ID"
psn_no = "Who"
fixmedins_code = "House"
setl_time = "Day"
medfee_sumamt = "cast(Cents as decimal(18, 0)) / 100"
hifp_pay = "Fund"
[tables.settlement.constants]
insutype = "310"
med_type = "14"
[tables.settlement.dates]
setl_time = "%d.%m.%Y"

[tables.diagnosis.each]
code = ["DX1", "DX2"]
[tables.diagnosis.columns]
setl_id = "ID"
psn_no = "Who"
diag_code = "code"
diag_srt_no = "each_number"
"#;
    let mut settings = world.settings(&[source.clone()], "w");
    settings.mapping = Some(world.file("m.toml", mapping));
    let summary = ingest(&settings, &Silent).unwrap();
    let [settlements, diagnoses] = summary.files[0].targets.as_slice() else {
        panic!("two tables")
    };
    assert_eq!(
        (settlements.rows_kept, settlements.rows_filtered, settlements.rows_rejected),
        (1, 1, 1)
    );
    assert_eq!(settlements.amount_yuan.as_deref(), Some("12.50"));
    assert_eq!((diagnoses.rows_kept, diagnoses.rows_filtered), (4, 0));
    assert!(summary.files[0].ignored_columns.is_empty());
    let found = findings(&world, "w");
    let of = |check: &str| found.iter().find(|f| f.check_id == check).unwrap();
    assert_eq!((of("row_filtered").line, of("row_filtered").key.as_str()), (4, "C3"));
    assert_eq!(
        (of("expression_failed").line, of("expression_failed").value.as_str()),
        (3, "Cents=x")
    );
    let snapshot = world.snapshot("w");
    let mut codes = Vec::new();
    for file in &snapshot.table("diagnosis").unwrap().files {
        let table = read_table(&file.path).unwrap();
        for row in 0..table.rows() {
            let cell = |name| table.cell(name, row).unwrap();
            codes.push((cell("setl_id"), cell("diag_srt_no"), cell("diag_code"), file.year));
        }
    }
    codes.sort();
    let code = |id: &str, at: &str, code: &str, year| (id.into(), at.into(), code.into(), year);
    assert_eq!(
        codes,
        [
            code("C1", "1", "N18.0", 2023),
            code("C1", "2", "I10", 2023),
            // Rejected or filtered settlements are not there to stand with.
            code("C2", "1", "N18.0", YEAR_NOT_PLACED),
            code("C3", "2", "I10", YEAR_NOT_PLACED),
        ]
    );
    let fails = |from: &str, to: &str| {
        let mut settings = world.settings(&[source.clone()], "other");
        settings.mapping = Some(world.file("bad.toml", mapping.replace(from, to)));
        let err = ingest(&settings, &Silent).unwrap_err();
        assert_eq!(err.kind(), Kind::Input);
        assert!(!world.path("other").exists());
        render(&err)
    };
    let message = fails("\"Fund\"", "\"fund\"");
    assert!(message.contains("`hifp_pay = fund` names the column `fund`"), "{message}");
    assert!(
        message.contains("bad.toml` line 10") && message.contains("did you mean `Fund`?"),
        "{message}"
    );
    let message = fails("\"Day\"", "\"Kind = 'main'\"");
    assert!(message.contains("gives Boolean, but a date, a timestamp"), "{message}");
    let message = fails("'main'\"", "'main\"");
    assert!(message.contains("line 3: `row_filter = Kind = 'main` is not a usable"), "{message}");
    // The same bytes under another meaning would stand there twice.
    settings.mapping = Some(world.file("m2.toml", mapping.replace("\"14\"", "\"11\"")));
    let err = ingest(&settings, &Silent).unwrap_err();
    assert!(matches!(err, Error::LoadedOtherwise { .. }), "{err:?}");
}

#[test]
fn the_key_of_a_warehouse_is_made_once_and_asked_for_ever_after() {
    let world = World::new();
    let mut settings = world.settings(&[world.file("settlement.csv", csv(0..3))], "w");
    settings.key_file = None;
    let summary = ingest(&settings, &Silent).unwrap();
    let key = world.path("w.key");
    assert_eq!(summary.new_key.as_deref(), Some(key.as_path()));
    assert!(summary.to_string().contains("Keep it safe"));
    settings.paths = vec![world.file("settlement-2.csv", csv(3..6))];
    std::fs::rename(&key, world.path("moved")).unwrap();
    let err = ingest(&settings, &Silent).unwrap_err();
    assert!(matches!(err, Error::KeyMissing { .. }), "{err:?}");
    settings.key_file = Some(world.path("key"));
    let err = ingest(&settings, &Silent).unwrap_err();
    assert!(matches!(err, Error::KeyDiffers { .. }), "{err:?}");
    settings.key_file = Some(world.path("moved"));
    assert!(ingest(&settings, &Silent).unwrap().new_key.is_none());
}

#[test]
fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let world = World::new();
    let mut settings = world.settings(&[world.file("settlement.csv", csv(0..9))], "w");
    settings.key_file = None;
    settings.dry_run = true;
    let summary = ingest(&settings, &Silent).unwrap();
    assert_eq!((summary.files[0].targets[0].rows_kept, summary.dry_run), (9, true));
    assert!(!world.path("w").exists() && !world.path("w.key").exists());
}

/// `shared/data/…` beside the project, or in the folder that `DIANSHU_SHARED` names.
fn shared(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("DIANSHU_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = folder.join(path);
    path.exists().then_some(path)
}

#[test]
fn the_public_inpatient_claims_match_their_control_totals() {
    let Some(path) = shared("data/synpuf-inpatient/inpatient.csv.gz") else {
        eprintln!("skipped: shared/data/synpuf-inpatient is not there");
        return;
    };
    let world = World::new();
    let mut settings = world.settings(&[path], "w");
    settings.mapping = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/synpuf.toml"));
    let summary = ingest(&settings, &Silent).unwrap();
    assert_eq!((summary.files[0].rows_read, summary.errors()), (34_494, 0));
    let snapshot = world.snapshot("w");
    assert_eq!(snapshot.years(), [(2008, 13_992), (2009, 13_149), (2010, 7_320)]);
    // Control totals of the data's README: fee and paid by discharge year, dollars.
    let totals = [
        (2008, 14_876_021_000_i128, 12_844_788_000_i128),
        (2009, 14_799_080_000, 12_770_836_000),
        (2010, 8_311_757_000, 7_110_386_000),
    ];
    for (year, fee, paid) in totals {
        let mut sums = (0i128, 0i128);
        for file in snapshot.table("settlement").unwrap().files.iter().filter(|f| f.year == year) {
            let table = read_table(&file.path).unwrap();
            let sum = |name: &str| match table.column(name) {
                Some(Column::Decimal { places: 2, values }) => {
                    values.iter().flatten().sum::<i128>()
                }
                other => panic!("{name}: {other:?}"),
            };
            sums = (sums.0 + sum("medfee_sumamt"), sums.1 + sum("hifp_pay"));
            // medfee = fund + patient, to the cent.
            assert_eq!(sum("medfee_sumamt"), sum("fund_pay_sumamt") + sum("psn_part_amt"));
        }
        assert_eq!(sums, (fee, paid), "{year}");
    }
    let found = snapshot.load_findings().unwrap();
    let second: Vec<_> = found.iter().filter(|f| f.table == "settlement").collect();
    assert_eq!(second.len(), 33);
    assert!(second.iter().all(|f| f.check_id == "row_filtered" && f.line > 1 && !f.key.is_empty()));
    let groups = snapshot.table("group_result").unwrap();
    assert_eq!(groups.rows, 34_461);
    assert!(groups.files.iter().all(|file| file.year != YEAR_NOT_PLACED));
    for file in &groups.files {
        let table = read_table(&file.path).unwrap();
        let codes = (0..table.rows()).filter_map(|row| table.cell("group_code", row));
        assert!(codes.into_iter().all(|code| code != "000" && code != "OTH"));
    }
}
