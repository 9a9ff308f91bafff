"""The report for programs. Its schema is published as ``schemas/report.schema.json`` and versioned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from egp import VERSION

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Place, Suppression, Unchecked
    from egp.yaml import Span

REPORT_VERSION = 1


def render(report: Report) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    return json.dumps(_report(report), indent=2, ensure_ascii=True) + "\n"


def _report(report: Report) -> dict[str, object]:
    policy = report.policy
    return {
        "report": REPORT_VERSION,
        "tool": {"name": "egp", "version": VERSION},
        "as_of": report.as_of.isoformat(),
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "summary": {
            "plans": report.plans,
            "error": report.count("error"),
            "warning": report.count("warning"),
            "info": report.count("info"),
            "waived": len(report.waived),
            "not_checked": len(report.unchecked),
            "passed": report.passed,
        },
        "diagnostics": [_diagnostic(each) for each in report.diagnostics],
        "not_checked": [_unchecked(each) for each in report.unchecked],
        "shadow": [_diagnostic(each) for each in report.shadow],
        "errors": [_failure(each) for each in report.failures],
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_place(diagnostic.place),
        "experiment": diagnostic.experiment,
        "missing": diagnostic.missing or None,
        "related": [{**_place(each.place), "label": each.label} for each in diagnostic.related],
        "observed": diagnostic.observed,
        "required": diagnostic.required,
        "help": diagnostic.help,
        "coming": diagnostic.coming or None,
        "waiver": _waiver(diagnostic.waiver),
        "fingerprint": diagnostic.fingerprint,
    }


def _waiver(waived: Suppression | None) -> dict[str, object] | None:
    if waived is None:
        return None
    days = {"granted": waived.granted, "expires": waived.expires}
    return {
        "by": waived.by,
        "place": waived.place,
        "reason": waived.reason,
        "ticket": waived.ticket,
        "approver": waived.approver,
        "role": waived.role,
        **{name: day.isoformat() if day else None for name, day in days.items()},
        "new": waived.is_new,
    }


def _place(place: Place) -> dict[str, object]:
    return {
        "path": place.path,
        "document": place.document,
        "pointer": place.pointer,
        "span": _span(place.span),
    }


def _span(span: Span) -> dict[str, object]:
    return {
        "start": {"line": span.start.line, "column": span.start.column},
        "end": {"line": span.end.line, "column": span.end.column},
    }


def _unchecked(unchecked: Unchecked) -> dict[str, object]:
    return {
        "rule": unchecked.rule,
        "severity": unchecked.severity,
        "path": unchecked.path,
        "document": unchecked.document,
        "experiment": unchecked.experiment,
        "needs": unchecked.needs,
        "blocked_by": unchecked.blocked_by or None,
    }


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "path": failure.path,
        "message": failure.message,
        "rule": failure.rule or None,
        "span": _span(failure.span) if failure.span else None,
        "help": failure.help,
    }
