"""Rules that follow one another, each taking some of the units that are left, as shares of all of them.

A hash puts a unit somewhere on a line from 0 to 1. Rules that hash the same attribute with the same salt divide the same
line: what one of them took, the next does not get. Different hashes are independent of each other, except where the
format knows that one of two lines decides about the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from egp.record.rollouts.rollout import Audience, Said, Unread, VariantShare, Weights
from egp.stats.values import NamedTuple, mutable
from egp.yaml import Span

Box = Mapping[str, tuple[float, float]]
"""Line → the part of it that is meant, of every line that is named; of the others all."""

Between = Callable[[str, str], str]
"""Two lines → why where a unit is on one of them says something of where it is on the other; empty where it does not."""

_MOST_BOXES = 300
"""Pieces that the units are divided into; a flag whose rules make more is not followed."""

_MOST_RULES = 2000
"""Rules of a flag; each with a condition is followed through all others."""


class Claim(NamedTuple):
    """A part of the units, and the variant that they get."""

    box: Box
    variant: str
    at: Span


@mutable
class ChainedRule:
    """One rule: for whom, and which claims it makes on the units that are left."""

    at: Span
    claims: tuple[Claim, ...]
    condition: str = ""
    """Empty for everybody."""
    unit: Said[str] | None = None
    salt: Said[str] | None = None
    sticky: Said[bool] | None = None
    weights: Weights | None = None
    unread: str = ""
    """Why it is not known what it claims."""
    means: str = ""
    """What the condition refers to, where the file says that elsewhere."""
    hashed_by: str = ""
    """By which function, where the format has several."""


def weighted(
    line: str, weights: Sequence[tuple[str, float, Span]], total: float, start: float = 0.0
) -> tuple[Claim, ...]:
    """Claims side by side on a line, in proportion to their weights."""
    claims = []
    for variant, weight, at in weights:
        end = start + (weight / total if total else 0.0)
        claims.append(Claim({line: (start, min(1.0, end))}, variant, at))
        start = end
    return tuple(claims)


def everybody(variant: str, at: Span) -> tuple[Claim, ...]:
    return (Claim({}, variant, at),)


def _independent(_one: str, _other: str) -> str:
    return ""


def audiences(
    steps: Sequence[ChainedRule], default: str, default_at: Span, between: Between = _independent
) -> tuple[Audience, ...]:
    """Each condition's own audience, and last everybody else, by what all rules give them together."""
    if len(steps) > _MOST_RULES:
        return (Audience(default_at, unread=f"it has more than {_MOST_RULES:,} rules"),)
    found = []
    for at, step in enumerate(steps):
        if step.condition:
            mine = _asked(steps, at)
            found.append(_audience(step.condition, mine, step, default, default_at, between))
    rest = [each for each in steps if not each.condition]
    found.append(_audience("", rest, next(iter(rest), None), default, default_at, between))
    return tuple(found)


def unread_in(audiences: Sequence[Audience], path: str, flag: str) -> tuple[Unread, ...]:
    """What is not known of a flag's audiences, each where it is written."""
    return tuple(Unread(path, each.at, each.unread, flag) for each in audiences if each.unread)


def _asked(steps: Sequence[ChainedRule], at: int) -> list[ChainedRule]:
    """The rules that a unit meets which fulfils one condition and no other."""
    return [each for number, each in enumerate(steps) if number == at or not each.condition]


def _audience(
    condition: str,
    steps: Sequence[ChainedRule],
    speaker: ChainedRule | None,
    default: str,
    default_at: Span,
    between: Between,
) -> Audience:
    at = speaker.at if speaker else default_at
    steps = _reached(steps)
    unread = next((each.unread for each in steps if each.unread), "")
    if unread:
        return Audience(at, condition=condition, unread=unread)
    shares = _shares(steps, default, default_at, between)
    if isinstance(shares, str):
        return Audience(at, condition=condition, unread=shares)
    hashing = next((each for each in steps if each.unit or each.sticky), speaker)
    return Audience(
        at=at,
        shares=shares,
        condition=condition,
        means=speaker.means if speaker and condition else "",
        layout=_layout(steps),
        unit=hashing.unit if hashing else None,
        salt=hashing.salt if hashing else None,
        sticky=hashing.sticky if hashing else None,
        hashed_by=hashing.hashed_by if hashing else "",
        weights=next((each.weights for each in steps if each.weights), None),
        line=_line(steps, default),
    )


def _layout(steps: Sequence[ChainedRule]) -> str:
    """What divides the units, whole: two audiences with equal ones give each unit the same."""
    return json.dumps(
        [
            (
                [step.unit.value if step.unit else "", step.salt.value if step.salt else "", step.hashed_by],
                [(claim.variant, sorted(claim.box.items())) for claim in step.claims],
            )
            for step in steps
        ]
    )


def _line(steps: Sequence[ChainedRule], default: str) -> tuple[tuple[str, float, float], ...] | None:
    """Which part of the line gets which variant, where all rules divide the same one."""
    lines = {line for step in steps for claim in step.claims for line in claim.box}
    hashes = {
        (step.unit and step.unit.value, step.salt and step.salt.value, step.hashed_by)
        for step in steps
        if step.unit
    }
    if len(lines) > 1 or len(hashes) > 1:
        return None
    left, found = [(0.0, 1.0)], []
    for claim in (claim for step in steps for claim in step.claims):
        low, high = next(iter(claim.box.values()), (0.0, 1.0))
        rest = []
        for first, last in left:
            start, end = max(first, low), min(last, high)
            if start < end:
                found.append((claim.variant, start, end))
            pieces = ((first, min(last, low)), (max(first, high), last)) if start < end else ((first, last),)
            rest += [part for part in pieces if part[0] < part[1]]
        left = rest
    return tuple(
        sorted([*found, *((default, first, last) for first, last in left)], key=lambda each: each[1])
    )


def _reached(steps: Sequence[ChainedRule]) -> Sequence[ChainedRule]:
    """The rules up to the first one that leaves nobody to the next, or that is not known."""
    for at, step in enumerate(steps):
        if step.unread or any(not each.box for each in step.claims):
            return steps[: at + 1]
    return steps


def _shares(
    steps: Sequence[ChainedRule], default: str, default_at: Span, between: Between
) -> tuple[VariantShare, ...] | str:
    """What each variant gets of all units, or why that is not known."""
    left: list[dict[str, tuple[float, float]]] = [{}]
    taken: list[VariantShare] = []
    for step in steps:
        for claim in step.claims:
            remaining: list[dict[str, tuple[float, float]]] = []
            share = 0.0
            for box in left:
                got, rest = _cut(box, claim.box)
                if got and (reason := _entangled(box, claim.box, between)):
                    return reason
                share += got
                remaining += rest
            left = remaining
            taken.append(VariantShare(claim.variant, share, claim.at))
            if len(left) > _MOST_BOXES:
                return "its rules divide the units into too many parts"
    rest_share = sum(map(_size, left))
    if rest_share > 1e-12 or not taken:
        taken.append(VariantShare(default, rest_share, default_at))
    return added(taken)


def _cut(
    box: dict[str, tuple[float, float]], claimed: Box
) -> tuple[float, list[dict[str, tuple[float, float]]]]:
    """How much of a box is claimed, and the boxes that are left of it."""
    inside, outside = dict(box), []
    for line, (low, high) in claimed.items():
        first, last = inside.get(line, (0.0, 1.0))
        start, end = max(first, low), min(last, high)
        if start >= end:
            return 0.0, [box]
        outside += [{**inside, line: part} for part in ((first, start), (end, last)) if part[0] < part[1]]
        inside[line] = (start, end)
    return _size(inside), outside


def _entangled(box: Box, claimed: Box, between: Between) -> str:
    """Why the size of what is claimed of a box is not the product of its sides."""
    lines = [line for line, ends in {**box, **claimed}.items() if ends != (0.0, 1.0)]
    return next((reason for pair in combinations(lines, 2) if (reason := between(*pair))), "")


def _size(box: Box) -> float:
    size = 1.0
    for low, high in box.values():
        size *= high - low
    return size


def added(shares: Sequence[VariantShare]) -> tuple[VariantShare, ...]:
    """One share for each variant, at the place of its first weight that is not 0."""
    found: dict[str, VariantShare] = {}
    for each in shares:
        before = found.get(each.variant)
        if before is None:
            found[each.variant] = each
        else:
            at = before.at if before.share > 0 or each.share == 0 else each.at
            found[each.variant] = VariantShare(each.variant, before.share + each.share, at)
    return tuple(found.values())
