//! Real public claims (CMS DE-SynPUF inpatient) as DIP-like groups: the directory equals one counted
//! over the raw export by other means.
//!
//! The data are not part of the project: without them the test says so and passes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::claims::{Claim, claims, first_procedure_mapping};
use super::tools::{csv, dianshu, json_lines, shared};

const POLICY: &str = "tests/real/synpuf-dip";

/// Cases and cost in fen by combination, years 2008 and 2009 together, straight from the export.
fn counted(claims: &[Claim]) -> BTreeMap<(String, String), (u64, i64)> {
    let mut found: BTreeMap<(String, String), (u64, i64)> = BTreeMap::new();
    for claim in claims {
        let sum = found.entry((claim.diagnosis.clone(), claim.procedure.clone())).or_default();
        *sum = (sum.0 + 1, sum.1 + claim.cost_fen);
    }
    found
}

/// Group of a combination: core with 15 cases a year, 30 over two years; the rest by diagnosis and
/// attribute.
fn group_of(
    (diagnosis, procedure): (&str, &str),
    cases: u64,
    attributes: &BTreeMap<String, String>,
) -> (String, &'static str) {
    let attribute = attributes.get(procedure).map_or("conservative", String::as_str);
    match (procedure, cases >= 30) {
        ("", true) => (diagnosis.to_owned(), "core"),
        (_, true) => (format!("{diagnosis}+{procedure}"), "core"),
        _ => (format!("{diagnosis}_{}", attribute[..1].to_uppercase()), "residual"),
    }
}

// shows: Z16, P09, A33, R01, R32, R33, E18, E31
#[test]
fn real_claims_make_the_directory_counted_from_the_raw_export() {
    let Some(export) = shared("data/synpuf-inpatient/inpatient.csv.gz") else {
        println!("skipped: no public claims beside the project (shared/data/synpuf-inpatient)");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mapping = first_procedure_mapping(path);
    let words = format!("ingest {} --mapping {}", export.display(), mapping.display());
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

    let claims = claims(&export);
    let raw = counted(&claims);
    let all: u64 = raw.values().map(|(cases, _)| cases).sum();
    let cost: i64 = raw.values().map(|(_, fen)| fen).sum();
    // Control totals of the data's README, 2008 and 2009.
    assert_eq!((all, cost), (13_992 + 13_149, (148_760_210 + 147_990_800) * 100));
    let attributes: BTreeMap<String, String> = csv(&policy.join("op_attribute.csv"))
        .into_iter()
        .map(|row| (row["oprn_oprt_code"].clone(), row["attribute"].clone()))
        .collect();
    let mut wanted: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for ((diagnosis, procedure), (cases, _)) in &raw {
        let (code, kind) = group_of((diagnosis, procedure), *cases, &attributes);
        wanted.entry(code).or_insert_with(|| (kind.to_owned(), 0)).1 += cases;
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
    stands_beside_the_drgs(path, &claims, &raw, &attributes);
}

/// Cases, cost and fund payment of every pair of groups, counted over the raw export; a group whose
/// cases all cost nothing has no price and counts as none (R37).
fn pairs(
    claims: &[Claim],
    raw: &BTreeMap<(String, String), (u64, i64)>,
    attributes: &BTreeMap<String, String>,
) -> BTreeMap<(String, String), (i64, i64)> {
    let groups = |claim: &Claim| {
        let (cases, _) = raw[&(claim.diagnosis.clone(), claim.procedure.clone())];
        let (code, _) = group_of((&claim.diagnosis, &claim.procedure), cases, attributes);
        [if claim.has_drg() { claim.drg.clone() } else { "(no group)".to_owned() }, code]
    };
    let mut costs: [BTreeMap<String, i64>; 2] = Default::default();
    for claim in claims {
        for (side, code) in costs.iter_mut().zip(groups(claim)) {
            *side.entry(code).or_default() += claim.cost_fen;
        }
    }
    let mut found: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for claim in claims {
        let [drg, dip] = groups(claim);
        let priced = |side: usize, code: String| {
            if costs[side][&code] == 0 { "(no group)".to_owned() } else { code }
        };
        let sum = found.entry((priced(0, drg), priced(1, dip))).or_default();
        *sum = (sum.0 + 1, sum.1 + claim.cost_fen);
    }
    found
}

/// DRG beside DIP-like groups: every pair of groups holds the cases counted over the raw export, and
/// the fund's money is divided on both sides to the cent.
fn stands_beside_the_drgs(
    path: &Path,
    claims: &[Claim],
    raw: &BTreeMap<(String, String), (u64, i64)>,
    attributes: &BTreeMap<String, String>,
) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [drg, dip] = ["tests/real/synpuf-drg", POLICY].map(|folder| root.join(folder));
    let words = format!("group compare {} {}", drg.display(), dip.display());
    let words = format!("{words} --years 2008,2009 --warehouse wh --json --quiet");
    let rows = json_lines(&dianshu(path, &words).ok().stdout);
    let cents = |value: &serde_json::Value| value.as_str().unwrap().replace('.', "");
    let cents = |value: &serde_json::Value| cents(value).parse::<i64>().unwrap();
    let cells: Vec<_> = rows.iter().filter(|row| row.get("group_a").is_some()).collect();
    let name = |row: &serde_json::Value, side: &str| row[side].as_str().unwrap().to_owned();
    let found: BTreeMap<(String, String), (i64, i64)> = cells
        .iter()
        .map(|row| {
            let sums = (row["cases"].as_i64().unwrap(), cents(&row["fee_yuan"]));
            ((name(row, "group_a"), name(row, "group_b")), sums)
        })
        .collect();
    assert_eq!(found.len(), cells.len(), "every pair once");
    assert_eq!(found, pairs(claims, raw, attributes));
    let cases: i64 = found.values().map(|sums| sums.0).sum();
    assert_eq!((rows[0]["cases"].as_i64(), cases), (Some(cases), 13_992 + 13_149));
    let fund: i64 = claims.iter().map(|claim| claim.fund_fen).sum();
    // Control totals of the data's README.
    assert_eq!((cents(&rows[0]["money_yuan"]), fund), (fund, (128_447_880 + 127_708_360) * 100));
    for side in ["yuan_a", "yuan_b"] {
        assert_eq!(cells.iter().map(|row| cents(&row[side])).sum::<i64>(), fund, "{side}");
    }
    let changes: Vec<i64> = cells.iter().map(|row| cents(&row["yuan_change"]).abs()).collect();
    assert!(changes.is_sorted_by(|a, b| a >= b), "what moved most money stands first");
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
