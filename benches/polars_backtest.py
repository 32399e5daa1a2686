"""`backtest` in Polars: WAREHOUSE CATALOG SCENARIOS OUT → OUT/institution.csv.

The cases are summed to institutions once; scenarios are settled from these sums in whole numbers.
"""

import polars_cases
import polars as pl

import rules

YEAR = 2024


def settle(institutions, budget, scenario):
    """Pay of each institution in fen: sharing, points, largest remainder, surplus cap."""
    _, surplus, overspend, rate, base = scenario
    booked = sum(row["booked"] for row in institutions)
    points = sum(row["points"] for row in institutions)
    share = surplus if budget >= booked else overspend
    money = (2 * (booked * 10000 + share * (budget - booked)) + 10000) // 20000
    money -= sum(row["item"] for row in institutions)
    parts = [divmod(money * row["points"], points) for row in institutions]
    order = sorted(range(len(parts)),
                   key=lambda at: (-parts[at][1], institutions[at]["fixmedins_code"]))
    extra = set(order[:money - sum(part for part, _ in parts)])
    for at, row in enumerate(institutions):
        pay = row["item"] + parts[at][0] + (at in extra)
        most = {
            None: pay,
            "paid": row["booked"] * 10000 // (10000 - (rate or 0)),
            "booked": row["booked"] * (10000 + (rate or 0)) // 10000,
            "cost": (row["booked"] * 10000 + (rate or 0) * row["cost"]) // 10000,
        }[base]
        yield row, most if pay > most and pay > 0 else pay


args = rules.arguments("warehouse", "catalog", "scenarios", "out")
points, base_mean = rules.read_points(args.catalog)
slope = rules.by_fee_slope(base_mean)
published = pl.LazyFrame({"group_code": list(points), "published": list(points.values())})

fee = pl.col("fee_fen")
by_fee = (fee.cast(pl.Int128) * (2 * slope.numerator) + slope.denominator) // (
    2 * slope.denominator)
institutions = (
    polars_cases.build(args.warehouse, (YEAR,)).join(published, on="group_code", how="left")
    .group_by("fixmedins_code")
    .agg(cases=pl.len(), cost=fee.sum(), booked=pl.col("fund_fen").sum(),
         points=pl.when(fee == 0).then(0)
         .otherwise(pl.coalesce(pl.col("published").cast(pl.Int128), by_fee)).sum(),
         item=pl.when(fee == 0).then(pl.col("fund_fen")).otherwise(0).sum())
    .collect(engine="streaming").to_dicts())
item = rules.policy()["budget"]["item"]
budget = pl.scan_parquet(str(args.warehouse / "budget" / "*.parquet")).filter(
    pl.col("year") == YEAR, pl.col("item") == item).select(
        (pl.col("amount") * 100).cast(pl.Int64)).collect().item()
rules.write(args.out / "institution.csv", [
    {"scenario": scenario[0], "fixmedins_code": row["fixmedins_code"], "cases": row["cases"],
     "paid_yuan": rules.printed(paid, 2)}
    for scenario in rules.scenarios(args.scenarios)
    for row, paid in settle(institutions, budget, scenario)])
