"""The fixed-horizon test of a metric beside the primary, on the part of the sample that it is judged on; of a guardrail that only informs, for any harm."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.design import Design
from egp.plan.analysis.registered import (
    OF_METRICS,
    allocation_ratio,
    baseline_of,
    clustering_variance_factor,
    guardrail_alpha,
    harm_direction,
    is_clustered,
    metric_units,
    std_dev_of,
    treatments,
)
from egp.plan.finding import NotChecked, need
from egp.stats.hints import Literal

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.yaml import Path


def beside_primary(
    plan: Experiment,
    metric: Metric,
    path: Path,
    alpha: float,
    sides: Literal[1, 2],
    direction: Literal["increase", "decrease"],
) -> Design:
    """The design at a level. Raises NotChecked for what the plan does not say."""
    test = stats.PlannedTest(
        kind=need(metric.kind, *path, "kind"),
        baseline=baseline_of(metric, path).value,
        std_dev=std_dev_of(metric, path),
        alpha=alpha,
        sides=sides,
        ratio=allocation_ratio(plan),
        variance_factor=clustering_variance_factor(plan, metric),
        variance="unpooled" if is_clustered(plan, metric) else "score",
    )
    units = metric_units(plan, metric, 1.0)
    if units <= 0:
        raise NotChecked((*path, "outcome_window"))
    return Design(test, units, direction)


def informing_level(plan: Experiment) -> float:
    """The level of one of them in one treatment."""
    return guardrail_alpha(plan) / max(1, len(list(plan.informing)) * treatments(plan))


@lru_cache(OF_METRICS)
def any_harm_design(plan: Experiment, metric: Metric, path: Path) -> Design:
    """The test of any harm, on the part of the sample that it is judged on."""
    return beside_primary(plan, metric, path, informing_level(plan), 1, harm_direction(metric, path))
