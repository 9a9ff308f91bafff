"""Throughput of ``egp check`` against its peers, same run, same plans; ``cold_start.py`` measures one plan.

    python -m benchmarks.check [--runs 5] [--write]

Whole processes, one after the other in turn, medians; quote the ratios, not the milliseconds. ``--write`` puts the
table into ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.plans import write_plans

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "schemas" / "experiment.schema.json"
BIN = Path(sys.executable).parent
LOAD = "import sys, yaml\nfor path in sys.argv[1:]:\n    with open(path, 'rb') as f: yaml.load(f, yaml.CSafeLoader)"
YAMLLINT = "{extends: default, rules: {line-length: disable}}"
# Bytecode stays from the first run on, as an installer leaves it for the peers, and not in the checkout.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
BLOCK = re.compile(r"(<!-- table -->\n).*?(<!-- end -->)", re.DOTALL)


FAST = ("egp check", "PyYAML CSafeLoader, loading only")
"""Peers that a minute's drift of the machine would set apart: they take turns without the slow ones between them."""


def commands(plans: Sequence[str]) -> dict[str, list[str]]:
    """The peers, each on the same files."""
    return {
        "egp check": [sys.executable, "-m", "egp", "check", "--as-of", "2023-01-18", *plans],
        "PyYAML CSafeLoader, loading only": [sys.executable, "-c", LOAD, *plans],
        "check-jsonschema": [str(BIN / "check-jsonschema"), "--schemafile", str(SCHEMA), *plans],
        "yamllint": [str(BIN / "yamllint"), "-d", YAMLLINT, *plans],
    }


def seconds(command: Sequence[str]) -> float:
    """Wall time of one whole process."""
    begun = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=ENVIRONMENT)
    taken = time.perf_counter() - begun
    if run.returncode != 0:
        sys.exit(
            f"{' '.join(command[:6])} … ended with {run.returncode}: {(run.stdout + run.stderr)[-2000:]}"
        )
    return taken


def medians(named: dict[str, list[str]], runs: int) -> dict[str, float]:
    """Median of each command's runs, taken in turn so that a slow minute slows all of them."""
    taken: dict[str, list[float]] = {name: [] for name in named}
    for command in named.values():
        seconds(command)
    for _ in range(runs):
        for name, command in named.items():
            taken[name].append(seconds(command))
    return {name: statistics.median(times) for name, times in taken.items()}


def peak_megabytes(command: Sequence[str]) -> float:
    """Largest resident set of one process."""
    pid = os.posix_spawnp(
        command[0], command, ENVIRONMENT, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{' '.join(command[:5])} … ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss / 1024


def rows(title: str, found: dict[str, float], targets: dict[str, str]) -> list[str]:
    """A table: time of each command, and what egp takes in comparison."""
    mine = found["egp check"]
    lines = [f"| {title} | median, s | egp takes | target |", "|---|---|---|---|"]
    for name, taken in found.items():
        ratio = "" if name == "egp check" else f"{mine / taken:.2f} ×"
        lines.append(f"| {name} | {taken:.3f} | {ratio} | {targets.get(name, '')} |")
    return [*lines, ""]


def measure(runs: int) -> list[str]:
    """All tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        write_plans(folder / "thousand", 1000)
        write_plans(folder / "many", 10_000)
        thousand = sorted(str(path) for path in (folder / "thousand").iterdir())
        named = commands(thousand)
        fast = medians({name: named[name] for name in FAST}, runs * 3)
        slow = medians({name: named[name] for name in named if name not in FAST}, 1)
        memory = peak_megabytes(
            [sys.executable, "-m", "egp", "check", "--as-of", "2023-01-18", str(folder / "many")]
        )
    return [
        *rows(
            "1,000 plans",
            {**fast, **slow},
            {
                "PyYAML CSafeLoader, loading only": "≤ 1.00 ×",
                "check-jsonschema": "≤ 0.083 × (12 times faster)",
            },
        ),
        "| 10,000 plans | MB | target |",
        "|---|---|---|",
        f"| egp check, largest process | {memory:.0f} | ≤ 80 |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    table = "\n".join(measure(options.runs))
    sys.stdout.write(table + "\n")
    if options.write:
        readme = ROOT / "benchmarks" / "README.md"
        readme.write_text(BLOCK.sub(lambda match: f"{match[1]}{table}\n{match[2]}", readme.read_text()))


if __name__ == "__main__":
    main()
