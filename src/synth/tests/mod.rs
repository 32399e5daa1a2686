//! Whole cities: what is written, read back and judged a second way.

mod audit;
mod inpatients;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use audit::{Export, JINING, Rules, Sums, YANTAI, broken_identities, read};

use super::{City, Error, Format, Settings, Summary, generate};
use crate::explain::{Explain as _, Kind, render};
use crate::units::Fen;

/// A small city in a new folder.
struct Small {
    folder: tempfile::TempDir,
    settings: Settings,
    summary: Summary,
}

impl Small {
    fn out(&self) -> &Path {
        &self.settings.out
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.out().join(name)).unwrap()
    }
}

fn settings(city: &str, folder: &Path) -> Settings {
    Settings {
        city: City::embedded(city).unwrap(),
        years: "2022..2023".parse().unwrap(),
        people: 100,
        seed: 20_231_106,
        out: folder.join("export"),
        format: Format::Csv,
        defects: true,
        parts: 1,
    }
}

fn make(city: &str, change: impl FnOnce(&mut Settings)) -> Small {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(city, folder.path());
    change(&mut settings);
    let summary = generate(&settings).unwrap();
    Small { folder, settings, summary }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

/// The lines of all files of a table, without headers, sorted.
fn sorted_lines(small: &Small, table: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, bytes) in files(small.out()) {
        if name.starts_with(table) {
            let text = String::from_utf8(bytes).unwrap();
            lines.extend(text.lines().skip(1).map(str::to_owned));
        }
    }
    lines.sort();
    lines
}

#[test]
fn the_same_settings_give_the_same_bytes() {
    for format in [Format::Parquet, Format::Csv] {
        let once = make("yantai-apg", |settings| settings.format = format);
        let again = make("yantai-apg", |settings| settings.format = format);
        assert_eq!(once.summary, again.summary);
        assert_eq!(files(once.out()), files(again.out()));
        let other = make("yantai-apg", |settings| {
            (settings.format, settings.seed) = (format, 1);
        });
        assert_ne!(files(once.out()), files(other.out()));
    }
}

#[test]
fn parts_hold_the_same_rows() {
    let one = make("jining-apg", |_| {});
    let seven = make("jining-apg", |settings| settings.parts = 7);
    for table in ["settlement", "fee_item", "diagnosis"] {
        assert_eq!(sorted_lines(&one, table), sorted_lines(&seven, table), "{table}");
        let parts = seven.summary.files.iter().filter(|name| name.starts_with(table));
        assert_eq!(parts.count(), 7);
    }
    for name in ["answer_key.csv", "truth.csv", "budget.csv", "enrollee.csv", "registration.csv"] {
        assert_eq!(one.read(name), seven.read(name), "{name}");
    }
}

#[test]
fn a_person_does_not_depend_on_the_people_after_him_nor_on_defects() {
    let few = make("jining-apg", |settings| {
        (settings.people, settings.defects) = (40, false);
    });
    let many = make("jining-apg", |settings| {
        (settings.people, settings.defects) = (60, false);
    });
    let spoiled = make("jining-apg", |settings| settings.people = 60);
    let lines =
        |small: &Small| sorted_lines(small, "settlement").into_iter().collect::<BTreeSet<_>>();
    let (few, many, spoiled) = (lines(&few), lines(&many), lines(&spoiled));
    assert!(few.is_subset(&many) && few.len() < many.len());
    // At most 2 × (22 × 5) forced defects and a few random ones touch the rows.
    assert!(many.difference(&spoiled).count() < 300, "{}", many.difference(&spoiled).count());
}

#[test]
fn the_last_december_is_settled_in_its_own_year() {
    let small = make("jining-apg", |settings| settings.defects = false);
    let years = |column: &str| {
        let rows = read(small.out(), "settlement.csv");
        rows.iter().map(|row| row[column][..4].to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(years("setl_time"), years("begntime"));
    let slipped = read(small.out(), "settlement.csv")
        .into_iter()
        .filter(|row| row["begntime"][..4] != row["setl_time"][..4])
        .collect::<Vec<_>>();
    assert!(!slipped.is_empty());
    for row in slipped {
        assert!(row["endtime"].starts_with("2022-12") && row["setl_time"].starts_with("2023-01"));
    }
}

#[test]
fn every_clean_row_holds_its_identities_and_its_lines_add_up() {
    for city in City::names() {
        let small = make(city, |settings| settings.defects = false);
        let export = Export::read(small.out());
        let amount = |row: &audit::Record, column: &str| row[column].parse::<Fen>().unwrap().0;
        let lines = export.lines();
        assert_eq!(lines.len(), export.settlement.len());
        let mut count = 0;
        for row in &export.settlement {
            assert!(broken_identities(row).is_empty(), "{row:?}");
            let lines = &lines[row["setl_id"].as_str()];
            count += lines.len();
            assert!((1..=8).contains(&lines.len()));
            let sum: i64 = lines.iter().map(|line| amount(line, "det_item_fee_sumamt")).sum();
            assert_eq!(sum, amount(row, "medfee_sumamt"));
            let scope = ["fulamt_ownpay_amt", "preselfpay_amt", "inscp_scp_amt"];
            let scope: i64 = scope.iter().map(|column| amount(row, column)).sum();
            assert_eq!(scope, amount(row, "medfee_sumamt"));
            for (column, value) in row {
                assert!(!value.starts_with('-'), "{column}: {value}");
            }
        }
        // Outpatients: one diagnosis, about three lines a settlement; inpatients: more of both.
        let tenths = |rows: usize| rows * 10 / export.settlement.len();
        let (diagnoses, lines) = (tenths(export.diagnosis.len()), tenths(count));
        if small.settings.city.inpatient.is_some() {
            assert!(
                (14..=20).contains(&diagnoses) && (50..=60).contains(&lines),
                "{diagnoses} {lines}"
            );
        } else {
            let missing = export.settlement.len() - export.diagnosis.len();
            let rate = small.settings.city.no_diagnosis_permille as usize;
            assert_eq!(missing > 0, rate > 0, "{missing}");
            assert!(missing * 1000 <= 2 * rate * export.settlement.len(), "{missing}");
            assert!((25..=36).contains(&lines), "{lines}");
        }
    }
}

fn truth(small: &Small) -> Sums {
    read(small.out(), "truth.csv")
        .iter()
        .map(|line| {
            let fen = |column: &str| line[column].parse::<Fen>().unwrap().0;
            let key = (line["group_code"].clone(), line["year"].parse().unwrap());
            let cases = line["cases"].parse().unwrap();
            (key, (cases, fen("cost_sum_yuan"), fen("fund_sum_yuan")))
        })
        .collect()
}

/// Truth and answer key against the second way.
fn check_city(city: &str, rules: Rules, defects: bool) -> Small {
    let small = make(city, |settings| {
        (settings.defects, settings.people) = (defects, 160);
    });
    let export = Export::read(small.out());
    assert_eq!(truth(&small), export.truth(rules));
    let key: BTreeSet<(String, String)> = read(small.out(), "answer_key.csv")
        .iter()
        .map(|line| (line["check_id"].clone(), line["key"].clone()))
        .collect();
    assert_eq!(key, export.defects(rules));
    let counted: u64 = small.summary.defects.values().map(|defect| defect.count).sum();
    assert_eq!(counted, key.len() as u64);
    assert_eq!(small.summary.settlements, export.settlement.len() as u64);
    assert_eq!(small.summary.cases, truth(&small).values().map(|sums| sums.0).sum::<u64>());
    small
}

#[test]
fn truth_and_answer_key_of_jining_are_found_a_second_way() {
    check_city("jining-apg", JINING, true);
}

#[test]
fn truth_and_answer_key_of_yantai_are_found_a_second_way() {
    check_city("yantai-apg", YANTAI, true);
}

#[test]
fn a_clean_city_has_an_empty_key() {
    for (city, rules) in [("jining-apg", JINING), ("yantai-apg", YANTAI)] {
        let small = check_city(city, rules, false);
        assert_eq!(small.read("answer_key.csv"), "check_id,table,key,amount_yuan,note\n");
        assert!(small.summary.defects.is_empty());
    }
}

#[test]
fn every_kind_of_defect_comes_at_least_five_times_a_year() {
    let small = make("jining-apg", |_| {});
    assert_eq!(small.summary.defects.len(), 22);
    for (check, defect) in &small.summary.defects {
        assert!(defect.count >= 10, "{check}: {}", defect.count);
    }
    // In Parquet an amount is an amount.
    let typed = make("jining-apg", |settings| settings.format = Format::Parquet);
    assert_eq!(typed.summary.defects.len(), 21);
    assert!(!typed.summary.defects.contains_key("value_unreadable"));
}

#[test]
fn amounts_of_the_answer_key_are_those_of_the_rows() {
    let small = make("jining-apg", |_| {});
    let rows = read(small.out(), "settlement.csv");
    let fee = |id: &str| {
        let rows = rows.iter().filter(|row| row["setl_id"] == id);
        rows.map(|row| row["medfee_sumamt"].parse::<Fen>().unwrap().0).sum::<i64>()
    };
    let key = read(small.out(), "answer_key.csv");
    let mut seen = 0;
    for line in &key {
        let amount = line["amount_yuan"].parse::<Fen>().map(|amount| amount.0);
        let back = || {
            let of = rows.iter().filter(|row| row["init_setl_id"] == line["key"]);
            -of.map(|row| row["medfee_sumamt"].parse::<Fen>().unwrap().0).sum::<i64>()
        };
        let expected = match line["check_id"].as_str() {
            "refund_partial" => back(),
            "over_refund" => back() - fee(&line["key"]),
            "duplicate_identical" => fee(&line["key"]) / 2,
            "value_unreadable" => continue,
            _ if line["table"] == "fee_item" => continue,
            _ => fee(&line["key"]),
        };
        seen += 1;
        assert_eq!(amount, Ok(expected), "{line:?}");
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn the_budget_leaves_one_year_a_surplus_and_overspends_the_next() {
    for (city, item) in [("jining-apg", "budget"), ("yantai-apg", "control_total")] {
        let small = make(city, |_| {});
        let mut booked: BTreeMap<i32, i64> = BTreeMap::new();
        for ((_, year), (_, _, fund)) in truth(&small) {
            *booked.entry(year).or_default() += fund;
        }
        let budget = read(small.out(), "budget.csv");
        let above: BTreeSet<bool> = budget
            .iter()
            .filter(|line| line["item"] == item)
            .map(|line| {
                let amount = line["amount"].parse::<Fen>().unwrap().0;
                amount > booked[&line["year"].parse().unwrap()]
            })
            .collect();
        assert_eq!(above.len(), 2, "{city}");
        // 5 ‰ of what was booked are set aside for overspend (Y33), rounded to the fen.
        for line in budget.iter().filter(|line| line["item"] != item) {
            assert_eq!((city, line["item"].as_str()), ("yantai-apg", "compensation_pool"));
            let booked = booked[&line["year"].parse().unwrap()];
            assert_eq!(line["amount"].parse::<Fen>().unwrap().0, (booked * 5 + 500) / 1000);
        }
    }
}

#[test]
fn yantai_has_merged_low_and_high_cases() {
    let small = make("yantai-apg", |settings| {
        (settings.defects, settings.people) = (false, 150);
    });
    let export = Export::read(small.out());
    let cases: u64 = truth(&small).values().map(|sums| sums.0).sum();
    let unmerged = export
        .settlement
        .iter()
        .filter(|row| row["dise_codg"] == "N18" && row["hi_paymtd"] != "7")
        .count() as u64;
    assert!(cases < unmerged, "{cases} of {unmerged}");
    // 2.1: M_N18 947 yuan, low up to 378.80, high above 1894.00; fees of single-class drug visits.
    let fee = |row: &audit::Record| row["medfee_sumamt"].parse::<Fen>().unwrap().0;
    let n18 = || export.settlement.iter().filter(|row| row["dise_codg"] == "N18");
    assert!(n18().any(|row| fee(row) <= 11_640));
    assert!(n18().any(|row| fee(row) > 668_800));
}

#[test]
fn dialysis_patients_come_three_times_a_week() {
    let small = make("jining-apg", |settings| {
        (settings.defects, settings.people) = (false, 400);
        settings.years = "2023".parse().unwrap();
    });
    let mut visits: BTreeMap<String, u32> = BTreeMap::new();
    for row in read(small.out(), "settlement.csv") {
        if row["dise_codg"] == "M07801" {
            *visits.entry(format!("{} {}", row["psn_no"], &row["setl_time"][..4])).or_default() +=
                1;
        }
    }
    assert!(!visits.is_empty());
    // 52 weeks of three sessions, two in a hundred missed.
    assert!(visits.values().all(|count| (135..=160).contains(count)), "{visits:?}");
}

#[test]
fn gb18030_holds_the_same_text() {
    let utf8 = make("jining-apg", |settings| settings.people = 30);
    let gb18030 = make("jining-apg", |settings| {
        (settings.people, settings.format) = (30, Format::CsvGb18030);
    });
    let mut differ = 0;
    for (name, bytes) in files(gb18030.out()) {
        let (text, _, wrong) = encoding_rs::GB18030.decode(&bytes);
        assert!(!wrong, "{name}");
        assert_eq!(text, utf8.read(&name), "{name}");
        differ += u32::from(bytes != text.as_bytes());
    }
    // Names stand in settlement, diagnosis and institution.
    assert_eq!(differ, 3);
}

#[test]
fn parquet_holds_the_rows_of_csv() {
    use crate::warehouse::arrow::util::display::{ArrayFormatter, FormatOptions};
    use crate::warehouse::parquet_crate::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    let clean = |format| {
        make("jining-apg", |settings| {
            (settings.defects, settings.people, settings.format) = (false, 60, format);
        })
    };
    let (csv, parquet) = (clean(Format::Csv), clean(Format::Parquet));
    for table in ["settlement", "fee_item", "diagnosis"] {
        let rows = read(csv.out(), &format!("{table}.csv"));
        let file = fs::File::open(parquet.out().join(format!("{table}.parquet"))).unwrap();
        let options = FormatOptions::new().with_timestamp_format(Some("%Y-%m-%d %H:%M:%S"));
        let mut number = 0;
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
                let shown = ArrayFormatter::try_new(array, &options).unwrap();
                for row in 0..batch.num_rows() {
                    let mut text = shown.value(row).to_string();
                    if text.contains('.') && text.ends_with("0000") {
                        text.truncate(text.len() - ".000000".len());
                    }
                    assert_eq!(text, rows[number + row][field.name()], "{table} {}", field.name());
                }
            }
            number += batch.num_rows();
        }
        assert_eq!(number, rows.len());
    }
}

#[test]
fn wrong_settings_are_refused_and_leave_nothing() {
    let check = |change: fn(&mut Settings), hint: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings("jining-apg", folder.path());
        change(&mut settings);
        let before = files_below(folder.path());
        let err = generate(&settings).unwrap_err();
        assert_eq!(err.kind(), Kind::Input, "{err}");
        assert!(render(&err).contains(hint), "{}", render(&err));
        assert_eq!(files_below(folder.path()), before);
    };
    check(|settings| settings.people = 0, "hint: try `--people 2000`");
    check(|settings| settings.parts = 0, "hint: leave `parts` at 1");
    check(|settings| settings.years = "1999".parse().unwrap(), "hint: ask for years from 2018 on");
    check(
        |settings| {
            fs::create_dir(&settings.out).unwrap();
            fs::write(settings.out.join("mine.txt"), "x").unwrap();
        },
        "hint: name a new folder, or empty this one first",
    );
    check(|settings| fs::write(&settings.out, "x").unwrap(), "hint: name a folder");
    check(
        |settings| {
            // A folder below a file cannot be made.
            fs::write(&settings.out, "x").unwrap();
            settings.out = settings.out.join("below");
        },
        "hint: name a folder you may write to",
    );
}

fn files_below(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_empty_folder_is_filled_and_nothing_lies_beside_it() {
    let small = make("jining-apg", |settings| {
        settings.people = 5;
        fs::create_dir(&settings.out).unwrap();
    });
    assert_eq!(files_below(small.folder.path()), BTreeSet::from(["export".to_owned()]));
    assert_eq!(
        small.summary.files,
        [
            "answer_key.csv",
            "budget.csv",
            "diagnosis.csv",
            "enrollee.csv",
            "fee_item.csv",
            "institution.csv",
            "registration.csv",
            "settlement.csv",
            "truth.csv",
        ]
    );
    assert!(matches!(generate(&small.settings), Err(Error::OutNotEmpty { .. })));
}
