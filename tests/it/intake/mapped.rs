//! Exports in other names: mapping files, and public claims under one.

use super::*;

const CLAIMS: &str = "ID;Who;House;Kind;Day;Cents;Fund;DX1;DX2;\n\
         C1;A;H1;main;31.12.2023;1250;10;N18.0;I10;\n\
         C2;B;H1;main;01.01.2024;x;0.5;N18.0;-;\n\
         C3;B;H2;part;02.01.2024;100;1;;I10;\n";

const MAPPING: &str = r#"
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

[source]
null = ["-"]
"#;

/// Loads the claims under a mapping.
fn load(world: &World, warehouse: &str, mapping: &str) -> Result<Summary, Error> {
    let source = world.file("claims.csv", CLAIMS);
    let mut settings = world.settings(&[source], warehouse);
    settings.mapping = Some(world.file("m.toml", mapping));
    ingest(&settings, &Silent)
}

#[test]
fn a_mapping_gives_other_names_filters_and_constants() {
    let world = World::new();
    let summary = load(&world, "w", MAPPING).unwrap();
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
    // The same bytes under another meaning would stand there twice.
    let err = load(&world, "w", &MAPPING.replace("\"14\"", "\"11\"")).unwrap_err();
    assert!(matches!(err, Error::LoadedOtherwise { .. }), "{err:?}");
}

#[test]
fn a_mapping_makes_rows_of_repeated_columns() {
    let world = World::new();
    load(&world, "w", MAPPING).unwrap();
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
}

#[test]
fn a_mapping_that_does_not_fit_its_source_is_refused() {
    let world = World::new();
    let fails = |from: &str, to: &str| {
        let err = load(&world, "other", &MAPPING.replace(from, to)).unwrap_err();
        assert_eq!(err.kind(), Kind::Input);
        assert!(!world.path("other").exists());
        render(&err)
    };
    let message = fails("\"Fund\"", "\"fund\"");
    assert!(message.contains("`hifp_pay = fund` names the column `fund`"), "{message}");
    assert!(
        message.contains("m.toml` line 10") && message.contains("did you mean `Fund`?"),
        "{message}"
    );
    let message = fails("\"Day\"", "\"Kind = 'main'\"");
    assert!(message.contains("gives Boolean, but a date, a timestamp"), "{message}");
    let message = fails("'main'\"", "'main\"");
    assert!(message.contains("line 3: `row_filter = Kind = 'main` is not a usable"), "{message}");
}

#[test]
fn a_table_of_a_mapping_can_be_loaded_before_the_others() {
    let world = World::new();
    let source = world.file("claims.csv", CLAIMS);
    let mut settings = world.settings(&[source], "w");
    settings.mapping = Some(world.file("m.toml", MAPPING));
    settings.table = Some("diagnosis".to_owned());
    ingest(&settings, &Silent).unwrap();
    settings.table = None;
    let summary = ingest(&settings, &Silent).unwrap();
    let filled: Vec<_> = summary.files[0].targets.iter().map(|t| t.table.as_str()).collect();
    assert_eq!(filled, ["settlement"]);
    assert_eq!(world.snapshot("w").table("diagnosis").unwrap().rows, 4);
    assert!(ingest(&settings, &Silent).unwrap().files[0].skipped);
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
