"""What a run found, before it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from egp.finding import Diagnostic, Failure, Severity, Unchecked
from egp.policy.model import Policy


@dataclass(slots=True)
class Report:
    """What a run found. Diagnostics are in the order of file, document and place."""

    as_of: date
    policy: Policy
    plans: int = 0
    passed: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def count(self, severity: Severity) -> int:
        return sum(diagnostic.severity == severity for diagnostic in self.diagnostics)

    def exit_status(self, fail_level: Severity = "error") -> int:
        """0 nothing at or above the fail level, 1 rejected, 2 could not judge; 2 beats 1."""
        if self.failures:
            return 2
        failing = ("error",) if fail_level == "error" else ("error", "warning")
        return int(any(diagnostic.severity in failing for diagnostic in self.diagnostics))
