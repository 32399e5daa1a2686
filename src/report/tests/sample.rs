//! A made-up run of any size for the tests: amounts by simple arithmetic, sums that agree.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::ReportInput;
use crate::table::{Column, Table};

/// How large the run is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) institutions: usize,
    pub(super) scenarios: usize,
    pub(super) groups: usize,
    pub(super) pools: usize,
}

pub(super) const SMALL: Size = Size { institutions: 3, scenarios: 2, groups: 4, pools: 1 };
pub(super) const LARGE: Size = Size { institutions: 300, scenarios: 8, groups: 400, pools: 1 };
pub(super) const TWO_POOLS: Size = Size { institutions: 25, scenarios: 3, groups: 30, pools: 2 };

const TIERS: [&str; 7] =
    ["三级甲等", "三级乙等", "二级甲等", "二级乙等", "一级", "社区卫生服务中心", "乡镇卫生院"];

/// A number that looks random and is always the same.
fn noise(seed: usize, range: i64) -> i64 {
    let mut state = u64::try_from(seed).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state ^= state >> 29;
    state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state ^= state >> 32;
    i64::try_from(state % u64::try_from(range).unwrap()).unwrap()
}

fn decimal(places: u32, values: impl IntoIterator<Item = i64>) -> Column {
    let values = values.into_iter().map(|value| Some(i128::from(value))).collect();
    Column::Decimal { places, values }
}

fn scenario(at: usize) -> String {
    if at == 0 { "baseline".to_owned() } else { format!("s{at:02}") }
}

fn title(at: usize) -> String {
    match at {
        0 => "按文件执行".to_owned(),
        1 => "结余留用 95%".to_owned(),
        2 => "结余率不超过 10%".to_owned(),
        _ => format!("结余留用 {}% 且结余率不超过 10%", 95 - at),
    }
}

fn pool(at: usize, size: Size) -> String {
    if size.pools == 1 { "all".to_owned() } else { format!("{}", 310 + 80 * at) }
}

/// One institution in one scenario and pool, in fen.
struct Row {
    scenario: usize,
    pool: usize,
    institution: usize,
    cases: i64,
    cost: i64,
    booked: i64,
    points: i64,
    paid: i64,
    change: i64,
}

fn rows(size: Size) -> Vec<Row> {
    let mut rows = Vec::new();
    for scenario in 0..size.scenarios {
        for pool in 0..size.pools {
            for institution in 0..size.institutions {
                let seed = institution * 7 + pool + 1;
                let cases = 40 + noise(seed, 90_000 / (1 + i64::try_from(institution).unwrap()));
                let cost = cases * (20_000 + noise(seed + 11, 60_000));
                let booked = cost * (55 + noise(seed + 17, 25)) / 100;
                let base = booked * (880 + noise(seed + 23, 260)) / 1000;
                let paid = if scenario == 0 {
                    base
                } else {
                    base - (base - booked) * i64::try_from(scenario).unwrap() * 5 / 100
                };
                rows.push(Row {
                    scenario,
                    pool,
                    institution,
                    cases,
                    cost,
                    booked,
                    points: cost / 30 * 1_000,
                    paid,
                    change: paid - base,
                });
            }
        }
    }
    rows
}

/// Surplus rate with four places.
fn rate(surplus: i64, paid: i64) -> i64 {
    i64::try_from(i128::from(surplus) * 10_000 / i128::from(paid.max(1))).unwrap()
}

pub(super) fn institution_code(at: usize) -> String {
    format!("H37{at:09}")
}

fn institution_name(at: usize) -> String {
    match at {
        0 => "第一人民医院".to_owned(),
        1 => "中医医院 <住院部> & \"康复\"".to_owned(),
        _ if at % 9 == 4 => format!("某某县某某镇中心卫生院暨第{at}社区卫生服务站（医共体分院）"),
        _ => format!("第{at}医院"),
    }
}

/// The whole run.
pub(super) fn input(size: Size) -> ReportInput {
    let rows = rows(size);
    let tables = [
        scenarios(size),
        pools(size, &rows),
        institutions(size, &rows),
        tiers(size, &rows),
        groups(size),
        months(size, &rows),
        ledger(size, &rows),
        forecast(size),
        weights(size),
        flow(),
        identity(),
        checks(),
        citations(),
    ];
    let tables: BTreeMap<String, Table> =
        tables.into_iter().map(|table| (table.name.clone(), table)).collect();
    ReportInput { manifest: manifest(), tables }
}

fn manifest() -> serde_json::Value {
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    json!({
        "id": "a1b2c3d4e5f6",
        "program": "dianshu",
        "version": "0.1.0",
        "command": "dianshu backtest --policy jining-apg --year 2024 --scenario share95.toml",
        "system": "jining-apg",
        "policy": {
            "id": "jining-apg",
            "title": "济宁市门诊慢特病 APG 点数法付费",
            "document": "济医保发〔2023〕16号",
            "digest": digest,
        },
        "catalog": {
            "digest": digest, "system": "jining-apg", "years": [2022, 2023], "scale": "1000",
            "base_mean": "412.3456",
        },
        "year": 2024,
        "simulated": true,
        "parameters": {"surplus_cap_rate": "0.10"},
        "inputs": {
            "settlement": {"rows": 1_234_567, "digest": digest},
            "fee_item": {"rows": 8_765_432, "digest": digest},
        },
        "outputs": {
            "tables/pool.parquet": {"sha256": digest, "rows": 2},
            "tables/institution.parquet": {"sha256": digest, "rows": 600},
        },
    })
}

fn scenarios(size: Size) -> Table {
    let all = 0..size.scenarios;
    let changes = |at: usize| {
        match at {
        0 => String::new(),
        1 => "sharing.surplus = 0.95 (结余由机构与基金按 95:5 分享)\nsharing.overspend = 0.95 (对等分担)"
            .to_owned(),
        _ => "surplus_cap.rate = 0.10 (年度结余率按照不超过 10% 确定)".to_owned(),
    }
    };
    Table::new("scenario")
        .with("scenario", Column::text(all.clone().map(scenario)))
        .with("title", Column::text(all.clone().map(title)))
        .with("changes", Column::text(all.clone().map(changes)))
        .with("is_baseline", Column::text(all.map(|at| if at == 0 { "1" } else { "0" })))
}

fn pools(size: Size, rows: &[Row]) -> Table {
    let keys: Vec<(usize, usize)> =
        (0..size.scenarios).flat_map(|s| (0..size.pools).map(move |p| (s, p))).collect();
    let sum = |key: &(usize, usize), of: fn(&Row) -> i64| -> i64 {
        rows.iter().filter(|row| (row.scenario, row.pool) == *key).map(of).sum()
    };
    let each = |of: fn(&Row) -> i64| keys.iter().map(|key| sum(key, of)).collect::<Vec<_>>();
    let paid = each(|row| row.paid);
    let budget: Vec<i64> =
        keys.iter().map(|key| sum(&(0, key.1), |row| row.paid) * 102 / 100).collect();
    let points = each(|row| row.points);
    let value: Vec<i64> = paid
        .iter()
        .zip(&points)
        .map(|(paid, points)| {
            i64::try_from(i128::from(*paid) * 100_000_000 / i128::from(*points)).unwrap()
        })
        .collect();
    let balance = budget.iter().zip(&paid).map(|(budget, paid)| budget - paid);
    Table::new("pool")
        .with("scenario", Column::text(keys.iter().map(|key| scenario(key.0))))
        .with("pool", Column::text(keys.iter().map(|key| pool(key.1, size))))
        .with("period", Column::text(keys.iter().map(|_| "Y")))
        .with("budget_yuan", Column::yuan(budget.iter().copied()))
        .with("fund_booked_yuan", Column::yuan(each(|row| row.booked)))
        .with("distributable_yuan", Column::yuan(budget.iter().copied()))
        .with("item_paid_yuan", Column::yuan(keys.iter().map(|_| 0)))
        .with("standard_paid_yuan", Column::yuan(keys.iter().map(|_| 0)))
        .with("points", decimal(6, points))
        .with("point_value", decimal(4, value))
        .with("floating_factor", Column::Decimal { places: 4, values: vec![None; keys.len()] })
        .with("entitlement_yuan", Column::yuan(paid.iter().copied()))
        .with("adjustment_yuan", Column::yuan(keys.iter().map(|_| 0)))
        .with("paid_yuan", Column::yuan(paid.iter().copied()))
        .with("fund_balance_yuan", Column::yuan(balance))
        .with("returned_yuan", Column::yuan(keys.iter().map(|key| i64::from(key.0 > 1) * 12_345)))
        .with("capped_institutions", Column::whole(keys.iter().map(|key| i64::from(key.0 > 1))))
        .with("cases", Column::whole(each(|row| row.cases)))
        .with("cost_yuan", Column::yuan(each(|row| row.cost)))
        .with("low_cases", Column::whole(keys.iter().map(|_| 12)))
        .with("high_cases", Column::whole(keys.iter().map(|_| 3)))
        .with("ungrouped_cases", Column::whole(keys.iter().map(|_| 1_234)))
}

fn institutions(size: Size, rows: &[Row]) -> Table {
    let surplus = |row: &Row| row.paid - row.booked;
    let rates = || rows.iter().map(|row| rate(surplus(row), row.paid));
    Table::new("institution")
        .with("scenario", Column::text(rows.iter().map(|row| scenario(row.scenario))))
        .with("pool", Column::text(rows.iter().map(|row| pool(row.pool, size))))
        .with("fixmedins_code", Column::text(rows.iter().map(|r| institution_code(r.institution))))
        .with("cases", Column::whole(rows.iter().map(|row| row.cases)))
        .with("cost_yuan", Column::yuan(rows.iter().map(|row| row.cost)))
        .with("fund_booked_yuan", Column::yuan(rows.iter().map(|row| row.booked)))
        .with("points", decimal(6, rows.iter().map(|row| row.points)))
        .with("entitlement_yuan", Column::yuan(rows.iter().map(|row| row.paid)))
        .with("adjustment_yuan", Column::yuan(rows.iter().map(|_| 0)))
        .with("paid_yuan", Column::yuan(rows.iter().map(|row| row.paid)))
        .with("surplus_yuan", Column::yuan(rows.iter().map(surplus)))
        .with("surplus_rate", decimal(4, rates()))
        .with(
            "surplus_rate_before_cap",
            decimal(4, rates().map(|rate| if rate > 900 { rate + 300 } else { rate })),
        )
        .with("fixmedins_name", Column::text(rows.iter().map(|r| institution_name(r.institution))))
        .with("tier", Column::text(rows.iter().map(|row| TIERS[row.institution % 7])))
        .with("change_yuan", Column::yuan(rows.iter().map(|row| row.change)))
}

fn tiers(size: Size, rows: &[Row]) -> Table {
    let mut keys = Vec::new();
    for scenario in 0..size.scenarios {
        for pool in 0..size.pools {
            keys.extend((0..size.institutions.min(7)).map(|tier| (scenario, pool, tier)));
        }
    }
    let of = |key: (usize, usize, usize)| {
        rows.iter().filter(move |r| (r.scenario, r.pool, r.institution % 7) == key)
    };
    let each = |value: fn(&Row) -> i64| -> Vec<i64> {
        keys.iter().map(|key| of(*key).map(value).sum()).collect()
    };
    let surplus = each(|row| row.paid - row.booked);
    let paid = each(|row| row.paid);
    let rates = surplus.iter().zip(&paid).map(|(surplus, paid)| rate(*surplus, *paid));
    Table::new("tier")
        .with("scenario", Column::text(keys.iter().map(|key| scenario(key.0))))
        .with("pool", Column::text(keys.iter().map(|key| pool(key.1, size))))
        .with("tier", Column::text(keys.iter().map(|key| TIERS[key.2])))
        .with("institutions", Column::whole(each(|_| 1)))
        .with("winners", Column::whole(each(|row| i64::from(row.paid > row.booked))))
        .with("losers", Column::whole(each(|row| i64::from(row.paid < row.booked))))
        .with("cases", Column::whole(each(|row| row.cases)))
        .with("cost_yuan", Column::yuan(each(|row| row.cost)))
        .with("fund_booked_yuan", Column::yuan(each(|row| row.booked)))
        .with("surplus_rate", decimal(4, rates))
        .with("paid_yuan", Column::yuan(paid))
        .with("surplus_yuan", Column::yuan(surplus))
        .with("change_yuan", Column::yuan(each(|row| row.change)))
}

fn group_code(at: usize) -> String {
    format!("{}_M{:05}", ["O", "M", "A", "OM", "QY"][at % 5], 3900 + at)
}

fn groups(size: Size) -> Table {
    let keys: Vec<(usize, usize, usize)> = (0..size.scenarios)
        .flat_map(|s| (0..size.pools).flat_map(move |p| (0..size.groups).map(move |g| (s, p, g))))
        .collect();
    let cases = |key: &(usize, usize, usize)| 30 + noise(key.2 + key.1 * 3 + 5, 40_000);
    let cost = |key: &(usize, usize, usize)| cases(key) * (9_000 + noise(key.2 + 77, 90_000));
    Table::new("group")
        .with("scenario", Column::text(keys.iter().map(|key| scenario(key.0))))
        .with("pool", Column::text(keys.iter().map(|key| pool(key.1, size))))
        .with("group_code", Column::text(keys.iter().map(|key| group_code(key.2))))
        .with("cases", Column::whole(keys.iter().map(cases)))
        .with("cost_yuan", Column::yuan(keys.iter().map(cost)))
        .with("fund_booked_yuan", Column::yuan(keys.iter().map(|key| cost(key) * 7 / 10)))
        .with("points", decimal(6, keys.iter().map(|key| cost(key) * 3)))
        .with("low_cases", Column::whole(keys.iter().map(|_| 0)))
        .with("high_cases", Column::whole(keys.iter().map(|_| 0)))
}

fn months(size: Size, rows: &[Row]) -> Table {
    let keys: Vec<(&Row, i64)> =
        rows.iter().flat_map(|row| (1..=12).map(move |month| (row, month))).collect();
    let part = |value: i64, month: i64| value * (60 + month * 3) / 1000;
    Table::new("month")
        .with("scenario", Column::text(keys.iter().map(|(row, _)| scenario(row.scenario))))
        .with("pool", Column::text(keys.iter().map(|(row, _)| pool(row.pool, size))))
        .with(
            "fixmedins_code",
            Column::text(keys.iter().map(|(row, _)| institution_code(row.institution))),
        )
        .with("month", Column::text(keys.iter().map(|(_, month)| format!("2024-{month:02}"))))
        .with("cases", Column::whole(keys.iter().map(|(row, month)| part(row.cases, *month))))
        .with("cost_yuan", Column::yuan(keys.iter().map(|(row, month)| part(row.cost, *month))))
        .with(
            "fund_booked_yuan",
            Column::yuan(keys.iter().map(|(row, month)| part(row.booked, *month))),
        )
        .with("points", decimal(6, keys.iter().map(|(row, month)| part(row.points, *month))))
}

fn ledger(size: Size, rows: &[Row]) -> Table {
    let keys: Vec<(&Row, usize)> =
        rows.iter().flat_map(|row| (0..3).map(move |kind| (row, kind))).collect();
    let kinds = ["points", "sharing", "local_bonus"];
    let clauses = [Some("二(三)"), Some("四(二)3"), None];
    let readings = [None, Some("A24"), Some("R29")];
    let entries = |from: [Option<&'static str>; 3]| {
        Column::Text(keys.iter().map(|(_, kind)| from[*kind].map(str::to_owned)).collect())
    };
    let amount = |(row, kind): &(&Row, usize)| match kind {
        0 => row.paid - 700,
        1 => 1_000,
        _ => -300,
    };
    Table::new("ledger")
        .with("scenario", Column::text(keys.iter().map(|(row, _)| scenario(row.scenario))))
        .with("pool", Column::text(keys.iter().map(|(row, _)| pool(row.pool, size))))
        .with(
            "fixmedins_code",
            Column::text(keys.iter().map(|(row, _)| institution_code(row.institution))),
        )
        .with("period", Column::text(keys.iter().map(|_| "Y")))
        .with("kind", Column::text(keys.iter().map(|(_, kind)| kinds[*kind])))
        .with("amount_yuan", Column::yuan(keys.iter().map(amount)))
        .with("clause", entries(clauses))
        .with("reading", entries(readings))
}

fn forecast(size: Size) -> Table {
    let all = 0..size.groups;
    let mean = |at: usize| 9_000 + noise(at + 77, 90_000);
    let actual = |at: usize| mean(at) * (90 + noise(at + 3, 25)) / 100;
    let cases = |at: usize| 20 + noise(at + 5, 30_000);
    let gone = |at: usize, value: i128| (at % 11 != 10).then_some(value);
    let optional = |places, of: &dyn Fn(usize) -> i128| Column::Decimal {
        places,
        values: (0..size.groups).map(|at| gone(at, of(at))).collect(),
    };
    let error = |at: usize| i128::from(actual(at) - mean(at)) * i128::from(cases(at));
    Table::new("forecast")
        .with("group_code", Column::text(all.clone().map(group_code)))
        .with(
            "group_name",
            Column::text(all.clone().map(|at| format!("慢性病组 {at}（药物治疗 & 辅助检查 <A>）"))),
        )
        .with("catalog_cases", Column::whole(all.clone().map(cases)))
        .with("catalog_mean_yuan", decimal(4, all.clone().map(|at| mean(at) * 100)))
        .with("actual_cases", Column::whole(all.clone().map(|at| cases(at) + 4)))
        .with("actual_mean_yuan", optional(4, &|at| i128::from(actual(at)) * 100))
        .with("error_yuan", optional(2, &error))
        .with("error_rate", optional(4, &|at| i128::from(rate(actual(at) - mean(at), mean(at)))))
        .with("flag", Column::text(all.map(|at| if at % 11 == 10 { "gone" } else { "" })))
}

fn weights(size: Size) -> Table {
    let keys: Vec<(usize, i64)> =
        (0..size.groups).flat_map(|at| [(at, 2022), (at, 2023)]).collect();
    let ratio = |(at, year): &(usize, i64)| {
        let old = 60_000 + noise(at + 1, 400_000) * noise(at + 2, 12);
        if *year == 2022 { old } else { old * (80 + noise(at + 9, 45)) / 100 }
    };
    Table::new("weight")
        .with("group_code", Column::text(keys.iter().map(|key| group_code(key.0))))
        .with("group_name", Column::text(keys.iter().map(|key| format!("慢性病组 {}", key.0))))
        .with("year", Column::whole(keys.iter().map(|key| key.1)))
        .with("cases", Column::whole(keys.iter().map(|key| 30 + noise(key.0, 900))))
        .with("mean_yuan", decimal(4, keys.iter().map(|key| ratio(key) * 4)))
        .with("ratio", decimal(6, keys.iter().map(ratio)))
}

fn flow() -> Table {
    let steps =
        [("raw", 1_000_000), ("void", -1_200), ("duplicate_identical", -35), ("analysed", 998_765)];
    let keys: Vec<(i64, (&str, i64))> =
        [2022, 2023, 2024].iter().flat_map(|year| steps.map(|step| (*year, step))).collect();
    Table::new("flow")
        .with("year", Column::whole(keys.iter().map(|key| key.0)))
        .with("step", Column::text(keys.iter().map(|key| key.1.0)))
        .with("rows", Column::whole(keys.iter().map(|key| key.1.1)))
        .with("amount_yuan", Column::yuan(keys.iter().map(|key| key.1.1 * 41_234)))
}

fn identity() -> Table {
    let lines = ["points_total", "rounding", "blending", "trimming", "ungrouped", "total"];
    Table::new("identity").with("line", Column::text(lines)).with(
        "amount_yuan",
        decimal(4, [41_000_000_000, 12_345, -678_901, 0, 5_000_000, 41_004_333_444]),
    )
}

fn checks() -> Table {
    Table::new("check")
        .with("check_id", Column::text(["late_upload", "amount_identity"]))
        .with("severity", Column::text(["warning", "error"]))
        .with("table", Column::text(["settlement", "settlement"]))
        .with("rows", Column::whole([321, 7]))
        .with("checked", Column::whole([1_234_567, 1_234_567]))
        .with("percent", decimal(4, [260, 6]))
        .with("amount_yuan", Column::yuan([12_345_678, 98_765]))
}

fn citations() -> Table {
    Table::new("citation")
        .with("section", Column::text(["scope", "budget", "deviation.band", "deviation.band"]))
        .with(
            "clause",
            Column::texts([None, Some("二(三)".to_owned()), Some("五(一)5(1)".to_owned()), None]),
        )
        .with(
            "reading",
            Column::texts([Some("R05".to_owned()), None, None, Some("A06".to_owned())]),
        )
}
