"""The report for people: the source line, the underlined span, what is asked, the smallest change that passes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from egp.rule import load
from egp.wording import counted

if TYPE_CHECKING:
    from egp.document import Span
    from egp.finding import Diagnostic, Failure, Unchecked
    from egp.report.model import Report

_COLOURS = {"error": "1;31", "warning": "1;33", "info": "1;36", "frame": "1;34", "bold": "1", "good": "1;32"}


@dataclass(frozen=True, slots=True)
class Style:
    """How wide, and whether in colour."""

    width: int = 100
    colour: bool = False

    def paint(self, text: str, role: str) -> str:
        return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m" if self.colour else text


def render(report: Report, style: Style) -> Iterator[str]:
    """The lines of the report."""
    for diagnostic in report.diagnostics:
        yield from _block(diagnostic, style)
        yield ""
    silent = [each for each in report.unchecked if not each.blocked_by]
    for unchecked in silent:
        yield from _unchecked(unchecked, style)
    if silent:
        yield ""
    for failure in report.failures:
        yield from failure_lines(failure, style)
    if report.failures:
        yield ""
    for path, passes in groupby(report.passes, key=lambda each: each[0]):
        rules = ", ".join(rule for _, rule in passes)
        yield from _wrapped(f"passed in {printable(path)}: {rules}", style.width, "  ")
        yield ""
    yield from _wrapped(_summary(report), style.width, "  ")


def printable(text: str) -> str:
    """The text with everything a terminal could act on replaced, position by position."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _block(diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    severity = diagnostic.severity
    head = f"{severity}[{diagnostic.rule}]"
    first, *rest = _wrapped(f"{head}: {printable(diagnostic.message)}", style.width, "  ")
    yield style.paint(head, severity) + style.paint(first.removeprefix(head), "bold")
    for line in rest:
        yield style.paint(line, "bold")
    number = str(diagnostic.place.span.start.line)
    gutter = " " * len(number)
    place = diagnostic.place
    yield f"{gutter}{style.paint('-->', 'frame')} {_location(place.path, place.span)}"
    yield _bar(gutter, style)
    values = _values(diagnostic)
    yield from _snippet(diagnostic.line, place.span, number, values, severity, style)
    for related in diagnostic.related:
        where = _location(related.place.path, related.place.span)
        yield f"{gutter} {style.paint(':', 'frame')} {printable(related.label)} ({where})"
        number_there = str(related.place.span.start.line).rjust(len(number))
        yield from _snippet(related.line, related.place.span, number_there, "", "frame", style)
    yield _bar(gutter, style)
    why = load(diagnostic.rule).page.why
    for title, text in (("help", diagnostic.help), ("why", why), ("more", f"egp explain {diagnostic.rule}")):
        if text:
            yield from _note(title, printable(text), gutter, style)


def _values(diagnostic: Diagnostic) -> str:
    if diagnostic.observed and diagnostic.required:
        return f"{diagnostic.observed}, asked: {diagnostic.required}"
    return diagnostic.observed


def _location(path: str, span: Span) -> str:
    return f"{printable(path)}:{span.start.line}:{span.start.column}"


def _bar(gutter: str, style: Style) -> str:
    return f"{gutter} {style.paint('|', 'frame')}"


def _snippet(line: str, span: Span, number: str, values: str, role: str, style: Style) -> Iterator[str]:
    """The source line, cut to the width around the span, and the underline with what was observed."""
    room = max(20, style.width - len(number) - 3)
    start = span.start.column - 1
    end = span.end.column - 1 if span.end.line == span.start.line else len(line.rstrip())
    end = max(end, start + 1)
    text, start, end = _cut(printable(line.rstrip()), start, end, room)
    gutter = " " * len(number)
    yield f"{style.paint(number, 'frame')} {style.paint('|', 'frame')} {text}".rstrip()
    indent = " " * _columns(text[:start])
    carets = "^" * max(1, _columns(text[start:end]))
    values = printable(values)
    fits = len(indent) + len(carets) + 1 + _columns(values) <= room
    beside = f" {values}" if values and fits else ""
    yield f"{_bar(gutter, style)} {indent}{style.paint(carets + beside, role)}"
    if values and not fits:
        for part in _wrapped(values, room - 2, ""):
            yield f"{_bar(gutter, style)}   {style.paint(part, role)}"


def _cut(line: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """A window on the line that shows the span; dots stand for what is left out."""
    column = [0, *accumulate(map(_width, line))]
    if column[-1] <= room:
        return line, start, min(end, max(len(line), start + 1))
    first, last = min(start, len(line)), min(end, len(line))
    fits = column[last] <= room - 4
    wanted = 0 if fits else max(0, min(column[first] - 8, column[last] - room + 8))
    left = min(bisect_right(column, column[bisect_left(column, wanted)]) - 1, first)
    before = "... " if left else ""
    right = bisect_right(column, column[left] + room - len(before) - 4) - 1
    after = " ..." if right < len(line) else ""
    shift = len(before) - left
    return (
        f"{before}{line[left:right]}{after}",
        start + shift,
        max(start + shift + 1, min(end, right) + shift),
    )


def _columns(text: str) -> int:
    """Columns the text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width

    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _note(title: str, text: str, gutter: str, style: Style) -> Iterator[str]:
    head = f"{gutter} {style.paint('=', 'frame')} {style.paint(title + ':', 'bold')} "
    plain = len(gutter) + len(title) + 5
    first, *rest = _wrapped(text, max(20, style.width - plain), "")
    yield head + first
    for line in rest:
        yield " " * plain + line


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    """Lines of whole words; a word that is wider than the terminal stays whole, because it will be copied."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and _columns(line) + 1 + _columns(word) > width:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _unchecked(unchecked: Unchecked, style: Style) -> Iterator[str]:
    needs = f" (needs `{unchecked.needs}`)" if unchecked.needs else ""
    yield f"{style.paint('not checked', 'info')}[{unchecked.rule}]: {printable(unchecked.path)}{printable(needs)}"


def failure_lines(failure: Failure, style: Style) -> Iterator[str]:
    """What kept egp from judging."""
    where = f"{printable(failure.path)}: " if failure.path else ""
    if failure.span is None:
        yield from _wrapped(
            f"{style.paint('cannot judge', 'error')}: {where}{printable(failure.message)}", 10_000, ""
        )
    else:
        yield f"{style.paint('cannot judge', 'error')}: {printable(failure.message)}"
        number = str(failure.span.start.line)
        yield f"{' ' * len(number)}{style.paint('-->', 'frame')} {_location(failure.path, failure.span)}"
        yield _bar(" " * len(number), style)
        yield from _snippet(failure.line, failure.span, number, "", "error", style)
    if failure.help:
        yield from _note("help", printable(failure.help), " ", style)


def _summary(report: Report) -> str:
    counts = [
        counted(report.count(severity), severity)
        for severity in ("error", "warning", "info")
        if severity == "error" or report.count(severity)
    ]
    found = ", ".join(counts) if report.diagnostics else "nothing to report"
    passed = f"{counted(report.passed, 'check')} passed"
    unchecked = f", {len(report.unchecked)} not checked" if report.unchecked else ""
    policy = f"{report.policy.name} {report.policy.version}".strip()
    judged = f"{counted(report.plans, 'plan')} judged"
    return f"{judged}: {found} ({passed}{unchecked}; policy {printable(policy)}, as of {report.as_of})"
