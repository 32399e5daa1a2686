"""`ingest` in DuckDB: EXPORT OUT → Parquet by year and bucket, sorted, persons hashed.

Rows are staged once in a database file, then each partition is sorted and written by itself:
a partitioned COPY does not keep an order inside its files.
"""

import hashlib

import duckdb

import rules

BUCKETS = 16
KEY = hashlib.sha256(b"benchmark").hexdigest()
SORT = {
    "settlement": "psn_no, fixmedins_code, begntime, setl_id",
    "fee_item": "psn_no, setl_id, feedetl_sn",
    "diagnosis": "psn_no, setl_id, diag_srt_no, diag_code",
}

args = rules.arguments("export", "out")
args.out.mkdir(parents=True, exist_ok=True)
db = duckdb.connect(str(args.out / "staging.duckdb"))
db.execute(f"pragma threads={rules.THREADS}")
db.execute("set preserve_insertion_order=false")

person = f"sha256('{KEY}' || psn_no)[1:32]"
for table in SORT:
    source = f"read_parquet('{args.export}/{table}.parquet')"
    columns = [row[0] for row in db.execute(f"describe select * from {source}").fetchall()]
    digest = ", ".join(columns)
    hashed = f"(select * replace ({person} as psn_no), hash({digest}) as row_digest from {source})"
    if table == "settlement":
        db.execute(f"create table settlement as select *, year(setl_time) as year, "
                   f"(hash(psn_no) % {BUCKETS})::int as bucket from {hashed}")
        db.execute("create temp table place as "
                   "select setl_id, min(year) as year from settlement group by setl_id")
    else:
        db.execute(f"create table {table} as select c.*, coalesce(p.year, 0) as year, "
                   f"(hash(psn_no) % {BUCKETS})::int as bucket "
                   f"from {hashed} c left join place p using (setl_id)")
    for year, bucket in db.execute(f"select distinct year, bucket from {table}").fetchall():
        folder = args.out / table / f"year={year}" / f"bucket={bucket}"
        folder.mkdir(parents=True, exist_ok=True)
        db.execute(f"copy (select * exclude (year, bucket) from {table} "
                   f"where year = {year} and bucket = {bucket} order by {SORT[table]}) "
                   f"to '{folder / 'part.parquet'}' (format parquet, compression snappy)")
    if table != "settlement":
        db.execute(f"drop table {table}")

for table in ("budget", "institution", "enrollee", "registration"):
    source = f"read_csv('{args.export}/{table}.csv', all_varchar=true)"
    columns = [row[0] for row in db.execute(f"describe select * from {source}").fetchall()]
    replace = f"replace ({person} as psn_no)" if "psn_no" in columns else ""
    (args.out / table).mkdir(exist_ok=True)
    db.execute(f"copy (select * {replace} from {source} order by 1, 2) "
               f"to '{args.out / table / 'part.parquet'}' (format parquet, compression snappy)")
db.close()
(args.out / "staging.duckdb").unlink()
