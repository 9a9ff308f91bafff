"""The results were taken shortly before they are judged, and not after.

The question is whether traffic may be raised now, or whether all is well now. Results of last month answer for last
month: whatever has happened since is not in them. Those for a raise may be 36 hours old, one daily export and half a
day; those that watch a stage 72 hours, a weekend. Results that were taken after the instant that is judged know what
nobody knew then. Five minutes are allowed, by which the clocks of two machines may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from egp.gate.clock import MAX_SKEW, elapsed, shown_instant, to_go
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.plan.wording import length
from egp.rules.rule import Params as RuleParams


class Params(RuleParams):
    max_age: Annotated[timedelta, "age that results may have for a raise"] = timedelta(hours=36)
    max_age_monitoring: Annotated[timedelta, "age that results may have for watching a stage"] = timedelta(
        hours=72
    )


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    is_raise = readout.move.kind != "monitor"
    longest = params.max_age if is_raise else params.max_age_monitoring
    age, taken = elapsed(readout.taken, readout.as_of), shown_instant(readout.taken)
    required = f"at most {length(longest)} old"
    if age < -MAX_SKEW:
        yield _trouble(
            f"the results were taken {taken}, after {shown_instant(readout.as_of)}, the instant that is judged",
            f"taken {to_go(-age)} later",
            "taken before",
            f"judge as of {readout.taken.isoformat()} or later, or correct `as_of` in the results",
        )
    elif age > longest:
        what = "a raise" if is_raise else "watching a stage"
        yield _trouble(
            f"the results were taken {taken}, {to_go(age)} ago; for {what} they may be {length(longest)} old",
            f"{to_go(age)} old",
            required,
            "take the results again",
        )
    else:
        yield Reading("pass", f"the results were taken {taken}", observed=taken, required=required)


def _trouble(message: str, observed: str, required: str, next: str) -> Reading:
    return Reading("fail", message, observed=observed, required=required, kind="repair", next=next)


PLAIN = "the results are not of now"
"""What it means that the check is open, for people who read no statistics."""
