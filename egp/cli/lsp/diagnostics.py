"""What was found, as the diagnostics of the protocol: of each file that something is said of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from lsprotocol import types

from egp.cli.lsp.columns import Columns
from egp.cli.lsp.judging import Judged, documents_at
from egp.cli.lsp.places import near
from egp.output.report import words
from egp.output.report.model import Report
from egp.plan.finding import Diagnostic, Failure, RelatedPlace, Severity, Unchecked
from egp.plan.wording import counted
from egp.yaml import Position, Span
from egp.yaml.position import START

SOURCE = "egp"
COULD_NOT_JUDGE = "could-not-judge"

_SEVERITIES: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}

ColumnsOf = Callable[[str], Columns]
"""The places of a file, by its path."""
Placed = tuple[str, types.Diagnostic]
"""The path of a file, and what is said of it."""


def diagnostics_of(
    judged: Judged, columns_of: ColumnsOf, uri_of: Callable[[str], str]
) -> dict[str, list[types.Diagnostic]]:
    """What is found, by the path of the file that it is found in."""
    told = _Telling(judged, columns_of, uri_of)
    found: dict[str, list[types.Diagnostic]] = {judged.path: []}
    for path, diagnostic in told.everything():
        if path == judged.path or not judged.report or judged.is_plan:
            found.setdefault(path, []).append(diagnostic)
    return found


def unjudged_by_a_bug(error: Exception) -> types.Diagnostic:
    """Where nothing else can be said: what is not judged must not look as if it passed."""
    place = types.Position(0, 0)
    return types.Diagnostic(
        types.Range(place, place),
        f"this is a bug of egp, and nothing is judged: {type(error).__name__}\nhelp: please report it",
        types.DiagnosticSeverity.Error,
        code=COULD_NOT_JUDGE,
        source=SOURCE,
    )


class _Telling:
    def __init__(self, judged: Judged, columns_of: ColumnsOf, uri_of: Callable[[str], str]) -> None:
        self._judged = judged
        self._columns_of = columns_of
        self._uri_of = uri_of

    def everything(self) -> Iterator[Placed]:
        judged = self._judged
        yield from map(self._failure, judged.failures)
        if judged.failures and judged.is_plan:
            yield judged.path, self._unjudged(judged.failures)
        if judged.report:
            yield from self._report(judged.report)

    def _report(self, report: Report) -> Iterator[Placed]:
        for each in report.diagnostics:
            yield self._diagnostic(each)
        for each in report.shadow:
            yield self._aside(each, "in shadow, without effect")
        for silent in words.silent(report):
            yield self._unchecked(silent)
        for failure in report.failures:
            yield self._failure(failure)

    def _diagnostic(self, found: Diagnostic) -> Placed:
        if found.waiver:
            return self._aside(found, words.waived_by(found.waiver))
        beside = words.values(found)
        phrase = f"{found.message} ({beside})" if beside else found.message
        lines = [phrase, *(f"{title}: {text}" for title, text in words.notes(found))]
        return self._placed(found, "\n".join(lines), _SEVERITIES[found.severity])

    def _aside(self, found: Diagnostic, why: str) -> Placed:
        """A finding that rejects nothing, with the reason."""
        return self._placed(found, f"{found.message} ({why})", types.DiagnosticSeverity.Hint)

    def _placed(self, found: Diagnostic, phrase: str, severity: types.DiagnosticSeverity) -> Placed:
        path = self._path(found.place.path)
        diagnostic = types.Diagnostic(
            self._columns_of(path).range(found.place.span),
            phrase,
            severity,
            code=found.rule,
            source=SOURCE,
            related_information=[*map(self._related, found.related)] or None,
            data={"fingerprint": found.fingerprint},
        )
        return path, diagnostic

    def _related(self, related: RelatedPlace) -> types.DiagnosticRelatedInformation:
        path = self._path(related.place.path)
        where = types.Location(self._uri_of(path), self._columns_of(path).range(related.place.span))
        return types.DiagnosticRelatedInformation(where, related.label)

    def _unchecked(self, silent: Unchecked) -> Placed:
        path = self._path(silent.path)
        documents = documents_at(path)
        span = near(documents[silent.document], silent.needs) if silent.document < len(documents) else START
        lacking = words.lacking(silent)
        phrase = f"not checked: {lacking}" if lacking else "not checked"
        severity = _SEVERITIES[silent.severity]
        return path, types.Diagnostic(
            self._columns_of(path).range(span), phrase, severity, code=silent.rule, source=SOURCE
        )

    def _failure(self, failure: Failure) -> Placed:
        path = self._path(failure.path)
        lines = [failure.message, *([f"help: {failure.help}"] if failure.help else [])]
        return path, types.Diagnostic(
            self._columns_of(path).range(failure.span or START),
            "\n".join(lines),
            types.DiagnosticSeverity.Error,
            code=failure.rule or COULD_NOT_JUDGE,
            source=SOURCE,
        )

    def _unjudged(self, failures: tuple[Failure, ...]) -> types.Diagnostic:
        """For the author of a plan, who may not have the policy open."""
        first = failures[0]
        path = self._path(first.path)
        span = first.span or START
        where = types.Location(self._uri_of(path), self._columns_of(path).range(span))
        return types.Diagnostic(
            self._columns_of(self._judged.path).range(Span(Position(1, 1), Position(1, 1))),
            f"the policy cannot judge this plan: {counted(len(failures), 'error')} in {first.path or 'it'}",
            types.DiagnosticSeverity.Error,
            code=COULD_NOT_JUDGE,
            source=SOURCE,
            related_information=[types.DiagnosticRelatedInformation(where, first.message)],
        )

    def _path(self, shown: str) -> str:
        """The file that messages name; what is no file is said of the one that was judged."""
        path = os.path.normpath(os.path.join(self._judged.folder, shown)) if shown else ""
        return path if path and os.path.isfile(path) else self._judged.path
