"""What is remembered from call to call: of many plans one changed (`egp check PLAN`), and nothing did (`egp check`).

    python -m benchmarks.remembered [--count 10000] [--runs 7] [--defaults]

Whole processes of the wheel, installed into a fresh environment: CPU and wall time in seconds, once with `--no-cache` and once where
nothing is known yet, then the median of several. A plan that is to be the changed one is changed before every call.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.speed import ENVIRONMENT, Call, Taken, environment, repository, taken, wheel_of_egp

DAY = "2023-01-17"
DEFAULTS = "defaults: {statistics: {alpha: 5%}, escalation: {within: 24h}}\n"
SETTLED = 3
"""Seconds after which the times of files tell two writings apart."""

CHANGED = "experiments/plan-00001.yaml"


def row(called: str, count: int, call: Callable[..., Taken], runs: int) -> str:
    once = [call("--no-cache"), call()]
    later = [call() for _ in range(runs)]
    after = [statistics.median(each) for each in zip(*later, strict=True)]
    seconds = [f"{each[0]:.2f}, {each[1]:.2f}" for each in (*once, after)]
    return f"| {called} | {count:,} | {' | '.join(seconds)} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--defaults", action="store_true", help="under a policy that completes plans")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder, "repository"), options.count)
        if options.defaults:
            (root / "egp.yaml").write_text((root / "egp.yaml").read_text() + DEFAULTS)
        egp = environment(Path(folder, "ours"), wheel_of_egp(Path(folder))) / "egp"
        variables = {name: value for name, value in ENVIRONMENT.items() if name != "CI"}
        variables["XDG_CACHE_HOME"] = str(Path(folder, "cache"))

        def check(*more: str) -> Taken:
            return taken(Call([str(egp), "check", "--as-of", DAY, *more], root, variables))

        def changed(*more: str) -> Taken:
            plan = root / CHANGED
            plan.write_text(f"{plan.read_text()}# changed\n")
            return check(CHANGED, *more)

        sys.stdout.write(
            "| call | plans | `--no-cache` | the first time | afterwards |\n|---|---|---|---|---|\n"
        )
        time.sleep(SETTLED)
        sys.stdout.write(row("`egp check PLAN`, that plan changed", options.count, changed, options.runs))
        time.sleep(SETTLED)
        sys.stdout.write(row("`egp check`, nothing changed", options.count, check, options.runs))


if __name__ == "__main__":
    main()
