"""The sample size that a plan needs, for verbs that write it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from egp.plan.analysis.registered import PRIMARY, has_primary_test, required_smallest
from egp.plan.finding import NotChecked
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.yaml import Path


def needed_sample(plan: Experiment) -> int | None:
    """Units of the smallest variant for the most demanding primary metric; None while an input is missing."""
    if not has_primary_test(plan):
        return None
    paths: list[Path] = [PRIMARY, *(("co_primary_metrics", at) for at in range(len(plan.co_primary_metrics)))]
    try:
        return max(math.ceil(required_smallest(plan, at=path) - 1e-6) for path in paths)
    except (NotChecked, ArithmeticError, StatisticsInputError):
        return None
