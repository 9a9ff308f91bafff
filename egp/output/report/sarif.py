"""The report as SARIF 2.1.0, for code scanning. Findings of severity shadow are notifications: they alert nobody."""

from __future__ import annotations

import json
import os
from itertools import repeat
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from egp import ADDRESS, VERSION
from egp.output.report import words
from egp.output.report.text import printable
from egp.rules.rule import Catalogue, Rule, index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Place, RelatedPlace, Severity, Suppression, Unchecked
    from egp.policy.model import Policy
    from egp.yaml import Span
    from egp.yaml.edit import Replacement

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "egpFinding/v1"
CODE_SCANNING = "primaryLocationLineHash"
"""The fingerprint by which code scanning knows an alert again. What uploads a log fills in a hash of the line where there is
none, so that an edit of the line would close one alert and open another, and keeps what is there."""
_SOURCE_ROOT = "SRCROOT"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_WEIGHTS = ("note", "warning", "error")
_EXIT = {
    0: "nothing at or above the fail level",
    1: "rejected",
    2: "could not judge",
}
_NOTIFICATIONS = {
    "could-not-judge": "What kept egp from judging.",
    "not-checked": "A rule that could not run on a plan.",
    "shadow": "A finding of severity shadow, without effect.",
}

Json = dict[str, object]


def render(
    report: Report, exit_status: int, repairs: Sequence[Mapping[str, Replacement]] = (), category: str = ""
) -> str:
    """One run, in the order of the report; the same input gives the same bytes.

    ``repairs`` are those of each diagnostic, by what they say. ``category`` tells this analysis from others of the same commit.
    """
    levels = _levels(report)
    run = {
        "tool": {"driver": _driver(levels, report.policy.catalogue)},
        "automationDetails": {"id": f"egp/{printable(category)}/" if category else "egp/"},
        "invocations": [_invocation(report, exit_status)],
        "originalUriBaseIds": {_SOURCE_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [
            {**_result(each, list(levels), found), "partialFingerprints": known}
            for each, found, known in zip(
                report.diagnostics, repairs or repeat({}), _fingerprints(report.diagnostics), strict=False
            )
        ],
        "properties": {
            "asOf": report.as_of.isoformat(),
            "policy": _policy(report.policy),
            "overridesOwners": report.policy.is_chosen,
            "policies": [_policy(each) for each in report.policies],
            "plans": report.plans,
            "passed": report.passed,
        },
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _policy(policy: Policy) -> dict[str, str]:
    return _texts(name=policy.name, version=policy.version, digest=policy.digest)


def _levels(report: Report) -> dict[str, str]:
    """The rules that have something to say, in running order, each with its level.

    A finding may weigh more than its rule, and never less: the least level is the rule's own.
    """
    said: list[Diagnostic | Unchecked] = [*report.diagnostics, *report.unchecked]
    weighed: dict[str, set[str]] = {}
    for each in said:
        weighed.setdefault(each.rule, set()).add(_LEVELS[each.severity])
    levels = {rule: min(found, key=_WEIGHTS.index) for rule, found in weighed.items()}
    for shadow in report.shadow:
        levels.setdefault(shadow.rule, "none")
    order = list(report.policy.catalogue)
    return {rule: levels[rule] for rule in sorted(levels, key=order.index)}


def _driver(levels: dict[str, str], catalogue: Catalogue) -> Json:
    return {
        "name": "egp",
        "version": VERSION,
        "informationUri": ADDRESS,
        "shortDescription": _text("Checks plans of experiments against a governance policy."),
        "rules": [_rule(catalogue.load(rule), level) for rule, level in levels.items()],
        "notifications": [
            {"id": name, "shortDescription": _text(meaning)} for name, meaning in _NOTIFICATIONS.items()
        ],
    }


def _rule(rule: Rule, level: str) -> Json:
    page = rule.page
    address = {"helpUri": f"{ADDRESS}/blob/v{VERSION}/docs/rules/{rule.id}.md"} if rule.id in index() else {}
    return {
        "id": rule.id,
        **address,
        "shortDescription": _text(page.summary),
        "fullDescription": _text(page.why or page.summary),
        "help": {
            "text": f"{_lines(page.shortened)}\n\negp explain {rule.id}",
            "markdown": f"{_lines(page.text)}\n\n`egp explain {rule.id}`",
        },
        "defaultConfiguration": {"level": level},
        "properties": {"tags": [rule.family]},
    }


def _result(diagnostic: Diagnostic, rules: list[str], repairs: Mapping[str, Replacement]) -> Json:
    result: Json = {
        "ruleId": diagnostic.rule,
        "ruleIndex": rules.index(diagnostic.rule),
        "level": _LEVELS[diagnostic.severity],
        "message": _message(_said(diagnostic)),
        "locations": [_location(diagnostic.place, diagnostic.experiment)],
        "properties": _texts(
            experiment=diagnostic.experiment,
            missing=diagnostic.missing,
            observed=diagnostic.observed,
            required=diagnostic.required,
            help=diagnostic.help,
            coming=diagnostic.coming,
        ),
    }
    if present := [each for each in diagnostic.related if not each.is_past]:
        result["relatedLocations"] = [_related(*each) for each in enumerate(present, start=1)]
    if repairs:
        result["fixes"] = [_fix(phrase, diagnostic.place.path, each) for phrase, each in repairs.items()]
    # An empty list says that whatever could suppress a result was looked at, and did not.
    result["suppressions"] = [_suppression(diagnostic, diagnostic.waiver)] if diagnostic.waiver else []
    return result


def _fingerprints(diagnostics: Sequence[Diagnostic]) -> Iterator[dict[str, str]]:
    """By rule, experiment and key. Of two that are alike, as where a plan lies in two files, each has one of its own."""
    seen: dict[str, int] = {}
    for each in diagnostics:
        seen[each.fingerprint] = number = seen.get(each.fingerprint, 0) + 1
        yield {CODE_SCANNING: f"{each.fingerprint[:16]}:{number}", FINGERPRINT: each.fingerprint}


def _fix(phrase: str, path: str, replacement: Replacement) -> Json:
    replaced = {
        "deletedRegion": _region(replacement.span),
        "insertedContent": {"text": replacement.text},
    }
    return {
        "description": _text(phrase),
        "artifactChanges": [{"artifactLocation": _artifact(path), "replacements": [replaced]}],
    }


def _said(diagnostic: Diagnostic) -> str:
    """The message, and what a reader of an alert has to know besides."""
    beside = words.values(diagnostic)
    phrase = f"{diagnostic.message} ({beside})" if beside else diagnostic.message
    notes = (f"{title}: {text}" for title, text in words.notes(diagnostic))
    return "\n".join([phrase, *words.past(diagnostic), *notes])


def _suppression(diagnostic: Diagnostic, waived: Suppression) -> Json:
    path, line = waived.place
    place: Json = {"artifactLocation": _artifact(path)}
    if line > 0:
        place["region"] = {"startLine": line}
    said = "; ".join(filter(None, (words.reason(waived), words.waived_by(waived))))
    return {
        "kind": "inSource" if path == diagnostic.place.path else "external",
        "status": "accepted",
        "justification": printable(said),
        "location": {"physicalLocation": place},
    }


def _related(number: int, related: RelatedPlace) -> Json:
    return {
        "id": number,
        "physicalLocation": _physical(related.place),
        "message": _message(related.label),
    }


def _location(place: Place, experiment: str) -> Json:
    logical = f"{experiment or place.path}{place.pointer}"
    return {
        "physicalLocation": _physical(place),
        "logicalLocations": [{"fullyQualifiedName": printable(logical), "kind": "object"}],
    }


def _physical(place: Place) -> Json:
    return {"artifactLocation": _artifact(place.path), "region": _region(place.span)}


def _region(span: Span) -> dict[str, int]:
    start, end = span
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }


def _artifact(path: str) -> dict[str, str]:
    """Where a file lies: below the root of the repository, or anywhere else by its whole path."""
    if PurePath(path).is_absolute():
        return {"uri": PurePath(path).as_uri()}
    # A stray surrogate is a byte that is not UTF-8, or no character at all; either is percent-encoded.
    data = path.replace(os.sep, "/").encode(
        "utf-8", "surrogateescape" if _is_bytes(path) else "surrogatepass"
    )
    return {"uri": quote(data), "uriBaseId": _SOURCE_ROOT}


def _is_bytes(path: str) -> bool:
    """Whether all its surrogates are bytes of a file name that is not UTF-8."""
    return all("\udc80" <= each <= "\udcff" for each in path if "\ud800" <= each <= "\udfff")


def _invocation(report: Report, exit_status: int) -> Json:
    return {
        "executionSuccessful": not report.failures,
        "exitCode": exit_status,
        "exitCodeDescription": _EXIT[exit_status],
        "toolExecutionNotifications": list(_notifications(report)),
    }


def _notifications(report: Report) -> Iterator[Json]:
    for failure in report.failures:
        yield _failure(failure)
    for unchecked in report.unchecked:
        yield _unchecked(unchecked)
    for shadow in report.shadow:
        place = _location(shadow.place, shadow.experiment)
        yield _notification("shadow", "none", _said(shadow), shadow.rule, [place])


def _failure(failure: Failure) -> Json:
    said = f"{failure.message}\nhelp: {failure.help}" if failure.help else failure.message
    place: Json = {"artifactLocation": _artifact(failure.path)}
    if failure.span:
        place["region"] = _region(failure.span)
    places: list[Json] = [{"physicalLocation": place}] if failure.path else []
    return _notification("could-not-judge", "error", said, failure.rule, places)


def _unchecked(unchecked: Unchecked) -> Json:
    lacking = words.lacking(unchecked)
    said = f"{unchecked.rule} is not checked{f' ({lacking})' if lacking else ''}"
    level = "note" if unchecked.blocked_by else _LEVELS[unchecked.severity]
    place: Json = {"physicalLocation": {"artifactLocation": _artifact(unchecked.path)}}
    return _notification("not-checked", level, said, unchecked.rule, [place])


def _notification(name: str, level: str, said: str, rule: str, places: list[Json]) -> Json:
    notification: Json = {
        "descriptor": {"id": name, "index": list(_NOTIFICATIONS).index(name)},
        "level": level,
        "message": _message(said),
        "locations": places,
    }
    if rule:
        notification["associatedRule"] = {"id": rule}
    return notification


def _message(text: str) -> dict[str, str]:
    """A message in which no viewer finds a link: `[text](target)` is one even in plain text."""
    return _text(text.replace("](", "] ("))


def _text(text: str) -> dict[str, str]:
    return {"text": _lines(text)}


def _texts(**named: str) -> dict[str, str]:
    return {name: printable(text) for name, text in named.items() if text}


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))
