"""No traffic is raised in a freeze or in a peak sale.

In these periods whoever would repair a broken stage is away or may not, and most customers would meet it. The policy's
`calendars` name them, in days of the plan's time zone; `calendar-conflict` requires the same of a plan's dates. Holding is
all they do: `--monitor` goes on, a roll back is never held back, and their days do not count against the age of a readout.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time

from egp.gate.clock import elapsed, to_go
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.settings import change_windows
from egp.plan.analysis.days import day_after
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    windows = change_windows(readout)
    if readout.move.kind == "monitor" or not windows:
        return
    today = readout.as_of.date()
    around = [(period, name) for period, name in windows if today in period]
    if not around:
        message = f"{today} is clear of {listing(map(shown, readout.organisation.calendars), 'or')}"
        yield Reading("pass", message, observed=str(today), required="no change window")
        return
    free = today
    for period, _ in windows:
        if free in period:
            free = day_after(period.last, 1)
    opens = datetime.combine(free, time(0), readout.zone)
    period, name = around[0]
    yield Reading(
        "fail",
        f"{today} lies in {shown(name)} ({period}), in which no traffic is raised",
        observed=f"in {shown(name)}",
        required="no change window",
        kind="wait",
        next=f"call again on {free}, {to_go(elapsed(readout.as_of, opens))} to go",
        until=opens,
    )


PLAIN = "no traffic is raised in this period"
"""What it means that the check is open, for people who read no statistics."""
