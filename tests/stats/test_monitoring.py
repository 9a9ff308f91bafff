"""Alarms asked again and again: against closed forms, multivariate normals, finer looks and simulation."""

from __future__ import annotations

import math

import numpy
import pytest
from scipy.stats import multivariate_normal, norm

from egp import stats
from egp.stats import StatisticsInputError
from egp.stats.looks import crossing_probability


@pytest.mark.parametrize(("height", "slope"), [(1.0, 0.5), (0.5, 2.0), (2.0, 0.0), (1.5, -0.3)])
def test_a_line_is_crossed_by_the_closed_form(height: float, slope: float) -> None:
    """Of a Brownian path over [0, 1] and the line a + b t: sf(a + b) + exp(-2 a b) cdf(b - a) (Siegmund 1985)."""
    times = [1e-6, 0.1, 0.3, 0.6, 1.0]
    bounds = [(height + slope * t) / math.sqrt(t) for t in times]
    expected = norm.sf(height + slope) + math.exp(-2 * height * slope) * norm.cdf(slope - height)
    assert stats.continuous_crossing_probability(bounds, times) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("bound", "first", "above"), [(1.645, 24, 1.1), (2.326, 24, 1.2), (1.645, 168, 1.1), (3.0, 12, 1.3)]
)
def test_hourly_looks_cross_a_little_less_often(bound: float, first: int, above: float) -> None:
    information = [hour / 336 for hour in range(first, 337)]
    hourly = crossing_probability([bound] * len(information), information, 1)
    grid = [first / 336 * (336 / first) ** (step / 12) for step in range(13)]
    at_any_moment = stats.continuous_crossing_probability([bound] * 13, grid)
    assert hourly < at_any_moment < above * hourly


def test_a_finer_grid_changes_nothing_that_matters() -> None:
    coarse, fine = (
        stats.continuous_crossing_probability(
            [1.645] * (steps + 1), [14 ** (step / steps) / 14 for step in range(steps + 1)]
        )
        for steps in (8, 120)
    )
    assert fine <= coarse < fine + 0.005


@pytest.mark.parametrize("correlation", [0.0, 0.1, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("count", [2, 3])
def test_one_run_is_an_orthant_of_a_multivariate_normal(correlation: float, count: int) -> None:
    covariance = numpy.full((count, count), correlation) + (1 - correlation) * numpy.eye(count)
    expected = multivariate_normal(numpy.zeros(count), covariance).cdf([-1.5] * count)
    found = stats.alike_windows_probability([1.5] * count, count, correlation)
    assert found == pytest.approx(float(expected), abs=2e-6)


@pytest.mark.parametrize(("correlation", "consecutive"), [(0.0, 2), (0.2, 2), (0.2, 3), (0.7, 2)])
def test_runs_of_many_windows_against_simulation(correlation: float, consecutive: int) -> None:
    generator, lives = numpy.random.default_rng(20230127), 100_000
    stays = generator.normal(0, 1, (lives, 1))
    seen = math.sqrt(correlation) * stays + math.sqrt(1 - correlation) * generator.normal(0, 1, (lives, 15))
    bounds = [1.4] * 8 + [1.8] * 7
    bad = seen > numpy.array(bounds)
    runs = numpy.ones((lives, 16 - consecutive), dtype=bool)
    for offset in range(consecutive):
        runs &= bad[:, offset : 16 - consecutive + offset]
    share = runs.any(axis=1).mean()
    found = stats.alike_windows_probability(bounds, consecutive, correlation)
    assert found == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / lives))


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.6])
@pytest.mark.parametrize("consecutive", [1, 2, 3, 5])
def test_the_level_is_the_inverse(correlation: float, consecutive: int) -> None:
    level = stats.alike_windows_level(0.0003, consecutive, correlation)
    bounds = [stats.z_upper(level)] * consecutive
    assert stats.alike_windows_probability(bounds, consecutive, correlation) == pytest.approx(
        0.0003, rel=1e-6
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda: stats.continuous_crossing_probability([2.0, 2.0], [0.5, 0.5]),
        lambda: stats.continuous_crossing_probability([2.0], [0.0]),
        lambda: stats.alike_windows_probability([2.0], 0, 0.1),
        lambda: stats.alike_windows_probability([2.0], 1, 1.0),
        lambda: stats.alike_windows_level(0.0, 2, 0.1),
    ],
)
def test_what_cannot_be_is_refused(ask: object) -> None:
    with pytest.raises(StatisticsInputError):
        ask()  # type: ignore[operator]
