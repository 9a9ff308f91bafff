"""Declared beside measured, for programs, versioned by its `measure_report` key."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.output.contract import TOOL, Count, JudgingPolicy, Reported, Tool, as_text
from egp.yaml.pointer import pointer

if TYPE_CHECKING:
    from egp.advice.measure import MeasuredPlan
    from egp.policy.model import Policy


class PastRun(Reported):
    """A part of the past that is as long as the run, both days included."""

    first: date
    last: date


class MeasuredNumber(Reported):
    """One number. Rates are fractions and times in seconds."""

    path: str | None
    """Where the plan states it, as a JSON pointer; null for what no key of a plan says."""
    metric: str | None
    """Null for what is about units."""
    name: str
    declared: float | None
    measured: float
    parts: tuple[float, ...]
    """Of each part of the past, in the order of `runs`."""
    unit: str


class MeasureFinding(Reported):
    """What the policy makes of a difference."""

    rule: str
    severity: Literal["error", "warning", "info"]
    path: str
    message: str


class NotMeasured(Reported):
    """A metric that is not measured."""

    metric: str
    why: str


class MeasureReport(Reported):
    """What egp measure found."""

    measure_report: Literal[1]
    """Version of this format."""
    tool: Tool
    experiment: str
    plan: str
    as_of: date
    policy: JudgingPolicy
    query: str
    """Digest of what was measured."""
    days: Count
    """Of history."""
    runs: tuple[PastRun, ...]
    numbers: tuple[MeasuredNumber, ...]
    findings: tuple[MeasureFinding, ...]
    edited: tuple[str, ...]
    """Numbers of the plan that were changed since an earlier measurement wrote them."""
    not_measured: tuple[NotMeasured, ...]


def render(found: MeasuredPlan, policy: Policy) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    return as_text(
        MeasureReport(
            measure_report=1,
            tool=TOOL,
            experiment=found.plan.name,
            plan=found.source.shown,
            as_of=found.as_of,
            policy=JudgingPolicy.of(policy),
            query=found.query,
            days=found.days,
            runs=tuple(PastRun(first=run.first, last=run.last) for run in found.about.runs),
            numbers=tuple(
                MeasuredNumber(
                    path=pointer(each.path) if each.path else None,
                    metric=each.metric or None,
                    name=each.name,
                    declared=each.declared,
                    measured=each.value,
                    parts=each.parts,
                    unit=each.unit,
                )
                for each in found.numbers
            ),
            findings=tuple(
                MeasureFinding(
                    rule=each.rule,
                    severity=each.severity,
                    path=_at(each.finding.at),
                    message=each.finding.message,
                )
                for each in found.drifts
            ),
            edited=found.edited,
            not_measured=tuple(NotMeasured(metric=each.metric, why=each.why) for each in found.left_out),
        )
    )


def _at(at: object) -> str:
    return pointer(at) if isinstance(at, tuple) else ""
