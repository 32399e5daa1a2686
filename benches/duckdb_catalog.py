"""`catalog build` in DuckDB: WAREHOUSE OUT → OUT/groups.csv."""

import duckdb_cases
import rules

YEARS = (2022, 2023)

args = rules.arguments("warehouse", "out")
db = duckdb_cases.connect(args.out / "scratch")
duckdb_cases.build(db, args.warehouse, YEARS)
sums = db.execute("""
    select group_code, year, count(*), sum(fee_fen), sum(fee_fen::hugeint * fee_fen)
    from cases group by group_code, year""").fetchall()
rules.write(args.out / "groups.csv", rules.catalog_rows(sums, YEARS))
