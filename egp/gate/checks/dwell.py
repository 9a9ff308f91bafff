"""The treatment has been in its stage for the least time that the plan gives it.

Harm takes time to show, so a stage that is left early was not watched. The time counts from the latest of three instants:
at which the ledger says that the stage was entered, that its receipt judged, and the day of the first row that was seen at
that share. It counts in hours that have passed: a change of the clocks neither adds one nor takes
one away. The canary ends when the plan says so, and nothing comes before it; the test has its own runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from egp.gate.clock import after, elapsed, instant, shown_instant, to_go
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.settings import policy_option
from egp.plan.finding import need
from egp.plan.results import CANARY
from egp.plan.wording import length
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    stage = readout.stage
    if readout.move.kind in ("monitor", "canary") or stage.begin is None:
        return
    begin, seen_since = _begin(readout, stage.begin)
    if stage.name == CANARY and stage.end is not None:
        complete = stage.end
    elif 0 <= stage.position < len(readout.plan.ramp):
        least = need(readout.plan.ramp[stage.position].min_dwell, "ramp", stage.position, "min_dwell")
        asked = policy_option(readout, "hours_of_a_stage", 0)
        complete = after(begin, max(least, timedelta(hours=asked)))
    else:
        return
    required, seen = elapsed(begin, complete), elapsed(begin, readout.as_of)
    since = f"in {stage.name} since {shown_instant(begin)}{seen_since}"
    if elapsed(readout.as_of, complete) <= timedelta():
        message = f"{since}, at least {length(required)} required"
        yield Reading("pass", message, observed=_hours(seen), required=length(required))
        return
    left = to_go(elapsed(readout.as_of, complete))
    yield Reading(
        "fail",
        f"{since}: dwell complete {shown_instant(complete)}, {left} to go",
        observed=_hours(seen),
        required=length(required),
        kind="wait",
        next=f"call again at {shown_instant(complete)}, {left} to go",
        until=complete,
    )


def _begin(readout: Readout, entered: datetime) -> tuple[datetime, str]:
    """From when on the stage counts: not before a row of it was seen, whenever it was entered."""
    if readout.stage.position < 0:
        return entered, ""
    days = (each.date for each in readout.seen if each.stage == readout.stage.name and each.date)
    first = min(days, default=None)
    if first is None or first <= entered.date():
        return entered, ""
    return instant(first, readout.zone), ", the day of its first row"


def _hours(duration: timedelta) -> str:
    """Rounded down: a dwell that lacks a minute does not read as complete."""
    return f"{duration // timedelta(hours=1)} h {duration % timedelta(hours=1) // timedelta(minutes=1)} min"


PLAIN = "the stage has not lasted long enough"
"""What it means that the check is open, for people who read no statistics."""
