"""What happens when: the canary, the test, its looks, the ramp and the holdout of a plan, and the freezes of the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.plan.analysis.days import as_local_day, day_before_end, first_day, last_day
from egp.plan.analysis.registered import look_days
from egp.plan.analysis.watch import treated
from egp.plan.finding import NotChecked
from egp.plan.quantity import as_day, shown
from egp.plan.wording import percent
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.policy.model import Policy

Kind = Literal["canary", "test", "look", "ramp", "holdout", "freeze"]


class Period(NamedTuple):
    """Whole days in which something holds; both ends included."""

    kind: Kind
    name: str
    first: date
    last: date
    share: float = 1.0
    """Of the eligible units that it concerns."""


def periods_of(plan: Experiment) -> list[Period]:
    """The periods of a plan in order of time; what the plan does not let be known is left out."""
    found = [each for part in (_canary, _test, _looks, _ramp, _holdout) for each in _known(part, plan)]
    return sorted(found, key=lambda each: (each.first, each.last, each.name))


def _known(part: Callable[[Experiment], Iterator[Period]], plan: Experiment) -> list[Period]:
    try:
        return [each for each in part(plan) if each.first <= each.last]
    except NotChecked:
        return []


def freezes(policy: Policy) -> list[Period]:
    """The periods of the policy's calendars, in which no traffic is raised."""
    found = [
        Period("freeze", shown(name), days.first, days.last)
        for name, calendar in policy.calendars.items()
        for days in calendar
    ]
    return sorted(found, key=lambda each: (each.first, each.last, each.name))


def _canary(plan: Experiment) -> Iterator[Period]:
    canary = plan.canary
    if canary and canary.start is not None and canary.end is not None:
        first, last = as_local_day(plan, canary.start), day_before_end(plan, canary.end)
        yield Period("canary", "canary", first, last, canary.treated or 0.0)


def _test(plan: Experiment) -> Iterator[Period]:
    if plan.type != "rollout":
        exposure = plan.schedule.exposure if plan.schedule else None
        yield Period("test", "test", first_day(plan), last_day(plan), 1.0 if exposure is None else exposure)


def _looks(plan: Experiment) -> Iterator[Period]:
    days = look_days(plan)
    for number, day in enumerate(days, start=1):
        is_last = number == len(days)
        yield Period(
            "look", "readout" if is_last else f"look {number} of {len(days)}", as_day(day), as_day(day)
        )


def _ramp(plan: Experiment) -> Iterator[Period]:
    stages = [stage for stage in plan.ramp if stage.treated]
    parts = treated(plan)[-len(stages) :] if stages else ()
    for stage, part in zip(stages, parts, strict=True) if len(parts) == len(stages) else ():
        share = stage.treated or 0.0
        yield Period("ramp", f"ramp {percent(share)}", part.first, part.last, share)


def _holdout(plan: Experiment) -> Iterator[Period]:
    held = plan.holdout
    if held and held.until is not None and held.share:
        yield Period("holdout", f"holdout {percent(held.share)}", first_day(plan), held.until, held.share)
