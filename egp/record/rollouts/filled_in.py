"""Flags of which a template fills in what decides, or that are switched by what is neither true nor false, and keys in another case: they are not read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from egp.plan.quantity import shown
from egp.record.rollouts.part import Part
from egp.record.rollouts.rollout import Audience, Rollout, Unread
from egp.stats.values import replace

RESPELT = "a key has another case than the format's, and programs may take one for the other"


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


def respelt(root: Part, keys: Collection[str], payload: Collection[str]) -> Part | None:
    """What stands under a key that differs from one of the format's in its case alone, not below what is named by people.

    Programs that are written in Go take one for the other where they read JSON, and of two the last.
    """
    known = {key.casefold(): key for key in keys}
    waiting = [root]
    while waiting:
        part = waiting.pop()
        for key, each in part.items():
            if known.get(key.casefold(), key) != key:
                return each
            if key not in payload:
                waiting.append(each)
        waiting += part.list()
    return None


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
