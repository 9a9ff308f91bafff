"""A page as Markdown: for a comment on a pull request, an issue or a decision log."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from egp.output.page import model
from egp.output.page.characters import drawn
from egp.output.page.text import COLOUR_WORD, cell_text, plain
from egp.output.page.unit_spacing import in_one_style
from egp.output.report.quoting import in_markdown, without_autolinks
from egp.output.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_SYMBOL: dict[model.Tone, str] = {"good": "✅", "caution": "⚠️", "bad": "❌", "neutral": ""}
"""Distinguished by their shapes, too."""

_LIST_MARK = re.compile(r"^(|\d+)([-=]|[.](?=\s|$))")
_TITLE_LEVEL = 2
_DEEPEST_LEVEL = 6
_DRAWN_WIDTH = 72
"""Characters of a picture, which a comment shows without scrolling."""


def render(page: model.Page | model.Answer) -> str:
    """The page; nothing that it quotes is taken for markup, a mention or a link."""
    return "\n".join(_answer(page) if isinstance(page, model.Answer) else _lines(in_one_style(page))) + "\n"


def escaped(text: str) -> str:
    """One line of text that stays text, wherever in a line it stands."""
    return _LIST_MARK.sub(r"\1\\\2", in_markdown(plain(text)))


def _lines(page: model.Page) -> Iterator[str]:
    yield _heading(page.title, "neutral", _TITLE_LEVEL)
    yield ""
    yield f"**{_toned(page.verdict, page.tone)}**"
    for section in page.on_a_screen:
        yield ""
        yield from _section(section, _TITLE_LEVEL + 1)
    if page.provenance:
        yield ""
        phrase = "; ".join(f"{name} {value}" for name, value in page.provenance)
        yield f"<sub>{escaped(phrase)}</sub>"


def _answer(answer: model.Answer) -> Iterator[str]:
    if answer.head:
        yield _heading(answer.head, "neutral", _TITLE_LEVEL)
    yield from [""] if answer.head else []
    yield from _parted(answer.blocks, _TITLE_LEVEL)


def _parted(blocks: Sequence[model.Block], level: int) -> Iterator[str]:
    """The blocks with empty lines between them; notices in a row are one list."""
    before: model.Block | None = None
    for block in blocks:
        if before is not None and not (isinstance(block, model.Notice) and isinstance(before, model.Notice)):
            yield ""
        yield from _block(block, level)
        before = block


def _heading(title: str, tone: model.Tone, level: int) -> str:
    return f"{'#' * min(level, _DEEPEST_LEVEL)} {_toned(title, tone)}"


def _toned(text: str, tone: model.Tone) -> str:
    return f"{_mark(tone)}{escaped(text)}"


def _mark_of(tone: model.Tone) -> str:
    """The symbol alone, where a word beside it says the same."""
    return f"{_SYMBOL[tone]} ".lstrip()


def _mark(tone: model.Tone) -> str:
    return f"{_SYMBOL[tone]} {COLOUR_WORD[tone]}: " if COLOUR_WORD[tone] else ""


def _in_html(text: str) -> str:
    """Text inside of a block of HTML, where GitHub still looks for mentions and links."""
    quoted = html.escape(plain(text), quote=False)
    return without_autolinks(quoted.replace("://", ":&#47;&#47;"))


def _section(section: model.Section, level: int) -> Iterator[str]:
    if section.folded:
        yield f"<details><summary><b>{_mark(section.tone)}{_in_html(section.title)}</b></summary>"
    else:
        yield from [_heading(section.title, section.tone, level)] if section.title else []
    yield from [""] if section.title and section.blocks else []
    yield from _parted(section.blocks, level)
    if section.folded:
        yield ""
        yield "</details>"


def _block(block: model.Block, level: int) -> Iterator[str]:
    match block:
        case model.Paragraph(text, tone):
            yield _toned(text, tone)
        case model.Points(items, numbered):
            yield from (
                f"{f'{number}.' if numbered else '-'} {escaped(item)}"
                for number, item in enumerate(items, start=1)
            )
        case model.Notice(word, text, tone, points):
            phrase = f":** {escaped(text)}" if text else "**"
            yield f"- {_mark_of(tone)}**{escaped(word)}{phrase}"
            yield from (f"  - {escaped(point)}" for point in points)
        case model.Facts(pairs):
            yield from (
                f"* **{escaped(name)}:** {escaped(value)}" if name else f"  - {escaped(value)}"
                for name, value in pairs
            )
        case model.Table():
            yield from _table(block)
        case model.Command(text, language):
            yield from _fenced(text, language)
        case model.Figure():
            yield from _figure(block)
        case model.Quotation(text, source):
            yield f"> {escaped(text)}"
            if source:
                yield f"> — {escaped(source)}"
        case model.Section():
            yield from _section(block, level + 1)


def _table(table: model.Table) -> Iterator[str]:
    table = table.without_bars
    if table.caption:
        yield f"*{escaped(table.caption)}*"
        yield ""
    yield _row(table.head)
    yield _row_of("---:" if at in table.numeric else "---" for at in range(len(table.head)))
    for at, row in enumerate(table.rows):
        yield _row(row, is_marked=at in table.marked)


def _row(cells: Sequence[model.Cell], is_marked: bool = False) -> str:
    phrase = map(_cell, cells)
    return _row_of(f"**{text}**" if text and is_marked else text for text in phrase)


def _row_of(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: model.Cell) -> str:
    symbol = f"{_SYMBOL[cell.tone]} " if isinstance(cell, model.Light) else ""
    return f"{symbol}{escaped(cell_text(cell))}".lstrip()


def _fenced(text: str, language: str) -> Iterator[str]:
    """Lines to copy, in a fence that is longer than any row of backticks in them."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from map(printable, text.strip("\n").splitlines())
    yield fence


def _figure(figure: model.Figure) -> Iterator[str]:
    yield f"**{escaped(figure.title)}.** {escaped(figure.says)}"
    if figure.drawing is not None:
        yield ""
        yield from _fenced("\n".join(drawn(figure.drawing, _DRAWN_WIDTH)), "text")
    if figure.numbers:
        yield ""
        yield "<details><summary>The numbers</summary>"
        yield ""
        yield from _table(figure.numbers)
        yield ""
        yield "</details>"
