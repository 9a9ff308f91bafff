"""What sums say of units, against the units themselves and against truths that were drawn from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from egp.stats import (
    ArmSums,
    StatisticsInputError,
    cluster_sizes,
    covariate_correlation,
    design_effect,
    intra_cluster_correlation,
    skewness_of_sums,
    split_correlation,
    std_dev_of_arm,
)
from tests.stats import peers

OF = peers.users("control")
SUMS = peers.sums("control")


def plain(**more: float) -> ArmSums:
    return ArmSums(SUMS["units"], SUMS["sum"], SUMS["sum_squares"], **more)


def linearised(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    found: np.ndarray = (numerator - numerator.sum() / denominator.sum() * denominator) / denominator.mean()
    return found


def test_the_spread_is_that_of_the_units() -> None:
    assert std_dev_of_arm(plain()) == pytest.approx(OF["y"].std(ddof=1), rel=1e-9)
    expected = linearised(OF["y"], OF["d"]).std(ddof=1)
    assert std_dev_of_arm(ArmSums(**SUMS)) == pytest.approx(expected, rel=1e-9)


def test_skewness_is_scipys() -> None:
    y = OF["y"]
    found = skewness_of_sums(len(y), y.sum(), (y**2).sum(), (y**3).sum())
    assert found == pytest.approx(scipy_stats.skew(y), rel=1e-9)
    with pytest.raises(StatisticsInputError, match="do not vary"):
        skewness_of_sums(3, 6.0, 12.0, 24.0)


def test_the_correlation_is_numpys() -> None:
    names = ("covariate_sum", "covariate_sum_squares", "covariate_cross_sum")
    found = covariate_correlation(plain(**{name: SUMS[name] for name in names}))
    assert found == pytest.approx(np.corrcoef(OF["y"], OF["x"])[0, 1], rel=1e-9)
    of_ratio = np.corrcoef(linearised(OF["y"], OF["d"]), linearised(OF["x"], OF["z"]))[0, 1]
    assert covariate_correlation(ArmSums(**SUMS)) == pytest.approx(of_ratio, rel=1e-9)


def sessions(icc: float, rate: float, users: int = 60_000) -> ArmSums:
    """Sessions in users who have an inclination, from a beta distribution with this intra-cluster correlation."""
    draw = np.random.default_rng(7)
    size = 1 + draw.poisson(3.0, users)
    of_user = draw.beta(rate * (1 / icc - 1), (1 - rate) * (1 / icc - 1), users)
    y, d = draw.binomial(size, of_user).astype(float), size.astype(float)
    return ArmSums(users, y.sum(), y @ y, d.sum(), d @ d, y @ d)


@pytest.mark.parametrize(("icc", "rate"), [(0.02, 0.2), (0.1, 0.2), (0.3, 0.05)])
def test_the_intra_cluster_correlation_is_the_one_drawn_from(icc: float, rate: float) -> None:
    sums = sessions(icc, rate)
    found = intra_cluster_correlation(sums)
    assert found == pytest.approx(icc, abs=0.012)
    mean, cv = cluster_sizes(sums)
    assert (mean, cv) == pytest.approx((4.0, math.sqrt(3) / 4), rel=0.02)
    # It is the one with which the planned variance is the measured one.
    share = sums.sum / (sums.denominator_sum or 1)
    planned = share * (1 - share) * design_effect(mean, found, cv) / mean
    assert math.sqrt(planned) == pytest.approx(std_dev_of_arm(sums), rel=1e-9)


def test_one_session_each_resembles_nothing() -> None:
    with pytest.raises(StatisticsInputError, match="one analysis unit"):
        intra_cluster_correlation(ArmSums(100, 20.0, 20.0, 100.0, 100.0, 20.0))


def test_the_correlation_of_differences_is_that_over_random_splits() -> None:
    draw = np.random.default_rng(5)
    buckets, splits = 512, 4_000
    of_bucket = draw.normal(0, 1.0, buckets)
    days = []
    for _ in range(2):
        units = draw.poisson(20, buckets) + 1.0
        days.append((units * (0.3 + 0.02 * of_bucket) + draw.normal(0, 0.4, buckets), units))
    differences = np.empty((splits, 2))
    for split in range(splits):
        arm = draw.permutation(buckets) < buckets // 2
        differences[split] = [y[arm].sum() / n[arm].sum() - y[~arm].sum() / n[~arm].sum() for y, n in days]
    found = split_correlation(*[list(zip(y, n, strict=True)) for y, n in days])
    simulated, _ = scipy_stats.pearsonr(*differences.T)
    assert 0.2 < found < 0.8
    assert found == pytest.approx(simulated, abs=4 * (1 - found**2) / math.sqrt(splits))
