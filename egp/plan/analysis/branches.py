"""A decision rule with three branches as numbers: which results ship, which withdraw, and how often each comes about."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.registered import (
    PRIMARY,
    baseline_of,
    direction_of,
    is_change_of,
    planned_units,
    primary_at,
    primary_control_units,
    primary_test,
)
from egp.plan.finding import NotChecked, need
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.quantity import MetricChange
    from egp.yaml import Path

WITHDRAW: Path = ("decision_rule", "withdraw")


class Bounds(NamedTuple):
    """Bounds on the interval and the estimate, in the metric's own unit, positive where it is good; None for none."""

    min_ci_lower: float | None
    min_lift: float | None
    max_ci_upper: float | None
    max_lift: float | None

    @property
    def is_able_to_withdraw(self) -> bool:
        return self.max_ci_upper is not None or self.max_lift is not None


def bounds_of(plan: Experiment) -> Bounds:
    """The bounds of the plan's rule. Raises NotChecked for one in another unit than the metric."""
    rule = need(plan.decision_rule, "decision_rule")
    branch = rule.withdraw
    of_ship: tuple[float | None, float | None] = (None, None)
    if plan.type != "non_inferiority":
        of_ship = (
            _bound(plan, rule.min_ci_lower, ("decision_rule", "min_ci_lower")),
            _bound(plan, rule.min_lift, ("decision_rule", "min_lift")),
        )
    return Bounds(
        *of_ship,
        _bound(plan, branch.max_ci_upper if branch else None, (*WITHDRAW, "max_ci_upper")),
        _bound(plan, branch.max_lift if branch else None, (*WITHDRAW, "max_lift")),
    )


def _bound(plan: Experiment, change: MetricChange | None, at: Path) -> float | None:
    if change is None:
        return None
    baseline = baseline_of(primary_at(plan, PRIMARY), PRIMARY)
    if not is_change_of(change, baseline):
        raise NotChecked(at)
    return change.absolute(baseline.value)


def ships_above(plan: Experiment, bounds: Bounds) -> float:
    """A benefit that every estimate which ships exceeds."""
    margin = primary_test(plan).margin
    least = 0.0 if margin is None else -margin
    return max(least, bounds.min_ci_lower or least, -math.inf if bounds.min_lift is None else bounds.min_lift)


def withdraws_below(bounds: Bounds) -> float:
    """A benefit that no estimate which withdraws exceeds."""
    return min(each for each in (bounds.max_ci_upper, bounds.max_lift) if each is not None)


def chances(plan: Experiment, benefit: float) -> stats.BranchChances:
    """How often each branch comes about at the declared sample, for a true effect in the good direction.

    Of a sequential design as if it were read once, on the units that have the same power.
    """
    bounds = bounds_of(plan)
    return stats.branch_chances(
        primary_test(plan),
        benefit,
        primary_control_units(plan, planned_units(plan)),
        good=direction_of(primary_at(plan, PRIMARY), PRIMARY),
        **bounds._asdict(),
    )
