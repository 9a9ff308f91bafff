"""One changed plan among many: what `egp check PLAN` takes where the others are parsed, and where they are remembered.

    python -m benchmarks.remembered [--count 10000] [--runs 7] [--defaults]

Whole processes, CPU seconds, medians. Every run changes the plan first, so that it is never the one of before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.plans import write_plans

DAY = "2023-01-17"
POLICY = 'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n'
DEFAULTS = "defaults: {statistics: {alpha: 5%}, escalation: {within: 24h}}\n"
SETTLED = 3
"""Seconds after which the times of files tell two writings apart."""


def taken(root: Path, cache: Path, *options: str) -> float:
    """CPU seconds of one check of a plan that has just been changed."""
    plan = root / "experiments/plan-00001.yaml"
    plan.write_text(f"{plan.read_text()}# changed\n")
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    process = subprocess.Popen(
        [sys.executable, "-m", "egp", "check", str(plan), "--as-of", DAY, *options],
        cwd=root,
        env={**environment, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"egp check ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--defaults", action="store_true", help="under a policy that completes plans")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder, "repository"), Path(folder, "cache")
        write_plans(root / "experiments", options.count)
        (root / ".git").mkdir()
        (root / "egp.yaml").write_text(POLICY + DEFAULTS * options.defaults)
        time.sleep(SETTLED)
        forbidden, first = taken(root, cache, "--no-cache"), taken(root, cache)
        later = statistics.median(taken(root, cache) for _ in range(options.runs))
        sys.stdout.write("| plans | `--no-cache` | the first time | afterwards |\n|---|---|---|---|\n")
        sys.stdout.write(f"| {options.count:,} | {forbidden:.2f} s | {first:.2f} s | {later:.2f} s |\n")


if __name__ == "__main__":
    main()
