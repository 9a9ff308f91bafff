"""The harm to a guardrail that a sample rules out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.registered import guardrail_test, metric_units
from egp.plan.quantity import change
from egp.plan.typed_reader import changed
from egp.plan.wording import at_least_like

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.quantity import MetricChange
    from egp.yaml import Path

_USUAL_MARGIN = change("5%")


def ruled_out(plan: Experiment, path: Path, metric: Metric, units: float, power: float) -> MetricChange:
    """The harm to a guardrail that so many units rule out with a power, as the plan would write it."""
    test = guardrail_test(plan, _with_some_margin(metric), path)
    margin = stats.detectable_margin(test, power, metric_units(plan, metric, units))
    declared = metric.non_inferiority_margin or _USUAL_MARGIN
    return change(at_least_like(margin, declared, metric.baseline))


def _with_some_margin(metric: Metric) -> Metric:
    """The metric with a margin to solve for, if it has none."""
    if metric.non_inferiority_margin is not None:
        return metric
    return changed(metric, non_inferiority_margin=_USUAL_MARGIN)
