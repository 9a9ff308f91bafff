"""How often a change that does nothing looks like a win, however its test is looked at.

Half of the rejections of a two-sided test are losses: who stops at the first significant day stops at a win and at a loss
equally often where nothing works, and only the win is launched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.by_day import of_any, planned_looks_error
from egp.plan.analysis.registered import primary_test

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment


def wins_looking_daily(plan: Experiment, looks: int) -> float:
    """P(a change that does nothing looks like a win at its first significant day of so many). Raises NotChecked.

    Of several comparisons any counts; then it is the most that it can be.
    """
    test = primary_test(plan)
    return of_any(plan, stats.repeated_looks_type1(test.alpha, looks, test.sides) / test.sides)


def wins_at_planned_looks(plan: Experiment) -> float:
    """The same of the looks that the plan declares."""
    return planned_looks_error(plan) / primary_test(plan).sides


def wins_at_one_look(plan: Experiment) -> float:
    """The same of one look."""
    test = primary_test(plan)
    return of_any(plan, test.alpha / test.sides)


def wins_among(count: int, alpha: float, sides: int) -> float:
    """P(the best of so many independent tests looks like a win where nothing works)."""
    return 1 - (1 - alpha / sides) ** count
