"""How much evidence the registered test of the primary asks for at the look that is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp import stats
from egp.analysis.days import day_after
from egp.analysis.registered import comparison_alpha, planned_units, sides, statistics_of, weights
from egp.finding import need

if TYPE_CHECKING:
    from egp.experiment import Metric
    from egp.gate.estimates import Comparison
    from egp.gate.readout import Readout

_APART = 0.001
"""Least share of the information between an interim look and the last one, which always has all of it."""


def critical_value(readout: Readout, metric: Metric, comparison: Comparison) -> float:
    """Standard errors by which the estimate has to clear its bound: the half width of the interval."""
    plan = readout.plan
    alpha, tails = comparison_alpha(plan), sides(plan)
    method = statistics_of(plan).method
    if method == "group_sequential":
        return _spending_bound(readout, metric, alpha, tails)
    if method == "always_valid":
        share = comparison.smaller_units / planned_units(plan)
        return stats.asymptotic_confidence_sequence_z(share, alpha, 1.0, tails)
    return comparison.difference.critical(alpha / tails)


def _spending_bound(readout: Readout, metric: Metric, alpha: float, tails: int) -> float:
    statistics = statistics_of(readout.plan)
    function = need(statistics.spending, "statistics", "spending")
    information = information_so_far(readout, metric)
    bounds = stats.spending_boundaries(function, alpha, information, tails, statistics.spending_parameter)
    return bounds[-1]


def information_so_far(readout: Readout, metric: Metric) -> list[float]:
    """Units at each look that has come, as shares of the planned ones; the last look has all of the information."""
    planned = planned_units(readout.plan) / min(weights(readout.plan))
    total = len(readout.looks)
    fractions = []
    for position, look in enumerate(readout.looks[: (readout.look or 0) + 1]):
        last = day_after(look.date(), -1)
        seen = sum(
            row.units
            for name in (readout.control, *readout.treatments)
            for row in readout.cumulative(metric, name, last)
        )
        is_last = position == total - 1
        fractions.append(1.0 if is_last else min(seen / planned, 1 - _APART * (total - 1 - position)))
    return fractions
