"""The report as GitLab's code quality artefact, which its merge requests compare between branches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from egp.output.report import words
from egp.output.report.text import printable

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Severity, Unchecked

_SEVERITIES: dict[Severity, str] = {"error": "critical", "warning": "minor", "info": "info"}
_CANNOT_JUDGE = "blocker"

Issue = dict[str, object]


def render(report: Report) -> str:
    """A list of issues. What is waived or in shadow is none."""
    issues = list(_issues(report))
    _tell_apart(issues)
    return json.dumps(issues, indent=2, ensure_ascii=True) + "\n"


def _issues(report: Report) -> Iterator[Issue]:
    for failure in report.failures:
        yield _failure(failure, report.policy.name)
    for diagnostic in report.effective:
        yield _diagnostic(diagnostic)
    for unchecked in words.silent(report):
        yield _unchecked(unchecked)


def _diagnostic(diagnostic: Diagnostic) -> Issue:
    beside = words.values(diagnostic)
    phrase = f"{diagnostic.message} ({beside})" if beside else diagnostic.message
    phrase = "; ".join([phrase, *(text for _, text in words.notes(diagnostic))])
    severity = _SEVERITIES[diagnostic.severity]
    span = diagnostic.place.span
    return _issue(
        diagnostic.rule,
        severity,
        phrase,
        diagnostic.place.path,
        diagnostic.fingerprint,
        span.start.line,
        span.end.line,
    )


def _failure(failure: Failure, policy: str) -> Issue:
    path = failure.path or policy
    phrase = "; ".join(filter(None, (failure.message, failure.help)))
    start = failure.span.start.line if failure.span else 1
    end = failure.span.end.line if failure.span else 1
    named = _digest("could-not-judge", path, failure.rule, failure.message)
    return _issue(failure.rule or "could-not-judge", _CANNOT_JUDGE, phrase, path, named, start, end)


def _unchecked(unchecked: Unchecked) -> Issue:
    phrase = f"not checked: {words.lacking(unchecked)}"
    named = _digest("not-checked", unchecked.rule, unchecked.experiment or unchecked.path, unchecked.needs)
    return _issue(unchecked.rule, _SEVERITIES[unchecked.severity], phrase, unchecked.path, named, 1, 1)


def _issue(rule: str, severity: str, phrase: str, path: str, fingerprint: str, begin: int, end: int) -> Issue:
    return {
        "type": "issue",
        "check_name": rule,
        "description": printable(phrase),
        "severity": severity,
        "fingerprint": fingerprint,
        "location": {"path": printable(path), "lines": {"begin": begin, "end": end}},
    }


def _tell_apart(issues: list[Issue]) -> None:
    """Gives each issue a fingerprint of its own: of two that share one GitLab shows the first alone."""
    seen: dict[object, int] = {}
    for issue in issues:
        fingerprint = issue["fingerprint"]
        repeated = seen[fingerprint] = seen.get(fingerprint, 0) + 1
        if repeated > 1:
            issue["fingerprint"] = _digest(str(fingerprint), str(repeated))


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
