"""Runs dianshu, DuckDB and Polars side by side and writes the numbers into docs/benchmarks.md.

    python benches/run.py --binary target/release/dianshu --folder /tmp/bench --date 2026-01-31

The Python is the one of `benches/setup.sh`. Every contender runs in a process of its own, one at a
time, and they take turns. Wall time is the best of the runs, memory the highest of them. Results
must agree to the fen, or nothing is written.
"""

import argparse
import csv
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars

import rules

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "benchmarks.md"
MARKS = ("<!-- measured: written by benches/run.py -->", "<!-- end of measured -->")
CONTENDERS = ("dianshu", "DuckDB", "Polars")
STAGES = {
    "ingest": "`ingest`",
    "catalog": "`catalog build`",
    "backtest_1": "`backtest`, 1 scenario",
    "backtest_50": "`backtest`, 50 scenarios",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--people", type=int, default=245_000)
    parser.add_argument("--runs", type=int, default=3, help="of all stages but ingest")
    parser.add_argument("--date", required=True, help="printed in the page")
    parser.add_argument("--only", choices=STAGES, action="append", help="stages to run again")
    args = parser.parse_args()
    city = City(args.binary.resolve(), args.folder.resolve())
    city.make(args.people)
    kept = city.folder / "measured.json"
    measured = json.loads(kept.read_text()) if kept.exists() else {}
    for stage in args.only or STAGES:
        measured[stage] = city.measure(stage, 1 if stage == "ingest" else args.runs)
        measured[stage]["agreed"] = city.compare(stage)
        measured[stage]["version"] = city.version()
        kept.write_text(json.dumps(measured, indent=1))
        print(stage, measured[stage]["agreed"], flush=True)
    write_page(measured, args.date)


class City:
    """Where everything of one run lies."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.export, self.warehouse = folder / "export", folder / "warehouse"
        self.catalog, self.runs = folder / "catalog", folder / "runs"
        self.none, self.fifty = folder / "scenarios-1", folder / "scenarios-50"

    def make(self, people):
        if not (self.export / "settlement.parquet").exists():
            subprocess.run([self.binary, "synth", "jining-apg", "--people", str(people), "--seed",
                            "1", "--out", self.export], cwd=ROOT, check=True)
        self.none.mkdir(exist_ok=True)
        self.fifty.mkdir(exist_ok=True)
        for number in range(1, 50):
            (self.fifty / f"s{number:02}.toml").write_text(scenario(number))

    def version(self):
        return subprocess.run([self.binary, "--version"], capture_output=True, text=True,
                              check=True).stdout.strip()

    def commands(self, stage):
        """What each contender runs; every output folder is new."""
        own = ["--threads", str(rules.THREADS), "--quiet", "--warehouse", self.warehouse]
        out = lambda name: self.folder / f"{name}-{stage}"
        script = lambda name: [sys.executable, HERE / f"{name}_{stage.split('_')[0]}.py"]
        if stage == "ingest":
            inputs = [self.export]
            ours, new = ["ingest", self.export], [self.warehouse]
        elif stage == "catalog":
            inputs = [self.warehouse]
            ours = ["catalog", "build", "--policy", "jining-apg", "--years", "2022,2023", "--out",
                    self.catalog]
            new = [self.catalog]
        else:
            folder = self.none if stage == "backtest_1" else self.fifty
            inputs = [self.warehouse, self.catalog, folder]
            ours = ["backtest", "--policy", "jining-apg", "--catalog", self.catalog, "--year",
                    "2024", "--out", out("dianshu"), *sorted(folder.glob("*.toml"))]
            new = [out("dianshu")]
        return {
            "dianshu": ([self.binary, *ours, *own], new),
            "DuckDB": ([*script("duckdb"), *inputs, out("duckdb")], [out("duckdb")]),
            "Polars": ([*script("polars"), *inputs, out("polars")], [out("polars")]),
        }

    def measure(self, stage, runs):
        found = {name: [] for name in CONTENDERS}
        for _ in range(runs):
            for name, (command, new) in self.commands(stage).items():
                for folder in new:
                    shutil.rmtree(folder, ignore_errors=True)
                if name == "dianshu" and stage == "ingest":
                    (self.folder / "warehouse.key").unlink(missing_ok=True)
                found[name].append(run(command))
                print(stage, name, found[name][-1], flush=True)
        return {"runs": found}

    def compare(self, stage):
        if stage == "ingest":
            return self.compare_ingest()
        if stage == "catalog":
            path = self.catalog / "groups.csv"
            with path.open(encoding="utf-8-sig", newline="") as file:
                ours = {row["group_code"]: row for row in csv.DictReader(file)}
            key = lambda row: row["group_code"]
        else:
            [path] = (self.folder / f"dianshu-{stage}").glob("*/tables/institution.parquet")
            rows = duckdb.sql(f"select scenario, fixmedins_code, cases, paid_yuan from '{path}'")
            names = ("scenario", "fixmedins_code", "cases", "paid_yuan")
            ours = {row[:2]: dict(zip(names, map(str, row))) for row in rows.fetchall()}
            key = lambda row: (row["scenario"], row["fixmedins_code"])
        for other in ("duckdb", "polars"):
            name = "groups.csv" if stage == "catalog" else "institution.csv"
            with (self.folder / f"{other}-{stage}" / name).open(newline="") as file:
                theirs = {key(row): row for row in csv.DictReader(file)}
            if set(ours) != set(theirs):
                sys.exit(f"{stage}: rows of {other} and ours: {set(ours) ^ set(theirs)}")
            for at, row in theirs.items():
                for column, value in row.items():
                    if ours[at][column] != value:
                        sys.exit(f"{stage}: {at} {column}: {other} {value}, "
                                 f"ours {ours[at][column]}")
        columns = [name for name in next(iter(theirs.values()))]
        return f"{len(ours)} rows equal in {', '.join(columns)}"

    def compare_ingest(self):
        amounts = {"settlement": "medfee_sumamt", "fee_item": "det_item_fee_sumamt",
                   "diagnosis": "0"}
        rows = 0
        for table, amount in amounts.items():
            sums = []
            for folder in (self.warehouse, self.folder / "duckdb-ingest",
                           self.folder / "polars-ingest"):
                files = f"{folder}/{table}/year=*/bucket=*/*.parquet"
                sums.append(duckdb.sql(
                    f"select year, count(*), sum({amount}), count(distinct psn_no) from "
                    f"read_parquet('{files}', hive_partitioning=true) group by year order by year"
                ).fetchall())
            if sums[0] != sums[1] or sums[0] != sums[2]:
                sys.exit(f"ingest: {table}: {sums}")
            rows += sum(row[1] for row in sums[0])
        return f"{rows} rows: rows, persons and amounts of each table and year equal"


def scenario(number):
    """One of 49 scenario files: shares of surplus and overspend, two in three with a cap."""
    surplus, overspend = 10000 - 60 * number, 10000 - 40 * (number % 17)
    lines = [
        f'title = "benchmark {number}"', 'base = "jining-apg"', "", "[set]",
        f'"sharing.surplus" = {{ value = "{surplus / 10000}", reason = "benchmark", '
        'reading = "R29" }',
        f'"sharing.overspend" = {{ value = "{overspend / 10000}", reason = "benchmark", '
        'reading = "R29, A24" }',
    ]
    if number % 3:
        base = ("paid", "booked", "cost")[number % 5 % 3]
        rate = (100 + 30 * number) / 10000
        lines.append(f'"surplus_cap" = {{ value = {{ rate = "{rate}", base = "{base}", '
                     'destination = "fund" }, reason = "benchmark", reading = "A21, A22" }')
    return "\n".join(lines) + "\n"


def busy():
    """Seconds all processors have worked since the machine started."""
    fields = [int(text) for text in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def run(command):
    environment = dict(os.environ, POLARS_MAX_THREADS=str(rules.THREADS))
    before, start = busy(), time.monotonic()
    child = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=environment,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    words = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command}: exit {child.returncode}\n{words.decode()}")
    cpu = used.ru_utime + used.ru_stime
    return {"wall": round(wall, 2), "cpu": round(cpu, 2), "mib": round(used.ru_maxrss / 1024),
            "others": round(max(busy() - before - cpu, 0) / wall, 2)}


def best(runs):
    return min(runs, key=lambda one: one["wall"])


def table(measured):
    lines = ["| stage | contender | wall s | to DuckDB | CPU s | to DuckDB | peak memory MiB | "
             "other load, cores |", "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for stage, title in STAGES.items():
        if stage not in measured:
            lines.append(f"| {title} | – | not measured | | | | | |")
            continue
        runs = measured[stage]["runs"]
        duck = best(runs["DuckDB"])
        for name in CONTENDERS:
            one = best(runs[name])
            peak = max(run["mib"] for run in runs[name])
            lines.append(f"| {title} | {name} | {one['wall']:.1f} | "
                         f"{one['wall'] / duck['wall']:.2f} | {one['cpu']:.1f} | "
                         f"{one['cpu'] / duck['cpu']:.2f} | {peak} | {one['others']:.1f} |")
    return lines


def write_page(measured, date):
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text()
                  .splitlines() if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    ours = next(iter(measured.values()))["version"]
    lines = [
        f"Measured on {date}: {os.cpu_count()} cores ({model}), {memory:.1f} GiB memory, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}.",
        f"{ours}, DuckDB {duckdb.__version__}, Polars {polars.__version__}; "
        f"{rules.THREADS} threads each, memory settings as shipped.", "", *table(measured), ""]
    if {"backtest_1", "backtest_50"} <= set(measured):
        times = [best(measured[stage]["runs"]["dianshu"])["wall"]
                 for stage in ("backtest_1", "backtest_50")]
        lines += [f"50 scenarios take {times[1] / times[0]:.2f} times as long as one (dianshu).", ""]
    lines.append("Agreement of the three, to the fen:")
    lines.append("")
    lines += [f"- {title}: {measured[stage]['agreed']}." for stage, title in STAGES.items()
              if stage in measured]
    lines += ["", "All runs, in the order they were made:", "",
              "| stage | contender | wall s of each run | CPU s of each run | other load, cores |",
              "| --- | --- | --- | --- | --- |"]
    for stage, title in STAGES.items():
        for name in CONTENDERS if stage in measured else ():
            runs = measured[stage]["runs"][name]
            each = lambda field: ", ".join(f"{one[field]:.1f}" for one in runs)
            lines.append(f"| {title} | {name} | {each('wall')} | {each('cpu')} | "
                         f"{each('others')} |")
    text = PAGE.read_text()
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    PAGE.write_text("\n".join([before + MARKS[0], "", *lines, "", MARKS[1] + after]))


if __name__ == "__main__":
    main()
