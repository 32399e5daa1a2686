"""24-hour cycles of 30 million settlements: the operator against DuckDB's window query.

    python benches/cycles.py --binary target/release/dianshu --folder /tmp/cycles

Both read the files of the same warehouse. The keys (person, institution, group, year) are near-unique in
one set and clustered in the other. DuckDB counts rolling cycles with `lag`, which is all a window can
do; ours counts the same, and anchored ones (A09) besides. The numbers of cycles must be equal. They take
turns; the best of the runs counts. The group is the code of the disease.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb

import rules

SETS = {"near-unique": 12_000_000, "clustered": 150_000}

ROLLING = """
select count(*) from (
    select begntime - lag(begntime) over (
        partition by psn_no, fixmedins_code, dise_codg, year order by begntime, setl_id
    ) as gap
    from read_parquet('{files}', hive_partitioning=true)
)
where gap is null or gap >= interval 24 hours
"""

OURS = """
select sum(cycles) as cycles from (
    select psn_no, fixmedins_code, max(cycle) as cycles from (
        select psn_no, fixmedins_code, cycle_number(
            begntime, setl_id, 1440, '{anchor}', false, dise_codg, extract(year from setl_time)
        ) over (partition by psn_no, fixmedins_code) as cycle
        from settlement
    ) group by psn_no, fixmedins_code
)
"""


def make(binary, folder, rows, persons):
    """Visits of made-up persons within a year: one of 200 houses for 40 visits, one of 40 groups."""
    warehouse = folder / "warehouse"
    if warehouse.exists():
        return warehouse
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute(f"set threads={rules.THREADS}")
    con.execute(f"""
        copy (
            select
                'S' || lpad(cast(n as varchar), 20, '0') as setl_id,
                'P' || lpad(cast(hash(n, 2) % {persons} as varchar), 12, '0') as psn_no,
                'H' || lpad(cast(hash(hash(n, 2) % {persons}, n * 5 // {rows}) % 200 as varchar),
                            10, '0') as fixmedins_code,
                '310' as insutype, '14' as med_type,
                'M' || lpad(cast(hash(n, 3) % 40 as varchar), 5, '0') as dise_codg,
                timestamp '2023-01-01' + to_minutes(cast(hash(n, 4) % 525000 as bigint)) as begntime,
                begntime + interval 1 hour as setl_time,
                cast(100 as decimal(18, 2)) as medfee_sumamt, cast(80 as decimal(18, 2)) as hifp_pay
            from range({rows}) visit(n)
        ) to '{folder}/settlement.parquet' (format parquet, compression zstd)
    """)
    subprocess.run([binary, "ingest", folder / "settlement.parquet", "--warehouse", warehouse,
                    "--threads", str(rules.THREADS), "--quiet"], check=True)
    (folder / "settlement.parquet").unlink()
    return warehouse


def theirs(warehouse):
    con = duckdb.connect()
    con.execute(f"set threads={rules.THREADS}")
    files = f"{warehouse}/settlement/year=*/bucket=*/*.parquet"
    start = time.monotonic()
    [(cycles,)] = con.execute(ROLLING.format(files=files)).fetchall()
    return cycles, time.monotonic() - start


def ours(binary, warehouse, anchor):
    command = [binary, "sql", OURS.format(anchor=anchor), "--by-bucket", "--warehouse", warehouse,
               "--threads", str(rules.THREADS), "--json", "--quiet"]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - start
    return sum(json.loads(line)["cycles"] for line in done.stdout.splitlines()), seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=30_000_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    print("| keys | cycles | DuckDB, rolling s | dianshu, rolling s | to DuckDB | dianshu, anchored s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, persons in SETS.items():
        persons = persons * args.rows // 30_000_000
        warehouse = make(args.binary.resolve(), args.folder / name, args.rows, persons)
        times = {"duckdb": [], "rolling": [], "first": []}
        for _ in range(args.runs):
            cycles, seconds = theirs(warehouse)
            times["duckdb"].append(seconds)
            for anchor in ("rolling", "first"):
                found, seconds = ours(args.binary, warehouse, anchor)
                times[anchor].append(seconds)
                if anchor == "rolling" and found != cycles:
                    sys.exit(f"{name}: DuckDB finds {cycles} cycles, dianshu {found}")
        duck, rolling, first = (min(times[key]) for key in ("duckdb", "rolling", "first"))
        print(f"| {name} | {cycles} | {duck:.1f} | {rolling:.1f} | {rolling / duck:.2f} | "
              f"{first:.1f} |", flush=True)


if __name__ == "__main__":
    main()
