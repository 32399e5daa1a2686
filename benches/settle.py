"""A settlement of ten million cases with the table of its cases, and 200 tariffs over the same cases.

    python benches/settle.py --binary target/release/dianshu --folder /tmp/settle

Against DuckDB from the files of the same warehouse, in turns, each in a process of its own. The policy
is jining-apg with a low and a high line at the published means; scenarios move both lines, so every one
is a tariff of its own. Points come from the years before in a smaller city. Results must agree to the
fen, those of every case included, or nothing is printed. The rows printed are in the form of
docs/benchmarks.md.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

import rules
from run import best, run

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
BASE = "jining-apg"
LOW = [f"0.{hundredths}" for hundredths in range(20, 60, 2)]
HIGH = [f"{tenths // 10}.{tenths % 10}" for tenths in range(15, 35, 2)]
STAGES = {"one": "`settle --cases`", "many": f"`backtest`, {len(LOW) * len(HIGH)} tariffs more"}
LINES = """
[deviation]
reading = "A06, A07"
compare = "fee"
reference = "mean"
"""
BANDS = (("low", "0.4", "item"), ("normal", "2", "group"), ("high", None, "item"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--people", type=int, default=780_000, help="of the year settled")
    parser.add_argument("--catalog-people", type=int, default=20_000, help="of the years before")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=STAGES, help="one stage of both")
    args = parser.parse_args()
    bench = Bench(args.binary.resolve(), args.folder.resolve())
    bench.make(args.people, args.catalog_people)
    kept = bench.folder / "measured.json"
    measured = json.loads(kept.read_text()) if kept.exists() else {}
    for stage in [args.only] if args.only else STAGES:
        measured[stage] = bench.measure(stage, args.runs)
        measured[stage]["agreed"] = bench.compare(stage)
        kept.write_text(json.dumps(measured, indent=1))
    report(measured)


class Bench:
    """Where everything lies, and what is run."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.policy, self.catalog = folder / "policy", folder / "catalog"
        self.warehouse = folder / "warehouse"
        self.scenarios = {"one": folder / "scenarios-0", "many": folder / "scenarios-200"}

    def make(self, people, catalog_people):
        for folder in (self.policy, *self.scenarios.values()):
            folder.mkdir(parents=True, exist_ok=True)
        own = (ROOT / "catalogs" / BASE / "policy.toml").read_text()
        (self.policy / "policy.toml").write_text(own + LINES + "".join(map(band, BANDS)))
        for low in LOW:
            for high in HIGH:
                path = self.scenarios["many"] / f"low-{low}-high-{high}.toml"
                path.write_text(scenario(low, high))
        if not self.catalog.exists():
            before = self.city("before", "2022..2023", catalog_people)
            self.dianshu("catalog", "build", "--policy", self.policy, "--years", "2022,2023",
                         "--out", self.catalog, "--warehouse", before)
        if not self.warehouse.exists():
            self.city("year", "2024..2024", people).rename(self.warehouse)

    def city(self, name, years, people):
        """A new warehouse of a city of these years; its export goes again."""
        export, warehouse = self.folder / f"{name}-export", self.folder / f"{name}-warehouse"
        for folder in (export, warehouse):
            shutil.rmtree(folder, ignore_errors=True)
        self.dianshu("synth", BASE, "--people", people, "--years", years, "--seed", "1", "--out",
                     export)
        self.dianshu("ingest", export, "--warehouse", warehouse)
        shutil.rmtree(export)
        return warehouse

    def dianshu(self, *words):
        command = [str(word) for word in (self.binary, *words)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    def out(self, name, stage):
        return self.folder / f"{name}-{stage}"

    def commands(self, stage):
        files = sorted(self.scenarios[stage].glob("*.toml"))
        words = ["settle", "--cases"] if stage == "one" else ["backtest", *files]
        return {
            "dianshu": [self.binary, *words, "--policy", self.policy, "--catalog", self.catalog,
                        "--year", "2024", "--out", self.out("dianshu", stage), "--warehouse",
                        self.warehouse, "--threads", str(rules.THREADS), "--quiet"],
            "DuckDB": [sys.executable, HERE / "duckdb_settle.py", self.policy, self.warehouse,
                       self.catalog, self.scenarios[stage], self.out("DuckDB", stage)],
        }

    def measure(self, stage, runs):
        found = {}
        for _ in range(runs):
            for name, command in self.commands(stage).items():
                shutil.rmtree(self.out(name, stage), ignore_errors=True)
                found.setdefault(name, []).append(run(command))
                print(stage, name, found[name][-1], file=sys.stderr, flush=True)
        return {"runs": found}

    def compare(self, stage):
        [tables] = self.out("dianshu", stage).glob("*/tables")
        rows = duckdb.sql("select scenario, fixmedins_code, cases, paid_yuan "
                          f"from '{tables}/institution.parquet'").fetchall()
        ours = {row[:2]: (row[2], str(row[3])) for row in rows}
        with (self.out("DuckDB", stage) / "institution.csv").open(newline="") as file:
            theirs = {(row["scenario"], row["fixmedins_code"]):
                      (int(row["cases"]), row["paid_yuan"]) for row in csv.DictReader(file)}
        for key in ours.keys() | theirs.keys():
            if ours.get(key) != theirs.get(key):
                sys.exit(f"{stage}: {key}: ours {ours.get(key)}, DuckDB {theirs.get(key)}")
        agreed = f"{len(ours)} rows by scenario and institution"
        return agreed if stage == "many" else f"{agreed}, {self.compare_cases(tables)} cases"

    def compare_cases(self, tables):
        """Rows of both tables of cases, which must be the same."""
        ours = f"""
            select scenario, setl_id, insutype, fixmedins_code, month, group_code, class,
                (cost_yuan * 100)::bigint as fee_fen, (fund_booked_yuan * 100)::bigint as fund_fen,
                (points * 10000)::bigint as points, (pay_yuan * 100)::bigint as pay_fen
            from '{tables}/case.parquet'"""
        theirs = f"select * from '{self.out('DuckDB', 'one')}/case.parquet'"
        count = lambda query: duckdb.sql(f"select count(*) from ({query})").fetchall()[0][0]
        for only in (f"({ours}) except all ({theirs})", f"({theirs}) except all ({ours})"):
            if count(only):
                sys.exit(f"cases differ:\n{duckdb.sql(f'from ({only}) limit 5')}")
        return count(ours)


def band(of):
    name, up_to, pay = of
    end = "" if up_to is None else f'up_to = "{up_to}"\ninclusive = true\n'
    return f'\n[[deviation.band]]\nreading = "A06"\nclass = "{name}"\n{end}pay = "{pay}"\n'


def scenario(low, high):
    why = 'reason = "benchmark", reading = "A06"'
    return (f'title = "lines {low} and {high}"\nbase = "{BASE}"\n\n[set]\n'
            f'"deviation.band[low].up_to" = {{ value = "{low}", {why} }}\n'
            f'"deviation.band[normal].up_to" = {{ value = "{high}", {why} }}\n')


def report(measured):
    print("| stage | contender | wall s | to DuckDB | CPU s | to DuckDB | peak memory MiB | "
          "other load, cores |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for stage in (name for name in STAGES if name in measured):
        runs = measured[stage]["runs"]
        duck = best(runs["DuckDB"])
        for name in runs:
            one = best(runs[name])
            peak = max(each["mib"] for each in runs[name])
            print(f"| {STAGES[stage]} | {name} | {one['wall']:.1f} | "
                  f"{one['wall'] / duck['wall']:.2f} | {one['cpu']:.1f} | "
                  f"{one['cpu'] / duck['cpu']:.2f} | {peak} | {one['others']:.1f} |")
    print()
    for stage in (name for name in STAGES if name in measured):
        print(f"- {STAGES[stage]}: {measured[stage]['agreed']} equal.")
    if not all(stage in measured for stage in STAGES):
        return
    for name in ("dianshu", "DuckDB"):
        one, many = (best(measured[stage]["runs"][name]) for stage in STAGES)
        further = (many["wall"] - one["wall"]) / (len(LOW) * len(HIGH) - 1) * 1000
        print(f"- {name}: all tariffs take {many['wall'] / one['wall']:.2f} times as long as one "
              f"with its cases; {further:.0f} ms for each further one.")


if __name__ == "__main__":
    main()
