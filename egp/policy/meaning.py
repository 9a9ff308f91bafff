"""Values that can be read, and that no policy can mean."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from egp.plan.analysis.days import time_zone
from egp.plan.experiment import Experiment
from egp.plan.quantity import shown
from egp.plan.typed_reader import ValueProblem, nearest, required_type
from egp.policy.file import PolicyFile, WaiverTerms, When
from egp.policy.territories import misdelegating
from egp.stats.hints import get_args
from egp.yaml import Path

_TYPES: tuple[str, ...] = get_args(required_type(Experiment.__annotations__["type"]))
_MOST_OVERRIDES = 200
_MOST_DATES = 50


def meaningless(content: PolicyFile) -> Iterator[ValueProblem]:
    """Every value of one file that no policy can mean."""
    yield from _unmatchable(content)
    yield from _oversized(content)
    yield from _timeless(content.waivers)
    yield from _of_no_format(content)
    if content.timezone is not None and time_zone(content.timezone) is None:
        message = f"`{shown(content.timezone)}` is no IANA time zone"
        yield ValueProblem(("timezone",), "wrong-type", message, "write a name such as America/Los_Angeles")


def _oversized(content: PolicyFile) -> Iterator[ValueProblem]:
    """Lists whose items are compared with each other, and that are longer than any policy's."""
    if len(content.overrides) > _MOST_OVERRIDES:
        message = (
            f"{len(content.overrides):,} overrides; at most {_MOST_OVERRIDES} are compared with each other"
        )
        yield ValueProblem(
            ("overrides",), "wrong-type", message, "scope by tier, or put what they share into one"
        )
    places: list[tuple[Path, dict[str, object]]] = [(("rules",), content.rules or {})]
    places += [(("overrides", at, "rules"), each.rules or {}) for at, each in enumerate(content.overrides)]
    for path, rules in places:
        for rule_id, setting in rules.items():
            if isinstance(setting, list) and len(setting) > _MOST_DATES:
                message = f"{shown(rule_id)} changes {len(setting):,} times; at most {_MOST_DATES} are read"
                yield ValueProblem(
                    (*path, rule_id), "wrong-type", message, "keep the days that are still to come"
                )


def _of_no_format(content: PolicyFile) -> Iterator[ValueProblem]:
    """Rollout files of a format that egp does not read."""
    if not content.rollouts:
        return
    from egp.record.rollouts.reading import formats

    for at, line in enumerate(content.rollouts):
        if line.format is not None and line.format not in formats():
            guess = nearest(line.format, formats())
            hint = f", did you mean `{guess}`?" if guess else ""
            message = f"egp reads no format `{shown(line.format)}`{hint}"
            known = f"formats are {', '.join(formats())}"
            yield ValueProblem(("rollouts", at, "format"), "wrong-type", message, known)


def _timeless(waivers: WaiverTerms | None) -> Iterator[ValueProblem]:
    """A limit that no waiver keeps to."""
    if waivers and waivers.longest is not None and waivers.longest <= timedelta(0):
        message = "waivers.longest allows a waiver no time at all"
        yield ValueProblem(("waivers", "longest"), "wrong-type", message, "write a length of time, as in 30d")


def _unmatchable(content: PolicyFile) -> Iterator[ValueProblem]:
    """Patterns that no plan's path can match."""
    patterns: list[tuple[Path, str]] = [
        *((("plans", at), pattern) for at, pattern in enumerate(content.plans)),
        *((("delegates", at), pattern) for at, pattern in enumerate(content.delegates)),
        *((("metrics", at), pattern) for at, pattern in enumerate(content.metrics)),
    ]
    for number, line in enumerate(content.rollouts):
        patterns += [(("rollouts", number, "files"), pattern) for pattern in line.files or ()]
    for number, override in enumerate(content.overrides):
        patterns += [
            (("overrides", number, "paths", at), pattern) for at, pattern in enumerate(override.paths)
        ]
    for path, pattern in patterns:
        if "\\" in pattern or not {"", ".", ".."}.isdisjoint(pattern.split("/")):
            advice = (
                "write it relative to the policy's folder, with `/` between folders and without `.` and `..`"
            )
            what = "file" if path[0] in ("metrics", "rollouts") else "plan"
            yield ValueProblem(
                path, "wrong-type", f"no {what} matches the pattern `{shown(pattern)}`", advice
            )
        elif path[0] == "delegates" and (why := misdelegating(pattern)):
            advice = "name a folder below this one and all that is in it, as in `shop/**`"
            yield ValueProblem(path, "wrong-type", f"`{shown(pattern)}` delegates nothing: {why}", advice)


def unknown_in(when: When, path: Path, tiers: Collection[str]) -> Iterator[ValueProblem]:
    """Tiers that the policy does not have, and types that no plan has, in the condition of an override."""
    for tier in when.tier or ():
        if tier not in tiers:
            yield _unknown_tier(tier, (*path, "tier"), tiers)
    for of_type in when.type or ():
        if of_type not in _TYPES:
            yield _unknown_type(of_type, (*path, "type"))


def _unknown_tier(tier: str, path: Path, tiers: Collection[str]) -> ValueProblem:
    guess = nearest(tier, tiers)
    hint = f", did you mean `{guess}`?" if guess else ""
    known = f"tiers are {', '.join(tiers)}" if tiers else "name the tiers of surfaces under `tiers:`"
    return ValueProblem(path, "wrong-type", f"there is no tier `{shown(tier)}`{hint}", known)


def _unknown_type(of_type: str, path: Path) -> ValueProblem:
    guess = nearest(of_type, _TYPES)
    hint = f", did you mean `{guess}`?" if guess else ""
    known = f"types are {', '.join(_TYPES)}"
    return ValueProblem(path, "wrong-type", f"no plan is of type `{shown(of_type)}`{hint}", known)
