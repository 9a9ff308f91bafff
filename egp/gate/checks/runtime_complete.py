"""The test has run to its planned end, and its look has come.

Stopping on the day on which it looks best is how noise gets shipped. A fixed horizon is read once, at its last look;
a group-sequential or always-valid plan at the looks that it declares, and never with fewer consecutive days at full
exposure than the policy's minimum-runtime requires. A look opens once results were taken on or after it and their rows
cover every day that it judges, whatever the instant of the call. Rows of 0 units cover a day, but not more than two at
the end of the run without any unit: an export that fills in days to come has such rows. `day` rows of units that come
back say that a quiet end was seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egp.gate.clock import day_end, elapsed, instant, shown_instant, shown_look, to_go
from egp.gate.exposure import days_over
from egp.gate.looks import due_look, is_last_look_open, open_look, open_look_instant, planned_looks
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.settings import policy_option
from egp.gate.withholding import withheld_because
from egp.plan.analysis.days import day_after, first_day, full_days
from egp.plan.wording import counted
from egp.rules.rule import Params

SHORTEST_RUN = 14
"""Days requested where the policy requires no run of a length."""


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not readout.is_decision:
        return
    if due_look(readout) is None:
        yield _too_early(readout)
        return
    if open_look(readout) is None:
        yield _not_seen(readout)
        return
    read = open_look_instant(readout)
    least = int(policy_option(readout, "shortest_run", SHORTEST_RUN))
    consecutive = _consecutive_days(readout, day_after(read.date(), -1))
    goes_on = readout.plan.type == "holdback" or not is_last_look_open(readout)
    ends = None if goes_on else readout.stage.end
    if consecutive >= least and not (ends and readout.as_of < ends):
        message = f"{counted(consecutive, 'consecutive day')} at full exposure, read at the look of {shown_look(read)}"
        yield Reading("pass", message, observed=counted(consecutive, "day"), required=counted(least, "day"))
        return
    complete = ends or day_end(day_after(first_day(readout.plan), least - 1), readout.zone)
    is_over = readout.as_of >= complete
    yield Reading(
        "fail",
        f"{counted(consecutive, 'consecutive day')} at full exposure of {least}",
        observed=counted(consecutive, "day"),
        required=counted(least, "day"),
        kind="inconclusive" if is_over else "wait",
        next="keep control, and register a rerun that is not interrupted"
        if is_over
        else f"wait until {complete:%Y-%m-%d}",
        until=None if is_over else complete,
    )


def _consecutive_days(readout: Readout, last: date) -> int:
    """The longest run of whole days at full exposure, up to a day."""
    runs = [run for run in full_days(readout.plan) if run.first <= last]
    return max(((min(run.last, last) - run.first).days + 1 for run in runs), default=0)


def _not_seen(readout: Readout) -> Reading:
    """The day of the look has come, and the results have not."""
    look, reason = shown_look(planned_looks(readout)[0]), withheld_because(readout)
    return Reading(
        "fail",
        f"the look of {look} has come, and is not open: the primary is {reason}",
        observed=f"taken {shown_instant(readout.taken)}",
        required=f"results of the look of {look}",
        kind="repair",
        next=reason.advice if reason else "",
    )


def _too_early(readout: Readout) -> Reading:
    look, days = planned_looks(readout)[0], sum(run.days for run in days_over(readout))
    start = instant(first_day(readout.plan), readout.zone)
    if readout.as_of < start:
        message = f"the test starts on {start:%Y-%m-%d}, and is read on {shown_look(look)}"
    else:
        total = sum(run.days for run in full_days(readout.plan))
        message = f"day {min(days + 1, total)} of {total}: the primary is read on {shown_look(look)}, and not before"
    left = to_go(elapsed(readout.as_of, look))
    return Reading(
        "fail",
        message,
        observed=counted(days, "day"),
        required=f"the look of {shown_look(look)}",
        kind="wait",
        next=f"call again on {shown_look(look)}, {left} to go",
        until=look,
    )


PLAIN = "the run is not over"
"""What it means that the check is open, for people who read no statistics."""
