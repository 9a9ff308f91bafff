"""The stages that an experiment has been in, and the days of each in the plan's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from egp.plan.analysis.days import as_local_day, day_before_end, first_day, last_day
from egp.plan.experiment import Experiment
from egp.plan.finding import NotChecked
from egp.plan.quantity import Interval
from egp.plan.results import CANARY, TEST, StageEntry, stage_name
from egp.plan.wording import listing

_SAME_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class StageDays:
    """A stage that was entered: its name as rows spell it, its first and its last day."""

    name: str
    days: Interval
    pauses: tuple[Interval, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    """The instants between which it lasted, where they are not midnights."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What the plan and the ledger of the results say of the stages, as of one day."""

    today: date
    entered: dict[str, StageDays]
    problems: tuple[tuple[str, str], ...]
    """(message, help) about entries of the ledger that cannot be."""


def stages_of(plan: Experiment, ledger: tuple[StageEntry, ...], as_of: datetime) -> Stages:
    """The stages entered by then; days to come are in none of them."""
    today = as_local_day(plan, as_of)
    sound, problems = _sound_entries(plan, ledger, as_of)
    found = [*_before_the_ramp(plan), *_of_the_ramp(plan, sound, today)]
    return Stages(today, {stage.name: stage for stage in found if stage.days.first <= today}, tuple(problems))


def _before_the_ramp(plan: Experiment) -> Iterator[StageDays]:
    canary = plan.canary
    if canary and canary.start and canary.end:
        days = Interval(as_local_day(plan, canary.start), day_before_end(plan, canary.end))
        yield StageDays(CANARY, days)
    if plan.type == "rollout":
        return
    try:
        days = Interval(first_day(plan), last_day(plan))
    except NotChecked:
        return
    yield StageDays(TEST, days, plan.schedule.pauses if plan.schedule else ())


def _of_the_ramp(plan: Experiment, entries: list[tuple[float, datetime]], today: date) -> Iterator[StageDays]:
    for at, (treated, entered) in enumerate(entries):
        end = entries[at + 1][1] if at + 1 < len(entries) else None
        last = as_local_day(plan, end) if end else today
        days = Interval(as_local_day(plan, entered), last)
        yield StageDays(stage_name(treated), days, (), entered, end)


def _sound_entries(
    plan: Experiment, ledger: tuple[StageEntry, ...], as_of: datetime
) -> tuple[list[tuple[float, datetime]], list[tuple[str, str]]]:
    sound: list[tuple[float, datetime]] = []
    problems: list[tuple[str, str]] = []
    for entry in ledger:
        treated, entered = entry.treated, entry.entered
        if treated is None or not isinstance(entered, datetime):
            continue
        problem = _misfit(plan, treated, entered, as_of, sound)
        if problem:
            problems.append(problem)
        else:
            sound.append((treated, entered))
    return sound, problems


def _misfit(
    plan: Experiment, treated: float, entered: datetime, as_of: datetime, before: list[tuple[float, datetime]]
) -> tuple[str, str] | None:
    name = stage_name(treated)
    shares = [stage.treated for stage in plan.ramp if stage.treated is not None]
    if not any(abs(share - treated) < _SAME_SHARE for share in shares):
        known = listing(map(stage_name, shares)) or "no stages"
        return f"the ledger has a stage of {name}; the plan's ramp has {known}", "correct the ledger"
    if entered > as_of:
        return (
            f"the stage {name} was entered at {entered}, after the results were taken",
            "correct the instant",
        )
    if any(abs(share - treated) < _SAME_SHARE for share, _ in before):
        return f"the stage {name} is in the ledger twice", "keep the entry that holds"
    if before and entered <= before[-1][1]:
        last = stage_name(before[-1][0])
        return f"the stage {name} was entered no later than {last} before it", "list the stages by time"
    return None
