"""What breaking a rule costs this experiment, in numbers of its own: the rule's module says it.

A rule whose module says nothing of it tells its reason and no number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from egp.pages.memo.figures import looks_figure, power_figure
from egp.pages.memo.required_run import least_days
from egp.rules.costs import LOST, of_each

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.output.page.model import Figure
    from egp.plan.finding import Diagnostic


def consequences_of(case: Case, diagnostic: Diagnostic) -> list[str]:
    """What breaking the rule costs, in sentences; empty where no number of the plan says it."""
    costs = case.exported(diagnostic.rule, "costs")
    return list(dict.fromkeys(of_each(case.broken(diagnostic), costs))) if costs else []


def figure(case: Case, diagnostic: Diagnostic) -> Figure | None:
    """The chart that shows it, for rules whose cost is a curve."""
    curve = case.exported(diagnostic.rule, "CURVE")
    try:
        return _CURVES[curve](case) if curve else None
    except LOST:
        return None


def _of_looks(case: Case) -> Figure | None:
    looks = len(case.plan.statistics.looks or ()) if case.plan.statistics else 0
    last = max(looks, least_days(case))
    return looks_figure(case, sorted({looks, last}), last) if looks > 1 else None


_CURVES: dict[str, Callable[[Case], Figure | None]] = {"looks": _of_looks, "power": power_figure}
