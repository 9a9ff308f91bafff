"""No metric moved that the treatment cannot move.

A negative control is chosen because nothing of the treatment reaches it: what units did before they entered, an event on
another surface. If it differs between the variants all the same, the variants differ in something else, be it the split, the
logging or the joins, and whatever does that does it to the primary too. Each is compared two-sided at the look, on the units
that the look judges; the level, `statistics.negative_control_alpha` or 0.1 %, is that of all of them and of all treatments
together (Holm). One that moved withholds the primary and the guardrails' non-inferiority, as a wrong split does, and holds
for repair: the numbers are not evidence of anything until the reason is known. Stop rules and limits go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from egp.gate.amounts import p_shown, signed, unit_of
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.looks import open_look
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.unmoved import comparison_of, unmoved
from egp.plan.analysis.negative_controls import family_alpha
from egp.plan.experiment import Metric
from egp.plan.quantity import shown
from egp.plan.wording import significant
from egp.rules.rule import Params

if TYPE_CHECKING:
    from egp.gate.unmoved import Unmoved


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not readout.is_decision or open_look(readout) is None:
        return
    judged = {(each.metric.name, each.treatment): each for each in unmoved(readout)}
    yield from one_by_one(
        GuardedPart(partial(_read, readout, metric, treatment, judged), metric.name, treatment)
        for _, metric in readout.plan.unmoved
        for treatment in readout.treatments
    )


def _read(
    readout: Readout, metric: Metric, treatment: str, judged: dict[tuple[str, str], Unmoved]
) -> Iterator[Reading]:
    found = judged.get((metric.name, treatment))
    if found is None:
        comparison_of(readout, metric, treatment)  # says what it lacks
        return
    alpha, seen = family_alpha(readout.plan), found.seen
    has_moved = found.p_value < alpha
    observed = f"{signed(seen.difference.estimate, unit_of(metric))}, {p_shown(found.p_value)}"
    yield Reading(
        "fail" if has_moved else "pass",
        f"{shown(metric.id)}, which the treatment cannot move: {observed} among all negative controls"
        + (": it moved, so that the data are suspect" if has_moved else ""),
        observed=observed,
        required=f"p of at least {significant(alpha, 2)}",
        interval=seen.difference.interval(alpha),
        numbers={"estimate": seen.difference.estimate, **seen.numbers(found.p_value)},
        kind="repair" if has_moved else "",
        next="find out how the variants differ besides the treatment: split, logging, joins"
        if has_moved
        else "",
        metric=metric.name,
        variant=treatment,
    )


PLAIN = "something moved that the change cannot move, so that no number can be trusted"
"""What it means that the check is open, for people who read no statistics."""
