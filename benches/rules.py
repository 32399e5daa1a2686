"""What the DuckDB and Polars scripts share: arguments, the policy, and exact arithmetic on sums.

Both engines do everything that touches rows. What is left is a few hundred groups and institutions,
finished here with whole numbers and fractions, so that results can be compared to the fen.
"""

import argparse
import csv
import math
import tomllib
from fractions import Fraction
from pathlib import Path

POLICY = Path(__file__).parent.parent / "catalogs" / "jining-apg" / "policy.toml"
THREADS = 2
LETTERS = ("O", "M", "A")


def arguments(*names):
    """Folders named on the command line, in this order."""
    parser = argparse.ArgumentParser()
    for name in names:
        parser.add_argument(name, type=Path)
    return parser.parse_args()


def policy():
    with POLICY.open("rb") as file:
        return tomllib.load(file)


def list_sql(values):
    return ", ".join(f"'{value}'" for value in values)


def rounded(value, places=0):
    """An exact number rounded half away from zero, as a whole number of its last place."""
    scaled = Fraction(value) * 10**places
    whole = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return -whole if scaled < 0 else whole


def printed(units, places):
    sign = "-" if units < 0 else ""
    return f"{sign}{abs(units) // 10**places}.{abs(units) % 10**places:0{places}d}"


def catalog_rows(sums, years):
    """Rows of the catalog from `(group or None, year, cases, fen, squares)` (A01-A05, A46).

    A missing year is left out of the mean of its group and the other weight rescaled (A03).
    """
    weights = [Fraction(weight) for weight in policy()["weights"]["years"]]
    scale = Fraction(policy()["weights"]["scale"])
    by_group = {}
    for group, year, cases, fen, squares in sums:
        by_group.setdefault(group, {})[int(year)] = (int(cases), int(fen), int(squares))
    total = {year: [sum(of[year][at] for of in by_group.values() if year in of) for at in (0, 1)]
             for year in years}
    base = sum(w * Fraction(total[y][1], total[y][0]) for w, y in zip(weights, years))
    rows = []
    for group in sorted(code for code in by_group if code is not None):
        known = by_group[group]
        there = [(w, known[y]) for w, y in zip(weights, years) if y in known]
        mean = sum(w * Fraction(k[1], k[0]) for w, k in there) / sum(w for w, _ in there)
        cases = sum(k[0] for k in known.values())
        row = {"group_code": group, "cases": str(cases)}
        for year in years:
            row[f"cases_{year}"] = str(known.get(year, (0,))[0])
            year_mean = Fraction(known[year][1], known[year][0]) if year in known else None
            row[f"mean_{year}"] = (
                "" if year_mean is None else printed(rounded(year_mean / 100, 4), 4))
        row["mean"] = printed(rounded(mean / 100, 4), 4)
        row["cv"] = variation(known.values(), cases)
        row["points"] = printed(rounded(mean / base * scale, 4), 4)
        rows.append(row)
    return rows


def variation(years, cases):
    """sqrt(n * sum of squares - square of sum) / sum, 6 places, in whole numbers."""
    fen = sum(year[1] for year in years)
    if cases < 2 or fen <= 0:
        return ""
    spread = sum(year[2] for year in years) * cases - fen * fen
    return printed((math.isqrt(4 * spread * 10**12) + fen) // (2 * fen), 6)


def read_points(catalog):
    """Published points in ten-thousandths by group, and the published base mean."""
    with (catalog / "groups.csv").open(encoding="utf-8-sig", newline="") as file:
        points = {row["group_code"]: rounded(Fraction(row["points"]), 4)
                  for row in csv.DictReader(file)}
    with (catalog / "catalog.toml").open("rb") as file:
        return points, Fraction(tomllib.load(file)["base_mean"])


def read_means(catalog):
    """Published means in ten-thousandths of a yuan by group."""
    with (catalog / "groups.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["group_code"]: rounded(Fraction(row["mean"]), 4)
                for row in csv.DictReader(file)}


def by_fee_slope(base_mean):
    """Ten-thousandths of a point for each fen of an ungrouped case (A41)."""
    weights = policy()["weights"]
    return (Fraction(weights["ungrouped_factor"]) * Fraction(weights["scale"]) * 10000
            / (base_mean * 100))


def scenarios(folder):
    """`(name, surplus, overspend, cap rate or None, cap base or None)`, the policy itself first.

    Shares and rates are in ten-thousandths.
    """
    part = lambda text: int(Fraction(text) * 10000)
    sharing = policy()["sharing"]
    own = (part(sharing["surplus"]), part(sharing["overspend"]))
    found = [("baseline", *own, None, None)]
    for path in sorted(folder.glob("*.toml")):
        with path.open("rb") as file:
            changes = {key: change["value"] for key, change in tomllib.load(file)["set"].items()}
        cap = changes.get("surplus_cap")
        found.append((
            path.stem,
            part(changes.get("sharing.surplus", sharing["surplus"])),
            part(changes.get("sharing.overspend", sharing["overspend"])),
            None if cap is None else part(cap["rate"]),
            None if cap is None else cap["base"],
        ))
    return found


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
