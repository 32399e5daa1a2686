"""The method grid and the intervals against one build of the same catalog, on the same warehouse.

    python benches/methods.py --binary target/release/dianshu --warehouse /tmp/bench/warehouse \\
        --policy jining-apg --years 2022,2023

60 methods (trim × centre × level × minimum of cases) should take at most three builds, 1,000 rounds by
case and by hospital at most five. They take turns; the fastest run of each counts. Needs nothing but
Python; memory is the highest of all runs.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

AXES = (
    "trim=percentile,iqr,sd,multiple",
    "centre=geometric,median",
    "level=totals",
    "minimum_cases=30",
)


def run(command):
    """Wall seconds and peak memory in MiB."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"failed: {command}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--years", required=True)
    parser.add_argument("--runs", type=int, default=2)
    args = parser.parse_args()
    binary = str(args.binary.resolve())
    common = ["--warehouse", str(args.warehouse), "--threads", "2", "--quiet"]
    asked = ["--policy", args.policy, "--years", args.years]
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "catalog"
        axes = [word for axis in AXES for word in ("--axis", axis)]
        methods = 5 * 3 * 2 * 2
        commands = {
            "catalog build": [binary, "catalog", "build", *asked, "--out", str(catalog), *common],
            f"catalog grid, {methods} methods": [binary, "catalog", "grid", *asked, *axes, *common],
            "catalog intervals, 1,000 rounds": [
                binary, "catalog", "intervals", str(catalog), "--rounds", "1000", *common],
        }
        found = {name: [] for name in commands}
        for _ in range(args.runs):
            for name, command in commands.items():
                if name == "catalog build":
                    shutil.rmtree(catalog, ignore_errors=True)
                found[name].append(run(command))
        build = min(seconds for seconds, _ in found["catalog build"])
        print("| what | wall s | to one build | peak memory MiB |")
        print("| --- | ---: | ---: | ---: |")
        for name, runs in found.items():
            seconds, memory = min(runs)[0], max(memory for _, memory in runs)
            print(f"| `{name}` | {seconds:.1f} | {seconds / build:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
