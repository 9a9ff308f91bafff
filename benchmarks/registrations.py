"""Checking and registering one plan beside 10, 10,000 and 100,000 registered experiments.

    python -m benchmarks.registrations [--counts 10 10000 100000] [--runs 5]

Whole processes. CPU seconds are what counts, since a busy machine stretches the wall clock. The registered experiments
have entries in the lock and no plan within reach of the policy's `plans:`, which are read for every check.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from benchmarks.plans import write_plans
from egp.record.entry_files import entry_file
from egp.record.lock import FOLDER, LOCK_FILE, PinnedPolicy, Registration, made
from egp.record.lock.text import entry_text, lock_text

DAY = "2023-01-17"
POLICY = 'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n'
GIT = (
    "git",
    "-c",
    "user.name=egp",
    "-c",
    "user.email=egp@example.com",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
)


class Cost(NamedTuple):
    cpu: float
    wall: float


def prepare(root: Path, count: int) -> None:
    """A repository with so many registered experiments, and two plans to work with; the first that is written breaks a rule."""
    write_plans(root / "experiments", 3)
    (root / "comms").mkdir()
    (root / "comms/rollback.md").write_text("The change is taken back.\n")
    (root / "egp.yaml").write_text(POLICY)
    policy = made(PinnedPolicy, name="egp.yaml", version="1", digest="sha256:" + "0" * 64)
    for number in range(count):
        name = f"finished-{number:06d}"
        entry = made(
            Registration,
            path=f"finished/{name}.yaml",
            digest=f"v1:sha256:{number:064x}",
            registered=date(2022, 1, 1),
            policy=policy,
            archived=date(2022, 12, 31),
        )
        path = root / entry_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(entry_text(name, entry))
    (root / LOCK_FILE).write_text(lock_text(FOLDER, {}, {}, has_folder=True))
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    run(root, "register", "experiments/plan-00001.yaml", "--as-of", DAY)
    subprocess.run([*GIT, "add", "--all"], cwd=root, check=True)
    subprocess.run([*GIT, "commit", "--quiet", "-m", "Registered"], cwd=root, check=True)


def run(root: Path, *arguments: str) -> Cost:
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "egp", *arguments], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"egp {' '.join(arguments)} ended with {process.returncode}:\n{said.decode()}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - begun)


def measure(root: Path, runs: int) -> dict[str, Cost]:
    """Medians of each command."""
    one, other = "experiments/plan-00001.yaml", "experiments/plan-00002.yaml"
    taken: dict[str, list[Cost]] = {"check": [], "check --base HEAD": [], "register": []}
    run(root, "check", one, "--as-of", DAY)
    for _ in range(runs):
        taken["check"].append(run(root, "check", one, "--as-of", DAY))
        taken["check --base HEAD"].append(run(root, "check", one, "--as-of", DAY, "--base", "HEAD"))
        taken["register"].append(run(root, "register", other, "--as-of", DAY))
        (root / entry_file("experiment-00002")).unlink()
    return {
        name: Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))
        for name, costs in taken.items()
    }


def rows(counts: Sequence[int], runs: int) -> Iterator[str]:
    """A table, line by line as it is measured."""
    yield "| registered | command | CPU, s | wall, s | CPU against the fewest |"
    yield "|---|---|---|---|---|"
    fewest: dict[str, Cost] = {}
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), count)
            for name, cost in measure(Path(folder), runs).items():
                ratio = cost.cpu / fewest.setdefault(name, cost).cpu
                yield f"| {count:,} | egp {name} | {cost.cpu:.3f} | {cost.wall:.3f} | {ratio:.2f} × |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 10_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    for line in rows(options.counts, options.runs):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
