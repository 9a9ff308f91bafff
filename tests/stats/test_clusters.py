"""Shares, spreads and p-values of many experiments, against scipy and against simulation."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats as scipy_stats

from egp import stats


@pytest.mark.parametrize(
    ("happened", "of", "share"), [(0, 20, 0.05), (3, 20, 0.05), (20, 20, 0.9), (480, 500, 0.95)]
)
def test_binomial_tails(happened: int, of: int, share: float) -> None:
    lower, upper = stats.binomial_tails(happened, of, share)
    assert lower == pytest.approx(scipy_stats.binom.cdf(happened, of, share), rel=1e-9)
    assert upper == pytest.approx(scipy_stats.binom.sf(happened - 1, of, share), rel=1e-9)


def test_what_never_or_always_happens() -> None:
    assert stats.binomial_tails(0, 10, 0.0) == (1.0, 1.0)
    assert stats.binomial_tails(1, 10, 0.0) == (1.0, 0.0)
    assert stats.binomial_tails(9, 10, 1.0) == (0.0, 1.0)


def test_evenness_is_kolmogorovs_test() -> None:
    draw = random.Random(5)
    for power in (1.0, 1.3):
        values = [draw.random() ** power for _ in range(400)]
        exact = scipy_stats.kstest(values, "uniform").pvalue
        assert stats.uniform_p_value(values) == pytest.approx(exact, abs=0.01)


def test_clusters_make_the_error_as_large_as_it_is() -> None:
    draw = random.Random(3)
    shares, errors = [], []
    for _ in range(300):
        clusters = []
        for _ in range(8):
            own = draw.betavariate(2, 18)
            clusters.append((float(sum(draw.random() < own for _ in range(50))), 50.0))
        found = stats.clustered_share(clusters)
        shares.append(found.value)
        errors.append(found.error**2)
    mean = sum(shares) / len(shares)
    variance = sum((each - mean) ** 2 for each in shares) / len(shares)
    assert sum(errors) / len(errors) == pytest.approx(variance, rel=0.2)
    assert math.sqrt(mean * (1 - mean) / 400) < 0.8 * math.sqrt(variance)


def test_without_clusters_the_error_is_that_of_independent_experiments() -> None:
    found = stats.clustered_share([(5.0, 100.0), (5.0, 100.0)])
    assert (found.value, found.inflation) == (0.05, 1.0)
    assert found.error == pytest.approx(math.sqrt(11 / 202 * 191 / 202 / 200))


def test_the_spread_of_standard_normal_values_is_one() -> None:
    draw = random.Random(4)
    found = stats.clustered_spread([[draw.gauss(0, 1) for _ in range(100)] for _ in range(10)])
    assert abs(found.value - 1) < 3 * found.error
    assert found.error == pytest.approx(1 / math.sqrt(2 * 1000), rel=0.6)


def test_one_cluster_alone_tells_no_more_than_independent_experiments() -> None:
    one, filled_in = stats.clustered_share([(3, 10)]), stats.clustered_share([(3, 10), (0, 0)])
    assert one == filled_in
    assert one.inflation == 1.0
    assert stats.clustered_spread([[1.0, -2.0]]).inflation == 1.0


def test_nothing_has_no_share() -> None:
    for call in (
        lambda: stats.clustered_share([]),
        lambda: stats.clustered_spread([[]]),
        lambda: stats.uniform_p_value([]),
    ):
        with pytest.raises(stats.StatisticsInputError):
            call()
    with pytest.raises(stats.StatisticsInputError):
        stats.binomial_tails(3, 2, 0.5)
