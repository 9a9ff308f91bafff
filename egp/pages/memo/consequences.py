"""What breaking a rule costs this experiment, in numbers of its own: the rule's module says it.

A rule whose module says nothing of it tells its reason and no number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.output.page.model import pictured
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
    """The picture that shows it."""
    picture = case.exported(diagnostic.rule, "picture")
    try:
        shown = picture(case.broken(diagnostic)) if picture else None
    except LOST:
        return None
    return pictured(shown) if shown else None
