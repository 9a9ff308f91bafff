"""What a change of a rollout does to units: treats some that were not treated before, treats fewer for certain, or neither.

A move is any change that may treat a unit that was not treated before. Only fewer for certain is free: of a split that
means the same hash and no part of it that is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from egp.plan.finding import NotChecked
from egp.record.rollouts.rollout import Audience, Rollout, RolloutStage
from egp.stats.values import NamedTuple, replace
from egp.yaml import Span
from egp.yaml.position import START

_TINY = 1e-9

Treats = Callable[[str], bool]
"""Whether a variant, by the name that the flag has for it, is a treatment."""


class Moved(NamedTuple):
    """What a change does, and why that is so."""

    kind: Literal["none", "lower", "raise", "undecided"]
    before: float
    """Treated share; of a rollout that goes on by itself the highest that it reaches so."""
    after: float
    reason: str = ""
    at: Span = START


def moved(before: Rollout | None, after: Rollout | None, treats: Treats) -> Moved:
    """What becomes of the units of one flag in one environment."""
    if before is not None and after is not None and bare(before) == bare(after):
        share = _reached(after, treats) if not after.unread else 0.0
        return Moved("none", share, share)
    try:
        return _moved(before, after, treats)
    except NotChecked as unknown:
        named = after or before
        at = unknown.at or (named.flag.at if named else START)
        return Moved("undecided", 0.0, 0.0, unknown.reason, at)


def bare(rollout: Rollout) -> object:
    """A rollout without the places in which it is written: two files that serve the same are equal."""
    return _bare(replace(rollout, path="", document=0))


def _bare(value: object) -> object:
    if isinstance(value, Span):
        return None
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    declared = getattr(value, "__dataclass_fields__", None)
    return tuple(_bare(getattr(value, name)) for name in declared) if declared else str(value)


def _moved(before: Rollout | None, after: Rollout | None, treats: Treats) -> Moved:
    was = _reached(before, treats) if before else 0.0
    if after is None:
        assert before is not None
        if was <= _TINY:
            return Moved("none", 0.0, 0.0)
        reason = "the flag is missing, and what is served without it nobody can tell; serve the control first"
        return Moved("undecided", was, 0.0, reason, before.flag.at)
    will = _reached(after, treats)
    at = next(_treating(after, treats), after.flag.at)
    if will <= _TINY:
        return Moved("lower" if was > _TINY else "none", was, will, at=at)
    if before is None or was <= _TINY:
        return Moved("raise", was, will, "units are treated where none were", at)
    why = next(_news(before, after, treats), "")
    if not why and will >= was - _TINY:
        return Moved("none", was, will)
    return Moved("raise" if why else "lower", was, will, why, at)


def _reached(rollout: Rollout, treats: Treats) -> float:
    """The highest share that is treated, now or without a person."""
    if not rollout.is_on:
        name = rollout.off.value if rollout.off else ""
        return 1.0 if treats(name) else 0.0
    for unread in rollout.unread:
        raise NotChecked((), unread.reason, at=unread.at)
    shares = [_share(each, treats) for each in rollout.audiences]
    return max([*shares, *(_share(each, treats) for each in by_themselves(rollout))], default=0.0)


def by_themselves(rollout: Rollout) -> Iterator[RolloutStage]:
    """The stages that are reached before a person has to agree."""
    for stage in rollout.stages:
        yield stage
        if stage.gate == "person":
            return


def _share(part: Audience | RolloutStage, treats: Treats) -> float:
    return sum(each.share for each in part.shares if each.share > 0 and treats(each.variant))


def _treating(rollout: Rollout, treats: Treats) -> Iterator[Span]:
    """Where the largest share of the treatment is written."""
    parts: list[Audience | RolloutStage] = [*rollout.audiences, *by_themselves(rollout)]
    weights = [each for part in parts for each in part.shares if each.share > 0 and treats(each.variant)]
    yield from (each.at for each in sorted(weights, key=lambda each: -each.share))


def _news(before: Rollout, after: Rollout, treats: Treats) -> Iterator[str]:
    """Why units may be treated that were not: nothing where all of them were."""
    if after.is_on and not before.is_on:
        yield "the flag is turned on"
    if {each.value for each in before.prerequisites} - {each.value for each in after.prerequisites}:
        yield "a prerequisite was taken out"
    for what in ("default", "off"):
        old, new = getattr(before, what), getattr(after, what)
        if new is not None and treats(new.value) and not (old is not None and treats(old.value)):
            yield f"the {what} variant is a treatment"
    if before.continuous is None and after.continuous is not None:
        yield "the share grows by itself"
    if _bare(before.revision) != _bare(after.revision):
        yield "another version is deployed"
    if _plainly(before.stages) != _plainly(after.stages):
        yield "the steps of the rollout change"
    if len(before.audiences) != len(after.audiences):
        yield "the rules change"
        return
    for old, new in zip(before.audiences, after.audiences, strict=True):
        yield from _new_in(old, new, treats)


def _plainly(stages: Sequence[RolloutStage]) -> object:
    return _bare(tuple(stages))


def _new_in(old: Audience, new: Audience, treats: Treats) -> Iterator[str]:
    if _share(new, treats) <= _TINY:
        return
    if old.condition != new.condition:
        yield "the targeting changes"
    is_all = _share(old, treats) >= 1 - _TINY
    if is_all:
        return
    if _bare(old.unit) != _bare(new.unit):
        yield "another unit is hashed"
    if _bare(old.salt) != _bare(new.salt):
        yield "another salt is hashed, so that other units are treated"
    if new.sticky is not None and not new.sticky.value:
        yield "a unit is given a variant anew every time"
    if _share(new, treats) > _share(old, treats) + _TINY:
        yield "more units are treated"
    elif old.line is None or new.line is None:
        if _bare(old.shares) != _bare(new.shares):
            yield "which units are treated nobody can tell"
    elif not _covers(_treated(old.line, treats), _treated(new.line, treats)):
        yield "other units are treated"


def _treated(line: Sequence[tuple[str, float, float]], treats: Treats) -> list[tuple[float, float]]:
    """The parts of a line that are treated, those that touch as one."""
    found: list[tuple[float, float]] = []
    for variant, low, high in sorted(line, key=lambda each: each[1]):
        if high - low <= _TINY or not treats(variant):
            continue
        if found and low - found[-1][1] <= _TINY:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


def _covers(old: Sequence[tuple[float, float]], new: Sequence[tuple[float, float]]) -> bool:
    return all(any(low >= first - _TINY and high <= last + _TINY for first, last in old) for low, high in new)
