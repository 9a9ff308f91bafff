"""What a run found, before it is reported."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from egp.plan.finding import Diagnostic, Failure, Severity, Unchecked
from egp.policy.model import Policy
from egp.stats.values import NamedTuple, field, fields, mutable

if TYPE_CHECKING:
    from egp.record.waivers.allowed import PlanSuppressions


class Passed(NamedTuple):
    """A check that a plan passed."""

    path: str
    document: int
    """Number of the YAML document in the file, from 0."""
    rule: str


@mutable
class Findings:
    """What was found, whoever judged by which policy."""

    plans: int = 0
    passed: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)
    shadow: list[Diagnostic] = field(default_factory=list)
    """What rules of severity shadow would say; without effect."""
    unchecked: list[Unchecked] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    passes: list[Passed] = field(default_factory=list)
    """Every check that passed, when somebody requested the list."""

    def work_advice_out(self) -> None:
        """Answers what can be done, while the plans are at hand."""
        for each in (*self.diagnostics, *self.shadow):
            each.advice.work_out()

    def add(self, more: Findings) -> None:
        self.plans += more.plans
        self.passed += more.passed
        self.diagnostics.extend(more.diagnostics)
        self.shadow.extend(more.shadow)
        self.unchecked.extend(more.unchecked)
        self.failures.extend(more.failures)
        self.passes.extend(more.passes)


@mutable
class Report(Findings):
    """What a run found under a policy. Diagnostics are in the order of file, document and place."""

    policy: Policy = field(kw_only=True)
    as_of: date = field(kw_only=True)
    allowed: list[PlanSuppressions] = field(default_factory=list)
    """Waivers and entries of the baseline for the plans, and what came of each."""
    judges: dict[str, Policy] = field(default_factory=dict)
    """File → the policy that owns it, where one policy does not judge all of them."""

    @property
    def policies(self) -> list[Policy]:
        """The policies that judged, each once."""
        found = {each.name: each for each in self.judges.values()} or {self.policy.name: self.policy}
        return [found[name] for name in sorted(found)]

    def findings(self) -> Findings:
        """What was found, without the policy: fit to travel between processes."""
        values = {name: getattr(self, name) for name in fields(Findings)}
        return Findings(**values)

    @property
    def effective(self) -> list[Diagnostic]:
        """The diagnostics that nothing waives."""
        return [each for each in self.diagnostics if each.waiver is None]

    @property
    def waived(self) -> list[Diagnostic]:
        return [each for each in self.diagnostics if each.waiver is not None]

    def count(self, severity: Severity) -> int:
        return sum(each.severity == severity for each in self.effective)

    def exit_status(self, fail_level: Severity = "error") -> int:
        """0 nothing at or above the fail level, 1 rejected, 2 could not judge; 2 beats 1.

        A check that could not run rejects as its finding would: deleting an input turns nothing green.
        """
        if self.failures:
            return 2
        failing = ("error",) if fail_level == "error" else ("error", "warning")
        found = {each.severity for each in self.effective}
        found.update(each.severity for each in self.unchecked if not each.blocked_by)
        return int(not found.isdisjoint(failing))
