"""A guardrail that only informs, as the gate tests it: one-sided for any harm, all of them together at one level."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from egp.plan.analysis.beside_primary import beside_primary
from egp.plan.analysis.design import Design
from egp.plan.analysis.registered import guardrail_alpha, harm_direction, treatments

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.yaml import Path


def informing_level(plan: Experiment) -> float:
    """The level of one of them in one treatment."""
    return guardrail_alpha(plan) / max(1, len(list(plan.informing)) * treatments(plan))


@lru_cache(32)
def any_harm_design(plan: Experiment, metric: Metric, path: Path) -> Design:
    """The test of any harm, on the part of the sample that it is judged on."""
    return beside_primary(plan, metric, path, informing_level(plan), 1, harm_direction(metric, path))
