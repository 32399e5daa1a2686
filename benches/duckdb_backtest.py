"""`backtest` in DuckDB: WAREHOUSE CATALOG SCENARIOS OUT → OUT/institution.csv.

The cases are summed to institutions once; scenarios join afterwards.
"""

import duckdb_cases
import rules

YEAR = 2024

args = rules.arguments("warehouse", "catalog", "scenarios", "out")
points, base_mean = rules.read_points(args.catalog)
slope = rules.by_fee_slope(base_mean)

db = duckdb_cases.connect(args.out / "scratch")
duckdb_cases.build(db, args.warehouse, (YEAR,))
db.execute("create temp table point (group_code varchar, points bigint)")
db.executemany("insert into point values (?, ?)", list(points.items()))
db.execute("create temp table scenario (scenario varchar, surplus bigint, overspend bigint, "
           "rate bigint, base varchar)")
db.executemany("insert into scenario values (?, ?, ?, ?, ?)", rules.scenarios(args.scenarios))

db.execute(f"""
    create temp table institution as
    select fixmedins_code, count(*) as cases, sum(fee_fen)::hugeint as cost,
        sum(fund_fen)::hugeint as booked,
        sum(case
            when fee_fen = 0 then 0
            when p.group_code is not null then p.points
            else (fee_fen::hugeint * {2 * slope.numerator} + {slope.denominator})
                // {2 * slope.denominator}
        end)::hugeint as points,
        sum(case when fee_fen = 0 then fund_fen else 0 end)::hugeint as item
    from cases c left join point p using (group_code) group by fixmedins_code""")
rows = db.execute(f"""
    with budget as (
        select (amount * 100)::hugeint as fen
        from read_parquet('{args.warehouse}/budget/*.parquet')
        where year = {YEAR} and item = '{rules.policy()["budget"]["item"]}'
    ),
    total as (
        select sum(booked) as booked, sum(points) as points, sum(item) as item from institution
    ),
    pool as (
        select s.*, t.points as total_points,
            (2 * (t.booked * 10000
                + (case when b.fen >= t.booked then surplus else overspend end)
                    * (b.fen - t.booked)) + 10000) // 20000 - t.item as money
        from scenario s, total t, budget b
    ),
    floored as (
        select p.scenario, p.rate, p.base, p.money, i.*,
            p.money * i.points // p.total_points as part,
            p.money * i.points % p.total_points as rest
        from pool p, institution i
    ),
    ranked as (
        select *, money - sum(part) over (partition by scenario) as left_over,
            row_number() over (partition by scenario order by rest desc, fixmedins_code) as place
        from floored
    ),
    entitled as (
        select *, item + part + case when place <= left_over then 1 else 0 end as entitlement
        from ranked
    ),
    limited as (
        select *, case base
            when 'paid' then booked * 10000 // (10000 - rate)
            when 'booked' then booked * (10000 + rate) // 10000
            when 'cost' then (booked * 10000 + rate * cost) // 10000
        end as most from entitled
    )
    select scenario, fixmedins_code, cases, case
            when most is not null and entitlement > most and entitlement > 0 then most
            else entitlement
        end as paid
    from limited order by scenario, fixmedins_code""").fetchall()
rules.write(args.out / "institution.csv", [
    {"scenario": scenario, "fixmedins_code": code, "cases": cases,
     "paid_yuan": rules.printed(int(paid), 2)} for scenario, code, cases, paid in rows])
