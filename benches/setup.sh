#!/bin/sh
# Makes the Python environment of the comparison scripts, outside the checkout.
set -eu
venv="${DIANSHU_BENCH_VENV:-$HOME/.cache/dianshu-bench-venv}"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0 polars==2.1.0
echo "$venv/bin/python"
