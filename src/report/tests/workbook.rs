//! The workbook read back from its XML: every cell against its type.

use std::collections::BTreeMap;
use std::io::Read as _;

use rust_decimal::Decimal;

use super::super::{Lang, xlsx};
use super::sample::{self, SMALL};
use super::unescape;
use crate::table::{Column, Table};

/// Files of a workbook: stored or deflated entries, found by the central directory.
fn unzip(bytes: &[u8]) -> BTreeMap<String, String> {
    let number = |at: usize, size: usize| {
        bytes[at..at + size].iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let end = bytes.windows(4).rposition(|four| four == b"PK\x05\x06").unwrap();
    let mut at = number(end + 16, 4);
    let mut files = BTreeMap::new();
    for _ in 0..number(end + 10, 2) {
        let (method, size) = (number(at + 10, 2), number(at + 20, 4));
        let name_len = number(at + 28, 2);
        let name = String::from_utf8(bytes[at + 46..at + 46 + name_len].to_vec()).unwrap();
        let local = number(at + 42, 4);
        let from = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let data = &bytes[from..from + size];
        let mut text = String::new();
        if method == 0 {
            text = String::from_utf8_lossy(data).into_owned();
        } else {
            flate2::read::DeflateDecoder::new(data).read_to_string(&mut text).unwrap();
        }
        files.insert(name, text);
        at += 46 + name_len + number(at + 30, 2) + number(at + 32, 2);
    }
    files
}

/// XML of the sheet with this name.
fn sheet_xml(files: &BTreeMap<String, String>, name: &str) -> String {
    let workbook = &files["xl/workbook.xml"];
    let sheets: Vec<&str> = workbook.split("<sheet name=\"").skip(1).collect();
    let at = sheets.iter().position(|sheet| sheet.starts_with(&format!("{name}\""))).unwrap();
    files[&format!("xl/worksheets/sheet{}.xml", at + 1)].clone()
}

/// The shared strings in order.
fn strings(files: &BTreeMap<String, String>) -> Vec<String> {
    let text =
        |part: &str| part.split_once('>').unwrap().1.split("</t>").next().unwrap().to_owned();
    files["xl/sharedStrings.xml"].split("<t").skip(1).map(|part| unescape(&text(part))).collect()
}

/// `(type, value)` of a cell; the type is `s` for text and empty for numbers.
fn cell(sheet: &str, reference: &str) -> (String, String) {
    let part = sheet.split_once(&format!("<c r=\"{reference}\"")).unwrap().1;
    let (attributes, rest) = part.split_once('>').unwrap();
    let kind = attributes.split_once("t=\"").map_or("", |(_, t)| t.split('"').next().unwrap());
    let value = rest.split_once("<v>").unwrap().1.split_once("</v>").unwrap().0;
    (kind.to_owned(), value.to_owned())
}

#[test]
fn workbook_has_text_codes_and_number_amounts() {
    let input = sample::input(SMALL);
    let files = unzip(&xlsx::render(&input, Lang::Zh).unwrap());
    let sheet = sheet_xml(&files, "institution 机构");
    let strings = strings(&files);
    let table = &input.tables["institution"];
    for (at, (name, column)) in table.columns.iter().enumerate() {
        let letter = char::from(b'A' + u8::try_from(at).unwrap());
        let (kind, value) = cell(&sheet, &format!("{letter}1"));
        assert_eq!(kind, "s");
        assert!(strings[value.parse::<usize>().unwrap()].ends_with(&format!("\n{name}")));
        for row in 0..table.rows() {
            let (kind, value) = cell(&sheet, &format!("{letter}{}", row + 2));
            let shown = column.show(row).unwrap();
            if matches!(column, Column::Text(_)) {
                assert_eq!(kind, "s", "{name} is text");
                assert_eq!(strings[value.parse::<usize>().unwrap()], shown);
            } else {
                assert_eq!(kind, "", "{name} is a number");
                let exact = |text: &str| text.parse::<Decimal>().unwrap().normalize();
                assert_eq!(exact(&value), exact(&shown), "{name} to the last digit");
            }
        }
    }
    assert!(files["xl/styles.xml"].contains("#,##0.00"));
}

#[test]
fn workbook_headers_are_frozen_filtered_and_repeated() {
    let files = unzip(&xlsx::render(&sample::input(SMALL), Lang::En).unwrap());
    let sheet = sheet_xml(&files, "institution institutions");
    assert!(sheet.contains("<pane ySplit=\"1\" topLeftCell=\"A2\""));
    // 16 columns, header and 6 rows.
    assert!(sheet.contains("<autoFilter ref=\"A1:P7\"/>"));
    assert!(sheet.contains("<cols>"));
    assert!(files["xl/workbook.xml"].contains("_xlnm.Print_Titles"));
}

#[test]
fn workbook_has_a_cover_and_a_sheet_for_every_table() {
    let mut input = sample::input(SMALL);
    let other = Table::new("zz_other").with("value", Column::whole([1]));
    input.tables.insert("zz_other".to_owned(), other);
    let files = unzip(&xlsx::render(&input, Lang::Zh).unwrap());
    let names: Vec<String> = files["xl/workbook.xml"]
        .split("<sheet name=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(names.first().map(String::as_str), Some("封面"));
    assert_eq!(names.last().map(String::as_str), Some("zz_other"));
    assert_eq!(names.len(), input.tables.len() + 1);
    let all = strings(&files);
    assert!(all.iter().any(|text| text.starts_with("模拟运行")));
    assert!(all.contains(&"济医保发〔2023〕16号".to_owned()));
}

#[test]
fn workbook_splits_a_table_that_does_not_fit_a_sheet() {
    let mut input = sample::input(SMALL);
    input.tables.retain(|name, _| name == "month");
    // 2 scenarios × 3 institutions × 12 months = 72 rows on sheets of 50.
    let files = unzip(&xlsx::render_split(&input, Lang::Zh, 50).unwrap());
    let first = sheet_xml(&files, "month 月度");
    let second = sheet_xml(&files, "month 月度 续 2");
    assert!(first.contains("<autoFilter ref=\"A1:H51\"/>"));
    assert!(second.contains("<autoFilter ref=\"A1:H23\"/>"));
}

#[test]
fn a_number_excel_would_round_is_kept_as_text() {
    // 16 digits: the nearest float is a multiple of 2 above 2^53.
    let exact = 9_007_199_254_740_993_i64;
    let mut input = sample::input(SMALL);
    let table = Table::new("zz").with("a_yuan", Column::yuan([exact, exact / 100]));
    input.tables = BTreeMap::from([("zz".to_owned(), table)]);
    let files = unzip(&xlsx::render(&input, Lang::Zh).unwrap());
    let sheet = sheet_xml(&files, "zz");
    let (kind, at) = cell(&sheet, "A2");
    assert_eq!(kind, "s");
    assert_eq!(strings(&files)[at.parse::<usize>().unwrap()], "90071992547409.93");
    assert_eq!(cell(&sheet, "A3"), (String::new(), "900719925474.09".to_owned()));
}
