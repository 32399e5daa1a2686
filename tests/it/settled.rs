//! 淄博 and 攀枝花 settled through the binary, and what they come to found a second time from the export
//! and the case table: waterfall, shares of the points, assessment, overspend share.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::tools::{csv, dianshu, only_run, parquet, synth};

type Row = BTreeMap<String, String>;

/// A decimal as a whole number of its last place: fen of yuan.
fn units(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap_or_else(|_| panic!("`{text}` is no decimal"))
}

/// Half away from zero.
fn round(numerator: i128, denominator: i128) -> i128 {
    let whole = (2 * numerator.abs() + denominator) / (2 * denominator);
    if numerator < 0 { -whole } else { whole }
}

/// 12.0: floors, then a fen each to the largest remainders, ties by code.
fn allocate(pool: i128, weights: &BTreeMap<String, i128>) -> BTreeMap<String, i128> {
    let all: i128 = weights.values().sum();
    let mut shares: Vec<(String, i128, i128)> = weights
        .iter()
        .map(|(code, weight)| (code.clone(), pool * weight / all, pool * weight % all))
        .collect();
    let mut rest = pool - shares.iter().map(|share| share.1).sum::<i128>();
    shares.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    for share in &mut shares {
        let one = i128::from(rest > 0);
        share.1 += one;
        rest -= one;
    }
    shares.into_iter().map(|(code, share, _)| (code, share)).collect()
}

/// Makes, loads, prices and settles a city; its folder and the folder of its run.
fn settled(system: &str, seed: u32, scenarios: &str) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let words = format!("--years 2021..2024 --people 2500 --seed {seed} --clean");
    synth(path, system, &words, "city");
    let loaded = dianshu(path, "ingest city --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let built = format!("catalog build --policy {system} --years 2021,2022,2023 --out cat");
    dianshu(path, &format!("{built} --warehouse wh --quiet")).ok();
    let settle =
        format!("backtest --policy {system} --catalog cat --year 2024 --cases {scenarios}");
    dianshu(path, &format!("{settle} --warehouse wh --quiet")).ok();
    let run = only_run(&path.join("runs"));
    dianshu(path, &format!("verify {}", run.display())).ok();
    (home, run)
}

fn table(run: &Path, name: &str) -> Vec<Row> {
    let rows = parquet(&run.join(format!("tables/{name}.parquet")));
    rows.into_iter().filter(|row| row.get("scenario").is_none_or(|one| one == "baseline")).collect()
}

/// Points (millionths), booked and money paid as booked of each institution of a pool, from its cases.
fn by_institution(cases: &[Row], pool: &str) -> BTreeMap<String, [i128; 3]> {
    let mut sums: BTreeMap<String, [i128; 3]> = BTreeMap::new();
    for row in cases.iter().filter(|row| pool == "all" || row["insutype"] == pool) {
        let sum = sums.entry(row["fixmedins_code"].clone()).or_default();
        let booked = units(&row["fund_booked_yuan"]);
        sum[0] += units(&row["points"]);
        sum[1] += booked;
        sum[2] += if row["pay"] == "item" { booked } else { 0 };
    }
    sums
}

/// Entitlement of each institution: what is paid as booked leaves first, the rest is divided by points.
fn entitlements(money: i128, sums: &BTreeMap<String, [i128; 3]>) -> BTreeMap<String, i128> {
    let item: i128 = sums.values().map(|sum| sum[2]).sum();
    let points = sums.iter().map(|(code, sum)| (code.clone(), sum[0])).collect();
    let mut shares = allocate(money - item, &points);
    for (code, share) in &mut shares {
        *share += sums[code][2];
    }
    shares
}

/// 3.1 from the rows of table `budget`: what is settled at the year end, and the adjustment pool.
fn waterfall(budget: &[Row], pool: &str) -> (i128, i128) {
    let item = |name: &str| {
        let own = |row: &&Row| row["year"] == "2024" && row["pool"] == pool && row["item"] == name;
        units(&budget.iter().find(own).unwrap()["amount"])
    };
    let income = item("income");
    let reserve = round(income, 10);
    let lines = ["1", "2", "3", "4"];
    let budgets: i128 = lines.iter().map(|n| item(&format!("b{n}"))).sum();
    let short: i128 =
        lines.iter().map(|n| (item(&format!("actual{n}")) - item(&format!("b{n}"))).max(0)).sum();
    let rest = (reserve - short).max(0);
    let share = round(rest * 7, 10);
    (income - reserve - budgets + share, rest - share)
}

// Z24: entitlement = allocate(T − item-paid, Σ points with coefficient), T = B6 + 70 %; o = booked −
// violations − entitlement, r = min(max(o, 0), round(10 % of the entitlement)), share = allocate(min(Q,
// Σ r), r); paid = round(entitlement × assessment) + share − violations − deduction (R27). Assessments hold
// in every pool; what is taken off is taken once, in the first pool that has cases.
// shows: Z03, Z09, Z10, Z14, Z24, Z25, Z26, E16, R06, R10, R27, A31, A32
#[test]
fn zibo_is_settled_from_its_income_to_what_is_paid() {
    let (home, run) = settled("zibo-dip", 3, "");
    let path = home.path();
    let budget = csv(&path.join("city/budget.csv"));
    let cases = table(&run, "case");
    let assessments: BTreeMap<String, Row> = csv(&path.join("city/assessment.csv"))
        .into_iter()
        .filter(|row| row["year"] == "2024")
        .map(|row| (row["fixmedins_code"].clone(), row))
        .collect();
    let mut taken = std::collections::BTreeSet::new();
    for pool in ["310", "390"] {
        let (money, adjustment) = waterfall(&budget, pool);
        let sums = by_institution(&cases, pool);
        let entitled = entitlements(money, &sums);
        let fen = |text: &str| if text.contains('.') { units(text) } else { units(text) * 100 };
        let mut reasonable = BTreeMap::new();
        let mut firsts = BTreeMap::new();
        for (code, sum) in &sums {
            let first = taken.insert(code.clone());
            firsts.insert(code.clone(), first);
            let violations = if first { fen(&assessments[code]["violations"]) } else { 0 };
            let over = sum[1] - violations - entitled[code];
            let limit = round(entitled[code], 10);
            reasonable.insert(code.clone(), over.max(0).min(limit));
        }
        let asked: i128 = reasonable.values().sum();
        assert!(asked > 0, "somebody overspends in {pool}");
        let shares = allocate(adjustment.min(asked), &reasonable);
        let rows = table(&run, "institution");
        let rows: Vec<&Row> = rows.iter().filter(|row| row["pool"] == pool).collect();
        assert_eq!(
            rows.iter().filter(|row| sums.contains_key(&row["fixmedins_code"])).count(),
            sums.len()
        );
        for row in rows {
            let code = &row["fixmedins_code"];
            if !sums.contains_key(code) {
                // No case here: a row for what is taken off, if it has no case anywhere.
                let somewhere = cases.iter().any(|case| case["fixmedins_code"] == *code);
                let one = &assessments[code];
                let less = fen(&one["violations"]) + fen(&one["deduction"]);
                let paid = if somewhere { 0 } else { -less };
                assert_eq!(units(&row["entitlement_yuan"]), 0, "{row:?}");
                assert_eq!(units(&row["paid_yuan"]), paid, "{row:?}");
                continue;
            }
            assert_eq!(units(&row["entitlement_yuan"]), entitled[code], "{row:?}");
            let one = &assessments[code];
            let coefficient = &one["coefficient"];
            let places = coefficient.split('.').nth(1).map_or(0, str::len);
            let scale = 10_i128.pow(u32::try_from(places).unwrap());
            let assessed = round(entitled[code] * units(coefficient), scale);
            let less =
                if firsts[code] { fen(&one["violations"]) + fen(&one["deduction"]) } else { 0 };
            assert_eq!(units(&row["paid_yuan"]), assessed + shares[code] - less, "{row:?}");
        }
    }
    decisions_are_applied(path, &cases);
    excluded_cases_leave_with_their_money(path, &run);
}

/// Decided points are final, an item is paid as booked and has no points, others are computed (R17, 5.4).
fn decisions_are_applied(path: &Path, cases: &[Row]) {
    let mut seen = std::collections::BTreeSet::new();
    for special in csv(&path.join("city/special.csv")) {
        let Some(case) = cases.iter().find(|row| row["setl_id"] == special["setl_id"]) else {
            continue;
        };
        match special["kind"].as_str() {
            "points" => {
                assert_eq!(case["class"], "special");
                assert_eq!(units(&case["points"]), units(&special["value"]) * 100);
            }
            "item" => {
                assert_eq!((case["class"].as_str(), case["pay"].as_str()), ("special", "item"));
                assert_eq!(units(&case["points"]), 0);
                assert_eq!(case["pay_yuan"], case["fund_booked_yuan"]);
            }
            _ => assert!(units(&case["points"]) > 0, "{case:?}"),
        }
        seen.insert(special["kind"].clone());
    }
    assert!(seen.contains("points") && seen.contains("item"), "{seen:?}");
}

/// Z14: stays paid by quota or bed day leave with their number and money, and stand in the flow.
fn excluded_cases_leave_with_their_money(path: &Path, run: &Path) {
    let words = "select count(*) as n, sum(medfee_sumamt) as fee from settlement where hi_paymtd in \
                 ('2', '5', '7') and insutype in ('310', '390') and extract(year from setl_time) = 2024";
    let words = ["sql", words, "--warehouse", "wh", "--json"];
    let said = super::tools::dianshu_words(path, &words).ok().stdout;
    let said = &super::tools::json_lines(&said)[0];
    let flow = table(run, "flow");
    let row = flow
        .iter()
        .find(|row| row["step"] == "scope_paid_otherwise" && row["year"] == "2024")
        .unwrap();
    assert!(units(&row["rows"]) < 0);
    assert_eq!(units(&row["rows"]), -i128::from(said["n"].as_i64().unwrap()));
    assert_eq!(units(&row["amount_yuan"]), -units(said["fee"].as_str().unwrap()));
}

// One pool instead of two: the money of both, one value (E16). Coefficients that are not applied to
// outliers move points, not money.
// shows: E16, A49
#[test]
fn zibo_in_one_pool_divides_the_money_of_both() {
    let (home, run) = settled("zibo-dip", 3, "--scenario pool-one --scenario outliers-none");
    let budget = csv(&home.path().join("city/budget.csv"));
    let both: i128 = ["310", "390"].iter().map(|pool| waterfall(&budget, pool).0).sum();
    let pools = parquet(&run.join("tables/pool.parquet"));
    let of = |scenario: &str| -> Vec<i128> {
        let rows = pools.iter().filter(|row| row["scenario"] == scenario);
        rows.map(|row| units(&row["budget_yuan"])).collect()
    };
    assert_eq!(of("pool-one"), [both]);
    assert_eq!(of("baseline").iter().sum::<i128>(), both);
    assert_eq!(of("baseline"), of("outliers-none"));
}

// 5.4: base points × coefficient; the item-paid cases of experts leave the pool first, the rest is divided
// by points; an institution's coefficient is its `coef`, and a case of a group that is neither low nor high
// has RW × coefficient: the points of the catalog × coef, four places.
// shows: P03, P04, P05, P06, P08, R37
#[test]
fn panzhihua_is_settled_by_points_coefficients_and_decisions() {
    let (home, run) = settled("panzhihua-drg", 5, "--scenario high-cap --scenario low-actual");
    let path = home.path();
    let cases = table(&run, "case");
    let budget = csv(&path.join("city/budget.csv"));
    let money = budget.iter().find(|row| row["year"] == "2024").unwrap();
    let entitled = entitlements(units(&money["amount"]), &by_institution(&cases, "all"));
    for row in table(&run, "institution") {
        assert_eq!(units(&row["entitlement_yuan"]), entitled[&row["fixmedins_code"]], "{row:?}");
        assert_eq!(row["paid_yuan"], row["entitlement_yuan"]);
    }
    decisions_are_applied(path, &cases);
    let coefficient: BTreeMap<String, i128> = csv(&path.join("city/institution.csv"))
        .into_iter()
        .map(|row| (row["fixmedins_code"].clone(), units(&row["coef"])))
        .collect();
    let points: BTreeMap<String, i128> = csv(&path.join("cat/groups.csv"))
        .into_iter()
        .map(|row| (row["group_code"].clone(), units(&row["points"])))
        .collect();
    let normal = cases.iter().filter(|row| row["class"] == "normal");
    let mut checked = 0;
    for row in normal.filter(|row| points.contains_key(&row["group_code"])) {
        // Four places of points × two of the coefficient, rounded to four; the table prints six.
        let own = round(points[&row["group_code"]] * coefficient[&row["fixmedins_code"]], 100);
        assert_eq!(units(&row["points"]), own * 100, "{row:?}");
        checked += 1;
    }
    assert!(checked > cases.len() / 2, "{checked} of {}", cases.len());
    let classes = |class: &str| cases.iter().filter(|row| row["class"] == class).count();
    assert!(classes("low") > 0 && classes("high") > 0 && classes("ungrouped") > 0);
}

/// Y04, Y18: the basic fund's money (`hifp_pay`) is all that is booked, whatever other funds paid, and
/// what patients paid stands in no result.
// shows: Y04, Y18, Y05, Y19, Y02, E17
#[test]
fn yantai_settles_the_basic_fund_of_its_pilots_and_leaves_patients_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    synth(path, "yantai-apg", "--years 2022..2024 --people 400 --seed 4", "city");
    let loaded = dianshu(path, "ingest city --warehouse wh --quiet");
    assert!(loaded.code <= 1, "{}", loaded.stderr);
    let before = super::tools::contents(&path.join("wh/settlement"));
    let build =
        "catalog build --policy yantai-apg --years 2022,2023 --out cat --warehouse wh --quiet";
    dianshu(path, build).ok();
    let words =
        "backtest --policy yantai-apg --catalog cat --year 2024 --cases --warehouse wh --quiet";
    dianshu(path, words).ok();
    let run = only_run(&path.join("runs"));
    let sum = |sql: &str| {
        let said =
            super::tools::dianshu_words(path, &["sql", sql, "--warehouse", "wh", "--json"]).ok();
        super::tools::json_lines(&said.stdout)[0].clone()
    };
    let large = sum("select sum(hifob_pay) as large from settlement where insutype = '310'");
    assert!(units(large["large"].as_str().unwrap()) > 0, "large-amount insurance paid something");
    // Every booked fen of a case that is one settlement is that settlement's own `hifp_pay`.
    let paid: BTreeMap<String, String> = {
        let sql = "select setl_id, hifp_pay from settlement where coalesce(hifob_pay, 0) > 0";
        let said = super::tools::dianshu_words(path, &["sql", sql, "--warehouse", "wh", "--json"]);
        super::tools::json_lines(&said.ok().stdout)
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (text("setl_id"), text("hifp_pay"))
            })
            .collect()
    };
    let cases = table(&run, "case");
    let own = cases.iter().filter_map(|row| Some((row, paid.get(&row["setl_id"])?)));
    let equal = own.clone().filter(|(row, paid)| row["fund_booked_yuan"] == **paid).count();
    assert!(equal > 0);
    for (row, paid) in own {
        // A merged case has the sum of its settlements; none has less than its own.
        assert!(
            units(&row["fund_booked_yuan"]) >= units(paid) || row["class"] == "merged",
            "{row:?}"
        );
    }
    for file in fs::read_dir(run.join("tables")).unwrap() {
        let path = file.unwrap().path();
        let rows = parquet(&path);
        let names = rows.first().map(|row| row.keys().cloned().collect::<Vec<_>>());
        for name in names.unwrap_or_default() {
            assert!(
                !name.contains("psn") && !name.contains("cash"),
                "{name} in {}",
                path.display()
            );
        }
    }
    assert_eq!(before, super::tools::contents(&path.join("wh/settlement")), "nothing is rewritten");
    // Who left, how many and how much: out of area, quota dialysis, houses outside the pilot.
    let flow = table(&run, "flow");
    for step in ["scope_out_of_area", "scope_paid_otherwise", "scope_institution_not_started"] {
        let row = flow.iter().find(|row| row["step"] == step && row["year"] == "2024").unwrap();
        assert!(units(&row["rows"]) < 0 && units(&row["amount_yuan"]) < 0, "{row:?}");
    }
    // 12 pilots, and nobody else is paid.
    let pilots = csv(&path.join("city/institution.csv"));
    let pilots: Vec<&str> = pilots
        .iter()
        .filter(|row| !row["start_date"].is_empty())
        .map(|row| row["fixmedins_code"].as_str())
        .collect();
    assert_eq!(pilots.len(), 12);
    for row in table(&run, "institution") {
        assert!(pilots.contains(&row["fixmedins_code"].as_str()), "{row:?}");
    }
}
