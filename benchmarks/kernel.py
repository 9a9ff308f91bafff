"""What the statistics cost: `python -m benchmarks.kernel` (statsmodels is needed for the comparison
only).

The best of several runs; the ratios travel between machines, the times do not.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count

from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from egp.stats import (
    PlannedTest,
    achieved_power,
    detectable_effect,
    detectable_margin,
    required_units,
    spending_boundaries,
)
from egp.stats.looks import crossing_probability, information_fractions
from egp.stats.means import mean_units
from egp.stats.normal import z_upper

PRIMARY = PlannedTest("proportion", 0.12)
MEAN = PlannedTest("mean", 10.0, std_dev=2.5)
GUARDRAILS = [
    PlannedTest("proportion", 0.031, alpha=0.05, sides=1, margin=0.00248, harm="increase"),
    PlannedTest("mean", 0.042, std_dev=0.21, alpha=0.05, sides=1, margin=0.00294, harm="increase"),
    PlannedTest("quantile", 1900.0, std_dev=5200.0, alpha=0.05, sides=1, margin=76.0, harm="increase"),
]
UNITS = 140_000.0
_COUNTER = count()


def microseconds(call: Callable[[], object], seconds: float = 0.4) -> float:
    """The best of nine runs, each long enough to be timed; what others do on the machine only adds."""
    once = _timed(call, 1)
    repeats = max(1, int(seconds / 9 / max(once, 1e-7)))
    return 1e6 * min(_timed(call, repeats) / repeats for _ in range(9))


def _timed(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start


def power_section() -> None:
    """Units, power and MDE or margin of a primary and three guardrails."""
    required_units(PRIMARY, 0.0045, 0.95)
    achieved_power(PRIMARY, 0.0045, UNITS)
    detectable_effect(PRIMARY, 0.95, UNITS)
    for guardrail in GUARDRAILS:
        required_units(guardrail, 0.0, 0.95)
        achieved_power(guardrail, 0.0, UNITS)
        detectable_margin(guardrail, 0.95, UNITS)


def looks_of_two_weeks() -> float:
    """Not `repeated_looks_type1`, whose answers are kept."""
    return crossing_probability([z_upper(0.025)] * 14, information_fractions(14), 2)


def fresh_bounds() -> list[float]:
    """Each time at another alpha, because answers are kept."""
    return spending_boundaries("obrien_fleming", 0.05 + 1e-9 * next(_COUNTER), information_fractions(14))


def import_milliseconds(statement: str) -> float:
    """Whole process against a bare one."""

    def process(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    pairs = [(process(statement), process("pass")) for _ in range(11)]
    return 1e3 * (min(loaded for loaded, _ in pairs) - min(bare for _, bare in pairs))


def against_statsmodels() -> None:
    t_solver, z_solver = TTestIndPower(), NormalIndPower()
    pairs: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("units, proportion", lambda: required_units(PRIMARY, 0.0045, 0.95),
         lambda: samplesize_proportions_2indep_onetail(0.0045, 0.12, 0.95, 1, 0.025, alternative="larger")),
        ("units, mean (z)", lambda: required_units(MEAN, 0.05, 0.95),
         lambda: z_solver.solve_power(0.02, None, 0.05, 0.95)),
        ("units, mean (t)", lambda: mean_units(0.5, 1.0, 0.05, 0.8, distribution="t"),
         lambda: t_solver.solve_power(0.5, None, 0.05, 0.8)),
        ("power, mean (z)", lambda: achieved_power(MEAN, 0.05, UNITS),
         lambda: z_solver.power(0.02, UNITS, 0.05)),
        ("MDE, mean (z)", lambda: detectable_effect(MEAN, 0.95, UNITS),
         lambda: z_solver.solve_power(None, UNITS, 0.05, 0.95)),
    ]  # fmt: skip
    print(f"{'call':<20} {'egp':>10} {'statsmodels':>12} {'ratio':>7}")
    for name, ours, theirs in pairs:
        our_time, their_time = microseconds(ours), microseconds(theirs)
        print(f"{name:<20} {our_time:>7.1f} µs {their_time:>9.0f} µs {their_time / our_time:>6.0f}x")


def main() -> None:
    against_statsmodels()
    mde = microseconds(lambda: detectable_effect(PRIMARY, 0.95, UNITS))
    print(f"\nMDE of a proportion, by root finding      {mde:8.1f} µs")
    print(f"a plan's power section                    {microseconds(power_section):8.1f} µs   (goal: 50)")
    exact = microseconds(looks_of_two_weeks) / 1e3
    print(f"exact type I error of 14 looks            {exact:8.2f} ms   (goal: 10)")
    print(f"O'Brien-Fleming bounds of 14 looks        {microseconds(fresh_bounds) / 1e3:8.2f} ms")
    for statement in ("import egp.stats", "from egp.stats import required_units", "import scipy.stats"):
        print(f"{statement:<41} {import_milliseconds(statement):8.1f} ms over a bare start")


if __name__ == "__main__":
    main()
