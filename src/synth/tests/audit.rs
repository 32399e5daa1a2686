//! A second, slow way from CSV text to defects and truth, by domain.md and no code of `synth`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::{Datelike as _, Duration, Months, NaiveDate, NaiveDateTime};

use crate::units::Fen;

/// A CSV record by column.
pub(super) type Record = BTreeMap<String, String>;
/// Check id and key.
pub(super) type Found = BTreeSet<(String, String)>;
/// Group and year → cases, fee, fund in fen.
pub(super) type Sums = BTreeMap<(String, i32), (u64, i64, i64)>;

/// All records of a CSV file in UTF-8.
pub(super) fn read(folder: &Path, name: &str) -> Vec<Record> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let named = |record: csv::StringRecord| {
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| named(record.unwrap())).collect()
}

/// What the policy of a city counts, written down again from domain.md 12.2 and 2.2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    area: &'static str,
    disease: Option<&'static str>,
    carve_out: Option<&'static str>,
    pilots_from: Option<(i32, u32, u32)>,
    merge_except: Option<&'static str>,
    late_to_fallback: bool,
}

/// R05: 济宁 med_type 14, 310 and 390, without out-of-area.
pub(super) const JINING: Rules = Rules {
    area: "3708",
    disease: None,
    carve_out: None,
    pilots_from: None,
    merge_except: None,
    late_to_fallback: false,
};

/// Y02, Y03, Y05, Y08, Y17, Y19, Y25.
pub(super) const YANTAI: Rules = Rules {
    area: "3706",
    disease: Some("N18"),
    carve_out: Some("7"),
    pilots_from: Some((2022, 12, 1)),
    merge_except: Some("O_N18"),
    late_to_fallback: true,
};

fn fen(record: &Record, column: &str) -> i64 {
    record[column].parse::<Fen>().unwrap().0
}

fn time(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()
}

fn at(record: &Record, column: &str) -> NaiveDateTime {
    time(&record[column]).unwrap()
}

/// The export of a city as text.
pub(super) struct Export {
    pub(super) settlement: Vec<Record>,
    pub(super) fee_item: Vec<Record>,
    pub(super) diagnosis: Vec<Record>,
    pub(super) institution: Vec<Record>,
}

/// A settlement after netting.
struct Case<'e> {
    row: &'e Record,
    reversals: Vec<&'e Record>,
    fee: i64,
    fund: i64,
}

impl Export {
    pub(super) fn read(folder: &Path) -> Self {
        Self {
            settlement: read(folder, "settlement.csv"),
            fee_item: read(folder, "fee_item.csv"),
            diagnosis: read(folder, "diagnosis.csv"),
            institution: read(folder, "institution.csv"),
        }
    }

    /// Every defect that can be seen in the rows, and the cases that are left (8.4, A48, R25).
    fn net(&self) -> (Found, Vec<Case<'_>>) {
        let mut found = Found::new();
        let mut by_id: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for row in &self.settlement {
            let id = row["setl_id"].as_str();
            if row["medfee_sumamt"].parse::<Fen>().is_err() || time(&row["setl_time"]).is_none() {
                found.insert(("value_unreadable".to_owned(), id.to_owned()));
                continue;
            }
            if row["vali_flag"] == "0" {
                found.insert(("void".to_owned(), id.to_owned()));
                continue;
            }
            by_id.entry(id).or_default().push(row);
        }
        let mut left: BTreeMap<&str, &Record> = BTreeMap::new();
        for (id, rows) in by_id {
            if rows.iter().any(|row| *row != rows[0]) {
                found.insert(("duplicate_conflict".to_owned(), id.to_owned()));
                continue;
            }
            if rows.len() > 1 {
                found.insert(("duplicate_identical".to_owned(), id.to_owned()));
            }
            left.insert(id, rows[0]);
        }
        let cases = refunds(&left, &mut found);
        (found, cases)
    }

    /// Every defect that can be seen: check id and key.
    pub(super) fn defects(&self, rules: Rules) -> Found {
        let (mut found, _) = self.net();
        let known: BTreeSet<&str> =
            self.institution.iter().map(|row| row["fixmedins_code"].as_str()).collect();
        for row in &self.settlement {
            let mut note = |check: &str| found.insert((check.to_owned(), row["setl_id"].clone()));
            if !known.contains(row["fixmedins_code"].as_str()) {
                note("unknown_institution");
            }
            // Dictionaries of domain.md 8.3.
            if !["11", "14"].contains(&row["med_type"].as_str()) {
                note("unknown_med_type");
            }
            if !["310", "390", "340"].contains(&row["insutype"].as_str()) {
                note("unknown_insutype");
            }
            if away(row, rules) {
                note("out_of_area");
            }
            if row["medfee_sumamt"].parse::<Fen>().is_err() || time(&row["setl_time"]).is_none() {
                continue;
            }
            for check in broken_identities(row) {
                note(check);
            }
            let (begin, end) = (at(row, "begntime"), at(row, "endtime"));
            if begin > end || end > at(row, "setl_time") {
                note("date_order");
            }
            if late(row) {
                note("late_upload");
            }
        }
        self.fee_defects(&mut found);
        found
    }

    fn fee_defects(&self, found: &mut Found) {
        let known: BTreeSet<&str> =
            self.settlement.iter().map(|row| row["setl_id"].as_str()).collect();
        let charge_types: Vec<String> = (1..=14).map(|code| format!("{code:02}")).collect();
        let list_types = ["101", "102", "103", "104", "201", "301"];
        let mut seen: BTreeMap<String, &Record> = BTreeMap::new();
        for line in &self.fee_item {
            let key = format!("{}/{}", line["setl_id"], line["feedetl_sn"]);
            let mut note = |check: &str| found.insert((check.to_owned(), key.clone()));
            if !known.contains(line["setl_id"].as_str()) {
                note("fee_orphan");
            }
            if !charge_types.contains(&line["med_chrgitm_type"])
                || !list_types.contains(&line["list_type"].as_str())
            {
                note("unknown_charge_type");
            }
            match seen.get(&key) {
                Some(other) if *other == line => note("fee_duplicate_identical"),
                Some(_) => note("fee_duplicate_conflict"),
                None => false,
            };
            seen.insert(key, line);
        }
    }

    /// Fee lines of each settlement after A48.
    pub(super) fn lines(&self) -> BTreeMap<&str, Vec<&Record>> {
        let mut by_key: BTreeMap<(&str, &str), Vec<&Record>> = BTreeMap::new();
        for line in &self.fee_item {
            let key = (line["setl_id"].as_str(), line["feedetl_sn"].as_str());
            by_key.entry(key).or_default().push(line);
        }
        let mut lines: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for ((id, _), rows) in by_key {
            if rows.iter().all(|row| *row == rows[0]) {
                lines.entry(id).or_default().push(rows[0]);
            }
        }
        lines
    }

    /// Cases and money of every group and year, the slow way.
    pub(super) fn truth(&self, rules: Rules) -> Sums {
        let (_, cases) = self.net();
        let lines = self.lines();
        let mut counted: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for case in cases.iter().filter(|case| self.in_scope(case.row, rules)) {
            let row = case.row;
            let classes = if late(row) && rules.late_to_fallback {
                "QY".to_owned()
            } else {
                classes(case, &lines)
            };
            let group = format!("{classes}_{}", row["dise_codg"]);
            let year = at(row, "setl_time").year();
            let key = (&row["psn_no"], &row["fixmedins_code"], group, year);
            let case = (at(row, "begntime"), &row["setl_id"], case.fee, case.fund);
            counted.entry(key).or_default().push(case);
        }
        let mut sums = Sums::new();
        for ((_, _, group, year), mut cases) in counted {
            cases.sort();
            let merges = rules.merge_except.is_some_and(|except| except != group);
            let mut first: Option<NaiveDateTime> = None;
            for (begin, _, fee, fund) in cases {
                let opens =
                    !merges || first.is_none_or(|first| begin - first >= Duration::hours(24));
                if opens {
                    first = Some(begin);
                }
                let sum = sums.entry((group.clone(), year)).or_default();
                sum.0 += u64::from(opens);
                sum.1 += fee;
                sum.2 += fund;
            }
        }
        sums
    }

    fn in_scope(&self, row: &Record, rules: Rules) -> bool {
        let settled = at(row, "setl_time");
        let started = || {
            let place = self
                .institution
                .iter()
                .find(|place| place["fixmedins_code"] == row["fixmedins_code"]);
            place.and_then(|place| time(&place["start_date"])).is_some_and(|from| from <= settled)
        };
        let completed = rules.pilots_from.is_none_or(|(year, month, day)| {
            let from = NaiveDate::from_ymd_opt(year, month, day).unwrap();
            started() && at(row, "endtime").date() >= from && settled.date() >= from
        });
        ["310", "390"].contains(&row["insutype"].as_str())
            && row["med_type"] == "14"
            && rules.disease.is_none_or(|disease| row["dise_codg"] == disease)
            && rules.carve_out.is_none_or(|paid| row["hi_paymtd"] != paid)
            && !away(row, rules)
            && completed
    }
}

/// Refunds netted (8.4, R25): what is found, and the settlements that are left.
fn refunds<'e>(left: &BTreeMap<&str, &'e Record>, found: &mut Found) -> Vec<Case<'e>> {
    let mut reversals: BTreeMap<&str, Vec<&'e Record>> = BTreeMap::new();
    let mut originals = Vec::new();
    for (id, &row) in left {
        let init = row["init_setl_id"].as_str();
        let flagged = row["refd_setl_flag"] == "1" && fen(row, "medfee_sumamt") < 0;
        if !init.is_empty() && left.get(init).is_some_and(|of| of["init_setl_id"].is_empty()) {
            reversals.entry(&row["init_setl_id"]).or_default().push(row);
        } else if !init.is_empty() || flagged {
            found.insert(("orphan_refund".to_owned(), (*id).to_owned()));
        } else {
            originals.push(row);
        }
    }
    let mut cases = Vec::new();
    for row in originals {
        let back = reversals.remove(row["setl_id"].as_str()).unwrap_or_default();
        let of = |column| fen(row, column) - back.iter().map(|r| fen(r, column).abs()).sum::<i64>();
        let (fee, fund) = (of("medfee_sumamt"), of("hifp_pay"));
        let check = match fee {
            _ if back.is_empty() && row["refd_setl_flag"] == "1" && fee > 0 => "refund_flag_only",
            _ if back.is_empty() => "",
            ..=-1 => "over_refund",
            0 => "refund_full",
            1.. => "refund_partial",
        };
        if !check.is_empty() {
            found.insert((check.to_owned(), row["setl_id"].clone()));
        }
        if check.is_empty() || check == "refund_partial" {
            cases.push(Case { row, reversals: back, fee, fund });
        }
    }
    cases
}

fn away(row: &Record, rules: Rules) -> bool {
    let insured = &row["insu_admdvs"];
    ["3", "4"].contains(&row["pay_loc"].as_str())
        || (!insured.is_empty() && !insured.starts_with(rules.area))
}

/// A23 with the end of the next month.
fn late(row: &Record) -> bool {
    let settled = at(row, "setl_time").date();
    let after_next = settled.with_day(1).unwrap() + Months::new(2);
    time(&row["upload_time"]).is_none_or(|upload| upload.date() >= after_next)
}

/// The identities of domain.md 8.1 that a row breaks by more than 0.01.
pub(super) fn broken_identities(row: &Record) -> Vec<&'static str> {
    let sum = |columns: &[&str]| columns.iter().map(|column| fen(row, column)).sum::<i64>();
    let fund = [
        "hifp_pay",
        "cvlserv_pay",
        "hifes_pay",
        "hifmi_pay",
        "hifob_pay",
        "hifdm_pay",
        "maf_pay",
        "oth_pay",
    ];
    let identities: [(&'static str, &str, &[&str]); 3] = [
        ("identity_total", "medfee_sumamt", &["fund_pay_sumamt", "psn_part_amt", "hosp_part_amt"]),
        ("identity_patient", "psn_part_amt", &["acct_pay", "psn_cash_pay"]),
        ("identity_fund", "fund_pay_sumamt", &fund),
    ];
    identities
        .into_iter()
        .filter(|(_, whole, parts)| (fen(row, whole) - sum(parts)).abs() > 1)
        .map(|(check, _, _)| check)
        .collect()
}

/// A14 with empty lists: class letters by charge type, R14 for the lines of reversals.
fn classes(case: &Case<'_>, lines: &BTreeMap<&str, Vec<&Record>>) -> String {
    let mut sums = [0_i64; 3];
    let mut add = |row: &Record, sign: i64| {
        for line in lines.get(row["setl_id"].as_str()).into_iter().flatten() {
            let class = match line["med_chrgitm_type"].as_str() {
                "05" | "06" => 0,
                "09" | "10" | "11" => 1,
                "03" | "04" => 2,
                _ => continue,
            };
            sums[class] += sign * fen(line, "det_item_fee_sumamt").abs();
        }
    };
    add(case.row, 1);
    for reversal in &case.reversals {
        add(reversal, -1);
    }
    let largest = sums.into_iter().max().unwrap();
    if largest <= 0 {
        return "QY".to_owned();
    }
    let main = sums.iter().position(|&sum| sum == largest).unwrap();
    let mut letters = String::new();
    for (class, letter) in ["O", "M", "A"].into_iter().enumerate().skip(main) {
        if class == main || sums[class] * 10 >= case.fee {
            letters.push_str(letter);
        }
    }
    letters
}
