"""The range of a difference from two ranges, against Newcombe's interval and against draws."""

from __future__ import annotations

import math
import random

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from egp.stats import Ranged, StatisticsInputError, ranged_difference


@pytest.mark.parametrize(("a", "n", "b", "m"), [(56, 70, 48, 80), (9, 10, 3, 10), (400, 5000, 310, 4800)])
def test_of_two_wilson_intervals_it_is_newcombes(a: int, n: int, b: int, m: int) -> None:
    """Newcombe (1998), method 10, as statsmodels has it: the method was made of it."""
    wilson = [
        Ranged(low, count / of, high)
        for count, of in ((a, n), (b, m))
        for low, high in [proportion_confint(count, of, method="wilson")]
    ]
    found = ranged_difference(*wilson)
    expected = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)
    assert found.estimate == pytest.approx(a / n - b / m)


def test_of_normal_estimates_it_holds_the_difference_as_often_as_it_says() -> None:
    rng, z, draws = random.Random(11), 1.6448536269514722, 20_000
    held = 0
    for _ in range(draws):
        gain, harm = rng.gauss(3.0, 0.5), rng.gauss(5.0, 2.0)
        net = ranged_difference(
            Ranged(gain - z * 0.5, gain, gain + z * 0.5), Ranged(harm - z * 2, harm, harm + z * 2)
        )
        held += net.low <= -2.0 <= net.high
    assert held / draws == pytest.approx(0.90, abs=4 * math.sqrt(0.9 * 0.1 / draws))


def test_an_estimate_outside_its_interval_is_refused() -> None:
    with pytest.raises(StatisticsInputError):
        ranged_difference(Ranged(1, 0, 2), Ranged(0, 0, 0))
