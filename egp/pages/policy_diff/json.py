"""A comparison of policies for programs, versioned by its `policy_diff` key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.output.contract import TOOL, Count, JudgingPolicy, Reported, Tool, as_text
from egp.plan.finding import Diagnostic

if TYPE_CHECKING:
    from egp.pages.policy_diff import flips
    from egp.pages.policy_diff.flips import PolicyComparison
    from egp.pages.policy_diff.settings import SettingDifference
    from egp.policy.layers import Origin


class Summary(Reported):
    """Counts."""

    settings: Count
    plans: Count
    rejected_by_old: Count
    rejected_by_new: Count
    now_rejected: Count
    now_accepted: Count
    further_rejected: Count


class ValueSet(Reported):
    """What a policy sets."""

    value: str | None
    """As a policy writes it; null where it says nothing."""
    place: str | None
    """File and line; null for a default, for keys beside the rules and where nothing is set."""


class Difference(Reported):
    """A setting of which the policies say different things."""

    rule: str | None
    """Null for a key beside the rules."""
    setting: str
    applies_to: str
    """The plans of an override; empty for all."""
    from_: date | None
    """The day from which it holds."""
    old: ValueSet
    new: ValueSet


class Reason(Reported):
    """What rejects it; of each rule the first finding, of at most three rules."""

    rule: str | None
    message: str
    line: int | None


class Flip(Reported):
    """A plan of which the policies come to different verdicts."""

    path: str
    document: Count
    """Number of the YAML document in the file, from 0."""
    experiment: str
    reasons: tuple[Reason, ...]


class ComparisonError(Reported):
    """What kept egp from judging."""

    path: str
    message: str
    help: str


class PolicyDiffReport(Reported):
    """What changed between two policies, and which plans flip."""

    policy_diff: Literal[1]
    """Version of this format."""
    tool: Tool
    as_of: date
    old: JudgingPolicy
    new: JudgingPolicy
    summary: Summary
    settings: tuple[Difference, ...]
    now_rejected: tuple[Flip, ...]
    now_accepted: tuple[Flip, ...]
    further_rejected: tuple[Flip, ...]
    """Plans that both reject; the reasons are those of rules that did not reject them before."""
    further_rules: Mapping[str, Count]
    """Rule → how many of these plans it rejects now, and did not before."""
    errors: tuple[ComparisonError, ...]


def render(comparison: PolicyComparison, as_of: date) -> str:
    """The whole comparison."""
    return as_text(
        PolicyDiffReport(
            policy_diff=1,
            tool=TOOL,
            as_of=as_of,
            old=JudgingPolicy.of(comparison.old),
            new=JudgingPolicy.of(comparison.new),
            summary=Summary(
                settings=len(comparison.differences),
                plans=comparison.plans,
                rejected_by_old=comparison.rejected_by_old,
                rejected_by_new=comparison.rejected_by_new,
                now_rejected=len(comparison.now_rejected),
                now_accepted=len(comparison.now_accepted),
                further_rejected=len(comparison.further_rejected),
            ),
            settings=tuple(map(_difference, comparison.differences)),
            now_rejected=tuple(map(_flip, comparison.now_rejected)),
            now_accepted=tuple(map(_flip, comparison.now_accepted)),
            further_rejected=tuple(map(_flip, comparison.further_rejected)),
            further_rules=dict(sorted(comparison.further_rules.items())),
            errors=tuple(map(ComparisonError.of, comparison.failures)),
        )
    )


def _difference(difference: SettingDifference) -> Difference:
    subject = difference.subject
    return Difference.of(
        subject,
        rule=subject.rule or None,
        from_=subject.since,
        old=_set(difference.old, difference.old_origin),
        new=_set(difference.new, difference.new_origin),
    )


def _set(value: str | None, origin: Origin | None) -> ValueSet:
    return ValueSet(value=value, place=str(origin) if origin else None)


def _flip(flip: flips.Flip) -> Flip:
    return Flip.of(flip, reasons=tuple(map(_reason, flip.reasons)))


def _reason(reason: Diagnostic | str) -> Reason:
    if isinstance(reason, str):
        return Reason(rule=None, message=reason, line=None)
    return Reason.of(reason, line=reason.place.span.start.line)
