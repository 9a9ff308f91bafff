"""What the policy in force requires of the run and of the power of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.advice.options.levers import policy_power
from egp.plan.analysis.days import planned_days
from egp.plan.analysis.registered import PRIMARY, detectable_at, primary_at
from egp.plan.finding import NotChecked
from egp.plan.wording import at_least_like
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.advice.options.case import Case

MOST_DAYS = 366
"""Days of a run that are listed one by one; every day of a longer one would take long to compute."""


def least_days(case: Case) -> int:
    """Days of a run that is whole: the plan's, or what the policy requires if that is more."""
    asked: int = case.asked("shortest_run") or 0
    days = max(planned_days(case.plan), asked)
    if days > MOST_DAYS:
        raise NotChecked(
            ("schedule", "end"), f"a run of {days:,} days is longer than a year", "correct `schedule.end`"
        )
    return days


def detectable(case: Case, units: float) -> str:
    """The effect that is found with the power required, as the plan would write it; empty where there is none."""
    metric = primary_at(case.plan, PRIMARY)
    if metric.mde is None:
        return ""
    try:
        return at_least_like(detectable_at(case.plan, policy_power(case), units), metric.mde, metric.baseline)
    except (NotChecked, ArithmeticError, StatisticsInputError):
        return ""
