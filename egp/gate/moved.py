"""What a change of a rollout does to units: treats some that were not treated before, treats fewer for certain, or neither.

A move is any change that may treat a unit that was not treated before. Only fewer for certain is free: of a split that
means the same hash and no part of it that is new.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.record.rollouts.rollout import REQUIRED, Audience, Rollout, RolloutStage, Said, Weights
from egp.stats.values import NamedTuple, replace
from egp.yaml import Span
from egp.yaml.position import START

_TINY = 1e-9

Treats = Callable[[str], bool]
"""Whether a variant, by the name that the flag has for it, is a treatment."""


class FlagChange(NamedTuple):
    """What a change does, and why that is so."""

    kind: Literal["none", "lower", "raise", "undecided"]
    before: float
    """Treated share; of a rollout that goes on by itself the highest that it reaches so."""
    after: float
    reason: str = ""
    at: Span = START


def moved(before: Rollout | None, after: Rollout | None, treats: Treats, plan: str = "") -> FlagChange:
    """What becomes of the units of one flag in one environment. ``plan`` is the file of its plan."""
    before, after = (each and _asking(each, plan) for each in (before, after))
    if before is not None and after is not None and bare(before) == bare(after):
        share = _reached(after, treats) if not after.unread else 0.0
        return FlagChange("none", share, share)
    try:
        return _moved(before, after, treats)
    except NotChecked as unknown:
        named = after or before
        at = unknown.at or (named.flag.at if named else START)
        return FlagChange("undecided", 0.0, 0.0, unknown.reason, at)


def _asking(rollout: Rollout, plan: str) -> Rollout:
    """The rollout with the stages at which it asks about the plan; a question about another one lets nothing wait."""
    return replace(
        rollout,
        stages=tuple(
            replace(each, gate="metric") if each.gate == "egp" and not _is_plan(each.asks, plan) else each
            for each in rollout.stages
        ),
    )


def _is_plan(named: str, plan: str) -> bool:
    """Whether a path in a container is the plan's, wherever the repository lies there."""
    named = os.path.normpath(named)
    return bool(plan) and (named == plan or named.endswith(f"/{plan}"))


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


def _moved(before: Rollout | None, after: Rollout | None, treats: Treats) -> FlagChange:
    was = _reached(before, treats) if before else 0.0
    other = _other_values(before, after) if before and after else ()
    control = next((each for each in other if not treats(each)), None)
    if control is not None and after is not None:
        reason = f"{shown(control)} is something else than before, and what its units get nobody can tell"
        at = next((each.at for each in after.variants if each.value == control), after.flag.at)
        return FlagChange("undecided", was, was, reason, at)
    if after is None:
        assert before is not None
        if was <= _TINY:
            return FlagChange("none", 0.0, 0.0)
        reason = "the flag is missing, and what is served without it nobody can tell; serve the control first"
        return FlagChange("undecided", was, 0.0, reason, before.flag.at)
    will = _reached(after, treats)
    at = next(_treating(after, treats), after.flag.at)
    off = _news_of_off(before, after, treats)
    if will <= _TINY and not off:
        return FlagChange("lower" if was > _TINY else "none", was, will, at=at)
    if before is None or was <= _TINY or will <= _TINY:
        return FlagChange("raise", was, will, off or "units are treated where none were", at)
    why = next(_news(before, after, treats), "")
    if not why and will >= was - _TINY:
        return FlagChange("none", was, will)
    return FlagChange("raise" if why else "lower", was, will, why, at)


def _required(rollout: Rollout) -> set[str]:
    return {each.value for each in rollout.prerequisites}


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
        if stage.gate in ("person", "egp"):
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
    yield from _news_of_flag(before, after, treats)
    yield from _news_of_steps(before, after)
    pairs = _aligned(before, after, treats)
    if pairs is None:
        yield "the rules change"
        return
    for old, new in pairs:
        yield from _new_in(old, new, treats)


def _aligned(before: Rollout, after: Rollout, treats: Treats) -> list[tuple[Audience, Audience]] | None:
    """Each rule as it was and as it is. One that was taken out is let go where all rules behind it, and the default, treat
    nobody: whoever met it then gets the control. None for any other change of the rules."""
    if len(before.audiences) == len(after.audiences):
        return list(zip(before.audiences, after.audiences, strict=True))
    coming, found, is_out = list(after.audiences), [], False
    for old in before.audiences:
        if coming and (old.condition, old.means) == (coming[0].condition, coming[0].means):
            found.append((old, coming.pop(0)))
            if is_out and _share(found[-1][1], treats) > _TINY:
                return None
        else:
            is_out = True
    by_default = after.default is not None and treats(after.default.value)
    return None if coming or by_default else found


def _news_of_flag(before: Rollout, after: Rollout, treats: Treats) -> Iterator[str]:
    if after.is_on and not before.is_on:
        yield "the flag is turned on"
    for variant in _other_values(before, after):
        yield f"{shown(variant)} is something else than before"
    if before.share_of != after.share_of:
        yield f"its shares are of {after.share_of} now"
    if _required(before) - _required(after):
        yield "a prerequisite was taken out"
    if _newly(before.default, after.default, treats):
        yield "the default variant is a treatment"
    if off := _news_of_off(before, after, treats):
        yield off
    lost = set(before.terms) - set(after.terms)
    if lost or any(not each.startswith(REQUIRED) for each in set(after.terms) - set(before.terms)):
        yield "what else decides to whom it is served changes"


def _news_of_off(before: Rollout | None, after: Rollout, treats: Treats) -> str:
    """Why the variant of a flag that is off, or whose prerequisites a unit lacks, treats units that it did not."""
    if _newly(before.off if before else None, after.off, treats):
        return "the off variant is a treatment"
    is_more = _required(after) - (_required(before) if before else set())
    if is_more and after.off is not None and treats(after.off.value):
        return "the off variant is a treatment, and whoever lacks a prerequisite gets it"
    return ""


def _newly(old: Said[str] | None, new: Said[str] | None, treats: Treats) -> bool:
    """Whether a variant is a treatment and was none."""
    return new is not None and treats(new.value) and not (old is not None and treats(old.value))


def _news_of_steps(before: Rollout, after: Rollout) -> Iterator[str]:
    if after.continuous is not None and _bare(before.continuous) != _bare(after.continuous):
        yield "the share grows by itself"
    if lost := _no_longer_watched(before, after):
        yield f"{listing(map(shown, lost))} no longer stops it as before"
    if _bare(before.revision) != _bare(after.revision):
        yield "another version is deployed"
    if _plainly(before.stages) != _plainly(after.stages):
        yield "the steps of the rollout change"


def _plainly(stages: Sequence[RolloutStage]) -> object:
    return _bare(tuple(stages))


def _other_values(before: Rollout, after: Rollout) -> list[str]:
    """The variants for which the application gets something else than before."""
    was = dict(before.values)
    return [variant for variant, value in after.values if variant in was and was[variant] != value]


def _no_longer_watched(before: Rollout, after: Rollout) -> list[str]:
    """Metrics that stopped the rollout and do not any more, or are measured otherwise."""
    will = {each.metric.value: each.means for each in after.watched or ()}
    return [each.metric.value for each in before.watched or () if will.get(each.metric.value) != each.means]


def _new_in(old: Audience, new: Audience, treats: Treats) -> Iterator[str]:
    # Also of those who get the control: whoever is no longer among them falls to the next rule.
    if (old.condition, old.means) != (new.condition, new.means):
        yield "the targeting changes"
    if _share(new, treats) <= _TINY:
        return
    treatments = [each for each in dict.fromkeys(share.variant for share in new.shares) if treats(each)]
    if any(_of(new, each) > _of(old, each) + _TINY for each in treatments):
        is_more = _share(new, treats) > _share(old, treats) + _TINY
        yield "more units are treated" if is_more else "units get another treatment than before"
    if all(_of(old, each) >= 1 - _TINY for each in treatments):
        return
    if _bare(old.unit) != _bare(new.unit):
        yield "another unit is hashed"
    if _bare(old.salt) != _bare(new.salt):
        yield "another salt is hashed, so that other units are treated"
    if old.hashed_by != new.hashed_by:
        yield "the hash is another one"
    if new.sticky is not None and not new.sticky.value:
        yield "a unit is given a variant anew every time"
    if _is_another_sum(old.weights, new.weights):
        yield "the weights add up to another sum"
    if old.line is None or new.line is None:
        if (_bare(old.shares), old.layout) != (_bare(new.shares), new.layout):
            yield "which units are treated nobody can tell"
    elif not all(_covers(_parts(old.line, each), _parts(new.line, each)) for each in treatments):
        yield "other units are treated"


def _of(audience: Audience, variant: str) -> float:
    return sum(each.share for each in audience.shares if each.variant == variant)


def _is_another_sum(old: Weights | None, new: Weights | None) -> bool:
    """Whether what a format requires of the weights' sum is kept before or after, and not both times."""
    if old is None or new is None or new.required is None:
        return False
    return abs(old.total - new.total) > _TINY


def _parts(line: Sequence[tuple[str, float, float]], variant: str) -> list[tuple[float, float]]:
    """The parts of a line that get a variant, those that touch as one."""
    found: list[tuple[float, float]] = []
    for name, low, high in sorted(line, key=lambda each: each[1]):
        if high - low <= _TINY or name != variant:
            continue
        if found and low - found[-1][1] <= _TINY:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


def _covers(old: Sequence[tuple[float, float]], new: Sequence[tuple[float, float]]) -> bool:
    return all(any(low >= first - _TINY and high <= last + _TINY for first, last in old) for low, high in new)
