"""The days of a plan, in its own time zone: its run, its pauses, its readout.

The days that most rules require are remembered by the plan's identity: a plan is never changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from egp.plan.finding import NotChecked, need
from egp.plan.quantity import Interval, as_day

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Schedule
    from egp.plan.quantity import Moment
    from egp.yaml import Path


def schedule_of(plan: Experiment) -> Schedule:
    return need(plan.schedule, "schedule")


@lru_cache(32)
def first_day(plan: Experiment) -> date:
    """The first day of exposure."""
    return as_day(local(plan, need(schedule_of(plan).start, "schedule", "start")))


@lru_cache(32)
def last_day(plan: Experiment) -> date:
    """The last day of the run, on which units are treated and observed."""
    return day_before_end(plan, end_of(plan))


def end_of(plan: Experiment) -> Moment:
    """The end of the run; of one without an end the day before its last review, beyond which nothing is agreed."""
    schedule = schedule_of(plan)
    if schedule.end is None and schedule.reviews:
        return day_after(max(schedule.reviews), -1)
    return need(schedule.end, "schedule", "end")


@lru_cache(32)
def last_exposure(plan: Experiment) -> date:
    """The last day on which units enter: of the enrolment, or of the run."""
    enrolment_end = schedule_of(plan).enrolment_end
    return last_day(plan) if enrolment_end is None else day_before_end(plan, enrolment_end)


def full_days(plan: Experiment) -> list[Interval]:
    """Runs of consecutive whole calendar days at full exposure, in the plan's time zone, pauses taken out."""
    first = first_full_day(plan)
    end = local(plan, end_of(plan))
    last = day_after(end.date(), -1) if isinstance(end, datetime) else end
    return unpaused(first, last, schedule_of(plan).pauses)


def first_full_day(plan: Experiment) -> date:
    """The first day that is exposed from its beginning."""
    start = local(plan, need(schedule_of(plan).start, "schedule", "start"))
    return day_after(as_day(start), 1) if _after_midnight(start) else as_day(start)


@lru_cache(32)
def exposed_days(plan: Experiment) -> Sequence[Interval]:
    """Runs of consecutive days on which units are first exposed, in the plan's time zone, pauses taken out."""
    return unpaused(first_day(plan), last_exposure(plan), schedule_of(plan).pauses)


def treated_days(plan: Experiment) -> list[Interval]:
    """The same of days on which units are treated: those of an enrolment go on to the end of the run."""
    return unpaused(first_day(plan), last_day(plan), schedule_of(plan).pauses)


def _after_midnight(moment: Moment) -> bool:
    """Whether an instant lies after the first instant of its day, which clock changes may put at one o'clock."""
    if not isinstance(moment, datetime):
        return False
    midnight = datetime.combine(moment.date(), time(0), moment.tzinfo)
    return moment > midnight if moment.tzinfo is None else moment.timestamp() > midnight.timestamp()


def unpaused(first: date, last: date, pauses: tuple[Interval, ...]) -> list[Interval]:
    """The days from first to last without the pauses, as runs of consecutive days."""
    runs = []
    for pause in sorted(pauses, key=lambda pause: pause.first):
        if first < pause.first and first <= last:
            runs.append(Interval(first, min(last, day_after(pause.first, -1))))
        if pause.last >= last:
            return runs
        first = max(first, day_after(pause.last, 1))
    return [*runs, Interval(first, last)] if first <= last else runs


@lru_cache(32)
def readout_day(plan: Experiment) -> date:
    """The day of the last look; without declared looks the day after the run."""
    looks = plan.statistics.looks if plan.statistics else None
    return max(as_day(local(plan, look)) for look in looks) if looks else day_after(last_day(plan), 1)


def last_watched(plan: Experiment) -> date:
    """The last day on which the plan is needed: of the run, the readout, or the holdout. Raises NotChecked."""
    until = plan.holdout.until if plan.holdout else None
    return max(last_day(plan), readout_day(plan), until or date.min)


def day_after(day: date, days: int) -> date:
    """The day so many days later, or earlier; no further than the calendar goes."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


@lru_cache(64)
def time_zone(name: str) -> tzinfo | None:
    """The IANA time zone of this name, or None for a name that is none."""
    # Loaded for plans that name a zone; paths, and the zones that mean the machine's own, are kept out.
    if (
        len(name) > 60
        or not name.isascii()
        or name.count("/") > 2
        or not all(map(_names_place, name.split("/")))
    ):
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _names_place(part: str) -> bool:
    return part[:1].isupper() and part.translate(_SIGNS_OF_ZONES).isalnum()


_SIGNS_OF_ZONES = str.maketrans("_+-", "aaa")


def local(plan: Experiment, moment: Moment) -> Moment:
    """An instant on the clocks of the plan's time zone; dates, and instants without an offset, are there already."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return moment
    zone = time_zone(plan.schedule.timezone) if plan.schedule and plan.schedule.timezone else None
    try:
        return moment.astimezone(zone) if zone else moment
    except OverflowError:
        return moment


def last_matured_day(plan: Experiment, outcome_window: timedelta) -> date:
    """The last day whose units all have a matured outcome on the day of the readout."""
    return day_after(readout_day(plan), -1 - whole_days(outcome_window))


def whole_days(duration: timedelta) -> int:
    """Days that a length of time takes up, a part of a day counted as a day."""
    return -(-duration // timedelta(days=1))


def day_before_end(plan: Experiment, end: Moment) -> date:
    """The last day that an end leaves in; an instant as end is exclusive, so midnight leaves the day before."""
    end = local(plan, end)
    if not isinstance(end, datetime):
        return end
    return end.date() if _after_midnight(end) else day_after(end.date(), -1)


def precedes(plan: Experiment, moment: Moment, other: Moment) -> bool:
    """Whether a moment lies before another: two instants as instants, otherwise by their days."""
    if _is_instant(moment) and _is_instant(other):
        return moment < other
    return as_day(local(plan, moment)) < as_day(local(plan, other))


def _is_instant(moment: Moment) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is not None


def run_days(plan: Experiment) -> int:
    """Days from the first to the last day of the run, both included."""
    days = (last_day(plan) - first_day(plan)).days + 1
    if days <= 0:
        raise NotChecked(("schedule", "end"))
    return days


def planned_days(plan: Experiment) -> int:
    """Days on which units are first exposed, pauses taken out."""
    return sum(run.days for run in exposed_days(plan))


def days_of_exposure(plan: Experiment) -> int:
    """The same where there are any. Raises NotChecked where there are none."""
    days = planned_days(plan)
    if days <= 0:
        raise NotChecked(("schedule", "end"))
    return days


def entry_days(plan: Experiment) -> int:
    """Days from the first to the last day on which units enter, both included, pauses among them."""
    run_days(plan)
    return (last_exposure(plan) - first_day(plan)).days + 1


def weekday_counts(runs: Iterable[Interval]) -> list[int]:
    """How many days fall on each weekday, from Monday."""
    counts = [0] * 7
    for run in runs:
        weeks, rest = divmod(run.days, 7)
        first = run.first.weekday()
        for offset in range(7):
            counts[(first + offset) % 7] += weeks + (offset < rest)
    return counts


def as_local_day(plan: Experiment, moment: Moment) -> date:
    """The calendar day of a moment in the plan's time zone."""
    return as_day(local(plan, moment))


def first_exposure(plan: Experiment) -> tuple[date, Path]:
    """The day on which the first unit is treated, and where the plan says so: the canary's start or the test's."""
    start: tuple[date, Path] = first_day(plan), ("schedule", "start")
    if plan.canary and plan.canary.start:
        canary: tuple[date, Path] = as_local_day(plan, plan.canary.start), ("canary", "start")
        return min(start, canary, key=lambda found: found[0])
    return start
