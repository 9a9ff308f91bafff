"""The report in the Reviewdog Diagnostic Format, for the comments that reviewdog writes beside the lines of a change.

Paths stay relative to the folder of the call: reviewdog puts its own folder before them. Columns count bytes of UTF-8.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from egp.output.report import words
from egp.output.report.quoting import without_links
from egp.output.report.text import printable
from egp.yaml.position import in_bytes

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Severity, Unchecked
    from egp.yaml import Position, Span
    from egp.yaml.edit import Replacement

_SEVERITIES: dict[Severity, str] = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}

Json = dict[str, object]


def render(report: Report, repairs: Sequence[Mapping[str, Replacement]] = ()) -> str:
    """One DiagnosticResult. What is waived or in shadow is in none.

    ``repairs`` are those of each diagnostic of the report, by what they say.
    """
    result = {"source": {"name": "egp"}, "diagnostics": list(_diagnostics(report, repairs))}
    return json.dumps(result, indent=2, ensure_ascii=True) + "\n"


def _diagnostics(report: Report, repairs: Sequence[Mapping[str, Replacement]]) -> Iterator[Json]:
    for failure in report.failures:
        yield _failure(failure, report.policy.name)
    for diagnostic, found in zip(report.diagnostics, repairs or repeat({}), strict=False):
        if not diagnostic.waiver:
            yield _diagnostic(diagnostic, found)
    for unchecked in words.silent(report):
        yield _unchecked(unchecked)


def _diagnostic(diagnostic: Diagnostic, repairs: Mapping[str, Replacement]) -> Json:
    beside = words.values(diagnostic)
    phrase = f"{diagnostic.message} ({beside})" if beside else diagnostic.message
    place = diagnostic.place
    said = _said(
        diagnostic.rule,
        _SEVERITIES[diagnostic.severity],
        "; ".join([phrase, *words.past(diagnostic), *(text for _, text in words.notes(diagnostic))]),
        _location(place.path, place.span, diagnostic.line),
    )
    if repairs:
        said["suggestions"] = [
            {
                "range": {"start": _position(each.in_bytes.start), "end": _position(each.in_bytes.end)},
                "text": each.text,
            }
            for each in repairs.values()
        ]
    if present := [each for each in diagnostic.related if not each.is_past]:
        said["related_locations"] = [
            {
                "message": without_links(each.label),
                "location": _location(each.place.path, each.place.span, each.line),
            }
            for each in present
        ]
    return said


def _failure(failure: Failure, policy: str) -> Json:
    phrase = "; ".join(filter(None, (failure.message, failure.help)))
    place = _location(failure.path or policy, failure.span, failure.line)
    return _said(failure.rule or "could-not-judge", "ERROR", phrase, place)


def _unchecked(unchecked: Unchecked) -> Json:
    phrase = f"not checked: {words.lacking(unchecked)}"
    return _said(unchecked.rule, _SEVERITIES[unchecked.severity], phrase, _location(unchecked.path, None, ""))


def _said(rule: str, severity: str, phrase: str, location: Json) -> Json:
    return {
        "message": without_links(phrase),
        "location": location,
        "severity": severity,
        "code": {"value": printable(rule)},
    }


def _location(path: str, span: Span | None, line: str) -> Json:
    location: Json = {"path": printable(path)}
    if span:
        location["range"] = _range(span, line)
    return location


def _range(span: Span, line: str) -> Json:
    """Where a stretch lies; without columns it means whole lines.

    It has columns where the text of its line is known, which a report has of a stretch's first line alone.
    """
    start, end = span
    if start.line == end.line and len(line) >= end.column - 1:
        return {"start": _position(in_bytes(start, line)), "end": _position(in_bytes(end, line))}
    # Lines include the last one, and a stretch ends before its end.
    last = end.line - 1 if end.column == 1 and end.line > start.line else end.line
    return {"start": {"line": start.line}, "end": {"line": last}}


def _position(position: Position) -> dict[str, int]:
    return position._asdict()
