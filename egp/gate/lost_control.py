"""Whether harm is seen only because control's events stopped arriving: a fault of the data, which withdraws no treatment.

A treatment looks harmful beside a control that lost its events, wherever less is better. Control's own past and the plan's
baseline tell the two apart: real harm raises the treatment and leaves control where it was. Here it is the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from egp.gate.activity import Activity, Course, activity, together
from egp.gate.readout import Readout
from egp.gate.rows import rows_of
from egp.plan.experiment import Metric
from egp.plan.quantity import shown
from egp.plan.results import Window
from egp.stats.values import NamedTuple

HALF = 0.5
"""Control that does less than this share of its baseline, and of a treatment that keeps to it, lost events."""

ABRUPT = 0.7
"""The same of days beside control's other days, where the treatment goes on as before."""

AS_BEFORE = 1.25
"""A treatment up to so many times where it is to be goes on as before."""

SURPRISE = math.log(1e5)
"""In nats: by chance not one in a hundred thousand."""


class _Pair(NamedTuple):
    """What both did on a day, or in a week."""

    control: Activity
    treatment: Activity
    day: str


def lost_by_control(readout: Readout, metric: Metric, treatment: str) -> str:
    """What shows that control's events do not arrive while the treatment's do; empty where nothing does."""
    if metric.kind == "quantile" or not readout.stage.has_control or treatment == readout.control:
        return ""
    if metric.direction == "decrease":
        return next(_shortfalls(readout, metric, treatment, of_denominator=False), "")
    if metric.kind == "ratio":  # a denominator that is lost makes control look better
        return next(_shortfalls(readout, metric, treatment, of_denominator=True), "")
    return ""


def _shortfalls(readout: Readout, metric: Metric, treatment: str, *, of_denominator: bool) -> Iterator[str]:
    name = f"the denominator of {shown(metric.id)}" if of_denominator else shown(metric.id)
    windows: tuple[Window, ...] = ("cohort", "total", "day", "week")
    for window in windows:
        pairs = _pairs(readout, metric, treatment, window, of_denominator=of_denominator)
        if not pairs:
            continue
        here, there = together(pair.control for pair in pairs), together(pair.treatment for pair in pairs)
        per = 1.0
        if metric.kind == "ratio":
            per = together(
                activity(row, of_denominator=True)
                for row in rows_of(readout, metric, window, treatment)
            ).rate  # fmt: skip
        baseline = metric.baseline.value * per if metric.baseline and not of_denominator else 0.0
        if _fell_short(here, there, baseline):
            yield f"{name} of control is {here.rate / baseline:.0%} of its baseline, and the treatment's is not above it"
        control, treated = Course(pair.control for pair in pairs), Course(pair.treatment for pair in pairs)
        for start in range(1, len(pairs)):
            for begin, end in ((start, len(pairs)), (start, start + 1), (0, start)):
                if _stopped(control, treated, begin, end):
                    days = (
                        f"from {pairs[begin].day} on" if end == len(pairs) else f"until {pairs[end - 1].day}"
                    )
                    yield f"events of {name} of control stopped arriving {days}, and the treatment's did not"


def _fell_short(control: Activity, treatment: Activity, baseline: float) -> bool:
    return (
        baseline > 0
        and treatment.rate <= AS_BEFORE * baseline
        and control.short_of(treatment, HALF) > SURPRISE
        and control.short_of_rate(HALF * baseline, treatment.size) > SURPRISE
    )


def _stopped(control: Course, treatment: Course, start: int, end: int) -> bool:
    """On these days control does less than on its others, and the treatment does not do more."""
    here, before = control.within(start, end), control.without(start, end)
    there, usual = treatment.within(start, end), treatment.without(start, end)
    return (
        there.rate <= AS_BEFORE * usual.rate
        and here.short_of(before, ABRUPT) > SURPRISE
        and here.short_of(there, ABRUPT * min(before.rate / usual.rate, 1.0) if usual.rate else 0.0)
        > SURPRISE
    )


def _pairs(
    readout: Readout, metric: Metric, treatment: str, window: Window, *, of_denominator: bool
) -> list[_Pair]:
    """Control's and the treatment's rows of the same days, counted for equally long, in order of time."""
    theirs = {(row.date, row.through): row for row in rows_of(readout, metric, window, treatment)}
    found = []
    for row in sorted(rows_of(readout, metric, window, readout.control), key=lambda row: row.key):
        other = theirs.get((row.date, row.through))
        if other is not None:
            one, two = (activity(each, of_denominator=of_denominator) for each in (row, other))
            found.append(_Pair(one, two, str(row.date)))
    return found
