"""What `egp gate` takes of results with a million rows, as CSV and as Parquet, read by columns.

    python -m benchmarks.large_results [--rows 1_000_000] [--runs 3]

Cohorts of the example plan by ten thousand values of a segment, which the gate reads and compares with nothing. Whole processes from
the checkout, medians; the memory is the largest.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet

from benchmarks.speed import ENVIRONMENT, EXAMPLES, PLAN, ROOT, Call, quietly, taken

TARGET = "≤ 10 s, ≤ 500 MB"
COLUMNS = "stage,window,date,variant,metric,segment,units,sum,sum_squares,through"
FIRST, DAYS = date(2023, 1, 23), 14
RATES = {"add_to_cart_rate": 0.12, "refund_rate": 0.031, "cs_contacts": 0.042}
SEED = 20230117
AS_OF = "2023-02-07T08:00:00-08:00"


def rows() -> Iterator[str]:
    """Without an end; those of all units come first."""
    draw, number = random.Random(SEED), 0
    while True:
        segment = f"device={number}" if number else ""
        number += 1
        for day in range(DAYS):
            for variant in ("control", "buy_now"):
                units = draw.randint(5_000, 15_000)
                for metric, rate in RATES.items():
                    total = int(units * rate * draw.uniform(0.9, 1.1))
                    squares = f"{total * draw.uniform(1.05, 1.3):.4f}" if metric == "cs_contacts" else ""
                    yield f"test,cohort,{FIRST + timedelta(day)},{variant},{metric},{segment},{units},{total},{squares},2023-02-06"


def written(folder: Path, count: int) -> dict[str, Call]:
    """The calls by the format of the rows."""
    shutil.copytree(EXAMPLES / "experiments", folder / "experiments")
    shutil.copy(EXAMPLES / "egp.yaml", folder)
    quietly("git", "init", "--quiet", folder)
    with (folder / "rows.csv").open("w", encoding="utf-8") as file:
        file.write(f"{COLUMNS}\n")
        file.writelines(f"{row}\n" for row in islice(rows(), count))
    empty = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    table = pyarrow.csv.read_csv(folder / "rows.csv", convert_options=empty)
    pyarrow.parquet.write_table(table, folder / "rows.parquet")
    return {ending: _call(folder, ending) for ending in ("csv", "parquet")}


def _call(folder: Path, ending: str) -> Call:
    results = folder / f"{ending}.yaml"
    head = f"experiment: pdp-buy-now\nas_of: {AS_OF}\n"
    results.write_text(f"{head}aggregates: rows.{ending}\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "egp",
        "gate",
        PLAN,
        "--results",
        results.name,
        "--to",
        "70%",
        "--as-of",
        AS_OF,
    ]
    return Call(command, folder, {**ENVIRONMENT, "PYTHONPATH": str(ROOT)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    sys.stdout.write("| rows | file, MB | CPU, s | wall, s | MB | target |\n|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for ending, call in written(folder, options.rows).items():
            size = (folder / f"rows.{ending}").stat().st_size / 1e6
            found = [taken(call) for _ in range(options.runs)]
            cpu, wall = (statistics.median(each) for each in list(zip(*found, strict=True))[:2])
            most = max(each.mb for each in found)
            sys.stdout.write(
                f"| {options.rows:,}, {ending} | {size:.0f} | {cpu:.1f} | {wall:.1f} | {most:.0f} | {TARGET} |\n"
            )


if __name__ == "__main__":
    main()
