"""Negative controls: metrics that the treatment cannot move, at the look that is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.comparisons import comparison_so_far
from egp.gate.estimates import Lacking
from egp.gate.looks import last_judged_day, open_look
from egp.gate.readout import once
from egp.plan.analysis.negative_controls import family_alpha
from egp.plan.finding import NotChecked

if TYPE_CHECKING:
    from egp.gate.estimates import Comparison
    from egp.gate.readout import Readout
    from egp.plan.experiment import Metric
    from egp.yaml import Path


@dataclass(frozen=True, slots=True)
class Unmoved:
    """A negative control in one treatment, and how surprising it is beside all others."""

    path: Path
    metric: Metric
    treatment: str
    seen: Comparison
    p_value: float
    """Two-sided, by Holm over all negative controls and treatments."""


def comparison_of(readout: Readout, metric: Metric, treatment: str) -> Comparison:
    """A negative control as the open look judges it. Raises Lacking for too few rows or events."""
    seen = comparison_so_far(readout, metric, treatment, last_judged_day(readout, metric))
    seen.require_enough_events(metric.name, seen.difference)
    return seen


@once
def unmoved(readout: Readout) -> tuple[Unmoved, ...]:
    """Every negative control that can be judged; those that cannot hold by themselves."""
    if open_look(readout) is None:
        return ()
    found: list[tuple[Path, Metric, str, Comparison]] = []
    for path, metric in readout.plan.unmoved:
        for treatment in readout.treatments:
            try:
                found.append((path, metric, treatment, comparison_of(readout, metric, treatment)))
            except (Lacking, NotChecked, ArithmeticError, stats.StatisticsInputError):
                continue
    both = [2 * min(seen.difference.upper_tail(), seen.difference.lower_tail()) for *_, seen in found]
    adjusted = stats.holm_adjusted([min(1.0, each) for each in both])
    return tuple(Unmoved(*each, p_value) for each, p_value in zip(found, adjusted, strict=True))


@once
def moved(readout: Readout) -> tuple[Unmoved, ...]:
    """Those that moved, which no treatment can do to them."""
    alpha = family_alpha(readout.plan)
    return tuple(each for each in unmoved(readout) if each.p_value < alpha)
