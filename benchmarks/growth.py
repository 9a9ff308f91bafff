"""What the commands that read many plans take of 1,000, 3,000 and 10,000 of them, and how that grows.

    python -m benchmarks.growth [--counts 1000 3000 10000] [--commands check register …]

Whole processes, from the checkout, once each: CPU, and the memory of the largest process. The growth is the power of the
number of plans with which CPU rises from one count to the next; 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.speed import DAY, ENVIRONMENT, ROOT, Call, Taken, repository, taken

EGP = [sys.executable, "-m", "egp"]
COMMANDS = {
    "check": [*EGP, "check", "--as-of", DAY, "--no-cache"],
    "check, one process": [*EGP, "check", "--as-of", DAY, "--no-cache", "--jobs", "1"],
    "check of one plan": [*EGP, "check", "--as-of", DAY, "experiments/plan-00001.yaml"],
    "check --base HEAD": [*EGP, "check", "--as-of", DAY, "--base", "HEAD"],
    "status": [*EGP, "status", "--as-of", DAY],
    "policy diff": [*EGP, "policy", "diff", "egp:standard", "egp:strict", "experiments", "--as-of", DAY],
    "register": [*EGP, "register", "--as-of", "2023-01-17", "experiments"],
}
"""The last one writes, and is measured last."""

_SETTINGS = (
    "user.name=egp",
    "user.email=egp@example.com",
    "commit.gpgsign=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
GIT = ("git", *(part for each in _SETTINGS for part in ("-c", each)))
"""Git tidies up in the background otherwise, in a folder that is measured and removed."""


def committed(place: Path, count: int) -> Path:
    repository(place, count)
    for command in (("add", "--all"), ("commit", "--quiet", "-m", "Plans")):
        subprocess.run([*GIT, *command], cwd=place, check=True)
    return place


def measured(counts: Sequence[int], names: Sequence[str], folder: Path) -> Iterator[tuple[str, int, Taken]]:
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    for count in counts:
        place = committed(folder / str(count), count)
        for name in names:
            yield name, count, taken(Call(COMMANDS[name], place, environment))
        shutil.rmtree(place)


def rows(counts: Sequence[int], names: Sequence[str], folder: Path) -> Iterator[str]:
    """A table, line by line as it is measured."""
    yield "| command | plans | CPU, s | wall, s | MB | growth |"
    yield "|---|---|---|---|---|---|"
    before: dict[str, tuple[int, float]] = {}
    for name, count, took in measured(counts, names, folder):
        growth = ""
        if name in before:
            fewer, cpu = before[name]
            growth = f"{math.log(took.cpu / cpu) / math.log(count / fewer):.2f}"
        before[name] = count, took.cpu
        yield f"| egp {name} | {count:,} | {took.cpu:.2f} | {took.wall:.2f} | {took.mb:.0f} | {growth} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 3000, 10_000])
    parser.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in rows(options.counts, options.commands, Path(folder)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
