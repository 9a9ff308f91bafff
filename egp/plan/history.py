"""What a population did in a part of the past that is as long as the run: sums over its units, never the units themselves."""

from __future__ import annotations

from collections.abc import Mapping

from egp.plan.quantity import Interval
from egp.stats import ArmSums
from egp.stats.values import field, frozen

Pairs = tuple[tuple[float, float], ...]
"""Of each bucket of units the sum of a metric, and what it is divided by."""


@frozen
class QuantileSeen:
    """A quantile of all values, its standard error over units, and how many units had a value."""

    value: float
    standard_error: float
    units: int


@frozen
class MetricHistory:
    """What the units did of one metric. Rates are fractions and times in seconds, as everywhere."""

    sums: ArmSums
    cubes: float | None = None
    """Sum of the cubed values of the units, of a mean."""
    days: tuple[Pairs, ...] = ()
    """Of each day of the run, over the units that were there on it, by bucket."""
    weeks: tuple[Pairs, ...] = ()


@frozen
class RunInThePast:
    """A part of the past, as if the run had been in it."""

    days: Interval
    units: int
    """Different units that were there."""
    units_by_day: tuple[int, ...]
    metrics: Mapping[str, MetricHistory] = field(default_factory=dict)
    quantiles: Mapping[str, QuantileSeen] = field(default_factory=dict)
