"""`ingest` in Polars: EXPORT OUT → Parquet by year and bucket, sorted, persons hashed.

The tables are partitioned first, unsorted, and each partition is then sorted and written again, so
that no table has to stand in memory as a whole.
"""

import hashlib
import hmac
import os
import shutil

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl

import rules

BUCKETS = 16
KEY = hashlib.sha256(b"benchmark").digest()
SORT = {
    "settlement": ["psn_no", "fixmedins_code", "begntime", "setl_id"],
    "fee_item": ["psn_no", "setl_id", "feedetl_sn"],
    "diagnosis": ["psn_no", "setl_id", "diag_srt_no", "diag_code"],
}


def pseudonyms(export):
    """Person → pseudonym and bucket, each person once."""
    names = pl.concat([pl.scan_parquet(export / f"{table}.parquet").select("psn_no")
                       for table in SORT] + [
        pl.scan_csv(export / "enrollee.csv", infer_schema=False).select("psn_no"),
        pl.scan_csv(export / "registration.csv", infer_schema=False).select("psn_no")])
    names = names.unique().drop_nulls().collect(engine="streaming")["psn_no"].to_list()
    hashed = [hmac.new(KEY, name.encode(), "sha256").hexdigest()[:32] for name in names]
    return pl.LazyFrame({"psn_no": names, "pseudonym": hashed,
                         "bucket": [int(text, 16) % BUCKETS for text in hashed]})


def place(frame, persons):
    joined = frame.with_columns(row_digest=pl.struct(pl.all()).hash()).join(
        persons, on="psn_no", how="left")
    return joined.with_columns(psn_no=pl.col("pseudonym")).drop("pseudonym")


args = rules.arguments("export", "out")
persons = pseudonyms(args.export)
years = None
for table, order in SORT.items():
    rows = place(pl.scan_parquet(args.export / f"{table}.parquet"), persons)
    if table == "settlement":
        rows = rows.with_columns(year=pl.col("setl_time").dt.year())
        years = pl.scan_parquet(args.export / "settlement.parquet").group_by("setl_id").agg(
            year=pl.col("setl_time").dt.year().min()).collect(engine="streaming").lazy()
    else:
        rows = rows.join(years, on="setl_id", how="left").with_columns(pl.col("year").fill_null(0))
    staged = args.out / "staged" / table
    staged.mkdir(parents=True, exist_ok=True)
    rows.sink_parquet(pl.PartitionBy(staged, key=["year", "bucket"], include_key=False),
                      compression="lz4", mkdir=True)
    for folder in sorted(path for path in staged.glob("*/*") if path.is_dir()):
        target = args.out / table / folder.relative_to(staged)
        target.mkdir(parents=True, exist_ok=True)
        pl.read_parquet(folder, hive_partitioning=False).sort(order).write_parquet(
            target / "part.parquet", compression="snappy")
    shutil.rmtree(staged)

for table in ("budget", "institution", "enrollee", "registration"):
    rows = pl.scan_csv(args.export / f"{table}.csv", infer_schema=False)
    names = rows.collect_schema().names()
    if "psn_no" in names:
        rows = rows.join(persons.drop("bucket"), on="psn_no", how="left").with_columns(
            psn_no=pl.col("pseudonym")).drop("pseudonym")
    (args.out / table).mkdir(parents=True, exist_ok=True)
    rows.collect().sort(names[:2]).write_parquet(args.out / table / "part.parquet",
                                                 compression="snappy")
