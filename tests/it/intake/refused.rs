//! What is refused, what is taken back, what is skipped, and which rows are findings.

use std::path::Path;

use super::*;

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

/// Loads a file that has to be refused, and looks at the message.
fn refuse(world: &World, path: &Path, fact: &str, hint: &str) {
    let err = world.load(&[path.to_owned()], "w").unwrap_err();
    let message = render(&err);
    assert!(message.contains(fact), "{}: {message}", path.display());
    assert!(message.contains(hint), "{}: {message}", path.display());
    assert!(message.contains(&*path.file_name().unwrap().to_string_lossy()), "{message}");
    assert_eq!(err.kind().exit_code(), 2, "{message}");
    assert!(!world.path("w").exists(), "{message}");
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let world = World::new();
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
        (file("claims.csv", b"a,b\n1,2\n"), "cannot tell which table", "--table"),
    ] {
        refuse(&world, &path, fact, hint);
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
fn files_that_are_not_whole_or_not_what_they_say_are_refused() {
    let world = World::new();
    let parquet = world.path("whole.parquet");
    write_table(&settlement_table(0..60), &parquet).unwrap();
    let bytes = std::fs::read(&parquet).unwrap();
    let text = csv(0..3);
    let file = |name: &str, bytes: &[u8]| world.file(name, bytes);
    for (path, fact, hint) in [
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
        (world.path("nothing.csv"), "cannot read", ""),
    ] {
        refuse(&world, &path, fact, hint);
    }
}

#[test]
fn the_last_field_of_a_file_may_run_over_lines() {
    let world = World::new();
    let header = "setl_id,psn_no,fixmedins_code,insutype,med_type,setl_time,medfee_sumamt,\
                  hifp_pay,dise_name";
    let row = "S1,P1,H1,310,14,2023-01-01,1.00,1.00,";
    let good = world.file("settlement.csv", format!("{header}\n{row}\"two\nlines\"\n"));
    assert_eq!(world.load(&[good], "w").unwrap().files[0].targets[0].rows_kept, 1);
    let open = world.file("settlement-2.csv", format!("{header}\n{row}\"two\nlines\n"));
    let err = world.load(&[open], "w").unwrap_err();
    assert!(matches!(err, Error::OpenQuote { line: 2, .. }), "{err:?}");
    // A quote inside a plain field is a letter like any other: it neither opens nor closes anything.
    let inch =
        world.file("settlement-3.csv", format!("{header}\n{row}tube 5\"\n{row}\"abc\n{row}\n"));
    let err = world.load(&[inch], "w").unwrap_err();
    assert!(matches!(err, Error::OpenQuote { line: 3, .. }), "{err:?}");
    let cut = world.file("settlement-4.csv", format!("{header}\n{row}\"abc"));
    let err = world.load(&[cut], "w").unwrap_err();
    assert!(matches!(err, Error::OpenQuote { line: 2, .. }), "{err:?}");
    let inches = world.file("settlement-5.csv", format!("{header}\n{row}5\"\n{row}\"two\nlines\""));
    assert_eq!(world.load(&[inches], "w").unwrap().files[0].rows_read, 2);
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
