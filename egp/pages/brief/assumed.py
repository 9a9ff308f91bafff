"""What the plan's own rules would say of an option that came out as its scenarios assume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.pages.brief.agreed import bounded_metrics
from egp.plan.quantity import shown
from egp.plan.wording import called, percent, significant
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.analysis.economics import Traffic
    from egp.plan.experiment import Experiment


class Hurdle(NamedTuple):
    """The least that a rule of the plan requires of what the scenarios assume: of the lift, or of the share that succeeds."""

    least: float
    is_of_lift: bool
    requires: str
    """ "at least 1.5 % is required (if gross_margin_per_session moves alike)"."""

    def reached(self, traffic: Traffic) -> float | None:
        """What the traffic has of it; None where nobody can say."""
        return traffic.lift if self.is_of_lift else traffic.success

    def is_missed(self, traffic: Traffic) -> bool:
        found = self.reached(traffic)
        return found is not None and found < self.least

    def missed_in_words(self, traffic: Traffic, per: str) -> str:
        """ "it gains 0.94 % of today's value, where …"."""
        found = self.reached(traffic) or 0.0
        comes = (
            f"it gains {percent(found, 2)} of today's value"
            if self.is_of_lift
            else f"{significant(found, 3)} of {per}s succeed"
        )
        return f"{comes}, where {self.requires}"


def hurdles(plan: Experiment) -> Iterator[Hurdle]:
    """Those of which the scenarios say something: the least lift that ships, and limits that today's version does not keep."""
    least = plan.decision_rule.min_lift if plan.decision_rule else None
    primary = next((shown(metric.name) for _, metric in plan.primaries), "")
    if least is not None and least.relative and primary:
        requires = f"at least {least} is required (if {primary} moves alike)"
        yield Hurdle(least.value, True, requires)
    for each in bounded_metrics(plan):
        is_a_rate = each.bound.unit in ("", "share") and each.bound.value < 1
        if each.sign < 0 and is_a_rate and (each.spare or 0.0) < 0:
            name = called(each.metric.id, "the metric")
            leads = "holds the ramp" if each.holds else "rolls back"
            yield Hurdle(
                each.bound.value,
                False,
                f"the limit of {name} {leads} below {each.level} (if that is what it counts)",
            )
