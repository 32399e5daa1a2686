//! Real public claims (CMS DE-SynPUF inpatient) as DIP-like groups: the directory equals one counted
//! over the raw export by other means.
//!
//! The data are not part of the project: without them the test says so and passes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::tools::{csv, dianshu, json_lines, shared};

const POLICY: &str = "tests/real/synpuf-dip";

/// The mapping of the export, with the first procedure only.
fn mapping(home: &Path) -> PathBuf {
    let text = fs::read_to_string("tests/real/synpuf.toml").unwrap();
    let (before, list) = text.split_once("    \"ICD9_PRCDR_CD_1\"").unwrap();
    let (_, after) = list.split_once(']').unwrap();
    let path = home.join("first-procedure.toml");
    fs::write(&path, format!("{before}    \"ICD9_PRCDR_CD_1\",\n]{after}")).unwrap();
    path
}

/// Cases and cost in fen by combination, years 2008 and 2009 together, straight from the export.
fn counted(export: &Path) -> BTreeMap<(String, String), (u64, i64)> {
    let file = flate2::read::GzDecoder::new(fs::File::open(export).unwrap());
    let mut reader = ::csv::Reader::from_reader(file);
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|known| known == name).unwrap();
    let money = [
        "CLM_PMT_AMT",
        "NCH_PRMRY_PYR_CLM_PD_AMT",
        "NCH_BENE_IP_DDCTBL_AMT",
        "NCH_BENE_PTA_COINSRNC_LBLTY_AM",
        "NCH_BENE_BLOOD_DDCTBL_LBLTY_AM",
    ]
    .map(at);
    let mut found: BTreeMap<(String, String), (u64, i64)> = BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        let year = &row[at("NCH_BENE_DSCHRG_DT")].get(..4).unwrap_or_default().to_owned();
        if &row[at("SEGMENT")] != "1" || !["2008", "2009"].contains(&year.as_str()) {
            continue;
        }
        let codes = (1..=10).map(|number| &row[at(&format!("ICD9_DGNS_CD_{number}"))]);
        let diagnosis = codes.into_iter().find(|code| !code.is_empty()).unwrap_or_default();
        let diagnosis: String = diagnosis.chars().take(3).collect();
        let cents: i64 = money.iter().map(|at| fen(&row[*at])).sum();
        let key = (diagnosis, row[at("ICD9_PRCDR_CD_1")].to_owned());
        let sum = found.entry(key).or_default();
        *sum = (sum.0 + 1, sum.1 + cents);
    }
    found
}

/// `3000.00` or `3000` or nothing.
fn fen(text: &str) -> i64 {
    let negative = text.starts_with('-');
    let (whole, part) = text.trim_start_matches('-').split_once('.').unwrap_or((text, "0"));
    let whole: i64 = whole.trim_start_matches('-').parse().unwrap_or(0);
    let part: i64 = format!("{part:0<2}")[..2].parse().unwrap();
    if negative { -(whole * 100 + part) } else { whole * 100 + part }
}

// shows: Z16, A33, R01, R32, R33, E31
#[test]
fn real_claims_make_the_directory_counted_from_the_raw_export() {
    let Some(export) = shared("data/synpuf-inpatient/inpatient.csv.gz") else {
        println!("skipped: no public claims beside the project (shared/data/synpuf-inpatient)");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = format!("ingest {} --mapping {}", export.display(), mapping(path).display());
    let loaded = dianshu(path, &format!("{words} --warehouse wh --quiet"));
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let policy = root.join(POLICY);
    let build = |policy: &Path, out: &str| {
        let policy = policy.display();
        dianshu(
            path,
            &format!(
                "catalog build --policy {policy} --years 2008,2009 --out {out} --warehouse wh"
            ),
        )
    };
    build(&policy, "cat").ok();

    let raw = counted(&export);
    let all: u64 = raw.values().map(|(cases, _)| cases).sum();
    let cost: i64 = raw.values().map(|(_, fen)| fen).sum();
    // Control totals of the data's README, 2008 and 2009.
    assert_eq!((all, cost), (13_992 + 13_149, (148_760_210 + 147_990_800) * 100));
    let attributes: BTreeMap<String, String> = csv(&policy.join("op_attribute.csv"))
        .into_iter()
        .map(|row| (row["oprn_oprt_code"].clone(), row["attribute"].clone()))
        .collect();
    // Core: 15 a year, 30 over two years; the rest by diagnosis and attribute.
    let mut wanted: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for ((diagnosis, procedure), (cases, _)) in &raw {
        let attribute = attributes.get(procedure).map_or("conservative", String::as_str);
        let letter = attribute[..1].to_uppercase();
        let (code, kind) = match (procedure.as_str(), *cases >= 30) {
            ("", true) => (diagnosis.clone(), "core"),
            (_, true) => (format!("{diagnosis}+{procedure}"), "core"),
            _ => (format!("{diagnosis}_{letter}"), "residual"),
        };
        let group = wanted.entry(code).or_insert_with(|| (kind.to_owned(), 0));
        group.1 += cases;
    }
    let groups = csv(&path.join("cat/groups.csv"));
    let found: BTreeMap<String, (String, u64)> = groups
        .iter()
        .map(|row| {
            (row["group_code"].clone(), (row["kind"].clone(), row["cases"].parse().unwrap()))
        })
        .collect();
    assert_eq!(found, wanted);
    covers(path, &wanted, all);
    refuses_another_code_system(&policy, path, build);
    settles_the_year_after(path, &policy);
}

fn covers(path: &Path, wanted: &BTreeMap<String, (String, u64)>, all: u64) {
    for row in csv(&path.join("cat/coverage.csv")) {
        println!("{row:?}");
        let of_kind = || wanted.values().filter(|(kind, _)| *kind == row["kind"]);
        let cases: u64 = of_kind().map(|(_, cases)| cases).sum();
        assert_eq!(row["groups"], of_kind().count().to_string(), "{row:?}");
        assert_eq!(row["cases"], cases.to_string(), "{row:?}");
        // Half up at six places, as whole numbers: (2·10⁶·cases + all) ÷ 2·all.
        let share = (2_000_000 * cases + all) / (2 * all);
        assert_eq!(row["case_share"], format!("0.{share:06}"));
    }
    dianshu(path, "verify cat").ok();
}

fn refuses_another_code_system(
    policy: &Path,
    path: &Path,
    build: impl Fn(&Path, &str) -> super::tools::Ran,
) {
    let text = fs::read_to_string(policy.join("policy.toml")).unwrap();
    let other = path.join("icd-10");
    fs::create_dir(&other).unwrap();
    fs::copy(policy.join("op_attribute.csv"), other.join("op_attribute.csv")).unwrap();
    let changed = text.replace("diagnosis = [\"999\", \"V99\", \"E999\"]", "diagnosis = [\"A99\"]");
    assert_ne!(changed, text);
    fs::write(other.join("policy.toml"), changed).unwrap();
    // V codes of ICD-9 look like ICD-10; all others do not. Bytewise, 003 (salmonella) comes first.
    build(&other, "none")
        .refused(&["cases have codes that do not begin like `A99`", "map the codes"]);
    assert!(!path.join("none").exists());
}

fn settles_the_year_after(path: &Path, policy: &Path) {
    let policy = policy.display();
    let words =
        format!("backtest --policy {policy} --catalog cat --year 2010 --warehouse wh --json");
    let lines = json_lines(&dianshu(path, &words).ok().stdout);
    assert_eq!(lines[0]["cases"], 7_320);
    assert_eq!(lines[0]["booked_yuan"], "71103860.00");
    assert_eq!(lines[0]["paid_yuan"], "75000000.00");
}
