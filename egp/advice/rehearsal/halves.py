"""Units split at random: which buckets are in which variant, in the test and in each stage after it.

A bucket keeps its place in the order that a run draws: who is treated in the test is treated in every later stage, and the
holdout is last.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.advice.rehearsal.timeline import LifeStage, RehearsedLife
from egp.plan.finding import need
from egp.plan.results import CANARY, TEST

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

FEWEST_BUCKETS, MOST_BUCKETS = 2000, 5040
_WHOLE = 1e-9
Ranges = Mapping[str, Sequence[tuple[int, int]]]
"""Variant → from where up to where in a run's order of buckets its units are."""


@dataclass(frozen=True, slots=True)
class Split:
    """How many buckets there are, and which of them each stage gives to each variant."""

    buckets: int
    stages: Mapping[str, Ranges]

    def order(self, seed: int, run: int) -> list[int]:
        """The buckets in the order of a run."""
        found = list(range(self.buckets))
        random.Random(f"{seed}/{run}").shuffle(found)
        return found


def split_of(plan: Experiment, life: RehearsedLife) -> Split:
    """So many buckets that every share is a whole number of them, or as nearly as can be."""
    shares = [*_shares(plan), *(float(each.treated) for each in life.stages if each.treated is not None)]

    def apart(buckets: int) -> float:
        return max((abs(share * buckets - round(share * buckets)) / buckets for share in shares), default=0.0)

    candidates = range(FEWEST_BUCKETS, MOST_BUCKETS + 1)
    whole = next((each for each in candidates if apart(each) < _WHOLE), None)
    buckets = whole or min(candidates, key=apart)
    return Split(buckets, {each.name: _ranges(plan, each, buckets) for each in life.stages})


def _shares(plan: Experiment) -> list[float]:
    exposure = float((plan.schedule and plan.schedule.exposure) or 1.0)
    weights = [need(each.weight, "variants") for each in plan.variants or ()]
    canary = float(plan.canary.treated) if plan.canary and plan.canary.treated else 0.0
    control = plan.control_position or 0
    among = sum(weight for at, weight in enumerate(weights) if at != control)
    treated = [weight for at, weight in enumerate(weights) if at != control]
    return [*(exposure * weight for weight in weights), *(canary * weight / among for weight in treated)]


def _ranges(plan: Experiment, stage: LifeStage, buckets: int) -> Ranges:
    variants = plan.variants or ()
    control = need(plan.control_position, "variants")
    names = [need(each.id, "variants") for each in variants]
    treatments = [at for at in range(len(names)) if at != control]
    exposure = float((plan.schedule and plan.schedule.exposure) or 1.0)
    # The treatment that is ramped first, then control, whose buckets the ramp takes next.
    begin, place = 0, {}
    for at in (treatments[0], control, *treatments[1:]):
        count = round(exposure * float(need(variants[at].weight, "variants")) * buckets)
        place[at] = (begin, min(begin + count, buckets))
        begin += count
    if stage.name == TEST:
        return {names[at]: [span] for at, span in place.items()}
    treated = float(stage.treated or 0.0)
    if stage.name == CANARY:
        among = sum(float(need(variants[at].weight, "variants")) for at in treatments)
        ours = {
            at: (
                place[at][0],
                place[at][0]
                + round(treated * float(need(variants[at].weight, "variants")) / among * buckets),
            )
            for at in treatments
        }
        found: dict[str, Sequence[tuple[int, int]]] = {names[at]: [span] for at, span in ours.items()}
        found[names[control]] = _others(ours.values(), buckets)
        return found
    count = round(treated * buckets)
    ramped: dict[str, Sequence[tuple[int, int]]] = {names[treatments[0]]: [(0, count)]}
    return {**ramped, names[control]: [(count, buckets)]} if count < buckets else ramped


def _others(taken: Collection[tuple[int, int]], buckets: int) -> list[tuple[int, int]]:
    """What lies between and behind some ranges."""
    found, at = [], 0
    for first, end in sorted(taken):
        if first > at:
            found.append((at, first))
        at = end
    return [*found, (at, buckets)] if at < buckets else found
