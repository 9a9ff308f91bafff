"""A benefit that the decision rule requires, in the metric's own unit."""

from __future__ import annotations

from typing import Any

import pytest

from egp import stats
from egp.gate.boundary import Look
from egp.gate.deciding import _against
from egp.gate.estimates import Comparison
from egp.plan.analysis.registered_test import primary_test_of

from .worlds import plan_of

MEAN: dict[str, Any] = {"kind": "mean", "std_dev": 0.33, "mde": "0.01abs", "target": None}


@pytest.mark.parametrize(
    ("baseline", "direction", "bound", "null"),
    [
        (0.5, "increase", "0.02abs", 0.02),
        (0.5, "decrease", "0.02abs", -0.02),
        (0.5, "increase", "0%", 0.0),
        (None, "increase", "0.02abs", 0.02),
        (None, "increase", "0%", 0.0),
    ],
)
def test_a_bound_is_a_difference_in_the_good_direction(
    baseline: float | None, direction: str, bound: str, null: float
) -> None:
    plan = plan_of(
        primary_metric={**MEAN, "baseline": baseline, "direction": direction},
        statistics={"variance_reduction": None},
        decision_rule={"min_ci_lower": bound},
    )
    metric = plan.primary_metric
    assert metric is not None
    assert plan.decision_rule is not None
    assert plan.decision_rule.min_ci_lower is not None
    control, treatment = stats.ArmEstimate(1.0, 0.1), stats.ArmEstimate(1.2, 0.1)
    seen = Comparison(control, treatment, stats.difference(control, treatment), 100, 100)
    test = primary_test_of(plan, metric, ("primary_metric",))
    contrast, found = _against(test, Look(0, seen, 0.025, True), plan.decision_rule.min_ci_lower)
    assert contrast is seen.difference
    assert found == pytest.approx(null)
