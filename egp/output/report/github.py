"""The report as workflow commands of GitHub Actions, which show findings beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.report import words
from egp.output.report.text import printable
from egp.plan.finding import SEVERITIES
from egp.plan.wording import counted
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Severity, Unchecked
    from egp.yaml import Span

MOST = 10
"""GitHub shows ten errors, ten warnings and ten notices of a step, and drops the others without a word."""

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


class _Annotation(NamedTuple):
    severity: Severity
    path: str
    span: Span | None
    title: str
    message: str


def render(report: Report) -> str:
    """The weightiest annotations, a line each, and how many there are besides."""
    found = sorted(_annotations(report), key=lambda each: SEVERITIES.index(each.severity))
    lines = [_command(each) for each in found[:MOST]]
    left = len(found) - MOST
    if left > 0:
        title = counted(left, "further finding")
        phrase = f"GitHub shows {MOST} at most; the job summary and egp check tell all of them."
        lines.append(f"::notice title={_property(title)}::{_data(phrase)}")
    lines.append(printable(words.summary(report)))
    return "\n".join(lines) + "\n"


def _annotations(report: Report) -> Iterator[_Annotation]:
    yield from map(_failure, report.failures)
    yield from map(_diagnostic, report.effective)
    yield from map(_unchecked, words.silent(report))
    yield from map(_raised, words.raised_without_gate(report))


def _failure(failure: Failure) -> _Annotation:
    return _Annotation(
        "error", failure.path, failure.span, "could not judge", _with_notes(failure.message, failure.help)
    )


def _diagnostic(diagnostic: Diagnostic) -> _Annotation:
    beside = words.values(diagnostic)
    phrase = f"{diagnostic.message} ({beside})" if beside else diagnostic.message
    phrase = _with_notes(phrase, diagnostic.help, diagnostic.coming)
    return _Annotation(
        diagnostic.severity, diagnostic.place.path, diagnostic.place.span, diagnostic.rule, phrase
    )


def _raised(diagnostic: Diagnostic) -> _Annotation:
    place = diagnostic.place
    return _Annotation("info", place.path, place.span, "raised without the gate", diagnostic.message)


def _unchecked(unchecked: Unchecked) -> _Annotation:
    title = f"{unchecked.rule} is not checked"
    return _Annotation(unchecked.severity, unchecked.path, None, title, words.lacking(unchecked))


def annotated(severity: Severity, path: str, span: Span | None, title: str, message: str) -> str:
    """One annotation beside a line."""
    return _command(_Annotation(severity, path, span, title, message))


def _with_notes(message: str, *notes: str) -> str:
    return "; ".join(filter(None, (message, *notes)))


def _command(annotation: _Annotation) -> str:
    properties: dict[str, object] = {}
    if annotation.path:
        properties["file"] = annotation.path
    if annotation.span:
        start, end = annotation.span
        properties |= {"line": start.line, "endLine": end.line}
        if start.line == end.line:  # columns count only within one line
            properties |= {"col": start.column, "endColumn": end.column}
    properties["title"] = annotation.title
    phrase = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[annotation.severity]} {phrase}::{_data(annotation.message)}"


def _data(text: str) -> str:
    """A message that is read as text to its end."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
