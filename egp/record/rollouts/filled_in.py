"""Flags of which a template fills in what decides, or that are switched by what is neither true nor false: they are not read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from egp.plan.quantity import shown
from egp.record.rollouts.part import Part
from egp.record.rollouts.rollout import Audience, Rollout, Unread
from egp.stats.values import replace


def unless_filled_in(
    rollout: Rollout, parts: Sequence[Part], payload: Collection[str], switches: Iterable[Part | None] = ()
) -> Rollout:
    """The rollout; of one that is filled in elsewhere nothing but that.

    ``parts`` are what a flag is made of, ``payload`` names the keys below which texts decide nothing: what an application gets, and what people read.
    ``switches`` are what a flag is turned on or off by.
    """
    found = next(_undecided(parts, payload, switches), None)
    if found is None:
        return rollout
    part, reason = found
    return replace(
        rollout,
        enabled=None,
        audiences=(Audience(part.at, unread=reason),),
        stages=(),
        continuous=None,
        unread=(Unread(rollout.path, part.at, reason, rollout.flag.value),),
    )


def _undecided(
    parts: Sequence[Part], payload: Collection[str], switches: Iterable[Part | None]
) -> Iterator[tuple[Part, str]]:
    for each in _texts(parts, payload):
        if reason := each.computed:
            yield each, reason
    for switch in switches:
        if switch is not None and not isinstance(switch.value, bool):
            yield switch, f"{shown(switch.value)} is neither true nor false"


def _texts(parts: Sequence[Part], payload: Collection[str]) -> Iterator[Part]:
    """The texts of a flag in the order of the file, without those of its payload."""
    waiting = list(reversed(parts))
    while waiting:
        part = waiting.pop()
        if isinstance(part.value, str):
            yield part
        else:
            below = [each for key, each in part.items() if key not in payload]
            waiting += reversed([*below, *part.list()])
