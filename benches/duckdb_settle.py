"""`settle` in DuckDB: POLICY WAREHOUSE CATALOG SCENARIOS OUT → OUT/institution.csv.

POLICY is the folder of a points policy with a low and a high line, SCENARIOS one of files that move
them. Without any file the cases are written too, each with its pay, to OUT/case.parquet.

Scenarios differ in their lines alone. So the cases are read once, to sums by institution and by the
lowest line, in hundredths, that a case does not lie above; scenarios join these sums.
"""

import sys
import time
import tomllib
from fractions import Fraction

import duckdb_cases
import rules

YEAR = 2024

args = rules.arguments("policy", "warehouse", "catalog", "scenarios", "out")
points, base_mean = rules.read_points(args.catalog)
slope = rules.by_fee_slope(base_mean)


def hundredths(text):
    scaled = Fraction(text) * 100
    assert scaled.denominator == 1, f"line {text}: more places than two"
    return int(scaled)


def read_lines():
    """`(name, low line, high line)` in hundredths, the policy itself first."""
    with (args.policy / "policy.toml").open("rb") as file:
        own = {band["class"]: band.get("up_to") for band in tomllib.load(file)["deviation"]["band"]}
    found = [("baseline", hundredths(own["low"]), hundredths(own["normal"]))]
    for path in sorted(args.scenarios.glob("*.toml")):
        with path.open("rb") as file:
            changes = {key: change["value"] for key, change in tomllib.load(file)["set"].items()}
        lines = [changes.get(f"deviation.band[{name}].up_to", own[name])
                 for name in ("low", "normal")]
        found.append((path.stem, *map(hundredths, lines)))
    return found


scenarios = read_lines()
is_single = len(scenarios) == 1
top = max(high for _, _, high in scenarios) + 1

db = duckdb_cases.connect(args.out / "scratch")
started = time.monotonic()
duckdb_cases.build(db, args.warehouse, (YEAR,), ("insutype", "setl_time") if is_single else ())
grouped = time.monotonic()
db.execute("create temp table point (group_code varchar, points bigint, mean bigint)")
db.executemany("insert into point values (?, ?, ?)",
               [(group, points[group], mean)
                for group, mean in rules.read_means(args.catalog).items()])
db.execute("create temp table scenario (scenario varchar, low bigint, high bigint)")
db.executemany("insert into scenario values (?, ?, ?)", scenarios)

# Points in ten-thousandths; a mean in ten-thousandths of a yuan, so fee ÷ mean in hundredths is
# 10000 fee ÷ mean. `line` is empty where no line is drawn: fee 0, or a group without a mean.
db.execute(f"""
    create temp view judged as
    select c.*, fee_fen <> 0 and p.group_code is null as by_fee,
        case
            when p.group_code is not null then p.points
            else (fee_fen::hugeint * {2 * slope.numerator} + {slope.denominator})
                // {2 * slope.denominator}
        end::bigint as points,
        case
            when fee_fen = 0 or p.group_code is null then null
            when fee_fen < 0 then 0
            else least((10000 * fee_fen + p.mean - 1) // p.mean, {top})
        end as line
    from cases c left join point p using (group_code)""")
if is_single:
    # Cases are read for two results: keep them.
    [(_, low, high)] = scenarios
    db.execute(f"""
        create temp table decided as
        select * exclude points, case
                when fee_fen = 0 then 'zero_fee'
                when by_fee then 'ungrouped'
                when line <= {low} then 'low'
                when line > {high} then 'high'
                else 'normal'
            end as class,
            case when class in ('normal', 'ungrouped') then points else 0 end as points
        from judged""")
    source = "decided"
else:
    source = "judged"
db.execute(f"""
    create temp table institution as
    select fixmedins_code, line, by_fee, count(*) as cases, sum(fund_fen)::hugeint as booked,
        sum(points)::hugeint as points
    from {source} group by fixmedins_code, line, by_fee""")
db.execute(f"""
    create temp table paid as
    with budget as (
        select (amount * 100)::hugeint as fen
        from read_parquet('{args.warehouse}/budget/*.parquet')
        where year = {YEAR} and item = '{rules.policy()["budget"]["item"]}'
    ),
    tested as (
        select s.scenario, i.*, by_fee or coalesce(line > low and line <= high, false) as by_points
        from scenario s, institution i
    ),
    summed as (
        select scenario, fixmedins_code, sum(cases)::bigint as cases,
            sum(case when by_points then points else 0 end)::hugeint as points,
            sum(case when by_points then 0 else booked end)::hugeint as item
        from tested group by scenario, fixmedins_code
    ),
    floored as (
        select *, fen - sum(item) over area as money, sum(points) over area as total,
            (money * points // total)::hugeint as part, money * points % total as rest
        from summed, budget window area as (partition by scenario)
    ),
    ranked as (
        select *, money - sum(part) over (partition by scenario) as left_over,
            row_number() over (partition by scenario order by rest desc, fixmedins_code) as place
        from floored
    )
    select scenario, fixmedins_code, cases, points, item,
        (part + case when place <= left_over then 1 else 0 end)::hugeint as part
    from ranked""")
rows = db.execute("""
    select scenario, fixmedins_code, cases, item + part from paid
    order by scenario, fixmedins_code""").fetchall()
rules.write(args.out / "institution.csv", [
    {"scenario": scenario, "fixmedins_code": code, "cases": cases,
     "paid_yuan": rules.printed(int(paid), 2)} for scenario, code, cases, paid in rows])
if is_single:
    # What an institution has by points is divided over its cases by theirs.
    path = args.out / "case.parquet"
    db.execute(f"""
        copy (
            with floored as (
                select c.*, p.part as money,
                    case when c.points = 0 then 0 else p.part * c.points // p.points end as part,
                    case when c.points = 0 then 0 else p.part * c.points % p.points end as rest
                from decided c join paid p using (fixmedins_code)
            ),
            ranked as (
                select *, money - sum(part) over (partition by fixmedins_code) as left_over,
                    row_number() over (
                        partition by fixmedins_code order by rest desc, setl_id) as place
                from floored
            )
            select 'baseline' as scenario, setl_id, insutype, fixmedins_code,
                month(setl_time) as month, coalesce(group_code, 'ungrouped') as group_code, class,
                fee_fen, fund_fen, points, case
                    when class in ('normal', 'ungrouped')
                        then part + case when place <= left_over then 1 else 0 end
                    else fund_fen
                end::bigint as pay_fen
            from ranked order by setl_id
        ) to '{path}' (format parquet)""")
# How long the part after grouping takes, which is what the settlement of cases is.
print(f"grouped {grouped - started:.1f} s, settled {time.monotonic() - grouped:.1f} s", file=sys.stderr)
