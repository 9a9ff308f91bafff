"""The report for programs, versioned by its `report` key."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from egp.output.contract import TOOL, Count, JudgingPolicy, Limits, Reported, Tool, as_text
from egp.plan import finding
from egp.plan.finding import Severity

if TYPE_CHECKING:
    from egp import yaml
    from egp.output.report.model import Report

_Ordinal = Annotated[int, Limits(ge=1)]


class Position(Reported):
    """1-based; columns count Unicode code points."""

    line: _Ordinal
    column: _Ordinal


class Span(Reported):
    """From start to end, the end excluded."""

    start: Position
    end: Position


class Related(Reported):
    """A second place that takes part."""

    path: str
    document: Count
    """Number of the YAML document in the file, from 0."""
    pointer: str
    """RFC 6901 pointer to a value that exists."""
    span: Span
    label: str


class Suppression(Reported):
    """A waiver, or an entry of the baseline."""

    by: Literal["waiver", "baseline"]
    place: str
    """File and line that say so."""
    reason: str
    ticket: str
    approver: str
    role: str
    granted: date | None
    expires: date | None
    new: bool
    """Whether the base that is compared with does not have it."""


class Diagnostic(Reported):
    """A finding, placed and weighed."""

    rule: str
    severity: Severity
    message: str
    path: str
    document: Count
    """Number of the YAML document in the file, from 0."""
    pointer: str
    """RFC 6901 pointer to a value that exists."""
    span: Span
    experiment: str
    missing: str | None
    """Key that the value at the pointer lacks."""
    related: tuple[Related, ...]
    observed: str
    required: str
    help: str
    """The smallest change that passes."""
    coming: str | None
    """What the policy announces for a later day."""
    waiver: Suppression | None
    """What suppresses it; it does not reject."""
    fingerprint: Annotated[str, Limits(pattern="^[0-9a-f]{64}$")]


class Unchecked(Reported):
    """A rule that could not run on a plan."""

    rule: str
    severity: Severity
    path: str
    document: Count
    experiment: str
    needs: str
    """Pointer of the missing input; empty where it is not for want of a key."""
    blocked_by: str | None
    """The rule whose error names the missing input."""
    reason: str
    """Why it could not run, where it is not for want of a key."""


class Failure(Reported):
    """What kept egp from judging."""

    path: str
    message: str
    rule: str | None
    span: Span | None
    help: str


class Summary(Reported):
    """Counts. Passed and not checked count rules, once per plan."""

    plans: Count
    error: Count
    warning: Count
    info: Count
    waived: Count
    not_checked: Count
    passed: Count


class CheckReport(Reported):
    """What egp check found."""

    report: Literal[1]
    """Version of this format."""
    tool: Tool
    as_of: date
    policy: JudgingPolicy
    """The policy that judged; of several their names together."""
    policies: tuple[JudgingPolicy, ...]
    """The policies that judged, each the plans that it owns."""
    overrides_owners: bool
    """Whether --policy puts its policy in the place of those that own the plans."""
    summary: Summary
    diagnostics: tuple[Diagnostic, ...]
    not_checked: tuple[Unchecked, ...]
    shadow: tuple[Diagnostic, ...]
    """What rules of severity shadow would say."""
    errors: tuple[Failure, ...]


def render(report: Report) -> str:
    """The whole report."""
    return as_text(
        CheckReport(
            report=1,
            tool=TOOL,
            as_of=report.as_of,
            policy=JudgingPolicy.of(report.policy),
            policies=tuple(map(JudgingPolicy.of, report.policies)),
            overrides_owners=report.policy.is_chosen,
            summary=Summary(
                plans=report.plans,
                error=report.count("error"),
                warning=report.count("warning"),
                info=report.count("info"),
                waived=len(report.waived),
                not_checked=len(report.unchecked),
                passed=report.passed,
            ),
            diagnostics=tuple(map(_diagnostic, report.diagnostics)),
            not_checked=tuple(
                Unchecked.of(each, blocked_by=each.blocked_by or None) for each in report.unchecked
            ),
            shadow=tuple(map(_diagnostic, report.shadow)),
            errors=tuple(map(_failure, report.failures)),
        )
    )


def _diagnostic(found: finding.Diagnostic) -> Diagnostic:
    place, waiver = found.place, found.waiver
    return Diagnostic.of(
        found,
        path=place.path,
        document=place.document,
        pointer=place.pointer,
        span=_span(place.span),
        missing=found.missing or None,
        related=tuple(map(_related, found.related)),
        coming=found.coming or None,
        waiver=Suppression.of(waiver, place=str(waiver.place), new=waiver.is_new) if waiver else None,
    )


def _related(found: finding.RelatedPlace) -> Related:
    return Related.of(found.place, span=_span(found.place.span), label=found.label)


def _span(span: yaml.Span) -> Span:
    return Span(start=Position.of(span.start), end=Position.of(span.end))


def _failure(failure: finding.Failure) -> Failure:
    span = _span(failure.span) if failure.span else None
    return Failure.of(failure, rule=failure.rule or None, span=span)
