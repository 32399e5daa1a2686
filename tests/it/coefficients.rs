//! Coefficients and auxiliary types of a synthetic city of inpatients, from export to catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::tools::{contents, csv, dianshu};

type Row = BTreeMap<String, String>;

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

fn built(home: &Path) {
    let words = "synth zibo-dip --years 2021..2023 --people 1500 --seed 5 --clean --out export";
    dianshu(home, words).ok();
    dianshu(home, "ingest export --warehouse wh --quiet").ok();
    let words = "catalog build --policy zibo-dip --years 2021,2022,2023 --warehouse wh --out cat";
    dianshu(home, words).ok();
    dianshu(home, "catalog verify cat").ok();
}

/// Tier of domain.md 3.3 by level and type, as 1 to 7.
fn tier(row: &Row) -> usize {
    match (row["inst_type"].as_str(), row["hosp_lv"].as_str(), row["grade_a"].as_str()) {
        ("community", _, _) => 5,
        ("township", _, "1") => 6,
        ("township", _, _) => 7,
        ("general", "1" | "2", _) => 1,
        (_, "1" | "2" | "3" | "4" | "12", _) => 2,
        ("general", "5", _) => 3,
        (_, "5" | "6" | "7" | "13", _) => 4,
        (_, level, _) => panic!("no tier for level {level}"),
    }
}

/// Σ over years of weight × cost ÷ cases, weights 0.1, 0.2, 0.7 (A02, A03).
fn blended(sums: &[(f64, f64); 3]) -> f64 {
    let weighted = sums.iter().zip([0.1, 0.2, 0.7]).filter(|((_, cases), _)| *cases > 0.0);
    let (mean, weight) = weighted.fold((0.0, 0.0), |all, ((cost, cases), weight)| {
        (all.0 + weight * cost / cases, all.1 + weight)
    });
    mean / weight
}

/// What the coefficients of tiers are made of, a second way: from the cases and cost of institutions.
fn tiers_follow_from_the_institutions(home: &Path) {
    let tiers: BTreeMap<String, usize> = csv(&home.join("export/institution.csv"))
        .iter()
        .map(|row| (row["fixmedins_code"].clone(), tier(row)))
        .collect();
    let mut sums = [[(0.0, 0.0); 3]; 8];
    for row in csv(&home.join("cat/institutions.csv")) {
        for (at, year) in ["2021", "2022", "2023"].into_iter().enumerate() {
            let cases = number(&row, &format!("cases_{year}"));
            let cost = number(&row, &format!("cost_yuan_{year}"));
            for slot in [0, tiers[&row["fixmedins_code"]]] {
                let sum = &mut sums[slot][at];
                *sum = (sum.0 + cost, sum.1 + cases);
            }
        }
    }
    let city = blended(&sums[0]);
    let truth = csv(&home.join("export/truth_coefficient.csv"));
    let mut held = 0;
    for (at, row) in csv(&home.join("cat/coefficients.csv")).iter().enumerate() {
        let wanted = blended(&sums[at + 1]) / city;
        assert!((number(row, "derived") - wanted).abs() < 0.000_051, "{row:?}: {wanted}");
        assert_eq!(row["coefficient"], row["derived"], "the policy gives no value");
        let truth = number(&truth[at], "coefficient");
        held += usize::from(number(row, "low") <= truth && truth <= number(row, "high"));
        // The coefficient in force of the tier, as the city was made.
        let in_force = ["1.12", "1.06", "0.98", "0.93", "0.83", "0.78", "0.72"][at];
        assert!((number(row, "in_force") - in_force.parse::<f64>().unwrap()).abs() < 1e-9);
    }
    assert!(held >= 6, "{held} of seven tiers hold the truth in their interval of 95 %");
}

/// Types reach the catalog, and a coefficient stands exactly where all three triggers hold.
fn types_are_triggered(home: &Path) {
    let rows = csv(&home.join("cat/auxiliary.csv"));
    let mut triggered = 0;
    for row in &rows {
        triggered += usize::from(row["outcome"] == "triggered");
        assert_eq!(row["outcome"] == "triggered", !row["coefficient"].is_empty(), "{row:?}");
        assert!(number(row, "disease_cases") > 15.0, "{row:?}");
    }
    assert!(triggered > 0, "{triggered} of {} are triggered", rows.len());
}

// shows: Z20, E08, E09, R41
#[test]
fn coefficients_and_types_of_a_city_are_those_it_was_made_with() {
    let home = tempfile::tempdir().unwrap();
    built(home.path());
    tiers_follow_from_the_institutions(home.path());
    types_are_triggered(home.path());
}

/// Name of a type in the catalog and in the truth. Severity of the living is compared with that of all:
/// eight stays in a thousand end in death and move the ratio by less than 0.01.
const TYPES: [(&str, &str); 5] = [
    ("age_65", "older"),
    ("icu_2-7", "icu"),
    ("severity_mild", "mild"),
    ("severity_moderate", "moderate"),
    ("severity_severe", "severe"),
];

/// The fewest k with P(X > k) < 0.001 for X binomial of n at 5 %.
fn most_outside(n: usize) -> usize {
    let mut chance = 0.95_f64.powi(n.try_into().unwrap());
    let (mut all, mut k) = (chance, 0);
    while 1.0 - all >= 0.001 {
        chance *= 0.05 / 0.95 * f64::from(u32::try_from(n - k).unwrap());
        k += 1;
        chance /= f64::from(u32::try_from(k).unwrap());
        all += chance;
    }
    k
}

/// Types with more cases than n2, which can be triggered: of 94 intervals of 95 % at most 12 may miss
/// the truth. Those of fewer cases are of no consequence, and normal intervals of 2 to 5 cases miss
/// more often than they claim.
fn factors_hold_the_truth(home: &Path) {
    let mut truth = BTreeMap::new();
    for row in csv(&home.join("export/truth_auxiliary.csv")) {
        if row["year"] == "2023" {
            truth.insert(row["type"].clone(), number(&row, "ratio"));
        }
    }
    let rows = csv(&home.join("cat/auxiliary.csv"));
    let of = |name: &str| {
        let named = rows.iter().filter(|row| row["type"] == name && row["outcome"] != "few_cases");
        let bounds = named.map(|row| (number(row, "low"), number(row, "high")));
        bounds.collect::<Vec<_>>()
    };
    let outside = |bounds: &[(f64, f64)], truth: f64| {
        bounds.iter().filter(|(low, high)| truth < *low || *high < truth).count()
    };
    let (mut all, mut missed) = (0, 0);
    for (name, known) in TYPES {
        let bounds = of(name);
        assert!(!bounds.is_empty(), "{name} has cases");
        all += bounds.len();
        missed += outside(&bounds, truth[known]);
    }
    assert_eq!(most_outside(94), 12);
    assert!(all >= 80 && missed <= most_outside(all), "{missed} of {all}");
    // They are no formality: the truth of another type is outside of most.
    let mild = of("severity_mild");
    assert!(outside(&mild, truth["moderate"]) * 10 > mild.len() * 9, "{mild:?}");
}

/// Sum of fees in fen and number of the stays of I10.x in 2023: those from 65 on, and all.
fn stays_of_hypertension(export: &Path) -> [(i64, i64); 2] {
    let mut main = BTreeMap::new();
    for row in csv(&export.join("diagnosis.csv")) {
        if row["diag_srt_no"] == "1" {
            main.insert(row["setl_id"].clone(), row["diag_code"].clone());
        }
    }
    let operations = csv(&export.join("procedure.csv"));
    let operated: BTreeSet<String> = operations.iter().map(|row| row["setl_id"].clone()).collect();
    let mut stays: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in csv(&export.join("settlement.csv")) {
        // Z14, R05: paid in other ways; E32: this policy counts insured patients alone.
        let out = ["2", "5", "7"].contains(&&*row["hi_paymtd"])
            || !["310", "390"].contains(&&*row["insutype"]);
        if !out {
            stays.entry(row["mdtrt_id"].clone()).or_default().push(row);
        }
    }
    let mut sums = [(0, 0); 2];
    for mut stay in stays.into_values() {
        stay.sort_by_key(|row| (row["setl_time"].clone(), row["setl_id"].clone()));
        let last = stay.last().unwrap();
        let id = &last["setl_id"];
        if !main.get(id).is_some_and(|code| code.starts_with("I10.x"))
            || operated.contains(id)
            || !last["setl_time"].starts_with("2023")
        {
            continue;
        }
        let fen = |row: &Row| row["medfee_sumamt"].replace('.', "").parse::<i64>().unwrap();
        let fee: i64 = stay.iter().map(fen).sum();
        let older = number(last, "age") >= 65.0;
        for (sum, counts) in sums.iter_mut().zip([older, true]) {
            if counts {
                *sum = (sum.0 + fee, sum.1 + 1);
            }
        }
    }
    sums
}

/// Mean of the type ÷ mean of the disease, a second way and as exact sums.
fn a_factor_is_its_sums(home: &Path) {
    let [(fee, cases), (all_fee, all_cases)] = stays_of_hypertension(&home.join("export"));
    let rows = csv(&home.join("cat/auxiliary.csv"));
    let found = rows.iter().find(|row| row["group_code"] == "I10.x" && row["type"] == "age_65");
    let found = found.expect("I10.x has cases from 65 on");
    assert_eq!(
        [&found["cases"], &found["disease_cases"]],
        [&cases, &all_cases].map(i64::to_string).each_ref()
    );
    assert_eq!(found["outcome"], "triggered");
    let (numerator, denominator) = found["exact"].split_once('/').unwrap();
    let whole = |text: &str| text.parse::<i128>().unwrap();
    // Equal fractions: numerator ÷ denominator = (fee ÷ cases) ÷ (all_fee ÷ all_cases).
    assert_eq!(
        whole(numerator) * i128::from(cases) * i128::from(all_fee),
        whole(denominator) * i128::from(fee) * i128::from(all_cases)
    );
}

// shows: Z17, E09, R17
#[test]
fn factors_of_types_are_those_the_city_was_made_with() {
    let home = tempfile::tempdir().unwrap();
    let words = "synth zibo-dip --years 2021..2023 --people 8000 --seed 5 --clean --out export";
    dianshu(home.path(), &format!("{words} --format csv")).ok();
    dianshu(home.path(), "ingest export --warehouse wh --quiet").ok();
    dianshu(home.path(), &format!("{BUILD} --out cat")).ok();
    factors_hold_the_truth(home.path());
    a_factor_is_its_sums(home.path());
}

const BUILD: &str = "catalog build --policy zibo-dip --years 2021,2022,2023 --warehouse wh";

/// The institution of a planted defect is in no table: nobody can say its tier, and the catalog of all
/// others does not wait for it.
// shows: Z20
#[test]
fn a_city_with_defects_has_a_catalog_and_a_warning_of_the_institution_nobody_knows() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    dianshu(home, "synth zibo-dip --years 2021..2023 --people 1500 --seed 5 --out export").ok();
    let loaded = dianshu(home, "ingest export --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let known = csv(&home.join("export/institution.csv"));
    let known: BTreeSet<&String> = known.iter().map(|row| &row["fixmedins_code"]).collect();
    let key = csv(&home.join("export/answer_key.csv"));
    let planted = key.iter().filter(|row| row["check_id"] == "unknown_institution").count();
    assert!(planted >= 15, "five in each of three years: {planted}");
    let ran = dianshu(home, &format!("{BUILD} --out cat")).ok();
    let rows = csv(&home.join("cat/institution_coefficient.csv"));
    let unknown: Vec<_> =
        rows.iter().filter(|row| !known.contains(&row["fixmedins_code"])).collect();
    let cases: usize = unknown.iter().map(|row| row["cases"].parse::<usize>().unwrap()).sum();
    assert!(cases > 0 && cases <= planted, "{cases} of {planted}");
    let wanted = format!(
        "warning: {} institutions with {cases} cases are not in table `institution` and have no \
         coefficient, the first is `{}`",
        unknown.len(),
        unknown[0]["fixmedins_code"]
    );
    assert!(ran.stderr.contains(&wanted), "{wanted}\n{}", ran.stderr);
    for row in unknown {
        assert_eq!([&*row["tier"], &*row["coefficient"]], ["", ""], "{row:?}");
    }
}

/// Cards, intervals and grids price fees as they are: of a catalog to a fixed point they would speak of
/// other prices.
// shows: R41
#[test]
fn questions_of_one_pass_are_refused_for_a_catalog_to_a_fixed_point() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    dianshu(home, "synth zibo-dip --years 2021..2023 --people 1500 --seed 5 --clean --out export")
        .ok();
    dianshu(home, "ingest export --warehouse wh --quiet").ok();
    dianshu(home, &format!("{BUILD} --out fixed --scenario coefficient-fixed-point")).ok();
    let before = contents(&home.join("fixed"));
    let says = |command: &str| {
        [
            format!(
                "`dianshu catalog {command}` prices fees as they are; `zibo-dip` prices fees ÷"
            ),
            "`coefficient.passes = \"fixed_point\"`".to_owned(),
            "hint: ask it of one pass: set `coefficient.passes` to `one`".to_owned(),
        ]
    };
    let refused = |words: &str, command: &str| {
        let parts = says(command);
        let ran = dianshu(home, words).refused(&parts.each_ref().map(String::as_str));
        assert_eq!(ran.stdout, "", "nothing half said");
    };
    refused("catalog show fixed I10.x --warehouse wh", "show --warehouse");
    refused("catalog intervals fixed --rounds 1 --warehouse wh", "intervals");
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogs/zibo-dip");
    fs::create_dir(home.join("policy")).unwrap();
    for (name, bytes) in
        contents(&policy).into_iter().filter(|(name, _)| name.parent() == Some(Path::new("")))
    {
        fs::write(home.join("policy").join(name), bytes).unwrap();
    }
    let file = home.join("policy/policy.toml");
    let text = fs::read_to_string(&file).unwrap();
    let passes = "[coefficient]\npasses = \"fixed_point\"\nrounds = 50\n";
    fs::write(file, text.replace("[coefficient]\n", passes)).unwrap();
    let grid =
        "catalog grid --years 2021,2022,2023 --axis denominator=grouped --warehouse wh --policy";
    refused(&format!("{grid} ./policy"), "grid");
    assert_eq!(contents(&home.join("fixed")), before);
    // Without the claims the card is that of the catalog, and one pass is answered.
    dianshu(home, "catalog show fixed I10.x").ok();
    dianshu(home, &format!("{BUILD} --out one")).ok();
    dianshu(home, "catalog show one I10.x --rounds 1 --warehouse wh").ok();
    dianshu(home, &format!("{grid} zibo-dip")).ok();
}
