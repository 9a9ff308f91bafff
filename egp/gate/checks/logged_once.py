"""Exposures and events say whose they are and when, and are there once.

A warehouse that computes the rows counts what it cannot use: exposures without their unit, variant or instant, and events
without their unit or instant, which are in no row. Where that happens to one variant more than to the other, the arms are no
longer comparable, and nobody can tell from the rows; more than `max_lacking` of them, per unit of the stage, hold. A unit with
an exposure that is there twice, to the same instant, is counted once, and says that the pipeline delivers twice; of its events
nobody knows which are real and which are copies. More than `max_repeated` of the units hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.plan.quantity import Share
from egp.plan.wording import counted, significant
from egp.rules.rule import AtLeast
from egp.rules.rule import Params as RuleParams


class Params(RuleParams):
    max_lacking: Annotated[
        Share,
        "exposures, and events, that may lack their unit or instant, as a share of a stage's units",
        AtLeast(0),
    ] = Share(0.001)
    max_repeated: Annotated[
        Share, "share of a stage's units that may have an exposure twice to the same instant", AtLeast(0)
    ] = Share(0.01)


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    for stage in readout.evidence.counts:
        of = f"of the stage {stage.stage}"
        lost = f"{of} without a known unit or time {{}} in no row"
        yield from _reading(
            stage.exposures_without, "exposure", lost, stage.units, params.max_lacking,
            "find out where units are lost on the way to the warehouse",
        )  # fmt: skip
        yield from _reading(
            stage.events_without, "event", lost, stage.units, params.max_lacking,
            "find out where units are lost on the way to the warehouse",
        )  # fmt: skip
        yield from _reading(
            stage.repeated, "unit", f"{of} {{has}} an exposure twice to the same instant", stage.units, params.max_repeated,
            "find out what is delivered twice; events may be, too, and are then counted twice",
        )  # fmt: skip


def _reading(number: int, what: str, phrase: str, units: int, most: Share, next: str) -> Iterator[Reading]:
    if not number:
        return
    share = number / units if units else 1.0
    is_one = number == 1
    words = phrase.replace("{has}", "has" if is_one else "have").replace("{}", "is" if is_one else "are")
    rounded, is_much = significant(share * 100, 2), share > most
    yield Reading(
        "fail" if is_much else "pass",
        f"{counted(number, what)} {words} ({rounded} % of {units:,} units)",
        observed=f"{rounded} %",
        required=f"at most {significant(most * 100, 2)} %",
        numbers={f"{what}s": float(number), "of_units": float(units)},
        kind="repair" if is_much else "",
        next=next if is_much else "",
    )


PLAIN = "what was logged lacks something, or is there twice"
"""What it means that the check is open, for people who read no statistics."""
