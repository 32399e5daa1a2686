"""`catalog build` in Polars: WAREHOUSE OUT → OUT/groups.csv."""

import polars_cases
import polars as pl

import rules

YEARS = (2022, 2023)

args = rules.arguments("warehouse", "out")
wide = pl.col("fee_fen").cast(pl.Int128)
sums = (polars_cases.build(args.warehouse, YEARS)
        .group_by("group_code", "year")
        .agg(pl.len(), pl.col("fee_fen").sum().alias("fen"), (wide * wide).sum().alias("squares"))
        .collect(engine="streaming"))
rules.write(args.out / "groups.csv", rules.catalog_rows(sums.iter_rows(), YEARS))
