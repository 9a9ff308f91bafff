"""A treatment that was rolled back begins anew: its canary is that of the ledger, and no longer that of the plan's dates.

It lasts as long as the plan gave the first one. Rows of the first one are of what was withdrawn, and lie before it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from egp.gate.clock import after, day_end, elapsed, instant
from egp.gate.move import Move
from egp.gate.verdict import Crash, Decision, combined, decide
from egp.plan.results import TEST
from egp.plan.typed_reader import changed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta, tzinfo

    from egp.gate.readout import Readout
    from egp.plan.experiment import Canary, Experiment
    from egp.record.ledger import Ledger


def dated_by(ledger: Ledger | None, plan: Experiment, zone: tzinfo) -> Experiment:
    """The plan with its canary at the instant at which it began anew."""
    again = ledger.canary_again if ledger is not None else None
    if again is None or plan.canary is None:
        return plan
    lasts = _length(plan.canary, zone)
    end = after(again.begins, lasts) if lasts is not None else None
    return changed(plan, canary=changed(plan.canary, start=again.begins, end=end))


def _length(canary: Canary, zone: tzinfo) -> timedelta | None:
    if canary.start is None or canary.end is None:
        return None
    end = canary.end if isinstance(canary.end, datetime) else day_end(canary.end, zone)
    return elapsed(instant(canary.start, zone), instant(end, zone))


def decided(readout: Readout, troubles: Iterable[Crash]) -> Decision:
    """The gate's answer. From a canary that began anew the first stage of the ramp rests on two things: on the readout
    of the test, and on what the canary showed, as the way from a canary into the test does."""
    decision = decide(readout, troubles)
    if not (readout.in_canary_again and readout.is_decision):
        return decision
    return combined(decision, decide(replace(readout, move=Move("test", name=TEST))))
