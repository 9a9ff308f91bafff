"""Tails of a t statistic of skewed values, against simulation from single values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from egp.stats import (
    StatisticsInputError,
    difference_skewness,
    most_skewness,
    skewed_tail,
    skewness_of_capped,
    z_upper,
)

RUNS = 20_000


def simulated(shape: float, control: int, treatment: int, level: float) -> tuple[float, float]:
    """Lower and upper error of the t statistic of gamma values, whose skewness is 2 / sqrt(shape)."""
    generator = np.random.default_rng(20260228)
    statistics = []
    for _ in range(10):
        sums = [generator.gamma(shape, size=(RUNS // 10, n)) for n in (control, treatment)]
        c, t = ((x.mean(axis=1), x.var(axis=1, ddof=1) / x.shape[1]) for x in sums)
        statistics.append((t[0] - c[0]) / np.sqrt(t[1] + c[1]))
    all_of_them, z = np.concatenate(statistics), z_upper(level)
    return float((all_of_them < -z).mean()), float((all_of_them > z).mean())


@pytest.mark.parametrize(
    ("shape", "control", "treatment"), [(1.0, 950, 50), (0.25, 180, 180), (1.0, 60, 540), (1.0, 450, 50)]
)
def test_simulation_agrees_within_four_standard_errors_and_a_tenth(
    shape: float, control: int, treatment: int
) -> None:
    k = difference_skewness(2 / math.sqrt(shape), control, treatment)
    for level in (0.05, 0.025):
        lower, upper = simulated(shape, control, treatment, level)
        noise = 4 * math.sqrt(level / RUNS)
        assert skewed_tail(level, k, "lower") == pytest.approx(lower, rel=0.1, abs=noise)
        assert skewed_tail(level, k, "upper") == pytest.approx(upper, rel=0.1, abs=noise)


def test_even_arms_cancel() -> None:
    assert difference_skewness(30.0, 5_000, 5_000) == 0.0
    assert difference_skewness(30.0, 9_500, 500) > 0 > difference_skewness(30.0, 500, 9_500)


def test_one_arm_of_a_handful_has_the_skewness_of_its_mean() -> None:
    assert difference_skewness(4.0, 1e12, 400) == pytest.approx(4.0 / 20, rel=1e-6)


def test_the_tolerated_skewness_uses_up_the_tolerance() -> None:
    for level in (0.05, 0.025, 0.005):
        assert skewed_tail(level, most_skewness(level, 0.2), "lower") == pytest.approx(1.2 * level)


def test_a_cap_bounds_the_skewness() -> None:
    generator = np.random.default_rng(7)
    values = np.minimum(generator.pareto(1.5, 1_000_000) + 1, 50)
    mean, spread = float(values.mean()), float(values.std())
    skewness = float(((values - mean) ** 3).mean()) / spread**3
    assert skewness < skewness_of_capped(mean, spread, 50.0) < 1.7 * skewness
    with pytest.raises(StatisticsInputError, match="cap"):
        skewness_of_capped(5.0, 1.0, 5.0)
