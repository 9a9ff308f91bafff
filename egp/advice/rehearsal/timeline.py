"""The life that the plan gives its experiment: which stage when, and on which days the pipeline calls the gate for what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from egp.gate.move import MONITOR, Move, move_to
from egp.plan.analysis.days import as_local_day, day_before_end, first_day, last_day, whole_days
from egp.plan.analysis.registered import has_primary_test, look_days
from egp.plan.results import CANARY, TEST, StageEntry, stage_name
from egp.record.lock import made

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.quantity import Share

DAY = timedelta(days=1)
WATCHED = 14
"""Days for which the last stage is watched at most, where nobody says otherwise: two weeks in a row may be bad in it."""


@dataclass(frozen=True, slots=True)
class LifeStage:
    """A stage, in days from the first of the life."""

    name: str
    first: int
    days: int
    """Of exposure."""
    until: int
    """The last day on which the gate is called in it; results are taken at that day's first instant."""
    treated: Share | None
    """Of the eligible units; None in the test."""


@dataclass(frozen=True, slots=True)
class GateCall:
    """A call of the gate at the first instant of a day."""

    day: int
    stage: str
    move: Move


@dataclass(frozen=True, slots=True)
class RehearsedLife:
    """A life, as far as it is rehearsed."""

    first: date
    """In the plan's calendar."""
    stages: tuple[LifeStage, ...]
    calls: tuple[GateCall, ...]
    left_out: tuple[str, ...] = ()
    """What of the plan's life is not rehearsed."""

    @property
    def days(self) -> int:
        return self.stages[-1].until

    @property
    def last(self) -> date:
        """The last day that is watched."""
        return self.date(self.days - 1)

    def date(self, day: int) -> date:
        return self.first + day * DAY

    def stage(self, name: str) -> LifeStage:
        return next(each for each in self.stages if each.name == name)

    def ledger(self, call: GateCall, zone: tzinfo) -> tuple[StageEntry, ...]:
        """The stages of the ramp that were entered by then."""
        entered = [each for each in self.stages if each.treated is not None and each.name != CANARY]
        return tuple(
            made(
                StageEntry,
                treated=each.treated,
                entered=datetime.combine(self.date(each.first), time(0), zone),
            )
            for each in entered
            if each.first < call.day or (each.first == call.day and each.name == call.stage)
        )


class TimelineError(Exception):
    """A plan whose life cannot be laid out; the text says why."""


def timeline(plan: Experiment, watched: int, least_dwell: timedelta = timedelta()) -> RehearsedLife:
    """The plan's whole life, the last stage for so many days. Raises TimelineError and NotChecked."""
    if not plan.ramp:
        raise TimelineError("the plan has no ramp, so that nothing asks whether it may ship")
    if plan.schedule and plan.schedule.pauses:
        raise TimelineError("the plan pauses, and nobody paused in the past")
    stages = [*_before(plan)]
    begin = stages[0][0] if stages else _ramp_start(plan)
    return _laid_out(plan, begin, [*stages, *_ramp(plan, stages, watched, least_dwell)])


_Dated = tuple[date, int, date, str, "Share | None"]
"""First day, days of exposure, day of the last call, name, treated share."""


def _before(plan: Experiment) -> Iterator[_Dated]:
    """The canary and the test."""
    canary = plan.canary
    if canary and canary.treated and canary.start and canary.end:
        first, last = as_local_day(plan, canary.start), day_before_end(plan, canary.end)
        yield first, (last - first).days + 1, last + DAY, CANARY, canary.treated
    if plan.type != "rollout":
        first, last = first_day(plan), last_day(plan)
        yield first, (last - first).days + 1, readout_call(plan), TEST, None


def readout_call(plan: Experiment) -> date:
    """The first day on which the last look can be judged: its own, or when every guardrail's outcomes have matured."""
    day = look_days(plan)[-1]
    for _, metric in plan.guardrails:
        waits = (
            metric.non_inferiority_margin and metric.judged_on != "matured_cohort" and metric.outcome_window
        )
        if waits and metric.outcome_window:
            day = max(day, last_day(plan) + (1 + whole_days(metric.outcome_window)) * DAY)
    return day


def _ramp_start(plan: Experiment) -> date:
    start = plan.ramp[0].start
    return as_local_day(plan, start) if start is not None else first_day(plan)


def _ramp(
    plan: Experiment, before: Sequence[_Dated], watched: int, least_dwell: timedelta
) -> Iterator[_Dated]:
    begin = before[-1][2] if before else _ramp_start(plan)
    until = plan.holdout.until if plan.holdout else None
    for stage in plan.ramp:
        if stage.start is not None:
            begin = max(begin, as_local_day(plan, stage.start))
        dwell = max(stage.min_dwell or timedelta(), least_dwell)
        days = max(1, math.ceil(dwell / DAY))
        if stage is plan.ramp[-1]:
            days = max(days, watched)
            if until is not None:
                days = max(1, min(days, (until - begin).days + 1))
        yield begin, days, begin + days * DAY, stage_name(stage.treated or 0.0), stage.treated
        begin += days * DAY


def _laid_out(plan: Experiment, begin: date, dated: list[_Dated]) -> RehearsedLife:
    stages = tuple(
        LifeStage(name, (first - begin).days, days, (last_call - begin).days, treated)
        for first, days, last_call, name, treated in dated
    )
    looks = {(look - begin).days for look in look_days(plan)} if has_primary_test(plan) else set()
    calls = []
    for at, stage in enumerate(stages):
        following = stages[at + 1].name if at + 1 < len(stages) else ""
        for day in range(stage.first + 1, stage.until + 1):
            is_due = following and (day == stage.until or (stage.name == TEST and day in looks))
            calls.append(GateCall(day, stage.name, move_to(plan, following) if is_due else MONITOR))
    return RehearsedLife(begin, stages, tuple(calls))


def shortened(plan: Experiment, whole: RehearsedLife, days: int) -> RehearsedLife | None:
    """As much of a life as fits into so many days; None where not even its first stage does."""
    stages = list(whole.stages)
    left_out = []
    if stages[-1].until > days and stages[-1].first + 1 < days:
        last = stages[-1]
        stages[-1] = replace(last, days=days - last.first, until=days)
    while stages and stages[-1].until > days:
        gone = stages.pop()
        left_out.append(f"the stage {gone.name}" if gone.name != TEST else "the test")
    if not stages or (has_primary_test(plan) and TEST not in {each.name for each in stages}):
        return None
    calls = tuple(call for call in whole.calls if call.day <= stages[-1].until)
    return RehearsedLife(whole.first, tuple(stages), calls, tuple(reversed(left_out)))
