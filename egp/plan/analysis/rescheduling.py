"""The dates that move together: what else a plan must change when its run or its readout moves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.days import (
    as_local_day,
    day_after,
    day_before_end,
    first_day,
    last_day,
    last_exposure,
    readout_day,
    schedule_of,
    unpaused,
    weekday_counts,
    whole_days,
)
from egp.plan.remedy import Remedy, addition, open_if
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.quantity import Interval
    from egp.yaml import Path

SATURDAY = 5
TWO_WEEKS = 14
"""Days that a plan has at least under the policies egp ships; advice about dates never goes below it."""

PAUSES: Path = ("schedule", "pauses")
_START: Path = ("schedule", "start")
ENROLMENT_END: Path = ("schedule", "enrolment_end")
_WATCHED_AFTER_RAMP = timedelta(days=7)
_LATEST_END = 70
"""Days within which an end is looked for."""


def working_day(day: date) -> date:
    """The day, or the Monday after it if it falls on a weekend."""
    return day_after(day, 7 - day.weekday()) if day.weekday() >= SATURDAY else day


def settings_of_start(plan: Experiment, day: date) -> list[Setting]:
    """Settings for a plan whose first unit is treated on the day or later, its run as long as it was."""
    start = max(day, first_day(plan))
    canary = plan.canary
    if canary and canary.start and as_local_day(plan, canary.start) < day:
        first = as_local_day(plan, canary.start)
        last = day_after(day, (day_before_end(plan, canary.end) - first).days) if canary.end else day
        start = max(start, day_after(last, 1))
        moved = [_dated(("canary", "start"), day), _dated(("canary", "end"), last)]
        return moved if start == first_day(plan) else moved + _settings_of_test(plan, start)
    return _settings_of_test(plan, start)


def settings_of_moved_test(plan: Experiment, start: date, end: date) -> list[Setting]:
    """Settings for a test on other days, its canary as long before it as it was, with every date that follows."""
    shift, canary = (start - first_day(plan)).days, plan.canary
    settings = []
    if canary and canary.start:
        settings.append(_dated(("canary", "start"), day_after(as_local_day(plan, canary.start), shift)))
    if canary and canary.end:
        settings.append(_dated(("canary", "end"), day_after(day_before_end(plan, canary.end), shift)))
    return [*settings, *settings_of_run(plan, start, end)]


def _settings_of_test(plan: Experiment, start: date) -> list[Setting]:
    """Settings of a test that starts later."""
    if schedule_of(plan).end is None:
        return [_dated(_START, start)]
    return settings_of_run(plan, start)


def _dated(path: Path, day: date) -> Setting:
    return Setting(path, day.isoformat())


def settings_of_run(plan: Experiment, start: date, end: date | None = None) -> list[Setting]:
    """Settings for a run from ``start`` on, with every date that must follow; it ends where it is as long as it was."""
    first, last = first_day(plan), last_day(plan)
    end = end or day_after(start, max(TWO_WEEKS - 1, (last - first).days))
    settings = [*([] if start == first else [_dated(_START, start)]), _dated(("schedule", "end"), end)]
    if schedule_of(plan).enrolment_end is not None and start != first:
        settings.append(_dated(ENROLMENT_END, _last_entry(plan, start, end)))
    pauses = schedule_of(plan).pauses
    kept = [pause for pause in pauses if pause.first >= start and pause.last <= end]
    if len(kept) < len(pauses):
        settings.append(Setting(PAUSES, [f"{pause.first}/{pause.last}" for pause in kept]))
    return settings + _settings_after(plan, start, end)


def settings_of_readout(plan: Experiment, earliest: date) -> list[Setting]:
    """Settings for a readout on ``earliest`` or the first working day that will do, with every date that follows."""
    day = working_day(max(earliest, _matured(plan, first_day(plan), last_day(plan))))
    return _settings_of_looks(plan, day, 0)


def even_end(first: date, end: date, pauses: tuple[Interval, ...]) -> date | None:
    """The earliest end, from ``end`` on, at which every weekday counts alike; None where the pauses forbid it."""
    for later in range(_LATEST_END):
        last = day_after(end, later)
        counts = weekday_counts(unpaused(first, last, pauses))
        if min(counts) == max(counts) > 0:
            return last
    return None


def _settings_after(plan: Experiment, start: date, end: date) -> list[Setting]:
    """What follows from the days of the run: the looks, the ramp and the holdout."""
    looks = plan.statistics.looks if plan.statistics else None
    if not looks:
        if plan.type in ("rollout", "holdback"):
            return _settings_after_readout(plan, start)
        implied, matured = day_after(end, 1), _matured(plan, start, end)
        if matured <= implied:
            return _settings_after_readout(plan, implied)
        return _settings_of_looks(plan, working_day(matured), 0)
    shift = (start - first_day(plan)).days
    agreed, earliest = readout_day(plan), _matured(plan, start, end)
    if agreed >= earliest and not shift:
        return []
    return _settings_of_looks(plan, agreed if agreed >= earliest else working_day(earliest), shift)


def _matured(plan: Experiment, start: date, end: date) -> date:
    """The first day on which the readout can judge what the plan says it judges."""
    earliest = day_after(end, 1)
    for _, metric in (*plan.primaries, *plan.guardrails):
        if metric.outcome_window:
            is_cohort = metric.judged_on == "matured_cohort"
            last_judged = start if is_cohort else _last_entry(plan, start, end)
            earliest = max(earliest, day_after(last_judged, 1 + whole_days(metric.outcome_window)))
    return earliest


def _last_entry(plan: Experiment, start: date, end: date) -> date:
    """The last day on which units enter a run of these days: an enrolment is as long as it was."""
    if schedule_of(plan).enrolment_end is None:
        return end
    return day_after(last_exposure(plan), (start - first_day(plan)).days)


def _settings_of_looks(plan: Experiment, last: date, shift: int) -> list[Setting]:
    """The looks as they are, moved with the start, the last of them on its new day; and what follows from that."""
    looks = sorted(
        as_local_day(plan, look) for look in (plan.statistics.looks if plan.statistics else None) or ()
    )
    earlier = [day for look in looks[:-1] if (day := day_after(look, shift)) < last]
    looks_then = Setting(("statistics", "looks"), [day.isoformat() for day in (*earlier, last)])
    return [looks_then, *_settings_after_readout(plan, last)]


def _settings_after_readout(plan: Experiment, readout: date) -> list[Setting]:
    """Stages that would start before the readout or in the dwell before them, and a holdout that ends too early."""
    settings, earliest = [], readout
    for position, stage in enumerate(plan.ramp):
        start = as_local_day(plan, stage.start) if stage.start else earliest
        if start < earliest:
            start = working_day(earliest)
            settings.append(_dated(("ramp", position, "start"), start))
        earliest = day_after(start, whole_days(stage.min_dwell or timedelta(0)))
    until, least = plan.holdout.until if plan.holdout else None, day_after(earliest, _WATCHED_AFTER_RAMP.days)
    if until and until < least:
        settings.append(_dated(("holdout", "until"), working_day(least)))
    return settings


def known_at_once(path: Path) -> Remedy:
    """The window of a metric whose outcomes need no time."""
    known = "an outcome is known at once"
    after = f" if {known}, else the time it needs"
    return addition((*path, "outcome_window"), "0d", after, open_if(known))
