"""Under the null hypothesis p-values are uniform: seeded simulation, 4 standard errors allowed at each
quantile.

With R simulated experiments the share of p-values below q has standard error sqrt(q (1 - q) / R).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from egp.stats import (
    ArmSums,
    RateContrast,
    cuped_of_arms,
    cuped_ratio_of_arms,
    difference,
    mean_of_arm,
    ratio_of_arm,
    relative_lift,
    srm_p_value,
)

EXPERIMENTS = 2000
Simulation = Callable[[np.random.Generator], float]


def _sums(y: NDArray[Any], x: NDArray[Any] | None = None, covariate: bool = False) -> ArmSums:
    if x is None:
        return ArmSums(len(y), float(y.sum()), float(y @ y))
    pair = (float(x.sum()), float(x @ x), float(y @ x))
    if covariate:
        return ArmSums(len(y), float(y.sum()), float(y @ y), None, None, None, *pair)
    return ArmSums(len(y), float(y.sum()), float(y @ y), *pair)


def welch(generator: np.random.Generator) -> float:
    """Unequal variances, unequal and tiny arms."""
    arms = (generator.normal(3.0, 1.0, 8), generator.normal(3.0, 3.0, 13))
    return difference(*(mean_of_arm(_sums(arm)) for arm in arms)).p_value()


def two_proportions(generator: np.random.Generator) -> float:
    return RateContrast(
        float(generator.binomial(90_000, 0.2)), 90_000, float(generator.binomial(30_000, 0.2)), 30_000
    ).p_value()


def _clicks(generator: np.random.Generator, size: int) -> ArmSums:
    views = 1.0 + generator.poisson(6.0, size)
    clicks = generator.binomial(views.astype(int), generator.beta(4.0, 12.0, size)).astype(float)
    return _sums(clicks, views)


def ratio(generator: np.random.Generator) -> float:
    return difference(ratio_of_arm(_clicks(generator, 800)), ratio_of_arm(_clicks(generator, 1200))).p_value()


def cuped(generator: np.random.Generator) -> float:
    arms = []
    for size in (400, 500):
        before = generator.normal(10.0, 2.0, size)
        arms.append(_sums(0.8 * before + generator.normal(0.0, 1.0, size), before, covariate=True))
    adjusted = cuped_of_arms(*arms)
    return difference(adjusted.control, adjusted.treatment).p_value()


def cuped_ratio(generator: np.random.Generator) -> float:
    """Clicks over views, adjusted by those of before, which a third of the units does not have."""
    arms = []
    for size in (900, 1300):
        inclination = generator.beta(1.0, 3.0, size)
        views, before = 1 + generator.poisson(6.0, size), generator.poisson(4.0, size)
        before[generator.random(size) < 1 / 3] = 0
        y, x = (generator.binomial(each, inclination).astype(float) for each in (views, before))
        d, z = views.astype(float), before.astype(float)
        arms.append(
            ArmSums(size, y.sum(), y @ y, d.sum(), d @ d, y @ d, x.sum(), x @ x, x @ y, z.sum(), z @ z, x @ z,
                    y @ z, d @ x, d @ z)
        )  # fmt: skip
    adjusted = cuped_ratio_of_arms(*arms)
    assert adjusted.variance_ratio < 0.95
    return difference(adjusted.control, adjusted.treatment).p_value()


def lift(generator: np.random.Generator) -> float:
    arms = [mean_of_arm(_sums(generator.normal(5.0, 2.0, 2000))) for _ in range(2)]
    return relative_lift(*arms).p_value()


def sample_ratio(generator: np.random.Generator) -> float:
    counts = generator.multinomial(100_000, [0.5, 0.3, 0.2])
    return srm_p_value([float(count) for count in counts], [5, 3, 2])


@pytest.mark.parametrize(
    "simulation", [welch, two_proportions, ratio, cuped, cuped_ratio, lift, sample_ratio]
)
def test_p_values_are_uniform(simulation: Simulation) -> None:
    generator = np.random.default_rng(20230123)
    p_values = np.array([simulation(generator) for _ in range(EXPERIMENTS)])
    for q in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95):
        share = float((p_values < q).mean())
        assert abs(share - q) < 4 * math.sqrt(q * (1 - q) / EXPERIMENTS), (
            f"{share} of the p-values are below {q}"
        )
