"""The stage in which the treatment is, by the ledger of the results and the plan's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from egp.gate.clock import day_end, instant
from egp.plan.results import CANARY, TEST, stage_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from egp.gate.move import Move
    from egp.plan.experiment import Experiment
    from egp.plan.results import StageEntry

NOWHERE = "no stage"
"""Where the treatment of a rollout without a canary is before its first stage, and any that was rolled back."""

EVERYONE = stage_name(1)
"""A stage without control, in which nothing can be compared."""


@dataclass(frozen=True, slots=True)
class CurrentStage:
    """Where a stage began, and how much of the traffic the treatment has there."""

    name: str
    position: int
    """In the plan's ramp; -1 for the canary and the test."""
    treated: float | None
    begin: datetime | None
    end: datetime | None
    """When units are no longer treated; None while nothing ends it."""
    entered_until: datetime | None = None
    """When units no longer enter, of a test whose enrolment ends before its run does."""

    @property
    def exposed_until(self) -> datetime | None:
        """When the last unit was first exposed; None while units enter."""
        return self.entered_until or self.end

    @property
    def has_control(self) -> bool:
        """False in a stage that treats everyone."""
        return self.treated is None or self.treated < 1


def current_stage(
    plan: Experiment,
    ledger: Iterable[StageEntry],
    move: Move,
    as_of: datetime,
    zone: tzinfo,
    in_canary_again: bool = False,
    was_rolled_back: bool = False,
) -> CurrentStage:
    """The last stage entered; where none was the test, or the canary before it.

    A move into the test is judged by the canary, whatever the calendar says. What was rolled back is in none until the canary
    begins anew, which is then watched.
    """
    entered = [
        (moment, entry.treated)
        for entry in ledger
        if entry.treated is not None
        and entry.entered is not None
        and (moment := instant(entry.entered, zone)) <= as_of
    ]
    if entered:
        begin, treated = max(entered)
        return CurrentStage(stage_name(treated), _position(plan, treated), treated, begin, None)
    if was_rolled_back and move.kind in ("canary", "test"):
        return CurrentStage(NOWHERE, -1, None, None, None)
    schedule, canary = plan.schedule, plan.canary
    start = instant(schedule.start, zone) if schedule and schedule.start else None
    is_rollout = plan.type == "rollout"
    comes_first = is_rollout or start is None or as_of < start or move.kind in ("canary", "test")
    comes_first = comes_first or (in_canary_again and move.kind == "monitor")
    if canary and canary.treated and comes_first:
        first = instant(canary.start, zone) if canary.start else None
        return CurrentStage(CANARY, -1, canary.treated, first, _end(canary.end, zone))
    if is_rollout:
        return CurrentStage(NOWHERE, -1, None, None, None)
    end, enrolment = (schedule.end, schedule.enrolment_end) if schedule else (None, None)
    return CurrentStage(TEST, -1, None, start, _end(end, zone), _end(enrolment, zone))


def _position(plan: Experiment, treated: float) -> int:
    names = [stage_name(stage.treated or 0.0) for stage in plan.ramp]
    return names.index(stage_name(treated)) if stage_name(treated) in names else len(names)


def _end(moment: date | datetime | None, zone: tzinfo) -> datetime | None:
    if moment is None:
        return None
    return instant(moment, zone) if isinstance(moment, datetime) else day_end(moment, zone)
