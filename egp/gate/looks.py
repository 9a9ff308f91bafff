"""The looks of the plan: which is open, the days whose units it judges, and the rows that it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from egp.gate.clock import day_end, instant
from egp.gate.readout import once
from egp.gate.rows import ends_with, rows_of
from egp.plan.analysis.days import day_after, exposed_days, last_exposure, readout_day, whole_days
from egp.plan.analysis.registered import has_primary_test, look_days
from egp.plan.finding import need
from egp.plan.results import TEST

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.plan.experiment import Metric

QUIET_DAYS = 2
"""At the end of a run: a weekend on which nobody comes is no gap, and an export that fills in days to come is one."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Days that a look judges, and that the rows of a primary do not cover."""

    metric: Metric
    variant: str
    days: list[date]
    is_filled_in: bool
    """Whether there are rows of these days, and they count nobody."""


@once
def planned_looks(readout: Readout) -> tuple[datetime, ...]:
    """The instants at which the primary may be read; under a fixed horizon the last one only."""
    statistics = readout.plan.statistics
    declared = sorted(
        instant(look, readout.zone) for look in (statistics.looks if statistics else None) or ()
    )
    if not declared:
        declared = [instant(day, readout.zone) for day in look_days(readout.plan)]
    sequential = statistics is not None and statistics.method in ("group_sequential", "always_valid")
    return tuple(declared) if sequential else (declared[-1],)


@once
def due_look(readout: Readout) -> int | None:
    """Position of the latest look that the calendar has reached; None before the first."""
    return max(_reached_by(readout, readout.as_of), default=None)


@once
def open_look(readout: Readout) -> int | None:
    """Position of the latest look that is open; None before the first.

    A look opens by what was seen: the results were taken on or after it, and their rows cover every day that it
    judges. The instant of the call opens nothing.
    """
    reached = _reached_by(readout, readout.seen_until)
    return next((at for at in reversed(reached) if not any(gaps(readout, at))), None)


def open_look_instant(readout: Readout) -> datetime:
    """When the open look was. Only where one is."""
    return planned_looks(readout)[need(open_look(readout), "statistics", "looks")]


def is_last_look_open(readout: Readout) -> bool:
    return open_look(readout) == len(planned_looks(readout)) - 1


def _reached_by(readout: Readout, moment: datetime) -> list[int]:
    return [position for position, look in enumerate(planned_looks(readout)) if look <= moment]


def gaps(readout: Readout, position: int) -> Iterator[Gap]:
    """Where the rows of primaries do not cover the days that a look judges.

    In the ramp the look was read before, and results need not have the rows of the test any more.
    """
    if not reads_the_test(readout):
        return
    for _, metric in readout.plan.primaries:
        last = last_judged_day(readout, metric, position)
        days = [
            day_after(run.first, offset) for run in exposed_days(readout.plan) for offset in range(run.days)
        ]
        judged = [day for day in days if day <= last]
        for name in (readout.control, *readout.treatments):
            if absent := _absent(readout, metric, name, judged, last):
                yield Gap(metric, name, absent, is_filled_in=False)
            elif filled_in := _filled_in(readout, metric, judged):
                yield Gap(metric, name, filled_in, is_filled_in=True)


def reads_the_test(readout: Readout) -> bool:
    """Whether the move or the stage is one in which the primaries are read."""
    return has_primary_test(readout.plan) and (readout.stage.position < 0 or readout.is_decision)


def _absent(readout: Readout, metric: Metric, variant: str, days: list[date], last: date) -> list[date]:
    """Those of the judged days, up to the last, that no cohort is of; where there are only totals, that none reaches."""
    cohorts = {row.date for row in rows_of(readout, metric, "cohort", variant, TEST)}
    if cohorts and metric.kind != "quantile":
        return [day for day in days if day not in cohorts]
    totals = rows_of(readout, metric, "total", variant, TEST)
    if metric.kind != "quantile":
        # A sum that may hold units of later days tells nothing of these days alone.
        totals = [
            row for row in totals if row.through and (row.through < last or ends_with(readout, row, last))
        ]
    through = max((row.through for row in totals if row.through), default=None)
    return [day for day in days if through is None or day > through]


def _filled_in(readout: Readout, metric: Metric, days: list[date]) -> list[date]:
    """The last days, where rows of 0 units are all that there is of more of them than can be quiet by themselves.

    Units of any `day` row are a life sign, too: who comes back is nobody's first exposure.
    """
    if metric.kind == "quantile":
        return []
    alive = {
        each.date
        for each in readout.seen
        if each.stage == TEST
        and each.units
        and (each.window == "day" or (each.window, each.metric) == ("cohort", metric.id))
    }
    quiet = list(takewhile(lambda day: day not in alive, reversed(days)))
    return quiet[::-1] if len(quiet) > QUIET_DAYS else []


def last_judged_day(readout: Readout, metric: Metric, look: int | None = None) -> date:
    """The last day of first exposure whose units a look judges, the latest one unless another is named."""
    at = open_look(readout) if look is None else look
    day = planned_looks(readout)[at].date() if at is not None else readout_day(readout.plan)
    waits = outcome_window_days(metric) if metric.judged_on == "matured_cohort" else 0
    return min(last_exposure(readout.plan), day_after(day, -1 - waits))


def maturity(readout: Readout, metric: Metric) -> datetime:
    """When the outcomes of all units that the readout judges are complete."""
    return day_end(day_after(last_judged_day(readout, metric), outcome_window_days(metric)), readout.zone)


def immature_days(readout: Readout, metric: Metric) -> list[date]:
    """Days of first exposure that the readout judges, and whose outcomes are not counted to their end."""
    window, last = outcome_window_days(metric), last_judged_day(readout, metric)
    rows = [row for row in rows_of(readout, metric, "cohort") if row.date is not None and row.date <= last]
    return sorted(
        {row.date for row in rows if row.date and (row.through or row.date) < day_after(row.date, window)}
    )


def complete_days(readout: Readout, metric: Metric) -> list[date]:
    """Days of first exposure in the stage so far whose outcomes are counted to their end."""
    window = outcome_window_days(metric)
    rows = rows_of(readout, metric, "cohort")
    return sorted(
        {row.date for row in rows if row.date and (row.through or row.date) >= day_after(row.date, window)}
    )


def outcome_window_days(metric: Metric) -> int:
    return whole_days(metric.outcome_window or timedelta())
