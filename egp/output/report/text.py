"""The report for people: the source line, the underlined span, what is required, the smallest change that passes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from egp.output.report import words
from egp.plan.wording import counted
from egp.rules.rule import Catalogue
from egp.stats.values import frozen

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.plan.finding import Diagnostic, Failure, Place, RelatedPlace, Suppression, Unchecked
    from egp.yaml import Span

_UNBROKEN = 10_000
_MANY_OPEN = 5
"""Open keys from which on a plan is one that is not filled in yet: that is one cause, whatever each key was to say."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_IN_NUMBER = frozenset("0123456789,._")
_COMPARISONS = frozenset("<>=≤≥")
_COMMAND = r"##(?=\w*\[)|(?<!\S)::"
"""What a CI that reads its own log acts on: `##[group]` or `##vso[…]` anywhere, `::error::` where a line may begin."""
_COLOURS = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "frame": "1;34",
    "bold": "1",
    "good": "1;32",
    "dim": "2",
}


@frozen
class Style:
    """How wide, and whether in colour. ``piped`` keeps the first line of a finding whole, for programs that search lines."""

    width: int = 100
    colour: bool = False
    piped: bool = False

    def paint(self, text: str, role: str) -> str:
        return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m" if self.colour else text


def render(report: Report, style: Style, explain_with: Callable[[str], str] = lambda _: "") -> Iterator[str]:
    """The lines of the report. ``explain_with`` says what `egp explain` needs to find the policy that judged a file."""
    blocks = _Blocks(style, explain_with, report.policy.catalogue)
    for _, of_plan in groupby(report.effective, key=lambda each: (each.place.path, each.place.document)):
        found = list(of_plan)
        still_open = [each for each in found if each.is_open]
        folded = still_open if len(still_open) >= _MANY_OPEN else []
        for _, findings in groupby(
            (each for each in found if each not in folded), key=lambda each: each.place.span
        ):
            yield from blocks.of_one_place(list(findings))
            yield ""
        if folded:
            yield from _not_filled_in(folded, style)
            yield ""
    for diagnostic in report.waived:
        if diagnostic.waiver:
            yield from _waived(diagnostic, diagnostic.waiver, style)
            yield ""
    for diagnostic in report.shadow:
        yield from _shadow(diagnostic, style)
        yield ""
    silent = words.silent(report)
    for unchecked in silent:
        yield from _unchecked(unchecked, style)
    if silent:
        yield ""
    for failure in report.failures:
        yield from failure_lines(failure, style)
    if report.failures:
        yield ""
    for plan, passes in groupby(report.passes, key=lambda each: (each.path, each.document)):
        rules = ", ".join(each.rule for each in passes)
        yield from wrapped(f"passed in {printable(words.plan_of(*plan))}: {rules}", style.width, "  ")
        yield ""
    yield from wrapped(printable(words.summary(report)), style.width, "  ")


def printable(text: str) -> str:
    """The text with everything a terminal or a CI could act on replaced, position by position."""
    if "##" in text or "::" in text:
        text = re.sub(_COMMAND, lambda found: found[0][0] + _REPLACEMENT, text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c == "\t" else _REPLACEMENT for c in text)


class _Blocks:
    """Draws the findings, and says the reason of a rule once."""

    def __init__(self, style: Style, explain_with: Callable[[str], str], catalogue: Catalogue) -> None:
        self._style = style
        self._catalogue = catalogue
        self._explain_with = explain_with
        self._reasoned: set[str] = set()

    def of_one_place(self, diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
        """One frame for all that is said about a place."""
        style = self._style
        first, *others = diagnostics
        gutter = " " * len(str(first.place.span.start.line))
        yield from self._head(first)
        yield f"{gutter}{style.paint('-->', 'frame')} {_location(first.place.path, first.place.span)}"
        beside = words.values(first)
        in_line = [each for each in first.related if _is_in_line(each.place, first.place)]
        if first.line:
            number = str(first.place.span.start.line)
            yield _bar(gutter, style)
            yield from _snippet(first.line, first.place.span, number, beside, first.severity, style, in_line)
        yield from self._rest(first, gutter, in_line if first.line else [])
        for other in others:
            yield from self._head(other)
            if words.values(other) not in ("", beside):
                values = style.paint(printable(words.values(other)), other.severity)
                yield f"{gutter} {style.paint('|', 'frame')} {values}"
            yield from self._rest(other, gutter)

    def _head(self, diagnostic: Diagnostic) -> Iterator[str]:
        style = self._style
        head = f"{diagnostic.severity}[{diagnostic.rule}]"
        width = _UNBROKEN if style.piped else style.width
        first, *rest = wrapped(f"{head}: {printable(diagnostic.message)}", width, "  ")
        yield style.paint(head, diagnostic.severity) + style.paint(first[len(head) :], "bold")
        for line in rest:
            yield style.paint(line, "bold")

    def _rest(self, diagnostic: Diagnostic, gutter: str, drawn: Sequence[RelatedPlace] = ()) -> Iterator[str]:
        """Further places that are not drawn yet, and the notes."""
        style = self._style
        for related in (each for each in diagnostic.related if each not in drawn):
            where = _location(related.place.path, related.place.span)
            yield f"{gutter} {style.paint(':', 'frame')} {printable(related.label)} ({where})"
            number = str(related.place.span.start.line).rjust(len(gutter))
            yield from _snippet(related.line, related.place.span, number, "", "frame", style)
        yield _bar(gutter, style)
        yield from _ways_out(diagnostic, gutter, style)
        notes = [("coming", diagnostic.coming)]
        if diagnostic.rule not in self._reasoned:
            self._reasoned.add(diagnostic.rule)
            notes.append(("why", self._catalogue.load(diagnostic.rule).page.why))
            notes.append(
                ("more", f"egp explain {diagnostic.rule}{self._explain_with(diagnostic.place.path)}")
            )
        for title, text in notes:
            if text:
                yield from _note(title, printable(text), gutter, style)


def _location(path: str, span: Span) -> str:
    return f"{printable(path)}:{span.start.line}:{span.start.column}"


def _bar(gutter: str, style: Style) -> str:
    return f"{gutter} {style.paint('|', 'frame')}"


def _is_in_line(place: Place, other: Place) -> bool:
    """Whether one source line shows both."""
    where = (place.path, place.document, place.span.start.line)
    return where == (other.path, other.document, other.span.start.line)


def _snippet(
    line: str,
    span: Span,
    number: str,
    values: str,
    role: str,
    style: Style,
    further: Sequence[RelatedPlace] = (),
) -> Iterator[str]:
    """The source line, cut to the width around the span, and the underline with what was observed.

    Further places in the line have an underline of their own, or a snippet where the cut leaves them out.
    """
    room = max(20, style.width - len(number) - 3)
    line = line.rstrip()
    first, last = _columns_of(span, line)
    near, start, end = _near(line, first, last, room)
    text, start, end = _cut(printable(near), start, end, room)
    yield f"{style.paint(number, 'frame')} {style.paint('|', 'frame')} {text}".rstrip()
    gutter = " " * len(number)
    yield from _mark(text, start, end, values, role, gutter, room, style)
    for related in further:
        begin, until = _columns_of(related.place.span, line)
        at, length = begin + start - first, until - begin
        if at >= 0 and text[at : at + length] == printable(line[begin:until]):
            yield from _mark(text, at, at + length, related.label, "frame", gutter, room, style)
        else:
            yield from _snippet(line, related.place.span, number, related.label, "frame", style)


def _columns_of(span: Span, line: str) -> tuple[int, int]:
    start = span.start.column - 1
    end = span.end.column - 1 if span.end.line == span.start.line else len(line)
    return start, max(end, start + 1)


def _mark(
    text: str, start: int, end: int, values: str, role: str, gutter: str, room: int, style: Style
) -> Iterator[str]:
    """The underline with what is said of it, beside it or below."""
    indent = " " * columns(text[:start])
    carets = "^" * max(1, columns(text[start:end]))
    values = printable(values)
    fits = len(indent) + len(carets) + 1 + columns(values) <= room
    beside = f" {values}" if values and fits else ""
    yield f"{_bar(gutter, style)} {indent}{style.paint(carets + beside, role)}"
    if values and not fits:
        for part in wrapped(values, room - 2, ""):
            yield f"{_bar(gutter, style)}   {style.paint(part, role)}"


def _near(line: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """The part of a long line that a window around the span can be cut from: the rest need not be looked at."""
    before = max(0, start - 4 * room)
    return line[before : start + 8 * room], start - before, min(end, start + 8 * room) - before


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


def columns(text: str) -> int:
    """Columns the text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width

    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _ways_out(diagnostic: Diagnostic, gutter: str, style: Style) -> Iterator[str]:
    """The help: in one line where that is enough, else a line each, with what is to be copied below it."""
    ways, margin = diagnostic.advice.ways, " " * (len(gutter) + 9)
    in_a_line = printable(diagnostic.help)
    if len(in_a_line) <= style.width - len(margin) or (len(ways) == 1 and not ways[0].blocks):
        yield from _note("help", in_a_line, gutter, style) if in_a_line else ()
        return
    for number, way in enumerate(ways):
        words = f"{chr(ord('a') + number)}) {way.words}" if len(ways) > 1 else way.words
        text = printable(f"{words}:" if way.blocks else words)
        if number == 0:
            yield from _note("help", text, gutter, style)
        else:
            yield from _indented(text, margin, "   ", style)
        below = margin + ("   " if len(ways) > 1 else "  ")
        for place, line in way.blocks:
            if place:
                yield below + printable(place)
            # A flow mapping may go on in the next line: what is printed can be copied.
            yield from _indented(printable(line), f"{below}  " if place else below, "  ", style)


def _indented(text: str, margin: str, hanging: str, style: Style) -> Iterator[str]:
    yield from (margin + line for line in wrapped(text, max(20, style.width - len(margin)), hanging))


def _note(title: str, text: str, gutter: str, style: Style) -> Iterator[str]:
    head = f"{gutter} {style.paint('=', 'frame')} {style.paint(title + ':', 'bold')} "
    plain = len(gutter) + len(title) + 5
    first, *rest = wrapped(text, max(20, style.width - plain), "")
    yield head + first
    for line in rest:
        yield " " * plain + line


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """Lines of whole words; a word that is wider than the terminal stays whole, because it will be copied.

    A number stays beside what it counts.
    """
    lines: list[str] = []
    line = ""
    for word in _unbreakable(text):
        if line and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _is_number(word: str) -> bool:
    """Whether a word is a number in digits, perhaps behind signs such as brackets."""
    begin = next((at for at, each in enumerate(word) if each.isalnum() or each == "_"), len(word))
    return "0" <= word[-1] <= "9" and "0" <= word[begin] <= "9" and _IN_NUMBER.issuperset(word[begin:])


def _unbreakable(text: str) -> Iterator[str]:
    """The words of a text, a number together with its unit or with what it counts, a comparison with its sides."""
    held, is_number = "", False
    words = text.split()
    for word, following in zip(words, [*words, ""][1:], strict=True):
        part = f"{held} {word}" if held else word
        if word in _COMPARISONS or (following in _COMPARISONS and not held):
            held, is_number = part, False
        elif not is_number and _is_number(word):
            held, is_number = part, True
        else:
            yield part
            held, is_number = "", False
    if held:
        yield held


def _not_filled_in(diagnostics: Sequence[Diagnostic], style: Style) -> Iterator[str]:
    """What is said of the open keys of a plan, a line each."""
    first, last = diagnostics[0].place, diagnostics[-1].place
    keys = counted(len({each.place.pointer for each in diagnostics}), "key")
    width = _UNBROKEN if style.piped else style.width
    gutter = " " * len(str(last.span.start.line))
    for line in wrapped(f"the plan is not filled in yet: {keys} are open", width, "  "):
        yield style.paint(line, "bold")
    yield f"{gutter}{style.paint('-->', 'frame')} {_location(first.path, first.span)}"
    yield _bar(gutter, style)
    for each in diagnostics:
        head = f"{each.severity}[{each.rule}]"
        begun, *rest = wrapped(f"{head}: {printable(each.message)}", width - len(gutter) - 3, "  ")
        number = style.paint(str(each.place.span.start.line).rjust(len(gutter)), "frame")
        yield f"{number} {style.paint('|', 'frame')} {style.paint(head, each.severity)}{begun[len(head) :]}"
        yield from (f"{_bar(gutter, style)} {line}" for line in rest)
    yield _bar(gutter, style)
    yield from _note(
        "help", "give each a value, or remove it; egp explain RULE says what is required", gutter, style
    )


def _waived(diagnostic: Diagnostic, waived: Suppression, style: Style) -> Iterator[str]:
    """A suppressed finding: short and pale, and never left out."""
    phrase = f"{diagnostic.message} ({words.waived_by(waived)})"
    yield from _aside("waived", diagnostic, phrase, ("reason", words.reason(waived)), style)


def _shadow(diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    """A finding without effect."""
    beside = words.values(diagnostic)
    phrase = f"{diagnostic.message} ({beside})" if beside else diagnostic.message
    yield from _aside("shadow", diagnostic, phrase, ("help", diagnostic.help), style)


def _aside(
    title: str, diagnostic: Diagnostic, phrase: str, note: tuple[str, str], style: Style
) -> Iterator[str]:
    """A finding that does not reject: message, place and one note."""
    width = _UNBROKEN if style.piped else style.width
    lines = wrapped(f"{title}[{diagnostic.rule}]: {printable(phrase)}", width, "  ")
    lines.append(f"  --> {_location(diagnostic.place.path, diagnostic.place.span)}")
    name, text = note
    if text:
        lines += _note(name, printable(text), " ", Style(style.width))
    for line in lines:
        yield style.paint(line, "dim")


def _unchecked(unchecked: Unchecked, style: Style) -> Iterator[str]:
    why = f"needs `{unchecked.needs}`" if unchecked.needs else unchecked.reason
    needs = f" ({why})" if why else ""
    yield f"{style.paint('not checked', 'info')}[{unchecked.rule}]: {printable(unchecked.path)}{printable(needs)}"


def failure_lines(failure: Failure, style: Style) -> Iterator[str]:
    """What kept egp from judging."""
    where = f"{printable(failure.path)}: " if failure.path else ""
    if failure.span is None:
        yield from wrapped(
            f"{style.paint('cannot judge', 'error')}: {where}{printable(failure.message)}", _UNBROKEN, ""
        )
    else:
        yield f"{style.paint('cannot judge', 'error')}: {printable(failure.message)}"
        number = str(failure.span.start.line)
        yield f"{' ' * len(number)}{style.paint('-->', 'frame')} {_location(failure.path, failure.span)}"
        yield _bar(" " * len(number), style)
        yield from _snippet(failure.line, failure.span, number, "", "error", style)
    if failure.help:
        yield from _note("help", printable(failure.help), " ", style)
