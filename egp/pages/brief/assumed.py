"""What the plan's own rules would say of an option that came out as its scenarios assume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from egp.plan.quantity import shown
from egp.plan.wording import numbers_apart
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.analysis.economics import Traffic
    from egp.plan.experiment import Experiment, Metric


class Hurdle(NamedTuple):
    """The least that a rule of the plan requires of what the scenarios assume."""

    least: float
    reached: Callable[[Traffic], float | None]
    """What the traffic has of it; None where nobody can say."""
    comes: Callable[[float], str]
    """ "precision_at_10_new_users would be 0.34, 5.56 % below today's 0.36"."""
    requires: str
    """ "where the margin is 2 %"."""
    rolls_back: bool = False

    def is_missed(self, traffic: Traffic) -> bool:
        found = self.reached(traffic)
        return found is not None and found < self.least

    def missed_in_words(self, traffic: Traffic) -> str:
        return f"{self.comes(self.reached(traffic) or 0.0)}, {self.requires}"


def hurdles(plan: Experiment) -> Iterator[Hurdle]:
    """Those of which the scenarios say something: what is required of a metric that counts successes, of a scenario or of
    all of them together, and the least lift that ships."""
    yield from _successes(plan)
    yield from _lift(plan)


def _successes(plan: Experiment) -> Iterator[Hurdle]:
    if (economics := plan.economics) is None:
        return
    metrics = {metric.name: metric for _, metric in plan.guardrails}
    for at, scenario in enumerate(economics.scenarios):
        if metric := metrics.get(scenario.success_metric or ""):
            yield from _of_metric(metric, partial(_success_in, at), partial(_success_in, at))
    if metric := metrics.get(economics.success_metric or ""):
        yield from _of_metric(metric, lambda traffic: traffic.success, _success_of_all)


def _lift(plan: Experiment) -> Iterator[Hurdle]:
    least = plan.decision_rule.min_lift if plan.decision_rule else None
    primary = next((shown(metric.name) for _, metric in plan.primaries), "")
    if least is not None and least.relative and primary:
        yield Hurdle(
            least.value,
            lambda traffic: traffic.lift,
            lambda found: f"it gains {_apart(found * 100, least.value * 100, 2)} % of today's value",
            f"where at least {least} is required (if {primary} moves alike)",
        )


def _apart(found: float, bound: float, digits: int = 3) -> str:
    """A number that misses its bound, never written as the bound itself."""
    return numbers_apart(found, bound, digits)[0]


def _success_in(at: int, traffic: Traffic) -> float | None:
    return traffic.successes.get(at)


def _success_of_all(traffic: Traffic) -> float | None:
    """Of a part of the traffic nobody knows what today's version has."""
    return traffic.success if traffic.is_all else None


def _of_metric(
    metric: Metric,
    success: Callable[[Traffic], float | None],
    beside_today: Callable[[Traffic], float | None],
) -> Iterator[Hurdle]:
    """The metric's margin, from what today's version has of it, and the end of its limit that successes can miss."""
    today, margin, limit = metric.baseline, metric.non_inferiority_margin, metric.limit
    name = shown(metric.name)
    if metric.direction != "increase" or today is None or today.unit not in ("", "share"):
        return
    rolls_back = metric.action == "rollback"
    if margin is not None:
        widest = margin.absolute(today.value)
        yield Hurdle(
            today.value - widest,
            beside_today,
            lambda found: (
                f"{name} would be {_apart(found, today.value - widest)}, "
                f"{_apart((1 - found / today.value) * 100, widest / today.value * 100)} % below today's {today}"
            ),
            f"where the margin is {margin}",
            rolls_back,
        )
    if limit is not None and limit.min is not None and limit.min.unit == today.unit:
        leads, lowest = "rolls back" if rolls_back else "holds the ramp", limit.min.value
        yield Hurdle(
            lowest,
            success,
            lambda found: f"{name} would be {_apart(found, lowest)}",
            f"where its limit {leads} below {limit.min}",
            rolls_back,
        )
