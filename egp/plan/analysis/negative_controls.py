"""Negative controls as the gate tests them: at which level, and which shift they would reveal."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from egp.plan.analysis.beside_primary import beside_primary
from egp.plan.analysis.design import Design
from egp.plan.analysis.registered import OF_METRICS, treatments

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.yaml import Path

ALPHA = 0.001
"""Level of all negative controls together, where the plan states none: that of the sample-ratio test."""


def family_alpha(plan: Experiment) -> float:
    """The level at which any negative control has moved, all of them together."""
    return (plan.statistics.negative_control_alpha if plan.statistics else None) or ALPHA


def comparison_level(plan: Experiment) -> float:
    """The level of one of them in one treatment: the first step of Holm's correction, the hardest to pass."""
    return family_alpha(plan) / max(1, len(plan.negative_controls) * treatments(plan))


@lru_cache(OF_METRICS)
def control_design(plan: Experiment, metric: Metric, path: Path) -> Design:
    """The two-sided test of one negative control, on the part of the sample that it is judged on."""
    return beside_primary(plan, metric, path, comparison_level(plan), 2, "increase")
