"""What one rule said about one plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from egp.plan.finding import Finding, Severity, Waived
from egp.policy.model import Adopted
from egp.yaml import Path, Span

Named = tuple[Path, str]
"""A path that an error speaks about, and the rule whose error it is."""


@dataclass(slots=True)
class Outcome:
    """What one rule said about one plan."""

    adopted: Adopted
    findings: list[Finding]
    missing: Path | None = None
    reason: str = ""
    """Why the rule could not run, where it is not for want of a key."""
    advice: str = ""
    blocked_by: str = ""
    escalates: bool = False
    """Whether it might have found that the plan is impossible."""
    waived: dict[Finding, Waived] = field(default_factory=dict)
    """Findings that are let pass. They are told, and have no effect on what other rules say."""

    @property
    def effective(self) -> list[Finding]:
        """The findings that nothing waives."""
        return [each for each in self.findings if each not in self.waived] if self.waived else self.findings


def named_by_errors(outcomes: Iterable[Outcome]) -> list[Named]:
    return [
        (at, outcome.adopted.rule.id)
        for outcome in outcomes
        for finding in outcome.effective
        if severity_of(outcome.adopted, finding) == "error"
        for at in paths_of(finding)
    ]


def severity_of(adopted: Adopted, finding: Finding) -> Severity:
    return "error" if finding.impossible and not adopted.shadow else adopted.severity


def paths_of(finding: Finding) -> tuple[Path, ...]:
    """Every path the finding speaks about."""
    return finding.speaks_for if isinstance(finding.at, Span) else (finding.at, *finding.speaks_for)


def path_of(finding: Finding) -> Path:
    return () if isinstance(finding.at, Span) else finding.at
