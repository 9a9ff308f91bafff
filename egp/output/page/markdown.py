"""A page as Markdown: for a comment on a pull request, an issue or a decision log."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from egp.output.page.model import (
    Block,
    Command,
    Facts,
    Figure,
    Light,
    Page,
    Paragraph,
    Points,
    Quotation,
    Section,
    Table,
    Tone,
)
from egp.output.page.text import COLOUR_WORD, plain
from egp.output.report.quoting import in_markdown, without_autolinks
from egp.output.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_SYMBOL: dict[Tone, str] = {"good": "✅", "caution": "⚠️", "bad": "❌", "neutral": ""}
"""Told apart by their shapes, too."""

_LIST_MARK = re.compile(r"^(|\d+)([-=]|[.](?=\s|$))")
_TITLE_LEVEL = 2
_DEEPEST_LEVEL = 6


def render(page: Page) -> str:
    """The page; nothing that it quotes is taken for markup, a mention or a link."""
    return "\n".join(_lines(page)) + "\n"


def escaped(text: str) -> str:
    """One line of text that stays text, wherever in a line it stands."""
    return _LIST_MARK.sub(r"\1\\\2", in_markdown(plain(text)))


def _lines(page: Page) -> Iterator[str]:
    yield _heading(page.title, "neutral", _TITLE_LEVEL)
    yield ""
    yield f"**{_toned(page.verdict, page.tone)}**"
    for section in page.sections:
        yield ""
        yield from _section(section, _TITLE_LEVEL + 1)
    if page.provenance:
        yield ""
        told = "; ".join(f"{name} {value}" for name, value in page.provenance)
        yield f"<sub>{escaped(told)}</sub>"


def _heading(title: str, tone: Tone, level: int) -> str:
    return f"{'#' * min(level, _DEEPEST_LEVEL)} {_toned(title, tone)}"


def _toned(text: str, tone: Tone) -> str:
    return f"{_mark(tone)}{escaped(text)}"


def _mark(tone: Tone) -> str:
    return f"{_SYMBOL[tone]} {COLOUR_WORD[tone]}: " if COLOUR_WORD[tone] else ""


def _in_html(text: str) -> str:
    """Text inside of a block of HTML, where GitHub still looks for mentions and links."""
    quoted = html.escape(plain(text), quote=False)
    return without_autolinks(quoted.replace("://", ":&#47;&#47;"))


def _section(section: Section, level: int) -> Iterator[str]:
    if section.folded:
        yield f"<details><summary><b>{_mark(section.tone)}{_in_html(section.title)}</b></summary>"
    else:
        yield _heading(section.title, section.tone, level)
    for block in section.blocks:
        yield ""
        yield from _block(block, level)
    if section.folded:
        yield ""
        yield "</details>"


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Paragraph(text, tone):
            yield _toned(text, tone)
        case Points(items, numbered):
            yield from (
                f"{f'{number}.' if numbered else '-'} {escaped(item)}"
                for number, item in enumerate(items, start=1)
            )
        case Facts(pairs):
            yield from (f"* **{escaped(name)}:** {escaped(value)}" for name, value in pairs)
        case Table():
            yield from _table(block)
        case Command(text, language):
            yield from _fenced(text, language)
        case Figure():
            yield from _figure(block)
        case Quotation(text, source):
            yield f"> {escaped(text)}"
            if source:
                yield f"> — {escaped(source)}"
        case Section():
            yield from _section(block, level + 1)


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"*{escaped(table.caption)}*"
        yield ""
    yield _row(table.head)
    yield _row_of("---:" if at in table.numeric else "---" for at in range(len(table.head)))
    yield from map(_row, table.rows)


def _row(cells: Sequence[str | Light]) -> str:
    return _row_of(map(_cell, cells))


def _row_of(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: str | Light) -> str:
    return f"{_SYMBOL[cell.tone]} {escaped(cell.word)}".lstrip() if isinstance(cell, Light) else escaped(cell)


def _fenced(text: str, language: str) -> Iterator[str]:
    """Lines to copy, in a fence that is longer than any row of backticks in them."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from map(printable, text.strip("\n").splitlines())
    yield fence


def _figure(figure: Figure) -> Iterator[str]:
    yield f"**{escaped(figure.title)}.** {escaped(figure.says)}"
    if figure.numbers:
        yield ""
        yield "<details><summary>The numbers</summary>"
        yield ""
        yield from _table(figure.numbers)
        yield ""
        yield "</details>"
