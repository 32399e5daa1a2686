//! Head budgets from an export to the institution table, against a second way: whose persons, months and
//! cases are told from the exported files alone, and money is divided by another code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::tools::{csv, dianshu, only_run, parquet};

type Row = BTreeMap<String, String>;

const YEAR: &str = "2024";

/// Fen of a yuan text, or millionths of a decimal with six places.
fn units(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap_or_else(|_| panic!("`{text}` is no decimal"))
}

/// One case as the export and the run's table `case` know it.
struct Visit {
    contract: String,
    visited: String,
    points: i128,
    fund: i128,
    is_free: bool,
}

struct City {
    /// Institution → unit.
    unit: BTreeMap<String, String>,
    eligible: BTreeSet<String>,
    /// Contract ("" is none) → months insured.
    months: BTreeMap<String, i128>,
    visits: Vec<Visit>,
    budget: i128,
}

/// First month (1 to 12) under the contract of a row of `enrollee`; 13: none of the year.
fn first_month(row: &Row) -> usize {
    if row["signed_fixmedins_code"].is_empty() {
        return 13;
    }
    let begin = row["sign_begin"].split(' ').next().unwrap_or_default();
    (1..=12).find(|month| begin <= format!("{YEAR}-{month:02}-01").as_str()).unwrap_or(13)
}

impl City {
    fn read(path: &Path, cases: &[Row]) -> Self {
        let mut city = Self {
            unit: BTreeMap::new(),
            eligible: BTreeSet::new(),
            months: BTreeMap::new(),
            visits: Vec::new(),
            budget: 0,
        };
        let institutions = csv(&path.join("export/institution.csv"));
        for row in &institutions {
            let mut lead = institutions.iter().filter(|other| {
                !row["consortium"].is_empty()
                    && other["consortium"] == row["consortium"]
                    && other["lead"] == "1"
            });
            let unit = lead.next().unwrap_or(row);
            city.unit.insert(row["fixmedins_code"].clone(), unit["fixmedins_code"].clone());
            if row["eligible"] != "0" {
                city.eligible.insert(row["fixmedins_code"].clone());
            }
        }
        let mut signed: BTreeMap<String, (String, usize)> = BTreeMap::new();
        for row in csv(&path.join("export/enrollee.csv")) {
            if row["year"] != YEAR {
                continue;
            }
            let (code, first) = (row["signed_fixmedins_code"].clone(), first_month(&row));
            let insured: i128 = row["months_insured"].parse().unwrap();
            let under = insured.min(13 - i128::try_from(first).unwrap());
            *city.months.entry(code.clone()).or_default() += under;
            *city.months.entry(String::new()).or_default() += insured - under;
            signed.insert(row["psn_no"].clone(), (code, first));
        }
        let settled: BTreeMap<String, Row> = parquet(&path.join("export/settlement.parquet"))
            .into_iter()
            .map(|row| (row["setl_id"].clone(), row))
            .collect();
        for case in cases {
            let settlement = &settled[&case["setl_id"]];
            let month: usize = settlement["setl_time"][5..7].parse().unwrap();
            let contract = signed.get(&settlement["psn_no"]).filter(|(_, first)| *first <= month);
            city.visits.push(Visit {
                contract: contract.map_or_else(String::new, |(code, _)| code.clone()),
                visited: case["fixmedins_code"].clone(),
                points: units(&case["points"]),
                fund: units(&case["fund_booked_yuan"]),
                is_free: units(&settlement["medfee_sumamt"]) == 0,
            });
        }
        let rows = csv(&path.join("export/budget.csv"));
        let budget = rows.iter().find(|row| row["year"] == YEAR && row["item"] == "budget");
        city.budget = units(&budget.unwrap()["amount"]);
        city
    }

    fn unit(&self, code: &str) -> String {
        self.unit.get(code).cloned().unwrap_or_else(|| code.to_owned())
    }

    fn is_inside(&self, visit: &Visit) -> bool {
        !visit.contract.is_empty() && self.unit(&visit.contract) == self.unit(&visit.visited)
    }

    /// Whose money a visit is: a unit, or "" for the unsigned pool.
    fn charged(&self, visit: &Visit, way: &str) -> String {
        if visit.contract.is_empty() || (way != "booked" && !self.is_inside(visit)) {
            String::new()
        } else {
            self.unit(&visit.contract)
        }
    }

    /// Head budget and T of every part, and what every institution is paid.
    fn settle(&self, way: &str) -> (BTreeMap<String, [i128; 3]>, BTreeMap<String, i128>) {
        let mut months: BTreeMap<String, i128> = BTreeMap::new();
        for (code, count) in &self.months {
            *months.entry(self.unit(code)).or_default() += count;
        }
        // "" sorts first in a map, but is last in ties.
        let unsigned = months.remove("").unwrap_or_default();
        let names: Vec<String> = months.keys().cloned().chain([String::new()]).collect();
        let weights: Vec<i128> = months.values().copied().chain([unsigned]).collect();
        let budgets = divide(self.budget, &weights);
        let booked: i128 = self.visits.iter().map(|visit| visit.fund).sum();
        println!("{way}: budget {}, booked {booked}", self.budget);
        let (mut parts, mut paid) = (BTreeMap::new(), BTreeMap::<String, i128>::new());
        for ((name, budget), months) in names.iter().zip(budgets).zip(weights) {
            let own: Vec<&Visit> =
                self.visits.iter().filter(|visit| self.charged(visit, way) == *name).collect();
            let booked: i128 = own.iter().map(|visit| visit.fund).sum();
            // 95 % on both sides: A + 0.95·(F − A) = (5·A + 95·F) ÷ 100, here never below 0.
            let total = (5 * booked + 95 * budget + 50) / 100;
            parts.insert(name.clone(), [months, budget, total]);
            let mut left = total;
            let mut points: BTreeMap<String, i128> = BTreeMap::new();
            for visit in own {
                let is_unsigned = name.is_empty() && (visit.contract.is_empty() || way == "points");
                if self.is_inside(visit) {
                    continue;
                }
                if is_unsigned && self.eligible.contains(&visit.visited) && !visit.is_free {
                    *points.entry(visit.visited.clone()).or_default() += visit.points;
                } else {
                    *paid.entry(visit.visited.clone()).or_default() += visit.fund;
                    left -= visit.fund;
                }
            }
            if !name.is_empty() {
                *paid.entry(name.clone()).or_default() += left;
                continue;
            }
            let weights: Vec<i128> = points.values().copied().collect();
            for (code, share) in points.keys().zip(divide(left, &weights)) {
                *paid.entry(code.clone()).or_default() += share;
            }
        }
        (parts, paid)
    }
}

/// Whole shares of `money` (not below 0), the rest by remainders, then by the order given.
fn divide(money: i128, weights: &[i128]) -> Vec<i128> {
    let total: i128 = weights.iter().sum();
    let mut shares: Vec<i128> = weights.iter().map(|weight| money * weight / total).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(money * weights[*at] % total));
    let left = usize::try_from(money - shares.iter().sum::<i128>()).unwrap();
    order.into_iter().take(left).for_each(|at| shares[at] += 1);
    shares
}

fn table(run: &Path, name: &str, scenario: &str) -> Vec<Row> {
    let rows = parquet(&run.join(format!("tables/{name}.parquet")));
    rows.into_iter().filter(|row| row["scenario"] == scenario).collect()
}

fn city(path: &Path, more: &str) {
    dianshu(path, &format!("synth jinhua-apg --people 260 --seed 7 --out export {more}")).ok();
    dianshu(path, "ingest export --warehouse wh --quiet");
    let words = "catalog build --policy jinhua-apg --years 2022,2023 --out cat --warehouse wh";
    dianshu(path, words).ok();
}

// Signed and unsigned people, consortia, contracts that begin within the year, years of 0 to 12 months,
// people treated elsewhere, institutions that are not eligible; refunds and copies among the claims.
// shows: H01, H03, H07, H08, H09, A25, A26, A27, A28, R07, R08, R09, R23
#[test]
fn head_budgets_are_those_of_a_second_way_from_the_exported_files() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "--clean");
    let words = "backtest --policy jinhua-apg --catalog cat --year 2024 --warehouse wh --cases";
    let more = "--scenario elsewhere-pool --scenario elsewhere-points --scenario shared-by-area \
                --scenario head-tiers --scenario head-age-sex --scenario head-chronic \
                --scenario keeps-booked --scenario own-excess";
    dianshu(path, &format!("{words} {more}")).ok();
    let run = only_run(&path.join("runs"));
    dianshu(path, &format!("verify {}", run.display())).ok();
    for (scenario, way) in
        [("baseline", "booked"), ("elsewhere-pool", "pool"), ("elsewhere-points", "points")]
    {
        // A case that is paid as booked shows no points.
        let city = City::read(path, &table(&run, "case", scenario));
        let elsewhere =
            city.visits.iter().filter(|visit| !visit.contract.is_empty() && !city.is_inside(visit));
        assert!(elsewhere.count() > 100 && city.months.len() > 20);
        let (parts, paid) = city.settle(way);
        let shown = table(&run, "part", scenario);
        assert_eq!(shown.len(), parts.len(), "{scenario}");
        for row in &shown {
            let name = if row["part"] == "unsigned" { "" } else { &row["part"] };
            let [months, budget, total] = parts[name];
            assert_eq!(row["person_months"].parse::<i128>().unwrap(), months, "{row:?}");
            assert_eq!(units(&row["budget_yuan"]), budget, "{row:?}");
            assert_eq!(units(&row["distributable_yuan"]), total, "{row:?}");
        }
        let mut own: BTreeMap<String, i128> = BTreeMap::new();
        for row in table(&run, "institution", scenario) {
            *own.entry(row["fixmedins_code"].clone()).or_default() += units(&row["paid_yuan"]);
        }
        assert_eq!(own, paid, "{scenario}");
    }
    // Whoever is signed with whom, one area pool has one part; other factors move head budgets, and no
    // scenario loses a fen of F.
    let budget = |scenario: &str| -> Vec<i128> {
        let rows = table(&run, "part", scenario);
        rows.iter().map(|row| units(&row["budget_yuan"])).collect()
    };
    let flat = budget("baseline");
    assert_eq!(budget("shared-by-area"), [flat.iter().sum::<i128>()]);
    for scenario in ["head-tiers", "head-age-sex", "head-chronic"] {
        let other = budget(scenario);
        assert_eq!(other.iter().sum::<i128>(), flat.iter().sum::<i128>(), "{scenario}");
        assert_ne!(other, flat, "{scenario}");
    }
}

/// Cases, fee and fund by tier of contribution, and the fund by year, from the exported claims alone.
fn tiers(path: &Path) -> (BTreeMap<String, [i128; 3]>, BTreeMap<String, i128>) {
    let (mut tiers, mut outlay) = (BTreeMap::<String, [i128; 3]>::new(), BTreeMap::new());
    for row in parquet(&path.join("export/settlement.parquet")) {
        let in_scope = ["310", "390"].contains(&row["insutype"].as_str())
            && ["11", "13", "14"].contains(&row["med_type"].as_str());
        if !in_scope {
            continue;
        }
        *outlay.entry(row["setl_time"][..4].to_owned()).or_default() += units(&row["hifp_pay"]);
        if row["setl_time"].starts_with(YEAR) {
            let tier = tiers.entry(row["clct_grde"].clone()).or_default();
            tier[0] += 1;
            tier[1] += units(&row["medfee_sumamt"]);
            tier[2] += units(&row["hifp_pay"]);
        }
    }
    (tiers, outlay)
}

// Tiers join employees and residents; the budget that two years suggest is their mean × 1.06, which is
// the growth of the city; the rounds of the budget end in the budget.
// shows: H06, H07, H13, A49
#[test]
fn tiers_of_contribution_and_the_suggested_budget_follow_from_the_claims() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "--clean");
    let words = "backtest --policy jinhua-apg --catalog cat --year 2024 --warehouse wh";
    dianshu(path, words).ok();
    let run = only_run(&path.join("runs"));
    let (tiers, outlay) = tiers(path);
    let shown: BTreeMap<String, [i128; 3]> = parquet(&run.join("tables/contribution_tier.parquet"))
        .into_iter()
        .map(|row| {
            let cases: i128 = row["cases"].parse().unwrap();
            let money = [units(&row["cost_yuan"]), units(&row["fund_booked_yuan"])];
            (row["clct_grde"].clone(), [cases, money[0], money[1]])
        })
        .collect();
    assert_eq!(shown, tiers);
    assert!(tiers.keys().eq(["1", "2", "3"]));
    let suggestion = &parquet(&run.join("tables/budget_suggestion.parquet"))[0];
    assert_eq!(units(&suggestion["outlay_two_years_before_yuan"]), outlay["2022"]);
    assert_eq!(units(&suggestion["outlay_year_before_yuan"]), outlay["2023"]);
    // Half of the sum × 106 ÷ 100, half up.
    let suggested = ((outlay["2022"] + outlay["2023"]) * 106 + 100) / 200;
    assert_eq!(units(&suggestion["suggested_yuan"]), suggested);
    let budget = csv(&path.join("export/budget.csv"));
    let item = |item: &str| {
        let row = budget.iter().find(|row| row["year"] == YEAR && row["item"] == item);
        row.map(|row| units(&row["amount"]))
    };
    assert_eq!(Some(units(&suggestion["budget_yuan"])), item("budget"));
    assert_eq!(item("round_4"), item("budget"));
    assert!(item("round_1") < item("budget") && item("round_2") > item("budget"));
}

// shows: H08, R09
#[test]
fn a_person_signed_with_an_institution_that_is_not_there_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "--clean");
    // Two more people of the year, signed with nobody known.
    let rows = "psn_no,year,signed_fixmedins_code,clct_grde,months_insured\n\
                9001,2024,H33070299999,1,12\n9002,2024,H33070299999,1,0\n";
    std::fs::write(path.join("enrollee.csv"), rows).unwrap();
    dianshu(path, "ingest enrollee.csv --warehouse wh --quiet").ok();
    let words = "backtest --policy jinhua-apg --catalog cat --year 2024 --warehouse wh";
    dianshu(path, words).refused(&[
        "2 persons are signed with institution `H33070299999`",
        "table `institution` does not have",
    ]);
}
