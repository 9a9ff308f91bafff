"""How long and over which units a treatment is watched: canary, test and ramp, until the holdout ends.

A stage of the ramp is taken to last its ``min_dwell``, the last one until ``holdout.until``; what the plan does not
say shortens the watch, and has a rule of its own to say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from egp.plan.analysis.days import (
    as_local_day,
    day_after,
    day_before_end,
    entry_days,
    first_day,
    run_days,
    schedule_of,
    whole_days,
)
from egp.plan.analysis.registered import treatments, weights
from egp.plan.analysis.traffic import arriving_units, ramp_begin
from egp.plan.finding import NotChecked, need
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

WEEK = 7


class WatchedPart(NamedTuple):
    """A part of the watch, on data of its own: the canary, the test, or a stage of the ramp."""

    first: date
    days: int
    control: float
    """Share of the eligible units that is in control here, the holdout included."""
    treatment: float
    """Share of the smallest treatment."""
    treatments: int = 1
    """Treatments that are compared with control here."""

    @property
    def smallest(self) -> float:
        return min(self.control, self.treatment)

    @property
    def last(self) -> date:
        return day_after(self.first, self.days - 1)


@lru_cache(32)
def watch(plan: Experiment) -> tuple[WatchedPart, ...]:
    """The parts in order of time. A stage that treats everyone has no control to compare with, and is none of them."""
    return tuple(part for part in treated(plan) if part.control > 0)


@lru_cache(32)
def treated(plan: Experiment) -> tuple[WatchedPart, ...]:
    """The parts in which units are treated, beside a control or without one."""
    test = () if plan.type == "rollout" else (watched_test(plan),)
    return (*_canary(plan), *test, *_ramp(plan))


@lru_cache(32)
def watched_test(plan: Experiment) -> WatchedPart:
    exposure = need(schedule_of(plan).exposure, "schedule", "exposure")
    control, treatment = weights(plan)
    if exposure <= 0:
        raise NotChecked(("schedule", "exposure"))
    if min(control, treatment) <= 0:
        raise NotChecked(("variants",))
    return WatchedPart(
        first_day(plan), run_days(plan), exposure * control, exposure * treatment, treatments(plan)
    )


def watched_weeks(plan: Experiment) -> int:
    """Whole weeks from the first exposure to the last day of the watch."""
    parts = watch(plan)
    return ((parts[-1].last - parts[0].first).days + 1) // WEEK if parts else 0


def units_of(plan: Experiment, part: WatchedPart) -> float:
    """Eligible units that are first seen in a part of the watch; they come as in the run, evenly over its days."""
    run = watched_test(plan)
    days = run.days if part is run else entry_days(plan)
    return arriving_units(plan) / run.smallest * (part.days / days)


def _canary(plan: Experiment) -> Iterator[WatchedPart]:
    canary = plan.canary
    if canary is None or not canary.treated or canary.start is None or canary.end is None:
        return
    first = as_local_day(plan, canary.start)
    days = (day_before_end(plan, canary.end) - first).days + 1
    control, treatment = weights(plan)
    if days > 0 and control < 1:
        share = treatment / (1 - control) * canary.treated
        yield WatchedPart(first, days, 1 - canary.treated, share, treatments(plan))


def _ramp(plan: Experiment) -> Iterator[WatchedPart]:
    until = plan.holdout.until if plan.holdout else None
    if not plan.ramp:
        return
    begin = ramp_begin(plan)
    for stage in plan.ramp:
        if stage.start is not None:
            begin = max(begin, as_local_day(plan, stage.start))
        days = whole_days(stage.min_dwell) if stage.min_dwell else 0
        if stage is plan.ramp[-1] and until is not None:
            days = max(days, (until - begin).days + 1)
        if days > 0 and stage.treated:
            yield WatchedPart(begin, days, 1 - stage.treated, stage.treated)
        begin = day_after(begin, days)
