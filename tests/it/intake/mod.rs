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

mod mapped;
mod refused;

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
