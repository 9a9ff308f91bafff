"""How far the current stage has come: which of its days and weeks are over, and the share of the units that each variant is due."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from egp.gate.readout import once
from egp.gate.rows import rows_of
from egp.plan.analysis.days import day_after, last_exposure, treated_days, unpaused
from egp.plan.finding import NotChecked, need
from egp.plan.quantity import Interval
from egp.plan.results import TEST

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.plan.experiment import Metric
    from egp.plan.results import Window

WEEK = 7
MOST_DAYS = 3660


def has_stage_begun(readout: Readout) -> bool:
    """Whether the stage can have shown anything: a day of it is over, or rows of it are there already."""
    begin = readout.stage.begin
    if begin is None or begin >= readout.as_of:
        return False
    is_a_day_old = begin.date() < readout.as_of.date()
    return is_a_day_old or any(each.stage == readout.stage.name for each in readout.seen)


@once
def days_over(readout: Readout) -> list[Interval]:
    """Days of the current stage that were over when the results were taken and on which units were treated, in runs."""
    yesterday = day_after(readout.seen_until.date(), -1)
    if readout.stage.name == TEST:
        runs = treated_days(readout.plan)
    elif readout.stage.begin is None:
        return []
    else:
        end = readout.stage.end
        last = day_after(end.date(), -1) if end else yesterday
        pauses = readout.plan.schedule.pauses if readout.plan.schedule else ()
        runs = unpaused(readout.stage.begin.date(), max(last, readout.stage.begin.date()), pauses)
    return [Interval(run.first, min(run.last, yesterday)) for run in runs if run.first <= yesterday]


@once
def each_day_over(readout: Readout) -> list[date]:
    """The same days one by one, the first ten years of them."""
    days = (day_after(run.first, offset) for run in days_over(readout) for offset in range(run.days))
    return list(islice(days, MOST_DAYS))


def entry_days_over(readout: Readout) -> list[date]:
    """Those of them on which units entered: the days of an enrolment, and in every other stage all."""
    days = each_day_over(readout)
    if readout.stage.name != TEST or readout.stage.entered_until is None:
        return days
    last = last_exposure(readout.plan)
    return [day for day in days if day <= last]


def weeks_over(readout: Readout, metric: Metric) -> list[date]:
    """First days of the weeks that are over: counted from the start in the test, in the ramp from the metric's first row.

    A first week whose row was refused is still the first. Where there is none, weeks are counted from the day of entry.
    """
    days = each_day_over(readout)
    if not days:
        return []
    seen = [row.date for row in rows_of(readout, metric, "week") if row.date is not None]
    seen += [
        about.date
        for about in readout.lost
        if about.window == "week" and about.metric == metric.id and about.date
    ]
    first = days[0]
    if readout.stage.name != TEST and seen and (min(seen) - first).days < WEEK:
        first = min(seen)
    return [day_after(first, offset) for offset in range(0, (days[-1] - first).days - WEEK + 2, WEEK)]


def windows_over(readout: Readout, metric: Metric, window: Window) -> list[date]:
    """First days of the days or weeks that are over, of which a metric that is watched by them needs rows."""
    return weeks_over(readout, metric) if window == "week" else each_day_over(readout)


def expected_shares(readout: Readout) -> dict[str, float]:
    """Expected share of the units that each variant has in the current stage. Raises NotChecked where no treatment has a weight."""
    declared: dict[str, float] = {
        name: need(variant.weight, "variants") for name, variant in readout.variants.items()
    }
    treated = readout.stage.treated
    if treated is None:
        return declared
    among = sum(declared[name] for name in readout.treatments)
    if among <= 0:
        help = "register a new plan that gives treatments a weight: in this one nobody would be treated"
        raise NotChecked(("variants",), "no treatment has a weight above zero", help)
    shares = {name: treated * declared[name] / among for name in readout.treatments}
    return {readout.control: 1 - treated, **shares}
