"""The standard error of a quantile beside textbook and simulation."""

from __future__ import annotations

from fractions import Fraction

import numpy
import pytest

from egp import stats

SHARE = 0.95


def sums_up_to(value: float, values: numpy.ndarray, unit: numpy.ndarray) -> dict[str, float]:
    n = numpy.bincount(unit)
    k = numpy.bincount(unit, values <= value, minlength=n.size)
    return {
        "units": float((n > 0).sum()), "nn": float((n * n).sum()), "kk": float((k * k).sum()), "nk": float((n * k).sum()),
    }  # fmt: skip


def estimated(values: numpy.ndarray, unit: numpy.ndarray) -> tuple[float, float]:
    """A quantile and its standard error, from the values themselves."""
    ordered = numpy.sort(values)
    rank = int(numpy.ceil(SHARE * values.size))
    value = float(ordered[rank - 1])
    half = stats.rank_half_width(SHARE, **sums_up_to(value, values, unit))
    low, high = int(rank - half), int(rank + half) + 1
    return value, stats.quantile_standard_error(float(ordered[high - 1] - ordered[low - 1]))


def test_independent_values_have_the_error_of_the_textbook() -> None:
    """sqrt(p (1 - p) / n) / f(x), with the density of an exponential distribution at its 95th percentile."""
    draw = numpy.random.default_rng(20230117)
    size = 20_000
    errors = [estimated(draw.exponential(size=size), numpy.arange(size))[1] for _ in range(40)]
    textbook = (SHARE * (1 - SHARE) / size) ** 0.5 / (1 - SHARE)
    assert numpy.mean(errors) == pytest.approx(textbook, rel=0.03)


def test_values_of_one_unit_that_are_alike_widen_the_error_as_much_as_the_quantile_varies() -> None:
    """600 samples of 500 units: their standard deviation is known to 3 %."""
    draw = numpy.random.default_rng(20230118)
    found = []
    for _ in range(600):
        unit = numpy.repeat(numpy.arange(500), 1 + draw.poisson(9, 500))
        slow = draw.normal(scale=1.0, size=500)
        values = numpy.exp(slow[unit] + draw.normal(scale=0.5, size=unit.size))
        found.append((*estimated(values, unit), estimated(values, numpy.arange(unit.size))[1]))
    quantiles, errors, taken_for_independent = numpy.array(found).T
    varies = quantiles.std(ddof=1)
    assert errors.mean() == pytest.approx(varies, rel=0.1)
    assert taken_for_independent.mean() < 0.6 * varies


def test_whole_numbers_are_computed_exactly() -> None:
    """Sums of 10^30 whose difference is 1: as floating-point numbers nothing is left of it."""
    large = 10**30
    half = stats.rank_half_width(Fraction(1, 2), units=2, nn=4 * large, kk=large + 1, nk=2 * large)
    assert half == pytest.approx(stats.z_upper(0.025) * 2**0.5)


def test_a_value_that_no_other_one_exceeds_has_no_width() -> None:
    assert stats.rank_half_width(1, units=10, nn=10, kk=10, nk=10) == 0.0


@pytest.mark.parametrize(
    ("share", "units", "message"), [(0.0, 5, "share"), (1.5, 5, "share"), (0.5, 1, "units: 1 is below 2")]
)
def test_what_has_no_width_is_refused(share: float, units: float, message: str) -> None:
    with pytest.raises(stats.StatisticsInputError, match=message):
        stats.rank_half_width(share, units=units, nn=5, kk=1, nk=2)
