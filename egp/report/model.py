"""What a run found, before it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from egp.finding import Diagnostic, Failure, Severity, Unchecked
from egp.policy.model import Policy


@dataclass(slots=True)
class Findings:
    """What was found, whoever judged by which policy."""

    plans: int = 0
    passed: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    passes: list[tuple[str, str]] = field(default_factory=list)
    """Plan and rule of every check that passed, when somebody asked for the list."""

    def add(self, more: Findings) -> None:
        self.plans += more.plans
        self.passed += more.passed
        self.diagnostics.extend(more.diagnostics)
        self.unchecked.extend(more.unchecked)
        self.failures.extend(more.failures)
        self.passes.extend(more.passes)


@dataclass(slots=True)
class Report(Findings):
    """What a run found under a policy. Diagnostics are in the order of file, document and place."""

    policy: Policy = field(kw_only=True)
    as_of: date = field(kw_only=True)

    def findings(self) -> Findings:
        """What was found, without the policy: fit to travel between processes."""
        return Findings(self.plans, self.passed, self.diagnostics, self.unchecked, self.failures, self.passes)

    def count(self, severity: Severity) -> int:
        return sum(diagnostic.severity == severity for diagnostic in self.diagnostics)

    def exit_status(self, fail_level: Severity = "error") -> int:
        """0 nothing at or above the fail level, 1 rejected, 2 could not judge; 2 beats 1.

        A check that could not run rejects as its finding would: deleting an input turns nothing green.
        """
        if self.failures:
            return 2
        failing = ("error",) if fail_level == "error" else ("error", "warning")
        found = {each.severity for each in self.diagnostics}
        found.update(each.severity for each in self.unchecked if not each.blocked_by)
        return int(not found.isdisjoint(failing))
