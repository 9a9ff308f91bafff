"""From what is wrong with an event to a problem at a place."""

from __future__ import annotations

import re
from collections.abc import Callable

from egp.yaml.build import Fault
from egp.yaml.events import Event
from egp.yaml.outline import Outline, content_start, is_unwritten, scalar_offsets
from egp.yaml.position import SourceText, Span
from egp.yaml.problem import Problem

_TAG = re.compile(r"!\S*")


def located(
    faults: list[Fault], events: list[Event], source: SourceText, outline: Callable[[], Outline]
) -> tuple[Problem, ...]:
    """The problems of a document in the order of the text."""
    firsts = outline().firsts
    problems = []
    for kind, message, help, at in sorted(faults, key=lambda fault: fault.at):
        related: tuple[tuple[Span, str], ...] = ()
        if kind == "duplicate-key" and at in firsts:
            first = firsts[at]
            related = ((source.span(first.start, first.end), "first written here"),)
        problems.append(Problem(kind, message, help, _span(kind, events[at], source), related))
    return tuple(problems)


def _span(kind: str, event: Event, source: SourceText) -> Span:
    if kind == "tag":
        found = _TAG.search(source.text, event.start_mark.index)
        if found:
            return source.span(*found.span())
    if is_unwritten(event):
        return source.span(event.end_mark.index - 1, event.end_mark.index)
    if hasattr(event, "value"):
        return source.span(*scalar_offsets(event, source.text))
    start = content_start(event, source.text)
    end: int = event.end_mark.index
    return source.span(start, end if end > start else source.line_end(start))
