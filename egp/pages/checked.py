"""A check as a page: what a chat gets of it, and what a whole folder of plans lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.page.model import Notice, Page, Points, Section, Tone
from egp.output.report import causes, words
from egp.pages.emergencies import TITLE
from egp.plan.finding import SEVERITIES
from egp.plan.wording import counted

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure

_VERDICTS: dict[int, tuple[str, Tone]] = {
    0: ("accepted", "good"),
    1: ("rejected", "bad"),
    2: ("could not judge", "bad"),
}
_TONE: dict[str, Tone] = {"error": "bad", "warning": "caution", "info": "neutral"}
_ONE_BY_ONE = 12
"""Findings that are said one by one; of more, their causes."""


def page(report: Report, exit_status: int) -> Page:
    """What was found: each finding, or of many the causes."""
    verdict, tone = _VERDICTS[exit_status]
    judged = counted(report.plans, "plan")
    return Page(
        "egp check",
        f"{verdict}: {judged} judged, {words.found(report)}.",
        tone,
        [*_sections(report)],
        [("judged by", words.policies(report)), ("as of", str(report.as_of))],
    )


def _sections(report: Report) -> Iterator[Section]:
    if report.failures:
        yield Section("Could not judge", [Points([*map(_failure, report.failures)])], "bad")
    if raised := words.raised_without_gate(report):
        yield Section(TITLE, [Points([each.message for each in raised])], "caution")
    if len(report.effective) + len(words.silent(report)) > _ONE_BY_ONE:
        for kind, alike in causes.by_kind(found := causes.causes(report)):
            yield Section(kind[:1].upper() + kind[1:], [Points([*map(causes.sentence, alike)])], "bad")
        if advice := causes.supplied(found):
            yield Section("What to change first", [Points([advice])])
        return
    worst_first = sorted(report.effective, key=lambda each: SEVERITIES.index(each.severity))
    if worst_first:
        yield Section("Found", [*map(_finding, worst_first)])
    if silent := words.silent(report):
        said = [f"{each.rule} ({each.path}) {words.lacking(each)}" for each in silent]
        yield Section("Not checked", [Points(said)], "caution")


def _finding(diagnostic: Diagnostic) -> Notice:
    place = f"{diagnostic.place.path}:{diagnostic.place.span.start.line}"
    beside = words.values(diagnostic)
    said = diagnostic.message + (f" ({beside})" if beside else "")
    notes = [f"{title}: {text}" for title, text in words.notes(diagnostic)]
    return Notice(
        f"{diagnostic.severity} {diagnostic.rule}, {place}", said, _TONE[diagnostic.severity], notes
    )


def _failure(failure: Failure) -> str:
    where = f"{failure.path}: " if failure.path else ""
    return f"{where}{failure.message}" + (f"; help: {failure.help}" if failure.help else "")
