"""24-hour cycles of 30 million settlements: the operator against DuckDB's window query.

    python benches/cycles.py --test target/release/deps/dianshu-HASH --folder /tmp/cycles

`--test` is the test binary of the library, which `cargo test --release --lib --no-run` names. Both read
the same Parquet files, one a bucket of persons, each sorted as the warehouse sorts them. The keys (person,
institution, group, year) are near-unique in one set and clustered in the other. DuckDB counts rolling
cycles with `lag`, which is all a window can do; ours counts the same, and anchored ones (A09) besides.
The numbers of cycles must be equal. They take turns; the best of the runs counts.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb

import rules

BUCKETS = 16
SETS = {"near-unique": 12_000_000, "clustered": 150_000}

ROLLING = """
select count(*) from (
    select begntime - lag(begntime) over (
        partition by psn_no, fixmedins_code, group_code, year order by begntime, setl_id
    ) as gap
    from read_parquet('{files}')
)
where gap is null or gap >= interval 24 hours
"""


def make(folder, rows, persons):
    """Visits of made-up persons: an hour of one year, one of 200 houses, one of 40 groups."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    con = duckdb.connect()
    con.execute(f"set threads={rules.THREADS}")
    for bucket in range(BUCKETS):
        con.execute(f"""
            copy (
                select
                    'P' || lpad(cast(person as varchar), 12, '0') as psn_no,
                    'H' || lpad(cast(hash(person, 1, at // 40) % 200 as varchar), 10, '0')
                        as fixmedins_code,
                    'G' || (hash(at, 3) % 40) as group_code,
                    2023 as year,
                    timestamp '2023-01-01' + to_minutes(cast(hash(at, 4) % 525600 as bigint))
                        as begntime,
                    'S' || lpad(cast(at as varchar), 20, '0') as setl_id
                from (
                    select at, (hash(at, 2) % {persons // BUCKETS}) * {BUCKETS} + {bucket} as person
                    from range({bucket}, {rows}, {BUCKETS}) visit(at)
                )
                order by psn_no, fixmedins_code, begntime, setl_id
            ) to '{folder}/bucket={bucket:02}.parquet' (format parquet, compression zstd)
        """)


def theirs(folder):
    con = duckdb.connect()
    con.execute(f"set threads={rules.THREADS}")
    start = time.monotonic()
    [(cycles,)] = con.execute(ROLLING.format(files=f"{folder}/*.parquet")).fetchall()
    return cycles, time.monotonic() - start


def ours(test, folder, anchor):
    environment = dict(os.environ, DIANSHU_CYCLES=str(folder), DIANSHU_ANCHOR=anchor,
                       DIANSHU_THREADS=str(rules.THREADS))
    done = subprocess.run([test, "--ignored", "--nocapture", "cycles_at_scale"], env=environment,
                          capture_output=True, text=True, check=True)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found = json.loads(line)
    return found["cycles"], found["seconds"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=30_000_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    print("| keys | DuckDB, rolling s | dianshu, rolling s | to DuckDB | dianshu, anchored s |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, persons in SETS.items():
        folder = args.folder / name
        make(folder, args.rows, max(persons * args.rows // 30_000_000, BUCKETS))
        times = {"duckdb": [], "rolling": [], "first": []}
        for _ in range(args.runs):
            cycles, seconds = theirs(folder)
            times["duckdb"].append(seconds)
            for anchor in ("rolling", "first"):
                found, seconds = ours(args.test, folder, anchor)
                times[anchor].append(seconds)
                if anchor == "rolling" and found != cycles:
                    sys.exit(f"{name}: DuckDB finds {cycles} cycles, dianshu {found}")
        duck, rolling, first = (min(times[key]) for key in ("duckdb", "rolling", "first"))
        print(f"| {name} ({cycles} cycles) | {duck:.1f} | {rolling:.1f} | {rolling / duck:.2f} | "
              f"{first:.1f} |", flush=True)


if __name__ == "__main__":
    main()
