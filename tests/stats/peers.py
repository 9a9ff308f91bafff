"""The same raw data through egp, tea-tasting and GrowthBook's gbstats: what the three say, side by side.

gbstats requires pandas 1, so that it does not install beside what the tests need. What it says of these data is recorded:
``python -m tests.stats.peers --sums`` prints the sums, ``python tests/stats/gbstats_says.py < sums > gbstats.json`` has it
judge them in an environment of its own, and ``python -m tests.stats.peers --write`` writes the table of docs/statistics.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egp import stats
from egp.plan.wording import significant
from tests.gate.simulations import block, write

RECORDED = Path(__file__).parent / "gbstats.json"
NAME = "peers"
UNITS = {"control": 6_000, "treatment": 4_000}


@dataclass(frozen=True)
class Said:
    """An estimated difference, its standard error, and its two-sided p-value."""

    estimate: float
    standard_error: float
    p_value: float


def users(variant: str) -> dict[str, np.ndarray]:
    """Skewed values y of d orders, and x of z in the weeks before, which a third of the units does not have."""
    draw = np.random.default_rng(11 if variant == "control" else 12)
    count = UNITS[variant]
    of_user = draw.gamma(2.0, 0.5, count)
    d = 1.0 + draw.poisson(2 * of_user)
    z = np.where(draw.random(count) < 1 / 3, 0.0, draw.poisson(3 * of_user).astype(float))
    worth = draw.gamma(3.0, 1 / 3, count)
    y, x = (12 * worth * draw.standard_gamma(np.maximum(each, 1e-9)) for each in (d, z))
    return {"y": y * (1.06 if variant == "treatment" else 1.0), "d": d, "x": np.where(z > 0, x, 0.0), "z": z}


def sums(variant: str) -> dict[str, float]:
    of = users(variant)
    pairs = {
        "sum_squares": "yy", "denominator_sum_squares": "dd", "cross_sum": "yd", "covariate_sum_squares": "xx",
        "covariate_cross_sum": "xy", "covariate_denominator_sum_squares": "zz", "covariates_cross_sum": "xz",
        "covariate_denominator_cross_sum": "yz", "denominator_covariate_cross_sum": "dx", "denominators_cross_sum": "dz",
    }  # fmt: skip
    totals = {"sum": "y", "denominator_sum": "d", "covariate_sum": "x", "covariate_denominator_sum": "z"}
    found = {name: float(of[each].sum()) for name, each in totals.items()}
    found |= {name: float((of[pair[0]] * of[pair[1]]).sum()) for name, pair in pairs.items()}
    return {"units": float(UNITS[variant]), **found}


def of_egp() -> dict[str, Said]:
    arms = [stats.ArmSums(**sums(variant)) for variant in UNITS]
    plain: dict[str, Callable[[stats.ArmSums], stats.ArmEstimate]] = {
        "mean": stats.mean_of_arm,
        "ratio": stats.ratio_of_arm,
    }
    found = {name: stats.difference(*(of_arm(arm) for arm in arms)) for name, of_arm in plain.items()}
    for name, of_arms in (
        ("mean, CUPED", stats.cuped_of_arms),
        ("ratio, CUPED", stats.cuped_ratio_of_arms),
    ):
        adjusted = of_arms(*arms)
        found[name] = stats.difference(adjusted.control, adjusted.treatment)
    return {name: Said(each.estimate, each.standard_error, each.p_value()) for name, each in found.items()}


def of_tea_tasting() -> dict[str, Said]:
    import pandas as pd
    import tea_tasting as tt

    data = pd.concat([pd.DataFrame(users(variant)).assign(variant=at) for at, variant in enumerate(UNITS)])
    welch: dict[str, Any] = {"use_t": True, "equal_var": False}
    experiment = tt.Experiment({
        "mean": tt.Mean("y", **welch),
        "ratio": tt.RatioOfMeans("y", "d", **welch),
        "mean, CUPED": tt.Mean("y", covariate="x", **welch),
        "ratio, CUPED": tt.RatioOfMeans("y", "d", numer_covariate="x", denom_covariate="z", **welch),
    })  # fmt: skip
    found = experiment.analyze(data, control=0)
    return {
        name: Said(each["effect_size"], each["effect_size"] / each["statistic"], each["pvalue"])
        for name, each in ((name, found[name]._asdict()) for name in experiment.metrics)
    }


def of_gbstats() -> dict[str, Said]:
    """As recorded; the release has no CUPED of ratios."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    return {name: Said(**each) for name, each in recorded["said"].items()}


def lines() -> Iterator[str]:
    ours, theirs = of_egp(), {"tea-tasting": of_tea_tasting(), "gbstats": of_gbstats()}
    yield "| | egp | | | tea-tasting, relative difference | | | gbstats, relative difference | | |"
    yield f"|---|{'---:|' * 9}"
    yield "| " + " | ".join(["", *["estimate", "standard error", "p"] * 3]) + " |"
    for name, said in ours.items():
        cells = [significant(each, 7) for each in asdict(said).values()]
        for peer in theirs.values():
            other = peer.get(name)
            cells += ["none"] * 3 if other is None else [_apart(*pair) for pair in _pairs(said, other)]
        yield f"| {name} | {' | '.join(cells)} |"


def _pairs(said: Said, other: Said) -> Iterator[tuple[float, float]]:
    yield from zip(asdict(said).values(), asdict(other).values(), strict=True)


def _apart(ours: float, theirs: float) -> str:
    """Below what the last digits of sums of squares can say, nothing."""
    apart = abs(ours / theirs - 1)
    return "< 1e-9" if apart < 1e-9 else f"{apart:.0e}".replace("e-0", "e-")


if __name__ == "__main__":
    if sys.argv[1:] == ["--sums"]:
        print(json.dumps({variant: sums(variant) for variant in UNITS}, indent=1))
    elif sys.argv[1:] == ["--write"]:
        write(block(NAME), "\n".join(lines()) + "\n")
