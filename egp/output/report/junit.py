"""The report as JUnit XML: a suite for each plan, a case for each rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from egp.output.report import words
from egp.output.report.text import printable
from egp.plan.finding import SEVERITIES
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Severity, Unchecked

_CANNOT_JUDGE = "could-not-judge"
_NO_FILE = "egp"

_Suites = dict[str, dict[str, "_Case"]]


class _Said(NamedTuple):
    """A line, and lines that say more. All of them are fit for XML, which has no way to write most controls."""

    message: str
    more: str

    @property
    def text(self) -> str:
        return "\n".join(filter(None, self))


@dataclass(slots=True)
class _Case:
    """What one rule came to on one plan."""

    error: list[_Said] = field(default_factory=list)
    failure: list[_Said] = field(default_factory=list)
    skipped: list[_Said] = field(default_factory=list)
    remarks: list[_Said] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """The name of the element that tells the weightiest, or empty for a pass."""
        return "error" if self.error else "failure" if self.failure else "skipped" if self.skipped else ""


def render(report: Report, fail_level: Severity) -> str:
    """A case fails where the exit status says rejected; what weighs less is a remark on a case that passes."""
    suites: _Suites = {}
    rejecting = SEVERITIES[: SEVERITIES.index(fail_level) + 1]
    for failure in report.failures:
        _failure(_case(suites, failure.path or _NO_FILE, failure.rule or _CANNOT_JUDGE), failure)
    for diagnostic in report.diagnostics:
        place = diagnostic.place
        _diagnostic(
            _case(suites, words.plan_of(place.path, place.document), diagnostic.rule), diagnostic, rejecting
        )
    for unchecked in report.unchecked:
        _unchecked(
            _case(suites, words.plan_of(unchecked.path, unchecked.document), unchecked.rule),
            unchecked,
            rejecting,
        )
    for passed in report.passes:
        _case(suites, words.plan_of(passed.path, passed.document), passed.rule)
    cautions = dict.fromkeys(each.caution for each in report.policies if each.caution)
    return _written(suites, ", ".join(("egp", *cautions)))


def _case(suites: _Suites, suite: str, rule: str) -> _Case:
    return suites.setdefault(suite, {}).setdefault(rule, _Case())


def _failure(case: _Case, failure: Failure) -> None:
    at = f"{failure.path}:{failure.span.start.line}:{failure.span.start.column}" if failure.span else ""
    case.error.append(_said(failure.message, at, failure.help))


def _diagnostic(case: _Case, diagnostic: Diagnostic, rejecting: Sequence[Severity]) -> None:
    start = diagnostic.place.span.start
    at = f"{diagnostic.place.path}:{start.line}:{start.column}"
    parts = [words.values(diagnostic), *(f"{title}: {text}" for title, text in words.notes(diagnostic))]
    if diagnostic.waiver:
        waived = f"waived ({words.waived_by(diagnostic.waiver)})"
        case.skipped.append(_said(waived, diagnostic.message, at, words.reason(diagnostic.waiver)))
    elif diagnostic.severity in rejecting:
        case.failure.append(_said(diagnostic.message, at, *parts))
    else:
        case.remarks.append(_said(f"{diagnostic.severity}: {diagnostic.message}", at, *parts))


def _unchecked(case: _Case, unchecked: Unchecked, rejecting: Sequence[Severity]) -> None:
    rejects = not unchecked.blocked_by and unchecked.severity in rejecting
    (case.failure if rejects else case.skipped).append(_said("not checked", words.lacking(unchecked)))


def _said(message: str, *more: str) -> _Said:
    return _Said(printable(message), "\n".join(map(printable, filter(None, more))))


def _written(suites: _Suites, named: str) -> str:
    cases = [case for suite in suites.values() for case in suite.values()]
    counts = _counts(cases)
    del counts["skipped"]  # the schema of Jenkins has it for suites alone
    root = ET.Element("testsuites", {"name": named, **counts})
    for name, of_plan in suites.items():
        shown = printable(name)
        suite = ET.SubElement(root, "testsuite", {"name": shown, **_counts(of_plan.values())})
        for rule, case in of_plan.items():
            _write(ET.SubElement(suite, "testcase", {"classname": shown, "name": printable(rule)}), case)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _counts(cases: Iterable[_Case]) -> dict[str, str]:
    found = [case.outcome for case in cases]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(found)), **{name: str(found.count(kind)) for name, kind in counts.items()}}


def _write(element: ET.Element, case: _Case) -> None:
    """The weightiest outcome as an element, everything else as output of the case."""
    remarks = case.remarks
    if case.outcome:
        first, *others = getattr(case, case.outcome)
        lighter = [case.failure, case.skipped] if case.error else [case.skipped] if case.failure else []
        remarks = [*others, *chain(*lighter), *remarks]
        kind = {} if case.outcome == "skipped" else {"type": case.outcome}
        ET.SubElement(element, case.outcome, {"message": first.message, **kind}).text = first.more
    if remarks:
        ET.SubElement(element, "system-out").text = "\n\n".join(said.text for said in remarks)
