"""Power of score tests at small counts, against every cell of the table of outcomes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from egp.stats import (
    PlannedTest,
    RateContrast,
    StatisticsInputError,
    achieved_power,
    detectable_effect,
    detectable_margin,
    required_units,
    z_upper,
)
from egp.stats.exact import EXACT_BELOW_EVENTS, exact_score_power


def every_outcome(
    p: float, q: float, n: int, m: int, critical: float, null: float, ratio: float, above: bool
) -> float:
    total = 0.0
    for x in range(n + 1):
        for y in range(m + 1):
            try:
                z = RateContrast(x, n, y, m, ratio).statistic(null)
            except StatisticsInputError:
                continue
            if (z if above else -z) >= critical:
                total += binom.pmf(x, n, p) * binom.pmf(y, m, q)
    return total


@pytest.mark.parametrize(
    ("n", "m", "p", "q", "null", "ratio", "above"),
    [
        (12, 12, 0.92, 0.99, 0.0, 1.0, True),
        (12, 12, 0.99, 0.92, 0.0, 1.0, False),
        (90, 10, 0.1, 0.4, 0.0, 1.0, True),
        (10, 90, 0.1, 0.4, 0.0, 1.0, True),
        (60, 40, 0.2, 0.2, 0.1, 1.0, False),
        (60, 40, 0.8, 0.8, -0.1, 1.0, True),
        (80, 50, 0.2, 0.2, 0.0, 1.5, False),
    ],
)
def test_the_walk_counts_every_outcome(
    n: int, m: int, p: float, q: float, null: float, ratio: float, above: bool
) -> None:
    found = exact_score_power(p, q, n, m, 1.96, null, ratio, above)
    assert found == pytest.approx(every_outcome(p, q, n, m, 1.96, null, ratio, above), abs=1e-9)


def test_twelve_units_find_next_to_nothing() -> None:
    assert achieved_power(PlannedTest("proportion", 0.92), 0.07, 12) == pytest.approx(0.0107, abs=5e-5)


def test_seeded_simulation_agrees() -> None:
    """0.2 % of 18,000 and of 2,000 units, tripled: 36 and 12 events. s.e. 0.35 points, 4 allowed."""
    power = achieved_power(PlannedTest("proportion", 0.002, ratio=1 / 9), 0.004, 18_000)
    generator, runs = np.random.default_rng(20260101), 20_000
    x, y = generator.binomial(18_000, 0.002, runs), generator.binomial(2_000, 0.006, runs)
    found = {}
    for pair in set(zip(x.tolist(), y.tolist(), strict=True)):
        found[pair] = RateContrast(pair[0], 18_000, pair[1], 2_000).statistic() >= z_upper(0.025)
    rate = sum(found[pair] for pair in zip(x.tolist(), y.tolist(), strict=True)) / runs
    assert power == pytest.approx(rate, abs=4 * math.sqrt(rate * (1 - rate) / runs))


@pytest.mark.parametrize("ratio", [1 / 9, 1.0, 9.0])
@pytest.mark.parametrize("effect", [0.004, -0.0015])
def test_needed_units_have_the_power(ratio: float, effect: float) -> None:
    test = PlannedTest("proportion", 0.002, ratio=ratio)
    needed = required_units(test, effect, 0.8).control
    assert needed * 0.002 < EXACT_BELOW_EVENTS or needed * ratio * 0.002 < EXACT_BELOW_EVENTS
    assert needed == int(needed)
    assert achieved_power(test, effect, needed) >= 0.8
    assert achieved_power(test, effect, 0.9 * needed) < 0.8


def test_what_is_found_is_found_with_the_power() -> None:
    test = PlannedTest("proportion", 0.002)
    mde = detectable_effect(test, 0.8, 5_000)
    assert achieved_power(test, mde, 5_000) == pytest.approx(0.8, abs=1e-6)
    fall = detectable_effect(test, 0.8, 12_000, "decrease")
    assert achieved_power(test, -fall, 12_000) == pytest.approx(0.8, abs=1e-6)
    with pytest.raises(StatisticsInputError, match="finds no change"):
        detectable_effect(test, 0.8, 500, "decrease")


@pytest.mark.parametrize("relative", [False, True])
def test_the_margin_that_is_ruled_out(relative: bool) -> None:
    test = PlannedTest(
        "proportion", 0.01, alpha=0.05, sides=1, margin=0.005, harm="increase", relative=relative
    )
    margin = detectable_margin(test, 0.8, 3_000)
    wide = PlannedTest(
        "proportion", 0.01, alpha=0.05, sides=1, margin=margin, harm="increase", relative=relative
    )
    assert achieved_power(wide, 0.0, 3_000) >= 0.8
    narrow = PlannedTest(
        "proportion", 0.01, alpha=0.05, sides=1, margin=0.98 * margin, harm="increase", relative=relative
    )
    assert achieved_power(narrow, 0.0, 3_000) < 0.8
