"""A holdback without an end is reviewed on the days that its plan names.

What was agreed goes as far as the last review. From that day on the gate holds until the plan is amended: with a further
review, if the holdback goes on, or with an end. Before, it says which review is next. A holdback with an end needs none.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.clock import instant
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    schedule = readout.plan.schedule
    if (
        readout.plan.type != "holdback"
        or schedule is None
        or not schedule.reviews
        or schedule.end is not None
    ):
        return
    following = next(
        (day for day in sorted(schedule.reviews) if instant(day, readout.zone) > readout.as_of), None
    )
    if following is not None:
        yield Reading("pass", f"the holdback is reviewed next on {following}", observed=str(following))
        return
    last = max(schedule.reviews)
    yield Reading(
        "fail",
        f"the last review that the plan names was due on {last}, and nothing is agreed beyond it",
        observed=str(last),
        required="a review to come, or an end",
        kind="repair",
        next="amend the plan: `schedule.reviews` with a further day if the holdback goes on, else `schedule.end`",
    )


PLAIN = "somebody has to decide whether the holdback goes on"
"""What it means that the check is open, for people who read no statistics."""
