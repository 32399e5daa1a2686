//! Coefficients and auxiliary types of a synthetic city of inpatients, from export to catalog.

use std::collections::BTreeMap;
use std::path::Path;

use super::tools::{csv, dianshu};

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
