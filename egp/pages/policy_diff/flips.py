"""Which plans one policy accepts and the other rejects, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from egp.output.report.model import Report
from egp.pages.policy_diff.settings import SettingDifference, differences
from egp.plan.finding import Diagnostic, Failure
from egp.policy.model import Policy

REASONS = 3
"""As many reasons as are reported of a plan."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A plan of which two policies come to different verdicts, or to the same for further reasons."""

    path: str
    document: int
    experiment: str
    reasons: tuple[Diagnostic | str, ...]
    """What rejects it, a reason for each of the first rules: errors, and rules that could not be checked."""


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """Two policies, and what they make of plans."""

    old: Policy
    new: Policy
    differences: tuple[SettingDifference, ...]
    plans: int
    rejected_by_old: int
    rejected_by_new: int
    now_rejected: tuple[Flip, ...]
    now_accepted: tuple[Flip, ...]
    further_rejected: tuple[Flip, ...]
    """Plans that both reject, the new policy for further reasons; those are reported."""
    further_rules: Mapping[str, int]
    """Rule → how many of these plans it rejects now, and did not before."""
    failures: tuple[Failure, ...]
    """What kept egp from judging the plans."""

    @property
    def exit_status(self) -> int:
        """0 compared, 2 could not judge."""
        return 2 if self.failures else 0


Plan = tuple[str, int]
"""File, and the number of the document in it."""

_Rejections = dict[Plan, list[Diagnostic | str]]


def compare(old: Policy, new: Policy, before: Report | None, after: Report | None) -> PolicyComparison:
    """The comparison of two policies; the reports are those of the same plans, None where there are none."""
    before, after = before or _empty(old), after or _empty(new)
    was, now = _rejections(before), _rejections(after)
    failures = dict.fromkeys([*before.failures, *after.failures])
    further = _further(was, now)
    return PolicyComparison(
        old=old,
        new=new,
        differences=tuple(differences(old, new)),
        plans=after.plans,
        rejected_by_old=len(was),
        rejected_by_new=len(now),
        now_rejected=tuple(_flips(now, was)),
        now_accepted=tuple(_flips(was, now)),
        further_rejected=tuple(_flip(plan, reasons) for plan, reasons in further.items()),
        further_rules=Counter(rule for reasons in further.values() for rule in _rules(reasons)),
        failures=tuple(failures),
    )


def _empty(policy: Policy) -> Report:
    return Report(policy=policy, as_of=date.min)


def _rejections(report: Report) -> _Rejections:
    """The plans that a policy rejects, each with what rejects it, in the order of the report."""
    found: _Rejections = {}
    for diagnostic in report.effective:
        if diagnostic.severity == "error":
            place = diagnostic.place
            found.setdefault((place.path, place.document), []).append(diagnostic)
    for unchecked in report.unchecked:
        if unchecked.severity == "error" and not unchecked.blocked_by:
            plan = (unchecked.path, unchecked.document)
            found.setdefault(plan, []).append(f"{unchecked.rule} is not checked")
    return found


def _flips(here: _Rejections, there: _Rejections) -> Iterator[Flip]:
    """Plans that are rejected here and not there."""
    return (_flip(plan, reasons) for plan, reasons in here.items() if plan not in there)


def _further(was: _Rejections, now: _Rejections) -> _Rejections:
    """The plans that are rejected as before, each with what rejects it now by rules that did not."""
    found = {
        plan: [each for each in now[plan] if not _rules([each]) <= _rules(was[plan])]
        for plan in was
        if plan in now
    }
    return {plan: reasons for plan, reasons in found.items() if reasons}


def _rules(reasons: Iterable[Diagnostic | str]) -> set[str]:
    return {each.rule if isinstance(each, Diagnostic) else each for each in reasons}


def _flip(plan: Plan, reasons: Sequence[Diagnostic | str]) -> Flip:
    experiment = next((each.experiment for each in reasons if isinstance(each, Diagnostic)), "")
    return Flip(*plan, experiment, tuple(_first(reasons)))


def _first(reasons: Sequence[Diagnostic | str]) -> Iterator[Diagnostic | str]:
    """Each rule's first reason, as many as are reported."""
    named: set[str] = set()
    for reason in reasons:
        rule = reason.rule if isinstance(reason, Diagnostic) else reason
        if rule not in named and len(named) < REASONS:
            named.add(rule)
            yield reason
