"""Why many plans are rejected, by root cause: what cannot work as planned first, what is merely not written folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from egp.output.report import words
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing
from egp.rules.rule import index
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic

_ON_PAPER = frozenset(("governance", "integrity", "privacy", "waivers"))
"""Families that no arithmetic decides."""
_NAMED = 3
_PLANS = tuple[str, int]


class Cause(NamedTuple):
    """What rejects several plans alike."""

    rule: str
    lacks: str
    """The key that the plans lack, as in `rollback.owner`; empty where what they say is wrong."""
    plans: tuple[_PLANS, ...]
    """Each once, by file and document."""
    findings: int
    said: str
    """What is said of the first one."""
    is_on_paper: bool
    """Whether something is not written, signed or dated, and no number is wrong."""
    can_be_supplied: bool
    """Whether the `defaults:` of a policy may say it for every plan."""


def causes(report: Report) -> list[Cause]:
    """The causes of all errors: arithmetic first, of each kind what most plans have first."""
    found: dict[tuple[str, str], list[tuple[_PLANS, str]]] = {}
    for each in report.effective:
        if each.severity == "error":
            place = (each.place.path, each.place.document)
            found.setdefault((each.rule, _lacks(each)), []).append((place, each.message))
    for unchecked in words.silent(report):
        if unchecked.severity == "error":
            needed = unchecked.needs.lstrip("/").replace("/", ".")
            said = (
                f"not checked, since `{unchecked.needs}` is missing"
                if needed
                else f"not checked: {unchecked.reason}"
            )
            found.setdefault((unchecked.rule, needed), []).append(
                ((unchecked.path, unchecked.document), said)
            )
    all_of_them = [_cause(*key, alike) for key, alike in found.items()]
    return sorted(all_of_them, key=lambda each: (each.is_on_paper, -len(each.plans), each.rule, each.lacks))


def _lacks(diagnostic: Diagnostic) -> str:
    """The key that the plan lacks; items of a list are all alike."""
    if not diagnostic.missing:
        return ""
    steps = [step for step in diagnostic.place.pointer.split("/") if step and not step.isdigit()]
    return ".".join([*steps, diagnostic.missing])


def _cause(rule: str, lacks: str, alike: Sequence[tuple[_PLANS, str]]) -> Cause:
    family = index()[rule].family if rule in index() else ""
    return Cause(
        rule,
        lacks,
        tuple(dict.fromkeys(place for place, _ in alike)),
        len(alike),
        alike[0][1],
        bool(lacks) or family in _ON_PAPER,
        bool(lacks) and lacks.partition(".")[0] in _suppliable(),
    )


def _suppliable() -> frozenset[str]:
    """The keys of a plan that the defaults of a policy may say."""
    from egp.policy.defaults import PlanDefaults

    return frozenset(PlanDefaults.__annotations__) - {"from_", "needs"}


def sentence(cause: Cause) -> str:
    """ "41 plans lack `rollback.owner` (rollback-declared); `defaults:` of the policy can say it for all of them"."""
    count = counted(len(cause.plans), "plan")
    if not cause.lacks:
        more = f"; {cause.findings} findings" if cause.findings > len(cause.plans) else ""
        return f"{count}, {cause.rule}{more}, as in {_named(cause)}: {cause.said}"
    verb = "lacks" if len(cause.plans) == 1 else "lack"
    supplied = (
        "; `defaults:` of the policy can say it for all of them"
        if cause.can_be_supplied and len(cause.plans) > 1
        else ""
    )
    return f"{count} {verb} `{shown(cause.lacks)}` ({cause.rule}){supplied}"


def _named(cause: Cause) -> str:
    return words.plan_of(*cause.plans[0])


def by_kind(found: Sequence[Cause]) -> Iterator[tuple[str, list[Cause]]]:
    """The causes under what each kind is, empty kinds left out."""
    kinds = {
        "does not work as planned": [each for each in found if not each.is_on_paper],
        "is not written, signed or dated": [each for each in found if each.is_on_paper],
    }
    for kind, alike in kinds.items():
        if alike:
            rejected = len({plan for each in alike for plan in each.plans})
            yield f"{kind}: {counted(len(alike), 'cause')}, {counted(rejected, 'plan')}", alike


def supplied(found: Sequence[Cause]) -> str:
    """What would take most paperwork away at once; empty where nothing would."""
    keys = dict.fromkeys(
        each.lacks.partition(".")[0] for each in found if each.can_be_supplied and len(each.plans) > 1
    )
    if not keys:
        return ""
    more = len(keys) - _NAMED
    named = [*(f"`{key}`" for key in [*keys][:_NAMED]), *([f"{more} more"] if more > 0 else [])]
    return f"`defaults:` in the policy supplies {listing(named)} to every plan that leaves it out (docs/policy.md#defaults)"


def in_lines(report: Report, most: int = 0) -> Iterator[str]:
    """Lines of text: each kind, its causes one a line, and what the policy could supply. ``most`` causes of a kind, or all."""
    found = causes(report)
    for kind, alike in by_kind(found):
        yield kind
        named = alike[:most] if most else alike
        yield from (f"  {sentence(each)}" for each in named)
        if len(named) < len(alike):
            yield f"  and {counted(len(alike) - len(named), 'cause')} more: egp check --by-cause"
    if advice := supplied(found):
        yield f"help: {advice}"


def rejected(report: Report) -> int:
    """How many plans are rejected."""
    return len({plan for each in causes(report) for plan in each.plans})
