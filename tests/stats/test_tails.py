"""The bounds on lower tails hold for every count, and are not much too wide, against scipy's exact tails."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as exact

from egp import stats
from egp.stats.student import student_sf


@given(st.integers(1, 5000), st.floats(0.0001, 0.9999), st.floats(0, 1))
def test_a_binomial_tail_is_at_most_what_the_surprise_says(trials: int, share: float, part: float) -> None:
    successes = math.floor(part * trials)
    surprise = stats.binomial_surprise(successes, trials, share)
    assert exact.binom.logcdf(successes, trials, share) <= -surprise + 1e-9


@given(st.floats(0.001, 5000), st.floats(0, 1.5))
def test_a_poisson_tail_is_at_most_what_the_surprise_says(mean: float, part: float) -> None:
    count = math.floor(part * mean)
    assert exact.poisson.logcdf(count, mean) <= -stats.poisson_surprise(count, mean) + 1e-9


@pytest.mark.parametrize(("successes", "trials", "share"), [(0, 40, 0.3), (5, 100, 0.25), (400, 2000, 0.27)])
def test_the_bound_is_within_a_few_nats_of_the_tail(successes: int, trials: int, share: float) -> None:
    surprise = stats.binomial_surprise(successes, trials, share)
    assert surprise == pytest.approx(-exact.binom.logcdf(successes, trials, share), abs=4)


def test_no_success_is_told_exactly() -> None:
    assert stats.binomial_surprise(0, 30, 0.25) == pytest.approx(-30 * math.log(0.75))
    assert stats.poisson_surprise(0, 12.5) == 12.5


def test_as_much_as_expected_is_no_surprise() -> None:
    assert stats.binomial_surprise(30, 100, 0.3) == stats.binomial_surprise(0, 0, 0.3) == 0
    assert stats.poisson_surprise(7, 7) == stats.poisson_surprise(0, 0) == 0


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (stats.binomial_surprise, (-1, 10, 0.5)),
        (stats.binomial_surprise, (11, 10, 0.5)),
        (stats.binomial_surprise, (1, 10, 0)),
        (stats.binomial_surprise, (1, 10, 1)),
        (stats.binomial_surprise, (1, math.inf, 0.5)),
        (stats.poisson_surprise, (-1, 5)),
        (stats.poisson_surprise, (1, math.nan)),
    ],
)
def test_impossible_counts_are_refused(function: object, arguments: tuple[float, ...]) -> None:
    with pytest.raises(stats.StatisticsInputError):
        function(*arguments)  # type: ignore[operator]


def test_degrees_of_freedom_are_a_number_of_units() -> None:
    """Beside 10 million units the tail of t is that of the normal distribution; without an end there is no such test."""
    assert student_sf(2.0, 1e7) == pytest.approx(exact.t.sf(2.0, 1e7), rel=1e-10)
    with pytest.raises(stats.StatisticsInputError):
        student_sf(2.0, math.inf)
